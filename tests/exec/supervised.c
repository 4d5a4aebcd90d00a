#include "supervised.h"

#include "base/clock.h"
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int64_t monotonic_ms(void)
{
    struct clock c = clock_system();
    return clock_monotonic(&c) / NS_PER_MS;
}

static struct str in_folder(struct supervised *s, const char *name)
{
    return str_of(arena_fmt(&s->arena, "%s/%s", s->folder, name));
}

void supervised_init(struct supervised *s, const char *script)
{
    static const struct str names[] = {{"auc", 3}};
    memset(s, 0, sizeof(*s));
    memcpy(s->folder, "/tmp/trawl-sup-XXXXXX", 22);
    assert_non_null(mkdtemp(s->folder));
    arena_init(&s->arena, 1 << 28);
    buf_init(&s->in, 4 << 20);
    snprintf(s->spool, sizeof(s->spool), "%s/a.spool", s->folder);
    snprintf(s->socket, sizeof(s->socket), "%s/a.sock", s->folder);
    snprintf(s->log, sizeof(s->log), "%s/a.log", s->folder);
    s->argv[0] = STR("sh");
    s->argv[1] = STR("-c");
    s->argv[2] = str_of(script);
    s->fd = -1;
    /* its own: what holds another attempt's token in its environment is killed as that one's */
    snprintf(s->token, sizeof(s->token), "%032llx",
             (unsigned long long)monotonic_ms() << 24 ^ (unsigned long long)getpid());
    s->spec = (struct wire_spec){.attempt = 77,
                                 .attempt_number = 1,
                                 .trial = STR("12.40"),
                                 .token = str_of(s->token),
                                 .directory = in_folder(s, "trial"),
                                 .checkpoint = in_folder(s, "checkpoint"),
                                 .params_path = in_folder(s, "params.json"),
                                 .params = STR("{\"lr\": 0.1}"),
                                 .log_path = str_of(s->log),
                                 .socket_path = str_of(s->socket),
                                 .seed = 7,
                                 .cpus = 1,
                                 .grace_ns = 300 * NS_PER_MS,
                                 .n_argv = 3,
                                 .argv = s->argv,
                                 .n_names = 1,
                                 .names = names};
}

