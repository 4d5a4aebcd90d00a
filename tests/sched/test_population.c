/*
 * Populations whose members copy checkpoints: the scheduler on a virtual clock, checkpoints on
 * disk.
 */
#include "base/io.h"
#include "sched/verify.h"
#include "syncs.h"
#include "testing.h"
#include "world.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define S NS_PER_S

#define YAML(search)                                                   \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n" \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n" search

#define POPULATION(parallel)                                                      \
    YAML("search: {method: 'random + pbt(population=6, quantile=0.34)', seed: 7," \
         " parallel: " parallel ", budget: {min: 2, max: 8}}\n")

/* The second attempt of each trial dies once on its way, and its supervisor with it. */
static struct step stumbles(struct world *w, struct fake_attempt *a)
{
    if (w->attempts_of[a->trial] == 2 && a->step % 2 == 1)
        return (struct step){.turn = TURN_DIE, .exit_code = a->trial % 2 ? -1 : 1};
    return world_asks(w, a);
}

/* Trial 3 never gets anywhere. */
static struct step one_fails(struct world *w, struct fake_attempt *a)
{
    if (a->trial == 3)
        return (struct step){.turn = TURN_DIE, .exit_code = 1};
    return world_asks(w, a);
}

static struct world *make(struct step (*program)(struct world *, struct fake_attempt *))
{
    struct world *w = world_new();
    w->program = program;
    w->checkpoints = true;
    world_start(w, 6);
    return w;
}

static void read_steps(const struct world *w, int64_t trial, struct buf *b)
{
    char path[160];
    struct error e = {0};
    snprintf(path, sizeof path, "%s/trials/1/%d/checkpoint/steps", w->dir, (int)trial);
    buf_clear(b);
    if (io_read_file(path, 1 << 16, b, &e) != OK)
        fail_msg("%s", e.message);
}

static struct str why_of(const struct world *w, struct search_id id, struct arena *a)
{
    struct search_row row;
    struct error e = {0};
    assert_ok(store_search_get(w->store, id, a, &row, &e));
    return row.why;
}

struct checking {
    struct world *w;
    int copies;
};

/* Its first lines are its parent's, and all that follow its own. */
static enum code check_trial(void *self, const struct trial_row *row)
{
    struct checking *c = self;
    int64_t number = trial_id_number(row->id);
    struct buf own, parents;
    if (row->parent == 0)
        return OK;
    c->copies++;
    buf_init(&own, 1 << 16);
    buf_init(&parents, 1 << 16);
    read_steps(c->w, number, &own);
    read_steps(c->w, row->parent, &parents);
    struct str mine = buf_view(&own), theirs = buf_view(&parents);
    for (int64_t step = 1; step <= row->from_step; step++) {
        struct str a = str_cut(&mine, '\n'), b = str_cut(&theirs, '\n');
        if (!str_eq(a, b))
            fail_msg("step %d of trial %d is not its parent's", (int)step, (int)number);
    }
    char name[16];
    snprintf(name, sizeof name, "%d", (int)number);
    int64_t steps = row->from_step;
    while (mine.n > 0) {
        assert_true(str_is(str_cut(&mine, '\n'), name));
        steps++;
    }
    assert_int_equal(steps, c->w->progress[number]);
    buf_free(&own);
    buf_free(&parents);
    return OK;
}

/* Nothing is left beside a checkpoint; but for what a crash leaves, which is gc's. */
static void check_tidy(const struct world *w)
{
    for (int t = 1; t < TRIALS_MAX; t++) {
        char path[160];
        struct dirent *d;
        snprintf(path, sizeof path, "%s/trials/1/%d", w->dir, t);
        DIR *dir = opendir(path);
        while (dir != NULL && (d = readdir(dir)) != NULL)
            if (strchr(d->d_name, '@') != NULL || strstr(d->d_name, "copying") != NULL)
                fail_msg("%s of trial %d is left", d->d_name, t);
        if (dir != NULL)
            closedir(dir);
    }
}

