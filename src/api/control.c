/*
 * The control socket, the controller's side.
 */
#include "api/control.h"

#include "base/failpoint.h"
#include "base/io.h"
#include "code/snapshot.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4 << 20, CLIENTS_MAX = 256, BACKLOG = 16 };

struct client {
    struct client *next;
    struct control *control;
    struct loop_stream *stream;
    int64_t follows; /* a search; 0: none */
    bool dead;
    bool served; /* its request is being carried out: it is dropped after that */
};

struct control {
    struct loop *loop;
    struct scheduler *s;
    char *store_dir, *path;
    struct loop_listener *listener;
    struct client *clients;
    size_t n_clients;
};

static void drop(struct client *k)
{
    struct client **p = &k->control->clients;
    while (*p != NULL && *p != k)
        p = &(*p)->next;
    if (*p != NULL)
        *p = k->next;
    k->control->n_clients--;
    loop_stream_close(k->stream);
    free(k);
}

/* --- answers --- */

static bool send_buf(struct client *k, const struct buf *b)
{
    return !b->bad && loop_stream_write(k->stream, buf_view(b)) == OK;
}

static bool answer(struct client *k, enum code c, const struct error *e, int64_t search)
{
    struct buf b;
    struct json j;
    buf_init(&b, 64 << 10);
    jw_init(&j, &b);
    jw_object(&j);
    if (c == OK) {
        jw_key(&j, "ok");
        jw_bool(&j, true);
        jw_key(&j, "search");
        jw_i64(&j, search);
    } else {
        jw_key(&j, "error");
        jw_object(&j);
        jw_key(&j, "number");
        jw_i64(&j, c);
        jw_key(&j, "code");
        jw_cstr(&j, code_name(c));
        jw_key(&j, "message");
        jw_cstr(&j, e->message);
        jw_key(&j, "detail");
        jw_cstr(&j, e->detail);
        jw_key(&j, "hint");
        jw_cstr(&j, e->hint);
        jw_object_end(&j);
    }
    jw_object_end(&j);
    jw_newline(&j);
    bool sent = jw_end(&j, NULL) == OK && send_buf(k, &b);
    buf_free(&b);
    return sent;
}

/* --- requests --- */

static const char *text_of(json_t *root, const char *key)
{
    const char *v = json_string_value(json_object_get(root, key));
    return v != NULL ? v : "";
}

static enum code keep_of(json_t *root, struct arena *a, struct submission *sub, struct error *e)
{
    json_t *env = json_object_get(root, "env");
    size_t n = json_array_size(env);
    struct str *keep = arena_array(a, n + 1, sizeof *keep);
    if (keep == NULL)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++) {
        const char *v = json_string_value(json_array_get(env, i));
        if (arena_str(a, str_of(v), &keep[i]) != OK)
            return error_nomem(e);
    }
    sub->keep = keep;
    sub->n_keep = n;
    return OK;
}

static enum code submit(struct control *c, json_t *root, int64_t *ret, struct error *e)
{
    struct arena a;
    struct problems problems;
    struct snapshot snap;
    struct search_id id;
    struct submission sub = {.directory = text_of(root, "directory"), .snapshot = &snap};
    arena_init(&a, 64 << 20);
    problems_init(&problems);
    char *code_dir = io_join(c->store_dir, "code");
    enum code code = code_dir != NULL ? OK : error_nomem(e);
    if (code == OK)
        code = snapshot_load(&a, code_dir, text_of(root, "snapshot"), &snap, e);
    if (code == OK)
        code = keep_of(root, &a, &sub, e);
    if (code == OK) {
        code = conf_reload(str_of(text_of(root, "source")), "trawl.yaml",
                           str_of(text_of(root, "overrides")), &sub.settings, &problems);
        if (code != OK && problems.n > 0)
            *e = problems.v[0];
    }
    if (code == OK)
        code = scheduler_submit(c->s, &sub, &id, e);
    if (code == OK)
        *ret = id.v;
    free(code_dir);
    problems_free(&problems);
    arena_free(&a);
    return code;
}

static const struct {
    const char *name;
    enum code (*search)(struct scheduler *, struct search_id, struct error *);
    enum code (*trial)(struct scheduler *, struct trial_id, struct error *);
} wishes[] = {
    {"pause", scheduler_pause, scheduler_trial_pause},
    {"preempt", scheduler_preempt, scheduler_trial_preempt},
    {"resume", scheduler_resume, scheduler_trial_resume},
    {"stop", scheduler_stop, scheduler_trial_stop},
    {"kill", scheduler_kill, scheduler_trial_kill},
    {"retry", scheduler_retry, scheduler_trial_retry},
};

static enum code wish(struct control *c, const char *what, const char *id, int64_t *ret,
                      struct error *e)
{
    struct target t;
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        if (strcmp(wishes[i].name, what) != 0)
            continue;
        enum code code = target_parse(id, &t, e);
        if (code == OK)
            code = t.is_trial ? wishes[i].trial(c->s, t.trial, e)
                              : wishes[i].search(c->s, t.search, e);
        *ret = t.search.v;
        return code;
    }
    return error_set(e, E_PROTOCOL, "the controller knows no \"%s\": is it another version?", what);
}

