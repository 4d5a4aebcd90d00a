/*
 * What the searcher hears, and in which order.
 *
 * Usually at once. With `order: fixed` the searcher sees one sequence whatever the timing: p asks,
 * the events of trial 1, an ask, the events of trial 2, an ask, ... (p = parallel): the sequence of
 * a search that runs one trial after the other with results p trials late. A report that is early
 * waits (its program is held), an exit that is early too, and its slot with it. An ask whose
 * suggestion is still being made (ahead.c) holds the sequence up.
 */
#include "sched/copies.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* order: fixed. Are the first p asks still to be made? */
static bool is_opening(const struct search *q)
{
    return q->turn == 1 && q->open_for_asks && !q->over_budget && q->asked < q->parallel;
}

static bool in_turn(const struct live_trial *t)
{
    const struct search *q = t->search;
    return q->turn == 0 || (trial_id_number(t->row.id) <= q->turn && !is_opening(q));
}

int64_t feed_next_wanted(const struct live_trial *t, int64_t after)
{
    int64_t from = after < INT64_MAX ? after + 1 : after;
    if (keeping_wants_all(t->search) && !t->stop_decided)
        return from;
    return searcher_next_wanted(t->search->searcher, trial_id_number(t->row.id), from);
}

/* INT64_MAX: no step is, not even that one. */
static bool wanted(const struct live_trial *t, int64_t step)
{
    int64_t next = searcher_next_wanted(t->search->searcher, trial_id_number(t->row.id), 0);
    return next != INT64_MAX && step >= next;
}

static void defer(struct scheduler *s, struct live_trial *t, struct deferred d)
{
    struct deferred *p = malloc(sizeof *p);
    if (p == NULL) {
        struct error e;
        error_nomem(&e);
        sched_die(s, &e);
        return;
    }
    *p = d;
    p->next = NULL;
    if (t->last != NULL)
        t->last->next = p;
    else
        t->first = p;
    t->last = p;
}

void feed_forget(struct live_trial *t)
{
    while (t->first != NULL) {
        struct deferred *d = t->first;
        t->first = d->next;
        free(d);
    }
    t->last = NULL;
}

void feed_answer(struct scheduler *s, struct live_trial *t, int64_t seq, int64_t step)
{
    enum verdict v = t->attempt->told;
    sched_act(s, (struct action){.kind = ACTION_ANSWER,
                                 .attempt = t->attempt->row.id.v,
                                 .seq = seq,
                                 .verdict = v,
                                 .next_wanted = feed_next_wanted(t, step)});
}

static void answer(struct scheduler *s, struct live_trial *t, int64_t seq, int64_t step)
{
    if (t->attempt != NULL && !keeping_reported(s, t, seq, step))
        feed_answer(s, t, seq, step);
}

static void decided(struct scheduler *s, struct live_trial *t, int64_t step, enum decision d)
{
    if (d == DECISION_CONTINUE)
        return;
    struct event *ev = sched_event(s, EVENT_DECISION, t->search, t);
    ev->step = step;
    ev->decision = d;
    if (d == DECISION_STOP) {
        t->stop_decided = true;
        trial_tell(s, t, VERDICT_STOP);
    } else {
        t->rung = RUNG_WAITS;
        trial_tell(s, t, VERDICT_PAUSE);
    }
}

static void report_now(struct scheduler *s, struct live_trial *t, int64_t step, double value,
                       int64_t seq, bool waits)
{
    struct search *q = t->search;
    struct arena a;
    struct error e;
    enum decision d = DECISION_CONTINUE;
    int64_t number = trial_id_number(t->row.id);
    error_init(&e);
    if (!t->stop_decided && wanted(t, step)) {
        struct entry entry = {0};
        arena_init(&a, 1 << 20);
        struct result so_far = trial_result(t);
        enum code c = searcher_report_excess(q->searcher, &a, number, step, value, so_far.excess,
                                             &d, &entry, &e);
        if (c == OK)
            (void)search_journal(s, q, &entry);
        else
            sched_die(s, &e);
        arena_free(&a);
        decided(s, t, step, d);
    }
    if (waits)
        answer(s, t, seq, step);
}

static void exit_now(struct scheduler *s, struct live_trial *t, enum outcome outcome)
{
    struct search *q = t->search;
    struct arena a;
    struct error e;
    struct entry entry = {0};
    error_init(&e);
    arena_init(&a, 1 << 20);
    struct result result = trial_result(t);
    enum code c = searcher_exit_result(q->searcher, &a, trial_id_number(t->row.id), outcome,
                                       t->row.step, &result, &entry, &e);
    if (c == OK)
        (void)search_journal(s, q, &entry);
    else
        sched_die(s, &e);
    arena_free(&a);
    t->exit_fed = true;
    over_offer(t);
    s->urgent = true;
}

