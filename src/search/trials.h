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
    int64_t steps;        /* its budget; 0: none */
    int64_t last_step;    /* of the last report taken; -1: none yet */
    uint64_t hash;        /* of its configuration */
    enum outcome outcome; /* once it ended */
    bool baseline, ended;
    bool stopping; /* was told to stop, and hasn't ended yet */
};

struct trials {
    struct arena arena; /* the configurations */
    size_t n, capacity;
    struct trial *v;          /* trial number - 1 */
    struct observation *seen; /* likewise, as samplers see it */
    size_t n_slots;           /* a power of two, at most half of them taken */
    uint32_t *slots;          /* trial number, by hash of its configuration; 0: free */
};

void trials_init(struct trials *t);
void trials_free(struct trials *t);
/* A pending trial more; all or nothing. E_LIMIT past TRIALS_MAX. */
enum code trials_add(struct trials *t, const struct config *config, int64_t steps, bool baseline,
                     struct error *e) must_check;
struct trial *trials_get(const struct trials *t, int64_t number); /* NULL: there is none */
bool trials_know(const struct trials *t, const struct config *config);
struct history trials_history(const struct trials *t);
/* value: minimised, finite or NaN. */
void trials_end(struct trials *t, int64_t number, enum outcome outcome, int64_t step, double value);
void trials_reopen(struct trials *t, int64_t number);

#endif
