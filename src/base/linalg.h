/*
 * Dense linear algebra for matrices of up to a few thousand rows, with the same bits on every
 * processor (base/vec.h).
 *
 * Matrices are row-major with ld >= columns doubles a row; no two arguments may overlap, and
 * dimensions may be 0. Each element of a factor or solution is one chain of operations, in order of
 * the inner index: so blocks leave no trace. A factor that was extended equals one made at once, a
 * right-hand side solved alone equals the same one among many, bit for bit. NaN and infinities run
 * through. Working space is on the stack: below 160 KiB.
 *
 * Blocking, packing and register tiles as in Goto & van de Geijn 2008, "Anatomy of high-performance
 * matrix multiplication"; the splitting of triangular problems in halves as in Elmroth et al. 2004.
 */
#ifndef BASE_LINALG_H
#define BASE_LINALG_H

#include "base/error.h"

#include <stddef.h>

/* Lower triangle of a (n x n) := its Cholesky factor L, a = L L'; the strict upper triangle is
 * neither read nor written. Returns n, or the first row whose pivot is not positive and finite;
 * rows from there on are then unspecified. */
size_t linalg_cholesky(size_t n, double *a, size_t ld) must_check;
/* The same where rows 0 .. k-1 of the factor are there already and rows k .. n-1 hold the matrix'.
 */
size_t linalg_cholesky_extend(size_t k, size_t n, double *a, size_t ld) must_check;

/* With a lower triangular l (n x n; its strict upper triangle is not read), b (n x m):
 * b := L^-1 b, and b := L^-T b. */
void linalg_solve_lower(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb);
void linalg_solve_lower_t(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb);
/* b (m x n) := b L^-T: L^-1 of each row, where vectors are stored by row. */
void linalg_solve_rows(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb);
void linalg_solve_lower_vector(size_t n, const double *l, size_t ld, double *b);
void linalg_solve_lower_t_vector(size_t n, const double *l, size_t ld, double *b);

/* ret (n x n, both triangles) := (L L')^-1, from the factor L. */
void linalg_cholesky_inverse(size_t n, const double *l, size_t ld, double *ret, size_t ldr);

/* c (m x n) := beta c + alpha a (m x k) b (k x n); in _t b is n x k and transposed. With beta 0 the
 * former c is not read. */
void linalg_multiply(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                     const double *b, size_t ldb, double beta, double *c, size_t ldc);
void linalg_multiply_t(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                       const double *b, size_t ldb, double beta, double *c, size_t ldc);
/* y (m) := beta y + alpha a (m x n) x. */
void linalg_multiply_vector(size_t m, size_t n, double alpha, const double *a, size_t lda,
                            const double *x, double beta, double *y);

/* Eigenvalues of the symmetric a (n x n, n >= 1; only the lower triangle is read, all of it is
 * destroyed), ascending, and eigenvectors of length 1 in the rows of ret_v: a = V' diag(w) V. Signs
 * are such that each vector's largest component (the first among equals) is positive. E_INVALID
 * where a has a NaN or an infinity; a, ret_w and ret_v are unspecified then. */
enum code linalg_eigen(size_t n, double *a, size_t ld, double *ret_w, double *ret_v,
                       size_t ldv) must_check;

#endif
