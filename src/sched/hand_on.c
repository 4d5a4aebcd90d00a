/*
 * Checkpoints handed on: from the trial that left one to the trial that begins with it.
 *
 * Copies may be of gigabytes, so workers make them. What is copied:
 *
 *   a trial with a parent    parent/handed@STEP, or else parent/checkpoint -> its own checkpoint
 *   one that goes on and     checkpoint -> handed@STEP, beside it
 *   whose checkpoint may be
 *   asked for yet
 *
 * A trial does not start before its copy is made, nor while its checkpoint is being read: so the
 * source is of that step as long as it is needed. A copy is begun when the ask that wants it is
 * committed and no program writes to the source any more, and it has its name only when it is whole
 * (base/copy.h): so a kill at any instant, or with `durability: power` a loss of power, leaves all
 * of it, or nothing, and then it is made again from a source that is still the same. handed@STEP
 * goes when nobody may ask for it any more, and that is committed.
 *
 * A copy takes the slot that its trial will have: so with one slot the searcher is asked in an
 * order that no clock decides.
 */
#include "sched/checkpoint.h"
#include "sched/copies.h"

#include "base/array.h"
#include "base/copy.h"
#include "base/failpoint.h"
#include "base/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- what there is --- */

static char *folder_of(const struct scheduler *s, struct search_id search, int64_t trial,
                       const char *name)
{
    char tail[96];
    snprintf(tail, sizeof tail, "trials/%lld/%lld%s%s", (long long)search.v, (long long)trial,
             name[0] ? "/" : "", name);
    return io_join(s->store_dir, tail);
}

static char *handed_folder(const struct scheduler *s, struct search_id search, int64_t trial,
                           int64_t step)
{
    char name[48];
    snprintf(name, sizeof name, "handed@%lld", (long long)step);
    return folder_of(s, search, trial, name);
}

