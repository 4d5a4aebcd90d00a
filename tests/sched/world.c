/* A world for the scheduler. */
#include "world.h"

#include "base/io.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct world *of(struct executor *x)
{
    return (struct world *)x;
}

static struct fake_attempt *find(struct world *w, int64_t id)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->attempts[i].id == id)
            return &w->attempts[i];
    }
    return NULL;
}

/* One that has to be there. */
static struct fake_attempt *known(struct world *w, int64_t id)
{
    struct fake_attempt *a = find(w, id);
    if (a == NULL) {
        fail_msg("there is no attempt %d", (int)id);
        abort();
    }
    return a;
}

/* --- what the scheduler asks for --- */

struct sought {
    int64_t id;
    bool found;
};

static enum code is_live(void *self, const struct attempt_row *row)
{
    struct sought *s = self;
    s->found = s->found || row->id.v == s->id;
    return OK;
}

/* Invariant: what is started is in the store already, for another process to see. */
static void check_durable(struct world *w, int64_t id)
{
    struct store *reader;
    struct sought s = {id, false};
    struct error e = {0};
    assert_ok(store_open(w->where, STORE_READ, DURABILITY_DEFAULT, &reader, &e));
    assert_ok(store_live_attempts(reader, is_live, &s, &e));
    store_close(reader);
    assert_true(s.found);
}

static int64_t duration(struct world *w, int64_t ns)
{
    if (w->jitter == 0)
        return ns;
    w->jitter = w->jitter * 1664525u + 1013904223u;
    return ns / 2 + ns * (int64_t)(w->jitter >> 16 & 1023) / 512;
}

/* Trials of a second search count from 101 here, of a third from 201, ... */
static int64_t number_of(const struct wire_spec *spec)
{
    struct str rest = spec->trial;
    struct str search = str_cut(&rest, '.');
    return strtoll(rest.p, NULL, 10) + 100 * (strtoll(search.p, NULL, 10) - 1);
}

/* How many steps its checkpoint holds. */
static int64_t load(struct fake_attempt *a, const struct wire_spec *spec)
{
    char path[200];
    struct buf b;
    struct error e;
    int64_t lines = 0;
    snprintf(a->checkpoint, sizeof a->checkpoint, "%.*s", STR_FMT(spec->checkpoint));
    assert_ok(io_make_dirs(a->checkpoint, 0700, &e));
    snprintf(path, sizeof path, "%s/steps", a->checkpoint);
    buf_init(&b, 1 << 16);
    if (io_read_file(path, 1 << 16, &b, &e) == OK)
        for (size_t i = 0; i < b.n; i++)
            lines += b.p[i] == '\n';
    buf_free(&b);
    return lines;
}

static void save(const struct fake_attempt *a)
{
    char path[200];
    snprintf(path, sizeof path, "%s/steps", a->checkpoint);
    FILE *f = fopen(path, "a");
    assert_non_null(f);
    fprintf(f, "%d\n", (int)a->trial);
    assert_int_equal(fclose(f), 0);
}

static enum code start(struct executor *x, const struct wire_spec *spec, struct error *e)
{
    struct world *w = of(x);
    int64_t number = number_of(spec);
    check_durable(w, spec->attempt);
    assert_in_range(number, 1, TRIALS_MAX - 1);
    for (size_t i = 0; i < w->n; i++)
        assert_false(w->attempts[i].alive && w->attempts[i].trial == number);
    assert_in_range(w->n, 0, ATTEMPTS_MAX - 1);
    struct fake_attempt *a = &w->attempts[w->n++];
    *a = (struct fake_attempt){.id = spec->attempt,
                               .trial = number,
                               .steps = spec->steps,
                               .step = w->progress[number],
                               .alive = true,
                               .adopted = true};
    if (w->checkpoints)
        a->step = w->progress[number] = load(a, spec);
    snprintf(a->devices, sizeof a->devices, "%.*s", STR_FMT(spec->devices));
    a->wakes = w->time.monotonic_ns;
    w->attempts_of[number]++;
    if (w->starved)
        w->idle_ns += w->time.monotonic_ns - w->last_exit;
    w->starved = false;
    w->running++;
    w->most_running = w->running > w->most_running ? w->running : w->most_running;
    return OK;
}

static enum code adopt(struct executor *x, const struct wire_spec *spec, int64_t durable_seq,
                       struct error *e)
{
    struct fake_attempt *a = find(of(x), spec->attempt);
    /* Journalled, but its controller died before it was started: proved by there being no spool. */
    if (a == NULL) {
        struct world *w = of(x);
        a = &w->attempts[w->n++];
        *a = (struct fake_attempt){.id = spec->attempt, .over = true, .wakes = 0, .adopted = true};
        return OK;
    }
    a->adopted = true;
    a->delivered = (int)durable_seq;
    a->gone_told = false;
    return OK;
}

