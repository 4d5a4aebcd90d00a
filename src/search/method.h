/*
 * Methods: a sampler (which configuration next) together with an allocator (how much training each
 * gets), as people write them: "auto", "random", "sobol + asha(eta=4)", "median(warmup=3)".
 *
 * Samplers and allocators stand in two tables (method_samplers, method_allocators); adding one is a
 * folder and a row. What is left out is filled in by what suits the rest (method_resolve) with a
 * sentence that says why, which is printed, shown and journalled.
 */
#ifndef SEARCH_METHOD_H
#define SEARCH_METHOD_H

#include "space/space.h"

enum { METHOD_OPTIONS_MAX = 16 };

struct sampler_kind;
struct allocator_kind;

/* One option of a sampler or an allocator: its name, range and default stand in the kind's table. */
struct option_value {
    const char *name;
    double number;
    struct str word; /* for options that are words (variant=stop); p == NULL for numbers */
};

struct method {
    const struct sampler_kind *sampler;     /* NULL: to be resolved */
    const struct allocator_kind *allocator; /* NULL: to be resolved */
    bool is_auto;
    size_t n_sampler_options, n_allocator_options;
    struct option_value sampler_options[METHOD_OPTIONS_MAX];
    struct option_value allocator_options[METHOD_OPTIONS_MAX];
    char why[400]; /* after method_resolve */
};

/* How much there is to spend; 0 is unlimited. */
struct effort {
    int64_t trials;
    bool has_steps;
    int64_t min_steps, max_steps; /* budget of one trial, when has_steps */
    int parallel;
};

/* Errors carry line and column inside `text`; unknown names and options name the nearest. */
enum code method_parse(struct arena *a, struct str text, struct location at, struct method *ret,
                       struct error *e) must_check;
/* Fills in what is missing, and checks that the method fits: grid needs a finite space, asha and
 * median need a budget of steps, ... */
enum code method_resolve(struct method *m, const struct space *s, const struct effort *effort,
                         struct error *e) must_check;
/* "sobol + asha(eta=3)": all options spelt out; parses back to the same. */
void method_write(const struct method *m, struct buf *b);

#endif
