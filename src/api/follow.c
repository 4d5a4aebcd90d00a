/*
 * The control socket, a command's side: requests, and following a search that another process runs.
 */
#include "api/control.h"
#include "base/io.h"
#include "base/number.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4 << 20, READ_BYTES = 16 << 10 };

/* 0: there is no such name. */
static ino_t inode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_ino : 0;
}

enum code control_connect(const char *store_dir, struct control_client *ret, struct error *e)
{
    char *path = io_join(store_dir, "control.sock");
    if (path == NULL)
        return error_nomem(e);
    ino_t inode = inode_of(path);
    int fd = -1;
    if (unix_connect(path, &fd, e) != OK) {
        free(path);
        return error_set(e, E_BUSY, "no controller listens in %s", store_dir);
    }
    *ret = (struct control_client){.fd = fd, .path = path, .inode = inode};
    buf_init(&ret->in, LINE_MAX_BYTES);
    return OK;
}

void control_disconnect(struct control_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    free(c->path);
    c->path = NULL;
    buf_free(&c->in);
}

/* Moves the first whole line of what was read into b. */
static bool take_line(struct control_client *c, struct buf *b)
{
    const char *end = c->in.n > 0 ? memchr(c->in.p, '\n', c->in.n) : NULL;
    if (end == NULL)
        return false;
    size_t n = (size_t)(end - c->in.p);
    buf_clear(b);
    buf_add(b, c->in.p, n);
    buf_cut_front(&c->in, n + 1);
    return true;
}

static enum code gone(struct error *e)
{
    enum code c = error_set(e, E_IO, "the controller went away");
    error_hint(e, "`trawl ls` shows how the search stands; `trawl resume` goes on with it");
    return c;
}

/* One line; waits at most timeout_ms (-1: for ever). *ret_got is false when there was none yet. */
static enum code read_line(struct control_client *c, int timeout_ms, struct buf *b, bool *ret_got,
                           struct error *e)
{
    *ret_got = false;
    while (!take_line(c, b)) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        int ready = poll(&p, 1, timeout_ms);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            return OK;
        char bytes[READ_BYTES];
        ssize_t n = read(c->fd, bytes, sizeof bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return gone(e);
        buf_add(&c->in, bytes, (size_t)n);
        if (c->in.bad)
            return error_set(e, E_PROTOCOL, "the controller sent a line that is too long");
    }
    *ret_got = true;
    return OK;
}

static enum code read_answer(json_t *root, int64_t *ret_search, struct error *e)
{
    json_t *error = json_object_get(root, "error");
    if (error == NULL) {
        if (ret_search != NULL)
            *ret_search = json_integer_value(json_object_get(root, "search"));
        return OK;
    }
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *detail = json_string_value(json_object_get(error, "detail"));
    const char *hint = json_string_value(json_object_get(error, "hint"));
    json_int_t number = json_integer_value(json_object_get(error, "number"));
    enum code c = number > OK && number < E_CODE_COUNT ? (enum code)number : E_PROTOCOL;
    error_set(e, c, "%s", message != NULL ? message : "the controller refused");
    if (detail != NULL && detail[0] != 0)
        error_detail(e, "%s", detail);
    if (hint != NULL && hint[0] != 0)
        error_hint(e, "%s", hint);
    return c;
}

enum code control_call(struct control_client *c, struct str request, int64_t *ret_search,
                       struct error *e)
{
    struct buf line;
    bool got = false;
    enum code code = io_write_all(c->fd, request.p, request.n, e);
    buf_init(&line, LINE_MAX_BYTES);
    while (code == OK && !got)
        code = read_line(c, -1, &line, &got, e);
    /* What it hears it answers, unless it is killed; and then its socket's name stays. */
    if (code == E_IO && inode_of(c->path) != c->inode)
        code = error_set(e, E_BUSY, "the controller has just ended");
    if (code == OK) {
        json_error_t je;
        json_t *root = json_loadb(line.p, line.n, 0, &je);
        code = root != NULL ? read_answer(root, ret_search, e)
                            : error_set(e, E_PROTOCOL, "the controller's answer does not parse");
        json_decref(root);
    }
    buf_free(&line);
    return code;
}

enum code control_wish(struct control_client *c, const char *what, const char *id, struct error *e)
{
    struct buf b;
    struct json j;
    buf_init(&b, 4096);
    jw_init(&j, &b);
    jw_object(&j);
    jw_key(&j, "do");
    jw_cstr(&j, what);
    jw_key(&j, "id");
    jw_cstr(&j, id);
    jw_object_end(&j);
    jw_newline(&j);
    enum code code = jw_end(&j, e);
    if (code == OK)
        code = control_call(c, buf_view(&b), NULL, e);
    buf_free(&b);
    return code;
}

