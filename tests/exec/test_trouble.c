/* The local executor when things go wrong: supervisors that lie or die, spools that are damaged. */
#include "base/io.h"
#include "base/pidref.h"
#include "book.h"
#include "exec/local/local.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static void open_executor(struct book *b, const char *supervisor)
{
    struct local_options o = {.supervisor =
                                  supervisor ? supervisor : getenv("TRAWL_TEST_SUPERVISOR")};
    struct executor_listener l = book_listener(b);
    assert_ok(local_executor_new(b->loop, &o, &l, &b->x, NULL));
}

static int set_up(void **state)
{
    struct book *b = calloc(1, sizeof(*b));
    book_open(b);
    open_executor(b, NULL);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    book_close(*state);
    free(*state);
    return 0;
}

static struct wire_spec start(struct book *b, const char *const *argv)
{
    struct wire_spec s = book_spec(b, 1, argv);
    book_start(b, &s);
    return s;
}

static int entries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *p = readdir(d); p; p = readdir(d))
        n += p->d_name[0] != '.';
    closedir(d);
    return n;
}

/* Whatever keeps a start from working, nothing of it is left. */
static void refused(struct book *b, const struct wire_spec *s, enum code expected, const char *text)
{
    struct error e = {0};
    int files = entries(b->dir), fds = entries("/proc/self/fd");
    assert_int_equal(b->x->ops->start(b->x, s, &e), expected);
    if (!strstr(e.message, text))
        fail_msg("\"%s\" does not say \"%s\"", e.message, text);
    loop_stop(b->loop);
    assert_ok(loop_run(b->loop, NULL)); /* what was closed is freed */
    assert_int_equal(entries(b->dir), files);
    assert_int_equal(entries("/proc/self/fd"), fds);
    assert_int_equal(b->n, 0);
}

static void supervisor_that_cannot_run(void **state)
{
    struct book *b = *state;
    struct wire_spec s = book_spec(b, 1, WORDS("end:0"));
    book_let_go(b);
    open_executor(b, "/nowhere/trawl-supervisor");
    refused(b, &s, E_SPAWN, "/nowhere/trawl-supervisor");
    book_let_go(b);
    open_executor(b, "/etc/passwd");
    refused(b, &s, E_SPAWN, "/etc/passwd");
}

static void spec_that_cannot_be(void **state)
{
    struct book *b = *state;
    struct wire_spec s = book_spec(b, 1, WORDS("end:0"));
    s.log_path = (struct str){0};
    refused(b, &s, E_INVALID, "log");
    s = book_spec(b, 1, WORDS("end:0"));
    static char large[FRAME_MAX];
    s.params = (struct str){large, sizeof(large)};
    refused(b, &s, E_LIMIT, "");
    s = book_spec(b, 1, WORDS("end:0"));
    s.log_path = STR("/proc/self/nowhere/1.log");
    refused(b, &s, E_IO, "/proc/self/nowhere");
}

/* What an earlier execution spooled is never written over. */
static void spool_that_is_there(void **state)
{
    struct book *b = *state;
    struct wire_spec s = book_spec(b, 1, WORDS("end:0"));
    struct buf path;
    buf_init(&path, 4096);
    assert_ok(local_spool_path(&s, &path, NULL));
    assert_true(str_ends(buf_view(&path), "/log-1.spool"));
    assert_ok(io_replace_file(path.p, STR("precious"), 0600, NULL));
    refused(b, &s, E_DUPLICATE, "log-1.spool");
    struct buf text;
    buf_init(&text, 100);
    assert_ok(io_read_file(path.p, 100, &text, NULL));
    assert_string_equal(text.p, "precious");
    buf_free(&text);
    buf_free(&path);
}

static void supervisor_that_ends_at_once(void **state)
{
    struct book *b = *state;
    book_let_go(b);
    open_executor(b, "/bin/true");
    start(b, WORDS("end:0"));
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, 0);
    assert_int_equal(b->pages[0].exited, 0);
}

