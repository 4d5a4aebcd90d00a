/*
 * Checkpoints that are kept, and that go: on the virtual clock, with real files. What a program
 * saves says of which step it is.
 */
#include "base/io.h"
#include "sched/checkpoint.h"
#include "sched/verify.h"
#include "syncs.h"
#include "testing.h"
#include "world.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define S NS_PER_S

#define YAML(method, checkpoints)                                                           \
    "space: toy\ncommand: ./t ${args}\nmetric: loss\ngoal: minimize\n"                      \
    "parameters: {x: 'uniform(0, 1)', k: 'choice(a, b, c)'}\n"                              \
    "baseline: {x: 0.5, k: a}\ncheckpoints: " checkpoints "\n"                              \
    "search: {seed: 7, parallel: 3, trials: 11, budget: {min: 1, max: 9}, method: 'random " \
    "+ " method "'}\n"

static void path_of(const struct world *w, int64_t trial, const char *name, char path[200])
{
    snprintf(path, 200, "%s/trials/1/%lld/%s", w->dir, (long long)trial, name);
}

static void save(struct world *w, int64_t trial, int64_t step)
{
    char path[200], text[24];
    path_of(w, trial, "checkpoint", path);
    assert_ok(io_make_dirs(path, 0700, NULL));
    path_of(w, trial, "checkpoint/state", path);
    snprintf(text, sizeof text, "%lld", (long long)step);
    assert_ok(io_replace_file(path, str_of(text), 0600, NULL));
}

/* What is saved under a name: its step; -1: nothing. */
static int64_t saved(const struct world *w, int64_t trial, const char *name)
{
    char path[200], file[80];
    struct buf b;
    snprintf(file, sizeof file, "%s/state", name);
    path_of(w, trial, file, path);
    if (access(path, F_OK) < 0)
        return -1;
    buf_init(&b, 100);
    assert_ok(io_read_file(path, 100, &b, NULL));
    int64_t step = strtoll(b.p, NULL, 10);
    buf_free(&b);
    return step;
}

/* Best at step 4. */
static double loss(const struct fake_attempt *a, int64_t step)
{
    return (double)(a->trial * 5 % 12) + fabs((double)step - 4) / 10;
}

static struct step saves(struct world *w, struct fake_attempt *a)
{
    save(w, a->trial, a->step + 1);
    return (struct step){
        .turn = TURN_REPORT, .ns = S, .value = loss(a, a->step + 1), .waits = true};
}

static struct step saves_and_never_asks(struct world *w, struct fake_attempt *a)
{
    struct step s = saves(w, a);
    s.waits = false;
    return s;
}

static struct world *begin(struct step (*program)(struct world *, struct fake_attempt *),
                           const char *yaml, struct search_id *ret)
{
    struct world *w = world_new();
    w->program = program;
    w->work_ns = 5 * S; /* longer than a step: who does not wait for a copy spoils it */
    world_start(w, 3);
    *ret = world_submit(w, yaml);
    return w;
}

static void check_completed(struct world *w, struct search_id id)
{
    struct error e = {0};
    assert_int_equal(world_state(w, id), SEARCH_COMPLETED);
    assert_int_equal(world_count(w, id, TRIAL_COMPLETED) + world_count(w, id, TRIAL_STOPPED), 12);
    if (journal_verify(w->store, id, NULL, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
}

struct shape {
    int64_t best, step[13];
    enum trial_state state[13];
};

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct shape *x = self;
    x->step[trial_id_number(row->id)] = row->step;
    x->state[trial_id_number(row->id)] = row->state;
    return OK;
}

static struct shape shape_of(struct world *w, struct search_id id)
{
    struct shape x = {0};
    struct arena a;
    struct search_row row;
    arena_init(&a, 1 << 20);
    assert_ok(store_trials(w->store, id, 0, on_trial, &x, NULL));
    assert_ok(store_search_get(w->store, id, &a, &row, NULL));
    x.best = row.best_trial;
    arena_free(&a);
    return x;
}

/* Whatever is there under its own name is whole and of its step; leftovers there are none. */
static void check_copies(struct world *w, int64_t trial, size_t n, const int64_t *steps)
{
    struct checkpoint_sizes sizes;
    char folder[200], name[48];
    path_of(w, trial, "", folder);
    checkpoint_measure(folder, &sizes);
    assert_int_equal(sizes.n_copies, n);
    int64_t bytes = saved(w, trial, "checkpoint") >= 0;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(sizes.steps[i], steps[i]);
        snprintf(name, sizeof name, "checkpoint@%d", (int)steps[i]);
        assert_int_equal(saved(w, trial, name), steps[i]);
        bytes++;
    }
    assert_int_equal(sizes.bytes, bytes); /* each of its one byte */
}

