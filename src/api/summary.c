/*
 * The summary at a search's end: baseline, best, improvement, the configuration, how to run it by
 * hand, and, where it failed, the end of the log that says why. Of several objectives the front,
 * and of requirements how many trials met them.
 */
#include "api/cover.h"
#include "api/logs.h"
#include "api/params.h"
#include "api/scoring.h"
#include "api/view.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL_LINES = 15, FRONT_SHOWN = 20 };

struct summary {
    struct screen *out;
    struct store *store;
    struct arena a;
    struct search_row search;
    struct scoring scoring;
    bool has_best, has_baseline;
    struct trial_row best, baseline; /* best: of several objectives the first on the front */
    int64_t n_front;
    bool baseline_leads; /* it is on the front */
    int64_t n_judged, n_met[STORE_REQUIREMENTS_MAX], n_unknown[STORE_REQUIREMENTS_MAX];
    struct table *table;
    int64_t failed; /* the trial of the attempt that failed last; 0: none */
    int64_t failed_at;
    int failed_attempt;
    struct str failed_why;
};

static enum code keep_row(struct summary *s, const struct trial_row *row, struct trial_row *ret)
{
    *ret = *row;
    enum code c = arena_str(&s->a, row->params, &ret->params);
    return c == OK ? arena_str(&s->a, row->why, &ret->why) : c;
}

static enum code on_best(void *self, const struct trial_row *row)
{
    struct summary *s = self;
    s->n_front++;
    s->baseline_leads = s->baseline_leads || row->baseline;
    if (s->has_best)
        return OK;
    s->has_best = true;
    return keep_row(s, row, &s->best);
}

/* Of the trials that ended by themselves, how many meet each requirement? */
static enum code on_judged(void *self, const struct trial_row *row)
{
    struct summary *s = self;
    const struct scores *v = &row->scores;
    if (row->state != TRIAL_COMPLETED && row->state != TRIAL_STOPPED)
        return OK;
    s->n_judged++;
    for (size_t i = 0; i < s->scoring.n_requirements; i++) {
        bool unknown = i >= v->n_excess || isnan(v->excess[i]);
        s->n_unknown[i] += unknown;
        s->n_met[i] += !unknown && v->excess[i] <= 0;
    }
    return OK;
}

static bool failed(const struct attempt_row *row)
{
    switch (row->reason) {
    case REASON_EXIT:
        return row->exit_code > 0;
    case REASON_SIGNAL:
    case REASON_OOM:
    case REASON_TIMEOUT:
    case REASON_SILENCE:
    case REASON_SPAWN:
    case REASON_LOST:
    case REASON_NO_METRIC:
    case REASON_DISK:
        return true;
    case REASON_NONE:
    case REASON_STOPPED:
    case REASON_PAUSED:
    case REASON_CANCELLED:
    case REASON_COUNT:
        break;
    }
    return false;
}

/* The attempt that failed last tells why; what was cancelled for it has nothing to say. */
static enum code on_attempt(void *self, const struct attempt_row *row)
{
    struct summary *s = self;
    if (!failed(row) || row->ended < s->failed_at)
        return OK;
    s->failed_at = row->ended;
    s->failed = trial_id_number(row->trial);
    s->failed_attempt = row->number;
    return arena_str(&s->a, row->detail, &s->failed_why);
}

static enum code gather(struct summary *s, struct search_id id, struct error *e)
{
    enum code c = store_search_get(s->store, id, &s->a, &s->search, e);
    if (c == OK) {
        scoring_of(&s->search, &s->scoring);
        c = store_best(s->store, id, s->scoring.n_objectives > 1 ? INT32_MAX : 1, on_best, s, e);
    }
    if (c == OK && s->scoring.n_requirements > 0)
        c = store_trials(s->store, id, 0, on_judged, s, e);
    if (c == OK && s->search.baseline_trial > 0) {
        c = store_trial_get(s->store, trial_id_of(id, s->search.baseline_trial), &s->a,
                            &s->baseline, e);
        s->has_baseline = c == OK && s->baseline.has_value;
    }
    if (c == OK && s->search.counts[TRIAL_FAILED] + s->search.counts[TRIAL_CANCELLED] > 0)
        c = store_search_attempts(s->store, id, on_attempt, s, e);
    return c;
}

