/*
 * The migrations, and how a database is looked at, backed up and migrated.
 */
#include "store/sqlite/schema.h"

#include "base/failpoint.h"
#include "base/io.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The numbers that lie in files. Enums may grow at their end; nothing in them may move. */
_Static_assert(SEARCH_RUNNING == 0 && SEARCH_FAILED == 4, "search states are stored");
_Static_assert(TRIAL_QUEUED == 0 && TRIAL_COMPLETED == 3 && TRIAL_STOPPED == 4 &&
                   TRIAL_CANCELLED == 7 && TRIAL_STATE_COUNT == 8,
               "trial states are stored, and progress has a column for each");
_Static_assert(ATTEMPT_STARTING == 0 && ATTEMPT_RUNNING == 1 && ATTEMPT_LOST == 3,
               "attempt states are stored");
_Static_assert(REASON_NONE == 0 && REASON_DISK == 12, "attempt reasons are stored");

/*
 * Schema 1.
 *  - search never changes once it is there; what changes is in progress, a narrow row, so that
 * ending a trial does not write the search's file again.
 *  - progress.best_* is the best group's key (store/rank.h): what a newly ended trial is compared
 * with. It and the counts are kept by the writer; `doctor` recomputes them.
 *  - trial_ranked holds just the trials that may be ranked, in the order of their groups, and all
 * that ranking needs.
 *  - attempt_live makes a second live attempt of a trial impossible.
 *  - NULL in value is NaN (has_value tells it from none): SQLite has no NaN.
 */
static const char schema_1[] =
    "PRAGMA application_id = 1953658732;" /* SCHEMA_APPLICATION */
    "CREATE TABLE space ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE TABLE space_version ("
    "  space INTEGER NOT NULL REFERENCES space (id),"
    "  version INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  definition TEXT NOT NULL,"
    "  UNIQUE (space, version)"
    ") STRICT;"
    "CREATE TABLE search ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  space INTEGER NOT NULL REFERENCES space (id),"
    "  version INTEGER NOT NULL,"
    "  minimize INTEGER NOT NULL,"
    "  created INTEGER NOT NULL,"
    "  method TEXT NOT NULL,"
    "  metric TEXT NOT NULL,"
    "  snapshot TEXT NOT NULL,"
    "  directory TEXT NOT NULL,"
    "  overrides TEXT NOT NULL,"
    "  settings TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  FOREIGN KEY (space, version) REFERENCES space_version (space, version)"
    ") STRICT;"
    "CREATE TABLE progress ("
    "  search INTEGER PRIMARY KEY REFERENCES search (id),"
    "  state INTEGER NOT NULL,"
    "  ended INTEGER NOT NULL,"
    "  budget_trials INTEGER NOT NULL,"
    "  queued INTEGER NOT NULL DEFAULT 0,"
    "  running INTEGER NOT NULL DEFAULT 0,"
    "  paused INTEGER NOT NULL DEFAULT 0,"
    "  completed INTEGER NOT NULL DEFAULT 0,"
    "  stopped INTEGER NOT NULL DEFAULT 0,"
    "  failed INTEGER NOT NULL DEFAULT 0,"
    "  infeasible INTEGER NOT NULL DEFAULT 0,"
    "  cancelled INTEGER NOT NULL DEFAULT 0,"
    "  baseline INTEGER NOT NULL DEFAULT 0,"
    "  best INTEGER NOT NULL DEFAULT 0,"
    "  best_hash INTEGER NOT NULL DEFAULT 0,"
    "  best_step INTEGER NOT NULL DEFAULT 0,"
    "  best_stopped INTEGER NOT NULL DEFAULT 0,"
    "  best_mean REAL NOT NULL DEFAULT 0,"
    "  best_first INTEGER NOT NULL DEFAULT 0,"
    "  why TEXT NOT NULL"
    ") STRICT;"
    "CREATE TABLE trial ("
    "  id INTEGER PRIMARY KEY," /* search << 32 | number */
    "  search INTEGER NOT NULL REFERENCES search (id),"
    "  state INTEGER NOT NULL,"
    "  baseline INTEGER NOT NULL,"
    "  config_hash INTEGER NOT NULL,"
    "  seed INTEGER NOT NULL,"
    "  steps INTEGER NOT NULL,"
    "  value REAL,"
    "  has_value INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  started INTEGER NOT NULL,"
    "  ended INTEGER NOT NULL,"
    "  retries INTEGER NOT NULL,"
    "  params TEXT NOT NULL,"
    "  why TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX trial_ranked ON trial (search, config_hash, step, state, value)"
    "  WHERE has_value = 1 AND state IN (3, 4);"
    "CREATE TABLE attempt ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  trial INTEGER NOT NULL REFERENCES trial (id),"
    "  number INTEGER NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  reason INTEGER NOT NULL,"
    "  exit_code INTEGER NOT NULL,"
    "  signal INTEGER NOT NULL,"
    "  from_step INTEGER NOT NULL,"
    "  started INTEGER NOT NULL,"
    "  ended INTEGER NOT NULL,"
    "  last_seq INTEGER NOT NULL,"
    "  executor TEXT NOT NULL,"
    "  token TEXT NOT NULL,"
    "  pidref TEXT NOT NULL,"
    "  detail TEXT NOT NULL,"
    "  devices TEXT NOT NULL,"
    "  UNIQUE (trial, number)"
    ") STRICT;"
    "CREATE UNIQUE INDEX attempt_live ON attempt (trial) WHERE state IN (0, 1);"
    "CREATE TABLE metric_name ("
    "  id INTEGER PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE TABLE metric ("
    "  attempt INTEGER NOT NULL REFERENCES attempt (id),"
    "  seq INTEGER NOT NULL,"
    "  name INTEGER NOT NULL REFERENCES metric_name (id),"
    "  step INTEGER NOT NULL,"
    "  value REAL,"
    "  time INTEGER NOT NULL,"
    "  PRIMARY KEY (attempt, seq, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE journal ("
    "  id INTEGER PRIMARY KEY," /* search << 32 | seq */
    "  time INTEGER NOT NULL,"
    "  trial INTEGER NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  data TEXT NOT NULL"
    ") STRICT;"
    "PRAGMA user_version = 1;";

