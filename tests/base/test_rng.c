#include "base/rng.h"
#include "testing.h"

#include <math.h>

/* These are part of the journal's contract: a change here is a new engine version. */
static void sequence_is_fixed(void **state)
{
    struct rng r;
    rng_init(&r, 7, 3);
    static const uint64_t expected[] = {0x3198b2d5dbadf576u, 0xeb41313eceb8c800u,
                                        0x63409d28e78c157au};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_true(rng_u64(&r) == expected[i]);
}

static void generator_is_xoshiro256(void **state)
{
    struct rng r = {{1, 2, 3, 4}};
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    for (size_t i = 0; i < 4; i++)
        assert_true(rng_u64(&r) == expected[i]);
}

static void streams_differ(void **state)
{
    struct rng a, b;
    for (uint64_t s = 0; s < 100; s++) {
        rng_init(&a, s, s + 1);
        rng_init(&b, s + 1, s);
        assert_true(rng_u64(&a) != rng_u64(&b));
        rng_init(&b, s, s);
        assert_true(rng_u64(&a) != rng_u64(&b));
    }
}

static void unit_fills_its_interval(void **state)
{
    struct rng r;
    rng_init(&r, 1, 1);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < 100000; i++) {
        double u = rng_unit(&r);
        assert_true(u >= 0 && u < 1);
        sum += u;
        least = u < least ? u : least;
        most = u > most ? u : most;
    }
    assert_near(sum / 100000, 0.5, 0.005);
    assert_true(least < 1e-3 && most > 1 - 1e-3);
}

static void below_is_even(void **state)
{
    struct rng r;
    rng_init(&r, 1, 2);
    int count[6] = {0};
    for (int i = 0; i < 60000; i++)
        count[rng_below(&r, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(count[i], 9600, 10400);
    assert_int_equal(rng_below(&r, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_true(rng_below(&r, (1ull << 63) + 1) <= 1ull << 63);
}

static void normal_has_its_moments(void **state)
{
    struct rng r;
    rng_init(&r, 1, 3);
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        double z = rng_normal(&r);
        assert_true(isfinite(z));
        sum += z;
        squares += z * z;
    }
    assert_near(sum / 100000, 0, 0.02);
    assert_near(squares / 100000, 1, 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence_is_fixed), cmocka_unit_test(generator_is_xoshiro256),
        cmocka_unit_test(streams_differ),    cmocka_unit_test(unit_fills_its_interval),
        cmocka_unit_test(below_is_even),     cmocka_unit_test(normal_has_its_moments),
    };
    return RUN_TESTS(tests);
}
