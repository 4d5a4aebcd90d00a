/*
 * Recomputing a journal: the same inputs must give the same decisions, bit for bit, with the same
 * build and processor type (invariant 5 of the design).
 */
#ifndef SCHED_VERIFY_H
#define SCHED_VERIFY_H

#include "store/store.h"

/* E_CORRUPT, with both decisions, at the first that differs; E_VERSION where another engine
 * decided. *ret_entries (may be NULL) is how many entries there were. Only reads. */
enum code journal_verify(struct store *s, struct search_id id, int64_t *ret_entries,
                         struct error *e) must_check;

#endif
