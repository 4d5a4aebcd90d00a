/*
 * Suggestions worked out ahead, by another thread.
 *
 * A preparation holds a copy of the history, so that the searcher goes on taking reports and exits
 * meanwhile, and borrows the source, which the searcher leaves alone until it is back. The copy
 * points at configurations and results that are only ever added to. What it came to is based on the
 * entries up to `seen`; recomputing looks at no more than those either.
 */
#include "search/state.h"

#include <stdlib.h>
#include <string.h>

void preparation_free(struct preparation *p)
{
    if (!p)
        return;
    past_free(&p->past);
    free(p->fitted);
    free(p->weighed);
    free(p);
}

static enum code copy_reals(const double *from, size_t n, double **ret)
{
    if (n == 0)
        return OK;
    *ret = reallocarray(NULL, n, sizeof(**ret));
    if (!*ret)
        return E_NOMEM;
    memcpy(*ret, from, n * sizeof(**ret));
    return OK;
}

static enum code copy_fitted(const struct searcher *s, struct preparation *p)
{
    enum code code = copy_reals(s->fitted, s->n_fitted, &p->fitted);
    return code == OK ? copy_reals(s->weighed, s->n_weighed, &p->weighed) : code;
}

/* May a fresh configuration come next that takes its time, or a choice? */
static bool may_draw(const struct searcher *s)
{
    size_t first;
    enum next kind;
    if (s->begun && searcher_chooses(s)) {
        struct allocation x = allocate(s, &kind, &first);
        return x.kind == ALLOCATE_CHOOSE && !searcher_chooses_nothing(s, &x);
    }
    return s->begun && !s->settings.method.sampler->instant && !searcher_is_spent(s) &&
           next_kind(s, &first) == NEXT_DRAWN;
}

bool searcher_needs_suggestion(const struct searcher *s)
{
    enum next kind;
    size_t first;
    if (!may_draw(s))
        return false;
    enum allocation_kind next = allocate(s, &kind, &first).kind;
    return next == ALLOCATE_NEW || next == ALLOCATE_CHOOSE;
}

static int64_t within(int64_t x, int64_t lo, int64_t hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

enum code searcher_prepare(struct searcher *s, int64_t seen, struct preparation **ret,
                           struct error *e)
{
    enum next kind;
    size_t first;
    *ret = NULL;
    if (s->out || s->ready || !may_draw(s))
        return OK;
    struct preparation *p = calloc(1, sizeof(*p));
    if (!p || copy_fitted(s, p) != OK) {
        preparation_free(p);
        return error_nomem(e);
    }
    p->seen = within(seen, s->seen_from, s->seq);
    enum code code = searcher_past(s, p->seen, &p->past, e);
    if (code != OK) {
        preparation_free(p);
        return code;
    }
    p->source = &s->source;
    p->request = (struct draw_request){.history = p->past.history,
                                       .index = s->index,
                                       .fitted = p->fitted,
                                       .n_fitted = s->n_fitted,
                                       .curves = p->past.curves,
                                       .fresh = allocate(s, &kind, &first).fresh,
                                       .left = s->left,
                                       .weighed = p->weighed,
                                       .n_weighed = s->n_weighed};
    s->out = p;
    *ret = p;
    return OK;
}

void preparation_run(struct preparation *p)
{
    p->code = draw(p->source, &p->request, &p->draw, &p->error);
}

void searcher_prepared(struct searcher *s, struct preparation *p)
{
    s->out = NULL; /* it was p */
    if (p->stale)
        preparation_free(p);
    else
        s->ready = p;
}
