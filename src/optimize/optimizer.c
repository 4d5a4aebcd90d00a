/*
 * The optimizer: its inputs and its journal.
 *
 * A suggestion that takes its time is worked out without the lock, on a copy, where several threads
 * are at work; alone, the copy would only cost.
 */
#include "optimize/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX ((size_t)256 << 20)
#define RESULTS_MAX ((size_t)4 << 30)
#define JOURNAL_MAX ((size_t)16 << 30)

/* --- the journal --- */

/* A decision that isn't in the journal must not be acted on, and the searcher can't take it back.
 */
static enum code keep(struct optimizer *o, const struct entry *x, struct error *e)
{
    struct json j;
    jw_init(&j, &o->journal);
    jw_object(&j);
    jw_key(&j, "seq");
    jw_i64(&j, x->seq);
    jw_key(&j, "kind");
    jw_cstr(&j, entry_kind_name(x->kind));
    jw_key(&j, "trial");
    jw_i64(&j, x->trial);
    jw_key(&j, "data");
    jw_raw(&j, x->data);
    jw_object_end(&j);
    jw_newline(&j);
    enum code code = jw_end(&j, e);
    o->broken = code != OK;
    return code;
}

/* Every input begins here: an empty scratch, and whether there is anything to go on with. */
static enum code enter(struct optimizer *o, struct error *e)
{
    (void)pthread_mutex_lock(&o->lock);
    if (!o->met)
        o->first = pthread_self();
    o->met = true;
    o->shared = o->shared || !pthread_equal(o->first, pthread_self());
    arena_clear(&o->scratch);
    if (!o->broken)
        return OK;
    (void)error_set(e, E_NOMEM, "memory ran out before, and this optimizer can't go on");
    error_hint(e, "load what was saved last");
    return E_NOMEM;
}

static enum code leave(struct optimizer *o, enum code code)
{
    (void)pthread_mutex_unlock(&o->lock);
    return code;
}

/* --- its life --- */

static struct searcher_settings search_of(const struct settings *st, uint64_t seed)
{
    struct searcher_settings s = settings_searcher(st);
    if (!st->has_seed)
        s.seed = seed;
    if (s.effort.parallel == 0)
        s.effort.parallel = 1;
    return s;
}

static struct optimizer *allocate(struct clock clock)
{
    struct optimizer *o = calloc(1, sizeof(*o));
    if (!o)
        return NULL;
    bool asking = pthread_mutex_init(&o->asking, NULL) == 0;
    if (!asking || pthread_mutex_init(&o->lock, NULL) != 0) {
        if (asking)
            (void)pthread_mutex_destroy(&o->asking);
        free(o);
        return NULL;
    }
    buf_init(&o->journal, JOURNAL_MAX);
    arena_init(&o->results, RESULTS_MAX);
    arena_init(&o->scratch, SCRATCH_MAX);
    o->clock = clock;
    o->opened_ns = clock_monotonic(&clock);
    return o;
}

static enum code begin(struct optimizer *o, struct error *e)
{
    struct entry entry;
    enum code code = method_resolve(&o->search.method, o->search.space, &o->search.effort, e);
    if (code == OK)
        code = searcher_new(&o->searcher, &o->search, e);
    if (code == OK)
        code = searcher_begin(o->searcher, &o->scratch, &entry, e);
    return code == OK ? keep(o, &entry, e) : code;
}

enum code optimizer_new(struct optimizer **ret, struct settings *settings, uint64_t seed,
                        struct clock clock, struct error *e)
{
    struct optimizer *o = allocate(clock);
    if (!o)
        return error_nomem(e);
    o->search = search_of(settings, seed);
    enum code code = begin(o, e);
    if (code != OK) {
        optimizer_free(o);
        return code;
    }
    o->settings = settings;
    *ret = o;
    return OK;
}

void optimizer_free(struct optimizer *o)
{
    if (!o)
        return;
    searcher_free(o->searcher);
    settings_free(o->settings);
    buf_free(&o->journal);
    arena_free(&o->results);
    arena_free(&o->scratch);
    free(o->trials);
    (void)pthread_mutex_destroy(&o->lock);
    (void)pthread_mutex_destroy(&o->asking);
    free(o);
}

const struct settings *optimizer_settings(const struct optimizer *o)
{
    return o->settings;
}

void optimizer_status(struct optimizer *o, struct optimizer_status *ret)
{
    int64_t ended[OUTCOME_CANCELLED + 1] = {0}, pending = 0;
    (void)pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->n; i++) {
        pending += !o->trials[i].ended;
        ended[o->trials[i].outcome] += o->trials[i].ended;
    }
    *ret = (struct optimizer_status){.asked = (int64_t)o->n,
                                     .pending = pending,
                                     .completed = ended[OUTCOME_COMPLETED],
                                     .stopped = ended[OUTCOME_STOPPED],
                                     .failed = ended[OUTCOME_FAILED],
                                     .infeasible = ended[OUTCOME_INFEASIBLE],
                                     .cancelled = ended[OUTCOME_CANCELLED],
                                     .evidence = o->evidence,
                                     .done = o->done,
                                     .seed = o->search.seed,
                                     .method = &o->search.method};
    (void)pthread_mutex_unlock(&o->lock);
}

