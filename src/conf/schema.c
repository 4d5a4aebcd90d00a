/*
 * Tables of keys, and readers of single values.
 */
#include "conf/schema.h"

#include "base/number.h"
#include "space/cursor.h"

#include <math.h>

bool problem(struct load *l, struct location at, struct error *e)
{
    error_at(e, at.file ? at.file : "", at.line, at.column);
    problems_add(l->problems, e);
    return false;
}

bool problem_at(struct load *l, struct location at, enum code code, const char *hint,
                const char *fmt, ...)
{
    struct error e;
    va_list ap;
    va_start(ap, fmt);
    (void)error_setv(&e, code, fmt, ap);
    va_end(ap);
    if (hint)
        error_hint(&e, "%s", hint);
    return problem(l, at, &e);
}

bool problem_nomem(struct load *l)
{
    struct error e;
    (void)error_nomem(&e);
    return problem(l, l->at, &e);
}

struct location key_place(const struct load *l, const struct node *value)
{
    const struct node *key = l->root ? node_key(l->root, value) : NULL;
    return value == l->root ? l->at : key ? key->at : value->at;
}

/* "search.trials", or "trials" at the top. */
static const char *full_name(struct load *l, const char *prefix, struct str key)
{
    const char *name = *prefix ? arena_fmt(&l->work, "%s.%.*s", prefix, STR_FMT(key))
                               : arena_fmt(&l->work, "%.*s", STR_FMT(key));
    return name ? name : "it";
}

/* The name it is likely a misspelling of, or NULL. */
static const char *refuse_unknown(struct load *l, const struct node *key, const char *prefix,
                                  const struct schema_key *keys, size_t n)
{
    const char **names = arena_array(&l->work, n, sizeof(*names));
    struct error e;
    struct buf b;
    if (!names) {
        (void)problem_nomem(l);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        names[i] = keys[i].name;
    (void)error_set(&e, E_UNKNOWN, "unknown key \"%.*s\"%s%s", STR_FMT(excerpt(key->text)),
                    *prefix ? " in " : "", prefix);
    const char *near = str_nearest(key->text, names, n);
    buf_init(&b, sizeof(e.hint));
    for (size_t i = 0; i < n; i++)
        if (!keys[i].later)
            buf_fmt(&b, "%s%s", b.n ? ", " : "", names[i]);
    if (near)
        error_hint(&e, "did you mean \"%s\"?", near);
    else
        error_hint(&e, "known here are %.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
    (void)problem(l, key->at, &e);
    return near;
}

static bool find_key(struct str name, const struct schema_key *keys, size_t n, size_t *ret)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(name, keys[i].name)) {
            *ret = i;
            return true;
        }
    return false;
}

/* Sorts the map's pairs into found[]. excused[i]: that keys[i] is missing needs no word of its own,
 * for it was misspelt, or something that is not there yet stands in its place. */
static void sort_keys(struct load *l, const struct node *map, const char *prefix,
                      const struct schema_key *keys, size_t n, const struct node **found,
                      bool *excused)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct node *key = map->pairs[i].key;
        size_t k;
        if (!find_key(key->text, keys, n, &k)) {
            const char *near = refuse_unknown(l, key, prefix, keys, n);
            if (near && find_key(str_of(near), keys, n, &k))
                excused[k] = true;
        } else if (keys[k].later) {
            (void)problem_at(l, key->at, E_UNSUPPORTED,
                             "take it out: it will come with a later version",
                             "%s is not there yet", full_name(l, prefix, key->text));
            for (k = 0; k < n; k++)
                excused[k] = true;
        } else {
            found[k] = map->pairs[i].value;
        }
    }
}

