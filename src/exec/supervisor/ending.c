/*
 * Ending the program, and saying why it ended.
 *
 * A program that has ever waited for a decision hears it and ends itself; one that never did gets
 * TERM. Told to stop, it has the grace to end before TERM comes. Told to pause, or having reached
 * its budget, it may take as long as its checkpoint needs: only if it goes on training, as its next
 * report after the grace shows, is it ended. Preempted, it has the grace to come to a report; then
 * it is paused like another.
 */
#include "exec/supervisor/internal.h"

#include "base/failpoint.h"
#include "base/number.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum { INFEASIBLE_EXIT = 65 };
#define SWEEP_FIRST NS_PER_MS
#define SWEEP_LAST  (100 * NS_PER_MS)

static int64_t grace(const struct supervisor *s)
{
    return s->spec.grace_ns > 0 ? s->spec.grace_ns : GRACE_STANDARD;
}

/* TERM goes to the program's group, as a terminal's Ctrl-C would: a shell alone would not pass it
 * on. */
static void send_term(struct supervisor *s)
{
    if (s->ending.termed || s->program <= 0)
        return;
    s->ending.termed = true;
    s->ending.term_at = NEVER;
    s->ending.kill_at = supervisor_now(s) + grace(s);
    kill(-s->program, SIGTERM);
    kill(s->program, SIGTERM);  /* it may have moved to another group */
    kill(-s->program, SIGCONT); /* a stopped one would not hear it */
}

static void kill_all(struct supervisor *s)
{
    struct kin k;
    cgroup_kill(&s->cgroup);
    kin_find(&k);
    kin_signal(&k, SIGKILL);
}

static void send_kill(struct supervisor *s)
{
    s->ending.killed = true;
    s->ending.term_at = NEVER;
    s->ending.kill_at = supervisor_now(s) + SWEEP_LAST; /* again, for what it started meanwhile */
    if (s->program > 0)
        kill(-s->program, SIGKILL);
    kill_all(s);
}

static void set_cause(struct supervisor *s, enum cause cause)
{
    if (s->ending.cause == CAUSE_NONE)
        s->ending.cause = cause;
}

void ending_term(struct supervisor *s, enum cause cause)
{
    set_cause(s, cause);
    send_term(s);
}

void ending_kill(struct supervisor *s, enum cause cause)
{
    set_cause(s, cause);
    if (s->phase == RUNNING)
        send_kill(s);
}

void ending_verdict(struct supervisor *s, enum verdict v)
{
    if (v <= s->verdict || s->phase != RUNNING)
        return;
    s->verdict = v;
    if (v == VERDICT_KILL)
        ending_kill(s, CAUSE_VERDICT);
    else if (v == VERDICT_CANCEL)
        ending_term(s, CAUSE_VERDICT);
    else if (s->budget_reached)
        return; /* it is ending, completed */
    else if (!s->asks)
        ending_term(s, CAUSE_VERDICT);
    else
        reporters_answer(s, 0, v);
}

void ending_told(struct supervisor *s, enum verdict v)
{
    int64_t now = supervisor_now(s);
    if (!s->ending.told) {
        s->ending.told = true;
        s->ending.told_at = now;
    } else if (now - s->ending.told_at > grace(s)) {
        ending_term(s, s->budget_reached ? CAUSE_BUDGET : CAUSE_VERDICT);
    }
    set_cause(s, s->budget_reached ? CAUSE_BUDGET : CAUSE_VERDICT);
    if (s->budget_reached || v == VERDICT_PAUSE)
        s->ending.term_at = NEVER; /* set when its output told, before it was known to ask, or by a
                                      preemption that it has now heard of */
    bool stop = v != VERDICT_PAUSE && !s->budget_reached;
    if (stop && s->ending.term_at > now + grace(s))
        s->ending.term_at = now + grace(s);
}

void ending_preempt(struct supervisor *s)
{
    if (s->ending.preempted || s->phase != RUNNING)
        return;
    FAILPOINT("supervisor.before-preempt");
    s->ending.preempted = true;
    event_note(s, STR("preempted by SIGUSR1"));
    output_remark(&s->output, STR("preempted by SIGUSR1"), supervisor_time(s));
    ending_verdict(s, VERDICT_PAUSE);
    if (s->verdict == VERDICT_PAUSE && !s->ending.told && !s->budget_reached)
        s->ending.term_at = supervisor_now(s) + grace(s);
    FAILPOINT("supervisor.after-preempt");
}

