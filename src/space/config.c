/*
 * Configurations: from and to the cube, drawing, completing, checking.
 */
#include "space/space.h"

#include <stdlib.h>
#include <string.h>

enum { DRAW_BYTES_MAX = 16 << 20 };

bool config_is_active(const struct space *s, const struct value *values, int param)
{
    const struct expr *when = s->params[param].when;
    return !when || expr_truth(when, values) == EXPR_TRUE;
}

bool config_holds(const struct space *s, const struct value *values, size_t constraint)
{
    const struct constraint *c = &s->constraints[constraint];
    for (size_t i = 0; i < c->n_names; i++)
        if (values[c->names[i]].type == VALUE_NONE)
            return true;
    return expr_truth(c->x, values) != EXPR_FALSE;
}

/* `values` are zeroed. */
static enum code decode(const struct space *s, struct arena *a, const double *u,
                        struct value *values)
{
    for (size_t i = 0; i < s->n_params; i++) {
        int param = s->order[i];
        const struct param *p = &s->params[param];
        if (!config_is_active(s, values, param))
            continue;
        enum code code = prior_decode(&p->prior, a, p->units ? u + p->unit : NULL, &values[param]);
        if (code != OK)
            return code;
    }
    return OK;
}

enum code config_decode(const struct space *s, struct arena *a, const double *u, struct config *ret)
{
    struct value *values = arena_array(a, s->n_params, sizeof(*values));
    if (!values)
        return E_NOMEM;
    enum code code = decode(s, a, u, values);
    if (code == OK)
        *ret = (struct config){s, values};
    return code;
}

void config_encode(const struct config *c, double *ret_u)
{
    for (size_t i = 0; i < c->space->n_params; i++) {
        const struct param *p = &c->space->params[i];
        for (int k = 0; k < p->units; k++)
            ret_u[p->unit + k] = 0.5;
        if (p->units && c->values[i].type != VALUE_NONE)
            prior_encode(&p->prior, &c->values[i], ret_u + p->unit);
    }
}

bool config_allowed(const struct config *c, int *ret_violated)
{
    for (size_t i = 0; i < c->space->n_constraints; i++) {
        if (config_holds(c->space, c->values, i))
            continue;
        if (ret_violated)
            *ret_violated = (int)i;
        return false;
    }
    return true;
}

/* One draw into `scratch`; *ret_allowed: do the constraints hold? */
static enum code draw_once(const struct space *s, struct arena *scratch, double *u, struct rng *r,
                           struct config *ret, bool *ret_allowed)
{
    arena_clear(scratch);
    for (int k = 0; k < s->n_units; k++)
        u[k] = rng_unit(r);
    enum code code = config_decode(s, scratch, u, ret);
    if (code == OK)
        *ret_allowed = config_allowed(ret, NULL);
    return code;
}

enum code config_draw(const struct space *s, struct arena *a, struct rng *r, int tries,
                      struct config *ret, struct error *e)
{
    struct arena scratch;
    struct config drawn = {0};
    bool allowed = false;
    double *u = calloc((size_t)s->n_units + 1, sizeof(*u));
    enum code code = u ? OK : E_NOMEM;
    arena_init(&scratch, DRAW_BYTES_MAX);
    for (int i = 0; i < tries && code == OK && !allowed; i++)
        code = draw_once(s, &scratch, u, r, &drawn, &allowed);
    if (code == OK && allowed)
        code = config_copy(a, &drawn, ret);
    if (code != OK)
        error_nomem(e);
    arena_free(&scratch);
    free(u);
    if (code == OK && !allowed) {
        code = error_set(e, E_UNSATISFIABLE,
                         "%d draws found nothing that satisfies the constraints", tries);
        error_hint(e, "loosen the constraints, or narrow the parameters to what satisfies them");
    }
    return code;
}

static enum code fail_missing(const struct param *p, struct error *e)
{
    error_set(e, E_INVALID, "%s has no value and no default", p->name.p);
    error_hint(e, "give it a value, or give the parameter a default");
    return E_INVALID;
}

static enum code fail_inactive(const struct param *p, struct error *e)
{
    error_set(e, E_INVALID, "%s is given a value, but it is not active here", p->name.p);
    error_hint(e, "it is active when %.*s", STR_FMT(p->when_text));
    return E_INVALID;
}

/* The value of one active parameter: as given, its own, or its default. */
static enum code complete_one(const struct param *p, struct arena *a, const struct value *given,
                              struct value *ret, struct error *e)
{
    struct error why = {0};
    const struct value *v = given->type != VALUE_NONE      ? given
                            : p->prior.kind == PRIOR_FIXED ? &p->prior.levels[0]
                            : p->has_default               ? &p->def
                                                           : NULL;
    if (!v)
        return fail_missing(p, e);
    if (value_copy(a, v, ret) != OK)
        return error_nomem(e);
    enum code code = prior_accept(&p->prior, a, ret, &why);
    if (code != OK) {
        error_set(e, code, "%s: %s", p->name.p, why.message);
        error_hint(e, "%s", why.hint);
    }
    return code;
}

enum code config_complete(const struct space *s, struct arena *a, const struct value *given,
                          struct config *ret, struct error *e)
{
    struct value *values = arena_array(a, s->n_params, sizeof(*values));
    int violated;
    if (!values)
        return error_nomem(e);
    for (size_t i = 0; i < s->n_params; i++) {
        int param = s->order[i];
        const struct param *p = &s->params[param];
        enum code code = OK;
        if (config_is_active(s, values, param))
            code = complete_one(p, a, &given[param], &values[param], e);
        else if (given[param].type != VALUE_NONE)
            code = fail_inactive(p, e);
        if (code != OK)
            return code;
    }
    struct config c = {s, values};
    if (!config_allowed(&c, &violated)) {
        error_set(e, E_INVALID, "the constraint %.*s is violated",
                  STR_FMT(s->constraints[violated].text));
        return E_INVALID;
    }
    *ret = c;
    return OK;
}

bool config_equal(const struct config *a, const struct config *b)
{
    if (a->space->n_params != b->space->n_params)
        return false;
    for (size_t i = 0; i < a->space->n_params; i++)
        if (!value_equal(&a->values[i], &b->values[i]))
            return false;
    return true;
}

uint64_t config_hash(const struct config *c)
{
    uint64_t h = 0;
    for (size_t i = 0; i < c->space->n_params; i++)
        h = (h ^ value_hash(&c->values[i])) * 0x9e3779b97f4a7c15u + i;
    return h ^ (h >> 32);
}

enum code config_copy(struct arena *a, const struct config *c, struct config *ret)
{
    struct value *values = arena_array(a, c->space->n_params, sizeof(*values));
    if (!values)
        return E_NOMEM;
    for (size_t i = 0; i < c->space->n_params; i++)
        if (value_copy(a, &c->values[i], &values[i]) != OK)
            return E_NOMEM;
    *ret = (struct config){c->space, values};
    return OK;
}
