/*
 * Executors: where attempts run. One interface; a folder each (local/, sim/).
 *
 * An executor never decides anything: it starts what it is told, passes events up and verdicts
 * down, and proves deaths. Everything happens on the loop's thread; events are delivered through
 * the listener, in order of seq for each attempt, and again after a crash until acknowledged: the
 * listener drops what it has seen (attempt, seq).
 *
 * Invariants:
 *  1. executor_start is called after the attempt is durable in the store as `starting`.
 *  2. An attempt whose supervisor's lock is held is alive, one whose lock is free is dead: the lock
 * is taken before the supervisor is spawned and inherited by it, so that there is no moment
 * between.
 *  3. After `gone` no process of the attempt is left.
 *  4. The listener is never called from inside start, adopt or another of the operations.
 *
 * A FRAME_NOTE with seq 0 is the executor's own word about an attempt ("its supervisor speaks
 * another version"); it is not one of the attempt's numbered events and is not acknowledged.
 */
#ifndef EXEC_EXECUTOR_H
#define EXEC_EXECUTOR_H

#include "loop/loop.h"
#include "space/space.h"
#include "wire/frame.h"

struct executor_listener {
    void *self;
    /* All events of a batch come between two calls of `settled`: the moment to commit. */
    void (*event)(void *self, int64_t attempt, const struct frame *f);
    /* The supervisor is gone and so is the program with all it started. Everything it spooled was
     * delivered before. If no FRAME_EXITED was among it, the attempt is lost. */
    void (*gone)(void *self, int64_t attempt);
    void (*settled)(void *self);
};

struct executor;

/* An attempt as an executor sees it that runs no program: no folders, no words of a command, no
 * token. */
struct bare_spec {
    int64_t attempt, trial; /* trial: its number within the search */
    int attempt_number;
    int64_t steps, seed, from_step, next_wanted;
    int64_t parent;              /* whose checkpoint it begins with, of from_step; 0: its own */
    const struct config *config; /* borrowed until `gone` */
};

struct executor_ops {
    /* The spec is copied. A failure (E_SPAWN where the program couldn't be started) leaves nothing
     * behind. */
    enum code (*start)(struct executor *x, const struct wire_spec *spec, struct error *e);
    /* Takes up an attempt that an earlier controller started: connects to its supervisor, or, when
     * its lock is free, delivers what the spool holds and then `gone`. durable_seq: the last event
     * that is in the store. Fails only for want of memory, or as E_DUPLICATE: nothing is known
     * about the attempt then, so that it may not be taken for dead. Whatever else is in the way is
     * noted and tried again. */
    enum code (*adopt)(struct executor *x, const struct wire_spec *spec, int64_t durable_seq,
                       struct error *e);
    void (*ack)(struct executor *x, int64_t attempt, int64_t durable_seq);
    void (*answer)(struct executor *x, int64_t attempt, int64_t seq, enum verdict v,
                   int64_t next_wanted);
    void (*hold)(struct executor *x, int64_t attempt, int64_t seq);
    void (*verdict)(struct executor *x, int64_t attempt, enum verdict v);
    /* The store has everything: the spool and the socket may go. Only after `gone`; may be called
     * inside it. */
    void (*forget)(struct executor *x, int64_t attempt);
    /* Lets go of all attempts without ending them: they run on. Frees the executor; not to be
     * called inside the listener. */
    void (*close)(struct executor *x);
    /* In place of `start`, for those that run no program: nothing else of a spec is made then, and
     * what `adopt` is given holds the attempt's number alone. NULL: it runs programs. */
    enum code (*start_bare)(struct executor *x, const struct bare_spec *spec, struct error *e);
};

struct executor {
    const struct executor_ops *ops;
};

#endif
