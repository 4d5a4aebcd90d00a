/*
 * What the store keeps of a search, read back: its settings, its seed, its environment.
 */
#ifndef SCHED_KEPT_H
#define SCHED_KEPT_H

#include "conf/settings.h"
#include "store/store.h"

/* The file and the command line it began with, checked again. An error says that another version of
 * trawl wrote them. */
enum code kept_settings(const struct search_row *row, struct settings **ret,
                        struct error *e) must_check;

struct kept {
    uint64_t seed;
    size_t n_env;
    const struct str *env; /* NAME=value, in the arena */
};

enum code kept_rest(const struct search_row *row, struct arena *a, struct kept *ret,
                    struct error *e) must_check;

#endif
