/*
 * From a trial to what a supervisor needs to know: folders, words of the command, environment.
 *
 *   <store>/trials/<search>/<trial>/dir            the program's working directory
 *                                  /checkpoint     lasts from attempt to attempt (checkpoint.h)
 *                                  /handed@STEP    kept for other trials (hand_on.c)
 *                                  /params.json
 *                                  /attempt-1.log  and its spool beside it
 */
#include "sched/internal.h"

#include "base/io.h"

#include <stdlib.h>

enum { LOG_LIMIT = 256 << 20 };
#define GRACE_NS (10 * NS_PER_S)

struct paths {
    struct str folder, dir, checkpoint, params, log, socket, name;
};

static struct str made(struct arena *a, char *text, bool *well)
{
    if (text == NULL)
        *well = false;
    return str_of(text);
}

static bool make_paths(struct scheduler *s, struct live_attempt *at, struct paths *p)
{
    struct arena *a = &at->arena;
    long long search = (long long)at->trial->search->id.v;
    long long number = (long long)trial_id_number(at->trial->row.id);
    bool well = true;
    p->name = made(a, arena_fmt(a, "%lld.%lld", search, number), &well);
    p->folder = made(a, arena_fmt(a, "%s/trials/%lld/%lld", s->store_dir, search, number), &well);
    if (!well)
        return false;
    p->dir = made(a, arena_fmt(a, "%s/dir", p->folder.p), &well);
    p->checkpoint = made(a, arena_fmt(a, "%s/checkpoint", p->folder.p), &well);
    p->params = made(a, arena_fmt(a, "%s/params.json", p->folder.p), &well);
    p->log = made(a, arena_fmt(a, "%s/attempt-%d.log", p->folder.p, at->row.number), &well);
    p->socket =
        made(a, arena_fmt(a, "%s/a%lld.sock", s->runtime_dir, (long long)at->row.id.v), &well);
    return well;
}

static enum code links(struct live_attempt *at, struct error *e)
{
    const struct snapshot *snap = &at->trial->search->snapshot;
    struct wire_link *l = arena_array(&at->arena, snap->n_links + 1, sizeof *l);
    if (l == NULL)
        return error_nomem(e);
    for (size_t i = 0; i < snap->n_links; i++)
        l[i] = (struct wire_link){snap->links[i].name, snap->links[i].target};
    at->spec.links = l;
    at->spec.n_links = (uint32_t)snap->n_links;
    return OK;
}

/* One NAME=value of `env:`; *ret stays empty for one that names an inactive parameter. */
static enum code env_word(struct live_attempt *at, size_t i, const struct command_values *v,
                          struct str *ret, struct error *e)
{
    const struct settings *st = at->trial->search->settings;
    const struct str *words;
    size_t n;
    enum code c = command_render(st->env_values[i], &at->arena, v, &words, &n, e);
    if (c != OK || n == 0)
        return c;
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_str(&b, st->env_names[i]);
    buf_char(&b, '=');
    for (size_t k = 0; k < n; k++) {
        if (k > 0)
            buf_char(&b, ' ');
        buf_str(&b, words[k]);
    }
    c = buf_end(&b, e);
    if (c == OK && arena_str(&at->arena, buf_view(&b), ret) != OK)
        c = error_nomem(e);
    buf_free(&b);
    return c;
}

static enum code environment(struct live_attempt *at, const struct command_values *v,
                             struct error *e)
{
    const struct search *q = at->trial->search;
    const struct settings *st = q->settings;
    struct str *env = arena_array(&at->arena, q->n_keep + st->n_env + 1, sizeof *env);
    if (env == NULL)
        return error_nomem(e);
    size_t n = 0;
    for (size_t i = 0; i < q->n_keep; i++)
        env[n++] = q->keep[i];
    for (size_t i = 0; i < st->n_env; i++) {
        enum code c = env_word(at, i, v, &env[n], e);
        if (c != OK)
            return c;
        n += env[n].n > 0;
    }
    at->spec.env = env;
    at->spec.n_env = (uint32_t)n;
    return OK;
}

/* Where a path of the program's folder is for a trial: in the snapshot, or an original that git
 * ignores. NULL: no memory. */
static const char *seen_at(const struct search *q, struct arena *a, struct str path)
{
    struct str rest = path, first = str_cut(&rest, '/');
    while (str_is(first, ".") && rest.p != NULL)
        first = str_cut(&rest, '/');
    for (size_t i = 0; i < q->snapshot.n_links; i++) {
        const struct snapshot_link *l = &q->snapshot.links[i];
        if (l->original && str_eq(l->name, first))
            return arena_fmt(a, "%.*s%s%.*s", STR_FMT(l->target), rest.p != NULL ? "/" : "",
                             STR_FMT(rest));
    }
    return arena_fmt(a, "%.*s/%.*s", STR_FMT(q->snapshot.path), STR_FMT(path));
}

