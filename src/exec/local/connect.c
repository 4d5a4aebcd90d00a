/*
 * The connection to a supervisor: finding it again, greeting it, reading its frames.
 */
#include "exec/local/internal.h"

#include "base/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

void connect_drop(struct attempt *at)
{
    loop_stream_close(at->stream);
    at->stream = NULL;
}

void connect_lost(struct attempt *at)
{
    connect_drop(at);
    attempt_enter(at, SEEKING);
    attempt_retry(at); /* most often it has died, and its pidfd will say so first */
}

void connect_send(struct attempt *at)
{
    struct str bytes = buf_view(&at->x->out);
    if (buf_end(&at->x->out, NULL) != OK || loop_stream_write(at->stream, bytes) != OK)
        connect_lost(at); /* everything sent may be sent again */
    buf_clear(&at->x->out);
}

void connect_kill(struct attempt *at)
{
    if (at->pidfd >= 0)
        (void)pidfd_send_signal(at->pidfd, SIGKILL, NULL, 0);
}

/* The supervisor cannot be believed any more. What it spooled so far is whole frames, or shows
 * where they end. */
static void distrust(struct attempt *at, const struct error *e)
{
    deliver_note(at, TROUBLE_PROTOCOL, e);
    at->distrusted = true;
    connect_kill(at);
    connect_lost(at);
}

static void on_foreign(struct attempt *at, const struct error *e)
{
    struct error note = *e;
    if (at->child) { /* it has just been started for this very trawl */
        distrust(at, e);
        return;
    }
    error_detail(&note, "it is left running, and its results are read when it has ended");
    deliver_note(at, TROUBLE_VERSION, &note);
    at->foreign = true;
    connect_lost(at);
}

/* Frames of a supervisor: HELLO first where we connected to it, then events in order. */
static enum code accept_hello(struct attempt *at, const struct frame *f, struct error *e)
{
    if (f->attempt != at->id)
        return error_set(e, E_PROTOCOL, "the supervisor of attempt %lld answers for attempt %lld",
                         (long long)at->id, (long long)f->attempt);
    if (at->phase != GREETING)
        return OK;
    at->phase = CONNECTED;
    if (at->verdict != VERDICT_CONTINUE) {
        frame_verdict(&at->x->out, at->verdict);
        connect_send(at);
    }
    return OK;
}

static enum code accept_event(struct attempt *at, const struct frame *f, struct error *e)
{
    if (at->phase != CONNECTED)
        return error_set(e, E_PROTOCOL, "the supervisor sent an event before its greeting");
    if (f->seq <= at->delivered)
        return OK; /* sent again after a connection was lost */
    if (at->exited)
        return error_set(e, E_PROTOCOL, "the supervisor sent an event after the last one");
    if (f->seq != at->delivered + 1)
        return error_set(e, E_PROTOCOL, "the supervisor sent event %lld after event %lld",
                         (long long)f->seq, (long long)at->delivered);
    deliver(at, f);
    return OK;
}

static enum code accept_frame(struct attempt *at, const struct frame *f, struct error *e)
{
    switch (f->type) {
    case FRAME_HELLO:
        return accept_hello(at, f, e);
    case FRAME_STARTED:
    case FRAME_REPORT:
    case FRAME_NOTE:
    case FRAME_EXITED:
        return accept_event(at, f, e);
    case FRAME_SPEC:
    case FRAME_WELCOME:
    case FRAME_ACK:
    case FRAME_ANSWER:
    case FRAME_HOLD:
    case FRAME_VERDICT:
        break;
    }
    return error_set(e, E_PROTOCOL, "the supervisor sent a frame of type %d, which is ours to send",
                     (int)f->type);
}

static size_t read_frames(struct attempt *at, struct str bytes, enum code *ret, struct error *e)
{
    const struct loop_stream *stream = at->stream;
    size_t used = 0, n = 1;
    *ret = OK;
    while (*ret == OK && n > 0 && at->stream == stream) {
        struct frame f;
        arena_clear(&at->x->arena);
        *ret = frame_decode(str_sub(bytes, used, bytes.n), &at->x->arena, &f, &n, e);
        if (*ret == OK && n > 0)
            *ret = accept_frame(at, &f, e);
        if (*ret == OK)
            used += n;
    }
    return used;
}

