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

/* Times that were measured, in seconds: each trial takes one of them. Few say little of what is to
 * come, so all of a run are off by a factor of their own, exp(sd T), T of Student's t with n - 1
 * degrees of freedom (n = 1: normal), within its central 95 %; seeds that follow one another spread
 * evenly over it. */
struct measured_time {
    double step, start; /* start: an attempt's, before its first step */
};
struct measured_times {
    size_t n; /* 0: none */
    const struct measured_time *v;
    double sd;
};

struct cluster {
    uint64_t seed;
    struct amount step_time;        /* seconds */
    struct measured_times measured; /* in place of step_time and start_up */
    struct amount start_up;         /* seconds before an attempt's first step */
    size_t n_spreads;
    struct amount spreads[SPREADS_MAX]; /* factors of an attempt's step time */
    double drops; /* in [0, 1): the probability that an attempt is killed within a second of its
                     life: it lives for an exponentially distributed time */
    struct objective objective;
};

/* Borrows the cluster. */
struct sim_model cluster_model(struct cluster *c);

#endif
