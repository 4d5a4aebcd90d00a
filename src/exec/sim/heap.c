/* What happens next: a binary heap of attempts, by time and then by the order of planning. */
#include "exec/sim/internal.h"

#include "base/array.h"

static bool before(const struct planned *a, const struct planned *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct sim *s, size_t i, struct planned p)
{
    s->heap[i] = p;
    p.a->place = i;
}

static void up(struct sim *s, size_t i)
{
    struct planned p = s->heap[i];
    for (; i > 0 && before(&p, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        put(s, i, s->heap[(i - 1) / 2]);
    put(s, i, p);
}

static void down(struct sim *s, size_t i)
{
    struct planned p = s->heap[i];
    for (size_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
        if (child + 1 < s->n_heap && before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!before(&s->heap[child], &p))
            break;
        put(s, i, s->heap[child]);
    }
    put(s, i, p);
}

enum code sim_reserve(struct sim *s, struct error *e)
{
    return array_reserve(s->heap, &s->heap_capacity, s->n_running + 1) ? OK : error_nomem(e);
}

void sim_plan(struct sim *s, struct running *a, enum due due, int64_t at)
{
    const struct planned p = {at, s->order++, a};
    if (a->due == DUE_NOTHING) {
        put(s, s->n_heap++, p);
        up(s, a->place);
    } else {
        put(s, a->place, p);
        up(s, a->place);
        down(s, a->place);
    }
    a->due = due;
}

struct running *sim_take(struct sim *s)
{
    struct running *first = s->heap[0].a;
    struct planned last = s->heap[--s->n_heap];
    if (s->n_heap > 0) {
        put(s, 0, last);
        down(s, 0);
    }
    return first;
}
