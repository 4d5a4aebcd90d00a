/* A ranking, kept as a sorted array. */
#include "search/ranking.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void ranking_free(struct ranking *r)
{
    free(r->v);
    *r = (struct ranking){.v = NULL};
}

enum code ranking_reserve(struct ranking *r, size_t more)
{
    if (more <= r->capacity - r->n)
        return OK;
    if (more > SIZE_MAX / sizeof(*r->v) / 2 - r->n)
        return E_NOMEM;
    size_t capacity = r->capacity ? r->capacity * 2 : 16;
    if (capacity < r->n + more)
        capacity = r->n + more;
    double *v = reallocarray(r->v, capacity, sizeof(*v));
    if (!v)
        return E_NOMEM;
    r->v = v;
    r->capacity = capacity;
    return OK;
}

size_t ranking_better(const struct ranking *r, double value)
{
    if (isnan(value))
        return r->n;
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (r->v[middle] < value)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

enum code ranking_add(struct ranking *r, double value)
{
    if (isnan(value)) {
        r->n_missing++;
        return OK;
    }
    enum code code = ranking_reserve(r, 1);
    if (code != OK)
        return code;
    size_t at = ranking_better(r, value);
    memmove(r->v + at + 1, r->v + at, (r->n - at) * sizeof(*r->v));
    r->v[at] = value;
    r->n++;
    return OK;
}

size_t ranking_size(const struct ranking *r)
{
    return r->n + r->n_missing;
}

double ranking_median(const struct ranking *r)
{
    size_t size = ranking_size(r), high = size / 2, low = size % 2 ? high : high - 1;
    if (size == 0 || high >= r->n)
        return (double)NAN;
    return low == high ? r->v[low] : r->v[low] / 2 + r->v[high] / 2;
}
