/*
 * The live picture: what happens, and the lines that stay.
 */
#include "api/view_state.h"

#include "api/params.h"
#include "base/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum code view_new(struct screen *out, const struct clock *clock, enum view_style style,
                   struct view **ret, struct error *e)
{
    struct view *v = calloc(1, sizeof *v);
    if (v == NULL)
        return error_nomem(e);
    v->out = out;
    v->clock = *clock;
    v->style = style;
    v->next_draw = INT64_MAX;
    *ret = v;
    return OK;
}

void view_free(struct view *v)
{
    if (v == NULL)
        return;
    view_clear(v);
    free(v);
}

void view_clear(struct view *v)
{
    if (v->lines > 0)
        screen_fmt(v->out, TONE_PLAIN, "\033[%dA\r\033[J", v->lines);
    v->lines = 0;
    screen_flush(v->out);
}

/* --- words --- */

static void clock_text(char text[16], int64_t real_ns)
{
    struct buf b;
    buf_init(&b, 64);
    number_write_time(&b, real_ns);
    struct str t = str_sub(buf_view(&b), 11, 8);
    snprintf(text, 16, "%.*s", STR_FMT(t));
    buf_free(&b);
}

/* A column takes at most 4 bytes, so that no character is cut in two. */
static void params_text(char *text, size_t size, struct str params)
{
    struct buf b, cut;
    buf_init(&b, 64 << 10);
    buf_init(&cut, 64 << 10);
    params_short(params, 12, &b);
    text_cut(buf_view(&b), (int)(size / 4) - 1, &cut);
    snprintf(text, size, "%.*s", STR_FMT(buf_view(&cut)));
    buf_free(&cut);
    buf_free(&b);
}

/* A line that stays: above the block, or in the plain output. */
static void keep(struct view *v, int64_t time, enum tone tone, const char *fmt, ...)
    printf_like(4, 5);

static void keep(struct view *v, int64_t time, enum tone tone, const char *fmt, ...)
{
    char line[LINE], at[16];
    va_list ap;
    if (v->style != VIEW_LIVE && v->style != VIEW_PLAIN)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (v->lines > 0)
        screen_fmt(v->out, TONE_PLAIN, "\033[%dA\r\033[J", v->lines);
    v->lines = 0;
    clock_text(at, time);
    screen_fmt(v->out, TONE_DIM, "%s  ", at);
    struct buf cut;
    buf_init(&cut, 2 * LINE);
    if (v->out->tty)
        text_cut(str_of(line), v->out->width - 10, &cut);
    else
        buf_cstr(&cut, line);
    screen_text(v->out, tone, buf_view(&cut));
    screen_text(v->out, TONE_PLAIN, STR("\n"));
    buf_free(&cut);
    v->dirty = true;
}

