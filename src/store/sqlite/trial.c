/*
 * Trials, and with every change of one what its search's progress row says of them.
 *
 * Invariants, recomputed by check.c:
 *  1. progress.counts[state] is the number of the search's trials in that state.
 *  2. progress.best is the first of standings_of(), and best_key its group's key and mean.
 *
 * A change of a trial that is not ranked and does not become so leaves the best alone. One that
 * becomes ranked is compared with it by its group's mean. Whatever takes a trial out of its group,
 * or touches the best's own group, makes the whole ranking be computed again: that is rare (a
 * person's retry, the best's next replicate) and takes milliseconds for 10,000 trials.
 */
#include "store/sqlite/backend.h"

#include <stdlib.h>

enum { SCORES_BYTES_MAX = 4096 };

/* ---- ranking ---- */

static enum code bad_scores(struct trial_id id, struct error *e)
{
    return error_set(e, E_CORRUPT, "what trial %lld.%lld came to can't be read",
                     (long long)trial_id_search(id).v, (long long)trial_id_number(id));
}

/* One row; what goes beyond its value into `more`. */
static enum code read_ranked(sqlite3_stmt *st, struct search_id id, const struct aims *aims,
                             struct ranked *ret, double *more, struct error *e)
{
    struct scores scores;
    *ret = (struct ranked){
        .config_hash = column_i64(st, 0),
        .step = rank_step(aims, column_i64(st, 1)),
        .stopped = column_i64(st, 2) == TRIAL_STOPPED,
        .value = column_real(st, 3),
        .number = column_i64(st, 4),
    };
    if (rank_more(aims) == 0)
        return OK;
    if (!scores_read(column_str(st, 5), true, ret->value, &scores))
        return bad_scores(trial_id_of(id, ret->number), e);
    rank_fill_more(aims, &scores, more);
    return OK;
}

static enum code grow_standings(struct standings *r, size_t *capacity, size_t n_more,
                                struct error *e)
{
    size_t want = *capacity ? *capacity * 2 : 64;
    struct ranked *v = reallocarray(r->v, want, sizeof(*v));
    if (v)
        r->v = v;
    double *more = n_more > 0 ? reallocarray(r->more, want * n_more, sizeof(*more)) : NULL;
    if (more)
        r->more = more;
    if (!v || (n_more > 0 && !more))
        return error_nomem(e);
    *capacity = want;
    return OK;
}

void standings_free(struct standings *r)
{
    free(r->v);
    free(r->more);
    *r = (struct standings){.n = 0};
}

/* All rows of a ranking statement. Gives it back. */
static enum code collect(struct sqlite_store *q, enum statement which, sqlite3_stmt *st,
                         struct search_id id, const struct aims *aims, struct standings *ret,
                         struct error *e)
{
    struct standings r = {.n = 0};
    size_t capacity = 0, n_more = rank_more(aims);
    bool row;
    enum code code;
    while ((code = statement_next(q, st, &row, e)) == OK && row) {
        if (r.n == capacity)
            code = grow_standings(&r, &capacity, n_more, e);
        if (code == OK)
            code = read_ranked(st, id, aims, &r.v[r.n], n_more ? r.more + r.n * n_more : NULL, e);
        if (code != OK)
            break;
        r.n++;
    }
    statement_give(q, which, st);
    if (code != OK) {
        standings_free(&r);
        return code;
    }
    for (size_t i = 0; i < r.n && n_more > 0; i++)
        r.v[i].more = r.more + i * n_more;
    *ret = r;
    return OK;
}

