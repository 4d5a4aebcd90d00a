/*
 * `trawl init`: a first trawl.yaml beside a program.
 *
 * Priors are guessed from the program's own defaults: a tenth to ten times a rate, a quarter to
 * four times a size, every choice, every switch. The file is checked before it is written, so that
 * what init writes always runs through `trawl check`.
 */
#include "api/options.h"
#include "api/project.h"
#include "base/io.h"
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct option options[] = {
    {"force", 'f', NULL, "replace a trawl.yaml that is there"},
};

enum { SOURCE_MAX = 4 << 20, HELP_MAX = 256 << 10, HELP_MS = 10000 };

struct draft {
    const char *program; /* as it is called: train.py */
    bool python;
    struct buf text; /* of the file, or of its help */
    struct found_options found;
    char space[64], metric[64];
    bool minimize;
    char steps[OPTION_NAME_MAX], seed[OPTION_NAME_MAX]; /* options that take them; empty: none */
    int64_t max_steps;
    struct buf yaml;
};

/* --- reading the program --- */

static const char *find_program(void)
{
    static const char *const names[] = {"train.py", "main.py", "run.py", "train.sh", "train"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (access(names[i], R_OK) == 0)
            return names[i];
    }
    return NULL;
}

static void read_pipe(int fd, struct buf *b)
{
    char bytes[4096];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (!b->bad && poll(&p, 1, HELP_MS) > 0) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0)
            return;
        buf_add(b, bytes, (size_t)n);
    }
}

/* PROGRAM --help, its output bounded in time and size; a program that does not know it is no error.
 */
static void read_help(const char *program, struct buf *b)
{
    char path[4096];
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    snprintf(path, sizeof path, "%s%s", strchr(program, '/') != NULL ? "" : "./", program);
    char *argv[] = {path, (char[]){"--help"}, NULL};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    bool well = posix_spawn_file_actions_init(&actions) == 0;
    well = well && posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
           posix_spawn_file_actions_adddup2(&actions, ends[1], 1) == 0 &&
           posix_spawn_file_actions_adddup2(&actions, ends[1], 2) == 0 &&
           posix_spawn(&pid, path, &actions, NULL, argv, environ) == 0;
    (void)posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (well) {
        read_pipe(ends[0], b);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
    }
    close(ends[0]);
}

static enum code read_program(struct draft *d, struct error *e)
{
    d->python = str_ends(str_of(d->program), ".py");
    buf_init(&d->text, SOURCE_MAX);
    enum code c = io_read_file(d->program, SOURCE_MAX, &d->text, e);
    if (c != OK)
        return c;
    if (d->python) {
        options_of_argparse(buf_view(&d->text), &d->found);
    } else if (access(d->program, X_OK) == 0) {
        struct buf help;
        buf_init(&help, HELP_MAX);
        read_help(d->program, &help);
        options_of_help(buf_view(&help), &d->found);
        buf_free(&help);
    }
    return OK;
}

/* --- guessing --- */

static bool has(const char *name, const char *part)
{
    return strcasestr(name, part) != NULL;
}

static bool has_any(const char *name, const char *const *parts)
{
    for (; *parts != NULL; parts++) {
        if (has(name, *parts))
            return true;
    }
    return false;
}

static void guess_metric(struct draft *d)
{
    static const char *const known[] = {
        "val_auc", "val_accuracy",  "val_acc",  "val_f1", "val_loss",
        "val_mse", "test_accuracy", "accuracy", "acc",    "auc",
        "f1",      "loss",          "rmse",     "mse",    "error"};
    static const char *const lower[] = {"loss", "error", "mse", "mae", "perplexity", "nll", NULL};
    const char *metric = "val_loss";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (d->text.n > 0 && memmem(d->text.p, d->text.n, known[i], strlen(known[i])) != NULL) {
            metric = known[i];
            break;
        }
    }
    snprintf(d->metric, sizeof d->metric, "%s", metric);
    d->minimize = has_any(metric, lower);
}

static void guess_places(struct draft *d)
{
    static const char *const steps[] = {"epoch", "steps", "iterations", "rounds", NULL};
    for (size_t i = 0; i < d->found.n; i++) {
        const struct found_option *o = &d->found.v[i];
        if (o->kind != FOUND_INT)
            continue;
        if (d->steps[0] == 0 && has_any(o->name, steps)) {
            snprintf(d->steps, sizeof d->steps, "%s", o->name);
            d->max_steps =
                o->has_default && o->number >= 1 && o->number < 1e9 ? (int64_t)o->number : 27;
        } else if (d->seed[0] == 0 && has(o->name, "seed")) {
            snprintf(d->seed, sizeof d->seed, "%s", o->name);
        }
    }
}

