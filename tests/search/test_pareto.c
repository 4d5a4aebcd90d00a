/* Fronts, room and volumes against what the definitions give by brute force. */
#include "search/pareto.h"

#include "base/rng.h"
#include "testing.h"

#include <math.h>

enum { N = 60, M = 6 };

/* Coarse numbers, so that there are ties and equal points. */
static void fill(struct rng *r, size_t n, size_t m, int levels, double *ret)
{
    for (size_t i = 0; i < n * m; i++)
        ret[i] = levels ? (double)rng_below(r, (uint64_t)levels) : rng_unit(r);
}

static void what_dominates(void **state)
{
    const double a[] = {1, 2}, b[] = {1, 3}, c[] = {2, 1};
    assert_true(pareto_dominates(2, a, b));
    assert_false(pareto_dominates(2, b, a));
    assert_false(pareto_dominates(2, a, a));
    assert_false(pareto_dominates(2, a, c));
    assert_false(pareto_dominates(2, c, a));
}

/* Front by front: what nothing that is left dominates. */
static void fronts_by_definition(size_t n, size_t m, const double *points, uint32_t *ret)
{
    size_t left = n;
    for (size_t i = 0; i < n; i++)
        ret[i] = UINT32_MAX;
    for (uint32_t front = 0; left > 0; front++) {
        bool in[N] = {false};
        for (size_t i = 0; i < n; i++) {
            in[i] = ret[i] == UINT32_MAX;
            for (size_t k = 0; k < n; k++)
                if (ret[k] == UINT32_MAX && pareto_dominates(m, points + k * m, points + i * m))
                    in[i] = false;
        }
        for (size_t i = 0; i < n; i++)
            if (in[i]) {
                ret[i] = front;
                left--;
            }
    }
}

static void sorted_as_defined(void **state)
{
    struct rng r;
    rng_init(&r, 1, 1);
    for (int round = 0; round < 600; round++) {
        size_t n = (size_t)rng_below(&r, N + 1), m = 1 + (size_t)rng_below(&r, 5);
        double points[N * M];
        uint32_t expected[N], got[N];
        fill(&r, n, m, (int[]){0, 2, 4, 10}[round % 4], points);
        fronts_by_definition(n, m, points, expected);
        assert_ok(pareto_sort(n, m, points, got));
        if (n > 0)
            assert_memory_equal(got, expected, n * sizeof(*got));
    }
}

static void room_by_hand(void **state)
{
    const double points[] = {0, 10, 1, 6, 2, 5, 10, 0};
    double room[4];
    assert_ok(pareto_crowding(4, 2, points, room));
    assert_true(isinf(room[0]) && isinf(room[3]));
    assert_near(room[1], 2.0 / 10 + 5.0 / 10, 1e-15);
    assert_near(room[2], 9.0 / 10 + 6.0 / 10, 1e-15);
    const double equal[] = {3, 3, 3, 3, 3, 3};
    assert_ok(pareto_crowding(3, 2, equal, room));
    assert_real(room[1], 0);
    const double huge[] = {-1.7e308, 1.7e308, 0, 0, 1.7e308, -1.7e308};
    assert_ok(pareto_crowding(3, 2, huge, room));
    assert_near(room[1], 2, 1e-15);
    assert_ok(pareto_crowding(0, 2, NULL, NULL));
}

/* Inclusion and exclusion over all subsets: the volume of a union of boxes. */
static double volume_by_definition(size_t n, size_t m, const double *points,
                                   const double *reference)
{
    double sum = 0;
    for (uint32_t set = 1; set < (1u << n); set++) {
        double box = 1;
        for (size_t k = 0; k < m; k++) {
            double corner = -(double)INFINITY;
            for (size_t i = 0; i < n; i++)
                if ((set >> i) & 1)
                    corner = fmax(corner, points[i * m + k]);
            box *= fmax(0, reference[k] - corner);
        }
        sum += __builtin_popcount(set) % 2 ? box : -box;
    }
    return sum;
}

static void volumes_as_defined(void **state)
{
    struct rng r;
    rng_init(&r, 2, 1);
    for (int round = 0; round < 600; round++) {
        size_t n = (size_t)rng_below(&r, 11), m = 1 + (size_t)rng_below(&r, M);
        int levels = (int[]){0, 3, 6}[round % 3];
        double points[N * M], reference[M], volume;
        fill(&r, n, m, levels, points);
        for (size_t k = 0; k < m; k++)
            reference[k] = (levels ? levels : 1) * 0.9;
        assert_ok(pareto_volume(n, m, points, reference, &volume, NULL));
        assert_near(volume, volume_by_definition(n, m, points, reference),
                    1e-9 * pow(levels ? levels : 1, (double)m));
    }
}

