/*
 * Successive halving and Hyperband, synchronous: a bracket of n configurations trains to its lowest
 * rung; when all are there the best n / eta go on to the next, and so on up. Trials are paused
 * between, and slots may stand idle (asha is the same without waiting).
 *
 * sha        Jamieson & Talwalkar, "Non-stochastic Best Arm Identification", AISTATS 2016: brackets
 *            of `n` configurations (0: as many as leave one at the top), one after the other.
 * hyperband  Li et al., JMLR 18, 2018: s = s_max, ..., 0 with n = ceil((s_max + 1) eta^s / (s + 1))
 *            configurations that begin at the rung R eta^-s, over and over.
 *
 * A report past the next rung is a result of the highest rung that it reached, never of a lower
 * one. A trial that ends on its way (failed, cancelled) is out, and nobody waits for it. When no
 * more configurations may be started, the bracket goes on with those that it has.
 */
#include "search/asha/bracket.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct halver {
    int64_t trial;
    double value;
    bool gone; /* it went on, or ended */
};

struct stage {
    struct halver *v;
    size_t n, capacity;
};

struct halving {
    int64_t eta;
    size_t n_rungs;
    int64_t rungs[RUNGS_MAX];
    size_t n_kinds; /* brackets that take turns */
    size_t sizes[RUNGS_MAX], lowest[RUNGS_MAX];
    /* The bracket that runs. */
    size_t kind, started, rung;     /* rung: where results are waited for, or promoted from */
    size_t on_way;                  /* trials on their way to a rung */
    size_t promoted;                /* from `rung` so far; 0: nobody yet */
    struct stage stages[RUNGS_MAX]; /* the results at each rung */
    uint8_t *goal;                  /* by trial - 1: the rung it is on its way to, + 1; 0: none */
    size_t n_goals, capacity;
};

static const struct option_kind sha_options[] = {
    {.name = "eta", .about = "one in so many goes on", .def = 3, .lo = 2, .hi = 10, .whole = true},
    {.name = "n",
     .about = "configurations of a bracket; 0: as many as leave one at the highest rung",
     .lo = 0,
     .hi = 1e6,
     .whole = true},
};

static const struct option_kind hyperband_options[] = {
    {.name = "eta", .about = "one in so many goes on", .def = 3, .lo = 2, .hi = 10, .whole = true},
};

static bool always_pauses(const struct method *m)
{
    return true;
}

static enum code halving_fits(const struct method *m, const struct effort *effort, struct error *e)
{
    int64_t eta = (int64_t)allocator_option(m, "eta");
    if (effort->max_steps / eta >= effort->min_steps)
        return OK;
    error_set(e, E_INVALID, "%s(eta=%d) has no rung between %lld and %lld steps at which to stop",
              m->allocator->name, (int)eta, (long long)effort->min_steps,
              (long long)effort->max_steps);
    error_hint(e, "let the budget span at least a factor of eta, or use full");
    return E_INVALID;
}

static size_t power(int64_t eta, size_t k)
{
    size_t x = 1;
    for (; k > 0 && x < (size_t)1 << 40; k--)
        x *= (size_t)eta;
    return x;
}

static struct halving *halving_new(const struct searcher_settings *settings)
{
    struct halving *x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    const struct effort *effort = &settings->effort;
    x->eta = (int64_t)allocator_option(&settings->method, "eta");
    x->n_rungs = rungs_between(effort->min_steps, effort->max_steps, x->eta, RUNGS_MAX, x->rungs);
    return x;
}

static enum code sha_create(const struct searcher_settings *settings, void **ret, struct error *e)
{
    struct halving *x = halving_new(settings);
    if (!x)
        return error_nomem(e);
    size_t n = (size_t)allocator_option(&settings->method, "n");
    x->n_kinds = 1;
    x->sizes[0] = n > 0 ? n : power(x->eta, x->n_rungs - 1);
    *ret = x;
    return OK;
}

static enum code hyperband_create(const struct searcher_settings *settings, void **ret,
                                  struct error *e)
{
    struct halving *x = halving_new(settings);
    if (!x)
        return error_nomem(e);
    x->n_kinds = x->n_rungs;
    for (size_t i = 0; i < x->n_kinds; i++) {
        size_t s = x->n_rungs - 1 - i, all = x->n_rungs * power(x->eta, s);
        x->sizes[i] = (all + s) / (s + 1);
        x->lowest[i] = i;
    }
    *ret = x;
    return OK;
}

