/*
 * Commands without a shell: splitting, places, the forms of ${args}, hostile values.
 */
#include "conf/loading.h"

#include <stdio.h>

/* A file with this command (a list where it begins with a bracket), these parameters and more
 * lines. */
static struct settings *with(const char *command, const char *parameters, const char *more)
{
    char text[4096], quoted[256];
    size_t n = 0;
    for (const char *c = command; *c && *command != '['; c++) {
        assert_true(n + 3 < sizeof(quoted));
        quoted[n++] = *c;
        if (*c == '\'')
            quoted[n++] = *c;
    }
    quoted[n] = 0;
    (void)snprintf(text, sizeof(text),
                   "space: s\ncommand: %s%s%s\nmetric: l\ngoal: minimize\nparameters:\n"
                   "  z: uniform(0, 1)\n%s%s",
                   n ? "'" : "", n ? quoted : command, n ? "'" : "", parameters, more);
    return load_right(text, NULL);
}

#define PARAMS                                                                        \
    "  lr: uniform(0, 1)\n  n: int(1, 9)\n  aug: flag()\n  model: choice(a, 'b c')\n" \
    "  f: {prior: \"subset(x, y, min=1)\", when: 'model == \"a\"'}\n"
#define ALL                                                                                   \
    "{\"z\": 0.25, \"lr\": 1e-05, \"n\": 3, \"aug\": true, \"model\": \"a\", \"f\": [\"x\", " \
    "\"y\"]}"
#define FEW "{\"z\": 0.25, \"lr\": 1, \"n\": 3, \"aug\": false, \"model\": \"b c\"}"

