/*
 * Going through a part of a space: some parameters with everything their conditions depend on.
 * Private to space_*.c.
 */
#ifndef SPACE_SPACE_WALK_H
#define SPACE_SPACE_WALK_H

#include "space/space_check.h"

/* Closed under conditions, in the order of s->order. */
struct part {
    const struct space *s;
    int *members;
    size_t n;
    struct value *values; /* by parameter; VALUE_NONE for inactive ones and for what is outside */
    struct arena *arenas; /* one a member: what its value points to */
    struct arena arena;   /* all of the above */
};

/* `wanted` (by parameter) is closed under conditions first. part_free even where it fails. */
enum code part_init(struct part *p, const struct space *s, const struct name_list *names,
                    const bool *wanted) must_check;
void part_free(struct part *p);

/* Draws every active member anew. */
enum code part_draw(struct part *p, struct rng *r) must_check;
/* Draws one member anew, if it is active, and switches those after it on and off; members that
 * become active are drawn. */
enum code part_redraw(struct part *p, struct rng *r, int param) must_check;

enum walk_end {
    WALK_ALL,     /* every combination was visited */
    WALK_STOPPED, /* by visit */
    WALK_LIMIT,   /* after `steps` values: there are more */
    WALK_INFINITE /* a member has infinitely many values */
};
/* Visits every combination of values of the members; visit returns true to stop. */
enum code part_walk(struct part *p, int64_t steps, bool (*visit)(void *self, const struct part *p),
                    void *self, enum walk_end *ret) must_check;

#endif
