/*
 * Commands with a shell, run by a shell: hostile values come out as they went in, wherever they
 * stand, and nothing in them is ever run.
 */
#include "conf/loading.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct shell_case {
    struct space *space;
    struct arena arena;
    struct config config;
    struct command_values values;
};

/* A space with a fixed v, and w which is inactive; on is a flag. */
static void setup(struct shell_case *c, const char *v)
{
    struct problems problems;
    struct value given[3] = {{0}, {0}, {.type = VALUE_BOOL, .b = true}};
    problems_init(&problems);
    arena_init(&c->arena, 16 << 20);
    assert_ok(space_new(&c->space, NULL));
    assert_ok(space_declare(
        c->space, &(struct param_decl){.name = STR("v"), .value = value_string(str_of(v))}, NULL));
    assert_ok(space_declare(
        c->space,
        &(struct param_decl){.name = STR("w"), .prior = STR("int(1, 2)"), .when = STR("not on")},
        NULL));
    assert_ok(space_declare(c->space,
                            &(struct param_decl){.name = STR("on"), .prior = STR("flag()")}, NULL));
    assert_ok(space_finish(c->space, &problems));
    assert_ok(config_complete(c->space, &c->arena, given, &c->config, NULL));
    c->values = (struct command_values){.config = &c->config, .dir = STR("/a dir")};
    problems_free(&problems);
}

static void teardown(struct shell_case *c)
{
    arena_free(&c->arena);
    space_free(c->space);
}

/* The words the shell is given. */
static const struct str *render(struct shell_case *c, const char *text, size_t *n)
{
    struct command_template *t;
    const struct str *words;
    struct error e = {0};
    if (command_parse_string(&c->arena, str_of(text), (struct location){0}, true, c->space,
                             (struct args_style){.form = ARGS_GNU}, &t, &e) != OK)
        fail_msg("%s: %s", text, e.message);
    assert_ok(command_render(t, &c->arena, &c->values, &words, n, &e));
    assert_int_equal(*n, 3);
    assert_str(words[0], "/bin/sh");
    assert_str(words[1], "-c");
    return words;
}

/* What the shell prints. */
static struct buf run(struct shell_case *c, const char *text)
{
    size_t n;
    const struct str *words = render(c, text, &n);
    int ends[2], status;
    struct buf out;
    char piece[512];
    buf_init(&out, 1 << 20);
    assert_ok(pipe(ends));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], 1);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execl("/bin/sh", "/bin/sh", "-c", words[2].p, (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    for (ssize_t got; (got = read(ends[0], piece, sizeof(piece))) > 0;)
        buf_add(&out, piece, (size_t)got);
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    return out;
}

static void assert_prints(struct shell_case *c, const char *text, const char *wanted)
{
    struct buf out = run(c, text);
    if (!str_is(buf_view(&out), wanted))
        fail_msg("%s printed [%.*s], not [%s]", text, STR_FMT(buf_view(&out)), wanted);
    buf_free(&out);
}

static const char *const hostile[] = {
    "plain",
    "0.1",
    "a b  c",
    "$(echo run)",
    "`echo run`",
    "'; echo run; '",
    "\"; echo run; \"",
    "$HOME ${HOME} $1",
    "two\nlines; echo run",
    "tab\there",
    "\\",
    "\\'\\\"",
    "a'b\"c`d",
    "*",
    "~",
    "# no comment",
    "| cat & echo run",
    "-n",
    "x=y",
    "{a,b}",
    "! !!",
    "caf\xc3\xa9",
};

static void values_come_out_as_they_went_in(void **state)
{
    char wanted[256];
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        struct shell_case c;
        setup(&c, hostile[i]);
        assert_prints(&c, "printf %s ${v}", hostile[i]);
        assert_prints(&c, "printf '%s' \"${v}\"", hostile[i]);
        assert_prints(&c, "printf %s '${v}'", hostile[i]);
        (void)snprintf(wanted, sizeof(wanted), "<%s>", hostile[i]);
        assert_prints(&c, "printf %s \"<${v}>\"", wanted);
        assert_prints(&c, "printf %s '<${v}>'", wanted);
        assert_prints(&c, "printf %s \\<${v}\\>", wanted);
        assert_prints(&c, "f() { printf %s \"$1\"; }; f ${v}", hostile[i]);
        assert_prints(&c, "printf %s \"$(printf %s \"${v}\")\"", hostile[i]);
        (void)snprintf(wanted, sizeof(wanted), "--v=%s|--on|", hostile[i]);
        assert_prints(&c, "printf '%s|' ${args}", wanted);
        teardown(&c);
    }
}

/* Where quotes can't be followed without being a shell, a value may be split, but is never run. */
static void nothing_is_run_where_quotes_mislead(void **state)
{
    static const char *const misleading[] = {
        "echo \"$(echo ${v})\"",
        "cat <<E\nit's ${v}\nE",
        "cat <<'E'\n${v}\nE",
        "echo `echo ${v}`",
        "echo ok # don't ${v}\necho '${v}'",
        "echo ${v}${v}'${v}'\"${v}\"",
    };
    for (size_t i = 0; i < sizeof(misleading) / sizeof(*misleading); i++) {
        struct shell_case c;
        setup(&c, "' \" ` \n $(echo R''UN) `echo R''UN`\nE\necho R''UN; '");
        struct buf out = run(&c, misleading[i]);
        if (memmem(out.p, out.n, "RUN", 3))
            fail_msg("%s ran what a value held: %s", misleading[i], out.p);
        buf_free(&out);
        teardown(&c);
    }
}

static void the_text_is_the_shell_s_otherwise(void **state)
{
    struct shell_case c;
    setup(&c, "a b");
    assert_prints(&c, "cd / && pwd", "/\n");
    assert_prints(&c, "x=1; printf %s $x$${x}", "11");
    assert_prints(&c, "printf '[%s]' ${w}x ${dir}", "[x][/a dir]");
    assert_prints(&c, "printf %s ${on} # ${v} it's", "true");
    assert_prints(&c, "printf '[%s]' \"\" ${args:on} '' \\' \"\\\"\"", "[][--on][]['][\"]");
    teardown(&c);
}

static void values_that_mean_nothing_to_a_shell_stay_readable(void **state)
{
    struct shell_case c;
    size_t n;
    setup(&c, "0.1");
    assert_str(render(&c, "a ${v} \"${v}\" ${args}", &n)[2], "a 0.1 \"0.1\" --on");
    teardown(&c);
    setup(&c, "it's");
    assert_str(render(&c, "a ${v} \"${v}\" '${v}'", &n)[2],
               "trawl_1='it'\\''s' trawl_2='it'\\''s' trawl_3='it'\\''s'\n"
               "a \"${trawl_1}\" \"${trawl_2}\" ''\"${trawl_3}\"''");
    teardown(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_out_as_they_went_in),
        cmocka_unit_test(nothing_is_run_where_quotes_mislead),
        cmocka_unit_test(the_text_is_the_shell_s_otherwise),
        cmocka_unit_test(values_that_mean_nothing_to_a_shell_stay_readable),
    };
    return RUN_TESTS(tests);
}
