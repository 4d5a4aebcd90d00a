/*
 * Where output goes: a terminal with a width and perhaps colour, or a pipe.
 *
 * Text is gathered in a buffer and written in one go. A reader that went away (EPIPE, a terminal's
 * EIO, a standard output that was closed) is no error of ours: the screen turns deaf and the work
 * goes on. So it does where a disk is full, but then the command says so at its end.
 */
#ifndef API_SCREEN_H
#define API_SCREEN_H

#include "base/str.h"

enum tone { TONE_PLAIN, TONE_BOLD, TONE_DIM, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_ACCENT };

struct screen {
    int fd;
    bool tty, colour, deaf;
    int lost;          /* errno that cost output somebody still waits for; 0: none */
    int width, height; /* columns and lines; 80 by 24 where not known */
    struct buf out;
};

/* Colour on a terminal only, unless NO_COLOR is set or TERM is dumb. */
void screen_init(struct screen *s, int fd);
int screen_free(struct screen *s);     /* returns lost */
void screen_measure(struct screen *s); /* after SIGWINCH */
void screen_text(struct screen *s, enum tone tone, struct str text);
void screen_fmt(struct screen *s, enum tone tone, const char *fmt, ...) printf_like(3, 4);
void screen_flush(struct screen *s);

/* Columns a UTF-8 text takes on a terminal (wcwidth without a locale: combining marks 0, wide East
 * Asian 2), and a cut at `columns` with an ellipsis where it does not fit. */
int text_width(struct str text);
void text_cut(struct str text, int columns, struct buf *b);

#endif
