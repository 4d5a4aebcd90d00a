/* The table of trials, with an open-addressed set of the configurations in it. */
#include "search/trials.h"

#include <math.h>
#include <stdlib.h>

enum { TRIALS_MAX = 100000000, TRIALS_FIRST = 64 };

#define CONFIG_BYTES_MAX ((size_t)1 << 36)

void trials_init(struct trials *t)
{
    *t = (struct trials){.n = 0};
    arena_init(&t->arena, CONFIG_BYTES_MAX);
}

void trials_free(struct trials *t)
{
    arena_free(&t->arena);
    free(t->v);
    free(t->seen);
    free(t->slots);
    trials_init(t);
}

static void place(uint32_t *slots, size_t n_slots, uint64_t hash, uint32_t number)
{
    size_t at = hash & (n_slots - 1);
    while (slots[at])
        at = (at + 1) & (n_slots - 1);
    slots[at] = number;
}

/* Room for one more in all three arrays. */
static enum code reserve(struct trials *t)
{
    if (t->n < t->capacity)
        return OK;
    size_t capacity = t->capacity ? t->capacity * 2 : TRIALS_FIRST, n_slots = capacity * 2;
    struct trial *v = reallocarray(t->v, capacity, sizeof(*v));
    if (v)
        t->v = v;
    struct observation *seen = reallocarray(t->seen, capacity, sizeof(*seen));
    if (seen)
        t->seen = seen;
    uint32_t *slots = calloc(n_slots, sizeof(*slots));
    if (!v || !seen || !slots) {
        free(slots);
        return E_NOMEM;
    }
    for (size_t i = 0; i < t->n; i++)
        place(slots, n_slots, t->v[i].hash, (uint32_t)i + 1);
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    t->capacity = capacity;
    return OK;
}

enum code trials_add(struct trials *t, const struct config *config, int64_t steps, bool baseline,
                     struct error *e)
{
    if (t->n >= TRIALS_MAX)
        return error_set(e, E_LIMIT, "a search can't have more than %d trials", TRIALS_MAX);
    struct config *copy = arena_alloc(&t->arena, sizeof(*copy));
    if (!copy || reserve(t) != OK || config_copy(&t->arena, config, copy) != OK)
        return error_nomem(e);
    struct trial *trial = &t->v[t->n];
    *trial = (struct trial){.steps = steps, .last_step = -1, .baseline = baseline};
    trial->hash = config_hash(copy);
    t->seen[t->n] = (struct observation){.config = copy, .value = (double)NAN, .pending = true};
    t->n++;
    place(t->slots, t->n_slots, trial->hash, (uint32_t)t->n);
    return OK;
}

struct trial *trials_get(const struct trials *t, int64_t number)
{
    return number >= 1 && (uint64_t)number <= t->n ? &t->v[number - 1] : NULL;
}

bool trials_know(const struct trials *t, const struct config *config)
{
    if (t->n == 0)
        return false;
    uint64_t hash = config_hash(config);
    for (size_t at = hash & (t->n_slots - 1); t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
        size_t i = t->slots[at] - 1;
        if (t->v[i].hash == hash && config_equal(t->seen[i].config, config))
            return true;
    }
    return false;
}

struct history trials_history(const struct trials *t)
{
    return (struct history){t->n, t->seen};
}

void trials_end(struct trials *t, int64_t number, enum outcome outcome, int64_t step, double value)
{
    struct trial *trial = &t->v[number - 1];
    struct observation *seen = &t->seen[number - 1];
    trial->ended = true;
    trial->outcome = outcome;
    seen->pending = false;
    seen->failed = outcome == OUTCOME_FAILED;
    seen->infeasible = outcome == OUTCOME_INFEASIBLE;
    seen->value = seen->failed || seen->infeasible ? (double)NAN : value;
    seen->step = step;
}

void trials_reopen(struct trials *t, int64_t number)
{
    struct trial *trial = &t->v[number - 1];
    struct observation *seen = &t->seen[number - 1];
    trial->ended = trial->stopping = false;
    *seen = (struct observation){.config = seen->config, .value = (double)NAN, .pending = true};
}
