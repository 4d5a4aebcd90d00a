/*
 * The public library, as a program uses it: through its shared object and its header alone.
 */
#include <trawl/trawl.h>

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testing.h"

static const char space[] = "goal: minimize\n"
                            "parameters:\n"
                            "  model: choice(linear, mlp)\n"
                            "  lr: {prior: \"loguniform(1e-4, 1)\", default: 0.5}\n"
                            "  n: {prior: \"int(1, 9)\", when: model == \"mlp\", default: 3}\n"
                            "  big: {prior: \"int(9007199254740993, 9007199254740995)\"}\n"
                            "  fast: {prior: flag(), default: true}\n"
                            "  tags: {prior: \"subset(a, 2, c)\", default: [a, 2]}\n"
                            "  fixed: 0.1\n"
                            "baseline: {model: mlp, big: 9007199254740993}\n"
                            "search: {method: random, trials: 20, seed: 7}\n";

static struct trawl_optimizer *make(const char *text)
{
    struct trawl_error e;
    struct trawl_optimizer *o = NULL;
    if (trawl_optimizer_new(&o, text, NULL, &e) != TRAWL_OK)
        fail_msg("%s:%d:%d: %s", e.file, e.line, e.column, e.message);
    return o;
}

static struct trawl_trial *ask(struct trawl_optimizer *o)
{
    struct trawl_trial *t = NULL;
    size_t n = 0;
    assert_int_equal(trawl_optimizer_ask(o, 1, &t, &n, NULL), TRAWL_OK);
    return n == 1 ? t : NULL;
}

static void tell(struct trawl_optimizer *o, int64_t id, double value)
{
    assert_int_equal(trawl_optimizer_tell(o, id, value, NULL), TRAWL_OK);
}

static void parameters(void **state)
{
    struct trawl_optimizer *o = make(space);
    struct trawl_trial *t = ask(o);
    int64_t whole = 0;
    double real = 0;
    int truth = 0;
    (void)state;
    trawl_optimizer_free(o); /* the trial outlives it */
    assert_int_equal(trawl_trial_id(t), 1);
    assert_true(trawl_trial_is_baseline(t));
    assert_int_equal(trawl_trial_budget(t), 0);
    assert_int_equal(trawl_trial_from(t), 0);
    assert_true(trawl_trial_seed(t) >= 0 && trawl_trial_seed(t) <= INT32_MAX);
    assert_string_equal(
        trawl_trial_params(t),
        "{\"model\":\"mlp\",\"lr\":0.5,\"n\":3,\"big\":9007199254740993,\"fast\":true,"
        "\"tags\":[\"a\",2],\"fixed\":0.1}");
    assert_string_equal(trawl_trial_text(t, "model"), "mlp");
    assert_null(trawl_trial_text(t, "n"));
    assert_true(trawl_trial_int(t, "big", &whole));
    assert_true(whole == 9007199254740993);
    assert_false(trawl_trial_int(t, "lr", &whole));
    assert_true(whole == 9007199254740993);
    assert_true(trawl_trial_real(t, "lr", &real));
    assert_real(real, 0.5);
    assert_true(trawl_trial_real(t, "n", &real)); /* a real takes integers */
    assert_real(real, 3);
    assert_false(trawl_trial_real(t, "model", &real));
    assert_true(trawl_trial_bool(t, "fast", &truth));
    assert_int_equal(truth, 1);
    assert_false(trawl_trial_bool(t, "n", &truth));
    assert_int_equal(trawl_trial_length(t, "tags"), 2);
    assert_string_equal(trawl_trial_item(t, "tags", 0), "a");
    assert_string_equal(trawl_trial_item(t, "tags", 1), "2");
    assert_null(trawl_trial_item(t, "tags", 2));
    assert_int_equal(trawl_trial_length(t, "n"), 0);
    assert_null(trawl_trial_item(t, "none", 0));
    assert_int_equal(trawl_trial_kind(t, "tags"), TRAWL_LIST);
    assert_int_equal(trawl_trial_kind(t, "fixed"), TRAWL_REAL);
    assert_int_equal(trawl_trial_kind(t, "none"), TRAWL_ABSENT);
    assert_true(isnan(trawl_trial_value(t)));
    trawl_trial_free(t);
    trawl_trial_free(NULL);
}

