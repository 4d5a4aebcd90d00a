/*
 * The executor: its operations and its clockwork.
 */
#include "exec/local/internal.h"

#include "base/failpoint.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_MAX = 4 * FRAME_MAX };

static struct local *self_of(struct executor *x)
{
    return (struct local *)x;
}

/* The time of one or more attempts has come. */
static void on_timer(void *self)
{
    struct local *x = self;
    int64_t now = local_now(x);
    x->armed_ns = INT64_MAX; /* it has fired */
    local_enter(x);
    for (struct attempt *at = x->attempts; at; at = at->next) {
        if (at->due_ns > now)
            continue;
        if (at->phase == SEEKING)
            connect_seek(at);
        if (at->phase == READING)
            end_read(at);
    }
    end_sweep(x);
    local_leave(x);
}

static void on_settled(void *self)
{
    struct local *x = self;
    if (!x->dirty)
        return;
    x->dirty = false;
    local_enter(x);
    x->listener.settled(x->listener.self);
    local_leave(x);
}

/* Undoes a start from any point on. */
static void undo_start(struct attempt *at, int spool_fd)
{
    if (at->pid) {
        kill(at->pid, SIGKILL);
        while (waitpid(at->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close(spool_fd);
    unlink(at->spool_path);
    attempt_free(at);
}

static enum code spawn_connected(struct attempt *at, struct str trial, int spool_fd,
                                 struct error *e)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return error_errno(e, errno, "cannot make a pair of sockets");
    enum code code = connect_stream(at, fds[0], e);
    if (code == OK) {
        FAILPOINT("exec.before-spawn");
        code = spawn_supervisor(at->x->supervisor, trial, fds[1], spool_fd, &at->pid, e);
        FAILPOINT("exec.after-spawn");
    }
    close(fds[1]);
    return code == OK ? spawn_watch(at, at->pid, e) : code;
}

static enum code local_start(struct executor *self, const struct wire_spec *spec, struct error *e)
{
    struct local *x = self_of(self);
    struct attempt *at;
    int spool_fd;
    enum code code = attempt_new(x, spec, &at, e);
    if (code != OK)
        return code;
    code = spawn_spool(at->spool_path, &spool_fd, e);
    if (code != OK) {
        attempt_free(at);
        return code;
    }
    frame_spec(&x->out, spec);
    code = buf_end(&x->out, e);
    if (code == OK)
        code = spawn_connected(at, spec->trial, spool_fd, e);
    if (code != OK) {
        buf_clear(&x->out);
        undo_start(at, spool_fd);
        return code;
    }
    close(spool_fd); /* from here on the lock is the supervisor's alone */
    at->child = true;
    attempt_enter(at, CONNECTED);
    FAILPOINT("exec.before-spec");
    connect_send(at);
    FAILPOINT("exec.after-spec");
    return OK;
}

static enum code local_adopt(struct executor *self, const struct wire_spec *spec,
                             int64_t durable_seq, struct error *e)
{
    struct attempt *at;
    enum code code = attempt_new(self_of(self), spec, &at, e);
    if (code != OK)
        return code;
    at->delivered = at->durable = durable_seq;
    attempt_enter(at, SEEKING);
    return OK;
}

/* The attempt, where a frame can be sent to it now. */
static struct attempt *reachable(struct attempt *at)
{
    return at && at->phase == CONNECTED ? at : NULL;
}

static void local_ack(struct executor *self, int64_t attempt, int64_t durable_seq)
{
    struct local *x = self_of(self);
    struct attempt *at = attempt_find(x, attempt);
    if (at && durable_seq > at->durable)
        at->durable = durable_seq;
    if (!reachable(at))
        return;
    FAILPOINT("exec.before-ack");
    frame_ack(&x->out, at->durable);
    connect_send(at);
    FAILPOINT("exec.after-ack");
}

static void strengthen(struct attempt *at, enum verdict v)
{
    if (v > at->verdict)
        at->verdict = v;
}

static void local_answer(struct executor *self, int64_t attempt, int64_t seq, enum verdict v,
                         int64_t next_wanted)
{
    struct local *x = self_of(self);
    struct attempt *at = attempt_find(x, attempt);
    if (!at)
        return;
    at->next_wanted = next_wanted;
    strengthen(at, v); /* the supervisor answered `continue` by itself where it lost us */
    if (!reachable(at))
        return;
    FAILPOINT("exec.before-answer");
    frame_answer(&x->out, seq, v, next_wanted);
    connect_send(at);
    FAILPOINT("exec.after-answer");
}

static void local_hold(struct executor *self, int64_t attempt, int64_t seq)
{
    struct local *x = self_of(self);
    struct attempt *at = reachable(attempt_find(x, attempt));
    if (!at)
        return;
    FAILPOINT("exec.before-hold");
    frame_hold(&x->out, seq);
    connect_send(at);
    FAILPOINT("exec.after-hold");
}

static void local_verdict(struct executor *self, int64_t attempt, enum verdict v)
{
    struct local *x = self_of(self);
    struct attempt *at = attempt_find(x, attempt);
    if (!at)
        return;
    strengthen(at, v);
    if (v == VERDICT_KILL && at->foreign)
        connect_kill(at); /* it would not understand the word */
    if (!reachable(at))
        return;
    FAILPOINT("exec.before-verdict");
    frame_verdict(&x->out, v);
    connect_send(at);
    FAILPOINT("exec.after-verdict");
}

static void local_forget(struct executor *self, int64_t attempt)
{
    struct local *x = self_of(self);
    struct attempt *at = attempt_find(x, attempt);
    if (!at || at->phase != GONE)
        return;
    local_enter(x);
    FAILPOINT("exec.before-forget");
    unlink(at->socket_path);
    unlink(at->spool_path);
    FAILPOINT("exec.after-forget");
    at->forgotten = true;
    local_leave(x);
}

static void local_close(struct executor *self)
{
    struct local *x = self_of(self);
    while (x->attempts)
        attempt_free(x->attempts);
    loop_timer_close(x->timer);
    loop_settled_close(x->settled);
    arena_free(&x->arena);
    buf_free(&x->out);
    free(x->supervisor);
    free(x);
}

enum code local_executor_new(struct loop *l, const struct local_options *o,
                             const struct executor_listener *listener, struct executor **ret,
                             struct error *e)
{
    static const struct executor_ops ops = {
        .start = local_start,
        .adopt = local_adopt,
        .ack = local_ack,
        .answer = local_answer,
        .hold = local_hold,
        .verdict = local_verdict,
        .forget = local_forget,
        .close = local_close,
    };
    struct local *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->executor.ops = &ops;
    x->loop = l;
    x->listener = *listener;
    x->clock = clock_system();
    x->armed_ns = INT64_MAX;
    buf_init(&x->out, 2 * (FRAME_MAX + FRAME_HEAD));
    arena_init(&x->arena, ARENA_MAX);
    x->supervisor = strdup(o->supervisor);
    enum code code = x->supervisor ? OK : error_nomem(e);
    if (code == OK)
        code = loop_timer_new(l, on_timer, x, &x->timer, e);
    if (code == OK)
        code = loop_settled_new(l, on_settled, x, &x->settled, e);
    if (code == OK)
        *ret = &x->executor;
    else
        local_close(&x->executor);
    return code;
}
