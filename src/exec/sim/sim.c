/* The simulated executor: what attempts do, and what they are told. */
#include "exec/sim/sim.h"

#include "exec/sim/internal.h"

#include <math.h>
#include <stdlib.h>

/* Three hundred years: nothing is planned past it, and sums of two stay in 64 bits. */
#define FOREVER ((int64_t)1 << 62)

static struct sim *of(struct executor *x)
{
    return (struct sim *)x;
}

static int64_t now(const struct sim *s)
{
    return s->o.clock->monotonic_ns;
}

/* `seconds` after `from`, rounded to a nanosecond. */
static int64_t after(int64_t from, double seconds)
{
    double ns = seconds * (double)NS_PER_S;
    if (!(ns < (double)(FOREVER - from)))
        return FOREVER;
    return from + (int64_t)(ns + 0.5);
}

/* --- what comes next --- */

/* The step to train up to: one where the search has none. */
static int64_t last_step(const struct running *a)
{
    int64_t steps = a->seen.steps > 0 ? a->seen.steps : 1;
    if (a->course.fails && a->course.ends < steps)
        return a->course.ends;
    return a->course.ends > 0 && a->course.ends < steps ? a->course.ends : steps;
}

static int64_t next_report(const struct sim *s, const struct running *a)
{
    int64_t every = s->o.report_every, last = last_step(a);
    int64_t next = every < last - a->step ? a->step + every - a->step % every : last;
    int64_t wanted = a->wanted > a->step ? a->wanted : a->step + 1;
    if (a->course.sparse)
        wanted = next;
    next = wanted < next ? wanted : next;
    return next < last ? next : last;
}

static int64_t time_of(const struct running *a, int64_t step)
{
    return after(a->trains, (double)(step - a->seen.from) * a->course.step);
}

static void plan_next(struct sim *s, struct running *a)
{
    if (a->verdict != VERDICT_CONTINUE || a->step >= last_step(a)) {
        sim_plan(s, a, DUE_END, now(s));
        return;
    }
    a->next = next_report(s, a);
    int64_t at = time_of(a, a->next);
    if (a->dies < at)
        sim_plan(s, a, DUE_DROP, a->dies > now(s) ? a->dies : now(s));
    else
        sim_plan(s, a, DUE_REPORT, at > now(s) ? at : now(s));
}

/* Steps that are finished now. */
static int64_t trained(const struct sim *s, const struct running *a)
{
    if (now(s) < a->trains || a->waits || a->course.step <= 0)
        return a->step;
    double steps = (double)(now(s) - a->trains) / (double)NS_PER_S / a->course.step;
    int64_t step = a->seen.from + (int64_t)(steps + 1e-9);
    step = step < a->step ? a->step : step;
    return step < last_step(a) ? step : last_step(a);
}

/* --- telling the listener --- */

static struct frame event(struct sim *s, struct running *a, enum frame_type type)
{
    s->totals.events++;
    return (struct frame){
        .type = type, .seq = ++a->seq, .time = s->o.clock->real_ns, .attempt = a->id};
}

/* It has trained up to `step`. */
static void count(struct sim *s, struct running *a, int64_t step)
{
    int64_t before = sim_done(s, a->seen.trial);
    int64_t again = (step < before ? step : before) - a->counted;
    s->totals.steps += step - a->counted;
    s->totals.again += again > 0 ? again : 0;
    a->counted = step;
    sim_keep(s, a->seen.trial, step);
}

static void tell_report(struct sim *s, struct running *a)
{
    const struct wire_metric m = {s->o.metric,
                                  s->o.model.value(s->o.model.self, &a->seen, &a->course, a->next)};
    a->step = a->next;
    a->waits = a->step >= a->wanted && !a->course.never_asks;
    a->reported = now(s);
    count(s, a, a->step);
    if (s->o.watch.report)
        s->o.watch.report(s->o.watch.self, &a->seen, a->step, m.value);
    struct frame f = event(s, a, FRAME_REPORT);
    f.report = (struct wire_report){.seq = f.seq,
                                    .time = f.time,
                                    .step = a->step,
                                    .explicit_report = true,
                                    .waits = a->waits,
                                    .n = 1,
                                    .metrics = &m};
    if (!a->waits)
        plan_next(s, a);
    s->listener.event(s->listener.self, a->id, &f);
}

