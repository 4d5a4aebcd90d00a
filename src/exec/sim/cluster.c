/* How a simulated cluster behaves. */
#include "exec/sim/cluster.h"

#include "base/stats.h"

#include <math.h>

/* One of the times for the trial, and the factor of the run. */
static void measured(const struct cluster *c, int64_t trial, struct sim_course *ret)
{
    const struct measured_times *m = &c->measured;
    struct rng r;
    double turns = (double)(c->seed % (1 << 20)) * 0.6180339887498949;
    double u = 0.025 + 0.95 * (turns - floor(turns));
    double t = m->n > 1 ? student_quantile(u, m->n - 1) : normal_quantile(u);
    rng_init(&r, c->seed, UINT64_MAX - (uint64_t)trial);
    const struct measured_time *x = &m->v[rng_below(&r, m->n)];
    ret->step = x->step * exp(m->sd * t);
    ret->start_up = x->start * exp(m->sd * t);
}

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
    enum code code = OK;
    if (c->measured.n > 0)
        measured(c, a->trial, ret);
    else
        code = amount_of(&c->step_time, a->config, &r, &ret->step, e);
    if (code == OK && c->measured.n == 0)
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
