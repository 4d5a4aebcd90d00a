/*
 * The SQLite backend: opening and making stores, the lock, groups; its table of functions.
 */
#include "store/sqlite/backend.h"

#include "base/io.h"
#include "store/sqlite/place.h"
#include "store/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making a store ---- */

static enum code fill_new(const char *path, const char *name, struct error *e)
{
    sqlite3 *db = NULL;
    char *uri = connection_uri(path, "");
    if (!uri)
        return error_nomem(e);
    int rc = sqlite3_open_v2(uri, &db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE, NULL);
    free(uri);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;", NULL, NULL,
                          NULL);
    enum code code = rc == SQLITE_OK ? schema_migrate(db, name, schema_current(), 0, e)
                                     : sqlite_failed(db, name, rc, "make the store", e);
    rc = sqlite3_close(db); /* empties and removes its -wal */
    if (code == OK && rc != SQLITE_OK)
        code = sqlite_failed(NULL, name, rc, "make the store", e);
    return code;
}

static enum code sync_folder(const char *path, const char *folder, struct error *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        int errno_value = errno;
        if (fd >= 0)
            close(fd);
        return error_errno(e, errno_value, "cannot make the store %s", path);
    }
    close(fd);
    return OK;
}

/* Builds the store beside its place and links it there: two who make it at once both find it whole.
 */
static enum code make_in(const char *folder, const char *path, struct error *e)
{
    struct buf temporary;
    buf_init(&temporary, 1 << 16);
    buf_fmt(&temporary, "%s.new-XXXXXX", path);
    enum code code = buf_end(&temporary, e);
    if (code == OK)
        code = io_make_dirs(folder, 0700, e);
    int fd = code == OK ? mkostemp(temporary.p, O_CLOEXEC) : -1;
    if (code == OK && fd < 0)
        code = error_errno(e, errno, "cannot make the store %s", path);
    if (fd >= 0) {
        close(fd);
        code = fill_new(temporary.p, path, e);
        if (code == OK && link(temporary.p, path) < 0 && errno != EEXIST)
            code = error_errno(e, errno, "cannot make the store %s", path);
        unlink(temporary.p);
        if (code == OK)
            code = sync_folder(path, folder, e);
    }
    buf_free(&temporary);
    return code;
}

static enum code make(const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == path ? strdup("/")
                   : slash       ? strndup(path, (size_t)(slash - path))
                                 : strdup(".");
    enum code code = folder ? make_in(folder, path, e) : error_nomem(e);
    free(folder);
    return code;
}

static enum code find_or_make(const char *path, enum store_mode mode, struct error *e)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return error_errno(e, errno, "cannot open the store %s", path);
        if (mode == STORE_CREATE)
            return make(path, e);
        error_set(e, E_NOT_FOUND, "there is no store %s", path);
        error_hint(e, "`trawl run` makes one");
        return E_NOT_FOUND;
    }
    if (!S_ISREG(st.st_mode))
        return error_set(e, E_INVALID, "the store %s is not a file", path);
    if (st.st_size == 0) {
        error_set(e, E_CORRUPT, "%s is no store: it is empty", path);
        error_hint(e, "remove it, or put a backup in its place");
        return E_CORRUPT;
    }
    return OK;
}

/* ---- opening ---- */

static enum code bring_up(struct sqlite_store *q, struct error *e)
{
    if (q->base.mode != STORE_READ)
        return schema_bring_up(q->db, q->path, schema_current(), &q->version, e);
    error_set(e, E_STATE, "the store %s was written by an older trawl", q->path);
    error_hint(e, "any command that changes it brings it up to date, after a backup");
    return E_STATE;
}

static enum code open_at(struct sqlite_store *q, struct error *e)
{
    enum schema_verdict verdict = SCHEMA_RIGHT;
    enum code code = place_check(q->path, e);
    if (code == OK)
        code = find_or_make(q->path, q->base.mode, e);
    if (code == OK)
        code = connection_open(q, e);
    if (code == OK)
        code = schema_look(q->db, q->path, schema_current(), &q->version, &verdict, e);
    if (code == OK && q->base.mode != STORE_READ)
        code = connection_set_up_writer(q, e);
    if (code == OK && verdict == SCHEMA_OLDER)
        code = bring_up(q, e);
    return code;
}

