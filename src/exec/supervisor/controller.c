/*
 * The controller's connection: the spec, acknowledgements, decisions; and its loss.
 */
#include "exec/supervisor/internal.h"

#include "base/failpoint.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { FRAME_ARENA_MAX = 1 << 20 };

/* One frame off the socket and not a byte more: what follows the spec is for later. */
static enum code read_exactly(int fd, struct buf *b, size_t n, bool *ret_whole, struct error *e)
{
    char chunk[4096];
    while (n) {
        ssize_t got = read(fd, chunk, n < sizeof(chunk) ? n : sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLIN};
            poll(&p, 1, -1);
            continue;
        }
        if (got < 0 && errno != ECONNRESET)
            return error_errno(e, errno, "cannot read the controller's socket");
        if (got <= 0) {
            *ret_whole = false;
            return OK;
        }
        buf_add(b, chunk, (size_t)got);
        n -= (size_t)got;
    }
    *ret_whole = true;
    return buf_end(b, e);
}

static uint32_t announced(const char *head)
{
    const unsigned char *p = (const unsigned char *)head;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

enum code controller_read_spec(struct supervisor *s, bool *ret_whole, struct error *e)
{
    struct frame f;
    size_t used = 0;
    bool whole;
    enum code code = read_exactly(s->controller_fd, &s->spec_bytes, FRAME_HEAD, &whole, e);
    if (code == OK && whole) {
        uint32_t n = announced(s->spec_bytes.p);
        if (n <= FRAME_MAX)
            code = read_exactly(s->controller_fd, &s->spec_bytes, n, &whole, e);
    }
    if (code == OK && whole)
        code = frame_decode(buf_view(&s->spec_bytes), &s->arena, &f, &used, e);
    if (code != OK || !whole) {
        *ret_whole = false;
        return code;
    }
    if (used == 0 || f.type != FRAME_SPEC)
        return error_set(e, E_PROTOCOL, "the first frame is not a spec");
    s->spec = f.spec;
    s->next_wanted = f.spec.next_wanted;
    *ret_whole = true;
    return OK;
}

static void take_frame(struct supervisor *s, const struct frame *f)
{
    FAILPOINT("supervisor.before-frame");
    switch (f->type) {
    case FRAME_ACK:
        if (f->seq > s->durable_seq)
            s->durable_seq = f->seq;
        break;
    case FRAME_ANSWER:
        s->next_wanted = f->next_wanted;
        if (f->verdict > VERDICT_CONTINUE)
            ending_verdict(s, f->verdict);
        reporters_answer(s, f->seq, s->verdict);
        break;
    case FRAME_HOLD:
        reporters_hold(s, f->seq);
        break;
    case FRAME_VERDICT:
        ending_verdict(s, f->verdict);
        break;
    case FRAME_HELLO:
    case FRAME_STARTED:
    case FRAME_REPORT:
    case FRAME_NOTE:
    case FRAME_EXITED:
    case FRAME_SPEC:
    case FRAME_WELCOME:
        controller_lost(s); /* nothing that a controller says here */
        break;
    }
    FAILPOINT("supervisor.after-frame");
}

static void take_frames(struct supervisor *s)
{
    struct arena a;
    arena_init(&a, FRAME_ARENA_MAX);
    while (s->controller_fd >= 0 && s->controller_in.n) {
        struct frame f;
        size_t used = 0;
        arena_clear(&a);
        if (frame_decode(buf_view(&s->controller_in), &a, &f, &used, NULL) != OK)
            controller_lost(s);
        else if (used == 0)
            break;
        else
            take_frame(s, &f);
        buf_cut_front(&s->controller_in, used);
    }
    arena_free(&a);
}

void controller_ready(struct supervisor *s, short events)
{
    if (events & POLLOUT)
        s->controller_full = false;
    if (events & (POLLIN | POLLHUP | POLLERR)) {
        ssize_t n = recv(s->controller_fd, s->chunk, READ_CHUNK, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            controller_lost(s);
            return;
        }
        if (n > 0)
            buf_add(&s->controller_in, s->chunk, (size_t)n);
        if (s->controller_in.bad) {
            controller_lost(s);
            return;
        }
    }
    take_frames(s);
}

void controller_send(struct supervisor *s)
{
    if (s->controller_fd < 0 || s->controller_full)
        return;
    enum code code = queue_send(&s->queue, s->controller_fd);
    s->controller_full = code == E_BUSY;
    if (code == E_IO)
        controller_lost(s);
}

void controller_send_unkept(struct supervisor *s)
{
    controller_send(s);
    if (s->controller_fd < 0 || s->queue.sent < s->queue.size)
        return;
    ssize_t n = send(s->controller_fd, s->queue.bytes.p, s->queue.bytes.n, MSG_NOSIGNAL);
    if (n != (ssize_t)s->queue.bytes.n)
        controller_lost(s);
}

void controller_lost(struct supervisor *s)
{
    if (s->controller_fd < 0)
        return;
    if (s->own_controller_fd)
        close(s->controller_fd);
    else
        shutdown(s->controller_fd, SHUT_RDWR);
    s->controller_fd = -1;
    s->controller_full = false;
    buf_clear(&s->controller_in);
    reporters_answer(s, 0, VERDICT_CONTINUE);
}

/* HELLO goes out first; it is small and the socket new, so that it fits, or the connection is no
 * good. */
void controller_adopt(struct supervisor *s, int fd, const struct frame *welcome)
{
    controller_lost(s);
    buf_clear(&s->controller_in);
    s->controller_fd = fd;
    s->own_controller_fd = true;
    s->durable_seq = welcome->seq;
    s->next_wanted = welcome->next_wanted;
    struct buf hello;
    buf_init(&hello, 256);
    frame_hello(&hello, s->spec.attempt, s->queue.last_seq);
    FAILPOINT("supervisor.before-hello");
    ssize_t n = send(fd, hello.p, hello.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    FAILPOINT("supervisor.after-hello");
    if (n != (ssize_t)hello.n || queue_rewind(&s->queue, welcome->seq, NULL) != OK)
        controller_lost(s);
    buf_free(&hello);
}
