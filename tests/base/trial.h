/*
 * The shortest text of a double by trial and error, with the C library: what base/number's writer,
 * which computes it, is held against. In the C locale only.
 */
#ifndef TESTS_BASE_TRIAL_H
#define TESTS_BASE_TRIAL_H

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* x must be finite. */
static inline void shortest_by_trial(double x, char text[64])
{
    /* 15 digits survive any double that is no subnormal */
    int n = fabs(x) < DBL_MIN ? 1 : DBL_DIG;
    do
        snprintf(text, 64, "%.*e", n - 1, x);
    while (strtod(text, NULL) != x && n++ < 17);
    const char *e = strchr(text, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10);
    while (n > 1 && *--e == '0')
        n--;
    if (exponent < -4 || exponent > DBL_DIG)
        snprintf(text, 64, "%.*e", n - 1, x);
    else
        snprintf(text, 64, "%.*f", n - 1 > exponent ? n - 1 - exponent : 0, x);
}

#endif
