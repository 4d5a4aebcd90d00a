/* Local search: neighbourhoods used up, restarts, what it finds. */
#include "objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct row bits[] = {
    {"a", "flag()", NULL}, {"b", "flag()", NULL}, {"c", "flag()", NULL}, {"d", "flag()", NULL},
    {"e", "flag()", NULL}, {"f", "flag()", NULL}, {"g", "flag()", NULL}, {"h", "flag()", NULL},
    {"i", "flag()", NULL}, {"j", "flag()", NULL}, {"k", "flag()", NULL}, {"l", "flag()", NULL},
    {NULL, NULL, NULL}};

static int ones_of(const struct config *c)
{
    int n = 0;
    for (size_t i = 0; i < c->space->n_params; i++)
        n += c->values[i].b;
    return n;
}

/* Hills at 0000... and 1111..., the second the higher one, the valley between at seven ones. */
static double two_hills(const struct config *c)
{
    int n = ones_of(c);
    return n < 7 ? n : 11 - n;
}

static const struct objective hills = {.rows = bits, .value = two_hills};

static int distance(const struct config *a, const struct config *b)
{
    int n = 0;
    for (size_t i = 0; i < a->space->n_params; i++)
        n += !value_equal(&a->values[i], &b->values[i]);
    return n;
}

/* On the top of a hill all neighbours are tried, and only then it restarts. */
static void neighbourhoods_are_used_up(void **state)
{
    int restarts = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct found f;
        search_for(&hills, "local(start=1)", seed, 150, 1, &f);
        assert_string_equal(f.by[0], "start");
        for (size_t i = 1; i < f.n; i++) {
            size_t best = 0;
            for (size_t k = 1; k < i; k++)
                best = f.values[k] < f.values[best] ? k : best;
            int tried = 0;
            for (size_t k = 0; k < i; k++)
                tried += distance(&f.configs[k], &f.configs[best]) == 1;
            bool near = distance(&f.configs[i], &f.configs[best]) == 1;
            if (tried < 12)
                assert_true(near && strcmp(f.by[i], "neighbour") == 0);
            restarts += strcmp(f.by[i], "start") == 0;
        }
        assert_true(f.best == -1); /* the higher hill, whatever the start */
        found_free(&f);
    }
    assert_true(restarts >= 20);
}

static const struct row cells[] = {{"a", "choice(p, q, r, s, t)", NULL},
                                   {"b", "choice(p, q, r, s, t)", NULL},
                                   {"c", "choice(p, q, r, s, t)", NULL},
                                   {"d", "choice(p, q, r, s, t)", NULL},
                                   {"e", "choice(p, q, r, s, t)", NULL},
                                   {"f", "ordinal(1, 2, 4, 8, 16, 32)", NULL},
                                   {"g", "subset(x, y, z, w)", NULL},
                                   {"h", "permutation(x, y, z, w)", NULL},
                                   {NULL, NULL, NULL}};

static double cells_value(const struct config *c)
{
    double sum = fabs(number_of(c, "f") - 4);
    for (int i = 0; i < 5; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        sum += number_of(c, name) == (i * 7 + 3) % 5 ? 0 : 2;
    }
    sum += fabs((double)c->values[6].list.n - 1);
    for (size_t i = 0; i < 4; i++) /* backwards */
        sum +=
            value_equal(&c->values[7].list.v[i], &c->space->params[7].prior.levels[3 - i]) ? 0 : 1;
    return sum;
}

static void finds_more_than_chance(void **state)
{
    const struct objective o = {.rows = cells, .value = cells_value};
    double found = mean_best(&o, "local", 150, 10), drawn = mean_best(&o, "random", 150, 10);
    print_message("# local %.3f, random %.3f\n", found, drawn);
    assert_true(found < drawn / 3);
}

/* Parallel trials share the neighbourhood out: nothing twice, and as good an end. */
static void parallel_trials_share(void **state)
{
    struct found f;
    search_for(&hills, "local", 3, 200, 16, &f);
    for (size_t i = 0; i < f.n; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(distance(&f.configs[i], &f.configs[k]) > 0);
    assert_true(f.best == -1);
    found_free(&f);
}

static const struct row switching[] = {{"m", "choice(a, b, c)", NULL},
                                       {"x", "uniform(0, 1)", "m == \"a\""},
                                       {"y", "int(1, 50)", "m == \"b\""},
                                       {"z", "uniform(0, 1)", NULL},
                                       {NULL, NULL, NULL}};

static double switching_value(const struct config *c)
{
    double z = fabs(number_of(c, "z") - 0.3);
    if (number_of(c, "m") == 0)
        return 1 + z + fabs(number_of(c, "x") - 0.5);
    return number_of(c, "m") == 1 ? z + fabs(number_of(c, "y") - 40) / 10 : 3 + z;
}

static double nothing(const struct config *c)
{
    return (double)NAN;
}

/* Branches with parameters of their own, what a constraint forbids, and a search that knows
 * nothing. */
static void conditions_constraints_failures(void **state)
{
    struct objective o = {
        .rows = switching, .constraint = "z > 0.2 or m == \"c\"", .value = switching_value};
    struct found f;
    search_for(&o, "local", 9, 200, 1, &f);
    for (size_t i = 0; i < f.n; i++)
        assert_true(config_allowed(&f.configs[i], NULL));
    print_message("# best of the branches %.4f\n", f.best);
    assert_true(f.best < 0.2);
    found_free(&f);
    o.value = nothing;
    search_for(&o, "local", 9, 50, 3, &f);
    assert_int_equal(f.n, 50);
    for (size_t i = 0; i < f.n; i++)
        assert_string_equal(f.by[i], "start");
    found_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbourhoods_are_used_up),
        cmocka_unit_test(finds_more_than_chance),
        cmocka_unit_test(parallel_trials_share),
        cmocka_unit_test(conditions_constraints_failures),
    };
    return RUN_TESTS(tests);
}
