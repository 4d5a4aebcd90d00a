/*
 * A world for the scheduler: a virtual clock, an executor whose attempts are rows in memory, a real
 * store on disk.
 *
 * Its workers are a list: what they are given runs, and its end is told, when `work_ns` have
 * passed; everything that came in between may have changed, and must not matter to it.
 *
 * Programs are described by a function of the trial: how long a step takes, what it reports, how it
 * ends. An attempt's events go into its spool, which outlives the controller (world_crash), and are
 * delivered in order of virtual time. What the scheduler asks of the executor is checked against
 * its contract: nothing is started before it is in the store, no trial runs twice at once, nothing
 * is answered or acknowledged that was not said.
 */
#ifndef TESTS_SCHED_WORLD_H
#define TESTS_SCHED_WORLD_H

#include "sched/scheduler.h"

enum { SPOOL_MAX = 64, ATTEMPTS_MAX = 4096, TRIALS_MAX = 1024 };

/* What a report holds: the metric "loss", the metric "ms", or both. */
enum said { SAID_LOSS, SAID_MS, SAID_BOTH };

/* How a step goes: takes `ns`, then reports `value`; or ends the attempt. */
enum turn { TURN_REPORT, TURN_EXIT, TURN_DIE };

struct step {
    enum turn turn;
    int64_t ns;
    double value, ms;
    enum said said;
    bool unfinished; /* there is more to report of this step */
    int64_t says;    /* the step that it names; 0: the one it has done */
    int exit_code;   /* TURN_EXIT, TURN_DIE: of the program; -1: the supervisor dies too */
    bool waits;      /* asks for the decision */
    bool infeasible;
};

struct spooled {
    enum frame_type type;
    int64_t seq, step;
    double value, ms;
    enum said said;
    bool waits, infeasible;
    enum wire_reason reason;
    int exit_code;
};

struct fake_attempt {
    int64_t id, trial; /* trial: number; of a second search plus 100, of a third plus 200, ... */
    int64_t steps, step;
    int parts;     /* of the step, reported so far */
    int overtime;  /* reports since it was told to end */
    int64_t wakes; /* virtual time of its next event; INT64_MAX: waits for an answer, or is over */
    int64_t step_ns;  /* how long its step takes once it was answered */
    int64_t asked_at; /* seq of the report it waits for; 0: none */
    int64_t gone_at;  /* virtual time at which its supervisor, that lingered, is gone */
    enum verdict verdict;
    bool alive, adopted, gone_told, over;
    int n_spool, delivered;
    int64_t acked;
    struct spooled spool[SPOOL_MAX];
    char devices[32], checkpoint[160];
};

/* Given to the workers. */
struct fake_work {
    void (*run)(void *);
    void (*done)(void *);
    void *self;
    int64_t due; /* virtual time */
};

enum { WORK_MAX = 16 };

struct world {
    struct executor executor; /* first */
    struct virtual_clock time;
    struct store *store;
    struct scheduler *scheduler;
    struct executor_listener listener;
    struct devices *devices;
    char dir[64], where[96];
    struct step (*program)(struct world *w, struct fake_attempt *a);
    unsigned jitter;              /* of durations; 0: none */
    int deaf;                     /* reports that programs still make after they were told to end */
    int64_t progress[TRIALS_MAX]; /* its checkpoint: the last step that was done */
    bool checkpoints; /* it is in a file, "steps" in its folder: a line a step, with the number of
                         the trial that did it */
    int attempts_of[TRIALS_MAX];
    size_t n;
    struct fake_attempt attempts[ATTEMPTS_MAX];
    int running, most_running;
    bool no_workers;     /* everything is made on the spot */
    bool workers_refuse; /* no work is taken */
    int64_t work_ns;     /* how long a suggestion takes, jitter aside */
    int64_t linger_ns;   /* how long a supervisor stays after its program */
    struct fake_work work[WORK_MAX];
    int n_work;
    int64_t n_worked;  /* pieces of work done */
    int64_t idle_ns;   /* virtual time that slots stood idle between two trials, all together */
    int64_t last_exit; /* virtual time */
    bool starved;      /* a trial ended and none was started since */
    struct event last_ended;
    int events[EVENT_NOTE + 1];
    int64_t crash_after; /* commits until the controller dies; 0: never */
    int64_t turns;
};

/* Programs that train to the end of their steps, a second each: trials differ, and get better. One
 * asks for the decision each time, the other never. */
double world_loss(const struct fake_attempt *a);
struct step world_asks(struct world *w, struct fake_attempt *a);
struct step world_never_asks(struct world *w, struct fake_attempt *a);

struct world *world_new(void);
void world_free(struct world *w);
/* A controller begins (again). */
void world_start(struct world *w, int cpus);
/* It is gone, with all it had not committed; attempts run on. */
void world_crash(struct world *w);
/* A controller begins again and goes on with a search, unless that is over. */
void world_take_up(struct world *w, int cpus, struct search_id id);
struct search_id world_submit(struct world *w, const char *yaml);
/* Lets time pass until nothing can happen any more, or until `turns` events came (0: no limit). */
void world_run(struct world *w, int64_t turns);
/* The whole journal as text, but for its times. */
void world_journal(struct world *w, struct search_id id, struct buf *b);
int64_t world_count(struct world *w, struct search_id id, enum trial_state state);
enum search_state world_state(struct world *w, struct search_id id);

#endif
