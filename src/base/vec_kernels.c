/*
 * The kernels of vec.h for one set of instructions; compiled once for each (VEC_ISA, VEC_LANES).
 *
 * Sums have WIDTH partial sums whatever the vectors' width: element i is added to number i % WIDTH,
 * and the partial sums are added in pairs at the end. All else is computed lane by lane.
 */
#include "base/lanes_internal.h"
#include "base/vec_internal.h"

enum { WIDTH = 16, PARTS = WIDTH / VEC_LANES };
enum { TOGETHER = VEC_TOGETHER }; /* points of a mixture whose kernels are loaded once */

static const double log_root_2pi = 0x1.d67f1c864beb5p-1;
static const double root_half = 0x1.6a09e667f3bcdp-1;
static const double root_half_pi = 1.2533141373155003;
static const double inverse_root_2pi = 0.3989422804014327;

struct partial {
    lanes part[PARTS];
};

/* Adds the last n (< WIDTH) elements and all partial sums. */
inlined double total(const struct partial *sum, size_t n, const double *last)
{
    double at[WIDTH];
    for (int p = 0; p < PARTS; p++)
        lanes_store(at + p * VEC_LANES, sum->part[p]);
    for (size_t i = 0; i < n; i++)
        at[i] += last[i];
    for (int step = WIDTH / 2; step > 0; step /= 2)
        for (int i = 0; i < step; i++)
            at[i] += at[i + step];
    return at[0];
}

static double sum(size_t n, const double *x)
{
    struct partial s = {0};
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        for (int p = 0; p < PARTS; p++)
            s.part[p] += lanes_load(x + i + p * VEC_LANES);
    return total(&s, n - i, x + i);
}

static double dot(size_t n, const double *a, const double *b)
{
    struct partial s = {0};
    double last[WIDTH];
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        for (int p = 0; p < PARTS; p++)
            s.part[p] += lanes_load(a + i + p * VEC_LANES) * lanes_load(b + i + p * VEC_LANES);
    for (size_t j = i; j < n; j++)
        last[j - i] = a[j] * b[j];
    return total(&s, n - i, last);
}

static void axpy(size_t n, double alpha, const double *x, double *y)
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        lanes_store(y + i, lanes_load(y + i) + alpha * lanes_load(x + i));
    for (; i < n; i++)
        y[i] += alpha * x[i];
}

static void scale(size_t n, double alpha, double *x)
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        lanes_store(x + i, alpha * lanes_load(x + i));
    for (; i < n; i++)
        x[i] *= alpha;
}

static void rotate(size_t n, double c, double s, double *x, double *y)
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        lanes a = lanes_load(x + i), b = lanes_load(y + i);
        lanes_store(x + i, c * a + s * b);
        lanes_store(y + i, c * b - s * a);
    }
    for (; i < n; i++) {
        double a = x[i], b = y[i];
        x[i] = c * a + s * b;
        y[i] = c * b - s * a;
    }
}

/* ret := f(x); f must be known where this is called. */
inlined void map(size_t n, const double *x, double *ret, lanes (*f)(lanes))
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        lanes_store(ret + i, f(lanes_load(x + i)));
    if (i < n)
        lanes_store_part(ret + i, n - i, f(lanes_load_part(x + i, n - i, 1)));
}

static void map_exp(size_t n, const double *x, double *ret)
{
    map(n, x, ret, lanes_exp);
}

static void map_log(size_t n, const double *x, double *ret)
{
    map(n, x, ret, lanes_log);
}

static void map_log1p(size_t n, const double *x, double *ret)
{
    map(n, x, ret, lanes_log1p);
}

/* exp(t^2) = exp(-u^2 / 2) with u = i sqrt(2) t has no such form: t^2 is split here. */
inlined lanes erfcx_of(lanes x)
{
    lanes t = lanes_abs(x), positive = lanes_erfcx(t);
    lanes high = (lanes)((lanes_bits)t & 0xfffffffff8000000);
    lanes low = lanes_max((t - high) * (t + high), lanes_of(0));
    low = lanes_min(low, lanes_of(1));
    lanes square = lanes_exp(high * high) * (1.0 + low * (1.0 + low * (0.5 + low * (1.0 / 6))));
    return lanes_select(x < 0, 2.0 * square - positive, positive);
}

