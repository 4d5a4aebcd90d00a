/*
 * A prior as a call, "uniform(0, 1, step=0.1)": its name, its arguments and where each stands.
 * Private to prior_*.c.
 */
#ifndef SPACE_PRIOR_CALL_H
#define SPACE_PRIOR_CALL_H

#include "space/prior.h"

/* `value`, or `key = value`. Strings point into the call's text or its arena. */
struct prior_argument {
    size_t pos; /* of the value */
    struct value value;
    struct str text; /* the value as written, quotes resolved */
    bool has_key, key_quoted;
    size_t key_pos;
    struct value key;
    struct str key_text;
};

struct prior_call {
    struct cursor c;
    struct str name;
    size_t name_pos;
    size_t n;
    struct prior_argument *v;
    struct error *e;
};

/* The arguments are in `a`. */
enum code prior_call_parse(struct prior_call *call, struct arena *a, struct str text,
                           struct location at, struct error *e) must_check;
/* An error at byte `pos` of the call. */
enum code prior_call_fail(const struct prior_call *call, size_t pos, enum code code,
                          const char *fmt, ...) printf_like(4, 5) never_ok;

/* What the parts of prior_parse fill in, by family of priors. */
enum code prior_parse_range(const struct prior_call *call, struct prior *p) must_check;
enum code prior_parse_levels(const struct prior_call *call, struct arena *a,
                             struct prior *p) must_check;

/* The grid of an int, or of a uniform with a step: values are numbered from 0 to prior_last(p). */
uint64_t prior_last(const struct prior *p);
int64_t prior_grid_int(const struct prior *p, uint64_t k);
double prior_grid_real(const struct prior *p, uint64_t k);

#endif
