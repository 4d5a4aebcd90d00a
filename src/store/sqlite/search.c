/*
 * Spaces, searches, and what a search's progress row keeps.
 */
#include "store/sqlite/backend.h"

static enum code no_search(struct search_id id, struct error *e)
{
    return error_set(e, E_NOT_FOUND, "there is no search %lld", (long long)id.v);
}

/* ---- spaces ---- */

/* The one number a statement with its first texts bound gives; 0: no row. */
static enum code find_number(struct sqlite_store *q, enum statement which, sqlite3_stmt *st,
                             int64_t *ret, struct error *e)
{
    bool row;
    enum code code = statement_next(q, st, &row, e);
    if (code == OK)
        *ret = row ? column_i64(st, 0) : 0;
    statement_give(q, which, st);
    return code;
}

static enum code put_name(struct sqlite_store *q, struct str name, int64_t *ret, struct error *e)
{
    sqlite3_stmt *st;
    enum code code = statement_take(q, SPACE_FIND, &st, e);
    if (code != OK)
        return code;
    bind_str(st, 1, name);
    code = find_number(q, SPACE_FIND, st, ret, e);
    if (code != OK || *ret)
        return code;
    code = statement_take(q, SPACE_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_str(st, 1, name);
    code = statement_run(q, SPACE_INSERT, st, e);
    *ret = sqlite3_last_insert_rowid(q->db);
    return code;
}

static enum code add_version(struct sqlite_store *q, int64_t space, struct str definition,
                             int64_t now, int64_t *ret, struct error *e)
{
    sqlite3_stmt *st;
    int64_t last = 0;
    enum code code = statement_take(q, VERSION_LAST, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, space);
    code = find_number(q, VERSION_LAST, st, &last, e);
    if (code == OK)
        code = statement_take(q, VERSION_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, space);
    bind_i64(st, 2, last + 1);
    bind_i64(st, 3, now);
    bind_str(st, 4, definition);
    *ret = last + 1;
    return statement_run(q, VERSION_INSERT, st, e);
}

enum code sqlite_space_put(struct store *s, struct str name, struct str definition, int64_t now,
                           struct space_row *ret, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    int64_t space = 0, version = 0;
    enum code code = put_name(q, name, &space, e);
    if (code == OK)
        code = statement_take(q, VERSION_FIND, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, space);
    bind_str(st, 2, definition);
    code = find_number(q, VERSION_FIND, st, &version, e);
    if (code == OK && version == 0)
        code = add_version(q, space, definition, now, &version, e);
    if (code == OK)
        *ret = (struct space_row){space, version, name, definition};
    return code;
}

/* ---- writing searches ---- */

static enum code insert_progress(struct sqlite_store *q, int64_t id, const struct search_row *row,
                                 struct error *e)
{
    sqlite3_stmt *st;
    enum code code = statement_take(q, PROGRESS_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id);
    bind_i64(st, 2, row->state);
    bind_i64(st, 3, row->ended);
    bind_i64(st, 4, row->budget_trials);
    bind_str(st, 5, row->why);
    return statement_run(q, PROGRESS_INSERT, st, e);
}

enum code sqlite_search_insert(struct store *s, int64_t space, int64_t version,
                               const struct search_row *row, struct search_id *ret, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    enum code code = statement_take(q, SEARCH_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, space);
    bind_i64(st, 2, version);
    bind_i64(st, 3, row->minimize);
    bind_i64(st, 4, row->created);
    bind_str(st, 5, row->method);
    bind_str(st, 6, row->metric);
    bind_str(st, 7, row->snapshot);
    bind_str(st, 8, row->directory);
    bind_str(st, 9, row->overrides);
    bind_str(st, 10, row->settings);
    bind_str(st, 11, row->source);
    bind_str(st, 12, row->measures);
    bind_str(st, 13, row->requirements);
    bind_i64(st, 14, row->own_steps);
    code = statement_run(q, SEARCH_INSERT, st, e);
    if (code == OK && sqlite3_changes(q->db) == 0)
        return error_set(e, E_NOT_FOUND, "there is no version %lld of space %lld",
                         (long long)version, (long long)space);
    int64_t id = sqlite3_last_insert_rowid(q->db);
    if (code == OK)
        code = insert_progress(q, id, row, e);
    if (code == OK)
        ret->v = id;
    return code;
}

/* Runs an update of one search's row. */
static enum code run_update(struct sqlite_store *q, enum statement which, sqlite3_stmt *st,
                            struct search_id id, struct error *e)
{
    enum code code = statement_run(q, which, st, e);
    return code == OK && sqlite3_changes(q->db) == 0 ? no_search(id, e) : code;
}

enum code sqlite_search_update(struct store *s, struct search_id id, enum search_state state,
                               struct str why, int64_t ended, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    enum code code = statement_take(q, SEARCH_SET_STATE, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    bind_i64(st, 2, state);
    bind_str(st, 3, why);
    bind_i64(st, 4, ended);
    return run_update(q, SEARCH_SET_STATE, st, id, e);
}

enum code sqlite_search_set_budget(struct store *s, struct search_id id, int64_t trials,
                                   struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    enum code code = statement_take(q, SEARCH_SET_BUDGET, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    bind_i64(st, 2, trials);
    return run_update(q, SEARCH_SET_BUDGET, st, id, e);
}

static enum code check_deletable(struct sqlite_store *q, struct search_id id, struct error *e)
{
    sqlite3_stmt *st;
    bool row = false, live = false;
    enum search_state state = SEARCH_FAILED;
    enum code code = statement_take(q, SEARCH_LIVE, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = statement_next(q, st, &row, e);
    if (code == OK && row) {
        state = (enum search_state)column_i64(st, 0);
        live = column_i64(st, 1);
    }
    statement_give(q, SEARCH_LIVE, st);
    if (code != OK)
        return code;
    if (!row)
        return no_search(id, e);
    if (state == SEARCH_RUNNING || state == SEARCH_PAUSED || live) {
        error_set(e, E_STATE, "search %lld is %s and can't be removed", (long long)id.v,
                  live ? "still running" : search_state_name(state));
        error_hint(e, "`trawl stop %lld` ends it", (long long)id.v);
        return E_STATE;
    }
    return OK;
}

enum code sqlite_search_delete(struct store *s, struct search_id id, struct error *e)
{
    static const enum statement steps[] = {SEARCH_DELETE_METRICS,  SEARCH_DELETE_ATTEMPTS,
                                           SEARCH_DELETE_TRIALS,   SEARCH_DELETE_JOURNAL,
                                           SEARCH_DELETE_PROGRESS, SEARCH_DELETE};
    struct sqlite_store *q = sqlite_of(s);
    enum code code = check_deletable(q, id, e);
    q->known_attempt = 0;
    for (size_t i = 0; code == OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
        sqlite3_stmt *st;
        code = statement_take(q, steps[i], &st, e);
        if (code != OK)
            break;
        bind_i64(st, 1, id.v);
        code = statement_run(q, steps[i], st, e);
    }
    return code;
}

/* ---- progress ---- */

enum code progress_get(struct sqlite_store *q, struct search_id id, struct progress *ret,
                       struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(q, PROGRESS_GET, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = statement_next(q, st, &row, e);
    if (code == OK && !row)
        code = no_search(id, e);
    if (code == OK) {
        ret->search = id;
        for (int i = 0; i < TRIAL_STATE_COUNT; i++)
            ret->counts[i] = column_i64(st, i);
        ret->baseline = column_i64(st, 8);
        ret->best = column_i64(st, 9);
        ret->best_key = (struct ranked){.config_hash = column_i64(st, 10),
                                        .step = column_i64(st, 11),
                                        .stopped = column_i64(st, 12),
                                        .value = column_real(st, 13),
                                        .first = column_i64(st, 14),
                                        .number = column_i64(st, 9)};
        ret->aims = search_aims(&(struct search_row){.minimize = column_i64(st, 15),
                                                     .measures = column_str(st, 16),
                                                     .requirements = column_str(st, 17),
                                                     .own_steps = column_i64(st, 18)});
    }
    statement_give(q, PROGRESS_GET, st);
    return code;
}

enum code progress_set(struct sqlite_store *q, const struct progress *p, struct error *e)
{
    sqlite3_stmt *st;
    enum code code = statement_take(q, PROGRESS_SET, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, p->search.v);
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        bind_i64(st, 2 + i, p->counts[i]);
    bind_i64(st, 10, p->baseline);
    bind_i64(st, 11, p->best);
    bind_i64(st, 12, p->best_key.config_hash);
    bind_i64(st, 13, p->best_key.step);
    bind_i64(st, 14, p->best_key.stopped);
    bind_real(st, 15, p->best_key.value);
    bind_i64(st, 16, p->best_key.first);
    return statement_run(q, PROGRESS_SET, st, e);
}

/* ---- reading searches ---- */

static void read_search(sqlite3_stmt *st, struct search_row *r)
{
    *r = (struct search_row){
        .id = {column_i64(st, 0)},
        .space_name = column_str(st, 1),
        .version = column_i64(st, 2),
        .state = (enum search_state)column_i64(st, 3),
        .why = column_str(st, 4),
        .method = column_str(st, 5),
        .metric = column_str(st, 6),
        .minimize = column_i64(st, 7),
        .source = column_str(st, 8),
        .overrides = column_str(st, 9),
        .settings = column_str(st, 10),
        .snapshot = column_str(st, 11),
        .directory = column_str(st, 12),
        .created = column_i64(st, 13),
        .ended = column_i64(st, 14),
        .budget_trials = column_i64(st, 15),
        .baseline_trial = column_i64(st, 24),
        .best_trial = column_i64(st, 25),
        .measures = column_str(st, 26),
        .requirements = column_str(st, 27),
        .own_steps = column_i64(st, 28),
    };
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        r->counts[i] = column_i64(st, 16 + i);
}

static enum code copy_search(struct arena *a, const struct search_row *from, struct search_row *ret,
                             struct error *e)
{
    struct search_row r = *from;
    struct str *const texts[] = {&r.space_name, &r.why,       &r.method,      &r.metric,
                                 &r.source,     &r.overrides, &r.settings,    &r.snapshot,
                                 &r.directory,  &r.measures,  &r.requirements};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (arena_str(a, *texts[i], texts[i]) != OK)
            return error_nomem(e);
    *ret = r;
    return OK;
}

enum code sqlite_search_get(struct store *s, struct search_id id, struct arena *a,
                            struct search_row *ret, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool row;
    struct search_row r;
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_take(q, SEARCH_GET, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = statement_next(q, st, &row, e);
    if (code == OK && !row)
        code = no_search(id, e);
    if (code == OK) {
        read_search(st, &r);
        code = copy_search(a, &r, ret, e);
    }
    statement_give(q, SEARCH_GET, st);
    return code;
}

enum code sqlite_search_latest(struct store *s, struct search_id *ret, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    int64_t id = 0;
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_take(q, SEARCH_LATEST, &st, e);
    if (code == OK)
        code = find_number(q, SEARCH_LATEST, st, &id, e);
    if (code == OK && id == 0) {
        error_set(e, E_NOT_FOUND, "there is no search yet");
        error_hint(e, "`trawl run` starts one");
        return E_NOT_FOUND;
    }
    if (code == OK)
        ret->v = id;
    return code;
}

enum code sqlite_searches(struct store *s, enum code (*visit)(void *, const struct search_row *),
                          void *self, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool row;
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_take(q, SEARCH_ALL, &st, e);
    if (code != OK)
        return code;
    while ((code = statement_next(q, st, &row, e)) == OK && row) {
        struct search_row r;
        read_search(st, &r);
        code = visit(self, &r);
        if (code != OK)
            break;
    }
    statement_give(q, SEARCH_ALL, st);
    return code;
}
