/* What happens next: a binary heap of attempts, by time and then by the order of planning. */
#include "exec/sim/internal.h"

#include <stdlib.h>

static bool before(const struct running *a, const struct running *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct sim *s, size_t i, struct running *a)
{
    s->heap[i] = a;
    a->place = i;
}

static void up(struct sim *s, size_t i)
{
    struct running *a = s->heap[i];
    for (; i > 0 && before(a, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        put(s, i, s->heap[(i - 1) / 2]);
    put(s, i, a);
}

static void down(struct sim *s, size_t i)
{
    struct running *a = s->heap[i];
    for (size_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap && before(s->heap[child + 1], s->heap[child]))
            child++;
        if (!before(s->heap[child], a))
            break;
        put(s, i, s->heap[child]);
    }
    put(s, i, a);
}

enum code sim_reserve(struct sim *s, struct error *e)
{
    if (s->n_running < s->heap_capacity)
        return OK;
    size_t capacity = s->heap_capacity ? s->heap_capacity * 2 : 64;
    struct running **heap = reallocarray(s->heap, capacity, sizeof(struct running *));
    if (!heap)
        return error_nomem(e);
    s->heap = heap;
    s->heap_capacity = capacity;
    return OK;
}

void sim_plan(struct sim *s, struct running *a, enum due due, int64_t at)
{
    bool waits = a->due == DUE_NOTHING;
    a->due = due;
    a->at = at;
    a->order = s->order++;
    if (waits) {
        put(s, s->n_heap++, a);
        up(s, a->place);
    } else {
        up(s, a->place);
        down(s, a->place);
    }
}

struct running *sim_take(struct sim *s)
{
    struct running *first = s->heap[0], *last = s->heap[--s->n_heap];
    if (s->n_heap > 0) {
        put(s, 0, last);
        down(s, 0);
    }
    return first;
}
