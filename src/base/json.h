/*
 * A JSON writer: commas, escapes and nesting are right by construction.
 *
 * Writes into a struct buf, or streams to a file descriptor as it goes (json_to_fd), so that a
 * million rows need no memory. Reading JSON is jansson's job. Strings that are not UTF-8 are
 * written with U+FFFD in place of each bad byte. NaN and infinities become "nan", "inf", "-inf"; a
 * whole real keeps its ".0", so that it reads back as a real.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/str.h"

enum { JSON_DEPTH_MAX = 32 };

struct json {
    struct buf *out;
    int fd; /* -1: keep everything in out */
    int depth;
    bool pretty;
    bool failed;     /* a write to fd failed, or nesting was wrong */
    int write_errno; /* of the write that failed; 0: nesting was wrong */
    bool in_object[JSON_DEPTH_MAX];
    bool filled[JSON_DEPTH_MAX];
    bool after_key;
};

void json_init(struct json *j, struct buf *out);
/* Streams: out is flushed to fd whenever it holds 64 KiB, and at json_end. */
void json_to_fd(struct json *j, struct buf *out, int fd);
enum code json_end(struct json *j, struct error *e) must_check;

void json_object(struct json *j);
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);
void json_key_str(struct json *j, struct str key);
void json_null(struct json *j);
void json_bool(struct json *j, bool v);
void json_i64(struct json *j, int64_t v);
void json_u64(struct json *j, uint64_t v);
void json_real(struct json *j, double v);
void json_str(struct json *j, struct str v);
void json_cstr(struct json *j, const char *v);   /* NULL writes null */
void json_time(struct json *j, int64_t real_ns); /* 0 writes null */
/* Text that is JSON already. */
void json_raw(struct json *j, struct str text);
/* A line end between documents of a JSON-lines stream, at depth 0. */
void json_newline(struct json *j);

#endif
