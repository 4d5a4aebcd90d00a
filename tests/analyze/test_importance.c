/* Shares of the differences that each parameter explains. */
#include "analyze/importance.h"

#include "../space/making.h"
#include "testing.h"

#include <math.h>
#include <stdlib.h>

enum { N = 200 };

static const char mixed[] = "lr: loguniform(1e-4, 1)\n"
                            "model: choice(a, b, c)\n"
                            "width: int(1, 9) when model == \"a\"\n"
                            "extra: flag()\n"
                            "tags: subset(p, q, r)\n"
                            "batch := 32\n";

struct drawn {
    struct space *space;
    struct arena arena;
    struct config configs[N];
    double u[N][16], places[N], share[6];
};

static void draw(struct drawn *d, const char *space, uint64_t seed)
{
    d->space = must_make(space);
    arena_init(&d->arena, 1 << 24);
    for (size_t i = 0; i < N; i++) {
        struct rng r;
        rng_init(&r, seed, i);
        assert_ok(config_draw(d->space, &d->arena, &r, 1000, &d->configs[i], NULL));
        config_encode(&d->configs[i], d->u[i]);
    }
}

/* Places by these values, least first. */
static void shares(struct drawn *d, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        d->places[i] = 0;
        for (size_t k = 0; k < n; k++)
            d->places[i] += values[k] < values[i];
    }
    assert_ok(importance_shares(d->space, d->configs, d->places, n, d->share, NULL));
}

static void drop(struct drawn *d)
{
    arena_free(&d->arena);
    space_free(d->space);
}

static double noise(struct rng *r)
{
    return 0.1 * rng_normal(r);
}

static void what_decides_is_found(void **state)
{
    static struct drawn d;
    double values[N];
    struct rng r;
    rng_init(&r, 9, 9);
    draw(&d, mixed, 1);
    for (size_t i = 0; i < N; i++)
        values[i] = 2 * fabs(d.u[i][0] - 0.5) + noise(&r);
    shares(&d, values, N);
    assert_near(d.share[0], 1, 0.5);
    for (size_t p = 1; p < 6; p++)
        assert_near(d.share[p], 0, 0.1);
    for (size_t i = 0; i < N; i++)
        values[i] = (d.u[i][1] > 2 / 3.0) + noise(&r);
    shares(&d, values, N);
    assert_near(d.share[1], 1, 0.5);
    assert_near(d.share[0], 0, 0.1);
    assert_near(d.share[3], 0, 0.1);
    for (size_t i = 0; i < N; i++)
        values[i] = (d.u[i][4] > 0.5) + noise(&r); /* is p among the tags? */
    shares(&d, values, N);
    assert_near(d.share[4], 1, 0.4);
    drop(&d);
}

/* By chance a share is above nothing only now and then, and little then. */
static void chance_explains_nothing(void **state)
{
    static struct drawn d;
    double values[N], sum = 0;
    draw(&d, mixed, 2);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct rng r;
        rng_init(&r, seed, 0);
        for (size_t i = 0; i < N; i++)
            values[i] = rng_unit(&r);
        shares(&d, values, N);
        for (size_t p = 0; p < 5; p++)
            sum += d.share[p];
    }
    assert_true(sum / 40 / 5 < 0.02);
    drop(&d);
}

static void too_few_tell_nothing(void **state)
{
    static struct drawn d;
    double values[N] = {1, 2, 3};
    draw(&d, mixed, 3);
    for (size_t n = 0; n <= 2; n++) {
        shares(&d, values, n);
        for (size_t p = 0; p < 6; p++)
            assert_true(d.share[p] >= 0 && d.share[p] <= 1);
    }
    shares(&d, values, 0);
    assert_true(d.share[0] <= 0);
    double same[N] = {0};
    shares(&d, same, N);
    for (size_t p = 0; p < 6; p++)
        assert_true(d.share[p] <= 0);
    drop(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_decides_is_found),
        cmocka_unit_test(chance_explains_nothing),
        cmocka_unit_test(too_few_tell_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
