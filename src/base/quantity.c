/*
 * Quantities people write: sizes, durations, times.
 */
#include "base/clock.h"
#include "base/number.h"

#include <string.h>

enum { NS_PER_US = 1000 };
#define NS_PER_MINUTE (60 * NS_PER_S)
#define NS_PER_HOUR   (60 * NS_PER_MINUTE)
#define NS_PER_DAY    (24 * NS_PER_HOUR)

struct unit {
    const char *name;
    int64_t worth;
};

/* Takes "1.5" off the front of *rest, and the unit and blanks behind it. */
static bool cut_quantity(struct str *rest, struct str *ret_number, struct str *ret_unit)
{
    size_t n = 0;
    while (n < rest->n && ((rest->p[n] >= '0' && rest->p[n] <= '9') || rest->p[n] == '.'))
        n++;
    *ret_number = str_sub(*rest, 0, n);
    struct str tail = str_trim(str_sub(*rest, n, rest->n));
    size_t u = 0;
    while (u < tail.n && ((tail.p[u] | 0x20) >= 'a' && (tail.p[u] | 0x20) <= 'z'))
        u++;
    *ret_unit = str_sub(tail, 0, u);
    *rest = str_trim(str_sub(tail, u, tail.n));
    return n > 0;
}

/* number * worth: exact for whole numbers, and refused past 2^63 - 1. */
static bool times(struct str number, int64_t worth, int64_t *ret)
{
    int64_t whole;
    double real;
    if (number_parse_i64(number, &whole)) {
        if (__builtin_mul_overflow(whole, worth, &whole))
            return false;
        *ret = whole;
        return true;
    }
    if (!number_parse_real(number, &real) || real * (double)worth >= 0x1p63)
        return false;
    *ret = (int64_t)(real * (double)worth);
    return true;
}

static bool same_word(struct str s, const char *word)
{
    if (s.n != strlen(word))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] | 0x20) != (word[i] | 0x20))
            return false;
    return true;
}

bool number_parse_size(struct str s, int64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"", 1},
        {"b", 1},
        {"k", 1000},
        {"kb", 1000},
        {"m", 1000000},
        {"mb", 1000000},
        {"g", 1000000000},
        {"gb", 1000000000},
        {"t", (int64_t)1e12},
        {"tb", (int64_t)1e12},
        {"p", (int64_t)1e15},
        {"pb", (int64_t)1e15},
        {"ki", 1LL << 10},
        {"kib", 1LL << 10},
        {"mi", 1LL << 20},
        {"mib", 1LL << 20},
        {"gi", 1LL << 30},
        {"gib", 1LL << 30},
        {"ti", 1LL << 40},
        {"tib", 1LL << 40},
        {"pi", 1LL << 50},
        {"pib", 1LL << 50},
    };
    struct str number, unit;
    s = str_trim(s);
    if (!cut_quantity(&s, &number, &unit) || s.n)
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (same_word(unit, units[i].name))
            return times(number, units[i].worth, ret_bytes);
    return false;
}

bool number_parse_duration(struct str s, int64_t *ret_ns)
{
    static const struct unit units[] = {
        {"d", NS_PER_DAY}, {"h", NS_PER_HOUR}, {"m", NS_PER_MINUTE},
        {"s", NS_PER_S},   {"ms", NS_PER_MS},  {"us", NS_PER_US},
        {"ns", 1},
    };
    const size_t count = sizeof(units) / sizeof(units[0]);
    int64_t total = 0, part;
    size_t next = 0; /* units come in falling order, each once: "30m1h" is more likely an error */
    s = str_trim(s);
    do {
        struct str number, unit;
        if (!cut_quantity(&s, &number, &unit))
            return false;
        if (unit.n == 0 && s.n == 0 && next == 0)
            return times(number, NS_PER_S, ret_ns);
        size_t i = next;
        while (i < count && !str_is(unit, units[i].name))
            i++;
        if (i == count || !times(number, units[i].worth, &part) ||
            __builtin_add_overflow(total, part, &total))
            return false;
        next = i + 1;
    } while (s.n);
    *ret_ns = total;
    return true;
}

/* x with one decimal, by whole numbers alone. */
static void write_tenths(struct buf *b, int64_t tenths)
{
    buf_fmt(b, "%lld.%lld", (long long)(tenths / 10), (long long)(tenths % 10));
}

void number_write_size(struct buf *b, int64_t bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        buf_fmt(b, "%lld B", (long long)bytes);
        return;
    }
    size_t i = 0;
    double x = (double)bytes / 1024;
    while (x >= 1023.95) { /* what would be rounded to 1024.0 */
        x /= 1024;
        i++;
    }
    write_tenths(b, (int64_t)(x * 10 + 0.5)); /* not llround: the supervisor does without libm */
    buf_fmt(b, " %s", names[i]);
}

/* ns in whole units of `unit`, rounded. */
static int64_t rounded(int64_t ns, int64_t unit)
{
    return ns / unit + (ns % unit >= unit - ns % unit);
}

