/* Every sampler: constraints that little satisfies. Where all of it was proposed the search ends,
 * and it ends soon: what a draw costs must not be paid a million times. */
#include "conformance.h"

static const struct row few_rows[] = {{"x", "int(1, 40)", NULL},
                                      {"y", "int(1, 40)", NULL},
                                      {"z", "int(1, 40)", NULL},
                                      {NULL, NULL, NULL}};

static void the_few_that_are_allowed_are_used_up(void **state)
{
    over_samplers((struct plan){.rows = few_rows,
                                .constraint = "x + y + z == 7",
                                .slots = 3,
                                .seed = 1,
                                .with_baseline = true},
                  0, check_recompute);
}

static const struct row far_rows[] = {{"x", "int(1, 100000000)", NULL},
                                      {"y", "uniform(0, 1)", "x > 5000"},
                                      {"k", "choice(a=20000, b)", NULL},
                                      {NULL, NULL, NULL}};

/* No walk is possible here. */
static void a_rare_choice_opens_the_rest(void **state)
{
    over_samplers((struct plan){.rows = far_rows,
                                .constraint = "x <= 3000 or k == \"b\"",
                                .trials = 12,
                                .slots = 2,
                                .seed = 2},
                  12, check_recompute);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_few_that_are_allowed_are_used_up),
        cmocka_unit_test(a_rare_choice_opens_the_rest),
    };
    return RUN_TESTS(tests);
}
