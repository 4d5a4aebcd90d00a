/*
 * ASHA: asynchronous successive halving that never waits.
 *
 * Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020 (arXiv
 * 1810.05934). Rungs count down from the largest budget by eta while they reach the least.
 *
 * max_rungs is the paper's early-stopping rate the other way round: s = rungs - max_rungs.
 *
 * variant=stop: a trial runs on; at a rung it goes on only if it is within the best
 * max(floor(k / eta), 1) of the k results so far at that rung, its own included.
 *
 * variant=promote (the paper's algorithm 2): every trial pauses at its rung, and the best
 * floor(k / eta) of the k results there go on, from the highest rung down, before another
 * configuration starts. When no more of those may start and nothing is left to go on, the best of
 * the highest rung does, until one trial has been trained to the end.
 *
 * Where the paper is silent:
 *  - Stopping, equal values rank equally: a trial is stopped only by values that are strictly
 *    better, so that a metric still on its plateau stops nobody. Promoting, the earlier trial goes
 *    first.
 *  - A missing value (NaN or infinite) ranks behind all others. Stopping, it goes on only while the
 *    rung holds nothing but missing values: before the first real one nothing is known. It is never
 *    promoted.
 *  - A report that jumps past rungs enters the highest of them alone: a late value is no result of
 *    an early rung. A rung that was entered or jumped past is never entered again, so a retried
 *    attempt doesn't count twice.
 *  - At the highest rung there is nothing left to decide.
 *  - Promoting, when the budget has too little left to train a new trial to the end, the best of
 * the highest rung that can still get to the top do, beyond one in eta; then who else goes on or
 *    starts, as far as that leads to a rung.
 *  - What became of a trial afterwards doesn't change the results it had.
 */
#include "search/asha/bracket.h"

static const char *const variants[] = {"stop", "promote", NULL};

static const struct option_kind options[] = {
    {.name = "eta", .about = "one in so many goes on", .def = 3, .lo = 2, .hi = 10, .whole = true},
    {.name = "variant",
     .about = "stop the worse trials at a rung, or pause all and promote the best",
     .words = variants},
    {.name = "max_rungs",
     .about = "only the highest of the rungs",
     .def = RUNGS_MAX,
     .lo = 2,
     .hi = RUNGS_MAX,
     .whole = true,
     .tacit = true},
};

static enum code asha_fits(const struct method *m, const struct effort *effort, struct error *e)
{
    int64_t eta = (int64_t)allocator_option(m, "eta");
    if (effort->max_steps / eta >= effort->min_steps)
        return OK;
    error_set(e, E_INVALID, "asha(eta=%d) has no rung between %lld and %lld steps at which to stop",
              (int)eta, (long long)effort->min_steps, (long long)effort->max_steps);
    error_hint(e, "let the budget span at least a factor of eta, or use full");
    return E_INVALID;
}

static bool asha_pauses(const struct method *m)
{
    return allocator_option_is(m, "variant", "promote");
}

static enum code asha_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    const struct effort *effort = &settings->effort;
    int64_t eta = (int64_t)allocator_option(&settings->method, "eta"), rungs[RUNGS_MAX];
    size_t most = (size_t)allocator_option(&settings->method, "max_rungs");
    size_t n = rungs_between(effort->min_steps, effort->max_steps, eta, most, rungs);
    struct bracket *x = NULL;
    enum code code = bracket_new(eta, rungs, n, asha_pauses(&settings->method), &x, e);
    if (code == OK)
        *ret = x;
    return code;
}

static struct allocation asha_next(const void *self, bool fresh)
{
    struct allocation more;
    if (bracket_more(self, &more))
        return more;
    if (fresh)
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = bracket_first_steps(self)};
    return bracket_finish(self);
}

static struct allocation asha_closing(const void *self, bool fresh, int64_t left)
{
    const struct bracket *x = self;
    struct allocation more;
    int64_t lowest = INT64_MAX;
    (void)bracket_rungs(x, &lowest, 1);
    if (bracket_more_within(x, left, &more))
        return more;
    if (fresh && lowest <= left)
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = bracket_first_steps(x)};
    if (bracket_rest_within(x, left, &more))
        return more;
    return (struct allocation){.kind = bracket_climbs(x) ? ALLOCATE_WAIT : ALLOCATE_DONE};
}

const struct allocator_kind allocator_asha = {
    .name = "asha",
    .about = "stops or pauses the worse trials at rungs that grow by eta (Li et al. 2020)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .owns_steps = true,
    .pauses = asha_pauses,
    .fits = asha_fits,
    .create = asha_create,
    .destroy = bracket_free,
    .next = asha_next,
    .closing = asha_closing,
    .started = bracket_started,
    .next_wanted = bracket_next_wanted,
    .decide = bracket_decide,
    .take = bracket_take,
    .ended = bracket_ended,
    .reopened = bracket_reopened,
    .rungs = bracket_rungs,
};
