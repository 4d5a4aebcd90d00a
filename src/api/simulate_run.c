/*
 * One simulated search.
 *
 * Nothing of it is the simulation's own but the cluster: the scheduler, the searcher and the
 * store's interface are those of `trawl run`.
 */
#include "api/simulate.h"

#include "base/array.h"
#include "sched/scheduler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX    ((size_t)64 << 20)
#define THE_EPOCH_NS (946684800 * NS_PER_S) /* 2000-01-01; no date means anything here */
#define START_NS     NS_PER_S               /* a clock at 0 stands still, to the scheduler */

struct world {
    const struct simulation *x;
    struct simulated *ret;
    struct cluster cluster;
    struct virtual_clock clock;
    struct store *store;
    struct scheduler *scheduler;
    struct executor *executor;
    struct search_id id;
    bool minimize;
    int64_t last_step;
    bool own_steps;
    bool no_memory;
};

static int64_t elapsed(const struct world *w)
{
    return w->clock.monotonic_ns - START_NS;
}

/* --- what is watched --- */

static void improve(struct world *w, struct improvement new)
{
    struct simulated *r = w->ret;
    if (!array_reserve(r->trace, &r->trace_capacity, r->n_trace + 1)) {
        w->no_memory = true;
        return;
    }
    r->trace[r->n_trace++] = new;
    bool reached = w->minimize ? new.value <= w->x->target : new.value >= w->x->target;
    if (w->x->has_target && reached && r->target_ns < 0) {
        r->target_ns = new.ns;
        r->target_steps = new.steps;
    }
}

/* A rung counts a trial once, however often it gets there. */
static void count_rungs(struct world *w, int64_t trial, int64_t step)
{
    struct simulated *r = w->ret;
    if (!array_reserve_zeroed(r->furthest, &r->n_furthest, (size_t)trial)) {
        w->no_memory = true;
        return;
    }
    int64_t *before = &r->furthest[trial - 1];
    for (size_t i = 0; i < w->x->n_rungs; i++)
        r->reach[i] += *before < w->x->rungs[i] && step >= w->x->rungs[i];
    *before = step > *before ? step : *before;
}

static void on_report(void *self, const struct sim_attempt *a, int64_t step, double value)
{
    struct world *w = self;
    struct simulated *r = w->ret;
    if (w->x->n_rungs > 0)
        count_rungs(w, a->trial, step);
    if (step >= (w->own_steps ? a->steps : w->last_step)) {
        r->full++;
        r->first_full_ns = r->first_full_ns < 0 ? elapsed(w) : r->first_full_ns;
    }
    if (!isfinite(value))
        return;
    double best = r->n_trace > 0 ? r->trace[r->n_trace - 1].value : 0;
    if (r->n_trace > 0 && !(w->minimize ? value < best : value > best))
        return;
    improve(w, (struct improvement){.ns = elapsed(w),
                                    .steps = sim_totals(w->executor).steps,
                                    .trial = a->trial,
                                    .step = step,
                                    .value = value});
}

/* --- making it --- */

/* Of what a program reports a forecast knows nothing. */
static void forecast_settings(const struct simulation *x, struct settings *st)
{
    st->method = *x->method;
    st->n_measures = st->n_objectives = 1;
    st->n_requirements = 0;
    st->effort.n_objectives = 1;
    st->step_time_ns = x->step_time_ns;
    if (!st->effort.has_steps)
        st->steps_total = 0; /* no one knows how many steps a trial takes */
    if (x->timeless)
        st->time_ns = 0;
    if (x->timeless)
        st->cost = 0;
}

static enum code reload(const struct simulation *x, uint64_t seed, struct settings **ret,
                        struct error *e)
{
    struct problems problems;
    struct settings *st;
    const struct settings *from = x->settings;
    problems_init(&problems);
    enum code code = conf_reload(from->source, from->file.p, from->overrides, &st, &problems);
    if (code == OK) {
        st->has_seed = true;
        st->seed = seed;
        st->effort.parallel = x->workers;
        st->cpus = 1;
        st->gpus = 0;
        if (x->forecasts)
            forecast_settings(x, st);
        *ret = st;
    } else if (problems.n > 0 && e) {
        *e = problems.v[0];
    }
    problems_free(&problems);
    return code;
}

static enum code make(struct world *w, struct error *e)
{
    const struct simulation *x = w->x;
    const struct scheduler_options so = {.store = NULL,
                                         .clock = clock_virtual(&w->clock),
                                         .store_dir = "",
                                         .runtime_dir = "",
                                         .cpus = x->workers,
                                         .keep_going = true};
    struct scheduler_options o = so;
    enum code code = store_open("memory:brief", STORE_CREATE, DURABILITY_DEFAULT, &w->store, e);
    if (code == OK)
        code = store_lock(w->store, e);
    o.store = w->store;
    if (code == OK)
        code = scheduler_new(&o, &w->scheduler, e);
    if (code != OK)
        return code;
    const struct sim_options sim = {.clock = &w->clock,
                                    .metric = x->settings->measures[0].name,
                                    .report_every = x->report_every,
                                    .from_scratch = x->from_scratch,
                                    .model = cluster_model(&w->cluster),
                                    .watch = {w, on_report}};
    struct executor_listener listener = scheduler_listener(w->scheduler);
    code = sim_executor_new(&sim, &listener, &w->executor, e);
    if (code == OK)
        scheduler_use(w->scheduler, w->executor);
    return code;
}

