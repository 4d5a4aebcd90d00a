/*
 * Copies of checkpoints that are kept, and checkpoints that go, while the search runs.
 *
 * A copy is made when the program does not write: while it waits for the answer to its report,
 * which comes when the copy is made, or once its attempt is over, and then the next one waits. A
 * program that hears something meanwhile, as when a person pauses it, may have begun to write: such
 * a copy is dropped. Of a program that never waits for an answer only the second kind is made.
 *
 * Nothing is deleted before it is committed that nobody needs it, and both kinds of work are the
 * workers'. A controller that dies leaves a trial's folder as checkpoint.h says, and what nobody
 * needs goes when its search is opened again.
 */
#include "sched/copies.h"

#include "base/array.h"
#include "base/copy.h"
#include "base/failpoint.h"
#include "base/io.h"
#include "sched/checkpoint.h"
#include "search/allocator.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* One piece of the workers' work. to NULL: what was set aside is deleted. */
struct chore {
    struct chore *next; /* of the scheduler's */
    struct scheduler *s;
    struct search_id search;
    int64_t trial, attempt, seq, step; /* seq: of the report that is to be answered; 0: none is */
    char *folder, *from, *to;
    bool durable; /* the copy */
    bool nothing; /* the program has saved nothing */
    enum code code;
    struct error e;
};

static bool is_on(const struct scheduler *s, const struct search *q)
{
    return s->executor->ops->start_bare == NULL && q->settings->keep_checkpoints != KEEP_LAST;
}

/* --- the work --- */

static void copy(struct chore *c)
{
    const struct copy_rules rules = {INT64_MAX, 1000000, c->durable};
    FAILPOINT("checkpoint.before-copy");
    c->nothing = checkpoint_is_empty(c->from);
    c->code = c->nothing ? OK : io_remove_tree(c->to, &c->e);
    if (c->code == OK && !c->nothing)
        c->code = copy_folder(c->from, c->to, &rules, NULL, &c->e);
    FAILPOINT("checkpoint.after-copy");
}

static void run(void *self)
{
    struct chore *c = self;
    if (c->to != NULL) {
        copy(c);
        return;
    }
    FAILPOINT("checkpoint.before-delete");
    c->code = checkpoint_delete_gone(c->folder, false, &c->e);
    FAILPOINT("checkpoint.after-delete");
}

static void chore_free(struct chore *c)
{
    free(c->folder);
    free(c->from);
    free(c->to);
    free(c);
}

void keeping_forget(struct scheduler *s)
{
    while (s->chores != NULL) {
        struct chore *c = s->chores;
        s->chores = c->next;
        chore_free(c);
    }
}

static void take_out(struct chore *c)
{
    struct chore **at = &c->s->chores;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
}

static char *folder_of(const struct scheduler *s, struct search_id search, int64_t trial)
{
    char *text;
    int n =
        asprintf(&text, "%s/trials/%lld/%lld", s->store_dir, (long long)search.v, (long long)trial);
    return n >= 0 ? text : NULL;
}

static struct chore *chore_new(struct scheduler *s, struct search_id search, int64_t trial)
{
    struct chore *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->s = s;
    c->search = search;
    c->trial = trial;
    c->folder = folder_of(s, search, trial);
    if (c->folder == NULL) {
        chore_free(c);
        return NULL;
    }
    return c;
}

static void say(struct scheduler *s, const struct search *q, const struct live_trial *t,
                const struct error *e)
{
    char text[1100];
    struct event *ev = sched_event(s, EVENT_NOTE, q, t);
    snprintf(text, sizeof text, "%s%s%s", e->message, e->detail[0] ? ": " : "", e->detail);
    ev->text = sched_text(s, str_of(text));
    s->urgent = true;
}

static void done(void *self);

static void give(struct scheduler *s, struct chore *c)
{
    c->next = s->chores;
    s->chores = c;
    if (s->o.workers.submit != NULL &&
        s->o.workers.submit(s->o.workers.self, run, done, c, NULL) == OK)
        return;
    run(c);
    done(c);
}

