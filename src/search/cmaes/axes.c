/* Axes and choices of CMA-ES. */
#include "search/cmaes/axes.h"

#include "base/stats.h"

#include <math.h>
#include <stdlib.h>

static double clamp(double x, double lo, double hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

static bool is_normal(const struct prior *p)
{
    return p->kind == PRIOR_NORMAL || p->kind == PRIOR_LOGNORMAL;
}

static double scale_of(const struct prior *p, double value)
{
    return p->kind == PRIOR_LOGNORMAL ? log(value) : value;
}

/* Four standard deviations, or less where it is cut, make the unit; at least one. */
static void place_normal(struct axis *x, const struct prior *p)
{
    double lo = scale_of(p, p->lo), hi = scale_of(p, p->hi);
    double from = fmax(lo, p->mean - 2 * p->sd), to = fmin(hi, p->mean + 2 * p->sd);
    if (!(to > from)) { /* all of it lies in one tail */
        from = lo > p->mean ? lo : hi - p->sd;
        to = lo > p->mean ? lo + p->sd : hi;
        from = fmax(from, lo);
        to = fmin(to, hi);
    }
    x->base = from;
    x->width = to - from;
    x->lo = (lo - x->base) / x->width;
    x->hi = (hi - x->base) / x->width;
}

static bool place_axis(struct axis *x, const struct prior *p)
{
    int64_t count = prior_count(p);
    bool is_real = is_normal(p) || count == 0 || count > AXIS_CELLS_MAX;
    x->start = 0.5;
    x->normal = is_normal(p);
    if (p->kind == PRIOR_LOGINT) {
        x->kind = AXIS_LOG_CELLS;
        x->base = log((double)p->ilo - 0.5);
        x->width = log((double)p->ihi + 0.5) - x->base;
    } else if (p->kind == PRIOR_SUBSET) {
        x->kind = AXIS_CELLS;
        x->cells = 2;
    } else if (p->kind == PRIOR_PERMUTATION) {
        x->kind = AXIS_CELLS;
        x->cells = (double)p->n_levels;
        x->keys = true;
    } else if (is_real) {
        x->kind = AXIS_REAL;
        x->hi = 1;
    } else {
        x->kind = AXIS_CELLS;
        x->cells = (double)count;
    }
    return count != 1;
}

static enum code place_start(struct axis *x, const struct prior *p)
{
    struct value median;
    double half = 0.5;
    place_normal(x, p);
    enum code code = prior_decode(p, NULL, &half, &median);
    if (code == OK)
        x->start = (scale_of(p, median.r) - x->base) / x->width;
    return code;
}

static enum code add_axes(struct axes *a, int param)
{
    const struct param *p = &a->space->params[param];
    struct axis x = {.param = param};
    if (!place_axis(&x, &p->prior))
        return OK;
    if (is_normal(&p->prior) && place_start(&x, &p->prior) != OK)
        return E_INVALID;
    if (x.kind == AXIS_REAL && !(x.lo < x.hi))
        return OK;
    a->first_axis[param] = (int)a->n;
    for (int k = 0; k < p->units; k++) {
        x.unit = p->unit + k;
        a->v[a->n++] = x;
    }
    return OK;
}

static void add_choice(struct axes *a, int param)
{
    const struct prior *p = &a->space->params[param].prior;
    if (p->n_levels < 2)
        return;
    a->choice_of[param] = (int)a->n_choices;
    a->choices[a->n_choices++] = (struct category_axis){param, p->n_levels, a->n_levels, false};
    for (size_t i = 0; i < p->n_levels; i++)
        a->prior[a->n_levels++] = p->weights ? p->weights[i] : 1 / (double)p->n_levels;
}

static void mark_gate(void *self, int param)
{
    struct axes *a = self;
    if (a->choice_of[param] >= 0)
        a->choices[a->choice_of[param]].gates = true;
}

enum code axes_init(struct axes *a, const struct space *s)
{
    size_t n_units = (size_t)s->n_units, n_levels = 0;
    for (size_t i = 0; i < s->n_params; i++)
        n_levels += s->params[i].prior.kind == PRIOR_CHOICE ? s->params[i].prior.n_levels : 0;
    *a = (struct axes){.space = s};
    a->v = calloc(n_units + 1, sizeof(*a->v));
    a->units = calloc(n_units + 1, sizeof(*a->units));
    a->choices = calloc(s->n_params + 1, sizeof(*a->choices));
    a->prior = calloc(n_levels + 1, sizeof(*a->prior));
    a->first_axis = calloc(s->n_params + 1, sizeof(*a->first_axis));
    a->choice_of = calloc(s->n_params + 1, sizeof(*a->choice_of));
    bool there = a->v && a->units && a->choices && a->prior && a->first_axis && a->choice_of;
    enum code code = there ? OK : E_NOMEM;
    for (size_t i = 0; i < s->n_params && code == OK; i++) {
        a->first_axis[i] = a->choice_of[i] = -1;
        if (s->params[i].prior.kind == PRIOR_CHOICE)
            add_choice(a, (int)i);
        else if (s->params[i].units > 0)
            code = add_axes(a, (int)i);
    }
    for (size_t i = 0; i < s->n_params && code == OK; i++)
        if (s->params[i].when)
            expr_names(s->params[i].when, mark_gate, a);
    if (code != OK)
        axes_free(a);
    return code;
}

void axes_free(struct axes *a)
{
    free(a->v);
    free(a->first_axis);
    free(a->choice_of);
    free(a->units);
    free(a->choices);
    free(a->prior);
    *a = (struct axes){.space = NULL};
}

/* A normal prior's value straight from its axis. */
static struct value normal_value(const struct prior *p, const struct axis *x, double at)
{
    double number = x->base + x->width * clamp(at, x->lo, x->hi);
    if (p->kind == PRIOR_LOGNORMAL)
        number = exp(number);
    return value_real(clamp(number, p->lo, p->hi));
}

static void fill_units(const struct axes *a, const double *x)
{
    for (int k = 0; k < a->space->n_units; k++)
        a->units[k] = 0.5;
    for (size_t i = 0; i < a->n; i++)
        a->units[a->v[i].unit] = a->v[i].keys ? x[i] : clamp(x[i], 0, 1);
}

enum code axes_decode(const struct axes *a, struct arena *arena, const double *x,
                      const uint32_t *levels, struct config *ret)
{
    const struct space *s = a->space;
    struct value *values = arena_array(arena, s->n_params, sizeof(*values));
    if (!values)
        return E_NOMEM;
    fill_units(a, x);
    for (size_t i = 0; i < s->n_params; i++) {
        int param = s->order[i];
        const struct param *p = &s->params[param];
        int axis = a->first_axis[param], choice = a->choice_of[param];
        if (!config_is_active(s, values, param))
            continue;
        enum code code = OK;
        if (choice >= 0)
            values[param] = p->prior.levels[levels[choice]];
        else if (is_normal(&p->prior) && axis >= 0)
            values[param] = normal_value(&p->prior, &a->v[axis], x[axis]);
        else
            code = prior_decode(&p->prior, arena, p->units ? a->units + p->unit : NULL,
                                &values[param]);
        if (code != OK)
            return code;
    }
    *ret = (struct config){s, values};
    return OK;
}

static uint32_t level_of(const struct prior *p, const struct value *v)
{
    if (v->type == VALUE_NONE)
        return CHOICE_INACTIVE;
    for (size_t i = 0; i < p->n_levels; i++)
        if (value_equal(&p->levels[i], v))
            return (uint32_t)i;
    return CHOICE_INACTIVE;
}

static struct span span_of(const struct axis *x, double at)
{
    struct span s = {at, at};
    if (x->kind != AXIS_REAL)
        s = axis_cell(x, at);
    else if (at <= x->lo)
        s.lo = -(double)INFINITY;
    else if (at >= x->hi)
        s.hi = (double)INFINITY;
    return s;
}

void axes_encode(const struct axes *a, const struct config *c, struct span *ret_spans,
                 bool *ret_active, uint32_t *ret_levels)
{
    const struct space *s = a->space;
    for (size_t i = 0; i < a->n_choices; i++) {
        int param = a->choices[i].param;
        ret_levels[i] = level_of(&s->params[param].prior, &c->values[param]);
    }
    int encoded = -1;
    for (size_t i = 0; i < a->n; i++) {
        const struct axis *x = &a->v[i];
        const struct prior *p = &s->params[x->param].prior;
        const struct value *v = &c->values[x->param];
        ret_active[i] = v->type != VALUE_NONE;
        ret_spans[i] = (struct span){-(double)INFINITY, (double)INFINITY};
        if (!ret_active[i])
            continue;
        if (is_normal(p)) {
            double at = v->r <= p->lo   ? x->lo
                        : v->r >= p->hi ? x->hi
                                        : (scale_of(p, v->r) - x->base) / x->width;
            ret_spans[i] = span_of(x, at);
            continue;
        }
        if (x->param != encoded)
            prior_encode(p, v, a->units + s->params[x->param].unit);
        encoded = x->param;
        ret_spans[i] = span_of(x, a->units[x->unit]);
    }
}

static struct span equal_cell(double cells, double at)
{
    double k = clamp(floor(at * cells), 0, cells - 1);
    struct span s = {k / cells, (k + 1) / cells};
    if (k == 0)
        s.lo = -(double)INFINITY;
    if (k == cells - 1)
        s.hi = (double)INFINITY;
    return s;
}

static struct span log_cell(const struct axis *x, double at)
{
    double first = round(exp(x->base) + 0.5), last = round(exp(x->base + x->width) - 0.5);
    double i = clamp(round(exp(x->base + x->width * clamp(at, 0, 1))), first, last);
    struct span s = {(log(i - 0.5) - x->base) / x->width, (log(i + 0.5) - x->base) / x->width};
    if (i == first)
        s.lo = -(double)INFINITY;
    if (i == last)
        s.hi = (double)INFINITY;
    return s;
}

struct span axis_cell(const struct axis *x, double at)
{
    if (x->kind == AXIS_CELLS)
        return equal_cell(x->cells, at);
    if (x->kind == AXIS_LOG_CELLS)
        return log_cell(x, at);
    if (at < x->lo)
        return (struct span){-(double)INFINITY, x->lo};
    if (at > x->hi)
        return (struct span){x->hi, (double)INFINITY};
    return (struct span){x->lo, x->hi};
}

static double density(double z)
{
    return 0.3989422804014327 * exp(-z * z / 2);
}

struct moments span_moments(struct span s, double mean, double sd)
{
    double a = (s.lo - mean) / sd, b = (s.hi - mean) / sd;
    if (!(b - a > 1e-6)) /* a point, or as good as one */
        return (struct moments){s.lo + (s.hi - s.lo) / 2, 0};
    bool mirrored = a > 0; /* work in the lower tail, where there are digits */
    double lo = mirrored ? -b : a, hi = mirrored ? -a : b;
    double mass = normal_cdf(hi) - normal_cdf(lo);
    if (!(mass > 1e-200)) /* past all digits: just beyond the end that is nearer */
        return (struct moments){mirrored ? s.lo : s.hi, 0};
    double at_lo = isinf(lo) ? 0 : density(lo), at_hi = isinf(hi) ? 0 : density(hi);
    double shift = (at_lo - at_hi) / mass;
    double slope = ((at_lo > 0 ? lo * at_lo : 0) - (at_hi > 0 ? hi * at_hi : 0)) / mass;
    double x = mean + sd * (mirrored ? -shift : shift);
    return (struct moments){clamp(x, s.lo, s.hi), clamp(1 + slope - shift * shift, 0, 1)};
}

double axis_draw(const struct axis *x, struct rng *r)
{
    if (!x->normal)
        return rng_unit(r);
    return clamp(x->start + rng_normal(r) / 4, x->lo, x->hi);
}
