/*
 * What is known of a program's checkpoints before it runs: whether trials of its space left some.
 */
#ifndef SCHED_CHECKPOINTS_H
#define SCHED_CHECKPOINTS_H

#include "store/store.h"

/* Did one of the last trials of a space leave something in its checkpoint folder? Some twenty
 * folders are looked into at most. False where nothing can be read: nothing is known then. */
bool checkpoints_seen(struct store *s, const char *store_dir, struct str space_name);

#endif
