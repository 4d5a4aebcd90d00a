/* Brackets, halving, patience and thresholds. */
#include "fixture.h"

#include <math.h>

static const double missing = (double)NAN;

static struct proposal ask(struct bench *b)
{
    struct proposal p;
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_ask(b->s, &b->arena, &p, &entry, &e), OK, &e);
    return p;
}

/* Asks for trials until there are no new ones, and counts them by their first steps. */
static void count_starts(struct bench *b, const int64_t *steps, size_t n, int *ret)
{
    struct proposal p;
    while ((p = ask(b)).kind == ASK_TRIAL)
        for (size_t i = 0; i < n; i++)
            ret[i] += p.steps == steps[i];
}

/* The numbers are those of Determined's own tests. */
static void adaptive_shares_out_trials(void **state)
{
    static const struct {
        const char *method;
        int64_t trials, max;
        int64_t steps[3];
        int wanted[3];
    } table[] = {
        {"random + adaptive(eta=3, mode=conservative, max_rungs=3, variant=promote)",
         20,
         9,
         {1, 3, 9},
         {12, 5, 3}},
        {"random + adaptive(eta=4, max_rungs=3, variant=promote)", 50, 16, {1, 4, 16}, {37, 13, 0}},
        {"random + adaptive(eta=4, max_rungs=4, variant=promote)",
         100,
         64,
         {1, 4, 16},
         {70, 22, 8}},
        {"random + adaptive(mode=aggressive, variant=promote)", 100, 64, {1, 4, 16}, {100, 0, 0}},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct bench b = make_bench(table[i].method, table[i].trials, 1, table[i].max);
        int got[3] = {0};
        count_starts(&b, table[i].steps, 3, got);
        for (int k = 0; k < 3; k++)
            if (got[k] != table[i].wanted[k])
                fail_msg("%s: %d trials begin with %d steps, not %d", table[i].method, got[k],
                         (int)table[i].steps[k], table[i].wanted[k]);
        free_bench(&b);
    }
}

static void brackets_judge_their_own(void **state)
{
    struct bench b =
        make_bench("random + adaptive(eta=3, mode=conservative, max_rungs=2)", 4, 1, 9);
    int64_t rungs[8];
    assert_int_equal(searcher_rungs(b.s, rungs, 8), 2);
    assert_true(rungs[0] == 3 && rungs[1] == 9);
    int stopped = 0;
    for (int i = 1; i <= 4; i++) {
        int64_t trial = bench_ask(&b);
        if (searcher_next_wanted(b.s, trial, 0) == 3)
            stopped += bench_report(&b, trial, 3, i) == DECISION_STOP;
    }
    assert_int_equal(stopped, 2); /* three enter the bracket that cuts at 3 */
    free_bench(&b);
}

static void wrong_efforts_are_refused(void **state)
{
    static const struct {
        const char *method, *part;
        int64_t trials;
    } table[] = {
        {"random + adaptive", "their number is open", 0},
        {"random + threshold", "at which value", 10},
        {"random + threshold(value=1, step=9)", "ends at 9", 10},
        {"random + sha(eta=10)", "no rung", 10},
    };
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct arena a;
        struct method m;
        struct error e = {.code = OK};
        struct effort effort = {.trials = table[i].trials,
                                .has_steps = true,
                                .min_steps = 1,
                                .max_steps = 9,
                                .parallel = 1};
        arena_init(&a, 1 << 20);
        assert_ok(method_parse(&a, str_of(table[i].method), (struct location){0}, &m, &e));
        expect_code(method_resolve(&m, s, &effort, &e), E_INVALID, &e);
        if (!strstr(e.message, table[i].part) || e.hint[0] == '\0')
            fail_msg("%s: %s (%s)", table[i].method, e.message, e.hint);
        arena_free(&a);
    }
    space_free(s);
}

static void halving_waits_for_the_last(void **state)
{
    struct bench b = make_bench("random + sha(n=6, eta=3)", 6, 1, 9);
    for (int i = 1; i <= 6; i++) {
        struct proposal p = ask(&b);
        assert_true(p.kind == ASK_TRIAL && p.steps == 1);
    }
    assert_int_equal(ask(&b).kind, ASK_WAIT);
    for (int i = 1; i <= 5; i++)
        assert_int_equal(bench_report(&b, i, 1, 10 - i), DECISION_PAUSE);
    assert_int_equal(ask(&b).kind, ASK_WAIT);
    bench_exit(&b, 6, OUTCOME_FAILED, -1, missing); /* nobody waits for it; 5 / 3 = 1 place */
    struct proposal p = ask(&b);
    assert_true(p.kind == ASK_MORE && p.trial == 5 && p.steps == 3 && p.from == 1);
    assert_int_equal(ask(&b).kind, ASK_WAIT);
    assert_int_equal(bench_report(&b, 5, 3, 1), DECISION_PAUSE);
    p = ask(&b);
    assert_true(p.kind == ASK_MORE && p.trial == 5 && p.steps == 9 && p.from == 3);
    assert_int_equal(bench_report(&b, 5, 9, 1), DECISION_CONTINUE);
    bench_exit(&b, 5, OUTCOME_COMPLETED, 9, 1);
    assert_int_equal(ask(&b).kind, ASK_DONE);
    free_bench(&b);
}

