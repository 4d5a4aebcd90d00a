/*
 * What only the SQLite store does: its files, migrations, damage, a full disk. See store/sqlite/.
 */
#include "scratch.h"

#include "base/io.h"
#include "store/rank.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/schema.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void sql(sqlite3 *db, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
}

static int64_t number(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

static sqlite3 *raw(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

/* Runs SQL on the closed store behind our back. */
static void alter(struct scratch *t, const char *text)
{
    store_close(t->s);
    t->s = NULL;
    sqlite3 *db = raw(t->path);
    sql(db, text);
    sqlite3_close(db);
}

static enum code try_open(struct scratch *t, enum store_mode mode, struct error *e)
{
    struct store *s = NULL;
    memset(e, 0, sizeof(*e));
    enum code code = store_open(t->where, mode, DURABILITY_DEFAULT, &s, e);
    assert_true((code == OK) == (s != NULL));
    store_close(s);
    return code;
}

static int count_files(const char *folder, const char *part)
{
    DIR *d = opendir(folder);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        n += strstr(entry->d_name, part) != NULL;
    closedir(d);
    return n;
}

/* ---- files ---- */

static void a_new_store_is_private_and_alone(void **state)
{
    struct scratch *t = *state;
    struct store *s = NULL;
    struct stat st;
    char where[200], folder[128];
    snprintf(folder, sizeof(folder), "%s/a/b", t->folder);
    snprintf(where, sizeof(where), "sqlite:%s/store.db", folder);
    assert_ok(store_open(where, STORE_CREATE, 0, &s, NULL));
    assert_int_equal(store_schema_version(s), schema_current()->n);
    assert_string_equal(store_path(s), where + 7);
    assert_true(store_size(s) >= 4096);
    store_close(s);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(stat(where + 7, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(count_files(folder, "new-"), 0);
}

static void odd_paths_work(void **state)
{
    static const char *const names[] = {"a b?x=1#y%41.db", ":memory:", "file:x", "\xc3\xa9'\";"};
    struct scratch *t = *state;
    char cwd[256];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int relative = 0; relative < 2; relative++) {
            struct store *s = NULL;
            char path[160], where[200];
            snprintf(path, sizeof(path), "%s//%s", t->folder, names[i]);
            snprintf(where, sizeof(where), "sqlite:%s", relative ? names[i] : path);
            assert_int_equal(chdir(t->folder), 0);
            assert_ok(store_open(where, STORE_CREATE, 0, &s, NULL));
            assert_int_equal(chdir(cwd), 0);
            store_close(s);
            assert_true(exists(path, ""));
            unlink(path);
        }
    }
}

static void readers_make_no_files(void **state)
{
    struct scratch *t = *state;
    struct store *reader;
    struct arena a;
    char wal[160], shm[160];
    struct stat before, after;
    arena_init(&a, 1 << 20);
    snprintf(wal, sizeof(wal), "%s-wal", t->path);
    snprintf(shm, sizeof(shm), "%s-shm", t->path);
    scratch_search(t, false);
    store_close(t->s);
    t->s = NULL;
    assert_int_equal(stat(wal, &before), 0); /* stays, emptied */
    assert_int_equal(before.st_size, 0);
    assert_int_equal(unlink(wal), 0);
    assert_int_equal(unlink(shm), 0);
    assert_int_equal(stat(t->path, &before), 0);

    reader = scratch_reader(t); /* a lone database: read as immutable */
    struct search_row row;
    assert_ok(store_search_get(reader, t->search, &a, &row, NULL));
    assert_false(exists(t->path, "-wal"));
    assert_false(exists(t->path, "-shm"));
    assert_int_equal(stat(t->path, &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(after.st_mtim));

    /* A writer comes: the reader that is open sees what it does. */
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
    assert_ok(store_lock(t->s, NULL));
    begin(t);
    put_trial(t, 1, 1);
    commit(t);
    assert_ok(store_search_get(reader, t->search, &a, &row, NULL));
    assert_int_equal(row.counts[TRIAL_QUEUED], 1);
    store_close(reader);
    arena_free(&a);
}

static void read_only_child(struct scratch *t)
{
    struct store *s = NULL;
    struct arena a;
    struct search_row row;
    arena_init(&a, 1 << 20);
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
        _exit(1);
    if (store_open(t->where, STORE_READ, 0, &s, NULL) != OK ||
        store_search_get(s, t->search, &a, &row, NULL) != OK)
        _exit(2);
    store_close(s);
    _exit(store_open(t->where, STORE_WRITE, 0, &s, NULL) == E_IO ? 0 : 3);
}

static void a_folder_that_may_not_be_written_is_read(void **state)
{
    struct scratch *t = *state;
    char shm[160];
    int status = -1;
    snprintf(shm, sizeof(shm), "%s-shm", t->path);
    scratch_search(t, false);
    store_close(t->s);
    t->s = NULL;
    assert_int_equal(unlink(shm), 0);
    assert_int_equal(chmod(t->path, 0444), 0);
    assert_int_equal(chmod(t->folder, 0555), 0);
    pid_t pid = fork(); /* as nobody, should we be root */
    if (pid == 0)
        read_only_child(t);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(chmod(t->folder, 0700), 0);
    assert_int_equal(status, 0);
}

/* ---- schema ---- */

static void a_newer_store_is_refused(void **state)
{
    struct scratch *t = *state;
    struct error e;
    alter(t, "PRAGMA user_version = 3");
    for (int mode = STORE_READ; mode <= STORE_CREATE; mode++) {
        assert_int_equal(try_open(t, (enum store_mode)mode, &e), E_VERSION);
        assert_non_null(strstr(e.message, "newer trawl"));
        assert_non_null(strstr(e.detail, "schema 3"));
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
    static const char *const names[] = {"schema-1.sql"};
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
        assert_int_equal(number(before, "SELECT count(*) FROM trial"),
                         number(db, "SELECT count(*) FROM trial WHERE scores = ''"));
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
    NULL, NULL,
    "ALTER TABLE trial ADD COLUMN note TEXT NOT NULL DEFAULT 'x'; PRAGMA user_version = 3;",
    "CREATE TABLE half (x); CREATE TABLE half (x); PRAGMA user_version = 4;"};

static void migrating_is_all_or_nothing(void **state)
{
    struct scratch *t = *state;
    struct error e;
    int version;
    enum schema_verdict verdict;
    const struct schema next = {next_steps, 3}, broken = {next_steps, 4};
    sqlite3 *db = sqlite_of(t->s)->db;
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    commit(t);
    assert_ok(schema_look(db, t->path, &next, &version, &verdict, NULL));
    assert_int_equal(version, 2);
    assert_int_equal(verdict, SCHEMA_OLDER);
    assert_int_equal(schema_migrate(db, t->path, &broken, 2, &e), E_IO);
    assert_non_null(strstr(e.detail, "half"));
    assert_int_equal(number(db, "PRAGMA user_version"), 2);
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    assert_ok(schema_migrate(db, t->path, &next, 2, NULL));
    assert_int_equal(number(db, "PRAGMA user_version"), 3);
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
    const struct schema next = {next_steps, 3};
    scratch_search(t, false);
    sqlite3 *db = raw(t->path);
    assert_int_equal(schema_bring_up(db, t->path, &next, &version, &e), E_BUSY); /* t->s has it */
    assert_int_equal(number(db, "PRAGMA user_version"), 2);
    assert_int_equal(count_files(t->folder, "backup"), 0);
    store_close(t->s);
    t->s = NULL;
    for (int i = 0; i < 2; i++) { /* the second time there is nothing left to do */
        assert_ok(schema_bring_up(db, t->path, &next, &version, NULL));
        assert_int_equal(version, 3);
        assert_int_equal(number(db, "PRAGMA user_version"), 3);
        assert_int_equal(count_files(t->folder, "backup"), 1);
    }
    sqlite3_close(db);
    assert_int_equal(try_open(t, STORE_CREATE, &e), E_VERSION);
    char path[200];
    snprintf(path, sizeof(path), "%s.schema2-backup", t->path);
    assert_int_equal(rename(path, t->path), 0); /* what the backup is for */
    assert_ok(try_open(t, STORE_WRITE, &e));
}

/* ---- damage ---- */

static void overwrite(const char *path, off_t at, size_t n)
{
    char junk[4096];
    memset(junk, 0xa5, sizeof(junk));
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (; n; n -= n < sizeof(junk) ? n : sizeof(junk), at += sizeof(junk))
        assert_true(pwrite(fd, junk, n < sizeof(junk) ? n : sizeof(junk), at) > 0);
    close(fd);
}

static void fill(struct scratch *t)
{
    scratch_search(t, false);
    begin(t);
    for (int64_t i = 1; i <= 500; i++)
        put_trial(t, i, i);
    commit(t);
    store_close(t->s);
    t->s = NULL;
}

static void a_truncated_store_is_corrupt(void **state)
{
    struct scratch *t = *state;
    struct error e;
    static const off_t sizes[] = {8192, 4096, 3000, 100, 17};
    fill(t);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(truncate(t->path, sizes[i]), 0);
        for (int mode = STORE_READ; mode <= STORE_CREATE; mode++) {
            assert_int_equal(try_open(t, (enum store_mode)mode, &e), E_CORRUPT);
            assert_non_null(strstr(e.message, t->path));
        }
    }
}

static enum code count_trial(void *self, const struct trial_row *row)
{
    int *n = self;
    ++*n;
    return OK;
}

static void damage_is_found_and_told(void **state)
{
    struct scratch *t = *state;
    struct error e;
    struct problems p;
    struct stat st;
    int n = 0;
    fill(t);
    assert_int_equal(stat(t->path, &st), 0);
    overwrite(t->path, 16 * 4096, (size_t)st.st_size - 16 * 4096);
    struct store *s = scratch_reader(t);
    assert_int_equal(store_trials(s, t->search, 0, count_trial, &n, &e), E_CORRUPT);
    assert_non_null(strstr(e.message, "damaged"));
    assert_true(e.hint[0]);
    problems_init(&p);
    enum code code = store_check(s, &p);
    assert_true(code == OK || code == E_CORRUPT);
    assert_true(p.n > 0);
    problems_free(&p);
    store_close(s);
}

static void check_recomputes_what_is_kept(void **state)
{
    static const struct {
        const char *sql, *says;
    } drifts[] = {
        {"UPDATE progress SET queued = queued + 1", "counts 2 trials queued where there are 1"},
        {"UPDATE progress SET best = 7, queued = queued - 1", "names trial 7 as its best"},
        {"UPDATE progress SET best = 0, baseline = 1", "names trial 1 as its baseline"},
        {"UPDATE progress SET baseline = 0; DELETE FROM journal WHERE id & 4294967295 = 1",
         "has 1 entries and ends with number 2"},
        {"UPDATE journal SET id = id - 1; UPDATE attempt SET trial = 99",
         "a reference leads nowhere in table: attempt"},
    };
    struct scratch *t = *state;
    struct journal_row entry = {.seq = 1, .kind = STR("ask"), .data = STR("{}")};
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    put_attempt(t, 1, 1, ATTEMPT_ENDED);
    assert_ok(store_journal_append(t->s, t->search, &entry, NULL));
    entry.seq = 2;
    assert_ok(store_journal_append(t->s, t->search, &entry, NULL));
    commit(t);
    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
        struct problems p;
        problems_init(&p);
        sql(sqlite_of(t->s)->db, drifts[i].sql);
        assert_ok(store_check(t->s, &p));
        assert_int_equal(p.n, 1);
        assert_non_null(strstr(p.v[0].message, drifts[i].says));
        problems_free(&p);
    }
}

/* ---- no room ---- */

static void a_full_disk_rolls_back(void **state)
{
    struct scratch *t = *state;
    struct error e;
    struct arena a;
    enum code code = OK;
    arena_init(&a, 1 << 20);
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    commit(t);
    sql(sqlite_of(t->s)->db, "PRAGMA max_page_count = 40"); /* SQLITE_FULL past it */
    begin(t);
    for (int64_t i = 2; code == OK && i < 4000; i++) {
        const struct trial_row row = {.id = trial_id_of(t->search, i), .params = STR("{}")};
        code = store_trial_insert(t->s, &row, &e);
    }
    assert_int_equal(code, E_IO);
    assert_non_null(strstr(e.message, "no room is left"));
    assert_non_null(strstr(e.message, t->path));
    const struct trial_row more = {.id = trial_id_of(t->search, 5000)};
    assert_int_equal(store_trial_insert(t->s, &more, &e), E_STATE); /* the group is doomed */
    assert_int_equal(store_commit(t->s, &e), E_STATE);
    assert_int_equal(search_of(t, t->search, &a).counts[TRIAL_QUEUED], 1);
    sql(sqlite_of(t->s)->db, "PRAGMA max_page_count = 100000");
    begin(t);
    put_trial(t, 2, 2);
    commit(t);
    assert_int_equal(search_of(t, t->search, &a).counts[TRIAL_QUEUED], 2);
    arena_free(&a);
}

/* The commit itself fails: in a process whose files may not grow. */
static void commit_under_limit(struct scratch *t)
{
    struct error e;
    struct store *s = NULL;
    struct arena a;
    struct search_row row;
    const struct rlimit tight = {4096, RLIM_INFINITY}, wide = {RLIM_INFINITY, RLIM_INFINITY};
    const struct trial_row trial = {.id = trial_id_of(t->search, 1), .params = STR("{}")};
    arena_init(&a, 1 << 20);
    signal(SIGXFSZ, SIG_IGN);
    if (store_open(t->where, STORE_WRITE, 0, &s, NULL) != OK || store_lock(s, NULL) != OK)
        _exit(1);
    if (store_begin(s, NULL) != OK || store_trial_insert(s, &trial, NULL) != OK ||
        setrlimit(RLIMIT_FSIZE, &tight) < 0)
        _exit(2);
    if (store_commit(s, &e) != E_IO || !strstr(e.message, t->path) ||
        !strstr(e.detail, "too large"))
        _exit(3);
    if (setrlimit(RLIMIT_FSIZE, &wide) < 0 ||
        store_search_get(s, t->search, &a, &row, NULL) != OK || row.counts[TRIAL_QUEUED] != 0)
        _exit(4);
    if (store_begin(s, NULL) != OK || store_trial_insert(s, &trial, NULL) != OK ||
        store_commit(s, NULL) != OK)
        _exit(5);
    _exit(0);
}

static void a_commit_that_fails_has_rolled_back(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    int status = -1;
    scratch_search(t, false);
    store_close(t->s);
    t->s = NULL;
    pid_t pid = fork();
    if (pid == 0)
        commit_under_limit(t);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    arena_init(&a, 1 << 20);
    assert_ok(store_open(t->where, STORE_WRITE, 0, &t->s, NULL));
    assert_int_equal(search_of(t, t->search, &a).counts[TRIAL_QUEUED], 1);
    arena_free(&a);
}

static void durability_chooses_how_to_sync(void **state)
{
    struct scratch *t = *state;
    assert_int_equal(number(sqlite_of(t->s)->db, "PRAGMA synchronous"), 1);
    store_close(t->s);
    assert_ok(store_open(t->where, STORE_WRITE, DURABILITY_POWER, &t->s, NULL));
    assert_int_equal(number(sqlite_of(t->s)->db, "PRAGMA synchronous"), 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_is_private_and_alone),
        TEST(odd_paths_work),
        TEST(readers_make_no_files),
        TEST(a_folder_that_may_not_be_written_is_read),
        TEST(a_newer_store_is_refused),
        TEST(what_is_no_store_is_refused),
        TEST(schema_1_is_understood),
        TEST(older_schemas_are_brought_up),
        TEST(schema_2_is_understood),
        TEST(a_score_that_is_none_is_damage),
        TEST(migrating_is_all_or_nothing),
        TEST(a_backup_is_whole_and_kept),
        TEST(an_older_store_waits_for_the_lock),
        TEST(a_truncated_store_is_corrupt),
        TEST(damage_is_found_and_told),
        TEST(check_recomputes_what_is_kept),
        TEST(a_full_disk_rolls_back),
        TEST(a_commit_that_fails_has_rolled_back),
        TEST(durability_chooses_how_to_sync),
    };
    return RUN_TESTS(tests);
}
