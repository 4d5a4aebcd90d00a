/* The end of a budget, as the searcher hears of it. */
#include "desk.h"

#include <math.h>

static struct space *line_space(void)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    return make_space(rows, NULL);
}

static void open_desk(struct desk *d, const char *method, int64_t min, int64_t max)
{
    struct space *space = line_space();
    struct searcher_settings settings = make_settings(space, method, 1000, min, max);
    desk_open(d, space, &settings);
}

/* n trials wait at the first rung, the first of them best. */
static void start(struct desk *d, int64_t n)
{
    for (int64_t i = 1; i <= n; i++) {
        struct proposal p = desk_ask(d);
        assert_int_equal(p.kind, ASK_TRIAL);
        assert_int_equal(desk_report(d, p.trial, p.steps, (double)i), DECISION_PAUSE);
    }
}

static void goes_on(struct desk *d, int64_t trial, int64_t from, int64_t steps)
{
    struct proposal p = desk_ask(d);
    assert_int_equal(p.kind, ASK_MORE);
    assert_int_equal(p.trial, trial);
    assert_int_equal(p.from, from);
    assert_int_equal(p.steps, steps);
}

/* Rungs 1, 3, 9: from 8 on the best go up, one in three or not, the highest rung first. */
static void the_best_go_to_the_top(void **state)
{
    struct desk d;
    open_desk(&d, "random + asha(variant=promote)", 1, 9);
    start(&d, 3);
    goes_on(&d, 1, 1, 3);
    assert_int_equal(desk_report(&d, 1, 3, 1), DECISION_PAUSE);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL); /* one of one is no third */
    desk_left(&d, 8);
    goes_on(&d, 1, 3, 9);
    assert_int_equal(desk_report(&d, 1, 9, 1), DECISION_CONTINUE);
    goes_on(&d, 2, 1, 3);
    desk_left(&d, 7);
    struct proposal p = desk_ask(&d); /* the third can't get to the top any more */
    assert_int_equal(p.kind, ASK_TRIAL);
    assert_int_equal(desk_report(&d, 2, 3, 2), DECISION_PAUSE);
    goes_on(&d, 2, 3, 9);
    desk_close(&d);
}

/* Not even to the first rung: then whoever waits may still get to the next. */
static void then_whatever_leads_to_a_rung(void **state)
{
    struct desk d;
    open_desk(&d, "random + asha(variant=promote, eta=2)", 4, 16); /* rungs 4, 8, 16 */
    start(&d, 2);
    goes_on(&d, 1, 4, 8);
    desk_left(&d, 4);
    struct proposal p = desk_ask(&d);
    assert_int_equal(p.kind, ASK_TRIAL);
    assert_int_equal(p.steps, 4);
    desk_left(&d, 3);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT); /* some are on their way */
    assert_int_equal(desk_report(&d, 1, 8, 1), DECISION_PAUSE);
    desk_exit(&d, p.trial, OUTCOME_STOPPED, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_left(&d, 16); /* somebody gave it more */
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    desk_close(&d);
}

static void without_pauses_nothing_starts_below_a_rung(void **state)
{
    static const struct {
        const char *method;
        int64_t least;
    } v[] = {{"random + asha", 3}, {"random + full", 2}, {"random + median", 2}};
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        struct desk d;
        open_desk(&d, v[i].method, 2, 27); /* rungs 3, 9, 27 */
        desk_left(&d, v[i].least);
        assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
        desk_left(&d, v[i].least - 1);
        assert_int_equal(desk_ask(&d).kind, ASK_DONE);
        desk_close(&d);
    }
}

static void several_brackets_close_too(void **state)
{
    struct desk d;
    open_desk(&d, "random + adaptive(variant=promote, eta=3)", 1, 27);
    for (int i = 0; i < 20; i++) {
        struct proposal p = desk_ask(&d);
        if (p.kind == ASK_TRIAL || p.kind == ASK_MORE)
            (void)desk_report(&d, p.trial, p.steps, (double)p.trial);
    }
    desk_left(&d, 26);
    struct proposal p = desk_ask(&d);
    assert_int_equal(p.kind, ASK_MORE);
    desk_left(&d, 0);
    assert_true(desk_ask(&d).kind == ASK_WAIT || desk_ask(&d).kind == ASK_DONE);
    desk_close(&d);
}

/* A bracket of nine at rungs 1, 3, 9 is over, and another has begun: the best that was left behind
 * at 3 goes to the top, then what still gets to a rung. */
static void halving_trains_the_best_of_any_bracket(void **state)
{
    struct desk d;
    open_desk(&d, "random + sha", 1, 9);
    start(&d, 9);
    for (int64_t i = 1; i <= 3; i++) {
        goes_on(&d, i, 1, 3);
        assert_int_equal(desk_report(&d, i, 3, (double)(4 - i)), DECISION_PAUSE);
    }
    goes_on(&d, 3, 3, 9);
    assert_int_equal(desk_report(&d, 3, 9, 1), DECISION_CONTINUE);
    desk_exit(&d, 3, OUTCOME_COMPLETED, 1);
    for (int64_t i = 10; i <= 11; i++) { /* the next bracket, better than what waits at 1 */
        assert_int_equal(desk_ask(&d).trial, i);
        assert_int_equal(desk_report(&d, i, 1, 3.5 - (double)i / 10), DECISION_PAUSE);
    }
    desk_left(&d, 6);
    goes_on(&d, 2, 3, 9);
    goes_on(&d, 1, 3, 9);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL); /* 8 steps from the first rung are too many */
    desk_left(&d, 8);
    goes_on(&d, 11, 1, 3);
    desk_left(&d, 0);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    desk_close(&d);
}

