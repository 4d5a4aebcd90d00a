/* How long a step takes. */
#include "sched/pace.h"

#include <math.h>
#include <stdlib.h>

#define NS_PER_HOUR (3600.0 * 1e9)

struct pace pace_given(double step_ns)
{
    return (struct pace){.steps = 1, .ns = step_ns};
}

void pace_start(struct pace *p, int64_t steps, int64_t ns)
{
    if (steps <= 0 || ns < 0)
        return;
    p->starts++;
    p->start_steps += (double)steps;
    p->start_ns += (double)ns;
}

void pace_more(struct pace *p, int64_t steps, int64_t ns)
{
    if (steps <= 0 || ns < 0)
        return;
    p->steps += (double)steps;
    p->ns += (double)ns;
}

void pace_whole(struct pace *p, int64_t ns)
{
    if (ns <= 0)
        return;
    pace_start(p, 1, ns);
    if (p->least_ns <= 0 || (double)ns < p->least_ns)
        p->least_ns = (double)ns;
}

void pace_add(struct pace *p, const struct pace *q)
{
    p->starts += q->starts;
    p->start_steps += q->start_steps;
    p->start_ns += q->start_ns;
    p->steps += q->steps;
    p->ns += q->ns;
    if (p->least_ns <= 0 || (q->least_ns > 0 && q->least_ns < p->least_ns))
        p->least_ns = q->least_ns;
}

bool pace_known(const struct pace *p)
{
    return pace_step_ns(p) > 0;
}

double pace_step_ns(const struct pace *p)
{
    if (p->steps > 0)
        return p->ns / p->steps;
    return p->start_steps > 0 ? p->start_ns / p->start_steps : 0;
}

double pace_start_ns(const struct pace *p)
{
    if (p->steps <= 0 || p->starts <= 0)
        return 0;
    return fmax(0, (p->start_ns - pace_step_ns(p) * p->start_steps) / p->starts);
}

double pace_fits(const struct pace *p, double ns)
{
    if (p->least_ns > 0)
        return fmax(0, ns / p->least_ns);
    return fmax(0, (ns - pace_start_ns(p)) / pace_step_ns(p));
}

void pace_effort(const struct pace *p, const struct settings *st, struct effort *effort)
{
    double ns = (double)INFINITY;
    effort->steps = effort->has_steps ? st->steps_total : 0; /* else no one knows a trial's */
    if (st->time_ns > 0)
        ns = (double)st->time_ns * (effort->parallel > 0 ? effort->parallel : 1);
    if (st->cost > 0)
        ns = fmin(ns, st->cost / st->cost_per_slot_hour * NS_PER_HOUR);
    if (!pace_known(p) || !isfinite(ns))
        return;
    effort->slot_steps = ns / pace_step_ns(p);
    effort->start_steps = pace_start_ns(p) / pace_step_ns(p);
}

/* --- out of the store --- */

struct measuring {
    struct store *store;
    const struct settings *st;
    struct paced_trials found;
    struct str metric; /* of the search at hand */
    char name[256];
    struct error *e;
};

static enum code on_trial(void *self, const struct trial_row *row)
{
    struct measuring *m = self;
    struct paced_trials *f = &m->found;
    bool whole = !m->st->effort.has_steps;
    if (f->n == PACED_TRIALS_MAX || row->ended <= row->started || (!whole && row->step <= 0))
        return OK;
    if (whole && row->state != TRIAL_COMPLETED)
        return OK;
    f->v[f->n++] = (struct paced_trial){.id = row->id};
    return OK;
}

/* The points of a trial, in the order of its attempts; a new attempt counts from 1 again. */
enum { POINTS_MAX = 1000 }; /* of a trial: enough to know its pace */

struct points {
    struct paced_trial *t;
    int n;
    size_t n_attempts, at;
    struct started {
        int64_t from, started, ended;
        bool well;
    } v[64];
    int64_t seq, step, time;
};

static enum code on_attempt(void *self, const struct attempt_row *row)
{
    struct points *p = self;
    if (p->n_attempts < sizeof p->v / sizeof p->v[0])
        p->v[p->n_attempts++] = (struct started){row->from_step, row->started, row->ended,
                                                 row->reason == REASON_EXIT && row->exit_code == 0};
    return OK;
}

