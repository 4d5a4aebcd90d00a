/*
 * The median stopping rule.
 *
 * Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017, section 3.2: a
 * trial is stopped at a step if its best value by then is strictly worse than the median of the
 * running averages, up to that step, of the other trials that got that far.
 *
 * Here:
 *  - "Other trials" are all that reported that far, however they ended or whether they still run.
 *  - Trials are judged at `points` steps at most, evenly spaced from the first to the end; averages
 *    are over the values of those steps. That bounds memory and journal for a budget of any length.
 *  - A report that jumps past points is judged at the highest of them alone; those in between get
 * the average that the trial had before the jump, if it had one: a late value is no result of an
 * early step.
 *  - Missing values (NaN, infinite) are left out of averages; a trial without any real value counts
 *    as worst, and is stopped once the median is a real value.
 *  - Nobody is judged at a point that fewer than `min_trials` others have reached.
 */
#include "base/array.h"
#include "search/allocator.h"
#include "search/ranking.h"

#include <math.h>
#include <stdlib.h>

struct progress {
    double best, mean; /* NaN: no real value yet */
    int64_t n;         /* real values in the mean */
    uint32_t passed;   /* points that lie behind */
};

struct median {
    int64_t first, interval, last; /* points: first, first + interval, ... up to last */
    size_t n_points, min_trials;
    struct ranking *averages; /* by point */
    struct progress *trials;  /* by trial - 1 */
    size_t n_trials, capacity;
};

static const struct option_kind options[] = {
    {.name = "warmup",
     .about = "steps before a trial is judged; never fewer than the least budget",
     .lo = 0,
     .hi = 1e15,
     .whole = true},
    {.name = "min_trials",
     .about = "other trials that must have come as far",
     .def = 5,
     .lo = 1,
     .hi = 1e6,
     .whole = true},
    {.name = "points",
     .about = "how often a trial is judged at most",
     .def = 64,
     .lo = 1,
     .hi = 1000,
     .whole = true},
};

static int64_t first_point(const struct method *m, const struct effort *effort)
{
    int64_t warmup = (int64_t)allocator_option(m, "warmup");
    return warmup > effort->min_steps ? warmup : effort->min_steps;
}

static enum code median_fits(const struct method *m, const struct effort *effort, struct error *e)
{
    if (first_point(m, effort) < effort->max_steps)
        return OK;
    error_set(e, E_INVALID, "median has no step between %lld and %lld at which to stop",
              (long long)first_point(m, effort), (long long)effort->max_steps);
    error_hint(e, "shorten the warmup, widen the budget, or use full");
    return E_INVALID;
}

static enum code median_create(const struct searcher_settings *settings, void **ret,
                               struct error *e)
{
    struct median *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    const struct method *m = &settings->method;
    int64_t points = (int64_t)allocator_option(m, "points");
    x->first = first_point(m, &settings->effort);
    x->last = settings->effort.max_steps;
    x->min_trials = (size_t)allocator_option(m, "min_trials");
    x->interval = (x->last - x->first) / points + 1;
    x->n_points = (size_t)((x->last - x->first) / x->interval + 1);
    x->averages = calloc(x->n_points, sizeof(*x->averages));
    if (!x->averages) {
        free(x);
        return error_nomem(e);
    }
    *ret = x;
    return OK;
}

static void median_destroy(void *self)
{
    struct median *x = self;
    if (!x)
        return;
    for (size_t i = 0; i < x->n_points; i++)
        ranking_free(&x->averages[i]);
    free(x->averages);
    free(x->trials);
    free(x);
}

static struct allocation median_next(const void *self, bool fresh)
{
    return (struct allocation){.kind = fresh ? ALLOCATE_NEW : ALLOCATE_DONE,
                               .steps = ((const struct median *)self)->last};
}

static struct progress progress_of(const struct median *x, int64_t trial)
{
    if ((size_t)trial <= x->n_trials)
        return x->trials[trial - 1];
    return (struct progress){.best = (double)NAN, .mean = (double)NAN};
}

/* How many points lie at or before `step`. */
static size_t points_until(const struct median *x, int64_t step)
{
    if (step < x->first)
        return 0;
    size_t n = (size_t)((step - x->first) / x->interval) + 1;
    return n < x->n_points ? n : x->n_points;
}

static int64_t median_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct median *x = self;
    size_t next = progress_of(x, trial).passed;
    if (next == x->n_points)
        return INT64_MAX;
    int64_t point = x->first + (int64_t)next * x->interval;
    return point > step ? point : step;
}

static enum decision median_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct median *x = self;
    struct progress p = progress_of(x, trial);
    size_t until = points_until(x, step);
    if (until <= p.passed)
        return DECISION_CONTINUE;
    const struct ranking *others = &x->averages[until - 1];
    double median = ranking_median(others), best = fmin(p.best, value);
    if (ranking_size(others) < x->min_trials || isnan(median))
        return DECISION_CONTINUE;
    return isnan(best) || best > median ? DECISION_STOP : DECISION_CONTINUE;
}

static enum code make_room(struct median *x, int64_t trial)
{
    size_t need = (size_t)trial;
    if (!array_reserve(x->trials, &x->capacity, need))
        return E_NOMEM;
    for (; x->n_trials < need; x->n_trials++)
        x->trials[x->n_trials] = (struct progress){.best = (double)NAN, .mean = (double)NAN};
    return OK;
}

static enum code median_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    struct median *x = self;
    struct progress p = progress_of(x, trial);
    size_t until = points_until(x, step);
    if (until <= p.passed)
        return OK;
    size_t from = p.n ? p.passed : until - 1; /* without an average nothing fills the gap */
    enum code code = make_room(x, trial);
    for (size_t i = from; code == OK && i < until; i++)
        code = ranking_reserve(&x->averages[i], 1);
    for (size_t i = from; code == OK && i + 1 < until; i++)
        code = ranking_add(&x->averages[i], p.mean);
    if (code != OK)
        return code;
    if (!isnan(value)) {
        p.n++;
        p.mean = p.n == 1 ? value : p.mean + (value / (double)p.n - p.mean / (double)p.n);
        p.best = fmin(p.best, value);
    }
    p.passed = (uint32_t)until;
    x->trials[trial - 1] = p;
    return ranking_add(&x->averages[until - 1], p.mean);
}

const struct allocator_kind allocator_median = {
    .name = "median",
    .about = "stops trials that are worse than the median of the others (Golovin et al. 2017)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .fits = median_fits,
    .create = median_create,
    .destroy = median_destroy,
    .next = median_next,
    .next_wanted = median_next_wanted,
    .decide = median_decide,
    .take = median_take,
};
