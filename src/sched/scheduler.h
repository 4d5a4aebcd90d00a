/*
 * The scheduler: searches, slots, retries, reconciling.
 *
 * It sees only interfaces: the store, an executor, the searcher, settings, a clock. It owns no loop
 * and never blocks on one: the caller delivers executor events (scheduler_listener), calls
 * scheduler_settle when a batch is handled, and scheduler_tick when scheduler_deadline has come.
 * The same scheduler therefore runs under libuv and under a virtual clock.
 *
 * Invariants:
 *  1. Everything an event changes - metrics, trial, attempt, journal - is one transaction; nothing
 * is acknowledged, answered, told or started before it is committed (scheduler_settle).
 *  2. (attempt, seq) is handled once; what comes again is only acknowledged again.
 *  3. A trial has at most one live attempt; a new one is started only after `gone` for the last.
 *  4. If a commit fails the scheduler stops for good (scheduler_fatal): the store is the truth, and
 *     attempts run on until a controller comes back.
 *
 *   ask --> trial queued --> attempt starting --> running --> ended --> completed, stopped, failed,
 * ... ^                                                  |
 *              +------- retry (failed, retries left), resume -----+--> paused
 */
#ifndef SCHED_SCHEDULER_H
#define SCHED_SCHEDULER_H

#include "code/snapshot.h"
#include "conf/command.h"
#include "exec/devices.h"
#include "exec/executor.h"
#include "sched/event.h"
#include "store/store.h"

struct scheduler;

/* Who does work that would hold up the loop. `run` is called once on any thread, then `done` on the
 * scheduler's, never inside `submit`; scheduler_settle is called after it, as after an event.
 * Before scheduler_free whatever runs must have returned, and no `done` comes after it. Where
 * `submit` fails the work is done on the spot. */
struct workers {
    enum code (*submit)(void *self, void (*run)(void *), void (*done)(void *), void *work,
                        struct error *e);
    void *self;
};

struct scheduler_options {
    struct store *store; /* locked by us; borrowed */
    struct clock clock;
    struct devices *devices; /* GPUs to give out; NULL: none; borrowed */
    const char *store_dir;   /* holds trials/ and code/; copied */
    const char *runtime_dir; /* where endpoint sockets go; copied */
    int cpus;                /* how many this machine has */
    bool keep_going; /* first attempts that fail alike don't end a search: no program is at fault */
    struct workers workers; /* submit NULL: there are none, and all is done on the spot */
    struct event_sink sink; /* told of everything, after it is durable */
};

enum code scheduler_new(const struct scheduler_options *o, struct scheduler **ret,
                        struct error *e) must_check;
void scheduler_free(struct scheduler *s);
/* What the executor is to be made with; then scheduler_use hands the executor over (borrowed). */
struct executor_listener scheduler_listener(struct scheduler *s);
void scheduler_use(struct scheduler *s, struct executor *x);

/* A new search. `settings` becomes the scheduler's, also on failure. `keep` are NAME=value of the
 * environment that matters; they are recorded and given to every attempt. */
struct submission {
    struct settings *settings;
    const char *directory;           /* the program's folder */
    const struct snapshot *snapshot; /* NULL: there is no code, and no program runs */
    const struct str *keep;
    size_t n_keep;
    bool resumes; /* its program is known to go on from checkpoints; else, what trials of the space
                     left before says so (checkpoint.h) */
};
enum code scheduler_submit(struct scheduler *s, const struct submission *sub, struct search_id *ret,
                           struct error *e) must_check;
/* Searches submitted from now on run their first trial only (`trawl try`). */
void scheduler_only_first(struct scheduler *s);
/* Takes up a search that is in the store: replays its journal, adopts its live attempts. It goes on
 * only after scheduler_resume; until then its running attempts finish what they do. Calling it for
 * one that is open is well. */
enum code scheduler_open(struct scheduler *s, struct search_id id, struct error *e) must_check;
/* Opens every search that has live attempts or is in state running (a controller died), except
 * `but`, and pauses it. */
enum code scheduler_recover(struct scheduler *s, struct search_id but, struct error *e) must_check;

/* A person's wishes. Each is journalled as an event. E_STATE says what state it is in. */
enum code scheduler_resume(struct scheduler *s, struct search_id id, struct error *e) must_check;
enum code scheduler_pause(struct scheduler *s, struct search_id id, struct error *e) must_check;
enum code scheduler_stop(struct scheduler *s, struct search_id id, struct error *e) must_check;
enum code scheduler_kill(struct scheduler *s, struct search_id id, struct error *e) must_check;
enum code scheduler_retry(struct scheduler *s, struct search_id id, struct error *e) must_check;
enum code scheduler_trial_resume(struct scheduler *s, struct trial_id id,
                                 struct error *e) must_check;
enum code scheduler_trial_pause(struct scheduler *s, struct trial_id id,
                                struct error *e) must_check;
enum code scheduler_trial_stop(struct scheduler *s, struct trial_id id, struct error *e) must_check;
enum code scheduler_trial_kill(struct scheduler *s, struct trial_id id, struct error *e) must_check;
enum code scheduler_trial_retry(struct scheduler *s, struct trial_id id,
                                struct error *e) must_check;

/* The running attempts are taken away, as by a pause, and their trials go back to the queue: they
 * go on from their checkpoints when a slot is free, and no retry is used up. E_STATE where nothing
 * runs. */
enum code scheduler_preempt(struct scheduler *s, struct search_id id, struct error *e) must_check;
enum code scheduler_trial_preempt(struct scheduler *s, struct trial_id id,
                                  struct error *e) must_check;

void scheduler_pause_all(struct scheduler *s);
/* Kills the running attempts of all paused searches: they go on from their checkpoints when
 * resumed. */
void scheduler_hurry(struct scheduler *s);

/* Fills slots, commits, then acts. Call it after every batch of events or wishes. */
void scheduler_settle(struct scheduler *s);
/* Monotonic time at which scheduler_tick wants to be called; INT64_MAX: none. */
int64_t scheduler_deadline(const struct scheduler *s);
void scheduler_tick(struct scheduler *s);

/* Tells a sink that comes late how things stand: search started, incumbent, running trials. */
void scheduler_describe(struct scheduler *s, struct search_id id, const struct event_sink *sink);

/* The configuration of a trial of an open search, as long as that is open; NULL: there is none. */
const struct config *scheduler_config(struct scheduler *s, struct trial_id id);
/* Nothing runs and nothing will: the search reached an end or is paused and its attempts are gone.
 */
bool scheduler_idle(const struct scheduler *s, struct search_id id);
bool scheduler_all_idle(const struct scheduler *s);
int scheduler_live(const struct scheduler *s); /* attempts */
/* Non-NULL after a failed commit. */
const struct error *scheduler_fatal(const struct scheduler *s);
/* The command of a configuration, to run it by hand; text in `a`. */
enum code scheduler_by_hand(const struct settings *st, struct arena *a, const struct config *c,
                            int64_t steps, int64_t seed, struct str *ret,
                            struct error *e) must_check;

#endif
