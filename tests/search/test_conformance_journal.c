/* Every sampler: searches that are stopped anywhere and go on, replayed and recomputed journals. */
#include "conformance.h"

static void resumes_after_any_entry(void **state)
{
    over_pairs((struct plan){.rows = space_conditional,
                             .constraint = space_conditional_constraint,
                             .trials = 20,
                             .slots = 4,
                             .seed = 11,
                             .with_steps = true,
                             .with_baseline = true},
               16, check_every_replay);
}

static void check_going_on(const struct run *r)
{
    size_t places = r->plan->sampler->instant ? 6 : 2;
    for (size_t i = 0; i <= places; i++)
        go_on_otherwise(r, r->n * i / (places + 1));
}

/* What was known when it stopped is all that counts: another course after it recomputes too. */
static void goes_on_otherwise(void **state)
{
    for (uint64_t seed = 0; seed < 2; seed++)
        over_samplers((struct plan){.rows = space_mixed,
                                    .constraint = space_mixed_constraint,
                                    .allocator = "median",
                                    .trials = 60,
                                    .slots = 5,
                                    .seed = seed,
                                    .n_evidence = seed * 5,
                                    .n_first = 3,
                                    .with_steps = true,
                                    .with_baseline = true},
                      18, check_going_on);
}

static void every_seed_policy(void **state)
{
    over_samplers((struct plan){.rows = space_mixed,
                                .allocator = "asha",
                                .trials = 40,
                                .slots = 4,
                                .seeds = SEEDS_SAME,
                                .with_steps = true,
                                .with_baseline = true},
                  16, check_replay);
    over_samplers((struct plan){.rows = space_mixed,
                                .allocator = "asha",
                                .trials = 41,
                                .slots = 4,
                                .seeds = SEEDS_REPLICATES,
                                .n_first = 2,
                                .with_steps = true,
                                .with_baseline = true},
                  25, check_replay);
}

/* What stops trials early leaves them the length that their parameter says. */
static void lengths_of_their_own(void **state)
{
    static const char *const allocators[] = {"full", "median(warmup=3)", "patience(steps=3)",
                                             "threshold(value=0.2, step=4)"};
    for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++) {
        struct plan plan = {.rows = space_length,
                            .constraint = "steps <= 20 or model == \"mlp\"",
                            .sampler = &sampler_random,
                            .allocator = allocators[i],
                            .trials = 40,
                            .slots = 3,
                            .seed = 5,
                            .seeds = SEEDS_REPLICATES,
                            .n_first = 2,
                            .with_steps = true,
                            .own_steps = true,
                            .with_baseline = true};
        run_one(&plan, check_every_replay);
    }
    over_samplers(
        (struct plan){
            .rows = space_length, .trials = 30, .slots = 3, .with_steps = true, .own_steps = true},
        10, check_replay);
}

/* A byte of an entry changed, or its end cut off: refused, or taken as what it then says. */
static void damage(struct run *r, const struct entry *v, size_t n, int round)
{
    size_t i = (size_t)rng_below(&r->rng, n);
    struct entry entry = v[i];
    char text[8192];
    assert_true(entry.data.n < sizeof(text));
    memcpy(text, entry.data.p, entry.data.n);
    text[rng_below(&r->rng, entry.data.n)] = (char)rng_below(&r->rng, 256);
    entry.data =
        (struct str){text, rng_below(&r->rng, 4) ? entry.data.n : rng_below(&r->rng, entry.data.n)};
    struct searcher *s = make_searcher(&r->settings);
    for (size_t k = 0; k < i; k++)
        assert_ok(searcher_apply(s, &v[k], NULL));
    struct error e = {.code = OK};
    enum code code = round % 2 ? searcher_apply(s, &entry, &e) : searcher_recompute(s, &entry, &e);
    if (code != OK && code != E_CORRUPT && code != E_VERSION)
        fail_msg("%s: %s", code_name(code), e.message);
    if (code != OK) {
        assert_int_equal(searcher_last_seq(s), (int64_t)i);
        expect_code(searcher_apply(s, &v[i], &e), OK, &e);
    }
    searcher_free(s);
}

static void random_damage_is_survived(void **state)
{
    const struct sampler_kind *kinds[64];
    size_t n = samplers_under_test(kinds);
    for (size_t i = 0; i < n; i++) {
        struct plan plan = {.rows = space_conditional,
                            .sampler = kinds[i],
                            .allocator = "full",
                            .constraint = space_conditional_constraint,
                            .trials = 10,
                            .slots = 3,
                            .seed = 8,
                            .n_requirements = 1,
                            .n_evidence = 3,
                            .n_first = 2,
                            .with_steps = true,
                            .with_baseline = true};
        struct run r;
        start_run(&r, &plan);
        drive(&r);
        size_t n_entries = 0;
        for (size_t k = 0; k < r.n; k++)
            if (r.entries[k].seq)
                r.entries[n_entries++] = r.entries[k];
        int64_t rounds = affordable(kinds[i], 1000, 200);
        for (int round = 0; round < rounds; round++)
            damage(&r, r.entries, n_entries, round);
        end_run(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumes_after_any_entry),   cmocka_unit_test(lengths_of_their_own),
        cmocka_unit_test(goes_on_otherwise),         cmocka_unit_test(every_seed_policy),
        cmocka_unit_test(random_damage_is_survived),
    };
    return RUN_TESTS(tests);
}
