/*
 * What a simulated cluster is made of: quantities, built-in functions, tables.
 */
#include "exec/sim/cluster.h"
#include "exec/sim/csv.h"
#include "exec/sim/table.h"
#include "testing.h"

#include <math.h>
#include <string.h>

/* Without a prior it is fixed at 4. */
static struct space *make_space(const char *const (*params)[3], size_t n)
{
    struct space *s;
    struct problems problems;
    problems_init(&problems);
    assert_ok(space_new(&s, NULL));
    for (size_t i = 0; i < n; i++) {
        const struct param_decl d = {.name = str_of(params[i][0]),
                                     .prior = str_of(params[i][1]),
                                     .value = value_int(4),
                                     .when = str_of(params[i][2])};
        assert_ok(space_declare(s, &d, NULL));
    }
    assert_ok(space_finish(s, &problems));
    problems_free(&problems);
    return s;
}

static struct space *cube(int n)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const char *params[6][3];
    for (int i = 0; i < n; i++) {
        params[i][0] = names[i];
        params[i][1] = "uniform(0, 1)";
        params[i][2] = NULL;
    }
    return make_space((const char *const(*)[3])params, (size_t)n);
}

/* ---- quantities ---- */

static const char *const typed[][3] = {{"depth", "int(1, 9)", NULL},
                                       {"model", "choice(x, y)", NULL},
                                       {"width", "int(1, 4)", "model == \"x\""}};

static void quantities_are_read(void **state)
{
    struct space *s = make_space(typed, 3);
    struct arena a;
    struct amount m;
    struct rng r;
    struct config c;
    double v, u[3] = {0.5, 0.9, 0.1}; /* 5, y, inactive */
    struct error e = {0};
    arena_init(&a, 1 << 20);
    rng_init(&r, 1, 0);
    assert_ok(config_decode(s, &a, u, &c));
    assert_ok(amount_parse(&a, STR("0.5 * depth + (model == \"y\")"), "--t", s, &m, NULL));
    assert_ok(amount_of(&m, &c, &r, &v, NULL));
    assert_real(v, 3.5);
    assert_ok(amount_parse(&a, STR("width"), "--t", s, &m, NULL));
    assert_int_equal(amount_of(&m, &c, &r, &v, &e), E_INVALID);
    assert_ok(amount_parse(&a, STR("1 - depth"), "--t", s, &m, NULL));
    assert_int_equal(amount_of(&m, &c, &r, &v, &e), E_INVALID);
    assert_ok(amount_parse(&a, STR("normal(1, 0.5, lo=1)"), "--t", s, &m, NULL));
    for (int i = 0; i < 100; i++) {
        assert_ok(amount_of(&m, &c, &r, &v, NULL));
        assert_true(v >= 1 && v < 6);
    }
    assert_ok(amount_parse(&a, STR("choice(1=19, 10)"), "--t", s, &m, NULL));
    int slow = 0;
    for (int i = 0; i < 10000; i++) {
        assert_ok(amount_of(&m, &c, &r, &v, NULL));
        slow += v == 10;
    }
    assert_in_range(slow, 400, 600);
    arena_free(&a);
    space_free(s);
}

static void wrong_quantities_are_placed(void **state)
{
    static const struct {
        const char *text;
        enum code code;
        int column;
        const char *hint;
    } cases[] = {
        {"2 * dpth", E_UNKNOWN, 5, "did you mean depth?"},
        {"model", E_INVALID, 1, ""},
        {"1 +", E_SYNTAX, 4, ""},
        {"normal(1, 0.5)", E_INVALID, 1, "lo=0"},
        {"uniform(2, 1)", E_INVALID, 1, ""},
        {"choice(a, b)", E_INVALID, 1, ""},
        {"int(-3, 3)", E_INVALID, 1, ""},
        {"subset(1, 2)", E_INVALID, 1, ""},
    };
    struct space *s = make_space(typed, 3);
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct amount m;
        struct error e = {0};
        enum code code = amount_parse(&a, str_of(cases[i].text), "--step-time", s, &m, &e);
        if (code != cases[i].code || strcmp(e.file, "--step-time") != 0 || e.line != 1)
            fail_msg("%s: %s %s", cases[i].text, code_name(code), e.message);
        assert_non_null(strstr(e.hint, cases[i].hint));
        if (cases[i].column > 1)
            assert_int_equal(e.column, cases[i].column);
    }
    arena_free(&a);
    space_free(s);
}

