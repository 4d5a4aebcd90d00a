#include "fixture.h"

#include "base/rng.h"
#include "base/stats.h"

#include <math.h>

#define CONTINUE DECISION_CONTINUE
#define STOP     DECISION_STOP

static const double missing = (double)NAN;

static void worse_than_the_median_is_stopped(void **state)
{
    struct bench b = make_bench("random + median(min_trials=3)", 0, 1, 10);
    for (int i = 1; i <= 3; i++) {
        bench_ask(&b);
        assert_int_equal(bench_report(&b, i, 1, i), CONTINUE);
    }
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 4, 1, 2), CONTINUE); /* equal to the median is not worse */
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 5, 1, 2.1), STOP);
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 6, 1, 1.9), CONTINUE);
    free_bench(&b);
}

static void nobody_is_judged_before_min_trials(void **state)
{
    struct bench b = make_bench("random + median", 0, 1, 10);
    for (int i = 1; i <= 5; i++) {
        bench_ask(&b);
        assert_int_equal(bench_report(&b, i, 1, i), CONTINUE);
    }
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 6, 1, 6), STOP);
    assert_int_equal(bench_report(&b, 5, 2, 100), CONTINUE); /* the first at step 2 */
    free_bench(&b);
}

static void warmup_delays_the_first_judgement(void **state)
{
    struct bench b = make_bench("random + median(warmup=4, min_trials=1)", 0, 1, 10);
    bench_ask(&b);
    bench_ask(&b);
    assert_int_equal(searcher_next_wanted(b.s, 1, 0), 4);
    bench_report(&b, 1, 4, 0);
    assert_int_equal(bench_report(&b, 2, 3, 9), CONTINUE);
    assert_int_equal(bench_report(&b, 2, 4, 9), STOP);
    free_bench(&b);
}

/* The best value by then counts, against averages. */
static void an_early_success_carries_a_trial(void **state)
{
    struct bench b = make_bench("random + median(min_trials=1)", 0, 1, 10);
    bench_ask(&b);
    bench_report(&b, 1, 1, 4);
    bench_report(&b, 1, 2, 2); /* average 3 */
    bench_report(&b, 1, 3, 0); /* average 2 */
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 2, 1, 2), CONTINUE);
    assert_int_equal(bench_report(&b, 2, 2, 9), CONTINUE); /* best 2 against 3 */
    assert_int_equal(bench_report(&b, 2, 3, 9), CONTINUE); /* best 2 against 2 */
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 3, 1, 2.5), CONTINUE); /* 4 and 2: 3 */
    assert_int_equal(bench_report(&b, 3, 2, 9), CONTINUE);   /* 3 and 5.5: 4.25 */
    assert_int_equal(bench_report(&b, 3, 3, 2.4), CONTINUE); /* 2 and 20/3 */
    free_bench(&b);
}

static void missing_values_are_left_out(void **state)
{
    struct bench b = make_bench("random + median(min_trials=2)", 0, 1, 10);
    for (int i = 1; i <= 4; i++) {
        bench_ask(&b);
        assert_int_equal(bench_report(&b, i, 1, missing), CONTINUE);
    }
    /* Half of them missing: the median is, too, and stops nobody. */
    for (int i = 5; i <= 8; i++) {
        bench_ask(&b);
        assert_int_equal(bench_report(&b, i, 1, 1), CONTINUE);
    }
    bench_ask(&b);
    bench_report(&b, 9, 1, (double)INFINITY);
    for (int i = 10; i <= 13; i++) {
        bench_ask(&b);
        assert_int_equal(bench_report(&b, i, 1, 1), CONTINUE);
    }
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 14, 1, missing), STOP);
    /* A trial with a gap in its curve keeps the average of what is there. */
    bench_report(&b, 5, 2, missing);
    bench_report(&b, 6, 2, 1);
    assert_int_equal(bench_report(&b, 7, 2, 3), CONTINUE); /* best 1 against 1 */
    free_bench(&b);
}

