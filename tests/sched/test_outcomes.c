/*
 * Several objectives and requirements, on the virtual clock: what trials come to, whatever dies.
 */
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S NS_PER_S

#define TWO(search)                                                 \
    "space: toy\ncommand: ./t ${args}\n"                            \
    "objectives:\n  - {metric: loss, goal: minimize, take: best}\n" \
    "  - {metric: ms, goal: minimize, take: mean(3)}\n"             \
    "require: ms <= 9\n"                                            \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n" search
#define BOUND(search)                                                  \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "require: [ms <= 5, loss < 6]\n"                                   \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n" search

/* The faster, the worse; both better with each step. Asks. */
static struct step trades(struct world *w, struct fake_attempt *a)
{
    double shrinks = 1.0 / (double)(a->step + 1);
    return (struct step){.turn = TURN_REPORT,
                         .ns = S,
                         .value = (double)a->trial + shrinks,
                         .ms = (double)(12 - a->trial) + shrinks,
                         .said = SAID_BOTH,
                         .waits = true};
}

/* Each step's metrics one after the other, the second one first. Never asks. */
static struct step says_one_by_one(struct world *w, struct fake_attempt *a)
{
    struct step s = trades(w, a);
    s.waits = false;
    s.said = a->parts == 0 ? SAID_MS : SAID_LOSS;
    s.unfinished = a->parts == 0;
    s.ns = a->parts == 0 ? 0 : a->trial <= 2 ? 4 * S : S;
    return s;
}

/* Dies once, long after its last checkpoint, and does steps again. */
static struct step does_steps_again(struct world *w, struct fake_attempt *a)
{
    if (w->attempts_of[a->trial] == 1 && a->step == 11) {
        w->progress[a->trial] = 5;
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    }
    return says_one_by_one(w, a);
}

static struct step never_says_ms(struct world *w, struct fake_attempt *a)
{
    struct step s = trades(w, a);
    s.said = SAID_LOSS;
    return s;
}

/* Every third trial never does. */
static struct step seldom_says_ms(struct world *w, struct fake_attempt *a)
{
    struct step s = trades(w, a);
    s.said = a->trial % 3 == 0 ? SAID_LOSS : SAID_BOTH;
    return s;
}

/* Its first attempt says it, the second goes on without. */
static struct step says_ms_once(struct world *w, struct fake_attempt *a)
{
    struct step s = trades(w, a);
    if (w->attempts_of[a->trial] == 1 && a->step == 2)
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    s.said = a->step == 0 ? SAID_BOTH : SAID_LOSS;
    return s;
}

static struct step poisoned(struct world *w, struct fake_attempt *a)
{
    struct step s = trades(w, a);
    if (a->trial == 4)
        s.ms = (double)NAN;
    if (a->trial == 5)
        s.value = (double)INFINITY;
    return s;
}

static struct search_row search_of(struct world *w, struct search_id id, struct arena *a)
{
    struct search_row row;
    struct error e = {0};
    assert_ok(store_search_get(w->store, id, a, &row, &e));
    return row;
}

static struct trial_row trial_of(struct world *w, struct search_id id, int64_t number,
                                 struct arena *a)
{
    struct trial_row row;
    struct error e = {0};
    assert_ok(store_trial_get(w->store, trial_id_of(id, number), a, &row, &e));
    return row;
}

static enum code on_front(void *self, const struct trial_row *row)
{
    buf_fmt(self, "%lld ", (long long)trial_id_number(row->id));
    return OK;
}

static void assert_front(struct world *w, struct search_id id, const char *expected)
{
    struct buf b;
    struct error e = {0};
    buf_init(&b, 4096);
    buf_cstr(&b, "");
    assert_ok(store_best(w->store, id, 100, on_front, &b, &e));
    assert_string_equal(b.p ? b.p : "", expected);
    buf_free(&b);
}

