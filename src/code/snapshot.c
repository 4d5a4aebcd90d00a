/*
 * Code snapshots: <code_dir>/<id>/ with `tree`, `manifest` and `taken`; beside them drafts and what
 * is known of files (both hidden names).
 */
#include "code/snapshot.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "code/content.h"
#include "code/draft.h"
#include "code/git.h"
#include "code/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 3 }; /* of a take that finds what it goes by gone */

/* Links and notes into the caller's arena. base: where snapshotted entries are reached. */
static enum code fill_links(struct arena *a, const struct item *v, size_t n, const char *base,
                            struct snapshot *s)
{
    struct snapshot_link *links = arena_array(a, n ? n : 1, sizeof(*links));
    if (!links)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct str top = path_top(v[i].path);
        if (s->n_links && str_eq(links[s->n_links - 1].name, top))
            continue;
        struct snapshot_link *link = &links[s->n_links++];
        const char *name = arena_cstr(a, top), *target = NULL;
        link->original = v[i].kind == ITEM_ORIGINAL && str_eq(v[i].path, top);
        if (name)
            target =
                link->original ? arena_cstr(a, v[i].target) : arena_fmt(a, "%s/%s", base, name);
        if (!target)
            return E_NOMEM;
        link->name = str_of(name);
        link->target = str_of(target);
    }
    s->links = links;
    return OK;
}

static enum code fill_notes(struct arena *a, const struct listing *l, struct snapshot *s)
{
    struct str *notes = arena_array(a, l->n_notes ? l->n_notes : 1, sizeof(*notes));
    if (!notes)
        return E_NOMEM;
    for (size_t i = 0; i < l->n_notes; i++)
        if (arena_str(a, l->notes[i], &notes[i]))
            return E_NOMEM;
    s->notes = notes;
    s->n_notes = l->n_notes;
    return OK;
}

static enum code describe(struct arena *a, const struct listing *l, struct snapshot *s,
                          struct error *e)
{
    struct buf commit;
    enum code code = OK;
    s->files = l->files;
    s->bytes = l->bytes;
    s->git = l->git;
    buf_init(&commit, 256);
    if (l->git)
        code = git_describe(l->root, &commit, e);
    if (!code && (arena_str(a, buf_view(&commit), &s->commit) || fill_notes(a, l, s)))
        code = error_nomem(e);
    buf_free(&commit);
    return code;
}

enum code snapshot_survey(struct arena *a, const char *program_dir,
                          const struct snapshot_rules *rules, struct snapshot *ret, struct error *e)
{
    struct snapshot s = {0};
    struct listing l;
    enum code code = listing_take(program_dir, NULL, rules, &l, e);
    if (code)
        return code;
    code = describe(a, &l, &s, e);
    if (!code && (arena_str(a, str_of(l.root), &s.path) || fill_links(a, l.v, l.n, l.root, &s)))
        code = error_nomem(e);
    listing_free(&l);
    if (!code)
        *ret = s;
    return code;
}

/* E_NOT_FOUND: a file went away since it was listed. */
static enum code hash_all(struct listing *l, const struct known *known, size_t *ret_read,
                          struct error *e)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i].kind != ITEM_FILE || known_find(known, &l->v[i]))
            continue;
        enum code code = content_hash(l->fd, l->root, &l->v[i], e);
        if (code)
            return code;
        ++*ret_read;
    }
    return OK;
}

static enum code make_items(struct listing *l, int tree, struct error *e)
{
    for (size_t i = 0; i < l->n; i++) {
        struct item *x = &l->v[i];
        int failed = 0;
        if (!manifest_holds(x))
            continue;
        if (x->kind == ITEM_FILE) {
            enum code code = content_copy(l->fd, l->root, tree, x, e);
            if (code)
                return code;
        } else if (x->kind == ITEM_FOLDER) {
            failed = mkdirat(tree, x->path.p, 0700);
        } else {
            failed = symlinkat(x->target.p, tree, x->path.p);
        }
        if (failed)
            return error_errno(e, errno, "cannot make %s in a snapshot", x->path.p);
    }
    return OK;
}

