/*
 * Numbers, sizes, durations and times: whatever is taken is written so that it reads back the same.
 * The first eight bytes are also a double as they are.
 */
#include "base/trial.h"

#include "base/number.h"
#include "fuzz/fuzzing.h"

#include <math.h>
#include <string.h>

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static void real_round_trips(struct str s, struct buf *b)
{
    double x, back, prefix;
    if (!number_parse_real(s, &x))
        return;
    FUZZ_CHECK(number_scan_real(s, &prefix) == s.n && same(prefix, x));
    buf_clear(b);
    number_write(b, x);
    FUZZ_CHECK(number_parse_real(buf_view(b), &back) && same(x, back));
    buf_clear(b);
    number_write_real(b, x);
    FUZZ_CHECK(number_parse_real(buf_view(b), &back) && same(x, back));
    FUZZ_CHECK(memchr(b->p, 'n', b->n) || memchr(b->p, '.', b->n) || memchr(b->p, 'e', b->n));
    for (int digits = 1; digits <= 17; digits++) {
        buf_clear(b);
        number_write_short(b, x, digits);
        FUZZ_CHECK(number_parse_real(buf_view(b), &back));
    }
}

static void bits_round_trip(const uint8_t *bytes, struct buf *b)
{
    double x, back;
    char text[64];
    memcpy(&x, bytes, sizeof(x));
    buf_clear(b);
    number_write(b, x);
    FUZZ_CHECK(number_parse_real(buf_view(b), &back) && same(x, back));
    if (!isfinite(x))
        return;
    shortest_by_trial(x, text);
    FUZZ_CHECK(str_is(buf_view(b), text));
}

static void quantities_round_trip(struct str s, struct buf *b)
{
    int64_t v, back;
    if (number_parse_i64(s, &v)) {
        buf_clear(b);
        buf_fmt(b, "%lld", (long long)v);
        FUZZ_CHECK(number_parse_i64(buf_view(b), &back) && back == v);
    }
    if (number_parse_size(s, &v)) {
        FUZZ_CHECK(v >= 0);
        buf_clear(b);
        number_write_size(b, v);
    }
    if (number_parse_duration(s, &v)) {
        FUZZ_CHECK(v >= 0);
        buf_clear(b);
        number_write_duration(b, v);
        FUZZ_CHECK(number_parse_duration(buf_view(b), &back));
    }
    if (number_parse_time(s, &v)) {
        buf_clear(b);
        number_write_time(b, v);
        /* written with milliseconds, always the ones before */
        FUZZ_CHECK(number_parse_time(buf_view(b), &back) && back <= v && v - back < 1000000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    struct buf b;
    double x;
    buf_init(&b, 4096);
    real_round_trips(s, &b);
    if (size >= sizeof(double))
        bits_round_trip(data, &b);
    quantities_round_trip(s, &b);
    FUZZ_CHECK(number_scan_real(s, &x) <= size);
    FUZZ_CHECK(buf_end(&b, NULL) == OK);
    buf_free(&b);
    return 0;
}
