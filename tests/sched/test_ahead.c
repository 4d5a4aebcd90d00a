/*
 * Suggestions made by workers, on the virtual clock: when they are begun, what they are based on,
 * and that neither time nor crashes nor wishes change a search that must be one sequence.
 *
 * The sampler is "thinking" (kinds.c): its proposals depend on every bit it is shown.
 */
#include "../search/thinking.h"
#include "sched/verify.h"
#include "testing.h"
#include "world.h"

#include <string.h>

#define S NS_PER_S

#define YAML(search)                                                   \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n" search

#define FIXED "search: {trials: 14, method: thinking + asha, seed: 7, parallel: 3, order: fixed"
#define STEPS ", budget: {min: 1, max: 3}}\n"

/* Trials take different times, so that no two end at once. */
static struct step trains(struct world *w, struct fake_attempt *a)
{
    if (a->steps == 0 && a->step >= 1)
        return (struct step){.turn = TURN_EXIT};
    return (struct step){.turn = TURN_REPORT,
                         .ns = 10 * S + a->trial * S / 7,
                         .value = (double)(a->trial % 7) + 1.0 / (double)(a->step + 1),
                         .waits = true};
}

/* The first attempt of the third trial fails for good. */
static struct step third_fails(struct world *w, struct fake_attempt *a)
{
    if (a->trial == 3 && w->attempts_of[3] == 1)
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    return trains(w, a);
}

static struct world *open_world(int64_t work_ns, unsigned jitter)
{
    struct world *w = world_new();
    w->program = trains;
    w->work_ns = work_ns;
    w->jitter = jitter;
    return w;
}

/* --- what the journal says of the asks --- */

struct asked {
    int64_t seq, seen, last_ask, last_exit; /* the last ones before it */
};

struct asks {
    struct asked v[TRIALS_MAX];
    size_t n;
    int64_t last_ask, last_exit;
};

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct asks *a = self;
    if (str_is(row->kind, "exit"))
        a->last_exit = row->seq;
    if (!str_is(row->kind, "ask"))
        return OK;
    const char *seen = memmem(row->data.p, row->data.n, "\"seen\":", 7);
    assert_non_null(seen);
    a->v[a->n++] = (struct asked){row->seq, strtoll(seen + 7, NULL, 10), a->last_ask, a->last_exit};
    a->last_ask = row->seq;
    return OK;
}

static struct asks asks_of(struct world *w, struct search_id id)
{
    struct asks a = {.n = 0};
    assert_ok(store_journal(w->store, id, 1, on_entry, &a, NULL));
    return a;
}

