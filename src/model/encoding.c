/*
 * Configurations as rows: columns, units, and the way from a point of the cube.
 */
#include "model/encoding.h"

#include <stdlib.h>

static size_t columns_of(const struct prior *p)
{
    size_t items = p->n_levels;
    switch (p->kind) {
    case PRIOR_FIXED:
        return 0;
    case PRIOR_SUBSET:
        return items;
    case PRIOR_PERMUTATION:
        return items * (items - 1) / 2;
    case PRIOR_UNIFORM:
    case PRIOR_LOGUNIFORM:
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
    case PRIOR_INT:
    case PRIOR_LOGINT:
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
    case PRIOR_FLAG:
    case PRIOR_KIND_COUNT:
        break;
    }
    return 1;
}

static enum unit_kind unit_kind_of(const struct prior *p)
{
    switch (p->kind) {
    case PRIOR_SUBSET:
        return UNIT_ITEM;
    case PRIOR_PERMUTATION:
        return UNIT_KEY;
    case PRIOR_CHOICE:
    case PRIOR_FLAG:
        return UNIT_CATEGORY;
    case PRIOR_INT:
    case PRIOR_LOGINT:
    case PRIOR_ORDINAL:
        return UNIT_CELLS;
    case PRIOR_UNIFORM:
        return p->step > 0 ? UNIT_CELLS : UNIT_REAL;
    case PRIOR_LOGUNIFORM:
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
    case PRIOR_FIXED:
    case PRIOR_KIND_COUNT:
        break;
    }
    return UNIT_REAL;
}

static void mark(void *self, int param)
{
    bool *marks = self;
    marks[param] = true;
}

static void lay_out_param(struct encoding *x, int param)
{
    const struct param *p = &x->space->params[param];
    enum unit_kind kind = unit_kind_of(&p->prior);
    size_t n = columns_of(&p->prior), first = x->n_columns;
    x->first_column[param] = first;
    for (size_t i = 0; i < n; i++)
        x->columns[first + i] =
            (struct column){.kind = p->prior.kind == PRIOR_CHOICE ? COLUMN_CATEGORY : COLUMN_NUMBER,
                            .param = param,
                            .unit = kind == UNIT_KEY ? -1 : p->unit + (int)i,
                            .group = x->n_groups + (kind == UNIT_ITEM ? i : 0),
                            .share = kind == UNIT_KEY ? 1 / (double)n : 1};
    for (int i = 0; i < p->units; i++) {
        bool levels = kind == UNIT_CELLS || kind == UNIT_CATEGORY;
        x->units[p->unit + i] = (struct unit){.kind = kind,
                                              .param = param,
                                              .column = first + (kind == UNIT_ITEM ? (size_t)i : 0),
                                              .levels = levels ? prior_count(&p->prior) : 0};
    }
    x->n_columns += n;
    x->n_groups += kind == UNIT_ITEM ? n : n > 0;
}

static void lay_out(struct encoding *x)
{
    const struct space *s = x->space;
    for (size_t i = 0; i < s->n_params; i++) {
        lay_out_param(x, (int)i);
        if (s->params[i].when) {
            expr_names(s->params[i].when, mark, x->parent);
            x->conditional = true;
        }
    }
    for (size_t i = 0; i < s->n_params; i++)
        x->decoded[i] = x->parent[i] || s->params[i].prior.kind == PRIOR_SUBSET;
    for (size_t i = 0; i < s->n_constraints; i++)
        for (size_t k = 0; k < s->constraints[i].n_names; k++)
            x->decoded[s->constraints[i].names[k]] = true;
}

enum code encoding_new(const struct space *s, struct encoding **ret, struct error *e)
{
    size_t columns = 0;
    for (size_t i = 0; i < s->n_params; i++)
        columns += columns_of(&s->params[i].prior);
    struct encoding *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->space = s;
    x->n_units = (size_t)s->n_units;
    x->columns = calloc(columns + 1, sizeof(*x->columns));
    x->units = calloc(x->n_units + 1, sizeof(*x->units));
    x->first_column = calloc(s->n_params + 1, sizeof(*x->first_column));
    x->decoded = calloc(s->n_params + 1, sizeof(*x->decoded));
    x->parent = calloc(s->n_params + 1, sizeof(*x->parent));
    if (!x->columns || !x->units || !x->first_column || !x->decoded || !x->parent) {
        encoding_free(x);
        return error_nomem(e);
    }
    lay_out(x);
    *ret = x;
    return OK;
}

void encoding_free(struct encoding *x)
{
    if (!x)
        return;
    free(x->columns);
    free(x->units);
    free(x->first_column);
    free(x->decoded);
    free(x->parent);
    free(x);
}

/* As the prior counts cells (space/prior.h): k of n is [k/n, (k+1)/n), found in whole numbers. */
static int64_t cell_of(double u, int64_t n)
{
    const uint64_t units = (uint64_t)1 << 53;
    uint64_t whole = u >= 1 ? units - 1 : u > 0 ? (uint64_t)(u * 0x1p53) : 0;
    return (int64_t)(((unsigned __int128)(uint64_t)n * whole) >> 53);
}

static double centre_of(int64_t k, int64_t n)
{
    return ((double)k + 0.5) / (double)n;
}

static double clamp_unit(double u)
{
    return u > 0 ? (u < 1 ? u : 1) : 0;
}

/* The coordinate that a value's own is, after rounding it to its cell. */
static double snap_logint(const struct prior *p, double u)
{
    struct value v;
    double snapped;
    if (prior_decode(p, NULL, &u, &v) != OK)
        return u;
    prior_encode(p, &v, &snapped);
    return snapped;
}

