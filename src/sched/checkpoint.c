/*
 * Checkpoints on disk.
 */
#include "sched/checkpoint.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY  "checkpoint@"
#define GONE  "gone."
#define BEGUN ".copying"

bool checkpoint_is_needed(const struct checkpoint_use *u)
{
    if (!trial_state_final(u->state) || u->baseline || u->wins)
        return true;
    return (u->state == TRIAL_FAILED && u->keep_failed) ||
           (u->state == TRIAL_STOPPED && u->keep_stopped);
}

/* The step of a whole copy; false: it is something else. */
static bool is_copy(const char *name, int64_t *ret_step)
{
    struct str s = str_of(name);
    return str_starts(s, COPY) && number_parse_i64(str_sub(s, sizeof COPY - 1, s.n), ret_step) &&
           *ret_step >= 0;
}

static bool is_begun(const char *name)
{
    struct str s = str_of(name);
    return str_starts(s, "checkpoint") && str_ends(s, BEGUN);
}

/* Calls visit for each entry of a folder; nothing where there is none. */
static enum code each(const char *folder,
                      enum code (*visit)(void *, const char *folder, const char *name), void *self,
                      struct error *e)
{
    DIR *dir = opendir(folder);
    enum code c = OK;
    if (!dir)
        return errno == ENOENT ? OK : error_errno(e, errno, "cannot read %s", folder);
    for (struct dirent *d; c == OK && (d = readdir(dir)) != NULL;)
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            c = visit(self, folder, d->d_name);
    closedir(dir);
    return c;
}

bool checkpoint_is_empty(const char *folder)
{
    DIR *dir = opendir(folder);
    int n = 0; /* of which two are the folder and its parent */
    if (!dir)
        return errno == ENOENT;
    while (n < 3 && readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n < 3;
}

/* --- what earlier trials left --- */

enum { SEARCHES_MOST = 3, LOOKED_MOST = 8 };

struct looking {
    struct store *store;
    const char *store_dir;
    struct str space_name;
    int searches, looked;
    bool found;
};

static enum code look_at_trial(void *self, const struct trial_row *row)
{
    struct looking *l = self;
    struct arena a;
    if (l->found || l->looked == LOOKED_MOST || row->step < 1)
        return OK;
    arena_init(&a, 1 << 16);
    const char *path =
        arena_fmt(&a, "%s/trials/%lld/%lld/checkpoint", l->store_dir,
                  (long long)trial_id_search(row->id).v, (long long)trial_id_number(row->id));
    l->looked++;
    l->found = path != NULL && !checkpoint_is_empty(path);
    arena_free(&a);
    return OK;
}

static enum code look_at_search(void *self, const struct search_row *row)
{
    struct looking *l = self;
    if (l->found || l->searches == SEARCHES_MOST || !str_eq(row->space_name, l->space_name))
        return OK;
    l->searches++;
    l->looked = 0;
    return store_trials(l->store, row->id, 0, look_at_trial, l, NULL);
}

bool checkpoint_seen(struct store *s, const char *store_dir, struct str space_name)
{
    struct looking l = {.store = s, .store_dir = store_dir, .space_name = space_name};
    return store_searches(s, look_at_search, &l, NULL) == OK && l.found;
}

/* --- sizes --- */

static enum code add_size(void *self, const char *folder, const char *name)
{
    struct checkpoint_sizes *sizes = self;
    int64_t step;
    bool copy = is_copy(name, &step);
    if (!copy && strcmp(name, "checkpoint") != 0 && !is_begun(name) &&
        !str_starts(str_of(name), GONE))
        return OK;
    char *path = io_join(folder, name);
    if (!path)
        return E_NOMEM;
    sizes->bytes += io_tree_size(path);
    free(path);
    if (copy && sizes->n_copies < CHECKPOINT_COPIES_MAX)
        sizes->steps[sizes->n_copies++] = step;
    return OK;
}

static int by_step(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

void checkpoint_measure(const char *folder, struct checkpoint_sizes *ret)
{
    ret->bytes = 0;
    ret->n_copies = 0;
    (void)!each(folder, add_size, ret, NULL);
    if (ret->n_copies > 1)
        qsort(ret->steps, ret->n_copies, sizeof ret->steps[0], by_step);
}

/* --- what goes --- */

struct moving {
    enum aside which;
    const char *name;
    char *to; /* NULL: nothing was moved yet */
    struct error *e;
};

static bool goes(const struct moving *m, const char *name)
{
    int64_t step;
    bool named = m->name && strcmp(name, m->name) == 0;
    switch (m->which) {
    case ASIDE_ALL:
        return strcmp(name, "checkpoint") == 0 || is_copy(name, &step);
    case ASIDE_COPIES_BUT:
        return is_copy(name, &step) && !named;
    case ASIDE_ONLY:
        return named;
    }
    return false;
}

static enum code move_aside(void *self, const char *folder, const char *name)
{
    struct moving *m = self;
    enum code c = OK;
    if (!goes(m, name))
        return OK;
    if (!m->to) {
        m->to = io_join(folder, GONE "XXXXXX");
        if (!m->to)
            return error_nomem(m->e);
        if (!mkdtemp(m->to))
            return error_errno(m->e, errno, "cannot make a folder in %s", folder);
    }
    char *from = io_join(folder, name), *to = io_join(m->to, name);
    if (!from || !to)
        c = error_nomem(m->e);
    else if (rename(from, to) < 0)
        c = error_errno(m->e, errno, "cannot move %s away", from);
    free(from);
    free(to);
    return c;
}

enum code checkpoint_set_aside(const char *folder, enum aside which, const char *name,
                               bool *ret_any, struct error *e)
{
    struct moving m = {.which = which, .name = name, .e = e};
    enum code c = each(folder, move_aside, &m, e);
    if (c == OK)
        *ret_any = m.to != NULL;
    free(m.to);
    return c;
}

struct deleting {
    bool copies_too;
    struct error *e;
};

static enum code delete_gone(void *self, const char *folder, const char *name)
{
    struct deleting *d = self;
    if (!str_starts(str_of(name), GONE) && !(d->copies_too && is_begun(name)))
        return OK;
    char *path = io_join(folder, name);
    enum code c = path ? io_remove_tree(path, d->e) : error_nomem(d->e);
    free(path);
    return c;
}

enum code checkpoint_delete_gone(const char *folder, bool copies_too, struct error *e)
{
    struct deleting d = {copies_too, e};
    return each(folder, delete_gone, &d, e);
}
