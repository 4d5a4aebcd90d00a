/*
 * What to try next: the baseline, a given first point, another replicate, or a fresh configuration.
 *
 * A fresh one is the first draw, from the generator's position on, that satisfies the constraints
 * and was not proposed before. A sampler that finds none gives way to plain draws from the prior,
 * since its own may cost thousands of times as much; and where those find none either, a space that
 * is small enough is walked through for the first one left: so a finite space is used up to the
 * last configuration, and then, and only then, the search is at its end. Every loop here is
 * bounded, so that an ask ends, if only with a refusal.
 */
#include "search/length.h"
#include "search/state.h"

#include <math.h>
#include <string.h>

enum {
    DRAWS_MAX = 1000000,        /* that the constraints refuse, in a row */
    KNOWN_MAX = 10000,          /* that were proposed before, in a row */
    DRAWS_BEFORE_WALK = 100000, /* both likewise, where walking through the space is possible */
    KNOWN_BEFORE_WALK = 200,
    OWN_DRAWS_MAX = 2000, /* of the sampler, refused or known, before draws from the prior */
    OWN_COSTLY_MAX = 20   /* of one that takes its time */
};

/* A bijection of the 31-bit numbers that differs from seed to seed: so seeds of trials look random
 * and never collide. Odd factors and xor-shifts are invertible modulo 2^31. */
static int64_t mix31(uint64_t seed, uint64_t x)
{
    const uint64_t mask = INT32_MAX;
    struct rng r;
    rng_init(&r, seed, UINT64_MAX - 1);
    x &= mask;
    for (int round = 0; round < 3; round++) {
        x = (x + rng_u64(&r)) & mask;
        x ^= x >> 16;
        x = (x * (rng_u64(&r) | 1)) & mask;
        x ^= x >> 13;
    }
    return (int64_t)x;
}

static int64_t seed_of(const struct searcher *s, int64_t copy)
{
    uint64_t seed = s->settings.seed;
    switch (s->settings.seeds) {
    case SEEDS_VARY:
        return mix31(seed, s->trials.n + 1);
    case SEEDS_REPLICATES:
        return mix31(seed, (uint64_t)copy);
    case SEEDS_SAME:
        break;
    }
    return mix31(seed, 0);
}

/* Does the last configuration get one more trial? One that makes no sense doesn't. */
static bool replicate_is_due(const struct searcher *s)
{
    if (s->settings.seeds != SEEDS_REPLICATES || s->trials.n == 0)
        return false;
    const struct observation *last = trials_seen(&s->trials, (int64_t)s->trials.n);
    return !last->baseline && s->copies < s->settings.replicates && !last->infeasible;
}

enum next next_kind(const struct searcher *s, size_t *ret_first)
{
    if (s->trials.n == 0 && s->settings.baseline)
        return NEXT_BASELINE;
    if (replicate_is_due(s))
        return NEXT_REPLICATE;
    for (size_t i = s->first; i < s->settings.n_first; i++)
        if (s->settings.n_stages > 0 || !trials_know(&s->trials, &s->settings.first[i])) {
            *ret_first = i;
            return NEXT_FIRST;
        }
    return s->exhausted ? NEXT_NONE : NEXT_DRAWN;
}

/* The first configuration of the space, in the order of enumeration, that is allowed and new. */
static enum code walk(struct source *x, const struct history *h, struct sample *ret,
                      struct error *e)
{
    if (!x->walk) {
        enum code code = enumeration_new(x->settings->space, 0, 0, &x->walk, e);
        if (code != OK)
            return code;
    }
    for (;; x->walked++) {
        enum code code = enumeration_at(x->walk, x->walked, &ret->config, &ret->end, e);
        if (code != OK || ret->end)
            return code;
        if (!history_knows(h, &ret->config))
            return OK;
    }
}

static enum code none_allowed(struct error *e)
{
    error_set(e, E_UNSATISFIABLE, "%d draws in a row violated the constraints", DRAWS_MAX);
    error_hint(e, "loosen the constraints, or narrow the priors to where they hold");
    return E_UNSATISFIABLE;
}

/* Hyperparameters that are no numbers would poison the journal: the next fit starts afresh. */
static void drop_unless_finite(struct sample *x)
{
    for (size_t i = 0; i < x->n_fitted; i++)
        if (!isfinite(x->fitted[i]) || x->n_fitted > FITTED_MAX)
            x->n_fitted = 0;
}