void ending_budget(struct supervisor *s, int64_t step)
{
    int64_t now = supervisor_now(s);
    bool again = s->budget_reached;
    s->budget_reached = true;
    if (s->asks)
        return; /* the answer to this report says stop */
    set_cause(s, CAUSE_BUDGET);
    if (again && step > s->spec.steps)
        send_term(s);
    else if (!again)
        s->ending.term_at = now + grace(s);
}

void ending_run(struct supervisor *s, int64_t now)
{
    if (s->phase == SWEEPING && s->sweep_at <= now)
        ending_sweep(s);
    if (s->phase != RUNNING)
        return;
    if (s->ending.term_at <= now)
        send_term(s);
    if (s->ending.kill_at <= now)
        send_kill(s);
}

int64_t ending_deadline(const struct supervisor *s)
{
    if (s->phase == SWEEPING)
        return s->sweep_at;
    if (s->phase != RUNNING)
        return NEVER;
    return s->ending.term_at < s->ending.kill_at ? s->ending.term_at : s->ending.kill_at;
}

/* Everything dead is collected; then what lives is killed, and looked at again a little later. What
 * left our tree is looked for once, and only where the program left something behind at all. */
void ending_sweep(struct supervisor *s)
{
    struct kin k;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    kin_find(&k);
    bool first = s->sweep_pause == 0;
    if (k.n && first) {
        kin_signal(&k, SIGKILL);
        cgroup_kill(&s->cgroup);
        kin_find_token(&k, s->spec.token);
        kin_signal(&k, SIGKILL);
    } else if (k.n) {
        kin_signal(&k, SIGKILL);
    } else {
        s->phase = LAST_WORD;
        return;
    }
    s->sweep_pause = first ? SWEEP_FIRST : s->sweep_pause * 2;
    if (s->sweep_pause > SWEEP_LAST)
        s->sweep_pause = SWEEP_LAST;
    s->sweep_at = supervisor_now(s) + s->sweep_pause;
}

static struct str say(struct supervisor *s, const char *text)
{
    return str_of(arena_fmt(&s->arena, "%s", text));
}

static struct str say_memory(struct supervisor *s, int64_t used)
{
    struct buf b;
    buf_init(&b, 400);
    buf_cstr(&b, "killed for want of memory: ");
    if (used > 0) {
        number_write_size(&b, used);
        buf_cstr(&b, s->spec.memory > 0 ? " of " : " in use");
    }
    if (s->spec.memory > 0) {
        number_write_size(&b, s->spec.memory);
        buf_cstr(&b, used > 0 ? "" : " is its limit");
    }
    struct str text = say(s, b.p ? b.p : "");
    buf_free(&b);
    return text;
}

static struct str say_duration(struct supervisor *s, const char *what, int64_t ns)
{
    struct buf b;
    buf_init(&b, 400);
    buf_cstr(&b, what);
    number_write_duration(&b, ns);
    struct str text = say(s, b.p ? b.p : "");
    buf_free(&b);
    return text;
}

static struct str say_error(struct supervisor *s)
{
    const struct error *e = &s->trouble;
    return str_of(arena_fmt(&s->arena, "%s%s%s%s%s%s", e->message, e->detail[0] ? ": " : "",
                            e->detail, e->hint[0] ? " (" : "", e->hint, e->hint[0] ? ")" : ""));
}

/* Which of the names it was told to look for never came, and what came in their place. */
static struct str say_unseen(struct supervisor *s, const char *before, uint32_t unseen)
{
    struct buf b, seen;
    buf_init(&b, 16384);
    buf_init(&seen, 4096);
    buf_cstr(&b, before);
    for (uint32_t i = 0, n = 0; i < NAMES_WATCHED; i++)
        if (unseen >> i & 1)
            buf_fmt(&b, "%s%.*s", n++ > 0 ? ", " : "", STR_FMT(s->spec.names[i]));
    scan_seen(s->scan, &seen);
    if (seen.n > 0)
        buf_fmt(&b, "; %s %.*s", s->explicit_reports ? "it reported" : "its output holds",
                STR_FMT(buf_view(&seen)));
    struct str text = {NULL, 0};
    if (buf_end(&b, NULL) != OK || arena_str(&s->arena, buf_view(&b), &text) != OK)
        text = STR("it ended well but never reported its metric");
    buf_free(&seen);
    buf_free(&b);
    return text;
}

