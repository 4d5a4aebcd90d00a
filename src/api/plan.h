/*
 * `trawl plan`: what its files share.
 *
 *   plan.c           the command: the file, what earlier searches tell, the method
 *   plan_forecast.c  the search itself, simulated
 *   plan_advice.c    a space that is too large for the budget: what to fix
 *   plan_show.c      what is printed
 *   plan_json.c      the same as JSON
 */
#ifndef API_PLAN_H
#define API_PLAN_H

#include "api/simulate.h"
#include "sched/pace.h"

/* How long a step takes, and who says so. */
enum pace_source { PACE_UNKNOWN, PACE_EARLIER, PACE_OPTION, PACE_FILE };
enum keeping { KEEPS_UNKNOWN, KEEPS_CHECKPOINTS, KEEPS_NOTHING };

struct step_times {
    enum pace_source source;
    struct pace pace;
    struct paced_trials earlier;
    struct measured_time *v;      /* of each earlier trial, by step */
    size_t n, n_apart;            /* n_apart: of which a step can be told from the start */
    double low, median, high, sd; /* sd: of what is not known of their mean's logarithm */
    struct amount step, start_up; /* PACE_OPTION */
    enum keeping keeps;
};

/* What many simulated runs came to. */
struct forecast {
    char none[200]; /* why there is none; empty: there is one */
    size_t n_runs;
    struct spread_of trials, attempts, steps, again, full, seconds, slot_hours, cost, utilisation;
    struct spread_of reach[RUNGS_MAX];
    double rank; /* of the best among all configurations, at the end; 0: the best there is */
    /* Random search, every trial to the end, until its best is expected to be as good. */
    bool has_random;
    double random_trials, random_steps, random_seconds; /* seconds NaN: not known */
};

/* A parameter that might be fixed, best candidates first. */
struct fixable {
    const struct param *param;
    double share; /* of the differences between earlier trials; NaN: none tell */
    const char *why;
    int frees; /* dimensions */
};
enum { FIXABLE_MAX = 5 };

struct advice {
    bool few;          /* trials for the dimensions */
    int64_t trials;    /* that are expected; 0: not known */
    int64_t wanted;    /* as many would do */
    size_t n_evidence; /* earlier trials that say something */
    size_t n;
    struct fixable v[FIXABLE_MAX];
};

struct plan {
    struct settings *st;
    struct arena arena;
    struct method method;
    struct effort effort;
    size_t n_rungs;
    int64_t rungs[RUNGS_MAX];
    int dimensions;
    int64_t count; /* configurations; 0: infinitely many */
    bool exact;
    struct step_times times;
    int64_t expected;                  /* trials, in closed form; 0: not known */
    struct forecast forecast, scratch; /* scratch: where trials pause, without checkpoints */
    bool has_scratch;
    struct advice advice;
};

/* Fills in forecast and scratch. */
enum code plan_forecast(struct plan *p, struct error *e) must_check;
/* Fills in advice. store NULL: there is none. */
enum code plan_advise(struct plan *p, struct store *store, struct error *e) must_check;
enum code plan_print(struct screen *out, const struct plan *p, struct error *e) must_check;
enum code plan_json(struct screen *out, const struct plan *p, struct error *e) must_check;

#endif
