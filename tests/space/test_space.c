/*
 * Spaces: declaring, conditions, constraints, counting, canonical text.
 */
#include "space/making.h"

#include "testing.h"

#include <stdio.h>

static const char flights[] = "model: choice(linear, mlp, gbdt)\n"
                              "lr: loguniform(1e-4, 1)\n"
                              "depth: int(2, 12) default 6 when model == \"gbdt\"\n"
                              "hidden: logint(16, 512) when model == \"mlp\"\n"
                              "weather: flag()\n"
                              "features: subset(hour, carrier, distance, min=1) default [hour]\n"
                              "batch_size:= 256\n"
                              "where hidden * batch_size <= 65536\n";

static void builds_the_example(void **state)
{
    struct space *s = must_make(flights);
    assert_int_equal(s->n_params, 7);
    assert_int_equal(s->n_units, 8);
    assert_int_equal(s->params[2].depth, 1);
    assert_int_equal(s->params[6].unit, -1);
    assert_int_equal(s->params[5].unit, 5);
    space_free(s);
}

static void expect(const char *text, const char *message)
{
    assert_string_equal(problem_of(text), message);
}

static void refuses_wrong_spaces(void **state)
{
    expect("a: flag()\na: flag()",
           "2:1: parameter a is declared twice | the first one is in line 1");
    expect("a: flag() when b\nb: flag() when a",
           "1:16: conditions go in a circle: a -> b -> a | each is active only if the next one is: "
           "one must stand without the others");
    expect("x: flag()\na: flag() when a and x",
           "2:16: conditions go in a circle: a -> a | a parameter's condition can't ask about the "
           "parameter itself");
    expect("x: flag() when a\na: flag() when b\nb: flag() when a",
           "2:16: conditions go in a circle: a -> b -> a | each is active only if the next one is: "
           "one must stand without the others");
    expect("n: int(1, 4)\na: flag() when n > 4",
           "2:16: a can never be active: no values within the bounds make its condition true | "
           "change the condition, or leave the parameter out");
    expect("n: int(1, 4)\na: flag() when n > 2 and n < 3",
           "2:16: a can never be active: no combination of values makes its condition true | "
           "change the condition, or leave the parameter out");
    expect("h: int(16, 512)\nb:= 256\nwhere h * b <= 100",
           "3:7: no configuration satisfies this constraint: no values within the bounds do | "
           "loosen it, or widen the parameters it names");
    expect("h: int(1, 100)\nwhere h * 2 == 51",
           "2:7: no configuration satisfies this constraint: all 100 were tried | "
           "loosen it, or widen the parameters it names");
    expect("x: uniform(0, 1)\nwhere x < 0.5\nwhere x > 0.5",
           "3:7: no configuration satisfies all 2 constraints together: 100000 draws found none | "
           "loosen it, or widen the parameters it names");
}

/* Thirty conditions, each on top of the last and true of one value in ten: no plain draw in a
 * lifetime finds the last one. */
static void finds_deep_conditions(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_cstr(&b, "p0: choice(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)\n");
    for (int i = 1; i < 30; i++)
        buf_fmt(&b, "p%d: choice(0, 1, 2, 3, 4, 5, 6, 7, 8, 9) when p%d == %d\n", i, i - 1, i % 10);
    struct space *s = must_make(b.p);
    assert_int_equal(s->params[29].depth, 29);
    bool exact;
    assert_int_equal(space_count(s, &exact), 9 * 29 + 10);
    assert_true(exact);
    space_free(s);
    buf_free(&b);
}

/* What no draw happens on is still found where there is not too much to go through. */
static void enumerates_what_draws_miss(void **state)
{
    struct space *s = must_make("n: int(0, 150000)\na: flag() when n == 149999");
    space_free(s);
    expect("n: int(0, 1000000000)\na: flag() when n == 999999999",
           "2:16: a can never be active: no draw was found that makes its condition true | change "
           "the condition, or leave the parameter out");
}

/* As deep as there are parameters; the test is that it ends soon. */
static void takes_the_deepest_space(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 18);
    buf_cstr(&b, "p0: int(0, 9)\n");
    for (int i = 1; i < SPACE_PARAMS_MAX; i++)
        buf_fmt(&b, "p%d: int(0, 9) when p%d == %d\n", i, i - 1, i % 10);
    struct space *s = must_make(b.p);
    assert_int_equal(s->params[SPACE_PARAMS_MAX - 1].depth, SPACE_PARAMS_MAX - 1);
    space_free(s);
    buf_clear(&b);
    for (int i = 0; i < SPACE_PARAMS_MAX; i++)
        buf_fmt(&b, "p%d: flag() when p%d\n", i, (i + 1) % SPACE_PARAMS_MAX);
    assert_non_null(strstr(problem_of(b.p), "conditions go in a circle: p0 -> p1 -> p2 -> "));
    buf_free(&b);
}

