/*
 * Loading a file, the inline form, or what the store kept of either.
 *
 * Problems are gathered in a list of the load's own, put where their letters stand in the file, and
 * handed over in the file's order, with what came from the command line last.
 */
#include "conf/schema.h"

#include "base/io.h"

#include <jansson.h>

enum { ARENA_BYTES_MAX = 256 << 20, OVERRIDES_MAX = 1000 };

static bool is_clean(const struct load *l)
{
    return l->problems->n == 0 && l->problems->dropped == 0;
}

/* What is not of the file has a name, but no line. */
static void place(struct load *l, struct str source)
{
    for (size_t i = 0; i < l->problems->n; i++) {
        struct error *e = &l->problems->v[i];
        if (l->at.file && strcmp(e->file, l->at.file) == 0 && !l->from_argv) {
            if (l->root)
                document_place(l->root, source, e);
        } else {
            e->line = e->column = 0;
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct error *x = a, *y = b;
    if ((x->line == 0) != (y->line == 0))
        return x->line == 0 ? 1 : -1;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

/* Stable, which qsort is not. */
static void sort_problems(struct problems *p)
{
    for (size_t i = 1; i < p->n; i++)
        for (size_t k = i; k > 0 && by_place(&p->v[k - 1], &p->v[k]) > 0; k--) {
            struct error e = p->v[k];
            p->v[k] = p->v[k - 1];
            p->v[k - 1] = e;
        }
}

/* What is loaded: a text or, argv not NULL, the inline form. */
struct source {
    struct str text;
    const char *file;
    const char *const *argv;
    size_t n_argv;
    const struct override *set;
    size_t n_set;
    bool space_only;
};

/* {"set": [[path, value], ...], "inline": [word, ...], "space_only": true} */
static enum code write_overrides(const struct load *l, const struct source *from)
{
    struct buf b;
    struct json j;
    buf_init(&b, 16UL << 20);
    jw_init(&j, &b);
    jw_object(&j);
    jw_key(&j, "set");
    jw_array(&j);
    for (size_t i = 0; i < from->n_set; i++) {
        jw_array(&j);
        jw_str(&j, from->set[i].path);
        jw_str(&j, from->set[i].value);
        jw_array_end(&j);
    }
    jw_array_end(&j);
    if (from->argv) {
        jw_key(&j, "inline");
        jw_array(&j);
        for (size_t i = 0; i < from->n_argv; i++)
            jw_cstr(&j, from->argv[i]);
        jw_array_end(&j);
    }
    if (from->space_only) {
        jw_key(&j, "space_only");
        jw_bool(&j, true);
    }
    jw_object_end(&j);
    enum code code = jw_end(&j, NULL);
    if (code == OK)
        code = arena_str(&l->s->arena, buf_view(&b), &l->s->overrides);
    buf_free(&b);
    return code;
}

static enum code settings_new(const char *file, struct str source, struct settings **ret)
{
    struct settings *s = calloc(1, sizeof(*s));
    if (!s)
        return E_NOMEM;
    arena_init(&s->arena, ARENA_BYTES_MAX);
    const char *name = arena_cstr(&s->arena, str_of(file));
    if (!name || arena_str(&s->arena, source, &s->source) != OK) {
        settings_free(s);
        return E_NOMEM;
    }
    s->file = str_of(name);
    *ret = s;
    return OK;
}

void settings_free(struct settings *s)
{
    if (!s)
        return;
    space_free(s->space);
    arena_free(&s->arena);
    free(s);
}

/* Hands the load's problems over; the settings only when there are none. */
static enum code finish(struct load *l, struct settings **ret, struct problems *problems)
{
    enum code code = OK;
    if (!is_clean(l))
        code = l->problems->n ? l->problems->v[0].code : E_NOMEM;
    place(l, l->s->source);
    sort_problems(l->problems);
    for (size_t i = 0; i < l->problems->n; i++)
        problems_add(problems, &l->problems->v[i]);
    problems->dropped += l->problems->dropped;
    problems_free(l->problems);
    arena_free(&l->work);
    if (code == OK)
        *ret = l->s;
    else
        settings_free(l->s);
    return code;
}

static enum code load(const struct source *from, struct settings **ret, struct problems *problems)
{
    struct problems own;
    struct load l = {
        .problems = &own, .from_argv = from->argv != NULL, .space_only = from->space_only};
    problems_init(&own);
    arena_init(&l.work, ARENA_BYTES_MAX);
    /* A text too long is refused by document_parse; it need not be copied before. */
    struct str kept = from->text.n <= CONF_BYTES_MAX ? from->text : (struct str){NULL, 0};
    if (settings_new(from->file, kept, &l.s) != OK) {
        struct error e;
        enum code code = error_nomem(&e);
        problems_add(problems, &e);
        return code;
    }
    l.at = (struct location){l.s->file.p, 1, 1};
    if (from->n_set > OVERRIDES_MAX)
        (void)problem_at(&l, l.at, E_LIMIT, NULL, "more than %d values are overridden",
                         OVERRIDES_MAX);
    else if (from->argv)
        l.root = inline_tree(&l, from->argv, from->n_argv);
    else if (document_parse(&l.work, from->text, l.s->file.p, &l.root, &own) != OK)
        l.root = NULL;
    for (size_t i = 0; l.root && i < from->n_set; i++)
        override_apply(&l, from->set[i]);
    if (l.root)
        read_file(&l);
    if (is_clean(&l) && write_overrides(&l, from) != OK)
        (void)problem_nomem(&l);
    return finish(&l, ret, problems);
}

enum code conf_load(struct str text, const char *file, const struct override *set, size_t n_set,
                    struct settings **ret, struct problems *problems)
{
    struct source from = {.text = text, .file = file, .set = set, .n_set = n_set};
    return load(&from, ret, problems);
}

enum code conf_load_space(struct str text, const char *file, const struct override *set,
                          size_t n_set, struct settings **ret, struct problems *problems)
{
    struct source from = {
        .text = text, .file = file, .set = set, .n_set = n_set, .space_only = true};
    return load(&from, ret, problems);
}

enum code conf_load_file(const char *path, const struct override *set, size_t n_set,
                         struct settings **ret, struct problems *problems)
{
    struct buf b;
    struct error e = {0};
    buf_init(&b, CONF_BYTES_MAX + 1);
    enum code code = io_read_file(path, CONF_BYTES_MAX, &b, &e);
    if (code == OK) {
        code = conf_load(buf_view(&b), path, set, n_set, ret, problems);
    } else {
        if (code == E_LIMIT)
            error_hint(&e, "is it a trawl.yaml?");
        else if (code == E_NOT_FOUND)
            error_hint(&e, "`trawl init` writes a first one");
        problems_add(problems, &e);
    }
    buf_free(&b);
    return code;
}

enum code conf_inline(const char *const *argv, size_t n_argv, const struct override *set,
                      size_t n_set, struct settings **ret, struct problems *problems)
{
    static const char *const none[] = {NULL};
    struct source from = {.file = "command line",
                          .argv = argv ? argv : none,
                          .n_argv = argv ? n_argv : 0,
                          .set = set,
                          .n_set = n_set};
    return load(&from, ret, problems);
}

static struct str text_of(const json_t *j)
{
    return (struct str){json_string_value(j), json_string_length(j)};
}

/* Arrays of pairs and words, borrowed from the JSON. False when they are something else. */
static bool read_overrides(const json_t *root, struct arena *a, struct override **set,
                           const char ***argv)
{
    const json_t *pairs = json_object_get(root, "set"), *words = json_object_get(root, "inline");
    *set = arena_array(a, json_array_size(pairs) + 1, sizeof(**set));
    *argv = arena_array(a, json_array_size(words) + 1, sizeof(**argv));
    if (!*set || !*argv || !json_is_array(pairs) || (words && !json_is_array(words)))
        return false;
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        const json_t *path = json_array_get(pair, 0), *value = json_array_get(pair, 1);
        if (!json_is_string(path) || !json_is_string(value))
            return false;
        (*set)[i] = (struct override){text_of(path), text_of(value)};
    }
    for (size_t i = 0; i < json_array_size(words); i++)
        if (!((*argv)[i] = json_string_value(json_array_get(words, i))))
            return false;
    if (!words)
        *argv = NULL;
    return true;
}

enum code conf_reload(struct str source, const char *file, struct str overrides,
                      struct settings **ret, struct problems *problems)
{
    struct arena a;
    struct override *set;
    const char **argv;
    json_error_t at;
    enum code code;
    json_t *root = json_loadb(overrides.n ? overrides.p : "", overrides.n, 0, &at);
    arena_init(&a, ARENA_BYTES_MAX);
    if (root && read_overrides(root, &a, &set, &argv)) {
        struct source from = {.text = source,
                              .file = file,
                              .argv = argv,
                              .n_argv = json_array_size(json_object_get(root, "inline")),
                              .set = set,
                              .n_set = json_array_size(json_object_get(root, "set")),
                              .space_only = json_is_true(json_object_get(root, "space_only"))};
        code = load(&from, ret, problems);
    } else {
        struct error e;
        code = error_set(&e, E_CORRUPT, "the stored overrides of %s can't be read", file);
        problems_add(problems, &e);
    }
    json_decref(root);
    arena_free(&a);
    return code;
}
