/* The simulated executor's own structures. Only src/exec/sim includes this. */
#ifndef EXEC_SIM_INTERNAL_H
#define EXEC_SIM_INTERNAL_H

#include "exec/sim/sim.h"

/* What an attempt does next. */
enum due {
    DUE_START,
    DUE_REPORT, /* at the end of step `next` */
    DUE_DROP,
    DUE_END, /* with the verdict it was told, or because its steps are done */
    DUE_GONE,
    DUE_NOTHING /* waits for an answer or an acknowledgement; is not in the heap */
};

struct running {
    struct sim_attempt seen;
    struct sim_course course;
    int64_t id, seq;
    size_t place; /* in the heap */
    enum due due;
    int64_t began;  /* when it started */
    int64_t trains; /* when its first step began, and later by what it waited for since */
    int64_t reported;
    int64_t dies;     /* when it is dropped; INT64_MAX: it isn't */
    int64_t step;     /* of the last report; from which it goes on */
    int64_t counted;  /* steps up to this one are in the totals */
    int64_t next;     /* the step it reports next */
    int64_t wanted;   /* the next step the searcher wants to see */
    int64_t exit_seq; /* 0: its program runs */
    enum verdict verdict;
    bool waits;
    struct running *link; /* in its slot of the table; or of those to be used again */
};

/* In the heap. */
struct planned {
    int64_t at;     /* when it does what is due */
    uint64_t order; /* among what is due at one time */
    struct running *a;
};

struct sim {
    struct executor executor; /* first */
    struct sim_options o;
    struct executor_listener listener;
    struct planned *heap;
    size_t n_heap, heap_capacity;
    struct running **table; /* by id, chained; a power of two */
    size_t n_table, n_running;
    struct running *unused;
    struct arena arena; /* the attempts */
    int64_t *done;      /* by trial: the furthest step that was trained */
    size_t n_done;
    uint64_t order;
    struct sim_totals totals;
    struct error failed; /* code OK: nothing did */
};

/* heap.c */
/* Room for one attempt more: from then on planning for it can't fail. */
enum code sim_reserve(struct sim *s, struct error *e) must_check;
/* What an attempt does next, whatever it was before. */
void sim_plan(struct sim *s, struct running *a, enum due due, int64_t at);
/* Takes out the first; there is one. Its `due` is for the caller to set. */
struct running *sim_take(struct sim *s);

/* attempts.c */
struct running *sim_find(const struct sim *s, int64_t id); /* NULL: it is not known */
/* A new one, that waits. */
enum code sim_add(struct sim *s, const struct bare_spec *spec, struct running **ret,
                  struct error *e) must_check;
void sim_forget(struct sim *s, struct running *a);
/* The step that a trial's checkpoint holds. */
int64_t sim_done(const struct sim *s, int64_t trial);
void sim_keep(struct sim *s, int64_t trial, int64_t step);
void sim_attempts_free(struct sim *s);

#endif
