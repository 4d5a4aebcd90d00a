/*
 * Dense linear algebra: what stands on the kernels.
 */
#include "base/linalg.h"
#include "base/vec_internal.h"

#include <string.h>

size_t linalg_cholesky(size_t n, double *a, size_t ld)
{
    return linalg_kernels()->cholesky(n, a, ld);
}

size_t linalg_cholesky_extend(size_t k, size_t n, double *a, size_t ld)
{
    const struct linalg_kernels *kernels = linalg_kernels();
    double *below = a + k * ld;
    kernels->solve_right(k, a, ld, n - k, below, ld);
    kernels->multiply(n - k, n - k, k, -1, (struct operand){below, (ptrdiff_t)ld, 1},
                      (struct operand){below, 1, (ptrdiff_t)ld}, below + k, ld, true);
    return k + kernels->cholesky(n - k, below + k, ld);
}

void linalg_solve_lower(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    linalg_kernels()->solve_lower(n, l, ld, m, b, ldb);
}

void linalg_solve_lower_t(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    linalg_kernels()->solve_lower_t(n, l, ld, m, b, ldb);
}

void linalg_solve_rows(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    linalg_kernels()->solve_right(n, l, ld, m, b, ldb);
}

void linalg_solve_lower_vector(size_t n, const double *l, size_t ld, double *b)
{
    linalg_kernels()->solve_lower_vector(n, l, ld, b);
}

void linalg_solve_lower_t_vector(size_t n, const double *l, size_t ld, double *b)
{
    for (size_t i = n; i-- > 0;) {
        b[i] /= l[i * ld + i];
        vec_axpy(i, -b[i], l + i * ld, b);
    }
}

void linalg_multiply(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                     const double *b, size_t ldb, double beta, double *c, size_t ldc)
{
    for (size_t i = 0; i < m; i++)
        if (beta == 0)
            memset(c + i * ldc, 0, n * sizeof(*c));
        else
            vec_scale(n, beta, c + i * ldc);
    linalg_kernels()->multiply(m, n, k, alpha, (struct operand){a, (ptrdiff_t)lda, 1},
                               (struct operand){b, (ptrdiff_t)ldb, 1}, c, ldc, false);
}

void linalg_multiply_t(size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                       const double *b, size_t ldb, double beta, double *c, size_t ldc)
{
    for (size_t i = 0; i < m; i++)
        if (beta == 0)
            memset(c + i * ldc, 0, n * sizeof(*c));
        else
            vec_scale(n, beta, c + i * ldc);
    linalg_kernels()->multiply(m, n, k, alpha, (struct operand){a, (ptrdiff_t)lda, 1},
                               (struct operand){b, 1, (ptrdiff_t)ldb}, c, ldc, false);
}

void linalg_multiply_vector(size_t m, size_t n, double alpha, const double *a, size_t lda,
                            const double *x, double beta, double *y)
{
    for (size_t i = 0; i < m; i++) {
        double s = alpha * vec_dot(n, a + i * lda, x);
        y[i] = beta == 0 ? s : beta * y[i] + s;
    }
}

/* x (n x n) := L^-1: of each block of columns of the unit matrix only what lies below its top is
 * not zero. */
static void invert_lower(size_t n, const double *l, size_t ld, double *x, size_t ldx)
{
    enum { BLOCK = 64 };
    for (size_t i = 0; i < n; i++) {
        memset(x + i * ldx, 0, n * sizeof(*x));
        x[i * ldx + i] = 1;
    }
    for (size_t j = 0; j < n; j += BLOCK)
        linalg_kernels()->solve_lower(n - j, l + j * ld + j, ld, n - j < BLOCK ? n - j : BLOCK,
                                      x + j * ldx + j, ldx);
}

/* Lower triangle of x := that of X' X for a lower triangular X, in place: rows of the product from
 * the top need only rows of X that lie below. */
static void square_lower(size_t n, double *x, size_t ld)
{
    enum { BLOCK = 32 };
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t rows = n - i < BLOCK ? n - i : BLOCK, end = i + rows;
        double t[BLOCK * BLOCK];
        for (size_t r = 0; r < rows; r++)
            memcpy(t + r * BLOCK, x + (i + r) * ld + i, rows * sizeof(*x));
        for (size_t r = 0; r < rows; r++) {
            vec_scale(end, t[r * BLOCK + r], x + (i + r) * ld);
            for (size_t k = r + 1; k < rows; k++)
                vec_axpy(end, t[k * BLOCK + r], x + (i + k) * ld, x + (i + r) * ld);
        }
        const double *below = x + end * ld;
        linalg_kernels()->multiply(
            rows, end, n - end, 1, (struct operand){below + i, 1, (ptrdiff_t)ld},
            (struct operand){below, (ptrdiff_t)ld, 1}, x + i * ld, ld, false);
    }
}

void linalg_cholesky_inverse(size_t n, const double *l, size_t ld, double *ret, size_t ldr)
{
    invert_lower(n, l, ld, ret, ldr);
    square_lower(n, ret, ldr);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            ret[j * ldr + i] = ret[i * ldr + j];
}