static void backend_close(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);
    connection_close(q);
    names_clear(&q->names);
    if (q->lock_fd >= 0)
        close(q->lock_fd);
    free(q->path);
    free(q);
}

static enum code backend_open(const char *place, enum store_mode mode, enum durability durability,
                              struct store **ret, struct error *e)
{
    struct sqlite_store *q = calloc(1, sizeof(*q));
    if (!q)
        return error_nomem(e);
    q->base = (struct store){.backend = &sqlite_backend, .mode = mode};
    q->durability = durability;
    q->lock_fd = -1;
    q->path = strdup(place);
    enum code code = q->path ? open_at(q, e) : error_nomem(e);
    if (code != OK) {
        backend_close(&q->base);
        return code;
    }
    *ret = &q->base;
    return OK;
}

static enum code backend_lock(struct store *s, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    return place_lock(q->path, &q->lock_fd, e);
}

static int backend_version(const struct store *s)
{
    return ((const struct sqlite_store *)s)->version;
}

static const char *backend_path(const struct store *s)
{
    return ((const struct sqlite_store *)s)->path;
}

static int64_t backend_size(const struct store *s)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    int64_t size = 0;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct stat st;
        struct buf b;
        buf_init(&b, 1 << 16);
        buf_fmt(&b, "%s%s", backend_path(s), ends[i]);
        if (buf_end(&b, NULL) == OK && stat(b.p, &st) == 0)
            size += st.st_size;
        buf_free(&b);
    }
    return size;
}

/* ---- groups ---- */

static void backend_rollback(struct store *s)
{
    struct sqlite_store *q = sqlite_of(s);
    names_clear(&q->names);
    q->known_attempt = 0;
    if (!sqlite3_get_autocommit(q->db)) /* a full disk may have rolled back already */
        sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
}

static enum code backend_begin(struct store *s, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    if (s->mode != STORE_READ)
        return statement_exec(q, BEGIN_WRITE, e);
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_exec(q, BEGIN_READ, e);
    if (code != OK)
        return code;
    /* The picture is taken by the first read, not by BEGIN. */
    code = statement_exec(q, SEARCH_LATEST, e);
    if (code != OK)
        backend_rollback(s);
    return code;
}

static enum code backend_commit(struct store *s, struct error *e)
{
    enum code code = statement_exec(sqlite_of(s), COMMIT, e);
    if (code != OK)
        backend_rollback(s);
    return code;
}

const struct store_backend sqlite_backend = {
    .scheme = "sqlite:",
    .open = backend_open,
    .close = backend_close,
    .lock = backend_lock,
    .begin = backend_begin,
    .commit = backend_commit,
    .rollback = backend_rollback,
    .schema_version = backend_version,
    .path = backend_path,
    .size = backend_size,
    .check = sqlite_check,
    .space_put = sqlite_space_put,
    .search_insert = sqlite_search_insert,
    .search_update = sqlite_search_update,
    .search_set_budget = sqlite_search_set_budget,
    .search_delete = sqlite_search_delete,
    .search_get = sqlite_search_get,
    .search_latest = sqlite_search_latest,
    .searches = sqlite_searches,
    .trial_insert = sqlite_trial_insert,
    .trial_update = sqlite_trial_update,
    .trial_get = sqlite_trial_get,
    .trials = sqlite_trials,
    .best = sqlite_best,
    .attempt_insert = sqlite_attempt_insert,
    .attempt_update = sqlite_attempt_update,
    .attempts = sqlite_attempts,
    .search_attempts = sqlite_search_attempts,
    .live_attempts = sqlite_live_attempts,
    .metrics_add = sqlite_metrics_add,
    .metrics = sqlite_metrics,
    .journal_append = sqlite_journal_append,
    .journal = sqlite_journal,
};
