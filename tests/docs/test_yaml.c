/*
 * Every trawl.yaml that is written down in this tree is right: the examples, and each block of the
 * reference, whose fragments are completed by what they leave out. The reference names every method
 * with every option it takes.
 */
#include "testing.h"

#include "base/io.h"
#include "base/rng.h"
#include "conf/command.h"
#include "search/allocator.h"

#include <stdio.h>

static const struct {
    const char *key, *line;
} needed[] = {
    {"space:", "space: written\n"},
    {"command:", "command: ./train ${args}\n"},
    {"metric:", "metric: loss\n"},
    {"goal:", "goal: minimize\n"},
    {"parameters:", "parameters: {x: \"uniform(0, 1)\"}\n"},
};

static bool has_key(struct str text, const char *key)
{
    while (text.n)
        if (str_starts(str_cut(&text, '\n'), key))
            return true;
    return false;
}

static void complete(struct str block, struct buf *whole)
{
    bool several = has_key(block, "objectives:"); /* in place of metric and goal */
    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        if (!has_key(block, needed[i].key) &&
            !(several && (str_starts(str_of(needed[i].key), "metric") ||
                          str_starts(str_of(needed[i].key), "goal"))))
            buf_cstr(whole, needed[i].line);
    buf_str(whole, block);
}

/* Loads it, and renders the command of a few configurations. */
static void assert_right(const char *name, struct str text)
{
    struct problems problems;
    struct settings *s = NULL;
    problems_init(&problems);
    if (conf_load(text, name, NULL, 0, &s, &problems) != OK) {
        for (size_t i = 0; i < problems.n; i++)
            print_message("# %s:%d:%d: %s (%s)\n", name, problems.v[i].line, problems.v[i].column,
                          problems.v[i].message, problems.v[i].hint);
        fail_msg("%s is refused:\n%.*s", name, STR_FMT(text));
    }
    problems_free(&problems);
    struct rng rng;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < 100; i++) {
        struct arena a;
        struct config config;
        const struct str *argv;
        size_t n = 0;
        arena_init(&a, 1 << 20);
        assert_ok(config_draw(s->space, &a, &rng, 10000, &config, NULL));
        struct command_values values = {.config = &config,
                                        .steps = 3,
                                        .seed = 7,
                                        .params = STR("/p"),
                                        .trial = STR("1.1"),
                                        .checkpoint = STR("/c"),
                                        .dir = STR("/d")};
        assert_ok(command_render(s->command, &a, &values, &argv, &n, NULL));
        assert_true(n > 0);
        arena_free(&a);
    }
    settings_free(s);
}

/* Takes the next fenced yaml block off the front of *text. */
static bool next_block(struct str *text, struct str *ret)
{
    while (text->n)
        if (str_is(str_cut(text, '\n'), "```yaml")) {
            const char *start = text->p;
            while (text->n) {
                const char *line = text->p;
                if (str_is(str_cut(text, '\n'), "```")) {
                    *ret = (struct str){start, (size_t)(line - start)};
                    return true;
                }
            }
        }
    return false;
}

static int check_blocks(const char *path)
{
    struct buf file, whole;
    struct str block;
    int n = 0;
    buf_init(&file, 1 << 20);
    buf_init(&whole, 1 << 20);
    assert_ok(io_read_file(path, 1 << 20, &file, NULL));
    struct str text = buf_view(&file);
    while (next_block(&text, &block)) {
        char name[200];
        snprintf(name, sizeof(name), "%s block %d", path, ++n);
        buf_clear(&whole);
        complete(block, &whole);
        assert_right(name, buf_view(&whole));
    }
    buf_free(&whole);
    buf_free(&file);
    return n;
}

static void blocks_of_the_reference(void **state)
{
    (void)state;
    assert_true(check_blocks("docs/trawl-yaml.md") >= 15);
}

static void blocks_of_the_readme(void **state)
{
    (void)state;
    assert_true(check_blocks("README.md") >= 1);
}

static void examples(void **state)
{
    (void)state;
    static const char *const paths[] = {"examples/fashion/trawl.yaml",
                                        "examples/logistic-c/trawl.yaml",
                                        "examples/shell/trawl.yaml"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct buf file;
        buf_init(&file, 1 << 20);
        assert_ok(io_read_file(paths[i], 1 << 20, &file, NULL));
        assert_right(paths[i], buf_view(&file));
        buf_free(&file);
    }
}

/* The line of the reference's tables that begins with a method, `sha` and `hyperband` being two of
 * one line. */
static struct str line_of(struct str text, const char *method)
{
    char quoted[80];
    snprintf(quoted, sizeof(quoted), "`%s`", method);
    while (text.n) {
        struct str line = str_cut(&text, '\n'), rest = str_sub(line, 1, line.n);
        struct str cell = str_starts(line, "|") ? str_cut(&rest, '|') : (struct str){NULL, 0};
        if (cell.n && memmem(cell.p, cell.n, quoted, strlen(quoted)))
            return line;
    }
    fail_msg("docs/trawl-yaml.md has no line about %s", method);
    return (struct str){NULL, 0};
}

static void check_method(struct str text, const char *method, const struct option_kind *options,
                         size_t n)
{
    struct str line = line_of(text, method);
    for (size_t i = 0; i < n; i++) {
        char said[80];
        snprintf(said, sizeof(said), "%s=", options[i].name);
        if (!memmem(line.p, line.n, said, strlen(said)))
            fail_msg("docs/trawl-yaml.md says nothing of %s(%s)", method, said);
    }
}

static void methods_and_their_options(void **state)
{
    const struct sampler_kind *const *samplers;
    const struct allocator_kind *const *allocators;
    size_t n_samplers = sampler_kinds(&samplers), n_allocators = allocator_kinds(&allocators);
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_ok(io_read_file("docs/trawl-yaml.md", 1 << 20, &b, NULL));
    for (size_t i = 0; i < n_samplers; i++)
        check_method(buf_view(&b), samplers[i]->name, samplers[i]->options, samplers[i]->n_options);
    for (size_t i = 0; i < n_allocators; i++)
        check_method(buf_view(&b), allocators[i]->name, allocators[i]->options,
                     allocators[i]->n_options);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_and_their_options),
        cmocka_unit_test(blocks_of_the_reference),
        cmocka_unit_test(blocks_of_the_readme),
        cmocka_unit_test(examples),
    };
    return RUN_TESTS(tests);
}
