/*
 * What the history holds, as the models are to see it.
 */
#include "search/gp/internal.h"

#include "base/stats.h"
#include "model/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SENSELESS_FEW =
        3, /* infeasible ones that are but bad values; from so many on they are modelled */
    EXACT_MOST = 1000, /* rows that the models take as they are... */
    CUT_TO = 500       /* ...and how many they take of more */
};

/* Augmented Chebyshev scalarisation (Knowles 2006, "ParEGO"). */
#define PAREGO_RHO 0.05

const double *row_of(const struct gp_sampler *s, size_t position)
{
    return s->rows + position * s->encoding->n_columns;
}

static enum code grow_rows(struct gp_sampler *s, size_t n, struct error *e)
{
    if (n <= s->rows_room)
        return OK;
    size_t columns = s->encoding->n_columns ? s->encoding->n_columns : 1;
    size_t room = n > SIZE_MAX / 2 ? n : n + n / 2 + 16, cells;
    if (__builtin_mul_overflow(room, columns, &cells))
        return error_nomem(e);
    double *rows = reallocarray(s->rows, cells, sizeof(*rows));
    if (!rows)
        return error_nomem(e);
    s->rows = rows;
    uint64_t *hashes = reallocarray(s->hashes, room, sizeof(*hashes));
    if (!hashes)
        return error_nomem(e);
    s->hashes = hashes;
    s->rows_room = room;
    return OK;
}

enum code rows_keep(struct gp_sampler *s, const struct history *h, struct error *e)
{
    enum code code = grow_rows(s, h->n, e);
    double *u = code == OK ? calloc(s->encoding->n_units + 1, sizeof(*u)) : NULL;
    if (!u)
        return error_nomem(e);
    for (size_t i = 0; i < h->n; i++) {
        if (i < s->n_rows && s->hashes[i] == h->v[i].hash)
            continue;
        encoding_row(s->encoding, h->v[i].config, u, s->rows + i * s->encoding->n_columns);
        s->hashes[i] = h->v[i].hash;
    }
    s->n_rows = h->n;
    free(u);
    return OK;
}

/* One number for several objectives: each on a scale of its own, weighted by chance. Those without
 * a value stay NaN. No ranks: what is at one end of the front is in the worse half of an objective.
 */
static enum code scalarise(const struct gp_sampler *s, struct arena *a, int64_t index,
                           struct survey *v)
{
    size_t k = v->h->n_objectives, n = 0;
    double *raw = arena_array(a, v->n, sizeof(*raw)), *z = arena_array(a, v->n, sizeof(*z));
    double *sum = arena_array(a, v->n, sizeof(*sum)), *most = arena_array(a, v->n, sizeof(*most));
    double weight[OBJECTIVES_MAX], total = 0;
    struct rng r;
    if (!raw || !z || !sum || !most)
        return E_NOMEM;
    rng_init(&r, s->seed ^ 0x9a7e90, (uint64_t)index);
    for (size_t o = 0; o < k; o++)
        total += weight[o] = -log(1 - rng_unit(&r)); /* uniform on the simplex */
    for (size_t o = 0; o < k; o++) {
        double lo = HUGE_VAL, hi = -HUGE_VAL;
        n = 0;
        for (size_t i = 0; i < v->n; i++)
            if (!isnan(v->values[i]))
                raw[n++] = v->h->v[v->rows[i]].values[o];
        if (output_transform(a, n, raw, false, z) != OK)
            return E_NOMEM;
        for (size_t i = 0; i < n; i++) {
            lo = z[i] < lo ? z[i] : lo;
            hi = z[i] > hi ? z[i] : hi;
        }
        for (size_t i = 0; i < n; i++) {
            double part = hi > lo ? weight[o] / total * (z[i] - lo) / (hi - lo) : 0;
            sum[i] += part;
            most[i] = part > most[i] ? part : most[i];
        }
    }
    n = 0;
    for (size_t i = 0; i < v->n; i++)
        if (!isnan(v->values[i])) {
            v->values[i] = most[n] + PAREGO_RHO * sum[n];
            n++;
        }
    return OK;
}

bool observation_has_value(const struct history *h, const struct observation *o)
{
    for (size_t k = 0; k < h->n_objectives; k++)
        if (isnan(o->values[k]))
            return false;
    return !o->pending && !isnan(o->value);
}

bool survey_is_better(const struct survey *v, size_t row, size_t than)
{
    const struct history *h = v->h;
    double a = observation_excess(h, &h->v[v->rows[row]]);
    double b = observation_excess(h, &h->v[v->rows[than]]);
    return a != b ? a < b : v->values[row] < v->values[than];
}

void survey_find_best(struct survey *v)
{
    v->best = -1;
    for (size_t i = 0; i < v->n; i++) {
        const struct observation *o = &v->h->v[v->rows[i]];
        if (!observation_has_value(v->h, o) || o->infeasible)
            continue;
        if (v->best < 0 || survey_is_better(v, i, (size_t)v->best))
            v->best = (ptrdiff_t)i;
    }
    v->met = v->best >= 0 && observation_meets(v->h, &v->h->v[v->rows[v->best]]);
}

