/*
 * A search taken up again from the store: its journal is applied (never recomputed), its unfinished
 * trials and live attempts are brought back.
 */
#include "sched/copies.h"

#include "base/array.h"
#include "base/io.h"
#include "base/number.h"
#include "sched/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    struct scheduler *s;
    struct search *q;
    struct error *e;
    int64_t last_time;
    bool standing;        /* paused at last_time */
    unsigned char *flags; /* by trial number */
    int *preempted;       /* the last attempt that was; 0: none */
    size_t n_flags;
};

enum {
    FLAG_OVER = 1,    /* its exit is in the journal */
    FLAG_DECIDED = 2, /* the allocator stopped it */
    FLAG_PAUSE = 4,   /* a person's wish */
    FLAG_STOP = 8,
    FLAG_CANCEL = 16,
    FLAG_WAITS = 32,   /* the allocator paused it */
    FLAG_GOES_ON = 64, /* and let it go on */
    FLAG_WISHES = FLAG_PAUSE | FLAG_STOP | FLAG_CANCEL
};

static enum code make_room(struct replay *r, size_t i)
{
    if (i < r->n_flags)
        return OK;
    size_t want = i * 2 + 64;
    unsigned char *flags = realloc(r->flags, want);
    if (flags != NULL)
        r->flags = flags;
    int *preempted = reallocarray(r->preempted, want, sizeof *preempted);
    if (preempted != NULL)
        r->preempted = preempted;
    if (flags == NULL || preempted == NULL)
        return error_nomem(r->e);
    memset(flags + r->n_flags, 0, want - r->n_flags);
    memset(preempted + r->n_flags, 0, (want - r->n_flags) * sizeof *preempted);
    r->n_flags = want;
    return OK;
}

static enum code set_flags(struct replay *r, int64_t trial, int clear, int set)
{
    size_t i = (size_t)trial;
    enum code c = make_room(r, i);
    if (c == OK)
        r->flags[i] = (unsigned char)((r->flags[i] & ~clear) | set);
    return c;
}

static int flags_of(const struct replay *r, int64_t trial)
{
    return (size_t)trial < r->n_flags ? r->flags[trial] : 0;
}

static bool is_over(const struct replay *r, int64_t trial)
{
    return (flags_of(r, trial) & FLAG_OVER) != 0;
}

