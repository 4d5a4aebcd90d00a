/*
 * `trawl plan`: what would run, before anything does.
 *
 * Trials a rung and steps are what the allocator expects when results come in random order: a rung
 * passes 1/eta of what reaches it. Time comes from how long a step took in earlier searches of the
 * same space (median, and the 10th to 90th percentile of trials as its spread); without any it is
 * not guessed.
 */
#include "api/project.h"
#include "api/table.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/number.h"
#include "conf/check.h"
#include "sched/checkpoints.h"

#include <stdarg.h>
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
};

enum { RUNGS_MAX = 64, TIMES_MAX = 100000 };

struct plan {
    struct settings *st;
    struct method method;
    struct effort effort;
    size_t n_rungs;
    int64_t rungs[RUNGS_MAX];
    double reach[RUNGS_MAX]; /* trials that get to this rung */
    double steps;            /* expected in all; or trials where there are no steps */
    double worst;
    int dimensions;
    int64_t count; /* configurations; 0: infinitely many */
    bool exact;
    /* nanoseconds a step (or a trial), from earlier searches */
    size_t n_times;
    double *times;
    double low, median, high;
    struct store *store;
};

static void expect_steps(struct plan *p)
{
    double n = (double)p->effort.trials;
    double max = p->effort.has_steps ? (double)p->effort.max_steps : 1;
    p->worst = n * max;
    if (p->n_rungs == 0) {
        p->steps = p->worst;
        return;
    }
    double at = 0, left = n;
    for (size_t i = 0; i < p->n_rungs; i++) {
        double ratio = i + 1 < p->n_rungs ? (double)p->rungs[i + 1] / (double)p->rungs[i] : 1;
        p->reach[i] = left;
        p->steps += left * ((double)p->rungs[i] - at);
        at = (double)p->rungs[i];
        left = i + 1 < p->n_rungs && ratio > 1 ? left / ratio : left;
    }
    if (p->st->has_baseline)
        p->steps += max;
}

static int dimensions(const struct space *s)
{
    int n = 0;
    for (size_t i = 0; i < s->n_params; i++)
        n += s->params[i].units > 0;
    return n;
}

static enum code make_searcher(struct plan *p, struct error *e)
{
    struct searcher *searcher;
    const struct settings *st = p->st;
    struct searcher_settings ss = settings_searcher(st);
    ss.method = p->method;
    ss.effort = p->effort;
    enum code c = searcher_new(&searcher, &ss, e);
    if (c == OK)
        p->n_rungs = searcher_rungs(searcher, p->rungs, RUNGS_MAX);
    if (c == OK)
        searcher_free(searcher);
    return c;
}

/* --- earlier searches --- */

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct plan *p = self;
    bool ran = row->state == TRIAL_COMPLETED || row->state == TRIAL_STOPPED;
    if (!ran || row->ended <= row->started || p->n_times == TIMES_MAX)
        return OK;
    double steps = p->effort.has_steps && row->step > 0 ? (double)row->step : 1;
    p->times[p->n_times++] = (double)(row->ended - row->started) / steps;
    return OK;
}

