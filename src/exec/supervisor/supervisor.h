/*
 * The supervisor: one small process beside each attempt.
 *
 * It sets the attempt up, starts the program, holds its pipes, writes its log, finds metrics in its
 * output, serves the endpoint, forwards events to the controller, passes decisions back, enforces
 * limits, and records how it ended. It links libc, base and wire. docs/PROTOCOL.md tells what it
 * says and hears; this is how it lives:
 *
 *   READING_SPEC --> RUNNING --> SWEEPING --> LAST_WORD --> exit 0
 *        |              ^           |             |
 *     EOF: exit      program        what it left  EXITED is spooled; until the controller has it
 *                    started        is killed     in its store, or is away
 *
 * Invariants:
 *  1. Nothing is started before a whole FRAME_SPEC was read, and nothing unless the spool is empty:
 *     one spool, one execution.
 *  2. An event is in the spool before the controller or the program hears of it.
 *  3. The program and everything it started is dead before FRAME_EXITED is written, and the program
 *     dies with the supervisor (PR_SET_PDEATHSIG).
 *  4. The lock on the spool's open file is held until the supervisor is gone, and never by anyone
 *     else.
 *  5. Deadlines are on the clock that never steps.
 *  6. Memory is bounded, whatever the program writes and however long the controller is away: the
 *     spool is the queue.
 */
#ifndef EXEC_SUPERVISOR_SUPERVISOR_H
#define EXEC_SUPERVISOR_SUPERVISOR_H

#include "base/clock.h"
#include "base/str.h"

/* Runs one attempt. controller_fd: a connected stream socket on which FRAME_SPEC comes; spool_fd:
 * the empty spool, opened for reading and appending, with the lock. Both stay the caller's. OK also
 * when the controller went away before it had sent a whole spec. Ignores SIGTERM, SIGINT, SIGHUP
 * and SIGPIPE from then on. */
enum code supervisor_run(int controller_fd, int spool_fd, const struct clock *clock,
                         struct error *e) must_check;

/* `trawl report ARGUMENTS`: what a program calls from a shell. argv[0] is "report". Appends what is
 * to go to stdout (the decision) and to stderr; returns the exit status. */
int report_command(int argc, char **argv, struct buf *out, struct buf *errors);

#endif
