/* What the store in memory does beyond the suite: what a brief one keeps, and taking back. */
#include "store/store.h"
#include "testing.h"

#include <math.h>

struct kept {
    struct store *s;
    struct search_id search;
};

static struct kept open_memory(const char *where)
{
    struct kept k = {0};
    struct space_row space;
    const struct search_row row = {
        .state = SEARCH_RUNNING, .metric = STR("loss"), .minimize = true};
    assert_ok(store_open(where, STORE_CREATE, DURABILITY_DEFAULT, &k.s, NULL));
    assert_ok(store_lock(k.s, NULL));
    assert_ok(store_begin(k.s, NULL));
    assert_ok(store_space_put(k.s, STR("s"), STR("{}"), 1, &space, NULL));
    assert_ok(store_search_insert(k.s, space.space, space.version, &row, &k.search, NULL));
    assert_ok(store_commit(k.s, NULL));
    return k;
}

static struct trial_row trial(const struct kept *k, int64_t number)
{
    return (struct trial_row){.id = trial_id_of(k->search, number),
                              .params = STR("{}"),
                              .config_hash = number,
                              .value = (double)NAN,
                              .step = -1};
}

static enum code count_entry(void *self, const struct journal_row *row)
{
    ++*(int *)self;
    return OK;
}

static enum code count_attempt(void *self, const struct attempt_row *row)
{
    ++*(int *)self;
    return OK;
}

static enum code count_point(void *self, const struct metric_point *p)
{
    ++*(int *)self;
    return OK;
}

/* An attempt of trial 1, its point, an entry; then its end. */
static void live_and_end(struct kept *k, struct attempt_row *attempt)
{
    const struct metric_point point = {.seq = 1, .step = 1, .name = STR("loss")};
    const struct journal_row entry = {.seq = 1, .kind = STR("begin"), .data = STR("{}")};
    struct trial_row row = trial(k, 1);
    assert_ok(store_begin(k->s, NULL));
    assert_ok(store_trial_insert(k->s, &row, NULL));
    *attempt = (struct attempt_row){.trial = row.id, .number = 1, .state = ATTEMPT_RUNNING};
    assert_ok(store_attempt_insert(k->s, attempt, &attempt->id, NULL));
    assert_ok(store_metrics_add(k->s, attempt->id, &point, 1, NULL));
    assert_ok(store_journal_append(k->s, k->search, &entry, NULL));
    assert_ok(store_commit(k->s, NULL));
    assert_ok(store_begin(k->s, NULL));
    attempt->state = ATTEMPT_ENDED;
    assert_ok(store_attempt_update(k->s, attempt, NULL));
    assert_ok(store_attempt_update(k->s, attempt, NULL));
    assert_ok(store_commit(k->s, NULL));
}

static void a_brief_store_forgets(void **state)
{
    struct kept k = open_memory("memory:brief");
    struct attempt_row attempt;
    struct arena a;
    struct trial_row row;
    int n = 0;
    arena_init(&a, 1 << 20);
    assert_true(store_is_brief(k.s));
    live_and_end(&k, &attempt);
    assert_ok(store_journal(k.s, k.search, 1, count_entry, &n, NULL));
    assert_ok(store_attempts(k.s, attempt.trial, count_attempt, &n, NULL));
    assert_ok(store_metrics(k.s, attempt.trial, (struct str){0}, count_point, &n, NULL));
    assert_int_equal(n, 0);
    assert_ok(store_trial_get(k.s, attempt.trial, &a, &row, NULL));
    /* Its entries are still counted, and its attempts numbered on. */
    const struct journal_row second = {.seq = 2, .kind = STR("ask"), .data = STR("{}")};
    struct attempt_id id;
    assert_ok(store_begin(k.s, NULL));
    assert_ok(store_journal_append(k.s, k.search, &second, NULL));
    attempt.number = 2;
    attempt.state = ATTEMPT_STARTING;
    assert_ok(store_attempt_insert(k.s, &attempt, &id, NULL));
    assert_int_equal(id.v, attempt.id.v + 1);
    assert_ok(store_commit(k.s, NULL));
    arena_free(&a);
    store_close(k.s);
}

