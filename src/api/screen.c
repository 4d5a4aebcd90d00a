/*
 * The screen: colour, width, and one write at a time.
 */
#include "api/screen.h"

#include "base/io.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SCREEN_MAX = 64 << 20, FLUSH_AT = 64 << 10 };

void screen_init(struct screen *s, int fd)
{
    const char *term = getenv("TERM");
    *s = (struct screen){.fd = fd, .width = 80, .height = 24};
    s->tty = isatty(fd) == 1;
    s->colour = s->tty && getenv("NO_COLOR") == NULL && term != NULL && strcmp(term, "dumb") != 0;
    buf_init(&s->out, SCREEN_MAX);
    screen_measure(s);
}

int screen_free(struct screen *s)
{
    screen_flush(s);
    buf_free(&s->out);
    return s->lost;
}

void screen_measure(struct screen *s)
{
    struct winsize w;
    if (!s->tty || ioctl(s->fd, TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return;
    s->width = w.ws_col;
    s->height = w.ws_row > 0 ? w.ws_row : 24;
}

static const char *tone_code(enum tone tone)
{
    switch (tone) {
    case TONE_BOLD:
        return "\033[1m";
    case TONE_DIM:
        return "\033[2m";
    case TONE_GOOD:
        return "\033[32m";
    case TONE_BAD:
        return "\033[31m";
    case TONE_WARN:
        return "\033[33m";
    case TONE_ACCENT:
        return "\033[36m";
    case TONE_PLAIN:
        break;
    }
    return NULL;
}

void screen_text(struct screen *s, enum tone tone, struct str text)
{
    const char *code = s->colour ? tone_code(tone) : NULL;
    if (code != NULL)
        buf_cstr(&s->out, code);
    buf_str(&s->out, text);
    if (code != NULL)
        buf_cstr(&s->out, "\033[0m");
    if (s->out.n >= FLUSH_AT && !s->tty)
        screen_flush(s);
}

void screen_fmt(struct screen *s, enum tone tone, const char *fmt, ...)
{
    char stack[1024];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(stack, sizeof stack, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((size_t)n < sizeof stack) {
        screen_text(s, tone, (struct str){stack, (size_t)n});
        return;
    }
    char *heap = NULL;
    va_start(ap, fmt);
    n = vasprintf(&heap, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    screen_text(s, tone, (struct str){heap, (size_t)n});
    free(heap);
}

void screen_flush(struct screen *s)
{
    size_t done = 0;
    while (!s->deaf && done < s->out.n) {
        ssize_t n = write(s->fd, s->out.p + done, s->out.n - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = s->fd, .events = POLLOUT};
            (void)poll(&p, 1, 1000);
        } else if (errno != EINTR) {
            bool gone = errno == EPIPE || errno == EBADF || (errno == EIO && s->tty);
            s->lost = gone ? 0 : errno;
            s->deaf = true;
        }
    }
    buf_clear(&s->out);
}

/* --- widths --- */

static uint32_t decode(struct str *rest)
{
    unsigned char c = (unsigned char)rest->p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    uint32_t v = n == 1 ? c : c & (0x7fu >> n);
    if (n > rest->n)
        n = rest->n;
    for (size_t i = 1; i < n; i++)
        v = v << 6 | ((unsigned char)rest->p[i] & 0x3f);
    rest->p += n;
    rest->n -= n;
    return v;
}

static int width_of(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return 0;
    bool mark = (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || c == 0xfeff ||
                (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe0f);
    if (mark)
        return 0;
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
                (c >= 0x1f900 && c <= 0x1f9ff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

int text_width(struct str text)
{
    int width = 0;
    while (text.n > 0) {
        size_t ascii = 0; /* most texts are nothing else */
        while (ascii < text.n && text.p[ascii] >= 0x20 && text.p[ascii] < 0x7f)
            ascii++;
        width += (int)ascii;
        text = str_sub(text, ascii, text.n);
        if (text.n > 0)
            width += width_of(decode(&text));
    }
    return width;
}

void text_cut(struct str text, int columns, struct buf *b)
{
    if (text_width(text) <= columns) {
        buf_str(b, text);
        return;
    }
    int width = 0;
    struct str rest = text;
    while (rest.n > 0) {
        struct str before = rest;
        width += width_of(decode(&rest));
        if (width > columns - 1) {
            rest = before;
            break;
        }
    }
    buf_add(b, text.p, text.n - rest.n);
    if (columns > 0)
        buf_cstr(b, "…");
}
