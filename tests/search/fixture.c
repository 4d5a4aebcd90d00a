#include "fixture.h"

#include <math.h>

void expect_code(enum code got, enum code wanted, const struct error *e)
{
    if (got != wanted)
        fail_msg("%s, not %s: %s", code_name(got), code_name(wanted), got ? e->message : "");
}

static struct space *build_space(const struct row *rows, const char *constraint, struct error *e)
{
    struct space *s = NULL;
    struct location nowhere = {.file = NULL};
    enum code code = space_new(&s, e);
    for (; code == OK && rows->name; rows++) {
        struct param_decl d = {.name = str_of(rows->name), .prior = str_of(rows->prior)};
        if (rows->when)
            d.when = str_of(rows->when);
        code = space_declare(s, &d, e);
    }
    if (code == OK && constraint)
        code = space_constrain(s, str_of(constraint), nowhere, e);
    struct problems problems;
    problems_init(&problems);
    if (code == OK && space_finish(s, &problems) != OK) {
        code = E_INVALID;
        if (problems.n)
            *e = problems.v[0];
    }
    problems_free(&problems);
    if (code == OK)
        return s;
    space_free(s);
    return NULL;
}

struct space *make_space(const struct row *rows, const char *constraint)
{
    struct error e = {.code = OK};
    struct space *s = build_space(rows, constraint, &e);
    if (!s)
        fail_msg("%s %s", e.message, e.detail);
    return s;
}

struct space *try_space(const struct row *rows, const char *constraint)
{
    struct error e = {.code = OK};
    return build_space(rows, constraint, &e);
}

struct method make_method(const char *text, const struct space *s, const struct effort *effort)
{
    struct arena a;
    struct method m;
    struct error e = {.code = OK};
    arena_init(&a, 1 << 16);
    expect_code(method_parse(&a, str_of(text), (struct location){.file = NULL}, &m, &e), OK, &e);
    expect_code(method_resolve(&m, s, effort, &e), OK, &e);
    arena_free(&a);
    return m;
}

struct searcher_settings make_settings(const struct space *s, const char *method, int64_t trials,
                                       int64_t min_steps, int64_t max_steps)
{
    struct searcher_settings settings = {.space = s,
                                         .effort = {.trials = trials,
                                                    .has_steps = max_steps > 0,
                                                    .min_steps = min_steps,
                                                    .max_steps = max_steps,
                                                    .parallel = 1},
                                         .seed = 7,
                                         .n_objectives = 1,
                                         .minimize = {true}};
    settings.method = make_method(method, s, &settings.effort);
    return settings;
}

struct searcher *make_searcher(const struct searcher_settings *settings)
{
    struct searcher *s;
    struct error e = {.code = OK};
    expect_code(searcher_new(&s, settings, &e), OK, &e);
    return s;
}

struct bench make_bench(const char *method, int64_t trials, int64_t min_steps, int64_t max_steps)
{
    static const struct row rows[] = {{"x", "uniform(0, 1)", NULL}, {NULL, NULL, NULL}};
    struct bench b = {.space = make_space(rows, NULL)};
    struct searcher_settings settings =
        make_settings(b.space, method, trials, min_steps, max_steps);
    b.s = make_searcher(&settings);
    arena_init(&b.arena, 1 << 26);
    struct entry entry;
    assert_ok(searcher_begin(b.s, &b.arena, &entry, NULL));
    return b;
}

void free_bench(struct bench *b)
{
    searcher_free(b->s);
    space_free(b->space);
    arena_free(&b->arena);
}

int64_t bench_ask(struct bench *b)
{
    struct proposal p;
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_ask(b->s, &b->arena, &p, &entry, &e), OK, &e);
    return p.kind == ASK_TRIAL ? p.trial : 0;
}

enum decision bench_report(struct bench *b, int64_t trial, int64_t step, double value)
{
    enum decision d;
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_report(b->s, &b->arena, trial, step, value, &d, &entry, &e), OK, &e);
    return d;
}

void bench_exit(struct bench *b, int64_t trial, enum outcome outcome, int64_t step, double value)
{
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_exit(b->s, &b->arena, trial, outcome, step, value, &entry, &e), OK, &e);
}
