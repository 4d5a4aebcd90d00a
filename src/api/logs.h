/*
 * Where a trial's files are, and the ends of its logs.
 *
 * The layout under the store's folder is sched/spec.c's.
 */
#ifndef API_LOGS_H
#define API_LOGS_H

#include "base/str.h"

/* Heap strings the caller frees; NULL when out of memory. */
char *trial_folder(const char *store_dir, int64_t search, int64_t trial);
char *attempt_log(const char *store_dir, int64_t search, int64_t trial, int attempt);

/* Appends the last `lines` lines of the file, at most 64 KiB; nothing where it can't be read. */
void log_tail(const char *path, int lines, struct buf *b);

#endif
