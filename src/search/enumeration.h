/*
 * All configurations of a finite space that the constraints allow, one after the other, each
 * exactly once. The last parameter of the space's order turns fastest.
 *
 * Where a constraint is violated, everything that agrees in what it names is passed over at once. A
 * position is a number, so that the place of a search in it is one; walking on by one is cheap,
 * going back starts from the beginning.
 */
#ifndef SEARCH_ENUMERATION_H
#define SEARCH_ENUMERATION_H

#include "space/space.h"

struct enumeration;

/* points: how many quantiles stand for a parameter with infinitely many values (the middles of as
 * many parts of equal probability); 0: such a parameter is refused (E_INVALID). refused_max: how
 * many in a row the constraints may refuse; 0: any number. `s` is borrowed. */
enum code enumeration_new(const struct space *s, int64_t points, int64_t refused_max,
                          struct enumeration **ret, struct error *e) must_check;
void enumeration_free(struct enumeration *x);
/* The configuration at `position` (0, 1, ...), valid until the next call; *ret_end past the last.
 * E_UNSATISFIABLE past refused_max. */
enum code enumeration_at(struct enumeration *x, int64_t position, struct config *ret, bool *ret_end,
                         struct error *e) must_check;

#endif
