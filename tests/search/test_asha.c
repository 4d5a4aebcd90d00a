/* ASHA, stopping variant; the defects named are those of an older platform's implementation. */
#include "fixture.h"

#include "base/rng.h"

#include <math.h>

#define CONTINUE DECISION_CONTINUE
#define STOP     DECISION_STOP

static const double missing = (double)NAN;

/* Starts a trial and reports `value` at `step`; ends it where it was stopped. */
static enum decision start(struct bench *b, int64_t step, double value)
{
    int64_t trial = bench_ask(b);
    enum decision d = bench_report(b, trial, step, value);
    if (d == STOP)
        bench_exit(b, trial, OUTCOME_STOPPED, step, value);
    return d;
}

static void rungs_count_down_from_the_largest_budget(void **state)
{
    const struct {
        const char *method;
        int64_t min, max;
        size_t n;
        int64_t rungs[6];
    } table[] = {
        {"asha", 1, 27, 4, {1, 3, 9, 27}},
        {"asha", 1, 100, 5, {1, 3, 11, 33, 100}},
        {"asha(eta=4)", 2, 64, 3, {4, 16, 64}},
        {"asha(eta=10)", 1, 10, 2, {1, 10}},
        {"asha", 100, 900, 3, {100, 300, 900}},
        {"asha", 101, 900, 2, {300, 900}},
        {"asha(max_rungs=3)", 1, 52, 3, {5, 17, 52}},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bench b = make_bench(table[i].method, 10, table[i].min, table[i].max);
        int64_t rungs[10];
        assert_int_equal(searcher_rungs(b.s, rungs, 10), table[i].n);
        for (size_t k = 0; k < table[i].n; k++)
            assert_int_equal(rungs[k], table[i].rungs[k]);
        assert_int_equal(searcher_rungs(b.s, rungs, 1), table[i].n);
        free_bench(&b);
    }
    struct bench deep = make_bench("asha(eta=2)", 10, 1, INT64_MAX);
    int64_t rungs[80];
    assert_int_equal(searcher_rungs(deep.s, rungs, 80), 63);
    assert_true(rungs[0] == 1 && rungs[62] == INT64_MAX);
    free_bench(&deep);
}

static void ten_trials_ever_worse_leave_one(void **state)
{
    struct bench b = make_bench("random + asha", 10, 100, 900);
    int at_100 = 0, at_900 = 0;
    int64_t trial;
    while ((trial = bench_ask(&b)) != 0) {
        int64_t step = 0;
        enum decision d = CONTINUE;
        while (d == CONTINUE && step < 900) {
            step = searcher_next_wanted(b.s, trial, 0);
            d = bench_report(&b, trial, step, (double)trial);
        }
        at_100 += step == 100;
        at_900 += step == 900;
        bench_exit(&b, trial, d == STOP ? OUTCOME_STOPPED : OUTCOME_COMPLETED, step, (double)trial);
    }
    assert_int_equal(at_100, 9);
    assert_int_equal(at_900, 1);
    free_bench(&b);
}

static void ever_better_trials_all_go_on(void **state)
{
    struct bench b = make_bench("random + asha", 50, 1, 27);
    for (int i = 0; i < 50; i++)
        assert_int_equal(start(&b, 1, -i), CONTINUE);
    assert_int_equal(bench_ask(&b), 0);
    free_bench(&b);
}

static void the_best_third_goes_on(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    assert_int_equal(start(&b, 1, 5), CONTINUE);   /* of 1, 1 place */
    assert_int_equal(start(&b, 1, 6), STOP);       /* of 2, 1 */
    assert_int_equal(start(&b, 1, 7), STOP);       /* of 3, 1 */
    assert_int_equal(start(&b, 1, 8), STOP);       /* of 4, 1 */
    assert_int_equal(start(&b, 1, 4), CONTINUE);   /* of 5, 1 */
    assert_int_equal(start(&b, 1, 4.5), CONTINUE); /* of 6, 2 */
    assert_int_equal(start(&b, 1, 4.7), STOP);     /* of 7, 2 */
    assert_int_equal(start(&b, 1, 9), STOP);       /* of 8, 2 */
    assert_int_equal(start(&b, 1, 4.6), CONTINUE); /* of 9, 3 */
    free_bench(&b);
}

