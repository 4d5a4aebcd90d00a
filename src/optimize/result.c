/*
 * What was told of a trial, as the searcher takes it.
 */
#include "optimize/internal.h"

#include <math.h>

static const struct metric_value *find(const struct telling *t, struct str name)
{
    for (size_t i = 0; i < t->n_metrics; i++)
        if (str_eq(t->metrics[i].name, name))
            return &t->metrics[i];
    return NULL;
}

static enum code missing(const struct telling *t, struct str name, struct error *e)
{
    struct buf b;
    (void)error_set(e, E_INVALID, "the metric %.*s is missing", STR_FMT(str_sub(name, 0, 100)));
    buf_init(&b, 400);
    for (size_t i = 0; i < t->n_metrics; i++) {
        buf_cstr(&b, i ? ", " : "");
        buf_str(&b, str_sub(t->metrics[i].name, 0, 60));
    }
    if (e && t->n_metrics > 0)
        error_hint(e, "told were %.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
    return E_INVALID;
}

enum code result_of(const struct settings *s, const struct telling *t, struct result *ret,
                    struct error *e)
{
    size_t n = s->n_objectives;
    struct result r;
    for (size_t i = 0; i < OBJECTIVES_MAX; i++)
        r.values[i] = (double)NAN;
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++)
        r.excess[i] = (double)NAN;
    if (t->n_values > 0 && t->n_values != n) {
        (void)error_set(e, E_INVALID, "%zu value%s for %zu objective%s", t->n_values,
                        t->n_values == 1 ? "" : "s", n, n == 1 ? "" : "s");
        if (e)
            error_hint(e, "tell the metrics by name");
        return E_INVALID;
    }
    for (size_t i = 0; i < n; i++) {
        const struct metric_value *m = find(t, s->measures[i].name);
        if (t->n_values == 0 && !m)
            return missing(t, s->measures[i].name, e);
        r.values[i] = t->n_values > 0 ? t->values[i] : m->value;
    }
    for (size_t i = 0; i < s->n_requirements; i++) {
        const struct requirement *q = &s->requirements[i];
        const struct metric_value *m = find(t, s->measures[q->measure].name);
        if (m)
            r.excess[i] = requirement_excess(q, m->value);
        else if (t->n_values > 0 && q->measure < n)
            r.excess[i] = requirement_excess(q, t->values[q->measure]);
    }
    *ret = r;
    return OK;
}
