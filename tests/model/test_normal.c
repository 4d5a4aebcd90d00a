#include "model/normal.h"
#include "testing.h"

#include <math.h>

static void matches_known_values(void **state)
{
    /* mpmath, 30 digits */
    assert_near(log_phi(0), -0.91893853320467274, 0);
    assert_near(log_phi(-3), -5.4189385332046727, 1e-15);
    assert_near(log_ndtr(0), -0.69314718055994531, 1e-16);
    assert_near(log_ndtr(-1), -1.8410216450092636, 1e-15);
    assert_near(log_ndtr(-40), -804.60844201375379, 1e-12);
    assert_near(log_ndtr(8), -6.2209605742717841e-16, 1e-30);
    assert_near(erfcx(0), 1, 0);
    assert_near(erfcx(1), 0.42758357615580701, 1e-16);
    assert_near(erfcx(100), 0.0056416137829894329, 1e-17);
    assert_near(erfcx(-1), 5.0089800807622835, 1e-14);
    assert_near(log_h(0, NULL), -0.91893853320467274, 1e-15);
    assert_near(log_h(-1, NULL), -2.4851210257126413, 1e-14);
    assert_near(log_h(-10, NULL), -55.553122036122353, 1e-12);
    assert_near(log_h(2, NULL), 0.69738354578822837, 1e-15);
}

static void slope_is_the_derivative(void **state)
{
    for (double u = -30; u < 10; u += 0.37) {
        double slope, h = 1e-5;
        log_h(u, &slope);
        double by_difference = (log_h(u + h, NULL) - log_h(u - h, NULL)) / (2 * h);
        assert_near(slope / by_difference, 1, 1e-6);
    }
}

/* What improves more is worth more, everywhere that doubles can tell. */
static void improvement_grows(void **state)
{
    double before = log_h(-1e9, NULL);
    for (double u = -1e8; u < -1e-3; u /= 1.01) {
        double now = log_h(u, NULL);
        assert_true(now > before);
        before = now;
    }
    for (double u = 0; u < 100; u += 0.1) {
        double now = log_h(u, NULL);
        assert_true(now > before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_known_values),
        cmocka_unit_test(slope_is_the_derivative),
        cmocka_unit_test(improvement_grows),
    };
    return RUN_TESTS(tests);
}
