/*
 * What comes up from the executor: events of attempts, and their being gone.
 */
#include "sched/internal.h"

#include <string.h>

_Static_assert((int)WIRE_EXIT == (int)REASON_EXIT && (int)WIRE_SIGNAL == (int)REASON_SIGNAL &&
                   (int)WIRE_OOM == (int)REASON_OOM && (int)WIRE_TIMEOUT == (int)REASON_TIMEOUT &&
                   (int)WIRE_SILENCE == (int)REASON_SILENCE &&
                   (int)WIRE_SPAWN == (int)REASON_SPAWN && (int)WIRE_LOST == (int)REASON_LOST &&
                   (int)WIRE_NO_METRIC == (int)REASON_NO_METRIC &&
                   (int)WIRE_STOPPED == (int)REASON_STOPPED &&
                   (int)WIRE_PAUSED == (int)REASON_PAUSED &&
                   (int)WIRE_CANCELLED == (int)REASON_CANCELLED &&
                   (int)WIRE_DISK == (int)REASON_DISK,
               "the wire's reasons are the store's");

static void on_started(struct scheduler *s, struct live_attempt *at, const struct frame *f)
{
    if (!sched_write(s, false))
        return;
    at->row.state = ATTEMPT_RUNNING;
    at->dirty = true;
    if (arena_str(&at->arena, f->text, &at->row.pidref) != OK)
        at->row.pidref = (struct str){0};
}

enum { POINTS_MAX = 256 };

static bool add_points(struct scheduler *s, struct live_attempt *at, const struct wire_report *r)
{
    struct metric_point points[POINTS_MAX];
    struct error e;
    if (store_is_brief(s->o.store))
        return true;
    error_init(&e);
    for (uint32_t i = 0; i < r->n;) {
        size_t n = 0;
        for (; i < r->n && n < POINTS_MAX; i++, n++)
            points[n] = (struct metric_point){.seq = r->seq,
                                              .step = r->step,
                                              .value = r->metrics[i].value,
                                              .time = r->time,
                                              .name = r->metrics[i].name};
        if (!sched_took(s, store_metrics_add(s->o.store, at->row.id, points, n, &e), &e))
            return false;
    }
    s->waiting_points += r->n;
    return true;
}

static const struct wire_metric *measured(const struct search *q, size_t measure,
                                          const struct wire_report *r)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (str_eq(r->metrics[i].name, q->settings->measures[measure].name))
            return &r->metrics[i];
    }
    return NULL;
}

static void show_report(struct scheduler *s, struct live_trial *t, const struct wire_report *r,
                        const struct wire_metric *m)
{
    if (s->o.sink.event == NULL)
        return;
    struct wire_metric *copy = arena_array(&s->events_arena, r->n > 0 ? r->n : 1, sizeof *copy);
    if (copy == NULL)
        return;
    for (uint32_t i = 0; i < r->n; i++)
        copy[i] = (struct wire_metric){sched_text(s, r->metrics[i].name), r->metrics[i].value};
    struct event *ev = sched_event(s, EVENT_REPORT, t->search, t);
    ev->step = r->step;
    ev->has_value = m != NULL;
    ev->value = m != NULL ? m->value : 0;
    ev->n_metrics = r->n;
    ev->metrics = copy;
}

static void count_steps(struct live_trial *t, int64_t step)
{
    if (step <= t->furthest)
        return;
    search_count_steps(t->search, t->furthest, step);
    t->furthest = step;
}

/* How long its steps take; of one that was taken up again only from its next report on. */
static void keep_pace(struct live_attempt *at, const struct wire_report *r)
{
    const struct settings *st = at->trial->search->settings;
    struct pace *p = &at->trial->search->pace;
    bool again = at->row.from_step > 0 && r->step <= at->row.from_step;
    if (!st->effort.has_steps || (at->paced_at > 0 && r->step <= at->paced_step))
        return;
    if (at->paced_at > 0)
        pace_more(p, r->step - at->paced_step, r->time - at->paced_at);
    else if (at->paced_at == 0)
        pace_start(p, again ? r->step : r->step - at->row.from_step, r->time - at->row.started);
    at->paced_step = r->step;
    at->paced_at = r->time;
}

/* All measures but the first, which the searcher hears of as they come. */
static bool take_others(struct live_trial *t, const struct wire_report *r)
{
    bool any = false;
    for (size_t i = 1; i < t->search->settings->n_measures; i++) {
        const struct wire_metric *m = measured(t->search, i, r);
        if (m == NULL || trial_is_late(t, i, r->step))
            continue;
        trial_score(t, i, trial_take(t, i, r->step, m->value));
        any = true;
    }
    return any;
}

