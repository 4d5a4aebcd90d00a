/*
 * Which trial goes on, or what is new: whatever most probably gets below a target within a horizon,
 * both drawn anew each time, so that short and long views, small and large improvements take turns
 * (ifBO: Rakotoarison et al. 2024, section 4). When nothing new may start, the view is that of the
 * end: the most probable winner goes on, until there is none any more. So it is when the budget has
 * too little left to train a new trial to its end: as long as one that waits still gets there, the
 * most probable winner of those goes on, straight to the end.
 */
#include "search/freeze_thaw/internal.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum {
    SEEN_LEAST = 5, /* configurations with a value, before new ones come from the model */
    NEW_MOST = GP_BLOCK
    /* New candidates, drawn from the prior. The best of many draws looks better than it is: with
     * 1,000 of them next to nothing that has paused goes on, and so it was with candidates near
     * the best, which are copies of what could go on instead. */
};

/* Targets lie a thousandth to a third of a standard deviation below the best value. */
#define TARGET_LEAST -3.0
#define TARGET_MOST  -0.5
/* Nothing goes on to the end for a smaller chance than this standard normal quantile's: 5 %. */
#define CHANCE_LEAST -1.645

/* z: the probability of getting below the target is Phi(z). */
struct race {
    struct curves *c;
    bool finishes; /* who goes on trains to the end, and nothing new starts */
    double horizon, target;
    double z;             /* of who leads */
    ptrdiff_t known;      /* who: -1: a new configuration, or nobody */
    struct config config; /* the new one */
};

static double z_of(const struct race *r, double mean, double variance)
{
    return (r->target - mean) / sqrt(variance > 1e-12 ? variance : 1e-12);
}

/* How far it goes where it is let go on. */
static int64_t goal_of(const struct race *r, int64_t step)
{
    const struct searcher_settings *settings = r->c->q->settings;
    return r->finishes ? settings->effort.max_steps : station_after(settings, step);
}

static bool may_go_on(const struct race *r, const struct known *k)
{
    return k->waits && goal_of(r, k->step) - k->step <= r->c->q->left;
}

/* Does the budget near its end, and may one that waits still get to its own? */
static bool is_to_finish(struct race *r)
{
    if (r->c->q->left >= r->c->q->settings->effort.max_steps)
        return false;
    r->finishes = true;
    for (size_t i = 0; i < r->c->n_seen; i++)
        if (may_go_on(r, &r->c->v[i]))
            return true;
    return false;
}

static void draw_view(struct race *r, struct rng *rng)
{
    double horizon = 1 - rng_unit(rng);
    double exponent = TARGET_LEAST + (TARGET_MOST - TARGET_LEAST) * rng_unit(rng);
    bool fresh = r->c->q->fresh && !r->finishes;
    r->horizon = fresh ? horizon : 1;
    r->target = r->c->best - (fresh ? pow(10, exponent) : 0);
}

static void run_paused(struct race *r)
{
    for (size_t i = 0; i < r->c->n_seen; i++) {
        const struct known *k = &r->c->v[i];
        double mean, variance, to = curves_part(r->c, k->step) + r->horizon;
        if (!may_go_on(r, k))
            continue;
        curves_at(r->c, i, to < 1 ? to : 1, &mean, &variance);
        double z = z_of(r, mean, variance);
        if (z > r->z) {
            r->z = z;
            r->known = (ptrdiff_t)i;
        }
    }
}

/* Points of the cube, u by u, and their rows, as many as the constraints allow. */
static enum code draw_new(struct curves *c, struct rng *rng, double *u, struct points *rows,
                          struct error *e)
{
    const struct encoding *x = c->encoding;
    double *row = arena_array(c->a, x->n_columns + 1, sizeof(*row));
    struct value *values = arena_array(c->a, x->space->n_params + 1, sizeof(*values));
    if (!row || !values || points_init(rows, c->a, x->n_columns, NEW_MOST) != OK)
        return error_nomem(e);
    for (size_t i = 0; i < NEW_MOST; i++) {
        bool allowed;
        for (size_t k = 0; k < x->n_units; k++)
            u[k] = rng_unit(rng);
        if (encoding_point(x, c->a, u, values, row, &allowed) != OK)
            return error_nomem(e);
        if (!allowed)
            continue;
        points_add(rows, row);
        u += x->n_units;
    }
    return OK;
}

