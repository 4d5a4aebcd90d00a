#include "conformance.h"

#include <signal.h>
#include <stdio.h>

/* cmocka has no argument for tests but the state: the kind travels in it. */
struct bench {
    struct book book; /* first: the state of a test is a book */
    const struct executor_kind *kind;
};

static void open_executor(struct bench *b)
{
    struct executor_listener l = book_listener(&b->book);
    assert_ok(b->kind->open(b->book.loop, &l, &b->book.x, NULL));
}

static int set_up(void **state)
{
    const struct executor_kind *kind = *state;
    struct bench *b = calloc(1, sizeof(*b));
    book_open(&b->book);
    b->kind = kind;
    open_executor(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    book_close(&b->book);
    free(b);
    return 0;
}

static struct wire_spec start(struct bench *b, int64_t attempt, enum program p)
{
    struct wire_spec s = book_spec(&b->book, attempt, b->kind->argv[p]);
    book_start(&b->book, &s);
    return s;
}

static void runs_to_its_end(void **state)
{
    struct bench *b = *state;
    struct wire_spec s = start(b, 1, PROGRAM_SHORT);
    book_run(&b->book, book_all_gone);
    const struct page *p = &b->book.pages[0];
    assert_int_equal(p->started, 1);
    assert_true(p->reports >= 3);
    assert_int_equal(p->exited, 1);
    assert_int_equal(p->end.reason, WIRE_EXIT);
    assert_int_equal(p->end.exit_code, 0);
    assert_int_equal(p->gone, 1);
    assert_int_equal(processes_of(s.token), 0);
    b->book.x->ops->forget(b->book.x, 1);
}

static void tells_how_it_ended(void **state)
{
    struct bench *b = *state;
    start(b, 1, PROGRAM_FAILS);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].end.reason, WIRE_EXIT);
    assert_int_equal(b->book.pages[0].end.exit_code, 3);
}

static void runs_many_at_once(void **state)
{
    struct bench *b = *state;
    for (int64_t i = 1; i <= 8; i++)
        start(b, i, i % 2 ? PROGRAM_SHORT : PROGRAM_FAILS);
    book_run(&b->book, book_all_gone);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(b->book.pages[i].end.exit_code, i % 2 ? 3 : 0);
    assert_true(b->book.settled > 0);
}

static void ends_what_is_told_to_end(struct bench *b, enum verdict v)
{
    struct wire_spec s = start(b, 1, PROGRAM_FOREVER);
    book_run(&b->book, book_all_reported);
    b->book.x->ops->verdict(b->book.x, 1, v);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].exited, 1);
    assert_int_not_equal(b->book.pages[0].end.reason, WIRE_EXIT);
    assert_int_equal(processes_of(s.token), 0);
}

static void kill_ends_it(void **state)
{
    ends_what_is_told_to_end(*state, VERDICT_KILL);
}

static void cancel_ends_it(void **state)
{
    ends_what_is_told_to_end(*state, VERDICT_CANCEL);
}

static void verdict_before_it_started_counts(void **state)
{
    struct bench *b = *state;
    start(b, 1, PROGRAM_FOREVER);
    b->book.x->ops->verdict(b->book.x, 1, VERDICT_KILL);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].gone, 1);
}

static void answer_reaches_the_program(void **state)
{
    struct bench *b = *state;
    b->book.answers = true;
    b->book.answer = VERDICT_STOP;
    start(b, 1, PROGRAM_ASKS);
    book_run(&b->book, book_all_gone);
    assert_int_not_equal(b->book.pages[0].end.exit_code, 4);
    b->book.answer = VERDICT_CONTINUE;
    start(b, 2, PROGRAM_ASKS);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[1].end.exit_code, 4);
}

static void leaves_no_kin(void **state)
{
    struct bench *b = *state;
    struct wire_spec s = start(b, 1, PROGRAM_KIN);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].exited, 1);
    assert_int_equal(processes_of(s.token), 0);
}

