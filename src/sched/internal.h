/*
 * The scheduler's own structures. Only src/sched includes this.
 *
 * Live trials are kept in memory while they are queued, running or paused; a trial that ended is
 * only in the store (and, as a few numbers, in the searcher). Live attempts are found by id in a
 * sorted array: ids only grow.
 */
#ifndef SCHED_INTERNAL_H
#define SCHED_INTERNAL_H

#include "sched/pace.h"
#include "sched/scheduler.h"

enum {
    LOST_MAX = 20,         /* attempts a trial may lose to crashes before that counts as failing */
    ALIKE_FAILURES = 3,    /* first attempts that fail alike end the search */
    COMMIT_POINTS = 20000, /* metric points that may wait for a commit */
    TRIAL_ARENA_MAX = 4 << 20,
    SPEC_ARENA_MAX = 8 << 20
};
#define COMMIT_DELAY_NS (100 * NS_PER_MS)

/* What a person wants of a trial, once its attempt is gone. */
enum wish { WISH_NONE, WISH_PAUSE, WISH_STOP, WISH_CANCEL };

/* Where a trial stands that its allocator pauses at rungs. */
enum rung_state {
    RUNG_CLIMBS,  /* on its way, as any other trial */
    RUNG_WAITS,   /* paused by the allocator; only the allocator lets it go on */
    RUNG_GOES_ON, /* it may go on, as soon as the attempt that was paused is gone */
};

/* `take`: a measure's value out of the reports so far. A step that a later attempt did again counts
 * once. */
struct taken {
    int64_t reports, step;
    int attempt; /* of the last; 0: out of the store */
    double best, last;
    double *ring; /* the last k, for mean(k) */
    int k;
};

/* A report or an exit that waits for its trial's turn (order: fixed). */
struct deferred {
    struct deferred *next;
    bool exit;
    enum outcome outcome;
    int64_t step, seq;
    double value;
    bool waits;
};

struct live_trial {
    struct search *search;
    struct arena arena;
    struct trial_row row;
    struct config config;
    struct taken *taken;      /* a measure each */
    struct taken first_taken; /* theirs, where there is one measure */
    int64_t furthest;         /* the highest step of any report; -1: none */
    struct live_attempt *attempt;
    int attempts, lost;
    int64_t began_from; /* the highest step that an attempt began at */
    int readers;        /* copies of its checkpoint that are to be made */
    bool awaits_copy;   /* of its parent's checkpoint, or of its own */
    enum wish wish;
    enum rung_state rung;
    /* keeping.c */
    bool copying;  /* a copy of its checkpoint is being made: no attempt begins */
    bool has_kept; /* kept: the best value that was looked at */
    double kept;
    int64_t kept_step; /* the highest step that was */
    bool dirty;        /* row differs from the store's */
    bool stop_decided; /* by the allocator */
    bool exit_fed;     /* the searcher knows its end */
    struct deferred *first, *last;
    struct live_trial *next_over; /* of those that may be dropped */
    bool listed_over;
};

/* In the order of their numbers; one that was dropped leaves its slot until there are many. */
struct trial_slot {
    int64_t number;
    struct live_trial *trial; /* NULL: it was dropped */
};

struct live_attempt {
    struct attempt_row row;
    struct arena arena; /* row's texts and the spec's */
    struct live_trial *trial;
    struct wire_spec spec;
    int64_t handled; /* last seq handled, perhaps not committed yet */
    bool ack_due, dirty, exited;
    bool infeasible;
    enum verdict told;
    int64_t paced_step, paced_at; /* of its last report; 0: none yet, below 0: not from its start */
    struct live_attempt *previous, *next; /* of those that were touched */
    bool touched;
};

/* A checkpoint that is copied, or waits to be (hand_on.c). */
struct handing {
    struct handing *next;
    struct scheduler *s;
    struct search_id search;
    int64_t trial;        /* that waits for it */
    int64_t source, step; /* whose checkpoint, of which step; its own: it is to be kept */
    bool durable, out;    /* the copy is to be; it was begun */
    char *from, *to;      /* NULL until then */
    enum code code;
    struct error error;
};

/* A checkpoint that was kept for others. */
struct handed {
    struct search_id search;
    int64_t trial, step;
};

/* Done after the commit, in order. */
enum action_kind {
    ACTION_START,
    ACTION_ADOPT,
    ACTION_ANSWER,
    ACTION_HOLD,
    ACTION_VERDICT,
    ACTION_FORGET
};