static void answer_at_once(struct scheduler *s, struct live_attempt *at,
                           const struct wire_report *r)
{
    if (r->waits)
        sched_act(s, (struct action){.kind = ACTION_ANSWER,
                                     .attempt = at->row.id.v,
                                     .seq = r->seq,
                                     .verdict = at->told,
                                     .next_wanted = feed_next_wanted(at->trial, r->step - 1)});
}

/* A step that goes back, as after a resume from an older checkpoint, is kept as a point but changes
 * neither the trial's step nor its value. */
static void on_report(struct scheduler *s, struct live_attempt *at, const struct wire_report *r)
{
    struct live_trial *t = at->trial;
    if (!sched_write(s, r->waits) || !add_points(s, at, r))
        return;
    at->dirty = true;
    const struct wire_metric *m = measured(t->search, 0, r);
    count_steps(t, r->step);
    keep_pace(at, r);
    bool others = take_others(t, r);
    if (m == NULL) {
        if (others)
            show_report(s, t, r, NULL);
        answer_at_once(s, at, r);
        return;
    }
    if (r->step < t->row.step) {
        feed_report(s, t, -1, m->value, r->seq, r->waits);
        return;
    }
    trial_score(t, 0, trial_take(t, 0, r->step, m->value));
    t->row.step = r->step;
    show_report(s, t, r, m);
    feed_report(s, t, r->step, t->row.value, r->seq, r->waits);
}

/* A program that ended well without ever having reported one of several objectives has failed. */
static void on_exited(struct scheduler *s, struct live_attempt *at, const struct wire_exited *x)
{
    enum attempt_reason reason = (enum attempt_reason)x->reason;
    struct str detail = x->detail;
    struct error e;
    struct buf b;
    size_t lacks;
    error_init(&e);
    buf_init(&b, 64 << 10);
    at->row.ended = x->time;
    at->infeasible = x->infeasible;
    if (reason == REASON_EXIT && x->exit_code == 0 && !x->infeasible &&
        trial_lacks_objective(at->trial, &lacks)) {
        reason = REASON_NO_METRIC;
        if (!sched_took(s, trial_say_lack(s, at->trial, lacks, x->detail, &b, &e), &e))
            detail = (struct str){0};
        else
            detail = buf_view(&b);
    }
    live_attempt_ended(s, at, reason, x->exit_code, x->signal, detail);
    buf_free(&b);
}

static void on_note(struct scheduler *s, struct live_attempt *at, const struct frame *f)
{
    if (!sched_write(s, false))
        return;
    if (at->row.detail.n == 0 && arena_str(&at->arena, f->text, &at->row.detail) != OK)
        at->row.detail = (struct str){0};
    at->dirty = true;
    struct event *ev = sched_event(s, EVENT_NOTE, at->trial->search, at->trial);
    ev->text = sched_text(s, f->text);
}

void events_frame(void *self, int64_t attempt, const struct frame *f)
{
    struct scheduler *s = self;
    struct live_attempt *at = live_attempt_find(s, attempt);
    if (at == NULL || !sched_ok(s) || f->type == FRAME_HELLO)
        return;
    live_attempt_touch(s, at);
    if (f->seq == 0) { /* the executor's own */
        on_note(s, at, f);
        return;
    }
    at->ack_due = true;
    if (f->seq <= at->handled) {
        (void)sched_write(s, false);
        return;
    }
    at->handled = f->seq;
    at->row.last_seq = f->seq;
    at->dirty = true;
    switch (f->type) {
    case FRAME_STARTED:
        on_started(s, at, f);
        break;
    case FRAME_REPORT:
        on_report(s, at, &f->report);
        break;
    case FRAME_NOTE:
        on_note(s, at, f);
        break;
    case FRAME_EXITED:
        on_exited(s, at, &f->exited);
        break;
    case FRAME_HELLO:
    case FRAME_SPEC:
    case FRAME_WELCOME:
    case FRAME_ACK:
    case FRAME_ANSWER:
    case FRAME_HOLD:
    case FRAME_VERDICT:
        break;
    }
}

void events_gone(void *self, int64_t attempt)
{
    struct scheduler *s = self;
    struct live_attempt *at = live_attempt_find(s, attempt);
    if (at == NULL || !sched_ok(s) || !sched_write(s, true))
        return;
    if (!at->exited)
        live_attempt_ended(s, at, REASON_LOST, -1, -1, STR("its supervisor died"));
    at = live_attempt_find(s, attempt);
    if (at == NULL || !sched_ok(s))
        return;
    bool brief = store_is_brief(s->o.store);
    if (at->trial->dirty)
        (void)live_trial_save(s, at->trial);
    if (at->dirty && !brief)
        (void)live_attempt_save(s, at);
    sched_act(s, (struct action){.kind = ACTION_FORGET, .attempt = attempt});
    live_attempt_drop(s, at);
}

void events_settled(void *self)
{
    scheduler_settle(self);
}
