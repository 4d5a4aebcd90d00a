/*
 * Journal entries.
 *
 * Written by the JSON writer, read by jansson. The parameters of an ask pass through jansson and
 * back to text: integers stay whole and reals keep all their digits on the way.
 */
#include "search/entry.h"

#include "base/number.h"
#include "search/expect.h"
#include "search/sampler.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {"begin", "ask", "report", "exit", "event"};
static const char *const decision_names[] = {"continue", "stop", "pause"};
static const char *const outcome_names[] = {"completed", "stopped", "failed", "infeasible",
                                            "cancelled"};
static const char *const goal_names[] = {"maximize", "minimize"};
static const char *const policy_names[] = {"vary", "same", "replicates"};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

const char *decision_name(enum decision d)
{
    return decision_names[d];
}

const char *outcome_name(enum outcome o)
{
    return outcome_names[o];
}

const char *entry_kind_name(enum entry_kind k)
{
    return kind_names[k];
}

const char *seed_policy_name(enum seed_policy p)
{
    return policy_names[p];
}

static int find_name(const char *const *names, int n, struct str name)
{
    for (int i = 0; i < n; i++)
        if (str_is(name, names[i]))
            return i;
    return -1;
}

bool entry_kind_parse(struct str name, enum entry_kind *ret)
{
    int i = find_name(kind_names, COUNT(kind_names), name);
    if (i < 0)
        return false;
    *ret = (enum entry_kind)i;
    return true;
}

enum code entry_corrupt(const struct entry *x, struct error *e, const char *fmt, ...)
{
    char what[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof(what), fmt, ap);
    va_end(ap);
    return error_set(e, E_CORRUPT, "journal entry %lld (%s, trial %lld): %s", (long long)x->seq,
                     (unsigned)x->kind < (unsigned)COUNT(kind_names) ? kind_names[x->kind] : "?",
                     (long long)x->trial, what);
}

/* Ends the document; a writer that went wrong leaves a bad builder, which the caller looks at. */
static void finish(struct json *j)
{
    jw_object_end(j);
    if (jw_end(j, NULL) != OK)
        j->out->bad = true;
}

static void start(struct json *j, struct buf *b)
{
    jw_init(j, b);
    jw_object(j);
}

void entry_write_begin(const struct searcher_settings *settings, struct buf *b)
{
    struct json j;
    struct buf method;
    buf_init(&method, 4096);
    method_write(&settings->method, &method);
    start(&j, b);
    jw_member_i64(&j, "engine", SEARCHER_ENGINE);
    jw_key(&j, "method");
    jw_str(&j, buf_view(&method));
    jw_member_cstr(&j, "why", settings->method.why);
    jw_member_i64(&j, "seed", (int64_t)settings->seed);
    jw_member_cstr(&j, "goal", goal_names[settings->minimize[0]]);
    if (settings->n_objectives > 1) {
        jw_key(&j, "goals");
        jw_array(&j);
        for (size_t i = 0; i < settings->n_objectives; i++)
            jw_cstr(&j, goal_names[settings->minimize[i]]);
        jw_array_end(&j);
    }
    if (settings->n_requirements > 0)
        jw_member_i64(&j, "requirements", (int64_t)settings->n_requirements);
    jw_member_cstr(&j, "seeds", policy_names[settings->seeds]);
    jw_member_i64(&j, "replicates", settings->seeds == SEEDS_REPLICATES ? settings->replicates : 1);
    jw_member_i64(&j, "trials", settings->effort.trials);
    int64_t expected = expect_trials(&settings->method, &settings->effort);
    if (expected > 0 && expected != settings->effort.trials)
        jw_member_i64(&j, "expected", expected);
    if (settings->effort.has_steps) {
        jw_member_i64(&j, "min_steps", settings->effort.min_steps);
        jw_member_i64(&j, "max_steps", settings->effort.max_steps);
    }
    finish(&j);
    if (method.bad)
        b->bad = true;
    buf_free(&method);
}

