/*
 * `trawl simulate`: a search against a simulated cluster, on a virtual clock.
 *
 * The file says what is searched and how, the options what the cluster is like: they are no part of
 * trawl.yaml, whose searches run on real machines.
 */
#include "api/simulate.h"

#include "api/project.h"
#include "base/number.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    {"set", 0, "KEY=VALUE", "override a value of the file: --set search.trials=20"},
    {"metric", 'm', "NAME", "short for --set metric=NAME"},
    {"goal", 'g', "GOAL", "minimize or maximize"},
    {"trials", 'n', "N", "how many trials"},
    {"time", 't', "TIME", "how long, in the cluster's time: 90s, 30m, 24h"},
    {"method", 0, "METHOD", "auto, random, sobol + asha(eta=3), ..."},
    {"seed", 0, "N", "seed of the first run (default: the file's, or 1)"},
    {"workers", 'w', "N", "attempts at once (default: the file's parallel, or 1)"},
    {"function", 0, "NAME", "what programs report: sphere (default), rosenbrock, rastrigin, ..."},
    {"noise", 0, "SD", "standard deviation of what is added to each report (default 0)"},
    {"step-time", 0, "SECONDS", "of a step: an expression of the parameters, or a prior"},
    {"spread", 0, "PRIOR", "factor of an attempt's step time; may be given several times"},
    {"start-up", 0, "SECONDS", "before an attempt's first step: likewise"},
    {"drops", 0, "P", "the probability that an attempt is killed within a second"},
    {"report-every", 0, "N", "steps between reports (default 1)"},
    {"scratch", 0, NULL, "no checkpoints: every attempt begins at step 0"},
    {"target", 0, "VALUE", "say when a report reached it"},
    {"repeat", 'r', "N", "runs, each with a seed of its own (default 1)"},
    {"jobs", 'j', "N", "runs at once (default: as many as there are processors)"},
};

enum { WORKERS_MAX = 1000000, REPEAT_MAX = 1000000, JOBS_MAX = 256 };

#define ARENA_MAX ((size_t)1 << 30)

static enum code option_real(const struct invocation *inv, const char *name, double lo, double hi,
                             double *ret, struct error *e)
{
    const char *text = option_value(inv, name);
    double v;
    if (!text)
        return OK;
    if (!number_parse_real(str_of(text), &v) || !(v >= lo && v <= hi)) {
        struct buf b;
        buf_init(&b, 128);
        number_write(&b, lo);
        buf_cstr(&b, " to ");
        number_write(&b, hi);
        error_set(e, E_USAGE, "--%s takes a number, not \"%s\"", name, text);
        if (lo > -1e300)
            error_hint(e, "%.*s", STR_FMT(buf_view(&b)));
        buf_free(&b);
        return E_USAGE;
    }
    *ret = v;
    return OK;
}

static enum code read_amount(const struct invocation *inv, struct simulation *x, const char *name,
                             const char *def, const char *shown, struct amount *ret,
                             struct error *e)
{
    const char *text = option_value(inv, name);
    return amount_parse(&x->arena, str_of(text ? text : def), shown, x->settings->space, ret, e);
}

