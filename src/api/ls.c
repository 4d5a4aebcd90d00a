/* `trawl ls`: all searches of the store, newest first. */
#include "api/project.h"
#include "api/rows.h"
#include "api/table.h"
#include "base/number.h"

#include <limits.h>

enum { METRIC_WIDTH = 24 };

struct listing {
    struct store *store;
    struct table *table;
    struct json json;
    struct error *e;
    size_t n;
};

static enum code on_json(void *self, const struct search_row *row)
{
    struct listing *l = self;
    return search_json(l->store, row, &l->json, l->e);
}

static enum tone state_tone(enum search_state s)
{
    switch (s) {
    case SEARCH_RUNNING:
        return TONE_ACCENT;
    case SEARCH_PAUSED:
    case SEARCH_STOPPED:
        return TONE_WARN;
    case SEARCH_COMPLETED:
        return TONE_GOOD;
    case SEARCH_FAILED:
        return TONE_BAD;
    }
    return TONE_PLAIN;
}

static enum code count_front(void *self, const struct trial_row *row)
{
    ++*(int64_t *)self;
    return OK;
}

/* Of several objectives: how many there are on the front. */
static void front_cell(struct listing *l, const struct search_row *row)
{
    int64_t n = 0;
    if (store_best(l->store, row->id, INT32_MAX, count_front, &n, NULL) == OK && n > 0)
        table_cell_fmt(l->table, TONE_BOLD, "front of %lld", (long long)n);
    else
        table_cell(l->table, TONE_BOLD, (struct str){0});
}

static void metric_cell(struct listing *l, const struct scoring *s)
{
    struct buf b, cut;
    buf_init(&b, 16 << 10);
    buf_init(&cut, 16 << 10);
    for (size_t i = 0; i < s->n_objectives; i++)
        buf_fmt(&b, "%s%.*s", i > 0 ? ", " : "", STR_FMT(s->measures[i].name));
    text_cut(buf_view(&b), s->n_objectives > 1 ? METRIC_WIDTH : INT_MAX, &cut);
    table_cell(l->table, TONE_PLAIN, buf_view(&cut));
    buf_free(&b);
    buf_free(&cut);
}

static void best_cell(struct listing *l, const struct search_row *row)
{
    struct arena a;
    struct trial_row best;
    struct buf b;
    arena_init(&a, 8 << 20);
    buf_init(&b, 256);
    if (row->best_trial > 0 &&
        store_trial_get(l->store, trial_id_of(row->id, row->best_trial), &a, &best, NULL) == OK)
        number_write_short(&b, best.value, 5);
    table_cell(l->table, TONE_BOLD, buf_view(&b));
    buf_free(&b);
    arena_free(&a);
}

static enum code on_row(void *self, const struct search_row *row)
{
    struct listing *l = self;
    int64_t over = 0, all = 0;
    for (int i = 0; i < TRIAL_STATE_COUNT; i++) {
        all += row->counts[i];
        over += trial_state_final((enum trial_state)i) ? row->counts[i] : 0;
    }
    l->n++;
    table_cell_fmt(l->table, TONE_BOLD, "%lld", (long long)row->id.v);
    table_cell(l->table, TONE_PLAIN, row->space_name);
    table_cell(l->table, state_tone(row->state), str_of(search_state_name(row->state)));
    if (row->budget_trials > 0)
        table_cell_fmt(l->table, TONE_PLAIN, "%lld/%lld", (long long)over,
                       (long long)(row->budget_trials + (row->baseline_trial > 0)));
    else
        table_cell_fmt(l->table, TONE_PLAIN, "%lld/%lld", (long long)over, (long long)all);
    struct scoring scoring;
    scoring_of(row, &scoring);
    metric_cell(l, &scoring);
    if (scoring.n_objectives > 1)
        front_cell(l, row);
    else
        best_cell(l, row);
    struct buf b;
    buf_init(&b, 64);
    number_write_time(&b, row->created);
    table_cell(l->table, TONE_DIM, str_sub(buf_view(&b), 0, 16));
    buf_free(&b);
    table_cell(l->table, TONE_DIM, row->method);
    table_row_end(l->table);
    return OK;
}

static enum code print_table(struct invocation *inv, struct listing *l, struct error *e)
{
    static const struct column columns[] = {{"search", true},   {"space", false},  {"state", false},
                                            {"trials", true},   {"metric", false}, {"best", true},
                                            {"started", false}, {"method", false}};
    enum code c = table_new(inv->out, columns, sizeof columns / sizeof columns[0], &l->table, e);
    if (c != OK)
        return c;
    c = store_searches(l->store, on_row, l, e);
    if (c == OK)
        c = table_end(l->table, e);
    if (c == OK && l->n == 0)
        screen_text(inv->out, TONE_DIM, STR("no searches yet: `trawl run` starts one\n"));
    table_free(l->table);
    return c;
}

static enum code print_json(struct invocation *inv, struct listing *l, struct error *e)
{
    jw_to_fd(&l->json, &inv->out->out, inv->out->fd);
    jw_array(&l->json);
    enum code c = store_searches(l->store, on_json, l, e);
    jw_array_end(&l->json);
    jw_newline(&l->json);
    enum code ended = jw_end(&l->json, e);
    return c != OK ? c : ended;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct project p;
    struct listing l = {.e = e};
    enum code c = project_find(inv, NULL, false, &p, e);
    if (c != OK)
        return c;
    c = project_store(&p, &l.store, e);
    if (c == OK) {
        c = inv->json ? print_json(inv, &l, e) : print_table(inv, &l, e);
        store_close(l.store);
    }
    project_free(&p);
    return c;
}

const struct command command_ls = {
    .name = "ls",
    .args = "",
    .summary = "all searches of the store, newest first",
    .group = "look at what they found",
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
