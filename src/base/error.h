/*
 * What went wrong, where, and what to do about it.
 *
 * A function that can fail returns an enum code (OK is 0) and is marked must_check. The caller may
 * pass a struct error to learn more; NULL is always allowed. A struct error owns no memory, so it
 * can live on any stack and never needs freeing. Out parameters (ret_*) are untouched on failure.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

#define must_check        __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))

enum code {
    OK = 0,
    E_NOMEM,         /* out of memory */
    E_IO,            /* the operating system refused; errno's text is in the detail */
    E_LIMIT,         /* an input is larger than we take */
    E_SYNTAX,        /* text that does not parse */
    E_INVALID,       /* parses, but makes no sense */
    E_UNKNOWN,       /* a name nobody knows */
    E_DUPLICATE,     /* said twice */
    E_UNSATISFIABLE, /* constraints nothing satisfies */
    E_NOT_FOUND,     /* no such search, trial, file */
    E_STATE,         /* not possible in the state it is in */
    E_BUSY,          /* somebody else holds it */
    E_VERSION,       /* written by a newer trawl */
    E_CORRUPT,       /* stored data does not add up */
    E_UNSUPPORTED,   /* known, but not in this build or on this machine */
    E_USAGE,         /* wrong use of the command line */
    E_SPAWN,         /* a program could not be started */
    E_PROTOCOL,      /* the other side of a wire broke the protocol */
    E_INTERRUPTED,   /* by a person */
    E_CODE_COUNT
};

struct error {
    enum code code;
    int line, column;  /* 1-based; 0: not known */
    char file[256];    /* empty: not known */
    char message[512]; /* one sentence, lower case, no full stop */
    char detail[512];  /* what was seen; may be empty */
    char hint[512];    /* what to do; may be empty */
};

/* Nothing went wrong yet. What `= {0}` says too, but without writing two kilobytes: for what
 * happens a million times. */
static inline void error_init(struct error *e)
{
    e->code = OK;
    e->line = e->column = 0;
    e->file[0] = e->message[0] = e->detail[0] = e->hint[0] = '\0';
}

/* The code's short name in JSON ("syntax", "not_found", ...), and the exit status of a command that
 * ends with it (0, 1 or 2; 130 for E_INTERRUPTED). */
const char *code_name(enum code code);
int code_exit_status(enum code code);

/* Each returns its code, so that `return error_set(e, E_LIMIT, ...)` reads well. Text that does not
 * fit is cut at a character boundary. error_set clears location, detail and hint. */
enum code error_set(struct error *e, enum code code, const char *fmt, ...) printf_like(3, 4);
enum code error_setv(struct error *e, enum code code, const char *fmt, va_list ap)
    printf_like(3, 0);
/* E_IO with strerror(errno_value) as detail. */
enum code error_errno(struct error *e, int errno_value, const char *fmt, ...) printf_like(3, 4);
enum code error_nomem(struct error *e);
void error_hint(struct error *e, const char *fmt, ...) printf_like(2, 3);
void error_detail(struct error *e, const char *fmt, ...) printf_like(2, 3);
/* Sets the location if none was set yet. */
void error_at(struct error *e, const char *file, int line, int column);

/* The analyzer looks at one file at a time and can't know that these return what they are given.
 * Past a function of another floor that is marked never_ok, since it always returns an error, it
 * looks no further. */
#ifndef __clang_analyzer__
#define never_ok
#else
#define never_ok                   __attribute__((analyzer_noreturn))
#define error_set(e, code, ...)    (error_set((e), (code), __VA_ARGS__), (code))
#define error_errno(e, value, ...) (error_errno((e), (value), __VA_ARGS__), E_IO)
#define error_nomem(e)             (error_nomem(e), E_NOMEM)
#endif

#endif
