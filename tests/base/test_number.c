#include "base/trial.h"

#include "base/number.h"
#include "base/rng.h"
#include "testing.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *write_with(void (*write)(struct buf *, double), double x)
{
    static char text[64];
    struct buf b;
    buf_init(&b, sizeof(text) - 1);
    write(&b, x);
    assert_ok(buf_end(&b, NULL));
    memcpy(text, b.p, b.n + 1);
    buf_free(&b);
    return text;
}

static void writes_the_shortest(void **state)
{
    static const struct {
        double x;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {0.1, "0.1"},
        {1e-5, "1e-05"},
        {256, "256"},
        {0.0001, "0.0001"},
        {1.0 / 3, "0.3333333333333333"},
        {1e15, "1000000000000000"},
        {1e16, "1e+16"},
        {123456.789, "123456.789"},
        {-1.5e-300, "-1.5e-300"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {0.3, "0.3"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {100, "100"},
        {9007199254740993.0, "9007199254740992"},
        {0.1 + 0.2, "0.30000000000000004"},
        {(double)NAN, "nan"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(write_with(number_write, cases[i].x), cases[i].text);
}

static void real_stays_real(void **state)
{
    assert_string_equal(write_with(number_write_real, 256), "256.0");
    assert_string_equal(write_with(number_write_real, -0.0), "-0.0");
    assert_string_equal(write_with(number_write_real, 1e16), "1e+16");
    assert_string_equal(write_with(number_write_real, 0.5), "0.5");
    assert_string_equal(write_with(number_write_real, (double)NAN), "nan");
}

static void short_is_for_people(void **state)
{
    static const struct {
        double x;
        int digits;
        const char *text;
    } cases[] = {
        {0.81374, 4, "0.8137"},      {1.24e-5, 2, "1.2e-05"},
        {123456, 4, "123500"},       {12345678, 4, "1.235e+07"},
        {0.99996, 4, "1"},           {3, 4, "3"},
        {-2.50, 3, "-2.5"},          {(double)NAN, 3, "nan"},
        {12.3456, 0, "10"},          {0.1, 99, "0.10000000000000001"},
        {0.00012345, 3, "0.000123"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b;
        buf_init(&b, 100);
        number_write_short(&b, cases[i].x, cases[i].digits);
        assert_string_equal(b.p, cases[i].text);
        buf_free(&b);
    }
}

/* Every bit pattern that is a number comes back as it was. */
static void round_trips(void **state)
{
    struct rng r;
    rng_init(&r, 1, 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_u64(&r);
        double x, back = 0;
        memcpy(&x, &bits, sizeof(x));
        if (i % 4 == 0)
            x = (double)(int64_t)(bits >> 20) / 1000;
        if (i % 16 == 1)
            x = ldexp(x, -1022 - 40); /* subnormals */
        if (isnan(x))
            continue;
        assert_true(number_parse_real(str_of(write_with(number_write, x)), &back));
        assert_real(back, x);
        assert_true(number_parse_real(str_of(write_with(number_write_real, x)), &back));
        assert_real(back, x);
    }
}

static void is_as_by_trial(double x)
{
    char text[64];
    if (!isfinite(x))
        return;
    shortest_by_trial(x, text);
    assert_string_equal(write_with(number_write, x), text);
}

/* x, -x, and three doubles on either side. */
static void are_as_by_trial(double x)
{
    double above = x, below = x;
    is_as_by_trial(x);
    is_as_by_trial(-x);
    for (int i = 0; i < 3; i++) {
        is_as_by_trial(above = nextafter(above, (double)INFINITY));
        is_as_by_trial(below = nextafter(below, -(double)INFINITY));
    }
}

/* A power of two is twice as far from the next double as from the one before. */
static void powers_are_as_by_trial(void **state)
{
    for (int e = -1074; e <= 1023; e++)
        are_as_by_trial(ldexp(1, e));
    for (int e = -323; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof(text), "1e%d", e);
        are_as_by_trial(strtod(text, NULL));
    }
    are_as_by_trial(0);
    are_as_by_trial(DBL_MAX);
}

static void edges_are_as_by_trial(void **state)
{
    for (int i = 0; i < 2000; i++) {
        is_as_by_trial(i);
        is_as_by_trial(i + 0.5);
        is_as_by_trial(i / 1000.0);
        is_as_by_trial(ldexp(i, -1074));
        is_as_by_trial(DBL_MIN - ldexp(i, -1074));
        is_as_by_trial(ldexp(1, 53) + i - 1000);
        is_as_by_trial(ldexp(1, 52) + i / 2.0 - 500);
        is_as_by_trial(1e16 + 2 * i - 2000);
        is_as_by_trial(1e17 + 16 * i - 16000);
    }
}

/* TRAWL_NUMBERS: how many (tools/soak takes millions). */
static void any_is_as_by_trial(void **state)
{
    const char *s = getenv("TRAWL_NUMBERS");
    long n = s ? strtol(s, NULL, 10) : 20000;
    struct rng r;
    rng_init(&r, 3, 0);
    for (long i = 0; i < n; i++) {
        uint64_t bits = rng_u64(&r);
        double x;
        if (i % 16 == 0)
            bits &= ~((uint64_t)0x7ff << 52); /* subnormals */
        memcpy(&x, &bits, sizeof(x));
        is_as_by_trial(i % 4 == 1 ? rng_unit(&r) : x);
    }
}

static void parses_integers(void **state)
{
    int64_t v = 42;
    assert_true(number_parse_i64(STR("-9223372036854775808"), &v));
    assert_int_equal(v, INT64_MIN);
    assert_true(number_parse_i64(STR("9223372036854775807"), &v));
    assert_int_equal(v, INT64_MAX);
    assert_true(number_parse_i64(STR("+007"), &v));
    assert_int_equal(v, 7);
    const char *const wrong[] = {
        "",   "-",   "+",  "9223372036854775808", "-9223372036854775809", "1.", "0x10", " 1",
        "1 ", "1e3", "--1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(number_parse_i64(str_of(wrong[i]), &v));
    assert_int_equal(v, 7);
}

static void parses_reals(void **state)
{
    static const struct {
        const char *text;
        double x;
    } cases[] = {
        {"1", 1},
        {"-1.5", -1.5},
        {".5", 0.5},
        {"1.", 1},
        {"1e-4", 1e-4},
        {"+2.5E+3", 2500},
        {"0", 0},
        {"-0", -0.0},
        {"000.100", 0.1},
        {"1e999", (double)INFINITY},
        {"1e-999", 0},
        {"1e99999999999999999999", (double)INFINITY},
        {"0e99999999999999999999", 0},
        {".inf", (double)INFINITY},
        {"-.Inf", -(double)INFINITY},
        {"+inf", (double)INFINITY},
        {"Infinity", (double)INFINITY},
        {"NaN", (double)NAN},
        {".nan", (double)NAN},
        {"9007199254740993", 9007199254740992.0},
        {"2.2250738585072011e-308", 2.2250738585072011e-308},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double x = 42;
        assert_true(number_parse_real(str_of(cases[i].text), &x));
        assert_real(x, cases[i].x);
    }
}

static void refuses_what_is_no_real(void **state)
{
    const char *const wrong[] = {"",   ".",  "-",   "e5", "1e",   "1e+", "0x1p3", "1,5", "1.2.3",
                                 " 1", "1 ", "1_0", "in", "infx", "na",  "nano",  "+-1", "1f"};
    double x = 42;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (number_parse_real(str_of(wrong[i]), &x))
            fail_msg("\"%s\" was taken for a number", wrong[i]);
    char digits[2000];
    memset(digits, '9', sizeof(digits));
    assert_false(number_parse_real((struct str){digits, sizeof(digits)}, &x));
    assert_real(x, 42.0);
    memset(digits, '0', sizeof(digits));
    assert_true(number_parse_real((struct str){digits, sizeof(digits)}, &x));
    assert_real(x, 0.0);
}

static void scan_takes_the_longest(void **state)
{
    double x = 0;
    assert_int_equal(number_scan_real(STR("0.25, next"), &x), 4);
    assert_real(x, 0.25);
    assert_int_equal(number_scan_real(STR("3epochs"), &x), 1);
    assert_real(x, 3.0);
    assert_int_equal(number_scan_real(STR("1.5.2"), &x), 3);
    assert_int_equal(number_scan_real(STR("-inf}"), &x), 4);
    assert_real(x, -(double)INFINITY);
    assert_int_equal(number_scan_real(STR("abc"), &x), 0);
}

/* On both sides of the line up to which a product or quotient is exact, the C library agrees. */
static void short_reals_are_the_nearest(void **state)
{
    struct rng r;
    rng_init(&r, 2, 0);
    for (int i = 0; i < 20000; i++) {
        uint64_t digits = rng_u64(&r) >> (rng_below(&r, 54) + 10);
        int exponent = (int)rng_below(&r, 61) - 30;
        char text[64];
        double x = 42;
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exponent);
        assert_true(number_parse_real(str_of(text), &x));
        assert_real(x, strtod(text, NULL));
    }
}

static void locale_changes_nothing(void **state)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        SKIP("no locale with a decimal comma is installed");
    writes_the_shortest(state);
    parses_reals(state);
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_shortest),    cmocka_unit_test(real_stays_real),
        cmocka_unit_test(short_is_for_people),    cmocka_unit_test(round_trips),
        cmocka_unit_test(powers_are_as_by_trial), cmocka_unit_test(edges_are_as_by_trial),
        cmocka_unit_test(any_is_as_by_trial),     cmocka_unit_test(parses_integers),
        cmocka_unit_test(parses_reals),           cmocka_unit_test(refuses_what_is_no_real),
        cmocka_unit_test(scan_takes_the_longest), cmocka_unit_test(short_reals_are_the_nearest),
        cmocka_unit_test(locale_changes_nothing),
    };
    return RUN_TESTS(tests);
}
