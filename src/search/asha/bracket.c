/* A bracket of rungs: rankings where trials are stopped, a ladder where they are paused. */
#include "search/asha/bracket.h"

#include "base/array.h"
#include "search/asha/ladder.h"
#include "search/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bracket {
    int64_t eta;
    size_t n_rungs;
    int64_t steps[RUNGS_MAX]; /* ascending */
    struct ranking results[RUNGS_MAX];
    struct ladder *ladder; /* promoting; NULL: stopping */
    uint8_t *passed;       /* by trial - 1: how many rungs lie behind it */
    size_t n_passed;
};

enum code bracket_new(int64_t eta, const int64_t *steps, size_t n_rungs, bool promote,
                      struct bracket **ret, struct error *e)
{
    struct bracket *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->eta = eta;
    x->n_rungs = n_rungs < RUNGS_MAX ? n_rungs : RUNGS_MAX;
    memcpy(x->steps, steps, x->n_rungs * sizeof(*steps));
    enum code code = promote ? ladder_new(eta, x->steps, x->n_rungs, &x->ladder, e) : OK;
    if (code == OK)
        *ret = x;
    else
        free(x);
    return code;
}

void bracket_free(void *self)
{
    struct bracket *x = self;
    if (!x)
        return;
    for (size_t i = 0; i < x->n_rungs; i++)
        ranking_free(&x->results[i]);
    ladder_free(x->ladder);
    free(x->passed);
    free(x);
}

int64_t bracket_first_steps(const struct bracket *x)
{
    return x->steps[x->ladder ? 0 : x->n_rungs - 1];
}

bool bracket_more(const struct bracket *x, struct allocation *ret)
{
    struct allocation more = {.kind = ALLOCATE_MORE};
    if (!x->ladder || !ladder_next(x->ladder, &more.trial, &more.steps))
        return false;
    *ret = more;
    return true;
}

struct allocation bracket_finish(const struct bracket *x)
{
    struct allocation more = {.kind = ALLOCATE_MORE};
    if (!x->ladder)
        return (struct allocation){.kind = ALLOCATE_DONE};
    if (ladder_climbing(x->ladder) > 0)
        return (struct allocation){.kind = ALLOCATE_WAIT};
    if (ladder_last(x->ladder, &more.trial, &more.steps))
        return more;
    return (struct allocation){.kind = ALLOCATE_DONE};
}

bool bracket_more_within(const struct bracket *x, int64_t left, struct allocation *ret)
{
    struct allocation more = {.kind = ALLOCATE_MORE};
    if (!x->ladder || !(ladder_top_within(x->ladder, left, &more.trial, &more.steps) ||
                        ladder_next_within(x->ladder, left, &more.trial, &more.steps)))
        return false;
    *ret = more;
    return true;
}

bool bracket_rest_within(const struct bracket *x, int64_t left, struct allocation *ret)
{
    struct allocation more = {.kind = ALLOCATE_MORE};
    if (!x->ladder || !ladder_rest_within(x->ladder, left, &more.trial, &more.steps))
        return false;
    *ret = more;
    return true;
}

bool bracket_climbs(const struct bracket *x)
{
    return x->ladder && ladder_climbing(x->ladder) > 0;
}

enum code bracket_started(void *self, int64_t trial, const struct allocation *a)
{
    struct bracket *x = self;
    if (!x->ladder)
        return OK;
    if (a->kind == ALLOCATE_NEW)
        return ladder_start(x->ladder, trial);
    ladder_climb(x->ladder, trial, a->steps);
    return OK;
}

enum code bracket_ended(void *self, int64_t trial, enum outcome outcome, int64_t step, double value)
{
    struct bracket *x = self;
    if (x->ladder)
        ladder_leave(x->ladder, trial, outcome == OUTCOME_COMPLETED);
    return OK;
}

enum code bracket_reopened(void *self, int64_t trial)
{
    struct bracket *x = self;
    if (x->ladder)
        ladder_return(x->ladder, trial);
    return OK;
}

static size_t passed(const struct bracket *x, int64_t trial)
{
    return (size_t)trial <= x->n_passed ? x->passed[trial - 1] : 0;
}

/* The rung that a report at `step` enters; -1: none. */
static int entered(const struct bracket *x, int64_t trial, int64_t step)
{
    size_t next = passed(x, trial), above = next;
    while (above < x->n_rungs && x->steps[above] <= step)
        above++;
    return above > next ? (int)above - 1 : -1;
}

int64_t bracket_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct bracket *x = self;
    if (x->ladder) {
        int64_t goal = ladder_goal(x->ladder, trial);
        return goal > step ? goal : step;
    }
    size_t next = passed(x, trial);
    if (next == x->n_rungs)
        return INT64_MAX;
    return x->steps[next] > step ? x->steps[next] : step;
}

enum decision bracket_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct bracket *x = self;
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

static enum code make_room(struct bracket *x, int64_t trial)
{
    return array_reserve_zeroed(x->passed, &x->n_passed, (size_t)trial) ? OK : E_NOMEM;
}

enum code bracket_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    struct bracket *x = self;
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

size_t bracket_rungs(const void *self, int64_t *ret_steps, size_t max)
{
    const struct bracket *x = self;
    for (size_t i = 0; i < x->n_rungs && i < max; i++)
        ret_steps[i] = x->steps[i];
    return x->n_rungs;
}

size_t rungs_between(int64_t min_steps, int64_t max_steps, int64_t eta, size_t most,
                     int64_t ret[RUNGS_MAX])
{
    int64_t down[RUNGS_MAX];
    size_t n = 0;
    for (int64_t step = max_steps; step >= min_steps && step > 0 && n < RUNGS_MAX && n < most;
         step /= eta)
        down[n++] = step;
    for (size_t i = 0; i < n; i++)
        ret[i] = down[n - 1 - i];
    return n;
}
