/*
 * What the program reports and what of it is wanted: metric, goal, objectives, require, metrics.
 *
 * `metric` and `goal` are the short form of one objective. Every metric that an objective or a
 * requirement names is a measure of the settings, once.
 */
#include "conf/schema.h"

#include "base/number.h"
#include "space/cursor.h"

#include <math.h>

enum { METRIC_BYTES_MAX = 200, REQUIREMENT_BYTES_MAX = 1000, NAMES_MAX = 1000 };

#define LIKE_OBJECTIVES \
    "like objectives: [{metric: val_auc, goal: maximize}, {metric: latency_ms, goal: minimize}]"
#define LIKE_REQUIRE "a metric, one of <= < >= >, and a number, like latency_ms <= 20"

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
static void read_take(struct load *l, const struct node *n, const char *what, struct measure *m)
{
    static const char *const words[] = {"last", "best", "mean(k)"};
    int word;
    if (!n)
        return;
    struct str text = n->kind == NODE_SCALAR ? n->text : (struct str){NULL, 0};
    if (str_starts(text, "mean(") && str_ends(text, ")")) {
        struct str inner = str_trim(str_sub(text, 5, text.n - 6));
        int64_t k;
        if (!number_parse_i64(inner, &k) || k < 1 || k > 1000000) {
            (void)problem_at(l, n->at, E_INVALID, "like mean(5): of the last five reports",
                             "%s is %.*s, whose number is not between 1 and 1000000", what,
                             STR_FMT(excerpt(text)));
            return;
        }
        m->take = TAKE_MEAN;
        m->take_k = (int)k;
    } else if (str_is(text, "mean") || str_is(text, "mean(k)")) {
        (void)problem_at(l, n->at, E_INVALID, "like mean(5): of the last five reports",
                         "%s is %.*s, which does not say of how many", what, STR_FMT(text));
    } else if (read_word(l, n, what, words, 3, &word)) {
        m->take = word == 0 ? TAKE_LAST : TAKE_BEST;
    }
}

static void read_goal(struct load *l, const struct node *n, const char *what, bool *ret_minimize)
{
    static const char *const goals[] = {"maximize", "minimize"};
    int goal;
    if (n && n->kind == NODE_SCALAR && (str_is(n->text, "max") || str_is(n->text, "min")))
        (void)problem_at(l, n->at, E_UNKNOWN,
                         str_is(n->text, "max") ? "write maximize" : "write minimize",
                         "%s is %s, not maximize or minimize", what, n->text.p);
    else if (read_word(l, n, what, goals, 2, &goal))
        *ret_minimize = goal == 1;
}

/* The one objective of the short form. */
static void read_metric(struct load *l, const struct node *n)
{
    enum { NAME, TAKE, COUNT };
    static const struct schema_key keys[COUNT] = {
        [NAME] = {.name = "name", .needed = "like metric: {name: val_auc, take: best}"},
        [TAKE] = {.name = "take"},
    };
    const struct node *found[COUNT] = {n, NULL};
    struct measure *m = &l->s->measures[0];
    struct str name;
    l->s->n_objectives = l->s->n_measures = 1;
    if (!n && l->space_only)
        m->name = STR("value");
    if (!n || (n->kind == NODE_MAP && !schema_open(l, n, "metric", keys, COUNT, found)))
        return;
    if (found[NAME] && read_text(l, found[NAME], "metric", &name) &&
        check_metric_name(l, found[NAME], name))
        m->name = name;
    read_take(l, found[TAKE], "metric.take", m);
}

/* Index of the measure of this name, or how many there are. */
static size_t find_measure(const struct settings *s, struct str name)
{
    size_t i = 0;
    while (i < s->n_measures && !str_eq(s->measures[i].name, name))
        i++;
    return i;
}

static void read_objective(struct load *l, const struct node *n)
{
    enum { METRIC, GOAL, TAKE, COUNT };
    static const struct schema_key keys[COUNT] = {
        [METRIC] = {.name = "metric", .needed = "like {metric: val_auc, goal: maximize}"},
        [GOAL] = {.name = "goal", .needed = "goal: minimize or goal: maximize"},
        [TAKE] = {.name = "take"},
    };
    const struct node *found[COUNT];
    struct settings *s = l->s;
    struct measure m = {.take = TAKE_LAST};
    if (n->kind != NODE_MAP) {
        (void)problem_at(l, n->at, E_INVALID, "like {metric: val_auc, goal: maximize}",
                         "an objective is %s, not a map", node_what(n));
        return;
    }
    if (!schema_open(l, n, "objectives", keys, COUNT, found))
        return;
    read_goal(l, found[GOAL], "objectives.goal", &s->minimize[s->n_objectives]);
    read_take(l, found[TAKE], "objectives.take", &m);
    if (!read_text(l, found[METRIC], "objectives.metric", &m.name) ||
        !check_metric_name(l, found[METRIC], m.name))
        return;
    if (find_measure(s, m.name) < s->n_measures) {
        (void)problem_at(l, found[METRIC]->at, E_DUPLICATE, "one objective a metric",
                         "objectives names %.*s twice", STR_FMT(excerpt(m.name)));
        return;
    }
    s->measures[s->n_measures++] = m;
    s->n_objectives++;
}

