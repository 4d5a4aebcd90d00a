/* Kernels of one branch: widths, norms, sums. */
#include "search/tpe/internal.h"

#include "base/vec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CELLS_MAX = 64, /* whose normal weights are added up; more are as good as continuous */
    CHUNK = 64,
    TOGETHER = 4 /* points for which levels are compared at a time */
};

#define ROOT_HALF   0.70710678118654752
#define ROOT_TWO_PI 2.5066282746310005
#define SCALE       0.1 /* of the standard deviation, by the width of the cube */

double *room_for(struct room *r, size_t n)
{
    if (n > r->n) {
        size_t more = n + n / 2;
        double *p = reallocarray(NULL, more, sizeof(*p));
        if (!p)
            return NULL;
        free(r->p);
        *r = (struct room){p, more};
    }
    return r->p;
}

void room_free(struct room *r)
{
    free(r->p);
    *r = (struct room){NULL, 0};
}

size_t width_steps(size_t n)
{
    size_t at = n > 0;
    while (at + 1 + at / 12 <= n)
        at += 1 + at / 12;
    return at;
}

/* ------------------------------------------------------------------ making */

static void lay_out_column(struct width *w, const struct encoding *x, size_t column)
{
    const struct column *c = &x->columns[column];
    *w = (struct width){.kind = KERNEL_BIT, .column = column, .param = c->param};
    if (c->unit < 0)
        return;
    const struct unit *u = &x->units[c->unit];
    if (c->kind == COLUMN_CATEGORY) {
        w->kind = KERNEL_CATEGORY;
        w->n_levels = (size_t)u->levels;
    } else if (u->kind == UNIT_REAL || u->kind == UNIT_CELLS) {
        w->kind = KERNEL_NORMAL;
        w->n_levels = u->levels > 0 && u->levels <= CELLS_MAX ? (size_t)u->levels : 0;
    }
}

static enum code lay_out(struct branch *b)
{
    const struct encoding *x = b->encoding;
    ptrdiff_t group = -1;
    for (size_t i = 0; i < x->n_columns; i++) {
        const struct column *c = &x->columns[i];
        if (!b->active[c->param])
            continue;
        struct width *w = &b->widths[b->n_columns];
        lay_out_column(w, x, i);
        if (x->first_column[c->param] == i)
            b->first[c->param] = b->n_columns;
        b->n_columns++;
        b->d += (ptrdiff_t)c->group != group;
        group = (ptrdiff_t)c->group;
        w->levels = w->n_levels ? calloc(w->n_levels, sizeof(*w->levels)) : NULL;
        if (w->n_levels && !w->levels)
            return E_NOMEM;
    }
    return OK;
}

uint64_t branch_hash(const bool *active, size_t n)
{
    uint64_t h = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ active[i]) * 0x100000001b3;
    return h;
}

enum code branch_init(struct branch *b, const struct encoding *x, const bool *active)
{
    size_t params = x->space->n_params, columns = x->n_columns;
    *b = (struct branch){.encoding = x, .hash = branch_hash(active, params)};
    b->active = calloc(params + 1, sizeof(*b->active));
    b->first = calloc(params + 1, sizeof(*b->first));
    b->widths = calloc(columns + 1, sizeof(*b->widths));
    b->points = calloc(columns + 1, sizeof(*b->points));
    b->kernels = calloc(columns + 1, sizeof(*b->kernels));
    if (!b->active || !b->first || !b->widths || !b->points || !b->kernels) {
        branch_free(b);
        return E_NOMEM;
    }
    memcpy(b->active, active, params * sizeof(*active));
    if (lay_out(b) != OK) {
        branch_free(b);
        return E_NOMEM;
    }
    return OK;
}

void branch_free(struct branch *b)
{
    for (size_t i = 0; b->widths && i < b->n_columns; i++)
        free(b->widths[i].levels);
    free(b->active);
    free(b->first);
    free(b->widths);
    free(b->points);
    free(b->kernels);
    free(b->rows);
    free(b->scaled);
    free(b->norms);
    free(b->norm);
    free(b->ended);
    free(b->rank);
    *b = (struct branch){.n = 0};
}

/* ------------------------------------------------------------------ widths */