static void tell_exit(struct sim *s, struct running *a, enum wire_reason reason, int exit_code,
                      int signal)
{
    count(s, a, trained(s, a));
    s->totals.busy_ns += now(s) - a->began;
    struct frame f = event(s, a, FRAME_EXITED);
    a->exit_seq = f.seq;
    f.exited = (struct wire_exited){.seq = f.seq,
                                    .time = f.time,
                                    .reason = reason,
                                    .exit_code = exit_code,
                                    .signal = signal,
                                    .infeasible = a->course.infeasible,
                                    .reports = a->seq - 2,
                                    .last_step = a->step};
    s->listener.event(s->listener.self, a->id, &f);
}

/* --- what happens --- */

static void start_up(struct sim *s, struct running *a)
{
    struct error e;
    error_init(&e);
    if (s->failed.code == OK && s->o.model.begin(s->o.model.self, &a->seen, &a->course, &e) != OK)
        s->failed = e;
    a->step = a->counted = a->seen.from;
    a->trains = after(now(s), a->course.start_up);
    a->dies = a->course.drop < (double)INFINITY ? after(now(s), a->course.drop) : INT64_MAX;
    struct frame f = event(s, a, FRAME_STARTED);
    if (!a->course.infeasible)
        plan_next(s, a);
    else
        sim_plan(s, a, DUE_END, a->trains);
    s->listener.event(s->listener.self, a->id, &f);
}

static void end(struct sim *s, struct running *a)
{
    static const enum wire_reason reasons[] = {
        [VERDICT_CONTINUE] = WIRE_EXIT,  [VERDICT_PAUSE] = WIRE_PAUSED,
        [VERDICT_STOP] = WIRE_STOPPED,   [VERDICT_CANCEL] = WIRE_CANCELLED,
        [VERDICT_KILL] = WIRE_CANCELLED,
    };
    if (a->course.infeasible)
        tell_exit(s, a, WIRE_EXIT, 65, -1);
    else if (a->verdict == VERDICT_CONTINUE)
        tell_exit(s, a, WIRE_EXIT, a->course.fails, -1);
    else
        tell_exit(s, a, reasons[a->verdict], -1, -1);
}

static void happen(struct sim *s, struct running *a)
{
    enum due due = a->due;
    a->due = DUE_NOTHING;
    switch (due) {
    case DUE_START:
        start_up(s, a);
        break;
    case DUE_REPORT:
        tell_report(s, a);
        break;
    case DUE_DROP:
        s->totals.drops++;
        tell_exit(s, a, WIRE_SIGNAL, -1, 9);
        break;
    case DUE_END:
        end(s, a);
        break;
    case DUE_GONE:
        s->totals.events++;
        s->listener.gone(s->listener.self, a->id);
        break;
    case DUE_NOTHING:
        break;
    }
}

int64_t sim_next(const struct executor *x)
{
    const struct sim *s = (const struct sim *)x;
    return s->n_heap > 0 ? s->heap[0].at : INT64_MAX;
}

enum code sim_turn(struct executor *x, struct error *e)
{
    struct sim *s = of(x);
    if (s->n_heap == 0)
        return OK;
    int64_t at = s->heap[0].at;
    uint64_t planned = s->order;
    s->o.clock->real_ns += at - now(s);
    s->o.clock->monotonic_ns = at;
    while (s->n_heap > 0 && s->heap[0].at == at && s->heap[0].order < planned)
        happen(s, sim_take(s));
    s->listener.settled(s->listener.self);
    if (s->failed.code == OK)
        return OK;
    if (e)
        *e = s->failed;
    return s->failed.code;
}

struct sim_totals sim_totals(const struct executor *x)
{
    return ((const struct sim *)x)->totals;
}