static double snap(const struct prior *p, int64_t levels, double u)
{
    enum { EXACT = 1 << 30 };
    if (p->kind == PRIOR_LOGINT)
        return snap_logint(p, u);
    return levels < EXACT ? centre_of(cell_of(u, levels), levels) : clamp_unit(u);
}

static int64_t choice_level(const struct prior *p, double u)
{
    double sum = 0;
    if (!p->weights)
        return cell_of(u, (int64_t)p->n_levels);
    for (size_t i = 0; i + 1 < p->n_levels; i++) {
        sum += p->weights[i];
        if (u < sum)
            return (int64_t)i;
    }
    return (int64_t)p->n_levels - 1;
}

int64_t unit_level(const struct encoding *x, size_t unit, double u)
{
    const struct unit *k = &x->units[unit];
    const struct prior *p = &x->space->params[k->param].prior;
    if (p->kind == PRIOR_CHOICE)
        return choice_level(p, u);
    if (p->kind != PRIOR_LOGINT)
        return cell_of(u, k->levels);
    struct value v;
    return prior_decode(p, NULL, &u, &v) == OK ? (int64_t)((uint64_t)v.i - (uint64_t)p->ilo) : 0;
}

static double choice_centre(const struct prior *p, int64_t level)
{
    double sum = 0;
    if (!p->weights)
        return centre_of(level, (int64_t)p->n_levels);
    for (int64_t i = 0; i < level; i++)
        sum += p->weights[i];
    return clamp_unit(sum + p->weights[level] / 2);
}

double unit_of_level(const struct encoding *x, size_t unit, int64_t level)
{
    const struct unit *k = &x->units[unit];
    const struct prior *p = &x->space->params[k->param].prior;
    double u = 0.5;
    if (p->kind == PRIOR_CHOICE)
        return choice_centre(p, level);
    if (p->kind != PRIOR_LOGINT)
        return centre_of(level, k->levels);
    struct value v = value_int((int64_t)((uint64_t)p->ilo + (uint64_t)level));
    prior_encode(p, &v, &u);
    return u;
}

/* Pair (i, k), i < k, is 1 where k comes first; the prior sorts keys and keeps equal ones in order.
 */
static void fill_permutation(size_t items, const double *u, double *ret)
{
    for (size_t i = 0; i + 1 < items; i++)
        for (size_t k = i + 1; k < items; k++)
            *ret++ = u[i] > u[k];
}

static void fill_subset(const struct prior *p, const double *u, const struct value *v, double *ret)
{
    double in[PRIOR_ITEMS_MAX];
    if (v->type == VALUE_LIST) {
        prior_encode(p, v, in);
        u = in;
    }
    for (size_t i = 0; i < p->n_levels; i++)
        ret[i] = u[i] >= 0.5;
}

/* The columns of one active parameter. */
static void fill(const struct encoding *x, int param, const double *u, const struct value *v,
                 double *row)
{
    const struct param *p = &x->space->params[param];
    double *ret = row + x->first_column[param];
    if (p->units == 0)
        return;
    u += p->unit;
    const struct unit *unit = &x->units[p->unit];
    switch (unit->kind) {
    case UNIT_REAL:
        *ret = clamp_unit(*u);
        return;
    case UNIT_CELLS:
        *ret = snap(&p->prior, unit->levels, *u);
        return;
    case UNIT_CATEGORY:
        *ret = (double)unit_level(x, (size_t)p->unit, *u);
        return;
    case UNIT_ITEM:
        fill_subset(&p->prior, u, v, ret);
        return;
    case UNIT_KEY:
        fill_permutation(p->prior.n_levels, u, ret);
        return;
    }
}

static void fill_inactive(const struct encoding *x, int param, double *row)
{
    size_t first = x->first_column[param], n = columns_of(&x->space->params[param].prior);
    for (size_t i = first; i < first + n; i++)
        row[i] = x->columns[i].kind == COLUMN_CATEGORY ? -1 : 0.5;
}

void encoding_row(const struct encoding *x, const struct config *c, double *u, double *ret_row)
{
    config_encode(c, u);
    for (size_t i = 0; i < x->space->n_params; i++) {
        if (c->values[i].type == VALUE_NONE)
            fill_inactive(x, (int)i, ret_row);
        else
            fill(x, (int)i, u, &c->values[i], ret_row);
    }
}

enum code encoding_point(const struct encoding *x, struct arena *a, const double *u,
                         struct value *values, double *ret_row, bool *ret_allowed)
{
    const struct space *s = x->space;
    for (size_t i = 0; i < s->n_params; i++)
        values[i] = (struct value){.type = VALUE_NONE};
    for (size_t i = 0; i < s->n_params; i++) {
        int param = s->order[i];
        const struct param *p = &s->params[param];
        if (!config_is_active(s, values, param)) {
            fill_inactive(x, param, ret_row);
            continue;
        }
        if (x->decoded[param]) {
            const double *at = p->units ? u + p->unit : NULL;
            enum code code = prior_decode(&p->prior, a, at, &values[param]);
            if (code != OK)
                return code;
        }
        fill(x, param, u, &values[param], ret_row);
    }
    bool allowed = true;
    for (size_t i = 0; ret_allowed && allowed && i < s->n_constraints; i++)
        allowed = config_holds(s, values, i);
    if (ret_allowed)
        *ret_allowed = allowed;
    return OK;
}

void encoding_activity(const struct encoding *x, const struct value *values, bool *ret_active)
{
    for (size_t i = 0; i < x->space->n_params; i++)
        ret_active[i] = config_is_active(x->space, values, (int)i);
}
