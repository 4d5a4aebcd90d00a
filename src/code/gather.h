/*
 * Finding a program's files: by asking git, or by walking the folder.
 */
#ifndef CODE_GATHER_H
#define CODE_GATHER_H

#include "code/listing.h"

/* Adds everything to `l`, whose root, fd and arena are set; sets l->git. `never` is relative to
 * root; empty: none. */
enum code gather(struct listing *l, struct str never, const struct snapshot_rules *rules,
                 struct error *e) must_check;

#endif
