/*
 * What every store does: groups, the lock, states, spaces, searches, trials.
 * test_conformance_rows.c goes on with what hangs on trials. Both see the interface only.
 */
#include "scratch.h"

#include <math.h>

/* ---- names, ids, states ---- */

static void names_and_ids(void **state)
{
    struct trial_id id = trial_id_of((struct search_id){12}, 40);
    assert_int_equal(trial_id_search(id).v, 12);
    assert_int_equal(trial_id_number(id), 40);
    id = trial_id_of((struct search_id){INT32_MAX}, UINT32_MAX);
    assert_int_equal(trial_id_search(id).v, INT32_MAX);
    assert_int_equal(trial_id_number(id), UINT32_MAX);
    assert_string_equal(search_state_name(SEARCH_PAUSED), "paused");
    assert_string_equal(trial_state_name(TRIAL_INFEASIBLE), "infeasible");
    assert_string_equal(attempt_state_name(ATTEMPT_LOST), "lost");
    assert_string_equal(attempt_reason_name(REASON_NO_METRIC), "no_metric");
    assert_string_equal(attempt_reason_name(REASON_DISK), "disk");
    assert_string_equal(trial_state_name((enum trial_state)99), "?");
}

/* The arrows of the drawing in store.h, from row to column. */
static const char *const arrows[TRIAL_STATE_COUNT] = {
    /*              qrpcsfix */
    [TRIAL_QUEUED] = ".r..s..x",     [TRIAL_RUNNING] = "q.pcsfix",   [TRIAL_PAUSED] = "qr..s..x",
    [TRIAL_COMPLETED] = "........",  [TRIAL_STOPPED] = "q.......",   [TRIAL_FAILED] = "q.......",
    [TRIAL_INFEASIBLE] = "........", [TRIAL_CANCELLED] = "........",
};

static void state_machine(void **state)
{
    for (int from = 0; from < TRIAL_STATE_COUNT; from++) {
        for (int to = 0; to < TRIAL_STATE_COUNT; to++)
            assert_int_equal(trial_state_may_follow((enum trial_state)from, (enum trial_state)to),
                             arrows[from][to] != '.');
        assert_int_equal(trial_state_final((enum trial_state)from), from > TRIAL_PAUSED);
    }
}

/* Takes a fresh trial to `to` by arrows. */
static void walk_to(struct scratch *t, struct trial_row *row, enum trial_state to)
{
    if (to == TRIAL_QUEUED)
        return;
    row->state = TRIAL_RUNNING;
    assert_ok(store_trial_update(t->s, row, NULL));
    row->state = to;
    assert_ok(store_trial_update(t->s, row, NULL));
}

static void states_move_along_the_arrows(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    int64_t number = 0;
    arena_init(&a, 1 << 20);
    scratch_search(t, false);
    begin(t);
    for (int from = 0; from < TRIAL_STATE_COUNT; from++) {
        for (int to = 0; to < TRIAL_STATE_COUNT; to++) {
            number++;
            put_trial(t, number, number);
            struct trial_row row = trial_of(t, number, &a);
            walk_to(t, &row, (enum trial_state)from);
            row.state = (enum trial_state)to;
            bool legal = from == to || arrows[from][to] != '.';
            CODE(legal ? OK : E_STATE, store_trial_update(t->s, &row, &e_));
            assert_int_equal(trial_of(t, number, &a).state, legal ? to : from);
        }
    }
    commit(t);
    int64_t total = 0;
    struct search_row search = search_of(t, t->search, &a);
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        total += search.counts[i];
    assert_int_equal(total, number);
    arena_free(&a);
}

/* ---- opening, the lock, groups ---- */

