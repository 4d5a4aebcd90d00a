/* `trawl trials` and `trawl best`: the trials of a search, all or the winners. */
#include "api/cover.h"
#include "api/params.h"
#include "api/project.h"
#include "api/rows.h"
#include "api/table.h"
#include "base/number.h"

#include <string.h>

static const struct option trials_options[] = {
    {"state", 0, "STATE", "only these: running, completed, stopped, failed, ... (repeatable)"},
};

static const struct option best_options[] = {
    {"top", 'n', "N", "the best N (default 1; of several objectives the whole front)"},
};

struct listing {
    struct invocation *inv;
    struct store *store;
    struct table *table;
    struct json json;
    struct attempts attempts;
    struct arena a;
    struct search_row search;
    struct scoring scoring;
    bool marked; /* a value was, that misses a requirement */
    size_t at, n;
    unsigned states; /* of trials */
    int64_t top;     /* of best; 0: all trials */
    struct error *e;
};

/* --- JSON --- */

static enum code on_trial_json(void *self, const struct trial_row *row)
{
    struct listing *l = self;
    size_t n;
    const struct brief *attempts = attempts_next(&l->attempts, row->id, &l->at, &n);
    trial_json(row, &l->scoring, attempts, n, NULL, &l->json);
    l->n++;
    return OK;
}

static enum code on_best_json(void *self, const struct trial_row *row)
{
    struct listing *l = self;
    struct attempts attempts;
    enum code c = attempts_of_trial(l->store, row->id, &attempts, l->e);
    if (c != OK)
        return c;
    trial_json(row, &l->scoring, attempts.v, attempts.n, NULL, &l->json);
    attempts_free(&attempts);
    l->n++;
    return OK;
}

static enum code end_json(struct listing *l, enum code c, struct error *e)
{
    jw_newline(&l->json);
    enum code ended = jw_end(&l->json, e);
    return c != OK ? c : ended;
}

/* --- for people --- */

static enum tone state_tone(enum trial_state s)
{
    switch (s) {
    case TRIAL_RUNNING:
        return TONE_ACCENT;
    case TRIAL_COMPLETED:
        return TONE_GOOD;
    case TRIAL_FAILED:
        return TONE_BAD;
    case TRIAL_PAUSED:
    case TRIAL_INFEASIBLE:
    case TRIAL_CANCELLED:
        return TONE_WARN;
    case TRIAL_QUEUED:
    case TRIAL_STOPPED:
    case TRIAL_STATE_COUNT:
        break;
    }
    return TONE_PLAIN;
}

static void value_cells(struct listing *l, const struct trial_row *row)
{
    struct table *t = l->table;
    struct buf b;
    buf_init(&b, 256);
    scoring_cells(&l->scoring, row, t, &l->marked);
    if (row->step >= 0)
        table_cell_fmt(t, TONE_PLAIN, "%lld", (long long)row->step);
    else
        table_cell(t, TONE_PLAIN, (struct str){0});
    if (row->started > 0 && row->ended > row->started)
        number_write_duration(&b, row->ended - row->started);
    table_cell(t, TONE_DIM, buf_view(&b));
    buf_free(&b);
}

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct listing *l = self;
    struct buf b;
    buf_init(&b, 1 << 20);
    l->n++;
    table_cell_fmt(l->table, TONE_BOLD, "%lld.%lld%s", (long long)trial_id_search(row->id).v,
                   (long long)trial_id_number(row->id), row->baseline ? "*" : "");
    table_cell(l->table, state_tone(row->state), str_of(trial_state_name(row->state)));
    value_cells(l, row);
    params_short(row->params, 1000, &b);
    if (row->parent > 0)
        buf_fmt(&b, "  — from %lld.%lld at step %lld", (long long)trial_id_search(row->id).v,
                (long long)row->parent, (long long)row->from_step);
    if (row->why.n > 0) {
        buf_cstr(&b, row->parent > 0 ? ", " : "  — ");
        buf_str(&b, row->why);
    }
    table_cell(l->table, TONE_PLAIN, buf_view(&b));
    table_row_end(l->table);
    buf_free(&b);
    return OK;
}

static enum code new_table(struct listing *l, struct error *e)
{
    char titles[STORE_MEASURES_MAX][64];
    struct column columns[TABLE_COLUMNS_MAX] = {{"trial", false}, {"state", false}};
    size_t n = 2 + scoring_columns(&l->scoring, columns + 2, titles);
    columns[n++] = (struct column){"step", true};
    columns[n++] = (struct column){"took", true};
    columns[n++] = (struct column){"configuration", false};
    return table_new(l->inv->out, columns, n, &l->table, e);
}

static enum code states_of(const struct invocation *inv, unsigned *ret, struct error *e)
{
    const char *names[TRIAL_STATE_COUNT];
    unsigned states = 0;
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        names[i] = trial_state_name((enum trial_state)i);
    for (size_t k = 0; k < option_count(inv, "state"); k++) {
        const char *wanted = option_nth(inv, "state", k);
        unsigned bit = 0;
        for (int i = 0; i < TRIAL_STATE_COUNT; i++) {
            if (strcmp(names[i], wanted) == 0)
                bit = 1u << i;
        }
        if (bit == 0) {
            const char *nearest = str_nearest(str_of(wanted), names, TRIAL_STATE_COUNT);
            error_set(e, E_USAGE, "a trial is never \"%s\"", wanted);
            error_hint(e, "did you mean %s?", nearest != NULL ? nearest : "completed");
            return E_USAGE;
        }
        states |= bit;
    }
    *ret = states;
    return OK;
}

