/*
 * What every sampler and every allocator must do, run over all pairs of them and a row of spaces
 * (cluster.h drives the searches).
 */
#include "cluster.h"

static const struct row one[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

static const struct row mixed[] = {{"lr", "loguniform(1e-4, 1)", NULL},
                                   {"depth", "int(2, 12)", NULL},
                                   {"model", "choice(linear, mlp, gbdt=2)", NULL},
                                   {"size", "ordinal(small, large)", NULL},
                                   {"weather", "flag()", NULL},
                                   {"shift", "normal(0, 1)", NULL},
                                   {"width", "logint(16, 512)", NULL},
                                   {"step", "uniform(0, 1, step=0.25)", NULL},
                                   {NULL, NULL, NULL}};

static const struct row conditional[] = {
    {"model", "choice(linear, mlp, gbdt)", NULL},
    {"hidden", "logint(16, 512)", "model == \"mlp\""},
    {"batch", "ordinal(32, 64, 128, 256)", NULL},
    {"depth", "int(2, 12)", "model == \"gbdt\""},
    {"prune", "flag()", "depth > 6"},
    {"rate", "lognormal(-1, 1, 0.01, 10)", "prune"},
    {"features", "subset(hour, carrier, distance, min=1)", NULL},
    {"order", "permutation(a, b, c)", "len(features) >= 2"},
    {NULL, NULL, NULL}};

static const struct row large_integers[] = {
    {"seed", "int(0, 9223372036854775806)", NULL},
    {"low", "int(-9223372036854775807, -9223372036854775800)", NULL},
    {"log", "logint(1, 9223372036854775806)", NULL},
    {NULL, NULL, NULL}};

static const struct row small[] = {{"a", "choice(p, q, r)", NULL},
                                   {"n", "int(1, 6)", "a != \"p\""},
                                   {"f", "flag()", "n >= 5"},
                                   {"m", "ordinal(1, 2, 3)", NULL},
                                   {NULL, NULL, NULL}};

static const char *const samplers[] = {"random", "grid", "sobol"};
static const char *const allocators[] = {"full", "median", "asha"};

static void check_counts(const struct run *r)
{
    if (r->plan->rows != small)
        assert_int_equal(r->n_configs, r->plan->trials + r->plan->with_baseline);
    else
        assert_true((int64_t)r->n_configs <= r->plan->trials + r->plan->with_baseline);
}

/* Runs the plan over every sampler with every allocator that it has steps for. */
static void over_all(struct plan plan, void (*check)(const struct run *r))
{
    for (size_t i = 0; i < sizeof(samplers) / sizeof(samplers[0]); i++)
        for (size_t k = 0; k < sizeof(allocators) / sizeof(allocators[0]); k++) {
            if (k > 0 && !plan.with_steps)
                continue;
            plan.sampler = samplers[i];
            plan.allocator = allocators[k];
            struct run r;
            start_run(&r, &plan);
            drive(&r);
            print_message("# %s + %s, mood %d, seed %d: %zu trials, %zu entries\n", plan.sampler,
                          plan.allocator, (int)plan.mood, (int)plan.seed, r.n_configs, r.n);
            check(&r);
            end_run(&r);
        }
}

static void replays_at_some(const struct run *r)
{
    check_counts(r);
    replay(r, 0);
    replay(r, 1);
    for (size_t i = 1; i <= 4; i++)
        replay(r, r->n * i / 4);
    recompute(r);
}

static void replays_at_every(const struct run *r)
{
    check_counts(r);
    for (size_t k = 0; k <= r->n; k++)
        replay(r, k);
    recompute(r);
}

static void every_table_has_its_row_here(void **state)
{
    const struct sampler_kind *const *s;
    const struct allocator_kind *const *a;
    assert_int_equal(sampler_kinds(&s), sizeof(samplers) / sizeof(samplers[0]));
    assert_int_equal(allocator_kinds(&a), sizeof(allocators) / sizeof(allocators[0]));
    for (size_t i = 0; i < sizeof(samplers) / sizeof(samplers[0]); i++)
        assert_non_null(sampler_find(str_of(samplers[i])));
    for (size_t i = 0; i < sizeof(allocators) / sizeof(allocators[0]); i++)
        assert_non_null(allocator_find(str_of(allocators[i])));
}

static void resumes_after_any_entry(void **state)
{
    over_all((struct plan){.rows = conditional,
                           .constraint = "hidden * batch <= 65536",
                           .trials = 20,
                           .slots = 4,
                           .seed = 11,
                           .with_steps = true,
                           .with_baseline = true},
             replays_at_every);
}

static void mixed_spaces(void **state)
{
    for (uint64_t seed = 0; seed < 4; seed++)
        over_all((struct plan){.rows = mixed,
                               .constraint = "depth * width <= 4096 or weather",
                               .trials = 100,
                               .slots = 1 + (int)seed * 5,
                               .seed = seed,
                               .with_steps = true,
                               .with_baseline = seed % 2},
                 replays_at_some);
}

static void conditional_spaces(void **state)
{
    for (uint64_t seed = 0; seed < 4; seed++)
        over_all((struct plan){.rows = conditional,
                               .constraint = "hidden * batch <= 65536",
                               .trials = 100,
                               .slots = 8,
                               .seed = seed,
                               .with_steps = true,
                               .with_baseline = true},
                 replays_at_some);
}

static void finite_spaces(void **state)
{
    for (uint64_t seed = 0; seed < 4; seed++)
        over_all((struct plan){.rows = small,
                               .constraint = "n != 3 or f",
                               .trials = 1000,
                               .slots = 3,
                               .seed = seed,
                               .with_steps = true,
                               .with_baseline = seed % 2},
                 replays_at_some);
}

static void large_integer_spaces(void **state)
{
    const struct plan plan = {
        .rows = large_integers, .trials = 50, .slots = 2, .seed = 5, .with_steps = true};
    static const char *const kinds[] = {"random", "sobol", "grid"};
    for (size_t i = 0; i < 3; i++) {
        struct plan p = plan;
        struct run r;
        p.sampler = kinds[i];
        p.allocator = "asha";
        start_run(&r, &p);
        drive(&r);
        replays_at_some(&r);
        end_run(&r);
    }
}

static void every_mood(void **state)
{
    for (int mood = ALL_EQUAL; mood <= SILENT; mood++)
        over_all((struct plan){.rows = mixed,
                               .trials = 60,
                               .slots = 6,
                               .seed = (uint64_t)mood,
                               .mood = (enum mood)mood,
                               .with_steps = true,
                               .with_baseline = true},
                 replays_at_some);
}

static void one_dimension_and_one_trial(void **state)
{
    over_all((struct plan){.rows = one, .trials = 1, .slots = 1, .with_steps = true},
             replays_at_every);
    over_all((struct plan){.rows = one, .trials = 3, .slots = 1}, replays_at_every);
}

static void every_seed_policy(void **state)
{
    over_all((struct plan){.rows = mixed,
                           .trials = 40,
                           .slots = 4,
                           .seeds = SEEDS_SAME,
                           .with_steps = true,
                           .with_baseline = true},
             replays_at_some);
    over_all((struct plan){.rows = mixed,
                           .trials = 41,
                           .slots = 4,
                           .seeds = SEEDS_REPLICATES,
                           .with_steps = true,
                           .with_baseline = true},
             replays_at_some);
}

static void sixty_four_pending(void **state)
{
    over_all((struct plan){.rows = mixed,
                           .trials = 200,
                           .slots = 64,
                           .seed = 3,
                           .with_steps = true,
                           .with_baseline = true},
             replays_at_some);
}

static void two_hundred_dimensions(void **state)
{
    static char names[200][8];
    static struct row rows[201];
    for (int i = 0; i < 200; i++) {
        snprintf(names[i], sizeof(names[i]), "p%d", i);
        rows[i] = (struct row){names[i], i % 3 ? "uniform(0, 1)" : "int(1, 9)", NULL};
    }
    over_all(
        (struct plan){
            .rows = rows, .trials = 40, .slots = 4, .with_steps = true, .with_baseline = true},
        replays_at_some);
}

static void five_thousand_trials(void **state)
{
    over_all((struct plan){.rows = mixed,
                           .trials = 5000,
                           .slots = 16,
                           .seed = 21,
                           .with_steps = true,
                           .with_baseline = true},
             recompute);
}

/* The same seed gives the same entries, another one others (but for grids, which have no luck). */
static void seeds_decide(void **state)
{
    for (size_t i = 0; i < sizeof(samplers) / sizeof(samplers[0]); i++) {
        struct plan plan = {.rows = mixed,
                            .sampler = samplers[i],
                            .allocator = "asha",
                            .trials = 30,
                            .slots = 4,
                            .seed = 2,
                            .with_steps = true};
        struct plan other_plan = plan;
        other_plan.seed = 4;
        struct run a, b, c;
        start_run(&a, &plan);
        start_run(&b, &plan);
        start_run(&c, &other_plan);
        drive(&a);
        drive(&b);
        drive(&c);
        assert_int_equal(a.n, b.n);
        for (size_t k = 0; k < a.n; k++)
            same_entry(&a.entries[k], &b.entries[k]);
        size_t equal = 0;
        for (size_t k = 0; k < a.n_configs; k++)
            equal += config_equal(&a.configs[k], &b.configs[k]) &&
                     config_hash(&a.configs[k]) == config_hash(&c.configs[k]);
        assert_int_equal(equal, strcmp(plan.sampler, "grid") ? 0 : a.n_configs);
        end_run(&a);
        end_run(&b);
        end_run(&c);
    }
}

/* Any byte of any entry changed: refused, or taken as what it then says; never worse. */
static void random_damage_is_survived(void **state)
{
    struct plan plan = {.rows = conditional,
                        .sampler = "sobol",
                        .allocator = "asha",
                        .constraint = "hidden * batch <= 65536",
                        .trials = 10,
                        .slots = 3,
                        .seed = 8,
                        .with_steps = true,
                        .with_baseline = true};
    struct run r;
    start_run(&r, &plan);
    drive(&r);
    for (int round = 0; round < 3000; round++) {
        size_t i = (size_t)rng_below(&r.rng, r.n);
        struct entry entry = r.entries[i];
        char text[4096];
        assert_true(entry.data.n < sizeof(text));
        memcpy(text, entry.data.p, entry.data.n);
        text[rng_below(&r.rng, entry.data.n)] = (char)rng_below(&r.rng, 256);
        entry.data = (struct str){text, rng_below(&r.rng, 4) ? entry.data.n
                                                             : rng_below(&r.rng, entry.data.n)};
        struct searcher *s = make_searcher(&r.settings);
        for (size_t k = 0; k < i; k++)
            assert_ok(searcher_apply(s, &r.entries[k], NULL));
        struct error e = {.code = OK};
        enum code code =
            round % 2 ? searcher_apply(s, &entry, &e) : searcher_recompute(s, &entry, &e);
        if (code != OK && code != E_CORRUPT && code != E_VERSION)
            fail_msg("%s: %s", code_name(code), e.message);
        if (code != OK) {
            assert_int_equal(searcher_last_seq(s), (int64_t)i);
            expect_code(searcher_apply(s, &r.entries[i], &e), OK, &e);
        }
        searcher_free(s);
    }
    end_run(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_its_row_here),
        cmocka_unit_test(resumes_after_any_entry),
        cmocka_unit_test(mixed_spaces),
        cmocka_unit_test(conditional_spaces),
        cmocka_unit_test(finite_spaces),
        cmocka_unit_test(large_integer_spaces),
        cmocka_unit_test(every_mood),
        cmocka_unit_test(one_dimension_and_one_trial),
        cmocka_unit_test(every_seed_policy),
        cmocka_unit_test(sixty_four_pending),
        cmocka_unit_test(two_hundred_dimensions),
        cmocka_unit_test(five_thousand_trials),
        cmocka_unit_test(seeds_decide),
        cmocka_unit_test(random_damage_is_survived),
    };
    return RUN_TESTS(tests);
}
