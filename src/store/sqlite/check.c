/*
 * Does the store add up? SQLite's own check, references, and what is kept beside the rows it was
 * computed from.
 */
#include "store/sqlite/backend.h"

#include <string.h>

static void add(struct problems *ret, const char *fmt, ...) printf_like(2, 3);
static void add(struct problems *ret, const char *fmt, ...)
{
    struct error e;
    va_list ap;
    va_start(ap, fmt);
    error_setv(&e, E_CORRUPT, fmt, ap);
    va_end(ap);
    error_hint(&e, "put a backup in the store's place");
    problems_add(ret, &e);
}

/* Each row of a check is a problem, but for the one that says "ok". */
static enum code run_pragma(struct sqlite_store *q, const char *pragma, const char *what,
                            struct problems *ret, struct error *e)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(q->db, pragma, -1, &st, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(st);
        const char *text = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
        if (text && strcmp(text, "ok") != 0)
            add(ret, "%s: %s", what, text);
    }
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? OK : sqlite_failed(q->db, q->path, rc, "check the store", e);
}

static enum code count_trials(struct sqlite_store *q, struct progress *p, struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(q, TRIAL_COUNTS, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, p->search.v);
    while ((code = statement_next(q, st, &row, e)) == OK && row) {
        int64_t state = column_i64(st, 0);
        if (state >= 0 && state < TRIAL_STATE_COUNT)
            p->counts[state] = column_i64(st, 1);
    }
    statement_give(q, TRIAL_COUNTS, st);
    return code;
}

/* The two numbers, or the one, of a statement about a search. */
static enum code read_pair(struct sqlite_store *q, enum statement which, struct search_id id,
                           int64_t ret[2], struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(q, which, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = statement_next(q, st, &row, e);
    for (int i = 0; code == OK && row && i < 2 && i < sqlite3_column_count(st); i++)
        ret[i] = column_i64(st, i);
    statement_give(q, which, st);
    return code;
}

/* What the progress row says against what its trials say. */
static void compare(const struct progress *kept, const struct progress *counted,
                    struct problems *ret)
{
    long long id = kept->search.v;
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        if (kept->counts[i] != counted->counts[i])
            add(ret, "search %lld counts %lld trials %s where there are %lld", id,
                (long long)kept->counts[i], trial_state_name((enum trial_state)i),
                (long long)counted->counts[i]);
    if (kept->baseline != counted->baseline)
        add(ret, "search %lld names trial %lld as its baseline where it is %lld", id,
            (long long)kept->baseline, (long long)counted->baseline);
    if (kept->best != counted->best)
        add(ret, "search %lld names trial %lld as its best where it is %lld", id,
            (long long)kept->best, (long long)counted->best);
}

static enum code check_search(struct sqlite_store *q, struct search_id id, struct problems *ret,
                              struct error *e)
{
    struct progress kept, counted = {.search = id};
    struct standings ranking = {.n = 0};
    int64_t journal[2] = {0, 0}, baseline[2] = {0, 0};
    enum code code = progress_get(q, id, &kept, e);
    if (code == E_NOT_FOUND) {
        add(ret, "search %lld has no progress", (long long)id.v);
        return OK;
    }
    if (code == OK)
        code = count_trials(q, &counted, e);
    if (code == OK)
        code = read_pair(q, TRIAL_BASELINE, id, baseline, e);
    if (code == OK)
        code = read_pair(q, JOURNAL_GAPS, id, journal, e);
    if (code == OK)
        code = standings_of(q, id, &kept.aims, &ranking, e);
    if (code != OK)
        return code;
    counted.baseline = baseline[0];
    bool one = kept.aims.n_objectives == 1;
    counted.best = one && ranking.n > 0 ? ranking.v[0].number : 0;
    standings_free(&ranking);
    compare(&kept, &counted, ret);
    if (journal[0] != journal[1])
        add(ret, "the journal of search %lld has %lld entries and ends with number %lld",
            (long long)id.v, (long long)journal[0], (long long)journal[1]);
    return OK;
}

enum code sqlite_check(struct store *s, struct problems *ret)
{
    struct sqlite_store *q = sqlite_of(s);
    struct error e = {0};
    sqlite3_stmt *st;
    bool row;
    enum code code = connection_refresh(q, &e);
    if (code == OK)
        code = run_pragma(q, "PRAGMA integrity_check(20)", "the database is damaged", ret, &e);
    if (code == OK)
        code = run_pragma(q, "PRAGMA foreign_key_check", "a reference leads nowhere in table", ret,
                          &e);
    if (code == OK)
        code = statement_take(q, SEARCH_IDS, &st, &e);
    if (code == OK) {
        while ((code = statement_next(q, st, &row, &e)) == OK && row) {
            code = check_search(q, (struct search_id){column_i64(st, 0)}, ret, &e);
            if (code != OK)
                break;
        }
        statement_give(q, SEARCH_IDS, st);
    }
    if (code != OK)
        problems_add(ret, &e);
    return code;
}
