/*
 * Where a store lies: file systems it may lie on, and the lock beside it.
 */
#ifndef STORE_SQLITE_PLACE_H
#define STORE_SQLITE_PLACE_H

#include "base/str.h"

/* SQLite's WAL needs memory shared by all who have the store open, and locks that hold: both are
 * the machine's own, so a file system that other machines reach too is refused. */
enum place { PLACE_LOCAL, PLACE_NETWORK, PLACE_FUSE /* the mount's type decides */ };
/* By statfs(2)'s f_type. *ret_name, where not NULL, becomes its name for people. */
enum place place_of_type(unsigned long f_type, const char **ret_name);
/* By the type of a FUSE mount as mountinfo has it: "fuse.sshfs". */
enum place place_of_fuse(struct str mount_type);
/* E_UNSUPPORTED with a hint if PATH, or the nearest folder above it that is there, lies on one. */
enum code place_check(const char *path, struct error *e) must_check;

/* Takes the lock PATH-lock and writes into it who took it. E_BUSY with its holder. The lock is
 * flock's: it goes with the last descriptor, at the latest with the process. */
enum code place_lock(const char *path, int *ret_fd, struct error *e) must_check;

#endif
