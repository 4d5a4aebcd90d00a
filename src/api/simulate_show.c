/* What simulated searches came to, for people and as JSON. */
#include "api/simulate.h"

#include "api/table.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double seconds(int64_t ns)
{
    return ns < 0 ? (double)NAN : (double)ns / (double)NS_PER_S;
}

/* ---- measures ---- */

static double of_seconds(const struct simulated *r)
{
    return seconds(r->ns);
}

static double of_best(const struct simulated *r)
{
    return r->has_best ? r->best.value : (double)NAN;
}

static double of_target(const struct simulated *r)
{
    return seconds(r->target_ns);
}

static double of_target_steps(const struct simulated *r)
{
    return r->target_steps < 0 ? (double)NAN : (double)r->target_steps;
}

static double of_full(const struct simulated *r)
{
    return (double)r->full;
}

static double of_first_full(const struct simulated *r)
{
    return seconds(r->first_full_ns);
}

static double of_trials(const struct simulated *r)
{
    return (double)r->trials;
}

static double of_attempts(const struct simulated *r)
{
    return (double)r->totals.attempts;
}

static double of_drops(const struct simulated *r)
{
    return (double)r->totals.drops;
}

static double of_steps(const struct simulated *r)
{
    return (double)r->totals.steps;
}

static double of_again(const struct simulated *r)
{
    return (double)r->totals.again;
}

static double of_utilisation(const struct simulated *r)
{
    return r->utilisation;
}

static const struct measured_by {
    const char *key, *title;
    double (*of)(const struct simulated *r);
    bool is_time, is_whole, only_with_target;
} measures[] = {
    {"seconds", "time", of_seconds, true, false, false},
    {"best", "best", of_best, false, false, false},
    {"target_seconds", "to the target", of_target, true, false, true},
    {"target_steps", "steps to it", of_target_steps, false, true, true},
    {"full", "trained fully", of_full, false, true, false},
    {"first_full_seconds", "the first by", of_first_full, true, false, false},
    {"trials", "trials", of_trials, false, true, false},
    {"attempts", "attempts", of_attempts, false, true, false},
    {"dropped", "dropped", of_drops, false, true, false},
    {"steps", "steps", of_steps, false, true, false},
    {"steps_again", "done again", of_again, false, true, false},
    {"utilisation", "utilisation", of_utilisation, false, false, false},
};

enum { MEASURES = sizeof(measures) / sizeof(measures[0]) };

static enum code spread_runs(const struct measured_by *m, const struct simulated *runs, size_t n,
                             struct spread_of *ret, struct error *e)
{
    double *v = calloc(n + 1, sizeof(*v));
    if (!v)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++)
        v[i] = m->of(&runs[i]);
    *ret = spread_of(v, n);
    free(v);
    return OK;
}

/* ---- JSON ---- */

static void best_json(const struct simulated *r, struct json *j)
{
    jw_key(j, "best");
    if (!r->has_best) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_i64(j, "trial", trial_id_number(r->best.id));
    jw_member_real_or_null(j, "value", r->best.value);
    jw_member_i64(j, "step", r->best.step);
    jw_key(j, "params");
    jw_raw(j, r->best.params);
    jw_object_end(j);
}

static void target_json(const struct simulated *r, struct json *j)
{
    jw_key(j, "target");
    if (r->target_ns < 0) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_member_real_or_null(j, "seconds", seconds(r->target_ns));
    jw_member_i64(j, "steps", r->target_steps);
    jw_object_end(j);
}

static void trace_json(const struct simulated *r, struct json *j)
{
    jw_key(j, "trace");
    jw_array(j);
    for (size_t i = 0; i < r->n_trace; i++) {
        const struct improvement *p = &r->trace[i];
        jw_object(j);
        jw_member_real_or_null(j, "seconds", seconds(p->ns));
        jw_member_i64(j, "steps", p->steps);
        jw_member_i64(j, "trial", p->trial);
        jw_member_i64(j, "step", p->step);
        jw_member_real_or_null(j, "value", p->value);
        jw_object_end(j);
    }
    jw_array_end(j);
}

