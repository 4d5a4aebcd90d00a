/* The normal distribution and small-sample statistics. */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stddef.h>

double normal_cdf(double x);
double normal_quantile(double p); /* p in (0,1); Wichura's AS 241, full double precision */
/* Student's t with `df` degrees of freedom, at least 1; p in (0,1). Exact for one and two, else by
 * Abramowitz & Stegun 26.7.5, within 0.2 % for p from .025 to .975, 1 % from .005 to .995. */
double student_quantile(double p, size_t df);
/* Median of n values (n > 0); reorders them. NaN counts as larger than everything. */
double stats_median(double *x, size_t n);

#endif
