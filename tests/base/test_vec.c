/* large: one program for all the kernels of one table, on every instruction set. */
#include "base/rng.h"
#include "base/vec.h"
#include "testing.h"

#include <float.h>
#include <math.h>

/* The macros of math.h are floats. */
#define INF          __builtin_inf()
#define NOT_A_NUMBER __builtin_nan("")

/* Exact values are computed in long double, from doubles. */
#pragma GCC diagnostic ignored "-Wdouble-promotion"

enum { MOST = 513, D = 5, POINTS = 3 };

static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 63, 64, 65, 100, 500, 513};
static const char *const isas[] = {"sse2", "plain", "avx2", "avx512"};

static const double special[] = {
    0.0,
    -0.0,
    INF,
    -INF,
    NOT_A_NUMBER,
    DBL_MIN,
    -DBL_MIN,
    4.9406564584124654e-324,
    1e-310,
    -1e-310,
    DBL_MAX,
    -DBL_MAX,
    1,
    -1,
    0.5,
    1e-17,
    -1e-17,
    709.782712893384,
    709.782712893385,
    710,
    -708.396418532265,
    -745.1332191019411,
    -745.2,
    -746,
    -1000,
    1000,
    26.5,
    -26.5,
    38.5,
    -38.5,
    1e154,
    -1e154,
    1e-154,
    0x1.6a09e667f3bcdp-1,
    0x1.6a09e667f3bccp-1,
    0x1.6a09e667f3bcep-1,
    1 + DBL_EPSILON,
    1 - DBL_EPSILON / 2,
    2,
    3,
    0x1p-1022,
    0x1.fffffffffffffp-1023,
};
enum { SPECIAL = sizeof(special) / sizeof(special[0]) };