/* Descriptors 0 to 4 and no more, a session of its own, no signal blocked or ignored. */
static void check_facts(struct book *b)
{
    start(b, WORDS("facts", "end:0"));
    book_run(b, book_all_gone);
    assert_string_equal(b->pages[0].note[0], "fds 0 1 2 3 4; leader 1; blocked 0; ignored 0");
}

static void supervisor_gets_what_it_should(void **state)
{
    struct book *b = *state;
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    signal(SIGPIPE, SIG_IGN);
    int leak = open("/dev/null", O_RDONLY); /* NOLINT: a library that forgets close-on-exec */
    check_facts(b);
    close(leak);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
}

/* The spool and the sockets get the very numbers that they are to have in the supervisor, in each
 * other's place: main() has kept 3 to 6 free for this. */
static void low_descriptors_do_not_collide(void **state)
{
    struct book *b = *state;
    int n = 0, high[4];
    for (int fd = 3; fd < 7; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 && close(fd) == 0)
            n++;
    }
    assert_int_equal(n, 4);
    check_facts(b);
    for (int i = 0; i < 4; i++)
        high[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(high[3], 6); /* all four came back */
}

static void death_leaves_what_was_spooled(void **state)
{
    struct book *b = *state;
    struct wire_spec s = start(b, WORDS("program", "reports:50", "die"));
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, 51);
    assert_int_equal(b->pages[0].exited, 0);
    assert_int_equal(processes_of(s.token), 0);
}

/* The supervisor is gone and cannot clean up: by the token. */
static void orphans_are_swept(void **state)
{
    struct book *b = *state;
    struct wire_spec s = start(b, WORDS("orphan", "orphan", "reports:1", "die"));
    book_run(b, book_all_gone);
    assert_int_equal(processes_of(s.token), 0);
}

static pid_t program_of(const struct page *p)
{
    struct pidref ref;
    assert_true(pidref_parse(p->program, &ref));
    return ref.pid;
}

static bool has_wiped_members(const void *page)
{
    return members_of_session(program_of(page)) == 3;
}

/* By the session: these have neither token nor parent. */
static void members_of_the_session_are_swept(void **state)
{
    struct book *b = *state;
    struct wire_spec s = start(b, WORDS("wiped", "reports:1", "forever", "die"));
    book_run(b, book_all_reported);
    wait_until(has_wiped_members, &b->pages[0]);
    b->x->ops->verdict(b->x, 1, VERDICT_STOP); /* on to "die" */
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].exited, 0);
    assert_int_equal(processes_of(s.token), 0);
    assert_int_equal(members_of_session(program_of(&b->pages[0])), 0);
}

static void killed_supervisor(void **state)
{
    struct book *b = *state;
    struct wire_spec s = start(b, WORDS("program", "reports:1", "forever"));
    book_run(b, book_all_reported);
    kill(supervisor_of(&s), SIGKILL);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, 2);
    assert_int_equal(b->pages[0].exited, 0);
    assert_int_equal(processes_of(s.token), 0);
}

/* One that is no child of ours: its end is no SIGCHLD. */
static void killed_supervisor_of_another(void **state)
{
    struct book *b = *state;
    b->never_ack = true;
    struct wire_spec s = start(b, WORDS("orphan", "reports:1", "forever"));
    book_run(b, book_all_reported);
    book_let_go(b);
    open_executor(b, NULL);
    book_adopt(b, &s, 1); /* STARTED was durable: the rest comes again */
    book_run(b, book_all_reported);
    kill(supervisor_of(&s), SIGKILL);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, 2);
    assert_int_equal(b->pages[0].exited, 0);
    assert_int_equal(processes_of(s.token), 0);
}

/* Killed while no controller was there, leaving its program. */
static void dead_when_adopted(void **state)
{
    struct book *b = *state;
    struct wire_spec s = start(b, WORDS("orphan", "reports:1", "forever"));
    book_run(b, book_all_reported);
    book_let_go(b);
    kill(supervisor_of(&s), SIGKILL);
    open_executor(b, NULL);
    book_adopt(b, &s, 0);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].started, 1);
    assert_int_equal(b->pages[0].reports, 1);
    assert_int_equal(b->pages[0].exited, 0);
    assert_int_equal(processes_of(s.token), 0);
}

