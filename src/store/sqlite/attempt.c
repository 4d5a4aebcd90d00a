/*
 * Attempts.
 */
#include "store/sqlite/backend.h"

/* E_STATE if the trial has an attempt that lives: design's "at most one", which the index
 * attempt_live enforces too. */
static enum code check_none_lives(struct sqlite_store *q, struct trial_id trial, struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(q, ATTEMPT_LIVE_OF_TRIAL, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, trial.v);
    code = statement_next(q, st, &row, e);
    if (code == OK && row)
        code = error_set(e, E_STATE, "attempt %lld of trial %lld.%lld lives still",
                         (long long)column_i64(st, 1), (long long)trial_id_search(trial).v,
                         (long long)trial_id_number(trial));
    statement_give(q, ATTEMPT_LIVE_OF_TRIAL, st);
    return code;
}

/* The columns that insert and update share, from the i-th parameter on. */
static void bind_changing(sqlite3_stmt *st, int i, const struct attempt_row *row)
{
    bind_i64(st, i++, row->state);
    bind_i64(st, i++, row->reason);
    bind_i64(st, i++, row->exit_code);
    bind_i64(st, i++, row->signal);
    bind_i64(st, i++, row->from_step);
    bind_i64(st, i++, row->started);
    bind_i64(st, i++, row->ended);
    bind_i64(st, i++, row->last_seq);
    bind_str(st, i++, row->executor);
    bind_str(st, i++, row->token);
    bind_str(st, i++, row->pidref);
    bind_str(st, i++, row->detail);
    bind_str(st, i++, row->devices);
}

enum code sqlite_attempt_insert(struct store *s, const struct attempt_row *row,
                                struct attempt_id *ret, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool lives = row->state == ATTEMPT_STARTING || row->state == ATTEMPT_RUNNING;
    enum code code = lives ? check_none_lives(q, row->trial, e) : OK;
    if (code == OK)
        code = statement_take(q, ATTEMPT_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, row->trial.v);
    bind_i64(st, 2, row->number);
    bind_changing(st, 3, row);
    code = statement_run(q, ATTEMPT_INSERT, st, e);
    long long search = trial_id_search(row->trial).v, number = trial_id_number(row->trial);
    if (code == E_DUPLICATE)
        return error_set(e, E_DUPLICATE, "trial %lld.%lld has an attempt %d already", search,
                         number, row->number);
    if (code == OK && sqlite3_changes(q->db) == 0)
        return error_set(e, E_NOT_FOUND, "there is no trial %lld.%lld", search, number);
    if (code == OK)
        ret->v = sqlite3_last_insert_rowid(q->db);
    return code;
}

enum code sqlite_attempt_update(struct store *s, const struct attempt_row *row, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    enum code code = statement_take(q, ATTEMPT_UPDATE, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, row->id.v);
    bind_changing(st, 2, row);
    code = statement_run(q, ATTEMPT_UPDATE, st, e);
    if (code == E_DUPLICATE)
        return error_set(e, E_STATE, "attempt %lld can't live again: another of its trial does",
                         (long long)row->id.v);
    if (code == OK && sqlite3_changes(q->db) == 0)
        return error_set(e, E_NOT_FOUND, "there is no attempt %lld", (long long)row->id.v);
    return code;
}

static void read_attempt(sqlite3_stmt *st, struct attempt_row *r)
{
    *r = (struct attempt_row){
        .id = {column_i64(st, 0)},
        .trial = {column_i64(st, 1)},
        .number = (int)column_i64(st, 2),
        .state = (enum attempt_state)column_i64(st, 3),
        .reason = (enum attempt_reason)column_i64(st, 4),
        .exit_code = (int)column_i64(st, 5),
        .signal = (int)column_i64(st, 6),
        .from_step = column_i64(st, 7),
        .started = column_i64(st, 8),
        .ended = column_i64(st, 9),
        .last_seq = column_i64(st, 10),
        .executor = column_str(st, 11),
        .token = column_str(st, 12),
        .pidref = column_str(st, 13),
        .detail = column_str(st, 14),
        .devices = column_str(st, 15),
    };
}

/* Visits the rows of one of the three statements; id is the first parameter of two of them. */
static enum code walk(struct store *s, enum statement which, int64_t id,
                      enum code (*visit)(void *, const struct attempt_row *), void *self,
                      struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool row;
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_take(q, which, &st, e);
    if (code != OK)
        return code;
    if (which != ATTEMPT_LIVE)
        bind_i64(st, 1, id);
    while ((code = statement_next(q, st, &row, e)) == OK && row) {
        struct attempt_row r;
        read_attempt(st, &r);
        code = visit(self, &r);
        if (code != OK)
            break;
    }
    statement_give(q, which, st);
    return code;
}

enum code sqlite_attempts(struct store *s, struct trial_id id,
                          enum code (*visit)(void *, const struct attempt_row *), void *self,
                          struct error *e)
{
    return walk(s, ATTEMPT_OF_TRIAL, id.v, visit, self, e);
}

enum code sqlite_search_attempts(struct store *s, struct search_id id,
                                 enum code (*visit)(void *, const struct attempt_row *), void *self,
                                 struct error *e)
{
    return walk(s, ATTEMPT_OF_SEARCH, id.v, visit, self, e);
}

enum code sqlite_live_attempts(struct store *s,
                               enum code (*visit)(void *, const struct attempt_row *), void *self,
                               struct error *e)
{
    return walk(s, ATTEMPT_LIVE, 0, visit, self, e);
}
