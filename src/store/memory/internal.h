/*
 * A store in memory: the backend's own structures. Only src/store/memory includes this.
 *
 * Rows are kept as structs, texts in an arena that lives as long as its search. Each change first
 * notes what was there before (undo), newest last; a rollback plays that back, a commit forgets it.
 *
 * Invariants:
 *  1. A search's trials are sorted by number, a trial's attempts and an attempt's points by their
 * keys.
 *  2. Pointers to searches, trials and attempts stay valid until the search is gone (a brief store:
 * until the attempt has ended and the group is committed).
 */
#ifndef STORE_MEMORY_INTERNAL_H
#define STORE_MEMORY_INTERNAL_H

#include "store/backend.h"
#include "store/rank.h"

struct kept_point {
    int64_t seq, step, time;
    double value;
    uint32_t name; /* index into the store's names */
};

struct kept_attempt {
    struct attempt_row row;
    struct kept_attempt *next; /* of its trial, by number; or of those to be used again */
    struct kept_point *points; /* by (seq, name) */
    size_t n_points, points_capacity;
};

struct kept_trial {
    int64_t number, config_hash, seed, steps, step, started, ended, parent, from_step;
    double value;
    struct str params, why;
    struct scores *scores; /* NULL: its value says it all */
    struct kept_attempt *attempts;
    int retries;
    enum trial_state state;
    bool baseline, has_value;
};

struct kept_entry {
    int64_t time, trial;
    struct str kind, data;
};

struct kept_search {
    struct search_row row; /* texts in the arena; space_name, counts, best are filled in or kept */
    struct aims aims;
    struct arena arena;
    struct kept_trial **trials; /* by number */
    size_t n_trials, trials_capacity;
    struct kept_entry *journal; /* a brief store has none */
    size_t journal_capacity;
    int64_t n_journal;
    bool best_known; /* row.best_trial is right */
    bool removed;    /* in this group, or an earlier one */
};

struct kept_space {
    int64_t space, version;
    struct str name, definition;
};

enum undo_kind {
    UNDO_SPACE,
    UNDO_SEARCH_NEW,
    UNDO_SEARCH,
    UNDO_SEARCH_REMOVED,
    UNDO_TRIAL_NEW,
    UNDO_TRIAL,
    UNDO_ATTEMPT_NEW,
    UNDO_ATTEMPT,
    UNDO_POINT,
    UNDO_ENTRY
};

struct undo {
    enum undo_kind kind;
    struct kept_search *search;
    struct kept_trial *trial_at;
    struct kept_attempt *attempt_at;
    union { /* what was there */
        struct kept_trial trial;
        struct attempt_row attempt;
        struct {
            enum search_state state;
            struct str why;
            int64_t ended, budget_trials;
        } search_was;
        struct {
            int64_t seq;
            uint32_t name;
        } point;
    };
};

struct memory_store {
    struct store head; /* first */
    bool brief;
    struct arena arena; /* spaces, names, attempts */
    struct kept_space *spaces;
    size_t n_spaces, spaces_capacity;
    struct kept_search **searches; /* by id - 1; NULL: removed for good */
    size_t n_searches, searches_capacity;
    struct kept_attempt **attempts; /* by id - 1; NULL: gone */
    size_t n_attempts, attempts_capacity;
    struct kept_attempt *unused;
    struct str *names;
    uint32_t *names_sorted;
    size_t n_names, names_capacity;
    struct str executor; /* the last one: nearly all attempts have the same */
    struct undo *undo;
    size_t n_undo, undo_capacity;
};

struct memory_store *memory_of(struct store *s);
/* Room for one more of `size` in *array, which holds n. */
enum code memory_grow(void *array, size_t *capacity, size_t n, size_t size,
                      struct error *e) must_check;