static void ack(struct executor *x, int64_t attempt, int64_t durable_seq)
{
    struct fake_attempt *a = known(of(x), attempt);
    assert_true(durable_seq <= a->n_spool && durable_seq >= a->acked);
    a->acked = durable_seq;
}

static void answer(struct executor *x, int64_t attempt, int64_t seq, enum verdict v,
                   int64_t next_wanted)
{
    struct world *w = of(x);
    struct fake_attempt *a = known(w, attempt);
    if (a->asked_at != seq)
        return; /* an answer of before a crash */
    a->asked_at = 0;
    a->verdict = v > a->verdict ? v : a->verdict;
    if (a->alive)
        a->wakes = w->time.monotonic_ns + (a->verdict == VERDICT_CONTINUE ? a->step_ns : 0);
}

static void hold(struct executor *x, int64_t attempt, int64_t seq)
{
    struct fake_attempt *a = known(of(x), attempt);
    assert_int_equal(a->asked_at, seq);
}

static void verdict(struct executor *x, int64_t attempt, enum verdict v)
{
    struct world *w = of(x);
    struct fake_attempt *a = find(w, attempt);
    if (a == NULL)
        return;
    if (v <= a->verdict)
        return;
    a->verdict = v;
    if (a->alive)
        a->wakes = w->time.monotonic_ns;
}

static void forget(struct executor *x, int64_t attempt)
{
    struct fake_attempt *a = known(of(x), attempt);
    a->adopted = false;
}

static void close_(struct executor *x)
{
    struct world *w = of(x);
    for (size_t i = 0; i < w->n; i++) {
        struct fake_attempt *a = &w->attempts[i];
        a->adopted = false;
        if (a->alive && a->asked_at != 0) {
            a->asked_at = 0; /* its supervisor answers `continue` while nobody else does */
            a->wakes = w->time.monotonic_ns + a->step_ns;
        }
    }
}

static const struct executor_ops ops = {start,   adopt,  ack,    answer, hold,
                                        verdict, forget, close_, NULL};

/* --- workers --- */

static enum code submit(void *self, void (*run)(void *), void (*done)(void *), void *work,
                        struct error *e)
{
    struct world *w = self;
    if (w->workers_refuse)
        return error_nomem(e);
    assert_in_range(w->n_work, 0, WORK_MAX - 1);
    w->work[w->n_work++] =
        (struct fake_work){run, done, work, w->time.monotonic_ns + duration(w, w->work_ns)};
    return OK;
}

/* What is due. More may be given while its end is told. */
static bool work(struct world *w)
{
    for (int i = 0; i < w->n_work; i++) {
        struct fake_work x = w->work[i];
        if (x.due > w->time.monotonic_ns)
            continue;
        w->work[i] = w->work[--w->n_work];
        x.run(x.self);
        x.done(x.self);
        w->n_worked++;
        return true;
    }
    return false;
}

/* --- what attempts do --- */

static void spool(struct world *w, struct fake_attempt *a, struct spooled s)
{
    assert_in_range(a->n_spool, 0, SPOOL_MAX - 1);
    s.seq = a->n_spool + 1;
    a->spool[a->n_spool++] = s;
}

static void die(struct world *w, struct fake_attempt *a)
{
    a->alive = false;
    a->over = true;
    a->wakes = w->time.monotonic_ns;
    a->gone_at = w->time.monotonic_ns + w->linger_ns;
    w->last_exit = w->time.monotonic_ns;
    w->starved = true;
    w->running--;
}

static void end(struct world *w, struct fake_attempt *a, enum wire_reason reason, int exit_code,
                bool infeasible)
{
    spool(w, a,
          (struct spooled){.type = FRAME_EXITED,
                           .reason = reason,
                           .exit_code = exit_code,
                           .infeasible = infeasible});
    die(w, a);
}

