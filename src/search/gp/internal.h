/*
 * The inside of the Gaussian process sampler.
 *
 *   design    what is tried before anything is modelled                                 (design.c)
 *   survey    what the history holds: how many of each, which configuration is best    (survey.c)
 *   models    surrogates of the objective, the requirements, of making sense at all     (models.c)
 *   pool      candidates: points of the cube with their rows and acquisition           (pool.c)
 *   refine    climbing from the best of them                                           (refine.c)
 *   branch    into another branch of a conditional space                               (branch.c)
 *   trust     the region around the best that is trusted, from the history             (trust.c)
 *   sample    which of all that, and when                                              (gp.c)
 *
 * Everything of one sample lives in the arena of that sample. The sampler itself keeps only the
 * rows of configurations, which save time.
 */
#ifndef SEARCH_GP_INTERNAL_H
#define SEARCH_GP_INTERNAL_H

#include "base/rng.h"
#include "model/gp.h"
#include "search/sampler.h"
#include "search/sobol/points.h"

enum {
    MODELS_MAX = 2, /* of the objective, under different priors */
    SIDES_MAX = 8,  /* fantasies of what is pending */
    LIMITS_MAX = REQUIREMENTS_MAX + 1
};

enum region_use { REGION_WHOLE, REGION_TRUST, REGION_BOTH };

/* The part of a conditional space in which a parent has one value. */
struct branch {
    size_t unit; /* the parent's coordinate */
    int64_t level;
};

struct gp_sampler {
    const struct space *space;
    uint64_t seed;
    size_t initial;   /* trials before the first that is modelled */
    size_t n_centres; /* the design's first points: the middle of the space, then the same in these
                         branches */
    struct branch *centres;
    bool both_priors, half, branches, warp;
    enum region_use region;
    struct encoding *encoding;
    struct sobol *points;
    /* Rows of the history's configurations, n_columns each, for as long as they have these hashes.
     */
    size_t n_rows, rows_room;
    uint64_t *hashes;
    double *rows;
};

/* What the history holds. Rows are what the objective's models are made of: everything that ended,
 * but for what makes no sense once there is enough of it for a model of its own. */
struct survey {
    const struct history *h;
    size_t n_valued, n_senseless; /* ended with a value; infeasible */
    size_t n, n_pending;
    uint32_t *rows, *pending; /* positions in the history */
    double *values; /* by row, what is minimised; what has none has the worst that was seen */
    ptrdiff_t best; /* row of the best that has a value; -1: none */
    bool met;       /* it meets all requirements */
    size_t since;   /* ends since the last that was better by more than a trifle */
};

/* Log expected improvement (Ament et al. 2023, "Unexpected improvements to expected improvement for
 * Bayesian optimization"), averaged over models and fantasies, times the probability that the
 * limits are kept (Gardner et al. 2014). */
struct acquisition {
    size_t n_models, n_limits;
    struct gp models[MODELS_MAX];
    double best[MODELS_MAX][SIDES_MAX]; /* what is to be improved upon, by model and side */
    bool improving;                     /* false: nothing meets the requirements yet */
    struct gp limits[LIMITS_MAX];       /* each should stay below 0 */
    struct gp_room room;
    struct gp_at at[MODELS_MAX + LIMITS_MAX];
    double *work, *mean, *variance, *term; /* for GP_BLOCK points */
    double *gradient;                      /* by column */
};

/* Where candidates may lie: a box of the cube; lo = hi holds a coordinate. A trust region has more:
 * a centre, and how many coordinates without order may differ from it. */
struct region {
    double *lo, *hi;
    double *centre; /* NULL: no trust region; NaN: a coordinate that is free, inactive there */
    double stay;    /* the probability with which a coordinate stays at the centre */
    size_t changes;
    const struct config *at; /* the centre's configuration */
};

/* What became of the trust region so far. */
struct trust {
    double side;                /* of the cube's */
    size_t successes, failures; /* in a row */
    size_t restarts;
    ptrdiff_t centre; /* position in the history; -1: nothing to be near to */
    size_t since;     /* how many had ended at the last success or change of the side */
};

/* Candidates: point i of the cube is u + i * n_units, row i of x is what the models see of it. */
struct pool {
    const struct encoding *encoding;
    const struct region *region; /* what it refuses is refused; NULL: nothing */
    struct arena *lists;         /* values while points are encoded; cleared now and then */
    struct value *values;
    size_t n, room;
    double *u, *row;
    struct points x;
    double *value;
};

/* Positions and values; several objectives are made one by weights that `index` draws. */
enum code survey_take(const struct gp_sampler *s, struct arena *a, const struct sample_request *q,
                      struct survey *ret, struct error *e) must_check;
/* A value for every objective? */
bool observation_has_value(const struct history *h, const struct observation *o);
/* The row of the best that has a value (and makes sense), -1 where none has, and whether it meets
 * the requirements. */
