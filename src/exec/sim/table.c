/* An objective out of a table. */
#include "exec/sim/table.h"

#include "base/array.h"
#include "base/number.h"
#include "exec/sim/csv.h"

#include <math.h>
#include <stdlib.h>

#define ARENA_MAX ((size_t)1 << 36)

struct row {
    struct config config;
    uint64_t hash;
    int64_t step;
    double value;
};

struct curve {
    size_t first, n; /* its rows, by step */
};

struct tabled {
    const struct space *space;
    bool exact;
    int length; /* the parameter that the curves stand for; -1: none */
    struct arena arena;
    struct row *rows;
    size_t n_rows, rows_capacity;
    struct curve *curves;
    double *units; /* of each curve's configuration */
    size_t n_curves;
    uint32_t *slots; /* curves by hash: index + 1; 0: free */
    size_t n_slots;
};

/* While it is read: where each column goes. */
struct reading {
    struct tabled *t;
    const struct table_settings *x;
    struct csv csv;
    struct csv_field *fields;
    size_t n_columns;
    int *param; /* by column; -1: none */
    size_t value, step;
    bool has_step;
    struct error *e;
};

static enum code misplaced(struct reading *r, const struct csv_field *f, enum code code,
                           const char *fmt, ...) printf_like(4, 5);

static enum code misplaced(struct reading *r, const struct csv_field *f, enum code code,
                           const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(r->e, code, fmt, ap);
    va_end(ap);
    if (r->e)
        error_at(r->e, r->x->file, r->csv.line, f ? f->column : 1);
    return code;
}

/* ---- the head ---- */

static void hint_nearest(struct reading *r, struct str name)
{
    const char **names = calloc(r->n_columns + 1, sizeof(char *));
    for (size_t i = 0; names && i < r->n_columns; i++)
        names[i] = arena_cstr(&r->t->arena, r->fields[i].text);
    const char *near = names ? str_nearest(name, names, r->n_columns) : NULL;
    if (near)
        error_hint(r->e, "is it %s?", near);
    free(names);
}

static enum code find_column(struct reading *r, struct str name, size_t *ret)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (str_eq(r->fields[i].text, name)) {
            *ret = i;
            return OK;
        }
    misplaced(r, NULL, E_INVALID, "the table has no column %.*s", STR_FMT(name));
    hint_nearest(r, name);
    return E_INVALID;
}

static bool has_column(const struct reading *r, struct str name)
{
    for (size_t i = 0; i < r->n_columns; i++)
        if (str_eq(r->fields[i].text, name))
            return true;
    return false;
}

static enum code read_head(struct reading *r)
{
    const struct space *s = r->x->space;
    size_t at;
    enum code code = csv_next(&r->csv, &r->t->arena, r->fields, &r->n_columns, r->e);
    if (code != OK)
        return code;
    r->param = calloc(r->n_columns + 1, sizeof(*r->param));
    if (!r->param)
        return error_nomem(r->e);
    for (size_t i = 0; i < r->n_columns; i++)
        r->param[i] = -1;
    bool lengths = r->x->length.n > 0 && has_column(r, STR("step"));
    for (size_t i = 0; i < s->n_params; i++) {
        if (s->params[i].prior.kind == PRIOR_FIXED)
            continue;
        if (lengths && str_eq(s->params[i].name, r->x->length) && !has_column(r, r->x->length)) {
            r->t->length = (int)i;
            continue;
        }
        code = find_column(r, s->params[i].name, &at);
        if (code != OK)
            return code;
        r->param[at] = (int)i;
    }
    for (size_t i = 0; i < r->n_columns; i++) {
        if (r->param[i] >= 0 || !str_is(r->fields[i].text, "step"))
            continue;
        r->has_step = true;
        r->step = i;
    }
    return find_column(r, r->x->value, &r->value);
}

/* ---- the rows ---- */