static void strangers_are_ignored(void **state)
{
    struct bench *b = *state;
    const struct executor_ops *ops = b->book.x->ops;
    ops->ack(b->book.x, 99, 3);
    ops->answer(b->book.x, 99, 3, VERDICT_STOP, 1);
    ops->hold(b->book.x, 99, 3);
    ops->verdict(b->book.x, 99, VERDICT_KILL);
    ops->forget(b->book.x, 99);
    start(b, 1, PROGRAM_SHORT);
    ops->forget(b->book.x, 1); /* too early: it is not gone */
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].exited, 1);
}

static void one_attempt_runs_once(void **state)
{
    struct bench *b = *state;
    struct error e = {0};
    struct wire_spec s = start(b, 1, PROGRAM_SHORT);
    assert_int_equal(b->book.x->ops->start(b->book.x, &s, &e), E_DUPLICATE);
    assert_int_equal(b->book.x->ops->adopt(b->book.x, &s, 0, &e), E_DUPLICATE);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].started, 1);
}

/* A controller that ends and one that comes after it: nothing is lost and nothing comes twice. */
static void is_adopted_while_it_runs(void **state)
{
    struct bench *b = *state;
    struct wire_spec s = start(b, 1, PROGRAM_FOREVER);
    book_run(&b->book, book_all_reported);
    int64_t durable = b->book.pages[0].last_seq;
    book_let_go(&b->book);
    assert_true(processes_of(s.token) > 0);
    open_executor(b);
    book_adopt(&b->book, &s, durable);
    b->book.x->ops->verdict(b->book.x, 1, VERDICT_KILL); /* at once: before it is reached */
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].started, 0); /* it was told before */
    assert_int_equal(b->book.pages[0].exited, 1);
    assert_int_equal(processes_of(s.token), 0);
}

static bool is_free(const void *spec)
{
    return !spool_held(spec);
}

/* It ended while nobody was there; nothing had been acknowledged. */
static void is_adopted_after_its_end(void **state)
{
    struct bench *b = *state;
    b->book.never_ack = true;
    struct wire_spec s = start(b, 1, PROGRAM_SHORT);
    book_run(&b->book, book_all_reported);
    book_let_go(&b->book);
    wait_until(is_free, &s);
    open_executor(b);
    book_adopt(&b->book, &s, 0);
    book_run(&b->book, book_all_gone);
    const struct page *p = &b->book.pages[0];
    assert_int_equal(p->started, 1);
    assert_true(p->reports >= 3);
    assert_int_equal(p->exited, 1);

    /* And once more, by a controller that has all of it but did not forget it. */
    int64_t last = p->last_seq;
    book_let_go(&b->book);
    open_executor(b);
    book_adopt(&b->book, &s, last);
    book_run(&b->book, book_all_gone);
    assert_int_equal(p->last_seq, last);
    b->book.x->ops->forget(b->book.x, 1);
}

/* Stored as starting, but the controller died before it could start it. */
static void adopting_what_never_ran(void **state)
{
    struct bench *b = *state;
    struct wire_spec s = book_spec(&b->book, 1, b->kind->argv[PROGRAM_SHORT]);
    book_adopt(&b->book, &s, 0);
    book_run(&b->book, book_all_gone);
    assert_int_equal(b->book.pages[0].last_seq, 0);
    assert_int_equal(b->book.pages[0].n_notes, 0);
    b->book.x->ops->forget(b->book.x, 1);
}

#define UNIT(f)                        \
    {                                  \
#f, f, set_up, tear_down, NULL \
    }

int conformance_run(const char *name, const struct executor_kind *kind)
{
    struct CMUnitTest tests[] = {
        UNIT(runs_to_its_end),
        UNIT(tells_how_it_ended),
        UNIT(runs_many_at_once),
        UNIT(kill_ends_it),
        UNIT(cancel_ends_it),
        UNIT(verdict_before_it_started_counts),
        UNIT(answer_reaches_the_program),
        UNIT(leaves_no_kin),
        UNIT(strangers_are_ignored),
        UNIT(one_attempt_runs_once),
        UNIT(is_adopted_while_it_runs),
        UNIT(is_adopted_after_its_end),
        UNIT(adopting_what_never_ran),
    };
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tests[i].initial_state = (void *)(uintptr_t)kind;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
