/*
 * Between the unit cube and values.
 *
 * What is countable owns cells of [0,1): cell k of n is [k/n, (k+1)/n). Cells are found in whole
 * numbers of 128 bits, so that the widest int, with 2^64 cells, needs no special case.
 */
#include "space/prior_call.h"

#include "base/stats.h"

#include <math.h>

uint64_t prior_last(const struct prior *p)
{
    if (p->kind == PRIOR_INT || p->kind == PRIOR_LOGINT)
        return ((uint64_t)p->ihi - (uint64_t)p->ilo) / (uint64_t)p->istep;
    if (p->kind == PRIOR_UNIFORM && p->scale > 0)
        return (uint64_t)((int64_t)round(p->hi * p->scale) - (int64_t)round(p->lo * p->scale)) /
               (uint64_t)round(p->step * p->scale);
    if (p->kind == PRIOR_UNIFORM && p->step > 0)
        return (uint64_t)round((p->hi - p->lo) / p->step);
    return p->n_levels ? p->n_levels - 1 : 0;
}

int64_t prior_grid_int(const struct prior *p, uint64_t k)
{
    return (int64_t)((uint64_t)p->ilo + k * (uint64_t)p->istep);
}

double prior_grid_real(const struct prior *p, uint64_t k)
{
    if (p->scale > 0)
        return (round(p->lo * p->scale) + (double)k * round(p->step * p->scale)) / p->scale;
    double x = p->lo + (double)k * p->step;
    return x > p->hi ? p->hi : x;
}

/* The cell of u among last + 1 equal ones. */
static uint64_t cell_of(double u, uint64_t last)
{
    const uint64_t units = (uint64_t)1 << 53;
    uint64_t whole = u >= 1 ? units - 1 : u > 0 ? (uint64_t)(u * 0x1p53) : 0;
    return (uint64_t)((((unsigned __int128)last + 1) * whole) >> 53);
}

static double centre_of(uint64_t k, uint64_t last)
{
    return ((double)k + 0.5) / ((double)last + 1);
}

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static double decode_log(const struct prior *p, double u)
{
    if (u <= 0)
        return p->lo;
    if (u >= 1)
        return p->hi;
    return clamp(exp(log(p->lo) + u * (log(p->hi) - log(p->lo))), p->lo, p->hi);
}

/* Where x stands between lo and hi; 1/2 where that is one point. */
static double share(double x, double lo, double hi)
{
    return hi > lo ? clamp((x - lo) / (hi - lo), 0, 1) : 0.5;
}

static int64_t decode_logint(const struct prior *p, double u)
{
    double lo = log((double)p->ilo - 0.5), hi = log((double)p->ihi + 0.5);
    double x = round(exp(lo + clamp(u, 0, 1) * (hi - lo)));
    if (x >= 0x1p63)
        return p->ihi;
    int64_t i = (int64_t)x;
    return i < p->ilo ? p->ilo : i > p->ihi ? p->ihi : i;
}

static double encode_logint(const struct prior *p, int64_t i)
{
    double centre = (log((double)i - 0.5) + log((double)i + 0.5)) / 2;
    return share(centre, log((double)p->ilo - 0.5), log((double)p->ihi + 0.5));
}

/* A normal in units of its standard deviation, cut at a and b. All of it is done in the tail that
 * is nearer, where the distribution function keeps its digits: `mirrored` says that signs were
 * turned. */
struct cut_normal {
    bool mirrored;
    double a, b, below, mass;
};

static struct cut_normal cut_normal_of(const struct prior *p)
{
    bool log_scale = p->kind == PRIOR_LOGNORMAL;
    double lo = log_scale ? log(p->lo) : p->lo, hi = log_scale ? log(p->hi) : p->hi;
    double a = (lo - p->mean) / p->sd, b = (hi - p->mean) / p->sd;
    bool mirrored = a > 0;
    struct cut_normal cut = {mirrored, mirrored ? -b : a, mirrored ? -a : b, 0, 0};
    cut.below = normal_cdf(cut.a);
    cut.mass = normal_cdf(cut.b) - cut.below;
    return cut;
}

