/*
 * The searcher: making one, and its inputs.
 */
#include "search/searcher.h"

#include "search/length.h"
#include "search/state.h"

#include <math.h>
#include <stdlib.h>

enum { TEXT_MAX = 64 << 20, WALK_MAX = 10000000 };

#define SCRATCH_MAX ((size_t)256 << 20)

static enum code check_settings(const struct searcher_settings *s, struct error *e)
{
    const struct method *m = &s->method;
    if (!m->sampler || !m->allocator)
        return error_set(e, E_INVALID, "the method is not resolved");
    if (s->seed > INT64_MAX)
        return error_set(e, E_INVALID, "a seed must lie from 0 to 2^63 - 1");
    if (s->n_objectives < 1 || s->n_objectives > OBJECTIVES_MAX ||
        s->n_requirements > REQUIREMENTS_MAX || s->n_first > FIRST_MAX)
        return error_set(e, E_INVALID,
                         "a search has 1 to %d objectives, at most %d requirements and at most %d "
                         "first points",
                         OBJECTIVES_MAX, REQUIREMENTS_MAX, FIRST_MAX);
    if (s->seeds == SEEDS_REPLICATES && s->replicates < 1)
        return error_set(e, E_INVALID, "a configuration needs at least one replicate");
    if (s->effort.trials < 0)
        return error_set(e, E_INVALID, "the number of trials can't be negative");
    if (m->allocator->needs_steps && !s->effort.has_steps)
        return error_set(e, E_INVALID, "%s needs a budget of steps, and there is none",
                         m->allocator->name);
    if (s->effort.own_steps && (m->allocator->owns_steps || length_param(s->space) < 0))
        return error_set(e, E_INVALID, "no parameter can say how long trials train");
    if (s->effort.has_steps &&
        (s->effort.min_steps < 1 || s->effort.max_steps < s->effort.min_steps))
        return error_set(e, E_INVALID, "a budget of %lld to %lld steps makes no sense",
                         (long long)s->effort.min_steps, (long long)s->effort.max_steps);
    if (s->baseline && !config_allowed(s->baseline, NULL))
        return error_set(e, E_INVALID, "the baseline violates a constraint");
    for (size_t i = 0; i < s->n_first; i++)
        if (!config_allowed(&s->first[i], NULL))
            return error_set(e, E_INVALID, "first point %zu violates a constraint", i + 1);
    return method_check_objectives(m, s->n_objectives, e);
}

static enum code create_parts(struct searcher *s, struct error *e)
{
    const struct method *m = &s->settings.method;
    enum code code = OK;
    if (m->sampler->fits)
        code = m->sampler->fits(m, s->settings.space, &s->settings.effort, e);
    if (code == OK && m->allocator->fits)
        code = m->allocator->fits(m, &s->settings.effort, e);
    if (code == OK)
        code = m->sampler->create(&s->settings, &s->source.sampler, e);
    if (code == OK)
        code = m->allocator->create(&s->settings, &s->allocator, e);
    return code;
}

enum code searcher_new(struct searcher **ret, const struct searcher_settings *settings,
                       struct error *e)
{
    enum code code = check_settings(settings, e);
    if (code != OK)
        return code;
    struct searcher *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    s->settings = *settings;
    s->trials_max = settings->effort.trials;
    s->left = full_steps(&settings->effort);
    trials_init(&s->trials, settings->n_objectives, settings->n_requirements);
    s->source.settings = &s->settings;
    arena_init(&s->source.arena, SCRATCH_MAX);
    arena_init(&s->source.choosing, SCRATCH_MAX);
    arena_init(&s->scratch, SCRATCH_MAX);
    buf_init(&s->text, TEXT_MAX);
    bool exact;
    int64_t count = space_count(settings->space, &exact);
    s->source.enumerable = count > 0 && count <= WALK_MAX;
    code = create_parts(s, e);
    if (code != OK) {
        searcher_free(s);
        return code;
    }
    *ret = s;
    return OK;
}

void searcher_free(struct searcher *s)
{
    if (!s)
        return;
    preparation_free(s->ready);
    preparation_free(s->out);
    if (s->source.sampler)
        s->settings.method.sampler->destroy(s->source.sampler);
    if (s->allocator)
        s->settings.method.allocator->destroy(s->allocator);
    enumeration_free(s->source.walk);
    trials_free(&s->trials);
    arena_free(&s->source.arena);
    arena_free(&s->source.choosing);
    arena_free(&s->scratch);
    buf_free(&s->text);
    free(s->fitted);
    free(s->weighed);
    free(s);
}