void survey_find_best(struct survey *v);
/* By what is violated, then by value. */
bool survey_is_better(const struct survey *v, size_t row, size_t than);
/* The row of the configuration at a position of the history: kept, n_columns numbers. Rows of all
 * positions are there after rows_keep. */
enum code rows_keep(struct gp_sampler *s, const struct history *h, struct error *e) must_check;
const double *row_of(const struct gp_sampler *s, size_t position);
/* Cuts the survey down to the best and what is nearest to the best of all, where there are more
 * than the models can take. */
enum code survey_cut(const struct gp_sampler *s, struct arena *a, struct survey *v,
                     struct error *e) must_check;

/* Fits (or takes over) the hyperparameters and conditions on everything; *ret_fitted is what the
 * next sample is to be given. False in *ret_useful: the values say nothing that could be modelled.
 */
enum code models_make(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                      const struct sample_request *q, struct acquisition *ret, bool *ret_useful,
                      struct sample *ret_fitted, struct error *e) must_check;
/* The same for a branch's own models, which are fitted afresh; in the journal they stand behind
 * those of the whole space. */
enum code models_make_own(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                          const struct sample_request *q, struct acquisition *ret, bool *ret_useful,
                          struct sample *fitted, struct error *e) must_check;
/* ret[i]: of point first + i of x. Finite or -inf. */
void acquisition_values(struct acquisition *acq, const struct points *x, size_t first, size_t n,
                        double *ret);
/* Of one row, and its gradient by the number columns (the others' are 0). */
double acquisition_row(struct acquisition *acq, const double *row, double *ret_gradient);

enum code pool_init(struct pool *p, struct arena *a, struct arena *lists, const struct encoding *x,
                    size_t room, struct error *e) must_check;
/* A point more, unless the constraints refuse it or there is no room. */
enum code pool_add(struct pool *p, const double *u, struct error *e) must_check;
double *pool_u(const struct pool *p, size_t i);
/* Puts a point in the place of another; false: the constraints refuse it, the old one stays. */
enum code pool_put(struct pool *p, size_t i, const double *u, bool *ret_allowed,
                   struct error *e) must_check;
/* `spread` points evenly over the region (for a net, a power of two), and `mutated` near the best
 * that were seen. */
enum code pool_fill(struct pool *p, const struct gp_sampler *s, struct arena *a,
                    const struct survey *v, const struct region *region, int64_t index,
                    size_t spread, size_t mutated, struct error *e) must_check;
/* All configurations of a small space that were not proposed yet. */
enum code pool_enumerate(struct pool *p, const struct history *h, struct error *e) must_check;

/* Every single change of a parent that is active in the configuration: in `a`. */
enum code branches_beside(const struct encoding *x, struct arena *a, const struct config *c,
                          struct branch **ret, size_t *ret_n, struct error *e) must_check;

struct branch_search {
    const struct gp_sampler *s;
    struct arena *a, *lists;
    const struct survey *survey;
    struct acquisition *acq;
    struct region *region;
    int64_t index;
};

/* After a stall, and then for every second trial: confines the region to the most promising branch
 * beside the best configuration's. */
enum code branch_choose(struct branch_search *b, bool *ret_chosen, struct branch *ret,
                        struct error *e) must_check;
/* What of the survey is in the branch: in `a`. */
enum code branch_narrow(const struct gp_sampler *s, struct arena *a, const struct branch *b,
                        const struct survey *whole, struct survey *ret, struct error *e) must_check;

/* How many trials it takes (asked_for: 0: by the budget of so many trials; 0: unknown), and where
 * they are. */
enum code design_make(struct gp_sampler *s, size_t asked_for, int64_t trials,
                      struct error *e) must_check;
enum code design_point(const struct gp_sampler *s, struct arena *a, int64_t index,
                       struct config *ret, struct error *e) must_check;

/* Walks through what ended; `origin` is what proposals in the region are marked by. The survey is
 * whole (not cut), rows are kept. Of several objectives, the state that it would have under the
 * survey's weights. */
enum code trust_walk(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                     int origin, struct trust *ret, struct error *e) must_check;
/* Makes a trust region of a whole one; there is a centre. */
enum code trust_shape(const struct gp_sampler *s, struct arena *a, const struct history *h,
                      const struct trust *t, const struct acquisition *acq, struct region *region,
                      struct error *e) must_check;
/* Does it lie in the region? True of any point where it is no trust region. */
bool trust_holds(const struct region *region, const struct encoding *x, const double *u);
/* Takes back changes of coordinates without order until few enough are left. */
void trust_settle(const struct region *region, const struct encoding *x, struct rng *r, double *u);

/* Climbs from candidate i of the pool, which is left where the climb ends. */
struct climber;
enum code climber_new(struct arena *a, const struct gp_sampler *s, struct pool *p,
                      struct acquisition *acq, const struct region *region, const struct history *h,
                      struct climber **ret, struct error *e) must_check;
enum code climber_run(struct climber *c, size_t i, struct error *e) must_check;

#endif
