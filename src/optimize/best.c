/*
 * Which trial is best.
 */
#include "optimize/internal.h"

#include <math.h>
#include <string.h>

static bool is_ranked(const struct record *r)
{
    return r->ended && r->values && isfinite(r->values[0]) &&
           (r->outcome == OUTCOME_COMPLETED || r->outcome == OUTCOME_STOPPED);
}

/* Is a better than b? Of equals the earlier one is. */
static bool is_better(const struct record *a, const struct record *b, bool minimize)
{
    if (a->step != b->step)
        return a->step > b->step;
    if (a->outcome != b->outcome)
        return a->outcome == OUTCOME_COMPLETED;
    return minimize ? a->values[0] < b->values[0] : a->values[0] > b->values[0];
}

static enum code tell_best(struct optimizer *o, struct arena *a, size_t i, struct best *ret,
                           struct error *e)
{
    const struct record *r = &o->trials[i];
    size_t n = objectives_of(o->settings);
    struct ask_record ask;
    double *values = arena_array(a, n, sizeof(*values));
    if (!values)
        return error_nomem(e);
    enum code code = record_ask(o, (int64_t)i + 1, a, &ask, e);
    if (code != OK)
        return code;
    memcpy(values, r->values, n * sizeof(*values));
    *ret = (struct best){.trial = (int64_t)i + 1,
                         .seed = ask.seed,
                         .step = r->step,
                         .baseline = r->baseline,
                         .config = ask.config,
                         .values = values};
    return OK;
}

enum code optimizer_best(struct optimizer *o, struct arena *a, struct best *ret, struct error *e)
{
    enum code code = OK;
    const struct record *best = NULL;
    (void)pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->n; i++) {
        const struct record *r = &o->trials[i];
        if (is_ranked(r) && (!best || is_better(r, best, o->search.minimize[0])))
            best = r;
    }
    if (best)
        code = tell_best(o, a, (size_t)(best - o->trials), ret, e);
    else
        code = error_set(e, E_NOT_FOUND, "no trial has a value yet");
    (void)pthread_mutex_unlock(&o->lock);
    return code;
}
