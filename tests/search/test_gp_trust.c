/* Trust regions: how their side goes, that proposals lie in them, spaces of every kind. */
#include "conformance.h"

#include "search/gp/internal.h"

#include <math.h>

enum { STORY_MAX = 100, BY_INITIAL = 0, BY_MODEL = 1, BY_TRUST = 3 };

/* A made-up history of trials that ended in the order in which they were asked for. */
struct story {
    struct space *space;
    struct searcher_settings settings;
    struct gp_sampler *sampler;
    struct arena arena;
    struct observation v[STORY_MAX];
    double values[STORY_MAX];
    uint32_t ended[STORY_MAX];
    struct history h;
};

static void begin(struct story *t, const struct row *rows, const char *method)
{
    void *self;
    *t = (struct story){.space = make_space(rows, NULL)};
    t->settings = make_settings(t->space, method, STORY_MAX, 0, 0);
    t->h = (struct history){.v = t->v, .ended = t->ended, .n_objectives = 1};
    arena_init(&t->arena, 1 << 28);
    assert_ok(sampler_gp.create(&t->settings, &self, NULL));
    t->sampler = self;
}

static void end(struct story *t)
{
    sampler_gp.destroy(t->sampler);
    arena_free(&t->arena);
    space_free(t->space);
}

/* One more that ended; what was asked for it knew of the first `known`. */
static void add(struct story *t, const struct config *c, double value, int origin, size_t known)
{
    size_t i = t->h.n++;
    assert_true(i < STORY_MAX);
    t->values[i] = value;
    t->ended[i] = (uint32_t)i;
    t->v[i] = (struct observation){.config = c,
                                   .hash = config_hash(c),
                                   .value = value,
                                   .values = &t->values[i],
                                   .step = -1,
                                   .known = known,
                                   .origin = origin};
    t->h.n_ended = t->h.n;
}

static const struct config *at(struct story *t, const double *u)
{
    struct config *c = arena_alloc(&t->arena, sizeof(*c));
    assert_non_null(c);
    assert_ok(config_decode(t->space, &t->arena, u, c));
    return c;
}

