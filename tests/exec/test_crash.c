/*
 * Controllers that are killed, at random instants and at every failpoint; supervisors and programs,
 * too. Whatever happens: no event is lost or comes twice, nothing runs twice, nothing stays behind.
 *
 * A controller here is a forked child with the local executor and, for a store, a ledger: a file it
 * appends a record to before it starts an attempt, for each event before it is acknowledged, and
 * when an attempt is gone. TRAWL_KILL_ROUNDS says how many are killed at random (default 50).
 */
#include "base/failpoint.h"
#include "base/io.h"
#include "base/rng.h"
#include "book.h"
#include "exec/local/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 9, LIVE_MAX = 3, REPORTS = 8, RECORDS_MAX = 1024 };
enum { STARTING, EVENT, IS_GONE };

struct record {
    int64_t attempt, what, seq, type, code;
};

/* What the ledger says about an attempt. */
struct standing {
    bool starting, gone, exited;
    int64_t last_seq, reports, exit_code;
};

struct world {
    struct book book; /* specs and the folder; no executor */
    char ledger[128];
    const char *script;
    int64_t attempts;
    struct rng rng;
};

struct controller {
    struct world *w;
    struct loop *loop;
    struct executor *x;
    int ledger;
    struct record batch[RECORDS_MAX];
    size_t n_batch;
    struct standing of[ATTEMPTS + 1];
    int64_t waits[ATTEMPTS + 1];
    bool ack[ATTEMPTS + 1], live[ATTEMPTS + 1], forget[ATTEMPTS + 1];
};

/* A child has no test to fail: its status tells. */
static void demand(bool holds, const char *what)
{
    if (holds)
        return;
    dprintf(2, "# controller: %s\n", what);
    _exit(2);
}

static void apply(struct standing *s, const struct record *r)
{
    if (r->what == STARTING) {
        s->starting = true;
    } else if (r->what == IS_GONE) {
        s->gone = true;
    } else {
        s->last_seq = r->seq;
        s->reports += r->type == FRAME_REPORT;
        s->exited = s->exited || r->type == FRAME_EXITED;
        if (r->type == FRAME_EXITED)
            s->exit_code = r->code;
    }
}

static size_t read_ledger(const struct world *w, struct record *ret)
{
    struct buf b;
    size_t n;
    buf_init(&b, RECORDS_MAX * sizeof(*ret));
    enum code code = io_read_file(w->ledger, RECORDS_MAX * sizeof(*ret), &b, NULL);
    demand(code == OK || code == E_NOT_FOUND, "the ledger is not readable");
    n = b.n / sizeof(*ret);
    if (n)
        memcpy(ret, b.p, n * sizeof(*ret));
    buf_free(&b);
    return n;
}

static void add(struct controller *c, struct record r)
{
    demand(c->n_batch < RECORDS_MAX, "too much in one batch");
    c->batch[c->n_batch++] = r;
    apply(&c->of[r.attempt], &r);
}

static void commit(struct controller *c)
{
    size_t n = c->n_batch * sizeof(c->batch[0]);
    demand(write(c->ledger, c->batch, n) == (ssize_t)n, "the ledger is not writable");
    c->n_batch = 0;
}

static void on_event(void *self, int64_t attempt, const struct frame *f)
{
    struct controller *c = self;
    if (f->seq == 0) {
        dprintf(2, "# note: %.*s\n", STR_FMT(f->text));
        return;
    }
    demand(f->seq == c->of[attempt].last_seq + 1, "an event is missing or comes twice");
    demand(!c->of[attempt].exited, "an event after the last one");
    add(c, (struct record){attempt, EVENT, f->seq, f->type, f->exited.exit_code});
    c->ack[attempt] = true;
    if (f->type == FRAME_REPORT && f->report.waits)
        c->waits[attempt] = f->seq;
}

static void on_gone(void *self, int64_t attempt)
{
    struct controller *c = self;
    demand(!c->of[attempt].gone, "gone twice");
    add(c, (struct record){attempt, IS_GONE, 0, 0, 0});
    c->live[attempt] = false;
    c->forget[attempt] = true;
}

static struct wire_spec spec_of(struct world *w, int64_t attempt)
{
    return book_spec(&w->book, attempt, (const char *const[]){"/bin/sh", "-c", w->script, NULL});
}

/* Keeps up to LIVE_MAX running. */
static void fill(struct controller *c)
{
    int live = 0;
    for (int64_t i = 1; i <= c->w->attempts; i++)
        live += c->live[i];
    for (int64_t i = 1; i <= c->w->attempts && live < LIVE_MAX; i++) {
        if (c->of[i].starting)
            continue;
        struct wire_spec s = spec_of(c->w, i);
        struct error e = {0};
        add(c, (struct record){i, STARTING, 0, 0, 0});
        commit(c);
        demand(c->x->ops->start(c->x, &s, &e) == OK, e.message);
        c->live[i] = true;
        live++;
    }
    if (live == 0)
        loop_stop(c->loop);
}

