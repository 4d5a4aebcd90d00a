/*
 * A population that trains side by side: who goes on, and who makes room for a copy of a better one
 * (Jaderberg et al. 2017, "Population based training of neural networks", arXiv 1711.09846,
 * truncation selection).
 *
 * Steps are cut into intervals; where one ends is a mark, and every member is paused there. At a
 * mark the last `quantile` of the members give way: each becomes a copy of one of the first
 * `quantile`, drawn evenly, as that one was at the same mark. Members are compared at the same mark
 * alone, unlike in the paper, where each is compared with whatever the others came to last: who is
 * ahead would look better for that, and the copy would not know where it stands.
 *
 * There is no barrier. A member whose fate is known goes on at once: whoever has enough worse ones
 * behind it stays, whatever comes. A fate that is open waits for the others only as long as another
 * has something to do: before a slot would stand idle, it is decided by those who are there, and by
 * how the others stood at the mark before; who loses by that waits for the first one that is
 * better. So few slots decide as a synchronous population does, and with a slot for each member
 * only losers ever wait: were they to go on, whoever is fast and bad would never be replaced.
 *
 *   NEW --> on its way --> waits at a mark --> goes on (ALLOCATE_MORE) --> on its way ...
 *                                |                                        --> over, at the last
 *                                +--> replaced (ALLOCATE_COPY): the copy is on its way
 *
 * A member whose trial fails comes last at the mark that it was on its way to. One that a person
 * ends leaves the population.
 *
 * Invariants: a trial is at most one member's, and a member has one trial at a time; who waits at a
 * mark has its result there, and results are never changed but when a failed trial is reopened.
 */
#ifndef SEARCH_PBT_POPULATION_H
#define SEARCH_PBT_POPULATION_H

#include "search/allocator.h"

enum { MARKS_MAX = 10000, MEMBERS_MAX = 1000 };

enum member_state { MEMBER_ON_WAY, MEMBER_WAITS, MEMBER_OVER };

/* What a trial came to at a mark: minimised; NaN is worst. */
struct mark_result {
    int64_t trial, step;
    double value;
    int64_t since; /* where its interval began; */
    double before; /* and what the value was there; NaN: not known */
    bool gone;     /* it went on, and its checkpoint of the mark was not kept */
};

struct mark {
    struct mark_result *v;
    size_t n, capacity;
};

struct member {
    int64_t trial;
    enum member_state state;
    bool ended;   /* waits, but its trial has failed: only a copy can follow */
    size_t mark;  /* how many it has passed; the last result is at marks[mark - 1] */
    int64_t step; /* of that result, or where its copy began */
    double value;
    int64_t arrived; /* when, among those that wait */
};

struct population {
    int64_t interval, max_steps;
    double quantile;
    uint64_t seed;
    size_t size, n, n_marks;
    struct member *members;
    struct mark *marks;
    int64_t arrivals, copies;
};

struct population_settings {
    size_t size;
    int64_t interval, max_steps;
    double quantile;
    uint64_t seed;
};

enum code population_new(const struct population_settings *x, struct population **ret,
                         struct error *e) must_check;
void population_free(struct population *p);
size_t marks_between(int64_t interval, int64_t max_steps);

/* The functions of an allocator (allocator.h). */
struct allocation population_next(const void *self, bool fresh);
bool population_may_copy(const void *self, int64_t trial, int64_t step);
enum code population_started(void *self, int64_t trial, const struct allocation *x);
int64_t population_next_wanted(const void *self, int64_t trial, int64_t step);
enum decision population_decide(const void *self, int64_t trial, int64_t step, double value);
enum code population_take(void *self, int64_t trial, int64_t step, double value, enum decision d);
enum code population_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                           double value);
enum code population_reopened(void *self, int64_t trial);

#endif
