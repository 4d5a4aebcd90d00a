/* Reports through the endpoint, and what the program hears. $REPORT is the executable. */
#include "supervised.h"

#include "base/clock.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A line of a program's, with the right token. */
#define SAY(rest) "{\"token\":\"TOKEN\"," rest "}\n"
#define GO_ON     "{\"decision\":\"continue\"}\n"
#define REPORT(step) \
    SAY("\"report\":{\"step\":" #step ",\"metrics\":{\"auc\":0.5,\"loss\":\"nan\"}}")

/* A program that does nothing until it gets TERM; the test reports in its place. */
static void start_idle(struct supervised *s)
{
    supervised_init(s, "exec sleep 1000");
    s->spec.next_wanted = 1;
}

static void finish_idle(struct supervised *s, enum wire_reason want)
{
    assert_int_equal(supervised_finish(s).reason, want);
    supervised_free(s);
}

static void a_shell_reports(void **state)
{
    struct supervised s;
    supervised_init(&s, "\"$REPORT\" report --step 3 auc=0.5 loss=1e-3; echo \"exit $?\"; "
                        "\"$REPORT\" report --json --step=4 auc=nan");
    s.spec.next_wanted = 100;
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.reports, 2);
    assert_int_equal(x.last_step, 4);
    const struct wire_report *r = supervised_report(&s, 0);
    assert_int_equal(r->step, 3);
    assert_int_equal(r->n, 2);
    assert_true(r->explicit_report);
    assert_false(r->waits); /* nobody has to be asked */
    assert_real(r->metrics[1].value, 0.001);
    assert_true(isnan(supervised_report(&s, 1)->metrics[0].value));
    struct str log = supervised_file(&s, "a.log");
    assert_true(text_has(log, "| continue\n"));
    assert_true(text_has(log, "| exit 0\n"));
    assert_true(text_has(log, "| {\"decision\":\"continue\"}\n"));
    supervised_free(&s);
}

static void wrong_use_of_the_command(void **state)
{
    struct supervised s;
    supervised_init(&s,
                    "for a in '' 'auc' 'auc=x' '--step x auc=1' '--step -1 auc=1' '--bogus' '=3' "
                    "'--infeasible why auc=1'; do \"$REPORT\" report $a; echo \"exit $?\"; done; "
                    "TRAWL_ENDPOINT=unix:/no/such \"$REPORT\" report auc=1; echo \"gone $?\"; "
                    "TRAWL_TOKEN=wrong \"$REPORT\" report auc=1; echo \"token $?\"; "
                    "unset TRAWL_ENDPOINT; \"$REPORT\" report auc=1; echo \"alone $?\"; "
                    "\"$REPORT\" report --help; echo \"help $?\"");
    supervised_go(&s);
    assert_int_equal(supervised_finish(&s).reports, 0);
    struct str log = supervised_file(&s, "a.log"), rest = log;
    size_t wrong = 0;
    while (rest.n)
        wrong += str_ends(str_cut(&rest, '\n'), "| exit 2");
    assert_int_equal(wrong, 8);
    assert_true(text_has(log, "| gone 1\n"));
    assert_true(text_has(log, "| token 1\n"));
    assert_true(text_has(log, "| alone 1\n"));
    assert_true(text_has(log, "| help 0\n"));
    assert_true(text_has(log, "not inside a trial"));
    supervised_free(&s);
}