static void act(struct world *w, struct fake_attempt *a)
{
    static const enum wire_reason reasons[] = {WIRE_EXIT, WIRE_PAUSED, WIRE_STOPPED, WIRE_CANCELLED,
                                               WIRE_CANCELLED};
    if (a->n_spool == 0)
        spool(w, a, (struct spooled){.type = FRAME_STARTED});
    bool told = a->verdict != VERDICT_CONTINUE;
    if (told && (a->overtime++ >= w->deaf || a->verdict == VERDICT_KILL)) {
        end(w, a, reasons[a->verdict], -1, false);
        return;
    }
    if (a->asked_at != 0 && !told) {
        a->wakes = INT64_MAX;
        return;
    }
    a->asked_at = 0;
    if (!told && a->steps > 0 && a->step >= a->steps) {
        end(w, a, WIRE_EXIT, 0, false);
        return;
    }
    struct step s = w->program(w, a);
    if (s.turn == TURN_REPORT) {
        int64_t step = a->step + 1;
        a->parts = s.unfinished ? a->parts + 1 : 0;
        a->step += !s.unfinished;
        w->progress[a->trial] = a->step;
        if (w->checkpoints && !s.unfinished)
            save(a);
        spool(w, a,
              (struct spooled){.type = FRAME_REPORT,
                               .step = s.says > 0 ? s.says : step,
                               .value = s.value,
                               .ms = s.ms,
                               .said = s.said,
                               .waits = s.waits});
        bool asks = s.waits && !told;
        a->asked_at = asks ? a->n_spool : 0;
        a->step_ns = duration(w, s.ns);
        a->wakes = asks ? INT64_MAX : w->time.monotonic_ns + a->step_ns;
    } else if (s.exit_code < 0) {
        die(w, a);
    } else {
        end(w, a, WIRE_EXIT, s.exit_code, s.infeasible);
    }
}

static void deliver_one(struct world *w, struct fake_attempt *a, const struct spooled *s)
{
    const struct wire_metric m[] = {{STR("loss"), s->value}, {STR("ms"), s->ms}};
    struct frame f = {.type = s->type,
                      .seq = s->seq,
                      .time = w->time.real_ns,
                      .attempt = a->id,
                      .text = STR("1:1:boot")};
    if (s->type == FRAME_REPORT)
        f.report = (struct wire_report){.seq = s->seq,
                                        .time = w->time.real_ns,
                                        .step = s->step,
                                        .waits = s->waits,
                                        .n = s->said == SAID_BOTH ? 2 : 1,
                                        .metrics = s->said == SAID_MS ? m + 1 : m};
    if (s->type == FRAME_EXITED)
        f.exited = (struct wire_exited){.seq = s->seq,
                                        .time = w->time.real_ns,
                                        .reason = s->reason,
                                        .exit_code = s->exit_code,
                                        .signal = -1,
                                        .infeasible = s->infeasible};
    w->listener.event(w->listener.self, a->id, &f);
}

/* The scheduler may drop the attempt while it hears of it. */
static bool deliver(struct world *w, struct fake_attempt *a)
{
    bool any = false;
    while (a->adopted && a->delivered < a->n_spool) {
        deliver_one(w, a, &a->spool[a->delivered++]);
        any = true;
    }
    if (a->adopted && a->over && !a->gone_told && a->gone_at <= w->time.monotonic_ns &&
        (a->n_spool == 0 || a->acked == a->n_spool ||
         a->spool[a->n_spool - 1].type != FRAME_EXITED)) {
        a->gone_told = true;
        w->listener.gone(w->listener.self, a->id);
        any = true;
    }
    return any;
}

static bool turn(struct world *w)
{
    bool any = false;
    int64_t now = w->time.monotonic_ns;
    for (size_t i = 0; i < w->n; i++) {
        struct fake_attempt *a = &w->attempts[i];
        while (a->alive && a->wakes <= now && a->n_spool < SPOOL_MAX) {
            act(w, a);
            any = true;
        }
    }
    for (size_t i = 0; i < w->n && w->scheduler != NULL; i++)
        any = deliver(w, &w->attempts[i]) || any;
    while (w->scheduler != NULL && work(w))
        any = true;
    if (w->scheduler != NULL)
        w->listener.settled(w->listener.self);
    return any;
}

static int64_t next_time(struct world *w)
{
    int64_t at = w->scheduler != NULL ? scheduler_deadline(w->scheduler) : INT64_MAX;
    for (size_t i = 0; i < w->n; i++) {
        if (w->attempts[i].alive && w->attempts[i].wakes < at)
            at = w->attempts[i].wakes;
        if (w->attempts[i].adopted && w->attempts[i].over && !w->attempts[i].gone_told &&
            w->attempts[i].gone_at > w->time.monotonic_ns && w->attempts[i].gone_at < at)
            at = w->attempts[i].gone_at;
    }
    for (int i = 0; i < w->n_work; i++)
        at = w->work[i].due < at ? w->work[i].due : at;
    return at;
}

void world_run(struct world *w, int64_t turns)
{
    scheduler_settle(w->scheduler);
    for (int64_t n = 0; turns == 0 || n < turns; n++) {
        assert_null(scheduler_fatal(w->scheduler));
        if (turn(w))
            continue;
        int64_t at = next_time(w);
        if (at == INT64_MAX || (scheduler_all_idle(w->scheduler) && w->running == 0))
            return;
        assert_in_range(w->turns++, 0, 1000000);
        if (at > w->time.monotonic_ns) {
            w->time.real_ns += at - w->time.monotonic_ns;
            w->time.monotonic_ns = at;
        }
        scheduler_tick(w->scheduler);
    }
}

