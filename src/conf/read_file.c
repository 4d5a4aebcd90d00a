/*
 * trawl.yaml from the top.
 *
 * Sections are read in the order in which they stand on one another: resources before search
 * (cost), parameters before what names them.
 */
#include "conf/schema.h"

#include "base/number.h"
#include "space/cursor.h"

enum { SPACE_NAME_BYTES_MAX = 100, METRIC_BYTES_MAX = 200, NAMES_MAX = 1000, EXCLUDE_MAX = 1000 };

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
    [K_OBJECTIVES] = {.name = "objectives", .later = true},
    [K_REQUIRE] = {.name = "require", .later = true},
};

/* The same on a command line, where metric and goal are options. */
static const struct schema_key *keys_for(struct load *l)
{
    if (!l->from_argv)
        return file_keys;
    struct schema_key *keys = arena_array(&l->work, K_COUNT, sizeof(*keys));
    if (!keys)
        return file_keys;
    memcpy(keys, file_keys, sizeof(file_keys));
    keys[K_METRIC].needed = "name what the program prints: --metric val_loss";
    keys[K_GOAL].needed = "--goal minimize or --goal maximize";
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

/* What stands before = or : in a program's output. */
static bool check_metric_name(struct load *l, const struct node *n, struct str name)
{
    bool good = name.n <= METRIC_BYTES_MAX && str_trim(name).n == name.n;
    for (size_t i = 0; i < name.n; i++)
        good = good && (unsigned char)name.p[i] >= ' ' && !strchr("=\"'", name.p[i]);
    if (good)
        return true;
    return problem_at(l, n->at, E_INVALID,
                      "a name without = or quotes, as it stands before = or : in the output",
                      "\"%.*s\" can't be the name of a metric", STR_FMT(excerpt(name)));
}

/* last, best, mean(k). */
static void read_take(struct load *l, const struct node *n)
{
    static const char *const words[] = {"last", "best", "mean(k)"};
    struct settings *s = l->s;
    int word;
    if (!n)
        return;
    struct str text = n->kind == NODE_SCALAR ? n->text : (struct str){NULL, 0};
    if (str_starts(text, "mean(") && str_ends(text, ")")) {
        struct str inner = str_trim(str_sub(text, 5, text.n - 6));
        int64_t k;
        if (!number_parse_i64(inner, &k) || k < 1 || k > 1000000) {
            (void)problem_at(l, n->at, E_INVALID, "like mean(5): of the last five reports",
                             "metric.take is %.*s, whose number is not between 1 and 1000000",
                             STR_FMT(excerpt(text)));
            return;
        }
        s->take = TAKE_MEAN;
        s->take_k = (int)k;
    } else if (str_is(text, "mean") || str_is(text, "mean(k)")) {
        (void)problem_at(l, n->at, E_INVALID, "like mean(5): of the last five reports",
                         "metric.take is %.*s, which does not say of how many", STR_FMT(text));
    } else if (read_word(l, n, "metric.take", words, 3, &word)) {
        s->take = word == 0 ? TAKE_LAST : TAKE_BEST;
    }
}

static void read_metric(struct load *l, const struct node *n)
{
    enum { NAME, TAKE, COUNT };
    static const struct schema_key keys[COUNT] = {
        [NAME] = {.name = "name", .needed = "like metric: {name: val_auc, take: best}"},
        [TAKE] = {.name = "take"},
    };
    const struct node *found[COUNT] = {n, NULL};
    struct str name;
    if (!n || (n->kind == NODE_MAP && !schema_open(l, n, "metric", keys, COUNT, found)))
        return;
    if (found[NAME] && read_text(l, found[NAME], "metric", &name) &&
        check_metric_name(l, found[NAME], name))
        l->s->metric = name;
    read_take(l, found[TAKE]);
}

/* The search's own first, then the others, each once. */
static void join_names(struct load *l, const struct str *more, size_t n)
{
    struct settings *s = l->s;
    struct str *names = arena_array(&s->arena, n + 1, sizeof(*names));
    if (!names) {
        (void)problem_nomem(l);
        return;
    }
    names[0] = s->metric;
    s->n_names = 1;
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; k < s->n_names; k++)
            known = known || str_eq(names[k], more[i]);
        if (!known)
            names[s->n_names++] = more[i];
    }
    s->names = names;
}

static void read_pattern(struct load *l, const struct node *n)
{
    struct str text;
    if (!n || !read_text(l, n, "metrics.pattern", &text))
        return;
    if (memmem(text.p, text.n, "{value}", 7))
        l->s->pattern = text;
    else
        (void)problem_at(l, n->at, E_INVALID, "like \"{name} is {value} at {step}\"",
                         "metrics.pattern has no {value}");
}

/* A list of names, or {pattern, names}. */
static void read_metrics(struct load *l, const struct node *n)
{
    enum { PATTERN, NAMES, COUNT };
    static const struct schema_key keys[COUNT] = {
        [PATTERN] = {.name = "pattern"},
        [NAMES] = {.name = "names"},
    };
    const struct node *found[COUNT] = {NULL, n};
    const struct str *names = NULL;
    size_t count = 0;
    if (n && n->kind == NODE_MAP && !schema_open(l, n, "metrics", keys, COUNT, found))
        return;
    read_pattern(l, found[PATTERN]);
    const struct node *list = found[NAMES];
    if (list &&
        read_texts(l, list, list == n ? "metrics" : "metrics.names", NAMES_MAX, &names, &count)) {
        for (size_t i = 0; i < count; i++)
            if (!check_metric_name(l, list->kind == NODE_LIST ? list->items[i] : list, names[i]))
                return;
    }
    join_names(l, names, count);
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

static void read_goal(struct load *l, const struct node *n)
{
    static const char *const goals[] = {"maximize", "minimize"};
    int goal;
    if (n && n->kind == NODE_SCALAR && (str_is(n->text, "max") || str_is(n->text, "min")))
        (void)problem_at(l, n->at, E_UNKNOWN,
                         str_is(n->text, "max") ? "write maximize" : "write minimize",
                         "goal is %s, not maximize or minimize", n->text.p);
    else if (read_word(l, n, "goal", goals, 2, &goal))
        l->s->minimize = goal == 1;
}

void read_file(struct load *l)
{
    static const char *const durabilities[] = {"default", "power"};
    const struct node *found[K_COUNT];
    struct settings *s = l->s;
    int durability;
    s->retries = 2;
    if (node_is_null(l->root) || (l->root->kind == NODE_MAP && l->root->n == 0)) {
        (void)problem_at(l, l->at, E_INVALID, "`trawl init` writes a first one",
                         "the file is empty");
        return;
    }
    if (!schema_open(l, l->root, "", keys_for(l), K_COUNT, found))
        return;
    read_space_name(l, found[K_SPACE]);
    read_metric(l, found[K_METRIC]);
    read_metrics(l, found[K_METRICS]);
    read_goal(l, found[K_GOAL]);
    read_space(l, found[K_PARAMETERS], found[K_CONSTRAINTS], found[K_BASELINE]);
    read_command(l, &(struct command_nodes){found[K_COMMAND], found[K_SHELL], found[K_ARGS],
                                            found[K_ENV], found[K_CONFIG]});
    read_resources(l, found[K_RESOURCES]);
    read_search(l, found[K_SEARCH]);
    (void)read_int(l, found[K_RETRIES], "retries", 0, 1000, &s->retries);
    read_code(l, found[K_CODE]);
    if (read_word(l, found[K_DURABILITY], "durability", durabilities, 2, &durability))
        s->durability = durability == 1 ? DURABLE_POWER : DURABLE_DEFAULT;
}
