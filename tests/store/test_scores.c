#include "store/scores.h"

#include "base/rng.h"
#include "testing.h"

#include <math.h>

static void measures_are_lines(void **state)
{
    const struct measured in[] = {
        {STR("val auc"), AIM_MAXIMIZE}, {STR("-x"), AIM_MINIMIZE}, {STR("gb"), AIM_NONE}};
    struct measured out[STORE_MEASURES_MAX];
    struct str lines[STORE_REQUIREMENTS_MAX];
    struct buf b;
    buf_init(&b, 256);
    measures_write(in, 3, &b);
    assert_string_equal(b.p, "+val auc\n--x\n?gb");
    struct search_row row = {
        .metric = STR("val auc"), .measures = buf_view(&b), .requirements = STR("gb < 4\n-x >= 1")};
    assert_int_equal(search_measures(&row, out), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(str_eq(out[i].name, in[i].name));
        assert_int_equal(out[i].aim, in[i].aim);
    }
    assert_int_equal(search_requirements(&row, lines), 2);
    assert_true(str_is(lines[1], "-x >= 1"));
    struct aims aims = search_aims(&row);
    assert_true(aims.n_objectives == 2 && aims.n_requirements == 2);
    assert_true(!aims.minimize[0] && aims.minimize[1]);
    buf_free(&b);
}

/* As schema 1 left it. */
static void no_measures_are_the_metric(void **state)
{
    struct measured out[STORE_MEASURES_MAX];
    struct str lines[STORE_REQUIREMENTS_MAX];
    const struct search_row row = {.metric = STR("loss"), .minimize = true};
    assert_int_equal(search_measures(&row, out), 1);
    assert_true(str_is(out[0].name, "loss") && out[0].aim == AIM_MINIMIZE);
    assert_int_equal(search_requirements(&row, lines), 0);
    struct aims aims = search_aims(&row);
    assert_true(aims.n_objectives == 1 && aims.n_requirements == 0 && aims.minimize[0]);
}

/* Too many lines, or ones that are not ours, stay within bounds. */
static void odd_measures_do_no_harm(void **state)
{
    struct measured out[STORE_MEASURES_MAX];
    struct str lines[STORE_REQUIREMENTS_MAX];
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < 100; i++)
        buf_cstr(&b, "+a\n");
    struct search_row row = {.measures = buf_view(&b), .requirements = buf_view(&b)};
    assert_int_equal(search_measures(&row, out), STORE_MEASURES_MAX);
    assert_int_equal(search_requirements(&row, lines), STORE_REQUIREMENTS_MAX);
    assert_int_equal(search_aims(&row).n_objectives, STORE_OBJECTIVES_MAX);
    row.measures = STR("a\n\n+b");
    assert_int_equal(search_measures(&row, out), 3);
    assert_int_equal(search_aims(&row).n_objectives, 1);
    buf_free(&b);
}

static double random_real(struct rng *r)
{
    static const double odd[] = {0,           1e-308,           -1e308,
                                 (double)NAN, (double)INFINITY, -(double)INFINITY};
    uint64_t kind = rng_below(r, 10);
    return kind < 6 ? odd[kind] : rng_unit(r) * 100 - 50;
}

static void assert_same_real(double a, double b)
{
    assert_true(a == b || (isnan(a) && isnan(b)));
}

static void scores_come_back_bit_for_bit(void **state)
{
    struct rng r;
    rng_init(&r, 3, 0);
    for (int n = 0; n < 2000; n++) {
        struct scores in = {.n_values = 1 + rng_below(&r, STORE_MEASURES_MAX),
                            .n_excess = rng_below(&r, STORE_REQUIREMENTS_MAX + 1)},
                      out;
        struct buf b;
        buf_init(&b, 4096);
        for (size_t i = 0; i < in.n_values; i++) {
            in.seen |= (uint32_t)rng_below(&r, 2) << i;
            in.values[i] = in.seen >> i & 1 ? random_real(&r) : (double)NAN;
        }
        for (size_t i = 0; i < in.n_excess; i++)
            in.excess[i] = random_real(&r);
        scores_write(&in, &b);
        assert_ok(buf_end(&b, NULL));
        assert_true(scores_read(buf_view(&b), in.seen & 1, in.values[0], &out));
        assert_int_equal(out.n_values, in.n_values);
        assert_int_equal(out.n_excess, in.n_excess);
        assert_int_equal(out.seen, in.seen);
        for (size_t i = 0; i < in.n_values; i++)
            assert_same_real(in.values[i], out.values[i]);
        for (size_t i = 0; i < in.n_excess; i++)
            assert_same_real(in.excess[i], out.excess[i]);
        buf_free(&b);
    }
}

static void one_value_alone_needs_no_text(void **state)
{
    struct scores o = {.n_values = 1, .seen = 1, .values = {0.5}};
    struct buf b;
    buf_init(&b, 64);
    scores_write(&o, &b);
    assert_int_equal(b.n, 0);
    assert_true(scores_read((struct str){NULL, 0}, true, 0.5, &o));
    assert_true(o.n_values == 1 && o.seen == 1 && o.n_excess == 0);
    assert_real(o.values[0], 0.5);
    buf_free(&b);
}

static void other_texts_are_refused(void **state)
{
    static const char *const texts[] = {"1", "x ;", "1 ; y", "1 ; -", "; 1 ; 2"};
    struct scores o;
    struct buf b;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_false(scores_read(str_of(texts[i]), true, 1, &o));
    buf_init(&b, 4096);
    for (int i = 0; i < STORE_MEASURES_MAX; i++)
        buf_cstr(&b, "1 ");
    buf_cstr(&b, ";");
    assert_false(scores_read(buf_view(&b), true, 1, &o));
    buf_clear(&b);
    buf_cstr(&b, ";");
    for (int i = 0; i <= STORE_REQUIREMENTS_MAX; i++)
        buf_cstr(&b, " 1");
    assert_false(scores_read(buf_view(&b), true, 1, &o));
    buf_free(&b);
}

static void what_is_unknown_meets_nothing(void **state)
{
    struct scores o = {.n_values = 1, .n_excess = 0};
    assert_true(scores_meet(&o));
    o.n_excess = 2;
    assert_true(scores_meet(&o));
    o.excess[1] = 1e-308;
    assert_false(scores_meet(&o));
    o.excess[1] = (double)NAN;
    assert_false(scores_meet(&o));
    o.excess[1] = -(double)INFINITY;
    assert_true(scores_meet(&o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_are_lines),
        cmocka_unit_test(no_measures_are_the_metric),
        cmocka_unit_test(odd_measures_do_no_harm),
        cmocka_unit_test(scores_come_back_bit_for_bit),
        cmocka_unit_test(one_value_alone_needs_no_text),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(what_is_unknown_meets_nothing),
    };
    return RUN_TESTS(tests);
}
