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
    double *values; /* of its end, in `results`; NULL: it has none */
    double missed;  /* by how much requirements are, added up; 0: all met; infinity: unknown */
    enum outcome outcome;
    bool baseline, ended, stopping;
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
    struct arena results;
    struct arena scratch; /* of one call */
    int64_t evidence, steps_used;
    bool done;
    bool broken; /* memory ran out between a decision and its journal */
    bool met;    /* `first` is set */
    bool shared; /* more than one thread was seen */
    pthread_t first;
};

/* What a telling gives the objectives and requirements; E_INVALID where an objective is missing.
 * What a requirement looks at may be: it is unknown then. */
enum code result_of(const struct settings *s, const struct telling *t, struct result *ret,
                    struct error *e) must_check;

/* The journal's entry that asked for a trial. */
enum code record_ask(struct optimizer *o, int64_t trial, struct arena *a, struct ask_record *ret,
                     struct error *e) must_check;

#endif
