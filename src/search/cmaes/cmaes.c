/*
 * CMA-ES: draws from a normal distribution that moves, stretches and turns towards what was good
 * (gaussian.h), with margins for what is countable (margin.h), probabilities for choices
 * (categories.h) and restarts (restarts.h); learner.h says how it learns.
 *
 * A draw outside the box is drawn again twice, then cut: a bound is a point like another, and the
 * best one lies there often. A draw that was tried before makes single parameters of the next
 * likelier to be drawn from the prior: in a small space the search looks around rather than
 * standing still.
 */
#include "search/cmaes/learner.h"
#include "search/sampler.h"

#include <math.h>
#include <stdlib.h>

enum { TRIES = 30, REDRAWS = 2 };

struct cmaes {
    struct learner learner;
    double *x; /* scratch: a point */
    uint32_t *levels;
};

static const char *const restart_words[] = {"bipop", "ipop", "none", NULL};

static const struct option_kind options[] = {
    {.name = "population",
     .about = "trials a generation; 0: 4 + 3 ln d",
     .lo = 0,
     .hi = LEARNER_LAMBDA_MAX,
     .whole = true},
    {.name = "sigma",
     .about = "standard deviation that it begins with, in parts of a parameter's range",
     .def = 0.2,
     .lo = 1e-6,
     .hi = 1},
    {.name = "restarts", .about = "what follows when it stagnates", .words = restart_words},
};

static const char *const origins[] = {[LEARNER_DRAWN] = "draw", [LEARNER_BLENDED] = "blend", NULL};

static void cmaes_destroy(void *self)
{
    struct cmaes *x = self;
    if (!x)
        return;
    learner_free(&x->learner);
    free(x->x);
    free(x->levels);
    free(x);
}

static enum restart_policy policy_of(const struct method *m)
{
    return sampler_option_is(m, "restarts", "none")   ? RESTART_NEVER
           : sampler_option_is(m, "restarts", "ipop") ? RESTART_IPOP
                                                      : RESTART_BIPOP;
}

static enum code cmaes_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    const struct method *m = &settings->method;
    size_t population = (size_t)sampler_option(m, "population");
    const struct learner_settings s = {.space = settings->space,
                                       .seed = settings->seed,
                                       .sd = sampler_option(m, "sigma"),
                                       .population = population == 1 ? 2 : population,
                                       .restarts = policy_of(m)};
    struct cmaes *x = calloc(1, sizeof(*x));
    if (!x || learner_init(&x->learner, &s) != OK) {
        free(x);
        return error_nomem(e);
    }
    x->x = calloc(x->learner.axes.n + 1, sizeof(*x->x));
    x->levels = calloc(x->learner.axes.n_choices + 1, sizeof(*x->levels));
    if (!x->x || !x->levels) {
        cmaes_destroy(x);
        return error_nomem(e);
    }
    *ret = x;
    return OK;
}

static bool is_inside(const struct cmaes *x)
{
    const struct axes *axes = &x->learner.axes;
    for (size_t i = 0; i < axes->n; i++)
        if (axes->v[i].kind == AXIS_REAL && (x->x[i] < axes->v[i].lo || x->x[i] > axes->v[i].hi))
            return false;
    return true;
}

/* A point into x->x and x->levels; each parameter from the prior with probability `blend`. */
static void draw_point(struct cmaes *x, struct rng *r, double blend)
{
    const struct axes *axes = &x->learner.axes;
    gaussian_draw(&x->learner.normal, r, x->x);
    for (int i = 0; i < REDRAWS && !is_inside(x); i++)
        gaussian_draw(&x->learner.normal, r, x->x);
    for (size_t i = 0; i < axes->n && blend > 0; i++)
        if (rng_unit(r) < blend)
            x->x[i] = axis_draw(&axes->v[i], r);
    categories_draw(&x->learner.categories, r, blend, x->levels);
}

static bool is_new(const struct history *h, const struct config *c)
{
    return config_allowed(c, NULL) && !history_knows(h, c);
}

/* Draws until one is new, or TRIES were not. */
static enum code sample_drawn(struct cmaes *x, struct arena *a, const struct sample_request *q,
                              struct sample *ret)
{
    const struct axes *axes = &x->learner.axes;
    double stay = 1 - 0.5 / (double)(axes->n + axes->n_choices + 1), known = 0;
    struct rng r;
    rng_init(&r, x->learner.settings.seed, (uint64_t)q->index);
    for (int i = 0; i < TRIES; i++) {
        draw_point(x, &r, 1 - pow(stay, known));
        ret->origin = known > 0 ? LEARNER_BLENDED : LEARNER_DRAWN;
        enum code code = axes_decode(axes, a, x->x, x->levels, &ret->config);
        if (code != OK || is_new(q->history, &ret->config))
            return code;
        known += history_knows(q->history, &ret->config);
    }
    return OK;
}

static enum code cmaes_sample(void *self, struct arena *a, const struct sample_request *q,
                              struct sample *ret, struct error *e)
{
    struct cmaes *x = self;
    enum code code = learner_follow(&x->learner, q->history);
    if (code == OK)
        code = sample_drawn(x, a, q, ret);
    return code == OK ? OK : error_set(e, code, "CMA-ES has no memory for what it learns");
}

const struct sampler_kind sampler_cmaes = {
    .name = "cmaes",
    .about = "a normal distribution that adapts, with margins and restarts (Hansen 2016; Hamano et "
             "al. 2022)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .origins = origins,
    .instant = true,
    .objectives_max = 1,
    .create = cmaes_create,
    .destroy = cmaes_destroy,
    .sample = cmaes_sample,
};