static uint64_t seed_of_run(void)
{
    const char *given = getenv("TRAWL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20260;
    print_message("# seed %llu (TRAWL_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

/* How far y is from the exact value, in units of y's last place; denormals count as such. */
static long double ulps(double y, long double exact)
{
    if (isnan(y) && isnan((double)exact))
        return 0;
    if (isinf(y) || isinf((double)exact))
        return y == (double)exact ? 0 : INF;
    int e;
    frexp(y, &e);
    long double ulp = ldexpl(1, e - 53 < -1074 ? -1074 : e - 53);
    return fabsl((long double)y - exact) / ulp;
}

static double anything(struct rng *r)
{
    switch (rng_below(r, 5)) {
    case 0:
        return special[rng_below(r, SPECIAL)];
    case 1:
        return ldexp(rng_unit(r) - 0.5, (int)rng_below(r, 2000) - 1000);
    case 2:
        return 700 * (2 * rng_unit(r) - 1);
    default:
        return rng_normal(r);
    }
}

static void assert_ulps(void (*f)(size_t, const double *, double *),
                        long double (*exact)(long double), double x, double limit)
{
    double y;
    f(1, &x, &y);
    long double e = ulps(y, exact(x));
    if (!(e <= (long double)limit))
        fail_msg("f(%.17g) is %.17g: %.3Lf ulps off %.21Lg", x, y, e, exact(x));
}

static void exp_and_log_are_exact_enough(void **state)
{
    struct rng r;
    rng_init(&r, seed_of_run(), 1);
    for (int i = 0; i < SPECIAL; i++) {
        assert_ulps(vec_exp, expl, special[i], 1.2);
        assert_ulps(vec_log, logl, special[i], 1);
        assert_ulps(vec_log1p, log1pl, special[i], 2);
    }
    for (int i = 0; i < 200000; i++) {
        assert_ulps(vec_exp, expl, 1500 * (rng_unit(&r) - 0.5), 1.2);
        assert_ulps(vec_exp, expl, rng_normal(&r), 1.2);
        assert_ulps(vec_log, logl, fabs(anything(&r)), 1);
        assert_ulps(vec_log, logl, 1 + 0.5 * (rng_unit(&r) - 0.5), 1);
        assert_ulps(vec_log1p, log1pl, 4 * (rng_unit(&r) - 0.25), 2);
        assert_ulps(vec_log1p, log1pl, ldexp(rng_unit(&r) - 0.5, -(int)rng_below(&r, 100)), 2);
    }
}

static double one(void (*f)(size_t, const double *, double *), double x)
{
    double y;
    f(1, &x, &y);
    return y;
}

static void assert_relative(double y, long double exact, double tolerance, const char *what,
                            double x)
{
    if (fabsl((long double)y - exact) > (long double)tolerance * fabsl(exact))
        fail_msg("%s(%.17g) is %.17g, not %.19Lg", what, x, y, exact);
}

static void normal_distribution_keeps_its_tails(void **state)
{
    struct rng r;
    rng_init(&r, seed_of_run(), 2);
    for (int i = 0; i < 100000; i++) {
        double x = 75 * (rng_unit(&r) - 0.5), near = 4 * rng_normal(&r);
        long double root = sqrtl(0.5L);
        assert_relative(one(vec_normal_cdf, x), erfcl(-(long double)x * root) / 2, 2e-15, "Phi", x);
        assert_relative(one(vec_normal_cdf, near), erfcl(-(long double)near * root) / 2, 2e-15,
                        "Phi", near);
        if (x < 20)
            assert_relative(one(vec_erfcx, -x), expl((long double)x * x) * erfcl(-(long double)x),
                            fabs(x) < 26 ? 2e-15 : 1, "erfcx", -x);
        long double cdf = erfcl(-(long double)x * root) / 2;
        long double log_cdf = x > 0 ? log1pl(-erfcl((long double)x * root) / 2) : logl(cdf);
        assert_relative(one(vec_log_normal_cdf, x), log_cdf, 1e-15, "log Phi", x);
    }
    assert_real(one(vec_normal_cdf, INF), 1.0);
    assert_real(one(vec_normal_cdf, -INF), 0.0);
    assert_real(one(vec_log_normal_cdf, INF), 0.0);
    assert_real(one(vec_log_normal_cdf, -INF), -INF);
    assert_near(one(vec_log_normal_cdf, -1e10), -5e19, 1e5);
    assert_near(one(vec_erfcx, 1e10) * 1e10 * sqrt(M_PI), 1, 1e-15);
    assert_real(one(vec_erfcx, INF), 0.0);
    assert_real(one(vec_erfcx, -INF), INF);
}

static double mass(double a, double b)
{
    double y;
    vec_log_normal_mass(1, &a, &b, &y);
    return y;
}

/* The log of the mass by Boole's rule from the end nearer to 0 to where nothing is left, in long
 * double. */
static long double mass_by_sum(long double a, long double b)
{
    enum { N = 4000 };
    static const int weight[] = {14, 32, 12, 32};
    long double c = a < 0 && b > 0 ? 0 : fabsl(a) < fabsl(b) ? a : b, sum = 0;
    long double reach = fminl(9.6L, 46 / fabsl(c)), lo = fmaxl(a, c - reach);
    long double hi = fminl(b, c + reach);
    for (int i = 0; i <= N; i++) {
        long double x = lo + (hi - lo) * i / N;
        sum += expl((c - x) * (c + x) / 2) * (i == 0 || i == N ? 7 : weight[i % 4]);
    }
    return logl(sum * (hi - lo) * 2 / (45 * N)) - c * c / 2 - logl(2 * acosl(-1)) / 2;
}

static void mass_of_a_cell_is_right_everywhere(void **state)
{
    struct rng r;
    rng_init(&r, seed_of_run(), 3);
    for (int i = 0; i < 3000; i++) {
        double a = 6 * rng_normal(&r), w = exp(3 * rng_normal(&r) - 1), b = a + w;
        if (i % 10 == 0) /* where one way of computing hands over to the next */
            b = a + 0.5 / fmax(1, fabs(a)) * (1 + 1e-3 * rng_normal(&r));
        if (i % 100 == 1)
            a = -b;
        if (a > b)
            continue;
        long double exact = mass_by_sum(a, b);
        double tolerance = 1e-12 + 3e-16 * fmax(a * a, b * b);
        if (a < 0 && b > 0)
            tolerance = 1e-12;
        assert_near(mass(a, b), (double)exact, tolerance);
        assert_near(mass(-b, -a), mass(a, b), 1e-13 * (1 + fabs((double)exact)));
    }
}

static void mass_of_cells_at_the_edge(void **state)
{
    assert_real(mass(-INF, INF), 0.0);
    assert_real(mass(1, 1), -INF);
    assert_real(mass(INF, INF), -INF);
    assert_real(mass(-INF, -INF), -INF);
    assert_real(mass(2, 1), NOT_A_NUMBER);
    assert_real(mass(NOT_A_NUMBER, 1), NOT_A_NUMBER);
    assert_real(mass(0, NOT_A_NUMBER), NOT_A_NUMBER);
    assert_near(mass(-INF, 0), log(0.5), 1e-15);
    assert_near(mass(-INF, -10), one(vec_log_normal_cdf, -10), 1e-13);
    assert_near(mass(3, INF), one(vec_log_normal_cdf, -3), 1e-14);
    assert_near(mass(0, 1e-300), log(1e-300) - 0.5 * log(2 * M_PI), 1e-12);
    assert_near(mass(-1e6, -1e6 + 0x1p-27), log(0x1p-27) - 5e11 - 0.5 * log(2 * M_PI), 1e-2);
    assert_near(mass(-40, 40), 0, 1e-300);
    assert_true(mass(-5, 9) < 0);
}

/* h by the continued fraction of Mills' ratio (Laplace) left of -3. */
static long double log_h_exact(long double u)
{
    long double phi = expl(-u * u / 2) / sqrtl(2 * acosl(-1)), root = sqrtl(0.5L);
    if (u > -3)
        return logl(phi + u * erfcl(-u * root) / 2);
    /* h / phi = 1 - x / (x + 1 / (x + t)) = 1 / (x (x + t) + 1), t = 2 / (x + 3 / (x + ...)) */
    long double x = -u, t = 0;
    for (int k = 600; k >= 2; k--)
        t = k / (x + t);
    return -u * u / 2 - logl(2 * acosl(-1)) / 2 - logl(x * (x + t) + 1);
}

static void log_improvement_is_right_everywhere(void **state)
{
    struct rng r;
    rng_init(&r, seed_of_run(), 4);
    for (int i = 0; i < 20000; i++) {
        double u = i % 2 ? 3 * rng_normal(&r) : 60 * (rng_unit(&r) - 0.7), y, slope;
        vec_log_h(1, &u, &y, &slope);
        long double exact = log_h_exact(u);
        double relative = (double)fabsl(((long double)y - exact) / fmaxl(1, fabsl(exact)));
        if (!(relative <= 4e-15))
            fail_msg("log h(%.17g) is %.17g, not %.19Lg", u, y, exact);
        long double phi = erfcl(-(long double)u * sqrtl(0.5L)) / 2;
        assert_relative(slope, expl(logl(phi) - exact), 2e-14 + 1e-17 * u * u, "slope", u);
    }
    double u[] = {-1e3, -1e6, -1e12, -1e120, 1e10, INF, -INF, NOT_A_NUMBER}, y[8], slope[8];
    vec_log_h(8, u, y, slope);
    for (int i = 0; i < 4; i++) {
        double expected = -0.5 * u[i] * u[i] - 2 * log(-u[i]) - 0.5 * log(2 * M_PI);
        assert_near(y[i] / expected, 1, 1e-10);
        assert_near(slope[i] / -u[i], 1, 1e-5);
    }
    assert_real(y[4], log(1e10));
    assert_near(slope[4], 1e-10, 1e-25);
    assert_real(y[5], INF);
    assert_real(y[6], -INF);
    assert_real(y[7], NOT_A_NUMBER);
}

static void sums_are_sums(void **state)
{
    struct rng r;
    double x[MOST], y[MOST], z[MOST];
    rng_init(&r, seed_of_run(), 5);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        size_t n = sizes[s];
        long double sum = 0, dot = 0, all = 0;
        for (size_t i = 0; i < n; i++) {
            x[i] = rng_normal(&r);
            z[i] = y[i] = rng_normal(&r);
            sum += (long double)x[i];
            dot += (long double)x[i] * (long double)y[i];
            all += expl(x[i]);
        }
        assert_near(vec_sum(n, x), (double)sum, 1e-13);
        assert_near(vec_dot(n, x, y), (double)dot, 1e-13);
        if (n > 0)
            assert_near(vec_log_sum_exp(n, x), (double)logl(all), 1e-14);
        vec_axpy(n, 3, x, z);
        vec_scale(n, -2, z);
        vec_rotate(n, 0.6, 0.8, x, z);
        for (size_t i = 0; i < n; i++) {
            double old = 0.6 * x[i] - 0.8 * z[i], was = 0.8 * x[i] + 0.6 * z[i];
            assert_near(was, -2 * (y[i] + 3 * old), 1e-13);
        }
    }
}

static void log_sum_exp_of_infinities(void **state)
{
    double x[20];
    for (int i = 0; i < 20; i++)
        x[i] = -INF;
    assert_real(vec_log_sum_exp(0, x), -INF);
    assert_real(vec_log_sum_exp(20, x), -INF);
    x[3] = -1e300;
    assert_real(vec_log_sum_exp(20, x), -1e300);
    x[19] = 1e300;
    assert_real(vec_log_sum_exp(20, x), 1e300);
    x[7] = INF;
    assert_real(vec_log_sum_exp(20, x), INF);
    x[18] = NOT_A_NUMBER;
    assert_real(vec_log_sum_exp(20, x), NOT_A_NUMBER);
    x[7] = 0;
    assert_real(vec_log_sum_exp(20, x), NOT_A_NUMBER);
}

struct columns {
    double a[D][MOST], b[D][MOST], x[D][POINTS], base[MOST], weight[D];
    const double *pa[D], *pb[D], *px[D];
};

static void fill_columns(struct columns *c, struct rng *r)
{
    for (int k = 0; k < D; k++) {
        c->pa[k] = c->a[k];
        c->pb[k] = c->b[k];
        c->px[k] = c->x[k];
        c->weight[k] = rng_unit(r);
        for (int i = 0; i < MOST; i++) {
            c->a[k][i] = rng_normal(r);
            c->b[k][i] = 0.1 + rng_unit(r);
        }
        for (int j = 0; j < POINTS; j++)
            c->x[k][j] = rng_normal(r);
    }
    for (int i = 0; i < MOST; i++)
        c->base[i] = rng_normal(r);
}

static void distances_and_kernels(void **state)
{
    struct rng r;
    static struct columns c;
    double at[D], s[MOST], k[MOST], slope[MOST], k2[MOST], squares[D] = {0};
    rng_init(&r, seed_of_run(), 6);
    fill_columns(&c, &r);
    for (int i = 0; i < D; i++)
        at[i] = c.x[i][0];
    for (size_t z = 0; z < sizeof(sizes) / sizeof(sizes[0]); z++) {
        size_t n = sizes[z];
        vec_distances(n, D, c.weight, at, c.pa, s);
        vec_matern52(n, s, k, slope);
        vec_matern52(n, s, k2, NULL);
        memset(squares, 0, sizeof(squares));
        vec_dot_squares(n, D, c.base, at, c.pa, squares);
        for (size_t i = 0; i < n; i++) {
            double expected = 0;
            for (int d = 0; d < D; d++)
                expected += c.weight[d] * (at[d] - c.a[d][i]) * (at[d] - c.a[d][i]);
            assert_near(s[i], expected, 1e-14 * (1 + expected));
            double root = sqrt(5 * expected);
            assert_near(k[i], (1 + root + root * root / 3) * exp(-root), 1e-14);
            assert_near(slope[i], -5.0 / 6 * (1 + root) * exp(-root), 1e-14);
            assert_real(k[i], k2[i]);
        }
        double expected = 0;
        for (size_t i = 0; i < n; i++)
            expected += c.base[i] * (at[2] - c.a[2][i]) * (at[2] - c.a[2][i]);
        assert_near(squares[2], expected, 1e-11);
    }
    double far[] = {0, 1e5, 1e300, INF, NOT_A_NUMBER}, y[5];
    vec_matern52(5, far, y, slope);
    assert_real(y[0], 1.0);
    assert_real(slope[0], -5.0 / 6);
    for (int i = 1; i < 4; i++)
        assert_near(y[i], 0, 1e-290);
    assert_real(y[4], NOT_A_NUMBER);
}

static void mixture_is_its_definition(void **state)
{
    struct rng r;
    static struct columns c;
    static double more[POINTS][MOST], work[8 * MOST];
    double y[POINTS], z[POINTS];
    rng_init(&r, seed_of_run(), 7);
    fill_columns(&c, &r);
    assert_true(vec_mixture_work(MOST) <= sizeof(work) / sizeof(work[0]));
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct vec_mixture p = {sizes[s], D, c.base, c.pa, c.pb};
        memset(more, 0, sizeof(more));
        for (int j = 0; j < POINTS; j++)
            vec_mixture_cell(p.n, -0.5, 0.75, c.a[j], c.b[j], more[j]);
        vec_mixture(&p, POINTS, c.px, more[0], MOST, y, work);
        vec_mixture(&p, POINTS, c.px, NULL, 0, z, work);
        for (int j = 0; j < POINTS; j++) {
            long double sum = 0, plain = 0;
            for (size_t i = 0; i < p.n; i++) {
                long double at = (long double)c.base[i];
                for (int k = 0; k < D; k++) {
                    double t = (c.x[k][j] - c.a[k][i]) * c.b[k][i];
                    at -= (long double)t * (long double)t;
                }
                plain += expl(at);
                double lo = (-0.5 - c.a[j][i]) * c.b[j][i], hi = (0.75 - c.a[j][i]) * c.b[j][i];
                sum += expl(at) *
                       (erfcl(-(long double)hi * sqrtl(0.5L)) -
                        erfcl(-(long double)lo * sqrtl(0.5L))) /
                       2;
            }
            if (p.n == 0) {
                assert_real(y[j], -INF);
                assert_real(z[j], -INF);
                continue;
            }
            assert_near(y[j], (double)logl(sum), 1e-12);
            assert_near(z[j], (double)logl(plain), 1e-12);
        }
    }
}

/* Rates that all kernels share may be multiplied in before; kernels may be left out. */
static void mixtures_of_one_rate(void **state)
{
    struct rng r;
    static struct columns c;
    static double scaled[D][MOST], one[D][MOST], work[8 * MOST];
    double x[D][POINTS], y[POINTS], z[POINTS];
    const double *px[D], *ps[D], *po[D];
    rng_init(&r, seed_of_run(), 8);
    fill_columns(&c, &r);
    for (int k = 0; k < D; k++) {
        px[k] = x[k];
        ps[k] = scaled[k];
        po[k] = one[k];
        for (int j = 0; j < POINTS; j++)
            x[k][j] = c.x[k][j] * (k + 0.5);
        for (int i = 0; i < MOST; i++) {
            scaled[k][i] = c.a[k][i] * (k + 0.5);
            one[k][i] = 1;
        }
    }
    for (int i = 0; i < MOST; i += 3)
        c.base[i] = -INF;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct vec_mixture shared = {sizes[s], D, c.base, ps, NULL};
        struct vec_mixture each = {sizes[s], D, c.base, ps, po};
        vec_mixture(&shared, POINTS, px, NULL, 0, y, work);
        vec_mixture(&each, POINTS, px, NULL, 0, z, work);
        for (int j = 0; j < POINTS; j++) {
            double sum = 0;
            for (size_t i = 0; i < sizes[s]; i++) {
                double at = c.base[i];
                for (int k = 0; k < D; k++)
                    at -= pow((c.x[k][j] - c.a[k][i]) * (k + 0.5), 2);
                sum += i % 3 ? exp(at) : 0;
            }
            assert_real(y[j], z[j]);
            assert_near(exp(y[j]), sum, 1e-12 * (1 + sum));
        }
    }
}

