#include "base/rng.h"
#include "model/lbfgs.h"
#include "testing.h"

#include <float.h>
#include <math.h>

enum { MOST = 100, MEMORY = 8 };

#define INF __builtin_inf()

struct problem {
    int calls;
    const double *lo, *hi;
    double a[MOST], c[MOST]; /* sum of a_i (x_i - c_i)^2 */
    double wall;             /* not defined where x_0 is beyond it */
    double least;            /* the least value that was given */
};

static void check_inside(struct problem *p, size_t n, const double *x)
{
    p->calls++;
    for (size_t i = 0; i < n; i++)
        if (!(x[i] >= p->lo[i] && x[i] <= p->hi[i]))
            fail_msg("x[%zu] = %g left [%g, %g]", i, x[i], p->lo[i], p->hi[i]);
}

static double quadratic(void *self, size_t n, const double *x, double *g)
{
    struct problem *p = self;
    double sum = 0;
    check_inside(p, n, x);
    for (size_t i = 0; i < n; i++) {
        sum += p->a[i] * (x[i] - p->c[i]) * (x[i] - p->c[i]);
        g[i] = 2 * p->a[i] * (x[i] - p->c[i]);
    }
    p->least = fmin(p->least, sum);
    return sum;
}

static double rosenbrock(void *self, size_t n, const double *x, double *g)
{
    double sum = 0;
    check_inside(self, n, x);
    memset(g, 0, n * sizeof(*g));
    for (size_t i = 0; i + 1 < n; i++) {
        double t = x[i + 1] - x[i] * x[i], u = 1 - x[i];
        sum += 100 * t * t + u * u;
        g[i] += -400 * x[i] * t - 2 * u;
        g[i + 1] += 200 * t;
    }
    return sum;
}

/* A quadratic that gives NaN, or infinity, past a wall, and garbage for a gradient. */
static double walled(void *self, size_t n, const double *x, double *g)
{
    struct problem *p = self;
    double value = quadratic(self, n, x, g);
    if (x[0] <= p->wall)
        return value;
    for (size_t i = 0; i < n; i++)
        g[i] = p->calls % 2 ? __builtin_nan("") : INF;
    return p->calls % 3 == 0 ? __builtin_nan("") : p->calls % 3 == 1 ? INF : -INF;
}

static double undefined(void *self, size_t n, const double *x, double *g)
{
    check_inside(self, n, x);
    return __builtin_nan("");
}

static double minimise(struct problem *p, size_t n, double *x, const double *lo, const double *hi,
                       lbfgs_function f, int evaluations)
{
    struct lbfgs_options o = {MEMORY, evaluations, 1e-9, 0};
    double *work = malloc(lbfgs_work(n, MEMORY) * sizeof(*work) + 1);
    assert_non_null(work);
    p->lo = lo;
    p->hi = hi;
    p->least = INF;
    double value = lbfgs_minimise(n, x, lo, hi, f, p, &o, work);
    assert_true(p->calls <= evaluations);
    free(work);
    return value;
}

static void fill(double *x, double value)
{
    for (int i = 0; i < MOST; i++)
        x[i] = value;
}

static void rosenbrock_is_minimised(void **state)
{
    static const size_t dimensions[] = {2, 5, 20, 100};
    double x[MOST], lo[MOST], hi[MOST];
    for (size_t i = 0; i < 4; i++) {
        struct problem p = {.calls = 0};
        fill(lo, i % 2 ? -INF : -5);
        fill(hi, i % 2 ? INF : 5);
        fill(x, -1.2);
        double value = minimise(&p, dimensions[i], x, lo, hi, rosenbrock, 2000);
        print_message("# n = %zu: %g after %d evaluations\n", dimensions[i], value, p.calls);
        /* from here some dimensions end in the other local minimum, near x_0 = -1 */
        assert_true(value < 1e-12 || fabs(value - 3.9866) < 0.02);
    }
}

static void rosenbrock_at_a_bound(void **state)
{
    double x[] = {-1, 0.9}, lo[] = {-2, -2}, hi[] = {0.5, 2};
    struct problem p = {.calls = 0};
    double value = minimise(&p, 2, x, lo, hi, rosenbrock, 500);
    assert_near(value, 0.25, 1e-12);
    assert_near(x[0], 0.5, 0);
    assert_near(x[1], 0.25, 1e-6);
}

