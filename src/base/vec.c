/*
 * Which kernels run: chosen by the processor on first use, and kept. Threads that come at once
 * choose the same, so that it does not matter whose choice is kept.
 */
#include "base/vec.h"
#include "base/vec_internal.h"

#include <string.h>

struct isa {
    const char *name;
    const struct vec_kernels *vec;
    const struct linalg_kernels *linalg;
};

#if defined(__x86_64__)
enum { ISA_COUNT = 3 };
static const struct isa isas[ISA_COUNT] = {
    {"sse2", &vec_kernels_plain, &linalg_kernels_plain},
    {"avx2", &vec_kernels_avx2, &linalg_kernels_avx2},
    {"avx512", &vec_kernels_avx512, &linalg_kernels_avx512},
};

/* How many of them the processor has, in order. The operating system's consent is part of it. */
static size_t available(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2"))
        return 1;
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
    return wide ? 3 : 2;
}
#else
enum { ISA_COUNT = 1 };
static const struct isa isas[ISA_COUNT] = {
    {"plain", &vec_kernels_plain, &linalg_kernels_plain},
};

static size_t available(void)
{
    return 1;
}
#endif

static const struct isa *chosen; /* atomic; NULL: not asked yet */

static const struct isa *choose(void)
{
    const struct isa *best = &isas[available() - 1];
    __atomic_store_n(&chosen, best, __ATOMIC_RELEASE);
    return best;
}

static const struct isa *current(void)
{
    const struct isa *isa = __atomic_load_n(&chosen, __ATOMIC_ACQUIRE);
    return isa ? isa : choose();
}

const struct vec_kernels *vec_kernels(void)
{
    return current()->vec;
}

const struct linalg_kernels *linalg_kernels(void)
{
    return current()->linalg;
}

const char *vec_isa(void)
{
    return current()->name;
}

bool vec_force(const char *isa)
{
    if (!isa) {
        choose();
        return true;
    }
    for (size_t i = 0; i < available(); i++)
        if (strcmp(isas[i].name, isa) == 0) {
            __atomic_store_n(&chosen, &isas[i], __ATOMIC_RELEASE);
            return true;
        }
    return false;
}

double vec_sum(size_t n, const double *x)
{
    return vec_kernels()->sum(n, x);
}

double vec_dot(size_t n, const double *a, const double *b)
{
    return vec_kernels()->dot(n, a, b);
}

void vec_axpy(size_t n, double alpha, const double *x, double *y)
{
    vec_kernels()->axpy(n, alpha, x, y);
}

void vec_scale(size_t n, double alpha, double *x)
{
    vec_kernels()->scale(n, alpha, x);
}

void vec_rotate(size_t n, double c, double s, double *x, double *y)
{
    vec_kernels()->rotate(n, c, s, x, y);
}

void vec_exp(size_t n, const double *x, double *ret)
{
    vec_kernels()->exp(n, x, ret);
}

void vec_log(size_t n, const double *x, double *ret)
{
    vec_kernels()->log(n, x, ret);
}

void vec_log1p(size_t n, const double *x, double *ret)
{
    vec_kernels()->log1p(n, x, ret);
}

double vec_log_sum_exp(size_t n, const double *x)
{
    return vec_kernels()->log_sum_exp(n, x);
}

void vec_erfcx(size_t n, const double *x, double *ret)
{
    vec_kernels()->erfcx(n, x, ret);
}

void vec_normal_cdf(size_t n, const double *x, double *ret)
{
    vec_kernels()->normal_cdf(n, x, ret);
}

void vec_log_normal_cdf(size_t n, const double *x, double *ret)
{
    vec_kernels()->log_normal_cdf(n, x, ret);
}

void vec_log_normal_mass(size_t n, const double *a, const double *b, double *ret)
{
    vec_kernels()->log_normal_mass(n, a, b, ret);
}

void vec_log_h(size_t n, const double *u, double *ret, double *ret_slope)
{
    vec_kernels()->log_h(n, u, ret, ret_slope);
}

void vec_distances(size_t n, size_t d, const double *weight, const double *x,
                   const double *const *column, double *ret)
{
    vec_kernels()->distances(n, d, weight, x, column, ret);
}

void vec_dot_squares(size_t n, size_t d, const double *g, const double *x,
                     const double *const *column, double *ret)
{
    vec_kernels()->dot_squares(n, d, g, x, column, ret);
}

void vec_matern52(size_t n, const double *s, double *ret, double *ret_slope)
{
    vec_kernels()->matern52(n, s, ret, ret_slope);
}

size_t vec_mixture_work(size_t n)
{
    return VEC_TOGETHER * n;
}

void vec_mixture(const struct vec_mixture *p, size_t m, const double *const *x, const double *more,
                 size_t ld, double *ret, double *work)
{
    vec_kernels()->mixture(p, m, x, more, ld, ret, work);
}

void vec_mixture_cell(size_t n, double lo, double hi, const double *mu, const double *rate,
                      double *y)
{
    vec_kernels()->mixture_cell(n, lo, hi, mu, rate, y);
}

void vec_mixture_match(size_t n, double x, double bonus, const double *key, double *y)
{
    vec_kernels()->mixture_match(n, x, bonus, key, y);
}