static void unmake(struct world *w)
{
    if (w->executor)
        w->executor->ops->close(w->executor);
    if (w->x->runs_program && w->cluster.objective.destroy)
        w->cluster.objective.destroy(w->cluster.objective.self);
    scheduler_free(w->scheduler);
    store_close(w->store);
}

/* --- running it --- */

static enum code failed(const struct world *w, struct error *e)
{
    const struct error *fatal = scheduler_fatal(w->scheduler);
    if (w->no_memory)
        return error_nomem(e);
    if (fatal && e)
        *e = *fatal;
    return fatal ? fatal->code : OK;
}

/* What is planned happens in its order, and the scheduler's own deadlines among it. */
static enum code run_on(struct world *w, struct error *e)
{
    scheduler_settle(w->scheduler);
    enum code code = failed(w, e);
    while (code == OK && !scheduler_idle(w->scheduler, w->id)) {
        int64_t next = sim_next(w->executor), deadline = scheduler_deadline(w->scheduler);
        if (next == INT64_MAX && deadline == INT64_MAX)
            return error_set(e, E_STATE, "nothing happens any more, and the search has not ended");
        if (next <= deadline) {
            code = sim_turn(w->executor, e);
        } else {
            if (deadline > w->clock.monotonic_ns) {
                w->clock.real_ns += deadline - w->clock.monotonic_ns;
                w->clock.monotonic_ns = deadline;
            }
            scheduler_tick(w->scheduler);
        }
        if (code == OK)
            code = failed(w, e);
    }
    return code;
}

/* A store that is brief has no parameters; the searcher does. */
static enum code keep_best(struct world *w, int64_t number, struct error *e)
{
    struct trial_id id = trial_id_of(w->id, number);
    struct buf b;
    struct json j;
    const struct config *config = scheduler_config(w->scheduler, id);
    if (!config)
        return OK;
    enum code got = store_trial_get(w->store, id, &w->ret->arena, &w->ret->best, e);
    if (got != OK)
        return got;
    w->ret->has_best = true;
    if (w->x->forecasts)
        w->ret->rank = objective_rank_of(config, w->ret->best.seed);
    buf_init(&b, 1 << 20);
    jw_init(&j, &b);
    config_json(config, &j);
    enum code code = jw_end(&j, e);
    if (code == OK && arena_str(&w->ret->arena, buf_view(&b), &w->ret->best.params) != OK)
        code = error_nomem(e);
    buf_free(&b);
    return code;
}

static void keep_method(void *self, const struct event *ev)
{
    struct simulated *r = self;
    if (ev->kind != EVENT_SEARCH_STARTED)
        return;
    if (arena_str(&r->arena, ev->method, &r->method) != OK ||
        arena_str(&r->arena, ev->text, &r->why_method) != OK)
        r->method = (struct str){NULL, 0};
}

static enum code collect(struct world *w, struct error *e)
{
    struct simulated *r = w->ret;
    struct search_row row;
    enum code code = store_search_get(w->store, w->id, &r->arena, &row, e);
    if (code == OK)
        code = keep_best(w, row.best_trial, e);
    if (code != OK)
        return code;
    const struct event_sink sink = {keep_method, r};
    scheduler_describe(w->scheduler, w->id, &sink);
    r->state = row.state;
    r->why = row.why;
    r->ns = elapsed(w);
    r->totals = sim_totals(w->executor);
    memcpy(r->counts, row.counts, sizeof(r->counts));
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        r->trials += r->counts[i];
    double available = (double)r->ns * w->x->workers;
    r->utilisation = available > 0 ? (double)sim_busy(w->executor) / available : 0;
    return OK;
}

static enum code simulate(struct world *w, uint64_t seed, struct error *e)
{
    struct settings *st = NULL;
    enum code code = make(w, e);
    if (code == OK)
        code = reload(w->x, seed, &st, e);
    if (code != OK)
        return code;
    if (w->x->runs_program)
        code = objective_program(st, w->x->directory, &w->cluster.objective, e);
    if (code != OK) {
        settings_free(st);
        return code;
    }
    w->minimize = st->minimize[0];
    w->last_step = st->effort.has_steps ? st->effort.max_steps : 1;
    w->own_steps = st->effort.own_steps;
    const struct submission sub = {.settings = st, .directory = "", .resumes = !w->x->from_scratch};
    code = scheduler_submit(w->scheduler, &sub, &w->id, e);
    if (code == OK)
        code = run_on(w, e);
    return code == OK ? collect(w, e) : code;
}

enum code simulation_run(const struct simulation *x, uint64_t seed, struct simulated *ret,
                         struct error *e)
{
    struct world w = {.x = x,
                      .ret = ret,
                      .cluster = x->cluster,
                      .clock = {.real_ns = THE_EPOCH_NS, .monotonic_ns = START_NS}};
    w.cluster.seed = seed;
    *ret = (struct simulated){.seed = seed,
                              .rank = (double)NAN,
                              .first_full_ns = -1,
                              .target_ns = -1,
                              .target_steps = -1};
    arena_init(&ret->arena, ARENA_MAX);
    enum code code = simulate(&w, seed, e);
    unmake(&w);
    if (code != OK)
        simulated_free(ret);
    return code;
}

void simulated_free(struct simulated *r)
{
    arena_free(&r->arena);
    free(r->trace);
    free(r->furthest);
    r->trace = NULL;
    r->furthest = NULL;
}
