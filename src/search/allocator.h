/*
 * What an allocator is: how much training each trial gets.
 */
#ifndef SEARCH_ALLOCATOR_H
#define SEARCH_ALLOCATOR_H

#include "search/sampler.h"

struct allocator_kind {
    const char *name, *about;
    const struct option_kind *options;
    size_t n_options;
    bool needs_steps;
    /* Does it fit? NULL: always. */
    enum code (*fits)(const struct method *m, const struct effort *effort, struct error *e);
    enum code (*create)(const struct searcher_settings *settings, void **ret, struct error *e);
    void (*destroy)(void *self);
    /* Steps a new trial may train; 0: the search has none. */
    int64_t (*steps)(const void *self);
    /* The first step >= `step` at which it wants trial's value; INT64_MAX: none. Where a wanted
     * step was jumped over, that is `step` itself. */
    int64_t (*next_wanted)(const void *self, int64_t trial, int64_t step);
    /* value is minimised, finite or NaN, which is worst. Deciding and taking are apart, so that a
     * recorded decision can be taken without being computed: decide changes nothing, take does it
     * all or, out of memory, nothing. The searcher does not ask about the baseline, about a trial
     * at the end of its budget, or about one that it has been told to stop. */
    enum decision (*decide)(const void *self, int64_t trial, int64_t step, double value);
    enum code (*take)(void *self, int64_t trial, int64_t step, double value, enum decision d);
    /* A trial ended, or came back to life. NULL: of no interest. */
    enum code (*ended)(void *self, int64_t trial, enum outcome outcome, int64_t step, double value);
    enum code (*reopened)(void *self, int64_t trial);
    /* The first `max` rungs in ascending order; returns how many there are. NULL: none. */
    size_t (*rungs)(const void *self, int64_t *ret_steps, size_t max);
};

extern const struct allocator_kind allocator_full, allocator_median, allocator_asha;

const struct allocator_kind *allocator_find(struct str name);
size_t allocator_kinds(const struct allocator_kind *const **ret);

#endif
