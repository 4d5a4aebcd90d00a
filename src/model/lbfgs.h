/*
 * Minimises a smooth function of n variables in a box: limited-memory BFGS (Nocedal 1980) on the
 * variables that are free to move, with a backtracking search along the projected path (Bertsekas
 * 1982, "Projected Newton methods for optimization problems with simple constraints").
 *
 * It needs no more than one value and gradient at a time, allocates nothing, and depends on its
 * arguments alone. A value that is NaN or infinite counts as worse than anything: the search steps
 * back from there.
 */
#ifndef MODEL_LBFGS_H
#define MODEL_LBFGS_H

#include <stddef.h>

/* The function at x (n variables, inside the box), and its gradient, which need not be set where
 * the value is not finite. */
typedef double (*lbfgs_function)(void *self, size_t n, const double *x, double *ret_gradient);

struct lbfgs_options {
    size_t memory;   /* steps remembered, >= 1; 5 to 10 are usual */
    int evaluations; /* of the function, at most; >= 1 */
    double
        gradient_tolerance; /* ends where no x_i could move by more, along -gradient in the box */
    double value_tolerance; /* ends when a step gains less than this times max(1, |value|) */
};

/* Doubles that `work` has to have. */
size_t lbfgs_work(size_t n, size_t memory);

/* x: where to start (moved into the box first; NaN becomes what is nearest to 0); afterwards the
 * best point that was seen, which lies in the box. Returns its value; INFINITY where no value was
 * finite, and then x is the start. lo <= hi; both may be infinite; where they are equal x_i does
 * not move. */
double lbfgs_minimise(size_t n, double *x, const double *lo, const double *hi, lbfgs_function f,
                      void *self, const struct lbfgs_options *o, double *work);

#endif
