/*
 * Command templates. The first byte says how the rest is read: as words, as a shell's text, or as a
 * pattern for ${args}. What is taken renders to words without NUL, in the same way twice; and
 * words, quoted for people, split into the same words again.
 */
#include "conf/command.h"
#include "fuzz/fuzzing.h"

#include <string.h>

enum { INPUT_MAX = 4096 };

struct bench {
    struct arena arena;
    struct space *space;
    struct config config;
};

static void setup(struct bench *b)
{
    static const char *const priors[][2] = {
        {"lr", "uniform(0, 1)"},
        {"flag", "flag(off=--no-flag)"},
        {"m", "choice(\"a b\", c)"},
        {"l", "subset(x, y)"},
    };
    struct problems problems;
    struct error e = {0};
    struct value given[6] = {{0}};
    problems_init(&problems);
    arena_init(&b->arena, 64 << 20);
    FUZZ_CHECK(space_new(&b->space, NULL) == OK);
    for (size_t i = 0; i < 4; i++) {
        struct param_decl d = {.name = str_of(priors[i][0]), .prior = str_of(priors[i][1])};
        FUZZ_CHECK(space_declare(b->space, &d, &e) == OK);
    }
    struct param_decl hostile = {.name = STR("v"), .value = value_string(STR("'; $(id)\n\"`"))};
    struct param_decl inactive = {
        .name = STR("w"), .prior = STR("int(1, 2)"), .when = STR("not flag")};
    FUZZ_CHECK(space_declare(b->space, &hostile, &e) == OK);
    FUZZ_CHECK(space_declare(b->space, &inactive, &e) == OK);
    FUZZ_CHECK(space_finish(b->space, &problems) == OK);
    given[0] = value_real(0.5);
    given[1] = value_bool(true);
    given[2] = value_string(STR("a b"));
    given[3] = (struct value){.type = VALUE_LIST};
    FUZZ_CHECK(config_complete(b->space, &b->arena, given, &b->config, &e) == OK);
    problems_free(&problems);
}

static void render(struct bench *b, const struct command_template *t, const struct str **words,
                   size_t *n)
{
    struct command_values v = {&b->config, STR("/p q"), STR("1.1"), STR("/c"), STR("/d"), 1, 2};
    const struct str *again;
    size_t n_again;
    struct error e = {0};
    enum code code = command_render(t, &b->arena, &v, words, n, &e);
    FUZZ_CHECK(code == OK || code == E_LIMIT);
    if (code != OK) {
        *n = 0;
        return;
    }
    FUZZ_CHECK(command_render(t, &b->arena, &v, &again, &n_again, &e) == OK && *n == n_again);
    for (size_t i = 0; i < *n; i++) {
        FUZZ_CHECK(strlen((*words)[i].p) == (*words)[i].n);
        FUZZ_CHECK(str_eq((*words)[i], again[i]));
    }
}

/* Words with ${ in them would be read as places the second time. */
static bool has_places(const struct str *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(words[i].p, "${"))
            return true;
    return false;
}

static void check_quoting(struct bench *b, const struct str *words, size_t n)
{
    struct buf quoted;
    struct command_template *t = NULL;
    const struct str *again;
    size_t n_again;
    if (n == 0 || has_places(words, n))
        return;
    buf_init(&quoted, 1 << 20);
    command_quote(words, n, &quoted);
    FUZZ_CHECK(buf_end(&quoted, NULL) == OK);
    FUZZ_CHECK(command_parse_string(&b->arena, buf_view(&quoted), (struct location){0}, false,
                                    b->space, (struct args_style){.form = ARGS_GNU}, &t,
                                    NULL) == OK);
    render(b, t, &again, &n_again);
    FUZZ_CHECK(n == n_again);
    for (size_t i = 0; i < n; i++)
        FUZZ_CHECK(str_eq(words[i], again[i]));
    buf_free(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bench b;
    struct command_template *t = NULL;
    const struct str *words;
    struct args_style style = {.form = ARGS_GNU};
    struct location at = {"f", 1, 1};
    struct error e = {0};
    size_t n;
    if (size == 0 || size > INPUT_MAX || memchr(data, 0, size) ||
        !str_valid_utf8((struct str){(const char *)data, size}))
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    bool shell = data[0] == 's';
    setup(&b);
    if (data[0] == 'p') {
        style = (struct args_style){.form = ARGS_PATTERN, .pattern = text};
        if (command_check_pattern(text, at, false, &e) != OK)
            style.form = ARGS_HYDRA;
        text = STR("t ${lr} ${args}");
    }
    if (command_parse_string(&b.arena, text, at, shell, b.space, style, &t, &e) == OK) {
        render(&b, t, &words, &n);
        FUZZ_CHECK(!shell || n == 0 || (n == 3 && str_is(words[0], "/bin/sh")));
        if (!shell)
            check_quoting(&b, words, n);
    } else {
        FUZZ_CHECK(e.message[0] && e.line >= 1 && e.column >= 1);
    }
    space_free(b.space);
    arena_free(&b.arena);
    return 0;
}
