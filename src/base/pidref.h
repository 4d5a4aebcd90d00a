/*
 * A process, named so that the name is never reused: pid, start time, boot id.
 *
 * A pid alone may belong to somebody else by the time it is looked at (systemd's PidRef is built on
 * the same idea).
 */
#ifndef BASE_PIDREF_H
#define BASE_PIDREF_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pidref {
    pid_t pid;            /* 0: nobody */
    uint64_t start_ticks; /* field 22 of /proc/PID/stat: clock ticks after boot */
    char boot_id[37];     /* /proc/sys/kernel/random/boot_id */
};

enum code pidref_of(pid_t pid, struct pidref *ret, struct error *e) must_check;
/* True while exactly that process exists and is no zombie. */
bool pidref_alive(const struct pidref *p);
/* Sends sig to exactly that process; false when it is gone. */
bool pidref_kill(const struct pidref *p, int sig);
bool pidref_equal(const struct pidref *a, const struct pidref *b);
/* "PID:TICKS:BOOTID" and back. */
void pidref_write(const struct pidref *p, char text[96]);
bool pidref_parse(const char *text, struct pidref *ret);

#endif
