/*
 * The surrogates: what they are made of, when they are fitted anew, what they take for granted
 * about trials that still run.
 */
#include "search/gp/internal.h"

#include "base/stats.h"
#include "model/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SENSELESS_FEW = 3,
    FANTASIES_MOST =
        16, /* pending trials that get several values each; of more, the mean is believed */
    PENDING_MOST = 500,
    WARM_EVALUATIONS = 12,
    FRESH_EVALUATIONS = 50,
    FRESH_EVERY = 8, /* refits between those that start from the prior's mode as well */
    REFIT_PART = 33, /* a refit when one in so many results is new */
    WARP_FROM = 3    /* results a warped column, before there is a warp */
};

/* The journalled numbers: results and refits so far, how many numbers belong to the models of the
 * whole space, then a block of hyperparameters a model. The objective's have room for a warp from
 * the start, so that blocks keep their places. Behind them, the same of a branch's own models. */
enum { FITTED_AT, FITTED_COUNT, FITTED_SIZE, FITTED_HEAD };

struct fitting {
    const struct gp_sampler *s;
    struct arena *a;
    const struct survey *v;
    const struct sample_request *q;
    bool refit, fresh;
    struct warp *warp; /* of the objective's models; NULL: none */
    size_t n_before;   /* numbers of the last sample that are taken over */
    size_t n_fitted;   /* numbers written */
    double *fitted;
};

/* What the last sample left of the whole space's models; 0: nothing that could be used. */
static size_t left_before(const struct sample_request *q)
{
    double size = q->n_fitted >= FITTED_HEAD ? q->fitted[FITTED_SIZE] : 0;
    return size >= FITTED_HEAD && size <= (double)q->n_fitted ? (size_t)size : 0;
}

static enum code fitting_start(struct fitting *f, struct error *e)
{
    const struct sample_request *q = f->q;
    size_t ended = q->history->n_ended, every = f->v->n / REFIT_PART;
    f->warp = f->s->warp ? arena_alloc(f->a, sizeof(*f->warp)) : NULL;
    if (f->s->warp && (!f->warp || warp_init(f->warp, f->a, f->s->encoding) != OK))
        return error_nomem(e);
    size_t most = MODELS_MAX * gp_hyper_count(f->s->encoding, f->warp) +
                  LIMITS_MAX * gp_hyper_count(f->s->encoding, NULL);
    f->fitted = arena_array(f->a, FITTED_HEAD + most, sizeof(*f->fitted));
    if (!f->fitted)
        return error_nomem(e);
    f->n_fitted = FITTED_HEAD;
    f->n_before = left_before(q);
    double count = f->n_before > 0 ? q->fitted[FITTED_COUNT] : 0;
    double at = f->n_before > 0 ? q->fitted[FITTED_AT] : -1;
    f->refit = at < 0 || (double)ended < at || (double)ended - at >= (every ? (double)every : 1);
    f->fresh = f->refit && fmod(count, FRESH_EVERY) == 0;
    f->fitted[FITTED_AT] = f->refit ? (double)ended : at;
    f->fitted[FITTED_COUNT] = f->refit ? count + 1 : count;
    return OK;
}

/* `size` is the block's: past the model's own hyperparameters it is filled with zeros, which are
 * those of no warp. */
static void fit(struct fitting *f, struct gp *g, struct gp_room *room, size_t n, const double *y,
                size_t size)
{
    size_t begin = f->n_fitted, end = begin + size;
    const double *before = f->n_before >= end ? f->q->fitted + begin : NULL;
    double *block = f->fitted + begin, reached = -HUGE_VAL;
    f->n_fitted = end;
    memset(block, 0, size * sizeof(*block));
    if (before)
        gp_set(g, before);
    if (before && f->refit)
        reached = gp_fit(g, room, n, y, WARM_EVALUATIONS);
    memcpy(block, g->hyper, g->n_hyper * sizeof(*block));
    if (f->fresh || !before) {
        gp_start(g);
        if (gp_fit(g, room, n, y, FRESH_EVALUATIONS) > reached)
            memcpy(block, g->hyper, g->n_hyper * sizeof(*block));
        else
            gp_set(g, block);
    }
}

static struct points *points_of(const struct gp_sampler *s, struct arena *a,
                                const uint32_t *positions, size_t n, size_t room)
{
    struct points *x = arena_alloc(a, sizeof(*x));
    if (!x || points_init(x, a, s->encoding->n_columns, room) != OK)
        return NULL;
    for (size_t i = 0; i < n; i++)
        points_add(x, row_of(s, positions[i]));
    return x;
}

static double incumbent(const struct survey *v, const struct gp *g, const double *y)
{
    double best = HUGE_VAL;
    for (size_t i = 0; i < v->n; i++) {
        const struct observation *o = &v->h->v[v->rows[i]];
        if (isnan(o->value) || (v->met && !observation_meets(v->h, o)))
            continue;
        double fitted = gp_fitted(g, y, i);
        best = fitted < best ? fitted : best;
    }
    return best;
}

