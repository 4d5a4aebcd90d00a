/*
 * Trials that train as many steps as their parameter says, on the virtual clock: where they end,
 * what they are ranked by, and what a budget leaves of them.
 */
#include "sched/verify.h"
#include "simulated.h"
#include "testing.h"

#include <stdio.h>
#include <string.h>

#define YAML(search)                                                   \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "parameters: {x: 'uniform(0, 1)', steps: 'ordinal(3, 9, 27)'}\n" search

enum { TRIALS = 30 };

static struct search_row row_of(struct simulated *w, struct arena *a)
{
    struct search_row row;
    assert_ok(store_search_get(w->store, w->id, a, &row, NULL));
    return row;
}

static void check_journal(struct simulated *w)
{
    struct error e = {0};
    if (journal_verify(w->store, w->id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

/* The value stands in the row's parameters. */
static bool says_steps(const struct trial_row *row)
{
    char text[40];
    struct buf b;
    buf_init(&b, 4096);
    buf_str(&b, row->params);
    snprintf(text, sizeof text, "\"steps\":%lld}", (long long)row->steps);
    bool found = strstr(b.p, text) != NULL;
    buf_free(&b);
    return found;
}

/* The longer it trains, the worse it gets. */
static double overfits(struct simulated *w, const struct sim_attempt *a, int64_t step)
{
    return (double)step + (double)(a->trial * 37 % 101) / 101;
}

static void begin(struct simulated *w, const char *yaml)
{
    simulated_init(w);
    w->value = overfits;
    simulated_begin(w, yaml);
}

static void each_ends_at_its_own(void **state)
{
    static const char *const methods[] = {"random + full", "random + patience(steps=26)",
                                          "random + threshold(value=99)", "gp"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct simulated w;
        struct arena a;
        char yaml[600];
        int64_t sum = 0;
        bool seen[28] = {false};
        snprintf(yaml, sizeof yaml, YAML("search: {seed: 7, parallel: 3, trials: %d, method: %s}"),
                 TRIALS, methods[i]);
        arena_init(&a, 1 << 20);
        begin(&w, yaml);
        simulated_turns(&w, 0);
        assert_int_equal(simulated_count(&w, TRIAL_COMPLETED), TRIALS);
        for (int64_t t = 1; t <= TRIALS; t++) {
            struct trial_row row = simulated_trial(&w, t, &a);
            assert_int_equal(row.step, row.steps);
            assert_true(says_steps(&row));
            assert_in_range(row.steps, 3, 27);
            seen[row.steps] = true;
            sum += row.steps;
        }
        assert_true(seen[3] && seen[9] && seen[27]);
        assert_int_equal(sim_totals(w.executor).steps, sum);
        struct search_row row = row_of(&w, &a);
        assert_true(row.own_steps);
        assert_int_equal(simulated_trial(&w, row.best_trial, &a).steps, 3);
        check_journal(&w);
        simulated_free_world(&w);
        arena_free(&a);
    }
}

/* A few are stopped early; who was not is completed, however short it was to be. */
static void those_that_stop_trials_leave_them_their_length(void **state)
{
    struct simulated w;
    struct arena a;
    arena_init(&a, 1 << 20);
    begin(&w, YAML("search: {seed: 7, parallel: 3, trials: 30, method: random + median}"));
    simulated_turns(&w, 0);
    assert_true(simulated_count(&w, TRIAL_STOPPED) > 0);
    for (int64_t t = 1; t <= TRIALS; t++) {
        struct trial_row row = simulated_trial(&w, t, &a);
        assert_true(says_steps(&row));
        if (row.state == TRIAL_COMPLETED)
            assert_int_equal(row.step, row.steps);
        else
            assert_true(row.state == TRIAL_STOPPED && row.step < row.steps);
    }
    assert_int_equal(simulated_trial(&w, row_of(&w, &a).best_trial, &a).state, TRIAL_COMPLETED);
    check_journal(&w);
    simulated_free_world(&w);
    arena_free(&a);
}

/* All steps count; nothing starts that would not come to the end of the shortest. */
static void a_total_of_steps_goes_with_it(void **state)
{
    struct simulated w;
    struct arena a;
    arena_init(&a, 1 << 20);
    begin(&w, YAML("search: {seed: 7, parallel: 1, steps: 200, method: random + full}"));
    simulated_turns(&w, 0);
    int64_t steps = sim_totals(w.executor).steps;
    assert_in_range(steps, 198, 200);
    struct search_row row = row_of(&w, &a);
    assert_int_equal(row.state, SEARCH_COMPLETED);
    assert_true(row.counts[TRIAL_STOPPED] <= 1 && row.counts[TRIAL_COMPLETED] > 5);
    assert_int_equal(simulated_trial(&w, row.best_trial, &a).steps, 3);
    check_journal(&w);
    simulated_free_world(&w);
    arena_free(&a);
}

static void so_does_time(void **state)
{
    struct simulated w;
    struct arena a;
    arena_init(&a, 1 << 20);
    begin(&w, YAML("search: {seed: 7, parallel: 2, time: 100s, method: random + full}"));
    simulated_turns(&w, 0);
    assert_in_range(w.clock.monotonic_ns, 98 * NS_PER_S, 102 * NS_PER_S);
    struct search_row row = row_of(&w, &a);
    assert_true(row.counts[TRIAL_COMPLETED] > 5 && row.counts[TRIAL_STOPPED] <= 2);
    check_journal(&w);
    simulated_free_world(&w);
    arena_free(&a);
}

static void fails_once(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->ends = a->number == 1 && a->trial % 3 == 0 ? 2 : 0;
    c->fails = c->ends > 0;
}

/* A retry goes on to the same end; replicates have the same; results in order. */
static void retries_and_replicates_have_the_same_end(void **state)
{
    struct simulated w;
    struct arena a;
    arena_init(&a, 1 << 20);
    simulated_init(&w);
    w.value = overfits;
    w.course = fails_once;
    simulated_begin(&w, YAML("search: {seed: 7, parallel: 3, trials: 12, method: random, seeds: 2, "
                             "order: fixed}\nbaseline: {x: 0.5, steps: 9}"));
    simulated_turns(&w, 0);
    assert_int_equal(simulated_count(&w, TRIAL_COMPLETED), 13);
    assert_int_equal(simulated_trial(&w, 1, &a).steps, 9);
    for (int64_t t = 2; t <= 13; t += 2) {
        struct trial_row row = simulated_trial(&w, t, &a), other = simulated_trial(&w, t + 1, &a);
        assert_int_equal(row.steps, other.steps);
        assert_true(row.step == row.steps && other.step == other.steps);
    }
    assert_int_equal(w.attempts_of[3], 2);
    check_journal(&w);
    simulated_free_world(&w);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ends_at_its_own),
        cmocka_unit_test(those_that_stop_trials_leave_them_their_length),
        cmocka_unit_test(a_total_of_steps_goes_with_it),
        cmocka_unit_test(so_does_time),
        cmocka_unit_test(retries_and_replicates_have_the_same_end),
    };
    return RUN_TESTS(tests);
}