/* Ended for a cause of ours, not for the program's own. False: look at how it ended. */
static bool reason_of_cause(struct supervisor *s, struct wire_exited *x)
{
    switch (s->ending.cause) {
    case CAUSE_MEMORY:
        x->reason = WIRE_OOM;
        x->detail = say_memory(s, s->ending.memory);
        return true;
    case CAUSE_TIME:
        x->reason = WIRE_TIMEOUT;
        x->detail = say_duration(s, "it ran longer than ", s->spec.time_ns);
        return true;
    case CAUSE_SILENCE:
        x->reason = WIRE_SILENCE;
        x->detail = say_duration(s, "no output and no report for ", s->spec.silence_ns);
        return true;
    case CAUSE_DISK:
        x->reason = WIRE_DISK;
        x->detail = say_error(s);
        return true;
    case CAUSE_NONE:
    case CAUSE_BUDGET:
    case CAUSE_VERDICT:
        break;
    }
    return false;
}

/* A cluster sends its signal to all of a job: the program may have died of it, or saved and ended
 * in a way of its own. However that was, it is done only where its steps are, or, having none, its
 * metric is there. */
static bool gave_its_place_up(const struct supervisor *s, const struct wire_exited *x)
{
    if (!s->ending.preempted || s->verdict != VERDICT_PAUSE || s->ending.cause == CAUSE_BUDGET ||
        s->infeasible || x->exit_code == INFEASIBLE_EXIT)
        return false;
    bool done = s->spec.steps > 0 ? s->budget_reached : (events_unseen(s) & 1) == 0;
    return x->exit_code != 0 || !done;
}

/* Ended because of a verdict: one that it heard, or that TERM or KILL told it. */
static bool reason_of_verdict(struct supervisor *s, struct wire_exited *x)
{
    const struct ending *ending = &s->ending;
    bool signalled = ending->termed || ending->killed;
    if (gave_its_place_up(s, x)) {
        x->reason = WIRE_PAUSED;
        return true;
    }
    if (s->verdict >= VERDICT_CANCEL) {
        x->reason = WIRE_CANCELLED;
        return true;
    }
    if (ending->cause != CAUSE_VERDICT || s->budget_reached)
        return false;
    if (s->verdict == VERDICT_PAUSE && !signalled && x->exit_code != 0)
        return false; /* it failed on its way to the pause */
    x->reason = s->verdict == VERDICT_PAUSE ? WIRE_PAUSED : WIRE_STOPPED;
    return true;
}

static bool killed_by_kernel(const struct supervisor *s)
{
    if (cgroup_killed_for_memory(&s->cgroup))
        return true;
    int64_t now = limits_kernel_kills();
    return s->killed_by_kernel >= 0 && now > s->killed_by_kernel;
}

static void reason_of_exit(struct supervisor *s, struct wire_exited *x)
{
    bool signalled = s->ending.termed || s->ending.killed;
    uint32_t unseen = events_unseen(s);
    x->reason = WIRE_EXIT;
    x->infeasible = s->infeasible || x->exit_code == INFEASIBLE_EXIT;
    if (s->ending.cause == CAUSE_BUDGET && signalled) { /* by us: its steps were done */
        x->exit_code = 0;
        x->signal = -1;
        x->detail = say(s, "ended after its last step");
    } else if (x->signal == SIGKILL && killed_by_kernel(s)) {
        x->reason = WIRE_OOM;
        x->detail = say_memory(s, x->peak_memory);
    } else if (x->signal >= 0) {
        x->reason = WIRE_SIGNAL;
        x->detail = str_of(arena_fmt(&s->arena, "killed by SIG%s",
                                     sigabbrev_np(x->signal) ? sigabbrev_np(x->signal) : "?"));
    } else if (x->infeasible) {
        x->detail = buf_view(&s->infeasible_why);
    } else if (x->exit_code == 0 && unseen != 0 && s->spec.from_step == 0) {
        bool none = (unseen & 1) != 0;
        x->reason = none ? WIRE_NO_METRIC : WIRE_EXIT;
        x->detail = none ? say_unseen(s, "it ended well but never reported ", 1)
                         : say_unseen(s, "never reported ", unseen);
    }
}

void ending_reason(struct supervisor *s, struct wire_exited *x)
{
    *x = (struct wire_exited){.seq = s->queue.last_seq + 1,
                              .time = supervisor_time(s),
                              .exit_code = WIFEXITED(s->status) ? WEXITSTATUS(s->status) : -1,
                              .signal = WIFSIGNALED(s->status) ? WTERMSIG(s->status) : -1,
                              .infeasible = s->infeasible,
                              .reports = s->reports,
                              .last_step = s->last_step,
                              .peak_memory = s->peak_memory};
    if (s->spawn_failed) {
        x->reason = WIRE_SPAWN;
        x->exit_code = -1;
        x->detail = say_error(s);
        return;
    }
    if (!reason_of_cause(s, x) && !reason_of_verdict(s, x))
        reason_of_exit(s, x);
}
