/* The portfolio: who makes which proposal, and whether it goes on finding. */
#include "objective.h"

#include <string.h>

static const struct row numbers[] = {
    {"x", "uniform(-5, 5)", NULL}, {"y", "uniform(-5, 5)", NULL}, {NULL, NULL, NULL}};
static const struct row mixed[] = {{"kind", "choice(a, b, c)", NULL},
                                   {"x", "uniform(-5, 5)", NULL},
                                   {"y", "uniform(-5, 5)", "kind == \"b\""},
                                   {NULL, NULL, NULL}};

static double bowl(const struct config *c)
{
    double x = number_of(c, "x") - 1.234, y = number_of(c, "y") + 2.345;
    return x * x + 3 * y * y + x * y;
}

static double hidden_bowl(const struct config *c)
{
    double x = number_of(c, "x") - 1.234;
    if (c->values[0].s.p[0] != 'b')
        return 5 + x * x;
    double y = number_of(c, "y") + 2.345;
    return x * x + y * y;
}

static void hands_over(const struct objective *o, double good)
{
    struct found f;
    search_for(o, "portfolio(model_until=30)", 3, 80, 2, &f);
    for (size_t i = 0; i < f.n; i++) {
        bool late = f.by[i] && strncmp(f.by[i], "late", 4) == 0;
        if (late != (i >= 31)) /* of two pending ones the first 30 results are those before 31 */
            fail_msg("trial %zu is owed to %s", i + 1, f.by[i]);
    }
    print_message("# best %g\n", f.best);
    assert_true(f.best < good);
    found_free(&f);
}

static void numbers_go_to_cmaes(void **state)
{
    const struct objective o = {.rows = numbers, .value = bowl};
    hands_over(&o, 0.01);
}

static void choices_go_to_tpe(void **state)
{
    const struct objective o = {.rows = mixed, .value = hidden_bowl};
    hands_over(&o, 0.1);
}

static void shares_are_kept(void **state)
{
    const struct objective o = {.rows = numbers, .value = bowl};
    struct found f;
    int tpe = 0, random = 0;
    search_for(&o, "portfolio(tpe=0.3, random=0.2)", 5, 60, 1, &f);
    for (size_t i = 0; i < f.n; i++) {
        tpe += f.by[i] && strcmp(f.by[i], "tpe") == 0;
        random += f.by[i] && strcmp(f.by[i], "random") == 0;
    }
    print_message("# %d of tpe, %d of random\n", tpe, random);
    assert_true(tpe >= 6 && tpe <= 26 && random >= 3 && random <= 20);
    found_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_to_cmaes),
        cmocka_unit_test(choices_go_to_tpe),
        cmocka_unit_test(shares_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