/* The entry whose text stands in s->text. */
static enum code make_entry(struct searcher *s, struct arena *a, enum entry_kind kind,
                            int64_t trial, struct entry *ret, struct error *e)
{
    enum code code = buf_end(&s->text, e);
    if (code != OK)
        return code;
    struct entry entry = {.seq = s->seq + 1, .kind = kind, .trial = trial};
    if (!s->settings.unwritten && arena_str(a, buf_view(&s->text), &entry.data) != OK)
        return error_nomem(e);
    *ret = entry;
    return OK;
}

enum code searcher_begin(struct searcher *s, struct arena *a, struct entry *ret_entry,
                         struct error *e)
{
    if (s->begun)
        return error_set(e, E_STATE, "the search has begun already");
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_begin(&s->settings, &s->text);
    enum code code = make_entry(s, a, ENTRY_BEGIN, 0, ret_entry, e);
    if (code != OK)
        return code;
    s->begun = true;
    s->seq++;
    return OK;
}

bool searcher_is_spent(const struct searcher *s)
{
    if (s->trials_max == 0 || s->trials.n == 0)
        return false;
    int64_t counted = (int64_t)s->trials.n - s->trials.v[0].baseline;
    return counted >= s->trials_max;
}

static const char *by_name(const struct searcher *s, int origin)
{
    const struct sampler_kind *kind = s->settings.method.sampler;
    return kind->origins && origin >= 0 ? kind->origins[origin] : NULL;
}

static enum code ask_more(struct searcher *s, struct arena *a, const struct more_record *r,
                          struct proposal *ret, struct entry *ret_entry, struct error *e)
{
    const struct trial *t = trials_get(&s->trials, r->trial);
    struct proposal p = {.kind = ASK_MORE,
                         .trial = r->trial,
                         .seed = t->seed,
                         .steps = r->steps,
                         .from = r->from,
                         .keep = r->keep,
                         .hash = t->lineage};
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_more(r, &s->text);
    struct entry entry;
    enum code code = make_entry(s, a, ENTRY_ASK, r->trial, &entry, e);
    if (code == OK && config_copy(a, trials_seen(&s->trials, r->trial)->config, &p.config) != OK)
        code = error_nomem(e);
    if (code == OK)
        code = take_more(s, r->trial, r, e);
    if (code == OK) {
        *ret_entry = entry;
        *ret = p;
    }
    return code;
}

static enum code ask_new(struct searcher *s, struct arena *a, const struct ask_record *r,
                         struct proposal *ret, struct entry *ret_entry, struct error *e)
{
    int64_t trial = (int64_t)s->trials.n + 1;
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_ask(&s->settings, r, &s->text);
    struct entry entry;
    enum code code = make_entry(s, a, ENTRY_ASK, trial, &entry, e);
    if (code == OK)
        code = take_ask(s, r, e);
    if (code != OK)
        return code;
    *ret_entry = entry;
    *ret = (struct proposal){.kind = ASK_TRIAL,
                             .trial = trial,
                             .baseline = r->baseline,
                             .config = r->config,
                             .seed = r->seed,
                             .steps = r->steps,
                             .parent = r->parent,
                             .from = r->from,
                             .over = r->over,
                             .hash = trials_get(&s->trials, trial)->lineage,
                             .by = by_name(s, r->origin)};
    return OK;
}

/* A paused trial counts among those that have ended. */
static bool is_any_running(const struct searcher *s)
{
    return s->trials.n_evidence + s->trials.n > s->trials.n_ended;
}

