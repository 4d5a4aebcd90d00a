/* How a simulated cluster behaves. */
#include "exec/sim/cluster.h"

#include <math.h>

static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    const struct cluster *c = self;
    struct rng r;
    double factor;
    rng_init(&r, c->seed, (uint64_t)a->trial << 16 ^ (uint64_t)a->number);
    double life = rng_unit(&r);
    if (c->drops > 0)
        ret->drop = log1p(-life) / log1p(-c->drops);
    enum code code = amount_of(&c->step_time, a->config, &r, &ret->step, e);
    if (code == OK)
        code = amount_of(&c->start_up, a->config, &r, &ret->start_up, e);
    for (size_t i = 0; code == OK && i < c->n_spreads; i++) {
        code = amount_of(&c->spreads[i], a->config, &r, &factor, e);
        if (code == OK)
            ret->step *= factor;
    }
    return code == OK ? c->objective.begin(c->objective.self, a, ret, e) : code;
}

static double value(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step)
{
    const struct cluster *x = self;
    return x->objective.value(x->objective.self, a, c, step);
}

struct sim_model cluster_model(struct cluster *c)
{
    return (struct sim_model){c, begin, value};
}
