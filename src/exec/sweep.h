/*
 * Finding and killing what attempts left behind.
 *
 * A process belongs to an attempt when TRAWL_TOKEN=<its token> is in the environment it was started
 * with, or when it is in a session that the attempt's program or its supervisor led. Programs that
 * wipe their environment and leave their session are beyond it; a living supervisor, being a
 * subreaper, gets those too.
 *
 * A number is not a process: each is looked at, held by a pidfd, looked at again, and only then
 * killed.
 */
#ifndef EXEC_SWEEP_H
#define EXEC_SWEEP_H

#include "base/pidref.h"
#include "base/str.h"

enum { SWEEP_SESSIONS = 2 };

struct sweep_target {
    struct str token;
    struct pidref leaders[SWEEP_SESSIONS]; /* pid 0: not known */
    int found;                             /* of the last pass: processes that were not gone yet */
    pid_t example;                         /* one of them */
};

/* One look at every process there is: what belongs to a target gets SIGKILL and is counted. A
 * target is clean when two passes in a row found nothing: a process may have been born behind the
 * pass that its parent died before. Costs about 20 us for each process of the machine. */
enum code sweep_pass(struct sweep_target *targets, size_t n, struct error *e) must_check;

#endif
