/*
 * Values: reading scalars, comparing, copying, writing.
 */
#include "space/value.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

struct value value_bool(bool b)
{
    return (struct value){.type = VALUE_BOOL, .b = b};
}

struct value value_int(int64_t i)
{
    return (struct value){.type = VALUE_INT, .i = i};
}

struct value value_real(double r)
{
    return (struct value){.type = VALUE_REAL, .r = r};
}

struct value value_string(struct str s)
{
    return (struct value){.type = VALUE_STRING, .s = s};
}

static size_t count_digits(struct str s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* 0x1F or 0o17 (core schema: no sign). */
static bool scalar_based(struct str s, struct value *ret)
{
    if (s.n < 3 || s.p[0] != '0' || (s.p[1] != 'x' && s.p[1] != 'o'))
        return false;
    int base = s.p[1] == 'x' ? 16 : 8;
    int64_t whole = 0;
    double real = 0;
    bool fits = true;
    for (size_t i = 2; i < s.n; i++) {
        int d = digit_of(s.p[i]);
        if (d >= base)
            return false;
        fits = fits && !__builtin_mul_overflow(whole, base, &whole) &&
               !__builtin_add_overflow(whole, d, &whole);
        real = real * base + d;
    }
    *ret = fits ? value_int(whole) : value_real(real);
    return true;
}

/* [-+]? (\.inf | \.Inf | \.INF), \.nan, \.NaN, \.NAN */
static bool scalar_special(struct str s, struct value *ret)
{
    if (str_is(s, ".nan") || str_is(s, ".NaN") || str_is(s, ".NAN")) {
        *ret = value_real((double)NAN);
        return true;
    }
    bool negative = str_starts(s, "-");
    s = str_sub(s, negative || str_starts(s, "+"), s.n);
    if (!str_is(s, ".inf") && !str_is(s, ".Inf") && !str_is(s, ".INF"))
        return false;
    *ret = value_real(negative ? -(double)INFINITY : (double)INFINITY);
    return true;
}

/* [-+]? [0-9]+ and [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool scalar_decimal(struct str s, struct value *ret)
{
    struct str rest = str_sub(s, str_starts(s, "-") || str_starts(s, "+"), s.n);
    size_t whole = count_digits(rest), fraction = 0;
    rest = str_sub(rest, whole, rest.n);
    int64_t i;
    if (whole && rest.n == 0 && number_parse_i64(s, &i)) {
        *ret = value_int(i);
        return true;
    }
    if (str_starts(rest, ".")) {
        fraction = count_digits(str_sub(rest, 1, rest.n));
        rest = str_sub(rest, 1 + fraction, rest.n);
    }
    if (whole + fraction == 0)
        return false;
    if (str_starts(rest, "e") || str_starts(rest, "E")) {
        rest = str_sub(rest, 1, rest.n);
        rest = str_sub(rest, str_starts(rest, "-") || str_starts(rest, "+"), rest.n);
        size_t exponent = count_digits(rest);
        if (exponent == 0)
            return false;
        rest = str_sub(rest, exponent, rest.n);
    }
    double r;
    if (rest.n || !number_parse_real(s, &r))
        return false;
    *ret = value_real(r);
    return true;
}

struct value value_of_scalar(struct str text)
{
    struct value v;
    if (str_is(text, "true") || str_is(text, "True") || str_is(text, "TRUE"))
        return value_bool(true);
    if (str_is(text, "false") || str_is(text, "False") || str_is(text, "FALSE"))
        return value_bool(false);
    if (scalar_based(text, &v) || scalar_special(text, &v) || scalar_decimal(text, &v))
        return v;
    return value_string(text);
}

bool value_is_number(const struct value *v)
{
    return v->type == VALUE_INT || v->type == VALUE_REAL;
}

/* i against r, exactly: where r is inside the range of int64, its whole part is one. */
static int order_mixed(int64_t i, double r)
{
    if (r >= 0x1p63)
        return -1;
    if (r < -0x1p63)
        return 1;
    int64_t whole = (int64_t)r;
    if (i != whole)
        return i < whole ? -1 : 1;
    double fraction = r - (double)whole;
    return (fraction < 0) - (fraction > 0);
}

int value_order(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_INT && b->type == VALUE_INT)
        return (a->i > b->i) - (a->i < b->i);
    if (a->type == VALUE_INT)
        return order_mixed(a->i, b->r);
    if (b->type == VALUE_INT)
        return -order_mixed(b->i, a->r);
    return (a->r > b->r) - (a->r < b->r);
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NONE:
        return true;
    case VALUE_BOOL:
        return a->b == b->b;
    case VALUE_INT:
        return a->i == b->i;
    case VALUE_REAL:
        return a->r == b->r || (isnan(a->r) && isnan(b->r));
    case VALUE_STRING:
        return str_eq(a->s, b->s);
    case VALUE_LIST:
        if (a->list.n != b->list.n)
            return false;
        for (size_t i = 0; i < a->list.n; i++)
            if (!value_equal(&a->list.v[i], &b->list.v[i]))
                return false;
        return true;
    }
    return false;
}

bool value_alike(const struct value *a, const struct value *b)
{
    if (!value_is_number(a) || !value_is_number(b) || a->type == b->type)
        return value_equal(a, b);
    if (isnan(a->type == VALUE_REAL ? a->r : b->r))
        return false;
    return value_order(a, b) == 0;
}