bool schema_open(struct load *l, const struct node *map, const char *prefix,
                 const struct schema_key *keys, size_t n, const struct node **found)
{
    bool *excused = arena_array(&l->work, n, sizeof(*excused));
    for (size_t i = 0; i < n; i++)
        found[i] = NULL;
    if (!excused)
        return problem_nomem(l);
    if (map->kind != NODE_MAP)
        return problem_at(l, map->at, E_INVALID, "write it as lines of \"key: value\"",
                          "%s is %s, not a map", *prefix ? prefix : "the file", node_what(map));
    sort_keys(l, map, prefix, keys, n, found, excused);
    for (size_t i = 0; i < n; i++)
        if (keys[i].needed && !found[i] && !excused[i])
            (void)problem_at(l, key_place(l, map), E_INVALID, keys[i].needed, "%s is missing",
                             full_name(l, prefix, str_of(keys[i].name)));
    return true;
}

/* A scalar that says something? */
static bool open_scalar(struct load *l, const struct node *n, const char *what, const char *wanted)
{
    if (!n)
        return false;
    if (n->kind == NODE_SCALAR && !node_is_null(n))
        return true;
    if (node_is_null(n))
        return problem_at(l, n->at, E_INVALID, "give it one, or take the key out",
                          "%s has no value", what);
    return problem_at(l, n->at, E_INVALID, NULL, "%s is %s, not %s", what, node_what(n), wanted);
}

/* As it is written, cut to what a message can hold. */
static struct str written(const struct node *n)
{
    return excerpt(n->text);
}

bool read_whole(struct load *l, const struct node *n, const char *what, int64_t lo, int64_t hi,
                int64_t *ret)
{
    if (!open_scalar(l, n, what, "a whole number"))
        return false;
    struct value v = node_value(n);
    if (v.type == VALUE_REAL && v.r == floor(v.r) && fabs(v.r) < 0x1p63)
        v = value_int((int64_t)v.r);
    if (v.type != VALUE_INT)
        return problem_at(l, n->at, E_INVALID, NULL, "%s is %.*s, not a whole number", what,
                          STR_FMT(written(n)));
    if (v.i < lo)
        return problem_at(l, n->at, E_INVALID, NULL, "%s is %.*s, less than %lld", what,
                          STR_FMT(written(n)), (long long)lo);
    if (v.i > hi)
        return problem_at(l, n->at, E_INVALID, NULL, "%s is %.*s, more than %lld", what,
                          STR_FMT(written(n)), (long long)hi);
    *ret = v.i;
    return true;
}

bool read_int(struct load *l, const struct node *n, const char *what, int lo, int hi, int *ret)
{
    int64_t v = 0;
    if (!read_whole(l, n, what, lo, hi, &v))
        return false;
    *ret = (int)v;
    return true;
}

bool read_positive(struct load *l, const struct node *n, const char *what, double *ret)
{
    if (!open_scalar(l, n, what, "a number"))
        return false;
    struct value v = node_value(n);
    double x = v.type == VALUE_INT ? (double)v.i : v.type == VALUE_REAL ? v.r : (double)NAN;
    if (v.type != VALUE_INT && v.type != VALUE_REAL)
        return problem_at(l, n->at, E_INVALID, NULL, "%s is %.*s, not a number", what,
                          STR_FMT(written(n)));
    if (!(x > 0) || isinf(x))
        return problem_at(l, n->at, E_INVALID, NULL, "%s is %.*s, not a positive number", what,
                          STR_FMT(written(n)));
    *ret = x;
    return true;
}

bool read_bool(struct load *l, const struct node *n, const char *what, bool *ret)
{
    if (!open_scalar(l, n, what, "true or false"))
        return false;
    struct value v = node_value(n);
    if (v.type != VALUE_BOOL)
        return problem_at(l, n->at, E_INVALID, "write true or false, without quotes",
                          "%s is %.*s, not true or false", what, STR_FMT(written(n)));
    *ret = v.b;
    return true;
}

bool read_duration(struct load *l, const struct node *n, const char *what, int64_t *ret_ns)
{
    int64_t ns;
    if (!open_scalar(l, n, what, "a time"))
        return false;
    if (!number_parse_duration(n->text, &ns))
        return problem_at(l, n->at, E_INVALID, "like 90s, 30m, 24h, 1h30m or 2d",
                          "%s is %.*s, not a time", what, STR_FMT(written(n)));
    if (ns <= 0)
        return problem_at(l, n->at, E_INVALID, "leave it out where there is to be no limit",
                          "%s is no time at all", what);
    *ret_ns = ns;
    return true;
}