static void equal_values_rank_equally(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    for (int i = 0; i < 20; i++)
        assert_int_equal(start(&b, 1, 0.1), CONTINUE);
    for (int i = 0; i < 3; i++)
        assert_int_equal(start(&b, 1, 0.05), CONTINUE);
    for (int i = 0; i < 6; i++)
        assert_int_equal(start(&b, 1, 0.02), CONTINUE);
    /* 9 of 29 are better and 30 / 3 places are there: the tenth place is shared by all of 0.1. */
    assert_int_equal(start(&b, 1, 0.1), CONTINUE);
    assert_int_equal(start(&b, 1, 0.01), CONTINUE);
    assert_int_equal(start(&b, 1, 0.1), STOP);
    free_bench(&b);
}

static void the_goal_is_applied(void **state)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct bench b = {.space = make_space(rows, NULL)};
    struct searcher_settings settings = make_settings(b.space, "random + asha", 10, 1, 27);
    settings.minimize[0] = false;
    b.s = make_searcher(&settings);
    arena_init(&b.arena, 1 << 20);
    struct entry entry;
    assert_ok(searcher_begin(b.s, &b.arena, &entry, NULL));
    assert_int_equal(start(&b, 1, 5), CONTINUE);
    assert_int_equal(start(&b, 1, 4), STOP);
    assert_int_equal(start(&b, 1, 6), CONTINUE);
    assert_int_equal(start(&b, 1, -(double)INFINITY), STOP);
    assert_int_equal(start(&b, 1, (double)INFINITY), STOP); /* infinite is worst, either way */
    free_bench(&b);
}

/* Defect: NaN kills the search. */
static void missing_values_are_worst(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    for (int i = 0; i < 5; i++)
        assert_int_equal(start(&b, 1, missing), CONTINUE); /* nothing is known yet */
    assert_int_equal(start(&b, 1, 1e300), CONTINUE);
    assert_int_equal(start(&b, 1, missing), STOP);
    assert_int_equal(start(&b, 1, (double)INFINITY), STOP);
    assert_int_equal(start(&b, 1, -(double)INFINITY), STOP);
    assert_int_equal(start(&b, 1, 2e300), CONTINUE); /* of 10, 3 places */
    assert_int_equal(start(&b, 1, 3e300), CONTINUE);
    assert_int_equal(start(&b, 1, 4e300), CONTINUE); /* of 12, 4 */
    assert_int_equal(start(&b, 1, 5e300), STOP);
    free_bench(&b);
}

/* Defect: a sparse reporter's late value is ranked in early rungs. */
static void a_jump_enters_the_highest_rung_alone(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    int64_t sparse = bench_ask(&b);
    assert_int_equal(searcher_next_wanted(b.s, sparse, 0), 1);
    assert_int_equal(searcher_next_wanted(b.s, sparse, 10), 10);
    assert_int_equal(bench_report(&b, sparse, 10, 0.1), CONTINUE); /* rung 9, past 1 and 3 */
    assert_int_equal(searcher_next_wanted(b.s, sparse, 0), 27);
    assert_int_equal(searcher_next_wanted(b.s, sparse, 11), 27);
    assert_int_equal(searcher_next_wanted(b.s, sparse, 30), 30);
    /* Rungs 1 and 3 are empty: a worse value is the first there. */
    int64_t other = bench_ask(&b);
    assert_int_equal(bench_report(&b, other, 1, 0.9), CONTINUE);
    assert_int_equal(bench_report(&b, other, 3, 0.8), CONTINUE);
    assert_int_equal(bench_report(&b, other, 9, 0.2), STOP);
    free_bench(&b);
}

static void a_jump_to_the_end_goes_on(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    for (int i = 0; i < 5; i++) {
        int64_t trial = bench_ask(&b);
        assert_int_equal(bench_report(&b, trial, 27 + i, i), CONTINUE);
        assert_true(searcher_next_wanted(b.s, trial, 0) == INT64_MAX);
    }
    assert_int_equal(start(&b, 1, 100), CONTINUE);
    free_bench(&b);
}

