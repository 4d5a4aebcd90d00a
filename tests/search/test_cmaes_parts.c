/* The parts of CMA-ES, and that what it knows depends on the history alone. */
#include "search/cmaes/learner.h"
#include "search/cmaes/margin.h"

#include "base/rng.h"
#include "base/stats.h"
#include "spaces.h"

#include <math.h>

static const double inf = (double)INFINITY;

/* For d = 10, lambda = 10: the tutorial's formulas by hand. */
static void rates_are_the_tutorial_s(void **state)
{
    struct rates r = {.lambda = 0};
    assert_int_equal(rates_lambda(1), 4);
    assert_int_equal(rates_lambda(10), 10);
    assert_int_equal(rates_lambda(40), 15);
    assert_ok(rates_set(&r, 10, 10, false));
    double positive = 0, negative = 0;
    for (size_t i = 0; i < 10; i++) {
        positive += fmax(0, r.weights[i]);
        negative += fmin(0, r.weights[i]);
        if (i > 0)
            assert_true(r.weights[i] < r.weights[i - 1]);
    }
    assert_near(positive, 1, 1e-15);
    assert_near(positive + negative, r.sum, 1e-15);
    assert_near(r.weights[0], 0.45627, 1e-5);
    assert_near(r.mu_eff, 3.16730, 1e-5);
    assert_near(r.c_sigma, 0.28443, 1e-5);
    assert_near(r.c_c, 0.29499, 1e-5);
    assert_near(r.c_1, 0.01528, 1e-5);
    assert_near(r.c_mu, 0.02355, 1e-5);
    /* negative ones may not take more from C than keeps it positive definite */
    assert_true(-negative <= 1 + r.c_1 / r.c_mu + 1e-12);
    assert_true(-negative * 10 * r.c_mu <= 1 - r.c_1 - r.c_mu + 1e-12);
    for (size_t lambda = 2; lambda < 200; lambda += 7)
        for (double n = 1; n < 1e4; n *= 7) {
            assert_ok(rates_set(&r, n, lambda, n > 300));
            assert_true(r.c_1 > 0 && r.c_mu > 0 && r.c_1 + r.c_mu <= 1);
            assert_true(r.c_sigma > 0 && r.c_sigma < 1 && r.c_c > 0 && r.c_c <= 1);
        }
    rates_free(&r);
    assert_near(rates_chi(1), 0.79788, 1e-3);
    assert_near(rates_chi(10), 3.0843, 1e-3);
    assert_real(rates_chi(0), 0);
}

/* Mean and variance of a cut normal by adding up slices. */
static struct moments moments_by_slices(struct span s, double mean, double sd)
{
    double lo = s.lo < -1e9 ? mean - 12 * sd : s.lo, hi = s.hi > 1e9 ? mean + 12 * sd : s.hi;
    double mass = 0, sum = 0, squares = 0;
    enum { SLICES = 20000 };
    for (int i = 0; i < SLICES; i++) {
        double x = lo + (hi - lo) * (i + 0.5) / SLICES, z = (x - mean) / sd, p = exp(-z * z / 2);
        mass += p;
        sum += p * x;
        squares += p * (x - mean) * (x - mean);
    }
    double at = sum / mass;
    return (struct moments){at, (squares / mass - (at - mean) * (at - mean)) / (sd * sd)};
}

static void moments_of_spans(void **state)
{
    static const struct span spans[] = {{-1, 1},  {0, 1},     {0.5, 0.51},  {-3, 0.25}, {4, 4.5},
                                        {-9, -8}, {2, 1e300}, {-1e300, -2}, {1, 1.5}};
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
        struct moments m = span_moments(spans[i], 0.2, 0.7);
        struct moments expected = moments_by_slices(spans[i], 0.2, 0.7);
        assert_near(m.mean, expected.mean, 1e-5);
        assert_near(m.variance, expected.variance, 1e-4);
    }
    struct moments all = span_moments((struct span){-inf, inf}, 0.3, 2);
    assert_real(all.mean, 0.3);
    assert_real(all.variance, 1);
    struct moments half = span_moments((struct span){0.3, inf}, 0.3, 2);
    assert_near(half.mean, 0.3 + 2 * sqrt(2 / M_PI), 1e-12);
    assert_near(half.variance, 1 - 2 / M_PI, 1e-12);
    struct moments point = span_moments((struct span){7, 7}, 0.3, 2);
    assert_real(point.mean, 7);
    assert_real(point.variance, 0);
    /* past all digits: the nearer end */
    assert_real(span_moments((struct span){100, inf}, 0, 1).mean, 100);
    assert_real(span_moments((struct span){-inf, -100}, 0, 1).mean, -100);
}

