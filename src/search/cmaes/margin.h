/*
 * The margin: CMA-ES doesn't lose sight of the neighbours of an integer (Hamano, Saito, Nomura &
 * Shirakawa, "CMA-ES with margin", GECCO 2022, arXiv 2205.13482, section 4).
 *
 * After each generation every axis is moved and widened as far as is needed for both neighbours of
 * the mean's cell to be reached with probability alpha / 2 each, or the only one, of a cell at the
 * end, with alpha. A bound of a real number is treated like the edge of a cell at the end; but
 * while the mean of a real may lie beyond its bound, so that the bound is proposed almost always, a
 * mean never leaves the cells: out there it would wander, and hide what lies inside.
 */
#ifndef SEARCH_CMAES_MARGIN_H
#define SEARCH_CMAES_MARGIN_H

#include "search/cmaes/axes.h"
#include "search/cmaes/gaussian.h"

/* 0 < alpha < 1/2. *ret_settled: no axis of cells leaves its cell with more than twice alpha. */
void margin_apply(struct gaussian *g, const struct axes *axes, double alpha, bool *ret_settled);

#endif
