/*
 * The model of all curves.
 *
 * What a curve says of its own last value is a mean and a variance (model/decay.h). A Gaussian
 * process over configurations takes them as outputs with a noise of their own: so curves cost what
 * as many points do, however long they are (Swersky et al. 2014, section 3.3, where the same comes
 * out of block matrices).
 *
 * Values of all curves are put on one scale together, the worse half by rank (model/output.h): a
 * monotone map, so that a curve falls where it fell. Missing values count as the worst; so does
 * what failed or makes no sense. And so does what misses a requirement: it does not go on, nor is
 * its value one to beat, unless no trial meets them all, since some are met by training alone.
 */
#include "search/freeze_thaw/internal.h"

#include "base/linalg.h"
#include "model/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    KNOWN_MOST = 300, /* curves that the model takes: of more, those that run and the best */
    FITTED_MOST = 60, /* curves that the decay's hyperparameters are fitted to: the longest */
    WARM_EVALUATIONS = 8,
    FRESH_EVALUATIONS = 40,
    REFIT_PART = 20 /* a refit when one in so many values is new */
};

/* The journalled numbers: values there were at the last refit, the decay's, the process's. */
enum { WEIGHED_AT, WEIGHED_DECAY, WEIGHED_GP = WEIGHED_DECAY + DECAY_HYPERS };

double curves_part(const struct curves *c, int64_t step)
{
    double t = (double)step / (double)c->q->settings->effort.max_steps;
    return t > 1e-9 ? t : 1e-9;
}

/* As many as a block takes: from the last one back, evenly by ratio. */
static void thin(const struct curves *c, const struct curve *from, struct known *k)
{
    const struct measurement *v = from->v;
    size_t kept[DECAY_POINTS], n = 0;
    double last = (double)v[from->n - 1].step + 1, first = (double)v[0].step + 1, goal = last;
    double ratio = pow(last / first, 1.0 / (DECAY_POINTS - 1));
    for (size_t i = from->n; i-- > 0 && n < DECAY_POINTS;) {
        double step = (double)v[i].step + 1;
        if (from->n > DECAY_POINTS && step > goal * (1 + 1e-9))
            continue;
        kept[n++] = i;
        goal = step / ratio;
    }
    for (size_t i = 0; i < n; i++) {
        k->curve.t[i] = curves_part(c, v[kept[n - 1 - i]].step);
        k->curve.y[i] = v[kept[n - 1 - i]].value;
    }
    k->curve.n = n;
    k->step = v[from->n - 1].step;
}

/* What has ended without a word of it misses a requirement; what is under way may yet say it. */
static bool misses(const struct history *h, const struct observation *o, bool under_way)
{
    for (size_t i = 0; i < h->n_requirements; i++)
        if (o->excess[i] > 0 || (isnan(o->excess[i]) && !under_way))
            return true;
    return false;
}

static bool does_any_meet(const struct choice_request *q)
{
    for (size_t i = 0; i < q->history->n; i++) {
        const struct observation *o = &q->history->v[i];
        if (!q->curves[i].running && !o->failed && !o->infeasible &&
            observation_meets(q->history, o))
            return true;
    }
    return false;
}

static void look_at(const struct curves *c, size_t position, struct known *k)
{
    const struct observation *o = &c->q->history->v[position];
    const struct curve *from = &c->q->curves[position];
    *k = (struct known){.position = position, .running = from->running, .steps = from->steps};
    if (from->n > 0)
        thin(c, from, k);
    if (k->curve.n == 0 && !k->running) {
        k->step = o->step > 0 ? o->step : c->q->settings->effort.max_steps;
        k->curve = (struct decay_curve){.n = 1, .t = {curves_part(c, k->step)}, .y = {o->value}};
    }
    k->out = o->failed || o->infeasible ||
             (c->any_meets && !k->running && misses(c->q->history, o, from->paused));
    if (k->out)
        k->curve.y[k->curve.n - 1] = (double)NAN;
    k->waits = from->paused && k->curve.n > 0 && !isnan(k->curve.y[k->curve.n - 1]);
}

static double last_value(const struct known *k)
{
    return k->curve.n > 0 ? k->curve.y[k->curve.n - 1] : (double)NAN;
}

static int by_place(const struct known *a, const struct known *b)
{
    return (a->position > b->position) - (a->position < b->position);
}

static int by_merit(const void *pa, const void *pb)
{
    const struct known *a = pa, *b = pb;
    double x = last_value(a), y = last_value(b);
    if (a->running != b->running)
        return a->running ? -1 : 1;
    if (isnan(x) != isnan(y))
        return isnan(x) ? 1 : -1;
    return x < y ? -1 : x > y ? 1 : by_place(a, b);
}

