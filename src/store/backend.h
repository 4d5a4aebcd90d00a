/*
 * What a backend of the store is: one table of functions, and what all of them share.
 *
 * store.c checks what is true of every backend - writes happen inside a group, under the lock, with
 * arguments that make sense - and then calls the table. So a backend may rely on:
 *  1. A writing function is called between begin and commit/rollback only, on a store that is
 *     locked, and never again in a group in which one of them failed badly.
 *  2. Ids that are passed are positive and numbers fit their 32 bits.
 * and promises in turn:
 *  3. E_NOT_FOUND, E_STATE, E_INVALID, E_DUPLICATE and E_LIMIT mean that nothing was changed. Any
 *     other failure dooms the group: store.c lets it be rolled back only.
 *  4. A commit that fails has rolled back.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/store.h"

struct store_backend;

/* The head of every backend's own struct. */
struct store {
    const struct store_backend *backend;
    enum store_mode mode;
    bool locked;
    bool grouped; /* between begin and commit */
    bool doomed;  /* the group can only be rolled back */
    bool brief;   /* store_is_brief */
};

struct store_backend {
    const char *scheme; /* with its colon */
    bool placeless;     /* nothing need follow it */
    enum code (*open)(const char *place, enum store_mode mode, enum durability durability,
                      struct store **ret, struct error *e);
    void (*close)(struct store *s);
    enum code (*lock)(struct store *s, struct error *e);
    enum code (*begin)(struct store *s, struct error *e);
    enum code (*commit)(struct store *s, struct error *e);
    void (*rollback)(struct store *s);
    int (*schema_version)(const struct store *s);
    const char *(*path)(const struct store *s);
    int64_t (*size)(const struct store *s);
    enum code (*check)(struct store *s, struct problems *ret);

    enum code (*space_put)(struct store *s, struct str name, struct str definition, int64_t now,
                           struct space_row *ret, struct error *e);
    enum code (*search_insert)(struct store *s, int64_t space, int64_t version,
                               const struct search_row *row, struct search_id *ret,
                               struct error *e);
    enum code (*search_update)(struct store *s, struct search_id id, enum search_state state,
                               struct str why, int64_t ended, struct error *e);
    enum code (*search_set_budget)(struct store *s, struct search_id id, int64_t trials,
                                   struct error *e);
    enum code (*search_delete)(struct store *s, struct search_id id, struct error *e);
    enum code (*search_get)(struct store *s, struct search_id id, struct arena *a,
                            struct search_row *ret, struct error *e);
    enum code (*search_latest)(struct store *s, struct search_id *ret, struct error *e);
    enum code (*searches)(struct store *s, enum code (*visit)(void *, const struct search_row *),
                          void *self, struct error *e);

    enum code (*trial_insert)(struct store *s, const struct trial_row *row, struct error *e);
    enum code (*trial_update)(struct store *s, const struct trial_row *row, struct error *e);
    enum code (*trial_get)(struct store *s, struct trial_id id, struct arena *a,
                           struct trial_row *ret, struct error *e);
    enum code (*trials)(struct store *s, struct search_id id, unsigned states,
                        enum code (*visit)(void *, const struct trial_row *), void *self,
                        struct error *e);
    enum code (*best)(struct store *s, struct search_id id, int limit,
                      enum code (*visit)(void *, const struct trial_row *), void *self,
                      struct error *e);

    enum code (*attempt_insert)(struct store *s, const struct attempt_row *row,
                                struct attempt_id *ret, struct error *e);
    enum code (*attempt_update)(struct store *s, const struct attempt_row *row, struct error *e);
    enum code (*attempts)(struct store *s, struct trial_id id,
                          enum code (*visit)(void *, const struct attempt_row *), void *self,
                          struct error *e);
    enum code (*search_attempts)(struct store *s, struct search_id id,
                                 enum code (*visit)(void *, const struct attempt_row *), void *self,
                                 struct error *e);
    enum code (*live_attempts)(struct store *s,
                               enum code (*visit)(void *, const struct attempt_row *), void *self,
                               struct error *e);

    enum code (*metrics_add)(struct store *s, struct attempt_id attempt,
                             const struct metric_point *points, size_t n, struct error *e);
    enum code (*metrics)(struct store *s, struct trial_id id, struct str name,
                         enum code (*visit)(void *, const struct metric_point *), void *self,
                         struct error *e);
    enum code (*journal_append)(struct store *s, struct search_id id, const struct journal_row *row,
                                struct error *e);
    enum code (*journal)(struct store *s, struct search_id id, int64_t from_seq,
                         enum code (*visit)(void *, const struct journal_row *), void *self,
                         struct error *e);
};

extern const struct store_backend sqlite_backend, memory_backend;

/* E_STATE, saying both states, unless a trial may go from `from` to `to`. Staying is allowed. */
enum code store_check_move(struct trial_id id, enum trial_state from, enum trial_state to,
                           struct error *e) must_check;

#endif
