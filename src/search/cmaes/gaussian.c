/* The normal distribution of CMA-ES. */
#include "search/cmaes/gaussian.h"

#include "base/linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum code gaussian_init(struct gaussian *g, size_t n)
{
    bool diagonal = n > GAUSSIAN_DENSE;
    size_t square = diagonal ? n : n * n;
    double *all = calloc(2 * square + 11 * n + 1, sizeof(*all));
    if (!all)
        return E_NOMEM;
    *g = (struct gaussian){.n = n, .diagonal = diagonal};
    g->c = all;
    g->l = g->c + square;
    g->mean = g->l + square;
    g->path_sigma = g->mean + n;
    g->path_c = g->path_sigma + n;
    g->path_sigma_known = g->path_c + n;
    g->path_c_known = g->path_sigma_known + n;
    g->there = g->path_c_known + n;
    g->known = g->there + n;
    g->work = g->known + n; /* 4 n */
    return OK;
}

void gaussian_free(struct gaussian *g)
{
    free(g->c);
    *g = (struct gaussian){.n = 0};
}

static size_t diagonal_at(const struct gaussian *g, size_t i)
{
    return g->diagonal ? i : i * g->n + i;
}

void gaussian_start(struct gaussian *g, const double *mean, double sd)
{
    size_t n = g->n, square = g->diagonal ? n : n * n;
    memset(g->c, 0, 2 * square * sizeof(*g->c));
    for (size_t i = 0; i < n; i++) {
        g->mean[i] = mean[i];
        g->c[diagonal_at(g, i)] = g->l[diagonal_at(g, i)] = 1;
        g->path_sigma[i] = g->path_c[i] = 0;
        g->path_sigma_known[i] = g->path_c_known[i] = 1;
    }
    g->sigma = sd;
    g->generation = 0;
}

/* ret := L z */
static void multiply_l(const struct gaussian *g, const double *z, double *ret)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->diagonal) {
            ret[i] = g->l[i] * z[i];
            continue;
        }
        const double *row = g->l + i * g->n;
        double sum = 0;
        for (size_t k = 0; k <= i; k++)
            sum += row[k] * z[k];
        ret[i] = sum;
    }
}

/* y := L^-1 y */
static void divide_l(const struct gaussian *g, double *y)
{
    if (!g->diagonal) {
        linalg_solve_lower_vector(g->n, g->l, g->n, y);
        return;
    }
    for (size_t i = 0; i < g->n; i++)
        y[i] /= g->l[i];
}

void gaussian_draw(const struct gaussian *g, struct rng *r, double *ret_x)
{
    double *z = g->work;
    for (size_t i = 0; i < g->n; i++)
        z[i] = rng_normal(r);
    multiply_l(g, z, ret_x);
    for (size_t i = 0; i < g->n; i++)
        ret_x[i] = g->mean[i] + g->sigma * ret_x[i];
}

double gaussian_sd(const struct gaussian *g, size_t coordinate)
{
    return g->sigma * sqrt(g->c[diagonal_at(g, coordinate)]);
}

void gaussian_scale(struct gaussian *g, size_t coordinate, double factor)
{
    size_t n = g->n;
    g->path_c[coordinate] *= factor;
    if (g->diagonal) {
        g->c[coordinate] *= factor * factor;
        g->l[coordinate] *= factor;
        return;
    }
    for (size_t k = 0; k <= coordinate; k++) {
        g->c[coordinate * n + k] *= factor;
        g->l[coordinate * n + k] *= factor;
    }
    for (size_t i = coordinate; i < n; i++)
        g->c[i * n + coordinate] *= factor;
}

/* C := C + w y y' */
static void add_outer(struct gaussian *g, double w, const double *y)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->diagonal) {
            g->c[i] += w * y[i] * y[i];
            continue;
        }
        double *row = g->c + i * g->n, wy = w * y[i];
        for (size_t k = 0; k <= i; k++)
            row[k] += wy * y[k];
    }
}

static void multiply_c(struct gaussian *g, double factor)
{
    for (size_t i = 0; i < g->n; i++) {
        if (g->diagonal) {
            g->c[i] *= factor;
            continue;
        }
        for (size_t k = 0; k <= i; k++)
            g->c[i * g->n + k] *= factor;
    }
}