static const struct row every_kind[] = {{"u", "uniform(-3, 7)", NULL},
                                        {"step", "uniform(0, 1, step=0.25)", NULL},
                                        {"log", "loguniform(1e-4, 10)", NULL},
                                        {"normal", "normal(10, 3)", NULL},
                                        {"cut", "normal(0, 1, 0.5, 9)", NULL},
                                        {"tail", "normal(0, 1, 6, 9)", NULL},
                                        {"lognormal", "lognormal(0, 1, 0.1, 10)", NULL},
                                        {"i", "int(-4, 40)", NULL},
                                        {"li", "logint(1, 4000)", NULL},
                                        {"wide", "int(0, 4000000000000)", NULL},
                                        {"c", "choice(a=3, b, c)", NULL},
                                        {"o", "ordinal(1, 2, 5)", NULL},
                                        {"f", "flag()", NULL},
                                        {"s", "subset(x, y, z, min=1)", "f"},
                                        {"p", "permutation(x, y, z)", NULL},
                                        {"one", "int(3, 3)", NULL},
                                        {"single", "choice(only)", NULL},
                                        {NULL, NULL, NULL}};

/* A configuration tells spans that it lies in; decoding what lies in them gives it back. */
static void configurations_come_back(void **state)
{
    struct space *s = make_space(every_kind, NULL);
    struct axes axes;
    struct arena a;
    struct rng r;
    struct span spans[64];
    bool active[64];
    double x[64];
    uint32_t levels[4];
    arena_init(&a, 1 << 24);
    rng_init(&r, 3, 3);
    assert_ok(axes_init(&axes, s));
    assert_int_equal(axes.n_choices, 1);
    assert_int_equal(axes.n, 10 + 2 + 3 + 3);
    for (int round = 0; round < 300; round++) {
        struct config c, again;
        arena_clear(&a);
        assert_ok(config_draw(s, &a, &r, 1, &c, NULL));
        axes_encode(&axes, &c, spans, active, levels);
        for (size_t i = 0; i < axes.n; i++) {
            assert_int_equal(active[i], c.values[axes.v[i].param].type != VALUE_NONE);
            x[i] = span_moments(spans[i], axes.v[i].start, 0.2).mean;
            assert_true(x[i] >= spans[i].lo && x[i] <= spans[i].hi);
        }
        assert_ok(axes_decode(&axes, &a, x, levels, &again));
        for (size_t i = 0; i < s->n_params; i++) {
            const struct value *v = &c.values[i], *w = &again.values[i];
            if (v->type == VALUE_REAL)
                assert_near(w->r, v->r, 1e-9 * fabs(v->r) + 1e-12);
            else if (strcmp(s->params[i].name.p, "wide") != 0)
                assert_true(value_equal(v, w));
        }
    }
    axes_free(&axes);
    arena_free(&a);
    space_free(s);
}

static void bounds_are_spans(void **state)
{
    struct space *s = make_space(every_kind, NULL);
    struct axes axes;
    struct arena a;
    struct span spans[64];
    bool active[64];
    double x[64];
    uint32_t levels[4] = {0};
    arena_init(&a, 1 << 20);
    assert_ok(axes_init(&axes, s));
    for (int high = 0; high < 2; high++) {
        struct config c;
        for (size_t i = 0; i < axes.n; i++)
            x[i] = high ? 99 : -99;
        assert_ok(axes_decode(&axes, &a, x, levels, &c));
        assert_real(c.values[0].r, high ? 7 : -3);
        assert_real(c.values[4].r, high ? 9 : 0.5);
        assert_real(c.values[5].r, high ? 9 : 6);
        assert_int_equal(c.values[7].i, high ? 40 : -4);
        axes_encode(&axes, &c, spans, active, levels);
        for (size_t i = 0; i < axes.n; i++)
            if (active[i] && !axes.v[i].keys && strcmp(s->params[axes.v[i].param].name.p, "wide"))
                assert_true(isinf(high ? spans[i].hi : spans[i].lo) || axes.v[i].normal);
    }
    axes_free(&axes);
    arena_free(&a);
    space_free(s);
}

