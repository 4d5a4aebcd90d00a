/*
 * Arithmetic of expressions: whole numbers exact in 64 bits, real where they overflow.
 *
 * VALUE_NONE stands for what is unknown: it goes in and out of everything, and comes of NaN, of a
 * division by zero, of the logarithm of zero.
 */
#include "space/expr_tree.h"

#include <math.h>

static const struct value unknown = {.type = VALUE_NONE};

static double as_real(struct value x)
{
    return x.type == VALUE_INT ? (double)x.i : x.r;
}

static struct value real_or_unknown(double r)
{
    return isnan(r) ? unknown : value_real(r);
}

static struct value join_whole(enum expr_join join, int64_t a, int64_t b, bool *ret_fits)
{
    int64_t out = 0;
    bool overflow = false;
    if (join == JOIN_PLUS) {
        overflow = __builtin_add_overflow(a, b, &out);
    } else if (join == JOIN_MINUS) {
        overflow = __builtin_sub_overflow(a, b, &out);
    } else if (join == JOIN_TIMES) {
        overflow = __builtin_mul_overflow(a, b, &out);
    } else if (b == -1) { /* the one division that can overflow */
        overflow = join == JOIN_DIVIDE && __builtin_sub_overflow((int64_t)0, a, &out);
    } else if (join == JOIN_DIVIDE) {
        overflow = a % b != 0; /* not whole, at any rate */
        out = a / b;
    } else {
        out = a % b;
        if (out != 0 && (out < 0) != (b < 0))
            out += b;
    }
    *ret_fits = !overflow;
    return value_int(out);
}

struct value arith_join(enum expr_join join, struct value a, struct value b)
{
    bool divides = join == JOIN_DIVIDE || join == JOIN_MODULO, fits = false;
    if (a.type == VALUE_NONE || b.type == VALUE_NONE || (divides && as_real(b) == 0))
        return unknown;
    if (a.type == VALUE_INT && b.type == VALUE_INT) {
        struct value whole = join_whole(join, a.i, b.i, &fits);
        if (fits)
            return whole;
    }
    double x = as_real(a), y = as_real(b);
    if (join == JOIN_PLUS)
        return real_or_unknown(x + y);
    if (join == JOIN_MINUS)
        return real_or_unknown(x - y);
    if (join == JOIN_TIMES)
        return real_or_unknown(x * y);
    if (join == JOIN_DIVIDE)
        return real_or_unknown(x / y);
    double rest = fmod(x, y);
    if (rest != 0 && (rest < 0) != (y < 0))
        rest += y;
    return real_or_unknown(rest);
}

/* base ** exponent by squaring; false where it overflows. */
static bool power_whole(int64_t base, int64_t exponent, int64_t *ret)
{
    int64_t out = 1;
    while (exponent > 0) {
        if (exponent % 2 && __builtin_mul_overflow(out, base, &out))
            return false;
        exponent /= 2;
        if (exponent > 0 && __builtin_mul_overflow(base, base, &base))
            return false;
    }
    *ret = out;
    return true;
}

struct value arith_power(struct value base, struct value exponent)
{
    int64_t whole;
    if (base.type == VALUE_NONE || exponent.type == VALUE_NONE ||
        (as_real(base) == 0 && as_real(exponent) < 0))
        return unknown;
    if (base.type == VALUE_INT && exponent.type == VALUE_INT && exponent.i >= 0 &&
        power_whole(base.i, exponent.i, &whole))
        return value_int(whole);
    return real_or_unknown(pow(as_real(base), as_real(exponent)));
}

struct value arith_negate(struct value x)
{
    int64_t out;
    if (x.type == VALUE_NONE)
        return unknown;
    if (x.type == VALUE_INT && !__builtin_sub_overflow((int64_t)0, x.i, &out))
        return value_int(out);
    return value_real(-as_real(x));
}

/* A whole real as whole number, where it fits. */
static struct value whole_of(double r)
{
    if (r >= -0x1p63 && r < 0x1p63)
        return value_int((int64_t)r);
    return real_or_unknown(r);
}

struct value arith_call(enum expr_call call, struct value x)
{
    if (x.type == VALUE_NONE)
        return unknown;
    double r = as_real(x);
    switch (call) {
    case CALL_ABS:
        return (x.type == VALUE_INT ? x.i < 0 : signbit(r) != 0) ? arith_negate(x) : x;
    case CALL_LOG:
        return r > 0 ? value_real(log(r)) : unknown;
    case CALL_LOG2:
        return r > 0 ? value_real(log2(r)) : unknown;
    case CALL_LOG10:
        return r > 0 ? value_real(log10(r)) : unknown;
    case CALL_EXP:
        return value_real(exp(r));
    case CALL_SQRT:
        return r >= 0 ? value_real(sqrt(r)) : unknown;
    case CALL_FLOOR:
        return x.type == VALUE_INT ? x : whole_of(floor(r));
    case CALL_CEIL:
        return x.type == VALUE_INT ? x : whole_of(ceil(r));
    case CALL_ROUND:
        return x.type == VALUE_INT ? x : whole_of(rint(r));
    case CALL_LEN:
    case CALL_MIN:
    case CALL_MAX:
    case CALL_COUNT:
        break;
    }
    return unknown;
}
