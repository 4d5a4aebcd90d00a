/*
 * The Gaussian process sampler: Bayesian optimisation of mixed and conditional spaces.
 *
 * A small design first (design.c), then whatever maximises the acquisition (internal.h) under
 * Gaussian processes whose kernel knows what is active (model/encoding.h). After a stall, every
 * second trial goes into another branch than the best one's (branch.c): that a branch was judged by
 * its first few trials is what costs conditional searches most.
 *
 * Shahriari et al. 2016, "Taking the human out of the loop", is the survey; what differs from it is
 * cited where it is done.
 */
#include "search/gp/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIMBS = 8,
    SPREAD = 1024, /* candidates: even points, a power of two so that they are a net... */
    MUTATED = 512, /* ...and what is near the best */
    OWN_LEAST = 3, /* results of a branch for models of its own */
    POOL_ROOM = 2048 + 1,
    ENUMERATED_MOST = 2048
};

static const char *const yes_no[] = {"true", "false", NULL};
static const char *const both_one[] = {"both", "one", NULL};
static const char *const regions[] = {
    [REGION_WHOLE] = "whole", [REGION_TRUST] = "trust", [REGION_BOTH] = "both", NULL};
static const char *const outputs[] = {"half", "plain", NULL};

static const struct option_kind options[] = {
    {.name = "initial",
     .about =
         "trials before the first that is modelled, given ones counted; 0: by space and budget",
     .lo = 0,
     .hi = 1000,
     .whole = true},
    {.name = "priors",
     .about = "hyperparameters fitted under two priors and averaged, or under one",
     .words = both_one},
    {.name = "branches",
     .about = "after a stall, every second trial goes into another branch of a conditional space",
     .words = yes_no},
    {.name = "region",
     .about = "where proposals lie: the whole space, a trust region around the best, or by turns",
     .words = regions},
    {.name = "output", .about = "worse half by rank, or values as they are", .words = outputs},
    {.name = "warp",
     .about = "numbers are warped as fits the values, once there are three results for each",
     .words = yes_no},
};

/* New ones go to the end: portfolio.c has them too. */
enum origin { ORIGIN_INITIAL, ORIGIN_MODEL, ORIGIN_BRANCH, ORIGIN_TRUST };
static const char *const origins[] = {"initial", "model", "branch", "trust", NULL};

static void gp_destroy(void *self)
{
    struct gp_sampler *s = self;
    if (!s)
        return;
    encoding_free(s->encoding);
    sobol_free(s->points);
    free(s->centres);
    free(s->hashes);
    free(s->rows);
    free(s);
}

static enum region_use region_use(const struct method *m)
{
    if (sampler_option_is(m, "region", "whole"))
        return REGION_WHOLE;
    return sampler_option_is(m, "region", "trust") ? REGION_TRUST : REGION_BOTH;
}

static enum code gp_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct gp_sampler *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    const struct method *m = &settings->method;
    s->space = settings->space;
    s->seed = settings->seed;
    s->both_priors = sampler_option_is(m, "priors", "both");
    s->branches = sampler_option_is(m, "branches", "true");
    s->region = region_use(m);
    s->half = sampler_option_is(m, "output", "half");
    s->warp = sampler_option_is(m, "warp", "true");
    enum code code = encoding_new(s->space, &s->encoding, e);
    if (code == OK)
        code = sobol_new((size_t)s->space->n_units, true, s->seed, &s->points, e);
    if (code == OK)
        code = design_make(s, (size_t)sampler_option(m, "initial"), settings->effort.trials, e);
    if (code != OK) {
        gp_destroy(s);
        return code;
    }
    *ret = s;
    return OK;
}

static enum code sample_design(const struct gp_sampler *s, struct arena *a, int64_t index,
                               struct sample *ret, struct error *e)
{
    ret->origin = ORIGIN_INITIAL;
    return design_point(s, a, index, &ret->config, e);
}

struct suggestion {
    const struct gp_sampler *s;
    struct arena *a;
    const struct sample_request *q;
    struct survey survey;
    struct acquisition acq;
    struct trust trust;
    struct region region;
    struct pool pool;
};

/* Where a normal isn't cut, its last thousandth is left out: there the cube's edge is eight
 * standard deviations away, and a model that likes an edge knows nothing of that. */