static bool is_handed(const struct scheduler *s, struct search_id search, int64_t trial,
                      int64_t step)
{
    char *path = handed_folder(s, search, trial, step);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

static struct live_trial *live(struct scheduler *s, struct search_id search, int64_t trial)
{
    struct search *q = search_find(s, search);
    return q != NULL ? live_trial_find(q, trial) : NULL;
}

/* --- what is wanted --- */

static void forget(struct handing *h)
{
    free(h->from);
    free(h->to);
    free(h);
}

static void take_out(struct scheduler *s, const struct handing *h)
{
    struct handing **at = &s->handings;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
}

void hand_on_free(struct scheduler *s)
{
    while (s->handings != NULL) {
        struct handing *h = s->handings;
        s->handings = h->next;
        forget(h);
    }
    free(s->handed);
}

static bool want(struct scheduler *s, struct live_trial *t, int64_t source, int64_t step)
{
    struct error e;
    int64_t number = trial_id_number(t->row.id);
    t->awaits_copy = true;
    for (const struct handing *h = s->handings; h != NULL; h = h->next) {
        if (h->search.v == t->search->id.v && h->trial == number)
            return true;
    }
    struct handing *h = calloc(1, sizeof *h);
    if (h == NULL) {
        error_nomem(&e);
        sched_die(s, &e);
        return false;
    }
    *h = (struct handing){.next = s->handings,
                          .s = s,
                          .search = t->search->id,
                          .trial = number,
                          .source = source,
                          .step = step,
                          .durable = t->search->settings->durability == DURABLE_POWER};
    s->handings = h;
    t->search->handings++;
    struct live_trial *from = live_trial_find(t->search, source);
    if (from != NULL && from != t)
        from->readers++;
    return true;
}

bool hand_on_copy(struct scheduler *s, struct live_trial *t)
{
    if (t->row.parent == 0 || t->attempts > 0 || s->executor->ops->start_bare != NULL)
        return true;
    return want(s, t, t->row.parent, t->row.from_step);
}

static bool note_handed(struct scheduler *s, struct search_id search, int64_t trial, int64_t step)
{
    struct error e;
    if (!array_reserve(s->handed, &s->handed_capacity, s->n_handed + 1)) {
        error_nomem(&e);
        sched_die(s, &e);
        return false;
    }
    s->handed[s->n_handed++] = (struct handed){search, trial, step};
    return true;
}

bool hand_on_keep(struct scheduler *s, struct live_trial *t, int64_t step)
{
    int64_t number = trial_id_number(t->row.id);
    if (s->executor->ops->start_bare != NULL)
        return true;
    return note_handed(s, t->search->id, number, step) && want(s, t, number, step);
}

bool hand_on_replay(struct scheduler *s, struct live_trial *t)
{
    const struct searcher *x = t->search->searcher;
    int64_t number = trial_id_number(t->row.id), step = searcher_kept(x, number);
    if (trial_state_final(t->row.state) || s->executor->ops->start_bare != NULL)
        return true;
    if (step > 0 && is_handed(s, t->search->id, number, step))
        return note_handed(s, t->search->id, number, step);
    if (step > t->began_from && searcher_may_copy(x, number, step))
        return hand_on_keep(s, t, step);
    return hand_on_copy(s, t);
}

/* --- making it so --- */

static void run(void *self)
{
    struct handing *h = self;
    const struct copy_rules rules = {(int64_t)1 << 44, 10000000, h->durable};
    error_init(&h->error);
    if (checkpoint_is_empty(h->from)) {
        h->code = error_set(&h->error, E_NOT_FOUND,
                            "trial %lld.%lld left no checkpoint by step %lld for another to begin "
                            "with: its TRAWL_CHECKPOINT is empty",
                            (long long)h->search.v, (long long)h->source, (long long)h->step);
        return;
    }
    FAILPOINT("sched.before-copy");
    h->code = copy_folder(h->from, h->to, &rules, NULL, &h->error);
    FAILPOINT("sched.after-copy");
}

static void done(void *self)
{
    struct handing *h = self;
    struct scheduler *s = h->s;
    take_out(s, h);
    struct search *q = search_find(s, h->search);
    struct live_trial *t = live(s, h->search, h->trial), *from = live(s, h->search, h->source);
    if (q != NULL)
        q->handings--;
    if (from != NULL && from != t && from->readers > 0 && --from->readers == 0)
        queue_offer(s, from);
    if (t != NULL) {
        t->awaits_copy = false;
        queue_offer(s, t);
    }
    if (h->code != OK && q != NULL && t != NULL && !trial_state_final(t->row.state) && sched_ok(s))
        search_fail(s, q, h->error.message);
    s->urgent = true;
    forget(h);
}

/* Does no program write to the source any more, nor a copy of it come? */
static bool is_ready(struct scheduler *s, const struct handing *h)
{
    const struct live_trial *from = live(s, h->search, h->source);
    if (h->source != h->trial && is_handed(s, h->search, h->source, h->step))
        return true;
    return from == NULL || (from->attempt == NULL && (h->source == h->trial || !from->awaits_copy));
}

/* A parent that trained past the step, without a copy of what it was, has nothing to give. */
static enum code check_source(struct scheduler *s, const struct handing *h, struct error *e)
{
    struct arena a;
    struct trial_row row;
    arena_init(&a, 8 << 20);
    enum code c = store_trial_get(s->o.store, trial_id_of(h->search, h->source), &a, &row, e);
    arena_free(&a);
    if (c == OK && row.step > h->step)
        c = error_set(e, E_NOT_FOUND, "the checkpoint of trial %lld.%lld at step %lld is gone",
                      (long long)h->search.v, (long long)h->source, (long long)h->step);
    return c;
}

static enum code prepare(struct scheduler *s, struct handing *h, struct error *e)
{
    bool kept = h->source == h->trial;
    bool handed = !kept && is_handed(s, h->search, h->source, h->step);
    char *folder = folder_of(s, h->search, h->trial, "");
    enum code c = folder != NULL ? OK : error_nomem(e);
    if (c == OK && !kept && !handed)
        c = check_source(s, h, e);
    if (c == OK)
        c = io_make_dirs(folder, 0777, e);
    free(folder);
    h->from = handed ? handed_folder(s, h->search, h->source, h->step)
                     : folder_of(s, h->search, h->source, "checkpoint");
    h->to = kept ? handed_folder(s, h->search, h->trial, h->step)
                 : folder_of(s, h->search, h->trial, "checkpoint");
    return c != OK || (h->from != NULL && h->to != NULL) ? c : error_nomem(e);
}

/* A copy was made before a controller died that could not say so; its source may be gone. */
static bool is_made(const struct scheduler *s, const struct handing *h)
{
    char *to = folder_of(s, h->search, h->trial, "checkpoint");
    bool made = h->source != h->trial && to != NULL && !checkpoint_is_empty(to);
    free(to);
    return made;
}

static void begin(struct scheduler *s, struct handing *h)
{
    const struct live_trial *t = live(s, h->search, h->trial);
    bool copies = t != NULL && !trial_state_final(t->row.state) && !is_made(s, h);
    h->out = true;
    error_init(&h->error);
    h->code = copies ? prepare(s, h, &h->error) : OK;
    copies = copies && h->code == OK;
    if (copies && s->o.workers.submit != NULL &&
        s->o.workers.submit(s->o.workers.self, run, done, h, NULL) == OK)
        return;
    if (copies)
        run(h);
    done(h);
}

/* --- and what is not wanted any more --- */

static void remove_folder(void *self)
{
    struct handing *h = self;
    /* What can't be removed now, gc removes. */
    h->code = io_remove_tree(h->from, &h->error);
}

static void removed(void *self)
{
    struct handing *h = self;
    take_out(h->s, h);
    forget(h);
}

/* An entry of the list that no trial waits for. */
static void begin_removal(struct scheduler *s, const struct handed *x)
{
    struct handing *h = calloc(1, sizeof *h);
    if (h == NULL)
        return;
    *h = (struct handing){.next = s->handings, .s = s, .search = x->search, .out = true};
    h->from = handed_folder(s, x->search, x->trial, x->step);
    s->handings = h;
    error_init(&h->error);
    if (h->from != NULL && s->o.workers.submit != NULL &&
        s->o.workers.submit(s->o.workers.self, remove_folder, removed, h, NULL) == OK)
        return;
    if (h->from != NULL)
        remove_folder(h);
    removed(h);
}

static bool is_wanted(struct scheduler *s, const struct handed *x)
{
    const struct search *q = search_find(s, x->search);
    if (q != NULL && searcher_may_copy(q->searcher, x->trial, x->step))
        return true;
    for (const struct handing *h = s->handings; h != NULL; h = h->next) {
        if (h->search.v == x->search.v && h->source == x->trial && h->step == x->step)
            return true;
    }
    return false;
}

static void let_go(struct scheduler *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_handed; i++) {
        const struct handed x = s->handed[i];
        if (is_wanted(s, &x))
            s->handed[kept++] = x;
        else
            begin_removal(s, &x);
    }
    s->n_handed = kept;
}

void hand_on_act(struct scheduler *s)
{
    struct handing *next;
    if (s->handings == NULL && s->n_handed == 0)
        return;
    for (struct handing *h = s->handings; h != NULL; h = next) {
        next = h->next; /* done() frees it where no worker takes it */
        if (!h->out && is_ready(s, h))
            begin(s, h);
    }
    let_go(s);
}
