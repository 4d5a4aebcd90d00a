/*
 * The live picture.
 *
 * The block at the bottom is drawn by moving the cursor up over the last one and rewriting each
 * line to its end: nothing flickers, and what scrolled away stays as it was. Lines are not wrapped
 * meanwhile, so that a line of ours is a line of the terminal's however narrow it is.
 */
#include "api/view.h"

#include "api/params.h"
#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNNING_MAX = 256, CURVE = 24, SHOWN_MAX = 8, LINE = 2048 };
#define FRAME_NS  (100 * NS_PER_MS)
#define SECOND_NS NS_PER_S

struct running {
    int64_t trial, step, steps;
    double value;
    bool has_value, baseline;
    size_t n_curve;
    double curve[CURVE];
    char params[512];
};

struct view {
    struct screen *out;
    struct clock clock;
    enum view_style style;
    struct event last; /* of the search: method, goal, budget; texts copied below */
    char method[256], why[400], metric[128];
    bool started;
    int64_t started_at, next_draw;
    bool dirty;
    size_t n_running;
    struct running running[RUNNING_MAX];
    int64_t counts[TRIAL_STATE_COUNT];
    int64_t budget;
    int parallel;
    bool minimize, has_best, has_baseline, with_baseline;
    int64_t best_trial;
    double best, baseline;
    char best_params[1024];
    int lines; /* of the block on the screen */
};

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

