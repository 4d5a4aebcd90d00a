#include "bed.h"

#include "space/making.h"
#include "testing.h"

#include <math.h>

struct bed *bed_new(const char *text, uint64_t seed)
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

void bed_free(struct bed *b)
{
    arena_free(&b->arena);
    encoding_free(b->x);
    space_free(b->space);
    free(b);
}

void bed_add(struct bed *b, size_t n, double (*value)(const double *row))
{
    struct value values[16];
    double u[16], row[COLUMNS];
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < b->x->n_units; k++)
            u[k] = rng_unit(&b->rng);
        assert_ok(encoding_point(b->x, &b->arena, u, values, row, NULL));
        b->y[b->points.n] = value(row) + 0.1 * rng_normal(&b->rng);
        points_add(&b->points, row);
    }
}

struct gp bed_gp(struct bed *b, const struct warp *warp, enum gp_prior prior)
{
    struct gp g;
    assert_ok(gp_init(&g, &b->arena, b->x, warp, prior, &b->points, ROOM, 4));
    return g;
}

void check_posterior_gradient(struct bed *b, struct gp *g, size_t n, double *hyper)
{
    double gradient[HYPER], unused[HYPER];
    const double h = 1e-5;
    assert_true(g->n_hyper <= HYPER);
    (void)gp_log_posterior(g, &b->room, n, b->y, hyper, gradient);
    for (size_t i = 0; i < g->n_hyper; i++) {
        hyper[i] += h;
        double up = gp_log_posterior(g, &b->room, n, b->y, hyper, unused);
        hyper[i] -= 2 * h;
        double down = gp_log_posterior(g, &b->room, n, b->y, hyper, NULL);
        hyper[i] += h;
        assert_near(gradient[i], (up - down) / (2 * h), 1e-4 * (1 + fabs(gradient[i])));
    }
}

/* Whose gradient is checked, and how. */
struct row_check {
    struct gp *g;
    struct gp_at at;
    double weights[4]; /* of the four sides' means; the variance has 3 */
    double h, tolerance;
};

static double weighed(struct row_check *x, const double *row)
{
    gp_predict_row(x->g, row, &x->at);
    double sum = 3 * x->at.variance;
    for (size_t s = 0; s < 4; s++)
        sum += x->weights[s] * x->at.mean[s];
    return sum;
}

/* Categories have no gradient, and a warp is too steep for differences at its ends. */
static void check_row_gradient(const struct bed *b, struct row_check *x, double *row)
{
    double gradient[COLUMNS] = {0};
    gp_row_gradient(x->g, &x->at, row, x->weights, 3, gradient);
    for (size_t c = 0; c < b->x->n_columns; c++) {
        if (b->x->columns[c].kind != COLUMN_NUMBER) {
            assert_real(gradient[c], 0.0);
            continue;
        }
        if (x->g->warp && (row[c] < 0.01 || row[c] > 0.99))
            continue;
        row[c] += x->h;
        double up = weighed(x, row);
        row[c] -= 2 * x->h;
        double down = weighed(x, row);
        row[c] += x->h;
        assert_near(gradient[c], (up - down) / (2 * x->h), x->tolerance * (1 + fabs(gradient[c])));
    }
}

void check_rows(struct bed *b, struct gp *g, double h, double tolerance)
{
    struct row_check x = {.g = g, .weights = {0.5, -1, 2, 0.25}, .h = h, .tolerance = tolerance};
    double mean[4 * GP_BLOCK], variance[GP_BLOCK], z[4 * 3], drawn[12], row[COLUMNS];
    double *work = arena_array(&b->arena, ROOM, GP_BLOCK * sizeof(double));
    assert_non_null(work);
    assert_int_equal(b->points.n, 40);
    assert_ok(gp_at_init(&x.at, &b->arena, g));
    assert_true(gp_condition(g, &b->room, 20, b->y));
    for (size_t i = 0; i < 12; i++)
        z[i] = rng_normal(&b->rng);
    assert_true(gp_extend(g, &b->room, 3, 4, z, drawn));
    gp_predict(g, &b->room, &b->points, 23, 17, work, mean, GP_BLOCK, variance);
    for (size_t i = 0; i < 17; i++) {
        points_get(&b->points, 23 + i, row);
        gp_predict_row(g, row, &x.at);
        for (size_t s = 0; s < 4; s++)
            assert_near(x.at.mean[s], mean[s * GP_BLOCK + i], 1e-10);
        assert_near(x.at.variance, variance[i], 1e-10);
        check_row_gradient(b, &x, row);
    }
}
