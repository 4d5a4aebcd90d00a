/* Looking into the checkpoint folders that earlier trials left. */
#include "sched/checkpoints.h"

#include "base/arena.h"

#include <dirent.h>
#include <string.h>

enum { SEARCHES_MOST = 3, LOOKED_MOST = 8 };

struct looking {
    struct store *store;
    const char *store_dir;
    struct str space_name;
    int searches, looked;
    bool found;
};

/* Is there anything in it but "." and ".."? */
static bool holds_something(const char *path)
{
    DIR *d = opendir(path);
    bool found = false;
    if (d == NULL)
        return false;
    for (struct dirent *x; !found && (x = readdir(d)) != NULL;)
        found = strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0;
    closedir(d);
    return found;
}

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
    l->found = path != NULL && holds_something(path);
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

bool checkpoints_seen(struct store *s, const char *store_dir, struct str space_name)
{
    struct looking l = {.store = s, .store_dir = store_dir, .space_name = space_name};
    return store_searches(s, look_at_search, &l, NULL) == OK && l.found;
}
