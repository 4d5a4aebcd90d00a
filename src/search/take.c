/*
 * Making an entry so: what the searcher remembers of it. Computed just now or read from a journal,
 * an entry leaves the same state behind.
 */
#include "search/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double minimised(const struct searcher_settings *s, size_t i, double value)
{
    if (!isfinite(value))
        return (double)NAN;
    return s->minimize[i] ? value : -value;
}

void nothing_but(struct result *ret, double value)
{
    for (size_t i = 0; i < OBJECTIVES_MAX; i++)
        ret->values[i] = i == 0 ? value : (double)NAN;
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++)
        ret->excess[i] = (double)NAN;
}

/* Keeps what was fitted, for the next sample or choice to start from. */
static enum code keep_reals(double **at, size_t *at_n, const double *from, size_t n)
{
    if (n == 0)
        return OK;
    double *x = reallocarray(*at, n, sizeof(*x));
    if (!x)
        return E_NOMEM;
    memcpy(x, from, n * sizeof(*x));
    *at = x;
    *at_n = n;
    return OK;
}

static enum code keep_weighed(struct searcher *s, const double *weighed, size_t n)
{
    return keep_reals(&s->weighed, &s->n_weighed, weighed, n);
}

static struct end end_of(const struct searcher *s, const struct exit_record *r)
{
    struct end end = {
        .outcome = r->outcome, .step = r->step, .entry = s->seq + 1, .result = r->result};
    for (size_t i = 0; i < s->settings.n_objectives; i++)
        end.result.values[i] = minimised(&s->settings, i, r->result.values[i]);
    return end;
}

/* What was prepared without the next entry is worth nothing. */
static void drop_prepared(struct searcher *s)
{
    preparation_free(s->ready);
    s->ready = NULL;
    if (s->out)
        s->out->stale = true;
}

static bool is_replicate(const struct ask_record *r)
{
    return r->next_index == r->index && !r->baseline && r->first < 0 && r->parent == 0;
}

enum code take_ask(struct searcher *s, const struct ask_record *r, struct error *e)
{
    struct new_trial x = {.config = &r->config,
                          .steps = r->steps,
                          .seed = r->seed,
                          .entry = s->seq + 1,
                          .seen = r->seen,
                          .parent = r->parent,
                          .from = r->from,
                          .origin = r->origin,
                          .baseline = r->baseline};
    bool replicate = is_replicate(r);
    if (keep_reals(&s->fitted, &s->n_fitted, r->fitted, r->n_fitted) != OK ||
        keep_weighed(s, r->weighed, r->n_weighed) != OK)
        return error_nomem(e);
    const struct allocator_kind *kind = s->settings.method.allocator;
    struct allocation allocation = {.kind = r->parent > 0 ? ALLOCATE_COPY : ALLOCATE_NEW,
                                    .trial = (int64_t)s->trials.n + 1,
                                    .steps = r->steps,
                                    .parent = r->parent,
                                    .from = r->from,
                                    .over = r->over};
    enum code code = trials_add(&s->trials, &x, e);
    if (code == OK && kind->started && !r->baseline) {
        enum code started = kind->started(s->allocator, allocation.trial, &allocation);
        if (started != OK) {
            trials_take_back(&s->trials);
            code = started == E_NOMEM ? error_nomem(e)
                                      : error_set(e, started, "it replaces nobody that may be");
        }
    }
    if (code != OK)
        return code;
    if (r->parent > 0) {
        drop_prepared(s);
        trials_get(&s->trials, r->over)->replaced = true;
    } else {
        s->copies = replicate ? s->copies + 1 : 1;
    }
    s->index = r->next_index;
    if (r->first >= 0)
        s->first = (size_t)r->first + 1;
    s->seen_from = ++s->seq;
    return OK;
}

enum code take_more(struct searcher *s, int64_t trial, const struct more_record *r, struct error *e)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    struct allocation x = {
        .kind = ALLOCATE_MORE, .trial = trial, .steps = r->steps, .keep = r->keep};
    double *room = trials_room(&s->trials);
    if (!room || keep_weighed(s, r->weighed, r->n_weighed) != OK ||
        kind->started(s->allocator, trial, &x) != OK)
        return error_nomem(e);
    trials_go_on(&s->trials, trial, r->steps, room);
    if (r->chosen)
        s->index = r->next_index;
    trials_get(&s->trials, trial)->kept = r->keep ? r->from : 0;
    drop_prepared(s);
    s->seen_from = ++s->seq;
    return OK;
}

enum code take_report(struct searcher *s, int64_t trial, const struct report_record *r,
                      struct error *e)
{
    struct trial *t = trials_get(&s->trials, trial);
    const struct allocator_kind *kind = s->settings.method.allocator;
    /* What a trial still says after it was told to stop is no result of its own any more. */
    if (!t->stopping) {
        double value = minimised(&s->settings, 0, r->value);
        struct measurement m = {.entry = s->seq + 1, .step = r->step, .value = value};
        bool compared = searcher_has_levels(s) || searcher_chooses(s);
        if (compared && trials_measure(&s->trials, trial, m) != OK)
            return error_nomem(e);
        if (kind->take(s->allocator, trial, r->step, value, r->decision) != OK) {
            t->n_measured -= compared;
            return error_nomem(e);
        }
    }
    t->last_step = r->step;
    t->stopping = t->stopping || r->decision == DECISION_STOP;
    if (r->decision == DECISION_PAUSE) {
        struct exit_record so_far = {.outcome = OUTCOME_STOPPED, .step = r->step};
        nothing_but(&so_far.result, r->value);
        if (r->has_excess)
            memcpy(so_far.result.excess, r->excess,
                   s->settings.n_requirements * sizeof(*r->excess));
        struct end end = end_of(s, &so_far);
        trials_pause(&s->trials, trial, &end);
    }
    s->seq++;
    return OK;
}

enum code take_exit(struct searcher *s, int64_t trial, const struct exit_record *r, struct error *e)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    struct end end = end_of(s, r);
    double value = end.result.values[0];
    bool was_paused = trials_get(&s->trials, trial)->paused;
    if (kind->ended && kind->ended(s->allocator, trial, r->outcome, r->step, value) != OK)
        return error_nomem(e);
    trials_end(&s->trials, trial, &end);
    s->seq++;
    /* It can't be chosen any more. */
    if (was_paused && searcher_chooses(s)) {
        drop_prepared(s);
        s->seen_from = s->seq;
    }
    return OK;
}

enum code take_evidence(struct searcher *s, const struct evidence_record *r, struct error *e)
{
    struct end end = end_of(s, &r->end);
    enum code code = trials_add_evidence(&s->trials, &r->config, &end, e);
    if (code != OK)
        return code;
    drop_prepared(s);
    s->seen_from = ++s->seq;
    return OK;
}

void take_close(struct searcher *s, int64_t left)
{
    s->left = left;
    s->seq++;
}

enum code take_reopen(struct searcher *s, int64_t trial, struct error *e)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    double *room = trials_room(&s->trials);
    if (!room || (kind->reopened && kind->reopened(s->allocator, trial) != OK))
        return error_nomem(e);
    trials_reopen(&s->trials, trial, room);
    drop_prepared(s);
    s->seen_from = ++s->seq;
    return OK;
}
