/* What `trawl plan --json` prints; docs/plan.md has an example of it. */
#include "api/plan.h"

#include "base/json.h"
#include "conf/check.h"
#include "search/expect.h"

#include <math.h>

static void spread_json(struct json *j, const char *key, const struct spread_of *s)
{
    jw_key(j, key);
    jw_object(j);
    jw_member_real_or_null(j, "mean", s->mean);
    jw_member_real_or_null(j, "q10", s->q10);
    jw_member_real_or_null(j, "median", s->median);
    jw_member_real_or_null(j, "q90", s->q90);
    jw_object_end(j);
}

/* In closed form where nothing could be simulated. */
static double expected_at(const struct plan *p, size_t rung)
{
    double reach = (double)p->expected;
    for (size_t i = 1; i <= rung; i++)
        reach *= (double)p->rungs[i - 1] / (double)p->rungs[i];
    return reach;
}

static void rungs_json(struct json *j, const struct plan *p)
{
    bool simulated = p->forecast.n_runs > 0;
    jw_key(j, "rungs");
    jw_array(j);
    for (size_t i = 0; i < p->n_rungs; i++) {
        const struct spread_of *s = &p->forecast.reach[i];
        jw_object(j);
        jw_member_i64(j, "step", p->rungs[i]);
        jw_member_real_or_null(j, "trials", simulated ? s->mean : expected_at(p, i));
        jw_member_real_or_null(j, "q10", simulated ? s->q10 : (double)NAN);
        jw_member_real_or_null(j, "q90", simulated ? s->q90 : (double)NAN);
        jw_object_end(j);
    }
    jw_array_end(j);
}

static void seconds_json(struct json *j, const struct plan *p)
{
    const struct spread_of *s = &p->forecast.seconds;
    jw_key(j, "seconds");
    if (p->forecast.n_runs == 0 || p->times.source == PACE_UNKNOWN) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_real_or_null(j, "low", s->q10);
    jw_member_real_or_null(j, "median", s->median);
    jw_member_real_or_null(j, "high", s->q90);
    jw_object_end(j);
}

static void budget_json(struct json *j, const struct settings *st)
{
    jw_key(j, "budget");
    jw_object(j);
    jw_member_i64(j, "trials", st->effort.trials);
    jw_member_real_or_null(j, "seconds", (double)st->time_ns / (double)NS_PER_S);
    jw_member_i64(j, "steps", st->steps_total);
    jw_member_real_or_null(j, "cost", st->cost);
    jw_object_end(j);
}

static void step_json(struct json *j, const struct step_times *t)
{
    static const char *const sources[] = {"", "earlier searches", "--step-time",
                                          "search.step_time"};
    jw_key(j, "step_seconds");
    if (t->source == PACE_UNKNOWN) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_real_or_null(j, "low", t->low);
    jw_member_real_or_null(j, "median", t->median);
    jw_member_real_or_null(j, "high", t->high);
    jw_member_real_or_null(j, "start_up", pace_start_ns(&t->pace) / (double)NS_PER_S);
    jw_member_cstr(j, "source", sources[t->source]);
    jw_member_i64(j, "earlier_trials", (int64_t)t->n);
    jw_member_i64(j, "earlier_searches", t->earlier.searches);
    jw_object_end(j);
}

static void forecast_json(struct json *j, const char *key, const struct plan *p,
                          const struct forecast *f)
{
    bool timed = p->times.source != PACE_UNKNOWN;
    jw_key(j, key);
    if (f->n_runs == 0) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_i64(j, "runs", (int64_t)f->n_runs);
    spread_json(j, "trials", &f->trials);
    spread_json(j, "attempts", &f->attempts);
    spread_json(j, "steps", &f->steps);
    spread_json(j, "steps_again", &f->again);
    spread_json(j, "full", &f->full);
    spread_json(j, "utilisation", &f->utilisation);
    if (timed) {
        spread_json(j, "seconds", &f->seconds);
        spread_json(j, "slot_hours", &f->slot_hours);
    }
    if (timed && p->st->cost_per_slot_hour > 0)
        spread_json(j, "cost", &f->cost);
    jw_object_end(j);
}