static void counts_json(const struct simulated *r, struct json *j)
{
    jw_key(j, "trials");
    jw_object(j);
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        if (r->counts[i] > 0)
            jw_member_i64(j, trial_state_name((enum trial_state)i), r->counts[i]);
    jw_object_end(j);
}

static void run_json(const struct simulation *x, const struct simulated *r, struct json *j)
{
    jw_object(j);
    jw_key(j, "seed");
    jw_u64(j, r->seed);
    jw_member_str(j, "state", str_of(search_state_name(r->state)));
    jw_member_str(j, "why", r->why);
    jw_member_real_or_null(j, "seconds", seconds(r->ns));
    counts_json(r, j);
    jw_member_i64(j, "attempts", r->totals.attempts);
    jw_member_i64(j, "dropped", r->totals.drops);
    jw_member_i64(j, "steps", r->totals.steps);
    jw_member_i64(j, "steps_again", r->totals.again);
    jw_member_i64(j, "full", r->full);
    jw_member_real_or_null(j, "first_full_seconds", seconds(r->first_full_ns));
    jw_member_real_or_null(j, "utilisation", r->utilisation);
    jw_member_i64(j, "events", r->totals.events);
    best_json(r, j);
    if (x->has_target)
        target_json(r, j);
    trace_json(r, j);
    jw_object_end(j);
}

static enum code summary_json(const struct simulation *x, const struct simulated *runs, size_t n,
                              struct json *j, struct error *e)
{
    jw_key(j, "summary");
    jw_object(j);
    for (size_t i = 0; i < MEASURES; i++) {
        struct spread_of s;
        if (measures[i].only_with_target && !x->has_target)
            continue;
        enum code code = spread_runs(&measures[i], runs, n, &s, e);
        if (code != OK)
            return code;
        jw_key(j, measures[i].key);
        jw_object(j);
        jw_member_i64(j, "n", (int64_t)s.n);
        jw_member_real_or_null(j, "mean", s.mean);
        jw_member_real_or_null(j, "low", s.low);
        jw_member_real_or_null(j, "high", s.high);
        jw_member_real_or_null(j, "median", s.median);
        jw_member_real_or_null(j, "q10", s.q10);
        jw_member_real_or_null(j, "q90", s.q90);
        jw_object_end(j);
    }
    jw_object_end(j);
    return OK;
}

enum code simulation_json(struct screen *out, const struct simulation *x,
                          const struct simulated *runs, size_t n, struct error *e)
{
    const struct settings *st = x->settings;
    struct json j;
    jw_init(&j, &out->out);
    jw_object(&j);
    jw_member_str(&j, "method", runs[0].method);
    jw_member_str(&j, "why", runs[0].why_method);
    jw_member_str(&j, "metric", st->measures[0].name);
    jw_member_str(&j, "goal", st->minimize[0] ? STR("minimize") : STR("maximize"));
    jw_member_str(&j, "objective", x->objective);
    jw_member_i64(&j, "workers", x->workers);
    if (st->effort.has_steps)
        jw_member_i64(&j, "max_steps", st->effort.max_steps);
    if (x->has_target)
        jw_member_real_or_null(&j, "target", x->target);
    jw_key(&j, "runs");
    jw_array(&j);
    for (size_t i = 0; i < n; i++)
        run_json(x, &runs[i], &j);
    jw_array_end(&j);
    enum code code = summary_json(x, runs, n, &j, e);
    jw_object_end(&j);
    jw_newline(&j);
    return code == OK ? jw_end(&j, e) : code;
}

/* ---- for people ---- */

static void field(struct screen *out, const char *name, struct str text)
{
    screen_fmt(out, TONE_DIM, "%-11s", name);
    screen_fmt(out, TONE_PLAIN, "%.*s\n", STR_FMT(text));
}

