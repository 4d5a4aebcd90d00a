/*
 * TPE (Bergstra, Bardenet, Bengio & Kegl, "Algorithms for Hyper-Parameter Optimization", NeurIPS
 * 2011; Watanabe, "Tree-Structured Parzen Estimator", arXiv 2304.11127, 2023): the ended trials are
 * parted into the good, the best tenth, and the rest; each side is a sum of kernels, one at every
 * configuration (internal.h); of some candidates drawn from the good side, the one with the largest
 * ratio of good to bad is proposed.
 *
 * Kernels are of all parameters together (multivariate). Where parameters depend on others, the
 * configurations with the same ones active make a branch. In each branch that has been tried a few
 * times the good are the best tenth of the branch itself, so that it is judged by the best it can
 * do; then the branches' candidates are compared by the ratio over all trials. Rare branches stand
 * together: as often as trials fell there, and now and then without, candidates are drawn from all
 * good ones and may end up in any branch.
 *
 * Pending trials stand on the bad side. So does what failed, makes no sense or violates
 * requirements: by observation_order it is worse than all else.
 *
 * Where one is already known, the next best candidate is taken; where all are, more are drawn, and
 * then neighbours of the best (moves.h).
 */
#include "base/vec.h"
#include "search/moves.h"
#include "search/sobol/points.h"
#include "search/tpe/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    GOOD_MAX = 25,
    BRANCH_LEAST = 3,  /* trials that make a branch one of its own */
    BRANCHES_MAX = 8,  /* that compete, those with the best trials */
    ROUNDS = 4,        /* of candidates, while all are known or not allowed */
    TRIES = 50,        /* draws for each candidate */
    LOOKED_MOST = 200, /* candidates, for one that is new */
    MOVES = 64,        /* neighbours, in the end */
    LISTS_MAX = 16 << 20
};

struct tpe {
    const struct space *space;
    struct encoding *encoding;
    struct sobol *points;
    uint64_t seed;
    size_t candidates, startup;
    double gamma;
    struct memory memory;
    struct room room, sums;
    struct arena lists;
};

static const struct option_kind options[] = {
    {.name = "candidates",
     .about = "how many are drawn, of which the best is proposed",
     .def = 24,
     .lo = 1,
     .hi = 10000,
     .whole = true},
    {.name = "gamma",
     .about = "which part of the trials is good",
     .def = 0.1,
     .lo = 0.01,
     .hi = 0.5},
    {.name = "startup",
     .about = "how many trials must have ended before it models; until then, a Sobol sequence",
     .def = 10,
     .lo = 1,
     .hi = 10000,
     .whole = true},
};

static void tpe_destroy(void *self)
{
    struct tpe *t = self;
    if (!t)
        return;
    memory_free(&t->memory);
    room_free(&t->room);
    room_free(&t->sums);
    arena_free(&t->lists);
    sobol_free(t->points);
    encoding_free(t->encoding);
    free(t);
}

static enum code tpe_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct tpe *t = calloc(1, sizeof(*t));
    if (!t)
        return error_nomem(e);
    t->space = settings->space;
    t->seed = settings->seed;
    t->candidates = (size_t)sampler_option(&settings->method, "candidates");
    t->gamma = sampler_option(&settings->method, "gamma");
    t->startup = (size_t)sampler_option(&settings->method, "startup");
    arena_init(&t->lists, LISTS_MAX);
    enum code code = encoding_new(t->space, &t->encoding, e);
    if (code == OK)
        code = sobol_new((size_t)t->space->n_units, true, t->seed, &t->points, e);
    if (code == OK && memory_init(&t->memory, t->encoding) != OK)
        code = error_nomem(e);
    if (code != OK) {
        tpe_destroy(t);
        return code;
    }
    *ret = t;
    return OK;
}

/* One sample's work. */
struct work {
    struct tpe *t;
    const struct history *h;
    struct arena *a;
    struct rng rng;
    struct good good; /* of all */
    struct crowd crowd;
};

/* log(exp(x) + 1): the prior is one kernel more, of weight 1. */
static double with_prior(double x)
{
    double both[2] = {x, 0};
    return vec_log_sum_exp(2, both);
}

/* The logarithm of the sum over the good ones of all, and the prior. */
static enum code good_at(const struct work *w, const double *row, const bool *active, double *ret)
{
    const struct good *g = &w->good;
    double *x = room_for(&w->t->room, g->n + 1);
    if (!x)
        return E_NOMEM;
    for (size_t i = 0; i < g->n; i++)
        x[i] = g->log_weight[i] + branch_kernel(g->branch[i], g->kernel[i], row, active);
    x[g->n] = 0;
    *ret = vec_log_sum_exp(g->n + 1, x);
    return OK;
}

