/*
 * The loop itself, sources, timers, watches, signals and the hooks at the end of a turn.
 *
 * libuv's own timers count neither nanoseconds nor time asleep, so a timer is a timerfd on
 * CLOCK_BOOTTIME, the clock of clock_monotonic.
 */
#include "loop/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct loop_timer {
    struct source source;
    void (*fire)(void *);
    void *self;
};

struct loop_watch {
    struct source source;
    void (*ready)(void *);
    void *self;
};

struct loop_signal {
    uv_signal_t handle;
    void (*fire)(void *, int);
    void *self;
};

enum code loop_error(struct error *e, int uv_code, const char *what)
{
    if (uv_code == UV_ENOMEM)
        return error_nomem(e);
    return error_errno(e, -uv_code, "%s", what);
}

static void sweep_hooks(struct loop *l)
{
    for (struct loop_settled **at = &l->hooks; *at;) {
        struct loop_settled *s = *at;
        if (!s->closed) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        free(s);
    }
}

static void run_hooks(struct loop *l)
{
    l->walking = true;
    for (struct loop_settled *s = l->hooks; s; s = s->next) {
        if (!s->closed)
            s->settled(s->self);
    }
    l->walking = false;
    sweep_hooks(l);
}

static void on_prepare(uv_prepare_t *handle)
{
    run_hooks(handle->data);
}

static int make_lock(struct loop *l)
{
    int r = uv_mutex_init(&l->lock);
    if (r < 0)
        return r;
    r = uv_cond_init(&l->ran);
    if (r < 0)
        uv_mutex_destroy(&l->lock);
    return r;
}

static void free_lock(struct loop *l)
{
    uv_cond_destroy(&l->ran);
    uv_mutex_destroy(&l->lock);
}

static int make_uv(struct loop *l)
{
    int r = uv_loop_init(&l->uv);
    if (r < 0)
        free_lock(l);
    return r;
}

enum code loop_new(struct loop **ret, struct error *e)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (!l)
        return error_nomem(e);
    int r = make_lock(l);
    if (r == 0)
        r = make_uv(l);
    if (r < 0) {
        free(l);
        return loop_error(e, r, "cannot make an event loop");
    }
    uv_prepare_init(&l->uv, &l->prepare);
    l->prepare.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    *ret = l;
    return OK;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    while (l->hooks) {
        struct loop_settled *next = l->hooks->next;
        free(l->hooks);
        l->hooks = next;
    }
    loop_work_finish(l);
    while (l->work) /* finished, but libuv has not given it back */
        uv_run(&l->uv, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&l->prepare, NULL);
    /* The last turn of what was closed; a stop that nobody obeyed yet would swallow the first. */
    if (uv_run(&l->uv, UV_RUN_NOWAIT) != 0)
        uv_run(&l->uv, UV_RUN_NOWAIT);
    /* A handle that is still open points into the loop: a leak, which the leak checker names, does
     * less harm than a pointer to nothing. */
    if (uv_loop_close(&l->uv) == 0) {
        free_lock(l);
        free(l);
    }
}