struct action {
    enum action_kind kind;
    int64_t attempt, seq, next_wanted;
    enum verdict verdict;
};

/* One that is being made (ahead.c). */
struct suggestion {
    struct searcher *searcher;
    struct preparation *preparation; /* NULL: none is */
};

struct search {
    struct search *next;
    struct search_id id;
    struct settings *settings;
    struct searcher *searcher;
    struct suggestion suggestion;
    struct arena arena;
    struct snapshot snapshot;
    char code_gone[400]; /* why its snapshot can't be read; empty: it can */
    char *directory;
    const struct str *keep; /* NAME=value */
    size_t n_keep;
    struct method method;
    struct str method_text;
    uint64_t seed;
    int parallel;
    enum search_state state;
    bool open_for_asks;   /* the searcher may be asked for more */
    bool over_budget;     /* time, steps or cost used up */
    const char *short_of; /* which of them has no room for a whole trial; NULL: none */
    bool told_ended;      /* EVENT_SEARCH_ENDED went out */
    char why[512];
    struct trial_slot *trials;                   /* by number */
    size_t n_trials, trials_capacity, n_dropped; /* n_trials: slots, of which some are empty */
    int64_t *queue; /* a heap of numbers, the lowest first; some may not be queued any more */
    size_t n_queue, queue_capacity;
    struct live_trial *over; /* may be dropped, once nothing of them waits */
    int64_t *spare; /* trials that are over, whose checkpoints may go unless they are the best */
    size_t n_spare, spare_capacity;
    bool spare_new; /* some are, or the best may be another */
    int running;    /* live attempts */
    int handings;   /* trials that wait for a copy of a checkpoint */
    int64_t counts[TRIAL_STATE_COUNT];
    int64_t last_report;          /* of those that were replayed: its time */
    int64_t elapsed_ns, since_ns; /* time used before `since`; since 0: the clock stands */
    int64_t steps_used;
    double slot_ns_used;
    struct pace pace, earlier; /* measured here; given, or from earlier searches of the space */
    int64_t slot_since_ns;
    /* fail-fast */
    int ended_attempts, alike;
    enum attempt_reason first_reason;
    int first_exit, first_signal;
    /* order: fixed */
    int64_t turn;  /* the trial whose events may be fed; 0: any */
    int64_t asked; /* trials asked for so far */
    /* incumbent, as the store ranks; of several objectives the front */
    bool has_best;
    int64_t best_trial, best_step;
    bool best_completed;
    double best_value;
    struct front_point {
        double values[OBJECTIVES_MAX];
    } * front;
    size_t n_front, front_capacity;
};

struct scheduler {
    struct scheduler_options o;
    char *store_dir, *runtime_dir;
    struct executor *executor;
    struct search *searches;
    struct attempt_slot {
        int64_t id;
        struct live_attempt *at;
    } * attempts; /* by id */
    size_t n_attempts, attempts_capacity;
    struct live_attempt *found;   /* by the last look-up; NULL: none */
    struct live_attempt *touched; /* acknowledgements are due, or rows differ from the store's */
    struct chore *chores;         /* keeping.c: what workers do */
    struct action *actions, *acting;
    size_t n_actions, actions_capacity, acting_capacity;
    struct handing *handings;
    struct handed *handed;
    size_t n_handed, handed_capacity;
    struct arena events_arena; /* texts of queued events */
    struct event *events;
    size_t n_events, events_capacity;
    struct event nowhere; /* an event there was no memory for */
    bool in_transaction, urgent, only_first;
    int64_t commit_by; /* monotonic; INT64_MAX: nothing waits */
    size_t waiting_points;
    bool settling;
    struct error fatal;
    bool is_fatal;
};

/* scheduler.c */
bool sched_ok(struct scheduler *s);
void sched_die(struct scheduler *s, const struct error *e);
/* Opens the transaction if none is; urgent: commit at the next settle, else within COMMIT_DELAY. */
bool sched_write(struct scheduler *s, bool urgent);
/* Takes over a store call's result: on failure the scheduler is dead. */
bool sched_took(struct scheduler *s, enum code c, const struct error *e);
void sched_act(struct scheduler *s, struct action a);
struct event *sched_event(struct scheduler *s, enum event_kind kind, const struct search *q,
                          const struct live_trial *t);
struct str sched_text(struct scheduler *s, struct str text);
int64_t sched_real(const struct scheduler *s);
int64_t sched_mono(const struct scheduler *s);

