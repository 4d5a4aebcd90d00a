/*
 * A value of one parameter.
 *
 * Values own nothing: strings and lists point into the arena or the space they came from.
 */
#ifndef SPACE_VALUE_H
#define SPACE_VALUE_H

#include "base/arena.h"
#include "base/json.h"

enum value_type {
    VALUE_NONE, /* the parameter is not active */
    VALUE_BOOL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_STRING,
    VALUE_LIST /* of subset and permutation: scalars only */
};

struct value {
    enum value_type type;
    union {
        bool b;
        int64_t i;
        double r;
        struct str s;
        struct {
            const struct value *v;
            size_t n;
        } list;
    };
};

struct value value_bool(bool b);
struct value value_int(int64_t i);
struct value value_real(double r);
struct value value_string(struct str s);

/* The scalar that YAML 1.2's core schema reads in unquoted `text`: true/false, integers (decimal,
 * 0x, 0o), reals (1e-4, .5, .inf, .nan), otherwise a string. `no`, `on`, `1:30` are strings. An
 * integer past 64 bits is a real. A string points into `text`. */
struct value value_of_scalar(struct str text);

/* Same type and same content; NaN equals NaN; 1 and 1.0 differ. */
bool value_equal(const struct value *a, const struct value *b);
uint64_t value_hash(const struct value *v);
/* As value_equal, but numbers are equal where they are the same number: 1 and 1.0. */
bool value_alike(const struct value *a, const struct value *b);
bool value_is_number(const struct value *v);
/* Order of two numbers, exact whatever their types and sizes: negative, 0, positive. No NaN. */
int value_order(const struct value *a, const struct value *b);
enum code value_copy(struct arena *a, const struct value *v, struct value *ret) must_check;

/* As JSON (a whole real keeps ".0"), and as text on a command line: lists comma-joined, booleans
 * true/false, reals in their shortest form. */
void value_json(const struct value *v, struct json *j);
void value_text(const struct value *v, struct buf *b);

/* As it is written inside a prior: strings quoted where they would read as something else or hold
 * more than letters, digits and _ . / + -. Lists in brackets. */
void value_write(const struct value *v, struct buf *b);
/* s in double quotes, as cursor_quoted reads it. */
void value_quote(struct str s, struct buf *b);

/* value_write for a message, cut where it is long: `value_show(&v).text`. */
struct shown {
    char text[96];
};
struct shown value_show(const struct value *v);
const char *value_type_name(enum value_type type); /* "a number", "a string", ... */

#endif
