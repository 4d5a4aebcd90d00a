/* Arrays that grow. */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 16 };

bool array_grow(void *array, size_t *capacity, size_t need, size_t size, bool zeroed)
{
    size_t room = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    unsigned char *v;
    if (room < FIRST)
        room = FIRST;
    if (room < need)
        room = need;
    memcpy(&v, array, sizeof(v));
    v = reallocarray(v, room, size);
    if (!v)
        return false;
    if (zeroed)
        memset(v + *capacity * size, 0, (room - *capacity) * size);
    memcpy(array, &v, sizeof(v));
    *capacity = room;
    return true;
}
