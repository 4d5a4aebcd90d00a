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
    enum code (*create)(const struct searcher_settings *settings, void **ret, struct error *e);
    void (*destroy)(void *self);
    /* Steps a new trial may train. */
    int64_t (*steps)(void *self);
    /* The first step >= `step` at which it wants trial's value; INT64_MAX: none. */
    int64_t (*next_wanted)(const void *self, int64_t trial, int64_t step);
    /* value is minimised; NaN is worst. Deciding and taking are apart, so that a recorded decision
     * can be taken without being computed. */
    enum decision (*decide)(void *self, int64_t trial, int64_t step, double value);
    enum code (*take)(void *self, int64_t trial, int64_t step, double value, enum decision d);
    enum code (*ended)(void *self, int64_t trial, enum outcome outcome, int64_t step, double value);
    enum code (*reopened)(void *self, int64_t trial);
    size_t (*rungs)(const void *self, int64_t *ret_steps, size_t max);
};

extern const struct allocator_kind allocator_full, allocator_median, allocator_asha;

const struct allocator_kind *allocator_find(struct str name);
size_t allocator_kinds(const struct allocator_kind *const **ret);

#endif
