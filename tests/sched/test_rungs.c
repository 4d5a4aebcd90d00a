/*
 * Trials that are paused at rungs and let go on: the scheduler on a virtual clock.
 */
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <string.h>

#define S NS_PER_S

#define YAML(search)                                                   \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n" search

#define CLIMBS                                                                                  \
    YAML("search: {trials: 12, method: 'random + asha(variant=promote)', seed: 7, parallel: 3," \
         " budget: {min: 1, max: 9}}\n")

/* Ends at the end of its steps by itself, and its last report is of the step before. */
static struct step counts_from_zero(struct world *w, struct fake_attempt *a)
{
    if (a->step + 1 >= a->steps)
        return (struct step){.turn = TURN_EXIT, .ns = S};
    return (struct step){.turn = TURN_REPORT, .ns = S, .value = world_loss(a)};
}

/* Each attempt after the first dies once on its way. */
static struct step stumbles(struct world *w, struct fake_attempt *a)
{
    if (w->attempts_of[a->trial] == 2 && a->step == 2)
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    return world_asks(w, a);
}

static struct world *run(struct step (*program)(struct world *, struct fake_attempt *),
                         struct search_id *ret)
{
    struct world *w = world_new();
    w->program = program;
    world_start(w, 3);
    *ret = world_submit(w, CLIMBS);
    world_run(w, 0);
    return w;
}

/* 12 start; 4 or more reach 3 steps, one or more 9; whoever is left waiting is stopped there. */
static void check_climbed(struct world *w, struct search_id id)
{
    int reached[10] = {0};
    struct error e = {0};
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    int64_t completed = world_count(w, id, TRIAL_COMPLETED);
    assert_int_equal(completed + world_count(w, id, TRIAL_STOPPED), 12);
    for (int t = 1; t <= 12; t++) {
        assert_true(w->progress[t] >= 0 && w->progress[t] <= 9);
        reached[w->progress[t]]++;
    }
    assert_true(reached[3] + reached[9] >= 4 && reached[3] + reached[9] <= 9);
    assert_true(reached[9] >= 1 && reached[9] == completed);
    assert_int_equal(w->running, 0);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

static void the_best_go_on_from_where_they_were(void **state)
{
    struct search_id id;
    struct world *w = run(world_asks, &id);
    check_climbed(w, id);
    /* One attempt a rung: an attempt more for each time that a trial went on. */
    for (int t = 1; t <= 12; t++)
        assert_int_equal(w->attempts_of[t], w->progress[t] == 9 ? 3 : w->progress[t] == 3 ? 2 : 1);
    world_free(w);
}

static void a_program_that_never_asks_climbs_too(void **state)
{
    struct search_id id;
    struct world *w = run(world_never_asks, &id);
    check_climbed(w, id);
    world_free(w);
}

static void the_end_of_its_steps_is_the_rung(void **state)
{
    struct search_id id;
    struct world *w = world_new();
    w->program = counts_from_zero;
    world_start(w, 3);
    id = world_submit(w, YAML("search: {trials: 12, method: 'random + asha(variant=promote)',"
                              " seed: 7, parallel: 3, budget: {min: 3, max: 9}}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_true(world_count(w, id, TRIAL_COMPLETED) >= 1);
    assert_true(world_count(w, id, TRIAL_STOPPED) >= 3);
    world_free(w);
}

static void who_dies_on_the_way_is_retried(void **state)
{
    struct search_id id;
    struct world *w = run(stumbles, &id);
    check_climbed(w, id);
    world_free(w);
}

static void crash_at(int64_t n)
{
    struct world *w = world_new();
    w->program = n % 2 ? world_asks : world_never_asks;
    w->jitter = (unsigned)n + 1;
    world_start(w, 3);
    struct search_id id = world_submit(w, CLIMBS);
    world_run(w, n);
    world_crash(w);
    world_take_up(w, 3, id);
    world_run(w, 0);
    print_message("# crash at turn %d\n", (int)n);
    check_climbed(w, id);
    world_free(w);
}

static void a_crash_at_any_turn_loses_nothing(void **state)
{
    for (int64_t n = 1; n < 70; n += 2)
        crash_at(n);
}

static void a_search_is_paused_among_rungs(void **state)
{
    for (int64_t n = 5; n < 60; n += 9) {
        struct world *w = world_new();
        struct error e = {0};
        w->program = world_asks;
        world_start(w, 3);
        struct search_id id = world_submit(w, CLIMBS);
        world_run(w, n);
        if (world_state(w, id) == SEARCH_RUNNING) {
            assert_ok(scheduler_pause(w->scheduler, id, &e));
            world_run(w, 0);
            assert_int_equal(world_state(w, id), SEARCH_PAUSED);
            assert_ok(scheduler_resume(w->scheduler, id, &e));
        }
        world_run(w, 0);
        check_climbed(w, id);
        world_free(w);
    }
}

static void only_the_allocator_lets_it_go_on(void **state)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = world_asks;
    world_start(w, 1);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 12, method: 'random + asha(variant=promote)', seed: 7,"
                " parallel: 1, budget: {min: 1, max: 9}}\n"));
    while (world_count(w, id, TRIAL_PAUSED) == 0)
        world_run(w, 1);
    assert_int_equal(scheduler_trial_resume(w->scheduler, trial_id_of(id, 1), &e), E_STATE);
    assert_non_null(strstr(e.message, "waits at step 1"));
    assert_ok(scheduler_trial_stop(w->scheduler, trial_id_of(id, 1), &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(w->attempts_of[1], 1);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
    world_free(w);
}

/* A trial that was paused is ended by hand while its supervisor lingers. */
static void a_supervisor_that_lingers_is_no_obstacle(void **state)
{
    for (int whole = 0; whole < 2; whole++) {
        struct world *w = world_new();
        struct error e = {0};
        w->program = world_asks;
        w->linger_ns = S / 2;
        world_start(w, 3);
        struct search_id id = world_submit(w, CLIMBS);
        while (world_count(w, id, TRIAL_PAUSED) == 0)
            world_run(w, 1);
        int64_t paused = world_count(w, id, TRIAL_PAUSED);
        if (whole)
            assert_ok(scheduler_stop(w->scheduler, id, &e));
        else
            assert_ok(scheduler_trial_stop(w->scheduler, trial_id_of(id, 1), &e));
        scheduler_settle(w->scheduler);
        assert_int_equal(world_count(w, id, TRIAL_PAUSED), whole ? 0 : paused - 1);
        world_run(w, 0);
        assert_int_equal(world_state(w, id), whole ? SEARCH_STOPPED : SEARCH_COMPLETED);
        assert_int_equal(world_count(w, id, TRIAL_PAUSED), 0);
        assert_int_equal(w->attempts_of[1], 1);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_go_on_from_where_they_were),
        cmocka_unit_test(a_program_that_never_asks_climbs_too),
        cmocka_unit_test(the_end_of_its_steps_is_the_rung),
        cmocka_unit_test(who_dies_on_the_way_is_retried),
        cmocka_unit_test(a_crash_at_any_turn_loses_nothing),
        cmocka_unit_test(a_search_is_paused_among_rungs),
        cmocka_unit_test(only_the_allocator_lets_it_go_on),
        cmocka_unit_test(a_supervisor_that_lingers_is_no_obstacle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
