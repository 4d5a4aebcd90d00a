/* What `trawl plan` prints for people. */
#include "api/plan.h"

#include "api/table.h"
#include "base/number.h"
#include "conf/check.h"
#include "search/expect.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static void line(struct screen *out, const char *name, const struct buf *b)
{
    screen_fmt(out, TONE_DIM, "%-11s", name);
    screen_fmt(out, TONE_PLAIN, "%.*s\n", STR_FMT(buf_view(b)));
}

static void field(struct screen *out, const char *name, const char *fmt, ...) printf_like(3, 4);

static void field(struct screen *out, const char *name, const char *fmt, ...)
{
    va_list ap;
    char text[1024];
    struct buf b;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    buf_init(&b, 2048);
    buf_cstr(&b, text);
    line(out, name, &b);
    buf_free(&b);
}

static void duration(struct buf *b, double seconds)
{
    double ns = seconds * (double)NS_PER_S;
    number_write_duration(b, ns < 9e18 ? (int64_t)ns : INT64_MAX);
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* --- what is given --- */

static void print_aims(struct screen *out, const struct settings *st)
{
    struct buf b;
    buf_init(&b, 16 << 10);
    check_goal_text(st, &b);
    line(out, "goal", &b);
    buf_clear(&b);
    check_requirements_text(st, &b);
    if (b.n > 0)
        line(out, "require", &b);
    buf_free(&b);
}

static void print_method(struct screen *out, const struct plan *p)
{
    struct buf b;
    buf_init(&b, 4096);
    method_write(&p->method, &b);
    line(out, "method", &b);
    if (p->method.why[0] != 0)
        field(out, "", "%s", p->method.why);
    buf_free(&b);
}

static void print_space(struct screen *out, const struct plan *p)
{
    const char *s = plural(p->dimensions);
    if (p->count > 0)
        field(out, "space", "%d dimension%s, %s%lld configuration%s", p->dimensions, s,
              p->exact ? "" : "at most ", (long long)p->count, plural(p->count));
    else
        field(out, "space", "%d dimension%s, infinitely many configurations", p->dimensions, s);
}

/* Where a parameter says how long a trial trains. */
static void print_length(struct screen *out, const struct plan *p)
{
    struct buf b;
    if (!p->effort.own_steps)
        return;
    buf_init(&b, 1024);
    buf_cstr(&b, "each trial trains as many as its parameter says: ");
    check_length_text(&p->effort, &b);
    line(out, "steps", &b);
    buf_free(&b);
}

static void write_limits(const struct settings *st, struct buf *b, int *ret_n)
{
    *ret_n = 0;
    if (st->effort.trials > 0)
        buf_fmt(b, "%s%lld trials%s", (*ret_n)++ > 0 ? ", " : "", (long long)st->effort.trials,
                st->has_baseline ? " and the baseline" : "");
    if (st->time_ns > 0) {
        buf_cstr(b, (*ret_n)++ > 0 ? ", " : "");
        number_write_duration(b, st->time_ns);
    }
    if (st->steps_total > 0)
        buf_fmt(b, "%s%lld steps", (*ret_n)++ > 0 ? ", " : "", (long long)st->steps_total);
    if (st->cost > 0) {
        buf_cstr(b, (*ret_n)++ > 0 ? ", a cost of " : "a cost of ");
        number_write_short(b, st->cost, 6);
    }
}

static void print_budget(struct screen *out, const struct plan *p)
{
    struct buf b;
    int n;
    buf_init(&b, 1024);
    write_limits(p->st, &b, &n);
    if (n == 0)
        buf_cstr(&b, "no limit");
    if (n > 1)
        buf_cstr(&b, ", whichever comes first");
    buf_fmt(&b, "; %d at once", p->effort.parallel);
    line(out, "budget", &b);
    buf_free(&b);
}

static void print_first(struct screen *out, const struct plan *p)
{
    size_t n = p->st->n_first;
    int64_t copies = p->st->seeds == SEEDS_REPLICATES ? p->st->replicates : 1;
    if (n == 0)
        return;
    field(out, "first", "%zu given configuration%s, before any other", n, plural((int64_t)n));
    if (p->effort.trials > 0 && (int64_t)n * copies > p->effort.trials)
        screen_fmt(out, TONE_WARN,
                   "%-11sthey are more than the trials: the last ones are never run\n", "");
}

static void write_source(const struct step_times *t, struct buf *b)
{
    long long n = (long long)t->n;
    switch (t->source) {
    case PACE_EARLIER:
        buf_fmt(b, ", from %lld trial%s of %d earlier search%s", n, plural(n), t->earlier.searches,
                t->earlier.searches == 1 ? "" : "es");
        return;
    case PACE_OPTION:
        buf_cstr(b, ", as --step-time says");
        return;
    case PACE_FILE:
        buf_cstr(b, ", as search.step_time says");
        return;
    case PACE_UNKNOWN:
        return;
    }
}

static void print_times(struct screen *out, const struct plan *p)
{
    const struct step_times *t = &p->times;
    const char *name = p->effort.has_steps ? "step" : "trial";
    double start = pace_start_ns(&t->pace) / (double)NS_PER_S;
    struct buf b;
    if (t->source == PACE_UNKNOWN) {
        field(out, name, "time not known: no earlier search of this space, and no --step-time");
        return;
    }
    buf_init(&b, 1024);
    duration(&b, t->median);
    if (t->high > t->low) {
        buf_cstr(&b, " (");
        duration(&b, t->low);
        buf_cstr(&b, " to ");
        duration(&b, t->high);
        buf_cstr(&b, ")");
    }
    if (start > t->median / 100 && p->effort.has_steps) {
        buf_cstr(&b, ", after a start of ");
        duration(&b, start);
    }
    write_source(t, &b);
    line(out, name, &b);
    buf_free(&b);
}

/* --- what is expected --- */

enum unit { UNIT_NUMBER, UNIT_TIME, UNIT_SHARE };

static void cell(struct table *t, enum unit unit, double v)
{
    struct buf b;
    buf_init(&b, 64);
    if (isnan(v))
        buf_cstr(&b, "-");
    else if (unit == UNIT_TIME)
        duration(&b, v);
    else if (unit == UNIT_SHARE)
        buf_fmt(&b, "%.0f %%", 100 * v);
    else if (v >= 100)
        number_write_i64(&b, (int64_t)(v + 0.5));
    else
        number_write_short(&b, v, 3);
    table_cell(t, TONE_PLAIN, buf_view(&b));
    buf_free(&b);
}

static void cells(struct table *t, enum unit unit, const struct spread_of *s)
{
    cell(t, unit, s->mean);
    cell(t, unit, s->q10);
    cell(t, unit, s->q90);
    table_row_end(t);
}

static enum code print_expected(struct screen *out, const struct plan *p, struct error *e)
{
    static const struct column columns[] = {
        {"", false}, {"expected", true}, {"10 %", true}, {"90 %", true}};
    const struct forecast *f = &p->forecast;
    bool timed = p->times.source != PACE_UNKNOWN, steps = p->effort.has_steps;
    const struct {
        const char *name;
        enum unit unit;
        const struct spread_of *s;
        bool shown;
    } rows[] = {
        {"time", UNIT_TIME, &f->seconds, timed},
        {"trials", UNIT_NUMBER, &f->trials, true},
        {"steps", UNIT_NUMBER, &f->steps, steps},
        {"  done again", UNIT_NUMBER, &f->again, f->again.mean > 0},
        {"trained to the end", UNIT_NUMBER, &f->full, steps},
        {"slot-hours", UNIT_NUMBER, &f->slot_hours, timed},
        {"cost", UNIT_NUMBER, &f->cost, timed && p->st->cost_per_slot_hour > 0},
        {"slots in use", UNIT_SHARE, &f->utilisation, true},
    };
    struct table *t;
    enum code c = table_new(out, columns, sizeof columns / sizeof columns[0], &t, e);
    if (c != OK)
        return c;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!rows[i].shown)
            continue;
        table_cell(t, TONE_DIM, str_of(rows[i].name));
        cells(t, rows[i].unit, rows[i].s);
    }
    c = table_end(t, e);
    table_free(t);
    return c;
}

