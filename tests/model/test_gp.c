/*
 * The Gaussian process against formulas written out, and its gradients against differences.
 */
#include "bed.h"
#include "space/making.h"
#include "testing.h"

#include <math.h>

enum { N = 14 };

static const char *const mixed = "a: uniform(0, 1)\nb: uniform(0, 1)\nm: choice(p, q, r)\n"
                                 "c: uniform(0, 1) when m == \"p\"\nf: flag()";

static double wavy(const double *row)
{
    return sin(5 * row[0]) + 0.1 * row[1] + (row[2] > 0);
}

/* Gauss and Jordan, with pivots. */
static void solve_plainly(size_t n, double *a, size_t m, double *b)
{
    for (size_t k = 0; k < n; k++) {
        size_t pivot = k;
        for (size_t i = k; i < n; i++)
            pivot = fabs(a[i * n + k]) > fabs(a[pivot * n + k]) ? i : pivot;
        for (size_t j = 0; j < n; j++) {
            double t = a[k * n + j];
            a[k * n + j] = a[pivot * n + j];
            a[pivot * n + j] = t;
        }
        for (size_t j = 0; j < m; j++) {
            double t = b[k * m + j];
            b[k * m + j] = b[pivot * m + j];
            b[pivot * m + j] = t;
        }
        for (size_t i = 0; i < n; i++) {
            double f = i == k ? 0 : a[i * n + k] / a[k * n + k];
            for (size_t j = 0; j < n; j++)
                a[i * n + j] -= f * a[k * n + j];
            for (size_t j = 0; j < m; j++)
                b[i * m + j] -= f * b[k * m + j];
        }
    }
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < m; j++)
            b[k * m + j] /= a[k * n + k];
}

static double covariance(const struct gp *g, const struct points *p, size_t i,
                         const struct points *q, size_t k)
{
    const struct encoding *x = g->encoding;
    double s = 0;
    for (size_t c = 0; c < x->n_columns; c++) {
        double a = p->v[c * p->room + i], b = q->v[c * q->room + k];
        double d = (a - b) * (a - b);
        if (x->columns[c].kind == COLUMN_CATEGORY)
            d = a == b ? 0 : a < 0 || b < 0 ? 0.5 : 1;
        s += x->columns[c].share * d / exp(2 * g->hyper[x->columns[c].group]);
    }
    double t = sqrt(5 * s);
    return exp(g->hyper[x->n_groups]) * (1 + t + t * t / 3) * exp(-t);
}

static void posterior_is_the_formula(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    struct points test;
    double a[N * N], rhs[N * 2], mean[GP_BLOCK], variance[GP_BLOCK], *work;
    bed_add(b, N + 6, wavy);
    assert_ok(points_init(&test, &b->arena, b->x->n_columns, 6));
    for (size_t i = 0; i < 6; i++) {
        double row[8];
        points_get(&b->points, N + i, row);
        points_add(&test, row);
    }
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    struct gp g = bed_gp(b, NULL, GP_SPARSE);
    double hyper[] = {-0.5, 0.2, 0.1, 0.4, 1, 0.3, -3}, own[N];
    for (size_t i = 0; i < N; i++)
        own[i] = 0.1 * (double)(i % 4);
    g.extra = own;
    gp_set(&g, hyper);
    assert_true(gp_condition(&g, &b->room, N, b->y));
    gp_predict(&g, &b->room, &test, 0, 6, work, mean, GP_BLOCK, variance);
    for (size_t t = 0; t < 6; t++) {
        for (size_t i = 0; i < N; i++) {
            for (size_t k = 0; k < N; k++)
                a[i * N + k] =
                    covariance(&g, &b->points, i, &b->points, k) + (i == k) * (exp(-3) + own[i]);
            rhs[2 * i] = b->y[i];
            rhs[2 * i + 1] = covariance(&g, &test, t, &b->points, i);
        }
        solve_plainly(N, a, 2, rhs);
        double m = 0, v = exp(0.3);
        for (size_t i = 0; i < N; i++) {
            m += rhs[2 * i] * covariance(&g, &test, t, &b->points, i);
            v -= rhs[2 * i + 1] * covariance(&g, &test, t, &b->points, i);
        }
        assert_near(mean[t], m, 1e-10);
        assert_near(variance[t], v, 1e-10);
    }
    for (size_t i = 0; i < N; i++) {
        struct points seen = b->points;
        gp_predict(&g, &b->room, &seen, i, 1, work, mean, GP_BLOCK, variance);
        assert_near(gp_fitted(&g, b->y, i), mean[0], 1e-10);
    }
    bed_free(b);
}

static void gradients_are_differences(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    bed_add(b, N, wavy);
    for (int prior = 0; prior < 2; prior++) {
        struct gp g = bed_gp(b, NULL, prior ? GP_SPARSE : GP_SCALED);
        double hyper[HYPER], own[N];
        for (size_t i = 0; i < N; i++)
            own[i] = rng_unit(&b->rng);
        for (int round = 0; round < 10; round++) {
            for (size_t i = 0; i < g.n_hyper; i++)
                hyper[i] = rng_normal(&b->rng);
            hyper[g.n_hyper - 1] -= 3;
            g.extra = round % 2 ? own : NULL;
            check_posterior_gradient(b, &g, N, hyper);
        }
    }
    bed_free(b);
}

