/*
 * Conditional spaces: going into another branch than the best one's.
 */
#include "search/gp/internal.h"

enum {
    STALL = 5, /* results without a better one, after which other branches get every second trial */
    LEVELS = 16, /* a parent with more of them is no branch but a number */
    BRANCHES_MOST = 256
};

struct branch {
    size_t unit;
    int64_t level;
};

static bool is_branching(const struct encoding *x, size_t unit)
{
    const struct unit *k = &x->units[unit];
    bool levels = k->kind == UNIT_CATEGORY || k->kind == UNIT_CELLS;
    return x->parent[k->param] && levels && k->levels > 1 && k->levels <= LEVELS;
}

/* Every single change of a parent that is active in `from`. */
static size_t other_branches(const struct encoding *x, const struct config *from, const double *u,
                             struct branch *ret)
{
    size_t n = 0;
    for (size_t k = 0; k < x->n_units; k++) {
        if (!is_branching(x, k) || from->values[x->units[k].param].type == VALUE_NONE)
            continue;
        int64_t level = unit_level(x, k, u[k]);
        for (int64_t i = 0; i < x->units[k].levels && n < BRANCHES_MOST; i++)
            if (i != level)
                ret[n++] = (struct branch){k, i};
    }
    return n;
}

enum code branch_choose(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                        int origin, struct region *region, bool *ret_chosen, struct error *e)
{
    const struct history *h = v->h;
    size_t forced = 0;
    *ret_chosen = false;
    if (!s->encoding->conditional || v->best < 0 || v->since < STALL)
        return OK;
    for (size_t i = h->n_evidence; i < h->n; i++)
        forced += h->v[i].origin == origin;
    if ((h->n - h->n_evidence) % 2 == 0)
        return OK;
    double *u = arena_array(a, s->encoding->n_units + 1, sizeof(*u));
    struct branch *branches = arena_array(a, BRANCHES_MOST, sizeof(*branches));
    if (!u || !branches)
        return error_nomem(e);
    const struct config *best = h->v[v->rows[v->best]].config;
    config_encode(best, u);
    size_t n = other_branches(s->encoding, best, u, branches);
    if (n == 0)
        return OK;
    const struct branch *b = &branches[forced % n];
    region->lo[b->unit] = region->hi[b->unit] = unit_of_level(s->encoding, b->unit, b->level);
    *ret_chosen = true;
    return OK;
}