/* --- ask --- */

/* Room for one trial more, before it is asked for. */
static enum code reserve(struct optimizer *o, struct error *e)
{
    if (o->n < o->capacity)
        return OK;
    size_t capacity = o->capacity ? 2 * o->capacity : 64;
    struct record *trials = reallocarray(o->trials, capacity, sizeof(*trials));
    if (!trials)
        return error_nomem(e);
    o->trials = trials;
    o->capacity = capacity;
    return OK;
}

static bool is_used_up(const struct optimizer *o)
{
    const struct settings *s = o->settings;
    bool late = s->time_ns > 0 && clock_monotonic(&o->clock) - o->opened_ns >= s->time_ns;
    return late || (s->steps_total > 0 && o->steps_used >= s->steps_total);
}

/* Lets go of the lock while the sampler works, where others may want it. */
static enum code prepare(struct optimizer *o, struct error *e)
{
    struct preparation *p = NULL;
    if (!o->shared)
        return OK;
    enum code code = searcher_prepare(o->searcher, INT64_MAX, &p, e);
    if (code != OK || !p)
        return code;
    (void)pthread_mutex_unlock(&o->lock);
    preparation_run(p);
    (void)pthread_mutex_lock(&o->lock);
    searcher_prepared(o->searcher, p);
    return OK;
}

static enum code ask(struct optimizer *o, struct arena *a, struct proposal *ret, struct error *e)
{
    struct entry entry;
    struct proposal p = {.kind = ASK_DONE};
    enum code code = reserve(o, e);
    if (code == OK && !is_used_up(o))
        code = prepare(o, e);
    /* The arena is cleared by whoever comes while the sampler works. */
    if (code == OK && !is_used_up(o))
        code = searcher_ask(o->searcher, a, &p, &entry, e);
    if (code != OK)
        return code;
    if (p.kind == ASK_TRIAL) {
        size_t at = o->journal.n;
        code = keep(o, &entry, e);
        if (code != OK)
            return code;
        o->trials[o->n++] = (struct record){.asked = at,
                                            .budget = p.steps,
                                            .step = -1,
                                            .value = (double)NAN,
                                            .baseline = p.baseline};
    }
    if (p.kind == ASK_MORE) {
        struct record *r = &o->trials[p.trial - 1];
        r->budget = p.steps;
        r->paused = false;
        code = keep(o, &entry, e);
        if (code != OK)
            return code;
    }
    o->done = p.kind == ASK_DONE;
    *ret = p;
    return OK;
}

enum code optimizer_ask(struct optimizer *o, struct arena *a, struct proposal *ret, struct error *e)
{
    (void)pthread_mutex_lock(&o->asking);
    enum code code = enter(o, e);
    if (code == OK)
        code = ask(o, a, ret, e);
    (void)leave(o, code);
    (void)pthread_mutex_unlock(&o->asking);
    return code;
}

/* --- tell, report, observe --- */

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

static bool has_value(enum outcome outcome)
{
    return outcome == OUTCOME_COMPLETED || outcome == OUTCOME_STOPPED;
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
    if (!has_value(outcome) && !silent)
        return error_set(e, E_INVALID, "a trial that is %s has no value", outcome_name(outcome));
    for (size_t i = 0; i < OBJECTIVES_MAX; i++)
        x.result.values[i] = (double)NAN;
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++)
        x.result.excess[i] = (double)NAN;
    if (silent && r && r->step >= 0 && o->search.n_objectives == 1) {
        told.n_values = 1;
        told.values = &r->value;
    } else if (silent && has_value(outcome)) {
        (void)error_set(e, E_INVALID, "neither a value nor metrics were told");
        error_hint(e, "tell a value, or that it failed or is infeasible");
        return E_INVALID;
    }
    if (has_value(outcome)) {
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
    if (t->has_step && (t->step < 0 || (r && t->step < r->step)))
        return error_set(e, E_INVALID, "step %lld comes before step %lld, which was reported",
                         (long long)t->step, (long long)(r ? r->step : 0));
    if (t->has_step)
        x.step = t->step;
    *ret = x;
    return OK;
}

static enum code feed_report(struct optimizer *o, int64_t trial, int64_t step, double value,
                             enum decision *ret, struct error *e)
{
    struct entry entry;
    enum code code = searcher_report(o->searcher, &o->scratch, trial, step, value, ret, &entry, e);
    return code == OK ? keep(o, &entry, e) : code;
}

static double missed(const struct optimizer *o, const struct result *r)
{
    double sum = 0;
    for (size_t i = 0; i < o->search.n_requirements; i++)
        sum += isnan(r->excess[i]) ? (double)INFINITY : fmax(r->excess[i], 0);
    return sum;
}

