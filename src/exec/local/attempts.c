/*
 * The list of attempts, and when each is to be looked at next.
 */
#include "exec/local/internal.h"

#include <stdlib.h>
#include <unistd.h>

enum { TEXTS_MAX = 64 * 1024 };

int64_t local_now(const struct local *x)
{
    return clock_monotonic(&x->clock);
}

struct attempt *attempt_find(struct local *x, int64_t id)
{
    struct attempt *at = x->attempts;
    while (at && (at->id != id || at->forgotten))
        at = at->next;
    return at;
}

static enum code copy_texts(struct attempt *at, const struct wire_spec *spec, struct error *e)
{
    struct buf path;
    buf_init(&path, 4096);
    enum code code = local_spool_path(spec, &path, e);
    if (code == OK) {
        at->spool_path = arena_cstr(&at->texts, buf_view(&path));
        at->socket_path = arena_cstr(&at->texts, spec->socket_path);
        code = arena_str(&at->texts, spec->token, &at->token);
        if (!at->spool_path || !at->socket_path || code != OK)
            code = error_nomem(e);
    }
    buf_free(&path);
    return code;
}

enum code attempt_new(struct local *x, const struct wire_spec *spec, struct attempt **ret,
                      struct error *e)
{
    if (attempt_find(x, spec->attempt))
        return error_set(e, E_DUPLICATE, "attempt %lld is here already", (long long)spec->attempt);
    struct attempt *at = calloc(1, sizeof(*at));
    if (!at)
        return error_nomem(e);
    at->x = x;
    at->id = spec->attempt;
    at->pidfd = at->lock = -1;
    at->next_wanted = spec->next_wanted;
    at->due_ns = INT64_MAX;
    arena_init(&at->texts, TEXTS_MAX);
    enum code code = copy_texts(at, spec, e);
    at->next = x->attempts;
    x->attempts = at;
    if (code == OK)
        *ret = at;
    else
        attempt_free(at);
    return code;
}

/* Of one that has left the list. */
static void release(struct attempt *at)
{
    connect_drop(at);
    spawn_unwatch(at);
    if (at->lock >= 0)
        close(at->lock);
    arena_free(&at->texts);
    free(at);
}

void attempt_free(struct attempt *at)
{
    struct attempt **link = &at->x->attempts;
    while (*link != at)
        link = &(*link)->next;
    *link = at->next;
    release(at);
}

/* The executor's one timer stands at the earliest of all. */
static void arm(struct local *x)
{
    int64_t first = INT64_MAX;
    for (const struct attempt *at = x->attempts; at; at = at->next) {
        if (at->due_ns < first)
            first = at->due_ns;
    }
    if (first != x->armed_ns)
        loop_timer_set(x->timer, first);
    x->armed_ns = first;
}

void attempt_due(struct attempt *at, int64_t at_ns)
{
    at->due_ns = at_ns;
    if (at->x->depth == 0)
        arm(at->x);
}

void attempt_retry(struct attempt *at)
{
    attempt_due(at, local_now(at->x) + at->retry_ns);
    at->retry_ns = at->retry_ns * 2 < RETRY_LAST ? at->retry_ns * 2 : RETRY_LAST;
}

void attempt_enter(struct attempt *at, enum attempt_phase phase)
{
    /* One that takes connections and drops them is not tried more and more often. */
    bool goes_on = phase == GREETING || (phase == SEEKING && at->phase == GREETING);
    bool waits = phase == GREETING || phase == CONNECTED || phase == GONE;
    at->phase = phase;
    if (!goes_on) {
        at->since_ns = local_now(at->x);
        at->retry_ns = RETRY_FIRST;
    }
    at->clean = 0;
    attempt_due(at, waits ? INT64_MAX : local_now(at->x));
}

void local_enter(struct local *x)
{
    x->depth++;
}

void local_leave(struct local *x)
{
    if (--x->depth > 0)
        return;
    for (struct attempt **link = &x->attempts; *link;) {
        struct attempt *at = *link;
        if (at->forgotten) {
            *link = at->next;
            release(at);
        } else {
            link = &at->next;
        }
    }
    arm(x);
}
