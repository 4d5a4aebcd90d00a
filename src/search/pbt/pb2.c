/*
 * Population based bandits: allocator `pb2`.
 *
 * Parker-Holder, Nguyen & Roberts 2020, "Provably efficient online hyperparameter optimization with
 * population-based bandits", arXiv 2002.02518. Who is copied is pbt's; a copy's numbers are those
 * that a time-varying Gaussian process expects most of in the next interval. It is fitted to how
 * much every member's value improved from mark to mark, over the numbers that may change, the
 * value's time, and the value it began with (which tells a model that is nearly trained from one
 * that is not, as in the authors' code); and it takes its mean for what is still on its way before
 * it says how sure it is (the paper's algorithm 1, after Desautels et al. 2014).
 *
 *   maximise  mu(x, t) + sqrt(beta) sigma(x, t),  beta = 0.2 + max(0, ln(0.4 n))
 *
 * with the authors' constants. Time is one more coordinate of the Matern kernel with a length of
 * its own, in place of the paper's (1 - epsilon)^(|t - t'| / 2): model/gp learns it with the
 * others. What is no number is moved as pbt moves it. With fewer than PB2_LEAST improvements seen,
 * everything is.
 */
#include "search/pbt/pbt.h"

#include "model/gp.h"
#include "search/moves.h"
#include "search/pbt/vary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PB2_LEAST = 4,
    PB2_ROWS = 200, /* the newest improvements */
    PB2_PENDING = 64,
    PB2_NUMBERS = 100,
    EVALUATIONS = 100, /* of a fit */
    DRAWN = 600,       /* points looked at, half of them near the parent */
};

#define ROOM ((size_t)64 << 20)

struct pb2 {
    struct population *population; /* first: the population's functions are ours */
    struct vary vary;
    struct encoding *encoding;
    struct space *rows; /* of the model: a uniform(0, 1) for each number, then time and value */
    size_t n;           /* numbers */
    int *params;        /* theirs */
};

/* One improvement: where, when, from what, and by how much. */
struct sight {
    int64_t trial, step;
    double before, gain;
};

struct work {
    struct arena arena;
    struct gp gp;
    struct gp_room room;
    struct points seen, asked;
    struct sight sights[PB2_ROWS + PB2_PENDING];
    size_t n_seen, n; /* n: pending ones too */
    double lo, hi;    /* of the values that were begun with */
    double *y, *row, *best;
};

static const struct option_kind options[] = {PBT_OPTIONS};

static bool is_number(const struct prior *p)
{
    return moves_any(p) && moves_ordered(p);
}

static enum code declare_row(struct space *s, size_t i, struct error *e)
{
    char name[32];
    struct buf b;
    buf_init(&b, sizeof(name));
    buf_fmt(&b, "u%zu", i);
    const struct param_decl d = {.name = buf_view(&b), .prior = STR("uniform(0, 1)")};
    enum code code = space_declare(s, &d, e);
    buf_free(&b);
    return code;
}

static enum code make_rows(struct pb2 *x, struct error *e)
{
    struct problems problems;
    problems_init(&problems);
    enum code code = space_new(&x->rows, e);
    for (size_t i = 0; code == OK && i < x->n + 2; i++)
        code = declare_row(x->rows, i, e);
    if (code == OK)
        code = space_finish(x->rows, &problems);
    problems_free(&problems);
    return code == OK ? encoding_new(x->rows, &x->encoding, e) : code;
}

static void pb2_destroy(void *self)
{
    struct pb2 *x = self;
    if (!x)
        return;
    population_free(x->population);
    encoding_free(x->encoding);
    space_free(x->rows);
    free(x->params);
    free(x);
}

static enum code pb2_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    const struct space *s = settings->space;
    struct pb2 *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->vary = (struct vary){.resample = 0.25, .factor = 1.2};
    x->params = calloc(s->n_params + 1, sizeof(*x->params));
    enum code code = x->params ? pbt_population(settings, &x->population, e) : error_nomem(e);
    for (size_t i = 0; code == OK && i < s->n_params; i++)
        if (s->params[i].change && is_number(&s->params[i].prior) && x->n < PB2_NUMBERS)
            x->params[x->n++] = (int)i;
    if (code == OK)
        code = make_rows(x, e);
    if (code != OK) {
        pb2_destroy(x);
        return code;
    }
    *ret = x;
    return OK;
}

/* --- what was seen --- */