static void guess_space(struct draft *d, const char *directory)
{
    const char *name = strrchr(directory, '/');
    name = name != NULL && name[1] != 0 ? name + 1 : "space";
    size_t n = 0;
    for (; *name != 0 && n + 1 < sizeof d->space; name++)
        d->space[n++] = isalnum((unsigned char)*name) || *name == '-' || *name == '_' ? *name : '_';
    d->space[n] = 0;
}

static bool is_dimension(const struct draft *d, const struct found_option *o)
{
    if (strcmp(o->name, d->steps) == 0 || strcmp(o->name, d->seed) == 0)
        return false;
    if (o->kind == FOUND_REAL || o->kind == FOUND_INT)
        return o->has_default;
    return o->kind == FOUND_CHOICE || o->kind == FOUND_FLAG;
}

static void real_prior(struct buf *b, const struct found_option *o)
{
    static const char *const shares[] = {"dropout", "momentum",  "ratio",     "frac", "prob",
                                         "beta",    "subsample", "smoothing", NULL};
    double x = o->number;
    if (x >= 0 && x <= 1 && has_any(o->name, shares)) {
        buf_cstr(b, "uniform(0, 1)");
        return;
    }
    if (x == 0) {
        buf_cstr(b, "uniform(0, 1)");
        return;
    }
    if (x < 0) {
        buf_cstr(b, "uniform(");
        number_write(b, 2 * x);
        buf_cstr(b, ", 0)");
        return;
    }
    buf_cstr(b, "loguniform(");
    number_write_short(b, x / 10, 3);
    buf_cstr(b, ", ");
    number_write_short(b, x * 10, 3);
    buf_char(b, ')');
}

static void int_prior(struct buf *b, const struct found_option *o)
{
    if (o->number >= 8 && o->number < 1e12)
        buf_fmt(b, "logint(%lld, %lld)", (long long)o->number / 4, (long long)o->number * 4);
    else if (o->number >= 0 && o->number < 8)
        buf_fmt(b, "int(%d, %.0f)", o->number >= 1 ? 1 : 0, 2 * o->number + 2);
    else
        buf_fmt(b, "int(%.0f, %.0f)", 2 * o->number, -2 * o->number);
}

static void prior(struct buf *b, const struct found_option *o)
{
    switch (o->kind) {
    case FOUND_REAL:
        real_prior(b, o);
        break;
    case FOUND_INT:
        int_prior(b, o);
        break;
    case FOUND_CHOICE:
        buf_fmt(b, "choice(%s)", o->choices);
        break;
    case FOUND_FLAG:
        buf_cstr(b, "flag()");
        break;
    case FOUND_TEXT:
        break;
    }
}

/* --- writing --- */

static void write_command(struct draft *d)
{
    struct buf *b = &d->yaml;
    buf_fmt(b, "command: %s%s",
            d->python                 ? "python3 "
            : strchr(d->program, '/') ? ""
                                      : "./",
            d->program);
    if (d->steps[0] != 0)
        buf_fmt(b, " --%s=${steps}", d->steps);
    if (d->seed[0] != 0)
        buf_fmt(b, " --%s=${seed}", d->seed);
    buf_cstr(b, " ${args}\n");
}

static size_t write_parameters(struct draft *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->found.n; i++) {
        const struct found_option *o = &d->found.v[i];
        if (!is_dimension(d, o))
            continue;
        struct buf line;
        buf_init(&line, 4096);
        buf_fmt(&line, "  %s: ", o->name);
        prior(&line, o);
        buf_str(&d->yaml, buf_view(&line));
        if (o->has_default) {
            buf_repeat(&d->yaml, ' ', line.n < 40 ? 40 - line.n : 1);
            buf_fmt(&d->yaml, "# the program's default: %s", o->def);
        }
        buf_char(&d->yaml, '\n');
        buf_free(&line);
        n++;
    }
    return n;
}

static void write_baseline(struct draft *d)
{
    bool first = true;
    for (size_t i = 0; i < d->found.n; i++) {
        const struct found_option *o = &d->found.v[i];
        if (!is_dimension(d, o) || (!o->has_default && o->kind != FOUND_FLAG))
            return; /* without a default for each there is no baseline */
    }
    buf_cstr(&d->yaml, "baseline: {");
    for (size_t i = 0; i < d->found.n; i++) {
        const struct found_option *o = &d->found.v[i];
        buf_fmt(&d->yaml, "%s%s: %s", first ? "" : ", ", o->name,
                o->kind == FOUND_FLAG ? "false" : o->def);
        first = false;
    }
    buf_cstr(&d->yaml, "}\n");
}

static void drop_what_is_no_dimension(struct draft *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->found.n; i++) {
        if (is_dimension(d, &d->found.v[i]))
            d->found.v[n++] = d->found.v[i];
    }
    d->found.n = n;
}

