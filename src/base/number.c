/*
 * Numbers to and from text.
 *
 * The shortest form is found by whole numbers alone. Elsewhere printf and strtod write and read the
 * locale's decimal point, so neither is ever shown one: digits are taken out of printf's answer and
 * put together here, and strtod is given whole digits with an exponent.
 */
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGITS_MAX = 17, /* enough for any double */
    TEXT_MAX = 1024, /* digits of a number that is read */
    EXPONENT_MAX = 100000,
};

/* 0.D1D2...Dn * 10^point, D1 > 0 unless the number is zero. */
struct decimal {
    bool negative;
    int n, point;
    char digit[DIGITS_MAX + 1];
};

/* x rounded to n digits. */
static void to_decimal(double x, int n, struct decimal *ret)
{
    char text[64];
    snprintf(text, sizeof(text), "%.*e", n - 1, x);
    *ret = (struct decimal){.negative = signbit(x) != 0};
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            ret->digit[ret->n++] = *p;
    ret->point = (int)strtol(p + 1, NULL, 10) + 1;
    while (ret->n > 1 && ret->digit[ret->n - 1] == '0')
        ret->n--;
}

/* The 128 bits that 10^power begins with. */
struct power {
    uint64_t high, low;
};

enum { POWER_FIRST = -292 };
static const struct power powers_of_ten[] = {
#include "base/powers_of_ten.inc"
};

/* floor(log10(2^e)) and floor(log2(10^e)), right for every e that a double can bring. */
static int log10_of_power2(int e)
{
    return (e * 1262611) >> 22;
}

static int log2_of_power10(int e)
{
    return (e * 1741647) >> 19;
}

/* floor(c g / 2^128), its last bit set where something was cut off: such a number compares with
 * even ones as the exact product would (round to odd). g is too large by less than 1, which shows
 * as a lower part of 1 at most. */
static uint64_t round_to_odd(struct power g, uint64_t c)
{
    __extension__ typedef unsigned __int128 wide;
    wide low = (wide)c * g.low, sum = (wide)c * g.high + (uint64_t)(low >> 64);
    return (uint64_t)(sum >> 64) | ((uint64_t)sum > 1);
}

/* v / unit to the nearest whole number, to the even one of two. */
static uint64_t nearest(uint64_t v, uint64_t unit)
{
    uint64_t m = v / unit, rest = 2 * (v % unit);
    return m + (rest > unit || (rest == unit && m % 2 == 1));
}

/* A double c 2^q, and the ends of what reads back as it, in fourths of 10^k. */
struct rounding {
    uint64_t value, low, high;
};

static struct rounding rounding_of(uint64_t c, int q, int k, bool narrow)
{
    struct power g = powers_of_ten[-k - POWER_FIRST];
    int shift = q + log2_of_power10(-k) + 1;
    uint64_t odd = c & 1; /* then what lies halfway reads back as a neighbour */
    return (struct rounding){
        .value = round_to_odd(g, (4 * c) << shift),
        .low = round_to_odd(g, (4 * c - 2 + narrow) << shift) + odd,
        .high = round_to_odd(g, (4 * c + 2) << shift) - odd,
    };
}

static bool within(const struct rounding *r, uint64_t m, uint64_t unit)
{
    return r->low <= m * unit && m * unit <= r->high;
}

static void take_digits(uint64_t m, int exponent, struct decimal *ret)
{
    char reversed[20];
    int n = 0;
    for (; m % 100000000 == 0; m /= 100000000)
        exponent += 8;
    for (; m % 10 == 0; m /= 10)
        exponent++;
    for (; m > 0; m /= 10)
        reversed[n++] = (char)('0' + m % 10);
    ret->n = n;
    ret->point = n + exponent;
    for (int i = 0; i < n; i++)
        ret->digit[i] = reversed[n - 1 - i];
}