static void matches_add_up(void **state)
{
    double key[MOST], y[MOST];
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        for (size_t i = 0; i < MOST; i++) {
            key[i] = (double)(i % 5) - 1;
            y[i] = (double)i;
        }
        vec_mixture_match(sizes[s], 2, 0.25, key, y);
        for (size_t i = 0; i < MOST; i++)
            assert_real(y[i], (double)i + (i < sizes[s] && i % 5 == 3 ? 0.25 : 0));
    }
}

/* Everything there is, computed by the instruction set in use; returns how much was written. */
static size_t compute_all(size_t n, const double *a, const double *b, const struct columns *c,
                          double *to)
{
    static double work[8 * MOST];
    double *start = to, at[D];
    for (int k = 0; k < D; k++)
        at[k] = c->x[k][0];
    *to++ = vec_sum(n, a);
    *to++ = vec_dot(n, a, b);
    *to++ = vec_log_sum_exp(n, a);
    void (*const maps[])(size_t, const double *, double *) = {
        vec_exp, vec_log, vec_log1p, vec_erfcx, vec_normal_cdf, vec_log_normal_cdf,
    };
    for (size_t f = 0; f < sizeof(maps) / sizeof(maps[0]); f++, to += n)
        maps[f](n, a, to);
    vec_log_normal_mass(n, a, b, to);
    vec_log_h(n, a, to + n, to + 2 * n);
    vec_distances(n, D, c->weight, at, c->pa, to + 3 * n);
    vec_matern52(n, to + 3 * n, to + 4 * n, to + 5 * n);
    memcpy(to + 6 * n, b, n * sizeof(*b));
    vec_axpy(n, 1.25, a, to + 6 * n);
    vec_scale(n, 0.3, to + 6 * n);
    memcpy(to + 7 * n, b, n * sizeof(*b));
    vec_rotate(n, 0.6, 0.8, to + 6 * n, to + 7 * n);
    memcpy(to + 8 * n, b, n * sizeof(*b));
    vec_mixture_cell(n, -0.3, 0.4, a, c->b[0], to + 8 * n);
    to += 9 * n;
    memset(to, 0, D * sizeof(*to));
    vec_dot_squares(n, D, b, at, c->pa, to);
    to += D;
    struct vec_mixture p = {n, D, c->base, c->pa, c->pb};
    vec_mixture(&p, POINTS, c->px, NULL, 0, to, work);
    p.rate = NULL;
    vec_mixture(&p, POINTS, c->px, NULL, 0, to + POINTS, work);
    to += 2 * POINTS;
    memcpy(to, b, n * sizeof(*b));
    vec_mixture_match(n, n > 3 ? a[3] : 0, 0.7, a, to);
    return (size_t)(to + n - start);
}

