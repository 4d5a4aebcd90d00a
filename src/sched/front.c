/*
 * The incumbents: the best trial, or, of several objectives, the front; as the store ranks them.
 */
#include "sched/internal.h"

#include "base/array.h"
#include "store/scores.h"

#include <math.h>

struct asking {
    struct scheduler *s;
    struct search *q;
    int64_t trial; /* several objectives: whether this one is on the front */
    int64_t n;
    struct event *said;
};

static struct event *say_best(struct scheduler *s, struct search *q, const struct live_trial *t)
{
    struct event *ev = sched_event(s, EVENT_BEST, q, t);
    ev->params = sched_text(s, t->row.params);
    return ev;
}

static enum code on_best(void *self, const struct trial_row *row)
{
    struct asking *a = self;
    struct search *q = a->q;
    bool one = q->settings->n_objectives == 1;
    a->n++;
    if (one ? q->has_best && q->best_trial == trial_id_number(row->id) &&
                  q->best_value == row->value
            : trial_id_number(row->id) != a->trial)
        return OK;
    q->has_best = true;
    q->best_trial = trial_id_number(row->id);
    q->best_value = row->value;
    struct live_trial best = {.search = q, .row = *row};
    a->said = say_best(a->s, q, &best);
    return OK;
}

/* With replicates a configuration is as good as the mean of its trials: that is the store's to say.
 */
static void ask_for_best(struct scheduler *s, struct search *q, int64_t trial)
{
    struct error e = {0};
    struct asking a = {.s = s, .q = q, .trial = trial};
    bool one = q->settings->n_objectives == 1;
    (void)sched_took(s, store_best(s->o.store, q->id, one ? 1 : INT32_MAX, on_best, &a, &e), &e);
    if (!one && a.said != NULL)
        a.said->n_front = a.n;
}

/* The step that the trial is ranked at (store/rank.h). */
static int64_t step_of(const struct search *q, const struct live_trial *t)
{
    return q->settings->effort.own_steps ? 0 : t->row.step;
}

static bool better(bool minimize, double a, double b)
{
    return minimize ? a < b : a > b;
}

/* --- several objectives --- */

/* Is a as good as b everywhere, and better somewhere? */
static bool dominates(const struct settings *st, const double *a, const double *b)
{
    bool somewhere = false;
    for (size_t i = 0; i < st->n_objectives; i++) {
        if (better(st->minimize[i], b[i], a[i]))
            return false;
        somewhere = somewhere || a[i] != b[i];
    }
    return somewhere;
}

/* Takes off what the new one dominates; false where it is dominated itself. */
static bool clear_front(struct search *q, const double *values)
{
    const struct settings *st = q->settings;
    size_t kept = 0;
    for (size_t i = 0; i < q->n_front; i++)
        if (dominates(st, q->front[i].values, values))
            return false;
    for (size_t i = 0; i < q->n_front; i++)
        if (!dominates(st, values, q->front[i].values))
            q->front[kept++] = q->front[i];
    q->n_front = kept;
    return true;
}

static bool add_to_front(struct search *q, const double *values)
{
    if (!array_reserve(q->front, &q->front_capacity, q->n_front + 1))
        return false;
    for (size_t i = 0; i < q->settings->n_objectives; i++)
        q->front[q->n_front].values[i] = values[i];
    q->n_front++;
    return true;
}

static void consider_front(struct scheduler *s, struct search *q, const struct live_trial *t)
{
    const double *values = t->row.scores.values;
    bool completed = t->row.state == TRIAL_COMPLETED;
    int64_t step = step_of(q, t);
    for (size_t i = 0; i < q->settings->n_objectives; i++)
        if ((t->row.scores.seen >> i & 1) == 0 || !isfinite(values[i]))
            return;
    bool level = step == q->best_step && completed == q->best_completed;
    bool higher = step != q->best_step ? step > q->best_step : completed && !q->best_completed;
    if (q->has_best && !level && !higher)
        return;
    if (!q->has_best || higher)
        q->n_front = 0;
    if (!clear_front(q, values))
        return;
    if (!add_to_front(q, values)) {
        struct error e;
        error_nomem(&e);
        sched_die(s, &e);
        return;
    }
    q->has_best = true;
    q->best_step = step;
    q->best_completed = completed;
    say_best(s, q, t)->n_front = (int64_t)q->n_front;
}

/* --- one --- */

static void consider_one(struct scheduler *s, struct search *q, const struct live_trial *t)
{
    bool completed = t->row.state == TRIAL_COMPLETED;
    int64_t step = step_of(q, t);
    if (!t->row.has_value || !isfinite(t->row.value))
        return;
    bool wins = !q->has_best;
    if (!wins && step != q->best_step)
        wins = step > q->best_step;
    else if (!wins && completed != q->best_completed)
        wins = completed;
    else if (!wins)
        wins = better(q->settings->minimize[0], t->row.value, q->best_value);
    if (!wins)
        return;
    q->has_best = true;
    q->best_trial = trial_id_number(t->row.id);
    q->best_step = step;
    q->best_completed = completed;
    q->best_value = t->row.value;
    (void)say_best(s, q, t);
}

void trial_consider_best(struct scheduler *s, struct live_trial *t)
{
    struct search *q = t->search;
    if (q->settings->seeds == SEEDS_REPLICATES)
        ask_for_best(s, q, trial_id_number(t->row.id));
    else if (!scores_meet(&t->row.scores))
        return;
    else if (q->settings->n_objectives > 1)
        consider_front(s, q, t);
    else
        consider_one(s, q, t);
}
