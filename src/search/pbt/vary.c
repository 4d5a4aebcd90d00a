/* Moving a configuration a little. */
#include "search/pbt/vary.h"

#include "search/moves.h"

#include <math.h>
#include <string.h>

static double real_of(const struct value *v)
{
    return v->type == VALUE_INT ? (double)v->i : v->r;
}

static bool is_log(const struct prior *p)
{
    return p->kind == PRIOR_LOGUNIFORM || p->kind == PRIOR_LOGNORMAL || p->kind == PRIOR_LOGINT;
}

static bool is_whole(const struct prior *p)
{
    return p->kind == PRIOR_INT || p->kind == PRIOR_LOGINT;
}

/* What the factor is taken of where the value itself is too small. */
static double least_size(const struct prior *p)
{
    if (p->kind == PRIOR_NORMAL)
        return p->sd;
    double lo = is_whole(p) ? (double)p->ilo : p->lo, hi = is_whole(p) ? (double)p->ihi : p->hi;
    return (hi - lo) / 10;
}

/* Where the value goes, up or down, before rounding and bounds. */
static double target(const struct prior *p, double v, double factor, bool up)
{
    if (is_log(p))
        return up ? v * factor : v / factor;
    double by = (factor - 1) * fmax(fabs(v), least_size(p));
    return up ? v + by : v - by;
}

static struct value whole_value(const struct prior *p, int64_t from, double to, bool up)
{
    double steps = fmax(round(fabs(to - (double)from) / (double)p->istep), 1);
    uint64_t step = (uint64_t)p->istep, at = (uint64_t)from;
    uint64_t most = (up ? (uint64_t)p->ihi - at : at - (uint64_t)p->ilo) / step;
    uint64_t by = steps < (double)most ? (uint64_t)steps : most;
    return value_int((int64_t)(up ? at + by * step : at - by * step));
}

static struct value stepped_value(const struct prior *p, double from, double to, bool up)
{
    double last = round((p->hi - p->lo) / p->step), at = round((from - p->lo) / p->step);
    double steps = fmax(round(fabs(to - from) / p->step), 1);
    at = fmin(fmax(at + (up ? steps : -steps), 0), last);
    return value_real(p->lo + at * p->step);
}

/* One way; at the end of the range the value itself. */
static enum code moved(const struct prior *p, struct arena *a, const struct value *v, double factor,
                       bool up, struct value *ret)
{
    double from = real_of(v), to = target(p, from, factor, up);
    if (is_whole(p))
        *ret = whole_value(p, v->i, to, up);
    else if (p->kind == PRIOR_UNIFORM && p->step > 0)
        *ret = stepped_value(p, from, to, up);
    else
        *ret = value_real(fmin(fmax(to, p->lo), p->hi));
    return prior_accept(p, a, ret, NULL) == E_NOMEM ? E_NOMEM : OK;
}

static enum code level(const struct prior *p, const struct value *v, bool up, struct value *ret)
{
    size_t at = 0;
    while (at < p->n_levels && !value_equal(&p->levels[at], v))
        at++;
    bool ends = up ? at + 1 >= p->n_levels : at == 0;
    *ret = ends || at == p->n_levels ? *v : p->levels[up ? at + 1 : at - 1];
    return OK;
}

static enum code one_way(const struct prior *p, struct arena *a, const struct value *v,
                         double factor, bool up, struct value *ret)
{
    return p->kind == PRIOR_ORDINAL ? level(p, v, up, ret) : moved(p, a, v, factor, up, ret);
}

static enum code vary_value(const struct vary *x, const struct prior *p, struct arena *a,
                            struct rng *r, const struct value *v, struct value *ret)
{
    *ret = *v;
    bool anew = rng_unit(r) < x->resample, up = rng_below(r, 2) == 0;
    if (!moves_any(p) || (x->keeps && x->keeps(p)))
        return OK;
    if (anew)
        return moves_draw(p, a, r, v, ret);
    if (!moves_ordered(p))
        return OK;
    enum code code = one_way(p, a, v, x->factor, up, ret);
    if (code == OK && value_equal(ret, v))
        code = one_way(p, a, v, x->factor, !up, ret);
    return code;
}

static enum code draw_value(const struct prior *p, struct arena *a, struct rng *r,
                            struct value *ret)
{
    double u[PRIOR_ITEMS_MAX];
    for (int k = 0; k < prior_units(p); k++)
        u[k] = rng_unit(r);
    return prior_decode(p, a, u, ret);
}

static enum code try_once(const struct vary *x, const struct config *from, struct arena *a,
                          struct rng *r, struct config *ret)
{
    const struct space *s = from->space;
    struct value *values = arena_array(a, s->n_params, sizeof(*values));
    if (!values)
        return E_NOMEM;
    enum code code = OK;
    for (size_t i = 0; code == OK && i < s->n_params; i++) {
        int at = s->order[i];
        const struct param *p = &s->params[at];
        if (!config_is_active(s, values, at))
            continue;
        if (from->values[at].type == VALUE_NONE)
            code = draw_value(&p->prior, a, r, &values[at]);
        else if (p->change)
            code = vary_value(x, &p->prior, a, r, &from->values[at], &values[at]);
        else
            values[at] = from->values[at];
    }
    *ret = (struct config){s, values};
    return code;
}

enum code vary_config(const struct vary *x, const struct config *from, struct arena *a,
                      struct rng *r, struct config *ret, struct error *e)
{
    for (int i = 0; i < VARY_TRIES; i++) {
        struct config c;
        if (try_once(x, from, a, r, &c) != OK)
            return error_nomem(e);
        if (config_allowed(&c, NULL)) {
            *ret = c;
            return OK;
        }
    }
    *ret = *from;
    return OK;
}
