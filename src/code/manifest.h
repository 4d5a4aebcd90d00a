/*
 * The manifest: what a snapshot holds, as text; its hash is the snapshot's id.
 *
 *   trawl snapshot 1\0
 *   F x 1234 <BLAKE2b-256, hex> src/train.py\0     a file; x or - for executable, size
 *   L model.py\0../lib/model.py\0                   a link, and where it leads
 *   D src\0                                         a folder
 *   O data\0/home/me/flights/data\0                 a link to an original
 *
 * in the order of path_cmp. Nothing in it depends on when or by whom it was taken:
 * `b2sum -l 160 manifest` gives the id. What does depend stands beside it in the file `taken`:
 *
 *   trawl taken 1\0git\0<commit>\0{time of each F's copy, ns\0}
 */
#ifndef CODE_MANIFEST_H
#define CODE_MANIFEST_H

#include "code/listing.h"

#define MANIFEST_BYTES_MAX (64u << 20)

struct manifest {
    struct arena arena;
    size_t n;
    struct item *v; /* what stat says of a source is 0 */
    int64_t files, bytes;
    bool git;
    struct str commit;
};

/* All but caches that are linked at the top: they come and go with every run by hand, and what runs
 * in the tree must not find them. */
bool manifest_holds(const struct item *x);
/* Appends the text. */
enum code manifest_write(const struct item *v, size_t n, struct buf *b, struct error *e) must_check;
enum code manifest_write_taken(const struct item *v, size_t n, bool git, struct str commit,
                               struct buf *b, struct error *e) must_check;
/* 40 hex digits and NUL. */
enum code manifest_id(struct str text, char *ret_id, struct error *e) must_check;

bool manifest_is_id(const char *name);

/* Reads <code_dir>/<id>/manifest and taken; the text must hash to the id, else E_CORRUPT.
 * E_NOT_FOUND when there is no such snapshot. *ret_dir is <code_dir>/<id>, the caller's to free. */
enum code manifest_open(struct manifest *ret, const char *code_dir, const char *id, char **ret_dir,
                        struct error *e) must_check;
void manifest_free(struct manifest *m);

#endif
