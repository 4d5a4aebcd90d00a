/*
 * Random numbers with explicit state: xoshiro256** (Blackman & Vigna 2021), seeded by SplitMix64.
 *
 * (seed, stream) name a sequence: a searcher gives each ask its own stream, so that nothing depends
 * on how many numbers another one drew. The sequences are part of the journal's contract: changing
 * one is a new engine version.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_u64(struct rng *r);
double rng_unit(struct rng *r);                    /* [0, 1), 53 bits */
uint64_t rng_below(struct rng *r, uint64_t bound); /* [0, bound), without bias; bound > 0 */
double rng_normal(struct rng *r);                  /* N(0, 1), by the inverse distribution */

#endif
