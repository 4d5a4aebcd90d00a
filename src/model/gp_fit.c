/*
 * Hyperparameters of a Gaussian process: their posterior, its gradient, its maximum.
 */
#include "base/linalg.h"
#include "base/vec.h"
#include "model/gp_parts.h"
#include "model/lbfgs.h"

#include <math.h>
#include <string.h>

#define NOISE_LEAST  1e-6
#define NOISE_CENTRE -7.0 /* of its logarithm, where it is log-normal */
#define LENGTH_LEAST 5e-3
#define LENGTH_MOST  1e3

enum { MEMORY = 10 };

static enum code warp_room_init(struct gp_room *r, struct arena *a, const struct warp *warp)
{
    size_t cells, all, n = warp->n;
    if (__builtin_mul_overflow(n, r->n, &cells) || __builtin_mul_overflow(r->columns, r->n, &all))
        return E_NOMEM;
    r->shape = arena_array(a, n, 2 * sizeof(double));
    r->by_a = arena_array(a, cells, sizeof(double));
    r->by_b = arena_array(a, cells, sizeof(double));
    r->by_x = arena_array(a, all, sizeof(double));
    if (!r->shape || !r->by_a || !r->by_b || !r->by_x ||
        points_init(&r->warped, a, r->columns, r->n) != OK)
        return E_NOMEM;
    return points_init(&r->block, a, r->columns, GP_BLOCK);
}

enum code gp_room_init(struct gp_room *r, struct arena *a, const struct encoding *encoding,
                       const struct warp *warp, size_t room)
{
    size_t square, hyper = gp_hyper_count(encoding, warp);
    if (__builtin_mul_overflow(room, room, &square))
        return E_NOMEM;
    *r = (struct gp_room){.n = room, .columns = encoding->n_columns};
    r->covariance = arena_array(a, square, sizeof(double));
    r->slope = arena_array(a, square, sizeof(double));
    r->inverse = arena_array(a, square, sizeof(double));
    r->row = arena_array(a, r->columns, sizeof(double));
    r->sums = arena_array(a, r->columns, sizeof(double));
    r->optimiser = arena_array(a, lbfgs_work(hyper, MEMORY), sizeof(double));
    r->scratch = arena_array(a, hyper, sizeof(double));
    r->lo = arena_array(a, hyper, sizeof(double));
    r->hi = arena_array(a, hyper, sizeof(double));
    bool complete = r->covariance && r->slope && r->inverse && r->row && r->sums && r->scratch &&
                    r->optimiser && r->lo && r->hi;
    for (size_t i = 0; i < sizeof(r->vector) / sizeof(r->vector[0]); i++) {
        r->vector[i] = arena_array(a, room, sizeof(double));
        complete = complete && r->vector[i];
    }
    if (!complete || (warp && warp_room_init(r, a, warp) != OK))
        return E_NOMEM;
    return kernel_init(&r->kernel, a, encoding);
}

/* The middle of the prior of lengths that is made for many dimensions. */
static double scaled_centre(const struct gp *g)
{
    double groups = g->encoding->n_groups > 0 ? (double)g->encoding->n_groups : 1;
    return sqrt(2) + log(groups) / 2;
}

/* ln prior density of one hyperparameter (up to a constant) by its logarithm; adds the derivative.
 */
static double prior_of_length(const struct gp *g, double t, double *gradient)
{
    if (g->prior == GP_SCALED) {
        double d = t - scaled_centre(g);
        *gradient += -d / 3 - 1;
        return -d * d / 6 - t;
    }
    double x = exp(-2 * t);
    *gradient += 0.2 * (x - 1 / x);
    return -0.1 / x - 0.1 * x;
}

static double prior_of_scale(const struct gp *g, double t, double *gradient)
{
    if (g->prior == GP_SCALED)
        return 0;
    *gradient += 1 - exp(t);
    return t - exp(t);
}

static double prior_of_noise(const struct gp *g, double t, double *gradient)
{
    if (g->prior == GP_SCALED) {
        double d = t - NOISE_CENTRE;
        *gradient += -d - 1;
        return -d * d / 2 - t;
    }
    *gradient += 0.1 - 30 * exp(t);
    return 0.1 * t - 30 * exp(t);
}

static double prior_of_warp(double t, double *gradient)
{
    const double square = WARP_DEVIATION * WARP_DEVIATION;
    *gradient -= t / square;
    return -t * t / (2 * square);
}

