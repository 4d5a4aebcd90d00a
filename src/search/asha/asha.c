/*
 * ASHA: asynchronous successive halving that never waits.
 *
 * Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020 (arXiv
 * 1810.05934). Rungs count down from the largest budget by eta while they reach the least.
 *
 * variant=stop: a trial runs on; at a rung it goes on only if it is within the best
 * max(floor(k / eta), 1) of the k results so far at that rung, its own included.
 *
 * variant=promote (the paper's algorithm 2): every trial pauses at its rung, and the best
 * floor(k / eta) of the k results there go on, from the highest rung down, before another
 * configuration starts. When no more of those may start and nothing is left to go on, the best of
 * the highest rung does, until one trial has been trained to the end.
 *
 * Where the paper is silent:
 *  - Stopping, equal values rank equally: a trial is stopped only by values that are strictly
 *    better, so that a metric still on its plateau stops nobody. Promoting, the earlier trial goes
 *    first.
 *  - A missing value (NaN or infinite) ranks behind all others. Stopping, it goes on only while the
 *    rung holds nothing but missing values: before the first real one nothing is known. It is never
 *    promoted.
 *  - A report that jumps past rungs enters the highest of them alone: a late value is no result of
 *    an early rung. A rung that was entered or jumped past is never entered again, so a retried
 *    attempt doesn't count twice.
 *  - At the highest rung there is nothing left to decide.
 *  - What became of a trial afterwards doesn't change the results it had.
 */
#include "search/asha/ladder.h"

#include "search/allocator.h"
#include "search/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct asha {
    int64_t eta;
    size_t n_rungs;
    int64_t steps[RUNGS_MAX]; /* ascending */
    struct ranking results[RUNGS_MAX];
    struct ladder *ladder; /* promoting; NULL: stopping */
    uint8_t *passed;       /* by trial - 1: how many rungs lie behind it */
    size_t n_trials, capacity;
};

static const char *const variants[] = {"stop", "promote", NULL};

static const struct option_kind options[] = {
    {.name = "eta", .about = "one in so many goes on", .def = 3, .lo = 2, .hi = 10, .whole = true},
    {.name = "variant",
     .about = "stop the worse trials at a rung, or pause all and promote the best",
     .words = variants},
};

static enum code asha_fits(const struct method *m, const struct effort *effort, struct error *e)
{
    int64_t eta = (int64_t)allocator_option(m, "eta");
    if (effort->max_steps / eta >= effort->min_steps)
        return OK;
    error_set(e, E_INVALID, "asha(eta=%d) has no rung between %lld and %lld steps at which to stop",
              (int)eta, (long long)effort->min_steps, (long long)effort->max_steps);
    error_hint(e, "let the budget span at least a factor of eta, or use full");
    return E_INVALID;
}

static bool asha_pauses(const struct method *m)
{
    return allocator_option_is(m, "variant", "promote");
}

static enum code asha_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct asha *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->eta = (int64_t)allocator_option(&settings->method, "eta");
    int64_t down[RUNGS_MAX];
    for (int64_t step = settings->effort.max_steps;
         step >= settings->effort.min_steps && step > 0 && x->n_rungs < RUNGS_MAX; step /= x->eta)
        down[x->n_rungs++] = step;
    for (size_t i = 0; i < x->n_rungs; i++)
        x->steps[i] = down[x->n_rungs - 1 - i];
    bool promote = asha_pauses(&settings->method);
    enum code code = promote ? ladder_new(x->eta, x->steps, x->n_rungs, &x->ladder, e) : OK;
    if (code == OK)
        *ret = x;
    else
        free(x);
    return code;
}

static void asha_destroy(void *self)
{
    struct asha *x = self;
    if (!x)
        return;
    for (size_t i = 0; i < x->n_rungs; i++)
        ranking_free(&x->results[i]);
    ladder_free(x->ladder);
    free(x->passed);
    free(x);
}

static struct allocation climb_next(const struct asha *x, bool fresh)
{
    struct allocation more = {.kind = ALLOCATE_MORE};
    if (ladder_next(x->ladder, &more.trial, &more.steps))
        return more;
    if (fresh)
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = x->steps[0]};
    if (ladder_climbing(x->ladder) > 0)
        return (struct allocation){.kind = ALLOCATE_WAIT};
    if (ladder_last(x->ladder, &more.trial, &more.steps))
        return more;
    return (struct allocation){.kind = ALLOCATE_DONE};
}

