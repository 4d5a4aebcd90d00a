/*
 * The spool as a queue: events are appended to it, and sent from it.
 *
 * A cursor says up to which byte the controller's connection was fed, so that memory does not grow
 * while the controller is slow or away. Room for the last word is kept in reserve: when the disk is
 * full, FRAME_EXITED can still be written.
 *
 * Always: sent <= size; the file holds whole frames up to size.
 */
#ifndef EXEC_SUPERVISOR_QUEUE_H
#define EXEC_SUPERVISOR_QUEUE_H

#include "base/str.h"

struct queue {
    int fd;      /* the caller's: append */
    int read_fd; /* the same file */
    bool own_read_fd;
    int64_t size, sent, reserved;
    int64_t last_seq;
    struct buf bytes; /* frames that are to be appended together */
    int pending;      /* how many */
};

enum { LAST_WORD_MAX = 8192 };

/* E_STATE when the file is not empty. */
enum code queue_init(struct queue *q, int fd, struct error *e) must_check;
void queue_free(struct queue *q);
/* Where the next event is encoded, as event queue_next(q): behind those pending. */
struct buf *queue_encode(struct queue *q);
int64_t queue_next(const struct queue *q);
/* Appends what is pending, in one write: a program can report faster than a file takes writes.
 * E_IO: none of it is in the file, nor is a part. Only the last word may use the reserve. Nothing
 * is pending afterwards; the bytes stay until the next queue_encode. */
enum code queue_append(struct queue *q, bool last_word, struct error *e) must_check;
/* Sends what was not sent. E_BUSY: the socket takes no more now; E_IO: it is gone. */
enum code queue_send(struct queue *q, int socket_fd) must_check;
/* Puts the cursor behind event `seq`: what follows is sent again. E_PROTOCOL when there is no such
 * event. */
enum code queue_rewind(struct queue *q, int64_t seq, struct error *e) must_check;

#endif