static size_t on_read(void *self, struct str bytes)
{
    struct attempt *at = self;
    struct local *x = at->x;
    struct error e = {0};
    enum code code;
    local_enter(x);
    size_t used = read_frames(at, bytes, &code, &e);
    if (code == E_VERSION)
        on_foreign(at, &e);
    else if (code == E_NOMEM)
        connect_lost(at); /* read again when there may be more */
    else if (code != OK)
        distrust(at, &e);
    local_leave(x);
    return used;
}

static void on_ended(void *self)
{
    struct attempt *at = self;
    struct local *x = at->x;
    local_enter(x);
    connect_lost(at);
    local_leave(x);
}

enum code connect_stream(struct attempt *at, int fd, struct error *e)
{
    static const struct loop_stream_callbacks callbacks = {on_read, on_ended, NULL};
    enum code code = loop_stream_new(at->x->loop, fd, QUEUE_MAX, &callbacks, at, &at->stream, e);
    if (code != OK)
        close(fd);
    return code;
}

/* OK: the lock is ours, or there is nothing to lock: dead. E_BUSY: it is held. */
static enum code try_lock(struct attempt *at, struct error *e)
{
    if (at->lock >= 0)
        return OK;
    int fd = open(at->spool_path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return OK; /* made before anything is spawned: nothing was */
    if (fd < 0)
        return error_errno(e, errno, "cannot open the spool %s", at->spool_path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        at->lock = fd;
        return OK;
    }
    int err = errno;
    close(fd);
    return err == EWOULDBLOCK ? E_BUSY
                              : error_errno(e, err, "cannot lock the spool %s", at->spool_path);
}

/* The process that listens, named by the kernel. The lock is looked at after we hold on to it, so
 * that it cannot be a newcomer with the number of a supervisor that died. Without a pidfd (it is in
 * another namespace of pids, say) its end is seen by the connection's end and the lock. */
static enum code watch_peer(struct attempt *at, int fd)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);
    if (at->pidfd >= 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 || peer.pid <= 0)
        return OK;
    if (spawn_watch(at, peer.pid, NULL) != OK)
        return OK;
    if (pidref_of(peer.pid, &at->supervisor, NULL) == OK)
        at->pid = peer.pid;
    return try_lock(at, NULL);
}

static enum code greet(struct attempt *at, int fd, struct error *e)
{
    enum code code = watch_peer(at, fd);
    if (code == OK && at->lock >= 0) {
        close(fd);
        return OK;
    }
    code = connect_stream(at, fd, e);
    if (code != OK)
        return code;
    attempt_enter(at, GREETING);
    FAILPOINT("exec.before-welcome");
    frame_welcome(&at->x->out, at->token, at->durable, at->next_wanted);
    connect_send(at);
    FAILPOINT("exec.after-welcome");
    return E_BUSY;
}

/* OK: proved dead. E_BUSY: alive, as far as we can tell. */
static enum code seek(struct attempt *at, struct error *e)
{
    int fd = -1;
    enum code code = at->pidfd >= 0 ? E_BUSY : try_lock(at, e);
    bool nothing = code == OK && at->lock < 0;
    if ((code != E_BUSY && !nothing) || at->foreign)
        return code;
    enum code connected = unix_connect(at->socket_path, &fd, e);
    if (connected == OK)
        return greet(at, fd, e);
    /* Between its start and its listening, or after it has stopped, nobody is there. */
    return nothing ? OK : connected == E_NOT_FOUND ? E_BUSY : connected;
}

void connect_seek(struct attempt *at)
{
    struct error e = {0};
    enum code code = seek(at, &e);
    if (code == OK) {
        spawn_unwatch(at);
        attempt_enter(at, READING);
    } else if (at->phase == SEEKING) {
        attempt_retry(at);
        if (code != E_BUSY)
            deliver_note(at, TROUBLE_LOCK, &e);
        else if (!at->foreign && local_now(at->x) - at->since_ns > NOTE_AFTER) {
            error_set(&e, E_BUSY, "the supervisor is alive but nobody listens at %s",
                      at->socket_path);
            error_hint(&e, "the attempt is waited for");
            deliver_note(at, TROUBLE_CONNECT, &e);
        }
    }
}
