/*
 * `trawl export`: a search for other tools, as JSON or CSV.
 *
 * CSV as in RFC 4180: a header, fields quoted where they must be, lines end in CR LF. A parameter
 * that is not active is an empty field.
 */
#include "api/lineage.h"
#include "api/params.h"
#include "api/project.h"
#include "api/rows.h"
#include "base/array.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"csv", 0, NULL, "comma-separated values, a trial a line"},
    {"metrics", 0, NULL, "with --csv: a metric point a line instead"},
    {"schedule", 0, NULL, "of a trial: its values from step to step, for run --schedule"},
};

enum { NAMES_MAX = 1000 };

struct exporting {
    struct screen *out;
    struct store *store;
    struct arena a;
    struct scoring scoring;
    struct str names[NAMES_MAX]; /* parameters, in the order they first appear */
    size_t n_names;
    struct json json;
    struct attempts attempts;
    size_t at;
    struct error *e;
    struct trial_id *trials;
    size_t n_trials, trials_capacity;
    struct trial_id trial; /* whose metrics are being written */
};

/* --- CSV --- */

static void csv_field(struct exporting *x, struct str text, bool last)
{
    bool quote = false;
    for (size_t i = 0; i < text.n; i++)
        quote = quote || strchr(",\"\r\n", text.p[i]) != NULL;
    struct buf *b = &x->out->out;
    if (quote) {
        buf_char(b, '"');
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] == '"')
                buf_char(b, '"');
            buf_char(b, text.p[i]);
        }
        buf_char(b, '"');
    } else {
        buf_str(b, text);
    }
    buf_cstr(b, last ? "\r\n" : ",");
}

static void csv_i64(struct exporting *x, int64_t v, bool there)
{
    struct buf b;
    buf_init(&b, 32);
    if (there)
        buf_fmt(&b, "%lld", (long long)v);
    csv_field(x, buf_view(&b), false);
    buf_free(&b);
}

static void csv_time(struct exporting *x, int64_t time, bool last)
{
    struct buf b;
    buf_init(&b, 64);
    if (time != 0)
        number_write_time(&b, time);
    csv_field(x, buf_view(&b), last);
    buf_free(&b);
}

static void csv_real(struct exporting *x, double v, bool there)
{
    struct buf b;
    buf_init(&b, 64);
    if (there)
        number_write(&b, v);
    csv_field(x, buf_view(&b), false);
    buf_free(&b);
}

static void csv_name(struct exporting *x, struct trial_id id)
{
    struct buf b;
    buf_init(&b, 64);
    buf_fmt(&b, "%lld.%lld", (long long)trial_id_search(id).v, (long long)trial_id_number(id));
    csv_field(x, buf_view(&b), false);
    buf_free(&b);
}

static void note_name(void *self, struct str name, struct str value)
{
    struct exporting *x = self;
    for (size_t i = 0; i < x->n_names; i++) {
        if (str_eq(x->names[i], name))
            return;
    }
    if (x->n_names < NAMES_MAX && arena_str(&x->a, name, &x->names[x->n_names]) == OK)
        x->n_names++;
}

static enum code on_names(void *self, const struct trial_row *row)
{
    params_each(row->params, note_name, self);
    return OK;
}

/* A column a measure, and with requirements one that says whether they are met. */
static void csv_scores(struct exporting *x, const struct trial_row *row)
{
    const struct scoring *s = &x->scoring;
    const struct scores *v = &row->scores;
    bool judged = s->n_requirements > 0, end = x->n_names == 0;
    struct buf b;
    buf_init(&b, 64);
    for (size_t i = 0; i < s->n_measures; i++) {
        buf_clear(&b);
        if (i < v->n_values && (v->seen >> i & 1) != 0)
            number_write(&b, v->values[i]);
        csv_field(x, buf_view(&b), end && !judged && i + 1 == s->n_measures);
    }
    if (judged)
        csv_field(x,
                  v->n_excess == s->n_requirements && scores_meet(v) ? STR("true") : STR("false"),
                  end);
    buf_free(&b);
}

