/*
 * The SQLite store's schema: other versions, other files, migrations and their backups.
 */
#include "sqlite_file.h"

#include "base/io.h"
#include "store/sqlite/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_newer_store_is_refused(void **state)
{
    struct scratch *t = *state;
    struct error e;
    alter(t, "PRAGMA user_version = 5");
    for (int mode = STORE_READ; mode <= STORE_CREATE; mode++) {
        assert_int_equal(try_open(t, (enum store_mode)mode, &e), E_VERSION);
        assert_non_null(strstr(e.message, "newer trawl"));
        assert_non_null(strstr(e.detail, "schema 5"));
        assert_true(e.hint[0]);
    }
    assert_int_equal(count_files(t->folder, "backup"), 0);
}

static void what_is_no_store_is_refused(void **state)
{
    struct scratch *t = *state;
    struct error e;
    char path[160];
    snprintf(path, sizeof(path), "%s/x", t->folder);
    static const struct {
        const char *text, *says;
    } files[] = {{"", "is empty"}, {"space: flights\n", "not an SQLite database"}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        assert_ok(io_replace_file(t->path, str_of(files[i].text), 0600, NULL));
        for (int mode = STORE_READ; mode <= STORE_CREATE; mode++) {
            assert_int_equal(try_open(t, (enum store_mode)mode, &e), E_CORRUPT);
            assert_non_null(strstr(e.message, files[i].says));
        }
    }
    unlink(t->path);
    sqlite3 *db = raw(t->path);
    sql(db, "CREATE TABLE mine (x)");
    sqlite3_close(db);
    for (int mode = STORE_READ; mode <= STORE_CREATE; mode++) {
        assert_int_equal(try_open(t, (enum store_mode)mode, &e), E_CORRUPT);
        assert_non_null(strstr(e.message, "another program's"));
    }
    db = raw(t->path); /* and it was left as it was */
    assert_int_equal(number(db, "SELECT count(*) FROM mine"), 0);
    assert_int_equal(number(db, "PRAGMA user_version"), 0);
    sqlite3_close(db);
    unlink(t->path);
    assert_int_equal(mkdir(t->path, 0700), 0);
    assert_int_equal(try_open(t, STORE_READ, &e), E_INVALID);
}

/* Runs the text of a released schema with its rows. */
static void load_fixture(struct scratch *t, const char *name)
{
    char path[512];
    struct buf b;
    buf_init(&b, 1 << 20);
    snprintf(path, sizeof(path), "%s/store/%s", getenv("TRAWL_TEST_DATA"), name);
    assert_ok(io_read_file(path, 1 << 20, &b, NULL));
    store_close(t->s);
    t->s = NULL;
    unlink(t->path);
    sqlite3 *db = raw(t->path);
    sql(db, b.p);
    sqlite3_close(db);
    buf_free(&b);
}

static enum code count_point(void *self, const struct metric_point *p)
{
    int *n = self;
    ++*n;
    return OK;
}

static void schema_1_is_understood(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    struct problems p;
    struct trial_row trial;
    int points = 0;
    arena_init(&a, 1 << 20);
    load_fixture(t, "schema-1.sql");
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
    assert_int_equal(store_schema_version(t->s), schema_current()->n);
    struct search_row row = search_of(t, (struct search_id){1}, &a);
    assert_true(str_is(row.space_name, "flights") && str_is(row.why, "finished"));
    assert_int_equal(row.state, SEARCH_COMPLETED);
    assert_int_equal(row.budget_trials, 60);
    assert_int_equal(row.counts[TRIAL_COMPLETED], 2);
    assert_int_equal(row.baseline_trial, 1);
    assert_int_equal(row.best_trial, 2);
    assert_int_equal(row.measures.n + row.requirements.n, 0);
    assert_ok(store_trial_get(t->s, trial_id_of(row.id, 2), &a, &trial, NULL));
    assert_real(trial.value, 0.81);
    assert_true(trial.scores.n_values == 1 && trial.scores.n_excess == 0);
    assert_ok(store_metrics(t->s, trial.id, STR("val_auc"), count_point, &points, NULL));
    assert_int_equal(points, 2);
    problems_init(&p);
    assert_ok(store_check(t->s, &p));
    assert_int_equal(p.n, 0);
    problems_free(&p);
    arena_free(&a);
}

