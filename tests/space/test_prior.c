/*
 * Priors: what parses to what, what is refused and where, what is accepted, counting, text.
 */
#include "space/prior.h"

#include "space/making.h"
#include "testing.h"

#include <math.h>

static struct arena arena;

static int set_up(void **state)
{
    arena_init(&arena, 64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_free(&arena);
    return 0;
}

static struct prior parse(const char *text)
{
    struct prior p;
    struct error e = {0};
    if (prior_parse(&arena, str_of(text), (struct location){0}, &p, &e) != OK)
        fail_msg("%s: %s", text, message_of(&e));
    return p;
}

static const char *written(const struct prior *p)
{
    static char text[4096];
    struct buf b;
    buf_init(&b, sizeof(text) - 1);
    prior_write(p, &b);
    assert_ok(buf_end(&b, NULL));
    memcpy(text, b.p, b.n + 1);
    buf_free(&b);
    return text;
}

static void canonical_text(void **state)
{
    static const char *const cases[][2] = {
        {" uniform ( 0 , 1 ) ", "uniform(0, 1)"},
        {"uniform(0, 1, step=0.1)", "uniform(0, 1, step=0.1)"},
        {"uniform(hi=2, lo=-1e3)", "uniform(-1000, 2)"},
        {"loguniform(1e-4, 1)", "loguniform(0.0001, 1)"},
        {"normal(0, 1)", "normal(0, 1)"},
        {"normal(0, 1, -2, 2)", "normal(0, 1, lo=-2, hi=2)"},
        {"normal(0, 1, hi=2)", "normal(0, 1, hi=2)"},
        {"lognormal(0, 1.5)", "lognormal(0, 1.5)"},
        {"lognormal(0, 1, 0.5, 3)", "lognormal(0, 1, lo=0.5, hi=3)"},
        {"int(1, 1e3)", "int(1, 1000)"},
        {"int(0, 9, step=3)", "int(0, 9, step=3)"},
        {"int(-9223372036854775808, 9223372036854775807)",
         "int(-9223372036854775808, 9223372036854775807)"},
        {"logint(16, 512)", "logint(16, 512)"},
        {"choice('it''s')", "choice(\"it's\")"},
        {"choice(a, 'b c', \"12\", 12, 1.5, true, )", "choice(a, \"b c\", \"12\", 12, 1.5, true)"},
        {"choice(a=3, b)", "choice(a=0.75, b=0.25)"},
        {"choice('x=y'=1, .inf=1)", "choice(\"x=y\"=0.5, .inf=0.5)"},
        {"ordinal(small, large)", "ordinal(small, large)"},
        {"flag()", "flag()"},
        {"flag(on=--x, off=--no-x)", "flag(on=\"--x\", off=\"--no-x\")"},
        {"subset(a, b, c)", "subset(a, b, c, min=0, max=3)"},
        {"subset(a, b, c, max=2, min=1)", "subset(a, b, c, min=1, max=2)"},
        {"subset(min, \"max\")", "subset(min, max, min=0, max=2)"},
        {"permutation(3, 1, 2)", "permutation(3, 1, 2)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct prior p = parse(cases[i][0]);
        char once[4096];
        memcpy(once, written(&p), sizeof(once));
        assert_string_equal(once, cases[i][1]);
        p = parse(once);
        assert_string_equal(written(&p), once);
    }
}

static const char *const wrong[][2] = {
    {"unifrm(0, 1)", "7:10: there is no prior unifrm | did you mean uniform?"},
    {"gaussian(0, 1)", "7:10: there is no prior gaussian | there are uniform, loguniform, "
                       "normal, lognormal, int, "
                       "logint, choice, ordinal, flag, subset, permutation"},
    {"branches(main, fast)",
     "7:10: branches(...) is not there yet: this version searches parameters, not code | until "
     "then, a flag() that the program reads can stand for a change"},
    {"patches(a.diff)",
     "7:10: patches(...) is not there yet: this version searches parameters, not code | until "
     "then, a flag() that the program reads can stand for a change"},
    {"0.1", "7:10: this is not a prior | a prior is written as a call: uniform(0, 1), choice(a, "
            "b), flag()"},
    {"uniform(0, 1", "7:22: uniform( is never closed"},
    {"uniform(0,", "7:20: uniform( is never closed"},
    {"uniform(0, 1) x", "7:24: nothing can follow uniform(...)"},
    {"uniform(0, , 1)", "7:21: a value is missing before `,`"},
    {"choice(a b)", "7:19: a comma or `)` should stand here | a value with blanks, commas, "
                    "brackets or = in it needs quotes"},
    {"choice(a, \"b)", "7:20: this string has no closing \""},
    {"choice(\"a\\q\")", "7:19: a backslash before q means nothing | known are \\\" \\\\ \\n \\t "
                         "\\r; in single quotes a backslash is itself"},
    {"uniform(5, 2)", "7:18: the lower bound 5 is above the upper bound 2 | put the smaller one "
                      "first"},
    {"uniform(1)", "7:10: values are missing | write uniform(lo, hi) or uniform(lo, hi, step=s)"},
    {"uniform(1, 2, 0.1)", "7:24: this is one value too many | write uniform(lo, hi) or "
                           "uniform(lo, hi, step=s)"},
    {"uniform(1, 2, stp=0.1)", "7:24: uniform has no option stp | did you mean step?"},
    {"loguniform(1, 2, step=1)", "7:27: loguniform has no option step | write loguniform(lo, hi)"},
    {"uniform(1, 2, step=1, step=1)", "7:32: step is given twice"},
    {"uniform(1, 2, lo=1)", "7:24: lo is given twice"},
    {"uniform(a, 2)", "7:18: lo must be a number, but a is a string"},
    {"uniform(\"1\", 2)", "7:18: lo must be a number, but \"1\" is a string"},
    {"uniform(0, .inf)", "7:21: hi must be finite, but it is .inf"},
    {"uniform(0, 1, step=0)", "7:29: step must be above zero"},
    {"uniform(0, 1, step=0.3)",
     "7:29: steps of 0.3 from the lower bound do not lead to the upper one | the last value "
     "before it is 0.9: make that the upper bound"},
    {"uniform(0, 1e18, step=1e-3)", "7:32: step is too small for this range"},
    {"loguniform(0, 1)", "7:21: the lower bound must be above zero, since loguniform works on "
                         "the logarithm | for a "
                         "range that holds zero take uniform, or start at a small number"},
    {"logint(0, 1)",
     "7:17: the lower bound must be above zero, since logint works on the logarithm | for a "
     "range that holds zero take int, or start at a small number"},
    {"normal(0, 0)", "7:20: the standard deviation must be above zero"},
    {"normal(0, 1, 3, 2)", "7:23: the lower bound 3 is above the upper bound 2 | put the smaller "
                           "one first"},
    {"normal(0, 1, 1e3, 1e4)", "7:23: the bounds lie too far from the mean: nothing of the "
                               "normal is between them"},
    {"lognormal(1000, 1)", "7:20: this reaches past what a real number can hold | mean and sd "
                           "are those of the logarithm; or give lo and hi"},
    {"lognormal(0, 1, -1, 2)",
     "7:26: the lower bound must be above zero, since lognormal works on the logarithm | for a "
     "range that holds zero take uniform, or start at a small number"},
    {"int(5, 2)", "7:14: the lower bound 5 is above the upper bound 2 | put the smaller one first"},
    {"lognormal(0, 1, hi=-1)", "7:29: a lognormal is always above zero"},
    {"lognormal(0, 1, 1e100, 1e101)",
     "7:26: the bounds lie too far from the mean: nothing of the lognormal is between them | mean "
     "and "
     "sd are those of the logarithm, the bounds those of the value"},
    {"subset(a, b, min=1, min=1)", "7:30: min is given twice"},
    {"int(1, 2.5)", "7:17: int takes whole numbers of 64 bits, not 2.5 | for real numbers take "
                    "uniform"},
    {"int(0, 9223372036854775808)", "7:17: int takes whole numbers of 64 bits, not "
                                    "9.223372036854776e+18 | for real numbers take uniform"},
    {"int(1, 10, step=2)", "7:26: steps of 2 from the lower bound do not lead to the upper one | "
                           "the last value before it is 9: make that the upper bound"},
    {"int(1, 10, step=0)", "7:26: step must be above zero"},
    {"choice()", "7:10: choice has nothing to take | write choice(a, b, c)"},
    {"choice(a, b, a)", "7:23: a is said twice"},
    {"choice(1, 1.0)", "7:20: 1.0 is said twice"},
    {"choice(.nan)", "7:17: nan can't be chosen: it equals nothing"},
    {"choice(a=0, b)", "7:19: a weight must be a number above zero | a=3 makes a three times as "
                       "likely as a level without a weight"},
    {"choice(a=x)", "7:19: a weight must be a number above zero | a=3 makes a three times as "
                    "likely as a level without a weight"},
    {"choice(a=1e-12, b)", "7:19: this weight is so small that it would never be drawn"},
    {"ordinal(a=1)", "7:18: ordinal has no option a | only a choice has weights; a value with = "
                     "in it needs quotes"},
    {"flag(yes)", "7:15: flag takes no values | write flag(), or flag(on=--x, off=--no-x) for "
                  "its words on the command line"},
    {"flag(of=--x)", "7:15: flag has no option of | did you mean off?"},
    {"flag(on=--x, on=--y)", "7:23: on is given twice"},
    {"subset(a, b, min=3)", "7:10: subset can't hold 3 of its 2 items"},
    {"subset(a, b, min=2, max=1)", "7:10: min 2 is above max 1"},
    {"subset(a, b, min=x)", "7:27: min must be a whole number from 0 to 64"},
    {"subset(a, mn=1)", "7:20: subset has no option mn | did you mean min?"},
    {"permutation(a, a)", "7:25: a is said twice"},
    {"choice(a, \xff)", "7:20: prior holds bytes that are not UTF-8"},
    {"choice(\xc3\xa9, \xc3\xa9)", "7:20: \"\xc3\xa9\" is said twice"},
    {"choice(a,\n b,\n a)", "9:2: a is said twice"},
};

static void refuses(void **state)
{
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct prior p;
        struct error e = {0};
        struct location at = {"trawl.yaml", 7, 10};
        assert_int_not_equal(prior_parse(&arena, str_of(wrong[i][0]), at, &p, &e), OK);
        assert_string_equal(message_of(&e), wrong[i][1]);
        assert_string_equal(e.file, "trawl.yaml");
        assert_int_not_equal(prior_parse(&arena, str_of(wrong[i][0]), at, &p, NULL), OK);
    }
}

static void limits_are_kept(void **state)
{
    struct buf b;
    struct prior p;
    struct error e;
    buf_init(&b, 4 << 20);
    for (int wanted = PRIOR_LEVELS_MAX; wanted <= PRIOR_LEVELS_MAX + 2; wanted++) {
        buf_clear(&b);
        buf_cstr(&b, "choice(0");
        for (int i = 1; i < wanted; i++)
            buf_fmt(&b, ", %d", i);
        buf_cstr(&b, ")");
        enum code code = prior_parse(&arena, buf_view(&b), (struct location){0}, &p, &e);
        assert_int_equal(code, wanted > PRIOR_LEVELS_MAX ? E_LIMIT : OK);
    }
    buf_clear(&b);
    buf_cstr(&b, "permutation(0");
    for (int i = 1; i <= PRIOR_ITEMS_MAX; i++)
        buf_fmt(&b, ", %d", i);
    buf_cstr(&b, ")");
    assert_int_equal(prior_parse(&arena, buf_view(&b), (struct location){0}, &p, &e), E_LIMIT);
    buf_clear(&b);
    buf_repeat(&b, ' ', PRIOR_BYTES_MAX + 1);
    assert_int_equal(prior_parse(&arena, buf_view(&b), (struct location){0}, &p, &e), E_LIMIT);
    buf_free(&b);
    struct arena tight;
    arena_init(&tight, 0);
    assert_int_equal(prior_parse(&tight, STR("choice(a, b)"), (struct location){0}, &p, &e),
                     E_NOMEM);
}

/* `text` is a scalar, or a list in brackets. */
static struct value value_from(const char *text, struct value *items)
{
    struct str s = str_of(text);
    struct value list = {.type = VALUE_LIST, .list = {items, 0}};
    if (str_starts(s, "\""))
        return value_string(str_sub(s, 1, s.n - 2));
    if (!str_starts(s, "["))
        return value_of_scalar(s);
    for (s = str_sub(s, 1, s.n - 2); s.n;)
        items[list.list.n++] = value_of_scalar(str_trim(str_cut(&s, ',')));
    return list;
}

static const char *const given[][3] = {
    {"uniform(0, 1)", "1", "1.0"},
    {"uniform(0, 1)", "2", "2 is above the upper bound 1.0 | it must be from 0.0 to 1.0"},
    {"uniform(0, 1)", "-0.5", "-0.5 is below the lower bound 0.0 | it must be from 0.0 to 1.0"},
    {"uniform(0, 1)", "\"0.5\"",
     "\"0.5\" is a string, but a number is wanted | take the quotes "
     "away"},
    {"uniform(0, 1)", ".nan", ".nan is not a finite number"},
    {"uniform(0, 1, step=0.1)", "0.3", "0.3"},
    {"uniform(0, 1, step=0.1)", "0.30000000000000004", "0.3"},
    {"uniform(0, 1, step=0.1)", "0.36",
     "0.36 is not a step of 0.1 from 0.0 | the nearest one is "
     "0.4"},
    {"lognormal(0, 1)", "0", "0 is not above zero, as a lognormal is"},
    {"int(2, 12)", "6", "6"},
    {"int(2, 12)", "6.0", "6.0 is not a whole number | write 6"},
    {"int(2, 12)", "6.5", "6.5 is not a whole number"},
    {"int(2, 12)", "13", "13 is above the upper bound 12 | it must be from 2 to 12"},
    {"int(2, 12)", "six", "six is a string, but a whole number is wanted"},
    {"int(0, 9, step=3)", "5", "5 is not a step of 3 from 0 | the nearest one is 6"},
    {"choice(linear, mlp)", "mlp", "mlp"},
    {"choice(linear, mlp)", "mpl", "mpl is not among its values | did you mean mlp?"},
    {"choice(linear, mlp)", "3", "3 is not among its values | its values are linear, mlp"},
    {"choice(1, 2.5)", "1.0", "1"},
    {"choice(\"1\", \"2\")", "1",
     "1 is not among its values | that value is a string: write \"1\""},
    {"choice(1, 2)", "\"1\"",
     "\"1\" is not among its values | that value is no string: take the quotes away"},
    {"choice(a)", "[a]", "[a] is a list, but one value is wanted"},
    {"choice(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)", "a",
     "a is not among its values | its values are 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ... (14 in "
     "all)"},
    {"flag()", "true", "true"},
    {"flag()", "on", "on is a string, but true or false is wanted | write true or false"},
    {"flag()", "1", "1 is a number, but true or false is wanted"},
    {"subset(a, b, c)", "[c, a]", "[a, c]"},
    {"subset(a, b, c)", "[]", "[]"},
    {"subset(a, b, c)", "b", "b is a string, but a list is wanted | write [b]"},
    {"subset(a, b, c, min=1)", "[]", "this has 0 items, but 1 to 3 are wanted"},
    {"subset(a, b, c)", "[a, a]", "a is there twice"},
    {"subset(hour, b)", "[huor]", "huor is not among its values | did you mean hour?"},
    {"permutation(a, b, c)", "[c, a, b]", "[c, a, b]"},
    {"permutation(a, b, c)", "[c, a]", "this orders 2 of 3 items: all of them must be there"},
};

static void accepts_and_explains(void **state)
{
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        struct prior p = parse(given[i][0]);
        struct value items[8], v = value_from(given[i][1], items);
        struct error e = {0};
        enum code code = prior_accept(&p, &arena, &v, &e);
        assert_string_equal(code == OK ? value_show(&v).text : message_of(&e), given[i][2]);
    }
}