static void ask_and_tell(void **state)
{
    struct trawl_optimizer *o = make(space);
    struct trawl_trial *many[64], *best;
    struct trawl_error e = {.code = TRAWL_OK};
    size_t n = 0;
    (void)state;
    assert_int_equal(trawl_optimizer_best(o, &best, &e), TRAWL_NOT_FOUND);
    assert_string_equal(e.message, "no trial has a value yet");
    assert_int_equal(trawl_optimizer_ask(o, 64, many, &n, &e), TRAWL_OK);
    assert_int_equal(n, 21);
    assert_int_equal(trawl_optimizer_done(o), 1);
    for (size_t i = 0; i < n; i++) {
        tell(o, trawl_trial_id(many[i]), i == 4 ? (double)NAN : fabs(5.0 - (double)i));
        trawl_trial_free(many[i]);
    }
    assert_int_equal(trawl_optimizer_tell(o, 3, 1, &e), TRAWL_STATE);
    assert_int_equal(trawl_optimizer_tell(o, 99, 1, &e), TRAWL_NOT_FOUND);
    assert_string_equal(e.message, "there is no trial 99");
    assert_string_equal(e.hint, "trials 1 to 21 were asked for");
    assert_int_equal(trawl_optimizer_best(o, &best, &e), TRAWL_OK);
    assert_int_equal(trawl_trial_id(best), 6);
    assert_real(trawl_trial_value(best), 0);
    assert_int_equal(trawl_trial_step(best), -1);
    trawl_trial_free(best);
    assert_int_equal(trawl_optimizer_set_trials(o, 21, &e), TRAWL_OK);
    assert_int_equal(trawl_optimizer_done(o), 0);
    assert_int_equal(trawl_optimizer_ask(o, 64, many, &n, &e), TRAWL_OK);
    assert_int_equal(n, 1);
    trawl_trial_free(many[0]);
    trawl_optimizer_free(o);
}

static void reports(void **state)
{
    struct trawl_setting set[] = {{"search.method", "random + asha(eta=3)"},
                                  {"search.budget", "{\"min\": 1, \"max\": 9}"},
                                  {"goal", "maximize"}};
    struct trawl_options options = {
        .size = sizeof(options), .file = "my space", .settings = set, .n_settings = 3};
    struct trawl_optimizer *o = NULL;
    struct trawl_trial *v[3];
    struct trawl_result r = {.size = sizeof(r), .step = -1};
    enum trawl_decision d;
    size_t n = 0;
    (void)state;
    assert_int_equal(trawl_optimizer_new(&o, "goal: minimize\nparameters: {x: \"uniform(0, 1)\"}\n",
                                         &options, NULL),
                     TRAWL_OK);
    assert_int_equal(trawl_optimizer_ask(o, 3, v, &n, NULL), TRAWL_OK);
    assert_int_equal(trawl_trial_budget(v[0]), 9);
    for (int64_t i = 1; i <= 3; i++)
        assert_int_equal(trawl_optimizer_report(o, i, 1, (double)-i, &d, NULL), TRAWL_OK);
    assert_int_equal(d, TRAWL_STOP);
    assert_int_equal(trawl_optimizer_tell_result(o, 3, &r, NULL), TRAWL_OK);
    assert_int_equal(trawl_optimizer_report(o, 3, 2, 1, &d, NULL), TRAWL_STATE);
    tell(o, 1, 4);
    struct trawl_trial *best;
    assert_int_equal(trawl_optimizer_best(o, &best, NULL), TRAWL_OK);
    assert_int_equal(trawl_trial_step(best), 9);
    trawl_trial_free(best);
    for (size_t i = 0; i < n; i++)
        trawl_trial_free(v[i]);
    trawl_optimizer_free(o);
}

