/*
 * A search on exec/sim and a store in memory, with a program that a test makes up.
 */
#ifndef TESTS_SCHED_SIMULATED_H
#define TESTS_SCHED_SIMULATED_H

#include "exec/sim/sim.h"
#include "sched/scheduler.h"

struct simulated {
    struct virtual_clock clock;
    struct store *store;
    struct scheduler *scheduler;
    struct executor *executor;
    struct search_id id;
    /* The program: a step a second, for ever, unless `course` says otherwise; NULL: it doesn't. */
    void (*course)(struct simulated *w, const struct sim_attempt *a, struct sim_course *c);
    double (*value)(struct simulated *w, const struct sim_attempt *a, int64_t step);
    int64_t report_every;
    bool from_scratch, keep_going;
    int64_t reports;
    int attempts_of[1024]; /* by trial */
    int running, most_running;
};

/* Defaults: reports each step, from checkpoints. */
void simulated_init(struct simulated *w);
/* Submits and runs until it ends. */
void simulated_run(struct simulated *w, const char *yaml);
/* Submits only; turns: how many, 0: until it ends. */
void simulated_begin(struct simulated *w, const char *yaml);
void simulated_turns(struct simulated *w, int64_t turns);
/* The controller and all that runs dies, with all that was not committed; another begins and takes
 * the search up. */
void simulated_restart(struct simulated *w);
void simulated_free_world(struct simulated *w);

int64_t simulated_count(struct simulated *w, enum trial_state state);
enum search_state simulated_state(struct simulated *w);
struct trial_row simulated_trial(struct simulated *w, int64_t number, struct arena *a);
/* Entries of the journal of this kind, whose text holds `part`. */
int64_t simulated_entries(struct simulated *w, const char *kind, const char *part);
/* The whole journal as text, but for its times. */
void simulated_journal(struct simulated *w, struct buf *b);

#endif
