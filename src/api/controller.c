/*
 * The controller: wiring, signals, and its loop.
 */
#include "api/controller.h"

#include "api/control.h"
#include "api/keep.h"
#include "base/io.h"
#include "exec/local/local.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct controller {
    struct controller_options o;
    struct store *store;
    struct loop *loop;
    struct devices *devices;
    struct executor *executor;
    struct scheduler *scheduler;
    struct control *control;
    struct view *view;
    struct loop_timer *timer, *draw_timer;
    struct loop_settled *settled;
    struct loop_signal *signals[5];
    struct clock clock;
    int interrupts;
    char *runtime_dir;
};

static void on_event(void *self, const struct event *ev)
{
    struct controller *c = self;
    view_event(c->view, ev);
    if (c->control != NULL)
        control_event(c->control, ev);
    if (ev->kind == EVENT_SEARCH_ENDED && !scheduler_all_idle(c->scheduler))
        view_say(c->view, TONE_ACCENT,
                 "search %lld is %s; others still run here, and this process stays for them",
                 (long long)ev->search.v, search_state_name(ev->search_state));
}

/* After every turn of the loop: deadlines, the picture, the end. */
static void on_settled(void *self)
{
    struct controller *c = self;
    scheduler_settle(c->scheduler);
    loop_timer_set(c->timer, scheduler_deadline(c->scheduler));
    loop_timer_set(c->draw_timer, view_deadline(c->view));
    bool done = scheduler_all_idle(c->scheduler) && scheduler_live(c->scheduler) == 0;
    if (done || scheduler_fatal(c->scheduler) != NULL)
        loop_stop(c->loop);
}

static void on_timer(void *self)
{
    struct controller *c = self;
    scheduler_tick(c->scheduler);
}

static void on_draw(void *self)
{
    struct controller *c = self;
    view_draw(c->view);
}

/* A cluster says USR1 some time before TERM, and may say it more than once. */
static void warn(struct controller *c)
{
    if (c->interrupts > 0)
        return;
    c->interrupts = 1;
    scheduler_pause_all(c->scheduler);
}

static void interrupt(struct controller *c)
{
    c->interrupts++;
    if (c->interrupts == 1) {
        scheduler_pause_all(c->scheduler);
    } else {
        view_say(c->view, TONE_WARN, "killing what still runs; it goes on from its checkpoints");
        scheduler_hurry(c->scheduler);
    }
}

static void on_signal(void *self, int signum)
{
    struct controller *c = self;
    if (signum == SIGWINCH)
        screen_measure(c->o.out);
    else if (signum == SIGHUP)
        c->o.out->deaf = true;
    else if (signum == SIGUSR1)
        warn(c);
    else
        interrupt(c);
}

