/* A ranking, kept in sorted blocks. */
#include "search/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ranking_free(struct ranking *r)
{
    for (size_t i = 0; i < r->n_allocated; i++)
        free(r->blocks[i]);
    free(r->blocks);
    free(r->counts);
    free(r->tree);
    *r = (struct ranking){.blocks = NULL};
}

static enum code grow(struct ranking *r, size_t need)
{
    if (need <= r->capacity)
        return OK;
    size_t capacity = r->capacity ? r->capacity * 2 : 4;
    if (capacity < need)
        capacity = need;
    double **blocks = reallocarray(r->blocks, capacity, sizeof(double *));
    if (blocks)
        r->blocks = blocks;
    uint32_t *counts = reallocarray(r->counts, capacity, sizeof(*counts));
    if (counts)
        r->counts = counts;
    uint32_t *tree = reallocarray(r->tree, capacity, sizeof(*tree));
    if (tree)
        r->tree = tree;
    if (!blocks || !counts || !tree)
        return E_NOMEM;
    r->capacity = capacity;
    return OK;
}

/* How many values stand in the first n blocks. */
static size_t sum_of(const struct ranking *r, size_t n)
{
    size_t sum = 0;
    for (; n > 0; n &= n - 1)
        sum += r->tree[n - 1];
    return sum;
}

static void count_one(struct ranking *r, size_t block)
{
    r->counts[block]++;
    for (size_t i = block; i < r->n_blocks; i |= i + 1)
        r->tree[i]++;
}

static void sum_again(struct ranking *r)
{
    for (size_t i = 0; i < r->n_blocks; i++)
        r->tree[i] = r->counts[i];
    for (size_t i = 0; i < r->n_blocks; i++)
        if ((i | (i + 1)) < r->n_blocks)
            r->tree[i | (i + 1)] += r->tree[i];
}

/* Each addition splits one block at most. */
enum code ranking_reserve(struct ranking *r, size_t more)
{
    size_t room = r->n_blocks ? RANKING_BLOCK / 2 : 0;
    size_t splits = more > room ? more : 1, need = r->n_blocks + splits;
    if (need < splits || grow(r, need) != OK)
        return E_NOMEM;
    for (; r->n_allocated < need; r->n_allocated++) {
        double *block = reallocarray(NULL, RANKING_BLOCK, sizeof(*block));
        if (!block)
            return E_NOMEM;
        r->blocks[r->n_allocated] = block;
    }
    return OK;
}

/* The block that a value belongs into: the last that begins with less, else the first. */
static size_t block_of(const struct ranking *r, double value)
{
    size_t lo = 0, hi = r->n_blocks;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (r->blocks[middle][0] < value)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo > 0 ? lo - 1 : 0;
}

static size_t place_in(const double *v, size_t n, double value)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (v[middle] < value)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

size_t ranking_better(const struct ranking *r, double value)
{
    if (isnan(value) || r->n == 0)
        return r->n;
    size_t block = block_of(r, value);
    return sum_of(r, block) + place_in(r->blocks[block], r->counts[block], value);
}

/* The upper half moves into a spare block behind it. */
static void split(struct ranking *r, size_t at)
{
    double *new = r->blocks[r->n_blocks];
    uint32_t half = r->counts[at] / 2;
    memmove(r->blocks + at + 2, r->blocks + at + 1, (r->n_blocks - at - 1) * sizeof(double *));
    memmove(r->counts + at + 2, r->counts + at + 1, (r->n_blocks - at - 1) * sizeof(*r->counts));
    memcpy(new, r->blocks[at] + half, (r->counts[at] - half) * sizeof(*new));
    r->blocks[at + 1] = new;
    r->counts[at + 1] = r->counts[at] - half;
    r->counts[at] = half;
    r->n_blocks++;
    sum_again(r);
}

enum code ranking_add(struct ranking *r, double value)
{
    if (isnan(value)) {
        r->n_missing++;
        return OK;
    }
    if (r->n_allocated == r->n_blocks && ranking_reserve(r, 1) != OK)
        return E_NOMEM;
    if (r->n_blocks == 0) {
        r->counts[0] = r->tree[0] = 0;
        r->n_blocks = 1;
    }
    size_t block = r->n > 0 ? block_of(r, value) : 0;
    if (r->counts[block] == RANKING_BLOCK) {
        split(r, block);
        block += r->blocks[block + 1][0] < value;
    }
    double *v = r->blocks[block];
    size_t at = place_in(v, r->counts[block], value);
    memmove(v + at + 1, v + at, (r->counts[block] - at) * sizeof(*v));
    v[at] = value;
    count_one(r, block);
    r->n++;
    return OK;
}

size_t ranking_size(const struct ranking *r)
{
    return r->n + r->n_missing;
}

double ranking_at(const struct ranking *r, size_t i)
{
    size_t block = 0;
    while (i >= r->counts[block])
        i -= r->counts[block++];
    return r->blocks[block][i];
}

double ranking_median(const struct ranking *r)
{
    size_t size = ranking_size(r), high = size / 2, low = size % 2 ? high : high - 1;
    if (size == 0 || high >= r->n)
        return (double)NAN;
    double a = ranking_at(r, low), b = ranking_at(r, high);
    return low == high ? a : a / 2 + b / 2;
}
