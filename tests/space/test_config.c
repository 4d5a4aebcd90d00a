/*
 * Configurations: from and to the cube, drawing under constraints, completing, JSON.
 */
#include "space/making.h"

#include "testing.h"

#include <math.h>
#include <stdio.h>

static const char declared[] =
    "model: choice(linear, mlp, gbdt)\n"
    "lr: loguniform(1e-4, 1) default 0.1\n"
    "depth: int(2, 12) default 6 when model == \"gbdt\"\n"
    "hidden: logint(16, 512) when model == \"mlp\"\n"
    "activation: choice(relu, tanh) default relu when model == \"mlp\" and hidden > 64\n"
    "weather: flag() default false\n"
    "features: subset(hour, carrier, distance, min=1) default [hour]\n"
    "clip: choice(1, .inf) default .inf\n"
    "order: permutation(a, b, c) default [c, a, b]\n"
    "rate: uniform(0, 1, step=0.1) default 0.5\n"
    "big: int(-9223372036854775808, 9223372036854775807) default 9007199254740993\n"
    "batch_size:= 256\n"
    "where hidden * batch_size <= 65536\n"
    "where rate < 0.9 or weather\n";

static struct space *space;
static struct arena arena;
static struct rng rng;

static int set_up(void **state)
{
    space = must_make(declared);
    arena_init(&arena, 256 << 20);
    rng_init(&rng, test_seed(), 2);
    return 0;
}

static int tear_down(void **state)
{
    space_free(space);
    arena_free(&arena);
    return 0;
}

static const char *json_of(const struct config *c)
{
    static char text[4096];
    struct buf b;
    struct json j;
    buf_init(&b, sizeof(text) - 1);
    jw_init(&j, &b);
    config_json(c, &j);
    assert_ok(jw_end(&j, NULL));
    memcpy(text, b.p, b.n + 1);
    buf_free(&b);
    return text;
}

static const struct value *value_of(const struct config *c, const char *name)
{
    return &c->values[space_find(c->space, str_of(name))];
}

static bool is_close(const struct value *a, const struct value *b)
{
    if (a->type == VALUE_REAL && b->type == VALUE_REAL && isfinite(a->r))
        return fabs(a->r - b->r) <= 1e-12 * fabs(a->r);
    /* 2^64 cells of a cube of doubles: the cell is found to within a few thousand */
    if (a->type == VALUE_INT && b->type == VALUE_INT)
        return fabs((double)a->i - (double)b->i) <= 4096;
    return value_equal(a, b);
}

static void check_activity(const struct config *c)
{
    const struct value *model = value_of(c, "model"), *hidden = value_of(c, "hidden");
    bool mlp = str_is(model->s, "mlp");
    assert_int_equal(value_of(c, "depth")->type != VALUE_NONE, str_is(model->s, "gbdt"));
    assert_int_equal(hidden->type != VALUE_NONE, mlp);
    assert_int_equal(value_of(c, "activation")->type != VALUE_NONE, mlp && hidden->i > 64);
}

static void draws_satisfy_everything(void **state)
{
    int models[3] = {0};
    for (int i = 0; i < 3000; i++) {
        struct config c, back, parsed;
        double u[32];
        arena_clear(&arena);
        assert_ok(config_draw(space, &arena, &rng, 1000, &c, NULL));
        assert_true(config_allowed(&c, NULL));
        check_activity(&c);
        const struct value *hidden = value_of(&c, "hidden");
        assert_true(hidden->type == VALUE_NONE || hidden->i * 256 <= 65536);
        models[str_is(value_of(&c, "model")->s, "mlp")]++;
        config_encode(&c, u);
        for (int k = 0; k < space->n_units; k++)
            assert_true(u[k] >= 0 && u[k] <= 1);
        assert_ok(config_decode(space, &arena, u, &back));
        for (size_t k = 0; k < space->n_params; k++)
            assert_true(is_close(&c.values[k], &back.values[k]));
        assert_ok(config_parse(space, &arena, str_of(json_of(&c)), &parsed, NULL));
        assert_true(config_equal(&c, &parsed));
        assert_int_equal(config_hash(&c), config_hash(&parsed));
    }
    /* fewer than a third are an mlp, since some of those are refused; but many are */
    assert_true(models[1] > 700 && models[1] < 1000);
}

