/*
 * The portfolio: what `auto` runs where a space can't be enumerated.
 *
 * Up to `model_until` results a Gaussian process makes the proposals, whose cost grows with the
 * cube of what it has seen; beyond, a method whose cost does not takes over, with all that was seen
 * by then to start from: CMA-ES where every parameter is numeric and always active (Hansen, arXiv
 * 1604.00772), TPE where choices and conditions are among them (Bergstra et al. 2011), NSGA-II
 * where there are several objectives (Deb et al. 2002).
 *
 * Turner et al., "Bayesian Optimization is Superior to Random Search", 2021, found that ensembles
 * beat their members on mixed budgets; shares of draws for TPE and for random points can be given
 * here, and are none unless asked for: bench/quality has the ablation.
 */
#include "search/sampler.h"

#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

enum part_name { PART_GP, PART_LATE, PART_TPE, PART_RANDOM, PART_COUNT };

/* A sampler of its own, with settings that name it. */
struct part {
    struct searcher_settings settings;
    void *self;
};

struct portfolio {
    uint64_t seed;
    size_t model_until;
    double tpe, random; /* shares */
    struct part parts[PART_COUNT];
};

static const struct option_kind options[] = {
    {.name = "model_until",
     .about = "results after which a method that costs less takes over from the Gaussian process",
     .def = 1000,
     .lo = 20,
     .hi = 5000,
     .whole = true},
    {.name = "tpe", .about = "share of proposals left to TPE", .def = 0, .lo = 0, .hi = 0.5},
    {.name = "random",
     .about = "share of proposals drawn from the prior",
     .def = 0,
     .lo = 0,
     .hi = 0.5},
};

static bool is_numeric(const struct space *s)
{
    for (size_t i = 0; i < s->n_params; i++) {
        enum prior_kind k = s->params[i].prior.kind;
        bool numeric = k == PRIOR_UNIFORM || k == PRIOR_LOGUNIFORM || k == PRIOR_NORMAL ||
                       k == PRIOR_LOGNORMAL || k == PRIOR_INT || k == PRIOR_LOGINT;
        if (k != PRIOR_FIXED && (!numeric || s->params[i].when))
            return false;
    }
    return true;
}

static const struct sampler_kind *late_kind(const struct searcher_settings *settings)
{
    if (settings->n_objectives > 1)
        return &sampler_nsga2;
    return is_numeric(settings->space) ? &sampler_cmaes : &sampler_tpe;
}

static void portfolio_destroy(void *self)
{
    struct portfolio *x = self;
    if (!x)
        return;
    for (size_t i = 0; i < PART_COUNT; i++)
        if (x->parts[i].self)
            x->parts[i].settings.method.sampler->destroy(x->parts[i].self);
    free(x);
}

static enum code part_create(struct part *p, const struct searcher_settings *settings,
                             const struct sampler_kind *kind, struct error *e)
{
    p->settings = *settings;
    method_set_sampler(&p->settings.method, kind);
    return kind->create(&p->settings, &p->self, e);
}

static enum code portfolio_create(const struct searcher_settings *settings, void **ret,
                                  struct error *e)
{
    struct portfolio *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    const struct method *m = &settings->method;
    x->seed = settings->seed;
    x->model_until = (size_t)sampler_option(m, "model_until");
    x->tpe = settings->n_objectives > 1 ? 0 : sampler_option(m, "tpe");
    x->random = sampler_option(m, "random");
    enum code code = part_create(&x->parts[PART_GP], settings, &sampler_gp, e);
    if (code == OK)
        code = part_create(&x->parts[PART_LATE], settings, late_kind(settings), e);
    if (code == OK && x->tpe > 0)
        code = part_create(&x->parts[PART_TPE], settings, &sampler_tpe, e);
    if (code == OK && x->random > 0)
        code = part_create(&x->parts[PART_RANDOM], settings, &sampler_random, e);
    if (code != OK) {
        portfolio_destroy(x);
        return code;
    }
    *ret = x;
    return OK;
}

/* Shares begin once there is something to learn from. */
static enum part_name choose(const struct portfolio *x, const struct sample_request *q)
{
    struct rng r;
    rng_init(&r, x->seed, UINT64_MAX - 2 - (uint64_t)q->index);
    double u = rng_unit(&r);
    if (q->history->n_ended >= x->model_until)
        return PART_LATE;
    if (q->history->n_ended < 10)
        return PART_GP;
    if (u < x->tpe)
        return PART_TPE;
    return u < x->tpe + x->random ? PART_RANDOM : PART_GP;
}

/* The Gaussian process's own parts come first, under its own numbers; then those of the late part,
 * in its own order. Journals hold the words, so that numbers may move. */
static const char *const origins[] = {"initial", "model",  "branch", "trust",  "late", "late.2",
                                      "late.3",  "late.4", "tpe",    "random", NULL};
enum { ORIGIN_LATE = 4, LATE_PARTS = 4, ORIGIN_TPE = ORIGIN_LATE + LATE_PARTS, ORIGIN_RANDOM };

/* To the late part what came before it is given, and what it made is its own. */
static enum code late_view(const struct history *h, struct arena *a, struct history *ret)
{
    struct observation *v = arena_array(a, h->n + 1, sizeof(*v));
    if (!v)
        return E_NOMEM;
    for (size_t i = 0; i < h->n; i++) {
        v[i] = h->v[i];
        bool own = v[i].origin >= ORIGIN_LATE && v[i].origin < ORIGIN_LATE + LATE_PARTS;
        v[i].origin = own ? v[i].origin - ORIGIN_LATE : -1;
    }
    *ret = *h;
    ret->v = v;
    return OK;
}

static int origin_of(enum part_name name, int origin)
{
    switch (name) {
    case PART_LATE:
        return ORIGIN_LATE + (origin >= 0 && origin < LATE_PARTS ? origin : 0);
    case PART_TPE:
        return ORIGIN_TPE;
    case PART_RANDOM:
        return ORIGIN_RANDOM;
    case PART_GP:
    case PART_COUNT:
        break;
    }
    return origin;
}

static enum code portfolio_sample(void *self, struct arena *a, const struct sample_request *q,
                                  struct sample *ret, struct error *e)
{
    struct portfolio *x = self;
    enum part_name name = choose(x, q);
    struct part *p = &x->parts[name];
    struct sample_request own = *q;
    struct history late;
    if (name == PART_LATE) {
        if (late_view(q->history, a, &late) != OK)
            return error_nomem(e);
        own.history = &late;
    }
    enum code code = p->settings.method.sampler->sample(p->self, a, &own, ret, e);
    if (code != OK || name == PART_GP)
        return code;
    ret->origin = origin_of(name, ret->origin);
    ret->n_fitted = 0; /* what is kept is the Gaussian process's */
    return OK;
}

const struct sampler_kind sampler_portfolio = {
    .name = "portfolio",
    .about =
        "a Gaussian process while it is affordable, then CMA-ES, TPE or NSGA-II (Turner et al. "
        "2021)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .origins = origins,
    .create = portfolio_create,
    .destroy = portfolio_destroy,
    .sample = portfolio_sample,
};
