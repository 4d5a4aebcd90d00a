/* One level for values of different steps. */
#include "search/trials.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct level {
    const struct trials *t;
    struct past *p;
    int64_t entry;
    const int64_t *rungs;
    size_t n_rungs, at; /* at: the rung that all are seen at */
};

/* A trial that did not get to the level. */
struct below {
    size_t position, rung; /* rung: how many it reached */
    double value;          /* at the last of them */
};

static const struct trial *trial_at(const struct level *x, size_t position)
{
    size_t evidence = x->p->history.n_evidence;
    return position < evidence ? NULL : &x->t->v[position - evidence];
}

/* The value with which it entered rung r: its first at or past it. Evidence was trained to the end.
 */
static bool value_at(const struct level *x, size_t position, size_t r, double *ret)
{
    const struct observation *o = &x->p->v[position];
    const struct trial *t = trial_at(x, position);
    for (uint32_t i = 0; t && i < t->n_measured; i++)
        if (t->measured[i].entry <= x->entry && t->measured[i].step >= x->rungs[r]) {
            *ret = t->measured[i].value;
            return true;
        }
    *ret = o->value;
    return !o->pending && (!t || o->step >= x->rungs[r]);
}

static size_t count_at(const struct level *x, size_t r)
{
    size_t n = 0;
    double value;
    for (size_t i = 0; i < x->p->history.n; i++)
        n += value_at(x, i, r, &value) && !isnan(value);
    return n;
}

static int by_value(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Farther first, then better, then earlier; missing values last. */
static int by_merit(const void *pa, const void *pb)
{
    const struct below *a = pa, *b = pb;
    if (a->rung != b->rung)
        return a->rung > b->rung ? -1 : 1;
    if (isnan(a->value) != isnan(b->value))
        return isnan(a->value) ? 1 : -1;
    if (!isnan(a->value) && (a->value < b->value || a->value > b->value))
        return a->value < b->value ? -1 : 1;
    return a->position < b->position ? -1 : 1;
}

/* Values at the level go in; the rest is collected. Returns how many have a value there. */
static size_t split(struct level *x, double *values, struct below *below, size_t *ret_below)
{
    size_t n = 0, n_below = 0;
    for (size_t i = 0; i < x->p->history.n; i++) {
        struct observation *o = &x->p->v[i];
        double value;
        if (o->failed || o->infeasible)
            continue;
        if (value_at(x, i, x->at, &value)) {
            o->pending = false;
            o->value = value;
            if (!isnan(value))
                values[n++] = value;
        } else if (!o->pending) {
            struct below b = {.position = i, .value = o->value};
            for (size_t r = 0; r < x->at && value_at(x, i, r, &value); r++) {
                b.rung = r + 1;
                b.value = value;
            }
            below[n_below++] = b;
        }
    }
    *ret_below = n_below;
    return n;
}

static void place_below(struct level *x, double *values, size_t n, struct below *below,
                        size_t n_below)
{
    if (n == 0)
        return;
    qsort(values, n, sizeof(*values), by_value);
    qsort(below, n_below, sizeof(*below), by_merit);
    double worst = values[n - 1], gap = (worst - values[n / 2]) / (double)n;
    for (size_t i = 0; i < n_below; i++) {
        double value = worst + gap * (double)(i + 1);
        bool known = !isnan(below[i].value) && isfinite(value);
        x->p->v[below[i].position].value = known ? value : (double)NAN;
    }
}

/* Whoever has a result now: first those that ended, in their order, then those that run on. */
static void list_ended(struct level *x, bool *listed)
{
    struct past *p = x->p;
    for (size_t i = 0; i < p->history.n_ended; i++)
        listed[p->ended[i]] = true;
    for (size_t i = 0; i < p->history.n; i++)
        if (!p->v[i].pending && !listed[i])
            p->ended[p->history.n_ended++] = (uint32_t)i;
}

static double *own_values(const struct past *p)
{
    size_t each = p->history.n_objectives + p->history.n_requirements, n = p->history.n;
    double *values = calloc(n * each + 1, sizeof(*values));
    for (size_t i = 0; values && i < n; i++) {
        struct observation *o = &p->v[i];
        double *v = values + i * each;
        memcpy(v, o->values, p->history.n_objectives * sizeof(*v));
        memcpy(v + p->history.n_objectives, o->excess, p->history.n_requirements * sizeof(*v));
        v[0] = o->value;
        o->values = v;
        o->excess = v + p->history.n_objectives;
    }
    return values;
}

enum code past_level(const struct trials *t, struct past *p, int64_t entry, const int64_t *rungs,
                     size_t n_rungs, size_t enough, struct error *e)
{
    struct level x = {.t = t, .p = p, .entry = entry, .rungs = rungs, .n_rungs = n_rungs};
    size_t n = p->history.n;
    if (n == 0)
        return OK;
    for (x.at = n_rungs - 1; x.at > 0 && count_at(&x, x.at) < enough; x.at--)
        ;
    double *values = calloc(n, sizeof(*values));
    struct below *below = calloc(n, sizeof(*below));
    bool *listed = calloc(n, sizeof(*listed));
    uint32_t *ended = reallocarray(p->ended, n, sizeof(*ended));
    if (ended)
        p->history.ended = p->ended = ended;
    enum code code = values && below && listed && ended ? OK : E_NOMEM;
    if (code == OK) {
        size_t n_below, n_at = split(&x, values, below, &n_below);
        place_below(&x, values, n_at, below, n_below);
        list_ended(&x, listed);
        p->values = own_values(p);
        p->history.taken_back = (uint64_t)entry;
        code = p->values ? OK : E_NOMEM;
    }
    free(values);
    free(below);
    free(listed);
    return code == OK ? OK : error_nomem(e);
}