/* A trial is judged at 1, 3 and 9; the last is its end, which stands in `checkpoint`. */
static void check_rungs(struct world *w, struct search_id id, bool climbs)
{
    static const int64_t rungs[] = {1, 3};
    struct shape x = shape_of(w, id);
    for (int64_t t = 1; t <= 12; t++) {
        bool baseline = t == 1;
        size_t n = climbs ? (x.step[t] >= 3) + (x.step[t] >= 1) : (x.step[t] > 3) + (x.step[t] > 1);
        if (baseline) /* nobody judges it */
            continue;
        check_copies(w, t, n, rungs);
        assert_int_equal(saved(w, t, "checkpoint"), x.step[t]);
    }
}

static void every_rung(void **state)
{
    static const char *const yaml[] = {YAML("asha", "{keep: every_rung}"),
                                       YAML("asha(variant=promote)", "{keep: every_rung}")};
    for (int i = 0; i < 2; i++) {
        struct search_id id;
        struct world *w = begin(saves, yaml[i], &id);
        world_run(w, 0);
        check_completed(w, id);
        check_rungs(w, id, i == 1);
        assert_true(w->n_worked > 3);
        world_free(w);
    }
}

/* With `durability: power` a copy's file, its folder and the trial's are synced, else nothing. */
static void every_rung_survives_a_loss_of_power(void **state)
{
    static const char *const durabilities[] = {"default", "power"};
    int counts[2];
    for (int power = 0; power < 2; power++) {
        char yaml[800];
        struct search_id id;
        synced = 0;
        snprintf(yaml, sizeof yaml, "%sdurability: %s\n",
                 YAML("asha(variant=promote)", "{keep: every_rung}"), durabilities[power]);
        struct world *w = begin(saves, yaml, &id);
        world_run(w, 0);
        check_rungs(w, id, true);
        counts[power] = synced;
        world_free(w);
    }
    assert_int_equal(counts[0], 0);
    assert_true(counts[1] >= 3 * 11);
    assert_int_equal(counts[1] % 3, 0);
}

/* It writes when it likes: only where it was paused is there a moment to copy. */
static void of_one_that_never_asks(void **state)
{
    static const int64_t rungs[] = {1, 3};
    struct search_id id;
    struct world *w = begin(saves_and_never_asks, YAML("asha", "{keep: every_rung}"), &id);
    world_run(w, 0);
    check_completed(w, id);
    for (int64_t t = 1; t <= 12; t++)
        check_copies(w, t, 0, NULL);
    world_free(w);
    w = begin(saves_and_never_asks, YAML("asha(variant=promote)", "{keep: every_rung}"), &id);
    world_run(w, 0);
    check_completed(w, id);
    struct shape x = shape_of(w, id);
    for (int64_t t = 2; t <= 12; t++)
        check_copies(w, t, (size_t)(x.step[t] >= 3) + 1, rungs);
    world_free(w);
}

static void check_best(struct world *w, struct search_id id)
{
    struct shape x = shape_of(w, id);
    for (int64_t t = 1; t <= 12; t++) {
        const int64_t best = x.step[t] >= 4 ? 4 : x.step[t];
        if (x.step[t] >= 4)
            check_copies(w, t, 1, &best);
    }
}

static void the_best_step(void **state)
{
    static const char *const yaml[] = {YAML("full", "{keep: best}"), YAML("asha", "{keep: best}"),
                                       YAML("asha(variant=promote)", "{keep: best}")};
    for (int i = 0; i < 3; i++) {
        struct search_id id;
        struct world *w = begin(saves, yaml[i], &id);
        world_run(w, 0);
        check_completed(w, id);
        check_best(w, id);
        world_free(w);
    }
}

static void check_only_best(struct world *w, struct search_id id)
{
    struct shape x = shape_of(w, id);
    assert_true(x.best > 0);
    for (int64_t t = 1; t <= 12; t++) {
        if (t == 1 || t == x.best)
            assert_int_equal(saved(w, t, "checkpoint"), x.step[t]);
        else
            check_copies(w, t, 0, NULL);
        assert_true(t == 1 || t == x.best || saved(w, t, "checkpoint") == -1);
    }
}

static void losers_go_while_it_runs(void **state)
{
    static const char *const yaml[] = {YAML("asha", "{of: best}"),
                                       YAML("asha(variant=promote)", "{of: best, keep: best}"),
                                       YAML("full", "{of: best, keep: every_rung}")};
    for (int i = 0; i < 3; i++) {
        struct search_id id;
        struct world *w = begin(saves, yaml[i], &id);
        bool early = false;
        while (world_state(w, id) == SEARCH_RUNNING) {
            world_run(w, 5);
            struct shape x = shape_of(w, id);
            for (int64_t t = 1; t <= 12; t++) {
                bool over = x.step[t] > 0 && trial_state_final(x.state[t]);
                early = early || (over && saved(w, t, "checkpoint") == -1);
                /* Nobody's goes that is still needed. */
                assert_true(over || x.step[t] < 1 || saved(w, t, "checkpoint") >= x.step[t]);
            }
        }
        world_run(w, 0);
        assert_true(early);
        check_completed(w, id);
        check_only_best(w, id);
        world_free(w);
    }
}