/* ---- functions ---- */

static double at(const char *name, int n, const double *u, int64_t max_steps, int64_t step,
                 bool minimize)
{
    struct space *s = cube(n);
    struct objective o;
    struct arena a;
    struct config c;
    const struct function_settings x = {
        .name = str_of(name), .space = s, .max_steps = max_steps, .minimize = minimize};
    struct sim_course course = {0};
    arena_init(&a, 1 << 20);
    assert_ok(config_decode(s, &a, u, &c));
    assert_ok(objective_function(&x, &o, NULL));
    const struct sim_attempt attempt = {.trial = 1, .config = &c};
    assert_ok(o.begin(o.self, &attempt, &course, NULL));
    double v = o.value(o.self, &attempt, &course, step);
    o.destroy(o.self);
    arena_free(&a);
    space_free(s);
    return v;
}

/* The optima that the literature gives. */
static void functions_have_their_optima(void **state)
{
    static const double third[] = {0.3, 0.3, 0.3}, odd[] = {0.37, 0.37, 0.37},
                        ones[] = {0.75, 0.75, 0.75},
                        pi[] = {(3.14159265358979 + 5) / 15, 2.275 / 15},
                        six[] = {0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573};
    assert_near(at("sphere", 3, third, 0, 1, true), 0, 1e-12);
    assert_near(at("rastrigin", 3, odd, 0, 1, true), 0, 1e-12);
    assert_near(at("ackley", 3, odd, 0, 1, true), 0, 1e-12);
    assert_near(at("rosenbrock", 3, ones, 0, 1, true), 0, 1e-12);
    assert_near(at("branin", 2, pi, 0, 1, true), 0.397887, 1e-6);
    assert_near(at("hartmann", 6, six, 0, 1, true), -3.32237, 1e-5);
    assert_near(at("hartmann", 6, six, 0, 1, false), 3.32237, 1e-5);
}

static void curves_fall_towards_the_function(void **state)
{
    static const double u[] = {0.2, 0.9};
    double f = at("sphere", 2, u, 0, 1, true), last = (double)INFINITY;
    for (int64_t step = 1; step <= 27; step++) {
        double v = at("sphere", 2, u, 27, step, true);
        assert_true(v < last && v > f);
        last = v;
    }
    assert_true(last - f < 2 / (1 + 9 / 4.0) + 1e-9 && last - f > 2 / 37.0 - 1e-9);
}

static void functions_are_found_or_refused(void **state)
{
    struct space *s = cube(2);
    struct objective o;
    struct error e = {0};
    struct function_settings x = {.name = STR("spere"), .space = s, .minimize = true};
    assert_int_equal(objective_function(&x, &o, &e), E_UNKNOWN);
    assert_string_equal(e.hint, "did you mean sphere?");
    x.name = STR("hartmann");
    assert_int_equal(objective_function(&x, &o, &e), E_INVALID);
    for (const char *const *name = objective_function_names(); *name; name++) {
        struct space *large = cube(6);
        x = (struct function_settings){.name = str_of(*name), .space = large, .minimize = true};
        assert_ok(objective_function(&x, &o, NULL));
        o.destroy(o.self);
        space_free(large);
    }
    space_free(s);
}

/* ---- a cluster ---- */

static void luck_is_the_attempts_own(void **state)
{
    struct space *s = cube(2);
    struct arena a;
    struct config c;
    static const double u[] = {0.5, 0.5};
    struct cluster x = {.seed = 3, .drops = 0.01, .n_spreads = 1};
    const struct function_settings f = {.name = STR("sphere"), .space = s, .minimize = true};
    double lives = 0;
    arena_init(&a, 1 << 20);
    assert_ok(config_decode(s, &a, u, &c));
    assert_ok(amount_parse(&a, STR("2"), "--step-time", s, &x.step_time, NULL));
    assert_ok(amount_parse(&a, STR("uniform(1, 5)"), "--start-up", s, &x.start_up, NULL));
    assert_ok(amount_parse(&a, STR("lognormal(0, 0.5)"), "--spread", s, &x.spreads[0], NULL));
    assert_ok(objective_function(&f, &x.objective, NULL));
    struct sim_model m = cluster_model(&x);
    for (int64_t trial = 1; trial <= 2000; trial++) {
        const struct sim_attempt attempt = {.trial = trial, .number = 1, .config = &c};
        struct sim_course one = {0}, again = {0};
        assert_ok(m.begin(m.self, &attempt, &one, NULL));
        assert_ok(m.begin(m.self, &attempt, &again, NULL));
        assert_memory_equal(&one, &again, sizeof(one));
        assert_true(one.step > 0 && one.start_up >= 1 && one.start_up <= 5 && one.drop > 0);
        lives += one.drop / 2000;
    }
    assert_near(lives, -1 / log(0.99), 12); /* five standard errors */
    x.objective.destroy(x.objective.self);
    arena_free(&a);
    space_free(s);
}

