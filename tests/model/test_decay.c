/*
 * Decaying curves against what dense matrices say, and what they make of curves whose end is known.
 */
#include "model/decay.h"

#include "base/rng.h"
#include "testing.h"

#include <math.h>

static double covariance(const struct decay *m, double t, double u)
{
    double decay = m->scale * pow(m->beta / (t + u + m->beta), m->alpha);
    return decay + m->walk * fmin(-log(t), -log(u));
}

/* x := a^-1 x by elimination; a is positive definite. */
static void solve(size_t n, double a[4][4], double *x)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++) {
            double f = i == k ? 0 : a[i][k] / a[k][k];
            for (size_t j = 0; j < n; j++)
                a[i][j] -= f * a[k][j];
            x[i] -= f * x[k];
        }
    for (size_t k = 0; k < n; k++)
        x[k] /= a[k][k];
}

static struct decay some_decay(void)
{
    struct decay m;
    const double hyper[DECAY_HYPERS] = {log(1.3), log(0.2), log(0.4), log(0.01), log(0.3), 0.5};
    decay_set(&m, hyper);
    return m;
}

/* With a last value f ~ N(mean, variance) everything is jointly normal: y(t) given y is what the
 * covariances say, f's included. */
static void predictions_are_those_of_dense_matrices(void **state)
{
    struct decay m = some_decay();
    const struct decay_curve c = {.n = 4, .t = {0.05, 0.1, 0.3, 0.6}, .y = {2, 1.2, 0.9, 0.7}};
    const double prior_mean = 0.3, prior_variance = 0.8;
    struct decay_block b;
    decay_take_in(&m, &c, &b);
    /* f given this curve alone. */
    double precision = 1 / prior_variance + 1 / b.variance;
    double f_mean = (prior_mean / prior_variance + b.end / b.variance) / precision;
    for (double t = 0.02; t <= 1; t += 0.07) {
        double a[4][4], k[4], w[4], mean, variance;
        for (size_t i = 0; i < 4; i++) {
            for (size_t j = 0; j < 4; j++)
                a[i][j] = covariance(&m, c.t[i], c.t[j]) + prior_variance + (i == j) * m.noise;
            k[i] = w[i] = covariance(&m, t, c.t[i]) + prior_variance;
        }
        solve(4, a, w);
        double wanted = prior_mean - m.drop * log(t);
        double wanted_variance = covariance(&m, t, t) + prior_variance;
        for (size_t i = 0; i < 4; i++) {
            wanted += w[i] * (c.y[i] - prior_mean + m.drop * log(c.t[i]));
            wanted_variance -= w[i] * k[i];
        }
        decay_predict(&m, &b, t, f_mean, 1 / precision, &mean, &variance);
        assert_true(fabs(mean - wanted) < 1e-6);
        assert_true(fabs(variance - wanted_variance) < 1e-6);
    }
}

static void what_was_not_seen_has_the_prior_of_all(void **state)
{
    struct decay m = some_decay();
    double mean, variance;
    decay_predict_new(&m, 0.25, 0.1, 0.7, &mean, &variance);
    assert_true(fabs(mean - (0.1 - m.drop * log(0.25))) < 1e-12);
    assert_true(fabs(variance - (0.7 + covariance(&m, 0.25, 0.25))) < 1e-12);
    decay_predict_new(&m, 1, 0.1, 0.7, &mean, &variance);
    assert_true(mean == 0.1 && variance > 0.7);
}

static void a_long_curve_leaves_less_open_than_a_short_one(void **state)
{
    struct decay m = some_decay();
    struct decay_curve c = {.n = 1, .t = {0.05, 0.2, 0.5, 1}, .y = {2, 1.5, 1.2, 1}};
    struct decay_block b;
    double before = HUGE_VAL;
    for (; c.n <= 4; c.n++) {
        decay_take_in(&m, &c, &b);
        assert_true(b.variance < before && b.variance > 0);
        before = b.variance;
    }
}

/* Curves that fall by 0.5 for each factor of e: the drop is found, and so is their end. */
static void a_common_drop_is_learned(void **state)
{
    struct decay_curve v[20];
    struct decay m;
    struct decay_block b;
    struct rng r;
    double mean, variance;
    rng_init(&r, 1, 1);
    for (size_t i = 0; i < 20; i++) {
        double end = rng_normal(&r);
        v[i].n = 6;
        for (size_t k = 0; k < 6; k++) {
            v[i].t[k] = 0.02 * pow(2, (double)k);
            v[i].y[k] = end - 0.5 * log(v[i].t[k]) + 0.01 * rng_normal(&r);
        }
    }
    decay_start(&m);
    decay_fit(&m, v, 20, 40);
    assert_true(fabs(m.drop - 0.5) < 0.05);
    struct decay_curve c = {.n = 3, .t = {0.02, 0.04, 0.08}, .y = {0, 0, 0}};
    for (size_t k = 0; k < 3; k++)
        c.y[k] = 1 - 0.5 * log(c.t[k]);
    decay_take_in(&m, &c, &b);
    decay_predict(&m, &b, 1, b.end, b.variance, &mean, &variance);
    assert_true(fabs(mean - 1) < 0.3 && fabs(mean - 1) < 3 * sqrt(variance));
}

/* Nothing to learn from: the prior's mode stays. Equal values, huge ones and near copies end too.
 */
static void odd_curves_are_survived(void **state)
{
    struct decay m, before;
    struct decay_curve v[2] = {{.n = 1, .t = {0.5}, .y = {1}}, {.n = 1, .t = {1}, .y = {2}}};
    struct decay_block b;
    decay_start(&m);
    before = m;
    decay_fit(&m, v, 2, 40);
    assert_memory_equal(m.hyper, before.hyper, sizeof(m.hyper));
    v[0] = (struct decay_curve){.n = 3, .t = {1e-9, 2e-9, 1}, .y = {3, 3, 3}};
    v[1] = (struct decay_curve){.n = 3, .t = {0.5, 0.5 + 1e-12, 0.5 + 2e-12}, .y = {1, -1, 1}};
    decay_fit(&m, v, 2, 40);
    for (size_t i = 0; i < 2; i++) {
        decay_take_in(&m, &v[i], &b);
        assert_true(isfinite(b.end) && isfinite(b.variance) && b.variance > 0);
    }
    double lost[DECAY_HYPERS];
    for (size_t i = 0; i < DECAY_HYPERS; i++)
        lost[i] = (double)NAN;
    decay_set(&m, lost);
    assert_memory_equal(m.hyper, before.hyper, sizeof(m.hyper));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_are_those_of_dense_matrices),
        cmocka_unit_test(what_was_not_seen_has_the_prior_of_all),
        cmocka_unit_test(a_long_curve_leaves_less_open_than_a_short_one),
        cmocka_unit_test(a_common_drop_is_learned),
        cmocka_unit_test(odd_curves_are_survived),
    };
    return RUN_TESTS(tests);
}
