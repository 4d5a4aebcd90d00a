/*
 * How many trials a budget has room for, before any was run.
 *
 * Where an allocator has rungs r_1 < ... < r_K, and one in eta of those that get to one goes on, a
 * trial trains
 *
 *   r_1 + (r_2 - r_1) / eta + (r_3 - r_2) / eta^2 + ...
 *
 * steps on average, whatever its values (Li et al., "A System for Massively Parallel Hyperparameter
 * Tuning", MLSys 2020, section 3). Brackets that begin at other rungs are averaged in proportion to
 * eta^(rungs - 1) / rungs, as hyperband fills them (Li et al., JMLR 18, 2018). Allocators without
 * rungs are taken to train every trial to the end, which median, patience and threshold do not: the
 * number is then too small, by how much no one knows before. Where trials have steps of their own a
 * trial trains their mean over the prior, whatever constraints and samplers make of it.
 */
#ifndef SEARCH_EXPECT_H
#define SEARCH_EXPECT_H

#include "search/method.h"

/* Steps that a trial trains on average; at least 1, which it is without steps. The method has an
 * allocator. */
double expect_steps(const struct method *m, const struct effort *effort);
/* How many attempts a trial takes on average: of those that pause, one for each rung they get to.
 */
double expect_attempts(const struct method *m, const struct effort *effort);
/* Trials until trials, steps, time or cost are used up, at least 1; 0: there is no limit, or it is
 * not known. */
int64_t expect_trials(const struct method *m, const struct effort *effort);

#endif