static int seen_first(const void *pa, const void *pb)
{
    const struct known *a = pa, *b = pb;
    if ((a->curve.n > 0) != (b->curve.n > 0))
        return a->curve.n > 0 ? -1 : 1;
    return by_place(a, b);
}

static enum code collect(struct curves *c, struct error *e)
{
    const struct history *h = c->q->history;
    c->v = arena_array(c->a, h->n + 1, sizeof(*c->v));
    if (!c->v)
        return error_nomem(e);
    c->any_meets = h->n_requirements > 0 && does_any_meet(c->q);
    for (size_t i = 0; i < h->n; i++)
        look_at(c, i, &c->v[c->n++]);
    if (c->n > KNOWN_MOST) {
        qsort(c->v, c->n, sizeof(*c->v), by_merit);
        c->n = KNOWN_MOST;
    }
    qsort(c->v, c->n, sizeof(*c->v), seen_first);
    while (c->n_seen < c->n && c->v[c->n_seen].curve.n > 0)
        c->n_seen++;
    return OK;
}

static void impute_worst(size_t n, double *y)
{
    double worst = -HUGE_VAL;
    for (size_t i = 0; i < n; i++)
        worst = y[i] > worst ? y[i] : worst;
    for (size_t i = 0; i < n; i++)
        if (isnan(y[i]))
            y[i] = isfinite(worst) ? worst : 0;
}

static enum code standardise(struct curves *c, struct error *e)
{
    size_t n = 0, at = 0, valued = 0;
    double *raw = arena_array(c->a, c->n_seen + 1, DECAY_POINTS * sizeof(*raw));
    double *y = arena_array(c->a, c->n_seen + 1, DECAY_POINTS * sizeof(*y));
    if (!raw || !y)
        return error_nomem(e);
    for (size_t i = 0; i < c->n_seen; i++)
        for (size_t k = 0; k < c->v[i].curve.n; k++) {
            raw[n] = c->v[i].curve.y[k];
            valued += !isnan(raw[n++]);
        }
    impute_worst(n, raw);
    if (output_transform(c->a, n, raw, true, y) != OK)
        return error_nomem(e);
    c->best = HUGE_VAL;
    for (size_t i = 0; i < c->n_seen; i++)
        for (size_t k = 0; k < c->v[i].curve.n; k++) {
            c->v[i].curve.y[k] = y[at++];
            if (!c->v[i].out)
                c->best = fmin(c->best, c->v[i].curve.y[k]);
        }
    c->useful = valued > 0 && c->n_seen > 1 && isfinite(c->best);
    return OK;
}

static enum code make_process(struct curves *c, struct error *e)
{
    double *u = arena_array(c->a, c->encoding->n_units + 1, sizeof(*u));
    double *row = arena_array(c->a, c->encoding->n_columns + 1, sizeof(*row));
    c->y = arena_array(c->a, c->n + 1, sizeof(*c->y));
    c->extra = arena_array(c->a, c->n + 1, sizeof(*c->extra));
    c->work = arena_array(c->a, c->n + 1, GP_BLOCK * sizeof(*c->work));
    if (!u || !row || !c->y || !c->extra || !c->work ||
        points_init(&c->x, c->a, c->encoding->n_columns, c->n) != OK ||
        gp_init(&c->gp, c->a, c->encoding, NULL, GP_SPARSE, &c->x, c->n, 1) != OK ||
        gp_room_init(&c->room, c->a, c->encoding, NULL, c->n) != OK)
        return error_nomem(e);
    c->gp.extra = c->extra;
    for (size_t i = 0; i < c->n; i++) {
        encoding_row(c->encoding, c->q->history->v[c->v[i].position].config, u, row);
        points_add(&c->x, row);
    }
    return OK;
}

/* The longest first. */
static enum code fit_decay(struct curves *c, int evaluations, struct error *e)
{
    struct decay_curve *v = arena_array(c->a, FITTED_MOST, sizeof(*v));
    size_t n = 0;
    if (!v)
        return error_nomem(e);
    for (size_t points = DECAY_POINTS; points > 1; points--)
        for (size_t i = 0; i < c->n_seen && n < FITTED_MOST; i++)
            if (c->v[i].curve.n == points)
                v[n++] = c->v[i].curve;
    decay_fit(&c->decay, v, n, evaluations);
    return OK;
}

/* What each of the first n curves says of its last value, and the level of that. */
static void take_in(struct curves *c, size_t n)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < n; i++) {
        struct known *k = &c->v[i];
        decay_take_in(&c->decay, &k->curve, &k->block);
        c->y[i] = k->block.end;
        c->extra[i] = k->block.variance;
        double weight = 1 / (1 + k->block.variance);
        sum += weight * c->y[i];
        weights += weight;
    }
    c->level = sum / weights;
    for (size_t i = 0; i < n; i++)
        c->y[i] -= c->level;
}

static size_t count_values(const struct choice_request *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->history->n; i++)
        n += q->curves[i].n;
    return n;
}

