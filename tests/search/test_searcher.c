/* The state machine: budgets, seeds, duplicates, states, and journals that were tampered with. */
#include "fixture.h"

#include <inttypes.h>
#include <math.h>

static const double missing = (double)NAN;

static const struct row real_rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
static const struct row small_rows[] = {
    {"a", "choice(p, q, r)", NULL}, {"n", "int(1, 4)", "a != \"p\""}, {NULL, NULL, NULL}};

/* Every entry of a search, kept. */
struct journal {
    struct arena arena;
    struct entry v[2000];
    size_t n;
};

static struct journal journal;

static struct proposal ask(struct searcher *s)
{
    struct proposal p;
    struct error e = {.code = OK};
    struct entry *entry = &journal.v[journal.n];
    expect_code(searcher_ask(s, &journal.arena, &p, entry, &e), OK, &e);
    journal.n += p.kind == ASK_TRIAL;
    return p;
}

static enum decision report(struct searcher *s, int64_t trial, int64_t step, double value)
{
    enum decision d;
    struct error e = {.code = OK};
    struct entry *entry = &journal.v[journal.n++];
    expect_code(searcher_report(s, &journal.arena, trial, step, value, &d, entry, &e), OK, &e);
    return d;
}

static void leave(struct searcher *s, int64_t trial, enum outcome outcome, double value)
{
    struct error e = {.code = OK};
    struct entry *entry = &journal.v[journal.n++];
    expect_code(searcher_exit(s, &journal.arena, trial, outcome, 1, value, entry, &e), OK, &e);
}

static struct searcher *begin(const struct searcher_settings *settings)
{
    struct searcher *s = make_searcher(settings);
    arena_free(&journal.arena);
    arena_init(&journal.arena, 1 << 26);
    journal.n = 1;
    assert_ok(searcher_begin(s, &journal.arena, &journal.v[0], NULL));
    return s;
}

static void says(const struct entry *entry, const char *text)
{
    assert_int_equal(entry->data.n, strlen(text));
    assert_memory_equal(entry->data.p, text, entry->data.n);
}

static void entries_have_their_form(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct searcher_settings settings = make_settings(space, "random + asha", 10, 1, 27);
    settings.minimize[0] = false;
    struct value x = value_real(0.5);
    struct config baseline = {space, &x};
    settings.baseline = &baseline;
    struct searcher *s = begin(&settings);
    ask(s);
    struct proposal p = ask(s);
    report(s, 2, 1, 0.25);
    report(s, 1, 3, -(double)INFINITY);
    leave(s, 2, OUTCOME_FAILED, missing);
    says(&journal.v[0], "{\"engine\":1,\"method\":\"random + asha(eta=3, variant=stop)\","
                        "\"why\":\"random was asked for; asha was asked for\",\"seed\":7,"
                        "\"goal\":\"maximize\",\"seeds\":\"vary\",\"replicates\":1,\"trials\":10,"
                        "\"min_steps\":1,\"max_steps\":27}");
    char text[300];
    snprintf(text, sizeof(text),
             "{\"params\":{\"x\":%.17g},\"seed\":%" PRId64
             ",\"steps\":27,\"baseline\":false,\"index\":[0,1],\"seen\":2}",
             p.config.values[0].r, p.seed);
    assert_memory_equal(journal.v[2].data.p, text, 15);
    assert_memory_equal(strstr(journal.v[2].data.p, ",\"seed\""), strstr(text, ",\"seed\""),
                        strlen(strstr(text, ",\"seed\"")));
    says(&journal.v[3], "{\"step\":1,\"value\":0.25,\"decision\":\"continue\"}");
    says(&journal.v[4], "{\"step\":3,\"value\":\"-inf\",\"decision\":\"continue\"}");
    says(&journal.v[5], "{\"outcome\":\"failed\",\"step\":1,\"value\":\"nan\"}");
    for (size_t i = 0; i < journal.n; i++)
        assert_int_equal(journal.v[i].seq, i + 1);
    assert_int_equal(journal.v[0].kind, ENTRY_BEGIN);
    assert_int_equal(journal.v[2].kind, ENTRY_ASK);
    assert_int_equal(journal.v[2].trial, 2);
    assert_int_equal(searcher_last_seq(s), 6);
    searcher_free(s);
    space_free(space);
}

