/*
 * Local search on the acquisition: L-BFGS over what is continuous, in turn with the best of all
 * single moves of what is not.
 */
#include "search/gp/internal.h"

#include "model/lbfgs.h"

#include <math.h>
#include <string.h>

enum {
    FEW_LEVELS = 16, /* so many are all tried; more are climbed as if they were continuous */
    MOVES = 256,
    ROUNDS = 3, /* of both searches in turn */
    STEPS = 8,  /* of the discrete one */
    MEMORY = 8,
    EVALUATIONS = 30
};

struct climber {
    const struct gp_sampler *s;
    const struct encoding *encoding;
    struct pool *pool;
    struct acquisition *acq;
    const struct region *region;
    const struct history *h;
    struct pool moves;
    bool finite;
    size_t n_free;
    size_t *free; /* units that are climbed, or moved */
    double *x, *lo, *hi, *work;
    double *u, *row, *gradient;
};

enum code climber_new(struct arena *a, const struct gp_sampler *s, struct pool *p,
                      struct acquisition *acq, const struct region *region, const struct history *h,
                      struct climber **ret, struct error *e)
{
    struct climber *c = arena_alloc(a, sizeof(*c));
    size_t units = p->encoding->n_units + 1, columns = p->encoding->n_columns + 1;
    bool exact;
    if (!c)
        return error_nomem(e);
    *c = (struct climber){.s = s,
                          .encoding = p->encoding,
                          .pool = p,
                          .acq = acq,
                          .region = region,
                          .h = h,
                          .finite = space_count(p->encoding->space, &exact) > 0};
    c->free = arena_array(a, units, sizeof(*c->free));
    c->x = arena_array(a, units, sizeof(*c->x));
    c->lo = arena_array(a, units, sizeof(*c->lo));
    c->hi = arena_array(a, units, sizeof(*c->hi));
    c->u = arena_array(a, units, sizeof(*c->u));
    c->row = arena_array(a, columns, sizeof(*c->row));
    c->gradient = arena_array(a, columns, sizeof(*c->gradient));
    c->work = arena_array(a, lbfgs_work(units, MEMORY), sizeof(*c->work));
    if (!c->free || !c->x || !c->lo || !c->hi || !c->u || !c->row || !c->gradient || !c->work)
        return error_nomem(e);
    enum code code = pool_init(&c->moves, a, p->lists, p->encoding, MOVES, e);
    c->moves.region = region;
    if (code == OK)
        *ret = c;
    return code;
}

/* Is the parameter of a unit active where pool->values were last decoded? */
static bool is_active(const struct climber *c, size_t unit)
{
    const struct encoding *x = c->encoding;
    int param = x->units[unit].param;
    if (!x->space->params[param].when)
        return true;
    return config_is_active(x->space, c->pool->values, param);
}

static bool is_held(const struct climber *c, size_t unit)
{
    return !(c->region->hi[unit] > c->region->lo[unit]);
}

static bool is_climbed(const struct climber *c, size_t unit)
{
    const struct unit *k = &c->encoding->units[unit];
    bool wide = k->kind == UNIT_CELLS && (k->levels > FEW_LEVELS || k->levels <= 0);
    return (k->kind == UNIT_REAL || wide) && !is_held(c, unit) && !c->encoding->parent[k->param] &&
           is_active(c, unit);
}

static double downhill(void *self, size_t n, const double *x, double *ret_gradient)
{
    struct climber *c = self;
    const struct encoding *encoding = c->encoding;
    for (size_t i = 0; i < n; i++) {
        c->u[c->free[i]] = x[i];
        c->row[encoding->units[c->free[i]].column] = x[i];
    }
    if (encoding->space->n_constraints > 0) {
        bool allowed;
        if (encoding_point(encoding, c->pool->lists, c->u, c->pool->values, c->pool->row,
                           &allowed) != OK ||
            !allowed)
            return HUGE_VAL;
    }
    double value = acquisition_row(c->acq, c->row, c->gradient);
    for (size_t i = 0; i < n; i++)
        ret_gradient[i] = -c->gradient[encoding->units[c->free[i]].column];
    return -value;
}

/* Puts c->u in the place of candidate i if that is better. */
static enum code offer(struct climber *c, size_t i, const double *u, double *ret_gain,
                       struct error *e)
{
    struct pool *p = c->pool;
    bool allowed;
    double value;
    *ret_gain = 0;
    c->moves.n = c->moves.x.n = 0;
    enum code code = pool_put(&c->moves, 0, u, &allowed, e);
    if (code != OK || !allowed)
        return code;
    acquisition_values(c->acq, &c->moves.x, 0, 1, &value);
    if (!(value > p->value[i]))
        return OK;
    *ret_gain = value - p->value[i];
    p->value[i] = value;
    return pool_put(p, i, u, &allowed, e);
}

static enum code climb(struct climber *c, size_t i, double *ret_gain, struct error *e)
{
    const struct lbfgs_options options = {.memory = MEMORY,
                                          .evaluations = EVALUATIONS,
                                          .gradient_tolerance = 1e-3,
                                          .value_tolerance = 1e-5};
    struct pool *p = c->pool;
    bool allowed;
    *ret_gain = 0;
    /* decodes, so that is_active knows */
    enum code code = pool_put(p, i, pool_u(p, i), &allowed, e);
    if (code != OK)
        return code;
    memcpy(c->u, pool_u(p, i), c->encoding->n_units * sizeof(*c->u));
    memcpy(c->row, p->row, c->encoding->n_columns * sizeof(*c->row));
    c->n_free = 0;
    for (size_t k = 0; k < c->encoding->n_units; k++) {
        if (!is_climbed(c, k))
            continue;
        c->x[c->n_free] = c->u[k];
        c->lo[c->n_free] = c->region->lo[k];
        c->hi[c->n_free] = c->region->hi[k];
        c->free[c->n_free++] = k;
    }
    if (c->n_free == 0)
        return OK;
    (void)lbfgs_minimise(c->n_free, c->x, c->lo, c->hi, downhill, c, &options, c->work);
    for (size_t k = 0; k < c->n_free; k++)
        c->u[c->free[k]] = c->x[k];
    return offer(c, i, c->u, ret_gain, e);
}