static enum code print_rungs(struct screen *out, const struct plan *p, struct error *e)
{
    static const struct column columns[] = {
        {"rung", true}, {"step", true}, {"trials", true}, {"10 %", true}, {"90 %", true}};
    struct table *t;
    if (p->n_rungs == 0)
        return OK;
    enum code c = table_new(out, columns, sizeof columns / sizeof columns[0], &t, e);
    if (c != OK)
        return c;
    screen_text(out, TONE_PLAIN, STR("\n"));
    for (size_t i = 0; i < p->n_rungs; i++) {
        table_cell_fmt(t, TONE_PLAIN, "%zu", i);
        table_cell_fmt(t, TONE_PLAIN, "%lld", (long long)p->rungs[i]);
        cells(t, UNIT_NUMBER, &p->forecast.reach[i]);
    }
    c = table_end(t, e);
    table_free(t);
    return c;
}

static void print_random(struct screen *out, const struct plan *p)
{
    const struct forecast *f = &p->forecast;
    struct buf b;
    if (!f->has_random)
        return;
    buf_init(&b, 1024);
    buf_cstr(&b, "\nrandom search, every trial to the end, needs about ");
    number_write_short(&b, f->random_steps / f->steps.mean, 2);
    buf_cstr(&b, " times the steps");
    if (!isnan(f->random_seconds)) {
        buf_cstr(&b, " (");
        duration(&b, f->random_seconds);
        buf_cstr(&b, " in place of ");
        duration(&b, f->seconds.mean);
        buf_cstr(&b, ")");
    }
    buf_fmt(&b, "\nto find one as good: %.0f trials\n", f->random_trials);
    screen_text(out, TONE_PLAIN, buf_view(&b));
    buf_free(&b);
}

