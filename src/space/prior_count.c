/*
 * How many values a prior has, and the i-th of them.
 */
#include "space/prior_call.h"

static int64_t saturated_add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* n over k, for n up to 64: all of them fit. */
static int64_t binomial(int n, int k)
{
    unsigned __int128 c = 1;
    if (k < 0 || k > n)
        return 0;
    for (int i = 1; i <= k; i++)
        c = c * (unsigned)(n - k + i) / (unsigned)i;
    return (int64_t)c;
}

static int64_t factorial(size_t n)
{
    int64_t product = 1;
    for (size_t i = 2; i <= n; i++)
        if (__builtin_mul_overflow(product, (int64_t)i, &product))
            return INT64_MAX;
    return product;
}

int64_t prior_count(const struct prior *p)
{
    int64_t count = 0;
    switch (p->kind) {
    case PRIOR_UNIFORM:
        if (p->step > 0)
            return (int64_t)prior_last(p) + 1;
        return p->lo == p->hi;
    case PRIOR_LOGUNIFORM:
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
        return p->lo == p->hi;
    case PRIOR_INT:
    case PRIOR_LOGINT:
        return prior_last(p) >= INT64_MAX ? INT64_MAX : (int64_t)prior_last(p) + 1;
    case PRIOR_FIXED:
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
    case PRIOR_FLAG:
        return (int64_t)p->n_levels;
    case PRIOR_SUBSET:
        for (int k = p->min; k <= p->max; k++)
            count = saturated_add(count, binomial((int)p->n_levels, k));
        return count;
    case PRIOR_PERMUTATION:
        return factorial(p->n_levels);
    case PRIOR_KIND_COUNT:
        break;
    }
    return 0;
}

/* Smaller subsets first; those of one size in the order of the items they begin with. */
static enum code nth_subset(const struct prior *p, struct arena *a, int64_t i, struct value *ret)
{
    int n = (int)p->n_levels, size = p->min;
    for (; size < p->max && i >= binomial(n, size); size++)
        i -= binomial(n, size);
    struct value *items = arena_array(a, (size_t)size, sizeof(*items));
    if (!items)
        return E_NOMEM;
    for (int item = 0, left = size; left > 0; item++) {
        int64_t with = binomial(n - item - 1, left - 1); /* subsets that hold this item */
        if (i < with)
            items[size - left--] = p->levels[item];
        else
            i -= with;
    }
    *ret = (struct value){.type = VALUE_LIST, .list = {items, (size_t)size}};
    return OK;
}

/* The i-th in lexicographic order, by Lehmer's code. */
static enum code nth_permutation(const struct prior *p, struct arena *a, int64_t i,
                                 struct value *ret)
{
    size_t n = p->n_levels;
    struct value *items = arena_array(a, n, sizeof(*items));
    uint64_t used = 0;
    if (!items)
        return E_NOMEM;
    for (size_t at = 0; at < n; at++) {
        int64_t rest = factorial(n - at - 1), skip = i / rest;
        i %= rest;
        size_t item = 0;
        while (((used >> item) & 1) || skip-- > 0)
            item++;
        used |= (uint64_t)1 << item;
        items[at] = p->levels[item];
    }
    *ret = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return OK;
}

enum code prior_nth(const struct prior *p, struct arena *a, int64_t i, struct value *ret)
{
    if (i < 0 || i >= prior_count(p))
        return E_INVALID;
    switch (p->kind) {
    case PRIOR_UNIFORM:
        *ret = value_real(p->step > 0 ? prior_grid_real(p, (uint64_t)i) : p->lo);
        return OK;
    case PRIOR_LOGUNIFORM:
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
        *ret = value_real(p->lo);
        return OK;
    case PRIOR_INT:
    case PRIOR_LOGINT:
        *ret = value_int(prior_grid_int(p, (uint64_t)i));
        return OK;
    case PRIOR_FIXED:
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
    case PRIOR_FLAG:
        *ret = p->levels[i];
        return OK;
    case PRIOR_SUBSET:
        return nth_subset(p, a, i, ret);
    case PRIOR_PERMUTATION:
        return nth_permutation(p, a, i, ret);
    case PRIOR_KIND_COUNT:
        break;
    }
    return E_INVALID;
}
