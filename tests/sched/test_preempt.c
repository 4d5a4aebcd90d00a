/*
 * Attempts that are taken away: by a person, or from outside, as a cluster does it. The trial goes
 * back to the queue and on from its checkpoint, and no retry is used up.
 */
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <string.h>

#define S NS_PER_S

#define YAML(search)                                                                       \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\nretries: 0\n"         \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\nsearch: {seed: 7, parallel: " \
    "2, " search "}\n"

#define FULL  YAML("trials: 4, method: random, budget: {max: 6}")
#define CLIMB YAML("trials: 9, method: 'random + asha(variant=promote)', budget: {min: 1, max: 9}")
#define FIXED YAML("trials: 5, method: random, order: fixed, budget: {max: 6}")

static struct step trains(struct world *w, struct fake_attempt *a)
{
    double value = (double)(a->trial * 5 % 7) + 1.0 / (double)(a->step + 1);
    return (struct step){.turn = TURN_REPORT, .ns = S, .value = value, .waits = true};
}

static struct world *begin(const char *yaml, struct search_id *ret)
{
    struct world *w = world_new();
    w->program = trains;
    world_start(w, 2);
    *ret = world_submit(w, yaml);
    return w;
}

static void check_completed(struct world *w, struct search_id id, int64_t trials)
{
    struct error e = {0};
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED) + world_count(w, id, TRIAL_STOPPED),
                     trials);
    assert_int_equal(w->running, 0);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

static struct trial_row trial(struct world *w, struct search_id id, int64_t number)
{
    struct trial_row row;
    struct arena a;
    arena_init(&a, 1 << 20);
    enum code c = store_trial_get(w->store, trial_id_of(id, number), &a, &row, NULL);
    arena_free(&a);
    if (c == E_NOT_FOUND)
        return (struct trial_row){.state = TRIAL_QUEUED, .step = -1};
    assert_ok(c);
    return row;
}

static void run_until_step(struct world *w, struct search_id id, int64_t number, int64_t step)
{
    while (trial(w, id, number).step < step)
        world_run(w, 1);
}

static enum code on_attempt(void *self, const struct attempt_row *row)
{
    struct buf *b = self;
    buf_fmt(b, "%d from %lld %s; ", row->number, (long long)row->from_step,
            attempt_reason_name(row->reason));
    return OK;
}

static void assert_attempts(struct world *w, struct search_id id, int64_t number, const char *want)
{
    struct buf b;
    buf_init(&b, 4096);
    assert_ok(store_attempts(w->store, trial_id_of(id, number), on_attempt, &b, NULL));
    assert_string_equal(b.p ? b.p : "", want);
    buf_free(&b);
}

static void a_trial_goes_on_from_its_checkpoint(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = begin(FULL, &id);
    run_until_step(w, id, 1, 2);
    assert_ok(scheduler_trial_preempt(w->scheduler, trial_id_of(id, 1), &e));
    /* Once is enough, and what does not run can't be taken away. */
    assert_int_equal(scheduler_trial_preempt(w->scheduler, trial_id_of(id, 1), &e), E_STATE);
    assert_non_null(strstr(e.message, "ending already"));
    world_run(w, 0);
    check_completed(w, id, 4);
    assert_attempts(w, id, 1, "1 from 0 paused; 2 from 2 exit; ");
    assert_int_equal(trial(w, id, 1).retries, 0);
    assert_int_equal(w->progress[1], 6);
    assert_int_equal(scheduler_trial_preempt(w->scheduler, trial_id_of(id, 1), &e), E_STATE);
    world_free(w);
}

static void all_of_a_search(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = begin(FULL, &id);
    run_until_step(w, id, 2, 3);
    assert_ok(scheduler_preempt(w->scheduler, id, &e));
    assert_int_equal(world_state(w, id), SEARCH_RUNNING);
    world_run(w, 0);
    check_completed(w, id, 4);
    assert_int_equal(w->attempts_of[1], 2);
    assert_int_equal(w->attempts_of[2], 2);
    assert_int_equal(w->attempts_of[3], 1);
    assert_int_equal(scheduler_preempt(w->scheduler, id, &e), E_STATE);
    assert_non_null(strstr(e.message, "nothing runs"));
    world_free(w);
}