static enum code read_values(struct reading *r, struct value *values)
{
    const struct space *s = r->x->space;
    for (size_t i = 0; i < s->n_params; i++)
        values[i] = s->params[i].prior.kind == PRIOR_FIXED ? s->params[i].prior.levels[0]
                                                           : (struct value){.type = VALUE_NONE};
    for (size_t i = 0; i < r->n_columns; i++) {
        struct csv_field *f = &r->fields[i];
        if (r->param[i] < 0 || f->text.n == 0)
            continue;
        struct str text;
        if (arena_str(&r->t->arena, f->text, &text) != OK)
            return error_nomem(r->e);
        struct value v = value_of_scalar(text);
        const struct param *p = &s->params[r->param[i]];
        if (prior_accept(&p->prior, &r->t->arena, &v, r->e) != OK) {
            error_at(r->e, r->x->file, r->csv.line, f->column);
            return r->e ? r->e->code : E_INVALID;
        }
        values[r->param[i]] = v;
    }
    return OK;
}

static enum code read_numbers(struct reading *r, struct row *row)
{
    const struct csv_field *value = &r->fields[r->value];
    row->value = (double)NAN;
    if (value->text.n > 0 && !number_parse_real(value->text, &row->value))
        return misplaced(r, value, E_INVALID, "\"%.*s\" is no number", STR_FMT(value->text));
    if (!r->has_step)
        return OK;
    const struct csv_field *step = &r->fields[r->step];
    if (!number_parse_i64(step->text, &row->step) || row->step < 0)
        return misplaced(r, step, E_INVALID, "\"%.*s\" is no step", STR_FMT(step->text));
    return OK;
}

static enum code add_row(struct reading *r, const struct row *row)
{
    struct tabled *t = r->t;
    if (t->n_rows == TABLE_ROWS_MAX)
        return misplaced(r, NULL, E_LIMIT, "more than %d rows", TABLE_ROWS_MAX);
    if (!array_reserve(t->rows, &t->rows_capacity, t->n_rows + 1))
        return error_nomem(r->e);
    t->rows[t->n_rows++] = *row;
    return OK;
}

static enum code read_row(struct reading *r, size_t n)
{
    struct row row = {.config.space = r->x->space};
    if (n != r->n_columns)
        return misplaced(r, NULL, E_INVALID, "this row has %zu fields, and the first line %zu", n,
                         r->n_columns);
    row.config.values =
        arena_array(&r->t->arena, r->x->space->n_params, sizeof(*row.config.values));
    if (!row.config.values)
        return error_nomem(r->e);
    enum code code = read_values(r, row.config.values);
    if (code == OK)
        code = read_numbers(r, &row);
    row.hash = code == OK ? config_hash(&row.config) : 0;
    return code == OK ? add_row(r, &row) : code;
}

static enum code read_all(struct reading *r)
{
    size_t n;
    enum code code = read_head(r);
    while (code == OK) {
        code = csv_next(&r->csv, &r->t->arena, r->fields, &n, r->e);
        if (code != OK || n == 0)
            break;
        code = read_row(r, n);
    }
    if (code == OK && r->t->n_rows == 0)
        code = misplaced(r, NULL, E_INVALID, "the table has no rows");
    return code;
}

/* ---- its curves ---- */

/* By configuration, as far as hashes tell them apart, and step; else as they stood. */
static int by_curve(const void *pa, const void *pb)
{
    const struct row *a = pa, *b = pb;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->step > b->step) - (a->step < b->step);
}

static bool same_curve(const struct row *a, const struct row *b)
{
    return a->hash == b->hash && config_equal(&a->config, &b->config);
}

static size_t slot_of(const struct tabled *t, uint64_t hash)
{
    size_t at = hash & (t->n_slots - 1);
    while (t->slots[at] && t->rows[t->curves[t->slots[at] - 1].first].hash != hash)
        at = (at + 1) & (t->n_slots - 1);
    return at;
}

static enum code make_curves(struct tabled *t, struct error *e)
{
    size_t n_units = (size_t)t->space->n_units;
    qsort(t->rows, t->n_rows, sizeof(*t->rows), by_curve);
    for (t->n_slots = 64; t->n_slots < 2 * t->n_rows; t->n_slots *= 2)
        ;
    t->curves = calloc(t->n_rows, sizeof(*t->curves));
    t->slots = calloc(t->n_slots, sizeof(*t->slots));
    t->units = calloc(t->n_rows, (n_units ? n_units : 1) * sizeof(*t->units));
    if (!t->curves || !t->slots || !t->units)
        return error_nomem(e);
    for (size_t i = 0, to; i < t->n_rows; i = to) {
        for (to = i + 1; to < t->n_rows && same_curve(&t->rows[i], &t->rows[to]); to++)
            ;
        t->curves[t->n_curves] = (struct curve){i, to - i};
        config_encode(&t->rows[i].config, t->units + t->n_curves * n_units);
        t->slots[slot_of(t, t->rows[i].hash)] = (uint32_t)++t->n_curves;
    }
    return OK;
}

