/*
 * Rows of configurations: the two ways to one agree, and what a kernel makes of them is positive
 * definite, on spaces of every kind.
 */
#include "base/linalg.h"
#include "model/kernel.h"
#include "space/making.h"
#include "testing.h"

#include <math.h>

static const char *const spaces[] = {
    "x: uniform(0, 1)",
    "lr: loguniform(1e-4, 1)\ndepth: int(2, 12)\nmodel: choice(linear, mlp, gbdt=2)\n"
    "size: ordinal(small, large)\nweather: flag()\nshift: normal(0, 1)\nwidth: logint(16, 512)\n"
    "step: uniform(0, 1, step=0.25)\nwhere depth * width <= 4096 or weather",
    "model: choice(linear, mlp, gbdt)\nhidden: logint(16, 512) when model == \"mlp\"\n"
    "batch: ordinal(32, 64, 128, 256)\ndepth: int(2, 12) when model == \"gbdt\"\n"
    "prune: flag() when depth > 6\nrate: lognormal(-1, 1, 0.01, 10) when prune\n"
    "features: subset(hour, carrier, distance, min=1)\n"
    "order: permutation(a, b, c, d) when len(features) >= 2\nkind: choice(u, v) when prune\n"
    "where hidden * batch <= 65536",
    ("seed: int(0, 9223372036854775806)\nlow: int(-9223372036854775807, -9223372036854775800)\n"
     "log: logint(1, 9223372036854775806)\nfixed := 3"),
    "one: permutation(a)\ntwo: permutation(a, b)\nlone: choice(only)\nwide: choice(a=10, b=1, c)",
};

enum { SPACES = sizeof(spaces) / sizeof(spaces[0]), POINTS = 60 };

struct bed {
    struct space *space;
    struct encoding *x;
    struct arena a;
    struct value *values;
    double *u, *row, *other;
};

static struct bed bed_of(const char *text)
{
    struct bed b = {.space = must_make(text)};
    assert_ok(encoding_new(b.space, &b.x, NULL));
    arena_init(&b.a, 1 << 24);
    b.values = arena_array(&b.a, b.space->n_params, sizeof(*b.values));
    b.u = arena_array(&b.a, b.x->n_units + 1, sizeof(*b.u));
    b.row = arena_array(&b.a, b.x->n_columns + 1, sizeof(*b.row));
    b.other = arena_array(&b.a, b.x->n_columns + 1, sizeof(*b.other));
    assert_true(b.values && b.u && b.row && b.other);
    return b;
}

static void bed_free(struct bed *b)
{
    arena_free(&b->a);
    encoding_free(b->x);
    space_free(b->space);
}

static void draw(struct bed *b, struct rng *r)
{
    for (size_t k = 0; k < b->x->n_units; k++)
        b->u[k] = rng_unit(r);
}

static void a_point_and_its_configuration_have_one_row(void **state)
{
    struct rng r;
    uint64_t seed = test_seed();
    rng_init(&r, seed, 0);
    for (size_t i = 0; i < SPACES; i++) {
        struct bed b = bed_of(spaces[i]);
        double *back = arena_array(&b.a, b.x->n_units + 1, sizeof(*back));
        for (int round = 0; round < 300; round++) {
            struct config c;
            bool allowed;
            draw(&b, &r);
            assert_ok(config_decode(b.space, &b.a, b.u, &c));
            assert_ok(encoding_point(b.x, &b.a, b.u, b.values, b.row, &allowed));
            encoding_row(b.x, &c, back, b.other);
            for (size_t k = 0; k < b.x->n_columns; k++)
                assert_near(b.row[k], b.other[k], 1e-9);
            assert_int_equal(allowed, config_allowed(&c, NULL));
        }
        bed_free(&b);
    }
}

static void levels_are_found_again(void **state)
{
    for (size_t i = 0; i < SPACES; i++) {
        struct bed b = bed_of(spaces[i]);
        for (size_t k = 0; k < b.x->n_units; k++)
            for (int64_t level = 0; level < b.x->units[k].levels && level < 20 &&
                                    b.x->units[k].levels < (int64_t)1 << 40; /* as priors promise */
                 level++)
                assert_int_equal(unit_level(b.x, k, unit_of_level(b.x, k, level)), level);
        bed_free(&b);
    }
}

/* Random points of each space: distances are 0 to itself and symmetric, and the covariances have a
 * Cholesky factor. */
