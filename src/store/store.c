/*
 * The store's names, ids and state machine, and the way to a backend.
 *
 * What must hold whatever the backend is checked here, once: see backend.h.
 */
#include "store/backend.h"

#include "base/failpoint.h"

#include <string.h>

enum { METRIC_NAME_MAX = 256 };

struct trial_id trial_id_of(struct search_id search, int64_t number)
{
    return (struct trial_id){search.v << 32 | number};
}

struct search_id trial_id_search(struct trial_id t)
{
    return (struct search_id){t.v >> 32};
}

int64_t trial_id_number(struct trial_id t)
{
    return t.v & UINT32_MAX;
}

static const char *name_in(const char *const *names, size_t n, unsigned i)
{
    return i < n ? names[i] : "?";
}
#define NAME_IN(names, i) name_in(names, sizeof(names) / sizeof((names)[0]), (unsigned)(i))

const char *search_state_name(enum search_state s)
{
    static const char *const names[] = {"running", "paused", "completed", "stopped", "failed"};
    return NAME_IN(names, s);
}

const char *trial_state_name(enum trial_state s)
{
    static const char *const names[] = {"queued",  "running", "paused",     "completed",
                                        "stopped", "failed",  "infeasible", "cancelled"};
    return NAME_IN(names, s);
}

const char *attempt_state_name(enum attempt_state s)
{
    static const char *const names[] = {"starting", "running", "ended", "lost"};
    return NAME_IN(names, s);
}

const char *attempt_reason_name(enum attempt_reason r)
{
    static const char *const names[] = {"none",    "exit",      "signal", "oom",       "timeout",
                                        "silence", "spawn",     "lost",   "no_metric", "stopped",
                                        "paused",  "cancelled", "disk"};
    _Static_assert(sizeof(names) / sizeof(names[0]) == REASON_COUNT, "a name for each reason");
    return NAME_IN(names, r);
}

/* For each state, the set of those that may follow it: the arrows drawn in store.h. */
#define ONE(state) (1U << TRIAL_##state)
static const unsigned may_follow[TRIAL_STATE_COUNT] = {
    [TRIAL_QUEUED] = ONE(RUNNING) | ONE(STOPPED) | ONE(CANCELLED),
    [TRIAL_RUNNING] = ONE(COMPLETED) | ONE(STOPPED) | ONE(FAILED) | ONE(INFEASIBLE) |
                      ONE(CANCELLED) | ONE(QUEUED) | ONE(PAUSED),
    [TRIAL_PAUSED] = ONE(QUEUED) | ONE(RUNNING) | ONE(STOPPED) | ONE(CANCELLED),
    [TRIAL_FAILED] = ONE(QUEUED),
    [TRIAL_STOPPED] = ONE(QUEUED),
};

bool trial_state_final(enum trial_state s)
{
    return s != TRIAL_QUEUED && s != TRIAL_RUNNING && s != TRIAL_PAUSED;
}

bool trial_state_may_follow(enum trial_state from, enum trial_state to)
{
    return (unsigned)from < TRIAL_STATE_COUNT && (unsigned)to < TRIAL_STATE_COUNT &&
           (may_follow[from] >> to & 1);
}

enum code store_check_move(struct trial_id id, enum trial_state from, enum trial_state to,
                           struct error *e)
{
    if (from == to || trial_state_may_follow(from, to))
        return OK;
    return error_set(e, E_STATE, "trial %lld.%lld is %s and can't become %s",
                     (long long)trial_id_search(id).v, (long long)trial_id_number(id),
                     trial_state_name(from), trial_state_name(to));
}

/* ---- opening ---- */

enum code store_open(const char *where, enum store_mode mode, enum durability durability,
                     struct store **ret, struct error *e)
{
    static const struct store_backend *const backends[] = {&sqlite_backend, &memory_backend};
    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        size_t n = strlen(backends[i]->scheme);
        if (strncmp(where, backends[i]->scheme, n) != 0)
            continue;
        if (!where[n] && !backends[i]->placeless) {
            error_set(e, E_INVALID, "the store \"%s\" names no file", where);
            error_hint(e, "write %sPATH", backends[i]->scheme);
            return E_INVALID;
        }
        return backends[i]->open(where + n, mode, durability, ret, e);
    }
    enum code code = str_starts(str_of(where), "postgres")
                         ? error_set(e, E_UNSUPPORTED, "this build has no PostgreSQL store")
                         : error_set(e, E_INVALID, "\"%s\" is no store", where);
    error_hint(e, "write sqlite:PATH, as in sqlite:.trawl/trawl.db");
    return code;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_rollback(s);
    s->backend->close(s);
}

