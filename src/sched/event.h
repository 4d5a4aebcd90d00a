/*
 * What the scheduler tells the world, after it is durable: for the live picture, --json, followers.
 */
#ifndef SCHED_EVENT_H
#define SCHED_EVENT_H

#include "search/searcher.h"
#include "store/scores.h"
#include "wire/frame.h"

enum event_kind {
    EVENT_SEARCH_STARTED, /* also when it is resumed */
    EVENT_SEARCH_PAUSING,
    EVENT_SEARCH_ENDED,  /* completed, stopped, failed, or paused with nothing left running */
    EVENT_TRIAL_STARTED, /* an attempt begins */
    EVENT_REPORT,        /* with the search's metric in it */
    EVENT_DECISION,      /* the allocator's, where it is not to go on */
    EVENT_ATTEMPT_ENDED,
    EVENT_TRIAL_ENDED,  /* in a final state, or paused */
    EVENT_TRIAL_QUEUED, /* for a retry or to be resumed */
    EVENT_BEST,         /* a new incumbent, or one on the front */
    EVENT_NOTE
};

/* Fields that make no sense for a kind are zero. Texts are valid in the call. */
struct event {
    enum event_kind kind;
    int64_t time; /* ns since the epoch */
    struct search_id search;
    int64_t trial; /* number; 0: none */
    int attempt;   /* number within the trial */
    bool baseline;
    struct str params;
    int64_t seed, steps;
    int64_t parent, from_step; /* whose checkpoint it began with, of which step; 0: nobody's */
    int64_t step;
    double value;
    bool has_value;
    uint32_t n_metrics;
    const struct wire_metric *metrics;
    /* Where there are several measures: what the trial came to so far. Where there are
     * requirements: does it meet them, as far as that is known? */
    uint32_t n_values;
    const struct wire_metric *values;
    bool has_meets, meets;
    int64_t n_front; /* EVENT_BEST, several objectives: how many are on the front with it */
    enum decision decision;
    enum attempt_reason reason;
    int exit_code, signal;
    enum trial_state trial_state;
    enum search_state search_state;
    struct str text; /* method and why; detail; why it ended */
    struct str method, metric;
    bool minimize;
    size_t n_measures; /* of EVENT_SEARCH_STARTED; 0: metric and minimize say it all */
    const struct measured *measures;
    size_t n_requirements;
    const struct str *requirements;
    int64_t budget_trials;
    int parallel;
    int64_t counts[TRIAL_STATE_COUNT];
};

struct event_sink {
    void (*event)(void *self, const struct event *ev);
    void *self;
};

const char *event_kind_name(enum event_kind k);
/* One JSON object; for run --json and followers. */
void event_json(const struct event *ev, struct json *j);

#endif
