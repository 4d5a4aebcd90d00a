/*
 * Freeze-thaw: the scheduler on a virtual clock, the model on workers.
 */
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <string.h>

#define S NS_PER_S

enum { SLOTS = 2, TRIALS = 8, FULL = 9 };

#define YAML(search)                                                                         \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\nmetrics: [ms]\ngoal: minimize\n"        \
    "parameters: {x: 'uniform(0, 1)'}\n"                                                     \
    "search: {method: 'random + freeze_thaw(growth=3)', seed: 7, budget: {min: 1, max: 9}, " \
    "parallel: 2, " search "}\n"

/* Trials 4 and 8 are the best all along. */
static struct step trains(struct world *w, struct fake_attempt *a)
{
    return (struct step){.turn = TURN_REPORT,
                         .ns = S,
                         .value = (double)(a->trial * 3 % 4 + 1) + 1.0 / (double)(a->step + 1),
                         .ms = a->trial == 4 ? 50 : 5,
                         .said = SAID_BOTH,
                         .waits = true};
}

static struct world *start(const char *yaml, struct search_id *ret)
{
    struct world *w = world_new();
    w->program = trains;
    w->work_ns = S / 10;
    world_start(w, SLOTS);
    *ret = world_submit(w, yaml);
    return w;
}

/* It is over, recomputing it gives the same choices, and each time that a trial went on it did so
 * from where it was. */
static void check(struct world *w, struct search_id id)
{
    struct error e = {0};
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED) + world_count(w, id, TRIAL_STOPPED),
                     TRIALS);
    for (int t = 1; t <= TRIALS; t++)
        assert_true(w->progress[t] == 1 || w->progress[t] == 3 || w->progress[t] == FULL);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

static void the_best_are_thawed(void **state)
{
    struct search_id id;
    struct world *w = start(YAML("trials: 8"), &id);
    world_run(w, 0);
    check(w, id);
    assert_true(w->progress[4] == FULL || w->progress[8] == FULL);
    int64_t trained = 0;
    for (int t = 1; t <= TRIALS; t++) {
        trained += w->progress[t];
        assert_int_equal(w->attempts_of[t], w->progress[t] == FULL ? 3
                                            : w->progress[t] == 3  ? 2
                                                                   : 1);
    }
    assert_true(trained < TRIALS * FULL);
    assert_true(w->n_worked > 0);
    world_free(w);
}

static void a_crash_or_a_pause_at_any_turn_loses_nothing(void **state)
{
    for (int64_t n = 3; n < 90; n += 6) {
        struct search_id id;
        struct error e = {0};
        struct world *w = start(YAML("trials: 8"), &id);
        w->jitter = (unsigned)n;
        world_run(w, n);
        if (n % 4 == 3 && world_state(w, id) == SEARCH_RUNNING) {
            assert_ok(scheduler_pause(w->scheduler, id, &e));
            world_run(w, 0);
        } else {
            world_crash(w);
            world_start(w, SLOTS);
            assert_ok(scheduler_open(w->scheduler, id, &e));
        }
        if (world_state(w, id) != SEARCH_COMPLETED)
            assert_ok(scheduler_resume(w->scheduler, id, &e));
        world_run(w, 0);
        check(w, id);
        world_free(w);
    }
}

/* Trial 4 would be the best, but takes 50 ms: it stays where it was when that was known, and what
 * it said of it stands in the journal. */
static void what_misses_a_requirement_is_not_thawed(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = start("require: [ms <= 20]\n" YAML("trials: 8"), &id);
    struct buf b;
    world_run(w, 0);
    check(w, id);
    assert_int_equal(w->progress[4], 1);
    assert_int_equal(w->progress[8], FULL);
    buf_init(&b, 1 << 20);
    world_journal(w, id, &b);
    assert_non_null(memmem(b.p, b.n, "\"excess\":[1.5]", 14));
    buf_free(&b);
    /* And it is found there again. */
    world_crash(w);
    world_start(w, SLOTS);
    assert_ok(scheduler_open(w->scheduler, id, &e));
    world_free(w);
}

/* Two slots of 30 seconds: at their end the best of those that wait are trained to theirs, and what
 * comes to nothing is asked for once and not over and over. */
static void a_budget_is_used_for_the_best(void **state)
{
    static const char *const yamls[] = {YAML("time: 30s"), YAML("steps: 60"), YAML("time: 33s")};
    for (int i = 0; i < 3; i++) {
        struct search_id id;
        struct error e = {0};
        struct world *w = start(yamls[i], &id);
        int64_t began = w->time.monotonic_ns, finished = 0, trained = 0;
        world_run(w, 0);
        assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
        assert_int_equal(world_count(w, id, TRIAL_PAUSED) + world_count(w, id, TRIAL_QUEUED), 0);
        for (int t = 1; t < TRIALS_MAX; t++) {
            finished += w->progress[t] == FULL;
            trained += w->progress[t];
        }
        assert_true(finished >= 2);
        assert_true(i == 1 || w->time.monotonic_ns - began <= 34 * S);
        /* Here the last step before a pause takes no time. */
        assert_in_range(trained, 52, i == 1 ? 60 + SLOTS : 200);
        assert_true(w->n_worked < 4 * trained);
        if (journal_verify(w->store, id, NULL, &e) != OK)
            fail_msg("%s %s", e.message, e.detail);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_are_thawed),
        cmocka_unit_test(a_crash_or_a_pause_at_any_turn_loses_nothing),
        cmocka_unit_test(what_misses_a_requirement_is_not_thawed),
        cmocka_unit_test(a_budget_is_used_for_the_best),
    };
    return RUN_TESTS(tests);
}
