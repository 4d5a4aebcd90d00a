/*
 * Which trial starts next, and which need no memory any more: both without looking at all of them,
 * since an allocator may have paused a hundred thousand.
 */
#include "sched/copies.h"

#include "base/array.h"

#include <stdlib.h>

static bool may_start(const struct live_trial *t)
{
    return t->row.state == TRIAL_QUEUED && t->attempt == NULL && !t->copying && !t->awaits_copy &&
           t->readers == 0;
}

/* --- the queue --- */

static void up(struct search *q, size_t i, int64_t number)
{
    for (; i > 0 && number < q->queue[(i - 1) / 2]; i = (i - 1) / 2)
        q->queue[i] = q->queue[(i - 1) / 2];
    q->queue[i] = number;
}

static void take_first(struct search *q)
{
    int64_t last = q->queue[--q->n_queue];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < q->n_queue; i = child) {
        if (child + 1 < q->n_queue && q->queue[child + 1] < q->queue[child])
            child++;
        if (last <= q->queue[child])
            break;
        q->queue[i] = q->queue[child];
    }
    if (q->n_queue > 0)
        q->queue[i] = last;
}

void queue_offer(struct scheduler *s, struct live_trial *t)
{
    struct search *q = t->search;
    if (!may_start(t))
        return;
    if (!array_reserve(q->queue, &q->queue_capacity, q->n_queue + 1)) {
        struct error e;
        error_nomem(&e);
        sched_die(s, &e);
        return;
    }
    up(q, q->n_queue++, trial_id_number(t->row.id));
}

/* What was offered twice, or went another way meanwhile, is passed over. */
struct live_trial *queue_first(struct search *q)
{
    while (q->n_queue > 0) {
        struct live_trial *t = live_trial_find(q, q->queue[0]);
        if (t != NULL && may_start(t))
            return t;
        take_first(q);
    }
    return NULL;
}

/* --- those that are over --- */

static bool is_over(const struct live_trial *t)
{
    return t->exit_fed && t->attempt == NULL && !t->copying;
}

void over_offer(struct live_trial *t)
{
    struct search *q = t->search;
    if (t->listed_over || !is_over(t))
        return;
    t->next_over = q->over;
    t->listed_over = true;
    q->over = t;
}

void over_forget(struct live_trial *t)
{
    struct live_trial **at = &t->search->over;
    if (!t->listed_over)
        return;
    while (*at != t)
        at = &(*at)->next_over;
    *at = t->next_over;
    t->listed_over = false;
}

void over_drop(struct scheduler *s, struct search *q)
{
    struct live_trial *t = q->over;
    q->over = NULL;
    while (t != NULL) {
        struct live_trial *next = t->next_over;
        t->listed_over = false;
        if (is_over(t) && trial_state_final(t->row.state) && !t->dirty) {
            keeping_over(s, q, &t->row);
            live_trial_drop(q, t);
        } else {
            over_offer(t);
        }
        t = next;
    }
}