static void kernels_are_positive_definite(void **state)
{
    struct rng r;
    uint64_t seed = test_seed();
    rng_init(&r, seed, 1);
    for (size_t i = 0; i < SPACES; i++) {
        struct bed b = bed_of(spaces[i]);
        struct points x;
        struct kernel k;
        double lengths[64], matrix[POINTS * POINTS], row[POINTS];
        assert_ok(points_init(&x, &b.a, b.x->n_columns, POINTS));
        assert_ok(kernel_init(&k, &b.a, b.x));
        for (size_t g = 0; g < b.x->n_groups; g++)
            lengths[g] = 2 * rng_normal(&r);
        kernel_set(&k, lengths, 0.3);
        for (size_t n = 0; n < POINTS; n++) {
            bool allowed;
            draw(&b, &r);
            assert_ok(encoding_point(b.x, &b.a, b.u, b.values, b.row, &allowed));
            points_add(&x, b.row);
        }
        for (size_t n = 0; n < POINTS; n++) {
            points_get(&x, n, b.row);
            kernel_distances(&k, b.row, &x, 0, POINTS, matrix + n * POINTS);
            assert_real(matrix[n * POINTS + n], 0.0);
            for (size_t m = 0; m < n; m++)
                assert_real(matrix[n * POINTS + m], matrix[m * POINTS + n]);
        }
        for (size_t n = 0; n < POINTS; n++) {
            memcpy(row, matrix + n * POINTS, sizeof(row));
            kernel_values(&k, POINTS, row, matrix + n * POINTS, NULL);
            assert_near(matrix[n * POINTS + n], exp(0.3), 1e-12);
            matrix[n * POINTS + n] += 1e-8;
        }
        assert_int_equal(linalg_cholesky(POINTS, matrix, POINTS), POINTS);
        bed_free(&b);
    }
}

static double distance(struct bed *b, const char *first, const char *second)
{
    struct config c, d;
    struct error e = {.code = OK};
    struct points x;
    struct kernel k;
    double ret, *u = arena_array(&b->a, b->x->n_units + 1, sizeof(*u));
    double lengths[64] = {0};
    assert_ok(config_parse(b->space, &b->a, str_of(first), &c, &e));
    assert_ok(config_parse(b->space, &b->a, str_of(second), &d, &e));
    encoding_row(b->x, &c, u, b->row);
    encoding_row(b->x, &d, u, b->other);
    assert_ok(points_init(&x, &b->a, b->x->n_columns, 1));
    assert_ok(kernel_init(&k, &b->a, b->x));
    kernel_set(&k, lengths, 0);
    points_add(&x, b->other);
    kernel_distances(&k, b->row, &x, 0, 1, &ret);
    return ret;
}

/* With all lengths 1. */
static void distances_are_those_that_are_promised(void **state)
{
    struct bed b = bed_of("m: choice(a, b, c)\nx: uniform(0, 1) when m == \"a\"\n"
                          "k: choice(p, q) when m == \"a\"\nf: flag()\ns: subset(u, v)\n"
                          "o: permutation(i, j, k)");
    const char *one = "{\"m\":\"b\",\"f\":true,\"s\":[],\"o\":[\"i\",\"j\",\"k\"]}";
    assert_real(distance(&b, one, one), 0.0);
    assert_real(distance(&b, one, "{\"m\":\"c\",\"f\":true,\"s\":[],\"o\":[\"i\",\"j\",\"k\"]}"),
                1.0);
    assert_real(distance(&b, one, "{\"m\":\"b\",\"f\":false,\"s\":[],\"o\":[\"i\",\"j\",\"k\"]}"),
                1.0);
    assert_real(
        distance(&b, one, "{\"m\":\"b\",\"f\":true,\"s\":[\"v\"],\"o\":[\"i\",\"j\",\"k\"]}"), 1.0);
    assert_near(distance(&b, one, "{\"m\":\"b\",\"f\":true,\"s\":[],\"o\":[\"j\",\"i\",\"k\"]}"),
                1.0 / 3, 1e-15);
    assert_near(distance(&b, one, "{\"m\":\"b\",\"f\":true,\"s\":[],\"o\":[\"k\",\"j\",\"i\"]}"),
                1.0, 1e-15);
    assert_near(
        distance(&b, one,
                 "{\"m\":\"a\",\"x\":0.5,\"k\":\"p\",\"f\":true,\"s\":[],\"o\":[\"i\",\"j\","
                 "\"k\"]}"),
        1.5, 1e-15); /* x at the middle: nothing; another m: 1; k not active: 1/2 */
    bed_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_and_its_configuration_have_one_row),
        cmocka_unit_test(levels_are_found_again),
        cmocka_unit_test(kernels_are_positive_definite),
        cmocka_unit_test(distances_are_those_that_are_promised),
    };
    return RUN_TESTS(tests);
}
