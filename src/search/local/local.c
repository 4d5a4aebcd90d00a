/*
 * Local search, for spaces like those of architectures (White, Nolen & Savani, "Exploring the Loss
 * Landscape in Neural Architecture Search", UAI 2021, arXiv 2005.02960: on several benchmarks of
 * architectures it is as good as anything else).
 *
 * The centre is the best trial so far. Its neighbours (moves.h: one parameter changed) are tried in
 * random order, each once, until one is better and is the centre from then on. When the last one
 * was no better, the search restarts: the next point of a Sobol sequence is tried, and then the
 * neighbours of the best trial since then, and so on, unless a new best of all appears.
 *
 * Neighbours that are pending count as tried, so that parallel trials share the neighbourhood out;
 * when it is used up before the last of them ended, a restart begins early. A move that switches
 * parameters on is tried with several draws for those.
 *
 * Nothing that decides is kept between calls; the centre is read off the history.
 */
#include "search/moves.h"
#include "search/sampler.h"
#include "search/sobol/points.h"

#include <math.h>
#include <stdlib.h>

enum {
    ORIGIN_START,
    ORIGIN_NEIGHBOUR,
    SWITCH_DRAWS = 3,       /* tries of a move that may switch parameters on */
    NEIGHBOURS_MAX = 20000, /* looked at in one call */
    SCRATCH_MAX = 16 << 20
};

struct local {
    const struct space *space;
    struct sobol *points;
    uint64_t seed;
    size_t start;
    bool *switches;       /* by parameter: some condition names it */
    struct arena scratch; /* the neighbour that was made last */
    /* Of the history in which no neighbour was left last: so that each further draw costs a point.
     */
    size_t barren_n, barren_ended;
    uint64_t barren_taken_back;
    bool barren;
};

static const struct option_kind options[] = {
    {.name = "start",
     .about = "trials before the best of them is the first centre",
     .def = 5,
     .lo = 1,
     .hi = 10000,
     .whole = true},
};

static const char *const origins[] = {"start", "neighbour", NULL};

static void local_destroy(void *self)
{
    struct local *x = self;
    if (!x)
        return;
    sobol_free(x->points);
    arena_free(&x->scratch);
    free(x->switches);
    free(x);
}

static void mark(void *self, int param)
{
    bool *switches = self;
    switches[param] = true;
}

static enum code local_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    const struct space *s = settings->space;
    struct local *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    x->space = s;
    arena_init(&x->scratch, SCRATCH_MAX);
    x->seed = settings->seed;
    x->start = (size_t)sampler_option(&settings->method, "start");
    x->switches = calloc(s->n_params + 1, sizeof(*x->switches));
    enum code code =
        x->switches ? sobol_new((size_t)s->n_units, true, x->seed, &x->points, e) : error_nomem(e);
    if (code != OK) {
        local_destroy(x);
        return code;
    }
    for (size_t i = 0; i < s->n_params; i++)
        if (s->params[i].when)
            expr_names(s->params[i].when, mark, x->switches);
    *ret = x;
    return OK;
}

/* The best that has a value among the trials from position `from` on; the earliest of equals. */
static const struct observation *best_since(const struct history *h, size_t from)
{
    const struct observation *best = NULL;
    for (size_t i = 0; i < h->n_ended; i++) {
        const struct observation *o = &h->v[h->ended[i]];
        if (h->ended[i] >= from && !isnan(o->value) && (!best || observation_order(h, o, best) < 0))
            best = o;
    }
    return best;
}

static size_t last_restart(const struct history *h)
{
    size_t i = h->n;
    while (i > 0 && h->v[i - 1].origin != ORIGIN_START)
        i--;
    return i ? i - 1 : 0;
}

/* How many moves parameter i of c has, repeated draws counted. */
static size_t count_of(const struct local *x, const struct config *c, size_t i)
{
    if (c->values[i].type == VALUE_NONE)
        return 0;
    return moves_count(&x->space->params[i].prior) * (x->switches[i] ? SWITCH_DRAWS : 1);
}