/* The part of the cube that level k of a column takes. */
static double share_of(const struct encoding *x, const struct column *c, size_t k, size_t n)
{
    const struct prior *p = &x->space->params[c->param].prior;
    if (p->kind != PRIOR_LOGINT)
        return 1 / (double)n;
    double low = (double)p->ilo - 0.5, at = low + (double)k;
    return log((at + 1) / at) / log(((double)p->ihi + 0.5) / low);
}

/* The logarithm of the weights' sum over all cells, around each cell. */
static void widen_cells(struct width *w, const struct encoding *x)
{
    const struct column *c = &x->columns[w->column];
    double centre[CELLS_MAX], share[CELLS_MAX], t[CELLS_MAX];
    for (size_t k = 0; k < w->n_levels; k++) {
        centre[k] = unit_of_level(x, (size_t)c->unit, (int64_t)k);
        share[k] = share_of(x, c, k, w->n_levels);
    }
    for (size_t k = 0; k < w->n_levels; k++) {
        for (size_t i = 0; i < w->n_levels; i++) {
            double z = (centre[i] - centre[k]) * w->rate;
            t[i] = -z * z;
        }
        vec_exp(w->n_levels, t, t);
        w->levels[k] = vec_dot(w->n_levels, t, share);
    }
    vec_log(w->n_levels, w->levels, w->levels);
}

static double log_of(double x)
{
    double y;
    vec_log(1, &x, &y);
    return y;
}

static void widen_normal(struct width *w, const struct encoding *x, double sd)
{
    const struct unit *u = &x->units[x->columns[w->column].unit];
    double half_cell = u->levels > 0 ? 0.5 / (double)u->levels : 0;
    w->sd = sd > half_cell ? sd : half_cell;
    w->rate = ROOT_HALF / w->sd;
    w->norm = w->n_levels ? 0 : log_of(ROOT_TWO_PI * w->sd);
    if (w->n_levels)
        widen_cells(w, x);
}

/* q: the probability of the other value. */
static void widen_bit(struct width *w, double q)
{
    w->rate = sqrt(log_of((1 - q) / q));
    w->norm = -log_of(2 * (1 - q));
}

/* Mallows 1957: the sum over all m! orders is prod_j (1 - phi^j) / (1 - phi). The columns of pairs
 * share it; each is a bit by its rate. */
static void widen_pair(struct width *w, double q, size_t items, double pairs)
{
    double phi = q / (1 - q), power = 1, sum = 0;
    for (size_t j = 1; j <= items; j++) {
        power *= phi;
        sum += log_of((1 - power) / (1 - phi) / (double)j);
    }
    w->rate = sqrt(-log_of(phi));
    w->norm = sum / pairs;
}

/* Levels come from the prior in one of n + 1 draws. */
static void widen_category(struct width *w, const struct prior *p, double fresh)
{
    w->norm = -log_of(fresh);
    for (size_t k = 0; k < w->n_levels; k++) {
        double prior = p->weights ? p->weights[k] : 1 / (double)w->n_levels;
        w->levels[k] = log_of((1 - fresh) / (prior * fresh) + 1);
    }
}

static void widen_column(struct branch *b, struct width *w, double sd, double fresh)
{
    const struct encoding *x = b->encoding;
    const struct column *c = &x->columns[w->column];
    const struct prior *p = &x->space->params[w->param].prior;
    if (w->kind == KERNEL_NORMAL)
        widen_normal(w, x, sd);
    else if (w->kind == KERNEL_CATEGORY)
        widen_category(w, p, fresh);
    else if (c->unit < 0)
        widen_pair(w, fresh / 2, p->n_levels, 1 / c->share);
    else
        widen_bit(w, fresh / 2);
}

/* What a normal density loses beyond w->norm: the logarithm of its mass in the cube. */
static void masses(const struct width *w, const double *coordinates, size_t stride, size_t n,
                   double *ret)
{
    double from[CHUNK], to[CHUNK];
    for (size_t i = 0; i < n; i += CHUNK) {
        size_t count = n - i < CHUNK ? n - i : CHUNK;
        for (size_t k = 0; k < count; k++) {
            double mu = coordinates[(i + k) * stride];
            from[k] = -mu / w->sd;
            to[k] = (1 - mu) / w->sd;
        }
        vec_log_normal_mass(count, from, to, ret + i);
    }
}

