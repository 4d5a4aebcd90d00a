/*
 * NSGA-II, for several objectives: Deb, Pratap, Agarwal & Meyarivan, "A Fast and Elitist
 * Multiobjective Genetic Algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6(2), 2002.
 *
 * The population are the survivors of all that ended: each end joins it, and where it is too many
 * then, the one with the least room in the last front leaves (section III-C, one at a time, so that
 * results may come in any order: Durillo et al. 2009 found this steady state no worse). Two parents
 * win a tournament each: who dominates, then the better front, then more room. Requirements are
 * obeyed by constrained domination (section VI), which is the history's own.
 *
 * A child has each parameter from its parents: numbers by simulated binary crossover and polynomial
 * mutation in the prior's cube (Deb & Agrawal 1995; Deb & Goyal 1996; indices 15 and 20), choices
 * from either, subsets item by item, permutations with the head of one in front of the rest in the
 * order of the other. What the parents' conditions leave open is drawn from its prior.
 *
 * Until there are `population` trials, points of a Sobol sequence are proposed.
 */
#include "base/array.h"
#include "search/moves.h"
#include "search/pareto.h"
#include "search/sampler.h"
#include "search/sobol/points.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ORIGIN_START,
    ORIGIN_CHILD,
    LEAST_POPULATION = 20, /* where the population's size is left to us */
    MOST_POPULATION = 100,
    TRIALS_A_SURVIVOR = 100, /* that it takes to grow by one */
    CHILDREN_MAX = 64        /* before the searcher draws another */
};

#define CROSSOVER_INDEX 15.0
#define MUTATION_INDEX  20.0
#define CROSSOVER_RATE  0.9

struct survivor {
    uint32_t at; /* position in the history */
    uint32_t front;
    double room;
};

struct nsga2 {
    const struct space *space;
    struct sobol *points;
    uint64_t seed;
    size_t population; /* 0: grows with the history */
    /* Of the first `taken` ends: the same whenever it is worked out. */
    struct survivor *survivors;
    size_t n, capacity, taken;
    uint64_t taken_back;
};

static const struct option_kind options[] = {
    {.name = "population",
     .about = "how many survive; 0: 20, and one more for every 100 trials, up to 100",
     .lo = 0,
     .hi = 1000,
     .whole = true},
};

static const char *const origins[] = {"start", "child", NULL};

static void nsga2_destroy(void *self)
{
    struct nsga2 *x = self;
    if (!x)
        return;
    sobol_free(x->points);
    free(x->survivors);
    free(x);
}

static enum code nsga2_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct nsga2 *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->space = settings->space;
    x->seed = settings->seed;
    x->population = (size_t)sampler_option(&settings->method, "population");
    enum code code = sobol_new((size_t)x->space->n_units, true, settings->seed, &x->points, e);
    if (code != OK) {
        free(x);
        return code;
    }
    *ret = x;
    return OK;
}

static size_t population_of(const struct nsga2 *x, size_t n_ended)
{
    if (x->population)
        return x->population;
    size_t n = LEAST_POPULATION + n_ended / TRIALS_A_SURVIVOR;
    return n > MOST_POPULATION ? MOST_POPULATION : n;
}

/* --- survival --- */

static enum code find_fronts(struct nsga2 *x, const struct history *h, struct arena *a)
{
    uint32_t *at = arena_array(a, x->n + 1, sizeof(*at));
    uint32_t *front = arena_array(a, x->n + 1, sizeof(*front));
    if (!at || !front)
        return E_NOMEM;
    for (size_t i = 0; i < x->n; i++)
        at[i] = x->survivors[i].at;
    enum code code = observations_sort(h, x->n, at, a, front);
    for (size_t i = 0; code == OK && i < x->n; i++)
        x->survivors[i].front = front[i];
    return code;
}

/* In one front. */
static enum code find_room(struct nsga2 *x, const struct history *h, uint32_t front,
                           struct arena *a)
{
    size_t m = h->n_objectives, n = 0;
    double *points = arena_array(a, x->n * m + 1, sizeof(*points));
    double *room = arena_array(a, x->n + 1, sizeof(*room));
    uint32_t *members = arena_array(a, x->n + 1, sizeof(*members));
    if (!points || !room || !members)
        return E_NOMEM;
    for (size_t i = 0; i < x->n; i++) {
        const struct observation *o = &h->v[x->survivors[i].at];
        if (x->survivors[i].front != front)
            continue;
        x->survivors[i].room = 0;
        if (!observation_has_values(h, o))
            continue;
        memcpy(points + n * m, o->values, m * sizeof(*points));
        members[n++] = (uint32_t)i;
    }
    if (n > 0 && pareto_crowding(n, m, points, room) != OK)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++)
        x->survivors[members[i]].room = room[i];
    return OK;
}

