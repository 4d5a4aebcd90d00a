/*
 * The normal distribution that CMA-ES moves: N(m, sigma^2 C) over n coordinates.
 *
 * Hansen, "The CMA Evolution Strategy: A Tutorial" (arXiv 1604.00772): cumulative step-size
 * adaptation, rank-one and rank-mu updates with negative weights. The tutorial's C^(-1/2) is the
 * inverse of C's Cholesky factor L here, which is a rotation of it (Krause, Arbones & Igel, NIPS
 * 2016): no eigenvectors are needed, and a coordinate can be rescaled (C := D C D, L := D L for a
 * diagonal D) without touching anything else. Three things are done by such rescaling:
 *
 * - What a point leaves open, since a coordinate was not active in it, or is known to lie in some
 *   interval only. Then x is the mean of what is possible (for an inactive one the distribution's),
 *   the variances get back what that takes from them, and the paths expect as much less. A
 *   coordinate follows sigma as far as it is known: one that nobody uses stays as it is.
 * - Margins of integers (margin.h).
 * - A standard deviation never exceeds GAUSSIAN_WIDEST of the cube.
 *
 * Points may come from elsewhere: their steps are cut to a length that the distribution would give
 * (Hansen, "Injecting external solutions into CMA-ES", arXiv 1110.4181, equation 4).
 *
 * Past GAUSSIAN_DENSE coordinates only variances are learnt (Ros & Hansen 2008).
 */
#ifndef SEARCH_CMAES_GAUSSIAN_H
#define SEARCH_CMAES_GAUSSIAN_H

#include "base/rng.h"
#include "search/cmaes/rates.h"

#include <stdint.h>

enum { GAUSSIAN_DENSE = 300 };
#define GAUSSIAN_WIDEST 1.0

struct gaussian {
    size_t n;
    bool diagonal;
    double sigma;
    double *mean;
    double *c; /* n x n, lower triangle; diagonal: n variances */
    double *l; /* its Cholesky factor; diagonal: n standard deviations */
    double *path_sigma, *path_c;
    double *path_sigma_known, *path_c_known; /* the variances that they have where nothing is
                                                selected: 1 where all is known */
    /* Of the last generation, by coordinate, weighted as the mean is: how much it was there for,
     * and how far it is known; 0 to 1. */
    double *there, *known;
    int64_t generation;
    double *work;
};

/* One point of a generation. */
struct gaussian_point {
    const double *x;
    const double *unknown; /* one a coordinate: how much of its variance is left open, 0 to 1 */
    double weight;         /* how it moves the mean: >= 0 */
    double shape;          /* how it counts for the covariances: may be negative */
    bool foreign;          /* wasn't drawn from this distribution */
};

enum code gaussian_init(struct gaussian *g, size_t n) must_check;
void gaussian_free(struct gaussian *g);
/* Starts anew: variances sd^2 in all directions (sd > 0), no paths. */
void gaussian_start(struct gaussian *g, const double *mean, double sd);
void gaussian_draw(const struct gaussian *g, struct rng *r, double *ret_x);
double gaussian_sd(const struct gaussian *g, size_t coordinate);
/* Multiplies a coordinate's standard deviation. */
void gaussian_scale(struct gaussian *g, size_t coordinate, double factor);
/* Multiplies the standard deviations of coordinates that are known in one of the points. */
void gaussian_widen(struct gaussian *g, const struct gaussian_point *points, size_t n_points,
                    double factor);
/* Learns from a generation. False, and nothing is known of *g any more, where numbers ran out. */
bool gaussian_update(struct gaussian *g, const struct rates *r, const struct gaussian_point *points,
                     size_t n_points) must_check;
/* Does a coordinate follow from others, but for a ten-millionth of its standard deviation? (Widths
 * that differ are no trouble to L: C's condition number says nothing here.) */
bool gaussian_is_flat(const struct gaussian *g);

#endif
