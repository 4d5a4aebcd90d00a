/* Populations: who goes on, who is replaced, with which values; and replayed schedules. */
#include "desk.h"

#include "search/pbt/vary.h"

#include <math.h>

static const double missing = (double)NAN;

static const struct row one_number[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

static void open(struct desk *d, const char *method, int64_t trials, int64_t min, int64_t max)
{
    struct space *s = make_space(one_number, NULL);
    struct searcher_settings settings = make_settings(s, method, trials, min, max);
    desk_open(d, s, &settings);
}

/* Starts trials 1 .. n, which end their first interval with these values. */
static void first_interval(struct desk *d, int n, int64_t step, const double *values)
{
    for (int i = 1; i <= n; i++) {
        struct proposal p = desk_ask(d);
        assert_int_equal(p.kind, ASK_TRIAL);
        assert_int_equal(p.trial, i);
        assert_int_equal(p.parent, 0);
        assert_int_equal(p.steps, step);
    }
    for (int i = 1; i <= n; i++)
        assert_int_equal(desk_report(d, i, step, values[i - 1]), DECISION_PAUSE);
}

static void expect_copy(struct desk *d, int64_t parent, int64_t over, int64_t from, int64_t steps)
{
    struct proposal p = desk_ask(d);
    assert_int_equal(p.kind, ASK_TRIAL);
    assert_int_equal(p.parent, parent);
    assert_int_equal(p.over, over);
    assert_int_equal(p.from, from);
    assert_int_equal(p.steps, steps);
    int64_t told;
    assert_int_equal(searcher_parent(d->s, p.trial, &told), parent);
    assert_int_equal(told, from);
}

static void expect_more(struct desk *d, int64_t trial, int64_t steps, bool keep)
{
    struct proposal p = desk_ask(d);
    assert_int_equal(p.kind, ASK_MORE);
    assert_int_equal(p.trial, trial);
    assert_int_equal(p.steps, steps);
    assert_int_equal(p.keep, keep);
}

static void the_last_becomes_a_copy_of_the_first(void **state)
{
    struct desk d;
    const double values[] = {3, 1, 5, 2, 4};
    open(&d, "random + pbt(population=5)", 0, 3, 9);
    first_interval(&d, 5, 3, values);
    expect_copy(&d, 2, 3, 3, 6); /* replacing comes first, so that no checkpoint need be kept */
    desk_exit(&d, 3, OUTCOME_STOPPED, 5);
    for (int trial = 1; trial <= 5; trial++)
        if (trial != 3)
            expect_more(&d, trial, 6, false);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    desk_close(&d);
}

static void at_the_last_mark_all_are_trained(void **state)
{
    struct desk d;
    const double values[] = {1, 2};
    open(&d, "random + pbt(population=2, interval=4)", 0, 1, 6);
    first_interval(&d, 2, 4, values);
    expect_copy(&d, 1, 2, 4, 6);
    desk_exit(&d, 2, OUTCOME_STOPPED, 2);
    expect_more(&d, 1, 6, false);
    assert_int_equal(desk_report(&d, 3, 6, 0.5), DECISION_CONTINUE);
    assert_int_equal(desk_report(&d, 1, 6, 0.7), DECISION_CONTINUE);
    desk_exit(&d, 3, OUTCOME_COMPLETED, 0.5);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    desk_exit(&d, 1, OUTCOME_COMPLETED, 0.7);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
}

/* Ten members, two of which give way: whoever has two behind it goes on, whatever comes; and before
 * a slot stands idle the others are judged by who is there. */
static void nobody_waits_while_a_slot_is_free(void **state)
{
    struct desk d;
    open(&d, "random + pbt(population=10, quantile=0.2)", 0, 3, 9);
    for (int i = 1; i <= 10; i++)
        assert_int_equal(desk_ask(&d).trial, i);
    assert_int_equal(desk_report(&d, 1, 3, 7), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 2, 3, 8), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 3, 3, 1), DECISION_PAUSE);
    expect_more(&d, 3, 6, true); /* two are worse; it may be among the best two */
    expect_more(&d, 1, 6, true); /* of two so far none is the last fifth */
    assert_int_equal(desk_report(&d, 4, 3, 2), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 5, 3, 9), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 6, 3, 3), DECISION_PAUSE);
    expect_more(&d, 6, 6, false); /* two are better: it can't be */
    expect_more(&d, 4, 6, true);
    expect_more(&d, 2, 6, false);
    expect_copy(&d, 3, 5, 3, 6); /* the last of six; trial 3 has gone on since */
    desk_exit(&d, 5, OUTCOME_STOPPED, 9);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    desk_close(&d);
}

