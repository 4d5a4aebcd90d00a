/* Events as JSON: the lines of `trawl run --json`, and what a follower gets. */
#include "sched/event.h"

const char *event_kind_name(enum event_kind k)
{
    static const char *const names[] = {
        "search_started", "search_pausing", "search_ended", "trial_started", "report", "decision",
        "attempt_ended",  "trial_ended",    "trial_queued", "best",          "note"};
    return names[k];
}

static void key_text(struct json *j, const char *key, struct str v)
{
    if (v.n == 0)
        return;
    jw_key(j, key);
    jw_str(j, v);
}

/* Of a search with several objectives, or with requirements. */
static void aims(const struct event *ev, struct json *j)
{
    if (ev->n_measures > 0) {
        jw_key(j, "objectives");
        measures_json(ev->measures, ev->n_measures, j);
    }
    if (ev->n_requirements > 0) {
        jw_key(j, "requirements");
        jw_array(j);
        for (size_t i = 0; i < ev->n_requirements; i++)
            jw_str(j, ev->requirements[i]);
        jw_array_end(j);
    }
}

static void search_fields(const struct event *ev, struct json *j)
{
    jw_member_cstr(j, "state", search_state_name(ev->search_state));
    key_text(j, "method", ev->method);
    key_text(j, ev->kind == EVENT_SEARCH_STARTED ? "why_method" : "why", ev->text);
    jw_key(j, "metric");
    jw_str(j, ev->metric);
    jw_member_cstr(j, "goal", ev->minimize ? "minimize" : "maximize");
    jw_member_i64(j, "parallel", ev->parallel);
    jw_member_i64(j, "budget_trials", ev->budget_trials);
    if (ev->kind == EVENT_SEARCH_STARTED) {
        jw_key(j, "baseline");
        jw_bool(j, ev->baseline);
        aims(ev, j);
    }
}

static void counts(const struct event *ev, struct json *j)
{
    jw_key(j, "trials");
    jw_object(j);
    for (int i = 0; i < TRIAL_STATE_COUNT; i++) {
        if (ev->counts[i] > 0)
            jw_member_i64(j, trial_state_name((enum trial_state)i), ev->counts[i]);
    }
    jw_object_end(j);
}

static void value_fields(const struct event *ev, struct json *j)
{
    if (ev->step >= 0)
        jw_member_i64(j, "step", ev->step);
    if (ev->has_value) {
        jw_key(j, "value");
        jw_real(j, ev->value);
    }
}

static void named_values(const char *key, const struct wire_metric *m, uint32_t n, struct json *j)
{
    jw_key(j, key);
    jw_object(j);
    for (uint32_t i = 0; i < n; i++) {
        jw_key_str(j, m[i].name);
        jw_real(j, m[i].value);
    }
    jw_object_end(j);
}

/* What it came to in full. */
static void score_fields(const struct event *ev, struct json *j)
{
    value_fields(ev, j);
    if (ev->n_values > 0)
        named_values("values", ev->values, ev->n_values, j);
    if (ev->has_meets) {
        jw_key(j, "meets");
        jw_bool(j, ev->meets);
    }
}

static void trial_fields(const struct event *ev, struct json *j)
{
    char name[48];
    struct buf b;
    buf_init(&b, sizeof name);
    buf_fmt(&b, "%lld.%lld", (long long)ev->search.v, (long long)ev->trial);
    jw_key(j, "trial");
    jw_str(j, buf_view(&b));
    buf_free(&b);
    jw_key(j, "baseline");
    jw_bool(j, ev->baseline);
}

static void attempt_fields(const struct event *ev, struct json *j)
{
    jw_member_i64(j, "attempt", ev->attempt);
    if (ev->kind != EVENT_ATTEMPT_ENDED)
        return;
    jw_member_cstr(j, "reason", attempt_reason_name(ev->reason));
    if (ev->exit_code >= 0)
        jw_member_i64(j, "exit", ev->exit_code);
    if (ev->signal > 0)
        jw_member_i64(j, "signal", ev->signal);
}

static void kind_fields(const struct event *ev, struct json *j)
{
    switch (ev->kind) {
    case EVENT_SEARCH_STARTED:
    case EVENT_SEARCH_PAUSING:
    case EVENT_SEARCH_ENDED:
        search_fields(ev, j);
        break;
    case EVENT_TRIAL_STARTED:
        attempt_fields(ev, j);
        jw_member_i64(j, "seed", ev->seed);
        if (ev->steps > 0)
            jw_member_i64(j, "steps", ev->steps);
        if (ev->parent > 0) {
            jw_member_i64(j, "parent", ev->parent);
            jw_member_i64(j, "from_step", ev->from_step);
        }
        jw_key(j, "params");
        jw_raw(j, ev->params);
        break;
    case EVENT_REPORT:
        value_fields(ev, j);
        named_values("metrics", ev->metrics, ev->n_metrics, j);
        break;
    case EVENT_DECISION:
        jw_member_i64(j, "step", ev->step);
        jw_member_cstr(j, "decision", decision_name(ev->decision));
        break;
    case EVENT_ATTEMPT_ENDED:
        attempt_fields(ev, j);
        key_text(j, "detail", ev->text);
        break;
    case EVENT_TRIAL_ENDED:
    case EVENT_TRIAL_QUEUED:
        jw_member_cstr(j, "state", trial_state_name(ev->trial_state));
        score_fields(ev, j);
        key_text(j, "why", ev->text);
        break;
    case EVENT_BEST:
        if (ev->n_front > 0)
            jw_member_i64(j, "front", ev->n_front);
        score_fields(ev, j);
        jw_key(j, "params");
        jw_raw(j, ev->params);
        break;
    case EVENT_NOTE:
        key_text(j, "text", ev->text);
        break;
    }
}

void event_json(const struct event *ev, struct json *j)
{
    jw_object(j);
    jw_member_cstr(j, "event", event_kind_name(ev->kind));
    jw_key(j, "time");
    jw_time(j, ev->time);
    jw_member_i64(j, "search", ev->search.v);
    if (ev->trial > 0)
        trial_fields(ev, j);
    kind_fields(ev, j);
    if (ev->kind != EVENT_REPORT)
        counts(ev, j);
    jw_object_end(j);
}
