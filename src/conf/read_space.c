/*
 * parameters, constraints and baseline.
 *
 * A parameter that is wrong is not declared, so what names it can't be judged either: the space is
 * finished, and constraints, baseline and command looked at against it, only when every parameter
 * was declared; the baseline only when the space as a whole is right.
 */
#include "conf/schema.h"

enum { LONG_PRIOR, LONG_WHEN, LONG_DEFAULT, LONG_ARG, LONG_CHANGE, LONG_COUNT };

static const struct schema_key long_keys[LONG_COUNT] = {
    [LONG_PRIOR] = {.name = "prior", .needed = "like prior: uniform(0, 1)"},
    [LONG_WHEN] = {.name = "when"},
    [LONG_DEFAULT] = {.name = "default"},
    [LONG_ARG] = {.name = "arg"},
    [LONG_CHANGE] = {.name = "change"},
};

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* name(...: meant as a prior, whether it is one or not. */
static bool is_call(struct str text)
{
    size_t n = 0;
    while (n < text.n && is_word_char(text.p[n]))
        n++;
    struct str rest = str_trim(str_sub(text, n, text.n));
    return n > 0 && !(text.p[0] >= '0' && text.p[0] <= '9') && str_starts(rest, "(");
}

/* More brackets opened than closed. */
static bool is_open(struct str text)
{
    int open = 0;
    for (size_t i = 0; i < text.n; i++)
        open += (text.p[i] == '(') - (text.p[i] == ')');
    return open > 0;
}

static bool is_prior_name(struct str text)
{
    for (int kind = PRIOR_UNIFORM; kind < PRIOR_KIND_COUNT; kind++)
        if (str_is(text, prior_kind_name((enum prior_kind)kind)))
            return true;
    return false;
}

/* In {depth: int(2, 12)} YAML's commas cut the prior to pieces: "int(2", then a key "12)". Says so
 * once and returns the index after the last piece; `i` where pair i is whole. */
static size_t skip_cut_prior(struct load *l, const struct node *map, size_t i)
{
    const struct node *value = map->pairs[i].value;
    if (!map->flow || value->kind != NODE_SCALAR || value->style != NODE_PLAIN ||
        !is_call(value->text) || !is_open(value->text))
        return i;
    for (size_t k = i + 1; k < map->n && node_is_null(map->pairs[k].value); k++)
        if (str_ends(map->pairs[k].key->text, ")")) {
            (void)problem_at(l, value->at, E_SYNTAX,
                             "put what is in the brackets of a map in quotes: \"int(1, 4)\"",
                             "a comma ends the prior %.*s here", STR_FMT(excerpt(value->text)));
            return k + 1;
        }
    return i;
}

/* `value` is a prior's text, or a value that is fixed. */
static bool read_prior(struct load *l, const struct node *value, const char *name,
                       struct param_decl *d)
{
    d->prior_at = value->at;
    if (value->kind == NODE_SCALAR && is_call(value->text)) {
        d->prior = value->text;
        return true;
    }
    if (value->kind == NODE_SCALAR && value->style == NODE_PLAIN && is_prior_name(value->text)) {
        struct error e;
        (void)error_set(&e, E_SYNTAX, "the prior %.*s has no parentheses", STR_FMT(value->text));
        error_hint(&e, "like %.*s(%s); text that is no prior stands in quotes",
                   STR_FMT(value->text), str_is(value->text, "flag") ? "" : "...");
        return problem(l, value->at, &e);
    }
    if (value->kind == NODE_MAP)
        return problem_at(l, value->at, E_INVALID, "like uniform(0, 1)",
                          "the prior of %s is a map, not text", name);
    return read_value(l, value, name, &d->value);
}

static bool declare(struct load *l, const struct param_decl *d)
{
    struct error e = {0};
    if (space_declare(l->s->space, d, &e) == OK)
        return true;
    return problem(l, e.code == E_NOMEM ? l->at : d->at, &e);
}

static bool read_arg(struct load *l, const struct node *n, struct param_decl *d)
{
    struct error e = {0};
    if (!n)
        return true;
    if (n->kind != NODE_SCALAR || node_is_null(n))
        return problem_at(l, n->at, E_INVALID,
                          "like \"-x ${value}\" or --another-name; \"\" keeps it off the command "
                          "line",
                          "arg is %s, not text", node_what(n));
    d->arg = n->text;
    return command_check_pattern(n->text, n->at, true, &e) == OK ? true : problem(l, n->at, &e);
}

static bool read_long(struct load *l, const struct node *map, struct param_decl *d)
{
    const struct node *found[LONG_COUNT];
    const char *name = d->name.p;
    size_t before = l->problems->n + l->problems->dropped;
    for (size_t i = 0; i < map->n; i++)
        if (skip_cut_prior(l, map, i) != i)
            return false;
    if (!schema_open(l, map, name, long_keys, LONG_COUNT, found) || !found[LONG_PRIOR])
        return false;
    bool right = read_prior(l, found[LONG_PRIOR], name, d);
    if (found[LONG_WHEN]) {
        const struct node *when = found[LONG_WHEN];
        d->when_at = when->at;
        d->when = when->text;
        if (when->kind != NODE_SCALAR || node_is_null(when) || when->text.n == 0)
            right = problem_at(l, when->at, E_INVALID, "like: when: model == \"mlp\"",
                               "the condition of %s is %s", name,
                               when->kind == NODE_SCALAR ? "empty" : node_what(when));
    }
    if (found[LONG_DEFAULT]) {
        d->default_at = found[LONG_DEFAULT]->at;
        d->has_default = read_value(l, found[LONG_DEFAULT], "default", &d->def);
    }
    d->has_change = read_bool(l, found[LONG_CHANGE], "change", &d->change);
    right = read_arg(l, found[LONG_ARG], d) && right;
    return right && before == l->problems->n + l->problems->dropped && declare(l, d);
}

/* A map that says more about one parameter, rather than one that holds parameters: it has a prior,
 * or what only such a map has, or a prior misspelt. */
static bool is_long(const struct node *map)
{
    static const char *const names[] = {"prior"};
    for (size_t i = 0; i < map->n; i++) {
        const struct node *key = map->pairs[i].key, *value = map->pairs[i].value;
        for (size_t k = 0; k < LONG_COUNT; k++)
            if (str_is(key->text, long_keys[k].name) && value->kind != NODE_MAP)
                return true;
        if (value->kind == NODE_SCALAR && is_call(value->text) && map->n > 1 &&
            str_nearest(key->text, names, 1) && str_distance(key->text, STR("prior")) == 1)
            return true;
    }
    return false;
}

/* Returns false when any parameter below was wrong. */
static bool read_parameters(struct load *l, const struct node *map, const char *prefix)
{
    bool right = true;
    if (map->kind != NODE_MAP)
        return problem_at(l, map->at, E_INVALID, "like lr: loguniform(1e-4, 1)",
                          "parameters is %s, not a map", node_what(map));
    for (size_t i = 0; i < map->n; i++) {
        const struct node *key = map->pairs[i].key, *value = map->pairs[i].value;
        const char *name = arena_fmt(&l->work, "%s%.*s", prefix, STR_FMT(key->text));
        size_t after = skip_cut_prior(l, map, i);
        if (after != i || !name) {
            right = name ? false : problem_nomem(l);
            i = after ? after - 1 : i;
            continue;
        }
        struct param_decl d = {.name = str_of(name), .at = key->at};
        if (node_is_null(value)) {
            right = problem_at(l, key->at, E_INVALID, "like lr: loguniform(1e-4, 1)",
                               "parameter %s has no prior and no value", name);
        } else if (value->kind == NODE_MAP && value->n == 0) {
            right = problem_at(l, value->at, E_INVALID, "like {prior: \"uniform(0, 1)\"}",
                               "parameter %s is an empty map", name);
        } else if (value->kind == NODE_MAP && is_long(value)) {
            right = read_long(l, value, &d) && right;
        } else if (value->kind == NODE_MAP) {
            const char *below = arena_fmt(&l->work, "%s.", name);
            right = (below ? read_parameters(l, value, below) : problem_nomem(l)) && right;
        } else {
            right = read_prior(l, value, name, &d) && declare(l, &d) && right;
        }
    }
    return right;
}

static void read_constraints(struct load *l, const struct node *n)
{
    size_t count = !n ? 0 : n->kind == NODE_LIST ? n->n : 1;
    for (size_t i = 0; i < count; i++) {
        const struct node *c = n->kind == NODE_LIST ? n->items[i] : n;
        struct error e = {0};
        if (c->kind != NODE_SCALAR || node_is_null(c))
            (void)problem_at(l, c->at, E_INVALID, "like - hidden * batch_size <= 65536",
                             "a constraint is %s, not text", node_what(c));
        else if (space_constrain(l->s->space, c->text, c->at, &e) != OK)
            (void)problem(l, c->at, &e);
    }
}

/* What the space says of a value, said of the baseline's, or of a first point's (`what`). */
static bool point_problem(struct load *l, const char *what, struct location at, const char *name,
                          struct error *e)
{
    struct error said = *e;
    if (said.code == E_NOMEM)
        return problem(l, at, e);
    (void)error_set(e, said.code, "%s%s%s: %s", what, *name ? " of " : "", name, said.message);
    error_detail(e, "%s", said.detail);
    error_hint(e, "%s", said.hint);
    return problem(l, at, e);
}

/* A configuration's values into given[]; dots and nesting as among the parameters. */
static bool read_given(struct load *l, const char *what, const struct node *map, const char *prefix,
                       struct value *given)
{
    const struct space *s = l->s->space;
    bool right = true;
    for (size_t i = 0; i < map->n; i++) {
        const struct node *key = map->pairs[i].key, *value = map->pairs[i].value;
        const char *name = arena_fmt(&l->work, "%s%.*s", prefix, STR_FMT(key->text));
        const char *below = name ? arena_fmt(&l->work, "%s.", name) : NULL;
        struct error e = {0};
        if (!below)
            return problem_nomem(l);
        int param = space_find(s, str_of(name));
        if (param < 0 && value->kind == NODE_MAP) {
            right = read_given(l, what, value, below, given) && right;
        } else if (param < 0) {
            const char *near = space_nearest(s, str_of(name));
            (void)error_set(&e, E_UNKNOWN, "there is no parameter %s", name);
            if (near)
                error_hint(&e, "did you mean %s?", near);
            right = problem(l, key->at, &e);
        } else if (given[param].type != VALUE_NONE) {
            right = problem_at(l, key->at, E_DUPLICATE, NULL, "%s says %s twice", what, name);
        } else if (!read_value(l, value, name, &given[param])) {
            right = false;
        } else if (prior_accept(&s->params[param].prior, &l->s->arena, &given[param], &e) != OK) {
            right = point_problem(l, what, value->at, name, &e);
        }
    }
    return right;
}

/* A configuration; what it leaves out is the parameter's default. */
static bool read_point(struct load *l, const char *what, const struct node *n, struct config *ret)
{
    struct settings *s = l->s;
    struct error e = {0};
    if (n->kind != NODE_MAP)
        return problem_at(l, n->at, E_INVALID, "like {model: linear, lr: 0.1}",
                          "%s is %s, not a map", what, node_what(n));
    struct value *given = arena_array(&s->arena, s->space->n_params, sizeof(*given));
    if (!given)
        return problem_nomem(l);
    if (!read_given(l, what, n, "", given))
        return false;
    if (config_complete(s->space, &s->arena, given, ret, &e) == OK)
        return true;
    return point_problem(l, what, key_place(l, n), "", &e);
}

/* One {until, params}; steps ascend from `after`. */
static bool read_stage(struct load *l, const struct node *n, int64_t after,
                       struct schedule_stage *ret)
{
    enum { UNTIL, PARAMS, COUNT };
    static const struct schema_key keys[COUNT] = {
        [UNTIL] = {.name = "until", .needed = "like {until: 3, params: {lr: 0.1}}"},
        [PARAMS] = {.name = "params", .needed = "like {until: 3, params: {lr: 0.1}}"},
    };
    const struct node *found[COUNT];
    if (!schema_open(l, n, "search.schedule", keys, COUNT, found))
        return false;
    bool right = read_whole(l, found[UNTIL], "search.schedule.until", 1, STEPS_MAX, &ret->until);
    if (right && ret->until <= after)
        right = problem_at(l, found[UNTIL]->at, E_INVALID, "a stage ends after the one before it",
                           "search.schedule goes back, from step %lld to %lld", (long long)after,
                           (long long)ret->until);
    return right && found[PARAMS] && read_point(l, "search.schedule", found[PARAMS], &ret->config);
}

void read_schedule(struct load *l, const struct node *schedule)
{
    struct settings *s = l->s;
    if (schedule->kind != NODE_LIST || schedule->n == 0 || schedule->n > STAGES_MAX) {
        (void)problem_at(l, schedule->at, E_INVALID,
                         "like schedule: [{until: 3, params: {lr: 0.1}}, ...]",
                         "search.schedule is no list of 1 to %d stages", STAGES_MAX);
        return;
    }
    struct schedule_stage *stages = arena_array(&s->arena, schedule->n, sizeof(*stages));
    if (!stages) {
        (void)problem_nomem(l);
        return;
    }
    for (size_t i = 0; i < schedule->n; i++)
        if (!read_stage(l, schedule->items[i], i ? stages[i - 1].until : 0, &stages[i]))
            return;
    s->stages = stages;
    s->n_stages = schedule->n;
    s->first = &stages[0].config;
    s->n_first = 1;
}

/* No configuration is run twice, so one that stands here twice is a slip. */
static bool is_new_point(struct load *l, const struct node *list, size_t i, const struct config *c,
                         const struct config *before, const size_t *items, size_t n)
{
    struct error e;
    if (l->s->has_baseline && config_equal(c, &l->s->baseline))
        return problem_at(l, list->items[i]->at, E_DUPLICATE, "the baseline is run before all else",
                          "a configuration of search.first is the baseline");
    for (size_t k = 0; k < n; k++) {
        if (!config_equal(c, &before[k]))
            continue;
        (void)error_set(&e, E_DUPLICATE, "search.first has this configuration twice");
        if (!l->from_argv && list->at.file == l->at.file)
            error_hint(&e, "the first one is in line %d", list->items[items[k]]->at.line);
        return problem(l, list->items[i]->at, &e);
    }
    return true;
}

void read_first(struct load *l, const struct node *first)
{
    struct settings *s = l->s;
    if (first->kind != NODE_LIST) {
        (void)problem_at(l, first->at, E_INVALID, "like first: [{lr: 0.1}, {lr: 0.01}]",
                         "search.first is %s, not a list", node_what(first));
        return;
    }
    if (first->n > FIRST_MAX) {
        (void)problem_at(l, first->at, E_LIMIT, NULL, "search.first has %zu entries, more than %d",
                         first->n, FIRST_MAX);
        return;
    }
    struct config *points = arena_array(&s->arena, first->n + 1, sizeof(*points));
    size_t *items = arena_array(&l->work, first->n + 1, sizeof(*items));
    if (!points || !items) {
        (void)problem_nomem(l);
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < first->n; i++) {
        if (read_point(l, "search.first", first->items[i], &points[n]) &&
            is_new_point(l, first, i, &points[n], points, items, n))
            items[n++] = i;
    }
    s->first = points;
    s->n_first = n;
}

/* space_finish judges by the problems it is given, so it gets a list of its own. */
static void finish(struct load *l, const struct node *parameters)
{
    struct problems own;
    problems_init(&own);
    l->space_right = space_finish(l->s->space, &own) == OK;
    for (size_t i = 0; i < own.n; i++)
        (void)problem(l, parameters->at, &own.v[i]);
    l->problems->dropped += own.dropped;
    problems_free(&own);
    if (l->space_right && l->s->space->n_units == 0)
        (void)problem_at(l, key_place(l, parameters), E_INVALID,
                         l->from_argv ? "write what to search as --lr='~loguniform(1e-4, 1)'"
                                      : "give one of them a prior, like lr: loguniform(1e-4, 1)",
                         "there is nothing to search: %s",
                         parameters->n ? "every parameter is fixed" : "there are no parameters");
}

void read_space(struct load *l, const struct node *parameters, const struct node *constraints,
                const struct node *baseline)
{
    struct error e = {0};
    if (space_new(&l->s->space, &e) != OK) {
        (void)problem(l, l->at, &e);
        return;
    }
    if (!parameters || !read_parameters(l, parameters, ""))
        return;
    l->space_known = true;
    size_t before = l->problems->n + l->problems->dropped;
    read_constraints(l, constraints);
    if (before == l->problems->n + l->problems->dropped)
        finish(l, parameters);
    if (baseline && l->space_right)
        l->s->has_baseline = read_point(l, "baseline", baseline, &l->s->baseline);
}