static void random_json(struct json *j, const struct forecast *f)
{
    jw_key(j, "random_search");
    if (!f->has_random) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_real_or_null(j, "trials", f->random_trials);
    jw_member_real_or_null(j, "steps", f->random_steps);
    jw_member_real_or_null(j, "seconds", f->random_seconds);
    jw_member_real_or_null(j, "times_the_steps", f->random_steps / f->steps.mean);
    jw_object_end(j);
}

static void checkpoints_json(struct json *j, const struct plan *p)
{
    jw_key(j, "checkpoints");
    if (p->times.keeps == KEEPS_UNKNOWN)
        jw_null(j);
    else
        jw_bool(j, p->times.keeps == KEEPS_CHECKPOINTS);
}

static void advice_json(struct json *j, const struct advice *a)
{
    jw_key(j, "advice");
    jw_object(j);
    jw_key(j, "few");
    jw_bool(j, a->few);
    jw_member_i64(j, "trials", a->trials);
    jw_member_i64(j, "wanted", a->wanted);
    jw_member_i64(j, "evidence", (int64_t)a->n_evidence);
    jw_key(j, "fix");
    jw_array(j);
    for (size_t i = 0; i < a->n; i++) {
        jw_object(j);
        jw_key(j, "parameter");
        jw_str(j, a->v[i].param->name);
        jw_member_cstr(j, "why", a->v[i].why);
        jw_member_real_or_null(j, "share", a->v[i].share);
        jw_member_i64(j, "dimensions", a->v[i].frees);
        jw_object_end(j);
    }
    jw_array_end(j);
    jw_object_end(j);
}

static double steps_of(const struct plan *p)
{
    if (p->forecast.n_runs > 0)
        return p->forecast.steps.mean;
    return (double)p->expected * expect_steps(&p->method, &p->effort);
}

/* Where a parameter says how long a trial trains. */
static void length_json(struct json *j, const struct effort *effort)
{
    jw_key(j, "trial_steps");
    if (!effort->own_steps) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_i64(j, "least", effort->min_steps);
    jw_member_i64(j, "most", effort->max_steps);
    jw_member_real_or_null(j, "mean", effort->mean_steps);
    jw_object_end(j);
}

static void search_json(struct json *j, const struct plan *p)
{
    struct buf b;
    buf_init(&b, 4096);
    method_write(&p->method, &b);
    jw_key(j, "method");
    jw_str(j, buf_view(&b));
    buf_free(&b);
    jw_member_cstr(j, "why", p->method.why);
    jw_key(j, "objectives");
    check_objectives_json(p->st, j);
    jw_key(j, "requirements");
    check_requirements_json(p->st, j);
    jw_member_i64(j, "first", (int64_t)p->st->n_first);
    jw_member_i64(j, "dimensions", p->dimensions);
    jw_key(j, "count");
    if (p->count > 0)
        jw_i64(j, p->count);
    else
        jw_null(j);
    length_json(j, &p->effort);
    jw_member_i64(j, "trials", p->effort.trials);
    jw_member_i64(j, "parallel", p->effort.parallel);
}

enum code plan_json(struct screen *out, const struct plan *p, struct error *e)
{
    struct json j;
    jw_init(&j, &out->out);
    jw_object(&j);
    search_json(&j, p);
    jw_member_real_or_null(&j, "steps", steps_of(p));
    rungs_json(&j, p);
    seconds_json(&j, p);
    budget_json(&j, p->st);
    step_json(&j, &p->times);
    forecast_json(&j, "forecast", p, &p->forecast);
    jw_member_cstr(&j, "why_none", p->forecast.none);
    checkpoints_json(&j, p);
    forecast_json(&j, "scratch", p, &p->scratch);
    random_json(&j, &p->forecast);
    advice_json(&j, &p->advice);
    jw_object_end(&j);
    jw_newline(&j);
    return jw_end(&j, e);
}
