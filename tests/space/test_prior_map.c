/*
 * Priors against the cube: what is decoded is accepted, encoding gives it back, and draws are
 * spread as the prior says. Random priors and points; the seed is printed.
 */
#include "space/making.h"

#include "base/stats.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>

static struct arena arena;
static struct rng rng;

static int set_up(void **state)
{
    arena_init(&arena, 256 << 20);
    rng_init(&rng, test_seed(), 0);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(&arena);
    return 0;
}

static struct prior parse(const char *text)
{
    struct prior p;
    struct error e = {0};
    if (prior_parse(&arena, str_of(text), (struct location){0}, &p, &e) != OK)
        fail_msg("%s: %s", text, message_of(&e));
    return p;
}

static struct value decode(const struct prior *p, const double *u)
{
    struct value v;
    assert_ok(prior_decode(p, &arena, u, &v));
    return v;
}

static bool is_close(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_REAL && b->type == VALUE_REAL)
        return fabs(a->r - b->r) <= 1e-9 * (fabs(a->r) + fabs(b->r)) + 1e-12;
    return value_equal(a, b);
}

/* Whatever the point, the value is one of the prior's, is taken as it stands, and comes back from
 * its code; of the corners too. */
static void check_point(const char *text, const struct prior *p, const double *u)
{
    struct value v = decode(p, u), taken = v, back;
    struct error e = {0};
    double code[PRIOR_ITEMS_MAX];
    if (prior_accept(p, &arena, &taken, &e) != OK)
        fail_msg("%s: %.17g gives %s: %s", text, u[0], value_show(&v).text, e.message);
    assert_true(value_equal(&v, &taken));
    prior_encode(p, &v, code);
    for (int k = 0; k < prior_units(p); k++)
        assert_true(code[k] >= 0 && code[k] <= 1);
    back = decode(p, code);
    if (!is_close(&v, &back))
        fail_msg("%s: %s becomes %.17g and that %s", text, value_show(&v).text, code[0],
                 value_show(&back).text);
}

static void check_prior(const char *text, int points)
{
    struct prior p = parse(text);
    double u[PRIOR_ITEMS_MAX];
    for (int i = 0; i < points; i++) {
        for (int k = 0; k < prior_units(&p); k++)
            u[k] = i == 0 ? 0 : i == 1 ? 1 : i == 2 ? 0.5 : rng_unit(&rng);
        check_point(text, &p, u);
    }
}

static void round_trips(void **state)
{
    static const char *const priors[] = {
        "uniform(0, 1)",
        "uniform(-1e308, 1e308)",
        "uniform(3, 3)",
        "uniform(0, 1, step=0.1)",
        "uniform(-0.7, 0.7, step=0.07)",
        "uniform(0.1, 0.1)",
        "uniform(0, 2.5e-9, step=5e-10)",
        "uniform(0.3333333333333333, 1.6666666666666665, step=0.3333333333333333)",
        "loguniform(1e-4, 1)",
        "loguniform(1e-300, 1e300)",
        "loguniform(5, 5)",
        "normal(0, 1)",
        "normal(-100, 1e-3)",
        "normal(0, 1, 3, 5)",
        "normal(0, 1, -5, -4)",
        "normal(0, 1, lo=2)",
        "normal(0, 1, hi=-2)",
        "normal(0, 1, 0.5, 0.5)",
        "lognormal(0, 1)",
        "lognormal(3, 2, 0.1, 100)",
        "lognormal(0, 1, lo=1)",
        "int(0, 0)",
        "int(-5, 5)",
        "int(0, 1000000, step=1000)",
        "int(-9223372036854775808, -9223372036854775807)",
        "int(9223372036854775797, 9223372036854775807)",
        "int(-9223372036854775808, 9223372036854775807, step=4294967295)",
        "int(0, 2251799813685247)",
        "logint(1, 10)",
        "logint(16, 512)",
        "logint(7, 7)",
        "logint(1, 1099511627776)",
        "choice(a, b, 3)",
        "choice(a=5, b, c=0.001)",
        "ordinal(1, 2, 4, 8)",
        "flag()",
        "subset(a, b, c, d)",
        "subset(a, b, c, d, min=2, max=3)",
        "subset(a, b, c, min=3)",
        "subset(a, b, c, max=0)",
        "permutation(a)",
        "permutation(a, b, c, d, e, f)",
    };
    for (size_t i = 0; i < sizeof(priors) / sizeof(priors[0]); i++)
        check_prior(priors[i], 500);
}

