/*
 * Every SQL text of the backend but the schema's, and the prepared statements made of them.
 *
 * Numbers in the texts: a trial's or journal entry's id is search << 32 | number, and 4294967295
 * its lower half; trial states 3 and 4 are completed and stopped, attempt states 0 and 1 starting
 * and running (schema.c holds them to the enums).
 */
#include "store/sqlite/statement.h"

#include "store/sqlite/connection.h"

#include <errno.h>
#include <math.h>

#define SEARCH_COLUMNS                                                                   \
    "SELECT s.id, n.name, s.version, p.state, p.why, s.method, s.metric, s.minimize,"    \
    " s.source, s.overrides, s.settings, s.snapshot, s.directory, s.created, p.ended,"   \
    " p.budget_trials, p.queued, p.running, p.paused, p.completed, p.stopped, p.failed," \
    " p.infeasible, p.cancelled, p.baseline, p.best, s.measures, s.requirements,"        \
    " s.own_steps"                                                                       \
    " FROM search s JOIN progress p ON p.search = s.id JOIN space n ON n.id = s.space"
#define TRIAL_COLUMNS                                                                       \
    "SELECT id, state, baseline, params, config_hash, seed, steps, value, has_value, step," \
    " why, started, ended, retries, scores, parent, from_step FROM trial"
#define ATTEMPT_COLUMNS                                                                      \
    "SELECT id, trial, number, state, reason, exit_code, signal, from_step, started, ended," \
    " last_seq, executor, token, pidref, detail, devices FROM attempt"
#define OF_SEARCH(column) column " BETWEEN ?1 << 32 AND ?1 << 32 | 4294967295"