static void check_journal(struct world *w, struct search_id id)
{
    struct error e = {0};
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

static void check_completed(struct world *w, struct search_id id, int64_t trials)
{
    if (world_state(w, id) != SEARCH_COMPLETED)
        fail_msg("it is %s", search_state_name(world_state(w, id)));
    int64_t over = world_count(w, id, TRIAL_COMPLETED) + world_count(w, id, TRIAL_STOPPED);
    assert_int_equal(over, trials);
    check_journal(w, id);
}

/* --- when they are made --- */

static void a_slot_that_gets_free_finds_one_made(void **state)
{
    struct world *w = open_world(S, 0);
    world_start(w, 2);
    struct search_id id =
        world_submit(w, YAML("search: {trials: 30, method: thinking, seed: 1, parallel: 2}\n"));
    world_run(w, 0);
    check_completed(w, id, 30);
    assert_int_equal(w->idle_ns, 0);
    struct asks a = asks_of(w, id);
    assert_int_equal(a.n, 30);
    for (size_t i = 2; i < a.n; i++) { /* all results but the newest */
        assert_int_equal(a.v[i].seen, a.v[i].last_ask);
        assert_true(a.v[i].last_exit > a.v[i].seen);
    }
    world_free(w);
}

static void one_slot_waits_for_a_fresh_one(void **state)
{
    struct world *w = open_world(S, 0);
    world_start(w, 1);
    struct search_id id =
        world_submit(w, YAML("search: {trials: 30, method: thinking, seed: 1, parallel: 1}\n"));
    world_run(w, 0);
    check_completed(w, id, 30);
    assert_int_equal(w->idle_ns, 29 * S);
    assert_int_equal(w->n_worked, 30);
    struct asks a = asks_of(w, id);
    for (size_t i = 0; i < a.n; i++)
        assert_int_equal(a.v[i].seen, a.v[i].seq - 1);
    world_free(w);
}

static void a_sampler_that_takes_no_time_needs_no_worker(void **state)
{
    struct world *w = open_world(S, 0);
    world_start(w, 2);
    struct search_id id =
        world_submit(w, YAML("search: {trials: 10, method: random, seed: 1, parallel: 2}\n"));
    world_run(w, 0);
    check_completed(w, id, 10);
    assert_int_equal(w->n_worked, 0);
    world_free(w);
}

static void only_the_first_needs_no_second(void **state)
{
    struct world *w = open_world(S, 0);
    world_start(w, 2);
    scheduler_only_first(w->scheduler);
    struct search_id id =
        world_submit(w, YAML("search: {trials: 10, method: thinking, seed: 1, parallel: 2}\n"));
    world_run(w, 0);
    check_completed(w, id, 1);
    assert_int_equal(w->n_worked, 1);
    world_free(w);
}

static void searches_side_by_side(void **state)
{
    struct world *w = open_world(S, 5);
    struct search_id ids[4];
    world_start(w, 8);
    for (int i = 0; i < 4; i++)
        ids[i] =
            world_submit(w, YAML("search: {trials: 9, method: thinking, seed: 1, parallel: 2}\n"));
    world_run(w, 0);
    for (int i = 0; i < 4; i++)
        check_completed(w, ids[i], 9);
    world_free(w);
}

static void a_finite_set_comes_to_its_end(void **state)
{
    struct world *w = open_world(S, 0);
    world_start(w, 2);
    thinking_ends_at = 5;
    struct search_id id =
        world_submit(w, YAML("search: {trials: 30, method: thinking, seed: 1, parallel: 2}\n"));
    world_run(w, 0);
    thinking_ends_at = -1;
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 5);
    world_free(w);
}

static void a_failure_ends_the_search(void **state)
{
    struct world *w = open_world(S, 0);
    struct error e = {0};
    world_start(w, 2);
    thinking_fails_at = 4;
    struct search_id id =
        world_submit(w, YAML("search: {trials: 30, method: thinking, seed: 1, parallel: 2}\n"));
    thinking_fails_at = -1;
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_FAILED);
    struct arena a;
    struct search_row row;
    arena_init(&a, 16 << 20);
    assert_ok(store_search_get(w->store, id, &a, &row, &e));
    assert_true(str_is(row.why, "it has thought too long"));
    arena_free(&a);
    assert_ok(scheduler_resume(w->scheduler, id, &e)); /* it fails once */
    world_run(w, 0);
    check_completed(w, id, 30);
    world_free(w);
}

/* --- one sequence --- */

/* How the suggestions are made. */
enum making { BY_WORKERS, ON_THE_SPOT, REFUSED, MAKINGS };

static void journal_of(const char *yaml, enum making making, int64_t work_ns, unsigned jitter,
                       struct buf *b)
{
    struct world *w = open_world(work_ns, jitter);
    w->no_workers = making == ON_THE_SPOT;
    w->workers_refuse = making == REFUSED;
    world_start(w, 4);
    struct search_id id = world_submit(w, yaml);
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    check_journal(w, id);
    buf_init(b, 16 << 20);
    world_journal(w, id, b);
    assert_ok(buf_end(b, NULL));
    world_free(w);
}

static void is_one_sequence(const char *yaml, unsigned jitters)
{
    struct buf calm, other;
    journal_of(yaml, ON_THE_SPOT, 0, 0, &calm);
    for (int making = BY_WORKERS; making < MAKINGS; making++)
        for (unsigned jitter = 0; jitter < jitters; jitter++) {
            journal_of(yaml, (enum making)making, jitter * 9 * S, jitter * 7919, &other);
            if (strcmp(calm.p, other.p) != 0)
                fail_msg("making %d, jitter %u:\n%s\ninstead of\n%s", making, jitter, other.p,
                         calm.p);
            buf_free(&other);
        }
    buf_free(&calm);
}

static void one_slot_is_one_sequence(void **state)
{
    is_one_sequence(
        YAML("search: {trials: 14, method: thinking + asha, seed: 7, parallel: 1" STEPS), 4);
}

