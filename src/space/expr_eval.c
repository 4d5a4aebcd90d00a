/*
 * The value of an expression over one configuration.
 */
#include "space/expr_tree.h"
#include "space/prior.h"

#include <math.h>

static const struct value unknown = {.type = VALUE_NONE};

static enum expr_truth truth_of(struct value v)
{
    return v.type != VALUE_BOOL ? EXPR_UNKNOWN : v.b ? EXPR_TRUE : EXPR_FALSE;
}

static struct value value_of_truth(enum expr_truth t)
{
    return t == EXPR_UNKNOWN ? unknown : value_bool(t == EXPR_TRUE);
}

/* A flag counts as 0 or 1; what is no number is unknown. */
static struct value number_of(struct value v)
{
    if (v.type == VALUE_BOOL)
        return value_int(v.b);
    return value_is_number(&v) ? v : unknown;
}

/* The place of v among an ordinal's levels. */
static struct value rank_of(const struct prior *p, const struct value *v)
{
    for (size_t i = 0; i < p->n_levels; i++)
        if (value_equal(&p->levels[i], v))
            return value_int((int64_t)i);
    return unknown;
}

static struct value name_value(const struct expr *x, const struct value *values)
{
    const struct value *v = &values[x->param];
    return x->by_rank && v->type != VALUE_NONE ? rank_of(x->prior, v) : *v;
}

/* all: `and`. Otherwise `or`. One operand that decides is enough, whatever the others are. */
static struct value value_junction(const struct expr *x, bool all, const struct value *values)
{
    enum expr_truth deciding = all ? EXPR_FALSE : EXPR_TRUE;
    bool any_unknown = false;
    for (const struct expr *o = x->first; o; o = o->next) {
        enum expr_truth t = truth_of(expr_value(o, values));
        if (t == deciding)
            return value_bool(!all);
        any_unknown = any_unknown || t == EXPR_UNKNOWN;
    }
    return any_unknown ? unknown : value_bool(all);
}

static enum expr_truth compare(enum expr_join join, const struct value *a, const struct value *b)
{
    if (a->type == VALUE_NONE || b->type == VALUE_NONE)
        return EXPR_UNKNOWN;
    if (join == JOIN_EQ || join == JOIN_NE)
        return value_alike(a, b) == (join == JOIN_EQ) ? EXPR_TRUE : EXPR_FALSE;
    if (!value_is_number(a) || !value_is_number(b))
        return EXPR_UNKNOWN;
    int order = value_order(a, b);
    bool holds = join == JOIN_LT   ? order < 0
                 : join == JOIN_LE ? order <= 0
                 : join == JOIN_GT ? order > 0
                                   : order >= 0;
    return holds ? EXPR_TRUE : EXPR_FALSE;
}

/* a < b < c is a < b and b < c. */
static struct value value_comparison(const struct expr *x, const struct value *values)
{
    bool any_unknown = false;
    struct value left = expr_value(x->first, values);
    for (const struct expr *o = x->first->next; o; o = o->next) {
        struct value right = expr_value(o, values);
        enum expr_truth t = compare(o->join, &left, &right);
        if (t == EXPR_FALSE)
            return value_bool(false);
        any_unknown = any_unknown || t == EXPR_UNKNOWN;
        left = right;
    }
    return any_unknown ? unknown : value_bool(true);
}

static enum expr_truth in_written_list(const struct value *item, const struct expr *list,
                                       const struct value *values)
{
    enum expr_truth found = EXPR_FALSE;
    for (const struct expr *o = list->first; o && found != EXPR_TRUE; o = o->next) {
        struct value member = expr_value(o, values);
        enum expr_truth t = compare(JOIN_EQ, item, &member);
        if (t != EXPR_FALSE)
            found = t;
    }
    return found;
}

static struct value value_in(const struct expr *x, const struct value *values)
{
    const struct expr *members = x->first->next;
    struct value item = expr_value(x->first, values);
    enum expr_truth found = EXPR_FALSE;
    if (item.type == VALUE_NONE)
        return unknown;
    if (members->kind == X_LIST) {
        found = in_written_list(&item, members, values);
    } else {
        struct value list = expr_value(members, values);
        if (list.type != VALUE_LIST)
            return unknown;
        for (size_t i = 0; i < list.list.n && found == EXPR_FALSE; i++)
            found = value_alike(&item, &list.list.v[i]) ? EXPR_TRUE : EXPR_FALSE;
    }
    if (found == EXPR_UNKNOWN)
        return unknown;
    return value_bool((found == EXPR_TRUE) == (members->join == JOIN_IN));
}

static struct value value_chain(const struct expr *x, const struct value *values)
{
    struct value sum = number_of(expr_value(x->first, values));
    for (const struct expr *o = x->first->next; o && sum.type != VALUE_NONE; o = o->next)
        sum = arith_join(o->join, sum, number_of(expr_value(o, values)));
    return sum;
}

static struct value value_extreme(const struct expr *x, const struct value *values)
{
    struct value best = number_of(expr_value(x->first, values));
    for (const struct expr *o = x->first->next; o && best.type != VALUE_NONE; o = o->next) {
        struct value v = number_of(expr_value(o, values));
        if (v.type == VALUE_NONE)
            return unknown;
        int order = value_order(&v, &best);
        if (x->call == CALL_MIN ? order < 0 : order > 0)
            best = v;
    }
    return best;
}

static struct value value_call(const struct expr *x, const struct value *values)
{
    if (x->call == CALL_MIN || x->call == CALL_MAX)
        return value_extreme(x, values);
    struct value argument = expr_value(x->first, values);
    if (x->call == CALL_LEN)
        return argument.type == VALUE_LIST ? value_int((int64_t)argument.list.n) : unknown;
    return arith_call(x->call, number_of(argument));
}

struct value expr_value(const struct expr *x, const struct value *values)
{
    switch (x->kind) {
    case X_LITERAL:
        return x->by_rank ? value_int(x->rank) : x->literal;
    case X_NAME:
        return name_value(x, values);
    case X_OR:
    case X_AND:
        return value_junction(x, x->kind == X_AND, values);
    case X_NOT: {
        enum expr_truth t = truth_of(expr_value(x->first, values));
        return t == EXPR_UNKNOWN ? unknown
                                 : value_of_truth(t == EXPR_TRUE ? EXPR_FALSE : EXPR_TRUE);
    }
    case X_COMPARE:
        return value_comparison(x, values);
    case X_IN:
        return value_in(x, values);
    case X_SUM:
    case X_PRODUCT:
        return value_chain(x, values);
    case X_NEGATE:
        return arith_negate(number_of(expr_value(x->first, values)));
    case X_POWER:
        return arith_power(number_of(expr_value(x->first, values)),
                           number_of(expr_value(x->first->next, values)));
    case X_CALL:
        return value_call(x, values);
    case X_LIST:
        break; /* looked at by value_in alone */
    }
    return unknown;
}

double expr_number(const struct expr *x, const struct value *values)
{
    struct value v = number_of(expr_value(x, values));
    return v.type == VALUE_INT ? (double)v.i : v.type == VALUE_REAL ? v.r : (double)NAN;
}

enum expr_truth expr_truth(const struct expr *x, const struct value *values)
{
    return truth_of(expr_value(x, values));
}
