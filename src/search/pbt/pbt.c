/*
 * Population based training: allocator `pbt`.
 *
 * Jaderberg et al. 2017, "Population based training of neural networks", arXiv 1711.09846. Who is
 * copied is population.h's, what becomes of the values vary.h's.
 */
#include "search/pbt/pbt.h"

#include "search/pbt/vary.h"

#include <stdlib.h>

#define VALUES (((uint64_t)1 << 62) + ((uint64_t)1 << 61))

struct pbt {
    struct population *population; /* first: the population's functions are ours */
    struct vary vary;
};

static const struct option_kind options[] = {
    PBT_OPTIONS,
    {.name = "resample",
     .about = "probability that a value is drawn anew",
     .def = 0.25,
     .lo = 0,
     .hi = 1},
    {.name = "factor",
     .about = "by which a value is moved otherwise",
     .def = 1.2,
     .lo = 1.001,
     .hi = 10},
};

bool pbt_pauses(const struct method *m)
{
    return true;
}

int64_t pbt_interval(const struct method *m, const struct effort *effort)
{
    int64_t interval = (int64_t)allocator_option(m, "interval");
    return interval > 0 ? interval : effort->min_steps;
}

enum code pbt_fits(const struct method *m, const struct effort *effort, struct error *e)
{
    int64_t interval = pbt_interval(m, effort);
    const char *name = m->allocator->name;
    if (interval >= effort->max_steps) {
        error_set(e, E_INVALID, "%s copies every %lld steps, and a trial has %lld in all", name,
                  (long long)interval, (long long)effort->max_steps);
        error_hint(e, "say a smaller `interval`, or `budget: {min: ..., max: ...}` where min is "
                      "the steps between two copies");
        return E_INVALID;
    }
    if (marks_between(interval, effort->max_steps) > MARKS_MAX) {
        error_set(e, E_LIMIT, "%s would copy more than %d times within %lld steps", name, MARKS_MAX,
                  (long long)effort->max_steps);
        error_hint(e, "say a larger `interval`");
        return E_LIMIT;
    }
    return OK;
}

enum code pbt_population(const struct searcher_settings *settings, struct population **ret,
                         struct error *e)
{
    const struct method *m = &settings->method;
    const struct population_settings x = {.size = (size_t)allocator_option(m, "population"),
                                          .interval = pbt_interval(m, &settings->effort),
                                          .max_steps = settings->effort.max_steps,
                                          .quantile = allocator_option(m, "quantile"),
                                          .seed = settings->seed};
    if (settings->seeds == SEEDS_REPLICATES && settings->replicates > 1) {
        error_set(e, E_INVALID, "%s trains no configuration twice, so it has no replicates",
                  m->allocator->name);
        error_hint(e, "leave `seeds` out; what a schedule is worth, its replay with several seeds "
                      "says");
        return E_INVALID;
    }
    return population_new(&x, ret, e);
}

static enum code pbt_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct pbt *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->vary = (struct vary){.resample = allocator_option(&settings->method, "resample"),
                            .factor = allocator_option(&settings->method, "factor")};
    enum code code = pbt_population(settings, &x->population, e);
    if (code != OK) {
        free(x);
        return code;
    }
    *ret = x;
    return OK;
}

static void pbt_destroy(void *self)
{
    struct pbt *x = self;
    if (x)
        population_free(x->population);
    free(x);
}

static struct population *of(const void *self)
{
    return *(struct population *const *)self;
}

struct allocation pbt_next(const void *self, bool fresh)
{
    return population_next(of(self), fresh);
}

bool pbt_may_copy(const void *self, int64_t trial, int64_t step)
{
    return population_may_copy(of(self), trial, step);
}

enum code pbt_started(void *self, int64_t trial, const struct allocation *x)
{
    return population_started(of(self), trial, x);
}

int64_t pbt_next_wanted(const void *self, int64_t trial, int64_t step)
{
    return population_next_wanted(of(self), trial, step);
}

enum decision pbt_decide(const void *self, int64_t trial, int64_t step, double value)
{
    return population_decide(of(self), trial, step, value);
}

enum code pbt_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    return population_take(of(self), trial, step, value, d);
}

enum code pbt_ended(void *self, int64_t trial, enum outcome outcome, int64_t step, double value)
{
    return population_ended(of(self), trial, outcome, step, value);
}

enum code pbt_reopened(void *self, int64_t trial)
{
    return population_reopened(of(self), trial);
}

const struct config *pbt_config(const struct vary_request *q, int64_t trial)
{
    return q->history->v[q->history->n_evidence + (size_t)trial - 1].config;
}

void pbt_values(const struct population *p, const struct vary_request *q, struct rng *ret)
{
    rng_init(ret, p->seed, VALUES + (uint64_t)q->trial);
}

static enum code pbt_vary(const void *self, struct arena *a, const struct vary_request *q,
                          struct config *ret, struct error *e)
{
    const struct pbt *x = self;
    struct rng r;
    pbt_values(x->population, q, &r);
    return vary_config(&x->vary, pbt_config(q, q->parent), a, &r, ret, e);
}

const struct allocator_kind allocator_pbt = {
    .name = "pbt",
    .about = "a population: the worst become copies of the best, with other values (Jaderberg et "
             "al. 2017)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    PBT_KIND,
    .create = pbt_create,
    .destroy = pbt_destroy,
    .vary = pbt_vary,
};
