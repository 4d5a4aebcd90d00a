/* Every sampler: spaces of every kind, named and random, from one dimension to two hundred. */
#include "conformance.h"

static void mixed_spaces(void **state)
{
    for (uint64_t seed = 0; seed < 3; seed++)
        over_pairs((struct plan){.rows = space_mixed,
                                 .constraint = space_mixed_constraint,
                                 .trials = 100,
                                 .slots = 1 + (int)seed * 5,
                                 .seed = seed,
                                 .with_steps = true,
                                 .with_baseline = seed % 2},
                   25, check_replay);
}

static void conditional_spaces(void **state)
{
    for (uint64_t seed = 0; seed < 3; seed++)
        over_pairs((struct plan){.rows = space_conditional,
                                 .constraint = space_conditional_constraint,
                                 .trials = 100,
                                 .slots = 8,
                                 .seed = seed,
                                 .with_steps = true,
                                 .with_baseline = true},
                   25, check_replay);
}

static void spaces_without_numbers(void **state)
{
    over_samplers((struct plan){.rows = space_code, .trials = 100, .slots = 3, .seed = 3}, 30,
                  check_replay);
}

static void tight_constraints(void **state)
{
    over_samplers((struct plan){.rows = space_tight,
                                .constraint = space_tight_constraint,
                                .options = NULL,
                                .trials = 40,
                                .slots = 2,
                                .seed = 4,
                                .with_baseline = true},
                  20, check_recompute);
}

/* Every configuration once, and then the end. */
static void finite_spaces_are_used_up(void **state)
{
    for (uint64_t seed = 0; seed < 3; seed++)
        over_samplers((struct plan){.rows = space_small,
                                    .constraint = space_small_constraint,
                                    .trials = 0,
                                    .slots = 3,
                                    .seed = seed,
                                    .n_evidence = seed,
                                    .n_first = seed,
                                    .with_baseline = seed % 2},
                      0, check_replay);
}

static void integers_at_the_edges(void **state)
{
    over_samplers((struct plan){.rows = space_integers, .trials = 50, .slots = 2, .seed = 5}, 25,
                  check_replay);
}

static void reals_at_the_edges(void **state)
{
    over_samplers((struct plan){.rows = space_extreme, .trials = 50, .slots = 2, .seed = 6}, 25,
                  check_replay);
}

static void one_dimension_and_few_trials(void **state)
{
    over_samplers((struct plan){.rows = space_one, .trials = 1, .slots = 1}, 1, check_every_replay);
    over_samplers((struct plan){.rows = space_one, .trials = 3, .slots = 1}, 3, check_every_replay);
    over_samplers((struct plan){.rows = space_one, .trials = 60, .slots = 1}, 30, check_replay);
}

static void two_hundred_dimensions(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    over_samplers(
        (struct plan){.rows = space_wide(&a, 200), .trials = 40, .slots = 4, .with_baseline = true},
        9, check_recompute);
    arena_free(&a);
}

static void random_spaces(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    for (size_t i = 0; i < n; i++) {
        int64_t spaces = affordable(kinds[i], 40, 16);
        for (uint64_t seed = 0; seed < (uint64_t)spaces; seed++) {
            struct space *s = space_random(seed);
            struct plan plan = {.space = s,
                                .sampler = kinds[i],
                                .trials = affordable(kinds[i], 60, 15),
                                .slots = 1 + (int)seed % 4,
                                .seed = seed,
                                .n_evidence = seed % 3 * 4,
                                .n_first = seed % 2,
                                .with_baseline = seed % 4 == 1,
                                .may_be_refused = true};
            print_message("# space %d\n", (int)seed);
            run_one(&plan, check_replay);
            space_free(s);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed_spaces),
        cmocka_unit_test(conditional_spaces),
        cmocka_unit_test(spaces_without_numbers),
        cmocka_unit_test(tight_constraints),
        cmocka_unit_test(finite_spaces_are_used_up),
        cmocka_unit_test(integers_at_the_edges),
        cmocka_unit_test(reals_at_the_edges),
        cmocka_unit_test(one_dimension_and_few_trials),
        cmocka_unit_test(two_hundred_dimensions),
        cmocka_unit_test(random_spaces),
    };
    return RUN_TESTS(tests);
}