static enum code close_folders(const struct listing *l, int tree, struct error *e)
{
    for (size_t i = l->n; i-- > 0;)
        if (l->v[i].kind == ITEM_FOLDER && fchmodat(tree, l->v[i].path.p, 0555, 0))
            return error_errno(e, errno, "cannot close the folder %s", l->v[i].path.p);
    return fchmod(tree, 0555) ? error_errno(e, errno, "cannot close a snapshot's folder") : OK;
}

static enum code make_tree(struct listing *l, const struct draft *d, struct error *e)
{
    if (mkdirat(d->fd, "tree", 0700))
        return error_errno(e, errno, "cannot make a folder in %s", d->path);
    int tree = openat(d->fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree < 0)
        return error_errno(e, errno, "cannot open a folder in %s", d->path);
    enum code code = make_items(l, tree, e);
    if (!code)
        code = close_folders(l, tree, e);
    close(tree);
    return code;
}

static enum code write_part(const struct draft *d, const char *name, struct str text,
                            struct error *e)
{
    char *path = io_join(d->path, name);
    enum code code = path ? io_replace_file(path, text, 0444, e) : error_nomem(e);
    free(path);
    return code;
}

static enum code list_id(const struct listing *l, struct buf *text, char *ret_id, struct error *e)
{
    buf_clear(text);
    enum code code = manifest_write(l->v, l->n, text, e);
    return code ? code : manifest_id(buf_view(text), ret_id, e);
}

/* The draft's id is found from the copies, which may differ from what was hashed before. */
static enum code fill_draft(struct listing *l, const struct draft *d, struct str commit,
                            char *ret_id, struct error *e)
{
    struct buf text;
    buf_init(&text, MANIFEST_BYTES_MAX);
    enum code code = make_tree(l, d, e);
    if (!code)
        code = list_id(l, &text, ret_id, e);
    if (!code)
        code = write_part(d, "manifest", buf_view(&text), e);
    buf_clear(&text);
    if (!code)
        code = manifest_write_taken(l->v, l->n, l->git, commit, &text, e);
    if (!code)
        code = write_part(d, "taken", buf_view(&text), e);
    buf_free(&text);
    return code;
}

/* What stands under the name already is as good, unless it was damaged: then this one replaces it.
 */
static enum code publish(struct draft *d, const char *code_dir, const char *id, struct error *e)
{
    enum code code = draft_publish(d, code_dir, id, false, e);
    if (code != E_DUPLICATE)
        return code;
    return snapshot_verify(code_dir, id, NULL) == OK ? OK : draft_publish(d, code_dir, id, true, e);
}

static enum code make(struct listing *l, const char *code_dir, struct str commit, char *ret_id,
                      struct error *e)
{
    struct draft d;
    draft_sweep(code_dir);
    enum code code = draft_open(code_dir, &d, e);
    if (code)
        return code;
    code = fill_draft(l, &d, commit, ret_id, e);
    FAILPOINT("code.before-publish");
    if (!code)
        code = publish(&d, code_dir, ret_id, e);
    FAILPOINT("code.after-publish");
    draft_drop(&d);
    return code;
}

static enum code take_listed(struct arena *a, struct listing *l, const char *code_dir,
                             struct snapshot *s, struct error *e)
{
    struct clock clock = clock_system();
    int64_t now = clock_real(&clock);
    size_t n_read = 0;
    struct known known;
    struct buf text;
    enum code code = describe(a, l, s, e);
    if (code)
        return code;
    buf_init(&text, MANIFEST_BYTES_MAX);
    known_load(&known, code_dir, l->root);
    code = hash_all(l, &known, &n_read, e);
    if (!code)
        code = list_id(l, &text, s->id, e);
    if (!code && snapshot_verify(code_dir, s->id, NULL) != OK)
        code = make(l, code_dir, s->commit, s->id, e);
    if (!code && (n_read || l->files != (int64_t)known.n))
        known_save(code_dir, l, now);
    buf_free(&text);
    known_free(&known);
    return code;
}

