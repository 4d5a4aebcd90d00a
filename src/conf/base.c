/*
 * config.from looked at before anything runs: a search whose every trial would stumble over it is
 * refused like any other wrong file.
 */
#include "conf/command.h"

#include "base/io.h"

enum { DRAWS = 1000 };

/* Any configuration will do: what the merge stumbles over is nearly always the base, not a value.
 */
static enum code some_config(const struct settings *s, struct arena *a, struct config *ret,
                             struct error *e)
{
    struct rng r;
    if (s->has_baseline) {
        *ret = s->baseline;
        return OK;
    }
    rng_init(&r, 1, 0);
    return config_draw(s->space, a, &r, DRAWS, ret, e);
}

static enum code merge_one(const struct settings *s, struct arena *a, struct str text,
                           struct error *e)
{
    struct config c;
    struct str merged;
    enum code code = some_config(s, a, &c, e);
    if (code == E_UNSATISFIABLE)
        return OK; /* rare configurations are no fault of the base */
    return code == OK ? command_config_text(s, a, text, &c, &merged, e) : code;
}

static enum code missing(const struct settings *s, const char *directory, struct error *e)
{
    enum code c = error_set(e, E_NOT_FOUND, "config.from is %.*s, and there is no such file",
                            STR_FMT(s->config_from));
    error_hint(e, "it is looked for in the program's folder, %.200s", directory);
    return c;
}

enum code conf_check_base(const struct settings *s, const char *directory,
                          struct problems *problems)
{
    struct arena a;
    struct buf text;
    struct error e = {0};
    if (s->config_from.n == 0)
        return OK;
    arena_init(&a, 64UL << 20);
    buf_init(&text, CONFIG_BASE_MAX);
    const char *path = arena_fmt(&a, "%s/%.*s", directory, STR_FMT(s->config_from));
    enum code c = path ? io_read_file(path, CONFIG_BASE_MAX, &text, &e) : error_nomem(&e);
    if (c == E_NOT_FOUND)
        c = missing(s, directory, &e);
    if (c == OK)
        c = merge_one(s, &a, buf_view(&text), &e);
    if (c != OK) {
        e.file[0] = '\0'; /* the base, of which it knows no line */
        error_at(&e, s->config_at.file, s->config_at.line, s->config_at.column);
        problems_add(problems, &e);
    }
    buf_free(&text);
    arena_free(&a);
    return c;
}
