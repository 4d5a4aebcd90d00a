/*
 * Connected sockets and listening ones, over plain readiness.
 *
 * libuv's own streams allocate a request for each write and raise SIGPIPE; here a write goes
 * straight to the socket, and only what it does not take is queued.
 */
#include "loop/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct loop_stream {
    struct source source;
    struct loop *loop;
    struct loop_stream_callbacks cb;
    void *self;
    size_t ceiling;
    struct buf in, out; /* what was not used yet; what did not go out yet, from out_from on */
    size_t out_from;
    bool write_failed, ended;
};

struct loop_listener {
    struct source source;
    void (*accepted)(void *, int fd);
    void *self;
    int reserve; /* a descriptor to spare, so that connections can be refused when all are used */
};

static void on_stream(uv_poll_t *poll, int status, int events);

static void release_stream(struct source *source)
{
    struct loop_stream *s = (struct loop_stream *)source;
    buf_free(&s->in);
    buf_free(&s->out);
    free(s);
}

enum code loop_stream_new(struct loop *l, int fd, size_t ceiling,
                          const struct loop_stream_callbacks *cb, void *self,
                          struct loop_stream **ret, struct error *e)
{
    struct loop_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->loop = l;
    s->cb = *cb;
    s->self = self;
    s->ceiling = ceiling;
    buf_init(&s->in, ceiling + SCRATCH);
    buf_init(&s->out, SIZE_MAX - 1); /* loop_stream_write keeps the ceiling */
    enum code code = source_open(l, &s->source, fd, on_stream, release_stream, e);
    if (code != OK)
        return code;
    s->source.owned = true;
    *ret = s;
    return OK;
}

static void end(struct loop_stream *s)
{
    if (s->ended)
        return;
    s->ended = true;
    uv_poll_stop(&s->source.poll);
    s->cb.ended(s->self);
}

size_t loop_stream_queued(const struct loop_stream *s)
{
    return s->out.n - s->out_from;
}

/* Watches for room only while something is queued. Changing what is watched cannot fail: the
 * descriptor was watched before. */
static void watch_as_needed(struct loop_stream *s)
{
    int events = UV_READABLE | (loop_stream_queued(s) ? UV_WRITABLE : 0);
    if (s->source.open && !s->ended)
        uv_poll_start(&s->source.poll, events, on_stream);
}

/* How much went out; -1: the connection is broken. */
static ssize_t send_some(struct loop_stream *s, struct str bytes)
{
    size_t sent = 0;
    while (sent < bytes.n) {
        ssize_t n = send(s->source.fd, bytes.p + sent, bytes.n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            break;
        if (n < 0)
            return -1;
        sent += (size_t)n;
    }
    return (ssize_t)sent;
}

/* The end is left to the reading side, so that what the other one said before it went is heard:
 * after a shutdown a socket still gives what it holds, then end of file. */
static void fail_writing(struct loop_stream *s)
{
    s->write_failed = true;
    s->out_from = 0;
    buf_free(&s->out);
    shutdown(s->source.fd, SHUT_RDWR);
    watch_as_needed(s);
}

enum code loop_stream_write(struct loop_stream *s, struct str bytes)
{
    if (s->write_failed || s->ended)
        return E_IO;
    size_t queued = loop_stream_queued(s);
    if (bytes.n > s->ceiling - queued)
        return E_LIMIT;
    ssize_t sent = 0;
    if (queued == 0) {
        sent = send_some(s, bytes);
        if (sent < 0) {
            fail_writing(s);
            return E_IO;
        }
        if ((size_t)sent == bytes.n)
            return OK;
    }
    buf_add(&s->out, bytes.p + sent, bytes.n - (size_t)sent);
    if (s->out.bad) {
        fail_writing(s); /* a part may have gone out: the stream is of no more use */
        return E_NOMEM;
    }
    if (queued == 0)
        watch_as_needed(s);
    return OK;
}

static void flush(struct loop_stream *s)
{
    ssize_t sent = send_some(s, str_sub(buf_view(&s->out), s->out_from, s->out.n));
    if (sent < 0) {
        fail_writing(s);
        return;
    }
    s->out_from += (size_t)sent;
    if (s->out_from == s->out.n) {
        s->out_from = 0;
        buf_clear(&s->out);
        watch_as_needed(s);
        if (s->cb.drained)
            s->cb.drained(s->self);
    } else if (s->out_from > SCRATCH && s->out_from > s->out.n / 2) {
        buf_cut_front(&s->out, s->out_from);
        s->out_from = 0;
    }
}

/* Hands over what came, together with what was left the last time. Bytes that are all used at once
 * are never copied. */
static void take(struct loop_stream *s, struct str bytes)
{
    bool fresh = s->in.n == 0;
    if (!fresh) {
        buf_str(&s->in, bytes);
        if (s->in.bad) {
            end(s);
            return;
        }
        bytes = buf_view(&s->in);
    }
    size_t used = s->cb.read(s->self, bytes);
    if (!s->source.open)
        return;
    if (used > bytes.n)
        used = bytes.n;
    if (fresh)
        buf_str(&s->in, str_sub(bytes, used, bytes.n));
    else
        buf_cut_front(&s->in, used);
    if (s->in.bad || s->in.n > s->ceiling)
        end(s);
}

/* False when there was nothing to take. */
static bool receive(struct loop_stream *s)
{
    ssize_t n;
    do {
        n = recv(s->source.fd, s->loop->scratch, SCRATCH, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        take(s, (struct str){s->loop->scratch, (size_t)n});
    else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        end(s);
    return n > 0;
}

/* The socket has an error pending, and libuv has stopped looking at it: what arrived before the
 * error is all there will be. */
static void receive_rest(struct loop_stream *s)
{
    while (s->source.open && !s->ended && receive(s))
        ;
    if (s->source.open)
        end(s);
}

static void on_stream(uv_poll_t *poll, int status, int events)
{
    struct loop_stream *s = poll->data;
    if (status < 0) {
        receive_rest(s);
        return;
    }
    if (events & UV_WRITABLE && loop_stream_queued(s))
        flush(s);
    if (events & UV_READABLE && s->source.open && !s->ended)
        (void)receive(s);
}

void loop_stream_close(struct loop_stream *s)
{
    if (s)
        source_close(&s->source);
}

/* Listeners. */

static void release_listener(struct source *source)
{
    free((struct loop_listener *)source);
}

/* Out of descriptors, the connection would stay in the backlog and wake the loop for ever: it is
 * taken with the one to spare, and closed. */
static void refuse_one(struct loop_listener *s)
{
    if (s->reserve >= 0)
        close(s->reserve);
    int fd = accept4(s->source.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void on_listener(uv_poll_t *poll, int status, int events)
{
    struct loop_listener *s = poll->data;
    int fd = accept4(s->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        s->accepted(s->self, fd);
    else if (errno == EMFILE || errno == ENFILE)
        refuse_one(s);
}

enum code loop_listener_new(struct loop *l, int fd, void (*accepted)(void *, int fd), void *self,
                            struct loop_listener **ret, struct error *e)
{
    struct loop_listener *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->accepted = accepted;
    s->self = self;
    enum code code = source_open(l, &s->source, fd, on_listener, release_listener, e);
    if (code != OK)
        return code;
    s->source.owned = true;
    s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    *ret = s;
    return OK;
}

void loop_listener_close(struct loop_listener *s)
{
    if (!s || !s->source.open)
        return;
    source_close(&s->source);
    if (s->reserve >= 0)
        close(s->reserve);
}
