/*
 * One bracket of asynchronous successive halving: what asha is one of, and adaptive several.
 *
 * Where trials are stopped, every trial is given all steps and judged at each rung; where they are
 * paused, each is given the next rung's (ladder.h). asha.c says by which rules. The functions with
 * `self` are those of an allocator (allocator.h).
 */
#ifndef SEARCH_ASHA_BRACKET_H
#define SEARCH_ASHA_BRACKET_H

#include "search/allocator.h"

struct bracket;

/* steps: ascending, n_rungs of them, at least one. */
enum code bracket_new(int64_t eta, const int64_t *steps, size_t n_rungs, bool promote,
                      struct bracket **ret, struct error *e) must_check;
void bracket_free(void *self);

/* The steps of a new trial. */
int64_t bracket_first_steps(const struct bracket *x);
/* Does a paused trial go on? */
bool bracket_more(const struct bracket *x, struct allocation *ret);
/* When no new trial may be started and no paused one goes on. */
struct allocation bracket_finish(const struct bracket *x);

/* Near the end of the budget, where trials are paused: does one go on? Before a new one is started,
 * and where none is. */
bool bracket_more_within(const struct bracket *x, int64_t left, struct allocation *ret);
bool bracket_rest_within(const struct bracket *x, int64_t left, struct allocation *ret);
/* Are paused trials on their way to a rung? */
bool bracket_climbs(const struct bracket *x);

enum code bracket_started(void *self, int64_t trial, const struct allocation *a) must_check;
int64_t bracket_next_wanted(const void *self, int64_t trial, int64_t step);
enum decision bracket_decide(const void *self, int64_t trial, int64_t step, double value);
enum code bracket_take(void *self, int64_t trial, int64_t step, double value,
                       enum decision d) must_check;
enum code bracket_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                        double value) must_check;
enum code bracket_reopened(void *self, int64_t trial) must_check;
size_t bracket_rungs(const void *self, int64_t *ret_steps, size_t max);

/* The rungs from max_steps down by eta while they reach min_steps, ascending; at most `most`.
 * Returns how many. */
size_t rungs_between(int64_t min_steps, int64_t max_steps, int64_t eta, size_t most,
                     int64_t ret[RUNGS_MAX]);

#endif
