/*
 * The trial's folder, made so that making it again changes nothing.
 */
#include "exec/supervisor/setup.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATHS_MAX = 1 << 20 };

static enum code make_folder(struct str path, struct arena *a, struct error *e)
{
    char *p = arena_cstr(a, path);
    if (!p)
        return error_nomem(e);
    if (mkdir(p, 0777) == 0) /* the usual case: its parent is there */
        return OK;
    return io_make_dirs(p, 0777, e);
}

static enum code write_file(struct str path, struct str text, struct arena *a, struct error *e)
{
    char *p = arena_cstr(a, path);
    if (!p)
        return error_nomem(e);
    int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return error_errno(e, errno, "cannot write %s", p);
    enum code code = io_write_all(fd, text.p, text.n, e);
    if (close(fd) < 0 && code == OK)
        code = error_errno(e, errno, "cannot write %s", p);
    return code;
}

static bool plain_name(struct str s)
{
    return s.n && !memchr(s.p, '/', s.n) && !str_is(s, ".") && !str_is(s, "..");
}

/* Fills the folder `fd` with links to what is in `target`. */
static enum code link_all(int fd, const char *target, struct arena *a, struct error *e)
{
    DIR *dir = opendir(target);
    if (!dir)
        return error_errno(e, errno, "cannot read %s", target);
    enum code code = OK;
    for (struct dirent *d; code == OK && (d = readdir(dir)) != NULL;) {
        if (str_is(str_of(d->d_name), ".") || str_is(str_of(d->d_name), ".."))
            continue;
        const char *to = arena_fmt(a, "%s/%s", target, d->d_name);
        if (!to)
            code = error_nomem(e);
        else if (symlinkat(to, fd, d->d_name) < 0 && errno != EEXIST)
            code = error_errno(e, errno, "cannot make a link to %s", to);
    }
    closedir(dir);
    return code;
}

/* A link to a folder of the snapshot becomes a folder of the trial's own, of links to what is in
 * it. Whenever this is cut short, doing it again makes it whole. */
static enum code unfold(int parent, const char *name, const char *target, struct arena *a,
                        struct error *e)
{
    char *fresh = arena_fmt(a, ".%s.trawl", name);
    if (!fresh)
        return error_nomem(e);
    int fd = -1;
    if (mkdirat(parent, fresh, 0777) == 0 || errno == EEXIST)
        fd = openat(parent, fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, "cannot make the folder %s", name);
    enum code code = link_all(fd, target, a, e);
    close(fd);
    if (code == OK && (unlinkat(parent, name, 0) < 0 || renameat(parent, fresh, parent, name) < 0))
        code = error_errno(e, errno, "cannot replace the link %s by a folder", name);
    return code;
}

/* Goes down one folder on the way to the configuration file; *fd moves along. */
static enum code enter(int *fd, struct str name, struct arena *a, struct error *e)
{
    char target[4096], *folder = arena_cstr(a, name);
    if (!folder)
        return error_nomem(e);
    if (mkdirat(*fd, folder, 0777) < 0 && errno != EEXIST)
        return error_errno(e, errno, "cannot make the folder %s", folder);
    ssize_t n = readlinkat(*fd, folder, target, sizeof(target) - 1);
    if (n >= 0) {
        target[n] = '\0';
        enum code code = unfold(*fd, folder, target, a, e);
        if (code != OK)
            return code;
    }
    int inner = openat(*fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0)
        return error_errno(e, errno, "cannot open the folder %s", folder);
    close(*fd);
    *fd = inner;
    return OK;
}

/* What stands at its place may be a link to the base, in the snapshot or even the original: the
 * link gives way, what it leads to is never written. */
static enum code write_own(int fd, struct str name, struct str text, struct arena *a,
                           struct error *e)
{
    char byte, *file = arena_cstr(a, name);
    if (!file)
        return error_nomem(e);
    if (readlinkat(fd, file, &byte, 1) >= 0 && unlinkat(fd, file, 0) < 0)
        return error_errno(e, errno, "cannot replace the link %s", file);
    int out = openat(fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (out < 0)
        return error_errno(e, errno, "cannot write %s", file);
    enum code code = io_write_all(out, text.p, text.n, e);
    if (close(out) < 0 && code == OK)
        code = error_errno(e, errno, "cannot write %s", file);
    return code;
}

static enum code write_config(const struct wire_spec *s, struct arena *a, struct error *e)
{
    char *folder = arena_cstr(a, s->directory);
    if (!folder)
        return error_nomem(e);
    if (s->config_path.n <= s->directory.n || !str_starts(s->config_path, folder))
        return error_set(e, E_INVALID, "the configuration file is outside the trial's folder");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(e, errno, "cannot open the trial's folder %s", folder);
    struct str rest = str_sub(s->config_path, s->directory.n, s->config_path.n);
    enum code code = OK;
    while (code == OK) {
        struct str name = str_cut(&rest, '/');
        if (!rest.p) {
            code = write_own(fd, name, s->config_text, a, e);
            break;
        }
        if (plain_name(name))
            code = enter(&fd, name, a, e);
        else if (str_is(name, ".."))
            code = error_set(e, E_INVALID, "the configuration file is outside the trial's folder");
    }
    close(fd);
    return code;
}

/* Another link in its place is replaced: the snapshot may have moved. Anything else was put there
 * by the program and is its own. */
static enum code replace_link(int folder, const char *name, const char *target, struct error *e)
{
    char old[4096];
    ssize_t n = readlinkat(folder, name, old, sizeof(old));
    if (n < 0 || ((size_t)n == strlen(target) && memcmp(old, target, (size_t)n) == 0))
        return OK;
    if ((unlinkat(folder, name, 0) < 0 && errno != ENOENT) ||
        (symlinkat(target, folder, name) < 0 && errno != EEXIST))
        return error_errno(e, errno, "cannot replace the link %s in the trial's folder", name);
    return OK;
}

static enum code make_link(int folder, const struct wire_link *link, struct arena *a,
                           struct error *e)
{
    char *name = arena_cstr(a, link->name), *target = arena_cstr(a, link->target);
    if (!name || !target)
        return error_nomem(e);
    if (!plain_name(link->name))
        return error_set(e, E_INVALID, "a link in the trial's folder is named \"%s\"", name);
    if (symlinkat(target, folder, name) == 0)
        return OK;
    if (errno == EEXIST)
        return replace_link(folder, name, target, e);
    return error_errno(e, errno, "cannot make the link %s in the trial's folder", name);
}

static enum code make_links(const struct wire_spec *s, struct arena *a, struct error *e)
{
    char *path = arena_cstr(a, s->directory);
    if (!path)
        return error_nomem(e);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return error_errno(e, errno, "cannot open the trial's folder %s", path);
    enum code code = OK;
    for (uint32_t i = 0; i < s->n_links && code == OK; i++)
        code = make_link(folder, &s->links[i], a, e);
    close(folder);
    return code;
}

enum code setup_folder(const struct wire_spec *s, struct error *e)
{
    struct arena a;
    arena_init(&a, 4 * PATHS_MAX);
    enum code code = make_folder(s->directory, &a, e);
    if (code == OK && s->n_links)
        code = make_links(s, &a, e);
    if (code == OK && s->checkpoint.n)
        code = make_folder(s->checkpoint, &a, e);
    if (code == OK && s->params_path.n)
        code = write_file(s->params_path, s->params, &a, e);
    if (code == OK && s->config_path.n)
        code = write_config(s, &a, e);
    arena_free(&a);
    return code;
}