static const char *const sql[STATEMENT_COUNT] = {
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [BEGIN_READ] = "BEGIN DEFERRED",
    [COMMIT] = "COMMIT",
    [ROLLBACK_ALL] = "ROLLBACK",

    [SPACE_FIND] = "SELECT id FROM space WHERE name = ?1",
    [SPACE_INSERT] = "INSERT INTO space (name) VALUES (?1)",
    [VERSION_FIND] = "SELECT version FROM space_version WHERE space = ?1 AND definition = ?2",
    [VERSION_LAST] = "SELECT ifnull(max(version), 0) FROM space_version WHERE space = ?1",
    [VERSION_INSERT] = "INSERT INTO space_version (space, version, created, definition)"
                       " VALUES (?1, ?2, ?3, ?4)",

    [SEARCH_INSERT] = "INSERT INTO search (space, version, minimize, created, method, metric,"
                      " snapshot, directory, overrides, settings, source, measures,"
                      " requirements, own_steps)"
                      " SELECT space, version, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                      " ?14"
                      " FROM space_version WHERE space = ?1 AND version = ?2",
    [PROGRESS_INSERT] = "INSERT INTO progress (search, state, ended, budget_trials, why)"
                        " VALUES (?1, ?2, ?3, ?4, ?5)",
    [PROGRESS_GET] =
        "SELECT p.queued, p.running, p.paused, p.completed, p.stopped, p.failed, p.infeasible,"
        " p.cancelled, p.baseline, p.best, p.best_hash, p.best_step, p.best_stopped, p.best_mean,"
        " p.best_first, s.minimize, s.measures, s.requirements, s.own_steps FROM progress p"
        " JOIN search s ON s.id = p.search"
        " WHERE p.search = ?1",
    [PROGRESS_SET] = "UPDATE progress SET queued = ?2, running = ?3, paused = ?4, completed = ?5,"
                     " stopped = ?6, failed = ?7, infeasible = ?8, cancelled = ?9, baseline = ?10,"
                     " best = ?11, best_hash = ?12, best_step = ?13, best_stopped = ?14,"
                     " best_mean = ?15, best_first = ?16 WHERE search = ?1",
    [SEARCH_SET_STATE] = "UPDATE progress SET state = ?2, why = ?3, ended = ?4 WHERE search = ?1",
    [SEARCH_SET_BUDGET] = "UPDATE progress SET budget_trials = ?2 WHERE search = ?1",
    [SEARCH_GET] = SEARCH_COLUMNS " WHERE s.id = ?1",
    [SEARCH_ALL] = SEARCH_COLUMNS " ORDER BY s.id DESC",
    [SEARCH_LATEST] = "SELECT id FROM search ORDER BY id DESC LIMIT 1",
    [SEARCH_IDS] = "SELECT id FROM search ORDER BY id",
    [SEARCH_DELETE_METRICS] = "DELETE FROM metric WHERE attempt IN"
                              " (SELECT id FROM attempt WHERE " OF_SEARCH("trial") ")",
    [SEARCH_DELETE_ATTEMPTS] = "DELETE FROM attempt WHERE " OF_SEARCH("trial"),
    [SEARCH_DELETE_TRIALS] = "DELETE FROM trial WHERE " OF_SEARCH("id"),
    [SEARCH_DELETE_JOURNAL] = "DELETE FROM journal WHERE " OF_SEARCH("id"),
    [SEARCH_DELETE_PROGRESS] = "DELETE FROM progress WHERE search = ?1",
    [SEARCH_DELETE] = "DELETE FROM search WHERE id = ?1",
    [SEARCH_LIVE] = "SELECT p.state, EXISTS (SELECT 1 FROM attempt WHERE state IN (0, 1) AND " //
    OF_SEARCH("trial") ") FROM progress p WHERE p.search = ?1",

    [TRIAL_INSERT] = "INSERT INTO trial (id, search, state, baseline, config_hash, seed, steps,"
                     " value, has_value, step, started, ended, retries, params, why, scores,"
                     " parent, from_step)"
                     " VALUES (?1, ?1 >> 32, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                     " ?14, ?15, ?16, ?17)",
    [TRIAL_KEY] = "SELECT state, has_value, value, step, config_hash, scores FROM trial"
                  " WHERE id = ?1",
    [TRIAL_UPDATE] = "UPDATE trial SET state = ?2, value = ?3, has_value = ?4, step = ?5, why = ?6,"
                     " started = ?7, ended = ?8, retries = ?9, steps = ?10, scores = ?11"
                     " WHERE id = ?1",
    [TRIAL_GET] = TRIAL_COLUMNS " WHERE id = ?1",
    [TRIAL_ALL] = TRIAL_COLUMNS " WHERE " OF_SEARCH("id") //
    " AND (?2 = 0 OR ?2 >> state & 1) ORDER BY id",
    [TRIAL_COUNTS] = "SELECT state, count(*) FROM trial WHERE " OF_SEARCH("id") " GROUP BY state",
    [TRIAL_BASELINE] = "SELECT ifnull(min(id) & 4294967295, 0) FROM trial"
                       " WHERE baseline AND " OF_SEARCH("id"),
    [RANK_GROUP] = "SELECT config_hash, step, state, value, id & 4294967295, scores"
                   " FROM trial INDEXED BY trial_ranked"
                   " WHERE search = ?1 AND config_hash = ?2 AND (?5 OR step = ?3) AND state = ?4"
                   " AND has_value = 1 AND state IN (3, 4) ORDER BY id",
    [RANK_ALL] = "SELECT config_hash, step, state, value, id & 4294967295, scores"
                 " FROM trial INDEXED BY trial_ranked"
                 " WHERE search = ?1 AND has_value = 1 AND state IN (3, 4)",

    [ATTEMPT_INSERT] = "INSERT INTO attempt (trial, number, state, reason, exit_code, signal,"
                       " from_step, started, ended, last_seq, executor, token, pidref, detail,"
                       " devices) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
                       " ?14, ?15 FROM trial WHERE id = ?1",
    [ATTEMPT_UPDATE] = "UPDATE attempt SET state = ?2, reason = ?3, exit_code = ?4, signal = ?5,"
                       " from_step = ?6, started = ?7, ended = ?8, last_seq = ?9, executor = ?10,"
                       " token = ?11, pidref = ?12, detail = ?13, devices = ?14 WHERE id = ?1",
    [ATTEMPT_EXISTS] = "SELECT 1 FROM attempt WHERE id = ?1",
    [ATTEMPT_OF_TRIAL] = ATTEMPT_COLUMNS " WHERE trial = ?1 ORDER BY number",
    [ATTEMPT_OF_SEARCH] = ATTEMPT_COLUMNS " WHERE " OF_SEARCH("trial") " ORDER BY trial, number",
    [ATTEMPT_LIVE] = ATTEMPT_COLUMNS " INDEXED BY attempt_live WHERE state IN (0, 1) ORDER BY id",
    [ATTEMPT_LIVE_OF_TRIAL] = "SELECT id, number FROM attempt INDEXED BY attempt_live"
                              " WHERE trial = ?1 AND state IN (0, 1)",

    [NAME_FIND] = "SELECT id FROM metric_name WHERE name = ?1",
    [NAME_GET] = "SELECT name FROM metric_name WHERE id = ?1",
    [NAME_INSERT] = "INSERT INTO metric_name (name) VALUES (?1)",
    [METRIC_INSERT] = "INSERT OR IGNORE INTO metric (attempt, seq, name, step, value, time)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [METRIC_ALL] = "SELECT seq, step, value, time, name FROM metric WHERE attempt = ?1"
                   " ORDER BY seq, name",
    [METRIC_NAMED] = "SELECT seq, step, value, time, name FROM metric"
                     " WHERE attempt = ?1 AND name = ?2 ORDER BY seq",

    [JOURNAL_HAS] = "SELECT CASE ?2 WHEN 1 THEN EXISTS (SELECT 1 FROM search WHERE id = ?1)"
                    " ELSE EXISTS (SELECT 1 FROM journal WHERE id = ?1 << 32 | ?2 - 1) END",
    [JOURNAL_INSERT] = "INSERT INTO journal (id, time, trial, kind, data)"
                       " VALUES (?1 << 32 | ?2, ?3, ?4, ?5, ?6)",
    [JOURNAL_FROM] = "SELECT id & 4294967295, time, trial, kind, data FROM journal"
                     " WHERE id BETWEEN ?1 << 32 | ?2 AND ?1 << 32 | 4294967295 ORDER BY id",
    [JOURNAL_GAPS] = "SELECT count(*), ifnull(max(id) & 4294967295, 0) FROM journal"
                     " WHERE " OF_SEARCH("id"),
};

