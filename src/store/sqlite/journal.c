/*
 * The journal: entries 1, 2, 3, ... of each search.
 */
#include "store/sqlite/backend.h"

static enum code out_of_order(struct sqlite_store *q, struct search_id id, int64_t seq,
                              struct error *e)
{
    struct progress p;
    enum code code = progress_get(q, id, &p, e);
    if (code != OK)
        return code;
    return error_set(e, E_STATE, "entry %lld is not the next in the journal of search %lld",
                     (long long)seq, (long long)id.v);
}

enum code sqlite_journal_append(struct store *s, struct search_id id, const struct journal_row *row,
                                struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool any, follows = false;
    enum code code = statement_take(q, JOURNAL_HAS, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    bind_i64(st, 2, row->seq);
    code = statement_next(q, st, &any, e);
    if (code == OK && any)
        follows = column_i64(st, 0);
    statement_give(q, JOURNAL_HAS, st);
    if (code == OK && !follows)
        code = out_of_order(q, id, row->seq, e);
    if (code == OK)
        code = statement_take(q, JOURNAL_INSERT, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    bind_i64(st, 2, row->seq);
    bind_i64(st, 3, row->time);
    bind_i64(st, 4, row->trial);
    bind_str(st, 5, row->kind);
    bind_str(st, 6, row->data);
    code = statement_run(q, JOURNAL_INSERT, st, e);
    return code == E_DUPLICATE ? out_of_order(q, id, row->seq, e) : code;
}

enum code sqlite_journal(struct store *s, struct search_id id, int64_t from_seq,
                         enum code (*visit)(void *, const struct journal_row *), void *self,
                         struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool row;
    if (from_seq > UINT32_MAX)
        return OK;
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_take(q, JOURNAL_FROM, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    bind_i64(st, 2, from_seq < 1 ? 1 : from_seq);
    while ((code = statement_next(q, st, &row, e)) == OK && row) {
        struct journal_row r = {.seq = column_i64(st, 0),
                                .time = column_i64(st, 1),
                                .trial = column_i64(st, 2),
                                .kind = column_str(st, 3),
                                .data = column_str(st, 4)};
        code = visit(self, &r);
        if (code != OK)
            break;
    }
    statement_give(q, JOURNAL_FROM, st);
    return code;
}
