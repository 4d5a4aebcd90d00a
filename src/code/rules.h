/*
 * Which paths are left to their originals: code.exclude.
 *
 * A pattern without a slash matches a name at any depth ("*.ckpt", "data"); one with a slash, the
 * whole path from the program's folder ("runs/old", "/data"). `*` and `?` do not match a slash; a
 * leading "**" + slash is any depth. A folder that matches goes with all that lies in it.
 */
#ifndef CODE_RULES_H
#define CODE_RULES_H

#include "code/snapshot.h"

/* The shortest leading part of `path` that a pattern matches; empty: none does. */
struct str rules_excluded(const struct snapshot_rules *rules, struct str path);

#endif