static void halving_destroy(void *self)
{
    struct halving *x = self;
    if (!x)
        return;
    for (size_t i = 0; i < x->n_rungs; i++)
        free(x->stages[i].v);
    free(x->goal);
    free(x);
}

/* The best that waits at a rung; NULL: nobody with a value. Equal values: who came first. */
static struct halver *best_waiting(const struct halving *x, size_t rung)
{
    const struct stage *s = &x->stages[rung];
    struct halver *found = NULL;
    for (size_t i = 0; i < s->n; i++) {
        struct halver *h = &s->v[i];
        if (!h->gone && !isnan(h->value) && (!found || h->value < found->value))
            found = h;
    }
    return found;
}

static size_t places(const struct halving *x, size_t rung)
{
    size_t n = x->stages[rung].n / (size_t)x->eta;
    return n > 0 ? n : 1;
}

/* When everybody of the bracket is at a rung: who goes on from there, and from which. Rungs that
 * nobody goes on from (all of them went past, or have no value) are skipped. */
static struct halver *who_goes_on(const struct halving *x, bool fresh, size_t *ret_rung)
{
    bool full = x->started >= x->sizes[x->kind] || (!fresh && x->started > 0);
    size_t promoted = x->promoted;
    if (promoted == 0 && (!full || x->on_way > 0))
        return NULL;
    for (size_t rung = x->rung; rung + 1 < x->n_rungs; rung++) {
        struct halver *h = best_waiting(x, rung);
        if (h && promoted < places(x, rung)) {
            *ret_rung = rung;
            return h;
        }
        if (x->on_way > 0)
            return NULL;
        promoted = 0;
    }
    return NULL;
}

static bool bracket_is_open(const struct halving *x)
{
    return x->promoted == 0 && x->rung == x->lowest[x->kind] && x->started < x->sizes[x->kind];
}

static struct allocation halving_next(const void *self, bool fresh)
{
    const struct halving *x = self;
    size_t rung;
    const struct halver *h = who_goes_on(x, fresh, &rung);
    if (h)
        return (struct allocation){
            .kind = ALLOCATE_MORE, .trial = h->trial, .steps = x->rungs[rung + 1]};
    if (fresh && bracket_is_open(x))
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = x->rungs[x->lowest[x->kind]]};
    if (x->on_way > 0)
        return (struct allocation){.kind = ALLOCATE_WAIT};
    /* Nobody is on the way and nobody goes on: the bracket is over. */
    if (fresh)
        return (struct allocation){.kind = ALLOCATE_NEW,
                                   .steps = x->rungs[x->lowest[(x->kind + 1) % x->n_kinds]]};
    return (struct allocation){.kind = ALLOCATE_DONE};
}

static enum code make_room(struct halving *x, int64_t trial)
{
    size_t need = (size_t)trial;
    if (need > x->capacity) {
        size_t capacity = x->capacity * 2 > need ? x->capacity * 2 : need + 64;
        uint8_t *p = realloc(x->goal, capacity);
        if (!p)
            return E_NOMEM;
        x->goal = p;
        x->capacity = capacity;
    }
    if (need > x->n_goals) {
        memset(x->goal + x->n_goals, 0, need - x->n_goals);
        x->n_goals = need;
    }
    return OK;
}

static enum code stage_reserve(struct stage *s)
{
    if (s->n < s->capacity)
        return OK;
    size_t capacity = s->capacity ? s->capacity * 2 : 16;
    struct halver *v = reallocarray(s->v, capacity, sizeof(*v));
    if (!v)
        return E_NOMEM;
    s->v = v;
    s->capacity = capacity;
    return OK;
}

static void begin_bracket(struct halving *x)
{
    x->kind = (x->kind + 1) % x->n_kinds;
    x->rung = x->lowest[x->kind];
    x->started = x->promoted = 0;
    for (size_t i = 0; i < x->n_rungs; i++)
        x->stages[i].n = 0;
}

static enum code start_new(struct halving *x, int64_t trial)
{
    if (make_room(x, trial) != OK)
        return E_NOMEM;
    if (!bracket_is_open(x))
        begin_bracket(x);
    x->goal[trial - 1] = (uint8_t)(x->lowest[x->kind] + 1);
    x->started++;
    x->on_way++;
    return OK;
}

