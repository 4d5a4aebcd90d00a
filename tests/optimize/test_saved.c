/*
 * Saving and loading: what is loaded goes on as the saved one does, and nothing that was cut off or
 * changed is loaded.
 */
#include "making.h"

#include "base/rng.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char space[] = "parameters:\n"
                            "  model: choice(linear, mlp)\n"
                            "  lr: loguniform(1e-4, 1)\n"
                            "  n: {prior: \"int(1, 9)\", when: model == \"mlp\", default: 3}\n"
                            "  tags: {prior: \"subset(a, b, c)\", default: [a]}\n";

static const char *const searches[] = {
    "goal: minimize\nsearch: {method: random, trials: 30, seed: 5}\n",
    "goal: maximize\nmetric: auc\nsearch: {method: sobol + asha(eta=3), budget: {max: 9}}\n",
    "goal: minimize\nsearch: {method: random + asha(variant=promote), budget: {max: 9}}\n",
    "goal: minimize\nrequire: [ms <= 20]\n"
    "search: {method: random + asha(variant=promote), budget: {max: 9}}\n",
    "goal: minimize\nsearch: {method: 'random + pbt(population=4, interval=2)', budget: {max: "
    "9}}\n",
    "goal: minimize\nsearch: {method: 'sobol + pb2(population=5)', budget: {min: 2, max: 9}}\n",
    "goal: minimize\nbaseline: {model: linear, lr: 0.1}\n"
    "search: {method: random, seeds: 3, first: [{model: mlp, lr: 0.5}]}\n",
    "objectives: [{metric: auc, goal: maximize}, {metric: ms, goal: minimize}]\n"
    "require: [mb < 9]\nsearch: {method: random}\n",
    "goal: minimize\nsearch: {trials: 20, budget: {max: 27}, steps: 200}\n",
    "goal: minimize\nsearch: {method: grid(points=3)}\n",
};

enum { N_SEARCHES = sizeof(searches) / sizeof(searches[0]) };

static void make_text(const char *search, char *text, size_t room)
{
    snprintf(text, room, "%s%s", space, search);
}

/* A line that may make sense. */
static void random_line(struct rng *r, char *line, size_t room)
{
    int trial = (int)rng_below(r, 12) + 1, step = (int)rng_below(r, 10);
    int value = (int)rng_below(r, 1000);
    switch (rng_below(r, 10)) {
    case 0:
    case 1:
    case 2:
        snprintf(line, room, "{\"ask\": %d}", (int)rng_below(r, 3) + 1);
        return;
    case 3:
        snprintf(line, room, "{\"tell\": {\"id\": %d, \"value\": %d}}", trial, value);
        return;
    case 4:
        snprintf(line, room,
                 "{\"tell\": {\"id\": %d, \"metrics\": {\"value\": %d, \"auc\": %d, \"ms\": %d, "
                 "\"mb\": 8}}}",
                 trial, value, value, value / 30);
        return;
    case 5:
        snprintf(line, room, "{\"tell\": {\"id\": %d, \"state\": \"%s\"}}", trial,
                 value % 2 ? "failed" : "infeasible");
        return;
    case 6:
        snprintf(line, room, "{\"tell\": {\"id\": %d}}", trial);
        return;
    case 7:
        snprintf(line, room, "{\"tell\": {\"id\": %d, \"value\": \"nan\", \"step\": %d}}", trial,
                 step);
        return;
    default:
        snprintf(line, room, "{\"report\": {\"id\": %d, \"step\": %d, \"value\": %d}}", trial, step,
                 value);
        return;
    }
}

static void expect_same(const char *line, const char *a, struct optimizer *b)
{
    const char *other = say(b, line);
    if (strcmp(a, other) != 0)
        fail_msg("%s is answered %s and, loaded, %s", line, a, other);
}

/* Some lines, then saved and loaded, then more lines to both. */
static void go_on(const char *text, uint64_t seed)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *a = make_optimizer(text, &clock);
    struct rng r;
    char line[300];
    rng_init(&r, seed, 0);
    if (rng_below(&r, 2))
        (void)say(a,
                  "{\"observe\": {\"params\": {\"model\": \"linear\", \"lr\": 0.25}, \"metrics\": "
                  "{\"value\": 1, \"auc\": 1, \"ms\": 2, \"mb\": 3}}}");
    for (uint64_t i = rng_below(&r, 60); i > 0; i--) {
        random_line(&r, line, sizeof(line));
        (void)say(a, line);
        if (rng_below(&r, 50) == 0)
            assert_ok(optimizer_set_trials(a, 40, NULL));
    }
    char *saved = save_text(a);
    struct optimizer *b = load_text(saved, &clock);
    char *again = save_text(b);
    assert_string_equal(saved, again);
    for (int i = 0; i < 60; i++) {
        random_line(&r, line, sizeof(line));
        char *said = strdup(say(a, line));
        expect_same(line, said, b);
        free(said);
        said = strdup(say(a, "{\"best\": true}"));
        expect_same("{\"best\": true}", said, b);
        free(said);
    }
    optimizer_free(a);
    optimizer_free(b);
    free(saved);
    free(again);
}

static void goes_on_as_the_saved_one(void **state)
{
    char text[1000];
    (void)state;
    for (size_t k = 0; k < N_SEARCHES; k++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            make_text(searches[k], text, sizeof(text));
            print_message("# search %zu, seed %" PRIu64 "\n", k, seed);
            go_on(text, seed);
        }
}

