/*
 * Threshold: a trial is stopped when its value at a step, or at the first one reported after it, is
 * worse than a bound that a person gives. A missing value (NaN, infinite) is worse than any.
 */
#include "search/allocator.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

struct threshold {
    int64_t step, max_steps;
    double bound; /* minimised */
    bool *judged; /* by trial - 1 */
    size_t n_judged;
};

static const struct option_kind options[] = {
    {.name = "value",
     .about = "the bound, in the metric's own unit",
     .def = (double)NAN,
     .lo = -1e300,
     .hi = 1e300},
    {.name = "step",
     .about = "at which a trial is judged; 0: its least budget",
     .lo = 0,
     .hi = 1e15,
     .whole = true},
};

static enum code threshold_fits(const struct method *m, const struct effort *effort,
                                struct error *e)
{
    if (isnan(allocator_option(m, "value"))) {
        error_set(e, E_INVALID, "threshold does not say at which value trials are stopped");
        error_hint(e, "write threshold(value=0.5), or threshold(value=0.5, step=3)");
        return E_INVALID;
    }
    if (allocator_option(m, "step") < (double)effort->max_steps)
        return OK;
    error_set(e, E_INVALID, "threshold judges at step %.0f, and a trial ends at %lld",
              allocator_option(m, "step"), (long long)effort->max_steps);
    error_hint(e, "judge earlier, or let trials train longer");
    return E_INVALID;
}

static enum code threshold_create(const struct searcher_settings *settings, void **ret,
                                  struct error *e)
{
    struct threshold *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    double bound = allocator_option(&settings->method, "value");
    x->bound = settings->minimize[0] ? bound : -bound;
    x->step = (int64_t)allocator_option(&settings->method, "step");
    if (x->step == 0)
        x->step = settings->effort.min_steps;
    x->max_steps = settings->effort.max_steps;
    *ret = x;
    return OK;
}

static void threshold_destroy(void *self)
{
    struct threshold *x = self;
    if (x)
        free(x->judged);
    free(x);
}

static struct allocation threshold_next(const void *self, bool fresh)
{
    const struct threshold *x = self;
    return (struct allocation){.kind = fresh ? ALLOCATE_NEW : ALLOCATE_DONE, .steps = x->max_steps};
}

static bool was_judged(const struct threshold *x, int64_t trial)
{
    return (size_t)trial <= x->n_judged && x->judged[trial - 1];
}

static int64_t threshold_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct threshold *x = self;
    if (was_judged(x, trial))
        return INT64_MAX;
    return step > x->step ? step : x->step;
}

static enum decision threshold_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct threshold *x = self;
    bool good = was_judged(x, trial) || step < x->step || value <= x->bound;
    return good ? DECISION_CONTINUE : DECISION_STOP;
}

static enum code threshold_take(void *self, int64_t trial, int64_t step, double value,
                                enum decision d)
{
    struct threshold *x = self;
    if (!array_reserve_zeroed(x->judged, &x->n_judged, (size_t)trial))
        return E_NOMEM;
    x->judged[trial - 1] = x->judged[trial - 1] || step >= x->step;
    return OK;
}

const struct allocator_kind allocator_threshold = {
    .name = "threshold",
    .about = "stops a trial that is worse than a given value at a step",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .fits = threshold_fits,
    .create = threshold_create,
    .destroy = threshold_destroy,
    .next = threshold_next,
    .next_wanted = threshold_next_wanted,
    .decide = threshold_decide,
    .take = threshold_take,
};
