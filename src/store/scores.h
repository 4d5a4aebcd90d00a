/*
 * What trials come to, as texts that a store keeps, whatever the backend.
 *
 *   measures      a line each: '+' (maximized), '-' (minimized) or '?' (only requirements look at
 *                 it), then the name; objectives first. Empty: one, the search's metric
 *   requirements  a line each, as people read them: "latency_ms <= 20"
 *   scores       of a trial: its values from the second measure on, '-' for one that was never
 *                 reported; then, after ';', an excess each: "12.5 - ; -0.375". Empty: none of them
 */
#ifndef STORE_SCORES_H
#define STORE_SCORES_H

#include "base/json.h"
#include "store/store.h"

enum aim { AIM_MAXIMIZE, AIM_MINIMIZE, AIM_NONE };

struct measured {
    struct str name; /* in the row's text */
    enum aim aim;
};

/* What trials are ranked by. */
struct aims {
    size_t n_objectives, n_requirements;
    bool minimize[STORE_OBJECTIVES_MAX];
    bool own_steps; /* a trial's steps are its own: how far it came says nothing */
};

/* Names hold no control characters, which the file's reader sees to. */
void measures_write(const struct measured *v, size_t n, struct buf *b);
/* At least one, objectives first. */
size_t search_measures(const struct search_row *row, struct measured ret[STORE_MEASURES_MAX]);
size_t search_requirements(const struct search_row *row, struct str ret[STORE_REQUIREMENTS_MAX]);
struct aims search_aims(const struct search_row *row);

/* [{"metric", "goal"}] of the objectives among them. */
void measures_json(const struct measured *v, size_t n, struct json *j);

void scores_write(const struct scores *o, struct buf *b);
/* False where it is no such text. *ret is complete: with the trial's value, if it has one. */
bool scores_read(struct str text, bool has_value, double value, struct scores *ret);
/* Are all requirements met? One that is unknown is not. */
bool scores_meet(const struct scores *o);

#endif