/* search.c */
/* Takes settings over, also on failure. */
struct search *search_new(struct settings *st, struct error *e);
enum code search_make_searcher(struct scheduler *s, struct search *q, struct error *e) must_check;
/* Fills in what EVENT_SEARCH_STARTED says. */
void search_describe(struct scheduler *s, const struct search *q, struct event *ev);
void search_say_started(struct scheduler *s, struct search *q);
struct search *search_find(struct scheduler *s, struct search_id id);
bool search_journal(struct scheduler *s, struct search *q, const struct entry *entry);
/* Journals {"event": name}; one of the search as a whole with "elapsed_ns", the time used up. */
bool search_note_event(struct scheduler *s, struct search *q, int64_t trial, const char *name);
/* {"event": "preempted", "attempt": its number}. */
bool search_note_preempted(struct scheduler *s, const struct live_attempt *at);
void search_set_state(struct scheduler *s, struct search *q, enum search_state state,
                      const char *why);
/* It failed, and nothing more of it runs. */
void search_fail(struct scheduler *s, struct search *q, const char *why);
void search_free(struct search *q);
/* Ends the search when nothing is left to do. */
void search_finish_if_done(struct scheduler *s, struct search *q);
/* Is the snapshot that its trials run from not what was taken, or gone? Then why says what. */
bool search_code_changed(const struct scheduler *s, const struct search *q, char why[400]);

/* budget.c */
void search_clock_start(struct scheduler *s, struct search *q);
void search_clock_stop(struct scheduler *s, struct search *q);
int64_t search_elapsed(const struct scheduler *s, const struct search *q);
double search_cost(const struct scheduler *s, const struct search *q);
void search_slots_changed(struct scheduler *s, struct search *q, int by);
/* A trial got from step `from` to `to` (below 0: none). What programs say a step is may be
 * anything: the sum stays where it can go no further. */
void search_count_steps(struct search *q, int64_t from, int64_t to);
/* Ends it when one of them is used up: what runs is told to stop, what waits keeps its value. */
void search_check_budget(struct scheduler *s, struct search *q);
int64_t search_budget_deadline(const struct scheduler *s, const struct search *q);
/* As it was measured here, else as it was before. */
struct pace search_pace(const struct search *q);
/* Steps that a slot which is free now can still train, as searcher_round_left has them; *ret_of:
 * which budget says so, or NULL where there is room for a whole trial. */
int64_t search_left(const struct scheduler *s, const struct search *q, const char **ret_of);
/* What is known of its pace before it runs, where its time or cost is limited. */
enum code search_learn_pace(struct scheduler *s, struct search *q, struct error *e) must_check;

/* replay.c */
enum code search_replay(struct scheduler *s, struct search *q, const struct search_row *row,
                        struct error *e) must_check;
/* What the trial's value is made of, from the reports in the store. Those of a step past `fed` are
 * new to the searcher where it hears them in order; INT64_MAX: none is. */
enum code replay_taken(struct scheduler *s, struct live_trial *t, int64_t fed,
                       struct error *e) must_check;

/* The value as of a step: of its reports up to there. *ret stays as it is where the store has none.
 */
enum code replay_value_at(struct scheduler *s, const struct live_trial *t, int64_t step,
                          double *ret, struct error *e) must_check;

/* trial.c */
int64_t trial_full_steps(const struct live_trial *t); /* what it trains that trains to the end */
struct live_trial *live_trial_find(struct search *q, int64_t number);
/* Does an attempt of it run? One that has ended stays a while, since supervisors linger. */
bool live_trial_runs(const struct live_trial *t);
/* config NULL: it is read from the row's parameters. */
struct live_trial *live_trial_add(struct scheduler *s, struct search *q,
                                  const struct trial_row *row, const struct config *config,
                                  struct error *e) must_check;
void live_trial_drop(struct search *q, struct live_trial *t);
bool live_trial_save(struct scheduler *s, struct live_trial *t);
void trial_set_state(struct scheduler *s, struct live_trial *t, enum trial_state state);
/* A final state; feeds the searcher and lets go of the trial. */
void trial_end(struct scheduler *s, struct live_trial *t, enum trial_state state, struct str why);
/* Tells the live attempt, if the verdict is stronger than what it was told. */
void trial_tell(struct scheduler *s, struct live_trial *t, enum verdict v);