/*
 * Schema 2: several objectives and requirements; store/scores.h has the form of the texts. What
 * was there before has one objective and none of the others. trial_ranked holds all that ranking
 * needs again.
 */
static const char schema_2[] =
    "ALTER TABLE search ADD COLUMN measures TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE search ADD COLUMN requirements TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE trial ADD COLUMN scores TEXT NOT NULL DEFAULT '';"
    "DROP INDEX trial_ranked;"
    "CREATE INDEX trial_ranked ON trial (search, config_hash, step, state, value, scores)"
    "  WHERE has_value = 1 AND state IN (3, 4);"
    "PRAGMA user_version = 2;";

/* Schema 3: trials that begin with another one's checkpoint. What was there before began with none.
 */
static const char schema_3[] =
    "ALTER TABLE trial ADD COLUMN parent INTEGER NOT NULL DEFAULT 0;" /* a number; 0: none */
    "ALTER TABLE trial ADD COLUMN from_step INTEGER NOT NULL DEFAULT 0;"
    "PRAGMA user_version = 3;";

/* Schema 4: trials whose steps are their own, which are not ranked by how far they came. */
static const char schema_4[] = "ALTER TABLE search ADD COLUMN own_steps INTEGER NOT NULL DEFAULT 0;"
                               "PRAGMA user_version = 4;";

const struct schema *schema_current(void)
{
    static const char *const steps[] = {schema_1, schema_2, schema_3, schema_4};
    static const struct schema current = {steps, sizeof(steps) / sizeof(steps[0])};
    return &current;
}

/* The one number that a pragma gives. */
static int read_number(sqlite3 *db, const char *pragma, int64_t *ret)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(st, 0);
    int end = sqlite3_finalize(st);
    return rc == SQLITE_ROW ? SQLITE_OK : end;
}

