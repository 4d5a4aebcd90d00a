/*
 * What only the SQLite store does: its files, damage, a full disk. See store/sqlite/.
 */
#include "sqlite_file.h"

#include "base/io.h"
#include "store/rank.h"
#include "store/sqlite/schema.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
        TEST(a_truncated_store_is_corrupt),
        TEST(damage_is_found_and_told),
        TEST(check_recomputes_what_is_kept),
        TEST(a_full_disk_rolls_back),
        TEST(a_commit_that_fails_has_rolled_back),
        TEST(durability_chooses_how_to_sync),
    };
    return RUN_TESTS(tests);
}
