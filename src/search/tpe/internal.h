/*
 * The inside of TPE, a tree-structured Parzen estimator.
 *
 *   branch    kernels at all configurations with the same parameters active, and sums of them
 *             (branch.c)
 *   memory    the history's configurations, sorted into branches and by how good they are, kept
 *             from call to call (memory.c)
 *   draws     candidates, from kernels of the good ones                              (draws.c)
 *   sample    which candidate is best, and when                                      (tpe.c)
 *
 * A kernel at a configuration is a product over its columns (model/encoding.h), each a density
 * relative to the prior, so that the prior itself is 1 everywhere and a column that one of two
 * configurations lacks counts as 1:
 *
 *   number      a normal density around the configuration's coordinate in the prior's cube, cut at
 *               0 and 1; over cells, a normal weight of each cell's centre; divided by its sum
 *   0 or 1      the same value with probability 1 - q, the other with q (flag, item of a subset)
 *   order       Mallows' model: phi to the power of Kendall's distance, phi = q / (1 - q)
 *   category    the same level, but for one in n + 1 draws, which come from the prior
 *
 * All kernels of a branch share their widths: sd = 0.1 n^(-1 / (d + 4)) with n ended trials and d
 * dimensions (Scott's rule for the prior's cube), at least half a cell; q = 1 / (2 n + 2). With the
 * same widths on both sides the ratio of good to bad asks who lives nearby, and doesn't overrate
 * places where nobody does.
 *
 * What is kept is a function of the history alone: sums are never carried on, and widths follow n
 * in steps of about a twelfth, so that kernels are made anew rarely. A memory that grew is the same
 * as one that was built at once, bit for bit.
 */
#ifndef SEARCH_TPE_INTERNAL_H
#define SEARCH_TPE_INTERNAL_H

#include "model/encoding.h"
#include "search/sampler.h"

/* Room that is kept from call to call. */
struct room {
    double *p;
    size_t n;
};

/* NULL: out of memory. What was in it is gone. */
double *room_for(struct room *r, size_t n) must_check;
void room_free(struct room *r);

/* How a kernel is made along one column. */
enum kernel_kind { KERNEL_NORMAL, KERNEL_BIT, KERNEL_CATEGORY };

/* Their width there, which all kernels of a branch share. */
struct width {
    enum kernel_kind kind;
    size_t column; /* of the encoding */
    int param;
    double sd;   /* normal */
    double rate; /* coordinates are multiplied by it: 1 / (sqrt(2) sd), or for a bit the root of
                    what a mismatch takes off the logarithm */
    double norm; /* what every kernel's logarithm loses; of a category, elsewhere */
    size_t
        n_levels;   /* normal: cells, up to CELLS_MAX of them; 0: more, or none. Category: levels */
    double *levels; /* what else it loses at the cell; category: what it gains at its level */
};

/* Kernels at all configurations that have the same parameters active. */
struct branch {
    const struct encoding *encoding;
    uint64_t hash;
    bool *active;     /* by parameter */
    size_t d;         /* dimensions: groups of columns */
    size_t n_columns; /* that are active */
    size_t *first;    /* by parameter, if it is active: its first one */
    struct width *widths;
    size_t at;          /* the n that widths are for; 0: none yet */
    size_t n, capacity; /* kernels */
    double *rows;       /* n_columns a kernel */
    double *scaled;     /* by column, capacity each: coordinate times rate; a category's level */
    double *norms;      /* by column, capacity each: what its width takes off the logarithm */
    double *norm;       /* by kernel: all of it */
    const double **points, **kernels; /* room for vec_mixture's columns */
    /* Of the first n_ended kernels, those of pending trials being behind them: */
    size_t n_ended, n_valued; /* n_valued: they have a value */
    uint32_t *ended;          /* by kernel: its place in the order of ends */
    uint32_t *rank;           /* kernels, best to worst */
};

uint64_t branch_hash(const bool *active, size_t n);
enum code branch_init(struct branch *b, const struct encoding *x, const bool *active) must_check;
void branch_free(struct branch *b);
/* A kernel more; `row` is the encoding's. */
enum code branch_push(struct branch *b, const double *row) must_check;
void branch_truncate(struct branch *b, size_t n);
/* Widths for n ended trials. */
void branch_widen(struct branch *b, size_t n);
/* n in steps of about a twelfth, rounded down. */
size_t width_steps(size_t n);

/* The logarithm of kernel i at a point where these parameters are active (NULL: the branch's). */
double branch_kernel(const struct branch *b, size_t i, const double *row, const bool *active);
/* The logarithms of the sums of all kernels, but for those left out, at m points (rows of the
 * encoding, one after the other) where these parameters are active (NULL: the branch's). */
enum code branch_sums(const struct branch *b, const uint32_t *left_out, size_t n_left_out,
                      const double *rows, size_t m, const bool *active, struct room *room,
                      double *ret) must_check;
/* The same of these kernels alone, with weights. */
enum code branch_sums_of(const struct branch *b, const uint32_t *kernels, const double *log_weight,
                         size_t n, const double *rows, size_t m, struct room *room,
                         double *ret) must_check;

struct place {
    uint32_t branch, kernel;
};

/* Everything that ended, and what is pending. */
struct memory {
    const struct encoding *encoding;
    uint64_t taken_back;
    size_t n, room, n_valued;
    struct place *places; /* by order of ends */
    uint32_t *rank;       /* places, best to worst */
    size_t n_branches, branches_room;
    struct branch *branches;
    size_t looked, n_pending, pending_room; /* looked: positions of the history that were seen */
    uint32_t *pending;                      /* positions in the history */
    double *u, *row;
    bool *active;
};

enum code memory_init(struct memory *m, const struct encoding *x) must_check;
void memory_free(struct memory *m);
/* Takes in what has ended since, and starts anew where an end was undone; then adds kernels of what
 * is pending, where it belongs to a branch. After an error the next call starts anew. */
enum code memory_follow(struct memory *m, const struct history *h) must_check;
/* The branch with these parameters active, or NULL. */
struct branch *memory_branch(const struct memory *m, const bool *active);

/* A set of kernels, perhaps of several branches, with weights whose sum is their number; the prior
 * is one more, of weight 1. */
struct good {
    size_t n;
    const struct branch **branch;
    uint32_t *kernel;
    double *weight, *log_weight;
};

/* The best of all, or of a branch (NULL: all): at most `most`, ceil(gamma n) of n, with a value;
 * their weights fall with their rank r as log((n + 1) / (r + 1)). */
enum code good_ones(const struct memory *m, const struct branch *b, double gamma, size_t most,
                    struct arena *a, struct good *ret) must_check;

/* Candidates: points of the prior's cube, and their rows. */
struct crowd {
    const struct encoding *encoding;
    struct arena *lists; /* for values of lists, while a candidate is made */
    size_t n, room;
    double *u, *rows; /* n_units, n_columns each */
    bool *active;     /* n_params each */
    double *score;
    struct value *values; /* of one */
    /* Normal draws of one, taken together: around which coordinate, how far, for which unit. */
    size_t n_normals, *units;
    double *around, *sd, *cuts;
};

enum code crowd_init(struct crowd *c, const struct encoding *x, size_t room, struct arena *a,
                     struct arena *lists) must_check;
/* Draws one from g; what its kernel lacks comes from another that has it, or from
 * the prior. `within`: only parameters active in that branch are (NULL: any). *ret_added: it
 * satisfies this and the constraints. */
enum code crowd_draw(struct crowd *c, const struct good *g, const struct branch *within,
                     struct rng *r, bool *ret_added) must_check;

#endif