static void same_generator_same_draw(void **state)
{
    struct rng one, two;
    struct config a, b;
    rng_init(&one, 7, 3);
    rng_init(&two, 7, 3);
    assert_ok(config_draw(space, &arena, &one, 100, &a, NULL));
    assert_ok(config_draw(space, &arena, &two, 100, &b, NULL));
    assert_true(config_equal(&a, &b));
    assert_ok(config_draw(space, &arena, &one, 100, &a, NULL));
    assert_false(config_equal(&a, &b));
}

static void says_when_nothing_is_found(void **state)
{
    struct space *s = must_make("x: uniform(0, 1)\ny: uniform(0, 1)\nwhere x + y < 0.05");
    struct config c;
    struct error e;
    int failed = 0;
    for (int i = 0; i < 100; i++)
        failed += config_draw(s, &arena, &rng, 1, &c, &e) == E_UNSATISFIABLE;
    assert_true(failed > 50);
    assert_string_equal(message_of(&e),
                        "1 draws found nothing that satisfies the constraints | loosen the "
                        "constraints, or narrow the parameters to what satisfies them");
    space_free(s);
}

static void encodes_inactive_as_the_middle(void **state)
{
    struct config c;
    double u[32];
    struct value given[16] = {[0] = value_string(STR("linear"))};
    assert_ok(config_complete(space, &arena, given, &c, NULL));
    config_encode(&c, u);
    assert_real(u[space->params[2].unit], 0.5);
    assert_real(u[space->params[3].unit], 0.5);
    assert_real(u[space->params[0].unit], 1 / 6.0);
}

static void completes_from_defaults(void **state)
{
    struct config c;
    struct value given[16] = {[0] = value_string(STR("gbdt")), [1] = value_int(1)};
    assert_ok(config_complete(space, &arena, given, &c, NULL));
    assert_string_equal(json_of(&c),
                        "{\"model\":\"gbdt\",\"lr\":1.0,\"depth\":6,\"weather\":false,"
                        "\"features\":[\"hour\"],\"clip\":\"inf\",\"order\":[\"c\",\"a\",\"b\"],"
                        "\"rate\":0.5,\"big\":9007199254740993,\"batch_size\":256}");
}

