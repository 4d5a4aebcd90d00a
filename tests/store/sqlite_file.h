/*
 * A SQLite store looked at, and changed, behind its back.
 */
#ifndef TESTS_STORE_SQLITE_FILE_H
#define TESTS_STORE_SQLITE_FILE_H

#include "scratch.h"

#include "store/sqlite/connection.h"

/* They fail the test that calls them. */
void sql(sqlite3 *db, const char *text);
/* The one number that a statement gives. */
int64_t number(sqlite3 *db, const char *text);
sqlite3 *raw(const char *path);
/* Runs SQL on the closed store. */
void alter(struct scratch *t, const char *text);
enum code try_open(struct scratch *t, enum store_mode mode, struct error *e);
/* Files of a folder with `part` in their names. */
int count_files(const char *folder, const char *part);

#endif
