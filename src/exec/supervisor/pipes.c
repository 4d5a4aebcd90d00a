/*
 * The program's stdout and stderr: into the log, and past the scanner.
 */
#include "exec/supervisor/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { READS_A_TURN = 16, DRAIN_READS = 64 };

enum code pipes_open(struct supervisor *s, int ret_program_end[2], struct error *e)
{
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
            return error_errno(e, errno, "cannot make a pipe");
        s->pipe_fd[i] = ends[0];
        ret_program_end[i] = ends[1];
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
            return error_errno(e, errno, "cannot set up a pipe");
    }
    return OK;
}

static void log_bytes(struct supervisor *s, int stream, struct str bytes)
{
    struct buf note;
    enum output_event event = output_write(&s->output, stream, bytes, supervisor_time(s));
    if (event == OUTPUT_WELL)
        return;
    int why = errno;
    buf_init(&note, 400);
    if (event == OUTPUT_LIMITED)
        buf_cstr(&note, "the log has reached its limit: the rest of the output is dropped");
    else
        buf_fmt(&note, "the log cannot be written, output is dropped: %s", strerror(why));
    event_note(s, buf_view(&note));
    buf_free(&note);
}

static bool wants_scan(const struct supervisor *s)
{
    return !s->explicit_reports && s->scan && s->spec.n_names;
}

static void scan(struct supervisor *s, int stream, struct str bytes)
{
    if (wants_scan(s) && scan_feed(s->scan, stream, bytes, events_found, s) != OK)
        event_note(s, STR("out of memory while looking for metrics in the output"));
    events_flush(s);
}

static void begin_scanning(struct supervisor *s)
{
    s->scanning = true;
    for (int i = 0; i < 2; i++) {
        scan(s, i, buf_view(&s->early[i]));
        buf_free(&s->early[i]);
    }
}

static void take(struct supervisor *s, int stream, struct str bytes)
{
    s->active_at = supervisor_now(s);
    log_bytes(s, stream, bytes);
    if (!wants_scan(s))
        return;
    if (!s->scanning && s->early[stream].n + bytes.n > READ_CHUNK)
        begin_scanning(s);
    if (s->scanning) {
        scan(s, stream, bytes);
        return;
    }
    buf_str(&s->early[stream], bytes);
    if (s->scan_at == NEVER)
        s->scan_at = s->active_at + SCAN_DELAY;
}

void pipes_run(struct supervisor *s, int64_t now)
{
    if (!s->scanning && s->scan_at <= now)
        begin_scanning(s);
}

int64_t pipes_deadline(const struct supervisor *s)
{
    return s->scanning ? NEVER : s->scan_at;
}

/* False once there is nothing more to read now, or ever. */
static bool read_some(struct supervisor *s, int stream)
{
    ssize_t n = read(s->pipe_fd[stream], s->chunk, READ_CHUNK);
    if (n > 0) {
        take(s, stream, (struct str){s->chunk, (size_t)n});
        return true;
    }
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    close(s->pipe_fd[stream]);
    s->pipe_fd[stream] = -1;
    return false;
}

void pipes_ready(struct supervisor *s, int stream)
{
    for (int i = 0; i < READS_A_TURN && s->pipe_fd[stream] >= 0; i++)
        if (!read_some(s, stream))
            return;
}

void pipes_drain(struct supervisor *s)
{
    for (int stream = 0; stream < 2; stream++)
        for (int i = 0; i < DRAIN_READS && s->pipe_fd[stream] >= 0; i++)
            if (!read_some(s, stream))
                break;
    if (!s->scanning)
        begin_scanning(s);
    if (wants_scan(s) && scan_end(s->scan, events_found, s) != OK)
        event_note(s, STR("out of memory while looking for metrics in the output"));
    events_flush(s);
}
