/*
 * xoshiro256**, seeded by SplitMix64.
 */
#include "base/rng.h"

#include "base/stats.h"

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators". */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
    /* splitmix64 is a bijection of its state: under one seed, no two streams begin alike. */
    uint64_t state = seed;
    state = splitmix64(&state) + stream;
    state = splitmix64(&state);
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix64(&state);
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double rng_unit(struct rng *r)
{
    return (double)(rng_u64(r) >> 11) * 0x1p-53;
}

/* Lemire 2019, "Fast random integer generation in an interval", algorithm 5. */
uint64_t rng_below(struct rng *r, uint64_t bound)
{
    unsigned __int128 product = (unsigned __int128)rng_u64(r) * bound;
    if ((uint64_t)product < bound) {
        uint64_t threshold = -bound % bound;
        while ((uint64_t)product < threshold)
            product = (unsigned __int128)rng_u64(r) * bound;
    }
    return (uint64_t)(product >> 64);
}

double rng_normal(struct rng *r)
{
    /* The middle of one of 2^52 equal cells: never 0 and, the sum being exact, never 1. */
    return normal_quantile(((double)(rng_u64(r) >> 12) + 0.5) * 0x1p-52);
}
