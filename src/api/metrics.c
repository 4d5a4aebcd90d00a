/* `trawl metrics`: the points of one trial. */
#include "api/project.h"
#include "api/table.h"
#include "base/json.h"
#include "base/number.h"

static const struct option options[] = {
    {"name", 0, "NAME", "only this metric"},
};

struct listing {
    struct table *table;
    struct buf text; /* of the cell being written */
    struct json json;
    size_t n;
};

static enum code on_json(void *self, const struct metric_point *p)
{
    struct listing *l = self;
    struct json *j = &l->json;
    jw_object(j);
    jw_key(j, "step");
    jw_i64(j, p->step);
    jw_key(j, "name");
    jw_str(j, p->name);
    jw_key(j, "value");
    jw_real(j, p->value);
    jw_key(j, "time");
    jw_time(j, p->time);
    jw_object_end(j);
    return OK;
}

static enum code on_point(void *self, const struct metric_point *p)
{
    struct listing *l = self;
    struct buf *b = &l->text;
    l->n++;
    buf_clear(b);
    number_write_i64(b, p->step);
    table_cell(l->table, TONE_PLAIN, buf_view(b));
    table_cell(l->table, TONE_PLAIN, p->name);
    buf_clear(b);
    number_write(b, p->value);
    table_cell(l->table, TONE_BOLD, buf_view(b));
    buf_clear(b);
    number_write_time(b, p->time);
    table_cell(l->table, TONE_DIM, buf_view(b));
    table_row_end(l->table);
    return OK;
}

static enum code print_json(struct invocation *inv, struct reading *r, struct str name,
                            struct error *e)
{
    struct listing l = {0};
    jw_to_fd(&l.json, &inv->out->out, inv->out->fd);
    jw_array(&l.json);
    enum code c = store_metrics(r->store, r->target.trial, name, on_json, &l, e);
    jw_array_end(&l.json);
    jw_newline(&l.json);
    enum code ended = jw_end(&l.json, e);
    return c != OK ? c : ended;
}

static enum code print_table(struct invocation *inv, struct reading *r, struct str name,
                             struct error *e)
{
    static const struct column columns[] = {
        {"step", true}, {"metric", false}, {"value", true}, {"time", false}};
    struct listing l = {0};
    buf_init(&l.text, 128);
    enum code c = table_new(inv->out, columns, sizeof columns / sizeof columns[0], &l.table, e);
    if (c != OK)
        return c;
    c = store_metrics(r->store, r->target.trial, name, on_point, &l, e);
    if (c == OK)
        c = table_end(l.table, e);
    if (c == OK && l.n == 0)
        screen_text(inv->out, TONE_DIM, STR("no metrics were reported\n"));
    table_free(l.table);
    buf_free(&l.text);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct reading r;
    enum code c = reading_open(inv, &r, e);
    if (c != OK)
        return c;
    c = reading_check(&r, e);
    if (c == OK && !r.target.is_trial) {
        c = error_set(e, E_USAGE, "%lld is a search; metrics belong to trials",
                      (long long)r.target.search.v);
        error_hint(e, "as in trawl metrics %lld.1; trawl export --metrics has those of all trials",
                   (long long)r.target.search.v);
    }
    struct str name = str_of(option_value(inv, "name"));
    if (c == OK)
        c = inv->json ? print_json(inv, &r, name, e) : print_table(inv, &r, name, e);
    reading_close(&r);
    return c;
}

const struct command command_metrics = {
    .name = "metrics",
    .args = "TRIAL",
    .summary = "every reported point of a trial (12.40)",
    .group = "look at what they found",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .min_args = 1,
    .max_args = 1,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
