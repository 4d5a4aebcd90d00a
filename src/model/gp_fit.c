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
#define LENGTH_LEAST 5e-3
#define LENGTH_MOST  1e3

enum { MEMORY = 10 };

enum code gp_room_init(struct gp_room *r, struct arena *a, const struct encoding *encoding,
                       size_t room)
{
    size_t square, hyper = gp_hyper_count(encoding);
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
    return complete ? kernel_init(&r->kernel, a, encoding) : E_NOMEM;
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
        double d = t + 4;
        *gradient += -d - 1;
        return -d * d / 2 - t;
    }
    *gradient += 0.1 - 30 * exp(t);
    return 0.1 * t - 30 * exp(t);
}

static double log_prior(const struct gp *g, const double *hyper, double *gradient)
{
    size_t groups = g->encoding->n_groups;
    double sum = 0;
    for (size_t i = 0; i < groups; i++)
        sum += prior_of_length(g, hyper[i], &gradient[i]);
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
}

void gp_start(struct gp *g)
{
    size_t groups = g->encoding->n_groups;
    bool scaled = g->prior == GP_SCALED;
    for (size_t i = 0; i < groups; i++)
        g->hyper[i] = scaled ? scaled_centre(g) - 3 : 0;
    g->hyper[groups] = 0;
    g->hyper[groups + 1] = scaled ? -5 : log(0.1 / 30);
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

void gp_set(struct gp *g, const double *hyper)
{
    size_t groups = g->encoding->n_groups;
    gp_start(g);
    for (size_t i = 0; i < g->n_hyper; i++) {
        double lo = i < groups ? log(LENGTH_LEAST) : i == groups ? log(1e-2) : log(NOISE_LEAST);
        double hi = i < groups ? log(LENGTH_MOST) : i == groups ? log(1e2) : log(2);
        bool fixed = i == groups && g->prior == GP_SCALED;
        if (!fixed && !isnan(hyper[i]))
            g->hyper[i] = clamp(hyper[i], lo, hi);
    }
}

/* What the derivatives by all hyperparameters are made of: W = alpha alpha' - K^-1 (Rasmussen &
 * Williams, eq. 5.9) is symmetric, so that the lower triangle does. */
static void add_likelihood_gradient(const struct gp *g, const struct kernel *k, struct gp_room *r,
                                    size_t n, const double *y, const double *alpha, double noise,
                                    double *gradient)
{
    size_t groups = g->encoding->n_groups, ld = r->n;
    double trace = vec_dot(n, alpha, alpha), *by_r = r->vector[1];
    linalg_cholesky_inverse(n, r->covariance, ld, r->inverse, ld);
    memset(r->sums, 0, r->columns * sizeof(*r->sums));
    for (size_t i = 0; i < n; i++) {
        const double *inverse = r->inverse + i * ld, *slope = r->slope + i * ld;
        trace -= inverse[i];
        for (size_t j = 0; j < i; j++)
            by_r[j] = (alpha[i] * alpha[j] - inverse[j]) * slope[j];
        points_get(g->x, i, r->row);
        kernel_add_differences(k, r->row, g->x, 0, i, by_r, r->sums);
    }
    for (size_t c = 0; c < r->columns; c++)
        gradient[g->encoding->columns[c].group] -= 2 * k->weights[c] * r->sums[c];
    gradient[groups] += 0.5 * (vec_dot(n, y, alpha) - (double)n - noise * trace);
    gradient[groups + 1] += 0.5 * noise * trace;
}

double gp_log_posterior(const struct gp *g, struct gp_room *r, size_t n, const double *y,
                        const double *hyper, double *ret_gradient)
{
    size_t groups = g->encoding->n_groups, ld = r->n;
    double noise = exp(hyper[groups + 1]), *alpha = r->vector[0], determinant = 0;
    struct kernel *k = &r->kernel;
    kernel_set(k, hyper, hyper[groups]);
    gp_covariances(k, g->x, k->scale + noise, 0, n, r->covariance, ld, r->slope, r->row);
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
        add_likelihood_gradient(g, k, r, n, y, alpha, noise, gradient);
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
