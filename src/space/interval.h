/*
 * Interval arithmetic: where the result of an operation lies when its operands lie in intervals.
 *
 * Sound: rounded outward, so that whatever expressions compute (whole numbers exactly, or reals)
 * lies inside. Operations set *may_fail where a result may be no number at all (a division by zero,
 * an infinity less another), and return the empty interval where it never is one.
 */
#ifndef SPACE_INTERVAL_H
#define SPACE_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

struct interval {
    double lo, hi; /* lo > hi: empty */
};

struct interval interval_empty(void);
struct interval interval_all(void);
struct interval interval_of_ints(int64_t lo, int64_t hi);
bool interval_is_empty(struct interval x);
struct interval interval_hull(struct interval a, struct interval b);

struct interval interval_add(struct interval a, struct interval b, bool *may_fail);
struct interval interval_subtract(struct interval a, struct interval b, bool *may_fail);
struct interval interval_multiply(struct interval a, struct interval b, bool *may_fail);
struct interval interval_divide(struct interval a, struct interval b, bool *may_fail);
struct interval interval_modulo(struct interval a, struct interval b, bool *may_fail);
struct interval interval_power(struct interval base, struct interval exponent, bool *may_fail);
struct interval interval_negate(struct interval x);
struct interval interval_abs(struct interval x);
struct interval interval_min(struct interval a, struct interval b);
struct interval interval_max(struct interval a, struct interval b);
/* f rises everywhere; `exact` says that it rounds correctly. */
struct interval interval_rising(double (*f)(double), bool exact, struct interval x);
/* As rising, for f that is a number only from `least` on: above it where `open`. */
struct interval interval_partial(double (*f)(double), bool exact, double least, bool open,
                                 struct interval x, bool *may_fail);

#endif
