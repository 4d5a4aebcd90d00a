/*
 * Filling in what a method leaves out, and whether it fits.
 *
 * The sentence in `why` is made of two halves, one for the sampler and one for the allocator.
 */
#include "search/allocator.h"
#include "search/expect.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { HALF = 190 };

/* Below this there is nothing to learn from: even points cover the space best. */
enum { TRIALS_TO_LEARN = 5 };
/* Up to this a Gaussian process sees everything and costs well under a second. */
enum { MODEL_TRIALS = 1000 };

/* Is there room for all, even if only half of what is expected should fit? */
static bool enumerable(int64_t count, const struct effort *effort, int64_t trials)
{
    bool expected = trials < effort->trials || effort->trials == 0;
    return count > 0 && count <= (expected ? trials / 2 : trials);
}

/* trials: as many as there are to be, or as are expected; 0: no one knows. */
static void auto_sampler(struct method *m, const struct space *s, const struct effort *effort,
                         int64_t trials, char why[HALF])
{
    bool exact;
    int64_t count = space_count(s, &exact);
    const char *about = trials != effort->trials ? "about " : "";
    if (enumerable(count, effort, trials)) {
        method_set_sampler(m, &sampler_grid);
        snprintf(why, HALF,
                 "all %s%" PRId64 " configurations fit into %s%" PRId64
                 " trials and are enumerated",
                 exact ? "" : "at most ", count, about, trials);
    } else if (trials > 0 && trials < TRIALS_TO_LEARN) {
        method_set_sampler(m, &sampler_sobol);
        snprintf(why, HALF, "%s%" PRId64 " trials teach too little to model, so sobol spreads them",
                 about, trials);
    } else if (trials == 0 || trials > MODEL_TRIALS) {
        method_set_sampler(m, &sampler_portfolio);
        snprintf(why, HALF,
                 "a search this long begins with a model and goes on with what costs less a trial");
    } else {
        method_set_sampler(m, &sampler_gp);
        snprintf(why, HALF, "gp needs the fewest trials in a space that can't be enumerated");
    }
    if (about[0] && m->sampler == &sampler_portfolio)
        snprintf(why, HALF,
                 "about %" PRId64 " trials fit, which begin with a model and go on with what costs "
                 "less a trial",
                 trials);
    else if (about[0] && m->sampler == &sampler_gp)
        snprintf(why, HALF,
                 "about %" PRId64 " trials fit, and gp needs the fewest in a space that can't be "
                 "enumerated",
                 trials);
}

/* Up to so many workers and trials a model of all curves is worth its time and its pauses
 * (bench/allocation/AUTO.md). */
enum { FEW_WORKERS = 4, FEW_TRIALS = 300 };

/* The eta that asha would have: auto brings it in only where a trial can be stopped at all. */
static double default_eta(void)
{
    struct method m = {.sampler = NULL};
    method_set_allocator(&m, &allocator_asha);
    return allocator_option(&m, "eta");
}

/* A grid says itself what is new; a given sampler would hardly be asked. */
static bool suits_freeze_thaw(const struct method *m, const struct space *s,
                              const struct effort *effort)
{
    bool exact, few = effort->parallel >= 1 && effort->parallel <= FEW_WORKERS;
    return few && !m->sampler && effort->trials >= TRIALS_TO_LEARN &&
           effort->trials <= FEW_TRIALS &&
           !enumerable(space_count(s, &exact), effort, effort->trials);
}

/* Lower rungs than these say too little for what they save, most of all to a model. Where so many
 * trainings fit that the best are compared with each other, fewer still do
 * (bench/allocation/AUTO.md). */
enum { AUTO_RUNGS = 3, LONG_RUNGS = 2, LONG_TRAININGS = 25 };

/* As far as steps, time and cost say; a number of trials alone is no price. */
static bool is_long(const struct effort *effort)
{
    double steps = effort->steps > 0 ? (double)effort->steps : HUGE_VAL;
    if (effort->slot_steps > 0 && effort->slot_steps < steps)
        steps = effort->slot_steps;
    return isfinite(steps) && steps >= LONG_TRAININGS * (double)effort->max_steps;
}

static void auto_asha(struct method *m, const struct effort *effort, const char *variant)
{
    method_set_allocator(m, &allocator_asha);
    method_set_word(m, "variant", variant);
    method_set_number(m, "max_rungs", is_long(effort) ? LONG_RUNGS : AUTO_RUNGS);
}

/* There is room for a rung: which way to use it? */
static void auto_rungs(struct method *m, const struct space *s, const struct effort *effort,
                       char why[HALF])
{
    if (!effort->resumes) {
        auto_asha(m, effort, "stop");
        snprintf(why, HALF,
                 "trials of %" PRId64 " to %" PRId64
                 " steps leave asha room to stop the worse ones, and of checkpoints to pause with "
                 "nothing is known",
                 effort->min_steps, effort->max_steps);
    } else if (suits_freeze_thaw(m, s, effort)) {
        method_set_allocator(m, &allocator_freeze_thaw);
        snprintf(why, HALF,
                 "with checkpoints to go on from and %d worker%s, freeze_thaw picks by a model of "
                 "all curves which trial goes on",
                 effort->parallel, effort->parallel == 1 ? "" : "s");
    } else {
        auto_asha(m, effort, "promote");
        snprintf(why, HALF,
                 "trials of %" PRId64 " to %" PRId64
                 " steps leave asha room, and with checkpoints to go on from it pauses all and "
                 "promotes the best",
                 effort->min_steps, effort->max_steps);
    }
}

