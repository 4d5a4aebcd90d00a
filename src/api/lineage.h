/*
 * A trial's schedule: the values it was trained with, from step to step, its own and those of the
 * trials whose checkpoints it goes on from.
 */
#ifndef API_LINEAGE_H
#define API_LINEAGE_H

#include "base/json.h"
#include "store/store.h"

enum { LINEAGE_MAX = 10000 };

struct lineage_stage {
    int64_t trial; /* its number */
    int64_t until; /* the step it trained to; of the last one, so far; 0: none yet */
    struct str params;
};

struct lineage {
    size_t n;
    struct lineage_stage *v; /* the first comes first */
};

/* Everything is in `a`. */
enum code lineage_of(struct store *s, struct trial_id id, struct arena *a, struct lineage *ret,
                     struct error *e) must_check;
/* As search.schedule has it: a list, a stage a line. */
void lineage_yaml(const struct lineage *x, struct buf *b);
/* [{"trial": "12.3", "until": 9, "params": {...}}, ...] */
void lineage_json(const struct lineage *x, struct search_id search, struct json *j);

#endif
