/* Outputs as a model gets them. */
#include "base/rng.h"
#include "model/output.h"
#include "testing.h"

#include <math.h>

enum { N = 200 };

static void transform(size_t n, const double *y, bool half, double *ret)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_ok(output_transform(&a, n, y, half, ret));
    arena_free(&a);
}

static void check_moments(size_t n, const double *y)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(isfinite(y[i]));
        sum += y[i];
        square += y[i] * y[i];
    }
    assert_near(sum / (double)n, 0, 1e-12);
    assert_near(square / (double)n, 1, 1e-12);
}

/* Order is kept, the better half keeps its proportions, outliers above lose theirs. */
static void worse_half_by_rank(void **state)
{
    struct rng r;
    double y[N], out[N], wild[N], wild_out[N];
    rng_init(&r, 5, 0);
    for (size_t i = 0; i < N; i++) {
        y[i] = rng_normal(&r);
        wild[i] = y[i] > 0.5 ? exp(30 * y[i]) : y[i];
    }
    transform(N, y, true, out);
    transform(N, wild, true, wild_out);
    check_moments(N, out);
    for (size_t i = 0; i < N; i++) {
        assert_near(out[i], wild_out[i], 1e-12);
        for (size_t k = 0; k < N; k++)
            assert_int_equal(y[i] < y[k], out[i] < out[k]);
    }
    double low[2] = {HUGE_VAL, HUGE_VAL}, high = -HUGE_VAL;
    for (size_t i = 0; i < N; i++) {
        low[0] = y[i] < low[0] ? y[i] : low[0];
        low[1] = out[i] < low[1] ? out[i] : low[1];
        high = out[i] > high ? out[i] : high;
    }
    assert_true(high < 4 && low[1] > -6);
}

static void any_size_of_values(void **state)
{
    static const double factors[] = {1e-320, 1e-300, 1, 1e300, 1.7e308};
    double y[5], out[5], first[5];
    for (size_t f = 0; f < 5; f++)
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 5; i++)
                y[i] = (i - 2) / 2.0 * factors[f];
            transform(5, y, half, out);
            check_moments(5, out);
            if (f > 0 && !half)
                for (int i = 0; i < 5; i++)
                    assert_near(out[i], (i - 2) / sqrt(2), 1e-9);
            memcpy(first, out, sizeof(out));
        }
}

static void equal_and_few_values(void **state)
{
    double y[6] = {3, 3, 3, 3, 3, 3}, out[6];
    transform(0, y, true, out);
    for (size_t n = 1; n <= 6; n++) {
        transform(n, y, true, out);
        for (size_t i = 0; i < n; i++)
            assert_real(out[i], 0.0);
    }
    y[0] = 4; /* all of the better half is equal */
    transform(6, y, true, out);
    check_moments(6, out);
    assert_true(out[0] > out[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worse_half_by_rank),
        cmocka_unit_test(any_size_of_values),
        cmocka_unit_test(equal_and_few_values),
    };
    return RUN_TESTS(tests);
}