static void splits_as_a_shell_does(void **state)
{
    static const char *const table[][2] = {
        {"a  b\tc ", "a b c"},
        {"'a b' \"c d\" e' 'f", "'a b' 'c d' 'e f'"},
        {"a\\ b 'c\\d'", "'a b' 'c\\d'"},
        {"\"x\\\"y\\$z\\n\"", "'x\"y$z\\n'"},
        {"a '' b \"\"", "a '' b ''"},
        {"x$y $${lr} \\${lr} $ $$", "'x$y' '${lr}' '${lr}' '$' '$$'"},
        {"'${lr}' \"${n}\"", "1e-05 3"},
        {"t --a=${lr},${n}x", "t --a=1e-05,3x"},
        {"a '&&' \\; \"|\" b&&c", "a '&&' ';' '|' 'b&&c'"},
        {"a\\", "'a\\'"},
        {"[a b, 'c ''d', '', \"x y\"]", "'a b' 'c '\\''d' '' 'x y'"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        struct settings *s = with(table[i][0], PARAMS, "");
        assert_command(s, ALL, table[i][1]);
        settings_free(s);
    }
}

static void knows_the_attempt(void **state)
{
    struct settings *s = with("t ${params} ${trial} ${steps} ${seed} ${checkpoint} ${dir}", "", "");
    assert_command(s, "{\"z\": 0.5}", "t /p.json 12.40 27 99 /ckpt /dir");
    settings_free(s);
    /* a parameter of the same name is what the file means */
    s = with("t ${seed} ${args}", "  seed: int(0, 9)\n", "");
    assert_command(s, "{\"z\": 0.5, \"seed\": 4}", "t 4 --z=0.5");
    settings_free(s);
}

static void writes_args_in_four_forms(void **state)
{
    struct settings *s = with("t ${args}", PARAMS, "");
    assert_command(s, ALL, "t --z=0.25 --lr=1e-05 --n=3 --aug --model=a --f=x,y");
    assert_command(s, FEW, "t --z=0.25 --lr=1 --n=3 '--model=b c'");
    settings_free(s);
    s = with("t ${args}", PARAMS, "args: space\n");
    assert_command(s, ALL, "t --z 0.25 --lr 1e-05 --n 3 --aug --model a --f x,y");
    assert_command(s, FEW, "t --z 0.25 --lr 1 --n 3 --model 'b c'");
    settings_free(s);
    s = with("t ${args}", PARAMS, "args: hydra\n");
    assert_command(s, ALL, "t z=0.25 lr=1e-05 n=3 aug=true model=a 'f=[x,y]'");
    assert_command(s, FEW, "t z=0.25 lr=1 n=3 aug=false 'model=b c'");
    settings_free(s);
    s = with("t ${args}", PARAMS, "args: \"-D '${name}:${value}'\"\n");
    assert_command(s, ALL, "t -D z:0.25 -D lr:1e-05 -D n:3 -D aug:true -D model:a -D f:x,y");
    settings_free(s);
}

static void gives_parameters_their_own_form(void **state)
{
    struct settings *s = with("t ${args}",
                              "  a: {prior: \"int(1, 9)\", arg: --alpha}\n"
                              "  b: {prior: \"int(1, 9)\", arg: \"-b ${value}\"}\n"
                              "  c: {prior: \"int(1, 9)\", arg: \"\"}\n"
                              "  d: {prior: flag(), arg: -d}\n"
                              "  e: {prior: flag(), arg: \"--e ${value}\"}\n"
                              "  f: flag(on=\"--f yes\", off=--no-f)\n"
                              "  g: flag(off=--no-g)\n"
                              "  h: true\n",
                              "");
    assert_command(
        s,
        "{\"z\": 1, \"a\": 1, \"b\": 2, \"c\": 3, \"d\": true, \"e\": true, \"f\": true, "
        "\"g\": true, \"h\": true}",
        "t --z=1 --alpha=1 -b 2 -d --e true --f yes --g --h");
    assert_command(s,
                   "{\"z\": 1, \"a\": 1, \"b\": 2, \"c\": 3, \"d\": false, \"e\": false, \"f\": "
                   "false, \"g\": false, \"h\": true}",
                   "t --z=1 --alpha=1 -b 2 --e false --no-f --no-g --h");
    settings_free(s);
}

static void leaves_out_what_has_a_place(void **state)
{
    struct settings *s =
        with("t ${lr} ${args} ${args:n}", PARAMS, "env: {A: ${aug}, M: 'x ${model}'}\n");
    assert_command(s, ALL, "t 1e-05 --z=0.25 --f=x,y --n=3");
    settings_free(s);
}

static void drops_words_of_what_is_inactive(void **state)
{
    struct settings *s = with("t ${f} --f=${f} -f=${lr}${f} ${args:f} end", PARAMS, "");
    assert_command(s, ALL, "t x,y --f=x,y -f=1e-05x,y --f=x,y end");
    assert_command(s, FEW, "t end");
    settings_free(s);
}

static void sets_variables(void **state)
{
    struct settings *s = with("t", PARAMS, "env: {F: ${f}, MODEL: 'm=${model} $HOME', E: ''}\n");
    struct arena a;
    const struct str *words;
    size_t n;
    arena_init(&a, 1 << 20);
    struct config c = config_of(s, &a, ALL);
    struct command_values v = {.config = &c};
    assert_int_equal(s->n_env, 3);
    assert_str(s->env_names[0], "F");
    assert_ok(command_render(s->env_values[0], &a, &v, &words, &n, NULL));
    assert_int_equal(n, 1);
    assert_str(words[0], "x,y");
    assert_ok(command_render(s->env_values[2], &a, &v, &words, &n, NULL));
    assert_int_equal(n, 1);
    assert_str(words[0], "");
    c = config_of(s, &a, FEW);
    assert_ok(command_render(s->env_values[0], &a, &v, &words, &n, NULL));
    assert_int_equal(n, 0);
    assert_ok(command_render(s->env_values[1], &a, &v, &words, &n, NULL));
    assert_str(words[0], "m=b c $HOME");
    arena_free(&a);
    settings_free(s);
}

/* Whatever a value holds, it stays inside of its word. */
static void keeps_hostile_values_in_one_word(void **state)
{
    static const char *const hostile[] = {"a b",      "$(rm -rf /)", "`id`", "'; id; '", "\"x\"",
                                          "a\nb",     "-rf",         "",     "${z}",     "\\",
                                          "\xc3\xa9", "* ?",         "~",    "a=b"};
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        struct space *space;
        struct command_template *t;
        struct problems problems;
        struct arena a;
        struct config c;
        struct value none[2] = {{0}};
        const struct str *words;
        char wanted[64];
        size_t n;
        problems_init(&problems);
        arena_init(&a, 1 << 20);
        assert_ok(space_new(&space, NULL));
        assert_ok(space_declare(
            space,
            &(struct param_decl){.name = STR("v"), .value = value_string(str_of(hostile[i]))},
            NULL));
        assert_ok(space_declare(
            space, &(struct param_decl){.name = STR("w"), .value = value_int(1)}, NULL));
        assert_ok(space_finish(space, &problems));
        assert_ok(config_complete(space, &a, none, &c, NULL));
        assert_ok(command_parse_string(&a, STR("t ${v} 'x${v}' ${args}"), (struct location){0},
                                       false, space, (struct args_style){.form = ARGS_GNU}, &t,
                                       NULL));
        assert_ok(command_render(t, &a, &(struct command_values){.config = &c}, &words, &n, NULL));
        assert_int_equal(n, 4);
        assert_str(words[1], hostile[i]);
        (void)snprintf(wanted, sizeof(wanted), "x%s", hostile[i]);
        assert_str(words[2], wanted);
        assert_str(words[3], "--w=1");
        arena_free(&a);
        space_free(space);
        problems_free(&problems);
    }
}