enum code spec_config(struct live_attempt *at, struct error *e)
{
    const struct search *q = at->trial->search;
    const struct settings *st = q->settings;
    if (st->config_to.n == 0)
        return OK;
    struct buf base;
    buf_init(&base, CONFIG_BASE_MAX);
    const char *from = seen_at(q, &at->arena, st->config_from);
    enum code c = from != NULL ? io_read_file(from, CONFIG_BASE_MAX, &base, e) : error_nomem(e);
    if (c == OK)
        c = command_config_text(st, &at->arena, buf_view(&base), &at->trial->config,
                                &at->spec.config_text, e);
    buf_free(&base);
    if (c != OK)
        return c;
    char *to =
        arena_fmt(&at->arena, "%.*s/%.*s", STR_FMT(at->spec.directory), STR_FMT(st->config_to));
    at->spec.config_path = str_of(to);
    return to != NULL ? OK : error_nomem(e);
}

static void plain_fields(struct live_attempt *at, const struct paths *p)
{
    const struct live_trial *t = at->trial;
    const struct settings *st = t->search->settings;
    struct wire_spec *w = &at->spec;
    w->attempt = at->row.id.v;
    w->attempt_number = at->row.number;
    w->trial = p->name;
    w->token = at->row.token;
    w->directory = p->dir;
    w->checkpoint = p->checkpoint;
    w->params_path = p->params;
    w->log_path = p->log;
    w->socket_path = p->socket;
    w->devices = at->row.devices;
    w->steps = t->row.steps;
    w->seed = t->row.seed;
    w->from_step = at->row.from_step;
    w->cpus = st->cpus;
    w->memory = st->memory;
    w->time_ns = st->attempt_time_ns;
    w->silence_ns = st->silence_ns;
    w->grace_ns = st->grace_ns > 0 ? st->grace_ns : GRACE_NS;
    w->log_limit = LOG_LIMIT;
    w->next_wanted = feed_next_wanted(t, -1);
    w->n_names = (uint32_t)st->n_names;
    w->names = st->names;
    w->pattern = st->pattern;
}

enum code spec_build(struct scheduler *s, struct live_attempt *at, struct error *e)
{
    const struct live_trial *t = at->trial;
    const struct settings *st = t->search->settings;
    struct paths p;
    if (!make_paths(s, at, &p))
        return error_nomem(e);
    plain_fields(at, &p);
    struct command_values v = {.config = &t->config,
                               .params = p.params,
                               .trial = p.name,
                               .checkpoint = p.checkpoint,
                               .dir = p.dir,
                               .steps = t->row.steps,
                               .seed = t->row.seed};
    size_t n = 0;
    enum code c = command_render(st->command, &at->arena, &v, &at->spec.argv, &n, e);
    at->spec.n_argv = (uint32_t)n;
    if (c == OK)
        c = command_params_text(&t->config, &at->arena, &at->spec.params);
    if (c == OK)
        c = links(at, e);
    if (c == OK)
        c = environment(at, &v, e);
    return c;
}

/* "NAME=value " for each of env:, quoted as a shell wants it. */
static enum code env_by_hand(const struct settings *st, struct arena *a,
                             const struct command_values *v, struct buf *b, struct error *e)
{
    for (size_t i = 0; i < st->n_env; i++) {
        const struct str *words;
        size_t n;
        enum code c = command_render(st->env_values[i], a, v, &words, &n, e);
        if (c != OK)
            return c;
        if (n == 0)
            continue;
        buf_str(b, st->env_names[i]);
        buf_char(b, '=');
        command_quote(words, n, b);
        buf_char(b, ' ');
    }
    return OK;
}

enum code scheduler_by_hand(const struct settings *st, struct arena *a, const struct config *c,
                            int64_t steps, int64_t seed, struct str *ret, struct error *e)
{
    struct command_values v = {.config = c,
                               .params = STR("params.json"),
                               .trial = STR("by-hand"),
                               .checkpoint = STR("checkpoint"),
                               .dir = STR("."),
                               .steps = steps,
                               .seed = seed};
    const struct str *argv;
    size_t n;
    enum code code = command_render(st->command, a, &v, &argv, &n, e);
    if (code != OK)
        return code;
    struct buf b;
    buf_init(&b, 1 << 20);
    code = env_by_hand(st, a, &v, &b, e);
    command_quote(argv, n, &b);
    if (code == OK)
        code = buf_end(&b, e);
    if (code == OK && arena_str(a, buf_view(&b), ret) != OK)
        code = error_nomem(e);
    buf_free(&b);
    return code;
}
