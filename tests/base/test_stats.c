#include "base/stats.h"
#include "testing.h"

#include <float.h>
#include <math.h>

static void quantile_matches_reference(void **state)
{
    /* Wichura's own check values, and the tails from mpmath. */
    assert_near(normal_quantile(0.25), -0.67448975019608171, 1e-15);
    assert_near(normal_quantile(0.001), -3.0902323061678136, 1e-14);
    assert_near(normal_quantile(1e-20), -9.2623400897984075, 1e-13);
    assert_near(normal_quantile(0.975), 1.9599639845400545, 1e-15);
    assert_real(normal_quantile(0.5), 0.0);
}

static void quantile_undoes_cdf(void **state)
{
    for (double x = -8; x < 5; x += 0.01)
        assert_near(normal_quantile(normal_cdf(x)), x, 1e-9);
    for (double p = 0.001; p < 0.5; p += 0.001)
        assert_near(normal_quantile(p), -normal_quantile(1 - p), 1e-13);
}

static void cdf_keeps_its_tail(void **state)
{
    assert_near(normal_cdf(0), 0.5, 0);
    assert_near(normal_cdf(-10) / 7.6198530241605261e-24, 1, 1e-12);
    assert_real(normal_cdf(-(double)INFINITY), 0.0);
    assert_real(normal_cdf((double)INFINITY), 1.0);
}

static void median_of_odd_and_even(void **state)
{
    double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, one[] = {7};
    assert_real(stats_median(odd, 3), 2.0);
    assert_real(stats_median(even, 4), 2.5);
    assert_real(stats_median(one, 1), 7.0);
    double large[] = {DBL_MAX, DBL_MAX};
    assert_real(stats_median(large, 2), DBL_MAX);
}

static void median_puts_nan_last(void **state)
{
    double x[] = {(double)NAN, 1, (double)NAN, (double)INFINITY, 2};
    assert_real(stats_median(x, 5), (double)INFINITY);
    double y[] = {(double)NAN, (double)NAN, 5};
    assert_real(stats_median(y, 3), (double)NAN);
}

static void student_matches_the_tables(void **state)
{
    static const struct {
        size_t df;
        double at975, at995;
    } rows[] = {{1, 12.70620, 63.65674},   {2, 4.302653, 9.924843},  {3, 3.182446, 5.840909},
                {5, 2.570582, 4.032143},   {10, 2.228139, 3.169273}, {24, 2.063899, 2.796940},
                {1000, 1.962339, 2.580755}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double t = rows[i].at975, far = rows[i].at995;
        assert_near(student_quantile(0.975, rows[i].df), t, 0.002 * t);
        assert_near(student_quantile(0.025, rows[i].df), -t, 0.002 * t);
        assert_near(student_quantile(0.995, rows[i].df), far, 0.01 * far);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantile_matches_reference), cmocka_unit_test(quantile_undoes_cdf),
        cmocka_unit_test(cdf_keeps_its_tail),         cmocka_unit_test(median_of_odd_and_even),
        cmocka_unit_test(median_puts_nan_last),       cmocka_unit_test(student_matches_the_tables),
    };
    return RUN_TESTS(tests);
}
