/*
 * Grid: every configuration of a finite space that is allowed, each once (enumeration.h says in
 * which order). With points=n a parameter that has infinitely many values is tried at n quantiles
 * of its prior.
 */
#include "search/enumeration.h"
#include "search/sampler.h"

/* About a tenth of a second's work: an ask that finds nothing within it is refused. */
enum { REFUSED_MAX = 1000000 };

static const struct option_kind options[] = {
    {.name = "points",
     .about = "quantiles that stand for a parameter with infinitely many values; 0: there is none",
     .lo = 0,
     .hi = 1000,
     .whole = true},
};

static enum code grid_fits(const struct method *m, const struct space *s,
                           const struct effort *effort, struct error *e)
{
    struct enumeration *x;
    enum code code = enumeration_new(s, (int64_t)sampler_option(m, "points"), REFUSED_MAX, &x, e);
    if (code == OK)
        enumeration_free(x);
    return code;
}

static enum code grid_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct enumeration *x;
    int64_t points = (int64_t)sampler_option(&settings->method, "points");
    enum code code = enumeration_new(settings->space, points, REFUSED_MAX, &x, e);
    if (code == OK)
        *ret = x;
    return code;
}

static void grid_destroy(void *self)
{
    enumeration_free(self);
}

static enum code grid_sample(void *self, struct arena *a, const struct sample_request *q,
                             struct sample *ret, struct error *e)
{
    return enumeration_at(self, q->index, &ret->config, &ret->end, e);
}

const struct sampler_kind sampler_grid = {
    .name = "grid",
    .about = "every configuration of a finite space, each once",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .enumerates = true,
    .instant = true,
    .fits = grid_fits,
    .create = grid_create,
    .destroy = grid_destroy,
    .sample = grid_sample,
};
