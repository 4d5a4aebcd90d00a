/*
 * A space that is too large for its budget, and what to fix then.
 *
 * Where earlier trials of the space tell, what made the least difference (analyze/importance.h);
 * else what the space's shape says: which parameters take most dimensions for themselves, matter
 * only now and then, or have the most levels. That is no more than a place to begin, and said so.
 */
#include "api/plan.h"

#include "analyze/importance.h"

#include <math.h>
#include <stdlib.h>

/* Trials for each dimension: fewer than FEW teach little, about ENOUGH do. */
enum { FEW = 4, ENOUGH = 10, EVIDENCE_LEAST = 20, EVIDENCE_MAX = 2000 };
#define LITTLE 0.05

struct evidence {
    const struct settings *st;
    struct store *store;
    struct arena arena;
    size_t n;
    struct config *configs;
    struct ended {
        int64_t step;
        double value; /* minimised */
        size_t at;
    } * ended;
    bool minimize, own_steps; /* of the search at hand */
    struct error *e;
};

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct evidence *v = self;
    struct error why = {0};
    if (v->n == EVIDENCE_MAX || !row->has_value || !isfinite(row->value))
        return OK;
    /* One of another version of the space may have other parameters. */
    enum code c = config_parse(v->st->space, &v->arena, row->params, &v->configs[v->n], &why);
    if (c == E_NOMEM)
        return error_nomem(v->e);
    if (c != OK)
        return OK;
    v->ended[v->n] =
        (struct ended){v->own_steps ? 0 : row->step, v->minimize ? row->value : -row->value, v->n};
    v->n++;
    return OK;
}

static enum code on_search(void *self, const struct search_row *row)
{
    struct evidence *v = self;
    const struct measure *m = &v->st->measures[0];
    if (!str_eq(row->space_name, v->st->space_name) || !str_eq(row->metric, m->name))
        return OK;
    v->minimize = row->minimize;
    v->own_steps = row->own_steps;
    return store_trials(v->store, row->id, 1u << TRIAL_COMPLETED | 1u << TRIAL_STOPPED, on_trial, v,
                        v->e);
}

/* As `best` ranks: who got farther first, then by value. */
static int by_rank(const void *pa, const void *pb)
{
    const struct ended *a = pa, *b = pb;
    if (a->step != b->step)
        return a->step > b->step ? -1 : 1;
    return (a->value > b->value) - (a->value < b->value);
}

static enum code shares(struct evidence *v, double *ret, struct error *e)
{
    struct config *configs = arena_array(&v->arena, v->n + 1, sizeof(*configs));
    double *places = arena_array(&v->arena, v->n + 1, sizeof(*places));
    if (!configs || !places)
        return error_nomem(e);
    qsort(v->ended, v->n, sizeof(*v->ended), by_rank);
    for (size_t i = 0; i < v->n; i++) {
        configs[i] = v->configs[v->ended[i].at];
        places[i] = (double)i;
    }
    return importance_shares(v->st->space, configs, places, v->n, ret, e);
}

/* Best candidates first, equal ones in the order of the file. */
static void offer(struct advice *a, struct fixable x, double merit, double *merits)
{
    size_t i = a->n < FIXABLE_MAX ? a->n : FIXABLE_MAX;
    if (a->n < FIXABLE_MAX)
        a->n++;
    else if (merit <= merits[FIXABLE_MAX - 1])
        return;
    else
        i = FIXABLE_MAX - 1;
    for (; i > 0 && merit > merits[i - 1]; i--) {
        a->v[i] = a->v[i - 1];
        merits[i] = merits[i - 1];
    }
    a->v[i] = x;
    merits[i] = merit;
}

static void by_evidence(struct plan *p, const double *share)
{
    double merits[FIXABLE_MAX] = {0};
    for (size_t i = 0; i < p->st->space->n_params; i++) {
        const struct param *param = &p->st->space->params[i];
        struct fixable x = {param, share[i], "made little difference so far", param->units};
        if (param->units > 0 && share[i] < LITTLE)
            offer(&p->advice, x, -share[i], merits);
    }
}

static void by_shape(struct plan *p)
{
    double merits[FIXABLE_MAX] = {0};
    for (size_t i = 0; i < p->st->space->n_params; i++) {
        const struct param *param = &p->st->space->params[i];
        struct fixable x = {param, (double)NAN, NULL, param->units};
        int64_t levels = param->units > 0 ? prior_count(&param->prior) : 0;
        double merit = 0;
        if (param->units > 1) {
            x.why = "takes several dimensions for itself";
            merit = 1000 + param->units;
        } else if (param->units == 1 && param->when) {
            x.why = "matters in some configurations only";
            merit = 500 + param->depth;
        } else if (param->units == 1 && levels > 4) {
            x.why = "has many levels";
            merit = fmin(400, (double)levels);
        }
        if (x.why)
            offer(&p->advice, x, merit, merits);
    }
}

static enum code look(struct plan *p, struct evidence *v, struct error *e)
{
    double *share = arena_array(&v->arena, p->st->space->n_params + 1, sizeof(*share));
    v->configs = arena_array(&v->arena, EVIDENCE_MAX, sizeof(*v->configs));
    v->ended = arena_array(&v->arena, EVIDENCE_MAX, sizeof(*v->ended));
    if (!share || !v->configs || !v->ended)
        return error_nomem(e);
    enum code c = v->store ? store_searches(v->store, on_search, v, e) : OK;
    p->advice.n_evidence = v->n;
    if (c == OK && v->n < EVIDENCE_LEAST) {
        by_shape(p);
        return OK;
    }
    if (c == OK)
        c = shares(v, share, e);
    if (c == OK)
        by_evidence(p, share);
    return c;
}

enum code plan_advise(struct plan *p, struct store *store, struct error *e)
{
    struct advice *a = &p->advice;
    struct error own = {0};
    bool simulated = p->forecast.n_runs > 0;
    a->trials = simulated ? (int64_t)p->forecast.trials.mean : p->expected;
    a->wanted = (int64_t)ENOUGH * p->dimensions;
    if (p->count > 0 && p->exact && a->wanted > p->count)
        a->wanted = p->count;
    a->few = a->trials > 0 && a->trials < (int64_t)FEW * p->dimensions && a->trials < a->wanted;
    if (!a->few)
        return OK;
    struct evidence v = {.st = p->st, .store = store, .e = e ? e : &own};
    arena_init(&v.arena, (size_t)256 << 20);
    enum code c = look(p, &v, e);
    arena_free(&v.arena);
    return c;
}