static void key_reals(struct json *j, const char *key, const double *v, size_t n)
{
    jw_key(j, key);
    jw_array(j);
    for (size_t i = 0; i < n; i++)
        jw_real(j, v[i]);
    jw_array_end(j);
}

static void key_index(struct json *j, int64_t before, int64_t after)
{
    jw_key(j, "index");
    jw_array(j);
    jw_i64(j, before);
    jw_i64(j, after);
    jw_array_end(j);
}

void entry_write_ask(const struct searcher_settings *settings, const struct ask_record *r,
                     struct buf *b)
{
    const struct sampler_kind *sampler = settings->method.sampler;
    struct json j;
    start(&j, b);
    jw_key(&j, "params");
    config_json(&r->config, &j);
    jw_member_i64(&j, "seed", r->seed);
    jw_member_i64(&j, "steps", r->steps);
    jw_key(&j, "baseline");
    jw_bool(&j, r->baseline);
    key_index(&j, r->index, r->next_index);
    jw_member_i64(&j, "seen", r->seen);
    if (r->first >= 0)
        jw_member_i64(&j, "first", r->first);
    if (r->origin >= 0 && sampler->origins)
        jw_member_cstr(&j, "by", sampler->origins[r->origin]);
    if (r->n_fitted > 0)
        key_reals(&j, "fitted", r->fitted, r->n_fitted);
    if (r->n_weighed > 0)
        key_reals(&j, "weighed", r->weighed, r->n_weighed);
    if (r->parent > 0) {
        jw_member_i64(&j, "parent", r->parent);
        jw_member_i64(&j, "from", r->from);
        jw_member_i64(&j, "over", r->over);
    }
    finish(&j);
}

void entry_write_more(const struct more_record *r, struct buf *b)
{
    struct json j;
    start(&j, b);
    jw_key(&j, "more");
    jw_bool(&j, true);
    jw_member_i64(&j, "steps", r->steps);
    jw_member_i64(&j, "from", r->from);
    if (r->chosen) {
        jw_key(&j, "fresh");
        jw_bool(&j, r->fresh);
        key_index(&j, r->index, r->next_index);
        jw_member_i64(&j, "seen", r->seen);
    }
    if (r->n_weighed > 0)
        key_reals(&j, "weighed", r->weighed, r->n_weighed);
    if (r->keep) {
        jw_key(&j, "keep");
        jw_bool(&j, true);
    }
    finish(&j);
}

void entry_write_report(const struct searcher_settings *settings, const struct report_record *r,
                        struct buf *b)
{
    struct json j;
    start(&j, b);
    jw_member_i64(&j, "step", r->step);
    jw_member_real(&j, "value", r->value);
    jw_member_cstr(&j, "decision", decision_names[r->decision]);
    if (r->has_excess)
        key_reals(&j, "excess", r->excess, settings->n_requirements);
    finish(&j);
}

static void write_end(struct json *j, const struct searcher_settings *settings,
                      const struct exit_record *r)
{
    jw_member_cstr(j, "outcome", outcome_names[r->outcome]);
    jw_member_i64(j, "step", r->step);
    jw_member_real(j, "value", r->result.values[0]);
    if (settings->n_objectives > 1)
        key_reals(j, "values", r->result.values, settings->n_objectives);
    if (settings->n_requirements > 0)
        key_reals(j, "excess", r->result.excess, settings->n_requirements);
}

void entry_write_exit(const struct searcher_settings *settings, const struct exit_record *r,
                      struct buf *b)
{
    struct json j;
    start(&j, b);
    write_end(&j, settings, r);
    finish(&j);
}

void entry_write_evidence(const struct searcher_settings *settings, const struct evidence_record *r,
                          struct buf *b)
{
    struct json j;
    start(&j, b);
    jw_member_cstr(&j, "event", "evidence");
    jw_key(&j, "params");
    config_json(&r->config, &j);
    write_end(&j, settings, &r->end);
    finish(&j);
}

void entry_write_reopened(struct buf *b)
{
    struct json j;
    start(&j, b);
    jw_member_cstr(&j, "event", "reopened");
    finish(&j);
}

