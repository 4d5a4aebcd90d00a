#include "base/arena.h"
#include "testing.h"

static void alloc_is_zeroed_and_aligned(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 20);
    for (size_t size = 0; size < 200; size++) {
        char *p = arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
    arena_free(&a);
}

static void large_and_small_mix(void **state)
{
    struct arena a;
    arena_init(&a, 8 << 20);
    char *small = arena_alloc(&a, 10), *large = arena_alloc(&a, 1 << 21);
    char *after = arena_alloc(&a, 10);
    assert_non_null(small);
    assert_non_null(large);
    assert_non_null(after);
    memset(large, 1, 1 << 21);
    assert_int_equal(small[0], 0);
    assert_int_equal(after[0], 0);
    arena_free(&a);
}

static void ceiling_refuses(void **state)
{
    struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_alloc(&a, 90));
    assert_null(arena_alloc(&a, 90));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 20));
    arena_free(&a);
}

static void array_checks_overflow(void **state)
{
    struct arena a;
    arena_init(&a, SIZE_MAX);
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_non_null(arena_array(&a, 3, 5));
    arena_free(&a);
}

static void copies_own_their_bytes(void **state)
{
    struct arena a;
    arena_init(&a, 1 << 16);
    char text[] = "abc";
    char *copy = arena_cstr(&a, str_of(text));
    struct str view = {NULL, 0};
    assert_ok(arena_str(&a, str_of(text), &view));
    text[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_true(str_is(view, "abc"));
    assert_string_equal(arena_fmt(&a, "%d-%s", 7, "y"), "7-y");
    assert_string_equal(arena_cstr(&a, (struct str){NULL, 0}), "");
    arena_free(&a);
}

static void failure_leaves_ret_alone(void **state)
{
    struct arena a;
    arena_init(&a, 4);
    struct str view = STR("before");
    assert_int_equal(arena_str(&a, STR("too long for it"), &view), E_NOMEM);
    assert_true(str_is(view, "before"));
    assert_null(arena_fmt(&a, "%s", "too long for it"));
    arena_free(&a);
}

static void clear_starts_anew(void **state)
{
    struct arena a;
    arena_init(&a, 64);
    assert_non_null(arena_alloc(&a, 64));
    assert_null(arena_alloc(&a, 1));
    arena_clear(&a);
    char *p = arena_alloc(&a, 64);
    assert_non_null(p);
    assert_int_equal(p[63], 0);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_is_zeroed_and_aligned),
        cmocka_unit_test(large_and_small_mix),
        cmocka_unit_test(ceiling_refuses),
        cmocka_unit_test(array_checks_overflow),
        cmocka_unit_test(copies_own_their_bytes),
        cmocka_unit_test(failure_leaves_ret_alone),
        cmocka_unit_test(clear_starts_anew),
    };
    return RUN_TESTS(tests);
}
