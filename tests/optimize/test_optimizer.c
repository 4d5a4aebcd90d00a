/*
 * Asking and telling, line by line.
 */
#include "making.h"

#include <stdio.h>
#include <stdlib.h>

static const char plain[] = "goal: minimize\n"
                            "parameters: {x: \"int(1, 1000000)\"}\n"
                            "search: {method: random, trials: 4}\n";
static const char steps[] = "goal: minimize\n"
                            "parameters: {x: \"uniform(0, 1)\"}\n"
                            "search: {method: random + asha(eta=3), budget: {min: 1, max: 9}}\n";

static void one_after_the_other(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(plain, &clock);
    (void)state;
    assert_non_null(strstr(say(o, "{\"ask\": 1}"), "\"id\":1,"));
    assert_non_null(strstr(say(o, "{\"ask\": 1}"), "\"id\":2,"));
    expect_answer(o, "{\"tell\": {\"id\": 2, \"value\": 5}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "{\"id\":2,"));
    expect_answer(o, "{\"tell\": {\"id\": 1, \"value\": 4}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "{\"id\":1,"));
    const char *rest = say(o, "{\"ask\": 3}");
    assert_non_null(strstr(rest, "\"id\":3,"));
    assert_non_null(strstr(rest, "\"id\":4,"));
    assert_null(strstr(rest, "done"));
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    optimizer_free(o);
}

static void ends_only_once(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(plain, &clock);
    (void)state;
    expect_error(o, "{\"tell\": {\"id\": 1, \"value\": 1}}", "there is no trial 1");
    (void)say(o, "{\"ask\": 4}");
    expect_answer(o, "{\"tell\": {\"id\": 1, \"state\": \"failed\"}}", "{\"ok\":true}");
    expect_error(o, "{\"tell\": {\"id\": 1, \"value\": 1}}", "it is failed");
    expect_error(o, "{\"report\": {\"id\": 1, \"step\": 1, \"value\": 1}}", "it is failed");
    expect_error(o, "{\"tell\": {\"id\": 0, \"value\": 1}}", "there is no trial 0");
    expect_error(o, "{\"tell\": {\"id\": -1, \"value\": 1}}", "there is no trial -1");
    expect_error(o, "{\"best\": true}", "no trial has a value");
    optimizer_free(o);
}

/* A trial's budget is its parameter's value, and the best is the best at its end. */
static void steps_of_their_own(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(
        "goal: minimize\nparameters: {steps: \"ordinal(2, 27)\", k: \"choice(a, b)\"}\n"
        "baseline: {steps: 27, k: a}\n"
        "search: {method: grid, first: [{steps: 2, k: b}, {steps: 27, k: b}]}\n",
        &clock);
    (void)state;
    const char *asked = say(o, "{\"ask\": 3}");
    assert_non_null(strstr(asked, "{\"id\":1,\"params\":{\"steps\":27,\"k\":\"a\"}"));
    assert_non_null(strstr(strstr(asked, "\"id\":1,"), "\"budget\":27"));
    assert_non_null(strstr(strstr(asked, "\"id\":2,"), "\"budget\":2}"));
    assert_non_null(strstr(strstr(asked, "\"id\":3,"), "\"budget\":27}"));
    expect_answer(o, "{\"report\": {\"id\": 1, \"step\": 9, \"value\": 5}}",
                  "{\"decision\":\"continue\"}");
    expect_answer(o, "{\"tell\": {\"id\": 1, \"value\": 5}}", "{\"ok\":true}");
    expect_answer(o, "{\"tell\": {\"id\": 2, \"value\": 3}}", "{\"ok\":true}");
    expect_answer(o, "{\"tell\": {\"id\": 3, \"value\": 4}}", "{\"ok\":true}");
    const char *best = say(o, "{\"best\": true}");
    assert_non_null(strstr(best, "{\"id\":2,"));
    assert_non_null(strstr(best, "\"step\":2}"));
    char *text = save_text(o);
    struct optimizer *again = load_text(text, &clock);
    assert_non_null(strstr(say(again, "{\"best\": true}"), "{\"id\":2,"));
    assert_non_null(
        strstr(say(again, "{\"ask\": 1}"), "\"id\":4,\"params\":{\"steps\":2,\"k\":\"a\"}"));
    expect_answer(again, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    free(text);
    optimizer_free(again);
    optimizer_free(o);
}

/* A copy comes with its parent; the one that it replaces has ended by that. */
static void a_population(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o =
        make_optimizer("goal: minimize\nparameters: {x: \"uniform(0, 1)\"}\n"
                       "search: {method: random + pbt(population=2), budget: {min: 3, max: 6}}\n",
                       &clock);
    struct optimizer_status status;
    (void)state;
    (void)say(o, "{\"ask\": 2}");
    expect_answer(o, "{\"report\": {\"id\": 1, \"step\": 3, \"value\": 1}}",
                  "{\"decision\":\"pause\"}");
    expect_answer(o, "{\"report\": {\"id\": 2, \"step\": 3, \"value\": 2}}",
                  "{\"decision\":\"pause\"}");
    const char *copy = say(o, "{\"ask\": 1}");
    assert_non_null(strstr(copy, "\"id\":3,"));
    assert_non_null(strstr(copy, "\"budget\":6,\"from\":3,\"parent\":1}"));
    expect_error(o, "{\"tell\": {\"id\": 2, \"value\": 1}}", "it is stopped");
    expect_error(o, "{\"tell\": {\"id\": 3}}", "neither a value nor metrics");
    expect_error(o, "{\"report\": {\"id\": 3, \"step\": 3, \"value\": 1}}", "begins at step 3");
    optimizer_status(o, &status);
    assert_true(status.stopped == 1 && status.pending == 2);
    expect_answer(o, "{\"tell\": {\"id\": 3, \"value\": 0.5}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "\"id\":3,"));
    assert_non_null(strstr(say(o, "{\"ask\": 1}"), "\"id\":1,"));
    expect_answer(o, "{\"tell\": {\"id\": 1, \"value\": 0.7}}", "{\"ok\":true}");
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    optimizer_free(o);
}

