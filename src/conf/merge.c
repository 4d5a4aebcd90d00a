/*
 * A program's configuration file: its base with a trial's parameters merged in.
 *
 * Programs read it with whatever YAML reader they have, most of them one of YAML 1.1 (PyYAML):
 * there `no` is false, 1e-4 text and 1:30 a number. What we write reads the same in both.
 */
#include "conf/command_parts.h"
#include "conf/document.h"

#include "base/number.h"

#include <math.h>

struct merge {
    struct arena *arena;
    struct str from; /* the base's name in messages */
    struct error *e;
};

/* YAML 1.1 wants a dot in a real, and a sign in its exponent. */
static void write_real(struct buf *b, double x)
{
    struct buf digits;
    buf_init(&digits, 64);
    number_write_real(&digits, x);
    struct str rest = buf_view(&digits);
    struct str mantissa = str_cut(&rest, 'e');
    if (isnan(x))
        buf_cstr(b, ".nan");
    else if (isinf(x))
        buf_cstr(b, x < 0 ? "-.inf" : ".inf");
    else
        buf_str(b, mantissa);
    if (isfinite(x) && rest.p) {
        if (!memchr(mantissa.p, '.', mantissa.n))
            buf_cstr(b, ".0");
        buf_cstr(b, str_starts(rest, "-") || str_starts(rest, "+") ? "e" : "e+");
        buf_str(b, rest);
    }
    buf_free(&digits);
}

/* A word no YAML reads as anything but text. */
static bool is_plain_word(struct str s)
{
    static const char *const taken[] = {"y",    "n",     "yes",  "no",  "on",  "off",
                                        "true", "false", "null", "nan", "inf", "none"};
    if (s.n == 0 || s.n > 200)
        return false;
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        if (s.n == strlen(taken[i]) && str_distance(s, str_of(taken[i])) == 0)
            return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inner = (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
        if (!letter && (i == 0 || !inner))
            return false;
    }
    return true;
}

static const struct node *scalar_of(struct merge *m, const struct value *v)
{
    struct buf b;
    enum node_style style = NODE_PLAIN;
    const struct node *n = NULL;
    buf_init(&b, DOCUMENT_BYTES_MAX);
    if (v->type == VALUE_REAL) {
        write_real(&b, v->r);
    } else {
        value_text(v, &b);
        if (v->type == VALUE_STRING && !is_plain_word(v->s))
            style = NODE_DOUBLE;
    }
    if (buf_end(&b, m->e) == OK &&
        !(n = node_scalar(m->arena, buf_view(&b), style, (struct location){0})))
        (void)error_nomem(m->e);
    buf_free(&b);
    return n;
}

static const struct node *node_of(struct merge *m, const struct value *v)
{
    if (v->type != VALUE_LIST)
        return scalar_of(m, v);
    const struct node **items = arena_array(m->arena, v->list.n + 1, sizeof(*items));
    for (size_t i = 0; items && i < v->list.n; i++)
        if (!(items[i] = scalar_of(m, &v->list.v[i])))
            return NULL;
    const struct node *n =
        items ? node_list(m->arena, items, v->list.n, (struct location){0}) : NULL;
    if (!n)
        (void)error_nomem(m->e);
    return n;
}

/* `map` with what the dotted `path` names set. A key that holds the dots itself is taken first. */
static const struct node *set(struct merge *m, const struct node *map, struct str path,
                              const struct node *value)
{
    struct str rest = path, name = str_cut(&rest, '.');
    const struct node *below;
    if (!rest.p || node_get(map, path)) {
        name = path;
        below = value;
    } else {
        const struct node *old = node_get(map, name);
        if (old && old->kind != NODE_MAP && !node_is_null(old)) {
            (void)error_set(m->e, E_INVALID,
                            "%.*s is %s in %.*s, but there is a parameter below it",
                            STR_FMT(excerpt(name)), node_what(old), STR_FMT(excerpt(m->from)));
            error_hint(m->e, "make it a map, or name the parameter otherwise");
            return NULL;
        }
        if (!old || node_is_null(old))
            old = node_map(m->arena, NULL, 0, (struct location){0});
        below = old ? set(m, old, rest, value) : NULL;
        if (!old)
            (void)error_nomem(m->e);
    }
    const struct node *with =
        below ? node_with(m->arena, map, name, below, (struct location){0}) : NULL;
    if (below && !with)
        (void)error_nomem(m->e);
    return with;
}

static enum code parse_base(struct merge *m, struct str text, const char *file,
                            const struct node **ret)
{
    struct problems problems;
    problems_init(&problems);
    enum code code = document_parse(m->arena, text, file, ret, &problems);
    if (problems.n)
        code = problems.v[0].code;
    if (problems.n && m->e)
        *m->e = problems.v[0];
    problems_free(&problems);
    if (code == OK && node_is_null(*ret)) {
        *ret = node_map(m->arena, NULL, 0, (struct location){0});
        return *ret ? OK : error_nomem(m->e);
    }
    if (code == OK && (*ret)->kind != NODE_MAP) {
        code = error_set(m->e, E_INVALID, "%s is %s, not a map", file, node_what(*ret));
        error_at(m->e, file, (*ret)->at.line, (*ret)->at.column);
    }
    return code;
}

static enum code write_tree(const struct node *root, bool yaml, struct buf *b, struct error *e)
{
    struct json j;
    if (yaml)
        return document_write(root, b, e);
    jw_init(&j, b);
    j.pretty = true;
    document_write_json(root, &j);
    jw_newline(&j);
    return jw_end(&j, e);
}

enum code command_config_text(const struct settings *s, struct arena *a, struct str base_text,
                              const struct config *c, struct str *ret, struct error *e)
{
    struct merge m = {a, s->config_from, e};
    const char *file = arena_cstr(a, s->config_from);
    const struct node *root = NULL;
    struct buf b;
    if (!file)
        return error_nomem(e);
    enum code code = parse_base(&m, base_text, file, &root);
    if (code != OK)
        return code;
    for (size_t i = 0; i < c->space->n_params; i++) {
        if (c->values[i].type == VALUE_NONE)
            continue;
        const struct node *value = node_of(&m, &c->values[i]);
        root = value ? set(&m, root, c->space->params[i].name, value) : NULL;
        if (!root)
            return e ? e->code : E_INVALID;
    }
    bool yaml = str_ends(s->config_to, ".yaml") || str_ends(s->config_to, ".yml");
    buf_init(&b, 16UL << 20);
    code = write_tree(root, yaml, &b, e);
    const char *text = code == OK ? arena_cstr(a, buf_view(&b)) : NULL;
    if (text)
        *ret = (struct str){text, b.n};
    else if (code == OK)
        code = error_nomem(e);
    buf_free(&b);
    return code;
}
