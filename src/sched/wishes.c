/*
 * A person's wishes: pause, preempt, resume, stop, kill, retry, of a search or of one trial.
 *
 * Each is an event of the journal first, so that a controller that dies between the wish and its
 * being carried out finds it again (replay.c).
 */
#include "sched/copies.h"

#include <stdio.h>
#include <unistd.h>

static enum code dead(struct scheduler *s, struct error *e)
{
    if (e != NULL)
        *e = s->fatal;
    return s->fatal.code;
}

static enum code opened(struct scheduler *s, struct search_id id, struct search **ret,
                        struct error *e)
{
    enum code c = scheduler_open(s, id, e);
    if (c == OK)
        *ret = search_find(s, id);
    return c;
}

static enum code not_now(struct error *e, const struct search *q, const char *verb)
{
    enum code c = error_set(e, E_STATE, "search %lld is %s: it can't be %s", (long long)q->id.v,
                            search_state_name(q->state), verb);
    if (q->state == SEARCH_COMPLETED && q->counts[TRIAL_FAILED] > 0)
        error_hint(e, "`trawl retry %lld` runs its failed trials again", (long long)q->id.v);
    return c;
}

/* With the program's folder renamed, what git ignores in it (data, mostly) is out of reach. */
static enum code check_originals(const struct search *q, struct error *e)
{
    for (size_t i = 0; i < q->snapshot.n_links; i++) {
        const struct snapshot_link *l = &q->snapshot.links[i];
        if (!l->original || access(q->directory, F_OK) == 0)
            continue;
        error_set(e, E_NOT_FOUND, "search %lld can't go on: its trials use %.*s, which is gone",
                  (long long)q->id.v, STR_FMT(l->target));
        error_hint(e, "put the folder back where it was, or begin a new search with `trawl run`");
        return E_NOT_FOUND;
    }
    return OK;
}

/* Nothing more is run from a snapshot that is not what was taken. */
static enum code check_code(struct scheduler *s, const struct search *q, struct error *e)
{
    char why[400];
    if (!search_code_changed(s, q, why))
        return check_originals(q, e);
    error_set(e, E_CORRUPT, "search %lld can't go on: %s", (long long)q->id.v, why);
    error_hint(e, "`trawl run` begins a new one, with the code taken again");
    return E_CORRUPT;
}

static enum code begin(struct scheduler *s, struct search *q, int64_t trial, const char *name,
                       struct error *e)
{
    if (!sched_write(s, true) || !search_note_event(s, q, trial, name))
        return dead(s, e);
    return OK;
}

/* Paused trials go back into the queue; one whose attempt is not gone yet starts when it is. */
static void requeue(struct scheduler *s, struct live_trial *t)
{
    t->wish = WISH_NONE;
    if (t->row.state == TRIAL_PAUSED && t->rung != RUNG_WAITS) {
        trial_set_state(s, t, TRIAL_QUEUED);
        (void)sched_event(s, EVENT_TRIAL_QUEUED, t->search, t);
    }
}

static void run_again(struct scheduler *s, struct search *q)
{
    q->told_ended = q->over_budget = false;
    q->open_for_asks = true;
    search_set_state(s, q, SEARCH_RUNNING, "");
    search_clock_start(s, q);
    search_say_started(s, q);
}

enum code scheduler_resume(struct scheduler *s, struct search_id id, struct error *e)
{
    struct search *q;
    enum code c = opened(s, id, &q, e);
    if (c != OK)
        return c;
    if (q->state == SEARCH_COMPLETED)
        return not_now(e, q, "resumed");
    c = check_code(s, q, e);
    if (c != OK && q->state == SEARCH_RUNNING)
        (void)!scheduler_pause(s, id, NULL); /* left running by a controller that died */
    if (c == OK)
        c = begin(s, q, 0, "resumed", e);
    if (c != OK)
        return c;
    for (size_t i = 0; i < q->n_trials; i++) {
        if (q->trials[i].trial != NULL)
            requeue(s, q->trials[i].trial);
    }
    run_again(s, q);
    return sched_ok(s) ? OK : dead(s, e);
}

