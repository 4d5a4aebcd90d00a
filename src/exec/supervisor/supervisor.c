/*
 * A supervisor's life.
 */
#include "exec/supervisor/supervisor.h"

#include "base/failpoint.h"
#include "exec/supervisor/internal.h"
#include "exec/supervisor/program.h"
#include "exec/supervisor/setup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_MAX = 16 << 20, WATCHED_MAX = REPORTERS_MAX + 5 };

static enum code init(struct supervisor *s, int controller_fd, int spool_fd,
                      const struct clock *clock, struct error *e)
{
    *s = (struct supervisor){.clock = clock,
                             .controller_fd = controller_fd,
                             .listener_fd = -1,
                             .signal_fd = -1,
                             .pipe_fd = {-1, -1},
                             .output.fd = -1,
                             .cgroup.procs_fd = -1,
                             .last_step = -1,
                             .killed_by_kernel = -1,
                             .scan_at = NEVER,
                             .ending = {.term_at = NEVER, .kill_at = NEVER}};
    arena_init(&s->arena, ARENA_MAX);
    buf_init(&s->spec_bytes, FRAME_MAX + FRAME_HEAD);
    buf_init(&s->controller_in, CONTROLLER_READ_MAX + READ_CHUNK);
    buf_init(&s->infeasible_why, 1000);
    buf_init(&s->early[0], READ_CHUNK);
    buf_init(&s->early[1], READ_CHUNK);
    for (size_t i = 0; i < REPORTERS_MAX; i++)
        s->reporter[i].fd = -1;
    s->chunk = malloc(READ_CHUNK);
    return s->chunk ? queue_init(&s->queue, spool_fd, e) : error_nomem(e);
}

static void release(struct supervisor *s)
{
    reporters_close(s);
    if (s->own_controller_fd && s->controller_fd >= 0)
        close(s->controller_fd);
    for (int i = 0; i < 2; i++)
        if (s->pipe_fd[i] >= 0)
            close(s->pipe_fd[i]);
    if (s->signal_fd >= 0)
        close(s->signal_fd);
    output_close(&s->output);
    cgroup_remove(&s->cgroup);
    scan_free(s->scan);
    queue_free(&s->queue);
    buf_free(&s->spec_bytes);
    buf_free(&s->controller_in);
    buf_free(&s->infeasible_why);
    buf_free(&s->early[0]);
    buf_free(&s->early[1]);
    arena_free(&s->arena);
    free(s->chunk);
}

/* Those who end a terminal's processes mean the program's, not the one that records its end. What
 * preempts waits until it can be heard. */
static void prepare_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t later;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        sigaction(ignored[i], &ignore, NULL);
    sigemptyset(&later);
    sigaddset(&later, SIGUSR1);
    sigprocmask(SIG_BLOCK, &later, NULL);
}

static enum code become_supervisor(struct supervisor *s, struct error *e)
{
    sigset_t heard;
    char name[16];
    snprintf(name, sizeof(name), "trawl %.*s", STR_FMT(str_sub(s->spec.trial, 0, 9)));
    prctl(PR_SET_NAME, name);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return error_errno(e, errno, "cannot become a subreaper");
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGUSR1);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would let children vanish without a status */
    if (sigprocmask(SIG_BLOCK, &heard, NULL) < 0)
        return error_errno(e, errno, "cannot block SIGCHLD");
    s->signal_fd = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signal_fd < 0 ? error_errno(e, errno, "cannot make a signalfd") : OK;
}

static enum code make_argv(struct supervisor *s, char ***ret, struct error *e)
{
    char **argv = arena_array(&s->arena, (size_t)s->spec.n_argv + 1, sizeof(*argv));
    for (uint32_t i = 0; argv && i < s->spec.n_argv; i++) {
        argv[i] = arena_cstr(&s->arena, s->spec.argv[i]);
        if (!argv[i])
            argv = NULL;
    }
    if (!argv)
        return error_nomem(e);
    *ret = argv;
    return OK;
}