/* Asks without waiting: the answer comes among the events and is passed over. */
static enum code ask_on_the_way(struct control_client *c, const char *what, struct search_id id,
                                struct error *e)
{
    struct buf b;
    buf_init(&b, 256);
    buf_fmt(&b, "{\"do\": \"%s\", \"id\": \"%lld\"}\n", what, (long long)id.v);
    enum code code = buf_end(&b, e);
    if (code == OK)
        code = io_write_all(c->fd, b.p, b.n, e);
    buf_free(&b);
    return code;
}

static enum code on_event_line(struct str line, const struct event_sink *sink, bool *ret_ended)
{
    struct arena a;
    struct event ev;
    struct error e;
    arena_init(&a, 16 << 20);
    enum code c = event_parse(line, &a, &ev, &e);
    if (c == OK) {
        sink->event(sink->self, &ev);
        *ret_ended = ev.kind == EVENT_SEARCH_ENDED;
    }
    arena_free(&a);
    return OK;
}

enum code control_follow(struct control_client *c, struct search_id id,
                         const volatile sig_atomic_t *interrupts, const struct event_sink *sink,
                         struct error *e)
{
    char text[32];
    struct buf line;
    int told = 0;
    bool ended = false;
    buf_init(&line, LINE_MAX_BYTES);
    snprintf(text, sizeof text, "%lld", (long long)id.v);
    enum code code = control_wish(c, "follow", text, e);
    while (code == OK && !ended) {
        bool got;
        code = read_line(c, 200, &line, &got, e);
        if (code == OK && got)
            code = on_event_line(buf_view(&line), sink, &ended);
        else if (code == OK)
            sink->event(sink->self, NULL); /* nothing new: a moment to draw */
        if (code == OK && *interrupts > told)
            code = ask_on_the_way(c, told++ == 0 ? "pause" : "hurry", id, e);
    }
    buf_free(&line);
    return code;
}

/* --- events, read back --- */

static struct str text_of(json_t *root, const char *key, struct arena *a)
{
    struct str copy = {0};
    const char *v = json_string_value(json_object_get(root, key));
    if (v == NULL || arena_str(a, str_of(v), &copy) != OK)
        return (struct str){0};
    return copy;
}

static double real_of(json_t *v)
{
    double x = 0;
    if (json_is_string(v) && number_parse_real(str_of(json_string_value(v)), &x))
        return x;
    return json_number_value(v);
}

static int name_of(json_t *root, const char *key, const char *(*name)(int), int n)
{
    const char *v = json_string_value(json_object_get(root, key));
    for (int i = 0; v != NULL && i < n; i++) {
        if (strcmp(name(i), v) == 0)
            return i;
    }
    return 0;
}

static const char *kind_at(int i)
{
    return event_kind_name((enum event_kind)i);
}

static const char *trial_state_at(int i)
{
    return trial_state_name((enum trial_state)i);
}

static const char *search_state_at(int i)
{
    return search_state_name((enum search_state)i);
}

static const char *reason_at(int i)
{
    return attempt_reason_name((enum attempt_reason)i);
}

static const char *decision_at(int i)
{
    return decision_name((enum decision)i);
}

static const struct wire_metric *read_metrics(json_t *metrics, struct arena *a, uint32_t *ret_n)
{
    size_t n = json_object_size(metrics);
    struct wire_metric *m = arena_array(a, n + 1, sizeof *m);
    const char *key;
    json_t *value;
    if (m == NULL)
        return NULL;
    json_object_foreach(metrics, key, value)
    {
        struct str name;
        if (arena_str(a, str_of(key), &name) == OK)
            m[(*ret_n)++] = (struct wire_metric){name, real_of(value)};
    }
    return m;
}

static void read_objectives(json_t *list, struct arena *a, struct event *ev)
{
    size_t n = json_array_size(list);
    struct measured *m = arena_array(a, n + 1, sizeof *m);
    for (size_t i = 0; m != NULL && i < n; i++) {
        json_t *one = json_array_get(list, i);
        const char *goal = json_string_value(json_object_get(one, "goal"));
        bool minimize = goal != NULL && strcmp(goal, "minimize") == 0;
        m[ev->n_measures++] =
            (struct measured){text_of(one, "metric", a), minimize ? AIM_MINIMIZE : AIM_MAXIMIZE};
    }
    ev->measures = m;
}