static enum code request(struct client *k, json_t *root, int64_t *ret, struct error *e)
{
    struct target t;
    const char *what = text_of(root, "do");
    if (strcmp(what, "submit") == 0)
        return submit(k->control, root, ret, e);
    if (strcmp(what, "hurry") == 0) {
        scheduler_hurry(k->control->s);
        return OK;
    }
    if (strcmp(what, "follow") != 0)
        return wish(k->control, what, text_of(root, "id"), ret, e);
    enum code c = target_parse(text_of(root, "id"), &t, e);
    if (c == OK && scheduler_idle(k->control->s, t.search))
        c = error_set(e, E_STATE, "search %lld is not running", (long long)t.search.v);
    if (c == OK)
        *ret = k->follows = t.search.v;
    return c;
}

static void describe(void *self, const struct event *ev)
{
    struct client *k = self;
    struct buf b;
    struct json j;
    buf_init(&b, LINE_MAX_BYTES);
    jw_init(&j, &b);
    event_json(ev, &j);
    jw_newline(&j);
    if (jw_end(&j, NULL) != OK || !send_buf(k, &b))
        k->dead = true;
    buf_free(&b);
}

/* What is answered with "ok" is durable. */
static enum code carry_out(struct client *k, json_t *root, int64_t *ret, struct error *e)
{
    struct scheduler *s = k->control->s;
    FAILPOINT("control.before-request");
    enum code c = request(k, root, ret, e);
    if (c != OK)
        return c;
    k->served = true;
    scheduler_settle(s);
    k->served = false;
    if (scheduler_fatal(s) != NULL) {
        *e = *scheduler_fatal(s);
        return e->code;
    }
    FAILPOINT("control.after-request");
    return OK;
}

static bool on_line(struct client *k, struct str line)
{
    int64_t followed = k->follows;
    struct error e = {0};
    json_error_t je;
    int64_t search = 0;
    json_t *root = json_loadb(line.p, line.n, 0, &je);
    enum code c = root != NULL ? carry_out(k, root, &search, &e)
                               : error_set(&e, E_PROTOCOL, "not a line of JSON: %s", je.text);
    json_decref(root);
    if (k->dead || !answer(k, c, &e, search))
        return false;
    FAILPOINT("control.after-answer");
    if (k->follows != followed) {
        struct event_sink sink = {describe, k};
        scheduler_describe(k->control->s, (struct search_id){k->follows}, &sink);
    }
    return !k->dead;
}

static size_t on_read(void *self, struct str bytes)
{
    struct client *k = self;
    size_t used = 0;
    while (!k->dead) {
        const char *end = memchr(bytes.p + used, '\n', bytes.n - used);
        if (end == NULL)
            break;
        struct str line = {bytes.p + used, (size_t)(end - bytes.p) - used};
        used += line.n + 1;
        if (!on_line(k, line))
            k->dead = true;
    }
    if (!k->dead)
        return used;
    drop(k);
    return bytes.n;
}

static void on_ended(void *self)
{
    drop(self);
}

static void on_accepted(void *self, int fd)
{
    static const struct loop_stream_callbacks callbacks = {on_read, on_ended, NULL};
    struct control *c = self;
    struct client *k = c->n_clients < CLIENTS_MAX ? calloc(1, sizeof *k) : NULL;
    if (k == NULL) {
        close(fd);
        return;
    }
    k->control = c;
    struct error e;
    if (loop_stream_new(c->loop, fd, LINE_MAX_BYTES, &callbacks, k, &k->stream, &e) != OK) {
        free(k);
        return;
    }
    k->next = c->clients;
    c->clients = k;
    c->n_clients++;
}

/* --- the socket --- */

enum code control_new(struct loop *l, const char *store_dir, struct scheduler *s,
                      struct control **ret, struct error *e)
{
    struct control *c = calloc(1, sizeof *c);
    int fd = -1;
    if (c == NULL)
        return error_nomem(e);
    c->loop = l;
    c->s = s;
    c->store_dir = strdup(store_dir);
    c->path = io_join(store_dir, "control.sock");
    enum code code = c->path != NULL && c->store_dir != NULL ? OK : error_nomem(e);
    if (code == OK) {
        /* We hold the store's lock: whoever left this socket is dead. */
        (void)unlink(c->path);
        code = unix_listen(c->path, BACKLOG, &fd, e);
    }
    if (code == OK)
        code = loop_listener_new(l, fd, on_accepted, c, &c->listener, e);
    if (code != OK) {
        free(c->store_dir);
        free(c->path);
        free(c);
        return code;
    }
    *ret = c;
    return OK;
}

void control_close(struct control *c)
{
    (void)unlink(c->path);
    loop_listener_close(c->listener);
    while (c->clients != NULL)
        drop(c->clients);
    free(c->store_dir);
    free(c->path);
    free(c);
}

/* A follower that does not read fast enough is let go; the store has what it missed. */
void control_event(struct control *c, const struct event *ev)
{
    struct buf b;
    struct json j;
    buf_init(&b, LINE_MAX_BYTES);
    for (struct client *k = c->clients, *next; k != NULL; k = next) {
        next = k->next;
        if (k->follows != ev->search.v)
            continue;
        if (b.n == 0) {
            jw_init(&j, &b);
            event_json(ev, &j);
            jw_newline(&j);
            if (jw_end(&j, NULL) != OK)
                break;
        }
        if (send_buf(k, &b))
            continue;
        k->dead = true;
        if (!k->served)
            drop(k);
    }
    buf_free(&b);
}
