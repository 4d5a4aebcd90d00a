/*
 * libuv, wrapped once: timers, descriptors, signals, Unix sockets with lines or bytes, work on
 * other threads, and a hook that runs once all events of a turn are handled.
 *
 * One thread: all callbacks come on the one that runs the loop, but for the `run` of loop_work.
 * Handles are freed by their *_close, which may be called inside their own callback; no
 * callback comes after it.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/clock.h"
#include "base/str.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_settled;
struct loop_signal;
struct loop_stream;
struct loop_listener;

enum code loop_new(struct loop **ret, struct error *e) must_check;
/* Everything must be closed; work that is still running is waited for. */
void loop_free(struct loop *l);
/* Runs until loop_stop. */
enum code loop_run(struct loop *l, struct error *e) must_check;
void loop_stop(struct loop *l);
/* `settled` runs before the loop goes to sleep, after each batch of events, and once more before
 * loop_run returns. Several run in the order they were made. */
enum code loop_settled_new(struct loop *l, void (*settled)(void *), void *self,
                           struct loop_settled **ret, struct error *e) must_check;
void loop_settled_close(struct loop_settled *s);

/* Fires once at `at_ns` of the system clock's monotonic time (base/clock.h: it counts time asleep);
 * setting it again moves it; INT64_MAX disarms; a time that has passed fires in the next turn. */
enum code loop_timer_new(struct loop *l, void (*fire)(void *), void *self, struct loop_timer **ret,
                         struct error *e) must_check;
void loop_timer_set(struct loop_timer *t, int64_t at_ns);
void loop_timer_close(struct loop_timer *t);

/* `run` is called on another thread, with a stack that may be small; when it has returned, `done`
 * on the loop's, never inside this call. Several run at once; what is too much for the machine
 * waits.
 */
enum code loop_work(struct loop *l, void (*run)(void *), void (*done)(void *), void *self,
                    struct error *e) must_check;
/* Returns when nothing runs any more and nothing will: what has not begun never does, and `done` is
 * not called for anything given before. Handles no events. */
void loop_work_finish(struct loop *l);

/* Level-triggered readiness of a descriptor (a pidfd, a pipe); the descriptor stays the caller's.
 */
enum code loop_watch_new(struct loop *l, int fd, void (*ready)(void *), void *self,
                         struct loop_watch **ret, struct error *e) must_check;
void loop_watch_close(struct loop_watch *w);

enum code loop_signal_new(struct loop *l, int signum, void (*fire)(void *, int), void *self,
                          struct loop_signal **ret, struct error *e) must_check;
void loop_signal_close(struct loop_signal *s);

/* A connected stream socket; takes the descriptor over, unless it fails. Writes go out at once
 * where the socket takes them, else up to `ceiling` bytes are queued; a write past that is refused
 * whole with E_LIMIT and the caller decides. After a write that failed (E_IO) what the other side
 * sent before is still read, then `ended` comes. It comes once, on end of file or error, never
 * inside another function and never after loop_stream_close. `read` gets what arrived and returns
 * how much it used; the rest is given again with what follows (more than `ceiling` of it ends the
 * stream). Closing drops what is queued. */
struct loop_stream_callbacks {
    size_t (*read)(void *self, struct str bytes);
    void (*ended)(void *self);
    void (*drained)(void *self); /* may be NULL: what had to be queued went out */
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

/* Unix sockets whose path may be longer than sun_path (bound and reached through /proc/self/fd).
 * Descriptors are close-on-exec. Listening: E_BUSY when something is at the path already; who owns
 * the path unlinks it first. Connecting never waits: E_NOT_FOUND when nobody listens, E_BUSY when
 * the backlog is full. E_LIMIT for a last component that is too long even so (80 bytes always fit).
 */
enum code unix_listen(const char *path, int backlog, int *ret_fd, struct error *e) must_check;
enum code unix_connect(const char *path, int *ret_fd, struct error *e) must_check;

#endif
