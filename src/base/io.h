/*
 * Files: whole reads with a limit, whole writes, replacement by rename. All descriptors are
 * close-on-exec.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/str.h"

#include <sys/types.h>

/* Appends the file to b. E_LIMIT when it is larger than `limit`, E_NOT_FOUND when it is not there;
 * the message names path. */
enum code io_read_file(const char *path, size_t limit, struct buf *b, struct error *e) must_check;
/* Writes all of `text` beside path and renames it over path: readers see the old or the new whole.
 */
enum code io_replace_file(const char *path, struct str text, mode_t mode,
                          struct error *e) must_check;
enum code io_write_all(int fd, const void *bytes, size_t n, struct error *e) must_check;
/* mkdir -p. */
enum code io_make_dirs(const char *path, mode_t mode, struct error *e) must_check;
/* Removes a tree without following links; missing is well. Directories that are read-only are made
 * writable first. */
enum code io_remove_tree(const char *path, struct error *e) must_check;
/* Joins with '/' into a heap string the caller frees; NULL when out of memory. */
char *io_join(const char *dir, const char *name) must_check;
/* Bytes below path, links not followed. */
int64_t io_tree_size(const char *path);

#endif
