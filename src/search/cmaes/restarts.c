/* Restarts of CMA-ES. */
#include "search/cmaes/restarts.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LAMBDA_MAX = 10000, STAGNATION_MAX = 20000 };

void restarts_init(struct restarts *r, enum restart_policy policy, size_t n, size_t lambda)
{
    *r = (struct restarts){.policy = policy, .lambda = lambda, .n = n};
}

void restarts_free(struct restarts *r)
{
    free(r->best);
    free(r->median);
    free(r->work);
    restarts_init(r, r->policy, r->n, r->lambda);
}

void restarts_reset(struct restarts *r)
{
    r->number = r->large = 0;
    r->is_small = false;
    r->spent[0] = r->spent[1] = r->allowance = r->points = 0;
    r->generations = 0;
}

static enum code reserve(struct restarts *r)
{
    if (r->generations < r->capacity)
        return OK;
    size_t capacity = r->capacity ? r->capacity * 2 : 128;
    double *best = reallocarray(r->best, capacity, sizeof(*best));
    if (best)
        r->best = best;
    double *median = reallocarray(r->median, capacity, sizeof(*median));
    if (median)
        r->median = median;
    double *work = reallocarray(r->work, capacity, sizeof(*work));
    if (work)
        r->work = work;
    if (!best || !median || !work)
        return E_NOMEM;
    r->capacity = capacity;
    return OK;
}

/* TolFun: neither the last generations' best values nor the last one's values differ. */
static bool is_flat(const struct restarts *r, double worst)
{
    size_t window = 10 + 30 * r->n / r->lambda;
    if (r->generations < window)
        return false;
    double lo = r->best[r->generations - 1], hi = worst;
    for (size_t i = r->generations - window; i < r->generations; i++) {
        lo = fmin(lo, r->best[i]);
        hi = fmax(hi, r->best[i]);
    }
    /* fmin and fmax pass over NaN: all of it missing is flat as well. */
    return !(hi - lo > 1e-10 * fmax(fabs(lo), fabs(hi)));
}

static double median_of(const struct restarts *r, const double *v, size_t n)
{
    memcpy(r->work, v, n * sizeof(*v));
    return stats_median(r->work, n);
}

/* Is the median of the last 30 % of a window no better than that of its first 30 %? */
static bool is_stale(const struct restarts *r, const double *v, size_t window)
{
    size_t part = window * 3 / 10;
    double first = median_of(r, v + r->generations - window, part);
    return !(median_of(r, v + r->generations - part, part) < first);
}

static bool stagnates(const struct restarts *r)
{
    size_t least = 120 + 30 * r->n / r->lambda, window = r->generations / 5;
    if (r->generations < least || r->generations % 10)
        return false;
    window = window < least ? least : window > STAGNATION_MAX ? STAGNATION_MAX : window;
    return is_stale(r, r->best, window) && is_stale(r, r->median, window);
}

enum code restarts_note(struct restarts *r, size_t points, double best, double median, double worst,
                        bool converged, bool *ret)
{
    if (reserve(r) != OK)
        return E_NOMEM;
    r->best[r->generations] = best;
    r->median[r->generations++] = median;
    r->points += (double)points;
    r->spent[r->is_small] += (double)points;
    *ret = r->policy != RESTART_NEVER && (converged || is_flat(r, worst) || stagnates(r) ||
                                          (r->is_small && r->points >= r->allowance));
    return OK;
}

static size_t limited(double lambda)
{
    return lambda > LAMBDA_MAX ? LAMBDA_MAX : (size_t)lambda;
}

struct restart_plan restarts_next(struct restarts *r, struct rng *rng)
{
    if (!r->is_small)
        r->allowance = r->points / 2;
    r->number++;
    r->points = 0;
    r->generations = 0;
    r->is_small = r->policy == RESTART_BIPOP && r->large > 0 && r->spent[1] < r->spent[0];
    double lambda = (double)r->lambda;
    if (!r->is_small) {
        r->large++;
        return (struct restart_plan){limited(lambda * pow(2, (double)r->large)), 1};
    }
    double u = rng_unit(rng), largest = lambda * pow(2, (double)r->large);
    size_t few = limited(lambda * pow(largest / lambda / 2, u * u));
    return (struct restart_plan){few, pow(10, -2 * rng_unit(rng))};
}
