/*
 * Priors that list what they take: choice, ordinal, flag, subset, permutation.
 */
#include "space/prior_call.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const struct value flag_levels[] = {{.type = VALUE_BOOL, .b = false},
                                           {.type = VALUE_BOOL, .b = true}};

/* What a level with a weight calls itself. */
static const struct value *level_of(const struct prior_argument *arg)
{
    return arg->has_key ? &arg->key : &arg->value;
}

/* Equal for levels that are alike: a whole real hashes as the integer. */
static uint64_t hash_alike(const struct value *v)
{
    struct value whole = *v;
    if (v->type == VALUE_REAL && v->r == trunc(v->r) && fabs(v->r) < 0x1p63)
        whole = value_int((int64_t)v->r);
    return value_hash(&whole);
}

/* Refuses a level that is said twice; `seen` is an open hash table of `room` slots, a power of two
 * above the number of levels. */
static enum code check_once(const struct prior_call *call, const struct prior *p, size_t index,
                            size_t pos, uint32_t *seen, size_t room)
{
    const struct value *v = &p->levels[index];
    size_t at = hash_alike(v) & (room - 1);
    for (; seen[at]; at = (at + 1) & (room - 1)) {
        if (!value_alike(&p->levels[seen[at] - 1], v))
            continue;
        return prior_call_fail(call, pos, E_DUPLICATE, "%s is said twice", value_show(v).text);
    }
    seen[at] = (uint32_t)index + 1;
    return OK;
}

static enum code check_level(const struct prior_call *call, const struct value *v, size_t pos)
{
    if (v->type == VALUE_REAL && isnan(v->r))
        return prior_call_fail(call, pos, E_INVALID, "nan can't be chosen: it equals nothing");
    return OK;
}

static enum code copy_levels(const struct prior_call *call, struct arena *a,
                             const struct prior_argument *const *from, struct prior *p)
{
    struct value *levels = arena_array(a, p->n_levels, sizeof(*levels));
    size_t room = 16;
    while (room < 2 * p->n_levels)
        room *= 2;
    uint32_t *seen = calloc(room, sizeof(*seen));
    enum code code = levels && seen ? OK : error_nomem(call->e);
    p->levels = levels;
    for (size_t i = 0; i < p->n_levels && code == OK; i++) {
        assert(from[i]); /* sort_arguments left one for each level */
        size_t pos = from[i]->has_key ? from[i]->key_pos : from[i]->pos;
        code = check_level(call, level_of(from[i]), pos);
        if (code == OK && value_copy(a, level_of(from[i]), &levels[i]) != OK)
            code = error_nomem(call->e);
        if (code == OK)
            code = check_once(call, p, i, pos, seen, room);
    }
    free(seen);
    return code;
}

/* choice(a=3, b): what has no weight weighs 1. They are kept as shares of their sum, unless they
 * are shares already, so that writing and reading them changes nothing. */
static enum code set_weights(const struct prior_call *call, struct arena *a, struct prior *p)
{
    double *w = arena_array(a, call->n, sizeof(*w)), sum = 0;
    if (!w)
        return error_nomem(call->e);
    for (size_t i = 0; i < call->n; i++) {
        const struct prior_argument *arg = &call->v[i];
        w[i] = !arg->has_key                   ? 1
               : arg->value.type == VALUE_INT  ? (double)arg->value.i
               : arg->value.type == VALUE_REAL ? arg->value.r
                                               : (double)NAN;
        if (!(w[i] > 0 && w[i] <= 1e100)) {
            prior_call_fail(call, arg->pos, E_INVALID, "a weight must be a number above zero");
            error_hint(call->e, "a=3 makes a three times as likely as a level without a weight");
            return E_INVALID;
        }
        sum += w[i];
    }
    for (size_t i = 0; i < call->n; i++) {
        if (fabs(sum - 1) > 1e-11)
            w[i] /= sum;
        if (w[i] < 1e-9)
            return prior_call_fail(call, call->v[i].pos, E_INVALID,
                                   "this weight is so small that it would never be drawn");
    }
    p->weights = w;
    return OK;
}

static enum code fail_key(const struct prior_call *call, const struct prior_argument *arg,
                          const char *const known[2], const char *hint)
{
    prior_call_fail(call, arg->key_pos, E_UNKNOWN, "%.*s has no option %.*s", STR_FMT(call->name),
                    STR_FMT(arg->key_text));
    const char *near = known ? str_nearest(arg->key_text, known, 2) : NULL;
    if (near)
        error_hint(call->e, "did you mean %s?", near);
    else
        error_hint(call->e, "%s", hint);
    return E_UNKNOWN;
}

