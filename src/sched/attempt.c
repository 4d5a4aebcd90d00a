/*
 * Attempts: one execution of a trial, from its row in the store to its end.
 */
#include "sched/copies.h"

#include "base/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static size_t place(const struct scheduler *s, int64_t id)
{
    size_t lo = 0, hi = s->n_attempts;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->attempts[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct live_attempt *live_attempt_find(struct scheduler *s, int64_t id)
{
    if (s->found != NULL && s->found->row.id.v == id)
        return s->found;
    size_t i = place(s, id);
    if (i == s->n_attempts || s->attempts[i].id != id)
        return NULL;
    s->found = s->attempts[i].at;
    return s->found;
}

static enum code insert(struct scheduler *s, struct live_attempt *at, struct error *e)
{
    if (!array_reserve(s->attempts, &s->attempts_capacity, s->n_attempts + 1))
        return error_nomem(e);
    size_t i = place(s, at->row.id.v);
    memmove(s->attempts + i + 1, s->attempts + i, (s->n_attempts - i) * sizeof *s->attempts);
    s->attempts[i] = (struct attempt_slot){at->row.id.v, at};
    s->n_attempts++;
    return OK;
}

static void attempt_free(struct live_attempt *at)
{
    arena_free(&at->arena);
    free(at);
}

void live_attempt_drop(struct scheduler *s, struct live_attempt *at)
{
    size_t i = place(s, at->row.id.v);
    memmove(s->attempts + i, s->attempts + i + 1, (s->n_attempts - i - 1) * sizeof *s->attempts);
    s->n_attempts--;
    live_attempt_untouch(s, at);
    if (s->found == at)
        s->found = NULL;
    at->trial->attempt = NULL;
    queue_offer(s, at->trial);
    over_offer(at->trial);
    attempt_free(at);
}

void live_attempt_touch(struct scheduler *s, struct live_attempt *at)
{
    if (at->touched)
        return;
    at->touched = true;
    at->previous = NULL;
    at->next = s->touched;
    if (s->touched != NULL)
        s->touched->previous = at;
    s->touched = at;
}

void live_attempt_untouch(struct scheduler *s, struct live_attempt *at)
{
    if (!at->touched)
        return;
    at->touched = false;
    if (at->previous != NULL)
        at->previous->next = at->next;
    else
        s->touched = at->next;
    if (at->next != NULL)
        at->next->previous = at->previous;
}

bool live_attempt_save(struct scheduler *s, struct live_attempt *at)
{
    struct error e;
    error_init(&e);
    at->dirty = false;
    return sched_took(s, store_attempt_update(s->o.store, &at->row, &e), &e);
}

static struct live_attempt *attempt_new(struct live_trial *t)
{
    struct live_attempt *at = malloc(sizeof *at);
    if (at == NULL)
        return NULL;
    *at = (struct live_attempt){.trial = t};
    arena_init(&at->arena, SPEC_ARENA_MAX);
    return at;
}

/* 128 random bits: what the program reports with and what its leftovers are known by. */
static enum code make_token(struct arena *a, struct str *ret, struct error *e)
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return error_set(e, E_IO, "the system gives no random bytes");
    char hex[33];
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return arena_str(a, str_of(hex), ret) == OK ? OK : error_nomem(e);
}

static enum code take_devices(struct scheduler *s, struct live_attempt *at, struct error *e)
{
    int n = at->trial->search->settings->gpus;
    if (s->o.devices == NULL || n == 0)
        return OK;
    return devices_take(s->o.devices, n, &at->arena, &at->row.devices, e);
}

static void give_back_devices(struct scheduler *s, struct live_attempt *at)
{
    if (s->o.devices != NULL && at->row.devices.n > 0)
        devices_give_back(s->o.devices, at->row.devices);
}

static enum code prepare(struct scheduler *s, struct live_attempt *at, struct error *e)
{
    struct live_trial *t = at->trial;
    at->row.trial = t->row.id;
    at->row.number = t->attempts + 1;
    at->row.state = ATTEMPT_STARTING;
    at->row.exit_code = at->row.signal = -1;
    at->row.from_step = t->row.step > t->row.from_step ? t->row.step : t->row.from_step;
    at->row.started = sched_real(s);
    bool bare = s->executor->ops->start_bare != NULL;
    at->row.executor = bare ? STR("sim") : STR("local");
    enum code c = bare ? OK : make_token(&at->arena, &at->row.token, e);
    if (c == OK)
        c = take_devices(s, at, e);
    if (c == OK)
        c = store_attempt_insert(s->o.store, &at->row, &at->row.id, e);
    if (c == OK && !bare)
        c = spec_build(s, at, e);
    if (c == OK)
        c = insert(s, at, e);
    return c;
}

bool live_attempt_begin(struct scheduler *s, struct live_trial *t)
{
    struct error e;
    struct live_attempt *at = attempt_new(t);
    error_init(&e);
    if (at == NULL) {
        error_nomem(&e);
        sched_die(s, &e);
        return false;
    }
    if (!sched_write(s, true) || !sched_took(s, prepare(s, at, &e), &e)) {
        attempt_free(at);
        return false;
    }
    t->attempt = at;
    t->attempts++;
    t->began_from = at->row.from_step;
    if (t->row.started == 0)
        t->row.started = at->row.started;
    search_slots_changed(s, t->search, +1);
    trial_set_state(s, t, TRIAL_RUNNING);
    sched_act(s, (struct action){.kind = ACTION_START, .attempt = at->row.id.v});
    struct event *ev = sched_event(s, EVENT_TRIAL_STARTED, t->search, t);
    ev->params = sched_text(s, t->row.params);
    return sched_ok(s);
}

static enum code copy_row(struct live_attempt *at, const struct attempt_row *row)
{
    at->row = *row;
    struct str *texts[] = {&at->row.executor, &at->row.token, &at->row.pidref, &at->row.detail,
                           &at->row.devices};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (arena_str(&at->arena, *texts[i], texts[i]) != OK)
            return E_NOMEM;
    }
    return OK;
}