/* From what was fitted before, where it fits this model, and anew when enough came since. */
static enum code fit(struct curves *c, struct error *e)
{
    const struct choice_request *q = c->q;
    size_t n_gp = c->gp.n_hyper;
    bool before = q->n_weighed == WEIGHED_GP + n_gp;
    double values = (double)count_values(q), at = before ? q->weighed[WEIGHED_AT] : 0;
    bool due = !before || values < at || values - at >= fmax(1, at / REFIT_PART);
    int evaluations = before ? WARM_EVALUATIONS : FRESH_EVALUATIONS;
    decay_start(&c->decay);
    if (before) {
        decay_set(&c->decay, q->weighed + WEIGHED_DECAY);
        gp_set(&c->gp, q->weighed + WEIGHED_GP);
    }
    enum code code = due ? fit_decay(c, evaluations, e) : OK;
    take_in(c, c->n_seen);
    if (due)
        (void)gp_fit(&c->gp, &c->room, c->n_seen, c->y, evaluations);
    c->n_weighed = WEIGHED_GP + n_gp;
    c->weighed = arena_array(c->a, c->n_weighed, sizeof(*c->weighed));
    if (!c->weighed)
        return error_nomem(e);
    c->weighed[WEIGHED_AT] = due ? values : at;
    memcpy(c->weighed + WEIGHED_DECAY, c->decay.hyper, sizeof(c->decay.hyper));
    memcpy(c->weighed + WEIGHED_GP, c->gp.hyper, n_gp * sizeof(double));
    return code;
}

/* Last values given everything: y - D a and D - D K^-1 D with a = K^-1 y, where K are the
 * covariances of what curves say, and D, a diagonal, is what each leaves open. */
static bool condition(struct curves *c, size_t n)
{
    if (!gp_condition(&c->gp, &c->room, n, c->y))
        return false;
    linalg_cholesky_inverse(n, c->gp.l, c->gp.room, c->room.inverse, c->room.n);
    for (size_t i = 0; i < n; i++) {
        double d = c->extra[i], left = d - d * d * c->room.inverse[i * c->room.n + i];
        c->v[i].mean = c->level + c->y[i] - d * c->gp.alpha[i];
        c->v[i].variance = left > 0 ? left : 0;
    }
    return true;
}

/* A point more, for which the oldest makes room. */
static void add_point(struct decay_curve *x, double t, double y)
{
    if (x->n > 0 && t <= x->t[x->n - 1])
        return;
    if (x->n == DECAY_POINTS) {
        x->n--;
        memmove(x->t, x->t + 1, x->n * sizeof(*x->t));
        memmove(x->y, x->y + 1, x->n * sizeof(*x->y));
    }
    x->t[x->n] = t;
    x->y[x->n++] = y;
}

/* Trials that run are believed to bring what is expected of them: so what is near to them is known
 * already, and is not started too. */
static void believe_running(struct curves *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct known *k = &c->v[i];
        double mean, variance, t = curves_part(c, k->steps);
        if (!k->running)
            continue;
        if (i < c->n_seen)
            curves_at(c, i, t, &mean, &variance);
        else
            curves_new(c, &c->x, i, 1, t, &mean, &variance);
        add_point(&k->curve, t, mean);
        n++;
    }
    if (n == 0)
        return;
    take_in(c, c->n);
    c->useful = condition(c, c->n);
}

enum code curves_make(struct curves *c, struct arena *a, const struct choice_request *q,
                      struct error *e)
{
    memset(c, 0, sizeof(*c));
    c->q = q;
    c->a = a;
    enum code code = encoding_new(q->settings->space, &c->encoding, e);
    if (code == OK)
        code = collect(c, e);
    if (code == OK)
        code = standardise(c, e);
    if (code != OK || !c->useful)
        return code;
    code = make_process(c, e);
    if (code == OK)
        code = fit(c, e);
    if (code != OK)
        return code;
    c->useful = condition(c, c->n_seen);
    if (c->useful)
        believe_running(c);
    return OK;
}

void curves_free(struct curves *c)
{
    encoding_free(c->encoding);
}

void curves_at(const struct curves *c, size_t i, double t, double *ret_mean, double *ret_variance)
{
    const struct known *k = &c->v[i];
    decay_predict(&c->decay, &k->block, t, k->mean, k->variance, ret_mean, ret_variance);
}

void curves_new(struct curves *c, const struct points *x, size_t first, size_t n, double t,
                double *ret_mean, double *ret_variance)
{
    gp_predict(&c->gp, &c->room, x, first, n, c->work, ret_mean, n, ret_variance);
    for (size_t i = 0; i < n; i++)
        decay_predict_new(&c->decay, t, c->level + ret_mean[i], ret_variance[i] + c->gp.noise,
                          &ret_mean[i], &ret_variance[i]);
}
