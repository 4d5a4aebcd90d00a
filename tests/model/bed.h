/*
 * What tests of Gaussian processes begin with: a space, points in it and their values; and checks
 * of gradients against differences.
 */
#ifndef TESTS_MODEL_BED_H
#define TESTS_MODEL_BED_H

#include "base/rng.h"
#include "model/gp.h"

enum { ROOM = 64, COLUMNS = 12, HYPER = 32 };

struct bed {
    struct space *space;
    struct encoding *x;
    struct arena arena;
    struct warp warp;
    struct points points;
    struct gp_room room;
    struct rng rng;
    double y[ROOM];
};

/* The space as space/making.h reads it. */
struct bed *bed_new(const char *text, uint64_t seed);
void bed_free(struct bed *b);
/* n more, drawn evenly, with value(row) and a little noise. */
void bed_add(struct bed *b, size_t n, double (*value)(const double *row));
/* Of rows as they are where warp is NULL. */
struct gp bed_gp(struct bed *b, const struct warp *warp, enum gp_prior prior);

/* The gradient of the log posterior of the first n at `hyper`. */
void check_posterior_gradient(struct bed *b, struct gp *g, size_t n, double *hyper);
/* 40 points: 20 are taken in, 3 are pending, and of the others what is said of one row is what is
 * said of it in a block; so are its gradients those of differences h apart, up to `tolerance`. */
void check_rows(struct bed *b, struct gp *g, double h, double tolerance);

#endif
