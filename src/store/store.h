/*
 * The store: what every search is, did and found.
 *
 * One interface; the backends are folders (sqlite/, memory/). All calls come from one thread.
 * Reading needs no lock; writing needs the store's lock (store_lock), which one controller holds at
 * a time, and happens between store_begin and store_commit: a group of changes becomes durable
 * together.
 *
 * Invariants:
 *  1. What store_commit returned OK for survives kill -9; with durability power also power loss.
 *  2. A metric point is identified by (attempt, seq, name): adding it again changes nothing.
 *  3. Journal entries of a search are numbered 1, 2, 3, ... without gaps.
 *  4. States only move along the machine drawn below; store_trial_update refuses others (E_STATE).
 *  5. A store of a newer schema is refused (E_VERSION); an older one is migrated after a backup
 *     beside it.
 *
 *  trial:  queued -> running -> completed | stopped | failed | infeasible | cancelled
 *          running -> queued (retry), running -> paused, paused -> queued | running
 *          queued, paused -> stopped | cancelled;  failed, stopped -> queued (a person's retry)
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/problems.h"

struct search_id {
    int64_t v;
}; /* 1, 2, ... in a store */
struct trial_id {
    int64_t v;
}; /* search << 32 | number */
struct attempt_id {
    int64_t v;
}; /* unique in a store */

struct trial_id trial_id_of(struct search_id search, int64_t number);
struct search_id trial_id_search(struct trial_id t);
int64_t trial_id_number(struct trial_id t);

enum search_state {
    SEARCH_RUNNING,
    SEARCH_PAUSED,
    SEARCH_COMPLETED,
    SEARCH_STOPPED,
    SEARCH_FAILED
};
enum trial_state {
    TRIAL_QUEUED,
    TRIAL_RUNNING,
    TRIAL_PAUSED,
    TRIAL_COMPLETED,
    TRIAL_STOPPED,
    TRIAL_FAILED,
    TRIAL_INFEASIBLE,
    TRIAL_CANCELLED,
    TRIAL_STATE_COUNT
};
enum attempt_state { ATTEMPT_STARTING, ATTEMPT_RUNNING, ATTEMPT_ENDED, ATTEMPT_LOST };
enum attempt_reason {
    REASON_NONE,
    REASON_EXIT,
    REASON_SIGNAL,
    REASON_OOM,
    REASON_TIMEOUT,
    REASON_SILENCE,
    REASON_SPAWN,
    REASON_LOST,
    REASON_NO_METRIC,
    REASON_STOPPED,
    REASON_PAUSED,
    REASON_CANCELLED,
    REASON_DISK,
    REASON_COUNT
};
const char *search_state_name(enum search_state s);
const char *trial_state_name(enum trial_state s);
const char *attempt_state_name(enum attempt_state s);
const char *attempt_reason_name(enum attempt_reason r);
bool trial_state_final(enum trial_state s);
bool trial_state_may_follow(enum trial_state from, enum trial_state to);

/* Times are ns since the epoch, 0: not yet. Texts that come out of the store live in the arena
 * given, or, where a visitor is called, until it returns. */

struct space_row {
    int64_t space;               /* id of the named space */
    int64_t version;             /* 1, 2, ... within it */
    struct str name, definition; /* canonical JSON */
};

enum { STORE_OBJECTIVES_MAX = 8, STORE_REQUIREMENTS_MAX = 16, STORE_MEASURES_MAX = 24 };

struct search_row {
    struct search_id id;
    struct str space_name;
    int64_t version; /* of the space */
    enum search_state state;
    struct str why;    /* why it ended or failed; may be empty */
    struct str method; /* resolved */
    struct str metric; /* the first objective */
    bool minimize;
    struct str measures; /* all metrics that matter; scores.h has the form. Empty: metric alone */
    struct str requirements; /* of outcomes; a line each. Empty: none */
    struct str source;       /* trawl.yaml as it was */
    struct str overrides;    /* JSON: --set and inline arguments */
    struct str settings;  /* JSON: everything else a resume needs (argv, environment kept, ...) */
    struct str snapshot;  /* id of the code snapshot */
    struct str directory; /* the program's folder */
    int64_t created, ended;
    int64_t budget_trials; /* search.trials; 0: unlimited */
    bool own_steps;        /* how long a trial trains is its own: farther is not better */
    /* Read only, kept by the store: */
    int64_t counts[TRIAL_STATE_COUNT];
    int64_t baseline_trial; /* number; 0: none */
    int64_t best_trial;     /* number; 0: none, or there are several objectives */
};