/* Paused while its copy is made, a program may write: that copy is none. It is made when it is
 * over.
 */
static void a_pause_while_it_is_copied(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = begin(saves, YAML("full", "{keep: best}"), &id);
    while (w->n_work == 0)
        world_run(w, 1);
    assert_ok(scheduler_pause(w->scheduler, id, &e));
    world_run(w, 0);
    assert_int_equal(world_state(w, id), SEARCH_PAUSED);
    assert_int_equal(w->n_work, 0);
    struct shape x = shape_of(w, id);
    for (int64_t t = 1; t <= 3; t++)
        check_copies(w, t, x.step[t] > 0, &x.step[t]);
    assert_ok(scheduler_resume(w->scheduler, id, &e));
    world_run(w, 0);
    check_completed(w, id);
    check_best(w, id);
    world_free(w);
}

/* Taken away at a rung, it has saved what is to be kept of it; anywhere else it has not. */
static void preempted_at_a_rung(void **state)
{
    static const int64_t rungs[] = {1, 3};
    struct search_id id;
    struct error e = {0};
    struct world *w = begin(saves, YAML("asha", "{keep: every_rung}"), &id);
    while (w->n == 0 || w->attempts[0].asked_at == 0 || w->attempts[0].step < 1)
        world_run(w, 1);
    assert_ok(scheduler_preempt(w->scheduler, id, &e));
    world_run(w, 0);
    check_completed(w, id);
    check_copies(w, 1, 2, rungs);
    assert_int_equal(w->attempts_of[1], 2);
    world_free(w);
}

static void retried_it_begins_anew(void **state)
{
    struct search_id id;
    struct error e = {0};
    struct world *w = begin(saves, YAML("asha", "{of: best}"), &id);
    world_run(w, 0);
    struct shape x = shape_of(w, id);
    int64_t stopped = 2;
    while (x.state[stopped] != TRIAL_STOPPED || stopped == x.best)
        stopped++;
    assert_int_equal(saved(w, stopped, "checkpoint"), -1);
    w->progress[stopped] = 0;
    assert_ok(scheduler_trial_retry(w->scheduler, trial_id_of(id, stopped), &e));
    while (w->progress[stopped] < 2)
        world_run(w, 1);
    assert_true(saved(w, stopped, "checkpoint") >= 2);
    world_run(w, 0);
    check_completed(w, id);
    check_only_best(w, id);
    world_free(w);
}

static void crash_at(int64_t n, const char *yaml, void (*check)(struct world *, struct search_id))
{
    struct search_id id;
    struct world *w = begin(saves, yaml, &id);
    w->jitter = (unsigned)n + 1;
    world_run(w, n);
    world_crash(w);
    world_take_up(w, 3, id);
    world_run(w, 0);
    check_completed(w, id);
    check(w, id);
    world_free(w);
}

static void a_crash_leaves_nothing_behind(void **state)
{
    for (int64_t n = 1; n < 80; n += 8) {
        crash_at(n, YAML("asha", "{of: best}"), check_only_best);
        crash_at(n, YAML("asha(variant=promote)", "{of: best, keep: every_rung}"), check_only_best);
    }
}

static void what_is_needed(void **state)
{
    for (int s = 0; s < TRIAL_STATE_COUNT; s++) {
        struct checkpoint_use u = {.state = (enum trial_state)s};
        assert_int_equal(checkpoint_is_needed(&u), !trial_state_final(u.state));
        u.keep_failed = true;
        assert_int_equal(checkpoint_is_needed(&u),
                         !trial_state_final(u.state) || u.state == TRIAL_FAILED);
        u.keep_stopped = true;
        assert_int_equal(checkpoint_is_needed(&u), !trial_state_final(u.state) ||
                                                       u.state == TRIAL_FAILED ||
                                                       u.state == TRIAL_STOPPED);
        u.wins = true;
        assert_true(checkpoint_is_needed(&u));
        u = (struct checkpoint_use){.state = (enum trial_state)s, .baseline = true};
        assert_true(checkpoint_is_needed(&u));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rung),
        cmocka_unit_test(every_rung_survives_a_loss_of_power),
        cmocka_unit_test(of_one_that_never_asks),
        cmocka_unit_test(the_best_step),
        cmocka_unit_test(losers_go_while_it_runs),
        cmocka_unit_test(a_pause_while_it_is_copied),
        cmocka_unit_test(preempted_at_a_rung),
        cmocka_unit_test(retried_it_begins_anew),
        cmocka_unit_test(a_crash_leaves_nothing_behind),
        cmocka_unit_test(what_is_needed),
    };
    return RUN_TESTS(tests);
}
