/*
 * `trawl try`: the baseline for one step, before a search spends hours: are metric, step and
 * checkpoint seen? It is a search of one trial in a store of its own, .trawl/try, made anew each
 * time.
 */
#include "api/controller.h"
#include "api/logs.h"
#include "api/scoring.h"
#include "base/io.h"
#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"set", 0, "KEY=VALUE", "override a value of the file"},
    {"metric", 'm', "NAME", "short for --set metric=NAME"},
    {"goal", 'g', "GOAL", "minimize or maximize"},
};

enum { TAIL_LINES = 20, SEEN_MAX = 64 };

struct seen {
    struct arena a;
    size_t n;
    struct {
        struct str name;
        double value;
        int64_t step, points;
    } v[SEEN_MAX];
    struct trial_row trial;
    struct search_row search;
    struct scoring scoring;
    struct str reason;
};

static enum code on_point(void *self, const struct metric_point *p)
{
    struct seen *s = self;
    for (size_t i = 0; i < s->n; i++) {
        if (!str_eq(s->v[i].name, p->name))
            continue;
        s->v[i].points++;
        s->v[i].value = p->value;
        s->v[i].step = p->step;
        return OK;
    }
    if (s->n == SEEN_MAX)
        return OK;
    s->v[s->n].value = p->value;
    s->v[s->n].step = p->step;
    s->v[s->n].points = 1;
    return arena_str(&s->a, p->name, &s->v[s->n++].name);
}

static bool has_checkpoint(const struct project *scratch, struct search_id id)
{
    char *folder = trial_folder(scratch->store_dir, id.v, 1);
    char *path = folder != NULL ? io_join(folder, "checkpoint") : NULL;
    bool there = path != NULL && io_tree_size(path) > 0;
    free(path);
    free(folder);
    return there;
}

static void line(struct screen *out, bool well, const char *what, const char *fmt, ...)
    printf_like(4, 5);

static void line(struct screen *out, bool well, const char *what, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    screen_fmt(out, well ? TONE_GOOD : TONE_WARN, "%s ", well ? "✓" : "!");
    screen_fmt(out, TONE_DIM, "%-12s", what);
    screen_fmt(out, TONE_PLAIN, "%s\n", text);
}

/* Its value as `take` has it. */
static bool print_measure(struct screen *out, const struct seen *s, size_t measure, struct str name,
                          int64_t *ret_step)
{
    const struct scores *scores = &s->trial.scores;
    bool taken = measure < scores->n_values && (scores->seen >> measure & 1) != 0;
    for (size_t i = 0; i < s->n; i++) {
        struct buf b;
        if (!str_eq(s->v[i].name, name))
            continue;
        buf_init(&b, 64);
        number_write_short(&b, taken ? scores->values[measure] : s->v[i].value, 6);
        line(out, true, "metric", "%.*s = %.*s, %lld report%s", STR_FMT(name),
             STR_FMT(buf_view(&b)), (long long)s->v[i].points, s->v[i].points == 1 ? "" : "s");
        *ret_step = s->v[i].step;
        buf_free(&b);
        return true;
    }
    line(out, false, "metric", "%.*s was not seen; print it as %.*s=0.5, or report it",
         STR_FMT(name), STR_FMT(name));
    return false;
}

/* Were all seen that there is no value without? The step is the first one's. */
static bool print_metrics(struct screen *out, const struct seen *s, const struct settings *st)
{
    bool all = true;
    int64_t step = -1, other;
    for (size_t i = 0; i < st->n_measures; i++) {
        bool seen = print_measure(out, s, i, st->measures[i].name, i == 0 ? &step : &other);
        all = all && (seen || i >= st->n_objectives);
    }
    if (step >= 0)
        line(out, true, "step", "%lld", (long long)step);
    return all;
}

static void print_requirements(struct screen *out, const struct seen *s, const struct settings *st)
{
    const struct scores *v = &s->trial.scores;
    for (size_t i = 0; i < st->n_requirements && i < v->n_excess; i++) {
        bool met = v->excess[i] <= 0;
        line(out, met, "require", "%.*s %s", STR_FMT(st->requirements[i].text),
             met                   ? "is met"
             : isnan(v->excess[i]) ? "is not known to be met"
                                   : "is missed");
    }
}

static void print_tail(struct screen *out, const struct project *scratch, struct search_id id)
{
    struct buf tail;
    char *path = attempt_log(scratch->store_dir, id.v, 1, 1);
    buf_init(&tail, 128 << 10);
    if (path != NULL)
        log_tail(path, TAIL_LINES, &tail);
    if (tail.n > 0) {
        screen_fmt(out, TONE_DIM, "the end of its log (%s):\n", path);
        screen_text(out, TONE_PLAIN, buf_view(&tail));
    }
    buf_free(&tail);
    free(path);
}

static void print_findings(struct invocation *inv, const struct project *scratch,
                           const struct settings *st, struct search_id id, const struct seen *s,
                           int *ret_status)
{
    struct screen *out = inv->out;
    const struct trial_row *t = &s->trial;
    bool ran = t->state == TRIAL_COMPLETED || t->state == TRIAL_STOPPED;
    struct buf took;
    buf_init(&took, 64);
    number_write_duration(&took, t->ended - t->started);
    if (ran)
        line(out, true, "program", "%s, %.*s", trial_state_name(t->state),
             STR_FMT(buf_view(&took)));
    else
        line(out, false, "program", "%s: %.*s", trial_state_name(t->state), STR_FMT(t->why));
    bool metric = print_metrics(out, s, st);
    print_requirements(out, s, st);
    if (has_checkpoint(scratch, id))
        line(out, true, "checkpoint", "saved");
    else
        line(out, false, "checkpoint",
             "none: a retried or resumed trial starts from zero (TRAWL_CHECKPOINT)");
    if (!ran || !metric) {
        print_tail(out, scratch, id);
        *ret_status = 1;
    }
    buf_free(&took);
}