static void names_are_known(void **state)
{
    static const enum entry_kind kinds[] = {ENTRY_BEGIN, ENTRY_ASK, ENTRY_REPORT, ENTRY_EXIT,
                                            ENTRY_EVENT};
    for (size_t i = 0; i < 5; i++) {
        enum entry_kind k;
        assert_true(entry_kind_parse(str_of(entry_kind_name(kinds[i])), &k));
        assert_int_equal(k, kinds[i]);
    }
    enum entry_kind k = ENTRY_EXIT;
    assert_false(entry_kind_parse(STR("exits"), &k));
    assert_string_equal(decision_name(DECISION_PAUSE), "pause");
    assert_string_equal(outcome_name(OUTCOME_INFEASIBLE), "infeasible");
}

static void trials_are_counted_without_the_baseline(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct searcher_settings settings = make_settings(space, "random", 3, 0, 0);
    struct value x = value_real(0.5);
    struct config baseline = {space, &x};
    settings.baseline = &baseline;
    struct searcher *s = begin(&settings);
    for (int i = 1; i <= 4; i++) {
        struct proposal p = ask(s);
        assert_int_equal(p.trial, i);
        assert_int_equal(p.baseline, i == 1);
        assert_int_equal(p.steps, 0);
        if (i == 1)
            assert_true(config_equal(&p.config, &baseline));
        leave(s, i, i == 2 ? OUTCOME_FAILED : OUTCOME_INFEASIBLE, missing);
    }
    assert_int_equal(ask(s).kind, ASK_DONE);
    searcher_set_trials(s, 5);
    assert_int_equal(ask(s).trial, 5);
    assert_int_equal(ask(s).trial, 6);
    assert_int_equal(ask(s).kind, ASK_DONE);
    searcher_free(s);
    space_free(space);
}

static void wrong_inputs_change_nothing(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct searcher_settings settings = make_settings(space, "random", 10, 0, 0);
    struct searcher *s = make_searcher(&settings);
    struct error e;
    struct entry entry;
    struct proposal p;
    enum decision d;
    struct arena a;
    arena_init(&a, 1 << 20);
    expect_code(searcher_ask(s, &a, &p, &entry, &e), E_STATE, &e);
    assert_ok(searcher_begin(s, &a, &entry, &e));
    expect_code(searcher_begin(s, &a, &entry, &e), E_STATE, &e);
    expect_code(searcher_report(s, &a, 1, 1, 0, &d, &entry, &e), E_NOT_FOUND, &e);
    expect_code(searcher_exit(s, &a, 1, OUTCOME_FAILED, 1, 0, &entry, &e), E_NOT_FOUND, &e);
    expect_code(searcher_reopen(s, &a, 1, &entry, &e), E_NOT_FOUND, &e);
    assert_ok(searcher_ask(s, &a, &p, &entry, &e));
    expect_code(searcher_report(s, &a, 0, 1, 0, &d, &entry, &e), E_NOT_FOUND, &e);
    expect_code(searcher_report(s, &a, -1, 1, 0, &d, &entry, &e), E_NOT_FOUND, &e);
    expect_code(searcher_report(s, &a, 1, -1, 0, &d, &entry, &e), E_INVALID, &e);
    expect_code(searcher_exit(s, &a, 1, (enum outcome)9, 1, 0, &entry, &e), E_INVALID, &e);
    expect_code(searcher_exit(s, &a, 1, OUTCOME_FAILED, -2, 0, &entry, &e), E_INVALID, &e);
    expect_code(searcher_reopen(s, &a, 1, &entry, &e), E_STATE, &e);
    assert_int_equal(searcher_last_seq(s), 2);
    assert_ok(searcher_exit(s, &a, 1, OUTCOME_COMPLETED, -1, 1, &entry, &e));
    expect_code(searcher_exit(s, &a, 1, OUTCOME_COMPLETED, 1, 1, &entry, &e), E_STATE, &e);
    assert_string_equal(e.message, "trial 1 is completed already and takes no second end");
    expect_code(searcher_report(s, &a, 1, 1, 0, &d, &entry, &e), E_STATE, &e);
    assert_true(searcher_next_wanted(s, 1, 0) == INT64_MAX);
    assert_true(searcher_next_wanted(s, 2, 0) == INT64_MAX);
    assert_int_equal(searcher_last_seq(s), 3);
    assert_ok(searcher_reopen(s, &a, 1, &entry, &e));
    assert_ok(searcher_report(s, &a, 1, INT64_MAX, 0, &d, &entry, &e));
    assert_true(searcher_next_wanted(s, 1, 0) == INT64_MAX);
    assert_ok(searcher_exit(s, &a, 1, OUTCOME_COMPLETED, 1, 1, &entry, &e));
    arena_free(&a);
    searcher_free(s);
    space_free(space);
}

