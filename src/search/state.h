/*
 * The inside of the searcher, shared by its own files.
 *
 * Each input goes through three doors, one after the other, and only the last one changes anything:
 *
 *   propose / decide   compute what to do        (propose.c, searcher.c)
 *   entry_write_...    say so in an entry        (entry.c)
 *   take_...           make it so                (searcher.c)
 *
 * ask, report and exit go through all three; searcher_apply reads an entry and only takes it;
 * searcher_recompute computes, compares with the entry, and takes it. So a recorded decision and a
 * fresh one leave the same state behind.
 */
#ifndef SEARCH_STATE_H
#define SEARCH_STATE_H

#include "search/allocator.h"
#include "search/entry.h"
#include "search/enumeration.h"
#include "search/trials.h"

struct searcher {
    struct searcher_settings settings;
    void *sampler, *allocator;
    struct trials trials;
    int64_t seq;    /* of the last entry */
    int64_t index;  /* draws taken so far */
    int64_t copies; /* trials started of the last configuration, for replicates */
    bool begun;

    /* What only saves time or memory: a searcher without it would decide the same. */
    bool exhausted;           /* nothing new is left to propose */
    bool enumerable;          /* the space is finite and small enough to be walked through */
    struct enumeration *walk; /* NULL until needed */
    int64_t walked;           /* everything before it was proposed or is not allowed */
    struct arena draw, scratch;
    struct buf text;
};

/* What the next trial would be; changes nothing but what saves time. *ret_end: there is none. The
 * configuration is copied into `a`. */
enum code propose(struct searcher *s, struct arena *a, struct ask_record *ret, bool *ret_end,
                  struct error *e) must_check;

/* Is this input possible now? E_STATE or E_INVALID, saying why not. */
enum code check_report(const struct searcher *s, int64_t trial, int64_t step,
                       struct error *e) must_check;
enum code check_exit(const struct searcher *s, int64_t trial, enum outcome outcome, int64_t step,
                     struct error *e) must_check;
enum code check_reopen(const struct searcher *s, int64_t trial, struct error *e) must_check;

/* check_report said yes. */
enum decision decide(const struct searcher *s, int64_t trial, int64_t step, double value);

/* Each is all or nothing and counts one entry. */
enum code take_ask(struct searcher *s, const struct ask_record *r, struct error *e) must_check;
enum code take_report(struct searcher *s, int64_t trial, const struct report_record *r,
                      struct error *e) must_check;
enum code take_exit(struct searcher *s, int64_t trial, const struct exit_record *r,
                    struct error *e) must_check;
enum code take_reopen(struct searcher *s, int64_t trial, struct error *e) must_check;

#endif