static void a_jump_is_no_result_of_early_steps(void **state)
{
    struct bench b = make_bench("random + median(min_trials=1)", 0, 1, 10);
    bench_ask(&b);
    bench_report(&b, 1, 5, 0); /* nothing before: steps 1 to 4 stay empty */
    bench_ask(&b);
    for (int step = 1; step <= 4; step++)
        assert_int_equal(bench_report(&b, 2, step, 9), CONTINUE);
    assert_int_equal(bench_report(&b, 2, 5, 9), STOP);
    /* From 1 to 4: at 2 and 3 the average of step 1 stands. */
    bench_ask(&b);
    bench_report(&b, 3, 1, 1);
    bench_report(&b, 3, 4, 0);
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 4, 1, 6), STOP);
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 5, 3, 5.1), STOP); /* 9 and 1: 5 */
    free_bench(&b);
}

static void long_budgets_are_judged_at_few_points(void **state)
{
    struct bench b = make_bench("random + median", 0, 1, 1000000);
    bench_ask(&b);
    int n = 0;
    int64_t step = 0;
    while ((step = searcher_next_wanted(b.s, 1, step + 1)) < 1000000) {
        bench_report(&b, 1, step, 1);
        n++;
    }
    assert_true(n >= 60 && n <= 64);
    bench_report(&b, 1, 1000000, 1);
    assert_true(searcher_next_wanted(b.s, 1, 0) == INT64_MAX);
    free_bench(&b);
}

static void huge_values_do_not_overflow(void **state)
{
    struct bench b = make_bench("random + median(min_trials=1)", 0, 1, 10);
    bench_ask(&b);
    bench_report(&b, 1, 1, -1.7e308);
    bench_report(&b, 1, 2, 1.7e308);
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 2, 1, -1.6e308), STOP);
    bench_ask(&b);
    assert_int_equal(bench_report(&b, 3, 2, -1e300), CONTINUE); /* against about 0 */
    free_bench(&b);
}

/* Against the rule counted anew. Trials report every step. */
static void agrees_with_the_rule(void **state)
{
    enum { TRIALS = 40, STEPS = 6 };
    for (uint64_t seed = 0; seed < 20; seed++) {
        print_message("# seed %d\n", (int)seed);
        struct rng r;
        rng_init(&r, seed, 0);
        struct bench b = make_bench("random + median(min_trials=4)", 0, 1, STEPS);
        double averages[STEPS][TRIALS];
        size_t n[STEPS] = {0};
        for (int i = 0; i < TRIALS; i++) {
            int64_t trial = bench_ask(&b);
            enum decision d = CONTINUE;
            double mean = 0, best = 1e9;
            for (int step = 1; step <= STEPS && d == CONTINUE; step++) {
                double v = (double)rng_below(&r, 64) / 8, sorted[TRIALS];
                mean += v / step - mean / step;
                best = v < best ? v : best;
                size_t m = n[step - 1];
                memcpy(sorted, averages[step - 1], sizeof(sorted));
                bool stop = m >= 4 && step < STEPS && best > stats_median(sorted, m);
                averages[step - 1][n[step - 1]++] = mean;
                d = bench_report(&b, trial, step, v);
                assert_int_equal(d, stop ? STOP : CONTINUE);
            }
        }
        free_bench(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worse_than_the_median_is_stopped),
        cmocka_unit_test(nobody_is_judged_before_min_trials),
        cmocka_unit_test(warmup_delays_the_first_judgement),
        cmocka_unit_test(an_early_success_carries_a_trial),
        cmocka_unit_test(missing_values_are_left_out),
        cmocka_unit_test(a_jump_is_no_result_of_early_steps),
        cmocka_unit_test(long_budgets_are_judged_at_few_points),
        cmocka_unit_test(huge_values_do_not_overflow),
        cmocka_unit_test(agrees_with_the_rule),
    };
    return RUN_TESTS(tests);
}
