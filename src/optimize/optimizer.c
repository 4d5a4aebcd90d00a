/*
 * The optimizer: its life, its journal, and asking.
 *
 * A suggestion that takes its time is worked out without the lock, on a copy, where several threads
 * are at work; alone, the copy would only cost.
 */
#include "optimize/internal.h"

#include <math.h>
#include <stdlib.h>

#define SCRATCH_MAX ((size_t)256 << 20)
#define RESULTS_MAX ((size_t)4 << 30)
#define JOURNAL_MAX ((size_t)16 << 30)

/* --- the journal --- */

/* A decision that isn't in the journal must not be acted on, and the searcher can't take it back.
 */
enum code optimizer_keep(struct optimizer *o, const struct entry *x, struct error *e)
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

enum code optimizer_enter(struct optimizer *o, struct error *e)
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

enum code optimizer_leave(struct optimizer *o, enum code code)
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
    s.effort.steps = s.effort.has_steps ? st->steps_total : 0;
    return s;
}

struct optimizer *optimizer_allocate(struct settings *settings, uint64_t seed, struct clock clock)
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
    o->search = search_of(settings, seed);
    o->settings = settings;
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
    return code == OK ? optimizer_keep(o, &entry, e) : code;
}

enum code optimizer_new(struct optimizer **ret, struct settings *settings, uint64_t seed,
                        struct clock clock, struct error *e)
{
    struct optimizer *o = optimizer_allocate(settings, seed, clock);
    if (!o)
        return error_nomem(e);
    enum code code = begin(o, e);
    if (code != OK) {
        o->settings = NULL; /* still the caller's */
        optimizer_free(o);
        return code;
    }
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

/* Another one takes its place; nobody will tell of it. */
static enum code end_replaced(struct optimizer *o, int64_t trial, struct error *e)
{
    struct record *r = &o->trials[trial - 1];
    struct exit_record x = {.outcome = OUTCOME_STOPPED, .step = r->step};
    struct entry entry;
    if (r->ended)
        return OK;
    for (size_t i = 0; i < OBJECTIVES_MAX; i++)
        x.result.values[i] = i == 0 ? r->value : (double)NAN;
    for (size_t i = 0; i < REQUIREMENTS_MAX; i++)
        x.result.excess[i] = (double)NAN;
    enum code code = searcher_exit_result(o->searcher, &o->scratch, trial, x.outcome, x.step,
                                          &x.result, &entry, e);
    if (code == OK)
        code = optimizer_keep(o, &entry, e);
    if (code == OK)
        record_end(o, r, &x);
    return code;
}

static enum code ask(struct optimizer *o, struct arena *a, struct proposal *ret, struct error *e)
{
    struct entry entry;
    struct proposal p = {.kind = ASK_DONE};
    enum code code = record_reserve(o, e);
    if (code == OK && !is_used_up(o))
        code = prepare(o, e);
    /* The arena is cleared by whoever comes while the sampler works. */
    if (code == OK && !is_used_up(o))
        code = searcher_ask(o->searcher, a, &p, &entry, e);
    if (code != OK)
        return code;
    if (p.kind == ASK_TRIAL) {
        size_t at = o->journal.n;
        code = optimizer_keep(o, &entry, e);
        if (code == OK)
            record_add(o, &(struct record){.asked = at,
                                           .budget = p.steps,
                                           .from = p.parent > 0 ? p.from : 0,
                                           .hash = p.hash,
                                           .baseline = p.baseline});
        if (code == OK && p.parent > 0)
            code = end_replaced(o, p.over, e);
    } else if (p.kind == ASK_MORE) {
        code = optimizer_keep(o, &entry, e);
        if (code == OK)
            record_more(&o->trials[p.trial - 1], p.steps);
    }
    if (code != OK)
        return code;
    o->done = p.kind == ASK_DONE;
    *ret = p;
    return OK;
}

enum code optimizer_ask(struct optimizer *o, struct arena *a, struct proposal *ret, struct error *e)
{
    (void)pthread_mutex_lock(&o->asking);
    enum code code = optimizer_enter(o, e);
    if (code == OK)
        code = ask(o, a, ret, e);
    code = optimizer_leave(o, code);
    (void)pthread_mutex_unlock(&o->asking);
    return code;
}

enum code optimizer_set_trials(struct optimizer *o, int64_t trials, struct error *e)
{
    enum code code = optimizer_enter(o, e);
    if (code == OK && trials < 0)
        code = error_set(e, E_INVALID, "the number of trials can't be negative");
    char *data = code == OK ? arena_fmt(&o->scratch, "{\"event\":\"trials\",\"trials\":%lld}",
                                        (long long)trials)
                            : NULL;
    if (code == OK && !data)
        code = error_nomem(e);
    struct entry entry = {.seq = searcher_last_seq(o->searcher) + 1, .kind = ENTRY_EVENT};
    entry.data = str_of(data);
    if (code == OK)
        code = searcher_apply(o->searcher, &entry, e);
    if (code == OK)
        code = optimizer_keep(o, &entry, e);
    if (code == OK)
        optimizer_recall_trials(o, trials);
    return optimizer_leave(o, code);
}

void optimizer_recall_trials(struct optimizer *o, int64_t trials)
{
    searcher_set_trials(o->searcher, trials);
    o->search.effort.trials = trials;
    o->done = false;
}
