#include "sqlite_file.h"

#include <dirent.h>
#include <string.h>

void sql(sqlite3 *db, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
}

int64_t number(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return v;
}

sqlite3 *raw(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

void alter(struct scratch *t, const char *text)
{
    store_close(t->s);
    t->s = NULL;
    sqlite3 *db = raw(t->path);
    sql(db, text);
    sqlite3_close(db);
}

enum code try_open(struct scratch *t, enum store_mode mode, struct error *e)
{
    struct store *s = NULL;
    memset(e, 0, sizeof(*e));
    enum code code = store_open(t->where, mode, DURABILITY_DEFAULT, &s, e);
    assert_true((code == OK) == (s != NULL));
    store_close(s);
    return code;
}

int count_files(const char *folder, const char *part)
{
    DIR *d = opendir(folder);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *entry; (entry = readdir(d));)
        n += strstr(entry->d_name, part) != NULL;
    closedir(d);
    return n;
}
