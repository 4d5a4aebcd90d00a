/*
 * Applying and recomputing recorded entries.
 *
 * Both check that an entry can follow what came before it; recomputing also decides again and
 * compares. Then the entry is taken as it stands.
 */
#include "search/length.h"
#include "search/state.h"

#include <string.h>

static enum code check_begin(struct searcher *s, const struct entry *x, bool recompute,
                             struct error *e)
{
    struct begin_record r;
    const struct searcher_settings *now = &s->settings;
    enum code code = entry_read_begin(x, &s->scratch, &r, e);
    if (code != OK)
        return code;
    if (r.engine > SEARCHER_ENGINE)
        return error_set(e, E_VERSION, "the search was begun by engine %lld; this one is %d",
                         (long long)r.engine, SEARCHER_ENGINE);
    if (recompute && r.engine != SEARCHER_ENGINE)
        return error_set(e, E_VERSION, "decisions of engine %lld can't be recomputed by engine %d",
                         (long long)r.engine, SEARCHER_ENGINE);
    struct buf method;
    buf_init(&method, 4096);
    method_write(&now->method, &method);
    bool same_method = str_eq(r.method, buf_view(&method));
    if (!same_method)
        entry_corrupt(x, e, "the search was begun with `%.*s`, not `%s`", STR_FMT(r.method),
                      method.p ? method.p : "");
    buf_free(&method);
    if (!same_method)
        return E_CORRUPT;
    int64_t replicates = now->seeds == SEEDS_REPLICATES ? now->replicates : 1;
    bool same_goals = r.n_objectives == now->n_objectives &&
                      memcmp(r.minimize, now->minimize, r.n_objectives * sizeof(bool)) == 0;
    if (r.seed != (int64_t)now->seed || !same_goals || r.n_requirements != now->n_requirements ||
        !str_is(r.seeds, seed_policy_name(now->seeds)) || r.replicates != replicates)
        return entry_corrupt(x, e,
                             "seed, goals, requirements or seeds are not those of this search");
    return OK;
}

static enum code check_first(const struct searcher *s, const struct entry *x,
                             const struct ask_record *r, struct error *e)
{
    const struct searcher_settings *now = &s->settings;
    bool one_of_them = r->first >= (int64_t)s->first && (size_t)r->first < now->n_first &&
                       r->next_index == r->index && !r->baseline;
    if (!one_of_them || !config_equal(&r->config, &now->first[r->first]))
        return entry_corrupt(x, e, "it is not one of the first points still to be tried");
    return OK;
}

static enum code check_copy(const struct searcher *s, const struct entry *x,
                            const struct ask_record *r, struct error *e)
{
    const struct trial *parent = trials_get(&s->trials, r->parent);
    const struct trial *over = trials_get(&s->trials, r->over);
    if (!s->settings.method.allocator->vary || !parent || r->next_index != r->index ||
        r->baseline || r->first >= 0 || r->n_fitted > 0)
        return entry_corrupt(x, e, "it can't begin with a checkpoint");
    if (r->from > parent->last_step || r->steps <= r->from)
        return entry_corrupt(x, e, "it can't go on from step %lld of trial %lld to step %lld",
                             (long long)r->from, (long long)r->parent, (long long)r->steps);
    if (!over || (!over->paused && !over->ended))
        return entry_corrupt(x, e, "it replaces a trial that does not wait");
    return OK;
}

/* What the recorded trial must be, whatever was computed to find it. */
static enum code check_ask(const struct searcher *s, const struct entry *x,
                           const struct ask_record *r, struct error *e)
{
    const struct searcher_settings *now = &s->settings;
    if (x->trial != (int64_t)s->trials.n + 1)
        return entry_corrupt(x, e, "the next trial is %lld", (long long)s->trials.n + 1);
    if (r->index != s->index)
        return entry_corrupt(x, e, "the generator stands at %lld, not at %lld", (long long)s->index,
                             (long long)r->index);
    if (r->seen < s->seen_from)
        return entry_corrupt(x, e, "it is based on entry %lld, and entry %lld must have been seen",
                             (long long)r->seen, (long long)s->seen_from);
    if (r->seen >= x->seq)
        return entry_corrupt(x, e, "it is based on entry %lld, which comes later",
                             (long long)r->seen);
    if (now->effort.has_steps != (r->steps > 0) || r->steps > now->effort.max_steps ||
        (now->effort.own_steps && r->steps != length_of(&r->config)))
        return entry_corrupt(x, e, "a trial can't train %lld steps", (long long)r->steps);
    if (r->baseline != (now->baseline && s->trials.n == 0) ||
        (r->baseline && !config_equal(&r->config, now->baseline)))
        return entry_corrupt(x, e, "it is not the baseline of this search");
    if (!config_allowed(&r->config, NULL))
        return entry_corrupt(x, e, "its parameters violate a constraint");
    if (r->parent > 0)
        return check_copy(s, x, r, e);
    bool replicate = r->next_index == r->index && !r->baseline && r->first < 0;
    if (replicate &&
        (now->seeds != SEEDS_REPLICATES || s->trials.n == 0 ||
         !config_equal(&r->config, trials_seen(&s->trials, (int64_t)s->trials.n)->config)))
        return entry_corrupt(x, e, "it is no replicate of the trial before");
    bool again = r->first >= 0 && now->n_stages > 0; /* a schedule may begin as the baseline is */
    if (!replicate && !again && trials_know(&s->trials, &r->config))
        return entry_corrupt(x, e, "its parameters were proposed before");
    return r->first >= 0 ? check_first(s, x, r, e) : OK;
}

