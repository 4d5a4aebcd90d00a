/*
 * Interval arithmetic in doubles, rounded outward by a unit in the last place where an end is not
 * exact (by more after functions of libm, which are not rounded correctly).
 *
 * An infinite end says that values are unbounded, or that they may have overflowed: what is done
 * with them next may be no number, so every operation on one sets *may_fail.
 */
#include "space/interval.h"

#include "space/value.h"

#include <math.h>

enum { LIBM_ULPS = 4 };

static double down(double x)
{
    return nextafter(x, -(double)INFINITY);
}

static double up(double x)
{
    return nextafter(x, (double)INFINITY);
}

static struct interval outward(struct interval x, int ulps)
{
    for (int i = 0; i < ulps; i++)
        x = (struct interval){down(x.lo), up(x.hi)};
    return x;
}

struct interval interval_empty(void)
{
    return (struct interval){(double)INFINITY, -(double)INFINITY};
}

struct interval interval_all(void)
{
    return (struct interval){-(double)INFINITY, (double)INFINITY};
}

bool interval_is_empty(struct interval x)
{
    return !(x.lo <= x.hi);
}

struct interval interval_of_ints(int64_t lo, int64_t hi)
{
    struct value vlo = value_int(lo), vhi = value_int(hi);
    struct value rlo = value_real((double)lo), rhi = value_real((double)hi);
    return (struct interval){value_order(&rlo, &vlo) > 0 ? down(rlo.r) : rlo.r,
                             value_order(&rhi, &vhi) < 0 ? up(rhi.r) : rhi.r};
}

struct interval interval_hull(struct interval a, struct interval b)
{
    return (struct interval){fmin(a.lo, b.lo), fmax(a.hi, b.hi)};
}

/* True where a or b is empty: then nothing comes of them. */
static bool check(struct interval a, struct interval b, bool *may_fail)
{
    bool empty = interval_is_empty(a) || interval_is_empty(b);
    if (empty || !isfinite(a.lo) || !isfinite(a.hi) || !isfinite(b.lo) || !isfinite(b.hi))
        *may_fail = true;
    return empty;
}

/* Is z = x + y without rounding? Knuth's two-sum. */
static bool is_exact_sum(double x, double y, double z)
{
    double y_part = z - x, x_part = z - y_part;
    return (x - x_part) + (y - y_part) == 0;
}

static double plus_down(double x, double y)
{
    double z = x + y;
    return isnan(z) ? -(double)INFINITY : is_exact_sum(x, y, z) ? z : down(z);
}

/* Ends of unlike infinities: the sum says nothing. */
struct interval interval_add(struct interval a, struct interval b, bool *may_fail)
{
    if (check(a, b, may_fail))
        return interval_empty();
    return (struct interval){plus_down(a.lo, b.lo), -plus_down(-a.hi, -b.hi)};
}

struct interval interval_subtract(struct interval a, struct interval b, bool *may_fail)
{
    return interval_add(a, interval_negate(b), may_fail);
}

/* The hull of f at the four corners; a corner that is no number (0 * inf) counts as 0. `residue` is
 * f's rounding error, 0 where there was none. */
static struct interval corners(double (*f)(double, double),
                               double (*residue)(double, double, double), struct interval a,
                               struct interval b)
{
    const double xs[] = {a.lo, a.lo, a.hi, a.hi}, ys[] = {b.lo, b.hi, b.lo, b.hi};
    struct interval hull = interval_empty();
    for (int i = 0; i < 4; i++) {
        double z = f(xs[i], ys[i]);
        z = isnan(z) ? 0 : z;
        /* near the least numbers the residue itself may have been rounded away */
        bool exact =
            (xs[i] == 0 || ys[i] == 0 || fabs(z) > 1e-250) && residue(xs[i], ys[i], z) == 0;
        hull = interval_hull(hull,
                             exact ? (struct interval){z, z} : (struct interval){down(z), up(z)});
    }
    return hull;
}