static void print_json(struct invocation *inv, const struct project *scratch, struct search_id id,
                       const struct seen *s, const struct settings *st, int *ret_status)
{
    struct json j;
    bool ran = s->trial.state == TRIAL_COMPLETED || s->trial.state == TRIAL_STOPPED;
    jw_init(&j, &inv->out->out);
    jw_object(&j);
    jw_key(&j, "state");
    jw_cstr(&j, trial_state_name(s->trial.state));
    jw_key(&j, "why");
    jw_str(&j, s->trial.why);
    jw_key(&j, "metric");
    jw_str(&j, st->measures[0].name);
    jw_key(&j, "value");
    if (s->trial.has_value)
        jw_real(&j, s->trial.value);
    else
        jw_null(&j);
    scoring_trial_json(&s->scoring, &s->trial, &j);
    jw_key(&j, "step");
    if (s->trial.step >= 0)
        jw_i64(&j, s->trial.step);
    else
        jw_null(&j);
    jw_key(&j, "checkpoint");
    jw_bool(&j, has_checkpoint(scratch, id));
    jw_object_end(&j);
    jw_newline(&j);
    *ret_status = ran && s->trial.has_value && jw_end(&j, NULL) == OK ? 0 : 1;
}

static enum code make_scratch(const struct project *p, struct project *ret, struct error *e)
{
    struct project s = {0};
    s.directory = strdup(p->directory);
    s.store_dir = io_join(p->store_dir, "try");
    if (s.store_dir == NULL || s.directory == NULL ||
        asprintf(&s.where, "sqlite:%s/trawl.db", s.store_dir) < 0) {
        s.where = NULL;
        project_free(&s);
        return error_nomem(e);
    }
    enum code c = io_remove_tree(s.store_dir, e);
    if (c != OK) {
        project_free(&s);
        return c;
    }
    *ret = s;
    return OK;
}

/* One trial, one step, no retries. */
static void rehearse(struct settings *st)
{
    st->effort.trials = 1;
    st->effort.parallel = 1;
    if (st->effort.has_steps)
        st->effort.min_steps = st->effort.max_steps = 1;
    st->effort.own_steps = false;
    st->method = (struct method){0};
    st->fixed_order = false;
    st->retries = 0;
}

static enum code run_it(struct invocation *inv, const struct project *scratch, struct settings *st,
                        struct controller **ret_ctl, struct search_id *ret, struct error *e)
{
    struct controller_options o = {.project = scratch,
                                   .executable_dir = inv->executable_dir,
                                   .create = true,
                                   .out = inv->out,
                                   .style = VIEW_QUIET,
                                   .gpus = st->gpus,
                                   .n_devices = st->n_devices,
                                   .devices = st->devices};
    enum code c = controller_new(&o, ret_ctl, e);
    if (c != OK) {
        settings_free(st);
        return c;
    }
    scheduler_only_first(controller_scheduler(*ret_ctl));
    c = controller_submit(*ret_ctl, scratch, st, ret, e);
    bool interrupted;
    return c == OK ? controller_run(*ret_ctl, &interrupted, e) : c;
}

static enum code look(struct controller *ctl, struct search_id id, struct seen *s, struct error *e)
{
    struct trial_id trial = trial_id_of(id, 1);
    enum code c = store_search_get(controller_store(ctl), id, &s->a, &s->search, e);
    if (c == OK)
        c = store_trial_get(controller_store(ctl), trial, &s->a, &s->trial, e);
    if (c == OK)
        scoring_of(&s->search, &s->scoring);
    if (c == OK)
        c = store_metrics(controller_store(ctl), trial, (struct str){0}, on_point, s, e);
    return c;
}

static enum code rehearsal(struct invocation *inv, const struct project *p, struct settings *st,
                           const struct settings *said, int *ret_status, struct error *e)
{
    struct project scratch;
    struct controller *ctl = NULL;
    struct search_id id = {0};
    struct seen s = {.n = 0, .scoring = {.n_measures = 0}};
    enum code c = make_scratch(p, &scratch, e);
    if (c != OK) {
        settings_free(st);
        return c;
    }
    arena_init(&s.a, 16 << 20);
    rehearse(st);
    c = run_it(inv, &scratch, st, &ctl, &id, e);
    if (c == OK)
        c = look(ctl, id, &s, e);
    if (c == OK && inv->json)
        print_json(inv, &scratch, id, &s, said, ret_status);
    else if (c == OK)
        print_findings(inv, &scratch, said, id, &s, ret_status);
    controller_free(ctl);
    arena_free(&s.a);
    project_free(&scratch);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct project p;
    struct problems problems;
    struct settings *st = NULL, *said = NULL;
    enum code c = project_load(inv, &p, &said, e);
    if (c != OK)
        return c;
    /* The same once more, for the scheduler to own and to cut short. */
    problems_init(&problems);
    c = project_settings(inv, &p, &st, &problems);
    if (c == OK)
        c = rehearsal(inv, &p, st, said, ret_status, e);
    else if (problems.n > 0)
        *e = problems.v[0];
    problems_free(&problems);
    settings_free(said);
    project_free(&p);
    return c;
}

const struct command command_try = {
    .name = "try",
    .args = "[FILE]",
    .summary = "the baseline for one step: are metric, step and checkpoint seen?",
    .group = "set up",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_rest = true,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
