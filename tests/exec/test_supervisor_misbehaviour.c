/* Programs that misbehave, controllers that go away, processes that are killed. */
#include "supervised.h"

#include "base/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void children_stay_behind(void **state)
{
    struct supervised s;
    supervised_init(&s, "sleep 7771.1 & setsid sleep 7771.2 & (setsid sh -c 'trap \"\" TERM HUP; "
                        "sleep 7771.3 & wait' &) ; env -i setsid sleep 7771.4 & sleep 0.2; "
                        "echo auc=1; sleep 0.2");
    supervised_go(&s);
    int64_t before = monotonic_ms();
    supervised_wait_for(&s, FRAME_REPORT);
    for (int i = 1; i <= 4; i++)
        assert_true(somebody_runs(arena_fmt(&s.arena, "7771.%d", i)));
    struct wire_exited x = supervised_finish(&s); /* they hold stdout open */
    assert_true(monotonic_ms() - before < 5000);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.reports, 1);
    assert_true(nobody_runs("7771."));
    supervised_free(&s);
}

static void supervisor_is_killed(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo auc=1; exec sleep 7772.1");
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_REPORT);
    assert_true(somebody_runs("7772.1"));
    kill(s.pid, SIGKILL);
    assert_true(WIFSIGNALED(supervised_reap(&s)));
    assert_true(nobody_runs("7772."));
    supervised_free(&s);
}

static void closes_its_output(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo auc=1; exec >&- 2>&-; sleep 0.2; exit 3");
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.exit_code, 3);
    supervised_free(&s);
}

/* Peak resident bytes of the supervisor. */
static int64_t peak_of(const struct supervised *s)
{
    char path[64], line[256];
    long long kilobytes = -1;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f) && sscanf(line, "VmHWM: %lld", &kilobytes) != 1)
        continue;
    if (f)
        fclose(f);
    return kilobytes * 1024;
}

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
enum { PEAK_MAX = 64 << 20 }; /* the shadow counts too */
#else
enum { PEAK_MAX = 8 << 20 };
#endif

/* One line as long as the machine's patience allows; TRAWL_TEST_BYTES says how long. */
static void one_endless_line(void **state)
{
    struct supervised s;
    const char *bytes = getenv("TRAWL_TEST_BYTES");
    supervised_init(&s, "");
    s.argv[2] = str_of(
        arena_fmt(&s.arena, "head -c %s /dev/zero; echo ' auc=0.5 '; echo auc=0.75; read x < fifo",
                  bytes ? bytes : "200000000"));
    s.spec.log_limit = 1 << 20;
    char *fifo = arena_fmt(&s.arena, "%s/trial/fifo", s.folder);
    mkdir(arena_fmt(&s.arena, "%s/trial", s.folder), 0755);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int64_t before = monotonic_ms();
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_NOTE);
    supervised_wait_for(&s, FRAME_REPORT);
    print_message("# %lld ms\n", (long long)(monotonic_ms() - before));
    supervised_wait_for(&s, FRAME_REPORT);
    assert_true(peak_of(&s) > 0 && peak_of(&s) < PEAK_MAX);
    int fd = open(fifo, O_WRONLY);
    assert_int_equal(write(fd, "\n", 1), 1);
    close(fd);
    assert_int_equal(supervised_finish(&s).reason, WIRE_EXIT);
    struct str log = supervised_file(&s, "a.log");
    assert_true(log.n > 1 << 20 && log.n < (1 << 20) + 200);
    assert_true(text_has(log, "limit of 1.0 MiB: what follows is dropped\n"));
    supervised_free(&s);
}

/* Both streams write pieces of lines at once. */
static void lines_are_broken_into(void **state)
{
    struct supervised s;
    supervised_init(&s,
                    "printf 'au'; sleep 0.1; printf 'oops\\n' >&2; sleep 0.1; printf 'c=1\\nx'");
    supervised_go(&s);
    assert_int_equal(supervised_finish(&s).reports, 1);
    struct str log = supervised_file(&s, "a.log"), rest = log;
    static const char *const ends[] = {"Z | au", "Z ! oops", "Z |+c=1", "Z | x"};
    for (size_t i = 0; i < 4; i++)
        assert_true(str_ends(str_cut(&rest, '\n'), ends[i]));
    supervised_free(&s);
}

