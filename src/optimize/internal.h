/*
 * The inside of the optimizer, shared by its own files. `lock` is held wherever it is used.
 */
#ifndef OPTIMIZE_INTERNAL_H
#define OPTIMIZE_INTERNAL_H

#include "optimize/optimizer.h"
#include "search/entry.h"

#include <pthread.h>

/* What became of a trial. */
struct record {
    size_t asked;   /* where its ask begins in the journal */
    int64_t budget; /* 0: none */
    int64_t step;   /* of its last report, then of its end; -1: none */
    double value;   /* of its last report */
    int64_t from;   /* the step it began at, with another one's checkpoint; else 0 */
    uint64_t hash;  /* of its configuration, and of those it goes on from */
    double *values; /* of its end, one for each objective, where it is valued */
    double missed;  /* by how much requirements are, added up; 0: all met; infinity: unknown */
    enum outcome outcome;
    bool baseline, ended, stopping, valued;
    bool paused; /* at `step`; until it is asked for again, with a larger budget */
};

struct optimizer {
    pthread_mutex_t asking; /* taken before `lock`, by asks alone */
    pthread_mutex_t lock;
    struct settings *settings;
    struct searcher_settings search;
    struct searcher *searcher;
    struct clock clock;
    int64_t opened_ns;
    struct buf journal; /* lines, each an entry */
    struct record *trials;
    size_t n, capacity;
    struct arena results; /* their values */
    double *spare;        /* those of the next trial */
    struct arena scratch; /* of one call */
    int64_t evidence, steps_used;
    bool done;
    bool broken; /* memory ran out between a decision and its journal */
    bool met;    /* `first` is set */
    bool shared; /* more than one thread was seen */
    pthread_t first;
};

/* With everything but a searcher and a journal; the settings are its own. NULL: out of memory. */
struct optimizer *optimizer_allocate(struct settings *settings, uint64_t seed, struct clock clock);
/* Every input is between these two: the first locks, empties the scratch, and says whether there is
 * anything to go on with; the second returns the code it is given. */
enum code optimizer_enter(struct optimizer *o, struct error *e) must_check;
enum code optimizer_leave(struct optimizer *o, enum code code);
/* Writes an entry that the searcher has taken into the journal. */
enum code optimizer_keep(struct optimizer *o, const struct entry *x, struct error *e) must_check;
void optimizer_recall_trials(struct optimizer *o, int64_t trials);

/* What a telling gives the objectives and requirements; E_INVALID where an objective is missing.
 * What a requirement looks at may be: it is unknown then. */
enum code result_of(const struct settings *s, const struct telling *t, struct result *ret,
                    struct error *e) must_check;
bool outcome_has_value(enum outcome outcome);

/* Room for one trial more, so that adding it can't fail. */
enum code record_reserve(struct optimizer *o, struct error *e) must_check;
/* asked, budget, from, hash and baseline of `r`. */
void record_add(struct optimizer *o, const struct record *r);
/* A paused trial goes on. */
void record_more(struct record *r, int64_t budget);
void record_report(struct optimizer *o, struct record *r, int64_t step, double value,
                   enum decision d);
/* What it has come to so far, of one that is paused; and at its end. */
void record_result(struct optimizer *o, struct record *r, const struct exit_record *x);
void record_end(struct optimizer *o, struct record *r, const struct exit_record *x);
/* The journal's entry that asked for a trial. */
enum code record_ask(struct optimizer *o, int64_t trial, struct arena *a, struct ask_record *ret,
                     struct error *e) must_check;

#endif