enum code scheduler_pause(struct scheduler *s, struct search_id id, struct error *e)
{
    struct search *q;
    enum code c = opened(s, id, &q, e);
    if (c != OK)
        return c;
    if (q->state == SEARCH_PAUSED)
        return OK;
    if (q->state != SEARCH_RUNNING)
        return not_now(e, q, "paused");
    c = begin(s, q, 0, "paused", e);
    if (c != OK)
        return c;
    search_set_state(s, q, SEARCH_PAUSED, "");
    for (size_t i = 0; i < q->n_trials; i++) {
        if (q->trials[i].trial != NULL)
            trial_tell(s, q->trials[i].trial, VERDICT_PAUSE);
    }
    (void)sched_event(s, EVENT_SEARCH_PAUSING, q, NULL);
    return sched_ok(s) ? OK : dead(s, e);
}

/* Does an attempt of it run that was not told to end yet? */
static bool may_be_preempted(const struct live_trial *t)
{
    return t != NULL && live_trial_runs(t) && t->attempt->told == VERDICT_CONTINUE;
}

static bool preempt(struct scheduler *s, struct live_trial *t)
{
    if (!sched_write(s, true) || !search_note_preempted(s, t->attempt))
        return false;
    trial_tell(s, t, VERDICT_PAUSE);
    return true;
}

enum code scheduler_preempt(struct scheduler *s, struct search_id id, struct error *e)
{
    struct search *q;
    bool any = false;
    enum code c = opened(s, id, &q, e);
    if (c != OK)
        return c;
    for (size_t i = 0; i < q->n_trials; i++) {
        struct live_trial *t = q->trials[i].trial;
        if (!may_be_preempted(t))
            continue;
        any = true;
        if (!preempt(s, t))
            return dead(s, e);
    }
    return any ? OK
               : error_set(e, E_STATE, "nothing runs of search %lld: it is %s", (long long)q->id.v,
                           search_state_name(q->state));
}

static enum code end_search(struct scheduler *s, struct search_id id, bool kill, struct error *e)
{
    struct search *q;
    enum code c = opened(s, id, &q, e);
    if (c != OK)
        return c;
    if (q->state != SEARCH_RUNNING && q->state != SEARCH_PAUSED && q->running == 0)
        return not_now(e, q, kill ? "killed" : "stopped");
    c = begin(s, q, 0, "stopped", e);
    if (c != OK)
        return c;
    search_set_state(s, q, SEARCH_STOPPED, kill ? "killed" : "stopped by hand");
    for (size_t i = q->n_trials; i > 0; i--) {
        struct live_trial *t = q->trials[i - 1].trial;
        if (t == NULL)
            continue;
        t->wish = kill ? WISH_CANCEL : WISH_STOP;
        if (live_trial_runs(t))
            trial_tell(s, t, kill ? VERDICT_KILL : VERDICT_STOP);
        else if (!trial_state_final(t->row.state))
            trial_end(s, t, kill ? TRIAL_CANCELLED : TRIAL_STOPPED, (struct str){0});
    }
    return sched_ok(s) ? OK : dead(s, e);
}

enum code scheduler_stop(struct scheduler *s, struct search_id id, struct error *e)
{
    return end_search(s, id, false, e);
}

enum code scheduler_kill(struct scheduler *s, struct search_id id, struct error *e)
{
    return end_search(s, id, true, e);
}

void scheduler_pause_all(struct scheduler *s)
{
    struct error e = {0};
    for (struct search *q = s->searches; q != NULL && sched_ok(s); q = q->next) {
        if (q->state == SEARCH_RUNNING)
            (void)!scheduler_pause(s, q->id, &e);
    }
}

void scheduler_hurry(struct scheduler *s)
{
    for (struct search *q = s->searches; q != NULL; q = q->next) {
        if (q->state != SEARCH_PAUSED)
            continue;
        for (size_t i = 0; i < q->n_trials; i++) {
            if (q->trials[i].trial != NULL)
                trial_tell(s, q->trials[i].trial, VERDICT_KILL);
        }
    }
}

/* --- one trial --- */

static enum code live(struct scheduler *s, struct trial_id id, struct search **ret_q,
                      struct live_trial **ret, struct error *e)
{
    struct arena a;
    struct trial_row row;
    arena_init(&a, 8 << 20);
    enum code c = store_trial_get(s->o.store, id, &a, &row, e);
    if (c == OK)
        c = opened(s, trial_id_search(id), ret_q, e);
    if (c == OK) {
        *ret = live_trial_find(*ret_q, trial_id_number(id));
        if (*ret == NULL || trial_state_final((*ret)->row.state))
            c = error_set(e, E_STATE, "trial %lld.%lld is %s already",
                          (long long)trial_id_search(id).v, (long long)trial_id_number(id),
                          trial_state_name(row.state));
    }
    arena_free(&a);
    return c;
}

