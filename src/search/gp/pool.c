/*
 * Candidates: spread over the cube, mutated from the best, or all there are.
 */
#include "search/enumeration.h"
#include "search/gp/internal.h"

#include <math.h>
#include <string.h>

enum {
    BEST = 5, /* configurations that are mutated */
    LISTS_MOST = 1 << 16
};

enum code pool_init(struct pool *p, struct arena *a, struct arena *lists, const struct encoding *x,
                    size_t room, struct error *e)
{
    *p = (struct pool){.encoding = x, .lists = lists, .room = room};
    p->values = arena_array(a, x->space->n_params, sizeof(*p->values));
    p->u = arena_array(a, room * (x->n_units + 1), sizeof(*p->u));
    p->row = arena_array(a, x->n_columns + 1, sizeof(*p->row));
    p->value = arena_array(a, room, sizeof(*p->value));
    if (!p->values || !p->u || !p->row || !p->value ||
        points_init(&p->x, a, x->n_columns, room) != OK)
        return error_nomem(e);
    return OK;
}

double *pool_u(const struct pool *p, size_t i)
{
    return p->u + i * p->encoding->n_units;
}

enum code pool_put(struct pool *p, size_t i, const double *u, bool *ret_allowed, struct error *e)
{
    *ret_allowed = !p->region || trust_holds(p->region, p->encoding, u);
    if (!*ret_allowed)
        return OK;
    if (p->lists->used > LISTS_MOST)
        arena_clear(p->lists);
    if (encoding_point(p->encoding, p->lists, u, p->values, p->row, ret_allowed) != OK)
        return error_nomem(e);
    if (!*ret_allowed)
        return OK;
    if (u != pool_u(p, i))
        memcpy(pool_u(p, i), u, p->encoding->n_units * sizeof(*u));
    points_set(&p->x, i, p->row);
    return OK;
}

enum code pool_add(struct pool *p, const double *u, struct error *e)
{
    bool allowed;
    if (p->n == p->room)
        return OK;
    enum code code = pool_put(p, p->n, u, &allowed, e);
    if (code == OK && allowed)
        p->x.n = ++p->n;
    return code;
}

static void confine(const struct region *region, size_t n, struct rng *r, double *u)
{
    for (size_t k = 0; k < n; k++) {
        if (!(region->hi[k] > region->lo[k]))
            u[k] = region->lo[k];
        else if (region->stay > 0 && !isnan(region->centre[k]) && rng_unit(r) < region->stay)
            u[k] = region->centre[k];
        else
            u[k] = region->lo[k] + (region->hi[k] - region->lo[k]) * u[k];
    }
}

static bool inside(const struct region *region, size_t n, const double *u)
{
    for (size_t k = 0; k < n; k++)
        if (u[k] < region->lo[k] || u[k] > region->hi[k])
            return false;
    return true;
}

/* Back into [0, 1) like a ball. */
static double reflect(double u)
{
    u = fabs(u);
    u = fmod(u, 2);
    u = u > 1 ? 2 - u : u;
    return u < 1 ? u : 1 - 0x1p-53;
}

static double other_level(const struct encoding *x, size_t unit, double u, double reach,
                          struct rng *r)
{
    const struct unit *k = &x->units[unit];
    int64_t level = unit_level(x, unit, u), levels = k->levels;
    if (levels < 2)
        return u;
    if (k->kind == UNIT_CATEGORY || rng_below(r, 4) == 0) {
        int64_t other = (int64_t)rng_below(r, (uint64_t)levels - 1);
        return unit_of_level(x, unit, other + (other >= level));
    }
    double step = fmax(1, fabs(round(rng_normal(r) * reach * (double)levels)));
    double to = (double)level + (rng_below(r, 2) ? step : -step);
    if (to < 0 || to >= (double)levels)
        to = (double)level + (to < 0 ? 1 : -1);
    return unit_of_level(x, unit, (int64_t)to);
}

/* Exchanges the key with another of its permutation. */
static void exchange(const struct encoding *x, size_t unit, double *u, struct rng *r)
{
    const struct param *p = &x->space->params[x->units[unit].param];
    size_t other = (size_t)p->unit + (size_t)rng_below(r, (uint64_t)p->units);
    double key = u[unit];
    u[unit] = u[other];
    u[other] = key;
}

