/*
 * Which trials are best.
 */
#include "optimize/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The trials that no other beats, by number. */
struct front {
    const struct record **v;
    size_t n, capacity;
};

static bool is_ranked(const struct optimizer *o, const struct record *r)
{
    if (!r->values || (r->outcome != OUTCOME_COMPLETED && r->outcome != OUTCOME_STOPPED))
        return false;
    for (size_t i = 0; i < o->search.n_objectives; i++)
        if (!isfinite(r->values[i]))
            return false;
    return true;
}

/* Is a's value of objective i better (-1), the same, or worse (1)? */
static int compare_value(const struct optimizer *o, const struct record *a, const struct record *b,
                         size_t i)
{
    double x = a->values[i], y = b->values[i];
    int order = (x > y) - (x < y);
    return o->search.minimize[i] ? order : -order;
}

/* Does a beat b? Neither beats the other where each is better in something. */
static bool beats(const struct optimizer *o, const struct record *a, const struct record *b)
{
    bool better = false;
    if (a->missed != b->missed)
        return a->missed < b->missed;
    if (a->step != b->step)
        return a->step > b->step;
    if (a->outcome != b->outcome)
        return a->outcome == OUTCOME_COMPLETED;
    for (size_t i = 0; i < o->search.n_objectives; i++) {
        int order = compare_value(o, a, b, i);
        if (order > 0)
            return false;
        better = better || order < 0;
    }
    return better;
}

/* Of several equal ones the first stays alone where there is one objective. */
static enum code add(const struct optimizer *o, struct front *f, const struct record *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++)
        if (beats(o, f->v[i], r) || (o->search.n_objectives == 1 && !beats(o, r, f->v[i])))
            return OK;
    for (size_t i = 0; i < f->n; i++)
        if (!beats(o, r, f->v[i]))
            f->v[kept++] = f->v[i];
    f->n = kept;
    if (f->n == f->capacity) {
        size_t capacity = f->capacity ? 2 * f->capacity : 16;
        const struct record **v = reallocarray((void *)f->v, capacity, sizeof(*v));
        if (!v)
            return E_NOMEM;
        f->v = v;
        f->capacity = capacity;
    }
    f->v[f->n++] = r;
    return OK;
}

static enum code tell_one(struct optimizer *o, struct arena *a, const struct record *r,
                          struct best *ret, struct error *e)
{
    size_t n = o->search.n_objectives;
    int64_t trial = (int64_t)(r - o->trials) + 1;
    struct ask_record ask;
    double *values = arena_array(a, n, sizeof(*values));
    if (!values)
        return error_nomem(e);
    enum code code = record_ask(o, trial, a, &ask, e);
    if (code != OK)
        return code;
    memcpy(values, r->values, n * sizeof(*values));
    *ret = (struct best){.trial = trial,
                         .seed = ask.seed,
                         .step = r->step,
                         .baseline = r->baseline,
                         .config = ask.config,
                         .values = values,
                         .missed = r->missed};
    return OK;
}

static enum code best(struct optimizer *o, struct front *f, struct arena *a,
                      const struct best **ret, struct error *e)
{
    enum code code = OK;
    for (size_t i = 0; i < o->n && code == OK; i++)
        if (is_ranked(o, &o->trials[i]))
            code = add(o, f, &o->trials[i]);
    struct best *v = code == OK ? arena_array(a, f->n + 1, sizeof(*v)) : NULL;
    if (!v)
        return error_nomem(e);
    if (f->n == 0)
        return error_set(e, E_NOT_FOUND, "no trial has a value yet");
    for (size_t i = 0; i < f->n && code == OK; i++)
        code = tell_one(o, a, f->v[i], &v[i], e);
    *ret = v;
    return code;
}

enum code optimizer_best(struct optimizer *o, struct arena *a, const struct best **ret,
                         size_t *ret_n, struct error *e)
{
    struct front f = {.v = NULL};
    const struct best *v = NULL;
    (void)pthread_mutex_lock(&o->lock);
    enum code code = best(o, &f, a, &v, e);
    (void)pthread_mutex_unlock(&o->lock);
    if (code == OK) {
        *ret = v;
        *ret_n = f.n;
    }
    free((void *)f.v);
    return code;
}
