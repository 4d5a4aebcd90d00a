/* Neighbours of values and of configurations. */
#include "search/moves.h"

#include <math.h>

enum { SCALES = 4, EXHAUSTIVE = 9, DRAWS = 100 };

static const double scales[SCALES] = {0.2, 0.07, 0.02, 0.006};

static bool is_unordered(const struct prior *p)
{
    return p->kind == PRIOR_CHOICE || p->kind == PRIOR_FLAG;
}

bool moves_ordered(const struct prior *p)
{
    return p->kind != PRIOR_FIXED && p->kind != PRIOR_SUBSET && p->kind != PRIOR_PERMUTATION &&
           !is_unordered(p);
}

bool moves_any(const struct prior *p)
{
    return p->kind != PRIOR_FIXED && prior_count(p) != 1;
}

static bool is_short(const struct prior *p)
{
    int64_t n = prior_count(p);
    return n > 0 && n <= EXHAUSTIVE;
}

size_t moves_count(const struct prior *p)
{
    size_t n = p->n_levels;
    if (!moves_any(p))
        return 0;
    if (is_unordered(p))
        return n;
    if (p->kind == PRIOR_SUBSET)
        return n + n * n;
    if (p->kind == PRIOR_PERMUTATION)
        return n * n;
    return is_short(p) ? (size_t)prior_count(p) : 2 + 2 * SCALES;
}

/* The value at u, which is another than v. */
static enum code at(const struct prior *p, struct arena *a, double u, const struct value *v,
                    struct value *ret, bool *ret_is)
{
    if (!(u >= 0 && u <= 1)) {
        *ret_is = false;
        return OK;
    }
    enum code code = prior_decode(p, a, &u, ret);
    *ret_is = code == OK && !value_equal(ret, v);
    return code;
}

/* One up (k = 0) or down (k = 1) in a finite order. */
static enum code next_value(const struct prior *p, struct arena *a, const struct value *v, size_t k,
                            struct value *ret, bool *ret_is)
{
    int64_t n = prior_count(p);
    *ret_is = false;
    if (p->kind == PRIOR_LOGINT || p->kind == PRIOR_INT) {
        int64_t i;
        bool over = k ? __builtin_sub_overflow(v->i, p->istep, &i)
                      : __builtin_add_overflow(v->i, p->istep, &i);
        *ret_is = !over && i >= p->ilo && i <= p->ihi;
        *ret = value_int(i);
        return OK;
    }
    if (n == 0)
        return OK;
    double u;
    prior_encode(p, v, &u);
    return at(p, a, u + (k ? -1.0 : 1.0) / (double)n, v, ret, ret_is);
}

static enum code nth_ordered(const struct prior *p, struct arena *a, const struct value *v,
                             size_t k, struct value *ret, bool *ret_is)
{
    if (is_short(p)) {
        enum code code = prior_nth(p, a, (int64_t)k, ret);
        *ret_is = code == OK && !value_equal(ret, v);
        return code;
    }
    if (k < 2)
        return next_value(p, a, v, k, ret, ret_is);
    double u, scale = scales[(k - 2) / 2];
    prior_encode(p, v, &u);
    return at(p, a, u + (k % 2 ? -scale : scale), v, ret, ret_is);
}

static uint64_t items_of(const struct prior *p, const struct value *v)
{
    uint64_t in = 0;
    for (size_t i = 0, at = 0; i < p->n_levels && at < v->list.n; i++)
        if (value_equal(&p->levels[i], &v->list.v[at])) {
            in |= (uint64_t)1 << i;
            at++;
        }
    return in;
}

static enum code list_of(const struct prior *p, struct arena *a, uint64_t in, struct value *ret)
{
    size_t n = (size_t)__builtin_popcountll(in), at = 0;
    struct value *items = arena_array(a, n ? n : 1, sizeof(*items));
    if (!items)
        return E_NOMEM;
    for (size_t i = 0; i < p->n_levels; i++)
        if ((in >> i) & 1)
            items[at++] = p->levels[i];
    *ret = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return OK;
}

