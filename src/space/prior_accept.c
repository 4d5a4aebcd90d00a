/*
 * Is a value that somebody wrote among what a prior takes?
 */
#include "space/prior_call.h"

#include <math.h>

static enum code fail_type(const struct prior *p, const struct value *v, const char *wanted,
                           struct error *e)
{
    enum code code = error_set(e, E_INVALID, "%s is %s, but %s is wanted", value_show(v).text,
                               value_type_name(v->type), wanted);
    if (v->type == VALUE_STRING) {
        struct value bare = value_of_scalar(v->s);
        bool number = value_is_number(&bare) && p->kind != PRIOR_FLAG;
        if (number || (bare.type == VALUE_BOOL && p->kind == PRIOR_FLAG))
            error_hint(e, "take the quotes away");
        else if (p->kind == PRIOR_FLAG)
            error_hint(e, "write true or false");
    }
    return code;
}

static enum code fail_bounds(const struct value *v, struct value lo, struct value hi,
                             struct error *e)
{
    bool below = value_order(v, &lo) < 0;
    enum code code = error_set(e, E_INVALID, "%s is %s %s", value_show(v).text,
                               below ? "below the lower bound" : "above the upper bound",
                               value_show(below ? &lo : &hi).text);
    error_hint(e, "it must be from %s to %s", value_show(&lo).text, value_show(&hi).text);
    return code;
}

static enum code fail_grid(const struct value *v, struct value lo, struct value step,
                           struct value near, struct error *e)
{
    enum code code = error_set(e, E_INVALID, "%s is not a step of %s from %s", value_show(v).text,
                               value_show(&step).text, value_show(&lo).text);
    error_hint(e, "the nearest one is %s", value_show(&near).text);
    return code;
}

static enum code accept_int(const struct prior *p, struct value *v, struct error *e)
{
    if (v->type == VALUE_REAL) {
        struct value whole = value_int(0);
        error_set(e, E_INVALID, "%s is not a whole number", value_show(v).text);
        if (v->r == trunc(v->r) && fabs(v->r) <= 0x1p53) {
            whole.i = (int64_t)v->r;
            error_hint(e, "write %s", value_show(&whole).text);
        }
        return E_INVALID;
    }
    if (v->type != VALUE_INT)
        return fail_type(p, v, "a whole number", e);
    if (v->i < p->ilo || v->i > p->ihi)
        return fail_bounds(v, value_int(p->ilo), value_int(p->ihi), e);
    uint64_t step = (uint64_t)p->istep, offset = (uint64_t)v->i - (uint64_t)p->ilo;
    uint64_t k = offset / step;
    if (offset % step == 0)
        return OK;
    k += offset % step > step / 2;
    return fail_grid(v, value_int(p->ilo), value_int(p->istep), value_int(prior_grid_int(p, k)), e);
}

static enum code accept_real(const struct prior *p, struct value *v, struct error *e)
{
    if (!value_is_number(v))
        return fail_type(p, v, "a number", e);
    struct value x = value_real(v->type == VALUE_INT ? (double)v->i : v->r);
    if (!isfinite(x.r))
        return error_set(e, E_INVALID, "%s is not a finite number", value_show(v).text);
    if (x.r < p->lo || x.r > p->hi)
        return fail_bounds(v, value_real(p->lo), value_real(p->hi), e);
    if (p->kind == PRIOR_LOGNORMAL && x.r <= 0)
        return error_set(e, E_INVALID, "%s is not above zero, as a lognormal is",
                         value_show(v).text);
    if (p->step > 0) {
        struct value near = x;
        near.r = prior_grid_real(p, (uint64_t)round((x.r - p->lo) / p->step));
        if (fabs(near.r - x.r) > 1e-9 * p->step)
            return fail_grid(v, value_real(p->lo), value_real(p->step), near, e);
        x = near;
    }
    *v = x;
    return OK;
}

/* The level that v stands for: the very same, or the same number. */
static const struct value *level_for(const struct prior *p, const struct value *v)
{
    for (size_t i = 0; i < p->n_levels; i++)
        if (value_alike(&p->levels[i], v))
            return &p->levels[i];
    return NULL;
}