static void write_measure(const struct measured_by *m, double v, bool whole, struct buf *b)
{
    if (isnan(v))
        buf_cstr(b, "-");
    else if (m->is_time)
        number_write_duration(b, (int64_t)(v * (double)NS_PER_S));
    else if (whole && m->is_whole)
        number_write_i64(b, (int64_t)v);
    else
        number_write_short(b, v, 5);
}

static void cell(struct table *t, const struct measured_by *m, double v, bool whole)
{
    struct buf b;
    buf_init(&b, 64);
    write_measure(m, v, whole, &b);
    table_cell(t, TONE_PLAIN, buf_view(&b));
    buf_free(&b);
}

static enum code print_one(struct screen *out, const struct simulation *x,
                           const struct simulated *r)
{
    struct buf b;
    buf_init(&b, 4096);
    for (size_t i = 0; i < MEASURES; i++) {
        if (measures[i].only_with_target && !x->has_target)
            continue;
        buf_clear(&b);
        write_measure(&measures[i], measures[i].of(r), true, &b);
        screen_fmt(out, TONE_DIM, "%-15s", measures[i].title);
        screen_fmt(out, TONE_PLAIN, "%.*s", STR_FMT(buf_view(&b)));
        if (measures[i].of == of_best && r->has_best)
            screen_fmt(out, TONE_DIM, "  trial %lld at step %lld, %.*s",
                       (long long)trial_id_number(r->best.id), (long long)r->best.step,
                       STR_FMT(r->best.params));
        screen_text(out, TONE_PLAIN, STR("\n"));
    }
    buf_free(&b);
    return OK;
}

static enum code print_many(struct screen *out, const struct simulation *x,
                            const struct simulated *runs, size_t n, struct error *e)
{
    static const struct column columns[] = {{"", false},    {"mean", true}, {"95 % from", true},
                                            {"to", true},   {"10 %", true}, {"median", true},
                                            {"90 %", true}, {"runs", true}};
    struct table *t;
    enum code code = table_new(out, columns, sizeof(columns) / sizeof(columns[0]), &t, e);
    if (code != OK)
        return code;
    for (size_t i = 0; code == OK && i < MEASURES; i++) {
        struct spread_of s;
        if (measures[i].only_with_target && !x->has_target)
            continue;
        code = spread_runs(&measures[i], runs, n, &s, e);
        if (code != OK)
            break;
        const double shown[] = {s.mean, s.low, s.high, s.q10, s.median, s.q90};
        table_cell(t, TONE_DIM, str_of(measures[i].title));
        for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
            cell(t, &measures[i], shown[k], false);
        table_cell_fmt(t, TONE_PLAIN, "%zu", s.n);
        table_row_end(t);
    }
    if (code == OK)
        code = table_end(t, e);
    table_free(t);
    return code;
}

/* ---- the plot ---- */

enum { PLOT_HEIGHT = 8, PLOT_MAX = 100 };

/* The best reported by then; NaN: nothing was. */
static double best_by(const struct simulated *r, double ns)
{
    size_t lo = 0, hi = r->n_trace;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if ((double)r->trace[middle].ns <= ns)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo > 0 ? r->trace[lo - 1].value : (double)NAN;
}

/* The median over the runs at the end of each column; until half of them know a value: NaN. */
static enum code best_over_time(const struct simulated *runs, size_t n, int width, double *ret,
                                double *ret_ns, struct error *e)
{
    double *v = calloc(n + 1, sizeof(*v));
    if (!v)
        return error_nomem(e);
    *ret_ns = 0;
    for (size_t i = 0; i < n; i++)
        *ret_ns = fmax(*ret_ns, (double)runs[i].ns);
    for (int c = 0; c < width; c++) {
        for (size_t i = 0; i < n; i++)
            v[i] = best_by(&runs[i], *ret_ns * (c + 1) / width);
        struct spread_of s = spread_of(v, n);
        ret[c] = 2 * s.n >= n ? s.median : (double)NAN;
    }
    free(v);
    return OK;
}

