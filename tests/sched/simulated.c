/* A search on exec/sim and a store in memory. */
#include "simulated.h"

#include "testing.h"

#include <math.h>
#include <string.h>

static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    struct simulated *w = self;
    ret->step = 1;
    if (a->trial < 1024)
        w->attempts_of[a->trial]++;
    if (w->course)
        w->course(w, a, ret);
    return OK;
}

static double value(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step)
{
    struct simulated *w = self;
    w->reports++;
    return w->value ? w->value(w, a, step) : (double)a->trial;
}

static void on_event(void *self, const struct event *ev)
{
    struct simulated *w = self;
    w->running += (ev->kind == EVENT_TRIAL_STARTED) - (ev->kind == EVENT_ATTEMPT_ENDED);
    w->most_running = w->running > w->most_running ? w->running : w->most_running;
}

void simulated_init(struct simulated *w)
{
    *w = (struct simulated){.report_every = 1};
}

static void make_controller(struct simulated *w)
{
    struct error e = {0};
    const struct scheduler_options o = {.store = w->store,
                                        .clock = clock_virtual(&w->clock),
                                        .store_dir = "",
                                        .runtime_dir = "",
                                        .cpus = 4,
                                        .keep_going = w->keep_going,
                                        .sink = {on_event, w}};
    assert_ok(scheduler_new(&o, &w->scheduler, &e));
    const struct sim_options so = {.clock = &w->clock,
                                   .metric = STR("loss"),
                                   .report_every = w->report_every,
                                   .from_scratch = w->from_scratch,
                                   .model = {w, begin, value}};
    struct executor_listener listener = scheduler_listener(w->scheduler);
    assert_ok(sim_executor_new(&so, &listener, &w->executor, &e));
    scheduler_use(w->scheduler, w->executor);
}

void simulated_restart(struct simulated *w)
{
    struct error e = {0};
    w->executor->ops->close(w->executor);
    scheduler_free(w->scheduler);
    w->running = 0;
    make_controller(w);
    if (scheduler_open(w->scheduler, w->id, &e) != OK)
        fail_msg("%s %s", e.message, e.detail);
    if (simulated_state(w) != SEARCH_COMPLETED)
        assert_ok(scheduler_resume(w->scheduler, w->id, &e));
    scheduler_settle(w->scheduler);
}

void simulated_begin(struct simulated *w, const char *yaml)
{
    struct problems problems;
    struct settings *st;
    struct error e = {0};
    w->clock = (struct virtual_clock){.real_ns = 1700000000 * NS_PER_S, .monotonic_ns = NS_PER_S};
    assert_ok(store_open("memory:", STORE_CREATE, DURABILITY_DEFAULT, &w->store, &e));
    assert_ok(store_lock(w->store, &e));
    make_controller(w);
    problems_init(&problems);
    if (conf_load(str_of(yaml), "trawl.yaml", NULL, 0, &st, &problems) != OK)
        fail_msg("%s", problems.v[0].message);
    problems_free(&problems);
    const struct submission sub = {.settings = st, .directory = ""};
    assert_ok(scheduler_submit(w->scheduler, &sub, &w->id, &e));
    scheduler_settle(w->scheduler);
}

void simulated_turns(struct simulated *w, int64_t turns)
{
    struct error e = {0};
    for (int64_t n = 0; (turns == 0 || n < turns) && !scheduler_idle(w->scheduler, w->id); n++) {
        int64_t next = sim_next(w->executor), deadline = scheduler_deadline(w->scheduler);
        assert_null(scheduler_fatal(w->scheduler));
        assert_in_range(n, 0, 1000000);
        assert_true(next < INT64_MAX || deadline < INT64_MAX);
        if (next <= deadline) {
            assert_ok(sim_turn(w->executor, &e));
            continue;
        }
        if (deadline > w->clock.monotonic_ns) {
            w->clock.real_ns += deadline - w->clock.monotonic_ns;
            w->clock.monotonic_ns = deadline;
        }
        scheduler_tick(w->scheduler);
    }
}

void simulated_run(struct simulated *w, const char *yaml)
{
    simulated_begin(w, yaml);
    simulated_turns(w, 0);
}

void simulated_free_world(struct simulated *w)
{
    w->executor->ops->close(w->executor);
    scheduler_free(w->scheduler);
    store_close(w->store);
}

static struct search_row row_of(struct simulated *w)
{
    struct arena a;
    struct search_row row;
    arena_init(&a, 16 << 20);
    assert_ok(store_search_get(w->store, w->id, &a, &row, NULL));
    arena_free(&a);
    return row;
}

int64_t simulated_count(struct simulated *w, enum trial_state state)
{
    return row_of(w).counts[state];
}

enum search_state simulated_state(struct simulated *w)
{
    return row_of(w).state;
}

struct trial_row simulated_trial(struct simulated *w, int64_t number, struct arena *a)
{
    struct trial_row row = {0};
    assert_ok(store_trial_get(w->store, trial_id_of(w->id, number), a, &row, NULL));
    return row;
}

struct sought {
    const char *kind, *part;
    int64_t n;
    struct buf *b;
};

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct sought *s = self;
    s->n += str_is(row->kind, s->kind) &&
            memmem(row->data.p, row->data.n, s->part, strlen(s->part)) != NULL;
    return OK;
}

int64_t simulated_entries(struct simulated *w, const char *kind, const char *part)
{
    struct sought s = {kind, part, 0, NULL};
    assert_ok(store_journal(w->store, w->id, 1, on_entry, &s, NULL));
    return s.n;
}

static enum code write_entry(void *self, const struct journal_row *row)
{
    struct buf *b = self;
    buf_fmt(b, "%lld %lld %.*s %.*s\n", (long long)row->seq, (long long)row->trial,
            STR_FMT(row->kind), STR_FMT(row->data));
    return OK;
}

void simulated_journal(struct simulated *w, struct buf *b)
{
    assert_ok(store_journal(w->store, w->id, 1, write_entry, b, NULL));
}
