/*
 * Half-made snapshots: folders <code_dir>/.draft-<random> that their maker holds a lock on.
 *
 * Invariants:
 *  1. What stands under a snapshot's name is whole: it gets there by one rename.
 *  2. A draft whose lock is free belongs to nobody alive; whoever comes next removes it. Where the
 * file system has no locks, nothing is proven and drafts stay.
 */
#ifndef CODE_DRAFT_H
#define CODE_DRAFT_H

#include "base/str.h"

struct draft {
    char *path;
    int fd; /* of the folder, locked; -1: none */
};

enum code draft_open(const char *code_dir, struct draft *ret, struct error *e) must_check;
/* Renames it to <code_dir>/<name>. Where that is there already: E_DUPLICATE, and the draft remains;
 * with `replace` the two change places and the draft holds what was there. */
enum code draft_publish(struct draft *d, const char *code_dir, const char *name, bool replace,
                        struct error *e) must_check;
/* Removes what is left of it; closes it. */
void draft_drop(struct draft *d);
/* Takes <code_dir>/<name> away in one step, as a draft to drop. E_NOT_FOUND. */
enum code draft_withdraw(const char *code_dir, const char *name, struct draft *ret,
                         struct error *e) must_check;
/* Removes the drafts of the dead. Best effort. */
void draft_sweep(const char *code_dir);

#endif