static bool has(struct str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* What an event says was used up by then; false: it doesn't, in a journal of before. */
static bool said_elapsed(struct str data, int64_t *ret)
{
    static const char key[] = "\"elapsed_ns\":";
    const char *at = memmem(data.p, data.n, key, sizeof key - 1);
    if (at == NULL)
        return false;
    struct str rest = str_sub(data, (size_t)(at - data.p) + sizeof key - 1, data.n);
    size_t n = 0;
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
        n++;
    return number_parse_i64(str_sub(rest, 0, n), ret);
}

/* Time between two entries was used, but for what passed while the search was paused or nobody ran
 * it: what an event says was used is what the controller of then knew. */
static void count_time(struct replay *r, const struct journal_row *row)
{
    bool event = str_is(row->kind, "event") && row->trial == 0;
    if ((!event || !said_elapsed(row->data, &r->q->elapsed_ns)) && r->last_time != 0 &&
        !r->standing && row->time > r->last_time)
        r->q->elapsed_ns += row->time - r->last_time;
    r->last_time = row->time;
    if (event) {
        if (has(row->data, "\"resumed\""))
            r->standing = false;
        else if (has(row->data, "\"paused\"") || has(row->data, "\"stopped\""))
            r->standing = true;
    }
}

static enum code on_preempted(struct replay *r, const struct journal_row *row)
{
    static const char key[] = "\"attempt\":";
    const char *p = memmem(row->data.p, row->data.n, key, sizeof key - 1);
    enum code c = make_room(r, (size_t)row->trial);
    if (c == OK && p != NULL)
        r->preempted[row->trial] = (int)strtol(p + sizeof key - 1, NULL, 10);
    return c;
}

/* What a person wanted of a trial, which its attempt may not have heard of. */
static enum code on_wish(struct replay *r, const struct journal_row *row)
{
    if (has(row->data, "\"reopened\""))
        return set_flags(r, row->trial, 0xff, 0);
    if (has(row->data, "\"resumed\""))
        return set_flags(r, row->trial, FLAG_WISHES, 0);
    if (has(row->data, "\"paused\""))
        return set_flags(r, row->trial, FLAG_WISHES, FLAG_PAUSE);
    if (has(row->data, "\"stopped\""))
        return set_flags(r, row->trial, FLAG_WISHES, FLAG_STOP);
    if (has(row->data, "\"killed\""))
        return set_flags(r, row->trial, FLAG_WISHES, FLAG_CANCEL);
    if (has(row->data, "\"preempted\""))
        return on_preempted(r, row);
    return OK;
}

static enum code on_entry(void *self, const struct journal_row *row)
{
    struct replay *r = self;
    struct entry entry = {.seq = row->seq, .trial = row->trial, .data = row->data};
    if (!entry_kind_parse(row->kind, &entry.kind))
        return error_set(r->e, E_CORRUPT, "journal entry %lld of search %lld is of no known kind",
                         (long long)row->seq, (long long)r->q->id.v);
    count_time(r, row);
    enum code c = searcher_apply(r->q->searcher, &entry, r->e);
    if (c == OK && entry.kind == ENTRY_ASK && row->trial > r->q->asked)
        r->q->asked = row->trial;
    if (c == OK && entry.kind == ENTRY_REPORT && has(row->data, "\"pause\""))
        c = set_flags(r, row->trial, FLAG_GOES_ON, FLAG_WAITS);
    if (c == OK && entry.kind == ENTRY_ASK && (flags_of(r, row->trial) & FLAG_WAITS) != 0)
        c = set_flags(r, row->trial, FLAG_WAITS, FLAG_GOES_ON);
    if (c == OK && entry.kind == ENTRY_EXIT)
        c = set_flags(r, row->trial, 0, FLAG_OVER);
    if (c == OK && entry.kind == ENTRY_REPORT && has(row->data, "\"stop\""))
        c = set_flags(r, row->trial, 0, FLAG_DECIDED);
    if (c == OK && entry.kind == ENTRY_EVENT && row->trial > 0)
        c = on_wish(r, row);
    return c;
}

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct replay *r = self;
    struct search *q = r->q;
    search_count_steps(q, row->from_step, row->step);
    if (trial_state_final(row->state) && is_over(r, trial_id_number(row->id))) {
        /* Only for the incumbent. */
        struct live_trial t = {.search = q, .row = *row};
        bool lost = searcher_is_replaced(q->searcher, trial_id_number(row->id));
        if (row->state == TRIAL_COMPLETED || (row->state == TRIAL_STOPPED && !lost))
            trial_consider_best(r->s, &t);
        keeping_over(r->s, q, row);
        return OK;
    }
    struct live_trial *t = live_trial_add(r->s, q, row, NULL, r->e);
    if (t == NULL)
        return r->e->code;
    int flags = flags_of(r, trial_id_number(row->id));
    t->stop_decided = (flags & FLAG_DECIDED) != 0;
    t->rung = (flags & FLAG_WAITS) != 0 ? RUNG_WAITS : RUNG_CLIMBS;
    if (searcher_is_replaced(q->searcher, trial_id_number(row->id))) {
        t->stop_decided = true;
        t->rung = RUNG_CLIMBS;
    }
    t->wish = (flags & FLAG_CANCEL) != 0  ? WISH_CANCEL
              : (flags & FLAG_STOP) != 0  ? WISH_STOP
              : (flags & FLAG_PAUSE) != 0 ? WISH_PAUSE
                                          : WISH_NONE;
    return OK;
}

/* Verdicts that were journalled but perhaps never told. */
static void tell_again(struct scheduler *s, struct live_trial *t)
{
    const struct search *q = t->search;
    if (t->wish == WISH_CANCEL)
        trial_tell(s, t, VERDICT_KILL);
    else if (t->wish == WISH_STOP || t->stop_decided || q->state == SEARCH_STOPPED ||
             q->state == SEARCH_FAILED)
        trial_tell(s, t, VERDICT_STOP);
    else if (t->wish == WISH_PAUSE || q->state == SEARCH_PAUSED || t->rung != RUNG_CLIMBS)
        trial_tell(s, t, VERDICT_PAUSE);
}

