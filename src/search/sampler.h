/*
 * What a sampler is: a row of functions. Each sampler is a folder under search/ that exports one
 * const struct sampler_kind.
 */
#ifndef SEARCH_SAMPLER_H
#define SEARCH_SAMPLER_H

#include "search/searcher.h"

/* An option a method may set in parentheses. A number lies in [lo, hi]; `words` (NULL-terminated)
 * makes it a word instead, words[0] being the default. */
struct option_kind {
    const char *name, *about;
    double def, lo, hi;
    bool whole;
    const char *const *words;
};

/* One finished or pending trial as a sampler sees it; minimised, finite or NaN: no value (failed,
 * pending, or nothing but NaN and infinities). */
struct observation {
    const struct config *config;
    double value;
    bool pending, failed, infeasible;
    int64_t step;
};

struct history {
    size_t n;
    const struct observation *v;
};

struct sampler_kind {
    const char *name, *about; /* `about` names the paper */
    const struct option_kind *options;
    size_t n_options;
    /* It lists a finite set and ends by itself, so that no number of draws thrown away is too many.
     */
    bool enumerates;
    /* Does it fit? NULL: always. */
    enum code (*fits)(const struct method *m, const struct space *s, const struct effort *effort,
                      struct error *e);
    enum code (*create)(const struct searcher_settings *settings, void **ret, struct error *e);
    void (*destroy)(void *self);
    /* One configuration from draw `index` (0, 1, ...: how many draws were taken before, counting
     * the ones that were thrown away as duplicates or not allowed; the searcher looks after both).
     * Sets *ret_end, and leaves *ret alone, when there are no more. The values live in `a`, the
     * space, or the sampler until its next call. Draws depend on (settings->seed, index) and
     * history alone; whatever else a sampler keeps may only save time. */
    enum code (*sample)(void *self, struct arena *a, const struct history *h, int64_t index,
                        struct config *ret, bool *ret_end, struct error *e);
};

extern const struct sampler_kind sampler_random, sampler_grid, sampler_sobol;

const struct sampler_kind *sampler_find(struct str name);
size_t sampler_kinds(const struct sampler_kind *const **ret);

#endif