/* ---- tables ---- */

static void records_are_read(void **state)
{
    struct csv c;
    struct arena a;
    static struct csv_field f[CSV_FIELDS_MAX];
    size_t n;
    struct error e = {0};
    arena_init(&a, 1 << 20);
    csv_init(&c,
             STR("\xef\xbb\xbf"
                 "a, b ,\"c,\n\"\"d\"\"\"\r\n\n,,\nlast"),
             "t.csv");
    assert_ok(csv_next(&c, &a, f, &n, &e));
    assert_int_equal(n, 3);
    assert_true(str_is(f[1].text, "b") && str_is(f[2].text, "c,\n\"d\""));
    assert_int_equal(c.line, 1);
    assert_ok(csv_next(&c, &a, f, &n, &e));
    assert_int_equal(n, 3);
    assert_int_equal(f[2].text.n, 0);
    assert_int_equal(c.line, 4);
    assert_ok(csv_next(&c, &a, f, &n, &e));
    assert_true(n == 1 && str_is(f[0].text, "last"));
    assert_ok(csv_next(&c, &a, f, &n, &e));
    assert_int_equal(n, 0);
    csv_init(&c, STR("a\nb,\"c\nd"), "t.csv");
    assert_ok(csv_next(&c, &a, f, &n, &e));
    assert_int_equal(csv_next(&c, &a, f, &n, &e), E_SYNTAX);
    assert_true(e.line == 2 && e.column == 3);
    csv_init(&c, STR("\"a\"b"), "t.csv");
    assert_int_equal(csv_next(&c, &a, f, &n, &e), E_SYNTAX);
    arena_free(&a);
}

static const char *const tabled[][3] = {{"model", "choice(a, b)", NULL},
                                        {"depth", "int(1, 9)", "model == \"a\""}};

static enum code table(struct space *s, const char *text, bool exact, struct objective *o,
                       struct error *e)
{
    const struct table_settings x = {
        .file = "t.csv", .text = str_of(text), .space = s, .value = STR("loss"), .exact = exact};
    return objective_table(&x, o, e);
}

static double look_up(struct space *s, const struct objective *o, const char *json, int64_t step,
                      bool *ret_infeasible)
{
    struct arena a;
    struct config c;
    struct sim_course course = {0};
    arena_init(&a, 1 << 20);
    assert_ok(config_parse(s, &a, str_of(json), &c, NULL));
    const struct sim_attempt attempt = {.trial = 1, .config = &c};
    assert_ok(o->begin(o->self, &attempt, &course, NULL));
    *ret_infeasible = course.infeasible;
    double v = course.infeasible ? 0 : o->value(o->self, &attempt, &course, step);
    arena_free(&a);
    return v;
}

static void tables_of_one_length(void **state)
{
    static const char *const rows[][3] = {{"model", "choice(a, b)", NULL}, {"steps", NULL, NULL}};
    struct space *s = make_space(rows, 2);
    const struct table_settings x = {.file = "t.csv",
                                     .text = STR("model,step,loss\na,1,5\na,4,3\n"),
                                     .space = s,
                                     .value = STR("loss"),
                                     .exact = true,
                                     .length = STR("steps")};
    struct objective o;
    bool infeasible;
    assert_ok(objective_table(&x, &o, NULL));
    assert_real(look_up(s, &o, "{\"model\": \"a\", \"steps\": 4}", 4, &infeasible), 3);
    (void)look_up(s, &o, "{\"model\": \"b\", \"steps\": 4}", 4, &infeasible);
    assert_true(infeasible);
    o.destroy(o.self);
    space_free(s);
}

