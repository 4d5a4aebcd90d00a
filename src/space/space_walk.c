/*
 * Drawing and enumerating a part of a space.
 *
 * A value of a list lives in its member's own arena, which is emptied when the member takes another
 * value, so that a walk of any length needs no more memory than one configuration.
 */
#include "space/space_walk.h"

#include <stdlib.h>
#include <string.h>

enum { PART_BYTES_MAX = 64 << 20, LIST_BYTES_MAX = 1 << 20 };

static void close_under_conditions(const struct space *s, const struct name_list *names, bool *in)
{
    for (size_t i = s->n_params; i-- > 0;) {
        int param = s->order[i];
        for (size_t k = 0; in[param] && k < names[param].n; k++)
            in[names[param].v[k]] = true;
    }
}

enum code part_init(struct part *p, const struct space *s, const struct name_list *names,
                    const bool *wanted)
{
    *p = (struct part){.s = s};
    arena_init(&p->arena, PART_BYTES_MAX);
    bool *in = arena_array(&p->arena, s->n_params, sizeof(*in));
    p->values = arena_array(&p->arena, s->n_params, sizeof(*p->values));
    p->members = arena_array(&p->arena, s->n_params, sizeof(*p->members));
    p->arenas = arena_array(&p->arena, s->n_params, sizeof(*p->arenas));
    if (!in || !p->values || !p->members || !p->arenas)
        return E_NOMEM;
    memcpy(in, wanted, s->n_params * sizeof(*in));
    close_under_conditions(s, names, in);
    for (size_t i = 0; i < s->n_params; i++) {
        if (!in[s->order[i]])
            continue;
        arena_init(&p->arenas[p->n], LIST_BYTES_MAX);
        p->members[p->n++] = s->order[i];
    }
    return OK;
}

void part_free(struct part *p)
{
    for (size_t i = 0; i < p->n; i++)
        arena_free(&p->arenas[i]);
    arena_free(&p->arena);
    p->n = 0;
}

static enum code draw_member(struct part *p, struct rng *r, size_t member)
{
    int param = p->members[member];
    const struct prior *prior = &p->s->params[param].prior;
    double u[PRIOR_ITEMS_MAX];
    arena_clear(&p->arenas[member]);
    for (int k = 0; k < prior_units(prior); k++)
        u[k] = rng_unit(r);
    return prior_decode(prior, &p->arenas[member], u, &p->values[param]);
}

/* Brings the members from `first` on in line with their conditions. */
static enum code settle(struct part *p, struct rng *r, size_t first, bool redraw)
{
    for (size_t i = first; i < p->n; i++) {
        struct value *v = &p->values[p->members[i]];
        enum code code = OK;
        if (!config_is_active(p->s, p->values, p->members[i]))
            *v = (struct value){.type = VALUE_NONE};
        else if (redraw || v->type == VALUE_NONE)
            code = draw_member(p, r, i);
        if (code != OK)
            return code;
    }
    return OK;
}

enum code part_draw(struct part *p, struct rng *r)
{
    return settle(p, r, 0, true);
}

enum code part_redraw(struct part *p, struct rng *r, int param)
{
    size_t at = 0;
    while (at < p->n && p->members[at] != param)
        at++;
    if (at == p->n || p->values[param].type == VALUE_NONE)
        return OK;
    enum code code = draw_member(p, r, at);
    return code == OK ? settle(p, r, at + 1, false) : code;
}

struct walking {
    struct part *p;
    int64_t steps;
    bool (*visit)(void *self, const struct part *p);
    void *self;
    enum walk_end end;
};

/* The combinations of members from `i` on, given those before. Recursion is as deep as there are
 * members. */
static enum code walk_from(struct walking *w, size_t i)
{
    struct part *p = w->p;
    if (i == p->n) {
        if (w->visit(w->self, p))
            w->end = WALK_STOPPED;
        return OK;
    }
    int param = p->members[i];
    if (!config_is_active(p->s, p->values, param)) {
        p->values[param] = (struct value){.type = VALUE_NONE};
        return walk_from(w, i + 1);
    }
    const struct prior *prior = &p->s->params[param].prior;
    int64_t count = prior_count(prior);
    if (count == 0)
        w->end = WALK_INFINITE;
    for (int64_t k = 0; k < count && w->end == WALK_ALL; k++) {
        if (w->steps-- <= 0) {
            w->end = WALK_LIMIT;
            break;
        }
        arena_clear(&p->arenas[i]);
        enum code code = prior_nth(prior, &p->arenas[i], k, &p->values[param]);
        if (code == OK)
            code = walk_from(w, i + 1);
        if (code != OK)
            return code;
    }
    return OK;
}

enum code part_walk(struct part *p, int64_t steps, bool (*visit)(void *self, const struct part *p),
                    void *self, enum walk_end *ret)
{
    struct walking w = {p, steps, visit, self, WALK_ALL};
    memset(p->values, 0, p->s->n_params * sizeof(*p->values));
    enum code code = walk_from(&w, 0);
    if (code == OK)
        *ret = w.end;
    return code;
}
