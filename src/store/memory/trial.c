/*
 * Trials and their ranking.
 *
 * Which is best is worked out when it is asked for, and kept until a trial changes that is ranked
 * or becomes so.
 */
#include "store/memory/internal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where `number` stands, or would stand. */
static size_t place(const struct kept_search *q, int64_t number)
{
    size_t lo = 0, hi = q->n_trials;
    if (hi > 0 && q->trials[hi - 1]->number < number)
        return hi;
    if (number >= 1 && (uint64_t)number <= hi && q->trials[number - 1]->number == number)
        return (size_t)number - 1;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (q->trials[middle]->number < number)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

struct kept_trial *memory_trial(const struct kept_search *q, int64_t number)
{
    size_t i = place(q, number);
    return i < q->n_trials && q->trials[i]->number == number ? q->trials[i] : NULL;
}

void memory_trial_unlink(struct kept_search *q, const struct kept_trial *t)
{
    size_t i = place(q, t->number);
    q->n_trials--;
    memmove(q->trials + i, q->trials + i + 1, (q->n_trials - i) * sizeof(struct kept_trial *));
}

void memory_trial_row(const struct kept_search *q, const struct kept_trial *t,
                      struct trial_row *ret)
{
    *ret = (struct trial_row){.id = trial_id_of(q->row.id, t->number),
                              .state = t->state,
                              .baseline = t->baseline,
                              .params = t->params,
                              .config_hash = t->config_hash,
                              .seed = t->seed,
                              .steps = t->steps,
                              .parent = t->parent,
                              .from_step = t->from_step,
                              .value = t->value,
                              .has_value = t->has_value,
                              .step = t->step,
                              .why = t->why,
                              .started = t->started,
                              .ended = t->ended,
                              .retries = t->retries};
    if (t->scores)
        ret->scores = *t->scores;
    else
        ret->scores = (struct scores){.n_values = 1, .seen = t->has_value, .values = {t->value}};
}

/* ---- ranking ---- */

/* All that may be ranked, not grouped and not sorted. */
static enum code candidates(const struct kept_search *q, struct ranked **ret, double **ret_more,
                            size_t *ret_n, struct error *e)
{
    size_t n = 0, n_more = rank_more(&q->aims);
    struct ranked *v = calloc(q->n_trials + 1, sizeof(*v));
    double *more = calloc((q->n_trials + 1) * (n_more ? n_more : 1), sizeof(*more));
    if (!v || !more) {
        free(v);
        free(more);
        return error_nomem(e);
    }
    for (size_t i = 0; i < q->n_trials; i++) {
        const struct kept_trial *t = q->trials[i];
        if (!rank_takes(t->state, t->has_value))
            continue;
        v[n] = (struct ranked){.config_hash = t->config_hash,
                               .step = rank_step(&q->aims, t->step),
                               .stopped = t->state == TRIAL_STOPPED,
                               .value = t->value,
                               .number = t->number,
                               .more = n_more ? more + n * n_more : NULL};
        struct trial_row row;
        memory_trial_row(q, t, &row);
        rank_fill_more(&q->aims, &row.scores, more + n * n_more);
        n++;
    }
    *ret_n = n;
    *ret = v;
    *ret_more = more;
    return OK;
}

static bool is_higher(const struct ranked *a, const struct ranked *b)
{
    return a->step != b->step ? a->step > b->step : b->stopped && !a->stopped;
}

/* Moves those that come before all others, whatever their values, to the front; returns how many.
 */
static size_t highest_first(struct ranked *v, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && is_higher(&v[0], &v[i]))
            continue;
        if (kept > 0 && is_higher(&v[i], &v[0]))
            kept = 0;
        struct ranked other = v[kept];
        v[kept++] = v[i];
        v[i] = other;
    }
    return kept;
}

static enum code standings(const struct kept_search *q, struct ranked **ret, double **ret_more,
                           size_t *ret_n, struct error *e)
{
    enum code code = candidates(q, ret, ret_more, ret_n, e);
    if (code == OK)
        *ret_n = rank_sort(*ret, *ret_n, &q->aims);
    return code;
}

enum code memory_find_best(struct kept_search *q, struct error *e)
{
    struct ranked *v;
    double *more;
    size_t n;
    if (q->aims.n_objectives == 1) {
        enum code code = candidates(q, &v, &more, &n, e);
        if (code != OK)
            return code;
        /* Few trials get far: those are looked at first. Where none of them may be ranked, having
         * no value or missing a requirement, the next ones are. */
        size_t from = 0, ranked = 0;
        while (ranked == 0 && from < n) {
            size_t highest = highest_first(v + from, n - from);
            ranked = rank_sort(v + from, highest, &q->aims);
            from += ranked > 0 ? 0 : highest;
        }
        q->row.best_trial = ranked > 0 ? v[from].number : 0;
        free(v);
        free(more);
    }
    q->best_known = true;
    return OK;
}

enum code memory_best(struct store *s, struct search_id id, int limit,
                      enum code (*visit)(void *, const struct trial_row *), void *self,
                      struct error *e)
{
    const struct kept_search *q = memory_search(memory_of(s), id, e);
    struct ranked *v;
    double *more;
    size_t n;
    if (!q)
        return E_NOT_FOUND;
    enum code code = standings(q, &v, &more, &n, e);
    if (code != OK)
        return code;
    for (size_t i = 0; code == OK && i < n && (int64_t)i < limit; i++) {
        struct trial_row row;
        const struct kept_trial *t = memory_trial(q, v[i].number);
        assert(t); /* standings() saw it */
        memory_trial_row(q, t, &row);
        code = visit(self, &row);
    }
    free(v);
    free(more);
    return code;
}

