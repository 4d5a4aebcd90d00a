/*
 * Tables: cells are kept until a batch is full, then written aligned.
 */
#include "api/table.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { GAP = 2, TEXT_MAX = 16 << 20, TITLE_MAX = 64 };

struct cell {
    size_t at, n; /* in text */
    enum tone tone;
    int width;
};

struct table {
    struct screen *out;
    size_t n_columns, n_rows, filled;
    struct column columns[TABLE_COLUMNS_MAX];
    char titles[TABLE_COLUMNS_MAX][TITLE_MAX];
    int widths[TABLE_COLUMNS_MAX];
    bool titled;
    struct buf text;
    struct cell cells[TABLE_BATCH][TABLE_COLUMNS_MAX];
};

enum code table_new(struct screen *out, const struct column *columns, size_t n, struct table **ret,
                    struct error *e)
{
    if (n > TABLE_COLUMNS_MAX)
        return error_set(e, E_LIMIT, "a table has at most %d columns", TABLE_COLUMNS_MAX);
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_nomem(e);
    t->out = out;
    t->n_columns = n;
    for (size_t i = 0; i < n; i++) {
        t->columns[i] = columns[i];
        snprintf(t->titles[i], TITLE_MAX, "%s", columns[i].title);
        t->columns[i].title = t->titles[i];
        t->widths[i] = text_width(str_of(t->titles[i]));
    }
    buf_init(&t->text, TEXT_MAX);
    *ret = t;
    return OK;
}

void table_free(struct table *t)
{
    if (t == NULL)
        return;
    buf_free(&t->text);
    free(t);
}

/* Control characters would break the lines. */
static void add_clean(struct buf *b, struct str text)
{
    size_t at = b->n;
    buf_str(b, text);
    for (; at < b->n; at++)
        if ((unsigned char)b->p[at] < 0x20 || b->p[at] == 0x7f)
            b->p[at] = ' ';
}

void table_cell(struct table *t, enum tone tone, struct str text)
{
    if (t->filled >= t->n_columns)
        return;
    struct cell *c = &t->cells[t->n_rows][t->filled];
    *c = (struct cell){.at = t->text.n, .n = text.n, .tone = tone, .width = text_width(text)};
    add_clean(&t->text, text);
    if (c->width > t->widths[t->filled])
        t->widths[t->filled] = c->width;
    t->filled++;
}

void table_cell_fmt(struct table *t, enum tone tone, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    size_t len = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    table_cell(t, tone, (struct str){text, len});
}

static void pad(struct screen *out, int n)
{
    if (n > 0)
        buf_repeat(&out->out, ' ', (size_t)n);
}

static void print_cell(struct table *t, size_t column, struct str text, int width, enum tone tone,
                       int *used)
{
    bool last = column + 1 == t->n_columns, right = t->columns[column].right;
    int room = t->widths[column] - width, left = t->out->tty ? t->out->width - *used : INT_MAX;
    if (left <= 0)
        return;
    if (right) {
        pad(t->out, room < left ? room : left);
        left -= room;
    }
    struct buf cut;
    buf_init(&cut, TEXT_MAX);
    if (width > left) {
        text_cut(text, left, &cut);
        text = buf_view(&cut);
    }
    if (left > 0)
        screen_text(t->out, text.n > 0 ? tone : TONE_PLAIN, text);
    buf_free(&cut);
    *used += t->widths[column] + GAP;
    room = (right ? 0 : room) + GAP;
    left -= width;
    if (!last)
        pad(t->out, room < left ? room : left);
}

static void print_titles(struct table *t)
{
    int used = 0;
    for (size_t i = 0; i < t->n_columns; i++) {
        struct str title = str_of(t->columns[i].title);
        print_cell(t, i, title, text_width(title), TONE_BOLD, &used);
    }
    screen_text(t->out, TONE_PLAIN, STR("\n"));
    t->titled = true;
}

static void print_rows(struct table *t)
{
    if (t->n_rows > 0 && !t->titled)
        print_titles(t);
    for (size_t r = 0; r < t->n_rows; r++) {
        int used = 0;
        for (size_t i = 0; i < t->n_columns; i++) {
            const struct cell *c = &t->cells[r][i];
            struct str text = c->n > 0 ? (struct str){t->text.p + c->at, c->n} : (struct str){0};
            print_cell(t, i, text, c->width, c->tone, &used);
        }
        screen_text(t->out, TONE_PLAIN, STR("\n"));
    }
    t->n_rows = 0;
}

void table_row_end(struct table *t)
{
    for (size_t i = t->filled; i < t->n_columns; i++)
        t->cells[t->n_rows][i] = (struct cell){0};
    t->filled = 0;
    t->n_rows++;
    if (t->n_rows < TABLE_BATCH)
        return;
    print_rows(t);
    if (!t->text.bad)
        buf_clear(&t->text);
}

enum code table_end(struct table *t, struct error *e)
{
    print_rows(t);
    return buf_end(&t->text, e);
}