static void see(struct work *w, const struct mark_result *r, size_t mark)
{
    if (isnan(r->value) || isnan(r->before) || w->n_seen == PB2_ROWS)
        return;
    w->sights[w->n_seen++] = (struct sight){r->trial, r->since, r->before, r->before - r->value};
}

/* The newest improvements, and then what is on its way. */
static void gather(const struct population *p, struct work *w)
{
    for (size_t k = p->n_marks; k > 0; k--)
        for (size_t i = p->marks[k - 1].n; i > 0; i--)
            see(w, &p->marks[k - 1].v[i - 1], k);
    w->n = w->n_seen;
    for (size_t i = 0; i < p->n && w->n < w->n_seen + PB2_PENDING; i++) {
        const struct member *m = &p->members[i];
        if (m->state == MEMBER_ON_WAY && m->mark > 0 && !isnan(m->value))
            w->sights[w->n++] = (struct sight){m->trial, m->step, m->value, (double)NAN};
    }
    w->lo = (double)INFINITY;
    w->hi = -(double)INFINITY;
    for (size_t i = 0; i < w->n; i++) {
        w->lo = fmin(w->lo, w->sights[i].before);
        w->hi = fmax(w->hi, w->sights[i].before);
    }
}

static double part(double x, double lo, double hi)
{
    return hi > lo ? fmin(fmax((x - lo) / (hi - lo), 0), 1) : 0.5;
}

/* The last two columns: when, and from what. */
static void set_state(const struct pb2 *x, const struct work *w, double step, double before,
                      double *row)
{
    row[x->n] = part(step, 0, (double)x->population->max_steps);
    row[x->n + 1] = part(before, w->lo, w->hi);
}

static void set_numbers(const struct pb2 *x, const struct config *c, double *row)
{
    for (size_t i = 0; i < x->n; i++) {
        const struct value *v = &c->values[x->params[i]];
        row[i] = 0.5;
        if (v->type != VALUE_NONE)
            prior_encode(&c->space->params[x->params[i]].prior, v, &row[i]);
    }
}

static enum code reserve(const struct pb2 *x, struct work *w)
{
    size_t columns = x->encoding->n_columns, rows = w->n;
    w->y = arena_array(&w->arena, rows + 1, sizeof(*w->y));
    w->row = arena_array(&w->arena, columns, sizeof(*w->row));
    w->best = arena_array(&w->arena, columns, sizeof(*w->best));
    bool well = w->y && w->row && w->best &&
                points_init(&w->seen, &w->arena, columns, rows) == OK &&
                points_init(&w->asked, &w->arena, columns, GP_BLOCK) == OK &&
                gp_init(&w->gp, &w->arena, x->encoding, NULL, GP_SCALED, &w->seen, rows, 1) == OK &&
                gp_room_init(&w->room, &w->arena, x->encoding, NULL, rows) == OK;
    return well ? OK : E_NOMEM;
}

static void standardise(double *y, size_t n)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        mean += y[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (y[i] - mean) * (y[i] - mean) / (double)n;
    double scale = square > 0 ? sqrt(square) : 1;
    for (size_t i = 0; i < n; i++)
        y[i] = (y[i] - mean) / scale;
}

/* False: nothing can be modelled. */
static bool fit(const struct pb2 *x, const struct vary_request *q, struct work *w)
{
    for (size_t i = 0; i < w->n; i++) {
        set_numbers(x, pbt_config(q, w->sights[i].trial), w->row);
        set_state(x, w, (double)w->sights[i].step, w->sights[i].before, w->row);
        points_add(&w->seen, w->row);
        w->y[i] = w->sights[i].gain;
    }
    standardise(w->y, w->n_seen);
    gp_start(&w->gp);
    (void)gp_fit(&w->gp, &w->room, w->n_seen, w->y, EVALUATIONS);
    if (!gp_condition(&w->gp, &w->room, w->n_seen, w->y))
        return false;
    size_t pending = w->n - w->n_seen;
    double zeros[PB2_PENDING] = {0}, drawn[PB2_PENDING];
    return pending == 0 || gp_extend(&w->gp, &w->room, pending, 1, zeros, drawn);
}

/* --- where to go --- */

/* Half of the points anywhere, half near what the parent has, closer and closer. */
static void draw_point(const struct pb2 *x, const double *near, int i, struct rng *r, double *row)
{
    double width = 0.3 / (1 + i % 8);
    for (size_t k = 0; k < x->n; k++) {
        double u = i % 2 ? near[k] + width * rng_normal(r) : rng_unit(r);
        row[k] = fmin(fmax(u, 0), 1);
    }
}

