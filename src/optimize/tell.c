/*
 * What is told of trials: their reports, their ends, and what is known from elsewhere.
 */
#include "optimize/internal.h"

#include <math.h>

static enum code find(struct optimizer *o, int64_t trial, struct record **ret, struct error *e)
{
    if (trial >= 1 && (uint64_t)trial <= o->n) {
        *ret = &o->trials[trial - 1];
        return OK;
    }
    (void)error_set(e, E_NOT_FOUND, "there is no trial %lld", (long long)trial);
    if (o->n > 0)
        error_hint(e, "trials 1 to %zu were asked for", o->n);
    return E_NOT_FOUND;
}

static enum code find_live(struct optimizer *o, int64_t trial, struct record **ret, struct error *e)
{
    struct record *r = NULL;
    enum code code = find(o, trial, &r, e);
    if (code == OK && r->ended)
        code = error_set(e, E_STATE, "trial %lld was told before: it is %s", (long long)trial,
                         outcome_name(r->outcome));
    if (code == OK)
        *ret = r;
    return code;
}

static enum code paused(int64_t trial, const struct record *r, struct error *e)
{
    (void)error_set(e, E_STATE, "trial %lld is paused at step %lld", (long long)trial,
                    (long long)r->step);
    error_hint(e, "if it is to go on, an ask gives its id again, with a larger budget");
    return E_STATE;
}

/* The telling's result; `r` NULL: of evidence. */
static enum code judge(const struct optimizer *o, const struct telling *t, const struct record *r,
                       struct exit_record *ret, struct error *e)
{
    enum outcome outcome = t->has_outcome     ? t->outcome
                           : r && r->stopping ? OUTCOME_STOPPED
                                              : OUTCOME_COMPLETED;
    struct telling told = *t;
    bool silent = t->n_values == 0 && t->n_metrics == 0;
    struct exit_record x = {.outcome = outcome, .step = -1};
    if (!outcome_has_value(outcome) && !silent)
        return error_set(e, E_INVALID, "a trial that is %s has no value", outcome_name(outcome));
    for (size_t i = 0; i < OBJECTIVES_MAX; i++)
        x.result.values[i] = (double)NAN;
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++)
        x.result.excess[i] = (double)NAN;
    if (silent && r && r->step >= 0 && o->search.n_objectives == 1) {
        told.n_values = 1;
        told.values = &r->value;
    } else if (silent && outcome_has_value(outcome)) {
        (void)error_set(e, E_INVALID, "neither a value nor metrics were told");
        error_hint(e, "tell a value, or that it failed or is infeasible");
        return E_INVALID;
    }
    if (outcome_has_value(outcome)) {
        enum code code = result_of(o->settings, &told, &x.result, e);
        if (code != OK)
            return code;
    }
    if (r)
        x.step = r->step;
    if (outcome == OUTCOME_COMPLETED && o->search.effort.has_steps && !silent) {
        int64_t budget = r ? r->budget : o->search.effort.max_steps;
        x.step = budget > x.step ? budget : x.step;
    }
    if (t->has_step && t->step < 0)
        return error_set(e, E_INVALID, "a step can't be negative");
    if (t->has_step && r && t->step < r->step)
        return error_set(e, E_INVALID, "step %lld comes before step %lld, which was reported",
                         (long long)t->step, (long long)r->step);
    if (t->has_step)
        x.step = t->step;
    *ret = x;
    return OK;
}

/* Where the allocator wants to hear of this step. */
static enum code feed_report(struct optimizer *o, int64_t trial, int64_t step, double value,
                             enum decision *ret, struct error *e)
{
    struct entry entry;
    struct record *r = &o->trials[trial - 1];
    enum decision d = r->stopping ? DECISION_STOP : DECISION_CONTINUE;
    enum code code = OK;
    if (step >= searcher_next_wanted(o->searcher, trial, 0)) {
        code = searcher_report(o->searcher, &o->scratch, trial, step, value, &d, &entry, e);
        if (code == OK)
            code = optimizer_keep(o, &entry, e);
    }
    if (code != OK)
        return code;
    record_report(o, r, step, value, d);
    *ret = d;
    return OK;
}

static enum code end(struct optimizer *o, int64_t trial, struct record *r,
                     const struct exit_record *x, struct error *e)
{
    struct entry entry;
    enum decision d = DECISION_CONTINUE;
    enum code code = OK;
    /* What the allocator wanted to hear at this step it hears from the end. */
    if (outcome_has_value(x->outcome) && x->step > r->step)
        code = feed_report(o, trial, x->step, x->result.values[0], &d, e);
    if (code == OK && d == DECISION_PAUSE && x->outcome == OUTCOME_COMPLETED) {
        record_result(o, r, x);
        return OK; /* the report has paused it */
    }
    if (code == OK)
        code = searcher_exit_result(o->searcher, &o->scratch, trial, x->outcome, x->step,
                                    &x->result, &entry, e);
    if (code == OK)
        code = optimizer_keep(o, &entry, e);
    if (code != OK)
        return code;
    record_end(o, r, x);
    return OK;
}

enum code optimizer_tell(struct optimizer *o, int64_t trial, const struct telling *t,
                         struct error *e)
{
    struct record *r = NULL;
    struct exit_record x;
    enum code code = optimizer_enter(o, e);
    if (code == OK)
        code = find_live(o, trial, &r, e);
    if (code == OK)
        code = judge(o, t, r, &x, e);
    if (code == OK && r->paused && outcome_has_value(x.outcome))
        code = paused(trial, r, e);
    if (code == OK)
        code = end(o, trial, r, &x, e);
    return optimizer_leave(o, code);
}

static enum code report(struct optimizer *o, int64_t trial, int64_t step, double value,
                        enum decision *ret, struct error *e)
{
    struct record *r = NULL;
    enum code code = find_live(o, trial, &r, e);
    if (code != OK)
        return code;
    if (step < 0)
        return error_set(e, E_INVALID, "a step can't be negative");
    if (r->paused)
        return paused(trial, r, e);
    if (step <= r->step)
        return error_set(e, E_STATE, "trial %lld has reported step %lld already, so %lld is late",
                         (long long)trial, (long long)r->step, (long long)step);
    if (step <= r->from)
        return error_set(e, E_STATE, "trial %lld begins at step %lld, so %lld is late",
                         (long long)trial, (long long)r->from, (long long)step);
    return feed_report(o, trial, step, value, ret, e);
}

enum code optimizer_report(struct optimizer *o, int64_t trial, int64_t step, double value,
                           enum decision *ret, struct error *e)
{
    enum code code = optimizer_enter(o, e);
    if (code == OK)
        code = report(o, trial, step, value, ret, e);
    return optimizer_leave(o, code);
}

enum code optimizer_observe(struct optimizer *o, const struct config *config,
                            const struct telling *t, struct error *e)
{
    struct exit_record x;
    struct entry entry;
    enum code code = optimizer_enter(o, e);
    if (code == OK && o->n > 0) {
        code = error_set(e, E_STATE, "what is known from elsewhere comes before the first ask");
    } else if (code == OK) {
        code = judge(o, t, NULL, &x, e);
    }
    if (code == OK)
        code = searcher_evidence(o->searcher, &o->scratch, config, x.outcome, x.step, &x.result,
                                 &entry, e);
    if (code == OK)
        code = optimizer_keep(o, &entry, e);
    if (code == OK)
        o->evidence++;
    return optimizer_leave(o, code);
}