enum code searcher_ask(struct searcher *s, struct arena *a, struct proposal *ret,
                       struct entry *ret_entry, struct error *e)
{
    if (!s->begun)
        return error_set(e, E_STATE, "the search has not begun");
    enum next kind;
    size_t first;
    struct allocation x = allocate(s, &kind, &first);
    if (x.kind == ALLOCATE_MORE) {
        const struct trial *t = trials_get(&s->trials, x.trial);
        struct more_record more = {
            .trial = x.trial, .steps = x.steps, .from = t->last_step, .keep = x.keep};
        return ask_more(s, a, &more, ret, ret_entry, e);
    }
    if (x.kind == ALLOCATE_COPY) {
        struct ask_record copy;
        enum code code = propose_copy(s, a, &x, &copy, e);
        return code == OK ? ask_new(s, a, &copy, ret, ret_entry, e) : code;
    }
    if (searcher_chooses_nothing(s, &x)) {
        *ret = (struct proposal){.kind = is_any_running(s) ? ASK_WAIT : ASK_DONE};
        return OK;
    }
    bool drawn = x.kind == ALLOCATE_CHOOSE || (x.kind == ALLOCATE_NEW && kind == NEXT_DRAWN);
    if (drawn && s->out)
        x.kind = ALLOCATE_WAIT;
    if (x.kind == ALLOCATE_WAIT || x.kind == ALLOCATE_DONE) {
        *ret = (struct proposal){.kind = x.kind == ALLOCATE_WAIT ? ASK_WAIT : ASK_DONE};
        return OK;
    }
    struct ask_record r;
    bool end = false;
    int64_t based_on = drawn && s->ready ? s->ready->seen : s->seq;
    enum code code = propose(s, a, s->seq, &x, &r, &end, e);
    if (drawn && s->ready) {
        preparation_free(s->ready);
        s->ready = NULL;
    }
    if (code != OK)
        return code;
    if (!end)
        return r.is_more ? ask_more(s, a, &r.more, ret, ret_entry, e)
                         : ask_new(s, a, &r, ret, ret_entry, e);
    if (x.kind == ALLOCATE_CHOOSE && !x.fresh && based_on == s->seq) {
        s->fruitless = s->seq;
        *ret = (struct proposal){.kind = is_any_running(s) ? ASK_WAIT : ASK_DONE};
        return OK;
    }
    /* Without a configuration left there may still be a trial that goes on; and one that has paused
     * since may be worth what none was before. */
    return searcher_ask(s, a, ret, ret_entry, e);
}

static enum code find_live(const struct searcher *s, int64_t trial, const char *what,
                           const struct trial **ret, struct error *e)
{
    const struct trial *t = trials_get(&s->trials, trial);
    if (!t)
        return error_set(e, E_NOT_FOUND, "there is no trial %lld", (long long)trial);
    if (t->ended)
        return error_set(e, E_STATE, "trial %lld is %s already and takes no %s", (long long)trial,
                         outcome_name(t->outcome), what);
    *ret = t;
    return OK;
}

enum code check_report(const struct searcher *s, int64_t trial, int64_t step, struct error *e)
{
    const struct trial *t = NULL;
    enum code code = find_live(s, trial, "report", &t, e);
    if (code != OK)
        return code;
    if (step < 0)
        return error_set(e, E_INVALID, "a step can't be negative");
    if (t->paused)
        return error_set(e, E_STATE, "trial %lld is paused at step %lld and takes no report",
                         (long long)trial, (long long)t->last_step);
    if (step <= t->last_step)
        return error_set(e, E_STATE, "trial %lld has reported step %lld already, so %lld is late",
                         (long long)trial, (long long)t->last_step, (long long)step);
    return OK;
}

enum decision decide(const struct searcher *s, int64_t trial, int64_t step, double value)
{
    const struct trial *t = trials_get(&s->trials, trial);
    if (t->stopping)
        return DECISION_STOP;
    const struct effort *effort = &s->settings.effort;
    int64_t end = effort->own_steps ? t->steps : effort->max_steps;
    if (t->baseline || (t->steps > 0 && step >= end))
        return DECISION_CONTINUE;
    return s->settings.method.allocator->decide(s->allocator, trial, step,
                                                minimised(&s->settings, 0, value));
}

enum code searcher_report(struct searcher *s, struct arena *a, int64_t trial, int64_t step,
                          double value, enum decision *ret, struct entry *ret_entry,
                          struct error *e)
{
    return searcher_report_excess(s, a, trial, step, value, NULL, ret, ret_entry, e);
}