void feed_report(struct scheduler *s, struct live_trial *t, int64_t step, double value, int64_t seq,
                 bool waits)
{
    if (in_turn(t) && t->first == NULL) {
        report_now(s, t, step, value, seq, waits);
        return;
    }
    if (!wanted(t, step) && t->first == NULL) {
        if (waits)
            answer(s, t, seq, step);
        return;
    }
    if (waits && t->attempt != NULL)
        sched_act(
            s, (struct action){.kind = ACTION_HOLD, .attempt = t->attempt->row.id.v, .seq = seq});
    defer(s, t, (struct deferred){.step = step, .seq = seq, .value = value, .waits = waits});
}

bool feed_rung_reached(struct scheduler *s, struct live_trial *t)
{
    struct error e;
    double value = t->row.value;
    error_init(&e);
    if (t->rung != RUNG_CLIMBS)
        return true;
    if (t->stop_decided || !t->row.has_value || t->row.steps >= trial_full_steps(t))
        return false;
    if (t->row.step >= t->row.steps &&
        !sched_took(s, replay_value_at(s, t, t->row.steps, &value, &e), &e))
        return false;
    report_now(s, t, t->row.steps, value, 0, false);
    return t->rung != RUNG_CLIMBS;
}

void feed_end_waiting(struct scheduler *s, struct search *q)
{
    for (size_t i = q->n_trials; i > 0; i--) {
        struct live_trial *t = q->trials[i - 1].trial;
        if (t == NULL || t->rung != RUNG_WAITS)
            continue;
        t->rung = RUNG_CLIMBS;
        t->stop_decided = true;
        if (!live_trial_runs(t))
            trial_end(s, t, TRIAL_STOPPED, STR("not promoted"));
    }
}

void feed_exit(struct scheduler *s, struct live_trial *t, enum outcome outcome)
{
    if (in_turn(t) && t->first == NULL)
        exit_now(s, t, outcome);
    else
        defer(s, t, (struct deferred){.exit = true, .outcome = outcome});
}

/* Feeds what waited, as far as the turn goes. */
static void drain(struct scheduler *s, struct live_trial *t)
{
    while (t->first != NULL && sched_ok(s)) {
        struct deferred *d = t->first;
        t->first = d->next;
        if (t->first == NULL)
            t->last = NULL;
        if (d->exit)
            exit_now(s, t, d->outcome);
        else
            report_now(s, t, d->step, d->value, d->seq, d->waits);
        free(d);
    }
}

static bool insert_trial(struct scheduler *s, struct search *q, const struct proposal *p)
{
    struct error e;
    struct trial_row row = {.id = trial_id_of(q->id, p->trial),
                            .state = TRIAL_QUEUED,
                            .baseline = p->baseline,
                            .config_hash = (int64_t)p->hash,
                            .seed = p->seed,
                            .steps = p->steps,
                            .parent = p->parent,
                            .from_step = p->parent > 0 ? p->from : 0,
                            .value = (double)NAN,
                            .step = -1};
    struct buf b;
    struct json j;
    error_init(&e);
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    if (!store_is_brief(s->o.store))
        config_json(&p->config, &j);
    enum code c = jw_end(&j, &e);
    row.params = buf_view(&b);
    struct live_trial *t = c == OK ? live_trial_add(s, q, &row, &p->config, &e) : NULL;
    buf_free(&b);
    if (t == NULL) {
        sched_die(s, &e);
        return false;
    }
    q->counts[TRIAL_QUEUED]++;
    return sched_took(s, store_trial_insert(s->o.store, &t->row, &e), &e) && hand_on_copy(s, t);
}

/* Another one takes its place. A program that is still saving its checkpoint ends by itself. */
static void end_replaced(struct scheduler *s, struct search *q, const struct proposal *p)
{
    char why[64];
    struct live_trial *t = live_trial_find(q, p->over);
    if (t == NULL || trial_state_final(t->row.state))
        return;
    t->rung = RUNG_CLIMBS;
    t->stop_decided = true;
    if (live_trial_runs(t))
        return;
    snprintf(why, sizeof why, "replaced by %lld.%lld", (long long)q->id.v, (long long)p->trial);
    trial_end(s, t, TRIAL_STOPPED, str_of(why));
}

/* A paused trial goes on: at once, or when its last attempt is gone. */
static bool more(struct scheduler *s, struct search *q, const struct proposal *p)
{
    struct live_trial *t = live_trial_find(q, p->trial);
    if (t == NULL)
        return false;
    t->row.steps = p->steps;
    t->dirty = true;
    if (p->keep && !hand_on_keep(s, t, p->from))
        return false;
    if (t->attempt != NULL)
        live_attempt_touch(s, t->attempt);
    if (live_trial_runs(t)) {
        t->rung = RUNG_GOES_ON;
        return true;
    }
    t->rung = RUNG_CLIMBS;
    trial_set_state(s, t, TRIAL_QUEUED);
    (void)sched_event(s, EVENT_TRIAL_QUEUED, q, t);
    return true;
}

