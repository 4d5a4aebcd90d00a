/* Regularised evolution: where its parents come from, what it finds. */
#include "objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A chain of eight operations; neighbours in it depend on each other. */
static const struct row chain[] = {{"a", "choice(p, q, r, s)", NULL},
                                   {"b", "choice(p, q, r, s)", NULL},
                                   {"c", "choice(p, q, r, s)", NULL},
                                   {"d", "choice(p, q, r, s)", NULL},
                                   {"e", "choice(p, q, r, s)", NULL},
                                   {"f", "choice(p, q, r, s)", NULL},
                                   {"g", "choice(p, q, r, s)", NULL},
                                   {"h", "choice(p, q, r, s)", NULL},
                                   {NULL, NULL, NULL}};

static double chain_value(const struct config *c)
{
    double sum = 0, last = 2;
    for (int i = 0; i < 8; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        double level = number_of(c, name);
        double wanted = (double)((int)(last * 3 + i) % 4);
        sum += level == wanted ? 0 : 1 + 0.1 * i;
        last = wanted;
    }
    return sum;
}

static const struct objective chains = {.rows = chain, .value = chain_value};

static const struct row numbers[] = {
    {"x", "uniform(-5, 5)", NULL},  {"y", "loguniform(1e-4, 1)", NULL},  {"n", "int(0, 100)", NULL},
    {"m", "choice(a, b, c)", NULL}, {"z", "normal(0, 1)", "m == \"b\""}, {NULL, NULL, NULL}};

static double numbers_value(const struct config *c)
{
    double x = number_of(c, "x"), y = log10(number_of(c, "y")), n = number_of(c, "n");
    double value = fabs(x - 2) + fabs(y + 3) + fabs(n - 70) / 30;
    if (number_of(c, "m") != 1)
        return value + 3;
    double z = c->values[4].r;
    return value + fabs(z - 1);
}

static const struct objective mixed = {.rows = numbers, .value = numbers_value};

static void finds_more_than_chance(void **state)
{
    double evolved = mean_best(&chains, "evolution", 150, 10);
    double drawn = mean_best(&chains, "random", 150, 10);
    print_message("# chain: evolution %.3f, random %.3f\n", evolved, drawn);
    assert_true(evolved < drawn / 2);
    evolved = mean_best(&mixed, "evolution", 200, 10);
    drawn = mean_best(&mixed, "random", 200, 10);
    print_message("# mixed: evolution %.3f, random %.3f\n", evolved, drawn);
    assert_true(evolved < drawn / 2);
}

/* In how many active parameters two configurations of the chain differ. */
static int distance(const struct config *a, const struct config *b)
{
    int n = 0;
    for (size_t i = 0; i < a->space->n_params; i++)
        n += !value_equal(&a->values[i], &b->values[i]);
    return n;
}

/* A child has its parent among the last `population` that had ended; here all before it had. */
static void children_of_the_young(void **state)
{
    enum { POPULATION = 12 };
    struct found f;
    search_for(&chains, "evolution(population=12, sample=3)", 5, 300, 1, &f);
    for (size_t i = 0; i < f.n; i++) {
        bool start = i < POPULATION;
        assert_string_equal(f.by[i], start ? "start" : "mutation");
        bool near = false;
        for (size_t k = i - (start ? i : POPULATION); k < i && !near; k++)
            near = distance(&f.configs[i], &f.configs[k]) == 1;
        assert_true(start || near);
    }
    found_free(&f);
}

/* With as many pending as the population, its parents are those that ended. */
static void pending_trials_are_no_parents(void **state)
{
    enum { PARALLEL = 20 };
    struct found f;
    search_for(&chains, "evolution(population=10, sample=3)", 6, 200, PARALLEL, &f);
    for (size_t i = PARALLEL; i < f.n; i++) {
        bool near = false;
        for (size_t k = 0; k + PARALLEL <= i && !near; k++)
            near = distance(&f.configs[i], &f.configs[k]) == 1;
        assert_true(near);
        for (size_t k = 0; k < i; k++)
            assert_true(distance(&f.configs[i], &f.configs[k]) > 0);
    }
    found_free(&f);
}

static double half_fails(const struct config *c)
{
    return number_of(c, "a") < 2 ? (double)NAN : chain_value(c);
}

static double all_fail(const struct config *c)
{
    return (double)NAN;
}

/* What failed has no children, and does no harm. */
static void failures_have_no_children(void **state)
{
    struct objective o = {.rows = chain, .value = half_fails};
    struct found f;
    search_for(&o, "evolution", 7, 200, 1, &f);
    size_t failed = 0;
    for (size_t i = 100; i < f.n; i++)
        failed += isnan(f.values[i]);
    assert_true(failed < 20);
    found_free(&f);
    o.value = all_fail;
    search_for(&o, "evolution", 7, 100, 1, &f);
    assert_int_equal(f.n, 100);
    found_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_more_than_chance),
        cmocka_unit_test(children_of_the_young),
        cmocka_unit_test(pending_trials_are_no_parents),
        cmocka_unit_test(failures_have_no_children),
    };
    return RUN_TESTS(tests);
}