void entry_write_closing(int64_t left, struct buf *b)
{
    struct json j;
    start(&j, b);
    jw_member_cstr(&j, "event", "closing");
    jw_member_i64(&j, "left", left);
    finish(&j);
}

/* Reading. `ok` turns false at the first member that is not as it should be, and e says which. */
struct reading {
    const struct entry *entry;
    json_t *root;
    struct error *e;
    bool ok;
};

static struct reading read_entry(const struct entry *x, struct error *e)
{
    struct reading r = {.entry = x, .e = e, .ok = true};
    json_error_t why;
    r.root = json_loadb(x->data.p ? x->data.p : "", x->data.n, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(r.root)) {
        entry_corrupt(x, e, "not a JSON object: %s", r.root ? "something else" : why.text);
        json_decref(r.root);
        r.root = NULL;
        r.ok = false;
    }
    return r;
}

static enum code end_reading(struct reading *r)
{
    json_decref(r->root);
    return r->ok ? OK : E_CORRUPT;
}

static void wrong(struct reading *r, const char *key)
{
    if (r->ok)
        entry_corrupt(r->entry, r->e, "`%s` is missing or makes no sense", key);
    r->ok = false;
}

static int64_t get_i64(struct reading *r, const char *key, int64_t lo, int64_t hi)
{
    const json_t *v = json_object_get(r->root, key);
    int64_t i = json_integer_value(v);
    if (!json_is_integer(v) || i < lo || i > hi)
        wrong(r, key);
    return i;
}

static double real_of(struct reading *r, const char *key, const json_t *v)
{
    double x = 0;
    if (json_is_number(v))
        return json_number_value(v);
    if (!json_is_string(v) || !number_parse_real(str_of(json_string_value(v)), &x) || isfinite(x))
        wrong(r, key);
    return x;
}

static double get_real(struct reading *r, const char *key)
{
    return real_of(r, key, json_object_get(r->root, key));
}

/* An array of exactly n. */
static void get_reals(struct reading *r, const char *key, size_t n, double *ret)
{
    const json_t *v = json_object_get(r->root, key);
    if (!json_is_array(v) || json_array_size(v) != n)
        wrong(r, key);
    for (size_t i = 0; r->ok && i < n; i++)
        ret[i] = real_of(r, key, json_array_get(v, i));
}

/* Finite ones, at most so many; none where there is no such member. */
static void get_some_reals(struct reading *r, const char *key, size_t most, struct arena *a,
                           const double **ret, size_t *ret_n)
{
    const json_t *v = json_object_get(r->root, key);
    if (!v)
        return;
    size_t n = json_array_size(v);
    double *x = n > 0 && n <= most ? arena_array(a, n, sizeof(*x)) : NULL;
    if (!x) {
        wrong(r, key);
        return;
    }
    get_reals(r, key, n, x);
    for (size_t i = 0; r->ok && i < n; i++)
        if (!isfinite(x[i]))
            wrong(r, key);
    *ret = x;
    *ret_n = n;
}

/* A part that this sampler does not have (any more) is passed over. */
static int get_origin(struct reading *r, const struct sampler_kind *sampler)
{
    const char *by = json_string_value(json_object_get(r->root, "by"));
    for (int i = 0; by && sampler->origins && sampler->origins[i]; i++)
        if (strcmp(sampler->origins[i], by) == 0)
            return i;
    return -1;
}

static bool get_bool(struct reading *r, const char *key)
{
    const json_t *v = json_object_get(r->root, key);
    if (!json_is_boolean(v))
        wrong(r, key);
    return json_is_true(v);
}

static int get_name(struct reading *r, const char *key, const char *const *names, int n)
{
    const char *text = json_string_value(json_object_get(r->root, key));
    int i = text ? find_name(names, n, str_of(text)) : -1;
    if (i < 0)
        wrong(r, key);
    return i < 0 ? 0 : i;
}

static struct str get_str(struct reading *r, const char *key, struct arena *a)
{
    const char *text = json_string_value(json_object_get(r->root, key));
    struct str s = {NULL, 0};
    if (!text || arena_str(a, str_of(text), &s) != OK)
        wrong(r, key);
    return s;
}

