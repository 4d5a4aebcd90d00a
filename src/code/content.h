/*
 * File contents: hashed, copied, and remembered by what stat says of them.
 */
#ifndef CODE_CONTENT_H
#define CODE_CONTENT_H

#include "code/listing.h"

enum { HASH_HEX = 2 * CONTENT_HASH };

/* BLAKE2b. The hardware's fastest implementation is chosen at the first call. */
enum code content_hash_bytes(struct str bytes, unsigned char *ret, size_t n_hash,
                             struct error *e) must_check;
void content_hex(const unsigned char *bytes, size_t n, char *ret); /* ends in NUL */
bool content_unhex(struct str hex, unsigned char *ret, size_t n);

/* Fills in item->hash, and its stat anew, from the file below root_fd. A file that changes while it
 * is read is read again, a few times; then E_BUSY. E_NOT_FOUND: it is gone. */
enum code content_hash(int root_fd, const char *root, struct item *item,
                       struct error *e) must_check;
/* Copies the file to the same path below to_fd, read-only, with its time; shares the blocks where
 * the file system can. Item's stat and hash become those of what was copied. Errors as above. */
enum code content_copy(int root_fd, const char *root, int to_fd, struct item *item,
                       struct error *e) must_check;

/* What is known of a folder's files from the last time: (path, stat) -> hash. A file beside the
 * snapshots; when it is missing or damaged nothing is known, and that is no error. A hash is kept
 * only of files that were last changed well before they were read, so that a change within the
 * clock's grain is never missed. */
struct known {
    struct arena arena;
    size_t n;
    struct item *v; /* by path_cmp */
};
void known_load(struct known *k, const char *code_dir, const char *root);
void known_free(struct known *k);
/* Sets item->hash where the same stat was seen before. */
bool known_find(const struct known *k, struct item *item);
/* Best effort: what can't be written is found out again next time. taken_ns: real time before the
 * first file was read. */
void known_save(const char *code_dir, const struct listing *l, int64_t taken_ns);

#endif
