/*
 * The command line: finding the command, parsing its options, printing help and errors.
 */
#include "api/command.h"

#include "base/number.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const all[] = {
    &command_init,     &command_check,    &command_plan,    &command_try,    &command_run,
    &command_optimize, &command_simulate, &command_resume,  &command_pause,  &command_stop,
    &command_kill,     &command_retry,    &command_ls,      &command_show,   &command_trials,
    &command_best,     &command_logs,     &command_metrics, &command_export, &command_report,
    &command_gc,       &command_doctor,
};

static const struct option common_json = {"json", 0, NULL, "print JSON"};
static const struct option common_store = {
    "store", 0, "WHERE", "the store: sqlite:PATH (default: .trawl/ found upward)"};
static const struct option common_help = {"help", 'h', NULL, "this help"};

const struct command *const *commands_all(size_t *ret_n)
{
    *ret_n = sizeof all / sizeof all[0];
    return all;
}

/* --- what was given --- */

size_t option_count(const struct invocation *inv, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < inv->n_given; i++)
        n += strcmp(inv->given[i].option->name, name) == 0;
    return n;
}

bool option_given(const struct invocation *inv, const char *name)
{
    return option_count(inv, name) > 0;
}

const char *option_nth(const struct invocation *inv, const char *name, size_t nth)
{
    for (size_t i = 0; i < inv->n_given; i++) {
        if (strcmp(inv->given[i].option->name, name) == 0 && nth-- == 0)
            return inv->given[i].value;
    }
    return NULL;
}

const char *option_value(const struct invocation *inv, const char *name)
{
    size_t n = option_count(inv, name);
    return n > 0 ? option_nth(inv, name, n - 1) : NULL;
}

enum code option_i64(const struct invocation *inv, const char *name, int64_t lo, int64_t hi,
                     int64_t def, int64_t *ret, struct error *e)
{
    const char *text = option_value(inv, name);
    int64_t v = def;
    if (text != NULL && (!number_parse_i64(str_of(text), &v) || v < lo || v > hi)) {
        enum code c = error_set(e, E_USAGE, "--%s takes a whole number, not \"%s\"", name, text);
        error_hint(e, "%lld to %lld", (long long)lo, (long long)hi);
        return c;
    }
    *ret = v;
    return OK;
}

/* --- parsing --- */

static size_t options_of(const struct command *c, const struct option **ret, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_options && n < max; i++)
        ret[n++] = &c->options[i];
    if (c->takes_store && n < max)
        ret[n++] = &common_store;
    if (c->takes_json && n < max)
        ret[n++] = &common_json;
    if (n < max)
        ret[n++] = &common_help;
    return n;
}

enum { OPTIONS_MAX = 64 };

static enum code unknown_option(const struct command *c, const struct option *const *options,
                                size_t n, struct str name, struct error *e)
{
    const char *names[OPTIONS_MAX];
    for (size_t i = 0; i < n; i++)
        names[i] = options[i]->name;
    const char *nearest = str_nearest(name, names, n);
    error_set(e, E_USAGE, "trawl %s knows no option --%.*s", c->name, STR_FMT(name));
    if (nearest != NULL)
        error_hint(e, "did you mean --%s?", nearest);
    else
        error_hint(e, "trawl %s --help lists them", c->name);
    return E_USAGE;
}

static enum code add_given(struct invocation *inv, const struct option *o, const char *value,
                           struct error *e)
{
    if (inv->n_given == GIVEN_MAX)
        return error_set(e, E_LIMIT, "more than %d options", GIVEN_MAX);
    inv->given[inv->n_given++] = (struct given){o, value};
    return OK;
}