/* Room for another undo, which is not counted until memory_did. */
enum code memory_will(struct memory_store *m, struct undo **ret, struct error *e) must_check;
void memory_did(struct memory_store *m);
/* A copy in the arena, unless *to says the same already. */
enum code memory_text(struct arena *a, struct str text, struct str *to, struct error *e) must_check;

/* NULL, and E_NOT_FOUND in *e, where there is none (any more). */
struct kept_search *memory_search(struct memory_store *m, struct search_id id,
                                  struct error *e) must_check;
void memory_search_free(struct memory_store *m, struct kept_search *q);
struct kept_trial *memory_trial(const struct kept_search *q, int64_t number); /* NULL: none */
void memory_trial_row(const struct kept_search *q, const struct kept_trial *t,
                      struct trial_row *ret);
void memory_trial_unlink(struct kept_search *q, const struct kept_trial *t);
void memory_attempt_unlink(struct memory_store *m, struct kept_attempt *a);
void memory_point_remove(struct kept_attempt *a, int64_t seq, uint32_t name);
/* Sets the best of a search of one objective. */
enum code memory_find_best(struct kept_search *q, struct error *e) must_check;

enum code memory_space_put(struct store *s, struct str name, struct str definition, int64_t now,
                           struct space_row *ret, struct error *e);
enum code memory_search_insert(struct store *s, int64_t space, int64_t version,
                               const struct search_row *row, struct search_id *ret,
                               struct error *e);
enum code memory_search_update(struct store *s, struct search_id id, enum search_state state,
                               struct str why, int64_t ended, struct error *e);
enum code memory_search_set_budget(struct store *s, struct search_id id, int64_t trials,
                                   struct error *e);
enum code memory_search_delete(struct store *s, struct search_id id, struct error *e);
enum code memory_search_get(struct store *s, struct search_id id, struct arena *a,
                            struct search_row *ret, struct error *e);
enum code memory_search_latest(struct store *s, struct search_id *ret, struct error *e);
enum code memory_searches(struct store *s, enum code (*visit)(void *, const struct search_row *),
                          void *self, struct error *e);
enum code memory_journal_append(struct store *s, struct search_id id, const struct journal_row *row,
                                struct error *e);
enum code memory_journal(struct store *s, struct search_id id, int64_t from_seq,
                         enum code (*visit)(void *, const struct journal_row *), void *self,
                         struct error *e);

enum code memory_trial_insert(struct store *s, const struct trial_row *row, struct error *e);
enum code memory_trial_update(struct store *s, const struct trial_row *row, struct error *e);
enum code memory_trial_get(struct store *s, struct trial_id id, struct arena *a,
                           struct trial_row *ret, struct error *e);
enum code memory_trials(struct store *s, struct search_id id, unsigned states,
                        enum code (*visit)(void *, const struct trial_row *), void *self,
                        struct error *e);
enum code memory_best(struct store *s, struct search_id id, int limit,
                      enum code (*visit)(void *, const struct trial_row *), void *self,
                      struct error *e);

enum code memory_attempt_insert(struct store *s, const struct attempt_row *row,
                                struct attempt_id *ret, struct error *e);
enum code memory_attempt_update(struct store *s, const struct attempt_row *row, struct error *e);
enum code memory_attempts(struct store *s, struct trial_id id,
                          enum code (*visit)(void *, const struct attempt_row *), void *self,
                          struct error *e);
enum code memory_search_attempts(struct store *s, struct search_id id,
                                 enum code (*visit)(void *, const struct attempt_row *), void *self,
                                 struct error *e);
enum code memory_live_attempts(struct store *s,
                               enum code (*visit)(void *, const struct attempt_row *), void *self,
                               struct error *e);
enum code memory_metrics_add(struct store *s, struct attempt_id attempt,
                             const struct metric_point *points, size_t n, struct error *e);
enum code memory_metrics(struct store *s, struct trial_id id, struct str name,
                         enum code (*visit)(void *, const struct metric_point *), void *self,
                         struct error *e);

#endif
