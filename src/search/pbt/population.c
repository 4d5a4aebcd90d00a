/* A population: the state machine that pbt and pb2 share. */
#include "search/pbt/population.h"

#include "base/array.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Streams of the generator that are nobody else's: samplers draw from their index upwards. */
#define PARENTS ((uint64_t)1 << 62)

size_t marks_between(int64_t interval, int64_t max_steps)
{
    return (size_t)(max_steps / interval + (max_steps % interval > 0));
}

enum code population_new(const struct population_settings *x, struct population **ret,
                         struct error *e)
{
    struct population *p = calloc(1, sizeof(*p));
    if (!p)
        return error_nomem(e);
    *p = (struct population){.interval = x->interval,
                             .max_steps = x->max_steps,
                             .quantile = x->quantile,
                             .seed = x->seed,
                             .size = x->size,
                             .n_marks = marks_between(x->interval, x->max_steps)};
    p->members = calloc(p->size, sizeof(*p->members));
    p->marks = calloc(p->n_marks, sizeof(*p->marks));
    if (!p->members || !p->marks) {
        population_free(p);
        return error_nomem(e);
    }
    *ret = p;
    return OK;
}

void population_free(struct population *p)
{
    if (!p)
        return;
    for (size_t i = 0; p->marks && i < p->n_marks; i++)
        free(p->marks[i].v);
    free(p->marks);
    free(p->members);
    free(p);
}

/* The step at which mark k (1, 2, ...) lies. */
static int64_t step_of(const struct population *p, size_t k)
{
    return k >= p->n_marks ? p->max_steps : (int64_t)k * p->interval;
}

/* How many marks lie at or before a step. */
static size_t marks_at(const struct population *p, int64_t step)
{
    return step >= p->max_steps ? p->n_marks : (size_t)(step / p->interval);
}

static struct member *member_of(const struct population *p, int64_t trial)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->members[i].trial == trial)
            return &p->members[i];
    return NULL;
}

/* --- where one stands at a mark --- */

static bool is_better(const struct mark_result *a, const struct mark_result *b)
{
    if (isnan(a->value) != isnan(b->value))
        return isnan(b->value);
    if (a->value < b->value || a->value > b->value)
        return a->value < b->value;
    return a->trial < b->trial;
}

static const struct mark *last_mark(const struct population *p, const struct member *m)
{
    return &p->marks[m->mark - 1];
}

static struct mark_result *own_result(const struct population *p, const struct member *m)
{
    const struct mark *mark = last_mark(p, m);
    for (size_t i = 0; i < mark->n; i++)
        if (mark->v[i].trial == m->trial)
            return &mark->v[i];
    return NULL;
}

struct standing {
    size_t known, coming; /* results at the mark, and members that may yet come to it */
    size_t better, worse; /* of the known ones */
    size_t behind;        /* of those that come, as they stood at the mark before */
};

/* Whoever is farther back, and at the first mark everybody, gets the benefit of the doubt. */
static bool is_behind(const struct member *o, const struct member *m, const struct mark_result *own)
{
    if (o->mark + 1 < m->mark || o->mark == 0)
        return true;
    return !isnan(own->before) && (isnan(o->value) || o->value > own->before);
}

static struct standing standing_of(const struct population *p, const struct member *m)
{
    const struct mark *mark = last_mark(p, m);
    const struct mark_result *own = own_result(p, m);
    struct standing s = {.known = mark->n};
    for (size_t i = 0; own && i < mark->n; i++) {
        s.better += is_better(&mark->v[i], own);
        s.worse += is_better(own, &mark->v[i]);
    }
    for (size_t i = 0; own && i < p->n; i++) {
        const struct member *o = &p->members[i];
        bool comes = o->mark < m->mark && o->state != MEMBER_OVER;
        s.coming += comes;
        s.behind += comes && is_behind(o, m, own);
    }
    return s;
}

static size_t share(const struct population *p, size_t n)
{
    return (size_t)(p->quantile * (double)n);
}

/* In a population that is complete one gives way at least. */
static size_t cut(const struct population *p, size_t n)
{
    size_t k = share(p, n);
    return k > 0 || n < 2 ? k : 1;
}

/* Can m become a copy of it? It is among the best n, no worse than m, and its checkpoint is there.
 */
static bool is_parent(const struct mark *mark, const struct mark_result *x, const struct member *m,
                      size_t n)
{
    size_t better = 0;
    for (size_t k = 0; k < mark->n; k++)
        better += is_better(&mark->v[k], x);
    return better < n && !isnan(x->value) && !x->gone && x->trial != m->trial &&
           !(x->value > m->value);
}

/* One of the best `n`, drawn evenly; NULL: there is none to copy. */
static const struct mark_result *draw_parent(const struct population *p, const struct member *m,
                                             size_t n)
{
    const struct mark *mark = last_mark(p, m);
    struct rng r;
    size_t parents = 0;
    for (size_t i = 0; i < mark->n; i++)
        parents += is_parent(mark, &mark->v[i], m, n);
    if (parents == 0)
        return NULL;
    rng_init(&r, p->seed, PARENTS + (uint64_t)p->copies);
    uint64_t drawn = rng_below(&r, parents);
    for (size_t i = 0; i < mark->n; i++)
        if (is_parent(mark, &mark->v[i], m, n) && drawn-- == 0)
            return &mark->v[i];
    return NULL;
}

