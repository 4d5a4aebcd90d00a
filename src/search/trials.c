/* The table of trials, with an open-addressed set of the configurations in it. */
#include "search/trials.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIALS_MAX = 100000000, TRIALS_FIRST = 64 };

#define CONFIG_BYTES_MAX ((size_t)1 << 36)

/* What is seen of a result that isn't there. */
static const double none[OBJECTIVES_MAX + REQUIREMENTS_MAX] = {
    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,
    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,
    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,
    (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN,
};
_Static_assert(sizeof(none) / sizeof(none[0]) == 24, "one NaN for every member");

void trials_init(struct trials *t, size_t n_objectives, size_t n_requirements)
{
    *t = (struct trials){.n_objectives = n_objectives, .n_requirements = n_requirements};
    arena_init(&t->arena, CONFIG_BYTES_MAX);
}

void trials_free(struct trials *t)
{
    arena_free(&t->arena);
    free(t->v);
    free(t->seen);
    free(t->ended);
    free(t->slots);
    trials_init(t, t->n_objectives, t->n_requirements);
}

static void place(uint32_t *slots, size_t n_slots, uint64_t hash, uint32_t number)
{
    size_t at = hash & (n_slots - 1);
    while (slots[at])
        at = (at + 1) & (n_slots - 1);
    slots[at] = number;
}

/* Room for one more in all four arrays. */
static enum code reserve(struct trials *t)
{
    if (t->n_evidence + t->n < t->capacity)
        return OK;
    size_t capacity = t->capacity ? t->capacity * 2 : TRIALS_FIRST, n_slots = capacity * 2;
    struct trial *v = reallocarray(t->v, capacity, sizeof(*v));
    if (v)
        t->v = v;
    struct observation *seen = reallocarray(t->seen, capacity, sizeof(*seen));
    if (seen)
        t->seen = seen;
    uint32_t *ended = reallocarray(t->ended, capacity, sizeof(*ended));
    if (ended)
        t->ended = ended;
    uint32_t *slots = calloc(n_slots, sizeof(*slots));
    if (!v || !seen || !ended || !slots) {
        free(slots);
        return E_NOMEM;
    }
    for (size_t i = 0; i < t->n; i++)
        place(slots, n_slots, t->seen[t->n_evidence + i].hash, (uint32_t)i + 1);
    free(t->slots);
    t->slots = slots;
    t->n_slots = n_slots;
    t->capacity = capacity;
    return OK;
}

double *trials_room(struct trials *t)
{
    return arena_array(&t->arena, t->n_objectives + t->n_requirements, sizeof(double));
}

/* An observation without a result, its configuration copied; *ret_room is for the result. */
static enum code new_observation(struct trials *t, const struct config *config,
                                 struct observation *ret, double **ret_room, struct error *e)
{
    if (t->n_evidence + t->n >= TRIALS_MAX)
        return error_set(e, E_LIMIT, "a search can't have more than %d trials", TRIALS_MAX);
    struct config *copy = arena_alloc(&t->arena, sizeof(*copy));
    double *room = trials_room(t);
    if (!copy || !room || reserve(t) != OK || config_copy(&t->arena, config, copy) != OK)
        return error_nomem(e);
    *ret = (struct observation){.config = copy,
                                .hash = config_hash(copy),
                                .value = (double)NAN,
                                .values = none,
                                .excess = none,
                                .step = -1,
                                .origin = -1,
                                .pending = true};
    *ret_room = room;
    return OK;
}

/* How many had ended by an entry. */
static size_t known_at(const struct trials *t, int64_t entry)
{
    size_t n = t->n_ended;
    while (n > t->n_evidence && t->v[t->ended[n - 1] - t->n_evidence].ended_at > entry)
        n--;
    return n;
}

enum code trials_add(struct trials *t, const struct new_trial *x, struct error *e)
{
    struct observation seen;
    double *room = NULL;
    enum code code = new_observation(t, x->config, &seen, &room, e);
    if (code != OK)
        return code;
    seen.baseline = x->baseline;
    seen.known = known_at(t, x->seen);
    seen.origin = x->origin;
    t->seen[t->n_evidence + t->n] = seen;
    t->v[t->n] = (struct trial){.steps = x->steps,
                                .last_step = x->parent > 0 ? x->from : -1,
                                .seed = x->seed,
                                .parent = x->parent,
                                .from = x->from,
                                .lineage = trials_lineage(t, x->config, x->parent, x->from),
                                .asked_at = x->entry,
                                .baseline = x->baseline,
                                .room = room};
    t->n++;
    place(t->slots, t->n_slots, seen.hash, (uint32_t)t->n);
    return OK;
}

/* The last one placed stands at the end of its run of slots: nothing is looked for past it. */
void trials_take_back(struct trials *t)
{
    size_t at = t->seen[t->n_evidence + t->n - 1].hash & (t->n_slots - 1);
    while (t->slots[at] != t->n)
        at = (at + 1) & (t->n_slots - 1);
    t->slots[at] = 0;
    t->n--;
}

/* The result moves into `room`, which nobody reads yet: a copy of the past may be read elsewhere.
 */
static void end_observation(struct trials *t, size_t at, double *room, const struct end *x)
{
    struct observation *seen = &t->seen[at];
    seen->pending = false;
    seen->failed = x->outcome == OUTCOME_FAILED;
    seen->infeasible = x->outcome == OUTCOME_INFEASIBLE;
    seen->step = x->step;
    for (size_t i = 0; i < t->n_objectives; i++) {
        bool valid = !seen->failed && !seen->infeasible && isfinite(x->result.values[i]);
        room[i] = valid ? x->result.values[i] : (double)NAN;
    }
    for (size_t i = 0; i < t->n_requirements; i++)
        room[t->n_objectives + i] = x->result.excess[i];
    seen->values = room;
    seen->excess = room + t->n_objectives;
    seen->value = room[0];
    t->ended[t->n_ended++] = (uint32_t)at;
}

enum code trials_add_evidence(struct trials *t, const struct config *config, const struct end *x,
                              struct error *e)
{
    struct observation seen;
    double *room = NULL;
    enum code code = new_observation(t, config, &seen, &room, e);
    if (code != OK)
        return code;
    seen.evidence = true;
    size_t at = t->n_evidence++;
    t->seen[at] = seen;
    end_observation(t, at, room, x);
    return OK;
}

enum code trials_measure(struct trials *t, int64_t number, struct measurement m)
{
    struct trial *trial = &t->v[number - 1];
    if (trial->n_measured == trial->measured_capacity) {
        uint32_t capacity = trial->measured_capacity ? trial->measured_capacity * 2 : 4;
        struct measurement *v = arena_array(&t->arena, capacity, sizeof(*v));
        if (!v)
            return E_NOMEM;
        if (trial->n_measured)
            memcpy(v, trial->measured, trial->n_measured * sizeof(*v));
        trial->measured = v;
        trial->measured_capacity = capacity;
    }
    trial->measured[trial->n_measured++] = m;
    return OK;
}

struct trial *trials_get(const struct trials *t, int64_t number)
{
    return number >= 1 && (uint64_t)number <= t->n ? &t->v[number - 1] : NULL;
}

struct observation *trials_seen(const struct trials *t, int64_t number)
{
    return &t->seen[t->n_evidence + (size_t)number - 1];
}

bool trials_know(const struct trials *t, const struct config *config)
{
    struct history h = trials_history(t);
    return history_knows(&h, config);
}

struct history trials_history(const struct trials *t)
{
    return (struct history){.n = t->n_evidence + t->n,
                            .v = t->seen,
                            .n_evidence = t->n_evidence,
                            .n_ended = t->n_ended,
                            .ended = t->ended,
                            .taken_back = t->taken_back,
                            .n_objectives = t->n_objectives,
                            .n_requirements = t->n_requirements,
                            .slots = t->slots,
                            .n_slots = t->n_slots};
}

uint64_t trials_lineage(const struct trials *t, const struct config *config, int64_t parent,
                        int64_t from)
{
    uint64_t hash = config_hash(config);
    const struct trial *before = trials_get(t, parent);
    if (!before)
        return hash;
    struct rng r;
    rng_init(&r, before->lineage ^ hash, (uint64_t)from);
    return rng_u64(&r);
}

static void *copied(const void *from, size_t n, size_t size)
{
    void *to = reallocarray(NULL, n ? n : 1, size);
    if (to && n)
        memcpy(to, from, n * size);
    return to;
}

/* Trials and ends are in the order of the entries, so that the past is a beginning of each. */
enum code trials_past(const struct trials *t, int64_t entry, struct past *ret, struct error *e)
{
    size_t n = t->n, n_ended = known_at(t, entry);
    while (n > 0 && t->v[n - 1].asked_at > entry)
        n--;
    struct past p = {.history = trials_history(t)};
    p.v = copied(t->seen, t->n_evidence + n, sizeof(*p.v));
    p.ended = copied(t->ended, n_ended, sizeof(*p.ended));
    p.slots = copied(t->slots, t->n_slots, sizeof(*p.slots));
    if (!p.v || !p.ended || !p.slots) {
        past_free(&p);
        return error_nomem(e);
    }
    for (size_t i = n_ended; i < t->n_ended; i++) {
        if (t->ended[i] >= t->n_evidence + n)
            continue;
        struct observation *o = &p.v[t->ended[i]];
        o->pending = true;
        o->failed = o->infeasible = false;
        o->value = (double)NAN;
        o->values = o->excess = none;
        o->step = -1;
    }
    p.history.n = t->n_evidence + n;
    p.history.v = p.v;
    p.history.n_ended = n_ended;
    p.history.ended = p.ended;
    p.history.slots = p.slots;
    *ret = p;
    return OK;
}

/* Measurements are only ever added, so that a beginning of them may be read elsewhere meanwhile. */
enum code past_curves(const struct trials *t, struct past *p, int64_t entry, struct error *e)
{
    size_t n_evidence = p->history.n_evidence;
    p->curves = calloc(p->history.n + 1, sizeof(*p->curves));
    if (!p->curves)
        return error_nomem(e);
    for (size_t i = n_evidence; i < p->history.n; i++) {
        const struct trial *x = &t->v[i - n_evidence];
        size_t n = x->n_measured;
        while (n > 0 && x->measured[n - 1].entry > entry)
            n--;
        p->curves[i] = (struct curve){
            .v = x->measured,
            .n = n,
            .steps = x->steps,
            .paused = x->paused && x->ended_at <= entry,
            .running = p->v[i].pending,
        };
    }
    return OK;
}

void past_free(struct past *p)
{
    free(p->curves);
    free(p->v);
    free(p->ended);
    free(p->slots);
    free(p->values);
    *p = (struct past){.v = NULL};
}

void trials_end(struct trials *t, int64_t number, const struct end *x)
{
    struct trial *trial = &t->v[number - 1];
    bool was_paused = trial->paused;
    trial->ended = true;
    trial->paused = false;
    trial->outcome = x->outcome;
    /* One that was paused is seen as ended already, with the result it had then. */
    if (was_paused)
        return;
    trial->ended_at = x->entry;
    end_observation(t, t->n_evidence + (size_t)number - 1, trial->room, x);
}

void trials_pause(struct trials *t, int64_t number, const struct end *x)
{
    struct trial *trial = &t->v[number - 1];
    trial->paused = true;
    trial->ended_at = x->entry;
    end_observation(t, t->n_evidence + (size_t)number - 1, trial->room, x);
}

void trials_go_on(struct trials *t, int64_t number, int64_t steps, double *room)
{
    trials_reopen(t, number, room);
    t->v[number - 1].steps = steps;
}

/* Ends stand in the order of their entries, after the evidence. */
static size_t place_among_ended(const struct trials *t, int64_t entry)
{
    size_t lo = t->n_evidence, hi = t->n_ended;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (t->v[t->ended[middle] - t->n_evidence].ended_at < entry)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

void trials_reopen(struct trials *t, int64_t number, double *room)
{
    struct trial *trial = &t->v[number - 1];
    struct observation *seen = trials_seen(t, number);
    size_t at = place_among_ended(t, trial->ended_at);
    trial->ended = trial->stopping = trial->paused = trial->replaced = false;
    trial->ended_at = 0;
    trial->room = room;
    *seen = (struct observation){.config = seen->config,
                                 .hash = seen->hash,
                                 .value = (double)NAN,
                                 .values = none,
                                 .excess = none,
                                 .step = -1,
                                 .known = seen->known,
                                 .origin = seen->origin,
                                 .baseline = seen->baseline,
                                 .pending = true};
    memmove(&t->ended[at], &t->ended[at + 1], (t->n_ended - at - 1) * sizeof(*t->ended));
    t->n_ended--;
    t->taken_back++;
}
