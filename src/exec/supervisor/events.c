/*
 * Events, and what a report means.
 */
#include "exec/supervisor/internal.h"

#include "base/failpoint.h"
#include "base/pidref.h"

int64_t supervisor_now(const struct supervisor *s)
{
    return clock_monotonic(s->clock);
}

int64_t supervisor_time(const struct supervisor *s)
{
    return clock_real(s->clock);
}

enum { TOGETHER_MAX = 64 * 1024 }; /* bytes of reports that wait to be written */

/* A full disk ends the attempt: what the program does from here on would be lost. */
static bool append(struct supervisor *s, bool last_word)
{
    struct error e;
    int64_t reports = s->pending_reports;
    s->pending_reports = 0;
    if (queue_append(&s->queue, last_word, &e) == OK) {
        s->reports += reports;
        return true;
    }
    if (!last_word && s->ending.cause != CAUSE_DISK) {
        s->trouble = e;
        ending_term(s, CAUSE_DISK);
    }
    return false;
}

bool event_started(struct supervisor *s)
{
    struct pidref program;
    char text[96] = "";
    if (pidref_of(s->program, &program, NULL) == OK)
        pidref_write(&program, text);
    int64_t seq = queue_next(&s->queue);
    frame_started(queue_encode(&s->queue), seq, supervisor_time(s), text);
    return append(s, false);
}

bool event_note(struct supervisor *s, struct str text)
{
    int64_t seq = queue_next(&s->queue);
    frame_note(queue_encode(&s->queue), seq, supervisor_time(s), str_sub(text, 0, 2000));
    return append(s, false);
}

bool event_exited(struct supervisor *s, const struct wire_exited *x)
{
    frame_exited(queue_encode(&s->queue), x);
    return append(s, true);
}

static uint32_t names_watched(const struct supervisor *s)
{
    return s->spec.n_names < NAMES_WATCHED ? s->spec.n_names : NAMES_WATCHED;
}

uint32_t events_unseen(const struct supervisor *s)
{
    uint32_t all = (uint32_t)((UINT64_C(1) << names_watched(s)) - 1);
    return all & ~s->names_seen;
}

static void notice_metrics(struct supervisor *s, const struct wire_metric *m, uint32_t n)
{
    uint32_t watched = names_watched(s);
    if (events_unseen(s) == 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = 0;
        while (k < watched && !str_eq(m[i].name, s->spec.names[k]))
            k++;
        if (k < watched)
            s->names_seen |= UINT32_C(1) << k;
        else if (s->explicit_reports)
            scan_note(s->scan, m[i].name);
    }
}

bool events_flush(struct supervisor *s)
{
    return s->queue.pending == 0 || append(s, false);
}

/* Until events_flush nobody hears of it. */
static bool report(struct supervisor *s, const struct wire_report *r)
{
    frame_report(queue_encode(&s->queue), r);
    s->pending_reports++;
    if (s->queue.bytes.n >= TOGETHER_MAX && !append(s, false))
        return false;
    notice_metrics(s, r->metrics, r->n);
    s->last_step = r->step;
    if (s->spec.steps > 0 && r->step >= s->spec.steps)
        ending_budget(s, r->step);
    return true;
}

void events_found(void *self, const struct scan_report *found)
{
    struct supervisor *s = self;
    if (s->explicit_reports)
        return;
    report(s, &(struct wire_report){.seq = queue_next(&s->queue),
                                    .time = supervisor_time(s),
                                    .step = found->step,
                                    .n = found->n,
                                    .metrics = found->metrics});
}

static int64_t next_step(const struct supervisor *s)
{
    int64_t last = s->last_step >= 0 ? s->last_step : s->spec.from_step;
    return last < INT64_MAX ? last + 1 : last;
}

/* What can be said without asking. False: the controller has to be asked. */
static bool decide_here(const struct supervisor *s, int64_t step, enum verdict *ret)
{
    if (s->budget_reached)
        *ret = VERDICT_STOP;
    else if (s->verdict > VERDICT_CONTINUE)
        *ret = s->verdict;
    else if (s->controller_fd < 0 || step < s->next_wanted || s->phase != RUNNING)
        *ret = VERDICT_CONTINUE;
    else
        return false;
    return true;
}

bool events_reported(struct supervisor *s, const struct endpoint_message *m,
                     enum verdict *ret_answer, int64_t *ret_seq)
{
    int64_t furthest = -1;
    s->explicit_reports = true;
    s->asks = s->asks || m->wait;
    for (uint32_t i = 0; i < m->n_reports; i++) {
        const struct endpoint_report *r = &m->reports[i];
        struct wire_report out = {.seq = queue_next(&s->queue),
                                  .time = supervisor_time(s),
                                  .step = r->has_step ? r->step : next_step(s),
                                  .explicit_report = true,
                                  .n = r->n,
                                  .metrics = r->metrics};
        enum verdict ignored;
        furthest = out.step > furthest ? out.step : furthest;
        bool last = i + 1 == m->n_reports;
        bool reached = s->spec.steps > 0 && furthest >= s->spec.steps;
        out.waits = last && m->wait && !reached && !decide_here(s, furthest, &ignored);
        if (!report(s, &out))
            return false;
    }
    if (!events_flush(s))
        return false;
    *ret_answer = VERDICT_CONTINUE;
    bool decided = decide_here(s, furthest, ret_answer);
    *ret_seq = decided || !m->wait ? 0 : s->queue.last_seq;
    return true;
}