/* --- what next --- */

/* What can be done for a member that waits: the lower the sooner. */
enum urgency { REPLACE, GO_ON, GO_ON_KEPT, DECIDE_NOW, NOTHING };

struct verdict_on {
    enum urgency urgency;
    struct allocation x;
};

static struct allocation go_on(const struct population *p, const struct member *m, bool keep)
{
    return (struct allocation){
        .kind = ALLOCATE_MORE, .trial = m->trial, .steps = step_of(p, m->mark + 1), .keep = keep};
}

static bool replace(const struct population *p, const struct member *m, size_t best,
                    struct allocation *ret)
{
    const struct mark_result *parent = draw_parent(p, m, best);
    if (!parent)
        return false;
    *ret = (struct allocation){.kind = ALLOCATE_COPY,
                               .steps = step_of(p, m->mark + 1),
                               .parent = parent->trial,
                               .from = parent->step,
                               .over = m->trial};
    return true;
}

static struct verdict_on judge(const struct population *p, const struct member *m)
{
    struct standing s = standing_of(p, m);
    size_t all = cut(p, s.known + s.coming);
    struct verdict_on v = {.urgency = NOTHING};
    if (s.coming == 0) {
        if ((m->ended || s.worse < all) && replace(p, m, all, &v.x))
            v.urgency = REPLACE;
        else if (!m->ended)
            v = (struct verdict_on){GO_ON, go_on(p, m, false)};
        return v;
    }
    bool may_be_copied = s.better < all && !isnan(m->value);
    if (!m->ended && s.worse >= all)
        return (struct verdict_on){may_be_copied ? GO_ON_KEPT : GO_ON, go_on(p, m, may_be_copied)};
    /* Whoever loses, as far as one can tell, waits for somebody to copy. */
    bool loses =
        m->ended || (m->mark == 1 ? s.worse < share(p, s.known) : s.worse + s.behind < all);
    if (loses && replace(p, m, all, &v.x))
        v.urgency = DECIDE_NOW;
    else if (!loses)
        v = (struct verdict_on){DECIDE_NOW, go_on(p, m, may_be_copied)};
    return v;
}

/* Fates that are known first; then the lower mark; then by urgency; then who came first. */
static bool is_sooner(const struct verdict_on *a, const struct member *ma,
                      const struct verdict_on *b, const struct member *mb)
{
    bool known_a = a->urgency < DECIDE_NOW, known_b = b->urgency < DECIDE_NOW;
    if (known_a != known_b)
        return known_a;
    if (ma->mark != mb->mark)
        return ma->mark < mb->mark;
    if (a->urgency != b->urgency)
        return a->urgency < b->urgency;
    return ma->arrived < mb->arrived;
}

struct allocation population_next(const void *self, bool fresh)
{
    const struct population *p = self;
    if (fresh && p->n < p->size)
        return (struct allocation){.kind = ALLOCATE_NEW, .steps = step_of(p, 1)};
    struct verdict_on best = {.urgency = NOTHING};
    const struct member *found = NULL;
    bool on_way = false;
    for (size_t i = 0; i < p->n; i++) {
        const struct member *m = &p->members[i];
        on_way = on_way || m->state == MEMBER_ON_WAY;
        if (m->state != MEMBER_WAITS)
            continue;
        struct verdict_on v = judge(p, m);
        if (v.urgency != NOTHING && (!found || is_sooner(&v, m, &best, found))) {
            best = v;
            found = m;
        }
    }
    if (found)
        return best.x;
    return (struct allocation){.kind = on_way ? ALLOCATE_WAIT : ALLOCATE_DONE};
}

/* Is anybody's fate at mark k open? */
static bool is_open(const struct population *p, size_t k)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct member *m = &p->members[i];
        if ((m->mark < k && m->state != MEMBER_OVER) || (m->mark == k && m->state == MEMBER_WAITS))
            return true;
    }
    return false;
}

bool population_may_copy(const void *self, int64_t trial, int64_t step)
{
    const struct population *p = self;
    size_t k = marks_at(p, step);
    if (k == 0 || k >= p->n_marks || !is_open(p, k))
        return false;
    for (size_t i = 0; i < p->marks[k - 1].n; i++)
        if (p->marks[k - 1].v[i].trial == trial)
            return !p->marks[k - 1].v[i].gone;
    return false;
}

/* --- what came of it --- */

static enum code start_copy(struct population *p, int64_t trial, const struct allocation *x)
{
    struct member *m = member_of(p, x->over);
    const struct mark_result *parent = NULL;
    if (!m || m->state != MEMBER_WAITS)
        return E_STATE;
    const struct mark *mark = last_mark(p, m);
    for (size_t i = 0; i < mark->n; i++)
        if (mark->v[i].trial == x->parent && mark->v[i].step == x->from)
            parent = &mark->v[i];
    if (!parent)
        return E_STATE;
    *m = (struct member){.trial = trial,
                         .state = MEMBER_ON_WAY,
                         .mark = m->mark,
                         .step = parent->step,
                         .value = parent->value};
    p->copies++;
    return OK;
}