enum code loop_run(struct loop *l, struct error *e)
{
    int r = uv_run(&l->uv, UV_RUN_DEFAULT);
    run_hooks(l); /* libuv leaves right after the events of the turn in which it was stopped */
    return r < 0 ? loop_error(e, r, "the event loop failed") : OK;
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

enum code loop_settled_new(struct loop *l, void (*settled)(void *), void *self,
                           struct loop_settled **ret, struct error *e)
{
    struct loop_settled *s = malloc(sizeof(*s));
    if (!s)
        return error_nomem(e);
    *s = (struct loop_settled){.loop = l, .settled = settled, .self = self};
    struct loop_settled **end = &l->hooks;
    while (*end)
        end = &(*end)->next;
    *end = s;
    *ret = s;
    return OK;
}

void loop_settled_close(struct loop_settled *s)
{
    if (!s)
        return;
    s->closed = true;
    if (!s->loop->walking)
        sweep_hooks(s->loop);
}

/* Sources. */

static void on_source_closed(uv_handle_t *handle)
{
    struct source *s = handle->data;
    s->release(s);
}

enum code source_events(struct source *s, int events, uv_poll_cb ready, struct error *e)
{
    int r = uv_poll_start(&s->poll, events, ready);
    return r < 0 ? loop_error(e, r, "cannot watch a descriptor") : OK;
}

enum code source_open(struct loop *l, struct source *s, int fd, uv_poll_cb ready,
                      void (*release)(struct source *), struct error *e)
{
    int r = uv_poll_init(&l->uv, &s->poll, fd);
    if (r < 0) {
        release(s); /* libuv doesn't know the handle yet */
        return loop_error(e, r, "cannot watch a descriptor");
    }
    s->poll.data = s;
    s->release = release;
    s->fd = fd;
    s->open = true;
    enum code code = source_events(s, UV_READABLE, ready, e);
    if (code != OK)
        source_close(s);
    return code;
}

void source_close(struct source *s)
{
    if (!s->open)
        return;
    s->open = false;
    uv_close((uv_handle_t *)&s->poll, on_source_closed);
    if (s->owned)
        close(s->fd);
}

/* Timers. */

static void release_timer(struct source *s)
{
    free((struct loop_timer *)s);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct loop_timer *t = poll->data;
    uint64_t expirations;
    /* Set anew or disarmed since it became readable, there is nothing to read: it has not fired. */
    if (read(t->source.fd, &expirations, sizeof(expirations)) == sizeof(expirations))
        t->fire(t->self);
}

enum code loop_timer_new(struct loop *l, void (*fire)(void *), void *self, struct loop_timer **ret,
                         struct error *e)
{
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0)
        return error_errno(e, errno, "cannot make a timer");
    struct loop_timer *t = calloc(1, sizeof(*t));
    if (!t) {
        close(fd);
        return error_nomem(e);
    }
    t->fire = fire;
    t->self = self;
    enum code code = source_open(l, &t->source, fd, on_timer, release_timer, e);
    if (code != OK) {
        close(fd);
        return code;
    }
    t->source.owned = true;
    *ret = t;
    return OK;
}

void loop_timer_set(struct loop_timer *t, int64_t at_ns)
{
    struct itimerspec spec = {0};
    if (at_ns != INT64_MAX) {
        if (at_ns < 1)
            at_ns = 1; /* 0 would disarm */
        spec.it_value.tv_sec = at_ns / NS_PER_S;
        spec.it_value.tv_nsec = at_ns % NS_PER_S;
    }
    /* Fails only for a bad descriptor or a bad time: neither can be. */
    (void)timerfd_settime(t->source.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void loop_timer_close(struct loop_timer *t)
{
    if (t)
        source_close(&t->source);
}

/* Watches. */

static void release_watch(struct source *s)
{
    free((struct loop_watch *)s);
}

static void on_watch(uv_poll_t *poll, int status, int events)
{
    struct loop_watch *w = poll->data;
    if (status < 0) /* an error is readiness too, but libuv has stopped looking */
        uv_poll_start(poll, UV_READABLE, on_watch);
    w->ready(w->self);
}

enum code loop_watch_new(struct loop *l, int fd, void (*ready)(void *), void *self,
                         struct loop_watch **ret, struct error *e)
{
    struct loop_watch *w = calloc(1, sizeof(*w));
    if (!w)
        return error_nomem(e);
    w->ready = ready;
    w->self = self;
    enum code code = source_open(l, &w->source, fd, on_watch, release_watch, e);
    if (code == OK)
        *ret = w;
    return code;
}

void loop_watch_close(struct loop_watch *w)
{
    if (w)
        source_close(&w->source);
}

/* Signals. */

static void on_signal(uv_signal_t *handle, int signum)
{
    struct loop_signal *s = handle->data;
    s->fire(s->self, signum);
}

static void on_signal_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum code loop_signal_new(struct loop *l, int signum, void (*fire)(void *, int), void *self,
                          struct loop_signal **ret, struct error *e)
{
    struct loop_signal *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->fire = fire;
    s->self = self;
    int r = uv_signal_init(&l->uv, &s->handle);
    if (r < 0) {
        free(s);
        return loop_error(e, r, "cannot watch for signals");
    }
    s->handle.data = s;
    r = uv_signal_start(&s->handle, on_signal, signum);
    if (r < 0) {
        uv_close((uv_handle_t *)&s->handle, on_signal_closed);
        return loop_error(e, r, "cannot watch for a signal");
    }
    *ret = s;
    return OK;
}

void loop_signal_close(struct loop_signal *s)
{
    if (s && !uv_is_closing((uv_handle_t *)&s->handle))
        uv_close((uv_handle_t *)&s->handle, on_signal_closed);
}