static enum code params_text(const struct config *c, struct buf *b)
{
    struct json j;
    buf_init(b, 1 << 20);
    jw_init(&j, b);
    config_json(c, &j);
    return jw_end(&j, NULL);
}

static enum code differing_ask(const struct entry *x, const struct ask_record *recorded,
                               const struct ask_record *now, struct error *e)
{
    struct buf was, is;
    entry_corrupt(x, e, "recomputed, the proposal is another one");
    if (params_text(&recorded->config, &was) == OK && params_text(&now->config, &is) == OK)
        error_detail(e,
                     "recorded %.200s seed %lld steps %lld; recomputed %.200s seed %lld steps %lld",
                     was.p, (long long)recorded->seed, (long long)recorded->steps, is.p,
                     (long long)now->seed, (long long)now->steps);
    buf_free(&was);
    buf_free(&is);
    return E_CORRUPT;
}

/* Only a fresh configuration of a sampler that takes its time is prepared ahead. */
static bool may_be_ahead(const struct searcher *s, const struct ask_record *r)
{
    return r->next_index > r->index &&
           (!s->settings.method.sampler->instant || searcher_chooses(s));
}

static bool same_reals(const double *a, size_t n_a, const double *b, size_t n_b)
{
    return n_a == n_b && (n_a == 0 || memcmp(a, b, n_a * sizeof(*a)) == 0);
}

static enum code check_chosen(const struct searcher *s, const struct entry *x,
                              const struct more_record *r, struct error *e)
{
    if (r->index != s->index)
        return entry_corrupt(x, e, "the generator stands at %lld, not at %lld", (long long)s->index,
                             (long long)r->index);
    if (r->seen < s->seen_from || r->seen >= x->seq)
        return entry_corrupt(x, e, "it is based on entry %lld, and may be on %lld to %lld",
                             (long long)r->seen, (long long)s->seen_from, (long long)x->seq - 1);
    return OK;
}

static enum code recompute_chosen(struct searcher *s, const struct entry *x,
                                  const struct more_record *r, struct error *e)
{
    const struct allocation choose = {.kind = ALLOCATE_CHOOSE, .fresh = r->fresh};
    struct ask_record now;
    bool end;
    enum code code = propose(s, &s->scratch, r->seen, &choose, &now, &end, e);
    if (code != OK)
        return code;
    if (end || !now.is_more || now.more.trial != r->trial || now.more.steps != r->steps ||
        now.more.next_index != r->next_index)
        return entry_corrupt(x, e, "recomputed, another trial goes on, or none");
    if (!same_reals(r->weighed, r->n_weighed, now.more.weighed, now.more.n_weighed))
        return entry_corrupt(x, e, "recomputed, other hyperparameters are fitted");
    return OK;
}

/* A trial may go on because no configuration is left to start: whether one is, only trying tells.
 */
static enum code recompute_more(struct searcher *s, const struct entry *x,
                                const struct more_record *r, struct error *e)
{
    enum next kind;
    size_t first;
    struct allocation now = allocate(s, &kind, &first);
    if (now.kind == ALLOCATE_NEW && kind == NEXT_DRAWN) {
        struct ask_record fresh;
        bool end;
        enum code code = propose(s, &s->scratch, s->seq, &now, &fresh, &end, e);
        if (code != OK)
            return code;
        now = allocate(s, &kind, &first);
    }
    if (now.kind != ALLOCATE_MORE || now.trial != x->trial || now.steps != r->steps ||
        now.keep != r->keep)
        return entry_corrupt(x, e, "recomputed, another trial goes on, or none");
    return OK;
}

