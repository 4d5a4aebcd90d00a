/*
 * How many configurations a space has.
 *
 * Parameters that conditions tie together form components; the counts of components multiply.
 * Within one, only what conditions ask about is enumerated; what nobody asks about multiplies by
 * its count wherever it is active.
 */
#include "space/space_walk.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT_STEPS = 10000000 };

static int64_t saturated_times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t saturated_plus(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

struct counting {
    const struct space *s;
    struct name_list *names; /* by parameter: what its condition names */
    bool asked[SPACE_PARAMS_MAX];
    int component[SPACE_PARAMS_MAX]; /* the least parameter of it */
    int current;
    int64_t steps, total;
};

static int root_of(const struct counting *c, int param)
{
    while (c->component[param] != param)
        param = c->component[param];
    return param;
}

static void join(struct counting *c, int a, int b)
{
    a = root_of(c, a);
    b = root_of(c, b);
    c->component[a > b ? a : b] = a > b ? b : a;
}

static enum code find_components(struct counting *c, struct arena *a)
{
    const struct space *s = c->s;
    c->names = arena_array(a, s->n_params, sizeof(*c->names));
    if (!c->names)
        return E_NOMEM;
    for (size_t i = 0; i < s->n_params; i++)
        c->component[i] = (int)i;
    for (size_t i = 0; i < s->n_params; i++) {
        if (s->params[i].when && space_names_of(s, s->params[i].when, a, &c->names[i]) != OK)
            return E_NOMEM;
        for (size_t k = 0; k < c->names[i].n; k++) {
            c->asked[c->names[i].v[k]] = true;
            join(c, (int)i, c->names[i].v[k]);
        }
    }
    return OK;
}

/* One combination of what conditions ask about: the rest of the component multiplies. */
static bool add_combination(void *self, const struct part *p)
{
    struct counting *c = self;
    int64_t product = 1;
    for (size_t i = 0; i < c->s->n_params; i++)
        if (!c->asked[i] && root_of(c, (int)i) == c->current &&
            config_is_active(c->s, p->values, (int)i))
            product = saturated_times(product, prior_count(&c->s->params[i].prior));
    c->total = saturated_plus(c->total, product);
    return --c->steps <= 0;
}

static enum code count_component(struct counting *c, bool *ret_exact)
{
    struct part p;
    bool wanted[SPACE_PARAMS_MAX];
    enum walk_end end = WALK_LIMIT;
    for (size_t i = 0; i < c->s->n_params; i++)
        wanted[i] = c->asked[i] && root_of(c, (int)i) == c->current;
    c->total = 0;
    enum code code = part_init(&p, c->s, c->names, wanted);
    if (code == OK)
        code = part_walk(&p, c->steps, add_combination, c, &end);
    part_free(&p);
    *ret_exact = code == OK && end == WALK_ALL;
    return code;
}

/* As if every conditional parameter were one value more: inactive. */
static int64_t upper_bound(const struct space *s)
{
    int64_t product = 1;
    for (size_t i = 0; i < s->n_params; i++) {
        int64_t count = prior_count(&s->params[i].prior);
        product = saturated_times(product, s->params[i].when ? saturated_plus(count, 1) : count);
    }
    return product;
}

static enum code count_exactly(struct counting *c, struct arena *a, int64_t *ret, bool *ret_exact)
{
    int64_t product = 1;
    bool exact = true;
    enum code code = find_components(c, a);
    for (size_t i = 0; i < c->s->n_params && code == OK && exact; i++) {
        if (root_of(c, (int)i) != (int)i)
            continue;
        c->current = (int)i;
        code = count_component(c, &exact);
        product = saturated_times(product, c->total);
    }
    *ret = product;
    *ret_exact = code == OK && exact;
    return code;
}

int64_t space_count(const struct space *s, bool *ret_exact)
{
    struct arena a;
    int64_t product;
    *ret_exact = true;
    for (size_t i = 0; i < s->n_params; i++)
        if (prior_count(&s->params[i].prior) == 0)
            return 0;
    struct counting *c = calloc(1, sizeof(*c));
    arena_init(&a, SPACE_BYTES_MAX);
    if (c) {
        c->s = s;
        c->steps = COUNT_STEPS;
    }
    if (!c || count_exactly(c, &a, &product, ret_exact) != OK || !*ret_exact) {
        *ret_exact = false; /* out of memory too: the bound needs none */
        product = upper_bound(s);
    }
    free(c);
    arena_free(&a);
    return product;
}
