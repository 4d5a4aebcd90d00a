/* Recomputing a journal. */
#include "sched/verify.h"

#include "sched/kept.h"

struct verifying {
    struct searcher *searcher;
    struct error *e;
    int64_t n;
};

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct verifying *v = self;
    struct entry entry = {.seq = row->seq, .trial = row->trial, .data = row->data};
    if (!entry_kind_parse(row->kind, &entry.kind))
        return error_set(v->e, E_CORRUPT, "entry %lld of the journal is of no known kind",
                         (long long)row->seq);
    v->n++;
    return searcher_recompute(v->searcher, &entry, v->e);
}

static enum code make(struct arena *a, const struct search_row *row, struct settings *st,
                      struct searcher **ret, struct error *e)
{
    struct kept kept;
    struct searcher_settings ss = settings_searcher(st);
    enum code c = kept_rest(row, a, &kept, e);
    if (c != OK)
        return c;
    ss.seed = kept.seed;
    c = method_parse(a, row->method, (struct location){0}, &ss.method, e);
    if (c == OK)
        c = method_resolve(&ss.method, st->space, &st->effort, e);
    return c == OK ? searcher_new(ret, &ss, e) : c;
}

enum code journal_verify(struct store *s, struct search_id id, int64_t *ret_entries,
                         struct error *e)
{
    struct arena a;
    struct search_row row;
    struct settings *st = NULL;
    struct error own = {0};
    struct verifying v = {.e = e != NULL ? e : &own};
    arena_init(&a, 64 << 20);
    enum code c = store_search_get(s, id, &a, &row, e);
    if (c == OK)
        c = kept_settings(&row, &st, e);
    if (c == OK)
        c = make(&a, &row, st, &v.searcher, e);
    if (c == OK)
        c = store_journal(s, id, 1, on_entry, &v, e);
    if (ret_entries != NULL)
        *ret_entries = v.n;
    searcher_free(v.searcher);
    settings_free(st);
    arena_free(&a);
    return c;
}
