/*
 * The Gaussian process sampler with warped inputs: what it keeps in the journal, and that it finds
 * what lies at the steep end of a range.
 */
#include "conformance.h"
#include "search/entry.h"

#include <math.h>

static const struct row numbers[] = {
    {"a", "uniform(0, 1)", NULL},   {"b", "loguniform(1e-4, 1)", NULL},
    {"kind", "choice(p, q)", NULL}, {"c", "int(1, 100)", "kind == \"q\""},
    {"on", "flag()", NULL},         {NULL, NULL, NULL}};

enum { HEAD = 3, GROUPS = 5, WARPED = 3, BLOCK = GROUPS + 2 + 2 * WARPED };

/* The first number of the warps of the first model, or of the second. */
static const double *warps_of(const struct ask_record *ask, size_t model)
{
    return ask->fitted + HEAD + model * BLOCK + GROUPS + 2;
}

static size_t count_zeros(size_t n, const double *x)
{
    size_t zeros = 0;
    for (size_t i = 0; i < n; i++)
        zeros += x[i] == 0;
    return zeros;
}

/* Blocks are there from the first fit; their warps are of use once there are nine results. */
static void blocks_keep_their_places(void **state)
{
    const struct plan plan = {.rows = numbers,
                              .sampler = &sampler_gp,
                              .options = "(initial=4)",
                              .trials = 24,
                              .slots = 2,
                              .seed = 3,
                              .n_requirements = 1};
    struct run r;
    size_t before = 0, after = 0;
    start_run(&r, &plan);
    drive(&r);
    for (size_t i = 0; i < r.n; i++) {
        struct ask_record ask;
        if (r.entries[i].kind != ENTRY_ASK)
            continue;
        assert_ok(entry_read_ask(&r.entries[i], &r.settings, &r.arena, &ask, NULL));
        if (ask.n_fitted == 0)
            continue;
        assert_true(ask.n_fitted >= HEAD + 2 * BLOCK &&
                    ask.fitted[2] <= HEAD + 2 * BLOCK + 2 * (GROUPS + 2));
        for (size_t m = 0; m < 2; m++) {
            size_t zeros = count_zeros(2 * WARPED, warps_of(&ask, m));
            if (ask.fitted[0] < 3 * WARPED)
                assert_int_equal(zeros, 2 * WARPED);
            before += zeros == 2 * WARPED;
            after += zeros == 0;
        }
    }
    assert_true(before > 0 && after > 10);
    check_replay(&r);
    end_run(&r);
}

/* All of its interest is in the last hundredth of a range. */
static double steep(const struct config *c)
{
    double x = 1 - c->values[0].r, y = c->values[1].r;
    return fabs(log10(x + 1e-5) + 3) + (y - 0.4) * (y - 0.4);
}

static double best_of(const char *method, uint64_t seed)
{
    static const struct row rows[] = {
        {"x", "uniform(0, 1)", NULL}, {"y", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct space *s = make_space(rows, NULL);
    struct searcher_settings settings = make_settings(s, method, 40, 0, 0);
    struct arena a;
    struct entry entry;
    struct proposal p;
    double best = HUGE_VAL;
    settings.seed = seed;
    struct searcher *x = make_searcher(&settings);
    arena_init(&a, 1 << 26);
    assert_ok(searcher_begin(x, &a, &entry, NULL));
    for (int i = 0; i < 40; i++) {
        assert_ok(searcher_ask(x, &a, &p, &entry, NULL));
        double value = steep(&p.config);
        best = value < best ? value : best;
        assert_ok(searcher_exit(x, &a, p.trial, OUTCOME_COMPLETED, -1, value, &entry, NULL));
    }
    searcher_free(x);
    arena_free(&a);
    space_free(s);
    return best;
}

static void the_steep_end_is_found(void **state)
{
    double plain = 0, warped = 0;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        plain += best_of("gp(warp=false)", seed) / 3;
        warped += best_of("gp", seed) / 3;
    }
    print_message("# %g without a warp, %g with one\n", plain, warped);
    assert_true(warped < 0.4 && warped < plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_keep_their_places),
        cmocka_unit_test(the_steep_end_is_found),
    };
    return RUN_TESTS(tests);
}
