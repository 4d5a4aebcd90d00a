#include "objective.h"

#include <math.h>

/* The oldest pending trial ends. */
static void end_oldest(struct searcher *s, struct found *f, size_t trial)
{
    struct entry entry;
    struct error e = {.code = OK};
    double value = f->values[trial];
    enum outcome outcome = isnan(value) ? OUTCOME_FAILED : OUTCOME_COMPLETED;
    expect_code(searcher_exit(s, &f->arena, (int64_t)trial + 1, outcome, 1, value, &entry, &e), OK,
                &e);
    if (value < f->best)
        f->best = value;
}

static bool ask(struct searcher *s, const struct objective *o, struct found *f)
{
    struct proposal p;
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_ask(s, &f->arena, &p, &entry, &e), OK, &e);
    if (p.kind != ASK_TRIAL)
        return false;
    f->configs[f->n] = p.config;
    f->by[f->n] = p.by;
    f->values[f->n++] = o->value(&p.config);
    return true;
}

void search_for(const struct objective *o, const char *method, uint64_t seed, int trials,
                int parallel, struct found *ret)
{
    struct found f = {.space = make_space(o->rows, o->constraint), .best = (double)INFINITY};
    struct searcher_settings settings = make_settings(f.space, method, trials, 0, 0);
    settings.seed = seed;
    struct searcher *s = make_searcher(&settings);
    struct entry entry;
    arena_init(&f.arena, (size_t)1 << 30);
    size_t room = (size_t)trials;
    f.configs = arena_array(&f.arena, room, sizeof(*f.configs));
    f.values = arena_array(&f.arena, room, sizeof(*f.values));
    f.by = arena_array(&f.arena, room, sizeof(*f.by));
    assert_true(f.configs && f.values && f.by);
    assert_ok(searcher_begin(s, &f.arena, &entry, NULL));
    size_t ended = 0;
    while (ask(s, o, &f))
        if (f.n - ended >= (size_t)parallel)
            end_oldest(s, &f, ended++);
    while (ended < f.n)
        end_oldest(s, &f, ended++);
    searcher_free(s);
    *ret = f;
}

void found_free(struct found *f)
{
    space_free(f->space);
    arena_free(&f->arena);
}

double mean_best(const struct objective *o, const char *method, int trials, int seeds)
{
    double sum = 0;
    for (int seed = 1; seed <= seeds; seed++) {
        struct found f;
        search_for(o, method, (uint64_t)seed, trials, 1, &f);
        sum += f.best;
        found_free(&f);
    }
    return sum / seeds;
}

double number_of(const struct config *c, const char *param)
{
    int i = space_find(c->space, str_of(param));
    assert_true(i >= 0);
    const struct value *v = &c->values[i];
    const struct prior *p = &c->space->params[i].prior;
    for (size_t k = 0; k < p->n_levels; k++)
        if (value_equal(&p->levels[k], v))
            return (double)k;
    return v->type == VALUE_INT ? (double)v->i : v->r;
}