/* queue.c */
/* It is queued, and no attempt of it is left: it may start. Else nothing happens. */
void queue_offer(struct scheduler *s, struct live_trial *t);
/* The lowest number that may start; NULL: none may. */
struct live_trial *queue_first(struct search *q);
/* Its end is fed, and no attempt of it is left: it may be dropped. Else nothing happens. */
void over_offer(struct live_trial *t);
void over_forget(struct live_trial *t);
/* Drops those that may be. */
void over_drop(struct scheduler *s, struct search *q);

/* taken.c */
enum code trial_prepare_taken(struct live_trial *t) must_check;
void trial_free_taken(struct live_trial *t);
/* A report, which is not late: the measure's value with it. */
double trial_take(struct live_trial *t, size_t measure, int64_t step, double value);
/* Does the measure have a report of a later step? */
bool trial_is_late(const struct live_trial *t, size_t measure, int64_t step);
/* Writes a measure's value into the row, with what it says of the requirements. */
void trial_score(struct live_trial *t, size_t measure, double value);
struct result trial_result(const struct live_trial *t);
/* Of several objectives, was one never reported? */
bool trial_lacks_objective(const struct live_trial *t, size_t *ret_measure);
/* Says so. detail: its supervisor's. */
enum code trial_say_lack(struct scheduler *s, const struct live_trial *t, size_t measure,
                         struct str detail, struct buf *b, struct error *e) must_check;

/* front.c: is it the best now, or on the front? */
void trial_consider_best(struct scheduler *s, struct live_trial *t);

/* attempt.c */
struct live_attempt *live_attempt_find(struct scheduler *s, int64_t id);
/* Inserts a new attempt and queues its start. */
bool live_attempt_begin(struct scheduler *s, struct live_trial *t);
/* Takes up one that is in the store. */
enum code live_attempt_adopt(struct scheduler *s, struct live_trial *t,
                             const struct attempt_row *row, struct error *e) must_check;
void live_attempt_drop(struct scheduler *s, struct live_attempt *at);
/* Its row or its trial's is to be saved, or an acknowledgement is due. */
void live_attempt_touch(struct scheduler *s, struct live_attempt *at);
void live_attempt_untouch(struct scheduler *s, struct live_attempt *at);
bool live_attempt_save(struct scheduler *s, struct live_attempt *at);
/* The attempt ended; moves its trial on. */
void live_attempt_ended(struct scheduler *s, struct live_attempt *at, enum attempt_reason reason,
                        int exit_code, int signal, struct str detail);

/* spec.c */
/* All but the configuration file, which only a start needs: an attempt that runs is taken up again
 * whatever became of the base. */
enum code spec_build(struct scheduler *s, struct live_attempt *at, struct error *e) must_check;
enum code spec_config(struct live_attempt *at, struct error *e) must_check;

/* feed.c: what the searcher hears, and in which order. */
void feed_report(struct scheduler *s, struct live_trial *t, int64_t step, double value, int64_t seq,
                 bool waits);
void feed_exit(struct scheduler *s, struct live_trial *t, enum outcome outcome);
/* Answers a report of the live attempt. */
void feed_answer(struct scheduler *s, struct live_trial *t, int64_t seq, int64_t step);
/* Asks for new trials while slots and the order allow. */
void feed_asks(struct scheduler *s, struct search *q);
/* The program ended by itself at the end of its steps: that is a report of its rung, whatever its
 * last step was called. Where it had gone on past the rung while it was paused at an earlier one,
 * the value is that of then. Does the trial wait there now? */
bool feed_rung_reached(struct scheduler *s, struct live_trial *t);
/* Nothing more goes on: trials that wait at a rung have ended there. */
void feed_end_waiting(struct scheduler *s, struct search *q);
bool feed_may_start(const struct scheduler *s, const struct search *q);
int64_t feed_next_wanted(const struct live_trial *t, int64_t after);
void feed_forget(struct live_trial *t);

/* ahead.c: suggestions, made by workers. */
/* Before an ask: what it needs is begun, if it isn't already. */
void ahead_needed(const struct scheduler *s, struct search *q);
/* After a trial was asked for: the next one is begun, where that is due. */
void ahead_taken(const struct scheduler *s, struct search *q);
/* Is one being made? Then an ask may be told to wait; scheduler_settle is called when it is made.
 */
bool ahead_is_out(const struct search *q);

/* events.c: the executor's listener. */
void events_frame(void *self, int64_t attempt, const struct frame *f);
void events_gone(void *self, int64_t attempt);
void events_settled(void *self);

#endif
