/*
 * Adaptive: several brackets of asynchronous successive halving side by side, some of which cut
 * early and some late, for when nobody knows how soon a curve tells (Li et al., "Hyperband", JMLR
 * 18, 2018, for the idea; the arithmetic is that of Determined's adaptive_asha).
 *
 *   R          = min(max_rungs, rungs that the budget has, floor(log_eta trials) + 1)
 *   brackets   of R, R-1, ... rungs: aggressive R alone, standard down to floor((R-1)/2) + 1,
 *              conservative down to 1
 *   trials     in proportion to eta^(n-1) / n, rounded down, at least one; the rest to the first
 *
 * A new trial enters the bracket that is furthest behind its share.
 */
#include "search/asha/bracket.h"

#include "base/array.h"

#include <stdlib.h>

struct adaptive {
    size_t n;
    struct bracket *brackets[RUNGS_MAX];
    int64_t share[RUNGS_MAX], started[RUNGS_MAX];
    size_t n_rungs;
    int64_t rungs[RUNGS_MAX];
    uint8_t *of; /* by trial - 1: its bracket + 1; 0: none */
    size_t n_of;
};

static const char *const modes[] = {"standard", "aggressive", "conservative", NULL};
static const char *const variants[] = {"stop", "promote", NULL};

static const struct option_kind options[] = {
    {.name = "eta", .about = "one in so many goes on", .def = 4, .lo = 2, .hi = 10, .whole = true},
    {.name = "mode", .about = "how many brackets, and how early they cut", .words = modes},
    {.name = "max_rungs", .about = "of a bracket", .def = 5, .lo = 1, .hi = 64, .whole = true},
    {.name = "variant",
     .about = "stop the worse trials at a rung, or pause all and promote the best",
     .words = variants},
};

static size_t log_floor(int64_t x, int64_t base)
{
    size_t n = 0;
    for (; x >= base; x /= base)
        n++;
    return n;
}

static enum code adaptive_fits(const struct method *m, const struct effort *effort, struct error *e)
{
    int64_t eta = (int64_t)allocator_option(m, "eta");
    if (effort->trials == 0) {
        error_set(e, E_INVALID, "adaptive shares out trials, and their number is open");
        error_hint(e, "say how many: search: {trials: 100}; or use asha");
        return E_INVALID;
    }
    if (effort->max_steps / eta >= effort->min_steps)
        return OK;
    error_set(e, E_INVALID,
              "adaptive(eta=%d) has no rung between %lld and %lld steps at which to stop", (int)eta,
              (long long)effort->min_steps, (long long)effort->max_steps);
    error_hint(e, "let the budget span at least a factor of eta, or use full");
    return E_INVALID;
}

static bool adaptive_pauses(const struct method *m)
{
    return allocator_option_is(m, "variant", "promote");
}

static void adaptive_destroy(void *self)
{
    struct adaptive *x = self;
    if (!x)
        return;
    for (size_t i = 0; i < x->n; i++)
        bracket_free(x->brackets[i]);
    free(x->of);
    free(x);
}

static size_t smallest_bracket(const struct method *m, size_t rungs)
{
    if (allocator_option_is(m, "mode", "aggressive"))
        return rungs;
    return allocator_option_is(m, "mode", "conservative") ? 1 : (rungs - 1) / 2 + 1;
}

/* Bracket i has n_rungs - i rungs. */
static void share_out(struct adaptive *x, int64_t trials, int64_t eta)
{
    double weights[RUNGS_MAX], sum = 0;
    int64_t given = 0;
    for (size_t i = 0; i < x->n; i++) {
        size_t rungs = x->n_rungs - i;
        weights[i] = 1 / (double)rungs;
        for (size_t k = 1; k < rungs; k++)
            weights[i] *= (double)eta;
        sum += weights[i];
    }
    for (size_t i = 0; i < x->n; i++) {
        x->share[i] = (int64_t)((double)trials * weights[i] / sum);
        if (x->share[i] < 1)
            x->share[i] = 1;
        given += x->share[i];
    }
    if (given < trials)
        x->share[0] += trials - given;
}

static enum code adaptive_create(const struct searcher_settings *settings, void **ret,
                                 struct error *e)
{
    struct adaptive *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    const struct method *m = &settings->method;
    const struct effort *effort = &settings->effort;
    int64_t eta = (int64_t)allocator_option(m, "eta");
    size_t most = (size_t)allocator_option(m, "max_rungs"),
           by_trials = log_floor(effort->trials, eta) + 1;
    most = by_trials < most ? by_trials : most;
    x->n_rungs = rungs_between(effort->min_steps, effort->max_steps, eta, most, x->rungs);
    size_t smallest = smallest_bracket(m, x->n_rungs);
    enum code code = OK;
    for (size_t rungs = x->n_rungs; code == OK && rungs >= smallest; rungs--) {
        code = bracket_new(eta, x->rungs + (x->n_rungs - rungs), rungs, adaptive_pauses(m),
                           &x->brackets[x->n], e);
        x->n += code == OK;
    }
    if (code != OK) {
        adaptive_destroy(x);
        return code;
    }
    share_out(x, effort->trials, eta);
    *ret = x;
    return OK;
}

