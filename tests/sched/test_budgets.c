/*
 * Budgets on the virtual clock: time, steps, cost, alone and together, with each allocator; their
 * ends, what is done of the best before, and what a crash or a pause leaves of them.
 */
#include "sched/pace.h"
#include "sched/verify.h"
#include "simulated.h"
#include "testing.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define S NS_PER_S

enum { SLOTS = 4, FULL = 27 };

static const char *const methods[] = {"full", "asha",      "asha(variant=promote)",       "median",
                                      "sha",  "hyperband", "asha(eta=4, variant=promote)"};
enum { METHODS = sizeof methods / sizeof methods[0], PROMOTE = 2 };

static void write_yaml(char *text, size_t size, const char *method, int least, const char *budget)
{
    snprintf(text, size,
             "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n"
             "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n"
             "resources: {cost: 3.6}\n" /* a thousandth a slot's second */
             "search: {seed: 7, parallel: %d, method: 'random + %s', budget: {min: %d, max: %d}, "
             "%s}\n",
             SLOTS, method, least, FULL, budget);
}

/* Steps from 0.7 to 1.3 seconds, and a start of half a second. */
static void takes_its_time(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->start_up = 0.5;
    c->step = 0.7 + 0.1 * (double)(a->trial * 5 % 7);
}

/* Curves that cross: later trials may be better at the end and worse at first. */
static double crosses(struct simulated *w, const struct sim_attempt *a, int64_t step)
{
    double end = (double)(a->trial * 37 % 101) / 100, slow = (double)(a->trial * 53 % 17) / 17;
    return end + (1 + slow) / (double)step;
}

static int64_t took(const struct simulated *w)
{
    return w->clock.monotonic_ns - S;
}

static struct search_row row_of(struct simulated *w, struct arena *a)
{
    struct search_row row;
    assert_ok(store_search_get(w->store, w->id, a, &row, NULL));
    return row;
}

static double utilisation(struct simulated *w)
{
    return (double)sim_busy(w->executor) / (double)took(w) / SLOTS;
}