/* ---- looking up ---- */

static bool is_unordered(const struct prior *p)
{
    return p->kind == PRIOR_CHOICE || p->kind == PRIOR_FLAG;
}

static double distance(const struct tabled *t, const struct config *a, const double *ua,
                       const struct config *b, const double *ub, double limit)
{
    double sum = 0;
    for (size_t i = 0; i < t->space->n_params && sum < limit; i++) {
        const struct param *p = &t->space->params[i];
        const struct value *va = &a->values[i], *vb = &b->values[i];
        bool off = va->type == VALUE_NONE || vb->type == VALUE_NONE;
        if (off || is_unordered(&p->prior)) {
            sum += value_equal(va, vb) ? 0 : 1;
            continue;
        }
        for (int k = p->unit; k >= 0 && k < p->unit + p->units; k++)
            sum += (ua[k] - ub[k]) * (ua[k] - ub[k]);
    }
    return sum;
}

static const struct curve *nearest(const struct tabled *t, const struct config *c, double *u)
{
    const struct curve *found = NULL;
    double least = (double)INFINITY;
    config_encode(c, u);
    for (size_t i = 0; t->curves && i < t->n_curves; i++) {
        const struct row *row = &t->rows[t->curves[i].first];
        double d = distance(t, c, u, &row->config, t->units + i * (size_t)t->space->n_units, least);
        if (d < least) {
            least = d;
            found = &t->curves[i];
        }
    }
    return found;
}

static enum code find(const struct tabled *t, const struct config *config, const struct curve **ret,
                      struct error *e)
{
    uint32_t known = t->slots[slot_of(t, config_hash(config))];
    const struct curve *c = known ? &t->curves[known - 1] : NULL;
    if (!c && !t->exact) {
        double *u = calloc((size_t)t->space->n_units + 1, sizeof(*u));
        if (!u)
            return error_nomem(e);
        c = nearest(t, config, u);
        free(u);
    }
    *ret = c;
    return OK;
}

static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    const struct tabled *t = self;
    const struct curve *c = NULL;
    struct config config = *a->config;
    size_t n = t->space->n_params;
    struct value *values = t->length >= 0 ? calloc(n, sizeof(*values)) : NULL;
    if (t->length >= 0 && !values)
        return error_nomem(e);
    if (values) {
        memcpy(values, config.values, n * sizeof(*values));
        values[t->length] = (struct value){.type = VALUE_NONE}; /* as its rows have it */
        config.values = values;
    }
    enum code code = find(t, &config, &c, e);
    free(values);
    ret->infeasible = !c;
    ret->kept = c;
    return code;
}

static double value(void *self, const struct sim_attempt *a, const struct sim_course *course,
                    int64_t step)
{
    const struct tabled *t = self;
    const struct curve *c = course->kept;
    const struct row *rows = t->rows + c->first;
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (rows[middle].step <= step)
            lo = middle + 1;
        else
            hi = middle;
    }
    return rows[lo > 0 ? lo - 1 : 0].value;
}

static void destroy(void *self)
{
    struct tabled *t = self;
    arena_free(&t->arena);
    free(t->rows);
    free(t->curves);
    free(t->units);
    free(t->slots);
    free(t);
}

enum code objective_table(const struct table_settings *x, struct objective *ret, struct error *e)
{
    struct reading r = {.x = x, .e = e};
    struct tabled *t = calloc(1, sizeof(*t));
    r.fields = calloc(CSV_FIELDS_MAX, sizeof(*r.fields));
    r.t = t;
    if (!t || !r.fields) {
        free(t);
        free(r.fields);
        return error_nomem(e);
    }
    t->space = x->space;
    t->exact = x->exact;
    t->length = -1;
    arena_init(&t->arena, ARENA_MAX);
    csv_init(&r.csv, x->text, x->file);
    enum code code = read_all(&r);
    if (code == OK)
        code = make_curves(t, e);
    free(r.fields);
    free(r.param);
    if (code != OK) {
        destroy(t);
        return code;
    }
    *ret = (struct objective){t, begin, value, destroy};
    return OK;
}
