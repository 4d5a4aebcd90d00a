/*
 * Walking a spool file.
 *
 * A supervisor only ever appends whole frames, so that what kill -9 or a loss of power can leave is
 * a frame cut short at the end, or zeros where its bytes never arrived. Anything else that does not
 * decode was damaged later and is said to be.
 */
#include "wire/frame_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { WINDOW = FRAME_MAX + FRAME_HEAD + 65536, ARENA_MAX = 4 * FRAME_MAX };

struct walk {
    const char *path;
    int fd;
    struct buf window; /* bytes of the file from `at` on */
    int64_t at, seq;
    bool at_end; /* the window reaches the end of the file */
};

static enum code fill(struct walk *w, struct error *e)
{
    char chunk[65536];
    while (!w->at_end && w->window.n + sizeof(chunk) <= WINDOW) {
        ssize_t n = read(w->fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(e, errno, "cannot read the spool %s", w->path);
        w->at_end = n == 0;
        buf_add(&w->window, chunk, (size_t)n);
    }
    return buf_end(&w->window, e);
}

static bool all_zero(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i])
            return false;
    return true;
}

/* Whether what stands at the window's front is what a death in the middle of a write leaves. */
static bool is_torn(const struct walk *w, struct str rest)
{
    if (!w->at_end)
        return false;
    if (rest.n < FRAME_HEAD || all_zero(rest))
        return true;
    uint32_t length = frame_body_length(rest.p);
    return length > 0 && length <= FRAME_MAX && rest.n - FRAME_HEAD <= length;
}

static enum code corrupt(const struct walk *w, int64_t at, struct error *e)
{
    error_set(e, E_CORRUPT, "the spool %s is damaged at byte %lld", w->path, (long long)at);
    error_hint(e, "the events before it were read; was the file changed by hand?");
    return E_CORRUPT;
}

/* Gives all whole frames of the window. *ret_used: how many bytes they took. */
static enum code walk_window(struct walk *w, struct arena *a,
                             enum code (*visit)(void *, const struct frame *), void *self,
                             size_t *ret_used, struct error *e)
{
    size_t used = 0;
    struct str all = buf_view(&w->window);
    for (;;) {
        struct str rest = str_sub(all, used, all.n);
        struct frame f;
        size_t n = 0;
        arena_clear(a);
        enum code code = frame_decode(rest, a, &f, &n, e);
        *ret_used = used;
        if (code == OK && n == 0)
            return OK;
        if (code == E_PROTOCOL && is_torn(w, rest)) {
            *ret_used = all.n;
            return OK;
        }
        if (code == E_NOMEM || code == E_VERSION)
            return code;
        if (code != OK || !frame_is_event(f.type) || f.seq != w->seq + 1)
            return corrupt(w, w->at + (int64_t)used, e);
        w->seq = f.seq;
        used += n;
        if ((code = visit(self, &f)) != OK)
            return code;
    }
}

static enum code walk_file(struct walk *w, enum code (*visit)(void *, const struct frame *),
                           void *self, struct error *e)
{
    struct arena a;
    arena_init(&a, ARENA_MAX);
    enum code code = OK;
    while (code == OK) {
        size_t used = 0;
        bool last = false;
        code = fill(w, e);
        if (code == OK) {
            last = w->at_end;
            code = walk_window(w, &a, visit, self, &used, e);
        }
        buf_cut_front(&w->window, used);
        w->at += (int64_t)used;
        if (last)
            break;
    }
    arena_free(&a);
    return code;
}

enum code spool_read(const char *path, enum code (*visit)(void *, const struct frame *), void *self,
                     struct error *e)
{
    struct walk w = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (w.fd < 0 && errno == ENOENT)
        return error_set(e, E_NOT_FOUND, "there is no spool %s", path);
    if (w.fd < 0)
        return error_errno(e, errno, "cannot open the spool %s", path);
    buf_init(&w.window, WINDOW);
    enum code code = walk_file(&w, visit, self, e);
    buf_free(&w.window);
    close(w.fd);
    return code;
}
