/* `trawl show`: one search, or one trial, in full. */
#include "api/logs.h"
#include "api/params.h"
#include "api/project.h"
#include "api/rows.h"
#include "api/table.h"
#include "api/view.h"
#include "base/number.h"

#include <stdlib.h>

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
        c = r->target.is_trial
                ? trial_json_of(r->store, r->target.search, trial_id_number(r->target.trial), &j, e)
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
        buf_init(&b, 4096);
        buf_fmt(&b, "%.*s, version %lld", STR_FMT(row.space_name), (long long)row.version);
        field(out, "space", buf_view(&b));
        buf_clear(&b);
        buf_fmt(&b, "%s %.*s", row.minimize ? "minimize" : "maximize", STR_FMT(row.metric));
        field(out, "goal", buf_view(&b));
        field(out, "method", row.method);
        field(out, "directory", row.directory);
        field(out, "snapshot", row.snapshot);
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

static void print_trial(struct screen *out, const struct reading *r, const struct trial_row *row)
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
    if (row->has_value) {
        number_write(&b, row->value);
        buf_fmt(&b, " at step %lld", (long long)row->step);
    }
    field(out, "value", buf_view(&b));
    buf_clear(&b);
    buf_fmt(&b, "%lld", (long long)row->seed);
    field(out, "seed", buf_view(&b));
    char *folder = trial_folder(r->project.store_dir, search, number);
    field(out, "folder", str_of(folder));
    free(folder);
    buf_free(&b);
    screen_text(out, TONE_PLAIN, STR("\n"));
    params_each(row->params, measure, &p.width);
    params_each(row->params, print_param, &p);
    screen_text(out, TONE_PLAIN, STR("\n"));
}

static enum code show_trial(struct invocation *inv, struct reading *r, struct error *e)
{
    struct arena a;
    struct trial_row row;
    arena_init(&a, 8 << 20);
    enum code c = store_trial_get(r->store, r->target.trial, &a, &row, e);
    if (c == OK) {
        print_trial(inv->out, r, &row);
        c = print_attempts(inv->out, r->store, r->target.trial, e);
    }
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
