/*
 * Moves: configurations that differ from a given one in the value of one parameter.
 *
 * What a move switches on is drawn from its prior; what it switches off is gone; all else stays.
 * Constraints are not looked at.
 *
 * The neighbours of a value are a finite list:
 *   choice, flag        every other level
 *   ordinal, int, step  every other value where there are at most nine; else one up, one down, and
 *                       the steps of a real
 *   real                0.2, 0.07, 0.02 and 0.006 up and down in the prior's cube (prior.h)
 *   subset              one item more or less; one for another where there may be no more or less
 *   permutation         one item taken out and put in elsewhere
 * Some of a list may be no neighbour (past the edge; the value itself, after rounding), and some
 * may be the same.
 */
#ifndef SEARCH_MOVES_H
#define SEARCH_MOVES_H

#include "space/space.h"

/* Can it have another value at all? */
bool moves_any(const struct prior *p);
/* How long the list is, for any value; at most 10,000. */
size_t moves_count(const struct prior *p);
/* Number k < moves_count of v's; *ret_is: it is one. The value may point into `a` or the prior. */
enum code moves_nth(const struct prior *p, struct arena *a, const struct value *v, size_t k,
                    struct value *ret, bool *ret_is) must_check;
/* A draw from the prior that differs from v, if a hundred draws find one (else v itself). */
enum code moves_draw(const struct prior *p, struct arena *a, struct rng *r, const struct value *v,
                     struct value *ret) must_check;
/* A normal step in the cube from v, with this standard deviation, reflected at its walls; for
 * priors with an order (moves_ordered). May come out at v. */
enum code moves_step(const struct prior *p, struct arena *a, struct rng *r, const struct value *v,
                     double sd, struct value *ret) must_check;
bool moves_ordered(const struct prior *p);

/* `from` with another value for one of its active parameters. The values lie in `a`, the space and
 * where those of `from` do. */
enum code moves_to(const struct config *from, struct arena *a, struct rng *r, int param,
                   const struct value *v, struct config *ret) must_check;

#endif
