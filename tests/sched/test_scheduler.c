/*
 * The scheduler on a virtual clock: slots, retries, budgets, wishes, crashes.
 */
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <math.h>
#include <string.h>

#define S NS_PER_S

#define YAML(search)                                                   \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n" search

/* Worse for every other trial, better with each step. */
static struct step trains(struct world *w, struct fake_attempt *a)
{
    if (a->steps == 0 && a->step >= 1)
        return (struct step){.turn = TURN_EXIT};
    double value = (double)(a->trial % 7) + 1.0 / (double)(a->step + 1);
    return (struct step){.turn = TURN_REPORT, .ns = S, .value = value, .waits = true};
}

static struct step fails(struct world *w, struct fake_attempt *a)
{
    return (struct step){.turn = TURN_DIE, .exit_code = 3};
}

/* Every second trial's first attempt dies after two steps; the second goes on from there. */
static struct step fails_once(struct world *w, struct fake_attempt *a)
{
    if (a->trial % 2 == 0 && w->attempts_of[a->trial] == 1 && a->step == 2)
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    return trains(w, a);
}

/* The supervisor dies with the program. */
static struct step lost_once(struct world *w, struct fake_attempt *a)
{
    if (w->attempts_of[a->trial] == 1 && a->step == 1)
        return (struct step){.turn = TURN_DIE, .exit_code = -1};
    return trains(w, a);
}

static struct step makes_no_sense(struct world *w, struct fake_attempt *a)
{
    return (struct step){.turn = TURN_EXIT, .exit_code = 65, .infeasible = true};
}

static struct step poisoned(struct world *w, struct fake_attempt *a)
{
    struct step s = trains(w, a);
    if (a->trial % 2 == 0)
        s.value = (double)NAN;
    return s;
}