/* "metric (line 3)", as far as the key stands in the file. */
static void say_key(const struct load *l, const struct node *value, const char *name, struct buf *b)
{
    struct location at = key_place(l, value);
    if (b->n > 0)
        buf_cstr(b, " and ");
    buf_cstr(b, name);
    if (!l->from_argv && at.file == l->at.file)
        buf_fmt(b, " (line %d)", at.line);
    else if (at.file != l->at.file)
        buf_fmt(b, " (%s)", at.file);
}

static void refuse_both(struct load *l, const struct outcome_nodes *nodes)
{
    struct buf b;
    struct error e;
    buf_init(&b, sizeof(e.hint));
    if (nodes->metric)
        say_key(l, nodes->metric, "metric", &b);
    if (nodes->goal)
        say_key(l, nodes->goal, "goal", &b);
    (void)error_set(&e, E_INVALID, "objectives stands beside %.*s, which say the same of one",
                    STR_FMT(buf_view(&b)));
    error_hint(&e, "keep one of the two: objectives, or metric and goal");
    buf_free(&b);
    (void)problem(l, key_place(l, nodes->objectives), &e);
}

static void read_objectives(struct load *l, const struct node *n)
{
    if (n->kind != NODE_LIST || n->n == 0) {
        (void)problem_at(l, n->at, E_INVALID, LIKE_OBJECTIVES, "objectives is %s%s",
                         n->kind == NODE_LIST ? "an empty list" : node_what(n),
                         n->kind == NODE_LIST ? "" : ", not a list");
        return;
    }
    if (n->n > OBJECTIVES_MAX) {
        (void)problem_at(l, n->at, E_LIMIT, "keep those that are to be traded against each other",
                         "objectives has %zu entries, more than %d", n->n, OBJECTIVES_MAX);
        return;
    }
    for (size_t i = 0; i < n->n; i++)
        read_objective(l, n->items[i]);
}

/* ---- require ---- */

/* Takes the relation that the text begins with. */
static bool take_relation(struct cursor *c, enum relation *ret)
{
    bool more = cursor_take(c, '>');
    if (!more && !cursor_take(c, '<'))
        return false;
    if (cursor_take(c, '='))
        *ret = more ? RELATION_AT_LEAST : RELATION_AT_MOST;
    else
        *ret = more ? RELATION_MORE : RELATION_LESS;
    return true;
}

static bool is_upper(enum relation r)
{
    return r == RELATION_LESS || r == RELATION_AT_MOST;
}

/* METRIC RELATION NUMBER; *ret_name points into the text. */
static enum code parse_requirement(struct str text, struct location at, struct str *ret_name,
                                   struct requirement *ret, struct error *e)
{
    struct cursor c;
    double unused;
    enum code code = cursor_open(&c, text, at, REQUIREMENT_BYTES_MAX, "a requirement", e);
    if (code != OK)
        return code;
    cursor_blanks(&c);
    size_t from = c.pos;
    while (!cursor_done(&c) && !strchr("<>=", cursor_peek(&c)))
        c.pos++;
    struct str name = str_trim(cursor_since(&c, from));
    size_t relation_at = c.pos;
    if (name.n == 0 || cursor_done(&c) || number_parse_real(name, &unused))
        code = cursor_fail(&c, from, e, E_SYNTAX, "a requirement begins with a metric and a bound");
    else if (!take_relation(&c, &ret->relation))
        code = cursor_fail(&c, relation_at, e, E_SYNTAX, "= is no bound");
    if (code == OK) {
        cursor_blanks(&c);
        struct str number = str_trim(str_sub(text, c.pos, text.n));
        if (!number_parse_real(number, &ret->bound) || !isfinite(ret->bound))
            code = cursor_fail(&c, c.pos, e, E_SYNTAX, "\"%.*s\" is no number that can be a bound",
                               STR_FMT(excerpt(number)));
    }
    if (code != OK)
        error_hint(e, LIKE_REQUIRE);
    *ret_name = name;
    return code;
}

