/*
 * The simulated executor by itself: what it tells, when, and in which order.
 */
#include "exec/sim/sim.h"
#include "testing.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LOG_MAX = 8192 };

/* A listener that writes down what it hears, acknowledges it, and answers `continue`. */
struct heard {
    struct executor *x;
    struct virtual_clock clock;
    struct sim_course course; /* of every attempt */
    char log[LOG_MAX];
    size_t n;
    int64_t ack_of[64], answer_of[64]; /* seq, by attempt; 0: nothing is due */
    int64_t next_wanted;
    enum verdict verdict;
    int settled;
    bool fails;
};

static void say(struct heard *h, const char *fmt, ...) printf_like(2, 3);

static void say(struct heard *h, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(h->log + h->n, LOG_MAX - h->n, fmt, ap);
    va_end(ap);
    assert_in_range(n, 0, LOG_MAX - h->n - 1);
    h->n += (size_t)n;
}

static void on_event(void *self, int64_t attempt, const struct frame *f)
{
    struct heard *h = self;
    int s = (int)(h->clock.monotonic_ns / NS_PER_S), ms = (int)(h->clock.monotonic_ns / NS_PER_MS);
    assert_int_equal(f->attempt, attempt);
    h->ack_of[attempt] = f->seq;
    if (f->type == FRAME_STARTED)
        say(h, "%d:%d starts ", s, (int)attempt);
    if (f->type == FRAME_REPORT) {
        say(h, "%d:%d says %d ", s, (int)attempt, (int)f->report.step);
        h->answer_of[attempt] = f->report.waits ? f->seq : 0;
    }
    if (f->type == FRAME_EXITED)
        say(h, "%dms:%d ends %d %d ", ms, (int)attempt, (int)f->exited.reason, f->exited.exit_code);
}

static void on_gone(void *self, int64_t attempt)
{
    struct heard *h = self;
    say(h, "gone %d ", (int)attempt);
    h->x->ops->forget(h->x, attempt);
    h->ack_of[attempt] = 0;
}

static void on_settled(void *self)
{
    struct heard *h = self;
    h->settled++;
    for (int64_t i = 0; i < 64; i++) {
        if (h->ack_of[i] > 0)
            h->x->ops->ack(h->x, i, h->ack_of[i]);
        if (h->answer_of[i] > 0)
            h->x->ops->answer(h->x, i, h->answer_of[i], h->verdict, h->next_wanted);
        h->ack_of[i] = h->answer_of[i] = 0;
    }
}

static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    const struct heard *h = self;
    if (h->fails)
        return error_set(e, E_INVALID, "no such attempt");
    *ret = h->course;
    return OK;
}

static double value(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step)
{
    return (double)step;
}

static void open_sim(struct heard *h, int64_t every, bool from_scratch)
{
    *h = (struct heard){.next_wanted = INT64_MAX};
    h->course = (struct sim_course){.step = 1, .drop = (double)INFINITY};
    const struct sim_options o = {.clock = &h->clock,
                                  .metric = STR("loss"),
                                  .report_every = every,
                                  .from_scratch = from_scratch,
                                  .model = {h, begin, value}};
    const struct executor_listener listener = {h, on_event, on_gone, on_settled};
    assert_ok(sim_executor_new(&o, &listener, &h->x, NULL));
}

static void start_one(struct heard *h, int64_t attempt, int64_t trial, int64_t steps)
{
    const struct bare_spec spec = {.attempt = attempt,
                                   .trial = trial,
                                   .attempt_number = 1,
                                   .steps = steps,
                                   .next_wanted = h->next_wanted};
    assert_ok(h->x->ops->start_bare(h->x, &spec, NULL));
}

static void run_until(struct heard *h, int64_t ns)
{
    while (sim_next(h->x) <= ns && sim_next(h->x) < INT64_MAX)
        assert_ok(sim_turn(h->x, NULL));
}

static void expect(struct heard *h, const char *log)
{
    assert_string_equal(h->log, log);
    h->x->ops->close(h->x);
}

static void an_attempt_goes_its_way(void **state)
{
    struct heard h;
    open_sim(&h, 2, false);
    h.course.start_up = 10;
    start_one(&h, 1, 1, 5);
    run_until(&h, INT64_MAX);
    assert_int_equal(sim_next(h.x), INT64_MAX);
    assert_int_equal(sim_totals(h.x).events, 6);
    assert_int_equal(sim_totals(h.x).steps, 5);
    assert_int_equal(sim_totals(h.x).busy_ns, 15 * NS_PER_S);
    expect(&h, "0:1 starts 12:1 says 2 14:1 says 4 15:1 says 5 15000ms:1 ends 1 0 gone 1 ");
}

static void wanted_steps_are_reported(void **state)
{
    struct heard h;
    open_sim(&h, 100, false);
    h.next_wanted = 3;
    start_one(&h, 1, 1, 9);
    assert_ok(sim_turn(h.x, NULL));
    assert_ok(sim_turn(h.x, NULL));
    h.next_wanted = 8;
    run_until(&h, INT64_MAX);
    expect(&h, "0:1 starts 3:1 says 3 4:1 says 4 8:1 says 8 9:1 says 9 9000ms:1 ends 1 0 gone 1 ");
}

static void one_time_keeps_the_order_of_planning(void **state)
{
    struct heard h;
    open_sim(&h, 1, false);
    for (int64_t i = 1; i <= 3; i++)
        start_one(&h, i, i, 1);
    run_until(&h, INT64_MAX);
    assert_int_equal(h.settled, 4);
    expect(&h, "0:1 starts 0:2 starts 0:3 starts 1:1 says 1 1:2 says 1 1:3 says 1 "
               "1000ms:1 ends 1 0 1000ms:2 ends 1 0 1000ms:3 ends 1 0 gone 1 gone 2 gone 3 ");
}

