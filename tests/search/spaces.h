/*
 * Spaces that samplers are tried on: fixed ones, each with its difficulty, and random ones.
 */
#ifndef TESTS_SEARCH_SPACES_H
#define TESTS_SEARCH_SPACES_H

#include "base/rng.h"
#include "fixture.h"

extern const struct row space_one[];         /* one real number */
extern const struct row space_mixed[];       /* one parameter of most kinds */
extern const struct row space_conditional[]; /* conditions three deep, subsets, permutations */
extern const struct row space_integers[];    /* at the edges of 64 bits */
extern const struct row space_extreme[];     /* reals at the edges of doubles, single values */
extern const struct row space_small[];       /* finite: 42 configurations */
extern const struct row space_tight[];       /* with space_tight_constraint: one draw in 2,000 */
extern const struct row space_code[];        /* categories, flags, subsets, permutations alone */
extern const struct row space_lists[]; /* long subsets and permutations, and what they decide */

extern const char *const space_conditional_constraint, *const space_mixed_constraint;
extern const char *const space_small_constraint, *const space_tight_constraint;
extern const struct row space_length[]; /* with steps that trials train, 1 to 27 */

/* n parameters of two kinds; the rows are in `a`. */
const struct row *space_wide(struct arena *a, size_t n);
/* A random space: one to eight parameters of any kind, now and then with bounds at the edges, half
 * of them under a condition, half of the spaces under a constraint. */
struct space *space_random(uint64_t seed);
/* How many configurations of a finite space are allowed. */
int64_t space_count_allowed(const struct space *s);
/* Prints it, for a test that fails. */
void space_print(const struct space *s);

#endif
