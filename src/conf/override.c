/*
 * --set a.b=value: nodes of the tree replaced, created, or (with an empty value) taken out.
 *
 * A dot may stand between keys or inside of one (`optimizer.lr:`), so a key that is there is taken
 * as long as it can be. The tree is never changed: the maps on the way are copied.
 */
#include "conf/schema.h"

enum { PATH_BYTES_MAX = 1000 };

/* Where in the file a map on the way stands. */
enum place { PLACE_TOP, PLACE_METRIC, PLACE_PARAMETERS, PLACE_OTHER };

static enum place place_of(enum place above, struct str name)
{
    if (above != PLACE_TOP)
        return above == PLACE_PARAMETERS ? above : PLACE_OTHER;
    if (str_is(name, "parameters"))
        return PLACE_PARAMETERS;
    return str_is(name, "metric") ? PLACE_METRIC : PLACE_OTHER;
}

/* The longest key of `map` that `path` begins with, else path up to its first dot. */
static struct str first_key(const struct node *map, struct str path)
{
    struct str best = {path.p, 0}, rest = path;
    for (size_t i = 0; i < map->n; i++) {
        struct str key = map->pairs[i].key->text;
        bool whole = key.n == path.n || (key.n < path.n && path.p[key.n] == '.');
        if (whole && key.n > best.n && str_eq(str_sub(path, 0, key.n), key))
            best = str_sub(path, 0, key.n);
    }
    return best.n ? best : str_cut(&rest, '.');
}

/* A short form that a longer one can be made of: `metric: loss`, `lr: uniform(0, 1)`. NULL: none.
 */
static const char *long_key(enum place above, enum place here, struct str rest)
{
    if (above == PLACE_TOP && here == PLACE_METRIC)
        return "name";
    if (above == PLACE_PARAMETERS && (str_is(rest, "when") || str_is(rest, "default") ||
                                      str_is(rest, "arg") || str_is(rest, "prior")))
        return "prior";
    return NULL;
}

/* The map under `name`, made where there is none. NULL when there is something else. */
static const struct node *open_map(struct load *l, const struct node *map, struct str name,
                                   const char *key, struct location at)
{
    const struct node *old = node_get(map, name);
    if (old && old->kind == NODE_MAP)
        return old;
    if (!old || node_is_null(old)) {
        const struct node *new = node_map(&l->work, NULL, 0, at);
        if (!new)
            (void)problem_nomem(l);
        return new;
    }
    if (key && old->kind == NODE_SCALAR) {
        struct node_pair pair = {node_scalar(&l->work, str_of(key), NODE_PLAIN, old->at), old};
        const struct node *new = pair.key ? node_map(&l->work, &pair, 1, old->at) : NULL;
        if (!new)
            (void)problem_nomem(l);
        return new;
    }
    (void)problem_at(l, at, E_INVALID, "set all of it", "\"%.*s\" is %s: nothing stands below it",
                     STR_FMT(excerpt(name)), node_what(old));
    return NULL;
}

static const struct node *set(struct load *l, const struct node *map, enum place above,
                              struct str path, const struct node *value, struct location at)
{
    struct str name = first_key(map, path);
    const struct node *below = value;
    if (name.n < path.n) {
        struct str rest = str_sub(path, name.n + 1, path.n);
        enum place here = place_of(above, name);
        below = open_map(l, map, name, long_key(above, here, rest), at);
        if (below)
            below = set(l, below, here, rest, value, at);
        if (!below)
            return NULL;
    }
    const struct node *with = node_with(&l->work, map, name, below, at);
    if (!with)
        (void)problem_nomem(l);
    return with;
}

static bool check_path(struct load *l, struct str path, struct location at)
{
    bool good = path.n > 0 && path.n <= PATH_BYTES_MAX && str_valid_utf8(path);
    int depth = 0;
    for (struct str rest = path; good && rest.p; depth++)
        good = str_cut(&rest, '.').n > 0 && depth < DOCUMENT_DEPTH_MAX;
    if (good)
        return true;
    return problem_at(l, at, E_USAGE, "like --set search.trials=20",
                      "\"%.*s\" is no path of keys joined by dots", STR_FMT(excerpt(path)));
}

void override_apply(struct load *l, struct override o)
{
    const char *name = arena_fmt(&l->s->arena, "--set %.*s", STR_FMT(excerpt(o.path)));
    struct location at = {name, 1, 1};
    const struct node *value = NULL;
    if (!name) {
        (void)problem_nomem(l);
        return;
    }
    if (!check_path(l, o.path, at) ||
        document_parse(&l->work, o.value, name, &value, l->problems) != OK)
        return;
    if (str_trim(o.value).n == 0 || node_is_null(value))
        value = NULL;
    if (l->root->kind != NODE_MAP)
        return; /* which is said when it is read */
    const struct node *root = set(l, l->root, PLACE_TOP, o.path, value, at);
    if (root)
        l->root = root;
}
