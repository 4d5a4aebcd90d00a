/*
 * Methods: a sampler (which configuration next) together with an allocator (how much training each
 * gets), as people write them: "auto", "random", "sobol + asha(eta=4)", "median(warmup=3)".
 *
 *   method  = "auto" | part | part "+" part      one sampler, one allocator, either first
 *   part    = name [ "(" option { "," option } ")" ]
 *   option  = name "=" (number | word)
 *
 * Samplers and allocators stand in two tables (kinds.c); adding one is a folder and a row. What is
 * left out is filled in by what suits the rest (method_resolve), with a sentence that says why,
 * which is printed, shown and journalled:
 *
 *   a sampler alone       runs with full: every trial to its end
 *   an allocator alone    runs with the sampler that auto chooses; freeze_thaw, which proposes
 *                         itself, with sobol for the first few
 *   auto                  a finite space of no more configurations than trials is enumerated
 * (grid), a handful of trials is spread (sobol), up to 1,000 are modelled (gp), more get the
 * portfolio; where a trial's steps leave room for a rung (max / min >= eta) asha, else full. asha
 * stops trials; where programs are known to go on from checkpoints it pauses and promotes them, and
 * a few hundred trials for a few workers get freeze_thaw. "auto + asha(eta=4)" leaves only the
 * sampler to it. Where a parameter says how long a trial trains (length.h) every trial is trained
 * to that end (full). bench/allocation/AUTO.md has the figures. Where
 * time, steps or cost leave room for fewer trials than are asked for, as many as fit are counted
 * (expect.h).
 */
#ifndef SEARCH_METHOD_H
#define SEARCH_METHOD_H

#include "space/space.h"

enum { METHOD_OPTIONS_MAX = 16 };

struct sampler_kind;
struct allocator_kind;

/* One option of a sampler or an allocator: its name, range and default stand in the kind's table.
 * Name and word belong to that table. */
struct option_value {
    const char *name;
    double number;
    struct str word; /* for options that are words (variant=stop); p == NULL for numbers */
};

/* Once a kind is known its options are complete and in its table's order, defaults included. */
struct method {
    const struct sampler_kind *sampler;     /* NULL: to be resolved */
    const struct allocator_kind *allocator; /* NULL: to be resolved */
    bool is_auto;
    size_t n_sampler_options, n_allocator_options;
    struct option_value sampler_options[METHOD_OPTIONS_MAX];
    struct option_value allocator_options[METHOD_OPTIONS_MAX];
    char why[400]; /* after method_resolve */
};

/* How much there is to spend, 0 is unlimited; and for what. */
struct effort {
    int64_t trials;
    bool has_steps;
    int64_t min_steps, max_steps; /* budget of one trial, when has_steps */
    /* Each trial's steps are its own, the value of the space's parameter `steps` (length.h): from
     * min_steps to max_steps, and so many on average. has_steps is true then. */
    bool own_steps;
    double mean_steps;
    int parallel;
    size_t n_objectives; /* that the method must follow; 0 is one */
    /* What else ends the search, as far as it is known (search/expect.h): the steps of all trials;
     * the steps that the time of all slots has room for, within the search's time and cost; and how
     * many steps an attempt's start takes as long as. Without steps a trial is one. */
    int64_t steps;
    double slot_steps, start_steps;
    bool resumes; /* trials may pause, and their programs are known to go on from checkpoints */
};

/* Errors carry line and column inside `text`; unknown names and options name the nearest. Nothing
 * in *ret points into `text` or `a`. */
enum code method_parse(struct arena *a, struct str text, struct location at, struct method *ret,
                       struct error *e) must_check;
/* Fills in what is missing, and checks that the method fits: grid needs a finite space or `points`,
 * asha and median need a budget of steps, asha a rung below the highest, and no parameter that is a
 * trial's length; several objectives need what method_check_objectives asks. A search that goes on
 * does not resolve anew: its method is the one its first entry tells (searcher_method_of). */
enum code method_resolve(struct method *m, const struct space *s, const struct effort *effort,
                         struct error *e) must_check;
/* Does its allocator pause trials and let some go on? It must have one. */
bool method_pauses(const struct method *m);
/* Does its allocator leave it to a model which paused trial goes on, or whether something new
 * starts? It must have one. */
bool method_chooses(const struct method *m);
/* Does it copy checkpoints from one trial to another, and end by itself? */
bool method_copies(const struct method *m);
/* Can its sampler and allocator follow so many objectives? E_INVALID with a hint. */
enum code method_check_objectives(const struct method *m, size_t n, struct error *e) must_check;
/* "sobol + asha(eta=3)": all options spelt out; parses back to the same. */
void method_write(const struct method *m, struct buf *b);
/* Puts one in, with the default of every option. */
void method_set_sampler(struct method *m, const struct sampler_kind *kind);
void method_set_allocator(struct method *m, const struct allocator_kind *kind);
/* Gives an allocator's option another of its words, or another number in its range. */
void method_set_word(struct method *m, const char *name, const char *word);
void method_set_number(struct method *m, const char *name, double number);
/* The number of option `name`, which must be one of the kind's. */
double sampler_option(const struct method *m, const char *name);
double allocator_option(const struct method *m, const char *name);
bool allocator_option_is(const struct method *m, const char *name, const char *word);
bool sampler_option_is(const struct method *m, const char *name, const char *word);

#endif