enum code store_lock(struct store *s, struct error *e)
{
    if (s->locked)
        return OK;
    if (s->mode == STORE_READ)
        return error_set(e, E_STATE, "a store that is open for reading can't be locked");
    enum code code = s->backend->lock(s, e);
    s->locked = code == OK;
    return code;
}

bool store_is_brief(const struct store *s)
{
    return s->brief;
}

int store_schema_version(const struct store *s)
{
    return s->backend->schema_version(s);
}

const char *store_path(const struct store *s)
{
    return s->backend->path(s);
}

int64_t store_size(const struct store *s)
{
    return s->backend->size(s);
}

enum code store_check(struct store *s, struct problems *ret)
{
    return s->backend->check(s, ret);
}

/* ---- groups ---- */

enum code store_begin(struct store *s, struct error *e)
{
    if (s->grouped)
        return error_set(e, E_STATE, "a group of changes is open already");
    if (s->mode != STORE_READ && !s->locked) {
        error_set(e, E_STATE, "the store's lock is not held");
        error_hint(e, "store_lock comes before the first store_begin");
        return E_STATE;
    }
    enum code code = s->backend->begin(s, e);
    s->grouped = code == OK;
    s->doomed = false;
    return code;
}

enum code store_commit(struct store *s, struct error *e)
{
    if (!s->grouped)
        return error_set(e, E_STATE, "there is no group of changes to commit");
    if (s->doomed) {
        store_rollback(s);
        return error_set(e, E_STATE,
                         "a change of this group failed, so that none of it can be kept");
    }
    FAILPOINT("store.before-commit");
    enum code code = s->backend->commit(s, e);
    s->grouped = false;
    if (code == OK)
        FAILPOINT("store.after-commit");
    return code;
}

void store_rollback(struct store *s)
{
    if (!s->grouped)
        return;
    s->backend->rollback(s);
    s->grouped = false;
    s->doomed = false;
}

static enum code may_write(const struct store *s, struct error *e)
{
    if (s->mode == STORE_READ)
        return error_set(e, E_STATE, "the store is open for reading only");
    if (!s->grouped)
        return error_set(e, E_STATE, "changes happen between store_begin and store_commit");
    if (s->doomed)
        return error_set(e, E_STATE, "a change of this group failed before");
    return OK;
}

/* Every writing function ends here. */
static enum code wrote(struct store *s, enum code code)
{
    bool unchanged = code == OK || code == E_NOT_FOUND || code == E_STATE || code == E_INVALID ||
                     code == E_DUPLICATE || code == E_LIMIT;
    s->doomed = s->doomed || !unchanged;
    return code;
}

#define WRITE(s, e, call)                  \
    do {                                   \
        enum code code_ = may_write(s, e); \
        if (code_ != OK)                   \
            return code_;                  \
        return wrote(s, call);             \
    } while (0)

/* ---- writing ---- */

enum code store_space_put(struct store *s, struct str name, struct str definition, int64_t now,
                          struct space_row *ret, struct error *e)
{
    WRITE(s, e, s->backend->space_put(s, name, definition, now, ret, e));
}

enum code store_search_insert(struct store *s, int64_t space, int64_t version,
                              const struct search_row *row, struct search_id *ret, struct error *e)
{
    if ((unsigned)row->state > SEARCH_FAILED || row->budget_trials < 0)
        return error_set(e, E_INVALID, "a search of state %d and %lld trials", (int)row->state,
                         (long long)row->budget_trials);
    WRITE(s, e, s->backend->search_insert(s, space, version, row, ret, e));
}

enum code store_search_update(struct store *s, struct search_id id, enum search_state state,
                              struct str why, int64_t ended, struct error *e)
{
    if ((unsigned)state > SEARCH_FAILED)
        return error_set(e, E_INVALID, "a search of state %d", (int)state);
    WRITE(s, e, s->backend->search_update(s, id, state, why, ended, e));
}

enum code store_search_set_budget(struct store *s, struct search_id id, int64_t trials,
                                  struct error *e)
{
    if (trials < 0)
        return error_set(e, E_INVALID, "a budget of %lld trials", (long long)trials);
    WRITE(s, e, s->backend->search_set_budget(s, id, trials, e));
}

enum code store_search_delete(struct store *s, struct search_id id, struct error *e)
{
    WRITE(s, e, s->backend->search_delete(s, id, e));
}

enum code store_journal_append(struct store *s, struct search_id id, const struct journal_row *row,
                               struct error *e)
{
    if (row->seq < 1 || row->seq > UINT32_MAX)
        return error_set(e, E_INVALID, "a journal entry of number %lld", (long long)row->seq);
    WRITE(s, e, s->backend->journal_append(s, id, row, e));
}