static void check_journal(struct simulated *w)
{
    struct error e = {0};
    if (journal_verify(w->store, w->id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

static void begin(struct simulated *w, const char *method, const char *budget)
{
    char yaml[1000];
    write_yaml(yaml, sizeof yaml, method, 1, budget);
    simulated_init(w);
    w->course = takes_its_time;
    w->value = crosses;
    print_message("# %s, %s\n", method, budget);
    simulated_begin(w, yaml);
}

/* Ends as it should, with a reason that begins so, and nothing is left behind. */
static void finish(struct simulated *w, const char *why)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    simulated_turns(w, 0);
    struct search_row row = row_of(w, &a);
    assert_int_equal(row.state, SEARCH_COMPLETED);
    if (!str_starts(row.why, why))
        fail_msg("it ended because: %.*s", STR_FMT(row.why));
    assert_int_equal(row.counts[TRIAL_QUEUED] + row.counts[TRIAL_RUNNING] +
                         row.counts[TRIAL_PAUSED] + row.counts[TRIAL_FAILED],
                     0);
    assert_true(row.best_trial > 0);
    check_journal(w);
    arena_free(&a);
}

static void time_is_used_and_kept(void **state)
{
    for (int i = 0; i < METHODS; i++) {
        struct simulated w;
        begin(&w, methods[i], "time: 400s");
        finish(&w, "its time ");
        assert_true(utilisation(&w) >= 0.95);
        assert_in_range(took(&w), 398 * S, 400 * S);
        simulated_free_world(&w);
    }
}

/* A report is a step, and each slot may be in the middle of one; or the last few lead to no rung.
 */
static void steps_are_used_and_kept(void **state)
{
    for (int i = 0; i < METHODS; i++) {
        struct simulated w;
        begin(&w, methods[i], "steps: 1500");
        finish(&w, "its steps ");
        assert_in_range(sim_totals(w.executor).steps, 1497, 1500 + SLOTS);
        assert_true(utilisation(&w) >= 0.95);
        simulated_free_world(&w);
    }
}

static double cost_of(struct simulated *w)
{
    return (double)sim_busy(w->executor) / 1e9 / 1000;
}

static void cost_is_used_and_kept(void **state)
{
    for (int i = 0; i < METHODS; i++) {
        struct simulated w;
        struct arena a;
        begin(&w, methods[i], "cost: 1.5");
        simulated_turns(&w, 0);
        arena_init(&a, 1 << 20);
        struct search_row row = row_of(&w, &a);
        assert_int_equal(row.state, SEARCH_COMPLETED);
        assert_true(str_starts(row.why, "its cost "));
        arena_free(&a);
        assert_true(cost_of(&w) <= 1.5 + 0.0001);
        assert_true(cost_of(&w) >= 1.5 * 0.98);
        check_journal(&w);
        simulated_free_world(&w);
    }
}

static void whichever_comes_first(void **state)
{
    static const struct {
        const char *budget, *why;
    } v[] = {
        {"time: 300s, steps: 100000, cost: 100, trials: 5000", "its time "},
        {"time: 24h, steps: 600, cost: 100, trials: 5000", "its steps "},
        {"time: 24h, steps: 100000, cost: 100, trials: 30", ""},
    };
    for (int method = 0; method <= PROMOTE; method++) {
        for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
            struct simulated w;
            begin(&w, methods[method], v[i].budget);
            finish(&w, v[i].why);
            simulated_free_world(&w);
        }
    }
}

/* A trial is one step, of 7 to 13 seconds: none starts that even the shortest would not end. */
static void longer(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->step = 7 + (double)(a->trial * 5 % 7);
}

static void one_shot_trials_use_it_too(void **state)
{
    static const char *const budgets[] = {"time: 200s", "cost: 0.8"};
    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        char yaml[1000];
        struct simulated w;
        snprintf(yaml, sizeof yaml,
                 "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n"
                 "parameters: {x: 'uniform(0, 1)'}\nresources: {cost: 3.6}\n"
                 "search: {seed: 7, parallel: %d, method: random, %s}\n",
                 SLOTS, budgets[i]);
        simulated_init(&w);
        w.course = longer;
        simulated_run(&w, yaml);
        assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
        assert_true(took(&w) <= 205 * S);
        /* 800 slot-seconds of 10 each; in the end a slot may be short of one. */
        assert_in_range(simulated_count(&w, TRIAL_COMPLETED), 75, 82);
        assert_in_range(simulated_count(&w, TRIAL_CANCELLED) + simulated_count(&w, TRIAL_STOPPED),
                        0, SLOTS);
        check_journal(&w);
        simulated_free_world(&w);
    }
}

/* ---- the end of it ---- */

struct fully {
    int64_t n, started_late;
};

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct fully *f = self;
    f->n += row->step >= FULL;
    return OK;
}

/* Of 400 seconds the last 27 or so take the best of the highest rung to the end. Without them there
 * would be what one in three came to. */
static void the_best_are_trained_to_the_end(void **state)
{
    static const char *const pausing[] = {"asha(variant=promote)", "sha", "hyperband"};
    for (int i = 0; i < 3; i++) {
        struct simulated w;
        struct fully with = {.n = 0};
        begin(&w, pausing[i], "time: 400s");
        finish(&w, "its time ");
        assert_ok(store_trials(w.store, w.id, 0, on_trial, &with, NULL));
        assert_true(simulated_entries(&w, "event", "\"closing\"") > 0);
        /* One in three, and one for every other slot beyond, at least. */
        int64_t at_nine = simulated_entries(&w, "report", "{\"step\":9,");
        assert_true(with.n >= at_nine / 3 + SLOTS / 2);
        simulated_free_world(&w);
    }
}

static enum code on_late(void *self, const struct trial_row *row)
{
    struct fully *f = self;
    f->started_late += row->step < 1 && row->state != TRIAL_CANCELLED;
    f->n++;
    return OK;
}

