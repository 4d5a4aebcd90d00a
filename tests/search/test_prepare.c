/* Suggestions prepared ahead: what they are based on, when there are none, and what spoils them. */
#include "conformance.h"
#include "desk.h"
#include "thinking.h"

#include <math.h>

static struct searcher_settings thinking_settings(const struct space *space, int64_t trials)
{
    struct searcher_settings settings = make_settings(space, "random", trials, 0, 0);
    method_set_sampler(&settings.method, &sampler_thinking);
    return settings;
}

static void open_plain(struct desk *d, int64_t trials)
{
    struct space *space = make_space(space_mixed, NULL);
    struct searcher_settings settings = thinking_settings(space, trials);
    desk_open(d, space, &settings);
}

/* NULL: there is nothing to prepare. */
static struct preparation *prepare(struct desk *d, int64_t seen)
{
    struct preparation *p;
    struct error e = {.code = OK};
    expect_code(searcher_prepare(d->s, seen, &p, &e), OK, &e);
    return p;
}

static void finish(struct desk *d, struct preparation *p)
{
    assert_non_null(p);
    preparation_run(p);
    searcher_prepared(d->s, p);
}

/* What a searcher would propose that took the first `seen` entries alone. */
static struct config asked_after(struct desk *d, int64_t seen)
{
    struct searcher *s = make_searcher(&d->settings);
    struct error e = {.code = OK};
    struct proposal p;
    struct entry entry;
    for (int64_t i = 0; i < seen; i++)
        expect_code(searcher_apply(s, &d->v[i], &e), OK, &e);
    expect_code(searcher_ask(s, &d->arena, &p, &entry, &e), OK, &e);
    searcher_free(s);
    assert_int_equal(p.kind, ASK_TRIAL);
    return p.config;
}

static void it_is_what_was_asked_then(void **state)
{
    struct desk d;
    open_plain(&d, 0);
    for (int i = 1; i <= 3; i++)
        (void)desk_ask(&d);
    desk_exit(&d, 2, OUTCOME_COMPLETED, 0.5);
    struct preparation *now = prepare(&d, INT64_MAX);
    desk_exit(&d, 1, OUTCOME_COMPLETED, -3);
    desk_exit(&d, 3, OUTCOME_FAILED, (double)NAN);
    finish(&d, now);
    struct config then = asked_after(&d, 5), since = asked_after(&d, (int64_t)d.n);
    struct proposal p = desk_ask(&d);
    assert_true(config_equal(&p.config, &then));
    assert_false(config_equal(&p.config, &since));
    assert_non_null(strstr(d.v[d.n - 1].data.p, "\"seen\":5,"));
    assert_non_null(p.by);
    /* an entry in the past: its ask, whose trial it then sees pending */
    int64_t at = searcher_last_ask(d.s);
    assert_int_equal(at, d.n);
    desk_exit(&d, 4, OUTCOME_COMPLETED, 9);
    finish(&d, prepare(&d, at));
    then = asked_after(&d, at);
    p = desk_ask(&d);
    assert_true(config_equal(&p.config, &then));
    assert_int_equal(searcher_size(d.s), 5);
    desk_close(&d);
}

static void only_what_needs_the_sampler_waits(void **state)
{
    struct desk d;
    struct space *space = make_space(space_mixed, NULL);
    struct searcher_settings settings = thinking_settings(space, 0);
    struct arena a;
    struct config first[2], baseline;
    arena_init(&a, 1 << 20);
    baseline = draw_config(space, &a, 1, 0);
    first[0] = draw_config(space, &a, 1, 1);
    first[1] = draw_config(space, &a, 1, 2);
    settings.baseline = &baseline;
    settings.first = first;
    settings.n_first = 2;
    settings.seeds = SEEDS_REPLICATES;
    settings.replicates = 2;
    desk_open(&d, space, &settings);
    for (int i = 0; i < 5; i++) { /* the baseline, and two of each point */
        assert_null(prepare(&d, INT64_MAX));
        assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    }
    struct preparation *p = prepare(&d, INT64_MAX);
    assert_null(prepare(&d, INT64_MAX)); /* one is out */
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    desk_exit(&d, 5, OUTCOME_COMPLETED, 1); /* all else goes on */
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    finish(&d, p);
    assert_null(prepare(&d, INT64_MAX)); /* one is ready */
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    assert_null(prepare(&d, INT64_MAX)); /* its replicate comes next */
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    assert_non_null(prepare(&d, INT64_MAX)); /* freed with one that never ran */
    desk_close(&d);
    arena_free(&a);
}

