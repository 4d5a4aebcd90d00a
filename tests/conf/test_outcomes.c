/*
 * Objectives, requirements and first points: what files that are right become.
 */
#include "conf/loading.h"

#include <float.h>
#include <math.h>

#define HEAD  "space: s\ncommand: ./train ${args}\nparameters: {lr: \"uniform(0, 1)\"}\n"
#define SHORT HEAD "metric: loss\ngoal: minimize\n"

static void takes_several_objectives(void **state)
{
    struct settings *s = load_right(HEAD "objectives:\n"
                                         "  - {metric: val_auc, goal: maximize, take: best}\n"
                                         "  - {metric: latency_ms, goal: minimize}\n"
                                         "  - {metric: size, goal: minimize, take: mean(3)}\n"
                                         "metrics: [loss, latency_ms]\n",
                                    NULL);
    assert_int_equal(s->n_objectives, 3);
    assert_int_equal(s->n_measures, 3);
    assert_int_equal(s->n_requirements, 0);
    assert_str(s->measures[0].name, "val_auc");
    assert_int_equal(s->measures[0].take, TAKE_BEST);
    assert_str(s->measures[1].name, "latency_ms");
    assert_int_equal(s->measures[1].take, TAKE_LAST);
    assert_int_equal(s->measures[2].take, TAKE_MEAN);
    assert_int_equal(s->measures[2].take_k, 3);
    assert_false(s->minimize[0]);
    assert_true(s->minimize[1] && s->minimize[2]);
    assert_int_equal(s->effort.n_objectives, 3);
    assert_int_equal(s->n_names, 4);
    assert_str(s->names[1], "latency_ms");
    assert_str(s->names[3], "loss");
    struct searcher_settings ss = settings_searcher(s);
    assert_int_equal(ss.n_objectives, 3);
    assert_false(ss.minimize[0]);
    assert_true(ss.minimize[2]);
    assert_null(ss.baseline);
    settings_free(s);
}

static void one_objective_is_metric_and_goal(void **state)
{
    struct settings *s =
        load_right(HEAD "objectives: [{metric: loss, goal: minimize, take: best}]\n", NULL);
    static const char *const take[] = {"metric.take", "best", NULL};
    struct settings *t = load_right(SHORT, take);
    const struct settings *both[] = {s, t};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(both[i]->n_objectives, 1);
        assert_int_equal(both[i]->n_measures, 1);
        assert_int_equal(both[i]->effort.n_objectives, 1);
        assert_str(both[i]->measures[0].name, "loss");
        assert_int_equal(both[i]->measures[0].take, TAKE_BEST);
        assert_true(both[i]->minimize[0]);
    }
    settings_free(s);
    settings_free(t);
}

/* Eight objectives and sixteen requirements, each of a metric of its own. */
static void takes_as_many_as_there_may_be(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_cstr(&b, HEAD "objectives:\n");
    for (int i = 0; i < OBJECTIVES_MAX; i++)
        buf_fmt(&b, "  - {metric: o%d, goal: minimize}\n", i);
    buf_cstr(&b, "require:\n");
    for (int i = 0; i < REQUIREMENTS_MAX; i++)
        buf_fmt(&b, "  - r%d < %d\n", i, i);
    struct settings *s = load_right(b.p, NULL);
    assert_int_equal(s->n_measures, MEASURES_MAX);
    assert_int_equal(s->n_names, MEASURES_MAX);
    assert_str(s->measures[MEASURES_MAX - 1].name, "r15");
    assert_int_equal(s->requirements[15].measure, MEASURES_MAX - 1);
    settings_free(s);
    buf_free(&b);
}