static void results(void **state)
{
    struct trawl_optimizer *o =
        make("objectives: [{metric: auc, goal: maximize}, {metric: ms, goal: minimize}]\n"
             "require: [mb < 9]\n"
             "parameters: {x: {prior: \"uniform(0, 1)\", default: 0.5}}\n"
             "search: {method: random}\n");
    struct trawl_metric m[] = {{"auc", 0.5}, {"ms", 5}, {"mb", 8}};
    struct trawl_result r = {.size = sizeof(r), .step = -1, .metrics = m, .n_metrics = 3};
    struct trawl_trial *v[6], **front;
    struct trawl_error e;
    size_t n = 0;
    (void)state;
    assert_int_equal(trawl_optimizer_observe(o, "{}", &r, &e), TRAWL_OK);
    assert_int_equal(trawl_optimizer_observe(o, "{\"x\": 2}", &r, &e), TRAWL_INVALID);
    assert_non_null(strstr(e.message, "x: "));
    assert_int_equal(trawl_optimizer_observe(o, "{\"x\": ", &r, &e), TRAWL_SYNTAX);
    assert_int_equal(trawl_optimizer_observe(o, "3", &r, &e), TRAWL_INVALID);
    assert_int_equal(trawl_optimizer_ask(o, 6, v, &n, NULL), TRAWL_OK);
    assert_int_equal(trawl_optimizer_observe(o, "{}", &r, &e), TRAWL_STATE);
    assert_int_equal(trawl_optimizer_tell(o, 1, 1, &e), TRAWL_INVALID);
    assert_int_equal(trawl_optimizer_tell_result(o, 1, &r, &e), TRAWL_OK);
    m[0].value = 0.75;
    assert_int_equal(trawl_optimizer_tell_result(o, 2, &r, &e), TRAWL_OK);
    m[0].value = 0.9;
    m[1].value = 9;
    assert_int_equal(trawl_optimizer_tell_result(o, 3, &r, &e), TRAWL_OK);
    m[0].value = 1;
    m[2].value = 9;
    assert_int_equal(trawl_optimizer_tell_result(o, 4, &r, &e), TRAWL_OK);
    r.state = TRAWL_INFEASIBLE;
    assert_int_equal(trawl_optimizer_tell_result(o, 5, &r, &e), TRAWL_INVALID);
    r.n_metrics = 0;
    assert_int_equal(trawl_optimizer_tell_result(o, 5, &r, &e), TRAWL_OK);
    r.size = 4;
    assert_int_equal(trawl_optimizer_tell_result(o, 6, &r, &e), TRAWL_INVALID);
    r.size = offsetof(struct trawl_result, step); /* as an older header would have it */
    r.state = TRAWL_FAILED;
    assert_int_equal(trawl_optimizer_tell_result(o, 6, &r, &e), TRAWL_OK);
    for (size_t i = 0; i < n; i++)
        trawl_trial_free(v[i]);
    assert_int_equal(trawl_optimizer_front(o, &front, &n, &e), TRAWL_OK);
    assert_int_equal(n, 2);
    assert_int_equal(trawl_trial_id(front[0]), 3);
    assert_int_equal(trawl_trial_id(front[1]), 2);
    assert_real(trawl_trial_values(front[1], &n)[1], 5);
    assert_int_equal(n, 2);
    trawl_trials_free(front, 2);
    trawl_optimizer_free(o);
}

static void errors(void **state)
{
    struct trawl_options options = {.size = 3};
    struct trawl_optimizer *o = NULL;
    struct trawl_error e;
    (void)state;
    assert_int_equal(
        trawl_optimizer_new(&o, "goal: minimize\nparameters:\n  x: unform(0, 1)\n", NULL, &e),
        TRAWL_UNKNOWN);
    assert_null(o);
    assert_int_equal(e.code, TRAWL_UNKNOWN);
    assert_string_equal(e.file, "space");
    assert_int_equal(e.line, 3);
    assert_int_equal(e.column, 6);
    assert_non_null(strstr(e.message, "unform"));
    assert_non_null(strstr(e.hint, "uniform"));
    assert_int_equal(trawl_optimizer_new(&o, "", NULL, NULL), TRAWL_INVALID);
    assert_int_equal(trawl_optimizer_new(&o, space, &options, &e), TRAWL_INVALID);
    assert_int_equal(trawl_optimizer_load(&o, "/nowhere/at/all", &e), TRAWL_NOT_FOUND);
    assert_int_equal(trawl_optimizer_load_text(&o, "x", 1, &e), TRAWL_CORRUPT);
    assert_null(o);
    assert_true(strlen(trawl_version()) >= 5);
}

/* JSON is YAML. */
static void a_space_as_json(void **state)
{
    struct trawl_optimizer *o =
        make("{\"goal\":\"minimize\",\"parameters\":{\"a\":{\"b\":\"int(1, 4)\",\"c\":{\"prior\":"
             "\"uniform(0, 1)\",\"when\":\"a.b > 2\"}}},\"search\":{\"method\":\"random\"}}");
    (void)state;
    trawl_optimizer_free(o);
}

