#include "search/method.h"

#include "fixture.h"

static struct arena arena;

static enum code parse(const char *text, struct method *m, struct error *e)
{
    struct location at = {"trawl.yaml", 12, 11};
    return method_parse(&arena, str_of(text), at, m, e);
}

static void writes(const struct method *m, const char *text)
{
    struct buf b;
    buf_init(&b, 1000);
    method_write(m, &b);
    assert_string_equal(b.p, text);
    buf_free(&b);
}

static const struct row infinite[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
static const struct row is_finite[] = {
    {"a", "int(1, 4)", NULL}, {"b", "flag()", NULL}, {NULL, NULL, NULL}};
static const struct effort one_shot = {.trials = 60, .parallel = 1};
static const struct effort stepped = {
    .trials = 60, .has_steps = true, .min_steps = 1, .max_steps = 27, .parallel = 1};

/* What a text resolves to. */
static void resolves(const char *text, const struct row *rows, const struct effort *effort,
                     const char *wanted)
{
    struct space *s = make_space(rows, NULL);
    struct method m = make_method(text, s, effort), again;
    writes(&m, wanted);
    assert_true(strlen(m.why) > 10);
    assert_ok(parse(wanted, &again, NULL));
    writes(&again, wanted);
    assert_ok(method_resolve(&again, s, effort, NULL));
    writes(&again, wanted);
    space_free(s);
}

/* And what it chose says so of itself, and reads back. */
static void chooses(const char *text, const struct row *rows, const struct effort *effort,
                    const struct sampler_kind *sampler, const struct allocator_kind *allocator)
{
    struct space *s = make_space(rows, NULL);
    struct method m = make_method(text, s, effort);
    struct buf b;
    assert_ptr_equal(m.sampler, sampler);
    assert_ptr_equal(m.allocator, allocator);
    buf_init(&b, 1000);
    method_write(&m, &b);
    assert_ok(buf_end(&b, NULL));
    resolves(b.p, rows, effort, b.p);
    buf_free(&b);
    space_free(s);
}

static void what_is_left_out_is_filled_in(void **state)
{
    resolves("random", infinite, &stepped, "random + full");
    resolves("random", infinite, &one_shot, "random + full");
    resolves("sobol", infinite, &one_shot, "sobol(scramble=owen) + full");
    chooses("asha", infinite, &stepped, &sampler_gp, &allocator_asha);
    chooses("median(min_trials=3)", infinite, &stepped, &sampler_gp, &allocator_median);
    resolves(" random\n+asha ( eta = 4 ) ", infinite, &stepped,
             "random + asha(eta=4, variant=stop)");
    resolves("asha + random", infinite, &stepped, "random + asha(eta=3, variant=stop)");
    resolves("random + asha(max_rungs=3)", infinite, &stepped,
             "random + asha(eta=3, variant=stop, max_rungs=3)");
    resolves("random + asha(max_rungs=64)", infinite, &stepped,
             "random + asha(eta=3, variant=stop)");
    resolves("grid", is_finite, &one_shot, "grid(points=0) + full");
    resolves("grid(points=5)", infinite, &one_shot, "grid(points=5) + full");
    chooses("full()", infinite, &one_shot, &sampler_gp, &allocator_full);
}

static void has_rungs(double rungs, const struct effort *effort)
{
    struct space *s = make_space(infinite, NULL);
    struct method m = make_method("auto", s, effort);
    assert_ptr_equal(m.allocator, &allocator_asha);
    assert_true(allocator_option(&m, "max_rungs") == rungs);
    space_free(s);
}

/* Where it is known that 25 whole trainings can be paid for, no trial is judged early. */
static void auto_judges_later_where_there_is_more_to_spend(void **state)
{
    struct effort by_steps = stepped, by_time = stepped, little = stepped;
    by_steps.steps = 25 * stepped.max_steps;
    by_time.slot_steps = 1e9;
    little = by_time;
    little.steps = by_steps.steps - 1;
    has_rungs(3, &stepped);
    has_rungs(3, &little);
    has_rungs(2, &by_steps);
    has_rungs(2, &by_time);
}

static void promotes(const char *text, const struct row *rows, const struct effort *effort)
{
    struct space *s = make_space(rows, NULL);
    struct method m = make_method(text, s, effort);
    assert_ptr_equal(m.allocator, &allocator_asha);
    assert_true(allocator_option_is(&m, "variant", "promote"));
    space_free(s);
}

static void auto_chooses(void **state)
{
    struct effort few = {.trials = 4}, many = {.trials = 1001}, open = {.trials = 0};
    struct effort narrow = {.trials = 60, .has_steps = true, .min_steps = 10, .max_steps = 29};
    chooses("auto", infinite, &one_shot, &sampler_gp, &allocator_full);
    chooses("auto", infinite, &stepped, &sampler_gp, &allocator_asha);
    chooses("auto", infinite, &narrow, &sampler_gp, &allocator_full);
    chooses("auto", infinite, &many, &sampler_portfolio, &allocator_full);
    chooses("auto", infinite, &few, &sampler_sobol, &allocator_full);
    chooses("auto", is_finite, &one_shot, &sampler_grid, &allocator_full);
    chooses("auto", is_finite, &stepped, &sampler_grid, &allocator_asha);
    chooses("auto", is_finite, &few, &sampler_sobol, &allocator_full);
    chooses("auto", is_finite, &open, &sampler_portfolio, &allocator_full);
    /* What is known to go on from checkpoints pauses. */
    struct effort pausing = stepped, crowd = stepped, long_run = stepped;
    pausing.resumes = crowd.resumes = long_run.resumes = true;
    crowd.parallel = 5;
    long_run.trials = 301;
    chooses("auto", infinite, &pausing, &sampler_sobol, &allocator_freeze_thaw);
    chooses("freeze_thaw", infinite, &stepped, &sampler_sobol, &allocator_freeze_thaw);
    chooses("auto + freeze_thaw", infinite, &stepped, &sampler_sobol, &allocator_freeze_thaw);
    resolves("auto", is_finite, &pausing,
             "grid(points=0) + asha(eta=3, variant=promote, max_rungs=3)");
    promotes("auto", infinite, &crowd);
    promotes("auto", infinite, &long_run);
    chooses("auto + asha(eta=9)", infinite, &stepped, &sampler_gp, &allocator_asha);
}

struct wrong {
    const char *text;
    enum code code;
    int column;
    const char *message, *hint;
};

/* What the tables hold, as a hint lists it. */
static char there_are[1000], did_you_mean[1100];

static void list_kinds(void)
{
    const struct sampler_kind *const *samplers;
    const struct allocator_kind *const *allocators;
    size_t n = sampler_kinds(&samplers), m = allocator_kinds(&allocators);
    struct buf b;
    buf_init(&b, sizeof(there_are));
    buf_cstr(&b, "there are: auto");
    for (size_t i = 0; i < n; i++)
        buf_fmt(&b, ", %s", samplers[i]->name);
    for (size_t i = 0; i < m; i++)
        buf_fmt(&b, ", %s", allocators[i]->name);
    snprintf(there_are, sizeof(there_are), "%s", b.p);
    snprintf(did_you_mean, sizeof(did_you_mean), "did you mean `asha`? %s", b.p);
    buf_free(&b);
}

static void wrong_texts_are_refused(void **state)
{
    const struct wrong table[] = {
        {"", E_SYNTAX, 11, "the name of a method is missing",
         "a method is written as `auto`, `sobol` or `random + asha(eta=3)`"},
        {"random +", E_SYNTAX, 19, "the name of a method is missing", NULL},
        {"bayes", E_UNKNOWN, 11, "there is no method `bayes`", there_are},
        {"random + ahsa", E_UNKNOWN, 20, "there is no method `ahsa`", did_you_mean},
        {"random + sobol", E_DUPLICATE, 20, "random and sobol are both samplers: a method has one",
         NULL},
        {"asha + full", E_DUPLICATE, 18, "asha and full are both allocators: a method has one",
         NULL},
        {"auto + random", E_INVALID, 18,
         "auto chooses the sampler itself, so random can't be added", NULL},
        {"random + auto", E_INVALID, 20,
         "auto chooses the sampler itself, so it can't follow random", NULL},
        {"auto + auto", E_DUPLICATE, 18, "`auto` is said twice", NULL},
        {"asha(eat=3)", E_UNKNOWN, 16, "asha has no option `eat`",
         "did you mean `eta`? there are: eta, variant, max_rungs"},
        {"random(n=3)", E_UNKNOWN, 18, "random has no option `n`", "random takes no options"},
        {"auto(n=3)", E_UNKNOWN, 16, "auto has no option `n`", "auto takes no options"},
        {"asha(eta=1)", E_INVALID, 20, "`eta` can't be 1", "a whole number from 2 to 10"},
        {"asha(eta=2.5)", E_INVALID, 20, "`eta` can't be 2.5", "a whole number from 2 to 10"},
        {"asha(eta=1e+9)", E_INVALID, 20, "`eta` can't be 1e+9", NULL},
        {"asha(eta=nan)", E_SYNTAX, 20, "`eta` wants a number, not `nan`", NULL},
        {"asha(eta=three)", E_SYNTAX, 20, "`eta` wants a number, not `three`", NULL},
        {"asha(eta=3, eta=3)", E_DUPLICATE, 23, "`eta` is said twice", NULL},
        {"asha(eta)", E_SYNTAX, 19, "`=` and a value must follow `eta`", NULL},
        {"asha(eta=)", E_SYNTAX, 20, "the value of `eta` is missing", NULL},
        {"asha(3)", E_UNKNOWN, 16, "asha has no option `3`", NULL},
        {"asha(eta=3", E_SYNTAX, 21, "`)` must follow the options of asha", NULL},
        {"asha(,)", E_SYNTAX, 16, "an option of asha is missing", NULL},
        {"asha(variant=up)", E_INVALID, 24, "`variant` can't be `up`", "there are: stop, promote"},
        {"random asha", E_SYNTAX, 18, "`asha` makes no sense after a method",
         "a sampler and an allocator are joined by `+`"},
        {"random)", E_SYNTAX, 17, "`)` makes no sense after a method", NULL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct method m;
        struct error e = {.code = OK};
        expect_code(parse(table[i].text, &m, &e), table[i].code, &e);
        assert_string_equal(e.message, table[i].message);
        assert_int_equal(e.line, 12);
        assert_int_equal(e.column, table[i].column);
        assert_string_equal(e.file, "trawl.yaml");
        if (table[i].hint)
            assert_string_equal(e.hint, table[i].hint);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    const struct {
        const char *text;
        const struct effort *effort;
        const char *message;
    } table[] = {
        {"grid", &one_shot, "grid needs finitely many values, but `x` has no end of them"},
        {"asha", &one_shot, "asha needs a budget of steps, and there is none"},
        {"median", &one_shot, "median needs a budget of steps, and there is none"},
        {"asha", &(struct effort){.has_steps = true, .min_steps = 10, .max_steps = 29},
         "asha(eta=3) has no rung between 10 and 29 steps at which to stop"},
        {"median(warmup=27)", &stepped, "median has no step between 27 and 27 at which to stop"},
        {"auto", &(struct effort){.has_steps = true, .min_steps = 3, .max_steps = 2},
         "a trial's largest budget, 2 steps, is below its least, 3"},
        {"auto", &(struct effort){.has_steps = true, .max_steps = 2},
         "a trial's least budget must be at least one step"},
        {"auto", &(struct effort){.trials = -1}, "the number of trials can't be negative"},
    };
    struct space *s = make_space(infinite, NULL);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct method m;
        struct error e = {.code = OK};
        assert_ok(parse(table[i].text, &m, &e));
        expect_code(method_resolve(&m, s, table[i].effort, &e), E_INVALID, &e);
        assert_string_equal(e.message, table[i].message);
    }
    space_free(s);
}

static void every_kind_is_described(void **state)
{
    const struct sampler_kind *const *samplers;
    const struct allocator_kind *const *allocators;
    size_t n = sampler_kinds(&samplers);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(sampler_find(str_of(samplers[i]->name)), samplers[i]);
        assert_true(strlen(samplers[i]->about) > 10);
        assert_true(samplers[i]->n_options <= METHOD_OPTIONS_MAX);
    }
    n = allocator_kinds(&allocators);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(allocator_find(str_of(allocators[i]->name)), allocators[i]);
        assert_true(strlen(allocators[i]->about) > 10);
        assert_true(allocators[i]->n_options <= METHOD_OPTIONS_MAX);
    }
    assert_null(sampler_find(STR("asha")));
    assert_null(allocator_find(STR("random")));
}

static int set_up(void **state)
{
    arena_init(&arena, 1 << 20);
    list_kinds();
    return 0;
}

static int tear_down(void **state)
{
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_is_filled_in),
        cmocka_unit_test(auto_chooses),
        cmocka_unit_test(auto_judges_later_where_there_is_more_to_spend),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(every_kind_is_described),
    };
    return cmocka_run_group_tests_name(__FILE__, tests, set_up, tear_down);
}
