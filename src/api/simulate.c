/*
 * `trawl simulate`: a search against a simulated cluster, on a virtual clock.
 *
 * The file says what is searched and how, the options what the cluster is like: they are no part of
 * trawl.yaml, whose searches run on real machines.
 */
#include "api/simulate.h"

#include "api/project.h"
#include "base/io.h"
#include "base/number.h"
#include "exec/sim/table.h"
#include "search/length.h"

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
    {"schedule", 0, "FILE", "replay a schedule, as `trawl export --schedule` writes it"},
    {"workers", 'w', "N", "attempts at once (default: the file's parallel, or 1)"},
    {"function", 0, "NAME", "what programs report: sphere (default), rosenbrock, rastrigin, ..."},
    {"table", 0, "CSV", "they report what a table has: columns of parameters, of values, of steps"},
    {"value", 0, "COLUMN", "the table's column of values (default: the metric's name)"},
    {"exact", 0, NULL, "what the table lacks is infeasible, rather than its nearest row"},
    {"program", 0, NULL, "run the file's command, and report what it prints"},
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

static enum code read_function(const struct invocation *inv, struct simulation *x, struct error *e)
{
    const struct settings *st = x->settings;
    const char *name = option_value(inv, "function");
    struct function_settings f = {.name = str_of(name ? name : "sphere"),
                                  .space = st->space,
                                  .max_steps = st->effort.has_steps ? st->effort.max_steps : 0,
                                  .minimize = st->minimize[0]};
    enum code code = option_real(inv, "noise", 0, 1e300, &f.noise, e);
    return code == OK ? objective_function(&f, &x->cluster.objective, e) : code;
}

static struct str length_name(const struct settings *st)
{
    const struct space *s = st->space;
    return st->effort.own_steps ? s->params[length_param(s)].name : (struct str){NULL, 0};
}

static enum code read_table(const struct invocation *inv, struct simulation *x, struct error *e)
{
    const char *value = option_value(inv, "value");
    struct table_settings t = {.file = option_value(inv, "table"),
                               .space = x->settings->space,
                               .value = value ? str_of(value) : x->settings->measures[0].name,
                               .exact = option_given(inv, "exact"),
                               .length = length_name(x->settings)};
    struct buf text;
    buf_init(&text, TABLE_BYTES_MAX);
    enum code code = io_read_file(t.file, TABLE_BYTES_MAX, &text, e);
    t.text = buf_view(&text);
    if (code == OK)
        code = objective_table(&t, &x->cluster.objective, e);
    buf_free(&text);
    return code;
}

static enum code read_program(const struct invocation *inv, struct simulation *x, struct error *e)
{
    struct project p;
    if (!x->settings->command) {
        error_set(e, E_INVALID, "--program runs the file's command, and it has none");
        error_hint(e, "write command: python3 train.py ${args}");
        return E_INVALID;
    }
    enum code code = project_find(inv, inv->n_args > 0 ? inv->args[0] : NULL, true, &p, e);
    if (code != OK)
        return code;
    x->directory = arena_cstr(&x->arena, str_of(p.directory));
    project_free(&p);
    x->runs_program = true;
    return x->directory ? OK : error_nomem(e);
}

/* Options that say something about one kind of objective alone. */
static enum code check_kinds(const struct invocation *inv, struct error *e)
{
    static const char *const kinds[] = {"function", "table", "program"};
    static const char *const belong[][2] = {
        {"value", "table"}, {"exact", "table"}, {"noise", "function"}};
    const char *given = NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!option_given(inv, kinds[i]))
            continue;
        if (given)
            return error_set(e, E_USAGE, "--%s and --%s are two answers to one question", given,
                             kinds[i]);
        given = kinds[i];
    }
    for (size_t i = 0; i < sizeof(belong) / sizeof(belong[0]); i++) {
        bool fits = strcmp(given ? given : "function", belong[i][1]) == 0;
        if (option_given(inv, belong[i][0]) && !fits)
            return error_set(e, E_USAGE, "--%s belongs to --%s", belong[i][0], belong[i][1]);
    }
    return OK;
}

static enum code read_objective(const struct invocation *inv, struct simulation *x, struct error *e)
{
    const char *table = option_value(inv, "table"), *function = option_value(inv, "function");
    enum code code = check_kinds(inv, e);
    if (code != OK)
        return code;
    char *words;
    if (option_given(inv, "program")) {
        code = read_program(inv, x, e);
        words = arena_fmt(&x->arena, "the program's own output");
    } else if (table) {
        code = read_table(inv, x, e);
        words = arena_fmt(&x->arena, "table %s", table);
    } else {
        code = read_function(inv, x, e);
        words = arena_fmt(&x->arena, "function %s", function ? function : "sphere");
    }
    x->objective = str_of(words);
    return code == OK && !words ? error_nomem(e) : code;
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
static enum code check(const struct invocation *inv, const struct settings *st, struct error *e)
{
    bool exact, copies = method_copies(&st->method);
    bool ends = st->effort.trials > 0 || st->time_ns > 0 || st->steps_total > 0 || st->cost > 0 ||
                space_count(st->space, &exact) > 0 || copies;
    if (!ends) {
        error_set(e, E_INVALID, "the search would never end");
        error_hint(e, "give it --trials or --time");
        return E_INVALID;
    }
    if (copies && option_given(inv, "scratch")) {
        error_set(e, E_INVALID, "this method copies checkpoints, and with --scratch none is kept");
        error_hint(e, "leave --scratch out");
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
        code = check(inv, x->settings, e);
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
