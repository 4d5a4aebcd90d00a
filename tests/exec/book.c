#include "book.h"

#include "base/io.h"
#include "exec/local/local.h"
#include "exec/sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 100 };

struct page *book_page(struct book *b, int64_t attempt)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->pages[i].attempt == attempt)
            return &b->pages[i];
    }
    assert_true(b->n < PAGES_MAX);
    b->pages[b->n] = (struct page){.attempt = attempt};
    return &b->pages[b->n++];
}

static void write_note(struct page *p, struct str text)
{
    if (p->n_notes < NOTES_MAX)
        snprintf(p->note[p->n_notes], sizeof(p->note[0]), "%.*s", STR_FMT(text));
    p->n_notes++;
}

static void on_event(void *self, int64_t attempt, const struct frame *f)
{
    struct book *b = self;
    struct page *p = book_page(b, attempt);
    assert_int_equal(b->inside, 0);
    assert_int_equal(p->gone, 0);
    if (f->type == FRAME_NOTE && f->seq == 0) {
        write_note(p, f->text);
        return;
    }
    assert_int_equal(f->seq, p->last_seq + 1);
    assert_int_equal(p->exited, 0);
    p->last_seq = f->seq;
    if (f->type == FRAME_STARTED) {
        p->started++;
        snprintf(p->program, sizeof(p->program), "%.*s", STR_FMT(f->text));
    }
    if (f->type == FRAME_REPORT)
        p->reports++;
    else if (f->type == FRAME_NOTE)
        write_note(p, f->text);
    else if (f->type == FRAME_EXITED)
        p->exited++, p->end = f->exited;
    else
        assert_int_equal(f->type, FRAME_STARTED);
    if (f->type == FRAME_REPORT && f->report.waits)
        p->waits_for = f->seq;
}

static void on_gone(void *self, int64_t attempt)
{
    struct book *b = self;
    assert_int_equal(b->inside, 0);
    assert_int_equal(book_page(b, attempt)->gone++, 0);
}

static void on_settled(void *self)
{
    struct book *b = self;
    b->settled++;
    for (size_t i = 0; i < b->n && !b->never_ack; i++) {
        struct page *p = &b->pages[i];
        if (p->acked < p->last_seq)
            b->x->ops->ack(b->x, p->attempt, p->last_seq);
        p->acked = p->last_seq;
        if (p->waits_for && b->answers)
            b->x->ops->answer(b->x, p->attempt, p->waits_for, b->answer, 0);
        if (b->answers)
            p->waits_for = 0;
    }
    if (b->enough && b->enough(b))
        loop_stop(b->loop);
}

struct executor_listener book_listener(struct book *b)
{
    return (struct executor_listener){b, on_event, on_gone, on_settled};
}

void book_open(struct book *b)
{
    *b = (struct book){0};
    snprintf(b->dir, sizeof(b->dir), "/tmp/trawl-exec-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    arena_init(&b->arena, 1 << 20);
    assert_ok(loop_new(&b->loop, NULL));
}

void book_let_go(struct book *b)
{
    if (b->x)
        b->x->ops->close(b->x);
    b->x = NULL;
}

void book_close(struct book *b)
{
    book_let_go(b);
    loop_free(b->loop);
    arena_free(&b->arena);
    assert_ok(io_remove_tree(b->dir, NULL));
}

static void out_of_patience(void *self)
{
    fail_msg("the executor did not get there within %d seconds", PATIENCE_S);
}

static int64_t now(void)
{
    struct clock c = clock_system();
    return clock_monotonic(&c);
}

void book_run(struct book *b, bool (*enough)(const struct book *))
{
    struct loop_timer *t;
    assert_ok(loop_timer_new(b->loop, out_of_patience, b, &t, NULL));
    loop_timer_set(t, now() + PATIENCE_S * NS_PER_S);
    b->enough = enough;
    if (!enough(b))
        assert_ok(loop_run(b->loop, NULL));
    b->enough = NULL;
    loop_timer_close(t);
}

bool book_all_gone(const struct book *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!b->pages[i].gone)
            return false;
    }
    return b->n > 0;
}

bool book_all_reported(const struct book *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!b->pages[i].reports)
            return false;
    }
    return b->n > 0;
}

bool book_all_started(const struct book *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (!b->pages[i].started)
            return false;
    }
    return b->n > 0;
}

bool book_noted(const struct book *b)
{
    return b->n > 0 && b->pages[0].n_notes > 0;
}

static struct str text(struct book *b, const char *name, int64_t attempt)
{
    const char *s = arena_fmt(&b->arena, "%s/%s-%lld", b->dir, name, (long long)attempt);
    assert_non_null(s);
    return str_of(s);
}

