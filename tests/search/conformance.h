/*
 * The suite that every sampler passes unchanged: a new row in the table of samplers is tested by
 * test_conformance_*.c with no edit here.
 *
 * What is asked of a sampler is asked of it through the searcher, by made-up searches (cluster.h)
 * over spaces of every kind (spaces.h). TRAWL_SAMPLER=name in the environment runs one sampler
 * alone, TRAWL_SAMPLER="name(option=value)" with those options; each search prints its seed.
 */
#ifndef TESTS_SEARCH_CONFORMANCE_H
#define TESTS_SEARCH_CONFORMANCE_H

#include "cluster.h"
#include "spaces.h"

/* The samplers under test. */
size_t samplers_under_test(const struct sampler_kind *ret[64]);
/* `quick` of a sampler whose proposals cost microseconds, `costly` of any other. */
int64_t affordable(const struct sampler_kind *kind, int64_t quick, int64_t costly);

/* Runs one search to its end and checks it. */
void run_one(const struct plan *plan, void (*check)(const struct run *r));
/* Runs a search by every sampler, driven to its end, and checks it. A sampler that isn't instant
 * gets `costly` trials instead of plan.trials. */
void over_samplers(struct plan plan, int64_t costly, void (*check)(const struct run *r));
/* The same with each allocator; a sampler that isn't instant gets asha alone. */
void over_pairs(struct plan plan, int64_t costly, void (*check)(const struct run *r));

/* replay_until (cluster.h) to the end. */
void replay(const struct run *r, size_t k);

/* Checks. All recompute; then from the beginning and from two places in the middle the rest must
 * come out the same. With a model, of the sampler's or of the allocator's, from the middle alone:
 * recomputing has made every suggestion again, and another process, like check_every_replay, makes
 * them from the beginning (test_conformance_seeds.c, test_conformance_journal.c). */
void check_recompute(const struct run *r);
void check_replay(const struct run *r);
/* From every entry to the end. With a model to the end from a few, and from each of the others a
 * little way where the sampler is instant. */
void check_every_replay(const struct run *r);

#endif
