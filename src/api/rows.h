/*
 * Rows of the store as JSON: the shapes that outside programs rely on.
 *
 * A trial: {"trial", "state", "baseline", "params", "seed", "value", "step", "attempts": [{"state",
 * "reason", "exit", "signal", "from_step", "started", "ended"}], "started", "ended"}, and "why"
 * where it failed, "parent" and "from_step" where it began with another one's checkpoint. What is
 * not there yet is null. Where there are several objectives, or
 * requirements, it has their members too (scoring.h).
 */
#ifndef API_ROWS_H
#define API_ROWS_H

#include "api/saved.h"
#include "api/scoring.h"

/* Attempts of a trial, or of a whole search in order of (trial, number); kept small, since they are
 * gathered before the trials are streamed. */
struct attempts {
    size_t n, capacity;
    struct brief {
        struct trial_id trial;
        int number;
        enum attempt_state state;
        enum attempt_reason reason;
        int exit_code, signal;
        int64_t from_step, started, ended;
    } * v;
};

void attempts_free(struct attempts *a);
enum code attempts_of_trial(struct store *s, struct trial_id id, struct attempts *ret,
                            struct error *e) must_check;
enum code attempts_of_search(struct store *s, struct search_id id, struct attempts *ret,
                             struct error *e) must_check;

/* attempts[0..n) are this trial's. sizes: what its checkpoints take; NULL: left out. */
void trial_json(const struct trial_row *row, const struct scoring *scoring,
                const struct brief *attempts, size_t n, const struct checkpoint_sizes *sizes,
                struct json *j);
/* The same with "schedule", where it has a parent (lineage.h). sizes: likewise. */
enum code trial_json_in_full(struct store *s, const struct search_row *search, struct trial_id id,
                             const struct checkpoint_sizes *sizes, struct json *j,
                             struct error *e) must_check;
/* The trial with that number, or null. sizes: what its checkpoints take; NULL: left out. */
enum code trial_json_of(struct store *s, const struct search_row *search, int64_t number,
                        const struct checkpoint_sizes *sizes, struct json *j,
                        struct error *e) must_check;
/* One `show`. */
enum code search_json(struct store *s, const struct search_row *row, struct json *j,
                      struct error *e) must_check;

/* Names that attempts_of_search left for this trial: moves *at past them. */
const struct brief *attempts_next(const struct attempts *a, struct trial_id trial, size_t *at,
                                  size_t *ret_n);

#endif
