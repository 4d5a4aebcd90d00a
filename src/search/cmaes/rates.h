/*
 * How much each point of a generation counts and how fast the distribution learns, for n
 * coordinates and `lambda` points a generation (Hansen, "The CMA Evolution Strategy: A Tutorial",
 * arXiv 1604.00772: equations 49 to 58 and table 1; negative weights included).
 */
#ifndef SEARCH_CMAES_RATES_H
#define SEARCH_CMAES_RATES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct rates {
    size_t lambda, capacity;
    double n;
    double *weights; /* best to worst: the better half sums to 1, the worse is negative */
    double mu_eff;   /* how many points the better half is worth */
    double sum;      /* of all weights */
    double c_sigma, d_sigma, c_c, c_1, c_mu;
};

/* The least number of points a generation needs in n coordinates. */
size_t rates_lambda(size_t n);
/* diagonal: the covariances are not learnt, and the variances faster for it (Ros & Hansen 2008).
 * Frees nothing: *r is zeroed before its first use, and rates_free ends it. lambda >= 2, n >= 1,
 * perhaps no whole number. */
enum code rates_set(struct rates *r, double n, size_t lambda, bool diagonal) must_check;
void rates_free(struct rates *r);
/* E|N(0, I)| in n dimensions, n real and >= 0. */
double rates_chi(double n);

#endif