/* A controller that reads nothing: the program goes on, the events wait in the spool. */
static void a_slow_controller(void **state)
{
    struct supervised s;
    supervised_init(&s, "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo step=$i auc=0.$i; done; "
                        "echo done > ../done; sleep 1000");
    supervised_go(&s);
    for (int i = 0; i < 2000 && supervised_file(&s, "done").n == 0; i++)
        usleep(5000);
    supervised_wait_for(&s, FRAME_STARTED);
    for (int64_t i = 1; i <= 3000; i++) {
        const struct frame *f = supervised_wait_for(&s, FRAME_REPORT);
        assert_int_equal(f->report.step, i);
        assert_int_equal(f->seq, i + 1);
    }
    supervised_verdict(&s, VERDICT_KILL);
    supervised_finish(&s);
    supervised_free(&s);
}

/* The controller goes away again and again; each time it comes back with what it had, and the
 * events go on from there: none lost, none doubled. */
static void the_controller_comes_back(void **state)
{
    struct supervised s;
    supervised_init(
        &s, "i=0; while [ $i -lt 40 ]; do i=$((i+1)); \"$REPORT\" report --step $i auc=0.$i "
            "|| exit 1; sleep 0.01; done");
    s.spec.next_wanted = 1000;
    s.silent = true;
    supervised_go(&s);
    int64_t had = 0;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 4; i++) {
            const struct frame *f = supervised_next(&s);
            assert_int_equal(f->seq, had + 1);
            had = f->seq;
        }
        if (round % 2)
            had -= 2; /* what was read but did not become durable */
        supervised_hang_up(&s);
        usleep(20000);
        supervised_come_back(&s, had, 1000);
        const struct frame *hello = supervised_next(&s);
        assert_int_equal(hello->type, FRAME_HELLO);
        assert_int_equal(hello->attempt, 77);
        assert_true(hello->seq >= had);
    }
    const struct frame *f;
    do {
        f = supervised_next(&s);
        assert_int_equal(f->seq, had + 1);
        had = f->seq;
    } while (f->type != FRAME_EXITED);
    assert_int_equal(f->exited.reports, 40);
    assert_int_equal(f->exited.reason, WIRE_EXIT);
    supervised_hang_up(&s);
    assert_int_equal(supervised_reap(&s), 0);
    supervised_free(&s);
}

/* While it is away reports are kept and answered; the supervisor ends by itself and the spool tells
 * all. */
static void nobody_is_there(void **state)
{
    struct supervised s;
    supervised_init(&s, "\"$REPORT\" report --step 1 auc=1; \"$REPORT\" report --step 2 auc=2");
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_REPORT); /* it waits for us */
    supervised_hang_up(&s);
    assert_int_equal(supervised_reap(&s), 0);
    int64_t n = 0;
    struct buf b;
    buf_init(&b, 1 << 20);
    struct str spool = supervised_file(&s, "a.spool");
    while (spool.n) {
        struct frame f;
        size_t used = 0;
        assert_ok(frame_decode(spool, &s.arena, &f, &used, NULL));
        assert_true(used > 0);
        assert_int_equal(f.seq, ++n);
        spool = str_sub(spool, used, spool.n);
        if (f.type == FRAME_EXITED)
            assert_int_equal(f.exited.reports, 2);
    }
    assert_int_equal(n, 4);
    buf_free(&b);
    supervised_free(&s);
}

static void wrong_controllers(void **state)
{
    struct supervised s;
    struct buf b;
    buf_init(&b, 1000);
    supervised_init(&s, "echo auc=1; sleep 1000");
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_REPORT);
    int stranger = supervised_connect(&s);
    frame_welcome(&b, STR("00000000000000000000000000000000"), 0, 0);
    assert_int_equal(send(stranger, b.p, b.n, 0), b.n);
    assert_string_equal(supervised_hear(&s, stranger), "");
    close(stranger);
    stranger = supervised_connect(&s); /* has events that never were */
    buf_clear(&b);
    frame_welcome(&b, s.spec.token, 99, 0);
    assert_int_equal(send(stranger, b.p, b.n, 0), b.n);
    assert_string_equal(supervised_hear(&s, stranger), "");
    close(stranger);
    supervised_verdict(&s, VERDICT_KILL); /* ours still counts */
    assert_int_equal(supervised_finish(&s).reason, WIRE_CANCELLED);
    buf_free(&b);
    supervised_free(&s);
}