/* One option word; *i moves on when the next word is its value. */
static enum code parse_option(struct invocation *inv, int argc, const char *const *argv, int *i,
                              struct error *e)
{
    const struct option *options[OPTIONS_MAX];
    size_t n = options_of(inv->command, options, OPTIONS_MAX);
    const char *word = argv[*i];
    bool is_long = word[1] == '-';
    struct str name = str_of(word + (is_long ? 2 : 1)), value = {0};
    if (is_long && memchr(name.p, '=', name.n) != NULL) {
        value = name;
        name = str_cut(&value, '=');
    } else if (!is_long && name.n > 1) {
        value = str_sub(name, 1, name.n);
        name = str_sub(name, 0, 1);
    }
    for (size_t k = 0; k < n; k++) {
        const struct option *o = options[k];
        bool same = is_long ? str_is(name, o->name) : o->letter != 0 && name.p[0] == o->letter;
        if (!same)
            continue;
        if (o->value == NULL) {
            if (value.p != NULL)
                return error_set(e, E_USAGE, "--%s takes no value", o->name);
            return add_given(inv, o, NULL, e);
        }
        if (value.p != NULL)
            return add_given(inv, o, value.p, e);
        if (*i + 1 >= argc)
            return error_set(e, E_USAGE, "--%s needs a value: --%s %s", o->name, o->name, o->value);
        return add_given(inv, o, argv[++*i], e);
    }
    return unknown_option(inv->command, options, n, name, e);
}

static enum code parse(struct invocation *inv, int argc, const char *const *argv,
                       const char **positional, struct error *e)
{
    const struct command *c = inv->command;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            inv->has_rest = true;
            inv->rest = argv + i + 1;
            inv->n_rest = (size_t)(argc - i - 1);
            break;
        }
        if (word[0] == '-' && word[1] != 0) {
            enum code code = parse_option(inv, argc, argv, &i, e);
            if (code != OK)
                return code;
        } else {
            positional[inv->n_args++] = word;
        }
    }
    inv->args = positional;
    if (option_given(inv, "help"))
        return OK;
    if (inv->has_rest && !c->takes_rest)
        return error_set(e, E_USAGE, "trawl %s takes nothing after --", c->name);
    if (inv->n_args > c->max_args)
        return error_set(e, E_USAGE, "trawl %s does not take \"%s\"", c->name,
                         inv->args[c->max_args]);
    if (inv->n_args < c->min_args)
        return error_set(e, E_USAGE, "usage: trawl %s %s", c->name, c->args);
    return OK;
}

/* --- help --- */

static void print_option(struct screen *s, const struct option *o)
{
    struct buf b;
    buf_init(&b, 256);
    if (o->letter != 0)
        buf_fmt(&b, "-%c, ", o->letter);
    else
        buf_cstr(&b, "    ");
    buf_fmt(&b, "--%s", o->name);
    if (o->value != NULL)
        buf_fmt(&b, " %s", o->value);
    screen_fmt(s, TONE_PLAIN, "  %-28.*s  %s\n", STR_FMT(buf_view(&b)), o->about);
    buf_free(&b);
}

static void print_help(struct screen *s, const struct command *c)
{
    const struct option *options[OPTIONS_MAX];
    size_t n = options_of(c, options, OPTIONS_MAX);
    screen_fmt(s, TONE_BOLD, "trawl %s", c->name);
    screen_fmt(s, TONE_PLAIN, "%s%s%s\n\n%s.\n", c->args[0] ? " " : "", c->args,
               c->takes_rest ? " [-- PROGRAM ARGS...]" : "", c->summary);
    if (c->about != NULL)
        screen_fmt(s, TONE_PLAIN, "\n%s\n", c->about);
    screen_text(s, TONE_BOLD, STR("\noptions\n"));
    for (size_t i = 0; i < n; i++)
        print_option(s, options[i]);
}