static void map_erfcx(size_t n, const double *x, double *ret)
{
    map(n, x, ret, erfcx_of);
}

inlined lanes normal_cdf_of(lanes x)
{
    lanes tail = 0.5 * lanes_gauss(x) * lanes_erfcx(lanes_abs(x) * root_half);
    return lanes_select(x > 0, 1.0 - tail, tail);
}

static void map_normal_cdf(size_t n, const double *x, double *ret)
{
    map(n, x, ret, normal_cdf_of);
}

/* Left of 0, -x^2 / 2 + log(erfcx / 2); right of it, log(1 - tail). */
inlined lanes log_normal_cdf_of(lanes x)
{
    lanes e = 0.5 * lanes_erfcx(lanes_abs(x) * root_half);
    lanes_mask right = x > 0;
    lanes tail = -(e * lanes_gauss(x)), u = 1.0 + tail;
    lanes y = lanes_log(lanes_select(right, u, e));
    return y + lanes_select(right, lanes_log1p_rest(tail, u), -0.5 * x * x);
}

static void map_log_normal_cdf(size_t n, const double *x, double *ret)
{
    map(n, x, ret, log_normal_cdf_of);
}

/* The mass of [c - w/2, c + w/2] over w phi(c): sum over k of He_2k(c) (w/2)^2k / (2k + 1)!,
 * Taylor's series integrated. Good to 1e-16 where w max(1, |c|) < 1/2. */
inlined lanes narrow_mass(lanes c, lanes w)
{
    static const double inverse_factorial[] = {
        1.0 / 6,
        1.0 / 120,
        1.0 / 5040,
        1.0 / 362880,
        1.0 / 39916800.0,
        1.0 / 6227020800.0,
        1.0 / 1307674368000.0,
    };
    lanes y = 0.5 * w, cy = c * y, y2 = y * y;
    lanes before = lanes_of(1), now = cy, s = lanes_of(0);
    for (int k = 0; k < 7; k++) {
        before = cy * now - (2 * k + 1) * y2 * before; /* He_(2k+2) */
        s += inverse_factorial[k] * before;
        now = cy * before - (2 * k + 2) * y2 * now;
    }
    return 1.0 + s;
}

/* A mass is kept as m and e: m exp(e). */
struct mass {
    lanes m, e;
};

inlined struct mass select_mass(lanes_mask where, struct mass yes, struct mass no)
{
    return (struct mass){lanes_select(where, yes.m, no.m), lanes_select(where, yes.e, no.e)};
}

/* Phi(b) - Phi(a) for a <= 0 with |a| >= |b| and w = b - a, c = (a + b) / 2: in the tail by a
 * difference of erfcx, across 0 by the complement. */
inlined struct mass wide_mass(lanes a, lanes b, lanes w, lanes c)
{
    /* exp((b^2 - a^2) / 2); of the whole line, inf - inf, it does not matter */
    lanes ea = lanes_erfcx(lanes_abs(a) * root_half) * lanes_exp(lanes_min(w * c, lanes_of(0)));
    lanes eb = lanes_erfcx(lanes_abs(b) * root_half);
    lanes outside = -0.5 * lanes_gauss(b) * (eb + ea), u = 1.0 + outside;
    struct mass tail = {0.5 * (eb - ea), -0.5 * b * b}, across = {u, lanes_log1p_rest(outside, u)};
    return select_mass(b <= 0, tail, across);
}

/* Turned so that the side nearer to 0, or across it, is b. Narrow cells go by their middle; the
 * other ways are only taken where some lane has need of them. */
inlined lanes log_normal_mass_of(lanes from, lanes to)
{
    lanes_mask turn = from + to > 0;
    lanes a = lanes_select(turn, -to, from), b = lanes_select(turn, -from, to);
    lanes w = b - a, c = 0.5 * (a + b);
    lanes_mask narrow = w * lanes_max(lanes_abs(c), lanes_of(1)) < 0.5;
    struct mass mass = {w * narrow_mass(c, w), -(0.5 * c * c + log_root_2pi)};
    if (lanes_any(~narrow))
        mass = select_mass(narrow, mass, wide_mass(a, b, w, c));
    lanes y = lanes_log(mass.m) + mass.e;
    y = lanes_select(from == to, lanes_of(-__builtin_inf()), y);
    return lanes_select(from <= to, y, lanes_of(__builtin_nan("")));
}