static void become_supervisor(const struct supervised *s, int controller_fd)
{
    const char *path = getenv("TRAWL_SUPERVISOR");
    int nothing = open("/dev/null", O_RDWR);
    setsid();
    dup2(nothing, 0);
    dup2(nothing, 1);
    if (!getenv("TRAWL_TEST_STDERR"))
        dup2(nothing, 2);
    int a = fcntl(controller_fd, F_DUPFD, 20), b = fcntl(s->spool_fd, F_DUPFD, 20);
    dup2(a, 3);
    dup2(b, 4);
    if (s->file_limit) {
        struct rlimit limit = {(rlim_t)s->file_limit, (rlim_t)s->file_limit};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (s->failpoint)
        setenv("TRAWL_FAILPOINT", s->failpoint, 1);
    else
        unsetenv("TRAWL_FAILPOINT");
    setenv("REPORT", path ? path : "trawl-supervisor", 1);
    execl(path ? path : "trawl-supervisor", "trawl-supervisor", "12.40", (char *)NULL);
    _exit(127);
}

void supervised_go(struct supervised *s)
{
    int pair[2];
    struct buf b;
    s->spool_fd = open(s->spool, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(s->spool_fd >= 0);
    assert_int_equal(flock(s->spool_fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        become_supervisor(s, pair[1]);
    close(pair[1]);
    close(s->spool_fd);
    s->fd = pair[0];
    buf_init(&b, FRAME_MAX + FRAME_HEAD);
    frame_spec(&b, &s->spec);
    supervised_send(s, &b);
    buf_free(&b);
}

void supervised_send(struct supervised *s, struct buf *frame)
{
    assert_ok(buf_end(frame, NULL));
    for (size_t done = 0; done < frame->n;) {
        ssize_t n = send(s->fd, frame->p + done, frame->n - done, MSG_NOSIGNAL);
        assert_true(n > 0);
        done += (size_t)n;
    }
    buf_clear(frame);
}

static void acknowledge(struct supervised *s, int64_t seq)
{
    struct buf b;
    buf_init(&b, 100);
    frame_ack(&b, seq);
    if (send(s->fd, b.p, b.n, MSG_NOSIGNAL) < 0)
        assert_int_equal(errno, EPIPE);
    buf_free(&b);
}

/* Takes a frame out of what was received. */
static const struct frame *take_frame(struct supervised *s)
{
    size_t used = 0;
    struct str bytes;
    struct frame f;
    assert_ok(frame_decode(buf_view(&s->in), &s->arena, &f, &used, NULL));
    if (used == 0)
        return NULL;
    assert_ok(arena_str(&s->arena, str_sub(buf_view(&s->in), 0, used), &bytes));
    assert_true(s->n < FRAMES_MAX);
    assert_ok(frame_decode(bytes, &s->arena, &s->frame[s->n], &used, NULL));
    buf_cut_front(&s->in, used);
    return &s->frame[s->n++];
}

const struct frame *supervised_next(struct supervised *s)
{
    for (;;) {
        const struct frame *f = take_frame(s);
        if (f) {
            if (!s->silent && f->type != FRAME_HELLO)
                acknowledge(s, f->seq);
            return f;
        }
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        char chunk[65536];
        if (poll(&p, 1, PATIENCE_MS) <= 0)
            fail_msg("nothing from the supervisor for %d ms", PATIENCE_MS);
        ssize_t n = recv(s->fd, chunk, sizeof(chunk), 0);
        if (n <= 0)
            return NULL;
        buf_add(&s->in, chunk, (size_t)n);
    }
}

const struct frame *supervised_wait_for(struct supervised *s, enum frame_type type)
{
    const struct frame *f;
    do {
        f = supervised_next(s);
        if (!f)
            fail_msg("the supervisor went away before frame %d", (int)type);
    } while (f->type != type);
    return f;
}

int supervised_reap(struct supervised *s)
{
    int status = -1;
    for (int i = 0; i < PATIENCE_MS / 5; i++) {
        pid_t pid = waitpid(s->pid, &status, WNOHANG);
        assert_true(pid >= 0);
        if (pid == s->pid) {
            s->pid = 0;
            return status;
        }
        usleep(5000);
    }
    fail_msg("the supervisor does not end");
    return -1;
}

/* The lock on the spool is free: nobody of the attempt still holds it. */
static void assert_unlocked(const struct supervised *s)
{
    int fd = open(s->spool, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
}

struct wire_exited supervised_finish(struct supervised *s)
{
    const struct frame *f = supervised_wait_for(s, FRAME_EXITED);
    if (s->silent)
        acknowledge(s, f->seq);
    assert_int_equal(supervised_reap(s), 0);
    assert_unlocked(s);
    assert_int_equal(access(s->socket, F_OK), -1);
    return f->exited;
}

void supervised_free(struct supervised *s)
{
    if (s->fd >= 0)
        close(s->fd);
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    assert_ok(io_remove_tree(s->folder, NULL));
    buf_free(&s->in);
    arena_free(&s->arena);
}

void supervised_answer(struct supervised *s, int64_t seq, enum verdict v, int64_t next_wanted)
{
    struct buf b;
    buf_init(&b, 100);
    frame_answer(&b, seq, v, next_wanted);
    supervised_send(s, &b);
    buf_free(&b);
}

void supervised_verdict(struct supervised *s, enum verdict v)
{
    struct buf b;
    buf_init(&b, 100);
    frame_verdict(&b, v);
    supervised_send(s, &b);
    buf_free(&b);
}

void supervised_hang_up(struct supervised *s)
{
    close(s->fd);
    s->fd = -1;
    buf_clear(&s->in);
}

int supervised_connect(const struct supervised *s)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(at.sun_path, s->socket, strlen(s->socket));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

void supervised_say(const struct supervised *s, int fd, const char *line)
{
    struct buf b;
    const char *mark = strstr(line, "TOKEN");
    buf_init(&b, 1 << 16);
    buf_add(&b, line, mark ? (size_t)(mark - line) : strlen(line));
    if (mark) {
        buf_cstr(&b, s->token);
        buf_cstr(&b, mark + 5);
    }
    assert_int_equal(send(fd, b.p, b.n, MSG_NOSIGNAL), b.n);
    buf_free(&b);
}

const char *supervised_hear(struct supervised *s, int fd)
{
    char text[4096];
    size_t n = 0;
    while (n < sizeof(text) - 1 && (n == 0 || text[n - 1] != '\n')) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, PATIENCE_MS) <= 0)
            fail_msg("no answer on the endpoint");
        ssize_t got = recv(fd, text + n, 1, 0);
        if (got <= 0)
            break;
        n++;
    }
    text[n] = '\0';
    return arena_fmt(&s->arena, "%s", text);
}

void supervised_come_back(struct supervised *s, int64_t durable_seq, int64_t next_wanted)
{
    struct buf b;
    buf_init(&b, 200);
    s->fd = supervised_connect(s);
    frame_welcome(&b, s->spec.token, durable_seq, next_wanted);
    supervised_send(s, &b);
    buf_free(&b);
}

size_t supervised_reports(const struct supervised *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += s->frame[i].type == FRAME_REPORT;
    return n;
}

const struct wire_report *supervised_report(const struct supervised *s, size_t i)
{
    for (size_t k = 0; k < s->n; k++)
        if (s->frame[k].type == FRAME_REPORT && i-- == 0)
            return &s->frame[k].report;
    fail_msg("there is no such report");
    return NULL;
}

struct str supervised_file(struct supervised *s, const char *name)
{
    struct buf b;
    struct str text = {"", 0};
    char *path = io_join(s->folder, name);
    buf_init(&b, 64 << 20);
    if (io_read_file(path, 64 << 20, &b, NULL) == OK)
        assert_ok(arena_str(&s->arena, buf_view(&b), &text));
    buf_free(&b);
    free(path);
    return text;
}

bool text_has(struct str text, const char *part)
{
    return text.n && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

bool somebody_runs(const char *marker)
{
    DIR *d = opendir("/proc");
    bool found = false;
    for (struct dirent *entry; (entry = readdir(d)) && !found;) {
        char path[300], text[4096];
        snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
        int fd = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? open(path, O_RDONLY) : -1;
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
        if (fd >= 0)
            close(fd);
        found = n > 0 && memmem(text, (size_t)n, marker, strlen(marker));
    }
    closedir(d);
    return found;
}

bool nobody_runs(const char *marker)
{
    for (int i = 0; i < 400; i++) {
        if (!somebody_runs(marker))
            return true;
        usleep(5000);
    }
    return false;
}