static void fixed_order_is_one_sequence(void **state)
{
    is_one_sequence(YAML(FIXED STEPS), 6);
    is_one_sequence(YAML(FIXED ", seeds: 2" STEPS), 4);
    is_one_sequence(YAML("search: {trials: 2, method: thinking, seed: 7, parallel: 4, order: fixed}"
                         "\n"),
                    4); /* fewer trials than slots */
}

/* So large that the next one is made while the last is trained: past 500 trials. */
static void large_searches_are_made_ahead(void **state)
{
    static const char *const yamls[] = {
        YAML("search: {trials: 530, method: thinking, seed: 7, parallel: 1}\n"),
        YAML("search: {trials: 530, method: thinking, seed: 7, parallel: 3, order: fixed}\n")};
    for (int i = 0; i < 2; i++) {
        struct world *w = open_world(S, 0);
        world_start(w, 4);
        struct search_id id = world_submit(w, yamls[i]);
        world_run(w, 0);
        check_completed(w, id, 530);
        struct asks a = asks_of(w, id);
        for (size_t k = 0; k < a.n; k++)
            assert_int_equal(a.v[k].seen, k <= 500 ? a.v[k].seq - 1 : a.v[k].last_ask);
        world_free(w);
        struct buf spot, slow;
        journal_of(yamls[i], ON_THE_SPOT, 0, 0, &spot);
        journal_of(yamls[i], BY_WORKERS, 17 * S, 7919, &slow);
        assert_string_equal(spot.p, slow.p);
        buf_free(&spot);
        buf_free(&slow);
    }
}

/* --- crashes --- */

static enum code on_trial(void *self, const struct trial_row *row)
{
    buf_fmt(self, "%lld %.*s %lld\n", (long long)trial_id_number(row->id), STR_FMT(row->params),
            (long long)row->seed);
    return OK;
}

static void params_of(struct world *w, struct search_id id, struct buf *b)
{
    buf_init(b, 1 << 20);
    assert_ok(store_trials(w->store, id, 0, on_trial, b, NULL));
    assert_ok(buf_end(b, NULL));
}

/* The controller dies n turns after trial `begun` began (0: at once); the next one finishes the
 * search. Returns false when the search was over before. */
static bool crash_at(const char *yaml, int64_t begun, int64_t n, int64_t trials, struct buf *b)
{
    struct error e = {0};
    struct world *w = open_world(7 * S, 0);
    world_start(w, 3);
    struct search_id id = world_submit(w, yaml);
    while (begun > 0 && w->attempts_of[begun] == 0)
        world_run(w, 1);
    world_run(w, n);
    bool early = world_state(w, id) != SEARCH_COMPLETED;
    world_crash(w);
    world_start(w, 3);
    assert_ok(scheduler_open(w->scheduler, id, &e));
    if (early)
        assert_ok(scheduler_resume(w->scheduler, id, &e));
    world_run(w, 0);
    check_completed(w, id, trials);
    params_of(w, id, b);
    world_free(w);
    return early;
}

static void a_crash_at_any_turn_loses_nothing(void **state)
{
    bool early = true;
    for (int64_t n = 1; early; n++) {
        struct buf b;
        early = crash_at(
            YAML("search: {trials: 7, method: thinking + asha, seed: 7, parallel: 3" STEPS), 0, n,
            7, &b);
        buf_free(&b);
    }
}

static void same_after_any_crash(const char *yaml, int64_t trials, int64_t begun)
{
    struct buf calm, crashed;
    bool early = crash_at(yaml, 0, 0, trials, &calm);
    assert_false(early);
    early = true;
    for (int64_t n = 1; early; n++) {
        early = crash_at(yaml, begun, n, trials, &crashed);
        if (strcmp(calm.p, crashed.p) != 0)
            fail_msg("after a crash at turn %d:\n%s\ninstead of\n%s", (int)n, crashed.p, calm.p);
        buf_free(&crashed);
    }
    buf_free(&calm);
}

static void one_sequence_after_any_crash(void **state)
{
    same_after_any_crash(YAML("search: {trials: 4, method: thinking, seed: 7, parallel: 1" STEPS),
                         4, 0);
    same_after_any_crash(
        YAML("search: {trials: 6, method: thinking, seed: 7, parallel: 3, order: fixed" STEPS), 6,
        0);
}

/* Made ahead, and lost: made again, from the same past. */
static void large_searches_after_a_crash(void **state)
{
    same_after_any_crash(YAML("search: {trials: 503, method: thinking, seed: 7, parallel: 1}\n"),
                         503, 502);
}