static void print_checkpoints(struct screen *out, const struct plan *p)
{
    const struct forecast *f = &p->forecast;
    if (!method_pauses(&p->method))
        return;
    if (p->times.keeps == KEEPS_NOTHING)
        screen_fmt(out, TONE_WARN,
                   "\nearlier trials kept no checkpoints: what is promoted begins again, which is "
                   "%.0f %%\nof the steps; write to TRAWL_CHECKPOINT and go on from there\n",
                   100 * f->again.mean / fmax(1, f->steps.mean));
    if (p->has_scratch)
        screen_fmt(
            out, TONE_DIM,
            "\nit is taken that programs go on from their checkpoints. One that begins again "
            "when it is\npromoted has %.0f trials, %.0f of them trained to the end, in %.0f "
            "steps\n",
            p->scratch.trials.mean, p->scratch.full.mean, p->scratch.steps.mean);
}

static void print_assumed(struct screen *out, const struct plan *p)
{
    const char *sampler = p->method.sampler->name;
    bool stood_in = !p->method.sampler->instant && !p->method.sampler->enumerates;
    screen_fmt(out, TONE_DIM,
               "\nby %zu simulated searches, with curves that cross (docs/plan.md)\n",
               p->forecast.n_runs);
    if (stood_in)
        screen_fmt(out, TONE_DIM, "and with random in place of %s, which should get farther\n",
                   sampler);
}

/* --- where it can't be simulated --- */

static void print_unmade(struct screen *out, const struct plan *p)
{
    field(out, "forecast", "none: %s", p->forecast.none);
    if (p->expected > 0 && p->effort.has_steps)
        field(out, "", "about %lld trials and %.0f steps", (long long)p->expected,
              (double)p->expected * expect_steps(&p->method, &p->effort));
    else if (p->expected > 0)
        field(out, "", "about %lld trials", (long long)p->expected);
}

/* --- advice --- */

static void write_fixable(const struct fixable *x, struct buf *b)
{
    buf_fmt(b, "  %-20.*s %s", STR_FMT(x->param->name), x->why);
    if (!isnan(x->share))
        buf_fmt(b, " (%.0f %%)", 100 * x->share);
    buf_cstr(b, "\n");
}

static void print_advice(struct screen *out, const struct plan *p)
{
    const struct advice *a = &p->advice;
    struct buf b;
    if (p->count > 0 && p->exact && a->trials >= p->count)
        screen_fmt(out, TONE_DIM, "\nthe space has %lld configuration%s only: all are tried\n",
                   (long long)p->count, plural(p->count));
    if (p->forecast.n_runs > 0 && p->effort.has_steps && p->forecast.full.mean < 1)
        screen_fmt(out, TONE_WARN, "\nthe budget is too small to train a trial to its %lld steps\n",
                   (long long)p->effort.max_steps);
    if (!a->few)
        return;
    buf_init(&b, 8192);
    buf_fmt(&b, "\n%lld trial%s are few for %d dimensions: give it about %lld",
            (long long)a->trials, plural(a->trials), p->dimensions, (long long)a->wanted);
    if (a->n == 0)
        buf_cstr(&b, ", or fix the parameters you are surest of\n");
    else if (isnan(a->v[0].share))
        buf_cstr(&b, ", or fix some. No earlier trials\nsay which matter; by their shape alone:\n");
    else
        buf_fmt(&b,
                ", or fix some, as %zu earlier trials\nhave it (their share of the differences):\n",
                a->n_evidence);
    screen_text(out, TONE_WARN, buf_view(&b));
    buf_clear(&b);
    for (size_t i = 0; i < a->n; i++)
        write_fixable(&a->v[i], &b);
    screen_text(out, TONE_PLAIN, buf_view(&b));
    buf_free(&b);
}

enum code plan_print(struct screen *out, const struct plan *p, struct error *e)
{
    print_aims(out, p->st);
    print_method(out, p);
    print_space(out, p);
    print_length(out, p);
    print_budget(out, p);
    print_first(out, p);
    print_times(out, p);
    if (p->forecast.n_runs == 0) {
        print_unmade(out, p);
        print_advice(out, p);
        return OK;
    }
    screen_text(out, TONE_PLAIN, STR("\n"));
    enum code c = print_expected(out, p, e);
    if (c == OK)
        c = print_rungs(out, p, e);
    print_random(out, p);
    print_checkpoints(out, p);
    print_advice(out, p);
    print_assumed(out, p);
    return c;
}
