/*
 * The inside of freeze-thaw.
 *
 *   stations   where trials pause, and which of them do    (freeze_thaw.c)
 *   curves     the model of all learning curves            (curves.c)
 *   choose     which trial goes on, or what is new         (choose.c)
 *
 * Everything of one choice lives in the arena of that choice.
 */
#ifndef SEARCH_FREEZE_THAW_INTERNAL_H
#define SEARCH_FREEZE_THAW_INTERNAL_H

#include "model/decay.h"
#include "model/gp.h"
#include "search/allocator.h"

/* The first step after `step` at which a trial pauses; of the most steps, it ends. */
int64_t station_after(const struct searcher_settings *settings, int64_t step);

/* What is known of one configuration. */
struct known {
    size_t position; /* in the history */
    int64_t step;    /* of its last value */
    int64_t steps;   /* its budget, where it is running */
    bool running;
    bool out;              /* it can't win: failed, makes no sense, or misses a requirement */
    bool waits;            /* paused, with a value to go on from */
    double mean, variance; /* of its last value to be, given everything */
    struct decay_curve curve;
    struct decay_block block;
};

/* Values are standardised, less is better; times are parts of the most steps. */
struct curves {
    const struct choice_request *q;
    struct arena *a;
    struct encoding *encoding;
    size_t n, n_seen; /* those with a value first, n_seen of them; then running ones without */
    struct known *v;
    bool any_meets; /* does any trial meet all requirements? */
    bool useful;    /* false: too little is known for what follows */
    double best;    /* of all values, but for those that can't win */
    double level;   /* about which last values lie */
    struct decay decay;
    struct gp gp; /* over configurations, of last values */
    struct gp_room room;
    struct points x;
    double *y, *extra; /* what each curve says of its last value: mean, less the level; variance */
    double *work;      /* of predictions */
    double *weighed;
    size_t n_weighed;
};

enum code curves_make(struct curves *c, struct arena *a, const struct choice_request *q,
                      struct error *e) must_check;
void curves_free(struct curves *c);
/* Mean and variance of y at t: of a curve that is known, and of n <= GP_BLOCK rows that are not. */
void curves_at(const struct curves *c, size_t i, double t, double *ret_mean, double *ret_variance);
void curves_new(struct curves *c, const struct points *x, size_t first, size_t n, double t,
                double *ret_mean, double *ret_variance);
double curves_part(const struct curves *c, int64_t step);

enum code freeze_thaw_choose(struct arena *a, const struct choice_request *q, struct choice *ret,
                             struct error *e);

#endif
