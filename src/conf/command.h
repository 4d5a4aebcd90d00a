/*
 * Command templates: "python3 train.py ${args}", a list, env values; and what they become.
 *
 * A string is split into words as a POSIX shell splits them (quotes and backslashes honoured, no
 * expansion of any other kind); a list is taken word by word. ${name} is a parameter's value, ${args}
 * every active parameter that has no place of its own, ${params} ${trial} ${steps} ${seed}
 * ${checkpoint} ${dir} the attempt's; $${ is a literal ${. A word that is ${args} alone becomes as many
 * words as there are parameters; a word that is one inactive parameter alone is dropped.
 */
#ifndef CONF_COMMAND_H
#define CONF_COMMAND_H

#include "conf/settings.h"

struct command_values {
    const struct config *config;
    struct str params, trial, checkpoint, dir;
    int64_t steps, seed;
};

/* Every ${...} is checked against the space; an unknown one names the nearest. */
enum code command_parse_string(struct arena *a, struct str text, struct location at, bool shell,
                               const struct space *s, enum args_form form, struct str args_pattern,
                               struct command_template **ret, struct error *e) must_check;
enum code command_parse_list(struct arena *a, const struct str *words, const struct location *at,
                             size_t n, const struct space *s, enum args_form form,
                             struct str args_pattern, struct command_template **ret,
                             struct error *e) must_check;
enum code command_render(const struct command_template *t, struct arena *a,
                         const struct command_values *v, const struct str **ret_argv,
                         size_t *ret_n, struct error *e) must_check;
/* For people: words joined with quotes where a shell needs them. */
void command_quote(const struct str *argv, size_t n, struct buf *b);

/* The program's configuration file (config: {from, to}): base file's text with the parameters merged
 * in, dots as nesting; YAML when `to` ends in .yaml or .yml, else JSON. */
enum code command_config_text(const struct settings *s, struct arena *a, struct str base_text,
                              const struct config *c, struct str *ret, struct error *e) must_check;
/* {"lr": 0.1, "optimizer": {"name"...}}? No: flat, names as declared: what ${params} points to. */
enum code command_params_text(const struct config *c, struct arena *a, struct str *ret) must_check;

#endif
