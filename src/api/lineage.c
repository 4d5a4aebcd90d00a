/* Schedules, read out of the store. */
#include "api/lineage.h"

#include <string.h>

enum code lineage_of(struct store *s, struct trial_id id, struct arena *a, struct lineage *ret,
                     struct error *e)
{
    struct search_id search = trial_id_search(id);
    struct lineage_stage *v = arena_array(a, LINEAGE_MAX, sizeof *v);
    int64_t number = trial_id_number(id), until = 0;
    size_t at = LINEAGE_MAX;
    if (v == NULL)
        return error_nomem(e);
    while (number > 0) {
        struct trial_row row;
        if (at == 0)
            return error_set(e, E_LIMIT, "a schedule has more than %d stages", LINEAGE_MAX);
        enum code c = store_trial_get(s, trial_id_of(search, number), a, &row, e);
        if (c != OK)
            return c;
        if (row.parent >= number)
            return error_set(e, E_CORRUPT, "trial %lld.%lld can't go on from trial %lld",
                             (long long)search.v, (long long)number, (long long)row.parent);
        bool last = at == LINEAGE_MAX;
        int64_t reached = row.step > 0 ? row.step : 0;
        v[--at] = (struct lineage_stage){number, last ? reached : until, row.params};
        until = row.from_step;
        number = row.parent;
    }
    *ret = (struct lineage){LINEAGE_MAX - at, v + at};
    return OK;
}

/* JSON is YAML, but for a blank after a key. */
void lineage_yaml(const struct lineage *x, struct buf *b)
{
    for (size_t i = 0; i < x->n; i++) {
        const struct lineage_stage *s = &x->v[i];
        bool quoted = false, escaped = false;
        buf_fmt(b, "- {until: %lld, params: ", (long long)s->until);
        for (size_t k = 0; k < s->params.n; k++) {
            char c = s->params.p[k];
            buf_char(b, c);
            if (c == '"' && !escaped)
                quoted = !quoted;
            escaped = quoted && c == '\\' && !escaped;
            if (!quoted && (c == ':' || c == ','))
                buf_char(b, ' ');
        }
        buf_cstr(b, "}\n");
    }
}

void lineage_json(const struct lineage *x, struct search_id search, struct json *j)
{
    struct buf name;
    buf_init(&name, 64);
    jw_array(j);
    for (size_t i = 0; i < x->n; i++) {
        buf_clear(&name);
        buf_fmt(&name, "%lld.%lld", (long long)search.v, (long long)x->v[i].trial);
        jw_object(j);
        jw_key(j, "trial");
        jw_str(j, buf_view(&name));
        jw_key(j, "until");
        jw_i64(j, x->v[i].until);
        jw_key(j, "params");
        jw_raw(j, x->v[i].params);
        jw_object_end(j);
    }
    jw_array_end(j);
    buf_free(&name);
}
