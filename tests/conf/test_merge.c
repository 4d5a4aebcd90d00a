/*
 * A program's configuration file: the base with the parameters merged in.
 */
#include "conf/loading.h"

#include <stdio.h>

#define PARAMS                                                                           \
    "  lr: loguniform(1e-9, 1)\n"                                                        \
    "  optimizer.name: 'choice(adam, \"no\", \"1e-4\", \"a: b\")'\n"                     \
    "  optimizer.beta: {prior: \"uniform(0, 1)\", when: 'optimizer.name == \"adam\"'}\n" \
    "  layers: {prior: \"subset(u, v, min=1)\", default: [u]}\n"                         \
    "  aug: flag()\n"                                                                    \
    "  n: int(1, 9)\n"

static struct settings *settings_of(const char *to)
{
    char text[2048];
    (void)snprintf(text, sizeof(text),
                   "space: s\ncommand: t\nmetric: l\ngoal: minimize\nparameters:\n" PARAMS
                   "config: {from: base.yaml, to: %s}\n",
                   to);
    return load_right(text, NULL);
}

static void assert_merged(const char *to, const char *base, const char *params, const char *wanted)
{
    struct settings *s = settings_of(to);
    struct arena a;
    struct str text = {0};
    struct error e = {0};
    arena_init(&a, 64 << 20);
    struct config c = config_of(s, &a, params);
    if (command_config_text(s, &a, str_of(base), &c, &text, &e) != OK)
        fail_msg("%s", e.message);
    assert_str(text, wanted);
    arena_free(&a);
    settings_free(s);
}

#define ADAM                                                                                \
    "{\"lr\": 1.0e-05, \"optimizer.name\": \"adam\", \"optimizer.beta\": 0.5, \"layers\": " \
    "[\"u\", \"v\"], \"aug\": true, \"n\": 3}"
#define WORD(w)                                                                        \
    "{\"lr\": 1, \"optimizer.name\": \"" w "\", \"layers\": [\"u\"], \"aug\": false, " \
    "\"n\": 3}"

static void merges_into_yaml(void **state)
{
    assert_merged(
        "run.yaml",
        "# comment\nseed: 1\nlr: 5\noptimizer:\n  name: sgd\n  decay: '0'\nother: [1, 2]\n", ADAM,
        "seed: 1\nlr: 1.0e-05\noptimizer:\n  name: adam\n  decay: '0'\n  beta: 0.5\n"
        "other: [1, 2]\nlayers:\n- u\n- v\naug: true\nn: 3\n");
}

/* Words and numbers that YAML 1.1 reads otherwise. */
static void writes_what_every_reader_takes_alike(void **state)
{
    assert_merged("a.yml", "", WORD("no"),
                  "lr: 1.0\noptimizer:\n  name: \"no\"\nlayers:\n- u\naug: false\nn: 3\n");
    assert_merged("a.yml", "", WORD("1e-4"),
                  "lr: 1.0\noptimizer:\n  name: \"1e-4\"\nlayers:\n- u\naug: false\nn: 3\n");
    assert_merged("a.yml", "", WORD("a: b"),
                  "lr: 1.0\noptimizer:\n  name: \"a: b\"\nlayers:\n- u\naug: false\nn: 3\n");
}

static void what_is_inactive_stays_as_it_was(void **state)
{
    assert_merged(
        "a.yaml", "optimizer: {beta: 0.1}\n", WORD("no"),
        "optimizer: {beta: 0.1, name: \"no\"}\nlr: 1.0\nlayers:\n- u\naug: false\nn: 3\n");
}

static void merges_into_json(void **state)
{
    assert_merged(
        "a.json", "{\"seed\": 18446744073709551615, \"x\": null, \"f\": 1.0}", ADAM,
        "{\n  \"seed\": 18446744073709551615,\n  \"x\": null,\n  \"f\": 1.0,\n"
        "  \"lr\": 1.0e-05,\n  \"optimizer\": {\n    \"name\": \"adam\",\n    \"beta\": 0.5\n"
        "  },\n  \"layers\": [\n    \"u\",\n    \"v\"\n  ],\n  \"aug\": true,\n"
        "  \"n\": 3\n}\n");
    assert_merged("a.json", "optimizer.name: x\n", WORD("no"),
                  "{\n  \"optimizer.name\": \"no\",\n  \"lr\": 1.0,\n  \"layers\": [\n    \"u\"\n"
                  "  ],\n  \"aug\": false,\n  \"n\": 3\n}\n");
}

static void assert_refused(const char *base, const char *message, int line)
{
    struct settings *s = settings_of("a.yaml");
    struct arena a;
    struct str text = {0};
    struct error e = {0};
    arena_init(&a, 64 << 20);
    struct config c = config_of(s, &a, WORD("no"));
    assert_int_not_equal(command_config_text(s, &a, str_of(base), &c, &text, &e), OK);
    assert_string_equal(e.message, message);
    assert_int_equal(e.line, line);
    assert_null(text.p);
    arena_free(&a);
    settings_free(s);
}

static void refuses_a_base_that_is_wrong(void **state)
{
    assert_refused("optimizer: adam\n",
                   "optimizer is text in base.yaml, but there is a parameter below it", 0);
    assert_refused("- a\n", "base.yaml is a list, not a map", 1);
    assert_refused("a: 1\na: 2\n", "\"a\" is said twice", 2);
    assert_refused("a: [\n", "did not find expected node content", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_into_yaml),
        cmocka_unit_test(writes_what_every_reader_takes_alike),
        cmocka_unit_test(what_is_inactive_stays_as_it_was),
        cmocka_unit_test(merges_into_json),
        cmocka_unit_test(refuses_a_base_that_is_wrong),
    };
    return RUN_TESTS(tests);
}
