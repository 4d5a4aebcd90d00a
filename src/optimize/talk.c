/*
 * Ask and tell as lines of JSON.
 *
 *   {"ask": 2}        {"trials": [{"id", "params", "seed", "budget" (null: no steps), "baseline"
 *                     (true, or left out), "by" (which part of the sampler; may be left out)},
 * ...]}; fewer, or none, where nothing can start before something is told, and
 *                     {"trials": [], "done": true} where nothing ever will
 *   {"tell": {"id": 1, "value": 0.3}}, with "values": [...] or "metrics": {...} in place of
 *                     "value", and "state", "step"         {"ok": true}
 *   {"report": {"id": 1, "step": 3, "value": 0.4}}         {"decision": "continue"}
 *   {"observe": {"params": {...}, "value": 0.3}}, as tell; before the first ask       {"ok": true}
 *   {"best": true}    {"id", "params", "value", "seed", "step"}; of several objectives
 *                     {"front": [...]}, each with "values": {metric: value}
 *   {"status": true}  {"method", "why", "seed", "objectives", "trials": {state: count}, "done"}
 *
 * Anything else is answered {"error", "hint" (may be left out)}. Every line has one answer.
 */
#include "optimize/internal.h"

#include "optimize/json.h"

#define TALK_MAX    ((size_t)256 << 20)
#define METHOD_TEXT 4096

struct talk {
    struct optimizer *o;
    struct arena arena;
    struct json j;
    struct error e;
};

static struct str cut(struct str s)
{
    return str_sub(s, 0, 80);
}

/* --- answers --- */

static void key_true(struct json *j, const char *key)
{
    jw_key(j, key);
    jw_bool(j, true);
}

static void write_trial(struct json *j, const struct proposal *p)
{
    jw_object(j);
    jw_member_i64(j, "id", p->trial);
    jw_key(j, "params");
    config_json(&p->config, j);
    jw_member_i64(j, "seed", p->seed);
    jw_key(j, "budget");
    if (p->steps > 0)
        jw_i64(j, p->steps);
    else
        jw_null(j);
    if (p->kind == ASK_MORE || p->parent > 0)
        jw_member_i64(j, "from", p->from);
    if (p->parent > 0)
        jw_member_i64(j, "parent", p->parent);
    if (p->baseline)
        key_true(j, "baseline");
    if (p->by) {
        jw_key(j, "by");
        jw_cstr(j, p->by);
    }
    jw_object_end(j);
}

/* Trials that were asked for before something went wrong are given out all the same. */
static enum code on_ask(struct talk *t, const struct json_node *x)
{
    struct proposal p = {.kind = ASK_WAIT};
    int64_t got = 0;
    if (x->kind != JSON_KIND_NUMBER || !x->whole || x->integer < 1 || x->integer > ASK_MAX) {
        (void)error_set(&t->e, E_INVALID, "\"ask\" is not how many trials are wanted");
        error_hint(&t->e, "a whole number from 1 to %d", ASK_MAX);
        return E_INVALID;
    }
    struct arena trials; /* what is asked for is written at once */
    arena_init(&trials, TALK_MAX);
    enum code code = optimizer_ask(t->o, &trials, &p, &t->e);
    if (code == OK) {
        jw_object(&t->j);
        jw_key(&t->j, "trials");
        jw_array(&t->j);
        while (code == OK && (p.kind == ASK_TRIAL || p.kind == ASK_MORE)) {
            write_trial(&t->j, &p);
            arena_clear(&trials);
            p.kind = ASK_WAIT;
            if (++got < x->integer)
                code = optimizer_ask(t->o, &trials, &p, &t->e);
        }
        jw_array_end(&t->j);
        if (got == 0 && p.kind == ASK_DONE)
            key_true(&t->j, "done");
        jw_object_end(&t->j);
        code = OK;
    }
    arena_free(&trials);
    return code;
}

static void write_ok(struct talk *t)
{
    jw_object(&t->j);
    key_true(&t->j, "ok");
    jw_object_end(&t->j);
}