static void print_overview(struct screen *s)
{
    const char *group = "";
    screen_text(s, TONE_BOLD, STR("trawl"));
    screen_text(s, TONE_PLAIN,
                STR(": develop a search space instead of a model.\n\n"
                    "usage: trawl COMMAND [OPTIONS]\n"));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(group, all[i]->group) != 0) {
            group = all[i]->group;
            screen_fmt(s, TONE_BOLD, "\n%s\n", group);
        }
        screen_fmt(s, TONE_ACCENT, "  %-9s", all[i]->name);
        screen_fmt(s, TONE_PLAIN, "%-14s %s\n", all[i]->args, all[i]->summary);
    }
    screen_text(s, TONE_PLAIN,
                STR("\n`trawl COMMAND --help` says more; `man trawl` says it all.\n"));
}

/* --- errors --- */

void say_error(const struct error *e)
{
    struct screen s;
    screen_init(&s, STDERR_FILENO);
    if (e->file[0] != 0 && e->line > 0)
        screen_fmt(&s, TONE_BOLD, "%s:%d:%d: ", e->file, e->line, e->column);
    else if (e->file[0] != 0)
        screen_fmt(&s, TONE_BOLD, "%s: ", e->file);
    else
        screen_text(&s, TONE_BOLD, STR("trawl: "));
    screen_fmt(&s, TONE_PLAIN, "%s\n", e->message);
    if (e->detail[0] != 0)
        screen_fmt(&s, TONE_PLAIN, "  %s\n", e->detail);
    if (e->hint[0] != 0)
        screen_fmt(&s, TONE_ACCENT, "  hint: %s\n", e->hint);
    screen_free(&s);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[sizeof all / sizeof all[0]];
    struct error e = {0};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        names[i] = all[i]->name;
    const char *nearest = str_nearest(str_of(name), names, sizeof all / sizeof all[0]);
    error_set(&e, E_USAGE, "there is no command \"%s\"", name);
    if (nearest != NULL)
        error_hint(&e, "did you mean `trawl %s`?", nearest);
    else
        error_hint(&e, "`trawl help` lists the commands");
    say_error(&e);
    return code_exit_status(E_USAGE);
}

static int run(const struct command *c, int argc, const char *const *argv,
               const char *executable_dir)
{
    struct error e = {0};
    struct screen out;
    struct invocation inv = {.command = c, .executable_dir = executable_dir, .out = &out};
    const char **positional = calloc((size_t)argc + 1, sizeof *positional);
    int status = 0;
    screen_init(&out, STDOUT_FILENO);
    enum code code = positional != NULL ? parse(&inv, argc, argv, positional, &e) : error_nomem(&e);
    inv.json = option_given(&inv, "json");
    if (code == OK && option_given(&inv, "help"))
        print_help(&out, c);
    else if (code == OK)
        code = c->run(&inv, &status, &e);
    int lost = screen_free(&out);
    if (code == OK && status == 0 && lost != 0)
        code = error_errno(&e, lost, "cannot write all of the output");
    free(positional);
    if (code == OK)
        return status;
    if (e.message[0] != 0)
        say_error(&e);
    return code_exit_status(code);
}

static int help(int argc, const char *const *argv)
{
    struct screen s;
    const struct command *c = argc > 0 ? find(argv[0]) : NULL;
    if (argc > 0 && c == NULL)
        return unknown_command(argv[0]);
    screen_init(&s, STDOUT_FILENO);
    if (c != NULL)
        print_help(&s, c);
    else
        print_overview(&s);
    screen_free(&s);
    return 0;
}

static int version(void)
{
    struct screen s;
    screen_init(&s, STDOUT_FILENO);
    screen_fmt(&s, TONE_PLAIN, "trawl %s\n", TRAWL_VERSION);
    screen_free(&s);
    return 0;
}

int command_main(int argc, const char *const *argv, const char *executable_dir)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (argc == 0 || strcmp(argv[0], "help") == 0)
        return help(argc > 0 ? argc - 1 : 0, argv + (argc > 0));
    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return help(0, argv);
    if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0)
        return version();
    const struct command *c = find(argv[0]);
    if (c == NULL)
        return unknown_command(argv[0]);
    return run(c, argc - 1, argv + 1, executable_dir);
}