/* While one bracket waits, a slot begins the next; when both have work, the older one is served. */
static void halving_fills_slots_with_the_next_bracket(void **state)
{
    struct bench b = make_bench("random + sha(n=3, eta=3)", 9, 1, 9);
    for (int i = 1; i <= 5; i++)
        assert_true(ask(&b).kind == ASK_TRIAL);
    for (int i = 5; i >= 2; i--)
        assert_int_equal(bench_report(&b, i, 1, i), DECISION_PAUSE);
    struct proposal p = ask(&b); /* the first waits for trial 1, the second takes its third */
    assert_true(p.kind == ASK_TRIAL && p.trial == 6);
    assert_int_equal(bench_report(&b, 6, 1, 6), DECISION_PAUSE);
    assert_int_equal(bench_report(&b, 1, 1, 1), DECISION_PAUSE);
    p = ask(&b);
    assert_true(p.kind == ASK_MORE && p.trial == 1 && p.steps == 3);
    p = ask(&b); /* its own best, though worse than trials 2 and 3 */
    assert_true(p.kind == ASK_MORE && p.trial == 4 && p.steps == 3);
    p = ask(&b);
    assert_true(p.kind == ASK_TRIAL && p.trial == 7 && p.steps == 1);
    free_bench(&b);
}

/* R = 9, eta = 3: 9 at 1, 5 at 3, 3 at 9 (Li et al. 2018, their table for s_max = 2). */
static void hyperband_takes_brackets_in_turn(void **state)
{
    struct bench b = make_bench("random + hyperband", 34, 1, 9);
    int starts[10] = {0}, more[10] = {0};
    struct proposal p;
    while ((p = ask(&b)).kind != ASK_DONE) {
        assert_true(p.kind == ASK_TRIAL || p.kind == ASK_MORE); /* one slot never waits */
        (p.kind == ASK_TRIAL ? starts : more)[p.steps]++;
        enum decision d = bench_report(&b, p.trial, p.steps, (double)(p.trial * 7 % 11));
        assert_int_equal(d, p.steps < 9 ? DECISION_PAUSE : DECISION_CONTINUE);
        if (p.steps == 9)
            bench_exit(&b, p.trial, OUTCOME_COMPLETED, 9, 1);
    }
    assert_true(starts[1] == 18 && starts[3] == 10 && starts[9] == 6);
    assert_true(more[3] == 6 && more[9] == 2 + 2); /* of 9: 3, then 1; of 5: 1 */
    free_bench(&b);
}

static void patience_ends_with_improvement(void **state)
{
    struct bench b = make_bench("random + patience(steps=3, delta=0.1)", 4, 1, 100);
    int64_t t = bench_ask(&b);
    static const double curve[] = {5, 4, 3.95, 3.8, 3.75, missing};
    for (int i = 0; i < 6; i++)
        assert_int_equal(bench_report(&b, t, i + 1, curve[i]), DECISION_CONTINUE);
    assert_int_equal(searcher_next_wanted(b.s, t, 0), 7);
    assert_int_equal(bench_report(&b, t, 7, 3.74), DECISION_STOP);
    t = bench_ask(&b);
    assert_int_equal(bench_report(&b, t, 2, missing), DECISION_CONTINUE);
    assert_int_equal(bench_report(&b, t, 3, missing), DECISION_STOP);
    free_bench(&b);
}

static void a_threshold_is_looked_at_once(void **state)
{
    struct bench b = make_bench("random + threshold(value=2, step=3)", 4, 1, 100);
    int64_t t = bench_ask(&b);
    assert_int_equal(searcher_next_wanted(b.s, t, 0), 3);
    assert_int_equal(bench_report(&b, t, 3, 2), DECISION_CONTINUE);
    assert_int_equal(searcher_next_wanted(b.s, t, 0), 100); /* its end */
    t = bench_ask(&b);
    assert_int_equal(bench_report(&b, t, 5, 2.1), DECISION_STOP);
    t = bench_ask(&b);
    assert_int_equal(bench_report(&b, t, 3, missing), DECISION_STOP);
    free_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adaptive_shares_out_trials),
        cmocka_unit_test(brackets_judge_their_own),
        cmocka_unit_test(wrong_efforts_are_refused),
        cmocka_unit_test(halving_waits_for_the_last),
        cmocka_unit_test(halving_fills_slots_with_the_next_bracket),
        cmocka_unit_test(hyperband_takes_brackets_in_turn),
        cmocka_unit_test(patience_ends_with_improvement),
        cmocka_unit_test(a_threshold_is_looked_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