enum code live_attempt_adopt(struct scheduler *s, struct live_trial *t,
                             const struct attempt_row *row, struct error *e)
{
    struct live_attempt *at = attempt_new(t);
    if (at == NULL)
        return error_nomem(e);
    enum code c = copy_row(at, row);
    at->handled = row->last_seq;
    at->paced_at = row->last_seq > 0 ? -1 : 0;
    if (c == OK && s->executor->ops->start_bare == NULL)
        c = spec_build(s, at, e);
    at->spec.attempt = row->id.v;
    if (c == OK)
        c = insert(s, at, e);
    if (c != OK) {
        attempt_free(at);
        return c;
    }
    if (s->o.devices != NULL && at->row.devices.n > 0)
        devices_hold(s->o.devices, at->row.devices);
    t->attempt = at;
    if (row->number > t->attempts)
        t->attempts = row->number;
    search_slots_changed(s, t->search, +1);
    sched_act(s, (struct action){.kind = ACTION_ADOPT, .attempt = at->row.id.v});
    return OK;
}

void search_fail(struct scheduler *s, struct search *q, const char *why)
{
    search_set_state(s, q, SEARCH_FAILED, why);
    for (size_t i = 0; i < q->n_trials; i++) {
        if (q->trials[i].trial == NULL)
            continue;
        q->trials[i].trial->wish = WISH_CANCEL;
        trial_tell(s, q->trials[i].trial, VERDICT_CANCEL);
    }
}

static bool alike(const struct search *q, const struct attempt_row *row)
{
    return row->reason == q->first_reason && row->exit_code == q->first_exit &&
           row->signal == q->first_signal;
}

/* The first attempts of a search that all fail in the same way will go on failing. One whose
 * supervisor was killed says nothing about its program; only a supervisor that never said a word
 * may be one that can't run at all. */