/* What is set aside under a trial's folder goes. */
static void set_aside(struct scheduler *s, struct search *q, int64_t trial, enum aside which,
                      const char *name)
{
    struct error e = {0};
    bool any = false;
    struct chore *c = chore_new(s, q->id, trial);
    enum code code =
        c != NULL ? checkpoint_set_aside(c->folder, which, name, &any, &e) : error_nomem(&e);
    if (code != OK)
        say(s, q, live_trial_find(q, trial), &e);
    if (c != NULL && (any || which == ASIDE_ALL)) /* a kill may have left something */
        give(s, c);
    else if (c != NULL)
        chore_free(c);
}

/* Did the program have nothing else to do than to wait? */
static bool waited(const struct chore *c, const struct live_trial *t)
{
    const struct live_attempt *at = t->attempt;
    if (c->seq == 0)
        return at == NULL || at->exited;
    return at != NULL && at->row.id.v == c->attempt && !at->exited && at->told == VERDICT_CONTINUE;
}

/* The copy that was made is none: it is due again, at once where the attempt is over. */
static void spoiled(struct scheduler *s, struct search *q, struct live_trial *t,
                    const struct chore *c, const char *name)
{
    set_aside(s, q, c->trial, ASIDE_ONLY, name);
    t->kept_step = c->step - 1;
    t->has_kept = false;
    if (!live_trial_runs(t) && !trial_state_final(t->row.state))
        keeping_paused(s, t);
}

static void copied(struct scheduler *s, struct search *q, struct live_trial *t, struct chore *c)
{
    char name[48];
    snprintf(name, sizeof name, "checkpoint@%lld", (long long)c->step);
    t->copying = false;
    if (c->code != OK)
        say(s, q, t, &c->e);
    else if (!c->nothing && !waited(c, t))
        spoiled(s, q, t, c, name);
    else if (!c->nothing && q->settings->keep_checkpoints == KEEP_BEST)
        set_aside(s, q, c->trial, ASIDE_COPIES_BUT, name);
    if (c->seq > 0 && t->attempt != NULL && t->attempt->row.id.v == c->attempt)
        feed_answer(s, t, c->seq, c->step);
    queue_offer(s, t);
    over_offer(t);
}

static void done(void *self)
{
    struct chore *c = self;
    struct scheduler *s = c->s;
    take_out(c);
    struct search *q = sched_ok(s) ? search_find(s, c->search) : NULL;
    struct live_trial *t = q != NULL ? live_trial_find(q, c->trial) : NULL;
    if (t != NULL && c->to != NULL)
        copied(s, q, t, c);
    else if (q != NULL && c->code != OK)
        say(s, q, t, &c->e);
    s->urgent = true;
    chore_free(c);
}

/* --- what is kept --- */

/* Is there a rung past `from`, up to `to`? What is saved at the end of all steps needs no copy:
 * nothing comes after it. */
static bool has_rung(const struct search *q, int64_t from, int64_t to)
{
    int64_t rungs[RUNGS_MAX], end = q->settings->effort.max_steps;
    size_t n = searcher_rungs(q->searcher, rungs, RUNGS_MAX);
    for (size_t i = 0; i < n && i < RUNGS_MAX; i++)
        if (rungs[i] > from && rungs[i] <= to && rungs[i] < end)
            return true;
    return false;
}

static bool is_better(const struct live_trial *t)
{
    double value = t->taken[0].last;
    if (t->taken[0].reports == 0 || !isfinite(value))
        return false;
    if (!t->has_kept)
        return true;
    return t->search->settings->minimize[0] ? value < t->kept : value > t->kept;
}

/* Is what the program has saved now, at `step`, to be kept? If so it is kept, or never. */
static bool is_due(struct live_trial *t, int64_t step)
{
    bool due = t->search->settings->keep_checkpoints == KEEP_BEST
                   ? is_better(t)
                   : has_rung(t->search, t->kept_step, step);
    if (due) {
        t->kept = t->taken[0].last;
        t->has_kept = true;
    }
    if (step > t->kept_step)
        t->kept_step = step;
    return due && !t->copying;
}

