/* ASHA, promoting variant, and the ladder under it. */
#include "desk.h"

#include "base/rng.h"
#include "search/asha/ladder.h"

#include <math.h>

static const double missing = (double)NAN;

struct seen {
    double value;
    int64_t trial;
    int rung;
    bool gone; /* it went on, or left */
};

/* What a ladder does, said in the plainest way. */
struct plain {
    struct seen v[2000];
    size_t n;
};

static bool plain_better(const struct seen *a, const struct seen *b)
{
    if (isnan(a->value) != isnan(b->value))
        return isnan(b->value);
    if (!isnan(a->value) && a->value != b->value)
        return a->value < b->value;
    return a->trial < b->trial;
}

static struct seen *plain_next(struct plain *p, int rungs, size_t eta)
{
    for (int rung = rungs - 2; rung >= 0; rung--) {
        struct seen *found = NULL;
        size_t n = 0;
        for (size_t i = 0; i < p->n; i++)
            n += p->v[i].rung == rung;
        for (size_t i = 0; i < p->n; i++) {
            struct seen *x = &p->v[i];
            size_t ahead = 0;
            for (size_t k = 0; k < p->n; k++)
                ahead += p->v[k].rung == rung && plain_better(&p->v[k], x);
            if (x->rung == rung && !x->gone && !isnan(x->value) && ahead < n / eta &&
                (!found || plain_better(x, found)))
                found = x;
        }
        if (found)
            return found;
    }
    return NULL;
}

static double some_value(struct rng *r)
{
    if (rng_below(r, 10) == 0)
        return missing;
    return rng_below(r, 2) ? (double)rng_below(r, 5) : rng_normal(r);
}

static void a_ladder_does_as_the_paper_says(void **state)
{
    const int64_t steps[] = {1, 3, 9, 27};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rng r;
        struct ladder *x;
        static struct plain p;
        int64_t going[2000], on_way[2000], n_going = 0, trials = 0;
        print_message("# seed %d\n", (int)seed);
        rng_init(&r, seed, 1);
        p.n = 0;
        assert_ok(ladder_new(2 + (int64_t)seed % 3, steps, 4, &x, NULL));
        for (int event = 0; event < 300; event++) {
            int64_t trial, to;
            struct seen *next = plain_next(&p, 4, 2 + seed % 3);
            bool more = ladder_next(x, &trial, &to);
            assert_int_equal(more, next != NULL);
            if (more) {
                assert_int_equal(trial, next->trial);
                assert_int_equal(to, steps[next->rung + 1]);
            }
            switch (rng_below(&r, 4)) {
            case 0:
                assert_ok(ladder_start(x, ++trials));
                on_way[n_going] = 0;
                going[n_going++] = trials;
                break;
            case 1:
                if (!more)
                    break;
                next->gone = true;
                on_way[n_going] = next->rung + 1;
                going[n_going++] = trial;
                ladder_climb(x, trial, to);
                break;
            default: {
                if (n_going == 0)
                    break;
                size_t i = rng_below(&r, (uint64_t)n_going);
                trial = going[i];
                int rung = (int)on_way[i];
                going[i] = going[--n_going];
                on_way[i] = on_way[n_going];
                assert_int_equal(ladder_goal(x, trial), steps[rung]);
                if (rng_below(&r, 10) == 0) {
                    ladder_leave(x, trial, false);
                    break;
                }
                double value = some_value(&r);
                assert_ok(ladder_add(x, trial, steps[rung], value));
                bool leaves = rng_below(&r, 10) == 0;
                p.v[p.n++] = (struct seen){value, trial, rung, leaves};
                if (leaves)
                    ladder_leave(x, trial, false);
            }
            }
            assert_int_equal(ladder_climbing(x), n_going);
        }
        ladder_free(x);
    }
}

static struct proposal ask(struct bench *b)
{
    struct proposal p;
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_ask(b->s, &b->arena, &p, &entry, &e), OK, &e);
    return p;
}

/* Starts a trial that must be new, and pauses it at its rung. */
static void start_and_pause(struct bench *b, double value)
{
    struct proposal p = ask(b);
    assert_int_equal(p.kind, ASK_TRIAL);
    assert_int_equal(p.steps, 1);
    assert_int_equal(bench_report(b, p.trial, 1, value), DECISION_PAUSE);
}

static void expect_more(struct bench *b, int64_t trial, int64_t from, int64_t steps)
{
    struct proposal p = ask(b);
    assert_int_equal(p.kind, ASK_MORE);
    assert_int_equal(p.trial, trial);
    assert_int_equal(p.from, from);
    assert_int_equal(p.steps, steps);
}

