/*
 * Starting the program.
 */
#ifndef EXEC_SUPERVISOR_PROGRAM_H
#define EXEC_SUPERVISOR_PROGRAM_H

#include "base/arena.h"

#include <sys/types.h>

struct launch {
    char *const *argv;
    char *const *environment;
    const char *directory;
    int out_fd, err_fd; /* become the program's stdout and stderr */
    int cgroup_fd;      /* cgroup.procs of the group to join; -1: none */
};

/* Starts argv in a session of its own with directory as its working directory, stdin as ours,
 * signals as new, and SIGKILL when this thread dies. Without a slash argv[0] is looked for in the
 * PATH of `environment`. E_SPAWN says what is wrong: not there, not executable, its interpreter
 * missing. */
enum code program_start(const struct launch *l, struct arena *a, pid_t *ret,
                        struct error *e) must_check;

#endif
