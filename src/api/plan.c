/*
 * `trawl plan`: what would run, before anything does.
 *
 * The forecast is the search itself, simulated (plan_forecast.c). How long a step takes is given,
 * or measured in earlier searches of the space; without either it is not guessed.
 */
#include "api/plan.h"

#include "api/project.h"
#include "base/clock.h"
#include "sched/checkpoint.h"
#include "search/expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    {"set", 0, "KEY=VALUE", "override a value of the file: --set search.trials=20"},
    {"trials", 'n', "N", "how many trials"},
    {"time", 't', "TIME", "how long: 90s, 30m, 24h"},
    {"parallel", 'j', "N", "how many at once"},
    {"method", 0, "METHOD", "auto, random, sobol + asha(eta=3), ..."},
    {"metric", 'm', "NAME", "short for --set metric=NAME"},
    {"goal", 'g', "GOAL", "minimize or maximize"},
    {"step-time", 0, "SECONDS", "of a step (without steps: of a trial), as in trawl simulate"},
    {"start-up", 0, "SECONDS", "before an attempt's first step: likewise"},
};

#define ARENA_MAX ((size_t)64 << 20)

/* --- how long a step takes --- */

static int by_step(const void *pa, const void *pb)
{
    double a = ((const struct measured_time *)pa)->step,
           b = ((const struct measured_time *)pb)->step;
    return (a > b) - (a < b);
}

/* Machines differ from day to day by so much, whatever was measured; and one trial alone says
 * little. */
#define SD_BETWEEN_DAYS 0.05
#define SD_OF_ONE       0.5

/* The standard error of the mean logarithm of what a trial of so many steps takes. */
static double error_of(const struct step_times *t, double steps, size_t n)
{
    double sum = 0, squares = 0;
    if (n < 2)
        return SD_OF_ONE;
    for (size_t i = 0; i < t->n; i++)
        sum += log(t->v[i].step * steps + t->v[i].start);
    for (size_t i = 0; i < t->n; i++) {
        double off = log(t->v[i].step * steps + t->v[i].start) - sum / (double)t->n;
        squares += off * off;
    }
    return sqrt(squares / (double)(n - 1) / (double)n);
}

static void describe_times(struct step_times *t, const struct effort *effort)
{
    double least = effort->has_steps ? (double)effort->min_steps : 1;
    double most = effort->has_steps ? (double)effort->max_steps : 1;
    qsort(t->v, t->n, sizeof(*t->v), by_step);
    t->low = t->v[t->n / 10].step;
    t->median = t->v[t->n / 2].step;
    t->high = t->v[t->n - 1 - t->n / 10].step;
    double sd = fmax(error_of(t, least, t->n), error_of(t, most, t->n_apart));
    t->sd = sqrt(sd * sd + SD_BETWEEN_DAYS * SD_BETWEEN_DAYS);
}

static void judge_checkpoints(struct step_times *t)
{
    int resumed = 0, restarted = 0;
    for (size_t i = 0; i < t->earlier.n; i++) {
        resumed += t->earlier.v[i].resumed;
        restarted += t->earlier.v[i].restarted;
    }
    if (resumed + restarted > 0)
        t->keeps = resumed >= restarted ? KEEPS_CHECKPOINTS : KEEPS_NOTHING;
}

/* An attempt of one report doesn't tell a step from its start: the others do, where there are some.
 */
static void keep_times(struct step_times *t, const struct pace *all)
{
    double step_ns = pace_step_ns(all);
    for (size_t i = 0; i < t->earlier.n; i++) {
        const struct pace *x = &t->earlier.v[i].pace;
        bool apart = all->steps <= 0 || (x->steps > 0 && x->ns > 0);
        double step = apart ? pace_step_ns(x) : step_ns;
        double start =
            all->steps > 0 && x->starts > 0 ? (x->start_ns - step * x->start_steps) / x->starts : 0;
        t->n_apart += apart;
        t->v[t->n++] =
            (struct measured_time){step / (double)NS_PER_S, fmax(0, start) / (double)NS_PER_S};
    }
}

static enum code measure(struct plan *p, struct store *store, const struct project *project,
                         struct error *e)
{
    struct step_times *t = &p->times;
    struct pace pace;
    enum code c = pace_measure(store, p->st, &pace, &t->earlier, e);
    if (c != OK || t->earlier.n == 0)
        return c;
    judge_checkpoints(t);
    if (t->keeps == KEEPS_UNKNOWN) /* no trial ever went on: what programs left behind tells */
        t->keeps = checkpoint_seen(store, project->store_dir, p->st->space_name) ? KEEPS_CHECKPOINTS
                                                                                 : KEEPS_NOTHING;
    t->v = calloc(t->earlier.n, sizeof(*t->v));
    if (!t->v)
        return error_nomem(e);
    keep_times(t, &pace);
    describe_times(t, &p->st->effort);
    t->source = PACE_EARLIER;
    t->pace = pace;
    return OK;
}

enum { DRAWS = 500, TRIES = 100000 };

/* Of what an option says, over configurations as they come. */
static enum code mean_amount(const struct plan *p, const struct amount *m, double *ret,
                             struct error *e)
{
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) {
        struct arena a;
        struct config config;
        struct rng r;
        double x = 0;
        rng_init(&r, 1, (uint64_t)i);
        arena_init(&a, 1 << 20);
        enum code c = config_draw(p->st->space, &a, &r, TRIES, &config, e);
        if (c == OK)
            c = amount_of(m, &config, &r, &x, e);
        arena_free(&a);
        if (c != OK)
            return c;
        sum += x;
    }
    *ret = sum / DRAWS;
    return OK;
}

