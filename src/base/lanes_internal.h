/*
 * Vectors of VEC_LANES doubles and elementary functions of them.
 *
 * GCC's vector extensions give arithmetic and comparison (a comparison's lanes are all ones or all
 * zeros); what they lack is here, with the same meaning at every width. Constants of the reductions
 * are rounded values of the numbers that they are named after; polynomials were fitted for this
 * file by Chebyshev interpolation in 60 digits.
 */
#ifndef BASE_LANES_INTERNAL_H
#define BASE_LANES_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef double lanes __attribute__((vector_size(8 * VEC_LANES)));
typedef int64_t lanes_mask __attribute__((vector_size(8 * VEC_LANES)));
typedef uint64_t lanes_bits __attribute__((vector_size(8 * VEC_LANES)));
/* The same anywhere in memory. */
typedef double lanes_at __attribute__((vector_size(8 * VEC_LANES), aligned(8), may_alias));

#define inlined static inline __attribute__((always_inline))

inlined lanes lanes_load(const double *p)
{
    return *(const lanes_at *)p;
}

inlined void lanes_store(double *p, lanes x)
{
    *(lanes_at *)p = x;
}

inlined lanes lanes_of(double x)
{
    return x - (lanes){0};
}

inlined lanes lanes_select(lanes_mask where, lanes yes, lanes no)
{
#if VEC_LANES == 4 && defined(__AVX__)
    return (lanes)_mm256_blendv_pd((__m256d)no, (__m256d)yes, (__m256d)where);
#else
    return (lanes)((where & (lanes_mask)yes) | (~where & (lanes_mask)no));
#endif
}

/* The first n (< VEC_LANES) lanes, the others `rest`; no more than n elements are touched. (Vectors
 * that are put together in memory would wait for the stores.) */
inlined lanes lanes_load_part(const double *p, size_t n, double rest)
{
#if VEC_LANES == 8 && defined(__AVX512F__)
    return (lanes)_mm512_mask_loadu_pd((__m512d)lanes_of(rest), (__mmask8)((1U << n) - 1), p);
#elif VEC_LANES == 4 && defined(__AVX__)
    lanes_mask first = (lanes_mask){0, 1, 2, 3} < (int64_t)n;
    return lanes_select(first, (lanes)_mm256_maskload_pd(p, (__m256i)first), lanes_of(rest));
#else
    lanes x = lanes_of(rest);
    for (size_t i = 0; i < n; i++)
        x[i] = p[i];
    return x;
#endif
}

inlined void lanes_store_part(double *p, size_t n, lanes x)
{
    double at[VEC_LANES];
    lanes_store(at, x);
    for (size_t i = 0; i < n; i++)
        p[i] = at[i];
}

/* Whether a comparison holds anywhere. */
inlined bool lanes_any(lanes_mask where)
{
#if VEC_LANES == 8 && defined(__AVX512DQ__)
    return _mm512_movepi64_mask((__m512i)where) != 0;
#elif VEC_LANES == 4 && defined(__AVX__)
    return _mm256_movemask_pd((__m256d)where) != 0;
#elif VEC_LANES == 2 && defined(__SSE2__)
    return _mm_movemask_pd((__m128d)where) != 0;
#else
    bool any = false;
    for (int i = 0; i < VEC_LANES; i++)
        any |= where[i] != 0;
    return any;
#endif
}

/* a > b ? a : b, hence b where one is NaN; and a < b ? a : b. */
inlined lanes lanes_max(lanes a, lanes b)
{
#if VEC_LANES == 8 && defined(__AVX512F__)
    return (lanes)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif VEC_LANES == 4 && defined(__AVX__)
    return (lanes)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif VEC_LANES == 2 && defined(__SSE2__)
    return (lanes)_mm_max_pd((__m128d)a, (__m128d)b);
#else
    return lanes_select(a > b, a, b);
#endif
}

inlined lanes lanes_min(lanes a, lanes b)
{
#if VEC_LANES == 8 && defined(__AVX512F__)
    return (lanes)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif VEC_LANES == 4 && defined(__AVX__)
    return (lanes)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif VEC_LANES == 2 && defined(__SSE2__)
    return (lanes)_mm_min_pd((__m128d)a, (__m128d)b);
#else
    return lanes_select(a < b, a, b);
#endif
}

