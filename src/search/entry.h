/*
 * Journal entries: the text of each kind, and back.
 *
 * Writing appends to a builder. Reading returns E_CORRUPT, and says what is wrong, for anything
 * that is not such an entry: a member missing, doubled, of another type or out of range. Unknown
 * members are passed over, so that an older trawl reads what a newer one only added to.
 */
#ifndef SEARCH_ENTRY_H
#define SEARCH_ENTRY_H

#include "search/searcher.h"

/* A paused trial goes on. */
struct more_record {
    int64_t trial; /* the entry's */
    int64_t steps, from;
    /* Where it was chosen; else, 0. */
    bool chosen, fresh; /* fresh: it could have been a new configuration */
    int64_t index, next_index, seen;
    const double *weighed;
    size_t n_weighed;
    bool keep; /* its checkpoint may be copied yet */
};

struct ask_record {
    struct config config;
    int64_t seed, steps;
    int64_t index, next_index; /* generator position before and after */
    int64_t seen;              /* the last entry it was based on */
    int64_t first;             /* which of the given first points; -1: none */
    bool baseline;
    int origin; /* index into the sampler's origins; -1: none */
    const double *fitted;
    size_t n_fitted;
    const double *weighed; /* where it was chosen, rather than a paused trial */
    size_t n_weighed;
    int64_t parent, from; /* whose checkpoint it begins with, of which step; 0: nobody's */
    int64_t over;         /* the trial that it replaces, where it has a parent */
    bool is_more;         /* a paused trial goes on: of the above only `more` says anything */
    struct more_record more;
};

struct report_record {
    int64_t step;
    double value; /* as the program reported it */
    enum decision decision;
    bool has_excess; /* of a pause */
    double excess[REQUIREMENTS_MAX];
};

struct exit_record {
    enum outcome outcome;
    int64_t step;
    struct result result; /* as the program reported it */
};

struct evidence_record {
    struct config config;
    struct exit_record end;
};

/* What a begin entry says of the settings. */
struct begin_record {
    int64_t engine, seed, replicates;
    size_t n_objectives, n_requirements;
    bool minimize[OBJECTIVES_MAX];
    struct str method, why, seeds; /* in the arena given */
};

void entry_write_begin(const struct searcher_settings *settings, struct buf *b);
void entry_write_ask(const struct searcher_settings *settings, const struct ask_record *r,
                     struct buf *b);
void entry_write_more(const struct more_record *r, struct buf *b);
void entry_write_report(const struct searcher_settings *settings, const struct report_record *r,
                        struct buf *b);
void entry_write_exit(const struct searcher_settings *settings, const struct exit_record *r,
                      struct buf *b);
void entry_write_evidence(const struct searcher_settings *settings, const struct evidence_record *r,
                          struct buf *b);
void entry_write_reopened(struct buf *b);
void entry_write_closing(int64_t left, struct buf *b);

enum code entry_read_begin(const struct entry *x, struct arena *a, struct begin_record *ret,
                           struct error *e) must_check;
enum code entry_read_ask(const struct entry *x, const struct searcher_settings *settings,
                         struct arena *a, struct ask_record *ret, struct error *e) must_check;
enum code entry_read_report(const struct entry *x, const struct searcher_settings *settings,
                            struct report_record *ret, struct error *e) must_check;
enum code entry_read_exit(const struct entry *x, const struct searcher_settings *settings,
                          struct exit_record *ret, struct error *e) must_check;
/* Which event is it? One of a trial that came back to life, evidence, a budget that nears its end,
 * or one that is not the searcher's. */
enum event_name { EVENT_OTHER, EVENT_REOPENED, EVENT_EVIDENCE, EVENT_CLOSING };
struct event_record {
    enum event_name name;
    struct evidence_record evidence; /* in the arena given */
    int64_t left;
};
enum code entry_read_event(const struct entry *x, const struct searcher_settings *settings,
                           struct arena *a, struct event_record *ret, struct error *e) must_check;

/* E_CORRUPT, "entry 12: ..." */
enum code entry_corrupt(const struct entry *x, struct error *e, const char *fmt, ...)
    printf_like(3, 4);
const char *seed_policy_name(enum seed_policy p);

#endif