static void at_the_end_there_is_nothing_to_prepare(void **state)
{
    struct desk d;
    open_plain(&d, 2);
    struct preparation *p = prepare(&d, INT64_MAX);
    searcher_set_trials(d.s, 1);
    finish(&d, p);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    assert_null(prepare(&d, INT64_MAX));
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    searcher_set_trials(d.s, 2);
    p = prepare(&d, INT64_MAX);
    searcher_set_trials(d.s, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE); /* while it is out */
    finish(&d, p);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    searcher_set_trials(d.s, 3);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    desk_close(&d);
    /* the sampler comes to its end */
    thinking_ends_at = 1;
    open_plain(&d, 0);
    thinking_ends_at = -1;
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    finish(&d, prepare(&d, INT64_MAX));
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    assert_null(prepare(&d, INT64_MAX));
    desk_close(&d);
    /* before the beginning, and of a sampler that takes no time */
    struct bench b = make_bench("random", 3, 0, 0);
    struct preparation *none;
    assert_ok(searcher_prepare(b.s, INT64_MAX, &none, NULL));
    assert_null(none);
    free_bench(&b);
}

static void a_second_life_spoils_it(void **state)
{
    struct desk d;
    open_plain(&d, 0);
    for (int i = 1; i <= 3; i++)
        (void)desk_ask(&d);
    desk_exit(&d, 1, OUTCOME_COMPLETED, 1);
    desk_exit(&d, 2, OUTCOME_FAILED, 1);
    /* ready */
    finish(&d, prepare(&d, INT64_MAX));
    desk_reopen(&d, 2);
    struct config fresh = asked_after(&d, (int64_t)d.n);
    struct proposal p = desk_ask(&d);
    assert_true(config_equal(&p.config, &fresh));
    /* out */
    struct preparation *out = prepare(&d, INT64_MAX);
    desk_reopen(&d, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT); /* the sampler is still at it */
    finish(&d, out);
    fresh = asked_after(&d, (int64_t)d.n);
    /* whatever was asked for, the second life is seen */
    finish(&d, prepare(&d, 1));
    p = desk_ask(&d);
    assert_true(config_equal(&p.config, &fresh));
    desk_close(&d);
}

static void evidence_spoils_it(void **state)
{
    struct desk d;
    struct result result = {.values = {0.25}};
    open_plain(&d, 0);
    struct config known = draw_config(d.space, &d.arena, 5, 0);
    struct preparation *out = prepare(&d, INT64_MAX);
    for (int i = 0; i < 2; i++) {
        desk_evidence(&d, &known, OUTCOME_COMPLETED, &result);
        if (i == 0) { /* out first, then ready */
            finish(&d, out);
            finish(&d, prepare(&d, INT64_MAX));
        }
    }
    struct config fresh = asked_after(&d, (int64_t)d.n);
    struct proposal p = desk_ask(&d);
    assert_true(config_equal(&p.config, &fresh));
    desk_close(&d);
}

