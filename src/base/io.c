/*
 * Files: whole reads with a limit, whole writes, trees.
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

static enum code read_all(int fd, const char *path, size_t limit, struct buf *b, struct error *e)
{
    char chunk[CHUNK];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno, "cannot read %s", path);
        if (n == 0)
            return buf_end(b, e);
        if ((size_t)n > limit - total)
            return error_set(e, E_LIMIT, "%s is larger than %zu bytes", path, limit);
        total += (size_t)n;
        buf_add(b, chunk, (size_t)n);
    }
}

enum code io_read_file(const char *path, size_t limit, struct buf *b, struct error *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return error_set(e, E_NOT_FOUND, "there is no file %s", path);
    if (fd < 0)
        return error_errno(e, errno, "cannot open %s", path);
    enum code code = read_all(fd, path, limit, b, e);
    close(fd);
    return code;
}

enum code io_write_all(int fd, const void *bytes, size_t n, struct error *e)
{
    const char *p = bytes;
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_errno(e, errno, "cannot write");
        p += written;
        n -= (size_t)written;
    }
    return OK;
}

/* Fills the new file behind fd and puts it in path's place. Closes fd. */
static enum code fill_and_rename(int fd, const char *temporary, const char *path, struct str text,
                                 mode_t mode, struct error *e)
{
    enum code code = io_write_all(fd, text.p, text.n, e);
    if (code == OK && fchmod(fd, mode) < 0)
        code = error_errno(e, errno, "cannot set the mode of %s", path);
    if (close(fd) < 0 && code == OK)
        code = error_errno(e, errno, "cannot write %s", path);
    if (code == OK && rename(temporary, path) < 0)
        code = error_errno(e, errno, "cannot replace %s", path);
    if (code != OK)
        unlink(temporary);
    return code;
}

enum code io_replace_file(const char *path, struct str text, mode_t mode, struct error *e)
{
    struct buf name;
    buf_init(&name, 1 << 16);
    buf_fmt(&name, "%s.XXXXXX", path);
    enum code code = buf_end(&name, e);
    if (code == OK) {
        int fd = mkostemp(name.p, O_CLOEXEC);
        code = fd < 0 ? error_errno(e, errno, "cannot create a file beside %s", path)
                      : fill_and_rename(fd, name.p, path, text, mode, e);
    }
    buf_free(&name);
    return code;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum code io_make_dirs(const char *path, mode_t mode, struct error *e)
{
    enum code code = OK;
    char *copy = strdup(path);
    if (!copy)
        return error_nomem(e);
    char *p = copy;
    do {
        p += strspn(p, "/");
        p += strcspn(p, "/");
        char end = *p;
        *p = '\0';
        if (copy[0] && mkdir(copy, mode) < 0 && !(errno == EEXIST && is_directory(copy)))
            code = error_errno(e, errno, "cannot create the folder %s", copy);
        *p = end;
    } while (code == OK && *p);
    free(copy);
    return code;
}

/* One entry of the walk. Folders come twice: before what is in them and after. */
static enum code remove_entry(const FTSENT *entry, struct error *e)
{
    const char *path = entry->fts_path;
    int status = 0;
    switch (entry->fts_info) {
    case FTS_D:
        if ((entry->fts_statp->st_mode & 0700) != 0700)
            status = chmod(path, 0700);
        break;
    case FTS_DP:
    case FTS_DNR: /* could not be listed: perhaps it is empty */
        status = rmdir(path);
        break;
    case FTS_NS:
    case FTS_ERR:
        errno = entry->fts_errno;
        status = -1;
        break;
    default:
        status = unlink(path);
        break;
    }
    if (status < 0 && errno != ENOENT)
        return error_errno(e, errno, "cannot remove %s", path);
    return OK;
}

enum code io_remove_tree(const char *path, struct error *e)
{
    char *roots[] = {(char *)(uintptr_t)path, NULL}; /* fts takes char *, but only reads it */
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk)
        return error_errno(e, errno, "cannot remove %s", path);
    enum code code = OK;
    for (;;) {
        errno = 0;
        FTSENT *entry = fts_read(walk);
        if (!entry && errno)
            code = error_errno(e, errno, "cannot remove %s", path);
        if (!entry || (code = remove_entry(entry, e)) != OK)
            break;
    }
    fts_close(walk);
    return code;
}

int64_t io_tree_size(const char *path)
{
    char *roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int64_t total = 0;
    if (!walk)
        return 0;
    for (FTSENT *entry; (entry = fts_read(walk));)
        if (entry->fts_info == FTS_F)
            total += entry->fts_statp->st_size;
    fts_close(walk);
    return total;
}

char *io_join(const char *dir, const char *name)
{
    size_t a = strlen(dir), b = strlen(name);
    size_t slash = a > 0 && dir[a - 1] != '/';
    char *p = malloc(a + slash + b + 1);
    if (!p)
        return NULL;
    memcpy(p, dir, a);
    if (slash)
        p[a] = '/';
    memcpy(p + a + slash, name, b + 1);
    return p;
}
