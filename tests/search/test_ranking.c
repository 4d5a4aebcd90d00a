#include "search/ranking.h"

#include "base/rng.h"
#include "testing.h"

#include <math.h>

static void empty_has_no_median(void **state)
{
    struct ranking r = {.blocks = NULL};
    assert_int_equal(ranking_size(&r), 0);
    assert_int_equal(ranking_better(&r, 1), 0);
    assert_true(isnan(ranking_median(&r)));
}

static void missing_values_stand_last(void **state)
{
    struct ranking r = {.blocks = NULL};
    assert_ok(ranking_add(&r, (double)NAN));
    assert_true(isnan(ranking_median(&r)));
    assert_ok(ranking_add(&r, 3));
    assert_true(isnan(ranking_median(&r)));
    assert_ok(ranking_add(&r, 1));
    assert_real(ranking_median(&r), 3);
    assert_int_equal(ranking_better(&r, (double)NAN), 2);
    assert_int_equal(ranking_better(&r, 3), 1);
    assert_int_equal(ranking_size(&r), 3);
    ranking_free(&r);
}

static void median_of_an_even_number_does_not_overflow(void **state)
{
    struct ranking r = {.blocks = NULL};
    assert_ok(ranking_add(&r, 1e308));
    assert_ok(ranking_add(&r, 1.5e308));
    assert_real(ranking_median(&r), 1.25e308);
    ranking_free(&r);
}

static void agrees_with_counting(void **state)
{
    struct ranking r = {.blocks = NULL};
    struct rng g;
    enum { N = 3000 };
    static double kept[N];
    rng_init(&g, 11, 0);
    for (size_t n = 0; n < N; n++) {
        double x = (double)rng_below(&g, n < N / 2 ? 50 : 100000);
        size_t better = 0;
        for (size_t i = 0; i < n; i++)
            better += kept[i] < x;
        assert_int_equal(ranking_better(&r, x), better);
        assert_ok(ranking_add(&r, x));
        kept[n] = x;
    }
    for (size_t i = 1; i < r.n; i++)
        assert_true(ranking_at(&r, i - 1) <= ranking_at(&r, i));
    ranking_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_has_no_median),
        cmocka_unit_test(missing_values_stand_last),
        cmocka_unit_test(median_of_an_even_number_does_not_overflow),
        cmocka_unit_test(agrees_with_counting),
    };
    return RUN_TESTS(tests);
}