static enum code wish(struct scheduler *s, struct trial_id id, enum wish w, struct error *e)
{
    static const char *const names[] = {"resumed", "paused", "stopped", "killed"};
    static const enum verdict verdicts[] = {VERDICT_CONTINUE, VERDICT_PAUSE, VERDICT_STOP,
                                            VERDICT_KILL};
    struct search *q;
    struct live_trial *t;
    enum code c = live(s, id, &q, &t, e);
    if (c == OK)
        c = begin(s, q, trial_id_number(id), names[w], e);
    if (c != OK)
        return c;
    t->wish = w;
    if (live_trial_runs(t))
        trial_tell(s, t, verdicts[w]);
    else if (w == WISH_PAUSE)
        trial_set_state(s, t, TRIAL_PAUSED);
    else
        trial_end(s, t, w == WISH_STOP ? TRIAL_STOPPED : TRIAL_CANCELLED, (struct str){0});
    return sched_ok(s) ? OK : dead(s, e);
}

enum code scheduler_trial_pause(struct scheduler *s, struct trial_id id, struct error *e)
{
    return wish(s, id, WISH_PAUSE, e);
}

enum code scheduler_trial_stop(struct scheduler *s, struct trial_id id, struct error *e)
{
    return wish(s, id, WISH_STOP, e);
}

enum code scheduler_trial_kill(struct scheduler *s, struct trial_id id, struct error *e)
{
    return wish(s, id, WISH_CANCEL, e);
}

enum code scheduler_trial_preempt(struct scheduler *s, struct trial_id id, struct error *e)
{
    struct search *q;
    struct live_trial *t;
    enum code c = live(s, id, &q, &t, e);
    if (c == OK && !may_be_preempted(t))
        c = error_set(e, E_STATE, "trial %lld.%lld is %s: there is nothing to preempt",
                      (long long)q->id.v, (long long)trial_id_number(id),
                      t->row.state == TRIAL_RUNNING ? "ending already"
                                                    : trial_state_name(t->row.state));
    if (c != OK)
        return c;
    return preempt(s, t) ? OK : dead(s, e);
}

enum code scheduler_trial_resume(struct scheduler *s, struct trial_id id, struct error *e)
{
    struct search *q;
    struct live_trial *t;
    enum code c = live(s, id, &q, &t, e);
    if (c == OK && t->rung == RUNG_WAITS && t->wish != WISH_PAUSE) {
        c = error_set(e, E_STATE,
                      "trial %lld.%lld waits at step %lld until its method lets it go on",
                      (long long)q->id.v, (long long)trial_id_number(id), (long long)t->row.step);
        error_hint(e, "`%.*s` trains the best of those that wait, and no others",
                   STR_FMT(q->method_text));
    }
    if (c == OK && t->row.state != TRIAL_PAUSED && t->wish != WISH_PAUSE)
        c = error_set(e, E_STATE, "trial %lld.%lld is %s, not paused", (long long)q->id.v,
                      (long long)trial_id_number(id), trial_state_name(t->row.state));
    if (c == OK)
        c = begin(s, q, trial_id_number(id), "resumed", e);
    if (c != OK)
        return c;
    requeue(s, t);
    if (q->state == SEARCH_PAUSED)
        c = scheduler_resume(s, q->id, e);
    return c;
}

static enum code reopen(struct scheduler *s, struct search *q, const struct trial_row *row,
                        struct error *e)
{
    struct arena a;
    struct entry entry = {0};
    arena_init(&a, 1 << 20);
    if (!sched_write(s, true)) {
        arena_free(&a);
        return dead(s, e);
    }
    enum code c = searcher_reopen(q->searcher, &a, trial_id_number(row->id), &entry, e);
    if (c == OK && !search_journal(s, q, &entry))
        c = dead(s, e);
    arena_free(&a);
    if (c != OK)
        return c;
    struct live_trial *old = live_trial_find(q, trial_id_number(row->id));
    if (old != NULL)
        live_trial_drop(q, old);
    struct live_trial *t = live_trial_add(s, q, row, NULL, e);
    if (t == NULL)
        return E_NOMEM;
    t->row.retries = 0;
    t->row.ended = 0;
    t->row.why = (struct str){0};
    trial_set_state(s, t, TRIAL_QUEUED);
    (void)sched_event(s, EVENT_TRIAL_QUEUED, q, t);
    return OK;
}

