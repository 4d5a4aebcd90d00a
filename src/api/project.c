/*
 * Finding the project, its settings, its store, and what an ID names.
 */
#include "api/project.h"

#include "base/io.h"
#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* The nearest folder at or above `from` that holds `name`; NULL: none. */
static char *find_up(const char *from, const char *name)
{
    char *dir = strdup(from);
    while (dir != NULL) {
        char *path = io_join(dir, name);
        bool there = path != NULL && exists(path);
        free(path);
        if (there)
            return dir;
        char *slash = strrchr(dir, '/');
        if (slash == NULL || strcmp(dir, "/") == 0)
            break;
        slash[slash == dir ? 1 : 0] = 0;
    }
    free(dir);
    return NULL;
}

void project_free(struct project *p)
{
    free(p->file);
    free(p->directory);
    free(p->store_dir);
    free(p->where);
    *p = (struct project){0};
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? NULL : strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static enum code named_file(const char *file_arg, struct project *p, struct error *e)
{
    char *real = realpath(file_arg, NULL);
    if (real == NULL) {
        if (errno != ENOENT)
            return error_errno(e, errno, "cannot read %s", file_arg);
        error_set(e, E_USAGE, "there is no file %s", file_arg);
        error_hint(e, "`trawl init` writes a first trawl.yaml");
        return E_USAGE;
    }
    struct stat st;
    if (stat(real, &st) == 0 && S_ISDIR(st.st_mode)) {
        p->directory = strdup(real);
        p->file = io_join(real, "trawl.yaml");
    } else {
        p->directory = folder_of(real);
        p->file = strdup(real);
    }
    free(real);
    return p->directory != NULL && p->file != NULL ? OK : error_nomem(e);
}

static enum code found_file(const char *cwd, bool need_file, struct project *p, struct error *e)
{
    char *dir = find_up(cwd, "trawl.yaml");
    if (dir == NULL && need_file) {
        error_set(e, E_NOT_FOUND, "there is no trawl.yaml here or in any folder above");
        error_hint(e, "`trawl init` writes a first one; or name the file: trawl %s FILE", "run");
        return E_NOT_FOUND;
    }
    p->file = dir != NULL ? io_join(dir, "trawl.yaml") : NULL;
    p->directory = dir != NULL ? dir : strdup(cwd);
    return p->directory != NULL ? OK : error_nomem(e);
}

static const char *store_option(const struct invocation *inv)
{
    const char *where = option_value(inv, "store");
    return where != NULL ? where : getenv("TRAWL_STORE");
}

/* "sqlite:PATH": PATH is the database, or a folder to hold trawl.db. */
static enum code explicit_store(const char *where, struct project *p, struct error *e)
{
    struct str rest = str_of(where);
    if (str_starts(rest, "sqlite:")) {
        rest = str_sub(rest, strlen("sqlite:"), rest.n);
    } else if (memmem(rest.p, rest.n, "://", 3) != NULL) {
        error_set(e, E_UNSUPPORTED, "this trawl keeps its store in SQLite only, not in %s", where);
        error_hint(e, "--store sqlite:PATH");
        return E_UNSUPPORTED;
    }
    char *path = rest.p[0] == '/' ? strdup(rest.p) : NULL;
    char *cwd = getcwd(NULL, 0);
    if (path == NULL && cwd != NULL)
        path = io_join(cwd, rest.p);
    free(cwd);
    if (path == NULL)
        return error_nomem(e);
    if (str_ends(str_of(path), ".db")) {
        p->store_dir = folder_of(path);
        if (asprintf(&p->where, "sqlite:%s", path) < 0)
            p->where = NULL;
        free(path);
    } else {
        if (asprintf(&p->where, "sqlite:%s/trawl.db", path) < 0)
            p->where = NULL;
        p->store_dir = path;
    }
    return p->store_dir != NULL && p->where != NULL ? OK : error_nomem(e);
}

static enum code find_store(const struct invocation *inv, struct project *p, struct error *e)
{
    const char *where = store_option(inv);
    if (where != NULL && where[0] != 0)
        return explicit_store(where, p, e);
    p->store_dir = io_join(p->directory, ".trawl");
    if (p->store_dir == NULL || asprintf(&p->where, "sqlite:%s/trawl.db", p->store_dir) < 0) {
        p->where = NULL;
        return error_nomem(e);
    }
    return OK;
}

/* For commands that only need the store, .trawl/ decides; trawl.yaml may have been moved away. */
static enum code beside_store(const char *cwd, struct project *p, struct error *e)
{
    char *dir = find_up(cwd, ".trawl");
    if (dir == NULL)
        return found_file(cwd, false, p, e);
    char *file = io_join(dir, "trawl.yaml");
    p->directory = dir;
    if (file != NULL && exists(file))
        p->file = file;
    else
        free(file);
    return OK;
}

enum code project_find(const struct invocation *inv, const char *file_arg, bool need_file,
                       struct project *ret, struct error *e)
{
    struct project p = {0};
    char *cwd = getcwd(NULL, 0);
    if (cwd == NULL)
        return error_errno(e, errno, "the working directory cannot be found");
    enum code c = file_arg != NULL ? named_file(file_arg, &p, e)
                  : need_file      ? found_file(cwd, true, &p, e)
                                   : beside_store(cwd, &p, e);
    if (c == OK)
        c = find_store(inv, &p, e);
    free(cwd);
    if (c != OK) {
        project_free(&p);
        return c;
    }
    *ret = p;
    return OK;
}

/* --- settings --- */

enum { OVERRIDES_MAX = 128 };

/* Options of the command line that are short for a key of the file. */
static const struct {
    const char *option, *path;
} shorthands[] = {
    {"metric", "metric"},    {"goal", "goal"},
    {"space", "space"},      {"trials", "search.trials"},
    {"time", "search.time"}, {"parallel", "search.parallel"},
    {"seed", "search.seed"}, {"method", "search.method"},
};

/* What a schedule replaces. */
static const char *const scheduled[] = {"search.method", "search.first", "search.budget"};

static enum code gather_schedule(const char *path, struct buf *text, struct override *set,
                                 size_t *n, struct error *e)
{
    buf_clear(text);
    enum code c = io_read_file(path, CONF_BYTES_MAX, text, e);
    if (c != OK)
        return c;
    if (str_trim(buf_view(text)).n == 0) { /* an override that says nothing takes the key away */
        error_set(e, E_INVALID, "%s is empty", path);
        error_hint(e, "`trawl export TRIAL --schedule` writes one");
        return E_INVALID;
    }
    for (size_t i = 0; i < sizeof scheduled / sizeof scheduled[0]; i++)
        set[(*n)++] = (struct override){str_of(scheduled[i]), STR("")};
    set[(*n)++] = (struct override){STR("search.schedule"), buf_view(text)};
    return OK;
}

/* schedule: room for a file's text, which the overrides point into. */
static enum code gather(const struct invocation *inv, struct buf *schedule, struct override *set,
                        size_t *n, struct error *e)
{
    for (size_t i = 0; i < inv->n_given; i++) {
        const struct given *g = &inv->given[i];
        if (strcmp(g->option->name, "set") == 0) {
            struct str rest = str_of(g->value);
            struct str path = str_cut(&rest, '=');
            if (rest.p == NULL || path.n == 0) {
                error_set(e, E_USAGE, "--set takes KEY=VALUE, not \"%s\"", g->value);
                error_hint(e, "as in --set search.trials=20");
                return E_USAGE;
            }
            set[(*n)++] = (struct override){path, rest};
        }
        for (size_t k = 0; k < sizeof shorthands / sizeof shorthands[0]; k++) {
            if (strcmp(g->option->name, shorthands[k].option) == 0)
                set[(*n)++] = (struct override){str_of(shorthands[k].path), str_of(g->value)};
        }
        if (strcmp(g->option->name, "schedule") == 0) {
            enum code c = gather_schedule(g->value, schedule, set, n, e);
            if (c != OK)
                return c;
        }
        if (*n >= OVERRIDES_MAX)
            return error_set(e, E_LIMIT, "more than %d settings on the command line",
                             OVERRIDES_MAX);
    }
    return OK;
}

static const char *shown_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

static enum code load_settings(const struct invocation *inv, const struct project *p,
                               bool space_only, struct settings **ret, struct problems *problems)
{
    struct override set[OVERRIDES_MAX + 4];
    size_t n = 0;
    struct error e = {0};
    struct buf text, schedule;
    buf_init(&text, (size_t)CONF_BYTES_MAX + 2);
    buf_init(&schedule, (size_t)CONF_BYTES_MAX + 2);
    enum code c = gather(inv, &schedule, set, &n, &e);
    if (c == OK && inv->has_rest) {
        c = conf_inline(inv->rest, inv->n_rest, set, n, ret, problems);
        buf_free(&schedule);
        return c;
    }
    if (c == OK)
        c = io_read_file(p->file, CONF_BYTES_MAX, &text, &e);
    if (c != OK)
        problems_add(problems, &e);
    else if (space_only)
        c = conf_load_space(buf_view(&text), shown_name(p->file), set, n, ret, problems);
    else
        c = conf_load(buf_view(&text), shown_name(p->file), set, n, ret, problems);
    buf_free(&text);
    buf_free(&schedule);
    return c;
}

enum code project_settings(const struct invocation *inv, const struct project *p,
                           struct settings **ret, struct problems *problems)
{
    enum code c = load_settings(inv, p, false, ret, problems);
    if (c == OK && conf_check_base(*ret, p->directory, problems) != OK) {
        settings_free(*ret);
        *ret = NULL;
        c = E_INVALID;
    }
    return c;
}

void print_problems(const struct problems *p)
{
    for (size_t i = 0; i < p->n; i++)
        say_error(&p->v[i]);
    if (p->dropped > 0) {
        struct error e = {0};
        error_set(&e, E_LIMIT, "and %zu more", p->dropped);
        say_error(&e);
    }
}

enum code project_load(const struct invocation *inv, struct project *ret, struct settings **ret_st,
                       struct error *e)
{
    struct problems problems;
    struct project p;
    enum code c = project_find(inv, inv->n_args > 0 ? inv->args[0] : NULL, !inv->has_rest, &p, e);
    if (c != OK)
        return c;
    problems_init(&problems);
    if (project_settings(inv, &p, ret_st, &problems) != OK) {
        print_problems(&problems);
        project_free(&p);
        c = error_set(e, E_INVALID, "%s", "");
    } else {
        *ret = p;
    }
    problems_free(&problems);
    return c;
}

enum code project_load_space(const struct invocation *inv, struct settings **ret, struct error *e)
{
    struct problems problems;
    struct project p;
    enum code c = project_find(inv, inv->n_args > 0 ? inv->args[0] : NULL, true, &p, e);
    if (c != OK)
        return c;
    problems_init(&problems);
    if (load_settings(inv, &p, true, ret, &problems) != OK) {
        print_problems(&problems);
        c = error_set(e, E_INVALID, "%s", "");
    }
    problems_free(&problems);
    project_free(&p);
    return c;
}

/* --- store and IDs --- */

/* A store that an older trawl wrote is brought up to date, with a backup beside it. */
static enum code bring_up(const struct project *p, struct store **ret, struct error *e)
{
    enum code c = store_open(p->where, STORE_WRITE, DURABILITY_DEFAULT, ret, e);
    if (c != OK)
        return c;
    store_close(*ret);
    return store_open(p->where, STORE_READ, DURABILITY_DEFAULT, ret, e);
}

enum code project_store(const struct project *p, struct store **ret, struct error *e)
{
    enum code c = store_open(p->where, STORE_READ, DURABILITY_DEFAULT, ret, e);
    if (c == E_STATE)
        c = bring_up(p, ret, e);
    if (c == E_NOT_FOUND) {
        error_set(e, E_NOT_FOUND, "nothing has been run here yet: there is no store in %s",
                  p->store_dir);
        error_hint(e, "`trawl run` starts a first search");
    }
    return c;
}

enum code target_parse(const char *text, struct target *ret, struct error *e)
{
    struct str rest = str_of(text);
    struct str search = str_cut(&rest, '.');
    int64_t s, t = 0;
    bool well = number_parse_i64(search, &s) && s > 0 && s <= INT32_MAX;
    if (well && rest.p != NULL)
        well = number_parse_i64(rest, &t) && t > 0 && t <= INT32_MAX;
    if (!well) {
        error_set(e, E_USAGE, "\"%s\" names neither a search nor a trial", text);
        error_hint(e, "12 is a search, 12.40 a trial of it");
        return E_USAGE;
    }
    *ret = (struct target){.search = {s}, .is_trial = t > 0};
    if (t > 0)
        ret->trial = trial_id_of(ret->search, t);
    return OK;
}

enum code target_find(struct store *s, const char *text, struct target *ret, struct error *e)
{
    if (text != NULL)
        return target_parse(text, ret, e);
    struct target t = {0};
    enum code c = store_search_latest(s, &t.search, e);
    if (c == E_NOT_FOUND) {
        error_set(e, E_NOT_FOUND, "nothing has been run here yet");
        error_hint(e, "`trawl run` starts a first search");
    }
    if (c == OK)
        *ret = t;
    return c;
}

enum code reading_open(const struct invocation *inv, struct reading *ret, struct error *e)
{
    struct reading r = {0};
    enum code c = project_find(inv, NULL, false, &r.project, e);
    if (c != OK)
        return c;
    c = project_store(&r.project, &r.store, e);
    if (c == OK)
        c = target_find(r.store, inv->n_args > 0 ? inv->args[0] : NULL, &r.target, e);
    if (c != OK) {
        reading_close(&r);
        return c;
    }
    *ret = r;
    return OK;
}

enum code reading_check(const struct reading *r, struct error *e)
{
    struct arena a;
    struct search_row search;
    struct trial_row trial;
    arena_init(&a, 64 << 20);
    enum code c = store_search_get(r->store, r->target.search, &a, &search, e);
    if (c == OK && r->target.is_trial)
        c = store_trial_get(r->store, r->target.trial, &a, &trial, e);
    arena_free(&a);
    return c;
}

void reading_close(struct reading *r)
{
    if (r->store != NULL)
        store_close(r->store);
    r->store = NULL;
    project_free(&r->project);
}
