/* Spaces, searches and their journals. */
#include "store/memory/internal.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)1 << 40)

static void fill_space(const struct kept_space *p, struct space_row *ret)
{
    *ret = (struct space_row){
        .space = p->space, .version = p->version, .name = p->name, .definition = p->definition};
}

enum code memory_space_put(struct store *s, struct str name, struct str definition, int64_t now,
                           struct space_row *ret, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_space new = {.space = 1, .version = 1};
    struct undo *u;
    bool known = false;
    for (size_t i = 0; i < m->n_spaces; i++) {
        const struct kept_space *p = &m->spaces[i];
        bool same = str_eq(p->name, name);
        if (same && str_eq(p->definition, definition)) {
            fill_space(p, ret);
            return OK;
        }
        if (same)
            new = (struct kept_space){.space = p->space, .version = p->version + 1};
        else if (!known && p->space >= new.space)
            new.space = p->space + 1;
        known = known || same;
    }
    enum code code =
        memory_grow(&m->spaces, &m->spaces_capacity, m->n_spaces, sizeof(*m->spaces), e);
    if (code == OK)
        code = memory_will(m, &u, e);
    if (code != OK)
        return code;
    if (arena_str(&m->arena, name, &new.name) != OK ||
        arena_str(&m->arena, definition, &new.definition) != OK)
        return error_nomem(e);
    m->spaces[m->n_spaces++] = new;
    *u = (struct undo){.kind = UNDO_SPACE};
    memory_did(m);
    fill_space(&new, ret);
    return OK;
}

/* ---- searches ---- */

struct kept_search *memory_search(struct memory_store *m, struct search_id id, struct error *e)
{
    struct kept_search *q =
        id.v >= 1 && (uint64_t)id.v <= m->n_searches ? m->searches[id.v - 1] : NULL;
    if (q && !q->removed)
        return q;
    error_set(e, E_NOT_FOUND, "there is no search %lld", (long long)id.v);
    return NULL;
}

/* Its attempts go with it. */
void memory_search_free(struct memory_store *m, struct kept_search *q)
{
    for (size_t i = 0; i < q->n_trials; i++)
        while (q->trials[i]->attempts)
            memory_attempt_unlink(m, q->trials[i]->attempts);
    m->searches[q->row.id.v - 1] = NULL;
    free(q->trials);
    free(q->journal);
    arena_free(&q->arena);
    free(q);
}

static enum code copy_texts(struct arena *a, struct search_row *row, struct error *e)
{
    struct str *const texts[] = {&row->space_name, &row->why,       &row->method,
                                 &row->metric,     &row->measures,  &row->requirements,
                                 &row->source,     &row->overrides, &row->settings,
                                 &row->snapshot,   &row->directory};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (arena_str(a, *texts[i], texts[i]) != OK)
            return error_nomem(e);
    return OK;
}

static const struct kept_space *find_space(const struct memory_store *m, int64_t space,
                                           int64_t version)
{
    for (size_t i = 0; i < m->n_spaces; i++)
        if (m->spaces[i].space == space && m->spaces[i].version == version)
            return &m->spaces[i];
    return NULL;
}

enum code memory_search_insert(struct store *s, int64_t space, int64_t version,
                               const struct search_row *row, struct search_id *ret, struct error *e)
{
    struct memory_store *m = memory_of(s);
    const struct kept_space *p = find_space(m, space, version);
    struct undo *u;
    if (!p)
        return error_set(e, E_NOT_FOUND, "there is no version %lld of space %lld",
                         (long long)version, (long long)space);
    enum code code =
        memory_grow(&m->searches, &m->searches_capacity, m->n_searches, sizeof(*m->searches), e);
    if (code == OK)
        code = memory_will(m, &u, e);
    struct kept_search *q = code == OK ? calloc(1, sizeof(*q)) : NULL;
    if (!q)
        return error_nomem(e);
    arena_init(&q->arena, ARENA_MAX);
    q->row = *row;
    q->row.space_name = p->name;
    q->row.version = version;
    q->row.id.v = (int64_t)m->n_searches + 1;
    q->row.baseline_trial = q->row.best_trial = 0;
    memset(q->row.counts, 0, sizeof(q->row.counts));
    q->best_known = true;
    q->aims = search_aims(row);
    code = copy_texts(&q->arena, &q->row, e);
    if (code != OK) {
        arena_free(&q->arena);
        free(q);
        return code;
    }
    m->searches[m->n_searches++] = q;
    *u = (struct undo){.kind = UNDO_SEARCH_NEW, .search = q};
    memory_did(m);
    *ret = q->row.id;
    return OK;
}

/* Notes what the search's row says now. */
static enum code will_change(struct memory_store *m, struct kept_search *q, struct error *e)
{
    struct undo *u;
    const struct search_row *row = &q->row;
    enum code code = memory_will(m, &u, e);
    if (code != OK)
        return code;
    *u = (struct undo){.kind = UNDO_SEARCH, .search = q};
    u->search_was.state = row->state;
    u->search_was.why = row->why;
    u->search_was.ended = row->ended;
    u->search_was.budget_trials = row->budget_trials;
    memory_did(m);
    return OK;
}

