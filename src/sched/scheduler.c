/*
 * The scheduler's turn: events change memory and an open transaction; settle fills the slots,
 * commits, and only then acknowledges, answers, tells and starts.
 *
 * A commit is due at once when somebody waits for it (a decision, a slot to be filled); otherwise
 * it may wait COMMIT_DELAY_NS, so that a flood of reports costs few commits.
 */
#include "sched/copies.h"

#include "base/array.h"
#include "base/failpoint.h"
#include "base/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum code scheduler_new(const struct scheduler_options *o, struct scheduler **ret, struct error *e)
{
    struct scheduler *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_nomem(e);
    s->o = *o;
    s->store_dir = strdup(o->store_dir);
    s->runtime_dir = strdup(o->runtime_dir);
    s->commit_by = INT64_MAX;
    arena_init(&s->events_arena, 64 << 20);
    if (s->store_dir == NULL || s->runtime_dir == NULL) {
        scheduler_free(s);
        return error_nomem(e);
    }
    *ret = s;
    return OK;
}

void scheduler_free(struct scheduler *s)
{
    if (s == NULL)
        return;
    if (s->in_transaction)
        store_rollback(s->o.store);
    while (s->n_attempts > 0)
        live_attempt_drop(s, s->attempts[s->n_attempts - 1].at);
    while (s->searches != NULL) {
        struct search *q = s->searches;
        s->searches = q->next;
        search_free(q);
    }
    keeping_forget(s);
    hand_on_free(s);
    arena_free(&s->events_arena);
    free(s->attempts);
    free(s->actions);
    free(s->acting);
    free(s->events);
    free(s->store_dir);
    free(s->runtime_dir);
    free(s);
}

struct executor_listener scheduler_listener(struct scheduler *s)
{
    return (struct executor_listener){s, events_frame, events_gone, events_settled};
}

void scheduler_use(struct scheduler *s, struct executor *x)
{
    s->executor = x;
}

void scheduler_only_first(struct scheduler *s)
{
    s->only_first = true;
}

bool sched_ok(struct scheduler *s)
{
    return !s->is_fatal;
}

void sched_die(struct scheduler *s, const struct error *e)
{
    if (s->is_fatal)
        return;
    s->is_fatal = true;
    s->fatal = *e;
    if (s->in_transaction)
        store_rollback(s->o.store);
    s->in_transaction = false;
}

const struct error *scheduler_fatal(const struct scheduler *s)
{
    return s->is_fatal ? &s->fatal : NULL;
}

int64_t sched_real(const struct scheduler *s)
{
    return clock_real(&s->o.clock);
}

int64_t sched_mono(const struct scheduler *s)
{
    return clock_monotonic(&s->o.clock);
}

bool sched_took(struct scheduler *s, enum code c, const struct error *e)
{
    if (c == OK)
        return true;
    sched_die(s, e);
    return false;
}

bool sched_write(struct scheduler *s, bool urgent)
{
    if (s->is_fatal)
        return false;
    if (!s->in_transaction) {
        struct error e;
        error_init(&e);
        if (!sched_took(s, store_begin(s->o.store, &e), &e))
            return false;
        s->in_transaction = true;
    }
    if (urgent)
        s->urgent = true;
    else if (s->commit_by == INT64_MAX)
        s->commit_by = sched_mono(s) + COMMIT_DELAY_NS;
    return true;
}

void sched_act(struct scheduler *s, struct action a)
{
    struct error e;
    error_init(&e);
    if (!array_reserve(s->actions, &s->actions_capacity, s->n_actions + 1)) {
        error_nomem(&e);
        sched_die(s, &e);
        return;
    }
    s->actions[s->n_actions++] = a;
    s->urgent = true;
}

struct str sched_text(struct scheduler *s, struct str text)
{
    struct str copy;
    if (s->o.sink.event == NULL || arena_str(&s->events_arena, text, &copy) != OK)
        return (struct str){0};
    return copy;
}

/* Those of its measures that were reported, in the events' arena. */
static void fill_values(struct scheduler *s, struct event *ev, const struct live_trial *t)
{
    const struct settings *st = t->search->settings;
    const struct scores *scores = &t->row.scores;
    ev->has_meets = st->n_requirements > 0;
    ev->meets = scores_meet(scores);
    if (st->n_measures < 2)
        return;
    struct wire_metric *v = arena_array(&s->events_arena, st->n_measures, sizeof *v);
    if (v == NULL)
        return;
    for (size_t i = 0; i < st->n_measures && i < scores->n_values; i++)
        if ((scores->seen >> i & 1) != 0)
            v[ev->n_values++] =
                (struct wire_metric){sched_text(s, st->measures[i].name), scores->values[i]};
    ev->values = v;
}

