/*
 * The SQLite backend's inside: a connection, its statements, its errors.
 *
 * Files: PATH is the database; PATH-wal and PATH-shm are SQLite's; PATH-lock is the controller's
 * lock; PATH.schemaN-backup is what it was before a migration.
 *
 * Invariants:
 *  1. PATH appears whole, with its schema, or not at all: it is built beside and linked into place.
 *  2. There is one writer: whoever holds the lock. Only it begins a write transaction, so that it
 *     never waits for another.
 *  3. -wal stays when a writer closes (emptied), so that readers find the files they need and make
 *     none. Where it is missing nobody writes, and the database is read as immutable, until it
 *     appears.
 *  4. A statement that is being stepped is never handed out a second time: a visitor may call the
 *     store.
 *  5. What is cached of the database (names of metrics) is dropped when a group is rolled back.
 */
#ifndef STORE_SQLITE_CONNECTION_H
#define STORE_SQLITE_CONNECTION_H

#include "store/backend.h"
#include "store/sqlite/statement.h"

#include <sqlite3.h>

/* Names of metrics by text and by id. Past the limit names are looked up in the database. */
enum { NAMES_MAX = 512, NAME_SLOTS = 2 * NAMES_MAX };
struct metric_names {
    struct metric_name {
        int64_t id;
        struct str text; /* owned */
    } v[NAMES_MAX];
    size_t n;
    uint16_t by_text[NAME_SLOTS], by_id[NAME_SLOTS]; /* index + 1; 0: free */
};

struct sqlite_store {
    struct store base; /* first: a store * is cast to this */
    sqlite3 *db;
    char *path;
    enum durability durability;
    int version; /* of the schema */
    int lock_fd; /* -1: not held */
    bool immutable;
    int stepping; /* statements handed out */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    int64_t known_attempt; /* one that is there: metrics come for the same few */
    struct metric_names names;
};

static inline struct sqlite_store *sqlite_of(struct store *s)
{
    return (struct sqlite_store *)s;
}

/* Opens q->path as q->base.mode says. The file must be there. */
enum code connection_open(struct sqlite_store *q, struct error *e) must_check;
/* For a store known to be ours: the WAL and how it is synced. */
enum code connection_set_up_writer(struct sqlite_store *q, struct error *e) must_check;
void connection_close(struct sqlite_store *q);
/* Before each read: a connection that reads a lone database as immutable goes over to the ordinary
 * way once a writer has come. */
enum code connection_refresh(struct sqlite_store *q, struct error *e) must_check;
/* "file:PATH?query" with PATH as bytes, whatever it holds. The caller frees it; NULL: no memory. */
char *connection_uri(const char *path, const char *query) must_check;

/* What SQLite's result code means to our caller. `doing` completes "cannot ...". */
enum code sqlite_failed(sqlite3 *db, const char *path, int rc, const char *doing,
                        struct error *e) must_check;
/* With the errno seen after the call, 0 for none: of a commit that fails SQLite keeps none. */
enum code sqlite_failed_with(sqlite3 *db, const char *path, int rc, int errno_value,
                             const char *doing, struct error *e) must_check;

void names_clear(struct metric_names *n);

#endif
