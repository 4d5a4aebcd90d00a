/*
 * Named places where a test may have the process killed.
 *
 * TRAWL_FAILPOINT="name" or "name:3" in the environment: the process is killed (SIGKILL, so nothing
 * is cleaned up) when it reaches FAILPOINT("name") for the first, or the third, time. They are in
 * every build, since what is tested should be what runs; one that is not armed costs a relaxed
 * load. Names are "module.before-something" and "module.after-something".
 *
 * TRAWL_FAILPOINT_HIT=PATH: the process adds a line with the name to that file before it is killed,
 * so that a test knows of a process that it did not start itself.
 *
 * Invariant: until failpoint_init, and without the variable, no failpoint does anything.
 */
#ifndef BASE_FAILPOINT_H
#define BASE_FAILPOINT_H

#include "base/error.h"

#include <stdatomic.h>

/* Reads the environment; called once, by main, before other threads start. E_INVALID where the
 * variable's text makes no sense: a test that misspells it should not pass. */
enum code failpoint_init(struct error *e) must_check;

#define FAILPOINT(name)                                                                         \
    do {                                                                                        \
        if (__builtin_expect(atomic_load_explicit(&failpoint_armed_, memory_order_relaxed), 0)) \
            failpoint_hit_(name);                                                               \
    } while (0)

/* The macro's own. This state is the process's, like the environment it comes from: the one mutable
 * global of the tree, so that no signature has to carry a test's wish. */
extern atomic_bool failpoint_armed_;
void failpoint_hit_(const char *name);

#endif
