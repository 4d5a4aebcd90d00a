/*
 * The Gaussian process: taking in data and predicting. gp_fit.c finds the hyperparameters.
 */
#include "model/gp.h"

#include "base/linalg.h"
#include "base/vec.h"
#include "model/gp_parts.h"

#include <math.h>
#include <string.h>

/* Below this share of the function's variance, a variance is rounding. */
#define VARIANCE_LEAST 1e-10

size_t gp_hyper_count(const struct encoding *x, const struct warp *warp)
{
    return x->n_groups + 2 + (warp ? 2 * warp->n : 0);
}

static enum code warped_init(struct gp *g, struct arena *a)
{
    g->shape = arena_array(a, g->warp->n, 2 * sizeof(*g->shape));
    return g->shape ? points_init(&g->warped, a, g->encoding->n_columns, g->room) : E_NOMEM;
}

enum code gp_init(struct gp *g, struct arena *a, const struct encoding *encoding,
                  const struct warp *warp, enum gp_prior prior, const struct points *x, size_t room,
                  size_t sides)
{
    size_t square, outputs, n_hyper = gp_hyper_count(encoding, warp);
    if (__builtin_mul_overflow(room, room, &square) ||
        __builtin_mul_overflow(room, sides, &outputs))
        return E_NOMEM;
    *g = (struct gp){.encoding = encoding,
                     .prior = prior,
                     .x = x,
                     .warp = warp,
                     .room = room,
                     .n_hyper = n_hyper,
                     .sides_room = sides,
                     .n_sides = 1};
    g->hyper = arena_array(a, n_hyper, sizeof(*g->hyper));
    g->l = arena_array(a, square, sizeof(*g->l));
    g->white = arena_array(a, outputs, sizeof(*g->white));
    g->alpha = arena_array(a, outputs, sizeof(*g->alpha));
    if (!g->hyper || !g->l || !g->white || !g->alpha || kernel_init(&g->kernel, a, encoding) != OK)
        return E_NOMEM;
    if (warp && warped_init(g, a) != OK)
        return E_NOMEM;
    gp_start(g);
    return OK;
}

/* Rows from .. to - 1 of what is seen, by the warp that is set. */
static void take_in(struct gp *g, size_t from, size_t to)
{
    if (g->warp)
        warp_points(g->warp, g->shape, g->x, from, to - from, &g->warped, from, NULL, NULL);
}

/* Rows from..to-1 of the covariances, lower triangle with its diagonal, and their slopes. */
void gp_covariances(const struct kernel *k, const struct points *x, double diagonal, size_t from,
                    size_t to, double *ret, size_t ld, double *ret_slope, double *row)
{
    for (size_t i = from; i < to; i++) {
        points_get(x, i, row);
        kernel_distances(k, row, x, 0, i, ret + i * ld);
        kernel_values(k, i, ret + i * ld, ret + i * ld, ret_slope ? ret_slope + i * ld : NULL);
        ret[i * ld + i] = diagonal;
    }
}

void gp_add_extra(const struct gp *g, size_t from, size_t to, double *covariance, size_t ld)
{
    for (size_t i = from; g->extra && i < to; i++)
        covariance[i * ld + i] += g->extra[i];
}

/* White and alpha of one side from its outputs, whose whitening begins at row `from`. */
static void solve_side(struct gp *g, size_t side)
{
    double *alpha = g->alpha + side * g->room;
    memcpy(alpha, g->white + side * g->room, g->n * sizeof(*alpha));
    linalg_solve_lower_t_vector(g->n, g->l, g->room, alpha);
}

bool gp_condition(struct gp *g, struct gp_room *r, size_t n, const double *y)
{
    double noise = exp(g->hyper[g->encoding->n_groups + 1]), least = 1e-8;
    kernel_set(&g->kernel, g->hyper, g->hyper[g->encoding->n_groups]);
    if (g->warp)
        warp_shape(g->warp, g->hyper + gp_warp_first(g), g->shape);
    take_in(g, 0, n);
    for (int tries = 0; tries < 10; tries++, least *= 10) {
        g->noise = noise;
        double diagonal = g->kernel.scale + noise;
        gp_covariances(&g->kernel, gp_seen(g), diagonal, 0, n, g->l, g->room, NULL, r->row);
        gp_add_extra(g, 0, n, g->l, g->room);
        if (linalg_cholesky(n, g->l, g->room) == n) {
            g->n = n;
            g->n_sides = 1;
            memcpy(g->white, y, n * sizeof(*y));
            linalg_solve_lower_vector(n, g->l, g->room, g->white);
            solve_side(g, 0);
            return true;
        }
        noise += least * g->kernel.scale;
    }
    return false;
}