static void the_controller_is_asked(void **state)
{
    struct supervised s;
    supervised_init(&s, "i=0; while :; do i=$((i+1)); \"$REPORT\" report --step $i auc=0.$i; d=$?; "
                        "echo \"$i: $d\"; [ $d = 0 ] || exit 0; done");
    s.spec.next_wanted = 2;
    supervised_go(&s);
    const struct frame *f = supervised_wait_for(&s, FRAME_REPORT);
    assert_false(f->report.waits);
    f = supervised_wait_for(&s, FRAME_REPORT);
    assert_true(f->report.waits);
    supervised_answer(&s, f->seq, VERDICT_CONTINUE, 4);
    assert_false(supervised_wait_for(&s, FRAME_REPORT)->report.waits);
    f = supervised_wait_for(&s, FRAME_REPORT);
    assert_true(f->report.waits);
    supervised_answer(&s, f->seq, VERDICT_STOP, 5);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_STOPPED);
    assert_int_equal(x.exit_code, 0);
    assert_int_equal(x.last_step, 4);
    assert_true(text_has(supervised_file(&s, "a.log"), "| 4: 10\n"));
    supervised_free(&s);
}

/* After five seconds without an answer a program goes on; not while the answer is on hold. */
static void slow_answers(void **state)
{
    struct supervised s;
    struct buf b;
    buf_init(&b, 100);
    start_idle(&s);
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_STARTED);
    int quick = supervised_connect(&s), held = supervised_connect(&s);
    int64_t before = monotonic_ms();
    supervised_say(&s, quick, REPORT(1));
    int64_t quick_seq = supervised_wait_for(&s, FRAME_REPORT)->seq;
    supervised_say(&s, held, REPORT(1));
    int64_t held_seq = supervised_wait_for(&s, FRAME_REPORT)->seq;
    assert_true(quick_seq != held_seq);
    frame_hold(&b, held_seq);
    supervised_send(&s, &b);
    assert_string_equal(supervised_hear(&s, quick), GO_ON);
    assert_true(monotonic_ms() - before >= 4900);
    struct pollfd p = {.fd = held, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 300), 0);
    supervised_answer(&s, held_seq, VERDICT_PAUSE, 9);
    assert_string_equal(supervised_hear(&s, held), "{\"decision\":\"pause\"}\n");
    supervised_verdict(&s, VERDICT_KILL);
    close(quick);
    close(held);
    buf_free(&b);
    finish_idle(&s, WIRE_CANCELLED);
}

static void messages(void **state)
{
    static const struct {
        const char *line, *answer;
        size_t reports;
    } cases[] = {
        {REPORT(1), GO_ON, 1},
        {SAY("\"report\":{\"metrics\":{\"auc\":1}}"), GO_ON, 1},
        {SAY("\"report\":{\"step\":0,\"metrics\":{}},\"wait\":false"), GO_ON, 1},
        {SAY("\"reports\":[{\"step\":3,\"metrics\":{\"a\":1}},{\"metrics\":{\"a\":2}}]"), GO_ON, 2},
        {" \r\n" REPORT(5), GO_ON, 1},
        {"{}\n", "{\"error\":\"\\\"token\\\" is missing: it is the value of TRAWL_TOKEN\"}\n", 0},
        {"{oops\n", "{\"error\":\"a key in quotes is missing at column 2\"}\n", 0},
        {SAY("\"report\":{\"step\":-1}"), "{\"error\":\"\\\"step\\\" must be a whole number", 0},
        {SAY("\"report\":{\"metrics\":{\"a\":null}}"), "{\"error\":\"the metric \\\"a\\\" is not",
         0},
        {SAY("\"reprot\":{}"), "{\"error\":\"a message has no key \\\"reprot\\\"\"}\n", 0},
        {SAY("\"infeasible\":\"too big\""), "{\"ok\":true}\n", 0},
    };
    struct supervised s;
    size_t reports = 0;
    start_idle(&s);
    s.spec.next_wanted = 100;
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_STARTED);
    int fd = supervised_connect(&s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        supervised_say(&s, fd, cases[i].line);
        const char *answer = supervised_hear(&s, fd);
        if (strncmp(answer, cases[i].answer, strlen(cases[i].answer)) != 0)
            fail_msg("%s -> %s", cases[i].line, answer);
        reports += cases[i].reports;
    }
    close(fd);
    supervised_verdict(&s, VERDICT_CANCEL);
    struct wire_exited x = supervised_finish(&s);
    assert_true(x.infeasible);
    assert_int_equal(x.reports, reports);
    static const int64_t steps[] = {1, 2, 0, 3, 4, 5};
    for (size_t i = 0; i < reports; i++)
        assert_int_equal(supervised_report(&s, i)->step, steps[i]);
    supervised_free(&s);
}