static void accepts_what_is_fixed(void **state)
{
    struct prior p;
    struct value v = value_int(3), same = value_real(3), other = value_int(4);
    struct error e = {0};
    assert_ok(prior_fixed(&arena, &v, &p));
    assert_int_equal(prior_units(&p), 0);
    assert_int_equal(prior_count(&p), 1);
    assert_string_equal(written(&p), "3");
    assert_ok(prior_accept(&p, &arena, &same, &e));
    assert_int_equal(same.type, VALUE_INT);
    assert_int_equal(prior_accept(&p, &arena, &other, &e), E_INVALID);
    assert_string_equal(e.message, "4 is not 3, at which it is fixed");
}

static void counts_and_enumerates(void **state)
{
    static const struct {
        const char *text;
        int64_t count;
        const char *first, *second, *last;
    } cases[] = {
        {"uniform(0, 1, step=0.1)", 11, "0.0", "0.1", "1.0"},
        {"uniform(-0.3, 0.3, step=0.1)", 7, "-0.3", "-0.2", "0.3"},
        {"uniform(2, 2)", 1, "2.0", NULL, "2.0"},
        {"uniform(0, 1)", 0, NULL, NULL, NULL},
        {"loguniform(2, 2)", 1, "2.0", NULL, "2.0"},
        {"normal(0, 1, 1, 1)", 1, "1.0", NULL, "1.0"},
        {"int(-3, 3)", 7, "-3", "-2", "3"},
        {"int(0, 9, step=3)", 4, "0", "3", "9"},
        {"int(-9223372036854775808, 9223372036854775807)", INT64_MAX, "-9223372036854775808",
         "-9223372036854775807", "-2"},
        {"logint(1, 4)", 4, "1", "2", "4"},
        {"choice(a, 2)", 2, "a", "2", "2"},
        {"flag()", 2, "false", "true", "true"},
        {"subset(a, b, c)", 8, "[]", "[a]", "[a, b, c]"},
        {"subset(a, b, c, min=1, max=2)", 6, "[a]", "[b]", "[b, c]"},
        {"permutation(a, b, c)", 6, "[a, b, c]", "[a, c, b]", "[c, b, a]"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct prior p = parse(cases[i].text);
        struct value v;
        assert_int_equal(prior_count(&p), cases[i].count);
        assert_int_equal(prior_nth(&p, &arena, cases[i].count, &v), E_INVALID);
        assert_int_equal(prior_nth(&p, &arena, -1, &v), E_INVALID);
        if (cases[i].count == 0)
            continue;
        assert_ok(prior_nth(&p, &arena, 0, &v));
        assert_string_equal(value_show(&v).text, cases[i].first);
        assert_ok(prior_nth(&p, &arena, cases[i].count - 1, &v));
        assert_string_equal(value_show(&v).text, cases[i].last);
        if (cases[i].second) {
            assert_ok(prior_nth(&p, &arena, 1, &v));
            assert_string_equal(value_show(&v).text, cases[i].second);
        }
    }
}

static void saturates_large_counts(void **state)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_cstr(&b, "(0");
    for (int i = 1; i < 64; i++)
        buf_fmt(&b, ", %d", i);
    buf_cstr(&b, ")");
    char text[600];
    snprintf(text, sizeof(text), "subset%s", b.p);
    struct prior p = parse(text);
    struct value v;
    assert_int_equal(prior_count(&p), INT64_MAX);
    assert_ok(prior_nth(&p, &arena, INT64_MAX - 1, &v));
    snprintf(text, sizeof(text), "permutation%s", b.p);
    p = parse(text);
    assert_int_equal(prior_count(&p), INT64_MAX);
    assert_ok(prior_nth(&p, &arena, INT64_MAX - 1, &v));
    assert_int_equal(v.list.n, 64);
    buf_free(&b);
}