static void rows_are_predicted_as_blocks_are(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    bed_add(b, 40, wavy);
    struct gp g = bed_gp(b, NULL, GP_SCALED);
    check_rows(b, &g, 1e-5, 1e-5);
    bed_free(b);
}

/* Taking rows in later is as taking them in at once with the outputs that were drawn. */
static void extending_is_conditioning(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    double z[4 * 5] = {0}, drawn[4 * 5], mean[GP_BLOCK], variance[GP_BLOCK], *work;
    bed_add(b, 25, wavy);
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    struct gp g = bed_gp(b, NULL, GP_SPARSE), whole = bed_gp(b, NULL, GP_SPARSE);
    assert_true(gp_condition(&g, &b->room, 20, b->y));
    gp_predict(&g, &b->room, &b->points, 20, 5, work, mean, GP_BLOCK, variance);
    for (size_t i = 5; i < 20; i++)
        z[i] = rng_normal(&b->rng);
    assert_true(gp_extend(&g, &b->room, 5, 4, z, drawn));
    assert_near(drawn[0], mean[0], 1e-10); /* side 0 has no noise: it is the mean */
    for (size_t s = 0; s < 4; s++) {
        memcpy(b->y + 20, drawn + s * 5, 5 * sizeof(double));
        assert_true(gp_condition(&whole, &b->room, 25, b->y));
        for (size_t i = 0; i < 25; i++)
            assert_near(g.alpha[s * g.room + i], whole.alpha[i], 1e-7);
    }
    for (size_t i = 0; i < 25; i++)
        for (size_t k = 0; k <= i; k++)
            assert_real(g.l[i * g.room + k], whole.l[i * g.room + k]);
    bed_free(b);
}

static void fitting_climbs_and_tells_what_matters(void **state)
{
    struct bed *b = bed_new("a: uniform(0, 1)\nb: uniform(0, 1)", test_seed());
    double row[2];
    for (size_t i = 0; i < ROOM; i++) {
        row[0] = rng_unit(&b->rng);
        row[1] = rng_unit(&b->rng);
        b->y[i] = sin(8 * row[0]);
        points_add(&b->points, row);
    }
    for (int prior = 0; prior < 2; prior++) {
        struct gp g = bed_gp(b, NULL, prior ? GP_SPARSE : GP_SCALED);
        double before = gp_log_posterior(&g, &b->room, ROOM, b->y, g.hyper, NULL);
        double after = gp_fit(&g, &b->room, ROOM, b->y, 50);
        assert_true(after > before + 1);
        assert_near(after, gp_log_posterior(&g, &b->room, ROOM, b->y, g.hyper, NULL), 1e-9);
        assert_true(g.hyper[1] > g.hyper[0] + 0.5);
        assert_true(g.hyper[g.n_hyper - 1] < -6);
    }
    bed_free(b);
}

/* The same row again and again, with different values, and values that are all equal. */
static void copies_are_noise(void **state)
{
    struct bed *b = bed_new(mixed, 1);
    double row[8] = {0.5, 0.5, 0, 0.5, 0}, mean[GP_BLOCK], variance[GP_BLOCK], *work;
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    for (size_t i = 0; i < ROOM; i++) {
        b->y[i] = i % 2 ? 1 : -1;
        points_add(&b->points, row);
    }
    for (int equal = 0; equal < 2; equal++) {
        struct gp g = bed_gp(b, NULL, GP_SCALED);
        for (size_t i = 0; equal && i < ROOM; i++)
            b->y[i] = 0;
        assert_true(isfinite(gp_fit(&g, &b->room, ROOM, b->y, 50)));
        assert_true(gp_condition(&g, &b->room, ROOM, b->y));
        gp_predict(&g, &b->room, &b->points, 0, 1, work, mean, GP_BLOCK, variance);
        assert_near(mean[0], 0, 1e-3);
        assert_true(isfinite(variance[0]) && variance[0] > 0);
        assert_true(equal || g.noise > 0.1);
    }
    bed_free(b);
}

static void one_row_and_none(void **state)
{
    struct bed *b = bed_new(mixed, 2);
    double mean[GP_BLOCK], variance[GP_BLOCK], *work;
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    bed_add(b, 2, wavy);
    for (size_t n = 0; n < 2; n++) {
        struct gp g = bed_gp(b, NULL, GP_SPARSE);
        (void)gp_fit(&g, &b->room, n, b->y, 20);
        assert_true(gp_condition(&g, &b->room, n, b->y));
        gp_predict(&g, &b->room, &b->points, 0, 2, work, mean, GP_BLOCK, variance);
        assert_true(isfinite(mean[1]) && variance[1] > 0);
        if (n == 0)
            assert_real(mean[1], 0.0);
    }
    bed_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posterior_is_the_formula),
        cmocka_unit_test(gradients_are_differences),
        cmocka_unit_test(rows_are_predicted_as_blocks_are),
        cmocka_unit_test(extending_is_conditioning),
        cmocka_unit_test(fitting_climbs_and_tells_what_matters),
        cmocka_unit_test(copies_are_noise),
        cmocka_unit_test(one_row_and_none),
    };
    return RUN_TESTS(tests);
}