static void watch_failures(struct scheduler *s, struct search *q, const struct attempt_row *row,
                           bool failed)
{
    if (row->reason == REASON_LOST && row->last_seq > 0)
        return;
    q->ended_attempts++;
    if (q->ended_attempts > ALIKE_FAILURES)
        return;
    if (q->ended_attempts == 1) {
        q->first_reason = row->reason;
        q->first_exit = row->exit_code;
        q->first_signal = row->signal;
    }
    q->alike += failed && alike(q, row);
    if (q->alike < ALIKE_FAILURES || q->state != SEARCH_RUNNING || s->o.keep_going)
        return;
    char why[400], status[32] = "";
    if (row->exit_code > 0)
        snprintf(status, sizeof status, " status %d", row->exit_code);
    snprintf(why, sizeof why, "the first %d attempts failed alike (%s%s%.*s%.*s)", ALIKE_FAILURES,
             attempt_reason_name(row->reason), status, row->detail.n > 0 ? 2 : 0, ": ",
             row->detail.n > 200 ? 200 : STR_FMT(row->detail));
    search_fail(s, q, why);
}

/* What failed may have failed because another trial wrote into the code of all. */
static void watch_code(struct scheduler *s, struct search *q)
{
    char why[400];
    if (q->state == SEARCH_RUNNING && search_code_changed(s, q, why))
        search_fail(s, q, why);
}

static bool counts_as_retry(struct live_trial *t, enum attempt_reason reason)
{
    if (reason != REASON_LOST)
        return true;
    return ++t->lost > LOST_MAX;
}

/* The allocator paused it, or let it go on meanwhile. */
static void ended_at_rung(struct scheduler *s, struct live_trial *t)
{
    bool waits = t->rung == RUNG_WAITS;
    if (t->wish == WISH_STOP || t->wish == WISH_CANCEL) {
        trial_end(s, t, t->wish == WISH_STOP ? TRIAL_STOPPED : TRIAL_CANCELLED, (struct str){0});
        return;
    }
    bool again = !waits && t->wish == WISH_NONE && t->search->state == SEARCH_RUNNING;
    keeping_paused(s, t);
    if (!waits)
        t->rung = RUNG_CLIMBS;
    trial_set_state(s, t, again ? TRIAL_QUEUED : TRIAL_PAUSED);
    (void)sched_event(s, again ? EVENT_TRIAL_QUEUED : EVENT_TRIAL_ENDED, t->search, t);
}

static void failed(struct scheduler *s, struct live_trial *t, enum attempt_reason reason,
                   struct str why)
{
    struct search *q = t->search;
    if (t->wish == WISH_CANCEL || t->wish == WISH_STOP) {
        trial_end(s, t, t->wish == WISH_STOP ? TRIAL_STOPPED : TRIAL_CANCELLED, (struct str){0});
        return;
    }
    if (t->stop_decided) {
        trial_end(s, t, TRIAL_STOPPED, (struct str){0});
        return;
    }
    if (t->rung != RUNG_CLIMBS) { /* its result is in already */
        ended_at_rung(s, t);
        return;
    }
    if (counts_as_retry(t, reason))
        t->row.retries++;
    t->dirty = true;
    bool again = t->row.retries <= q->settings->retries && reason != REASON_NO_METRIC;
    if (!again) {
        trial_end(s, t, TRIAL_FAILED, why);
    } else if (t->wish == WISH_PAUSE || q->state == SEARCH_PAUSED) {
        trial_set_state(s, t, TRIAL_PAUSED);
    } else {
        trial_set_state(s, t, TRIAL_QUEUED);
        struct event *ev = sched_event(s, EVENT_TRIAL_QUEUED, q, t);
        ev->text = sched_text(s, why);
    }
}

static void exited_well(struct scheduler *s, struct live_trial *t)
{
    if (feed_rung_reached(s, t)) {
        ended_at_rung(s, t);
        return;
    }
    /* The allocator's word stands in the journal, even if the program was quicker than it. */
    if (t->stop_decided && !(t->row.steps > 0 && t->row.step >= trial_full_steps(t)))
        trial_end(s, t, TRIAL_STOPPED, (struct str){0});
    else
        trial_end(s, t, TRIAL_COMPLETED, (struct str){0});
}