static void check(struct world *w, struct search_id id, int members)
{
    struct error e = {0};
    struct checking c = {.w = w};
    struct arena a;
    arena_init(&a, 1 << 20);
    while (w->n_work > 0) { /* what is removed behind the search's end */
        struct fake_work x = w->work[--w->n_work];
        x.run(x.self);
        x.done(x.self);
    }
    if (world_state(w, id) != SEARCH_COMPLETED)
        fail_msg("the search is %s: %.*s", search_state_name(world_state(w, id)),
                 STR_FMT(why_of(w, id, &a)));
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED), members);
    assert_int_equal(world_count(w, id, TRIAL_PAUSED) + world_count(w, id, TRIAL_QUEUED), 0);
    assert_ok(store_trials(w->store, id, 0, check_trial, &c, &e));
    assert_in_range(c.copies, 1, 18);
    assert_int_equal(w->running, 0);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
    arena_free(&a);
}

static void copies_go_on_from_their_parents(void **state)
{
    static const char *const yamls[] = {POPULATION("1"), POPULATION("2"), POPULATION("6")};
    for (size_t i = 0; i < 3; i++)
        for (unsigned jitter = 0; jitter < 8; jitter++) {
            struct world *w = make(jitter % 2 ? world_asks : world_never_asks);
            w->jitter = jitter;
            w->work_ns = jitter % 3 ? 3 * S : 0;
            struct search_id id = world_submit(w, yamls[i]);
            world_run(w, 0);
            print_message("# %d, jitter %u\n", (int)i, jitter);
            check(w, id, 6);
            check_tidy(w);
            assert_true(w->most_running <= (i == 0 ? 1 : i == 1 ? 2 : 6));
            world_free(w);
        }
}

/* With one slot the journal is the same, however long a copy takes. */
static void one_slot_is_one_sequence(void **state)
{
    struct buf journals[2];
    for (int i = 0; i < 2; i++) {
        struct world *w = make(world_asks);
        w->work_ns = i * 5 * S;
        struct search_id id = world_submit(w, POPULATION("1"));
        world_run(w, 0);
        buf_init(&journals[i], 1 << 20);
        world_journal(w, id, &journals[i]);
        world_free(w);
    }
    assert_true(str_eq(buf_view(&journals[0]), buf_view(&journals[1])));
    buf_free(&journals[0]);
    buf_free(&journals[1]);
}

static void without_workers_it_is_the_same(void **state)
{
    for (int refuse = 0; refuse < 2; refuse++) {
        struct world *w = world_new();
        w->program = world_asks;
        w->checkpoints = true;
        w->no_workers = refuse == 0;
        w->workers_refuse = refuse == 1;
        world_start(w, 6);
        struct search_id id = world_submit(w, POPULATION("3"));
        world_run(w, 0);
        check(w, id, 6);
        world_free(w);
    }
}

static void who_dies_on_the_way_is_retried(void **state)
{
    struct world *w = make(stumbles);
    struct search_id id = world_submit(w, POPULATION("3"));
    world_run(w, 0);
    check(w, id, 6);
    world_free(w);
}

static void who_fails_is_replaced(void **state)
{
    struct world *w = make(one_fails);
    struct search_id id = world_submit(w, POPULATION("3"));
    world_run(w, 0);
    assert_int_equal(world_count(w, id, TRIAL_FAILED), 1);
    check(w, id, 6);
    world_free(w);
}

static void crash_at(int64_t n, const char *yaml)
{
    struct world *w = make(n % 2 ? world_asks : world_never_asks);
    struct error e = {0};
    w->jitter = (unsigned)n + 1;
    w->work_ns = n % 3 * S;
    struct search_id id = world_submit(w, yaml);
    for (int again = 0; again < 3; again++) {
        world_run(w, n);
        world_crash(w);
        world_start(w, 6);
        assert_ok(scheduler_open(w->scheduler, id, &e));
        if (world_state(w, id) != SEARCH_COMPLETED && scheduler_resume(w->scheduler, id, &e) != OK)
            fail_msg("%s", e.message);
    }
    world_run(w, 0);
    print_message("# crashes %d turns apart\n", (int)n);
    check(w, id, 6);
    world_free(w);
}

static void a_crash_at_any_turn_loses_nothing(void **state)
{
    for (int64_t n = 1; n < 60; n++) {
        crash_at(n, POPULATION("2"));
        crash_at(n, POPULATION("6"));
    }
}