/* L from C. Where C has lost its positive definiteness to rounding, its covariances go. */
static bool factorise(struct gaussian *g)
{
    size_t n = g->n;
    for (size_t i = 0; i < n; i++) {
        double variance = g->c[diagonal_at(g, i)];
        if (!(variance > 0 && isfinite(variance)))
            return false;
        if (g->diagonal)
            g->l[i] = sqrt(variance);
    }
    if (g->diagonal)
        return true;
    memcpy(g->l, g->c, n * n * sizeof(*g->l));
    if (linalg_cholesky(n, g->l, n) == n)
        return true;
    memset(g->l, 0, n * n * sizeof(*g->l));
    for (size_t i = 0; i < n; i++) {
        memset(g->c + i * n, 0, i * sizeof(*g->c));
        g->l[i * n + i] = sqrt(g->c[i * n + i]);
    }
    return true;
}

static double length_squared(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum;
}

/* How many coordinates of a point are known. */
static double count_known(const struct gaussian *g, const struct gaussian_point *p)
{
    double n = 0;
    for (size_t j = 0; j < g->n; j++)
        n += 1 - p->unknown[j];
    return n;
}

/* The step to a point, in y, and its image under L^-1, in t, which is returned squared. */
static double step_to(const struct gaussian *g, const struct gaussian_point *p, double *y,
                      double *t)
{
    for (size_t j = 0; j < g->n; j++)
        y[j] = (p->x[j] - g->mean[j]) / g->sigma;
    memcpy(t, y, g->n * sizeof(*t));
    divide_l(g, t);
    double squared = length_squared(g->n, t), known = count_known(g, p);
    double longest = sqrt(known) + 2 * known / (known + 2);
    if (!p->foreign || squared <= longest * longest)
        return squared;
    double cut = longest / sqrt(squared);
    for (size_t j = 0; j < g->n; j++) {
        y[j] *= cut;
        t[j] *= cut;
    }
    return longest * longest;
}

/* Their weighted steps added up, as they are and under L^-1. */
static void add_steps(struct gaussian *g, const struct gaussian_point *points, size_t n_points,
                      double *ret_step, double *ret_path_step)
{
    double *y = g->work, *t = g->work + g->n;
    memset(ret_step, 0, g->n * sizeof(*ret_step));
    memset(ret_path_step, 0, g->n * sizeof(*ret_path_step));
    for (size_t i = 0; i < n_points; i++) {
        const struct gaussian_point *p = &points[i];
        if (p->weight <= 0)
            continue;
        (void)step_to(g, p, y, t);
        for (size_t j = 0; j < g->n; j++) {
            ret_step[j] += p->weight * y[j];
            ret_path_step[j] += p->weight * t[j];
        }
    }
}

/* The rank-mu part of equation 47: C is multiplied already, mean, L and sigma are the old ones. */
static void add_points(struct gaussian *g, const struct rates *r,
                       const struct gaussian_point *points, size_t n_points)
{
    double *y = g->work, *t = g->work + g->n;
    for (size_t i = 0; i < n_points; i++) {
        const struct gaussian_point *p = &points[i];
        double squared = step_to(g, p, y, t), shape = p->shape;
        if (shape < 0 && squared > 0) /* equation 46: a bad step counts as one of expected length */
            shape *= count_known(g, p) / squared;
        add_outer(g, r->c_mu * shape, y);
    }
}

/* What is known of the coordinates; the paths' variances follow. Those of a coordinate that was not
 * there at all stay as they are, and so do the paths. */
static void note_knowledge(struct gaussian *g, const struct rates *r,
                           const struct gaussian_point *points, size_t n_points)
{
    double c_sigma = r->c_sigma, c_c = r->c_c;
    for (size_t j = 0; j < g->n; j++) {
        double there = 0, known = 0, squares = 0;
        for (size_t i = 0; i < n_points; i++) {
            double share = 1 - points[i].unknown[j], weight = points[i].weight;
            there += share > 0 ? weight : 0;
            known += weight * share;
            squares += r->mu_eff * weight * weight * share;
        }
        double keep_sigma = 1 - c_sigma * there, keep_c = 1 - c_c * there;
        g->there[j] = there;
        g->known[j] = known;
        g->path_sigma_known[j] =
            keep_sigma * keep_sigma * g->path_sigma_known[j] + c_sigma * (2 - c_sigma) * squares;
        g->path_c_known[j] = keep_c * keep_c * g->path_c_known[j] + c_c * (2 - c_c) * squares;
    }
}

/* The paths (equations 43 and 45) and sigma (44), as far as coordinates were there. Returns
 * h_sigma. */