static void margins_are_kept(void **state)
{
    static const struct row rows[] = {{"i", "int(0, 9)", NULL},
                                      {"f", "flag()", NULL},
                                      {"l", "logint(1, 100)", NULL},
                                      {"x", "uniform(0, 1)", NULL},
                                      {NULL, NULL, NULL}};
    const double alpha = 0.02;
    struct space *s = make_space(rows, NULL);
    struct axes axes;
    struct gaussian g;
    struct rng r;
    rng_init(&r, 4, 4);
    assert_ok(axes_init(&axes, s));
    assert_ok(gaussian_init(&g, axes.n));
    for (int round = 0; round < 2000; round++) {
        double mean[4];
        bool settled;
        for (int i = 0; i < 4; i++)
            mean[i] = rng_unit(&r) * 1.4 - 0.2;
        gaussian_start(&g, mean, pow(10, -4 * rng_unit(&r)));
        margin_apply(&g, &axes, alpha, &settled);
        for (size_t i = 0; i < 4; i++) {
            struct span cell = axis_cell(&axes.v[i], g.mean[i]);
            double low = normal_cdf((cell.lo - g.mean[i]) / gaussian_sd(&g, i));
            double high = normal_cdf((g.mean[i] - cell.hi) / gaussian_sd(&g, i));
            bool inside = axes.v[i].kind == AXIS_REAL && mean[i] >= 0 && mean[i] <= 1;
            if (inside)
                assert_real(g.mean[i], mean[i]);
            else if (isinf(cell.lo) || isinf(cell.hi))
                assert_true(low + high >= alpha * (1 - 1e-9));
            else
                assert_true(fmin(low, high) >= alpha / 2 * (1 - 1e-9));
            if (axes.v[i].kind != AXIS_REAL)
                assert_true(g.mean[i] >= 0 && g.mean[i] <= 1);
        }
    }
    gaussian_free(&g);
    axes_free(&axes);
    space_free(s);
}

/* A made-up history: what ended, in its order, may be any of the trials. */
struct past {
    struct space *space;
    struct arena arena;
    struct observation v[600];
    uint32_t ended[600];
    double values[600];
    struct history h;
};

static void open_past(struct past *p, const struct row *rows)
{
    *p = (struct past){.space = make_space(rows, NULL)};
    arena_init(&p->arena, 1 << 26);
    p->h = (struct history){.v = p->v, .ended = p->ended, .n_objectives = 1};
}

static void close_past(struct past *p)
{
    arena_free(&p->arena);
    space_free(p->space);
}

static void ends(struct past *p, const struct config *c, double value, int origin, size_t known)
{
    size_t i = p->h.n++;
    p->values[i] = value;
    p->v[i] = (struct observation){.config = c,
                                   .value = value,
                                   .values = &p->values[i],
                                   .failed = isnan(value),
                                   .origin = origin,
                                   .known = known};
    p->ended[p->h.n_ended++] = (uint32_t)i;
}

static struct config *drawn(struct past *p, struct rng *r)
{
    struct config *c = arena_alloc(&p->arena, sizeof(*c));
    assert_non_null(c);
    assert_ok(config_draw(p->space, &p->arena, r, 1000, c, NULL));
    return c;
}

static struct learner *make_learner(const struct past *p)
{
    struct learner *x = calloc(1, sizeof(*x));
    const struct learner_settings settings = {.space = p->space, .seed = 9, .sd = 0.2};
    assert_non_null(x);
    assert_ok(learner_init(x, &settings));
    return x;
}

static void free_learner(struct learner *x)
{
    learner_free(x);
    free(x);
}

static void same(const double *a, const double *b, size_t n)
{
    if (n > 0)
        assert_memory_equal(a, b, n * sizeof(*a));
}

static void check_same(const struct learner *a, const struct learner *b)
{
    size_t n = a->axes.n, square = a->normal.diagonal ? n : n * n;
    assert_int_equal(a->learnt, b->learnt);
    assert_int_equal(a->lambda, b->lambda);
    assert_int_equal(a->restarts.number, b->restarts.number);
    assert_int_equal(a->round.n, b->round.n);
    assert_real(a->normal.sigma, b->normal.sigma);
    same(a->normal.mean, b->normal.mean, n);
    same(a->normal.c, b->normal.c, square);
    same(a->normal.l, b->normal.l, square);
    same(a->normal.path_sigma, b->normal.path_sigma, n);
    same(a->normal.path_c, b->normal.path_c, n);
    same(a->categories.q, b->categories.q, a->axes.n_levels);
    assert_real(a->categories.trust, b->categories.trust);
}

