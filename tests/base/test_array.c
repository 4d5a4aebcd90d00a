/* Arrays that grow. */
#include "base/array.h"
#include "testing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void items_stay(void **state)
{
    int64_t *v = NULL;
    size_t capacity = 0, moves = 0;
    for (size_t n = 0; n < 5000; n++) {
        size_t before = capacity;
        assert_true(array_reserve(v, &capacity, n + 1));
        assert_true(capacity > n);
        if (capacity != before) {
            assert_true(capacity >= 2 * before);
            moves += n;
        }
        v[n] = (int64_t)n * 3;
    }
    assert_true(moves < 2 * 5000);
    for (size_t n = 0; n < 5000; n++)
        assert_int_equal(v[n], n * 3);
    free(v);
}

static void room_that_is_there_is_left(void **state)
{
    char *v = NULL;
    size_t capacity = 0;
    assert_true(array_reserve(v, &capacity, 0));
    assert_null(v);
    assert_true(array_reserve(v, &capacity, 100));
    const char *at = v;
    size_t room = capacity;
    assert_true(room >= 100);
    assert_true(array_reserve(v, &capacity, room));
    assert_ptr_equal(v, at);
    assert_int_equal(capacity, room);
    free(v);
}

/* A step past the room, and a long one. */
static void new_room_is_zeros(void **state)
{
    struct pair {
        int64_t a;
        char b[3];
    } *v = NULL;
    size_t capacity = 0;
    for (size_t need = 1; need < 3000; need = capacity + (capacity % 5) * 100 + 1) {
        size_t before = capacity;
        assert_true(array_reserve_zeroed(v, &capacity, need));
        for (size_t i = before; i < capacity; i++)
            assert_true(v[i].a == 0 && v[i].b[0] == 0 && v[i].b[2] == 0);
        memset(v, 0xa5, capacity * sizeof(*v));
    }
    free(v);
}

static void too_much_is_refused(void **state)
{
    int64_t *v = NULL;
    size_t capacity = 0;
    assert_true(array_reserve(v, &capacity, 3));
    v[2] = 7;
    const int64_t *at = v;
    size_t room = capacity;
    assert_false(array_reserve(v, &capacity, SIZE_MAX));
    assert_false(array_reserve(v, &capacity, SIZE_MAX / 8 + 1));
    assert_false(array_reserve_zeroed(v, &capacity, SIZE_MAX / 8));
    assert_ptr_equal(v, at);
    assert_int_equal(capacity, room);
    assert_int_equal(v[2], 7);
    free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stay),
        cmocka_unit_test(room_that_is_there_is_left),
        cmocka_unit_test(new_room_is_zeros),
        cmocka_unit_test(too_much_is_refused),
    };
    return RUN_TESTS(tests);
}