/* Early and bad, by how the others stood before: it waits for somebody to copy. */
static void who_loses_waits_for_a_better_one(void **state)
{
    struct desk d;
    const double values[] = {1, 2, 3, 4};
    open(&d, "random + pbt(population=4, quantile=0.25)", 0, 3, 9);
    first_interval(&d, 4, 3, values);
    expect_copy(&d, 1, 4, 3, 6);
    desk_exit(&d, 4, OUTCOME_STOPPED, 4);
    for (int trial = 1; trial <= 3; trial++)
        expect_more(&d, trial, 6, false);
    assert_int_equal(desk_report(&d, 3, 6, 3), DECISION_PAUSE);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    assert_int_equal(desk_report(&d, 2, 6, 1.5), DECISION_PAUSE);
    expect_more(&d, 2, 9, true);
    assert_true(searcher_may_copy(d.s, 2, 6) && searcher_kept(d.s, 2) == 6);
    expect_copy(&d, 2, 3, 6, 9);
    assert_true(searcher_is_replaced(d.s, 3) && !searcher_is_replaced(d.s, 2));
    desk_exit(&d, 3, OUTCOME_STOPPED, 3);
    assert_true(searcher_may_copy(d.s, 2, 6)); /* two have yet to come there */
    assert_int_equal(desk_report(&d, 1, 6, 1), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 5, 6, 0.5), DECISION_PAUSE);
    expect_more(&d, 1, 9, false);
    expect_more(&d, 5, 9, false);
    assert_false(searcher_may_copy(d.s, 2, 6));
    desk_close(&d);
}

static void one_that_failed_without_anybody_to_copy_is_given_up(void **state)
{
    struct desk d;
    open(&d, "random + pbt(population=2)", 0, 3, 9);
    assert_int_equal(desk_ask(&d).trial, 1);
    assert_int_equal(desk_ask(&d).trial, 2);
    assert_int_equal(desk_report(&d, 2, 3, missing), DECISION_PAUSE);
    desk_exit(&d, 1, OUTCOME_FAILED, missing);
    expect_more(&d, 2, 6, false);
    assert_int_equal(desk_report(&d, 2, 6, 1), DECISION_PAUSE);
    expect_more(&d, 2, 9, false);
    desk_exit(&d, 2, OUTCOME_COMPLETED, 1);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
}

static void one_that_failed_is_replaced(void **state)
{
    struct desk d;
    open(&d, "random + pbt(population=3)", 0, 3, 9);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(desk_ask(&d).trial, i);
    desk_exit(&d, 1, OUTCOME_FAILED, missing);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT); /* nobody is there to be copied */
    assert_int_equal(desk_report(&d, 2, 3, 2), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 3, 3, 1), DECISION_PAUSE);
    expect_copy(&d, 3, 1, 3, 6);
    expect_more(&d, 2, 6, false);
    expect_more(&d, 3, 6, false);
    desk_reopen(&d, 1); /* which has no place any more */
    desk_exit(&d, 1, OUTCOME_COMPLETED, 1);
    desk_close(&d);
}

static void one_that_failed_and_is_reopened_trains_on(void **state)
{
    struct desk d;
    open(&d, "random + pbt(population=2)", 0, 3, 9);
    assert_int_equal(desk_ask(&d).trial, 1);
    assert_int_equal(desk_ask(&d).trial, 2);
    desk_exit(&d, 1, OUTCOME_FAILED, missing);
    desk_reopen(&d, 1);
    assert_int_equal(searcher_next_wanted(d.s, 1, 0), 3);
    assert_int_equal(desk_report(&d, 2, 3, 2), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 1, 3, 1), DECISION_PAUSE);
    expect_copy(&d, 1, 2, 3, 6);
    desk_close(&d);
}