static void log_normal_mass(size_t n, const double *a, const double *b, double *ret)
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        lanes_store(ret + i, log_normal_mass_of(lanes_load(a + i), lanes_load(b + i)));
    if (i < n)
        lanes_store_part(
            ret + i, n - i,
            log_normal_mass_of(lanes_load_part(a + i, n - i, 0), lanes_load_part(b + i, n - i, 1)));
}

inlined void log_h_of(lanes u, lanes *ret, lanes *ret_slope)
{
    lanes x = lanes_abs(u), top = lanes_improvement(x), bottom = x * x + 2.0;
    lanes phi = inverse_root_2pi * lanes_gauss(u),
          mills = root_half_pi * lanes_erfcx(x * root_half);
    lanes_mask right = u > 0;
    lanes h = lanes_select(right, u + phi * (top / bottom), top / bottom);
    *ret = lanes_log(h) + lanes_select(right, lanes_of(0), -0.5 * u * u - log_root_2pi);
    lanes left_slope = lanes_select(x > 1e100, x, mills * bottom / top);
    *ret_slope = lanes_select(right, (1.0 - phi * mills) / h, left_slope);
}

static void log_h(size_t n, const double *u, double *ret, double *ret_slope)
{
    lanes y, slope;
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        log_h_of(lanes_load(u + i), &y, &slope);
        lanes_store(ret + i, y);
        if (ret_slope)
            lanes_store(ret_slope + i, slope);
    }
    if (i == n)
        return;
    log_h_of(lanes_load_part(u + i, n - i, 1), &y, &slope);
    lanes_store_part(ret + i, n - i, y);
    if (ret_slope)
        lanes_store_part(ret_slope + i, n - i, slope);
}

/* The largest of x, NaN left out; -inf where there is none. */
static double largest(size_t n, const double *x)
{
    lanes m = lanes_of(-__builtin_inf());
    double at[VEC_LANES], most = -__builtin_inf();
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        m = lanes_max(lanes_load(x + i), m);
    lanes_store(at, m);
    for (int j = 0; j < VEC_LANES; j++)
        most = at[j] > most ? at[j] : most;
    for (; i < n; i++)
        most = x[i] > most ? x[i] : most;
    return most;
}

/* Adds exp(x - most) to the partial sums; terms below exp(-60) are nothing beside the largest,
 * which is 1. Where all of a row are (of the kernels of a mixture most are far away), nothing is
 * computed. */
inlined void add_exp(const double *x, double most, struct partial *s)
{
    lanes t[PARTS];
    lanes_mask nothing = {0};
    nothing = ~nothing;
    for (int p = 0; p < PARTS; p++) {
        t[p] = lanes_load(x + p * VEC_LANES) - most;
        nothing &= t[p] < -60;
    }
    if (lanes_any(~nothing))
        for (int p = 0; p < PARTS; p++)
            s->part[p] += (lanes)(~(t[p] < -60) & (lanes_mask)lanes_exp_near(t[p]));
}

/* sum(exp(x - most)). */
static double sum_exp(size_t n, const double *x, double most)
{
    struct partial s = {0};
    double last[WIDTH];
    size_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH)
        add_exp(x + i, most, &s);
    for (size_t j = 0; j < WIDTH; j++)
        last[j] = j < n - i ? x[i + j] : -__builtin_inf();
    add_exp(last, most, &s);
    return total(&s, 0, last);
}

static double log_sum_exp(size_t n, const double *x)
{
    double most = largest(n, x), y;
    if (most - most != 0) { /* infinite */
        bool unknown = false;
        for (size_t i = 0; i < n; i++)
            unknown |= x[i] != x[i];
        return unknown ? __builtin_nan("") : most;
    }
    y = sum_exp(n, x, most);
    map_log(1, &y, &y);
    return most + y;
}