/* What `random` would draw at this index. */
static enum code draw_prior(struct source *x, int64_t index, struct sample *ret, struct error *e)
{
    const struct space *s = x->settings->space;
    double *u = arena_array(&x->arena, (size_t)s->n_units + 1, sizeof(*u));
    struct rng r;
    if (!u)
        return error_nomem(e);
    rng_init(&r, x->settings->seed, (uint64_t)index);
    for (int i = 0; i < s->n_units; i++)
        u[i] = rng_unit(&r);
    *ret = (struct sample){.origin = -1};
    enum code code = config_decode(s, &x->arena, u, &ret->config);
    return code == OK ? OK : error_set(e, code, "draw %lld can't be decoded", (long long)index);
}

static enum code draw_one(struct source *x, const struct draw_request *q, int64_t index, bool own,
                          struct sample *ret, struct error *e)
{
    const struct sample_request request = {
        .history = &q->history, .index = index, .fitted = q->fitted, .n_fitted = q->n_fitted};
    arena_clear(&x->arena);
    if (!own)
        return draw_prior(x, index, ret, e);
    *ret = (struct sample){.end = false};
    enum code code = x->settings->method.sampler->sample(x->sampler, &x->arena, &request, ret, e);
    if (code == OK)
        drop_unless_finite(ret);
    return code;
}

/* How many draws in a row may come to nothing. */
struct patience {
    int64_t own, refused, known;
};

static struct patience patience_of(const struct source *x)
{
    const struct sampler_kind *kind = x->settings->method.sampler;
    if (kind->enumerates)
        return (struct patience){INT64_MAX, INT64_MAX, INT64_MAX};
    return (struct patience){.own = kind->instant ? OWN_DRAWS_MAX : OWN_COSTLY_MAX,
                             .refused = x->enumerable ? DRAWS_BEFORE_WALK : DRAWS_MAX,
                             .known = x->enumerable ? KNOWN_BEFORE_WALK : KNOWN_MAX};
}

static enum code choose(struct source *x, const struct draw_request *q, struct choice *ret,
                        struct error *e)
{
    const struct choice_request request = {.settings = x->settings,
                                           .history = &q->history,
                                           .curves = q->curves,
                                           .fresh = q->fresh,
                                           .left = q->left,
                                           .index = q->index,
                                           .weighed = q->weighed,
                                           .n_weighed = q->n_weighed};
    arena_clear(&x->choosing);
    *ret = (struct choice){.trial = 0};
    enum code code = x->settings->method.allocator->choose(&x->choosing, &request, ret, e);
    for (size_t i = 0; code == OK && i < ret->n_weighed; i++)
        if (!isfinite(ret->weighed[i]) || ret->n_weighed > WEIGHED_MAX)
            ret->n_weighed = 0;
    return code;
}

enum code draw(struct source *x, const struct draw_request *q, struct draw *ret, struct error *e)
{
    const struct patience most = patience_of(x);
    int64_t refused = 0, known = 0;
    struct draw d = {.next_index = q->index};
    enum code chosen = q->curves ? choose(x, q, &d.choice, e) : OK;
    if (chosen != OK)
        return chosen;
    if (d.choice.trial > 0 || d.choice.config.values || (q->curves && !q->fresh)) {
        d.next_index++;
        d.sample = (struct sample){.config = d.choice.config, .origin = -1};
        d.sample.end = d.choice.trial == 0 && !d.choice.config.values;
        *ret = d;
        return OK;
    }
    while (known < most.known && refused < most.refused) {
        bool own = refused + known < most.own;
        enum code code = draw_one(x, q, d.next_index, own, &d.sample, e);
        if (code != OK)
            return code;
        d.next_index += !d.sample.end;
        *ret = d;
        if (d.sample.end)
            return OK;
        if (!config_allowed(&d.sample.config, NULL))
            refused++;
        else if (history_knows(&q->history, &d.sample.config))
            known++;
        else
            return OK;
    }
    if (!x->enumerable) {
        ret->sample.end = known > 0;
        return known > 0 ? OK : none_allowed(e);
    }
    ret->sample = (struct sample){.origin = -1};
    return walk(x, &q->history, &ret->sample, e);
}

