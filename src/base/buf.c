/*
 * Builders: a growing buffer with a ceiling that remembers its first failure.
 *
 * Always: n <= ceiling, and p[n] is NUL once p is there.
 */
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 64 };

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.ceiling = ceiling};
}

void buf_free(struct buf *b)
{
    free(b->p);
    buf_init(b, b->ceiling);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->bad = b->no_memory = false;
    if (b->p)
        b->p[0] = '\0';
}

/* Where `more` bytes do not fit as it stands: makes room for them, or b is bad. */
static bool grow(struct buf *b, size_t more)
{
    if (b->bad)
        return false;
    if (more > b->ceiling - b->n || b->n + more == SIZE_MAX) {
        b->bad = true;
        return false;
    }
    size_t need = b->n + more + 1;
    if (need <= b->capacity)
        return true;
    size_t capacity = b->capacity ? b->capacity : BUF_FIRST;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    if (capacity - 1 > b->ceiling)
        capacity = b->ceiling + 1;
    char *p = realloc(b->p, capacity);
    if (!p) {
        b->bad = b->no_memory = true;
        return false;
    }
    b->p = p;
    b->capacity = capacity;
    return true;
}

/* Makes room for `more` bytes and the NUL behind them; false, and b is bad, where it cannot. The
 * capacity is never more than the ceiling and the NUL, so what fits in it is allowed. */
static inline bool reserve(struct buf *b, size_t more)
{
    if (!b->bad && b->capacity > b->n && more < b->capacity - b->n)
        return true;
    return grow(b, more);
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (!reserve(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_str(struct buf *b, struct str s)
{
    buf_add(b, s.p, s.n);
}

void buf_cstr(struct buf *b, const char *s)
{
    buf_str(b, str_of(s));
}

void buf_char(struct buf *b, char c)
{
    if (!reserve(b, 1))
        return;
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
}

void buf_repeat(struct buf *b, char c, size_t n)
{
    if (!reserve(b, n))
        return;
    memset(b->p + b->n, c, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) { /* only for an argument that vsnprintf itself refuses */
        b->bad = true;
        return;
    }
    if (!reserve(b, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

void buf_cut_front(struct buf *b, size_t n)
{
    if (n > b->n)
        n = b->n;
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}

struct str buf_view(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

enum code buf_end(const struct buf *b, struct error *e)
{
    if (!b->bad)
        return OK;
    if (b->no_memory)
        return error_nomem(e);
    return error_set(e, E_LIMIT, "text is longer than the %zu bytes allowed for it", b->ceiling);
}
