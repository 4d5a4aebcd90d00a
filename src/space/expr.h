/*
 * Expressions of `when` and `constraints`.
 *
 *   or < and < not < comparison, in < + - < * / % < unary - < ** < call, parentheses
 *   literals: numbers, "strings", 'strings', true, false, (a, b) lists on the right of `in`
 *   names: a bare word, dots allowed, is a parameter
 *   calls: len(list), abs, min, max, log, log2, log10, exp, sqrt, floor, ceil, round
 *   "hour" in features     kernel in (3, 5, 7)     a not in (x, y)     1 <= x < 5 (chains)
 *
 * Parsing is recursive descent with a limit on depth (64) and size (64 KiB). Types are checked when
 * the names are bound to parameters: comparing a string with a number is an error with a location,
 * not a false. `==` on an unordered choice against a value that is not among its levels is refused
 * too, with the nearest level as hint. Integer arithmetic that overflows becomes real.
 */
#ifndef SPACE_EXPR_H
#define SPACE_EXPR_H

#include "space/value.h"

struct expr;
struct space;

/* Where a text stands in its file, so that errors inside it can be placed. */
struct location {
    const char *file; /* NULL: not from a file */
    int line, column; /* of the text's first character */
};

/* The tree lives in `a`. Errors carry line and column. */
enum code expr_parse(struct arena *a, struct str text, struct location at, struct expr **ret,
                     struct error *e) must_check;
/* Binds names to the parameters of `s` and checks types; an unknown name is refused with the nearest
 * right spelling. */
enum code expr_bind(struct expr *x, const struct space *s, struct error *e) must_check;
/* The parameters it names: calls `visit` once a parameter index. */
void expr_names(const struct expr *x, void (*visit)(void *self, int param), void *self);

/* Three-valued, over the values of a configuration (index by parameter). EXPR_UNKNOWN when it
 * depends on an inactive parameter, divides by zero or is NaN. `and`, `or` short-cut: false and
 * unknown is false. */
enum expr_truth { EXPR_FALSE, EXPR_TRUE, EXPR_UNKNOWN };
enum expr_truth expr_truth(const struct expr *x, const struct value *values);

/* Interval arithmetic over the priors: EXPR_FALSE when no values inside the bounds can make x true,
 * EXPR_TRUE when all do, else EXPR_UNKNOWN. */
enum expr_truth expr_bounds(const struct expr *x, const struct space *s);

/* Canonical text, for the space's identity. */
void expr_write(const struct expr *x, struct buf *b);

#endif
