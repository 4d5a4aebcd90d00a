/*
 * Suggestions, made by workers.
 *
 * A search has at most one being made. When:
 *
 *   several slots       at once when the last one was taken, so that a slot that gets free finds it
 *                       made: it then knows all results but the newest, and the journal says so
 *   one slot, or        when it is needed, after the result came; the slot waits for it. These
 *   order: fixed        searches are the same whenever they run with the same seed, so that what a
 *                       suggestion is based on must not depend on how long another one took
 *   the same, with      at once when the last one was taken, based on the entry of that ask,
 * whenever more than           it is made: after a kill it is made again from the very same past
 *   FRESH_MAX trials
 *
 * FRESH_MAX: up to there a suggestion takes well below a second, the less the smaller the search,
 * and in a small search the newest result says much; beyond, fits grow with the cube of what is
 * known, and one result in hundreds says little.
 *
 * Where a model chooses between what is paused and what is new, it is made when it is needed,
 * however many slots there are, and knows everything: the trial that paused last goes on more often
 * than any other.
 *
 * Without workers the same suggestions are made on the spot. With several slots then none is made
 * ahead: it would hold up the loop as long, and know less.
 */
#include "sched/internal.h"

enum { FRESH_MAX = 500 };

static bool is_one_sequence(const struct search *q)
{
    return q->turn > 0 || q->parallel == 1;
}

static bool is_small(const struct search *q)
{
    return searcher_size(q->searcher) <= FRESH_MAX;
}

static void run(void *self)
{
    struct suggestion *x = self;
    preparation_run(x->preparation);
}

static void done(void *self)
{
    struct suggestion *x = self;
    struct preparation *p = x->preparation;
    x->preparation = NULL;
    searcher_prepared(x->searcher, p);
}

/* Where there is no memory for it, the ask makes its own or says so. */
static void begin(const struct scheduler *s, struct search *q)
{
    struct suggestion *x = &q->suggestion;
    bool from_last_ask = is_one_sequence(q) && !is_small(q) && !method_chooses(&q->method);
    int64_t seen = from_last_ask ? searcher_last_ask(q->searcher) : INT64_MAX;
    x->searcher = q->searcher;
    struct preparation *p = NULL;
    if (searcher_prepare(q->searcher, seen, &p, NULL) != OK || p == NULL)
        return;
    x->preparation = p;
    if (s->o.workers.submit != NULL &&
        s->o.workers.submit(s->o.workers.self, run, done, x, NULL) == OK)
        return;
    run(x);
    done(x);
}

void ahead_needed(const struct scheduler *s, struct search *q)
{
    if (!searcher_needs_suggestion(q->searcher))
        return;
    if (s->o.workers.submit != NULL || (is_one_sequence(q) && !is_small(q)))
        begin(s, q);
}

void ahead_taken(const struct scheduler *s, struct search *q)
{
    if (!q->open_for_asks || q->over_budget || method_chooses(&q->method))
        return;
    if (is_one_sequence(q) ? !is_small(q) : s->o.workers.submit != NULL)
        begin(s, q);
}

bool ahead_is_out(const struct search *q)
{
    return q->suggestion.preparation != NULL;
}
