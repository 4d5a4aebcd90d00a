/*
 * What a search may spend: time, steps, cost; and how it ends when one of them does.
 *
 * While there is room for a trial to be trained to the end nothing is said. From then on the
 * searcher is told, before each ask and where it makes a difference, how many steps a slot has left
 * (searcher_close): it has no clock. At the end itself what runs is told to stop, and keeps what it
 * came to.
 */
#include "sched/internal.h"

#include <math.h>
#include <stdio.h>

#define NS_PER_HOUR (3600.0 * (double)NS_PER_S)

/* The clock of search.time and of cost: it stands while the search is paused. */
void search_clock_start(struct scheduler *s, struct search *q)
{
    if (q->since_ns == 0)
        q->since_ns = sched_mono(s);
}

void search_clock_stop(struct scheduler *s, struct search *q)
{
    if (q->since_ns != 0)
        q->elapsed_ns += sched_mono(s) - q->since_ns;
    q->since_ns = 0;
}

int64_t search_elapsed(const struct scheduler *s, const struct search *q)
{
    return q->elapsed_ns + (q->since_ns != 0 ? sched_mono(s) - q->since_ns : 0);
}

static double slot_ns(const struct scheduler *s, const struct search *q)
{
    return q->slot_ns_used + (double)q->running * (double)(sched_mono(s) - q->slot_since_ns);
}

double search_cost(const struct scheduler *s, const struct search *q)
{
    return slot_ns(s, q) / NS_PER_HOUR * q->settings->cost_per_slot_hour;
}

void search_slots_changed(struct scheduler *s, struct search *q, int by)
{
    q->slot_ns_used = slot_ns(s, q);
    q->slot_since_ns = sched_mono(s);
    q->running += by;
}

void search_count_steps(struct search *q, int64_t from, int64_t to)
{
    int64_t more = (to > 0 ? to : 0) - (from > 0 ? from : 0);
    if (more > 0 && __builtin_add_overflow(q->steps_used, more, &q->steps_used))
        q->steps_used = INT64_MAX;
}

static const char *budget_used_up(const struct scheduler *s, const struct search *q)
{
    const struct settings *st = q->settings;
    if (st->time_ns > 0 && search_elapsed(s, q) >= st->time_ns)
        return "its time is used up";
    if (st->steps_total > 0 && q->steps_used >= st->steps_total)
        return "its steps are used up";
    if (st->cost > 0 && search_cost(s, q) >= st->cost)
        return "its cost is used up";
    return NULL;
}

/* One that waits keeps what it came to, and may be the best. */
static void end_waiting(struct scheduler *s, struct live_trial *t, struct str why)
{
    t->rung = RUNG_CLIMBS;
    trial_end(s, t, t->row.has_value ? TRIAL_STOPPED : TRIAL_CANCELLED, why);
}

void search_check_budget(struct scheduler *s, struct search *q)
{
    if (q->state != SEARCH_RUNNING || q->over_budget)
        return;
    const char *why = budget_used_up(s, q);
    if (why == NULL)
        return;
    q->over_budget = true;
    snprintf(q->why, sizeof q->why, "%s", why);
    for (size_t i = q->n_trials; i > 0; i--) {
        struct live_trial *t = q->trials[i - 1].trial;
        if (t == NULL)
            continue;
        if (live_trial_runs(t)) {
            t->wish = WISH_STOP;
            trial_tell(s, t, VERDICT_STOP);
        } else if (!trial_state_final(t->row.state)) {
            end_waiting(s, t, str_of(why));
        }
    }
}

int64_t search_budget_deadline(const struct scheduler *s, const struct search *q)
{
    if (q->state != SEARCH_RUNNING || q->over_budget)
        return INT64_MAX;
    int64_t at = INT64_MAX;
    if (q->settings->time_ns > 0)
        at = sched_mono(s) + q->settings->time_ns - search_elapsed(s, q);
    if (q->settings->cost > 0 && q->running > 0) {
        double left = q->settings->cost - search_cost(s, q);
        double rate = q->settings->cost_per_slot_hour * q->running / NS_PER_HOUR;
        double in = rate > 0 ? left / rate : 9e18;
        if (in < 9e18 && sched_mono(s) + (int64_t)in < at)
            at = sched_mono(s) + (int64_t)in + 1;
    }
    return at;
}

/* --- what is left --- */

struct pace search_pace(const struct search *q)
{
    return pace_known(&q->pace) ? q->pace : q->earlier;
}

/* Steps that running attempts were promised and have not trained. */
static double promised(const struct scheduler *s, const struct search *q)
{
    double sum = 0;
    for (size_t i = 0; i < s->n_attempts; i++) {
        const struct live_trial *t = s->attempts[i].at->trial;
        int64_t done = t->furthest > 0 ? t->furthest : 0;
        if (t->search == q && t->row.steps > done)
            sum += (double)(t->row.steps - done);
    }
    return sum;
}

/* Of trials that are one step: as much of the running ones as is to come, by what others took. */
static double to_come(const struct scheduler *s, const struct search *q)
{
    struct pace pace = search_pace(q);
    double sum = 0, whole = pace_step_ns(&pace);
    for (size_t i = 0; whole > 0 && i < s->n_attempts; i++) {
        const struct live_attempt *at = s->attempts[i].at;
        if (at->trial->search == q && !at->exited)
            sum += fmax(0, 1 - (double)(sched_real(s) - at->row.started) / whole);
    }
    return sum;
}

/* All slots draw on `steps`. Where trials pause, what the running ones were given is known, and
 * the rest is for whoever begins now; else they run on as long as they are let, all alike. */
static double share_of(const struct scheduler *s, const struct search *q, double steps, double full)
{
    if (!q->settings->effort.has_steps)
        return steps - to_come(s, q);
    if (!method_pauses(&q->method))
        return steps / q->parallel;
    double rest = steps - promised(s, q);
    return rest >= full * q->parallel ? full : fmin(rest, full - 1);
}

/* The least of what `name` and the ones before leave. */
static void least(double steps, const char *name, double *left, const char **ret_of)
{
    if (steps >= *left)
        return;
    *left = steps > 0 ? steps : 0;
    *ret_of = name;
}

int64_t search_left(const struct scheduler *s, const struct search *q, const char **ret_of)
{
    const struct settings *st = q->settings;
    double full = st->effort.has_steps ? (double)st->effort.max_steps : 1, left = full;
    struct pace pace = search_pace(q);
    bool known = pace_known(&pace);
    *ret_of = NULL;
    if (st->time_ns > 0 && known)
        least(pace_fits(&pace, (double)(st->time_ns - search_elapsed(s, q))), "time", &left,
              ret_of);
    if (st->steps_total > 0 && st->effort.has_steps)
        least(share_of(s, q, (double)(st->steps_total - q->steps_used), full), "steps", &left,
              ret_of);
    if (st->cost > 0 && known) {
        double ns = (st->cost - search_cost(s, q)) / st->cost_per_slot_hour * NS_PER_HOUR;
        least(share_of(s, q, pace_fits(&pace, ns), full), "cost", &left, ret_of);
    }
    return *ret_of == NULL ? (int64_t)left : searcher_round_left(q->searcher, (int64_t)left);
}

/* --- before it begins --- */

enum code search_learn_pace(struct scheduler *s, struct search *q, struct error *e)
{
    const struct settings *st = q->settings;
    if (st->time_ns == 0 && st->cost <= 0)
        return OK;
    if (st->step_time_ns > 0) {
        q->earlier = pace_given((double)st->step_time_ns);
        return OK;
    }
    return pace_measure(s->o.store, st, &q->earlier, NULL, e);
}
