#include "store/rank.h"
#include "testing.h"

#include "base/rng.h"

#include <math.h>

static const struct aims up = {.n_objectives = 1}, down = {.n_objectives = 1, .minimize = {true}};

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
    static const int64_t most[] = {4, 5, 2, 3, 1, 6}, least[] = {2, 4, 5, 3, 6, 1};
    assert_int_equal(rank_sort(v, 6, &up), 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(v[i].number, most[i]);
    assert_int_equal(rank_sort(v, 6, &down), 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(v[i].number, least[i]);
}

/* Each at its own end; replicates share a mean wherever their programs ended. */
static void steps_of_their_own_say_nothing(void **state)
{
    const struct aims own = {.n_objectives = 1, .own_steps = true};
    assert_int_equal(rank_step(&own, 27), 0);
    assert_int_equal(rank_step(&own, -1), 0);
    assert_int_equal(rank_step(&up, 27), 27);
    struct ranked v[] = {
        {.number = 1, .config_hash = 1, .step = rank_step(&own, 27), .value = 0.5},
        {.number = 2, .config_hash = 2, .step = rank_step(&own, 3), .value = 0.7},
        {.number = 3, .config_hash = 3, .step = rank_step(&own, 9), .value = 0.9, .stopped = true},
        {.number = 4, .config_hash = 1, .step = rank_step(&own, 26), .value = 0.7},
    };
    static const int64_t order[] = {2, 1, 4, 3};
    assert_int_equal(rank_sort(v, 4, &own), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(v[i].number, order[i]);
    assert_real(v[1].value, 0.6);
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
    assert_int_equal(rank_sort(v, 4, &up), 4);
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
    assert_int_equal(rank_sort(v, 6, &up), 1);
    assert_int_equal(v[0].number, 6);
    assert_int_equal(rank_sort(v, 0, &up), 0);
    assert_int_equal(rank_sort(NULL, 0, &down), 0);
}

/* Of random points, some of them equal: the front as its definition says. */
static bool is_beaten(double a[3], double b[3])
{
    bool worse = false;
    for (int i = 0; i < 3; i++) {
        double x = i == 1 ? -a[i] : a[i], y = i == 1 ? -b[i] : b[i]; /* the second is minimized */
        if (x > y)
            return false;
        worse = worse || x < y;
    }
    return worse;
}

static void the_front_is_as_defined(void **state)
{
    enum { N = 60 };
    const struct aims aims = {.n_objectives = 3, .minimize = {false, true, false}};
    struct rng r;
    rng_init(&r, 5, 0);
    for (int round = 0; round < 300; round++) {
        struct ranked v[N];
        double points[N + 1][3], more[N][2];
        size_t n = rng_below(&r, N), wanted = 0;
        uint64_t range = 2 + rng_below(&r, 20);
        for (size_t i = 0; i < n; i++) {
            for (int k = 0; k < 3; k++)
                points[i + 1][k] = (double)rng_below(&r, range);
            more[i][0] = points[i + 1][1];
            more[i][1] = points[i + 1][2];
            v[i] = (struct ranked){.number = (int64_t)i + 1,
                                   .config_hash = (int64_t)i,
                                   .value = points[i + 1][0],
                                   .more = more[i]};
        }
        size_t kept = rank_sort(v, n, &aims);
        for (size_t i = 1; i <= n; i++) {
            bool beaten = false, among = false;
            for (size_t k = 1; k <= n; k++)
                beaten = beaten || is_beaten(points[i], points[k]);
            for (size_t k = 0; k < kept; k++)
                among = among || v[k].number == (int64_t)i;
            assert_int_equal(among, !beaten);
            wanted += !beaten;
        }
        assert_int_equal(kept, wanted);
        for (size_t k = 1; k < kept; k++)
            assert_true(v[k - 1].value >= v[k].value);
    }
}

static void replicates_share_all_their_means(void **state)
{
    const struct aims aims = {.n_objectives = 2, .n_requirements = 1, .minimize = {false, true}};
    double more[][2] = {{4, 0.5}, {2, -0.5}, {1, -1}, {9, -1}, {5, 0.1}};
    struct ranked v[] = {
        {.number = 1, .config_hash = 7, .value = 1, .more = more[0]},
        {.number = 2, .config_hash = 7, .value = 3, .more = more[1]}, /* 2 and 3, just met */
        {.number = 3, .config_hash = 8, .value = 1, .more = more[2]},
        {.number = 4, .config_hash = 9, .value = 9, .more = more[3]},
        {.number = 5, .config_hash = 9, .value = 9, .more = more[4]}, /* 7, -0.45 */
    };
    static const int64_t order[] = {4, 1, 3};
    assert_int_equal(rank_sort(v, 5, &aims), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(v[i].number, order[i]);
    assert_real(v[1].value, 2);
    assert_real(v[1].more[0], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_ended_with_a_value),
        cmocka_unit_test(orders_by_step_state_value_number),
        cmocka_unit_test(steps_of_their_own_say_nothing),
        cmocka_unit_test(replicates_share_their_mean),
        cmocka_unit_test(what_is_not_finite_never_ranks),
        cmocka_unit_test(the_front_is_as_defined),
        cmocka_unit_test(replicates_share_all_their_means),
    };
    return RUN_TESTS(tests);
}
