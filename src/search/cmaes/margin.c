/* The margin of CMA-ES. */
#include "search/cmaes/margin.h"

#include "base/stats.h"

#include <math.h>

/* Both neighbours (equations 15 to 20): returns the probability of leaving the cell. */
static double keep_both(struct gaussian *g, size_t axis, struct span cell, double alpha)
{
    double sd = gaussian_sd(g, axis), half = alpha / 2;
    double low = normal_cdf((cell.lo - g->mean[axis]) / sd);
    double high = normal_cdf((g->mean[axis] - cell.hi) / sd);
    if (low >= half && high >= half)
        return low + high;
    double middle = 1 - low - high;
    double raised_low = fmax(low, half), raised_high = fmax(high, half);
    double sum = raised_low + raised_high + middle, excess = (1 - sum) / (sum - 3 * half);
    low = raised_low + excess * (raised_low - half);
    high = raised_high + excess * (raised_high - half);
    double z_low = normal_quantile(1 - low), z_high = normal_quantile(1 - high);
    g->mean[axis] = (cell.lo * z_high + cell.hi * z_low) / (z_low + z_high);
    gaussian_scale(g, axis, (cell.hi - cell.lo) / (z_low + z_high) / sd);
    return low + high;
}

/* The only one (equation 14), beyond `edge`. */
static double keep_one(struct gaussian *g, size_t axis, double edge, double alpha)
{
    double sd = gaussian_sd(g, axis), farthest = normal_quantile(1 - alpha) * sd;
    double distance = fabs(g->mean[axis] - edge);
    if (distance > farthest) {
        g->mean[axis] = g->mean[axis] > edge ? edge + farthest : edge - farthest;
        distance = farthest;
    }
    return normal_cdf(-distance / sd);
}

void margin_apply(struct gaussian *g, const struct axes *axes, double alpha, bool *ret_settled)
{
    *ret_settled = true;
    for (size_t i = 0; i < axes->n; i++) {
        const struct axis *x = &axes->v[i];
        if (x->kind != AXIS_REAL)
            g->mean[i] = fmin(fmax(g->mean[i], 0), 1);
        struct span cell = axis_cell(x, g->mean[i]);
        bool inside = x->kind == AXIS_REAL && cell.lo == x->lo && cell.hi == x->hi;
        double leaving = 0;
        if (inside)
            continue;
        if (isinf(cell.lo) || isinf(cell.hi))
            leaving = keep_one(g, i, isinf(cell.lo) ? cell.hi : cell.lo, alpha);
        else
            leaving = keep_both(g, i, cell, alpha);
        if (x->kind != AXIS_REAL && leaving > 2 * alpha)
            *ret_settled = false;
    }
}
