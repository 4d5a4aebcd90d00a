/*
 * Successive halving and Hyperband, synchronous: a bracket of n configurations trains to its lowest
 * rung; when all are there the best n / eta go on to the next, and so on up. Trials are paused
 * between. A slot that a bracket has no work for begins the next one, as Falkner et al. (BOHB, ICML
 * 2018) and Li et al. (ASHA, MLSys 2020) run it in parallel: what is waited for is never a reason
 * to stand idle, and the oldest bracket is served first.
 *
 * sha        Jamieson & Talwalkar, "Non-stochastic Best Arm Identification", AISTATS 2016: brackets
 *            of `n` configurations (0: as many as leave one at the top).
 * hyperband  Li et al., JMLR 18, 2018: s = s_max, ..., 0 with n = ceil((s_max + 1) eta^s / (s + 1))
 *            configurations that begin at the rung R eta^-s, over and over.
 *
 * A report past the next rung is a result of the highest rung that it reached, never of a lower
 * one. A trial that ends on its way (failed, cancelled) is out, and nobody waits for it. When no
 * more configurations may be started, the youngest bracket goes on with those that it has.
 *
 * When the budget has too little left to train a new trial to its end, the best that waits at the
 * highest rung goes on, of whatever bracket, also of one that is over, and beyond one in eta, as
 * long as it still gets to the top; then who goes on anyway, or starts, or waits, as far as that
 * leads to a rung. Nothing else could come of what is left.
 */
#include "search/asha/bracket.h"

#include "base/array.h"

#include <math.h>
#include <stdlib.h>

struct halver {
    int64_t trial;
    double value;
    bool gone; /* it went on, or ended */
};

struct stage {
    struct halver *v;
    size_t n, capacity;
};

struct cohort {
    struct cohort *next; /* the one that began after it; of those that are over, any */
    size_t kind;
    size_t started, rung;  /* rung: where results are waited for, or promoted from */
    bool closed;           /* nobody joins it any more */
    size_t on_way;         /* trials on their way to a rung */
    size_t promoted;       /* from `rung` so far; 0: nobody yet */
    struct stage stages[]; /* the results at each rung */
};

/* Where a trial belongs. */
struct place {
    struct cohort *cohort; /* NULL: none */
    size_t goal;           /* the rung it is on its way to, + 1; 0: none */
};

