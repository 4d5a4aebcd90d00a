/*
 * Several objectives at once: who dominates whom, fronts, and how much a front covers.
 *
 * Points are rows of m numbers, every one to be minimised, none of them NaN. One point dominates
 * another when it is no worse in any and better in one; equal points don't dominate each other.
 */
#ifndef SEARCH_PARETO_H
#define SEARCH_PARETO_H

#include "search/history.h"

bool pareto_dominates(size_t m, const double *a, const double *b);

/* ret_front[i]: 0 for what nothing dominates, 1 for what nothing but that dominates, ... Efficient
 * non-dominated sort (Zhang, Tian, Cheng & Jin, IEEE Trans. Evol. Comput. 19(2), 2015): n log n and
 * a comparison with part of each better front. */
enum code pareto_sort(size_t n, size_t m, const double *points, uint32_t *ret_front) must_check;

/* How much room each of n points of one front has: the sum over objectives of the distance between
 * its neighbours, in parts of the front's extent; infinity at its ends (Deb, Pratap, Agarwal &
 * Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002, section III-B). */
enum code pareto_crowding(size_t n, size_t m, const double *points, double *ret_room) must_check;

/* The volume that the points dominate, up to the reference point: what is not better than it in
 * every objective adds nothing. Exact. Two objectives take n log n; three about as much (a sweep
 * over a staircase); more a recursion over slices, exclusive volumes of limited sets (While,
 * Bradstreet & Barone, IEEE Trans. Evol. Comput. 16(1), 2012), whose worst case is exponential:
 * E_LIMIT past PARETO_WORK comparisons, and for more than PARETO_OBJECTIVES_MAX objectives. */
enum { PARETO_OBJECTIVES_MAX = 16 };
#define PARETO_WORK ((uint64_t)1 << 32)
enum code pareto_volume(size_t n, size_t m, const double *points, const double *reference,
                        double *ret, struct error *e) must_check;

/* Has it a value of every objective? */
bool observation_has_values(const struct history *h, const struct observation *o);
/* As pareto_dominates, where both meet the requirements; what meets them dominates what doesn't,
 * and what violates them by less (Deb et al. 2002, section VI). What has no values is dominated by
 * all that has, a failure by what has not failed, and what is infeasible by everything else. */
bool observation_dominates(const struct history *h, const struct observation *a,
                           const struct observation *b);

/* pareto_sort of the observations at `at` (positions in h->v) by observation_dominates: no more
 * work than sorting their values. Scratch is in `a`. */
enum code observations_sort(const struct history *h, size_t n, const uint32_t *at, struct arena *a,
                            uint32_t *ret_front) must_check;

/* The trials that no other dominates, among those that have values, evidence left out: positions in
 * h->v, ascending, in `a`. Where none meets the requirements, the ones that violate them least. */
enum code pareto_front(const struct history *h, struct arena *a, const uint32_t **ret,
                       size_t *ret_n) must_check;

#endif