static void the_best_third_is_promoted_first(void **state)
{
    struct bench b = make_bench("random + asha(variant=promote)", 9, 1, 9);
    start_and_pause(&b, 3);
    start_and_pause(&b, 1);
    start_and_pause(&b, 2);
    expect_more(&b, 2, 1, 3);
    assert_int_equal(searcher_next_wanted(b.s, 2, 0), 3);
    start_and_pause(&b, 9);
    start_and_pause(&b, 8);
    start_and_pause(&b, 7);
    expect_more(&b, 3, 1, 3);
    assert_int_equal(bench_report(&b, 2, 3, 0.5), DECISION_PAUSE);
    assert_int_equal(bench_report(&b, 3, 3, 0.4), DECISION_PAUSE);
    start_and_pause(&b, 10);
    start_and_pause(&b, 11);
    start_and_pause(&b, 12);
    expect_more(&b, 1, 1, 3);
    assert_int_equal(ask(&b).kind, ASK_WAIT); /* no more trials, and one on its way */
    assert_int_equal(bench_report(&b, 1, 3, 0.6), DECISION_PAUSE);
    expect_more(&b, 3, 3, 9);
    assert_int_equal(ask(&b).kind, ASK_WAIT);
    assert_int_equal(bench_report(&b, 3, 9, 0.1), DECISION_CONTINUE);
    bench_exit(&b, 3, OUTCOME_COMPLETED, 9, 0.1);
    assert_int_equal(ask(&b).kind, ASK_DONE);
    free_bench(&b);
}

static void one_is_trained_to_the_end_in_any_case(void **state)
{
    struct bench b = make_bench("random + asha(variant=promote)", 2, 1, 9);
    start_and_pause(&b, missing);
    start_and_pause(&b, 5);
    expect_more(&b, 2, 1, 3);
    assert_int_equal(ask(&b).kind, ASK_WAIT);
    assert_int_equal(bench_report(&b, 2, 3, 4), DECISION_PAUSE);
    expect_more(&b, 2, 3, 9);
    bench_exit(&b, 2, OUTCOME_FAILED, 3, missing);
    assert_int_equal(ask(&b).kind, ASK_DONE); /* what has no value goes nowhere */
    free_bench(&b);
}

static void a_paused_trial_takes_no_report(void **state)
{
    struct bench b = make_bench("random + asha(variant=promote)", 9, 1, 9);
    struct entry entry;
    struct error e;
    enum decision d;
    start_and_pause(&b, 1);
    int64_t before = searcher_last_seq(b.s);
    assert_int_equal(searcher_next_wanted(b.s, 1, 0), INT64_MAX);
    expect_code(searcher_report(b.s, &b.arena, 1, 2, 0, &d, &entry, &e), E_STATE, &e);
    assert_int_equal(searcher_last_seq(b.s), before);
    bench_exit(&b, 1, OUTCOME_CANCELLED, 1, 1);
    free_bench(&b);
}

static void a_report_past_rungs_enters_the_highest(void **state)
{
    struct bench b = make_bench("random + asha(variant=promote)", 9, 1, 9);
    struct proposal p = ask(&b);
    assert_int_equal(bench_report(&b, p.trial, 5, 1), DECISION_PAUSE);
    p = ask(&b);
    assert_int_equal(bench_report(&b, p.trial, 9, 1), DECISION_CONTINUE);
    free_bench(&b);
}

static void a_trial_that_failed_on_its_way_can_come_back(void **state)
{
    struct bench b = make_bench("random + asha(variant=promote)", 3, 1, 9);
    struct entry entry;
    for (int i = 0; i < 3; i++)
        start_and_pause(&b, i);
    expect_more(&b, 1, 1, 3);
    bench_exit(&b, 1, OUTCOME_FAILED, 1, missing);
    assert_ok(searcher_reopen(b.s, &b.arena, 1, &entry, NULL));
    assert_int_equal(ask(&b).kind, ASK_WAIT);
    assert_int_equal(searcher_next_wanted(b.s, 1, 0), 3);
    assert_int_equal(bench_report(&b, 1, 3, 0), DECISION_PAUSE);
    expect_more(&b, 1, 3, 9);
    free_bench(&b);
}

/* Two configurations where a batch would be five: the first rung is judged without the others. That
 * there are no others only trying to find one tells, when it is recomputed too. */
static void trials_go_on_when_no_configuration_is_left(void **state)
{
    static const struct row rows[] = {{"x", "flag()", NULL}, {NULL, NULL, NULL}};
    struct space *space = make_space(rows, NULL);
    struct searcher_settings settings = make_settings(space, "random + sha(n=5)", 100, 1, 27);
    struct desk d;
    desk_open(&d, space, &settings);
    for (int64_t trial = 1; trial <= 2; trial++) {
        struct proposal p = desk_ask(&d);
        assert_int_equal(p.kind, ASK_TRIAL);
        assert_int_equal(desk_report(&d, trial, p.steps, (double)trial), DECISION_PAUSE);
    }
    struct proposal p = desk_ask(&d);
    assert_int_equal(p.kind, ASK_MORE);
    assert_int_equal(p.trial, 1);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ladder_does_as_the_paper_says),
        cmocka_unit_test(the_best_third_is_promoted_first),
        cmocka_unit_test(one_is_trained_to_the_end_in_any_case),
        cmocka_unit_test(a_paused_trial_takes_no_report),
        cmocka_unit_test(a_report_past_rungs_enters_the_highest),
        cmocka_unit_test(a_trial_that_failed_on_its_way_can_come_back),
        cmocka_unit_test(trials_go_on_when_no_configuration_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