static const struct row plane[] = {
    {"x", "uniform(0, 1)", NULL}, {"y", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

static void told(struct story *t, double x, double y, double value, int origin)
{
    add(t, at(t, (double[]){x, y}), value, origin, t->h.n);
}

static void told_of(struct story *t, double value, size_t known)
{
    add(t, at(t, (double[]){0.5, 0.5}), value, BY_TRUST, known);
}

static struct trust walk(struct story *t)
{
    struct sample_request q = {.history = &t->h, .index = (int64_t)t->h.n};
    struct survey v;
    struct trust ret;
    assert_ok(survey_take(t->sampler, &t->arena, &q, &v, NULL));
    assert_ok(rows_keep(t->sampler, &t->h, NULL));
    assert_ok(trust_walk(t->sampler, &t->arena, &v, BY_TRUST, &ret, NULL));
    return ret;
}

static void expect_side(struct story *t, double side, size_t successes, size_t failures)
{
    struct trust r = walk(t);
    assert_real(r.side, side);
    assert_int_equal(r.successes, successes);
    assert_int_equal(r.failures, failures);
}

static void three_successes_double(void **state)
{
    struct story t;
    begin(&t, plane, "gp(region=trust)");
    assert_int_equal(walk(&t).centre, -1);
    told(&t, 0.5, 0.5, 10, BY_INITIAL);
    told(&t, 0.2, 0.5, 12, BY_INITIAL);
    expect_side(&t, 0.8, 0, 0);
    assert_int_equal(walk(&t).centre, 0);
    told(&t, 0.5, 0.5, 9, BY_TRUST);
    told(&t, 0.5, 0.4, 8, BY_TRUST);
    expect_side(&t, 0.8, 2, 0);
    told(&t, 0.5, 0.4, 8, BY_TRUST); /* no better */
    expect_side(&t, 0.8, 0, 1);
    for (int i = 1; i <= 3; i++)
        told(&t, 0.5, 0.4, 8 - i, BY_TRUST);
    expect_side(&t, 1.6, 0, 0);
    assert_int_equal(walk(&t).centre, t.h.n - 1);
    for (int i = 4; i <= 7; i++)
        told(&t, 0.5, 0.4, 8 - i, BY_TRUST);
    expect_side(&t, 1.6, 1, 0); /* and not more */
    end(&t);
}

static void failures_halve(void **state)
{
    struct story t;
    begin(&t, plane, "gp(region=trust)");
    told(&t, 0.5, 0.5, 1, BY_INITIAL);
    for (int i = 0; i < 3; i++)
        told(&t, 0.5, 0.5, 2, BY_TRUST);
    expect_side(&t, 0.8, 0, 3);
    told(&t, 0.5, 0.5, (double)NAN, BY_TRUST); /* failed */
    expect_side(&t, 0.4, 0, 0);
    for (int i = 0; i < 4; i++)
        told(&t, 0.5, 0.5, 2, BY_TRUST);
    expect_side(&t, 0.2, 0, 0);
    end(&t);
}

/* As many as there are dimensions, beyond four. */
static void more_dimensions_take_more_failures(void **state)
{
    struct story t;
    struct arena a;
    double u[7] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    arena_init(&a, 1 << 16);
    begin(&t, space_wide(&a, 7), "gp(region=trust)");
    add(&t, at(&t, u), 1, BY_INITIAL, 0);
    for (size_t i = 0; i < 6; i++)
        add(&t, at(&t, u), 2, BY_TRUST, t.h.n);
    expect_side(&t, 0.8, 0, 6);
    add(&t, at(&t, u), 2, BY_TRUST, t.h.n);
    expect_side(&t, 0.4, 0, 0);
    end(&t);
    arena_free(&a);
}

static void others_move_the_centre_and_count_for_nothing(void **state)
{
    struct story t;
    begin(&t, plane, "gp(region=both)");
    told(&t, 0.5, 0.5, 10, BY_INITIAL);
    told(&t, 0.5, 0.5, 11, BY_TRUST);
    told(&t, 0.1, 0.1, 5, BY_MODEL);
    told(&t, 0.1, 0.2, 6, BY_MODEL);
    expect_side(&t, 0.8, 0, 1);
    assert_int_equal(walk(&t).centre, 2);
    told(&t, 0.1, 0.2, 7, BY_TRUST); /* better than the old centre only */
    expect_side(&t, 0.8, 0, 2);
    add(&t, at(&t, (double[]){0.3, 0.3}), 1, -1, t.h.n); /* a given one */
    assert_int_equal(walk(&t).centre, 5);
    t.v[5].infeasible = true;
    assert_int_equal(walk(&t).centre, 2);
    end(&t);
}

static void trials_asked_for_together_are_a_batch(void **state)
{
    struct story t;
    begin(&t, plane, "gp(region=trust)");
    told(&t, 0.5, 0.5, 10, BY_INITIAL);
    for (int i = 0; i < 3; i++)
        told_of(&t, 9 - i, 1); /* none knew of the others */
    expect_side(&t, 0.8, 1, 0);
    told_of(&t, 20, 1); /* knows of no success */
    expect_side(&t, 0.8, 1, 0);
    for (size_t i = 0; i < 4; i++)
        told_of(&t, 20, 2);
    expect_side(&t, 0.4, 0, 0);
    for (size_t i = 0; i < 4; i++)
        told_of(&t, 20, 2); /* asked for while it was wider */
    expect_side(&t, 0.4, 0, 0);
    end(&t);
}

static void begins_again_elsewhere(void **state)
{
    struct story t;
    begin(&t, plane, "gp(region=trust)");
    told(&t, 0.5, 0.5, 1, BY_INITIAL);
    told(&t, 0.9, 0.9, 5, BY_INITIAL);
    told(&t, 0.1, 0.1, 4, BY_INITIAL);
    told(&t, 0.6, 0.6, 2, BY_INITIAL); /* near the first */
    for (int i = 0; i < 27; i++)
        told(&t, 0.5, 0.5, 3, BY_TRUST);
    expect_side(&t, 0.8 / 64, 0, 3);
    assert_int_equal(walk(&t).restarts, 0);
    told(&t, 0.5, 0.5, 3, BY_TRUST);
    expect_side(&t, 0.8, 0, 0);
    struct trust r = walk(&t);
    assert_int_equal(r.restarts, 1);
    assert_int_equal(r.centre, 2);
    told(&t, 0.5, 0.5, 0, BY_TRUST); /* the old one's is no success */
    expect_side(&t, 0.8, 0, 1);
    told(&t, 0.1, 0.2, 3.5, BY_TRUST);
    expect_side(&t, 0.8, 1, 0);
    for (int i = 0; i < 28; i++)
        told(&t, 0.1, 0.2, 6, BY_TRUST);
    r = walk(&t);
    assert_int_equal(r.restarts, 2);
    assert_int_equal(r.centre, 1);
    for (int i = 0; i < 28; i++)
        told(&t, 0.9, 0.9, 6, BY_TRUST);
    r = walk(&t);
    assert_int_equal(r.restarts, 3);
    assert_int_equal(r.centre, -1); /* nothing is left to be near to */
    end(&t);
}

/* What the sampler makes of the story, and the region that it is to lie in. */
static void shape(struct story *t, struct region *ret)
{
    struct sample_request q = {.history = &t->h, .index = (int64_t)t->h.n};
    size_t n = t->sampler->encoding->n_units;
    struct survey v;
    struct acquisition acq;
    struct sample fitted = {.end = false};
    struct trust trust = walk(t);
    bool useful;
    assert_ok(survey_take(t->sampler, &t->arena, &q, &v, NULL));
    assert_ok(models_make(t->sampler, &t->arena, &v, &q, &acq, &useful, &fitted, NULL));
    *ret = (struct region){.lo = arena_array(&t->arena, n, sizeof(double)),
                           .hi = arena_array(&t->arena, n, sizeof(double))};
    assert_true(ret->lo && ret->hi);
    for (size_t k = 0; k < n; k++)
        ret->hi[k] = 1;
    assert_ok(trust_shape(t->sampler, &t->arena, &t->h, &trust, &acq, ret, NULL));
}

static const struct row kinds[] = {{"x", "uniform(0, 1)", NULL},
                                   {"n", "int(1, 9)", NULL},
                                   {"wide", "int(1, 100000)", NULL},
                                   {"a", "choice(p, q, r)", NULL},
                                   {"b", "choice(p, q, r, s)", NULL},
                                   {"f", "flag()", NULL},
                                   {"g", "flag()", NULL},
                                   {"inner", "uniform(0, 1)", "a == \"q\""},
                                   {NULL, NULL, NULL}};

static double steep(const double *u)
{
    return 100 * (u[0] - 0.3) * (u[0] - 0.3) + u[1] + (u[3] > 0.4) + (u[5] > 0.5);
}

/* Even points, then failures in the region until it is `halvings` smaller. */
static void fill(struct story *t, size_t halvings)
{
    struct rng r;
    double u[64];
    size_t n = t->sampler->encoding->n_units;
    assert_true(n <= 64);
    rng_init(&r, 5, 0);
    for (size_t i = 0; i < 15 + halvings * n; i++) {
        for (size_t k = 0; k < n; k++)
            u[k] = rng_unit(&r);
        add(t, at(t, u), i < 15 ? steep(u) : 1000, i < 15 ? BY_INITIAL : BY_TRUST, t->h.n);
    }
    assert_real(walk(t).side, ldexp(0.8, -(int)halvings));
}

static void check_proposal(struct story *t, const struct region *region, int64_t index)
{
    double u[64];
    struct sample_request q = {.history = &t->h, .index = index};
    struct sample x = {.end = false};
    struct arena a;
    arena_init(&a, 1 << 28);
    assert_ok(sampler_gp.sample(t->sampler, &a, &q, &x, NULL));
    assert_int_equal(x.origin, BY_TRUST);
    config_encode(&x.config, u);
    assert_true(trust_holds(region, t->sampler->encoding, u));
    arena_free(&a);
}

static void proposals_lie_in_the_region(void **state)
{
    static const size_t changes[] = {2, 1, 1, 1, 1};
    for (size_t halvings = 0; halvings < 5; halvings++) {
        struct story t;
        struct region region;
        begin(&t, kinds, "gp(region=trust, branches=false)");
        fill(&t, halvings);
        shape(&t, &region);
        assert_int_equal(region.changes, changes[halvings]);
        const struct encoding *x = t.sampler->encoding;
        double volume = (region.hi[0] - region.lo[0]) * (region.hi[2] - region.lo[2]);
        assert_true(volume <= 1 && volume > 0);
        assert_true(trust_holds(&region, x, region.centre));
        assert_true(region.hi[1] - region.lo[1] > 0.1); /* the next level at least */
        for (int64_t index = 100; index < 105; index++)
            check_proposal(&t, &region, index);
        end(&t);
    }
}

/* What the centre does not have is free, also where only a change makes it active. */
static void inactive_parameters_are_free(void **state)
{
    struct story t;
    struct region region;
    begin(&t, kinds, "gp(region=trust, branches=false)");
    fill(&t, 5);
    shape(&t, &region);
    assert_int_equal(region.at->values[7].type, VALUE_NONE);
    assert_true(isnan(region.centre[7]));
    assert_real(region.lo[7], 0);
    assert_real(region.hi[7], 1);
    double u[8];
    memcpy(u, region.centre, sizeof(u));
    u[3] = 0.5;
    for (int i = 0; i < 10; i++) {
        u[7] = i / 10.0;
        assert_true(trust_holds(&region, t.sampler->encoding, u));
    }
    end(&t);
}

static void surplus_changes_are_taken_back(void **state)
{
    struct story t;
    struct region region;
    struct rng r;
    size_t seen[5] = {0};
    begin(&t, kinds, "gp(region=trust, branches=false)");
    fill(&t, 0);
    shape(&t, &region);
    rng_init(&r, 1, 1);
    for (int i = 0; i < 1000; i++) {
        double u[8];
        memcpy(u, region.centre, sizeof(u));
        u[7] = 0.3;
        for (size_t k = 3; k < 7; k++)
            u[k] = rng_unit(&r);
        trust_settle(&region, t.sampler->encoding, &r, u);
        assert_true(trust_holds(&region, t.sampler->encoding, u));
        size_t n = 0;
        for (size_t k = 3; k < 7; k++)
            n += unit_level(t.sampler->encoding, k, u[k]) !=
                 unit_level(t.sampler->encoding, k, region.centre[k]);
        assert_in_range(n, 0, 2);
        seen[n]++;
    }
    assert_true(seen[0] > 100 && seen[1] > 100 && seen[2] > 100);
    end(&t);
}

/* Lengths tell the sides apart; the volume stays. */
static void what_changes_fast_is_narrow(void **state)
{
    struct story t;
    struct region region;
    begin(&t, plane, "gp(region=trust)");
    for (int i = 0; i < 60; i++) {
        double x = fmod(i * 0.618, 1), y = fmod(i * 0.755, 1);
        told(&t, x, y, sin(25 * x), i < 52 ? BY_INITIAL : BY_TRUST);
        t.values[i] = t.v[i].value = i < 52 ? sin(25 * x) + 0.01 * y : 2;
    }
    assert_real(walk(&t).side, 0.2);
    shape(&t, &region);
    double x = region.hi[0] - region.lo[0], y = region.hi[1] - region.lo[1];
    print_message("# %g x %g\n", x, y);
    assert_true(x < 0.6 * y);
    end(&t);
}

static void check_all_used(const struct run *r)
{
    bool exact;
    if (space_count(r->space, &exact) > 0 && r->plan->trials == 0)
        assert_int_equal(r->n_configs, space_count_allowed(r->space));
    check_replay(r);
}

static void run(struct plan plan)
{
    static const char *const options[] = {"(region=trust, initial=4)", "(region=both, initial=4)"};
    for (size_t i = 0; i < 2; i++) {
        struct run r;
        plan.sampler = &sampler_gp;
        plan.options = options[i];
        print_message("# gp%s, seed %d, mood %d\n", options[i], (int)plan.seed, (int)plan.mood);
        start_run(&r, &plan);
        drive(&r);
        check_all_used(&r);
        end_run(&r);
    }
}

static void spaces_of_every_kind(void **state)
{
    static const struct row *const spaces[] = {space_mixed,    space_conditional, space_code,
                                               space_integers, space_extreme,     space_one};
    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
        run((struct plan){.rows = spaces[i],
                          .trials = 14,
                          .slots = 1 + (int)i % 4,
                          .seed = i,
                          .n_evidence = i % 2 * 5,
                          .with_baseline = i % 2});
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct space *s = space_random(seed);
        run((struct plan){.space = s, .trials = 12, .slots = 2, .seed = seed});
        space_free(s);
    }
}

static void finite_spaces_are_used_up(void **state)
{
    for (uint64_t seed = 0; seed < 2; seed++)
        run((struct plan){.rows = space_small,
                          .constraint = space_small_constraint,
                          .slots = 1 + (int)seed * 2,
                          .seed = seed,
                          .n_evidence = seed});
}

static void every_mood(void **state)
{
    for (int mood = MIXED; mood <= SILENT; mood++)
        run((struct plan){.rows = space_conditional,
                          .constraint = space_conditional_constraint,
                          .allocator = "asha",
                          .trials = 16,
                          .slots = 4,
                          .seed = (uint64_t)mood,
                          .mood = (enum mood)mood,
                          .n_requirements = (size_t)mood % 2,
                          .with_steps = true});
}

static void two_objectives_ahead(void **state)
{
    run((struct plan){.rows = space_mixed,
                      .trials = 20,
                      .slots = 4,
                      .seed = 2,
                      .n_objectives = 2,
                      .working = AHEAD});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_successes_double),
        cmocka_unit_test(failures_halve),
        cmocka_unit_test(more_dimensions_take_more_failures),
        cmocka_unit_test(others_move_the_centre_and_count_for_nothing),
        cmocka_unit_test(trials_asked_for_together_are_a_batch),
        cmocka_unit_test(begins_again_elsewhere),
        cmocka_unit_test(proposals_lie_in_the_region),
        cmocka_unit_test(inactive_parameters_are_free),
        cmocka_unit_test(surplus_changes_are_taken_back),
        cmocka_unit_test(what_changes_fast_is_narrow),
        cmocka_unit_test(spaces_of_every_kind),
        cmocka_unit_test(finite_spaces_are_used_up),
        cmocka_unit_test(every_mood),
        cmocka_unit_test(two_objectives_ahead),
    };
    return RUN_TESTS(tests);
}
