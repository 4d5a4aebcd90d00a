/* What gp.c and gp_fit.c share. */
#ifndef MODEL_GP_PARTS_H
#define MODEL_GP_PARTS_H

#include "model/gp.h"

/* Rows from .. to - 1 of the lower triangle of the covariances, `diagonal` on it, and (where
 * ret_slope is not NULL) of their derivatives by squared distance. `row` is room for one row. */
void gp_covariances(const struct kernel *k, const struct points *x, double diagonal, size_t from,
                    size_t to, double *ret, size_t ld, double *ret_slope, double *row);

/* Adds the rows' own noise to the diagonal of rows from .. to - 1. */
void gp_add_extra(const struct gp *g, size_t from, size_t to, double *covariance, size_t ld);

/* The rows that were taken in, as the kernel is to see them. */
static inline const struct points *gp_seen(const struct gp *g)
{
    return g->warp ? &g->warped : g->x;
}

/* The first hyperparameter of the warp. */
static inline size_t gp_warp_first(const struct gp *g)
{
    return g->encoding->n_groups + 2;
}

#endif