/* A saved optimizer with something of everything in it. */
static char *some_text(void)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    char text[1000];
    make_text(searches[1], text, sizeof(text));
    struct optimizer *o = make_optimizer(text, &clock);
    (void)say(o,
              "{\"observe\": {\"params\": {\"model\": \"linear\", \"lr\": 0.25}, \"value\": 1}}");
    (void)say(o, "{\"ask\": 4}");
    (void)say(o, "{\"report\": {\"id\": 1, \"step\": 1, \"value\": 0.5}}");
    (void)say(o, "{\"report\": {\"id\": 1, \"step\": 2, \"value\": 0.25}}");
    (void)say(o, "{\"tell\": {\"id\": 2, \"value\": 0.5}}");
    char *saved = save_text(o);
    optimizer_free(o);
    return saved;
}

static void refuse(struct str text, enum code code, const char *part)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    struct optimizer *o = NULL;
    struct error e = {.code = OK};
    enum code got = optimizer_read(&o, text, "test", clock_virtual(&clock), &e);
    assert_null(o);
    if (got != code || !strstr(e.message, part))
        fail_msg("%s: \"%s\", not %s: \"%s\"", code_name(got), e.message, code_name(code), part);
}

static void nothing_that_was_cut_off(void **state)
{
    char *text = some_text();
    size_t n = strlen(text);
    (void)state;
    for (size_t i = 0; i < n; i++)
        refuse((struct str){text, i}, E_CORRUPT, "can't be read as a saved optimizer");
    free(text);
}

static void nothing_that_was_changed(void **state)
{
    char *text = some_text();
    size_t n = strlen(text);
    (void)state;
    for (size_t i = 0; i < n; i++) {
        char was = text[i];
        text[i] = (char)(was ^ 1);
        refuse((struct str){text, n}, E_CORRUPT, "can't be read as a saved optimizer");
        text[i] = was;
    }
    refuse(STR("space: s\n"), E_CORRUPT, "does not begin like one");
    refuse((struct str){"", 0}, E_CORRUPT, "does not begin like one");
    free(text);
}

/* Replaces `from` by `to` and makes the end right again; freed by the caller. */
static char *forge(const char *from, const char *to)
{
    char *text = some_text(), *at = strstr(text, from), *end = strstr(text, "{\"end\":");
    assert_non_null(at);
    assert_non_null(end);
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add(&b, text, (size_t)(at - text));
    buf_cstr(&b, to);
    buf_add(&b, at + strlen(from), (size_t)(end - at) - strlen(from));
    size_t lines = 0;
    for (size_t i = 0; i < b.n; i++)
        lines += b.p[i] == '\n';
    uint64_t hash = str_hash(buf_view(&b));
    buf_fmt(&b, "{\"end\":{\"lines\":%zu,\"hash\":\"%016" PRIx64 "\"}}\n", lines, hash);
    assert_ok(buf_end(&b, NULL));
    free(text);
    return b.p;
}

static void nothing_that_does_not_add_up(void **state)
{
    static const struct {
        const char *from, *to;
        enum code code;
        const char *part;
    } cases[] = {
        {"\"format\":1,", "\"format\":2,", E_VERSION, "newer trawl"},
        {"\"format\":1,", "", E_CORRUPT, "first line makes no sense"},
        {"\"source\":", "\"sauce\":", E_CORRUPT, "first line makes no sense"},
        {"loguniform", "lugoniform", E_UNKNOWN, "lugoniform"},
        {"\"kind\":\"begin\"", "\"kind\":\"event\"", E_CORRUPT, "no beginning"},
        {"\"engine\":", "\"ingene\":", E_CORRUPT, "engine"},
        {"{\"seq\":3,", "{\"seq\":4,", E_CORRUPT, "must come next"},
        {"{\"seq\":3,", "{\"sec\":3,", E_CORRUPT, "no entry"},
        {"\"trial\":1,\"step\":2", "\"trial\":7,\"step\":2", E_CORRUPT, "no report"},
        {"\"trial\":1,\"step\":2", "\"trial\":2,\"step\":2", E_CORRUPT, "too late"},
        {"\"outcome\":\"completed\"", "\"outcome\":\"compleated\"", E_CORRUPT, "outcome"},
        {"\"model\":", "\"mudel\":", E_CORRUPT, "mudel"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = forge(cases[i].from, cases[i].to);
        print_message("# %s\n", cases[i].to);
        refuse(str_of(text), cases[i].code, cases[i].part);
        free(text);
    }
}

static void files(void **state)
{
    struct virtual_clock clock = {.monotonic_ns = 0};
    char folder[] = "/tmp/trawl-saved-XXXXXX", path[100];
    struct optimizer *o =
        make_optimizer("goal: minimize\nparameters: {x: \"int(1, 9)\"}\n", &clock);
    struct optimizer *loaded = NULL;
    struct error e = {.code = OK};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/saved", folder);
    assert_int_equal(optimizer_load(&loaded, path, clock_virtual(&clock), &e), E_NOT_FOUND);
    assert_ok(optimizer_save(o, path, &e));
    (void)say(o, "{\"ask\": 1}");
    assert_ok(optimizer_save(o, path, &e));
    assert_ok(optimizer_load(&loaded, path, clock_virtual(&clock), &e));
    assert_non_null(strstr(say(loaded, "{\"ask\": 1}"), "\"id\":2,"));
    optimizer_free(loaded);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing is left beside it */
    assert_int_equal(optimizer_save(o, path, &e), E_IO);
    optimizer_free(o);
}

static int end_of_tests(void **state)
{
    (void)state;
    forget_answers();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_as_the_saved_one),     cmocka_unit_test(nothing_that_was_cut_off),
        cmocka_unit_test(nothing_that_was_changed),     cmocka_unit_test(files),
        cmocka_unit_test(nothing_that_does_not_add_up),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, NULL, end_of_tests);
}