static enum code follow_more(struct searcher *s, const struct entry *x, const struct more_record *r,
                             bool recompute, struct error *e)
{
    const struct trial *t = trials_get(&s->trials, x->trial);
    if (!t || !t->paused || !s->settings.method.allocator->started)
        return entry_corrupt(x, e, "only a paused trial goes on");
    if (r->chosen != searcher_chooses(s))
        return entry_corrupt(x, e, "the method %s which trial goes on",
                             r->chosen ? "does not choose" : "chooses");
    if (r->from != t->last_step || r->steps <= t->steps || r->steps > s->settings.effort.max_steps)
        return entry_corrupt(x, e, "a trial paused at step %lld can't go on from %lld to %lld",
                             (long long)t->last_step, (long long)r->from, (long long)r->steps);
    enum code code = r->chosen ? check_chosen(s, x, r, e) : OK;
    if (code == OK && recompute)
        code = r->chosen ? recompute_chosen(s, x, r, e) : recompute_more(s, x, r, e);
    return code == OK ? take_more(s, x->trial, r, e) : code;
}

static enum code recompute_copy(struct searcher *s, const struct entry *x,
                                const struct ask_record *r, struct error *e)
{
    enum next kind;
    size_t first;
    struct ask_record now;
    struct allocation allocation = allocate(s, &kind, &first);
    if (allocation.kind != ALLOCATE_COPY || allocation.parent != r->parent ||
        allocation.from != r->from || allocation.over != r->over)
        return entry_corrupt(x, e, "recomputed, no checkpoint is copied, or another one");
    enum code code = propose_copy(s, &s->scratch, &allocation, &now, e);
    if (code == OK && (!config_equal(&r->config, &now.config) || r->seed != now.seed ||
                       r->steps != now.steps || r->seen != now.seen))
        return differing_ask(x, r, &now, e);
    return code;
}

static enum code recompute_ask(struct searcher *s, const struct entry *x,
                               const struct ask_record *r, struct error *e)
{
    struct ask_record now;
    enum next kind;
    size_t first;
    bool end;
    if (r->parent > 0)
        return recompute_copy(s, x, r, e);
    if (r->seen != s->seq && !may_be_ahead(s, r))
        return entry_corrupt(x, e, "it is based on entry %lld; recomputed, on entry %lld",
                             (long long)r->seen, (long long)s->seq);
    struct allocation allocation = allocate(s, &kind, &first);
    /* The number of trials may have been lowered since: that is no decision of ours. */
    if (allocation.kind == ALLOCATE_MORE || allocation.kind == ALLOCATE_COPY ||
        allocation.kind == ALLOCATE_WAIT)
        return entry_corrupt(x, e, "recomputed, no new trial is started");
    if (allocation.kind == ALLOCATE_DONE)
        allocation = s->settings.method.allocator->next(s->allocator, true);
    allocation.fresh = true;
    enum code code = propose(s, &s->scratch, r->seen, &allocation, &now, &end, e);
    if (code != OK)
        return code;
    if (now.is_more)
        return entry_corrupt(x, e, "recomputed, a paused trial goes on");
    if (end)
        return entry_corrupt(x, e, "recomputed, there is nothing left to propose");
    if (!config_equal(&r->config, &now.config) || r->seed != now.seed || r->steps != now.steps ||
        r->next_index != now.next_index || r->first != now.first || r->origin != now.origin)
        return differing_ask(x, r, &now, e);
    if (!same_reals(r->fitted, r->n_fitted, now.fitted, now.n_fitted) ||
        !same_reals(r->weighed, r->n_weighed, now.weighed, now.n_weighed))
        return entry_corrupt(x, e, "recomputed, other hyperparameters are fitted");
    return OK;
}

static enum code follow_ask(struct searcher *s, const struct entry *x, bool recompute,
                            struct error *e)
{
    struct ask_record r;
    enum code code = entry_read_ask(x, &s->settings, &s->scratch, &r, e);
    if (code == OK && r.is_more)
        return follow_more(s, x, &r.more, recompute, e);
    if (code == OK)
        code = check_ask(s, x, &r, e);
    if (code == OK && recompute)
        code = recompute_ask(s, x, &r, e);
    if (code == OK)
        code = take_ask(s, &r, e);
    return code == E_STATE ? entry_corrupt(x, e, "it can't replace trial %lld", (long long)r.over)
                           : code;
}

