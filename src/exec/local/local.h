/*
 * Attempts on this machine: a supervisor process for each.
 *
 *   start:  spool made and locked --> spawn --> FRAME_SPEC over a socket pair --> events
 *   adopt:  lock held --> connect to spec.socket_path, WELCOME, HELLO --> events
 *           lock free, or no spool --> dead
 *   dead:   what the spool holds beyond what was delivered --> sweep --> gone
 *
 *              start                    adopt, lock held
 *                |                             |
 *                v      connection lost        v
 *            CONNECTED ----------------> SEEKING <--+ again, after a while: it is held but nobody
 *                |  ^                      | |  |   | listens, or speaks another version
 *                |  +----------------------+ |  +---+
 *                |   HELLO                   |
 *    supervisor's death (pidfd)         lock is free
 *                +-------------+-------------+
 *                              v
 *                           READING the spool --> SWEEPING (only if it died without FRAME_EXITED)
 *                                                    --> GONE, until it is forgotten
 *
 * Death is a proof, never a timeout: the pidfd of a supervisor of ours, or its lock being free. A
 * lock is kept until the attempt is forgotten once we have it. What can't be proved yet is tried
 * again, with a note when that lasts.
 *
 * A supervisor isn't trusted: after a frame that is malformed, out of order or not for it to send,
 * the connection is dropped and the supervisor killed; what it spooled until then counts.
 *
 * Notes with seq 0 are the executor's own: what keeps it from going on with an attempt, once each.
 */
#ifndef EXEC_LOCAL_LOCAL_H
#define EXEC_LOCAL_LOCAL_H

#include "exec/executor.h"

struct local_options {
    const char *supervisor; /* path of trawl-supervisor; copied */
};

/* The executor stays the caller's until ops->close, which frees it. Descriptors of a supervisor: 0,
 * 1 and 2 are /dev/null, 3 the socket on which FRAME_SPEC comes, 4 the spool with the lock; its
 * arguments are "trawl-supervisor" and the trial's name; it leads a session of its own. */
enum code local_executor_new(struct loop *l, const struct local_options *o,
                             const struct executor_listener *listener, struct executor **ret,
                             struct error *e) must_check;

/* Where an attempt's spool is: beside its log, "NAME.log" --> "NAME.spool". */
enum code local_spool_path(const struct wire_spec *spec, struct buf *ret,
                           struct error *e) must_check;

/* The folder for sockets, whose paths have to be short: $XDG_RUNTIME_DIR/trawl, else
 * /tmp/trawl-UID. Made where it is not there; E_STATE if it is not ours alone. */
enum code local_runtime_dir(struct buf *ret, struct error *e) must_check;

#endif
