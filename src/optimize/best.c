/*
 * Which trials are best: as `trawl best` ranks them.
 *
 * Replicates - trials of one configuration that came to the same step in the same state - share the
 * means of their values, and stand for one another by the first of them. Where trials have steps of
 * their own, how far they came says nothing.
 */
#include "optimize/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct candidate {
    const struct record *r; /* the first of its group */
    const double *values;   /* the group's means */
};

struct front {
    struct candidate *v;
    size_t n;
    size_t valued; /* trials that have values, whether they meet the requirements or not */
};

/* The step that it is ranked at. */
static int64_t step_of(const struct optimizer *o, const struct record *r)
{
    return o->search.effort.own_steps ? 0 : r->step;
}

static bool is_ranked(const struct record *r)
{
    return r->valued && (r->outcome == OUTCOME_COMPLETED || r->outcome == OUTCOME_STOPPED);
}

static bool same_group(const struct optimizer *o, const struct record *a, const struct record *b)
{
    return a->hash == b->hash && step_of(o, a) == step_of(o, b) && a->outcome == b->outcome;
}

/* Replicates follow one another: those of `r` are among the next ones of its configuration. */
static bool leads(const struct optimizer *o, const struct record *r)
{
    const struct record *before = r;
    while (before > o->trials && before[-1].hash == r->hash) {
        before--;
        if (is_ranked(before) && same_group(o, before, r))
            return false;
    }
    return true;
}

/* The means of a group that r leads, in the arena; NULL values: they are not to be ranked. */
static enum code mean(const struct optimizer *o, struct arena *a, const struct record *r,
                      struct candidate *ret)
{
    const struct record *end = o->trials + o->n;
    size_t k = o->search.n_objectives, n = 0;
    double *sums = arena_array(a, k, sizeof(*sums)), missed_sum = 0;
    bool good = true;
    if (!sums)
        return E_NOMEM;
    for (const struct record *x = r; x < end && x->hash == r->hash; x++) {
        if (!is_ranked(x) || !same_group(o, x, r))
            continue;
        for (size_t i = 0; i < k; i++)
            sums[i] += x->values[i];
        missed_sum += x->missed;
        n++;
    }
    for (size_t i = 0; i < k; i++) {
        sums[i] /= (double)n;
        good = good && isfinite(sums[i]);
    }
    *ret = (struct candidate){r, good && missed_sum == 0 ? sums : NULL};
    return OK;
}

/* Of objective i: below 0, a is better. */
static int compare_value(const struct optimizer *o, const struct candidate *a,
                         const struct candidate *b, size_t i)
{
    double x = a->values[i], y = b->values[i];
    int order = (x > y) - (x < y);
    return o->search.minimize[i] ? order : -order;
}

/* How far they came: below 0, a goes before b whatever their values are. */
static int compare_steps(const struct optimizer *o, const struct candidate *a,
                         const struct candidate *b)
{
    int64_t reached = step_of(o, a->r), other = step_of(o, b->r);
    if (reached != other)
        return reached > other ? -1 : 1;
    return (a->r->outcome != OUTCOME_COMPLETED) - (b->r->outcome != OUTCOME_COMPLETED);
}

/* Is a as good in everything, and better in something? */
static bool dominates(const struct optimizer *o, const struct candidate *a,
                      const struct candidate *b)
{
    bool better = false;
    for (size_t i = 0; i < o->search.n_objectives; i++) {
        int order = compare_value(o, a, b, i);
        if (order > 0)
            return false;
        better = better || order < 0;
    }
    return better;
}

/* Does a keep b out? Of one objective, whatever is not better than the first stays out. */
static bool beats(const struct optimizer *o, const struct candidate *a, const struct candidate *b)
{
    int order = compare_steps(o, a, b);
    return order != 0 ? order < 0 : dominates(o, a, b);
}

static void add(const struct optimizer *o, struct front *f, const struct candidate *c)
{
    size_t kept = 0;
    bool alone = o->search.n_objectives == 1;
    for (size_t i = 0; i < f->n; i++)
        if (beats(o, &f->v[i], c) || (alone && !beats(o, c, &f->v[i])))
            return;
    for (size_t i = 0; i < f->n; i++)
        if (!beats(o, c, &f->v[i]))
            f->v[kept++] = f->v[i];
    /* in the order of the first objective, then of their numbers */
    size_t at = kept;
    for (; at > 0 && compare_value(o, c, &f->v[at - 1], 0) < 0; at--)
        f->v[at] = f->v[at - 1];
    f->v[at] = *c;
    f->n = kept + 1;
}

static enum code find_front(const struct optimizer *o, struct arena *a, struct front *ret)
{
    struct front f = {.v = arena_array(a, o->n + 1, sizeof(*f.v))};
    if (!f.v)
        return E_NOMEM;
    for (size_t i = 0; i < o->n; i++) {
        struct candidate c;
        if (!is_ranked(&o->trials[i]) || !leads(o, &o->trials[i]))
            continue;
        if (mean(o, a, &o->trials[i], &c) != OK)
            return E_NOMEM;
        f.valued++;
        if (c.values)
            add(o, &f, &c);
    }
    *ret = f;
    return OK;
}

static enum code none(const struct optimizer *o, const struct front *f, struct error *e)
{
    if (f->valued == 0 || o->search.n_requirements == 0)
        return error_set(e, E_NOT_FOUND, "no trial has a value yet");
    return error_set(e, E_NOT_FOUND, "no trial meets the requirements yet");
}

static enum code tell_one(struct optimizer *o, struct arena *a, const struct candidate *c,
                          struct best *ret, struct error *e)
{
    size_t n = o->search.n_objectives;
    int64_t trial = (int64_t)(c->r - o->trials) + 1;
    struct ask_record ask;
    double *values = arena_array(a, n, sizeof(*values));
    if (!values)
        return error_nomem(e);
    enum code code = record_ask(o, trial, a, &ask, e);
    if (code != OK)
        return code;
    memcpy(values, c->values, n * sizeof(*values));
    *ret = (struct best){.trial = trial,
                         .seed = ask.seed,
                         .step = c->r->step,
                         .baseline = c->r->baseline,
                         .config = ask.config,
                         .values = values};
    return OK;
}

enum code optimizer_best(struct optimizer *o, struct arena *a, const struct best **ret,
                         size_t *ret_n, struct error *e)
{
    struct front f = {.v = NULL};
    struct best *v = NULL;
    enum code code = optimizer_enter(o, e);
    if (code == OK && find_front(o, &o->scratch, &f) != OK)
        code = error_nomem(e);
    if (code == OK && f.n == 0)
        code = none(o, &f, e);
    if (code == OK && !(v = arena_array(a, f.n, sizeof(*v))))
        code = error_nomem(e);
    for (size_t i = 0; code == OK && i < f.n; i++)
        code = tell_one(o, a, &f.v[i], &v[i], e);
    code = optimizer_leave(o, code);
    if (code == OK) {
        *ret = v;
        *ret_n = f.n;
    }
    return code;
}
