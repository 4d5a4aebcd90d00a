#include "base/str.h"
#include "testing.h"

static void grows_and_ends_in_nul(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    assert_null(b.p);
    for (int i = 0; i < 1000; i++)
        buf_fmt(&b, "%d,", i);
    buf_char(&b, '!');
    buf_cstr(&b, NULL);
    assert_ok(buf_end(&b, NULL));
    assert_int_equal(b.n, strlen(b.p));
    assert_true(str_starts(buf_view(&b), "0,1,2,3,"));
    assert_true(str_ends(buf_view(&b), "998,999,!"));
    buf_free(&b);
}

static void ceiling_is_exact(void **state)
{
    struct buf b;
    struct error e;
    buf_init(&b, 5);
    buf_cstr(&b, "12345");
    assert_ok(buf_end(&b, &e));
    buf_char(&b, '6');
    buf_cstr(&b, "");
    assert_int_equal(buf_end(&b, &e), E_LIMIT);
    assert_string_equal(b.p, "12345");
    assert_non_null(strstr(e.message, "5 bytes"));
    buf_free(&b);
}

static void every_writer_minds_the_ceiling(void **state)
{
    struct buf b;
    buf_init(&b, 3);
    buf_repeat(&b, 'x', 4);
    assert_int_equal(buf_end(&b, NULL), E_LIMIT);
    buf_clear(&b);
    buf_fmt(&b, "%d", 12345);
    assert_int_equal(buf_end(&b, NULL), E_LIMIT);
    buf_clear(&b);
    buf_add(&b, "abc", SIZE_MAX);
    assert_int_equal(buf_end(&b, NULL), E_LIMIT);
    buf_clear(&b);
    buf_cstr(&b, "abc");
    assert_ok(buf_end(&b, NULL));
    buf_free(&b);
}

static void no_memory_is_told_apart(void **state)
{
    struct buf b;
    buf_init(&b, SIZE_MAX - 1);
    buf_char(&b, 'x');
    buf_repeat(&b, 'x', (size_t)1 << 62);
    assert_int_equal(buf_end(&b, NULL), E_NOMEM);
    assert_string_equal(b.p, "x");
    buf_free(&b);
}

static void clear_forgives(void **state)
{
    struct buf b;
    buf_init(&b, 2);
    buf_cstr(&b, "abc");
    buf_clear(&b);
    buf_cstr(&b, "ab");
    assert_ok(buf_end(&b, NULL));
    assert_string_equal(b.p, "ab");
    buf_free(&b);
}

static void cut_front_drops(void **state)
{
    struct buf b;
    buf_init(&b, 100);
    buf_cut_front(&b, 3);
    buf_cstr(&b, "hello");
    buf_cut_front(&b, 2);
    assert_string_equal(b.p, "llo");
    buf_cut_front(&b, 99);
    assert_string_equal(b.p, "");
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void empty_writes_give_text(void **state)
{
    struct buf b;
    buf_init(&b, 0);
    buf_str(&b, (struct str){NULL, 0});
    assert_ok(buf_end(&b, NULL));
    assert_string_equal(b.p, "");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_ends_in_nul),
        cmocka_unit_test(ceiling_is_exact),
        cmocka_unit_test(every_writer_minds_the_ceiling),
        cmocka_unit_test(no_memory_is_told_apart),
        cmocka_unit_test(clear_forgives),
        cmocka_unit_test(cut_front_drops),
        cmocka_unit_test(empty_writes_give_text),
    };
    return RUN_TESTS(tests);
}
