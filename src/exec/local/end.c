/*
 * After a supervisor's death: the rest of its spool, then what its program left behind.
 */
#include "exec/local/internal.h"

#include "base/failpoint.h"
#include "exec/sweep.h"

enum { SWEEP_MAX = 64 }; /* attempts in one pass */

static enum code visit(void *self, const struct frame *f)
{
    struct attempt *at = self;
    if (f->seq > at->delivered)
        deliver(at, f);
    else
        deliver_learn(at, f);
    return OK;
}

/* A spool that is damaged or not there gives what it can. One that cannot be read now may be read
 * later: results are not given up for want of memory or descriptors. */
static bool read_spool(struct attempt *at)
{
    struct error e = {0};
    enum code code = spool_read(at->spool_path, visit, at, &e);
    if (code == OK || code == E_NOT_FOUND)
        return true;
    deliver_note(at, TROUBLE_SPOOL, &e);
    return code == E_CORRUPT || code == E_VERSION;
}

void end_read(struct attempt *at)
{
    if (!at->exited && !read_spool(at)) {
        attempt_retry(at);
        return;
    }
    if (at->exited && !at->distrusted) {
        deliver_gone(at); /* FRAME_EXITED is written when all that the program started is dead */
        return;
    }
    /* Dead but not waited for, it still can be looked at. */
    if (at->child && at->supervisor.pid == 0 && pidref_of(at->pid, &at->supervisor, NULL) != OK)
        at->supervisor.pid = 0; /* nobody */
    attempt_enter(at, SWEEPING);
}

static void note_stubborn(struct attempt *at, const struct sweep_target *t)
{
    struct error e = {0};
    if (local_now(at->x) - at->since_ns < NOTE_AFTER)
        return;
    error_set(&e, E_BUSY, "process %d was killed but does not end", (int)t->example);
    error_hint(&e, "the attempt is over when it has: is a device or a network folder stuck?");
    deliver_note(at, TROUBLE_SWEEP, &e);
}

static void swept(struct attempt *at, const struct sweep_target *t)
{
    at->clean = t->found ? 0 : at->clean + 1;
    if (at->clean >= 2) {
        deliver_gone(at);
    } else if (at->clean == 1) {
        attempt_due(at, local_now(at->x));
    } else {
        note_stubborn(at, t);
        attempt_retry(at);
    }
}

/* One walk over /proc serves all attempts that wait for one. */
void end_sweep(struct local *x)
{
    struct attempt *due[SWEEP_MAX];
    struct sweep_target targets[SWEEP_MAX];
    struct error e = {0};
    int64_t now = local_now(x);
    size_t n = 0;
    for (struct attempt *at = x->attempts; at && n < SWEEP_MAX; at = at->next) {
        if (at->phase != SWEEPING || at->due_ns > now)
            continue;
        due[n] = at;
        targets[n++] =
            (struct sweep_target){.token = at->token, .leaders = {at->program, at->supervisor}};
    }
    if (n == 0)
        return;
    FAILPOINT("exec.before-sweep");
    enum code code = sweep_pass(targets, n, &e);
    FAILPOINT("exec.after-sweep");
    for (size_t i = 0; i < n; i++) {
        if (code == OK) {
            swept(due[i], &targets[i]);
        } else { /* without a look there is no proof */
            deliver_note(due[i], TROUBLE_SWEEP, &e);
            attempt_retry(due[i]);
        }
    }
}
