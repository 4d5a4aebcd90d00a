/*
 * Expressions of `when` and `constraints`.
 *
 *   or < and < not < comparison, in < + - < * / % < unary - < ** < call, parentheses
 *   literals: numbers, "strings", 'strings', true, false, (a, b) lists on the right of `in`
 *   names: a bare word, dots allowed, is a parameter; one with a hyphen stands in `backquotes`
 *   calls: len(list), abs, min, max, log, log2, log10, exp, sqrt, floor, ceil, round
 *   "hour" in features     kernel in (3, 5, 7)     a not in (x, y)     1 <= x < 5 (chains)
 *
 * Numbers are as in Python: `/` is real division, `%` has the sign of its divisor, round() takes
 * the even neighbour of a half, `-2 ** 2` is -4, a flag counts as 0 or 1 in arithmetic. Whole
 * numbers are exact in 64 bits and compare exactly with reals; arithmetic that overflows them
 * becomes real.
 *
 * Parsing is recursive descent with a limit on depth (64) and size (64 KiB). Types are checked when
 * the names are bound to parameters: comparing a string with a number is an error with a location,
 * not a false. `==` on a choice against a value that is not among its levels is refused too, with
 * the nearest level as hint. Levels of an ordinal that are strings compare by their rank:
 * size < "large".
 */
#ifndef SPACE_EXPR_H
#define SPACE_EXPR_H

#include "space/cursor.h"
#include "space/value.h"

enum { EXPR_DEPTH_MAX = 64, EXPR_BYTES_MAX = 1 << 16 };

struct expr;
struct space;

/* The tree lives in `a`, and so does a copy of the text. Errors carry line and column. */
enum code expr_parse(struct arena *a, struct str text, struct location at, struct expr **ret,
                     struct error *e) must_check;
/* Binds names to the parameters of `s` and checks types; an unknown name is refused with the
 * nearest right spelling. Bind once; after that x is immutable. */
enum code expr_bind(struct expr *x, const struct space *s, struct error *e) must_check;
/* The same for an expression whose value is a number. */
enum code expr_bind_number(struct expr *x, const struct space *s, struct error *e) must_check;
/* The parameters it names: calls `visit` with a parameter index for every place that names one.
 * Needs expr_bind. */
void expr_names(const struct expr *x, void (*visit)(void *self, int param), void *self);

/* Three-valued (Kleene), over the values of a configuration (index by parameter). EXPR_UNKNOWN when
 * it depends on an inactive parameter, divides by zero, is NaN, or orders what a mixed choice took
 * against another type. `and`, `or` short-cut: false and unknown is false. */
enum expr_truth { EXPR_FALSE, EXPR_TRUE, EXPR_UNKNOWN };
enum expr_truth expr_truth(const struct expr *x, const struct value *values);

/* What a number comes to, a flag counting as 0 or 1; NaN where expr_truth would be unknown. */
double expr_number(const struct expr *x, const struct value *values);

/* Interval arithmetic over the priors, every parameter taken as active: which outcomes (a set of
 * 1 << enum expr_truth) no proof excludes. */
unsigned expr_outcomes(const struct expr *x, const struct space *s);
/* EXPR_FALSE when no values inside the bounds can make x true, EXPR_TRUE when all do, else
 * EXPR_UNKNOWN. */
enum expr_truth expr_bounds(const struct expr *x, const struct space *s);

/* Canonical text, that parses back to the same expression; for the space's identity. */
void expr_write(const struct expr *x, struct buf *b);

#endif