static void takes_requirements(void **state)
{
    struct settings *s = load_right(SHORT "require:\n"
                                          "  - latency_ms<=20\n"
                                          "  - \"  memory gb  <  4e0 \"\n"
                                          "  - loss > 0\n"
                                          "  - latency_ms >= -1.5\n"
                                          "metrics: [acc]\n",
                                    NULL);
    assert_int_equal(s->n_objectives, 1);
    assert_int_equal(s->n_requirements, 4);
    assert_int_equal(s->n_measures, 3);
    assert_str(s->requirements[0].text, "latency_ms <= 20");
    assert_int_equal(s->requirements[0].relation, RELATION_AT_MOST);
    assert_int_equal(s->requirements[0].measure, 1);
    assert_real(s->requirements[0].bound, 20);
    assert_str(s->requirements[1].text, "memory gb < 4");
    assert_int_equal(s->requirements[1].measure, 2);
    assert_str(s->requirements[2].text, "loss > 0");
    assert_int_equal(s->requirements[2].measure, 0);
    assert_str(s->requirements[3].text, "latency_ms >= -1.5");
    assert_int_equal(s->requirements[3].measure, 1);
    assert_int_equal(s->n_names, 4);
    assert_str(s->names[0], "loss");
    assert_str(s->names[2], "memory gb");
    assert_str(s->names[3], "acc");
    assert_int_equal(settings_searcher(s).n_requirements, 4);
    settings_free(s);
}

static void takes_one_requirement_alone(void **state)
{
    static const char *const set[] = {"require", "latency_ms <= 20", NULL};
    struct settings *s = load_right(SHORT, set);
    assert_int_equal(s->n_requirements, 1);
    assert_str(s->requirements[0].text, "latency_ms <= 20");
    settings_free(s);
    s = load_right(SHORT "require: []\n", NULL);
    assert_int_equal(s->n_requirements, 0);
    settings_free(s);
}

static double excess(enum relation relation, double bound, double value)
{
    const struct requirement r = {.relation = relation, .bound = bound};
    return requirement_excess(&r, value);
}

static void excess_is_in_parts_of_the_bound(void **state)
{
    assert_real(excess(RELATION_AT_MOST, 20, 25), 0.25);
    assert_real(excess(RELATION_AT_MOST, 20, 15), -0.25);
    assert_real(excess(RELATION_AT_MOST, -20, -15), 0.25);
    assert_real(excess(RELATION_AT_LEAST, 20, 15), 0.25);
    assert_real(excess(RELATION_AT_LEAST, 20, 25), -0.25);
    assert_real(excess(RELATION_AT_MOST, 0, 3), 3);
    assert_real(excess(RELATION_AT_LEAST, 0, 3), -3);
    assert_real(excess(RELATION_AT_MOST, 20, 20), 0);
    assert_real(excess(RELATION_AT_LEAST, 20, 20), 0);
    assert_real(excess(RELATION_LESS, 20, 20), DBL_MIN);
    assert_real(excess(RELATION_MORE, 20, 20), DBL_MIN);
    assert_real(excess(RELATION_LESS, 20, 15), -0.25);
}

/* Whatever the numbers: met is met, missed is missed. */
static void excess_has_the_right_sign(void **state)
{
    static const double bounds[] = {0, 1, -1, 1e308, -1e308, 5e-324, -5e-324, 0.1};
    static const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    size_t n = sizeof(bounds) / sizeof(*bounds);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            double b = bounds[i], v = bounds[k];
            assert_int_equal(excess(RELATION_AT_MOST, b, v) <= 0, v <= b);
            assert_int_equal(excess(RELATION_LESS, b, v) <= 0, v < b);
            assert_int_equal(excess(RELATION_AT_LEAST, b, v) <= 0, v >= b);
            assert_int_equal(excess(RELATION_MORE, b, v) <= 0, v > b);
        }
        for (size_t k = 0; k < 3; k++)
            for (int r = RELATION_LESS; r <= RELATION_AT_LEAST; r++)
                assert_true(excess((enum relation)r, bounds[i], odd[k]) > DBL_MAX);
    }
}