/* One column of kernels from..n - 1. */
static void fill_column(struct branch *b, size_t c, size_t from)
{
    const struct width *w = &b->widths[c];
    const double *row = b->rows + from * b->n_columns + c;
    double *scaled = b->scaled + c * b->capacity + from, *norms = b->norms + c * b->capacity + from;
    size_t n = b->n - from, unit = (size_t)b->encoding->columns[w->column].unit;
    bool normal = w->kind == KERNEL_NORMAL;
    if (normal && !w->n_levels)
        masses(w, row, b->n_columns, n, norms);
    for (size_t i = 0; i < n; i++) {
        double x = row[i * b->n_columns];
        scaled[i] = w->kind == KERNEL_CATEGORY ? x : x * w->rate;
        if (!normal)
            norms[i] = w->norm;
        else if (w->n_levels)
            norms[i] = w->levels[unit_level(b->encoding, unit, x)];
        else
            norms[i] += w->norm;
    }
}

/* Kernels from..n - 1 by their rows. */
static void fill(struct branch *b, size_t from)
{
    for (size_t i = from; i < b->n; i++)
        b->norm[i] = 0;
    for (size_t c = 0; c < b->n_columns; c++) {
        fill_column(b, c, from);
        for (size_t i = from; i < b->n; i++)
            b->norm[i] += b->norms[c * b->capacity + i];
    }
}

void branch_widen(struct branch *b, size_t n)
{
    size_t at = width_steps(n > 0 ? n : 1);
    if (at == b->at)
        return;
    b->at = at;
    double exponent = -log_of((double)at) / (double)(b->d + 4), sd, fresh = 1 / ((double)at + 1);
    vec_exp(1, &exponent, &sd);
    for (size_t c = 0; c < b->n_columns; c++)
        widen_column(b, &b->widths[c], SCALE * sd, fresh);
    fill(b, 0);
}

/* ----------------------------------------------------------------- kernels */

/* Columns move apart: each has room for `capacity` kernels. */
static bool spread(double **columns, const struct branch *b, size_t capacity)
{
    double *to = reallocarray(NULL, capacity * (b->n_columns + 1), sizeof(*to));
    if (!to)
        return false;
    for (size_t c = 0; c < b->n_columns && b->n > 0; c++)
        memcpy(to + c * capacity, *columns + c * b->capacity, b->n * sizeof(*to));
    free(*columns);
    *columns = to;
    return true;
}

static enum code grow(struct branch *b)
{
    size_t capacity = b->capacity ? b->capacity * 2 : 4;
    if (capacity > SIZE_MAX / sizeof(double) / (b->n_columns + 1))
        return E_NOMEM;
    double *rows = reallocarray(b->rows, capacity * (b->n_columns + 1), sizeof(*rows));
    if (rows)
        b->rows = rows;
    double *norm = reallocarray(b->norm, capacity, sizeof(*norm));
    if (norm)
        b->norm = norm;
    uint32_t *ended = reallocarray(b->ended, capacity, sizeof(*ended));
    if (ended)
        b->ended = ended;
    uint32_t *rank = reallocarray(b->rank, capacity, sizeof(*rank));
    if (rank)
        b->rank = rank;
    if (!rows || !norm || !ended || !rank || !spread(&b->scaled, b, capacity) ||
        !spread(&b->norms, b, capacity))
        return E_NOMEM;
    b->capacity = capacity;
    return OK;
}

enum code branch_push(struct branch *b, const double *row)
{
    if (b->n == b->capacity && grow(b) != OK)
        return E_NOMEM;
    double *to = b->rows + b->n * b->n_columns;
    for (size_t c = 0; c < b->n_columns; c++)
        to[c] = row[b->widths[c].column];
    b->n++;
    if (b->at > 0)
        fill(b, b->n - 1);
    return OK;
}

void branch_truncate(struct branch *b, size_t n)
{
    b->n = n;
}

static bool counts(const struct branch *b, size_t c, const bool *active)
{
    return !active || active[b->widths[c].param];
}

double branch_kernel(const struct branch *b, size_t i, const double *row, const bool *active)
{
    double sum = 0;
    for (size_t c = 0; c < b->n_columns; c++) {
        const struct width *w = &b->widths[c];
        if (!counts(b, c, active))
            continue;
        double x = row[w->column], at = b->scaled[c * b->capacity + i];
        sum -= b->norms[c * b->capacity + i];
        if (w->kind == KERNEL_CATEGORY)
            sum += x == at ? w->levels[(size_t)x] : 0;
        else
            sum -= (x * w->rate - at) * (x * w->rate - at);
    }
    return sum;
}