static void get_config(struct reading *r, const struct space *s, struct arena *a,
                       struct config *ret)
{
    const json_t *v = json_object_get(r->root, "params");
    char *text = json_is_object(v) ? json_dumps(v, JSON_COMPACT) : NULL;
    if (!text) {
        wrong(r, "params");
        return;
    }
    struct error why = {.code = OK};
    if (config_parse(s, a, str_of(text), ret, &why) != OK && r->ok) {
        entry_corrupt(r->entry, r->e, "%s", why.message);
        r->ok = false;
    }
    free(text);
}

static void get_index(struct reading *r, int64_t *ret_from, int64_t *ret_to)
{
    const json_t *v = json_object_get(r->root, "index");
    const json_t *from = json_array_get(v, 0), *to = json_array_get(v, 1);
    *ret_from = json_integer_value(from);
    *ret_to = json_integer_value(to);
    if (json_array_size(v) != 2 || !json_is_integer(from) || !json_is_integer(to) ||
        *ret_from < 0 || *ret_to < *ret_from)
        wrong(r, "index");
}

static void get_parent(struct reading *r, struct ask_record *ret)
{
    if (!json_object_get(r->root, "parent"))
        return;
    ret->parent = get_i64(r, "parent", 1, INT64_MAX);
    ret->from = get_i64(r, "from", 1, INT64_MAX);
    ret->over = get_i64(r, "over", 1, INT64_MAX);
}

static void get_goals(struct reading *r, struct begin_record *b)
{
    b->n_objectives = 1;
    b->minimize[0] = get_name(r, "goal", goal_names, 2) == 1;
    const json_t *goals = json_object_get(r->root, "goals");
    if (!goals)
        return;
    b->n_objectives = json_array_size(goals);
    if (b->n_objectives < 2 || b->n_objectives > OBJECTIVES_MAX) {
        wrong(r, "goals");
        return;
    }
    for (size_t i = 0; i < b->n_objectives; i++) {
        const char *goal = json_string_value(json_array_get(goals, i));
        int at = goal ? find_name(goal_names, 2, str_of(goal)) : -1;
        if (at < 0)
            wrong(r, "goals");
        b->minimize[i] = at == 1;
    }
}

enum code entry_read_begin(const struct entry *x, struct arena *a, struct begin_record *ret,
                           struct error *e)
{
    struct reading r = read_entry(x, e);
    struct begin_record b = {.engine = 0};
    if (r.ok) {
        b.engine = get_i64(&r, "engine", 1, INT64_MAX);
        b.method = get_str(&r, "method", a);
        b.why = get_str(&r, "why", a);
        b.seed = get_i64(&r, "seed", 0, INT64_MAX);
        get_goals(&r, &b);
        const json_t *requirements = json_object_get(r.root, "requirements");
        if (requirements)
            b.n_requirements = (size_t)get_i64(&r, "requirements", 1, REQUIREMENTS_MAX);
        b.seeds = get_str(&r, "seeds", a);
        b.replicates = get_i64(&r, "replicates", 1, INT64_MAX);
    }
    enum code code = end_reading(&r);
    if (code == OK)
        *ret = b;
    return code;
}

static void get_more(struct reading *r, int64_t trial, struct arena *a, struct more_record *ret)
{
    (void)get_bool(r, "more");
    ret->trial = trial;
    ret->steps = get_i64(r, "steps", 1, INT64_MAX);
    ret->from = get_i64(r, "from", 0, INT64_MAX);
    ret->keep = json_object_get(r->root, "keep") && get_bool(r, "keep");
    ret->chosen = json_object_get(r->root, "fresh") != NULL;
    if (!ret->chosen)
        return;
    ret->fresh = get_bool(r, "fresh");
    get_index(r, &ret->index, &ret->next_index);
    ret->seen = get_i64(r, "seen", 0, INT64_MAX);
    get_some_reals(r, "weighed", WEIGHED_MAX, a, &ret->weighed, &ret->n_weighed);
}

