/*
 * What run, resume and retry share: to the end, following, in the background.
 */
#include "api/control.h"
#include "api/run.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "sched/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_INTERRUPTED = 130 };

enum view_style run_style(const struct invocation *inv)
{
    if (inv->json)
        return VIEW_JSON;
    if (option_given(inv, "quiet"))
        return VIEW_QUIET;
    return inv->out->tty && inv->out->colour ? VIEW_LIVE : VIEW_PLAIN;
}

void handover_pause(void)
{
    static const struct timespec moment = {0, 100000000};
    (void)nanosleep(&moment, NULL);
}

/* --- the end --- */

struct best {
    const struct settings *st;
    struct arena *a;
    struct str by_hand;
};

static enum code on_best(void *self, const struct trial_row *row)
{
    struct best *b = self;
    struct config config;
    struct error e;
    if (config_parse(b->st->space, b->a, row->params, &config, &e) == OK &&
        scheduler_by_hand(b->st, b->a, &config, row->steps, row->seed, &b->by_hand, &e) != OK)
        b->by_hand = (struct str){0};
    return OK;
}

static int status_of(const struct search_row *row, bool interrupted)
{
    int64_t succeeded = row->counts[TRIAL_COMPLETED] + row->counts[TRIAL_STOPPED];
    if (row->state == SEARCH_COMPLETED)
        return succeeded > 0 ? 0 : 1;
    return interrupted || row->state == SEARCH_PAUSED ? EXIT_INTERRUPTED : 1;
}

static enum code finish(const struct invocation *inv, struct store *store, struct search_id id,
                        bool interrupted, int *ret_status, struct error *e)
{
    struct arena a;
    struct search_row row;
    struct settings *st = NULL;
    arena_init(&a, 64 << 20);
    enum code c = store_search_get(store, id, &a, &row, e);
    if (c == OK)
        *ret_status = status_of(&row, interrupted);
    if (c == OK && !inv->json) {
        struct best b = {.a = &a};
        if (kept_settings(&row, &st, NULL) == OK && st->n_objectives == 1) {
            b.st = st;
            c = store_best(store, id, 1, on_best, &b, e);
        }
        if (c == OK)
            c = view_summary(inv->out, store, id, b.by_hand, e);
    }
    settings_free(st);
    arena_free(&a);
    return c;
}

enum code run_to_the_end(const struct invocation *inv, struct controller *ctl, struct search_id id,
                         int *ret_status, struct error *e)
{
    bool interrupted = false;
    enum code c = controller_run(ctl, &interrupted, e);
    view_clear(controller_view(ctl));
    if (c != OK)
        return c;
    return finish(inv, controller_store(ctl), id, interrupted, ret_status, e);
}

/* --- following --- */

static volatile sig_atomic_t interrupts; /* a signal handler has nowhere else to count */

static void on_interrupt(int signum)
{
    interrupts++;
}

static void follow_event(void *self, const struct event *ev)
{
    struct view *v = self;
    if (ev != NULL)
        view_event(v, ev);
    if (view_deadline(v) != INT64_MAX)
        view_draw(v);
}

static bool is_over(const struct project *p, struct search_id id)
{
    struct arena a;
    struct search_row row;
    struct store *store;
    if (project_store(p, &store, NULL) != OK)
        return false;
    arena_init(&a, 64 << 20);
    bool over = store_search_get(store, id, &a, &row, NULL) == OK && row.state != SEARCH_RUNNING;
    arena_free(&a);
    store_close(store);
    return over;
}

enum code run_follow(const struct invocation *inv, const struct project *p,
                     struct control_client *client, struct search_id id, int *ret_status,
                     struct error *e)
{
    struct view *view;
    struct store *store = NULL;
    struct clock clock = clock_system();
    struct sigaction act = {.sa_handler = on_interrupt}, old;
    enum code c = view_new(inv->out, &clock, run_style(inv), &view, e);
    if (c != OK)
        return c;
    (void)sigaction(SIGINT, &act, &old);
    struct event_sink sink = {follow_event, view};
    c = control_follow(client, id, &interrupts, &sink, e);
    if ((c == E_STATE || c == E_IO || c == E_BUSY) && is_over(p, id))
        c = OK; /* it ended before we followed, or its controller with it before we had read all */
    if (c == E_BUSY)
        c = E_IO; /* to the caller that would mean that nobody took the search */
    (void)sigaction(SIGINT, &old, NULL);
    view_clear(view);
    view_free(view);
    if (c == OK)
        c = project_store(p, &store, e);
    if (c == OK)
        c = finish(inv, store, id, interrupts > 0, ret_status, e);
    if (store != NULL)
        store_close(store);
    return c;
}

/* --- the background --- */

/* "ok ID", or the error's parts a line each. */
void run_tell(int tell, struct search_id id, enum code c, const struct error *e)
{
    struct buf b;
    if (tell < 0)
        return;
    buf_init(&b, 8192);
    if (c == OK)
        buf_fmt(&b, "ok %lld\n", (long long)id.v);
    else
        buf_fmt(&b, "error %d\n%s\n%s\n%s\n", (int)c, e->message, e->detail, e->hint);
    FAILPOINT("run.before-tell");
    (void)!write(tell, b.p, b.n);
    FAILPOINT("run.after-tell");
    buf_free(&b);
    close(tell);
}

static enum code hear(int fd, struct search_id *ret, struct error *e)
{
    struct buf b;
    char bytes[4096];
    ssize_t n;
    buf_init(&b, 16384);
    while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0)
            buf_add(&b, bytes, (size_t)n);
    }
    struct str rest = buf_view(&b);
    struct str first = str_cut(&rest, '\n');
    enum code c = OK;
    if (str_starts(first, "ok ")) {
        ret->v = strtoll(first.p + 3, NULL, 10);
    } else if (str_starts(first, "error ")) {
        c = (enum code)strtol(first.p + 6, NULL, 10);
        struct str message = str_cut(&rest, '\n');
        struct str detail = str_cut(&rest, '\n');
        struct str hint = str_cut(&rest, '\n');
        error_set(e, c, "%.*s", STR_FMT(message));
        error_detail(e, "%.*s", STR_FMT(detail));
        error_hint(e, "%.*s", STR_FMT(hint));
    } else {
        c = error_set(e, E_IO, "the process in the background died before it began");
        error_hint(e, "its last words are in .trawl/controller.log");
    }
    buf_free(&b);
    return c;
}

static enum code into_background(const struct project *p, struct error *e)
{
    char *log = io_join(p->store_dir, "controller.log");
    enum code c = log != NULL ? io_make_dirs(p->store_dir, 0700, e) : error_nomem(e);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int out = c == OK ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (c == OK && (null < 0 || out < 0))
        c = error_errno(e, errno, "cannot open %s", log);
    if (c == OK && (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 || setsid() < 0))
        c = error_errno(e, errno, "cannot go into the background");
    if (null > 2)
        close(null);
    if (out > 2)
        close(out);
    free(log);
    return c;
}

enum code run_detach(const struct project *p, bool *ret_parent, int *ret_tell,
                     struct search_id *ret_search, struct error *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return error_errno(e, errno, "cannot make a pipe");
    pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]);
        close(ends[1]);
        return error_errno(e, errno, "cannot start a process in the background");
    }
    *ret_parent = pid > 0;
    if (pid > 0) {
        close(ends[1]);
        enum code c = hear(ends[0], ret_search, e);
        close(ends[0]);
        return c;
    }
    close(ends[0]);
    *ret_tell = ends[1];
    return into_background(p, e);
}