static enum code on_attempt(void *self, const struct attempt_row *row)
{
    struct replay *r = self;
    struct live_trial *t = live_trial_find(r->q, trial_id_number(row->trial));
    r->q->ended_attempts = ALIKE_FAILURES + 1; /* it has begun well enough to be taken up again */
    int64_t until = row->ended > 0 ? row->ended : sched_real(r->s);
    if (until > row->started)
        r->q->slot_ns_used += (double)(until - row->started);
    if (t == NULL)
        return OK;
    if (row->number > t->attempts)
        t->attempts = row->number;
    if (row->from_step > t->began_from)
        t->began_from = row->from_step;
    if (row->state == ATTEMPT_LOST)
        t->lost++;
    if (row->state != ATTEMPT_STARTING && row->state != ATTEMPT_RUNNING)
        return OK;
    /* An attempt that began below the rung is the one that was paused there. */
    bool goes_on = (flags_of(r, trial_id_number(row->trial)) & FLAG_GOES_ON) != 0;
    if (goes_on && row->from_step < t->row.step)
        t->rung = RUNG_GOES_ON;
    enum code c = live_attempt_adopt(r->s, t, row, r->e);
    if (c == OK)
        tell_again(r->s, t);
    if (c == OK && (size_t)trial_id_number(row->trial) < r->n_flags &&
        r->preempted[trial_id_number(row->trial)] == row->number)
        trial_tell(r->s, t, VERDICT_PAUSE);
    return c;
}

struct points {
    struct point {
        int64_t step, seq, time;
        double value;
        bool late; /* its attempt had reported a later step */
    } * v;
    size_t n, capacity;
    int attempt;
    int64_t reached; /* by it */
    struct error *e;
};

static enum code on_point(void *self, const struct metric_point *p)
{
    struct points *all = self;
    if (!array_reserve(all->v, &all->capacity, all->n + 1))
        return error_nomem(all->e);
    if (all->attempt != p->attempt)
        all->reached = p->step;
    all->attempt = p->attempt;
    all->v[all->n++] = (struct point){p->step, p->seq, p->time, p->value, p->step < all->reached};
    all->reached = p->step > all->reached ? p->step : all->reached;
    return OK;
}