/* What its checkpoint was at the mark is there no longer, unless it is kept. */
static void go(struct population *p, struct member *m, bool keep)
{
    struct mark_result *own = m->mark > 0 ? own_result(p, m) : NULL;
    if (own)
        own->gone = !keep;
    m->state = MEMBER_ON_WAY;
}

enum code population_started(void *self, int64_t trial, const struct allocation *x)
{
    struct population *p = self;
    if (x->kind == ALLOCATE_COPY)
        return start_copy(p, trial, x);
    struct member *m = member_of(p, trial);
    if (x->kind == ALLOCATE_NEW && p->n < p->size)
        p->members[p->n++] = (struct member){.trial = trial, .value = (double)NAN};
    else if (m)
        go(p, m, x->keep);
    return OK;
}

int64_t population_next_wanted(const void *self, int64_t trial, int64_t step)
{
    const struct population *p = self;
    const struct member *m = member_of(p, trial);
    if (!m || m->state != MEMBER_ON_WAY || m->mark >= p->n_marks)
        return INT64_MAX;
    int64_t goal = step_of(p, m->mark + 1);
    return goal > step ? goal : step;
}

enum decision population_decide(const void *self, int64_t trial, int64_t step, double value)
{
    const struct population *p = self;
    const struct member *m = member_of(p, trial);
    bool there = m && m->state == MEMBER_ON_WAY && marks_at(p, step) > m->mark;
    return there && step < p->max_steps ? DECISION_PAUSE : DECISION_CONTINUE;
}

static enum code arrive(struct population *p, struct member *m, size_t k, int64_t step,
                        double value)
{
    struct mark *mark = &p->marks[k - 1];
    if (!array_reserve(mark->v, &mark->capacity, mark->n + 1))
        return E_NOMEM;
    mark->v[mark->n++] = (struct mark_result){
        .trial = m->trial, .step = step, .value = value, .since = m->step, .before = m->value};
    m->mark = k;
    m->step = step;
    m->value = value;
    return OK;
}

static void wait_there(struct population *p, struct member *m, bool ended)
{
    m->state = MEMBER_WAITS;
    m->ended = ended;
    m->arrived = ++p->arrivals;
}

static bool has_value_at(const struct population *p, size_t k)
{
    for (size_t i = 0; i < p->marks[k - 1].n; i++)
        if (!isnan(p->marks[k - 1].v[i].value))
            return true;
    return false;
}

/* One that failed, where nobody has a value to go on with and nobody comes any more, is lost; the
 * others must not wait for it. */
static void give_up(struct population *p)
{
    size_t lowest = SIZE_MAX;
    for (size_t i = 0; i < p->n; i++)
        if (p->members[i].state != MEMBER_OVER && p->members[i].mark < lowest)
            lowest = p->members[i].mark;
    for (size_t i = 0; i < p->n; i++) {
        struct member *m = &p->members[i];
        bool failed = m->state == MEMBER_WAITS && m->ended;
        if (failed && m->mark == lowest && !has_value_at(p, m->mark))
            m->state = MEMBER_OVER;
    }
}

enum code population_take(void *self, int64_t trial, int64_t step, double value, enum decision d)
{
    struct population *p = self;
    struct member *m = member_of(p, trial);
    size_t k = marks_at(p, step);
    if (!m || m->state != MEMBER_ON_WAY || k <= m->mark)
        return OK;
    if (arrive(p, m, k, step, value) != OK)
        return E_NOMEM;
    if (d == DECISION_PAUSE)
        wait_there(p, m, false);
    give_up(p);
    return OK;
}

enum code population_ended(void *self, int64_t trial, enum outcome outcome, int64_t step,
                           double value)
{
    struct population *p = self;
    struct member *m = member_of(p, trial);
    if (!m)
        return OK;
    bool failed = outcome == OUTCOME_FAILED || outcome == OUTCOME_INFEASIBLE;
    if (m->state != MEMBER_ON_WAY || !failed || m->mark + 1 >= p->n_marks) {
        m->state = MEMBER_OVER;
        give_up(p);
        return OK;
    }
    if (arrive(p, m, m->mark + 1, step_of(p, m->mark + 1), (double)NAN) != OK)
        return E_NOMEM;
    wait_there(p, m, true);
    give_up(p);
    return OK;
}

enum code population_reopened(void *self, int64_t trial)
{
    struct population *p = self;
    struct member *m = member_of(p, trial);
    if (!m)
        return OK;
    if (m->state == MEMBER_WAITS && m->ended) {
        struct mark *mark = &p->marks[m->mark - 1];
        size_t i = 0;
        while (mark->v[i].trial != trial)
            i++;
        m->step = mark->v[i].since;
        m->value = mark->v[i].before;
        m->mark--;
        memmove(&mark->v[i], &mark->v[i + 1], (mark->n - i - 1) * sizeof(*mark->v));
        mark->n--;
    }
    m->state = MEMBER_ON_WAY;
    m->ended = false;
    return OK;
}
