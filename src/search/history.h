/*
 * What samplers see of a search: every trial, and what is known from elsewhere, up to some entry of
 * the journal.
 */
#ifndef SEARCH_HISTORY_H
#define SEARCH_HISTORY_H

#include "space/space.h"

/* A value of the first objective on the way, minimised: NaN: none. */
struct measurement {
    int64_t entry, step;
    double value;
};

/* How a trial has gone so far. */
struct curve {
    const struct measurement *v; /* by step, ascending */
    size_t n;
    int64_t steps; /* its budget */
    bool paused, running;
};

/* One trial, or one piece of evidence from before the search. */
struct observation {
    const struct config *config;
    uint64_t hash;        /* of config */
    double value;         /* values[0] */
    const double *values; /* one an objective: minimised, finite, or NaN: none (pending, failed,
                             nothing but NaN and infinities) */
    const double *excess; /* one a requirement: missed by that part of its bound; > 0 is violated;
                             NaN: unknown */
    int64_t step;
    size_t known; /* how many had ended, evidence included, in what its proposal was based on */
    int origin;   /* index into the sampler's `origins`; -1: not the sampler's (baseline, first
                     points, evidence), or it has none */
    bool pending, failed, infeasible, baseline;
    bool evidence; /* given, not run: no trial of this search */
};

struct history {
    size_t n;
    const struct observation *v; /* evidence, then trials in the order they were asked for */
    size_t n_evidence;
    size_t n_ended;
    const uint32_t *ended; /* positions in v of what has ended, in the order in which it did;
                              evidence first */
    uint64_t taken_back;   /* how often an end was undone: whoever keeps sums over `ended` starts
                              anew when it changed; else v and ended only grow */
    size_t n_objectives, n_requirements;
    const uint32_t *slots; /* the configurations proposed so far; see history_knows */
    size_t n_slots;
};

/* Was it proposed before, as a trial of this search? Evidence doesn't count. */
bool history_knows(const struct history *h, const struct config *c);

/* Are all requirements met, as far as is known? */
bool observation_meets(const struct history *h, const struct observation *o);
/* By how much requirements are violated, added up; 0: met; infinity where one is unknown. */
double observation_excess(const struct history *h, const struct observation *o);
/* Better to worse (Deb 2000): requirements met, by value; then violated, by how much; then without
 * a value, failed, infeasible. For one objective. < 0: a is better; 0: neither. */
int observation_order(const struct history *h, const struct observation *a,
                      const struct observation *b);

#endif
