/*
 * A simulated cluster: an executor on a virtual clock, without threads and without programs.
 *
 * Each attempt has one event to come: its start, its next report, its end. They wait in a heap by
 * time, and of one time in the order in which they were planned; sim_turn moves the clock to the
 * next one and tells the listener. What a program reports and how long it takes is a model's to
 * say, which is a function of what it is given: so a simulation depends on its settings alone.
 *
 * A program trains from the step its trial's checkpoint holds (or, from_scratch, from 0), which may
 * be a copy of another trial's, a whole step at a time; it reports at every `report_every`-th step,
 * at those that the searcher wants, and at its last. Where the searcher wants a report it waits for
 * the answer. What was trained when an attempt ends, whatever the reason, is in the checkpoint; a
 * step that was not finished is lost.
 *
 *   start --> started --> report ... report --> exit --(acknowledged)--> gone
 *                |           |
 *                +-----------+--> dropped, or told to end: exit
 *
 * Invariants: those of exec/executor.h. The clock moves inside sim_turn alone, and never past
 * anything that was planned; whoever moves it otherwise stays before sim_next.
 */
#ifndef EXEC_SIM_SIM_H
#define EXEC_SIM_SIM_H

#include "base/clock.h"
#include "exec/executor.h"

/* An attempt, to a model. */
struct sim_attempt {
    int64_t trial, seed;
    int number; /* of the attempt within its trial */
    const struct config *config;
    int64_t steps;  /* to train up to; 0: the search has no steps, and it trains one */
    int64_t from;   /* the step it begins at */
    int64_t parent; /* whose checkpoint it begins with, as it was at `from`; 0: its own, if any */
};

/* How it will go, in seconds; and whatever the model wants to find again when it reports. */
struct sim_course {
    double start_up;  /* before its first step */
    double step;      /* a step takes so long; 0 is possible */
    double drop;      /* it is killed after so long; infinity: it isn't */
    bool sparse;      /* it reports at the steps of report_every and at its last alone, not where
                         the searcher wants it */
    bool never_asks;  /* it waits for no answer, and told to stop or pause it first reports once
                         more */
    bool infeasible;  /* it says so when it has started up */
    int64_t ends;     /* its program has no more steps than this; 0: it has */
    int fails;        /* it exits with this status after those steps; 0: it doesn't fail */
    double limits[4]; /* the model's own */
    const void *kept;
};

struct sim_model {
    void *self;
    /* An error ends the simulation. *ret is zeroed, but for drop, before. */
    enum code (*begin)(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e);
    double (*value)(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step);
};

/* What happened so far. */
struct sim_totals {
    int64_t events; /* that the listener was told of, `gone` among them */
    int64_t attempts, drops;
    int64_t steps; /* trained, those that were trained again included */
    int64_t again; /* of them, those that the trial had trained before */
    int64_t busy_ns;
};

/* Told of each report, before the listener is. */
struct sim_watch {
    void *self;
    void (*report)(void *self, const struct sim_attempt *a, int64_t step, double value);
};

struct sim_options {
    struct virtual_clock *clock; /* borrowed, and moved */
    struct str metric;           /* that is reported; borrowed */
    int64_t report_every;        /* at least 1 */
    bool from_scratch;           /* nothing is kept from attempt to attempt */
    struct sim_model model;
    struct sim_watch watch; /* report NULL: nobody */
};

enum code sim_executor_new(const struct sim_options *o, const struct executor_listener *listener,
                           struct executor **ret, struct error *e) must_check;
/* When something happens next; INT64_MAX: nothing does. */
int64_t sim_next(const struct executor *x);
/* Moves the clock to sim_next, lets happen what is due, and tells the listener that it settled. The
 * model's error, if it had one. */
enum code sim_turn(struct executor *x, struct error *e) must_check;
struct sim_totals sim_totals(const struct executor *x);
/* The attempts' time up to now, those that still run included. */
int64_t sim_busy(const struct executor *x);

#endif