/* A learner that followed step by step, one that sees it all at once, and one that knew more before
 * all agree to the last bit. */
static void only_the_history_counts(void **state)
{
    static const struct row *const spaces[] = {every_kind, space_conditional};
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct past p;
        struct rng r;
        rng_init(&r, seed, 1);
        open_past(&p, spaces[seed % 2]);
        struct learner *steps = make_learner(&p), *later = make_learner(&p);
        for (size_t i = 0; i < 500; i++) {
            size_t lag = (size_t)rng_below(&r, seed < 3 ? 4 : 60);
            double value = rng_below(&r, 9) ? floor(8 * rng_unit(&r)) : (double)NAN;
            ends(&p, drawn(&p, &r), value, i < 7 ? -1 : (int)rng_below(&r, 2),
                 i - (i < lag ? i : lag));
            if (i % 3 == 0)
                assert_ok(learner_follow(steps, &p.h));
        }
        assert_ok(learner_follow(steps, &p.h));
        size_t whole = p.h.n_ended;
        for (size_t n = 0; n <= whole; n += 100) {
            struct learner *fresh = make_learner(&p);
            p.h.n_ended = n;
            assert_ok(learner_follow(fresh, &p.h));
            p.h.n_ended = whole;
            assert_ok(learner_follow(fresh, &p.h));
            check_same(steps, fresh);
            free_learner(fresh);
        }
        assert_ok(learner_follow(later, &p.h));
        p.h.n_ended = 123; /* an earlier history */
        assert_ok(learner_follow(later, &p.h));
        struct learner *fresh = make_learner(&p);
        assert_ok(learner_follow(fresh, &p.h));
        check_same(later, fresh);
        p.ended[50] = p.ended[122]; /* an end is taken back */
        p.h.n_ended--;
        p.h.taken_back++;
        assert_ok(learner_follow(later, &p.h));
        assert_int_equal(later->learnt, 122);
        free_learner(fresh);
        free_learner(steps);
        free_learner(later);
        close_past(&p);
    }
}

static const struct row two_branches[] = {
    {"model", "choice(a, b)", NULL},      {"x", "uniform(0, 1)", "model == \"a\""},
    {"n", "int(0, 9)", "model == \"a\""}, {"y", "uniform(0, 1)", "model == \"b\""},
    {"z", "uniform(0, 1)", NULL},         {NULL, NULL, NULL}};

static struct config *in_branch(struct past *p, struct rng *r, char model)
{
    struct config *c;
    do
        c = drawn(p, r);
    while (c->values[0].s.p[0] != model);
    return c;
}

/* What was not active in any trial stays as it was, whatever the rest does. */
static void inactive_axes_stay(void **state)
{
    struct past p;
    struct rng r;
    rng_init(&r, 5, 1);
    open_past(&p, two_branches);
    struct learner *x = make_learner(&p);
    for (size_t i = 0; i < 300; i++) {
        const struct config *c = in_branch(&p, &r, 'b');
        ends(&p, c, c->values[3].r + c->values[4].r, 0, i);
    }
    assert_ok(learner_follow(x, &p.h));
    assert_true(x->normal.mean[2] < 0.45 && x->normal.mean[3] < 0.45);
    assert_true(x->normal.generation > 10);
    for (size_t i = 0; i < 2; i++) {
        assert_real(x->normal.mean[i], 0.5);
        assert_near(gaussian_sd(&x->normal, i), 0.2, 1e-9);
        assert_real(x->normal.path_c[i], 0);
    }
    free_learner(x);
    close_past(&p);
}