static void spare_tails(const struct encoding *x, struct region *region)
{
    const double tail = 1e-3;
    for (size_t k = 0; k < x->n_units; k++) {
        const struct prior *p = &x->space->params[x->units[k].param].prior;
        bool logarithm = p->kind == PRIOR_LOGNORMAL;
        if (p->kind != PRIOR_NORMAL && !logarithm)
            continue;
        if (logarithm ? p->lo <= 0 : isinf(p->lo))
            region->lo[k] = tail;
        if (isinf(p->hi))
            region->hi[k] = 1 - tail;
    }
}

static enum code whole_cube(struct suggestion *g, struct error *e)
{
    size_t n = g->s->encoding->n_units + 1;
    g->region = (struct region){.lo = arena_array(g->a, n, sizeof(double)),
                                .hi = arena_array(g->a, n, sizeof(double))};
    if (!g->region.lo || !g->region.hi)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++)
        g->region.hi[i] = 1;
    spare_tails(g->s->encoding, &g->region);
    return OK;
}

/* The candidate of the highest acquisition that was not proposed before, and drops it; false: none
 * is left. */
static bool take_best(struct suggestion *g, struct config *ret)
{
    struct pool *p = &g->pool;
    for (;;) {
        size_t best = p->n;
        for (size_t i = 0; i < p->n; i++)
            if (p->value[i] > (best < p->n ? p->value[best] : -HUGE_VAL))
                best = i;
        if (best == p->n)
            return false;
        p->value[best] = -HUGE_VAL;
        if (config_decode(g->s->space, g->a, pool_u(p, best), ret) == OK &&
            config_allowed(ret, NULL) && !history_knows(g->q->history, ret))
            return true;
    }
}

static bool is_near(const struct pool *p, size_t i, size_t k)
{
    double sum = 0;
    for (size_t c = 0; c < p->x.n_columns; c++) {
        double d = p->x.v[c * p->x.room + i] - p->x.v[c * p->x.room + k];
        sum += d * d;
    }
    return sum < 1e-4;
}

/* Climbs from the best few, no two of them next to each other. */
static enum code climb_best(struct suggestion *g, struct arena *lists, struct error *e)
{
    struct pool *p = &g->pool;
    struct climber *climber;
    size_t start[CLIMBS], n = 0;
    bool *passed = arena_array(g->a, p->n, sizeof(*passed));
    if (!passed)
        return error_nomem(e);
    while (n < CLIMBS) {
        size_t best = p->n;
        for (size_t i = 0; i < p->n; i++)
            if (!passed[i] && p->value[i] > (best < p->n ? p->value[best] : -HUGE_VAL))
                best = i;
        if (best == p->n)
            break;
        passed[best] = true;
        bool near = false;
        for (size_t k = 0; k < n && !near; k++)
            near = is_near(p, best, start[k]);
        if (!near)
            start[n++] = best;
    }
    enum code code = climber_new(g->a, g->s, p, &g->acq, &g->region, g->q->history, &climber, e);
    for (size_t k = 0; k < n && code == OK; k++)
        code = climber_run(climber, start[k], e);
    return code;
}

static enum code search_region(struct suggestion *g, struct arena *lists, struct config *ret,
                               bool *ret_found, struct error *e)
{
    bool exact;
    int64_t count = space_count(g->s->space, &exact);
    bool all = exact && count > 0 && count <= ENUMERATED_MOST;
    enum code code = pool_init(&g->pool, g->a, lists, g->s->encoding, POOL_ROOM, e);
    g->pool.region = &g->region;
    if (code == OK)
        code = all ? pool_enumerate(&g->pool, g->q->history, e)
                   : pool_fill(&g->pool, g->s, g->a, &g->survey, &g->region, g->q->index, SPREAD,
                               MUTATED, e);
    if (code != OK)
        return code;
    acquisition_values(&g->acq, &g->pool.x, 0, g->pool.n, g->pool.value);
    if (!all)
        code = climb_best(g, lists, e);
    if (code == OK)
        *ret_found = take_best(g, ret);
    return code;
}

static size_t proposals_of(const struct suggestion *g, enum origin origin)
{
    const struct history *h = g->q->history;
    size_t n = 0;
    for (size_t i = h->n_evidence; i < h->n; i++)
        n += h->v[i].origin == (int)origin;
    return n;
}