static void csv_score_titles(struct exporting *x)
{
    const struct scoring *s = &x->scoring;
    bool judged = s->n_requirements > 0, end = x->n_names == 0;
    struct buf b;
    buf_init(&b, 1024);
    for (size_t i = 0; i < s->n_measures; i++) {
        buf_clear(&b);
        buf_fmt(&b, "values.%.*s", STR_FMT(s->measures[i].name));
        csv_field(x, buf_view(&b), end && !judged && i + 1 == s->n_measures);
    }
    if (judged)
        csv_field(x, STR("meets"), end);
    buf_free(&b);
}

static enum code on_csv(void *self, const struct trial_row *row)
{
    struct exporting *x = self;
    csv_name(x, row->id);
    csv_field(x, str_of(trial_state_name(row->state)), false);
    csv_field(x, row->baseline ? STR("true") : STR("false"), false);
    csv_i64(x, row->seed, true);
    csv_real(x, row->value, row->has_value);
    csv_i64(x, row->step, row->step >= 0);
    csv_time(x, row->started, false);
    csv_time(x, row->ended, x->n_names == 0 && scoring_is_plain(&x->scoring));
    if (!scoring_is_plain(&x->scoring))
        csv_scores(x, row);
    struct buf b;
    buf_init(&b, 2 << 20);
    for (size_t i = 0; i < x->n_names; i++) {
        buf_clear(&b);
        (void)params_value(row->params, x->names[i], false, &b);
        csv_field(x, buf_view(&b), i + 1 == x->n_names);
    }
    buf_free(&b);
    screen_text(x->out, TONE_PLAIN, (struct str){0});
    return OK;
}

static enum code export_csv(struct exporting *x, struct search_id id)
{
    static const char *const columns[] = {"trial", "state", "baseline", "seed",
                                          "value", "step",  "started",  "ended"};
    struct search_row row;
    enum code c = store_search_get(x->store, id, &x->a, &row, x->e);
    if (c == OK)
        c = store_trials(x->store, id, 0, on_names, x, x->e);
    if (c != OK)
        return c;
    scoring_of(&row, &x->scoring);
    bool plain = scoring_is_plain(&x->scoring);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        csv_field(x, str_of(columns[i]), i + 1 == 8 && x->n_names == 0 && plain);
    if (!plain)
        csv_score_titles(x);
    for (size_t i = 0; i < x->n_names; i++)
        csv_field(x, x->names[i], i + 1 == x->n_names);
    return store_trials(x->store, id, 0, on_csv, x, x->e);
}

/* --- metrics --- */

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct exporting *x = self;
    if (!array_reserve(x->trials, &x->trials_capacity, x->n_trials + 1))
        return E_NOMEM;
    x->trials[x->n_trials++] = row->id;
    return OK;
}

static enum code on_point(void *self, const struct metric_point *p)
{
    struct exporting *x = self;
    csv_name(x, x->trial);
    csv_i64(x, p->step, true);
    csv_field(x, p->name, false);
    csv_real(x, p->value, true);
    csv_time(x, p->time, true);
    screen_text(x->out, TONE_PLAIN, (struct str){0});
    return OK;
}

static enum code export_points(struct exporting *x, struct search_id id)
{
    enum code c = store_trials(x->store, id, 0, on_trial, x, x->e);
    buf_cstr(&x->out->out, "trial,step,name,value,time\r\n");
    for (size_t i = 0; c == OK && i < x->n_trials; i++) {
        x->trial = x->trials[i];
        c = store_metrics(x->store, x->trial, (struct str){0}, on_point, x, x->e);
    }
    free(x->trials);
    return c;
}

/* --- JSON --- */

static enum code on_json(void *self, const struct trial_row *row)
{
    struct exporting *x = self;
    size_t n;
    const struct brief *attempts = attempts_next(&x->attempts, row->id, &x->at, &n);
    trial_json(row, &x->scoring, attempts, n, NULL, &x->json);
    return OK;
}