static double times(double x, double y)
{
    return x * y;
}

static double residue_of_times(double x, double y, double z)
{
    return fma(x, y, -z);
}

static double over(double x, double y)
{
    return x / y;
}

static double residue_of_over(double x, double y, double z)
{
    return fma(z, y, -x);
}

static double residue_of_power(double x, double y, double z)
{
    return 1; /* nothing is known of pow's rounding */
}

struct interval interval_multiply(struct interval a, struct interval b, bool *may_fail)
{
    if (check(a, b, may_fail))
        return interval_empty();
    return corners(times, residue_of_times, a, b);
}

struct interval interval_divide(struct interval a, struct interval b, bool *may_fail)
{
    if (check(a, b, may_fail))
        return interval_empty();
    if (b.lo > 0 || b.hi < 0)
        return corners(over, residue_of_over, a, b);
    *may_fail = true;
    return b.lo == 0 && b.hi == 0 ? interval_empty() : interval_all();
}

/* Of the divisor's sign, and no larger than it. */
struct interval interval_modulo(struct interval a, struct interval b, bool *may_fail)
{
    if (check(a, b, may_fail))
        return interval_empty();
    if (b.lo <= 0 && b.hi >= 0)
        *may_fail = true;
    if (b.lo == 0 && b.hi == 0)
        return interval_empty();
    if (a.lo >= 0 && b.lo > 0)
        return a.hi < b.lo ? a : (struct interval){0, fmin(a.hi, b.hi)};
    return (struct interval){fmin(b.lo, 0), fmax(b.hi, 0)};
}

struct interval interval_power(struct interval base, struct interval exponent, bool *may_fail)
{
    if (check(base, exponent, may_fail))
        return interval_empty();
    bool whole = exponent.lo == exponent.hi && exponent.lo >= 0 && exponent.lo <= 0x1p52 &&
                 exponent.lo == trunc(exponent.lo);
    if (base.lo > 0 || (whole && (base.lo >= 0 || fmod(exponent.lo, 2) != 0)))
        return outward(corners(pow, residue_of_power, base, exponent), LIBM_ULPS);
    if (whole)
        return outward(corners(pow, residue_of_power, interval_abs(base), exponent), LIBM_ULPS);
    *may_fail = true;
    return interval_all();
}

struct interval interval_negate(struct interval x)
{
    return (struct interval){-x.hi, -x.lo};
}

struct interval interval_abs(struct interval x)
{
    if (interval_is_empty(x) || x.lo >= 0)
        return x;
    if (x.hi <= 0)
        return interval_negate(x);
    return (struct interval){0, fmax(-x.lo, x.hi)};
}

struct interval interval_min(struct interval a, struct interval b)
{
    if (interval_is_empty(a) || interval_is_empty(b))
        return interval_empty();
    return (struct interval){fmin(a.lo, b.lo), fmin(a.hi, b.hi)};
}

struct interval interval_max(struct interval a, struct interval b)
{
    if (interval_is_empty(a) || interval_is_empty(b))
        return interval_empty();
    return (struct interval){fmax(a.lo, b.lo), fmax(a.hi, b.hi)};
}

struct interval interval_rising(double (*f)(double), bool exact, struct interval x)
{
    if (interval_is_empty(x))
        return x;
    return outward((struct interval){f(x.lo), f(x.hi)}, exact ? 0 : LIBM_ULPS);
}

struct interval interval_partial(double (*f)(double), bool exact, double least, bool open,
                                 struct interval x, bool *may_fail)
{
    bool all = open ? x.lo > least : x.lo >= least, none = open ? x.hi <= least : x.hi < least;
    if (!all || interval_is_empty(x))
        *may_fail = true;
    if (none || interval_is_empty(x))
        return interval_empty();
    if (!all)
        x.lo = least;
    return interval_rising(f, exact, x);
}