static void on_settled(void *self)
{
    struct controller *c = self;
    const struct executor_ops *ops = c->x->ops;
    commit(c);
    for (int64_t i = 1; i <= c->w->attempts; i++) {
        if (c->ack[i])
            ops->ack(c->x, i, c->of[i].last_seq);
        if (c->waits[i]) {
            ops->hold(c->x, i, c->waits[i]);
            ops->answer(c->x, i, c->waits[i], VERDICT_CONTINUE, 0);
            ops->verdict(c->x, i, VERDICT_CONTINUE);
        }
        if (c->forget[i])
            ops->forget(c->x, i);
        c->ack[i] = c->forget[i] = false;
        c->waits[i] = 0;
    }
    fill(c);
}

/* A controller's life: what is in the ledger is taken up, what is not is started. */
static void control(struct world *w)
{
    static struct controller controller;
    static struct record known[RECORDS_MAX];
    struct controller *c = &controller;
    struct local_options o = {.supervisor = getenv("TRAWL_SUPERVISOR")};
    struct executor_listener l = {c, on_event, on_gone, on_settled};
    *c = (struct controller){.w = w};
    demand(failpoint_init(NULL) == OK, "wrong failpoint");
    size_t n = read_ledger(w, known);
    for (size_t i = 0; i < n; i++)
        apply(&c->of[known[i].attempt], &known[i]);
    c->ledger = open(w->ledger, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    demand(loop_new(&c->loop, NULL) == OK, "no loop");
    demand(local_executor_new(c->loop, &o, &l, &c->x, NULL) == OK, "no executor");
    for (int64_t i = 1; i <= w->attempts; i++) {
        if (!c->of[i].starting || c->of[i].gone)
            continue;
        struct wire_spec s = spec_of(w, i);
        demand(c->x->ops->adopt(c->x, &s, c->of[i].last_seq, NULL) == OK, "not adopted");
        c->live[i] = true;
    }
    fill(c);
    demand(loop_run(c->loop, NULL) == OK, "the loop failed");
    _exit(0);
}

static pid_t fork_controller(struct world *w, const char *failpoint)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (failpoint)
            setenv("TRAWL_FAILPOINT", failpoint, 1);
        control(w);
    }
    assert_true(pid > 0);
    return pid;
}

/* How it ended: 0, or the signal that killed it. */
static int await(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        fail_msg("a controller was not content");
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void open_world(struct world *w, const char *script)
{
    book_open(&w->book);
    snprintf(w->ledger, sizeof(w->ledger), "%s/ledger", w->book.dir);
    w->script = script;
    w->attempts = ATTEMPTS;
}

static int runs_of(const struct wire_spec *s)
{
    char path[256];
    struct buf b;
    snprintf(path, sizeof(path), "%.*s/runs", STR_FMT(s->directory));
    buf_init(&b, 4096);
    int n = io_read_file(path, 4096, &b, NULL) == OK ? (int)b.n : 0;
    buf_free(&b);
    return n;
}

/* After the last controller. `calm`: only controllers were killed. */
static void check_world(struct world *w, bool calm)
{
    static struct record all[RECORDS_MAX];
    struct standing of[ATTEMPTS + 1] = {0};
    size_t n = read_ledger(w, all);
    for (size_t i = 0; i < n; i++) {
        struct standing *s = &of[all[i].attempt];
        if (all[i].what == EVENT)
            assert_int_equal(all[i].seq, s->last_seq + 1);
        assert_false(s->gone);
        apply(s, &all[i]);
    }
    for (int64_t i = 1; i <= w->attempts; i++) {
        struct wire_spec s = spec_of(w, i);
        assert_true(of[i].gone);
        assert_false(spool_held(&s));
        assert_int_equal(processes_of(s.token), 0);
        assert_true(runs_of(&s) <= 1);
        if (!calm)
            continue;
        if (of[i].exited) {
            assert_int_equal(of[i].reports, REPORTS);
            assert_int_equal(of[i].exit_code, 0);
            assert_int_equal(runs_of(&s), 1);
        } else { /* its controller died before it could say what to run */
            assert_int_equal(of[i].last_seq, 0);
            assert_int_equal(runs_of(&s), 0);
        }
    }
}

static int64_t rounds(void)
{
    const char *s = getenv("TRAWL_KILL_ROUNDS");
    return s ? strtoll(s, NULL, 10) : 50;
}

static void nap(struct world *w, uint64_t most_us)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)rng_below(&w->rng, most_us) * 1000}, NULL);
}

