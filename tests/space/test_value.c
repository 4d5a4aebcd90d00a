/*
 * Values: scalars of the YAML core schema, exact order, equality, text.
 */
#include "space/value.h"

#include "space/cursor.h"
#include "testing.h"

#include <math.h>

static const char *type_of(const char *text)
{
    static const char *const names[] = {"none", "bool", "int", "real", "string", "list"};
    return names[value_of_scalar(str_of(text)).type];
}

static void reads_the_core_schema(void **state)
{
    static const char *const cases[][2] = {
        {"true", "bool"},
        {"False", "bool"},
        {"TRUE", "bool"},
        {"tRUE", "string"},
        {"yes", "string"},
        {"no", "string"},
        {"on", "string"},
        {"null", "string"},
        {"", "string"},
        {"0", "int"},
        {"-0", "int"},
        {"+12", "int"},
        {"007", "int"},
        {"0x1F", "int"},
        {"0o17", "int"},
        {"0x", "string"},
        {"0o8", "string"},
        {"-0x1", "string"},
        {"1_000", "string"},
        {"1e-4", "real"},
        {".5", "real"},
        {"5.", "real"},
        {"1e", "string"},
        {"1e+", "string"},
        {"e5", "string"},
        {".", "string"},
        {"+", "string"},
        {"1.2.3", "string"},
        {"1:30", "string"},
        {".inf", "real"},
        {"-.INF", "real"},
        {".nan", "real"},
        {"-.nan", "string"},
        {"inf", "string"},
        {"nan", "string"},
        {"2026-11-23", "string"},
        {"9223372036854775807", "int"},
        {"9223372036854775808", "real"},
        {"-9223372036854775808", "int"},
        {"0xffffffffffffffff", "real"},
        {"0x7fffffffffffffff", "int"},
        {" 1", "string"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (strcmp(type_of(cases[i][0]), cases[i][1]) != 0)
            fail_msg("%s is %s, not %s", cases[i][0], type_of(cases[i][0]), cases[i][1]);
    assert_int_equal(value_of_scalar(STR("0o17")).i, 15);
    assert_int_equal(value_of_scalar(STR("0x7fffffffffffffff")).i, INT64_MAX);
    assert_int_equal(value_of_scalar(STR("-9223372036854775808")).i, INT64_MIN);
    assert_real(value_of_scalar(STR("0xffffffffffffffff")).r, 0x1p64);
    assert_real(value_of_scalar(STR("1e-4")).r, 1e-4);
    assert_real(value_of_scalar(STR("-.Inf")).r, -(double)INFINITY);
}

static void orders_numbers_exactly(void **state)
{
    const struct value big = value_int((1LL << 53) + 1), real = value_real(0x1p53);
    const struct value most = value_int(INT64_MAX), above = value_real(0x1p63);
    const struct value least = value_int(INT64_MIN), bottom = value_real(-0x1p63);
    const struct value one = value_int(1), half = value_real(1.5), minus = value_real(-1.5);
    const struct value minus_one = value_int(-1), infinite = value_real((double)INFINITY);
    assert_true(value_order(&big, &real) > 0);
    assert_true(value_order(&real, &big) < 0);
    assert_true(value_order(&most, &above) < 0);
    assert_int_equal(value_order(&least, &bottom), 0);
    assert_true(value_order(&one, &half) < 0);
    assert_true(value_order(&half, &one) > 0);
    assert_true(value_order(&minus_one, &minus) > 0);
    assert_true(value_order(&most, &infinite) < 0);
}

static void tells_equal_from_alike(void **state)
{
    const struct value one = value_int(1), real = value_real(1), nan = value_real((double)NAN);
    const struct value zero = value_real(0), minus = value_real(-0.0),
                       text = value_string(STR("1"));
    assert_false(value_equal(&one, &real));
    assert_true(value_alike(&one, &real));
    assert_false(value_alike(&one, &text));
    assert_true(value_equal(&nan, &nan));
    assert_false(value_alike(&nan, &one));
    assert_true(value_equal(&zero, &minus));
    assert_int_equal(value_hash(&zero), value_hash(&minus));
    assert_int_not_equal(value_hash(&one), value_hash(&real));
    const struct value items[] = {one, text};
    struct value list = {.type = VALUE_LIST, .list = {items, 2}}, shorter = list;
    shorter.list.n = 1;
    assert_true(value_equal(&list, &list));
    assert_false(value_equal(&list, &shorter));
    assert_int_not_equal(value_hash(&list), value_hash(&shorter));
}

static void writes_all_forms(void **state)
{
    const struct value items[] = {value_string(STR("a b")),
                                  value_bool(true),
                                  value_real(256),
                                  value_int(-3),
                                  value_real((double)INFINITY),
                                  value_string(STR("12")),
                                  value_string(STR("plain-x"))};
    const struct value list = {.type = VALUE_LIST, .list = {items, 7}};
    struct buf b;
    struct json j;
    buf_init(&b, 4096);
    value_text(&list, &b);
    assert_string_equal(b.p, "a b,true,256,-3,inf,12,plain-x");
    buf_clear(&b);
    value_write(&list, &b);
    assert_string_equal(b.p, "[\"a b\", true, 256.0, -3, .inf, \"12\", plain-x]");
    buf_clear(&b);
    jw_init(&j, &b);
    value_json(&list, &j);
    assert_ok(jw_end(&j, NULL));
    assert_string_equal(b.p, "[\"a b\",true,256.0,-3,\"inf\",\"12\",\"plain-x\"]");
    buf_free(&b);
}

static void shows_long_values_cut(void **state)
{
    char text[400];
    memset(text, 'x', sizeof(text));
    struct value v = value_string((struct str){text, sizeof(text)});
    struct shown shown = value_show(&v);
    assert_int_equal(strlen(shown.text), sizeof(shown.text) - 1);
    assert_string_equal(shown.text + sizeof(shown.text) - 5, "x...");
    v = value_string(STR("sh\"ort"));
    assert_string_equal(value_show(&v).text, "\"sh\\\"ort\"");
}

static void copies_deeply(void **state)
{
    struct arena a;
    char text[] = "item";
    const struct value items[] = {value_string(str_of(text))};
    const struct value list = {.type = VALUE_LIST, .list = {items, 1}};
    struct value copy;
    arena_init(&a, 4096);
    assert_ok(value_copy(&a, &list, &copy));
    text[0] = 'X';
    assert_true(str_is(copy.list.v[0].s, "item"));
    arena_free(&a);
    arena_init(&a, 0);
    assert_int_equal(value_copy(&a, &list, &copy), E_NOMEM);
}

/* value_quote and cursor_quoted undo each other. */
static void quotes_any_text(void **state)
{
    const char text[] = "a\"b\\c\nd\te\rf'g\x01\xc3\xa9";
    struct arena a;
    struct buf b;
    struct cursor c;
    struct str back;
    arena_init(&a, 4096);
    buf_init(&b, 4096);
    value_quote(str_of(text), &b);
    assert_ok(cursor_open(&c, buf_view(&b), (struct location){0}, 4096, "text", NULL));
    assert_ok(cursor_quoted(&c, &a, &back, NULL));
    assert_true(str_eq(back, str_of(text)));
    assert_true(cursor_done(&c));
    buf_free(&b);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_core_schema),  cmocka_unit_test(orders_numbers_exactly),
        cmocka_unit_test(tells_equal_from_alike), cmocka_unit_test(writes_all_forms),
        cmocka_unit_test(shows_long_values_cut),  cmocka_unit_test(copies_deeply),
        cmocka_unit_test(quotes_any_text),
    };
    return RUN_TESTS(tests);
}
