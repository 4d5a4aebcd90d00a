/*
 * What an allocator is: how much training each trial gets.
 */
#ifndef SEARCH_ALLOCATOR_H
#define SEARCH_ALLOCATOR_H

#include "search/sampler.h"

enum { RUNGS_MAX = 64 }; /* 2^63 steps, halved */

/* What a free slot is to do. */
enum allocation_kind {
    ALLOCATE_NEW,    /* start a new configuration */
    ALLOCATE_MORE,   /* go on with a paused trial */
    ALLOCATE_CHOOSE, /* one or the other of these: `choose` says which */
    ALLOCATE_COPY,   /* start a trial that begins with another's checkpoint */
    ALLOCATE_WAIT,   /* nothing until a report or an exit came */
    ALLOCATE_DONE    /* nothing will be started any more */
};

struct allocation {
    enum allocation_kind kind;
    int64_t trial; /* ALLOCATE_MORE */
    int64_t steps; /* train up to this step; 0: the search has no steps */
    bool fresh;    /* ALLOCATE_CHOOSE: may it be a new configuration? */
    bool keep;     /* ALLOCATE_MORE: its checkpoint as it is now may be copied later */
    /* ALLOCATE_COPY: whose checkpoint, as it was at `from`; and the trial that it replaces, which
     * trains no further. */
    int64_t parent, from, over;
};

/* What a choice between a new configuration and a paused trial is made from. */
struct choice_request {
    const struct searcher_settings *settings;
    const struct history *history;
    const struct curve *curves; /* by position in the history */
    bool fresh;                 /* may it be a new configuration? */
    int64_t left;               /* steps that a slot can still train, below the most: the budget
                                   nears its end (closing) */
    int64_t index;              /* the generator's position */
    const double *weighed;      /* what the last choice had fitted */
    size_t n_weighed;           /* 0: nothing yet */
};

struct choice {
    int64_t trial; /* it goes on; 0: a new configuration, or, where none may be, nothing */
    int64_t steps; /* up to this step */
    struct config
        config; /* the new one, allowed and not known, in `a`; values NULL: the sampler's */
    const double *weighed; /* hyperparameters, for the journal and for the next choice to start
                              from; finite; in `a` */
    size_t n_weighed;      /* at most WEIGHED_MAX; 0: as before */
};

/* What a copy's values are made of. */
struct vary_request {
    const struct history *history;
    int64_t trial;  /* the new one's number */
    int64_t parent; /* whose values it begins with */
};

struct allocator_kind {
    const char *name, *about;
    const struct option_kind *options;
    size_t n_options;
    bool needs_steps;
    bool owns_steps; /* it says itself how long a trial trains: no parameter may (length.h) */
    /* Does it pause trials and let some go on? NULL: it does not. */
    bool (*pauses)(const struct method *m);
    /* Does it fit? NULL: always. */
    enum code (*fits)(const struct method *m, const struct effort *effort, struct error *e);
    enum code (*create)(const struct searcher_settings *settings, void **ret, struct error *e);
    void (*destroy)(void *self);
    /* The configuration of an ALLOCATE_COPY, which the constraints allow; what it points to lives
     * in `a`, the space or the history. It changes nothing. NULL: it copies no checkpoints. */
    enum code (*vary)(const void *self, struct arena *a, const struct vary_request *q,
                      struct config *ret, struct error *e);
    /* What next? fresh: another configuration may be started. It changes nothing; `started` is told
     * what came of it. The baseline is given max_steps without being asked for. Where trials have
     * steps of their own, those take the place of what is answered here. */
    struct allocation (*next)(const void *self, bool fresh);
    /* The same near the end of the budget, when a slot has `left` steps, too few to train a new
     * trial to its end. NULL: `next` says, and a new trial starts where it gets to the lowest rung,
     * or to the least budget. */
    struct allocation (*closing)(const void *self, bool fresh, int64_t left);
    /* What `next` left open, by a model of all curves, which may propose the new configuration too:
     * it may take its time, and runs where samplers run (sampler.h), at the index from which the
     * sampler draws, should it be a new configuration. It depends on the request alone, bit for
     * bit. NULL: next leaves nothing open. */
    enum code (*choose)(struct arena *a, const struct choice_request *q, struct choice *ret,
                        struct error *e);
    /* May the trial's checkpoint of this step be copied yet? NULL: none ever is. */
    bool (*may_copy)(const void *self, int64_t trial, int64_t step);
    /* A trial was started, or a paused one goes on. All or nothing. NULL: of no interest. Of a
     * recorded ALLOCATE_COPY that can't have been its own it answers E_STATE. */
    enum code (*started)(void *self, int64_t trial, const struct allocation *x);
    /* The first step >= `step` at which it wants trial's value; INT64_MAX: none. Where a wanted
     * step was jumped over, that is `step` itself. */
    int64_t (*next_wanted)(const void *self, int64_t trial, int64_t step);
    /* value is minimised, finite or NaN, which is worst. Deciding and taking are apart, so that a
     * recorded decision can be taken without being computed: decide changes nothing, take does it
     * all or, out of memory, nothing. The searcher does not ask about the baseline, about a trial
     * that has trained max_steps (its own steps), or about one that was told to stop or pause. A
     * trial is paused at the end of its steps only. */
    enum decision (*decide)(const void *self, int64_t trial, int64_t step, double value);
    enum code (*take)(void *self, int64_t trial, int64_t step, double value, enum decision d);
    /* A trial ended, or came back to life. NULL: of no interest. */
    enum code (*ended)(void *self, int64_t trial, enum outcome outcome, int64_t step, double value);
    enum code (*reopened)(void *self, int64_t trial);
    /* The first `max` rungs in ascending order; returns how many there are. NULL: none. */
    size_t (*rungs)(const void *self, int64_t *ret_steps, size_t max);
};

extern const struct allocator_kind allocator_full, allocator_median, allocator_asha,
    allocator_adaptive, allocator_sha, allocator_hyperband, allocator_patience, allocator_threshold,
    allocator_freeze_thaw, allocator_pbt, allocator_pb2, allocator_replay;

const struct allocator_kind *allocator_find(struct str name);
size_t allocator_kinds(const struct allocator_kind *const **ret);

#endif
