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

struct ask_record {
    struct config config;
    int64_t seed, steps;
    int64_t index, next_index; /* generator position before and after */
    int64_t seen;              /* the last entry it was based on */
    bool baseline;
};

struct report_record {
    int64_t step;
    double value; /* as the program reported it */
    enum decision decision;
};

struct exit_record {
    enum outcome outcome;
    int64_t step;
    double value;
};

/* What a begin entry says of the settings. */
struct begin_record {
    int64_t engine, seed, replicates;
    bool minimize;
    struct str method, why, seeds; /* in the arena given */
};

void entry_write_begin(const struct searcher_settings *settings, struct buf *b);
void entry_write_ask(const struct ask_record *r, struct buf *b);
void entry_write_report(const struct report_record *r, struct buf *b);
void entry_write_exit(const struct exit_record *r, struct buf *b);
void entry_write_reopened(struct buf *b);

enum code entry_read_begin(const struct entry *x, struct arena *a, struct begin_record *ret,
                           struct error *e) must_check;
enum code entry_read_ask(const struct entry *x, const struct space *s, struct arena *a,
                         struct ask_record *ret, struct error *e) must_check;
enum code entry_read_report(const struct entry *x, struct report_record *ret,
                            struct error *e) must_check;
enum code entry_read_exit(const struct entry *x, struct exit_record *ret,
                          struct error *e) must_check;
/* Is it the event of a trial that came back to life? */
enum code entry_read_event(const struct entry *x, bool *ret_reopened, struct error *e) must_check;

/* E_CORRUPT, "entry 12: ..." */
enum code entry_corrupt(const struct entry *x, struct error *e, const char *fmt, ...)
    printf_like(3, 4);
const char *seed_policy_name(enum seed_policy p);

#endif