static double log_prior(const struct gp *g, const double *hyper, double *gradient)
{
    size_t groups = g->encoding->n_groups;
    double sum = 0;
    for (size_t i = 0; i < groups; i++)
        sum += prior_of_length(g, hyper[i], &gradient[i]);
    for (size_t i = gp_warp_first(g); i < g->n_hyper; i++)
        sum += prior_of_warp(hyper[i], &gradient[i]);
    sum += prior_of_scale(g, hyper[groups], &gradient[groups]);
    return sum + prior_of_noise(g, hyper[groups + 1], &gradient[groups + 1]);
}

static void bounds(const struct gp *g, double *lo, double *hi)
{
    size_t groups = g->encoding->n_groups;
    for (size_t i = 0; i < groups; i++) {
        lo[i] = log(LENGTH_LEAST);
        hi[i] = log(LENGTH_MOST);
    }
    lo[groups] = g->prior == GP_SCALED ? 0 : log(1e-2);
    hi[groups] = g->prior == GP_SCALED ? 0 : log(1e2);
    lo[groups + 1] = log(NOISE_LEAST);
    hi[groups + 1] = log(2);
    for (size_t i = gp_warp_first(g); i < g->n_hyper; i++) {
        lo[i] = -WARP_MOST;
        hi[i] = WARP_MOST;
    }
}