static void saved(void **state)
{
    struct trawl_optimizer *o = make(space), *loaded;
    struct trawl_trial *t = ask(o), *other;
    char *text, *answer, *more, folder[] = "/tmp/trawl-lib-XXXXXX", path[100];
    size_t n;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/saved", folder);
    assert_int_equal(trawl_optimizer_save(o, path, NULL), TRAWL_OK);
    assert_int_equal(trawl_optimizer_load(&loaded, path, NULL), TRAWL_OK);
    tell(loaded, trawl_trial_id(t), 3);
    trawl_optimizer_free(loaded);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(trawl_optimizer_save_text(o, &text, &n, NULL), TRAWL_OK);
    assert_int_equal(strlen(text), n);
    assert_int_equal(trawl_optimizer_load_text(&loaded, text, n, NULL), TRAWL_OK);
    trawl_trial_free(t);
    t = ask(o);
    other = ask(loaded);
    assert_string_equal(trawl_trial_params(t), trawl_trial_params(other));
    assert_int_equal(trawl_optimizer_talk(o, "{\"status\": true}", 16, &answer, NULL), TRAWL_OK);
    assert_int_equal(trawl_optimizer_talk(loaded, "{\"status\": true}", 16, &more, NULL), TRAWL_OK);
    assert_string_equal(answer, more);
    assert_null(strchr(answer, '\n'));
    trawl_free(answer);
    trawl_free(more);
    trawl_free(text);
    trawl_trial_free(t);
    trawl_trial_free(other);
    trawl_optimizer_free(o);
    trawl_optimizer_free(loaded);
}

/* --- threads --- */

enum { THREADS = 4, TRIALS_MAX = 400 };

struct shared {
    struct trawl_optimizer *o;
    pthread_mutex_t lock;
    char seen[TRIALS_MAX + 1]; /* by id */
};

static void *work(void *self)
{
    struct shared *s = self;
    struct trawl_trial *t, *best;
    size_t n;
    enum trawl_decision d;
    while (trawl_optimizer_ask(s->o, 1, &t, &n, NULL) == TRAWL_OK && n == 1) {
        int64_t id = trawl_trial_id(t);
        double x = 0;
        (void)trawl_trial_real(t, "x", &x);
        trawl_trial_free(t);
        pthread_mutex_lock(&s->lock);
        s->seen[id]++;
        pthread_mutex_unlock(&s->lock);
        if (trawl_optimizer_report(s->o, id, 1, x, &d, NULL) != TRAWL_OK ||
            trawl_optimizer_tell(s->o, id, x * x, NULL) != TRAWL_OK)
            return NULL;
        if (trawl_optimizer_best(s->o, &best, NULL) != TRAWL_OK)
            return NULL;
        trawl_trial_free(best);
    }
    return trawl_optimizer_done(s->o) ? s : NULL;
}

static void share(const char *text, int trials)
{
    struct shared s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t v[THREADS];
    char *saved, *status, counts[100];
    size_t n;
    s.o = make(text);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&v[i], NULL, work, &s), 0);
    for (int i = 0; i < THREADS; i++) {
        void *well = NULL;
        assert_int_equal(trawl_optimizer_save_text(s.o, &saved, &n, NULL), TRAWL_OK);
        trawl_free(saved);
        assert_int_equal(pthread_join(v[i], &well), 0);
        assert_non_null(well);
    }
    for (int i = 1; i <= trials; i++)
        assert_int_equal(s.seen[i], 1);
    snprintf(counts, sizeof(counts), "\"running\":0,\"completed\":%d,", trials);
    assert_int_equal(trawl_optimizer_talk(s.o, "{\"status\": true}", 16, &status, NULL), TRAWL_OK);
    assert_non_null(strstr(status, counts));
    trawl_free(status);
    /* what several threads did can be taken up again */
    struct trawl_optimizer *loaded;
    assert_int_equal(trawl_optimizer_save_text(s.o, &saved, &n, NULL), TRAWL_OK);
    assert_int_equal(trawl_optimizer_load_text(&loaded, saved, n, NULL), TRAWL_OK);
    trawl_optimizer_free(loaded);
    trawl_free(saved);
    trawl_optimizer_free(s.o);
}

/* The second method works without the lock. */
static void threads(void **state)
{
    (void)state;
    share("goal: minimize\nparameters: {x: \"uniform(-1, 1)\", y: \"uniform(-1, 1)\"}\n"
          "search: {method: random, trials: 400, seed: 3, budget: {max: 2}}\n",
          TRIALS_MAX);
    share("goal: minimize\nparameters: {x: \"uniform(-1, 1)\", y: \"uniform(-1, 1)\"}\n"
          "search: {method: gp, trials: 40, seed: 3, budget: {max: 2}}\n",
          40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters), cmocka_unit_test(ask_and_tell),
        cmocka_unit_test(reports),    cmocka_unit_test(results),
        cmocka_unit_test(errors),     cmocka_unit_test(a_space_as_json),
        cmocka_unit_test(saved),      cmocka_unit_test(threads),
    };
    return RUN_TESTS(tests);
}
