/*
 * Each rung keeps its results in two heaps: the best floor(n / eta), worst on top, and the rest,
 * best on top. Who is among the best and has not gone on waits in a third, best on top, from which
 * those that fell out of the best, or left, are dropped when they come up.
 */
#include "search/asha/ladder.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct result_at {
    double value;
    int64_t trial;
};

struct heap {
    struct result_at *v;
    size_t n, capacity;
    bool worst_first;
};

struct rung {
    struct heap best, rest, waiting;
    size_t n;
};

enum { NOWHERE = 255 };

/* Where a trial stands. */
struct climber {
    uint8_t goal;    /* the rung it is on its way to; NOWHERE: it waits, or has left */
    uint8_t at;      /* the rung it waits at; NOWHERE: none */
    uint8_t reached; /* how many rungs lie behind it */
    bool among_best; /* of the rung it waits at */
};

struct ladder {
    int64_t eta;
    size_t n_rungs;
    int64_t steps[RUNGS_MAX];
    struct rung rungs[RUNGS_MAX];
    struct climber *climbers; /* by trial - 1 */
    size_t n_climbers, capacity, climbing;
    bool any_completed;
};

/* Is a strictly better than b? Missing values are behind all others. */
static bool better(const struct result_at *a, const struct result_at *b)
{
    if (isnan(a->value) || isnan(b->value)) {
        if (isnan(a->value) != isnan(b->value))
            return isnan(b->value);
        return a->trial < b->trial;
    }
    if (a->value < b->value || a->value > b->value)
        return a->value < b->value;
    return a->trial < b->trial;
}

static bool above(const struct heap *h, size_t i, size_t k)
{
    return h->worst_first ? better(&h->v[k], &h->v[i]) : better(&h->v[i], &h->v[k]);
}

static enum code heap_reserve(struct heap *h, size_t more)
{
    return array_reserve(h->v, &h->capacity, h->n + more) ? OK : E_NOMEM;
}

static void swap(struct heap *h, size_t i, size_t k)
{
    struct result_at t = h->v[i];
    h->v[i] = h->v[k];
    h->v[k] = t;
}

/* There is room. */
static void heap_push(struct heap *h, struct result_at x)
{
    size_t i = h->n++;
    h->v[i] = x;
    for (; i > 0 && above(h, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(h, i, (i - 1) / 2);
}

static struct result_at heap_pop(struct heap *h)
{
    struct result_at top = h->v[0];
    h->v[0] = h->v[--h->n];
    for (size_t i = 0;;) {
        size_t first = i, l = 2 * i + 1, r = l + 1;
        if (l < h->n && above(h, l, first))
            first = l;
        if (r < h->n && above(h, r, first))
            first = r;
        if (first == i)
            return top;
        swap(h, i, first);
        i = first;
    }
}

enum code ladder_new(int64_t eta, const int64_t *steps, size_t n_rungs, struct ladder **ret,
                     struct error *e)
{
    struct ladder *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->eta = eta;
    x->n_rungs = n_rungs < RUNGS_MAX ? n_rungs : RUNGS_MAX;
    memcpy(x->steps, steps, x->n_rungs * sizeof(*steps));
    for (size_t i = 0; i < x->n_rungs; i++)
        x->rungs[i].best.worst_first = true;
    *ret = x;
    return OK;
}

void ladder_free(struct ladder *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n_rungs; i++) {
        free(x->rungs[i].best.v);
        free(x->rungs[i].rest.v);
        free(x->rungs[i].waiting.v);
    }
    free(x->climbers);
    free(x);
}

static struct climber *climber(const struct ladder *x, int64_t trial)
{
    return trial >= 1 && (size_t)trial <= x->n_climbers ? &x->climbers[trial - 1] : NULL;
}

/* Of a trial that stands in a heap, which is one that was started. */
static struct climber *placed(const struct ladder *x, const struct result_at *r)
{
    return &x->climbers[r->trial - 1];
}

enum code ladder_start(struct ladder *x, int64_t trial)
{
    size_t need = (size_t)trial;
    if (!array_reserve(x->climbers, &x->capacity, need))
        return E_NOMEM;
    for (; x->n_climbers < need; x->n_climbers++)
        x->climbers[x->n_climbers] = (struct climber){.goal = NOWHERE, .at = NOWHERE};
    x->climbers[trial - 1].goal = 0;
    x->climbing++;
    return OK;
}

/* Those that wait no longer, or fell out of the best, go from the top of the waiting. */
static void drop_gone(const struct ladder *x, struct rung *r)
{
    while (r->waiting.n > 0) {
        const struct climber *c = placed(x, &r->waiting.v[0]);
        if (c->at == r - x->rungs && c->among_best)
            return;
        heap_pop(&r->waiting);
    }
}

/* There is room. A trial that left is seen nowhere, and may stand in either heap. */
static void to_best(struct ladder *x, struct rung *r)
{
    struct result_at b = heap_pop(&r->rest);
    struct climber *c = placed(x, &b);
    heap_push(&r->best, b);
    if (c->at != r - x->rungs)
        return;
    c->among_best = true;
    if (!isnan(b.value))
        heap_push(&r->waiting, b);
}

static void to_rest(struct ladder *x, struct rung *r)
{
    struct result_at b = heap_pop(&r->best);
    struct climber *c = placed(x, &b);
    heap_push(&r->rest, b);
    if (c->at == r - x->rungs)
        c->among_best = false;
}

enum code ladder_add(struct ladder *x, int64_t trial, int64_t step, double value)
{
    struct climber *c = climber(x, trial);
    if (!c || c->goal == NOWHERE)
        return OK;
    size_t rung = c->goal;
    if (step < x->steps[rung])
        return OK;
    while (rung + 1 < x->n_rungs && x->steps[rung + 1] <= step)
        rung++;
    struct rung *r = &x->rungs[rung];
    if (heap_reserve(&r->best, 2) != OK || heap_reserve(&r->rest, 2) != OK ||
        heap_reserve(&r->waiting, 2) != OK)
        return E_NOMEM;
    struct result_at new = {value, trial};
    *c = (struct climber){.goal = NOWHERE, .at = (uint8_t)rung, .reached = (uint8_t)(rung + 1)};
    x->climbing--;
    heap_push(&r->rest, new);
    r->n++;
    /* The best of the rest may be better than the worst of the best: they change places. */
    if (r->best.n > 0 && better(&r->rest.v[0], &r->best.v[0])) {
        to_rest(x, r);
        to_best(x, r);
    }
    while (r->best.n < r->n / (size_t)x->eta)
        to_best(x, r);
    drop_gone(x, r);
    return OK;
}

void ladder_climb(struct ladder *x, int64_t trial, int64_t steps)
{
    struct climber *c = climber(x, trial);
    if (!c || c->at == NOWHERE)
        return;
    struct rung *from = &x->rungs[c->at];
    size_t goal = c->at + 1u;
    while (goal + 1 < x->n_rungs && x->steps[goal] < steps)
        goal++;
    *c = (struct climber){.goal = (uint8_t)goal, .at = NOWHERE, .reached = c->reached};
    x->climbing++;
    drop_gone(x, from);
}

void ladder_leave(struct ladder *x, int64_t trial, bool completed)
{
    struct climber *c = climber(x, trial);
    if (!c)
        return;
    struct rung *from = c->at != NOWHERE ? &x->rungs[c->at] : NULL;
    x->climbing -= c->goal != NOWHERE;
    x->any_completed = x->any_completed || completed;
    *c = (struct climber){.goal = NOWHERE, .at = NOWHERE, .reached = c->reached};
    if (from)
        drop_gone(x, from);
}

void ladder_return(struct ladder *x, int64_t trial)
{
    struct climber *c = climber(x, trial);
    if (!c || c->goal != NOWHERE || c->at != NOWHERE || c->reached == x->n_rungs)
        return;
    c->goal = c->reached;
    x->climbing++;
}

int64_t ladder_goal(const struct ladder *x, int64_t trial)
{
    const struct climber *c = climber(x, trial);
    return c && c->goal != NOWHERE ? x->steps[c->goal] : INT64_MAX;
}

bool ladder_is_top(const struct ladder *x, int64_t step)
{
    return step >= x->steps[x->n_rungs - 1];
}

bool ladder_next(const struct ladder *x, int64_t *ret_trial, int64_t *ret_steps)
{
    for (size_t i = x->n_rungs - 1; i-- > 0;) {
        if (x->rungs[i].waiting.n == 0)
            continue;
        *ret_trial = x->rungs[i].waiting.v[0].trial;
        *ret_steps = x->steps[i + 1];
        return true;
    }
    return false;
}

/* The best that still waits at a rung; linear, but only asked for at the end. */
static const struct result_at *best_waiting(const struct ladder *x, size_t rung)
{
    const struct rung *r = &x->rungs[rung];
    const struct heap *heaps[] = {&r->best, &r->rest};
    const struct result_at *found = NULL;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < heaps[k]->n; i++) {
            const struct result_at *y = &heaps[k]->v[i];
            if (placed(x, y)->at == rung && !isnan(y->value) && (!found || better(y, found)))
                found = y;
        }
    return found;
}