/* The kernels' logarithms but for the squares and the levels; -inf of those left out. */
static void bases(const struct branch *b, const uint32_t *left_out, size_t n_left_out,
                  const bool *active, double *ret)
{
    for (size_t i = 0; i < b->n; i++)
        ret[i] = active ? 0 : -b->norm[i];
    for (size_t c = 0; c < b->n_columns && active; c++)
        if (counts(b, c, active))
            vec_axpy(b->n, -1, b->norms + c * b->capacity, ret);
    for (size_t i = 0; i < n_left_out; i++)
        ret[left_out[i]] = -(double)INFINITY;
}

/* Kernels in columns: column c begins at scaled + c * stride. */
struct columns {
    const double *scaled;
    size_t stride, n;
};

/* What categories add at a point. */
static void matches(const struct branch *b, const struct columns *k, const double *row,
                    const bool *active, double *ret)
{
    memset(ret, 0, k->n * sizeof(*ret));
    for (size_t c = 0; c < b->n_columns; c++) {
        const struct width *w = &b->widths[c];
        if (w->kind != KERNEL_CATEGORY || !counts(b, c, active))
            continue;
        double level = row[w->column];
        vec_mixture_match(k->n, level, w->levels[(size_t)level], k->scaled + c * k->stride, ret);
    }
}

static size_t sums_room(const struct branch *b, size_t n)
{
    return TOGETHER * n + vec_mixture_work(n) + TOGETHER * (b->n_columns + 1);
}

/* room: sums_room(b, k->n). */
static void sums(const struct branch *b, const struct columns *k, const double *base,
                 const double *rows, size_t m, const bool *active, double *room, double *ret)
{
    double *more = room, *work = more + TOGETHER * k->n, *points = work + vec_mixture_work(k->n);
    size_t numbers = 0;
    bool categories = false;
    for (size_t c = 0; c < b->n_columns; c++) {
        categories |= b->widths[c].kind == KERNEL_CATEGORY;
        if (b->widths[c].kind == KERNEL_CATEGORY || !counts(b, c, active))
            continue;
        b->points[numbers] = points + numbers * TOGETHER;
        b->kernels[numbers++] = k->scaled + c * k->stride;
    }
    struct vec_mixture mixture = {.n = k->n, .d = numbers, .base = base, .mu = b->kernels};
    for (size_t j = 0; j < m; j += TOGETHER) {
        size_t count = m - j < TOGETHER ? m - j : TOGETHER;
        for (size_t i = 0; i < count; i++) {
            const double *row = rows + (j + i) * b->encoding->n_columns;
            double *at = points + i;
            for (size_t c = 0; c < b->n_columns; c++)
                if (b->widths[c].kind != KERNEL_CATEGORY && counts(b, c, active)) {
                    *at = row[b->widths[c].column] * b->widths[c].rate;
                    at += TOGETHER;
                }
            if (categories)
                matches(b, k, row, active, more + i * k->n);
        }
        vec_mixture(&mixture, count, b->points, categories ? more : NULL, k->n, ret + j, work);
    }
}

enum code branch_sums(const struct branch *b, const uint32_t *left_out, size_t n_left_out,
                      const double *rows, size_t m, const bool *active, struct room *room,
                      double *ret)
{
    struct columns k = {b->scaled, b->capacity, b->n};
    double *base = room_for(room, b->n + sums_room(b, b->n));
    if (!base)
        return E_NOMEM;
    bases(b, left_out, n_left_out, active, base);
    sums(b, &k, base, rows, m, active, base + b->n, ret);
    return OK;
}

enum code branch_sums_of(const struct branch *b, const uint32_t *kernels, const double *log_weight,
                         size_t n, const double *rows, size_t m, struct room *room, double *ret)
{
    double *base = room_for(room, n + n * b->n_columns + sums_room(b, n));
    if (!base)
        return E_NOMEM;
    double *scaled = base + n;
    struct columns k = {scaled, n, n};
    for (size_t i = 0; i < n; i++)
        base[i] = log_weight[i] - b->norm[kernels[i]];
    for (size_t c = 0; c < b->n_columns; c++)
        for (size_t i = 0; i < n; i++)
            scaled[c * n + i] = b->scaled[c * b->capacity + kernels[i]];
    sums(b, &k, base, rows, m, NULL, scaled + n * b->n_columns, ret);
    return OK;
}