static enum code on_search(void *self, const struct search_row *row)
{
    struct plan *p = self;
    if (!str_eq(row->space_name, p->st->space_name))
        return OK;
    return store_trials(p->store, row->id, 0, on_trial, p, NULL);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum code measure(struct plan *p, const struct project *project, struct error *e)
{
    enum code c = store_open(project->where, STORE_READ, DURABILITY_DEFAULT, &p->store, e);
    if (c != OK)
        return OK; /* nothing was run yet: nothing is known */
    p->times = calloc(TIMES_MAX, sizeof *p->times);
    c = p->times != NULL ? store_searches(p->store, on_search, p, e) : error_nomem(e);
    store_close(p->store);
    if (c != OK || p->n_times == 0)
        return c;
    qsort(p->times, p->n_times, sizeof *p->times, by_size);
    p->low = p->times[p->n_times / 10];
    p->median = p->times[p->n_times / 2];
    p->high = p->times[p->n_times - 1 - p->n_times / 10];
    return OK;
}

static bool resumes(const struct plan *p, const struct project *project)
{
    struct store *store;
    if (!p->effort.has_steps || p->st->fixed_order ||
        store_open(project->where, STORE_READ, DURABILITY_DEFAULT, &store, NULL) != OK)
        return false;
    bool seen = checkpoints_seen(store, project->store_dir, p->st->space_name);
    store_close(store);
    return seen;
}

static enum code make(struct plan *p, const struct project *project, struct error *e)
{
    struct settings *st = p->st;
    p->method = st->method;
    p->effort = st->effort;
    if (p->effort.parallel == 0) {
        long cpus = sysconf(_SC_NPROCESSORS_ONLN) / (st->cpus > 0 ? st->cpus : 1);
        p->effort.parallel = cpus > 0 ? (int)cpus : 1;
    }
    p->dimensions = dimensions(st->space);
    p->count = space_count(st->space, &p->exact);
    p->effort.resumes = resumes(p, project);
    enum code c = method_resolve(&p->method, st->space, &p->effort, e);
    if (c == OK)
        c = make_searcher(p, e);
    if (c == OK && p->effort.trials == 0 && p->count > 0 && strcmp(p->method.why, "") != 0)
        p->effort.trials = p->count;
    expect_steps(p);
    return c == OK ? measure(p, project, e) : c;
}

/* --- what it says --- */

static void duration(struct buf *b, double ns)
{
    number_write_duration(b, ns < 9e18 ? (int64_t)ns : INT64_MAX);
}

static void field(struct screen *out, const char *name, const char *fmt, ...) printf_like(3, 4);

static void field(struct screen *out, const char *name, const char *fmt, ...)
{
    struct buf b;
    va_list ap;
    char text[1024];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_init(&b, 2048);
    screen_fmt(out, TONE_DIM, "%-11s", name);
    screen_fmt(out, TONE_PLAIN, "%s\n", text);
    buf_free(&b);
}

static void print_time(struct screen *out, const struct plan *p)
{
    struct buf b;
    double share = p->steps / p->effort.parallel;
    buf_init(&b, 512);
    if (p->n_times == 0) {
        field(out, "time", "not known: no earlier search of this space to measure from");
    } else {
        duration(&b, share * p->median);
        buf_cstr(&b, " (");
        duration(&b, share * p->low);
        buf_cstr(&b, " to ");
        duration(&b, share * p->high);
        buf_fmt(&b, "), from %zu earlier trials", p->n_times);
        field(out, "time", "%.*s", STR_FMT(buf_view(&b)));
    }
    buf_clear(&b);
    if (p->st->time_ns > 0) {
        number_write_duration(&b, p->st->time_ns);
        field(out, "limit", "%.*s, whichever comes first", STR_FMT(buf_view(&b)));
    }
    buf_free(&b);
}

static enum code print_rungs(struct screen *out, const struct plan *p, struct error *e)
{
    static const struct column columns[] = {{"rung", true}, {"step", true}, {"trials", true}};
    struct table *t;
    if (p->n_rungs == 0 || p->effort.trials == 0)
        return OK;
    enum code c = table_new(out, columns, sizeof columns / sizeof columns[0], &t, e);
    if (c != OK)
        return c;
    screen_text(out, TONE_PLAIN, STR("\n"));
    for (size_t i = 0; i < p->n_rungs; i++) {
        table_cell_fmt(t, TONE_PLAIN, "%zu", i);
        table_cell_fmt(t, TONE_PLAIN, "%lld", (long long)p->rungs[i]);
        table_cell_fmt(t, TONE_PLAIN, "%.0f", p->reach[i]);
        table_row_end(t);
    }
    c = table_end(t, e);
    table_free(t);
    return c;
}

static void print_advice(struct screen *out, const struct plan *p)
{
    if (p->effort.trials > 0 && p->effort.trials < 4 * p->dimensions)
        screen_fmt(out, TONE_WARN,
                   "\n%lld trials are few for %d dimensions: fix the parameters you are surest of,"
                   "\nor give it about %d\n",
                   (long long)p->effort.trials, p->dimensions, 10 * p->dimensions);
    if (p->count > 0 && p->exact && p->effort.trials > p->count)
        screen_fmt(out, TONE_DIM, "\nthe space has %lld configurations only: all are tried\n",
                   (long long)p->count);
}

static void print_aims(struct screen *out, const struct settings *st)
{
    struct buf b;
    buf_init(&b, 16 << 10);
    check_goal_text(st, &b);
    field(out, "goal", "%.*s", STR_FMT(buf_view(&b)));
    buf_clear(&b);
    check_requirements_text(st, &b);
    if (b.n > 0)
        field(out, "require", "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

static void print_first(struct screen *out, const struct plan *p)
{
    size_t n = p->st->n_first;
    int64_t copies = p->st->seeds == SEEDS_REPLICATES ? p->st->replicates : 1;
    if (n == 0)
        return;
    field(out, "first", "%zu given configuration%s, before any other", n, n == 1 ? "" : "s");
    if (p->effort.trials > 0 && (int64_t)n * copies > p->effort.trials)
        screen_fmt(out, TONE_WARN,
                   "%-11sthey are more than the trials: the last ones are never run\n", "");
}

static enum code print(struct invocation *inv, const struct plan *p, struct error *e)
{
    struct screen *out = inv->out;
    const char *s = p->dimensions == 1 ? "" : "s";
    struct buf b;
    print_aims(out, p->st);
    buf_init(&b, 4096);
    method_write(&p->method, &b);
    field(out, "method", "%.*s", STR_FMT(buf_view(&b)));
    if (p->method.why[0] != 0)
        field(out, "", "%s", p->method.why);
    buf_free(&b);
    if (p->count > 0)
        field(out, "space", "%d dimension%s, %s%lld configurations", p->dimensions, s,
              p->exact ? "" : "at most ", (long long)p->count);
    else
        field(out, "space", "%d dimension%s, infinitely many configurations", p->dimensions, s);
    if (p->effort.trials > 0)
        field(out, "trials", "%lld%s, %d at once", (long long)p->effort.trials,
              p->st->has_baseline ? " and the baseline" : "", p->effort.parallel);
    else
        field(out, "trials", "no limit, %d at once", p->effort.parallel);
    print_first(out, p);
    if (p->effort.has_steps && p->effort.trials > 0)
        field(out, "steps", "about %.0f; %.0f if all were trained to the end", p->steps, p->worst);
    if (p->effort.trials > 0)
        print_time(out, p);
    enum code c = print_rungs(out, p, e);
    print_advice(out, p);
    return c;
}

static void rungs_json(const struct plan *p, struct json *j)
{
    jw_key(j, "rungs");
    jw_array(j);
    for (size_t i = 0; i < p->n_rungs; i++) {
        jw_object(j);
        jw_key(j, "step");
        jw_i64(j, p->rungs[i]);
        jw_key(j, "trials");
        jw_real(j, p->reach[i]);
        jw_object_end(j);
    }
    jw_array_end(j);
}

static void time_json(const struct plan *p, struct json *j)
{
    double share = p->steps / p->effort.parallel / (double)NS_PER_S;
    jw_key(j, "seconds");
    if (p->n_times == 0) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_key(j, "low");
    jw_real(j, share * p->low);
    jw_key(j, "median");
    jw_real(j, share * p->median);
    jw_key(j, "high");
    jw_real(j, share * p->high);
    jw_object_end(j);
}

static enum code print_json(struct invocation *inv, const struct plan *p, struct error *e)
{
    struct json j;
    struct buf b;
    buf_init(&b, 4096);
    method_write(&p->method, &b);
    jw_init(&j, &inv->out->out);
    jw_object(&j);
    jw_key(&j, "method");
    jw_str(&j, buf_view(&b));
    jw_key(&j, "why");
    jw_cstr(&j, p->method.why);
    jw_key(&j, "objectives");
    check_objectives_json(p->st, &j);
    jw_key(&j, "requirements");
    check_requirements_json(p->st, &j);
    jw_key(&j, "first");
    jw_i64(&j, (int64_t)p->st->n_first);
    jw_key(&j, "dimensions");
    jw_i64(&j, p->dimensions);
    jw_key(&j, "count");
    if (p->count > 0)
        jw_i64(&j, p->count);
    else
        jw_null(&j);
    jw_key(&j, "trials");
    jw_i64(&j, p->effort.trials);
    jw_key(&j, "parallel");
    jw_i64(&j, p->effort.parallel);
    jw_key(&j, "steps");
    jw_real(&j, p->steps);
    rungs_json(p, &j);
    time_json(p, &j);
    jw_object_end(&j);
    jw_newline(&j);
    buf_free(&b);
    return jw_end(&j, e);
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct project project;
    struct plan p = {0};
    enum code c = project_load(inv, &project, &p.st, e);
    if (c != OK)
        return c;
    c = make(&p, &project, e);
    if (c == OK)
        c = inv->json ? print_json(inv, &p, e) : print(inv, &p, e);
    free(p.times);
    settings_free(p.st);
    project_free(&project);
    return c;
}

const struct command command_plan = {
    .name = "plan",
    .args = "[FILE]",
    .summary = "what would run: method, rungs, trials, steps, time; starts nothing",
    .group = "set up",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_rest = true,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