static void a_dropped_attempt_keeps_whole_steps(void **state)
{
    struct heard h;
    open_sim(&h, 100, false);
    h.course.drop = 2.5;
    start_one(&h, 1, 1, 4);
    run_until(&h, 10 * NS_PER_S);
    h.course.drop = (double)INFINITY;
    start_one(&h, 2, 1, 4); /* from step 2 */
    run_until(&h, INT64_MAX);
    assert_int_equal(sim_totals(h.x).drops, 1);
    assert_int_equal(sim_totals(h.x).steps, 4);
    assert_int_equal(sim_totals(h.x).again, 0);
    expect(&h,
           "0:1 starts 2500ms:1 ends 2 -1 gone 1 2:2 starts 4:2 says 4 4500ms:2 ends 1 0 gone 2 ");
}

static void from_scratch_nothing_is_kept(void **state)
{
    struct heard h;
    open_sim(&h, 100, true);
    start_one(&h, 1, 1, 2);
    run_until(&h, INT64_MAX);
    start_one(&h, 2, 1, 3);
    run_until(&h, INT64_MAX);
    assert_int_equal(sim_totals(h.x).steps, 5);
    assert_int_equal(sim_totals(h.x).again, 2);
    expect(&h, "0:1 starts 2:1 says 2 2000ms:1 ends 1 0 gone 1 "
               "2:2 starts 5:2 says 3 5000ms:2 ends 1 0 gone 2 ");
}

static void a_verdict_ends_it_at_once(void **state)
{
    static const struct {
        enum verdict verdict;
        const char *log;
    } cases[] = {
        {VERDICT_PAUSE, "0:1 starts 1500ms:1 ends 10 -1 gone 1 "},
        {VERDICT_STOP, "0:1 starts 1500ms:1 ends 9 -1 gone 1 "},
        {VERDICT_KILL, "0:1 starts 1500ms:1 ends 11 -1 gone 1 "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct heard h;
        open_sim(&h, 100, false);
        start_one(&h, 1, 1, 4);
        run_until(&h, 0);
        h.clock.monotonic_ns = 3 * NS_PER_S / 2;
        h.x->ops->verdict(h.x, 1, cases[i].verdict);
        h.x->ops->verdict(h.x, 1, VERDICT_PAUSE); /* a weaker one changes nothing */
        run_until(&h, INT64_MAX);
        assert_int_equal(sim_totals(h.x).steps, 1);
        expect(&h, cases[i].log);
    }
}

static void an_answer_may_end_it_too(void **state)
{
    struct heard h;
    open_sim(&h, 1, false);
    h.next_wanted = 2;
    h.verdict = VERDICT_STOP;
    start_one(&h, 1, 1, 4);
    run_until(&h, INT64_MAX);
    expect(&h, "0:1 starts 1:1 says 1 2:1 says 2 2000ms:1 ends 9 -1 gone 1 ");
}

static void programs_end_as_they_do(void **state)
{
    struct heard h;
    open_sim(&h, 1, false);
    h.course.infeasible = true;
    h.course.start_up = 1;
    start_one(&h, 1, 1, 4);
    run_until(&h, 10 * NS_PER_S);
    h.course = (struct sim_course){.step = 1, .drop = (double)INFINITY, .ends = 1, .fails = 3};
    start_one(&h, 2, 2, 4);
    run_until(&h, 10 * NS_PER_S);
    h.course.fails = 0;
    start_one(&h, 3, 3, 0); /* a search without steps: one, and it is over */
    run_until(&h, INT64_MAX);
    expect(&h,
           "0:1 starts 1000ms:1 ends 1 65 gone 1 1:2 starts 2:2 says 1 2000ms:2 ends 1 3 gone 2 "
           "2:3 starts 3:3 says 1 3000ms:3 ends 1 0 gone 3 ");
}

static void what_was_left_is_gone(void **state)
{
    struct heard h;
    struct error e = {0};
    const struct wire_spec spec = {.attempt = 5};
    open_sim(&h, 1, false);
    assert_ok(h.x->ops->adopt(h.x, &spec, 3, &e));
    assert_int_equal(h.x->ops->adopt(h.x, &spec, 3, &e), E_DUPLICATE);
    assert_int_equal(h.x->ops->start(h.x, &spec, &e), E_SPAWN);
    run_until(&h, INT64_MAX);
    expect(&h, "gone 5 ");
}

static void a_model_that_fails_is_heard_of(void **state)
{
    struct heard h;
    struct error e = {0};
    open_sim(&h, 1, false);
    h.fails = true;
    start_one(&h, 1, 1, 4);
    assert_int_equal(sim_turn(h.x, &e), E_INVALID);
    assert_string_equal(e.message, "no such attempt");
    h.x->ops->close(h.x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_goes_its_way),
        cmocka_unit_test(wanted_steps_are_reported),
        cmocka_unit_test(one_time_keeps_the_order_of_planning),
        cmocka_unit_test(a_dropped_attempt_keeps_whole_steps),
        cmocka_unit_test(from_scratch_nothing_is_kept),
        cmocka_unit_test(a_verdict_ends_it_at_once),
        cmocka_unit_test(an_answer_may_end_it_too),
        cmocka_unit_test(programs_end_as_they_do),
        cmocka_unit_test(what_was_left_is_gone),
        cmocka_unit_test(a_model_that_fails_is_heard_of),
    };
    return RUN_TESTS(tests);
}
