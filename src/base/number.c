/*
 * Numbers to and from text.
 *
 * printf and strtod write and read the locale's decimal point, so neither is ever shown one: digits
 * are taken out of printf's answer and put together here, and strtod is given whole digits with an
 * exponent.
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

/* x rounded to n digits. Returns what they read back as. */
static double to_decimal(double x, int n, struct decimal *ret)
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
    return strtod(text, NULL);
}

/* Most numbers that people and programs print are short: m / 10^k with m below 10^15. Both are
 * exact, so the division is the nearest double to that decimal, and of at most 15 digits only one
 * reads back as x: what printf would have found, at a tenth of its cost. */
static bool quick_decimal(double x, struct decimal *ret)
{
    static const double power[] = {1, 1e3, 1e6, 1e9, 1e12, 1e15};
    double a = fabs(x);
    for (size_t i = 0; i < sizeof power / sizeof power[0] && a * power[i] < 1e15; i++) {
        uint64_t m = (uint64_t)(a * power[i] + 0.5);
        if (m == 0 || (double)m / power[i] != a)
            continue;
        int trailing = 0, n = 0;
        for (; m % 10 == 0; m /= 10)
            trailing++;
        char reversed[20];
        for (; m > 0; m /= 10)
            reversed[n++] = (char)('0' + m % 10);
        *ret = (struct decimal){.negative = x < 0, .n = n, .point = n + trailing - 3 * (int)i};
        for (int k = 0; k < n; k++)
            ret->digit[k] = reversed[n - 1 - k];
        return true;
    }
    return false;
}

static void write_decimal(struct buf *b, const struct decimal *d, int point_max, bool keep_real)
{
    if (d->negative)
        buf_char(b, '-');
    if (d->point < -3 || d->point > point_max) {
        buf_add(b, d->digit, 1);
        if (d->n > 1) {
            buf_char(b, '.');
            buf_add(b, d->digit + 1, (size_t)d->n - 1);
        }
        buf_fmt(b, "e%c%02d", d->point <= 0 ? '-' : '+', abs(d->point - 1));
        return;
    }
    if (d->point <= 0) {
        buf_cstr(b, "0.");
        buf_repeat(b, '0', (size_t)-d->point);
        buf_add(b, d->digit, (size_t)d->n);
    } else if (d->n > d->point) {
        buf_add(b, d->digit, (size_t)d->point);
        buf_char(b, '.');
        buf_add(b, d->digit + d->point, (size_t)(d->n - d->point));
    } else {
        buf_add(b, d->digit, (size_t)d->n);
        buf_repeat(b, '0', (size_t)(d->point - d->n));
        if (keep_real)
            buf_cstr(b, ".0");
    }
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
    /* 15 digits always survive double, so where 15 do, the zeros at their end are all there is to
     * strip; only subnormals, which hold fewer, may do with less. */
    int n = fabs(x) < DBL_MIN ? 1 : DBL_DIG;
    struct decimal d;
    if (quick_decimal(x, &d)) {
        write_decimal(b, &d, DBL_DIG + 1, keep_real);
        return;
    }
    while (to_decimal(x, n, &d) != x && n < DIGITS_MAX)
        n++;
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
