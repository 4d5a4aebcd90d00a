#include "search/sobol/points.h"

#include "base/rng.h"
#include "fixture.h"

#include <math.h>

static struct sobol *make(size_t dims, bool scramble, uint64_t seed)
{
    struct sobol *s;
    assert_ok(sobol_new(dims, scramble, seed, &s, NULL));
    return s;
}

/* As SciPy 1.17's qmc.Sobol(8, scramble=False) gives them. */
static void first_points_are_known(void **state)
{
    static const double points[8][8] = {
        {0, 0, 0, 0, 0, 0, 0, 0},
        {.5, .5, .5, .5, .5, .5, .5, .5},
        {.75, .25, .25, .25, .75, .75, .25, .75},
        {.25, .75, .75, .75, .25, .25, .75, .25},
        {.375, .375, .625, .875, .375, .125, .375, .875},
        {.875, .875, .125, .375, .875, .625, .875, .375},
        {.625, .125, .875, .625, .625, .875, .125, .125},
        {.125, .625, .375, .125, .125, .375, .625, .625},
    };
    struct sobol *s = make(8, false, 0);
    double u[8];
    for (uint64_t i = 8; i-- > 0;) { /* in any order */
        sobol_point(s, i, u);
        for (int d = 0; d < 8; d++)
            assert_real(u[d], points[i][d]);
    }
    sobol_free(s);
}

/* SciPy's point 12345 in dimensions 1, 2, 100, 500, 1000 and 1111. */
static void far_points_are_known(void **state)
{
    static const size_t dims[] = {1, 2, 100, 500, 1000, 1111};
    static const double expected[] = {0.64093017578125, 0.81341552734375, 0.53887939453125,
                                      0.94464111328125, 0.13104248046875, 0.43109130859375};
    struct sobol *s = make(1111, false, 0);
    double u[1111];
    sobol_point(s, 12345, u);
    for (size_t i = 0; i < 6; i++)
        assert_real(u[dims[i] - 1], expected[i]);
    sobol_free(s);
}

/* Any 2^k consecutive points from a multiple of 2^k put one into each of 2^k equal parts of every
 * axis, scrambled or not. */
static void every_axis_is_stratified(void **state)
{
    enum { DIMS = 1000, POINTS = 64 };
    for (int scramble = 0; scramble < 2; scramble++) {
        struct sobol *s = make(DIMS, scramble, 99);
        static uint8_t hit[DIMS][POINTS];
        static double u[DIMS];
        memset(hit, 0, sizeof(hit));
        for (uint64_t i = 0; i < POINTS; i++) {
            sobol_point(s, 5 * POINTS + i, u);
            for (int d = 0; d < DIMS; d++) {
                assert_true(u[d] >= 0 && u[d] < 1);
                hit[d][(int)(u[d] * POINTS)]++;
            }
        }
        for (int d = 0; d < DIMS; d++)
            for (int k = 0; k < POINTS; k++)
                assert_int_equal(hit[d][k], 1);
        sobol_free(s);
    }
}

/* The first two dimensions are a (0, m, 2)-net: one point in each elementary box of 1/64. */
static void the_first_plane_is_a_net(void **state)
{
    struct sobol *s = make(2, true, 5);
    for (int bits = 0; bits <= 6; bits++) {
        uint8_t hit[64] = {0};
        int across = 1 << bits, down = 64 >> bits;
        for (uint64_t i = 0; i < 64; i++) {
            double u[2];
            sobol_point(s, i, u);
            hit[(int)(u[0] * across) * down + (int)(u[1] * down)]++;
        }
        for (int k = 0; k < 64; k++)
            assert_int_equal(hit[k], 1);
    }
    sobol_free(s);
}

/* Warnock's formula for the L2 star discrepancy, squared. */
static double discrepancy(const double (*x)[4], int n)
{
    double first = pow(1.0 / 3, 4), second = 0, third = 0;
    for (int i = 0; i < n; i++) {
        double p = 1;
        for (int d = 0; d < 4; d++)
            p *= (1 - x[i][d] * x[i][d]) / 2;
        second += p;
        for (int k = 0; k < n; k++) {
            double q = 1;
            for (int d = 0; d < 4; d++)
                q *= 1 - fmax(x[i][d], x[k][d]);
            third += q;
        }
    }
    return first - 2 * second / n + third / ((double)n * n);
}