/* `vectors` vectors of distances, from element i on. */
inlined void distances_at(size_t i, int vectors, size_t d, const double *weight, const double *x,
                          const double *const *column, double *ret)
{
    lanes s[4] = {0};
    for (size_t k = 0; k < d; k++) {
        const double *from = column[k] + i;
        for (int v = 0; v < vectors; v++) {
            lanes t = x[k] - lanes_load(from + v * VEC_LANES);
            s[v] += weight[k] * (t * t);
        }
    }
    for (int v = 0; v < vectors; v++)
        lanes_store(ret + i + v * VEC_LANES, s[v]);
}

static void distances(size_t n, size_t d, const double *weight, const double *x,
                      const double *const *column, double *ret)
{
    size_t i = 0;
    for (; i + 4 * VEC_LANES <= n; i += 4 * VEC_LANES)
        distances_at(i, 4, d, weight, x, column, ret);
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        distances_at(i, 1, d, weight, x, column, ret);
    for (; i < n; i++) {
        double s = 0;
        for (size_t k = 0; k < d; k++) {
            double t = x[k] - column[k][i];
            s += weight[k] * (t * t);
        }
        ret[i] = s;
    }
}

static void dot_squares(size_t n, size_t d, const double *g, const double *x,
                        const double *const *column, double *ret)
{
    for (size_t k = 0; k < d; k++) {
        struct partial s = {0};
        double last[WIDTH];
        size_t i = 0;
        for (; i + WIDTH <= n; i += WIDTH)
            for (int p = 0; p < PARTS; p++) {
                lanes t = x[k] - lanes_load(column[k] + i + p * VEC_LANES);
                s.part[p] += lanes_load(g + i + p * VEC_LANES) * (t * t);
            }
        for (size_t j = i; j < n; j++) {
            double t = x[k] - column[k][j];
            last[j - i] = g[j] * (t * t);
        }
        ret[k] += total(&s, n - i, last);
    }
}

inlined void matern52_of(lanes s, lanes *ret, lanes *ret_slope)
{
    lanes s5 = lanes_min(lanes_of(1e6), 5.0 * s); /* past it the kernel is 0, not 0 * inf */
    lanes r = lanes_sqrt(s5), e = lanes_exp(-r);
    *ret = (1.0 + (r + s5 * (1.0 / 3))) * e;
    *ret_slope = (-5.0 / 6) * ((1.0 + r) * e);
}

static void matern52(size_t n, const double *s, double *ret, double *ret_slope)
{
    lanes y, slope;
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        matern52_of(lanes_load(s + i), &y, &slope);
        lanes_store(ret + i, y);
        if (ret_slope)
            lanes_store(ret_slope + i, slope);
    }
    if (i == n)
        return;
    matern52_of(lanes_load_part(s + i, n - i, 1), &y, &slope);
    lanes_store_part(ret + i, n - i, y);
    if (ret_slope)
        lanes_store_part(ret_slope + i, n - i, slope);
}

/* The logarithms of kernels i .. at points j .. j + count - 1, a row of n for each in ret. shared:
 * there are no rates. */
inlined void kernels_at(const struct vec_mixture *p, bool shared, size_t i, int vectors, size_t j,
                        int count, const double *const *x, const double *more, size_t ld,
                        double *ret)
{
    lanes s[TOGETHER][2];
    for (int c = 0; c < count; c++)
        for (int v = 0; v < vectors; v++)
            s[c][v] = lanes_load(p->base + i + v * VEC_LANES);
    for (size_t k = 0; k < p->d; k++) {
        const double *at = x[k] + j, *mu = p->mu[k] + i, *rate = shared ? NULL : p->rate[k] + i;
        for (int v = 0; v < vectors; v++)
            for (int c = 0; c < count; c++) {
                lanes t = at[c] - lanes_load(mu + v * VEC_LANES);
                t = shared ? t : t * lanes_load(rate + v * VEC_LANES);
                s[c][v] -= t * t;
            }
    }
    for (int c = 0; c < count; c++)
        for (int v = 0; v < vectors; v++) {
            const double *added = more ? more + (j + c) * ld + i + v * VEC_LANES : NULL;
            lanes_store(ret + (size_t)c * p->n + i + v * VEC_LANES,
                        added ? s[c][v] + lanes_load(added) : s[c][v]);
        }
}

