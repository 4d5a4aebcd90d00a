/*
 * Between configurations and what CMA-ES moves: axes, on which a normal distribution lives, and
 * choices, each with a probability for every level.
 *
 * An axis of a real number is its coordinate in the cube, cut at 0 and 1. A normal prior has one of
 * its own, on which four standard deviations (less, where it is cut) have length 1. An axis of what
 * is countable and ordered (integers, steps, ordinals, flags, the items of a subset in or out, the
 * place of an item in a permutation) is the same line divided into cells. A choice is no axis.
 * What can take one value only is neither.
 *
 * A configuration does not tell where in a cell its point lay, nor how far beyond a bound one was
 * that was cut there: it tells an interval (axes_encode), and what follows from it is the mean and
 * the variance of the points that might have been drawn in there (span_moments).
 */
#ifndef SEARCH_CMAES_AXES_H
#define SEARCH_CMAES_AXES_H

#include "base/rng.h"
#include "space/space.h"

/* Counts past this have cells too narrow to matter, and are taken for reals. */
enum { AXIS_CELLS_MAX = 1 << 20 };

enum axis_kind {
    AXIS_REAL,
    AXIS_CELLS,    /* of equal width, in [0, 1] */
    AXIS_LOG_CELLS /* of integers, in [0, 1] */
};

struct axis {
    enum axis_kind kind;
    int param;
    int unit;           /* of the cube */
    double lo, hi;      /* AXIS_REAL: where it is cut, inclusive; may be infinite */
    double cells;       /* AXIS_CELLS: how many */
    bool normal;        /* a normal prior's */
    bool keys;          /* an item's place in a permutation: only the order of such axes matters */
    double base, width; /* a normal prior's number is base + width * x; AXIS_LOG_CELLS: the
                           logarithm is */
    double start;       /* the prior's median */
};

struct category_axis {
    int param;
    size_t n, first; /* levels, and the place of the first in arrays over all levels */
    bool gates;      /* a condition names it */
};

struct axes {
    const struct space *space; /* borrowed */
    size_t n, n_choices, n_levels;
    struct axis *v;
    struct category_axis *choices;
    double *prior;               /* one a level of all choices */
    int *first_axis, *choice_of; /* of a parameter; -1: it has none */
    double *units;               /* scratch: a point of the cube */
};

/* An interval of the line; lo == hi: that point. */
struct span {
    double lo, hi;
};

#define CHOICE_INACTIVE UINT32_MAX

enum code axes_init(struct axes *a, const struct space *s) must_check;
void axes_free(struct axes *a);

/* The configuration at a point; levels: one a choice. Values are in `arena` or the space. */
enum code axes_decode(const struct axes *a, struct arena *arena, const double *x,
                      const uint32_t *levels, struct config *ret) must_check;
/* Where a configuration's point lay on each axis, whether the axis was active (if not, the span is
 * all of the line), and the level of each choice (CHOICE_INACTIVE). */
void axes_encode(const struct axes *a, const struct config *c, struct span *ret_spans,
                 bool *ret_active, uint32_t *ret_levels);

/* The cell x lies in: the outermost reach to infinity. A real has one cell, [lo, hi], and what is
 * beyond. */
struct span axis_cell(const struct axis *x, double at);
/* Of N(mean, sd^2) cut to the span: its mean, and its variance as a share of sd^2, 0 to 1. */
struct moments {
    double mean, variance;
};
struct moments span_moments(struct span s, double mean, double sd);
/* A draw from the prior. */
double axis_draw(const struct axis *x, struct rng *r);

#endif
