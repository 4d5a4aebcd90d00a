/*
 * code.exclude: which part of a path a pattern takes away.
 */
#include "testing.h"

#include "code/rules.h"

static const struct {
    const char *pattern, *path, *excluded;
} cases[] = {
    {"data", "data", "data"},
    {"data", "data/a/b", "data"},
    {"data", "src/data/a", "src/data"},
    {"data", "database", ""},
    {"data/", "data/a", "data"},
    {"data/**", "data/a", "data"},
    {"/data", "data/a", "data"},
    {"/data", "src/data", ""},
    {"./data", "data/a", "data"},
    {"./data", "src/data", ""},
    {"*.ckpt", "runs/old/x.ckpt", "runs/old/x.ckpt"},
    {"*.ckpt", "x.ckpt.txt", ""},
    {"runs/old", "runs/old/x", "runs/old"},
    {"runs/old", "a/runs/old/x", ""},
    {"**/runs/old", "a/runs/old/x", "a/runs/old"},
    {"**/runs/old", "runs/old", "runs/old"},
    {"runs/*", "runs/old/x", "runs/old"},
    {"runs/*.log", "runs/old/x.log", ""},
    {"[ab].txt", "c/b.txt", "c/b.txt"},
    {"", "a", ""},
    {"/", "a", ""},
    {"**/", "a/b", "a"},
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str pattern = str_of(cases[i].pattern);
        struct snapshot_rules rules = {&pattern, 1};
        struct str found = rules_excluded(&rules, str_of(cases[i].path));
        if (!str_is(found, cases[i].excluded))
            fail_msg("%s of %s takes \"%.*s\", not \"%s\"", cases[i].pattern, cases[i].path,
                     STR_FMT(found), cases[i].excluded);
    }
}

static void the_shortest_part_of_any_pattern(void **state)
{
    (void)state;
    struct str patterns[] = {str_of("a/b/c"), str_of("a/b")};
    struct snapshot_rules rules = {patterns, 2};
    assert_true(str_is(rules_excluded(&rules, STR("a/b/c/d")), "a/b"));
    assert_int_equal(rules_excluded(NULL, STR("a")).n, 0);
}

static void overlong_patterns_match_nothing(void **state)
{
    (void)state;
    static char text[10000];
    memset(text, 'a', sizeof(text) - 1);
    struct str pattern = str_of(text);
    struct snapshot_rules rules = {&pattern, 1};
    assert_int_equal(rules_excluded(&rules, STR("aaa")).n, 0);
    assert_int_equal(rules_excluded(&rules, pattern).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(the_shortest_part_of_any_pattern),
        cmocka_unit_test(overlong_patterns_match_nothing),
    };
    return RUN_TESTS(tests);
}
