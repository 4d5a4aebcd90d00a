/*
 * The endpoint's messages, read and answered.
 */
#include "wire/endpoint.h"

#include "base/json.h"
#include "base/json_reader.h"
#include "base/number.h"

enum { REPORTS_MAX = 10000 };

static enum code wrong(struct error *e, const char *what)
{
    error_set(e, E_INVALID, "%s", what);
    return E_INVALID;
}

static enum code read_value(const struct json_node *m, double *ret, struct error *e)
{
    if (m->kind == JSON_KIND_NUMBER) {
        *ret = m->real;
        return OK;
    }
    if (m->kind == JSON_KIND_STRING && number_parse_real(m->text, ret))
        return OK;
    error_set(e, E_INVALID, "the metric \"%.*s\" is not a number", STR_FMT(str_sub(m->key, 0, 80)));
    error_hint(e, "a number, or one of the strings \"nan\", \"inf\", \"-inf\"");
    return E_INVALID;
}

static enum code read_metrics(const struct json_node *object, struct arena *a,
                              struct endpoint_report *ret, struct error *e)
{
    if (object->kind != JSON_KIND_OBJECT)
        return wrong(e, "\"metrics\" must be an object of names and numbers");
    if (object->n > REPORT_METRICS_MAX)
        return error_set(e, E_LIMIT, "%u metrics in one report; %d are allowed", object->n,
                         REPORT_METRICS_MAX);
    struct wire_metric *metrics = arena_array(a, object->n, sizeof(*metrics));
    if (!metrics)
        return error_nomem(e);
    uint32_t n = 0;
    for (const struct json_node *m = object->first; m; m = m->next, n++) {
        if (m->key.n == 0 || m->key.n > METRIC_NAME_MAX)
            return error_set(e, E_LIMIT, "a metric's name has %zu bytes; 1 to %d are allowed",
                             m->key.n, METRIC_NAME_MAX);
        metrics[n].name = m->key;
        enum code code = read_value(m, &metrics[n].value, e);
        if (code != OK)
            return code;
    }
    ret->n = n;
    ret->metrics = metrics;
    return OK;
}

static enum code read_step(const struct json_node *m, struct endpoint_report *ret, struct error *e)
{
    if (m->kind == JSON_KIND_NULL)
        return OK;
    /* 2^53: past it a real no longer tells neighbours apart. */
    bool whole_real = m->kind == JSON_KIND_NUMBER && m->real >= 0 &&
                      m->real <= 9007199254740992.0 && (double)(int64_t)m->real == m->real;
    if (m->kind != JSON_KIND_NUMBER || !(m->whole || whole_real) || m->real < 0)
        return wrong(e, "\"step\" must be a whole number, zero or more");
    ret->has_step = true;
    ret->step = m->whole ? m->integer : (int64_t)m->real;
    return OK;
}

static enum code read_report(const struct json_node *object, struct arena *a,
                             struct endpoint_report *ret, struct error *e)
{
    if (object->kind != JSON_KIND_OBJECT)
        return wrong(e, "a report must be an object with \"step\" and \"metrics\"");
    for (const struct json_node *m = object->first; m; m = m->next) {
        enum code code;
        if (str_is(m->key, "step"))
            code = read_step(m, ret, e);
        else if (str_is(m->key, "metrics"))
            code = read_metrics(m, a, ret, e);
        else
            code = error_set(e, E_UNKNOWN, "a report has no key \"%.*s\": only step and metrics",
                             STR_FMT(str_sub(m->key, 0, 80)));
        if (code != OK)
            return code;
    }
    return OK;
}

/* `list` is an array of reports, or, where `single`, one report itself. */
static enum code read_reports(const struct json_node *list, bool single, struct arena *a,
                              struct endpoint_message *ret, struct error *e)
{
    if (!single && (list->kind != JSON_KIND_ARRAY || list->n == 0 || list->n > REPORTS_MAX))
        return error_set(e, E_INVALID, "\"reports\" must be an array of 1 to %d reports",
                         REPORTS_MAX);
    uint32_t n = single ? 1 : list->n;
    struct endpoint_report *reports = arena_array(a, n, sizeof(*reports));
    if (!reports)
        return error_nomem(e);
    const struct json_node *m = single ? list : list->first;
    for (uint32_t i = 0; i < n; i++, m = m->next) {
        enum code code = read_report(m, a, &reports[i], e);
        if (code != OK)
            return code;
    }
    ret->kind = ENDPOINT_REPORTS;
    ret->n_reports = n;
    ret->reports = reports;
    return OK;
}

static enum code refuse_unknown(const struct json_node *root, struct error *e)
{
    static const char *const known[] = {"token", "report", "reports", "infeasible", "wait"};
    for (const struct json_node *m = root->first; m; m = m->next) {
        bool found = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found = found || str_is(m->key, known[i]);
        if (!found)
            return error_set(e, E_UNKNOWN, "a message has no key \"%.*s\"",
                             STR_FMT(str_sub(m->key, 0, 80)));
    }
    return OK;
}

static enum code read_message(const struct json_node *root, struct arena *a,
                              struct endpoint_message *ret, struct error *e)
{
    const struct json_node *token = json_member(root, "token"), *wait = json_member(root, "wait");
    const struct json_node *one = json_member(root, "report");
    const struct json_node *many = json_member(root, "reports");
    const struct json_node *why = json_member(root, "infeasible");
    if (!token || token->kind != JSON_KIND_STRING)
        return wrong(e, "\"token\" is missing: it is the value of TRAWL_TOKEN");
    if (wait && wait->kind != JSON_KIND_BOOL)
        return wrong(e, "\"wait\" must be true or false");
    if (!!one + !!many + !!why != 1)
        return wrong(e, "a message holds exactly one of \"report\", \"reports\", \"infeasible\"");
    if (why && why->kind != JSON_KIND_STRING)
        return wrong(e, "\"infeasible\" must be a text that says why");
    ret->token = token->text;
    ret->wait = !wait || wait->truth;
    if (why) {
        ret->kind = ENDPOINT_INFEASIBLE;
        ret->why = why->text;
        return OK;
    }
    return read_reports(one ? one : many, one != NULL, a, ret, e);
}

enum code endpoint_parse(struct str line, struct arena *a, struct endpoint_message *ret,
                         struct error *e)
{
    struct endpoint_message message = {.kind = ENDPOINT_REPORTS};
    const struct json_node *root;
    if (line.n > ENDPOINT_LINE_MAX)
        return error_set(e, E_LIMIT, "a message has %zu bytes; %d are allowed", line.n,
                         ENDPOINT_LINE_MAX);
    enum code code = json_read(line, a, &root, e);
    if (code == OK && root->kind != JSON_KIND_OBJECT)
        code = wrong(e, "a message must be a JSON object");
    if (code == OK)
        code = refuse_unknown(root, e);
    if (code == OK)
        code = read_message(root, a, &message, e);
    if (code == OK)
        *ret = message;
    return code;
}

void endpoint_decision(struct buf *b, enum verdict v)
{
    buf_cstr(b, v == VERDICT_CONTINUE ? "{\"decision\":\"continue\"}\n"
                : v == VERDICT_PAUSE  ? "{\"decision\":\"pause\"}\n"
                                      : "{\"decision\":\"stop\"}\n");
}

void endpoint_ok(struct buf *b)
{
    buf_cstr(b, "{\"ok\":true}\n");
}

void endpoint_error(struct buf *b, const char *message)
{
    struct json j;
    jw_init(&j, b);
    jw_object(&j);
    jw_key(&j, "error");
    jw_cstr(&j, message);
    jw_object_end(&j);
    jw_newline(&j);
}
