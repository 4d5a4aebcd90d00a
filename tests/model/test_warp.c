/*
 * Warps against the formula, and Gaussian processes on warped inputs: gradients against
 * differences, and what a warp is good for.
 */
#include "model/gp.h"
#include "space/making.h"
#include "testing.h"

#include <math.h>

enum { N = 30, ROOM = 64, COLUMNS = 12, HYPER = 32 };

/* Warped: a, b, d, o and, where it is active, c. */
static const char *const mixed =
    "a: uniform(0, 1)\nm: choice(p, q, r)\nb: loguniform(1e-3, 1)\nc: uniform(0, 1) when m == "
    "\"p\"\n"
    "d: int(1, 200)\ne: int(1, 3)\no: ordinal(1, 2, 4, 8)\ns: subset(u, v)\nw: permutation(x, y)";

struct bed {
    struct space *space;
    struct encoding *x;
    struct arena arena;
    struct warp warp;
    struct points points;
    struct gp_room room;
    struct rng rng;
    double y[ROOM];
};

static void add_points(struct bed *b, size_t n)
{
    struct value values[16];
    double u[16], row[COLUMNS];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < b->x->n_units; k++)
            u[k] = rng_unit(&b->rng);
        assert_ok(encoding_point(b->x, &b->arena, u, values, row, NULL));
        b->y[b->points.n] = sin(5 * row[0]) + 0.1 * rng_normal(&b->rng);
        points_add(&b->points, row);
    }
}

static struct bed *bed_new(const char *text, uint64_t seed)
{
    struct bed *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->space = must_make(text);
    assert_ok(encoding_new(b->space, &b->x, NULL));
    assert_true(b->x->n_columns <= COLUMNS);
    arena_init(&b->arena, 1 << 26);
    assert_ok(warp_init(&b->warp, &b->arena, b->x));
    assert_ok(points_init(&b->points, &b->arena, b->x->n_columns, ROOM));
    assert_ok(gp_room_init(&b->room, &b->arena, b->x, &b->warp, ROOM));
    rng_init(&b->rng, seed, 0);
    return b;
}

static void bed_free(struct bed *b)
{
    arena_free(&b->arena);
    encoding_free(b->x);
    space_free(b->space);
    free(b);
}

static struct gp gp_of(struct bed *b, const struct warp *warp, enum gp_prior prior)
{
    struct gp g;
    assert_ok(gp_init(&g, &b->arena, b->x, warp, prior, &b->points, ROOM, 4));
    return g;
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
    add_points(b, N);
    for (int prior = 0; prior < 2; prior++) {
        struct gp g = gp_of(b, &b->warp, prior ? GP_SPARSE : GP_SCALED);
        double hyper[HYPER], gradient[HYPER], unused[HYPER];
        assert_int_equal(g.n_hyper, b->x->n_groups + 2 + 10);
        for (int round = 0; round < 10; round++) {
            draw_hyper(b, &g, hyper);
            (void)gp_log_posterior(&g, &b->room, N, b->y, hyper, gradient);
            for (size_t i = 0; i < g.n_hyper; i++) {
                const double h = 1e-5;
                hyper[i] += h;
                double up = gp_log_posterior(&g, &b->room, N, b->y, hyper, unused);
                hyper[i] -= 2 * h;
                double down = gp_log_posterior(&g, &b->room, N, b->y, hyper, NULL);
                hyper[i] += h;
                assert_near(gradient[i], (up - down) / (2 * h), 1e-4 * (1 + fabs(gradient[i])));
            }
        }
    }
    bed_free(b);
}

/* With pending rows taken in: what is said of one row is what is said of it in a block, and its
 * gradient is that of the row as it is, not warped. */
static void rows_have_gradients(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    struct gp_at at;
    double mean[4 * GP_BLOCK], variance[GP_BLOCK], z[4 * 3], drawn[12], hyper[HYPER], *work;
    double row[COLUMNS], gradient[COLUMNS];
    add_points(b, 40);
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    struct gp g = gp_of(b, &b->warp, GP_SCALED);
    draw_hyper(b, &g, hyper);
    gp_set(&g, hyper);
    assert_ok(gp_at_init(&at, &b->arena, &g));
    assert_true(gp_condition(&g, &b->room, 20, b->y));
    for (size_t i = 0; i < 12; i++)
        z[i] = rng_normal(&b->rng);
    assert_true(gp_extend(&g, &b->room, 3, 4, z, drawn));
    gp_predict(&g, &b->room, &b->points, 23, 17, work, mean, GP_BLOCK, variance);
    for (size_t i = 0; i < 17; i++) {
        const double weights[4] = {0.5, -1, 2, 0.25}, h = 1e-6;
        points_get(&b->points, 23 + i, row);
        gp_predict_row(&g, row, &at);
        for (size_t s = 0; s < 4; s++)
            assert_near(at.mean[s], mean[s * GP_BLOCK + i], 1e-10);
        assert_near(at.variance, variance[i], 1e-10);
        memset(gradient, 0, sizeof(gradient));
        gp_row_gradient(&g, &at, row, weights, 3, gradient);
        for (size_t c = 0; c < b->x->n_columns; c++) {
            if (b->x->columns[c].kind != COLUMN_NUMBER || row[c] < 0.01 || row[c] > 0.99)
                continue;
            double sum[2];
            for (int side = 0; side < 2; side++) {
                row[c] += side ? -2 * h : h;
                gp_predict_row(&g, row, &at);
                sum[side] = 3 * at.variance;
                for (size_t s = 0; s < 4; s++)
                    sum[side] += weights[s] * at.mean[s];
            }
            row[c] += h;
            assert_near(gradient[c], (sum[0] - sum[1]) / (2 * h), 1e-4 * (1 + fabs(gradient[c])));
        }
    }
    bed_free(b);
}

/* a = b = 1: the process is the one without a warp, to rounding. */
static void no_warp_is_a_warp(void **state)
{
    struct bed *b = bed_new(mixed, test_seed());
    double mean[2][GP_BLOCK], variance[2][GP_BLOCK], hyper[HYPER], *work;
    add_points(b, 40);
    work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    struct gp plain = gp_of(b, NULL, GP_SPARSE), warped = gp_of(b, &b->warp, GP_SPARSE);
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
        struct gp plain = gp_of(b, NULL, p), warped = gp_of(b, &b->warp, p);
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
    struct gp g = gp_of(b, &b->warp, GP_SPARSE);
    double hyper[] = {0, 0, -3, 1e300, (double)NAN};
    add_points(b, 5);
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