enum code memory_search_update(struct store *s, struct search_id id, enum search_state state,
                               struct str why, int64_t ended, struct error *e)
{
    struct kept_search *q = memory_search(memory_of(s), id, e);
    if (!q)
        return E_NOT_FOUND;
    enum code code = will_change(memory_of(s), q, e);
    if (code == OK)
        code = memory_text(&q->arena, why, &q->row.why, e);
    if (code != OK)
        return code;
    q->row.state = state;
    q->row.ended = ended;
    return OK;
}

enum code memory_search_set_budget(struct store *s, struct search_id id, int64_t trials,
                                   struct error *e)
{
    struct kept_search *q = memory_search(memory_of(s), id, e);
    if (!q)
        return E_NOT_FOUND;
    enum code code = will_change(memory_of(s), q, e);
    if (code == OK)
        q->row.budget_trials = trials;
    return code;
}

static bool any_lives(const struct kept_search *q)
{
    for (size_t i = 0; i < q->n_trials; i++)
        for (const struct kept_attempt *a = q->trials[i]->attempts; a; a = a->next)
            if (a->row.state == ATTEMPT_STARTING || a->row.state == ATTEMPT_RUNNING)
                return true;
    return false;
}

enum code memory_search_delete(struct store *s, struct search_id id, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_search *q = memory_search(m, id, e);
    struct undo *u;
    if (!q)
        return E_NOT_FOUND;
    if (q->row.state == SEARCH_RUNNING || q->row.state == SEARCH_PAUSED)
        return error_set(e, E_STATE, "search %lld is %s", (long long)id.v,
                         search_state_name(q->row.state));
    if (any_lives(q))
        return error_set(e, E_STATE, "an attempt of search %lld lives still", (long long)id.v);
    enum code code = memory_will(m, &u, e);
    if (code != OK)
        return code;
    *u = (struct undo){.kind = UNDO_SEARCH_REMOVED, .search = q};
    memory_did(m);
    q->removed = true;
    return OK;
}

static enum code whole_row(struct kept_search *q, struct search_row *ret, struct error *e)
{
    enum code code = q->best_known ? OK : memory_find_best(q, e);
    if (code == OK)
        *ret = q->row;
    return code;
}

enum code memory_search_get(struct store *s, struct search_id id, struct arena *a,
                            struct search_row *ret, struct error *e)
{
    struct kept_search *q = memory_search(memory_of(s), id, e);
    struct search_row row;
    if (!q)
        return E_NOT_FOUND;
    enum code code = whole_row(q, &row, e);
    if (code == OK)
        code = copy_texts(a, &row, e);
    if (code == OK)
        *ret = row;
    return code;
}

enum code memory_search_latest(struct store *s, struct search_id *ret, struct error *e)
{
    const struct memory_store *m = memory_of(s);
    for (size_t i = m->n_searches; i > 0; i--) {
        if (!m->searches[i - 1] || m->searches[i - 1]->removed)
            continue;
        ret->v = (int64_t)i;
        return OK;
    }
    return error_set(e, E_NOT_FOUND, "there is no search");
}

enum code memory_searches(struct store *s, enum code (*visit)(void *, const struct search_row *),
                          void *self, struct error *e)
{
    struct memory_store *m = memory_of(s);
    enum code code = OK;
    for (size_t i = m->n_searches; code == OK && i > 0; i--) {
        struct search_row row;
        if (!m->searches[i - 1] || m->searches[i - 1]->removed)
            continue;
        code = whole_row(m->searches[i - 1], &row, e);
        if (code == OK)
            code = visit(self, &row);
    }
    return code;
}

/* ---- journal ---- */

enum code memory_journal_append(struct store *s, struct search_id id, const struct journal_row *row,
                                struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_search *q = memory_search(m, id, e);
    struct undo *u;
    struct kept_entry new = {.time = row->time, .trial = row->trial};
    if (!q)
        return E_NOT_FOUND;
    if (row->seq != q->n_journal + 1)
        return error_set(e, E_STATE, "entry %lld of search %lld does not follow entry %lld",
                         (long long)row->seq, (long long)id.v, (long long)q->n_journal);
    enum code code = memory_will(m, &u, e);
    if (code == OK && !m->brief)
        code = memory_grow(&q->journal, &q->journal_capacity, (size_t)q->n_journal,
                           sizeof(*q->journal), e);
    if (code != OK)
        return code;
    if (!m->brief) {
        if (arena_str(&q->arena, row->kind, &new.kind) != OK ||
            arena_str(&q->arena, row->data, &new.data) != OK)
            return error_nomem(e);
        q->journal[q->n_journal] = new;
    }
    q->n_journal++;
    *u = (struct undo){.kind = UNDO_ENTRY, .search = q};
    memory_did(m);
    return OK;
}

enum code memory_journal(struct store *s, struct search_id id, int64_t from_seq,
                         enum code (*visit)(void *, const struct journal_row *), void *self,
                         struct error *e)
{
    struct memory_store *m = memory_of(s);
    const struct kept_search *q = memory_search(m, id, NULL);
    if (m->brief || !q)
        return OK;
    enum code code = OK;
    for (int64_t i = from_seq > 1 ? from_seq : 1; code == OK && i <= q->n_journal; i++) {
        const struct kept_entry *x = &q->journal[i - 1];
        const struct journal_row row = {
            .seq = i, .time = x->time, .trial = x->trial, .kind = x->kind, .data = x->data};
        code = visit(self, &row);
    }
    return code;
}
