/*
 * Copies of folders: one walk, entry by entry, into a folder that gets its name when it is whole.
 */
#include "base/copy.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LIMIT = 1 << 16, CHUNK = 1 << 16 };

struct copy {
    struct copy_rules rules;
    size_t n_from; /* length of the original's path */
    const char *temporary;
    struct buf path; /* of the entry that is being made */
    int64_t bytes, entries;
};

static enum code read_and_write(int in, int out, int64_t size, struct error *e)
{
    char chunk[CHUNK];
    while (size > 0) {
        ssize_t n = read(in, chunk, size < CHUNK ? (size_t)size : CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno, "cannot read");
        enum code c = n ? io_write_all(out, chunk, (size_t)n, e) : OK;
        if (c != OK || n == 0)
            return c;
        size -= n;
    }
    return OK;
}

/* Some file systems copy nothing in the kernel and say so by one of several errors, or by 0 bytes:
 * the rest, which may be all, is then read and written. */
static enum code copy_bytes(int in, int out, int64_t size, struct error *e)
{
    if (size > 0 && ioctl(out, FICLONE, in) == 0)
        return OK;
    ssize_t n = 1;
    while (size > 0 && n > 0) {
        n = copy_file_range(in, NULL, out, NULL, (size_t)size, 0);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            size -= n;
        else if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
            return error_errno(e, errno, "cannot write");
    }
    return read_and_write(in, out, size, e);
}

static enum code keep_mode_and_times(int fd, const struct stat *st, struct error *e)
{
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0)
        return error_errno(e, errno, "cannot set mode and time");
    return OK;
}

static enum code sync_if_durable(const struct copy *k, int fd, struct error *e)
{
    return k->rules.durable && fsync(fd) < 0 ? error_errno(e, errno, "cannot sync") : OK;
}

static enum code copy_opened(struct copy *k, int in, int out, struct error *e)
{
    struct stat st;
    if (fstat(in, &st) < 0)
        return error_errno(e, errno, "cannot look at it");
    if (st.st_size > k->rules.bytes - k->bytes)
        return error_set(e, E_LIMIT, "it is larger than %lld bytes", (long long)k->rules.bytes);
    k->bytes += st.st_size;
    enum code c = copy_bytes(in, out, st.st_size, e);
    if (c == OK)
        c = keep_mode_and_times(out, &st, e);
    return c == OK ? sync_if_durable(k, out, e) : c;
}

static enum code copy_file(struct copy *k, const char *from, struct error *e)
{
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (in < 0)
        return error_errno(e, errno, "cannot open %s", from);
    int out = open(k->path.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) {
        int why = errno;
        close(in);
        return error_errno(e, why, "cannot make %s", k->path.p);
    }
    enum code c = copy_opened(k, in, out, e);
    if (close(out) < 0 && c == OK)
        c = error_errno(e, errno, "cannot write %s", k->path.p);
    close(in);
    return c;
}

static enum code copy_link(struct copy *k, const char *from, struct error *e)
{
    char target[PATH_MAX];
    ssize_t n = readlink(from, target, sizeof target - 1);
    if (n < 0)
        return error_errno(e, errno, "cannot read the link %s", from);
    target[n] = '\0';
    if (symlink(target, k->path.p) < 0)
        return error_errno(e, errno, "cannot make the link %s", k->path.p);
    return OK;
}

/* Once what is in it is there: a read-only folder takes nothing more, and its time of change is
 * that of its last entry. */
