/*
 * Spaces for tests, from a few lines of text.
 */
#ifndef TESTS_SPACE_MAKING_H
#define TESTS_SPACE_MAKING_H

#include "space/space.h"

/* Lines of "name: prior", "name: prior when condition", "name := scalar" (fixed; [a, b] for a
 * list), "where constraint". A line's number and column are its place in "test.yaml". */
enum code make_space(const char *text, struct space **ret, struct problems *problems);
/* The same, and it must be well. */
struct space *must_make(const char *text);
/* The message (and, behind " | ", the hint) of the only problem that `text` has; static. */
const char *problem_of(const char *text);
const char *message_of(const struct error *e);

/* The seed of a random test: TRAWL_TEST_SEED, or one of the clock. It is printed. */
uint64_t test_seed(void);

#endif
