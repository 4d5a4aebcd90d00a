/* `trawl doctor`: is everything in order? Looks, and changes nothing. */
#include "api/project.h"
#include "base/io.h"
#include "base/json.h"
#include "base/number.h"
#include "base/pidref.h"
#include "code/snapshot.h"
#include "exec/devices.h"
#include "sched/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum finding { WELL, WARNING, WRONG };

struct doctor {
    struct invocation *inv;
    struct json json;
    struct project project;
    struct store *store;
    int wrong;
    struct arena a;
    struct search_id *searches;
    size_t n_searches;
};

enum { SEARCHES_MAX = 100000 };

static void say(struct doctor *d, enum finding f, const char *what, const char *fmt, ...)
    printf_like(4, 5);

static void say(struct doctor *d, enum finding f, const char *what, const char *fmt, ...)
{
    static const char *const names[] = {"ok", "warning", "wrong"};
    static const char *const marks[] = {"✓", "!", "✗"};
    static const enum tone tones[] = {TONE_GOOD, TONE_WARN, TONE_BAD};
    char text[1500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->wrong += f == WRONG;
    if (d->inv->json) {
        jw_object(&d->json);
        jw_key(&d->json, "check");
        jw_cstr(&d->json, what);
        jw_key(&d->json, "state");
        jw_cstr(&d->json, names[f]);
        jw_key(&d->json, "message");
        jw_cstr(&d->json, text);
        jw_object_end(&d->json);
        return;
    }
    screen_fmt(d->inv->out, tones[f], "%s ", marks[f]);
    screen_fmt(d->inv->out, TONE_DIM, "%-12s", what);
    screen_fmt(d->inv->out, TONE_PLAIN, "%s\n", text);
}

static void check_programs(struct doctor *d)
{
    char *path = io_join(d->inv->executable_dir, "trawl-supervisor");
    if (path != NULL && access(path, X_OK) == 0)
        say(d, WELL, "supervisor", "%s", path);
    else
        say(d, WRONG, "supervisor", "trawl-supervisor is not beside trawl in %s; nothing can run",
            d->inv->executable_dir);
    free(path);
}

static void check_devices(struct doctor *d)
{
    struct devices *devices = NULL;
    struct error e = {0};
    if (devices_discover(NULL, getenv("CUDA_VISIBLE_DEVICES"), &devices, &e) != OK)
        say(d, WARNING, "gpus", "%s", e.message);
    else
        say(d, WELL, "gpus", "%d found", devices_count(devices));
    devices_free(devices);
}

static void check_memory_limits(struct doctor *d)
{
    struct buf b;
    struct error e;
    buf_init(&b, 64 << 10);
    bool v2 = io_read_file("/sys/fs/cgroup/cgroup.controllers", 32 << 10, &b, &e) == OK &&
              b.n > 0 && strstr(b.p, "memory") != NULL;
    if (v2)
        say(d, WELL, "memory", "limits are kept by cgroup v2 where it is delegated to us");
    else
        say(d, WELL, "memory", "no cgroup v2 here: limits are kept by sampling resident memory");
    buf_free(&b);
}

static void check_disk(struct doctor *d)
{
    struct statvfs v;
    if (statvfs(d->project.store_dir, &v) != 0)
        return;
    int64_t unused = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    struct buf b;
    buf_init(&b, 64);
    number_write_size(&b, unused);
    say(d, unused < (1LL << 30) ? WARNING : WELL, "disk", "%.*s free", STR_FMT(buf_view(&b)));
    buf_free(&b);
}

static enum code on_search(void *self, const struct search_row *row)
{
    struct doctor *d = self;
    if (d->n_searches < SEARCHES_MAX)
        d->searches[d->n_searches++] = row->id;
    return OK;
}

static void check_store(struct doctor *d)
{
    struct problems problems;
    problems_init(&problems);
    if (store_check(d->store, &problems) == OK && problems.n == 0)
        say(d, WELL, "store", "%s, schema %d", store_path(d->store),
            store_schema_version(d->store));
    for (size_t i = 0; i < problems.n; i++)
        say(d, WRONG, "store", "%s %s", problems.v[i].message, problems.v[i].detail);
    problems_free(&problems);
}

static void check_journals(struct doctor *d)
{
    int64_t entries = 0;
    size_t well = 0;
    for (size_t i = 0; i < d->n_searches; i++) {
        struct error e = {0};
        int64_t n = 0;
        enum code c = journal_verify(d->store, d->searches[i], &n, &e);
        entries += n;
        if (c == OK)
            well++;
        else
            say(d, c == E_VERSION ? WARNING : WRONG, "journal", "search %lld: %s %s",
                (long long)d->searches[i].v, e.message, e.detail);
    }
    if (well > 0)
        say(d, WELL, "journal", "%zu search%s recomputed, %lld entries, the same decisions", well,
            well == 1 ? "" : "es", (long long)entries);
}

struct verifying {
    struct doctor *d;
    const char *code_dir;
    size_t n;
};

static enum code on_snapshot(void *self, const char *id, int64_t bytes)
{
    struct verifying *v = self;
    struct error e = {0};
    if (snapshot_verify(v->code_dir, id, &e) != OK)
        say(v->d, WRONG, "code", "snapshot %.12s: %s %s", id, e.message, e.detail);
    else
        v->n++;
    return OK;
}

static void check_snapshots(struct doctor *d)
{
    struct error e = {0};
    char *code_dir = io_join(d->project.store_dir, "code");
    struct verifying v = {d, code_dir, 0};
    if (code_dir != NULL && snapshot_each(code_dir, on_snapshot, &v, &e) != OK)
        say(d, WARNING, "code", "%s", e.message);
    else if (v.n > 0)
        say(d, WELL, "code", "%zu snapshot%s, unchanged since taken", v.n, v.n == 1 ? "" : "s");
    free(code_dir);
}

struct leftovers {
    int n;
};

static enum code on_live(void *self, const struct attempt_row *row)
{
    struct leftovers *l = self;
    l->n++;
    return OK;
}

static void check_controller(struct doctor *d)
{
    struct leftovers l = {0};
    struct error e = {0};
    char *sock = io_join(d->project.store_dir, "control.sock");
    bool controller = sock != NULL && access(sock, F_OK) == 0;
    free(sock);
    if (store_live_attempts(d->store, on_live, &l, &e) != OK)
        say(d, WRONG, "attempts", "%s", e.message);
    else if (l.n > 0 && !controller)
        say(d, WARNING, "attempts",
            "%d are running or were when their controller died; trawl resume takes them up", l.n);
    else
        say(d, WELL, "attempts", "%d running", l.n);
}

static enum code look(struct doctor *d, struct error *e)
{
    check_programs(d);
    check_memory_limits(d);
    check_devices(d);
    enum code c = project_store(&d->project, &d->store, e);
    if (c == E_NOT_FOUND) {
        say(d, WELL, "store", "none yet in %s", d->project.store_dir);
        return OK;
    }
    if (c != OK) {
        say(d, WRONG, "store", "%s %s", e->message, e->detail);
        return OK;
    }
    check_disk(d);
    check_store(d);
    c = store_searches(d->store, on_search, d, e);
    if (c == OK) {
        check_controller(d);
        check_journals(d);
        check_snapshots(d);
    }
    store_close(d->store);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct doctor d = {.inv = inv};
    enum code c = project_find(inv, NULL, false, &d.project, e);
    if (c != OK)
        return c;
    arena_init(&d.a, 64 << 20);
    d.searches = arena_array(&d.a, SEARCHES_MAX, sizeof *d.searches);
    if (inv->json) {
        jw_init(&d.json, &inv->out->out);
        jw_array(&d.json);
    }
    c = d.searches != NULL ? look(&d, e) : error_nomem(e);
    if (inv->json) {
        jw_array_end(&d.json);
        jw_newline(&d.json);
        if (c == OK)
            c = jw_end(&d.json, e);
    }
    *ret_status = d.wrong > 0 ? 1 : 0;
    arena_free(&d.a);
    project_free(&d.project);
    return c;
}

const struct command command_doctor = {
    .name = "doctor",
    .args = "",
    .summary = "is everything in order? recomputes journals, verifies snapshots",
    .group = "keep house",
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
