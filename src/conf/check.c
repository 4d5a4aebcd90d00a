/*
 * What `trawl check` says, for people and as JSON.
 */
#include "conf/check.h"

#include "base/number.h"

#include <stdio.h>

enum { CELL_BYTES_MAX = 2 << 20, CELL_WIDTH_MAX = 60, COLUMNS = 4 };

void check_problem_text(const struct error *e, struct buf *b)
{
    if (e->file[0])
        buf_cstr(b, e->file);
    if (e->line)
        buf_fmt(b, ":%d:%d", e->line, e->column);
    buf_fmt(b, "%s%s\n", b->n && e->file[0] ? ": " : "", e->message);
    if (e->detail[0])
        buf_fmt(b, "  %s\n", e->detail);
    if (e->hint[0])
        buf_fmt(b, "  hint: %s\n", e->hint);
}

void check_problems_text(const struct problems *p, struct buf *b)
{
    for (size_t i = 0; i < p->n; i++)
        check_problem_text(&p->v[i], b);
    if (p->dropped)
        buf_fmt(b, "and %zu more\n", p->dropped);
}

void check_problem_json(const struct error *e, struct json *j)
{
    jw_object(j);
    jw_key(j, "code");
    jw_cstr(j, code_name(e->code));
    jw_key(j, "file");
    jw_cstr(j, e->file[0] ? e->file : NULL);
    jw_key(j, "line");
    if (e->line)
        jw_i64(j, e->line);
    else
        jw_null(j);
    jw_key(j, "column");
    if (e->line)
        jw_i64(j, e->column);
    else
        jw_null(j);
    jw_key(j, "message");
    jw_cstr(j, e->message);
    jw_key(j, "hint");
    jw_cstr(j, e->hint[0] ? e->hint : NULL);
    jw_object_end(j);
}

static void prior_text(const struct param *p, struct buf *b)
{
    prior_write(&p->prior, b);
    if (p->prior.kind == PRIOR_FIXED)
        buf_cstr(b, " (fixed)");
}

/* One cell of the table. */
static void cell_text(const struct param *p, int column, struct buf *b)
{
    if (column == 0)
        buf_str(b, p->name);
    else if (column == 1)
        prior_text(p, b);
    else if (column == 2 && p->when)
        expr_write(p->when, b);
    else if (column == 2)
        buf_cstr(b, "always");
    else if (p->has_default)
        value_text(&p->def, b);
    else
        buf_char(b, '-');
}

