/*
 * The loop's own: the one libuv handle that timers, watches, streams and listeners are made of.
 *
 * A source is the first member of what it belongs to. source_close ends all callbacks at once, and
 * frees the whole when libuv lets go of the handle, at the end of the turn: code that closes what
 * it is called by may still look at it until it returns.
 */
#ifndef LOOP_INTERNAL_H
#define LOOP_INTERNAL_H

#include "loop/loop.h"

#include <uv.h>

enum { SCRATCH = 64 * 1024 };

struct loop_settled {
    struct loop *loop;
    struct loop_settled *next;
    void (*settled)(void *);
    void *self;
    bool closed; /* inside the walk: freed after it */
};

struct work_item;

struct loop {
    uv_loop_t uv;
    uv_mutex_t lock; /* what other threads touch: has_run of the work items */
    uv_cond_t ran;
    struct work_item *work; /* not given back yet */
    uv_prepare_t prepare;
    struct loop_settled *hooks;
    bool walking;
    char scratch[SCRATCH]; /* what a stream just received, until its owner has looked at it */
};

struct source {
    uv_poll_t poll;
    void (*release)(struct source *); /* frees what the source is in */
    int fd;
    bool open, owned; /* owned: the descriptor is closed with it */
};

/* On failure nothing is left to close and the descriptor is still the caller's. */
enum code source_open(struct loop *l, struct source *s, int fd, uv_poll_cb ready,
                      void (*release)(struct source *), struct error *e) must_check;
enum code source_events(struct source *s, int events, uv_poll_cb ready, struct error *e) must_check;
void source_close(struct source *s);

enum code loop_error(struct error *e, int uv_code, const char *what);

#endif
