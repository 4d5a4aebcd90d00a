/* `trawl show`: one search, or one trial, in full. */
#include "api/lineage.h"
#include "api/logs.h"
#include "api/params.h"
#include "api/project.h"
#include "api/rows.h"
#include "api/table.h"
#include "api/view.h"
#include "base/number.h"

#include <jansson.h>
#include <stdlib.h>

static void measure_trial(const struct reading *r, struct checkpoint_sizes *ret)
{
    char *folder =
        trial_folder(r->project.store_dir, r->target.search.v, trial_id_number(r->target.trial));
    checkpoint_measure(folder != NULL ? folder : "", ret);
    free(folder);
}

static enum code show_trial_json(struct reading *r, const struct search_row *row, struct json *j,
                                 struct error *e)
{
    struct checkpoint_sizes sizes;
    measure_trial(r, &sizes);
    return trial_json_in_full(r->store, row, r->target.trial, &sizes, j, e);
}

static enum code show_json(struct invocation *inv, struct reading *r, struct error *e)
{
    struct json j;
    struct arena a;
    struct search_row row;
    arena_init(&a, 64 << 20);
    jw_init(&j, &inv->out->out);
    j.pretty = false;
    enum code c = store_search_get(r->store, r->target.search, &a, &row, e);
    if (c == OK)
        c = r->target.is_trial ? show_trial_json(r, &row, &j, e)
                               : search_json(r->store, &row, &j, e);
    if (c == OK) {
        jw_newline(&j);
        c = jw_end(&j, e);
    }
    arena_free(&a);
    return c;
}

static void field(struct screen *out, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    screen_fmt(out, TONE_DIM, "%-11s", name);
    screen_text(out, TONE_PLAIN, value);
    screen_text(out, TONE_PLAIN, STR("\n"));
}

static void time_field(struct screen *out, const char *name, int64_t time)
{
    struct buf b;
    buf_init(&b, 64);
    if (time != 0)
        number_write_time(&b, time);
    field(out, name, buf_view(&b));
    buf_free(&b);
}

static enum code show_search(struct invocation *inv, struct reading *r, struct error *e)
{
    struct arena a;
    struct search_row row;
    struct screen *out = inv->out;
    arena_init(&a, 64 << 20);
    enum code c = store_search_get(r->store, r->target.search, &a, &row, e);
    if (c == OK) {
        struct buf b;
        buf_init(&b, 64 << 10);
        buf_fmt(&b, "%.*s, version %lld", STR_FMT(row.space_name), (long long)row.version);
        field(out, "space", buf_view(&b));
        struct scoring scoring;
        scoring_of(&row, &scoring);
        buf_clear(&b);
        scoring_goal(&scoring, &b);
        field(out, "goal", buf_view(&b));
        buf_clear(&b);
        scoring_requirements(&scoring, &b);
        field(out, "require", buf_view(&b));
        field(out, "method", row.method);
        if (row.own_steps)
            field(out, "steps", STR("each trial's own, by the parameter steps"));
        field(out, "directory", row.directory);
        field(out, "snapshot", row.snapshot);
        struct saved saved;
        saved_of_search(r->project.store_dir, row.id, &saved);
        buf_clear(&b);
        saved_search_text(&saved, &b);
        field(out, "saved", buf_view(&b));
        time_field(out, "started", row.created);
        time_field(out, "ended", row.ended);
        buf_free(&b);
        c = view_summary(out, r->store, r->target.search, (struct str){0}, e);
    }
    arena_free(&a);
    return c;
}

static void measure(void *self, struct str name, struct str value)
{
    int *width = self;
    int w = text_width(name);
    *width = w > *width ? w : *width;
}

struct printing {
    struct screen *out;
    int width;
};

static void print_param(void *self, struct str name, struct str value)
{
    struct printing *p = self;
    screen_fmt(p->out, TONE_DIM, "  %.*s", STR_FMT(name));
    buf_repeat(&p->out->out, ' ', (size_t)(p->width - text_width(name) + 2));
    screen_text(p->out, TONE_PLAIN, value);
    screen_text(p->out, TONE_PLAIN, STR("\n"));
}