/* A trial's step: its last report, else the whole budget. */
static void steps_told_and_left_out(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(steps, &clock);
    (void)state;
    (void)say(o, "{\"ask\": 5}");
    expect_answer(o, "{\"tell\": {\"id\": 1, \"value\": 3}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "\"step\":9"));
    expect_answer(o, "{\"report\": {\"id\": 2, \"step\": 4, \"value\": 1}}",
                  "{\"decision\":\"continue\"}");
    expect_answer(o, "{\"tell\": {\"id\": 2}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "{\"id\":1,")); /* it came further */
    expect_error(o, "{\"tell\": {\"id\": 3}}", "neither a value nor metrics");
    expect_answer(o, "{\"report\": {\"id\": 3, \"step\": 4, \"value\": 9}}",
                  "{\"decision\":\"stop\"}");
    expect_error(o, "{\"report\": {\"id\": 3, \"step\": 4, \"value\": 9}}", "is late");
    expect_answer(o, "{\"report\": {\"id\": 3, \"step\": 5, \"value\": 0}}",
                  "{\"decision\":\"stop\"}");
    expect_error(o, "{\"tell\": {\"id\": 3, \"value\": 0, \"step\": 4}}", "before step 5");
    expect_answer(o, "{\"tell\": {\"id\": 3, \"value\": 0, \"step\": 9}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "{\"id\":1,")); /* that one was stopped */
    expect_answer(o, "{\"tell\": {\"id\": 4, \"value\": 2, \"step\": 9}}", "{\"ok\":true}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "{\"id\":4,"));
    optimizer_free(o);
}

/* asha hears of a rung from the end, where nothing was reported on the way. */
static void an_end_is_a_report(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(steps, &clock);
    (void)state;
    (void)say(o, "{\"ask\": 5}");
    for (int i = 1; i <= 3; i++) {
        char line[100];
        snprintf(line, sizeof(line), "{\"tell\": {\"id\": %d, \"value\": 1, \"step\": 1}}", i);
        expect_answer(o, line, "{\"ok\":true}");
    }
    expect_answer(o, "{\"report\": {\"id\": 4, \"step\": 1, \"value\": 2}}",
                  "{\"decision\":\"stop\"}");
    expect_answer(o, "{\"report\": {\"id\": 5, \"step\": 1, \"value\": 0.5}}",
                  "{\"decision\":\"continue\"}");
    optimizer_free(o);
}

static void time_and_steps_run_out(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 5};
    struct optimizer *o = make_optimizer("goal: minimize\n"
                                         "parameters: {x: \"uniform(0, 1)\"}\n"
                                         "search: {method: random, time: 2s}\n",
                                         &clock);
    (void)state;
    clock.monotonic_ns += 2 * NS_PER_S - 1;
    assert_non_null(strstr(say(o, "{\"ask\": 1}"), "\"id\":1,"));
    clock.monotonic_ns += 1;
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    expect_answer(o, "{\"tell\": {\"id\": 1, \"value\": 4}}", "{\"ok\":true}");
    optimizer_free(o);
    o = make_optimizer("goal: minimize\n"
                       "parameters: {x: \"uniform(0, 1)\"}\n"
                       "search: {method: random, steps: 20, budget: {max: 9}}\n",
                       &clock);
    (void)say(o, "{\"ask\": 2}");
    expect_answer(o, "{\"tell\": {\"id\": 1, \"value\": 4}}", "{\"ok\":true}"); /* 9 steps */
    expect_answer(o, "{\"report\": {\"id\": 2, \"step\": 8, \"value\": 4}}",
                  "{\"decision\":\"continue\"}");
    assert_non_null(strstr(say(o, "{\"ask\": 1}"), "\"id\":3,"));
    expect_answer(o, "{\"report\": {\"id\": 3, \"step\": 3, \"value\": 4}}",
                  "{\"decision\":\"continue\"}");
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    optimizer_free(o);
}

