/*
 * The searcher: one search's state machine.
 *
 * Pure: no clock, no I/O, no global randomness. It is driven by four calls - ask, report, exit, and
 * apply - and each of the first three gives a journal entry that says what came in and what was
 * decided. The caller makes the entry durable before it acts on it.
 *
 * Invariants:
 *  1. Applying a search's entries in order to a fresh searcher of the same settings gives the state
 *     they came from; nothing is computed anew (searcher_apply).
 *  2. Recomputing them gives the same decisions bit for bit (searcher_recompute).
 *  3. Every trial ends exactly once; a report or exit of an ended trial is refused (E_STATE) and
 *     changes nothing.
 *  4. NaN and infinities count as worst and never win.
 *  5. Draws depend on (seed, draw number) and the entries before alone, never on how many numbers
 *     were drawn for one of them.
 *  6. No configuration is proposed twice but as a replicate. A finite space is used up to its last
 *     allowed configuration; then ask answers ASK_DONE.
 *  7. A trial's results count once: a step at or before the last one taken is refused (E_STATE).
 *
 * A trial whose steps end before the largest budget may be paused there (DECISION_PAUSE). It takes
 * no reports then, until an ask answers ASK_MORE for it with larger steps, or it ends. Samplers see
 * it as ended meanwhile.
 *
 * A trial may begin with another one's checkpoint (ASK_TRIAL with a parent): it goes on from step
 * `from` with values of its own, in place of a trial `over`, which trains no further: whoever asked
 * tells of that one's end (OUTCOME_STOPPED), where it hasn't ended, before anything else. Parent,
 * its parent, ... are a schedule of values. Such a trial may have the configuration of an earlier
 * one.
 *
 * Values enter as the program reports them; `goal` is applied inside.
 *
 * Replicates: a configuration gets its trials one after the other, with seeds that are the same for
 * every configuration; one that turns out infeasible gets no more. The baseline gets one.
 */
#ifndef SEARCH_SEARCHER_H
#define SEARCH_SEARCHER_H

#include "search/method.h"

/* Raised when the same settings and inputs may give another decision than before. */
#define SEARCHER_ENGINE 1

enum {
    OBJECTIVES_MAX = 8,
    REQUIREMENTS_MAX = 16,
    FIRST_MAX = 1000,
    STAGES_MAX = 10000,
    FITTED_MAX = 16384,
    WEIGHED_MAX = 4096
};

enum seed_policy { SEEDS_VARY, SEEDS_SAME, SEEDS_REPLICATES };

struct searcher_settings {
    const struct space *space; /* borrowed for the searcher's life */
    struct method method;      /* resolved */
    struct effort effort;
    uint64_t seed; /* at most INT64_MAX, as JSON integers are */
    size_t n_objectives;
    bool minimize[OBJECTIVES_MAX];
    size_t n_requirements; /* on outcomes */
    enum seed_policy seeds;
    int replicates;                /* SEEDS_REPLICATES: trials a configuration gets */
    const struct config *baseline; /* borrowed; NULL: none. Trial 1, always trained to the end */
    size_t n_first;
    const struct config *first; /* borrowed; proposed after the baseline, before anything else */
    bool unwritten;             /* entries come without their data: nobody keeps a journal */
    size_t n_stages;            /* of a schedule to be replayed; 0: there is none */
    const struct schedule_stage *stages; /* borrowed; the first one's values are the first point */
};

/* A part of a schedule: these values up to a step. Steps ascend, and the last is the budget. */
struct schedule_stage {
    int64_t until;
    struct config config;
};

/* What a trial came to, for searches of several objectives or with requirements. */
struct result {
    double values[OBJECTIVES_MAX];   /* as the program reports them; NaN: none */
    double excess[REQUIREMENTS_MAX]; /* how far each requirement is missed, in parts of its bound
                                        (of 1, where that is 0); <= 0: it is met; NaN: unknown */
};

enum ask_kind {
    ASK_TRIAL, /* run this */
    ASK_MORE,  /* go on with this paused trial, from its checkpoint if it has one */
    ASK_WAIT,  /* nothing to start until a report or an exit came */
    ASK_DONE   /* nothing will ever be started again */
};

struct proposal {
    enum ask_kind kind;
    int64_t trial; /* 1, 2, ... within the search */
    bool baseline;
    struct config config; /* in the arena given to searcher_ask */
    int64_t seed;         /* 0 .. 2^31-1 */
    int64_t steps;        /* train up to this step; 0: the search has no steps */
    int64_t from;         /* the step it goes on from: ASK_MORE, or with a parent */
    int64_t parent;       /* ASK_TRIAL: whose checkpoint it begins with; 0: nobody's */
    int64_t over;         /* with a parent: the trial that ends now, if it has not ended */
    bool keep;            /* ASK_MORE: its checkpoint of step `from` may be asked for yet */
    uint64_t hash;        /* of all the values it is trained with, its parents' too: trials of one
                             hash are replicates of one another */
    const char *by;       /* what part of the sampler it is owed to; NULL: none */
};

enum decision { DECISION_CONTINUE, DECISION_STOP, DECISION_PAUSE };

