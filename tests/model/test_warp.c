/*
 * Warps against the formula, and Gaussian processes on warped inputs: gradients against
 * differences, and what a warp is good for.
 */
#include "bed.h"
#include "space/making.h"
#include "testing.h"

#include <math.h>

enum { N = 30 };

/* Warped: a, b, d, o and, where it is active, c. */
static const char *const mixed =
    "a: uniform(0, 1)\nm: choice(p, q, r)\nb: loguniform(1e-3, 1)\nc: uniform(0, 1) when m == "
    "\"p\"\n"
    "d: int(1, 200)\ne: int(1, 3)\no: ordinal(1, 2, 4, 8)\ns: subset(u, v)\nw: permutation(x, y)";

static double wave(const double *row)
{
    return sin(5 * row[0]);
}

static void draw_hyper(struct bed *b, const struct gp *g, double *ret)
{
    for (size_t i = 0; i < g->n_hyper; i++)
        ret[i] = 0.5 * rng_normal(&b->rng);
    ret[b->x->n_groups] = g->prior == GP_SCALED ? 0 : ret[b->x->n_groups];
    ret[b->x->n_groups + 1] = -3;
}

static void numbers_on_a_scale_are_warped(void **state)
{
    struct bed *b = bed_new(mixed, 1);
    static const char *const names[] = {"a", "b", "c", "d", "o"};
    assert_int_equal(b->warp.n, 5);
    for (size_t i = 0; i < b->warp.n; i++) {
        int param = b->x->columns[b->warp.columns[i]].param;
        assert_true(str_is(b->space->params[param].name, names[i]));
    }
    bed_free(b);
}

static double formula(double a, double b, double u)
{
    u = u < 1e-6 ? 1e-6 : u > 1 - 1e-6 ? 1 - 1e-6 : u;
    return -expm1(b * log1p(-pow(u, a)));
}

/* Over the whole range of a and b, ends included; blocks, rows and slopes agree. */
static void warps_are_the_formula(void **state)
{
    static const double us[] = {0, 1e-9, 1e-3, 0.25, 0.5, 0.75, 0.999, 1 - 1e-9, 1};
    struct bed *b = bed_new("u: uniform(0, 1)", 1);
    struct points warped;
    double by_a[ROOM], by_b[ROOM], row, by_u, shape[2];
    assert_ok(points_init(&warped, &b->arena, 1, ROOM));
    for (size_t i = 0; i < 9; i++)
        points_add(&b->points, &us[i]);
    for (int ka = -2; ka <= 2; ka++)
        for (int kb = -2; kb <= 2; kb++) {
            double logs[] = {ka * WARP_MOST / 2, kb * WARP_MOST / 2};
            warp_shape(&b->warp, logs, shape);
            warp_points(&b->warp, shape, &b->points, 0, 9, &warped, 3, by_a, by_b);
            for (size_t i = 0; i < 9; i++) {
                double w = warped.v[3 + i];
                assert_near(w, formula(exp(logs[0]), exp(logs[1]), us[i]), 1e-12);
                assert_true(i == 0 || w >= warped.v[2 + i]);
                warp_row(&b->warp, shape, 1, &us[i], &row, &by_u);
                assert_real(row, w);
                assert_true(isfinite(by_u) && by_u > 0);
                assert_true(isfinite(by_a[3 + i]) && isfinite(by_b[3 + i]));
                if (ka == 0 && kb == 0)
                    assert_near(w, us[i], us[i] > 1e-6 && us[i] < 1 - 1e-6 ? 1e-15 : 1.1e-6);
            }
        }
    bed_free(b);
}

static void fits_have_gradients(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    bed_add(b, N, wave);
    for (int prior = 0; prior < 2; prior++) {
        struct gp g = bed_gp(b, &b->warp, prior ? GP_SPARSE : GP_SCALED);
        double hyper[HYPER];
        assert_int_equal(g.n_hyper, b->x->n_groups + 2 + 10);
        for (int round = 0; round < 10; round++) {
            draw_hyper(b, &g, hyper);
            check_posterior_gradient(b, &g, N, hyper);
        }
    }
    bed_free(b);
}

/* A row's gradient is that of the row as it is, not warped. */
static void rows_have_gradients(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    double hyper[HYPER];
    bed_add(b, 40, wave);
    struct gp g = bed_gp(b, &b->warp, GP_SCALED);
    draw_hyper(b, &g, hyper);
    gp_set(&g, hyper);
    check_rows(b, &g, 1e-6, 1e-4);
    bed_free(b);
}

