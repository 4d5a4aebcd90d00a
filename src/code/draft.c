/*
 * Half-made snapshots.
 */
#include "code/draft.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = ".draft-";

static char *draft_path(const char *code_dir)
{
    uint64_t number = 0;
    char name[sizeof(prefix) + 16];
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return NULL;
    snprintf(name, sizeof(name), "%s%016llx", prefix, (unsigned long long)number);
    return io_join(code_dir, name);
}

/* Between mkdir and flock a sweeper may take it for a dead one's and remove it: then its folder is
 * no longer the one that stands there. */
static bool still_there(const char *path, int fd)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

/* E_BUSY: swept away meanwhile, try again. */
static enum code try_open(const char *code_dir, struct draft *ret, struct error *e)
{
    char *path = draft_path(code_dir);
    if (!path)
        return error_nomem(e);
    if (mkdir(path, 0700)) {
        int why = errno;
        free(path);
        return why == EEXIST ? E_BUSY : error_errno(e, why, "cannot make a folder in %s", code_dir);
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool held = fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
                still_there(path, fd);
    if (!held) {
        if (fd >= 0)
            close(fd);
        free(path);
        return E_BUSY;
    }
    *ret = (struct draft){path, fd};
    return OK;
}

enum code draft_open(const char *code_dir, struct draft *ret, struct error *e)
{
    for (int i = 0; i < 16; i++) {
        enum code code = try_open(code_dir, ret, e);
        if (code != E_BUSY)
            return code;
    }
    return error_set(e, E_IO, "cannot make a folder in %s", code_dir);
}

/* Where the file system cannot exchange two names, the old one steps aside first. */
static enum code exchange(struct draft *d, const char *code_dir, const char *target,
                          struct error *e)
{
    if (renameat2(AT_FDCWD, d->path, AT_FDCWD, target, RENAME_EXCHANGE) == 0)
        return OK;
    char *aside = draft_path(code_dir);
    if (!aside)
        return error_nomem(e);
    enum code code = OK;
    if ((rename(target, aside) && errno != ENOENT) || rename(d->path, target))
        code = error_errno(e, errno, "cannot put a snapshot in place at %s", target);
    if (code) {
        free(aside);
        return code;
    }
    free(d->path);
    d->path = aside;
    return OK;
}

enum code draft_publish(struct draft *d, const char *code_dir, const char *name, bool replace,
                        struct error *e)
{
    char *target = io_join(code_dir, name);
    if (!target)
        return error_nomem(e);
    enum code code = OK;
    if (rename(d->path, target) == 0) {
        free(d->path);
        d->path = NULL;
    } else if (errno == EEXIST || errno == ENOTEMPTY) {
        code = replace ? exchange(d, code_dir, target, e)
                       : error_set(e, E_DUPLICATE, "%s is there already", target);
    } else {
        code = error_errno(e, errno, "cannot put a snapshot in place at %s", target);
    }
    free(target);
    return code;
}

void draft_drop(struct draft *d)
{
    if (d->path && io_remove_tree(d->path, NULL) != OK) {
        /* the next sweep tries again */
    }
    if (d->fd >= 0)
        close(d->fd);
    free(d->path);
    *d = (struct draft){.fd = -1};
}

enum code draft_withdraw(const char *code_dir, const char *name, struct draft *ret, struct error *e)
{
    char *from = io_join(code_dir, name), *to = draft_path(code_dir);
    enum code code = from && to ? OK : error_nomem(e);
    if (!code && rename(from, to))
        code = errno == ENOENT ? error_set(e, E_NOT_FOUND, "there is no snapshot %s", name)
                               : error_errno(e, errno, "cannot remove the snapshot %s", from);
    free(from);
    if (code) {
        free(to);
        return code;
    }
    *ret = (struct draft){to, -1};
    return OK;
}

static void sweep_one(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct draft dead = {.path = NULL, .fd = fd};
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && still_there(path, fd))
        dead.path = strdup(path);
    draft_drop(&dead);
}

void draft_sweep(const char *code_dir)
{
    DIR *dir = opendir(code_dir);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        if (!str_starts(str_of(entry->d_name), prefix))
            continue;
        char *path = io_join(code_dir, entry->d_name);
        if (path)
            sweep_one(path);
        free(path);
    }
    if (dir)
        closedir(dir);
}