/* Its result at the highest rung that it reached. */
static struct halver *find(const struct halving *x, int64_t trial, size_t *ret_rung)
{
    for (size_t rung = x->n_rungs; rung-- > 0;)
        for (size_t i = 0; i < x->stages[rung].n; i++)
            if (x->stages[rung].v[i].trial == trial) {
                *ret_rung = rung;
                return &x->stages[rung].v[i];
            }
    return NULL;
}

static enum code halving_started(void *self, int64_t trial, const struct allocation *a)
{
    struct halving *x = self;
    if (a->kind == ALLOCATE_NEW)
        return start_new(x, trial);
    size_t rung = x->rung;
    struct halver *h = find(x, trial, &rung);
    if (!h)
        return OK;
    if (rung != x->rung)
        x->promoted = 0;
    x->rung = rung;
    h->gone = true;
    x->goal[trial - 1] = (uint8_t)(rung + 2);
    x->promoted++;
    x->on_way++;
    x->started = x->sizes[x->kind]; /* it is full now, even if it was not */
    return OK;
}

static size_t goal_of(const struct halving *x, int64_t trial)
{
    return (size_t)trial <= x->n_goals ? x->goal[trial - 1] : 0;
}

static int64_t halving_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct halving *x = self;
    size_t goal = goal_of(x, trial);
    if (goal == 0)
        return INT64_MAX;
    return x->rungs[goal - 1] > step ? x->rungs[goal - 1] : step;
}

static enum decision halving_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct halving *x = self;
    size_t goal = goal_of(x, trial);
    bool there = goal > 0 && goal < x->n_rungs && step >= x->rungs[goal - 1];
    return there ? DECISION_PAUSE : DECISION_CONTINUE;
}

static enum code halving_take(void *self, int64_t trial, int64_t step, double value,
                              enum decision d)
{
    struct halving *x = self;
    size_t goal = goal_of(x, trial);
    if (goal == 0 || step < x->rungs[goal - 1])
        return OK;
    size_t rung = goal - 1;
    while (rung + 1 < x->n_rungs && x->rungs[rung + 1] <= step)
        rung++;
    struct stage *s = &x->stages[rung];
    if (stage_reserve(s) != OK)
        return E_NOMEM;
    s->v[s->n++] = (struct halver){.trial = trial, .value = value};
    x->goal[trial - 1] = 0;
    x->on_way--;
    return OK;
}

static enum code halving_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                               double value)
{
    struct halving *x = self;
    if (goal_of(x, trial) > 0) {
        x->goal[trial - 1] = 0;
        x->on_way--;
    }
    size_t rung;
    struct halver *h = find(x, trial, &rung);
    if (h)
        h->gone = true;
    return OK;
}

static size_t halving_rungs(const void *self, int64_t *ret_steps, size_t max)
{
    const struct halving *x = self;
    for (size_t i = 0; i < x->n_rungs && i < max; i++)
        ret_steps[i] = x->rungs[i];
    return x->n_rungs;
}

const struct allocator_kind allocator_sha = {
    .name = "sha",
    .about = "successive halving: all wait at each rung for the last (Jamieson & Talwalkar 2016)",
    .options = sha_options,
    .n_options = sizeof(sha_options) / sizeof(sha_options[0]),
    .needs_steps = true,
    .pauses = always_pauses,
    .fits = halving_fits,
    .create = sha_create,
    .destroy = halving_destroy,
    .next = halving_next,
    .started = halving_started,
    .next_wanted = halving_next_wanted,
    .decide = halving_decide,
    .take = halving_take,
    .ended = halving_ended,
    .rungs = halving_rungs,
};

const struct allocator_kind allocator_hyperband = {
    .name = "hyperband",
    .about = "brackets of successive halving that cut early and late, in turn (Li et al. 2018)",
    .options = hyperband_options,
    .n_options = sizeof(hyperband_options) / sizeof(hyperband_options[0]),
    .needs_steps = true,
    .pauses = always_pauses,
    .fits = halving_fits,
    .create = hyperband_create,
    .destroy = halving_destroy,
    .next = halving_next,
    .started = halving_started,
    .next_wanted = halving_next_wanted,
    .decide = halving_decide,
    .take = halving_take,
    .ended = halving_ended,
    .rungs = halving_rungs,
};
