/*
 * A searcher driven by hand, all of whose entries are kept.
 */
#ifndef TESTS_SEARCH_DESK_H
#define TESTS_SEARCH_DESK_H

#include "fixture.h"

enum { DESK_ENTRIES_MAX = 200 };

struct desk {
    struct space *space; /* freed with it; NULL: borrowed by the settings */
    struct searcher_settings settings;
    struct searcher *s;
    struct arena arena;
    struct entry v[DESK_ENTRIES_MAX];
    size_t n;
};

/* Begun. */
void desk_open(struct desk *d, struct space *own, const struct searcher_settings *settings);
/* Recomputes everything first. */
void desk_close(struct desk *d);
struct proposal desk_ask(struct desk *d);
enum decision desk_report(struct desk *d, int64_t trial, int64_t step, double value);
/* At step 1. */
void desk_exit(struct desk *d, int64_t trial, enum outcome outcome, double value);
void desk_exit_result(struct desk *d, int64_t trial, enum outcome outcome,
                      const struct result *result);
void desk_evidence(struct desk *d, const struct config *config, enum outcome outcome,
                   const struct result *result);
void desk_left(struct desk *d, int64_t left);
void desk_reopen(struct desk *d, int64_t trial);
/* Takes the entries before i, then entry i with `from` replaced by `to`. Where that is refused,
 * nothing has changed: the true one is taken after it. */
enum code desk_tamper(const struct desk *d, size_t i, const char *from, const char *to,
                      bool recompute, struct error *e);

#endif