static void strangers_are_turned_away(void **state)
{
    struct supervised s;
    start_idle(&s);
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_STARTED);
    int fd = supervised_connect(&s);
    supervised_say(&s, fd, "{\"token\":\"guess\",\"report\":{}}\n");
    assert_non_null(strstr(supervised_hear(&s, fd), "token is not this attempt's"));
    assert_string_equal(supervised_hear(&s, fd), ""); /* closed */
    close(fd);
    fd = supervised_connect(&s);
    char *long_line = malloc(2 << 20);
    memset(long_line, ' ', 2 << 20);
    long_line[0] = '{';
    for (size_t sent = 0; sent < 2 << 20;) {
        ssize_t n = send(fd, long_line + sent, (2 << 20) - sent, MSG_NOSIGNAL);
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    free(long_line);
    assert_non_null(strstr(supervised_hear(&s, fd), "longer than 1 MiB"));
    close(fd);
    fd = supervised_connect(&s);
    supervised_say(&s, fd,
                   "\x39rubbish that is no frame and no message, but more than a frame's head\n"
                   "                                                                       ");
    assert_string_equal(supervised_hear(&s, fd), "");
    close(fd);
    assert_int_equal(supervised_reports(&s), 0);
    supervised_verdict(&s, VERDICT_KILL);
    finish_idle(&s, WIRE_CANCELLED);
}

/* More connections than are kept: each is served, and those that stay idle make room. */
static void a_crowd(void **state)
{
    struct supervised s;
    int fd[100];
    start_idle(&s);
    s.spec.next_wanted = 100;
    supervised_go(&s);
    supervised_wait_for(&s, FRAME_STARTED);
    for (int i = 0; i < 100; i++) {
        fd[i] = supervised_connect(&s);
        supervised_say(&s, fd[i], REPORT(1));
        assert_string_equal(supervised_hear(&s, fd[i]), GO_ON);
    }
    supervised_say(&s, fd[99], REPORT(2)); /* the last stays */
    assert_string_equal(supervised_hear(&s, fd[99]), GO_ON);
    for (int i = 0; i < 100; i++)
        close(fd[i]);
    supervised_hang_up(&s);
    supervised_come_back(&s, 0, 1);
    assert_int_equal(supervised_wait_for(&s, FRAME_HELLO)->seq, 102);
    supervised_verdict(&s, VERDICT_KILL);
    finish_idle(&s, WIRE_CANCELLED);
}

/* What was sent just before the end counts, also on a connection that was never answered. */
static void a_last_report_counts(void **state)
{
    struct supervised s;
    supervised_init(&s, "python3 -c 'import os, socket\n"
                        "s = socket.socket(socket.AF_UNIX)\n"
                        "s.connect(os.environ[\"TRAWL_ENDPOINT\"][5:])\n"
                        "t = os.environ[\"TRAWL_TOKEN\"]\n"
                        "for i in range(1, 51):\n"
                        " s.sendall(b\"{\\\"token\\\":\\\"%s\\\",\\\"wait\\\":false,\\\"report\\\":"
                        "{\\\"step\\\":%d,"
                        "\\\"metrics\\\":{\\\"auc\\\":1}}}\\n\" % (t.encode(), i))'");
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.reports, 50);
    assert_int_equal(x.last_step, 50);
    supervised_free(&s);
}