static void without_a_value_all_go_on(void **state)
{
    struct desk d;
    const double values[] = {missing, missing, missing};
    open(&d, "random + pbt(population=3)", 0, 3, 9);
    first_interval(&d, 3, 3, values);
    for (int trial = 1; trial <= 3; trial++)
        expect_more(&d, trial, 6, false);
    desk_close(&d);
}

/* One whose trial was cancelled is nobody's, and nobody waits for it. */
static void one_that_a_person_ends_leaves(void **state)
{
    struct desk d;
    open(&d, "random + pbt(population=3)", 0, 3, 9);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(desk_ask(&d).trial, i);
    assert_int_equal(desk_report(&d, 2, 3, 2), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 3, 3, 1), DECISION_PAUSE);
    desk_exit(&d, 1, OUTCOME_CANCELLED, missing);
    expect_copy(&d, 3, 2, 3, 6);
    expect_more(&d, 3, 6, false);
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    desk_close(&d);
}

static void reports_that_jump_are_taken_where_they_are(void **state)
{
    struct desk d;
    open(&d, "random + pbt(population=2)", 0, 3, 12);
    assert_int_equal(desk_ask(&d).trial, 1);
    assert_int_equal(desk_ask(&d).trial, 2);
    assert_int_equal(desk_report(&d, 1, 5, 2), DECISION_PAUSE);
    assert_int_equal(desk_report(&d, 2, 5, 1), DECISION_PAUSE);
    expect_copy(&d, 2, 1, 5, 6);
    desk_close(&d);
}

static void the_same_values_by_another_way_are_no_replicates(void **state)
{
    struct desk d;
    const double values[] = {3, 1, 5, 2, 4};
    open(&d, "random + pbt(population=5, resample=0)", 0, 3, 9);
    first_interval(&d, 5, 3, values);
    struct proposal copy = desk_ask(&d);
    assert_true(copy.hash != config_hash(&copy.config));
    struct proposal on = desk_ask(&d);
    assert_true(on.hash == config_hash(&on.config));
    desk_close(&d);
}