static void takes_first_points(void **state)
{
    struct settings *s =
        load_right("space: s\ncommand: ./train ${args}\nmetric: loss\ngoal: minimize\n"
                   "parameters:\n"
                   "  model: choice(linear, mlp)\n"
                   "  opt.lr: {prior: \"loguniform(1e-4, 1)\", default: 0.1}\n"
                   "  hidden: {prior: \"int(1, 9)\", when: model == \"mlp\"}\n"
                   "constraints: [opt.lr < 0.9]\n"
                   "baseline: {model: linear}\n"
                   "search:\n"
                   "  first:\n"
                   "    - {model: linear, opt: {lr: 0.5}}\n"
                   "    - {model: mlp, hidden: 3}\n",
                   NULL);
    assert_int_equal(s->n_first, 2);
    assert_real(s->first[0].values[1].r, 0.5);
    assert_int_equal(s->first[0].values[2].type, VALUE_NONE);
    assert_real(s->first[1].values[1].r, 0.1);
    assert_int_equal(s->first[1].values[2].i, 3);
    struct searcher_settings ss = settings_searcher(s);
    assert_int_equal(ss.n_first, 2);
    assert_ptr_equal(ss.first, s->first);
    assert_ptr_equal(ss.baseline, &s->baseline);
    settings_free(s);
}

static void set_gives_first_points_and_objectives(void **state)
{
    static const char *const set[] = {"search.first",
                                      "[{lr: 0.25}, {lr: 0.75}]",
                                      "objectives",
                                      "[{metric: a, goal: minimize}, {metric: b, goal: maximize}]",
                                      "metric",
                                      "",
                                      "goal",
                                      "",
                                      NULL};
    struct settings *s = load_right(SHORT, set), *again = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_int_equal(s->n_first, 2);
    assert_real(s->first[1].values[0].r, 0.75);
    assert_int_equal(s->n_objectives, 2);
    assert_ok(conf_reload(s->source, "trawl.yaml", s->overrides, &again, &problems));
    assert_int_equal(again->n_objectives, 2);
    assert_str(again->measures[1].name, "b");
    assert_int_equal(again->n_first, 2);
    settings_free(s);
    settings_free(again);
}

static void set_is_named_where_it_contradicts(void **state)
{
    static const char *const both[] = {"objectives", "[{metric: a, goal: minimize}]", NULL};
    static const char *const metric[] = {"metric", "loss", NULL};
    static const char *const first[] = {"search.first", "[{lr: 0.25}, {lr: 0.25}]", NULL};
    assert_says(load_wrong(SHORT, both),
                "--set objectives: objectives stands beside metric (line 4) and goal (line 5), "
                "which say the same of one\n"
                "  hint: keep one of the two: objectives, or metric and goal\n");
    assert_says(load_wrong(HEAD "objectives: [{metric: a, goal: minimize}]\n", metric),
                "trawl.yaml:4:1: objectives stands beside metric (--set metric), which say the "
                "same of one\n"
                "  hint: keep one of the two: objectives, or metric and goal\n");
    assert_says(load_wrong(SHORT, first),
                "--set search.first: search.first has this configuration twice\n");
}

static void auto_follows_several_objectives(void **state)
{
    struct settings *s =
        load_right(HEAD "objectives: [{metric: a, goal: minimize}, {metric: b, goal: maximize}]\n"
                        "search: {budget: {min: 1, max: 27}}\n",
                   NULL);
    struct error e = {0};
    struct method m = s->method;
    assert_int_equal(method_resolve(&m, s->space, &s->effort, &e), OK);
    assert_ok(method_check_objectives(&m, 2, NULL));
    assert_non_null(strstr(m.why, "2 objectives rank no trial half-way"));
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_several_objectives),
        cmocka_unit_test(one_objective_is_metric_and_goal),
        cmocka_unit_test(takes_as_many_as_there_may_be),
        cmocka_unit_test(takes_requirements),
        cmocka_unit_test(takes_one_requirement_alone),
        cmocka_unit_test(excess_is_in_parts_of_the_bound),
        cmocka_unit_test(excess_has_the_right_sign),
        cmocka_unit_test(takes_first_points),
        cmocka_unit_test(set_gives_first_points_and_objectives),
        cmocka_unit_test(set_is_named_where_it_contradicts),
        cmocka_unit_test(auto_follows_several_objectives),
    };
    return RUN_TESTS(tests);
}