static void a_search_is_paused_among_copies(void **state)
{
    for (int64_t n = 5; n < 60; n += 6) {
        struct world *w = make(world_asks);
        struct error e = {0};
        w->work_ns = 2 * S;
        struct search_id id = world_submit(w, POPULATION("3"));
        world_run(w, n);
        if (world_state(w, id) == SEARCH_RUNNING) {
            assert_ok(scheduler_pause(w->scheduler, id, &e));
            world_run(w, 0);
            assert_int_equal(world_state(w, id), SEARCH_PAUSED);
            assert_ok(scheduler_resume(w->scheduler, id, &e));
        }
        world_run(w, 0);
        check(w, id, 6);
        world_free(w);
    }
}

/* A program that keeps none is of no use to a population, and its search says so. */
static void without_checkpoints_it_ends_with_a_word(void **state)
{
    struct world *w = world_new();
    w->program = world_asks;
    world_start(w, 6);
    struct search_id id = world_submit(w, POPULATION("2"));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_FAILED);
    struct arena a;
    arena_init(&a, 1 << 20);
    struct str why = why_of(w, id, &a);
    assert_non_null(memmem(why.p, why.n, "left no checkpoint by step 2", 28));
    arena_free(&a);
    assert_int_equal(w->running, 0);
    world_free(w);
}

/* A copy that was stopped before it began may be wanted after all, while its parent is still there.
 */
static void a_person_stops_one_and_wants_it_back(void **state)
{
    struct world *w = make(world_asks);
    struct error e = {0};
    w->work_ns = 30 * S;
    struct search_id id = world_submit(w, POPULATION("2"));
    while (world_count(w, id, TRIAL_STOPPED) == 0)
        world_run(w, 1);
    assert_ok(scheduler_trial_stop(w->scheduler, trial_id_of(id, 7), &e));
    world_run(w, 3);
    assert_ok(scheduler_trial_retry(w->scheduler, trial_id_of(id, 7), &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    struct checking c = {.w = w};
    assert_ok(store_trials(w->store, id, 0, check_trial, &c, &e));
    world_free(w);
}

static void a_schedule_is_replayed(void **state)
{
    struct world *w = make(world_asks);
    struct search_id id = world_submit(
        w,
        YAML("search: {seed: 1, seeds: 3, parallel: 2, schedule: [{until: 2, params: {x: 0.5, k:"
             " a}}, {until: 5, params: {x: 0.25, k: a}}, {until: 8, params: {x: 0.5, k: b}}]}\n"));
    world_run(w, 0);
    check(w, id, 3);
    world_free(w);
}

/* With `durability: power` a copy is synced: its file, its folder and the trial's; before that a
 * trial does not begin with it. */
static void copies_survive_a_loss_of_power(void **state)
{
    static const char *const durabilities[] = {"default", "power"};
    for (int power = 0; power < 2; power++) {
        char yaml[600];
        struct world *w = make(world_asks);
        struct checking c = {.w = w};
        snprintf(yaml, sizeof yaml, "%sdurability: %s\n", POPULATION("3"), durabilities[power]);
        synced = 0;
        struct search_id id = world_submit(w, yaml);
        world_run(w, 0);
        assert_ok(store_trials(w->store, id, 0, check_trial, &c, NULL));
        assert_true(c.copies > 0);
        if (power)
            assert_true(synced >= 3 * c.copies);
        else
            assert_int_equal(synced, 0);
        check(w, id, 6);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_go_on_from_their_parents),
        cmocka_unit_test(one_slot_is_one_sequence),
        cmocka_unit_test(without_workers_it_is_the_same),
        cmocka_unit_test(who_dies_on_the_way_is_retried),
        cmocka_unit_test(who_fails_is_replaced),
        cmocka_unit_test(a_crash_at_any_turn_loses_nothing),
        cmocka_unit_test(a_search_is_paused_among_copies),
        cmocka_unit_test(without_checkpoints_it_ends_with_a_word),
        cmocka_unit_test(a_person_stops_one_and_wants_it_back),
        cmocka_unit_test(a_schedule_is_replayed),
        cmocka_unit_test(copies_survive_a_loss_of_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