static void round_trips_random_ints(void **state)
{
    for (int i = 0; i < 2000; i++) {
        char text[128];
        uint64_t width = rng_below(&rng, (uint64_t)1 << rng_below(&rng, 52));
        int64_t lo = (int64_t)(rng_u64(&rng) >> rng_below(&rng, 64));
        if (lo > INT64_MAX - (int64_t)width)
            lo = INT64_MIN + (int64_t)width;
        snprintf(text, sizeof(text), "int(%lld, %lld)", (long long)lo,
                 (long long)(lo + (int64_t)width));
        check_prior(text, 20);
    }
}

/* 2^64 cells: nothing overflows, the ends are reached, and order is kept. */
static void maps_all_integers(void **state)
{
    struct prior p = parse("int(-9223372036854775808, 9223372036854775807)");
    double zero = 0, one = 1, half = 0.5, u;
    assert_int_equal(decode(&p, &zero).i, INT64_MIN);
    assert_int_equal(decode(&p, &half).i, 0);
    assert_true(decode(&p, &one).i >= INT64_MAX - 2048);
    struct value v = value_int(INT64_MAX);
    prior_encode(&p, &v, &u);
    assert_true(u <= 1 && u > 0.9999);
    for (int i = 0; i < 1000; i++) {
        double a = rng_unit(&rng), b = rng_unit(&rng);
        assert_true((a <= b) == (decode(&p, &a).i <= decode(&p, &b).i));
        v = value_int((int64_t)rng_u64(&rng));
        prior_encode(&p, &v, &u);
        double distance = (double)decode(&p, &u).i - (double)v.i;
        assert_true(fabs(distance) <= 4096);
    }
}

static void grid_values_are_clean(void **state)
{
    struct prior p = parse("uniform(0, 1, step=0.1)");
    static const double wanted[] = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1};
    for (int i = 0; i < 11; i++) {
        double u = (i + 0.5) / 11;
        assert_real(decode(&p, &u).r, wanted[i]);
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's distance between draws and the distribution function. */
static double distance(const struct prior *p, double (*cdf)(double))
{
    enum { DRAWS = 4000 };
    static double x[DRAWS];
    double most = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = rng_unit(&rng);
        x[i] = decode(p, &u).r;
    }
    qsort(x, DRAWS, sizeof(*x), compare);
    for (int i = 0; i < DRAWS; i++)
        most = fmax(most, fabs(cdf(x[i]) - (i + 0.5) / DRAWS));
    return most;
}

static double cdf_log(double x)
{
    return (log(x) - log(1e-4)) / (log(1) - log(1e-4));
}

static double cdf_tail(double x)
{
    return 1 - (normal_cdf(-x) - normal_cdf(-5)) / (normal_cdf(-3) - normal_cdf(-5));
}

static double cdf_lognormal(double x)
{
    return normal_cdf((log(x) - 1) / 2);
}

/* At 4,000 draws a distance past 0.04 comes by chance once in 10^5 times. */
static void draws_follow_the_prior(void **state)
{
    struct prior p = parse("loguniform(1e-4, 1)");
    assert_true(distance(&p, cdf_log) < 0.04);
    p = parse("normal(0, 1)");
    assert_true(distance(&p, normal_cdf) < 0.04);
    p = parse("normal(0, 1, 3, 5)");
    assert_true(distance(&p, cdf_tail) < 0.04);
    p = parse("lognormal(1, 2)");
    assert_true(distance(&p, cdf_lognormal) < 0.04);
}

static void cells_have_their_sizes(void **state)
{
    enum { DRAWS = 40000 };
    struct prior weighted = parse("choice(a=3, b)"), log = parse("logint(1, 3)");
    int a = 0, ones = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = (i + 0.5) / DRAWS;
        struct value v = decode(&weighted, &u);
        a += str_is(v.s, "a");
        ones += decode(&log, &u).i == 1;
    }
    assert_near((double)a / DRAWS, 0.75, 1e-3);
    assert_near((double)ones / DRAWS, 0.5645750, 1e-3); /* log 3 / log 7 */
}

/* Too few items: the ones that came nearest are added; too many: those that were in barely go. */
static void repairs_subsets(void **state)
{
    struct prior p = parse("subset(a, b, c, d, min=1, max=2)");
    const double none[] = {0.1, 0.4, 0.3, 0.2}, all[] = {0.9, 0.6, 0.8, 0.7};
    struct value v = decode(&p, none);
    assert_string_equal(value_show(&v).text, "[b]");
    v = decode(&p, all);
    assert_string_equal(value_show(&v).text, "[a, c]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips, set_up, tear_down),
        cmocka_unit_test_setup_teardown(round_trips_random_ints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(maps_all_integers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(grid_values_are_clean, set_up, tear_down),
        cmocka_unit_test_setup_teardown(draws_follow_the_prior, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cells_have_their_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(repairs_subsets, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