/* ---- writing ---- */

static enum code keep_scores(struct kept_search *q, const struct scores *from, struct kept_trial *t,
                             struct error *e)
{
    if (from->n_values < 2 && from->n_excess == 0) {
        t->scores = NULL;
        return OK;
    }
    /* The one that is there stays as it is: a rollback may bring it back. */
    struct scores *copy = arena_alloc(&q->arena, sizeof(*copy));
    if (!copy)
        return error_nomem(e);
    *copy = *from;
    copy->values[0] = t->value;
    copy->seen = (copy->seen & ~UINT32_C(1)) | t->has_value;
    for (size_t i = 1; i < copy->n_values; i++)
        copy->values[i] = copy->seen >> i & 1 ? copy->values[i] : (double)NAN;
    t->scores = copy;
    return OK;
}

/* What an update writes too. */
static enum code fill(struct kept_search *q, const struct trial_row *row, struct kept_trial *t,
                      struct error *e)
{
    t->state = row->state;
    t->has_value = row->has_value;
    t->value = row->has_value ? row->value : (double)NAN;
    t->step = row->step;
    t->started = row->started;
    t->ended = row->ended;
    t->retries = row->retries;
    t->steps = row->steps;
    enum code code = memory_text(&q->arena, row->why, &t->why, e);
    return code == OK ? keep_scores(q, &row->scores, t, e) : code;
}

enum code memory_trial_insert(struct store *s, const struct trial_row *row, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_search *q = memory_search(m, trial_id_search(row->id), e);
    struct undo *u;
    int64_t number = trial_id_number(row->id);
    if (!q)
        return E_NOT_FOUND;
    if (memory_trial(q, number))
        return error_set(e, E_DUPLICATE, "there is a trial %lld.%lld already",
                         (long long)q->row.id.v, (long long)number);
    enum code code =
        memory_grow(&q->trials, &q->trials_capacity, q->n_trials, sizeof(struct kept_trial *), e);
    if (code == OK)
        code = memory_will(m, &u, e);
    if (code != OK)
        return code;
    struct kept_trial *t = arena_alloc(&q->arena, sizeof(*t));
    if (!t || arena_str(&q->arena, row->params, &t->params) != OK)
        return error_nomem(e);
    t->number = number;
    t->config_hash = row->config_hash;
    t->seed = row->seed;
    t->parent = row->parent;
    t->from_step = row->from_step;
    t->baseline = row->baseline;
    code = fill(q, row, t, e);
    if (code != OK)
        return code;
    size_t at = place(q, number);
    memmove(q->trials + at + 1, q->trials + at, (q->n_trials - at) * sizeof(struct kept_trial *));
    q->trials[at] = t;
    q->n_trials++;
    q->row.counts[t->state]++;
    if (t->baseline && !q->row.baseline_trial)
        q->row.baseline_trial = number;
    q->best_known = q->best_known && !rank_takes(t->state, t->has_value);
    *u = (struct undo){.kind = UNDO_TRIAL_NEW, .search = q, .trial_at = t};
    memory_did(m);
    return OK;
}

static enum code find(struct memory_store *m, struct trial_id id, struct kept_search **ret_search,
                      struct kept_trial **ret, struct error *e)
{
    struct kept_search *q = memory_search(m, trial_id_search(id), NULL);
    struct kept_trial *t = q ? memory_trial(q, trial_id_number(id)) : NULL;
    if (!t)
        return error_set(e, E_NOT_FOUND, "there is no trial %lld.%lld",
                         (long long)trial_id_search(id).v, (long long)trial_id_number(id));
    *ret_search = q;
    *ret = t;
    return OK;
}

enum code memory_trial_update(struct store *s, const struct trial_row *row, struct error *e)
{
    struct memory_store *m = memory_of(s);
    struct kept_search *q;
    struct kept_trial *t;
    struct undo *u;
    enum code code = find(m, row->id, &q, &t, e);
    if (code == OK)
        code = store_check_move(row->id, t->state, row->state, e);
    if (code == OK)
        code = memory_will(m, &u, e);
    if (code != OK)
        return code;
    struct kept_trial now = *t;
    code = fill(q, row, &now, e);
    if (code != OK)
        return code;
    u->kind = UNDO_TRIAL;
    u->search = q;
    u->trial_at = t;
    u->trial = *t;
    memory_did(m);
    q->row.counts[t->state]--;
    q->row.counts[now.state]++;
    if (rank_takes(t->state, t->has_value) || rank_takes(now.state, now.has_value))
        q->best_known = false;
    *t = now;
    return OK;
}

/* ---- reading ---- */

enum code memory_trial_get(struct store *s, struct trial_id id, struct arena *a,
                           struct trial_row *ret, struct error *e)
{
    struct kept_search *q;
    struct kept_trial *t;
    struct trial_row row;
    enum code code = find(memory_of(s), id, &q, &t, e);
    if (code != OK)
        return code;
    memory_trial_row(q, t, &row);
    if (arena_str(a, row.params, &row.params) != OK || arena_str(a, row.why, &row.why) != OK)
        return error_nomem(e);
    *ret = row;
    return OK;
}

enum code memory_trials(struct store *s, struct search_id id, unsigned states,
                        enum code (*visit)(void *, const struct trial_row *), void *self,
                        struct error *e)
{
    const struct kept_search *q = memory_search(memory_of(s), id, NULL);
    enum code code = OK;
    for (size_t i = 0; q && code == OK && i < q->n_trials; i++) {
        struct trial_row row;
        if (states && !(states >> q->trials[i]->state & 1))
            continue;
        memory_trial_row(q, q->trials[i], &row);
        code = visit(self, &row);
    }
    return code;
}
