/*
 * Which trial is best: one ranking for every backend.
 *
 * Ranked are trials that completed or were stopped and have a value. Replicates - trials of equal
 * configuration that reached the same step in the same state - share the mean of their values;
 * where that mean is not finite none of them is ranked, since NaN and infinities count as worst.
 * Order: highest step, completed before stopped, better mean, lower trial number.
 */
#ifndef STORE_RANK_H
#define STORE_RANK_H

#include "store/store.h"

struct ranked {
    int64_t step;
    int64_t config_hash;
    int64_t number; /* the trial's, within its search */
    double value;   /* its own; the group's mean once grouped */
    int64_t first;  /* the lowest number of its group, once grouped */
    bool stopped;
};

/* May a trial in this state be ranked at all? */
bool rank_takes(enum trial_state state, bool has_value);
/* One group, in order of number, becomes its mean: value and first are set in all of them. False:
 * not finite, so not ranked. The sum runs in order of number, so that every backend gets the same
 * bits. */
bool rank_group(struct ranked *v, size_t n);
/* Below 0: a's group comes before b's. Both are grouped. */
int rank_compare(const struct ranked *a, const struct ranked *b, bool minimize);
/* Groups, drops what is not ranked, sorts best first; returns how many are left. */
size_t rank_sort(struct ranked *v, size_t n, bool minimize);

#endif