/* One of the supervisors or of the programs, where there is one. */
static void kill_somebody(struct world *w)
{
    struct wire_spec s = spec_of(w, 1 + (int64_t)rng_below(&w->rng, ATTEMPTS));
    struct buf path;
    buf_init(&path, 4096);
    assert_ok(local_spool_path(&s, &path, NULL));
    pid_t supervisor = access(path.p, F_OK) == 0 ? supervisor_of(&s) : 0;
    char children[128], text[64] = {0};
    snprintf(children, sizeof(children), "/proc/%d/task/%d/children", (int)supervisor,
             (int)supervisor);
    int fd = supervisor > 0 ? open(children, O_RDONLY | O_CLOEXEC) : -1;
    pid_t victim = supervisor;
    if (fd >= 0 && rng_below(&w->rng, 2) && read(fd, text, sizeof(text) - 1) > 0)
        victim = (pid_t)strtol(text, NULL, 10);
    if (fd >= 0)
        close(fd);
    /* Not this process, whatever the number: it may be gone by now. */
    if (victim > 1 && victim != getpid())
        kill(victim, SIGKILL);
    buf_free(&path);
}

static const char steady[] = "printf x >> runs; i=0; while [ $i -lt 8 ]; do i=$((i + 1)); "
                             "echo step=$i loss=0.$i; sleep 0.003; done";

static void kill_rounds(bool calm, uint64_t seed)
{
    static struct world world;
    struct world *w = &world;
    int64_t left = rounds(), killed = 0;
    while (left > 0) {
        bool done = false;
        *w = (struct world){0};
        open_world(w, steady);
        rng_init(&w->rng, seed, (uint64_t)left);
        while (!done) {
            pid_t pid = fork_controller(w, NULL);
            if (left-- > 0) {
                nap(w, 30000);
                if (!calm)
                    kill_somebody(w);
                kill(pid, SIGKILL);
            }
            done = await(pid) == 0;
            killed += !done;
        }
        check_world(w, calm);
        book_close(&w->book);
    }
    print_message("# %lld controllers killed\n", (long long)killed);
    assert_true(killed > 0);
}

static void killed_controllers_lose_nothing(void **state)
{
    kill_rounds(true, 11);
}

static void killed_supervisors_and_programs_leave_nothing(void **state)
{
    kill_rounds(false, 12);
}

/* Each place once: a controller dies there, the next one goes on. `first`: where the one before it
 * died, for what only a second controller does. */
struct place {
    const char *name, *first, *script;
    bool calm;
};

static void dies_at(const struct place *p)
{
    static struct world world;
    struct world *w = &world;
    *w = (struct world){0};
    open_world(w, p->script);
    w->attempts = 2;
    if (p->first)
        assert_int_equal(await(fork_controller(w, p->first)), SIGKILL);
    if (await(fork_controller(w, p->name)) != SIGKILL)
        fail_msg("%s was not reached", p->name);
    assert_int_equal(await(fork_controller(w, NULL)), 0);
    check_world(w, p->calm);
    book_close(&w->book);
}

static const char asks[] = "printf x >> runs; for i in 1 2 3 4 5 6 7 8; do "
                           "\"$TRAWL_SUPERVISOR\" report --step $i loss=$i || exit 1; done";
static const char kills_its_supervisor[] =
    "printf x >> runs; echo loss=1; kill -9 $PPID; sleep 1000";

static void every_failpoint_is_survived(void **state)
{
    const struct place places[] = {
        {"exec.before-spawn", NULL, steady, true},
        {"exec.after-spawn", NULL, steady, true},
        {"exec.before-spec", NULL, steady, true},
        {"exec.after-spec", NULL, steady, true},
        {"exec.before-spawn:2", NULL, steady, true},
        {"exec.before-event", NULL, steady, true},
        {"exec.after-event:3", NULL, steady, true},
        {"exec.before-ack:2", NULL, steady, true},
        {"exec.after-ack:2", NULL, steady, true},
        {"exec.before-hold", NULL, asks, true},
        {"exec.after-hold", NULL, asks, true},
        {"exec.before-answer", NULL, asks, true},
        {"exec.after-answer", NULL, asks, true},
        {"exec.before-verdict", NULL, asks, true},
        {"exec.after-verdict", NULL, asks, true},
        {"exec.before-gone", NULL, steady, true},
        {"exec.after-gone", NULL, steady, true},
        {"exec.before-forget", NULL, steady, true},
        {"exec.after-forget", NULL, steady, true},
        {"exec.before-welcome", "exec.after-event", steady, true},
        {"exec.after-welcome", "exec.after-event", steady, true},
        {"exec.before-sweep", NULL, kills_its_supervisor, false},
        {"exec.after-sweep", NULL, kills_its_supervisor, false},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        dies_at(&places[i]);
}

/* The leak sanitizer looks at a supervisor from a child of it, and a supervisor whose child was
 * shot meanwhile waits for it for ever: they look for no leaks here. This process still does. */
static void supervisors_look_for_no_leaks(void)
{
    char options[512];
    const char *said = getenv("ASAN_OPTIONS");
    snprintf(options, sizeof(options), "%s%sdetect_leaks=0", said ? said : "", said ? ":" : "");
    setenv("ASAN_OPTIONS", options, 1);
}

int main(void)
{
    supervisors_look_for_no_leaks();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failpoint_is_survived),
        cmocka_unit_test(killed_controllers_lose_nothing),
        cmocka_unit_test(killed_supervisors_and_programs_leave_nothing),
    };
    return RUN_TESTS(tests);
}