static enum code finish_folder(struct copy *k, const struct stat *st, struct error *e)
{
    int fd = open(k->path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_errno(e, errno, "cannot open %s", k->path.p);
    enum code c = keep_mode_and_times(fd, st, e);
    if (c == OK)
        c = sync_if_durable(k, fd, e);
    close(fd);
    return c;
}

static enum code copy_entry(struct copy *k, const FTSENT *entry, struct error *e)
{
    buf_clear(&k->path);
    buf_cstr(&k->path, k->temporary);
    buf_cstr(&k->path, entry->fts_path + k->n_from);
    enum code c = buf_end(&k->path, e);
    if (c != OK)
        return c;
    if (entry->fts_info != FTS_DP && ++k->entries > k->rules.entries)
        return error_set(e, E_LIMIT, "it has more than %lld entries", (long long)k->rules.entries);
    switch (entry->fts_info) {
    case FTS_D:
        return mkdir(k->path.p, 0700) < 0
                   ? error_errno(e, errno, "cannot make the folder %s", k->path.p)
                   : OK;
    case FTS_DP:
        return finish_folder(k, entry->fts_statp, e);
    case FTS_F:
        return copy_file(k, entry->fts_path, e);
    case FTS_SL:
    case FTS_SLNONE:
        return copy_link(k, entry->fts_path, e);
    case FTS_DEFAULT:
        return OK;
    default:
        return error_errno(e, entry->fts_errno, "cannot look at %s", entry->fts_path);
    }
}

static enum code copy_all(struct copy *k, const char *from, struct error *e)
{
    char *roots[] = {(char *)(uintptr_t)from, NULL}; /* fts takes char *, but only reads it */
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
    if (!walk)
        return error_errno(e, errno, "cannot read %s", from);
    enum code c = OK;
    for (;;) {
        errno = 0;
        FTSENT *entry = fts_read(walk);
        if (!entry && errno)
            c = error_errno(e, errno, "cannot read %s", from);
        if (!entry || (c = copy_entry(k, entry, e)) != OK)
            break;
    }
    fts_close(walk);
    return c;
}

static enum code temporary_name(const char *to, struct buf *b, struct error *e)
{
    buf_init(b, PATH_LIMIT);
    buf_fmt(b, "%s.copying", to);
    enum code c = buf_end(b, e);
    if (c != OK)
        buf_free(b);
    return c;
}

/* A folder is renamed over an empty one only; over anything else this fails. */
static enum code give_its_name(const char *temporary, const char *to, struct error *e)
{
    if (rename(temporary, to) == 0)
        return OK;
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
        return error_set(e, E_DUPLICATE, "there is something at %s already", to);
    return error_errno(e, errno, "cannot rename %s to %s", temporary, to);
}

/* So that its name is durable. */
static enum code sync_parent(const char *path, struct error *e)
{
    const char *slash = strrchr(path, '/');
    char *parent = slash ? strndup(path, slash > path ? (size_t)(slash - path) : 1) : strdup(".");
    if (!parent)
        return error_nomem(e);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum code c = OK;
    if (fd < 0 || fsync(fd) < 0)
        c = error_errno(e, errno, "cannot sync %s", parent);
    if (fd >= 0)
        close(fd);
    free(parent);
    return c;
}

static enum code check_original(const char *from, struct error *e)
{
    struct stat st;
    bool there = stat(from, &st) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR)
        return error_errno(e, errno, "cannot look at %s", from);
    if (!there || !S_ISDIR(st.st_mode))
        return error_set(e, E_NOT_FOUND, "there is no folder %s", from);
    return OK;
}

static enum code copy_and_name(struct copy *k, const char *from, const char *to, struct error *e)
{
    struct error why;
    error_init(&why);
    enum code c = io_remove_tree(k->temporary, e);
    if (c != OK)
        return c;
    c = copy_all(k, from, &why);
    if (c != OK)
        error_set(e, c, "%s could not be copied: %s%s%s", from, why.message,
                  why.detail[0] ? ": " : "", why.detail);
    else
        c = give_its_name(k->temporary, to, e);
    if (c == OK && k->rules.durable)
        return sync_parent(to, e);
    if (c != OK && io_remove_tree(k->temporary, NULL) != OK)
        return c; /* what is left the next copy removes */
    return c;
}

enum code copy_folder(const char *from, const char *to, const struct copy_rules *rules,
                      int64_t *ret_bytes, struct error *e)
{
    size_t n = strlen(from);
    struct copy k = {.rules = *rules, .n_from = n > 0 && from[n - 1] == '/' ? n - 1 : n};
    struct buf name;
    enum code c = check_original(from, e);
    if (c == OK)
        c = temporary_name(to, &name, e);
    if (c != OK)
        return c;
    k.temporary = name.p;
    buf_init(&k.path, PATH_LIMIT);
    c = copy_and_name(&k, from, to, e);
    buf_free(&k.path);
    buf_free(&name);
    if (c == OK && ret_bytes)
        *ret_bytes = k.bytes;
    return c;
}

enum code copy_tidy(const char *to, struct error *e)
{
    struct buf name;
    enum code c = temporary_name(to, &name, e);
    if (c != OK)
        return c;
    c = io_remove_tree(name.p, e);
    buf_free(&name);
    return c;
}
