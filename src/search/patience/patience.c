/*
 * Patience: a trial is stopped when its best value has not improved for so many steps (early
 * stopping, Prechelt 1998: here of a trial by its own curve alone).
 *
 * An improvement is one by more than `delta`. A missing value (NaN, infinite) is none; a trial
 * without any real value is stopped once it was waited for as long.
 */
#include "search/allocator.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

struct best_so_far {
    double value;     /* NaN: none yet */
    int64_t at, seen; /* steps of it, and of the last value; -1: none */
};

struct patience {
    int64_t steps, max_steps, warmup;
    double delta;
    struct best_so_far *trials; /* by trial - 1 */
    size_t n_trials, capacity;
};

static const struct option_kind options[] = {
    {.name = "steps",
     .about = "without improvement, after which a trial is stopped; 0: a tenth of its budget",
     .lo = 0,
     .hi = 1e15,
     .whole = true},
    {.name = "delta", .about = "what an improvement must exceed", .lo = 0, .hi = 1e300},
};

static enum code patience_create(const struct searcher_settings *settings, void **ret,
                                 struct error *e)
{
    struct patience *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->max_steps = settings->effort.max_steps;
    x->warmup = settings->effort.min_steps;
    x->steps = (int64_t)allocator_option(&settings->method, "steps");
    if (x->steps == 0)
        x->steps = x->max_steps / 10 > 0 ? x->max_steps / 10 : 1;
    x->delta = allocator_option(&settings->method, "delta");
    *ret = x;
    return OK;
}

static void patience_destroy(void *self)
{
    struct patience *x = self;
    if (x)
        free(x->trials);
    free(x);
}

static struct allocation patience_next(const void *self, bool fresh)
{
    const struct patience *x = self;
    return (struct allocation){.kind = fresh ? ALLOCATE_NEW : ALLOCATE_DONE, .steps = x->max_steps};
}

static struct best_so_far best_of(const struct patience *x, int64_t trial)
{
    if ((size_t)trial <= x->n_trials)
        return x->trials[trial - 1];
    return (struct best_so_far){.value = (double)NAN, .at = 0, .seen = -1};
}

/* Every value counts. */
static int64_t patience_next_wanted(const void *self, int64_t trial, int64_t step)
{
    struct best_so_far b = best_of(self, trial);
    return step > b.seen ? step : b.seen + 1;
}

static bool improves(const struct patience *x, const struct best_so_far *b, double value)
{
    return !isnan(value) && (isnan(b->value) || value < b->value - x->delta);
}

static enum decision patience_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct patience *x = self;
    struct best_so_far b = best_of(x, trial);
    if (step < x->warmup || improves(x, &b, value) || step - b.at < x->steps)
        return DECISION_CONTINUE;
    return DECISION_STOP;
}

static enum code make_room(struct patience *x, int64_t trial)
{
    size_t need = (size_t)trial;
    if (!array_reserve(x->trials, &x->capacity, need))
        return E_NOMEM;
    for (; x->n_trials < need; x->n_trials++)
        x->trials[x->n_trials] = (struct best_so_far){.value = (double)NAN, .seen = -1};
    return OK;
}

static enum code patience_take(void *self, int64_t trial, int64_t step, double value,
                               enum decision d)
{
    struct patience *x = self;
    if (make_room(x, trial) != OK)
        return E_NOMEM;
    struct best_so_far *b = &x->trials[trial - 1];
    b->seen = step;
    if (improves(x, b, value)) {
        b->value = value;
        b->at = step;
    }
    return OK;
}

/* One that a person lets go on is given as long again. */
static enum code patience_reopened(void *self, int64_t trial)
{
    struct patience *x = self;
    if ((size_t)trial <= x->n_trials)
        x->trials[trial - 1].at = x->trials[trial - 1].seen;
    return OK;
}

const struct allocator_kind allocator_patience = {
    .name = "patience",
    .about = "stops a trial that has not improved for some steps (Prechelt 1998)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .create = patience_create,
    .destroy = patience_destroy,
    .next = patience_next,
    .next_wanted = patience_next_wanted,
    .decide = patience_decide,
    .take = patience_take,
    .reopened = patience_reopened,
};