/* As a supervisor says it that got the signal: `paused`, and nobody here had asked for it. */
static void from_outside(void **state)
{
    static const char *const yaml[] = {FULL, CLIMB, FIXED};
    static const int64_t trials[] = {4, 9, 5};
    for (int i = 0; i < 3; i++) {
        struct search_id id;
        struct world *w = begin(yaml[i], &id);
        for (int64_t n = 0; n < 40; n++) {
            world_run(w, 3);
            struct fake_attempt *a = &w->attempts[w->n - 1];
            if (a->alive && n % 4 == 0) {
                a->verdict = VERDICT_PAUSE;
                a->asked_at = 0;
                a->wakes = w->time.monotonic_ns;
            }
        }
        world_run(w, 0);
        check_completed(w, id, trials[i]);
        for (int64_t t = 1; t <= trials[i]; t++)
            assert_int_equal(trial(w, id, t).retries, 0);
        assert_true(w->n > (size_t)trials[i]);
        world_free(w);
    }
}

/* A pause that comes while it is being taken away holds it back; a stop ends it. */
static void a_stronger_wish_stands(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = begin(FULL, &id);
    run_until_step(w, id, 1, 2);
    assert_ok(scheduler_trial_preempt(w->scheduler, trial_id_of(id, 1), &e));
    assert_ok(scheduler_trial_pause(w->scheduler, trial_id_of(id, 1), &e));
    assert_ok(scheduler_trial_preempt(w->scheduler, trial_id_of(id, 2), &e));
    assert_ok(scheduler_trial_stop(w->scheduler, trial_id_of(id, 2), &e));
    while (trial(w, id, 1).state != TRIAL_PAUSED || trial(w, id, 2).state != TRIAL_STOPPED)
        world_run(w, 1);
    assert_ok(scheduler_trial_resume(w->scheduler, trial_id_of(id, 1), &e));
    world_run(w, 0);
    check_completed(w, id, 4);
    assert_int_equal(w->attempts_of[1], 2);
    assert_int_equal(w->attempts_of[2], 1);
    world_free(w);
}

static enum code count_paused(void *self, const struct attempt_row *row)
{
    int *n = self;
    *n += row->reason == REASON_PAUSED && row->from_step == 0;
    return OK;
}

/* Whenever the controller dies after the wish is in the journal, told or not, the attempts that ran
 * are taken away, and no others. */
static void a_crash_on_the_way(void **state)
{
    for (int64_t n = 0; n < 6; n++) {
        struct search_id id;
        struct error e = {0};
        int paused[3] = {0};
        struct world *w = begin(FULL, &id);
        run_until_step(w, id, 2, 1);
        assert_ok(scheduler_preempt(w->scheduler, id, &e));
        if (n > 0)
            world_run(w, n);
        else
            assert_ok(store_commit(w->store, &e));
        world_crash(w);
        world_start(w, 2);
        assert_ok(scheduler_open(w->scheduler, id, &e));
        assert_ok(scheduler_resume(w->scheduler, id, &e));
        world_run(w, 0);
        check_completed(w, id, 4);
        for (int64_t t = 1; t <= 2; t++)
            assert_ok(store_attempts(w->store, trial_id_of(id, t), count_paused, &paused[t], &e));
        assert_int_equal(paused[1] + paused[2], 2);
        assert_int_equal(w->attempts_of[1] + w->attempts_of[2], 4);
        assert_int_equal(w->attempts_of[3] + w->attempts_of[4], 2);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_goes_on_from_its_checkpoint),
        cmocka_unit_test(all_of_a_search),
        cmocka_unit_test(from_outside),
        cmocka_unit_test(a_stronger_wish_stands),
        cmocka_unit_test(a_crash_on_the_way),
    };
    return RUN_TESTS(tests);
}
