/*
 * The schema: numbered migrations, each a literal SQL text that ends by setting user_version.
 *
 * A migration is never changed once it has been released; a new one is added. tests/store/ holds a
 * store of each released schema as text.
 */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include "base/error.h"

#include <sqlite3.h>
#include <stddef.h>

/* "trwl", in the file's header: what tells our store from another SQLite database. */
#define SCHEMA_APPLICATION 0x7472776c

/* steps[i] takes a store from schema i to i + 1. */
struct schema {
    const char *const *steps;
    int n;
};
const struct schema *schema_current(void);

enum schema_verdict { SCHEMA_RIGHT, SCHEMA_OLDER };
/* Looks at an open database. E_VERSION for a newer one, E_CORRUPT for what is no store of ours. */
enum code schema_look(sqlite3 *db, const char *path, const struct schema *schema, int *ret_version,
                      enum schema_verdict *ret, struct error *e) must_check;
/* Takes the database from `version` to the newest, all or nothing. Version 0 is an empty database.
 */
enum code schema_migrate(sqlite3 *db, const char *path, const struct schema *schema, int version,
                         struct error *e) must_check;
/* What opening an older store does, as one who holds the lock meanwhile (E_BUSY where another has
 * it): looks again, backs up, migrates. */
enum code schema_bring_up(sqlite3 *db, const char *path, const struct schema *schema,
                          int *ret_version, struct error *e) must_check;
/* Copies the database, whole and synced, to PATH.schemaN-backup (-2, -3, ... where that is taken).
 */
enum code schema_backup(sqlite3 *db, const char *path, int version, struct error *e) must_check;

#endif