static const char *relation_text(enum relation r)
{
    static const char *const texts[] = {"<", "<=", ">", ">="};
    return texts[r];
}

/* Written as we write it everywhere. */
static enum code write_requirement(struct arena *a, struct str name, struct requirement *r)
{
    struct buf b;
    buf_init(&b, 2 * METRIC_BYTES_MAX);
    buf_fmt(&b, "%.*s %s ", STR_FMT(name), relation_text(r->relation));
    number_write(&b, r->bound);
    enum code code = buf_end(&b, NULL);
    if (code == OK)
        code = arena_str(a, buf_view(&b), &r->text);
    buf_free(&b);
    return code;
}

/* Two bounds of one metric on the same side, or that leave nothing between them. */
static bool check_against(struct load *l, const struct node *n, const struct requirement *r,
                          const struct requirement *before)
{
    if (r->measure != before->measure)
        return true;
    if (is_upper(r->relation) == is_upper(before->relation))
        return problem_at(l, n->at, E_DUPLICATE, "keep the stricter one",
                          "%.*s bounds the same side as %.*s", STR_FMT(excerpt(r->text)),
                          STR_FMT(excerpt(before->text)));
    double upper = is_upper(r->relation) ? r->bound : before->bound;
    double lower = is_upper(r->relation) ? before->bound : r->bound;
    bool both_at = r->relation != RELATION_LESS && r->relation != RELATION_MORE &&
                   before->relation != RELATION_LESS && before->relation != RELATION_MORE;
    if (lower < upper || (lower == upper && both_at))
        return true;
    return problem_at(l, n->at, E_UNSATISFIABLE, "loosen one of them",
                      "nothing meets both %.*s and %.*s", STR_FMT(excerpt(before->text)),
                      STR_FMT(excerpt(r->text)));
}

static bool add_measure(struct load *l, struct str name, size_t *ret)
{
    struct settings *s = l->s;
    struct measure m = {.take = TAKE_LAST};
    *ret = find_measure(s, name);
    if (*ret < s->n_measures)
        return true;
    if (arena_str(&s->arena, name, &m.name) != OK)
        return problem_nomem(l);
    s->measures[s->n_measures++] = m;
    return true;
}

static void read_requirement(struct load *l, const struct node *n)
{
    struct settings *s = l->s;
    struct requirement r = {.bound = 0};
    struct error e = {0};
    struct str name;
    if (n->kind != NODE_SCALAR || node_is_null(n)) {
        (void)problem_at(l, n->at, E_INVALID, LIKE_REQUIRE, "a requirement is %s, not text",
                         node_what(n));
        return;
    }
    if (parse_requirement(n->text, n->at, &name, &r, &e) != OK) {
        (void)problem(l, n->at, &e);
        return;
    }
    if (!check_metric_name(l, n, name) || !add_measure(l, name, &r.measure))
        return;
    if (write_requirement(&s->arena, name, &r) != OK) {
        (void)problem_nomem(l);
        return;
    }
    for (size_t i = 0; i < s->n_requirements; i++)
        if (!check_against(l, n, &r, &s->requirements[i]))
            return;
    s->requirements[s->n_requirements++] = r;
}

/* A list, or one alone. */
static void read_require(struct load *l, const struct node *n)
{
    if (!n)
        return;
    size_t count = n->kind == NODE_LIST ? n->n : 1;
    if (count > REQUIREMENTS_MAX) {
        (void)problem_at(l, n->at, E_LIMIT, NULL, "require has %zu entries, more than %d", count,
                         REQUIREMENTS_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++)
        read_requirement(l, n->kind == NODE_LIST ? n->items[i] : n);
}

/* ---- metrics ---- */

/* The measures first, then the others, each once. */
static void join_names(struct load *l, const struct str *more, size_t n)
{
    struct settings *s = l->s;
    struct str *names = arena_array(&s->arena, s->n_measures + n, sizeof(*names));
    if (!names) {
        (void)problem_nomem(l);
        return;
    }
    for (size_t i = 0; i < s->n_measures; i++)
        names[i] = s->measures[i].name;
    s->n_names = s->n_measures;
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

void read_outcomes(struct load *l, const struct outcome_nodes *nodes)
{
    struct settings *s = l->s;
    if (nodes->objectives && (nodes->metric || nodes->goal)) {
        refuse_both(l, nodes);
    } else if (nodes->objectives) {
        read_objectives(l, nodes->objectives);
    } else {
        read_metric(l, nodes->metric);
        read_goal(l, nodes->goal, "goal", &s->minimize[0]);
    }
    s->effort.n_objectives = s->n_objectives;
    read_require(l, nodes->require);
    read_metrics(l, nodes->metrics);
}