/* Steps take two seconds in each, so that in the last two none gets to the first rung. */
static void slow(struct simulated *w, const struct sim_attempt *a, struct sim_course *c)
{
    c->step = 2;
}

static void nothing_starts_that_gets_nowhere(void **state)
{
    for (int i = 0; i <= PROMOTE; i++) {
        char yaml[1000];
        struct simulated w;
        struct fully f = {.n = 0};
        write_yaml(yaml, sizeof yaml, methods[i], 1, "time: 301s");
        simulated_init(&w);
        w.course = slow;
        w.value = crosses;
        simulated_run(&w, yaml);
        assert_ok(store_trials(w.store, w.id, 0, on_late, &f, NULL));
        assert_true(f.n > 20);
        assert_int_equal(f.started_late, 0);
        assert_true(took(&w) <= 301 * S);
        check_journal(&w);
        simulated_free_world(&w);
    }
}

/* What waits when the time is over has a value, and may be the best. */
static void who_waits_at_the_end_is_stopped_and_ranked(void **state)
{
    struct simulated w;
    struct arena a;
    arena_init(&a, 1 << 20);
    begin(&w, methods[PROMOTE], "time: 12s"); /* too short for any to get to the end */
    finish(&w, "its time ");
    struct search_row row = row_of(&w, &a);
    assert_int_equal(row.counts[TRIAL_CANCELLED], 0);
    assert_true(row.counts[TRIAL_STOPPED] > SLOTS);
    struct trial_row best = simulated_trial(&w, row.best_trial, &a);
    assert_true(best.step >= 3 && best.step < FULL);
    arena_free(&a);
    simulated_free_world(&w);
}

/* Too few steps in all for a trial's largest budget: rungs are climbed as far as they go. */
static void less_than_one_trial(void **state)
{
    for (int i = 0; i <= PROMOTE; i++) {
        struct simulated w;
        begin(&w, methods[i], "steps: 20");
        simulated_turns(&w, 0);
        assert_int_equal(simulated_state(&w), SEARCH_COMPLETED);
        assert_in_range(sim_totals(w.executor).steps, 16, 20 + SLOTS);
        check_journal(&w);
        simulated_free_world(&w);
    }
}

/* ---- pauses, crashes ---- */

static struct step trains(struct world *w, struct fake_attempt *a)
{
    double value = (double)(a->trial * 37 % 101) / 100 + 1.0 / (double)(a->step + 1);
    return (struct step){.turn = TURN_REPORT, .ns = S, .value = value, .waits = true};
}

static int64_t trained(const struct world *w)
{
    int64_t sum = 0;
    for (int i = 0; i < TRIALS_MAX; i++)
        sum += w->progress[i];
    return sum;
}

static void pass(struct world *w, int64_t ns)
{
    w->time.monotonic_ns += ns;
    w->time.real_ns += ns;
}

/* Three controllers after one another, and an hour in which nobody was there after each; what it
 * comes to is what one would have spent. */
static void killed(const char *method, const char *budget, int64_t first, int64_t second,
                   int64_t *ret_busy)
{
    char yaml[1000];
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    world_start(w, SLOTS);
    write_yaml(yaml, sizeof yaml, method, 3, budget);
    struct search_id id = world_submit(w, yaml);
    const int64_t turns[] = {first, second, 0};
    for (int i = 0; i < 3; i++) {
        world_run(w, turns[i]);
        if (turns[i] == 0 || world_state(w, id) == SEARCH_COMPLETED)
            break;
        world_crash(w);
        world_start(w, SLOTS);
        assert_ok(scheduler_open(w->scheduler, id, &e));
        assert_ok(scheduler_resume(w->scheduler, id, &e));
    }
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(w->running, 0);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
    *ret_busy = trained(w);
    world_free(w);
}

/* The budget ends while a trial that has just been paused still has its supervisor, which lingers:
 * it is over like the others. */
