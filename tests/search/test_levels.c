/* Values of different steps, seen at one level. */
#include "fixture.h"
#include "search/trials.h"

#include <math.h>

static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
static const int64_t rungs[] = {1, 3, 9};

struct table {
    struct space *space;
    struct trials t;
    struct value x[64];
    struct config configs[64];
    int64_t entry;
};

static void start(struct table *b)
{
    b->space = make_space(rows, NULL);
    trials_init(&b->t, 1, 0);
    b->entry = 1;
    for (size_t i = 0; i < 64; i++) {
        b->x[i] = value_real((double)(i + 1) / 100);
        b->configs[i] = (struct config){b->space, &b->x[i]};
    }
}

static void finish(struct table *b)
{
    trials_free(&b->t);
    space_free(b->space);
}

/* A trial with `n` values at the rungs; ended there, unless it runs on. */
static void add(struct table *b, const double *values, size_t n, bool runs)
{
    struct new_trial x = {.config = &b->configs[b->t.n], .steps = 9, .entry = b->entry++};
    assert_ok(trials_add(&b->t, &x, NULL));
    int64_t number = (int64_t)b->t.n;
    for (size_t i = 0; i < n; i++)
        assert_ok(
            trials_measure(&b->t, number, (struct measurement){b->entry++, rungs[i], values[i]}));
    struct end end = {.outcome = OUTCOME_STOPPED, .step = n ? rungs[n - 1] : -1};
    end.entry = b->entry++;
    end.result.values[0] = n ? values[n - 1] : (double)NAN;
    if (!runs)
        trials_end(&b->t, number, &end);
}

static struct past seen(struct table *b, int64_t entry, size_t enough)
{
    struct past p;
    assert_ok(trials_past(&b->t, entry, &p, NULL));
    assert_ok(past_level(&b->t, &p, entry, rungs, 3, enough, NULL));
    return p;
}

static void one_level_for_all(void **state)
{
    struct table b;
    start(&b);
    add(&b, (double[]){5, 3, 1}, 3, false);
    add(&b, (double[]){6, 4}, 2, true);
    add(&b, (double[]){8, 7}, 2, false);
    add(&b, (double[]){9}, 1, false);
    add(&b, (double[]){7}, 1, false);
    add(&b, (double[]){2}, 1, true);
    add(&b, NULL, 0, false);
    struct past p = seen(&b, b.entry, 3);
    const struct history *h = &p.history;
    assert_int_equal(h->n, 7);
    /* three have a value at step 3, one alone at 9 */
    assert_true(h->v[0].value == 3 && h->v[1].value == 4 && h->v[2].value == 7);
    assert_true(h->v[0].values[0] == 3 && !h->v[1].pending);
    /* behind them by value at step 1: 7, then 9 */
    assert_true(h->v[4].value == 8 && h->v[3].value == 9);
    assert_true(h->v[5].pending && isnan(h->v[5].value));
    assert_true(!h->v[6].pending && isnan(h->v[6].value));
    assert_int_equal(h->n_ended, 6);
    assert_int_equal(h->ended[5], 1);
    assert_int_equal(b.t.n_ended, 5);
    past_free(&p);
    finish(&b);
}

static void without_enough_the_lowest_rung_decides(void **state)
{
    struct table b;
    start(&b);
    add(&b, (double[]){5, 3, 1}, 3, false);
    add(&b, (double[]){6}, 1, false);
    struct past p = seen(&b, b.entry, 8);
    assert_true(p.history.v[0].value == 5 && p.history.v[1].value == 6);
    past_free(&p);
    p = seen(&b, b.entry, 1);
    assert_true(p.history.v[0].value == 1 && p.history.v[1].value >= 1);
    past_free(&p);
    finish(&b);
}

static void later_values_are_not_seen(void **state)
{
    struct table b;
    start(&b);
    add(&b, (double[]){5, 3, 1}, 3, false);
    int64_t then = b.entry - 1;
    add(&b, (double[]){4, 2, 0}, 3, false);
    struct past p = seen(&b, then, 1);
    assert_int_equal(p.history.n, 1);
    assert_true(p.history.v[0].value == 1);
    past_free(&p);
    p = seen(&b, then + 2, 1); /* the second trial has its first value by then */
    assert_int_equal(p.history.n, 2);
    assert_true(p.history.v[1].pending);
    past_free(&p);
    finish(&b);
}

static void missing_values_and_failures_stay_so(void **state)
{
    struct table b;
    start(&b);
    add(&b, (double[]){(double)NAN, 3}, 2, false);
    add(&b, (double[]){1, (double)NAN}, 2, false);
    add(&b, (double[]){1}, 1, true);
    struct end failed = {.outcome = OUTCOME_FAILED, .step = 1, .entry = b.entry++};
    trials_end(&b.t, 3, &failed);
    struct past p = seen(&b, b.entry, 1);
    assert_true(p.history.v[0].value == 3);
    assert_true(isnan(p.history.v[1].value) && isnan(p.history.v[2].value));
    assert_true(p.history.v[2].failed);
    past_free(&p);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_level_for_all),
        cmocka_unit_test(without_enough_the_lowest_rung_decides),
        cmocka_unit_test(later_values_are_not_seen),
        cmocka_unit_test(missing_values_and_failures_stay_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
