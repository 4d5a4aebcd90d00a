#include "search/enumeration.h"

#include "fixture.h"

#include <math.h>

/* All configurations as one line of JSON each, less those that `filter` refuses. */
static void list(const struct row *rows, const char *constraint, const struct space *filter,
                 int64_t points, struct buf *b)
{
    struct space *s = make_space(rows, constraint);
    struct enumeration *x;
    struct error e = {.code = OK};
    expect_code(enumeration_new(s, points, 0, &x, &e), OK, &e);
    bool end = false;
    for (int64_t i = 0; !end; i++) {
        struct config c;
        expect_code(enumeration_at(x, i, &c, &end, &e), OK, &e);
        if (end)
            break;
        struct config filtered = {filter, c.values};
        if (filter && !config_allowed(&filtered, NULL))
            continue;
        struct json j;
        jw_init(&j, b);
        config_json(&c, &j);
        assert_ok(jw_end(&j, NULL));
        buf_char(b, '\n');
    }
    enumeration_free(x);
    space_free(s);
}

static void lists(const struct row *rows, int64_t points, const char *expected)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    list(rows, NULL, NULL, points, &b);
    assert_string_equal(b.p, expected);
    buf_free(&b);
}

static void the_last_parameter_turns_fastest(void **state)
{
    static const struct row rows[] = {
        {"a", "choice(x, y)", NULL}, {"n", "int(1, 3)", NULL}, {NULL, NULL, NULL}};
    lists(rows, 0,
          "{\"a\":\"x\",\"n\":1}\n{\"a\":\"x\",\"n\":2}\n{\"a\":\"x\",\"n\":3}\n"
          "{\"a\":\"y\",\"n\":1}\n{\"a\":\"y\",\"n\":2}\n{\"a\":\"y\",\"n\":3}\n");
}

static void inactive_parameters_multiply_nothing(void **state)
{
    static const struct row rows[] = {{"n", "int(1, 3)", "a == \"x\""}, /* declared before a */
                                      {"a", "choice(x, y, z)", NULL},
                                      {"f", "flag()", "n == 2"},
                                      {NULL, NULL, NULL}};
    lists(rows, 0,
          "{\"n\":1,\"a\":\"x\"}\n{\"n\":2,\"a\":\"x\",\"f\":false}\n"
          "{\"n\":2,\"a\":\"x\",\"f\":true}\n{\"n\":3,\"a\":\"x\"}\n"
          "{\"a\":\"y\"}\n{\"a\":\"z\"}\n");
}

static void real_parameters_take_quantiles(void **state)
{
    static const struct row rows[] = {
        {"x", "uniform(0, 8)", NULL}, {"f", "flag()", NULL}, {NULL, NULL, NULL}};
    lists(rows, 4,
          "{\"x\":1.0,\"f\":false}\n{\"x\":1.0,\"f\":true}\n{\"x\":3.0,\"f\":false}\n"
          "{\"x\":3.0,\"f\":true}\n{\"x\":5.0,\"f\":false}\n{\"x\":5.0,\"f\":true}\n"
          "{\"x\":7.0,\"f\":false}\n{\"x\":7.0,\"f\":true}\n");
}