static enum code check_trial(const struct trial_row *row, struct error *e)
{
    if (trial_id_search(row->id).v < 1 || trial_id_number(row->id) < 1 ||
        (unsigned)row->state >= TRIAL_STATE_COUNT)
        return error_set(e, E_INVALID, "a trial %lld.%lld of state %d",
                         (long long)trial_id_search(row->id).v, (long long)trial_id_number(row->id),
                         (int)row->state);
    return OK;
}

enum code store_trial_insert(struct store *s, const struct trial_row *row, struct error *e)
{
    enum code code = check_trial(row, e);
    if (code != OK)
        return code;
    WRITE(s, e, s->backend->trial_insert(s, row, e));
}

enum code store_trial_update(struct store *s, const struct trial_row *row, struct error *e)
{
    enum code code = check_trial(row, e);
    if (code != OK)
        return code;
    WRITE(s, e, s->backend->trial_update(s, row, e));
}

static enum code check_attempt(const struct attempt_row *row, struct error *e)
{
    if ((unsigned)row->state > ATTEMPT_LOST || (unsigned)row->reason >= REASON_COUNT)
        return error_set(e, E_INVALID, "an attempt of state %d and reason %d", (int)row->state,
                         (int)row->reason);
    return OK;
}

enum code store_attempt_insert(struct store *s, const struct attempt_row *row,
                               struct attempt_id *ret, struct error *e)
{
    enum code code = check_attempt(row, e);
    if (code == OK && row->number < 1)
        code = error_set(e, E_INVALID, "an attempt of number %d", row->number);
    if (code != OK)
        return code;
    WRITE(s, e, s->backend->attempt_insert(s, row, ret, e));
}

enum code store_attempt_update(struct store *s, const struct attempt_row *row, struct error *e)
{
    enum code code = check_attempt(row, e);
    if (code != OK)
        return code;
    WRITE(s, e, s->backend->attempt_update(s, row, e));
}

enum code store_metrics_add(struct store *s, struct attempt_id attempt,
                            const struct metric_point *points, size_t n, struct error *e)
{
    for (size_t i = 0; i < n; i++) {
        if (points[i].name.n == 0)
            return error_set(e, E_INVALID, "a metric without a name");
        if (points[i].name.n > METRIC_NAME_MAX)
            return error_set(e, E_LIMIT, "a metric's name is longer than %d bytes",
                             METRIC_NAME_MAX);
    }
    WRITE(s, e, s->backend->metrics_add(s, attempt, points, n, e));
}

/* ---- reading ---- */

enum code store_search_get(struct store *s, struct search_id id, struct arena *a,
                           struct search_row *ret, struct error *e)
{
    return s->backend->search_get(s, id, a, ret, e);
}

enum code store_search_latest(struct store *s, struct search_id *ret, struct error *e)
{
    return s->backend->search_latest(s, ret, e);
}

enum code store_searches(struct store *s, enum code (*visit)(void *, const struct search_row *),
                         void *self, struct error *e)
{
    return s->backend->searches(s, visit, self, e);
}

enum code store_trial_get(struct store *s, struct trial_id id, struct arena *a,
                          struct trial_row *ret, struct error *e)
{
    return s->backend->trial_get(s, id, a, ret, e);
}

enum code store_trials(struct store *s, struct search_id id, unsigned states,
                       enum code (*visit)(void *, const struct trial_row *), void *self,
                       struct error *e)
{
    return s->backend->trials(s, id, states, visit, self, e);
}

enum code store_best(struct store *s, struct search_id id, int limit,
                     enum code (*visit)(void *, const struct trial_row *), void *self,
                     struct error *e)
{
    return s->backend->best(s, id, limit, visit, self, e);
}

enum code store_attempts(struct store *s, struct trial_id id,
                         enum code (*visit)(void *, const struct attempt_row *), void *self,
                         struct error *e)
{
    return s->backend->attempts(s, id, visit, self, e);
}

enum code store_search_attempts(struct store *s, struct search_id id,
                                enum code (*visit)(void *, const struct attempt_row *), void *self,
                                struct error *e)
{
    return s->backend->search_attempts(s, id, visit, self, e);
}

enum code store_live_attempts(struct store *s,
                              enum code (*visit)(void *, const struct attempt_row *), void *self,
                              struct error *e)
{
    return s->backend->live_attempts(s, visit, self, e);
}

enum code store_metrics(struct store *s, struct trial_id id, struct str name,
                        enum code (*visit)(void *, const struct metric_point *), void *self,
                        struct error *e)
{
    return s->backend->metrics(s, id, name, visit, self, e);
}

enum code store_journal(struct store *s, struct search_id id, int64_t from_seq,
                        enum code (*visit)(void *, const struct journal_row *), void *self,
                        struct error *e)
{
    return s->backend->journal(s, id, from_seq, visit, self, e);
}
