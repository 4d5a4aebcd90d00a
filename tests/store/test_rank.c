#include "store/rank.h"
#include "testing.h"

#include <math.h>

static void takes_what_ended_with_a_value(void **state)
{
    for (int s = 0; s < TRIAL_STATE_COUNT; s++) {
        bool ends = s == TRIAL_COMPLETED || s == TRIAL_STOPPED;
        assert_int_equal(rank_takes((enum trial_state)s, true), ends);
        assert_false(rank_takes((enum trial_state)s, false));
    }
}

static void orders_by_step_state_value_number(void **state)
{
    struct ranked v[] = {
        {.number = 1, .config_hash = 1, .step = 9, .value = 0.99},
        {.number = 2, .config_hash = 2, .step = 27, .value = 0.5},
        {.number = 3, .config_hash = 3, .step = 27, .value = 0.9, .stopped = true},
        {.number = 4, .config_hash = 4, .step = 27, .value = 0.7},
        {.number = 5, .config_hash = 5, .step = 27, .value = 0.7},
        {.number = 6, .config_hash = 6, .step = 9, .value = 0.1},
    };
    static const int64_t up[] = {4, 5, 2, 3, 1, 6}, down[] = {2, 4, 5, 3, 6, 1};
    assert_int_equal(rank_sort(v, 6, false), 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(v[i].number, up[i]);
    assert_int_equal(rank_sort(v, 6, true), 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(v[i].number, down[i]);
}

static void replicates_share_their_mean(void **state)
{
    struct ranked v[] = {
        {.number = 1, .config_hash = 7, .step = 3, .value = 1.0},
        {.number = 2, .config_hash = 8, .step = 3, .value = 0.7},
        {.number = 3, .config_hash = 7, .step = 3, .value = 0.0},
        {.number = 4, .config_hash = 7, .step = 2, .value = 9.0}, /* another step: another group */
    };
    static const int64_t order[] = {2, 1, 3, 4};
    assert_int_equal(rank_sort(v, 4, false), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(v[i].number, order[i]);
    assert_real(v[1].value, 0.5);
    assert_real(v[2].value, 0.5);
    assert_int_equal(v[2].first, 1);
}

static void what_is_not_finite_never_ranks(void **state)
{
    struct ranked v[] = {
        {.number = 1, .config_hash = 1, .value = (double)NAN},
        {.number = 2, .config_hash = 2, .value = (double)INFINITY},
        {.number = 3, .config_hash = 3, .value = (double)-INFINITY},
        {.number = 4, .config_hash = 4, .value = 1},
        {.number = 5, .config_hash = 4, .value = (double)NAN}, /* takes its replicate along */
        {.number = 6, .config_hash = 6, .value = 0},
    };
    assert_int_equal(rank_sort(v, 6, false), 1);
    assert_int_equal(v[0].number, 6);
    assert_int_equal(rank_sort(v, 0, false), 0);
    assert_int_equal(rank_sort(NULL, 0, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_ended_with_a_value),
        cmocka_unit_test(orders_by_step_state_value_number),
        cmocka_unit_test(replicates_share_their_mean),
        cmocka_unit_test(what_is_not_finite_never_ranks),
    };
    return RUN_TESTS(tests);
}