/* min= or max= of a subset. */
static enum code set_size(const struct prior_call *call, const struct prior_argument *arg, int *ret,
                          bool *given)
{
    if (*given)
        return prior_call_fail(call, arg->key_pos, E_DUPLICATE, "%.*s is given twice",
                               STR_FMT(arg->key_text));
    if (arg->value.type != VALUE_INT || arg->value.i < 0 || arg->value.i > PRIOR_ITEMS_MAX)
        return prior_call_fail(call, arg->pos, E_INVALID,
                               "%.*s must be a whole number from 0 to %d", STR_FMT(arg->key_text),
                               PRIOR_ITEMS_MAX);
    *ret = (int)arg->value.i;
    *given = true;
    return OK;
}

/* The arguments that are levels, in *ret (room for call->n); subset's options are set on the way.
 */
static enum code sort_arguments(const struct prior_call *call, struct prior *p,
                                const struct prior_argument **ret)
{
    static const char *const sizes[2] = {"min", "max"};
    bool has_min = false, has_max = false;
    for (size_t i = 0; i < call->n; i++) {
        const struct prior_argument *arg = &call->v[i];
        enum code code = OK;
        bool option = arg->has_key && p->kind == PRIOR_SUBSET && !arg->key_quoted;
        if (option && str_is(arg->key_text, "min"))
            code = set_size(call, arg, &p->min, &has_min);
        else if (option && str_is(arg->key_text, "max"))
            code = set_size(call, arg, &p->max, &has_max);
        else if (arg->has_key && p->kind == PRIOR_SUBSET)
            code = fail_key(call, arg, sizes, "write subset(a, b, c, min=1, max=2)");
        else if (arg->has_key && p->kind != PRIOR_CHOICE)
            code = fail_key(call, arg, NULL,
                            "only a choice has weights; a value with = in it "
                            "needs quotes");
        else
            ret[p->n_levels++] = arg;
        if (code != OK)
            return code;
    }
    if (!has_max)
        p->max = (int)(p->n_levels < PRIOR_ITEMS_MAX ? p->n_levels : PRIOR_ITEMS_MAX);
    return OK;
}

static enum code check_sizes(const struct prior_call *call, const struct prior *p)
{
    bool items = p->kind == PRIOR_SUBSET || p->kind == PRIOR_PERMUTATION;
    size_t most = items ? PRIOR_ITEMS_MAX : PRIOR_LEVELS_MAX;
    if (p->n_levels == 0) {
        prior_call_fail(call, call->name_pos, E_INVALID, "%.*s has nothing to take",
                        STR_FMT(call->name));
        error_hint(call->e, "write %.*s(a, b, c)", STR_FMT(call->name));
        return E_INVALID;
    }
    if (p->n_levels > most)
        return prior_call_fail(call, call->name_pos, E_LIMIT, "%.*s has more than %zu values",
                               STR_FMT(call->name), most);
    if (p->kind != PRIOR_SUBSET)
        return OK;
    if ((size_t)p->max > p->n_levels || (size_t)p->min > p->n_levels)
        return prior_call_fail(call, call->name_pos, E_INVALID,
                               "subset can't hold %d of its %zu items",
                               (size_t)p->max > p->n_levels ? p->max : p->min, p->n_levels);
    if (p->min > p->max)
        return prior_call_fail(call, call->name_pos, E_INVALID, "min %d is above max %d", p->min,
                               p->max);
    return OK;
}

static enum code parse_flag(const struct prior_call *call, struct arena *a, struct prior *p)
{
    static const char *const words[2] = {"off", "on"};
    for (size_t i = 0; i < call->n; i++) {
        const struct prior_argument *arg = &call->v[i];
        bool on = str_is(arg->key_text, "on"), off = str_is(arg->key_text, "off");
        struct str *form = on ? &p->on : &p->off;
        if (!arg->has_key) {
            prior_call_fail(call, arg->pos, E_INVALID, "flag takes no values");
            error_hint(call->e, "write flag(), or flag(on=--x, off=--no-x) for its words on the "
                                "command line");
            return E_INVALID;
        }
        if (!on && !off)
            return fail_key(call, arg, words, "write flag(on=--x, off=--no-x)");
        if (form->p)
            return prior_call_fail(call, arg->key_pos, E_DUPLICATE, "%.*s is given twice",
                                   STR_FMT(arg->key_text));
        if (arena_str(a, arg->text, form) != OK)
            return error_nomem(call->e);
    }
    p->levels = flag_levels;
    p->n_levels = 2;
    return OK;
}

enum code prior_parse_levels(const struct prior_call *call, struct arena *a, struct prior *p)
{
    if (p->kind == PRIOR_FLAG)
        return parse_flag(call, a, p);
    const struct prior_argument **from = calloc(call->n + 1, sizeof(*from));
    if (!from)
        return error_nomem(call->e);
    bool weighted = false;
    enum code code = sort_arguments(call, p, from);
    if (code == OK)
        code = check_sizes(call, p);
    if (code == OK)
        code = copy_levels(call, a, from, p);
    for (size_t i = 0; i < p->n_levels && code == OK; i++)
        weighted = weighted || from[i]->has_key;
    if (code == OK && weighted)
        code = set_weights(call, a, p);
    free(from);
    return code;
}