static void write_yaml(struct draft *d)
{
    struct buf *b = &d->yaml;
    drop_what_is_no_dimension(d);
    buf_fmt(b,
            "# A first search space for %s: the ranges are guesses from its defaults.\n"
            "# trawl check shows it, trawl try runs it once, trawl run searches it.\n\n",
            d->program);
    buf_fmt(b, "space: %s\n", d->space);
    write_command(d);
    buf_fmt(b, "metric: %-20s # as the program prints it: %s=0.5\n", d->metric, d->metric);
    buf_fmt(b, "goal: %s\n\nparameters:\n", d->minimize ? "minimize" : "maximize");
    if (write_parameters(d) == 0)
        buf_cstr(b, "  # No options were found in the program: these are examples.\n"
                    "  lr: loguniform(1e-4, 1e-1)\n"
                    "  layers: int(1, 4)\n");
    else
        write_baseline(d);
    buf_cstr(b, "\nsearch:\n  trials: 50\n");
    if (d->steps[0] != 0 && d->max_steps > 1)
        buf_fmt(b, "  budget: {min: 1, max: %lld}    # steps a trial may train\n",
                (long long)d->max_steps);
    buf_cstr(b, "\nresources: {cpus: 1}\n");
}

/* What was written has to be right; a guess that is not is a fault of ours, and said so. */
static enum code check_draft(struct draft *d, struct error *e)
{
    struct problems problems;
    struct settings *st;
    problems_init(&problems);
    enum code c = buf_end(&d->yaml, e);
    if (c == OK) {
        c = conf_load(buf_view(&d->yaml), "trawl.yaml", NULL, 0, &st, &problems);
        if (c == OK)
            settings_free(st);
        else if (problems.n > 0)
            *e = problems.v[0];
    }
    problems_free(&problems);
    return c;
}

static enum code refuse_existing(const struct invocation *inv, struct error *e)
{
    if (access("trawl.yaml", F_OK) != 0 || option_given(inv, "force"))
        return OK;
    error_set(e, E_STATE, "there is a trawl.yaml here already");
    error_hint(e, "trawl check shows it; trawl init --force replaces it");
    return E_STATE;
}

static enum code draft(struct invocation *inv, struct draft *d, struct error *e)
{
    char *cwd = getcwd(NULL, 0);
    if (cwd == NULL)
        return error_errno(e, errno, "the working directory cannot be found");
    guess_space(d, cwd);
    free(cwd);
    enum code c = d->program != NULL ? read_program(d, e) : OK;
    if (c != OK)
        return c;
    if (d->program == NULL)
        d->program = "train.py";
    d->python = str_ends(str_of(d->program), ".py");
    guess_metric(d);
    guess_places(d);
    write_yaml(d);
    return check_draft(d, e);
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct draft *d = calloc(1, sizeof *d);
    if (d == NULL)
        return error_nomem(e);
    buf_init(&d->yaml, 1 << 20);
    d->program = inv->n_args > 0 ? inv->args[0] : find_program();
    bool found = d->program != NULL;
    enum code c = refuse_existing(inv, e);
    if (c == OK)
        c = draft(inv, d, e);
    if (c == OK)
        c = io_replace_file("trawl.yaml", buf_view(&d->yaml), 0644, e);
    if (c == OK && inv->json) {
        struct json j;
        jw_init(&j, &inv->out->out);
        jw_object(&j);
        jw_key(&j, "file");
        jw_cstr(&j, "trawl.yaml");
        jw_key(&j, "program");
        jw_cstr(&j, d->program);
        jw_key(&j, "parameters");
        jw_i64(&j, (int64_t)d->found.n);
        jw_object_end(&j);
        jw_newline(&j);
        c = jw_end(&j, e);
    } else if (c == OK) {
        screen_fmt(inv->out, TONE_GOOD, "wrote trawl.yaml");
        screen_fmt(inv->out, TONE_PLAIN, ": %s%s, %zu options became parameters\n",
                   found ? "for " : "no program was found, an example for ", d->program,
                   d->found.n);
        screen_text(inv->out, TONE_DIM,
                    STR("edit the ranges and the metric, then:\n"
                        "  trawl check    is it right?\n"
                        "  trawl try      the baseline for one step\n"
                        "  trawl run      the search\n"));
    }
    buf_free(&d->text);
    buf_free(&d->yaml);
    free(d);
    return c;
}

const struct command command_init = {
    .name = "init",
    .args = "[PROGRAM]",
    .summary = "write a first trawl.yaml beside a program",
    .about =
        "Options come from the argparse calls of a Python program, or from what PROGRAM --help\n"
        "prints; ranges are guesses around their defaults.",
    .group = "set up",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_json = true,
    .run = run,
};
