/*
 * Searches of made-up functions, for tests that ask whether a sampler finds something.
 */
#ifndef TESTS_SEARCH_OBJECTIVE_H
#define TESTS_SEARCH_OBJECTIVE_H

#include "fixture.h"

struct objective {
    const struct row *rows;
    const char *constraint;
    /* To be minimised. NaN: the trial fails. */
    double (*value)(const struct config *c);
};

/* What a search came to: all its trials, in the order they were asked for. */
struct found {
    struct space *space;
    struct arena arena;
    size_t n;
    struct config *configs;
    double *values;
    const char **by; /* what part of the sampler each is owed to; NULL: none */
    double best;
};

/* `parallel` trials are pending at a time; the oldest ends first. */
void search_for(const struct objective *o, const char *method, uint64_t seed, int trials,
                int parallel, struct found *ret);
void found_free(struct found *f);
/* The mean of what `seeds` searches, seeds 1, 2, ..., found best. */
double mean_best(const struct objective *o, const char *method, int trials, int seeds);
/* A parameter's value: levels by their rank. */
double number_of(const struct config *c, const char *param);

#endif
