/*
 * The forecast: the search itself - scheduler, searcher, allocator - on a simulated cluster, many
 * times.
 *
 * Two things are made up. Samplers that take their time are stood in for by random, since which
 * configuration comes next changes neither how many there are nor how long they train. And what a
 * trial reports is a rank (exec/sim/objective.h), with curves that cross.
 *
 * The comparison: of m configurations drawn at random the best is expected at the quantile
 * 1 / (m + 1) of all. So the mean rank q of the best of the simulated searches is what random
 * search has after 1 / q - 1 trials to the end. Both draw at random: what a model adds is not
 * counted.
 */
#include "api/plan.h"

#include "base/number.h"
#include "search/expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Events in all, and how many runs that may be: a second or so. */
#define EVENTS_IN_ALL   800000
#define ATTEMPTS_IN_ONE 300000
enum { RUNS_LEAST = 6, RUNS_MOST = 200, JOBS_MOST = 64, DENSE_STEPS = 30 };

/* --- what is simulated --- */

static bool limits_time(const struct settings *st)
{
    return st->time_ns > 0 || st->cost > 0;
}

static const char *why_not(const struct plan *p)
{
    const struct settings *st = p->st;
    bool timed = limits_time(st) && p->times.source != PACE_UNKNOWN;
    bool ends = st->effort.trials > 0 || (st->steps_total > 0 && st->effort.has_steps) ||
                p->count > 0 || timed;
    if (p->dimensions == 0)
        return "there is nothing to choose";
    if (!ends && st->steps_total > 0)
        return "how many steps a trial takes is not known: say search.budget";
    if (!ends && limits_time(st))
        return "how long a step takes is not known: say --step-time";
    if (!ends)
        return "nothing ends the search: say --trials or --time";
    double attempts = (double)p->expected * expect_attempts(&p->method, &p->effort);
    if (attempts > ATTEMPTS_IN_ONE)
        return "too many trials to simulate";
    return NULL;
}

static enum code constant(struct plan *p, double seconds, const char *name, struct amount *ret,
                          struct error *e)
{
    struct buf b;
    buf_init(&b, 64);
    number_write(&b, seconds);
    enum code c = amount_parse(&p->arena, buf_view(&b), name, p->st->space, ret, e);
    buf_free(&b);
    return c;
}

/* Not known: a step takes a second, which nobody is told. */
static enum code set_times(struct plan *p, struct cluster *c, struct error *e)
{
    const struct step_times *t = &p->times;
    double step = t->source == PACE_UNKNOWN ? 1 : t->median;
    double start = pace_start_ns(&t->pace) / (double)NS_PER_S;
    if (t->source == PACE_OPTION) {
        c->step_time = t->step;
        c->start_up = t->start_up;
        return OK;
    }
    if (t->source == PACE_EARLIER)
        c->measured = (struct measured_times){t->n, t->v, t->sd};
    enum code code = constant(p, step, "step time", &c->step_time, e);
    return code == OK ? constant(p, start, "start", &c->start_up, e) : code;
}

static enum code set_up(struct plan *p, const struct method *method, bool from_scratch,
                        struct simulation *ret, struct error *e)
{
    const struct settings *st = p->st;
    int64_t last = st->effort.has_steps ? st->effort.max_steps : 0;
    bool dense = st->steps_total > 0 || last <= DENSE_STEPS;
    *ret = (struct simulation){.settings = p->st,
                               .seed = 1,
                               .workers = p->effort.parallel,
                               .report_every = dense ? 1 : INT64_MAX / 2,
                               .from_scratch = from_scratch,
                               .forecasts = true,
                               .method = method,
                               .timeless = p->times.source == PACE_UNKNOWN,
                               .n_rungs = p->n_rungs};
    for (size_t i = 0; i < p->n_rungs && i < RUNGS_MAX; i++)
        ret->rungs[i] = p->rungs[i];
    ret->step_time_ns = (int64_t)pace_step_ns(&p->times.pace);
    enum code code = set_times(p, &ret->cluster, e);
    return code == OK ? objective_ranks(last, st->minimize[0], &ret->cluster.objective, e) : code;
}

/* --- what it comes to --- */

typedef double (*measure_of)(const struct simulated *r, const void *with);

static enum code spread(const struct simulated *runs, size_t n, measure_of of, const void *with,
                        struct spread_of *ret, struct error *e)
{
    double *v = calloc(n + 1, sizeof(*v));
    if (!v)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++)
        v[i] = of(&runs[i], with);
    *ret = spread_of(v, n);
    free(v);
    return OK;
}

static double of_trials(const struct simulated *r, const void *with)
{
    return (double)r->trials;
}

static double of_attempts(const struct simulated *r, const void *with)
{
    return (double)r->totals.attempts;
}

static double of_steps(const struct simulated *r, const void *with)
{
    return (double)r->totals.steps;
}

static double of_again(const struct simulated *r, const void *with)
{
    return (double)r->totals.again;
}

static double of_full(const struct simulated *r, const void *with)
{
    return (double)r->full;
}

static double of_seconds(const struct simulated *r, const void *with)
{
    return (double)r->ns / (double)NS_PER_S;
}

static double of_utilisation(const struct simulated *r, const void *with)
{
    return r->utilisation;
}

