/*
 * Trust regions: proposals near the best, how near by how it went.
 *
 * Eriksson et al. 2019, "Scalable global optimization via local Bayesian optimization" (TuRBO): a
 * box around the best configuration, wider where the models change slowly, that doubles after a few
 * successes and halves after some failures; too small, it begins anew elsewhere. Wan et al. 2021,
 * "Think global and act local" (CASMOPOLITAN): of categories, a Hamming ball.
 *
 * All of it is worked out anew for each sample, from what ended and in which order; so nothing has
 * to be kept. What differs from the papers:
 *
 * Any improvement is a success; the paper wants a thousandth of the value, which is another thing
 * for each scale that values may have.
 *
 * With several trials at a time an end counts only if its proposal knew of the last success and of
 * the present side. Trials asked for together then come to one success at most, as the paper's
 * batches do, and failures are counted by trials, of which the paper's ceil(max(4 / q, d / q))
 * batches of q hold about max(4, d).
 *
 * The ball's radius follows the side, from all categories to one: there is but one state, and the
 * ball never closes. Coordinates of few levels reach to the next level at least, for the same
 * reason. Parameters that the centre does not have are free: nothing is near to them.
 *
 * A region that became too small begins again around the best configuration that is not near the
 * centres before, instead of with another initial design, which is a large part of 50 to 200
 * evaluations.
 */
#include "search/gp/internal.h"

#include <math.h>
#include <string.h>

enum { SUCCESSES = 3, FAILURES_LEAST = 4, PERTURBED = 20, NEIGHBOURS_MOST = 1 << 20 };

static const double side_first = 0.8, side_least = 0x1p-7, side_most = 1.6;
/* A restart keeps so far from old centres: half as far as a new region reaches. */
static const double away = 0.2;
/* Lengths as the paper's program bounds them: what is longer does not matter within the cube. */
static const double length_least = 0.005, length_most = 2;

struct walk {
    const struct gp_sampler *s;
    const struct survey *v;
    ptrdiff_t *row; /* by position; -1: none */
    uint32_t *old;  /* centres before this one, positions */
    size_t tolerance;
};

static bool is_near(const struct gp_sampler *s, size_t position, size_t centre)
{
    const struct encoding *x = s->encoding;
    const double *a = row_of(s, position), *b = row_of(s, centre);
    for (size_t c = 0; c < x->n_columns; c++) {
        double most = x->columns[c].kind == COLUMN_NUMBER ? away : 0;
        if (fabs(a[c] - b[c]) > most)
            return false;
    }
    return true;
}

/* May it be the centre, and is it better than the one there is? */
static bool is_better_centre(const struct walk *w, const struct trust *t, size_t position)
{
    const struct history *h = w->v->h;
    const struct observation *o = &h->v[position];
    if (w->row[position] < 0 || o->infeasible || !observation_has_value(h, o))
        return false;
    for (size_t i = 0; i < t->restarts; i++)
        if (is_near(w->s, position, w->old[i]))
            return false;
    return t->centre < 0 ||
           survey_is_better(w->v, (size_t)w->row[position], (size_t)w->row[t->centre]);
}

static void restart(const struct walk *w, struct trust *t, size_t n_ended)
{
    const struct history *h = w->v->h;
    w->old[t->restarts++] = (uint32_t)t->centre;
    t->side = side_first;
    t->centre = -1;
    for (size_t i = 0; i < n_ended; i++)
        if (is_better_centre(w, t, h->ended[i]))
            t->centre = (ptrdiff_t)h->ended[i];
}

/* end: how many had ended with this one. */
static void count(const struct walk *w, struct trust *t, bool success, size_t end)
{
    t->successes = success ? t->successes + 1 : 0;
    t->failures = success ? 0 : t->failures + 1;
    if (success)
        t->since = end;
    if (t->successes == SUCCESSES) {
        t->side = fmin(2 * t->side, side_most);
        t->successes = 0;
    }
    if (t->failures == w->tolerance) {
        t->side /= 2;
        t->failures = 0;
        t->since = end;
    }
    if (t->side < side_least && t->centre >= 0)
        restart(w, t, end);
}

enum code trust_walk(const struct gp_sampler *s, struct arena *a, const struct survey *v,
                     int origin, struct trust *ret, struct error *e)
{
    const struct history *h = v->h;
    struct trust t = {.side = side_first, .centre = -1};
    struct walk w = {.s = s, .v = v};
    w.row = arena_array(a, h->n + 1, sizeof(*w.row));
    w.old = arena_array(a, h->n + 1, sizeof(*w.old));
    if (!w.row || !w.old)
        return error_nomem(e);
    w.tolerance = s->encoding->n_units > FAILURES_LEAST ? s->encoding->n_units : FAILURES_LEAST;
    for (size_t i = 0; i < h->n; i++)
        w.row[i] = -1;
    for (size_t i = 0; i < v->n; i++)
        w.row[v->rows[i]] = (ptrdiff_t)i;
    for (size_t i = 0; i < h->n_ended; i++) {
        const struct observation *o = &h->v[h->ended[i]];
        bool better = is_better_centre(&w, &t, h->ended[i]);
        if (better)
            t.centre = (ptrdiff_t)h->ended[i];
        if (o->origin == origin && !o->evidence && o->known >= t.since)
            count(&w, &t, better, i + 1);
    }
    *ret = t;
    return OK;
}

static bool is_counted(const struct encoding *x, size_t unit)
{
    enum unit_kind kind = x->units[unit].kind;
    return kind != UNIT_REAL && kind != UNIT_CELLS;
}

