/* The normal distribution and small-sample statistics. */
#ifndef BASE_STATS_H
#define BASE_STATS_H

#include <stddef.h>

double normal_cdf(double x);
double normal_quantile(double p); /* p in (0,1); Wichura's AS 241, full double precision */
/* Median of n values (n > 0); reorders them. NaN counts as larger than everything. */
double stats_median(double *x, size_t n);

#endif