/* --- making and unmaking --- */

static void on_event(void *self, const struct event *ev)
{
    struct world *w = self;
    w->events[ev->kind]++;
    if (ev->kind == EVENT_SEARCH_ENDED)
        w->last_ended = *ev;
}

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/trawl-sched-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->where, sizeof w->where, "sqlite:%s/trawl.db", w->dir);
    w->executor.ops = &ops;
    w->time = (struct virtual_clock){1700000000 * NS_PER_S, 1000 * NS_PER_S};
    return w;
}

void world_start(struct world *w, int cpus)
{
    struct error e = {0};
    assert_ok(store_open(w->where, STORE_CREATE, DURABILITY_DEFAULT, &w->store, &e));
    assert_ok(store_lock(w->store, &e));
    struct scheduler_options o = {.store = w->store,
                                  .clock = clock_virtual(&w->time),
                                  .devices = w->devices,
                                  .store_dir = w->dir,
                                  .runtime_dir = w->dir,
                                  .cpus = cpus,
                                  .workers = {w->no_workers ? NULL : submit, w},
                                  .sink = {on_event, w}};
    assert_ok(scheduler_new(&o, &w->scheduler, &e));
    w->listener = scheduler_listener(w->scheduler);
    scheduler_use(w->scheduler, &w->executor);
}

void world_crash(struct world *w)
{
    close_(&w->executor);
    w->n_work = 0; /* whatever runs dies with its process */
    scheduler_free(w->scheduler);
    w->scheduler = NULL;
    store_close(w->store);
    w->store = NULL;
}

void world_free(struct world *w)
{
    struct error e;
    if (w->scheduler != NULL)
        world_crash(w);
    devices_free(w->devices);
    assert_ok(io_remove_tree(w->dir, &e));
    free(w);
}

void world_take_up(struct world *w, int cpus, struct search_id id)
{
    struct error e = {0};
    world_start(w, cpus);
    assert_ok(scheduler_open(w->scheduler, id, &e));
    if (world_state(w, id) != SEARCH_COMPLETED)
        assert_ok(scheduler_resume(w->scheduler, id, &e));
}

double world_loss(const struct fake_attempt *a)
{
    return (double)(a->trial * 5 % 12) + 1.0 / (double)(a->step + 1);
}

struct step world_never_asks(struct world *w, struct fake_attempt *a)
{
    return (struct step){.turn = TURN_REPORT, .ns = NS_PER_S, .value = world_loss(a)};
}

struct step world_asks(struct world *w, struct fake_attempt *a)
{
    struct step s = world_never_asks(w, a);
    s.waits = true;
    return s;
}

struct search_id world_submit(struct world *w, const char *yaml)
{
    struct problems problems;
    struct settings *st;
    struct error e = {0};
    struct arena a;
    struct snapshot snap;
    struct snapshot_rules rules = {NULL, 0};
    struct search_id id;
    char program[96], code[96];
    snprintf(program, sizeof program, "%s/program", w->dir);
    snprintf(code, sizeof code, "%s/code", w->dir);
    assert_ok(io_make_dirs(program, 0700, &e));
    problems_init(&problems);
    if (conf_load(str_of(yaml), "trawl.yaml", NULL, 0, &st, &problems) != OK)
        fail_msg("%s", problems.v[0].message);
    problems_free(&problems);
    arena_init(&a, 1 << 20);
    assert_ok(snapshot_take(&a, program, code, &rules, &snap, &e));
    struct submission sub = {.settings = st, .directory = program, .snapshot = &snap};
    assert_ok(scheduler_submit(w->scheduler, &sub, &id, &e));
    arena_free(&a);
    return id;
}

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct buf *b = self;
    buf_fmt(b, "%lld %lld %.*s %.*s\n", (long long)row->seq, (long long)row->trial,
            STR_FMT(row->kind), STR_FMT(row->data));
    return OK;
}

void world_journal(struct world *w, struct search_id id, struct buf *b)
{
    struct error e = {0};
    assert_ok(store_journal(w->store, id, 1, on_entry, b, &e));
}

static void get(struct world *w, struct search_id id, struct search_row *row)
{
    struct arena a;
    struct error e = {0};
    arena_init(&a, 16 << 20);
    assert_ok(store_search_get(w->store, id, &a, row, &e));
    arena_free(&a);
}

int64_t world_count(struct world *w, struct search_id id, enum trial_state state)
{
    struct search_row row;
    get(w, id, &row);
    return row.counts[state];
}

enum search_state world_state(struct world *w, struct search_id id)
{
    struct search_row row;
    get(w, id, &row);
    return row.state;
}
