/*
 * The table behind vec.h and linalg.h: one for each set of instructions, filled by vec_kernels.c
 * and linalg_kernels.c, which are compiled once for each with VEC_ISA (its name) and VEC_LANES (the
 * doubles of a vector).
 */
#ifndef BASE_VEC_INTERNAL_H
#define BASE_VEC_INTERNAL_H

#include "base/vec.h"

/* A matrix that is read: element (i, j) is p[i * row + j * column]; strides may be negative. */
struct operand {
    const double *p;
    ptrdiff_t row, column;
};

/* Points that vec_mixture takes at a time. */
#define VEC_TOGETHER 4

struct vec_kernels {
    double (*sum)(size_t, const double *);
    double (*dot)(size_t, const double *, const double *);
    void (*axpy)(size_t, double, const double *, double *);
    void (*scale)(size_t, double, double *);
    void (*rotate)(size_t, double, double, double *, double *);
    void (*exp)(size_t, const double *, double *);
    void (*log)(size_t, const double *, double *);
    void (*log1p)(size_t, const double *, double *);
    double (*log_sum_exp)(size_t, const double *);
    void (*erfcx)(size_t, const double *, double *);
    void (*normal_cdf)(size_t, const double *, double *);
    void (*log_normal_cdf)(size_t, const double *, double *);
    void (*log_normal_mass)(size_t, const double *, const double *, double *);
    void (*log_h)(size_t, const double *, double *, double *);
    void (*distances)(size_t, size_t, const double *, const double *, const double *const *,
                      double *);
    void (*dot_squares)(size_t, size_t, const double *, const double *, const double *const *,
                        double *);
    void (*matern52)(size_t, const double *, double *, double *);
    void (*mixture)(const struct vec_mixture *, size_t, const double *const *, const double *,
                    size_t, double *, double *);
    void (*mixture_cell)(size_t, double, double, const double *, const double *, double *);
    void (*mixture_match)(size_t, double, double, const double *, double *);
};

struct linalg_kernels {
    /* C (m x n) += alpha A (m x k) B (k x n), products added in order of k. lower: only what lies
     * on or below the diagonal of C is read or written. */
    void (*multiply)(size_t m, size_t n, size_t k, double alpha, struct operand a, struct operand b,
                     double *c, size_t ldc, bool lower);
    size_t (*cholesky)(size_t n, double *a, size_t ld);
    /* B := L^-1 B, B := L^-T B (n x m), and B (m x n) := B L^-T. */
    void (*solve_lower)(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb);
    void (*solve_lower_t)(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb);
    void (*solve_right)(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb);
    void (*solve_lower_vector)(size_t n, const double *l, size_t ld, double *b);
};

#define VEC_TABLES(isa)                                \
    extern const struct vec_kernels vec_kernels_##isa; \
    extern const struct linalg_kernels linalg_kernels_##isa

VEC_TABLES(plain);
#if defined(__x86_64__)
VEC_TABLES(avx2);
VEC_TABLES(avx512);
#endif

/* The tables in use. */
const struct vec_kernels *vec_kernels(void);
const struct linalg_kernels *linalg_kernels(void);

/* Of the file that is compiled for VEC_ISA: its name for the table. */
#define VEC_JOIN(a, b)   a##b
#define VEC_NAMED(a, b)  VEC_JOIN(a, b)
#define VEC_TABLE(table) VEC_NAMED(table, VEC_ISA)

#endif
