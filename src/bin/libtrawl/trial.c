/*
 * Trials as libtrawl gives them: copies that stand for themselves.
 */
#include "bin/libtrawl/internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_MAX ((size_t)64 << 20)

struct trawl_trial {
    struct arena arena;
    int64_t id, seed, budget, from, parent, step;
    bool baseline;
    const char *params; /* NULL: not written yet */
    size_t n;           /* active parameters */
    struct named {
        const char *name;
        struct value value;
        const char **items; /* of a list, as text */
    } * v;
    size_t n_values;
    double *values;
};

static bool copy_items(struct arena *a, const struct value *list, const char ***ret)
{
    struct buf b;
    const char **items = arena_array(a, list->list.n + 1, sizeof(*items));
    buf_init(&b, TRIAL_MAX);
    for (size_t i = 0; items && i < list->list.n; i++) {
        buf_clear(&b);
        value_text(&list->list.v[i], &b);
        items[i] = buf_end(&b, NULL) == OK ? arena_cstr(a, buf_view(&b)) : NULL;
        if (!items[i])
            items = NULL;
    }
    buf_free(&b);
    *ret = items;
    return items != NULL;
}

/* Active parameters with their values. */
static bool copy_config(struct trawl_trial *t, const struct config *c)
{
    const struct space *s = c->space;
    t->v = arena_array(&t->arena, s->n_params + 1, sizeof(*t->v));
    for (size_t i = 0; t->v && i < s->n_params; i++) {
        struct named *to = &t->v[t->n];
        if (c->values[i].type == VALUE_NONE)
            continue;
        to->name = arena_cstr(&t->arena, s->params[i].name);
        if (!to->name || value_copy(&t->arena, &c->values[i], &to->value) != OK)
            return false;
        if (to->value.type == VALUE_LIST && !copy_items(&t->arena, &to->value, &to->items))
            return false;
        t->n++;
    }
    return t->v != NULL;
}

static struct trawl_trial *trial_new(const struct config *c)
{
    struct trawl_trial *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    arena_init(&t->arena, TRIAL_MAX);
    t->step = -1;
    if (copy_config(t, c))
        return t;
    trawl_trial_free(t);
    return NULL;
}

struct trawl_trial *trial_of_proposal(const struct proposal *p)
{
    struct trawl_trial *t = trial_new(&p->config);
    if (!t)
        return NULL;
    t->id = p->trial;
    t->seed = p->seed;
    t->budget = p->steps;
    t->from = p->kind == ASK_MORE || p->parent > 0 ? p->from : 0;
    t->parent = p->parent;
    t->baseline = p->baseline;
    return t;
}

struct trawl_trial *trial_of_best(const struct best *b, size_t n_values)
{
    struct trawl_trial *t = trial_new(&b->config);
    double *values = t ? arena_array(&t->arena, n_values, sizeof(*values)) : NULL;
    if (!values) {
        trawl_trial_free(t);
        return NULL;
    }
    memcpy(values, b->values, n_values * sizeof(*values));
    t->id = b->trial;
    t->seed = b->seed;
    t->step = b->step;
    t->baseline = b->baseline;
    t->n_values = n_values;
    t->values = values;
    return t;
}

void trawl_trial_free(struct trawl_trial *t)
{
    if (!t)
        return;
    arena_free(&t->arena);
    free(t);
}

void trawl_trials_free(struct trawl_trial **t, size_t n)
{
    for (size_t i = 0; t && i < n; i++)
        trawl_trial_free(t[i]);
    free((void *)t);
}

int64_t trawl_trial_id(const struct trawl_trial *t)
{
    return t->id;
}

int64_t trawl_trial_seed(const struct trawl_trial *t)
{
    return t->seed;
}

int64_t trawl_trial_budget(const struct trawl_trial *t)
{
    return t->budget;
}

int64_t trawl_trial_parent(const struct trawl_trial *t)
{
    return t->parent;
}

int64_t trawl_trial_from(const struct trawl_trial *t)
{
    return t->from;
}

int trawl_trial_is_baseline(const struct trawl_trial *t)
{
    return t->baseline;
}

/* Only written when somebody asks for it: half of what a trial would cost is printing its reals. */
const char *trawl_trial_params(struct trawl_trial *t)
{
    struct json j;
    struct buf b;
    if (t->params)
        return t->params;
    buf_init(&b, TRIAL_MAX);
    jw_init(&j, &b);
    jw_object(&j);
    for (size_t i = 0; i < t->n; i++) {
        jw_key(&j, t->v[i].name);
        value_json(&t->v[i].value, &j);
    }
    jw_object_end(&j);
    if (jw_end(&j, NULL) == OK)
        t->params = arena_cstr(&t->arena, buf_view(&b));
    buf_free(&b);
    return t->params;
}

double trawl_trial_value(const struct trawl_trial *t)
{
    return t->n_values ? t->values[0] : (double)NAN;
}

const double *trawl_trial_values(const struct trawl_trial *t, size_t *ret_n)
{
    if (ret_n)
        *ret_n = t->n_values;
    return t->values;
}

int64_t trawl_trial_step(const struct trawl_trial *t)
{
    return t->step;
}

/* --- parameters by name --- */

static const struct named *find(const struct trawl_trial *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i].name, name) == 0)
            return &t->v[i];
    return NULL;
}

/* NULL where it is absent or something else. */
static const struct value *find_value(const struct trawl_trial *t, const char *name,
                                      enum value_type type)
{
    const struct named *x = find(t, name);
    return x && x->value.type == type ? &x->value : NULL;
}

enum trawl_kind trawl_trial_kind(const struct trawl_trial *t, const char *name)
{
    static const enum trawl_kind kinds[] = {
        [VALUE_NONE] = TRAWL_ABSENT, [VALUE_BOOL] = TRAWL_BOOL,   [VALUE_INT] = TRAWL_INT,
        [VALUE_REAL] = TRAWL_REAL,   [VALUE_STRING] = TRAWL_TEXT, [VALUE_LIST] = TRAWL_LIST,
    };
    const struct named *x = find(t, name);
    return x ? kinds[x->value.type] : TRAWL_ABSENT;
}

int trawl_trial_bool(const struct trawl_trial *t, const char *name, int *ret)
{
    const struct value *v = find_value(t, name, VALUE_BOOL);
    if (v)
        *ret = v->b;
    return v != NULL;
}

int trawl_trial_int(const struct trawl_trial *t, const char *name, int64_t *ret)
{
    const struct value *v = find_value(t, name, VALUE_INT);
    if (v)
        *ret = v->i;
    return v != NULL;
}

int trawl_trial_real(const struct trawl_trial *t, const char *name, double *ret)
{
    const struct value *v = find_value(t, name, VALUE_REAL);
    int64_t whole;
    if (v)
        *ret = v->r;
    else if (trawl_trial_int(t, name, &whole))
        *ret = (double)whole;
    else
        return 0;
    return 1;
}

const char *trawl_trial_text(const struct trawl_trial *t, const char *name)
{
    const struct value *v = find_value(t, name, VALUE_STRING);
    return v ? v->s.p : NULL;
}

size_t trawl_trial_length(const struct trawl_trial *t, const char *name)
{
    const struct value *v = find_value(t, name, VALUE_LIST);
    return v ? v->list.n : 0;
}

const char *trawl_trial_item(const struct trawl_trial *t, const char *name, size_t i)
{
    const struct named *x = find(t, name);
    return i < trawl_trial_length(t, name) ? x->items[i] : NULL;
}