static void refuses_arguments_no_system_takes(void **state)
{
    struct settings *s = with("t ${params}${params}", "", "");
    struct arena a;
    struct error e = {0};
    const struct str *words;
    size_t n;
    arena_init(&a, 64 << 20);
    struct config c = config_of(s, &a, "{\"z\": 0.5}");
    char *longest = malloc(COMMAND_WORD_BYTES_MAX);
    assert_non_null(longest);
    memset(longest, 'x', COMMAND_WORD_BYTES_MAX);
    struct command_values v = {.config = &c, .params = {longest, COMMAND_WORD_BYTES_MAX}};
    assert_int_equal(command_render(s->command, &a, &v, &words, &n, &e), E_LIMIT);
    assert_string_equal(e.message, "an argument of the command is longer than 131071");
    v.params.n = COMMAND_WORD_BYTES_MAX / 2;
    assert_ok(command_render(s->command, &a, &v, &words, &n, &e));
    free(longest);
    arena_free(&a);
    settings_free(s);
}

static void writes_parameters_as_json(void **state)
{
    struct settings *s = with("t ${params}", PARAMS "  opt.name: x\n", "");
    struct arena a;
    struct str text;
    arena_init(&a, 1 << 20);
    struct config c =
        config_of(s, &a,
                  "{\"z\": 1, \"lr\": 0.5, \"n\": 3, \"aug\": true, \"model\": \"a\", "
                  "\"f\": [\"x\"], \"opt.name\": \"x\"}");
    assert_ok(command_params_text(&c, &a, &text));
    assert_str(text, "{\"z\":1.0,\"lr\":0.5,\"n\":3,\"aug\":true,\"model\":\"a\",\"f\":[\"x\"],"
                     "\"opt.name\":\"x\"}\n");
    arena_free(&a);
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_as_a_shell_does),
        cmocka_unit_test(knows_the_attempt),
        cmocka_unit_test(writes_args_in_four_forms),
        cmocka_unit_test(gives_parameters_their_own_form),
        cmocka_unit_test(leaves_out_what_has_a_place),
        cmocka_unit_test(drops_words_of_what_is_inactive),
        cmocka_unit_test(sets_variables),
        cmocka_unit_test(keeps_hostile_values_in_one_word),
        cmocka_unit_test(refuses_arguments_no_system_takes),
        cmocka_unit_test(writes_parameters_as_json),
    };
    return RUN_TESTS(tests);
}