/* Defect: a metric that is retried counts twice. */
static void a_retried_attempt_counts_once(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    int64_t trial = bench_ask(&b);
    assert_int_equal(bench_report(&b, trial, 3, 1), CONTINUE);
    /* The second attempt begins again from step 1: nothing of it is wanted before step 9. */
    assert_int_equal(searcher_next_wanted(b.s, trial, 0), 9);
    enum decision d;
    struct entry entry;
    struct error e = {.code = OK};
    for (int64_t step = 1; step <= 3; step++) {
        expect_code(searcher_report(b.s, &b.arena, trial, step, 1, &d, &entry, &e), E_STATE, &e);
        assert_int_equal(searcher_last_seq(b.s), 3);
    }
    /* Were it counted twice, there would be 3 results and a place for 2 of 6. */
    int64_t second = bench_ask(&b);
    assert_int_equal(bench_report(&b, second, 3, 2), STOP);
    free_bench(&b);
}

/* Defect: a stopped trial that reports once more spawns another. */
static void a_stopped_trial_stays_stopped(void **state)
{
    struct bench b = make_bench("random + asha", 3, 1, 27);
    start(&b, 1, 1);
    int64_t trial = bench_ask(&b);
    assert_int_equal(bench_report(&b, trial, 1, 2), STOP);
    assert_true(searcher_next_wanted(b.s, trial, 2) == INT64_MAX);
    /* Better than any, but after the decision: neither ranked nor pardoned. */
    assert_int_equal(bench_report(&b, trial, 3, 0), STOP);
    bench_exit(&b, trial, OUTCOME_STOPPED, 3, 0);
    assert_int_equal(bench_ask(&b), 3);
    assert_int_equal(bench_report(&b, 3, 1, 0.5), CONTINUE);
    assert_int_equal(bench_report(&b, 3, 3, 9), CONTINUE); /* the first at rung 3 */
    assert_int_equal(bench_ask(&b), 0);
    free_bench(&b);
}

/* Defect: a trial that ends before its budget gets no replacement. */
static void trials_that_end_early_are_replaced(void **state)
{
    struct bench b = make_bench("random + asha", 9, 1, 27);
    static const enum outcome outcomes[] = {OUTCOME_COMPLETED, OUTCOME_FAILED, OUTCOME_INFEASIBLE,
                                            OUTCOME_CANCELLED, OUTCOME_STOPPED};
    for (int i = 0; i < 9; i++) {
        int64_t trial = bench_ask(&b);
        assert_int_equal(trial, i + 1);
        if (i % 2)
            bench_report(&b, trial, 2, 1);
        bench_exit(&b, trial, outcomes[i % 5], i % 2 ? 2 : -1, missing);
    }
    assert_int_equal(bench_ask(&b), 0);
    free_bench(&b);
}

static void unwanted_reports_are_continued(void **state)
{
    struct bench b = make_bench("random + asha", 0, 2, 54);
    start(&b, 2, 1);
    int64_t trial = bench_ask(&b);
    assert_int_equal(bench_report(&b, trial, 0, 9), CONTINUE);
    assert_int_equal(bench_report(&b, trial, 1, 9), CONTINUE);
    assert_int_equal(searcher_next_wanted(b.s, trial, 0), 2);
    assert_int_equal(bench_report(&b, trial, 2, 0), CONTINUE);
    assert_int_equal(bench_report(&b, trial, 4, 9), CONTINUE);
    assert_int_equal(searcher_next_wanted(b.s, trial, 0), 6);
    free_bench(&b);
}

