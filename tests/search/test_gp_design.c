/*
 * How the Gaussian process sampler begins, and what it makes of branches.
 */
#include "fixture.h"

#include <math.h>

enum { ASKED = 12 };

static void ask_all(struct space *s, const char *method, int64_t trials, size_t n, struct arena *a,
                    struct proposal *ret)
{
    struct searcher_settings settings = make_settings(s, method, trials, 0, 0);
    struct entry entry;
    struct error e = {.code = OK};
    settings.seed = 5;
    struct searcher *x = make_searcher(&settings);
    assert_ok(searcher_begin(x, a, &entry, NULL));
    for (size_t i = 0; i < n; i++) {
        struct arena room;
        struct proposal p;
        arena_init(&room, 1 << 24);
        expect_code(searcher_ask(x, &room, &p, &entry, &e), OK, &e);
        assert_int_equal(p.kind, ASK_TRIAL);
        assert_ok(config_copy(a, &p.config, &ret[i].config));
        arena_free(&room);
    }
    searcher_free(x);
}

static const struct row models[] = {{"model", "choice(linear, forest, boost)", NULL},
                                    {"shared", "uniform(0, 1)", NULL},
                                    {"rate", "loguniform(1e-4, 1)", "model == \"boost\""},
                                    {"depth", "int(1, 9)", "model in (\"forest\", \"boost\")"},
                                    {NULL, NULL, NULL}};

static bool is_centre(const struct config *c)
{
    const struct value *v = c->values;
    return fabs(v[1].r - 0.5) < 1e-9 &&
           (v[2].type == VALUE_NONE || fabs(log10(v[2].r) + 2) < 1e-9) &&
           (v[3].type == VALUE_NONE || v[3].i == 5);
}

/* Each branch's once, and nothing else in the middle of everything. */
static void centres_of_branches_come_first(void **state)
{
    struct space *s = make_space(models, NULL);
    struct proposal p[ASKED];
    struct arena a;
    bool seen[3] = {false, false, false};
    arena_init(&a, 1 << 24);
    ask_all(s, "gp", 100, ASKED, &a, p);
    for (size_t i = 0; i < 3; i++) {
        struct str model = p[i].config.values[0].s;
        size_t k = str_is(model, "linear") ? 0 : str_is(model, "forest") ? 1 : 2;
        assert_true(is_centre(&p[i].config));
        assert_false(seen[k]);
        seen[k] = true;
    }
    for (size_t i = 3; i < ASKED; i++)
        assert_false(is_centre(&p[i].config));
    arena_free(&a);
    space_free(s);
}

/* Who wants no branches gets even points from the first on, and so does a space that has none. */
static void even_points_without_branches(void **state)
{
    static const struct row flat[] = {
        {"x", "uniform(0, 1)", NULL}, {"y", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct proposal p[ASKED];
    struct arena a;
    arena_init(&a, 1 << 24);
    struct space *s = make_space(models, NULL);
    ask_all(s, "gp(branches=false)", 100, ASKED, &a, p);
    for (size_t i = 0; i < ASKED; i++)
        assert_false(is_centre(&p[i].config));
    space_free(s);
    s = make_space(flat, NULL);
    ask_all(s, "gp", 100, 5, &a, p);
    int halves = 0;
    for (size_t i = 0; i < 4; i++)
        halves += p[i].config.values[0].r < 0.5;
    assert_int_equal(halves, 2);
    arena_free(&a);
    space_free(s);
}

/* A centre that the constraints refuse is left out. */
static void centres_obey_constraints(void **state)
{
    struct space *s = make_space(models, "shared < 0.4");
    struct proposal p[ASKED];
    struct arena a;
    arena_init(&a, 1 << 24);
    ask_all(s, "gp", 100, ASKED, &a, p);
    for (size_t i = 0; i < ASKED; i++)
        assert_true(config_allowed(&p[i].config, NULL));
    arena_free(&a);
    space_free(s);
}

/* One branch is good at once and can't become better than 1; the other begins at 2 and more, and
 * comes below 1 only near its optimum, which is 0.2. */
static const struct row two[] = {{"model", "choice(plain, deep)", NULL},
                                 {"w", "uniform(0, 1)", NULL},
                                 {"a", "uniform(0, 1)", "model == \"deep\""},
                                 {"b", "uniform(0, 1)", "model == \"deep\""},
                                 {"c", "uniform(0, 1)", "model == \"deep\""},
                                 {"d", "uniform(0, 1)", "model == \"deep\""},
                                 {NULL, NULL, NULL}};

static double late_bloomer(const struct config *c)
{
    static const double at[] = {0.15, 0.8, 0.2, 0.9};
    const struct value *v = c->values;
    double sum = 0.2;
    if (str_is(v[0].s, "plain"))
        return 1 + 0.5 * (v[1].r - 0.3) * (v[1].r - 0.3);
    for (size_t i = 0; i < 4; i++)
        sum += 25 * (v[2 + i].r - at[i]) * (v[2 + i].r - at[i]);
    return sum;
}

static double best_of(const char *method, uint64_t seed)
{
    struct space *s = make_space(two, NULL);
    struct searcher_settings settings = make_settings(s, method, 60, 0, 0);
    struct arena a;
    struct entry entry;
    struct error e = {.code = OK};
    double best = HUGE_VAL;
    settings.seed = seed;
    struct searcher *x = make_searcher(&settings);
    arena_init(&a, 1 << 28);
    assert_ok(searcher_begin(x, &a, &entry, NULL));
    for (int i = 0; i < 60; i++) {
        struct proposal p;
        struct result r = {{0}, {0}};
        expect_code(searcher_ask(x, &a, &p, &entry, &e), OK, &e);
        r.values[0] = late_bloomer(&p.config);
        best = fmin(best, r.values[0]);
        expect_code(searcher_exit_result(x, &a, p.trial, OUTCOME_COMPLETED, -1, &r, &entry, &e), OK,
                    &e);
    }
    searcher_free(x);
    arena_free(&a);
    space_free(s);
    return best;
}

/* Most searches come to tune the late branch, and fewer do so where none is sent into it. */
static void a_branch_that_starts_badly_is_tuned(void **state)
{
    int found = 0, found_without = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        double best = best_of("gp", seed), without = best_of("gp(branches=false)", seed);
        print_message("# seed %d: %g, %g without branches\n", (int)seed, best, without);
        found += best < 0.9;
        found_without += without < 0.9;
    }
    assert_true(found >= 5 && found > found_without + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(centres_of_branches_come_first),
        cmocka_unit_test(even_points_without_branches),
        cmocka_unit_test(centres_obey_constraints),
        cmocka_unit_test(a_branch_that_starts_badly_is_tuned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