/* What a trial came to, in the order of its search's measures and requirements. */
struct scores {
    size_t n_values; /* values[0] is the trial's value, which alone counts where this is below 2 */
    size_t n_excess;
    uint32_t seen; /* bit i: measure i was reported, if only as NaN */
    double values[STORE_MEASURES_MAX];
    double excess[STORE_REQUIREMENTS_MAX]; /* by how much one is missed; <= 0: met; NaN: unknown */
};

struct trial_row {
    struct trial_id id;
    enum trial_state state;
    bool baseline;
    struct str params; /* JSON object */
    int64_t config_hash;
    int64_t seed;
    int64_t steps;     /* its budget; 0: none */
    int64_t parent;    /* the number of the trial whose checkpoint it began with; 0: nobody's */
    int64_t from_step; /* and which step that was of */
    double value;      /* of the first objective; NaN: none */
    bool has_value;    /* a NaN that was reported is a value too */
    struct scores scores;
    int64_t step;   /* the highest reported; -1: none */
    struct str why; /* why it failed; may be empty */
    int64_t started, ended;
    int retries; /* failed attempts so far */
};

struct attempt_row {
    struct attempt_id id;
    struct trial_id trial;
    int number; /* 1, 2, ... within the trial */
    enum attempt_state state;
    enum attempt_reason reason;
    int exit_code, signal; /* -1: none */
    int64_t from_step;     /* the step it went on from; 0: from the start */
    int64_t started, ended;
    int64_t last_seq; /* last event of the supervisor that is durable here */
    struct str executor, token, pidref, detail, devices;
};

struct metric_point {
    int attempt; /* when it is read: the trial's first attempt is 1, the second 2, ... */
    int64_t seq; /* the report's, within the attempt */
    int64_t step;
    double value;
    int64_t time;
    struct str name;
};

struct journal_row {
    int64_t seq;
    int64_t time;
    int64_t trial;
    struct str kind, data;
};

enum durability { DURABILITY_DEFAULT, DURABILITY_POWER };

struct store;

/* `where`: "sqlite:PATH", or "memory:" (memory/memory.c), which only STORE_CREATE opens, new each
 * time. create: make it, and its folder (mode 0700), where there is none. Without
 * create E_NOT_FOUND. Read-only opens never write, migrate or take a lock; of an older schema they
 * give E_STATE. Refused with a hint (E_UNSUPPORTED): a network file system. */
enum store_mode { STORE_READ, STORE_WRITE, STORE_CREATE };
enum code store_open(const char *where, enum store_mode mode, enum durability durability,
                     struct store **ret, struct error *e) must_check;
void store_close(struct store *s);
/* The controller's lock. E_BUSY, saying who holds it, when another process has it. Held until
 * store_close or death. Taking it twice is well; a store open for reading has none (E_STATE). */
enum code store_lock(struct store *s, struct error *e) must_check;

/* A group of changes. E_STATE without the lock, or inside another group. A change refused with
 * E_NOT_FOUND, E_STATE, E_INVALID, E_DUPLICATE or E_LIMIT left everything as it was and the group
 * may go on; after any other failure the group can only be rolled back. A commit that fails has
 * rolled back. On a store open for reading: what is read until store_commit or store_rollback is
 * one consistent picture, whatever a writer does meanwhile. */
enum code store_begin(struct store *s, struct error *e) must_check;
enum code store_commit(struct store *s, struct error *e) must_check;
void store_rollback(struct store *s);

/* Finds the space and version with this definition, or makes them. */
enum code store_space_put(struct store *s, struct str name, struct str definition, int64_t now,
                          struct space_row *ret, struct error *e) must_check;
enum code store_search_insert(struct store *s, int64_t space, int64_t version,
                              const struct search_row *row, struct search_id *ret,
                              struct error *e) must_check;
enum code store_search_update(struct store *s, struct search_id id, enum search_state state,
                              struct str why, int64_t ended, struct error *e) must_check;
enum code store_search_set_budget(struct store *s, struct search_id id, int64_t trials,
                                  struct error *e) must_check;
