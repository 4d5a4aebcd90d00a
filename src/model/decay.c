/*
 * Blocks of curves, and the hyperparameters that they share.
 *
 * The likelihood is that of the contrasts within each curve (f integrated out under a flat prior),
 * at the drop that fits them best.
 */
#include "model/decay.h"

#include "base/linalg.h"
#include "base/vec.h"
#include "model/lbfgs.h"

#include <math.h>
#include <string.h>

enum { ALPHA, BETA, SCALE, NOISE, WALK, DROP };
enum { FITTED = DROP, MEMORY = 5, PAIRS = DECAY_POINTS * (DECAY_POINTS + 1) / 2 };

/* Normal priors of the logarithms: beta is a tenth of the training, an order of magnitude more or
 * less; noise a thousandth of the values' variance, within two. */
static const double centre[FITTED] = {0, -2.3, -2.3, -7, -2.3};
static const double deviation[FITTED] = {0.7, 1.2, 1, 2, 1};
static const double lowest[FITTED] = {-3, -7, -9, -13.8, -9};
static const double highest[FITTED] = {2.5, 2.3, 4, 0, 2};

#define DROP_CENTRE    0.2
#define DROP_DEVIATION 0.2
#define DIFFERENCE     1e-5

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

void decay_set(struct decay *m, const double *hyper)
{
    for (size_t i = 0; i < FITTED; i++) {
        double x = isnan(hyper[i]) ? centre[i] : hyper[i];
        m->hyper[i] = clamp(x, lowest[i], highest[i]);
    }
    m->hyper[DROP] = isfinite(hyper[DROP]) ? hyper[DROP] : DROP_CENTRE;
    m->alpha = exp(m->hyper[ALPHA]);
    m->beta = exp(m->hyper[BETA]);
    m->scale = exp(m->hyper[SCALE]);
    m->noise = exp(m->hyper[NOISE]);
    m->walk = exp(m->hyper[WALK]);
    m->drop = m->hyper[DROP];
}

void decay_start(struct decay *m)
{
    double hyper[DECAY_HYPERS] = {[DROP] = DROP_CENTRE};
    memcpy(hyper, centre, sizeof(centre));
    decay_set(m, hyper);
}

/* k of sums of two times; ret may be `sums`. */
static void kernel(const struct decay *m, size_t n, const double *sums, double *ret)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = sums[i] / m->beta;
    vec_log1p(n, ret, ret);
    vec_scale(n, -m->alpha, ret);
    vec_exp(n, ret, ret);
}

/* How far from the end, by ratio. */
static double left(double t)
{
    return t < 1 ? -log(t) : 0;
}

static void factor(const struct decay *m, const struct decay_curve *c, struct decay_block *b)
{
    double k[PAIRS], extra = 1e-9;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j <= i; j++)
            k[n++] = c->t[i] + c->t[j];
    kernel(m, n, k, k);
    /* Near copies of a row are told apart by noise, if it takes more of it. */
    for (size_t done = 0; done != c->n; extra *= 100) {
        n = 0;
        for (size_t i = 0; i < c->n; i++)
            for (size_t j = 0; j <= i; j++)
                b->l[i * DECAY_POINTS + j] = m->scale * k[n++] + m->walk * left(c->t[i]);
        for (size_t i = 0; i < c->n; i++)
            b->l[i * DECAY_POINTS + i] += m->noise + extra;
        done = linalg_cholesky(c->n, b->l, DECAY_POINTS);
    }
}

/* But for the drop, which may not be known yet. */
static void whiten(const struct decay *m, const struct decay_curve *c, struct decay_block *b)
{
    b->curve = c;
    factor(m, c, b);
    for (size_t i = 0; i < c->n; i++) {
        b->g[i] = left(c->t[i]);
        b->ones[i] = 1;
        b->y[i] = c->y[i];
    }
    linalg_solve_lower_vector(c->n, b->l, DECAY_POINTS, b->ones);
    linalg_solve_lower_vector(c->n, b->l, DECAY_POINTS, b->y);
    linalg_solve_lower_vector(c->n, b->l, DECAY_POINTS, b->g);
}

static double dot(const struct decay_block *b, const double *x, const double *y)
{
    return vec_dot(b->curve->n, x, y);
}

void decay_take_in(const struct decay *m, const struct decay_curve *c, struct decay_block *ret)
{
    whiten(m, c, ret);
    double precision = dot(ret, ret->ones, ret->ones);
    ret->variance = 1 / precision;
    ret->end = (dot(ret, ret->ones, ret->y) - m->drop * dot(ret, ret->ones, ret->g)) / precision;
}