/* The finalizer of MurmurHash3. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

static uint64_t hash_real(double r)
{
    uint64_t bits;
    if (isnan(r))
        r = (double)NAN;
    else if (r == 0)
        r = 0; /* -0 equals 0 */
    memcpy(&bits, &r, sizeof(bits));
    return bits;
}

uint64_t value_hash(const struct value *v)
{
    uint64_t h = 0;
    switch (v->type) {
    case VALUE_NONE:
        break;
    case VALUE_BOOL:
        h = v->b;
        break;
    case VALUE_INT:
        h = (uint64_t)v->i;
        break;
    case VALUE_REAL:
        h = hash_real(v->r);
        break;
    case VALUE_STRING:
        h = str_hash(v->s);
        break;
    case VALUE_LIST:
        for (size_t i = 0; i < v->list.n; i++)
            h = mix(h + value_hash(&v->list.v[i]));
        break;
    }
    return mix(h + 0x9e3779b97f4a7c15u * ((uint64_t)v->type + 1));
}

enum code value_copy(struct arena *a, const struct value *v, struct value *ret)
{
    struct value copy = *v;
    if (v->type == VALUE_STRING && arena_str(a, v->s, &copy.s) != OK)
        return E_NOMEM;
    if (v->type == VALUE_LIST) {
        struct value *items = arena_array(a, v->list.n, sizeof(*items));
        if (!items)
            return E_NOMEM;
        for (size_t i = 0; i < v->list.n; i++)
            if (value_copy(a, &v->list.v[i], &items[i]) != OK)
                return E_NOMEM;
        copy.list.v = items;
    }
    *ret = copy;
    return OK;
}

void value_json(const struct value *v, struct json *j)
{
    switch (v->type) {
    case VALUE_NONE:
        jw_null(j);
        break;
    case VALUE_BOOL:
        jw_bool(j, v->b);
        break;
    case VALUE_INT:
        jw_i64(j, v->i);
        break;
    case VALUE_REAL:
        jw_real(j, v->r);
        break;
    case VALUE_STRING:
        jw_str(j, v->s);
        break;
    case VALUE_LIST:
        jw_array(j);
        for (size_t i = 0; i < v->list.n; i++)
            value_json(&v->list.v[i], j);
        jw_array_end(j);
        break;
    }
}

void value_text(const struct value *v, struct buf *b)
{
    switch (v->type) {
    case VALUE_NONE:
        break;
    case VALUE_BOOL:
        buf_cstr(b, v->b ? "true" : "false");
        break;
    case VALUE_INT:
        buf_fmt(b, "%lld", (long long)v->i);
        break;
    case VALUE_REAL:
        number_write(b, v->r);
        break;
    case VALUE_STRING:
        buf_str(b, v->s);
        break;
    case VALUE_LIST:
        for (size_t i = 0; i < v->list.n; i++) {
            if (i)
                buf_char(b, ',');
            value_text(&v->list.v[i], b);
        }
        break;
    }
}

void value_quote(struct str s, struct buf *b)
{
    buf_char(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        const char *escape = s.p[i] == '"'    ? "\\\""
                             : s.p[i] == '\\' ? "\\\\"
                             : s.p[i] == '\n' ? "\\n"
                             : s.p[i] == '\t' ? "\\t"
                             : s.p[i] == '\r' ? "\\r"
                                              : NULL;
        if (escape)
            buf_cstr(b, escape);
        else
            buf_char(b, s.p[i]);
    }
    buf_char(b, '"');
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i], low = (char)(c | 0x20);
        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !strchr("_./+-", c))
            return false;
    }
    return s.n > 0 && value_of_scalar(s).type == VALUE_STRING;
}

/* As the core schema reads it back: infinities have their dot. */
static void write_real(double r, struct buf *b)
{
    if (isfinite(r))
        number_write_real(b, r);
    else
        buf_cstr(b, isnan(r) ? ".nan" : r < 0 ? "-.inf" : ".inf");
}

void value_write(const struct value *v, struct buf *b)
{
    switch (v->type) {
    case VALUE_REAL:
        write_real(v->r, b);
        break;
    case VALUE_STRING:
        if (is_plain(v->s))
            buf_str(b, v->s);
        else
            value_quote(v->s, b);
        break;
    case VALUE_LIST:
        buf_char(b, '[');
        for (size_t i = 0; i < v->list.n; i++) {
            if (i)
                buf_cstr(b, ", ");
            value_write(&v->list.v[i], b);
        }
        buf_char(b, ']');
        break;
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
        value_text(v, b);
        break;
    }
}

struct shown value_show(const struct value *v)
{
    struct shown shown = {""};
    struct buf b;
    buf_init(&b, 1 << 20);
    value_write(v, &b);
    struct str text = buf_view(&b);
    size_t n = 0, step;
    while (n < text.n && (step = str_utf8_step(str_sub(text, n, 4))) > 0 &&
           n + step < sizeof(shown.text) - 3)
        n += step;
    if (n)
        memcpy(shown.text, text.p, n);
    if (n < text.n)
        memcpy(shown.text + n, "...", 3);
    buf_free(&b);
    return shown;
}

const char *value_type_name(enum value_type type)
{
    static const char *const names[] = {"nothing",  "true or false", "a number",
                                        "a number", "a string",      "a list"};
    return names[type];
}
