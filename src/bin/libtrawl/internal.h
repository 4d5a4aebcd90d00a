/*
 * Between the public library and what it stands on.
 */
#ifndef BIN_LIBTRAWL_INTERNAL_H
#define BIN_LIBTRAWL_INTERNAL_H

#include "optimize/optimizer.h"
#include "trawl/trawl.h"

/* Tells the caller what went wrong inside; returns its code. */
enum trawl_code public_error(enum code code, const struct error *e, struct trawl_error *ret);

/* A trial of its own, from a proposal and from a best one; NULL: out of memory. */
struct trawl_trial *trial_of_proposal(const struct proposal *p);
struct trawl_trial *trial_of_best(const struct best *b, size_t n_values);

#endif