static enum code open_log(struct supervisor *s, struct error *e)
{
    char *path = arena_cstr(&s->arena, s->spec.log_path);
    return path ? output_open(&s->output, path, s->spec.log_limit, e) : error_nomem(e);
}

static enum code set_up(struct supervisor *s, struct launch *l, struct error *e)
{
    char **argv = NULL, **environment = NULL;
    enum code code = become_supervisor(s, e);
    if (code == OK)
        code = setup_folder(&s->spec, e);
    if (code == OK)
        code = open_log(s, e);
    if (code == OK)
        code = scan_new(&s->scan, s->spec.names, s->spec.n_names, s->spec.pattern,
                        s->spec.from_step, e);
    if (code == OK)
        code = reporters_listen(s, e);
    if (code == OK)
        code = make_argv(s, &argv, e);
    if (code == OK)
        code = setup_environment(&s->spec, environ, &s->arena, &environment, e);
    if (code == OK && !(l->directory = arena_cstr(&s->arena, s->spec.directory)))
        code = error_nomem(e);
    l->argv = argv;
    l->environment = environment;
    return code;
}

static enum code launch(struct supervisor *s, struct launch *l, struct error *e)
{
    int ends[2] = {-1, -1};
    enum code code = pipes_open(s, ends, e);
    if (code == OK) {
        cgroup_make_here(&s->cgroup, s->spec.attempt, s->spec.memory);
        l->out_fd = ends[0];
        l->err_fd = ends[1];
        l->cgroup_fd = s->cgroup.procs_fd;
        s->killed_by_kernel = limits_kernel_kills();
        FAILPOINT("supervisor.before-start");
        code = program_start(l, &s->arena, &s->program, e);
        FAILPOINT("supervisor.after-start");
    }
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    return code;
}

/* From here on failure is an event like another. */
static void start(struct supervisor *s)
{
    struct launch l = {.cgroup_fd = -1};
    enum code code = set_up(s, &l, &s->trouble);
    if (code == OK)
        code = launch(s, &l, &s->trouble);
    if (code == OK) {
        limits_start(s);
        event_started(s);
        return;
    }
    struct buf remark;
    buf_init(&remark, 2000);
    buf_fmt(&remark, "%s%s%s", s->trouble.message, s->trouble.detail[0] ? ": " : "",
            s->trouble.detail);
    output_remark(&s->output, buf_view(&remark), supervisor_time(s));
    buf_free(&remark);
    s->spawn_failed = true;
    s->phase = SWEEPING;
    ending_sweep(s);
}

static void reap(struct supervisor *s)
{
    struct rusage usage;
    int status;
    pid_t pid;
    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (pid != s->program)
            continue; /* an orphan of the program's */
        int64_t most = (int64_t)usage.ru_maxrss * 1024;
        s->status = status;
        s->program = 0;
        if (most > s->peak_memory)
            s->peak_memory = most;
        s->phase = SWEEPING;
    }
    if (s->phase == SWEEPING)
        ending_sweep(s);
}

/* The preemption first: it may be what the program died of. */
static void hear_signals(struct supervisor *s)
{
    struct signalfd_siginfo info[8];
    ssize_t n;
    while ((n = read(s->signal_fd, info, sizeof(info))) > 0)
        for (size_t i = 0; i < (size_t)n / sizeof(info[0]); i++)
            if (info[i].ssi_signo == SIGUSR1)
                ending_preempt(s);
    reap(s);
}

static void say_last_word(struct supervisor *s)
{
    struct wire_exited x;
    int64_t peak = cgroup_peak(&s->cgroup);
    reporters_drain(s); /* first: a report there ends the look at the output */
    pipes_drain(s);
    if (peak > s->peak_memory)
        s->peak_memory = peak;
    ending_reason(s, &x);
    if (x.reason != WIRE_EXIT && x.detail.n && !s->spawn_failed)
        output_remark(&s->output, x.detail, x.time);
    s->phase = DONE;
    FAILPOINT("supervisor.before-exited");
    if (!event_exited(s, &x))
        controller_send_unkept(s);
    FAILPOINT("supervisor.after-exited");
}

