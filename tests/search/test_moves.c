/* Neighbours of values, and what a move leaves of a configuration. */
#include "search/moves.h"

#include "fixture.h"

#include <stdio.h>

static struct arena arena;

static int set_up(void **state)
{
    arena_init(&arena, (size_t)1 << 28);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(&arena);
    return 0;
}

static struct prior prior_of(const char *text)
{
    struct prior p;
    struct error e = {.code = OK};
    struct location nowhere = {.file = NULL};
    expect_code(prior_parse(&arena, str_of(text), nowhere, &p, &e), OK, &e);
    return p;
}

/* How many different values there are among v's neighbours, all of them the prior's, none of them
 * v.
 */
static size_t neighbours(const struct prior *p, const struct value *v)
{
    size_t n = 0, count = moves_count(p);
    struct value *seen = arena_array(&arena, count + 1, sizeof(*seen));
    assert_non_null(seen);
    for (size_t k = 0; k < count; k++) {
        bool is = false;
        assert_ok(moves_nth(p, &arena, v, k, &seen[n], &is));
        if (!is)
            continue;
        struct value accepted = seen[n];
        assert_ok(prior_accept(p, &arena, &accepted, NULL));
        assert_true(value_equal(&accepted, &seen[n]));
        assert_false(value_equal(&seen[n], v));
        size_t i = 0;
        while (i < n && !value_equal(&seen[i], &seen[n]))
            i++;
        n += i == n;
    }
    return n;
}

static void expect_neighbours(const char *text, int64_t value, size_t wanted)
{
    struct prior p = prior_of(text);
    struct value v;
    assert_ok(prior_nth(&p, &arena, value, &v));
    if (neighbours(&p, &v) != wanted)
        fail_msg("value %d of %s has %zu neighbours, not %zu", (int)value, text, neighbours(&p, &v),
                 wanted);
}

static void lists_of_neighbours(void **state)
{
    expect_neighbours("choice(a, b, c=2, d)", 1, 3);
    expect_neighbours("flag()", 0, 1);
    expect_neighbours("ordinal(1, 2, 3)", 2, 2);
    expect_neighbours("int(1, 9)", 0, 8);
    expect_neighbours("uniform(0, 1, step=0.25)", 4, 4);
    expect_neighbours("int(0, 999)", 500, 10);
    expect_neighbours("int(0, 999)", 0, 5);
    expect_neighbours("int(0, 9)", 0, 2); /* one up; 0.2 of the range; the rest is too small */
    expect_neighbours("int(0, 9223372036854775806)", 0, 5);
    expect_neighbours("subset(a, b, c, d)", 5, 4);
    expect_neighbours("subset(a, b, c, d, min=2, max=2)", 0, 4);
    expect_neighbours("subset(a, b, c, min=1)", 0, 4); /* of {a}: two more, two instead */
    expect_neighbours("permutation(a, b, c, d)", 7, 9);
    expect_neighbours("int(3, 3)", 0, 0);
    expect_neighbours("permutation(a)", 0, 0);
}

static void neighbours_of_reals(void **state)
{
    struct prior p = prior_of("loguniform(1e-4, 1)");
    struct value v = value_real(0.01);
    assert_int_equal(neighbours(&p, &v), 8);
    v = value_real(1);
    assert_int_equal(neighbours(&p, &v), 4);
    p = prior_of("normal(0, 1)");
    v = value_real(0.25);
    assert_int_equal(neighbours(&p, &v), 8);
}

