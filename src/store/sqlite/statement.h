/*
 * Prepared statements: their text, and how they are borrowed, bound, stepped and given back.
 */
#ifndef STORE_SQLITE_STATEMENT_H
#define STORE_SQLITE_STATEMENT_H

#include "base/str.h"

#include <sqlite3.h>

struct sqlite_store;

enum statement {
    BEGIN_WRITE,
    BEGIN_READ,
    COMMIT,
    ROLLBACK_ALL,
    SPACE_FIND,
    SPACE_INSERT,
    VERSION_FIND,
    VERSION_LAST,
    VERSION_INSERT,
    SEARCH_INSERT,
    PROGRESS_INSERT,
    PROGRESS_GET,
    PROGRESS_SET,
    SEARCH_SET_STATE,
    SEARCH_SET_BUDGET,
    SEARCH_GET,
    SEARCH_ALL,
    SEARCH_LATEST,
    SEARCH_IDS,
    SEARCH_DELETE_METRICS,
    SEARCH_DELETE_ATTEMPTS,
    SEARCH_DELETE_TRIALS,
    SEARCH_DELETE_JOURNAL,
    SEARCH_DELETE_PROGRESS,
    SEARCH_DELETE,
    SEARCH_LIVE,
    TRIAL_INSERT,
    TRIAL_KEY,
    TRIAL_UPDATE,
    TRIAL_GET,
    TRIAL_ALL,
    TRIAL_COUNTS,
    TRIAL_BASELINE,
    RANK_GROUP,
    RANK_ALL,
    ATTEMPT_INSERT,
    ATTEMPT_UPDATE,
    ATTEMPT_EXISTS,
    ATTEMPT_OF_TRIAL,
    ATTEMPT_OF_SEARCH,
    ATTEMPT_LIVE,
    ATTEMPT_LIVE_OF_TRIAL,
    NAME_FIND,
    NAME_GET,
    NAME_INSERT,
    METRIC_INSERT,
    METRIC_ALL,
    METRIC_NAMED,
    JOURNAL_HAS,
    JOURNAL_INSERT,
    JOURNAL_FROM,
    JOURNAL_GAPS,
    STATEMENT_COUNT
};

/* Borrows a statement, ready to be bound; every success is paired with statement_give. */
enum code statement_take(struct sqlite_store *q, enum statement which, sqlite3_stmt **ret,
                         struct error *e) must_check;
void statement_give(struct sqlite_store *q, enum statement which, sqlite3_stmt *st);
/* Steps once: *ret_row tells a row from the end. */
enum code statement_next(struct sqlite_store *q, sqlite3_stmt *st, bool *ret_row,
                         struct error *e) must_check;
/* Steps a statement that gives no rows, and gives it back. */
enum code statement_run(struct sqlite_store *q, enum statement which, sqlite3_stmt *st,
                        struct error *e) must_check;
/* For one that has nothing to bind. */
enum code statement_exec(struct sqlite_store *q, enum statement which, struct error *e) must_check;

/* Binding can only fail for lack of memory or a wrong index; either shows in the next step, since
 * the parameter stays NULL and every column but value refuses that. Texts must live until the
 * statement is given back. */
void bind_i64(sqlite3_stmt *st, int i, int64_t v);
void bind_real(sqlite3_stmt *st, int i, double v); /* NaN becomes NULL */
void bind_str(sqlite3_stmt *st, int i, struct str v);
int64_t column_i64(sqlite3_stmt *st, int i);
double column_real(sqlite3_stmt *st, int i); /* NULL becomes NaN */
struct str column_str(sqlite3_stmt *st, int i);

#endif
