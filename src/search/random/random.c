/* Random search: independent draws from the prior (Bergstra & Bengio, JMLR 13, 2012). */
#include "search/sampler.h"

#include <stdlib.h>

struct random {
    const struct space *space;
    uint64_t seed;
};

static enum code random_create(const struct searcher_settings *settings, void **ret,
                               struct error *e)
{
    struct random *x = malloc(sizeof(*x));
    if (!x)
        return error_nomem(e);
    *x = (struct random){settings->space, settings->seed};
    *ret = x;
    return OK;
}

static enum code random_sample(void *self, struct arena *a, const struct sample_request *q,
                               struct sample *ret, struct error *e)
{
    const struct random *x = self;
    size_t n = (size_t)x->space->n_units;
    double *u = arena_array(a, n, sizeof(*u));
    if (!u)
        return error_nomem(e);
    struct rng r;
    rng_init(&r, x->seed, (uint64_t)q->index);
    for (size_t i = 0; i < n; i++)
        u[i] = rng_unit(&r);
    enum code code = config_decode(x->space, a, u, &ret->config);
    return code == OK ? OK : error_set(e, code, "draw %lld can't be decoded", (long long)q->index);
}

const struct sampler_kind sampler_random = {
    .name = "random",
    .about = "independent draws from the prior (Bergstra & Bengio 2012)",
    .instant = true,
    .create = random_create,
    .destroy = free,
    .sample = random_sample,
};
