/* `trawl check`: is the file right, what does the space look like, what is snapshotted, what
 * linked? */
#include "conf/check.h"
#include "api/project.h"
#include "code/snapshot.h"
#include "conf/command.h"

#include "base/number.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option options[] = {
    {"set", 0, "KEY=VALUE", "override a value of the file: --set search.trials=20"},
    {"metric", 'm', "NAME", "short for --set metric=NAME"},
    {"goal", 'g', "GOAL", "minimize or maximize"},
    {"space", 0, "NAME", "name of the space"},
};

/* The command's first word, as some configuration has it; empty where there is none to be had. */
static struct str program_of(struct arena *a, const struct settings *st)
{
    struct rng r;
    struct config c = st->baseline;
    const struct str *argv;
    size_t n;
    rng_init(&r, 0, 0);
    if (!st->has_baseline && config_draw(st->space, a, &r, 1000, &c, NULL) != OK)
        return (struct str){0};
    struct command_values v = {.config = &c,
                               .params = STR("params.json"),
                               .trial = STR("1.1"),
                               .checkpoint = STR("checkpoint"),
                               .dir = STR("."),
                               .steps = 1};
    if (command_render(st->command, a, &v, &argv, &n, NULL) != OK || n == 0)
        return (struct str){0};
    return argv[0];
}

static bool executable(const char *dir, struct str name)
{
    struct buf path;
    buf_init(&path, 1 << 16);
    if (name.p[0] != '/')
        buf_fmt(&path, "%s/", dir);
    buf_str(&path, name);
    bool there = buf_end(&path, NULL) == OK && access(path.p, X_OK) == 0;
    buf_free(&path);
    return there;
}

/* As execvp looks for it, from the program's folder. */
static bool program_there(const struct project *p, struct str name)
{
    if (memchr(name.p, '/', name.n) != NULL)
        return executable(p->directory, name);
    struct str rest = str_of(getenv("PATH"));
    while (rest.n > 0) {
        struct buf dir;
        struct str one = str_cut(&rest, ':');
        buf_init(&dir, 1 << 16);
        buf_str(&dir, one.n > 0 ? one : STR("."));
        bool there = buf_end(&dir, NULL) == OK && executable(dir.p, name);
        buf_free(&dir);
        if (there)
            return true;
    }
    return false;
}

static void print_program(struct screen *out, const struct project *p, struct str name)
{
    if (name.n == 0)
        return;
    bool there = program_there(p, name);
    screen_fmt(out, TONE_DIM, "%-12s", "program");
    screen_text(out, TONE_PLAIN, name);
    if (!there)
        screen_text(out, TONE_WARN, STR("  is not there, or not executable: no trial could start"));
    screen_text(out, TONE_PLAIN, STR("\n"));
}

static void print_links(struct screen *out, const struct snapshot *s)
{
    struct buf b;
    size_t linked = 0;
    buf_init(&b, 64);
    number_write_size(&b, s->bytes);
    screen_fmt(out, TONE_DIM, "%-12s", "snapshot");
    screen_fmt(out, TONE_PLAIN, "%lld files, %.*s%s\n", (long long)s->files, STR_FMT(buf_view(&b)),
               s->git ? ", what git tracks or does not ignore" : ", everything: no git here");
    buf_free(&b);
    for (size_t i = 0; i < s->n_links; i++) {
        if (!s->links[i].original)
            continue;
        screen_fmt(out, TONE_DIM, "%-12s", linked++ == 0 ? "linked" : "");
        screen_fmt(out, TONE_PLAIN, "%.*s\n", STR_FMT(s->links[i].name));
    }
    if (linked > 0)
        screen_text(
            out, TONE_DIM,
            STR("            (ignored by git: trials see these as they are, not a copy)\n"));
}

static void links_json(const struct snapshot *s, struct json *j)
{
    jw_key(j, "snapshot");
    jw_object(j);
    jw_key(j, "files");
    jw_i64(j, s->files);
    jw_key(j, "bytes");
    jw_i64(j, s->bytes);
    jw_key(j, "git");
    jw_bool(j, s->git);
    jw_key(j, "linked");
    jw_array(j);
    for (size_t i = 0; i < s->n_links; i++) {
        if (s->links[i].original)
            jw_str(j, s->links[i].name);
    }
    jw_array_end(j);
    jw_object_end(j);
}

static enum code survey(struct arena *a, const struct project *p, const struct settings *st,
                        struct snapshot *ret, struct error *e)
{
    struct snapshot_rules rules = {st->exclude, st->n_exclude};
    return snapshot_survey(a, p->directory, &rules, ret, e);
}

static enum code print_json(struct invocation *inv, const struct settings *st,
                            const struct problems *problems, const struct snapshot *snap,
                            const struct project *p, struct str program, struct error *e)
{
    struct json j;
    jw_init(&j, &inv->out->out);
    jw_object(&j);
    check_json(st, problems, &j);
    if (snap != NULL)
        links_json(snap, &j);
    if (program.n > 0) {
        jw_key(&j, "program");
        jw_object(&j);
        jw_key(&j, "name");
        jw_str(&j, program);
        jw_key(&j, "found");
        jw_bool(&j, program_there(p, program));
        jw_object_end(&j);
    }
    jw_object_end(&j);
    jw_newline(&j);
    return jw_end(&j, e);
}

static enum code print_well(struct invocation *inv, const struct project *p,
                            const struct settings *st, struct error *e)
{
    struct arena a;
    struct snapshot snap;
    struct problems none;
    arena_init(&a, 256 << 20);
    problems_init(&none);
    struct str program = program_of(&a, st);
    enum code c = survey(&a, p, st, &snap, e);
    if (c == OK && inv->json) {
        c = print_json(inv, st, &none, &snap, p, program, e);
    } else if (c == OK) {
        struct buf b;
        buf_init(&b, 16 << 20);
        check_space_text(st, &b);
        c = buf_end(&b, e);
        screen_text(inv->out, TONE_PLAIN, buf_view(&b));
        screen_text(inv->out, TONE_PLAIN, STR("\n"));
        print_program(inv->out, p, program);
        print_links(inv->out, &snap);
        buf_free(&b);
    }
    problems_free(&none);
    arena_free(&a);
    return c;
}

static enum code run(struct invocation *inv, int *ret_status, struct error *e)
{
    struct project p;
    struct settings *st;
    struct problems problems;
    enum code c = project_find(inv, inv->n_args > 0 ? inv->args[0] : NULL, !inv->has_rest, &p, e);
    if (c != OK)
        return c;
    problems_init(&problems);
    if (project_settings(inv, &p, &st, &problems) == OK) {
        c = print_well(inv, &p, st, e);
        settings_free(st);
    } else {
        *ret_status = code_exit_status(E_INVALID);
        if (inv->json)
            c = print_json(inv, NULL, &problems, NULL, &p, (struct str){0}, e);
        else
            print_problems(&problems);
    }
    problems_free(&problems);
    project_free(&p);
    return c;
}

const struct command command_check = {
    .name = "check",
    .args = "[FILE]",
    .summary = "is the file right? what does the space look like?",
    .group = "set up",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .max_args = 1,
    .takes_rest = true,
    .takes_json = true,
    .takes_store = true,
    .run = run,
};