struct fit {
    const struct decay_curve *curves;
    size_t n;
    double drop;
};

/* -ln likelihood of the contrasts; sets the drop. */
static double misfit(struct fit *f, const double *hyper)
{
    struct decay m;
    struct decay_block b = {.curve = NULL};
    double all[DECAY_HYPERS] = {0}, yy = 0, gg = 1 / (DROP_DEVIATION * DROP_DEVIATION);
    double gy = DROP_CENTRE * gg;
    double determinant = 0;
    memcpy(all, hyper, FITTED * sizeof(*all));
    decay_set(&m, all);
    for (size_t i = 0; i < f->n; i++) {
        whiten(&m, &f->curves[i], &b);
        double precision = dot(&b, b.ones, b.ones);
        double oy = dot(&b, b.ones, b.y), og = dot(&b, b.ones, b.g);
        yy += dot(&b, b.y, b.y) - oy * oy / precision;
        gy += dot(&b, b.g, b.y) - og * oy / precision;
        gg += dot(&b, b.g, b.g) - og * og / precision;
        determinant += log(precision) / 2;
        for (size_t k = 0; k < b.curve->n; k++)
            determinant += log(b.l[k * DECAY_POINTS + k]);
    }
    f->drop = gy / gg;
    double sum = (yy - gy * gy / gg) / 2 + determinant + log(gg) / 2;
    for (size_t i = 0; i < FITTED; i++) {
        double z = (hyper[i] - centre[i]) / deviation[i];
        sum += z * z / 2;
    }
    return sum;
}

static double misfit_gradient(void *self, size_t n, const double *x, double *ret_gradient)
{
    double moved[FITTED], value = misfit(self, x);
    memcpy(moved, x, sizeof(moved));
    for (size_t i = 0; i < n; i++) {
        double h = x[i] + DIFFERENCE > highest[i] ? -DIFFERENCE : DIFFERENCE;
        moved[i] = x[i] + h;
        ret_gradient[i] = (misfit(self, moved) - value) / h;
        moved[i] = x[i];
    }
    return value;
}

void decay_fit(struct decay *m, const struct decay_curve *curves, size_t n, int evaluations)
{
    const struct lbfgs_options options = {.memory = MEMORY,
                                          .evaluations = evaluations,
                                          .gradient_tolerance = 1e-2,
                                          .value_tolerance = 1e-4};
    struct fit f = {.curves = curves, .n = n};
    double work[2 * MEMORY * FITTED + 16 * FITTED + 64];
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || curves[i].n > 1;
    if (!any || lbfgs_work(FITTED, MEMORY) > sizeof(work) / sizeof(*work))
        return;
    lbfgs_minimise(FITTED, m->hyper, lowest, highest, misfit_gradient, &f, &options, work);
    (void)misfit(&f, m->hyper);
    m->hyper[DROP] = f.drop;
    double hyper[DECAY_HYPERS];
    memcpy(hyper, m->hyper, sizeof(hyper));
    decay_set(m, hyper);
}

void decay_predict(const struct decay *m, const struct decay_block *b, double t, double mean,
                   double variance, double *ret_mean, double *ret_variance)
{
    const struct decay_curve *c = b->curve;
    double k[DECAY_POINTS + 1], u[DECAY_POINTS], to_end = left(t);
    for (size_t i = 0; i < c->n; i++)
        k[i] = t + c->t[i];
    k[c->n] = 2 * t;
    kernel(m, c->n + 1, k, k);
    for (size_t i = 0; i < c->n; i++)
        u[i] = m->scale * k[i] + m->walk * fmin(to_end, left(c->t[i]));
    linalg_solve_lower_vector(c->n, b->l, DECAY_POINTS, u);
    double rest = 1 - dot(b, u, b->ones);
    double drop = m->drop * (to_end - dot(b, u, b->g));
    double own = m->scale * k[c->n] + m->walk * to_end - dot(b, u, u);
    *ret_mean = rest * mean + drop + dot(b, u, b->y);
    *ret_variance = (own > 0 ? own : 0) + rest * rest * variance;
}

void decay_predict_new(const struct decay *m, double t, double mean, double variance,
                       double *ret_mean, double *ret_variance)
{
    double k = 2 * t;
    kernel(m, 1, &k, &k);
    *ret_mean = mean + m->drop * left(t);
    *ret_variance = variance + m->scale * k + m->walk * left(t);
}
