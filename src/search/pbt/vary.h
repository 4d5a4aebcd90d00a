/*
 * What a copy's values are made of: the parent's, each moved a little or drawn anew (Jaderberg et
 * al. 2017, section 3.3: "perturb" and "resample").
 *
 * With probability `resample` a value is drawn from its prior. Otherwise
 *
 *   lognormal, loguniform, logint   times or divided by `factor`, so that up and down undo another
 *                                   (the paper's are 1.2 and 0.8)
 *   uniform, normal, int            the same part of itself up or down, but no less than that part
 *                                   of a tenth of the range (of a normal: of its standard
 *                                   deviation): a value near 0 would never leave it
 *   ordinal, int, a step            one level at least
 *   choice, flag, subset,           stays
 *   permutation
 *
 * and at the end of its range it moves the other way. A parameter that may not change in the middle
 * of a training (param.change) keeps its value; what a change switches on is drawn from its prior.
 * What the constraints refuse is made anew, and after VARY_TRIES the parent's values stay.
 */
#ifndef SEARCH_PBT_VARY_H
#define SEARCH_PBT_VARY_H

#include "base/rng.h"
#include "space/space.h"

enum { VARY_TRIES = 100 };

struct vary {
    double resample, factor;
    bool (*keeps)(const struct prior *p); /* those that are not moved here; NULL: none */
};

/* The values lie in `a`, the space and where those of `from` do. */
enum code vary_config(const struct vary *x, const struct config *from, struct arena *a,
                      struct rng *r, struct config *ret, struct error *e) must_check;

#endif
