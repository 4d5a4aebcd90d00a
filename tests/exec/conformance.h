/*
 * What every executor has to do, as tests against executor.h.
 *
 * An executor's test program describes how to make one and what the words of a program are there,
 * and runs these.
 */
#ifndef TESTS_EXEC_CONFORMANCE_H
#define TESTS_EXEC_CONFORMANCE_H

#include "book.h"

enum program {
    PROGRAM_SHORT,   /* reports loss at least three times and ends with 0 */
    PROGRAM_FAILS,   /* ends with 3 */
    PROGRAM_FOREVER, /* reports once, then runs until it is ended */
    PROGRAM_ASKS,    /* reports, waits for the decision, and ends unless it is `continue`: then 4 */
    PROGRAM_KIN,     /* as PROGRAM_SHORT, leaving processes of other sessions behind */
    PROGRAM_COUNT
};

struct executor_kind {
    enum code (*open)(struct loop *l, const struct executor_listener *listener,
                      struct executor **ret, struct error *e);
    const char *const *argv[PROGRAM_COUNT];
};

int conformance_run(const char *name, const struct executor_kind *kind);

#endif