/* Characters of a UTF-8 text. */
static size_t width_of(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

/* Cuts what is too wide for a table. */
static void shorten(struct buf *cell)
{
    struct str s = buf_view(cell);
    size_t at = 0;
    if (width_of(s) <= CELL_WIDTH_MAX)
        return;
    for (int i = 0; i < CELL_WIDTH_MAX - 3; i++)
        at += str_utf8_step(str_sub(s, at, 4));
    cell->n = at;
    buf_cstr(cell, "...");
}

static void write_cell(const struct param *p, int column, struct buf *cell)
{
    buf_clear(cell);
    cell_text(p, column, cell);
    shorten(cell);
}

static void pad(struct buf *b, size_t width, size_t to)
{
    buf_repeat(b, ' ', to > width ? to - width : 0);
}

static void write_table(const struct space *s, struct buf *b)
{
    static const char *const heads[COLUMNS] = {"parameter", "prior", "active when", "default"};
    size_t widths[COLUMNS];
    struct buf cell;
    buf_init(&cell, CELL_BYTES_MAX);
    for (int c = 0; c < COLUMNS; c++) {
        widths[c] = strlen(heads[c]);
        for (size_t i = 0; i < s->n_params; i++) {
            write_cell(&s->params[i], c, &cell);
            size_t width = width_of(buf_view(&cell));
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    for (int c = 0; c < COLUMNS; c++) {
        buf_cstr(b, heads[c]);
        if (c + 1 < COLUMNS)
            pad(b, strlen(heads[c]), widths[c] + 2);
    }
    buf_char(b, '\n');
    for (size_t i = 0; i < s->n_params; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            write_cell(&s->params[i], c, &cell);
            buf_str(b, buf_view(&cell));
            if (c + 1 < COLUMNS)
                pad(b, width_of(buf_view(&cell)), widths[c] + 2);
        }
        buf_char(b, '\n');
    }
    buf_free(&cell);
}

static void count_text(const struct space *s, struct buf *b)
{
    bool exact;
    int64_t count = space_count(s, &exact);
    if (count == 0)
        buf_cstr(b, "infinitely many configurations");
    else if (count == INT64_MAX)
        buf_cstr(b, "more than 9e18 configurations");
    else
        buf_fmt(b, "%s%lld configuration%s", exact ? "" : "at most ", (long long)count,
                count == 1 ? "" : "s");
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

void check_goal_text(const struct settings *s, struct buf *b)
{
    for (size_t i = 0; i < s->n_objectives; i++)
        buf_fmt(b, "%s%s %.*s", i > 0 ? ", " : "", s->minimize[i] ? "minimize" : "maximize",
                STR_FMT(s->measures[i].name));
}

void check_requirements_text(const struct settings *s, struct buf *b)
{
    for (size_t i = 0; i < s->n_requirements; i++)
        buf_fmt(b, "%s%.*s", i > 0 ? ", " : "", STR_FMT(s->requirements[i].text));
}

/* One line of values. */
static void config_text(const struct space *space, const struct config *c, struct buf *b)
{
    buf_char(b, ' ');
    for (size_t i = 0; i < space->n_params; i++)
        if (c->values[i].type != VALUE_NONE) {
            buf_fmt(b, " %.*s=", STR_FMT(space->params[i].name));
            value_text(&c->values[i], b);
        }
    buf_char(b, '\n');
}

static void outcomes_text(const struct settings *s, struct buf *b)
{
    if (s->n_objectives > 1) {
        buf_cstr(b, "\nobjectives\n  ");
        check_goal_text(s, b);
        buf_char(b, '\n');
    }
    if (s->n_requirements > 0) {
        buf_cstr(b, "\nrequire\n  ");
        check_requirements_text(s, b);
        buf_char(b, '\n');
    }
}

void check_length_text(const struct effort *effort, struct buf *b)
{
    if (effort->min_steps == effort->max_steps) {
        buf_fmt(b, "%lld step%s", (long long)effort->max_steps, plural((size_t)effort->max_steps));
        return;
    }
    buf_fmt(b, "%lld to %lld steps, ", (long long)effort->min_steps, (long long)effort->max_steps);
    number_write_short(b, effort->mean_steps, 3);
    buf_cstr(b, " on average");
}

void check_space_text(const struct settings *s, struct buf *b)
{
    const struct space *space = s->space;
    buf_fmt(b, "space %.*s: %zu parameter%s, %d dimension%s, ", STR_FMT(s->space_name),
            space->n_params, plural(space->n_params), space->n_units,
            plural((size_t)space->n_units));
    count_text(space, b);
    buf_cstr(b, space->n_constraints ? " before constraints\n\n" : "\n\n");
    write_table(space, b);
    if (s->effort.own_steps) {
        buf_cstr(b, "\nsteps is how long a trial trains: ");
        check_length_text(&s->effort, b);
        buf_char(b, '\n');
    }
    for (size_t i = 0; i < space->n_constraints; i++) {
        buf_cstr(b, i == 0 ? "\nconstraints\n  " : "  ");
        expr_write(space->constraints[i].x, b);
        buf_char(b, '\n');
    }
    if (s->has_baseline) {
        buf_cstr(b, "\nbaseline\n");
        config_text(space, &s->baseline, b);
    }
    for (size_t i = 0; i < s->n_first; i++) {
        buf_cstr(b, i == 0 ? "\nfirst\n" : "");
        config_text(space, &s->first[i], b);
    }
    outcomes_text(s, b);
}

static void param_json(const struct param *p, struct buf *text, struct json *j)
{
    jw_object(j);
    jw_key(j, "name");
    jw_str(j, p->name);
    if (p->prior.kind == PRIOR_FIXED) {
        jw_key(j, "fixed");
        value_json(&p->prior.levels[0], j);
    }
    buf_clear(text);
    prior_write(&p->prior, text);
    jw_key(j, "prior");
    jw_str(j, buf_view(text));
    jw_key(j, "when");
    buf_clear(text);
    if (p->when)
        expr_write(p->when, text);
    if (p->when)
        jw_str(j, buf_view(text));
    else
        jw_null(j);
    jw_key(j, "default");
    if (p->has_default)
        value_json(&p->def, j);
    else
        jw_null(j);
    jw_key(j, "units");
    jw_i64(j, p->units);
    jw_object_end(j);
}

void check_space_json(const struct settings *s, struct json *j)
{
    const struct space *space = s->space;
    struct buf text;
    bool exact;
    int64_t count = space_count(space, &exact);
    buf_init(&text, SPACE_BYTES_MAX);
    jw_object(j);
    jw_key(j, "name");
    jw_str(j, s->space_name);
    jw_key(j, "count");
    if (count)
        jw_i64(j, count);
    else
        jw_null(j);
    jw_key(j, "exact");
    jw_bool(j, count == 0 || exact);
    jw_key(j, "dimensions");
    jw_i64(j, space->n_units);
    jw_key(j, "parameters");
    jw_array(j);
    for (size_t i = 0; i < space->n_params; i++)
        param_json(&space->params[i], &text, j);
    jw_array_end(j);
    jw_key(j, "constraints");
    jw_array(j);
    for (size_t i = 0; i < space->n_constraints; i++) {
        buf_clear(&text);
        expr_write(space->constraints[i].x, &text);
        jw_str(j, buf_view(&text));
    }
    jw_array_end(j);
    jw_key(j, "baseline");
    if (s->has_baseline)
        config_json(&s->baseline, j);
    else
        jw_null(j);
    jw_key(j, "first");
    jw_array(j);
    for (size_t i = 0; i < s->n_first; i++)
        config_json(&s->first[i], j);
    jw_array_end(j);
    jw_object_end(j);
    buf_free(&text);
}

static void take_json(const struct measure *m, struct json *j)
{
    static const char *const words[] = {"last", "best"};
    char mean[32];
    if (m->take == TAKE_MEAN)
        snprintf(mean, sizeof(mean), "mean(%d)", m->take_k);
    jw_cstr(j, m->take == TAKE_MEAN ? mean : words[m->take]);
}

void check_objectives_json(const struct settings *s, struct json *j)
{
    jw_array(j);
    for (size_t i = 0; i < s->n_objectives; i++) {
        jw_object(j);
        jw_key(j, "metric");
        jw_str(j, s->measures[i].name);
        jw_key(j, "goal");
        jw_cstr(j, s->minimize[i] ? "minimize" : "maximize");
        jw_key(j, "take");
        take_json(&s->measures[i], j);
        jw_object_end(j);
    }
    jw_array_end(j);
}

void check_requirements_json(const struct settings *s, struct json *j)
{
    jw_array(j);
    for (size_t i = 0; i < s->n_requirements; i++)
        jw_str(j, s->requirements[i].text);
    jw_array_end(j);
}

void check_json(const struct settings *s, const struct problems *p, struct json *j)
{
    jw_key(j, "ok");
    jw_bool(j, s != NULL);
    jw_key(j, "errors");
    jw_array(j);
    for (size_t i = 0; i < p->n; i++)
        check_problem_json(&p->v[i], j);
    jw_array_end(j);
    jw_key(j, "space");
    if (s)
        check_space_json(s, j);
    else
        jw_null(j);
    if (!s)
        return;
    jw_key(j, "objectives");
    check_objectives_json(s, j);
    jw_key(j, "requirements");
    check_requirements_json(s, j);
}