/* a = b = 1: the process is the one without a warp, to rounding. */
static void no_warp_is_a_warp(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    double mean[2][GP_BLOCK], variance[2][GP_BLOCK], hyper[HYPER], *work;
    bed_add(b, 40, wave);
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    struct gp plain = bed_gp(b, NULL, GP_SPARSE), warped = bed_gp(b, &b->warp, GP_SPARSE);
    draw_hyper(b, &plain, hyper);
    memset(hyper + plain.n_hyper, 0, 2 * b->warp.n * sizeof(*hyper));
    gp_set(&plain, hyper);
    gp_set(&warped, hyper);
    assert_near(gp_log_posterior(&plain, &b->room, N, b->y, hyper, NULL),
                gp_log_posterior(&warped, &b->room, N, b->y, hyper, NULL), 1e-8);
    assert_true(gp_condition(&plain, &b->room, N, b->y));
    assert_true(gp_condition(&warped, &b->room, N, b->y));
    gp_predict(&plain, &b->room, &b->points, N, 10, work, mean[0], GP_BLOCK, variance[0]);
    gp_predict(&warped, &b->room, &b->points, N, 10, work, mean[1], GP_BLOCK, variance[1]);
    for (size_t i = 0; i < 10; i++) {
        assert_near(mean[0][i], mean[1][i], 1e-9);
        assert_near(variance[0][i], variance[1][i], 1e-9);
    }
    bed_free(b);
}

/* Fast at one end, slow at the other. */
static double lopsided(double u)
{
    return sin(12 * pow(u, 0.3));
}

static double error_of(const struct gp *g, struct bed *b, double *work)
{
    double sum = 0, variance[GP_BLOCK], mean[GP_BLOCK];
    struct points test;
    assert_ok(points_init(&test, &b->arena, 1, GP_BLOCK));
    for (size_t i = 0; i < GP_BLOCK; i++) {
        double u = ((double)i + 0.5) / GP_BLOCK;
        points_add(&test, &u);
    }
    gp_predict(g, &b->room, &test, 0, GP_BLOCK, work, mean, GP_BLOCK, variance);
    for (size_t i = 0; i < GP_BLOCK; i++)
        sum += fabs(mean[i] - lopsided(test.v[i])) / GP_BLOCK;
    return sum;
}

static void a_warp_straightens(void **state)
{
    struct bed *b = bed_new("u: uniform(0, 1)", test_seed());
    double *work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    for (size_t i = 0; i < 24; i++) {
        double u = ((double)i + 0.5) / 24;
        b->y[i] = lopsided(u);
        points_add(&b->points, &u);
    }
    for (int prior = 0; prior < 2; prior++) {
        enum gp_prior p = prior ? GP_SPARSE : GP_SCALED;
        struct gp plain = bed_gp(b, NULL, p), warped = bed_gp(b, &b->warp, p);
        double without = gp_fit(&plain, &b->room, 24, b->y, 100);
        double with = gp_fit(&warped, &b->room, 24, b->y, 100);
        assert_true(gp_condition(&plain, &b->room, 24, b->y));
        assert_true(gp_condition(&warped, &b->room, 24, b->y));
        assert_true(with > without + 5);
        assert_true(warped.hyper[warped.n_hyper - 2] < -0.5);
        assert_true(error_of(&warped, b, work) < 0.7 * error_of(&plain, b, work));
    }
    bed_free(b);
}

/* Numbers from elsewhere may be any. */
static void hyperparameters_are_bounded(void **state)
{
    struct bed *b = bed_new("u: uniform(0, 1)", 1);
    struct gp g = bed_gp(b, &b->warp, GP_SPARSE);
    double hyper[] = {0, 0, -3, 1e300, (double)NAN};
    bed_add(b, 5, wave);
    gp_set(&g, hyper);
    assert_real(g.hyper[3], WARP_MOST);
    assert_real(g.hyper[4], 0.0);
    assert_true(gp_condition(&g, &b->room, 5, b->y));
    assert_true(isfinite(gp_fit(&g, &b->room, 5, b->y, 30)));
    for (int i = 3; i < 5; i++)
        assert_true(fabs(g.hyper[i]) <= WARP_MOST);
    bed_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_on_a_scale_are_warped),
        cmocka_unit_test(warps_are_the_formula),
        cmocka_unit_test(fits_have_gradients),
        cmocka_unit_test(rows_have_gradients),
        cmocka_unit_test(no_warp_is_a_warp),
        cmocka_unit_test(a_warp_straightens),
        cmocka_unit_test(hyperparameters_are_bounded),
    };
    return RUN_TESTS(tests);
}