inlined lanes lanes_sqrt(lanes x)
{
#if VEC_LANES == 8 && defined(__AVX512F__)
    return (lanes)_mm512_sqrt_pd((__m512d)x);
#elif VEC_LANES == 4 && defined(__AVX__)
    return (lanes)_mm256_sqrt_pd((__m256d)x);
#elif VEC_LANES == 2 && defined(__SSE2__)
    return (lanes)_mm_sqrt_pd((__m128d)x);
#else
    for (int i = 0; i < VEC_LANES; i++)
        x[i] = __builtin_sqrt(x[i]);
    return x;
#endif
}

/* Lane 0 of a and b, lane 1 of a and b, ...: the first half, and the second. */
#if VEC_LANES == 8
#define LANES_LOW(a, b)  __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define LANES_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VEC_LANES == 4
#define LANES_LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define LANES_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define LANES_LOW(a, b)  __builtin_shufflevector(a, b, 0, 2)
#define LANES_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

/* Rows of a square become its columns: as many perfect shuffles as the width has bits. */
inlined void lanes_transpose(lanes x[VEC_LANES])
{
    for (int step = 1; step < VEC_LANES; step *= 2) {
        lanes y[VEC_LANES];
        for (int i = 0; i < VEC_LANES / 2; i++) {
            y[2 * i] = LANES_LOW(x[i], x[i + VEC_LANES / 2]);
            y[2 * i + 1] = LANES_HIGH(x[i], x[i + VEC_LANES / 2]);
        }
        for (int i = 0; i < VEC_LANES; i++)
            x[i] = y[i];
    }
}

inlined lanes lanes_abs(lanes x)
{
    return (lanes)((lanes_bits)x & (UINT64_MAX >> 1));
}

/* sum of c[i] y^i for i < n, in four chains. */
inlined lanes lanes_polynomial(const double *c, int n, lanes y)
{
    lanes y2 = y * y, y4 = y2 * y2, sum[4];
    for (int j = 0; j < 4; j++) {
        int i = (n - 1 - j) / 4 * 4 + j;
        sum[j] = lanes_of(c[i]);
        for (i -= 4; i >= 0; i -= 4)
            sum[j] = sum[j] * y4 + c[i];
    }
    return (sum[0] + sum[1] * y) + (sum[2] + sum[3] * y) * y2;
}

/* Cody & Waite 1980: x = n ln 2 + r with |r| <= ln(2) / 2; exp(r) = 1 + (r + r^2 P(r)). Returns
 * exp(r), and n + exp_round, whose low bits are n. */
static const double exp_round = 0x1.8p52;
static const uint64_t exp_round_bits = 0x4338000000000000;

