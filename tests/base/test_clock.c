#include "base/clock.h"
#include "testing.h"

static void system_clock_runs(void **state)
{
    struct clock c = clock_system();
    int64_t real = clock_real(&c), start = clock_monotonic(&c);
    assert_true(real > 1600000000LL * NS_PER_S);
    assert_true(start > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic(&c);
        assert_true(now >= start);
        start = now;
    }
}

static void virtual_clock_stands_still(void **state)
{
    struct virtual_clock v = {.real_ns = 5, .monotonic_ns = 7};
    struct clock c = clock_virtual(&v);
    assert_int_equal(clock_real(&c), 5);
    assert_int_equal(clock_monotonic(&c), 7);
    v.real_ns = -1;
    v.monotonic_ns += NS_PER_MS;
    assert_int_equal(clock_real(&c), -1);
    assert_int_equal(clock_monotonic(&c), 7 + NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_clock_runs),
        cmocka_unit_test(virtual_clock_stands_still),
    };
    return RUN_TESTS(tests);
}
