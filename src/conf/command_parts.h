/*
 * Command templates from the inside: shared by parsing and rendering, for nobody else.
 */
#ifndef CONF_COMMAND_PARTS_H
#define CONF_COMMAND_PARTS_H

#include "conf/command.h"

enum part_kind {
    PART_TEXT,
    PART_PARAM,  /* its value */
    PART_ARG,    /* one parameter in the form of ${args}: alone in its word */
    PART_ARGS,   /* all of them: alone in its word */
    PART_PARAMS, /* the rest of the attempt's */
    PART_TRIAL,
    PART_STEPS,
    PART_SEED,
    PART_CHECKPOINT,
    PART_DIR,
    PART_NAME, /* in patterns */
    PART_VALUE
};

/* What quotes a part of a shell's text stands in. */
enum quoting { QUOTE_NONE, QUOTE_SINGLE, QUOTE_DOUBLE };

struct part {
    enum part_kind kind;
    enum quoting quoting;
    struct str text; /* of PART_TEXT */
    int param;       /* of PART_PARAM and PART_ARG */
};

struct word {
    size_t n;
    const struct part *parts;
};

struct words {
    size_t n;
    const struct word *v;
};

/* How ${args} writes one parameter. */
enum arg_form {
    ARG_NOT,   /* not on the command line */
    ARG_GNU,   /* name=value, flags as name or nothing */
    ARG_SPACE, /* name value, flags likewise */
    ARG_HYDRA, /* name=value, also flags */
    ARG_PATTERN
};

struct arg_style {
    enum arg_form form;
    struct str name; /* with its dashes */
    struct words pattern;
    bool is_flag;
    bool has_on, has_off; /* flag(on=..., off=...) */
    struct words on, off;
};

struct command_template {
    const struct space *space; /* NULL: names were not looked at; can't be rendered */
    bool shell;                /* one word: the shell's text */
    struct words words;
    bool *placed;             /* by parameter: has a place of its own */
    struct arg_style *styles; /* by parameter */
};

#endif
