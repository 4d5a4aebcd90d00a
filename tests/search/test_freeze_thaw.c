/* Freeze-thaw: which trial goes on, and that the journal says all that it takes to choose again. */
#include "desk.h"

#include <math.h>

static const double missing = (double)NAN;
static const struct row line[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

static void open_desk(struct desk *d, const char *method, int64_t trials, int64_t max_steps)
{
    struct space *s = make_space(line, NULL);
    struct searcher_settings settings = make_settings(s, method, trials, 1, max_steps);
    desk_open(d, s, &settings);
}

/* All begin alike; where they end depends on x, and the farther the steps the more it shows. */
static double curve(const struct config *c, int64_t step)
{
    double x = c->values[0].r;
    return 4 * (x - 0.3) * (x - 0.3) + 1 / (double)step;
}

struct course {
    int64_t steps[DESK_ENTRIES_MAX]; /* by trial - 1 */
    double x[DESK_ENTRIES_MAX];
    int64_t n, more;
    enum ask_kind last;
};

/* One slot, until the search ends or its entries are enough. */
static struct course run(struct desk *d)
{
    struct course r = {.n = 0};
    int64_t most = d->settings.effort.max_steps;
    while (d->n + 4 < DESK_ENTRIES_MAX) {
        struct proposal p = desk_ask(d);
        r.last = p.kind;
        if (p.kind == ASK_DONE || p.kind == ASK_WAIT)
            break;
        assert_true(p.kind == ASK_TRIAL ? p.trial == r.n + 1 : p.from == r.steps[p.trial - 1]);
        r.more += p.kind == ASK_MORE;
        r.n = p.trial > r.n ? p.trial : r.n;
        r.x[p.trial - 1] = p.config.values[0].r;
        r.steps[p.trial - 1] = p.steps;
        enum decision now = desk_report(d, p.trial, p.steps, curve(&p.config, p.steps));
        assert_int_equal(now, p.steps < most ? DECISION_PAUSE : DECISION_CONTINUE);
        if (p.steps == most)
            desk_exit_result(d, p.trial, OUTCOME_COMPLETED,
                             &(struct result){.values = {curve(&p.config, most)}});
    }
    return r;
}

static void the_promising_go_on(void **state)
{
    struct desk d;
    open_desk(&d, "freeze_thaw", 0, 32);
    struct course r = run(&d);
    int64_t bad = 0, good = 0;
    double best = 1;
    for (int64_t i = 0; i < r.n; i++) {
        good += fabs(r.x[i] - 0.3) < 0.1 && r.steps[i] == 32;
        bad += fabs(r.x[i] - 0.3) > 0.3 && r.steps[i] > 8;
        best = fmin(best, fabs(r.x[i] - 0.3));
    }
    assert_true(r.more >= 5 && r.n > 10);
    assert_true(good >= 1 && bad == 0 && best < 0.02);
    desk_close(&d);
}

/* Stations count down from the most steps: 20, 10, 5; not 2, which is but a tenth. */
static void trials_pause_at_stations(void **state)
{
    struct desk d;
    open_desk(&d, "random + freeze_thaw(growth=2)", 1, 20);
    static const int64_t stations[] = {5, 10, 20};
    for (int i = 0; i < 3; i++) {
        struct proposal p = desk_ask(&d);
        assert_int_equal(p.kind, i ? ASK_MORE : ASK_TRIAL);
        assert_int_equal(p.steps, stations[i]);
        assert_true(searcher_next_wanted(d.s, 1, 0) <= stations[i]);
        assert_int_equal(desk_ask(&d).kind, ASK_WAIT); /* no other may start */
        assert_int_equal(desk_report(&d, 1, stations[i], 1),
                         i < 2 ? DECISION_PAUSE : DECISION_CONTINUE);
    }
    desk_exit(&d, 1, OUTCOME_COMPLETED, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
}

static void it_ends_when_nothing_is_likely_to_win(void **state)
{
    struct desk d;
    open_desk(&d, "freeze_thaw", 12, 16);
    struct course r = run(&d);
    int64_t finished = 0;
    double best = 1; /* of those trained to the end */
    for (int64_t i = 0; i < r.n; i++) {
        finished += r.steps[i] == 16;
        best = r.steps[i] == 16 ? fmin(best, fabs(r.x[i] - 0.3)) : best;
    }
    assert_int_equal(r.last, ASK_DONE);
    assert_int_equal(r.n, 12);
    assert_true(finished >= 1 && finished < 12);
    assert_true(best < 0.01);
    desk_close(&d);
}

static void report_excess(struct desk *d, int64_t trial, int64_t step, double value, double excess)
{
    enum decision decision;
    assert_ok(searcher_report_excess(d->s, &d->arena, trial, step, value, &excess, &decision,
                                     &d->v[d->n++], NULL));
    assert_int_equal(decision, DECISION_PAUSE);
}

/* Of four, with a requirement that the best misses: the best of those that meet it goes on, and to
 * the end; unless none does, when it may be that training alone gets there. */
static void what_misses_a_requirement_does_not_go_on(void **state)
{
    for (int met = 0; met < 2; met++) {
        struct space *s = make_space(line, NULL);
        struct searcher_settings settings =
            make_settings(s, "random + freeze_thaw(growth=9)", 4, 1, 9);
        struct desk d;
        settings.n_requirements = 1;
        desk_open(&d, s, &settings);
        for (int i = 1; i <= 4; i++) {
            assert_int_equal(desk_ask(&d).trial, i);
            report_excess(&d, i, 1, i, i == 1 || !met ? 0.5 : i == 4 ? missing : -0.1);
        }
        struct proposal p = desk_ask(&d);
        assert_int_equal(p.kind, ASK_MORE);
        assert_int_equal(p.trial, met ? 2 : 1);
        assert_int_equal(p.steps, 9);
        struct error e;
        if (met)
            expect_code(desk_tamper(&d, 2, "[0.5]", "[-1.0]", false, &e), OK, &e);
        expect_code(desk_tamper(&d, 2, "[0.5]", "[1, 2]", false, &e), E_CORRUPT, &e);
        desk_close(&d);
    }
}

static void what_has_no_value_does_not_go_on(void **state)
{
    struct desk d;
    open_desk(&d, "random + freeze_thaw", 3, 9);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(desk_ask(&d).trial, i);
        assert_int_equal(desk_report(&d, i, 1, i == 2 ? 1 : missing), DECISION_PAUSE);
    }
    struct proposal p = desk_ask(&d);
    assert_true(p.kind == ASK_MORE && p.trial == 2);
    assert_int_equal(desk_report(&d, 2, p.steps, missing), DECISION_PAUSE);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
}

/* Two slots never get the same trial, and one that a person stopped is not chosen, even where the
 * choice had been made ahead. */
static void a_choice_ahead_is_dropped_when_its_trial_ends(void **state)
{
    struct desk d;
    struct preparation *p = NULL;
    open_desk(&d, "random + freeze_thaw", 2, 9);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(desk_ask(&d).trial, i);
        assert_int_equal(desk_report(&d, i, 1, i), DECISION_PAUSE);
    }
    assert_true(searcher_needs_suggestion(d.s));
    assert_ok(searcher_prepare(d.s, INT64_MAX, &p, NULL));
    assert_non_null(p);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT); /* while it is out */
    preparation_run(p);
    desk_exit(&d, 1, OUTCOME_STOPPED, 1);
    searcher_prepared(d.s, p);
    struct proposal next = desk_ask(&d);
    assert_true(next.kind == ASK_MORE && next.trial == 2);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT); /* trial 2 is on its way */
    desk_close(&d);
}

