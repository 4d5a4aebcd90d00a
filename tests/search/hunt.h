/*
 * A search for the minimum of a function, through the searcher.
 *
 * Up to `slots` trials run at a time and take differently long; which one ends next is drawn from
 * the seed.
 */
#ifndef TESTS_SEARCH_HUNT_H
#define TESTS_SEARCH_HUNT_H

#include "fixture.h"

struct hunt {
    const struct row *rows;
    const char *constraint, *method;
    int64_t trials;
    int slots; /* 0: one */
    uint64_t seed;
    size_t n_objectives; /* 0: one */
    /* Sets a value an objective; NaN: it failed. */
    void (*f)(const struct config *c, double *ret_values);
    double target; /* of the first objective: it ends once that is reached */
    const struct config *baseline;
    struct space *space; /* in place of rows; freed by whoever gave it */
};

struct hunted {
    double best;    /* of the first objective; infinity: nothing had a value */
    int64_t needed; /* trials until the target was reached; 0: it never was */
    size_t n;       /* trials that have values */
    double (*values)[OBJECTIVES_MAX];
    struct config *configs; /* of those, in `arena` */
    struct space *space;
    bool owns_space;
    struct arena arena;
};

struct hunted hunt(const struct hunt *h);
void hunted_free(struct hunted *x);
/* In how many of `seeds` hunts was the target reached within `trials`? Prints what each took. */
int hunts_reaching(struct hunt h, int seeds);

/* A parameter's value as a number: flags count as 0 and 1, levels as what they say. */
double value_of(const struct config *c, size_t param);

#endif
