/*
 * How often files and folders of trials were synced. Whoever links this has an fsync that counts
 * and does nothing.
 */
#ifndef TESTS_SCHED_SYNCS_H
#define TESTS_SCHED_SYNCS_H

/* Under any store's trials/1/; the store's own syncs don't count. */
extern int synced;

#endif
