/*
 * Aligned tables for people.
 *
 * Columns are as wide as their widest cell; numbers stand on the right. On a terminal rows are cut
 * to the screen, which mostly cuts the last column; into a pipe nothing is ever cut. Rows stream
 * out in batches of TABLE_BATCH, each aligned in itself on the widths so far, so that a million
 * rows need no memory.
 */
#ifndef API_TABLE_H
#define API_TABLE_H

#include "api/screen.h"

enum { TABLE_COLUMNS_MAX = 32, TABLE_BATCH = 500 };

struct column {
    const char *title;
    bool right; /* numbers */
};

struct table;

enum code table_new(struct screen *out, const struct column *columns, size_t n, struct table **ret,
                    struct error *e) must_check;
/* Fills the row's next cell. */
void table_cell(struct table *t, enum tone tone, struct str text);
void table_cell_fmt(struct table *t, enum tone tone, const char *fmt, ...) printf_like(3, 4);
void table_row_end(struct table *t);
/* Prints what is left; nothing at all when there were no rows. */
enum code table_end(struct table *t, struct error *e) must_check;
void table_free(struct table *t);

#endif