static void expect_method(const char *text, const char *part)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(text, &clock);
    assert_non_null(strstr(say(o, "{\"status\": true}"), part));
    optimizer_free(o);
}

static void auto_knows_the_steps_that_there_are(void **state)
{
    (void)state;
    expect_method("goal: minimize\n"
                  "parameters: {x: \"uniform(0, 1)\"}\n"
                  "search: {steps: 675, budget: {max: 27}}\n",
                  "max_rungs=2");
    expect_method("goal: minimize\n"
                  "parameters: {x: \"uniform(0, 1)\"}\n"
                  "search: {steps: 674, budget: {max: 27}}\n",
                  "max_rungs=3");
}

/* What a step is may be anything: their sum stays within its bounds. */
static void steps_that_can_not_be_added_up(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer("goal: minimize\n"
                                         "parameters: {x: \"uniform(0, 1)\"}\n"
                                         "search: {method: random, steps: 1000000, trials: 9}\n",
                                         &clock);
    (void)say(o, "{\"ask\": 3}");
    expect_answer(o, "{\"report\": {\"id\": 1, \"step\": 9223372036854775807, \"value\": 4}}",
                  "{\"decision\":\"continue\"}");
    expect_answer(o, "{\"tell\": {\"id\": 2, \"step\": 9223372036854775807, \"value\": 4}}",
                  "{\"ok\":true}");
    expect_error(o, "{\"tell\": {\"id\": 3, \"value\": 1, \"step\": -1}}",
                 "a step can't be negative");
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    optimizer_free(o);
}

static void more_trials(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer(plain, &clock);
    struct optimizer_status status;
    (void)state;
    (void)say(o, "{\"ask\": 5}");
    (void)say(o, "{\"ask\": 1}");
    optimizer_status(o, &status);
    assert_true(status.done);
    assert_int_equal(optimizer_set_trials(o, -1, NULL), E_INVALID);
    assert_ok(optimizer_set_trials(o, 5, NULL));
    optimizer_status(o, &status);
    assert_false(status.done);
    assert_non_null(strstr(say(o, "{\"ask\": 9}"), "{\"trials\":[{\"id\":5,"));
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    optimizer_free(o);
}

static void a_space_that_is_used_up(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o =
        make_optimizer("goal: maximize\nparameters: {x: \"int(1, 3)\"}\n", &clock);
    (void)state;
    assert_non_null(strstr(say(o, "{\"ask\": 9}"), "\"id\":3,"));
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    optimizer_free(o);
}

static void replicates_and_no_space_left(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = make_optimizer("goal: maximize\nparameters: {x: \"int(1, 2)\"}\n"
                                         "search: {method: random, seeds: 2}\n",
                                         &clock);
    (void)state;
    (void)say(o, "{\"ask\": 9}");
    expect_answer(o, "{\"ask\": 1}", "{\"trials\":[],\"done\":true}");
    /* 1 and 2 are one configuration, 3 and 4 the other. Their means count. */
    (void)say(o, "{\"tell\": {\"id\": 1, \"value\": 10}}");
    (void)say(o, "{\"tell\": {\"id\": 3, \"value\": 7}}");
    assert_non_null(strstr(say(o, "{\"best\": true}"), "{\"id\":1,"));
    (void)say(o, "{\"tell\": {\"id\": 2, \"value\": 0}}");
    (void)say(o, "{\"tell\": {\"id\": 4, \"value\": 6}}");
    const char *best = say(o, "{\"best\": true}");
    assert_non_null(strstr(best, "{\"id\":3,"));
    assert_non_null(strstr(best, "\"value\":6.5"));
    optimizer_free(o);
}

static int end_of_tests(void **state)
{
    (void)state;
    forget_answers();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other),
        cmocka_unit_test(ends_only_once),
        cmocka_unit_test(steps_of_their_own),
        cmocka_unit_test(a_population),
        cmocka_unit_test(steps_told_and_left_out),
        cmocka_unit_test(an_end_is_a_report),
        cmocka_unit_test(time_and_steps_run_out),
        cmocka_unit_test(auto_knows_the_steps_that_there_are),
        cmocka_unit_test(more_trials),
        cmocka_unit_test(steps_that_can_not_be_added_up),
        cmocka_unit_test(a_space_that_is_used_up),
        cmocka_unit_test(replicates_and_no_space_left),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, end_of_tests);
}
