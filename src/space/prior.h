/*
 * Priors: what values a parameter may take, and how likely each is before anything is known.
 *
 * A prior maps [0,1)^k onto its values (prior_decode) and back (prior_encode). k is 1 for all but
 * subset (one coordinate an item: in when u >= 1/2, repaired to min/max by distance from 1/2) and
 * permutation (random keys: the items sorted by their coordinate). Equal volumes of the cube are
 * equal prior probability, so that a uniform point of the cube is a draw from the prior, and log,
 * normal, weights need nothing of a sampler. Integers own cells of equal size (in log space for
 * logint, cell edges at i - 1/2); encode gives the cell's centre.
 *
 * Decoding an encoded value gives it back: exactly for what has levels or a step, and for integers
 * while a cell is wider than the spacing of doubles near 1 (2^51 cells; logint up to about 2^40);
 * reals to within rounding. A normal reaches 8.2 standard deviations where it is not cut.
 */
#ifndef SPACE_PRIOR_H
#define SPACE_PRIOR_H

#include "space/expr.h"

enum { PRIOR_LEVELS_MAX = 10000, PRIOR_ITEMS_MAX = 64, PRIOR_BYTES_MAX = 1 << 20 };

enum prior_kind {
    PRIOR_FIXED,
    PRIOR_UNIFORM,
    PRIOR_LOGUNIFORM,
    PRIOR_NORMAL,
    PRIOR_LOGNORMAL,
    PRIOR_INT,
    PRIOR_LOGINT,
    PRIOR_CHOICE,
    PRIOR_ORDINAL,
    PRIOR_FLAG,
    PRIOR_SUBSET,
    PRIOR_PERMUTATION,
    PRIOR_KIND_COUNT
};

struct prior {
    enum prior_kind kind;
    double lo, hi;           /* inclusive; real kinds; -inf/inf where a normal is not cut */
    double step;             /* uniform's; 0: none */
    double scale;            /* power of ten that makes lo and step whole; 0: none does */
    double mean, sd;         /* normal, lognormal (of the logarithm) */
    int64_t ilo, ihi, istep; /* int, logint; istep 1 unless said */
    size_t n_levels; /* choice, ordinal, flag (false, true), subset, permutation, fixed (1) */
    const struct value *levels;
    const double *weights; /* choice: sums to 1; NULL: all alike */
    int min, max;          /* subset: how many items */
    struct str on, off;    /* flag: what stands on the command line; p == NULL: the default form */
};

/* Parses "loguniform(1e-4, 1)". Levels and strings are copied into `a`. Errors carry line and
 * column; an unknown prior names the nearest. Refused: lo > hi, log of what is not positive, sd <=
 * 0, a step that does not lead from lo to hi, one level said twice (1 and 1.0 are), weights that
 * are not positive, min > max, more than 10,000 levels (64 for subset and permutation), infinite
 * bounds. Numbers may be given by name too (lo=, hi=, mean=, sd=); step, min, max, on, off only so.
 * `branches` and `patches` are refused with a clear word that they are not there yet. */
enum code prior_parse(struct arena *a, struct str text, struct location at, struct prior *ret,
                      struct error *e) must_check;
enum code prior_fixed(struct arena *a, const struct value *v, struct prior *ret) must_check;

int prior_units(const struct prior *p); /* k; 0 for fixed */
/* u has prior_units numbers in [0,1]. The value may point into `a` (lists) or the prior. */
enum code prior_decode(const struct prior *p, struct arena *a, const double *u,
                       struct value *ret) must_check;
/* v must be contained. */
void prior_encode(const struct prior *p, const struct value *v, double *ret_u);
/* Inside the bounds, on the grid, of the right type? An int where a real is wanted is taken; *v is
 * replaced by the canonical value (type, step, order of a subset's items; a new list is in `a`).
 * Otherwise E_INVALID saying why, with a hint. */
enum code prior_accept(const struct prior *p, struct arena *a, struct value *v,
                       struct error *e) must_check;
/* How many values; 0: infinitely many; saturates at INT64_MAX. */
int64_t prior_count(const struct prior *p);
/* The i-th value, 0 <= i < prior_count; for finite priors. */
enum code prior_nth(const struct prior *p, struct arena *a, int64_t i,
                    struct value *ret) must_check;
/* Canonical text, that parses back to the same prior; of a fixed value, the value. */
void prior_write(const struct prior *p, struct buf *b);
/* "a, b, c": the levels or items for a message, shortened where they are many. */
void prior_write_levels(const struct prior *p, struct buf *b);
/* The string among the levels that is nearest to a misspelt one, or NULL. */
const char *prior_nearest(const struct prior *p, struct str word);
const char *prior_kind_name(enum prior_kind kind);

#endif