static void where_must_make_sense(void **state)
{
    struct scratch *t = *state;
    struct store *s = NULL;
    char where[200];
    CODE(E_INVALID, store_open("", STORE_READ, 0, &s, &e_));
    CODE(E_INVALID, store_open("store.db", STORE_READ, 0, &s, &e_));
    CODE(E_INVALID, store_open("sqlite:", STORE_CREATE, 0, &s, &e_));
    CODE(E_UNSUPPORTED, store_open("postgresql://host/db", STORE_READ, 0, &s, &e_));
    CODE(E_INVALID, store_open("memory:here", STORE_CREATE, 0, &s, &e_));
    CODE(E_NOT_FOUND, store_open("memory:", STORE_READ, 0, &s, &e_));
    CODE(E_NOT_FOUND, store_open("memory:brief", STORE_WRITE, 0, &s, &e_));
    snprintf(where, sizeof(where), "sqlite:%s-missing", t->path);
    CODE(E_NOT_FOUND, store_open(where, STORE_READ, 0, &s, &e_));
    CODE(E_NOT_FOUND, store_open(where, STORE_WRITE, 0, &s, &e_));
    assert_null(s);
}

static void one_holds_the_lock(void **state)
{
    struct scratch *t = *state;
    if (!t->on_disk)
        SKIP("only one can have it open");
    struct store *other = NULL, *reader = scratch_reader(t);
    struct error e;
    assert_ok(store_lock(t->s, NULL));
    assert_ok(store_open(t->where, STORE_CREATE, 0, &other, NULL));
    assert_int_equal(store_lock(other, &e), E_BUSY);
    assert_non_null(strstr(e.message, "(pid "));
    CODE(E_STATE, store_begin(other, &e_));
    CODE(E_STATE, store_lock(reader, &e_));
    store_close(reader);
    store_close(t->s);
    t->s = other;
    assert_ok(store_lock(other, NULL));
}

static void changes_need_a_group(void **state)
{
    struct scratch *t = *state;
    struct space_row space;
    scratch_search(t, false);
    CODE(E_STATE, store_commit(t->s, &e_));
    CODE(E_STATE, store_space_put(t->s, STR("x"), STR("{}"), 1, &space, &e_));
    CODE(E_STATE, store_search_set_budget(t->s, t->search, 3, &e_));
    begin(t);
    CODE(E_STATE, store_begin(t->s, &e_));
    store_rollback(t->s);
    store_rollback(t->s);
    if (!t->on_disk)
        return;
    struct store *reader = scratch_reader(t);
    assert_ok(store_begin(reader, NULL));
    CODE(E_STATE, store_search_set_budget(reader, t->search, 3, &e_));
    assert_ok(store_commit(reader, NULL));
    store_close(reader);
}

static void rollback_leaves_nothing(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    struct trial_row row;
    struct space_row space;
    const struct metric_point point = {.seq = 1, .name = STR("new name")};
    arena_init(&a, 1 << 20);
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    struct attempt_id attempt = put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    assert_ok(store_metrics_add(t->s, attempt, &point, 1, NULL));
    assert_ok(store_space_put(t->s, STR("other"), STR("{}"), 1, &space, NULL));
    store_rollback(t->s);
    CODE(E_NOT_FOUND, store_trial_get(t->s, trial_id_of(t->search, 1), &a, &row, &e_));
    assert_int_equal(search_of(t, t->search, &a).counts[TRIAL_QUEUED], 0);
    begin(t);
    CODE(E_NOT_FOUND, store_metrics_add(t->s, attempt, &point, 1, &e_));
    put_trial(t, 1, 1);
    attempt = put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    assert_ok(store_metrics_add(t->s, attempt, &point, 1, NULL));
    commit(t);
    struct problems p;
    problems_init(&p);
    assert_ok(store_check(t->s, &p));
    assert_int_equal(p.n, 0);
    problems_free(&p);
    arena_free(&a);
}