static enum code run_new(struct race *r, struct rng *rng, struct error *e)
{
    struct curves *c = r->c;
    size_t n_units = c->encoding->n_units;
    double *u = arena_array(c->a, n_units + 1, NEW_MOST * sizeof(*u));
    double mean[NEW_MOST], variance[NEW_MOST];
    struct points rows;
    if (!u)
        return error_nomem(e);
    enum code code = draw_new(c, rng, u, &rows, e);
    if (code != OK)
        return code;
    curves_new(c, &rows, 0, rows.n, r->horizon, mean, variance);
    for (size_t i = 0; i < rows.n; i++) {
        struct config config;
        double z = z_of(r, mean[i], variance[i]);
        if (z <= r->z)
            continue;
        if (config_decode(c->encoding->space, c->a, u + i * n_units, &config) != OK)
            return error_nomem(e);
        if (!config_allowed(&config, NULL) || history_knows(c->q->history, &config))
            continue;
        r->z = z;
        r->known = -1;
        r->config = config;
    }
    return OK;
}

/* Has one that was searched for been trained to the end? */
static bool any_finished(const struct choice_request *q)
{
    const struct history *h = q->history;
    for (size_t i = h->n_evidence; i < h->n; i++) {
        const struct curve *x = &q->curves[i];
        bool far = x->n > 0 && x->v[x->n - 1].step >= q->settings->effort.max_steps;
        if (far && !x->running && !h->v[i].baseline && !isnan(h->v[i].value))
            return true;
    }
    return false;
}

/* Without a model: the best so far. */
static void run_as_seen(struct race *r)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < r->c->n_seen; i++) {
        const struct known *k = &r->c->v[i];
        double value = k->curve.y[k->curve.n - 1];
        if (may_go_on(r, k) && value < least) {
            least = value;
            r->known = (ptrdiff_t)i;
        }
    }
}

static enum code run_race(struct race *r, struct error *e)
{
    const struct choice_request *q = r->c->q;
    enum code code = OK;
    struct rng rng;
    rng_init(&rng, q->settings->seed ^ 0xf4ee2e7, (uint64_t)q->index);
    draw_view(r, &rng);
    run_paused(r);
    if (q->fresh && !r->finishes)
        code = run_new(r, &rng, e);
    else if (!r->finishes && r->z < CHANCE_LEAST && any_finished(q))
        r->known = -1;
    return code;
}

static bool any_paused(const struct choice_request *q)
{
    for (size_t i = q->history->n_evidence; i < q->history->n; i++)
        if (q->curves[i].paused)
            return true;
    return false;
}

enum code freeze_thaw_choose(struct arena *a, const struct choice_request *q, struct choice *ret,
                             struct error *e)
{
    struct curves c;
    if (!any_paused(q))
        return OK;
    enum code code = curves_make(&c, a, q, e);
    struct race r = {.c = &c, .z = -HUGE_VAL, .known = -1};
    if (code == OK)
        r.finishes = is_to_finish(&r);
    bool picks = r.finishes || !q->fresh;
    if (code == OK && c.useful && (c.n_seen >= SEEN_LEAST || picks)) {
        code = run_race(&r, e);
        ret->weighed = c.weighed;
        ret->n_weighed = c.n_weighed;
    } else if (code == OK && picks) {
        run_as_seen(&r);
    }
    if (code == OK && r.known >= 0) {
        const struct known *k = &c.v[r.known];
        ret->trial = (int64_t)(k->position - q->history->n_evidence) + 1;
        ret->steps = goal_of(&r, k->step);
    } else if (code == OK) {
        ret->config = r.config;
    }
    curves_free(&c);
    return code;
}
