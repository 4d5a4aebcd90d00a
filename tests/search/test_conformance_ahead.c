/* Every sampler: suggestions prepared ahead, here and in a thread with a small stack, are
 * journalled with what they were based on; so each recomputes to the same, and the same luck gives
 * the same search again. */
#include "conformance.h"

static uint64_t run_ahead(struct plan plan, enum working working)
{
    struct run r;
    plan.working = working;
    print_message("# %s + %s, seed %d, %s\n", plan.sampler->name, plan.allocator, (int)plan.seed,
                  working == AHEAD ? "here" : "in a thread");
    start_run(&r, &plan);
    drive(&r);
    recompute(&r);
    if (working == AHEAD) {
        replay(&r, 0);
        go_on_otherwise(&r, r.n / 2);
    }
    uint64_t h = digest(&r);
    end_run(&r);
    return h;
}

static void suggestions_prepared_ahead(void **state)
{
    static const char *const allocators[] = {"full", "asha", "asha(variant=promote)"};
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    for (size_t i = 0; i < n; i++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            struct plan plan = {.rows = seed ? space_conditional : space_small,
                                .constraint = seed ? space_conditional_constraint : NULL,
                                .sampler = kinds[i],
                                .allocator = allocators[seed],
                                .trials = affordable(kinds[i], 60, 24),
                                .slots = 4,
                                .seed = seed,
                                .seeds = seed == 1 ? SEEDS_REPLICATES : SEEDS_VARY,
                                .n_first = 2,
                                .n_evidence = 3,
                                .with_steps = true,
                                .with_baseline = true};
            assert_true(run_ahead(plan, AHEAD) == run_ahead(plan, AHEAD_IN_A_THREAD));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggestions_prepared_ahead),
    };
    return RUN_TESTS(tests);
}