static uint32_t last_front(const struct nsga2 *x)
{
    uint32_t last = 0;
    for (size_t i = 0; i < x->n; i++)
        last = x->survivors[i].front > last ? x->survivors[i].front : last;
    return last;
}

static bool outranks(const struct survivor *a, const struct survivor *b)
{
    if (a->front != b->front)
        return a->front < b->front;
    return a->room > b->room;
}

/* One more, and, if they are too many then, one less: of equals, the older one. */
static enum code take_one(struct nsga2 *x, const struct history *h, uint32_t at, struct arena *a)
{
    if (!array_reserve(x->survivors, &x->capacity, x->n + 1))
        return E_NOMEM;
    x->survivors[x->n++] = (struct survivor){.at = at};
    if (x->n <= population_of(x, x->taken + 1))
        return OK;
    arena_clear(a);
    if (find_fronts(x, h, a) != OK || find_room(x, h, last_front(x), a) != OK) {
        x->n--;
        return E_NOMEM;
    }
    uint32_t last = last_front(x);
    size_t worst = x->n;
    for (size_t i = 0; i < x->n; i++)
        if (x->survivors[i].front == last &&
            (worst == x->n || x->survivors[i].room < x->survivors[worst].room))
            worst = i;
    memmove(&x->survivors[worst], &x->survivors[worst + 1],
            (x->n - worst - 1) * sizeof(*x->survivors));
    x->n--;
    return OK;
}

/* Brings the population up to all that has ended. */
static enum code survive(struct nsga2 *x, const struct history *h)
{
    struct arena a;
    arena_init(&a, (size_t)64 << 20);
    if (h->taken_back != x->taken_back || h->n_ended < x->taken) {
        x->n = x->taken = 0;
        x->taken_back = h->taken_back;
    }
    enum code code = OK;
    for (; code == OK && x->taken < h->n_ended; x->taken += code == OK)
        code = take_one(x, h, h->ended[x->taken], &a);
    arena_clear(&a);
    if (code == OK)
        code = find_fronts(x, h, &a);
    for (uint32_t front = 0; code == OK && x->n > 0 && front <= last_front(x); front++) {
        arena_clear(&a);
        code = find_room(x, h, front, &a);
    }
    arena_free(&a);
    return code;
}

/* --- children --- */

static const struct config *parent_of(const struct nsga2 *x, const struct history *h, struct rng *r)
{
    const struct survivor *a = &x->survivors[rng_below(r, x->n)];
    const struct survivor *b = &x->survivors[rng_below(r, x->n)];
    return h->v[outranks(b, a) ? b->at : a->at].config;
}

static double within(double u)
{
    return u < 0 ? 0 : u > 1 ? 1 : u;
}

/* One child of two coordinates (Deb & Agrawal 1995, equation 14). */
static double cross(double a, double b, struct rng *r)
{
    double u = rng_unit(r);
    if (rng_unit(r) > CROSSOVER_RATE || rng_below(r, 2))
        return a;
    double beta = u <= 0.5 ? pow(2 * u, 1 / (CROSSOVER_INDEX + 1))
                           : pow(1 / (2 * (1 - u)), 1 / (CROSSOVER_INDEX + 1));
    double side = rng_below(r, 2) ? beta : -beta;
    return within(0.5 * (a + b) + 0.5 * side * (b - a));
}

/* Polynomial mutation (Deb & Goyal 1996). */
static double nudge(double x, struct rng *r)
{
    double u = rng_unit(r), power = 1 / (MUTATION_INDEX + 1);
    double delta = u < 0.5 ? pow(2 * u, power) - 1 : 1 - pow(2 * (1 - u), power);
    return within(x + delta);
}

/* The head of a, then the rest in b's order. */
static enum code splice(struct arena *a, const struct value *x, const struct value *y,
                        struct rng *r, struct value *ret)
{
    size_t n = x->list.n, head = (size_t)rng_below(r, n + 1), at = head;
    struct value *v = arena_array(a, n + 1, sizeof(*v));
    if (!v)
        return E_NOMEM;
    memcpy(v, x->list.v, head * sizeof(*v));
    for (size_t i = 0; i < n && at < n; i++) {
        bool there = false;
        for (size_t k = 0; k < head && !there; k++)
            there = value_equal(&y->list.v[i], &v[k]);
        if (!there)
            v[at++] = y->list.v[i];
    }
    *ret = (struct value){.type = VALUE_LIST, .list = {v, n}};
    return OK;
}

