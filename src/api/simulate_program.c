/*
 * An objective that runs the program.
 *
 * The simulated attempt goes as the real run did: it reports at its steps what was printed up to
 * them, and ends as it ended. Virtual time is the cluster's to say; how long the program really
 * took is of no account.
 */
#include "api/simulate.h"

#include "base/array.h"
#include "base/copy.h"
#include "base/io.h"
#include "conf/command.h"
#include "wire/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 1 << 16, EXIT_INFEASIBLE = 65, ENV_MAX = 4096 };

#define ARENA_MAX ((size_t)1 << 30)

extern char **environ;

struct point {
    int64_t step;
    double value;
};

/* What a trial's program printed. */
struct printed {
    int64_t asked; /* it was run up to this step; 0: it was not run yet */
    int status;
    struct point *points; /* by step, ascending */
    size_t n, capacity;
};

struct program {
    const struct settings *st;
    const char *directory;
    char *scratch;          /* a folder for parameters and checkpoints; NULL: not made yet */
    struct printed *trials; /* by number */
    size_t n_trials;
};

/* One run of it. */
struct going {
    struct program *p;
    const struct sim_attempt *attempt;
    struct printed *ret;
    struct arena arena;
    struct str folder, checkpoint, params_path;
    bool no_memory;
    struct error *e;
};

/* ---- what it prints ---- */

static void add(struct going *g, struct point new)
{
    struct printed *r = g->ret;
    while (r->n > 0 && r->points[r->n - 1].step >= new.step)
        r->n--; /* said again, after a start from an earlier checkpoint */
    if (!array_reserve(r->points, &r->capacity, r->n + 1)) {
        g->no_memory = true;
        return;
    }
    r->points[r->n++] = new;
}

static void on_found(void *self, const struct scan_report *r)
{
    struct going *g = self;
    for (uint32_t i = 0; i < r->n; i++)
        if (str_eq(r->metrics[i].name, g->p->st->measures[0].name))
            add(g, (struct point){r->step, r->metrics[i].value});
}

static enum code read_output(struct going *g, int fd)
{
    const struct settings *st = g->p->st;
    char chunk[CHUNK];
    struct scan *scan;
    ssize_t n;
    int64_t from = g->ret->n > 0 ? g->ret->points[g->ret->n - 1].step : g->attempt->from;
    enum code code = scan_new(&scan, st->names, st->n_names, st->pattern, from, g->e);
    if (code != OK)
        return code;
    do {
        n = read(fd, chunk, sizeof(chunk));
        if (n > 0)
            code = scan_feed(scan, 0, (struct str){chunk, (size_t)n}, on_found, g);
    } while (code == OK && (n > 0 || (n < 0 && errno == EINTR)));
    if (code == OK)
        code = scan_end(scan, on_found, g);
    if (code != OK || g->no_memory)
        code = error_nomem(g->e);
    scan_free(scan);
    return code;
}

/* ---- running it ---- */

static char *assign(struct going *g, const char *name, struct str value)
{
    return arena_fmt(&g->arena, "%s=%.*s", name, STR_FMT(value));
}

static bool is_ours(const char *word)
{
    return strncmp(word, "TRAWL_", 6) == 0;
}

/* That of this process, env:, and what a supervisor sets; there is nobody to report to. */
static enum code environment(struct going *g, const struct command_values *v, char **env)
{
    const struct settings *st = g->p->st;
    size_t n = 0;
    for (size_t i = 0; environ[i] && n < ENV_MAX / 2; i++)
        if (!is_ours(environ[i]))
            env[n++] = environ[i];
    for (size_t i = 0; i < st->n_env && n < ENV_MAX - 8; i++) {
        const struct str *words;
        size_t n_words;
        enum code code = command_render(st->env_values[i], &g->arena, v, &words, &n_words, g->e);
        if (code != OK)
            return code;
        if (n_words > 0)
            env[n++] =
                arena_fmt(&g->arena, "%.*s=%.*s", STR_FMT(st->env_names[i]), STR_FMT(words[0]));
    }
    env[n++] = assign(g, "TRAWL_TRIAL", v->trial);
    env[n++] = assign(g, "TRAWL_PARAMS", v->params);
    env[n++] = assign(g, "TRAWL_DIR", v->dir);
    env[n++] = assign(g, "TRAWL_CHECKPOINT", v->checkpoint);
    env[n++] = arena_fmt(&g->arena, "TRAWL_STEPS=%lld", (long long)v->steps);
    env[n++] = arena_fmt(&g->arena, "TRAWL_SEED=%lld", (long long)v->seed);
    for (size_t i = 0; i < n; i++)
        if (!env[i])
            return error_nomem(g->e);
    env[n] = NULL;
    return OK;
}