static void bounds_of(const double *v, int n, double *ret_lo, double *ret_hi)
{
    *ret_lo = (double)INFINITY;
    *ret_hi = -(double)INFINITY;
    for (int i = 0; i < n; i++) {
        *ret_lo = fmin(*ret_lo, isnan(v[i]) ? *ret_lo : v[i]);
        *ret_hi = fmax(*ret_hi, isnan(v[i]) ? *ret_hi : v[i]);
    }
}

static void label(struct screen *out, double v, bool shown)
{
    struct buf b;
    buf_init(&b, 64);
    if (shown)
        number_write_short(&b, v, 4);
    screen_fmt(out, TONE_DIM, "%10.*s ", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

/* One row: eighths of it, at the height of the curve. */
static void plot_row(struct screen *out, const double *v, int width, int row, double lo, double hi)
{
    static const char *const eighths[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    struct buf b;
    buf_init(&b, 4096);
    for (int c = 0; c < width; c++) {
        int level = isnan(v[c]) ? -1
                    : hi > lo   ? (int)((v[c] - lo) / (hi - lo) * (8 * PLOT_HEIGHT - 1))
                                : 0;
        buf_cstr(&b, level >= 0 && level / 8 == PLOT_HEIGHT - 1 - row ? eighths[level % 8] : " ");
    }
    screen_text(out, TONE_ACCENT, buf_view(&b));
    screen_text(out, TONE_PLAIN, STR("\n"));
    buf_free(&b);
}

static enum code print_plot(struct screen *out, const struct simulated *runs, size_t n,
                            struct error *e)
{
    double v[PLOT_MAX], lo, hi, ns = 0;
    int width = out->width - 14 < PLOT_MAX ? out->width - 14 : PLOT_MAX;
    if (width < 20)
        return OK;
    enum code code = best_over_time(runs, n, width, v, &ns, e);
    if (code != OK)
        return code;
    bounds_of(v, width, &lo, &hi);
    if (!(hi >= lo))
        return OK;
    screen_text(out, TONE_PLAIN, STR("\n"));
    for (int row = 0; row < PLOT_HEIGHT; row++) {
        label(out, row == 0 ? hi : lo, row == 0 || row == PLOT_HEIGHT - 1);
        plot_row(out, v, width, row, lo, hi);
    }
    struct buf b;
    buf_init(&b, 64);
    number_write_duration(&b, (int64_t)ns);
    screen_fmt(out, TONE_DIM, "%10s 0%*.*s\n", "", width - 1, STR_FMT(buf_view(&b)));
    buf_free(&b);
    return OK;
}

/* Of many runs, those that came to no good end. */
static void print_states(struct screen *out, const struct simulated *runs, size_t n)
{
    const struct simulated *odd = &runs[0];
    size_t n_odd = 0;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].state == SEARCH_COMPLETED)
            continue;
        odd = n_odd == 0 ? &runs[i] : odd;
        n_odd++;
    }
    if (n > 1 && n_odd == 0)
        return;
    struct buf b;
    buf_init(&b, 4096);
    if (n > 1)
        buf_fmt(&b, "%zu of %zu runs did not complete; the first is ", n_odd, n);
    buf_cstr(&b, search_state_name(odd->state));
    if (odd->why.n > 0)
        buf_fmt(&b, ": %.*s", STR_FMT(odd->why));
    field(out, "state", buf_view(&b));
    buf_free(&b);
}

enum code simulation_print(struct screen *out, const struct simulation *x,
                           const struct simulated *runs, size_t n, struct error *e)
{
    struct buf b;
    buf_init(&b, 4096);
    field(out, "method", runs[0].method);
    if (runs[0].why_method.n > 0)
        field(out, "", runs[0].why_method);
    field(out, "objective", x->objective);
    buf_fmt(&b, "%d worker%s", x->workers, x->workers == 1 ? "" : "s");
    field(out, "cluster", buf_view(&b));
    buf_free(&b);
    print_states(out, runs, n);
    enum code code = print_plot(out, runs, n, e);
    screen_text(out, TONE_PLAIN, STR("\n"));
    if (code == OK)
        code = n == 1 ? print_one(out, x, &runs[0]) : print_many(out, x, runs, n, e);
    return code;
}