static void reader_sees_what_is_committed(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    struct search_row row;
    if (!t->on_disk)
        SKIP("only one can have it open");
    arena_init(&a, 1 << 20);
    struct store *reader = scratch_reader(t);
    struct search_id id;
    CODE(E_NOT_FOUND, store_search_latest(reader, &id, &e_));
    scratch_search(t, false);
    assert_ok(store_search_latest(reader, &id, NULL));
    begin(t);
    put_trial(t, 1, 1);
    assert_ok(store_search_get(reader, id, &a, &row, NULL));
    assert_int_equal(row.counts[TRIAL_QUEUED], 0);
    assert_ok(store_begin(reader, NULL)); /* one picture */
    commit(t);
    assert_ok(store_search_get(reader, id, &a, &row, NULL));
    assert_int_equal(row.counts[TRIAL_QUEUED], 0);
    assert_ok(store_commit(reader, NULL));
    assert_ok(store_search_get(reader, id, &a, &row, NULL));
    assert_int_equal(row.counts[TRIAL_QUEUED], 1);
    store_close(reader);
    arena_free(&a);
}

/* ---- spaces and searches ---- */

static void a_definition_is_kept_once(void **state)
{
    struct scratch *t = *state;
    struct space_row one, two, again, other;
    begin(t);
    assert_ok(store_space_put(t->s, STR("flights"), STR("{\"a\": 1}"), 1, &one, NULL));
    assert_ok(store_space_put(t->s, STR("flights"), STR("{\"a\": 2}"), 2, &two, NULL));
    assert_ok(store_space_put(t->s, STR("trains"), STR("{\"a\": 2}"), 3, &other, NULL));
    commit(t);
    scratch_reopen(t);
    begin(t);
    assert_ok(store_space_put(t->s, STR("flights"), STR("{\"a\": 1}"), 4, &again, NULL));
    commit(t);
    assert_int_equal(one.version, 1);
    assert_int_equal(two.version, 2);
    assert_int_equal(other.version, 1);
    assert_int_equal(again.version, 1);
    assert_int_equal(again.space, one.space);
    assert_true(other.space != one.space);
    assert_true(str_is(again.name, "flights"));
}

static void search_round_trips(void **state)
{
    struct scratch *t = *state;
    struct space_row space;
    struct search_id id;
    struct arena a;
    arena_init(&a, 1 << 20);
    const struct search_row in = {.state = SEARCH_PAUSED,
                                  .why = STR("w\xc3\xa9"),
                                  .method = STR("grid"),
                                  .metric = STR("loss"),
                                  .minimize = true,
                                  .source = STR("a\0b"),
                                  .overrides = STR("[]"),
                                  .settings = STR("{}"),
                                  .snapshot = STR("abc"),
                                  .directory = {NULL, 0},
                                  .measures = STR("-loss\n+acc"),
                                  .requirements = STR("acc > 0.5"),
                                  .created = INT64_MAX,
                                  .ended = 1,
                                  .budget_trials = 60};
    begin(t);
    assert_ok(store_space_put(t->s, STR("s"), STR("{}"), 1, &space, NULL));
    CODE(E_NOT_FOUND, store_search_insert(t->s, space.space, 2, &in, &id, &e_));
    assert_ok(store_search_insert(t->s, space.space, 1, &in, &id, NULL));
    commit(t);
    scratch_reopen(t);
    struct search_row out = search_of(t, id, &a);
    assert_int_equal(out.id.v, id.v);
    assert_int_equal(out.state, SEARCH_PAUSED);
    assert_true(str_is(out.space_name, "s") && out.version == 1);
    assert_true(str_eq(out.why, in.why) && str_eq(out.method, in.method));
    assert_true(str_eq(out.metric, in.metric) && out.minimize);
    assert_true(str_eq(out.source, in.source) && str_eq(out.overrides, in.overrides));
    assert_true(str_eq(out.settings, in.settings) && str_eq(out.snapshot, in.snapshot));
    assert_int_equal(out.directory.n, 0);
    assert_true(str_eq(out.measures, in.measures) && str_eq(out.requirements, in.requirements));
    assert_int_equal(out.created, INT64_MAX);
    assert_int_equal(out.ended, 1);
    assert_int_equal(out.budget_trials, 60);
    assert_int_equal(out.baseline_trial, 0);
    assert_int_equal(out.best_trial, 0);
    arena_free(&a);
}

