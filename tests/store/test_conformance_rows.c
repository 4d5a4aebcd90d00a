/*
 * What every store does with that which hangs on trials - attempts, metrics, the journal -, with
 * its ranking under random changes, and when a search is removed. See test_conformance.c.
 */
#include "scratch.h"

#include "base/rng.h"
#include "store/rank.h"

#include <math.h>

static const double nan_value = (double)NAN, inf = (double)INFINITY;

struct numbers {
    int64_t v[4096];
    int n;
};

/* ---- attempts ---- */

static enum code note_attempt(void *self, const struct attempt_row *row)
{
    struct numbers *numbers = self;
    numbers->v[numbers->n++] = trial_id_number(row->trial) * 100 + row->number;
    return OK;
}

static enum code copy_attempt(void *self, const struct attempt_row *row)
{
    struct attempt_row *copy = self;
    *copy = *row;
    assert_true(str_is(row->executor, "slurm") && str_is(row->token, "t"));
    assert_true(str_is(row->pidref, "1:2:3") && str_is(row->detail, "d"));
    assert_true(str_is(row->devices, "0,1"));
    return OK;
}

static void attempt_round_trips(void **state)
{
    struct scratch *t = *state;
    struct attempt_row out = {0};
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    struct attempt_row in = {.id = put_attempt(t, 1, 1, ATTEMPT_STARTING),
                             .trial = trial_id_of(t->search, 1),
                             .number = 1,
                             .state = ATTEMPT_ENDED,
                             .reason = REASON_SIGNAL,
                             .exit_code = -1,
                             .signal = 9,
                             .from_step = 3,
                             .started = 4,
                             .ended = 5,
                             .last_seq = 6,
                             .executor = STR("slurm"),
                             .token = STR("t"),
                             .pidref = STR("1:2:3"),
                             .detail = STR("d"),
                             .devices = STR("0,1")};
    assert_ok(store_attempt_update(t->s, &in, NULL));
    commit(t);
    scratch_reopen(t);
    assert_ok(store_attempts(t->s, in.trial, copy_attempt, &out, NULL));
    assert_int_equal(out.id.v, in.id.v);
    assert_int_equal(out.trial.v, in.trial.v);
    assert_true(out.number == 1 && out.state == ATTEMPT_ENDED && out.reason == REASON_SIGNAL);
    assert_true(out.exit_code == -1 && out.signal == 9 && out.from_step == 3);
    assert_true(out.started == 4 && out.ended == 5 && out.last_seq == 6);
}

static void one_attempt_lives(void **state)
{
    struct scratch *t = *state;
    struct attempt_id id;
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    struct attempt_row row = {.trial = trial_id_of(t->search, 1), .number = 2};
    struct attempt_id first = put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    CODE(E_STATE, store_attempt_insert(t->s, &row, &id, &e_));
    row.id = first;
    row.state = ATTEMPT_LOST;
    assert_ok(store_attempt_update(t->s, &row, NULL));
    row.number = 1;
    row.state = ATTEMPT_ENDED;
    CODE(E_DUPLICATE, store_attempt_insert(t->s, &row, &id, &e_));
    struct attempt_id second = put_attempt(t, 1, 2, ATTEMPT_STARTING);
    assert_true(second.v > first.v);
    row.state = ATTEMPT_RUNNING;
    CODE(E_STATE, store_attempt_update(t->s, &row, &e_));
    row.id.v = 99;
    CODE(E_NOT_FOUND, store_attempt_update(t->s, &row, &e_));
    row.trial = trial_id_of(t->search, 9);
    CODE(E_NOT_FOUND, store_attempt_insert(t->s, &row, &id, &e_));
    row.number = 0;
    CODE(E_INVALID, store_attempt_insert(t->s, &row, &id, &e_));
    row.number = 1;
    row.reason = REASON_COUNT;
    CODE(E_INVALID, store_attempt_insert(t->s, &row, &id, &e_));
    commit(t);
}

