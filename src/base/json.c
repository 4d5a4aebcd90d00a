/*
 * The JSON writer.
 *
 * filled[d] says that something stands already at depth d, so that the next value needs a comma;
 * depth 0 is the document itself, where in_object is false.
 */
#include "base/json.h"

#include "base/io.h"
#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_AT = 1 << 16 };

void jw_init(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out, .fd = -1};
}

void jw_to_fd(struct json *j, struct buf *out, int fd)
{
    jw_init(j, out);
    j->fd = fd;
}

static void flush(struct json *j)
{
    if (j->fd < 0 || j->out->bad || j->out->n == 0)
        return;
    errno = 0;
    if (!j->failed && io_write_all(j->fd, j->out->p, j->out->n, NULL) != OK) {
        j->failed = true;
        j->write_errno = errno ? errno : EIO;
    }
    buf_clear(j->out);
}

enum code jw_end(struct json *j, struct error *e)
{
    flush(j);
    if (j->failed && j->write_errno)
        return error_errno(e, j->write_errno, "cannot write JSON");
    if (j->failed || j->depth || j->after_key)
        return error_set(e, E_STATE, "JSON was not nested rightly");
    return buf_end(j->out, e);
}

static void line_break(struct json *j)
{
    if (!j->pretty || j->depth == 0)
        return;
    buf_char(j->out, '\n');
    buf_repeat(j->out, ' ', 2 * (size_t)j->depth);
}

/* What must stand between the last thing and the next. False: no value may stand here. */
static bool before_item(struct json *j)
{
    if (j->failed)
        return false;
    if (j->out->n >= FLUSH_AT)
        flush(j);
    if (j->filled[j->depth])
        buf_char(j->out, ',');
    j->filled[j->depth] = true;
    line_break(j);
    return true;
}

static bool before_value(struct json *j)
{
    if (j->after_key) {
        j->after_key = false;
        return !j->failed;
    }
    if (j->in_object[j->depth] || (j->depth == 0 && j->filled[0])) {
        j->failed = true;
        return false;
    }
    return before_item(j);
}

static void begin(struct json *j, bool object)
{
    if (!before_value(j))
        return;
    if (j->depth + 1 == JSON_DEPTH_MAX) {
        j->failed = true;
        return;
    }
    buf_char(j->out, object ? '{' : '[');
    j->depth++;
    j->in_object[j->depth] = object;
    j->filled[j->depth] = false;
}

static void end(struct json *j, bool object)
{
    if (j->failed)
        return;
    if (j->depth == 0 || j->in_object[j->depth] != object || j->after_key) {
        j->failed = true;
        return;
    }
    bool filled = j->filled[j->depth];
    j->depth--;
    if (filled && j->pretty) {
        buf_char(j->out, '\n');
        buf_repeat(j->out, ' ', 2 * (size_t)j->depth);
    }
    buf_char(j->out, object ? '}' : ']');
}

void jw_object(struct json *j)
{
    begin(j, true);
}

void jw_object_end(struct json *j)
{
    end(j, true);
}

void jw_array(struct json *j)
{
    begin(j, false);
}

void jw_array_end(struct json *j)
{
    end(j, false);
}

static void write_escape(struct buf *b, unsigned char c)
{
    static const char letters[] = "\"\"\\\\\nn\tt\rr\bb\ff";
    for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
        if (c == (unsigned char)letters[i]) {
            buf_char(b, '\\');
            buf_char(b, letters[i + 1]);
            return;
        }
    }
    buf_fmt(b, "\\u%04x", c);
}

/* How many bytes of s stand in JSON as they are: no quote, backslash or control character, and
 * valid UTF-8. */
static size_t plain_bytes(struct str s)
{
    size_t n = 0, step = 1;
    while (n < s.n && step > 0) {
        unsigned char c = (unsigned char)s.p[n];
        if (c >= 0x80)
            step = str_utf8_step(str_sub(s, n, 4));
        else
            step = c >= 0x20 && c != '"' && c != '\\';
        n += step;
    }
    return n;
}

static void write_string(struct buf *b, struct str s)
{
    buf_char(b, '"');
    while (s.n) {
        size_t plain = plain_bytes(s);
        buf_add(b, s.p, plain);
        s = str_sub(s, plain, s.n);
        if (s.n == 0)
            break;
        if ((unsigned char)s.p[0] < 0x80)
            write_escape(b, (unsigned char)s.p[0]);
        else
            buf_cstr(b, "\xef\xbf\xbd");
        s = str_sub(s, 1, s.n);
    }
    buf_char(b, '"');
}

void jw_key_str(struct json *j, struct str key)
{
    if (!j->in_object[j->depth] || j->after_key) {
        j->failed = true;
        return;
    }
    if (!before_item(j))
        return;
    write_string(j->out, key);
    buf_char(j->out, ':');
    if (j->pretty)
        buf_char(j->out, ' ');
    j->after_key = true;
}

void jw_key(struct json *j, const char *key)
{
    jw_key_str(j, str_of(key));
}

void jw_raw(struct json *j, struct str text)
{
    if (before_value(j))
        buf_str(j->out, text);
}

void jw_null(struct json *j)
{
    jw_raw(j, STR("null"));
}

void jw_bool(struct json *j, bool v)
{
    jw_raw(j, v ? STR("true") : STR("false"));
}

void jw_i64(struct json *j, int64_t v)
{
    if (before_value(j))
        number_write_i64(j->out, v);
}

void jw_u64(struct json *j, uint64_t v)
{
    if (before_value(j))
        number_write_u64(j->out, v);
}

void jw_real(struct json *j, double v)
{
    if (!before_value(j))
        return;
    if (!isfinite(v))
        buf_char(j->out, '"');
    number_write_real(j->out, v);
    if (!isfinite(v))
        buf_char(j->out, '"');
}

void jw_str(struct json *j, struct str v)
{
    if (before_value(j))
        write_string(j->out, v);
}

void jw_cstr(struct json *j, const char *v)
{
    if (v)
        jw_str(j, str_of(v));
    else
        jw_null(j);
}

void jw_time(struct json *j, int64_t real_ns)
{
    if (real_ns == 0) {
        jw_null(j);
    } else if (before_value(j)) {
        buf_char(j->out, '"');
        number_write_time(j->out, real_ns);
        buf_char(j->out, '"');
    }
}

void jw_member_i64(struct json *j, const char *key, int64_t v)
{
    jw_key(j, key);
    jw_i64(j, v);
}

void jw_member_real(struct json *j, const char *key, double v)
{
    jw_key(j, key);
    jw_real(j, v);
}

void jw_member_real_or_null(struct json *j, const char *key, double v)
{
    jw_key(j, key);
    if (isnan(v))
        jw_null(j);
    else
        jw_real(j, v);
}

void jw_member_str(struct json *j, const char *key, struct str v)
{
    jw_key(j, key);
    jw_str(j, v);
}

void jw_member_cstr(struct json *j, const char *key, const char *v)
{
    jw_key(j, key);
    jw_cstr(j, v);
}

void jw_newline(struct json *j)
{
    if (j->depth) {
        j->failed = true;
        return;
    }
    buf_char(j->out, '\n');
    j->filled[0] = false;
    if (j->out->n >= FLUSH_AT)
        flush(j);
}