static void torn_spool(void **state)
{
    struct book *b = *state;
    start(b, WORDS("reports:3", "torn"));
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, 3);
    assert_int_equal(b->pages[0].n_notes, 0); /* a death in a write is nothing to speak of */
}

static void broken_spool(void **state)
{
    struct book *b = *state;
    start(b, WORDS("reports:3", "broken"));
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, 3);
    assert_int_equal(b->pages[0].n_notes, 1);
    assert_non_null(strstr(b->pages[0].note[0], "damaged"));
}

/* After a bad frame the supervisor is killed; what was spooled before counts. */
static void bad_frame(struct book *b, const char *word, const char *text, int64_t last_seq)
{
    struct wire_spec s = start(b, WORDS("orphan", "reports:3", word, "forever"));
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].last_seq, last_seq);
    assert_int_equal(b->pages[0].n_notes, 1);
    if (!strstr(b->pages[0].note[0], text))
        fail_msg("\"%s\" does not say \"%s\"", b->pages[0].note[0], text);
    assert_false(spool_held(&s));
    assert_int_equal(processes_of(s.token), 0);
}

static void bytes_that_are_no_frame(void **state)
{
    bad_frame(*state, "garbage", "a frame announces", 4);
}

static void event_out_of_order(void **state)
{
    bad_frame(*state, "gap", "event 9 after event 4", 4);
}

static void event_after_the_last(void **state)
{
    bad_frame(*state, "backwards", "after the last one", 5);
}

static void frame_that_is_ours_to_send(void **state)
{
    bad_frame(*state, "ours", "ours to send", 4);
}

/* The connection breaks, both live on. */
static void lost_connection_is_found_again(void **state)
{
    struct book *b = *state;
    start(b, WORDS("program", "reports:3", "hangup", "reports:3", "ask", "end:0"));
    b->answers = true;
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].reports, 7);
    assert_int_equal(b->pages[0].end.exit_code, 0);
    assert_string_equal(b->pages[0].note[0], "");
}

/* A verdict given while there was no connection, and one that was sent into the broken one. */
static void verdict_outlives_a_connection(void **state)
{
    struct book *b = *state;
    start(b, WORDS("program", "reports:1", "hangup", "forever", "end:0"));
    book_run(b, book_all_reported);
    b->x->ops->verdict(b->x, 1, VERDICT_STOP);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].end.reason, WIRE_STOPPED);
}

/* Held, but nobody listens: waited for until the lock is free. */
static void mute_supervisor_is_waited_for(void **state)
{
    struct book *b = *state;
    struct wire_spec s = start(b, WORDS("mute", "program", "reports:3", "linger:100", "end:0"));
    book_run(b, book_all_reported);
    book_let_go(b);
    open_executor(b, NULL);
    book_adopt(b, &s, 0);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].reports, 3);
    assert_int_equal(b->pages[0].exited, 1);
    assert_int_equal(processes_of(s.token), 0);
}

static struct wire_spec adopt_foreign(struct book *b, const char *last)
{
    struct wire_spec s =
        start(b, WORDS("foreign", "program", "reports:1", "forever", "reports:1", last));
    book_run(b, book_all_reported);
    book_let_go(b);
    open_executor(b, NULL);
    book_adopt(b, &s, 0);
    book_run(b, book_noted);
    if (!strstr(b->pages[0].note[0], "version 77"))
        fail_msg("\"%s\" does not tell the version", b->pages[0].note[0]);
    assert_int_equal(b->pages[0].last_seq, 0);
    return s;
}

/* An attempt of an older trawl: left alone, its results come when it ends. */
static void other_version_is_left_running(void **state)
{
    struct book *b = *state;
    struct wire_spec s = adopt_foreign(b, "end:0");
    assert_true(processes_of(s.token) > 0);
    kill(supervisor_of(&s), SIGTERM);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].n_notes, 1);
    assert_int_equal(b->pages[0].reports, 1);
    assert_int_equal(processes_of(s.token), 0);
}

