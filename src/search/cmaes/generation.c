/* A generation: trials that ended, best first. */
#include "search/cmaes/generation.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

enum { FIRST = 32 };

/* Room for n in *array, whose elements have `size` bytes, `more` of them for one of n. */
static bool grow(void *array, size_t n, size_t size, size_t more)
{
    void **p = array;
    size_t bytes;
    if (__builtin_mul_overflow(size, more ? more : 1, &bytes))
        return false;
    void *grown = reallocarray(*p, n, bytes);
    if (grown)
        *p = grown;
    return grown;
}

enum code places_add(struct places *p, size_t place)
{
    if (!array_reserve(p->v, &p->capacity, p->n + 1))
        return E_NOMEM;
    p->v[p->n++] = (uint32_t)place;
    return OK;
}

void places_free(struct places *p)
{
    free(p->v);
    *p = (struct places){.n = 0};
}

const struct observation *place_of(const struct history *h, size_t place)
{
    return &h->v[h->ended[place]];
}

enum code generation_init(struct generation *p, const struct axes *axes)
{
    *p = (struct generation){.axes = axes};
    p->spans = calloc(axes->n + 1, sizeof(*p->spans));
    return p->spans ? OK : E_NOMEM;
}

void generation_free(struct generation *p)
{
    free(p->x);
    free(p->unknown);
    free(p->active);
    free(p->levels);
    free(p->weights);
    free(p->moves);
    free(p->spans);
    *p = (struct generation){.axes = NULL};
}

enum code generation_reserve(struct generation *p, size_t n)
{
    size_t capacity = p->capacity ? p->capacity : FIRST, dims = p->axes->n;
    if (n <= p->capacity)
        return OK;
    while (capacity < n)
        capacity *= 2;
    if (!grow(&p->x, capacity, sizeof(*p->x), dims) ||
        !grow(&p->unknown, capacity, sizeof(*p->unknown), dims) ||
        !grow(&p->active, capacity, sizeof(*p->active), dims) ||
        !grow(&p->levels, capacity, sizeof(*p->levels), p->axes->n_choices) ||
        !grow(&p->weights, capacity, sizeof(*p->weights), 1) ||
        !grow(&p->moves, capacity, sizeof(*p->moves), 1))
        return E_NOMEM;
    p->capacity = capacity;
    return OK;
}

static int by_order(const void *a, const void *b, void *history)
{
    const struct history *h = history;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = observation_order(h, place_of(h, left), place_of(h, right));
    return order ? order : (left > right) - (left < right);
}

void places_sort(struct places *p, const struct history *h)
{
    if (p->n > 1)
        qsort_r(p->v, p->n, sizeof(*p->v), by_order, (void *)h);
}

enum code generation_load(struct generation *p, const struct history *h, struct places *places,
                          const struct gaussian *normal)
{
    size_t dims = p->axes->n;
    if (generation_reserve(p, places->n) != OK)
        return E_NOMEM;
    places_sort(places, h);
    p->n = places->n;
    for (size_t i = 0; i < p->n; i++) {
        axes_encode(p->axes, place_of(h, places->v[i])->config, p->spans, p->active + i * dims,
                    p->levels + i * p->axes->n_choices);
        for (size_t k = 0; k < dims; k++) {
            struct moments m = span_moments(p->spans[k], normal->mean[k], gaussian_sd(normal, k));
            p->x[i * dims + k] = m.mean;
            p->unknown[i * dims + k] = m.variance;
        }
        p->moves[i] =
            (struct gaussian_point){.x = p->x + i * dims, .unknown = p->unknown + i * dims};
    }
    return OK;
}

bool generation_weigh(struct generation *p, const struct history *h, const struct places *places,
                      const struct rates *rates)
{
    size_t to = 0, groups = 0;
    for (size_t from = 0; from < p->n; from = to) {
        const struct observation *first = place_of(h, places->v[from]);
        double weight = 0, shape = 0;
        for (to = from; to < p->n; to++) {
            if (observation_order(h, first, place_of(h, places->v[to])) != 0)
                break;
            weight += fmax(0, rates->weights[to]);
            shape += rates->weights[to];
        }
        for (size_t i = from; i < to; i++) {
            p->weights[i] = p->moves[i].weight = weight / (double)(to - from);
            p->moves[i].shape = shape / (double)(to - from);
        }
        groups++;
    }
    return groups <= 1;
}

double generation_dims(const struct generation *p)
{
    size_t sum = 0;
    for (size_t i = 0; i < p->n * p->axes->n; i++)
        sum += p->active[i];
    return p->n > 0 ? fmax(1, (double)sum / (double)p->n) : 1;
}
