/* Trials whose steps are a parameter's: which parameters may say so, and what comes of it. */
#include "desk.h"
#include "spaces.h"

#include "search/expect.h"
#include "search/length.h"

#include <math.h>

static struct effort read_right(const char *prior)
{
    const struct row rows[] = {
        {"x", "uniform(0, 1)", NULL}, {"steps", prior, NULL}, {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    struct effort effort = {.trials = 10, .parallel = 1};
    struct error e = {.code = OK};
    expect_code(length_read(s, &effort, &e), OK, &e);
    assert_true(effort.has_steps && effort.own_steps);
    space_free(s);
    return effort;
}

static void what_may_be_a_length(void **state)
{
    static const struct {
        const char *prior;
        int64_t least, most;
        double mean;
    } table[] = {
        {"int(1, 9)", 1, 9, 5},           {"int(2, 10, step=4)", 2, 10, 6},
        {"ordinal(3, 27, 9)", 3, 27, 13}, {"choice(3=3, 27)", 3, 27, 9},
        {"logint(1, 1)", 1, 1, 1},        {"int(1, 1000000000000)", 1, STEPS_MAX, 500000000000},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct effort effort = read_right(table[i].prior);
        assert_int_equal(effort.min_steps, table[i].least);
        assert_int_equal(effort.max_steps, table[i].most);
        assert_near(effort.mean_steps / table[i].mean, 1, 0.002);
    }
    /* Cells end at i - 1/2, even in the logarithm: sum of i ln((i + 1/2) / (i - 1/2)) over ln 55 */
    double mean = 0;
    for (int i = 1; i <= 27; i++)
        mean += i * log((i + 0.5) / (i - 0.5)) / log(55);
    assert_near(read_right("logint(1, 27)").mean_steps, mean, 0.02);
}

static void what_may_not(void **state)
{
    static const struct {
        const char *prior, *when, *part;
    } table[] = {
        {"uniform(1, 27)", NULL, "uniform(1, 27) gives no whole numbers"},
        {"uniform(1, 27, step=1)", NULL, "no whole numbers"},
        {"flag()", NULL, "no whole numbers"},
        {"choice(few, many)", NULL, "no whole numbers"},
        {"choice(3, 9.5)", NULL, "no whole numbers"},
        {"subset(1, 2, 3)", NULL, "no whole numbers"},
        {"permutation(1, 2, 3)", NULL, "no whole numbers"},
        {"int(0, 9)", NULL, "can't train 0 steps"},
        {"ordinal(3, -1)", NULL, "can't train -1 steps"},
        {"int(1, 1000000000001)", NULL, "can't train 1000000000001 steps"},
        {"int(1, 9)", "x > 0.5", "has a condition"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct row rows[] = {{"x", "uniform(0, 1)", NULL},
                                   {"steps", table[i].prior, table[i].when},
                                   {NULL, NULL, NULL}};
        struct space *s = make_space(rows, NULL);
        struct effort effort = {.trials = 10};
        struct error e = {.code = OK};
        expect_code(length_read(s, &effort, &e), E_INVALID, &e);
        if (!strstr(e.message, table[i].part) || e.hint[0] == '\0')
            fail_msg("%s: %s (%s)", table[i].prior, e.message, e.hint);
        assert_false(effort.has_steps || effort.own_steps);
        space_free(s);
    }
}

static struct searcher_settings settings_of(const struct space *s, const char *method)
{
    struct searcher_settings settings = make_settings(s, method, 30, 1, 27);
    assert_ok(length_read(s, &settings.effort, NULL));
    return settings;
}

/* The reference says what each does; those that stop trials leave them their length. */
static void who_leaves_trials_their_length(void **state)
{
    static const char *const owners[] = {"asha", "adaptive",    "sha",      "hyperband",
                                         "pbt",  "freeze_thaw", "pb2",      "asha(variant=promote)",
                                         "full", "median",      "patience", "threshold(value=1)"};
    struct space *s = make_space(space_length, NULL);
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
        struct arena a;
        struct method m;
        struct error e = {.code = OK};
        struct effort effort = {.trials = 30, .parallel = 1};
        assert_ok(length_read(s, &effort, NULL));
        arena_init(&a, 1 << 16);
        assert_ok(method_parse(&a, str_of(owners[i]), (struct location){.file = NULL}, &m, NULL));
        enum code wanted = i < 8 ? E_INVALID : OK;
        expect_code(method_resolve(&m, s, &effort, &e), wanted, &e);
        if (wanted != OK && (!strstr(e.message, "so does the parameter steps") || !e.hint[0]))
            fail_msg("%s: %s (%s)", owners[i], e.message, e.hint);
        arena_free(&a);
    }
    struct searcher_settings settings = settings_of(s, "random + asha");
    struct searcher *searcher;
    assert_int_equal(searcher_new(&searcher, &settings, NULL), E_INVALID);
    space_free(s);
}

static void auto_trains_every_trial_to_its_end(void **state)
{
    struct space *s = make_space(space_length, NULL);
    struct effort effort = {.trials = 300, .parallel = 1, .resumes = true};
    assert_ok(length_read(s, &effort, NULL));
    struct method m = make_method("auto", s, &effort);
    assert_ptr_equal(m.allocator, &allocator_full);
    assert_non_null(strstr(m.why, "the parameter steps says"));
    effort.steps = 1000;
    assert_near(expect_steps(&m, &effort), effort.mean_steps, 0);
    assert_int_equal(expect_trials(&m, &effort), (int64_t)(1000 / effort.mean_steps));
    space_free(s);
}

/* Drawn, given, the baseline's, a replicate's: all train what their configuration says. */
static void steps_are_the_value(void **state)
{
    struct space *s = make_space(space_length, NULL);
    struct value best[] = {value_int(20), value_real(0.1), value_string(STR("linear")), {0}};
    struct value given[] = {value_int(3), value_real(0.2), value_string(STR("linear")), {0}};
    const struct config baseline = {s, best}, first = {s, given};
    struct searcher_settings settings = settings_of(s, "random + full");
    settings.seeds = SEEDS_REPLICATES;
    settings.replicates = 2;
    settings.baseline = &baseline;
    settings.first = &first;
    settings.n_first = 1;
    struct desk d;
    desk_open(&d, s, &settings);
    assert_int_equal(desk_ask(&d).steps, 20);
    assert_int_equal(desk_ask(&d).steps, 3);
    assert_int_equal(desk_ask(&d).steps, 3);
    bool differ = false;
    for (int i = 0; i < 10; i++) {
        struct proposal p = desk_ask(&d), again = desk_ask(&d);
        assert_int_equal(p.steps, length_of(&p.config));
        assert_int_equal(again.steps, p.steps);
        differ = differ || p.steps != 3;
    }
    assert_true(differ);
    /* The end of a trial's own steps is wanted, and is no decision. */
    assert_int_equal(searcher_next_wanted(d.s, 2, 0), 3);
    assert_int_equal(desk_report(&d, 2, 3, 1), DECISION_CONTINUE);
    assert_int_equal(searcher_next_wanted(d.s, 2, 0), INT64_MAX);
    desk_close(&d);
}

/* A trial that is worse than all others goes on where its own steps are over. */
static void nobody_is_stopped_at_the_end(void **state)
{
    struct space *s = make_space(space_length, NULL);
    struct value values[8][4];
    struct config first[8];
    for (int i = 0; i < 8; i++) {
        values[i][0] = value_int(i < 6 ? 9 : 4);
        values[i][1] = value_real(0.1 + 0.1 * i);
        values[i][2] = value_string(STR("linear"));
        values[i][3] = (struct value){.type = VALUE_NONE};
        first[i] = (struct config){s, values[i]};
    }
    struct searcher_settings settings = settings_of(s, "random + median");
    settings.first = first;
    settings.n_first = 8;
    struct desk d;
    desk_open(&d, s, &settings);
    for (int i = 0; i < 8; i++)
        assert_int_equal(desk_ask(&d).steps, i < 6 ? 9 : 4);
    for (int i = 1; i <= 6; i++)
        for (int64_t step = 1; step <= 4; step++)
            assert_int_equal(desk_report(&d, i, step, 1), DECISION_CONTINUE);
    assert_int_equal(desk_report(&d, 7, 4, 9), DECISION_CONTINUE);
    assert_int_equal(desk_report(&d, 8, 3, 9), DECISION_STOP);
    desk_close(&d);
}

/* A recorded length that is not the configuration's can't have been. */
static void tampering_is_refused(void **state)
{
    struct space *s = make_space(space_length, NULL);
    struct value given[] = {value_int(3), value_real(0.2), value_string(STR("linear")), {0}};
    const struct config first = {s, given};
    struct searcher_settings settings = settings_of(s, "random + full");
    settings.first = &first;
    settings.n_first = 1;
    struct desk d;
    struct error e = {.code = OK};
    desk_open(&d, s, &settings);
    (void)desk_ask(&d);
    for (int recompute = 0; recompute < 2; recompute++)
        expect_code(desk_tamper(&d, 1, "\"steps\":3,\"baseline\"", "\"steps\":4,\"baseline\"",
                                recompute, &e),
                    E_CORRUPT, &e);
    assert_non_null(strstr(e.message, "can't train 4 steps"));
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_a_length),
        cmocka_unit_test(what_may_not),
        cmocka_unit_test(who_leaves_trials_their_length),
        cmocka_unit_test(auto_trains_every_trial_to_its_end),
        cmocka_unit_test(steps_are_the_value),
        cmocka_unit_test(nobody_is_stopped_at_the_end),
        cmocka_unit_test(tampering_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
