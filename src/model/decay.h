/*
 * Learning curves that come down to a last value (Swersky, Snoek & Adams 2014, "Freeze-thaw
 * Bayesian optimization", arXiv 1406.3896, sections 3.1 and 3.2, with two terms more).
 *
 *   y(t) = f + drop l(t) + r(t) + noise,   l(t) = -ln t,   0 < t <= 1,   r ~ GP(0, k)
 *   k(t, u) = scale (beta / (t + u + beta))^alpha + walk min(l(t), l(u))
 *
 * The first term of k is theirs, a mixture of exponential decays (eq. 5): a curve that it has seen
 * come to rest stays there for certain, and so did all others once one had. The random walk in the
 * logarithm of time leaves open what comes later, the more so the earlier it is. It ends at t = 1,
 * so that f is the value at the end of the training, not one that is never reached. The common drop
 * says that curves fall rather than rise, and by how much for each factor of e.
 *
 * Given f, curves are independent of each other, so that each is a block of at most DECAY_POINTS
 * numbers; what it says of its own f is a mean and a variance, under which blocks are joined by
 * whoever knows how f depends on configurations.
 *
 * Times are parts of the longest training, values are standardised. Everything depends on its
 * arguments alone and allocates nothing.
 */
#ifndef MODEL_DECAY_H
#define MODEL_DECAY_H

#include <stdbool.h>
#include <stddef.h>

enum { DECAY_POINTS = 10, DECAY_HYPERS = 6 };

/* What was seen of one curve: t ascending and positive, y finite. */
struct decay_curve {
    size_t n; /* 1 .. DECAY_POINTS */
    double t[DECAY_POINTS], y[DECAY_POINTS];
};

/* hyper: logarithms of alpha, beta, scale, noise and walk, and the drop itself. */
struct decay {
    double hyper[DECAY_HYPERS];
    double alpha, beta, scale, noise, walk, drop;
};

/* One curve, taken in. */
struct decay_block {
    const struct decay_curve *curve;
    double l[DECAY_POINTS * DECAY_POINTS]; /* Cholesky factor of its covariances, f given */
    double ones[DECAY_POINTS], y[DECAY_POINTS], g[DECAY_POINTS]; /* L^-1 of 1, of y, of l(t) */
    double end, variance; /* what it says of f, the drop taken into account */
};

/* The mode of the prior; given hyperparameters, put inside the bounds (NaN: the mode's). */
void decay_start(struct decay *m);
void decay_set(struct decay *m, const double *hyper);
/* Climbs from the present hyperparameters to those under which n curves are most probable, each
 * with an end of which nothing is known; at most so many steps' worth of evaluations. Without
 * a curve of two points it stays where it is. */
void decay_fit(struct decay *m, const struct decay_curve *curves, size_t n, int evaluations);

void decay_take_in(const struct decay *m, const struct decay_curve *c, struct decay_block *ret);
/* y at t without noise, where f has this mean and variance given all curves. */
void decay_predict(const struct decay *m, const struct decay_block *b, double t, double mean,
                   double variance, double *ret_mean, double *ret_variance);
/* The same of a curve of which nothing was seen. */
void decay_predict_new(const struct decay *m, double t, double mean, double variance,
                       double *ret_mean, double *ret_variance);

#endif
