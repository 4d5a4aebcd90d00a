/*
 * A made-up cluster that drives a searcher.
 *
 * Up to `slots` trials are pending; a generator chooses which of them reports, how far it jumps,
 * what it reports, and how it ends. All inputs and entries are kept; so a searcher rebuilt from a
 * prefix of the entries can be given the rest of the inputs, and must write the rest of the
 * entries, byte for byte. Everything that the searcher answers on the way is checked.
 */
#ifndef TESTS_SEARCH_CLUSTER_H
#define TESTS_SEARCH_CLUSTER_H

#include "base/rng.h"
#include "fixture.h"

enum mood {
    MIXED,
    ALL_EQUAL,
    ALL_FAILED,
    ALL_INFEASIBLE,
    ALL_MISSING,
    ALL_INFINITE,
    EXTREMES, /* the largest and smallest doubles, NaN, infinities */
    SILENT    /* no reports, ends without a value */
};

struct plan {
    const struct row *rows;
    const char *constraint, *sampler, *allocator;
    int64_t trials;
    int slots;
    uint64_t seed;
    enum mood mood;
    enum seed_policy seeds;
    bool with_steps, with_baseline;
};

struct input {
    enum entry_kind kind;
    bool reopen;
    int64_t trial, step;
    double value;
    enum outcome outcome;
};

struct live {
    int64_t trial, step;
    bool stopping;
};

struct run {
    const struct plan *plan;
    struct space *space;
    struct searcher_settings settings;
    struct config baseline;
    struct searcher *s;
    struct arena arena;
    struct entry *entries; /* entries[i] came of inputs[i] */
    struct input *inputs;
    size_t n, capacity;
    struct config *configs; /* by trial - 1, in the arena */
    size_t n_configs;
    struct live live[64];
    int n_live;
    struct rng rng;
};

void start_run(struct run *r, const struct plan *plan);
void end_run(struct run *r);
/* Until the searcher has nothing more to start and every trial has ended. */
void drive(struct run *r);
/* Takes the first k entries as recorded, then goes on with the inputs. */
void replay(const struct run *r, size_t k);
void recompute(const struct run *r);
void same_entry(const struct entry *a, const struct entry *b);

#endif