static bool is_changed(const struct region *region, const struct encoding *x, size_t unit,
                       const double *u)
{
    double centre = region->centre[unit];
    if (isnan(centre) || !is_counted(x, unit))
        return false;
    switch (x->units[unit].kind) {
    case UNIT_CATEGORY:
        return unit_level(x, unit, u[unit]) != unit_level(x, unit, centre);
    case UNIT_ITEM:
        return (u[unit] < 0.5) != (centre < 0.5);
    case UNIT_KEY:
    case UNIT_REAL:
    case UNIT_CELLS:
        break;
    }
    return u[unit] != centre;
}

static size_t count_changes(const struct region *region, const struct encoding *x, const double *u)
{
    size_t n = 0;
    for (size_t k = 0; k < x->n_units; k++)
        n += is_changed(region, x, k, u);
    return n;
}

bool trust_holds(const struct region *region, const struct encoding *x, const double *u)
{
    const double rounding = 1e-9;
    if (!region->centre)
        return true;
    for (size_t k = 0; k < x->n_units; k++)
        if (u[k] < region->lo[k] - rounding || u[k] > region->hi[k] + rounding)
            return false;
    return count_changes(region, x, u) <= region->changes;
}

void trust_settle(const struct region *region, const struct encoding *x, struct rng *r, double *u)
{
    if (!region->centre || region->changes == SIZE_MAX)
        return;
    size_t n = count_changes(region, x, u), keep = (size_t)rng_below(r, region->changes + 1);
    for (size_t k = 0; k < x->n_units && n > 0; k++) {
        if (!is_changed(region, x, k, u))
            continue;
        bool kept = rng_below(r, n) < keep;
        keep -= kept;
        n--;
        if (!kept)
            u[k] = region->centre[k];
    }
}

/* The models' lengths by coordinate of a box, on average 1 (the paper's section 3). */
static void find_widths(const struct acquisition *acq, const struct encoding *x,
                        const struct region *region, double *ret)
{
    double sum = 0;
    size_t n = 0;
    for (size_t k = 0; k < x->n_units; k++) {
        ret[k] = 0;
        if (isnan(region->centre[k]) || is_counted(x, k))
            continue;
        for (size_t m = 0; m < acq->n_models; m++) {
            double ln = acq->models[m].hyper[x->columns[x->units[k].column].group];
            ret[k] += fmin(fmax(ln, log(length_least)), log(length_most)) / (double)acq->n_models;
        }
        sum += ret[k];
        n++;
    }
    for (size_t k = 0; k < x->n_units; k++)
        ret[k] = exp(ret[k] - (n > 0 ? sum / (double)n : 0));
}

/* The outermost level whose middle is within reach of the centre, but the next one at least. */
static double reach(const struct encoding *x, size_t unit, double centre, double half, int way)
{
    int64_t levels = x->units[unit].levels, level = unit_level(x, unit, centre);
    double to = fmin(fmax(centre + way * half, 0), 1 - 0x1p-53);
    if (levels <= 0 || levels > NEIGHBOURS_MOST)
        return to;
    int64_t last = unit_level(x, unit, to), next = level + way;
    if ((unit_of_level(x, unit, last) - to) * way > 0)
        last -= way;
    last = (last - next) * way < 0 ? next : last;
    last = last < 0 ? 0 : last < levels ? last : levels - 1;
    return unit_of_level(x, unit, last);
}

static void narrow(const struct encoding *x, size_t unit, double half, struct region *region)
{
    double *lo = &region->lo[unit], *hi = &region->hi[unit], centre = region->centre[unit];
    if (x->units[unit].kind == UNIT_CELLS) {
        *lo = reach(x, unit, centre, half, -1);
        *hi = reach(x, unit, centre, half, 1);
        return;
    }
    centre = fmin(fmax(centre, *lo), *hi);
    *lo = fmax(*lo, centre - half);
    *hi = fmin(*hi, centre + half);
}

/* How many categories may change: all at the largest side, down to one; of a permutation's keys
 * two, or none could be exchanged. */
static size_t radius(const struct encoding *x, const struct region *region, double side)
{
    size_t n = 0, least = 1;
    for (size_t k = 0; k < x->n_units; k++) {
        n += is_counted(x, k) && !isnan(region->centre[k]);
        least = x->units[k].kind == UNIT_KEY ? 2 : least;
    }
    size_t changes = (size_t)ceil((double)n * side / side_most);
    return changes > least ? changes : least;
}

enum code trust_shape(const struct gp_sampler *s, struct arena *a, const struct history *h,
                      const struct trust *t, const struct acquisition *acq, struct region *region,
                      struct error *e)
{
    const struct encoding *x = s->encoding;
    double *width = arena_array(a, x->n_units + 1, sizeof(*width));
    region->centre = arena_array(a, x->n_units + 1, sizeof(*region->centre));
    if (!width || !region->centre)
        return error_nomem(e);
    region->at = h->v[t->centre].config;
    config_encode(region->at, region->centre);
    for (size_t k = 0; k < x->n_units; k++)
        if (region->at->values[x->units[k].param].type == VALUE_NONE)
            region->centre[k] = (double)NAN;
    find_widths(acq, x, region, width);
    for (size_t k = 0; k < x->n_units; k++)
        if (!isnan(region->centre[k]) && !is_counted(x, k))
            narrow(x, k, t->side * width[k] / 2, region);
    region->changes = radius(x, region, t->side);
    region->stay = fmax(0, 1 - PERTURBED / (double)(x->n_units + !x->n_units));
    return OK;
}
