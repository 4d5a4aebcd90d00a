/*
 * A JSON writer (jw_): commas, escapes and nesting are right by construction. The prefix is not
 * json_, which is jansson's: two functions of one name would meet at link time.
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

void jw_init(struct json *j, struct buf *out);
/* Streams: out is flushed to fd whenever it holds 64 KiB, and at json_end. */
void jw_to_fd(struct json *j, struct buf *out, int fd);
enum code jw_end(struct json *j, struct error *e) must_check;

void jw_object(struct json *j);
void jw_object_end(struct json *j);
void jw_array(struct json *j);
void jw_array_end(struct json *j);
void jw_key(struct json *j, const char *key);
void jw_key_str(struct json *j, struct str key);
void jw_null(struct json *j);
void jw_bool(struct json *j, bool v);
void jw_i64(struct json *j, int64_t v);
void jw_u64(struct json *j, uint64_t v);
void jw_real(struct json *j, double v);
void jw_str(struct json *j, struct str v);
void jw_cstr(struct json *j, const char *v);   /* NULL writes null */
void jw_time(struct json *j, int64_t real_ns); /* 0 writes null */
/* Text that is JSON already. */
void jw_raw(struct json *j, struct str text);
/* A member of an object: its key, and its value. */
void jw_member_i64(struct json *j, const char *key, int64_t v);
void jw_member_real(struct json *j, const char *key, double v);
void jw_member_real_or_null(struct json *j, const char *key, double v); /* NaN: null */
void jw_member_str(struct json *j, const char *key, struct str v);
void jw_member_cstr(struct json *j, const char *key, const char *v);
/* A line end between documents of a JSON-lines stream, at depth 0. */
void jw_newline(struct json *j);

#endif