static enum code add_move(struct climber *c, double *u, size_t unit, double to, struct error *e)
{
    if (to < c->region->lo[unit] || to > c->region->hi[unit])
        return OK;
    double before = u[unit];
    u[unit] = to;
    enum code code = pool_add(&c->moves, u, e);
    u[unit] = before;
    return code;
}

static enum code add_levels(struct climber *c, double *u, size_t unit, struct error *e)
{
    const struct unit *k = &c->encoding->units[unit];
    int64_t level = unit_level(c->encoding, unit, u[unit]);
    bool few = k->levels <= FEW_LEVELS && k->levels > 0;
    enum code code = OK;
    for (int64_t i = 0; few && i < k->levels && code == OK; i++)
        if (i != level)
            code = add_move(c, u, unit, unit_of_level(c->encoding, unit, i), e);
    /* Of many levels, neighbours; a choice has none, so that its are others at regular distances.
     */
    for (int64_t step = 1; !few && step <= FEW_LEVELS / 2 && code == OK; step *= 2) {
        int64_t stride = k->kind == UNIT_CATEGORY ? k->levels / FEW_LEVELS * step : step;
        if (level >= stride)
            code = add_move(c, u, unit, unit_of_level(c->encoding, unit, level - stride), e);
        if (code == OK && (k->levels <= 0 || level < k->levels - stride))
            code = add_move(c, u, unit, unit_of_level(c->encoding, unit, level + stride), e);
    }
    return code;
}

/* Exchanges key `unit` with each later one of its permutation. */
static enum code add_exchanges(struct climber *c, double *u, size_t unit, struct error *e)
{
    const struct param *p = &c->encoding->space->params[c->encoding->units[unit].param];
    enum code code = OK;
    for (size_t other = unit + 1; other < (size_t)(p->unit + p->units) && code == OK; other++) {
        double a = u[unit], b = u[other];
        u[unit] = b;
        u[other] = a;
        code = pool_add(&c->moves, u, e);
        u[unit] = a;
        u[other] = b;
    }
    return code;
}

static enum code add_moves_of(struct climber *c, double *u, size_t unit, struct error *e)
{
    const struct unit *k = &c->encoding->units[unit];
    switch (k->kind) {
    case UNIT_REAL:
        return OK;
    case UNIT_CELLS:
    case UNIT_CATEGORY:
        return add_levels(c, u, unit, e);
    case UNIT_ITEM:
        return add_move(c, u, unit, 1 - u[unit], e);
    case UNIT_KEY:
        return add_exchanges(c, u, unit, e);
    }
    return OK;
}

static bool is_known(const struct climber *c, struct arena *a, const double *u)
{
    struct config config;
    return c->finite && config_decode(c->encoding->space, a, u, &config) == OK &&
           history_knows(c->h, &config);
}

/* The best of all single moves from candidate i, if it is better. */
static enum code move(struct climber *c, size_t i, double *ret_gain, struct error *e)
{
    struct pool *p = c->pool, *moves = &c->moves;
    bool allowed;
    *ret_gain = 0;
    enum code code = pool_put(p, i, pool_u(p, i), &allowed, e);
    if (code != OK)
        return code;
    memcpy(c->u, pool_u(p, i), c->encoding->n_units * sizeof(*c->u));
    moves->n = moves->x.n = 0;
    c->n_free = 0; /* first: what was decoded does not outlive the first move */
    for (size_t k = 0; k < c->encoding->n_units; k++)
        if (!is_held(c, k) && is_active(c, k))
            c->free[c->n_free++] = k;
    for (size_t k = 0; k < c->n_free && code == OK; k++)
        code = add_moves_of(c, c->u, c->free[k], e);
    if (code != OK || moves->n == 0)
        return code;
    acquisition_values(c->acq, &moves->x, 0, moves->n, moves->value);
    size_t best = 0;
    for (size_t k = 0; k < moves->n; k++) {
        if (moves->value[k] > p->value[i] && is_known(c, p->lists, pool_u(moves, k)))
            moves->value[k] = -HUGE_VAL;
        best = moves->value[k] > moves->value[best] ? k : best;
    }
    if (!(moves->value[best] > p->value[i]))
        return OK;
    *ret_gain = moves->value[best] - p->value[i];
    p->value[i] = moves->value[best];
    return pool_put(p, i, pool_u(moves, best), &allowed, e);
}

enum code climber_run(struct climber *c, size_t i, struct error *e)
{
    const double little = 1e-3;
    enum code code = OK;
    for (int round = 0; round < ROUNDS && code == OK; round++) {
        double climbed, step = HUGE_VAL, moved = 0;
        code = climb(c, i, &climbed, e);
        for (int k = 0; k < STEPS && step > little && code == OK; k++) {
            code = move(c, i, &step, e);
            moved += step;
        }
        if (!(moved > little))
            break;
    }
    return code;
}
