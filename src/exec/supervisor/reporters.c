/*
 * The endpoint's connections.
 *
 *   free --accept--> reading --report, to be asked--> waiting --answer--> writing --> reading
 *                      |  ^                                                 ^
 *                      |  +------- WELCOME: it becomes the controller's     |
 *                      +--------- report, decided here ---------------------+
 *
 * A connection that waits, or has an answer to be written, is not read from: so each holds at most
 * one message and one answer. When all are taken, the one that has been silent longest makes room,
 * since a controller that comes back must get in.
 */
#include "exec/supervisor/internal.h"

#include "base/failpoint.h"
#include "exec/supervisor/socket_address.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGE_ARENA_MAX = 128 << 20, OUT_MAX = 4096, BACKLOG = 64, DRAIN_READS = 64 };

static enum code listen_on(struct supervisor *s, const char *path, const struct sockaddr_un *at,
                           struct error *e)
{
    unlink(path); /* of an attempt that was killed */
    s->listener_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener_fd < 0)
        return error_errno(e, errno, "cannot make a socket");
    mode_t mask = umask(0177);
    int status = bind(s->listener_fd, (const struct sockaddr *)at, sizeof(*at));
    int why = errno;
    umask(mask);
    if (status < 0 || listen(s->listener_fd, BACKLOG) < 0)
        return error_errno(e, status < 0 ? why : errno, "cannot listen on %s", path);
    return OK;
}

enum code reporters_listen(struct supervisor *s, struct error *e)
{
    struct sockaddr_un at;
    int folder;
    char *path = arena_cstr(&s->arena, s->spec.socket_path);
    if (!path)
        return error_nomem(e);
    enum code code = socket_address(path, &at, &folder, e);
    if (code == OK)
        code = listen_on(s, path, &at, e);
    if (folder >= 0)
        close(folder);
    return code;
}

static void release(struct reporter *r, bool keep_fd)
{
    if (!keep_fd)
        close(r->fd);
    buf_free(&r->in);
    buf_free(&r->out);
    *r = (struct reporter){.fd = -1};
}

/* Who hangs up without waiting for an answer has still said what was read or is to be read. */
static void stop_talking(struct reporter *r)
{
    r->deaf = true;
    r->waits_for = 0;
    buf_clear(&r->out);
}