static void assert_verifies(struct world *w, struct search_id id)
{
    struct error e = {0};
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

/* Trial n comes to n + 1/4 and 12 - n + mean(1/2, 1/3, 1/4); all are on the front that meet the
 * requirement, and the journal says the same as the store. */
static void values_of_all_objectives_are_kept(void **state)
{
    struct world *w = world_new();
    struct arena a;
    struct buf b;
    arena_init(&a, 16 << 20);
    buf_init(&b, 1 << 20);
    w->program = trades;
    world_start(w, 2);
    struct search_id id = world_submit(
        w, TWO("search: {trials: 6, method: random, seed: 1, budget: {min: 1, max: 4}}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 6);
    struct search_row search = search_of(w, id, &a);
    assert_true(str_is(search.measures, "-loss\n-ms"));
    assert_true(str_is(search.requirements, "ms <= 9"));
    for (int64_t n = 1; n <= 6; n++) {
        struct trial_row row = trial_of(w, id, n, &a);
        double ms = (double)(12 - n) + (1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 3;
        assert_int_equal(row.scores.n_values, 2);
        assert_int_equal(row.scores.seen, 3);
        assert_real(row.value, (double)n + 0.25);
        assert_true(fabs(row.scores.values[1] - ms) < 1e-12);
        assert_int_equal(row.scores.n_excess, 1);
        assert_true(fabs(row.scores.excess[0] - (ms - 9) / 9) < 1e-12);
    }
    assert_front(w, id, "4 5 6 ");
    assert_int_equal(w->events[EVENT_BEST], 3);
    world_journal(w, id, &b);
    assert_ok(buf_end(&b, NULL));
    assert_non_null(strstr(b.p, "\"values\":[6.25,6."));
    assert_non_null(strstr(b.p, "\"excess\":[-0.29"));
    assert_verifies(w, id);
    buf_free(&b);
    arena_free(&a);
    world_free(w);
}

static enum code on_values(void *self, const struct trial_row *row)
{
    buf_fmt(self, "%lld %.17g %.17g %.17g %d\n", (long long)trial_id_number(row->id),
            row->scores.values[0], row->scores.values[1], row->scores.excess[0],
            (int)row->scores.seen);
    return OK;
}

/* The front too; the controller dies after `crash` turns (0: it does not). */
static void came_to(const char *yaml, struct step (*program)(struct world *, struct fake_attempt *),
                    int64_t crash, struct buf *b)
{
    struct world *w = world_new();
    struct error e = {0};
    w->program = program;
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
    assert_ok(store_trials(w->store, id, 0, on_values, b, &e));
    assert_ok(store_best(w->store, id, 100, on_front, b, &e));
    assert_ok(buf_end(b, NULL));
    assert_verifies(w, id);
    world_free(w);
}

static void same_after_any_crash(const char *yaml,
                                 struct step (*program)(struct world *, struct fake_attempt *),
                                 int64_t turns)
{
    struct buf calm, crashed;
    came_to(yaml, program, 0, &calm);
    for (int64_t n = 1; n < turns; n++) {
        came_to(yaml, program, n, &crashed);
        if (strcmp(calm.p, crashed.p) != 0)
            fail_msg("after a crash at turn %d:\n%s\ninstead of\n%s", (int)n, crashed.p, calm.p);
        buf_free(&crashed);
    }
    buf_free(&calm);
}

static void a_crash_at_any_turn_changes_no_value(void **state)
{
    same_after_any_crash(TWO("search: {trials: 5, method: random, seed: 7, parallel: 3,"
                             " budget: {min: 1, max: 4}, order: fixed}\n"),
                         trades, 40);
}

/* A method that learns from all values decides the same when its journal is computed again,
 * whatever died in between. */
static void a_method_that_learns_from_all_is_recomputed(void **state)
{
    for (int64_t n = 0; n < 60; n += 3) {
        struct buf b;
        came_to(TWO("search: {trials: 12, method: 'nsga2(population=4)', seed: 7, parallel: 2,"
                    " budget: {min: 1, max: 2}}\n"),
                trades, n, &b);
        buf_free(&b);
    }
}

/* Its mean is of steps 10, 11 and 12, once each, though two attempts did 11. */
static void steps_done_again_count_once_in_each(void **state)
{
    const char *yaml = TWO("search: {trials: 3, method: random, seed: 7, parallel: 3,"
                           " budget: {min: 1, max: 12}}\nretries: 1\n");
    struct buf b;
    char expected[64];
    came_to(yaml, does_steps_again, 0, &b);
    double ms[] = {11 + 1.0 / 10, 11 + 1.0 / 11, 11 + 1.0 / 12};
    double mean = (ms[0] + ms[1] + ms[2]) / 3; /* as it is summed */
    snprintf(expected, sizeof(expected), "1 %.17g %.6f", 1 + 1.0 / 12, mean);
    if (strncmp(b.p, expected, 20) != 0)
        fail_msg("%s is not the beginning of\n%s", expected, b.p);
    double second = strtod(strchr(b.p + 2, ' '), NULL);
    assert_true(fabs(second - mean) < 1e-12);
    buf_free(&b);
    same_after_any_crash(yaml, does_steps_again, 90);
}

/* What is reported of one step in two reports is one step. */
static void steps_are_counted_once(void **state)
{
    struct world *w = world_new();
    w->program = says_one_by_one;
    world_start(w, 1);
    struct search_id id = world_submit(
        w, TWO("search: {steps: 40, method: random, seed: 1, budget: {min: 1, max: 4}}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    int64_t done = 0;
    for (int t = 0; t < TRIALS_MAX; t++)
        done += w->progress[t];
    assert_in_range(done, 40, 41);
    world_free(w);
}

static void an_objective_never_reported_is_a_failure(void **state)
{
    struct world *w = world_new();
    struct arena a;
    arena_init(&a, 16 << 20);
    w->program = never_says_ms;
    world_start(w, 1);
    struct search_id id =
        world_submit(w, TWO("search: {trials: 9, method: random, seed: 1,"
                            " budget: {min: 1, max: 2}}\nbaseline: {x: 0.5, k: a}\nretries: 3\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_FAILED); /* three alike, the baseline among them */
    assert_int_equal(world_count(w, id, TRIAL_FAILED), 3);
    assert_int_equal(w->attempts_of[1], 1); /* more tries would not help */
    struct trial_row row = trial_of(w, id, 1, &a);
    assert_true(row.baseline);
    assert_true(str_is(row.why, "it ended well but never reported ms, only loss"));
    assert_int_equal(row.scores.seen, 1);
    assert_front(w, id, "");
    arena_free(&a);
    world_free(w);
}

static void one_that_was_reported_once_is_enough(void **state)
{
    struct world *w = world_new();
    struct arena a;
    arena_init(&a, 16 << 20);
    w->program = says_ms_once;
    world_start(w, 1);
    struct search_id id = world_submit(w, TWO("search: {trials: 2, method: random, seed: 1,"
                                              " budget: {min: 1, max: 4}}\nretries: 1\n"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 2);
    assert_real(trial_of(w, id, 2, &a).scores.values[1], 11);
    arena_free(&a);
    world_free(w);
}

/* One objective with two requirements: nothing that misses one is the best, nor what never says. */
static void requirements_decide_who_may_be_best(void **state)
{
    struct world *w = world_new();
    struct arena a;
    arena_init(&a, 16 << 20);
    w->program = seldom_says_ms;
    world_start(w, 1);
    struct search_id id =
        world_submit(w, BOUND("search: {trials: 11, method: random + median, seed: 1,"
                              " budget: {min: 1, max: 2}}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    /* 12 - n + 1/2 <= 5 from 8 on, n + 1/2 < 6 up to 5: nobody. */
    assert_front(w, id, "");
    assert_int_equal(search_of(w, id, &a).best_trial, 0);
    assert_int_equal(w->events[EVENT_BEST], 0);
    struct trial_row row = trial_of(w, id, 3, &a);
    assert_int_equal(row.state, TRIAL_COMPLETED);
    assert_true(isnan(row.scores.excess[0]) && row.scores.excess[1] < 0);
    assert_true(isnan(row.scores.values[1]));
    assert_verifies(w, id);
    arena_free(&a);
    world_free(w);
}

static void the_best_meets_its_requirements(void **state)
{
    struct world *w = world_new();
    struct arena a;
    arena_init(&a, 16 << 20);
    w->program = seldom_says_ms;
    world_start(w, 1);
    const char *yaml = "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n"
                       "require: ms <= 5\nparameters: {x: 'uniform(0, 1)'}\n"
                       "search: {trials: 11, method: random, seed: 1, budget: {min: 1, max: 2}}\n";
    struct search_id id = world_submit(w, yaml);
    world_run(w, 0);
    assert_int_equal(search_of(w, id, &a).best_trial, 8);
    assert_front(w, id, "8 10 11 "); /* 9 never says ms */
    arena_free(&a);
    world_free(w);
}

static void nan_is_never_on_the_front(void **state)
{
    struct world *w = world_new();
    struct arena a;
    arena_init(&a, 16 << 20);
    w->program = poisoned;
    world_start(w, 1);
    struct search_id id = world_submit(
        w, TWO("search: {trials: 7, method: random, seed: 1, budget: {min: 1, max: 4}}\n"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 7);
    assert_front(w, id, "6 7 ");
    struct trial_row row = trial_of(w, id, 4, &a);
    assert_true(row.scores.seen == 3 && isnan(row.scores.values[1]));
    assert_true(row.scores.excess[0] > DBL_MAX);
    assert_verifies(w, id);
    arena_free(&a);
    world_free(w);
}

static void replicates_are_on_the_front_together(void **state)
{
    struct world *w = world_new();
    w->program = trades;
    world_start(w, 1);
    struct search_id id =
        world_submit(w, TWO("search: {trials: 8, method: random, seed: 1, seeds: 2,"
                            " budget: {min: 1, max: 4}}\n"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 8);
    /* Pairs come to 12 - 3.5 and so on: 3 and 4 just meet 9 together. */
    assert_front(w, id, "3 5 7 ");
    assert_true(w->events[EVENT_BEST] > 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_all_objectives_are_kept),
        cmocka_unit_test(a_crash_at_any_turn_changes_no_value),
        cmocka_unit_test(a_method_that_learns_from_all_is_recomputed),
        cmocka_unit_test(steps_done_again_count_once_in_each),
        cmocka_unit_test(steps_are_counted_once),
        cmocka_unit_test(an_objective_never_reported_is_a_failure),
        cmocka_unit_test(one_that_was_reported_once_is_enough),
        cmocka_unit_test(requirements_decide_who_may_be_best),
        cmocka_unit_test(the_best_meets_its_requirements),
        cmocka_unit_test(nan_is_never_on_the_front),
        cmocka_unit_test(replicates_are_on_the_front_together),
    };
    return RUN_TESTS(tests);
}