static void who_was_paused_just_now_is_over_too(void **state)
{
    static const char *const pausing[] = {"asha(variant=promote)", "sha", "freeze_thaw"};
    for (int i = 0; i < 3 * 20; i++) {
        char yaml[1000], budget[32];
        struct error e = {0};
        struct world *w = world_new();
        w->program = trains;
        w->linger_ns = S / 2;
        world_start(w, SLOTS);
        snprintf(budget, sizeof budget, "steps: %d", 40 + i / 3);
        write_yaml(yaml, sizeof yaml, pausing[i % 3], 1, budget);
        struct search_id id = world_submit(w, yaml);
        world_run(w, 0);
        assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
        assert_int_equal(world_count(w, id, TRIAL_PAUSED) + world_count(w, id, TRIAL_QUEUED), 0);
        if (journal_verify(w->store, id, NULL, &e) != OK)
            fail_msg("%s %s", e.message, e.detail);
        world_free(w);
    }
}

/* A step is a second: 60 seconds of four slots are 240 steps, as are 240 steps, as is 0.24. By a
 * kill a second or so of each slot may be forgotten or counted twice. Here a step is reported
 * before its time passes, so that a trial which is stopped or paused takes no time for its last:
 * how many those are is no matter of the budget. */
static void a_kill_leaves_the_budget_as_it_was(void **state)
{
    static const char *const budgets[] = {"time: 60s", "steps: 240", "cost: 0.24"};
    for (int method = 0; method <= PROMOTE; method++) {
        for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
            int64_t calm, crashed;
            print_message("# %s, %s\n", methods[method], budgets[i]);
            killed(methods[method], budgets[i], 0, 0, &calm);
            assert_true(calm >= 232);
            for (int64_t n = 7; n < 150; n += 31) {
                killed(methods[method], budgets[i], n, n / 2, &crashed);
                assert_true(crashed >= 232);
                if (method == 0)
                    assert_in_range(crashed, 240 - 3 * SLOTS, 240 + 3 * SLOTS);
            }
        }
    }
}

/* Nobody was there for an hour: of the search's time that is nothing, also when the journal is read
 * a second time. */
static void hours_in_which_nobody_ran_it_do_not_count(void **state)
{
    char yaml[1000];
    struct world *w = world_new();
    struct error e = {0};
    w->program = trains;
    world_start(w, SLOTS);
    write_yaml(yaml, sizeof yaml, "full", 1, "time: 60s");
    struct search_id id = world_submit(w, yaml);
    for (int i = 0; i < 3; i++) {
        world_run(w, 40);
        assert_int_equal(world_state(w, id), SEARCH_RUNNING);
        /* Its attempts end, and only then is it left alone. */
        if (i == 1) {
            assert_ok(scheduler_pause(w->scheduler, id, &e));
            scheduler_settle(w->scheduler);
            world_run(w, 0);
        }
        world_crash(w);
        for (size_t k = 0; k < w->n; k++)
            w->attempts[k].wakes = w->attempts[k].alive ? INT64_MAX : w->attempts[k].wakes;
        pass(w, 3600 * S);
        for (size_t k = 0; k < w->n; k++)
            w->attempts[k].wakes =
                w->attempts[k].alive ? w->time.monotonic_ns : w->attempts[k].wakes;
        world_start(w, SLOTS);
        assert_ok(scheduler_open(w->scheduler, id, &e));
        assert_ok(scheduler_resume(w->scheduler, id, &e));
    }
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_in_range(trained(w), 200, 260);
    world_free(w);
}

/* ---- what is known before ---- */

static void check_why(struct simulated *w, const char *part)
{
    if (simulated_entries(w, "begin", part) == 0) {
        struct buf b;
        buf_init(&b, 1 << 20);
        simulated_journal(w, &b);
        fail_msg("%s is not in %.*s", part, 600, b.p);
    }
}

/* With 4 slots and 4 seconds a step 400 seconds are 400 steps; three rungs' trials take 7 on
 * average. */
