/*
 * An arena: many small allocations, freed all at once.
 *
 * One for each request, parsed file or step of a searcher. Nothing in it is freed alone. It has a
 * ceiling; past it, or out of memory, allocation returns NULL (an error like another). Pointers
 * stay valid until arena_clear or arena_free. Memory is zeroed and aligned for any type.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used, ceiling;
};

void arena_init(struct arena *a, size_t ceiling);
void arena_free(struct arena *a);
void arena_clear(struct arena *a); /* forgets everything in it and starts anew */
void *arena_alloc(struct arena *a, size_t size) must_check;
/* count * size, checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t size) must_check;
char *arena_cstr(struct arena *a, struct str s) must_check; /* NUL-terminated copy */
enum code arena_str(struct arena *a, struct str s, struct str *ret) must_check; /* copy */
char *arena_fmt(struct arena *a, const char *fmt, ...) printf_like(2, 3) must_check;

#endif
