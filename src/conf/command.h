/*
 * Command templates: "python3 train.py ${args}", a list, env values; and what they become.
 *
 * A string is split into words as a POSIX shell splits them (quotes and backslashes honoured, no
 * expansion of any other kind); a list is taken word by word. ${name} is a parameter's value,
 * ${args} every active parameter that has no place of its own, ${params} ${trial} ${steps} ${seed}
 * ${checkpoint} ${dir} the attempt's (of which a parameter of the same name hides all but
 * ${params});
 * ${args:name} is one parameter in the form that ${args} gives it; $${ is a literal ${. A word that
 * is ${args} alone becomes as many words as there are parameters; a word that names an inactive
 * parameter is dropped.
 *
 * ${args} gives a parameter as --name=value (gnu), --name value (space), name=value (hydra) or as a
 * pattern of ${name} and ${value} says. A flag that is on is --name in the first two, one that is
 * off nothing. A parameter's own `arg` is a pattern, a name in place of --name, or empty: not at
 * all.
 *
 * With shell: true the text goes to /bin/sh -c as it is, but for its ${...}. Values that mean
 * nothing to a shell are put in as they are; all others are assigned to shell variables in front of
 * the text and named where they stand, so that whatever a value holds, and whatever quotes it
 * stands in, it is never read as shell code.
 */
#ifndef CONF_COMMAND_H
#define CONF_COMMAND_H

#include "conf/settings.h"

enum {
    COMMAND_WORDS_MAX = 10000,
    CONFIG_BASE_MAX = 4 << 20,              /* bytes of config.from */
    COMMAND_WORD_BYTES_MAX = 128 * 1024 - 1 /* what Linux takes in one argument */
};

struct command_values {
    const struct config *config;
    struct str params, trial, checkpoint, dir;
    int64_t steps, seed;
};

/* How parameters are written where ${args} stands. */
struct args_style {
    enum args_form form;
    struct str pattern; /* ARGS_PATTERN's */
};

/* Every ${...} is checked against the space; an unknown one names the nearest. `s` may be NULL
 * where the space is not known to be right: then names are not looked at. `s` is borrowed. */
enum code command_parse_string(struct arena *a, struct str text, struct location at, bool shell,
                               const struct space *s, struct args_style style,
                               struct command_template **ret, struct error *e) must_check;
enum code command_parse_list(struct arena *a, const struct str *words, const struct location *at,
                             size_t n, const struct space *s, struct args_style style,
                             struct command_template **ret, struct error *e) must_check;
/* Is `text` right as args' pattern (own false) or a parameter's own arg? */
enum code command_check_pattern(struct str text, struct location at, bool own,
                                struct error *e) must_check;
/* What has a place of its own in `other` is left out of t's ${args} too. Both of one space. */
void command_share_places(struct command_template *t, const struct command_template *other);

/* argv lives in `a`; each word is NUL-terminated as well. An env value renders to one word, or to
 * none where it names an inactive parameter. */
enum code command_render(const struct command_template *t, struct arena *a,
                         const struct command_values *v, const struct str **ret_argv, size_t *ret_n,
                         struct error *e) must_check;
/* For people: words joined with quotes where a shell needs them. */
void command_quote(const struct str *argv, size_t n, struct buf *b);

/* The program's configuration file (config: {from, to}): base file's text with the parameters
 * merged in, dots as nesting; YAML when `to` ends in .yaml or .yml, else JSON. What is inactive
 * stays as the base has it. Reals and strings are written so that YAML 1.1 readers take them for
 * the same. */
enum code command_config_text(const struct settings *s, struct arena *a, struct str base_text,
                              const struct config *c, struct str *ret, struct error *e) must_check;
/* A flat JSON object, names as declared: what ${params} points to. */
enum code command_params_text(const struct config *c, struct arena *a, struct str *ret) must_check;

#endif
