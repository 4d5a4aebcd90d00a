/*
 * Reading small texts (priors, expressions, methods) that stand somewhere in a file.
 *
 * A cursor walks one text and knows where that text began, so that an error at any byte of it is
 * placed in the file: lines and columns are 1-based, columns count characters. Where the text goes
 * over several lines, columns of its later lines count from the line's start in the text.
 */
#ifndef SPACE_CURSOR_H
#define SPACE_CURSOR_H

#include "base/arena.h"

/* Where a text stands in its file, so that errors inside it can be placed. */
struct location {
    const char *file; /* NULL: not from a file */
    int line, column; /* of the text's first character; line 0: not known */
};

struct cursor {
    struct str text;
    size_t pos; /* of the next byte to read, at most text.n */
    struct location at;
};

/* Refuses a text that is longer than `limit`, not UTF-8, or holds a NUL. `what` names it ("prior").
 */
enum code cursor_open(struct cursor *c, struct str text, struct location at, size_t limit,
                      const char *what, struct error *e) must_check;
bool cursor_done(const struct cursor *c);
char cursor_peek(const struct cursor *c); /* NUL at the end */
void cursor_blanks(struct cursor *c);     /* skips white space */
/* Takes `c` if it is next. */
bool cursor_take(struct cursor *c, char next);
/* The text from `from` to the cursor. */
struct str cursor_since(const struct cursor *c, size_t from);

/* Reads a string in single quotes ('' is a quote) or double quotes (\" \\ \n \t \r); the cursor
 * stands on the opening quote. The string is in `a`. */
enum code cursor_quoted(struct cursor *c, struct arena *a, struct str *ret,
                        struct error *e) must_check;

/* error_set, placed at byte `pos` of the text. */
enum code cursor_fail(const struct cursor *c, size_t pos, struct error *e, enum code code,
                      const char *fmt, ...) printf_like(5, 6) never_ok;
/* Places an error that has no place yet at byte `pos` of a text that begins at `at`. */
void location_mark(struct error *e, struct location at, struct str text, size_t pos);

#endif
