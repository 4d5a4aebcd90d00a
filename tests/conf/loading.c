#include "conf/loading.h"

#include <stdio.h>

enum { SET_MAX = 8 };

static size_t overrides_of(const char *const *set, struct override *ret)
{
    size_t n = 0;
    for (; set && set[2 * n]; n++) {
        assert_true(n < SET_MAX);
        ret[n] = (struct override){str_of(set[2 * n]), str_of(set[2 * n + 1])};
    }
    return n;
}

static char *said_of(const struct problems *p)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    check_problems_text(p, &b);
    char *said = strdup(b.p ? b.p : "");
    buf_free(&b);
    assert_non_null(said);
    return said;
}

/* Either the settings, or (with them NULL) what is said. */
static struct settings *load_any(const char *text, const char *const *argv, const char *const *set,
                                 char **ret_said)
{
    struct settings *s = NULL;
    struct problems problems;
    struct override overrides[SET_MAX];
    size_t n = overrides_of(set, overrides), n_argv = 0;
    problems_init(&problems);
    while (argv && argv[n_argv])
        n_argv++;
    enum code code = argv ? conf_inline(argv, n_argv, overrides, n, &s, &problems)
                          : conf_load(str_of(text), "trawl.yaml", overrides, n, &s, &problems);
    assert_true((code == OK) == (s != NULL));
    assert_true((code == OK) == (problems.n + problems.dropped == 0));
    *ret_said = said_of(&problems);
    problems_free(&problems);
    return s;
}

static struct settings *right(const char *text, const char *const *argv, const char *const *set)
{
    char *said;
    struct settings *s = load_any(text, argv, set, &said);
    if (!s)
        fail_msg("refused: %s", said);
    free(said);
    return s;
}

static char *wrong(const char *text, const char *const *argv, const char *const *set)
{
    char *said;
    struct settings *s = load_any(text, argv, set, &said);
    if (s)
        fail_msg("taken");
    return said;
}

struct settings *load_right(const char *text, const char *const *set)
{
    return right(text, NULL, set);
}

char *load_wrong(const char *text, const char *const *set)
{
    return wrong(text, NULL, set);
}

struct settings *inline_right(const char *const *argv, const char *const *set)
{
    return right(NULL, argv, set);
}

char *inline_wrong(const char *const *argv, const char *const *set)
{
    return wrong(NULL, argv, set);
}

void assert_says(char *said, const char *wanted)
{
    assert_string_equal(said, wanted);
    free(said);
}

void assert_str(struct str s, const char *wanted)
{
    if (!str_is(s, wanted))
        fail_msg("is \"%.*s\", not \"%s\"", STR_FMT(s), wanted);
}

struct config config_of(const struct settings *s, struct arena *a, const char *json)
{
    struct config c;
    struct error e = {0};
    if (config_parse(s->space, a, str_of(json), &c, &e) != OK)
        fail_msg("%s: %s", json, e.message);
    return c;
}

void assert_command(const struct settings *s, const char *json, const char *wanted)
{
    struct arena a;
    struct buf b;
    struct error e = {0};
    const struct str *argv;
    size_t n;
    arena_init(&a, 1 << 24);
    buf_init(&b, 1 << 20);
    struct config c = config_of(s, &a, json);
    struct command_values v = {&c, STR("/p.json"), STR("12.40"), STR("/ckpt"), STR("/dir"), 27, 99};
    if (command_render(s->command, &a, &v, &argv, &n, &e) != OK)
        fail_msg("%s", e.message);
    command_quote(argv, n, &b);
    assert_str(buf_view(&b), wanted);
    buf_free(&b);
    arena_free(&a);
}

void assert_json(const struct settings *s, const char *wanted)
{
    struct buf b;
    struct json j;
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    space_json(s->space, &j);
    assert_ok(jw_end(&j, NULL));
    assert_str(buf_view(&b), wanted);
    buf_free(&b);
}