static enum code on_tell(struct talk *t, const struct json_node *x)
{
    static const char *const known[] = {"id", "value", "values", "metrics", "state", "step", NULL};
    int64_t id = 0;
    struct telling told;
    enum code code = json_members(x, "tell", known, &t->e);
    if (code == OK)
        code = json_whole(x, "id", &id, &t->e);
    if (code == OK)
        code = json_telling(x, &t->arena, &told, &t->e);
    if (code == OK)
        code = optimizer_tell(t->o, id, &told, &t->e);
    if (code == OK)
        write_ok(t);
    return code;
}

static enum code on_report(struct talk *t, const struct json_node *x)
{
    static const char *const known[] = {"id", "step", "value", "values", "metrics", NULL};
    int64_t id = 0, step = 0;
    struct telling told;
    struct result result;
    enum decision d;
    enum code code = json_members(x, "report", known, &t->e);
    if (code == OK)
        code = json_whole(x, "id", &id, &t->e);
    if (code == OK)
        code = json_whole(x, "step", &step, &t->e);
    if (code == OK)
        code = json_telling(x, &t->arena, &told, &t->e);
    if (code == OK && told.n_values == 0 && told.n_metrics == 0)
        code = error_set(&t->e, E_INVALID, "\"value\" is missing");
    if (code == OK)
        code = result_of(optimizer_settings(t->o), &told, &result, &t->e);
    if (code == OK)
        code = optimizer_report(t->o, id, step, result.values[0], &d, &t->e);
    if (code != OK)
        return code;
    jw_object(&t->j);
    jw_key(&t->j, "decision");
    jw_cstr(&t->j, decision_name(d));
    jw_object_end(&t->j);
    return OK;
}

static enum code on_observe(struct talk *t, const struct json_node *x)
{
    static const char *const known[] = {"params", "value", "values", "metrics",
                                        "state",  "step",  NULL};
    struct config config;
    struct telling told;
    enum code code = json_members(x, "observe", known, &t->e);
    if (code == OK)
        code = json_config(optimizer_settings(t->o)->space, json_member(x, "params"), &t->arena,
                           &config, &t->e);
    if (code == OK)
        code = json_telling(x, &t->arena, &told, &t->e);
    if (code == OK)
        code = optimizer_observe(t->o, &config, &told, &t->e);
    if (code == OK)
        write_ok(t);
    return code;
}

static void write_best(struct talk *t, const struct best *b)
{
    const struct settings *s = optimizer_settings(t->o);
    struct json *j = &t->j;
    jw_object(j);
    jw_member_i64(j, "id", b->trial);
    jw_key(j, "params");
    config_json(&b->config, j);
    jw_key(j, "value");
    jw_real(j, b->values[0]);
    if (s->n_objectives > 1) {
        jw_key(j, "values");
        jw_object(j);
        for (size_t i = 0; i < s->n_objectives; i++) {
            jw_key_str(j, s->measures[i].name);
            jw_real(j, b->values[i]);
        }
        jw_object_end(j);
    }
    jw_member_i64(j, "seed", b->seed);
    jw_key(j, "step");
    if (b->step >= 0)
        jw_i64(j, b->step);
    else
        jw_null(j);
    if (b->baseline)
        key_true(j, "baseline");
    jw_object_end(j);
}

static enum code check_true(const struct json_node *x, const char *what, struct error *e)
{
    if (x->kind == JSON_KIND_BOOL && x->truth)
        return OK;
    return error_set(e, E_INVALID, "write {\"%s\": true}", what);
}

static enum code on_best(struct talk *t, const struct json_node *x)
{
    const struct best *best;
    size_t n;
    bool several = optimizer_settings(t->o)->n_objectives > 1;
    enum code code = check_true(x, "best", &t->e);
    if (code == OK)
        code = optimizer_best(t->o, &t->arena, &best, &n, &t->e);
    if (code != OK)
        return code;
    if (several) {
        jw_object(&t->j);
        jw_key(&t->j, "front");
        jw_array(&t->j);
    }
    for (size_t i = 0; i < n; i++)
        write_best(t, &best[i]);
    if (several) {
        jw_array_end(&t->j);
        jw_object_end(&t->j);
    }
    return OK;
}

