/*
 * Is a snapshot still what was stored? By stat: every item of the manifest is there as it was, and
 * nothing else is, but for the caches that a root user's programs leave (nobody else can write
 * there).
 */
#include "base/clock.h"
#include "base/io.h"
#include "code/manifest.h"
#include "code/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum code changed(struct str path, const char *how, struct error *e)
{
    error_set(e, E_CORRUPT, "%.*s in a snapshot %s", STR_FMT(path), how);
    error_hint(e, "something wrote into a snapshot; a new search takes it again");
    return E_CORRUPT;
}

static enum code check_file(const struct item *x, const struct stat *st, struct error *e)
{
    if (!S_ISREG(st->st_mode))
        return changed(x->path, "is no longer a file", e);
    if (st->st_size != x->size)
        return changed(x->path, "has another size", e);
    if ((st->st_mode & 07777) != (x->executable ? 0555 : 0444))
        return changed(x->path, "has another mode", e);
    int64_t mtime = (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
    return mtime != x->kept ? changed(x->path, "was written to", e) : OK;
}

static enum code check_link(const struct item *x, int tree, struct error *e)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(tree, x->path.p, target, sizeof(target));
    return n < 0 || !str_eq((struct str){target, (size_t)n}, x->target)
               ? changed(x->path, "leads elsewhere", e)
               : OK;
}

static enum code check_item(const struct item *x, int tree, struct error *e)
{
    struct stat st;
    if (fstatat(tree, x->path.p, &st, AT_SYMLINK_NOFOLLOW))
        return changed(x->path, "is gone", e);
    if (x->kind == ITEM_FILE)
        return check_file(x, &st, e);
    if (x->kind == ITEM_FOLDER)
        return S_ISDIR(st.st_mode) && (st.st_mode & 07777) == 0555
                   ? OK
                   : changed(x->path, "is no longer a closed folder", e);
    return check_link(x, tree, e);
}

/* Everything below the tree must be an item. */
static enum code check_extra(const struct manifest *m, const char *tree, struct error *e)
{
    char *const roots[] = {(char *)tree, NULL};
    size_t skip = strlen(tree) + 1;
    enum code code = OK;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
    FTSENT *entry;
    if (!walk)
        return error_errno(e, errno, "cannot read %s", tree);
    while (!code && (entry = fts_read(walk)) != NULL) {
        if (entry->fts_level == 0 || entry->fts_info == FTS_DP)
            continue;
        struct str path = str_of(entry->fts_path + skip);
        if (path_is_cache(path))
            fts_set(walk, entry, FTS_SKIP);
        else if (!items_have(m->v, m->n, path))
            code = changed(path, "was not there when it was taken", e);
    }
    fts_close(walk);
    return code;
}

static enum code check_tree(const struct manifest *m, const char *path, struct error *e)
{
    int tree = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum code code = OK;
    if (tree < 0)
        return changed(STR("the tree"), "is gone", e);
    for (size_t i = 0; i < m->n && !code; i++)
        code = check_item(&m->v[i], tree, e);
    close(tree);
    return code ? code : check_extra(m, path, e);
}

enum code snapshot_verify(const char *code_dir, const char *id, struct error *e)
{
    struct manifest m;
    char *dir = NULL;
    enum code code = manifest_open(&m, code_dir, id, &dir, e);
    if (code)
        return code;
    char *tree = io_join(dir, "tree");
    code = tree ? check_tree(&m, tree, e) : error_nomem(e);
    free(tree);
    free(dir);
    manifest_free(&m);
    return code;
}
