/*
 * Replaying a schedule of values: allocator `replay`.
 *
 * Each replicate is a chain of trials, a stage each, of which one begins with the checkpoint of the
 * one before it, as the schedule's own trials did in the search that found it.
 */
#include "search/allocator.h"

#include <stdlib.h>

enum chain_state { CHAIN_ON_WAY, CHAIN_WAITS, CHAIN_OVER };

struct chain {
    int64_t trial, step; /* step: at which it waits */
    size_t stage;        /* of `trial` */
    enum chain_state state;
};

struct replay {
    size_t n_stages;
    const struct schedule_stage *stages; /* borrowed */
    size_t size, n;
    struct chain *chains;
};

static bool replay_pauses(const struct method *m)
{
    return true;
}

static enum code replay_create(const struct searcher_settings *settings, void **ret,
                               struct error *e)
{
    if (settings->n_stages == 0) {
        error_set(e, E_INVALID, "replay needs a schedule, and there is none");
        error_hint(e, "give one in search.schedule; `trawl export TRIAL --schedule` writes it");
        return E_INVALID;
    }
    struct replay *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->size = settings->seeds == SEEDS_REPLICATES ? (size_t)settings->replicates : 1;
    x->n_stages = settings->n_stages;
    x->stages = settings->stages;
    x->chains = calloc(x->size, sizeof(*x->chains));
    if (!x->chains) {
        free(x);
        return error_nomem(e);
    }
    *ret = x;
    return OK;
}

static void replay_destroy(void *self)
{
    struct replay *x = self;
    if (x)
        free(x->chains);
    free(x);
}

static struct chain *chain_of(const struct replay *x, int64_t trial)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->chains[i].trial == trial)
            return &x->chains[i];
    return NULL;
}

/* All replicates are begun first: they are asked for one after the other. */
static struct allocation replay_next(const void *self, bool fresh)
{
    const struct replay *x = self;
    bool on_way = false;
    if (fresh && x->n < x->size)
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = x->stages[0].until};
    for (size_t i = 0; i < x->n; i++) {
        const struct chain *c = &x->chains[i];
        if (c->state == CHAIN_WAITS)
            return (struct allocation){.kind = ALLOCATE_COPY,
                                       .steps = x->stages[c->stage + 1].until,
                                       .parent = c->trial,
                                       .from = c->step,
                                       .over = c->trial};
        on_way = on_way || c->state == CHAIN_ON_WAY;
    }
    return (struct allocation){.kind = on_way ? ALLOCATE_WAIT : ALLOCATE_DONE};
}

static enum code replay_started(void *self, int64_t trial, const struct allocation *a)
{
    struct replay *x = self;
    struct chain *c = chain_of(x, a->over);
    if (a->kind == ALLOCATE_NEW && x->n < x->size) {
        x->chains[x->n++] = (struct chain){.trial = trial};
    } else if (a->kind == ALLOCATE_COPY) {
        if (!c || c->state != CHAIN_WAITS || a->parent != c->trial)
            return E_STATE;
        *c = (struct chain){.trial = trial, .stage = c->stage + 1};
    }
    return OK;
}

static int64_t replay_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct replay *x = self;
    const struct chain *c = chain_of(x, trial);
    if (!c || c->state != CHAIN_ON_WAY)
        return INT64_MAX;
    int64_t until = x->stages[c->stage].until;
    return until > step ? until : step;
}

static enum decision replay_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct replay *x = self;
    const struct chain *c = chain_of(x, trial);
    bool there = c && c->state == CHAIN_ON_WAY && c->stage + 1 < x->n_stages &&
                 step >= x->stages[c->stage].until;
    return there ? DECISION_PAUSE : DECISION_CONTINUE;
}

static enum code replay_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    struct chain *c = chain_of(self, trial);
    if (c && d == DECISION_PAUSE) {
        c->state = CHAIN_WAITS;
        c->step = step;
    }
    return OK;
}

static enum code replay_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                              double value)
{
    struct chain *c = chain_of(self, trial);
    if (c)
        c->state = CHAIN_OVER;
    return OK;
}

static enum code replay_reopened(void *self, int64_t trial)
{
    struct chain *c = chain_of(self, trial);
    if (c)
        c->state = CHAIN_ON_WAY;
    return OK;
}

static enum code replay_vary(const void *self, struct arena *a, const struct vary_request *q,
                             struct config *ret, struct error *e)
{
    const struct replay *x = self;
    const struct chain *c = chain_of(x, q->parent);
    if (!c || c->stage + 1 >= x->n_stages)
        return error_set(e, E_STATE, "trial %lld is at the end of the schedule",
                         (long long)q->parent);
    *ret = x->stages[c->stage + 1].config;
    return OK;
}

const struct allocator_kind allocator_replay = {
    .name = "replay",
    .about = "goes through search.schedule, a trial a stage",
    .needs_steps = true,
    .owns_steps = true,
    .pauses = replay_pauses,
    .create = replay_create,
    .destroy = replay_destroy,
    .vary = replay_vary,
    .next = replay_next,
    .started = replay_started,
    .next_wanted = replay_next_wanted,
    .decide = replay_decide,
    .take = replay_take,
    .ended = replay_ended,
    .reopened = replay_reopened,
};
