/*
 * What the allocators of a population share: options, checks, and the way to the population, which
 * is the first member of each.
 */
#ifndef SEARCH_PBT_PBT_H
#define SEARCH_PBT_PBT_H

#include "base/rng.h"
#include "search/pbt/population.h"

#define PBT_OPTIONS                                                                         \
    {.name = "population",                                                                  \
     .about = "members, trained side by side or by turns",                                  \
     .def = 16,                                                                             \
     .lo = 2,                                                                               \
     .hi = MEMBERS_MAX,                                                                     \
     .whole = true},                                                                        \
        {.name = "interval",                                                                \
         .about = "steps from one comparison to the next; 0: the budget's min",             \
         .lo = 0,                                                                           \
         .hi = 1e15,                                                                        \
         .whole = true},                                                                    \
    {                                                                                       \
        .name = "quantile", .about = "part of the population that is replaced, and copied", \
        .def = 0.2, .lo = 0.01, .hi = 0.5                                                   \
    }

/* What the kinds of all allocators of a population have alike. */
#define PBT_KIND                                                                                \
    .needs_steps = true, .owns_steps = true, .pauses = pbt_pauses, .fits = pbt_fits,            \
    .next = pbt_next, .may_copy = pbt_may_copy, .started = pbt_started,                         \
    .next_wanted = pbt_next_wanted, .decide = pbt_decide, .take = pbt_take, .ended = pbt_ended, \
    .reopened = pbt_reopened

bool pbt_pauses(const struct method *m);
int64_t pbt_interval(const struct method *m, const struct effort *effort);
enum code pbt_fits(const struct method *m, const struct effort *effort, struct error *e) must_check;
enum code pbt_population(const struct searcher_settings *settings, struct population **ret,
                         struct error *e) must_check;
/* A trial's configuration; and the generator that a copy's values are drawn from. */
const struct config *pbt_config(const struct vary_request *q, int64_t trial);
void pbt_values(const struct population *p, const struct vary_request *q, struct rng *ret);

struct allocation pbt_next(const void *self, bool fresh);
bool pbt_may_copy(const void *self, int64_t trial, int64_t step);
enum code pbt_started(void *self, int64_t trial, const struct allocation *x);
int64_t pbt_next_wanted(const void *self, int64_t trial, int64_t step);
enum decision pbt_decide(const void *self, int64_t trial, int64_t step, double value);
enum code pbt_take(void *self, int64_t trial, int64_t step, double value, enum decision d);
enum code pbt_ended(void *self, int64_t trial, enum outcome outcome, int64_t step, double value);
enum code pbt_reopened(void *self, int64_t trial);

#endif
