/*
 * The program's environment. Names are few, so a list that is searched from the front does.
 */
#include "exec/supervisor/setup.h"

#include <string.h>

struct environment {
    char **line; /* NAME=value, NULL behind the last */
    size_t n, room;
    struct arena *arena;
    bool no_memory;
};

static struct str name_of(const char *line)
{
    return (struct str){line, strcspn(line, "=")};
}

/* Index of the variable, n where it is not set. */
static size_t find(const struct environment *env, struct str name)
{
    size_t i = 0;
    while (i < env->n && !str_eq(name_of(env->line[i]), name))
        i++;
    return i;
}

static void put_line(struct environment *env, char *line)
{
    size_t i = line ? find(env, name_of(line)) : 0;
    if (!line || (i == env->n && env->n == env->room)) {
        env->no_memory = true;
        return;
    }
    env->n += i == env->n;
    env->line[i] = line;
}

static void unset(struct environment *env, struct str name)
{
    size_t i = find(env, name);
    if (i < env->n)
        env->line[i] = env->line[--env->n];
}

static void set(struct environment *env, const char *name, struct str value)
{
    put_line(env, arena_fmt(env->arena, "%s=%.*s", name, STR_FMT(value)));
}

static void set_number(struct environment *env, const char *name, int64_t value)
{
    put_line(env, arena_fmt(env->arena, "%s=%lld", name, (long long)value));
}

static void set_default(struct environment *env, const char *name, int64_t value)
{
    if (find(env, str_of(name)) == env->n)
        set_number(env, name, value);
}

/* NAME=value sets, NAME alone unsets. */
static void apply(struct environment *env, struct str line)
{
    if (line.n && memchr(line.p, '=', line.n))
        put_line(env, arena_cstr(env->arena, line));
    else
        unset(env, line);
}

static void set_defaults(struct environment *env, const struct wire_spec *s)
{
    if (s->cpus > 0) {
        set_default(env, "OMP_NUM_THREADS", s->cpus);
        set_default(env, "MKL_NUM_THREADS", s->cpus);
        set_default(env, "OPENBLAS_NUM_THREADS", s->cpus);
    }
    /* Into a pipe Python writes in blocks of 8 KiB: metrics would be seen an hour late. */
    set_default(env, "PYTHONUNBUFFERED", 1);
}

static void set_own(struct environment *env, const struct wire_spec *s)
{
    unset(env, STR("TRAWL_API_TOKEN")); /* ours, not the program's */
    set(env, "TRAWL_TRIAL", s->trial);
    set(env, "TRAWL_PARAMS", s->params_path);
    set(env, "TRAWL_DIR", s->directory);
    set(env, "TRAWL_CHECKPOINT", s->checkpoint);
    set(env, "TRAWL_TOKEN", s->token);
    set_number(env, "TRAWL_SEED", s->seed);
    put_line(env, arena_fmt(env->arena, "TRAWL_ENDPOINT=unix:%.*s", STR_FMT(s->socket_path)));
    if (s->steps > 0)
        set_number(env, "TRAWL_STEPS", s->steps);
    else
        unset(env, STR("TRAWL_STEPS"));
    if (s->devices.p)
        set(env, "CUDA_VISIBLE_DEVICES", s->devices);
    set(env, "PWD", s->directory);
    unset(env, STR("OLDPWD"));
}

enum code setup_environment(const struct wire_spec *s, char *const *inherited, struct arena *a,
                            char ***ret, struct error *e)
{
    enum { OUR_OWN = 32 };
    size_t n = 0;
    while (inherited[n])
        n++;
    struct environment env = {.arena = a, .room = n + s->n_env + OUR_OWN};
    env.line = arena_array(a, env.room + 1, sizeof(*env.line));
    if (!env.line)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++)
        put_line(&env, inherited[i]);
    for (uint32_t i = 0; i < s->n_env; i++)
        apply(&env, s->env[i]);
    set_defaults(&env, s);
    set_own(&env, s);
    if (env.no_memory)
        return error_nomem(e);
    env.line[env.n] = NULL;
    *ret = env.line;
    return OK;
}