/* A journal that was changed is refused. */
static void tampering_is_noticed(void **state)
{
    struct desk d;
    const double values[] = {3, 1, 5, 2, 4};
    struct error e;
    open(&d, "random + pbt(population=5)", 0, 3, 9);
    first_interval(&d, 5, 3, values);
    expect_copy(&d, 2, 3, 3, 6);
    size_t copy = d.n - 1;
    desk_exit(&d, 3, OUTCOME_STOPPED, 5);
    expect_more(&d, 1, 6, false);
    size_t more = d.n - 1;
    static const struct {
        const char *from, *to;
    } refused[] = {
        {"\"parent\":2", "\"parent\":9"}, {"\"from\":3", "\"from\":4"},
        {"\"over\":3", "\"over\":9"},     {"\"steps\":6", "\"steps\":3"},
        {"\"from\":3", "\"from\":0"},     {"\"from\":3", "\"from\":2"},
        {"\"over\":3", "\"ever\":3"},     {"\"index\":[5,5]", "\"index\":[5,6]"},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (desk_tamper(&d, copy, refused[i].from, refused[i].to, false, &e) != E_CORRUPT)
            fail_msg("%s was taken", refused[i].to);
    assert_int_equal(desk_tamper(&d, copy, "\"parent\":2", "\"parent\":1", false, &e), OK);
    assert_int_equal(desk_tamper(&d, copy, "\"parent\":2", "\"parent\":1", true, &e), E_CORRUPT);
    assert_int_equal(desk_tamper(&d, copy, "\"over\":3", "\"over\":5", true, &e), E_CORRUPT);
    assert_int_equal(desk_tamper(&d, copy, "\"x\":0.", "\"x\":0.0", true, &e), E_CORRUPT);
    assert_int_equal(desk_tamper(&d, more, "\"from\":3", "\"from\":3,\"keep\":true", true, &e),
                     E_CORRUPT);
    desk_close(&d);
}

static void a_copy_of_nothing_is_refused_by_other_methods(void **state)
{
    struct desk d;
    struct error e;
    open(&d, "random + asha(variant=promote)", 3, 1, 9);
    assert_int_equal(desk_ask(&d).trial, 1);
    assert_int_equal(desk_report(&d, 1, 1, 1), DECISION_PAUSE);
    assert_int_equal(desk_ask(&d).trial, 2);
    assert_int_equal(desk_tamper(&d, d.n - 1, "\"baseline\":false",
                                 "\"baseline\":false,\"parent\":1,\"from\":1,\"over\":1", false,
                                 &e),
                     E_CORRUPT);
    desk_close(&d);
}

static void wrong_efforts_are_refused(void **state)
{
    struct space *s = make_space(one_number, NULL);
    static const struct {
        const char *method;
        int64_t min, max;
    } wrong[] = {{"pbt(interval=9)", 3, 9},
                 {"pbt", 9, 9},
                 {"pbt(interval=1)", 1, 20000},
                 {"pb2(interval=10)", 3, 9}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct method m;
        struct arena a;
        struct error e = {.code = OK};
        struct effort effort = {
            .has_steps = true, .min_steps = wrong[i].min, .max_steps = wrong[i].max};
        arena_init(&a, 1 << 20);
        assert_ok(method_parse(&a, str_of(wrong[i].method), (struct location){0}, &m, &e));
        assert_int_not_equal(method_resolve(&m, s, &effort, &e), OK);
        assert_true(strlen(e.message) > 10 && strlen(e.hint) > 10);
        arena_free(&a);
    }
    struct searcher_settings settings = make_settings(s, "random + pbt", 0, 3, 9);
    struct searcher *x;
    settings.seeds = SEEDS_REPLICATES;
    settings.replicates = 3;
    assert_int_equal(searcher_new(&x, &settings, NULL), E_INVALID);
    space_free(s);
}

/* --- values --- */

struct moved {
    const char *name, *prior;
    double from, lo, hi; /* where it may come out, without being drawn anew */
};

static const struct moved moves[] = {
    {"log", "loguniform(1e-4, 1)", 0.1, 0.1 / 1.2, 0.12},
    {"bound", "loguniform(1e-4, 1)", 1, 1 / 1.2, 1},
    {"linear", "uniform(0, 10)", 5, 4, 6},
    {"small", "uniform(0, 10)", 0, 0, 0.2},
    {"normal", "normal(0, 2)", 0, -0.4, 0.4},
    {"whole", "int(1, 5)", 3, 2, 4},
    {"far", "int(1, 1000)", 500, 400, 600},
    {"logs", "logint(1, 100)", 10, 8, 12},
    {"stepped", "uniform(0, 1, step=0.25)", 0.5, 0.25, 0.75},
    {"ordinal", "ordinal(8, 16, 32)", 16, 8, 32},
};

enum { MOVES = sizeof(moves) / sizeof(moves[0]) };

static void values_move_as_they_should(void **state)
{
    struct row rows[MOVES + 1] = {{NULL, NULL, NULL}};
    for (size_t i = 0; i < MOVES; i++)
        rows[i] = (struct row){moves[i].name, moves[i].prior, NULL};
    struct space *s = make_space(rows, NULL);
    struct value given[MOVES];
    struct config from, to;
    struct arena a;
    arena_init(&a, 1 << 26);
    for (size_t i = 0; i < MOVES; i++) {
        bool whole = s->params[i].prior.kind == PRIOR_INT ||
                     s->params[i].prior.kind == PRIOR_LOGINT ||
                     s->params[i].prior.kind == PRIOR_ORDINAL;
        given[i] = whole ? value_int((int64_t)moves[i].from) : value_real(moves[i].from);
    }
    assert_ok(config_complete(s, &a, given, &from, NULL));
    struct vary vary = {.resample = 0, .factor = 1.2};
    bool up[MOVES] = {false}, down[MOVES] = {false};
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct rng r;
        rng_init(&r, seed, 0);
        assert_ok(vary_config(&vary, &from, &a, &r, &to, NULL));
        for (size_t i = 0; i < MOVES; i++) {
            const struct value *v = &to.values[i];
            double x = v->type == VALUE_INT ? (double)v->i : v->r;
            if (!(x >= moves[i].lo - 1e-9 && x <= moves[i].hi + 1e-9) || x == moves[i].from)
                fail_msg("%s went to %g", moves[i].name, x);
            up[i] = up[i] || x > moves[i].from;
            down[i] = down[i] || x < moves[i].from;
        }
    }
    for (size_t i = 0; i < MOVES; i++)
        if (!(up[i] || moves[i].from >= moves[i].hi) || !(down[i] || moves[i].from <= moves[i].lo))
            fail_msg("%s went one way only", moves[i].name);
    arena_free(&a);
    space_free(s);
}