static void infinite_spaces_are_refused(void **state)
{
    static const struct row rows[] = {
        {"f", "flag()", NULL}, {"x", "uniform(0, 8)", "f"}, {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    struct enumeration *x = NULL;
    struct error e = {.code = OK};
    expect_code(enumeration_new(s, 0, 0, &x, &e), E_INVALID, &e);
    assert_string_equal(e.message, "grid needs finitely many values, but `x` has no end of them");
    assert_true(strlen(e.hint) > 0);
    assert_null(x);
    space_free(s);
}

/* Many more than the scratch arena holds at once, and back to the start. */
static void lists_and_large_spaces_are_walked(void **state)
{
    static const struct row rows[] = {{"features", "subset(a, b, c, d, e, f, g, min=1)", NULL},
                                      {"order", "permutation(p, q, r, s, t)", NULL},
                                      {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    struct enumeration *x;
    assert_ok(enumeration_new(s, 0, 0, &x, NULL));
    struct config c;
    bool end = false;
    int64_t n = 0;
    uint64_t sum = 0, again = 0;
    while (!end) {
        assert_ok(enumeration_at(x, n, &c, &end, NULL));
        if (end)
            break;
        sum += config_hash(&c);
        n++;
    }
    assert_int_equal(n, 127 * 120);
    for (int64_t i = 0; i < n; i++) {
        assert_ok(enumeration_at(x, i, &c, &end, NULL));
        again += config_hash(&c);
    }
    assert_true(sum == again);
    uint64_t hash = config_hash(&c);
    assert_ok(enumeration_at(x, 17, &c, &end, NULL));
    assert_ok(enumeration_at(x, n - 1, &c, &end, NULL));
    assert_true(hash == config_hash(&c) && !end);
    assert_ok(enumeration_at(x, n + 5, &c, &end, NULL));
    assert_true(end);
    enumeration_free(x);
    space_free(s);
}

/* What is passed over is what going through all of them and asking of each would leave out. */
static void what_constraints_refuse_is_passed_over(void **state)
{
    static const struct row rows[] = {{"n", "int(1, 4)", "a != \"x\""}, /* declared before a */
                                      {"a", "choice(x, y, z)", NULL},
                                      {"f", "flag()", "n >= 2"},
                                      {"m", "ordinal(1, 2, 3)", NULL},
                                      {"s", "subset(p, q, r)", "f or m == 2"},
                                      {NULL, NULL, NULL}};
    static const char *const constraints[] = {
        "m != 2",      "a != \"y\"",
        "n + m <= 4",  "f and a != \"z\" or m == 3",
        "len(s) >= m", "a == \"z\" and n == 4 and m == 3 and len(s) == 3 and f",
    };
    for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++) {
        struct space *filter = make_space(rows, constraints[i]);
        struct buf all, passed;
        buf_init(&all, 1 << 20);
        buf_init(&passed, 1 << 20);
        list(rows, NULL, filter, 0, &all);
        list(rows, constraints[i], NULL, 0, &passed);
        assert_true(all.n > 0);
        assert_string_equal(passed.p, all.p);
        buf_free(&all);
        buf_free(&passed);
        space_free(filter);
    }
}

static struct bench begin_bench(const char *method, const struct row *rows, const char *constraint)
{
    struct bench b = {.space = make_space(rows, constraint)};
    struct searcher_settings settings = make_settings(b.space, method, 0, 0, 0);
    struct entry entry;
    b.s = make_searcher(&settings);
    arena_init(&b.arena, 1 << 24);
    assert_ok(searcher_begin(b.s, &b.arena, &entry, NULL));
    return b;
}

/* 10^21 configurations, of which the constraints allow six: what they refuse is never gone
 * through. */
static void slivers_of_huge_spaces_are_used_up(void **state)
{
    static const struct row rows[] = {{"k", "int(1, 1000)", NULL},
                                      {"a", "int(1, 1000000000)", "k <= 500"},
                                      {"b", "int(1, 1000000000)", "k <= 500"},
                                      {"m", "ordinal(1, 2, 3)", NULL},
                                      {NULL, NULL, NULL}};
    struct bench b = begin_bench("grid", rows, "k >= 999");
    for (int i = 1; i <= 6; i++)
        assert_int_equal(bench_ask(&b), i);
    assert_int_equal(bench_ask(&b), 0);
    free_bench(&b);
}

/* Nothing but going through them would find the first that is allowed. */
static void a_grid_that_finds_nothing_says_so(void **state)
{
    static const struct row rows[] = {{"n", "int(1, 1000000000000)", NULL}, {NULL, NULL, NULL}};
    struct bench b = begin_bench("grid", rows, "n >= 900000000000");
    for (int i = 0; i < 2; i++) {
        struct error e = {.code = OK};
        struct proposal p;
        struct entry entry;
        expect_code(searcher_ask(b.s, &b.arena, &p, &entry, &e), E_UNSATISFIABLE, &e);
        assert_string_equal(e.message, "1000000 configurations in a row violate the constraints");
        assert_true(strlen(e.hint) > 0);
    }
    free_bench(&b);
}

static void a_grid_search_runs_each_once(void **state)
{
    static const struct row rows[] = {{"model", "choice(linear, mlp)", NULL},
                                      {"hidden", "ordinal(16, 64, 256)", "model == \"mlp\""},
                                      {"batch", "ordinal(32, 64)", NULL},
                                      {NULL, NULL, NULL}};
    struct bench b = {.space = make_space(rows, "hidden * batch <= 4096")};
    struct searcher_settings settings = make_settings(b.space, "auto", 60, 0, 0);
    assert_ptr_equal(settings.method.sampler, &sampler_grid);
    struct value first[] = {value_string(STR("linear")), {.type = VALUE_NONE}, value_int(64)};
    struct config baseline = {b.space, first};
    settings.baseline = &baseline;
    b.s = make_searcher(&settings);
    arena_init(&b.arena, 1 << 20);
    struct entry entry;
    assert_ok(searcher_begin(b.s, &b.arena, &entry, NULL));
    /* linear x 2 and mlp x (16, 64) x 2, the baseline among them */
    for (int i = 1; i <= 6; i++)
        assert_int_equal(bench_ask(&b), i);
    assert_int_equal(bench_ask(&b), 0);
    assert_int_equal(bench_ask(&b), 0);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_parameter_turns_fastest),
        cmocka_unit_test(inactive_parameters_multiply_nothing),
        cmocka_unit_test(real_parameters_take_quantiles),
        cmocka_unit_test(infinite_spaces_are_refused),
        cmocka_unit_test(lists_and_large_spaces_are_walked),
        cmocka_unit_test(what_constraints_refuse_is_passed_over),
        cmocka_unit_test(slivers_of_huge_spaces_are_used_up),
        cmocka_unit_test(a_grid_that_finds_nothing_says_so),
        cmocka_unit_test(a_grid_search_runs_each_once),
    };
    return RUN_TESTS(tests);
}