/* An objective that is the same for all multiplies the volume: so the sweeps in two and three
 * dimensions and the recursion can be held against each other on large sets. */
static void dimensions_agree(void **state)
{
    enum { MANY = 150 };
    struct rng r;
    rng_init(&r, 3, 1);
    for (int round = 0; round < 20; round++) {
        double points[4][MANY * 5], reference[5] = {1, 1, 1, 1, 1}, volume[4];
        fill(&r, MANY, 2, 0, points[0]);
        for (size_t extra = 1; extra < 4; extra++)
            for (size_t i = 0; i < MANY; i++) {
                size_t at = round % 2 ? extra : 0; /* constants first or last */
                memset(points[extra] + i * (2 + extra), 0, (2 + extra) * sizeof(double));
                memcpy(points[extra] + i * (2 + extra) + at, points[0] + i * 2, 2 * sizeof(double));
            }
        for (size_t extra = 0; extra < 4; extra++)
            assert_ok(
                pareto_volume(MANY, 2 + extra, points[extra], reference, &volume[extra], NULL));
        for (size_t extra = 1; extra < 4; extra++)
            assert_near(volume[extra], volume[0], 1e-12);
    }
}

/* A share of random points in the unit cube is dominated; the volume is that share. */
static void many_objectives_by_sampling(void **state)
{
    enum { SAMPLES = 20000 };
    struct rng r;
    rng_init(&r, 4, 1);
    for (size_t m = 3; m <= 5; m++) {
        double points[N * M], reference[M] = {1, 1, 1, 1, 1, 1}, volume;
        fill(&r, 40, m, 0, points);
        int hit = 0;
        for (int i = 0; i < SAMPLES; i++) {
            double x[M];
            bool dominated = false;
            fill(&r, 1, m, 0, x);
            for (size_t k = 0; k < 40 && !dominated; k++)
                dominated = pareto_dominates(m, points + k * m, x);
            hit += dominated;
        }
        assert_ok(pareto_volume(40, m, points, reference, &volume, NULL));
        assert_near(volume, (double)hit / SAMPLES, 4 * 0.5 / sqrt(SAMPLES));
    }
}

static void volumes_have_limits(void **state)
{
    double x[17] = {0}, volume = 7;
    struct error e = {.code = OK};
    assert_int_equal(pareto_volume(1, 0, x, x, &volume, &e), E_LIMIT);
    assert_int_equal(pareto_volume(1, 17, x, x, &volume, &e), E_LIMIT);
    assert_real(volume, 7);
    assert_ok(pareto_volume(0, 3, NULL, x, &volume, &e));
    assert_real(volume, 0);
    const double reference[] = {1, 1, 1}, beyond[] = {0, 0, 1, 2, 0, 0};
    assert_ok(pareto_volume(2, 3, beyond, reference, &volume, &e));
    assert_real(volume, 0);
}

/* Observations whose fields the front reads. */
struct seen {
    struct observation v[N];
    double values[N][2], excess[N][1];
    struct history h;
};

static void see(struct seen *s, double a, double b, double excess)
{
    size_t i = s->h.n++;
    s->values[i][0] = a;
    s->values[i][1] = b;
    s->excess[i][0] = excess;
    s->v[i] = (struct observation){.value = a, .values = s->values[i], .excess = s->excess[i]};
    s->h.v = s->v;
    s->h.n_objectives = 2;
    s->h.n_requirements = 1;
}

