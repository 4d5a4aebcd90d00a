/*
 * What space_finish proves about a space; private to space*.c.
 */
#ifndef SPACE_SPACE_CHECK_H
#define SPACE_SPACE_CHECK_H

#include "space/space.h"

/* Fills order[] and depth, or says which conditions go in a circle. `names` are the parameters each
 * condition names. */
struct name_list {
    int *v;
    size_t n;
};
enum code space_order(struct space *s, const struct name_list *names, struct error *e) must_check;

/* The parameters that x names, each once, in `a`. */
enum code space_names_of(const struct space *s, const struct expr *x, struct arena *a,
                         struct name_list *ret) must_check;

/* Adds a problem for every condition that is never true. E_NOMEM, or OK. */
enum code space_check_conditions(const struct space *s, const struct name_list *names,
                                 struct problems *problems) must_check;
/* Adds a problem where nothing satisfies the constraints. E_NOMEM, or OK. */
enum code space_check_constraints(const struct space *s, const struct name_list *names,
                                  struct problems *problems) must_check;

#endif