/* What is left of a budget, where it is little and makes a difference. */
static bool tell_left(struct scheduler *s, struct search *q)
{
    struct arena a;
    struct error e;
    struct entry entry = {0};
    int64_t left = search_left(s, q, &q->short_of);
    if (left == searcher_left(q->searcher))
        return true;
    error_init(&e);
    arena_init(&a, 1 << 16);
    bool well = sched_took(s, searcher_close(q->searcher, &a, left, &entry, &e), &e) &&
                search_journal(s, q, &entry);
    arena_free(&a);
    return well;
}

static void nothing_more(struct scheduler *s, struct search *q)
{
    q->open_for_asks = false;
    if (q->short_of != NULL && searcher_is_short(q->searcher))
        snprintf(q->why, sizeof q->why, "its %s %s room for no other trial", q->short_of,
                 strcmp(q->short_of, "steps") == 0 ? "leave" : "leaves");
    feed_end_waiting(s, q);
}

/* Is there one trial more to run? Not while a suggestion is being made for it. */
static bool ask(struct scheduler *s, struct search *q)
{
    struct arena a;
    struct error e;
    struct proposal p = {0};
    struct entry entry = {0};
    error_init(&e);
    arena_init(&a, 16 << 20);
    bool asked = false;
    if (!tell_left(s, q)) {
        arena_free(&a);
        return false;
    }
    ahead_needed(s, q);
    enum code c = searcher_ask(q->searcher, &a, &p, &entry, &e);
    if (c != OK) {
        search_set_state(s, q, SEARCH_FAILED, e.message);
    } else if (p.kind == ASK_DONE) {
        nothing_more(s, q);
    } else if (p.kind == ASK_MORE) {
        asked = sched_write(s, true) && search_journal(s, q, &entry) && more(s, q, &p);
    } else if (p.kind == ASK_TRIAL) {
        asked = sched_write(s, true) && search_journal(s, q, &entry) && insert_trial(s, q, &p);
        q->asked = p.trial;
        if (s->only_first)
            q->open_for_asks = false;
        if (p.parent == 0)
            ahead_taken(s, q);
        else if (asked)
            end_replaced(s, q, &p);
    }
    arena_free(&a);
    return asked;
}

bool feed_may_start(const struct scheduler *s, const struct search *q)
{
    if (q->state != SEARCH_RUNNING || q->over_budget || q->running + q->handings >= q->parallel)
        return false;
    int used = 0, capacity = s->o.cpus;
    for (const struct search *o = s->searches; o != NULL; o = o->next) {
        used += o->running * o->settings->cpus;
        int wants = o->state == SEARCH_RUNNING ? o->parallel * o->settings->cpus : 0;
        capacity = wants > capacity ? wants : capacity;
    }
    if (used + q->settings->cpus > capacity)
        return false;
    return q->settings->gpus == 0 ||
           (s->o.devices != NULL && devices_unused(s->o.devices) >= q->settings->gpus);
}

/* order: fixed. The first p asks come before anything else. When trial `turn` is over: ask for the
 * next one, then let its successor's events in. */
static void advance_turn(struct scheduler *s, struct search *q)
{
    while (is_opening(q) && q->state == SEARCH_RUNNING && sched_ok(s)) {
        if (ask(s, q))
            continue;
        if (ahead_is_out(q))
            return;
        break;
    }
    while (q->turn > 0 && q->state == SEARCH_RUNNING && sched_ok(s)) {
        struct live_trial *t = live_trial_find(q, q->turn);
        if (t != NULL)
            drain(s, t);
        bool finished = q->turn <= q->asked && (t == NULL || t->exit_fed);
        if (!finished)
            return;
        if (q->open_for_asks && !q->over_budget && !ask(s, q) && ahead_is_out(q))
            return;
        q->turn++;
    }
}

void feed_asks(struct scheduler *s, struct search *q)
{
    advance_turn(s, q);
    while (sched_ok(s) && feed_may_start(s, q)) {
        struct live_trial *t = queue_first(q);
        bool asked = t == NULL && q->turn == 0 && q->open_for_asks && ask(s, q);
        if (asked)
            t = queue_first(q);
        if (t == NULL && asked)
            continue; /* what it asked for waits for its last attempt to be gone */
        if (t == NULL || !live_attempt_begin(s, t))
            break;
    }
    over_drop(s, q);
}
