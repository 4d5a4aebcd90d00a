/*
 * What every unit test includes: cmocka with what it forgets to include itself, and a few checks.
 */
#ifndef TESTS_TESTING_H
#define TESTS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* cmocka's assert_float_equal has a tolerance; this has none, and NaN equals NaN. */
#define assert_real(a, b)                                                 \
    do {                                                                  \
        double a_ = (a), b_ = (b);                                        \
        if (memcmp(&a_, &b_, sizeof(a_)) != 0 && !(a_ != a_ && b_ != b_)) \
            fail_msg("%s is %.17g, not %.17g", #a, a_, b_);               \
    } while (0)

#define assert_near(a, b, tolerance)                                                          \
    do {                                                                                      \
        double a_ = (a), b_ = (b);                                                            \
        if (!(a_ - b_ <= (tolerance) && b_ - a_ <= (tolerance)))                              \
            fail_msg("%s is %.17g, not within %g of %.17g", #a, a_, (double)(tolerance), b_); \
    } while (0)

#define assert_ok(code) assert_int_equal((code), 0)

/* In place of cmocka's skip(), which version 1.1.5 writes as a failure in TAP. */
#define SKIP(why)                              \
    do {                                       \
        print_message("# skipped: %s\n", why); \
        return;                                \
    } while (0)

/* Runs the array `tests` of struct CMUnitTest. */
#define RUN_TESTS(tests) cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL)

#endif
