/*
 * Opening, closing and refreshing a connection; what SQLite's errors mean.
 */
#include "store/sqlite/connection.h"

#include "store/sqlite/schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEXT_MAX = 256 << 20, /* bytes of one text or row */
    BUSY_MS = 5000,       /* doctor or another program may hold SQLite's own lock for a moment */
};

static bool is_full(int rc, int errno_value)
{
    return (rc & 0xff) == SQLITE_FULL ||
           ((rc & 0xff) == SQLITE_IOERR && (errno_value == ENOSPC || errno_value == EDQUOT));
}

static enum code io_failed(const char *path, int rc, int errno_value, const char *doing,
                           struct error *e)
{
    if (is_full(rc, errno_value)) {
        error_set(e, E_IO, "cannot %s: no room is left for %s", doing, path);
        error_hint(e, "free some space on its disk; what was committed before is safe");
        return E_IO;
    }
    enum code code = errno_value ? error_errno(e, errno_value, "cannot %s: %s", doing, path)
                                 : error_set(e, E_IO, "cannot %s: %s", doing, path);
    if (!errno_value)
        error_detail(e, "%s", sqlite3_errstr(rc));
    return code;
}

enum code sqlite_failed(sqlite3 *db, const char *path, int rc, const char *doing, struct error *e)
{
    return sqlite_failed_with(db, path, rc, 0, doing, e);
}

enum code sqlite_failed_with(sqlite3 *db, const char *path, int rc, int errno_value,
                             const char *doing, struct error *e)
{
    if (db && sqlite3_system_errno(db))
        errno_value = sqlite3_system_errno(db);
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return error_nomem(e);
    case SQLITE_NOTADB:
        error_set(e, E_CORRUPT, "%s is no store: it is not an SQLite database", path);
        error_hint(e, "name another file, or put a backup in its place");
        return E_CORRUPT;
    case SQLITE_CORRUPT:
        error_set(e, E_CORRUPT, "cannot %s: the store %s is damaged", doing, path);
        error_detail(e, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        error_hint(e, "`trawl doctor` says how far; a backup brings it back");
        return E_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error_set(e, E_BUSY, "cannot %s: another program holds %s", doing, path);
        error_hint(e, "something other than trawl has a transaction open on it");
        return E_BUSY;
    case SQLITE_TOOBIG:
        return error_set(e, E_LIMIT, "cannot %s: a text is larger than %d MiB", doing,
                         TEXT_MAX >> 20);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        error_set(e, E_IO, "cannot %s: %s may not be written", doing, path);
        error_detail(e, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        return E_IO;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return io_failed(path, rc, errno_value, doing, e);
    default:
        error_set(e, E_IO, "cannot %s: %s", doing, path);
        error_detail(e, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
        return E_IO;
    }
}

char *connection_uri(const char *path, const char *query)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_cstr(&b, path[0] == '/' ? "file:" : "file:./");
    for (const char *p = path; *p; p++) {
        unsigned char c = (unsigned char)*p;
        /* Two slashes in a row would begin a host's name. */
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("._-", c) || (c == '/' && (p == path || p[-1] != '/'));
        if (plain) {
            buf_char(&b, *p);
        } else {
            char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_add(&b, escape, sizeof(escape));
        }
    }
    buf_cstr(&b, query);
    if (buf_end(&b, NULL) != OK)
        buf_free(&b);
    return b.p;
}

/* Bytes of PATH-wal; -1: there is none. */
static int64_t wal_size(const char *path)
{
    struct stat st;
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_fmt(&b, "%s-wal", path);
    int64_t size = buf_end(&b, NULL) == OK && stat(b.p, &st) == 0 ? st.st_size : -1;
    buf_free(&b);
    return size;
}

static int exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

enum code connection_set_up_writer(struct sqlite_store *q, struct error *e)
{
    int rc = exec(q->db, "PRAGMA journal_mode = WAL;"
                         "PRAGMA secure_delete = OFF;"
                         "PRAGMA cache_size = -4096;"
                         "PRAGMA wal_autocheckpoint = 2000;"
                         "PRAGMA journal_size_limit = 16777216;");
    if (rc == SQLITE_OK)
        rc = exec(q->db, q->durability == DURABILITY_POWER ? "PRAGMA synchronous = FULL"
                                                           : "PRAGMA synchronous = NORMAL");
    return rc == SQLITE_OK ? OK : sqlite_failed(q->db, q->path, rc, "open the store", e);
}

/* Opens the file and looks at its first page, so that what is wrong with it shows here. */
static int try_open(struct sqlite_store *q, bool immutable)
{
    bool reads = q->base.mode == STORE_READ;
    char *uri = connection_uri(q->path, immutable ? "?immutable=1" : "");
    if (!uri)
        return SQLITE_NOMEM;
    int rc = sqlite3_open_v2(uri, &q->db,
                             (reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                                 SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             NULL);
    free(uri);
    if (rc != SQLITE_OK)
        return rc;
    int on = 1;
    sqlite3_file_control(q->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on); /* invariant 3 */
    sqlite3_busy_timeout(q->db, BUSY_MS);
    sqlite3_limit(q->db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
    q->immutable = immutable;
    rc = exec(q->db, "PRAGMA trusted_schema = OFF;"
                     "PRAGMA cell_size_check = ON;"
                     "PRAGMA temp_store = MEMORY;"
                     "SELECT 1 FROM sqlite_schema LIMIT 1;");
    return rc;
}

static void drop(struct sqlite_store *q)
{
    sqlite3_close_v2(q->db);
    q->db = NULL;
}

enum code connection_open(struct sqlite_store *q, struct error *e)
{
    bool reads = q->base.mode == STORE_READ;
    /* No -wal: nobody writes, and opening the ordinary way would make one. */
    int rc = try_open(q, reads && wal_size(q->path) < 0);
    if (reads && !q->immutable && wal_size(q->path) <= 0 &&
        ((rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY)) {
        /* A folder we may not write in: -shm can't be made, and with an empty -wal isn't needed. */
        drop(q);
        rc = try_open(q, true);
    }
    if (rc == SQLITE_OK)
        return OK;
    enum code code = sqlite_failed(q->db, q->path, rc, "open the store", e);
    drop(q);
    return code;
}

void connection_close(struct sqlite_store *q)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(q->statements[i]);
        q->statements[i] = NULL;
    }
    drop(q);
}

enum code connection_refresh(struct sqlite_store *q, struct error *e)
{
    if (!q->immutable || q->stepping || q->base.grouped || wal_size(q->path) < 0)
        return OK;
    struct sqlite_store fresh = {
        .base = q->base, .path = q->path, .durability = q->durability, .lock_fd = -1};
    int version;
    enum schema_verdict verdict = SCHEMA_RIGHT;
    enum code code = connection_open(&fresh, e);
    if (code != OK)
        return code;
    code = schema_look(fresh.db, q->path, schema_current(), &version, &verdict, e);
    if (code != OK) {
        connection_close(&fresh);
        return code;
    }
    connection_close(q);
    q->db = fresh.db;
    q->immutable = fresh.immutable;
    names_clear(&q->names);
    return OK;
}
