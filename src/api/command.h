/*
 * One table of commands gives the command line, its help and, later, routes of the server.
 *
 * A command is a row: its words, its options, its function. Options are parsed here, the same way
 * for all: --name VALUE, --name=VALUE, -n VALUE, flags; -- ends them. An unknown one names the
 * nearest.
 */
#ifndef API_COMMAND_H
#define API_COMMAND_H

#include "api/screen.h"
#include "store/store.h"

enum { GIVEN_MAX = 128 };

struct option {
    const char *name;  /* without dashes */
    char letter;       /* 0: none */
    const char *value; /* what stands for its value in the help; NULL: a flag */
    const char *about;
};

struct command;

struct given {
    const struct option *option;
    const char *value; /* NULL: a flag */
};

struct invocation {
    const struct command *command;
    const char *const *args; /* positional */
    size_t n_args;
    const char *const *rest; /* after --, for commands that take it */
    size_t n_rest;
    bool has_rest;
    size_t n_given;
    struct given given[GIVEN_MAX];
    struct screen *out;
    bool json;
    const char *executable_dir; /* where trawl and trawl-supervisor stand */
};

struct command {
    const char *name;
    const char *args;    /* "[FILE]", "ID" */
    const char *summary; /* one line */
    const char *about;   /* paragraphs of the help; may be NULL */
    const char *group;   /* heading in the overview */
    const struct option *options;
    size_t n_options;
    size_t min_args, max_args;
    bool takes_rest, takes_json, takes_store;
    /* *ret_status is the exit status when OK is returned; it is 0 on entry. */
    enum code (*run)(struct invocation *inv, int *ret_status, struct error *e);
};

/* All of them, in the order of the overview. */
const struct command *const *commands_all(size_t *ret_n);

bool option_given(const struct invocation *inv, const char *name);
const char *option_value(const struct invocation *inv,
                         const char *name); /* the last; NULL: not given */
/* Calls visit for each time it was given, in order. */
size_t option_count(const struct invocation *inv, const char *name);
const char *option_nth(const struct invocation *inv, const char *name, size_t i);
enum code option_i64(const struct invocation *inv, const char *name, int64_t lo, int64_t hi,
                     int64_t def, int64_t *ret, struct error *e) must_check;

/* Runs one command line (argv without the program's name); prints errors on standard error; returns
 * the exit status. */
int command_main(int argc, const char *const *argv, const char *executable_dir);
/* "trawl: what is wrong" with file:line:column, detail and hint. */
void say_error(const struct error *e);

extern const struct command command_init, command_check, command_plan, command_try, command_run,
    command_resume, command_pause, command_stop, command_kill, command_retry, command_ls,
    command_show, command_trials, command_best, command_logs, command_metrics, command_export,
    command_optimize, command_simulate, command_report, command_gc, command_doctor;

#endif
