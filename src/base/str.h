/*
 * Strings: views to read, bounded builders to write.
 *
 * A view never owns its bytes and need not end in NUL. A builder owns a growing buffer with a
 * ceiling; once a write would pass the ceiling or memory runs out the builder turns bad, every
 * later write is ignored, and buf_end() reports it: so a chain of writes needs one check, at its
 * end.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *p;
    size_t n;
};

/* A string literal as a view. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_FMT(s) (int)((s).n > INT32_MAX ? INT32_MAX : (s).n), (s).p

struct str str_of(const char *cstr); /* NULL gives an empty view */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *cstr);
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_sub(struct str s, size_t from, size_t n); /* clipped to s */
struct str str_trim(struct str s);                       /* ASCII white space off both ends */
/* Cuts *rest at the first `separator`: returns what stands before it, *rest what follows (empty and
 * p == NULL when there was none left). */
struct str str_cut(struct str *rest, char separator);
/* Bytes (1 to 4) of the well-formed UTF-8 character that s begins with; 0 if there is none. */
size_t str_utf8_step(struct str s);
bool str_valid_utf8(struct str s);
uint64_t str_hash(struct str s);
/* Number of edits (insert, delete, replace, swap of neighbours) between a and b, ASCII case
 * ignored; both cut at 64 bytes. */
int str_distance(struct str a, struct str b);
/* The candidate nearest to `word`, or NULL if none is near enough to be a likely misspelling. */
const char *str_nearest(struct str word, const char *const *candidates, size_t n);

struct buf {
    char *p; /* always NUL-terminated once anything was written; NULL before */
    size_t n, capacity, ceiling;
    bool bad;
    bool no_memory; /* why it is bad: memory ran out, not the ceiling */
};

void buf_init(struct buf *b, size_t ceiling);
void buf_free(struct buf *b);
void buf_clear(struct buf *b); /* empties it, keeps the memory, forgives badness */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_repeat(struct buf *b, char c, size_t n);
/* For whole numbers and text. Reals go through number_write: printf follows the locale. */
void buf_fmt(struct buf *b, const char *fmt, ...) printf_like(2, 3);
void buf_cut_front(struct buf *b, size_t n); /* drops the first n bytes */
struct str buf_view(const struct buf *b);
/* E_LIMIT or E_NOMEM if the builder turned bad on the way. */
enum code buf_end(const struct buf *b, struct error *e) must_check;

#endif
