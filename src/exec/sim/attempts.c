/* Which attempts there are, and how far their trials were trained. */
#include "exec/sim/internal.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

enum { TABLE_FIRST = 64 };

#define ARENA_MAX ((size_t)1 << 36)

static struct running **slot(const struct sim *s, int64_t id)
{
    return &s->table[(size_t)id & (s->n_table - 1)];
}

struct running *sim_find(const struct sim *s, int64_t id)
{
    struct running *a = s->n_table ? *slot(s, id) : NULL;
    while (a && a->id != id)
        a = a->link;
    return a;
}

/* Ids are given one after the other, so that their low bits spread them well. */
static enum code grow_table(struct sim *s, struct error *e)
{
    if (s->n_running < s->n_table)
        return OK;
    size_t n = s->n_table ? s->n_table * 2 : TABLE_FIRST, n_old = s->n_table;
    struct running **old = s->table, **table = calloc(n, sizeof(struct running *));
    if (!table)
        return error_nomem(e);
    s->table = table;
    s->n_table = n;
    for (size_t i = 0; i < n_old; i++)
        for (struct running *a = old[i], *next; a; a = next) {
            next = a->link;
            a->link = *slot(s, a->id);
            *slot(s, a->id) = a;
        }
    free(old);
    return OK;
}

static enum code grow_done(struct sim *s, int64_t trial, struct error *e)
{
    size_t need = (size_t)trial + 1;
    return array_reserve_zeroed(s->done, &s->n_done, need) ? OK : error_nomem(e);
}

static struct running *fresh(struct sim *s)
{
    struct running *a = s->unused;
    if (!a)
        return arena_alloc(&s->arena, sizeof(*a));
    s->unused = a->link;
    return a;
}

enum code sim_add(struct sim *s, const struct bare_spec *spec, struct running **ret,
                  struct error *e)
{
    enum code code = grow_table(s, e);
    if (code == OK)
        code = grow_done(s, spec->trial, e);
    if (code == OK)
        code = sim_reserve(s, e);
    struct running *a = code == OK ? fresh(s) : NULL;
    if (!a)
        return error_nomem(e);
    *a = (struct running){.id = spec->attempt,
                          .due = DUE_NOTHING,
                          .dies = INT64_MAX,
                          .wanted = spec->next_wanted,
                          .link = *slot(s, spec->attempt)};
    a->seen = (struct sim_attempt){.trial = spec->trial,
                                   .seed = spec->seed,
                                   .number = spec->attempt_number,
                                   .config = spec->config,
                                   .steps = spec->steps};
    if (spec->parent > 0) {
        sim_keep(s, spec->trial, spec->from_step);
        a->seen.parent = spec->parent;
    }
    a->seen.from = s->o.from_scratch ? 0 : sim_done(s, spec->trial);
    a->course.drop = (double)INFINITY;
    *slot(s, a->id) = a;
    s->n_running++;
    *ret = a;
    return OK;
}

void sim_forget(struct sim *s, struct running *a)
{
    struct running **at = slot(s, a->id);
    while (*at != a)
        at = &(*at)->link;
    *at = a->link;
    a->link = s->unused;
    s->unused = a;
    s->n_running--;
}

int64_t sim_done(const struct sim *s, int64_t trial)
{
    return (size_t)trial < s->n_done ? s->done[trial] : 0;
}

void sim_keep(struct sim *s, int64_t trial, int64_t step)
{
    if (step > s->done[trial])
        s->done[trial] = step;
}

void sim_attempts_free(struct sim *s)
{
    free(s->table);
    free(s->done);
    arena_free(&s->arena);
    arena_init(&s->arena, ARENA_MAX);
}
