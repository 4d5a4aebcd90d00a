/*
 * A listener that writes everything down, holds it against the contract of executor.h as it comes,
 * and acknowledges at `settled`, as the scheduler does. And what executors' tests stand on: a
 * folder, specs, processes found by their token.
 */
#ifndef TESTS_EXEC_BOOK_H
#define TESTS_EXEC_BOOK_H

#include "exec/executor.h"
#include "testing.h"

enum { PAGES_MAX = 64, NOTES_MAX = 8 };

/* Of one attempt. */
struct page {
    int64_t attempt, last_seq, acked, waits_for;
    int started, reports, exited, gone;
    struct wire_exited end;
    char program[96]; /* its pidref */
    int n_notes;      /* the attempt's and the executor's own */
    char note[NOTES_MAX][512];
};

struct book {
    struct loop *loop;
    struct executor *x;
    struct page pages[PAGES_MAX];
    size_t n;
    bool (*enough)(const struct book *); /* asked at `settled`: whether to leave the loop */
    bool never_ack;
    bool answers; /* reports that wait are answered with `answer` */
    enum verdict answer;
    int inside; /* an operation that must not call us */
    int settled;
    char dir[64];
    struct arena arena;
};

void book_open(struct book *b);
void book_close(struct book *b); /* the executor, too, where there is one */
struct executor_listener book_listener(struct book *b);
struct page *book_page(struct book *b, int64_t attempt); /* made where there is none */
/* Runs the loop until `enough` says so; fails the test after two minutes. */
void book_run(struct book *b, bool (*enough)(const struct book *));
bool book_all_gone(const struct book *b);
bool book_all_reported(const struct book *b); /* at least one report each */
bool book_all_started(const struct book *b);
bool book_noted(const struct book *b);

/* A spec with everything an attempt needs in the book's folder; argv ends with NULL. */
struct wire_spec book_spec(struct book *b, int64_t attempt, const char *const *argv);
void book_start(struct book *b, const struct wire_spec *s);
void book_adopt(struct book *b, const struct wire_spec *s, int64_t durable);
/* Lets go of the executor, as a controller that ends. */
void book_let_go(struct book *b);

/* Living processes with the token in their environment. */
int processes_of(struct str token);
int members_of_session(pid_t session);
/* Its supervisor's spool, found through the executor's own rule; true while it is locked. */
bool spool_held(const struct wire_spec *s);
/* Waits for something another process does; fails the test after two minutes. */
void wait_until(bool (*done)(const void *), const void *what);
/* The pid of the process that holds the lock of the attempt's spool. */
pid_t supervisor_of(const struct wire_spec *s);

#endif