static enum code watch_signals(struct controller *c, struct error *e)
{
    static const int signums[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP, SIGWINCH};
    for (size_t i = 0; i < sizeof signums / sizeof signums[0]; i++) {
        enum code code = loop_signal_new(c->loop, signums[i], on_signal, c, &c->signals[i], e);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code make_devices(struct controller *c, struct error *e)
{
    if (c->o.n_devices > 0)
        return devices_from_names(c->o.devices, c->o.n_devices, &c->devices, e);
    if (c->o.gpus > 0)
        return devices_discover(NULL, getenv("CUDA_VISIBLE_DEVICES"), &c->devices, e);
    return OK;
}

/* Sockets of one store stand in a folder of their own, since attempts are numbered in a store. */
static enum code make_runtime_dir(struct controller *c, struct error *e)
{
    struct buf b;
    buf_init(&b, 4096);
    enum code code = local_runtime_dir(&b, e);
    if (code == OK) {
        buf_fmt(&b, "/%08llx",
                (unsigned long long)(str_hash(str_of(c->o.project->store_dir)) & 0xffffffffu));
        code = buf_end(&b, e);
    }
    if (code == OK)
        code = io_make_dirs(b.p, 0700, e);
    if (code == OK) {
        c->runtime_dir = strdup(b.p);
        code = c->runtime_dir != NULL ? OK : error_nomem(e);
    }
    buf_free(&b);
    return code;
}

static enum code submit_work(void *self, void (*run)(void *), void (*done)(void *), void *work,
                             struct error *e)
{
    return loop_work(self, run, done, work, e);
}

static enum code make_scheduler(struct controller *c, struct error *e)
{
    struct scheduler_options so = {.store = c->store,
                                   .clock = c->clock,
                                   .devices = c->devices,
                                   .store_dir = c->o.project->store_dir,
                                   .runtime_dir = c->runtime_dir,
                                   .cpus = (int)sysconf(_SC_NPROCESSORS_ONLN),
                                   .workers = {submit_work, c->loop},
                                   .sink = {on_event, c}};
    enum code code = scheduler_new(&so, &c->scheduler, e);
    char *supervisor = io_join(c->o.executable_dir, "trawl-supervisor");
    if (code == OK && supervisor == NULL)
        code = error_nomem(e);
    struct executor_listener listener = {0};
    if (code == OK)
        listener = scheduler_listener(c->scheduler);
    struct local_options lo = {.supervisor = supervisor};
    if (code == OK)
        code = local_executor_new(c->loop, &lo, &listener, &c->executor, e);
    if (code == OK)
        scheduler_use(c->scheduler, c->executor);
    free(supervisor);
    return code;
}

static enum code make_loop_parts(struct controller *c, struct error *e)
{
    enum code code = loop_timer_new(c->loop, on_timer, c, &c->timer, e);
    if (code == OK)
        code = loop_timer_new(c->loop, on_draw, c, &c->draw_timer, e);
    if (code == OK)
        code = loop_settled_new(c->loop, on_settled, c, &c->settled, e);
    if (code == OK)
        code = watch_signals(c, e);
    if (code == OK)
        code = control_new(c->loop, c->o.project->store_dir, c->scheduler, &c->control, e);
    return code;
}

static enum code open_store(struct controller *c, struct error *e)
{
    const struct project *p = c->o.project;
    enum code code = c->o.create ? io_make_dirs(p->store_dir, 0700, e) : OK;
    if (code == OK)
        code = store_open(p->where, c->o.create ? STORE_CREATE : STORE_WRITE, c->o.durability,
                          &c->store, e);
    return code == OK ? store_lock(c->store, e) : code;
}

enum code controller_new(const struct controller_options *o, struct controller **ret,
                         struct error *e)
{
    struct controller *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_nomem(e);
    c->o = *o;
    c->clock = clock_system();
    enum code code = open_store(c, e);
    if (code == OK)
        code = make_runtime_dir(c, e);
    if (code == OK)
        code = make_devices(c, e);
    if (code == OK)
        code = view_new(o->out, &c->clock, o->style, &c->view, e);
    if (code == OK)
        code = loop_new(&c->loop, e);
    if (code == OK)
        code = make_scheduler(c, e);
    if (code == OK)
        code = make_loop_parts(c, e);
    if (code != OK) {
        controller_free(c);
        return code;
    }
    *ret = c;
    return OK;
}

void controller_free(struct controller *c)
{
    if (c == NULL)
        return;
    if (c->control != NULL)
        control_close(c->control);
    for (size_t i = 0; i < sizeof c->signals / sizeof c->signals[0]; i++) {
        if (c->signals[i] != NULL)
            loop_signal_close(c->signals[i]);
    }
    if (c->settled != NULL)
        loop_settled_close(c->settled);
    if (c->timer != NULL)
        loop_timer_close(c->timer);
    if (c->draw_timer != NULL)
        loop_timer_close(c->draw_timer);
    if (c->executor != NULL)
        c->executor->ops->close(c->executor);
    if (c->loop != NULL)
        loop_work_finish(c->loop); /* it reads what the scheduler owns */
    scheduler_free(c->scheduler);
    if (c->loop != NULL)
        loop_free(c->loop);
    view_free(c->view);
    devices_free(c->devices);
    if (c->store != NULL)
        store_close(c->store);
    free(c->runtime_dir);
    free(c);
}

struct scheduler *controller_scheduler(struct controller *c)
{
    return c->scheduler;
}

struct store *controller_store(struct controller *c)
{
    return c->store;
}

struct view *controller_view(struct controller *c)
{
    return c->view;
}

enum code controller_run(struct controller *c, bool *ret_interrupted, struct error *e)
{
    scheduler_settle(c->scheduler);
    on_settled(c);
    enum code code = loop_run(c->loop, e);
    *ret_interrupted = c->interrupts > 0;
    const struct error *fatal = scheduler_fatal(c->scheduler);
    if (code == OK && fatal != NULL) {
        if (e != NULL)
            *e = *fatal;
        code = fatal->code;
        if (e != NULL && e->hint[0] == 0)
            error_hint(e, "what runs goes on; `trawl resume` takes it up again");
    }
    return code;
}

enum code controller_submit(struct controller *c, const struct project *p, struct settings *st,
                            struct search_id *ret, struct error *e)
{
    struct arena a;
    struct snapshot snap;
    struct submission sub = {.settings = st, .directory = p->directory, .snapshot = &snap};
    arena_init(&a, 256 << 20);
    char *code_dir = io_join(p->store_dir, "code");
    enum code code = code_dir != NULL ? OK : error_nomem(e);
    struct snapshot_rules rules = {st->exclude, st->n_exclude};
    if (code == OK)
        code = snapshot_take(&a, p->directory, code_dir, &rules, &snap, e);
    if (code == OK)
        code = keep_environment(&a, &sub.keep, &sub.n_keep, e);
    if (code == OK)
        code = scheduler_submit(c->scheduler, &sub, ret, e);
    else
        settings_free(st);
    arena_free(&a);
    free(code_dir);
    return code;
}