static double of_slot_hours(const struct simulated *r, const void *with)
{
    const struct plan *p = with;
    return r->utilisation * (double)r->ns / (double)NS_PER_S / 3600 * p->effort.parallel;
}

static double of_cost(const struct simulated *r, const void *with)
{
    const struct plan *p = with;
    return of_slot_hours(r, with) * p->st->cost_per_slot_hour;
}

static double of_rung(const struct simulated *r, const void *with)
{
    return (double)r->reach[*(const size_t *)with];
}

static enum code gather(const struct plan *p, const struct simulated *runs, size_t n,
                        struct forecast *f, struct error *e)
{
    const struct {
        measure_of of;
        struct spread_of *ret;
    } v[] = {{of_trials, &f->trials},
             {of_attempts, &f->attempts},
             {of_steps, &f->steps},
             {of_again, &f->again},
             {of_full, &f->full},
             {of_seconds, &f->seconds},
             {of_slot_hours, &f->slot_hours},
             {of_cost, &f->cost},
             {of_utilisation, &f->utilisation}};
    enum code c = OK;
    for (size_t i = 0; c == OK && i < sizeof(v) / sizeof(v[0]); i++)
        c = spread(runs, n, v[i].of, p, v[i].ret, e);
    for (size_t i = 0; c == OK && i < p->n_rungs; i++)
        c = spread(runs, n, of_rung, &i, &f->reach[i], e);
    f->n_runs = n;
    size_t ranked = 0;
    for (size_t i = 0; i < n; i++) {
        f->rank += isnan(runs[i].rank) ? 0 : runs[i].rank;
        ranked += !isnan(runs[i].rank);
    }
    f->rank = ranked > 0 ? f->rank / (double)ranked : (double)NAN;
    return c;
}

static void compare(const struct plan *p, struct forecast *f)
{
    double full = p->effort.own_steps   ? p->effort.mean_steps
                  : p->effort.has_steps ? (double)p->effort.max_steps
                                        : 1;
    double step = pace_step_ns(&p->times.pace), start = pace_start_ns(&p->times.pace);
    if (p->method.allocator == &allocator_full || !(f->rank > 0) || f->full.mean < 1)
        return;
    double m = 1 / f->rank - 1;
    if (p->count > 0 && m > (double)p->count)
        m = (double)p->count;
    m = m < 1 ? 1 : m;
    int slots = p->effort.parallel;
    f->has_random = true;
    f->random_trials = m;
    f->random_steps = m * full;
    f->random_seconds = p->times.source == PACE_UNKNOWN
                            ? (double)NAN
                            : ceil(m / slots) * (full * step + start) / (double)NS_PER_S;
}

/* --- running it --- */

static void free_runs(struct simulated *runs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        simulated_free(&runs[i]);
    free(runs);
}

/* As many as a second has room for, by what one comes to. */
static enum code count_runs(const struct simulation *x, size_t *ret, struct error *e)
{
    struct simulated one;
    enum code c = simulation_run(x, x->seed, &one, e);
    if (c != OK)
        return c;
    int64_t fit = EVENTS_IN_ALL / (one.totals.events > 0 ? one.totals.events : 1);
    simulated_free(&one);
    *ret = (size_t)(fit < RUNS_LEAST ? RUNS_LEAST : fit > RUNS_MOST ? RUNS_MOST : fit);
    return OK;
}

static enum code run_all(const struct plan *p, const struct simulation *x, struct forecast *ret,
                         struct error *e)
{
    size_t n = 0;
    long jobs = sysconf(_SC_NPROCESSORS_ONLN);
    enum code c = count_runs(x, &n, e);
    if (c != OK)
        return c;
    struct simulated *runs = calloc(n, sizeof(*runs));
    if (!runs)
        return error_nomem(e);
    c = simulation_repeat(x, n, jobs < 1 ? 1 : jobs > JOBS_MOST ? JOBS_MOST : (int)jobs, runs, e);
    if (c != OK) {
        free(runs);
        return c;
    }
    c = gather(p, runs, n, ret, e);
    compare(p, ret);
    free_runs(runs, n);
    return c;
}

static enum code forecast(struct plan *p, bool from_scratch, struct forecast *ret, struct error *e)
{
    struct method method = p->method;
    struct simulation x;
    if (!method.sampler->instant && !method.sampler->enumerates)
        method_set_sampler(&method, &sampler_random);
    enum code c = set_up(p, &method, from_scratch, &x, e);
    if (c == OK)
        c = run_all(p, &x, ret, e);
    if (x.cluster.objective.destroy)
        x.cluster.objective.destroy(x.cluster.objective.self);
    return c;
}

enum code plan_forecast(struct plan *p, struct error *e)
{
    const char *why = why_not(p);
    if (why) {
        snprintf(p->forecast.none, sizeof(p->forecast.none), "%s", why);
        return OK;
    }
    bool pauses = method_pauses(&p->method);
    enum code c = forecast(p, pauses && p->times.keeps == KEEPS_NOTHING, &p->forecast, e);
    p->has_scratch = pauses && p->times.keeps == KEEPS_UNKNOWN;
    return c == OK && p->has_scratch ? forecast(p, true, &p->scratch, e) : c;
}
