/*
 * The points of a generation: trials that ended, best first, as the normal distribution sees them.
 */
#ifndef SEARCH_CMAES_GENERATION_H
#define SEARCH_CMAES_GENERATION_H

#include "search/cmaes/axes.h"
#include "search/cmaes/gaussian.h"
#include "search/history.h"

/* Places in a history's `ended`. */
struct places {
    size_t n, capacity;
    uint32_t *v;
};

enum code places_add(struct places *p, size_t place) must_check;
void places_free(struct places *p);
/* By observation_order, the older of equals first. */
void places_sort(struct places *p, const struct history *h);
const struct observation *place_of(const struct history *h, size_t place);

struct generation {
    const struct axes *axes; /* borrowed */
    size_t n, capacity;
    double *x, *unknown; /* n x axes->n, see struct gaussian_point */
    bool *active;        /* likewise */
    uint32_t *levels;    /* n x axes->n_choices */
    double *weights;     /* how each counts: >= 0, their sum is 1 */
    struct gaussian_point *moves;
    struct span *spans; /* scratch: of one point */
};

enum code generation_init(struct generation *p, const struct axes *axes) must_check;
void generation_free(struct generation *p);
enum code generation_reserve(struct generation *p, size_t n) must_check;
/* Sorts the places, and looks up what their configurations tell, given the distribution. */
enum code generation_load(struct generation *p, const struct history *h, struct places *places,
                          const struct gaussian *normal) must_check;
/* Sets the weights of what was loaded last; equals share theirs. Returns whether all are equal. */
bool generation_weigh(struct generation *p, const struct history *h, const struct places *places,
                      const struct rates *rates);
/* How many axes a point has on average; at least one. */
double generation_dims(const struct generation *p);

#endif