/* Points of one step are of one attempt. */
static int by_step(const void *a, const void *b)
{
    const struct point *x = a, *y = b;
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* By step: a later attempt may have done steps again that lie before the last one of its
 * predecessor, and its points come after that in the store. What came late within its attempt is
 * marked, since it was passed over when it came. To be freed, also on failure. */
static enum code read_points(struct scheduler *s, const struct live_trial *t, size_t measure,
                             struct points *all, struct error *e)
{
    enum code c = store_metrics(s->o.store, t->row.id, t->search->settings->measures[measure].name,
                                on_point, all, e);
    if (c == OK && all->n > 0)
        qsort(all->v, all->n, sizeof *all->v, by_step);
    return c;
}

enum code replay_value_at(struct scheduler *s, const struct live_trial *t, int64_t step,
                          double *ret, struct error *e)
{
    struct live_trial then = {.search = t->search};
    struct points all = {.e = e};
    enum code c = trial_prepare_taken(&then) == OK ? OK : error_nomem(e);
    if (c == OK)
        c = read_points(s, t, 0, &all, e);
    for (size_t i = 0; c == OK && i < all.n && all.v[i].step <= step; i++)
        if (!all.v[i].late)
            *ret = trial_take(&then, 0, all.v[i].step, all.v[i].value);
    trial_free_taken(&then);
    free(all.v);
    return c;
}

static enum code replay_measure(struct scheduler *s, struct live_trial *t, size_t measure,
                                int64_t fed, struct error *e)
{
    const struct search *q = t->search;
    struct points all = {.e = e};
    enum code c = read_points(s, t, measure, &all, e);
    for (size_t i = 0; c == OK && i < all.n; i++) {
        if (all.v[i].time > t->search->last_report)
            t->search->last_report = all.v[i].time;
        if (all.v[i].late)
            continue;
        double value = trial_take(t, measure, all.v[i].step, all.v[i].value);
        if (all.v[i].step > t->furthest)
            t->furthest = all.v[i].step;
        /* order: fixed may have taken reports whose turn has not come. */
        if (measure == 0 && q->turn > 0 && all.v[i].step > fed)
            feed_report(s, t, all.v[i].step, value, all.v[i].seq, false);
    }
    t->taken[measure].attempt = 0;
    free(all.v);
    return c;
}

enum code replay_taken(struct scheduler *s, struct live_trial *t, int64_t fed, struct error *e)
{
    enum code c = OK;
    for (size_t i = 0; c == OK && i < t->search->settings->n_measures; i++)
        c = replay_measure(s, t, i, fed, e);
    if (c == OK)
        keeping_restored(t);
    return c;
}

static int64_t last_fed_step(const struct live_trial *t)
{
    int64_t next = searcher_next_wanted(t->search->searcher, trial_id_number(t->row.id), 0);
    return next == INT64_MAX ? INT64_MAX : next - 1;
}

static enum code refeed_trials(struct scheduler *s, struct search *q, struct error *e)
{
    for (size_t i = 0; i < q->n_trials; i++) {
        struct live_trial *t = q->trials[i].trial;
        if (t == NULL)
            continue;
        if (!hand_on_replay(s, t))
            return s->fatal.code;
        int64_t counted = t->furthest;
        enum code c = replay_taken(s, t, last_fed_step(t), e);
        if (c != OK)
            return c;
        search_count_steps(q, counted, t->furthest);
        if (trial_state_final(t->row.state)) {
            enum outcome o = t->row.state == TRIAL_COMPLETED    ? OUTCOME_COMPLETED
                             : t->row.state == TRIAL_STOPPED    ? OUTCOME_STOPPED
                             : t->row.state == TRIAL_INFEASIBLE ? OUTCOME_INFEASIBLE
                             : t->row.state == TRIAL_CANCELLED  ? OUTCOME_CANCELLED
                                                                : OUTCOME_FAILED;
            feed_exit(s, t, o);
        }
    }
    return OK;
}

/* order: fixed. The turn is the first trial that is not over, or whose end was not yet answered
 * with an ask. */
static void find_turn(struct replay *r)
{
    struct search *q = r->q;
    if (q->turn == 0)
        return;
    while (is_over(r, q->turn) && q->asked >= q->turn + q->parallel)
        q->turn++;
}

enum code search_replay(struct scheduler *s, struct search *q, const struct search_row *row,
                        struct error *e)
{
    struct error own = {0};
    struct replay r = {.s = s, .q = q, .e = e != NULL ? e : &own};
    size_t events = s->n_events;
    memcpy(q->counts, row->counts, sizeof q->counts);
    enum code c = store_journal(s->o.store, q->id, 1, on_entry, &r, e);
    find_turn(&r);
    if (c == OK)
        c = store_trials(s->o.store, q->id, 0, on_trial, &r, e);
    if (c == OK)
        c = store_search_attempts(s->o.store, q->id, on_attempt, &r, e);
    if (c == OK)
        c = refeed_trials(s, q, e);
    if (c == OK && !r.standing && q->last_report > r.last_time)
        q->elapsed_ns += q->last_report - r.last_time;
    free(r.flags);
    free(r.preempted);
    s->n_events = events; /* what was found again is no news */
    return c;
}

/* --- from the store's row to a search --- */

/* A search without its code can still be looked at, killed and stopped; nothing more of it runs
 * (search_code_changed). */
static enum code restore_code(struct scheduler *s, struct search *q, struct str id, struct error *e)
{
    char text[SNAPSHOT_ID + 1];
    struct error why = {0};
    if (id.n == 0)
        return OK; /* it never had any: it runs no program */
    char *code_dir = io_join(s->store_dir, "code");
    if (code_dir == NULL)
        return error_nomem(e);
    snprintf(text, sizeof text, "%.*s", STR_FMT(id));
    enum code c = snapshot_load(&q->arena, code_dir, text, &q->snapshot, &why);
    free(code_dir);
    if (c == E_NOMEM)
        return error_nomem(e);
    if (c != OK)
        snprintf(q->code_gone, sizeof q->code_gone, "its code can't be read: %.300s", why.message);
    return OK;
}

static enum code restore(struct scheduler *s, struct search *q, const struct search_row *row,
                         struct error *e)
{
    struct kept kept;
    q->id = row->id;
    q->state = row->state;
    q->directory = strndup(row->directory.p, row->directory.n);
    snprintf(q->why, sizeof q->why, "%.*s", STR_FMT(row->why));
    q->settings->effort.trials = row->budget_trials;
    enum code c = q->directory != NULL ? OK : error_nomem(e);
    if (c == OK)
        c = restore_code(s, q, row->snapshot, e);
    if (c == OK)
        c = kept_rest(row, &q->arena, &kept, e);
    if (c == OK) {
        q->seed = kept.seed;
        q->keep = kept.env;
        q->n_keep = kept.n_env;
    }
    if (c == OK && arena_str(&q->arena, row->method, &q->method_text) != OK)
        c = error_nomem(e);
    if (c == OK)
        c = method_parse(&q->arena, q->method_text, (struct location){0}, &q->method, e);
    if (c == OK)
        c = method_resolve(&q->method, q->settings->space, &q->settings->effort, e);
    if (c == OK)
        c = search_learn_pace(s, q, e);
    q->method.why[0] = 0; /* it was said when the search began */
    if (c == OK)
        c = search_make_searcher(s, q, e);
    return c;
}

static enum code open_row(struct scheduler *s, const struct search_row *row, struct error *e)
{
    struct settings *st;
    enum code c = kept_settings(row, &st, e);
    if (c != OK)
        return c;
    struct search *q = search_new(st, e);
    if (q == NULL)
        return E_NOMEM;
    c = restore(s, q, row, e);
    if (c == OK)
        c = search_replay(s, q, row, e);
    if (c != OK) {
        while (s->n_attempts > 0 && q->n_trials > 0) {
            struct live_attempt *at = s->attempts[s->n_attempts - 1].at;
            if (at->trial->search != q)
                break;
            live_attempt_drop(s, at);
        }
        search_free(q);
        return c;
    }
    q->next = s->searches;
    s->searches = q;
    return OK;
}

enum code scheduler_open(struct scheduler *s, struct search_id id, struct error *e)
{
    struct arena a;
    struct search_row row;
    if (search_find(s, id) != NULL)
        return OK;
    arena_init(&a, 64 << 20);
    enum code c = store_search_get(s->o.store, id, &a, &row, e);
    if (c == OK)
        c = open_row(s, &row, e);
    arena_free(&a);
    return c;
}

/* --- what a controller that died left running --- */

struct left_over {
    struct search_id ids[256];
    size_t n;
};

static void remember(struct left_over *l, struct search_id id)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->ids[i].v == id.v)
            return;
    }
    if (l->n < sizeof l->ids / sizeof l->ids[0])
        l->ids[l->n++] = id;
}

static enum code on_left_search(void *self, const struct search_row *row)
{
    if (row->state == SEARCH_RUNNING)
        remember(self, row->id);
    return OK;
}

static enum code on_left_attempt(void *self, const struct attempt_row *row)
{
    remember(self, trial_id_search(row->trial));
    return OK;
}

enum code scheduler_recover(struct scheduler *s, struct search_id but, struct error *e)
{
    struct left_over l = {.n = 0};
    enum code c = store_searches(s->o.store, on_left_search, &l, e);
    if (c == OK)
        c = store_live_attempts(s->o.store, on_left_attempt, &l, e);
    for (size_t i = 0; c == OK && i < l.n; i++) {
        if (l.ids[i].v == but.v)
            continue;
        c = scheduler_open(s, l.ids[i], e);
        struct search *q = c == OK ? search_find(s, l.ids[i]) : NULL;
        if (q == NULL || q->state != SEARCH_RUNNING)
            continue;
        c = scheduler_pause(s, l.ids[i], e);
    }
    return c;
}
