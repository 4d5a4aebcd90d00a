/*
 * Live trials: their rows, their values, their ends.
 */
#include "sched/internal.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

int64_t trial_full_steps(const struct live_trial *t)
{
    const struct effort *effort = &t->search->settings->effort;
    return effort->own_steps ? t->row.steps : effort->max_steps;
}

/* Index of the first slot whose number is not below `number`. */
static size_t place(const struct search *q, int64_t number)
{
    size_t lo = 0, hi = q->n_trials;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (q->trials[mid].number < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct live_trial *live_trial_find(struct search *q, int64_t number)
{
    size_t i = place(q, number);
    return i < q->n_trials && q->trials[i].number == number ? q->trials[i].trial : NULL;
}

bool live_trial_runs(const struct live_trial *t)
{
    return t->attempt != NULL && !t->attempt->exited;
}

static enum code insert(struct search *q, struct live_trial *t, struct error *e)
{
    int64_t number = trial_id_number(t->row.id);
    size_t i = place(q, number);
    if (i < q->n_trials && q->trials[i].number == number) {
        q->trials[i].trial = t; /* it was dropped, and comes back */
        q->n_dropped--;
        return OK;
    }
    if (!array_reserve(q->trials, &q->trials_capacity, q->n_trials + 1))
        return error_nomem(e);
    memmove(q->trials + i + 1, q->trials + i, (q->n_trials - i) * sizeof *q->trials);
    q->trials[i] = (struct trial_slot){number, t};
    q->n_trials++;
    return OK;
}

static void close_gaps(struct search *q)
{
    size_t kept = 0;
    for (size_t i = 0; i < q->n_trials; i++) {
        if (q->trials[i].trial != NULL)
            q->trials[kept++] = q->trials[i];
    }
    q->n_trials = kept;
    q->n_dropped = 0;
}

static void trial_free(struct live_trial *t)
{
    feed_forget(t);
    trial_free_taken(t);
    arena_free(&t->arena);
    free(t);
}

struct live_trial *live_trial_add(struct scheduler *s, struct search *q,
                                  const struct trial_row *row, const struct config *config,
                                  struct error *e)
{
    struct live_trial *t = malloc(sizeof *t);
    if (t == NULL) {
        error_nomem(e);
        return NULL;
    }
    *t = (struct live_trial){.search = q};
    arena_init(&t->arena, TRIAL_ARENA_MAX);
    t->row = *row;
    t->furthest = row->step > row->from_step ? row->step : row->from_step - (row->from_step == 0);
    t->kept_step = row->step;
    enum code c = arena_str(&t->arena, row->params, &t->row.params);
    if (c == OK)
        c = arena_str(&t->arena, row->why, &t->row.why);
    if (c != OK)
        error_nomem(e);
    if (c == OK && config != NULL)
        c = config_copy(&t->arena, config, &t->config) == OK ? OK : error_nomem(e);
    else if (c == OK)
        c = config_parse(q->settings->space, &t->arena, t->row.params, &t->config, e);
    if (c == OK)
        c = trial_prepare_taken(t);
    if (c == OK)
        c = insert(q, t, e);
    if (c != OK) {
        trial_free(t);
        return NULL;
    }
    queue_offer(s, t);
    return t;
}

void live_trial_drop(struct search *q, struct live_trial *t)
{
    q->trials[place(q, trial_id_number(t->row.id))].trial = NULL;
    q->n_dropped++;
    over_forget(t);
    trial_free(t);
    if (q->n_dropped > 16 && q->n_dropped > q->n_trials / 2)
        close_gaps(q);
}

bool live_trial_save(struct scheduler *s, struct live_trial *t)
{
    struct error e;
    error_init(&e);
    t->dirty = false;
    return sched_took(s, store_trial_update(s->o.store, &t->row, &e), &e);
}

void trial_set_state(struct scheduler *s, struct live_trial *t, enum trial_state state)
{
    struct search *q = t->search;
    if (t->row.state == state || !sched_write(s, true))
        return;
    q->counts[t->row.state]--;
    q->counts[state]++;
    t->row.state = state;
    (void)live_trial_save(s, t);
    queue_offer(s, t);
}

static enum outcome outcome_of(enum trial_state state)
{
    switch (state) {
    case TRIAL_COMPLETED:
        return OUTCOME_COMPLETED;
    case TRIAL_STOPPED:
        return OUTCOME_STOPPED;
    case TRIAL_INFEASIBLE:
        return OUTCOME_INFEASIBLE;
    case TRIAL_CANCELLED:
        return OUTCOME_CANCELLED;
    case TRIAL_FAILED:
    case TRIAL_QUEUED:
    case TRIAL_RUNNING:
    case TRIAL_PAUSED:
    case TRIAL_STATE_COUNT:
        break;
    }
    return OUTCOME_FAILED;
}

void trial_end(struct scheduler *s, struct live_trial *t, enum trial_state state, struct str why)
{
    struct search *q = t->search;
    t->row.ended = sched_real(s);
    if (arena_str(&t->arena, why, &t->row.why) != OK)
        t->row.why = (struct str){0};
    trial_set_state(s, t, state);
    struct event *ev = sched_event(s, EVENT_TRIAL_ENDED, q, t);
    ev->text = sched_text(s, why);
    /* One that was replaced lost: it is no news, though it may be the first to end. */
    if (state == TRIAL_COMPLETED ||
        (state == TRIAL_STOPPED && !searcher_is_replaced(q->searcher, trial_id_number(t->row.id))))
        trial_consider_best(s, t);
    feed_exit(s, t, outcome_of(state));
}

void trial_tell(struct scheduler *s, struct live_trial *t, enum verdict v)
{
    struct live_attempt *at = t->attempt;
    if (at == NULL || at->exited || v <= at->told)
        return;
    at->told = v;
    sched_act(s, (struct action){.kind = ACTION_VERDICT, .attempt = at->row.id.v, .verdict = v});
}