static struct allocation asha_next(const void *self, bool fresh)
{
    const struct asha *x = self;
    if (x->ladder)
        return climb_next(x, fresh);
    return (struct allocation){.kind = fresh ? ALLOCATE_NEW : ALLOCATE_DONE,
                               .steps = x->steps[x->n_rungs - 1]};
}

static enum code asha_started(void *self, int64_t trial, const struct allocation *a)
{
    struct asha *x = self;
    if (!x->ladder)
        return OK;
    if (a->kind == ALLOCATE_NEW)
        return ladder_start(x->ladder, trial);
    ladder_climb(x->ladder, trial, a->steps);
    return OK;
}

static enum code asha_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                            double value)
{
    struct asha *x = self;
    if (x->ladder)
        ladder_leave(x->ladder, trial, outcome == OUTCOME_COMPLETED);
    return OK;
}

static enum code asha_reopened(void *self, int64_t trial)
{
    struct asha *x = self;
    if (x->ladder)
        ladder_return(x->ladder, trial);
    return OK;
}

static size_t passed(const struct asha *x, int64_t trial)
{
    return (size_t)trial <= x->n_trials ? x->passed[trial - 1] : 0;
}

/* The rung that a report at `step` enters; -1: none. */
static int entered(const struct asha *x, int64_t trial, int64_t step)
{
    size_t next = passed(x, trial), above = next;
    while (above < x->n_rungs && x->steps[above] <= step)
        above++;
    return above > next ? (int)above - 1 : -1;
}

static int64_t asha_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct asha *x = self;
    if (x->ladder) {
        int64_t goal = ladder_goal(x->ladder, trial);
        return goal > step ? goal : step;
    }
    size_t next = passed(x, trial);
    if (next == x->n_rungs)
        return INT64_MAX;
    return x->steps[next] > step ? x->steps[next] : step;
}

static enum decision asha_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct asha *x = self;
    if (x->ladder)
        return step >= ladder_goal(x->ladder, trial) ? DECISION_PAUSE : DECISION_CONTINUE;
    int rung = entered(x, trial, step);
    if (rung < 0 || (size_t)rung + 1 == x->n_rungs)
        return DECISION_CONTINUE;
    const struct ranking *results = &x->results[rung];
    if (isnan(value))
        return results->n ? DECISION_STOP : DECISION_CONTINUE;
    size_t places = (ranking_size(results) + 1) / (size_t)x->eta;
    if (places < 1)
        places = 1;
    return ranking_better(results, value) < places ? DECISION_CONTINUE : DECISION_STOP;
}

static enum code make_room(struct asha *x, int64_t trial)
{
    size_t need = (size_t)trial;
    if (need > x->capacity) {
        size_t capacity = x->capacity * 2 > need ? x->capacity * 2 : need + 64;
        uint8_t *p = realloc(x->passed, capacity);
        if (!p)
            return E_NOMEM;
        x->passed = p;
        x->capacity = capacity;
    }
    if (need > x->n_trials) {
        memset(x->passed + x->n_trials, 0, need - x->n_trials);
        x->n_trials = need;
    }
    return OK;
}

static enum code asha_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    struct asha *x = self;
    if (x->ladder)
        return ladder_add(x->ladder, trial, step, value);
    int rung = entered(x, trial, step);
    if (rung < 0)
        return OK;
    enum code code = make_room(x, trial);
    if (code == OK)
        code = ranking_add(&x->results[rung], value);
    if (code == OK)
        x->passed[trial - 1] = (uint8_t)(rung + 1);
    return code;
}

static size_t asha_rungs(const void *self, int64_t *ret_steps, size_t max)
{
    const struct asha *x = self;
    for (size_t i = 0; i < x->n_rungs && i < max; i++)
        ret_steps[i] = x->steps[i];
    return x->n_rungs;
}

const struct allocator_kind allocator_asha = {
    .name = "asha",
    .about = "stops or pauses the worse trials at rungs that grow by eta (Li et al. 2020)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .pauses = asha_pauses,
    .fits = asha_fits,
    .create = asha_create,
    .destroy = asha_destroy,
    .next = asha_next,
    .started = asha_started,
    .next_wanted = asha_next_wanted,
    .decide = asha_decide,
    .take = asha_take,
    .ended = asha_ended,
    .reopened = asha_reopened,
    .rungs = asha_rungs,
};
