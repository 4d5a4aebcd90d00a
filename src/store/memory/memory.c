/*
 * A store in memory: for simulations and tests. It is new each time it is opened, is one process's
 * own, and is gone when it is closed.
 *
 *   memory:        keeps all that a store on disk keeps
 *   memory:brief   keeps searches and trials, and attempts while they live: no points, no journal,
 *                  no parameters. A simulation of a million trials reads none of them
 */
#include "store/memory/internal.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)1 << 40)

struct memory_store *memory_of(struct store *s)
{
    return (struct memory_store *)s;
}

enum code memory_grow(void *array, size_t *capacity, size_t n, size_t size, struct error *e)
{
    return array_reserve_at(array, capacity, n + 1, size) ? OK : error_nomem(e);
}

enum code memory_will(struct memory_store *m, struct undo **ret, struct error *e)
{
    enum code code = memory_grow(&m->undo, &m->undo_capacity, m->n_undo, sizeof(*m->undo), e);
    if (code == OK)
        *ret = &m->undo[m->n_undo];
    return code;
}

void memory_did(struct memory_store *m)
{
    m->n_undo++;
}

enum code memory_text(struct arena *a, struct str text, struct str *to, struct error *e)
{
    if (str_eq(text, *to))
        return OK;
    if (text.n == 0) {
        *to = (struct str){NULL, 0};
        return OK;
    }
    return arena_str(a, text, to) == OK ? OK : error_nomem(e);
}

/* ---- groups ---- */

static void take_back(struct memory_store *m, struct undo *u)
{
    switch (u->kind) {
    case UNDO_SPACE:
        m->n_spaces--;
        break;
    case UNDO_SEARCH_NEW:
        memory_search_free(m, u->search);
        m->n_searches--;
        break;
    case UNDO_SEARCH:
        u->search->row.state = u->search_was.state;
        u->search->row.why = u->search_was.why;
        u->search->row.ended = u->search_was.ended;
        u->search->row.budget_trials = u->search_was.budget_trials;
        break;
    case UNDO_SEARCH_REMOVED:
        u->search->removed = false;
        break;
    case UNDO_TRIAL_NEW:
        u->search->row.counts[u->trial_at->state]--;
        if (u->search->row.baseline_trial == u->trial_at->number)
            u->search->row.baseline_trial = 0;
        memory_trial_unlink(u->search, u->trial_at);
        u->search->best_known = false;
        break;
    case UNDO_TRIAL:
        u->search->row.counts[u->trial_at->state]--;
        u->search->row.counts[u->trial.state]++;
        u->trial.attempts = u->trial_at->attempts;
        *u->trial_at = u->trial;
        u->search->best_known = false;
        break;
    case UNDO_ATTEMPT_NEW:
        memory_attempt_unlink(m, u->attempt_at);
        m->n_attempts--;
        break;
    case UNDO_ATTEMPT:
        u->attempt_at->row = u->attempt;
        break;
    case UNDO_POINT:
        memory_point_remove(u->attempt_at, u->point.seq, u->point.name);
        break;
    case UNDO_ENTRY:
        u->search->n_journal--;
        break;
    }
}

static bool has_ended(const struct kept_attempt *a)
{
    return a->row.state == ATTEMPT_ENDED || a->row.state == ATTEMPT_LOST;
}

static enum code memory_begin(struct store *s, struct error *e)
{
    memory_of(s)->n_undo = 0;
    return OK;
}

static enum code memory_commit(struct store *s, struct error *e)
{
    struct memory_store *m = memory_of(s);
    for (size_t i = 0; i < m->n_undo; i++) {
        struct undo *u = &m->undo[i];
        if (u->kind == UNDO_SEARCH_REMOVED)
            memory_search_free(m, u->search);
        else if (m->brief && u->kind == UNDO_ATTEMPT && u->attempt_at->row.id.v &&
                 has_ended(u->attempt_at))
            memory_attempt_unlink(m, u->attempt_at);
    }
    m->n_undo = 0;
    return OK;
}

