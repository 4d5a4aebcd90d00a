/* NSGA-II: fronts of made-up problems with two objectives. */
#include "fixture.h"
#include "search/pareto.h"

#include <math.h>

struct problem {
    const struct row *rows;
    const char *constraint;
    void (*values)(const struct config *c, double ret[2]);
    size_t n_requirements;
    double (*excess)(const struct config *c);
};

static double number(const struct config *c, size_t i)
{
    const struct value *v = &c->values[i];
    return v->type == VALUE_REAL ? v->r : v->type == VALUE_INT ? (double)v->i : 0;
}

static const struct row five[] = {{"a", "uniform(0, 1)", NULL}, {"b", "uniform(0, 1)", NULL},
                                  {"c", "uniform(0, 1)", NULL}, {"d", "uniform(0, 1)", NULL},
                                  {"e", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

/* ZDT1 (Zitzler, Deb & Thiele 2000) of five numbers: its front has volume 2/3 in the unit square.
 */
static void zdt1(const struct config *c, double ret[2])
{
    double g = 1;
    for (size_t i = 1; i < 5; i++)
        g += 9 * number(c, i) / 4;
    ret[0] = number(c, 0);
    ret[1] = g * (1 - sqrt(ret[0] / g));
}

static const struct row mixed[] = {{"kind", "choice(near, far)", NULL},
                                   {"x", "uniform(0, 1)", "kind == \"near\""},
                                   {"y", "uniform(0, 1)", "kind == \"far\""},
                                   {"n", "int(0, 20)", NULL},
                                   {"order", "permutation(p, q, r, s)", NULL},
                                   {"some", "subset(u, v, w)", NULL},
                                   {NULL, NULL, NULL}};

/* The better the order and the fewer the items, the lower both; near trades off, far is bad. */
static void picky(const struct config *c, double ret[2])
{
    double bad = (double)c->values[5].list.n + number(c, 3) / 20;
    for (size_t i = 0; i + 1 < 4; i++)
        bad += c->values[4].list.v[i].s.p[0] > c->values[4].list.v[i + 1].s.p[0];
    bool near = c->values[1].type != VALUE_NONE;
    double t = near ? number(c, 1) : number(c, 2);
    ret[0] = t + bad / 5 + (near ? 0 : 1);
    ret[1] = 1 - t + bad / 5 + (near ? 0 : 1);
}

static double half(const struct config *c)
{
    return 0.5 - number(c, 0); /* a >= 0.5 */
}

static struct searcher_settings settings_of(const struct problem *p, const struct space *s,
                                            const char *method, uint64_t seed)
{
    struct searcher_settings settings = make_settings(s, "random", 0, 0, 0);
    struct error e = {.code = OK};
    struct arena a;
    settings.effort.n_objectives = 2;
    arena_init(&a, 1 << 20);
    expect_code(method_parse(&a, str_of(method), (struct location){0}, &settings.method, &e), OK,
                &e);
    expect_code(method_resolve(&settings.method, s, &settings.effort, &e), OK, &e);
    arena_free(&a);
    settings.n_objectives = 2;
    settings.minimize[0] = settings.minimize[1] = true;
    settings.n_requirements = p->n_requirements;
    settings.seed = seed;
    return settings;
}

/* The volume that a search's trials dominate below (1, 1), those that meet the requirement. */
static double volume(const struct problem *p, const char *method, int trials, uint64_t seed)
{
    struct space *space = make_space(p->rows, p->constraint);
    struct searcher_settings settings = settings_of(p, space, method, seed);
    struct searcher *s = make_searcher(&settings);
    struct arena a;
    struct entry entry;
    struct error e = {.code = OK};
    double *points = calloc((size_t)trials * 2, sizeof(*points)), v = 0;
    size_t n = 0;
    assert_non_null(points);
    arena_init(&a, (size_t)1 << 28);
    assert_ok(searcher_begin(s, &a, &entry, &e));
    for (int i = 0; i < trials; i++) {
        struct proposal proposal;
        struct result r = {.excess = {0}};
        expect_code(searcher_ask(s, &a, &proposal, &entry, &e), OK, &e);
        assert_int_equal(proposal.kind, ASK_TRIAL);
        p->values(&proposal.config, r.values);
        if (p->excess)
            r.excess[0] = p->excess(&proposal.config);
        expect_code(
            searcher_exit_result(s, &a, proposal.trial, OUTCOME_COMPLETED, -1, &r, &entry, &e), OK,
            &e);
        if (r.excess[0] <= 0) {
            points[2 * n] = r.values[0];
            points[2 * n++ + 1] = r.values[1];
        }
    }
    static const double reference[] = {1, 1};
    expect_code(pareto_volume(n, 2, points, reference, &v, &e), OK, &e);
    free(points);
    searcher_free(s);
    arena_free(&a);
    space_free(space);
    return v;
}

static double mean_volume(const struct problem *p, const char *method, int trials)
{
    double sum = 0;
    for (uint64_t seed = 1; seed <= 3; seed++)
        sum += volume(p, method, trials, seed) / 3;
    print_message("# %s: %.3f\n", method, sum);
    return sum;
}

static void a_front_is_approached(void **state)
{
    const struct problem p = {.rows = five, .values = zdt1};
    assert_true(mean_volume(&p, "nsga2", 400) > 0.45); /* of 0.667 */
    assert_true(mean_volume(&p, "random", 400) < 0.15);
}

static const struct row ten[] = {{"a", "uniform(0, 1)", NULL},
                                 {"b", "uniform(0, 1)", NULL},
                                 {"c", "uniform(0, 1)", NULL},
                                 {"d", "uniform(0, 1)", NULL},
                                 {"e", "uniform(0, 1)", NULL},
                                 {"f", "uniform(0, 1)", NULL},
                                 {"g", "uniform(0, 1)", NULL},
                                 {"h", "uniform(0, 1)", NULL},
                                 {"i", "uniform(0, 1)", NULL},
                                 {"j", "uniform(0, 1)", NULL},
                                 {NULL, NULL, NULL}};

static void zdt1_of_ten(const struct config *c, double ret[2])
{
    double g = 1;
    for (size_t i = 1; i < 10; i++)
        g += number(c, i);
    ret[0] = number(c, 0);
    ret[1] = g * (1 - sqrt(ret[0] / g));
}

/* Many parameters and few trials want few survivors: a hundred leave nothing in the unit square. */
static void the_population_suits_the_trials(void **state)
{
    const struct problem p = {.rows = ten, .values = zdt1_of_ten};
    double left_out = mean_volume(&p, "nsga2", 600);
    assert_true(left_out > 0.3); /* of 0.667 */
    assert_true(left_out > 2 * mean_volume(&p, "nsga2(population=100)", 600));
}

static void mixed_and_conditional_spaces_are_bred(void **state)
{
    const struct problem p = {.rows = mixed, .values = picky};
    double bred = mean_volume(&p, "nsga2(population=20)", 300);
    assert_true(bred > 0.3 && bred > 1.5 * mean_volume(&p, "random", 300));
}

static void requirements_come_first(void **state)
{
    const struct problem p = {.rows = five, .values = zdt1, .n_requirements = 1, .excess = half};
    assert_true(mean_volume(&p, "nsga2", 300) > 2 * mean_volume(&p, "random", 300));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_front_is_approached),
        cmocka_unit_test(the_population_suits_the_trials),
        cmocka_unit_test(mixed_and_conditional_spaces_are_bred),
        cmocka_unit_test(requirements_come_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
