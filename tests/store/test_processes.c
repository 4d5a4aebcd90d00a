/*
 * Several processes at one store: the lock, readers beside the writer, and what survives kill -9.
 */
#include "scratch.h"

#include "base/failpoint.h"
#include "base/rng.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 30, POINTS = 5 };

static void nap(uint64_t us)
{
    struct timespec t = {.tv_nsec = (long)us * 1000};
    nanosleep(&t, NULL);
}

static void reap(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* A process that takes the lock, says so through `said`, and sleeps. */
static pid_t lock_elsewhere(struct scratch *t, int said[2])
{
    pid_t pid = fork();
    if (pid == 0) {
        struct store *s = NULL;
        char ok =
            store_open(t->where, STORE_WRITE, 0, &s, NULL) == OK && s && store_lock(s, NULL) == OK;
        if (write(said[1], &ok, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    return pid;
}

static void the_lock_dies_with_its_holder(void **state)
{
    struct scratch *t = *state;
    struct error e;
    char ok = 0, want[64];
    int said[2];
    assert_int_equal(pipe(said), 0);
    store_close(t->s);
    pid_t pid = lock_elsewhere(t, said);
    assert_int_equal(read(said[0], &ok, 1), 1);
    assert_true(ok);
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
    assert_int_equal(store_lock(t->s, &e), E_BUSY);
    snprintf(want, sizeof(want), "(pid %d) holds the store", (int)pid);
    assert_non_null(strstr(e.message, want));
    struct store *reader = scratch_reader(t); /* readers mind no lock */
    store_close(reader);
    kill(pid, SIGKILL);
    reap(pid);
    assert_ok(store_lock(t->s, NULL));
    close(said[0]);
    close(said[1]);
}

/* ---- a writer that is killed ---- */

/* Group i: journal entry i, trial i, its attempt, POINTS points of it. */
static bool write_group(struct scratch *t, int64_t i)
{
    struct attempt_id attempt;
    const struct journal_row entry = {.seq = i, .kind = STR("ask"), .data = STR("{}")};
    const struct trial_row trial = {
        .id = trial_id_of(t->search, i), .params = STR("{}"), .config_hash = i};
    const struct attempt_row run = {.trial = trial.id, .number = 1, .state = ATTEMPT_ENDED};
    struct metric_point p[POINTS];
    for (int k = 0; k < POINTS; k++)
        p[k] = (struct metric_point){.seq = k, .step = k, .value = (double)i, .name = STR("m")};
    return store_begin(t->s, NULL) == OK &&
           store_journal_append(t->s, t->search, &entry, NULL) == OK &&
           store_trial_insert(t->s, &trial, NULL) == OK &&
           store_attempt_insert(t->s, &run, &attempt, NULL) == OK &&
           store_metrics_add(t->s, attempt, p, POINTS, NULL) == OK &&
           store_commit(t->s, NULL) == OK;
}

/* Goes on from the journal's end for ever, acknowledging each group in a pipe. */
static void write_until_killed(struct scratch *t, int64_t next, int ack)
{
    if (store_open(t->where, STORE_WRITE, 0, &t->s, NULL) != OK || store_lock(t->s, NULL) != OK)
        _exit(1);
    for (int64_t i = next;; i++)
        if (!write_group(t, i) || write(ack, &i, sizeof(i)) != sizeof(i))
            _exit(1);
}

struct audit {
    int64_t entries, trials, attempts, points;
};

static enum code audit_entry(void *self, const struct journal_row *row)
{
    struct audit *a = self;
    assert_int_equal(row->seq, ++a->entries);
    return OK;
}

static enum code audit_trial(void *self, const struct trial_row *row)
{
    struct audit *a = self;
    assert_int_equal(trial_id_number(row->id), ++a->trials);
    return OK;
}

static enum code audit_attempt(void *self, const struct attempt_row *row)
{
    struct audit *a = self;
    assert_int_equal(trial_id_number(row->trial), ++a->attempts);
    return OK;
}

static enum code audit_point(void *self, const struct metric_point *p)
{
    struct audit *a = self;
    assert_int_equal(p->seq, a->points % POINTS);
    a->points++;
    return OK;
}

/* All groups up to the last are there, whole, once; returns how many there are. */
static int64_t audit(struct scratch *t, struct store *s)
{
    struct audit a = {0};
    assert_ok(store_begin(s, NULL));
    assert_ok(store_journal(s, t->search, 1, audit_entry, &a, NULL));
    assert_ok(store_trials(s, t->search, 0, audit_trial, &a, NULL));
    assert_ok(store_search_attempts(s, t->search, audit_attempt, &a, NULL));
    for (int64_t i = 1; i <= a.trials; i++)
        assert_ok(
            store_metrics(s, trial_id_of(t->search, i), (struct str){0}, audit_point, &a, NULL));
    store_rollback(s);
    assert_int_equal(a.trials, a.entries);
    assert_int_equal(a.attempts, a.entries);
    assert_int_equal(a.points, a.entries * POINTS);
    return a.entries;
}

/* The highest group acknowledged before the pipe ended. */
static int64_t last_acknowledged(int fd, int64_t before)
{
    int64_t i;
    while (read(fd, &i, sizeof(i)) == sizeof(i))
        before = i;
    return before;
}

static void what_was_acknowledged_survives(void **state)
{
    struct scratch *t = *state;
    struct rng r;
    struct problems p;
    int64_t acknowledged = 0, there = 0;
    rng_init(&r, 20, 1);
    scratch_search(t, false);
    store_close(t->s);
    t->s = NULL;
    for (int round = 0; round < ROUNDS; round++) {
        int ack[2];
        assert_int_equal(pipe(ack), 0);
        pid_t pid = fork();
        if (pid == 0)
            write_until_killed(t, there + 1, ack[1]);
        close(ack[1]);
        nap(1000 + rng_below(&r, 30000));
        kill(pid, SIGKILL);
        reap(pid);
        int64_t before = there > acknowledged ? there : acknowledged;
        acknowledged = last_acknowledged(ack[0], acknowledged);
        before = before > acknowledged ? before : acknowledged;
        close(ack[0]);
        struct store *reader = scratch_reader(t); /* recovers by itself */
        there = audit(t, reader);
        store_close(reader);
        assert_true(there >= acknowledged);
        assert_true(there <= before + 1); /* committed, killed before it could say so */
    }
    assert_true(acknowledged > ROUNDS);
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
    problems_init(&p);
    assert_ok(store_check(t->s, &p));
    assert_int_equal(p.n, 0);
    problems_free(&p);
}

static void failpoints_stand_around_the_commit(void **state)
{
    struct scratch *t = *state;
    static const struct {
        const char *name;
        int64_t there;
    } points[] = {{"store.before-commit:2", 1}, {"store.after-commit:2", 3}};
    scratch_search(t, false);
    store_close(t->s);
    t->s = NULL;
    for (int i = 0; i < 2; i++) {
        int ack[2];
        assert_int_equal(pipe(ack), 0);
        pid_t pid = fork();
        if (pid == 0) {
            setenv("TRAWL_FAILPOINT", points[i].name, 1);
            if (failpoint_init(NULL) == OK)
                write_until_killed(t, i + 1, ack[1]);
            _exit(1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        struct store *reader = scratch_reader(t);
        assert_int_equal(audit(t, reader), points[i].there);
        store_close(reader);
        close(ack[0]);
        close(ack[1]);
    }
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
}

static void readers_read_while_one_writes(void **state)
{
    struct scratch *t = *state;
    int64_t seen = 0;
    int ack[2];
    scratch_search(t, false);
    store_close(t->s);
    t->s = NULL;
    assert_int_equal(pipe(ack), 0);
    pid_t pid = fork();
    if (pid == 0)
        write_until_killed(t, 1, ack[1]);
    struct store *reader = scratch_reader(t);
    for (int i = 0; i < 10000 && seen < 100; i++) {
        int64_t now = audit(t, reader);
        assert_true(now >= seen);
        seen = now;
        struct store *fresh = scratch_reader(t);
        assert_true(audit(t, fresh) >= seen);
        store_close(fresh);
        nap(1000);
    }
    kill(pid, SIGKILL);
    reap(pid);
    close(ack[0]);
    close(ack[1]);
    store_close(reader);
    assert_true(seen >= 100);
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
}

/* Two who make the same store at once: both find it whole. */
static void two_make_it_at_once(void **state)
{
    struct scratch *t = *state;
    char where[200];
    for (int round = 0; round < 10; round++) {
        pid_t pids[4];
        snprintf(where, sizeof(where), "%s-%d", t->where, round);
        for (int i = 0; i < 4; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                struct store *s = NULL;
                struct search_id id;
                _exit(store_open(where, STORE_CREATE, 0, &s, NULL) == OK && s &&
                              store_search_latest(s, &id, NULL) == E_NOT_FOUND
                          ? 0
                          : 1);
            }
        }
        for (int i = 0; i < 4; i++) {
            int status = -1;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_int_equal(status, 0);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        TEST(the_lock_dies_with_its_holder),
        TEST(what_was_acknowledged_survives),
        TEST(failpoints_stand_around_the_commit),
        TEST(readers_read_while_one_writes),
        TEST(two_make_it_at_once),
    };
    return RUN_TESTS(tests);
}
