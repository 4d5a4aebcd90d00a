/*
 * The block at the bottom of the screen.
 *
 * It is drawn by moving the cursor up over the last one and rewriting each line to its end: nothing
 * flickers, and what scrolled away stays as it was. Lines are not wrapped meanwhile, so that a line
 * of ours is a line of the terminal's however narrow it is.
 */
#include "api/view_state.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>

void view_real(char text[32], double x)
{
    struct buf b;
    buf_init(&b, 64);
    number_write_short(&b, x, 5);
    snprintf(text, 32, "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

void view_duration(char text[32], int64_t ns)
{
    struct buf b;
    buf_init(&b, 64);
    number_write_duration(&b, ns);
    snprintf(text, 32, "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

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
    view_duration(took, elapsed);
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
        view_duration(left, (int64_t)((double)elapsed / (double)done * (double)(total - done)));
        screen_fmt(v->out, TONE_DIM, ", about %s left", left);
    }
    end_line(v);
}

static void front_text(const struct view *v, bool baseline, struct buf *b)
{
    char value[32];
    buf_fmt(b, "%lld trial%s", (long long)v->n_front, v->n_front == 1 ? "" : "s");
    for (size_t i = 0; i < v->n_pursued; i++) {
        const struct pursued *p = &v->pursued[i];
        view_real(value, p->best);
        buf_fmt(b, "%s%s %s", i > 0 ? " · " : "  ", p->name, p->has_best ? value : "?");
        if (!baseline || !p->has_baseline)
            continue;
        view_real(value, p->baseline);
        buf_fmt(b, " (baseline %s)", value);
    }
}

/* How many are on the front, and what leads in each objective; beside the baseline where there is
 * room. */
static void draw_front(struct view *v)
{
    int room = v->out->width > 11 ? v->out->width - 10 : 1;
    struct buf b, cut;
    buf_init(&b, 16 << 10);
    buf_init(&cut, 16 << 10);
    screen_text(v->out, TONE_DIM, STR("front     "));
    front_text(v, true, &b);
    if (text_width(buf_view(&b)) > room) {
        buf_clear(&b);
        front_text(v, false, &b);
    }
    text_cut(buf_view(&b), room, &cut);
    screen_text(v->out, TONE_BOLD, buf_view(&cut));
    buf_free(&cut);
    buf_free(&b);
    end_line(v);
}

static void draw_best(struct view *v)
{
    char value[32], base[32];
    if (v->n_pursued > 0 && v->has_best) {
        draw_front(v);
        return;
    }
    screen_text(v->out, TONE_DIM, STR("best      "));
    if (!v->has_best) {
        screen_text(v->out, TONE_DIM, STR("none yet"));
        end_line(v);
        return;
    }
    view_real(value, v->best);
    screen_fmt(v->out, TONE_BOLD, "%s %s", v->metric, value);
    screen_fmt(v->out, TONE_PLAIN, "  trial %lld.%lld", (long long)v->last.search.v,
               (long long)v->best_trial);
    if (v->has_baseline) {
        double gain = v->minimize ? v->baseline - v->best : v->best - v->baseline;
        double percent = v->baseline != 0 ? 100 * gain / fabs(v->baseline) : 0;
        view_real(base, v->baseline);
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
        view_real(value, r->value);
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
