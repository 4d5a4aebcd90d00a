/*
 * The table of codes, and the filling of a struct error.
 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#undef error_set
#undef error_errno
#undef error_nomem

/* Exit 2 is for what a person has to correct in a file or on a command line, 1 for all else. */
static const struct {
    const char *name;
    int exit_status;
} codes[E_CODE_COUNT] = {
    [OK] = {"ok", 0},
    [E_NOMEM] = {"no_memory", 1},
    [E_IO] = {"io", 1},
    [E_LIMIT] = {"limit", 2},
    [E_SYNTAX] = {"syntax", 2},
    [E_INVALID] = {"invalid", 2},
    [E_UNKNOWN] = {"unknown", 2},
    [E_DUPLICATE] = {"duplicate", 2},
    [E_UNSATISFIABLE] = {"unsatisfiable", 2},
    [E_NOT_FOUND] = {"not_found", 1},
    [E_STATE] = {"state", 1},
    [E_BUSY] = {"busy", 1},
    [E_VERSION] = {"version", 1},
    [E_CORRUPT] = {"corrupt", 1},
    [E_UNSUPPORTED] = {"unsupported", 2},
    [E_USAGE] = {"usage", 2},
    [E_SPAWN] = {"spawn", 1},
    [E_PROTOCOL] = {"protocol", 1},
    [E_INTERRUPTED] = {"interrupted", 130},
};

const char *code_name(enum code code)
{
    return (unsigned)code < E_CODE_COUNT ? codes[code].name : "?";
}

int code_exit_status(enum code code)
{
    return (unsigned)code < E_CODE_COUNT ? codes[code].exit_status : 1;
}

/* Drops the beginning of a character whose end was cut off. */
static void trim_cut_character(char *text, size_t n)
{
    size_t start = n;
    while (start > 0 && n - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (n - (start - 1) < need)
        text[start - 1] = '\0';
}

static void printf_like(3, 0) fill(char *text, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(text, size, fmt, ap);
    if (n < 0)
        text[0] = '\0';
    else if ((size_t)n >= size)
        trim_cut_character(text, size - 1);
}

enum code error_setv(struct error *e, enum code code, const char *fmt, va_list ap)
{
    if (!e)
        return code;
    /* The arguments may point into e itself (to wrap a message), so the text is made aside. */
    char text[sizeof(e->message)];
    fill(text, sizeof(text), fmt, ap);
    memset(e, 0, sizeof(*e));
    e->code = code;
    memcpy(e->message, text, strlen(text) + 1);
    return code;
}

enum code error_set(struct error *e, enum code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(e, code, fmt, ap);
    va_end(ap);
    return code;
}

enum code error_errno(struct error *e, int errno_value, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(e, E_IO, fmt, ap);
    va_end(ap);
    /* strerror would follow the locale and share a buffer between threads. */
    const char *text = strerrordesc_np(errno_value);
    if (text)
        error_detail(e, "%s", text);
    else
        error_detail(e, "errno %d", errno_value);
    return E_IO;
}

enum code error_nomem(struct error *e)
{
    return error_set(e, E_NOMEM, "out of memory");
}

void error_hint(struct error *e, const char *fmt, ...)
{
    if (!e)
        return;
    va_list ap;
    va_start(ap, fmt);
    fill(e->hint, sizeof(e->hint), fmt, ap);
    va_end(ap);
}

void error_detail(struct error *e, const char *fmt, ...)
{
    if (!e)
        return;
    va_list ap;
    va_start(ap, fmt);
    fill(e->detail, sizeof(e->detail), fmt, ap);
    va_end(ap);
}

void error_at(struct error *e, const char *file, int line, int column)
{
    if (!e || e->file[0] || e->line)
        return;
    size_t n = file ? strlen(file) : 0;
    if (n >= sizeof(e->file)) /* the end of a path says more than its beginning */
        file += n - (sizeof(e->file) - 1);
    if (n)
        memcpy(e->file, file, strlen(file) + 1);
    e->line = line;
    e->column = column;
}
