/*
 * Sobol points with random access: point i of a sequence in d dimensions, for any i.
 *
 * Direction numbers of Joe & Kuo (2008) for SOBOL_TABLE dimensions; further ones are independent
 * hashed uniforms ("padding", Owen 1998), so that a space of any size is served. Points come in
 * Gray code order, as elsewhere; any aligned run of 2^k of them is a (t, m, s)-net.
 *
 * Scrambled: nested uniform (Owen) scrambling of the 32 binary digits by a hash instead of a stored
 * tree of permutations (Laine & Karras 2011; Burley, "Practical Hash-based Owen Scrambling", JCGT
 * 9(4), 2020; constants by N. Vegdahl). The hash's own addition is the digital shift. Bits below
 * the 32nd are hashed from (seed, index, dimension), so that a 64-bit integer can take any value.
 */
#ifndef SEARCH_SOBOL_POINTS_H
#define SEARCH_SOBOL_POINTS_H

#include "space/space.h"

enum { SOBOL_TABLE = 1111 };

struct sobol;

enum code sobol_new(size_t dims, bool scramble, uint64_t seed, struct sobol **ret,
                    struct error *e) must_check;
void sobol_free(struct sobol *s);
/* `dims` numbers in [0, 1). Unscrambled, they are multiples of 2^-32. */
void sobol_point(const struct sobol *s, uint64_t index, double *ret_u);
/* The configuration at a point; `dims` is space->n_units. */
enum code sobol_config(const struct sobol *s, const struct space *space, uint64_t index,
                       struct arena *a, struct config *ret, struct error *e) must_check;

#endif