static void explicit_reports_end_the_scan(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo auc=0.1; sleep 0.3; \"$REPORT\" report --step 2 auc=0.2; echo step=3 "
                        "auc=0.3; sleep 0.1; echo auc=0.4");
    s.spec.next_wanted = 100;
    supervised_go(&s);
    assert_int_equal(supervised_finish(&s).reports, 2);
    supervised_free(&s);
    /* both at once: what it prints does not count, nor end it at its last step */
    supervised_init(&s,
                    "echo step=1 auc=0.2; \"$REPORT\" report --step 1 auc=0.2; echo \"heard $?\"; "
                    "sleep 1; echo saved");
    s.spec.steps = 1;
    supervised_go(&s);
    assert_int_equal(supervised_finish(&s).reports, 1);
    struct str log = supervised_file(&s, "a.log");
    assert_true(text_has(log, "| heard 10\n") && text_has(log, "| saved\n"));
    supervised_free(&s);
}

static void steps_backwards_and_nan(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo step=5 auc=nan; echo step=2 auc=-inf; echo step=2 auc=0.5");
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.reports, 3);
    assert_int_equal(x.last_step, 2);
    assert_true(isnan(supervised_report(&s, 0)->metrics[0].value));
    assert_true(isinf(supervised_report(&s, 1)->metrics[0].value));
    supervised_free(&s);
}

/* Asked at its last step, a program hears stop and ends completed, with the controller's no part.
 */
static void the_budget_of_one_that_asks(void **state)
{
    struct supervised s;
    supervised_init(&s,
                    "i=0; while :; do i=$((i+1)); \"$REPORT\" report --step $i auc=0.$i || break; "
                    "done; sleep 0.5; echo saved");
    s.spec.steps = 3;
    s.spec.next_wanted = 3;
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.exit_code, 0);
    assert_int_equal(x.last_step, 3);
    assert_false(supervised_report(&s, 2)->waits);
    assert_true(text_has(supervised_file(&s, "a.log"), "| saved\n")); /* longer than the grace */
    supervised_free(&s);
}

static void the_budget_of_one_that_does_not(void **state)
{
    struct supervised s;
    supervised_init(&s, "i=0; while :; do i=$((i+1)); echo step=$i auc=0.$i; sleep 0.05; done");
    s.spec.steps = 3;
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.exit_code, 0);
    assert_int_equal(x.signal, -1);
    assert_true(x.last_step >= 3 && x.last_step <= 5);
    assert_true(text_has(x.detail, "ended after its last step"));
    supervised_free(&s);
    supervised_init(&s,
                    "echo step=3 auc=1; exec sleep 1000"); /* it may be saving: TERM after grace */
    s.spec.steps = 3;
    supervised_go(&s);
    int64_t before = monotonic_ms();
    assert_int_equal(supervised_finish(&s).reason, WIRE_EXIT);
    assert_true(monotonic_ms() - before >= 250);
    supervised_free(&s);
}

static void verdicts_for_one_that_never_asks(void **state)
{
    static const struct {
        enum verdict verdict;
        enum wire_reason reason;
        int signal;
    } cases[] = {{VERDICT_STOP, WIRE_STOPPED, SIGTERM},
                 {VERDICT_PAUSE, WIRE_PAUSED, SIGTERM},
                 {VERDICT_CANCEL, WIRE_CANCELLED, SIGTERM},
                 {VERDICT_KILL, WIRE_CANCELLED, SIGKILL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct supervised s;
        supervised_init(&s, "echo step=1 auc=1; exec sleep 1000");
        supervised_go(&s);
        supervised_wait_for(&s, FRAME_REPORT);
        supervised_verdict(&s, cases[i].verdict);
        struct wire_exited x = supervised_finish(&s);
        assert_int_equal(x.reason, cases[i].reason);
        assert_int_equal(x.signal, cases[i].signal);
        supervised_free(&s);
    }
}

/* It hears pause with its next report, and may take its time to save. */
static void pause_for_one_that_asks(void **state)
{
    struct supervised s;
    supervised_init(&s, "\"$REPORT\" report --step 1 auc=1; echo asked >&2; sleep 0.2; "
                        "\"$REPORT\" report --step 2 auc=2 && exit 1; sleep 0.6; echo saved");
    supervised_go(&s);
    const struct frame *f = supervised_wait_for(&s, FRAME_REPORT);
    supervised_answer(&s, f->seq, VERDICT_CONTINUE, 100);
    supervised_verdict(&s, VERDICT_PAUSE);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_PAUSED);
    assert_int_equal(x.exit_code, 0);
    assert_true(text_has(supervised_file(&s, "a.log"), "| saved\n"));
    supervised_free(&s);
}