static enum code read_spreads(const struct invocation *inv, struct simulation *x, struct error *e)
{
    struct cluster *c = &x->cluster;
    size_t n = option_count(inv, "spread");
    if (n > SPREADS_MAX)
        return error_set(e, E_LIMIT, "--spread may be given %d times", SPREADS_MAX);
    for (c->n_spreads = 0; c->n_spreads < n; c->n_spreads++) {
        struct str text = str_of(option_nth(inv, "spread", c->n_spreads));
        enum code code = amount_parse(&x->arena, text, "--spread", x->settings->space,
                                      &c->spreads[c->n_spreads], e);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code read_cluster(const struct invocation *inv, struct simulation *x, struct error *e)
{
    struct cluster *c = &x->cluster;
    enum code code = read_amount(inv, x, "step-time", "1", "--step-time", &c->step_time, e);
    if (code == OK)
        code = read_amount(inv, x, "start-up", "0", "--start-up", &c->start_up, e);
    if (code == OK)
        code = read_spreads(inv, x, e);
    if (code == OK)
        code = option_real(inv, "drops", 0, 0.999999, &c->drops, e);
    return code;
}

static enum code read_objective(const struct invocation *inv, struct simulation *x,
                                struct error *e)
{
    const struct settings *st = x->settings;
    const char *name = option_value(inv, "function");
    struct function_settings f = {.name = str_of(name ? name : "sphere"),
                                  .space = st->space,
                                  .max_steps = st->effort.has_steps ? st->effort.max_steps : 0,
                                  .minimize = st->minimize[0]};
    enum code code = option_real(inv, "noise", 0, 1e300, &f.noise, e);
    if (code == OK)
        code = objective_function(&f, &x->cluster.objective, e);
    char *words = code == OK ? arena_fmt(&x->arena, "function %.*s", STR_FMT(f.name)) : NULL;
    if (code == OK && !words)
        code = error_nomem(e);
    x->objective = str_of(words);
    return code;
}

static enum code read_run(const struct invocation *inv, struct simulation *x, struct error *e)
{
    const struct settings *st = x->settings;
    int64_t workers = st->effort.parallel > 0 ? st->effort.parallel : 1;
    enum code code = option_i64(inv, "workers", 1, WORKERS_MAX, workers, &workers, e);
    if (code == OK)
        code = option_i64(inv, "report-every", 1, INT64_MAX / 2, 1, &x->report_every, e);
    if (code == OK)
        code = option_real(inv, "target", -1e308, 1e308, &x->target, e);
    x->has_target = option_given(inv, "target");
    x->from_scratch = option_given(inv, "scratch");
    x->workers = (int)workers;
    x->seed = st->has_seed ? st->seed : 1;
    return code;
}

/* What would never end, or can't be simulated. */
static enum code check(const struct settings *st, struct error *e)
{
    bool exact;
    bool ends = st->effort.trials > 0 || st->time_ns > 0 || st->steps_total > 0 || st->cost > 0 ||
                space_count(st->space, &exact) > 0;
    if (!ends) {
        error_set(e, E_INVALID, "the search would never end");
        error_hint(e, "give it --trials or --time");
        return E_INVALID;
    }
    if (st->n_measures > 1) {
        error_set(e, E_UNSUPPORTED, "a simulated program reports one metric, and %zu are asked for",
                  st->n_measures);
        error_hint(e, "leave `objectives` and `require` out of the file that is simulated");
        return E_UNSUPPORTED;
    }
    return OK;
}

static enum code prepare(const struct invocation *inv, struct simulation *x, struct error *e)
{
    enum code code = project_load_space(inv, &x->settings, e);
    if (code == OK)
        code = check(x->settings, e);
    if (code == OK)
        code = read_run(inv, x, e);
    if (code == OK)
        code = read_cluster(inv, x, e);
    return code == OK ? read_objective(inv, x, e) : code;
}

static enum code run_all(struct invocation *inv, const struct simulation *x, struct error *e)
{
    int64_t n, jobs = sysconf(_SC_NPROCESSORS_ONLN);
    jobs = jobs < 1 ? 1 : jobs < JOBS_MAX ? jobs : JOBS_MAX;
    enum code code = option_i64(inv, "repeat", 1, REPEAT_MAX, 1, &n, e);
    if (code == OK)
        code = option_i64(inv, "jobs", 1, JOBS_MAX, jobs, &jobs, e);
    if (code == OK && x->seed > (uint64_t)INT64_MAX - (uint64_t)n)
        code = error_set(e, E_USAGE, "the seed is too large for %lld runs", (long long)n);
    struct simulated *runs = code == OK ? calloc((size_t)n, sizeof(*runs)) : NULL;
    if (code == OK && !runs)
        code = error_nomem(e);
    if (code == OK)
        code = simulation_repeat(x, (size_t)n, (int)jobs, runs, e);
    if (code == OK) {
        code = inv->json ? simulation_json(inv->out, x, runs, (size_t)n, e)
                         : simulation_print(inv->out, x, runs, (size_t)n, e);
        for (int64_t i = 0; i < n; i++)
            simulated_free(&runs[i]);
    }
    free(runs);
    return code;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct simulation x = {.workers = 1};
    arena_init(&x.arena, ARENA_MAX);
    enum code code = prepare(inv, &x, e);
    if (code == OK)
        code = run_all(inv, &x, e);
    if (x.cluster.objective.destroy)
        x.cluster.objective.destroy(x.cluster.objective.self);
    settings_free(x.settings);
    arena_free(&x.arena);
    return code;
}

const struct command command_simulate = {
    .name = "simulate",
    .args = "[FILE]",
    .summary = "a search against a simulated cluster and a virtual clock",
    .about =
        "The searcher and the scheduler of `trawl run`, on a cluster that is made up: hours pass\n"
        "in milliseconds. The file needs no command, metric or space. Times are seconds:\n\n"
        "  --step-time '0.1 * layers' --start-up 30 --drops 0.0001\n"
        "  --spread 'lognormal(0, 0.3)' --spread 'choice(1=19, 10)'   one in twenty is ten times\n"
        "                                                             as slow\n\n"
        "The same seed gives the same runs, whatever --jobs is.",
    .group = "run searches",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .max_args = 1,
    .takes_json = true,
    .run = run,
};
