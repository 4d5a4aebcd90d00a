/* The choices of CMA-ES. */
#include "search/cmaes/categories.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum code categories_init(struct categories *c, const struct axes *axes)
{
    double *all = calloc(4 * axes->n_levels + 1, sizeof(*all));
    if (!all)
        return E_NOMEM;
    *c = (struct categories){.axes = axes, .q = all};
    c->path = c->q + axes->n_levels;
    c->work = c->path + axes->n_levels;
    return OK;
}

void categories_free(struct categories *c)
{
    free(c->q);
    *c = (struct categories){.axes = NULL};
}

void categories_start(struct categories *c)
{
    size_t n = c->axes->n_levels;
    memcpy(c->q, c->axes->prior, n * sizeof(*c->q));
    memset(c->path, 0, n * sizeof(*c->path));
    c->gamma = 0;
    c->trust = 1;
}

void categories_draw(const struct categories *c, struct rng *r, double blend, uint32_t *ret_levels)
{
    const struct axes *axes = c->axes;
    for (size_t i = 0; i < axes->n_choices; i++) {
        const struct category_axis *x = &axes->choices[i];
        double u = rng_unit(r), sum = 0;
        size_t k = 0;
        for (; k + 1 < x->n; k++) {
            sum += (1 - blend) * c->q[x->first + k] + blend * axes->prior[x->first + k];
            if (u < sum)
                break;
        }
        ret_levels[i] = (uint32_t)k;
    }
}

/* Where q is to go: sum of w (one-hot - q) over the points that have the choice. */
static void natural_gradient(const struct categories *c, size_t n_points, const uint32_t *levels,
                             const double *weights, double *ret)
{
    const struct axes *axes = c->axes;
    memset(ret, 0, axes->n_levels * sizeof(*ret));
    for (size_t p = 0; p < n_points; p++)
        for (size_t i = 0; i < axes->n_choices; i++) {
            const struct category_axis *x = &axes->choices[i];
            uint32_t level = levels[p * axes->n_choices + i];
            if (level == CHOICE_INACTIVE || weights[p] == 0)
                continue;
            for (size_t k = 0; k < x->n; k++)
                ret[x->first + k] -= weights[p] * c->q[x->first + k];
            ret[x->first + level] += weights[p];
        }
}

/* The gradient times the root of the Fisher matrix, choice by choice; the last level's place stays
 * 0. Returns its squared length. */
static double fisher_root(const struct categories *c, const double *gradient, double *ret)
{
    const struct axes *axes = c->axes;
    double squared = 0;
    for (size_t i = 0; i < axes->n_choices; i++) {
        const struct category_axis *x = &axes->choices[i];
        const double *q = c->q + x->first, *g = gradient + x->first;
        double sum = 0, last = q[x->n - 1];
        for (size_t k = 0; k + 1 < x->n; k++)
            sum += g[k];
        for (size_t k = 0; k + 1 < x->n; k++) {
            double t = g[k] / sqrt(q[k]) + sqrt(q[k]) * sum / (last + sqrt(last));
            ret[x->first + k] = t;
            squared += t * t;
        }
        ret[x->first + x->n - 1] = 0;
    }
    return squared;
}

/* The least probability of a level (CatCMA, section 4.3). */
static double least_of(const struct axes *axes, const struct category_axis *x)
{
    return (1 - pow(0.73, 1 / (double)axes->n_choices)) / ((double)x->n - 1);
}

static void keep_margin(struct categories *c)
{
    for (size_t i = 0; i < c->axes->n_choices; i++) {
        const struct category_axis *x = &c->axes->choices[i];
        double *q = c->q + x->first, least = least_of(c->axes, x), sum = 0;
        for (size_t k = 0; k < x->n; k++)
            sum += q[k] = fmax(q[k], least);
        /* What was added is taken from what the levels have beyond the margin. */
        double beyond = sum - (double)x->n * least, wanted = 1 - (double)x->n * least;
        for (size_t k = 0; k < x->n; k++)
            q[k] = beyond > 0 ? least + (q[k] - least) * wanted / beyond : 1 / (double)x->n;
    }
}

void categories_lean(struct categories *c, size_t n, const uint32_t *levels)
{
    const struct axes *axes = c->axes;
    for (size_t i = 0; i < axes->n_choices && n > 0; i++) {
        const struct category_axis *x = &axes->choices[i];
        double *q = c->q + x->first, total = 1;
        for (size_t p = 0; p < n; p++) {
            uint32_t level = levels[p * axes->n_choices + i];
            if (level == CHOICE_INACTIVE)
                continue;
            q[level]++;
            total++;
        }
        for (size_t k = 0; k < x->n; k++)
            q[k] /= total;
    }
    if (n > 0)
        keep_margin(c);
}

void categories_update(struct categories *c, size_t n_points, const uint32_t *levels,
                       const double *weights)
{
    size_t n = c->axes->n_levels;
    double *gradient = c->work, *root = c->work + n, free_levels = 0;
    if (n == 0)
        return;
    natural_gradient(c, n_points, levels, weights, gradient);
    double length = sqrt(fisher_root(c, gradient, root));
    if (!(length > 0))
        return;
    for (size_t i = 0; i < c->axes->n_choices; i++)
        free_levels += (double)c->axes->choices[i].n - 1;
    double delta = 1 / c->trust, beta = delta / sqrt(free_levels), squared = 0;
    for (size_t k = 0; k < n; k++) {
        c->q[k] += delta / length * gradient[k];
        c->path[k] = (1 - beta) * c->path[k] + sqrt(beta * (2 - beta)) * root[k] / length;
        squared += c->path[k] * c->path[k];
    }
    c->gamma = (1 - beta) * (1 - beta) * c->gamma + beta * (2 - beta);
    c->trust = fmax(1, c->trust * exp(beta * (c->gamma - squared / 1.5)));
    keep_margin(c);
}

bool categories_settled(const struct categories *c)
{
    const struct axes *axes = c->axes;
    for (size_t i = 0; i < axes->n_choices; i++) {
        const struct category_axis *x = &axes->choices[i];
        double most = 0;
        for (size_t k = 0; k < x->n; k++)
            most = fmax(most, c->q[x->first + k]);
        if (most < 1 - 2 * ((double)x->n - 1) * least_of(axes, x))
            return false;
    }
    return true;
}