enum code entry_read_ask(const struct entry *x, const struct searcher_settings *settings,
                         struct arena *a, struct ask_record *ret, struct error *e)
{
    struct reading r = read_entry(x, e);
    struct ask_record b = {.first = -1};
    b.is_more = r.ok && json_object_get(r.root, "more");
    if (b.is_more) {
        get_more(&r, x->trial, a, &b.more);
    } else if (r.ok) {
        get_config(&r, settings->space, a, &b.config);
        b.seed = get_i64(&r, "seed", 0, INT32_MAX);
        b.steps = get_i64(&r, "steps", 0, INT64_MAX);
        b.baseline = get_bool(&r, "baseline");
        get_index(&r, &b.index, &b.next_index);
        b.seen = get_i64(&r, "seen", 0, INT64_MAX);
        if (json_object_get(r.root, "first"))
            b.first = get_i64(&r, "first", 0, FIRST_MAX - 1);
        b.origin = get_origin(&r, settings->method.sampler);
        get_some_reals(&r, "fitted", FITTED_MAX, a, &b.fitted, &b.n_fitted);
        get_some_reals(&r, "weighed", WEIGHED_MAX, a, &b.weighed, &b.n_weighed);
        get_parent(&r, &b);
    }
    enum code code = end_reading(&r);
    if (code == OK)
        *ret = b;
    return code;
}

enum code entry_read_report(const struct entry *x, const struct searcher_settings *settings,
                            struct report_record *ret, struct error *e)
{
    struct reading r = read_entry(x, e);
    struct report_record b = {.step = 0};
    if (r.ok) {
        b.step = get_i64(&r, "step", 0, INT64_MAX);
        b.value = get_real(&r, "value");
        b.decision = (enum decision)get_name(&r, "decision", decision_names, COUNT(decision_names));
        b.has_excess = json_object_get(r.root, "excess") != NULL;
        if (b.has_excess)
            get_reals(&r, "excess", settings->n_requirements, b.excess);
    }
    enum code code = end_reading(&r);
    if (code == OK)
        *ret = b;
    return code;
}

static struct exit_record get_end(struct reading *r, const struct searcher_settings *settings)
{
    struct exit_record b = {.step = 0};
    b.outcome = (enum outcome)get_name(r, "outcome", outcome_names, COUNT(outcome_names));
    b.step = get_i64(r, "step", -1, INT64_MAX);
    b.result.values[0] = get_real(r, "value");
    if (settings->n_objectives > 1)
        get_reals(r, "values", settings->n_objectives, b.result.values);
    if (settings->n_requirements > 0)
        get_reals(r, "excess", settings->n_requirements, b.result.excess);
    return b;
}

enum code entry_read_exit(const struct entry *x, const struct searcher_settings *settings,
                          struct exit_record *ret, struct error *e)
{
    struct reading r = read_entry(x, e);
    struct exit_record b = {.step = 0};
    if (r.ok)
        b = get_end(&r, settings);
    enum code code = end_reading(&r);
    if (code == OK)
        *ret = b;
    return code;
}

enum code entry_read_event(const struct entry *x, const struct searcher_settings *settings,
                           struct arena *a, struct event_record *ret, struct error *e)
{
    struct reading r = read_entry(x, e);
    const char *text = r.ok ? json_string_value(json_object_get(r.root, "event")) : NULL;
    struct event_record b = {.name = EVENT_OTHER};
    if (text && strcmp(text, "reopened") == 0)
        b.name = EVENT_REOPENED;
    if (text && strcmp(text, "closing") == 0) {
        b.name = EVENT_CLOSING;
        b.left = get_i64(&r, "left", 0, INT64_MAX);
    }
    if (text && strcmp(text, "evidence") == 0) {
        b.name = EVENT_EVIDENCE;
        get_config(&r, settings->space, a, &b.evidence.config);
        b.evidence.end = get_end(&r, settings);
    }
    enum code code = end_reading(&r);
    if (code == OK)
        *ret = b;
    return code;
}