enum code schema_look(sqlite3 *db, const char *path, const struct schema *schema, int *ret_version,
                      enum schema_verdict *ret, struct error *e)
{
    int64_t application = 0, version = 0;
    int rc = read_number(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA user_version", &version);
    if (rc != SQLITE_OK)
        return sqlite_failed(db, path, rc, "open the store", e);
    if (application != SCHEMA_APPLICATION || version < 1) {
        error_set(e, E_CORRUPT, "%s is no store: it is another program's SQLite database", path);
        error_hint(e, "name another file");
        return E_CORRUPT;
    }
    if (version > schema->n) {
        error_set(e, E_VERSION, "the store %s was written by a newer trawl", path);
        error_detail(e, "it has schema %lld, and this trawl knows %d", (long long)version,
                     schema->n);
        error_hint(e, "use that trawl, or name another store");
        return E_VERSION;
    }
    *ret_version = (int)version;
    *ret = version == schema->n ? SCHEMA_RIGHT : SCHEMA_OLDER;
    return OK;
}

enum code schema_migrate(sqlite3 *db, const char *path, const struct schema *schema, int version,
                         struct error *e)
{
    int rc = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
    for (int i = version; rc == SQLITE_OK && i < schema->n; i++)
        rc = sqlite3_exec(db, schema->steps[i], NULL, NULL, NULL);
    FAILPOINT("store.before-migration");
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    FAILPOINT("store.after-migration");
    if (rc == SQLITE_OK)
        return OK;
    enum code code = sqlite_failed(db, path, rc, "migrate the store", e);
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

/* ---- backup ---- */

static enum code copy_to(sqlite3 *db, const char *path, const char *copy, struct error *e)
{
    sqlite3 *to = NULL;
    char *uri = connection_uri(copy, "");
    if (!uri)
        return error_nomem(e);
    int rc = sqlite3_open_v2(uri, &to,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, NULL);
    free(uri);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    sqlite3_backup *backup = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", db, "main") : NULL;
    if (backup) {
        sqlite3_backup_step(backup, -1);
        rc = sqlite3_backup_finish(backup); /* gives the step's failure too */
    } else if (rc == SQLITE_OK) {
        rc = sqlite3_extended_errcode(to);
    }
    enum code code = rc == SQLITE_OK ? OK : sqlite_failed(to, copy, rc, "back up the store", e);
    sqlite3_close_v2(to);
    return code;
}

/* Gives the finished copy the first name that is free. */
static enum code name_backup(const char *copy, const char *path, int version, struct error *e)
{
    for (int i = 1; i < 1000; i++) {
        struct buf name;
        buf_init(&name, 1 << 16);
        buf_fmt(&name, "%s.schema%d-backup", path, version);
        if (i > 1)
            buf_fmt(&name, "-%d", i);
        enum code code = buf_end(&name, e);
        int rc = code == OK ? link(copy, name.p) : 0;
        if (rc < 0 && errno != EEXIST)
            code = error_errno(e, errno, "cannot make the backup %s", name.p);
        buf_free(&name);
        if (code != OK || rc == 0)
            return code;
    }
    return error_set(e, E_LIMIT, "there are a thousand backups of %s already", path);
}

enum code schema_backup(sqlite3 *db, const char *path, int version, struct error *e)
{
    struct buf copy;
    buf_init(&copy, 1 << 16);
    buf_fmt(&copy, "%s.backup-XXXXXX", path);
    enum code code = buf_end(&copy, e);
    int fd = code == OK ? mkostemp(copy.p, O_CLOEXEC) : -1;
    if (code == OK && fd < 0)
        code = error_errno(e, errno, "cannot make a backup beside %s", path);
    if (fd >= 0) {
        close(fd);
        code = copy_to(db, path, copy.p, e);
        if (code == OK)
            code = name_backup(copy.p, path, version, e);
        unlink(copy.p);
    }
    buf_free(&copy);
    return code;
}

enum code schema_bring_up(sqlite3 *db, const char *path, const struct schema *schema,
                          int *ret_version, struct error *e)
{
    int fd = -1, version = 0;
    enum schema_verdict verdict = SCHEMA_RIGHT;
    enum code code = place_lock(path, &fd, e);
    if (code == OK) /* another may have done it before we got the lock */
        code = schema_look(db, path, schema, &version, &verdict, e);
    if (code == OK && verdict == SCHEMA_OLDER) {
        code = schema_backup(db, path, version, e);
        if (code == OK)
            code = schema_migrate(db, path, schema, version, e);
    }
    if (fd >= 0)
        close(fd);
    if (code == OK)
        *ret_version = schema->n;
    return code;
}
