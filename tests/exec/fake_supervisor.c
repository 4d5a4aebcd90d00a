/*
 * A supervisor that does what its argv says, word by word, so that a test can have one that lies,
 * stutters or dies at a chosen place.
 *
 *   program        a child in a session of its own, with the token in its environment, dying with
 * us orphan         one that does not die with us wiped          a session whose leader dies with
 * us and whose other members have no environment reports:N      N reports; slow:N with a
 * millisecond between them ask            a report that waits for its answer forever        until a
 * verdict says otherwise facts          a note of what we were given: descriptors, session, signal
 * mask linger:N       N milliseconds without looking at anything mute           nobody listens at
 * the socket hangup         the connection is dropped, then lost sight of until it is adopted
 *   foreign        speak another version when adopted
 *   garbage gap backwards ours   bad frames: bytes, a seq too far, an event after the last, a SPEC
 *   torn broken    half a frame at the spool's end, or a damaged one in its middle, then die
 *   die            SIGKILL
 *   end:CODE       kill the programs, FRAME_EXITED, wait until it is durable or nobody is there
 */
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/number.h"
#include "base/pidref.h"
#include "wire/frame.h"
#include "wire/frame_bytes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAMS_MAX = 8, SPOOL_FD = 4 };

struct fake {
    struct arena arena, scratch;
    struct buf in, out;
    struct wire_spec spec;
    int controller, listener;
    int64_t seq, durable, answered;
    enum verdict verdict;
    pid_t program[PROGRAMS_MAX];
    int n_programs;
    bool foreign, mute;
};

static void lose(struct fake *s)
{
    if (s->controller >= 0)
        close(s->controller);
    s->controller = -1;
    buf_clear(&s->in);
}

static void send_bytes(struct fake *s, struct str b)
{
    while (s->controller >= 0 && b.n) {
        ssize_t n = send(s->controller, b.p, b.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            lose(s);
        if (n > 0)
            b = str_sub(b, (size_t)n, b.n);
    }
}

static void spool(struct str b)
{
    while (b.n) {
        ssize_t n = write(SPOOL_FD, b.p, b.n);
        if (n < 0)
            abort();
        b = str_sub(b, (size_t)n, b.n);
    }
}

/* An event that is in s->out: into the spool, then to the controller. */
static void event(struct fake *s)
{
    s->seq++;
    spool(buf_view(&s->out));
    send_bytes(s, buf_view(&s->out));
    buf_clear(&s->out);
}

/* Sends again what is spooled beyond `durable`. */
static void replay(struct fake *s, int64_t durable)
{
    struct buf all;
    char chunk[65536];
    ssize_t n;
    buf_init(&all, 64 << 20);
    for (off_t at = 0; (n = pread(SPOOL_FD, chunk, sizeof(chunk), at)) > 0; at += n)
        buf_add(&all, chunk, (size_t)n);
    struct str rest = buf_view(&all);
    struct frame f;
    size_t used = 1;
    while (used > 0) {
        arena_clear(&s->scratch);
        if (frame_decode(rest, &s->scratch, &f, &used, NULL) != OK || used == 0)
            break;
        if (f.seq > durable)
            send_bytes(s, str_sub(rest, 0, used));
        rest = str_sub(rest, used, rest.n);
    }
    buf_free(&all);
}

static void hello(struct fake *s)
{
    frame_hello(&s->out, s->spec.attempt, s->seq);
    if (s->foreign) {
        s->out.p[FRAME_HEAD + 1] = 77; /* the version's first byte */
        struct str body = {s->out.p + FRAME_HEAD, s->out.n - FRAME_HEAD};
        uint32_t crc = frame_crc(body);
        for (int i = 0; i < 4; i++)
            s->out.p[4 + i] = (char)(crc >> (8 * i));
    }
    send_bytes(s, buf_view(&s->out));
    buf_clear(&s->out);
}

static void take(struct fake *s, const struct frame *f)
{
    if (f->type == FRAME_WELCOME) {
        if (!str_eq(f->text, s->spec.token)) {
            lose(s);
            return;
        }
        s->durable = f->seq;
        hello(s);
        replay(s, f->seq);
    } else if (f->type == FRAME_ACK) {
        s->durable = f->seq;
    } else if (f->type == FRAME_ANSWER) {
        s->answered = f->seq;
        if (f->verdict > s->verdict)
            s->verdict = f->verdict;
    } else if (f->type == FRAME_VERDICT && f->verdict > s->verdict) {
        s->verdict = f->verdict;
    }
}

static void receive(struct fake *s)
{
    char chunk[4096];
    ssize_t n = recv(s->controller, chunk, sizeof(chunk), 0);
    if (n <= 0) {
        lose(s);
        return;
    }
    buf_add(&s->in, chunk, (size_t)n);
    size_t used = 1;
    while (used > 0 && s->controller >= 0 && s->in.n) {
        struct frame f;
        arena_clear(&s->scratch);
        if (frame_decode(buf_view(&s->in), &s->scratch, &f, &used, NULL) != OK) {
            lose(s);
            return;
        }
        if (used)
            take(s, &f);
        buf_cut_front(&s->in, used);
    }
}

/* Looks at the sockets for up to `ms` milliseconds; -1: until something happens. */
static void look(struct fake *s, int ms)
{
    struct pollfd p[2] = {{.fd = s->controller, .events = POLLIN},
                          {.fd = s->listener, .events = POLLIN}};
    if (poll(p, 2, ms) <= 0)
        return;
    if (p[1].revents) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0) {
            lose(s);
            s->controller = fd;
            receive(s); /* WELCOME, before anything else is sent */
        }
    } else if (p[0].revents) {
        receive(s);
    }
}