/* The rows that were asked for: the best, or all of some states. */
static enum code walk(struct listing *l, const struct reading *r,
                      enum code (*visit)(void *, const struct trial_row *), struct error *e)
{
    if (l->top > 0)
        return store_best(l->store, r->target.search, (int)l->top, visit, l, e);
    return store_trials(l->store, r->target.search, l->states, visit, l, e);
}

static enum code trials_json(struct listing *l, const struct reading *r, struct error *e)
{
    enum code c = attempts_of_search(l->store, r->target.search, &l->attempts, e);
    if (c != OK)
        return c;
    jw_to_fd(&l->json, &l->inv->out->out, l->inv->out->fd);
    jw_array(&l->json);
    c = walk(l, r, on_trial_json, e);
    jw_array_end(&l->json);
    attempts_free(&l->attempts);
    return end_json(l, c, e);
}

static enum code note_value(void *self, const struct trial_row *row)
{
    bool *any = self;
    bool ended = row->state == TRIAL_COMPLETED || row->state == TRIAL_STOPPED;
    *any = *any || (ended && row->has_value);
    return OK;
}

static enum code no_best(struct listing *l, struct reading *r, struct error *e)
{
    long long id = (long long)r->target.search.v;
    bool any = false;
    enum code c = store_trials(r->store, r->target.search, 0, note_value, &any, e);
    if (c != OK)
        return c;
    if (any && l->scoring.n_requirements > 0) {
        struct buf b;
        buf_init(&b, 16 << 10);
        scoring_requirements(&l->scoring, &b);
        error_set(e, E_NOT_FOUND, "no trial of search %lld meets %.*s", id, STR_FMT(buf_view(&b)));
        buf_free(&b);
    } else {
        error_set(e, E_NOT_FOUND, "no trial of search %lld has %s yet", id,
                  l->scoring.n_objectives > 1 ? "a value of every objective" : "a value");
    }
    error_hint(e, "trawl trials %lld shows how they stand", (long long)r->target.search.v);
    return E_NOT_FOUND;
}

static enum code print_table(struct listing *l, struct reading *r, struct error *e)
{
    struct cover cover;
    enum code c = new_table(l, e);
    if (c == OK)
        c = walk(l, r, on_trial, e);
    if (c == OK)
        c = table_end(l->table, e);
    if (c == OK && l->marked)
        scoring_legend(&l->scoring, l->inv->out);
    if (c == OK && l->top == INT32_MAX && l->n > 0)
        c = cover_of(l->store, r->target.search, &l->scoring, &cover, e);
    if (c == OK && l->top == INT32_MAX && l->n > 0)
        cover_print(&cover, l->inv->out);
    if (c == OK && l->n == 0 && l->top > 0)
        c = no_best(l, r, e);
    else if (c == OK && l->n == 0)
        screen_text(l->inv->out, TONE_DIM, STR("no such trials\n"));
    table_free(l->table);
    return c;
}

static enum code best_json(struct listing *l, struct reading *r, bool many, struct error *e)
{
    struct buf kept;
    buf_init(&kept, 64 << 20);
    jw_init(&l->json, &kept);
    if (many)
        jw_array(&l->json);
    enum code c = walk(l, r, on_best_json, e);
    if (many)
        jw_array_end(&l->json);
    if (c == OK && l->n == 0)
        c = no_best(l, r, e);
    if (c == OK)
        c = end_json(l, c, e);
    if (c == OK)
        screen_text(l->inv->out, TONE_PLAIN, buf_view(&kept));
    buf_free(&kept);
    return c;
}

static enum code print(struct listing *l, struct error *e)
{
    struct invocation *inv = l->inv;
    struct reading r;
    enum code c = reading_open(inv, &r, e);
    if (c != OK)
        return c;
    l->store = r.store;
    arena_init(&l->a, 64 << 20);
    c = reading_check(&r, e);
    if (c == OK)
        c = store_search_get(r.store, r.target.search, &l->a, &l->search, e);
    if (c == OK)
        scoring_of(&l->search, &l->scoring);
    bool many = option_given(inv, "top") || l->scoring.n_objectives > 1;
    if (l->top > 0 && !option_given(inv, "top") && l->scoring.n_objectives > 1)
        l->top = INT32_MAX;
    if (c == OK && !inv->json)
        c = print_table(l, &r, e);
    else if (c == OK)
        c = l->top > 0 ? best_json(l, &r, many, e) : trials_json(l, &r, e);
    arena_free(&l->a);
    reading_close(&r);
    return c;
}

static enum code run_trials(struct invocation *inv, int *ret_status, struct error *e)
{
    struct listing l = {.inv = inv, .e = e};
    enum code c = states_of(inv, &l.states, e);
    return c == OK ? print(&l, e) : c;
}

static enum code run_best(struct invocation *inv, int *ret_status, struct error *e)
{
    struct listing l = {.inv = inv, .e = e};
    enum code c = option_i64(inv, "top", 1, 100000, 1, &l.top, e);
    return c == OK ? print(&l, e) : c;
}

const struct command command_trials = {
    .name = "trials",
    .args = "[ID]",
    .summary = "the trials of a search: state, value, configuration (* is the baseline)",
    .group = "look at what they found",
    .options = trials_options,
    .n_options = sizeof trials_options / sizeof trials_options[0],
    .max_args = 1,
    .takes_json = true,
    .takes_store = true,
    .run = run_trials,
};

const struct command command_best = {
    .name = "best",
    .args = "[ID]",
    .summary = "the best trial, or the front of several objectives, at the highest step reached",
    .group = "look at what they found",
    .options = best_options,
    .n_options = sizeof best_options / sizeof best_options[0],
    .max_args = 1,
    .takes_json = true,
    .takes_store = true,
    .run = run_best,
};
