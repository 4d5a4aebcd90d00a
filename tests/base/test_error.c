#include "base/error.h"
#include "testing.h"

#include <errno.h>
#include <stdio.h>

static void table_is_whole(void **state)
{
    for (int i = 0; i < E_CODE_COUNT; i++) {
        assert_non_null(code_name((enum code)i));
        assert_true(strlen(code_name((enum code)i)) > 1);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(code_name((enum code)i), code_name((enum code)j));
        int status = code_exit_status((enum code)i);
        assert_true(i == OK ? status == 0 : status == 1 || status == 2 || status == 130);
    }
    assert_string_equal(code_name((enum code)999), "?");
    assert_int_equal(code_exit_status((enum code)999), 1);
    assert_int_equal(code_exit_status(E_INTERRUPTED), 130);
}

static void set_clears_and_returns(void **state)
{
    struct error e = {.line = 3, .hint = "old", .detail = "old", .file = "old"};
    assert_int_equal(error_set(&e, E_SYNTAX, "wrong %s", "word"), E_SYNTAX);
    assert_int_equal(e.code, E_SYNTAX);
    assert_string_equal(e.message, "wrong word");
    assert_string_equal(e.hint, "");
    assert_string_equal(e.detail, "");
    assert_string_equal(e.file, "");
    assert_int_equal(e.line, 0);
}

static void message_may_wrap_itself(void **state)
{
    struct error e;
    error_set(&e, E_IO, "inner");
    error_set(&e, E_IO, "outer: %s", e.message);
    assert_string_equal(e.message, "outer: inner");
}

static void null_is_allowed(void **state)
{
    assert_int_equal(error_set(NULL, E_LIMIT, "x"), E_LIMIT);
    assert_int_equal(error_errno(NULL, ENOENT, "x"), E_IO);
    assert_int_equal(error_nomem(NULL), E_NOMEM);
    error_hint(NULL, "x");
    error_detail(NULL, "x");
    error_at(NULL, "x", 1, 1);
}

static void errno_is_told(void **state)
{
    struct error e;
    assert_int_equal(error_errno(&e, ENOENT, "cannot open %s", "f"), E_IO);
    assert_string_equal(e.message, "cannot open f");
    assert_string_equal(e.detail, "No such file or directory");
    error_errno(&e, 99999, "odd");
    assert_string_equal(e.detail, "errno 99999");
}

static void first_location_stays(void **state)
{
    struct error e;
    error_set(&e, E_SYNTAX, "x");
    error_at(&e, "a.yaml", 3, 4);
    error_at(&e, "b.yaml", 5, 6);
    assert_string_equal(e.file, "a.yaml");
    assert_int_equal(e.line, 3);
    assert_int_equal(e.column, 4);
    char longer[600];
    memset(longer, 'd', sizeof(longer));
    memcpy(longer + sizeof(longer) - 6, "/e.c", 5);
    longer[sizeof(longer) - 1] = '\0';
    error_set(&e, E_SYNTAX, "x");
    error_at(&e, longer, 1, 1);
    assert_int_equal(strlen(e.file), sizeof(e.file) - 1);
    assert_string_equal(e.file + strlen(e.file) - 4, "/e.c");
}

/* Whatever the length, a cut message holds whole characters only. */
static void cut_keeps_characters_whole(void **state)
{
    const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x9f"};
    for (size_t c = 0; c < 4; c++) {
        size_t width = strlen(characters[c]);
        for (size_t pad = 0; pad < 4; pad++) {
            char text[1024] = "...";
            text[pad] = '\0';
            while (strlen(text) + width < sizeof(text))
                memcpy(text + strlen(text), characters[c], width + 1);
            struct error e;
            error_set(&e, E_LIMIT, "%s", text);
            size_t n = strlen(e.message);
            assert_true(n > sizeof(e.message) - 1 - width && n < sizeof(e.message));
            assert_int_equal((n - pad) % width, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_whole),
        cmocka_unit_test(set_clears_and_returns),
        cmocka_unit_test(null_is_allowed),
        cmocka_unit_test(message_may_wrap_itself),
        cmocka_unit_test(errno_is_told),
        cmocka_unit_test(first_location_stays),
        cmocka_unit_test(cut_keeps_characters_whole),
    };
    return RUN_TESTS(tests);
}