static void a_failure_on_the_way_to_a_pause_is_one(void **state)
{
    struct supervised s;
    supervised_init(&s, "\"$REPORT\" report --step 1 auc=1 || exit 4");
    supervised_go(&s);
    const struct frame *f = supervised_wait_for(&s, FRAME_REPORT);
    supervised_answer(&s, f->seq, VERDICT_PAUSE, 1);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_int_equal(x.exit_code, 4);
    supervised_free(&s);
}

/* One that does not mind what it hears has the grace, then TERM; what it reports still counts. */
static void stop_is_not_minded(void **state)
{
    struct supervised s;
    supervised_init(&s, "i=0; while :; do i=$((i+1)); \"$REPORT\" report --step $i auc=1; "
                        "sleep 0.02; done");
    supervised_go(&s);
    const struct frame *f = supervised_wait_for(&s, FRAME_REPORT);
    supervised_answer(&s, f->seq, VERDICT_STOP, 1);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_STOPPED);
    assert_int_equal(x.signal, SIGTERM);
    assert_true(x.reports > 1);
    supervised_free(&s);
}

static void infeasible_by_word(void **state)
{
    struct supervised s;
    supervised_init(&s,
                    "\"$REPORT\" report --infeasible 'hidden is odd'; echo \"exit $?\"; exit 1");
    supervised_go(&s);
    struct wire_exited x = supervised_finish(&s);
    assert_int_equal(x.reason, WIRE_EXIT);
    assert_true(x.infeasible);
    assert_true(str_is(x.detail, "hidden is odd"));
    assert_true(text_has(supervised_file(&s, "a.log"), "| infeasible\n"));
    supervised_free(&s);
}

/* Waiting for the controller is no silence. */
static void waiting_is_no_silence(void **state)
{
    struct supervised s;
    supervised_init(&s, "\"$REPORT\" report --step 1 auc=1; echo on; sleep 1000");
    s.spec.silence_ns = 300 * NS_PER_MS;
    supervised_go(&s);
    const struct frame *f = supervised_wait_for(&s, FRAME_REPORT);
    usleep(900 * 1000);
    supervised_answer(&s, f->seq, VERDICT_CONTINUE, 5);
    assert_int_equal(supervised_finish(&s).reason, WIRE_SILENCE);
    assert_true(text_has(supervised_file(&s, "a.log"), "| on\n"));
    supervised_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shell_reports),
        cmocka_unit_test(wrong_use_of_the_command),
        cmocka_unit_test(the_controller_is_asked),
        cmocka_unit_test(slow_answers),
        cmocka_unit_test(messages),
        cmocka_unit_test(strangers_are_turned_away),
        cmocka_unit_test(a_crowd),
        cmocka_unit_test(a_last_report_counts),
        cmocka_unit_test(explicit_reports_end_the_scan),
        cmocka_unit_test(steps_backwards_and_nan),
        cmocka_unit_test(the_budget_of_one_that_asks),
        cmocka_unit_test(the_budget_of_one_that_does_not),
        cmocka_unit_test(verdicts_for_one_that_never_asks),
        cmocka_unit_test(pause_for_one_that_asks),
        cmocka_unit_test(a_failure_on_the_way_to_a_pause_is_one),
        cmocka_unit_test(stop_is_not_minded),
        cmocka_unit_test(infeasible_by_word),
        cmocka_unit_test(waiting_is_no_silence),
    };
    return RUN_TESTS(tests);
}