static enum code read_times(const struct invocation *inv, struct plan *p, struct error *e)
{
    struct step_times *t = &p->times;
    const char *step = option_value(inv, "step-time"), *start = option_value(inv, "start-up");
    double step_s = 0, start_s = 0;
    enum code c = amount_parse(&p->arena, str_of(start ? start : "0"), "--start-up", p->st->space,
                               &t->start_up, e);
    if (c != OK)
        return c;
    if (start && !step)
        return error_set(e, E_USAGE, "--start-up is said together with --step-time");
    if (!step)
        return OK;
    c = amount_parse(&p->arena, str_of(step), "--step-time", p->st->space, &t->step, e);
    if (c == OK)
        c = mean_amount(p, &t->step, &step_s, e);
    if (c == OK)
        c = mean_amount(p, &t->start_up, &start_s, e);
    if (c == OK && !(step_s > 0))
        return error_set(e, E_USAGE, "--step-time is more than 0");
    if (c != OK)
        return c;
    t->source = PACE_OPTION;
    t->pace = pace_given(step_s * (double)NS_PER_S);
    t->pace.starts = 1;
    t->pace.start_ns = start_s * (double)NS_PER_S;
    t->low = t->median = t->high = step_s;
    return OK;
}

/* An option says it, else the file, else what was measured. */
static enum code learn_times(const struct invocation *inv, struct plan *p, struct store *store,
                             const struct project *project, struct error *e)
{
    struct step_times *t = &p->times;
    enum code c = store ? measure(p, store, project, e) : OK;
    if (c == OK && p->st->step_time_ns > 0) {
        t->source = PACE_FILE;
        t->pace = pace_given((double)p->st->step_time_ns);
        t->low = t->median = t->high = (double)p->st->step_time_ns / (double)NS_PER_S;
    }
    return c == OK ? read_times(inv, p, e) : c;
}

/* --- the method --- */

static int dimensions(const struct space *s)
{
    int n = 0;
    for (size_t i = 0; i < s->n_params; i++)
        n += s->params[i].units > 0;
    return n;
}

static enum code find_rungs(struct plan *p, struct error *e)
{
    struct searcher *searcher;
    struct searcher_settings ss = settings_searcher(p->st);
    ss.method = p->method;
    ss.effort = p->effort;
    enum code c = searcher_new(&searcher, &ss, e);
    if (c != OK)
        return c;
    p->n_rungs = searcher_rungs(searcher, p->rungs, RUNGS_MAX);
    searcher_free(searcher);
    return OK;
}

static enum code resolve(struct plan *p, const struct project *project, struct store *store,
                         struct error *e)
{
    const struct settings *st = p->st;
    p->method = st->method;
    p->effort = st->effort;
    if (p->effort.parallel == 0) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN) / (st->cpus > 0 ? st->cpus : 1);
        p->effort.parallel = cpus > 0 ? (int)cpus : 1;
    }
    pace_effort(&p->times.pace, st, &p->effort);
    p->dimensions = dimensions(st->space);
    p->count = space_count(st->space, &p->exact);
    p->effort.resumes = store && p->effort.has_steps && !p->st->fixed_order &&
                        checkpoint_seen(store, project->store_dir, p->st->space_name);
    enum code c = method_resolve(&p->method, st->space, &p->effort, e);
    if (c == OK)
        c = find_rungs(p, e);
    p->expected = c == OK ? expect_trials(&p->method, &p->effort) : 0;
    bool ends = p->count > 0 && p->method.allocator == &allocator_full;
    if (p->count > 0 && p->exact && (p->expected > p->count || (p->expected == 0 && ends)))
        p->expected = p->count;
    return c;
}

static enum code make(const struct invocation *inv, struct plan *p, const struct project *project,
                      struct error *e)
{
    struct store *store = NULL;
    struct error none = {0};
    if (store_open(project->where, STORE_READ, DURABILITY_DEFAULT, &store, &none) != OK)
        store = NULL; /* nothing was run yet: nothing is known */
    enum code c = learn_times(inv, p, store, project, e);
    if (c == OK)
        c = resolve(p, project, store, e);
    if (c == OK)
        c = plan_forecast(p, e);
    if (c == OK)
        c = plan_advise(p, store, e);
    store_close(store);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct project project;
    struct settings *st;
    enum code c = project_load(inv, &project, &st, e);
    if (c != OK)
        return c;
    struct plan *p = calloc(1, sizeof(*p));
    if (!p) {
        c = error_nomem(e);
    } else {
        p->st = st;
        arena_init(&p->arena, ARENA_MAX);
        c = make(inv, p, &project, e);
        if (c == OK)
            c = inv->json ? plan_json(inv->out, p, e) : plan_print(inv->out, p, e);
        free(p->times.v);
        free(p->times.earlier.v);
        arena_free(&p->arena);
    }
    free(p);
    settings_free(st);
    project_free(&project);
    return c;
}

const struct command command_plan = {
    .name = "plan",
    .args = "[FILE]",
    .summary = "what would run: method, rungs, trials, steps, time; starts nothing",
    .about =
        "Simulates the search a number of times and says what to expect, with the 10th and 90th\n"
        "percentile. Step times are those of earlier searches of the space, or given:\n\n"
        "  trawl plan --time 24h --step-time 90 --start-up 20\n"
        "  trawl plan --step-time '0.5 * layers'       or 'lognormal(0, 0.5)'",
    .group = "set up",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_rest = true,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
