/*
 * Reports as programs make them: of several metrics, past a rung, out of order, twice, late. A
 * trial is ranked at a rung once, by the first value that is not of an earlier step, and never by
 * one that came when it was no longer on its way there.
 */
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <string.h>

#define S NS_PER_S

#define YAML(method)                                                                         \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\nmetrics: [ms]\ngoal: minimize\n"        \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n"                               \
    "search: {seed: 7, parallel: 3, trials: 12, budget: {min: 3, max: 27}, method: 'random " \
    "+ " method "'}\n"

#define STOP  YAML("asha")
#define CLIMB YAML("asha(variant=promote)")

static double loss(const struct fake_attempt *a, int64_t step)
{
    return (double)(a->trial * 5 % 12) + 1.0 / (double)(step + 1);
}

static struct step says(const struct fake_attempt *a, int64_t step)
{
    return (struct step){.turn = TURN_REPORT,
                         .ns = S,
                         .value = loss(a, step),
                         .ms = 5,
                         .said = SAID_BOTH,
                         .says = step,
                         .waits = true};
}

static struct step asks(struct world *w, struct fake_attempt *a)
{
    return says(a, a->step + 1);
}

static struct step never_asks(struct world *w, struct fake_attempt *a)
{
    struct step s = says(a, a->step + 1);
    s.waits = false;
    return s;
}

struct found {
    int64_t trial;
    const char *part;
    int n;
};

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct found *f = self;
    f->n += row->trial == f->trial && str_is(row->kind, "report") &&
            memmem(row->data.p, row->data.n, f->part, strlen(f->part)) != NULL;
    return OK;
}

/* Results of a trial that the searcher took, whose text holds `part`. */
static int taken(struct world *w, struct search_id id, int64_t trial, const char *part)
{
    struct found f = {trial, part, 0};
    assert_ok(store_journal(w->store, id, 1, on_entry, &f, NULL));
    return f.n;
}

static struct trial_row trial(struct world *w, struct search_id id, int64_t number)
{
    struct trial_row row;
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_ok(store_trial_get(w->store, trial_id_of(id, number), &a, &row, NULL));
    arena_free(&a);
    return row;
}