/*
 * The fewest digits to which x can be rounded so that they read back as x (Giulietti, "The
 * Schubfach way to render doubles", 2021).
 *
 * What reads back as x = c 2^q is an interval at most 2^q wide; with 10^k <= 2^q < 10^(k+1) it
 * holds one multiple of 10^(k+1) or none, and if none then one of 10^k, the nearest to x being the
 * one to take. Below a power of two the doubles are twice as dense, the interval is narrower on
 * that side, and it may take 10^(k-1).
 */
static void to_shortest(double x, struct decimal *ret)
{
    uint64_t bits, c, m;
    memcpy(&bits, &x, sizeof(bits));
    int biased = (int)(bits >> 52 & 0x7ff);
    c = bits & (UINT64_MAX >> 12);
    *ret = (struct decimal){.negative = bits >> 63, .n = 1, .point = 1, .digit = "0"};
    if (biased == 0 && c == 0)
        return;
    bool narrow = c == 0 && biased > 1;
    c |= (uint64_t)(biased > 0) << 52;
    int q = (biased > 0 ? biased : 1) - 1075, k = log10_of_power2(q);
    struct rounding r = rounding_of(c, q, k, narrow);
    if (within(&r, m = nearest(r.value, 40), 40)) {
        take_digits(m, k + 1, ret);
    } else if (within(&r, m = nearest(r.value, 4), 4)) {
        take_digits(m, k, ret);
    } else {
        r = rounding_of(c, q, k - 1, narrow);
        take_digits(nearest(r.value, 4), k - 1, ret);
    }
}

/* Text that is put together in one place, to be added at once. */
struct text {
    size_t n;
    char p[48];
};

static void put(struct text *t, const char *p, int n)
{
    for (int i = 0; i < n; i++)
        t->p[t->n++] = p[i];
}

static void put_zeros(struct text *t, int n)
{
    for (int i = 0; i < n; i++)
        t->p[t->n++] = '0';
}

static void put_exponent(struct text *t, int e)
{
    unsigned v = (unsigned)abs(e);
    put(t, e < 0 ? "e-" : "e+", 2);
    if (v >= 100)
        t->p[t->n++] = (char)('0' + v / 100);
    t->p[t->n++] = (char)('0' + v / 10 % 10);
    t->p[t->n++] = (char)('0' + v % 10);
}

static void write_decimal(struct buf *b, const struct decimal *d, int point_max, bool keep_real)
{
    struct text t;
    t.n = 0;
    put(&t, "-", d->negative);
    if (d->point < -3 || d->point > point_max) {
        put(&t, d->digit, 1);
        put(&t, ".", d->n > 1);
        put(&t, d->digit + 1, d->n - 1);
        put_exponent(&t, d->point - 1);
    } else if (d->point <= 0) {
        put(&t, "0.", 2);
        put_zeros(&t, -d->point);
        put(&t, d->digit, d->n);
    } else if (d->n > d->point) {
        put(&t, d->digit, d->point);
        put(&t, ".", 1);
        put(&t, d->digit + d->point, d->n - d->point);
    } else {
        put(&t, d->digit, d->n);
        put_zeros(&t, d->point - d->n);
        put(&t, ".0", keep_real ? 2 : 0);
    }
    buf_add(b, t.p, t.n);
}

