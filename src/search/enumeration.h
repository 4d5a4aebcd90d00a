/*
 * All configurations of a finite space, one after the other: each that the conditions can give
 * exactly once, constraints not looked at. The last parameter of the space's order turns fastest.
 *
 * A position is a number, so that the place of a search in it is one; walking on by one is cheap,
 * going back starts from the beginning.
 */
#ifndef SEARCH_ENUMERATION_H
#define SEARCH_ENUMERATION_H

#include "space/space.h"

struct enumeration;

/* points: how many quantiles stand for a parameter with infinitely many values (the middles of as
 * many parts of equal probability); 0: such a parameter is refused (E_INVALID). `s` is borrowed. */
enum code enumeration_new(const struct space *s, int64_t points, struct enumeration **ret,
                          struct error *e) must_check;
void enumeration_free(struct enumeration *x);
/* The configuration at `position` (0, 1, ...), valid until the next call; *ret_end past the last.
 */
enum code enumeration_at(struct enumeration *x, int64_t position, struct config *ret, bool *ret_end,
                         struct error *e) must_check;

#endif
