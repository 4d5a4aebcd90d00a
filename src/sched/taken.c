/*
 * What a trial comes to: each measure's value out of the reports so far, as its `take` says, and
 * how far the requirements are missed by it.
 *
 * A step that a later attempt did again counts once. Reports of different measures may come one by
 * one; a measure's own last step tells whether one is late.
 */
#include "sched/internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

_Static_assert((int)STORE_OBJECTIVES_MAX == (int)OBJECTIVES_MAX &&
                   (int)STORE_REQUIREMENTS_MAX == (int)REQUIREMENTS_MAX &&
                   (int)STORE_MEASURES_MAX == (int)MEASURES_MAX,
               "the store keeps all that there may be");

enum code trial_prepare_taken(struct live_trial *t)
{
    const struct settings *st = t->search->settings;
    struct scores *scores = &t->row.scores;
    t->taken = st->n_measures == 1 ? &t->first_taken : calloc(st->n_measures, sizeof *t->taken);
    if (t->taken == NULL)
        return E_NOMEM;
    for (size_t i = 0; i < st->n_measures; i++) {
        if (st->measures[i].take != TAKE_MEAN)
            continue;
        t->taken[i].k = st->measures[i].take_k;
        t->taken[i].ring = calloc((size_t)t->taken[i].k, sizeof *t->taken[i].ring);
        if (t->taken[i].ring == NULL)
            return E_NOMEM;
    }
    for (; scores->n_values < st->n_measures; scores->n_values++)
        scores->values[scores->n_values] = (double)NAN;
    for (; scores->n_excess < st->n_requirements; scores->n_excess++)
        scores->excess[scores->n_excess] = (double)NAN;
    return OK;
}

void trial_free_taken(struct live_trial *t)
{
    for (size_t i = 0; t->taken != NULL && i < t->search->settings->n_measures; i++)
        free(t->taken[i].ring);
    if (t->taken != &t->first_taken)
        free(t->taken);
    t->taken = NULL;
}

/* Only objectives have a best. */
static bool better(const struct search *q, size_t measure, double a, double b)
{
    if (isnan(a))
        return false;
    if (isnan(b))
        return true;
    return q->settings->minimize[measure] ? a < b : a > b;
}

double trial_take(struct live_trial *t, size_t measure, int64_t step, double value)
{
    struct taken *k = &t->taken[measure];
    enum take take = t->search->settings->measures[measure].take;
    int attempt = t->attempt != NULL ? t->attempt->row.number : 0;
    if (k->reports > 0 && k->step == step && k->attempt != attempt)
        k->reports--;
    k->step = step;
    k->attempt = attempt;
    if (k->reports == 0 ||
        (measure < t->search->settings->n_objectives && better(t->search, measure, value, k->best)))
        k->best = value;
    k->last = value;
    if (k->ring != NULL)
        k->ring[k->reports % k->k] = value;
    k->reports++;
    switch (take) {
    case TAKE_LAST:
        return value;
    case TAKE_BEST:
        return k->best;
    case TAKE_MEAN:
        break;
    }
    assert(k->ring != NULL); /* a mean keeps its last k */
    int64_t n = k->reports < k->k ? k->reports : k->k;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += k->ring[i];
    return sum / (double)n;
}

bool trial_is_late(const struct live_trial *t, size_t measure, int64_t step)
{
    return t->taken[measure].reports > 0 && step < t->taken[measure].step;
}

void trial_score(struct live_trial *t, size_t measure, double value)
{
    const struct settings *st = t->search->settings;
    struct scores *scores = &t->row.scores;
    scores->values[measure] = value;
    scores->seen |= UINT32_C(1) << measure;
    for (size_t i = 0; i < st->n_requirements; i++)
        if (st->requirements[i].measure == measure)
            scores->excess[i] = requirement_excess(&st->requirements[i], value);
    if (measure == 0) {
        t->row.value = value;
        t->row.has_value = true;
    }
    t->dirty = true;
}

struct result trial_result(const struct live_trial *t)
{
    const struct scores *scores = &t->row.scores;
    struct result r;
    for (size_t i = 0; i < OBJECTIVES_MAX; i++) {
        bool seen = i < scores->n_values && (scores->seen >> i & 1) != 0;
        r.values[i] = seen ? scores->values[i] : (double)NAN;
    }
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++)
        r.excess[i] = i < scores->n_excess ? scores->excess[i] : (double)NAN;
    return r;
}

/* --- one that was never reported --- */

bool trial_lacks_objective(const struct live_trial *t, size_t *ret_measure)
{
    size_t n = t->search->settings->n_objectives, i = 0;
    while (i < n && (t->row.scores.seen >> i & 1) != 0)
        i++;
    *ret_measure = i;
    return n > 1 && i < n;
}

enum { NAMED_MAX = 10 };

struct named {
    struct arena a;
    struct str names[NAMED_MAX];
    size_t n;
};

static enum code on_point(void *self, const struct metric_point *p)
{
    struct named *all = self;
    for (size_t i = 0; i < all->n; i++)
        if (str_eq(all->names[i], p->name))
            return OK;
    if (all->n < NAMED_MAX && arena_str(&all->a, p->name, &all->names[all->n]) == OK)
        all->n++;
    return OK;
}

/* What it did report, and what its supervisor saw beside that ("never reported a; its output holds
 * b"). */
enum code trial_say_lack(struct scheduler *s, const struct live_trial *t, size_t measure,
                         struct str detail, struct buf *b, struct error *e)
{
    struct named all = {.n = 0};
    struct str seen = detail;
    (void)str_cut(&seen, ';');
    arena_init(&all.a, 1 << 20);
    enum code c = store_metrics(s->o.store, t->row.id, (struct str){0}, on_point, &all, e);
    buf_fmt(b, "it ended well but never reported %.*s",
            STR_FMT(t->search->settings->measures[measure].name));
    for (size_t i = 0; i < all.n; i++)
        buf_fmt(b, "%s%.*s", i == 0 ? ", only " : ", ", STR_FMT(all.names[i]));
    if (str_starts(detail, "never reported") && seen.n > 0)
        buf_fmt(b, ";%.*s", STR_FMT(seen));
    arena_free(&all.a);
    return c;
}
