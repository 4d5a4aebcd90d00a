#include "base/problems.h"
#include "testing.h"

static void keeps_in_order(void **state)
{
    struct problems p;
    struct error e;
    problems_init(&p);
    for (int i = 0; i < 3; i++) {
        error_set(&e, E_INVALID, "problem %d", i);
        problems_add(&p, &e);
    }
    assert_int_equal(p.n, 3);
    assert_string_equal(p.v[2].message, "problem 2");
    problems_free(&p);
    assert_int_equal(p.n, 0);
}

static void counts_what_it_drops(void **state)
{
    struct problems p;
    struct error e;
    problems_init(&p);
    error_set(&e, E_INVALID, "x");
    for (int i = 0; i < PROBLEMS_MAX + 5; i++)
        problems_add(&p, &e);
    assert_int_equal(p.n, PROBLEMS_MAX);
    assert_int_equal(p.dropped, 5);
    problems_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_in_order),
        cmocka_unit_test(counts_what_it_drops),
    };
    return RUN_TESTS(tests);
}