/* Number k of all moves of c. Draws for what it switches on depend on (c, k) alone, so that the
 * same is made of it again. */
static enum code nth_neighbour(struct local *x, const struct observation *c, size_t k,
                               struct config *ret, bool *ret_is)
{
    arena_clear(&x->scratch);
    size_t param = 0, left = k;
    while (left >= count_of(x, c->config, param))
        left -= count_of(x, c->config, param++);
    const struct prior *p = &x->space->params[param].prior;
    struct value v;
    enum code code =
        moves_nth(p, &x->scratch, &c->config->values[param], left % moves_count(p), &v, ret_is);
    if (code != OK || !*ret_is)
        return code;
    struct rng r;
    rng_init(&r, c->hash, k);
    return moves_to(c->config, &x->scratch, &r, (int)param, &v, ret);
}

static size_t common_divisor(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The first neighbour of c that is allowed and new, in an order that is c's own: k -> (first + k
 * stride) mod n visits each once where n and stride have no common divisor. */
static enum code neighbour_of(struct local *x, const struct observation *c, const struct history *h,
                              struct config *ret, bool *ret_is)
{
    size_t n = 0;
    for (size_t i = 0; i < x->space->n_params; i++)
        n += count_of(x, c->config, i);
    *ret_is = false;
    if (n == 0)
        return OK;
    struct rng r;
    rng_init(&r, x->seed, c->hash);
    size_t at = (size_t)rng_below(&r, n), stride = 1 + (size_t)rng_below(&r, n);
    while (common_divisor(n, stride) != 1)
        stride++;
    for (size_t i = 0; i < n && i < NEIGHBOURS_MAX; i++, at = (at + stride) % n) {
        bool is = false;
        enum code code = nth_neighbour(x, c, at, ret, &is);
        if (code != OK)
            return code;
        if (is && config_allowed(ret, NULL) && !history_knows(h, ret)) {
            *ret_is = true;
            return OK;
        }
    }
    return OK;
}

/* A neighbour of the best, else of the best since the last restart. */
static enum code move(struct local *x, const struct history *h, struct config *ret, bool *ret_is)
{
    const struct observation *best = best_since(h, 0);
    const struct observation *recent = best_since(h, last_restart(h));
    enum code code = OK;
    if (best)
        code = neighbour_of(x, best, h, ret, ret_is);
    if (code == OK && !*ret_is && recent && recent != best)
        code = neighbour_of(x, recent, h, ret, ret_is);
    return code;
}

static bool is_barren(const struct local *x, const struct history *h)
{
    return x->barren && x->barren_n == h->n && x->barren_ended == h->n_ended &&
           x->barren_taken_back == h->taken_back;
}

static void note_barren(struct local *x, const struct history *h)
{
    x->barren = true;
    x->barren_n = h->n;
    x->barren_ended = h->n_ended;
    x->barren_taken_back = h->taken_back;
}

static enum code local_sample(void *self, struct arena *a, const struct sample_request *q,
                              struct sample *ret, struct error *e)
{
    struct local *x = self;
    bool moved = false;
    if (q->history->n >= x->start && !is_barren(x, q->history)) {
        if (move(x, q->history, &ret->config, &moved) != OK)
            return error_nomem(e);
        if (!moved)
            note_barren(x, q->history);
    }
    ret->origin = moved ? ORIGIN_NEIGHBOUR : ORIGIN_START;
    if (moved)
        return OK;
    return sobol_config(x->points, x->space, (uint64_t)q->index, a, &ret->config, e);
}

const struct sampler_kind sampler_local = {
    .name = "local",
    .about = "neighbours of the best, and restarts (White et al. 2021)",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .origins = origins,
    .instant = true,
    .objectives_max = 1,
    .create = local_create,
    .destroy = local_destroy,
    .sample = local_sample,
};
