/*
 * What a sampler is: a row of functions. Each sampler is a folder under search/ that exports one
 * const struct sampler_kind.
 */
#ifndef SEARCH_SAMPLER_H
#define SEARCH_SAMPLER_H

#include "search/history.h"
#include "search/searcher.h"

/* An option a method may set in parentheses. A number lies in [lo, hi]; `words` (NULL-terminated)
 * makes it a word instead, words[0] being the default. */
struct option_kind {
    const char *name, *about;
    double def, lo, hi;
    bool whole;
    bool tacit; /* at its default it is left out where a method is written */
    const char *const *words;
};

struct sample_request {
    const struct history *history;
    int64_t index; /* how many draws were taken before, those that were thrown away included */
    const double *fitted; /* what the last sample had fitted */
    size_t n_fitted;      /* 0: nothing yet */
};

struct sample {
    struct config config;
    bool end;             /* there are no more; config is not set */
    int origin;           /* index into `origins` */
    const double *fitted; /* hyperparameters, for the journal and for the next sample to start from;
                             finite; in `a` or the sampler */
    size_t n_fitted;      /* at most FITTED_MAX; 0: as before */
};

struct sampler_kind {
    const char *name, *about; /* `about` names the paper */
    const struct option_kind *options;
    size_t n_options;
    const char *const *origins; /* NULL-terminated words for the parts of it that make proposals;
                                   NULL: it has no parts */
    /* It lists what is allowed of a finite set and ends by itself, so that no number of known ones
     * in a row is too many. */
    bool enumerates;
    bool instant;          /* a sample costs microseconds: not worth preparing ahead */
    size_t objectives_max; /* 0: any number */
    /* Does it fit? NULL: always. */
    enum code (*fits)(const struct method *m, const struct space *s, const struct effort *effort,
                      struct error *e);
    enum code (*create)(const struct searcher_settings *settings, void **ret, struct error *e);
    void (*destroy)(void *self);
    /* One configuration. It depends on the settings and the request alone, bit for bit; whatever
     * else a sampler keeps may only save time. Never two calls at once, but perhaps on another
     * thread than the last; nothing that it is given changes meanwhile. *ret is zeroed before. The
     * values live in `a`, the space, or the sampler until its next call.
     *
     * The searcher throws away what the constraints refuse or what was proposed before, and calls
     * again with the next index. Whoever pays for a sample looks itself: config_allowed,
     * history_knows. */
    enum code (*sample)(void *self, struct arena *a, const struct sample_request *q,
                        struct sample *ret, struct error *e);
};

extern const struct sampler_kind sampler_random, sampler_grid, sampler_sobol, sampler_gp,
    sampler_tpe, sampler_cmaes, sampler_evolution, sampler_local, sampler_nsga2, sampler_portfolio;

const struct sampler_kind *sampler_find(struct str name);
size_t sampler_kinds(const struct sampler_kind *const **ret);

#endif
