/*
 * A quantity of a simulated cluster: an expression of the trial's parameters ("0.2 * layers"), or a
 * prior that is drawn from once an attempt ("lognormal(0, 0.3)"), as trawl.yaml has them.
 */
#ifndef EXEC_SIM_AMOUNT_H
#define EXEC_SIM_AMOUNT_H

#include "base/rng.h"
#include "space/space.h"

struct amount {
    struct expr *x; /* NULL: it is drawn from the prior */
    struct prior prior;
    const char *name; /* of what it is, for messages */
};

/* `name` ("--step-time") must last; errors are placed in the text. Refused: a prior that may give
 * anything but numbers from 0 up. */
enum code amount_parse(struct arena *a, struct str text, const char *name, const struct space *s,
                       struct amount *ret, struct error *e) must_check;
/* At least 0 and finite, else E_INVALID: an expression may come to anything, or to nothing where it
 * names a parameter that is not active. */
enum code amount_of(const struct amount *m, const struct config *c, struct rng *r, double *ret,
                    struct error *e) must_check;

#endif