/* A store of before, opened for writing, is one of now, with what it was beside it. */
static void older_schemas_are_brought_up(void **state)
{
    static const char *const names[] = {"schema-1.sql", "schema-2.sql", "schema-3.sql"};
    struct scratch *t = *state;
    struct error e;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char backup[200];
        load_fixture(t, names[i]);
        assert_int_equal(try_open(t, STORE_READ, &e), E_STATE);
        assert_true(e.hint[0]);
        assert_ok(try_open(t, STORE_WRITE, &e));
        snprintf(backup, sizeof(backup), "%s.schema%zu-backup", t->path, i + 1);
        sqlite3 *db = raw(t->path), *before = raw(backup);
        assert_int_equal(number(db, "PRAGMA user_version"), schema_current()->n);
        assert_int_equal(number(before, "PRAGMA user_version"), (int64_t)i + 1);
        assert_int_equal(
            number(before, "SELECT count(*) FROM trial"),
            number(db, "SELECT count(*) FROM trial WHERE parent = 0 AND from_step = 0"));
        assert_int_equal(number(db, "SELECT count(*) FROM search WHERE own_steps = 0"),
                         number(before, "SELECT count(*) FROM search"));
        sqlite3_close(db);
        sqlite3_close(before);
    }
}

static enum code count_front(void *self, const struct trial_row *row)
{
    int64_t *numbers = self;
    numbers[++numbers[0]] = trial_id_number(row->id);
    return OK;
}

static void schema_2_is_understood(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    struct problems p;
    struct trial_row trial;
    int64_t front[8] = {0};
    arena_init(&a, 1 << 20);
    load_fixture(t, "schema-2.sql");
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
    struct search_row row = search_of(t, (struct search_id){1}, &a);
    assert_true(str_is(row.measures, "+val_auc\n-latency_ms\n?memory_gb"));
    assert_true(str_is(row.requirements, "memory_gb < 4"));
    assert_int_equal(row.best_trial, 0);
    assert_ok(store_trial_get(t->s, trial_id_of(row.id, 2), &a, &trial, NULL));
    assert_true(trial.scores.n_values == 3 && trial.scores.n_excess == 1);
    assert_real(trial.scores.values[1], 12.5);
    assert_real(trial.scores.excess[0], -0.25);
    assert_ok(store_best(t->s, row.id, 7, count_front, front, NULL));
    assert_int_equal(front[0], 2);
    assert_int_equal(front[1], 2);
    assert_int_equal(front[2], 1);
    problems_init(&p);
    assert_ok(store_check(t->s, &p));
    assert_int_equal(p.n, 0);
    problems_free(&p);
    arena_free(&a);
}

static void a_score_that_is_none_is_damage(void **state)
{
    struct scratch *t = *state;
    struct error e;
    struct arena a;
    struct trial_row row;
    arena_init(&a, 1 << 20);
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    end_trial(t, 1, TRIAL_COMPLETED, 0.5, 3);
    commit(t);
    sql(sqlite_of(t->s)->db, "UPDATE trial SET scores = 'x'");
    assert_int_equal(store_trial_get(t->s, trial_id_of(t->search, 1), &a, &row, &e), E_CORRUPT);
    assert_non_null(strstr(e.message, "1.1 came to"));
    arena_free(&a);
}

/* A next schema, and one that breaks half way. */
static const char *const next_steps[] = {
    NULL,
    NULL,
    NULL,
    NULL,
    "ALTER TABLE trial ADD COLUMN note TEXT NOT NULL DEFAULT 'x'; PRAGMA user_version = 5;",
    "CREATE TABLE half (x); CREATE TABLE half (x); PRAGMA user_version = 6;"};