/* How a trial ended, for the searcher. */
enum outcome {
    OUTCOME_COMPLETED,
    OUTCOME_STOPPED,
    OUTCOME_FAILED,
    OUTCOME_INFEASIBLE,
    OUTCOME_CANCELLED
};

enum entry_kind { ENTRY_BEGIN, ENTRY_ASK, ENTRY_REPORT, ENTRY_EXIT, ENTRY_EVENT };

/* `data` is a JSON object. Members in brackets are left out where they say nothing.
 *   begin   {"engine", "method", "why", "seed", "goal", ["goals"], ["requirements"], "seeds",
 *           "replicates", "trials", ["expected"], ["min_steps", "max_steps"]}
 *   ask     {"params": {...}, "seed", "steps", "baseline", "index", "seen", ["first"], ["by"],
 *           ["fitted"], ["weighed"], ["parent", "from", "over"]}
 *           or, for a paused trial that goes on, {"more": true, "steps", "from", ["keep": true],
 *           ["fresh", "index", "seen", "weighed"]}
 *             index   [before, after]: generator position; equal where nothing was drawn
 *             seen    the last entry it was based on
 *             first   which of the given first points it is
 *             by      the part of the sampler it is owed to
 *             fitted  [...]: hyperparameters, from which the next fit starts
 *             weighed [...]: those of the model that chose between a new configuration and the
 *                     paused trials
 *             fresh   a paused trial was chosen, and whether it could have been a new configuration
 *             parent  whose checkpoint it begins with, as it was at step `from`
 *             over    the trial that it replaces
 *             keep    the checkpoint at `from` may be a parent's yet
 *   report  {"step", "value", "decision", ["excess": [...]]}
 *             excess  of a pause, where a choice among the paused trials follows
 *   exit    {"outcome", "step", "value", ["values": [...], of all objectives], ["excess": [...]]}
 *   event   {"event": "reopened"}
 *           {"event": "closing", "left"}
 *           {"event": "evidence", "params", and as in exit}
 *           anything else that a person or the scheduler did (paused, resumed, preempted, ...): not
 *           the searcher's
 */
struct entry {
    int64_t seq; /* 1, 2, ... within the search; the searcher counts */
    enum entry_kind kind;
    int64_t trial;   /* 0: none */
    struct str data; /* in the arena given to the call */
};

struct searcher;

enum code searcher_new(struct searcher **ret, const struct searcher_settings *settings,
                       struct error *e) must_check;
void searcher_free(struct searcher *s);

/* The first entry of a journal: the method as resolved, and why. Once, before anything else. */
enum code searcher_begin(struct searcher *s, struct arena *a, struct entry *ret_entry,
                         struct error *e) must_check;
/* What next? An entry comes with ASK_TRIAL and ASK_MORE only. Until searcher_exit the trial is
 * pending. ASK_DONE after the last of effort.trials, or when no configuration is left, and no trial
 * may go on any more. */
enum code searcher_ask(struct searcher *s, struct arena *a, struct proposal *ret,
                       struct entry *ret_entry, struct error *e) must_check;

/* Suggestions can be worked out by another thread, and ahead: searcher_prepare copies what was seen
 * up to an entry, preparation_run works, searcher_prepared hands the result in, and the next ask
 * proposes it. Until then an ask that needs the sampler answers ASK_WAIT; everything else goes on.
 * The entry tells by `seen` what the suggestion was based on: it is what an ask that knew no more
 * would propose. A trial that is reopened in between, or evidence, makes it
 * worthless, and it is dropped. What was prepared and not asked for is nowhere recorded. */
struct preparation;
/* `seen`: the entry; past the last: all of them. The last ask, the last reopening and evidence are
 * seen in any case. *ret is NULL where there is nothing to prepare: one
 * is ready or out, the next proposal needs no sampler (baseline, first points, replicates, the
 * end), or the sampler is instant. The preparation stays the searcher's. */
enum code searcher_prepare(struct searcher *s, int64_t seen, struct preparation **ret,
                           struct error *e) must_check;
/* Would an ask need one now? Not for a trial that goes on, nor where there is nothing to prepare
 * but for one being ready or out. */
bool searcher_needs_suggestion(const struct searcher *s);
/* Once, on any thread. It touches nothing but the preparation, the sampler, and what never changes:
 * so nothing else may be done to the searcher's sampler meanwhile (the searcher sees to that), and
 * the searcher must not be freed before it returns. */
void preparation_run(struct preparation *p);
/* It has run. What went wrong in it is told by the next ask. */
void searcher_prepared(struct searcher *s, struct preparation *p);

/* The trial's value (after `take`) as of `step`. Call it when step >= searcher_next_wanted(s,
 * trial, 0). A trial that was told to stop and reports on is told so again; its value isn't ranked.
 * Reaching the end of the budget is no decision: it is answered CONTINUE. */
enum code searcher_report(struct searcher *s, struct arena *a, int64_t trial, int64_t step,
                          double value, enum decision *ret, struct entry *ret_entry,
                          struct error *e) must_check;
/* The same, with how far each requirement is missed so far (struct result): of use where a choice
 * is made among paused trials. NULL: unknown. */
