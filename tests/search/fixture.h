/*
 * Spaces and searchers for the tests of the search floor.
 *
 * What goes wrong in here fails the test that called it.
 */
#ifndef TESTS_SEARCH_FIXTURE_H
#define TESTS_SEARCH_FIXTURE_H

#include "search/allocator.h"
#include "testing.h"

struct row {
    const char *name, *prior, *when;
};

/* rows end with a NULL name; constraint may be NULL. */
struct space *make_space(const struct row *rows, const char *constraint);
/* NULL where it is refused. */
struct space *try_space(const struct row *rows, const char *constraint);
struct method make_method(const char *text, const struct space *s, const struct effort *effort);
struct searcher *make_searcher(const struct searcher_settings *settings);
struct searcher_settings make_settings(const struct space *s, const char *method, int64_t trials,
                                       int64_t min_steps, int64_t max_steps);
/* E_CORRUPT or whatever it is, with the message printed where it isn't what was expected. */
void expect_code(enum code got, enum code wanted, const struct error *e);

/* One searcher and what it wrote so far, for tests that look at decisions alone. */
struct bench {
    struct space *space;
    struct searcher *s;
    struct arena arena;
};

/* Over one real parameter x in [0, 1]; begun. max_steps 0: none. */
struct bench make_bench(const char *method, int64_t trials, int64_t min_steps, int64_t max_steps);
void free_bench(struct bench *b);
int64_t bench_ask(struct bench *b); /* 0: done */
enum decision bench_report(struct bench *b, int64_t trial, int64_t step, double value);
void bench_exit(struct bench *b, int64_t trial, enum outcome outcome, int64_t step, double value);

#endif