/* Curves say what any length comes to, unless a column tells lengths apart. */
static void tables_of_lengths(void **state)
{
    static const char *const rows[][3] = {{"model", "choice(a, b)", NULL},
                                          {"steps", "int(1, 9)", NULL}};
    static const char curves[] = "model,step,loss\na,1,5\na,4,3\nb,1,9\n",
                      told_apart[] = "model,steps,loss\na,1,5\na,9,3\nb,1,9\n";
    struct space *s = make_space(rows, 2);
    for (int exact = 0; exact < 2; exact++) {
        struct objective o;
        struct error e;
        bool infeasible;
        struct table_settings x = {.file = "t.csv",
                                   .text = str_of(curves),
                                   .space = s,
                                   .value = STR("loss"),
                                   .exact = exact,
                                   .length = STR("steps")};
        assert_ok(objective_table(&x, &o, NULL));
        assert_real(look_up(s, &o, "{\"model\": \"a\", \"steps\": 3}", 3, &infeasible), 5);
        assert_real(look_up(s, &o, "{\"model\": \"a\", \"steps\": 7}", 7, &infeasible), 3);
        assert_real(look_up(s, &o, "{\"model\": \"b\", \"steps\": 7}", 7, &infeasible), 9);
        assert_false(infeasible);
        o.destroy(o.self);
        x.length.n = 0; /* then it is a parameter like any other */
        assert_int_equal(objective_table(&x, &o, &e), E_INVALID);
        assert_non_null(strstr(e.message, "no column steps"));
        x.length = STR("steps");
        x.text = str_of(told_apart);
        assert_ok(objective_table(&x, &o, NULL));
        double v = look_up(s, &o, "{\"model\": \"a\", \"steps\": 8}", 8, &infeasible);
        assert_int_equal(infeasible, exact);
        assert_true(exact || v == 3);
        assert_real(look_up(s, &o, "{\"model\": \"a\", \"steps\": 1}", 1, &infeasible), 5);
        o.destroy(o.self);
    }
    space_free(s);
}

#define GOOD \
    "depth,step,loss,other,model\n2,4,0.5,x,a\n2,1,3,x,a\n,1,9,x,b\n8,1,5,\"y,z\",a\n8,2,,x,a\n"

static void tables_are_looked_up(void **state)
{
    struct space *s = make_space(tabled, 2);
    struct objective o;
    bool infeasible;
    assert_ok(table(s, GOOD, false, &o, NULL));
    assert_real(look_up(s, &o, "{\"model\": \"a\", \"depth\": 2}", 0, &infeasible), 3);
    assert_real(look_up(s, &o, "{\"model\": \"a\", \"depth\": 2}", 3, &infeasible), 3);
    assert_real(look_up(s, &o, "{\"model\": \"a\", \"depth\": 2}", 99, &infeasible), 0.5);
    assert_real(look_up(s, &o, "{\"model\": \"b\"}", 1, &infeasible), 9);
    assert_real(look_up(s, &o, "{\"model\": \"a\", \"depth\": 7}", 1, &infeasible), 5);
    assert_true(isnan(look_up(s, &o, "{\"model\": \"a\", \"depth\": 7}", 2, &infeasible)));
    assert_false(infeasible);
    o.destroy(o.self);
    assert_ok(table(s, GOOD, true, &o, NULL));
    assert_real(look_up(s, &o, "{\"model\": \"a\", \"depth\": 2}", 4, &infeasible), 0.5);
    assert_false(infeasible);
    (void)look_up(s, &o, "{\"model\": \"a\", \"depth\": 7}", 1, &infeasible);
    assert_true(infeasible);
    o.destroy(o.self);
    space_free(s);
}

static void wrong_tables_are_placed(void **state)
{
    static const struct {
        const char *text;
        int line, column;
        const char *says;
    } cases[] = {
        {"", 1, 1, "no column model"},
        {"model,loss\n", 1, 1, "no column depth"},
        {"model,depth,los\na,1,2\n", 1, 1, "no column loss"},
        {"model,depth,loss\n", 2, 1, "no rows"},
        {"model,depth,loss\na,1\n", 2, 1, "2 fields"},
        {"model,depth,loss\na,1,2\nc,1,2\n", 3, 1, "c"},
        {"model,depth,loss\na,99,2\n", 2, 3, "99"},
        {"model,depth,loss\na,1,x\n", 2, 5, "no number"},
        {"model,depth,loss,step\na,1,1,-1\n", 2, 7, "no step"},
        {"model,depth,loss\na,\"1,1\n", 2, 3, "never closed"},
    };
    struct space *s = make_space(tabled, 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct objective o;
        struct error e = {0};
        assert_true(table(s, cases[i].text, false, &o, &e) != OK);
        if (e.line != cases[i].line || e.column != cases[i].column ||
            !strstr(e.message, cases[i].says) || strcmp(e.file, "t.csv") != 0)
            fail_msg("%s: %s:%d:%d %s", cases[i].text, e.file, e.line, e.column, e.message);
    }
    space_free(s);
}

