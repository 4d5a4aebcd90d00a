/*
 * `trawl simulate`: what its files share.
 *
 *   simulate.c         the command: options to a simulation
 *   simulate_run.c     one run: the real scheduler and searcher on exec/sim and a store in memory
 *   simulate_repeat.c  many runs, on threads, and what they come to
 *   simulate_program.c an objective that runs the program
 *   simulate_show.c    what is printed
 *
 * `trawl plan` makes its forecast of the same runs (plan_forecast.c).
 */
#ifndef API_SIMULATE_H
#define API_SIMULATE_H

#include "api/command.h"
#include "conf/settings.h"
#include "exec/sim/cluster.h"
#include "search/allocator.h"

/* What all runs share; nothing of it changes while they run. */
struct simulation {
    struct settings *settings; /* each run loads them again, with its own seed */
    struct arena arena;
    struct str objective; /* in words */
    uint64_t seed;        /* of the first run; the next one's is one more */
    int workers;
    int64_t report_every;
    bool from_scratch;
    bool has_target;
    double target;
    struct cluster cluster; /* but for its seed, and where a program is run, its objective */
    bool runs_program;
    char *directory; /* of the file: where a program is run */

    /* Of a forecast; elsewhere all is zero. */
    bool forecasts;              /* the objective is one of ranks, and the only measure */
    const struct method *method; /* in place of the file's */
    bool timeless;               /* no one knows how long steps take: time and cost end nothing */
    int64_t step_time_ns;        /* as the search knows it when it begins; 0: it doesn't */
    size_t n_rungs;
    int64_t rungs[RUNGS_MAX];
};

/* A report that was better than all before. */
struct improvement {
    int64_t ns; /* since the search began */
    int64_t steps, trial, step;
    double value;
};

/* What a run came to. */
struct simulated {
    struct arena arena;
    uint64_t seed;
    struct str method, why_method; /* as resolved */
    enum search_state state;
    struct str why; /* why it ended; may be empty */
    int64_t ns;     /* how long it took, in the cluster's time */
    int64_t counts[TRIAL_STATE_COUNT];
    int64_t trials;
    struct sim_totals totals;
    double utilisation;          /* the share of the workers' time in which attempts ran */
    int64_t full, first_full_ns; /* reports of the last step (of a trial's own, where it has
                                    steps of its own); the first's time, or -1 */
    bool has_best;
    struct trial_row best; /* as `trawl best` ranks */
    struct improvement *trace;
    size_t n_trace, trace_capacity;
    int64_t reach[RUNGS_MAX]; /* of a forecast: trials that got to each rung */
    double rank;              /* and what the best would come to at the end, among all; NaN: none */
    int64_t *furthest;        /* by trial - 1, as far as n_furthest */
    size_t n_furthest;
    int64_t target_ns, target_steps; /* when a report reached the target; -1: none did */
};

/* What the program of the settings prints when it is run with a trial's parameters: once for each
 * trial, and again where it is to be trained further than it was. It runs in `directory`, with a
 * checkpoint folder of its own that lasts from one to the next; standard output and error are read
 * for the metric as a supervisor does. Exit 65 is infeasible, another status a failure. Settings
 * and directory are borrowed. Not to be shared between runs. */
enum code objective_program(const struct settings *st, const char *directory, struct objective *ret,
                            struct error *e) must_check;

enum code simulation_run(const struct simulation *x, uint64_t seed, struct simulated *ret,
                         struct error *e) must_check;
void simulated_free(struct simulated *r);

/* ret[i] is the run of seed + i. `jobs` threads; what they come to does not depend on how many. On
 * failure nothing is left to free. */
enum code simulation_repeat(const struct simulation *x, size_t n, int jobs, struct simulated *ret,
                            struct error *e) must_check;

/* Of one measure over runs, those that have none left out. */
struct spread_of {
    size_t n;
    double mean, low, high; /* the mean and its 95 % interval; NaN where n is too small */
    double median, q10, q90;
};
struct spread_of spread_of(double *v, size_t n); /* reorders v */

enum code simulation_print(struct screen *out, const struct simulation *x,
                           const struct simulated *runs, size_t n, struct error *e) must_check;
enum code simulation_json(struct screen *out, const struct simulation *x,
                          const struct simulated *runs, size_t n, struct error *e) must_check;

#endif
