/*
 * Checkpoints on disk: which are still needed, how much they take, how they go, and whether trials
 * of a space left some.
 *
 * In a trial's folder `checkpoint` is what its program writes, and `checkpoint@STEP` are copies of
 * it that were kept (conf: checkpoints). What goes is first moved into a folder `gone.XXXXXX`
 * beside them, at once, and deleted from there: so whatever is under its own name is whole, and
 * what a kill left over goes with the next.
 */
#ifndef SCHED_CHECKPOINT_H
#define SCHED_CHECKPOINT_H

#include "store/store.h"

struct checkpoint_use {
    enum trial_state state;
    bool baseline;
    bool wins;         /* the best trial, or one of the front */
    bool keep_failed;  /* those that failed go on from theirs when they are retried */
    bool keep_stopped; /* and those that were stopped */
};
/* A trial that is not over always needs its checkpoint: it runs, will run, is paused, or may be let
 * go on. */
bool checkpoint_is_needed(const struct checkpoint_use *u);

/* Is nothing in the folder, or no folder there? One that can't be read is not empty: whoever copies
 * it learns why. */
bool checkpoint_is_empty(const char *folder);

/* Did one of the last trials of a space leave something in its checkpoint folder? Some twenty
 * folders are looked into at most. False where the store can't be read: nothing is known then. */
bool checkpoint_seen(struct store *s, const char *store_dir, struct str space_name);

enum { CHECKPOINT_COPIES_MAX = 1000 };

struct checkpoint_sizes {
    int64_t bytes;                        /* of all, leftovers too */
    size_t n_copies;                      /* the first so many are named */
    int64_t steps[CHECKPOINT_COPIES_MAX]; /* ascending */
};
/* Of a trial's folder; zeros where there is none. Walks through all that is there. */
void checkpoint_measure(const char *folder, struct checkpoint_sizes *ret);

/* Moves aside what stands under a trial's folder: all of it, its copies but for `name`, or `name`
 * alone. *ret_any: there was something. */
enum aside { ASIDE_ALL, ASIDE_COPIES_BUT, ASIDE_ONLY };
enum code checkpoint_set_aside(const char *folder, enum aside which, const char *name,
                               bool *ret_any, struct error *e) must_check;
/* Deletes what was moved aside, and what interrupted copies left. Any thread; but where a copy is
 * being made, not that. */
enum code checkpoint_delete_gone(const char *folder, bool copies_too, struct error *e) must_check;

#endif
