/*
 * What to try next: the baseline, another replicate, or a fresh configuration.
 *
 * A fresh one is the first draw, from the generator's position on, that satisfies the constraints
 * and was not proposed before. Where draws keep coming up with known configurations, a space that
 * is small enough is walked through for the first one left: so a finite space is used up to the
 * last configuration, and then, and only then, the search is at its end.
 */
#include "search/state.h"

#include <string.h>

enum {
    DRAWS_MAX = 1000000,    /* that the constraints refuse, in a row */
    KNOWN_MAX = 10000,      /* that were proposed before, in a row */
    KNOWN_BEFORE_WALK = 200 /* likewise, where walking through the space is possible */
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
    size_t last = s->trials.n - 1;
    return !s->trials.v[last].baseline && s->copies < s->settings.replicates &&
           !s->trials.seen[last].infeasible;
}

/* The first configuration of the space, in the order of enumeration, that is allowed and new. */
static enum code walk(struct searcher *s, struct config *ret, bool *ret_end, struct error *e)
{
    if (!s->walk) {
        enum code code = enumeration_new(s->settings.space, 0, &s->walk, e);
        if (code != OK)
            return code;
    }
    for (;; s->walked++) {
        enum code code = enumeration_at(s->walk, s->walked, ret, ret_end, e);
        if (code != OK || *ret_end)
            return code;
        if (config_allowed(ret, NULL) && !trials_know(&s->trials, ret))
            return OK;
    }
}

static enum code none_allowed(const struct searcher *s, struct error *e)
{
    error_set(e, E_UNSATISFIABLE, "%d draws in a row violated the constraints", DRAWS_MAX);
    error_hint(e, "loosen the constraints, or narrow the priors to where they hold");
    return E_UNSATISFIABLE;
}

/* In s->draw, the sampler or s->walk; *next_index counts the draws. */
static enum code draw(struct searcher *s, int64_t *next_index, struct config *ret, bool *ret_end,
                      struct error *e)
{
    const struct sampler_kind *kind = s->settings.method.sampler;
    const struct history history = trials_history(&s->trials);
    int known_max = s->enumerable ? KNOWN_BEFORE_WALK : KNOWN_MAX;
    int64_t refused = 0, known = 0;
    while (kind->enumerates || (known < known_max && refused < DRAWS_MAX)) {
        arena_clear(&s->draw);
        enum code code = kind->sample(s->sampler, &s->draw, &history, *next_index, ret, ret_end, e);
        if (code != OK || *ret_end)
            return code;
        ++*next_index;
        if (!config_allowed(ret, NULL))
            refused++;
        else if (trials_know(&s->trials, ret))
            known++;
        else
            return OK;
    }
    if (s->enumerable)
        return walk(s, ret, ret_end, e);
    *ret_end = known > 0;
    return known > 0 ? OK : none_allowed(s, e);
}

static enum code copy_config(struct arena *a, const struct config *c, struct config *ret,
                             struct error *e)
{
    enum code code = config_copy(a, c, ret);
    return code == OK ? OK : error_set(e, code, "a configuration can't be copied");
}

enum code propose(struct searcher *s, struct arena *a, struct ask_record *ret, bool *ret_end,
                  struct error *e)
{
    const struct searcher_settings *settings = &s->settings;
    struct ask_record r = {.steps = settings->method.allocator->steps(s->allocator),
                           .index = s->index,
                           .next_index = s->index,
                           .seen = s->seq};
    struct config config;
    int64_t copy = 0;
    bool end = s->exhausted;
    enum code code = OK;
    if (s->trials.n == 0 && settings->baseline) {
        r.baseline = true;
        config = *settings->baseline;
        end = false;
    } else if (replicate_is_due(s)) {
        copy = s->copies;
        config = *s->trials.seen[s->trials.n - 1].config;
        end = false;
    } else if (!end) {
        code = draw(s, &r.next_index, &config, &end, e);
        s->exhausted = code == OK && end;
    }
    if (code == OK && !end) {
        r.seed = seed_of(s, copy);
        code = copy_config(a, &config, &r.config, e);
    }
    if (code == OK) {
        *ret = r;
        *ret_end = end;
    }
    return code;
}