static void auto_allocator(struct method *m, const struct space *s, const struct effort *effort,
                           char why[HALF])
{
    double eta = default_eta();
    if (effort->own_steps) {
        method_set_allocator(m, &allocator_full);
        snprintf(why, HALF,
                 "the parameter steps says how long a trial trains, so every one runs to its end");
    } else if (!effort->has_steps) {
        method_set_allocator(m, &allocator_full);
        snprintf(why, HALF,
                 "a trial has no steps at which to stop it, so every one runs to its end");
    } else if (effort->n_objectives > 1) {
        method_set_allocator(m, &allocator_full);
        snprintf(why, HALF, "%zu objectives rank no trial half-way, so every one runs to its end",
                 effort->n_objectives);
    } else if ((double)effort->max_steps >= eta * (double)effort->min_steps) {
        auto_rungs(m, s, effort, why);
    } else {
        method_set_allocator(m, &allocator_full);
        snprintf(why, HALF,
                 "%" PRId64 " to %" PRId64
                 " steps are too close together to stop early, so every trial runs to its end",
                 effort->min_steps, effort->max_steps);
    }
}

/* freeze_thaw proposes itself, once it has seen a few. */
static void spread_first(struct method *m, char why[HALF])
{
    method_set_sampler(m, &sampler_sobol);
    snprintf(why, HALF, "sobol spreads the first few configurations, then %s proposes its own",
             m->allocator->name);
}

static enum code check_effort(const struct effort *effort, struct error *e)
{
    if (effort->trials < 0)
        return error_set(e, E_INVALID, "the number of trials can't be negative");
    if (effort->has_steps && effort->min_steps < 1)
        return error_set(e, E_INVALID, "a trial's least budget must be at least one step");
    if (effort->has_steps && effort->max_steps < effort->min_steps)
        return error_set(e, E_INVALID,
                         "a trial's largest budget, %" PRId64
                         " steps, is below its least, %" PRId64,
                         effort->max_steps, effort->min_steps);
    return OK;
}

static enum code check_length(const struct method *m, const struct effort *effort, struct error *e)
{
    if (!effort->own_steps || !m->allocator->owns_steps)
        return OK;
    error_set(e, E_INVALID, "%s says how long a trial trains, and so does the parameter steps",
              m->allocator->name);
    error_hint(e,
               "give search.budget in place of the parameter, or leave %s out (full, median, "
               "patience and threshold leave trials their own length)",
               m->allocator->name);
    return E_INVALID;
}

static enum code check_fit(const struct method *m, const struct space *s,
                           const struct effort *effort, struct error *e)
{
    if (m->allocator->needs_steps && !effort->has_steps) {
        error_set(e, E_INVALID, "%s needs a budget of steps, and there is none",
                  m->allocator->name);
        error_hint(e,
                   "say how long a trial may train, as in `budget: {min: 1, max: 27}`, or leave "
                   "%s out",
                   m->allocator->name);
        return E_INVALID;
    }
    enum code code = check_length(m, effort, e);
    if (code == OK && m->sampler->fits)
        code = m->sampler->fits(m, s, effort, e);
    if (code == OK && m->allocator->fits)
        code = m->allocator->fits(m, effort, e);
    return code == OK ? method_check_objectives(m, effort->n_objectives, e) : code;
}

enum code method_resolve(struct method *m, const struct space *s, const struct effort *effort,
                         struct error *e)
{
    enum code code = check_effort(effort, e);
    if (code != OK)
        return code;
    struct method r = *m;
    char sampler[HALF] = "", allocator[HALF] = "";
    if (r.allocator) {
        snprintf(allocator, HALF, "%s was asked for", r.allocator->name);
    } else if (r.is_auto || !m->sampler) {
        auto_allocator(&r, s, effort, allocator);
    } else {
        method_set_allocator(&r, &allocator_full);
        snprintf(allocator, HALF, "a sampler alone runs every trial to its end");
    }
    if (r.sampler)
        snprintf(sampler, HALF, "%s was asked for", r.sampler->name);
    else if (method_chooses(&r))
        spread_first(&r, sampler);
    else
        auto_sampler(&r, s, effort, expect_trials(&r, effort), sampler);
    code = check_fit(&r, s, effort, e);
    if (code != OK)
        return code;
    snprintf(r.why, sizeof(r.why), "%s; %s", sampler, allocator);
    *m = r;
    return OK;
}

bool method_pauses(const struct method *m)
{
    return m->allocator->pauses && m->allocator->pauses(m);
}

bool method_chooses(const struct method *m)
{
    return m->allocator->choose != NULL;
}

bool method_copies(const struct method *m)
{
    return m->allocator && m->allocator->vary;
}

enum code method_check_objectives(const struct method *m, size_t n, struct error *e)
{
    if (n > 1 && m->sampler->objectives_max > 0 && n > m->sampler->objectives_max) {
        error_set(e, E_INVALID, "%s follows at most %zu objective%s, and there are %zu",
                  m->sampler->name, m->sampler->objectives_max,
                  m->sampler->objectives_max == 1 ? "" : "s", n);
        error_hint(e, "leave the sampler to `method: auto`, or name one that follows several");
        return E_INVALID;
    }
    if (n > 1 && m->allocator != &allocator_full) {
        error_set(e, E_INVALID, "%s stops trials by one objective, and there are %zu",
                  m->allocator->name, n);
        error_hint(e, "use `full`, which runs every trial to its end");
        return E_INVALID;
    }
    return OK;
}