enum code searcher_report_excess(struct searcher *s, struct arena *a, int64_t trial, int64_t step,
                                 double value, const double *excess, enum decision *ret,
                                 struct entry *ret_entry, struct error *e) must_check;
/* The trial ended, for good (its retries are used up). value is NaN where it has none, step -1
 * where it reported none. */
enum code searcher_exit(struct searcher *s, struct arena *a, int64_t trial, enum outcome outcome,
                        int64_t step, double value, struct entry *ret_entry,
                        struct error *e) must_check;
/* The same for several objectives, or with requirements. */
enum code searcher_exit_result(struct searcher *s, struct arena *a, int64_t trial,
                               enum outcome outcome, int64_t step, const struct result *result,
                               struct entry *ret_entry, struct error *e) must_check;
/* What is known from elsewhere of a configuration: samplers learn from it, but it is no trial, and
 * it may be proposed. Before the first ask only (E_STATE). */
enum code searcher_evidence(struct searcher *s, struct arena *a, const struct config *config,
                            enum outcome outcome, int64_t step, const struct result *result,
                            struct entry *ret_entry, struct error *e) must_check;
/* A trial comes back to life by a person's wish (`retry` of a failed or stopped one): journalled as
 * an event {"event": "reopened"}, after which reports and an exit are taken for it again. */
enum code searcher_reopen(struct searcher *s, struct arena *a, int64_t trial,
                          struct entry *ret_entry, struct error *e) must_check;
/* The end of a budget is near: a slot that is free can still train `left` steps. While these are
 * fewer than a trial's largest budget (1 where there are no steps), paused trials that can still be
 * trained to the end come first, and nothing is started that can't get to a rung. Journalled as an
 * event {"event": "closing", "left"}: the searcher has no clock. More again reopens. */
enum code searcher_close(struct searcher *s, struct arena *a, int64_t left, struct entry *ret_entry,
                         struct error *e) must_check;
int64_t searcher_left(const struct searcher *s); /* the last that was said, or a largest budget */
/* Would more be started if there were more left? */
bool searcher_is_short(const struct searcher *s);
/* Rounded down to a number of steps that makes a difference: only those need to be said. */
int64_t searcher_round_left(const struct searcher *s, int64_t left);

/* The first step at or after `step` whose report it wants to see; INT64_MAX: none. A report that
 * jumps past a wanted step is wanted too: with 0, the least step that is. The end of the trial's
 * budget always is; of a trial that ended or was told to stop nothing is. */
int64_t searcher_next_wanted(const struct searcher *s, int64_t trial, int64_t step);

/* The resolved method that a begin entry tells, for settings of a search that goes on. */
enum code searcher_method_of(const struct entry *begin, struct arena *a, struct method *ret,
                             struct error *e) must_check;
/* Takes a recorded entry as it stands. E_CORRUPT when it can't follow what came before, and then
 * nothing has changed; E_VERSION when a newer engine began the search. Events are counted and
 * otherwise passed over (but for reopened). */
enum code searcher_apply(struct searcher *s, const struct entry *entry, struct error *e) must_check;
/* As apply, but decides again and compares: E_CORRUPT with both decisions where they differ;
 * E_VERSION where another engine decided. The number of trials isn't looked at, since it may have
 * changed. */
enum code searcher_recompute(struct searcher *s, const struct entry *entry,
                             struct error *e) must_check;

/* The configuration of a trial, as long as the searcher lives; NULL: there is no such trial. */
const struct config *searcher_config(const struct searcher *s, int64_t trial);
/* Whose checkpoint it began with, and of which step; 0: nobody's, or there is no such trial. */
int64_t searcher_parent(const struct searcher *s, int64_t trial, int64_t *ret_from);
/* proposal.hash of a trial; 0: there is no such trial. */
uint64_t searcher_hash(const struct searcher *s, int64_t trial);
/* Did another trial take its place? Then it trains no further. */
bool searcher_is_replaced(const struct searcher *s, int64_t trial);
/* The step at which it last went on so that its checkpoint was to be kept (proposal.keep); 0: it
 * never did, or it went on since. */
int64_t searcher_kept(const struct searcher *s, int64_t trial);
/* May a trial yet be asked for that begins with the trial's checkpoint of this step? */
bool searcher_may_copy(const struct searcher *s, int64_t trial, int64_t step);
/* Changes of effort while it runs (more trials); journalled by the caller as an event. */
void searcher_set_trials(struct searcher *s, int64_t trials);

int64_t searcher_last_seq(const struct searcher *s); /* of the last entry; 0: none yet */
int64_t searcher_last_ask(const struct searcher *s); /* the entry of the last trial; 0: none yet */
int64_t searcher_size(const struct searcher *s);     /* trials and evidence */
/* For plan: rungs (ascending steps), or 0. */
size_t searcher_rungs(const struct searcher *s, int64_t *ret_steps, size_t max);

const char *decision_name(enum decision d);
const char *outcome_name(enum outcome o);
const char *entry_kind_name(enum entry_kind k);
bool entry_kind_parse(struct str name, enum entry_kind *ret);

#endif
