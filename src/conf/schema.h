/*
 * Walking a document by tables of the keys it may have, with readers that say what is wrong.
 *
 * Private to the readers of trawl.yaml. A reader takes a node or NULL (the key is not there) and
 * returns true when it stored a value; false leaves *ret as it was, and what is wrong with a node
 * that is there was added to the problems. `what` names the value in messages ("search.trials").
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf/command.h"
#include "conf/document.h"
#include "search/length.h"

/* A file being read. */
struct load {
    struct arena work; /* the tree */
    struct settings *s;
    struct problems *problems;
    const struct node *root;
    struct location at; /* of the whole */
    bool from_argv;     /* the inline form */
    bool space_only;    /* trials are run by somebody else */
    bool space_known;   /* all parameters are declared: names can be looked up */
    bool space_right;   /* space_finish was content */
};

struct schema_key {
    const char *name;
    const char *needed; /* NULL: may be left out; else the hint of how to write it */
    bool later;         /* will come, and is refused until then */
};

/* Adds e, placed at `at` unless it has a place. Returns false. */
bool problem(struct load *l, struct location at, struct error *e);
bool problem_at(struct load *l, struct location at, enum code code, const char *hint,
                const char *fmt, ...) printf_like(5, 6);
bool problem_nomem(struct load *l);

/* Where the key of a value stands, for what is wrong with the value as a whole. */
struct location key_place(const struct load *l, const struct node *value);

/* found[i] is keys[i]'s value or NULL; unknown keys and needed ones that are missing are problems.
 * False when `map` is no map. prefix names it ("search"; "" for the whole file). */
bool schema_open(struct load *l, const struct node *map, const char *prefix,
                 const struct schema_key *keys, size_t n, const struct node **found);

bool read_whole(struct load *l, const struct node *n, const char *what, int64_t lo, int64_t hi,
                int64_t *ret);
bool read_int(struct load *l, const struct node *n, const char *what, int lo, int hi, int *ret);
bool read_positive(struct load *l, const struct node *n, const char *what, double *ret);
bool read_bool(struct load *l, const struct node *n, const char *what, bool *ret);
bool read_duration(struct load *l, const struct node *n, const char *what, int64_t *ret_ns);
bool read_size(struct load *l, const struct node *n, const char *what, int64_t lo, int64_t *ret);
/* Any scalar that is not empty, as it is written; kept in the settings' arena, NUL-terminated. */
bool read_text(struct load *l, const struct node *n, const char *what, struct str *ret);
/* One of `words`; *ret is its index. */
bool read_word(struct load *l, const struct node *n, const char *what, const char *const *words,
               size_t n_words, int *ret);
/* A list of texts, or one alone. */
bool read_texts(struct load *l, const struct node *n, const char *what, size_t max,
                const struct str **ret, size_t *ret_n);
/* A scalar or a list of scalars; strings point into the settings' arena. */
bool read_value(struct load *l, const struct node *n, const char *what, struct value *ret);

/* The sections. */
struct outcome_nodes {
    const struct node *metric, *goal, *objectives, *require, *metrics;
};
void read_outcomes(struct load *l, const struct outcome_nodes *nodes);
void read_space(struct load *l, const struct node *parameters, const struct node *constraints,
                const struct node *baseline);
/* search.first, of a space that is right. */
void read_first(struct load *l, const struct node *first);
/* search.schedule, likewise: its first values are the only first point. */
void read_schedule(struct load *l, const struct node *schedule);
struct command_nodes {
    const struct node *command, *shell, *args, *env, *config;
};
void read_command(struct load *l, const struct command_nodes *nodes);
void read_search(struct load *l, const struct node *search);
void read_resources(struct load *l, const struct node *resources);
/* Everything. */
void read_file(struct load *l);

/* Applies one --set to l->root. */
void override_apply(struct load *l, struct override o);
/* A tree of the inline form, its words placed at themselves. */
const struct node *inline_tree(struct load *l, const char *const *argv, size_t n);

#endif