/* Of candidates `from` on, the ratio among the branch that they are in. */
static enum code score_within(struct work *w, const struct branch *b, const struct good *g,
                              size_t from)
{
    struct crowd *c = &w->crowd;
    const double *rows = c->rows + from * c->encoding->n_columns;
    size_t n = c->n - from;
    double *good = room_for(&w->t->sums, 2 * n + 1), *bad = good + n;
    if (!good || branch_sums(b, g->kernel, g->n, rows, n, NULL, &w->t->room, bad) != OK ||
        branch_sums_of(b, g->kernel, g->log_weight, g->n, rows, n, &w->t->room, good) != OK)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++)
        c->score[from + i] = with_prior(good[i]) - with_prior(bad[i]);
    return OK;
}

/* The logarithm of the sum over all but the good ones, and the prior. */
static enum code bad_at(const struct work *w, const double *row, const bool *active, double *ret)
{
    const struct memory *m = &w->t->memory;
    uint32_t left_out[GOOD_MAX];
    double *sums = room_for(&w->t->sums, m->n_branches + 1);
    if (!sums)
        return E_NOMEM;
    for (size_t k = 0; k < m->n_branches; k++) {
        size_t n = 0;
        for (size_t i = 0; i < w->good.n; i++)
            if (w->good.branch[i] == &m->branches[k])
                left_out[n++] = w->good.kernel[i];
        if (branch_sums(&m->branches[k], left_out, n, row, 1, active, &w->t->room, &sums[k]) != OK)
            return E_NOMEM;
    }
    sums[m->n_branches] = 0;
    *ret = vec_log_sum_exp(m->n_branches + 1, sums);
    return OK;
}

/* The ratio over all trials. */
static enum code score_among_all(struct work *w, size_t from)
{
    struct crowd *c = &w->crowd;
    for (size_t i = from; i < c->n; i++) {
        const double *row = c->rows + i * c->encoding->n_columns;
        const bool *active = c->active + i * w->t->space->n_params;
        double good, bad;
        if (good_at(w, row, active, &good) != OK || bad_at(w, row, active, &bad) != OK)
            return E_NOMEM;
        c->score[i] = good - bad;
    }
    return OK;
}

static enum code draw_candidates(struct work *w, const struct good *g, const struct branch *within)
{
    for (size_t i = 0; i < w->t->candidates; i++) {
        bool added = false;
        for (int k = 0; k < TRIES && !added; k++)
            if (crowd_draw(&w->crowd, g, within, &w->rng, &added) != OK)
                return E_NOMEM;
    }
    return OK;
}

/* A candidate's configuration, if it is allowed and new. */
static enum code look_at(const struct work *w, size_t i, struct config *ret, bool *ret_new)
{
    const struct crowd *c = &w->crowd;
    if (config_decode(w->t->space, w->a, c->u + i * c->encoding->n_units, ret) != OK)
        return E_NOMEM;
    *ret_new = config_allowed(ret, NULL) && !history_knows(w->h, ret);
    return OK;
}

/* The candidate from `from` on with the largest score that is new; *ret_is: there is one. Where a
 * space is all but used up, looking at a few of many candidates says as much as looking at all. */
static enum code best_new(struct work *w, size_t from, size_t *ret, struct config *ret_config,
                          bool *ret_is)
{
    const struct crowd *c = &w->crowd;
    double most = -(double)INFINITY;
    *ret_is = false;
    for (size_t i = from, looked = 0; i < c->n && looked < LOOKED_MOST; i++) {
        struct config config;
        bool is_new;
        if (!(c->score[i] > most))
            continue;
        looked++;
        if (look_at(w, i, &config, &is_new) != OK)
            return E_NOMEM;
        if (!is_new)
            continue;
        most = c->score[i];
        *ret = i;
        *ret_config = config;
        *ret_is = true;
    }
    return OK;
}

/* Candidates of one branch; the best new one is kept, in place of the first. */
static enum code compete(struct work *w, const struct branch *b, struct config *ret, bool *ret_is)
{
    struct crowd *c = &w->crowd;
    struct good g;
    size_t from = c->n, best = from;
    enum code code = good_ones(&w->t->memory, b, w->t->gamma, GOOD_MAX, w->a, &g);
    if (code == OK)
        code = draw_candidates(w, &g, b);
    if (code == OK)
        code = score_within(w, b, &g, from);
    if (code == OK)
        code = best_new(w, from, &best, ret, ret_is);
    if (code != OK)
        return code;
    const struct encoding *x = c->encoding;
    size_t params = w->t->space->n_params;
    memmove(c->u + from * x->n_units, c->u + best * x->n_units, x->n_units * sizeof(*c->u));
    memmove(c->rows + from * x->n_columns, c->rows + best * x->n_columns,
            x->n_columns * sizeof(*c->rows));
    memmove(c->active + from * params, c->active + best * params, params * sizeof(*c->active));
    c->n = from + *ret_is;
    return OK;
}