static void other_version_can_be_killed(void **state)
{
    struct book *b = *state;
    struct wire_spec s = adopt_foreign(b, "end:0");
    b->x->ops->verdict(b->x, 1, VERDICT_KILL);
    book_run(b, book_all_gone);
    assert_int_equal(b->pages[0].reports, 1);
    assert_int_equal(processes_of(s.token), 0);
}

static void forgetting_removes_spool_and_socket(void **state)
{
    struct book *b = *state;
    start(b, WORDS("reports:1", "end:0"));
    book_run(b, book_all_gone);
    assert_int_equal(entries(b->dir), 2);
    b->x->ops->forget(b->x, 1);
    assert_int_equal(entries(b->dir), 0);
}

static void nothing_is_used_up(void **state)
{
    struct book *b = *state;
    int fds = entries("/proc/self/fd");
    for (int64_t i = 1; i <= 40; i++) {
        struct wire_spec s = book_spec(b, i, i % 2 ? WORDS("reports:3", "end:0") : WORDS("die"));
        book_start(b, &s);
        book_run(b, book_all_gone);
        b->x->ops->forget(b->x, i);
    }
    assert_int_equal(entries("/proc/self/fd"), fds);
    assert_int_equal(entries(b->dir), 0);
}

static void runtime_dir_is_ours_alone(void **state)
{
    struct book *b = *state;
    struct buf path;
    struct error e = {0};
    const char *old = getenv("XDG_RUNTIME_DIR");
    char *saved = old ? strdup(old) : NULL;
    buf_init(&path, 4096);
    setenv("XDG_RUNTIME_DIR", b->dir, 1);
    assert_ok(local_runtime_dir(&path, NULL));
    assert_true(str_ends(buf_view(&path), "/trawl"));
    assert_true(str_starts(buf_view(&path), b->dir));
    buf_clear(&path);
    assert_ok(local_runtime_dir(&path, NULL)); /* there already */
    chmod(path.p, 0755);
    buf_clear(&path);
    assert_int_equal(local_runtime_dir(&path, &e), E_STATE);
    assert_true(e.hint[0]);
    rmdir(path.p);
    assert_int_equal(symlink("/tmp", path.p), 0);
    buf_clear(&path);
    assert_int_equal(local_runtime_dir(&path, &e), E_STATE);
    unsetenv("XDG_RUNTIME_DIR");
    buf_clear(&path);
    assert_ok(local_runtime_dir(&path, NULL));
    assert_true(str_starts(buf_view(&path), "/tmp/trawl-"));
    if (saved)
        setenv("XDG_RUNTIME_DIR", saved, 1);
    free(saved);
    buf_free(&path);
}

int main(void)
{
#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        UNIT(supervisor_that_cannot_run),
        UNIT(spec_that_cannot_be),
        UNIT(spool_that_is_there),
        UNIT(supervisor_that_ends_at_once),
        UNIT(supervisor_gets_what_it_should),
        UNIT(low_descriptors_do_not_collide),
        UNIT(death_leaves_what_was_spooled),
        UNIT(orphans_are_swept),
        UNIT(members_of_the_session_are_swept),
        UNIT(killed_supervisor),
        UNIT(killed_supervisor_of_another),
        UNIT(dead_when_adopted),
        UNIT(torn_spool),
        UNIT(broken_spool),
        UNIT(bytes_that_are_no_frame),
        UNIT(event_out_of_order),
        UNIT(event_after_the_last),
        UNIT(frame_that_is_ours_to_send),
        UNIT(lost_connection_is_found_again),
        UNIT(verdict_outlives_a_connection),
        UNIT(mute_supervisor_is_waited_for),
        UNIT(other_version_is_left_running),
        UNIT(other_version_can_be_killed),
        UNIT(forgetting_removes_spool_and_socket),
        UNIT(nothing_is_used_up),
        UNIT(runtime_dir_is_ours_alone),
    };
    for (int fd = 3; fd < 7; fd++) /* for low_descriptors_do_not_collide */
        (void)dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), fd);
    return RUN_TESTS(tests);
}