static void attempt_cells(struct table *t, const struct brief *at)
{
    struct buf b;
    buf_init(&b, 128);
    table_cell_fmt(t, TONE_BOLD, "%d", at->number);
    table_cell(t, TONE_PLAIN, str_of(attempt_state_name(at->state)));
    table_cell(t, TONE_PLAIN,
               str_of(at->reason != REASON_NONE ? attempt_reason_name(at->reason) : ""));
    if (at->signal > 0)
        table_cell_fmt(t, TONE_PLAIN, "signal %d", at->signal);
    else if (at->exit_code >= 0)
        table_cell_fmt(t, TONE_PLAIN, "%d", at->exit_code);
    else
        table_cell(t, TONE_PLAIN, (struct str){0});
    table_cell_fmt(t, TONE_PLAIN, "%lld", (long long)at->from_step);
    if (at->ended > at->started)
        number_write_duration(&b, at->ended - at->started);
    table_cell(t, TONE_DIM, buf_view(&b));
    buf_clear(&b);
    number_write_time(&b, at->started);
    table_cell(t, TONE_DIM, buf_view(&b));
    table_row_end(t);
    buf_free(&b);
}

static enum code print_attempts(struct screen *out, struct store *s, struct trial_id id,
                                struct error *e)
{
    static const struct column columns[] = {
        {"attempt", true},   {"state", false}, {"reason", false}, {"exit", true},
        {"from step", true}, {"took", true},   {"started", false}};
    struct attempts attempts;
    struct table *t;
    enum code c = attempts_of_trial(s, id, &attempts, e);
    if (c != OK)
        return c;
    c = table_new(out, columns, sizeof columns / sizeof columns[0], &t, e);
    if (c == OK) {
        for (size_t i = 0; i < attempts.n; i++)
            attempt_cells(t, &attempts.v[i]);
        c = table_end(t, e);
        table_free(t);
    }
    attempts_free(&attempts);
    return c;
}

/* What the journal says of how it came to be. */
struct origin {
    int64_t trial;
    struct buf text;
};

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct origin *o = self;
    json_error_t je;
    if (row->trial != o->trial || !str_is(row->kind, entry_kind_name(ENTRY_ASK)))
        return OK;
    json_t *root = json_loadb(row->data.p, row->data.n, 0, &je);
    json_t *first = json_object_get(root, "first");
    const char *by = json_string_value(json_object_get(root, "by"));
    if (first != NULL)
        buf_fmt(&o->text, "search.first, number %lld", (long long)json_integer_value(first) + 1);
    else if (by != NULL)
        buf_cstr(&o->text, by);
    json_decref(root);
    return OK;
}

static enum code print_origin(struct screen *out, const struct reading *r, struct error *e)
{
    struct origin o = {.trial = trial_id_number(r->target.trial)};
    buf_init(&o.text, 1024);
    enum code c = store_journal(r->store, r->target.search, 1, on_entry, &o, e);
    if (c == OK)
        field(out, "chosen by", buf_view(&o.text));
    buf_free(&o.text);
    return c;
}

/* A line a measure: its value, and the requirements that it misses. */
static void print_scores(struct screen *out, const struct scoring *s, const struct trial_row *row)
{
    int width = 0;
    for (size_t i = 0; i < s->n_measures; i++) {
        int w = text_width(s->measures[i].name);
        width = w > width ? w : width;
    }
    for (size_t i = 0; i < s->n_measures; i++) {
        struct buf b;
        bool seen = i < row->scores.n_values && (row->scores.seen >> i & 1) != 0;
        buf_init(&b, 16 << 10);
        if (seen)
            number_write(&b, row->scores.values[i]);
        screen_fmt(out, TONE_DIM, "%-11s", i == 0 ? "values" : "");
        screen_text(out, TONE_PLAIN, s->measures[i].name);
        buf_repeat(&out->out, ' ', (size_t)(width - text_width(s->measures[i].name) + 2));
        screen_text(out, seen ? TONE_BOLD : TONE_DIM, seen ? buf_view(&b) : STR("never reported"));
        buf_clear(&b);
        scoring_missed_by(s, row, i, &b);
        if (b.n > 0)
            screen_fmt(out, TONE_BAD, "  misses %.*s", STR_FMT(buf_view(&b)));
        screen_text(out, TONE_PLAIN, STR("\n"));
        buf_free(&b);
    }
}