static enum code fill_path(struct arena *a, const char *code_dir, struct snapshot *s,
                           struct error *e)
{
    char *real = realpath(code_dir, NULL);
    if (!real)
        return error_errno(e, errno, "cannot find %s", code_dir);
    const char *path = arena_fmt(a, "%s/%s/tree", real, s->id);
    free(real);
    if (!path)
        return error_nomem(e);
    s->path = str_of(path);
    return OK;
}

static enum code take_once(struct arena *a, const char *program_dir, const char *code_dir,
                           const struct snapshot_rules *rules, struct snapshot *ret,
                           struct error *e)
{
    struct snapshot s = {0};
    struct listing l;
    enum code code = listing_take(program_dir, code_dir, rules, &l, e);
    if (code)
        return code;
    code = take_listed(a, &l, code_dir, &s, e);
    if (!code)
        code = fill_path(a, code_dir, &s, e);
    if (!code && fill_links(a, l.v, l.n, s.path.p, &s))
        code = error_nomem(e);
    if (code == E_NOT_FOUND)
        code = error_set(e, E_BUSY, "files of %s come and go while they are copied", l.root);
    listing_free(&l);
    if (!code)
        *ret = s;
    return code;
}

enum code snapshot_take(struct arena *a, const char *program_dir, const char *code_dir,
                        const struct snapshot_rules *rules, struct snapshot *ret, struct error *e)
{
    enum code code = io_make_dirs(code_dir, 0700, e);
    if (code)
        return code;
    code = E_BUSY;
    for (int i = 0; i < ROUNDS && code == E_BUSY; i++)
        code = take_once(a, program_dir, code_dir, rules, ret, e);
    return code;
}

enum code snapshot_load(struct arena *a, const char *code_dir, const char *id, struct snapshot *ret,
                        struct error *e)
{
    struct snapshot s = {0};
    struct manifest m;
    char *dir = NULL;
    enum code code = manifest_open(&m, code_dir, id, &dir, e);
    if (code)
        return code;
    memcpy(s.id, id, SNAPSHOT_ID);
    s.files = m.files;
    s.bytes = m.bytes;
    s.git = m.git;
    code = fill_path(a, code_dir, &s, e);
    if (!code && (arena_str(a, m.commit, &s.commit) || fill_links(a, m.v, m.n, s.path.p, &s)))
        code = error_nomem(e);
    manifest_free(&m);
    free(dir);
    if (!code)
        *ret = s;
    return code;
}

enum code snapshot_remove(const char *code_dir, const char *id, struct error *e)
{
    struct draft gone;
    if (!manifest_is_id(id))
        return error_set(e, E_NOT_FOUND, "there is no snapshot %.60s", id);
    enum code code = draft_withdraw(code_dir, id, &gone, e);
    if (!code) {
        code = io_remove_tree(gone.path, e);
        draft_drop(&gone);
    }
    return code;
}

enum code snapshot_each(const char *code_dir,
                        enum code (*visit)(void *, const char *id, int64_t bytes), void *self,
                        struct error *e)
{
    DIR *dir = opendir(code_dir);
    const struct dirent *entry;
    enum code code = OK;
    if (!dir && errno == ENOENT)
        return OK;
    if (!dir)
        return error_errno(e, errno, "cannot read the folder %s", code_dir);
    while (!code && (entry = readdir(dir)) != NULL) {
        if (!manifest_is_id(entry->d_name))
            continue;
        char *path = io_join(code_dir, entry->d_name);
        code = path ? visit(self, entry->d_name, io_tree_size(path)) : error_nomem(e);
        free(path);
    }
    closedir(dir);
    return code;
}
