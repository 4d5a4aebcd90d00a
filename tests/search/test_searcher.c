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

/* A journal of 7 entries: begin, the baseline, a trial, a report that continues, one that stops, an
 * exit, another trial. */
static struct searcher_settings tampered_settings(const struct space *space,
                                                  const struct config *baseline)
{
    struct searcher_settings settings = make_settings(space, "random + asha", 10, 1, 27);
    settings.baseline = baseline;
    struct searcher *s = begin(&settings);
    ask(s);
    ask(s);
    report(s, 1, 1, 1);
    report(s, 2, 1, 2);
    leave(s, 2, OUTCOME_STOPPED, 2);
    ask(s);
    searcher_free(s);
    return settings;
}

/* Replaces `from` by `to` in entry i, takes the entries before it, and hands it over. */
static enum code tampered(const struct searcher_settings *settings, size_t i, const char *from,
                          const char *to, bool recompute, struct error *e)
{
    struct searcher *s = make_searcher(settings);
    for (size_t k = 0; k < i; k++)
        assert_ok(searcher_apply(s, &journal.v[k], NULL));
    struct entry entry = journal.v[i];
    struct buf b;
    buf_init(&b, 10000);
    const char *at = memmem(entry.data.p, entry.data.n, from, strlen(from));
    if (!at)
        fail_msg("entry %zu has no %s: %s", i, from, entry.data.p);
    size_t before = (size_t)(at - entry.data.p);
    buf_add(&b, entry.data.p, before);
    buf_cstr(&b, to);
    buf_str(&b, str_sub(entry.data, before + strlen(from), SIZE_MAX));
    entry.data = buf_view(&b);
    enum code code = recompute ? searcher_recompute(s, &entry, e) : searcher_apply(s, &entry, e);
    if (code != OK) { /* nothing has changed: the true one follows */
        assert_int_equal(searcher_last_seq(s), (int64_t)i);
        assert_ok(searcher_apply(s, &journal.v[i], NULL));
    }
    buf_free(&b);
    searcher_free(s);
    return code;
}

static void tampering_is_noticed(void **state)
{
    static const struct {
        size_t entry;
        const char *from, *to;
    } table[] = {
        {0, "\"engine\":1", "\"engine\":0"},
        {0, "\"engine\":1,", ""},
        {0, "eta=3", "eta=4"},
        {0, "\"seed\":7", "\"seed\":8"},
        {0, "minimize", "maximize"},
        {0, "minimize", "win"},
        {0, "vary", "same"},
        {0, "\"replicates\":1", "\"replicates\":2"},
        {0, "{", ""},
        {1, "\"baseline\":true", "\"baseline\":false"},
        {1, "0.5", "0.25"},
        {1, "0.5", "7.5"},
        {2, "\"baseline\":false", "\"baseline\":true"},
        {2, "\"baseline\":false", "\"baseline\":0"},
        {2, "\"steps\":27", "\"steps\":28"},
        {2, "\"steps\":27", "\"steps\":0"},
        {2, "\"index\":[0,1]", "\"index\":[1,2]"},
        {2, "\"index\":[0,1]", "\"index\":[0,0]"},
        {2, "\"index\":[0,1]", "\"index\":[0]"},
        {2, "\"index\":[0,1]", "\"index\":[0,-1]"},
        {2, "\"seen\":2", "\"seen\":3"},
        {2, "\"seed\":", "\"seed\":99999999999"},
        {2, "\"seed\":", "\"seed\":-"},
        {2, "\"x\":", "\"y\":"},
        {2, "\"x\":", "\"x\":3"},
        {2, "{\"x\":", "{\"z\":1,\"x\":"},
        {2, "{\"params\":", "{\"params\":[],\"other\":"},
        {2, ",\"seen\":2", ",\"seen\":2,\"seen\":2"},
        {3, "\"step\":1", "\"step\":-1"},
        {3, "\"step\":1", "\"step\":1.5"},
        {3, "\"value\":1.0", "\"value\":\"1.0\""},
        {3, "\"value\":1.0", "\"value\":null"},
        {3, "continue", "stop"}, /* a baseline */
        {3, "continue", "stay"},
        {4, "\"step\":1", "\"step\":99999999999999999999"},
        {5, "stopped", "finished"},
        {5, "\"step\":1", "\"step\":-5"},
        {5, "}", ""},
        {6, "\"index\":[1,2]", "\"index\":[1,1]"},
    };
    struct space *space = make_space(real_rows, NULL);
    struct value x = value_real(0.5);
    struct config baseline = {space, &x};
    struct searcher_settings settings = tampered_settings(space, &baseline);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct error e = {.code = OK};
        enum code code = tampered(&settings, table[i].entry, table[i].from, table[i].to, false, &e);
        if (code != E_CORRUPT)
            fail_msg("row %zu (%s for %s): %s", i, table[i].to, table[i].from, code_name(code));
        assert_true(strlen(e.message) > 10);
    }
    struct error e;
    expect_code(tampered(&settings, 0, "\"engine\":1", "\"engine\":2", false, &e), E_VERSION, &e);
    space_free(space);
}

/* What is possible in itself, but not what this search decides. */
static void recomputing_notices_other_decisions(void **state)
{
    static const struct {
        size_t entry;
        const char *from, *to;
    } table[] = {
        {2, "\"x\":0.", "\"x\":0.1"},
        {2, "\"seed\":1", "\"seed\":"},
        {2, "\"steps\":27", "\"steps\":9"},
        {2, "\"index\":[0,1]", "\"index\":[0,2]"},
        {2, "\"seen\":2", "\"seen\":1"},
        {4, "stop", "continue"},
        {4, "stop", "pause"},
        {4, "\"value\":2.0", "\"value\":0.5"},
    };
    struct space *space = make_space(real_rows, NULL);
    struct value x = value_real(0.5);
    struct config baseline = {space, &x};
    struct searcher_settings settings = tampered_settings(space, &baseline);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct error e = {.code = OK};
        expect_code(tampered(&settings, table[i].entry, table[i].from, table[i].to, false, &e), OK,
                    &e);
        expect_code(tampered(&settings, table[i].entry, table[i].from, table[i].to, true, &e),
                    E_CORRUPT, &e);
    }
    space_free(space);
}

static void entries_out_of_order_are_noticed(void **state)
{
    struct space *space = make_space(real_rows, NULL);
    struct value x = value_real(0.5);
    struct config baseline = {space, &x};
    struct searcher_settings settings = tampered_settings(space, &baseline);
    for (size_t i = 0; i < journal.n; i++)
        for (size_t k = 0; k < journal.n; k++) {
            struct searcher *s = make_searcher(&settings);
            for (size_t j = 0; j < i; j++)
                assert_ok(searcher_apply(s, &journal.v[j], NULL));
            struct error e = {.code = OK};
            struct entry entry = journal.v[k];
            expect_code(searcher_apply(s, &entry, &e), k == i ? OK : E_CORRUPT, &e);
            if (k != i && i > 0) {
                entry = journal.v[i];
                entry.seq = (int64_t)i + 1;
                entry.trial = 77;
                expect_code(searcher_apply(s, &entry, &e), E_CORRUPT, &e);
            }
            searcher_free(s);
        }
    space_free(space);
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
        cmocka_unit_test(tampering_is_noticed),
        cmocka_unit_test(recomputing_notices_other_decisions),
        cmocka_unit_test(entries_out_of_order_are_noticed),
        cmocka_unit_test(the_method_comes_back),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, tear_down);
}
