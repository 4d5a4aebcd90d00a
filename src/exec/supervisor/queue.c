/*
 * Appending, sending, rewinding.
 */
#include "exec/supervisor/queue.h"

#include "base/failpoint.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESERVE_STEP = 16 * 1024, SEND_CHUNK = 64 * 1024 };

/* The controller may have opened the spool only to write. */
static enum code open_to_read(struct queue *q, struct error *e)
{
    int flags = fcntl(q->fd, F_GETFL);
    q->read_fd = q->fd;
    if (flags < 0)
        return error_errno(e, errno, "the spool is no open file");
    if ((flags & O_ACCMODE) == O_RDWR)
        return OK;
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", q->fd);
    q->read_fd = open(path, O_RDONLY | O_CLOEXEC);
    q->own_read_fd = q->read_fd >= 0;
    return q->own_read_fd ? OK : error_errno(e, errno, "cannot read the spool");
}

enum code queue_init(struct queue *q, int fd, struct error *e)
{
    struct stat st;
    *q = (struct queue){.fd = fd, .read_fd = -1};
    buf_init(&q->bytes, FRAME_MAX + FRAME_HEAD);
    if (fstat(fd, &st) < 0)
        return error_errno(e, errno, "the spool is no open file");
    if (st.st_size) {
        error_set(e, E_STATE, "the spool is not empty: this attempt was started before");
        return E_STATE;
    }
    return open_to_read(q, e);
}

void queue_free(struct queue *q)
{
    if (q->own_read_fd)
        close(q->read_fd);
    buf_free(&q->bytes);
}

/* Keeps room for the last word behind the next `n` bytes. File systems that cannot reserve are
 * taken at their word that there is room. */
static bool reserve(struct queue *q, int64_t n)
{
    int64_t need = q->size + n + LAST_WORD_MAX;
    if (need <= q->reserved)
        return true;
    if (fallocate(q->fd, FALLOC_FL_KEEP_SIZE, q->reserved, need + RESERVE_STEP - q->reserved) < 0 &&
        errno != EOPNOTSUPP && errno != ENOSYS)
        return false;
    q->reserved = need + RESERVE_STEP;
    return true;
}

static bool write_whole(struct queue *q)
{
    size_t done = 0;
    while (done < q->bytes.n) {
        ssize_t n = write(q->fd, q->bytes.p + done, q->bytes.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int why = errno;
            /* A piece of a frame in the middle would hide all that follows it. */
            if (done && ftruncate(q->fd, q->size) < 0)
                why = errno;
            errno = why;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

struct buf *queue_encode(struct queue *q)
{
    if (q->pending == 0)
        buf_clear(&q->bytes);
    q->pending++;
    return &q->bytes;
}

int64_t queue_next(const struct queue *q)
{
    return q->last_seq + q->pending + 1;
}

enum code queue_append(struct queue *q, bool last_word, struct error *e)
{
    enum code code = buf_end(&q->bytes, e);
    int events = q->pending;
    q->pending = 0;
    if (code != OK)
        return code;
    if (!last_word && !reserve(q, (int64_t)q->bytes.n))
        return error_errno(e, errno, "cannot write the spool");
    FAILPOINT("supervisor.before-spool");
    if (!write_whole(q))
        return error_errno(e, errno, "cannot write the spool");
    FAILPOINT("supervisor.after-spool");
    q->size += (int64_t)q->bytes.n;
    q->last_seq += events;
    return OK;
}

static ssize_t read_at(const struct queue *q, char *p, size_t n, int64_t at)
{
    for (;;) {
        ssize_t got = pread(q->read_fd, p, n, at);
        if (got >= 0 || errno != EINTR)
            return got;
    }
}

enum code queue_send(struct queue *q, int socket_fd)
{
    char chunk[SEND_CHUNK];
    while (q->sent < q->size) {
        int64_t left = q->size - q->sent;
        size_t want = left < SEND_CHUNK ? (size_t)left : SEND_CHUNK;
        ssize_t n = read_at(q, chunk, want, q->sent);
        if (n <= 0)
            return E_IO;
        FAILPOINT("supervisor.before-send");
        ssize_t taken = send(socket_fd, chunk, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (taken < 0 && errno == EINTR)
            continue;
        if (taken < 0)
            return errno == EAGAIN || errno == ENOBUFS ? E_BUSY : E_IO;
        FAILPOINT("supervisor.after-send");
        q->sent += taken;
    }
    return OK;
}

enum code queue_rewind(struct queue *q, int64_t seq, struct error *e)
{
    if (seq < 0 || seq > q->last_seq)
        return error_set(e, E_PROTOCOL, "the controller has event %lld, the last here is %lld",
                         (long long)seq, (long long)q->last_seq);
    int64_t at = 0;
    for (int64_t i = 0; i < seq; i++) { /* events are numbered from 1, one frame each */
        unsigned char head[FRAME_HEAD];
        if (read_at(q, (char *)head, sizeof(head), at) != (ssize_t)sizeof(head))
            return error_set(e, E_IO, "cannot read the spool");
        at += FRAME_HEAD + (int64_t)(head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
                                     (uint32_t)head[3] << 24);
    }
    q->sent = at;
    return OK;
}