static void flush(struct reporter *r)
{
    while (r->out.n && !r->deaf) {
        FAILPOINT("supervisor.before-answer");
        ssize_t n = send(r->fd, r->out.p, r->out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break;
        FAILPOINT("supervisor.after-answer");
        buf_cut_front(&r->out, (size_t)n);
    }
    if (r->out.n)
        stop_talking(r);
    if (r->closing || (r->ended && !r->in.n))
        release(r, false);
}

static void refuse(struct reporter *r, const char *message)
{
    endpoint_error(&r->out, message);
    r->closing = true;
}

static void answer(struct supervisor *s, struct reporter *r, enum verdict v)
{
    r->waits_for = 0;
    r->used_at = s->active_at = supervisor_now(s);
    endpoint_decision(&r->out, v);
    if (v > VERDICT_CONTINUE)
        ending_told(s, v);
}

static void take_reports(struct supervisor *s, struct reporter *r, const struct endpoint_message *m)
{
    enum verdict v;
    int64_t seq;
    if (!events_reported(s, m, &v, &seq)) {
        refuse(r, "the report could not be kept: the disk is full");
        return;
    }
    if (seq == 0) {
        answer(s, r, v);
        return;
    }
    r->waits_for = seq;
    r->answer_at = supervisor_now(s) + ANSWER_LIMIT;
}

static void take_infeasible(struct supervisor *s, struct reporter *r, struct str why)
{
    struct buf note;
    buf_init(&note, ENDPOINT_LINE_MAX + 64);
    buf_cstr(&note, "infeasible: ");
    buf_str(&note, why);
    if (event_note(s, buf_view(&note))) {
        s->infeasible = true;
        buf_clear(&s->infeasible_why);
        buf_str(&s->infeasible_why, str_sub(why, 0, 1000));
        endpoint_ok(&r->out);
    } else {
        refuse(r, "this could not be kept: the disk is full");
    }
    buf_free(&note);
}

static void take_message(struct supervisor *s, struct reporter *r, struct str line)
{
    struct endpoint_message m;
    struct arena a;
    struct error e;
    arena_init(&a, MESSAGE_ARENA_MAX);
    FAILPOINT("supervisor.before-message");
    s->active_at = supervisor_now(s);
    if (endpoint_parse(line, &a, &m, &e) != OK)
        endpoint_error(&r->out, e.message);
    else if (!str_eq(m.token, s->spec.token))
        refuse(r, "the token is not this attempt's: use TRAWL_TOKEN");
    else if (s->phase == DONE)
        refuse(r, "the attempt has ended");
    else if (m.kind == ENDPOINT_INFEASIBLE)
        take_infeasible(s, r, m.why);
    else
        take_reports(s, r, &m);
    FAILPOINT("supervisor.after-message");
    arena_free(&a);
}

static bool busy(const struct reporter *r)
{
    return r->waits_for || r->out.n || r->closing;
}

static void take_lines(struct supervisor *s, struct reporter *r)
{
    size_t at = 0;
    while (!busy(r) && at < r->in.n) {
        const char *end = memchr(r->in.p + at, '\n', r->in.n - at);
        if (!end && at == 0 && r->in.n >= ENDPOINT_LINE_MAX)
            refuse(r, "a message is longer than 1 MiB");
        if (!end)
            break;
        size_t n = (size_t)(end - r->in.p) - at;
        struct str line = str_trim(str_sub(buf_view(&r->in), at, n));
        at += n + 1;
        if (line.n)
            take_message(s, r, line);
        if (r->out.n)
            flush(r);
        if (r->fd < 0)
            return;
    }
    buf_cut_front(&r->in, at);
    if (r->out.n || (r->ended && !busy(r)))
        flush(r);
}

/* A controller that comes back says WELCOME, whose first byte is its length, 57; a program's
 * message begins with '{'. */
static void take_welcome(struct supervisor *s, struct reporter *r)
{
    struct frame f;
    struct error e;
    size_t used = 0;
    struct arena a;
    arena_init(&a, 1 << 16);
    enum code code = frame_decode(buf_view(&r->in), &a, &f, &used, &e);
    bool right = code == OK && used && f.type == FRAME_WELCOME && str_eq(f.text, s->spec.token) &&
                 f.seq <= s->queue.last_seq;
    if (right) {
        int fd = r->fd;
        buf_cut_front(&r->in, used);
        controller_adopt(s, fd, &f);
        buf_str(&s->controller_in, buf_view(&r->in));
        release(r, true);
        controller_ready(s, 0);
    } else if (code == E_VERSION) { /* HELLO tells it ours */
        frame_hello(&r->out, s->spec.attempt, s->queue.last_seq);
        r->closing = true;
        flush(r);
    } else if (code != OK || used || r->in.n > OUT_MAX) {
        release(r, false);
    }
    arena_free(&a);
}

static bool is_message(const struct reporter *r)
{
    return r->in.p[0] == '{' || r->in.p[0] == '\n' || r->in.p[0] == ' ' || r->in.p[0] == '\r' ||
           r->in.p[0] == '\t';
}

/* False: there was nothing to read. */
static bool read_more(struct supervisor *s, struct reporter *r)
{
    size_t room = ENDPOINT_LINE_MAX + 1 - r->in.n;
    ssize_t n = recv(r->fd, s->chunk, room < READ_CHUNK ? room : READ_CHUNK, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n < 0) {
        release(r, false);
        return false;
    }
    if (n == 0)
        r->ended = true;
    r->used_at = supervisor_now(s);
    buf_add(&r->in, s->chunk, (size_t)n);
    if (r->in.bad) {
        release(r, false);
        return false;
    }
    if (r->in.n && !is_message(r))
        take_welcome(s, r);
    else
        take_lines(s, r);
    if (r->fd >= 0 && r->ended && !busy(r)) /* half a line: nothing follows */
        release(r, false);
    return n > 0;
}

void reporter_ready(struct supervisor *s, struct reporter *r, short events)
{
    if (r->out.n) {
        flush(r);
        if (r->fd >= 0)
            take_lines(s, r);
    } else if (r->waits_for && (events & (POLLHUP | POLLERR))) {
        stop_talking(r);
        take_lines(s, r);
    } else if (!r->waits_for) {
        read_more(s, r);
    }
}

static struct reporter *free_reporter(struct supervisor *s)
{
    struct reporter *idlest = NULL;
    for (size_t i = 0; i < REPORTERS_MAX; i++) {
        struct reporter *r = &s->reporter[i];
        if (r->fd < 0)
            return r;
        if (!idlest || (!r->waits_for && (idlest->waits_for || r->used_at < idlest->used_at)))
            idlest = r;
    }
    release(idlest, false);
    return idlest;
}

bool reporters_accept(struct supervisor *s)
{
    int fd = accept4(s->listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return false;
    struct reporter *r = free_reporter(s);
    *r = (struct reporter){.fd = fd, .used_at = supervisor_now(s)};
    buf_init(&r->in, ENDPOINT_LINE_MAX + 1);
    buf_init(&r->out, OUT_MAX);
    read_more(s, r); /* what it has to say usually came with it */
    return true;
}

void reporters_answer(struct supervisor *s, int64_t seq, enum verdict v)
{
    for (size_t i = 0; i < REPORTERS_MAX; i++) {
        struct reporter *r = &s->reporter[i];
        if (r->fd < 0 || !r->waits_for || (seq && r->waits_for != seq))
            continue;
        answer(s, r, v);
        flush(r);
        if (r->fd >= 0)
            take_lines(s, r);
    }
}

void reporters_hold(struct supervisor *s, int64_t seq)
{
    for (size_t i = 0; i < REPORTERS_MAX; i++)
        if (s->reporter[i].fd >= 0 && s->reporter[i].waits_for == seq && seq)
            s->reporter[i].answer_at = NEVER;
}

void reporters_expire(struct supervisor *s, int64_t now)
{
    for (size_t i = 0; i < REPORTERS_MAX; i++) {
        struct reporter *r = &s->reporter[i];
        if (r->fd >= 0 && r->waits_for && r->answer_at <= now)
            reporters_answer(s, r->waits_for, VERDICT_CONTINUE);
    }
}

static void drain(struct supervisor *s, struct reporter *r)
{
    for (int i = 0; i < DRAIN_READS && r->fd >= 0; i++) {
        if (busy(r))
            stop_talking(r);
        take_lines(s, r);
        if (r->fd < 0 || (!busy(r) && !read_more(s, r)))
            return;
    }
}

void reporters_drain(struct supervisor *s)
{
    for (int i = 0; i < BACKLOG && reporters_accept(s); i++)
        continue;
    reporters_answer(s, 0, VERDICT_CONTINUE);
    for (size_t i = 0; i < REPORTERS_MAX; i++)
        drain(s, &s->reporter[i]);
}

bool reporters_waiting(const struct supervisor *s)
{
    for (size_t i = 0; i < REPORTERS_MAX; i++)
        if (s->reporter[i].fd >= 0 && s->reporter[i].waits_for)
            return true;
    return false;
}

int64_t reporters_deadline(const struct supervisor *s)
{
    int64_t at = NEVER;
    for (size_t i = 0; i < REPORTERS_MAX; i++)
        if (s->reporter[i].fd >= 0 && s->reporter[i].waits_for && s->reporter[i].answer_at < at)
            at = s->reporter[i].answer_at;
    return at;
}

void reporters_close(struct supervisor *s)
{
    for (size_t i = 0; i < REPORTERS_MAX; i++)
        if (s->reporter[i].fd >= 0)
            release(&s->reporter[i], false);
    if (s->listener_fd >= 0) {
        char *path = arena_cstr(&s->arena, s->spec.socket_path);
        if (path)
            unlink(path);
        close(s->listener_fd);
    }
    s->listener_fd = -1;
}
