/*
 * What every store must rank alike: the best, the front, what meets its requirements.
 */
#include "store/rank.h"

#include "scratch.h"

#include "base/rng.h"

#include <math.h>

enum { TRIALS = 40, CHANGES = 1500 };

static const double nan_value = (double)NAN, inf = (double)INFINITY;

struct numbers {
    int64_t v[64];
    size_t n;
};

static enum code note_trial(void *self, const struct trial_row *row)
{
    struct numbers *numbers = self;
    if (numbers->n < 64)
        numbers->v[numbers->n++] = trial_id_number(row->id);
    return OK;
}

static void best_follows_what_happens(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    arena_init(&a, 1 << 20);
    scratch_search(t, true);
    begin(t);
    for (int64_t i = 1; i <= 6; i++)
        put_trial(t, i, i == 6 ? 3 : i); /* 6 replicates 3 */
#define BEST (search_of(t, t->search, &a).best_trial)
    end_trial(t, 1, TRIAL_COMPLETED, (double)NAN, 27);
    assert_int_equal(BEST, 0);
    end_trial(t, 2, TRIAL_STOPPED, 0.1, 9);
    assert_int_equal(BEST, 2);
    end_trial(t, 3, TRIAL_COMPLETED, 0.5, 27);
    assert_int_equal(BEST, 3);
    end_trial(t, 4, TRIAL_COMPLETED, 0.6, 27);
    assert_int_equal(BEST, 3);
    end_trial(t, 6, TRIAL_COMPLETED, 0.9, 27); /* the mean of 3 and 6 is 0.7 */
    assert_int_equal(BEST, 4);
    end_trial(t, 5, TRIAL_FAILED, 0.0, 27);
    assert_int_equal(BEST, 4);
    commit(t);
    struct numbers best = {.n = 0}, one = {.n = 0};
    assert_ok(store_best(t->s, t->search, 10, note_trial, &best, NULL));
    static const int64_t order[] = {4, 3, 6, 2};
    assert_int_equal(best.n, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(best.v[i], order[i]);
    assert_ok(store_best(t->s, t->search, 1, note_trial, &one, NULL));
    assert_int_equal(one.n, 1);
    CODE(E_NOT_FOUND, store_best(t->s, (struct search_id){99}, 1, note_trial, &one, &e_));
    arena_free(&a);
}

/* ---- several objectives, requirements ---- */

static void insert_search(struct scratch *t, const struct search_row *row)
{
    struct space_row space;
    begin(t);
    assert_ok(store_space_put(t->s, STR("flights"), STR("{}"), 1, &space, NULL));
    assert_ok(store_search_insert(t->s, space.space, space.version, row, &t->search, NULL));
    commit(t);
}

static void front_search(struct scratch *t, struct str measures, struct str requirements)
{
    const struct search_row row = {.state = SEARCH_RUNNING,
                                   .metric = STR("acc"),
                                   .measures = measures,
                                   .requirements = requirements,
                                   .created = 5};
    insert_search(t, &row);
}

/* Trials have steps of their own. */
static void own_search(struct scratch *t, struct str measures)
{
    const struct search_row row = {.state = SEARCH_RUNNING,
                                   .metric = STR("acc"),
                                   .measures = measures,
                                   .created = 5,
                                   .own_steps = true};
    insert_search(t, &row);
}

/* Who was given little and made the most of it is the best, wherever its program ended. */
static void steps_of_their_own_do_not_rank(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    arena_init(&a, 1 << 20);
    own_search(t, (struct str){NULL, 0});
    assert_true(search_of(t, t->search, &a).own_steps);
    begin(t);
    for (int64_t i = 1; i <= 5; i++)
        put_trial(t, i, i == 5 ? 2 : i); /* 5 replicates 2 */
    end_trial(t, 1, TRIAL_COMPLETED, 0.5, 27);
    end_trial(t, 2, TRIAL_COMPLETED, 0.9, 3);
    assert_int_equal(search_of(t, t->search, &a).best_trial, 2);
    end_trial(t, 3, TRIAL_STOPPED, 0.99, 20);
    assert_int_equal(search_of(t, t->search, &a).best_trial, 2);
    end_trial(t, 4, TRIAL_COMPLETED, 0.7, 1);
    assert_int_equal(search_of(t, t->search, &a).best_trial, 2);
    end_trial(t, 5, TRIAL_COMPLETED, 0.3, 2); /* the mean of 2 and 5 is 0.6 */
    assert_int_equal(search_of(t, t->search, &a).best_trial, 4);
    commit(t);
    struct numbers best = {.n = 0};
    assert_ok(store_best(t->s, t->search, 10, note_trial, &best, NULL));
    static const int64_t order[] = {4, 2, 5, 1, 3};
    assert_int_equal(best.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(best.v[i], order[i]);
    arena_free(&a);
}

/* A trial of its own configuration that ended: acc, latency, and by how much it is missed. */
static void ended(struct scratch *t, int64_t number, enum trial_state state, int64_t step,
                  double acc, double latency, double excess)
{
    struct trial_row row = {.id = trial_id_of(t->search, number),
                            .config_hash = number,
                            .state = TRIAL_RUNNING,
                            .step = -1};
    assert_ok(store_trial_insert(t->s, &row, NULL));
    row.state = state;
    row.step = step;
    row.has_value = true;
    row.value = acc;
    row.scores = (struct scores){.n_values = 2, .seen = 3, .values = {acc, latency}, .n_excess = 1};
    row.scores.excess[0] = excess;
    assert_ok(store_trial_update(t->s, &row, NULL));
}

static void assert_front(struct scratch *t, const int64_t *numbers, size_t n)
{
    struct numbers front = {.n = 0};
    struct arena a;
    arena_init(&a, 1 << 20);
    assert_ok(store_best(t->s, t->search, 64, note_trial, &front, NULL));
    assert_int_equal(front.n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(front.v[i], numbers[i]);
    assert_int_equal(search_of(t, t->search, &a).best_trial, 0);
    arena_free(&a);
}

static void the_front_is_what_none_dominates(void **state)
{
    struct scratch *t = *state;
    front_search(t, STR("+acc\n-latency"), STR("latency <= 20"));
    begin(t);
    assert_front(t, NULL, 0);
    ended(t, 1, TRIAL_STOPPED, 9, 0.9, 5, -1);
    assert_front(t, (int64_t[]){1}, 1);
    ended(t, 2, TRIAL_COMPLETED, 9, 0.5, 10, -1); /* completed before stopped */
    assert_front(t, (int64_t[]){2}, 1);
    ended(t, 3, TRIAL_COMPLETED, 27, 0.6, 10, -0.5); /* a higher step */
    assert_front(t, (int64_t[]){3}, 1);
    ended(t, 4, TRIAL_COMPLETED, 27, 0.7, 15, -0.25);
    ended(t, 5, TRIAL_COMPLETED, 27, 0.65, 16, -0.2);    /* 4 is better in both */
    ended(t, 6, TRIAL_COMPLETED, 27, 0.99, 30, 0.5);     /* misses the requirement */
    ended(t, 7, TRIAL_COMPLETED, 27, 0.98, 20, 0);       /* just meets it */
    ended(t, 8, TRIAL_COMPLETED, 27, 0.1, 1, nan_value); /* never said */
    ended(t, 9, TRIAL_COMPLETED, 27, 0.98, 20, 0);       /* as good as 7 */
    ended(t, 10, TRIAL_COMPLETED, 27, nan_value, 1, -0.9);
    ended(t, 11, TRIAL_COMPLETED, 27, 2, inf, inf);
    ended(t, 12, TRIAL_FAILED, 27, 2, 0, -1);
    assert_front(t, (int64_t[]){7, 9, 4, 3}, 4);
    struct numbers two = {.n = 0};
    assert_ok(store_best(t->s, t->search, 2, note_trial, &two, NULL));
    assert_int_equal(two.n, 2);
    commit(t);
    scratch_reopen(t);
    assert_front(t, (int64_t[]){7, 9, 4, 3}, 4);
}

static void nothing_is_best_where_nothing_meets_the_requirements(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    arena_init(&a, 1 << 20);
    front_search(t, STR("+acc\n?latency"), STR("latency <= 20"));
    begin(t);
    ended(t, 1, TRIAL_COMPLETED, 27, 0.9, 30, 0.5);
    assert_int_equal(BEST, 0);
    ended(t, 2, TRIAL_COMPLETED, 27, 0.1, 20, 0);
    assert_int_equal(BEST, 2);
    ended(t, 3, TRIAL_COMPLETED, 9, 0.9, 10, -0.5);
    assert_int_equal(BEST, 2);
    /* Its second half takes a configuration over its bound. */
    struct trial_row row = {.id = trial_id_of(t->search, 4), .config_hash = 2, .step = -1};
    row.state = TRIAL_RUNNING;
    assert_ok(store_trial_insert(t->s, &row, NULL));
    row.state = TRIAL_COMPLETED;
    row.step = 27;
    row.has_value = true;
    row.value = 0.5;
    row.scores = (struct scores){
        .n_values = 2, .seen = 3, .values = {0.5, 21}, .n_excess = 1, .excess = {0.05}};
    assert_ok(store_trial_update(t->s, &row, NULL));
    assert_int_equal(BEST, 3);
    /* Outcomes that change where nothing else does. */
    row.scores.excess[0] = -0.05;
    assert_ok(store_trial_update(t->s, &row, NULL));
    assert_int_equal(BEST, 2);
    commit(t);
    arena_free(&a);
}

/* ---- under random changes ---- */

static double random_value(struct rng *r)
{
    uint64_t kind = rng_below(r, 12);
    return kind == 0 ? nan_value : kind == 1 ? inf : (double)rng_below(r, 8);
}

static enum trial_state random_state(struct rng *r, enum trial_state from)
{
    for (;;) {
        enum trial_state to = (enum trial_state)rng_below(r, TRIAL_STATE_COUNT);
        if (to != TRIAL_INFEASIBLE && to != TRIAL_CANCELLED && to != TRIAL_COMPLETED &&
            (from == to || trial_state_may_follow(from, to)))
            return to;
        if (from == TRIAL_RUNNING && to == TRIAL_COMPLETED && rng_below(r, 4) == 0)
            return to;
        if (from == TRIAL_COMPLETED)
            return from;
    }
}

static void random_scores(struct rng *r, const struct aims *aims, struct trial_row *row)
{
    struct scores *o = &row->scores;
    *o = (struct scores){.n_values = aims->n_objectives, .n_excess = aims->n_requirements};
    for (size_t i = 1; i < o->n_values; i++) {
        o->values[i] = random_value(r);
        o->seen |= (uint32_t)(rng_below(r, 8) > 0) << i;
    }
    for (size_t i = 0; i < o->n_excess; i++)
        o->excess[i] = random_value(r) - 4;
}

/* The rows as we last wrote them, ranked by rank.h alone, against what the store says. */
static void compare_with_store(struct scratch *t, const struct trial_row *rows,
                               const struct aims *aims)
{
    struct ranked v[TRIALS];
    double more[TRIALS][RANK_MORE_MAX];
    size_t n = 0;
    struct arena a;
    struct numbers best = {.n = 0};
    int64_t counts[TRIAL_STATE_COUNT] = {0};
    arena_init(&a, 1 << 20);
    for (int i = 0; i < TRIALS; i++) {
        counts[rows[i].state]++;
        if (!rank_takes(rows[i].state, rows[i].has_value))
            continue;
        v[n] = (struct ranked){.step = rank_step(aims, rows[i].step),
                               .config_hash = rows[i].config_hash,
                               .number = i + 1,
                               .value = rows[i].value,
                               .more = more[n],
                               .stopped = rows[i].state == TRIAL_STOPPED};
        rank_fill_more(aims, &rows[i].scores, more[n]);
        n++;
    }
    n = rank_sort(v, n, aims);
    struct search_row row = search_of(t, t->search, &a);
    assert_int_equal(row.best_trial, n > 0 && aims->n_objectives == 1 ? v[0].number : 0);
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        assert_int_equal(row.counts[i], counts[i]);
    assert_ok(store_best(t->s, t->search, TRIALS, note_trial, &best, NULL));
    assert_int_equal(best.n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(best.v[i], v[i].number);
    arena_free(&a);
}

static void change_and_compare(struct scratch *t, struct rng *r)
{
    struct trial_row rows[TRIALS];
    struct arena a;
    arena_init(&a, 1 << 20);
    struct search_row search = search_of(t, t->search, &a);
    struct aims aims = search_aims(&search);
    begin(t);
    for (int i = 0; i < TRIALS; i++) {
        rows[i] = (struct trial_row){.id = trial_id_of(t->search, i + 1),
                                     .config_hash = (int64_t)rng_below(r, TRIALS / 2),
                                     .step = -1};
        assert_ok(store_trial_insert(t->s, &rows[i], NULL));
    }
    for (int i = 0; i < CHANGES; i++) {
        struct trial_row *row = &rows[rng_below(r, TRIALS)];
        row->state = random_state(r, row->state);
        row->has_value = rng_below(r, 8) > 0;
        row->value = row->has_value ? random_value(r) : nan_value;
        row->step = (int64_t)rng_below(r, 3);
        random_scores(r, &aims, row);
        assert_ok(store_trial_update(t->s, row, NULL));
        compare_with_store(t, rows, &aims);
    }
    commit(t);
    arena_free(&a);
}

static void ranking_is_what_it_is_computed_from(void **state)
{
    struct scratch *t = *state;
    struct problems p;
    struct rng r;
    rng_init(&r, 1, 0);
    for (int minimize = 0; minimize < 2; minimize++) {
        scratch_search(t, minimize);
        change_and_compare(t, &r);
    }
    front_search(t, (struct str){NULL, 0}, STR("acc > 4"));
    change_and_compare(t, &r);
    front_search(t, STR("+acc\n-latency\n-size"), STR("latency < 4\nsize < 4"));
    change_and_compare(t, &r);
    own_search(t, (struct str){NULL, 0});
    change_and_compare(t, &r);
    own_search(t, STR("+acc\n-latency"));
    change_and_compare(t, &r);
    problems_init(&p);
    assert_ok(store_check(t->s, &p));
    assert_int_equal(p.n, 0);
    problems_free(&p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        TEST(best_follows_what_happens),
        TEST(steps_of_their_own_do_not_rank),
        TEST(the_front_is_what_none_dominates),
        TEST(nothing_is_best_where_nothing_meets_the_requirements),
        TEST(ranking_is_what_it_is_computed_from),
    };
    return RUN_TESTS(tests);
}
