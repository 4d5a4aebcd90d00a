/*
 * The options that a program takes, as far as its text tells: argparse calls of a Python source, or
 * the lines of a --help. Guesses for a first trawl.yaml, which a person then edits.
 */
#ifndef API_OPTIONS_H
#define API_OPTIONS_H

#include "base/str.h"

enum { OPTIONS_FOUND_MAX = 64, OPTION_NAME_MAX = 64, OPTION_TEXT_MAX = 256 };

enum found_kind { FOUND_REAL, FOUND_INT, FOUND_CHOICE, FOUND_FLAG, FOUND_TEXT };

struct found_option {
    char name[OPTION_NAME_MAX]; /* without dashes */
    enum found_kind kind;
    bool has_default;
    double number;                 /* of the default, for real and int */
    char def[OPTION_TEXT_MAX];     /* the default as text */
    char choices[OPTION_TEXT_MAX]; /* "a, b, c" */
};

struct found_options {
    size_t n;
    struct found_option v[OPTIONS_FOUND_MAX];
};

/* Every add_argument("--name", ...) with its type, default, choices and action. */
void options_of_argparse(struct str source, struct found_options *ret);
/* Lines like "  --lr LR   learning rate (default: 0.1)" and "  --opt {a,b}". */
void options_of_help(struct str text, struct found_options *ret);

#endif