static void fill_event(struct scheduler *s, struct event *ev, enum event_kind kind,
                       const struct search *q, const struct live_trial *t)
{
    *ev = (struct event){.kind = kind, .time = sched_real(s), .search = q->id};
    ev->search_state = q->state;
    ev->metric = q->settings->measures[0].name;
    ev->minimize = q->settings->minimize[0];
    ev->budget_trials = q->settings->effort.trials;
    ev->parallel = q->parallel;
    memcpy(ev->counts, q->counts, sizeof ev->counts);
    if (t == NULL)
        return;
    ev->trial = trial_id_number(t->row.id);
    ev->baseline = t->row.baseline;
    ev->attempt = t->attempts;
    ev->steps = t->row.steps;
    ev->seed = t->row.seed;
    ev->parent = t->row.parent;
    ev->from_step = t->row.from_step;
    ev->step = t->row.step;
    ev->value = t->row.value;
    ev->has_value = t->row.has_value;
    ev->trial_state = t->row.state;
    fill_values(s, ev, t);
}

/* An event that is lost for want of memory is lost to the picture only; the store has it all. */
struct event *sched_event(struct scheduler *s, enum event_kind kind, const struct search *q,
                          const struct live_trial *t)
{
    if (s->o.sink.event == NULL || !array_reserve(s->events, &s->events_capacity, s->n_events + 1))
        return &s->nowhere;
    struct event *ev = &s->events[s->n_events++];
    fill_event(s, ev, kind, q, t);
    return ev;
}

void scheduler_describe(struct scheduler *s, struct search_id id, const struct event_sink *sink)
{
    struct event ev;
    const struct search *q = search_find(s, id);
    if (q == NULL)
        return;
    fill_event(s, &ev, EVENT_SEARCH_STARTED, q, NULL);
    search_describe(s, q, &ev);
    sink->event(sink->self, &ev);
    for (size_t i = 0; i < q->n_trials; i++) {
        const struct live_trial *t = q->trials[i].trial;
        if (t == NULL || t->row.state != TRIAL_RUNNING)
            continue;
        fill_event(s, &ev, EVENT_TRIAL_STARTED, q, t);
        ev.params = t->row.params;
        sink->event(sink->self, &ev);
    }
}

static void emit_events(struct scheduler *s)
{
    size_t n = s->n_events;
    s->n_events = 0;
    if (s->events_arena.head == NULL && n == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        if (s->o.sink.event != NULL)
            s->o.sink.event(s->o.sink.self, &s->events[i]);
    }
    arena_free(&s->events_arena);
    arena_init(&s->events_arena, 64 << 20);
}

static void spawn_failed(struct scheduler *s, struct live_attempt *at, const struct error *e)
{
    char text[1100];
    snprintf(text, sizeof text, "%s%s%s", e->message, e->detail[0] ? ": " : "", e->detail);
    live_attempt_ended(s, at, REASON_SPAWN, -1, -1, str_of(text));
}

/* An attempt that can't be taken up is not dead for that: no memory is no proof. */
static void act_adopt(struct scheduler *s, struct live_attempt *at)
{
    struct error e = {0};
    (void)sched_took(s, s->executor->ops->adopt(s->executor, &at->spec, at->row.last_seq, &e), &e);
}

static enum code start_bare(struct scheduler *s, const struct live_attempt *at, struct error *e)
{
    const struct live_trial *t = at->trial;
    const struct bare_spec spec = {.attempt = at->row.id.v,
                                   .trial = trial_id_number(t->row.id),
                                   .attempt_number = at->row.number,
                                   .steps = t->row.steps,
                                   .seed = t->row.seed,
                                   .from_step = at->row.from_step,
                                   .parent = at->row.number == 1 ? t->row.parent : 0,
                                   .next_wanted = feed_next_wanted(t, -1),
                                   .config = &t->config};
    return s->executor->ops->start_bare(s->executor, &spec, e);
}

static void act_start(struct scheduler *s, struct live_attempt *at)
{
    struct error e;
    error_init(&e);
    if (s->executor->ops->start_bare != NULL) {
        if (start_bare(s, at, &e) != OK)
            spawn_failed(s, at, &e);
        return;
    }
    if (spec_config(at, &e) != OK || s->executor->ops->start(s->executor, &at->spec, &e) != OK)
        spawn_failed(s, at, &e);
}

