/*
 * --set, and the inline form.
 */
#include "conf/loading.h"

#define MINIMAL                                                                             \
    "space: s\ncommand: ./train ${args}\nmetric: loss\ngoal: minimize\nparameters:\n  lr: " \
    "uniform(0, 1)\n"

#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

static void replaces_and_creates(void **state)
{
    struct settings *s =
        load_right(MINIMAL "search: {trials: 5}\n",
                   SET("search.trials", "20", "search.budget.max", "9", "space", "other",
                       "resources.memory", "1GiB", "code.exclude", "[a, b]"));
    assert_int_equal(s->effort.trials, 20);
    assert_int_equal(s->effort.max_steps, 9);
    assert_str(s->space_name, "other");
    assert_int_equal(s->memory, 1 << 30);
    assert_int_equal(s->n_exclude, 2);
    settings_free(s);
}

static void the_last_one_counts(void **state)
{
    struct settings *s = load_right(MINIMAL, SET("search.trials", "20", "search",
                                                 "{trials: 3, seed: 1}", "search.trials", "4"));
    assert_int_equal(s->effort.trials, 4);
    assert_int_equal(s->seed, 1);
    settings_free(s);
}

static void an_empty_value_takes_out(void **state)
{
    struct settings *s = load_right(MINIMAL "search: {trials: 5}\nbaseline: {lr: 0.1}\n",
                                    SET("search.trials", "", "baseline", "null"));
    assert_int_equal(s->effort.trials, 0);
    assert_false(s->has_baseline);
    settings_free(s);
}

static void makes_short_forms_long(void **state)
{
    struct settings *s = load_right(MINIMAL, SET("metric.take", "best", "parameters.lr.default",
                                                 "0.5", "parameters.n.prior", "int(1, 3)",
                                                 "parameters.n.when", "lr > 0.5"));
    assert_int_equal(s->measures[0].take, TAKE_BEST);
    assert_str(s->measures[0].name, "loss");
    assert_json(s, "{\"parameters\":[{\"name\":\"lr\",\"prior\":\"uniform(0, 1)\",\"default\":0.5},"
                   "{\"name\":\"n\",\"prior\":\"int(1, 3)\",\"when\":\"lr > 0.5\"}],"
                   "\"constraints\":[]}");
    settings_free(s);
}

static void knows_keys_with_dots(void **state)
{
    struct settings *s =
        load_right("space: s\ncommand: t ${args}\nmetric: l\ngoal: minimize\nparameters:\n"
                   "  opt.lr: uniform(0, 1)\n  opt.lr.warm: flag()\n",
                   SET("parameters.opt.lr", "uniform(0, 2)", "parameters.opt.lr.warm.default",
                       "true", "parameters.opt.name", "choice(a, b)"));
    assert_int_equal(s->space->n_params, 3);
    assert_real(s->space->params[0].prior.hi, 2);
    assert_true(s->space->params[1].has_default);
    assert_str(s->space->params[2].name, "opt.name");
    settings_free(s);
}

/* An alias shares its nodes with what it stands for; what is set below it is not shared. */
static void leaves_what_an_alias_names_alone(void **state)
{
    struct settings *s =
        load_right("space: s\ncommand: t ${args}\nmetric: l\ngoal: minimize\nparameters:\n"
                   "  a: &p {prior: \"uniform(0, 1)\", default: 0.1}\n  b: *p\n",
                   SET("parameters.b.default", "0.7"));
    assert_real(s->space->params[0].def.r, 0.1);
    assert_real(s->space->params[1].def.r, 0.7);
    settings_free(s);
}

static void says_which_one_is_wrong(void **state)
{
    assert_says(load_wrong(MINIMAL, SET("serch.trials", "20")),
                "--set serch.trials: unknown key \"serch\"\n  hint: did you mean \"search\"?\n");
    assert_says(load_wrong(MINIMAL, SET("search.trials", "many")),
                "--set search.trials: search.trials is many, not a whole number\n");
    assert_says(load_wrong(MINIMAL, SET("parameters.lr", "uniform(2, 1)")),
                "--set parameters.lr: the lower bound 2 is above the upper bound 1\n"
                "  hint: put the smaller one first\n");
    assert_says(load_wrong(MINIMAL, SET("search..trials", "1")),
                "--set search..trials: \"search..trials\" is no path of keys joined by dots\n"
                "  hint: like --set search.trials=20\n");
    assert_says(load_wrong(MINIMAL, SET("", "1")),
                "--set : \"\" is no path of keys joined by dots\n"
                "  hint: like --set search.trials=20\n");
    assert_says(load_wrong(MINIMAL "constraints: [lr < 1]\n", SET("constraints.0", "lr < 0.5")),
                "--set constraints.0: \"constraints\" is a list: nothing stands below it\n"
                "  hint: set all of it\n");
    assert_says(load_wrong(MINIMAL, SET("goal.x", "1")),
                "--set goal.x: \"goal\" is text: nothing stands below it\n  hint: set all of it\n");
    assert_says(load_wrong(MINIMAL, SET("constraints", "[lr < 1")),
                "--set constraints: did not find expected ',' or ']'\n"
                "  while parsing a flow sequence\n"
                "  hint: the bracket that opens at line 1, column 1 is not closed\n");
    assert_says(load_wrong(MINIMAL "retries: x\n", SET("search.trials", "0")),
                "trawl.yaml:7:10: retries is x, not a whole number\n"
                "--set search.trials: search.trials is 0, less than 1\n");
}

