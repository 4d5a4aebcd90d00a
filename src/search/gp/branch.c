/*
 * Conditional spaces: branches beside the best one's, that is, other values of a parent that
 * conditions name.
 *
 * A branch is to be judged by what it can come to, not by its first few trials. After a stall every
 * second trial therefore goes into the other branch of which the models of the whole space expect
 * most; and of these every second tries what a search of that branch alone would, with models of
 * its own: on the scale of a better branch all that it has is equally bad, and improving upon the
 * best of all is expected only where nothing is known yet, corner after corner.
 */
#include "search/gp/internal.h"

#include <math.h>

enum {
    STALL = 5, /* results without a better one, after which other branches get every second trial */
    LEVELS = 16, /* a parent with more of them is no branch but a number */
    BRANCHES_MOST = 256,
    LOOKED_AT = 1024, /* candidates in all, when branches are compared... */
    LOOKED_LEAST = 16 /* ...and in each of them at least */
};

static bool is_branching(const struct encoding *x, size_t unit)
{
    const struct unit *k = &x->units[unit];
    bool levels = k->kind == UNIT_CATEGORY || k->kind == UNIT_CELLS;
    return x->parent[k->param] && levels && k->levels > 1 && k->levels <= LEVELS;
}

enum code branches_beside(const struct encoding *x, struct arena *a, const struct config *c,
                          struct branch **ret, size_t *ret_n, struct error *e)
{
    double *u = arena_array(a, x->n_units + 1, sizeof(*u));
    struct branch *all = arena_array(a, BRANCHES_MOST, sizeof(*all));
    size_t n = 0;
    if (!u || !all)
        return error_nomem(e);
    config_encode(c, u);
    for (size_t k = 0; k < x->n_units; k++) {
        if (!is_branching(x, k) || c->values[x->units[k].param].type == VALUE_NONE)
            continue;
        int64_t level = unit_level(x, k, u[k]);
        for (int64_t i = 0; i < x->units[k].levels && n < BRANCHES_MOST; i++)
            if (i != level)
                all[n++] = (struct branch){k, i};
    }
    *ret = all;
    *ret_n = n;
    return OK;
}

static bool is_due(const struct gp_sampler *s, const struct survey *v)
{
    size_t trials = v->h->n - v->h->n_evidence;
    return s->branches && s->encoding->conditional && v->best >= 0 && v->since >= STALL &&
           trials % 2 == 1;
}

static void hold(const struct encoding *x, const struct branch *b, struct region *region)
{
    region->lo[b->unit] = region->hi[b->unit] = unit_of_level(x, b->unit, b->level);
}

/* The highest acquisition among a few candidates of a branch. */
static enum code promise(struct branch_search *b, struct pool *p, const struct branch *at,
                         size_t looked_at, double *ret, struct error *e)
{
    double lo = b->region->lo[at->unit], hi = b->region->hi[at->unit];
    p->n = p->x.n = 0;
    hold(b->s->encoding, at, b->region);
    enum code code =
        pool_fill(p, b->s, b->a, b->survey, b->region, b->index, looked_at, looked_at / 2, e);
    b->region->lo[at->unit] = lo;
    b->region->hi[at->unit] = hi;
    if (code != OK)
        return code;
    acquisition_values(b->acq, &p->x, 0, p->n, p->value);
    *ret = -HUGE_VAL;
    for (size_t i = 0; i < p->n; i++)
        *ret = p->value[i] > *ret ? p->value[i] : *ret;
    return OK;
}

static enum code most_promising(struct branch_search *b, const struct branch *all, size_t n,
                                size_t *ret, struct error *e)
{
    struct pool pool;
    size_t looked_at = LOOKED_AT / n > LOOKED_LEAST ? LOOKED_AT / n : LOOKED_LEAST;
    double most = -HUGE_VAL, value;
    *ret = 0;
    if (n == 1)
        return OK;
    enum code code = pool_init(&pool, b->a, b->lists, b->s->encoding, 2 * looked_at, e);
    for (size_t i = 0; i < n && code == OK; i++) {
        code = promise(b, &pool, &all[i], looked_at, &value, e);
        if (code == OK && value > most) {
            most = value;
            *ret = i;
        }
    }
    return code;
}

static bool is_inside(const struct gp_sampler *s, const struct history *h, const struct branch *b,
                      size_t position)
{
    const struct unit *k = &s->encoding->units[b->unit];
    double at = row_of(s, position)[k->column];
    if (h->v[position].config->values[k->param].type == VALUE_NONE)
        return false;
    return k->kind == UNIT_CATEGORY ? (int64_t)at == b->level
                                    : unit_level(s->encoding, b->unit, at) == b->level;
}

enum code branch_narrow(const struct gp_sampler *s, struct arena *a, const struct branch *b,
                        const struct survey *whole, struct survey *ret, struct error *e)
{
    struct survey v = *whole;
    v.rows = arena_array(a, whole->n, sizeof(*v.rows));
    v.values = arena_array(a, whole->n, sizeof(*v.values));
    v.pending = arena_array(a, whole->n_pending, sizeof(*v.pending));
    if (!v.rows || !v.values || !v.pending)
        return error_nomem(e);
    v.n = v.n_pending = v.n_valued = 0;
    for (size_t i = 0; i < whole->n; i++) {
        if (!is_inside(s, v.h, b, whole->rows[i]))
            continue;
        v.n_valued += observation_has_value(v.h, &v.h->v[whole->rows[i]]);
        v.rows[v.n] = whole->rows[i];
        v.values[v.n++] = whole->values[i];
    }
    for (size_t i = 0; i < whole->n_pending; i++)
        if (is_inside(s, v.h, b, whole->pending[i]))
            v.pending[v.n_pending++] = whole->pending[i];
    survey_find_best(&v);
    *ret = v;
    return OK;
}

enum code branch_choose(struct branch_search *b, bool *ret_chosen, struct branch *ret,
                        struct error *e)
{
    const struct survey *v = b->survey;
    struct branch *all;
    size_t n, chosen;
    *ret_chosen = false;
    if (!is_due(b->s, v))
        return OK;
    const struct config *best = v->h->v[v->rows[v->best]].config;
    enum code code = branches_beside(b->s->encoding, b->a, best, &all, &n, e);
    if (code != OK || n == 0)
        return code;
    code = most_promising(b, all, n, &chosen, e);
    if (code != OK)
        return code;
    hold(b->s->encoding, &all[chosen], b->region);
    *ret = all[chosen];
    *ret_chosen = true;
    return OK;
}
