/*
 * An arena is a chain of blocks; the head is the one being filled.
 *
 * Always: bytes of a block past its `used` are zero, so an allocation needs no clearing.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK = 512, LARGEST_BLOCK = 1 << 18 };

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *a, size_t ceiling)
{
    *a = (struct arena){.ceiling = ceiling};
}

void arena_free(struct arena *a)
{
    while (a->head) {
        struct arena_block *next = a->head->next;
        free(a->head);
        a->head = next;
    }
    a->used = 0;
}

void arena_clear(struct arena *a)
{
    arena_free(a);
}

/* A fresh head that holds at least `size` bytes. Blocks double, so that an arena of any size costs
 * few calls to malloc and at most half of it is idle. */
static struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t room = a->head ? a->head->size * 2 : FIRST_BLOCK;
    if (room > LARGEST_BLOCK)
        room = LARGEST_BLOCK;
    if (room < size)
        room = size;
    if (room > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    /* glibc's calloc passes by the thread's cache of small blocks. */
    bool small = room <= FIRST_BLOCK;
    struct arena_block *block =
        small ? malloc(sizeof(*block) + room) : calloc(1, sizeof(*block) + room);
    if (!block)
        return NULL;
    if (small)
        memset(block, 0, sizeof(*block) + room);
    block->size = room;
    block->next = a->head;
    a->head = block;
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX - unit)
        return NULL;
    size = size ? (size + unit - 1) / unit * unit : unit;
    if (size > a->ceiling - a->used)
        return NULL;
    struct arena_block *block = a->head;
    if (!block || block->size - block->used < size)
        block = add_block(a, size);
    if (!block)
        return NULL;
    void *p = block->bytes + block->used;
    block->used += size;
    a->used += size;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_alloc(a, total);
}

char *arena_cstr(struct arena *a, struct str s)
{
    char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;
    if (p && s.n)
        memcpy(p, s.p, s.n);
    return p;
}

enum code arena_str(struct arena *a, struct str s, struct str *ret)
{
    char *p = arena_cstr(a, s);
    if (!p)
        return E_NOMEM;
    *ret = (struct str){p, s.n};
    return OK;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    char *p = arena_alloc(a, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}