static void read_requirements(json_t *list, struct arena *a, struct event *ev)
{
    size_t n = json_array_size(list);
    struct str *texts = arena_array(a, n + 1, sizeof *texts);
    for (size_t i = 0; texts != NULL && i < n; i++)
        if (arena_str(a, str_of(json_string_value(json_array_get(list, i))),
                      &texts[ev->n_requirements]) == OK)
            ev->n_requirements++;
    ev->requirements = texts;
}

static void read_trial(json_t *root, struct arena *a, struct event *ev)
{
    const char *trial = json_string_value(json_object_get(root, "trial"));
    const char *dot = trial != NULL ? strchr(trial, '.') : NULL;
    int64_t number;
    if (dot != NULL && number_parse_i64(str_of(dot + 1), &number))
        ev->trial = number;
    ev->attempt = (int)json_integer_value(json_object_get(root, "attempt"));
    ev->seed = json_integer_value(json_object_get(root, "seed"));
    ev->parent = json_integer_value(json_object_get(root, "parent"));
    ev->from_step = json_integer_value(json_object_get(root, "from_step"));
    ev->steps = json_integer_value(json_object_get(root, "steps"));
    json_t *step = json_object_get(root, "step");
    ev->step = step != NULL ? json_integer_value(step) : -1;
    json_t *value = json_object_get(root, "value");
    ev->has_value = value != NULL;
    ev->value = real_of(value);
    json_t *params = json_object_get(root, "params");
    char *text = params != NULL ? json_dumps(params, JSON_COMPACT) : NULL;
    if (text != NULL && arena_str(a, str_of(text), &ev->params) != OK)
        ev->params = (struct str){0};
    free(text);
    ev->metrics = read_metrics(json_object_get(root, "metrics"), a, &ev->n_metrics);
    ev->values = read_metrics(json_object_get(root, "values"), a, &ev->n_values);
    json_t *meets = json_object_get(root, "meets");
    ev->n_front = json_integer_value(json_object_get(root, "front"));
    ev->has_meets = meets != NULL;
    ev->meets = json_is_true(meets);
}

static void read_search(json_t *root, struct arena *a, struct event *ev)
{
    const char *goal = json_string_value(json_object_get(root, "goal"));
    ev->minimize = goal != NULL && strcmp(goal, "minimize") == 0;
    ev->metric = text_of(root, "metric", a);
    ev->method = text_of(root, "method", a);
    ev->parallel = (int)json_integer_value(json_object_get(root, "parallel"));
    ev->budget_trials = json_integer_value(json_object_get(root, "budget_trials"));
    ev->search_state =
        (enum search_state)name_of(root, "state", search_state_at, SEARCH_FAILED + 1);
    read_objectives(json_object_get(root, "objectives"), a, ev);
    read_requirements(json_object_get(root, "requirements"), a, ev);
    json_t *counts = json_object_get(root, "trials");
    for (int i = 0; i < TRIAL_STATE_COUNT; i++)
        ev->counts[i] = json_integer_value(json_object_get(counts, trial_state_at(i)));
}

enum code event_parse(struct str line, struct arena *a, struct event *ret, struct error *e)
{
    json_error_t je;
    json_t *root = json_loadb(line.p, line.n, 0, &je);
    const char *event = json_string_value(json_object_get(root, "event"));
    if (event == NULL) {
        json_decref(root);
        return error_set(e, E_PROTOCOL, "not an event");
    }
    struct event ev = {0};
    ev.kind = (enum event_kind)name_of(root, "event", kind_at, EVENT_NOTE + 1);
    const char *time = json_string_value(json_object_get(root, "time"));
    if (time == NULL || !number_parse_time(str_of(time), &ev.time))
        ev.time = 0;
    ev.search.v = json_integer_value(json_object_get(root, "search"));
    ev.baseline = json_is_true(json_object_get(root, "baseline"));
    read_search(root, a, &ev);
    read_trial(root, a, &ev);
    ev.trial_state = (enum trial_state)name_of(root, "state", trial_state_at, TRIAL_STATE_COUNT);
    ev.reason = (enum attempt_reason)name_of(root, "reason", reason_at, REASON_COUNT);
    ev.decision = (enum decision)name_of(root, "decision", decision_at, DECISION_PAUSE + 1);
    json_t *exit = json_object_get(root, "exit");
    ev.exit_code = exit != NULL ? (int)json_integer_value(exit) : -1;
    ev.signal = (int)json_integer_value(json_object_get(root, "signal"));
    static const char *const texts[] = {"why_method", "why", "detail", "text"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && ev.text.n == 0; i++)
        ev.text = text_of(root, texts[i], a);
    json_decref(root);
    *ret = ev;
    return OK;
}
