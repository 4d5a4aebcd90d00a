/*
 * Small texts, and the place of each of their bytes in a file.
 */
#include "space/cursor.h"

#include <string.h>

enum code cursor_open(struct cursor *c, struct str text, struct location at, size_t limit,
                      const char *what, struct error *e)
{
    *c = (struct cursor){.text = text, .at = at};
    if (text.n > limit)
        return cursor_fail(c, 0, e, E_LIMIT, "%s is longer than %zu bytes", what, limit);
    for (size_t pos = 0; pos < text.n;) {
        size_t step = str_utf8_step(str_sub(text, pos, 4));
        if (step == 0 || text.p[pos] == '\0')
            return cursor_fail(c, pos, e, E_SYNTAX, "%s holds %s", what,
                               step ? "a NUL byte" : "bytes that are not UTF-8");
        pos += step;
    }
    return OK;
}

bool cursor_done(const struct cursor *c)
{
    return c->pos >= c->text.n;
}

char cursor_peek(const struct cursor *c)
{
    return cursor_done(c) ? '\0' : c->text.p[c->pos];
}

void cursor_blanks(struct cursor *c)
{
    while (!cursor_done(c) && strchr(" \t\r\n", c->text.p[c->pos]))
        c->pos++;
}

bool cursor_take(struct cursor *c, char next)
{
    if (cursor_done(c) || c->text.p[c->pos] != next)
        return false;
    c->pos++;
    return true;
}

struct str cursor_since(const struct cursor *c, size_t from)
{
    return str_sub(c->text, from, c->pos - from);
}

/* What stands for backslash and `letter` in double quotes; 0: nothing does. */
static char unescape(char letter)
{
    switch (letter) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case '"':
    case '\\':
    case '\'':
        return letter;
    default:
        return 0;
    }
}

enum code cursor_quoted(struct cursor *c, struct arena *a, struct str *ret, struct error *e)
{
    size_t start = c->pos;
    char quote = c->text.p[c->pos++];
    char *out = arena_alloc(a, c->text.n - start); /* what is read never grows */
    if (!out)
        return error_nomem(e);
    size_t n = 0;
    while (!cursor_done(c)) {
        char next = c->text.p[c->pos++];
        if (next == quote) {
            if (quote == '"' || cursor_peek(c) != '\'') {
                *ret = (struct str){out, n};
                return OK;
            }
            c->pos++;
        } else if (next == '\\' && quote == '"') {
            next = unescape(cursor_peek(c));
            if (!next)
                break;
            c->pos++;
        }
        out[n++] = next;
    }
    if (cursor_done(c)) {
        cursor_fail(c, start, e, E_SYNTAX, "this string has no closing %c", quote);
        return E_SYNTAX;
    }
    cursor_fail(c, c->pos - 1, e, E_SYNTAX, "a backslash before %c means nothing", cursor_peek(c));
    error_hint(e, "known are \\\" \\\\ \\n \\t \\r; in single quotes a backslash is itself");
    return E_SYNTAX;
}

void location_mark(struct error *e, struct location at, struct str text, size_t pos)
{
    int line = at.line, column = at.column;
    if (line == 0)
        return;
    for (size_t i = 0; i < pos && i < text.n; i++) {
        if (text.p[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    error_at(e, at.file, line, column);
}

enum code cursor_fail(const struct cursor *c, size_t pos, struct error *e, enum code code,
                      const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(e, code, fmt, ap);
    va_end(ap);
    location_mark(e, c->at, c->text, pos);
    return code;
}