static struct world *run(struct step (*program)(struct world *, struct fake_attempt *),
                         const char *yaml, int deaf, struct search_id *ret)
{
    struct error e = {0};
    struct world *w = world_new();
    w->program = program;
    w->deaf = deaf;
    world_start(w, 3);
    *ret = world_submit(w, yaml);
    world_run(w, 0);
    assert_int_equal(world_state(w, *ret), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, *ret, TRIAL_COMPLETED) + world_count(w, *ret, TRIAL_STOPPED),
                     12);
    if (journal_verify(w->store, *ret, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
    return w;
}

/* Even trials have their loss at step 10 first, whatever else they report before. */
static struct step late_loss(struct world *w, struct fake_attempt *a)
{
    struct step s = asks(w, a);
    if (a->trial % 2 == 0 && a->step + 1 < 10)
        s.said = SAID_MS;
    return s;
}

static struct step nothing_before_10(struct world *w, struct fake_attempt *a)
{
    if (a->trial % 2 == 0 && a->step < 9) {
        a->step = 9;
        w->progress[a->trial] = 9;
    }
    return asks(w, a);
}

static void a_jumped_rung_is_never_entered(void **state)
{
    struct step (*const programs[])(struct world *, struct fake_attempt *) = {late_loss,
                                                                              nothing_before_10};
    for (int i = 0; i < 2; i++) {
        struct search_id id;
        struct world *w = run(programs[i], STOP, 0, &id);
        for (int64_t t = 2; t <= 12; t += 2) {
            assert_int_equal(taken(w, id, t, "{\"step\":3,"), 0);
            assert_int_equal(taken(w, id, t, "{\"step\":9,"), 0);
            assert_int_equal(taken(w, id, t, "{\"step\":10,"), 1);
        }
        /* Of odd ones 5, 3, 1, 11, 9, 7 are the losses of trials 1, 3, 5, 7, 9, 11: those of 1, 3
         * and 5 are each the best of the rung at 3, as long as no late value is in it. */
        for (int64_t t = 1; t <= 5; t += 2)
            assert_int_equal(taken(w, id, t, "{\"step\":3,"), 1);
        assert_true(trial(w, id, 5).step > 3);
        world_free(w);
    }
}

/* 1, 2, 5, 4, 3, 6, ...: the rung at 3 is entered at 5, and what comes of before changes nothing.
 */
static struct step shuffled(struct world *w, struct fake_attempt *a)
{
    static const int64_t order[] = {1, 2, 5, 4, 3};
    int64_t step = a->step < 5 ? order[a->step] : a->step + 1;
    struct step s = says(a, step);
    if (step == 3 || step == 4)
        s.value = -100;
    return s;
}

static void steps_out_of_order(void **state)
{
    struct search_id id;
    struct world *w = run(shuffled, STOP, 0, &id);
    for (int64_t t = 1; t <= 12; t++) {
        assert_int_equal(taken(w, id, t, "{\"step\":5,"), 1);
        assert_int_equal(taken(w, id, t, "{\"step\":3,"), 0);
        assert_int_equal(taken(w, id, t, "-100"), 0);
        assert_true(trial(w, id, t).value > -100);
        assert_true(trial(w, id, t).step >= 5);
    }
    world_free(w);
}

/* What came late is passed over when a controller that takes the search up reads the reports again,
 * too. */
static void what_came_late_stays_late(void **state)
{
    static const char *const takes[] = {"best", "mean(3)"};
    for (int i = 0; i < 2; i++) {
        char yaml[1000];
        double value[2];
        struct error e = {0};
        snprintf(yaml, sizeof yaml,
                 "space: toy\ncommand: ./t ${args}\nmetric: {name: loss, take: %s}\n"
                 "goal: minimize\nparameters: {x: 'uniform(0, 1)'}\n"
                 "search: {seed: 7, parallel: 1, trials: 1, budget: {min: 3, max: 12}, method: "
                 "random}\n",
                 takes[i]);
        for (int again = 0; again < 2; again++) {
            struct world *w = world_new();
            w->program = shuffled;
            world_start(w, 1);
            struct search_id id = world_submit(w, yaml);
            while (w->n == 0 || w->attempts[0].step < 7)
                world_run(w, 1);
            if (again) {
                world_crash(w);
                world_start(w, 1);
                assert_ok(scheduler_open(w->scheduler, id, &e));
                assert_ok(scheduler_resume(w->scheduler, id, &e));
            }
            world_run(w, 0);
            assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
            value[again] = trial(w, id, 1).value;
            assert_true(value[again] > 0);
            world_free(w);
        }
        assert_float_equal(value[0], value[1], 0);
    }
}

/* A metric a report, the first one last or first: the step is decided on when its own comes. */
static struct step apart(struct world *w, struct fake_attempt *a)
{
    struct step s = asks(w, a);
    bool first = a->parts == 0;
    s.unfinished = first;
    s.said = first == (a->trial % 2 == 0) ? SAID_LOSS : SAID_MS;
    return s;
}

static void metrics_of_a_step_one_by_one(void **state)
{
    static const char *const yaml[] = {STOP, CLIMB};
    for (int i = 0; i < 2; i++) {
        struct search_id id;
        struct world *w = run(apart, yaml[i], 0, &id);
        for (int64_t t = 1; t <= 12; t++) {
            struct trial_row row = trial(w, id, t);
            assert_int_equal(taken(w, id, t, "{\"step\":3,"), 1);
            assert_true(row.step == 3 || taken(w, id, t, "{\"step\":9,") == 1);
        }
        world_free(w);
    }
}

/* Each step twice, better the second time. */
static struct step twice(struct world *w, struct fake_attempt *a)
{
    struct step s = asks(w, a);
    s.unfinished = a->parts == 0;
    s.value -= a->parts > 0 ? 50 : 0;
    return s;
}

static void the_same_step_twice(void **state)
{
    static const char *const yaml[] = {STOP, CLIMB};
    for (int i = 0; i < 2; i++) {
        struct search_id id;
        struct world *w = run(twice, yaml[i], 0, &id);
        for (int64_t t = 1; t <= 12; t++) {
            assert_int_equal(taken(w, id, t, "{\"step\":3,"), 1);
            assert_int_equal(taken(w, id, t, "-"), 0);
        }
        world_free(w);
    }
}

/* A supervisor sends everything again that it has no acknowledgement of. */
static void the_same_report_twice(void **state)
{
    static const char *const yaml[] = {STOP, CLIMB};
    for (int i = 0; i < 2; i++) {
        struct search_id id;
        struct buf b[2];
        for (int again = 0; again < 2; again++) {
            struct world *w = world_new();
            w->program = asks;
            world_start(w, 3);
            id = world_submit(w, yaml[i]);
            for (int n = 0; world_state(w, id) == SEARCH_RUNNING; n++) {
                world_run(w, 1);
                for (size_t k = 0; again && n % 4 == 0 && k < w->n; k++)
                    if (w->attempts[k].adopted && w->attempts[k].delivered > 2)
                        w->attempts[k].delivered -= 2;
            }
            buf_init(&b[again], 1 << 20);
            world_journal(w, id, &b[again]);
            world_free(w);
        }
        assert_true(b[0].n > 1000);
        assert_true(str_eq(buf_view(&b[0]), buf_view(&b[1])));
        buf_free(&b[0]);
        buf_free(&b[1]);
    }
}

/* Told to stop or to pause they go on and report, past further rungs; none of that is ranked, and
 * who is let go on from a pause is judged at the rung it was let go on to. */
static void reports_after_the_end(void **state)
{
    static const char *const yaml[] = {STOP, CLIMB};
    for (int deaf = 1; deaf < 30; deaf += 9) {
        for (int i = 0; i < 4; i++) {
            struct search_id id;
            struct world *w = run(i / 2 ? never_asks : asks, yaml[i % 2], deaf, &id);
            int completed = 0;
            for (int64_t t = 1; t <= 12; t++) {
                struct trial_row row = trial(w, id, t);
                completed += row.state == TRIAL_COMPLETED;
                assert_int_equal(taken(w, id, t, "{\"step\":3,"), 1);
                assert_true(taken(w, id, t, "{\"step\":9,") <= 1);
                assert_int_equal(taken(w, id, t, "{\"step\":4,"), 0);
                assert_int_equal(taken(w, id, t, "{\"step\":10,"), 0);
                if (row.state == TRIAL_COMPLETED)
                    assert_true(row.steps == 27 && row.step >= 27);
            }
            assert_true(completed >= 1 && completed <= 4);
            world_free(w);
        }
    }
}

/* What an attempt says that is gone is nobody's any more. */
static void reports_of_an_attempt_of_before(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = world_new();
    w->program = asks;
    world_start(w, 3);
    id = world_submit(w, STOP);
    while (w->n == 0 || w->attempts[0].step < 2)
        world_run(w, 1);
    int64_t first = w->attempts[0].id;
    int64_t number = w->attempts[0].trial;
    assert_ok(scheduler_trial_preempt(w->scheduler, trial_id_of(id, number), &e));
    while (w->attempts_of[number] < 2)
        world_run(w, 1);
    const struct wire_metric m = {STR("loss"), -100};
    struct frame f = {.type = FRAME_REPORT, .seq = 50, .attempt = first};
    f.report = (struct wire_report){.seq = 50, .step = 26, .n = 1, .metrics = &m};
    w->listener.event(w->listener.self, first, &f);
    w->listener.settled(w->listener.self);
    assert_true(trial(w, id, number).step < 26);
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    for (int64_t t = 1; t <= 12; t++)
        assert_int_equal(taken(w, id, t, "-100"), 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jumped_rung_is_never_entered),
        cmocka_unit_test(steps_out_of_order),
        cmocka_unit_test(what_came_late_stays_late),
        cmocka_unit_test(metrics_of_a_step_one_by_one),
        cmocka_unit_test(the_same_step_twice),
        cmocka_unit_test(the_same_report_twice),
        cmocka_unit_test(reports_after_the_end),
        cmocka_unit_test(reports_of_an_attempt_of_before),
    };
    return RUN_TESTS(tests);
}