static void assert_same(size_t n, const double *x, const double *y, const char *isa, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&x[i], &y[i], sizeof(*x)) != 0 && !(isnan(x[i]) && isnan(y[i])))
            fail_msg("%s differs at %zu of n = %zu: %a, %a", isa, i, size, x[i], y[i]);
}

static void same_bits_everywhere(void **state)
{
    enum { ROOM = 20 * MOST };
    static struct columns c;
    static double first[ROOM], other[ROOM];
    double a[MOST], b[MOST];
    struct rng r;
    rng_init(&r, seed_of_run(), 8);
    print_message("# this processor's own: %s\n", vec_isa());
    for (int round = 0; round < 40; round++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            for (size_t i = 0; i < MOST; i++) {
                a[i] = round % 2 ? anything(&r) : rng_normal(&r);
                b[i] = round % 2 ? anything(&r) : a[i] + rng_unit(&r);
            }
            fill_columns(&c, &r);
            size_t n = 0;
            for (size_t i = 0; i < sizeof(isas) / sizeof(isas[0]); i++) {
                if (!vec_force(isas[i]))
                    continue;
                assert_string_equal(vec_isa(), isas[i]);
                if (n == 0) {
                    n = compute_all(sizes[s], a, b, &c, first);
                    continue;
                }
                assert_int_equal(compute_all(sizes[s], a, b, &c, other), n);
                assert_same(n, first, other, isas[i], sizes[s]);
            }
            assert_true(n > 0 && n <= ROOM);
        }
    assert_true(vec_force(NULL));
}

