/*
 * Lines with a time in front.
 */
#include "exec/supervisor/output.h"

#include "base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 65,536 empty lines, the most that one read can bring, with a prefix each. */
enum { BYTES_MAX = 4 << 20, STDOUT_MARK = '|', STDERR_MARK = '!', OWN_MARK = '#', PREFIX = 27 };

enum code output_open(struct output *o, const char *path, int64_t limit, struct error *e)
{
    struct stat st;
    *o = (struct output){.limit = limit, .open_stream = -1};
    buf_init(&o->bytes, BYTES_MAX);
    o->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (o->fd < 0)
        return error_errno(e, errno, "cannot open the log %s", path);
    if (fstat(o->fd, &st) == 0)
        o->written = st.st_size;
    return OK;
}

void output_close(struct output *o)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
    buf_free(&o->bytes);
}

static bool write_out(struct output *o)
{
    size_t done = 0;
    while (done < o->bytes.n) {
        ssize_t n = write(o->fd, o->bytes.p + done, o->bytes.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
        o->written += n;
    }
    bool all = done == o->bytes.n;
    int why = errno;
    buf_clear(&o->bytes);
    errno = why;
    return all;
}

static void prefix(struct output *o, char mark, bool continued, int64_t real_ns)
{
    number_write_time(&o->bytes, real_ns);
    buf_char(&o->bytes, ' ');
    buf_char(&o->bytes, mark);
    buf_char(&o->bytes, continued ? '+' : ' ');
}

/* Ends a line that another one has to break into. */
static void break_line(struct output *o)
{
    if (o->open_stream < 0)
        return;
    buf_char(&o->bytes, '\n');
    o->broken[o->open_stream] = true;
    o->open_stream = -1;
}

/* All lines of one read get the same time: it is written once and copied. */
static void put_lines(struct output *o, int stream, struct str bytes, int64_t real_ns)
{
    char fresh[PREFIX];
    bool have = false;
    if (o->open_stream != stream)
        break_line(o);
    while (bytes.n) {
        if (o->open_stream < 0 && have) {
            buf_add(&o->bytes, fresh, PREFIX);
        } else if (o->open_stream < 0) {
            prefix(o, stream ? STDERR_MARK : STDOUT_MARK, o->broken[stream], real_ns);
            have = !o->broken[stream] && o->bytes.n >= PREFIX;
            if (have)
                memcpy(fresh, o->bytes.p + o->bytes.n - PREFIX, PREFIX);
            o->broken[stream] = false;
        }
        const char *end = memchr(bytes.p, '\n', bytes.n);
        size_t n = end ? (size_t)(end - bytes.p) + 1 : bytes.n;
        buf_add(&o->bytes, bytes.p, n);
        o->open_stream = end ? -1 : stream;
        bytes = str_sub(bytes, n, bytes.n);
    }
}

static enum output_event reach_limit(struct output *o, int64_t room, int64_t real_ns)
{
    struct buf text;
    if ((size_t)room < o->bytes.n) {
        o->bytes.n = (size_t)room;
        o->open_stream = room && o->bytes.p[room - 1] != '\n' ? 0 : -1;
    }
    o->limited = true;
    buf_init(&text, 200);
    buf_cstr(&text, "the log has reached its limit of ");
    number_write_size(&text, o->limit);
    buf_cstr(&text, ": what follows is dropped");
    output_remark(o, buf_view(&text), real_ns);
    buf_free(&text);
    return OUTPUT_LIMITED;
}

enum output_event output_write(struct output *o, int stream, struct str bytes, int64_t real_ns)
{
    if (o->limited || o->fd < 0)
        return OUTPUT_WELL;
    if (o->failing) /* what came before may have been cut anywhere */
        buf_char(&o->bytes, '\n');
    put_lines(o, stream, bytes, real_ns);
    int64_t room = o->limit > o->written ? o->limit - o->written : 0;
    if (o->limit && (int64_t)o->bytes.n > room)
        return reach_limit(o, room, real_ns);
    bool was_failing = o->failing;
    o->failing = !write_out(o);
    if (o->failing)
        o->open_stream = -1;
    return o->failing && !was_failing ? OUTPUT_FAILED : OUTPUT_WELL;
}

void output_remark(struct output *o, struct str text, int64_t real_ns)
{
    if (o->fd < 0)
        return;
    break_line(o);
    prefix(o, OWN_MARK, false, real_ns);
    buf_str(&o->bytes, text);
    buf_char(&o->bytes, '\n');
    if (!write_out(o))
        o->failing = true;
}
