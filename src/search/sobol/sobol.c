/*
 * Sobol: a low-discrepancy sequence through the prior's cube (points.h), every dimension of it,
 * those of conditional parameters too.
 */
#include "search/sampler.h"
#include "search/sobol/points.h"

#include <stdlib.h>

struct sobol_sampler {
    const struct space *space;
    struct sobol *points;
    bool scrambled;
};

static const char *const scrambles[] = {"owen", "none", NULL};

static const struct option_kind options[] = {
    {.name = "scramble",
     .about = "randomised by the seed, or the bare sequence, the same for every seed",
     .words = scrambles},
};

static void sobol_destroy(void *self)
{
    struct sobol_sampler *x = self;
    if (!x)
        return;
    sobol_free(x->points);
    free(x);
}

static enum code sobol_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct sobol_sampler *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->space = settings->space;
    x->scrambled = !sampler_option_is(&settings->method, "scramble", "none");
    enum code code =
        sobol_new((size_t)x->space->n_units, x->scrambled, settings->seed, &x->points, e);
    if (code != OK) {
        free(x);
        return code;
    }
    *ret = x;
    return OK;
}

static enum code sobol_sample(void *self, struct arena *a, const struct sample_request *q,
                              struct sample *ret, struct error *e)
{
    const struct sobol_sampler *x = self;
    /* The bare sequence begins in the corner of the cube, where an unbounded prior has no value. */
    uint64_t index = (uint64_t)q->index + (x->scrambled ? 0 : 1);
    return sobol_config(x->points, x->space, index, a, &ret->config, e);
}

const struct sampler_kind sampler_sobol = {
    .name = "sobol",
    .about = "a scrambled low-discrepancy sequence (Joe & Kuo 2008; Burley 2020)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .instant = true,
    .create = sobol_create,
    .destroy = sobol_destroy,
    .sample = sobol_sample,
};