/* ---- forecasts ---- */

static double correlation(const double *x, const double *y, int n)
{
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        syy += y[i] * y[i];
        sxy += x[i] * y[i];
    }
    return (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
}

enum { RANKED = 4000 };

static void ranks_cross_as_they_say(void **state)
{
    static const struct {
        int64_t step;
        double correlation;
    } v[] = {{3, 0.70}, {9, 0.83}, {27, 0.95}, {81, 1}};
    static double at[4][RANKED], rank[RANKED];
    struct space *s = cube(2);
    struct objective up, down;
    struct arena a;
    double mean = 0;
    arena_init(&a, 1 << 24);
    assert_ok(objective_ranks(81, true, &down, NULL));
    assert_ok(objective_ranks(81, false, &up, NULL));
    for (int i = 0; i < RANKED; i++) {
        double u[2] = {(i + 0.5) / RANKED, 0.5};
        struct config c;
        struct sim_course course = {.drop = 0};
        assert_ok(config_decode(s, &a, u, &c));
        const struct sim_attempt t = {.trial = 1, .seed = 7, .config = &c};
        assert_ok(down.begin(down.self, &t, &course, NULL));
        for (int k = 0; k < 4; k++)
            at[k][i] = down.value(down.self, &t, &course, v[k].step);
        rank[i] = objective_rank_of(&c, 7);
        assert_near(at[3][i], rank[i], 1e-12);
        assert_near(up.value(up.self, &t, &course, 3), 1 - at[0][i], 1e-12);
        mean += rank[i] / RANKED;
    }
    assert_near(mean, 0.5, 0.02);
    for (int k = 0; k < 4; k++)
        assert_near(correlation(at[k], rank, RANKED), v[k].correlation, 0.03);
    up.destroy(up.self);
    down.destroy(down.self);
    arena_free(&a);
    space_free(s);
}

/* A trial has one of them, start and step together; all of a run are off by one factor, and runs of
 * seeds that follow one another by factors on either side of 1. */
static void measured_times_are_drawn(void **state)
{
    static const struct measured_time times[] = {{1, 10}, {2, 10}};
    struct space *s = cube(1);
    struct config c;
    struct arena a;
    double u = 0.5;
    int slower = 0, seen[2] = {0};
    arena_init(&a, 1 << 20);
    assert_ok(config_decode(s, &a, &u, &c));
    struct cluster cluster = {.measured = {2, times, 0.1}};
    assert_ok(objective_ranks(9, true, &cluster.objective, NULL));
    struct sim_model model = cluster_model(&cluster);
    for (cluster.seed = 1; cluster.seed <= 100; cluster.seed++) {
        double factor = 0;
        for (int64_t trial = 1; trial <= 30; trial++) {
            const struct sim_attempt t = {.trial = trial, .number = 1, .seed = 1, .config = &c};
            struct sim_course course = {.drop = 0};
            assert_ok(model.begin(model.self, &t, &course, NULL));
            int which = course.start_up / course.step < 7.5;
            factor = trial == 1 ? course.start_up / 10 : factor;
            assert_near(course.start_up, times[which].start * factor, 1e-9);
            assert_near(course.step, times[which].step * factor, 1e-9);
            seen[which]++;
        }
        slower += factor > 1;
    }
    assert_in_range(slower, 45, 55);
    assert_true(seen[0] > 1000 && seen[1] > 1000);
    cluster.objective.destroy(cluster.objective.self);
    arena_free(&a);
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities_are_read),
        cmocka_unit_test(wrong_quantities_are_placed),
        cmocka_unit_test(functions_have_their_optima),
        cmocka_unit_test(curves_fall_towards_the_function),
        cmocka_unit_test(functions_are_found_or_refused),
        cmocka_unit_test(luck_is_the_attempts_own),
        cmocka_unit_test(ranks_cross_as_they_say),
        cmocka_unit_test(measured_times_are_drawn),
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(tables_are_looked_up),
        cmocka_unit_test(tables_of_lengths),
        cmocka_unit_test(tables_of_one_length),
        cmocka_unit_test(wrong_tables_are_placed),
    };
    return RUN_TESTS(tests);
}