void gp_start(struct gp *g)
{
    size_t groups = g->encoding->n_groups;
    bool scaled = g->prior == GP_SCALED;
    for (size_t i = 0; i < groups; i++)
        g->hyper[i] = scaled ? scaled_centre(g) - 3 : 0;
    g->hyper[groups] = 0;
    g->hyper[groups + 1] = scaled ? NOISE_CENTRE - 1 : log(0.1 / 30);
    for (size_t i = gp_warp_first(g); i < g->n_hyper; i++)
        g->hyper[i] = 0;
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

void gp_set(struct gp *g, const double *hyper)
{
    size_t groups = g->encoding->n_groups, warp = gp_warp_first(g);
    gp_start(g);
    for (size_t i = warp; i < g->n_hyper; i++)
        g->hyper[i] = isnan(hyper[i]) ? 0 : clamp(hyper[i], -WARP_MOST, WARP_MOST);
    for (size_t i = 0; i < warp; i++) {
        double lo = i < groups ? log(LENGTH_LEAST) : i == groups ? log(1e-2) : log(NOISE_LEAST);
        double hi = i < groups ? log(LENGTH_MOST) : i == groups ? log(1e2) : log(2);
        bool fixed = i == groups && g->prior == GP_SCALED;
        if (!fixed && !isnan(hyper[i]))
            g->hyper[i] = clamp(hyper[i], lo, hi);
    }
}

/* Where rows i and j have moved apart by dr in squared distance, the log likelihood has changed by
 * r->inverse[i][j] dr: that matrix times the differences of the rows is its derivative by each
 * warped number, which the chain rule takes on to a and b. */
static void add_warp_gradient(const struct gp *g, const struct kernel *k, struct gp_room *r,
                              size_t n, double *gradient)
{
    size_t ld = r->warped.room;
    double *sums = r->vector[1];
    for (size_t i = 0; i < n; i++)
        sums[i] = vec_sum(n, r->inverse + i * r->n);
    linalg_multiply(r->columns, n, n, -1, r->warped.v, ld, r->inverse, r->n, 0, r->by_x, ld);
    for (size_t i = 0; i < g->warp->n; i++) {
        size_t c = g->warp->columns[i];
        const double *x = r->warped.v + c * ld;
        double *by_x = r->by_x + c * ld;
        for (size_t j = 0; j < n; j++)
            by_x[j] = 2 * k->weights[c] * (by_x[j] + x[j] * sums[j]);
        gradient[2 * i] += vec_dot(n, by_x, r->by_a + i * ld);
        gradient[2 * i + 1] += vec_dot(n, by_x, r->by_b + i * ld);
    }
}

/* What the derivatives by all hyperparameters are made of: W = alpha alpha' - K^-1 (Rasmussen &
 * Williams, eq. 5.9) is symmetric, so that the lower triangle does. */
static void add_likelihood_gradient(const struct gp *g, const struct kernel *k, struct gp_room *r,
                                    const struct points *x, size_t n, const double *y,
                                    const double *alpha, double noise, double *gradient)
{
    size_t groups = g->encoding->n_groups, ld = r->n;
    double trace = vec_dot(n, alpha, alpha), own = 0, *by_r = r->vector[1];
    linalg_cholesky_inverse(n, r->covariance, ld, r->inverse, ld);
    memset(r->sums, 0, r->columns * sizeof(*r->sums));
    for (size_t i = 0; i < n; i++) {
        double *inverse = r->inverse + i * ld;
        const double *slope = r->slope + i * ld;
        trace -= inverse[i];
        if (g->extra)
            own += g->extra[i] * (alpha[i] * alpha[i] - inverse[i]);
        for (size_t j = 0; j < i; j++)
            by_r[j] = (alpha[i] * alpha[j] - inverse[j]) * slope[j];
        points_get(x, i, r->row);
        kernel_add_differences(k, r->row, x, 0, i, by_r, r->sums);
        inverse[i] = 0; /* row i is done with: it takes the derivatives by distance */
        for (size_t j = 0; g->warp && j < i; j++)
            inverse[j] = r->inverse[j * ld + i] = by_r[j];
    }
    if (g->warp)
        add_warp_gradient(g, k, r, n, gradient + gp_warp_first(g));
    for (size_t c = 0; c < r->columns; c++)
        gradient[g->encoding->columns[c].group] -= 2 * k->weights[c] * r->sums[c];
    gradient[groups] += 0.5 * (vec_dot(n, y, alpha) - (double)n - noise * trace - own);
    gradient[groups + 1] += 0.5 * noise * trace;
}

double gp_log_posterior(const struct gp *g, struct gp_room *r, size_t n, const double *y,
                        const double *hyper, double *ret_gradient)
{
    size_t groups = g->encoding->n_groups, ld = r->n;
    double noise = exp(hyper[groups + 1]), *alpha = r->vector[0], determinant = 0;
    const struct points *x = g->warp ? &r->warped : g->x;
    struct kernel *k = &r->kernel;
    kernel_set(k, hyper, hyper[groups]);
    if (g->warp) {
        warp_shape(g->warp, hyper + gp_warp_first(g), r->shape);
        warp_points(g->warp, r->shape, g->x, 0, n, &r->warped, 0, ret_gradient ? r->by_a : NULL,
                    r->by_b);
    }
    gp_covariances(k, x, k->scale + noise, 0, n, r->covariance, ld, r->slope, r->row);
    gp_add_extra(g, 0, n, r->covariance, ld);
    if (linalg_cholesky(n, r->covariance, ld) != n)
        return -HUGE_VAL;
    memcpy(alpha, y, n * sizeof(*y));
    linalg_solve_lower_vector(n, r->covariance, ld, alpha);
    double square = vec_dot(n, alpha, alpha);
    linalg_solve_lower_t_vector(n, r->covariance, ld, alpha);
    for (size_t i = 0; i < n; i++)
        determinant += log(r->covariance[i * ld + i]);
    double *gradient = ret_gradient ? ret_gradient : r->scratch;
    memset(gradient, 0, g->n_hyper * sizeof(*gradient));
    double prior = log_prior(g, hyper, gradient);
    if (ret_gradient)
        add_likelihood_gradient(g, k, r, x, n, y, alpha, noise, gradient);
    return prior - 0.5 * square - determinant;
}

struct climb {
    const struct gp *g;
    struct gp_room *room;
    size_t n;
    const double *y;
};

static double downhill(void *self, size_t n, const double *x, double *ret_gradient)
{
    const struct climb *c = self;
    double value = gp_log_posterior(c->g, c->room, c->n, c->y, x, ret_gradient);
    for (size_t i = 0; i < n; i++)
        ret_gradient[i] = -ret_gradient[i];
    return -value;
}

double gp_fit(struct gp *g, struct gp_room *r, size_t n, const double *y, int evaluations)
{
    const struct lbfgs_options options = {.memory = MEMORY,
                                          .evaluations = evaluations,
                                          .gradient_tolerance = 1e-3,
                                          .value_tolerance = 1e-4};
    struct climb climb = {g, r, n, y};
    bounds(g, r->lo, r->hi);
    return -lbfgs_minimise(g->n_hyper, g->hyper, r->lo, r->hi, downhill, &climb, &options,
                           r->optimiser);
}
