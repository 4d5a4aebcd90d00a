/*
 * Outputs: ranks for the worse half, then standardised.
 */
#include "model/output.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* (y - centre) 2^-k for the k that makes `most`, the largest of them, less than 1. */
static double scaled(double y, double centre, double most)
{
    int exponent;
    (void)frexp(most, &exponent);
    return ldexp(y / 4 - centre / 4, -exponent);
}

static void standardise(size_t n, double *y)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        sum += y[i];
    for (size_t i = 0; i < n; i++) {
        y[i] -= sum / (double)n;
        square += y[i] * y[i];
    }
    double sd = sqrt(square / (double)n);
    for (size_t i = 0; i < n; i++)
        y[i] = sd > 1e-14 ? y[i] / sd : 0;
}

/* How many of `sorted` are less than y, and how many are not more. */
static void places(size_t n, const double *sorted, double y, size_t *ret_less, size_t *ret_most)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        if (sorted[middle] < y)
            lo = middle + 1;
        else
            hi = middle;
    }
    *ret_less = lo;
    while (lo < n && sorted[lo] <= y)
        lo++;
    *ret_most = lo;
}

/* The better half looks like half of a normal distribution, whose deviation the worse half is
 * given. */
static void rank_worse_half(size_t n, const double *y, const double *sorted, double *ret)
{
    double median = sorted[(n - 1) / 2] / 2 + sorted[n / 2] / 2;
    double most = median / 4 - sorted[0] / 4, square = 0;
    size_t better = 0;
    for (size_t i = 0; i < n; i++) {
        if (y[i] > median)
            continue;
        ret[i] = most > 0 ? scaled(y[i], median, most) : 0;
        square += ret[i] * ret[i];
        better++;
    }
    double sd = most > 0 ? sqrt(square / (double)better) : 1;
    for (size_t i = 0; i < n; i++) {
        size_t less, up_to;
        if (!(y[i] > median))
            continue;
        places(n, sorted, y[i], &less, &up_to);
        ret[i] = sd * normal_quantile((double)(less + up_to) / (2 * (double)n));
    }
}

enum code output_transform(struct arena *a, size_t n, const double *y, bool half, double *ret)
{
    double *sorted = arena_array(a, n, sizeof(*sorted));
    if (!sorted)
        return E_NOMEM;
    if (n == 0)
        return OK;
    memcpy(sorted, y, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_value);
    if (half)
        rank_worse_half(n, y, sorted, ret);
    double span = sorted[n - 1] / 4 - sorted[0] / 4;
    for (size_t i = 0; !half && i < n; i++)
        ret[i] = span > 0 ? scaled(y[i], sorted[0], span) : 0;
    standardise(n, ret);
    return OK;
}
