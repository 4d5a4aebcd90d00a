/*
 * A bounded list of errors.
 */
#include "base/problems.h"

#include <stdlib.h>

void problems_init(struct problems *p)
{
    *p = (struct problems){0};
}

void problems_free(struct problems *p)
{
    free(p->v);
    problems_init(p);
}

void problems_add(struct problems *p, const struct error *e)
{
    /* All the room at once: whoever has one problem to report often has more. */
    if (!p->v)
        p->v = malloc(PROBLEMS_MAX * sizeof(*p->v));
    if (!p->v || p->n == PROBLEMS_MAX)
        p->dropped++;
    else
        p->v[p->n++] = *e;
}
