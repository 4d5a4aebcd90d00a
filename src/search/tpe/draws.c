/* Candidates: points drawn from kernels. */
#include "search/tpe/internal.h"

#include "base/stats.h"
#include "base/vec.h"

#include <string.h>

enum code crowd_init(struct crowd *c, const struct encoding *x, size_t room, struct arena *a,
                     struct arena *lists)
{
    size_t params = x->space->n_params;
    *c = (struct crowd){.encoding = x, .lists = lists, .room = room};
    c->u = arena_array(a, room * (x->n_units + 1), sizeof(*c->u));
    c->rows = arena_array(a, room * (x->n_columns + 1), sizeof(*c->rows));
    c->active = arena_array(a, room * (params + 1), sizeof(*c->active));
    c->score = arena_array(a, room, sizeof(*c->score));
    c->values = arena_array(a, params, sizeof(*c->values));
    c->units = arena_array(a, x->n_units, sizeof(*c->units));
    c->around = arena_array(a, x->n_units, sizeof(*c->around));
    c->sd = arena_array(a, x->n_units, sizeof(*c->sd));
    c->cuts = arena_array(a, 2 * x->n_units, sizeof(*c->cuts));
    bool made = c->u && c->rows && c->active && c->score && c->values && c->units && c->around &&
                c->sd && c->cuts;
    return made ? OK : E_NOMEM;
}

/* Normal draws, cut at the walls of the cube: by the inverse of their distribution. */
static void draw_normals(struct crowd *c, struct rng *r, double *u)
{
    size_t n = c->n_normals;
    for (size_t i = 0; i < n; i++) {
        c->cuts[i] = -c->around[i] / c->sd[i];
        c->cuts[n + i] = (1 - c->around[i]) / c->sd[i];
    }
    vec_normal_cdf(2 * n, c->cuts, c->cuts);
    for (size_t i = 0; i < n; i++) {
        double q = c->cuts[i] + rng_unit(r) * (c->cuts[n + i] - c->cuts[i]);
        q = q < 0x1p-1022 ? 0x1p-1022 : q < 1 ? q : 1 - 0x1p-53;
        double x = c->around[i] + c->sd[i] * normal_quantile(q);
        u[c->units[i]] = x < 0 ? 0 : x < 1 ? x : 1 - 0x1p-53;
    }
    c->n_normals = 0;
}

/* Places of items from the bits of pairs: (i, k), i < k, is 1 where k comes first. */
static void places_of(const double *pairs, size_t items, size_t *ret)
{
    memset(ret, 0, items * sizeof(*ret));
    for (size_t i = 0; i + 1 < items; i++)
        for (size_t k = i + 1; k < items; k++)
            ret[*pairs++ != 0 ? i : k]++;
}

/* Mallows' model around an order, by repeated insertion (Doignon, Pekec & Regenwetter 2004): item
 * after item goes to the end, or r places before it with probability near phi^r. */
static void draw_order(const double *pairs, size_t items, double phi, struct rng *r, double *ret_u)
{
    size_t place[PRIOR_ITEMS_MAX], centre[PRIOR_ITEMS_MAX], order[PRIOR_ITEMS_MAX];
    places_of(pairs, items, place);
    for (size_t i = 0; i < items; i++)
        centre[place[i]] = i;
    for (size_t n = 0; n < items; n++) {
        size_t at = n;
        for (; at > 0 && rng_unit(r) < phi; at--)
            order[at] = order[at - 1];
        order[at] = centre[n];
    }
    for (size_t i = 0; i < items; i++)
        ret_u[order[i]] = ((double)i + 0.5) / (double)items;
}

/* The coordinates of one parameter, around kernel k of b. */
static void draw_param(struct crowd *crowd, const struct branch *b, size_t k, int param,
                       struct rng *r, double *u)
{
    const struct encoding *x = b->encoding;
    const struct param *p = &x->space->params[param];
    const double *row = b->rows + k * b->n_columns + b->first[param];
    const struct width *w = &b->widths[b->first[param]];
    double fresh = 1 / ((double)b->at + 1);
    size_t unit = (size_t)p->unit;
    switch (x->units[unit].kind) {
    case UNIT_REAL:
    case UNIT_CELLS:
        crowd->units[crowd->n_normals] = unit;
        crowd->around[crowd->n_normals] = *row;
        crowd->sd[crowd->n_normals++] = w->sd;
        return;
    case UNIT_CATEGORY:
        u[unit] = rng_unit(r) < fresh ? rng_unit(r) : unit_of_level(x, unit, (int64_t)*row);
        return;
    case UNIT_ITEM: /* how far from 1/2 decides whom too many or too few items hit */
        for (size_t i = 0; i < (size_t)p->units; i++) {
            bool in = rng_unit(r) < fresh ? rng_below(r, 2) : row[i] != 0;
            u[unit + i] = rng_unit(r) / 2 + (in ? 0.5 : 0);
        }
        return;
    case UNIT_KEY:
        draw_order(row, (size_t)p->units, fresh / (2 - fresh), r, u + unit);
        return;
    }
}

/* Another of the good ones that has the parameter; g->n: none. */
static size_t donor_of(const struct good *g, int param, struct rng *r)
{
    size_t found = 0, donor = g->n;
    for (size_t i = 0; i < g->n; i++)
        if (g->branch[i]->active[param] && rng_below(r, ++found) == 0)
            donor = i;
    return donor;
}

static size_t choose_kernel(const struct good *g, struct rng *r)
{
    double at = rng_unit(r) * ((double)g->n + 1);
    size_t k = 0;
    while (k < g->n && at >= g->weight[k])
        at -= g->weight[k++];
    return k;
}

/* A point of the cube, around one of the good ones; the last, g->n, is the prior. */
static void draw_point(struct crowd *c, const struct good *g, const struct branch *within,
                       struct rng *r, double *u)
{
    const struct encoding *x = c->encoding;
    size_t kernel = choose_kernel(g, r), donor = g->n;
    for (size_t i = 0; i < x->space->n_params; i++) {
        int param = x->space->order[i];
        const struct param *p = &x->space->params[param];
        if (p->units == 0 || (within && !within->active[param]))
            continue;
        size_t from = kernel;
        if (from < g->n && !g->branch[from]->active[param]) {
            if (donor == g->n || !g->branch[donor]->active[param])
                donor = donor_of(g, param, r);
            from = donor;
        }
        if (from < g->n)
            draw_param(c, g->branch[from], g->kernel[from], param, r, u);
        else
            for (int k = 0; k < p->units; k++)
                u[p->unit + k] = rng_unit(r);
    }
    draw_normals(c, r, u);
}

enum code crowd_draw(struct crowd *c, const struct good *g, const struct branch *within,
                     struct rng *r, bool *ret_added)
{
    const struct encoding *x = c->encoding;
    const struct space *s = x->space;
    double *u = c->u + c->n * x->n_units, *row = c->rows + c->n * x->n_columns;
    bool *active = c->active + c->n * s->n_params, allowed = true;
    draw_point(c, g, within, r, u);
    arena_clear(c->lists);
    if (encoding_point(x, c->lists, u, c->values, row, &allowed) != OK)
        return E_NOMEM;
    if (x->conditional) {
        encoding_activity(x, c->values, active);
        allowed = allowed &&
                  (!within || memcmp(active, within->active, s->n_params * sizeof(*active)) == 0);
    } else {
        memset(active, true, s->n_params * sizeof(*active));
    }
    c->n += allowed;
    *ret_added = allowed;
    return OK;
}