static bool advance_paths(struct gaussian *g, const struct rates *r, const double *step,
                          const double *path_step, double *sigma)
{
    double c = r->c_sigma, gain = sqrt(c * (2 - c) * r->mu_eff), squared = 0, expected = 0;
    for (size_t j = 0; j < g->n; j++) {
        double there = g->there[j], *p = &g->path_sigma[j];
        *p = (1 - c * there) * *p + gain * path_step[j];
        squared += there * *p * *p;
        expected += there * g->path_sigma_known[j];
    }
    double begun = 1 - pow(1 - c, 2 * ((double)g->generation + 1));
    bool moves = squared / begun < (2 + 4 / (expected + 1)) * expected;
    double gain_c = moves ? sqrt(r->c_c * (2 - r->c_c) * r->mu_eff) : 0;
    for (size_t j = 0; j < g->n; j++)
        g->path_c[j] = (1 - r->c_c * g->there[j]) * g->path_c[j] + gain_c * step[j];
    if (expected > 0)
        *sigma *= exp(fmin(1, c / r->d_sigma * (sqrt(squared) / rates_chi(expected) - 1)));
    return moves;
}

/* The rank-one part of equation 47. */
static void add_path(struct gaussian *g, const struct rates *r)
{
    double *path = g->work;
    for (size_t j = 0; j < g->n; j++)
        path[j] = sqrt(g->there[j]) * g->path_c[j];
    add_outer(g, r->c_1, path);
}

/* What a coordinate lost for not being known is given back, and it follows sigma as far as it is.
 */
static void keep_unknown(struct gaussian *g, const struct rates *r,
                         const struct gaussian_point *points, size_t n_points, double before,
                         double paused)
{
    for (size_t j = 0; j < g->n; j++) {
        double open = 0, factor = pow(before / g->sigma, 1 - g->known[j]);
        for (size_t i = 0; i < n_points; i++)
            open += points[i].shape * points[i].unknown[j];
        double kept = 1 - r->c_1 * (1 - g->there[j] * g->path_c_known[j]) - r->c_mu * open;
        kept += r->c_1 * paused * (1 - g->there[j]);
        factor /= sqrt(fmin(fmax(kept, 0.25), 4));
        if (factor != 1)
            gaussian_scale(g, j, factor);
    }
}

static void limit_width(struct gaussian *g)
{
    for (size_t j = 0; j < g->n; j++) {
        double sd = gaussian_sd(g, j);
        if (sd > GAUSSIAN_WIDEST)
            gaussian_scale(g, j, GAUSSIAN_WIDEST / sd);
    }
}

void gaussian_widen(struct gaussian *g, const struct gaussian_point *points, size_t n_points,
                    double factor)
{
    for (size_t j = 0; j < g->n; j++) {
        bool there = false;
        for (size_t i = 0; i < n_points; i++)
            there = there || points[i].unknown[j] < 1;
        if (there)
            gaussian_scale(g, j, factor);
    }
    limit_width(g);
}

bool gaussian_update(struct gaussian *g, const struct rates *r, const struct gaussian_point *points,
                     size_t n_points)
{
    if (g->n == 0)
        return true;
    double *step = g->work + 2 * g->n, *path_step = g->work + 3 * g->n;
    double before = g->sigma, after = before, sum = 0;
    for (size_t i = 0; i < n_points; i++)
        sum += points[i].shape;
    note_knowledge(g, r, points, n_points);
    add_steps(g, points, n_points, step, path_step);
    bool moves = advance_paths(g, r, step, path_step, &after);
    double paused = moves ? 0 : r->c_c * (2 - r->c_c);
    multiply_c(g, 1 - r->c_1 - r->c_mu * sum + r->c_1 * paused);
    add_points(g, r, points, n_points);
    add_path(g, r);
    for (size_t j = 0; j < g->n; j++)
        g->mean[j] += before * step[j];
    g->sigma = after;
    if (!(g->sigma > 0 && isfinite(g->sigma)))
        return false;
    keep_unknown(g, r, points, n_points, before, paused);
    limit_width(g);
    g->generation++;
    return factorise(g);
}

bool gaussian_is_flat(const struct gaussian *g)
{
    for (size_t i = 0; i < g->n; i++) {
        double l = g->l[diagonal_at(g, i)];
        if (l * l < 1e-14 * g->c[diagonal_at(g, i)])
            return true;
    }
    return false;
}
