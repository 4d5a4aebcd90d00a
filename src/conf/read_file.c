/*
 * trawl.yaml from the top.
 *
 * Sections are read in the order in which they stand on one another: resources before search
 * (cost), parameters before what names them.
 */
#include "conf/schema.h"

enum { SPACE_NAME_BYTES_MAX = 100, EXCLUDE_MAX = 1000 };

enum {
    K_SPACE,
    K_COMMAND,
    K_SHELL,
    K_ARGS,
    K_METRIC,
    K_METRICS,
    K_GOAL,
    K_PARAMETERS,
    K_CONSTRAINTS,
    K_BASELINE,
    K_SEARCH,
    K_RESOURCES,
    K_RETRIES,
    K_CODE,
    K_CONFIG,
    K_ENV,
    K_DURABILITY,
    K_OBJECTIVES,
    K_REQUIRE,
    K_CHECKPOINTS,
    K_COUNT
};

static const struct schema_key file_keys[K_COUNT] = {
    [K_SPACE] = {.name = "space", .needed = "name what is searched: space: flights"},
    [K_COMMAND] = {.name = "command", .needed = "like command: python3 train.py ${args}"},
    [K_SHELL] = {.name = "shell"},
    [K_ARGS] = {.name = "args"},
    [K_METRIC] = {.name = "metric", .needed = "name what the program prints: metric: val_loss"},
    [K_METRICS] = {.name = "metrics"},
    [K_GOAL] = {.name = "goal", .needed = "goal: minimize or goal: maximize"},
    [K_PARAMETERS] = {.name = "parameters", .needed = "like parameters: {lr: \"uniform(0, 1)\"}"},
    [K_CONSTRAINTS] = {.name = "constraints"},
    [K_BASELINE] = {.name = "baseline"},
    [K_SEARCH] = {.name = "search"},
    [K_RESOURCES] = {.name = "resources"},
    [K_RETRIES] = {.name = "retries"},
    [K_CODE] = {.name = "code"},
    [K_CONFIG] = {.name = "config"},
    [K_ENV] = {.name = "env"},
    [K_DURABILITY] = {.name = "durability"},
    [K_OBJECTIVES] = {.name = "objectives"},
    [K_REQUIRE] = {.name = "require"},
    [K_CHECKPOINTS] = {.name = "checkpoints"},
};

/* On a command line metric and goal are options; beside objectives there is no need of them, nor of
 * much else for who runs the trials. */
static const struct schema_key *keys_for(struct load *l)
{
    bool several = l->root->kind == NODE_MAP && node_get(l->root, STR("objectives"));
    if (!l->from_argv && !several && !l->space_only)
        return file_keys;
    struct schema_key *keys = arena_array(&l->work, K_COUNT, sizeof(*keys));
    if (!keys)
        return file_keys;
    memcpy(keys, file_keys, sizeof(file_keys));
    if (l->from_argv) {
        keys[K_METRIC].needed = "name what the program prints: --metric val_loss";
        keys[K_GOAL].needed = "--goal minimize or --goal maximize";
    }
    if (several)
        keys[K_METRIC].needed = keys[K_GOAL].needed = NULL;
    if (l->space_only)
        keys[K_SPACE].needed = keys[K_COMMAND].needed = keys[K_METRIC].needed = NULL;
    return keys;
}

static void read_space_name(struct load *l, const struct node *n)
{
    struct str name;
    if (!read_text(l, n, "space", &name))
        return;
    bool good = name.n <= SPACE_NAME_BYTES_MAX && name.p[0] != '.' && name.p[0] != '-';
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.');
    }
    if (good)
        l->s->space_name = name;
    else
        (void)problem_at(l, n->at, E_INVALID,
                         "letters, digits, _ - and dots, at most 100, and a letter first",
                         "\"%.*s\" can't be the name of a space", STR_FMT(excerpt(name)));
}