static void nothing_starts_without_a_whole_spec(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo started > ../started; echo auc=1");
    s.argv[3] = STR("a long argument, so that a shell's start is not in the first bytes");
    struct buf whole;
    buf_init(&whole, FRAME_MAX);
    frame_spec(&whole, &s.spec);
    for (size_t cut = 0; cut < whole.n; cut += 1 + cut / 2) {
        int pair[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(send(pair[0], whole.p, cut, 0), cut);
        close(pair[0]);
        int spool = open(s.spool, O_RDWR | O_CREAT | O_APPEND, 0600);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(fcntl(pair[1], F_DUPFD, 20), 3);
            dup2(fcntl(spool, F_DUPFD, 20), 4);
            execl(getenv("TRAWL_SUPERVISOR"), "trawl-supervisor", (char *)NULL);
            _exit(127);
        }
        int status = -1;
        close(pair[1]);
        close(spool);
        waitpid(pid, &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(supervised_file(&s, "started").n, 0);
    assert_int_equal(supervised_file(&s, "a.spool").n, 0);
    buf_free(&whole);
    supervised_free(&s);
}

/* One spool, one execution: a second supervisor on it does nothing. */
static void a_spool_serves_once(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo x >> ../runs; echo auc=1");
    supervised_go(&s);
    supervised_finish(&s);
    close(s.fd);
    supervised_go(&s);
    assert_null(supervised_next(&s));
    assert_int_equal(WEXITSTATUS(supervised_reap(&s)), 1);
    assert_int_equal(supervised_file(&s, "runs").n, 2);
    supervised_free(&s);
}

static void signals_are_ignored(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct supervised s;
    supervised_init(&s, "echo auc=1; sleep 0.2; kill -INT $$; sleep 1000");
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_REPORT);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        kill(s.pid, signals[i]);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_SIGNAL); /* and the program has them as new */
    assert_int_equal(x.signal, SIGINT);
    supervised_free(&s);
}

/* No file may grow past 40 kB: first the log, then the spool. */
static void the_disk_is_full(void **state)
{
    struct supervised s;
    supervised_init(&s, "trap '' XFSZ; i=0; while :; do i=$((i+1)); echo step=$i auc=0.$i with "
                        "much more to say than a report holds; done");
    s.file_limit = 40000;
    supervised_go(&s);
    const struct frame *note = supervised_wait_for(&s, FRAME_NOTE);
    assert_true(text_has(note->text, "the log cannot be written"));
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_DISK);
    assert_true(text_has(x.detail, "cannot write the spool"));
    assert_int_equal(s.frame[s.n - 1].seq, s.n);
    supervised_free(&s);
}

/* Killed at every place it can be killed at: what is in the spool is whole, and nothing lives on.
 */
static void failpoints(void **state)
{
    static const char *const names[] = {
        "supervisor.before-start",  "supervisor.after-start",  "supervisor.before-spool:2",
        "supervisor.after-spool:2", "supervisor.before-send",  "supervisor.after-send:2",
        "supervisor.before-answer", "supervisor.after-answer", "supervisor.before-exited",
        "supervisor.after-exited",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct supervised s;
        supervised_init(&s, "\"$REPORT\" report --step 1 auc=1; echo 7773.1");
        s.failpoint = names[i];
        s.spec.next_wanted = 100;
        supervised_go(&s);
        int status = supervised_reap(&s);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            fail_msg("%s was not hit", names[i]);
        assert_true(nobody_runs("7773."));
        supervised_free(&s);
    }
}

/* Killed while a controller comes back: the next one finds the spool as it was. */
static void failpoints_of_a_return(void **state)
{
    static const char *const names[] = {"supervisor.before-hello", "supervisor.after-hello"};
    for (size_t i = 0; i < 2; i++) {
        struct supervised s;
        supervised_init(&s, "echo auc=1; exec sleep 7774.1");
        s.failpoint = names[i];
        supervised_go(&s);
        supervised_wait_for(&s, FRAME_REPORT);
        supervised_hang_up(&s);
        supervised_come_back(&s, 0, 1);
        int status = supervised_reap(&s);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        const struct frame *f = supervised_next(&s);
        assert_true(i == 0 ? f == NULL : f->type == FRAME_HELLO && f->seq == 2);
        assert_true(nobody_runs("7774."));
        supervised_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_stay_behind),
        cmocka_unit_test(supervisor_is_killed),
        cmocka_unit_test(closes_its_output),
        cmocka_unit_test(one_endless_line),
        cmocka_unit_test(lines_are_broken_into),
        cmocka_unit_test(a_slow_controller),
        cmocka_unit_test(the_controller_comes_back),
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(wrong_controllers),
        cmocka_unit_test(nothing_starts_without_a_whole_spec),
        cmocka_unit_test(a_spool_serves_once),
        cmocka_unit_test(signals_are_ignored),
        cmocka_unit_test(the_disk_is_full),
        cmocka_unit_test(failpoints),
        cmocka_unit_test(failpoints_of_a_return),
    };
    return RUN_TESTS(tests);
}
