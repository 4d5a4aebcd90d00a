/*
 * Logarithms of the normal distribution for single numbers: base/vec.h's kernels, bit for bit, so
 * that a point alone is worth what it is worth among many.
 */
#ifndef MODEL_NORMAL_H
#define MODEL_NORMAL_H

#include "base/vec.h"

/* log of the density phi(u). */
static inline double log_phi(double u)
{
    return -0.5 * u * u - 0.91893853320467274;
}

/* log Phi(u), in the left tail too. */
static inline double log_ndtr(double u)
{
    double y;
    vec_log_normal_cdf(1, &u, &y);
    return y;
}

/* exp(x^2) erfc(x); infinite for x < -26.6. */
static inline double erfcx(double x)
{
    double y;
    vec_erfcx(1, &x, &y);
    return y;
}

/* log(phi(u) + u Phi(u)), the logarithm of expected improvement (Ament et al. 2023, arXiv
 * 2310.20708), and its derivative Phi(u) / h(u) (NULL: not wanted). Stable for every u. */
static inline double log_h(double u, double *ret_slope)
{
    double y;
    vec_log_h(1, &u, &y, ret_slope);
    return y;
}

#endif