/* NULL: it is in none (the baseline). */
static struct bracket *bracket_of(const struct adaptive *x, int64_t trial)
{
    size_t of = (size_t)trial <= x->n_of ? x->of[trial - 1] : 0;
    return of > 0 ? x->brackets[of - 1] : NULL;
}

static size_t furthest_behind(const struct adaptive *x)
{
    size_t found = 0;
    for (size_t i = 1; i < x->n; i++)
        if (x->started[i] * x->share[found] < x->started[found] * x->share[i])
            found = i;
    return found;
}

static struct allocation adaptive_next(const void *self, bool fresh)
{
    const struct adaptive *x = self;
    struct allocation a = {.kind = ALLOCATE_DONE};
    for (size_t i = 0; i < x->n; i++)
        if (bracket_more(x->brackets[i], &a))
            return a;
    if (fresh)
        return (struct allocation){.kind = ALLOCATE_NEW,
                                   .steps = bracket_first_steps(x->brackets[furthest_behind(x)])};
    for (size_t i = 0; i < x->n; i++) {
        struct allocation b = bracket_finish(x->brackets[i]);
        if (b.kind == ALLOCATE_MORE)
            return b;
        if (b.kind == ALLOCATE_WAIT)
            a = b;
    }
    return a;
}

static struct allocation adaptive_closing(const void *self, bool fresh, int64_t left)
{
    const struct adaptive *x = self;
    const struct bracket *next = x->brackets[furthest_behind(x)];
    struct allocation a = {.kind = ALLOCATE_DONE};
    int64_t lowest = INT64_MAX;
    (void)bracket_rungs(next, &lowest, 1);
    for (size_t i = 0; i < x->n; i++)
        if (bracket_more_within(x->brackets[i], left, &a))
            return a;
    if (fresh && lowest <= left)
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = bracket_first_steps(next)};
    for (size_t i = 0; i < x->n; i++) {
        if (bracket_rest_within(x->brackets[i], left, &a))
            return a;
        if (bracket_climbs(x->brackets[i]))
            a.kind = ALLOCATE_WAIT;
    }
    return a;
}

static enum code make_room(struct adaptive *x, int64_t trial)
{
    return array_reserve_zeroed(x->of, &x->n_of, (size_t)trial) ? OK : E_NOMEM;
}

static enum code adaptive_started(void *self, int64_t trial, const struct allocation *a)
{
    struct adaptive *x = self;
    if (a->kind == ALLOCATE_MORE)
        return bracket_started(bracket_of(x, trial), trial, a);
    size_t i = furthest_behind(x);
    enum code code = make_room(x, trial);
    if (code == OK)
        code = bracket_started(x->brackets[i], trial, a);
    if (code == OK) {
        x->of[trial - 1] = (uint8_t)(i + 1);
        x->started[i]++;
    }
    return code;
}

static int64_t adaptive_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct bracket *b = bracket_of(self, trial);
    return b ? bracket_next_wanted(b, trial, step) : INT64_MAX;
}

static enum decision adaptive_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct bracket *b = bracket_of(self, trial);
    return b ? bracket_decide(b, trial, step, value) : DECISION_CONTINUE;
}

static enum code adaptive_take(void *self, int64_t trial, int64_t step, double value,
                               enum decision d)
{
    struct bracket *b = bracket_of(self, trial);
    return b ? bracket_take(b, trial, step, value, d) : OK;
}

static enum code adaptive_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                                double value)
{
    struct bracket *b = bracket_of(self, trial);
    return b ? bracket_ended(b, trial, outcome, step, value) : OK;
}

static enum code adaptive_reopened(void *self, int64_t trial)
{
    struct bracket *b = bracket_of(self, trial);
    return b ? bracket_reopened(b, trial) : OK;
}

static size_t adaptive_rungs(const void *self, int64_t *ret_steps, size_t max)
{
    const struct adaptive *x = self;
    for (size_t i = 0; i < x->n_rungs && i < max; i++)
        ret_steps[i] = x->rungs[i];
    return x->n_rungs;
}

const struct allocator_kind allocator_adaptive = {
    .name = "adaptive",
    .about = "brackets of asha side by side, that cut early and late (Li et al. 2018)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .needs_steps = true,
    .owns_steps = true,
    .pauses = adaptive_pauses,
    .fits = adaptive_fits,
    .create = adaptive_create,
    .destroy = adaptive_destroy,
    .next = adaptive_next,
    .closing = adaptive_closing,
    .started = adaptive_started,
    .next_wanted = adaptive_next_wanted,
    .decide = adaptive_decide,
    .take = adaptive_take,
    .ended = adaptive_ended,
    .reopened = adaptive_reopened,
    .rungs = adaptive_rungs,
};