static void read_code(struct load *l, const struct node *n)
{
    static const struct schema_key keys[] = {{.name = "exclude"}};
    const struct node *found[1];
    struct settings *s = l->s;
    if (!n || !schema_open(l, n, "code", keys, 1, found) ||
        !read_texts(l, found[0], "code.exclude", EXCLUDE_MAX, &s->exclude, &s->n_exclude))
        return;
    for (size_t i = 0; i < s->n_exclude; i++)
        if (str_starts(s->exclude[i], "/") || str_starts(s->exclude[i], "../") ||
            str_is(s->exclude[i], ".."))
            (void)problem_at(l, found[0]->kind == NODE_LIST ? found[0]->items[i]->at : found[0]->at,
                             E_INVALID, "paths are relative to the program's folder",
                             "code.exclude names %.*s, which is not inside the program's folder",
                             STR_FMT(excerpt(s->exclude[i])));
}

/* Of several objectives no step is the best; rungs are numbers of steps. */
static void read_checkpoints(struct load *l, const struct node *n)
{
    static const struct schema_key keys[] = {{.name = "keep"}, {.name = "of"}};
    static const char *const kept[] = {"last", "best", "every_rung"};
    static const char *const whose[] = {"all", "best"};
    const struct node *found[2];
    struct settings *s = l->s;
    int keep = KEEP_LAST, of = 0;
    if (!n || !schema_open(l, n, "checkpoints", keys, 2, found))
        return;
    if (read_word(l, found[0], "checkpoints.keep", kept, 3, &keep))
        s->keep_checkpoints = (enum keep_checkpoints)keep;
    if (read_word(l, found[1], "checkpoints.of", whose, 2, &of))
        s->only_best_checkpoints = of == 1;
    if (keep == KEEP_BEST && s->n_objectives > 1)
        (void)problem_at(l, found[0]->at, E_INVALID,
                         "keep last, or every_rung; `of: best` goes with several objectives",
                         "checkpoints.keep is best, but no step is the best of several objectives");
    if (keep == KEEP_RUNGS && s->effort.max_steps == 0)
        (void)problem_at(l, found[0]->at, E_INVALID, "give search.budget, in steps",
                         "checkpoints.keep is every_rung, but trials have no steps");
    else if (keep == KEEP_RUNGS && s->effort.own_steps)
        (void)problem_at(l, found[0]->at, E_INVALID,
                         "keep last or best, or give search.budget in place of the parameter",
                         "checkpoints.keep is every_rung, but trials that train as long as the "
                         "parameter steps says have no rungs");
}

void read_file(struct load *l)
{
    static const char *const durabilities[] = {"default", "power"};
    const struct node *found[K_COUNT];
    struct settings *s = l->s;
    int durability;
    s->retries = 2;
    if (l->space_only)
        s->space_name = STR("unnamed");
    if (node_is_null(l->root) || (l->root->kind == NODE_MAP && l->root->n == 0)) {
        (void)problem_at(l, l->at, E_INVALID, "`trawl init` writes a first one",
                         "the file is empty");
        return;
    }
    if (!schema_open(l, l->root, "", keys_for(l), K_COUNT, found))
        return;
    read_space_name(l, found[K_SPACE]);
    read_outcomes(l, &(struct outcome_nodes){found[K_METRIC], found[K_GOAL], found[K_OBJECTIVES],
                                             found[K_REQUIRE], found[K_METRICS]});
    read_space(l, found[K_PARAMETERS], found[K_CONSTRAINTS], found[K_BASELINE]);
    read_command(l, &(struct command_nodes){found[K_COMMAND], found[K_SHELL], found[K_ARGS],
                                            found[K_ENV], found[K_CONFIG]});
    read_resources(l, found[K_RESOURCES]);
    read_search(l, found[K_SEARCH]);
    (void)read_int(l, found[K_RETRIES], "retries", 0, 1000, &s->retries);
    read_code(l, found[K_CODE]);
    read_checkpoints(l, found[K_CHECKPOINTS]);
    if (read_word(l, found[K_DURABILITY], "durability", durabilities, 2, &durability))
        s->durability = durability == 1 ? DURABLE_POWER : DURABLE_DEFAULT;
}