static void print_value(struct screen *out, const struct scoring *s, const struct trial_row *row)
{
    struct buf b;
    buf_init(&b, 256);
    if (!scoring_is_plain(s)) {
        print_scores(out, s, row);
        if (row->step >= 0)
            buf_fmt(&b, "%lld", (long long)row->step);
        field(out, "step", buf_view(&b));
    } else if (row->has_value) {
        number_write(&b, row->value);
        buf_fmt(&b, " at step %lld", (long long)row->step);
        field(out, "value", buf_view(&b));
    }
    buf_free(&b);
}

static enum code print_trial(struct screen *out, const struct reading *r,
                             const struct scoring *scoring, const struct trial_row *row,
                             struct error *e)
{
    struct buf b;
    struct printing p = {.out = out};
    long long search = (long long)r->target.search.v, number = (long long)trial_id_number(row->id);
    buf_init(&b, 64 << 10);
    buf_fmt(&b, "%lld.%lld%s", search, number, row->baseline ? " (baseline)" : "");
    field(out, "trial", buf_view(&b));
    field(out, "state", str_of(trial_state_name(row->state)));
    field(out, "why", row->why);
    buf_clear(&b);
    if (row->parent > 0)
        buf_fmt(&b, "%lld.%lld, from step %lld", search, (long long)row->parent,
                (long long)row->from_step);
    field(out, "parent", buf_view(&b));
    print_value(out, scoring, row);
    enum code c = print_origin(out, r, e);
    buf_clear(&b);
    buf_fmt(&b, "%lld", (long long)row->seed);
    field(out, "seed", buf_view(&b));
    char *folder = trial_folder(r->project.store_dir, search, number);
    field(out, "folder", str_of(folder));
    free(folder);
    struct checkpoint_sizes sizes;
    measure_trial(r, &sizes);
    buf_clear(&b);
    saved_trial_text(&sizes, &b);
    field(out, "saved", buf_view(&b));
    buf_free(&b);
    screen_text(out, TONE_PLAIN, STR("\n"));
    params_each(row->params, measure, &p.width);
    params_each(row->params, print_param, &p);
    screen_text(out, TONE_PLAIN, STR("\n"));
    return c;
}

/* A line a stage, the first one first. */
static enum code print_schedule(struct screen *out, const struct reading *r, struct arena *a,
                                struct error *e)
{
    struct lineage x;
    struct table *t;
    static const struct column columns[] = {
        {"schedule", false}, {"to step", true}, {"configuration", false}};
    enum code c = lineage_of(r->store, r->target.trial, a, &x, e);
    if (c == OK)
        c = table_new(out, columns, sizeof columns / sizeof columns[0], &t, e);
    if (c != OK)
        return c;
    for (size_t i = 0; i < x.n; i++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        table_cell_fmt(t, TONE_BOLD, "%lld.%lld", (long long)r->target.search.v,
                       (long long)x.v[i].trial);
        table_cell_fmt(t, TONE_PLAIN, "%lld", (long long)x.v[i].until);
        params_short(x.v[i].params, 1000, &b);
        table_cell(t, TONE_PLAIN, buf_view(&b));
        table_row_end(t);
        buf_free(&b);
    }
    c = table_end(t, e);
    table_free(t);
    screen_text(out, TONE_PLAIN, STR("\n"));
    return c;
}

static enum code show_trial(struct invocation *inv, struct reading *r, struct error *e)
{
    struct arena a;
    struct trial_row row;
    struct search_row search;
    struct scoring scoring;
    arena_init(&a, 64 << 20);
    enum code c = store_trial_get(r->store, r->target.trial, &a, &row, e);
    if (c == OK)
        c = store_search_get(r->store, r->target.search, &a, &search, e);
    if (c == OK) {
        scoring_of(&search, &scoring);
        c = print_trial(inv->out, r, &scoring, &row, e);
    }
    if (c == OK && row.parent > 0)
        c = print_schedule(inv->out, r, &a, e);
    if (c == OK)
        c = print_attempts(inv->out, r->store, r->target.trial, e);
    arena_free(&a);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct reading r;
    enum code c = reading_open(inv, &r, e);
    if (c != OK)
        return c;
    if (inv->json)
        c = show_json(inv, &r, e);
    else
        c = r.target.is_trial ? show_trial(inv, &r, e) : show_search(inv, &r, e);
    reading_close(&r);
    return c;
}

const struct command command_show = {
    .name = "show",
    .args = "[ID]",
    .summary = "one search (12) or one trial (12.40) in full",
    .group = "look at what they found",
    .max_args = 1,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