inlined lanes lanes_exp_parts(lanes x, lanes *ret_n)
{
    static const double p[] = {
        0.5000000000000001,     0.16666666666666669,    0.04166666666662413,
        0.008333333333330062,   0.0013888888917213717,  0.00019841269863053618,
        2.4801521295954376e-05, 2.7557268459997064e-06, 2.7620088445409746e-07,
        2.510038549551032e-08,
    };
    lanes t = x * 0x1.71547652b82fep+0 + exp_round, n = t - exp_round;    /* 1 / ln 2 */
    lanes r = (x - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45; /* ln 2 */
    *ret_n = t;
    return 1.0 + (r + r * r * lanes_polynomial(p, 10, r));
}

/* 2^n in two factors, so that denormal results are reached. */
inlined lanes lanes_exp(lanes x)
{
    lanes t, y = lanes_exp_parts(lanes_min(lanes_of(710), lanes_max(lanes_of(-746), x)), &t);
    lanes_bits k = (lanes_bits)t - exp_round_bits;
    lanes_bits half = (lanes_bits)((t - exp_round) * 0.5 + exp_round) - exp_round_bits;
    return y * (lanes)((half + 1023) << 52) * (lanes)((k - half + 1023) << 52);
}

/* lanes_exp, bit for bit, of |x| < 700; anything of another x. */
inlined lanes lanes_exp_near(lanes x)
{
    lanes t, y = lanes_exp_parts(x, &t);
    return y * (lanes)(((lanes_bits)t + (1023 - exp_round_bits)) << 52);
}

/* Cody & Waite 1980: x = 2^e m with m in [sqrt(1/2), sqrt(2)); log(m) = 2 artanh(s) with s = (m -
 * 1) / (m + 1), summed so that the largest term comes last (Tang 1990). */
inlined lanes lanes_log(lanes x)
{
    static const double p[] = {
        0.666666666666667,   0.3999999999989889,  0.2857142862625391,  0.22222211089368124,
        0.18182892433364564, 0.15331611694570085, 0.14617807492803847,
    };
    const uint64_t half_root = 0x3fe6a09e667f3bcd; /* the bits of sqrt(1/2) */
    lanes_mask small = x < 0x1p-1022;
    lanes_bits b =
        (lanes_bits)lanes_select(small, x * 0x1p54, x) + (0x3ff0000000000000 - half_root);
    lanes e = (lanes)((b >> 52) | 0x4330000000000000) - (0x1p52 + 1023);
    e -= (lanes)(small & (lanes_mask)lanes_of(54));
    lanes f = (lanes)((b & 0x000fffffffffffff) + half_root) - 1.0;
    lanes s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    lanes rest = s * (h + z * lanes_polynomial(p, 7, z)) + e * 0x1.ef35793c76730p-45;
    lanes y = e * 0x1.62e42fefa3800p-1 + (f - (h - rest));
    y = lanes_select(x == 0, lanes_of(-__builtin_inf()), y);
    y = lanes_select(x == __builtin_inf(), x, y);
    return lanes_select(x >= 0, y, lanes_of(__builtin_nan("")));
}

/* What log(u), u = 1 + y rounded, lacks to log(1 + y). */
inlined lanes lanes_log1p_rest(lanes y, lanes u)
{
    lanes_mask whole = (u != 0) & (u < __builtin_inf());
    return (lanes)(whole & (lanes_mask)((y - (u - 1.0)) / u));
}

inlined lanes lanes_log1p(lanes y)
{
    lanes u = 1.0 + y;
    return lanes_log(u) + lanes_log1p_rest(y, u);
}

/* exp(-x^2 / 2), with the rounding error of x^2 put back. */
inlined lanes lanes_gauss(lanes x)
{
    lanes high = (lanes)((lanes_bits)x & 0xfffffffff8000000); /* 26 bits: its square is exact */
    lanes low =
        lanes_min(lanes_of(1), 0.5 * (x - high) * (x + high)); /* below 1e-5 where it counts */
    low = lanes_max(low, lanes_of(0));                         /* 0 for inf - inf */
    lanes rest = 1.0 - low * (1.0 - low * (0.5 - low * (1.0 / 6)));
    return lanes_exp(-0.5 * high * high) * rest;
}

/* exp(t^2) erfc(t) for t >= 0: (1 + 2 t) erfcx(t) is smooth in (t - k) / (t + k) up to infinity
 * (Shepherd & Laframboise 1981). Relative error of the polynomial 6e-17. */
inlined lanes lanes_erfcx(lanes t)
{
    static const double c[] = {
        1.2375126308378275,      -0.14024059858554702,    0.0035854154854795752,
        0.08227673849014977,     -0.10880393014246645,    0.09230432116025894,
        -0.058693398576310611,   0.028362277420377335,    -0.0097465796859621708,
        0.0017556258434318641,   0.00029371439057885597,  -0.00029015404203352704,
        5.164649341002877e-05,   2.2384138525656757e-05,  -1.1437980374495534e-05,
        -9.733875167494142e-07,  1.7419011945194367e-06,  -5.7410760730139158e-08,
        -2.4851108650210706e-07, 2.3398534313040898e-08,  3.1953986120578182e-08,
        -3.7981897977362073e-09, -2.6185201565031449e-09, 3.2052623379289157e-10,
    };
    return lanes_polynomial(c, 24, 1.0 - 7.5 / (t + 3.75)) / (1.0 + 2.0 * t);
}

/* (x^2 + 2) G(x) for x >= 0, where G(x) = 1 - x sqrt(pi / 2) erfcx(x / sqrt(2)); smooth in (x - 6)
 * / (x + 6), relative error of the polynomial 7e-17. */
inlined lanes lanes_improvement(lanes x)
{
    static const double c[] = {
        0.97789331551421876,     0.069806333158697262,    -0.078189819926721735,
        0.0059572979426353876,   0.11316457165255608,     -0.21886342089383215,
        0.26456239487111927,     -0.24175122493876638,    0.17554748306551954,
        -0.10180234376042585,    0.045698884435559528,    -0.014297257472843782,
        0.0018493495012776918,   0.00088764828341513066,  -0.00057561368056632215,
        8.5090304782280658e-05,  5.1086995510624136e-05,  -2.5681667965851119e-05,
        -1.2856159783278451e-06, 4.0351732127186055e-06,  -4.6176267634992661e-07,
        -5.3176697727616524e-07, 1.0489778289218023e-07,  5.9942209367769052e-08,
        -9.9476017216928393e-09, -4.3041408470213328e-09,
    };
    return lanes_polynomial(c, 26, 1.0 - 12.0 / (x + 6.0));
}

#endif