static void steps_stay_inside_and_near(void **state)
{
    static const char *const priors[] = {"uniform(-3, 5)",  "loguniform(1e-4, 1)",
                                         "normal(0, 1)",    "lognormal(0, 1, 0.1, 10)",
                                         "int(0, 1000000)", "ordinal(1, 2, 3, 4, 5)"};
    struct rng r;
    rng_init(&r, 3, 0);
    for (size_t i = 0; i < sizeof(priors) / sizeof(priors[0]); i++) {
        struct prior p = prior_of(priors[i]);
        for (int k = 0; k < 500; k++) {
            double u = rng_unit(&r), near, far;
            struct value v, next;
            assert_ok(prior_decode(&p, &arena, &u, &v));
            assert_ok(moves_step(&p, &arena, &r, &v, 0.01, &next));
            struct value accepted = next;
            assert_ok(prior_accept(&p, &arena, &accepted, NULL));
            assert_true(value_equal(&accepted, &next));
            prior_encode(&p, &v, &near);
            prior_encode(&p, &next, &far);
            assert_near(near, far, i == 5 ? 0.2001 : 0.06);
            assert_ok(moves_step(&p, &arena, &r, &v, 100, &next)); /* bounces often */
            assert_ok(prior_accept(&p, &arena, &next, NULL));
        }
    }
}

static void draws_differ_where_they_can(void **state)
{
    struct rng r;
    rng_init(&r, 4, 0);
    struct prior rare = prior_of("choice(a=0.97, b=0.02, c=0.01)"), one = prior_of("int(4, 4)");
    int counts[3] = {0};
    for (int i = 0; i < 3000; i++) {
        struct value v;
        assert_ok(moves_draw(&rare, &arena, &r, &rare.levels[1], &v));
        for (int k = 0; k < 3; k++)
            counts[k] += value_equal(&v, &rare.levels[k]);
    }
    assert_int_equal(counts[1], 0); /* and the others as the prior weighs them */
    assert_near(counts[2] / 3000.0, 0.01 / 0.98, 0.01);
    struct value four = value_int(4), v;
    assert_ok(moves_draw(&one, &arena, &r, &four, &v));
    assert_true(value_equal(&v, &four));
}

static const struct row rows[] = {{"model", "choice(linear, mlp, gbdt)", NULL},
                                  {"hidden", "logint(16, 512)", "model == \"mlp\""},
                                  {"rate", "uniform(0, 1)", "model != \"linear\""},
                                  {"deep", "flag()", "hidden > 100"},
                                  {"other", "uniform(0, 1)", NULL},
                                  {NULL, NULL, NULL}};

/* Any move of any configuration: what is active is right, what was there before stays. */
static void moves_switch_parameters(void **state)
{
    struct space *s = make_space(rows, NULL);
    struct rng r;
    rng_init(&r, 5, 0);
    size_t kept = 0, fresh = 0;
    for (int i = 0; i < 2000; i++) {
        struct config from, to;
        assert_ok(config_draw(s, &arena, &r, 1, &from, NULL));
        int param = (int)rng_below(&r, s->n_params);
        if (from.values[param].type == VALUE_NONE)
            continue;
        struct value v;
        assert_ok(moves_draw(&s->params[param].prior, &arena, &r, &from.values[param], &v));
        assert_ok(moves_to(&from, &arena, &r, param, &v, &to));
        assert_true(value_equal(&to.values[param], &v));
        for (int k = 0; k < (int)s->n_params; k++) {
            bool active = config_is_active(s, to.values, k);
            assert_int_equal(to.values[k].type != VALUE_NONE, active);
            if (!active || k == param)
                continue;
            struct value accepted = to.values[k];
            assert_ok(prior_accept(&s->params[k].prior, &arena, &accepted, NULL));
            bool was = from.values[k].type != VALUE_NONE;
            assert_true(!was || value_equal(&to.values[k], &from.values[k]));
            kept += was;
            fresh += !was;
        }
    }
    assert_true(kept > 1000 && fresh > 100);
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_neighbours),        cmocka_unit_test(neighbours_of_reals),
        cmocka_unit_test(steps_stay_inside_and_near), cmocka_unit_test(draws_differ_where_they_can),
        cmocka_unit_test(moves_switch_parameters),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, set_up, tear_down);
}