/* row->seq must be the next of its search (E_STATE). */
enum code store_journal_append(struct store *s, struct search_id id, const struct journal_row *row,
                               struct error *e) must_check;
enum code store_trial_insert(struct store *s, const struct trial_row *row,
                             struct error *e) must_check;
/* Writes state, value, has_value, scores, step, why, started, ended, retries, steps. */
enum code store_trial_update(struct store *s, const struct trial_row *row,
                             struct error *e) must_check;
/* E_STATE when the trial has an attempt that is starting or running; E_DUPLICATE when it has one of
 * this number. */
enum code store_attempt_insert(struct store *s, const struct attempt_row *row,
                               struct attempt_id *ret, struct error *e) must_check;
/* Writes everything but id, trial, number. */
enum code store_attempt_update(struct store *s, const struct attempt_row *row,
                               struct error *e) must_check;
/* Names have 1 to 256 bytes. */
enum code store_metrics_add(struct store *s, struct attempt_id attempt,
                            const struct metric_point *points, size_t n,
                            struct error *e) must_check;
/* Removes a finished search with all that hangs on it (gc --search). E_STATE while it is running or
 * paused or an attempt of it lives. Its number is never given again. */
enum code store_search_delete(struct store *s, struct search_id id, struct error *e) must_check;

/* Visitors return OK to go on, anything else to stop the walk with that code. */
enum code store_search_get(struct store *s, struct search_id id, struct arena *a,
                           struct search_row *ret, struct error *e) must_check;
enum code store_search_latest(struct store *s, struct search_id *ret, struct error *e) must_check;
enum code store_searches(struct store *s, enum code (*visit)(void *, const struct search_row *),
                         void *self, struct error *e) must_check; /* newest first */
enum code store_trial_get(struct store *s, struct trial_id id, struct arena *a,
                          struct trial_row *ret, struct error *e) must_check;
/* In order of number. states: a bit set of 1 << enum trial_state; 0: all. */
enum code store_trials(struct store *s, struct search_id id, unsigned states,
                       enum code (*visit)(void *, const struct trial_row *), void *self,
                       struct error *e) must_check;
/* Best first: highest step, but where trials have steps of their own; completed before stopped,
 * then value; NaN never, nor what misses a requirement. Replicates (equal config_hash) rank by the
 * mean of their values. Of several objectives the front: a trial of each configuration that no
 * other is better than. At most `limit`. store/rank.h has it in full. */
enum code store_best(struct store *s, struct search_id id, int limit,
                     enum code (*visit)(void *, const struct trial_row *), void *self,
                     struct error *e) must_check;
enum code store_attempts(struct store *s, struct trial_id id,
                         enum code (*visit)(void *, const struct attempt_row *), void *self,
                         struct error *e) must_check;
/* All attempts of a search in order of (trial, number): so that trials --json streams a merge. */
enum code store_search_attempts(struct store *s, struct search_id id,
                                enum code (*visit)(void *, const struct attempt_row *), void *self,
                                struct error *e) must_check;
/* Attempts that are starting or running, of all searches. */
enum code store_live_attempts(struct store *s,
                              enum code (*visit)(void *, const struct attempt_row *), void *self,
                              struct error *e) must_check;
/* By (attempt number, seq). Where several attempts reported a metric at the same step, the latest
 * attempt's points are the ones given. name: p == NULL gives all. */
enum code store_metrics(struct store *s, struct trial_id id, struct str name,
                        enum code (*visit)(void *, const struct metric_point *), void *self,
                        struct error *e) must_check;
enum code store_journal(struct store *s, struct search_id id, int64_t from_seq,
                        enum code (*visit)(void *, const struct journal_row *), void *self,
                        struct error *e) must_check;

/* Does it keep no journal, no points, and of a trial no parameters (memory:brief)? Nothing of it
 * can be resumed; whoever writes to it need not make those texts. */
bool store_is_brief(const struct store *s);
/* For doctor: the backend's own integrity check (what is wrong goes to `ret`; the code says whether
 * looking was possible), the schema's version, the bytes it takes on disk. */
enum code store_check(struct store *s, struct problems *ret) must_check;
int store_schema_version(const struct store *s);
int64_t store_size(const struct store *s);
const char *store_path(const struct store *s);

#endif