/* An element's value does not depend on where it stands. */
static void place_does_not_matter(void **state)
{
    double a[MOST], y[MOST], z;
    struct rng r;
    rng_init(&r, seed_of_run(), 9);
    for (size_t i = 0; i < MOST; i++)
        a[i] = anything(&r);
    void (*const maps[])(size_t, const double *, double *) = {
        vec_exp, vec_log, vec_log1p, vec_erfcx, vec_normal_cdf, vec_log_normal_cdf,
    };
    for (size_t f = 0; f < sizeof(maps) / sizeof(maps[0]); f++)
        for (size_t from = 0; from < 9; from++) {
            maps[f](MOST - from, a + from, y);
            for (size_t i = from; i < MOST; i++) {
                maps[f](1, &a[i], &z);
                assert_real(y[i - from], z);
            }
        }
}

static void results_may_take_an_inputs_place(void **state)
{
    double a[MOST], b[MOST], y[MOST], z[MOST];
    struct rng r;
    rng_init(&r, seed_of_run(), 10);
    for (size_t i = 0; i < MOST; i++) {
        a[i] = fabs(rng_normal(&r));
        b[i] = a[i] + rng_unit(&r);
    }
    vec_exp(MOST, a, y);
    memcpy(z, a, sizeof(z));
    vec_exp(MOST, z, z);
    assert_memory_equal(y, z, sizeof(y));
    vec_log_normal_mass(MOST, a, b, y);
    memcpy(z, b, sizeof(z));
    vec_log_normal_mass(MOST, a, z, z);
    assert_memory_equal(y, z, sizeof(y));
    vec_matern52(MOST, a, y, b);
    memcpy(z, a, sizeof(z));
    vec_matern52(MOST, z, z, a);
    assert_memory_equal(y, z, sizeof(y));
    assert_memory_equal(a, b, sizeof(a));
}

static void unknown_instructions_are_refused(void **state)
{
    const char *own = vec_isa();
    assert_false(vec_force("mmx"));
    assert_string_equal(vec_isa(), own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_and_log_are_exact_enough),
        cmocka_unit_test(normal_distribution_keeps_its_tails),
        cmocka_unit_test(mass_of_a_cell_is_right_everywhere),
        cmocka_unit_test(mass_of_cells_at_the_edge),
        cmocka_unit_test(log_improvement_is_right_everywhere),
        cmocka_unit_test(sums_are_sums),
        cmocka_unit_test(log_sum_exp_of_infinities),
        cmocka_unit_test(distances_and_kernels),
        cmocka_unit_test(mixture_is_its_definition),
        cmocka_unit_test(mixtures_of_one_rate),
        cmocka_unit_test(matches_add_up),
        cmocka_unit_test(same_bits_everywhere),
        cmocka_unit_test(place_does_not_matter),
        cmocka_unit_test(results_may_take_an_inputs_place),
        cmocka_unit_test(unknown_instructions_are_refused),
    };
    return RUN_TESTS(tests);
}