enum code searcher_report_excess(struct searcher *s, struct arena *a, int64_t trial, int64_t step,
                                 double value, const double *excess, enum decision *ret,
                                 struct entry *ret_entry, struct error *e)
{
    enum code code = check_report(s, trial, step, e);
    if (code != OK)
        return code;
    struct report_record r = {
        .step = step, .value = value, .decision = decide(s, trial, step, value)};
    r.has_excess = excess && s->settings.n_requirements > 0 && searcher_chooses(s) &&
                   r.decision == DECISION_PAUSE;
    if (r.has_excess)
        memcpy(r.excess, excess, s->settings.n_requirements * sizeof(*excess));
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_report(&s->settings, &r, &s->text);
    struct entry entry;
    code = make_entry(s, a, ENTRY_REPORT, trial, &entry, e);
    if (code == OK)
        code = take_report(s, trial, &r, e);
    if (code != OK)
        return code;
    *ret_entry = entry;
    *ret = r.decision;
    return OK;
}

enum code check_exit(const struct searcher *s, int64_t trial, enum outcome outcome, int64_t step,
                     struct error *e)
{
    const struct trial *t = NULL;
    enum code code = find_live(s, trial, "second end", &t, e);
    if (code == OK && (unsigned)outcome > OUTCOME_CANCELLED)
        code = error_set(e, E_INVALID, "there is no outcome %d", (int)outcome);
    if (code == OK && step < -1)
        code = error_set(e, E_INVALID, "a step can't be negative");
    return code;
}

enum code searcher_exit_result(struct searcher *s, struct arena *a, int64_t trial,
                               enum outcome outcome, int64_t step, const struct result *result,
                               struct entry *ret_entry, struct error *e)
{
    enum code code = check_exit(s, trial, outcome, step, e);
    if (code != OK)
        return code;
    struct exit_record r = {outcome, step, *result};
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_exit(&s->settings, &r, &s->text);
    struct entry entry;
    code = make_entry(s, a, ENTRY_EXIT, trial, &entry, e);
    if (code == OK)
        code = take_exit(s, trial, &r, e);
    if (code == OK)
        *ret_entry = entry;
    return code;
}

enum code searcher_exit(struct searcher *s, struct arena *a, int64_t trial, enum outcome outcome,
                        int64_t step, double value, struct entry *ret_entry, struct error *e)
{
    struct result result;
    nothing_but(&result, value);
    return searcher_exit_result(s, a, trial, outcome, step, &result, ret_entry, e);
}

enum code check_evidence(const struct searcher *s, const struct config *config,
                         enum outcome outcome, int64_t step, struct error *e)
{
    if (!s->begun || s->trials.n > 0)
        return error_set(e, E_STATE, "evidence comes after the beginning and before any trial");
    if (config->space != s->settings.space)
        return error_set(e, E_INVALID, "the evidence is of another space");
    if ((unsigned)outcome > OUTCOME_CANCELLED)
        return error_set(e, E_INVALID, "there is no outcome %d", (int)outcome);
    if (step < -1)
        return error_set(e, E_INVALID, "a step can't be negative");
    return OK;
}

enum code searcher_evidence(struct searcher *s, struct arena *a, const struct config *config,
                            enum outcome outcome, int64_t step, const struct result *result,
                            struct entry *ret_entry, struct error *e)
{
    enum code code = check_evidence(s, config, outcome, step, e);
    if (code != OK)
        return code;
    struct evidence_record r = {*config, {outcome, step, *result}};
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_evidence(&s->settings, &r, &s->text);
    struct entry entry;
    code = make_entry(s, a, ENTRY_EVENT, 0, &entry, e);
    if (code == OK)
        code = take_evidence(s, &r, e);
    if (code == OK)
        *ret_entry = entry;
    return code;
}

enum code check_reopen(const struct searcher *s, int64_t trial, struct error *e)
{
    const struct trial *t = trials_get(&s->trials, trial);
    if (!t)
        return error_set(e, E_NOT_FOUND, "there is no trial %lld", (long long)trial);
    if (!t->ended)
        return error_set(e, E_STATE, "trial %lld has not ended", (long long)trial);
    return OK;
}

enum code searcher_reopen(struct searcher *s, struct arena *a, int64_t trial,
                          struct entry *ret_entry, struct error *e)
{
    enum code code = check_reopen(s, trial, e);
    if (code != OK)
        return code;
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_reopened(&s->text);
    struct entry entry;
    code = make_entry(s, a, ENTRY_EVENT, trial, &entry, e);
    if (code == OK)
        code = take_reopen(s, trial, e);
    if (code == OK)
        *ret_entry = entry;
    return code;
}

int64_t full_steps(const struct effort *effort)
{
    return effort->has_steps ? effort->max_steps : 1;
}

