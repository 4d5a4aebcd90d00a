/*
 * Which trial is best: one ranking for every backend.
 *
 * Ranked are trials that completed or were stopped, have a value of every objective, and meet every
 * requirement. Replicates - trials of equal configuration that reached the same step in the same
 * state - share the means of their values, and of what they miss requirements by; where a value's
 * mean is not finite none of them is ranked, since NaN and infinities count as worst.
 *
 * Where trials have steps of their own (aims.own_steps) each is ranked by what it came to at its
 * end: all are taken to have reached the same step.
 *
 * One objective. Order: highest step, completed before stopped, better mean, lower trial number.
 * Several. The front: of what reached the highest step, completed before stopped, all that no other
 * dominates (is as good in every objective, and better in one); the first trial of each
 * configuration, in the order of the first objective. It takes n * size of the front comparisons:
 * 0.1 s for 10,000 trials of which none dominates another, 0.7 s where they have eight objectives.
 */
#ifndef STORE_RANK_H
#define STORE_RANK_H

#include "store/scores.h"

enum { RANK_MORE_MAX = STORE_OBJECTIVES_MAX - 1 + STORE_REQUIREMENTS_MAX };

struct ranked {
    int64_t step; /* rank_step of the highest reported */
    int64_t config_hash;
    int64_t number; /* the trial's, within its search */
    double value;   /* its own; the group's mean once grouped */
    double *more;   /* likewise: the other objectives, then what requirements are missed by; NULL
                       where there are neither */
    int64_t first;  /* the lowest number of its group, once grouped */
    bool stopped;
};

/* May a trial in this state be ranked at all? */
bool rank_takes(enum trial_state state, bool has_value);
/* The step that a trial which reached `step` is ranked at. */
int64_t rank_step(const struct aims *aims, int64_t step);
/* How many numbers `more` holds. */
size_t rank_more(const struct aims *aims);
/* Fills more[rank_more(aims)] from what a trial came to; what it does not have is NaN. */
void rank_fill_more(const struct aims *aims, const struct scores *o, double *more);
/* One group, in order of number, becomes its mean: values and first are set in all of them. False:
 * not to be ranked. The sums run in order of number, so that every backend gets the same bits. */
bool rank_group(struct ranked *v, size_t n, const struct aims *aims);
/* Below 0: a's group comes before b's. Both are grouped. */
int rank_compare(const struct ranked *a, const struct ranked *b, bool minimize);
/* Groups, drops what is not ranked, sorts best first; returns how many are left. With several
 * objectives those are the front. */
size_t rank_sort(struct ranked *v, size_t n, const struct aims *aims);

#endif
