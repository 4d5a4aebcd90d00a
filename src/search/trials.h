/*
 * What the searcher remembers of its trials: a table by trial number, the configurations, and which
 * of those were proposed before.
 *
 * Trials are only ever added. A configuration is copied in and stays where it is until the end.
 */
#ifndef SEARCH_TRIALS_H
#define SEARCH_TRIALS_H

#include "search/sampler.h"

struct trial {
    int64_t steps;              /* its budget; 0: none */
    int64_t last_step;          /* of the last report taken; -1: none yet */
    int64_t asked_at, ended_at; /* entries of the journal; ended_at 0: it has not ended */
    int64_t seed;
    int64_t parent, from; /* whose checkpoint it began with, of which step; 0: nobody's */
    int64_t kept;         /* the step at which it went on and left its checkpoint; 0: none */
    uint64_t lineage;     /* of all values that it is trained with */
    double *room;         /* for its result, until it has one */
    enum outcome outcome; /* once it ended */
    struct measurement *measured; /* by step, ascending */
    uint32_t n_measured, measured_capacity;
    bool baseline, ended;
    bool stopping; /* was told to stop, and hasn't ended yet */
    bool paused;   /* was told to pause, at last_step */
    bool replaced; /* another one took its place */
};

struct trials {
    struct arena arena; /* the configurations and results */
    size_t n_objectives, n_requirements;
    size_t n, capacity; /* capacity: of `seen` and `ended` too, evidence included */
    size_t n_evidence, n_ended;
    struct trial *v;          /* trial number - 1 */
    struct observation *seen; /* as samplers see it: evidence, then trials */
    uint32_t *ended;          /* positions in `seen`, in the order of the ends; evidence first */
    uint64_t taken_back;
    size_t n_slots;  /* a power of two, at most half of them taken */
    uint32_t *slots; /* trial number, by hash of its configuration; 0: free */
};

/* What is to be known of a new trial. */
struct new_trial {
    const struct config *config;
    int64_t steps, seed, entry; /* entry: of the journal, that asked for it */
    int64_t seen;               /* the last entry that it was based on */
    int64_t parent, from;       /* 0: it begins with nothing */
    int origin;
    bool baseline;
};

/* What a trial, or evidence, came to: minimised values, finite or NaN. */
struct end {
    enum outcome outcome;
    int64_t step, entry;
    struct result result;
};

/* A copy of what was seen up to an entry. */
struct past {
    struct history history;
    struct observation *v;
    uint32_t *ended, *slots;
    double *values;       /* where they are not those of the trials; see past_level */
    struct curve *curves; /* by position in the history; NULL: not asked for */
};

void trials_init(struct trials *t, size_t n_objectives, size_t n_requirements);
void trials_free(struct trials *t);
/* A pending trial more; all or nothing. E_LIMIT past TRIALS_MAX. */
enum code trials_add(struct trials *t, const struct new_trial *x, struct error *e) must_check;
/* Something known from elsewhere; before the first trial. */
enum code trials_add_evidence(struct trials *t, const struct config *config, const struct end *x,
                              struct error *e) must_check;
/* Notes a value on the way. All or nothing. */
enum code trials_measure(struct trials *t, int64_t number, struct measurement m) must_check;
struct trial *trials_get(const struct trials *t, int64_t number);        /* NULL: there is none */
struct observation *trials_seen(const struct trials *t, int64_t number); /* there must be one */
bool trials_know(const struct trials *t, const struct config *config);
/* The hash of a configuration that goes on from where trial `parent` was at step `from`; 0: from
 * nothing. */
uint64_t trials_lineage(const struct trials *t, const struct config *config, int64_t parent,
                        int64_t from);
struct history trials_history(const struct trials *t); /* borrowed, until anything changes */
/* History as of an entry, which lies after the last reopening. */
enum code trials_past(const struct trials *t, int64_t entry, struct past *ret,
                      struct error *e) must_check;
/* Makes values of different steps comparable, for searches that stop or pause trials at rungs
 * (ascending steps): all are seen at one level, the highest rung with at least `enough` results.
 * Who got there has the value it had there, though it may run on. Who ended or waits below comes
 * behind, those that got farther first, then by value, spaced as the values at the level are
 * (Falkner et al. 2018 model the highest level with enough results; the order below it is ours). */
enum code past_level(const struct trials *t, struct past *p, int64_t entry, const int64_t *rungs,
                     size_t n_rungs, size_t enough, struct error *e) must_check;
/* Adds the curves up to the same entry, which lies after the last ask and the last end of a paused
 * trial. */
enum code past_curves(const struct trials *t, struct past *p, int64_t entry,
                      struct error *e) must_check;
void past_free(struct past *p);
void trials_end(struct trials *t, int64_t number, const struct end *x);
/* The last one was not added after all. */
void trials_take_back(struct trials *t);
/* Where a result goes; NULL: out of memory. A trial that comes back to life needs a new one: copies
 * of the past may still show the old. */
double *trials_room(struct trials *t) must_check;
void trials_reopen(struct trials *t, int64_t number, double *room);
/* A trial that pauses is seen as ended, until it goes on. */
void trials_pause(struct trials *t, int64_t number, const struct end *x);
void trials_go_on(struct trials *t, int64_t number, int64_t steps, double *room);

#endif