static double decode_normal(const struct prior *p, double u)
{
    struct cut_normal cut = cut_normal_of(p);
    if (u <= 0 && isfinite(cut.mirrored ? cut.b : cut.a))
        return p->lo;
    if (u >= 1 && isfinite(cut.mirrored ? cut.a : cut.b))
        return p->hi;
    u = clamp(u, 0x1p-54, 1 - 0x1p-53);
    double q = cut.below + (cut.mirrored ? 1 - u : u) * cut.mass;
    double z = clamp(normal_quantile(clamp(q, 0x1p-1022, 1 - 0x1p-53)), cut.a, cut.b);
    double x = p->mean + p->sd * (cut.mirrored ? -z : z);
    return clamp(p->kind == PRIOR_LOGNORMAL ? exp(x) : x, p->lo, p->hi);
}

static double encode_normal(const struct prior *p, double x)
{
    struct cut_normal cut = cut_normal_of(p);
    double z = ((p->kind == PRIOR_LOGNORMAL ? log(x) : x) - p->mean) / p->sd;
    if (!(cut.mass > 0))
        return 0.5;
    if (cut.mirrored)
        z = -z;
    /* From whichever side has the digits. */
    double u = z <= 0 ? (normal_cdf(z) - cut.below) / cut.mass
                      : 1 - (normal_cdf(-z) - normal_cdf(-cut.b)) / cut.mass;
    return clamp(cut.mirrored ? 1 - u : u, 0, 1);
}

static double decode_uniform(const struct prior *p, double u)
{
    if (p->step > 0)
        return prior_grid_real(p, cell_of(u, prior_last(p)));
    u = clamp(u, 0, 1);
    /* hi - lo may overflow where this can't */
    return clamp(p->lo * (1 - u) + p->hi * u, p->lo, p->hi);
}

static size_t decode_choice(const struct prior *p, double u)
{
    if (!p->weights)
        return (size_t)cell_of(u, p->n_levels - 1);
    double sum = 0;
    for (size_t i = 0; i + 1 < p->n_levels; i++) {
        sum += p->weights[i];
        if (u < sum)
            return i;
    }
    return p->n_levels - 1;
}

static double encode_choice(const struct prior *p, const struct value *v)
{
    double sum = 0;
    size_t i = 0;
    while (i + 1 < p->n_levels && !value_equal(&p->levels[i], v))
        i++;
    if (!p->weights)
        return centre_of(i, p->n_levels - 1);
    for (size_t before = 0; before < i; before++)
        sum += p->weights[before];
    return clamp(sum + p->weights[i] / 2, 0, 1);
}

/* Items whose coordinate is at least 1/2, then as many of the nearest ones as min and max ask. */
static uint64_t subset_of(const struct prior *p, const double *u)
{
    uint64_t in = 0;
    int count = 0;
    for (size_t i = 0; i < p->n_levels; i++) {
        if (u[i] >= 0.5) {
            in |= (uint64_t)1 << i;
            count++;
        }
    }
    while (count < p->min || count > p->max) {
        bool add = count < p->min;
        size_t nearest = p->n_levels;
        for (size_t i = 0; i < p->n_levels; i++)
            if (((in >> i) & 1) != add &&
                (nearest == p->n_levels || (add ? u[i] > u[nearest] : u[i] < u[nearest])))
                nearest = i;
        in ^= (uint64_t)1 << nearest;
        count += add ? 1 : -1;
    }
    return in;
}

static enum code decode_subset(const struct prior *p, struct arena *a, const double *u,
                               struct value *ret)
{
    uint64_t in = subset_of(p, u);
    size_t n = (size_t)__builtin_popcountll(in), k = 0;
    struct value *items = arena_array(a, n, sizeof(*items));
    if (!items)
        return E_NOMEM;
    for (size_t i = 0; i < p->n_levels; i++)
        if ((in >> i) & 1)
            items[k++] = p->levels[i];
    *ret = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return OK;
}