static enum code after_retry(struct scheduler *s, struct search *q, struct error *e)
{
    if (q->state != SEARCH_RUNNING) {
        enum code c = begin(s, q, 0, "resumed", e);
        if (c != OK)
            return c;
    }
    run_again(s, q);
    return sched_ok(s) ? OK : dead(s, e);
}

static enum code count_attempts(void *self, const struct attempt_row *row)
{
    struct live_trial *t = self;
    if (row->number > t->attempts)
        t->attempts = row->number;
    return OK;
}

static enum code retry_row(struct scheduler *s, struct search *q, const struct trial_row *row,
                           struct error *e)
{
    struct live_trial *t = live_trial_find(q, trial_id_number(row->id));
    if (t != NULL && t->attempt != NULL)
        return error_set(e, E_BUSY, "trial %lld.%lld is just ending; try again", (long long)q->id.v,
                         (long long)trial_id_number(row->id));
    enum code c = reopen(s, q, row, e);
    if (c != OK)
        return c;
    t = live_trial_find(q, trial_id_number(row->id));
    c = store_attempts(s->o.store, row->id, count_attempts, t, e);
    if (c == OK)
        c = replay_taken(s, t, INT64_MAX, e);
    if (c == OK && !hand_on_copy(s, t))
        c = dead(s, e);
    return c;
}

enum code scheduler_trial_retry(struct scheduler *s, struct trial_id id, struct error *e)
{
    struct arena a;
    struct trial_row row;
    struct search *q = NULL;
    arena_init(&a, 8 << 20);
    enum code c = store_trial_get(s->o.store, id, &a, &row, e);
    if (c == OK)
        c = opened(s, trial_id_search(id), &q, e);
    if (c == OK && row.state != TRIAL_FAILED && row.state != TRIAL_STOPPED)
        c = error_set(
            e, E_STATE, "trial %lld.%lld is %s; only what failed or was stopped is retried",
            (long long)q->id.v, (long long)trial_id_number(id), trial_state_name(row.state));
    if (c == OK)
        c = check_code(s, q, e);
    if (c == OK)
        c = retry_row(s, q, &row, e);
    if (c == OK)
        c = after_retry(s, q, e);
    arena_free(&a);
    return c;
}

enum { RETRY_MAX = 100000 };

struct failed_trials {
    struct arena a;
    int64_t *numbers;
    size_t n;
};

static enum code on_failed(void *self, const struct trial_row *row)
{
    struct failed_trials *f = self;
    if (f->n >= RETRY_MAX)
        return OK;
    f->numbers[f->n++] = trial_id_number(row->id);
    return OK;
}

static enum code retry_each(struct scheduler *s, struct search *q, const struct failed_trials *f,
                            struct error *e)
{
    enum code c = OK;
    for (size_t i = 0; c == OK && i < f->n; i++) {
        struct arena a;
        struct trial_row row;
        arena_init(&a, 8 << 20);
        c = store_trial_get(s->o.store, trial_id_of(q->id, f->numbers[i]), &a, &row, e);
        if (c == OK)
            c = retry_row(s, q, &row, e);
        arena_free(&a);
    }
    return c;
}

enum code scheduler_retry(struct scheduler *s, struct search_id id, struct error *e)
{
    struct search *q;
    struct failed_trials f = {.n = 0};
    enum code c = opened(s, id, &q, e);
    if (c != OK)
        return c;
    arena_init(&f.a, 16 << 20);
    f.numbers = arena_array(&f.a, RETRY_MAX, sizeof *f.numbers);
    if (f.numbers == NULL)
        c = error_nomem(e);
    if (c == OK)
        c = store_trials(s->o.store, id, 1u << TRIAL_FAILED, on_failed, &f, e);
    if (c == OK && f.n == 0) {
        c = error_set(e, E_STATE, "search %lld has no failed trials", (long long)id.v);
        if (q->state != SEARCH_COMPLETED)
            error_hint(e, "`trawl resume %lld` goes on with it", (long long)id.v);
    }
    if (c == OK)
        c = check_code(s, q, e);
    if (c == OK)
        c = retry_each(s, q, &f, e);
    if (c == OK)
        c = after_retry(s, q, e);
    arena_free(&f.a);
    return c;
}