static void listen_here(struct fake *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (s->spec.socket_path.n >= sizeof(a.sun_path))
        abort();
    memcpy(a.sun_path, s->spec.socket_path.p, s->spec.socket_path.n);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s->listener, 4) < 0)
        abort();
}

static void run_program(struct fake *s, bool dies_with_us, const char *script)
{
    char token[128];
    snprintf(token, sizeof(token), "TRAWL_TOKEN=%.*s", STR_FMT(s->spec.token));
    char *environment[] = {token, NULL};
    int executed[2]; /* closes when the child has become the program */
    char c;
    if (pipe2(executed, O_CLOEXEC) < 0)
        abort();
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        setsid();
        if (dies_with_us && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
            _exit(1);
        execle("/bin/sh", "sh", "-c", script, NULL, environment);
        _exit(1);
    }
    close(executed[1]);
    while (read(executed[0], &c, 1) > 0)
        continue;
    close(executed[0]);
    s->program[s->n_programs++] = pid;
    struct pidref ref;
    char text[96];
    if (pidref_of(pid, &ref, NULL) != OK)
        abort();
    pidref_write(&ref, text);
    frame_started(&s->out, s->seq + 1, 1, text);
    event(s);
}

static void report(struct fake *s, bool waits, int64_t seq)
{
    struct wire_metric m = {STR("loss"), 1.0 / (double)seq};
    frame_report(&s->out, &(struct wire_report){.seq = seq,
                                                .time = 1,
                                                .step = seq,
                                                .explicit_report = waits,
                                                .waits = waits,
                                                .n = 1,
                                                .metrics = &m});
}

static void facts(struct fake *s)
{
    struct buf text;
    buf_init(&text, 1000);
    buf_cstr(&text, "fds");
    DIR *d = opendir("/proc/self/fd");
    for (int fd = 0; fd < 100; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 && fd != dirfd(d) && fd != s->listener)
            buf_fmt(&text, " %d", fd);
    }
    closedir(d);
    sigset_t blocked;
    struct sigaction pipe_action;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigaction(SIGPIPE, NULL, &pipe_action);
    buf_fmt(&text, "; leader %d; blocked %d; ignored %d", getsid(0) == getpid(),
            sigismember(&blocked, SIGUSR1), pipe_action.sa_handler == SIG_IGN);
    frame_note(&s->out, s->seq + 1, 1, buf_view(&text));
    event(s);
    buf_free(&text);
}

static void end(struct fake *s, int code)
{
    /* What the programs started is waited for too: killed is not yet gone. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        abort();
    for (int i = 0; i < s->n_programs; i++)
        kill(-s->program[i], SIGKILL); /* its session */
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    bool cut = s->verdict > VERDICT_CONTINUE;
    frame_exited(&s->out, &(struct wire_exited){
                              .seq = s->seq + 1,
                              .time = 1,
                              .reason = cut ? WIRE_STOPPED : WIRE_EXIT,
                              .exit_code = cut ? -1 : code,
                              .signal = cut ? SIGKILL : -1,
                              .reports = 1,
                              .last_step = s->seq,
                              .detail = STR("as told"),
                          });
    event(s);
    while (s->controller >= 0 && s->durable < s->seq)
        look(s, -1);
    exit(0);
}