static void what_a_condition_names_stays(void **state)
{
    static const struct row rows[] = {{"model", "choice(linear, mlp)", NULL},
                                      {"width", "int(1, 100)", "model == \"mlp\""},
                                      {"act", "choice(a, b, c)", NULL},
                                      {NULL, NULL, NULL}};
    struct space *s = make_space(rows, "width != 50");
    struct arena a;
    struct config from, to;
    struct rng r;
    bool acted = false;
    arena_init(&a, 1 << 26);
    assert_false(s->params[0].change);
    assert_true(s->params[1].change && s->params[2].change);
    const struct value given[] = {value_string(STR("mlp")), value_int(49), value_string(STR("a"))};
    assert_ok(config_complete(s, &a, given, &from, NULL));
    for (uint64_t seed = 0; seed < 100; seed++) {
        rng_init(&r, seed, 0);
        struct vary vary = {.resample = seed % 2 ? 1 : 0, .factor = 1.01};
        assert_ok(vary_config(&vary, &from, &a, &r, &to, NULL));
        assert_true(value_equal(&to.values[0], &from.values[0]));
        assert_true(config_allowed(&to, NULL));
        if (seed % 2 == 0)
            assert_true(value_equal(&to.values[2], &from.values[2]) && to.values[1].i == 48);
        acted = acted || !value_equal(&to.values[2], &from.values[2]);
    }
    assert_true(acted);
    arena_free(&a);
    space_free(s);
}

/* --- pb2 --- */

/* What improves is small x: copies come out there more often than not. */
static void pb2_learns_where_improvement_is(void **state)
{
    struct desk d;
    struct proposal p;
    int copies = 0, small = 0;
    double value[200], x[200];
    open(&d, "sobol + pb2(population=8, quantile=0.25)", 0, 1, 10);
    while ((p = desk_ask(&d)).kind != ASK_DONE && d.n < 180) {
        int64_t t = p.trial;
        if (p.kind == ASK_TRIAL && p.parent == 0) {
            x[t] = p.config.values[0].r;
            value[t] = 10;
        } else if (p.kind == ASK_TRIAL) {
            if (searcher_config(d.s, p.over))
                desk_exit(&d, p.over, OUTCOME_STOPPED, value[p.over]);
            x[t] = p.config.values[0].r;
            value[t] = value[p.parent];
            copies += p.from >= 2;
            small += p.from >= 2 && x[t] < 0.4;
        }
        value[t] -= 1 - fabs(x[t] - 0.2);
        if (p.steps < 10)
            assert_int_equal(desk_report(&d, t, p.steps, value[t]), DECISION_PAUSE);
        else
            desk_exit(&d, t, OUTCOME_COMPLETED, value[t]);
    }
    print_message("# %d of %d copies lie at x < 0.4\n", small, copies);
    assert_true(copies >= 12 && small * 3 >= copies * 2);
    desk_close(&d);
}