static void slots_are_kept(void **state)
{
    struct world *w = world_new();
    w->program = trains;
    world_start(w, 2);
    struct search_id id = world_submit(w, YAML("search: {trials: 20, method: random, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 20);
    assert_int_equal(w->most_running, 2);
    assert_int_equal(w->events[EVENT_SEARCH_ENDED], 1);
    world_free(w);
}

static void explicit_parallel_wins_over_cores(void **state)
{
    struct world *w = world_new();
    w->program = trains;
    world_start(w, 2);
    (void)world_submit(w, YAML("search: {trials: 20, method: random, seed: 1, parallel: 5}\n"));
    world_run(w, 0);
    assert_int_equal(w->most_running, 5);
    world_free(w);
}

static void a_failure_is_retried_from_its_checkpoint(void **state)
{
    struct world *w = world_new();
    w->program = fails_once;
    world_start(w, 2);
    struct search_id id = world_submit(
        w,
        YAML("search: {trials: 4, method: full, budget: {min: 1, max: 5}, seed: 1}\nretries: 1\n"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 4);
    for (int t = 1; t <= 4; t++)
        assert_int_equal(w->attempts_of[t], t % 2 == 0 ? 2 : 1);
    world_free(w);
}

static void three_equal_first_failures_end_it(void **state)
{
    struct world *w = world_new();
    w->program = fails;
    world_start(w, 1);
    struct search_id id = world_submit(w, YAML("search: {trials: 50, method: random, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_FAILED);
    assert_int_equal(w->n, 3);
    world_free(w);
}

static void a_lost_attempt_costs_no_retry(void **state)
{
    struct world *w = world_new();
    w->program = lost_once;
    world_start(w, 2);
    struct search_id id = world_submit(
        w,
        YAML("search: {trials: 6, method: full, budget: {min: 1, max: 3}, seed: 1}\nretries: 0\n"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 6);
    world_free(w);
}

/* It says nothing about the program. */
static void lost_beginnings_do_not_end_a_search(void **state)
{
    struct world *w = world_new();
    w->program = lost_once;
    world_start(w, 4);
    struct search_id id = world_submit(
        w,
        YAML("search: {trials: 6, method: full, budget: {min: 1, max: 3}, seed: 1, parallel: 4}\n"
             "retries: 0\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 6);
    world_free(w);
}

static void infeasible_is_not_failed(void **state)
{
    struct world *w = world_new();
    w->program = makes_no_sense;
    world_start(w, 2);
    struct search_id id = world_submit(w, YAML("search: {trials: 8, method: random, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_INFEASIBLE), 8);
    world_free(w);
}

static void asha_stops_the_worse(void **state)
{
    struct world *w = world_new();
    w->program = trains;
    world_start(w, 2);
    struct search_id id = world_submit(
        w,
        YAML("search: {trials: 40, method: random + asha, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_true(world_count(w, id, TRIAL_STOPPED) >= 20);
    assert_true(world_count(w, id, TRIAL_COMPLETED) >= 2);
    assert_int_equal(w->events[EVENT_DECISION], world_count(w, id, TRIAL_STOPPED));
    world_free(w);
}

static void nan_never_wins(void **state)
{
    struct world *w = world_new();
    w->program = poisoned;
    world_start(w, 2);
    struct search_id id = world_submit(
        w,
        YAML("search: {trials: 20, method: random + asha, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    struct arena a;
    struct search_row row;
    struct error e;
    arena_init(&a, 16 << 20);
    assert_ok(store_search_get(w->store, id, &a, &row, &e));
    assert_int_equal(row.best_trial % 2, 1);
    arena_free(&a);
    world_free(w);
}

static void time_ends_a_search(void **state)
{
    struct world *w = world_new();
    w->program = trains;
    world_start(w, 2);
    int64_t began = w->time.monotonic_ns;
    struct search_id id = world_submit(
        w, YAML("search: {time: 60s, method: random, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_true(w->time.monotonic_ns - began >= 60 * S);
    assert_true(w->time.monotonic_ns - began < 62 * S);
    world_free(w);
}

static enum code on_x(void *self, const struct trial_row *row)
{
    struct buf *b = self;
    if (trial_id_number(row->id) <= 4)
        buf_fmt(b, "%.*s\n", STR_FMT(row->params));
    return OK;
}

/* After the baseline, and all of them also where the controller dies between. */
static void first_points_are_first(void **state)
{
    for (int64_t n = 0; n < 8; n++) {
        struct world *w = world_new();
        struct error e = {0};
        struct buf b;
        buf_init(&b, 4096);
        w->program = trains;
        world_start(w, 2);
        struct search_id id =
            world_submit(w, YAML("baseline: {x: 0.5, k: a}\n"
                                 "search: {trials: 6, method: random, seed: 1, parallel: 2,"
                                 " first: [{x: 0.25, k: b}, {x: 0.75, k: c}]}\n"));
        world_run(w, n);
        if (n > 0) {
            world_crash(w);
            world_take_up(w, 2, id);
            world_run(w, 0);
        }
        assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
        assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 7);
        assert_ok(store_trials(w->store, id, 0, on_x, &b, &e));
        assert_ok(buf_end(&b, NULL));
        const char *drawn = strstr(b.p, "{\"x\":0.75,\"k\":\"c\"}\n{");
        assert_non_null(drawn);
        assert_ptr_equal(strstr(b.p, "{\"x\":0.5,\"k\":\"a\"}\n{\"x\":0.25,\"k\":\"b\"}\n"), b.p);
        assert_ok(journal_verify(w->store, id, NULL, &e));
        buf_free(&b);
        world_free(w);
    }
}

static void steps_end_a_search(void **state)
{
    struct world *w = world_new();
    w->program = trains;
    world_start(w, 2);
    struct search_id id = world_submit(
        w, YAML("search: {steps: 50, method: random, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    int64_t done = 0;
    for (int t = 0; t < TRIALS_MAX; t++)
        done += w->progress[t];
    assert_in_range(done, 50, 53);
    world_free(w);
}

static void gpus_are_never_given_twice(void **state)
{
    const struct str names[] = {STR("0"), STR("1"), STR("2")};
    struct world *w = world_new();
    struct error e;
    assert_ok(devices_from_names(names, 3, &w->devices, &e));
    w->program = trains;
    world_start(w, 16);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 20, method: random, seed: 1}\nresources: {gpus: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 20);
    assert_int_equal(w->most_running, 3);
    assert_int_equal(devices_unused(w->devices), 3);
    for (size_t i = 0; i < w->n; i++)
        assert_int_equal(strlen(w->attempts[i].devices), 1);
    world_free(w);
}

static void pause_and_resume(void **state)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    world_start(w, 2);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 10, method: full, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 30);
    assert_ok(scheduler_pause(w->scheduler, id, &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_PAUSED);
    assert_int_equal(w->running, 0);
    int64_t paused = world_count(w, id, TRIAL_PAUSED);
    assert_true(paused >= 1);
    assert_ok(scheduler_resume(w->scheduler, id, &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 10);
    /* They went on: nobody trained a step twice. */
    for (int t = 1; t <= 10; t++)
        assert_int_equal(w->progress[t], 9);
    assert_int_equal(scheduler_resume(w->scheduler, id, &e), E_STATE);
    world_free(w);
}

static void stop_and_kill(void **state)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    world_start(w, 2);
    struct search_id a = world_submit(
        w, YAML("search: {trials: 10, method: full, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 30);
    assert_ok(scheduler_stop(w->scheduler, a, &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, a), SEARCH_STOPPED);
    assert_int_equal(w->running, 0);
    assert_int_equal(scheduler_stop(w->scheduler, a, &e), E_STATE);
    struct search_id b = world_submit(
        w, YAML("search: {trials: 10, method: full, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 30);
    assert_ok(scheduler_kill(w->scheduler, b, &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, b), SEARCH_STOPPED);
    assert_int_equal(w->running, 0);
    assert_true(world_count(w, b, TRIAL_CANCELLED) >= 1);
    world_free(w);
}

static void a_stopped_trial_is_retried(void **state)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    world_start(w, 1);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 3, method: full, budget: {min: 1, max: 9}, seed: 1}\n"));
    world_run(w, 6);
    assert_ok(scheduler_trial_stop(w->scheduler, trial_id_of(id, 1), &e));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_STOPPED), 1);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 2);
    assert_ok(scheduler_trial_retry(w->scheduler, trial_id_of(id, 1), &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 3);
    assert_int_equal(scheduler_trial_retry(w->scheduler, trial_id_of(id, 2), &e), E_STATE);
    world_free(w);
}

static void journal_of(unsigned jitter, struct buf *b)
{
    struct world *w = world_new();
    w->program = trains;
    w->jitter = jitter;
    world_start(w, 4);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 40, method: random + asha, budget: {min: 1, max: 9}, seed: 7,"
                " parallel: 3, order: fixed}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    world_journal(w, id, b);
    assert_ok(buf_end(b, NULL));
    world_free(w);
}

static void fixed_order_is_one_sequence(void **state)
{
    struct buf a, b;
    buf_init(&a, 16 << 20);
    journal_of(0, &a);
    for (unsigned seed = 1; seed < 6; seed++) {
        buf_init(&b, 16 << 20);
        journal_of(seed * 7919, &b);
        assert_string_equal(a.p, b.p);
        buf_free(&b);
    }
    buf_free(&a);
}

/* The controller dies after n turns, for every n; the next one finishes the search. */
static void crash_at(const char *yaml, int64_t n)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    w->jitter = (unsigned)n + 1;
    world_start(w, 3);
    struct search_id id = world_submit(w, yaml);
    world_run(w, n);
    world_crash(w);
    world_take_up(w, 3, id);
    world_run(w, 0);
    if (world_state(w, id) != SEARCH_COMPLETED)
        fail_msg("after a crash at turn %d it is %s", (int)n,
                 search_state_name(world_state(w, id)));
    int64_t over = world_count(w, id, TRIAL_COMPLETED) + world_count(w, id, TRIAL_STOPPED);
    assert_int_equal(over, 12);
    assert_int_equal(w->running, 0);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("after a crash at turn %d: %s %s", (int)n, e.message, e.detail);
    world_free(w);
}

static void a_crash_at_any_turn_loses_nothing(void **state)
{
    for (int64_t n = 1; n < 60; n += 2)
        crash_at(YAML("search: {trials: 12, method: random + asha, budget: {min: 1, max: 9},"
                      " seed: 7, parallel: 3}\n"),
                 n);
}

static void a_crash_in_fixed_order_loses_nothing(void **state)
{
    for (int64_t n = 1; n < 60; n += 2)
        crash_at(YAML("search: {trials: 12, method: random + asha, budget: {min: 1, max: 9},"
                      " seed: 7, parallel: 3, order: fixed}\n"),
                 n);
}

/* Never asks. Each trial is better than those before it, but the first ones take longest; each dies
 * once, long after its last checkpoint, and does steps again. */
static struct step does_steps_again(struct world *w, struct fake_attempt *a)
{
    if (w->attempts_of[a->trial] == 1 && a->step == 15) {
        w->progress[a->trial] = 5;
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    }
    return (struct step){.turn = TURN_REPORT,
                         .ns = a->trial <= 2 ? 4 * S : S,
                         .value = (double)(10 - a->trial) + 1.0 / (double)(a->step + 1)};
}

static enum code on_told(void *self, const struct journal_row *row)
{
    if (str_is(row->kind, "report"))
        buf_fmt(self, "%lld %.*s\n", (long long)row->trial, STR_FMT(row->data));
    return OK;
}

static enum code on_value(void *self, const struct trial_row *row)
{
    buf_fmt(self, "%lld %.12g\n", (long long)trial_id_number(row->id), row->value);
    return OK;
}

/* What the searcher was told and decided; with `values`, what the trials came to as well. The
 * controller dies after `crash` turns (0: it does not). */
static void told_and_decided(const char *yaml, int64_t crash, bool values, struct buf *b)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = does_steps_again;
    world_start(w, 3);
    struct search_id id = world_submit(w, yaml);
    world_run(w, crash);
    if (crash > 0) {
        world_crash(w);
        world_take_up(w, 3, id);
        world_run(w, 0);
    }
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    buf_init(b, 1 << 20);
    assert_ok(store_journal(w->store, id, 1, on_told, b, &e));
    if (values)
        assert_ok(store_trials(w->store, id, 0, on_value, b, &e));
    assert_ok(buf_end(b, NULL));
    world_free(w);
}

static void same_after_any_crash(const char *yaml, bool values)
{
    struct buf calm, crashed;
    told_and_decided(yaml, 0, values, &calm);
    for (int64_t n = 1; n < 80; n++) {
        told_and_decided(yaml, n, values, &crashed);
        if (strcmp(calm.p, crashed.p) != 0)
            fail_msg("after a crash at turn %d:\n%s\ninstead of\n%s", (int)n, crashed.p, calm.p);
        buf_free(&crashed);
    }
    buf_free(&calm);
}

static void fixed_order_decides_the_same_after_a_crash(void **state)
{
    same_after_any_crash(YAML("search: {trials: 4, method: random + asha(eta=2), seed: 7,"
                              " budget: {min: 1, max: 16}, parallel: 3, order: fixed}\n"),
                         false);
}

/* The last three are those of steps 14, 15 and 16, once each. */
static void steps_done_again_count_once(void **state)
{
    const char *yaml =
        "space: toy\ncommand: ./t ${args}\nmetric: {name: loss, take: mean(3)}\n"
        "goal: minimize\nparameters: {x: 'uniform(0, 1)'}\n"
        "search: {trials: 3, method: full, budget: {min: 1, max: 16}, parallel: 3}\n";
    struct buf b;
    char expected[64];
    told_and_decided(yaml, 0, true, &b);
    snprintf(expected, sizeof(expected), "1 %.12g\n", 9 + (1.0 / 14 + 1.0 / 15 + 1.0 / 16) / 3);
    if (!strstr(b.p, expected))
        fail_msg("%snot among\n%s", expected, b.p);
    buf_free(&b);
    same_after_any_crash(yaml, true);
}

static void what_was_left_running_is_recovered_and_paused(void **state)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    world_start(w, 2);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 12, method: full, budget: {min: 1, max: 9}, seed: 7}\n"));
    world_run(w, 20);
    assert_true(w->running > 0);
    world_crash(w);
    world_start(w, 2);
    assert_ok(scheduler_recover(w->scheduler, (struct search_id){0}, &e));
    struct search_id other =
        world_submit(w, YAML("search: {trials: 4, method: random, seed: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_PAUSED);
    assert_int_equal(world_state(w, other), SEARCH_COMPLETED);
    assert_int_equal(w->running, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_kept),
        cmocka_unit_test(explicit_parallel_wins_over_cores),
        cmocka_unit_test(a_failure_is_retried_from_its_checkpoint),
        cmocka_unit_test(three_equal_first_failures_end_it),
        cmocka_unit_test(a_lost_attempt_costs_no_retry),
        cmocka_unit_test(lost_beginnings_do_not_end_a_search),
        cmocka_unit_test(infeasible_is_not_failed),
        cmocka_unit_test(asha_stops_the_worse),
        cmocka_unit_test(nan_never_wins),
        cmocka_unit_test(time_ends_a_search),
        cmocka_unit_test(first_points_are_first),
        cmocka_unit_test(steps_end_a_search),
        cmocka_unit_test(gpus_are_never_given_twice),
        cmocka_unit_test(pause_and_resume),
        cmocka_unit_test(stop_and_kill),
        cmocka_unit_test(a_stopped_trial_is_retried),
        cmocka_unit_test(fixed_order_is_one_sequence),
        cmocka_unit_test(a_crash_at_any_turn_loses_nothing),
        cmocka_unit_test(a_crash_in_fixed_order_loses_nothing),
        cmocka_unit_test(fixed_order_decides_the_same_after_a_crash),
        cmocka_unit_test(steps_done_again_count_once),
        cmocka_unit_test(what_was_left_running_is_recovered_and_paused),
    };
    return RUN_TESTS(tests);
}
