/*
 * Outputs as a Gaussian process likes them.
 *
 * The better half keeps its shape: what is near the best decides. The worse half, where values may
 * be anything (diverged runs, penalties), is replaced by normal quantiles of its ranks, on the
 * scale of the better half, so that it only says "worse, in this order" (the half-rank warping of
 * Song et al. 2024, "The Vizier Gaussian process bandit algorithm", arXiv 2408.11527). Then all are
 * standardised.
 */
#ifndef MODEL_OUTPUT_H
#define MODEL_OUTPUT_H

#include "base/arena.h"

#include <stdbool.h>

/* y: n finite values, smaller is better; any size up to the largest double. ret: mean 0, standard
 * deviation 1 (all 0 where all are equal). half: with the worse half by rank, else standardised
 * only. Room for sorting comes from `a`: E_NOMEM. */
enum code output_transform(struct arena *a, size_t n, const double *y, bool half,
                           double *ret) must_check;

#endif
