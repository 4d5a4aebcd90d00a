/*
 * A list of errors: what is wrong with a file, all of it at once.
 *
 * Bounded: after PROBLEMS_MAX the rest is counted, not kept.
 */
#ifndef BASE_PROBLEMS_H
#define BASE_PROBLEMS_H

#include "base/error.h"

#include <stddef.h>

enum { PROBLEMS_MAX = 20 };

struct problems {
    size_t n;       /* kept */
    size_t dropped; /* past the limit */
    struct error *v;
};

void problems_init(struct problems *p);
void problems_free(struct problems *p);
void problems_add(struct problems *p, const struct error *e);

#endif
