#include "base/str.h"
#include "testing.h"

static void compares(void **state)
{
    struct str none = str_of(NULL);
    assert_int_equal(none.n, 0);
    assert_true(str_eq(none, STR("")));
    assert_true(str_is(STR("abc"), "abc"));
    assert_false(str_is(STR("abc"), "ab"));
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("b"), STR("abc")) > 0);
    assert_int_equal(str_cmp(none, STR("")), 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
    assert_true(str_starts(STR("trawl.yaml"), "trawl"));
    assert_false(str_starts(STR("tra"), "trawl"));
    assert_true(str_ends(STR("trawl.yaml"), ".yaml"));
    assert_false(str_ends(STR("yaml"), ".yaml"));
    assert_true(str_starts(none, ""));
}

static void cuts_and_trims(void **state)
{
    assert_true(str_is(str_sub(STR("hello"), 1, 3), "ell"));
    assert_true(str_is(str_sub(STR("hello"), 3, SIZE_MAX), "lo"));
    assert_int_equal(str_sub(STR("hello"), 9, 1).n, 0);
    assert_true(str_is(str_trim(STR(" \t\r\n x y \v\f")), "x y"));
    assert_int_equal(str_trim(STR("  ")).n, 0);
}

static void cut_walks_fields(void **state)
{
    struct str rest = STR("a,,b");
    assert_true(str_is(str_cut(&rest, ','), "a"));
    assert_true(str_is(str_cut(&rest, ','), ""));
    assert_non_null(rest.p);
    assert_true(str_is(str_cut(&rest, ','), "b"));
    assert_null(rest.p);
    rest = STR("a,");
    str_cut(&rest, ',');
    assert_non_null(rest.p); /* an empty field still follows */
    str_cut(&rest, ',');
    assert_null(rest.p);
}

static void utf8_is_strict(void **state)
{
    const char *const good[] = {"",
                                "abc",
                                "\xc3\xa9",
                                "\xe2\x82\xac",
                                "\xf0\x9f\x90\x9f",
                                "\xed\x9f\xbf",
                                "\xee\x80\x80",
                                "\xf4\x8f\xbf\xbf",
                                "\xc2\x80"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(str_valid_utf8(str_of(good[i])));
    const char *const bad[] = {"\x80",
                               "\xc3",
                               "\xc0\xaf",
                               "\xc1\xbf",
                               "\xe0\x80\x80",
                               "\xed\xa0\x80",
                               "\xf0\x80\x80\x80",
                               "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80",
                               "\xff",
                               "\xe2\x82",
                               "\xe2\x82g",
                               "a\xf0\x9f\x90",
                               "\xc3\x28"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(str_valid_utf8(str_of(bad[i])));
    assert_int_equal(str_utf8_step(STR("\xe2\x82\xac!")), 3);
    assert_int_equal(str_utf8_step(STR("")), 0);
}

static void hash_is_fnv1a(void **state)
{
    assert_true(str_hash(STR("")) == 0xcbf29ce484222325u);
    assert_true(str_hash(STR("a")) == 0xaf63dc4c8601ec8cu);
    assert_true(str_hash(STR("foobar")) == 0x85944171f73967e8u);
}

static void distance_counts_edits(void **state)
{
    assert_int_equal(str_distance(STR("kitten"), STR("sitting")), 3);
    assert_int_equal(str_distance(STR("metric"), STR("mertic")), 1);
    assert_int_equal(str_distance(STR("GOAL"), STR("goal")), 0);
    assert_int_equal(str_distance(STR(""), STR("abc")), 3);
    assert_int_equal(str_distance(STR("abc"), STR("")), 3);
    char a[500], b[500];
    memset(a, 'a', sizeof(a));
    memset(b, 'b', sizeof(b));
    assert_int_equal(str_distance((struct str){a, 500}, (struct str){b, 500}), 64);
}

static void nearest_is_near(void **state)
{
    const char *const keys[] = {"parameters", "metric", "goal", "seed", "lr"};
    assert_string_equal(str_nearest(STR("paramters"), keys, 5), "parameters");
    assert_string_equal(str_nearest(STR("metrics"), keys, 5), "metric");
    assert_string_equal(str_nearest(STR("sed"), keys, 5), "seed");
    assert_string_equal(str_nearest(STR("rl"), keys, 5), "lr");
    assert_null(str_nearest(STR("colour"), keys, 5));
    assert_null(str_nearest(STR(""), keys, 5));
    assert_null(str_nearest(STR("x"), keys, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),         cmocka_unit_test(cuts_and_trims),
        cmocka_unit_test(cut_walks_fields), cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(hash_is_fnv1a),    cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(nearest_is_near),
    };
    return RUN_TESTS(tests);
}