/* Evidence moves the start to its best and makes it narrower; nothing but failures doesn't. */
static void evidence_warms_the_start(void **state)
{
    static const struct row rows[] = {
        {"x", "uniform(0, 1)", NULL}, {"y", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct past p;
    struct rng r;
    rng_init(&r, 6, 1);
    open_past(&p, rows);
    struct learner *x = make_learner(&p);
    for (int i = 0; i < 20; i++)
        ends(&p, drawn(&p, &r), (double)NAN, -1, 0);
    assert_ok(learner_follow(x, &p.h));
    assert_real(x->normal.mean[0], 0.5);
    assert_near(gaussian_sd(&x->normal, 0), 0.2, 1e-15);
    double best = inf;
    const struct config *best_config = NULL;
    for (int i = 0; i < 10; i++) {
        const struct config *c = drawn(&p, &r);
        double value = hypot(c->values[0].r - 0.9, c->values[1].r - 0.1);
        ends(&p, c, value, -1, 0);
        if (value < best)
            best_config = c;
        best = fmin(best, value);
    }
    assert_ok(learner_follow(x, &p.h));
    assert_real(x->normal.mean[0], best_config->values[0].r);
    assert_real(x->normal.mean[1], best_config->values[1].r);
    assert_true(gaussian_sd(&x->normal, 0) < 0.15);
    free_learner(x);
    close_past(&p);
}

/* After a restart, what was proposed before it is passed over. */
static void stragglers_of_an_earlier_run_are_ignored(void **state)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct past p;
    struct rng r;
    rng_init(&r, 7, 1);
    open_past(&p, rows);
    struct learner *x = make_learner(&p);
    while (x->restarts.number == 0 && p.h.n < 500) { /* nothing but failures ends a run */
        ends(&p, drawn(&p, &r), (double)NAN, 0, p.h.n_ended);
        assert_ok(learner_follow(x, &p.h));
    }
    assert_int_equal(x->restarts.number, 1);
    size_t at = p.h.n_ended;
    assert_int_equal(x->run_at, at);
    for (size_t i = 0; i < 30; i++)
        ends(&p, drawn(&p, &r), -1e9, 0, at - 1 - i % 3);
    assert_ok(learner_follow(x, &p.h));
    assert_int_equal(x->round.n, 0);
    assert_real(x->normal.sigma, x->settings.sd);
    ends(&p, drawn(&p, &r), 1, 0, p.h.n_ended);
    assert_ok(learner_follow(x, &p.h));
    assert_int_equal(x->round.n, 1);
    free_learner(x);
    close_past(&p);
}

static void probabilities_stay_probabilities(void **state)
{
    static const struct row rows[] = {{"a", "choice(p, q)", NULL},
                                      {"b", "choice(p=90, q=9, r=0.1)", NULL},
                                      {"c", "choice(p, q, r, s, t, u)", NULL},
                                      {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    struct axes axes;
    struct categories c;
    struct rng r;
    rng_init(&r, 8, 1);
    assert_ok(axes_init(&axes, s));
    assert_ok(categories_init(&c, &axes));
    categories_start(&c);
    double before = c.q[2];
    for (int round = 0; round < 500; round++) {
        uint32_t levels[4 * 3];
        const double weights[4] = {0.6, 0.3, 0.1, 0};
        for (int i = 0; i < 4; i++) {
            categories_draw(&c, &r, 0, levels + 3 * i);
            if (rng_below(&r, 5) == 0)
                levels[3 * i + 1] = CHOICE_INACTIVE;
            if (levels[3 * i + 2] == 4) /* t of c is best */
                memcpy(levels, levels + 3 * i, 3 * sizeof(*levels));
        }
        categories_update(&c, 4, levels, weights);
        for (size_t i = 0; i < 3; i++) {
            double sum = 0;
            for (size_t k = 0; k < axes.choices[i].n; k++) {
                double q = c.q[axes.choices[i].first + k];
                assert_true(q > 0.01 && q < 1);
                sum += q;
            }
            assert_near(sum, 1, 1e-12);
        }
    }
    assert_true(c.q[axes.choices[2].first + 4] > 0.8);
    assert_true(before > 0.9);
    categories_free(&c);
    axes_free(&axes);
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_the_tutorial_s),
        cmocka_unit_test(moments_of_spans),
        cmocka_unit_test(configurations_come_back),
        cmocka_unit_test(bounds_are_spans),
        cmocka_unit_test(margins_are_kept),
        cmocka_unit_test(only_the_history_counts),
        cmocka_unit_test(inactive_axes_stay),
        cmocka_unit_test(evidence_warms_the_start),
        cmocka_unit_test(stragglers_of_an_earlier_run_are_ignored),
        cmocka_unit_test(probabilities_stay_probabilities),
    };
    return RUN_TESTS(tests);
}