static void reopened_trials_train_on(void **state)
{
    struct desk d;
    open_desk(&d, "random + freeze_thaw", 1, 9);
    assert_int_equal(desk_ask(&d).trial, 1);
    assert_int_equal(desk_report(&d, 1, 1, 1), DECISION_PAUSE);
    desk_exit(&d, 1, OUTCOME_STOPPED, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_reopen(&d, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    assert_int_equal(desk_report(&d, 1, 3, 1), DECISION_CONTINUE);
    desk_exit(&d, 1, OUTCOME_COMPLETED, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
}

/* The entry of the first trial that went on. */
static size_t first_more(const struct desk *d)
{
    size_t i = 0;
    while (i < d->n && !strstr(d->v[i].data.p, "\"more\""))
        i++;
    assert_true(i < d->n);
    return i;
}

static void another_choice_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        bool recompute;
    } table[] = {
        {"\"fresh\":true", "\"fresh\":1", false}, {"\"fresh\":true,", "", false},
        {"\"seen\":", "\"seen\":9", false},       {"\"seen\":", "\"seen\":-", false},
        {"\"index\":[", "\"index\":[1", false},   {"\"weighed\":[", "\"weighed\":[1,", true},
        {"\"steps\":", "\"steps\":1", true},
    };
    struct desk d;
    open_desk(&d, "random + freeze_thaw", 0, 16);
    (void)run(&d);
    size_t at = first_more(&d);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct error e = {.code = OK};
        expect_code(desk_tamper(&d, at, table[i].from, table[i].to, table[i].recompute, &e),
                    E_CORRUPT, &e);
    }
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_promising_go_on),
        cmocka_unit_test(trials_pause_at_stations),
        cmocka_unit_test(it_ends_when_nothing_is_likely_to_win),
        cmocka_unit_test(what_misses_a_requirement_does_not_go_on),
        cmocka_unit_test(what_has_no_value_does_not_go_on),
        cmocka_unit_test(a_choice_ahead_is_dropped_when_its_trial_ends),
        cmocka_unit_test(reopened_trials_train_on),
        cmocka_unit_test(another_choice_is_refused),
    };
    return RUN_TESTS(tests);
}
