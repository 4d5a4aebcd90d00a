/*
 * Array kernels with the same bits on every processor.
 *
 * Each is written once over vectors of the width at hand, compiled for the baseline, AVX2 and
 * AVX-512, and chosen by what the processor says on first use. What is computed for one element
 * does not depend on its place in the array, nor on the width; sums run over sixteen lanes in a
 * fixed order; nothing is contracted to FMA; exp, log and what stands on them are polynomials of
 * our own. So results depend neither on the processor nor on libm, and a journal that stands on
 * them is recomputed elsewhere. Only a NaN's sign and payload are not promised.
 *
 * Pointers need not be aligned. Results may lie in the place of an input of the same kind (ret may
 * be x), else arrays must not overlap. n may be 0. NaN gives NaN. Errors are in units of the last
 * place (ulp) where the result is a normal number. All functions may be called from any thread.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdbool.h>
#include <stddef.h>

double vec_sum(size_t n, const double *x);
double vec_dot(size_t n, const double *a, const double *b);
void vec_axpy(size_t n, double alpha, const double *x, double *y); /* y += alpha x */
void vec_scale(size_t n, double alpha, double *x);                 /* x *= alpha */
/* (x, y) := (c x + s y, c y - s x): a plane rotation of two rows. */
void vec_rotate(size_t n, double c, double s, double *x, double *y);

void vec_exp(size_t n, const double *x, double *ret);   /* <= 1.2 ulp */
void vec_log(size_t n, const double *x, double *ret);   /* <= 1 ulp; 0 gives -inf, < 0 NaN */
void vec_log1p(size_t n, const double *x, double *ret); /* <= 2 ulp; -1 gives -inf, < -1 NaN */
/* log(sum(exp(x))), without overflow; -inf for n = 0. Terms below exp(-60) of the largest count as
 * nothing, and cost next to nothing. */
double vec_log_sum_exp(size_t n, const double *x);

/* The normal distribution: exp(x^2) erfc(x), Phi, log Phi. Relative errors below 2e-15, 2e-15 and
 * 1e-15. */
void vec_erfcx(size_t n, const double *x, double *ret);
void vec_normal_cdf(size_t n, const double *x, double *ret);
void vec_log_normal_cdf(size_t n, const double *x, double *ret);
/* log(Phi(b) - Phi(a)) for a <= b (NaN else; -inf where they are equal), in the tails and for
 * narrow cells too: the relative error of the mass is below 1e-14 plus that of the largest
 * exponent. */
void vec_log_normal_mass(size_t n, const double *a, const double *b, double *ret);
/* log h and its derivative Phi / h (NULL: not wanted), h(u) = phi(u) + u Phi(u): the logarithm of
 * expected improvement in units of the standard deviation (Ament et al. 2023, arXiv 2310.20708). No
 * cancellation anywhere: h(u) = phi(u) G(|u|) + max(u, 0), with G by one polynomial. */
void vec_log_h(size_t n, const double *u, double *ret, double *ret_slope);

/* Squared distances of the point x to n points that are stored by column:
 * ret[i] = sum over k < d of weight[k] (x[k] - column[k][i])^2. */
void vec_distances(size_t n, size_t d, const double *weight, const double *x,
                   const double *const *column, double *ret);
/* What a gradient by the weights needs: ret[k] += sum over i of g[i] (x[k] - column[k][i])^2. */
void vec_dot_squares(size_t n, size_t d, const double *g, const double *x,
                     const double *const *column, double *ret);
/* The Matern 5/2 kernel of squared distances s >= 0, (1 + r + r^2 / 3) exp(-r) with r = sqrt(5 s),
 * and its derivative by s, -5/6 (1 + r) exp(-r) (NULL: not wanted). ret and ret_slope may be s. */
void vec_matern52(size_t n, const double *s, double *ret, double *ret_slope);

/* A mixture of n products of d normal kernels (a multivariate Parzen estimator). Kernel i is
 * exp(base[i]) prod_k exp(-((x_k - mu[k][i]) rate[k][i])^2): rate is 1 / (sqrt(2) sigma), and base
 * holds the logarithms of weight and norms, log w_i - sum_k log(sqrt(2 pi) sigma_ki mass_ki); -inf
 * leaves a kernel out. Where kernels share their rates, mu and x can be multiplied by them once:
 * rate is NULL then. */
struct vec_mixture {
    size_t n, d;
    const double *base;
    const double *const *mu, *const *rate;
};
/* The mixture's log density at m points that are stored by column, x[k][j]. more (m x n with ld
 * >= n doubles a row; NULL: zeros) holds what other kinds of dimensions add to each kernel's
 * logarithm. work: vec_mixture_work(n) doubles. The density of no kernels is 0: -inf. */
size_t vec_mixture_work(size_t n);
void vec_mixture(const struct vec_mixture *p, size_t m, const double *const *x, const double *more,
                 size_t ld, double *ret, double *work);
/* A dimension of integers or steps, for `more`: y[i] += log(Phi(b_i) - Phi(a_i)) with a_i = (lo -
 * mu[i]) rate[i], b_i = (hi - mu[i]) rate[i]. Here rate is 1 / sigma. */
void vec_mixture_cell(size_t n, double lo, double hi, const double *mu, const double *rate,
                      double *y);

/* A dimension without order, for `more`: y[i] += bonus where key[i] is x. */
void vec_mixture_match(size_t n, double x, double bonus, const double *key, double *y);

/* What is used: "sse2" (where it is not x86: "plain"), "avx2" or "avx512". */
const char *vec_isa(void);
/* For tests alone, while no other thread computes: from now on use this one; NULL: the best again.
 * False, and nothing changed, where the processor has it not. */
bool vec_force(const char *isa);

#endif
