/*
 * Comma-separated values, as RFC 4180 has them: records end with a line, fields may stand in double
 * quotes, where "" is a quote and lines and commas are text. A byte order mark is passed over, and
 * so are empty lines.
 */
#ifndef EXEC_SIM_CSV_H
#define EXEC_SIM_CSV_H

#include "base/arena.h"

enum { CSV_FIELDS_MAX = 4096 };

struct csv {
    struct str rest;
    const char *file; /* for messages */
    int line;         /* of the last record's beginning, 1, 2, ... */
    int next_line;
};

struct csv_field {
    struct str text; /* in the text given, or in the arena where quotes were taken off */
    int column;      /* in bytes, from 1 */
};

void csv_init(struct csv *c, struct str text, const char *file);
/* The next record; *ret_n 0: there are no more. fields has room for CSV_FIELDS_MAX. E_SYNTAX and
 * E_LIMIT are placed. */
enum code csv_next(struct csv *c, struct arena *a, struct csv_field *fields, size_t *ret_n,
                   struct error *e) must_check;

#endif
