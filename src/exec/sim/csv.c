/* Comma-separated values. */
#include "exec/sim/csv.h"

#include <string.h>

void csv_init(struct csv *c, struct str text, const char *file)
{
    if (str_starts(text, "\xef\xbb\xbf"))
        text = str_sub(text, 3, text.n);
    *c = (struct csv){.rest = text, .file = file, .next_line = 1};
}

static char peek(const struct csv *c)
{
    return c->rest.n > 0 ? c->rest.p[0] : '\n';
}

static void skip(struct csv *c, size_t n)
{
    c->rest = str_sub(c->rest, n, c->rest.n);
}

static enum code fail(const struct csv *c, int column, enum code code, const char *what,
                      struct error *e)
{
    error_set(e, code, "%s", what);
    error_at(e, c->file, c->line, column);
    return code;
}

/* The opening quote is next. */
static enum code quoted(struct csv *c, struct arena *a, struct csv_field *ret, struct error *e)
{
    struct str from = str_sub(c->rest, 1, c->rest.n);
    size_t i = 0, n = 0;
    while (i < from.n && !(from.p[i] == '"' && (i + 1 == from.n || from.p[i + 1] != '"')))
        i += from.p[i] == '"' ? 2 : 1;
    if (i >= from.n)
        return fail(c, ret->column, E_SYNTAX, "this quote is never closed", e);
    char *text = arena_alloc(a, i + 1);
    if (!text)
        return error_nomem(e);
    for (size_t k = 0; k < i; k++) {
        k += from.p[k] == '"';
        c->next_line += from.p[k] == '\n';
        text[n++] = from.p[k];
    }
    ret->text = (struct str){text, n};
    skip(c, i + 2);
    if (peek(c) != ',' && peek(c) != '\n' && peek(c) != '\r')
        return fail(c, ret->column, E_SYNTAX, "a comma should stand behind this field", e);
    return OK;
}

static void bare(struct csv *c, struct csv_field *ret)
{
    size_t n = 0;
    while (n < c->rest.n && c->rest.p[n] != ',' && c->rest.p[n] != '\n')
        n++;
    ret->text = str_sub(c->rest, 0, n);
    skip(c, n);
    if (ret->text.n > 0 && ret->text.p[ret->text.n - 1] == '\r')
        ret->text.n--;
    ret->text = str_trim(ret->text);
}

static void end_line(struct csv *c)
{
    if (peek(c) == '\r')
        skip(c, 1);
    if (c->rest.n > 0)
        skip(c, 1);
    c->next_line++;
}

static void skip_empty_lines(struct csv *c)
{
    while (c->rest.n > 0 && (c->rest.p[0] == '\n' || str_starts(c->rest, "\r\n")))
        end_line(c);
}

enum code csv_next(struct csv *c, struct arena *a, struct csv_field *fields, size_t *ret_n,
                   struct error *e)
{
    size_t n = 0;
    skip_empty_lines(c);
    c->line = c->next_line;
    const char *start = c->rest.p;
    bool more = c->rest.n > 0;
    while (more) {
        int column = (int)(c->rest.p - start) + 1;
        if (n == CSV_FIELDS_MAX)
            return fail(c, column, E_LIMIT, "more fields than a table may have", e);
        struct csv_field *f = &fields[n++];
        *f = (struct csv_field){.column = column};
        enum code code = OK;
        if (peek(c) == '"')
            code = quoted(c, a, f, e);
        else
            bare(c, f);
        if (code != OK)
            return code;
        more = c->rest.n > 0 && c->rest.p[0] == ',';
        if (more)
            skip(c, 1);
        else
            end_line(c);
    }
    *ret_n = n;
    return OK;
}