static void auto_counts_on_the_trials_that_fit(void **state)
{
    static const struct {
        const char *search, *part;
    } v[] = {
        {"time: 400s, step_time: 4s", "\"expected\":57"},
        {"time: 400s, step_time: 4s", "about 57 trials fit, and gp needs the fewest"},
        {"steps: 400", "about 57 trials fit"},
        {"time: 24h, step_time: 1s", "trials fit, which begin with a model"},
        {"cost: 1.6, step_time: 4s", "about 57 trials fit"},
        {"time: 24h", "\"method\":\"portfolio"}, /* nobody knows */
        {"time: 24h, trials: 50, step_time: 1s", "\"method\":\"gp"},
        {"time: 30s, trials: 50, step_time: 10s", "teach too little to model"},
    };
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        char yaml[1000];
        struct simulated w;
        snprintf(yaml, sizeof yaml,
                 "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n"
                 "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\nresources: {cost: 3.6}\n"
                 "search: {seed: 7, parallel: 4, budget: {min: 1, max: 27}, %s}\n",
                 v[i].search);
        simulated_init(&w);
        simulated_begin(&w, yaml);
        print_message("# %s\n", v[i].search);
        check_why(&w, v[i].part);
        simulated_free_world(&w);
    }
}

/* Steps of 0.7 to 1.3 seconds after a start of half a second, out of the store. */
static void what_earlier_searches_took_is_found(void **state)
{
    for (int scratch = 0; scratch < 2; scratch++) {
        char yaml[1000];
        struct simulated w;
        struct settings st = {.space_name = STR("toy"), .effort = {.has_steps = true}};
        struct pace pace;
        struct paced_trials found;
        int resumed = 0, restarted = 0;
        write_yaml(yaml, sizeof yaml, methods[PROMOTE], 3, "trials: 40");
        simulated_init(&w);
        w.course = takes_its_time;
        w.value = crosses;
        w.from_scratch = scratch;
        simulated_run(&w, yaml);
        assert_ok(pace_measure(w.store, &st, &pace, &found, NULL));
        assert_int_equal(found.n, 40);
        assert_int_equal(found.searches, 1);
        for (size_t i = 0; i < found.n; i++) {
            int64_t trial = trial_id_number(found.v[i].id);
            double step = 0.7e9 + 0.1e9 * (double)(trial * 5 % 7);
            assert_near(pace_step_ns(&found.v[i].pace), step, 1);
            assert_near(pace_start_ns(&found.v[i].pace), 0.5e9, 1);
            resumed += found.v[i].resumed;
            restarted += found.v[i].restarted;
        }
        assert_true(scratch ? restarted > 5 && resumed == 0 : resumed > 5 && restarted == 0);
        assert_near(pace_step_ns(&pace), 1e9, 0.1e9);
        free(found.v);
        st.space_name = STR("another");
        assert_ok(pace_measure(w.store, &st, &pace, &found, NULL));
        assert_int_equal(found.n, 0);
        assert_false(pace_known(&pace));
        free(found.v);
        simulated_free_world(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_used_and_kept),
        cmocka_unit_test(steps_are_used_and_kept),
        cmocka_unit_test(cost_is_used_and_kept),
        cmocka_unit_test(whichever_comes_first),
        cmocka_unit_test(one_shot_trials_use_it_too),
        cmocka_unit_test(the_best_are_trained_to_the_end),
        cmocka_unit_test(nothing_starts_that_gets_nowhere),
        cmocka_unit_test(who_waits_at_the_end_is_stopped_and_ranked),
        cmocka_unit_test(less_than_one_trial),
        cmocka_unit_test(who_was_paused_just_now_is_over_too),
        cmocka_unit_test(a_kill_leaves_the_budget_as_it_was),
        cmocka_unit_test(hours_in_which_nobody_ran_it_do_not_count),
        cmocka_unit_test(auto_counts_on_the_trials_that_fit),
        cmocka_unit_test(what_earlier_searches_took_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
