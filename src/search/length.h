/*
 * How long a trial trains, where a parameter of the space says so: `steps: logint(1, 27)`.
 *
 * Then there is no budget of steps beside it, and no allocator that has a length of its own for
 * each trial (allocator_kind.owns_steps): a trial's steps are its configuration's value. Whatever
 * samplers do, they see a parameter like any other.
 */
#ifndef SEARCH_LENGTH_H
#define SEARCH_LENGTH_H

#include "search/method.h"

#define STEPS_MAX 1000000000000LL /* 10^12: of a trial */

/* The parameter `steps` of the space, whatever its prior; -1: there is none. */
int length_param(const struct space *s);
/* Makes it the length of trials: fills in has_steps, own_steps, min_steps, max_steps and
 * mean_steps. E_INVALID with a hint where it can't be: it has a condition, or values that are no
 * whole numbers from 1 to STEPS_MAX. The space must have it. */
enum code length_read(const struct space *s, struct effort *effort, struct error *e) must_check;
/* Its value: the steps that a trial of the configuration trains. The space must have it. */
int64_t length_of(const struct config *c);

#endif
