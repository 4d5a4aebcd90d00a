/*
 * A made-up cluster that drives a searcher.
 *
 * Up to `slots` trials are pending; a generator chooses which of them reports, how far it jumps,
 * what it reports, and how it ends. All inputs and entries are kept; so a searcher rebuilt from a
 * prefix of the entries can be given the rest of the inputs, and must write the rest of the
 * entries, byte for byte. Everything that the searcher answers on the way is checked: values,
 * conditions, constraints, first points, no configuration twice.
 */
#ifndef TESTS_SEARCH_CLUSTER_H
#define TESTS_SEARCH_CLUSTER_H

#include "base/rng.h"
#include "fixture.h"

#include <pthread.h>

enum { SLOTS_MAX = 64, LIVE_MAX = 4096, FIRST_POINTS = 20 };

/* What trials come to. */
enum mood {
    MIXED, /* a smooth function of the configuration and noise; some fail, some are reopened */
    ALL_EQUAL,
    ALL_FAILED,
    ALL_INFEASIBLE,
    ALL_MISSING,
    ALL_INFINITE,
    EXTREMES, /* the largest and smallest doubles, NaN, infinities */
    SILENT    /* no reports, ends without a value */
};

/* Where suggestions are worked out: when they are asked for; ahead of that, a while later; ahead,
 * in a thread with a small stack. */
enum working { ON_THE_SPOT, AHEAD, AHEAD_IN_A_THREAD };

struct plan {
    const struct space *space; /* borrowed; NULL: made of rows and constraint */
    const struct row *rows;
    const char *constraint;
    const struct sampler_kind *sampler; /* of the table, or a test's own */
    const char *options; /* of the sampler, as "(a=1)"; NULL: what it needs for this space */
    const char *allocator;
    int64_t trials; /* 0: until nothing is left */
    int slots;
    uint64_t seed;
    enum mood mood;
    enum seed_policy seeds;
    enum working working;
    size_t n_objectives; /* 0: one */
    size_t n_requirements, n_first, n_evidence;
    bool with_steps, with_baseline;
    bool own_steps; /* with_steps, and the space's parameter `steps`, of 1 to 27, says how many */
    /* An ask may be refused where it finds nothing that the constraints allow; the search ends
     * then. */
    bool may_be_refused;
};

enum input_kind {
    INPUT_BEGIN,
    INPUT_EVIDENCE,
    INPUT_ASK,
    INPUT_REPORT,
    INPUT_EXIT,
    INPUT_REOPEN,
    INPUT_PREPARE, /* begins to work ahead */
    INPUT_PREPARED /* hands it in */
};

struct input {
    enum input_kind kind;
    int64_t trial, step; /* of INPUT_PREPARE: the entry to be seen */
    double value;
    enum outcome outcome;
    const struct config *config; /* of evidence */
    struct result result;
    enum code code; /* what it came to; E_UNSATISFIABLE: see may_be_refused */
};

struct live {
    int64_t trial, step;
    bool stopping, paused;
};

/* A searcher at work: what is out, and in which thread. */
struct worker {
    struct preparation *out;
    bool threaded;
    pthread_t thread;
};

struct run {
    const struct plan *plan;
    struct space *own_space;
    const struct space *space;
    struct searcher_settings settings;
    struct config baseline, first[FIRST_POINTS];
    struct searcher *s;
    struct arena arena;
    struct entry *entries; /* entries[i] came of inputs[i]; seq 0: there was none */
    struct input *inputs;
    size_t n, capacity;
    int64_t seq;
    struct config *configs;     /* by trial - 1, in the arena */
    size_t n_configs, n_firsts; /* firsts: of the given points, those that are done with */
    struct live live[LIVE_MAX];
    int n_live, n_paused; /* n_paused: of the live ones */
    bool open;            /* there may be more to start */
    bool refused;
    struct worker worker;
    struct rng rng;
};

void start_run(struct run *r, const struct plan *plan);
void end_run(struct run *r);
/* Until the searcher has nothing more to start and every trial has ended. */
void drive(struct run *r);
/* Takes the first k entries as recorded, then goes on with the inputs up to the one before `end`.
 * With suggestions prepared ahead, which a restart loses, k is 0. */
void replay_until(const struct run *r, size_t k, size_t end);
/* Takes the first k as recorded, and is driven on from there by other luck; then everything is
 * recomputed. */
void go_on_otherwise(const struct run *r, size_t k);
void recompute(const struct run *r);
void same_entry(const struct entry *a, const struct entry *b);
/* Of all entries. */
uint64_t digest(const struct run *r);

/* "(a=1)" where the environment says TRAWL_SAMPLER="name(a=1)" of this sampler; else NULL. */
const char *options_given(const struct sampler_kind *kind);
/* The method's text, with what the sampler needs to fit the space, or what was given. */
void write_method(const struct plan *plan, const struct space *s, char *text, size_t size);
/* A smooth function of a configuration, another one for each i. */
double smooth(const struct config *c, size_t i);
/* A random configuration that the constraints allow. */
struct config draw_config(const struct space *s, struct arena *a, uint64_t seed, uint64_t stream);

#endif