/* The branches that compete, best first; *ret_rest: how many trials fell elsewhere. */
static size_t branches_of(const struct memory *m, const struct branch *ret[BRANCHES_MAX],
                          size_t *ret_rest)
{
    size_t n = 0, inside = 0;
    for (size_t i = 0; i < m->n && n < BRANCHES_MAX; i++) {
        const struct branch *b = &m->branches[m->places[m->rank[i]].branch];
        bool seen = b->n_ended < BRANCH_LEAST;
        for (size_t k = 0; k < n; k++)
            seen |= ret[k] == b;
        if (seen)
            continue;
        ret[n++] = b;
        inside += b->n_ended;
    }
    *ret_rest = m->n - inside;
    return n;
}

/* One candidate of each branch, and of those the best. */
static enum code from_branches(struct work *w, const struct branch *const *branches, size_t n,
                               struct config *ret, bool *ret_is)
{
    struct config configs[BRANCHES_MAX];
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        bool is = false;
        if (compete(w, branches[i], &configs[w->crowd.n], &is) != OK)
            return E_NOMEM;
    }
    *ret_is = w->crowd.n > 0;
    if (w->crowd.n > 1 && score_among_all(w, 0) != OK)
        return E_NOMEM;
    for (size_t i = 1; i < w->crowd.n; i++)
        best = w->crowd.score[i] > w->crowd.score[best] ? i : best;
    if (*ret_is)
        *ret = configs[best];
    return OK;
}

static enum code from_all(struct work *w, struct config *ret, bool *ret_is)
{
    size_t best;
    enum code code = draw_candidates(w, &w->good, NULL);
    if (code == OK)
        code = score_among_all(w, 0);
    return code == OK ? best_new(w, 0, &best, ret, ret_is) : code;
}

static enum code round_of(struct work *w, struct config *ret, bool *ret_is)
{
    const struct memory *m = &w->t->memory;
    const struct branch *branches[BRANCHES_MAX] = {&m->branches[0]};
    size_t rest = 0, n = m->n_branches;
    w->crowd.n = 0;
    if (n > 1 || w->t->encoding->conditional) {
        n = branches_of(m, branches, &rest);
        if (n == 0 || rng_below(&w->rng, m->n + 1) <= rest)
            return from_all(w, ret, ret_is);
    }
    return from_branches(w, branches, n, ret, ret_is);
}

/* Anything new next to the best. */
static enum code neighbour(struct work *w, struct config *ret, bool *ret_is)
{
    const struct memory *m = &w->t->memory;
    struct config at = *w->h->v[w->h->ended[m->rank[0]]].config;
    for (int i = 0; i < MOVES; i++) {
        size_t n = 0, param = 0;
        for (size_t k = 0; k < w->t->space->n_params; k++)
            if (at.values[k].type != VALUE_NONE && moves_any(&w->t->space->params[k].prior) &&
                rng_below(&w->rng, ++n) == 0)
                param = k;
        if (n == 0)
            return OK;
        struct value v;
        const struct prior *p = &w->t->space->params[param].prior;
        if (moves_draw(p, w->a, &w->rng, &at.values[param], &v) != OK ||
            moves_to(&at, w->a, &w->rng, (int)param, &v, ret) != OK)
            return E_NOMEM;
        *ret_is = config_allowed(ret, NULL) && !history_knows(w->h, ret);
        if (*ret_is)
            return OK;
        if (i % 8 == 7) /* further away */
            at = *ret;
    }
    return OK;
}

static enum code model(struct work *w, struct config *ret, bool *ret_is)
{
    struct tpe *t = w->t;
    size_t room = t->candidates + BRANCHES_MAX + 1;
    enum code code = good_ones(&t->memory, NULL, t->gamma, GOOD_MAX, w->a, &w->good);
    if (code == OK)
        code = crowd_init(&w->crowd, t->encoding, room, w->a, &t->lists);
    for (int i = 0; i < ROUNDS && code == OK && !*ret_is; i++)
        code = round_of(w, ret, ret_is);
    return code == OK && !*ret_is ? neighbour(w, ret, ret_is) : code;
}

static enum code tpe_sample(void *self, struct arena *a, const struct sample_request *q,
                            struct sample *ret, struct error *e)
{
    struct tpe *t = self;
    struct work w = {.t = t, .h = q->history, .a = a};
    bool is = false;
    rng_init(&w.rng, t->seed, (uint64_t)q->index);
    if (q->history->n_ended >= t->startup) {
        enum code code = memory_follow(&t->memory, q->history);
        if (code == OK)
            code = model(&w, &ret->config, &is);
        if (code != OK)
            return error_nomem(e);
    }
    if (is)
        return OK;
    return sobol_config(t->points, t->space, (uint64_t)q->index, a, &ret->config, e);
}

const struct sampler_kind sampler_tpe = {
    .name = "tpe",
    .about =
        "tree-structured Parzen estimator, multivariate and by branches (Bergstra et al. 2011)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .instant = true,
    .objectives_max = 1,
    .create = tpe_create,
    .destroy = tpe_destroy,
    .sample = tpe_sample,
};