void view_say(struct view *v, enum tone tone, const char *fmt, ...)
{
    char line[LINE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    keep(v, clock_real(&v->clock), tone, "%s", line);
    if (v->style == VIEW_PLAIN)
        screen_flush(v->out);
}

/* The objective of this name, or NULL. */
static struct pursued *pursued_of(struct view *v, struct str name)
{
    for (size_t i = 0; i < v->n_pursued; i++)
        if (str_is(str_sub(name, 0, sizeof v->pursued[i].name - 1), v->pursued[i].name))
            return &v->pursued[i];
    return NULL;
}

/* "val_auc 0.9, latency_ms 12", or of a single one the metric and its value. */
static void values_text(char *text, size_t size, struct view *v, const struct event *ev)
{
    char value[32];
    struct buf b;
    buf_init(&b, size);
    for (uint32_t i = 0; i < ev->n_values; i++) {
        if (ev->kind == EVENT_BEST && v->n_pursued > 0 && !pursued_of(v, ev->values[i].name))
            continue;
        view_real(value, ev->values[i].value);
        buf_fmt(&b, "%s%.*s %s", b.n > 0 ? ", " : "", STR_FMT(ev->values[i].name), value);
    }
    if (ev->n_values == 0 && ev->has_value) {
        view_real(value, ev->value);
        buf_fmt(&b, "%s %s", v->metric, value);
    }
    snprintf(text, size, "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

/* --- events --- */

static struct running *find(struct view *v, int64_t trial)
{
    for (size_t i = 0; i < v->n_running; i++) {
        if (v->running[i].trial == trial)
            return &v->running[i];
    }
    return NULL;
}

static void on_started(struct view *v, const struct event *ev)
{
    struct running *r = find(v, ev->trial);
    if (r == NULL && v->n_running < RUNNING_MAX)
        r = &v->running[v->n_running++];
    if (r == NULL)
        return;
    *r = (struct running){.trial = ev->trial,
                          .step = ev->step,
                          .steps = ev->steps,
                          .value = ev->value,
                          .has_value = ev->has_value,
                          .baseline = ev->baseline};
    params_text(r->params, sizeof r->params, ev->params);
    if (v->style != VIEW_PLAIN)
        return;
    char from[80] = "";
    if (ev->parent > 0 && ev->attempt == 1)
        snprintf(from, sizeof from, " from %lld.%lld at step %lld", (long long)ev->search.v,
                 (long long)ev->parent, (long long)ev->from_step);
    keep(v, ev->time, TONE_PLAIN, "trial %lld.%lld started%s%s%s  %s", (long long)ev->search.v,
         (long long)ev->trial, ev->attempt > 1 ? " again" : "", ev->baseline ? " (baseline)" : "",
         from, r->params);
}

static void on_report(struct view *v, const struct event *ev)
{
    struct running *r = find(v, ev->trial);
    if (r == NULL)
        return;
    if (!ev->has_value)
        return;
    r->step = ev->step;
    r->value = ev->value;
    r->has_value = true;
    if (r->n_curve == CURVE) {
        memmove(r->curve, r->curve + 1, (CURVE - 1) * sizeof r->curve[0]);
        r->n_curve--;
    }
    r->curve[r->n_curve++] = ev->value;
    if (ev->baseline) {
        v->has_baseline = true;
        v->baseline = ev->value;
    }
}

static void forget(struct view *v, int64_t trial)
{
    struct running *r = find(v, trial);
    if (r == NULL)
        return;
    size_t i = (size_t)(r - v->running);
    memmove(r, r + 1, (v->n_running - i - 1) * sizeof *r);
    v->n_running--;
}

static void note_baseline(struct view *v, const struct event *ev)
{
    for (uint32_t i = 0; i < ev->n_values; i++) {
        struct pursued *p = pursued_of(v, ev->values[i].name);
        if (p == NULL)
            continue;
        p->has_baseline = true;
        p->baseline = ev->values[i].value;
    }
}

static void on_trial_ended(struct view *v, const struct event *ev)
{
    char values[LINE / 2];
    bool bad = ev->trial_state == TRIAL_FAILED || ev->trial_state == TRIAL_INFEASIBLE;
    bool misses = !bad && ev->has_meets && !ev->meets;
    values_text(values, sizeof values, v, ev);
    if (ev->baseline)
        note_baseline(v, ev);
    if (ev->baseline && ev->has_value) {
        v->has_baseline = true;
        v->baseline = ev->value;
    }
    forget(v, ev->trial);
    if (v->style == VIEW_LIVE && !bad && !ev->baseline)
        return;
    if (ev->has_value)
        keep(v, ev->time, bad ? TONE_BAD : TONE_PLAIN,
             "trial %lld.%lld %s%s at step %lld: %s%s%s%.*s", (long long)ev->search.v,
             (long long)ev->trial, trial_state_name(ev->trial_state),
             ev->baseline ? " (baseline)" : "", (long long)ev->step, values,
             misses ? ", which misses a requirement" : "", ev->text.n > 0 ? ": " : "",
             STR_FMT(ev->text));
    else
        keep(v, ev->time, bad ? TONE_BAD : TONE_PLAIN, "trial %lld.%lld %s%s%s%.*s",
             (long long)ev->search.v, (long long)ev->trial, trial_state_name(ev->trial_state),
             ev->baseline ? " (baseline)" : "", ev->text.n > 0 ? ": " : "", STR_FMT(ev->text));
}

static void on_queued(struct view *v, const struct event *ev)
{
    forget(v, ev->trial);
    if (ev->text.n > 0)
        keep(v, ev->time, TONE_WARN, "trial %lld.%lld will be tried again: %.*s",
             (long long)ev->search.v, (long long)ev->trial, STR_FMT(ev->text));
}

/* What leads in each objective; a higher step begins a front of its own. */
static void on_front(struct view *v, const struct event *ev)
{
    bool completed = ev->trial_state == TRIAL_COMPLETED;
    bool anew = ev->step != v->front_step || completed != v->front_completed;
    v->n_front = ev->n_front;
    v->front_step = ev->step;
    v->front_completed = completed;
    for (size_t i = 0; anew && i < v->n_pursued; i++)
        v->pursued[i].has_best = false;
    for (uint32_t i = 0; i < ev->n_values; i++) {
        struct pursued *p = pursued_of(v, ev->values[i].name);
        double x = ev->values[i].value;
        if (p == NULL || (p->has_best && (p->minimize ? x >= p->best : x <= p->best)))
            continue;
        p->has_best = true;
        p->best = x;
    }
}

static void on_best(struct view *v, const struct event *ev)
{
    char values[LINE / 2];
    bool front = v->n_pursued > 0;
    if (front)
        on_front(v, ev);
    v->has_best = true;
    v->best_trial = ev->trial;
    v->best = ev->value;
    params_text(v->best_params, sizeof v->best_params, ev->params);
    values_text(values, sizeof values, v, ev);
    /* What was stopped early leads only until something was trained to the end. */
    if (!ev->baseline && ev->step >= ev->steps)
        keep(v, ev->time, TONE_GOOD, "%s %lld.%lld: %s  %s", front ? "on the front" : "new best",
             (long long)ev->search.v, (long long)ev->trial, values, v->best_params);
}

static void take_objectives(struct view *v, const struct event *ev)
{
    size_t n = 0;
    for (size_t i = 0; i < ev->n_measures && n < STORE_OBJECTIVES_MAX; i++) {
        if (ev->measures[i].aim == AIM_NONE)
            continue;
        struct pursued *p = &v->pursued[n++];
        *p = (struct pursued){.minimize = ev->measures[i].aim == AIM_MINIMIZE};
        snprintf(p->name, sizeof p->name, "%.*s", STR_FMT(ev->measures[i].name));
    }
    v->n_pursued = n > 1 ? n : 0;
}

static void say_search(struct view *v, const struct event *ev)
{
    struct buf b;
    buf_init(&b, LINE);
    for (size_t i = 0; i < v->n_pursued; i++)
        buf_fmt(&b, "%s%s %s", i > 0 ? ", " : "", v->pursued[i].minimize ? "minimize" : "maximize",
                v->pursued[i].name);
    if (v->n_pursued == 0)
        buf_fmt(&b, "%s, %s", ev->minimize ? "minimize" : "maximize", v->metric);
    keep(v, ev->time, TONE_BOLD, "search %lld: %.*s, %d at once", (long long)ev->search.v,
         STR_FMT(buf_view(&b)), ev->parallel);
    buf_clear(&b);
    for (size_t i = 0; i < ev->n_requirements; i++)
        buf_fmt(&b, "%s%.*s", i > 0 ? ", " : "", STR_FMT(ev->requirements[i]));
    if (b.n > 0)
        keep(v, ev->time, TONE_PLAIN, "require %.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

static void on_search_started(struct view *v, const struct event *ev)
{
    snprintf(v->method, sizeof v->method, "%.*s", STR_FMT(ev->method));
    snprintf(v->metric, sizeof v->metric, "%.*s", STR_FMT(ev->metric));
    v->minimize = ev->minimize;
    v->budget = ev->budget_trials;
    v->parallel = ev->parallel;
    v->with_baseline = ev->baseline;
    if (!v->started)
        v->started_at = clock_monotonic(&v->clock);
    v->started = true;
    v->last.search = ev->search;
    take_objectives(v, ev);
    say_search(v, ev);
    keep(v, ev->time, TONE_DIM, "method %s", v->method);
    if (ev->text.n > 0)
        keep(v, ev->time, TONE_DIM, "%.*s", STR_FMT(ev->text));
}

static void print_json(struct view *v, const struct event *ev)
{
    struct json j;
    struct buf b;
    buf_init(&b, 16 << 20);
    jw_init(&j, &b);
    event_json(ev, &j);
    jw_newline(&j);
    if (jw_end(&j, NULL) == OK)
        screen_text(v->out, TONE_PLAIN, buf_view(&b));
    buf_free(&b);
    screen_flush(v->out);
}

static void on_event(struct view *v, const struct event *ev)
{
    switch (ev->kind) {
    case EVENT_SEARCH_STARTED:
        on_search_started(v, ev);
        break;
    case EVENT_SEARCH_PAUSING:
        if (v->n_running > 0)
            keep(v, ev->time, TONE_WARN,
                 "pausing: running trials stop at their next report; Ctrl-C again kills them now");
        break;
    case EVENT_SEARCH_ENDED:
    case EVENT_DECISION:
        break;
    case EVENT_TRIAL_STARTED:
        on_started(v, ev);
        break;
    case EVENT_REPORT:
        on_report(v, ev);
        break;
    case EVENT_ATTEMPT_ENDED:
        break;
    case EVENT_TRIAL_ENDED:
        on_trial_ended(v, ev);
        break;
    case EVENT_TRIAL_QUEUED:
        on_queued(v, ev);
        break;
    case EVENT_BEST:
        on_best(v, ev);
        break;
    case EVENT_NOTE:
        keep(v, ev->time, TONE_WARN, "trial %lld.%lld: %.*s", (long long)ev->search.v,
             (long long)ev->trial, STR_FMT(ev->text));
        break;
    }
}

void view_event(struct view *v, const struct event *ev)
{
    if (v->style == VIEW_QUIET)
        return;
    if (v->style == VIEW_JSON) {
        print_json(v, ev);
        return;
    }
    /* Searches that were taken up only to be paused are not this picture's. */
    if (v->started && ev->search.v != v->last.search.v && ev->kind != EVENT_SEARCH_STARTED)
        return;
    if (ev->kind != EVENT_REPORT)
        memcpy(v->counts, ev->counts, sizeof v->counts);
    on_event(v, ev);
    if (v->style == VIEW_PLAIN)
        screen_flush(v->out);
    v->dirty = true;
}
