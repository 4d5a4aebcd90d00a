/* SIGUSR1 to a supervisor: the attempt gives its place up. */
#include "supervised.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Until the program has its answer, if it waits for one. */
static void first_report(struct supervised *s)
{
    const struct frame *f = supervised_wait_for(s, FRAME_REPORT);
    int64_t until = monotonic_ms() + PATIENCE_MS;
    if (!f->report.waits)
        return;
    supervised_answer(s, f->seq, VERDICT_CONTINUE, 100);
    while (!text_has(supervised_file(s, "a.log"), "| continue\n")) {
        assert_true(monotonic_ms() < until);
        usleep(5000);
    }
}

static struct wire_exited preempted(struct supervised *s)
{
    assert_int_equal(kill(s->pid, SIGUSR1), 0);
    struct wire_exited x = supervised_finish(s);
    assert_true(text_has(supervised_file(s, "a.log"), "# preempted by SIGUSR1\n"));
    return x;
}

/* It hears pause with its next report, and may take longer than the grace to save. */
static void one_that_asks_hears_of_it(void **state)
{
    struct supervised s;
    supervised_init(&s, "i=0; while \"$REPORT\" report --step $i auc=1; do i=$((i+1)); sleep 0.05; "
                        "done; sleep 3.5; echo saved");
    s.spec.grace_ns = 3 * NS_PER_S;
    supervised_go(&s);
    first_report(&s);
    struct wire_exited x = preempted(&s);
    assert_int_equal(x.reason, WIRE_PAUSED);
    assert_int_equal(x.exit_code, 0);
    assert_true(text_has(supervised_file(&s, "a.log"), "| pause\n"));
    assert_true(text_has(supervised_file(&s, "a.log"), "| saved\n"));
    supervised_free(&s);
}

static void one_that_never_asks_gets_term(void **state)
{
    struct supervised s;
    supervised_init(&s, "trap 'echo saved; exit 3' TERM; echo step=1 auc=1; sleep 1000 & wait");
    supervised_go(&s);
    first_report(&s);
    struct wire_exited x = preempted(&s);
    assert_int_equal(x.reason, WIRE_PAUSED);
    assert_true(text_has(supervised_file(&s, "a.log"), "| saved\n"));
    supervised_free(&s);
}

/* It asked once, and then comes to no report within the grace: TERM, and where that is not minded
 * either, KILL. */
static void one_that_is_slow_to_report_gets_term(void **state)
{
    static const char *const scripts[] = {
        "\"$REPORT\" report --step 1 auc=1; exec sleep 1000",
        "trap '' TERM; \"$REPORT\" report --step 1 auc=1; while :; do sleep 1000; done",
    };
    for (size_t i = 0; i < 2; i++) {
        struct supervised s;
        supervised_init(&s, scripts[i]);
        supervised_go(&s);
        first_report(&s);
        struct wire_exited x = preempted(&s);
        assert_int_equal(x.reason, WIRE_PAUSED);
        assert_int_equal(x.signal, i == 0 ? SIGTERM : SIGKILL);
        supervised_free(&s);
    }
}

/* It asks and goes on all the same. */
static void a_decision_that_is_ignored_ends_it(void **state)
{
    struct supervised s;
    supervised_init(&s, "i=0; while :; do i=$((i+1)); \"$REPORT\" report --step $i auc=1; "
                        "sleep 0.02; done");
    supervised_go(&s);
    first_report(&s);
    struct wire_exited x = preempted(&s);
    assert_int_equal(x.reason, WIRE_PAUSED);
    assert_int_equal(x.signal, SIGTERM);
    supervised_free(&s);
}

/* A cluster signals all of a job: a program that has no handler dies of it, one that has may save
 * and end as it likes. Neither has failed, nor is it done. */
static void a_signal_to_all_of_a_job(void **state)
{
    static const char *const scripts[] = {
        "echo step=1 auc=1; kill -USR1 $PPID $$; sleep 1000",
        "trap 'echo saved; exit 0' USR1; echo step=1 auc=1; kill -USR1 $PPID; kill -USR1 $$; :",
        "trap 'echo saved; exit 7' USR1; echo step=1 auc=1; kill -USR1 $PPID; kill -USR1 $$; :",
    };
    for (size_t i = 0; i < 3; i++) {
        struct supervised s;
        supervised_init(&s, scripts[i]);
        s.spec.steps = 9;
        supervised_go(&s);
        assert_int_equal(supervised_finish(&s).reason, WIRE_PAUSED);
        supervised_free(&s);
    }
}

/* What it had to do was done: it is not run again. */
static void one_that_is_done_is_done(void **state)
{
    static const char *const scripts[] = {
        "echo step=3 auc=1; sleep 1; exit 0",
        "\"$REPORT\" report auc=1; sleep 1; exit 0",
    };
    for (size_t i = 0; i < 2; i++) {
        struct supervised s;
        supervised_init(&s, scripts[i]);
        s.spec.steps = i == 0 ? 3 : 0;
        s.spec.grace_ns = 20 * NS_PER_S;
        supervised_go(&s);
        first_report(&s);
        struct wire_exited x = preempted(&s);
        assert_int_equal(x.reason, WIRE_EXIT);
        assert_int_equal(x.exit_code, 0);
        supervised_free(&s);
    }
}

/* Whoever is told to stop is stopped, preempted or not; and so is what makes no sense. */
static void a_stronger_word_stands(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo step=1 auc=1; trap '' TERM; sleep 1.5; exit 0");
    s.spec.steps = 9;
    s.spec.grace_ns = 20 * NS_PER_S;
    supervised_go(&s);
    first_report(&s);
    supervised_verdict(&s, VERDICT_STOP);
    assert_int_equal(preempted(&s).reason, WIRE_STOPPED);
    supervised_free(&s);
    supervised_init(&s, "\"$REPORT\" report --step 1 auc=1; sleep 1; exit 65");
    s.spec.steps = 9;
    s.spec.grace_ns = 20 * NS_PER_S;
    supervised_go(&s);
    first_report(&s);
    assert_true(preempted(&s).infeasible);
    supervised_free(&s);
}

/* The controller is away: nobody but the spool hears of it, and the attempt ends all the same. */
static void without_a_controller(void **state)
{
    struct supervised s;
    supervised_init(&s, "echo step=1 auc=1; exec sleep 1000");
    supervised_go(&s);
    first_report(&s);
    supervised_hang_up(&s);
    assert_int_equal(kill(s.pid, SIGUSR1), 0);
    assert_int_equal(supervised_reap(&s), 0);
    assert_true(text_has(supervised_file(&s, "a.log"), "# preempted by SIGUSR1\n"));
    supervised_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_asks_hears_of_it),
        cmocka_unit_test(one_that_never_asks_gets_term),
        cmocka_unit_test(one_that_is_slow_to_report_gets_term),
        cmocka_unit_test(a_decision_that_is_ignored_ends_it),
        cmocka_unit_test(a_signal_to_all_of_a_job),
        cmocka_unit_test(one_that_is_done_is_done),
        cmocka_unit_test(a_stronger_word_stands),
        cmocka_unit_test(without_a_controller),
    };
    return RUN_TESTS(tests);
}