enum code check_close(int64_t left, struct error *e)
{
    return left >= 0 ? OK : error_set(e, E_INVALID, "there can't be less than no steps left");
}

enum code searcher_close(struct searcher *s, struct arena *a, int64_t left, struct entry *ret_entry,
                         struct error *e)
{
    enum code code = check_close(left, e);
    if (code != OK)
        return code;
    buf_clear(&s->text);
    if (!s->settings.unwritten)
        entry_write_closing(left, &s->text);
    code = make_entry(s, a, ENTRY_EVENT, 0, ret_entry, e);
    if (code == OK)
        take_close(s, left);
    return code;
}

int64_t searcher_left(const struct searcher *s)
{
    return s->left;
}

bool searcher_is_short(const struct searcher *s)
{
    struct searcher rich = *s;
    enum next kind;
    size_t first;
    rich.left = full_steps(&s->settings.effort);
    return s->left < rich.left && allocate(&rich, &kind, &first).kind != ALLOCATE_DONE;
}

/* The larger of the two that is at most `left`. */
static int64_t nearer(int64_t best, int64_t step, int64_t left)
{
    return step <= left && step > best ? step : best;
}

int64_t searcher_round_left(const struct searcher *s, int64_t left)
{
    const struct effort *effort = &s->settings.effort;
    int64_t rungs[RUNGS_MAX], full = full_steps(effort);
    size_t n = searcher_rungs(s, rungs, RUNGS_MAX);
    int64_t best = nearer(0, effort->has_steps ? effort->min_steps : 1, left);
    best = nearer(best, full, left);
    for (size_t i = 0; i < n && i < RUNGS_MAX; i++) {
        best = nearer(best, rungs[i], left);
        best = nearer(best, full - rungs[i], left);
        best = nearer(best, rungs[i] - (i > 0 ? rungs[i - 1] : 0), left);
    }
    return best;
}

int64_t searcher_next_wanted(const struct searcher *s, int64_t trial, int64_t step)
{
    const struct trial *t = trials_get(&s->trials, trial);
    if (!t || t->ended || t->stopping || t->paused || t->last_step == INT64_MAX)
        return INT64_MAX;
    if (step <= t->last_step)
        step = t->last_step + 1;
    int64_t wanted = s->settings.method.allocator->next_wanted(s->allocator, trial, step);
    if (t->steps > 0 && t->last_step < t->steps) {
        int64_t end = t->steps > step ? t->steps : step;
        wanted = end < wanted ? end : wanted;
    }
    return wanted;
}

const struct config *searcher_config(const struct searcher *s, int64_t trial)
{
    return trials_get(&s->trials, trial) ? trials_seen(&s->trials, trial)->config : NULL;
}

int64_t searcher_parent(const struct searcher *s, int64_t trial, int64_t *ret_from)
{
    const struct trial *t = trials_get(&s->trials, trial);
    *ret_from = t ? t->from : 0;
    return t ? t->parent : 0;
}

uint64_t searcher_hash(const struct searcher *s, int64_t trial)
{
    const struct trial *t = trials_get(&s->trials, trial);
    return t ? t->lineage : 0;
}

bool searcher_is_replaced(const struct searcher *s, int64_t trial)
{
    const struct trial *t = trials_get(&s->trials, trial);
    return t && t->replaced;
}

int64_t searcher_kept(const struct searcher *s, int64_t trial)
{
    const struct trial *t = trials_get(&s->trials, trial);
    return t ? t->kept : 0;
}

bool searcher_may_copy(const struct searcher *s, int64_t trial, int64_t step)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    return kind->may_copy && kind->may_copy(s->allocator, trial, step);
}

void searcher_set_trials(struct searcher *s, int64_t trials)
{
    s->trials_max = trials < 0 ? 0 : trials;
}

int64_t searcher_last_seq(const struct searcher *s)
{
    return s->seq;
}

int64_t searcher_last_ask(const struct searcher *s)
{
    return s->trials.n > 0 ? s->trials.v[s->trials.n - 1].asked_at : 0;
}

int64_t searcher_size(const struct searcher *s)
{
    return (int64_t)(s->trials.n_evidence + s->trials.n);
}

size_t searcher_rungs(const struct searcher *s, int64_t *ret_steps, size_t max)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    return kind->rungs ? kind->rungs(s->allocator, ret_steps, max) : 0;
}