/* From its last report to its end, which is none where the controller was not there. */
static void end_attempt(struct points *p)
{
    const struct started *a = &p->v[p->at];
    if (p->time > 0 && a->ended > p->time && p->t->pace.starts > 0)
        p->t->pace.start_ns += (double)(a->ended - p->time);
}

/* Whose point is it? Its attempt began before, and the next one after. */
static bool is_first(struct points *p, const struct metric_point *x)
{
    bool first = p->seq == 0 || x->seq <= p->seq;
    if (first || (p->at + 1 < p->n_attempts && p->v[p->at + 1].started <= x->time))
        end_attempt(p);
    while (p->at + 1 < p->n_attempts && p->v[p->at + 1].started <= x->time) {
        p->at++;
        first = true;
    }
    return first;
}

static enum code on_point(void *self, const struct metric_point *x)
{
    struct points *p = self;
    if (p->n_attempts == 0)
        return OK;
    if (++p->n > POINTS_MAX)
        return E_LIMIT;
    if (is_first(p, x)) {
        const struct started *a = &p->v[p->at];
        bool again = a->from > 0 && x->step <= a->from;
        p->t->resumed += a->from > 0 && !again;
        p->t->restarted += again;
        pace_start(&p->t->pace, again ? x->step : x->step - a->from, x->time - a->started);
    } else {
        pace_more(&p->t->pace, x->step - p->step, x->time - p->time);
    }
    p->seq = x->seq;
    p->step = x->step;
    p->time = x->time;
    return OK;
}

static enum code measure_trial(struct measuring *m, struct paced_trial *t)
{
    struct points p = {.t = t};
    enum code c = store_attempts(m->store, t->id, on_attempt, &p, m->e);
    if (c == OK && m->st->effort.has_steps)
        c = store_metrics(m->store, t->id, m->metric, on_point, &p, m->e);
    if (c == E_LIMIT)
        return OK;
    if (c == OK && m->st->effort.has_steps) {
        end_attempt(&p);
        return OK;
    }
    for (size_t i = 0; c == OK && i < p.n_attempts; i++)
        if (p.v[i].well)
            pace_whole(&t->pace, p.v[i].ended - p.v[i].started);
    return c;
}

static enum code on_search(void *self, const struct search_row *row)
{
    struct measuring *m = self;
    size_t before = m->found.n;
    if (before == PACED_TRIALS_MAX || !str_eq(row->space_name, m->st->space_name) ||
        row->metric.n > sizeof m->name)
        return OK;
    m->metric = (struct str){m->name, row->metric.n};
    for (size_t i = 0; i < row->metric.n; i++)
        m->name[i] = row->metric.p[i];
    enum code c = store_trials(m->store, row->id, 1u << TRIAL_COMPLETED | 1u << TRIAL_STOPPED,
                               on_trial, m, m->e);
    for (size_t i = before; c == OK && i < m->found.n; i++)
        c = measure_trial(m, &m->found.v[i]);
    m->found.searches += m->found.n > before;
    return c;
}

/* Those of which nothing could be measured are no evidence. */
static void drop_unknown(struct paced_trials *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n; i++)
        if (pace_known(&f->v[i].pace))
            f->v[kept++] = f->v[i];
    f->n = kept;
}

enum code pace_measure(struct store *s, const struct settings *st, struct pace *ret,
                       struct paced_trials *ret_trials, struct error *e)
{
    struct error own = {0};
    struct measuring m = {.store = s, .st = st, .e = e != NULL ? e : &own};
    struct pace sum = {0};
    m.found.v = calloc(PACED_TRIALS_MAX, sizeof *m.found.v);
    if (m.found.v == NULL)
        return error_nomem(e);
    enum code c = store_is_brief(s) ? OK : store_searches(s, on_search, &m, e);
    drop_unknown(&m.found);
    for (size_t i = 0; i < m.found.n; i++)
        pace_add(&sum, &m.found.v[i].pace);
    if (c == OK)
        *ret = sum;
    if (c == OK && ret_trials != NULL)
        *ret_trials = m.found;
    else
        free(m.found.v);
    return c;
}