struct halving {
    int64_t eta;
    size_t n_rungs;
    int64_t rungs[RUNGS_MAX];
    size_t n_kinds; /* brackets that take turns */
    size_t sizes[RUNGS_MAX], lowest[RUNGS_MAX];
    struct cohort *oldest, *youngest, *over;
    struct place *places; /* by trial - 1 */
    size_t n_places;
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

static void cohorts_free(const struct halving *x, struct cohort *c)
{
    for (struct cohort *next; c; c = next) {
        next = c->next;
        for (size_t i = 0; i < x->n_rungs; i++)
            free(c->stages[i].v);
        free(c);
    }
}

static void halving_destroy(void *self)
{
    struct halving *x = self;
    if (!x)
        return;
    cohorts_free(x, x->oldest);
    cohorts_free(x, x->over);
    free(x->places);
    free(x);
}

/* The best that waits at a rung; NULL: nobody with a value. Equal values: who came first. */
static struct halver *best_waiting(const struct stage *s)
{
    struct halver *found = NULL;
    for (size_t i = 0; i < s->n; i++) {
        struct halver *h = &s->v[i];
        if (!h->gone && !isnan(h->value) && (!found || h->value < found->value))
            found = h;
    }
    return found;
}

static size_t go_on(const struct halving *x, const struct stage *s)
{
    size_t n = s->n / (size_t)x->eta;
    return n > 0 ? n : 1;
}

/* When everybody of the bracket is at a rung: who goes on from there, and from which. Rungs that
 * nobody goes on from (all of them went past, or have no value) are skipped. */
static struct halver *who_goes_on(const struct halving *x, const struct cohort *c, bool fresh,
                                  size_t *ret_rung)
{
    bool complete = c->closed || (!fresh && c->started > 0);
    size_t promoted = c->promoted;
    if (promoted == 0 && (!complete || c->on_way > 0))
        return NULL;
    for (size_t rung = c->rung; rung + 1 < x->n_rungs; rung++) {
        struct halver *h = best_waiting(&c->stages[rung]);
        if (h && promoted < go_on(x, &c->stages[rung])) {
            *ret_rung = rung;
            return h;
        }
        if (c->on_way > 0)
            return NULL;
        promoted = 0;
    }
    return NULL;
}

static bool is_open(const struct cohort *c)
{
    return c && !c->closed;
}

static size_t next_kind(const struct halving *x)
{
    return x->youngest ? (x->youngest->kind + 1) % x->n_kinds : 0;
}

static struct allocation new_one(const struct halving *x)
{
    size_t kind = is_open(x->youngest) ? x->youngest->kind : next_kind(x);
    return (struct allocation){.kind = ALLOCATE_NEW, .steps = x->rungs[x->lowest[kind]]};
}

static struct allocation halving_next(const void *self, bool fresh)
{
    const struct halving *x = self;
    bool on_way = false;
    for (const struct cohort *c = x->oldest; c; c = c->next) {
        size_t rung;
        const struct halver *h = who_goes_on(x, c, fresh, &rung);
        if (h)
            return (struct allocation){
                .kind = ALLOCATE_MORE, .trial = h->trial, .steps = x->rungs[rung + 1]};
        on_way = on_way || c->on_way > 0;
    }
    if (!fresh)
        return (struct allocation){.kind = on_way ? ALLOCATE_WAIT : ALLOCATE_DONE};
    return new_one(x);
}

/* The best of all that wait at a rung, also of brackets that are over. */
static const struct halver *best_of_all(const struct halving *x, size_t rung)
{
    const struct cohort *const lists[] = {x->oldest, x->over};
    const struct halver *found = NULL;
    for (size_t i = 0; i < 2; i++)
        for (const struct cohort *c = lists[i]; c; c = c->next) {
            const struct halver *h = best_waiting(&c->stages[rung]);
            if (h && (!found || h->value < found->value))
                found = h;
        }
    return found;
}

/* The rungs from the highest but one down, from which it is at most `left` steps to the top, or to
 * the next one. */
static bool goes_within(const struct halving *x, int64_t left, bool top, struct allocation *ret)
{
    for (size_t rung = x->n_rungs - 1; rung-- > 0;) {
        int64_t to = x->rungs[top ? x->n_rungs - 1 : rung + 1];
        const struct halver *h = to - x->rungs[rung] <= left ? best_of_all(x, rung) : NULL;
        if (!h)
            continue;
        *ret = (struct allocation){
            .kind = ALLOCATE_MORE, .trial = h->trial, .steps = x->rungs[rung + 1]};
        return true;
    }
    return false;
}

/* How many steps it takes. */
static int64_t takes(const struct halving *x, const struct allocation *a)
{
    size_t rung = 0;
    if (a->kind == ALLOCATE_NEW)
        return a->steps;
    while (x->rungs[rung + 1] < a->steps)
        rung++;
    return a->steps - x->rungs[rung];
}

static bool is_any_on_way(const struct cohort *c)
{
    while (c && c->on_way == 0)
        c = c->next;
    return c;
}

static struct allocation halving_closing(const void *self, bool fresh, int64_t left)
{
    const struct halving *x = self;
    struct allocation a;
    if (goes_within(x, left, true, &a))
        return a;
    a = halving_next(x, fresh);
    if (a.kind == ALLOCATE_MORE && takes(x, &a) > left && fresh)
        a = new_one(x);
    if ((a.kind == ALLOCATE_MORE || a.kind == ALLOCATE_NEW) && takes(x, &a) <= left)
        return a;
    if (goes_within(x, left, false, &a))
        return a;
    bool on_way = is_any_on_way(x->oldest) || is_any_on_way(x->over);
    return (struct allocation){.kind = on_way ? ALLOCATE_WAIT : ALLOCATE_DONE};
}

static enum code make_room(struct halving *x, int64_t trial)
{
    return array_reserve_zeroed(x->places, &x->n_places, (size_t)trial) ? OK : E_NOMEM;
}

static enum code stage_reserve(struct stage *s)
{
    return array_reserve(s->v, &s->capacity, s->n + 1) ? OK : E_NOMEM;
}

/* Their trials have nothing to hope for but the end of the budget. */
static void set_aside_those_over(struct halving *x)
{
    x->youngest = NULL;
    for (struct cohort **at = &x->oldest; *at;) {
        struct cohort *c = *at;
        size_t rung;
        if (c->closed && c->on_way == 0 && !who_goes_on(x, c, true, &rung)) {
            *at = c->next;
            c->next = x->over;
            x->over = c;
        } else {
            x->youngest = c;
            at = &c->next;
        }
    }
}

static enum code begin(struct halving *x)
{
    size_t kind = next_kind(x);
    struct cohort *c = calloc(1, sizeof(*c) + x->n_rungs * sizeof(c->stages[0]));
    if (!c)
        return E_NOMEM;
    set_aside_those_over(x);
    c->kind = kind;
    c->rung = x->lowest[kind];
    if (x->youngest)
        x->youngest->next = c;
    else
        x->oldest = c;
    x->youngest = c;
    return OK;
}

static enum code start_new(struct halving *x, int64_t trial)
{
    if (make_room(x, trial) != OK || (!is_open(x->youngest) && begin(x) != OK))
        return E_NOMEM;
    struct cohort *c = x->youngest;
    x->places[trial - 1] = (struct place){c, x->lowest[c->kind] + 1};
    c->started++;
    c->closed = c->started >= x->sizes[c->kind];
    c->on_way++;
    return OK;
}

static struct place *place_of(const struct halving *x, int64_t trial)
{
    bool known = (size_t)trial <= x->n_places && x->places[trial - 1].cohort;
    return known ? &x->places[trial - 1] : NULL;
}

/* Its result at the highest rung that it reached. */
static struct halver *find(const struct halving *x, const struct cohort *c, int64_t trial,
                           size_t *ret_rung)
{
    for (size_t rung = x->n_rungs; rung-- > 0;)
        for (size_t i = 0; i < c->stages[rung].n; i++)
            if (c->stages[rung].v[i].trial == trial) {
                *ret_rung = rung;
                return &c->stages[rung].v[i];
            }
    return NULL;
}

static enum code halving_started(void *self, int64_t trial, const struct allocation *a)
{
    struct halving *x = self;
    if (a->kind == ALLOCATE_NEW)
        return start_new(x, trial);
    struct place *p = place_of(x, trial);
    size_t rung;
    struct halver *h = p ? find(x, p->cohort, trial, &rung) : NULL;
    if (!h)
        return OK;
    struct cohort *c = p->cohort;
    if (rung > c->rung)
        c->promoted = 0;
    if (rung >= c->rung) { /* else it goes on beyond the rule */
        c->rung = rung;
        c->promoted++;
    }
    c->on_way++;
    c->closed = true;
    h->gone = true;
    p->goal = rung + 2;
    return OK;
}

static int64_t halving_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct halving *x = self;
    const struct place *p = place_of(x, trial);
    if (!p || p->goal == 0)
        return INT64_MAX;
    return x->rungs[p->goal - 1] > step ? x->rungs[p->goal - 1] : step;
}