static void mutate(const struct encoding *x, size_t unit, double *u, double reach, struct rng *r)
{
    switch (x->units[unit].kind) {
    case UNIT_REAL:
        u[unit] = reflect(u[unit] + reach * rng_normal(r));
        return;
    case UNIT_CELLS:
    case UNIT_CATEGORY:
        u[unit] = other_level(x, unit, u[unit], reach, r);
        return;
    case UNIT_ITEM:
        u[unit] = 1 - u[unit];
        return;
    case UNIT_KEY:
        exchange(x, unit, u, r);
        return;
    }
}

/* Rows of the best few, ascending; returns how many. */
static size_t find_few_best(const struct survey *v, size_t ret[BEST])
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        const struct observation *o = &v->h->v[v->rows[i]];
        if (isnan(o->value) || (v->met && !observation_meets(v->h, o)))
            continue;
        size_t at = n < BEST ? n++ : BEST;
        for (; at > 0 && v->values[ret[at - 1]] > v->values[i]; at--)
            if (at < BEST)
                ret[at] = ret[at - 1];
        if (at < BEST)
            ret[at] = i;
    }
    return n;
}

/* The configuration's point, what is inactive in it at random. */
static void point_of(const struct encoding *x, const struct config *c, struct rng *r, double *ret_u)
{
    config_encode(c, ret_u);
    for (size_t k = 0; k < x->n_units; k++)
        if (c->values[x->units[k].param].type == VALUE_NONE)
            ret_u[k] = rng_unit(r);
}

static enum code add_mutated(struct pool *p, const struct survey *v, const struct region *region,
                             size_t count, struct rng *r, double *u, struct error *e)
{
    static const double reaches[] = {0.01, 0.05, 0.2};
    const struct encoding *x = p->encoding;
    size_t best[BEST], n = find_few_best(v, best);
    enum code code = OK;
    for (size_t i = 0; n > 0 && x->n_units > 0 && i < count && code == OK; i++) {
        const struct observation *o = &v->h->v[v->rows[best[i % n]]];
        const struct config *from = region->at ? region->at : o->config;
        size_t changes = 1 + (size_t)rng_below(r, 3);
        double reach = reaches[rng_below(r, 3)];
        point_of(x, from, r, u);
        for (size_t k = 0; k < changes; k++)
            mutate(x, (size_t)rng_below(r, x->n_units), u, reach, r);
        for (size_t k = 0; k < x->n_units; k++)
            if (!(region->hi[k] > region->lo[k]))
                u[k] = region->lo[k];
        if (inside(region, x->n_units, u))
            code = pool_add(p, u, e);
    }
    return code;
}

enum code pool_fill(struct pool *p, const struct gp_sampler *s, struct arena *a,
                    const struct survey *v, const struct region *region, int64_t index,
                    size_t spread, size_t mutated, struct error *e)
{
    struct rng r;
    double *u = arena_array(a, p->encoding->n_units + 1, sizeof(*u));
    enum code code = OK;
    if (!u)
        return error_nomem(e);
    rng_init(&r, s->seed ^ 0x6e0a11d5, (uint64_t)index);
    for (size_t i = 0; i < spread && code == OK; i++) {
        sobol_point(s->points, ((uint64_t)index + 1) * spread + i, u);
        confine(region, p->encoding->n_units, &r, u);
        trust_settle(region, p->encoding, &r, u);
        code = pool_add(p, u, e);
    }
    return code == OK ? add_mutated(p, v, region, mutated, &r, u, e) : code;
}

enum code pool_enumerate(struct pool *p, const struct history *h, struct error *e)
{
    struct enumeration *walk;
    bool end = false;
    double *u = p->u + (p->room - 1) * p->encoding->n_units;
    enum code code = enumeration_new(p->encoding->space, 0, 0, &walk, e);
    if (code != OK)
        return code;
    for (int64_t i = 0; code == OK && p->n + 1 < p->room; i++) {
        struct config c;
        code = enumeration_at(walk, i, &c, &end, e);
        if (code != OK || end)
            break;
        if (history_knows(h, &c) || !config_allowed(&c, NULL))
            continue;
        config_encode(&c, u);
        code = pool_add(p, u, e);
    }
    enumeration_free(walk);
    return code;
}