void number_write_duration(struct buf *b, int64_t ns)
{
    if (ns < 0) {
        buf_char(b, '-');
        ns = ns == INT64_MIN ? INT64_MAX : -ns;
    }
    long long ms = rounded(ns, NS_PER_MS), seconds = rounded(ns, NS_PER_S);
    if (ns < NS_PER_US) {
        buf_fmt(b, "%lld ns", (long long)ns);
    } else if (ns < NS_PER_MS) {
        buf_fmt(b, "%lld us", (long long)(ns / NS_PER_US));
    } else if (ms < 1000) {
        buf_fmt(b, "%lld ms", ms);
    } else if (rounded(ns, NS_PER_S / 10) < 600) {
        write_tenths(b, rounded(ns, NS_PER_S / 10));
        buf_cstr(b, " s");
    } else if (seconds < 3600) {
        buf_fmt(b, "%lldm %02llds", seconds / 60, seconds % 60);
    } else if (seconds < 24 * 3600) {
        buf_fmt(b, "%lldh %02lldm", seconds / 3600, seconds / 60 % 60);
    } else {
        buf_fmt(b, "%lldd %02lldh", seconds / 86400, seconds / 3600 % 24);
    }
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar, and back: Hinnant,
 * "chrono-compatible low-level date algorithms". Years count from March, so that the leap day is
 * the last one. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, d = days - era * 146097;
    int64_t year = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    int64_t of_year = d - (365 * year + year / 4 - year / 100);
    int64_t march_month = (5 * of_year + 2) / 153;
    *ret_day = (int)(of_year - (153 * march_month + 2) / 5 + 1);
    *ret_month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_year = year + era * 400 + (*ret_month <= 2);
}

/* v with leading zeros, and what follows it; returns behind that. A million points have a time
 * each, and printf would be most of their cost. */
static char *put_digits(char *p, int v, int n, char after)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + v % 10);
    p[n] = after;
    return p + n + 1;
}

void number_write_time(struct buf *b, int64_t real_ns)
{
    int64_t days = real_ns / NS_PER_DAY, ns = real_ns % NS_PER_DAY, year;
    int month, day;
    if (ns < 0) {
        ns += NS_PER_DAY;
        days--;
    }
    date_of(days, &year, &month, &day);
    int ms = (int)(ns / NS_PER_MS);
    char text[32], *p = text;
    if (year < 0)
        *p++ = '-';
    p = put_digits(p, (int)(year < 0 ? -year : year), 4, '-');
    p = put_digits(p, month, 2, '-');
    p = put_digits(p, day, 2, 'T');
    p = put_digits(p, ms / 3600000, 2, ':');
    p = put_digits(p, ms / 60000 % 60, 2, ':');
    p = put_digits(p, ms / 1000 % 60, 2, '.');
    p = put_digits(p, ms % 1000, 3, 'Z');
    buf_add(b, text, (size_t)(p - text));
}

/* Exactly n digits off the front of *s, and the separator behind them (0: none). */
static bool cut_digits(struct str *s, size_t n, char separator, int *ret)
{
    int v = 0;
    size_t whole = n + (separator != 0);
    if (s->n < whole || (separator && s->p[n] != separator))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (s->p[i] - '0');
    }
    *s = str_sub(*s, whole, s->n);
    *ret = v;
    return true;
}

/* ".250" off the front of *s as nanoseconds; digits past the ninth are dropped. */
static bool cut_fraction(struct str *s, int *ret_ns)
{
    int ns = 0, unit = 100000000;
    size_t i = 1;
    if (s->n == 0 || s->p[0] != '.') {
        *ret_ns = 0;
        return true;
    }
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
        ns += (s->p[i] - '0') * unit;
        unit /= 10;
    }
    *s = str_sub(*s, i, s->n);
    *ret_ns = ns;
    return i > 1;
}

/* "Z" or "+01:30", all of s, as minutes east of UTC. */
static bool parse_offset(struct str s, int *ret_minutes)
{
    int hours, minutes;
    if (s.n == 1 && (s.p[0] | 0x20) == 'z') {
        *ret_minutes = 0;
        return true;
    }
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-'))
        return false;
    int sign = s.p[0] == '-' ? -1 : 1;
    s = str_sub(s, 1, s.n);
    if (!cut_digits(&s, 2, ':', &hours) || !cut_digits(&s, 2, 0, &minutes) || hours > 23 ||
        minutes > 59)
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool number_parse_time(struct str s, int64_t *ret_real_ns)
{
    int year, month, day, hour, minute, second, ns, offset;
    if (!cut_digits(&s, 4, '-', &year) || !cut_digits(&s, 2, '-', &month) ||
        !cut_digits(&s, 2, 0, &day) || s.n == 0 || ((s.p[0] | 0x20) != 't' && s.p[0] != ' '))
        return false;
    s = str_sub(s, 1, s.n);
    if (!cut_digits(&s, 2, ':', &hour) || !cut_digits(&s, 2, ':', &minute) ||
        !cut_digits(&s, 2, 0, &second) || !cut_fraction(&s, &ns) || !parse_offset(s, &offset))
        return false;
    /* second 60: a leap second, which the machine's count knows as the next one */
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return false;
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second -
                      (int64_t)offset * 60;
    int64_t total;
    if (__builtin_mul_overflow(seconds, NS_PER_S, &total) ||
        __builtin_add_overflow(total, ns, &total))
        return false;
    *ret_real_ns = total;
    return true;
}