/* Whichever allocation fails, it is said, and nothing is left behind. */
static void runs_out_of_memory_anywhere(void **state)
{
    static const char *const texts[] = {"choice(a=3, 'b c', 12)", "subset(aa, b, c, min=1)",
                                        "flag(on=--x, off=--y)"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        enum code code = E_NOMEM;
        for (size_t ceiling = 0; code != OK; ceiling += 16) {
            struct arena a;
            struct prior p;
            struct error e = {0};
            arena_init(&a, ceiling);
            code = prior_parse(&a, str_of(texts[i]), (struct location){0}, &p, &e);
            assert_true(code == OK || (code == E_NOMEM && e.code == E_NOMEM));
            arena_free(&a);
        }
    }
    const struct prior p = parse("permutation(a, b)"), subset = parse("subset(a, b)");
    const struct value items[] = {value_string(STR("b")), value_string(STR("a"))};
    const double u[] = {0.7, 0.8};
    struct value v = {.type = VALUE_LIST, .list = {items, 2}};
    struct arena none;
    arena_init(&none, 0);
    assert_int_equal(prior_accept(&p, &none, &v, NULL), E_NOMEM);
    assert_int_equal(prior_decode(&p, &none, u, &v), E_NOMEM);
    assert_int_equal(prior_nth(&p, &none, 1, &v), E_NOMEM);
    assert_int_equal(prior_decode(&subset, &none, u, &v), E_NOMEM);
    assert_int_equal(prior_nth(&subset, &none, 1, &v), E_NOMEM);
    struct prior fixed;
    assert_int_equal(prior_fixed(&none, &items[0], &fixed), E_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(canonical_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(accepts_and_explains, set_up, tear_down),
        cmocka_unit_test_setup_teardown(accepts_what_is_fixed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_and_enumerates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(saturates_large_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(runs_out_of_memory_anywhere, set_up, tear_down),
    };
    return RUN_TESTS(tests);
}
