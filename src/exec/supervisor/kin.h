/*
 * The program and everything it started.
 *
 * The supervisor is a subreaper, so that whatever the program starts stays below it in the tree,
 * also what calls setsid or outlives its parent: the tree is walked through
 * /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN, in the kernel of every distribution). Only a
 * process that some other daemon started on its behalf is outside; it is known by the token in its
 * environment.
 */
#ifndef EXEC_SUPERVISOR_KIN_H
#define EXEC_SUPERVISOR_KIN_H

#include "base/str.h"

#include <sys/types.h>

enum { KIN_MAX = 4096 };

struct kin {
    size_t n; /* at most KIN_MAX: more are found when these are gone */
    pid_t pid[KIN_MAX];
};

/* All that descend from this process. */
void kin_find(struct kin *k);
/* All whose environment holds TRAWL_TOKEN=token, but this process. Reads every process there is. */
void kin_find_token(struct kin *k, struct str token);
void kin_signal(const struct kin *k, int signal);
/* Resident bytes of all: first the quick sum, which counts shared pages once for each process; past
 * `limit` (0: none), the exact one. */
int64_t kin_memory(const struct kin *k, int64_t limit);

#endif