static void takes_a_command_line_as_a_file(void **state)
{
    struct settings *s = inline_right(
        SET("./train", "--lr=~loguniform(1e-4,1)", "--layers=~int(1,4)", "wd=~uniform(0, 1)",
            "--opt", "~choice(\"a b\", c)", "--aug=~flag()", "-v", "data=~/x", "a b", "$HOME"),
        SET("metric", "loss", "goal", "minimize", "search.trials", "50"));
    assert_str(s->space_name, "train");
    assert_str(s->measures[0].name, "loss");
    assert_int_equal(s->effort.trials, 50);
    assert_command(s, "{\"lr\": 0.1, \"layers\": 2, \"wd\": 0.5, \"opt\": \"a b\", \"aug\": true}",
                   "./train --lr=0.1 --layers=2 wd=0.5 --opt 'a b' --aug -v 'data=~/x' 'a b' "
                   "'$HOME'");
    assert_command(s, "{\"lr\": 0.1, \"layers\": 2, \"wd\": 0.5, \"opt\": \"c\", \"aug\": false}",
                   "./train --lr=0.1 --layers=2 wd=0.5 --opt c -v 'data=~/x' 'a b' '$HOME'");
    settings_free(s);
}

static void names_the_space_after_the_program(void **state)
{
    static const char *const names[] = {"fit", "train", "_m", "env", "run", "a_b"};
    static const char *const argvs[][5] = {
        {"bin/fit", "--x=~flag()", NULL},
        {"python3", "src/train.py", "--x=~flag()", NULL},
        {"python3.11", "-u", "_m.py", "--x=~flag()", NULL},
        {"/usr/bin/env", "--x=~flag()", NULL},
        {"./run.sh", "--x=~flag()", NULL},
        {"./a b", "--x=~flag()", NULL},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct settings *s = inline_right(argvs[i], SET("metric", "l", "goal", "minimize"));
        assert_str(s->space_name, names[i]);
        settings_free(s);
    }
}

static void says_what_is_wrong_on_a_command_line(void **state)
{
    const char *const *fine = SET("metric", "l", "goal", "minimize");
    assert_says(inline_wrong(SET("./t", "--lr=~uniform(0,1)"), NULL),
                "command line: metric is missing\n"
                "  hint: name what the program prints: --metric val_loss\n"
                "command line: goal is missing\n"
                "  hint: --goal minimize or --goal maximize\n");
    assert_says(inline_wrong(SET("./t", "--lr=~unifrom(0,1)"), fine),
                "--lr: there is no prior unifrom\n  hint: did you mean uniform?\n");
    assert_says(inline_wrong(SET("./t", "~uniform(0,1)"), fine),
                "./t: the prior ~uniform(0,1) has no name before it\n"
                "  hint: like --lr='~loguniform(1e-4, 1)'\n");
    assert_says(inline_wrong(SET("./t", "--lr=~uniform(0,1)", "--lr=~uniform(0,1)"), fine),
                "--lr: parameter lr is declared twice\n  hint: name each parameter once\n");
    assert_says(inline_wrong(SET("./t", "--lr=0.1"), fine),
                "command line: there is nothing to search: there are no parameters\n"
                "  hint: write what to search as --lr='~loguniform(1e-4, 1)'\n");
    assert_says(inline_wrong((const char *const[]){NULL}, fine),
                "command line: there is no command\n"
                "  hint: like -- ./train --lr='~loguniform(1e-4, 1)'\n");
    assert_says(inline_wrong(SET("./t", "\xff", "--lr=~uniform(0,1)"), fine),
                "command line: word 2 of the command is not UTF-8\n");
}

static void reloads_a_command_line(void **state)
{
    struct settings *again = NULL, *s = inline_right(SET("./t", "--lr=~uniform(0,1)", "a\n\"b"),
                                                     SET("metric", "l", "goal", "minimize"));
    struct problems problems;
    problems_init(&problems);
    assert_ok(conf_reload(s->source, s->file.p, s->overrides, &again, &problems));
    assert_true(str_eq(s->overrides, again->overrides));
    assert_command(again, "{\"lr\": 0.5}", "./t --lr=0.5 'a\n\"b'");
    settings_free(s);
    settings_free(again);
    problems_free(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_and_creates),
        cmocka_unit_test(the_last_one_counts),
        cmocka_unit_test(an_empty_value_takes_out),
        cmocka_unit_test(makes_short_forms_long),
        cmocka_unit_test(knows_keys_with_dots),
        cmocka_unit_test(leaves_what_an_alias_names_alone),
        cmocka_unit_test(says_which_one_is_wrong),
        cmocka_unit_test(takes_a_command_line_as_a_file),
        cmocka_unit_test(names_the_space_after_the_program),
        cmocka_unit_test(says_what_is_wrong_on_a_command_line),
        cmocka_unit_test(reloads_a_command_line),
    };
    return RUN_TESTS(tests);
}