static enum decision halving_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct halving *x = self;
    const struct place *p = place_of(x, trial);
    bool below_top = p && p->goal > 0 && p->goal < x->n_rungs;
    return below_top && step >= x->rungs[p->goal - 1] ? DECISION_PAUSE : DECISION_CONTINUE;
}

static enum code halving_take(void *self, int64_t trial, int64_t step, double value,
                              enum decision d)
{
    struct halving *x = self;
    struct place *p = place_of(x, trial);
    if (!p || p->goal == 0 || step < x->rungs[p->goal - 1])
        return OK;
    size_t rung = p->goal - 1;
    while (rung + 1 < x->n_rungs && x->rungs[rung + 1] <= step)
        rung++;
    struct stage *s = &p->cohort->stages[rung];
    if (stage_reserve(s) != OK)
        return E_NOMEM;
    s->v[s->n++] = (struct halver){.trial = trial, .value = value};
    p->goal = 0;
    p->cohort->on_way--;
    return OK;
}

static enum code halving_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                               double value)
{
    struct halving *x = self;
    struct place *p = place_of(x, trial);
    if (!p)
        return OK;
    size_t rung;
    struct halver *h = find(x, p->cohort, trial, &rung);
    if (h)
        h->gone = true;
    p->cohort->on_way -= p->goal > 0;
    *p = (struct place){0};
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
    .owns_steps = true,
    .pauses = always_pauses,
    .fits = halving_fits,
    .create = sha_create,
    .destroy = halving_destroy,
    .next = halving_next,
    .closing = halving_closing,
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
    .owns_steps = true,
    .pauses = always_pauses,
    .fits = halving_fits,
    .create = hyperband_create,
    .destroy = halving_destroy,
    .next = halving_next,
    .closing = halving_closing,
    .started = halving_started,
    .next_wanted = halving_next_wanted,
    .decide = halving_decide,
    .take = halving_take,
    .ended = halving_ended,
    .rungs = halving_rungs,
};