/* By turns: the part that has made fewer proposals is next. */
static bool trust_is_due(const struct suggestion *g)
{
    if (g->s->region == REGION_WHOLE || g->trust.centre < 0)
        return false;
    return g->s->region == REGION_TRUST ||
           proposals_of(g, ORIGIN_TRUST) < proposals_of(g, ORIGIN_MODEL);
}

/* Where the branch has enough results, models of its own take the place of the whole space's, for
 * every second of its trials: they see what is better within the branch, the others what it has in
 * common with the rest. */
static enum code model_branch(struct suggestion *g, const struct branch *b, struct sample *ret,
                              struct error *e)
{
    struct survey inside;
    struct acquisition own;
    bool useful = false;
    enum code code = branch_narrow(g->s, g->a, b, &g->survey, &inside, e);
    if (code == OK && inside.n_valued >= OWN_LEAST && proposals_of(g, ORIGIN_BRANCH) % 2 == 0)
        code = models_make_own(g->s, g->a, &inside, g->q, &own, &useful, ret, e);
    if (useful) {
        g->survey = inside;
        g->acq = own;
    }
    return code;
}

static enum code choose_branch(struct suggestion *g, struct arena *lists, struct sample *ret,
                               bool *ret_chosen, struct error *e)
{
    struct branch_search search = {.s = g->s,
                                   .a = g->a,
                                   .lists = lists,
                                   .survey = &g->survey,
                                   .acq = &g->acq,
                                   .region = &g->region,
                                   .index = g->q->index};
    struct branch branch;
    enum code code = branch_choose(&search, ret_chosen, &branch, e);
    return code == OK && *ret_chosen ? model_branch(g, &branch, ret, e) : code;
}

/* In another branch, in the trust region, or anywhere; and anywhere if nothing new is left in the
 * region. */
static enum code search_regions(struct suggestion *g, struct arena *lists, struct sample *ret,
                                bool *ret_found, struct error *e)
{
    bool branch = false;
    enum code code = whole_cube(g, e);
    if (code == OK)
        code = choose_branch(g, lists, ret, &branch, e);
    bool trust = code == OK && !branch && trust_is_due(g);
    if (trust)
        code = trust_shape(g->s, g->a, g->q->history, &g->trust, &g->acq, &g->region, e);
    if (code == OK)
        code = search_region(g, lists, &ret->config, ret_found, e);
    ret->origin = branch ? ORIGIN_BRANCH : trust ? ORIGIN_TRUST : ORIGIN_MODEL;
    if (code != OK || !trust || *ret_found)
        return code;
    ret->origin = ORIGIN_MODEL;
    code = whole_cube(g, e);
    return code == OK ? search_region(g, lists, &ret->config, ret_found, e) : code;
}

static enum code suggest(struct gp_sampler *s, struct arena *a, const struct sample_request *q,
                         struct suggestion *g, struct sample *ret, struct error *e)
{
    struct arena lists;
    bool useful = false, found = false;
    enum code code = rows_keep(s, q->history, e);
    if (code == OK && s->region != REGION_WHOLE)
        code = trust_walk(s, a, &g->survey, ORIGIN_TRUST, &g->trust, e);
    if (code == OK)
        code = survey_cut(s, a, &g->survey, e);
    if (code == OK)
        code = models_make(s, a, &g->survey, q, &g->acq, &useful, ret, e);
    if (code != OK)
        return code;
    arena_init(&lists, a->ceiling);
    if (useful)
        code = search_regions(g, &lists, ret, &found, e);
    arena_free(&lists);
    if (code != OK)
        return code;
    return found ? OK : sample_design(s, a, q->index, ret, e);
}

static enum code gp_sample(void *self, struct arena *a, const struct sample_request *q,
                           struct sample *ret, struct error *e)
{
    struct gp_sampler *s = self;
    struct suggestion g = {.s = s, .a = a, .q = q};
    enum code code = survey_take(s, a, q, &g.survey, e);
    if (code != OK)
        return code;
    size_t started = g.survey.n + g.survey.n_pending;
    if (started < s->initial || g.survey.n_valued < 2)
        return sample_design(s, a, q->index, ret, e);
    return suggest(s, a, q, &g, ret, e);
}

const struct sampler_kind sampler_gp = {
    .name = "gp",
    .about =
        "Gaussian processes over mixed and conditional spaces, log expected improvement (Ament "
        "et al. 2023)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .origins = origins,
    .create = gp_create,
    .destroy = gp_destroy,
    .sample = gp_sample,
};