/* Whatever the order in the file, conditions come after what they name. */
static void orders_by_conditions(void **state)
{
    struct space *s = must_make("c: flag() when b and a\nb: flag() when a\na: flag()\nd: flag()");
    const int wanted[] = {2, 1, 0, 3};
    assert_memory_equal(s->order, wanted, sizeof(wanted));
    assert_int_equal(s->params[0].depth, 2);
    space_free(s);
}

static void refuses_names_and_defaults(void **state)
{
    expect("9a: flag()", "1:1: 9a can't be the name of a parameter | a name is letters, digits, _ "
                         "and -, in parts joined by dots, and begins with a letter");
    expect("a..b: flag()",
           "1:1: a..b can't be the name of a parameter | a name is letters, digits, "
           "_ and -, in parts joined by dots, and begins with a letter");
    expect("a b: flag()", "1:1: \"a b\" can't be the name of a parameter | a name is letters, "
                          "digits, _ and -, in parts joined by dots, and begins with a letter");
    expect("a: int(1, 4) default 5",
           "1:22: default of a: 5 is above the upper bound 4 | it must be "
           "from 1 to 4");
    expect("a: choice(mlp, gbdt) default gbtd",
           "1:30: default of a: gbtd is not among its values | did you mean gbdt?");
    expect("a: flag()\nb: flag() when c\nwhere a",
           "2:16: there is no parameter c | a bare word is a parameter, a string has quotes");
}

/* One proof for what one mistake made: what hangs on a condition that is never true is not reported
 * too. */
static void reports_all_that_is_wrong(void **state)
{
    struct space *s = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_int_not_equal(make_space("n: int(1, 4)\na: flag() when n > 4\nb: flag() when a\n"
                                    "c: flag() when b and a\nd: flag() when n < 1",
                                    &s, &problems),
                         OK);
    assert_int_equal(problems.n, 2);
    problems_free(&problems);
    problems_init(&problems);
    assert_int_not_equal(make_space("n: int(1, 4)\na: flag() when x\nb: flag() when y\n"
                                    "where z\nd: flag() when n",
                                    &s, &problems),
                         OK);
    assert_int_equal(problems.n, 4);
    problems_free(&problems);
}

/* Three-valued: one side that is true is enough, and an inactive one is neither. */
static void conditions_are_three_valued(void **state)
{
    struct space *s = must_make("model: choice(mlp, cnn, tree)\n"
                                "head: choice(mlp, linear) when model == \"cnn\"\n"
                                "width: int(1, 9) when model == \"mlp\" or head == \"mlp\"\n"
                                "other: flag() when not head == \"mlp\"");
    struct value values[4] = {value_string(STR("mlp"))};
    assert_false(config_is_active(s, values, 1));
    assert_true(config_is_active(s, values, 2));
    assert_false(config_is_active(s, values, 3));
    values[0] = value_string(STR("cnn"));
    values[1] = value_string(STR("mlp"));
    assert_true(config_is_active(s, values, 2));
    values[1] = value_string(STR("linear"));
    assert_false(config_is_active(s, values, 2));
    assert_true(config_is_active(s, values, 3));
    space_free(s);
}

/* A constraint of a parameter that may be inactive is no contradiction, whatever its bounds. */
static void constraints_of_inactive_parameters_hold(void **state)
{
    struct space *s = must_make("a: flag()\nb: int(1, 4) when a\nwhere b > 4");
    struct arena arena;
    struct rng rng;
    struct config c;
    arena_init(&arena, 1 << 20);
    rng_init(&rng, 1, 1);
    for (int i = 0; i < 20; i++) {
        assert_ok(config_draw(s, &arena, &rng, 1000, &c, NULL));
        assert_false(c.values[0].b);
    }
    arena_free(&arena);
    space_free(s);
}

