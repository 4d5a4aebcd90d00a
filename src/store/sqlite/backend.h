/*
 * The functions behind the SQLite backend's table: see store/backend.h for what they owe.
 */
#ifndef STORE_SQLITE_BACKEND_H
#define STORE_SQLITE_BACKEND_H

#include "store/rank.h"
#include "store/sqlite/connection.h"

enum code sqlite_check(struct store *s, struct problems *ret);
enum code sqlite_space_put(struct store *s, struct str name, struct str definition, int64_t now,
                           struct space_row *ret, struct error *e);
enum code sqlite_search_insert(struct store *s, int64_t space, int64_t version,
                               const struct search_row *row, struct search_id *ret,
                               struct error *e);
enum code sqlite_search_update(struct store *s, struct search_id id, enum search_state state,
                               struct str why, int64_t ended, struct error *e);
enum code sqlite_search_set_budget(struct store *s, struct search_id id, int64_t trials,
                                   struct error *e);
enum code sqlite_search_delete(struct store *s, struct search_id id, struct error *e);
enum code sqlite_search_get(struct store *s, struct search_id id, struct arena *a,
                            struct search_row *ret, struct error *e);
enum code sqlite_search_latest(struct store *s, struct search_id *ret, struct error *e);
enum code sqlite_searches(struct store *s, enum code (*visit)(void *, const struct search_row *),
                          void *self, struct error *e);
enum code sqlite_trial_insert(struct store *s, const struct trial_row *row, struct error *e);
enum code sqlite_trial_update(struct store *s, const struct trial_row *row, struct error *e);
enum code sqlite_trial_get(struct store *s, struct trial_id id, struct arena *a,
                           struct trial_row *ret, struct error *e);
enum code sqlite_trials(struct store *s, struct search_id id, unsigned states,
                        enum code (*visit)(void *, const struct trial_row *), void *self,
                        struct error *e);
enum code sqlite_best(struct store *s, struct search_id id, int limit,
                      enum code (*visit)(void *, const struct trial_row *), void *self,
                      struct error *e);
enum code sqlite_attempt_insert(struct store *s, const struct attempt_row *row,
                                struct attempt_id *ret, struct error *e);
enum code sqlite_attempt_update(struct store *s, const struct attempt_row *row, struct error *e);
enum code sqlite_attempts(struct store *s, struct trial_id id,
                          enum code (*visit)(void *, const struct attempt_row *), void *self,
                          struct error *e);
enum code sqlite_search_attempts(struct store *s, struct search_id id,
                                 enum code (*visit)(void *, const struct attempt_row *), void *self,
                                 struct error *e);
enum code sqlite_live_attempts(struct store *s,
                               enum code (*visit)(void *, const struct attempt_row *), void *self,
                               struct error *e);
enum code sqlite_metrics_add(struct store *s, struct attempt_id attempt,
                             const struct metric_point *points, size_t n, struct error *e);
enum code sqlite_metrics(struct store *s, struct trial_id id, struct str name,
                         enum code (*visit)(void *, const struct metric_point *), void *self,
                         struct error *e);
enum code sqlite_journal_append(struct store *s, struct search_id id, const struct journal_row *row,
                                struct error *e);
enum code sqlite_journal(struct store *s, struct search_id id, int64_t from_seq,
                         enum code (*visit)(void *, const struct journal_row *), void *self,
                         struct error *e);

/* ---- between the files of this folder ---- */

/* What a search's progress row keeps of its trials. */
struct progress {
    struct search_id search;
    int64_t counts[TRIAL_STATE_COUNT];
    int64_t baseline;
    int64_t best;           /* number; 0: none */
    struct ranked best_key; /* where there is one: its group */
    struct aims aims;
};
enum code progress_get(struct sqlite_store *q, struct search_id id, struct progress *ret,
                       struct error *e) must_check;
enum code progress_set(struct sqlite_store *q, const struct progress *p,
                       struct error *e) must_check;

/* All ranked trials of a search, best first; of several objectives the front. */
struct standings {
    struct ranked *v;
    double *more; /* what v[i].more point into */
    size_t n;
};
enum code standings_of(struct sqlite_store *q, struct search_id id, const struct aims *aims,
                       struct standings *ret, struct error *e) must_check;
void standings_free(struct standings *r);

#endif