static void check_front(struct seen *s, const uint32_t *expected, size_t n)
{
    struct arena a;
    const uint32_t *front;
    size_t n_front;
    arena_init(&a, 1 << 20);
    assert_ok(pareto_front(&s->h, &a, &front, &n_front));
    assert_int_equal(n_front, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(front[i], expected[i]);
    arena_free(&a);
}

static void fronts_of_histories(void **state)
{
    const double nan = (double)NAN;
    struct seen s = {.h = {.n = 0}};
    check_front(&s, NULL, 0);
    see(&s, 0, 0, 0); /* 0: evidence, which is no trial */
    s.h.n_evidence = 1;
    see(&s, 0, 0, 0); /* 1: pending */
    s.v[1].pending = true;
    see(&s, 0, 0, 0); /* 2: failed */
    s.v[2].failed = true;
    see(&s, 0, 0, 0); /* 3: infeasible */
    s.v[3].infeasible = true;
    see(&s, nan, 0, 0); /* 4: without one value */
    check_front(&s, NULL, 0);
    see(&s, 1, 1, nan); /* 5: nobody knows whether it meets the requirement */
    see(&s, 1, 5, 0.5); /* 6, 7, 8: violated, the first two the least */
    see(&s, 2, 4, 0.5);
    see(&s, 0, 0, 0.75);
    check_front(&s, (const uint32_t[]){6, 7}, 2);
    see(&s, 5, 5, 0); /* 9: met */
    check_front(&s, (const uint32_t[]){9}, 1);
    see(&s, 4, 6, -1);
    see(&s, 5, 5, 0); /* equal to 9 */
    see(&s, 6, 5, 0);
    see(&s, 3, 9, 0);
    check_front(&s, (const uint32_t[]){9, 10, 11, 13}, 4);
}

/* Domination of observations is a strict order, and agrees with observation_order where there is
 * one objective. */
static void observations_dominate(void **state)
{
    struct rng r;
    rng_init(&r, 5, 1);
    struct seen s = {.h = {.n = 0}};
    for (int i = 0; i < N; i++) {
        see(&s, (double)rng_below(&r, 4), (double)rng_below(&r, 4),
            (double)rng_below(&r, 5) / 2 - 1);
        s.v[i].failed = rng_below(&r, 8) == 0;
        s.v[i].infeasible = rng_below(&r, 8) == 0;
        if (s.v[i].failed || s.v[i].infeasible || rng_below(&r, 8) == 0)
            s.values[i][0] = s.values[i][1] = s.v[i].value = (double)NAN;
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) {
            const struct observation *a = &s.v[i], *b = &s.v[k];
            bool ab = observation_dominates(&s.h, a, b), ba = observation_dominates(&s.h, b, a);
            assert_false(ab && ba);
            for (int l = 0; l < N && ab; l++)
                if (observation_dominates(&s.h, b, &s.v[l]))
                    assert_true(observation_dominates(&s.h, a, &s.v[l]));
            s.h.n_objectives = 1;
            bool first = observation_order(&s.h, a, b) < 0;
            /* of two that violate equally the better value comes first, but dominates nothing */
            bool even = !observation_meets(&s.h, a) && !observation_meets(&s.h, b) &&
                        observation_excess(&s.h, a) >= observation_excess(&s.h, b);
            if (!even)
                assert_int_equal(observation_dominates(&s.h, a, b), first);
            s.h.n_objectives = 2;
        }
}

/* Fronts are peeled off one after the other. */
static void sorted_observations(void **state)
{
    struct rng r;
    rng_init(&r, 6, 1);
    for (size_t m = 1; m <= 2; m++) {
        struct seen s = {.h = {.n = 0}};
        uint32_t at[N], front[N];
        struct arena a;
        for (int i = 0; i < N; i++) {
            see(&s, (double)rng_below(&r, 6), (double)rng_below(&r, 6),
                rng_below(&r, 9) ? (double)rng_below(&r, 5) / 2 - 1 : (double)NAN);
            s.v[i].failed = rng_below(&r, 8) == 0;
            s.v[i].infeasible = rng_below(&r, 8) == 0;
            if (rng_below(&r, 8) == 0)
                s.values[i][0] = s.v[i].value = (double)NAN;
            at[i] = (uint32_t)(N - 1 - i);
        }
        s.h.n_objectives = m;
        arena_init(&a, 1 << 20);
        assert_ok(observations_sort(&s.h, N, at, &a, front));
        arena_free(&a);
        for (int i = 0; i < N; i++) {
            uint32_t above = 0;
            for (int k = 0; k < N; k++)
                if (observation_dominates(&s.h, &s.v[at[k]], &s.v[at[i]])) {
                    assert_true(front[k] < front[i]);
                    above = front[k] + 1 > above ? front[k] + 1 : above;
                }
            assert_int_equal(front[i], above);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_dominates),        cmocka_unit_test(sorted_as_defined),
        cmocka_unit_test(room_by_hand),          cmocka_unit_test(volumes_as_defined),
        cmocka_unit_test(dimensions_agree),      cmocka_unit_test(many_objectives_by_sampling),
        cmocka_unit_test(volumes_have_limits),   cmocka_unit_test(fronts_of_histories),
        cmocka_unit_test(observations_dominate), cmocka_unit_test(sorted_observations),
    };
    return RUN_TESTS(tests);
}