static enum code decode_permutation(const struct prior *p, struct arena *a, const double *u,
                                    struct value *ret)
{
    struct value *items = arena_array(a, p->n_levels, sizeof(*items));
    size_t order[PRIOR_ITEMS_MAX];
    if (!items)
        return E_NOMEM;
    for (size_t i = 0; i < p->n_levels; i++) { /* by insertion: stable, and there are 64 at most */
        size_t at = i;
        for (; at > 0 && u[order[at - 1]] > u[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < p->n_levels; i++)
        items[i] = p->levels[order[i]];
    *ret = (struct value){.type = VALUE_LIST, .list = {items, p->n_levels}};
    return OK;
}

/* Lists: an item's coordinate is its place in v (permutation), or whether it is there (subset). */
static void encode_items(const struct prior *p, const struct value *v, double *ret_u)
{
    for (size_t i = 0; i < p->n_levels; i++) {
        size_t at = 0;
        while (at < v->list.n && !value_equal(&v->list.v[at], &p->levels[i]))
            at++;
        if (p->kind == PRIOR_PERMUTATION)
            ret_u[i] = centre_of(at, p->n_levels - 1);
        else
            ret_u[i] = at < v->list.n ? 0.75 : 0.25;
    }
}

int prior_units(const struct prior *p)
{
    if (p->kind == PRIOR_FIXED)
        return 0;
    return p->kind == PRIOR_SUBSET || p->kind == PRIOR_PERMUTATION ? (int)p->n_levels : 1;
}

enum code prior_decode(const struct prior *p, struct arena *a, const double *u, struct value *ret)
{
    switch (p->kind) {
    case PRIOR_FIXED:
        *ret = p->levels[0];
        return OK;
    case PRIOR_UNIFORM:
        *ret = value_real(decode_uniform(p, *u));
        return OK;
    case PRIOR_LOGUNIFORM:
        *ret = value_real(decode_log(p, *u));
        return OK;
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
        *ret = value_real(decode_normal(p, *u));
        return OK;
    case PRIOR_INT:
        *ret = value_int(prior_grid_int(p, cell_of(*u, prior_last(p))));
        return OK;
    case PRIOR_LOGINT:
        *ret = value_int(decode_logint(p, *u));
        return OK;
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
    case PRIOR_FLAG:
        *ret = p->levels[decode_choice(p, *u)];
        return OK;
    case PRIOR_SUBSET:
        return decode_subset(p, a, u, ret);
    case PRIOR_PERMUTATION:
        return decode_permutation(p, a, u, ret);
    case PRIOR_KIND_COUNT:
        break;
    }
    return E_INVALID;
}

static double encode_uniform(const struct prior *p, double x)
{
    if (p->step > 0)
        return centre_of((uint64_t)round((x - p->lo) / p->step), prior_last(p));
    /* halves, since hi - lo may overflow */
    return share(x / 2, p->lo / 2, p->hi / 2);
}

void prior_encode(const struct prior *p, const struct value *v, double *ret_u)
{
    switch (p->kind) {
    case PRIOR_UNIFORM:
        *ret_u = encode_uniform(p, v->r);
        break;
    case PRIOR_LOGUNIFORM:
        *ret_u = share(log(v->r), log(p->lo), log(p->hi));
        break;
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
        *ret_u = encode_normal(p, v->r);
        break;
    case PRIOR_INT:
        *ret_u = centre_of(((uint64_t)v->i - (uint64_t)p->ilo) / (uint64_t)p->istep, prior_last(p));
        break;
    case PRIOR_LOGINT:
        *ret_u = encode_logint(p, v->i);
        break;
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
    case PRIOR_FLAG:
        *ret_u = encode_choice(p, v);
        break;
    case PRIOR_SUBSET:
    case PRIOR_PERMUTATION:
        encode_items(p, v, ret_u);
        break;
    case PRIOR_FIXED:
    case PRIOR_KIND_COUNT:
        break;
    }
}