/* A trifle: a hundredth of what is between the best and the median. */
static enum code trifle(struct arena *a, const struct survey *v, double *ret)
{
    double *sorted = arena_array(a, v->n, sizeof(*sorted));
    size_t n = 0;
    if (!sorted)
        return E_NOMEM;
    for (size_t i = 0; i < v->n; i++)
        if (!isnan(v->values[i]))
            sorted[n++] = v->values[i];
    double median = n ? stats_median(sorted, n) : 0;
    *ret = v->best >= 0 ? 0.01 * (median - v->values[v->best]) : 0;
    return OK;
}

/* How long ago the best became better by more than a trifle. place: row by position. */
static enum code find_stall(struct arena *a, struct survey *v, const uint32_t *place)
{
    const struct history *h = v->h;
    ptrdiff_t last = -1;
    double least;
    if (trifle(a, v, &least) != OK)
        return E_NOMEM;
    for (size_t i = 0; i < h->n_ended; i++) {
        const struct observation *o = &h->v[h->ended[i]];
        size_t row = place[h->ended[i]];
        if (!observation_has_value(h, o) || o->infeasible)
            continue;
        v->since++;
        bool better = last < 0 || survey_is_better(v, row, (size_t)last);
        bool excess =
            last >= 0 && observation_excess(h, o) < observation_excess(h, &h->v[v->rows[last]]);
        if (!better || (last >= 0 && !excess && v->values[last] - v->values[row] < least))
            continue;
        last = (ptrdiff_t)row;
        v->since = 0;
    }
    return OK;
}

static void impute_worst(struct survey *v)
{
    double worst = -HUGE_VAL;
    for (size_t i = 0; i < v->n; i++)
        worst = v->values[i] > worst ? v->values[i] : worst;
    for (size_t i = 0; i < v->n; i++)
        if (isnan(v->values[i]))
            v->values[i] = isfinite(worst) ? worst : 0;
}

static void collect(const struct history *h, struct survey *v, uint32_t *place)
{
    for (size_t i = 0; i < h->n; i++)
        v->n_senseless += !h->v[i].pending && h->v[i].infeasible;
    for (size_t i = 0; i < h->n; i++) {
        const struct observation *o = &h->v[i];
        if (o->pending) {
            v->pending[v->n_pending++] = (uint32_t)i;
            continue;
        }
        v->n_valued += observation_has_value(h, o);
        if (o->infeasible && v->n_senseless >= SENSELESS_FEW)
            continue;
        place[i] = (uint32_t)v->n;
        v->values[v->n] = observation_has_value(h, o) ? o->value : (double)NAN;
        v->rows[v->n++] = (uint32_t)i;
    }
}

enum code survey_take(const struct gp_sampler *s, struct arena *a, const struct sample_request *q,
                      struct survey *ret, struct error *e)
{
    const struct history *h = q->history;
    struct survey v = {.h = h, .best = -1};
    uint32_t *place = arena_array(a, h->n, sizeof(*place));
    v.rows = arena_array(a, h->n, sizeof(*v.rows));
    v.pending = arena_array(a, h->n, sizeof(*v.pending));
    v.values = arena_array(a, h->n, sizeof(*v.values));
    if (!place || !v.rows || !v.pending || !v.values)
        return error_nomem(e);
    collect(h, &v, place);
    if (h->n_objectives > 1 && scalarise(s, a, q->index, &v) != OK)
        return error_nomem(e);
    survey_find_best(&v);
    if (find_stall(a, &v, place) != OK)
        return error_nomem(e);
    impute_worst(&v);
    *ret = v;
    return OK;
}

struct ranked {
    double key;
    uint32_t row;
};

static int by_key(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_row(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static double distance(const struct gp_sampler *s, const double *a, const double *b)
{
    double sum = 0;
    for (size_t c = 0; c < s->encoding->n_columns; c++) {
        double d = s->encoding->columns[c].kind == COLUMN_NUMBER ? a[c] - b[c] : a[c] != b[c];
        sum += s->encoding->columns[c].share * d * d;
    }
    return sum;
}

enum code survey_cut(const struct gp_sampler *s, struct arena *a, struct survey *v, struct error *e)
{
    if (v->n <= EXACT_MOST || v->best < 0)
        return OK;
    struct ranked *ranked = arena_array(a, v->n, sizeof(*ranked));
    if (!ranked)
        return error_nomem(e);
    for (size_t i = 0; i < v->n; i++)
        ranked[i] =
            (struct ranked){(ptrdiff_t)i == v->best ? -HUGE_VAL : v->values[i], (uint32_t)i};
    qsort(ranked, v->n, sizeof(*ranked), by_key);
    const double *best = row_of(s, v->rows[v->best]);
    for (size_t i = CUT_TO / 2; i < v->n; i++)
        ranked[i].key = distance(s, best, row_of(s, v->rows[ranked[i].row]));
    qsort(ranked + CUT_TO / 2, v->n - CUT_TO / 2, sizeof(*ranked), by_key);
    qsort(ranked, CUT_TO, sizeof(*ranked), by_row);
    ptrdiff_t kept = -1;
    for (size_t i = 0; i < CUT_TO; i++) {
        uint32_t row = ranked[i].row;
        kept = (ptrdiff_t)row == v->best ? (ptrdiff_t)i : kept;
        v->rows[i] = v->rows[row]; /* row >= i: nothing is lost */
        v->values[i] = v->values[row];
    }
    v->best = kept;
    v->n = CUT_TO;
    return OK;
}