static void the_other_keeps_all(void **state)
{
    struct kept k = open_memory("memory:");
    struct attempt_row attempt;
    int n = 0;
    assert_false(store_is_brief(k.s));
    live_and_end(&k, &attempt);
    assert_ok(store_journal(k.s, k.search, 1, count_entry, &n, NULL));
    assert_ok(store_attempts(k.s, attempt.trial, count_attempt, &n, NULL));
    assert_ok(store_metrics(k.s, attempt.trial, (struct str){0}, count_point, &n, NULL));
    assert_int_equal(n, 3);
    assert_int_equal(store_schema_version(k.s), 0);
    assert_true(store_size(k.s) > 0);
    store_close(k.s);
}

/* Everything that a group may do, taken back. */
static void a_rollback_takes_all_of_it_back(void **state)
{
    struct kept k = open_memory("memory:");
    struct attempt_row attempt;
    struct arena a;
    struct search_row before, after;
    struct space_row space;
    struct search_id other;
    struct trial_row row = trial(&k, 1);
    const struct metric_point point = {.seq = 2, .step = 2, .name = STR("late")};
    const struct journal_row entry = {.seq = 2, .kind = STR("ask"), .data = STR("{}")};
    int n = 0;
    arena_init(&a, 1 << 20);
    live_and_end(&k, &attempt);
    assert_ok(store_search_get(k.s, k.search, &a, &before, NULL));
    assert_ok(store_begin(k.s, NULL));
    row.state = TRIAL_RUNNING;
    assert_ok(store_trial_update(k.s, &row, NULL));
    row.state = TRIAL_COMPLETED;
    row.has_value = true;
    row.value = 0.5;
    row.step = 3;
    assert_ok(store_trial_update(k.s, &row, NULL));
    struct trial_row second = trial(&k, 2);
    second.baseline = true;
    assert_ok(store_trial_insert(k.s, &second, NULL));
    assert_ok(store_metrics_add(k.s, attempt.id, &point, 1, NULL));
    assert_ok(store_journal_append(k.s, k.search, &entry, NULL));
    assert_ok(store_search_update(k.s, k.search, SEARCH_STOPPED, STR("by hand"), 9, NULL));
    assert_ok(store_search_set_budget(k.s, k.search, 99, NULL));
    assert_ok(store_search_delete(k.s, k.search, NULL));
    assert_ok(store_space_put(k.s, STR("t"), STR("{}"), 1, &space, NULL));
    assert_ok(store_search_insert(k.s, space.space, 1, &before, &other, NULL));
    assert_int_equal(store_search_get(k.s, k.search, &a, &after, NULL), E_NOT_FOUND);
    store_rollback(k.s);
    assert_ok(store_search_get(k.s, k.search, &a, &after, NULL));
    assert_true(after.state == before.state && after.ended == 0 && after.budget_trials == 0);
    assert_int_equal(after.why.n, 0);
    assert_memory_equal(after.counts, before.counts, sizeof(after.counts));
    assert_true(after.best_trial == 0 && after.baseline_trial == 0);
    assert_int_equal(store_search_get(k.s, other, &a, &after, NULL), E_NOT_FOUND);
    assert_ok(store_metrics(k.s, attempt.trial, (struct str){0}, count_point, &n, NULL));
    assert_ok(store_journal(k.s, k.search, 1, count_entry, &n, NULL));
    assert_int_equal(n, 2);
    struct problems p;
    problems_init(&p);
    assert_ok(store_check(k.s, &p));
    assert_int_equal(p.n, 0);
    problems_free(&p);
    arena_free(&a);
    store_close(k.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_brief_store_forgets),
        cmocka_unit_test(the_other_keeps_all),
        cmocka_unit_test(a_rollback_takes_all_of_it_back),
    };
    return RUN_TESTS(tests);
}