static void real_text(char text[32], double x)
{
    struct buf b;
    buf_init(&b, 64);
    number_write_short(&b, x, 6);
    snprintf(text, 32, "%.*s", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

static void print_head(struct summary *s)
{
    const struct search_row *q = &s->search;
    enum tone tone = q->state == SEARCH_COMPLETED ? TONE_GOOD
                     : q->state == SEARCH_FAILED  ? TONE_BAD
                                                  : TONE_WARN;
    screen_text(s->out, TONE_PLAIN, STR("\n"));
    screen_fmt(s->out, tone, "search %lld %s", (long long)q->id.v, search_state_name(q->state));
    if (q->why.n > 0)
        screen_fmt(s->out, TONE_PLAIN, ": %.*s", STR_FMT(q->why));
    if (q->ended > q->created) {
        struct buf b;
        buf_init(&b, 64);
        number_write_duration(&b, q->ended - q->created);
        screen_fmt(s->out, TONE_PLAIN, " after %.*s", STR_FMT(buf_view(&b)));
        buf_free(&b);
    }
    screen_text(s->out, TONE_PLAIN, STR("\n"));
    bool first = true;
    for (int i = 0; i < TRIAL_STATE_COUNT; i++) {
        if (q->counts[i] == 0)
            continue;
        screen_fmt(s->out, TONE_DIM, "%s%lld %s", first ? "" : " · ", (long long)q->counts[i],
                   trial_state_name((enum trial_state)i));
        first = false;
    }
    screen_text(s->out, TONE_PLAIN, STR("\n\n"));
}

static void print_trial(struct summary *s, const char *what, const struct trial_row *row,
                        enum tone tone)
{
    char value[32], name[48];
    real_text(value, row->value);
    snprintf(name, sizeof name, "%lld.%lld", (long long)s->search.id.v,
             (long long)trial_id_number(row->id));
    screen_fmt(s->out, TONE_DIM, "%-10s", what);
    screen_fmt(s->out, TONE_PLAIN, "%-8s %.*s ", name, STR_FMT(s->search.metric));
    screen_fmt(s->out, tone, "%s", value);
    if (row->steps > 0)
        screen_fmt(s->out, TONE_DIM, "  after step %lld", (long long)row->step);
}

static void print_gain(struct summary *s)
{
    char text[32];
    double gain = s->best.value - s->baseline.value;
    bool better = s->search.minimize ? gain < 0 : gain > 0;
    enum tone tone = better ? TONE_GOOD : TONE_WARN;
    if (gain == 0) {
        screen_text(s->out, TONE_DIM, STR("  the baseline itself, or as good"));
        return;
    }
    real_text(text, fabs(gain));
    screen_fmt(s->out, tone, "  %s%s", gain < 0 ? "-" : "+", text);
    if (s->baseline.value != 0)
        screen_fmt(s->out, tone, " (%.2f %% %s)", 100 * fabs(gain / s->baseline.value),
                   better ? "better" : "worse");
}

/* --- several objectives, requirements --- */

static void front_row(struct summary *s, const struct trial_row *row, bool *marked)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    table_cell_fmt(s->table, TONE_BOLD, "%lld.%lld%s", (long long)s->search.id.v,
                   (long long)trial_id_number(row->id), row->baseline ? "*" : "");
    scoring_cells(&s->scoring, row, s->table, marked);
    table_cell_fmt(s->table, TONE_PLAIN, "%lld", (long long)row->step);
    params_short(row->params, 1000, &b);
    table_cell(s->table, TONE_PLAIN, buf_view(&b));
    table_row_end(s->table);
    buf_free(&b);
}

static enum code on_front(void *self, const struct trial_row *row)
{
    bool marked = false; /* what is on the front misses nothing */
    front_row(self, row, &marked);
    return OK;
}

static void print_baseline(struct summary *s)
{
    struct buf missed;
    char value[32];
    buf_init(&missed, 16 << 10);
    screen_fmt(s->out, TONE_DIM, "%-10s", "baseline");
    screen_fmt(s->out, TONE_PLAIN, "%lld.%lld ", (long long)s->search.id.v,
               (long long)trial_id_number(s->baseline.id));
    for (size_t i = 0; i < s->scoring.n_measures && i < s->baseline.scores.n_values; i++) {
        if ((s->baseline.scores.seen >> i & 1) == 0)
            continue;
        real_text(value, s->baseline.scores.values[i]);
        screen_fmt(s->out, TONE_PLAIN, " %.*s %s", STR_FMT(s->scoring.measures[i].name), value);
    }
    scoring_missed(&s->scoring, &s->baseline, &missed);
    if (missed.n > 0)
        screen_fmt(s->out, TONE_BAD, "  misses %.*s", STR_FMT(buf_view(&missed)));
    else
        screen_text(s->out, TONE_DIM, s->baseline_leads ? STR("  on the front") : STR("  beaten"));
    screen_text(s->out, TONE_PLAIN, STR("\n"));
    buf_free(&missed);
}

static enum code print_front(struct summary *s, struct error *e)
{
    char titles[STORE_MEASURES_MAX][64];
    struct cover cover;
    struct column columns[TABLE_COLUMNS_MAX] = {{"trial", false}};
    size_t n = 1 + scoring_columns(&s->scoring, columns + 1, titles);
    columns[n++] = (struct column){"step", true};
    columns[n++] = (struct column){"configuration", false};
    enum code c = table_new(s->out, columns, n, &s->table, e);
    if (c != OK)
        return c;
    screen_fmt(s->out, TONE_DIM, "front     ");
    screen_fmt(s->out, TONE_PLAIN, "%lld trial%s that no other beats in all objectives\n",
               (long long)s->n_front, s->n_front == 1 ? "" : "s");
    c = store_best(s->store, s->search.id, FRONT_SHOWN, on_front, s, e);
    if (c == OK)
        c = table_end(s->table, e);
    table_free(s->table);
    if (c == OK && s->n_front > FRONT_SHOWN)
        screen_fmt(s->out, TONE_DIM, "and %lld more: trawl best %lld\n",
                   (long long)(s->n_front - FRONT_SHOWN), (long long)s->search.id.v);
    if (c == OK)
        c = cover_of(s->store, s->search.id, &s->scoring, &cover, e);
    if (c == OK)
        cover_print(&cover, s->out);
    return c;
}

static void print_requirements(struct summary *s)
{
    for (size_t i = 0; i < s->scoring.n_requirements && s->n_judged > 0; i++) {
        screen_fmt(s->out, TONE_DIM, "%-10s", i == 0 ? "require" : "");
        screen_text(s->out, TONE_PLAIN, s->scoring.requirements[i]);
        screen_fmt(s->out, s->n_met[i] > 0 ? TONE_DIM : TONE_BAD, "  met by %lld of %lld",
                   (long long)s->n_met[i], (long long)s->n_judged);
        if (s->n_unknown[i] > 0)
            screen_fmt(s->out, TONE_WARN, ", not known of %lld, which never reported it",
                       (long long)s->n_unknown[i]);
        screen_text(s->out, TONE_PLAIN, STR("\n"));
    }
    if (s->scoring.n_requirements > 0 && s->n_judged > 0 && !s->has_best)
        screen_fmt(s->out, TONE_BAD, "no trial meets %s: there is no best one\n",
                   s->scoring.n_requirements > 1 ? "all requirements" : "the requirement");
}

static void print_values(struct summary *s)
{
    if (s->has_baseline) {
        print_trial(s, "baseline", &s->baseline, TONE_PLAIN);
        screen_text(s->out, TONE_PLAIN, STR("\n"));
    }
    if (!s->has_best)
        return;
    print_trial(s, "best", &s->best, TONE_BOLD);
    if (s->has_baseline && isfinite(s->baseline.value))
        print_gain(s);
    screen_text(s->out, TONE_PLAIN, STR("\n"));
}

static void measure_name(void *self, struct str name, struct str value)
{
    int *width = self;
    int w = text_width(name);
    *width = w > *width ? w : *width;
}

struct printing {
    struct summary *s;
    int width;
};

static void print_param(void *self, struct str name, struct str value)
{
    struct printing *p = self;
    struct summary *s = p->s;
    struct buf base;
    buf_init(&base, 2 << 20);
    bool has = s->has_baseline && params_value(s->baseline.params, name, true, &base);
    bool same = has && str_eq(buf_view(&base), value);
    screen_fmt(s->out, TONE_DIM, "  %.*s", STR_FMT(name));
    buf_repeat(&s->out->out, ' ', (size_t)(p->width - text_width(name) + 2));
    screen_text(s->out, s->has_baseline && !same ? TONE_BOLD : TONE_PLAIN, value);
    if (has && !same)
        screen_fmt(s->out, TONE_DIM, "  (baseline %.*s)", STR_FMT(buf_view(&base)));
    screen_text(s->out, TONE_PLAIN, STR("\n"));
    buf_free(&base);
}

static void print_configuration(struct summary *s, struct str by_hand)
{
    struct printing p = {.s = s};
    if (!s->has_best || s->scoring.n_objectives > 1)
        return;
    screen_text(s->out, TONE_PLAIN, STR("\n"));
    params_each(s->best.params, measure_name, &p.width);
    params_each(s->best.params, print_param, &p);
    if (s->best.parent > 0) {
        /* Its values are those of the last part of its training alone. */
        long long id = (long long)s->search.id.v, best = (long long)trial_id_number(s->best.id);
        screen_fmt(s->out, TONE_DIM, "\nfrom      ");
        screen_fmt(s->out, TONE_PLAIN, "%lld.%lld at step %lld: the last part of a schedule\n", id,
                   (long long)s->best.parent, (long long)s->best.from_step);
        screen_fmt(s->out, TONE_DIM, "schedule  ");
        screen_fmt(s->out, TONE_PLAIN, "trawl export %lld.%lld --schedule\n", id, best);
    } else if (by_hand.n > 0) {
        screen_text(s->out, TONE_DIM, STR("\nby hand   "));
        screen_text(s->out, TONE_PLAIN, by_hand);
        screen_text(s->out, TONE_PLAIN, STR("\n"));
    }
}

static char *failed_log(const struct summary *s)
{
    char *dir = strdup(store_path(s->store));
    char *slash = dir != NULL ? strrchr(dir, '/') : NULL;
    if (slash != NULL)
        *slash = 0;
    char *path =
        dir != NULL ? attempt_log(dir, s->search.id.v, s->failed, s->failed_attempt) : NULL;
    free(dir);
    return path;
}

static void print_failure(struct summary *s)
{
    if (s->failed == 0 || s->failed_attempt == 0 ||
        (s->has_best && s->search.state != SEARCH_FAILED))
        return;
    char *path = failed_log(s);
    struct buf tail;
    buf_init(&tail, 128 << 10);
    if (path != NULL)
        log_tail(path, TAIL_LINES, &tail);
    if (s->failed_why.n > 0)
        screen_fmt(s->out, TONE_BAD, "trial %lld.%lld: %.*s\n", (long long)s->search.id.v,
                   (long long)s->failed, STR_FMT(s->failed_why));
    if (tail.n > 0) {
        screen_fmt(s->out, TONE_DIM, "the end of its log (trawl logs %lld.%lld):\n",
                   (long long)s->search.id.v, (long long)s->failed);
        screen_text(s->out, TONE_PLAIN, buf_view(&tail));
    }
    buf_free(&tail);
    free(path);
}

static void print_next(struct summary *s)
{
    long long id = (long long)s->search.id.v;
    long long best = s->has_best ? (long long)trial_id_number(s->best.id) : 0;
    if (s->search.state == SEARCH_PAUSED)
        screen_fmt(s->out, TONE_ACCENT, "%strawl resume %lld goes on with it\n",
                   s->has_best || s->has_baseline ? "\n" : "", id);
    else if (s->has_best)
        screen_fmt(s->out, TONE_DIM,
                   "look      trawl trials %lld · trawl show %lld.%lld · trawl logs %lld.%lld\n",
                   id, id, best, id, best);
}

enum code view_summary(struct screen *out, struct store *store, struct search_id id,
                       struct str by_hand, struct error *e)
{
    struct summary s = {.out = out, .store = store};
    arena_init(&s.a, 64 << 20);
    enum code c = gather(&s, id, e);
    if (c == OK) {
        print_head(&s);
        if (s.scoring.n_objectives > 1 && s.has_baseline)
            print_baseline(&s);
        if (s.scoring.n_objectives > 1 && s.has_best)
            c = print_front(&s, e);
        else if (s.scoring.n_objectives == 1)
            print_values(&s);
        print_requirements(&s);
        print_configuration(&s, by_hand);
        print_failure(&s);
        print_next(&s);
        screen_flush(out);
    }
    arena_free(&s.a);
    return c;
}