static enum code words_of(struct going *g, const struct command_values *v, char ***ret)
{
    const struct str *argv;
    size_t n;
    enum code code = command_render(g->p->st->command, &g->arena, v, &argv, &n, g->e);
    char **words = code == OK ? arena_array(&g->arena, n + 1, sizeof(char *)) : NULL;
    if (!words)
        return code == OK ? error_nomem(g->e) : code;
    for (size_t i = 0; i < n; i++)
        if (!(words[i] = arena_cstr(&g->arena, argv[i])))
            return error_nomem(g->e);
    *ret = words;
    return OK;
}

static enum code spawn(struct going *g, char **words, char **env, int out, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0)
        return error_nomem(g->e);
    failed = posix_spawn_file_actions_addchdir_np(&actions, g->p->directory);
    if (failed == 0)
        failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, out, 1);
    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(&actions, out, 2);
    if (failed == 0)
        failed = posix_spawnp(ret, words[0], &actions, NULL, words, env);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == 0)
        return OK;
    error_errno(g->e, failed, "cannot run %s", words[0]);
    return E_SPAWN;
}

/* Its output is read to the end before its status is asked for. */
static enum code run_words(struct going *g, char **words, char **env)
{
    int ends[2], status = 0;
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_errno(g->e, errno, "cannot make a pipe");
    enum code code = spawn(g, words, env, ends[1], &pid);
    close(ends[1]);
    if (code == OK) {
        code = read_output(g, ends[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        g->ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    close(ends[0]);
    return code;
}

static enum code copy(struct going *g, const char *from, const char *to)
{
    static const struct copy_rules limits = {.bytes = (int64_t)1 << 36, .entries = 1000000};
    if (!from || !to)
        return error_nomem(g->e);
    return copy_folder(from, to, &limits, NULL, g->e);
}

static char *handed(struct going *g, int64_t trial, int64_t step)
{
    return arena_fmt(&g->arena, "%s/%lld/handed@%lld", g->p->scratch, (long long)trial,
                     (long long)step);
}

/* A program runs when its attempt begins, at once: so the checkpoint of a step that another may
 * begin with is kept before its own trial goes on, and found there. */
static enum code hand_on(struct going *g)
{
    const struct sim_attempt *a = g->attempt;
    if (g->ret->asked > 0 && method_copies(&g->p->st->method))
        return copy(g, g->checkpoint.p, handed(g, a->trial, g->ret->asked));
    if (g->ret->asked > 0 || a->parent == 0)
        return OK;
    const char *from = handed(g, a->parent, a->from);
    if (from && access(from, F_OK) != 0)
        from = arena_fmt(&g->arena, "%s/%lld/checkpoint", g->p->scratch, (long long)a->parent);
    return copy(g, from, g->checkpoint.p);
}

static enum code make_folder(struct going *g)
{
    struct program *p = g->p;
    struct str text;
    if (!p->scratch) {
        const char *tmp = getenv("TMPDIR");
        char *name = NULL;
        if (asprintf(&name, "%s/trawl-simulate-XXXXXX", tmp && tmp[0] ? tmp : "/tmp") < 0)
            return error_nomem(g->e);
        if (!mkdtemp(name)) {
            enum code code = error_errno(g->e, errno, "cannot make the folder %s", name);
            free(name);
            return code;
        }
        p->scratch = name;
    }
    long long trial = g->attempt->trial;
    g->folder = str_of(arena_fmt(&g->arena, "%s/%lld", p->scratch, trial));
    g->checkpoint = str_of(arena_fmt(&g->arena, "%s/%lld/checkpoint", p->scratch, trial));
    g->params_path = str_of(arena_fmt(&g->arena, "%s/%lld/params.json", p->scratch, trial));
    if (!g->folder.p || !g->checkpoint.p || !g->params_path.p ||
        command_params_text(g->attempt->config, &g->arena, &text) != OK)
        return error_nomem(g->e);
    enum code code = io_make_dirs(g->folder.p, 0700, g->e);
    if (code == OK)
        code = hand_on(g);
    if (code == OK)
        code = io_make_dirs(g->checkpoint.p, 0700, g->e);
    return code == OK ? io_replace_file(g->params_path.p, text, 0600, g->e) : code;
}

static enum code go(struct going *g)
{
    const struct sim_attempt *a = g->attempt;
    char **words = NULL, **env;
    enum code code = make_folder(g);
    if (code != OK)
        return code;
    const struct command_values v = {
        .config = a->config,
        .params = g->params_path,
        .trial = str_of(arena_fmt(&g->arena, "1.%lld", (long long)a->trial)),
        .checkpoint = g->checkpoint,
        .dir = str_of(g->p->directory),
        .steps = a->steps,
        .seed = a->seed};
    env = arena_array(&g->arena, ENV_MAX + 1, sizeof(char *));
    if (!v.trial.p || !env)
        return error_nomem(g->e);
    code = environment(g, &v, env);
    if (code == OK)
        code = words_of(g, &v, &words);
    if (code == OK)
        code = run_words(g, words, env);
    return code;
}

/* ---- the objective ---- */

static enum code make_room(struct program *p, int64_t trial, struct error *e)
{
    size_t need = (size_t)trial + 1;
    return array_reserve_zeroed(p->trials, &p->n_trials, need) ? OK : error_nomem(e);
}

static enum code never_reported(const struct program *p, int64_t trial, struct error *e)
{
    struct str name = p->st->measures[0].name;
    error_set(e, E_INVALID, "the program of trial %lld never printed %.*s", (long long)trial,
              STR_FMT(name));
    error_hint(e, "a line like %.*s=0.81 is a report", STR_FMT(name));
    return E_INVALID;
}

static enum code begin(void *self, const struct sim_attempt *a, struct sim_course *ret,
                       struct error *e)
{
    struct program *p = self;
    int64_t steps = a->steps > 0 ? a->steps : 1;
    enum code code = make_room(p, a->trial, e);
    if (code != OK)
        return code;
    struct printed *r = &p->trials[a->trial];
    if (r->asked < steps) {
        struct going g = {.p = p, .attempt = a, .ret = r, .e = e};
        arena_init(&g.arena, ARENA_MAX);
        code = go(&g);
        arena_free(&g.arena);
        r->asked = steps;
    }
    ret->infeasible = r->status == EXIT_INFEASIBLE;
    ret->fails = ret->infeasible ? 0 : r->status;
    if (code == OK && r->n == 0 && r->status == 0)
        return never_reported(p, a->trial, e);
    int64_t last = r->n > 0 ? r->points[r->n - 1].step : 0;
    ret->ends = a->steps > 0 ? last : ret->fails ? 0 : 1;
    return code;
}

/* The last that was printed by then; before the first, that. */
static double value(void *self, const struct sim_attempt *a, const struct sim_course *c,
                    int64_t step)
{
    const struct program *p = self;
    const struct printed *r = &p->trials[a->trial];
    size_t lo = 0, hi = r->n;
    if (r->n == 0)
        return (double)NAN;
    if (a->steps == 0)
        return r->points[r->n - 1].value;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (r->points[middle].step <= step)
            lo = middle + 1;
        else
            hi = middle;
    }
    return r->points[lo > 0 ? lo - 1 : 0].value;
}

static void destroy(void *self)
{
    struct program *p = self;
    for (size_t i = 0; i < p->n_trials; i++)
        free(p->trials[i].points);
    free(p->trials);
    if (p->scratch)
        (void)!io_remove_tree(p->scratch, NULL);
    free(p->scratch);
    free(p);
}

enum code objective_program(const struct settings *st, const char *directory, struct objective *ret,
                            struct error *e)
{
    struct program *p = calloc(1, sizeof(*p));
    if (!p)
        return error_nomem(e);
    p->st = st;
    p->directory = directory;
    *ret = (struct objective){p, begin, value, destroy};
    return OK;
}