enum code statement_take(struct sqlite_store *q, enum statement which, sqlite3_stmt **ret,
                         struct error *e)
{
    sqlite3_stmt *st = q->statements[which];
    if (!st || sqlite3_stmt_busy(st)) {
        sqlite3_stmt *made = NULL;
        int rc = sqlite3_prepare_v3(q->db, sql[which], -1, st ? 0 : SQLITE_PREPARE_PERSISTENT,
                                    &made, NULL);
        if (rc != SQLITE_OK)
            return sqlite_failed(q->db, q->path, rc, "use the store", e);
        if (!st) /* else it lives for one use */
            q->statements[which] = made;
        st = made;
    }
    q->stepping++;
    *ret = st;
    return OK;
}

void statement_give(struct sqlite_store *q, enum statement which, sqlite3_stmt *st)
{
    q->stepping--;
    if (st != q->statements[which]) {
        sqlite3_finalize(st);
        return;
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

static enum code step_failed(struct sqlite_store *q, int rc, int errno_value, struct error *e)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_UNIQUE:
        return error_set(e, E_DUPLICATE, "the store has such a row already");
    case SQLITE_CONSTRAINT_NOTNULL: /* a text too large to be bound stayed NULL */
        rc = SQLITE_TOOBIG;
        break;
    default:
        break;
    }
    bool reads = q->base.mode == STORE_READ;
    return sqlite_failed_with(q->db, q->path, rc, errno_value,
                              reads ? "read the store" : "write to the store", e);
}

enum code statement_next(struct sqlite_store *q, sqlite3_stmt *st, bool *ret_row, struct error *e)
{
    errno = 0;
    int rc = sqlite3_step(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return step_failed(q, rc, errno, e);
    *ret_row = rc == SQLITE_ROW;
    return OK;
}

enum code statement_run(struct sqlite_store *q, enum statement which, sqlite3_stmt *st,
                        struct error *e)
{
    bool row;
    enum code code = statement_next(q, st, &row, e);
    statement_give(q, which, st);
    return code;
}

enum code statement_exec(struct sqlite_store *q, enum statement which, struct error *e)
{
    sqlite3_stmt *st = NULL;
    enum code code = statement_take(q, which, &st, e);
    return code == OK ? statement_run(q, which, st, e) : code;
}

void bind_i64(sqlite3_stmt *st, int i, int64_t v)
{
    sqlite3_bind_int64(st, i, v);
}

void bind_real(sqlite3_stmt *st, int i, double v)
{
    if (isnan(v))
        sqlite3_bind_null(st, i);
    else
        sqlite3_bind_double(st, i, v);
}

void bind_str(sqlite3_stmt *st, int i, struct str v)
{
    sqlite3_bind_text64(st, i, v.p ? v.p : "", v.n, SQLITE_STATIC, SQLITE_UTF8);
}

int64_t column_i64(sqlite3_stmt *st, int i)
{
    return sqlite3_column_int64(st, i);
}

double column_real(sqlite3_stmt *st, int i)
{
    return sqlite3_column_type(st, i) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(st, i);
}

struct str column_str(sqlite3_stmt *st, int i)
{
    const char *p = (const char *)sqlite3_column_text(st, i);
    return p ? (struct str){p, (size_t)sqlite3_column_bytes(st, i)} : (struct str){"", 0};
}