static enum code best_point(const struct pb2 *x, const double *near, struct work *w, struct rng *r)
{
    double mean[GP_BLOCK], variance[GP_BLOCK], most = -(double)INFINITY;
    double beta = 0.2 + fmax(0, log(0.4 * (double)w->n_seen));
    double *work = arena_array(&w->arena, w->gp.n * GP_BLOCK + 1, sizeof(*work));
    if (!work)
        return E_NOMEM;
    memcpy(w->row, near, x->encoding->n_columns * sizeof(*near));
    for (int from = 0; from < DRAWN; from += GP_BLOCK) {
        size_t n = from + GP_BLOCK < DRAWN ? GP_BLOCK : (size_t)(DRAWN - from);
        w->asked.n = 0;
        for (size_t i = 0; i < n; i++) {
            draw_point(x, near, from + (int)i, r, w->row);
            points_add(&w->asked, w->row);
        }
        gp_predict(&w->gp, &w->room, &w->asked, 0, n, work, mean, n, variance);
        for (size_t i = 0; i < n; i++) {
            double bound = mean[i] + sqrt(beta * variance[i]);
            if (bound > most) {
                most = bound;
                points_get(&w->asked, i, w->best);
            }
        }
    }
    return OK;
}

/* What was moved elsewhere, with the model's numbers in place of its own. */
static enum code put_numbers(const struct pb2 *x, const double *row, const struct config *from,
                             struct arena *a, struct config *ret)
{
    struct config c;
    if (config_copy(a, from, &c) != OK)
        return E_NOMEM;
    for (size_t i = 0; i < x->n; i++) {
        struct value *v = &c.values[x->params[i]];
        if (v->type != VALUE_NONE &&
            prior_decode(&c.space->params[x->params[i]].prior, a, &row[i], v) != OK)
            return E_NOMEM;
    }
    *ret = c;
    return OK;
}

/* Activity may hang on a number that changes: then it is judged again, as are the constraints. */
static bool is_whole(const struct config *c)
{
    for (size_t i = 0; i < c->space->n_params; i++)
        if (config_is_active(c->space, c->values, (int)i) != (c->values[i].type != VALUE_NONE))
            return false;
    return config_allowed(c, NULL);
}

static const struct mark_result *parents_result(const struct population *p, int64_t parent)
{
    for (size_t k = p->n_marks; k > 0; k--)
        for (size_t i = 0; i < p->marks[k - 1].n; i++)
            if (p->marks[k - 1].v[i].trial == parent)
                return &p->marks[k - 1].v[i];
    return NULL;
}

static enum code ask_model(const struct pb2 *x, struct arena *a, const struct vary_request *q,
                           struct work *w, struct rng *r, struct config *io)
{
    const struct mark_result *at = parents_result(x->population, q->parent);
    struct config c;
    if (reserve(x, w) != OK)
        return E_NOMEM;
    double *near = arena_array(&w->arena, x->encoding->n_columns, sizeof(*near));
    if (!near)
        return E_NOMEM;
    if (!at || !fit(x, q, w))
        return OK;
    set_numbers(x, pbt_config(q, q->parent), near);
    set_state(x, w, (double)at->step, at->value, near);
    if (best_point(x, near, w, r) != OK || put_numbers(x, w->best, io, a, &c) != OK)
        return E_NOMEM;
    if (is_whole(&c))
        *io = c;
    return OK;
}

static enum code pb2_vary(const void *self, struct arena *a, const struct vary_request *q,
                          struct config *ret, struct error *e)
{
    const struct pb2 *x = self;
    struct rng r;
    struct config c;
    struct work *w = calloc(1, sizeof(*w));
    if (!w)
        return error_nomem(e);
    arena_init(&w->arena, ROOM);
    gather(x->population, w);
    pbt_values(x->population, q, &r);
    struct vary vary = x->vary;
    bool modelled = x->n > 0 && w->n_seen >= PB2_LEAST;
    vary.keeps = modelled ? is_number : NULL;
    enum code code = vary_config(&vary, pbt_config(q, q->parent), a, &r, &c, e);
    if (code == OK && modelled && ask_model(x, a, q, w, &r, &c) != OK)
        code = error_nomem(e);
    if (code == OK)
        *ret = c;
    arena_free(&w->arena);
    free(w);
    return code;
}

const struct allocator_kind allocator_pb2 = {
    .name = "pb2",
    .about = "pbt whose copies get the values that a model expects most of (Parker-Holder et al. "
             "2020)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    PBT_KIND,
    .create = pb2_create,
    .destroy = pb2_destroy,
    .vary = pb2_vary,
};
