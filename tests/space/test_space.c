/*
 * Spaces: declaring, conditions, constraints, counting, canonical text.
 */
#include "space/making.h"

#include "testing.h"

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
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    space_json(s, &j);
    assert_ok(jw_end(&j, NULL));
    assert_string_equal(
        b.p, "{\"parameters\":[{\"name\":\"model\",\"prior\":\"choice(linear, mlp, gbdt)\"},"
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
        cmocka_unit_test(counts_configurations),
        cmocka_unit_test(writes_canonical_json),
    };
    return RUN_TESTS(tests);
}
