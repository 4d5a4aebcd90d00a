/*
 * Finding a program's files.
 *
 * Folders that wait are kept in a list, not on the stack: a tree may be as deep as it likes.
 */
#include "code/gather.h"

#include "base/array.h"
#include "code/git.h"
#include "code/rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What git may answer: 400,000 paths. Folders that wait: as many as items. */
#define GIT_LISTING_MAX (64u << 20)

struct gatherer {
    struct listing *l;
    struct str never;
    const struct snapshot_rules *rules;
    struct error *e;
    size_t n_waiting, capacity;
    struct waiting {
        struct str path; /* NUL-terminated; empty: the root */
        bool repository; /* ask git, do not walk */
    } * waiting;
};

static enum code wait_for(struct gatherer *g, struct str path, bool repository)
{
    if (!array_reserve(g->waiting, &g->capacity, g->n_waiting + 1))
        return error_nomem(g->e);
    const char *copy = arena_cstr(&g->l->arena, path);
    if (!copy)
        return error_nomem(g->e);
    g->waiting[g->n_waiting++] = (struct waiting){{copy, path.n}, repository};
    return OK;
}

static enum code add(struct gatherer *g, enum item_kind kind, struct str path, struct item **ret)
{
    return listing_add(g->l, kind, path, ret) ? error_nomem(g->e) : OK;
}

/* .git and .trawl at any depth, and the store's own folder. */
static bool never_taken(const struct gatherer *g, struct str path)
{
    if (g->never.n && (str_eq(path, g->never) || path_below(path, g->never)))
        return true;
    while (path.n) {
        struct str name = str_cut(&path, '/');
        if (str_is(name, ".git") || str_is(name, ".trawl"))
            return true;
    }
    return false;
}

/* Does a relative target, read from the link at `path`, lead out of the program's folder, by its
 * text? */
static bool leads_out(struct str path, struct str target)
{
    int64_t depth = 0;
    for (size_t i = 0; i < path.n; i++)
        depth += path.p[i] == '/';
    while (target.n) {
        struct str name = str_cut(&target, '/');
        if (str_is(name, "..") && --depth < 0)
            return true;
        depth += name.n && !str_is(name, ".") && !str_is(name, "..");
    }
    return false;
}

/* The link's target as it must read in a copy of the tree that lies elsewhere: one that leads out
 * becomes absolute, an absolute one that leads in becomes relative. */
static const char *moved_target(struct gatherer *g, struct str path, struct str target)
{
    struct arena *a = &g->l->arena;
    struct str root = str_of(g->l->root);
    if (str_starts(target, "/")) {
        if (!path_below(target, root))
            return arena_cstr(a, target);
        struct buf b;
        buf_init(&b, 2 * PATH_MAX);
        for (size_t i = 0; i < path.n; i++)
            if (path.p[i] == '/')
                buf_cstr(&b, "../");
        buf_str(&b, str_sub(target, root.n + 1, target.n));
        const char *relative = b.bad || b.n == 0 ? NULL : arena_cstr(a, buf_view(&b));
        buf_free(&b);
        return relative;
    }
    if (!leads_out(path, target))
        return arena_cstr(a, target);
    struct str above = str_sub(path, 0, path.n - path_name(path).n);
    return arena_fmt(a, "%s/%.*s%.*s", g->l->root, STR_FMT(above), STR_FMT(target));
}

static enum code add_link(struct gatherer *g, struct str path)
{
    char target[PATH_MAX];
    struct item *item = NULL;
    enum code code = add(g, ITEM_LINK, path, &item);
    if (code)
        return code;
    ssize_t n = readlinkat(g->l->fd, item->path.p, target, sizeof(target));
    if (n <= 0 || (size_t)n == sizeof(target))
        return error_errno(g->e, n < 0 ? errno : ENAMETOOLONG, "cannot read the link %s/%s",
                           g->l->root, item->path.p);
    const char *moved = moved_target(g, path, (struct str){target, (size_t)n});
    if (!moved)
        return error_nomem(g->e);
    item->target = str_of(moved);
    return OK;
}

static enum code add_file(struct gatherer *g, struct str path, const struct stat *st)
{
    struct item *item = NULL;
    enum code code = add(g, ITEM_FILE, path, &item);
    if (!code)
        item_of_stat(item, st);
    return code;
}