static void refuses_incomplete(void **state)
{
    static const struct {
        const char *name;
        struct value value;
        const char *message;
    } cases[] = {
        {"model",
         {.type = VALUE_NONE},
         "model has no value and no default | give it a value, or "
         "give the parameter a default"},
        {"model",
         {.type = VALUE_STRING, .s = {"mlp", 3}},
         "hidden has no value and no default | give it a value, or give the parameter a default"},
        {"model",
         {.type = VALUE_STRING, .s = {"glm", 3}},
         "model: glm is not among its values | its values are linear, mlp, gbdt"},
        {"depth",
         {.type = VALUE_INT, .i = 3},
         "depth is given a value, but it is not active here | it is active when model == \"gbdt\""},
        {"lr",
         {.type = VALUE_REAL, .r = 2},
         "lr: 2.0 is above the upper bound 1.0 | it must be from 0.0001 to 1.0"},
        {"rate",
         {.type = VALUE_REAL, .r = 0.9},
         "the constraint rate < 0.9 or weather is violated"},
        {"batch_size",
         {.type = VALUE_INT, .i = 3},
         "batch_size: 3 is not 256, at which it is fixed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value given[16] = {[0] = value_string(STR("linear"))};
        struct config c;
        struct error e = {0};
        given[space_find(space, str_of(cases[i].name))] = cases[i].value;
        assert_int_equal(config_complete(space, &arena, given, &c, &e), E_INVALID);
        assert_string_equal(message_of(&e), cases[i].message);
    }
}

static void refuses_wrong_json(void **state)
{
    static const char *const cases[][2] = {
        {"", "not a JSON object: '[' or '{' expected near end of file"},
        {"[]", "not a JSON object"},
        {"{\"x\": 1}", "there is no parameter x"},
        {"{\"lr\": null}", "lr has a value that no parameter can have"},
        {"{\"lr\": {}}", "lr has a value that no parameter can have"},
        {"{\"features\": [[]]}", "features has a value that no parameter can have"},
        {"{\"lr\": 5}", "lr: 5 is above the upper bound 1.0"},
        {"{\"lr\": \"inf\"}", "lr: .inf is not a finite number"},
        {"{\"lr\": 0.1, \"lr\": 0.1}", "not a JSON object: duplicate object key near '\"lr\"'"},
        {"{\"model\": \"linear\"}", "lr is active and has no value"},
        {"{\"model\":\"linear\",\"lr\":1.0,\"depth\":6,\"weather\":false,\"features\":[\"hour\"],"
         "\"clip\":1,\"order\":[\"c\",\"a\",\"b\"],\"rate\":0.5,\"big\":1,\"batch_size\":256}",
         "depth has a value and is not active"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config c;
        struct error e = {0};
        assert_int_equal(config_parse(space, &arena, str_of(cases[i][0]), &c, &e), E_CORRUPT);
        assert_string_equal(message_of(&e), cases[i][1]);
    }
}

static void reads_what_is_not_finite(void **state)
{
    const struct value nan = value_real((double)NAN), least = value_real(-(double)INFINITY);
    struct space *s;
    struct config c;
    struct problems problems;
    struct param_decl d = {.name = STR("nan"), .value = nan};
    problems_init(&problems);
    assert_ok(space_new(&s, NULL));
    assert_ok(space_declare(s, &d, NULL));
    d = (struct param_decl){.name = STR("least"), .value = least};
    assert_ok(space_declare(s, &d, NULL));
    assert_ok(space_finish(s, &problems));
    assert_ok(config_parse(s, &arena, STR("{\"nan\":\"nan\",\"least\":\"-inf\"}"), &c, NULL));
    assert_true(value_equal(&c.values[0], &nan));
    assert_true(value_equal(&c.values[1], &least));
    problems_free(&problems);
    space_free(s);
}

/* A constraint that names an inactive parameter holds, even where the rest of it is false. */
static void constraints_wait_for_the_active(void **state)
{
    struct space *s = must_make("a: flag()\nb: int(1, 5) default 1 when a\nwhere a and b > 3");
    struct config c;
    struct value given[2] = {value_bool(false)};
    int violated = -1;
    assert_ok(config_complete(s, &arena, given, &c, NULL));
    given[0] = value_bool(true);
    assert_int_equal(config_complete(s, &arena, given, &c, NULL), E_INVALID);
    given[1] = value_int(4);
    assert_ok(config_complete(s, &arena, given, &c, NULL));
    c.values[1] = value_int(2);
    assert_false(config_allowed(&c, &violated));
    assert_int_equal(violated, 0);
    space_free(s);
}

static void copies_outlive_their_arena(void **state)
{
    struct arena other;
    struct config c, copy;
    arena_init(&other, 1 << 20);
    assert_ok(config_draw(space, &other, &rng, 1000, &c, NULL));
    assert_ok(config_copy(&arena, &c, &copy));
    assert_true(config_equal(&c, &copy));
    char before[4096];
    memcpy(before, json_of(&c), sizeof(before));
    arena_free(&other);
    assert_string_equal(json_of(&copy), before);
    arena_init(&other, 0);
    assert_int_equal(config_copy(&other, &copy, &c), E_NOMEM);
    assert_int_equal(config_draw(space, &other, &rng, 1000, &c, NULL), E_NOMEM);
}

/* Whichever allocation fails, it is said, and nothing is left behind. */
static void runs_out_of_memory_anywhere(void **state)
{
    struct value given[16] = {[0] = value_string(STR("gbdt"))};
    struct config full, c;
    char text[4096];
    double u[32];
    assert_ok(config_complete(space, &arena, given, &full, NULL));
    memcpy(text, json_of(&full), sizeof(text));
    config_encode(&full, u);
    for (int way = 0; way < 5; way++) {
        enum code code = E_NOMEM;
        for (size_t ceiling = 0; code != OK; ceiling += 16) {
            struct arena a;
            struct error e = {.code = E_NOMEM};
            arena_init(&a, ceiling);
            code = way == 0   ? config_complete(space, &a, given, &c, &e)
                   : way == 1 ? config_parse(space, &a, str_of(text), &c, &e)
                   : way == 2 ? config_copy(&a, &full, &c)
                   : way == 3 ? config_decode(space, &a, u, &c)
                              : config_draw(space, &a, &rng, 1000, &c, &e);
            assert_true(code == OK || (code == E_NOMEM && e.code == E_NOMEM));
            arena_free(&a);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(draws_satisfy_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(same_generator_same_draw, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_when_nothing_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(encodes_inactive_as_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(completes_from_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_incomplete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_wrong_json, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_what_is_not_finite, set_up, tear_down),
        cmocka_unit_test_setup_teardown(constraints_wait_for_the_active, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_outlive_their_arena, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_out_of_memory_anywhere, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