/* z: standard normals, by side and pending trial, evenly spread. */
static enum code spread_normals(const struct fitting *f, size_t sides, size_t n, double *z,
                                struct error *e)
{
    struct sobol *points;
    if (sides == 1) {
        memset(z, 0, n * sizeof(*z));
        return OK;
    }
    enum code code = sobol_new(n, true, f->s->seed ^ (uint64_t)f->q->index, &points, e);
    if (code != OK)
        return code;
    for (size_t s = 0; s < sides; s++)
        sobol_point(points, s, z + s * n);
    for (size_t i = 0; i < sides * n; i++)
        z[i] = normal_quantile((z[i] * 0x1p52 + 0.5) / (0x1p52 + 1));
    sobol_free(points);
    return OK;
}

/* Fantasies of what is pending: as many as there are sides. */
static enum code imagine(struct fitting *f, struct acquisition *acq, size_t n_pending,
                         struct error *e)
{
    size_t sides = n_pending <= FANTASIES_MOST ? SIDES_MAX : 1;
    double *z = arena_array(f->a, sides * n_pending, sizeof(*z));
    double *y = arena_array(f->a, sides * n_pending, sizeof(*y));
    if (!z || !y)
        return error_nomem(e);
    enum code code = spread_normals(f, sides, n_pending, z, e);
    if (code != OK)
        return code;
    for (size_t m = 0; m < acq->n_models; m++) {
        if (!gp_extend(&acq->models[m], &acq->room, n_pending, sides, z, y))
            continue; /* it stays as it is: what is pending is not looked at */
        for (size_t s = 0; s < sides; s++) {
            double best = acq->best[m][0];
            acq->best[m][s] = best;
        }
        for (size_t i = 0; i < sides * n_pending; i++) {
            double *best = &acq->best[m][i / n_pending];
            *best = y[i] < *best ? y[i] : *best;
        }
    }
    return OK;
}

/* The warp that there are results enough for; NULL: none. */
static const struct warp *warp_now(const struct fitting *f)
{
    bool enough = f->warp && f->warp->n > 0 && f->v->n >= WARP_FROM * f->warp->n;
    return enough ? f->warp : NULL;
}

static enum code objective_models(struct fitting *f, struct acquisition *acq, struct error *e)
{
    const struct survey *v = f->v;
    size_t pending = v->n_pending < PENDING_MOST ? v->n_pending : PENDING_MOST;
    size_t block = gp_hyper_count(f->s->encoding, f->warp);
    bool half = f->s->half && v->h->n_objectives == 1;
    double *y = arena_array(f->a, v->n, sizeof(*y));
    if (!y || output_transform(f->a, v->n, v->values, half, y) != OK)
        return error_nomem(e);
    struct points *x = points_of(f->s, f->a, v->rows, v->n, v->n + pending);
    if (!x)
        return error_nomem(e);
    for (size_t i = 0; i < pending; i++)
        points_set(x, v->n + i, row_of(f->s, v->pending[v->n_pending - pending + i]));
    for (size_t m = 0; m < (f->s->both_priors ? 2 : 1); m++) {
        struct gp *g = &acq->models[acq->n_models];
        if (gp_init(g, f->a, f->s->encoding, warp_now(f), m ? GP_SPARSE : GP_SCALED, x,
                    v->n + pending, SIDES_MAX) != OK)
            return error_nomem(e);
        fit(f, g, &acq->room, v->n, y, block);
        if (gp_condition(g, &acq->room, v->n, y)) {
            acq->best[acq->n_models][0] = incumbent(v, g, y);
            acq->n_models++;
        }
    }
    return pending && acq->n_models ? imagine(f, acq, pending, e) : OK;
}

static enum code limit_model(struct fitting *f, struct acquisition *acq, const uint32_t *positions,
                             size_t n, const double *y, struct error *e)
{
    struct points *x = points_of(f->s, f->a, positions, n, n);
    struct gp *g = &acq->limits[acq->n_limits];
    if (!x || gp_init(g, f->a, f->s->encoding, NULL, GP_SPARSE, x, n, 1) != OK)
        return error_nomem(e);
    fit(f, g, &acq->room, n, y, g->n_hyper);
    acq->n_limits += gp_condition(g, &acq->room, n, y);
    return OK;
}

/* By what a requirement is exceeded, its sign kept, large ones tamed, of size about 1. */
static void tame(size_t n, double *y, double *room)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        room[i] = fabs(y[i]);
    double middle = n ? stats_median(room, n) : 0;
    for (size_t i = 0; i < n; i++) {
        y[i] = copysign(log1p(middle > 0 ? fabs(y[i]) / middle : fabs(y[i])), y[i]);
        square += y[i] * y[i];
    }
    for (size_t i = 0; i < n && square > 0; i++)
        y[i] /= sqrt(square / (double)n);
}

