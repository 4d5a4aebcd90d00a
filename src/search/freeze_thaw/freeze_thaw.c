/*
 * Freeze-thaw: every trial pauses at stations, and a model of all curves says at each free slot
 * which of them goes on to its next one, or what new configuration starts.
 *
 * Swersky, Snoek & Adams 2014, "Freeze-thaw Bayesian optimization" (arXiv 1406.3896) have the model
 * (curves.c); that the next step goes to what most probably improves on a random target within a
 * random horizon is ifBO's (Rakotoarison et al. 2024, arXiv 2404.16795; choose.c). Both train one
 * step at a time; here stations count down from the most steps by a factor, since each costs a
 * start of the program.
 *
 * The sampler proposes the first few configurations, before there is anything to model.
 */
#include "search/freeze_thaw/internal.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

struct place {
    int64_t goal; /* of a trial that is on its way; 0: it is not */
    int64_t seen; /* the last step taken */
    bool paused;
};

struct freeze_thaw {
    const struct searcher_settings *settings;
    struct place *places; /* by trial - 1 */
    size_t n_places, n_running, n_paused;
};

static const struct option_kind options[] = {
    {.name = "growth",
     .about = "stations count down from the most steps by this factor",
     .def = 1.5,
     .lo = 1.1,
     .hi = 100},
};

/* Of a new trial: before this part of all steps curves say too little (bench/allocation). */
enum { FIRST_PART = 10 };

int64_t station_after(const struct searcher_settings *settings, int64_t step)
{
    const struct effort *effort = &settings->effort;
    double growth = allocator_option(&settings->method, "growth"), at = (double)effort->max_steps;
    double least = (double)(step + 1 > effort->min_steps ? step + 1 : effort->min_steps);
    while (floor(at / growth) >= least)
        at /= growth;
    return (int64_t)at;
}

static int64_t first_station(const struct searcher_settings *settings)
{
    return station_after(settings, settings->effort.max_steps / FIRST_PART);
}

static enum code ft_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct freeze_thaw *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->settings = settings;
    *ret = x;
    return OK;
}

static void ft_destroy(void *self)
{
    struct freeze_thaw *x = self;
    if (x)
        free(x->places);
    free(x);
}

static struct allocation ft_next(const void *self, bool fresh)
{
    const struct freeze_thaw *x = self;
    if (fresh || x->n_paused > 0)
        return (struct allocation){
            .kind = ALLOCATE_CHOOSE, .steps = first_station(x->settings), .fresh = fresh};
    return (struct allocation){.kind = x->n_running > 0 ? ALLOCATE_WAIT : ALLOCATE_DONE};
}

/* Who of the paused ones still gets anywhere is known where the choice is made. */
static struct allocation ft_closing(const void *self, bool fresh, int64_t left)
{
    const struct freeze_thaw *x = self;
    return ft_next(x, fresh && first_station(x->settings) <= left);
}

static enum code reserve(struct freeze_thaw *x, int64_t trial)
{
    return array_reserve_zeroed(x->places, &x->n_places, (size_t)trial) ? OK : E_NOMEM;
}

static struct place *place_of(const struct freeze_thaw *x, int64_t trial)
{
    return trial >= 1 && (size_t)trial <= x->n_places ? &x->places[trial - 1] : NULL;
}

/* The baseline is on no way that leads here. */
static void put(struct freeze_thaw *x, int64_t trial, int64_t goal, bool paused)
{
    struct place *p = place_of(x, trial);
    if (!p)
        return;
    x->n_running += (size_t)(goal > 0) - (size_t)(p->goal > 0);
    x->n_paused += (size_t)paused - (size_t)p->paused;
    p->goal = goal;
    p->paused = paused;
}

static enum code ft_started(void *self, int64_t trial, const struct allocation *a)
{
    if (reserve(self, trial) != OK)
        return E_NOMEM;
    put(self, trial, a->steps, false);
    return OK;
}

/* Evenly by ratio: a curve bends at its beginning, and no more points are kept than a block of the
 * model takes. */
static int64_t ft_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct freeze_thaw *x = self;
    const struct place *p = place_of(x, trial);
    double most = (double)x->settings->effort.max_steps, at = 1;
    double ratio = pow(most, 1.0 / (DECAY_POINTS - 1)), seen = p ? (double)p->seen : 0;
    while (at <= seen && at < most)
        at = ceil(at * ratio > at + 1 ? at * ratio : at + 1);
    at = at < most ? at : most;
    return (int64_t)at < step ? step : (int64_t)at;
}

static enum decision ft_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct place *p = place_of(self, trial);
    return p && p->goal > 0 && step >= p->goal ? DECISION_PAUSE : DECISION_CONTINUE;
}

static enum code ft_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    struct place *p = reserve(self, trial) == OK ? place_of(self, trial) : NULL;
    if (!p)
        return E_NOMEM;
    p->seen = step;
    if (d == DECISION_PAUSE)
        put(self, trial, 0, true);
    return OK;
}

static enum code ft_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                          double value)
{
    put(self, trial, 0, false);
    return OK;
}

/* How far it may train is known to whoever reopened it: it goes there. */
static enum code ft_reopened(void *self, int64_t trial)
{
    const struct freeze_thaw *x = self;
    put(self, trial, x->settings->effort.max_steps, false);
    return OK;
}

static bool ft_pauses(const struct method *m)
{
    return true;
}

static size_t ft_rungs(const void *self, int64_t *ret_steps, size_t max)
{
    const struct searcher_settings *settings = ((const struct freeze_thaw *)self)->settings;
    int64_t most = settings->effort.max_steps, step = first_station(settings);
    size_t n = 0;
    for (; step < most; step = station_after(settings, step), n++)
        if (n < max)
            ret_steps[n] = step;
    if (n < max)
        ret_steps[n] = most;
    return n + 1;
}

const struct allocator_kind allocator_freeze_thaw = {
    .name = "freeze_thaw",
    .about = "goes on with the trial of which a model of all curves expects most (Swersky et al. "
             "2014, Rakotoarison et al. 2024)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .owns_steps = true,
    .pauses = ft_pauses,
    .create = ft_create,
    .destroy = ft_destroy,
    .next = ft_next,
    .closing = ft_closing,
    .choose = freeze_thaw_choose,
    .started = ft_started,
    .next_wanted = ft_next_wanted,
    .decide = ft_decide,
    .take = ft_take,
    .ended = ft_ended,
    .reopened = ft_reopened,
    .rungs = ft_rungs,
};