static void paused(struct scheduler *s, struct live_trial *t)
{
    if (t->wish == WISH_STOP || t->wish == WISH_CANCEL) {
        trial_end(s, t, t->wish == WISH_STOP ? TRIAL_STOPPED : TRIAL_CANCELLED, (struct str){0});
        return;
    }
    if (t->rung != RUNG_CLIMBS) {
        ended_at_rung(s, t);
        return;
    }
    if (t->stop_decided) {
        trial_end(s, t, TRIAL_STOPPED, (struct str){0});
        return;
    }
    bool again = t->wish == WISH_NONE && t->search->state == SEARCH_RUNNING;
    keeping_paused(s, t);
    trial_set_state(s, t, again ? TRIAL_QUEUED : TRIAL_PAUSED);
    (void)sched_event(s, again ? EVENT_TRIAL_QUEUED : EVENT_TRIAL_ENDED, t->search, t);
}

/* Killed: for good by a person's wish, or because its search was paused and could not wait. */
static void cancelled(struct scheduler *s, struct live_trial *t)
{
    bool wished = t->wish == WISH_STOP || t->wish == WISH_CANCEL;
    if (!wished && t->search->state == SEARCH_PAUSED)
        paused(s, t);
    else
        trial_end(s, t, t->wish == WISH_STOP ? TRIAL_STOPPED : TRIAL_CANCELLED, (struct str){0});
}

static void move_trial(struct scheduler *s, struct live_attempt *at, enum attempt_reason reason,
                       int exit_code, struct str detail)
{
    struct live_trial *t = at->trial;
    if (at->infeasible) {
        trial_end(s, t, TRIAL_INFEASIBLE, detail);
        return;
    }
    switch (reason) {
    case REASON_EXIT:
        if (exit_code <= 0)
            exited_well(s, t);
        else
            failed(s, t, reason, detail);
        return;
    case REASON_STOPPED:
        trial_end(s, t, TRIAL_STOPPED, (struct str){0});
        return;
    case REASON_PAUSED:
        paused(s, t);
        return;
    case REASON_CANCELLED:
        cancelled(s, t);
        return;
    case REASON_NONE:
    case REASON_SIGNAL:
    case REASON_OOM:
    case REASON_TIMEOUT:
    case REASON_SILENCE:
    case REASON_SPAWN:
    case REASON_LOST:
    case REASON_NO_METRIC:
    case REASON_DISK:
    case REASON_COUNT:
        failed(s, t, reason, detail);
        return;
    }
}

void live_attempt_ended(struct scheduler *s, struct live_attempt *at, enum attempt_reason reason,
                        int exit_code, int signal, struct str detail)
{
    struct live_trial *t = at->trial;
    if (at->exited || !sched_write(s, true))
        return;
    at->exited = true;
    live_attempt_touch(s, at);
    at->row.state = reason == REASON_LOST ? ATTEMPT_LOST : ATTEMPT_ENDED;
    at->row.reason = reason;
    at->row.exit_code = exit_code;
    at->row.signal = signal;
    if (at->row.ended == 0)
        at->row.ended = sched_real(s);
    if (arena_str(&at->arena, detail, &at->row.detail) != OK)
        at->row.detail = (struct str){0};
    if (!live_attempt_save(s, at))
        return;
    if (!t->search->settings->effort.has_steps && reason == REASON_EXIT && exit_code == 0)
        pace_whole(&t->search->pace, at->row.ended - at->row.started);
    give_back_devices(s, at);
    search_slots_changed(s, t->search, -1);
    struct event *ev = sched_event(s, EVENT_ATTEMPT_ENDED, t->search, t);
    ev->reason = reason;
    ev->exit_code = exit_code;
    ev->signal = signal;
    ev->text = sched_text(s, detail);
    move_trial(s, at, reason, exit_code, detail);
    bool fails = t->row.state == TRIAL_FAILED || t->row.state == TRIAL_QUEUED;
    fails = fails && reason != REASON_PAUSED;
    if (fails)
        watch_code(s, t->search);
    watch_failures(s, t->search, &at->row, fails);
    if (reason == REASON_SPAWN && at->row.pidref.n == 0 && at->row.last_seq == 0)
        live_attempt_drop(s, at);
}