static enum code requirement_model(struct fitting *f, struct acquisition *acq, size_t k,
                                   struct error *e)
{
    const struct survey *v = f->v;
    uint32_t *positions = arena_array(f->a, v->n, sizeof(*positions));
    double *y = arena_array(f->a, v->n, 2 * sizeof(*y));
    size_t n = 0;
    if (!positions || !y)
        return error_nomem(e);
    for (size_t i = 0; i < v->n; i++) {
        double excess = v->h->v[v->rows[i]].excess[k];
        if (!isfinite(excess))
            continue;
        positions[n] = v->rows[i];
        y[n++] = excess;
    }
    tame(n, y, y + n);
    return n ? limit_model(f, acq, positions, n, y, e) : OK;
}

/* Does a configuration make sense? +1 where it did not, -1 where it did. */
static enum code sense_model(struct fitting *f, struct acquisition *acq, struct error *e)
{
    const struct survey *v = f->v;
    size_t room = v->n + (v->n_senseless < PENDING_MOST ? v->n_senseless : PENDING_MOST), n = v->n;
    uint32_t *positions = arena_array(f->a, room, sizeof(*positions));
    double *y = arena_array(f->a, room, sizeof(*y));
    if (!positions || !y)
        return error_nomem(e);
    for (size_t i = 0; i < v->n; i++) {
        positions[i] = v->rows[i];
        y[i] = -1;
    }
    for (size_t i = v->h->n; i-- > 0 && n < room;) {
        if (v->h->v[i].pending || !v->h->v[i].infeasible)
            continue;
        positions[n] = (uint32_t)i;
        y[n++] = 1;
    }
    return limit_model(f, acq, positions, n, y, e);
}

static enum code rooms(struct fitting *f, struct acquisition *acq, struct error *e)
{
    const struct survey *v = f->v;
    size_t columns = f->s->encoding->n_columns;
    size_t room = v->n + (v->n_pending > v->n_senseless ? v->n_pending : v->n_senseless);
    size_t most = v->n + PENDING_MOST;
    room = room < most ? room : most;
    if (gp_room_init(&acq->room, f->a, f->s->encoding, warp_now(f), room) != OK)
        return error_nomem(e);
    acq->work = arena_array(f->a, room, GP_BLOCK * sizeof(double));
    acq->mean = arena_array(f->a, SIDES_MAX, GP_BLOCK * sizeof(double));
    acq->variance = arena_array(f->a, GP_BLOCK, sizeof(double));
    acq->term = arena_array(f->a, MODELS_MAX * SIDES_MAX + 2, GP_BLOCK * sizeof(double));
    acq->gradient = arena_array(f->a, columns + 1, sizeof(double));
    return acq->work && acq->mean && acq->variance && acq->term && acq->gradient ? OK
                                                                                 : error_nomem(e);
}

static enum code at_rows(struct fitting *f, struct acquisition *acq, struct error *e)
{
    for (size_t i = 0; i < acq->n_models; i++)
        if (gp_at_init(&acq->at[i], f->a, &acq->models[i]) != OK)
            return error_nomem(e);
    for (size_t i = 0; i < acq->n_limits; i++)
        if (gp_at_init(&acq->at[MODELS_MAX + i], f->a, &acq->limits[i]) != OK)
            return error_nomem(e);
    return OK;
}

enum code models_make(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                      const struct sample_request *q, struct acquisition *ret, bool *ret_useful,
                      struct sample *ret_fitted, struct error *e)
{
    struct fitting f = {.s = s, .a = a, .v = v, .q = q};
    memset(ret, 0, sizeof(*ret));
    ret->improving = v->h->n_requirements == 0 || v->met;
    enum code code = fitting_start(&f, e);
    if (code == OK)
        code = rooms(&f, ret, e);
    if (code == OK)
        code = objective_models(&f, ret, e);
    for (size_t k = 0; k < v->h->n_requirements && code == OK; k++)
        code = requirement_model(&f, ret, k, e);
    if (code == OK && v->n_senseless >= SENSELESS_FEW)
        code = sense_model(&f, ret, e);
    if (code == OK)
        code = at_rows(&f, ret, e);
    if (code != OK)
        return code;
    *ret_useful = ret->n_models > 0;
    f.fitted[FITTED_SIZE] = (double)f.n_fitted;
    ret_fitted->fitted = f.fitted;
    ret_fitted->n_fitted = f.n_fitted;
    return OK;
}

enum code models_make_own(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                          const struct sample_request *q, struct acquisition *ret, bool *ret_useful,
                          struct sample *fitted, struct error *e)
{
    struct sample_request afresh = *q;
    struct sample own = {.n_fitted = 0};
    afresh.n_fitted = 0;
    enum code code = models_make(s, a, v, &afresh, ret, ret_useful, &own, e);
    if (code != OK)
        return code;
    double *all = arena_array(a, fitted->n_fitted + own.n_fitted, sizeof(*all));
    if (!all)
        return error_nomem(e);
    memcpy(all, fitted->fitted, fitted->n_fitted * sizeof(*all));
    memcpy(all + fitted->n_fitted, own.fitted, own.n_fitted * sizeof(*all));
    fitted->fitted = all;
    fitted->n_fitted += own.n_fitted;
    return OK;
}
