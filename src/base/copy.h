/*
 * Copies of folders: checkpoints that are kept, or handed on to another trial.
 *
 * A copy is made under a temporary name beside its place (TO.copying) and renamed there when it is
 * whole: whatever stands at `to` is all of a copy or none of it, also after a kill at any instant.
 * What an interrupted copy left is removed by the next one to the same place, so two copies to one
 * place must not run at once.
 *
 * Blocks are shared with the original where the file system can (btrfs, XFS); else the kernel
 * copies. Symbolic links below `from` are copied as they are and never followed; sockets, pipes and
 * devices are left out; modes and times of change are kept, owners are not; names of one file
 * become files of their own. Where a copy is to be durable its files and folders are synced before
 * it gets its name, and then the name is; else nothing is.
 *
 * Every file is copied as it is when its turn comes: a copy is of one moment only if nobody writes
 * meanwhile. A file that goes away under the copy fails it.
 */
#ifndef BASE_COPY_H
#define BASE_COPY_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct copy_rules {
    int64_t bytes, entries; /* past one of them: E_LIMIT, and nothing is left */
    bool durable;           /* what has its name survives a loss of power */
};

/* Copies the folder `from` to `to`, whose parent is there. E_DUPLICATE where something stands at
 * `to` already, but for an empty folder, which is replaced; E_NOT_FOUND where `from` is no folder.
 * *ret_bytes (may be NULL): of the files. Any thread. */
enum code copy_folder(const char *from, const char *to, const struct copy_rules *rules,
                      int64_t *ret_bytes, struct error *e) must_check;
/* Removes what an interrupted copy to `to` left; nothing is well. */
enum code copy_tidy(const char *to, struct error *e) must_check;

#endif