/* --- schedules --- */

static struct config at(const struct space *s, struct arena *a, double x)
{
    const struct value given[] = {value_real(x)};
    struct config c;
    assert_ok(config_complete(s, a, given, &c, NULL));
    return c;
}

static void a_schedule_is_replayed(void **state)
{
    struct desk d;
    struct arena a;
    struct space *s = make_space(one_number, NULL);
    arena_init(&a, 1 << 20);
    struct schedule_stage stages[] = {
        {3, at(s, &a, 0.1)}, {5, at(s, &a, 0.2)}, {9, at(s, &a, 0.3)}};
    struct searcher_settings settings = make_settings(s, "random + full", 0, 1, 9);
    struct error e = {.code = OK};
    struct baseline_of {
        struct config c;
    } baseline = {at(s, &a, 0.1)};
    assert_ok(method_parse(&a, STR("random + replay"), (struct location){0}, &settings.method, &e));
    struct searcher *x;
    assert_int_equal(searcher_new(&x, &settings, &e), E_INVALID);
    settings.n_stages = 3;
    settings.stages = stages;
    settings.n_first = 1;
    settings.first = &stages[0].config;
    settings.baseline = &baseline.c; /* as the schedule begins */
    settings.seeds = SEEDS_REPLICATES;
    settings.replicates = 2;
    desk_open(&d, s, &settings);
    assert_true(desk_ask(&d).baseline);
    int64_t seeds[8];
    for (int i = 2; i <= 3; i++) {
        struct proposal p = desk_ask(&d);
        assert_int_equal(p.trial, i);
        assert_int_equal(p.steps, 3);
        seeds[i] = p.seed;
        assert_true(config_equal(&p.config, &stages[0].config));
    }
    assert_int_equal(desk_ask(&d).kind, ASK_WAIT);
    assert_int_equal(desk_report(&d, 3, 3, 1), DECISION_PAUSE);
    expect_copy(&d, 3, 3, 3, 5);
    desk_exit(&d, 3, OUTCOME_STOPPED, 1);
    assert_int_equal(desk_report(&d, 4, 5, 1), DECISION_PAUSE);
    struct proposal p = desk_ask(&d);
    assert_true(p.parent == 4 && p.over == 4 && p.from == 5 && p.steps == 9);
    assert_true(config_equal(&p.config, &stages[2].config) && p.seed == seeds[3]);
    desk_exit(&d, 4, OUTCOME_STOPPED, 1);
    assert_int_equal(desk_report(&d, 5, 9, 1), DECISION_CONTINUE);
    desk_exit(&d, 5, OUTCOME_COMPLETED, 1);
    desk_exit(&d, 2, OUTCOME_FAILED, missing);
    assert_int_equal(desk_ask(&d).kind, ASK_DONE);
    desk_close(&d);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_becomes_a_copy_of_the_first),
        cmocka_unit_test(at_the_last_mark_all_are_trained),
        cmocka_unit_test(nobody_waits_while_a_slot_is_free),
        cmocka_unit_test(who_loses_waits_for_a_better_one),
        cmocka_unit_test(one_that_failed_without_anybody_to_copy_is_given_up),
        cmocka_unit_test(one_that_failed_is_replaced),
        cmocka_unit_test(one_that_failed_and_is_reopened_trains_on),
        cmocka_unit_test(without_a_value_all_go_on),
        cmocka_unit_test(one_that_a_person_ends_leaves),
        cmocka_unit_test(reports_that_jump_are_taken_where_they_are),
        cmocka_unit_test(the_same_values_by_another_way_are_no_replicates),
        cmocka_unit_test(tampering_is_noticed),
        cmocka_unit_test(a_copy_of_nothing_is_refused_by_other_methods),
        cmocka_unit_test(wrong_efforts_are_refused),
        cmocka_unit_test(values_move_as_they_should),
        cmocka_unit_test(what_a_condition_names_stays),
        cmocka_unit_test(pb2_learns_where_improvement_is),
        cmocka_unit_test(a_schedule_is_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
