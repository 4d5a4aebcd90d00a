/* What the store keeps of a search, read back. search.c writes it. */
#include "sched/kept.h"

#include <jansson.h>

enum code kept_settings(const struct search_row *row, struct settings **ret, struct error *e)
{
    struct problems problems;
    problems_init(&problems);
    enum code c = conf_reload(row->source, "trawl.yaml", row->overrides, ret, &problems);
    if (c != OK && problems.n > 0 && e != NULL) {
        *e = problems.v[0];
        error_hint(e, "search %lld was written by another version of trawl", (long long)row->id.v);
    }
    problems_free(&problems);
    return c;
}

static enum code read_env(json_t *env, struct arena *a, struct kept *k, struct error *e)
{
    size_t n = json_array_size(env);
    struct str *words = arena_array(a, n + 1, sizeof *words);
    if (words == NULL)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(env, i));
        if (arena_str(a, str_of(text), &words[i]) != OK)
            return error_nomem(e);
    }
    k->env = words;
    k->n_env = n;
    return OK;
}

enum code kept_rest(const struct search_row *row, struct arena *a, struct kept *ret,
                    struct error *e)
{
    json_error_t je;
    json_t *root = json_loadb(row->settings.p, row->settings.n, 0, &je);
    if (root == NULL)
        return error_set(e, E_CORRUPT, "the settings of search %lld do not parse",
                         (long long)row->id.v);
    struct kept k = {.seed = (uint64_t)json_integer_value(json_object_get(root, "seed"))};
    enum code c = read_env(json_object_get(root, "env"), a, &k, e);
    json_decref(root);
    if (c == OK)
        *ret = k;
    return c;
}