static enum code follow_report(struct searcher *s, const struct entry *x, bool recompute,
                               struct error *e)
{
    struct report_record r;
    struct error why = {.code = OK};
    enum code code = entry_read_report(x, &s->settings, &r, e);
    if (code != OK)
        return code;
    if (check_report(s, x->trial, r.step, &why) != OK)
        return entry_corrupt(x, e, "%s", why.message);
    const struct trial *t = trials_get(&s->trials, x->trial);
    if (t->stopping != (r.decision == DECISION_STOP) && (t->stopping || t->baseline))
        return entry_corrupt(x, e,
                             "a trial that was told to stop stays stopped, and a baseline "
                             "is never stopped");
    if (r.decision == DECISION_PAUSE && (t->baseline || r.step < t->steps))
        return entry_corrupt(x, e, "a trial is paused at the end of its steps only");
    if (recompute) {
        enum decision now = decide(s, x->trial, r.step, r.value);
        if (now != r.decision)
            return entry_corrupt(x, e, "recorded decision %s, recomputed %s",
                                 decision_name(r.decision), decision_name(now));
    }
    return take_report(s, x->trial, &r, e);
}

static enum code follow_exit(struct searcher *s, const struct entry *x, struct error *e)
{
    struct exit_record r;
    struct error why = {.code = OK};
    enum code code = entry_read_exit(x, &s->settings, &r, e);
    if (code != OK)
        return code;
    if (check_exit(s, x->trial, r.outcome, r.step, &why) != OK)
        return entry_corrupt(x, e, "%s", why.message);
    return take_exit(s, x->trial, &r, e);
}

static enum code follow_event(struct searcher *s, const struct entry *x, struct error *e)
{
    struct event_record event;
    const struct evidence_record *r = &event.evidence;
    struct error why = {.code = OK};
    enum code code = entry_read_event(x, &s->settings, &s->scratch, &event, e);
    if (code != OK)
        return code;
    switch (event.name) {
    case EVENT_OTHER:
        break;
    case EVENT_REOPENED:
        if (check_reopen(s, x->trial, &why) != OK)
            return entry_corrupt(x, e, "%s", why.message);
        return take_reopen(s, x->trial, e);
    case EVENT_EVIDENCE:
        if (check_evidence(s, &r->config, r->end.outcome, r->end.step, &why) != OK)
            return entry_corrupt(x, e, "%s", why.message);
        return take_evidence(s, r, e);
    case EVENT_CLOSING:
        take_close(s, event.left);
        return OK;
    }
    s->seq++;
    return OK;
}

static enum code follow(struct searcher *s, const struct entry *x, bool recompute, struct error *e)
{
    arena_clear(&s->scratch);
    if (x->seq != s->seq + 1)
        return entry_corrupt(x, e, "entry %lld must come next", (long long)s->seq + 1);
    if (s->begun != (x->kind != ENTRY_BEGIN))
        return entry_corrupt(x, e, "a journal has one begin, and it comes first");
    enum code code = OK;
    switch (x->kind) {
    case ENTRY_BEGIN:
        code = check_begin(s, x, recompute, e);
        if (code == OK) {
            s->begun = true;
            s->seq++;
        }
        return code;
    case ENTRY_ASK:
        return follow_ask(s, x, recompute, e);
    case ENTRY_REPORT:
        return follow_report(s, x, recompute, e);
    case ENTRY_EXIT:
        return follow_exit(s, x, e);
    case ENTRY_EVENT:
        return follow_event(s, x, e);
    }
    return entry_corrupt(x, e, "there is no such kind of entry");
}

enum code searcher_apply(struct searcher *s, const struct entry *entry, struct error *e)
{
    return follow(s, entry, false, e);
}

enum code searcher_recompute(struct searcher *s, const struct entry *entry, struct error *e)
{
    return follow(s, entry, true, e);
}

enum code searcher_method_of(const struct entry *begin, struct arena *a, struct method *ret,
                             struct error *e)
{
    struct begin_record r;
    struct method m;
    struct error why = {.code = OK};
    enum code code = entry_read_begin(begin, a, &r, e);
    if (code != OK)
        return code;
    if (method_parse(a, r.method, (struct location){.file = NULL}, &m, &why) != OK)
        return entry_corrupt(begin, e, "%s", why.message);
    if (!m.sampler || !m.allocator)
        return entry_corrupt(begin, e, "`%.*s` is not a resolved method", STR_FMT(r.method));
    size_t n = r.why.n < sizeof(m.why) - 1 ? r.why.n : sizeof(m.why) - 1;
    if (n)
        memcpy(m.why, r.why.p, n);
    m.why[n] = '\0';
    *ret = m;
    return OK;
}
