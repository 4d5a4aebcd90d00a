/*
 * Warped inputs (Snoek, Swersky, Zemel & Adams 2014, "Input Warping for Bayesian Optimization of
 * Non-Stationary Functions"): each number that a parameter has on a scale of its own goes through
 * the distribution function of Kumaraswamy,
 *
 *   w(u) = 1 - (1 - u^a)^b,  a, b > 0,
 *
 * before distances are taken, so that a function which changes fast at one end of a range and
 * slowly at the other is even to a stationary kernel. (The paper's is the Beta distribution's,
 * which has no closed form.) a and b are log-normal, as in the paper and in HEBO (Cowen-Rivers et
 * al. 2022): ln a and ln b have mean 0 and standard deviation 0.5, so that a function which needs
 * no warp gets about none.
 *
 * Warped are real numbers, and integers and ordinals with levels enough to show a shape: four have
 * three gaps for a length, a and b. Choices, flags, items of subsets and pairs of permutations have
 * no scale. A row is warped as a whole: the middle that stands for an inactive parameter goes where
 * an active 1/2 goes, so that a warped row is a point of the same Euclidean space as before.
 *
 * w keeps 0 and 1 to 1e-6: there u is taken as that far inside, since slopes are infinite at the
 * ends.
 */
#ifndef MODEL_WARP_H
#define MODEL_WARP_H

#include "model/kernel.h"

#define WARP_DEVIATION 0.5
/* |ln a|, |ln b| are at most three standard deviations. */
#define WARP_MOST (3 * WARP_DEVIATION)

/* Which columns. Immutable once made. */
struct warp {
    size_t n;
    size_t *columns;
};

/* Everything is in `a`. */
enum code warp_init(struct warp *w, struct arena *a, const struct encoding *x) must_check;

/* The numbers a and b of a warp: 2 w->n, a and b of each column in turn, from their logarithms. */
void warp_shape(const struct warp *w, const double *log_shape, double *ret_shape);

/* Puts points first .. first + n - 1 of `from`, warped, into `to` from row `at` on. by_a, by_b:
 * derivatives by ln a and ln b, to->room a warped column, in that row (NULL: not asked). */
void warp_points(const struct warp *w, const double *shape, const struct points *from, size_t first,
                 size_t n, struct points *to, size_t at, double *ret_by_a, double *ret_by_b);
/* One row; ret_by_u: derivatives of the warped columns by themselves, 1 elsewhere. */
void warp_row(const struct warp *w, const double *shape, size_t n_columns, const double *row,
              double *ret_row, double *ret_by_u);

#endif