/* All n of them, a cache line of each array at a time where vectors are shorter: arrays of a power
 * of two would push each other out of the cache in between. */
inlined void all_kernels_at(const struct vec_mixture *p, bool shared, size_t j, int count,
                            const double *const *x, const double *more, size_t ld, double *ret)
{
    enum { VECTORS = VEC_LANES < 8 ? 2 : 1 };
    size_t i = 0;
    for (; i + VECTORS * VEC_LANES <= p->n; i += VECTORS * VEC_LANES)
        kernels_at(p, shared, i, VECTORS, j, count, x, more, ld, ret);
    for (; i < p->n; i++)
        for (int c = 0; c < count; c++) {
            double s = p->base[i];
            for (size_t k = 0; k < p->d; k++) {
                double t = x[k][j + c] - p->mu[k][i];
                t = shared ? t : t * p->rate[k][i];
                s -= t * t;
            }
            ret[(size_t)c * p->n + i] = more ? s + more[(j + c) * ld + i] : s;
        }
}

inlined void mixture_of(const struct vec_mixture *p, bool shared, size_t m, const double *const *x,
                        const double *more, size_t ld, double *ret, double *work)
{
    size_t j = 0;
    for (; j + TOGETHER <= m; j += TOGETHER) {
        all_kernels_at(p, shared, j, TOGETHER, x, more, ld, work);
        for (size_t c = 0; c < TOGETHER; c++)
            ret[j + c] = log_sum_exp(p->n, work + c * p->n);
    }
    for (; j < m; j++) {
        all_kernels_at(p, shared, j, 1, x, more, ld, work);
        ret[j] = log_sum_exp(p->n, work);
    }
}

static void mixture(const struct vec_mixture *p, size_t m, const double *const *x,
                    const double *more, size_t ld, double *ret, double *work)
{
    if (p->rate)
        mixture_of(p, false, m, x, more, ld, ret, work);
    else
        mixture_of(p, true, m, x, more, ld, ret, work);
}

static void mixture_cell(size_t n, double lo, double hi, const double *mu, const double *rate,
                         double *y)
{
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES) {
        lanes m = lanes_load(mu + i), r = lanes_load(rate + i);
        lanes_store(y + i, lanes_load(y + i) + log_normal_mass_of((lo - m) * r, (hi - m) * r));
    }
    if (i == n)
        return;
    lanes m = lanes_load_part(mu + i, n - i, 0), r = lanes_load_part(rate + i, n - i, 1);
    lanes old = lanes_load_part(y + i, n - i, 0);
    lanes_store_part(y + i, n - i, old + log_normal_mass_of((lo - m) * r, (hi - m) * r));
}

static void mixture_match(size_t n, double x, double bonus, const double *key, double *y)
{
    const lanes added = lanes_of(bonus), none = lanes_of(0);
    size_t i = 0;
    for (; i + VEC_LANES <= n; i += VEC_LANES)
        lanes_store(y + i, lanes_load(y + i) + lanes_select(lanes_load(key + i) == x, added, none));
    for (; i < n; i++)
        y[i] += key[i] == x ? bonus : 0;
}

const struct vec_kernels VEC_TABLE(vec_kernels_) = {
    .sum = sum,
    .dot = dot,
    .axpy = axpy,
    .scale = scale,
    .rotate = rotate,
    .exp = map_exp,
    .log = map_log,
    .log1p = map_log1p,
    .log_sum_exp = log_sum_exp,
    .erfcx = map_erfcx,
    .normal_cdf = map_normal_cdf,
    .log_normal_cdf = map_log_normal_cdf,
    .log_normal_mass = log_normal_mass,
    .log_h = log_h,
    .distances = distances,
    .dot_squares = dot_squares,
    .matern52 = matern52,
    .mixture = mixture,
    .mixture_cell = mixture_cell,
    .mixture_match = mixture_match,
};
