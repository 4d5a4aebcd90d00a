/* What observations tell of the past. */
#include "fixture.h"
#include "search/trials.h"

#include <math.h>

static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};

struct table {
    struct space *space;
    struct trials t;
    struct value x[16];
    struct config configs[16];
    int64_t entry; /* the last */
};

static void start(struct table *b)
{
    b->space = make_space(rows, NULL);
    trials_init(&b->t, 1, 0);
    b->entry = 0;
    for (size_t i = 0; i < 16; i++) {
        b->x[i] = value_real((double)i / 16);
        b->configs[i] = (struct config){b->space, &b->x[i]};
    }
}

static void finish(struct table *b)
{
    trials_free(&b->t);
    space_free(b->space);
}

/* A trial that was based on the entries up to `seen`; returns its number. */
static int64_t add(struct table *b, int64_t seen)
{
    struct new_trial x = {.config = &b->configs[b->t.n], .entry = ++b->entry, .seen = seen};
    assert_ok(trials_add(&b->t, &x, NULL));
    return (int64_t)b->t.n;
}

static void end(struct table *b, int64_t number)
{
    struct end x = {.outcome = OUTCOME_COMPLETED, .entry = ++b->entry, .result.values = {1}};
    trials_end(&b->t, number, &x);
}

static size_t known(const struct table *b, int64_t number)
{
    return trials_seen(&b->t, number)->known;
}

static void they_tell_what_their_proposal_knew(void **state)
{
    struct table b;
    start(&b);
    struct end evidence = {.outcome = OUTCOME_COMPLETED, .entry = ++b.entry, .result.values = {1}};
    assert_ok(trials_add_evidence(&b.t, &b.configs[15], &evidence, NULL));
    add(&b, b.entry); /* entry 2 */
    add(&b, b.entry); /* 3 */
    end(&b, 2);       /* 4 */
    add(&b, b.entry); /* 5 */
    end(&b, 1);       /* 6 */
    end(&b, 3);       /* 7 */
    add(&b, 5);       /* worked out before the last two ends */
    add(&b, b.entry);
    const size_t expected[] = {1, 1, 2, 2, 4};
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(known(&b, i + 1), expected[i]);
    assert_int_equal(trials_history(&b.t).v[0].known, 0);
    finish(&b);
}

static void it_stays_when_they_come_back_to_life(void **state)
{
    struct table b;
    start(&b);
    add(&b, b.entry);
    end(&b, 1);
    add(&b, b.entry);
    end(&b, 2);
    double *room = trials_room(&b.t);
    assert_non_null(room);
    trials_reopen(&b.t, 2, room);
    assert_int_equal(known(&b, 2), 1);
    add(&b, b.entry);
    assert_int_equal(known(&b, 3), 1);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_tell_what_their_proposal_knew),
        cmocka_unit_test(it_stays_when_they_come_back_to_life),
    };
    return RUN_TESTS(tests);
}