static void attempts_are_listed(void **state)
{
    struct scratch *t = *state;
    struct numbers of_one = {0}, of_search = {0}, live = {0};
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    commit(t);
    scratch_search(t, false);
    begin(t);
    for (int64_t i = 1; i <= 3; i++)
        put_trial(t, i, i);
    put_attempt(t, 3, 1, ATTEMPT_ENDED);
    put_attempt(t, 2, 2, ATTEMPT_ENDED);
    put_attempt(t, 2, 1, ATTEMPT_LOST);
    put_attempt(t, 3, 2, ATTEMPT_STARTING);
    commit(t);
    assert_ok(store_attempts(t->s, trial_id_of(t->search, 2), note_attempt, &of_one, NULL));
    assert_ok(store_search_attempts(t->s, t->search, note_attempt, &of_search, NULL));
    assert_ok(store_live_attempts(t->s, note_attempt, &live, NULL));
    static const int64_t search_order[] = {201, 202, 301, 302};
    assert_int_equal(of_one.n, 2);
    assert_true(of_one.v[0] == 201 && of_one.v[1] == 202);
    assert_int_equal(of_search.n, 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(of_search.v[i], search_order[i]);
    assert_int_equal(live.n, 2); /* of all searches */
    assert_true(live.v[0] == 101 && live.v[1] == 302);
}

/* ---- metrics ---- */

struct points {
    struct metric_point v[4096];
    char names[4096][24];
    int n;
};

static enum code note_point(void *self, const struct metric_point *p)
{
    struct points *points = self;
    points->v[points->n] = *p;
    snprintf(points->names[points->n], sizeof(points->names[0]), "%.*s", STR_FMT(p->name));
    points->n++;
    return OK;
}

static void read_points(struct scratch *t, int64_t trial, struct str name, struct points *ret)
{
    ret->n = 0;
    assert_ok(store_metrics(t->s, trial_id_of(t->search, trial), name, note_point, ret, NULL));
}

static void a_point_counts_once(void **state)
{
    struct scratch *t = *state;
    static struct points got;
    struct metric_point in[] = {
        {.seq = 1, .step = 1, .value = 0.1, .time = 11, .name = STR("loss")},
        {.seq = 1, .step = 1, .value = 0.2, .time = 12, .name = STR("val_acc")},
        {.seq = 2, .step = -5, .value = nan_value, .time = 13, .name = STR("loss")},
        {.seq = 3, .step = INT64_MAX, .value = -inf, .time = 14, .name = STR("l\xc3\xb6ss")},
    };
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    struct attempt_id id = put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    assert_ok(store_metrics_add(t->s, id, in, 4, NULL));
    commit(t);
    scratch_reopen(t);
    struct metric_point again[4];
    for (int i = 0; i < 4; i++) { /* what comes a second time changes nothing, whatever it says */
        again[i] = in[3 - i];
        again[i].value = 7;
        again[i].step = 7;
    }
    begin(t);
    assert_ok(store_metrics_add(t->s, id, again, 4, NULL));
    commit(t);
    read_points(t, 1, (struct str){0}, &got);
    assert_int_equal(got.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(got.v[i].seq, in[i].seq);
        assert_int_equal(got.v[i].step, in[i].step);
        assert_real(got.v[i].value, in[i].value);
        assert_int_equal(got.v[i].time, in[i].time);
        assert_string_equal(got.names[i], in[i].name.p);
    }
    read_points(t, 1, STR("loss"), &got);
    assert_int_equal(got.n, 2);
    assert_int_equal(got.v[1].seq, 2);
    read_points(t, 1, STR("unheard of"), &got);
    assert_int_equal(got.n, 0);
    read_points(t, 2, (struct str){0}, &got);
    assert_int_equal(got.n, 0);
}

static void points_that_make_no_sense(void **state)
{
    struct scratch *t = *state;
    static struct points got;
    char name[257];
    memset(name, 'n', sizeof(name));
    struct metric_point p[] = {{.seq = 1, .name = STR("fine")}, {.seq = 2}};
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    struct attempt_id id = put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    CODE(E_INVALID, store_metrics_add(t->s, id, p, 2, &e_));
    p[1].name = (struct str){name, 257};
    CODE(E_LIMIT, store_metrics_add(t->s, id, p, 2, &e_));
    CODE(E_NOT_FOUND, store_metrics_add(t->s, (struct attempt_id){99}, p, 1, &e_));
    read_points(t, 1, (struct str){0}, &got);
    assert_int_equal(got.n, 0);
    p[1].name.n = 256;
    assert_ok(store_metrics_add(t->s, id, p, 2, NULL));
    assert_ok(store_metrics_add(t->s, id, NULL, 0, NULL));
    commit(t);
    read_points(t, 1, (struct str){0}, &got);
    assert_int_equal(got.n, 2);
}

static void the_latest_attempt_has_the_last_word(void **state)
{
    struct scratch *t = *state;
    static struct points got;
    struct metric_point p[5];
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    for (int attempt = 1; attempt <= 3; attempt++) { /* steps 1-4, 3-5, 5 */
        static const int from[] = {0, 1, 3, 5}, to[] = {0, 4, 5, 5};
        struct attempt_id id = put_attempt(t, 1, attempt, ATTEMPT_ENDED);
        size_t n = 0;
        for (int step = from[attempt]; step <= to[attempt]; step++)
            p[n++] = (struct metric_point){.seq = step - from[attempt] + 1,
                                           .step = step,
                                           .value = attempt,
                                           .name = STR("acc")};
        assert_ok(store_metrics_add(t->s, id, p, n, NULL));
        if (attempt == 1) { /* a metric that later attempts did not report again */
            p[0] = (struct metric_point){.seq = 9, .step = 4, .value = 1, .name = STR("other")};
            assert_ok(store_metrics_add(t->s, id, p, 1, NULL));
        }
    }
    commit(t);
    static const int steps[] = {1, 2, 4, 3, 4, 5};
    static const double values[] = {1, 1, 1, 2, 2, 3};
    read_points(t, 1, (struct str){0}, &got);
    assert_int_equal(got.n, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(got.v[i].step, steps[i]);
        assert_real(got.v[i].value, values[i]);
        assert_int_equal(got.v[i].attempt, (int)values[i]);
    }
    assert_string_equal(got.names[2], "other");
    read_points(t, 1, STR("acc"), &got);
    assert_int_equal(got.n, 5);
}

static void many_names_and_points(void **state)
{
    struct scratch *t = *state;
    static struct points got;
    enum { NAMES = 1500 };
    static struct metric_point p[NAMES];
    static char names[NAMES][16];
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    struct attempt_id id = put_attempt(t, 1, 1, ATTEMPT_RUNNING);
    for (int i = 0; i < NAMES; i++) {
        snprintf(names[i], sizeof(names[i]), "m%d", i * 7919 % NAMES);
        p[i] = (struct metric_point){.seq = i, .value = i, .name = str_of(names[i])};
    }
    assert_ok(store_metrics_add(t->s, id, p, NAMES, NULL));
    assert_ok(store_metrics_add(t->s, id, p, NAMES, NULL));
    commit(t);
    for (int round = 0; round < 2; round++) {
        read_points(t, 1, (struct str){0}, &got);
        assert_int_equal(got.n, NAMES);
        for (int i = 0; i < NAMES; i++) {
            assert_string_equal(got.names[i], names[i]);
            assert_int_equal(got.v[i].seq, i);
        }
        scratch_reopen(t);
    }
}

/* ---- journal ---- */

static enum code note_entry(void *self, const struct journal_row *row)
{
    struct numbers *numbers = self;
    assert_true(str_is(row->kind, "ask") && str_is(row->data, "{\"a\": \"\xc3\xa9\"}"));
    assert_int_equal(row->time, row->seq * 10);
    assert_int_equal(row->trial, row->seq + 5);
    numbers->v[numbers->n++] = row->seq;
    return OK;
}

static enum code append(struct scratch *t, struct search_id search, int64_t seq, struct error *e)
{
    const struct journal_row row = {.seq = seq,
                                    .time = seq * 10,
                                    .trial = seq + 5,
                                    .kind = STR("ask"),
                                    .data = STR("{\"a\": \"\xc3\xa9\"}")};
    return store_journal_append(t->s, search, &row, e);
}

static void journal_has_no_gaps(void **state)
{
    struct scratch *t = *state;
    struct numbers all = {0}, late = {0}, none = {0};
    struct search_id first = scratch_search(t, false), second = scratch_search(t, false);
    begin(t);
    CODE(E_STATE, append(t, first, 2, &e_));
    CODE(E_INVALID, append(t, first, 0, &e_));
    CODE(E_INVALID, append(t, first, 1LL << 32, &e_));
    CODE(E_NOT_FOUND, append(t, (struct search_id){99}, 1, &e_));
    CODE(E_NOT_FOUND, append(t, (struct search_id){99}, 2, &e_));
    for (int64_t i = 1; i <= 5; i++) {
        CODE(OK, append(t, first, i, &e_));
        CODE(E_STATE, append(t, first, i, &e_));
        CODE(E_STATE, append(t, first, i + 2, &e_));
    }
    CODE(OK, append(t, second, 1, &e_));
    commit(t);
    scratch_reopen(t);
    assert_ok(store_journal(t->s, first, 1, note_entry, &all, NULL));
    assert_int_equal(all.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(all.v[i], i + 1);
    assert_ok(store_journal(t->s, first, 4, note_entry, &late, NULL));
    assert_int_equal(late.n, 2);
    assert_ok(store_journal(t->s, first, 6, note_entry, &none, NULL));
    assert_ok(store_journal(t->s, first, INT64_MAX, note_entry, &none, NULL));
    assert_int_equal(none.n, 0);
    all.n = 0;
    assert_ok(store_journal(t->s, second, 0, note_entry, &all, NULL));
    assert_int_equal(all.n, 1);
}

/* ---- visitors, removal ---- */

static enum code note_trial(void *self, const struct trial_row *row)
{
    struct numbers *numbers = self;
    numbers->v[numbers->n++] = trial_id_number(row->id);
    return OK;
}

struct nested {
    struct scratch *t;
    int points, trials, inner;
};

static enum code count_inner(void *self, const struct trial_row *row)
{
    struct nested *n = self;
    n->inner++;
    return OK;
}

static enum code count_point(void *self, const struct metric_point *p)
{
    struct nested *n = self;
    n->points++;
    return OK;
}

static enum code use_the_store(void *self, const struct trial_row *row)
{
    struct nested *n = self;
    n->trials++;
    assert_ok(store_metrics(n->t->s, row->id, (struct str){0}, count_point, n, NULL));
    assert_ok(store_trials(n->t->s, n->t->search, 0, count_inner, n, NULL));
    assert_true(str_is(row->params, "{\"lr\": 0.1}"));
    return OK;
}

static void a_visitor_may_use_the_store(void **state)
{
    struct scratch *t = *state;
    struct nested n = {.t = t};
    scratch_search(t, false);
    begin(t);
    for (int64_t i = 1; i <= 4; i++) {
        const struct metric_point p = {.seq = 1, .name = STR("x")};
        put_trial(t, i, i);
        assert_ok(store_metrics_add(t->s, put_attempt(t, i, 1, ATTEMPT_ENDED), &p, 1, NULL));
    }
    commit(t);
    assert_ok(store_trials(t->s, t->search, 0, use_the_store, &n, NULL));
    assert_true(n.trials == 4 && n.points == 4 && n.inner == 16);
}

static void fill_search(struct scratch *t, enum attempt_state attempt)
{
    const struct metric_point p = {.seq = 1, .step = 1, .name = STR("x")};
    scratch_search(t, false);
    begin(t);
    put_trial(t, 1, 1);
    assert_ok(store_metrics_add(t->s, put_attempt(t, 1, 1, attempt), &p, 1, NULL));
    CODE(OK, append(t, t->search, 1, &e_));
    commit(t);
}

static void a_removed_search_leaves_nothing(void **state)
{
    struct scratch *t = *state;
    static struct points got;
    struct arena a;
    struct search_row row;
    struct numbers none = {0};
    arena_init(&a, 1 << 20);
    fill_search(t, ATTEMPT_ENDED);
    struct search_id kept = t->search;
    fill_search(t, ATTEMPT_RUNNING);
    struct search_id gone = t->search;
    begin(t);
    CODE(E_STATE, store_search_delete(t->s, gone, &e_)); /* runs */
    assert_ok(store_search_update(t->s, gone, SEARCH_STOPPED, STR(""), 1, NULL));
    CODE(E_STATE, store_search_delete(t->s, gone, &e_)); /* its attempt lives */
    CODE(E_NOT_FOUND, store_search_delete(t->s, (struct search_id){99}, &e_));
    struct attempt_row attempt = {.id = {2}, .state = ATTEMPT_ENDED};
    assert_ok(store_attempt_update(t->s, &attempt, NULL));
    assert_ok(store_search_delete(t->s, gone, NULL));
    commit(t);
    CODE(E_NOT_FOUND, store_search_get(t->s, gone, &a, &row, &e_));
    assert_ok(store_trials(t->s, gone, 0, note_trial, &none, NULL));
    assert_ok(store_search_attempts(t->s, gone, note_attempt, &none, NULL));
    assert_ok(store_journal(t->s, gone, 1, note_entry, &none, NULL));
    assert_int_equal(none.n, 0);
    t->search = kept;
    read_points(t, 1, (struct str){0}, &got);
    assert_int_equal(got.n, 1);
    assert_int_equal(search_of(t, kept, &a).counts[TRIAL_QUEUED], 1);
    fill_search(t, ATTEMPT_ENDED);
    assert_int_equal(t->search.v, gone.v + 1); /* a number is given once */
    arena_free(&a);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_open, scratch_close)
    const struct CMUnitTest tests[] = {
        TEST(attempt_round_trips),         TEST(one_attempt_lives),
        TEST(attempts_are_listed),         TEST(a_point_counts_once),
        TEST(points_that_make_no_sense),   TEST(the_latest_attempt_has_the_last_word),
        TEST(many_names_and_points),       TEST(journal_has_no_gaps),
        TEST(a_visitor_may_use_the_store), TEST(a_removed_search_leaves_nothing),
    };
    return RUN_TESTS(tests);
}