static void real_text(char text[32], double x)
{
    struct buf b;
    buf_init(&b, 64);
    number_write_short(&b, x, 5);
    snprintf(text, 32, "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

static void duration_text(char text[32], int64_t ns)
{
    struct buf b;
    buf_init(&b, 64);
    number_write_duration(&b, ns);
    snprintf(text, 32, "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

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
    if (v->style == VIEW_PLAIN)
        keep(v, ev->time, TONE_PLAIN, "trial %lld.%lld started%s%s  %s", (long long)ev->search.v,
             (long long)ev->trial, ev->attempt > 1 ? " again" : "",
             ev->baseline ? " (baseline)" : "", r->params);
}

static void on_report(struct view *v, const struct event *ev)
{
    struct running *r = find(v, ev->trial);
    if (r == NULL)
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

static void on_trial_ended(struct view *v, const struct event *ev)
{
    char value[32] = "";
    bool bad = ev->trial_state == TRIAL_FAILED || ev->trial_state == TRIAL_INFEASIBLE;
    if (ev->has_value)
        real_text(value, ev->value);
    if (ev->baseline && ev->has_value) {
        v->has_baseline = true;
        v->baseline = ev->value;
    }
    forget(v, ev->trial);
    if (v->style == VIEW_LIVE && !bad && !ev->baseline)
        return;
    if (ev->has_value)
        keep(v, ev->time, bad ? TONE_BAD : TONE_PLAIN,
             "trial %lld.%lld %s%s at step %lld: %s %s%s%.*s", (long long)ev->search.v,
             (long long)ev->trial, trial_state_name(ev->trial_state),
             ev->baseline ? " (baseline)" : "", (long long)ev->step, v->metric, value,
             ev->text.n > 0 ? ": " : "", STR_FMT(ev->text));
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

static void on_best(struct view *v, const struct event *ev)
{
    char value[32];
    v->has_best = true;
    v->best_trial = ev->trial;
    v->best = ev->value;
    params_text(v->best_params, sizeof v->best_params, ev->params);
    real_text(value, ev->value);
    /* What was stopped early leads only until something was trained to the end. */
    if (!ev->baseline && ev->step >= ev->steps)
        keep(v, ev->time, TONE_GOOD, "new best %lld.%lld: %s %s  %s", (long long)ev->search.v,
             (long long)ev->trial, v->metric, value, v->best_params);
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
    keep(v, ev->time, TONE_BOLD, "search %lld: %s, %s, %d at once", (long long)ev->search.v,
         ev->minimize ? "minimize" : "maximize", v->metric, ev->parallel);
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

/* --- drawing --- */

int64_t view_deadline(const struct view *v)
{
    if (v->style != VIEW_LIVE || !v->started)
        return INT64_MAX;
    int64_t now = clock_monotonic(&v->clock);
    if (v->next_draw == INT64_MAX)
        return now;
    return v->dirty ? v->next_draw : v->next_draw + SECOND_NS - FRAME_NS;
}

static void end_line(struct view *v)
{
    screen_text(v->out, TONE_PLAIN, STR("\033[K\n"));
    v->lines++;
}

static int64_t ended(const struct view *v)
{
    int64_t n = 0;
    for (int i = 0; i < TRIAL_STATE_COUNT; i++) {
        if (trial_state_final((enum trial_state)i))
            n += v->counts[i];
    }
    return n;
}

static void draw_bar(struct view *v)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int64_t total = v->budget + (v->with_baseline ? 1 : 0);
    int64_t done = ended(v);
    int64_t elapsed = clock_monotonic(&v->clock) - v->started_at;
    char took[32], left[32];
    duration_text(took, elapsed);
    screen_text(v->out, TONE_DIM, STR("progress  "));
    if (v->budget > 0) {
        int width = v->out->width > 100 ? 30 : 20;
        double share = done >= total ? 1.0 : (double)done / (double)total;
        int cells = (int)(share * width * 8);
        struct buf b;
        buf_init(&b, 1024);
        for (int i = 0; i < cells / 8; i++)
            buf_cstr(&b, "█");
        buf_cstr(&b, eighths[cells % 8]);
        int used = cells / 8 + (cells % 8 > 0);
        screen_text(v->out, TONE_ACCENT, buf_view(&b));
        buf_clear(&b);
        for (int i = used; i < width; i++)
            buf_cstr(&b, "·");
        screen_text(v->out, TONE_DIM, buf_view(&b));
        buf_free(&b);
        screen_fmt(v->out, TONE_PLAIN, "  %lld of %lld trials", (long long)done, (long long)total);
    } else {
        screen_fmt(v->out, TONE_PLAIN, "%lld trials", (long long)done);
    }
    screen_fmt(v->out, TONE_PLAIN, "  %s", took);
    if (v->budget > 0 && done > 1 && done < total) {
        duration_text(left, (int64_t)((double)elapsed / (double)done * (double)(total - done)));
        screen_fmt(v->out, TONE_DIM, ", about %s left", left);
    }
    end_line(v);
}

static void draw_best(struct view *v)
{
    char value[32], base[32];
    screen_text(v->out, TONE_DIM, STR("best      "));
    if (!v->has_best) {
        screen_text(v->out, TONE_DIM, STR("none yet"));
        end_line(v);
        return;
    }
    real_text(value, v->best);
    screen_fmt(v->out, TONE_BOLD, "%s %s", v->metric, value);
    screen_fmt(v->out, TONE_PLAIN, "  trial %lld.%lld", (long long)v->last.search.v,
               (long long)v->best_trial);
    if (v->has_baseline) {
        double gain = v->minimize ? v->baseline - v->best : v->best - v->baseline;
        double percent = v->baseline != 0 ? 100 * gain / fabs(v->baseline) : 0;
        real_text(base, v->baseline);
        if (gain != 0)
            screen_fmt(v->out, gain > 0 ? TONE_GOOD : TONE_WARN, "  %.2f %% %s", fabs(percent),
                       gain > 0 ? "better" : "worse");
        screen_fmt(v->out, TONE_DIM, "  (baseline %s)", base);
    }
    end_line(v);
}

static void draw_counts(struct view *v)
{
    static const struct {
        enum trial_state state;
        enum tone tone;
    } shown[] = {{TRIAL_RUNNING, TONE_ACCENT},  {TRIAL_COMPLETED, TONE_GOOD},
                 {TRIAL_STOPPED, TONE_PLAIN},   {TRIAL_QUEUED, TONE_PLAIN},
                 {TRIAL_PAUSED, TONE_WARN},     {TRIAL_FAILED, TONE_BAD},
                 {TRIAL_INFEASIBLE, TONE_WARN}, {TRIAL_CANCELLED, TONE_WARN}};
    bool first = true;
    screen_text(v->out, TONE_DIM, STR("trials    "));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int64_t n = v->counts[shown[i].state];
        if (n == 0)
            continue;
        if (!first)
            screen_text(v->out, TONE_DIM, STR(" · "));
        screen_fmt(v->out, shown[i].tone, "%lld %s", (long long)n,
                   trial_state_name(shown[i].state));
        first = false;
    }
    end_line(v);
}

static void sparkline(const struct running *r, struct buf *b)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double lo = (double)INFINITY, hi = -(double)INFINITY;
    for (size_t i = 0; i < r->n_curve; i++) {
        if (!isfinite(r->curve[i]))
            continue;
        lo = fmin(lo, r->curve[i]);
        hi = fmax(hi, r->curve[i]);
    }
    for (size_t i = 0; i < r->n_curve; i++) {
        double x = r->curve[i];
        if (!isfinite(x))
            buf_cstr(b, "×");
        else
            buf_cstr(b, bars[hi > lo ? (int)((x - lo) / (hi - lo) * 7.0) : 3]);
    }
}

static void draw_running(struct view *v, const struct running *r)
{
    char value[32] = "", name[40], step[40];
    struct buf b;
    buf_init(&b, 4096);
    snprintf(name, sizeof name, "%lld.%lld%s", (long long)v->last.search.v, (long long)r->trial,
             r->baseline ? "*" : "");
    if (r->steps > 0)
        snprintf(step, sizeof step, "%lld/%lld", (long long)(r->step > 0 ? r->step : 0),
                 (long long)r->steps);
    else
        snprintf(step, sizeof step, "%lld", (long long)(r->step > 0 ? r->step : 0));
    if (r->has_value)
        real_text(value, r->value);
    sparkline(r, &b);
    screen_fmt(v->out, TONE_PLAIN, "  %-8s", name);
    screen_fmt(v->out, TONE_DIM, "%7s", step);
    screen_fmt(v->out, TONE_PLAIN, "  %9s  ", value);
    screen_text(v->out, TONE_ACCENT, buf_view(&b));
    buf_repeat(&v->out->out, ' ', CURVE - r->n_curve + 2);
    buf_clear(&b);
    int room = v->out->width - (2 + 8 + 7 + 2 + 9 + 2 + CURVE + 2);
    if (room > 8)
        text_cut(str_of(r->params), room, &b);
    screen_text(v->out, TONE_DIM, buf_view(&b));
    buf_free(&b);
    end_line(v);
}

void view_draw(struct view *v)
{
    if (v->style != VIEW_LIVE || !v->started)
        return;
    if (v->lines > 0)
        screen_fmt(v->out, TONE_PLAIN, "\033[%dA\r", v->lines);
    v->lines = 0;
    screen_text(v->out, TONE_PLAIN, STR("\033[?7l"));
    draw_bar(v);
    draw_best(v);
    draw_counts(v);
    size_t room = v->out->height > 6 ? (size_t)v->out->height - 6 : 0;
    size_t shown = v->n_running < SHOWN_MAX ? v->n_running : SHOWN_MAX;
    shown = shown < room ? shown : room;
    for (size_t i = 0; i < shown; i++)
        draw_running(v, &v->running[i]);
    if (shown < v->n_running) {
        screen_fmt(v->out, TONE_DIM, "  and %zu more", v->n_running - shown);
        end_line(v);
    }
    screen_text(v->out, TONE_PLAIN, STR("\033[J\033[?7h"));
    screen_flush(v->out);
    v->dirty = false;
    v->next_draw = clock_monotonic(&v->clock) + FRAME_NS;
}