static enum code export_json(struct exporting *x, struct search_id id)
{
    struct search_row row;
    struct json *j = &x->json;
    enum code c = store_search_get(x->store, id, &x->a, &row, x->e);
    if (c == OK)
        scoring_of(&row, &x->scoring);
    if (c == OK)
        c = attempts_of_search(x->store, id, &x->attempts, x->e);
    if (c != OK)
        return c;
    jw_to_fd(j, &x->out->out, x->out->fd);
    jw_object(j);
    jw_key(j, "search");
    c = search_json(x->store, &row, j, x->e);
    jw_key(j, "source");
    jw_str(j, row.source);
    jw_key(j, "trials");
    jw_array(j);
    if (c == OK)
        c = store_trials(x->store, id, 0, on_json, x, x->e);
    jw_array_end(j);
    jw_object_end(j);
    jw_newline(j);
    attempts_free(&x->attempts);
    enum code ended = jw_end(j, x->e);
    return c != OK ? c : ended;
}

/* --- a schedule --- */

static enum code export_schedule(struct exporting *x, struct trial_id id)
{
    struct lineage lineage;
    struct trial_row row;
    enum code c = store_trial_get(x->store, id, &x->a, &row, x->e);
    if (c == OK)
        c = lineage_of(x->store, id, &x->a, &lineage, x->e);
    if (c == OK && lineage.v[lineage.n - 1].until == 0) {
        c = error_set(x->e, E_STATE, "trial %lld.%lld has not trained a step yet",
                      (long long)trial_id_search(id).v, (long long)trial_id_number(id));
        error_hint(x->e, "a schedule ends where its last trial came to");
    }
    if (c != OK)
        return c;
    struct buf *b = &x->out->out;
    buf_fmt(b, "# trial %lld.%lld", (long long)trial_id_search(id).v,
            (long long)trial_id_number(id));
    if (row.has_value) {
        buf_cstr(b, ": ");
        number_write(b, row.value);
    }
    buf_fmt(b, " at step %lld\n", (long long)row.step);
    lineage_yaml(&lineage, b);
    return OK;
}

static enum code check_schedule(const struct invocation *inv, const struct reading *r,
                                struct error *e)
{
    if (!option_given(inv, "schedule"))
        return OK;
    if (option_given(inv, "csv") || inv->json)
        return error_set(e, E_USAGE,
                         "a schedule is YAML: --schedule goes with neither --csv nor "
                         "--json");
    if (r->target.is_trial)
        return OK;
    error_set(e, E_USAGE, "a schedule is a trial's");
    error_hint(e, "name one, like %lld.1; `trawl best %lld` shows the best",
               (long long)r->target.search.v, (long long)r->target.search.v);
    return E_USAGE;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct reading r;
    enum code c = reading_open(inv, &r, e);
    if (c != OK)
        return c;
    struct exporting *x = calloc(1, sizeof *x);
    c = x != NULL ? reading_check(&r, e) : error_nomem(e);
    if (c == OK && option_given(inv, "metrics") && !option_given(inv, "csv"))
        c = error_set(e, E_USAGE, "--metrics goes with --csv");
    if (c == OK)
        c = check_schedule(inv, &r, e);
    if (c == OK) {
        x->out = inv->out;
        x->store = r.store;
        x->e = e;
        arena_init(&x->a, 64 << 20);
        if (option_given(inv, "schedule"))
            c = export_schedule(x, r.target.trial);
        else if (!option_given(inv, "csv"))
            c = export_json(x, r.target.search);
        else if (option_given(inv, "metrics"))
            c = export_points(x, r.target.search);
        else
            c = export_csv(x, r.target.search);
        arena_free(&x->a);
    }
    free(x);
    reading_close(&r);
    return c;
}

const struct command command_export = {
    .name = "export",
    .args = "[ID]",
    .summary = "a search with all its trials for other tools, as JSON or CSV; a trial's schedule",
    .group = "look at what they found",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