static bool begin_copy(struct scheduler *s, struct live_trial *t, int64_t step, int64_t seq)
{
    struct chore *c = chore_new(s, t->search->id, trial_id_number(t->row.id));
    struct error e = {0};
    if (c != NULL) {
        char name[48];
        snprintf(name, sizeof name, "checkpoint@%lld", (long long)step);
        c->from = io_join(c->folder, "checkpoint");
        c->to = io_join(c->folder, name);
    }
    if (c == NULL || c->from == NULL || c->to == NULL) {
        error_nomem(&e);
        say(s, t->search, t, &e);
        if (c != NULL)
            chore_free(c);
        return false;
    }
    c->durable = t->search->settings->durability == DURABLE_POWER;
    c->step = step;
    c->seq = seq;
    c->attempt = t->attempt != NULL ? t->attempt->row.id.v : 0;
    t->copying = true;
    give(s, c);
    return true;
}

bool keeping_reported(struct scheduler *s, struct live_trial *t, int64_t seq, int64_t step)
{
    if (!is_on(s, t->search) || step < 0 || t->attempt->told != VERDICT_CONTINUE ||
        t->attempt->exited || !is_due(t, step))
        return false;
    sched_act(s, (struct action){.kind = ACTION_HOLD, .attempt = t->attempt->row.id.v, .seq = seq});
    return begin_copy(s, t, step, seq);
}

/* It may have been paused by somebody else, and then anywhere. */
void keeping_paused(struct scheduler *s, struct live_trial *t)
{
    const struct search *q = t->search;
    int64_t step = t->row.step;
    if (!is_on(s, q) || step < 0)
        return;
    bool wanted = q->settings->keep_checkpoints == KEEP_BEST || t->rung != RUNG_CLIMBS ||
                  has_rung(q, step - 1, step);
    if (wanted && is_due(t, step))
        (void)begin_copy(s, t, step, 0);
}

bool keeping_wants_all(const struct search *q)
{
    return q->settings->keep_checkpoints == KEEP_BEST;
}

void keeping_restored(struct live_trial *t)
{
    t->kept_step = t->row.step;
    t->has_kept = t->taken[0].reports > 0;
    t->kept = t->taken[0].best;
}

/* --- what goes --- */

void keeping_over(struct scheduler *s, struct search *q, const struct trial_row *row)
{
    if (!q->settings->only_best_checkpoints || row->baseline || row->state == TRIAL_FAILED)
        return;
    if (method_copies(&q->settings->method)) /* others may begin with it */
        return;
    if (!array_reserve(q->spare, &q->spare_capacity, q->n_spare + 1))
        return; /* it stays until `trawl gc` */
    q->spare[q->n_spare++] = trial_id_number(row->id);
    q->spare_new = true;
}

struct winners {
    struct search *q;
    size_t n; /* of q->spare: those come first that stay */
};

static enum code on_winner(void *self, const struct trial_row *row)
{
    struct winners *w = self;
    for (size_t i = w->n; i < w->q->n_spare; i++) {
        if (w->q->spare[i] != trial_id_number(row->id))
            continue;
        w->q->spare[i] = w->q->spare[w->n];
        w->q->spare[w->n++] = trial_id_number(row->id);
    }
    return OK;
}

/* One that is live again was retried meanwhile. */
static void free_losers(struct scheduler *s, struct search *q)
{
    struct error e = {0};
    struct winners w = {.q = q};
    int limit = q->settings->n_objectives > 1 ? INT32_MAX : 1;
    if (!sched_took(s, store_best(s->o.store, q->id, limit, on_winner, &w, &e), &e))
        return;
    size_t n = q->n_spare;
    q->n_spare = w.n;
    for (size_t i = w.n; i < n && sched_ok(s); i++)
        if (live_trial_find(q, q->spare[i]) == NULL)
            set_aside(s, q, q->spare[i], ASIDE_ALL, NULL);
}

void keeping_free(struct scheduler *s)
{
    if (s->executor->ops->start_bare != NULL)
        return;
    for (struct search *q = s->searches; q != NULL; q = q->next) {
        if (!q->spare_new)
            continue;
        q->spare_new = false;
        free_losers(s, q);
    }
}
