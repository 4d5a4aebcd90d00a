#include "hunt.h"

#include "base/rng.h"

#include <math.h>

enum { SLOTS_MAX = 256 };

struct running {
    int64_t trial;
    double end, values[OBJECTIVES_MAX];
    struct config config;
};

static void note(const struct hunt *h, struct hunted *x, const struct running *r)
{
    size_t objectives = h->n_objectives ? h->n_objectives : 1;
    for (size_t k = 0; k < objectives; k++)
        if (isnan(r->values[k]))
            return;
    memcpy(x->values[x->n], r->values, sizeof(r->values));
    x->configs[x->n++] = r->config;
    x->best = fmin(x->best, r->values[0]);
}

static void finish(const struct hunt *h, struct searcher *s, const struct running *r)
{
    struct arena a;
    struct entry entry;
    struct result result = {.values = {0}};
    struct error e = {.code = OK};
    bool failed = isnan(r->values[0]);
    memcpy(result.values, r->values, sizeof(r->values));
    arena_init(&a, 1 << 20);
    expect_code(searcher_exit_result(s, &a, r->trial, failed ? OUTCOME_FAILED : OUTCOME_COMPLETED,
                                     -1, &result, &entry, &e),
                OK, &e);
    arena_free(&a);
}

static struct searcher *begin(const struct hunt *h, struct hunted *x)
{
    struct searcher_settings settings = make_settings(x->space, h->method, 0, 0, 0);
    struct arena a;
    struct entry entry;
    settings.seed = h->seed;
    settings.n_objectives = h->n_objectives ? h->n_objectives : 1;
    settings.baseline = h->baseline;
    for (size_t k = 0; k < OBJECTIVES_MAX; k++)
        settings.minimize[k] = true;
    struct searcher *s = make_searcher(&settings);
    arena_init(&a, 1 << 20);
    assert_ok(searcher_begin(s, &a, &entry, NULL));
    arena_free(&a);
    return s;
}

/* False: the space is used up. */
static bool start(const struct hunt *h, struct hunted *x, struct searcher *s, struct running *ret)
{
    struct proposal p;
    struct entry entry;
    struct error e = {.code = OK};
    expect_code(searcher_ask(s, &x->arena, &p, &entry, &e), OK, &e);
    if (p.kind != ASK_TRIAL)
        return false;
    *ret = (struct running){.trial = p.trial, .config = p.config};
    h->f(&p.config, ret->values);
    return true;
}

struct hunted hunt(const struct hunt *h)
{
    struct hunted x = {.best = (double)INFINITY, .owns_space = !h->space};
    struct running running[SLOTS_MAX];
    struct rng r;
    int n = 0, slots = h->slots ? h->slots : 1;
    assert_true(slots <= SLOTS_MAX);
    arena_init(&x.arena, (size_t)1 << 31);
    x.space = h->space ? h->space : make_space(h->rows, h->constraint);
    x.values = calloc((size_t)h->trials + SLOTS_MAX, sizeof(*x.values));
    x.configs = calloc((size_t)h->trials + SLOTS_MAX, sizeof(*x.configs));
    assert_true(x.values && x.configs);
    struct searcher *s = begin(h, &x);
    rng_init(&r, h->seed, 77);
    bool open = true;
    double now = 0;
    for (int64_t ended = 0; ended < h->trials && !x.needed;) {
        while (open && n < slots) {
            open = start(h, &x, s, &running[n]);
            if (open)
                running[n++].end = now + 1 + rng_unit(&r);
        }
        if (n == 0)
            break;
        int next = 0;
        for (int i = 1; i < n; i++)
            if (running[i].end < running[next].end)
                next = i;
        now = running[next].end;
        finish(h, s, &running[next]);
        note(h, &x, &running[next]);
        running[next] = running[--n];
        ended++;
        if (x.best <= h->target)
            x.needed = ended;
    }
    searcher_free(s);
    return x;
}

void hunted_free(struct hunted *x)
{
    free(x->values);
    free(x->configs);
    if (x->owns_space)
        space_free(x->space);
    arena_free(&x->arena);
}

int hunts_reaching(struct hunt h, int seeds)
{
    int reached = 0;
    for (int i = 0; i < seeds; i++) {
        h.seed = (uint64_t)i;
        struct hunted x = hunt(&h);
        print_message("# %s, seed %d: best %g after %d trials\n", h.method, i, x.best,
                      (int)(x.needed ? x.needed : h.trials));
        reached += x.needed > 0;
        hunted_free(&x);
    }
    return reached;
}

double value_of(const struct config *c, size_t param)
{
    const struct value *v = &c->values[param];
    switch (v->type) {
    case VALUE_BOOL:
        return v->b;
    case VALUE_INT:
        return (double)v->i;
    case VALUE_REAL:
        return v->r;
    case VALUE_NONE:
    case VALUE_STRING:
    case VALUE_LIST:
        break;
    }
    return (double)NAN;
}
