/*
 * A ladder of rungs that paused trials climb: at each rung a trial stops and waits, and the best
 * one in eta of those that are there goes on to the next (Li et al. 2020, algorithm 2).
 *
 * Order is by value, then by trial number. A missing value (NaN) counts as a result of the rung but
 * never goes on. Adding a result is O(log n), everything else a look-up.
 */
#ifndef SEARCH_ASHA_LADDER_H
#define SEARCH_ASHA_LADDER_H

#include "search/allocator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ladder;

/* steps: ascending, n_rungs of them, at least one. */
enum code ladder_new(int64_t eta, const int64_t *steps, size_t n_rungs, struct ladder **ret,
                     struct error *e) must_check;
void ladder_free(struct ladder *x);

/* Trial numbers start at 1. A trial climbs from the lowest rung; a result beyond the rung that it
 * is on its way to enters the highest one reached. All or nothing. */
enum code ladder_start(struct ladder *x, int64_t trial) must_check;
enum code ladder_add(struct ladder *x, int64_t trial, int64_t step, double value) must_check;
/* It goes on to the rung at `steps`. Changes nothing that could fail. */
void ladder_climb(struct ladder *x, int64_t trial, int64_t steps);
/* It ended: it is on its way no more, and never goes on. completed: its program had nothing more to
 * train, wherever that was. */
void ladder_leave(struct ladder *x, int64_t trial, bool completed);
/* One that ended comes back, on its way to the rung after the last one that it reached. */
void ladder_return(struct ladder *x, int64_t trial);

/* The step of the rung that trial is on its way to; INT64_MAX: it is not on its way. */
int64_t ladder_goal(const struct ladder *x, int64_t trial);
/* Would a result at `step` be one of the highest rung? */
bool ladder_is_top(const struct ladder *x, int64_t step);
/* Who goes on, and how far: looked for from the highest rung but one down. */
bool ladder_next(const struct ladder *x, int64_t *ret_trial, int64_t *ret_steps);
/* When nobody is on the way and nobody may go on: the best that waits on the highest rung that was
 * reached, as long as nobody reached the top or was completed. */
bool ladder_last(const struct ladder *x, int64_t *ret_trial, int64_t *ret_steps);
/* Who goes on when `left` steps are left: first whoever gets to the top, from the highest rung
 * down, those that ladder_next would name before the others. */
bool ladder_top_within(const struct ladder *x, int64_t left, int64_t *ret_trial,
                       int64_t *ret_steps);
/* To the next rung: those that ladder_next would name. */
bool ladder_next_within(const struct ladder *x, int64_t left, int64_t *ret_trial,
                        int64_t *ret_steps);
/* And the others. */
bool ladder_rest_within(const struct ladder *x, int64_t left, int64_t *ret_trial,
                        int64_t *ret_steps);
size_t ladder_climbing(const struct ladder *x); /* how many are on the way */
size_t ladder_results(const struct ladder *x, size_t rung);

#endif
