/*
 * How long a step takes, and an attempt's start before its first: measured as reports come, or out
 * of the store, from earlier searches of the space.
 *
 * Between two reports of an attempt there are steps alone; before its first there is also its
 * start, to which, of earlier searches, its end after the last is added. With attempts of one
 * report each the two can't be told apart, and all of it counts as steps. Where a search has no
 * steps a trial is one.
 */
#ifndef SCHED_PACE_H
#define SCHED_PACE_H

#include "conf/settings.h"
#include "store/store.h"

struct pace {
    double starts, start_steps, start_ns; /* attempts, up to their first report */
    double steps, ns;                     /* between later ones */
    double least_ns;                      /* the shortest step seen where a trial is one; else 0 */
};

/* A step takes `ns`, a start no time. */
struct pace pace_given(double step_ns);
/* Steps up to an attempt's first report; or later ones. */
void pace_start(struct pace *p, int64_t steps, int64_t ns);
void pace_more(struct pace *p, int64_t steps, int64_t ns);
/* A trial that is one step. */
void pace_whole(struct pace *p, int64_t ns);
void pace_add(struct pace *p, const struct pace *q);
bool pace_known(const struct pace *p);
double pace_step_ns(const struct pace *p);  /* 0: it is not known */
double pace_start_ns(const struct pace *p); /* 0: likewise, or it takes no time */
/* How many steps an attempt that begins now does in `ns`. A trial that is one step may be as short
 * as the shortest. */
double pace_fits(const struct pace *p, double ns);
/* Fills in what is known before a search begins: how many steps fit into its time and cost. */
void pace_effort(const struct pace *p, const struct settings *st, struct effort *effort);

/* One earlier trial, newest search first. */
struct paced_trial {
    struct trial_id id;
    struct pace pace;
    int resumed,
        restarted; /* later attempts that went on from a checkpoint, or from the beginning */
};
struct paced_trials {
    struct paced_trial *v; /* malloc */
    size_t n;
    int searches;
};
enum { PACED_TRIALS_MAX = 300 };
/* Of the space's latest completed and stopped trials that took steps as these settings have them;
 * ret_trials may be NULL. A store that is empty, or has none, gives nothing. */
enum code pace_measure(struct store *s, const struct settings *st, struct pace *ret,
                       struct paced_trials *ret_trials, struct error *e) must_check;

#endif
