/*
 * What checkpoints take on disk, for people and as JSON.
 */
#ifndef API_SAVED_H
#define API_SAVED_H

#include "base/json.h"
#include "sched/checkpoint.h"

/* Of a search: the sum over its trials' folders. At most SAVED_TRIALS_MAX are looked at; `all` says
 * whether that was all of them. */
enum { SAVED_TRIALS_MAX = 20000 };
struct saved {
    int64_t bytes, trials; /* trials: those that have saved something */
    bool all;
};
void saved_of_search(const char *store_dir, struct search_id search, struct saved *ret);

/* As the value of "checkpoints": {"bytes", "kept": [steps]}. */
void saved_trial_json(const struct checkpoint_sizes *s, struct json *j);
/* "3.1 MiB, kept at steps 3, 9" and "1.2 GiB of 40 trials"; nothing where nothing was saved. */
void saved_trial_text(const struct checkpoint_sizes *s, struct buf *b);
void saved_search_text(const struct saved *s, struct buf *b);

#endif