static void it_is_more_even_than_random(void **state)
{
    enum { N = 256 };
    for (uint64_t seed = 0; seed < 5; seed++) {
        print_message("# seed %d\n", (int)seed);
        static double even[N][4], random[N][4];
        struct sobol *s = make(4, true, seed);
        struct rng r;
        rng_init(&r, seed, 0);
        for (int i = 0; i < N; i++) {
            sobol_point(s, (uint64_t)i, even[i]);
            for (int d = 0; d < 4; d++)
                random[i][d] = rng_unit(&r);
        }
        assert_true(discrepancy((const double(*)[4])even, N) <
                    discrepancy((const double(*)[4])random, N) / 5);
        sobol_free(s);
    }
}

static void seeds_differ_and_repeat(void **state)
{
    struct sobol *a = make(6, true, 1), *b = make(6, true, 1), *c = make(6, true, 2);
    double u[6], v[6], w[6];
    for (uint64_t i = 0; i < 100; i++) {
        sobol_point(a, i, u);
        sobol_point(b, 99 - i, v);
        sobol_point(b, i, v);
        sobol_point(c, i, w);
        for (int d = 0; d < 6; d++) {
            assert_real(u[d], v[d]);
            assert_true(u[d] != w[d]);
        }
    }
    sobol_free(a);
    sobol_free(b);
    sobol_free(c);
}

/* Two dimensions of a scrambled sequence are scrambled apart. */
static void dimensions_are_uncorrelated(void **state)
{
    enum { DIMS = 40, N = 1024 };
    static double u[N][DIMS];
    struct sobol *s = make(DIMS, true, 3);
    for (int i = 0; i < N; i++)
        sobol_point(s, (uint64_t)i, u[i]);
    for (int a = 0; a < DIMS; a++)
        for (int b = 0; b < a; b++) {
            double sum = 0;
            for (int i = 0; i < N; i++)
                sum += (u[i][a] - 0.5) * (u[i][b] - 0.5);
            assert_near(12 * sum / N, 0, 0.15);
        }
    sobol_free(s);
}

static void beyond_the_table_points_are_padded(void **state)
{
    enum { DIMS = 5000, N = 200 };
    static double u[DIMS], mean[DIMS];
    struct sobol *s = make(DIMS, true, 3);
    for (int i = 0; i < N; i++) {
        sobol_point(s, (uint64_t)i, u);
        for (int d = 0; d < DIMS; d++) {
            assert_true(u[d] >= 0 && u[d] < 1);
            mean[d] += u[d] / N;
        }
    }
    for (int d = 0; d < DIMS; d++)
        assert_near(mean[d], 0.5, 0.12);
    sobol_free(s);
}

static void no_dimensions_are_well(void **state)
{
    struct sobol *s = make(0, true, 3);
    sobol_point(s, 3, NULL);
    sobol_free(s);
}

/* The bare sequence begins at 1/2: the corner it would start in is no value of a normal prior. */
static void the_bare_sampler_starts_in_the_middle(void **state)
{
    static const struct row rows[] = {
        {"x", "uniform(0, 1)", NULL}, {"z", "normal(3, 1)", NULL}, {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    struct searcher_settings settings = make_settings(s, "sobol(scramble=none)", 4, 0, 0);
    struct searcher *x = make_searcher(&settings);
    struct arena a;
    struct entry entry;
    struct proposal p;
    arena_init(&a, 1 << 20);
    assert_ok(searcher_begin(x, &a, &entry, NULL));
    static const double expected[] = {0.5, 0.75, 0.25, 0.375};
    for (int i = 0; i < 4; i++) {
        assert_ok(searcher_ask(x, &a, &p, &entry, NULL));
        assert_real(p.config.values[0].r, expected[i]);
        if (i == 0)
            assert_near(p.config.values[1].r, 3, 1e-12);
    }
    arena_free(&a);
    searcher_free(x);
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_points_are_known),
        cmocka_unit_test(far_points_are_known),
        cmocka_unit_test(every_axis_is_stratified),
        cmocka_unit_test(the_first_plane_is_a_net),
        cmocka_unit_test(it_is_more_even_than_random),
        cmocka_unit_test(seeds_differ_and_repeat),
        cmocka_unit_test(dimensions_are_uncorrelated),
        cmocka_unit_test(beyond_the_table_points_are_padded),
        cmocka_unit_test(no_dimensions_are_well),
        cmocka_unit_test(the_bare_sampler_starts_in_the_middle),
    };
    return RUN_TESTS(tests);
}
