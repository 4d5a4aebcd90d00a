/*
 * libuv, wrapped once: timers, descriptors, signals, Unix sockets with lines or bytes, and a hook
 * that runs once all events of a turn are handled.
 *
 * One thread. Handles are freed by their *_close, which may be called inside their own callback; no
 * callback comes after it.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/clock.h"
#include "base/str.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_signal;
struct loop_stream;
struct loop_listener;

enum code loop_new(struct loop **ret, struct error *e) must_check;
void loop_free(struct loop *l); /* everything must be closed */
/* Runs until loop_stop. */
enum code loop_run(struct loop *l, struct error *e) must_check;
void loop_stop(struct loop *l);
/* `settled` runs before the loop goes to sleep, after each batch of events. One at a time. */
void loop_on_settled(struct loop *l, void (*settled)(void *), void *self);

/* Fires once at monotonic time `at_ns`; setting it again moves it; INT64_MAX disarms. */
enum code loop_timer_new(struct loop *l, void (*fire)(void *), void *self, struct loop_timer **ret,
                         struct error *e) must_check;
void loop_timer_set(struct loop_timer *t, int64_t at_ns);
void loop_timer_close(struct loop_timer *t);

/* Level-triggered readiness of a descriptor (a pidfd, a pipe); the descriptor stays the caller's. */
enum code loop_watch_new(struct loop *l, int fd, void (*ready)(void *), void *self,
                         struct loop_watch **ret, struct error *e) must_check;
void loop_watch_close(struct loop_watch *w);

enum code loop_signal_new(struct loop *l, int signum, void (*fire)(void *, int), void *self,
                          struct loop_signal **ret, struct error *e) must_check;
void loop_signal_close(struct loop_signal *s);

/* A connected stream socket; takes the descriptor over. Writes are queued up to `ceiling` bytes, past
 * which loop_stream_write returns E_LIMIT and the caller decides. `ended` comes once, on end of file
 * or error, never after loop_stream_close. `read` gets what arrived and returns how much it used;
 * the rest is given again with what follows (at most `ceiling` is kept, else the stream ends). */
struct loop_stream_callbacks {
    size_t (*read)(void *self, struct str bytes);
    void (*ended)(void *self);
    void (*drained)(void *self); /* may be NULL: all queued writes went out */
};
enum code loop_stream_new(struct loop *l, int fd, size_t ceiling,
                          const struct loop_stream_callbacks *cb, void *self,
                          struct loop_stream **ret, struct error *e) must_check;
enum code loop_stream_write(struct loop_stream *s, struct str bytes) must_check;
size_t loop_stream_queued(const struct loop_stream *s);
void loop_stream_close(struct loop_stream *s);

/* Accepts on a listening socket, taken over. */
enum code loop_listener_new(struct loop *l, int fd, void (*accepted)(void *, int fd), void *self,
                            struct loop_listener **ret, struct error *e) must_check;
void loop_listener_close(struct loop_listener *s);

/* Unix sockets whose path may be longer than sun_path (bound and reached through /proc/self/fd). */
enum code unix_listen(const char *path, int backlog, int *ret_fd, struct error *e) must_check;
enum code unix_connect(const char *path, int *ret_fd, struct error *e) must_check;

#endif