static void act(struct scheduler *s, const struct action *a)
{
    const struct executor_ops *ops = s->executor->ops;
    struct live_attempt *at;
    switch (a->kind) {
    case ACTION_START:
        at = live_attempt_find(s, a->attempt);
        if (at != NULL)
            act_start(s, at);
        break;
    case ACTION_ADOPT:
        at = live_attempt_find(s, a->attempt);
        if (at != NULL)
            act_adopt(s, at);
        break;
    case ACTION_ANSWER:
        ops->answer(s->executor, a->attempt, a->seq, a->verdict, a->next_wanted);
        break;
    case ACTION_HOLD:
        ops->hold(s->executor, a->attempt, a->seq);
        break;
    case ACTION_VERDICT:
        ops->verdict(s->executor, a->attempt, a->verdict);
        break;
    case ACTION_FORGET:
        ops->forget(s->executor, a->attempt);
        break;
    }
}

/* Acknowledgements come first: nothing later in the list may be understood without them. */
static void act_all(struct scheduler *s)
{
    while (s->touched != NULL) {
        struct live_attempt *at = s->touched;
        live_attempt_untouch(s, at);
        if (!at->ack_due)
            continue;
        at->ack_due = false;
        FAILPOINT("sched.before-ack");
        s->executor->ops->ack(s->executor, at->row.id.v, at->row.last_seq);
        FAILPOINT("sched.after-ack");
    }
    /* Acting may queue more (a spawn that failed): those stay for the next round. */
    struct action *actions = s->actions;
    size_t n = s->n_actions, capacity = s->actions_capacity;
    s->actions = s->acting;
    s->actions_capacity = s->acting_capacity;
    s->acting = NULL;
    s->acting_capacity = 0;
    s->n_actions = 0;
    for (size_t i = 0; i < n; i++) {
        FAILPOINT("sched.before-action");
        act(s, &actions[i]);
        FAILPOINT("sched.after-action");
    }
    s->acting = actions;
    s->acting_capacity = capacity;
}

/* A store that is brief hears of changes of state alone, which are written as they come. */
static void save_dirty(struct scheduler *s)
{
    if (store_is_brief(s->o.store))
        return;
    for (struct live_attempt *at = s->touched; at != NULL; at = at->next) {
        if (at->trial->dirty && !live_trial_save(s, at->trial))
            return;
        if (at->dirty && !live_attempt_save(s, at))
            return;
    }
}

static bool commit(struct scheduler *s)
{
    if (!s->in_transaction)
        return true;
    struct error e;
    error_init(&e);
    save_dirty(s);
    if (s->is_fatal)
        return false;
    FAILPOINT("sched.before-commit");
    s->in_transaction = false;
    if (!sched_took(s, store_commit(s->o.store, &e), &e))
        return false;
    FAILPOINT("sched.after-commit");
    s->waiting_points = 0;
    return true;
}

static void fill(struct scheduler *s)
{
    for (struct search *q = s->searches; q != NULL; q = q->next) {
        search_check_budget(s, q);
        feed_asks(s, q);
        search_finish_if_done(s, q);
    }
}

void scheduler_settle(struct scheduler *s)
{
    if (s->settling)
        return;
    s->settling = true;
    do {
        if (s->is_fatal)
            break;
        fill(s);
        bool due = s->urgent || sched_mono(s) >= s->commit_by || s->waiting_points > COMMIT_POINTS;
        if (!due)
            break;
        s->urgent = false;
        s->commit_by = INT64_MAX;
        if (!commit(s))
            break;
        act_all(s);
        keeping_free(s);
        hand_on_act(s);
        emit_events(s);
    } while (s->urgent);
    s->settling = false;
}

int64_t scheduler_deadline(const struct scheduler *s)
{
    int64_t at = s->commit_by;
    for (const struct search *q = s->searches; q != NULL; q = q->next) {
        int64_t budget = search_budget_deadline(s, q);
        if (budget < at)
            at = budget;
    }
    return s->is_fatal ? INT64_MAX : at;
}

void scheduler_tick(struct scheduler *s)
{
    scheduler_settle(s);
}

const struct config *scheduler_config(struct scheduler *s, struct trial_id id)
{
    const struct search *q = search_find(s, trial_id_search(id));
    return q != NULL ? searcher_config(q->searcher, trial_id_number(id)) : NULL;
}

bool scheduler_idle(const struct scheduler *s, struct search_id id)
{
    for (const struct search *q = s->searches; q != NULL; q = q->next) {
        if (q->id.v == id.v)
            return q->told_ended && s->n_events == 0 && !s->in_transaction && s->chores == NULL;
    }
    return true;
}

bool scheduler_all_idle(const struct scheduler *s)
{
    for (const struct search *q = s->searches; q != NULL; q = q->next) {
        if (!scheduler_idle(s, q->id))
            return false;
    }
    return true;
}

int scheduler_live(const struct scheduler *s)
{
    return (int)s->n_attempts;
}