static void settings_are_checked(void **state)
{
    struct space *space = make_space(small_rows, "a != \"r\"");
    struct searcher_settings good = make_settings(space, "random", 10, 0, 0), bad;
    struct searcher *s = NULL;
    struct error e;
    struct value values[] = {value_string(STR("r")), value_int(1)};
    struct config baseline = {space, values};
#define REFUSED(change)                                         \
    do {                                                        \
        bad = good;                                             \
        bad.change;                                             \
        expect_code(searcher_new(&s, &bad, &e), E_INVALID, &e); \
        assert_null(s);                                         \
    } while (0)
    REFUSED(method.sampler = NULL);
    REFUSED(method.allocator = &allocator_asha);
    REFUSED(seed = UINT64_MAX);
    REFUSED(seeds = SEEDS_REPLICATES);
    REFUSED(effort.trials = -1);
    REFUSED(effort.has_steps = true);
    REFUSED(baseline = &baseline);
    REFUSED(n_objectives = 0);
    REFUSED(n_objectives = OBJECTIVES_MAX + 1);
    REFUSED(n_requirements = REQUIREMENTS_MAX + 1);
    REFUSED(n_first = FIRST_MAX + 1);
    good.first = &baseline;
    REFUSED(n_first = 1); /* the constraint does not hold there */
    good.n_objectives = 2;
    good.effort = (struct effort){.trials = 10, .has_steps = true, .min_steps = 1, .max_steps = 9};
    REFUSED(method.allocator = &allocator_median);
#undef REFUSED
    space_free(space);
}

static void seeds_follow_their_policy(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct searcher_settings settings = make_settings(space, "random", 600, 0, 0);
    static int64_t seeds[600];
    struct searcher *s = begin(&settings);
    for (int i = 0; i < 600; i++) {
        seeds[i] = ask(s).seed;
        assert_true(seeds[i] >= 0 && seeds[i] <= INT32_MAX);
        for (int k = 0; k < i; k++)
            assert_true(seeds[i] != seeds[k]);
    }
    searcher_free(s);
    settings.seeds = SEEDS_SAME;
    s = begin(&settings);
    int64_t first = ask(s).seed;
    for (int i = 0; i < 20; i++)
        assert_int_equal(ask(s).seed, first);
    searcher_free(s);
    settings.seed = 8;
    s = begin(&settings);
    assert_true(ask(s).seed != first);
    searcher_free(s);
    space_free(space);
}

static void replicates_come_in_groups(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct searcher_settings settings = make_settings(space, "sobol", 11, 0, 0);
    settings.seeds = SEEDS_REPLICATES;
    settings.replicates = 3;
    struct value x = value_real(0.5);
    struct config baseline = {space, &x};
    settings.baseline = &baseline;
    struct searcher *s = begin(&settings);
    struct proposal p[12];
    for (int i = 0; i < 12; i++)
        p[i] = ask(s);
    assert_int_equal(ask(s).kind, ASK_DONE);
    assert_int_equal(p[0].seed, p[1].seed);
    for (int i = 1; i < 12; i++) {
        int group = (i - 1) / 3;
        assert_true(config_equal(&p[i].config, &p[1 + 3 * group].config));
        assert_int_equal(p[i].seed, p[1 + (i - 1) % 3].seed);
        if (group)
            assert_false(config_equal(&p[i].config, &p[3 * group].config));
    }
    assert_true(p[1].seed != p[2].seed && p[2].seed != p[3].seed && p[1].seed != p[3].seed);
    searcher_free(s);
    /* one that makes no sense is not tried again */
    s = begin(&settings);
    ask(s);
    struct proposal first = ask(s);
    leave(s, first.trial, OUTCOME_INFEASIBLE, missing);
    struct proposal next = ask(s);
    assert_false(config_equal(&next.config, &first.config));
    searcher_free(s);
    space_free(space);
}

