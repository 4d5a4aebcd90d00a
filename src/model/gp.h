/*
 * A Gaussian process with a Matern-5/2 kernel and constant noise (Rasmussen & Williams 2006,
 * chapters 2 and 5), over rows of an encoding, warped or as they are, and outputs that were
 * standardised: mean 0, scale about 1.
 *
 * Hyperparameters, all natural logarithms: a length for each group of columns, the variance of the
 * function, the variance of the noise; with a warp, a and b of each warped column (warp.h), whose
 * prior is the warp's. They are fitted as the maximum a posteriori (gp_fit) under one of two
 * priors, whose predictions are worth averaging:
 *
 *   GP_SCALED  ln length ~ N(sqrt 2 + ln(groups) / 2, sqrt 3) (Hvarfner et al. 2024, "Vanilla
 * Bayesian optimization performs great in high dimensions"), variance 1, noise ~ LogNormal(-7, 1):
 * their -4 takes a hundredth of the variance for noise that nothing shows, and looks elsewhere
 * where it should look closer (bench/quality has the comparison)
 *   GP_SPARSE  log density -(0.1 / x + 0.1 x) of x = length^-2, variance ~ Gamma(2, 1), noise ~
 *              Gamma(1.1, 30): lengths near 1 unless the data say that a parameter does nothing
 *
 * Where a covariance matrix can't be factored, noise is added in steps until it can.
 *
 * Everything lives in the arena it was made in. Outputs may have several sides: the same
 * inputs with different values at the last ones (fantasies of what is still running).
 */
#ifndef MODEL_GP_H
#define MODEL_GP_H

#include "model/warp.h"

enum gp_prior { GP_SCALED, GP_SPARSE };

struct gp {
    const struct encoding *encoding;
    enum gp_prior prior;
    const struct points *x;  /* borrowed; may grow up to `room` and then be taken in by gp_extend */
    const struct warp *warp; /* borrowed; NULL: none */
    const double *extra;     /* borrowed; noise of each row's own, a variance, that comes on top of
                                the fitted one; NULL: none */
    struct points warped;    /* what was taken in, warped */
    double *shape;           /* a and b by warped column, of `warped` */
    size_t n, room, n_hyper;
    double *hyper; /* of the last gp_fit, gp_set or gp_start */
    struct kernel kernel;
    double noise;
    double *l; /* Cholesky factor of the covariances of rows 0 .. n - 1, room x room */
    size_t n_sides, sides_room;
    double *white; /* L^-1 y, by side: room each */
    double *alpha; /* K^-1 y, likewise */
};

/* What fitting and predicting need besides; one serves any number of processes, one at a time. */
struct gp_room {
    size_t n, columns;
    double *covariance, *slope, *inverse; /* n x n */
    double *row, *sums;                   /* a number a column */
    /* With a warp: rows warped, for fitting; a block of points, warped; derivatives, n a column. */
    struct points warped, block;
    double *shape, *by_a, *by_b, *by_x;
    struct kernel kernel;
    double *vector[2];         /* n */
    double *scratch, *lo, *hi; /* a number a hyperparameter */
    double *optimiser;
};

enum { GP_BLOCK = 128 };

/* warp, here and below: NULL for none. */
size_t gp_hyper_count(const struct encoding *x, const struct warp *warp);
/* room: how many rows it may come to have. */
enum code gp_init(struct gp *g, struct arena *a, const struct encoding *encoding,
                  const struct warp *warp, enum gp_prior prior, const struct points *x, size_t room,
                  size_t sides) must_check;
/* Room made with a warp serves processes without one too. */
enum code gp_room_init(struct gp_room *r, struct arena *a, const struct encoding *encoding,
                       const struct warp *warp, size_t room) must_check;

/* The mode of the prior. */
void gp_start(struct gp *g);
/* Given hyperparameters, put inside the bounds; NaN: the prior's mode. */
void gp_set(struct gp *g, const double *hyper);
/* ln p(y, hyper) for the first n rows, up to a constant, and its gradient by the hyperparameters
 * (NULL: not asked). -inf where the covariances can't be factored. */
double gp_log_posterior(const struct gp *g, struct gp_room *r, size_t n, const double *y,
                        const double *hyper, double *ret_gradient);
/* Climbs from the present hyperparameters; at most so many evaluations. Returns the log posterior
 * reached. */
double gp_fit(struct gp *g, struct gp_room *r, size_t n, const double *y, int evaluations);

/* Takes in rows 0 .. n - 1 with outputs y, one side. False: can't be factored, with any noise. */
bool gp_condition(struct gp *g, struct gp_room *r, size_t n, const double *y) must_check;
/* Takes in `k` rows more, whose outputs are drawn from what is predicted there: of side s, by
 * standard normals z[s * k ...]; z = 0 is the mean. ret_y (sides x k) is what was drawn. False as
 * above, and then nothing is taken in. */
bool gp_extend(struct gp *g, struct gp_room *r, size_t k, size_t sides, const double *z,
               double *ret_y) must_check;

/* Mean (by side: stride apart) and variance of the function, without noise, at points first ..
 * first + n - 1 of p. n <= GP_BLOCK. `work`: room for g->n * GP_BLOCK numbers. Variances are
 * positive. */
void gp_predict(const struct gp *g, struct gp_room *r, const struct points *p, size_t first,
                size_t n, double *work, double *ret_mean, size_t stride, double *ret_variance);
/* The mean where row i was seen, of a process with one side. */
double gp_fitted(const struct gp *g, const double *y, size_t i);

/* One row: what was predicted there, kept for the gradient. */
struct gp_at {
    double *mean; /* by side */
    double variance;
    double *slope, *beta, *by_r; /* by row seen */
    double *row, *by_u;          /* with a warp: the row warped, and its derivatives */
};

enum code gp_at_init(struct gp_at *at, struct arena *a, const struct gp *g) must_check;
void gp_predict_row(const struct gp *g, const double *row, struct gp_at *at);
/* After gp_predict_row: gradient += that of sum over sides of by_mean[s] mean[s] + by_variance
 * variance, by the row's number columns. */
void gp_row_gradient(const struct gp *g, struct gp_at *at, const double *row, const double *by_mean,
                     double by_variance, double *gradient);

#endif