/* When no other may start either: what waits gets as far as it can. */
static void halving_ends_where_nothing_gets_anywhere(void **state)
{
    static const char *const methods[] = {"random + sha", "random + hyperband"};
    for (int i = 0; i < 2; i++) {
        struct desk d;
        open_desk(&d, methods[i], 4, 36); /* 4, 12, 36 */
        start(&d, 2);
        desk_left(&d, 8);
        assert_int_equal(desk_ask(&d).trial, 3);
        desk_left(&d, 3);
        assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
        assert_int_equal(desk_report(&d, 3, 4, 3), DECISION_PAUSE);
        assert_int_equal(desk_ask(&d).kind, ASK_DONE);
        assert_true(searcher_is_short(d.s));
        desk_left(&d, 36);
        assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
        desk_close(&d);
    }
}

/* Stations of 9 steps at growth 2: 1, 2, 4, 9. The most probable winner of those that still get to
 * the end goes straight there. */
static void freeze_thaw_finishes(void **state)
{
    struct desk d;
    open_desk(&d, "random + freeze_thaw(growth=2)", 1, 9);
    for (int64_t i = 1; i <= 4; i++) {
        assert_int_equal(desk_ask(&d).trial, i);
        assert_int_equal(desk_report(&d, i, 1, (double)(5 - i)), DECISION_PAUSE);
    }
    desk_left(&d, 8);
    goes_on(&d, 4, 1, 9);
    desk_left(&d, 7);
    struct proposal p = desk_ask(&d); /* no other gets to the end */
    assert_int_equal(p.kind, ASK_TRIAL);
    assert_int_equal(p.steps, 1);
    desk_left(&d, 0);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    assert_int_equal(desk_report(&d, 4, 9, 1), DECISION_CONTINUE);
    desk_exit(&d, 4, OUTCOME_COMPLETED, 1);
    desk_exit(&d, p.trial, OUTCOME_STOPPED, 5);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    assert_int_equal(searcher_round_left(d.s, 8), 8);
    assert_int_equal(searcher_round_left(d.s, 6), 5); /* from 4 to the end */
    desk_close(&d);
}

static void one_shot_trials(void **state)
{
    struct desk d;
    open_desk(&d, "random", 0, 0);
    assert_int_equal(searcher_left(d.s), 1);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    desk_left(&d, 0);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
}

/* Whether it is the budget's end that keeps it from going on. */
static void what_it_ends_for(void **state)
{
    struct space *space = line_space();
    struct searcher_settings settings = make_settings(space, "random + asha", 2, 1, 9);
    struct desk d;
    desk_open(&d, space, &settings);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL);
    assert_false(searcher_is_short(d.s));
    desk_left(&d, 0);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    assert_true(searcher_is_short(d.s));
    desk_left(&d, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_TRIAL); /* the last of two */
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    assert_false(searcher_is_short(d.s));
    desk_close(&d);
}

static void only_what_makes_a_difference_is_said(void **state)
{
    static const int64_t v[][2] = {{100, 27}, {27, 27}, {26, 26}, {25, 24}, {24, 24}, {23, 18},
                                   {17, 9},   {8, 6},   {5, 3},   {2, 2},   {1, 1},   {0, 0}};
    struct desk d;
    open_desk(&d, "random + asha(variant=promote)", 1, 27);
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
        assert_int_equal(searcher_round_left(d.s, v[i][0]), v[i][1]);
    desk_close(&d);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct desk d;
    struct entry entry;
    struct error e;
    open_desk(&d, "random + asha(variant=promote)", 1, 9);
    expect_code(searcher_close(d.s, &d.arena, -1, &entry, &e), E_INVALID, &e);
    desk_left(&d, 8);
    expect_code(desk_tamper(&d, 1, "8", "-8", false, &e), E_CORRUPT, &e);
    expect_code(desk_tamper(&d, 1, "\"left\":8", "\"x\":8", false, &e), E_CORRUPT, &e);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_go_to_the_top),
        cmocka_unit_test(then_whatever_leads_to_a_rung),
        cmocka_unit_test(without_pauses_nothing_starts_below_a_rung),
        cmocka_unit_test(several_brackets_close_too),
        cmocka_unit_test(halving_trains_the_best_of_any_bracket),
        cmocka_unit_test(halving_ends_where_nothing_gets_anywhere),
        cmocka_unit_test(freeze_thaw_finishes),
        cmocka_unit_test(one_shot_trials),
        cmocka_unit_test(what_it_ends_for),
        cmocka_unit_test(only_what_makes_a_difference_is_said),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
