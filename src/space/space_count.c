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
    struct name_list *names;         /* by parameter: what its condition names */
    bool asked[SPACE_PARAMS_MAX];    /* some condition names it */
    int component[SPACE_PARAMS_MAX]; /* the least parameter of it */
    /* The component that is being counted: what nobody asks about in it. */
    int rest[SPACE_PARAMS_MAX];
    size_t n_rest;
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
    for (size_t i = 0; i < c->n_rest; i++)
        if (config_is_active(c->s, p->values, c->rest[i]))
            product = saturated_times(product, prior_count(&c->s->params[c->rest[i]].prior));
    c->total = saturated_plus(c->total, product);
    return --c->steps <= 0;
}

/* Divides a component into what is enumerated (*ret_asked, by parameter) and the rest. Returns how
 * many combinations there are at least: those of what is always active. */
static int64_t divide(struct counting *c, int component, bool *ret_asked)
{
    int64_t least = 1;
    c->n_rest = 0;
    for (size_t i = 0; i < c->s->n_params; i++) {
        const struct param *p = &c->s->params[i];
        bool member = root_of(c, (int)i) == component;
        ret_asked[i] = member && c->asked[i];
        if (member && !c->asked[i])
            c->rest[c->n_rest++] = (int)i;
        if (ret_asked[i] && !p->when)
            least = saturated_times(least, prior_count(&p->prior));
    }
    return least;
}

static enum code count_component(struct counting *c, int component, bool *ret_exact)
{
    struct part p;
    bool asked[SPACE_PARAMS_MAX];
    enum walk_end end = WALK_LIMIT;
    *ret_exact = false;
    if (divide(c, component, asked) > c->steps)
        return OK;
    c->total = 0;
    enum code code = part_init(&p, c->s, c->names, asked);
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
        code = count_component(c, (int)i, &exact);
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
