/*
 * Regularised evolution (Real, Aggarwal, Huang & Le, "Regularized Evolution for Image Classifier
 * Architecture Search", AAAI 2019, arXiv 1802.01548, algorithm 1).
 *
 * The population are the last `population` configurations that ended: each dies of age, however
 * good it is. The best of a random sample of it gets a child that differs in one parameter. As the
 * paper has it for architectures, a choice changes to another level; a number is drawn anew from
 * its prior or, as often, takes a normal step in the prior's cube.
 *
 * Until there are `population` trials, points of a Sobol sequence are proposed. Pending trials are
 * no parents; with nothing ended, or where the best of a sample has no value, the next point of the
 * sequence is taken. Nothing is kept between calls: the population is read off the history.
 */
#include "search/moves.h"
#include "search/sampler.h"
#include "search/sobol/points.h"

#include <math.h>
#include <stdlib.h>

enum {
    ORIGIN_START,
    ORIGIN_MUTATION,
    LEAST_POPULATION = 10, /* where the population's size is left to us */
    MOST_POPULATION = 50,
    MUTATIONS_MAX = 64 /* of one parent before the searcher draws another */
};

#define STEP_SD 0.1

struct evolution {
    const struct space *space;
    struct sobol *points;
    uint64_t seed;
    size_t population, sample; /* 0: grows with the history */
};

static const struct option_kind options[] = {
    {.name = "population",
     .about = "how many of the last ones may have children; 0: a quarter of all, 10 to 50",
     .lo = 0,
     .hi = 10000,
     .whole = true},
    {.name = "sample",
     .about = "of how many the best is the parent; 0: a quarter of the population",
     .lo = 0,
     .hi = 10000,
     .whole = true},
};

static const char *const origins[] = {"start", "mutation", NULL};

static void evolution_destroy(void *self)
{
    struct evolution *x = self;
    if (!x)
        return;
    sobol_free(x->points);
    free(x);
}

static enum code evolution_create(const struct searcher_settings *settings, void **ret,
                                  struct error *e)
{
    struct evolution *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->space = settings->space;
    x->seed = settings->seed;
    x->population = (size_t)sampler_option(&settings->method, "population");
    x->sample = (size_t)sampler_option(&settings->method, "sample");
    enum code code = sobol_new((size_t)x->space->n_units, true, settings->seed, &x->points, e);
    if (code != OK) {
        free(x);
        return code;
    }
    *ret = x;
    return OK;
}

/* A function of what was asked for alone, never of how much is planned: plans change. */
static size_t population_of(const struct evolution *x, const struct history *h)
{
    if (x->population)
        return x->population;
    size_t n = h->n / 4;
    return n < LEAST_POPULATION ? LEAST_POPULATION : n > MOST_POPULATION ? MOST_POPULATION : n;
}

/* The best of a random sample of the youngest. NULL: nobody has ended. */
static const struct observation *parent_of(const struct evolution *x, const struct history *h,
                                           struct rng *r)
{
    size_t n = population_of(x, h);
    n = n < h->n_ended ? n : h->n_ended;
    size_t sample = x->sample ? x->sample : (n + 3) / 4;
    const struct observation *best = NULL;
    for (size_t i = 0; i < sample && n > 0; i++) {
        size_t age = (size_t)rng_below(r, n);
        const struct observation *o = &h->v[h->ended[h->n_ended - 1 - age]];
        if (!best || observation_order(h, o, best) < 0)
            best = o;
    }
    return best;
}

static enum code mutate_value(const struct prior *p, struct arena *a, struct rng *r,
                              const struct value *v, struct value *ret)
{
    size_t n = moves_count(p);
    if (moves_ordered(p))
        return rng_below(r, 2) ? moves_step(p, a, r, v, STEP_SD, ret) : moves_draw(p, a, r, v, ret);
    if (p->kind == PRIOR_CHOICE || p->kind == PRIOR_FLAG)
        return moves_draw(p, a, r, v, ret);
    for (int i = 0; i < MUTATIONS_MAX; i++) {
        bool is = false;
        enum code code = moves_nth(p, a, v, (size_t)rng_below(r, n), ret, &is);
        if (code != OK || is)
            return code;
    }
    return moves_draw(p, a, r, v, ret);
}

/* Another value for one of its active parameters that can have one. */
static enum code mutate(const struct config *from, struct arena *a, struct rng *r,
                        struct config *ret)
{
    const struct space *s = from->space;
    size_t n = 0, chosen = 0;
    for (size_t i = 0; i < s->n_params; i++)
        if (from->values[i].type != VALUE_NONE && moves_any(&s->params[i].prior) &&
            rng_below(r, ++n) == 0)
            chosen = i;
    if (n == 0) {
        *ret = *from;
        return OK;
    }
    struct value v;
    enum code code = mutate_value(&s->params[chosen].prior, a, r, &from->values[chosen], &v);
    return code == OK ? moves_to(from, a, r, (int)chosen, &v, ret) : code;
}

/* A child that is allowed and new. Where the neighbours of the parent are used up, the mutations
 * add up: every eighth one starts from the child before. */
static enum code child_of(const struct observation *parent, const struct history *h,
                          struct arena *a, struct rng *r, struct config *ret)
{
    struct config from = *parent->config, child = from;
    for (int i = 1; i <= MUTATIONS_MAX; i++) {
        enum code code = mutate(&from, a, r, &child);
        if (code != OK)
            return code;
        if (config_allowed(&child, NULL) && !history_knows(h, &child))
            break;
        if (i % 8 == 0)
            from = child;
    }
    *ret = child;
    return OK;
}

static enum code evolution_sample(void *self, struct arena *a, const struct sample_request *q,
                                  struct sample *ret, struct error *e)
{
    const struct evolution *x = self;
    const struct history *h = q->history;
    struct rng r;
    rng_init(&r, x->seed, (uint64_t)q->index);
    const struct observation *parent = h->n >= population_of(x, h) ? parent_of(x, h, &r) : NULL;
    if (!parent || isnan(parent->value)) {
        ret->origin = ORIGIN_START;
        return sobol_config(x->points, x->space, (uint64_t)q->index, a, &ret->config, e);
    }
    ret->origin = ORIGIN_MUTATION;
    return child_of(parent, h, a, &r, &ret->config) == OK ? OK : error_nomem(e);
}

const struct sampler_kind sampler_evolution = {
    .name = "evolution",
    .about = "regularised evolution: children of the best among the young (Real et al. 2019)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .origins = origins,
    .instant = true,
    .objectives_max = 1,
    .create = evolution_create,
    .destroy = evolution_destroy,
    .sample = evolution_sample,
};