static int64_t nearest_deadline(const struct supervisor *s)
{
    int64_t at = ending_deadline(s), limit = limits_deadline(s), reply = reporters_deadline(s);
    int64_t scan = pipes_deadline(s);
    at = limit < at ? limit : at;
    at = scan < at ? scan : at;
    return reply < at ? reply : at;
}

struct watched {
    struct pollfd fd[WATCHED_MAX];
    struct reporter *reporter[WATCHED_MAX];
    nfds_t n;
};

static void watch(struct watched *w, int fd, short events, struct reporter *r)
{
    if (fd < 0)
        return;
    w->reporter[w->n] = r;
    w->fd[w->n++] = (struct pollfd){.fd = fd, .events = events};
}

static void watch_all(struct supervisor *s, struct watched *w)
{
    w->n = 0;
    watch(w, s->signal_fd, POLLIN, NULL);
    watch(w, s->controller_fd, s->controller_full ? POLLIN | POLLOUT : POLLIN, NULL);
    watch(w, s->listener_fd, POLLIN, NULL);
    watch(w, s->pipe_fd[0], POLLIN, NULL);
    watch(w, s->pipe_fd[1], POLLIN, NULL);
    for (size_t i = 0; i < REPORTERS_MAX; i++) {
        struct reporter *r = &s->reporter[i];
        watch(w, r->fd, r->out.n ? POLLOUT : r->waits_for ? 0 : POLLIN, r);
    }
}

static void dispatch(struct supervisor *s, const struct pollfd *p, struct reporter *r)
{
    if (r) {
        if (r->fd == p->fd) /* not closed meanwhile, nor the controller's now */
            reporter_ready(s, r, p->revents);
    } else if (p->fd == s->signal_fd) {
        hear_signals(s);
    } else if (p->fd == s->controller_fd) {
        controller_ready(s, p->revents);
    } else if (p->fd == s->listener_fd) {
        reporters_accept(s);
    } else if (p->fd == s->pipe_fd[0] || p->fd == s->pipe_fd[1]) {
        pipes_ready(s, p->fd == s->pipe_fd[1]);
    }
}

static void turn(struct supervisor *s, struct watched *w)
{
    int64_t at = nearest_deadline(s), left = at - supervisor_now(s);
    struct timespec pause = {left > 0 ? left / NS_PER_S : 0, left > 0 ? left % NS_PER_S : 0};
    watch_all(s, w);
    int ready = ppoll(w->fd, w->n, at == NEVER ? NULL : &pause, NULL);
    for (nfds_t i = 0; i < w->n && ready > 0; i++)
        if (w->fd[i].revents)
            dispatch(s, &w->fd[i], w->reporter[i]);
    int64_t now = supervisor_now(s);
    pipes_run(s, now);
    limits_run(s, now);
    reporters_expire(s, now);
    ending_run(s, now);
}

static void run(struct supervisor *s)
{
    struct watched w;
    start(s);
    for (;;) {
        if (s->phase == LAST_WORD)
            say_last_word(s);
        controller_send(s);
        if (s->phase == DONE && (s->controller_fd < 0 || s->durable_seq >= s->queue.last_seq))
            return;
        turn(s, &w);
    }
}

enum code supervisor_run(int controller_fd, int spool_fd, const struct clock *clock,
                         struct error *e)
{
    bool whole = false;
    struct supervisor *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    prepare_signals();
    enum code code = init(s, controller_fd, spool_fd, clock, e);
    FAILPOINT("supervisor.before-spec");
    if (code == OK)
        code = controller_read_spec(s, &whole, e);
    FAILPOINT("supervisor.after-spec");
    if (code == OK && whole)
        run(s);
    release(s);
    free(s);
    return code;
}
