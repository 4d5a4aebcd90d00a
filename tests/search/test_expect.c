/* How many trials a budget has room for, against allocators that really allocate. */
#include "fixture.h"

#include "base/rng.h"
#include "search/expect.h"

static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

static struct effort effort_of(int64_t min, int64_t max)
{
    return (struct effort){.has_steps = max > 0, .min_steps = min, .max_steps = max, .parallel = 1};
}

static void by_hand(void **state)
{
    struct space *s = make_space(rows, NULL);
    struct effort e = effort_of(1, 27);
    struct method stop = make_method("random + asha", s, &e),
                  promote = make_method("random + asha(variant=promote)", s, &e),
                  full = make_method("random + full", s, &e);
    assert_near(expect_steps(&stop, &e), 1 + 2 / 3.0 + 6 / 9.0 + 18 / 27.0, 1e-9);
    assert_near(expect_steps(&promote, &e), 3, 1e-9);
    assert_near(expect_attempts(&stop, &e), 1, 1e-9);
    assert_near(expect_attempts(&promote, &e), 1 + 1 / 3.0 + 1 / 9.0 + 1 / 27.0, 1e-9);
    assert_near(expect_steps(&full, &e), 27, 1e-9);
    struct method high = make_method("random + asha(max_rungs=2)", s, &e);
    assert_near(expect_steps(&high, &e), 9 + 18 / 3.0, 1e-9);
    assert_int_equal(expect_trials(&stop, &e), 0);
    e.trials = 50;
    assert_int_equal(expect_trials(&stop, &e), 50);
    e.steps = 90;
    assert_int_equal(expect_trials(&stop, &e), 30);
    e.slot_steps = 60;
    assert_int_equal(expect_trials(&stop, &e), 20);
    e.start_steps = 3;
    assert_int_equal(expect_trials(&stop, &e), 10);
    e.slot_steps = 1;
    assert_int_equal(expect_trials(&stop, &e), 1);
    struct effort one_shot = effort_of(0, 0);
    struct method plain = make_method("random", s, &one_shot);
    assert_near(expect_steps(&plain, &one_shot), 1, 1e-9);
    space_free(s);
}

/* One after the other, values in no order: what a trial trains, on average over many. */
static double really(const char *method, int64_t trials, int64_t min, int64_t max)
{
    struct bench b = make_bench(method, trials, min, max);
    struct rng r;
    int64_t reached[4000] = {0};
    double sum = 0;
    rng_init(&r, 1, 1);
    for (;;) {
        struct proposal p;
        struct entry entry;
        assert_ok(searcher_ask(b.s, &b.arena, &p, &entry, NULL));
        if (p.kind != ASK_TRIAL && p.kind != ASK_MORE)
            break;
        int64_t step = reached[p.trial];
        enum decision d = DECISION_CONTINUE;
        while (d == DECISION_CONTINUE && step < p.steps) {
            step = searcher_next_wanted(b.s, p.trial, step + 1);
            d = bench_report(&b, p.trial, step, rng_unit(&r));
        }
        sum += (double)(step - reached[p.trial]);
        reached[p.trial] = step;
        if (d != DECISION_PAUSE)
            bench_exit(&b, p.trial, d == DECISION_STOP ? OUTCOME_STOPPED : OUTCOME_COMPLETED, step,
                       0);
    }
    free_bench(&b);
    return sum / (double)trials;
}

static void as_they_really_do(void **state)
{
    static const char *const methods[] = {
        "random + asha",
        "random + asha(variant=promote)",
        "random + asha(eta=4)",
        "random + sha",
        "random + hyperband",
        "random + full",
        "random + adaptive(mode=conservative, max_rungs=64, variant=promote, eta=3)"};
    struct space *s = make_space(rows, NULL);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        struct effort e = effort_of(1, 81);
        e.trials = 3000;
        struct method m = make_method(methods[i], s, &e);
        double was = really(methods[i], 3000, 1, 81), is = expect_steps(&m, &e);
        print_message("# %s: %.2f expected, %.2f were\n", methods[i], is, was);
        assert_near(is / was, 1, 0.1);
    }
    space_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(as_they_really_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