/* --- wishes --- */

/* Until trials were run, none is, and a suggestion is being made. */
static void run_until_waiting(struct world *w)
{
    for (int i = 0; i < 1000; i++) {
        bool made = w->n_work == 0 || w->work[0].due <= w->time.monotonic_ns;
        if (w->n > 0 && scheduler_live(w->scheduler) == 0 && !made)
            return;
        world_run(w, 1);
    }
    fail_msg("no suggestion is waited for");
}

static void paused_while_one_is_made(void **state)
{
    struct error e = {0};
    struct world *w = open_world(100 * S, 0);
    world_start(w, 1);
    struct search_id id =
        world_submit(w, YAML("search: {trials: 4, method: thinking, seed: 1, parallel: 1}\n"));
    run_until_waiting(w);
    assert_ok(scheduler_pause(w->scheduler, id, &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_PAUSED);
    assert_true(scheduler_idle(w->scheduler, id)); /* it needn't be waited for */
    assert_int_equal(w->n_work, 1);
    assert_ok(scheduler_resume(w->scheduler, id, &e));
    world_run(w, 0);
    check_completed(w, id, 4);
    assert_int_equal(w->n_worked, 4); /* none was made twice */
    world_free(w);
}

static void stopped_and_freed_while_one_is_made(void **state)
{
    struct error e = {0};
    for (int kill = 0; kill < 2; kill++) {
        struct world *w = open_world(100 * S, 0);
        world_start(w, 1);
        struct search_id id =
            world_submit(w, YAML("search: {trials: 4, method: thinking, seed: 1, parallel: 1}\n"));
        run_until_waiting(w);
        assert_ok(kill ? scheduler_kill(w->scheduler, id, &e)
                       : scheduler_stop(w->scheduler, id, &e));
        world_run(w, 0);
        assert_int_equal(world_state(w, id), SEARCH_STOPPED);
        assert_int_equal(w->n_work, 1); /* and dies with the process */
        check_journal(w, id);
        world_free(w);
    }
}

static void time_is_up_while_one_is_made(void **state)
{
    struct world *w = open_world(100 * S, 0);
    world_start(w, 1);
    struct search_id id =
        world_submit(w, YAML("search: {time: 130s, method: thinking, seed: 1, parallel: 1}\n"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), 1);
    check_journal(w, id);
    world_free(w);
}

/* A trial comes back to life while a suggestion is out that took it for dead. */
static void retried_while_one_is_made(void **state)
{
    struct error e = {0};
    struct world *w = open_world(100 * S, 0);
    w->program = third_fails;
    world_start(w, 1);
    struct search_id id = world_submit(
        w, YAML("search: {trials: 6, method: thinking, seed: 1, parallel: 1}\nretries: 0\n"));
    while (world_count(w, id, TRIAL_FAILED) == 0)
        world_run(w, 1);
    run_until_waiting(w);
    assert_ok(scheduler_trial_retry(w->scheduler, trial_id_of(id, 3), &e));
    world_run(w, 0);
    check_completed(w, id, 6);
    assert_int_equal(w->n_worked, 7); /* one was for nothing */
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_that_gets_free_finds_one_made),
        cmocka_unit_test(one_slot_waits_for_a_fresh_one),
        cmocka_unit_test(a_sampler_that_takes_no_time_needs_no_worker),
        cmocka_unit_test(only_the_first_needs_no_second),
        cmocka_unit_test(searches_side_by_side),
        cmocka_unit_test(a_finite_set_comes_to_its_end),
        cmocka_unit_test(a_failure_ends_the_search),
        cmocka_unit_test(one_slot_is_one_sequence),
        cmocka_unit_test(fixed_order_is_one_sequence),
        cmocka_unit_test(large_searches_are_made_ahead),
        cmocka_unit_test(a_crash_at_any_turn_loses_nothing),
        cmocka_unit_test(one_sequence_after_any_crash),
        cmocka_unit_test(large_searches_after_a_crash),
        cmocka_unit_test(paused_while_one_is_made),
        cmocka_unit_test(stopped_and_freed_while_one_is_made),
        cmocka_unit_test(time_is_up_while_one_is_made),
        cmocka_unit_test(retried_while_one_is_made),
    };
    return RUN_TESTS(tests);
}