static enum code fail_level(const struct prior *p, const struct value *v, struct error *e)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    value_text(v, &text);
    struct value bare = value_of_scalar(buf_view(&text)), string = value_string(buf_view(&text));
    const char *near = prior_nearest(p, buf_view(&text));
    error_set(e, E_INVALID, "%s is not among its values", value_show(v).text);
    if (v->type != VALUE_STRING && level_for(p, &string))
        error_hint(e, "that value is a string: write \"%.*s\"", STR_FMT(string.s));
    else if (v->type == VALUE_STRING && level_for(p, &bare))
        error_hint(e, "that value is no string: take the quotes away");
    else if (near)
        error_hint(e, "did you mean %s?", near);
    else {
        struct buf levels;
        buf_init(&levels, 1 << 20);
        prior_write_levels(p, &levels);
        error_hint(e, "its values are %.*s", STR_FMT(buf_view(&levels)));
        buf_free(&levels);
    }
    buf_free(&text);
    return E_INVALID;
}

static enum code accept_level(const struct prior *p, struct value *v, struct error *e)
{
    const struct value *level = v->type == VALUE_LIST ? NULL : level_for(p, v);
    if (v->type == VALUE_LIST)
        return fail_type(p, v, "one value", e);
    if (!level)
        return fail_level(p, v, e);
    *v = *level;
    return OK;
}

/* v's items as p's levels, in v's order; which they are, as bits. */
static enum code place_items(const struct prior *p, const struct value *v, struct value *items,
                             uint64_t *ret_in, struct error *e)
{
    uint64_t in = 0;
    for (size_t i = 0; i < v->list.n; i++) {
        const struct value *level = level_for(p, &v->list.v[i]);
        if (!level)
            return fail_level(p, &v->list.v[i], e);
        uint64_t bit = (uint64_t)1 << (level - p->levels);
        if (in & bit)
            return error_set(e, E_INVALID, "%s is there twice", value_show(level).text);
        in |= bit;
        items[i] = *level;
    }
    *ret_in = in;
    return OK;
}

static enum code accept_items(const struct prior *p, struct arena *a, struct value *v,
                              struct error *e)
{
    uint64_t in = 0;
    if (v->type != VALUE_LIST) {
        error_set(e, E_INVALID, "%s is %s, but a list is wanted", value_show(v).text,
                  value_type_name(v->type));
        error_hint(e, "write [%s]", value_show(v).text);
        return E_INVALID;
    }
    size_t n = v->list.n;
    struct value *items = arena_array(a, n, sizeof(*items));
    if (!items)
        return error_nomem(e);
    enum code code = place_items(p, v, items, &in, e);
    if (code != OK)
        return code;
    if (p->kind == PRIOR_PERMUTATION && n != p->n_levels)
        return error_set(e, E_INVALID, "this orders %zu of %zu items: all of them must be there", n,
                         p->n_levels);
    if (p->kind == PRIOR_SUBSET && (n < (size_t)p->min || n > (size_t)p->max))
        return error_set(e, E_INVALID, "this has %zu items, but %d to %d are wanted", n, p->min,
                         p->max);
    for (size_t i = 0, k = 0; p->kind == PRIOR_SUBSET && i < p->n_levels; i++)
        if ((in >> i) & 1)
            items[k++] = p->levels[i];
    *v = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return OK;
}

enum code prior_accept(const struct prior *p, struct arena *a, struct value *v, struct error *e)
{
    switch (p->kind) {
    case PRIOR_FIXED:
        if (!value_alike(&p->levels[0], v))
            return error_set(e, E_INVALID, "%s is not %s, at which it is fixed", value_show(v).text,
                             value_show(&p->levels[0]).text);
        *v = p->levels[0];
        return OK;
    case PRIOR_UNIFORM:
    case PRIOR_LOGUNIFORM:
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
        return accept_real(p, v, e);
    case PRIOR_INT:
    case PRIOR_LOGINT:
        return accept_int(p, v, e);
    case PRIOR_FLAG:
        return v->type == VALUE_BOOL ? OK : fail_type(p, v, "true or false", e);
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
        return accept_level(p, v, e);
    case PRIOR_SUBSET:
    case PRIOR_PERMUTATION:
        return accept_items(p, a, v, e);
    case PRIOR_KIND_COUNT:
        break;
    }
    return error_set(e, E_INVALID, "unknown kind of prior");
}
