/*
 * Seven faults that an implementation of adaptive searches was found to have, each with the whole
 * of ours: searcher, scheduler and executor, on the virtual clock.
 */
#include "sched/verify.h"
#include "simulated.h"
#include "testing.h"

#include <math.h>
#include <string.h>

#define YAML(parameters, search)                                       \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "parameters: {" parameters "}\nsearch: {seed: 7, parallel: 4, " search "}\n"

#define PLAIN "x: 'uniform(0, 1)', k: 'choice(a, b, c)'"
#define STOP  "trials: 40, method: 'random + asha', budget: {min: 1, max: 9}"
#define CLIMB "trials: 40, method: 'random + asha(variant=promote)', budget: {min: 1, max: 9}"

static const char *const variants[] = {YAML(PLAIN, STOP), YAML(PLAIN, CLIMB)};
enum { VARIANTS = 2 };

static void check_journal(struct simulated *w)
{
    struct error e = {0};
    if (journal_verify(w->store, w->id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

static int64_t ended(struct simulated *w)
{
    return simulated_count(w, TRIAL_COMPLETED) + simulated_count(w, TRIAL_STOPPED) +
           simulated_count(w, TRIAL_FAILED) + simulated_count(w, TRIAL_INFEASIBLE);
}

/* 1: a trial that ended before its budget got no replacement. */

static void ends_early(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    if (a->trial % 3 == 0)
        c->ends = a->trial % 2 ? 1 : 2;
}

static void who_ends_early_is_replaced(void **state)
{
    for (int i = 0; i < VARIANTS; i++) {
        struct simulated w;
        simulated_init(&w);
        w.course = ends_early;
        simulated_run(&w, variants[i]);
        assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
        assert_int_equal(ended(&w), 40);
        for (int t = 1; t <= 40; t++)
            assert_true(w.attempts_of[t] > 0);
        assert_int_equal(w.most_running, 4);
        /* No slot stood idle but at the very end, where nothing was left to start. */
        int64_t took = w.clock.monotonic_ns - NS_PER_S;
        assert_true(4 * took - sim_totals(w.executor).busy_ns <= 4 * 9 * 3 * NS_PER_S);
        check_journal(&w);
        simulated_free_world(&w);
    }
}

/* 2: a stopped trial that reported once more spawned another. */

static void never_asks(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->never_asks = true;
}

static void a_report_after_the_stop_starts_nothing(void **state)
{
    struct simulated w;
    simulated_init(&w);
    w.course = never_asks;
    simulated_run(&w, variants[0]);
    assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
    int64_t stopped = simulated_count(&w, TRIAL_STOPPED);
    assert_true(stopped > 20);
    /* Each said one thing more than the searcher looked at. */
    int64_t all = 9 * simulated_count(&w, TRIAL_COMPLETED) + 2 * stopped;
    assert_true(w.reports >= all);
    assert_int_equal(simulated_entries(&w, "report", "\"stop\""), stopped);
    assert_int_equal(simulated_entries(&w, "ask", "params"), 40);
    assert_int_equal(ended(&w), 40);
    assert_int_equal(w.most_running, 4);
    check_journal(&w);
    simulated_free_world(&w);
}

/* 3: NaN killed the search. */

static double often_nan(struct simulated *w, const struct sim_attempt *a, int64_t step)
{
    return a->trial % 4 == 3 ? (double)a->trial : a->trial % 4 ? (double)NAN : -(double)INFINITY;
}

static void nan_neither_ends_nor_wins(void **state)
{
    for (int i = 0; i < VARIANTS; i++) {
        struct simulated w;
        struct arena a;
        arena_init(&a, 1 << 20);
        simulated_init(&w);
        w.value = often_nan;
        simulated_run(&w, variants[i]);
        assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
        assert_int_equal(ended(&w), 40);
        struct search_row row;
        assert_ok(store_search_get(w.store, w.id, &a, &row, NULL));
        assert_true(row.best_trial % 4 == 3);
        check_journal(&w);
        simulated_free_world(&w);
        arena_free(&a);
    }
}

/* 4: an infeasible configuration never reached the searcher. */

static void third_infeasible(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->infeasible = a->trial % 3 == 0;
}

static void the_searcher_hears_of_the_infeasible(void **state)
{
    for (int i = 0; i < VARIANTS; i++) {
        struct simulated w;
        simulated_init(&w);
        w.course = third_infeasible;
        simulated_run(&w, variants[i]);
        assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
        assert_int_equal(simulated_count(&w, TRIAL_INFEASIBLE), 13);
        assert_int_equal(simulated_entries(&w, "exit", "\"infeasible\""), 13);
        assert_int_equal(ended(&w), 40);
        assert_int_equal(w.attempts_of[3], 1); /* and none is retried */
        check_journal(&w);
        simulated_free_world(&w);
    }
}

/* 5: nested parameters broke same-seed-same-search. */

#define NESTED                                                \
    "b.z: 'uniform(0, 1)', a: 'choice(one, two)', "           \
    "b.deep: {prior: 'choice(x, y)', when: 'a == \"two\"'}, " \
    "b.deep.er: {prior: 'loguniform(1e-3, 1)', when: 'b.deep == \"x\"'}, c: 'int(1, 9)'"

static void nested_parameters_search_the_same(void **state)
{
    static const char *const yaml[] = {YAML(NESTED, STOP), YAML(NESTED, CLIMB)};
    for (int i = 0; i < VARIANTS; i++) {
        struct buf b[2];
        for (int k = 0; k < 2; k++) {
            struct simulated w;
            simulated_init(&w);
            buf_init(&b[k], 16 << 20);
            simulated_run(&w, yaml[i]);
            simulated_journal(&w, &b[k]);
            check_journal(&w);
            simulated_free_world(&w);
        }
        assert_true(b[0].n > 1000);
        assert_true(str_eq(buf_view(&b[0]), buf_view(&b[1])));
        buf_free(&b[0]);
        buf_free(&b[1]);
    }
}

/* 6: a metric that was retried counted twice. */

static void dies_once(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    if (a->number % 2 == 1)
        c->drop = 1.5; /* after its first step */
}

static void steps_done_again_count_once(void **state)
{
    for (int i = 0; i < VARIANTS; i++) {
        struct simulated w;
        simulated_init(&w);
        w.course = dies_once;
        w.from_scratch = true; /* so that the first steps are reported again */
        w.keep_going = true;
        simulated_run(&w, variants[i]);
        assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
        assert_int_equal(ended(&w), 40);
        assert_true(sim_totals(w.executor).drops > 0);
        assert_true(sim_totals(w.executor).again > 0);
        /* At most one result a trial in the lowest rung, however often it reported step 1. */
        assert_int_equal(simulated_entries(&w, "report", "{\"step\":1,"), 40);
        check_journal(&w);
        simulated_free_world(&w);
    }
}

/* 7: a sparse reporter's late value was ranked in early rungs. */

static double late_is_better(struct simulated *w, const struct sim_attempt *a, int64_t step)
{
    return (double)a->trial / 100 - (double)step;
}

/* Reports of step 8 alone, past the rungs at 1 and 3, when the searcher would want those. */
static void skips(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->sparse = a->trial % 2 == 0;
}

static void a_late_value_is_of_no_early_rung(void **state)
{
    struct simulated w;
    simulated_init(&w);
    w.course = skips;
    w.value = late_is_better;
    w.report_every = 8;
    simulated_run(&w, variants[0]);
    assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
    assert_int_equal(ended(&w), 40);
    /* Even trials enter the rung at 3 by what they said at 8, and that at 1 never; odd ones are
     * ranked at 1 among themselves: later ones are worse, so that one in three of the first goes on
     * and no late value pushes it out. */
    assert_int_equal(simulated_entries(&w, "report", "{\"step\":8,"), 20);
    assert_int_equal(simulated_entries(&w, "report", "{\"step\":1,"), 20);
    assert_true(simulated_entries(&w, "report", "\"continue\"") > 1);
    struct arena a;
    arena_init(&a, 1 << 20);
    struct trial_row first = simulated_trial(&w, 1, &a);
    assert_true(first.step > 1); /* nothing of step 1 was better than it */
    arena_free(&a);
    check_journal(&w);
    simulated_free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_ends_early_is_replaced),
        cmocka_unit_test(a_report_after_the_stop_starts_nothing),
        cmocka_unit_test(nan_neither_ends_nor_wins),
        cmocka_unit_test(the_searcher_hears_of_the_infeasible),
        cmocka_unit_test(nested_parameters_search_the_same),
        cmocka_unit_test(steps_done_again_count_once),
        cmocka_unit_test(a_late_value_is_of_no_early_rung),
    };
    return RUN_TESTS(tests);
}