static void the_baseline_runs_on_and_is_ranked(void **state)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct bench b = {.space = make_space(rows, NULL)};
    struct searcher_settings settings = make_settings(b.space, "random + asha", 10, 1, 27);
    struct value x = value_real(0.25);
    struct config baseline = {b.space, &x};
    settings.baseline = &baseline;
    b.s = make_searcher(&settings);
    arena_init(&b.arena, 1 << 20);
    struct entry entry;
    assert_ok(searcher_begin(b.s, &b.arena, &entry, NULL));
    int64_t first = bench_ask(&b), second = bench_ask(&b);
    assert_int_equal(bench_report(&b, second, 1, 1), CONTINUE);
    assert_int_equal(bench_report(&b, first, 1, 2), CONTINUE); /* any other would be stopped */
    assert_int_equal(start(&b, 1, 1.5), STOP);                 /* of 3, 1 place */
    assert_int_equal(bench_report(&b, first, 3, missing), CONTINUE);
    assert_int_equal(searcher_next_wanted(b.s, first, 0), 9);
    assert_int_equal(bench_report(&b, first, 9, 0), CONTINUE);
    assert_int_equal(bench_report(&b, second, 9, 1), STOP); /* worse than the baseline */
    free_bench(&b);
}

static void a_reopened_trial_is_judged_on(void **state)
{
    struct bench b = make_bench("random + asha", 0, 1, 27);
    start(&b, 1, 1);
    int64_t trial = bench_ask(&b);
    assert_int_equal(bench_report(&b, trial, 1, 2), STOP);
    bench_exit(&b, trial, OUTCOME_STOPPED, 1, 2);
    struct entry entry;
    assert_ok(searcher_reopen(b.s, &b.arena, trial, &entry, NULL));
    assert_int_equal(entry.kind, ENTRY_EVENT);
    assert_int_equal(searcher_next_wanted(b.s, trial, 0), 3);
    assert_int_equal(bench_report(&b, trial, 3, 2), CONTINUE);
    bench_exit(&b, trial, OUTCOME_COMPLETED, 27, 2);
    free_bench(&b);
}

/* Against the rule as it is written, counted anew for every report. */
static void agrees_with_the_rule(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        print_message("# seed %d\n", (int)seed);
        struct rng r;
        rng_init(&r, seed, 0);
        struct bench b = make_bench("random + asha(eta=2)", 0, 4, 16);
        double results[3][100];
        size_t n[3] = {0};
        for (int i = 0; i < 100; i++) {
            int64_t trial = bench_ask(&b);
            enum decision d = CONTINUE;
            for (int rung = 0; rung < 3 && d == CONTINUE; rung++) {
                double v = rng_below(&r, 10) ? (double)rng_below(&r, 30) : missing;
                size_t better = 0, real = 0;
                results[rung][n[rung]++] = v;
                for (size_t k = 0; k + 1 < n[rung]; k++) {
                    better += results[rung][k] < v;
                    real += !isnan(results[rung][k]);
                }
                size_t places = n[rung] / 2 ? n[rung] / 2 : 1;
                bool stop = rung < 2 && (isnan(v) ? real > 0 : better >= places);
                d = bench_report(&b, trial, 4 << rung, v);
                assert_int_equal(d, stop ? STOP : CONTINUE);
            }
        }
        free_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rungs_count_down_from_the_largest_budget),
        cmocka_unit_test(ten_trials_ever_worse_leave_one),
        cmocka_unit_test(ever_better_trials_all_go_on),
        cmocka_unit_test(the_best_third_goes_on),
        cmocka_unit_test(equal_values_rank_equally),
        cmocka_unit_test(the_goal_is_applied),
        cmocka_unit_test(missing_values_are_worst),
        cmocka_unit_test(a_jump_enters_the_highest_rung_alone),
        cmocka_unit_test(a_jump_to_the_end_goes_on),
        cmocka_unit_test(a_retried_attempt_counts_once),
        cmocka_unit_test(a_stopped_trial_stays_stopped),
        cmocka_unit_test(trials_that_end_early_are_replaced),
        cmocka_unit_test(unwanted_reports_are_continued),
        cmocka_unit_test(the_baseline_runs_on_and_is_ranked),
        cmocka_unit_test(a_reopened_trial_is_judged_on),
        cmocka_unit_test(agrees_with_the_rule),
    };
    return RUN_TESTS(tests);
}
