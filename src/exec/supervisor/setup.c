/*
 * The trial's folder, made so that making it again changes nothing.
 */
#include "exec/supervisor/setup.h"

#include "base/io.h"

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
        code = write_file(s->config_path, s->config_text, &a, e);
    arena_free(&a);
    return code;
}