static bool write_special(struct buf *b, double x)
{
    if (isfinite(x))
        return false;
    buf_cstr(b, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
    return true;
}

static void write_shortest(struct buf *b, double x, bool keep_real)
{
    if (write_special(b, x))
        return;
    struct decimal d;
    to_shortest(x, &d);
    write_decimal(b, &d, DBL_DIG + 1, keep_real);
}

void number_write_u64(struct buf *b, uint64_t v)
{
    char reversed[20], text[20];
    size_t n = 0;
    do
        reversed[n++] = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    for (size_t i = 0; i < n; i++)
        text[i] = reversed[n - 1 - i];
    buf_add(b, text, n);
}

void number_write_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_char(b, '-');
    number_write_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void number_write(struct buf *b, double x)
{
    write_shortest(b, x, false);
}

void number_write_real(struct buf *b, double x)
{
    write_shortest(b, x, true);
}

void number_write_short(struct buf *b, double x, int digits)
{
    if (write_special(b, x))
        return;
    if (digits < 1)
        digits = 1;
    if (digits > DIGITS_MAX)
        digits = DIGITS_MAX;
    struct decimal d;
    to_decimal(x, digits, &d);
    write_decimal(b, &d, digits > 7 ? digits : 7, false);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool number_parse_i64(struct str s, int64_t *ret)
{
    bool negative = s.n && s.p[0] == '-';
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    if (i == s.n)
        return false;
    int64_t v = 0; /* counted down from zero: the least integer has no positive twin */
    for (; i < s.n; i++)
        if (!is_digit(s.p[i]) || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, s.p[i] - '0', &v))
            return false;
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
        return false;
    *ret = v;
    return true;
}

static bool starts_word(struct str s, const char *word)
{
    for (size_t i = 0; word[i]; i++)
        if (i >= s.n || (s.p[i] | 0x20) != word[i])
            return false;
    return true;
}

/* nan, inf or infinity at s, with or without the dot of YAML. Bytes taken. */
static size_t scan_special(struct str s, double *ret)
{
    size_t dot = s.n && s.p[0] == '.';
    struct str word = str_sub(s, dot, s.n);
    bool nan = starts_word(word, "nan");
    if (!nan && !starts_word(word, "inf"))
        return 0;
    *ret = nan ? (double)NAN : (double)INFINITY;
    return dot + (starts_word(word, "infinity") ? 8 : 3);
}

/* The exponent at s, "e-5". Bytes taken; 0 where no digit follows. */
static size_t scan_exponent(struct str s, long *ret)
{
    size_t i = 0;
    if (s.n == 0 || (s.p[0] != 'e' && s.p[0] != 'E'))
        return 0;
    i++;
    bool negative = i < s.n && s.p[i] == '-';
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
        i++;
    size_t first = i;
    long v = 0;
    for (; i < s.n && is_digit(s.p[i]); i++)
        if (v < EXPONENT_MAX)
            v = v * 10 + (s.p[i] - '0');
    if (i == first)
        return 0;
    *ret = negative ? -v : v;
    return i;
}

/* digits * 10^exponent. Up to 2^53 and 10^22 both are exact, so that one product or quotient is the
 * nearest double (Clinger 1990, "How to read floating point numbers accurately"): what strtod
 * finds, at a tenth of its cost. `text` has room for an exponent behind its n digits. */
static double real_of(char *text, size_t n, size_t size, long exponent)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const long most = sizeof power / sizeof power[0] - 1;
    if (n <= DBL_DIG && exponent >= -most && exponent <= most) {
        uint64_t m = 0;
        for (size_t i = 0; i < n; i++)
            m = m * 10 + (uint64_t)(text[i] - '0');
        return exponent < 0 ? (double)m / power[-exponent] : (double)m * power[exponent];
    }
    snprintf(text + n, size - n, "%se%ld", n ? "" : "0", exponent);
    return strtod(text, NULL);
}

size_t number_scan_real(struct str s, double *ret)
{
    bool negative = s.n && s.p[0] == '-';
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    double v;
    size_t special = scan_special(str_sub(s, i, s.n), &v);
    if (special) {
        *ret = negative ? -v : v;
        return i + special;
    }
    char text[TEXT_MAX + 32];
    size_t n = 0, seen = 0;
    long exponent = 0, fraction = 0;
    bool after_point = false;
    for (; i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && !after_point)); i++) {
        if (s.p[i] == '.') {
            after_point = true;
            continue;
        }
        seen++;
        fraction += after_point;
        if (n == 0 && s.p[i] == '0')
            continue;
        if (n == TEXT_MAX)
            return 0;
        text[n++] = s.p[i];
    }
    if (seen == 0)
        return 0;
    i += scan_exponent(str_sub(s, i, s.n), &exponent);
    v = real_of(text, n, sizeof(text), exponent - fraction);
    *ret = negative ? -v : v;
    return i;
}

bool number_parse_real(struct str s, double *ret)
{
    double v;
    if (s.n == 0 || number_scan_real(s, &v) != s.n)
        return false;
    *ret = v;
    return true;
}