/* 9 configurations, one of them forbidden: every sampler finds the other 8, each once. */
static void finite_spaces_are_used_up(void **state)
{
    static const char *const methods[] = {"random", "sobol", "grid"};
    for (size_t m = 0; m < 3; m++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            struct space *space = make_space(small_rows, "n != 3 or a == \"r\"");
            struct searcher_settings settings = make_settings(space, methods[m], 0, 0, 0);
            settings.seed = seed;
            struct searcher *s = begin(&settings);
            struct proposal p[9];
            for (int i = 0; i < 8; i++) {
                p[i] = ask(s);
                assert_int_equal(p[i].kind, ASK_TRIAL);
                assert_true(config_allowed(&p[i].config, NULL));
                for (int k = 0; k < i; k++)
                    assert_false(config_equal(&p[i].config, &p[k].config));
            }
            assert_int_equal(ask(s).kind, ASK_DONE);
            assert_int_equal(ask(s).kind, ASK_DONE);
            searcher_free(s);
            space_free(space);
        }
}

/* One configuration in 4,000 is a rare one: draws alone would hardly find it. */
static void rare_configurations_are_found_by_walking(void **state)
{
    static const struct row rows[] = {
        {"a", "choice(common=100000, rare=1)", NULL}, {"n", "int(1, 5)", NULL}, {NULL, NULL, NULL}};
    struct space *space = make_space(rows, NULL);
    struct searcher_settings settings = make_settings(space, "random", 0, 0, 0);
    struct searcher *s = begin(&settings);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ask(s).kind, ASK_TRIAL);
    assert_int_equal(ask(s).kind, ASK_DONE);
    struct searcher *again = make_searcher(&settings);
    for (size_t i = 0; i < journal.n; i++)
        assert_ok(searcher_recompute(again, &journal.v[i], NULL));
    searcher_free(again);
    searcher_free(s);
    space_free(space);
}

static void events_are_counted(void **state)
{
    struct bench b = make_bench("random", 10, 0, 0);
    struct error e = {.code = OK};
    struct entry event = {.seq = 2, .kind = ENTRY_EVENT, .data = STR("{\"event\":\"paused\"}")};
    expect_code(searcher_apply(b.s, &event, &e), OK, &e);
    assert_int_equal(searcher_last_seq(b.s), 2);
    expect_code(searcher_apply(b.s, &event, &e), E_CORRUPT, &e); /* its number is taken */
    assert_int_equal(bench_ask(&b), 1);
    assert_int_equal(searcher_last_seq(b.s), 3);
    event = (struct entry){4, ENTRY_EVENT, 1, STR("{\"event\":\"reopened\"}")};
    expect_code(searcher_apply(b.s, &event, &e), E_CORRUPT, &e); /* it has not ended */
    bench_exit(&b, 1, OUTCOME_FAILED, 1, missing);
    event.seq = 5;
    expect_code(searcher_apply(b.s, &event, &e), OK, &e);
    bench_exit(&b, 1, OUTCOME_COMPLETED, 1, 1);
    free_bench(&b);
}

static void the_method_comes_back(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct searcher_settings settings = make_settings(space, "auto", 10, 1, 27);
    struct searcher *s = begin(&settings);
    struct method m;
    struct error e = {.code = OK};
    expect_code(searcher_method_of(&journal.v[0], &journal.arena, &m, &e), OK, &e);
    assert_ptr_equal(m.sampler, settings.method.sampler);
    assert_ptr_equal(m.allocator, settings.method.allocator);
    assert_string_equal(m.why, settings.method.why);
    struct entry bad = journal.v[0];
    bad.data =
        STR("{\"engine\":1,\"method\":\"sobol\",\"why\":\"\",\"seed\":7,\"goal\":\"minimize\","
            "\"seeds\":\"vary\",\"replicates\":1}");
    expect_code(searcher_method_of(&bad, &journal.arena, &m, &e), E_CORRUPT, &e);
    searcher_free(s);
    space_free(space);
}

static int tear_down(void **state)
{
    arena_free(&journal.arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_have_their_form),
        cmocka_unit_test(names_are_known),
        cmocka_unit_test(trials_are_counted_without_the_baseline),
        cmocka_unit_test(wrong_inputs_change_nothing),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(seeds_follow_their_policy),
        cmocka_unit_test(replicates_come_in_groups),
        cmocka_unit_test(finite_spaces_are_used_up),
        cmocka_unit_test(rare_configurations_are_found_by_walking),
        cmocka_unit_test(events_are_counted),
        cmocka_unit_test(the_method_comes_back),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, tear_down);
}