bool ladder_last(const struct ladder *x, int64_t *ret_trial, int64_t *ret_steps)
{
    if (x->any_completed || x->rungs[x->n_rungs - 1].n > 0)
        return false;
    for (size_t i = x->n_rungs - 1; i-- > 0;) {
        const struct result_at *found = best_waiting(x, i);
        if (!found)
            continue;
        *ret_trial = found->trial;
        *ret_steps = x->steps[i + 1];
        return true;
    }
    return false;
}

/* The rungs, from the highest but one down, of which `to` is within `left` steps. */
static bool waiting_within(const struct ladder *x, int64_t left, bool top, bool others,
                           int64_t *ret_trial, int64_t *ret_steps)
{
    for (size_t i = x->n_rungs - 1; i-- > 0;) {
        int64_t to = x->steps[top ? x->n_rungs - 1 : i + 1];
        const struct heap *named = &x->rungs[i].waiting;
        const struct result_at *found = NULL;
        if (to - x->steps[i] > left)
            continue;
        if (others)
            found = best_waiting(x, i);
        else if (named->n > 0)
            found = &named->v[0];
        if (!found)
            continue;
        *ret_trial = found->trial;
        *ret_steps = x->steps[i + 1];
        return true;
    }
    return false;
}

bool ladder_top_within(const struct ladder *x, int64_t left, int64_t *ret_trial, int64_t *ret_steps)
{
    return waiting_within(x, left, true, false, ret_trial, ret_steps) ||
           waiting_within(x, left, true, true, ret_trial, ret_steps);
}

bool ladder_next_within(const struct ladder *x, int64_t left, int64_t *ret_trial,
                        int64_t *ret_steps)
{
    return waiting_within(x, left, false, false, ret_trial, ret_steps);
}

bool ladder_rest_within(const struct ladder *x, int64_t left, int64_t *ret_trial,
                        int64_t *ret_steps)
{
    return waiting_within(x, left, false, true, ret_trial, ret_steps);
}

size_t ladder_climbing(const struct ladder *x)
{
    return x->climbing;
}

size_t ladder_results(const struct ladder *x, size_t rung)
{
    return rung < x->n_rungs ? x->rungs[rung].n : 0;
}