static void misbehave(struct fake *s, struct str word)
{
    if (str_is(word, "garbage")) {
        send_bytes(s, STR("this is no frame at all, or is it"));
    } else if (str_is(word, "gap")) {
        report(s, false, s->seq + 5);
        send_bytes(s, buf_view(&s->out));
    } else if (str_is(word, "backwards")) {
        frame_exited(&s->out,
                     &(struct wire_exited){.seq = s->seq + 1, .reason = WIRE_EXIT, .signal = -1});
        event(s);
        report(s, false, s->seq + 1);
        send_bytes(s, buf_view(&s->out));
    } else if (str_is(word, "ours")) {
        frame_spec(&s->out, &s->spec);
        send_bytes(s, buf_view(&s->out));
    } else if (str_is(word, "torn")) {
        report(s, false, s->seq + 1);
        spool(str_sub(buf_view(&s->out), 0, s->out.n - 3));
        raise(SIGKILL);
    } else { /* broken */
        report(s, false, s->seq + 1);
        s->out.p[s->out.n - 1] ^= 1;
        spool(buf_view(&s->out));
        buf_clear(&s->out);
        report(s, false, s->seq + 2);
        spool(buf_view(&s->out));
        raise(SIGKILL);
    }
    buf_clear(&s->out);
}

static bool counted(struct str word, const char *prefix, int64_t *ret)
{
    return str_starts(word, prefix) && number_parse_i64(str_sub(word, strlen(prefix), word.n), ret);
}

static void obey(struct fake *s, struct str word)
{
    int64_t n;
    if (str_is(word, "program")) {
        run_program(s, true, "exec sleep 1000");
    } else if (str_is(word, "orphan")) {
        run_program(s, false, "exec sleep 1000");
    } else if (str_is(word, "wiped")) {
        run_program(s, true, "env -i sleep 1000 & env -i sleep 1000 & exec sleep 1000");
    } else if (counted(word, "reports:", &n) || counted(word, "slow:", &n)) {
        for (int64_t i = 0; i < n; i++) {
            report(s, false, s->seq + 1);
            event(s);
            look(s, word.p[0] == 's' ? 1 : 0);
        }
    } else if (str_is(word, "ask")) {
        report(s, true, s->seq + 1);
        event(s);
        while (s->answered < s->seq && s->controller >= 0)
            look(s, -1);
    } else if (str_is(word, "forever")) {
        while (s->verdict == VERDICT_CONTINUE)
            look(s, -1);
    } else if (counted(word, "linger:", &n)) {
        poll(NULL, 0, (int)n);
    } else if (str_is(word, "facts")) {
        facts(s);
    } else if (str_is(word, "foreign")) {
        s->foreign = true;
    } else if (str_is(word, "hangup")) {
        lose(s);
        while (s->controller < 0)
            look(s, -1);
    } else if (str_is(word, "die")) {
        raise(SIGKILL);
    } else if (counted(word, "end:", &n)) {
        end(s, (int)n);
    } else if (!str_is(word, "mute")) {
        misbehave(s, word);
    }
}

static bool read_spec(struct fake *s)
{
    char chunk[4096];
    struct frame f;
    size_t used = 0;
    while (used == 0) {
        ssize_t n = recv(s->controller, chunk, sizeof(chunk), 0);
        if (n <= 0)
            return false;
        buf_add(&s->in, chunk, (size_t)n);
        if (frame_decode(buf_view(&s->in), &s->arena, &f, &used, NULL) != OK)
            abort();
    }
    /* The spec's texts point into s->in: it is kept, and what follows the spec starts a new one. */
    struct buf rest;
    buf_init(&rest, 4 << 20);
    buf_add(&rest, s->in.p + used, s->in.n - used);
    s->spec = f.spec;
    s->in = rest;
    return true;
}

int main(void)
{
    static struct fake fake;
    struct fake *s = &fake;
    s->controller = 3;
    s->listener = -1;
    arena_init(&s->arena, 16 << 20);
    arena_init(&s->scratch, 16 << 20);
    buf_init(&s->in, 4 << 20);
    buf_init(&s->out, 4 << 20);
    if (failpoint_init(NULL) != OK || !read_spec(s))
        return 0;
    fcntl(3, F_SETFD, FD_CLOEXEC);
    fcntl(SPOOL_FD, F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_DFL);
    bool mute = s->spec.n_argv > 0 && str_is(s->spec.argv[0], "mute");
    if (!mute)
        listen_here(s);
    for (uint32_t i = 0; i < s->spec.n_argv; i++)
        obey(s, s->spec.argv[i]);
    end(s, 0);
    return 0;
}
