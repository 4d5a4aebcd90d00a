/* Quantities of a simulated cluster. */
#include "exec/sim/amount.h"

#include <math.h>

static bool is_prior(struct str text)
{
    struct str rest = str_trim(text), word = str_trim(str_cut(&rest, '('));
    for (int k = PRIOR_UNIFORM; rest.p && k < PRIOR_KIND_COUNT; k++)
        if (str_is(word, prior_kind_name((enum prior_kind)k)))
            return true;
    return false;
}

static bool is_amount(const struct value *v)
{
    return (v->type == VALUE_INT && v->i >= 0) ||
           (v->type == VALUE_REAL && v->r >= 0 && isfinite(v->r));
}

static bool gives_amounts(const struct prior *p)
{
    bool levels = p->n_levels > 0 && p->kind != PRIOR_SUBSET && p->kind != PRIOR_PERMUTATION;
    for (size_t i = 0; levels && i < p->n_levels; i++)
        levels = is_amount(&p->levels[i]);
    if (p->kind == PRIOR_INT || p->kind == PRIOR_LOGINT)
        return p->ilo >= 0;
    if (p->kind == PRIOR_UNIFORM || p->kind == PRIOR_LOGUNIFORM || p->kind == PRIOR_NORMAL)
        return p->lo >= 0;
    return levels || p->kind == PRIOR_LOGNORMAL;
}

enum code amount_parse(struct arena *a, struct str text, const char *name, const struct space *s,
                       struct amount *ret, struct error *e)
{
    const struct location at = {name, 1, 1};
    struct amount m = {.name = name};
    enum code code;
    if (is_prior(text)) {
        code = prior_parse(a, text, at, &m.prior, e);
        if (code == OK && !gives_amounts(&m.prior)) {
            code =
                error_set(e, E_INVALID, "%.*s may give what is no number from 0 up", STR_FMT(text));
            error_hint(e, "cut it: normal(1, 0.5, lo=0)");
            error_at(e, name, 1, 1);
        }
    } else {
        code = expr_parse(a, text, at, &m.x, e);
        if (code == OK)
            code = expr_bind_number(m.x, s, e);
    }
    if (code == OK)
        *ret = m;
    return code;
}

enum code amount_of(const struct amount *m, const struct config *c, struct rng *r, double *ret,
                    struct error *e)
{
    struct value v;
    struct arena a;
    double x;
    if (m->x) {
        x = expr_number(m->x, c->values);
    } else {
        double u = rng_unit(r);
        arena_init(&a, 4096);
        enum code code = prior_decode(&m->prior, &a, &u, &v);
        arena_free(&a);
        if (code != OK)
            return error_nomem(e);
        x = v.type == VALUE_INT ? (double)v.i : v.r;
    }
    if (x >= 0 && isfinite(x)) {
        *ret = x;
        return OK;
    }
    error_set(e, E_INVALID, "%s comes to no number from 0 up", m->name);
    error_hint(e, "it may name a parameter that is not active in every configuration");
    return E_INVALID;
}