static enum code add_folder(struct gatherer *g, struct str path, bool ask_git)
{
    struct stat st;
    bool repository = false;
    if (ask_git) {
        const char *inside = arena_fmt(&g->l->arena, "%.*s/.git", STR_FMT(path));
        if (!inside)
            return error_nomem(g->e);
        repository = fstatat(g->l->fd, inside, &st, AT_SYMLINK_NOFOLLOW) == 0;
    }
    enum code code = ask_git ? OK : add(g, ITEM_FOLDER, path, NULL);
    return code ? code : wait_for(g, path, repository);
}

static enum code pass_over(struct gatherer *g, struct str path, mode_t mode)
{
    const char *why = S_ISFIFO(mode)   ? "a pipe, and is left out"
                      : S_ISSOCK(mode) ? "a socket, and is left out"
                                       : "a device, and is left out";
    return listing_note(g->l, path, why) ? error_nomem(g->e) : OK;
}

/* One entry of the program, whatever it is. What git lists and is not there is left out: the tree
 * is taken as it stands. A folder that git lists is a repository of its own (a submodule, say). */
static enum code take_entry(struct gatherer *g, struct str path, bool ask_git)
{
    struct stat st;
    if (path.n == 0 || str_is(path, ".") || never_taken(g, path) || path_is_cache(path))
        return OK;
    struct str excluded = rules_excluded(g->rules, path);
    const char *name = arena_cstr(&g->l->arena, path);
    if (!name)
        return error_nomem(g->e);
    if (fstatat(g->l->fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
        if (errno == ENOENT || errno == ENOTDIR)
            return OK;
        return error_errno(g->e, errno, "cannot look at %s/%s", g->l->root, name);
    }
    if (excluded.n)
        return add(g, ITEM_ORIGINAL, excluded, NULL);
    if (S_ISREG(st.st_mode))
        return add_file(g, path, &st);
    if (S_ISLNK(st.st_mode))
        return add_link(g, path);
    if (S_ISDIR(st.st_mode))
        return add_folder(g, path, ask_git);
    return pass_over(g, path, st.st_mode);
}

static enum code take_ignored(struct gatherer *g, struct str path)
{
    if (path.n == 0 || str_is(path, ".") || never_taken(g, path) || path_is_cache(path))
        return OK;
    struct str excluded = rules_excluded(g->rules, path);
    return add(g, ITEM_ORIGINAL, excluded.n ? excluded : path, NULL);
}

/* `prefix` is the repository's folder inside the program's. */
static enum code take_answer(struct gatherer *g, struct str prefix, struct str text, bool ignored)
{
    struct buf path;
    enum code code = OK;
    buf_init(&path, 2 * PATH_MAX);
    while (!code && text.n && g->l->n < LISTING_ITEMS_MAX) {
        struct str name = str_cut(&text, '\0');
        while (name.n && name.p[name.n - 1] == '/')
            name.n--;
        buf_clear(&path);
        buf_str(&path, prefix);
        if (prefix.n && name.n)
            buf_char(&path, '/');
        buf_str(&path, name);
        code = buf_end(&path, g->e);
        if (!code && name.n)
            code =
                ignored ? take_ignored(g, buf_view(&path)) : take_entry(g, buf_view(&path), true);
    }
    buf_free(&path);
    return code;
}

/* git has no list of what it ignores for some folders that lie in an ignored one ("directory entry
 * not superset of prefix"): there it ignores everything. */
static bool ignored_as_a_whole(const char *dir)
{
    static const char *const args[] = {"check-ignore", "-q", ".", NULL};
    struct git_answer answer;
    git_answer_init(&answer, GIT_LISTING_MAX);
    bool whole = git_ask(dir, args, &answer, NULL) == OK && answer.status == 0;
    git_answer_free(&answer);
    return whole;
}

static enum code ask_repository(struct gatherer *g, struct str prefix, const char *const *args,
                                bool ignored)
{
    const char *dir = arena_fmt(&g->l->arena, "%s/%.*s", g->l->root, STR_FMT(prefix));
    struct git_answer answer;
    if (!dir)
        return error_nomem(g->e);
    git_answer_init(&answer, GIT_LISTING_MAX);
    enum code code = git_ask(dir, args, &answer, g->e);
    bool nothing = !code && answer.status && ignored && ignored_as_a_whole(dir);
    if (!code && answer.status && !nothing) {
        code = error_set(g->e, E_IO, "git cannot list the files of %s", dir);
        error_detail(g->e, "%s", answer.complaint);
    }
    if (!code && !nothing)
        code = take_answer(g, prefix, buf_view(&answer.out), ignored);
    git_answer_free(&answer);
    return code;
}

static enum code take_repository(struct gatherer *g, struct str prefix)
{
    static const char *const kept[] = {"ls-files",           "-z", "--cached", "--others",
                                       "--exclude-standard", NULL};
    static const char *const ignored[] = {
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", NULL};
    enum code code = ask_repository(g, prefix, kept, false);
    return code ? code : ask_repository(g, prefix, ignored, true);
}

static enum code walk_folder(struct gatherer *g, struct str path)
{
    const struct dirent *entry = NULL;
    enum code code = OK;
    int fd =
        openat(g->l->fd, path.n ? path.p : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        code =
            error_errno(g->e, errno, "cannot read the folder %s/%.*s", g->l->root, STR_FMT(path));
        if (fd >= 0)
            close(fd);
        return code;
    }
    while (!code && g->l->n < LISTING_ITEMS_MAX && (errno = 0, entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const char *name =
            path.n ? arena_fmt(&g->l->arena, "%s/%s", path.p, entry->d_name) : entry->d_name;
        code = name ? take_entry(g, str_of(name), false) : error_nomem(g->e);
    }
    if (!code && !entry && errno)
        code =
            error_errno(g->e, errno, "cannot read the folder %s/%.*s", g->l->root, STR_FMT(path));
    closedir(dir);
    return code;
}

static enum code take_waiting(struct gatherer *g)
{
    enum code code = OK;
    while (!code && g->n_waiting && g->l->n < LISTING_ITEMS_MAX) {
        struct waiting w = g->waiting[--g->n_waiting];
        code = w.repository ? take_repository(g, w.path) : walk_folder(g, w.path);
    }
    return code;
}

/* Every top-level entry must be there for the program: what neither git nor the walk named (ignored
 * as a whole, a cache, an empty folder that git does not know) is the original. */
static enum code complete_top(struct gatherer *g)
{
    size_t n = g->l->n;
    const struct dirent *entry;
    enum code code = OK;
    int fd = openat(g->l->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        code = error_errno(g->e, errno, "cannot read the folder %s", g->l->root);
        if (fd >= 0)
            close(fd);
        return code;
    }
    while (!code && (entry = readdir(dir)) != NULL) {
        struct str name = str_of(entry->d_name);
        struct stat st;
        if (str_is(name, ".") || str_is(name, "..") || never_taken(g, name) ||
            items_have(g->l->v, n, name) ||
            fstatat(g->l->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
            continue;
        if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
            code = add(g, ITEM_ORIGINAL, name, NULL);
        else if (g->l->git)
            code = pass_over(g, name, st.st_mode);
    }
    closedir(dir);
    return code;
}

/* A folder that git ignores as a whole has no answer: it is walked, as if there were no git. */
static enum code gather_all(struct gatherer *g)
{
    bool git = false;
    enum code code = git_worktree(g->l->root, &git, g->e);
    if (!code && git)
        code = take_repository(g, (struct str){0});
    if (!code && git)
        code = take_waiting(g);
    size_t kept = 0;
    for (size_t i = 0; i < g->l->n; i++)
        kept += g->l->v[i].kind != ITEM_ORIGINAL || rules_excluded(g->rules, g->l->v[i].path).n;
    g->l->git = git && kept;
    if (!code && !g->l->git)
        code = wait_for(g, (struct str){0}, false);
    return code ? code : take_waiting(g);
}

enum code gather(struct listing *l, struct str never, const struct snapshot_rules *rules,
                 struct error *e)
{
    struct gatherer g = {.l = l, .never = never, .rules = rules, .e = e};
    enum code code = gather_all(&g);
    if (!code) {
        listing_sort(l);
        code = complete_top(&g);
    }
    free(g.waiting);
    return code;
}