static void memory_rollback(struct store *s)
{
    struct memory_store *m = memory_of(s);
    while (m->n_undo > 0)
        take_back(m, &m->undo[--m->n_undo]);
}

/* ---- opening ---- */

static enum code memory_open(const char *place, enum store_mode mode, enum durability durability,
                             struct store **ret, struct error *e)
{
    bool brief = strcmp(place, "brief") == 0;
    if (place[0] && !brief) {
        error_set(e, E_INVALID, "a store in memory has no place \"%s\"", place);
        error_hint(e, "write memory: or memory:brief");
        return E_INVALID;
    }
    if (mode != STORE_CREATE)
        return error_set(e, E_NOT_FOUND, "a store in memory is new each time it is opened");
    struct memory_store *m = calloc(1, sizeof(*m));
    if (!m)
        return error_nomem(e);
    m->head = (struct store){.backend = &memory_backend, .mode = mode};
    m->head.brief = m->brief = brief;
    arena_init(&m->arena, ARENA_MAX);
    *ret = &m->head;
    return OK;
}

static void memory_close(struct store *s)
{
    struct memory_store *m = memory_of(s);
    for (size_t i = 0; i < m->n_searches; i++)
        if (m->searches[i])
            memory_search_free(m, m->searches[i]);
    free(m->spaces);
    free(m->searches);
    free(m->attempts);
    free(m->names);
    free(m->names_sorted);
    free(m->undo);
    arena_free(&m->arena);
    free(m);
}

static enum code memory_lock(struct store *s, struct error *e)
{
    return OK; /* nobody else can see it */
}

static int memory_schema_version(const struct store *s)
{
    return 0;
}

static const char *memory_path(const struct store *s)
{
    return "memory";
}

static int64_t memory_size(const struct store *s)
{
    const struct memory_store *m = (const struct memory_store *)s;
    size_t bytes = m->arena.used;
    for (size_t i = 0; i < m->n_searches; i++)
        bytes += m->searches[i] ? m->searches[i]->arena.used : 0;
    return (int64_t)bytes;
}

/* What is kept beside the rows must be what they add up to. */
static enum code memory_check(struct store *s, struct problems *ret)
{
    const struct memory_store *m = memory_of(s);
    for (size_t i = 0; i < m->n_searches; i++) {
        const struct kept_search *q = m->searches[i];
        int64_t counts[TRIAL_STATE_COUNT] = {0};
        struct error e = {0};
        for (size_t k = 0; q && k < q->n_trials; k++)
            counts[q->trials[k]->state]++;
        if (!q || memcmp(counts, q->row.counts, sizeof(counts)) == 0)
            continue;
        error_set(&e, E_CORRUPT, "search %zu does not count its trials right", i + 1);
        problems_add(ret, &e);
    }
    return OK;
}

const struct store_backend memory_backend = {
    .scheme = "memory:",
    .placeless = true,
    .open = memory_open,
    .close = memory_close,
    .lock = memory_lock,
    .begin = memory_begin,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .schema_version = memory_schema_version,
    .path = memory_path,
    .size = memory_size,
    .check = memory_check,
    .space_put = memory_space_put,
    .search_insert = memory_search_insert,
    .search_update = memory_search_update,
    .search_set_budget = memory_search_set_budget,
    .search_delete = memory_search_delete,
    .search_get = memory_search_get,
    .search_latest = memory_search_latest,
    .searches = memory_searches,
    .trial_insert = memory_trial_insert,
    .trial_update = memory_trial_update,
    .trial_get = memory_trial_get,
    .trials = memory_trials,
    .best = memory_best,
    .attempt_insert = memory_attempt_insert,
    .attempt_update = memory_attempt_update,
    .attempts = memory_attempts,
    .search_attempts = memory_search_attempts,
    .live_attempts = memory_live_attempts,
    .metrics_add = memory_metrics_add,
    .metrics = memory_metrics,
    .journal_append = memory_journal_append,
    .journal = memory_journal,
};
