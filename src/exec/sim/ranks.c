/* An objective of ranks: objective.h has the formula. */
#include "exec/sim/objective.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>

struct ranks {
    int64_t max_steps;
    bool minimize;
};

static void draw(const struct config *c, int64_t seed, double *ret_rank, double *ret_slope)
{
    struct rng r;
    rng_init(&r, config_hash(c), (uint64_t)seed);
    *ret_rank = rng_unit(&r);
    *ret_slope = 0.09 * rng_normal(&r);
}

static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    draw(a->config, a->seed, &ret->limits[0], &ret->limits[1]);
    return OK;
}

static double value(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step)
{
    const struct ranks *x = self;
    double far = x->max_steps > step && step > 0 ? log((double)x->max_steps / (double)step) : 0;
    double v = c->limits[0] + c->limits[1] * far;
    return x->minimize ? v : 1 - v;
}

enum code objective_ranks(int64_t max_steps, bool minimize, struct objective *ret, struct error *e)
{
    struct ranks *self = malloc(sizeof(*self));
    if (!self)
        return error_nomem(e);
    *self = (struct ranks){max_steps, minimize};
    *ret = (struct objective){self, begin, value, free};
    return OK;
}

double objective_rank_of(const struct config *c, int64_t seed)
{
    double rank, slope;
    draw(c, seed, &rank, &slope);
    return rank;
}