static void quadratics_in_boxes(void **state)
{
    struct rng r;
    double x[MOST], lo[MOST], hi[MOST], worst = 0;
    const char *given = getenv("TRAWL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 5;
    print_message("# seed %llu (TRAWL_TEST_SEED)\n", (unsigned long long)seed);
    rng_init(&r, seed, 1);
    for (int round = 0; round < 300; round++) {
        struct problem p = {.calls = 0};
        size_t n = 1 + rng_below(&r, MOST);
        double expected = 0;
        for (size_t i = 0; i < n; i++) {
            lo[i] = rng_below(&r, 4) ? rng_normal(&r) : -INF;
            hi[i] = rng_below(&r, 4) ? fmax(lo[i], -5) + rng_below(&r, 3) * rng_unit(&r) : INF;
            p.a[i] = exp(2 * rng_normal(&r));
            p.c[i] = 2 * rng_normal(&r);
            x[i] = 3 * rng_normal(&r);
            double at = fmin(fmax(p.c[i], lo[i]), hi[i]) - p.c[i];
            expected += p.a[i] * at * at;
        }
        double value = minimise(&p, n, x, lo, hi, quadratic, 3000);
        worst = fmax(worst, (double)p.calls);
        assert_near(value, expected, 1e-8 * (1 + expected));
        for (size_t i = 0; i < n; i++)
            assert_true(x[i] >= lo[i] && x[i] <= hi[i]);
    }
    print_message("# %g evaluations at most\n", worst);
}

static void walls_are_stepped_back_from(void **state)
{
    double x[] = {0, 0}, lo[] = {-10, -10}, hi[] = {10, 10}, g[2];
    struct problem p = {.a = {1, 3}, .c = {5, 1}, .wall = 2};
    double value = minimise(&p, 2, x, lo, hi, walled, 200);
    assert_true(x[0] <= 2 && x[0] > 1.5);
    assert_real(value, quadratic(&p, 2, x, g));
}

static void undefined_at_the_start(void **state)
{
    double x[] = {3, __builtin_nan("")}, lo[] = {-1, 0.25}, hi[] = {1, 1};
    struct problem p = {.calls = 0};
    assert_real(minimise(&p, 2, x, lo, hi, undefined, 100), INF);
    assert_real(x[0], 1.0);
    assert_real(x[1], 0.25);
    assert_int_equal(p.calls, 1);
}

static void the_best_seen_is_returned(void **state)
{
    double lo[] = {-10, -10}, hi[] = {10, 10}, g[2];
    for (int evaluations = 1; evaluations < 40; evaluations++) {
        double x[] = {-1.2, 1};
        struct problem p = {.a = {1, 500}, .c = {3, -2}};
        double value = minimise(&p, 2, x, lo, hi, quadratic, evaluations);
        assert_real(value, p.least);
        assert_real(value, quadratic(&p, 2, x, g));
    }
}

static void nothing_to_move(void **state)
{
    double x[] = {7, 7}, lo[] = {1, 2}, hi[] = {1, 2}, *none = x;
    struct problem p = {.a = {1, 1}};
    assert_real(minimise(&p, 2, x, lo, hi, quadratic, 10), 5.0);
    assert_real(minimise(&p, 0, none, lo, hi, quadratic, 10), 0.0);
    assert_int_equal(p.calls, 2);
}

static void same_start_same_end(void **state)
{
    double x[] = {-1.2, 1, 0.3}, y[] = {-1.2, 1, 0.3}, lo[] = {-2, -2, -2}, hi[] = {2, 0.8, 2};
    struct problem p = {.calls = 0}, q = {.calls = 0};
    double a = minimise(&p, 3, x, lo, hi, rosenbrock, 60);
    assert_real(a, minimise(&q, 3, y, lo, hi, rosenbrock, 60));
    assert_memory_equal(x, y, sizeof(x));
    assert_int_equal(p.calls, q.calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rosenbrock_is_minimised), cmocka_unit_test(rosenbrock_at_a_bound),
        cmocka_unit_test(quadratics_in_boxes),     cmocka_unit_test(walls_are_stepped_back_from),
        cmocka_unit_test(undefined_at_the_start),  cmocka_unit_test(the_best_seen_is_returned),
        cmocka_unit_test(nothing_to_move),         cmocka_unit_test(same_start_same_end),
    };
    return RUN_TESTS(tests);
}
