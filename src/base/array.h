/*
 * Arrays that grow. An array is a pointer of the caller's (NULL at first), to be freed with free(),
 * and the number of items that it has room for (0 at first).
 *
 *     if (!array_reserve(x->v, &x->capacity, x->n + 1))
 *         return E_NOMEM;
 *     x->v[x->n++] = item;
 *
 * Room at least doubles: whoever adds n items one by one moves fewer than 2 n. False: out of
 * memory, or more than can be addressed; the array is as it was.
 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Sees to room for `need` items in v, an lvalue. */
#define array_reserve(v, capacity, need) array_reserve_at(&(v), capacity, need, sizeof(*(v)))
/* The same, and all room that is not yet used is zeros. */
#define array_reserve_zeroed(v, capacity, need) \
    array_reserve_zeroed_at(&(v), capacity, need, sizeof(*(v)))

/* What stands behind those; `array` is the address of the pointer. */
bool array_grow(void *array, size_t *capacity, size_t need, size_t size, bool zeroed) must_check;

must_check static inline bool array_reserve_at(void *array, size_t *capacity, size_t need,
                                               size_t size)
{
    return need <= *capacity || array_grow(array, capacity, need, size, false);
}

must_check static inline bool array_reserve_zeroed_at(void *array, size_t *capacity, size_t need,
                                                      size_t size)
{
    return need <= *capacity || array_grow(array, capacity, need, size, true);
}

#endif
