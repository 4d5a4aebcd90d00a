/* Rows of the store as JSON. */
#include "api/rows.h"

#include "api/lineage.h"
#include "base/array.h"

#include "api/cover.h"

#include <stdlib.h>

void attempts_free(struct attempts *a)
{
    free(a->v);
    *a = (struct attempts){0};
}

static enum code on_attempt(void *self, const struct attempt_row *row)
{
    struct attempts *a = self;
    if (!array_reserve(a->v, &a->capacity, a->n + 1))
        return E_NOMEM;
    a->v[a->n++] = (struct brief){.trial = row->trial,
                                  .number = row->number,
                                  .state = row->state,
                                  .reason = row->reason,
                                  .exit_code = row->exit_code,
                                  .signal = row->signal,
                                  .from_step = row->from_step,
                                  .started = row->started,
                                  .ended = row->ended};
    return OK;
}

enum code attempts_of_trial(struct store *s, struct trial_id id, struct attempts *ret,
                            struct error *e)
{
    *ret = (struct attempts){0};
    enum code c = store_attempts(s, id, on_attempt, ret, e);
    if (c != OK)
        attempts_free(ret);
    return c;
}

enum code attempts_of_search(struct store *s, struct search_id id, struct attempts *ret,
                             struct error *e)
{
    *ret = (struct attempts){0};
    enum code c = store_search_attempts(s, id, on_attempt, ret, e);
    if (c != OK)
        attempts_free(ret);
    return c;
}

const struct brief *attempts_next(const struct attempts *a, struct trial_id trial, size_t *at,
                                  size_t *ret_n)
{
    while (*at < a->n && a->v[*at].trial.v < trial.v)
        (*at)++;
    size_t from = *at;
    while (*at < a->n && a->v[*at].trial.v == trial.v)
        (*at)++;
    *ret_n = *at - from;
    return a->v + from;
}

static void attempt_json(const struct brief *at, struct json *j)
{
    jw_object(j);
    jw_key(j, "state");
    jw_cstr(j, attempt_state_name(at->state));
    jw_key(j, "reason");
    jw_cstr(j, at->reason == REASON_NONE ? NULL : attempt_reason_name(at->reason));
    jw_key(j, "exit");
    if (at->exit_code >= 0)
        jw_i64(j, at->exit_code);
    else
        jw_null(j);
    jw_key(j, "signal");
    if (at->signal > 0)
        jw_i64(j, at->signal);
    else
        jw_null(j);
    jw_key(j, "from_step");
    jw_i64(j, at->from_step);
    jw_key(j, "started");
    jw_time(j, at->started);
    jw_key(j, "ended");
    jw_time(j, at->ended);
    jw_object_end(j);
}

static void name_json(struct trial_id id, struct json *j)
{
    struct buf b;
    buf_init(&b, 64);
    buf_fmt(&b, "%lld.%lld", (long long)trial_id_search(id).v, (long long)trial_id_number(id));
    jw_str(j, buf_view(&b));
    buf_free(&b);
}

/* But for its end. */
static void begin_trial_json(const struct trial_row *row, const struct scoring *scoring,
                             const struct brief *attempts, size_t n,
                             const struct checkpoint_sizes *sizes, struct json *j)
{
    jw_object(j);
    jw_key(j, "trial");
    name_json(row->id, j);
    jw_key(j, "state");
    jw_cstr(j, trial_state_name(row->state));
    jw_key(j, "baseline");
    jw_bool(j, row->baseline);
    jw_key(j, "params");
    jw_raw(j, row->params);
    jw_key(j, "seed");
    jw_i64(j, row->seed);
    jw_key(j, "value");
    if (row->has_value)
        jw_real(j, row->value);
    else
        jw_null(j);
    scoring_trial_json(scoring, row, j);
    jw_key(j, "step");
    if (row->step >= 0)
        jw_i64(j, row->step);
    else
        jw_null(j);
    if (row->parent > 0) {
        jw_key(j, "parent");
        name_json(trial_id_of(trial_id_search(row->id), row->parent), j);
        jw_key(j, "from_step");
        jw_i64(j, row->from_step);
    }
    jw_key(j, "attempts");
    jw_array(j);
    for (size_t i = 0; i < n; i++)
        attempt_json(&attempts[i], j);
    jw_array_end(j);
    if (sizes != NULL) {
        jw_key(j, "checkpoints");
        saved_trial_json(sizes, j);
    }
    if (row->why.n > 0) {
        jw_key(j, "why");
        jw_str(j, row->why);
    }
    jw_key(j, "started");
    jw_time(j, row->started);
    jw_key(j, "ended");
    jw_time(j, row->ended);
}

void trial_json(const struct trial_row *row, const struct scoring *scoring,
                const struct brief *attempts, size_t n, const struct checkpoint_sizes *sizes,
                struct json *j)
{
    begin_trial_json(row, scoring, attempts, n, sizes, j);
    jw_object_end(j);
}

