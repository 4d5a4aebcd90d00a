/*
 * How a simulated cluster behaves: how long things take, and what goes wrong.
 *
 * All that is drawn depends on (seed, trial, number of the attempt): so one method's luck is
 * another's where they ask for the same, and nothing depends on what happened at the same time.
 */
#ifndef EXEC_SIM_CLUSTER_H
#define EXEC_SIM_CLUSTER_H

#include "exec/sim/amount.h"
#include "exec/sim/objective.h"

enum { SPREADS_MAX = 8 };

struct cluster {
    uint64_t seed;
    struct amount step_time; /* seconds */
    struct amount start_up;  /* seconds before an attempt's first step */
    size_t n_spreads;
    struct amount spreads[SPREADS_MAX]; /* factors of an attempt's step time */
    double drops; /* in [0, 1): the probability that an attempt is killed within a second of its
                     life: it lives for an exponentially distributed time */
    struct objective objective;
};

/* Borrows the cluster. */
struct sim_model cluster_model(struct cluster *c);

#endif