static enum code copy_reals(struct arena *a, const double **at, size_t n)
{
    double *copy = n > 0 ? arena_array(a, n, sizeof(*copy)) : NULL;
    if (n > 0 && !copy)
        return E_NOMEM;
    if (copy)
        memcpy(copy, *at, n * sizeof(*copy));
    *at = copy;
    return OK;
}

static enum code copy_ask(struct arena *a, const struct config *config, struct ask_record *r,
                          struct error *e)
{
    if (copy_reals(a, &r->fitted, r->n_fitted) != OK ||
        copy_reals(a, &r->weighed, r->n_weighed) != OK ||
        copy_reals(a, &r->more.weighed, r->more.n_weighed) != OK)
        return error_nomem(e);
    return !config || config_copy(a, config, &r->config) == OK ? OK : error_nomem(e);
}

bool searcher_chooses(const struct searcher *s)
{
    return method_chooses(&s->settings.method);
}

bool searcher_chooses_nothing(const struct searcher *s, const struct allocation *x)
{
    return x->kind == ALLOCATE_CHOOSE && !x->fresh && s->fruitless == s->seq;
}

bool searcher_has_levels(const struct searcher *s)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    return kind->rungs && !kind->choose && !s->settings.method.sampler->instant &&
           kind->rungs(s->allocator, NULL, 0) > 1;
}

/* A model wants more results than the space has dimensions before it says anything. */
static size_t enough_for_a_level(const struct searcher *s)
{
    size_t dimensions = (size_t)s->settings.space->n_units;
    return dimensions + 1 > 8 ? dimensions + 1 : 8;
}

enum code searcher_past(const struct searcher *s, int64_t seen, struct past *ret, struct error *e)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    enum code code = trials_past(&s->trials, seen, ret, e);
    if (code == OK && searcher_chooses(s))
        code = past_curves(&s->trials, ret, seen, e);
    int64_t rungs[RUNGS_MAX];
    size_t n = searcher_has_levels(s) ? kind->rungs(s->allocator, rungs, RUNGS_MAX) : 0;
    if (code == OK && n > 0)
        code = past_level(&s->trials, ret, seen, rungs, n < RUNGS_MAX ? n : RUNGS_MAX,
                          enough_for_a_level(s), e);
    if (code != OK)
        past_free(ret);
    return code;
}

/* On the spot, from what was seen up to an entry. */
static enum code draw_now(struct searcher *s, int64_t seen, bool fresh, struct draw *ret,
                          struct error *e)
{
    struct past past = {.v = NULL};
    struct draw_request q = {.index = s->index,
                             .fitted = s->fitted,
                             .n_fitted = s->n_fitted,
                             .fresh = fresh,
                             .left = s->left,
                             .weighed = s->weighed,
                             .n_weighed = s->n_weighed};
    enum code code = OK;
    if (seen < s->seq || searcher_has_levels(s) || searcher_chooses(s)) {
        code = searcher_past(s, seen, &past, e);
        q.history = past.history;
        q.curves = past.curves;
    } else {
        q.history = trials_history(&s->trials);
    }
    if (code == OK)
        code = draw(&s->source, &q, ret, e);
    past_free(&past);
    return code;
}

/* The suggestion that was prepared, if one is ready for us, else one made now. */
static enum code drawn(struct searcher *s, bool fresh, struct draw *ret, struct ask_record *r,
                       struct error *e)
{
    enum code code = OK;
    if (s->ready && s->ready->request.fresh == fresh &&
        (!searcher_chooses(s) || s->ready->request.left == s->left)) {
        code = s->ready->code;
        *ret = s->ready->draw;
        r->seen = s->ready->seen;
        if (code != OK && e)
            *e = s->ready->error;
    } else {
        code = draw_now(s, r->seen, fresh, ret, e);
    }
    if (code != OK)
        return code;
    if (ret->choice.trial > 0) {
        r->is_more = true;
        r->more = (struct more_record){.trial = ret->choice.trial,
                                       .steps = ret->choice.steps,
                                       .from = trials_get(&s->trials, ret->choice.trial)->last_step,
                                       .chosen = true,
                                       .fresh = fresh,
                                       .index = r->index,
                                       .next_index = ret->next_index,
                                       .seen = r->seen,
                                       .weighed = ret->choice.weighed,
                                       .n_weighed = ret->choice.n_weighed};
        return OK;
    }
    r->weighed = ret->choice.weighed;
    r->n_weighed = ret->choice.n_weighed;
    r->next_index = ret->next_index;
    r->origin = s->settings.method.sampler->origins ? ret->sample.origin : -1;
    r->fitted = ret->sample.fitted;
    r->n_fitted = ret->sample.n_fitted;
    return OK;
}