static void a_failure_is_told_by_the_next_ask(void **state)
{
    struct desk d;
    struct error e = {.code = OK};
    struct proposal p;
    thinking_fails_at = 1;
    open_plain(&d, 0);
    thinking_fails_at = -1;
    (void)desk_ask(&d);
    finish(&d, prepare(&d, INT64_MAX));
    assert_int_equal(searcher_ask(d.s, &d.arena, &p, &d.v[d.n], &e), E_LIMIT);
    assert_string_equal(e.message, "it has thought too long");
    assert_int_equal(searcher_last_seq(d.s), d.n);
    finish(&d, prepare(&d, INT64_MAX)); /* it is free to try again */
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    desk_close(&d);
}

/* What an ask is said to be based on can't go back behind the one before: it might be the same. */
static void the_last_ask_is_always_seen(void **state)
{
    struct desk d;
    struct error e = {.code = OK};
    open_plain(&d, 0);
    (void)desk_ask(&d);
    desk_exit(&d, 1, OUTCOME_COMPLETED, 1);
    (void)desk_ask(&d);
    desk_exit(&d, 2, OUTCOME_COMPLETED, 1);
    finish(&d, prepare(&d, 1)); /* moved up to the second ask */
    (void)desk_ask(&d);
    struct entry *last = &d.v[d.n - 1];
    char *seen = memmem(last->data.p, last->data.n, "\"seen\":4", 8);
    assert_non_null(seen);
    struct searcher *s = make_searcher(&d.settings);
    for (size_t i = 0; i + 1 < d.n; i++)
        assert_ok(searcher_apply(s, &d.v[i], NULL));
    seen[7] = '3';
    expect_code(searcher_apply(s, last, &e), E_CORRUPT, &e);
    expect_code(searcher_recompute(s, last, &e), E_CORRUPT, &e);
    seen[7] = '4';
    searcher_free(s);
    desk_close(&d);
}

/* Whole searches by the made-up cluster. */

static void run_search(const struct plan *plan)
{
    struct run r;
    print_message("# seed %d, mood %d, %d slots, %s\n", (int)plan->seed, (int)plan->mood,
                  plan->slots, plan->working == AHEAD ? "here" : "in a thread");
    start_run(&r, plan);
    drive(&r);
    recompute(&r);
    replay(&r, 0);
    for (size_t i = 0; i <= 4; i++)
        go_on_otherwise(&r, r.n * i / 4);
    end_run(&r);
}

static void searches(enum working working)
{
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct plan plan = {.rows = seed % 2 ? space_conditional : space_mixed,
                            .sampler = &sampler_thinking,
                            .allocator = seed % 3 ? "asha" : "full",
                            .trials = 60,
                            .slots = 1 + (int)seed,
                            .seed = seed,
                            .mood = seed == 11 ? EXTREMES : MIXED,
                            .seeds = seed % 4 == 2 ? SEEDS_REPLICATES : SEEDS_VARY,
                            .working = working,
                            .n_objectives = seed % 3 ? 1 : 2,
                            .n_requirements = seed % 2,
                            .n_first = seed % 5,
                            .n_evidence = seed,
                            .with_steps = true,
                            .with_baseline = seed % 2};
        run_search(&plan);
    }
    struct plan finite = {.rows = space_small,
                          .sampler = &sampler_thinking,
                          .slots = 3,
                          .working = working,
                          .with_steps = true};
    run_search(&finite);
}

static void searches_here(void **state)
{
    searches(AHEAD);
}

static void searches_in_a_thread(void **state)
{
    searches(AHEAD_IN_A_THREAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_was_asked_then),
        cmocka_unit_test(only_what_needs_the_sampler_waits),
        cmocka_unit_test(at_the_end_there_is_nothing_to_prepare),
        cmocka_unit_test(a_second_life_spoils_it),
        cmocka_unit_test(evidence_spoils_it),
        cmocka_unit_test(a_failure_is_told_by_the_next_ask),
        cmocka_unit_test(the_last_ask_is_always_seen),
        cmocka_unit_test(searches_here),
        cmocka_unit_test(searches_in_a_thread),
    };
    return RUN_TESTS(tests);
}