/* Item k in or out; past those, item j out and item i in. */
static enum code nth_subset(const struct prior *p, struct arena *a, const struct value *v, size_t k,
                            struct value *ret, bool *ret_is)
{
    size_t n = p->n_levels;
    uint64_t in = items_of(p, v), flip = (uint64_t)1 << (k % n);
    int count = (int)v->list.n;
    if (k < n) {
        int after = count + (in & flip ? -1 : 1);
        *ret_is = after >= p->min && after <= p->max;
    } else {
        uint64_t out = (uint64_t)1 << (k / n - 1);
        *ret_is = (in & out) && !(in & flip) && (count == p->min || count == p->max);
        flip |= out;
    }
    return *ret_is ? list_of(p, a, in ^ flip, ret) : OK;
}

/* The item at k / n to place k % n; to the place before its own is the same as the other's move. */
static enum code nth_permutation(const struct prior *p, struct arena *a, const struct value *v,
                                 size_t k, struct value *ret, bool *ret_is)
{
    size_t n = p->n_levels, from = k / n, to = k % n;
    *ret_is = from != to && from != to + 1;
    if (!*ret_is)
        return OK;
    struct value *items = arena_array(a, n, sizeof(*items));
    if (!items)
        return E_NOMEM;
    for (size_t i = 0, read = 0; i < n; i++) {
        read += read == from;
        items[i] = i == to ? v->list.v[from] : v->list.v[read++];
    }
    *ret = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return OK;
}

enum code moves_nth(const struct prior *p, struct arena *a, const struct value *v, size_t k,
                    struct value *ret, bool *ret_is)
{
    if (p->kind == PRIOR_SUBSET)
        return nth_subset(p, a, v, k, ret, ret_is);
    if (p->kind == PRIOR_PERMUTATION)
        return nth_permutation(p, a, v, k, ret, ret_is);
    if (!is_unordered(p))
        return nth_ordered(p, a, v, k, ret, ret_is);
    *ret = p->levels[k];
    *ret_is = !value_equal(ret, v);
    return OK;
}

static enum code drawn(const struct prior *p, struct arena *a, struct rng *r, struct value *ret)
{
    double u[PRIOR_ITEMS_MAX];
    for (int k = 0; k < prior_units(p); k++)
        u[k] = rng_unit(r);
    return prior_decode(p, a, u, ret);
}

enum code moves_draw(const struct prior *p, struct arena *a, struct rng *r, const struct value *v,
                     struct value *ret)
{
    for (int i = 0; i < DRAWS; i++) {
        enum code code = drawn(p, a, r, ret);
        if (code != OK || !value_equal(ret, v))
            return code;
    }
    *ret = *v;
    return OK;
}

enum code moves_step(const struct prior *p, struct arena *a, struct rng *r, const struct value *v,
                     double sd, struct value *ret)
{
    double u;
    prior_encode(p, v, &u);
    u = fabs(u + sd * rng_normal(r));
    u = fmod(u, 2);
    u = u > 1 ? 2 - u : u;
    return prior_decode(p, a, &u, ret);
}

enum code moves_to(const struct config *from, struct arena *a, struct rng *r, int param,
                   const struct value *v, struct config *ret)
{
    const struct space *s = from->space;
    struct value *values = arena_array(a, s->n_params, sizeof(*values));
    if (!values)
        return E_NOMEM;
    for (size_t i = 0; i < s->n_params; i++) {
        int at = s->order[i];
        if (!config_is_active(s, values, at))
            continue;
        enum code code = OK;
        if (at == param)
            values[at] = *v;
        else if (from->values[at].type != VALUE_NONE)
            values[at] = from->values[at];
        else
            code = drawn(&s->params[at].prior, a, r, &values[at]);
        if (code != OK)
            return code;
    }
    *ret = (struct config){s, values};
    return OK;
}
