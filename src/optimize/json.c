/*
 * What was told in JSON: of a trial, and the parameters of evidence.
 */
#include "optimize/json.h"

#include "base/number.h"

#include <math.h>

static struct str cut(struct str s)
{
    return str_sub(s, 0, 80);
}

/* --- members --- */

/* Is each member one of `known` (NULL-terminated)? */
enum code json_members(const struct json_node *object, const char *what, const char *const *known,
                       struct error *e)
{
    size_t n = 0;
    while (known[n])
        n++;
    if (object->kind != JSON_KIND_OBJECT) {
        (void)error_set(e, E_INVALID, "\"%s\" is no object", what);
        error_hint(e, "like {\"%s\": {\"%s\": ...}}", what, known[0]);
        return E_INVALID;
    }
    for (const struct json_node *m = object->first; m; m = m->next) {
        bool found = false;
        for (size_t i = 0; i < n; i++)
            found = found || str_is(m->key, known[i]);
        if (found)
            continue;
        const char *near = str_nearest(m->key, known, n);
        (void)error_set(e, E_UNKNOWN, "\"%s\" has no member \"%.*s\"", what, STR_FMT(cut(m->key)));
        if (near)
            error_hint(e, "did you mean \"%s\"?", near);
        return E_UNKNOWN;
    }
    return OK;
}

enum code json_whole(const struct json_node *object, const char *key, int64_t *ret, struct error *e)
{
    const struct json_node *m = json_member(object, key);
    if (!m)
        return error_set(e, E_INVALID, "\"%s\" is missing", key);
    if (m->kind != JSON_KIND_NUMBER || !m->whole)
        return error_set(e, E_INVALID, "\"%s\" is no whole number", key);
    *ret = m->integer;
    return OK;
}

static enum code real_of(const struct json_node *m, const char *what, double *ret, struct error *e)
{
    if (m->kind == JSON_KIND_NUMBER) {
        *ret = m->real;
        return OK;
    }
    if (m->kind == JSON_KIND_STRING && number_parse_real(m->text, ret) && !isfinite(*ret))
        return OK;
    (void)error_set(e, E_INVALID, "%s is no number", what);
    error_hint(e, "a number, or one of the strings \"nan\", \"inf\", \"-inf\"");
    return E_INVALID;
}

static enum code get_values(const struct json_node *m, struct arena *a, struct telling *ret,
                            struct error *e)
{
    double *values = arena_array(a, m->n + 1, sizeof(*values));
    size_t n = 0;
    enum code code = OK;
    if (!values)
        return error_nomem(e);
    if (m->kind != JSON_KIND_ARRAY || m->n == 0)
        return error_set(e, E_INVALID, "\"values\" is no array of numbers");
    for (const struct json_node *v = m->first; v && code == OK; v = v->next)
        code = real_of(v, "one of \"values\"", &values[n++], e);
    ret->values = values;
    ret->n_values = n;
    return code;
}

static enum code get_metrics(const struct json_node *m, struct arena *a, struct telling *ret,
                             struct error *e)
{
    struct metric_value *metrics = arena_array(a, m->n + 1, sizeof(*metrics));
    size_t n = 0;
    if (!metrics)
        return error_nomem(e);
    if (m->kind != JSON_KIND_OBJECT || m->n == 0)
        return error_set(e, E_INVALID, "\"metrics\" is no object of names and numbers");
    if (m->n > TOLD_METRICS_MAX)
        return error_set(e, E_LIMIT, "%u metrics, more than %d", m->n, TOLD_METRICS_MAX);
    for (const struct json_node *v = m->first; v; v = v->next) {
        char what[100];
        struct str name = cut(v->key);
        struct buf b;
        buf_init(&b, sizeof(what));
        buf_fmt(&b, "the metric \"%.*s\"", STR_FMT(name));
        const char *text = arena_cstr(a, buf_view(&b));
        buf_free(&b);
        metrics[n].name = v->key;
        enum code code = real_of(v, text ? text : "a metric", &metrics[n++].value, e);
        if (code != OK)
            return code;
    }
    ret->metrics = metrics;
    ret->n_metrics = n;
    return OK;
}