static void migrating_is_all_or_nothing(void **state)
{
    struct scratch *t = *state;
    struct error e;
    int version;
    enum schema_verdict verdict;
    const struct schema next = {next_steps, 5}, broken = {next_steps, 6};
    sqlite3 *db = sqlite_of(t->s)->db;
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    commit(t);
    assert_ok(schema_look(db, t->path, &next, &version, &verdict, NULL));
    assert_int_equal(version, 4);
    assert_int_equal(verdict, SCHEMA_OLDER);
    assert_int_equal(schema_migrate(db, t->path, &broken, 4, &e), E_IO);
    assert_non_null(strstr(e.detail, "half"));
    assert_int_equal(number(db, "PRAGMA user_version"), 4);
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    assert_ok(schema_migrate(db, t->path, &next, 4, NULL));
    assert_int_equal(number(db, "PRAGMA user_version"), 5);
    assert_int_equal(number(db, "SELECT count(*) FROM trial WHERE note = 'x'"), 1);
    assert_ok(schema_look(db, t->path, &next, &version, &verdict, NULL));
    assert_int_equal(verdict, SCHEMA_RIGHT);
}

static void a_backup_is_whole_and_kept(void **state)
{
    struct scratch *t = *state;
    struct error e;
    scratch_search(t, false); /* lies in -wal */
    for (int i = 1; i <= 2; i++) {
        char path[200];
        snprintf(path, sizeof(path), "%s.schema1-backup%s", t->path, i == 2 ? "-2" : "");
        assert_ok(schema_backup(sqlite_of(t->s)->db, t->path, 1, NULL));
        sqlite3 *db = raw(path);
        assert_int_equal(number(db, "SELECT count(*) FROM search"), 1);
        sqlite3_close(db);
    }
    assert_int_equal(count_files(t->folder, "backup"), 2);
    assert_int_equal(schema_backup(sqlite_of(t->s)->db, "/nowhere/x", 1, &e), E_IO);
}

static void an_older_store_waits_for_the_lock(void **state)
{
    struct scratch *t = *state;
    struct error e;
    int version = 0;
    const struct schema next = {next_steps, 5};
    scratch_search(t, false);
    sqlite3 *db = raw(t->path);
    assert_int_equal(schema_bring_up(db, t->path, &next, &version, &e), E_BUSY); /* t->s has it */
    assert_int_equal(number(db, "PRAGMA user_version"), 4);
    assert_int_equal(count_files(t->folder, "backup"), 0);
    store_close(t->s);
    t->s = NULL;
    for (int i = 0; i < 2; i++) { /* the second time there is nothing left to do */
        assert_ok(schema_bring_up(db, t->path, &next, &version, NULL));
        assert_int_equal(version, 5);
        assert_int_equal(number(db, "PRAGMA user_version"), 5);
        assert_int_equal(count_files(t->folder, "backup"), 1);
    }
    sqlite3_close(db);
    assert_int_equal(try_open(t, STORE_CREATE, &e), E_VERSION);
    char path[200];
    snprintf(path, sizeof(path), "%s.schema4-backup", t->path);
    assert_int_equal(rename(path, t->path), 0); /* what the backup is for */
    assert_ok(try_open(t, STORE_WRITE, &e));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        TEST(a_newer_store_is_refused),
        TEST(what_is_no_store_is_refused),
        TEST(schema_1_is_understood),
        TEST(older_schemas_are_brought_up),
        TEST(schema_2_is_understood),
        TEST(a_score_that_is_none_is_damage),
        TEST(migrating_is_all_or_nothing),
        TEST(a_backup_is_whole_and_kept),
        TEST(an_older_store_waits_for_the_lock),
    };
    return RUN_TESTS(tests);
}