struct wire_spec book_spec(struct book *b, int64_t attempt, const char *const *argv)
{
    static const struct str names[] = {{"loss", 4}};
    struct wire_spec s = {.attempt = attempt,
                          .attempt_number = 1,
                          .directory = text(b, "dir", attempt),
                          .checkpoint = text(b, "checkpoint", attempt),
                          .params_path = text(b, "params", attempt),
                          .params = STR("{}"),
                          .socket_path = text(b, "socket", attempt),
                          .seed = 7,
                          .cpus = 1,
                          .grace_ns = NS_PER_S,
                          .n_names = 1,
                          .names = names};
    struct str *words = arena_array(&b->arena, 32, sizeof(*words));
    assert_non_null(words);
    while (argv[s.n_argv]) {
        words[s.n_argv] = str_of(argv[s.n_argv]);
        s.n_argv++;
    }
    s.argv = words;
    /* Different in each book, so that a process left by one test is not taken for another's. */
    s.token =
        str_of(arena_fmt(&b->arena, "%016llx%016llx", (unsigned long long)str_hash(str_of(b->dir)),
                         (unsigned long long)attempt));
    s.trial = str_of(arena_fmt(&b->arena, "1.%lld", (long long)attempt));
    s.log_path = str_of(arena_fmt(&b->arena, "%s/log-%lld.log", b->dir, (long long)attempt));
    return s;
}

void book_start(struct book *b, const struct wire_spec *s)
{
    struct error e = {0};
    book_page(b, s->attempt);
    b->inside++;
    enum code code = b->x->ops->start(b->x, s, &e);
    b->inside--;
    if (code != OK)
        fail_msg("cannot start: %s: %s", e.message, e.detail);
}

void book_adopt(struct book *b, const struct wire_spec *s, int64_t durable)
{
    struct page *p = book_page(b, s->attempt);
    *p = (struct page){.attempt = s->attempt, .last_seq = durable, .acked = durable};
    b->inside++;
    assert_ok(b->x->ops->adopt(b->x, s, durable, NULL));
    b->inside--;
}

/* Without the sweep's own code: reads each environment whole. */
int processes_of(struct str token)
{
    char entry[160], path[300];
    struct buf b;
    int n = 0;
    snprintf(entry, sizeof(entry), "TRAWL_TOKEN=%.*s", STR_FMT(token));
    buf_init(&b, 1 << 23);
    DIR *d = opendir("/proc");
    assert_non_null(d);
    for (struct dirent *p = readdir(d); p; p = readdir(d)) {
        snprintf(path, sizeof(path), "/proc/%s/environ", p->d_name);
        buf_clear(&b);
        if (p->d_name[0] >= '0' && p->d_name[0] <= '9' &&
            io_read_file(path, 1 << 22, &b, NULL) == OK)
            n += b.n > 0 && memmem(b.p, b.n, entry, strlen(entry)) != NULL;
    }
    closedir(d);
    buf_free(&b);
    return n;
}

int members_of_session(pid_t session)
{
    char path[300];
    struct buf b;
    int n = 0;
    buf_init(&b, 4096);
    DIR *d = opendir("/proc");
    assert_non_null(d);
    for (struct dirent *p = readdir(d); p; p = readdir(d)) {
        snprintf(path, sizeof(path), "/proc/%s/stat", p->d_name);
        buf_clear(&b);
        if (p->d_name[0] < '0' || p->d_name[0] > '9' || io_read_file(path, 4096, &b, NULL) != OK)
            continue;
        const char *state = strrchr(b.p, ')') + 2;
        char *rest;
        (void)strtol(state + 1, &rest, 10); /* parent */
        (void)strtol(rest, &rest, 10);      /* group */
        n += *state != 'Z' && *state != 'X' && strtol(rest, NULL, 10) == session;
    }
    closedir(d);
    buf_free(&b);
    return n;
}

static int open_spool(const struct wire_spec *s)
{
    struct buf path;
    buf_init(&path, 4096);
    assert_ok(local_spool_path(s, &path, NULL));
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    buf_free(&path);
    return fd;
}

bool spool_held(const struct wire_spec *s)
{
    int fd = open_spool(s);
    if (fd < 0)
        return false;
    bool held = flock(fd, LOCK_EX | LOCK_NB) < 0;
    close(fd);
    return held;
}

void wait_until(bool (*done)(const void *), const void *what)
{
    int64_t end = now() + PATIENCE_S * NS_PER_S;
    while (!done(what)) {
        if (now() > end)
            fail_msg("waited for %d seconds in vain", PATIENCE_S);
        nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
    }
}

/* Whoever has the spool open, by its inode. */
pid_t supervisor_of(const struct wire_spec *s)
{
    struct stat spool, other;
    char path[64];
    pid_t found = 0;
    int fd = open_spool(s);
    assert_true(fd >= 0 && fstat(fd, &spool) == 0);
    close(fd);
    DIR *d = opendir("/proc");
    for (struct dirent *p = readdir(d); p && !found; p = readdir(d)) {
        if (p->d_name[0] < '0' || p->d_name[0] > '9')
            continue;
        snprintf(path, sizeof(path), "/proc/%.20s/fd/4", p->d_name);
        if (stat(path, &other) == 0 && other.st_ino == spool.st_ino && other.st_dev == spool.st_dev)
            found = (pid_t)strtol(p->d_name, NULL, 10);
    }
    closedir(d);
    return found;
}