bool read_size(struct load *l, const struct node *n, const char *what, int64_t lo, int64_t *ret)
{
    int64_t bytes;
    if (!open_scalar(l, n, what, "a size"))
        return false;
    if (!number_parse_size(n->text, &bytes))
        return problem_at(l, n->at, E_INVALID, "like 512MiB, 2GiB or 1.5GB",
                          "%s is %.*s, not a size", what, STR_FMT(written(n)));
    if (bytes < lo) {
        struct buf b;
        buf_init(&b, 64);
        number_write_size(&b, lo);
        (void)problem_at(l, n->at, E_INVALID, "give it a unit, like 2GiB",
                         "%s is %.*s, less than %.*s", what, STR_FMT(written(n)),
                         STR_FMT(buf_view(&b)));
        buf_free(&b);
        return false;
    }
    *ret = bytes;
    return true;
}

bool read_text(struct load *l, const struct node *n, const char *what, struct str *ret)
{
    if (!open_scalar(l, n, what, "text"))
        return false;
    if (n->text.n == 0)
        return problem_at(l, n->at, E_INVALID, NULL, "%s is empty", what);
    const char *copy = arena_cstr(&l->s->arena, n->text);
    if (!copy)
        return problem_nomem(l);
    *ret = (struct str){copy, n->text.n};
    return true;
}

bool read_word(struct load *l, const struct node *n, const char *what, const char *const *words,
               size_t n_words, int *ret)
{
    if (!open_scalar(l, n, what, "a word"))
        return false;
    for (size_t i = 0; i < n_words; i++)
        if (str_is(n->text, words[i])) {
            *ret = (int)i;
            return true;
        }
    struct error e;
    struct buf b;
    const char *near = str_nearest(n->text, words, n_words);
    buf_init(&b, sizeof(e.hint));
    for (size_t i = 0; i < n_words; i++)
        buf_fmt(&b, "%s%s", i == 0 ? "" : i + 1 == n_words ? " or " : ", ", words[i]);
    (void)error_set(&e, E_UNKNOWN, "%s is %.*s, not %.*s", what, STR_FMT(written(n)),
                    STR_FMT(buf_view(&b)));
    if (near)
        error_hint(&e, "did you mean %s?", near);
    buf_free(&b);
    return problem(l, n->at, &e);
}

bool read_texts(struct load *l, const struct node *n, const char *what, size_t max,
                const struct str **ret, size_t *ret_n)
{
    if (!n)
        return false;
    size_t count = n->kind == NODE_LIST ? n->n : 1;
    struct str *texts = arena_array(&l->s->arena, count + 1, sizeof(*texts));
    if (!texts)
        return problem_nomem(l);
    if (n->kind == NODE_MAP)
        return problem_at(l, n->at, E_INVALID, "write it as [a, b]", "%s is a map, not a list",
                          what);
    if (count > max)
        return problem_at(l, n->at, E_LIMIT, NULL, "%s has %zu entries, more than %zu", what, count,
                          max);
    for (size_t i = 0; i < count; i++)
        if (!read_text(l, n->kind == NODE_LIST ? n->items[i] : n, what, &texts[i]))
            return false;
    *ret = texts;
    *ret_n = count;
    return true;
}

static bool scalar_value(struct load *l, const struct node *n, const char *what, struct value *ret)
{
    if (!open_scalar(l, n, what, "a value"))
        return false;
    struct value v = node_value(n);
    return value_copy(&l->s->arena, &v, ret) == OK ? true : problem_nomem(l);
}

bool read_value(struct load *l, const struct node *n, const char *what, struct value *ret)
{
    if (!n || n->kind != NODE_LIST)
        return scalar_value(l, n, what, ret);
    struct value *items = arena_array(&l->s->arena, n->n + 1, sizeof(*items));
    if (!items)
        return problem_nomem(l);
    for (size_t i = 0; i < n->n; i++)
        if (!scalar_value(l, n->items[i], what, &items[i]))
            return false;
    *ret = (struct value){.type = VALUE_LIST, .list = {items, n->n}};
    return true;
}