static enum code cross_values(const struct prior *p, struct arena *a, const struct value *x,
                              const struct value *y, struct rng *r, struct value *ret)
{
    int n = prior_units(p);
    double u[PRIOR_ITEMS_MAX], w[PRIOR_ITEMS_MAX];
    if (p->kind == PRIOR_PERMUTATION)
        return splice(a, x, y, r, ret);
    if (n == 0 || p->kind == PRIOR_CHOICE || p->kind == PRIOR_FLAG) {
        *ret = rng_below(r, 2) ? *x : *y;
        return OK;
    }
    prior_encode(p, x, u);
    prior_encode(p, y, w);
    for (int i = 0; i < n; i++)
        u[i] = p->kind == PRIOR_SUBSET ? (rng_below(r, 2) ? u[i] : w[i]) : cross(u[i], w[i], r);
    return prior_decode(p, a, u, ret);
}

static enum code mutate_value(const struct prior *p, struct arena *a, struct rng *r,
                              struct value *v)
{
    struct value from = *v;
    bool is = false;
    if (moves_ordered(p)) {
        double u;
        prior_encode(p, &from, &u);
        u = nudge(u, r);
        return prior_decode(p, a, &u, v);
    }
    if (p->kind == PRIOR_CHOICE || p->kind == PRIOR_FLAG)
        return moves_draw(p, a, r, &from, v);
    enum code code = moves_nth(p, a, &from, (size_t)rng_below(r, moves_count(p)), v, &is);
    if (code == OK && !is)
        *v = from;
    return code;
}

static enum code draw_value(const struct prior *p, struct arena *a, struct rng *r,
                            struct value *ret)
{
    double u[PRIOR_ITEMS_MAX];
    int n = prior_units(p);
    for (int i = 0; i < n; i++)
        u[i] = rng_unit(r);
    return prior_decode(p, a, u, ret);
}

static enum code child_of(const struct config *x, const struct config *y, struct arena *a,
                          struct rng *r, struct config *ret)
{
    const struct space *s = x->space;
    struct value *values = arena_array(a, s->n_params + 1, sizeof(*values));
    if (!values)
        return E_NOMEM;
    memset(values, 0, s->n_params * sizeof(*values));
    double rate = 1 / (double)(s->n_units > 0 ? s->n_units : 1);
    enum code code = OK;
    for (size_t i = 0; i < s->n_params && code == OK; i++) {
        int at = s->order[i];
        const struct prior *p = &s->params[at].prior;
        const struct value *vx = &x->values[at], *vy = &y->values[at];
        if (!config_is_active(s, values, at))
            continue;
        if (vx->type != VALUE_NONE && vy->type != VALUE_NONE)
            code = cross_values(p, a, vx, vy, r, &values[at]);
        else if (vx->type != VALUE_NONE || vy->type != VALUE_NONE)
            values[at] = vx->type != VALUE_NONE ? *vx : *vy;
        else
            code = draw_value(p, a, r, &values[at]);
        if (code == OK && moves_any(p) && rng_unit(r) < rate)
            code = mutate_value(p, a, r, &values[at]);
    }
    *ret = (struct config){s, values};
    return code;
}

/* A child that is allowed and new; where there is none among many, the last one, which mutated
 * children of children lead away from. */
static enum code new_child(const struct nsga2 *x, const struct history *h, struct arena *a,
                           struct rng *r, struct config *ret)
{
    struct config child = *parent_of(x, h, r);
    for (int i = 1; i <= CHILDREN_MAX; i++) {
        const struct config *mother = i % 8 ? parent_of(x, h, r) : &child;
        struct config next;
        enum code code = child_of(mother, parent_of(x, h, r), a, r, &next);
        if (code != OK)
            return code;
        child = next;
        if (config_allowed(&child, NULL) && !history_knows(h, &child))
            break;
    }
    *ret = child;
    return OK;
}

static enum code nsga2_sample(void *self, struct arena *a, const struct sample_request *q,
                              struct sample *ret, struct error *e)
{
    struct nsga2 *x = self;
    const struct history *h = q->history;
    struct rng r;
    rng_init(&r, x->seed, (uint64_t)q->index);
    if (survive(x, h) != OK)
        return error_nomem(e);
    if (h->n < population_of(x, h->n_ended) || x->n < 2) {
        ret->origin = ORIGIN_START;
        return sobol_config(x->points, x->space, (uint64_t)q->index, a, &ret->config, e);
    }
    ret->origin = ORIGIN_CHILD;
    return new_child(x, h, a, &r, &ret->config) == OK ? OK : error_nomem(e);
}

const struct sampler_kind sampler_nsga2 = {
    .name = "nsga2",
    .about = "a population that spreads along the front of several objectives (Deb et al. 2002)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .origins = origins,
    .create = nsga2_create,
    .destroy = nsga2_destroy,
    .sample = nsga2_sample,
};