int64_t sim_busy(const struct executor *x)
{
    const struct sim *s = (const struct sim *)x;
    int64_t busy = s->totals.busy_ns;
    for (size_t i = 0; i < s->n_table; i++)
        for (const struct running *a = s->table[i]; a; a = a->link)
            busy += a->exit_seq == 0 ? now(s) - a->began : 0;
    return busy;
}

/* --- what it is asked for --- */

static enum code start_bare(struct executor *x, const struct bare_spec *spec, struct error *e)
{
    struct sim *s = of(x);
    struct running *a;
    enum code code = sim_add(s, spec, &a, e);
    if (code != OK)
        return code;
    a->began = now(s);
    s->totals.attempts++;
    sim_plan(s, a, DUE_START, now(s));
    return OK;
}

/* Its programs: there are none to be started. */
static enum code start(struct executor *x, const struct wire_spec *spec, struct error *e)
{
    return error_set(e, E_SPAWN, "a simulated cluster runs no programs");
}

/* The attempts of a simulation die with it: what is taken up is gone already. */
static enum code adopt(struct executor *x, const struct wire_spec *spec, int64_t durable_seq,
                       struct error *e)
{
    struct sim *s = of(x);
    const struct bare_spec bare = {.attempt = spec->attempt};
    struct running *a;
    if (sim_find(s, spec->attempt))
        return error_set(e, E_DUPLICATE, "attempt %lld runs here already",
                         (long long)spec->attempt);
    enum code code = sim_add(s, &bare, &a, e);
    if (code != OK)
        return code;
    a->seq = a->exit_seq = durable_seq > 0 ? durable_seq : 1;
    sim_plan(s, a, DUE_GONE, now(s));
    return OK;
}

static void ack(struct executor *x, int64_t attempt, int64_t durable_seq)
{
    struct sim *s = of(x);
    struct running *a = sim_find(s, attempt);
    if (a && a->exit_seq > 0 && durable_seq >= a->exit_seq && a->due == DUE_NOTHING)
        sim_plan(s, a, DUE_GONE, now(s));
}

static bool runs(const struct running *a)
{
    return a && a->exit_seq == 0;
}

static void answer(struct executor *x, int64_t attempt, int64_t seq, enum verdict v,
                   int64_t next_wanted)
{
    struct sim *s = of(x);
    struct running *a = sim_find(s, attempt);
    if (!runs(a) || !a->waits || a->seq != seq)
        return;
    a->waits = false;
    a->trains += now(s) - a->reported;
    a->wanted = next_wanted;
    a->verdict = v > a->verdict ? v : a->verdict;
    plan_next(s, a);
}

static void hold(struct executor *x, int64_t attempt, int64_t seq)
{
    /* A program that waits waits for as long as it takes. */
}

static void verdict(struct executor *x, int64_t attempt, enum verdict v)
{
    struct sim *s = of(x);
    struct running *a = sim_find(s, attempt);
    if (!runs(a) || v <= a->verdict)
        return;
    a->verdict = v;
    bool once_more = a->course.never_asks && a->due == DUE_REPORT && v < VERDICT_CANCEL;
    if (a->due != DUE_START && !once_more)
        sim_plan(s, a, DUE_END, now(s));
}

static void forget(struct executor *x, int64_t attempt)
{
    struct sim *s = of(x);
    struct running *a = sim_find(s, attempt);
    if (a)
        sim_forget(s, a);
}

static void close_(struct executor *x)
{
    struct sim *s = of(x);
    sim_attempts_free(s);
    free(s->heap);
    free(s);
}

enum code sim_executor_new(const struct sim_options *o, const struct executor_listener *listener,
                           struct executor **ret, struct error *e)
{
    static const struct executor_ops ops = {
        .start = start,
        .adopt = adopt,
        .ack = ack,
        .answer = answer,
        .hold = hold,
        .verdict = verdict,
        .forget = forget,
        .close = close_,
        .start_bare = start_bare,
    };
    struct sim *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->executor.ops = &ops;
    s->o = *o;
    s->listener = *listener;
    sim_attempts_free(s);
    *ret = &s->executor;
    return OK;
}
