/*
 * What a file's settings come to for others.
 */
#include "conf/settings.h"

#include <float.h>
#include <math.h>

struct searcher_settings settings_searcher(const struct settings *s)
{
    struct searcher_settings ss = {.space = s->space,
                                   .method = s->method,
                                   .effort = s->effort,
                                   .seed = s->seed,
                                   .n_objectives = s->n_objectives,
                                   .n_requirements = s->n_requirements,
                                   .seeds = s->seeds,
                                   .replicates = s->replicates,
                                   .baseline = s->has_baseline ? &s->baseline : NULL,
                                   .n_first = s->n_first,
                                   .first = s->first,
                                   .n_stages = s->n_stages,
                                   .stages = s->stages};
    for (size_t i = 0; i < s->n_objectives; i++)
        ss.minimize[i] = s->minimize[i];
    return ss;
}

double requirement_excess(const struct requirement *r, double value)
{
    if (!isfinite(value))
        return (double)INFINITY;
    bool above = r->relation == RELATION_MORE || r->relation == RELATION_AT_LEAST;
    bool strict = r->relation == RELATION_MORE || r->relation == RELATION_LESS;
    double missed = above ? r->bound - value : value - r->bound;
    if (missed == 0)
        return strict ? DBL_MIN : 0; /* missed by as little as can be */
    double excess = missed / (r->bound == 0 ? 1 : fabs(r->bound));
    return excess != 0 ? excess : copysign(DBL_MIN, missed);
}
