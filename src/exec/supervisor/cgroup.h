/*
 * A control group of the attempt's own, where we may make one (cgroup v2, delegated to us).
 *
 * Then the kernel itself holds the program to its memory, says when it killed for it, and kills all
 * of the group at once. Where not, nothing here does anything and the supervisor samples.
 */
#ifndef EXEC_SUPERVISOR_CGROUP_H
#define EXEC_SUPERVISOR_CGROUP_H

#include "base/str.h"

struct cgroup {
    bool active;
    int procs_fd; /* to join it; -1 */
    char path[512];
};

/* `root` is where cgroup v2 is mounted ("/sys/fs/cgroup"), `own` the text of /proc/self/cgroup;
 * parameters for the tests. Failing is well: c->active is false then. */
void cgroup_make(struct cgroup *c, const char *root, struct str own, int64_t attempt,
                 int64_t memory);
/* make for this process: reads where it is mounted and where we are. */
void cgroup_make_here(struct cgroup *c, int64_t attempt, int64_t memory);
bool cgroup_killed_for_memory(const struct cgroup *c);
int64_t cgroup_peak(const struct cgroup *c); /* bytes; 0: not known */
void cgroup_kill(const struct cgroup *c);
void cgroup_remove(struct cgroup *c);

#endif