static enum code note_search(void *self, const struct search_row *row)
{
    int64_t *v = self;
    v[++v[0]] = row->id.v;
    return v[0] == 2 ? E_INTERRUPTED : OK;
}

static void searches_change_and_are_listed(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    struct search_id latest, none = {99};
    int64_t seen[4] = {0};
    arena_init(&a, 1 << 20);
    for (int i = 0; i < 3; i++)
        scratch_search(t, false);
    assert_ok(store_search_latest(t->s, &latest, NULL));
    assert_int_equal(latest.v, t->search.v);
    begin(t);
    assert_ok(store_search_update(t->s, latest, SEARCH_FAILED, STR("three alike"), 77, NULL));
    assert_ok(store_search_set_budget(t->s, latest, 9, NULL));
    CODE(E_NOT_FOUND, store_search_update(t->s, none, SEARCH_FAILED, STR(""), 0, &e_));
    CODE(E_NOT_FOUND, store_search_set_budget(t->s, none, 1, &e_));
    CODE(E_INVALID, store_search_set_budget(t->s, latest, -1, &e_));
    CODE(E_INVALID, store_search_update(t->s, latest, (enum search_state)9, STR(""), 0, &e_));
    commit(t);
    struct search_row row = search_of(t, latest, &a);
    assert_int_equal(row.state, SEARCH_FAILED);
    assert_true(str_is(row.why, "three alike"));
    assert_int_equal(row.ended, 77);
    assert_int_equal(row.budget_trials, 9);
    CODE(E_INTERRUPTED, store_searches(t->s, note_search, seen, &e_));
    assert_int_equal(seen[1], latest.v);
    assert_int_equal(seen[2], latest.v - 1);
    CODE(E_NOT_FOUND, store_search_get(t->s, none, &a, &row, &e_));
    arena_free(&a);
}

/* ---- trials ---- */

static void trial_round_trips(void **state)
{
    struct scratch *t = *state;
    struct arena a;
    arena_init(&a, 1 << 20);
    scratch_search(t, false);
    struct trial_row in = {.id = trial_id_of(t->search, 3),
                           .baseline = true,
                           .params = STR("{\"x\": \"\xf0\x9f\x8e\xa3\"}"),
                           .config_hash = INT64_MIN,
                           .seed = INT32_MAX,
                           .steps = 27,
                           .parent = 2,
                           .from_step = 9,
                           .step = -1,
                           .why = {NULL, 0}};
    begin(t);
    assert_ok(store_trial_insert(t->s, &in, NULL));
    CODE(E_DUPLICATE, store_trial_insert(t->s, &in, &e_));
    in.state = TRIAL_RUNNING;
    in.value = (double)-INFINITY;
    in.has_value = true;
    in.step = 4;
    in.why = STR("because");
    in.started = 1;
    in.ended = 2;
    in.retries = 3;
    in.steps = 81;
    in.parent = 1; /* which an update does not write */
    in.scores = (struct scores){.n_values = 4,
                                .seen = 0xd,
                                .values = {0, 0, 0.1, (double)NAN},
                                .n_excess = 2,
                                .excess = {-1e-300, (double)INFINITY}};
    assert_ok(store_trial_update(t->s, &in, NULL));
    commit(t);
    scratch_reopen(t);
    struct trial_row out = trial_of(t, 3, &a);
    assert_int_equal(out.id.v, in.id.v);
    assert_true(out.state == TRIAL_RUNNING && out.baseline && out.has_value);
    assert_true(str_eq(out.params, in.params) && str_is(out.why, "because"));
    assert_int_equal(out.config_hash, INT64_MIN);
    assert_int_equal(out.seed, INT32_MAX);
    assert_int_equal(out.steps, 81);
    assert_true(out.parent == 2 && out.from_step == 9);
    assert_int_equal(out.step, 4);
    assert_real(out.value, in.value);
    assert_true(out.scores.n_values == 4 && out.scores.n_excess == 2 && out.scores.seen == 0xd);
    assert_real(out.scores.values[0], in.value);
    assert_real(out.scores.values[2], 0.1);
    assert_true(isnan(out.scores.values[1]) && isnan(out.scores.values[3]));
    assert_real(out.scores.excess[0], -1e-300);
    assert_real(out.scores.excess[1], (double)INFINITY);
    assert_true(out.started == 1 && out.ended == 2 && out.retries == 3);
    assert_int_equal(search_of(t, t->search, &a).baseline_trial, 3);
    arena_free(&a);
}

