/*
 * The inside of the searcher, shared by its own files.
 *
 * Each input goes through three doors, one after the other, and only the last one changes anything:
 *
 *   propose / decide   compute what to do        (propose.c, prepare.c, searcher.c)
 *   entry_write_...    say so in an entry        (entry.c)
 *   take_...           make it so                (take.c)
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

/* Where fresh configurations come from: used by one thread at a time, the searcher's or that of a
 * preparation. What it keeps only saves time. */
struct source {
    const struct searcher_settings *settings;
    void *sampler;
    bool enumerable;          /* the space is finite and small enough to be walked through */
    struct enumeration *walk; /* NULL until needed */
    int64_t walked;           /* everything before it was proposed or is not allowed */
    struct arena arena;       /* of one draw */
    struct arena choosing;    /* of one choice */
};

struct draw_request {
    struct history history;
    int64_t index;
    const double *fitted;
    size_t n_fitted;
    /* Where the allocator leaves the choice open. */
    const struct curve *curves; /* NULL: it does not */
    bool fresh;                 /* may it be a new configuration? */
    int64_t left;               /* steps that a slot can still train */
    const double *weighed;
    size_t n_weighed;
};

/* A fresh configuration, in the source until its next draw; end: there is none. Or a paused trial
 * that was chosen to go on: choice.trial. */
struct draw {
    struct choice choice;
    struct sample sample;
    int64_t next_index;
};

struct preparation {
    struct source *source;
    struct draw_request request;
    struct past past;
    double *fitted, *weighed; /* copies, for the request */
    int64_t seen;
    bool stale; /* a trial was reopened since, or evidence came */
    enum code code;
    struct error error;
    struct draw draw;
};

struct searcher {
    struct searcher_settings settings; /* never changed: a preparation may be reading it */
    int64_t trials_max;                /* effort.trials, as it is by now */
    struct source source;
    void *allocator;
    struct trials trials;
    int64_t seq;    /* of the last entry */
    int64_t index;  /* draws taken so far */
    int64_t copies; /* trials started of the last configuration, for replicates */
    /* What is proposed must have seen this entry, the last ask, reopening or evidence: so nothing
     * is proposed twice, and to the sampler histories only ever grow. */
    int64_t seen_from;
    int64_t left; /* steps that a slot can still train, as far as they are too few for all */
    size_t first; /* of the given first points, those that are done with */
    double *fitted, *weighed;
    size_t n_fitted, n_weighed;
    bool begun;

    /* What only saves time or memory: a searcher without it would decide the same. */
    bool exhausted;    /* nothing new is left to propose */
    int64_t fruitless; /* the last entry when a choice among paused trials came to nothing */
    struct preparation *out, *ready;
    struct arena scratch;
    struct buf text;
};

/* What the next trial is. */
enum next { NEXT_BASELINE, NEXT_FIRST, NEXT_REPLICATE, NEXT_DRAWN, NEXT_NONE };
/* *ret_first: which of the first points, where it is one. */
enum next next_kind(const struct searcher *s, size_t *ret_first);

/* Has every trial of the budget been asked for? */
bool searcher_is_spent(const struct searcher *s);

/* What samplers see of the entries up to `seen`, copied. */
enum code searcher_past(const struct searcher *s, int64_t seen, struct past *ret,
                        struct error *e) must_check;
/* Does the allocator leave it to a model whether a new configuration starts or a paused one goes
 * on?
 */
bool searcher_chooses(const struct searcher *s);
/* Would a choice come to nothing, as it just did? */
bool searcher_chooses_nothing(const struct searcher *s, const struct allocation *x);
/* Does the allocator cut trials at rungs, so that values of several levels must be compared? */
bool searcher_has_levels(const struct searcher *s);

enum code draw(struct source *x, const struct draw_request *q, struct draw *ret,
               struct error *e) must_check;

/* The values of a copy that is due, in a record like any other trial's. */
enum code propose_copy(struct searcher *s, struct arena *a, const struct allocation *x,
                       struct ask_record *ret, struct error *e) must_check;

/* What a free slot is to do next. *ret_kind: where a new trial is due, which. */
struct allocation allocate(const struct searcher *s, enum next *ret_kind, size_t *ret_first);

/* What an allocation (NEW or CHOOSE) comes to, based on the entries up to `seen`; changes nothing
 * but what saves time. *ret_end: to nothing. What it points to is copied into `a`. */
enum code propose(struct searcher *s, struct arena *a, int64_t seen, const struct allocation *x,
                  struct ask_record *ret, bool *ret_end, struct error *e) must_check;
void preparation_free(struct preparation *p);

/* Is this input possible now? E_STATE or E_INVALID, saying why not. */
enum code check_report(const struct searcher *s, int64_t trial, int64_t step,
                       struct error *e) must_check;
enum code check_exit(const struct searcher *s, int64_t trial, enum outcome outcome, int64_t step,
                     struct error *e) must_check;
enum code check_evidence(const struct searcher *s, const struct config *config,
                         enum outcome outcome, int64_t step, struct error *e) must_check;
enum code check_close(int64_t left, struct error *e) must_check;
enum code check_reopen(const struct searcher *s, int64_t trial, struct error *e) must_check;

/* check_report said yes. */
enum decision decide(const struct searcher *s, int64_t trial, int64_t step, double value);

/* Each is all or nothing and counts one entry. */
enum code take_ask(struct searcher *s, const struct ask_record *r, struct error *e) must_check;
enum code take_more(struct searcher *s, int64_t trial, const struct more_record *r,
                    struct error *e) must_check;
enum code take_report(struct searcher *s, int64_t trial, const struct report_record *r,
                      struct error *e) must_check;
enum code take_exit(struct searcher *s, int64_t trial, const struct exit_record *r,
                    struct error *e) must_check;
enum code take_evidence(struct searcher *s, const struct evidence_record *r,
                        struct error *e) must_check;
enum code take_reopen(struct searcher *s, int64_t trial, struct error *e) must_check;

void take_close(struct searcher *s, int64_t left);

/* What a trial trains that is trained to the end; without steps it is one. */
int64_t full_steps(const struct effort *effort);
/* The result of one value alone: all else is unknown. */
void nothing_but(struct result *ret, double value);
/* What samplers and allocators see of a value of objective i. */
double minimised(const struct searcher_settings *s, size_t i, double value);

#endif
