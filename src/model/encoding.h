/*
 * What a model sees of a configuration: a row of numbers, one a column, whose weighted squared
 * differences add up to a squared distance. Every distance here is one between points of a
 * Euclidean space, so that a radial kernel of their sum is positive definite.
 *
 *   real, integer, ordinal   its coordinate in the prior's cube; what has cells, at its cell's
 * centre flag, an item of a subset  0 or 1 choice                   the number of its level; two
 * that differ are at distance 1 (Hamming) permutation              a column for each pair of items,
 * 0 or 1 by which comes first, that share one length scale and a total weight of 1 (Kendall's
 * distance) inactive                 the middle: 1/2, and of a choice the point that is equally far
 * from all its levels (at squared distance 1/2), written as -1
 *
 * An inactive parameter at the middle keeps what its siblings taught: a branch is told from others
 * by the column of its parent alone.
 *
 * It also knows the coordinates of the cube ("units") by what moves along them make sense.
 */
#ifndef MODEL_ENCODING_H
#define MODEL_ENCODING_H

#include "space/space.h"

enum column_kind { COLUMN_NUMBER, COLUMN_CATEGORY };

struct column {
    enum column_kind kind;
    int param;
    int unit;     /* the coordinate it stands for; -1: none of its own (a pair of a permutation) */
    size_t group; /* which length scale */
    double share; /* of the group's weight */
};

enum unit_kind {
    UNIT_REAL,     /* any number of [0,1) */
    UNIT_CELLS,    /* levels in order */
    UNIT_CATEGORY, /* levels without order; flags too */
    UNIT_ITEM,     /* an item of a subset: out below 1/2 */
    UNIT_KEY       /* an item of a permutation: sorts it */
};

struct unit {
    enum unit_kind kind;
    int param;
    size_t column;  /* its column, but for UNIT_KEY */
    int64_t levels; /* of UNIT_CELLS (may be INT64_MAX and more), UNIT_CATEGORY; else 0 */
};

/* Immutable once made. Borrows the space. */
struct encoding {
    const struct space *space;
    size_t n_columns, n_groups, n_units;
    struct column *columns;
    struct unit *units;
    size_t *first_column; /* by parameter */
    bool *decoded;        /* by parameter: conditions or constraints ask for its value */
    bool *parent;         /* by parameter: conditions name it */
    bool conditional;     /* some parameter has a condition */
};

enum code encoding_new(const struct space *s, struct encoding **ret, struct error *e) must_check;
void encoding_free(struct encoding *x);

/* The row of a configuration: n_columns numbers. `u` is room for n_units. */
void encoding_row(const struct encoding *x, const struct config *c, double *u, double *ret_row);
/* The row of a point of the cube, and whether the constraints hold there (NULL: not asked).
 * `values` is room for one a parameter and holds what conditions and constraints ask for; lists
 * are in `a`. E_NOMEM or OK. */
enum code encoding_point(const struct encoding *x, struct arena *a, const double *u,
                         struct value *values, double *ret_row, bool *ret_allowed) must_check;

/* Which parameters are active, given the values that encoding_point left. */
void encoding_activity(const struct encoding *x, const struct value *values, bool *ret_active);

/* Which level of its cells or categories a coordinate means, and the coordinate of a level. */
int64_t unit_level(const struct encoding *x, size_t unit, double u);
double unit_of_level(const struct encoding *x, size_t unit, int64_t level);

#endif