static void keeps_its_limits(void **state)
{
    struct space *s;
    struct error e = {0};
    char name[32], long_name[SPACE_NAME_MAX + 2];
    struct param_decl d = {.prior = STR("flag()")};
    assert_ok(space_new(&s, NULL));
    memset(long_name, 'n', sizeof(long_name));
    d.name = (struct str){long_name, SPACE_NAME_MAX + 1};
    assert_int_equal(space_declare(s, &d, &e), E_LIMIT);
    for (int i = 0; i <= SPACE_PARAMS_MAX; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        d.name = str_of(name);
        assert_int_equal(space_declare(s, &d, &e), i < SPACE_PARAMS_MAX ? OK : E_LIMIT);
    }
    for (int i = 0; i <= SPACE_CONSTRAINTS_MAX; i++)
        assert_int_equal(space_constrain(s, STR("p0 or not p0"), (struct location){0}, &e),
                         i < SPACE_CONSTRAINTS_MAX ? OK : E_LIMIT);
    struct problems problems;
    problems_init(&problems);
    assert_ok(space_finish(s, &problems));
    problems_free(&problems);
    bool exact;
    assert_int_equal(space_count(s, &exact), INT64_MAX);
    space_free(s);
    space_free(NULL);
}

static void finds_names(void **state)
{
    struct space *s = must_make(flights);
    assert_int_equal(space_find(s, STR("hidden")), 3);
    assert_int_equal(space_find(s, STR("hidde")), -1);
    assert_string_equal(space_nearest(s, STR("hiden")), "hidden");
    assert_null(space_nearest(s, STR("zzz")));
    space_free(s);
}

static void counts_configurations(void **state)
{
    struct {
        const char *text;
        int64_t count;
        bool exact;
    } cases[] = {
        {"a: flag()\nb: int(1, 3)", 6, true},
        {"a: flag()\nb: int(1, 3) when a", 4, true},
        {"a: choice(x, y, z)\nb: int(1, 3) when a == \"x\"\nc: flag() when b == 2 or a == \"z\"",
         1 + 2 + 1 + 1 + 2, true},
        {"a: uniform(0, 1)", 0, true},
        {"a: int(-9223372036854775808, 9223372036854775807)", INT64_MAX, true},
        {"", 1, true},
        {"s: subset(a, b)\nx: int(1, 5) when \"a\" in s\ny: flag() when len(s) == 2",
         1 + 5 + 1 + 10, true},
        /* 4,000 to the third is past what is enumerated: x, and y inactive or one of ten */
        {"x: int(1, 4000)\ny: int(1, 4000)\nz: int(1, 4000)\nw: int(1, 9) when x + y + z > 5",
         640000000000, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct space *s = must_make(cases[i].text);
        bool exact;
        assert_int_equal(space_count(s, &exact), cases[i].count);
        assert_int_equal(exact, cases[i].exact);
        space_free(s);
    }
}

static void writes_canonical_json(void **state)
{
    struct space *s = must_make(flights);
    s->params[0].arg = STR("--m=${}");
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    space_json(s, &j);
    assert_ok(jw_end(&j, NULL));
    assert_string_equal(
        b.p, "{\"parameters\":[{\"name\":\"model\",\"prior\":\"choice(linear, mlp, gbdt)\","
             "\"arg\":\"--m=${}\"},"
             "{\"name\":\"lr\",\"prior\":\"loguniform(0.0001, 1)\"},"
             "{\"name\":\"depth\",\"prior\":\"int(2, 12)\",\"when\":\"model == \\\"gbdt\\\"\","
             "\"default\":6},"
             "{\"name\":\"hidden\",\"prior\":\"logint(16, 512)\",\"when\":\"model == "
             "\\\"mlp\\\"\"},"
             "{\"name\":\"weather\",\"prior\":\"flag()\"},"
             "{\"name\":\"features\",\"prior\":\"subset(hour, carrier, distance, min=1, max=3)\","
             "\"default\":[\"hour\"]},"
             "{\"name\":\"batch_size\",\"fixed\":256}],"
             "\"constraints\":[\"hidden * batch_size <= 65536\"]}");
    buf_free(&b);
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_the_example),
        cmocka_unit_test(refuses_wrong_spaces),
        cmocka_unit_test(finds_deep_conditions),
        cmocka_unit_test(enumerates_what_draws_miss),
        cmocka_unit_test(takes_the_deepest_space),
        cmocka_unit_test(orders_by_conditions),
        cmocka_unit_test(refuses_names_and_defaults),
        cmocka_unit_test(reports_all_that_is_wrong),
        cmocka_unit_test(conditions_are_three_valued),
        cmocka_unit_test(constraints_of_inactive_parameters_hold),
        cmocka_unit_test(keeps_its_limits),
        cmocka_unit_test(finds_names),
        cmocka_unit_test(counts_configurations),
        cmocka_unit_test(writes_canonical_json),
    };
    return RUN_TESTS(tests);
}