static void trials_that_make_no_sense(void **state)
{
    struct scratch *t = *state;
    scratch_search(t, false);
    struct trial_row row = {.id = trial_id_of(t->search, 1)};
    begin(t);
    CODE(E_NOT_FOUND, store_trial_update(t->s, &row, &e_));
    row.id = trial_id_of((struct search_id){99}, 1);
    CODE(E_NOT_FOUND, store_trial_insert(t->s, &row, &e_));
    row.id = trial_id_of(t->search, 0);
    CODE(E_INVALID, store_trial_insert(t->s, &row, &e_));
    row.id = trial_id_of(t->search, 1);
    row.state = TRIAL_STATE_COUNT;
    CODE(E_INVALID, store_trial_insert(t->s, &row, &e_));
    row.state = TRIAL_QUEUED;
    assert_ok(store_trial_insert(t->s, &row, NULL)); /* a refusal does not doom the group */
    commit(t);
}

struct numbers {
    int64_t v[64];
    int n, stop_at;
};

static enum code note_trial(void *self, const struct trial_row *row)
{
    struct numbers *numbers = self;
    numbers->v[numbers->n++] = trial_id_number(row->id);
    return numbers->n == numbers->stop_at ? E_INTERRUPTED : OK;
}

static void trials_are_listed_by_number_and_state(void **state)
{
    struct scratch *t = *state;
    struct numbers all = {0}, some = {0}, first = {.stop_at = 2};
    scratch_search(t, false);
    struct search_id before = t->search;
    begin(t);
    put_trial(t, UINT32_MAX, 1); /* must not run into the next search */
    commit(t);
    scratch_search(t, false);
    begin(t);
    for (int64_t i = 5; i >= 1; i--)
        put_trial(t, i, i);
    end_trial(t, 2, TRIAL_FAILED, 1, 1);
    end_trial(t, 4, TRIAL_COMPLETED, 1, 1);
    commit(t);
    assert_ok(store_trials(t->s, t->search, 0, note_trial, &all, NULL));
    assert_int_equal(all.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(all.v[i], i + 1);
    assert_ok(store_trials(t->s, t->search, 1U << TRIAL_FAILED | 1U << TRIAL_COMPLETED, note_trial,
                           &some, NULL));
    assert_int_equal(some.n, 2);
    assert_true(some.v[0] == 2 && some.v[1] == 4);
    CODE(E_INTERRUPTED, store_trials(t->s, t->search, 0, note_trial, &first, &e_));
    assert_int_equal(first.n, 2);
    all.n = 0;
    assert_ok(store_trials(t->s, before, 0, note_trial, &all, NULL));
    assert_int_equal(all.n, 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_ids),
        cmocka_unit_test(state_machine),
        TEST(states_move_along_the_arrows),
        TEST(where_must_make_sense),
        TEST(one_holds_the_lock),
        TEST(changes_need_a_group),
        TEST(rollback_leaves_nothing),
        TEST(reader_sees_what_is_committed),
        TEST(a_definition_is_kept_once),
        TEST(search_round_trips),
        TEST(searches_change_and_are_listed),
        TEST(trial_round_trips),
        TEST(trials_that_make_no_sense),
        TEST(trials_are_listed_by_number_and_state),
    };
    return RUN_TESTS(tests);
}