static enum code get_state(const struct json_node *m, struct telling *ret, struct error *e)
{
    const char *names[OUTCOME_CANCELLED + 1];
    for (int i = 0; i <= OUTCOME_CANCELLED; i++) {
        names[i] = outcome_name((enum outcome)i);
        if (m->kind == JSON_KIND_STRING && str_is(m->text, names[i])) {
            ret->has_outcome = true;
            ret->outcome = (enum outcome)i;
            return OK;
        }
    }
    (void)error_set(e, E_UNKNOWN, "\"state\" is not one that a trial ends in");
    error_hint(e, "completed, stopped, failed, infeasible or cancelled");
    return E_UNKNOWN;
}

/* What "tell" and "observe" have in common. */
enum code json_telling(const struct json_node *x, struct arena *a, struct telling *ret,
                       struct error *e)
{
    const struct json_node *value = json_member(x, "value"), *values = json_member(x, "values");
    const struct json_node *metrics = json_member(x, "metrics"), *state = json_member(x, "state");
    enum code code = OK;
    *ret = (struct telling){.has_outcome = false};
    if ((value != NULL) + (values != NULL) + (metrics != NULL) > 1)
        return error_set(e, E_INVALID, "\"value\", \"values\" and \"metrics\" exclude one another");
    if (value) {
        double *v = arena_alloc(a, sizeof(*v));
        if (!v)
            return error_nomem(e);
        code = real_of(value, "\"value\"", v, e);
        ret->values = v;
        ret->n_values = 1;
    } else if (values) {
        code = get_values(values, a, ret, e);
    } else if (metrics) {
        code = get_metrics(metrics, a, ret, e);
    }
    if (code == OK && state)
        code = get_state(state, ret, e);
    if (code == OK && json_member(x, "step")) {
        ret->has_step = true;
        code = json_whole(x, "step", &ret->step, e);
    }
    return code;
}

/* --- parameters --- */

static enum code scalar_of(const struct json_node *m, struct str name, struct value *ret,
                           struct error *e)
{
    switch (m->kind) {
    case JSON_KIND_BOOL:
        *ret = value_bool(m->truth);
        return OK;
    case JSON_KIND_NUMBER:
        *ret = m->whole ? value_int(m->integer) : value_real(m->real);
        return OK;
    case JSON_KIND_STRING:
        *ret = value_string(m->text);
        return OK;
    case JSON_KIND_NULL:
    case JSON_KIND_ARRAY:
    case JSON_KIND_OBJECT:
        break;
    }
    return error_set(e, E_INVALID, "%.*s has a value that no parameter can have",
                     STR_FMT(cut(name)));
}

static enum code value_of(const struct json_node *m, struct arena *a, struct value *ret,
                          struct error *e)
{
    if (m->kind != JSON_KIND_ARRAY)
        return scalar_of(m, m->key, ret, e);
    struct value *items = arena_array(a, m->n + 1, sizeof(*items));
    size_t n = 0;
    enum code code = items ? OK : error_nomem(e);
    for (const struct json_node *v = m->first; v && code == OK; v = v->next)
        code = scalar_of(v, m->key, &items[n++], e);
    if (code == OK)
        *ret = (struct value){.type = VALUE_LIST, .list = {items, n}};
    return code;
}

/* What the prior says of a value, said of the parameter. */
static enum code accept(const struct param *p, struct arena *a, struct value *v, struct error *e)
{
    struct error why = {.code = OK};
    enum code code = prior_accept(&p->prior, a, v, &why);
    if (code == OK)
        return OK;
    (void)error_set(e, code, "%s: %s", p->name.p, why.message);
    error_hint(e, "%s", why.hint);
    return code;
}

/* Defaults stand for what is left out. */
enum code json_config(const struct space *s, const struct json_node *params, struct arena *a,
                      struct config *ret, struct error *e)
{
    struct value *given = arena_array(a, s->n_params, sizeof(*given));
    if (!given)
        return error_nomem(e);
    if (!params || params->kind != JSON_KIND_OBJECT)
        return error_set(e, E_INVALID, "\"params\" is %s", params ? "no object" : "missing");
    for (const struct json_node *m = params->first; m; m = m->next) {
        int i = space_find(s, m->key);
        if (i < 0) {
            const char *near = space_nearest(s, m->key);
            (void)error_set(e, E_UNKNOWN, "there is no parameter %.*s", STR_FMT(cut(m->key)));
            if (near)
                error_hint(e, "did you mean %s?", near);
            return E_UNKNOWN;
        }
        enum code code = value_of(m, a, &given[i], e);
        if (code == OK)
            code = accept(&s->params[i], a, &given[i], e);
        if (code != OK)
            return code;
    }
    return config_complete(s, a, given, ret, e);
}
