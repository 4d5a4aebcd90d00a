/*
 * The Matern-5/2 kernel with a length scale for each group of columns (Rasmussen & Williams 2006,
 * eq. 4.17) over rows of an encoding, and its derivatives.
 *
 *   k(x, y) = scale * (1 + t + t^2 / 3) exp(-t),  t = sqrt(5 r),  r = sum over columns of w_c
 * d_c(x, y)
 *
 * d is (x - y)^2 of numbers and 0, 1/2 or 1 of categories; w_c is the column's share / length^2.
 */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include "model/encoding.h"

/* Rows, kept by column: column c of row i is v[c * room + i]. */
struct points {
    size_t n, room, n_columns;
    double *v;
};

/* In `a`, none yet. */
enum code points_init(struct points *p, struct arena *a, size_t n_columns, size_t room) must_check;
void points_set(struct points *p, size_t i, const double *row);
void points_add(struct points *p, const double *row); /* n < room */
void points_get(const struct points *p, size_t i, double *ret_row);

struct kernel {
    const struct encoding *encoding;
    double *weights; /* w_c, by column */
    double scale;
    /* What the loops want: the number columns and the categories apart. */
    size_t n_numbers, n_categories;
    size_t *numbers, *categories; /* which columns */
    double *number_weights;       /* their weights */
    double *room;                 /* two numbers a number column */
    const double **at;            /* a pointer a number column */
};

/* In `a`; weights 0 until kernel_set. */
enum code kernel_init(struct kernel *k, struct arena *a, const struct encoding *x) must_check;
/* From the logarithms of lengths (one a group) and of the variance. */
void kernel_set(struct kernel *k, const double *log_lengths, double log_scale);

/* r of `row` to the points first .. first + n - 1. */
void kernel_distances(const struct kernel *k, const double *row, const struct points *p,
                      size_t first, size_t n, double *ret_r);
/* k of each r (ret may be r), and, where ret_slope is not NULL, its derivative by r. */
void kernel_values(const struct kernel *k, size_t n, const double *r, double *ret,
                   double *ret_slope);
/* sums[c] += sum over points first .. first + n - 1 of g_j d_c(row, point j). */
void kernel_add_differences(const struct kernel *k, const double *row, const struct points *p,
                            size_t first, size_t n, const double *g, double *sums);

#endif