bool gp_extend(struct gp *g, struct gp_room *r, size_t k, size_t sides, const double *z,
               double *ret_y)
{
    size_t n = g->n, all = n + k;
    take_in(g, n, all);
    gp_covariances(&g->kernel, gp_seen(g), g->kernel.scale + g->noise, n, all, g->l, g->room, NULL,
                   r->row);
    gp_add_extra(g, n, all, g->l, g->room);
    if (linalg_cholesky_extend(n, all, g->l, g->room) != all)
        return false;
    g->n = all;
    g->n_sides = sides;
    for (size_t s = 0; s < sides; s++) {
        double *white = g->white + s * g->room;
        if (s > 0)
            memcpy(white, g->white, n * sizeof(*white));
        memcpy(white + n, z + s * k, k * sizeof(*white));
        for (size_t i = 0; i < k; i++)
            ret_y[s * k + i] = vec_dot(n + i + 1, g->l + (n + i) * g->room, white);
        solve_side(g, s);
    }
    return true;
}

double gp_fitted(const struct gp *g, const double *y, size_t i)
{
    double extra = g->extra ? g->extra[i] : 0;
    return y[i] - (g->noise + extra) * g->alpha[i];
}

static double bounded(const struct gp *g, double variance)
{
    double least = VARIANCE_LEAST * g->kernel.scale;
    return variance > least ? variance : least;
}

void gp_predict(const struct gp *g, struct gp_room *r, const struct points *p, size_t first,
                size_t n, double *work, double *ret_mean, size_t stride, double *ret_variance)
{
    const struct points *seen = gp_seen(g);
    if (g->warp) {
        warp_points(g->warp, g->shape, p, first, n, &r->block, 0, NULL, NULL);
        p = &r->block;
        first = 0;
    }
    for (size_t s = 0; s < g->n_sides; s++)
        memset(ret_mean + s * stride, 0, n * sizeof(*ret_mean));
    for (size_t i = 0; i < g->n; i++) {
        double *k = work + i * n;
        points_get(seen, i, r->row);
        kernel_distances(&g->kernel, r->row, p, first, n, k);
        kernel_values(&g->kernel, n, k, k, NULL);
        for (size_t s = 0; s < g->n_sides; s++)
            vec_axpy(n, g->alpha[s * g->room + i], k, ret_mean + s * stride);
    }
    linalg_solve_lower(g->n, g->l, g->room, n, work, n);
    memset(ret_variance, 0, n * sizeof(*ret_variance));
    for (size_t i = 0; i < g->n; i++)
        for (size_t c = 0; c < n; c++)
            ret_variance[c] += work[i * n + c] * work[i * n + c];
    for (size_t c = 0; c < n; c++)
        ret_variance[c] = bounded(g, g->kernel.scale - ret_variance[c]);
}

enum code gp_at_init(struct gp_at *at, struct arena *a, const struct gp *g)
{
    at->mean = arena_array(a, g->sides_room, sizeof(*at->mean));
    at->slope = arena_array(a, g->room, sizeof(*at->slope));
    at->beta = arena_array(a, g->room, sizeof(*at->beta));
    at->by_r = arena_array(a, g->room, sizeof(*at->by_r));
    at->row = arena_array(a, g->warp ? g->encoding->n_columns : 0, sizeof(*at->row));
    at->by_u = arena_array(a, g->warp ? g->encoding->n_columns : 0, sizeof(*at->by_u));
    if (!at->row || !at->by_u)
        return E_NOMEM;
    return at->mean && at->slope && at->beta && at->by_r ? OK : E_NOMEM;
}

void gp_predict_row(const struct gp *g, const double *row, struct gp_at *at)
{
    double *k = at->beta;
    if (g->warp) {
        warp_row(g->warp, g->shape, g->encoding->n_columns, row, at->row, at->by_u);
        row = at->row;
    }
    kernel_distances(&g->kernel, row, gp_seen(g), 0, g->n, k);
    kernel_values(&g->kernel, g->n, k, k, at->slope);
    for (size_t s = 0; s < g->n_sides; s++)
        at->mean[s] = vec_dot(g->n, g->alpha + s * g->room, k);
    linalg_solve_lower_vector(g->n, g->l, g->room, at->beta);
    at->variance = bounded(g, g->kernel.scale - vec_dot(g->n, at->beta, at->beta));
    linalg_solve_lower_t_vector(g->n, g->l, g->room, at->beta);
}

void gp_row_gradient(const struct gp *g, struct gp_at *at, const double *row, const double *by_mean,
                     double by_variance, double *gradient)
{
    double *by_r = at->by_r;
    memset(by_r, 0, g->n * sizeof(*by_r));
    vec_axpy(g->n, -2 * by_variance, at->beta, by_r);
    for (size_t s = 0; s < g->n_sides; s++)
        vec_axpy(g->n, by_mean[s], g->alpha + s * g->room, by_r);
    for (size_t i = 0; i < g->n; i++)
        by_r[i] *= at->slope[i];
    double sum = vec_sum(g->n, by_r);
    const struct points *seen = gp_seen(g);
    const double *at_row = g->warp ? at->row : row;
    for (size_t i = 0; i < g->kernel.n_numbers; i++) {
        size_t c = g->kernel.numbers[i];
        double cross = vec_dot(g->n, by_r, seen->v + c * seen->room);
        double by_x = 2 * g->kernel.weights[c] * (at_row[c] * sum - cross);
        gradient[c] += g->warp ? by_x * at->by_u[c] : by_x;
    }
}
