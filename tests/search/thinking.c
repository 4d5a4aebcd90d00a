#include "thinking.h"

#include "testing.h"

#include <stdatomic.h>

enum { PONDER = 500 };

int64_t thinking_fails_at = -1, thinking_ends_at = -1;

struct thinking {
    const struct space *space;
    uint64_t seed, taken_back;
    size_t n, n_ended;
    int64_t fails_at, ends_at;
    double fitted[3];
    atomic_bool busy;
};

static const char *const origins[] = {"hunch", "reason", "habit", NULL};

static enum code thinking_create(const struct searcher_settings *settings, void **ret,
                                 struct error *e)
{
    struct thinking *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->space = settings->space;
    x->seed = settings->seed;
    x->fails_at = thinking_fails_at;
    x->ends_at = thinking_ends_at;
    *ret = x;
    return OK;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 1099511628211u;
    return h ^ h >> 29;
}

static uint64_t mix_reals(uint64_t h, const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &v[i], sizeof(bits));
        h = mix(h, v[i] == v[i] ? bits : 1);
    }
    return h;
}

static uint64_t look(const struct history *h, uint64_t seed)
{
    uint64_t hash = mix(seed, h->n);
    for (size_t i = 0; i < h->n; i++) {
        const struct observation *o = &h->v[i];
        hash = mix(mix(hash, config_hash(o->config)), o->hash);
        hash = mix(mix(hash, (uint64_t)o->step), (uint64_t)o->origin);
        hash = mix(hash, (uint64_t)(o->pending << 4 | o->failed << 3 | o->infeasible << 2 |
                                    o->baseline << 1 | o->evidence));
        hash = mix_reals(hash, &o->value, 1);
        hash = mix_reals(hash, o->values, h->n_objectives);
        hash = mix_reals(hash, o->excess, h->n_requirements);
    }
    for (size_t i = 0; i < h->n_ended; i++)
        hash = mix(hash, h->ended[i]);
    return mix(hash, h->n_evidence);
}

/* Only grows, unless an end was taken back. */
static void check_growth(struct thinking *x, const struct history *h)
{
    if (h->n < x->n || (h->taken_back == x->taken_back && h->n_ended < x->n_ended))
        abort(); /* on whatever thread: cmocka's failures belong to the main one */
    x->n = h->n;
    x->n_ended = h->n_ended;
    x->taken_back = h->taken_back;
}

static enum code propose(struct thinking *x, struct arena *a, const struct sample_request *q,
                         uint64_t hash, struct sample *ret, struct error *e)
{
    size_t n = (size_t)x->space->n_units;
    double *u = arena_array(a, n, sizeof(*u));
    if (!u)
        return error_nomem(e);
    struct rng r;
    rng_init(&r, hash, (uint64_t)q->index);
    for (size_t i = 0; i < n; i++)
        u[i] = rng_unit(&r);
    x->fitted[0] = rng_unit(&r);
    x->fitted[1] = q->n_fitted ? q->fitted[1] + 1 : 1;
    ret->origin = (int)(hash % 3);
    ret->fitted = x->fitted;
    ret->n_fitted = 2 + hash % 2;
    return config_decode(x->space, a, u, &ret->config);
}

static enum code thinking_sample(void *self, struct arena *a, const struct sample_request *q,
                                 struct sample *ret, struct error *e)
{
    struct thinking *x = self;
    if (atomic_exchange(&x->busy, true))
        abort();
    check_growth(x, q->history);
    uint64_t hash = mix_reals(x->seed, q->fitted, q->n_fitted);
    for (int i = 0; i < 1 + PONDER / (int)(q->history->n + 1); i++)
        hash = look(q->history, hash);
    enum code code = OK;
    if (q->index == x->ends_at)
        ret->end = true;
    else if (q->index == x->fails_at)
        code = error_set(e, E_LIMIT, "it has thought too long");
    else
        code = propose(x, a, q, hash, ret, e);
    x->fails_at = code == OK ? x->fails_at : -1; /* once */
    atomic_store(&x->busy, false);
    return code;
}

const struct sampler_kind sampler_thinking = {
    .name = "thinking",
    .about = "looks at everything",
    .origins = origins,
    .create = thinking_create,
    .destroy = free,
    .sample = thinking_sample,
};