enum code standings_of(struct sqlite_store *q, struct search_id id, const struct aims *aims,
                       struct standings *ret, struct error *e)
{
    sqlite3_stmt *st;
    enum code code = statement_take(q, RANK_ALL, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = collect(q, RANK_ALL, st, id, aims, ret, e);
    if (code == OK && ret->n > 0)
        ret->n = rank_sort(ret->v, ret->n, aims);
    return code;
}

/* The trial's group with its mean; *ret_ranked false where it is not to be ranked. */
static enum code group_of(struct sqlite_store *q, const struct progress *p,
                          const struct ranked *key, struct ranked *ret, bool *ret_ranked,
                          struct error *e)
{
    sqlite3_stmt *st;
    struct standings group;
    enum code code = statement_take(q, RANK_GROUP, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, p->search.v);
    bind_i64(st, 2, key->config_hash);
    bind_i64(st, 3, key->step);
    bind_i64(st, 4, key->stopped ? TRIAL_STOPPED : TRIAL_COMPLETED);
    bind_i64(st, 5, p->aims.own_steps);
    code = collect(q, RANK_GROUP, st, p->search, &p->aims, &group, e);
    if (code != OK)
        return code;
    *ret_ranked = rank_group(group.v, group.n, &p->aims);
    if (*ret_ranked) {
        *ret = group.v[0];
        ret->more = NULL;
    }
    standings_free(&group);
    return OK;
}

static enum code recompute_best(struct sqlite_store *q, struct progress *p, struct error *e)
{
    struct standings r = {.n = 0};
    enum code code = standings_of(q, p->search, &p->aims, &r, e);
    if (code == OK) {
        p->best_key = r.n ? r.v[0] : (struct ranked){0};
        p->best_key.more = NULL;
        p->best = r.n ? r.v[0].number : 0;
    }
    standings_free(&r);
    return code;
}

/* A trial's part in the ranking. */
struct standing {
    bool ranked;
    struct ranked key; /* its value is the trial's own; more is NULL */
    double more[RANK_MORE_MAX];
};

static struct standing standing_of(const struct trial_row *row, const struct aims *aims)
{
    struct standing s = {.ranked = rank_takes(row->state, row->has_value)};
    if (!s.ranked)
        return s;
    s.key = (struct ranked){.config_hash = row->config_hash,
                            .step = rank_step(aims, row->step),
                            .stopped = row->state == TRIAL_STOPPED,
                            .value = row->value,
                            .number = trial_id_number(row->id)};
    rank_fill_more(aims, &row->scores, s.more);
    return s;
}

static bool same_group(const struct ranked *a, const struct ranked *b)
{
    return a->config_hash == b->config_hash && a->step == b->step && a->stopped == b->stopped;
}

static bool same_real(double a, double b)
{
    return a == b || (a != a && b != b);
}

static bool same_standing(const struct standing *a, const struct standing *b)
{
    if (a->ranked != b->ranked || !a->ranked)
        return a->ranked == b->ranked;
    bool same = same_group(&a->key, &b->key) && same_real(a->key.value, b->key.value);
    for (size_t i = 0; i < RANK_MORE_MAX; i++)
        same = same && same_real(a->more[i], b->more[i]);
    return same;
}

/* The trial's row is written already. Of several objectives there is no best one. */
static enum code update_best(struct sqlite_store *q, struct progress *p,
                             const struct standing *before, const struct standing *after,
                             struct error *e)
{
    struct ranked group;
    bool ranked = false;
    if (p->aims.n_objectives > 1 || same_standing(before, after))
        return OK;
    if (before->ranked || (p->best && same_group(&after->key, &p->best_key)))
        return recompute_best(q, p, e);
    enum code code = group_of(q, p, &after->key, &group, &ranked, e);
    if (code != OK || !ranked)
        return code;
    if (!p->best || rank_compare(&group, &p->best_key, p->aims.minimize[0]) < 0) {
        p->best = group.number;
        p->best_key = group;
    }
    return OK;
}

/* ---- writing ---- */

static enum code duplicate(struct trial_id id, struct error *e)
{
    return error_set(e, E_DUPLICATE, "there is a trial %lld.%lld already",
                     (long long)trial_id_search(id).v, (long long)trial_id_number(id));
}

enum code sqlite_trial_insert(struct store *s, const struct trial_row *row, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    struct progress p;
    struct buf scores;
    enum code code = progress_get(q, trial_id_search(row->id), &p, e);
    if (code == OK)
        code = statement_take(q, TRIAL_INSERT, &st, e);
    if (code != OK)
        return code;
    buf_init(&scores, SCORES_BYTES_MAX);
    scores_write(&row->scores, &scores);
    bind_i64(st, 1, row->id.v);
    bind_i64(st, 2, row->state);
    bind_i64(st, 3, row->baseline);
    bind_i64(st, 4, row->config_hash);
    bind_i64(st, 5, row->seed);
    bind_i64(st, 6, row->steps);
    if (row->has_value)
        bind_real(st, 7, row->value);
    bind_i64(st, 8, row->has_value);
    bind_i64(st, 9, row->step);
    bind_i64(st, 10, row->started);
    bind_i64(st, 11, row->ended);
    bind_i64(st, 12, row->retries);
    bind_str(st, 13, row->params);
    bind_str(st, 14, row->why);
    bind_str(st, 15, buf_view(&scores));
    bind_i64(st, 16, row->parent);
    bind_i64(st, 17, row->from_step);
    code = statement_run(q, TRIAL_INSERT, st, e);
    if (code == OK)
        code = buf_end(&scores, e);
    buf_free(&scores);
    if (code == E_DUPLICATE)
        return duplicate(row->id, e);
    p.counts[row->state]++;
    if (row->baseline && p.baseline == 0)
        p.baseline = trial_id_number(row->id);
    const struct standing none = {0}, after = standing_of(row, &p.aims);
    if (code == OK)
        code = update_best(q, &p, &none, &after, e);
    return code == OK ? progress_set(q, &p, e) : code;
}

/* What decides counts and ranking, as it is stored. */
static enum code read_key(struct sqlite_store *q, struct trial_id id, struct trial_row *ret,
                          struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    enum code code = statement_take(q, TRIAL_KEY, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = statement_next(q, st, &row, e);
    if (code == OK && !row)
        code = error_set(e, E_NOT_FOUND, "there is no trial %lld.%lld",
                         (long long)trial_id_search(id).v, (long long)trial_id_number(id));
    if (code == OK)
        *ret = (struct trial_row){.id = id,
                                  .state = (enum trial_state)column_i64(st, 0),
                                  .has_value = column_i64(st, 1),
                                  .value = column_real(st, 2),
                                  .step = column_i64(st, 3),
                                  .config_hash = column_i64(st, 4)};
    if (code == OK && !scores_read(column_str(st, 5), ret->has_value, ret->value, &ret->scores))
        code = bad_scores(id, e);
    statement_give(q, TRIAL_KEY, st);
    if (code == OK && (unsigned)ret->state >= TRIAL_STATE_COUNT)
        code = error_set(e, E_CORRUPT, "trial %lld.%lld has the unknown state %d",
                         (long long)trial_id_search(id).v, (long long)trial_id_number(id),
                         (int)ret->state);
    return code;
}

static enum code write_update(struct sqlite_store *q, const struct trial_row *row, struct error *e)
{
    sqlite3_stmt *st;
    struct buf scores;
    enum code code = statement_take(q, TRIAL_UPDATE, &st, e);
    if (code != OK)
        return code;
    buf_init(&scores, SCORES_BYTES_MAX);
    scores_write(&row->scores, &scores);
    bind_i64(st, 1, row->id.v);
    bind_i64(st, 2, row->state);
    if (row->has_value)
        bind_real(st, 3, row->value);
    bind_i64(st, 4, row->has_value);
    bind_i64(st, 5, row->step);
    bind_str(st, 6, row->why);
    bind_i64(st, 7, row->started);
    bind_i64(st, 8, row->ended);
    bind_i64(st, 9, row->retries);
    bind_i64(st, 10, row->steps);
    bind_str(st, 11, buf_view(&scores));
    code = statement_run(q, TRIAL_UPDATE, st, e);
    if (code == OK)
        code = buf_end(&scores, e);
    buf_free(&scores);
    return code;
}

enum code sqlite_trial_update(struct store *s, const struct trial_row *row, struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    struct trial_row stored;
    struct progress p;
    enum code code = read_key(q, row->id, &stored, e);
    if (code == OK)
        code = store_check_move(row->id, stored.state, row->state, e);
    if (code == OK)
        code = write_update(q, row, e);
    if (code != OK)
        return code;
    struct trial_row now = *row;
    now.config_hash = stored.config_hash; /* an update does not write it */
    if (stored.state == row->state && !rank_takes(row->state, stored.has_value || row->has_value))
        return OK;
    code = progress_get(q, trial_id_search(row->id), &p, e);
    if (code == E_NOT_FOUND)
        return error_set(e, E_CORRUPT, "trial %lld.%lld has no search",
                         (long long)trial_id_search(row->id).v,
                         (long long)trial_id_number(row->id));
    if (code != OK)
        return code;
    p.counts[stored.state]--;
    p.counts[row->state]++;
    const struct standing before = standing_of(&stored, &p.aims),
                          after = standing_of(&now, &p.aims);
    code = update_best(q, &p, &before, &after, e);
    return code == OK ? progress_set(q, &p, e) : code;
}

/* ---- reading ---- */

static enum code read_trial(sqlite3_stmt *st, struct trial_row *r, struct error *e)
{
    *r = (struct trial_row){
        .id = {column_i64(st, 0)},
        .state = (enum trial_state)column_i64(st, 1),
        .baseline = column_i64(st, 2),
        .params = column_str(st, 3),
        .config_hash = column_i64(st, 4),
        .seed = column_i64(st, 5),
        .steps = column_i64(st, 6),
        .value = column_real(st, 7),
        .has_value = column_i64(st, 8),
        .step = column_i64(st, 9),
        .why = column_str(st, 10),
        .started = column_i64(st, 11),
        .ended = column_i64(st, 12),
        .retries = (int)column_i64(st, 13),
        .parent = column_i64(st, 15),
        .from_step = column_i64(st, 16),
    };
    bool well = scores_read(column_str(st, 14), r->has_value, r->value, &r->scores);
    return well ? OK : bad_scores(r->id, e);
}

/* Calls visit with one trial. */
static enum code visit_trial(struct sqlite_store *q, struct trial_id id,
                             enum code (*visit)(void *, const struct trial_row *), void *self,
                             struct error *e)
{
    sqlite3_stmt *st;
    bool row;
    struct trial_row r;
    enum code code = statement_take(q, TRIAL_GET, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    code = statement_next(q, st, &row, e);
    if (code == OK && !row)
        code = error_set(e, E_NOT_FOUND, "there is no trial %lld.%lld",
                         (long long)trial_id_search(id).v, (long long)trial_id_number(id));
    if (code == OK)
        code = read_trial(st, &r, e);
    if (code == OK)
        code = visit(self, &r);
    statement_give(q, TRIAL_GET, st);
    return code;
}

struct copy {
    struct arena *arena;
    struct trial_row *ret;
};

static enum code copy_trial(void *self, const struct trial_row *row)
{
    struct copy *c = self;
    struct trial_row r = *row;
    if (arena_str(c->arena, row->params, &r.params) != OK ||
        arena_str(c->arena, row->why, &r.why) != OK)
        return E_NOMEM;
    *c->ret = r;
    return OK;
}

enum code sqlite_trial_get(struct store *s, struct trial_id id, struct arena *a,
                           struct trial_row *ret, struct error *e)
{
    struct copy c = {a, ret};
    enum code code = connection_refresh(sqlite_of(s), e);
    if (code == OK)
        code = visit_trial(sqlite_of(s), id, copy_trial, &c, e);
    return code == E_NOMEM ? error_nomem(e) : code;
}

enum code sqlite_trials(struct store *s, struct search_id id, unsigned states,
                        enum code (*visit)(void *, const struct trial_row *), void *self,
                        struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    sqlite3_stmt *st;
    bool row;
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = statement_take(q, TRIAL_ALL, &st, e);
    if (code != OK)
        return code;
    bind_i64(st, 1, id.v);
    bind_i64(st, 2, states);
    while ((code = statement_next(q, st, &row, e)) == OK && row) {
        struct trial_row r;
        code = read_trial(st, &r, e);
        if (code == OK)
            code = visit(self, &r);
        if (code != OK)
            break;
    }
    statement_give(q, TRIAL_ALL, st);
    return code;
}

enum code sqlite_best(struct store *s, struct search_id id, int limit,
                      enum code (*visit)(void *, const struct trial_row *), void *self,
                      struct error *e)
{
    struct sqlite_store *q = sqlite_of(s);
    struct progress p;
    struct standings r = {.n = 0};
    enum code code = connection_refresh(q, e);
    if (code == OK)
        code = progress_get(q, id, &p, e);
    if (code == OK)
        code = standings_of(q, id, &p.aims, &r, e);
    for (size_t i = 0; code == OK && i < r.n && (int64_t)i < limit; i++)
        code = visit_trial(q, trial_id_of(id, r.v[i].number), visit, self, e);
    standings_free(&r);
    return code;
}