/* Where the budget has too little left for a new trial to be trained to the end. */
static struct allocation allocate_closing(const struct searcher *s, bool fresh)
{
    const struct allocator_kind *kind = s->settings.method.allocator;
    const struct effort *effort = &s->settings.effort;
    if (kind->closing)
        return kind->closing(s->allocator, fresh, s->left);
    int64_t least = effort->has_steps ? effort->min_steps : 1;
    if (kind->rungs)
        (void)kind->rungs(s->allocator, &least, 1);
    return kind->next(s->allocator, fresh && least <= s->left);
}

struct allocation allocate(const struct searcher *s, enum next *ret_kind, size_t *ret_first)
{
    const struct effort *effort = &s->settings.effort;
    enum next kind = searcher_is_spent(s) ? NEXT_NONE : next_kind(s, ret_first);
    *ret_kind = kind;
    if (kind == NEXT_BASELINE)
        return (struct allocation){.steps = effort->has_steps ? effort->max_steps : 0};
    struct allocation x = s->left < full_steps(effort)
                              ? allocate_closing(s, kind != NEXT_NONE)
                              : s->settings.method.allocator->next(s->allocator, kind != NEXT_NONE);
    /* What is given needs no choice. */
    if (x.kind == ALLOCATE_CHOOSE && (kind == NEXT_FIRST || kind == NEXT_REPLICATE))
        x.kind = ALLOCATE_NEW;
    return x;
}

enum code propose_copy(struct searcher *s, struct arena *a, const struct allocation *x,
                       struct ask_record *ret, struct error *e)
{
    struct ask_record r = {.steps = x->steps,
                           .index = s->index,
                           .next_index = s->index,
                           .seen = s->seq,
                           .first = -1,
                           .origin = -1,
                           .parent = x->parent,
                           .from = x->from,
                           .over = x->over};
    const struct history history = trials_history(&s->trials);
    const struct vary_request q = {
        .history = &history, .trial = (int64_t)s->trials.n + 1, .parent = x->parent};
    struct config config;
    enum code code = s->settings.method.allocator->vary(s->allocator, a, &q, &config, e);
    if (code == OK)
        code = copy_ask(a, &config, &r, e);
    /* Replicates are trained with one seed from their beginning to their end. */
    bool inherits = s->settings.seeds == SEEDS_REPLICATES;
    r.seed = inherits ? trials_get(&s->trials, x->parent)->seed : seed_of(s, 0);
    if (code == OK)
        *ret = r;
    return code;
}

enum code propose(struct searcher *s, struct arena *a, int64_t seen, const struct allocation *x,
                  struct ask_record *ret, bool *ret_end, struct error *e)
{
    bool choosing = x->kind == ALLOCATE_CHOOSE;
    struct ask_record r = {.steps = x->steps,
                           .index = s->index,
                           .next_index = s->index,
                           .seen = seen,
                           .first = -1,
                           .origin = -1};
    const struct config *config = NULL;
    struct draw d = {.next_index = 0};
    size_t first = 0;
    int64_t copy = 0;
    enum code code = OK;
    switch (choosing ? NEXT_DRAWN : next_kind(s, &first)) {
    case NEXT_BASELINE:
        r.baseline = true;
        config = s->settings.baseline;
        break;
    case NEXT_REPLICATE:
        copy = s->copies;
        config = trials_seen(&s->trials, (int64_t)s->trials.n)->config;
        break;
    case NEXT_FIRST:
        r.first = (int64_t)first;
        config = &s->settings.first[first];
        break;
    case NEXT_DRAWN:
        code = drawn(s, choosing ? x->fresh : false, &d, &r, e);
        if (!choosing || x->fresh)
            s->exhausted = code == OK && d.sample.end;
        config = d.sample.end || r.is_more ? NULL : &d.sample.config;
        break;
    case NEXT_NONE:
        break;
    }
    if (code == OK && (config || r.is_more)) {
        r.seed = seed_of(s, copy);
        code = copy_ask(a, config, &r, e);
    }
    if (code == OK && config && s->settings.effort.own_steps)
        r.steps = length_of(config);
    if (code == OK) {
        *ret = r;
        *ret_end = !config && !r.is_more;
    }
    return code;
}