enum code trial_json_of(struct store *s, const struct search_row *search, int64_t number,
                        const struct checkpoint_sizes *sizes, struct json *j, struct error *e)
{
    struct scoring scoring;
    struct arena a;
    struct trial_row row;
    struct attempts attempts;
    if (number == 0) {
        jw_null(j);
        return OK;
    }
    struct trial_id id = trial_id_of(search->id, number);
    arena_init(&a, 8 << 20);
    enum code c = store_trial_get(s, id, &a, &row, e);
    if (c == OK)
        c = attempts_of_trial(s, id, &attempts, e);
    if (c == OK) {
        scoring_of(search, &scoring);
        trial_json(&row, &scoring, attempts.v, attempts.n, sizes, j);
        attempts_free(&attempts);
    }
    arena_free(&a);
    return c;
}

enum code trial_json_in_full(struct store *s, const struct search_row *search, struct trial_id id,
                             const struct checkpoint_sizes *sizes, struct json *j, struct error *e)
{
    struct scoring scoring;
    struct arena a;
    struct trial_row row;
    struct attempts attempts;
    struct lineage lineage = {.n = 0};
    arena_init(&a, 64 << 20);
    enum code c = store_trial_get(s, id, &a, &row, e);
    if (c == OK && row.parent > 0)
        c = lineage_of(s, id, &a, &lineage, e);
    if (c == OK)
        c = attempts_of_trial(s, id, &attempts, e);
    if (c == OK) {
        scoring_of(search, &scoring);
        begin_trial_json(&row, &scoring, attempts.v, attempts.n, sizes, j);
        if (lineage.n > 0) {
            jw_key(j, "schedule");
            lineage_json(&lineage, search->id, j);
        }
        jw_object_end(j);
        attempts_free(&attempts);
    }
    arena_free(&a);
    return c;
}

static void counts_json(const struct search_row *row, struct json *j)
{
    jw_key(j, "trials");
    jw_object(j);
    for (int i = 0; i < TRIAL_STATE_COUNT; i++) {
        if (row->counts[i] == 0)
            continue;
        jw_key(j, trial_state_name((enum trial_state)i));
        jw_i64(j, row->counts[i]);
    }
    jw_object_end(j);
}

static void search_words(const struct search_row *row, struct json *j)
{
    jw_key(j, "search");
    jw_i64(j, row->id.v);
    jw_key(j, "space");
    jw_str(j, row->space_name);
    jw_key(j, "version");
    jw_i64(j, row->version);
    jw_key(j, "state");
    jw_cstr(j, search_state_name(row->state));
    if (row->why.n > 0) {
        jw_key(j, "why");
        jw_str(j, row->why);
    }
    jw_key(j, "method");
    jw_str(j, row->method);
    jw_key(j, "goal");
    jw_cstr(j, row->minimize ? "minimize" : "maximize");
    jw_key(j, "metric");
    jw_str(j, row->metric);
}

struct front {
    struct store *store;
    const struct search_row *search;
    struct json *json;
    struct error *e;
};

static enum code on_front(void *self, const struct trial_row *row)
{
    struct front *f = self;
    return trial_json_of(f->store, f->search, trial_id_number(row->id), NULL, f->json, f->e);
}

/* Of several objectives there is no best trial, but a front. */
static enum code best_json(struct store *s, const struct search_row *row,
                           const struct scoring *scoring, struct json *j, struct error *e)
{
    struct front f = {s, row, j, e};
    struct cover cover;
    jw_key(j, "best");
    enum code c = trial_json_of(s, row, row->best_trial, NULL, j, e);
    if (c != OK || scoring->n_objectives == 1)
        return c;
    jw_key(j, "front");
    jw_array(j);
    c = store_best(s, row->id, INT32_MAX, on_front, &f, e);
    jw_array_end(j);
    if (c == OK)
        c = cover_of(s, row->id, scoring, &cover, e);
    if (c == OK)
        cover_json(&cover, scoring, j);
    return c;
}

enum code search_json(struct store *s, const struct search_row *row, struct json *j,
                      struct error *e)
{
    struct scoring scoring;
    scoring_of(row, &scoring);
    jw_object(j);
    search_words(row, j);
    scoring_search_json(&scoring, j);
    counts_json(row, j);
    jw_key(j, "budget_trials");
    if (row->budget_trials > 0)
        jw_i64(j, row->budget_trials);
    else
        jw_null(j);
    jw_key(j, "baseline");
    enum code c = trial_json_of(s, row, row->baseline_trial, NULL, j, e);
    if (c == OK)
        c = best_json(s, row, &scoring, j, e);
    jw_key(j, "snapshot");
    jw_str(j, row->snapshot);
    jw_key(j, "directory");
    jw_str(j, row->directory);
    jw_key(j, "created");
    jw_time(j, row->created);
    jw_key(j, "ended");
    jw_time(j, row->ended);
    jw_object_end(j);
    return c;
}