/* What a trial came to, or, of one that is paused, has come to so far. */
static void note(struct optimizer *o, struct record *r, const struct exit_record *x, double *values)
{
    memcpy(values, x->result.values, o->search.n_objectives * sizeof(*values));
    o->steps_used += (x->step > 0 ? x->step : 0) - (r->step > 0 ? r->step : 0);
    r->outcome = x->outcome;
    r->step = x->step;
    r->values = has_value(x->outcome) ? values : NULL;
    r->missed = missed(o, &x->result);
}

static enum code end(struct optimizer *o, int64_t trial, struct record *r,
                     const struct exit_record *x, struct error *e)
{
    struct entry entry;
    enum decision d = DECISION_CONTINUE;
    enum code code = OK;
    size_t n = o->search.n_objectives;
    double *values = arena_array(&o->results, n, sizeof(*values));
    if (!values)
        return error_nomem(e);
    /* What the allocator wanted to hear at this step it hears from the end. */
    if (has_value(x->outcome) && x->step > r->step &&
        x->step >= searcher_next_wanted(o->searcher, trial, 0))
        code = feed_report(o, trial, x->step, x->result.values[0], &d, e);
    if (code == OK && d == DECISION_PAUSE && x->outcome == OUTCOME_COMPLETED) {
        note(o, r, x, values);
        r->outcome = OUTCOME_STOPPED;
        r->paused = true;
        return OK;
    }
    if (code == OK)
        code = searcher_exit_result(o->searcher, &o->scratch, trial, x->outcome, x->step,
                                    &x->result, &entry, e);
    if (code == OK)
        code = keep(o, &entry, e);
    if (code != OK)
        return code;
    note(o, r, x, values);
    r->ended = true;
    r->paused = false;
    return OK;
}

enum code optimizer_tell(struct optimizer *o, int64_t trial, const struct telling *t,
                         struct error *e)
{
    struct record *r = NULL;
    struct exit_record x;
    enum code code = enter(o, e);
    if (code == OK)
        code = find_live(o, trial, &r, e);
    if (code == OK)
        code = judge(o, t, r, &x, e);
    if (code == OK && r->paused && has_value(x.outcome))
        code = paused(trial, r, e);
    if (code == OK)
        code = end(o, trial, r, &x, e);
    return leave(o, code);
}

static enum code report(struct optimizer *o, int64_t trial, int64_t step, double value,
                        enum decision *ret, struct error *e)
{
    struct record *r = NULL;
    enum decision d = DECISION_CONTINUE;
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
    if (r->stopping)
        d = DECISION_STOP;
    else if (step >= searcher_next_wanted(o->searcher, trial, 0))
        code = feed_report(o, trial, step, value, &d, e);
    if (code != OK)
        return code;
    o->steps_used += step - (r->step > 0 ? r->step : 0);
    r->step = step;
    r->value = value;
    r->stopping = d == DECISION_STOP;
    r->paused = d == DECISION_PAUSE;
    *ret = d;
    return OK;
}

enum code optimizer_report(struct optimizer *o, int64_t trial, int64_t step, double value,
                           enum decision *ret, struct error *e)
{
    enum code code = enter(o, e);
    if (code == OK)
        code = report(o, trial, step, value, ret, e);
    return leave(o, code);
}

enum code optimizer_observe(struct optimizer *o, const struct config *config,
                            const struct telling *t, struct error *e)
{
    struct exit_record x;
    struct entry entry;
    enum code code = enter(o, e);
    if (code == OK && o->n > 0) {
        code = error_set(e, E_STATE, "what is known from elsewhere comes before the first ask");
    } else if (code == OK) {
        code = judge(o, t, NULL, &x, e);
    }
    if (code == OK)
        code = searcher_evidence(o->searcher, &o->scratch, config, x.outcome, x.step, &x.result,
                                 &entry, e);
    if (code == OK)
        code = keep(o, &entry, e);
    if (code == OK)
        o->evidence++;
    return leave(o, code);
}

/* --- what the journal says --- */

enum code record_ask(struct optimizer *o, int64_t trial, struct arena *a, struct ask_record *ret,
                     struct error *e)
{
    static const char before[] = ",\"data\":";
    struct str rest = str_sub(buf_view(&o->journal), o->trials[trial - 1].asked, SIZE_MAX);
    struct str line = str_cut(&rest, '\n');
    const char *data = memmem(line.p, line.n, before, sizeof(before) - 1);
    if (!data)
        return error_set(e, E_CORRUPT, "the journal has no ask of trial %lld", (long long)trial);
    data += sizeof(before) - 1;
    struct entry entry = {
        .kind = ENTRY_ASK, .trial = trial, .data = {data, (size_t)(line.p + line.n - data) - 1}};
    return entry_read_ask(&entry, &o->search, a, ret, e);
}