static void write_objectives(struct json *j, const struct settings *s)
{
    jw_key(j, "objectives");
    jw_array(j);
    for (size_t i = 0; i < s->n_objectives; i++) {
        jw_object(j);
        jw_key(j, "metric");
        jw_str(j, s->measures[i].name);
        jw_key(j, "goal");
        jw_cstr(j, s->minimize[i] ? "minimize" : "maximize");
        jw_object_end(j);
    }
    jw_array_end(j);
}

static enum code on_status(struct talk *t, const struct json_node *x)
{
    struct optimizer_status s;
    struct buf method;
    struct json *j = &t->j;
    enum code code = check_true(x, "status", &t->e);
    if (code != OK)
        return code;
    optimizer_status(t->o, &s);
    buf_init(&method, METHOD_TEXT);
    method_write(s.method, &method);
    jw_object(j);
    jw_key(j, "method");
    jw_str(j, buf_view(&method));
    jw_key(j, "why");
    jw_cstr(j, s.method->why);
    jw_key(j, "seed");
    jw_u64(j, s.seed);
    write_objectives(j, optimizer_settings(t->o));
    jw_key(j, "trials");
    jw_object(j);
    jw_member_i64(j, "running", s.pending);
    jw_member_i64(j, "completed", s.completed);
    jw_member_i64(j, "stopped", s.stopped);
    jw_member_i64(j, "failed", s.failed);
    jw_member_i64(j, "infeasible", s.infeasible);
    jw_member_i64(j, "cancelled", s.cancelled);
    jw_object_end(j);
    jw_member_i64(j, "observed", s.evidence);
    jw_key(j, "done");
    jw_bool(j, s.done);
    jw_object_end(j);
    buf_free(&method);
    return OK;
}

/* --- the line --- */

static const struct message {
    const char *name;
    enum code (*answer)(struct talk *t, const struct json_node *x);
} messages[] = {
    {"ask", on_ask},         {"tell", on_tell}, {"report", on_report},
    {"observe", on_observe}, {"best", on_best}, {"status", on_status},
};

enum { N_MESSAGES = sizeof(messages) / sizeof(messages[0]) };

static enum code answer(struct talk *t, struct str line)
{
    const char *names[N_MESSAGES];
    const struct json_node *root;
    enum code code =
        line.n > SESSION_LINE_MAX
            ? error_set(&t->e, E_LIMIT, "the line is longer than %d bytes", SESSION_LINE_MAX)
            : json_read(line, &t->arena, &root, &t->e);
    if (code != OK)
        return code;
    if (root->kind != JSON_KIND_OBJECT || root->n != 1) {
        (void)error_set(&t->e, E_INVALID, "the line is not one JSON object with one member");
        error_hint(&t->e, "like {\"ask\": 1}");
        return E_INVALID;
    }
    for (size_t i = 0; i < N_MESSAGES; i++) {
        names[i] = messages[i].name;
        if (str_is(root->first->key, names[i]))
            return messages[i].answer(t, root->first);
    }
    const char *near = str_nearest(root->first->key, names, N_MESSAGES);
    (void)error_set(&t->e, E_UNKNOWN, "there is no message \"%.*s\"",
                    STR_FMT(cut(root->first->key)));
    if (near)
        error_hint(&t->e, "did you mean \"%s\"?", near);
    else
        error_hint(&t->e, "there are ask, tell, report, observe, best and status");
    return E_UNKNOWN;
}

static void write_error(struct json *j, const struct error *e)
{
    jw_object(j);
    jw_key(j, "error");
    jw_cstr(j, e->message);
    if (e->hint[0]) {
        jw_key(j, "hint");
        jw_cstr(j, e->hint);
    }
    jw_object_end(j);
}

enum code optimizer_talk(struct optimizer *o, struct str line, struct buf *ret)
{
    struct talk t = {.o = o};
    size_t before = ret->n;
    arena_init(&t.arena, TALK_MAX);
    jw_init(&t.j, ret);
    if (answer(&t, line) != OK) {
        ret->n = before;
        jw_init(&t.j, ret);
        write_error(&t.j, &t.e);
    }
    jw_newline(&t.j);
    arena_free(&t.arena);
    return jw_end(&t.j, NULL);
}
