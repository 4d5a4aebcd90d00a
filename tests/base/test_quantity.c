#include "base/clock.h"
#include "base/number.h"
#include "testing.h"

#include <stdio.h>

static void parses_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"512", 512},
        {"0", 0},
        {"2GiB", 2LL << 30},
        {"1.5 GB", 1500000000},
        {"300M", 300000000},
        {"300Mi", 300LL << 20},
        {"1k", 1000},
        {"1KiB", 1024},
        {"512mb", 512000000},
        {"0.5K", 500},
        {"3 B", 3},
        {"2T", 2000000000000},
        {"1Pi", 1LL << 50},
        {"9223372036854775807", INT64_MAX},
        {" 1 G ", 1000000000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t v = -1;
        assert_true(number_parse_size(str_of(cases[i].text), &v));
        assert_int_equal(v, cases[i].bytes);
    }
    const char *const wrong[] = {
        "",    "G",    "-1",         "1X",     "1 G G", "9223372036854775808",
        "1e3", "1..5", "99999999Pi", "1.5.5G", "nan",   "9300000.5T"};
    int64_t v = 42;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (number_parse_size(str_of(wrong[i]), &v))
            fail_msg("\"%s\" was taken for a size", wrong[i]);
    assert_int_equal(v, 42);
}

static void parses_durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"30m", 1800 * NS_PER_S},
        {"24h", 86400 * NS_PER_S},
        {"1h30m", 5400 * NS_PER_S},
        {"90s", 90 * NS_PER_S},
        {"250ms", 250 * NS_PER_MS},
        {"2d", 172800 * NS_PER_S},
        {"10", 10 * NS_PER_S},
        {"0.5", NS_PER_S / 2},
        {"1.5h", 5400 * NS_PER_S},
        {"1h 05m", 3900 * NS_PER_S},
        {"7us", 7000},
        {"9ns", 9},
        {"3.2 s", 3200 * NS_PER_MS},
        {"1d2h3m4s5ms", 93784 * NS_PER_S + 5 * NS_PER_MS},
        {"0", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t v = -1;
        assert_true(number_parse_duration(str_of(cases[i].text), &v));
        assert_int_equal(v, cases[i].ns);
    }
    const char *const wrong[] = {"",     "m",          "-5s",        "30m1h", "1h30",
                                 "5 x",  "1h1h",       "999999999d", "1e3s",  "9999999999999",
                                 "292y", "106751d 24h"};
    int64_t v = 42;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (number_parse_duration(str_of(wrong[i]), &v))
            fail_msg("\"%s\" was taken for a duration", wrong[i]);
    assert_int_equal(v, 42);
}

static void writes_for_people(void **state)
{
    static const struct {
        void (*write)(struct buf *, int64_t);
        int64_t v;
        const char *text;
    } cases[] = {
        {number_write_size, 0, "0 B"},
        {number_write_size, 1023, "1023 B"},
        {number_write_size, 1536, "1.5 KiB"},
        {number_write_size, (1LL << 20) - 1, "1.0 MiB"},
        {number_write_size, 3LL << 29, "1.5 GiB"},
        {number_write_size, INT64_MAX, "8.0 EiB"},
        {number_write_duration, 0, "0 ns"},
        {number_write_duration, 12 * NS_PER_MS / 1000, "12 us"},
        {number_write_duration, 8 * NS_PER_MS, "8 ms"},
        {number_write_duration, 999600000, "1.0 s"},
        {number_write_duration, 3200 * NS_PER_MS, "3.2 s"},
        {number_write_duration, 59960 * NS_PER_MS, "1m 00s"},
        {number_write_duration, 3900 * NS_PER_S, "1h 05m"},
        {number_write_duration, 183600 * NS_PER_S, "2d 03h"},
        {number_write_duration, -5 * NS_PER_S, "-5.0 s"},
        {number_write_duration, INT64_MIN, "-106751d 23h"},
        {number_write_time, 0, "1970-01-01T00:00:00.000Z"},
        {number_write_time, 1795438501250000000, "2026-11-23T12:55:01.250Z"},
        {number_write_time, -1, "1969-12-31T23:59:59.999Z"},
        {number_write_time, 951782400000000000, "2000-02-29T00:00:00.000Z"},
        {number_write_time, INT64_MAX, "2262-04-11T23:47:16.854Z"},
        {number_write_time, INT64_MIN, "1677-09-21T00:12:43.145Z"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b;
        buf_init(&b, 100);
        cases[i].write(&b, cases[i].v);
        assert_string_equal(b.p, cases[i].text);
        buf_free(&b);
    }
}

static void parses_times(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"2026-11-23T12:55:01.250Z", 1795438501250000000},
        {"2026-11-23 13:55:01.25+01:00", 1795438501250000000},
        {"2026-11-23t09:25:01.250000000999-03:30", 1795438501250000000},
        {"1970-01-01T00:00:00z", 0},
        {"2016-12-31T23:59:60Z", 1483228800000000000},
        {"1969-12-31T23:59:59.999999999Z", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t v = 42;
        assert_true(number_parse_time(str_of(cases[i].text), &v));
        assert_int_equal(v, cases[i].ns);
    }
    const char *const wrong[] = {"",
                                 "2026-11-23",
                                 "2026-11-23T12:55Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-02-29T00:00:00Z",
                                 "2026-11-23T24:00:00Z",
                                 "2026-11-23T12:55:01",
                                 "2026-11-23T12:55:01.Z",
                                 "2026-11-23T12:55:01+0100",
                                 "2026-11-23T12:55:01+24:00",
                                 "9999-01-01T00:00:00Z",
                                 "0001-01-01T00:00:00Z",
                                 "2026-11-23T12:60:01Z",
                                 "2026-1-23T12:55:01Z",
                                 "2026-00-10T00:00:00Z",
                                 "2026-11-23T12:55:01.25Zx"};
    int64_t v = 42;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (number_parse_time(str_of(wrong[i]), &v))
            fail_msg("\"%s\" was taken for a time", wrong[i]);
    assert_int_equal(v, 42);
}

/* Every day of four centuries, so every rule of the calendar. */
static void days_round_trip(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    for (int64_t day = -106000; day < 106000; day++) {
        int64_t ns = day * 86400 * NS_PER_S + 43200 * NS_PER_S, back;
        buf_clear(&b);
        number_write_time(&b, ns);
        assert_true(number_parse_time(buf_view(&b), &back));
        assert_int_equal(back, ns);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_sizes),      cmocka_unit_test(parses_durations),
        cmocka_unit_test(writes_for_people), cmocka_unit_test(parses_times),
        cmocka_unit_test(days_round_trip),
    };
    return RUN_TESTS(tests);
}
