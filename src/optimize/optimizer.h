/*
 * Ask and tell: a search whose trials somebody else runs.
 *
 * The searcher with all that it needs beside it when there is no scheduler: the journal in memory,
 * what became of each trial, which is best, saving and loading. `trawl optimize` and libtrawl stand
 * on it. No I/O but for optimizer_save and optimizer_load.
 *
 * Threads: every function but new and free may be called by several threads at once. A tell or a
 * report does not wait for an ask that works on a suggestion.
 *
 * Invariants:
 *  1. Whatever was decided is in the journal before the call that decided it returns.
 *  2. An input that is refused has changed nothing, but where memory ran out: then every later call
 *     is refused with E_NOMEM, and what was saved before is good.
 *  3. Loading what was saved gives an optimizer that goes on as the saved one would have: the same
 *     suggestions for the same inputs, with the same build and processor type.
 */
#ifndef OPTIMIZE_OPTIMIZER_H
#define OPTIMIZE_OPTIMIZER_H

#include "base/clock.h"
#include "conf/settings.h"

enum { ASK_MAX = 10000, TOLD_METRICS_MAX = 1000 };

struct optimizer;

/* Takes the settings over, unless it fails. `seed` counts where they have none; `clock` ends the
 * search where they limit its time, which counts from here. effort.parallel 0 is 1. search.cost is
 * not counted. */
enum code optimizer_new(struct optimizer **ret, struct settings *settings, uint64_t seed,
                        struct clock clock, struct error *e) must_check;
void optimizer_free(struct optimizer *o);

/* The next trial, or one that was paused and goes on, in `a`, as searcher_ask has it; one that a
 * trial with a parent replaces has ended by that, and is not to be told of. ASK_DONE too
 * when the settings' trials, time or steps are used up. */
enum code optimizer_ask(struct optimizer *o, struct arena *a, struct proposal *ret,
                        struct error *e) must_check;

struct metric_value {
    struct str name;
    double value; /* NaN and infinities count as worst */
};

/* How a trial, or a piece of evidence, came out. */
struct telling {
    bool has_outcome; /* else it completed, or, where it had been told to stop, stopped */
    enum outcome outcome;
    bool has_step; /* else the last one reported; of a trial that completed, its whole budget */
    int64_t step;
    size_t n_values; /* 0: in `metrics`; else one for each objective */
    const double *values;
    size_t n_metrics;
    const struct metric_value *metrics;
};

/* The trial ended. Without values its last report counts; one that failed or is infeasible has
 * none. E_NOT_FOUND: no such trial; E_STATE: told before; E_INVALID says what is missing. */
enum code optimizer_tell(struct optimizer *o, int64_t trial, const struct telling *t,
                         struct error *e) must_check;
/* The value at a step; steps ascend. Of several objectives the first one counts. A trial that is
 * told to pause, or that is told of at the end of a budget short of the largest, may be asked for
 * again with a larger budget; until then it takes neither report nor value (E_STATE). */
enum code optimizer_report(struct optimizer *o, int64_t trial, int64_t step, double value,
                           enum decision *ret, struct error *e) must_check;
/* A result from elsewhere; before the first ask. It is not counted and never the best. */
enum code optimizer_observe(struct optimizer *o, const struct config *config,
                            const struct telling *t, struct error *e) must_check;

/* A trial that ended with a value, or is paused with one. */
struct best {
    int64_t trial, seed, step; /* step -1: none */
    bool baseline;
    struct config config;
    const double *values; /* one for each objective: as told, or of replicates the mean */
};
/* The best of what meets the requirements, into `a`: highest step reached (but where
 * trials have steps of their own), completed before stopped, better value, lower number. Of several
 * objectives all that no other one dominates, in the order of the first objective. E_NOT_FOUND:
 * there is none yet. */
enum code optimizer_best(struct optimizer *o, struct arena *a, const struct best **ret,
                         size_t *ret_n, struct error *e) must_check;

/* From now on so many trials in all but the baseline; 0: no limit. */
enum code optimizer_set_trials(struct optimizer *o, int64_t trials, struct error *e) must_check;

/* Everything, as text; appended. A trial that is running is running still when it is read. */
enum code optimizer_write(struct optimizer *o, struct buf *b, struct error *e) must_check;
/* E_CORRUPT with what is wrong where the text is not whole; E_VERSION where a newer trawl wrote it.
 * `name` is what messages call it. The search's time counts anew. */
enum code optimizer_read(struct optimizer **ret, struct str text, const char *name,
                         struct clock clock, struct error *e) must_check;
/* The same to a file, which is replaced whole, and from one. */
enum code optimizer_save(struct optimizer *o, const char *path, struct error *e) must_check;
enum code optimizer_load(struct optimizer **ret, const char *path, struct clock clock,
                         struct error *e) must_check;

/* Borrowed for its life; never changes. */
const struct settings *optimizer_settings(const struct optimizer *o);
struct optimizer_status {
    int64_t asked, pending, completed, stopped, failed, infeasible, cancelled, evidence;
    bool done; /* ask said that nothing will ever be started again */
    uint64_t seed;
    const struct method *method; /* as resolved; borrowed */
};
void optimizer_status(struct optimizer *o, struct optimizer_status *ret);

/* One line of JSON in, one line with its end out: see talk.c. Appends to `answer`; what is wrong
 * with the line is in the answer. E_NOMEM only. */
enum { SESSION_LINE_MAX = 1 << 20 };
enum code optimizer_talk(struct optimizer *o, struct str line, struct buf *answer) must_check;

#endif
