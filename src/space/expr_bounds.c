/*
 * What an expression can come to, by the bounds of its parameters alone.
 *
 * Each node has a span: the kinds of value it can take and, of numbers, the interval they lie in.
 * Spans are sound (what is excluded can't happen) and not sharp: every operand is taken as if it
 * were independent of the others.
 */
#include "space/expr_tree.h"
#include "space/interval.h"
#include "space/space.h"

#include <math.h>

enum { PAIRS_MAX = 1 << 20 };

struct span {
    bool can_true, can_false, can_string, can_unknown;
    struct interval number; /* empty: never a number */
    /* All values one by one, where they are few; NULL otherwise. */
    const struct value *set;
    size_t n_set;
};

static struct span span_of(const struct expr *x, const struct space *s);

static struct span span_of_number(struct interval number, bool can_unknown)
{
    return (struct span){.number = number, .can_unknown = can_unknown};
}

static struct span span_of_set(const struct value *set, size_t n)
{
    struct span out = {.number = interval_empty(), .set = set, .n_set = n};
    for (size_t i = 0; i < n; i++) {
        const struct value *v = &set[i];
        out.can_true = out.can_true || (v->type == VALUE_BOOL && v->b);
        out.can_false = out.can_false || (v->type == VALUE_BOOL && !v->b);
        out.can_string = out.can_string || v->type == VALUE_STRING;
        if (v->type == VALUE_INT)
            out.number = interval_hull(out.number, interval_of_ints(v->i, v->i));
        else if (v->type == VALUE_REAL)
            out.number = interval_hull(out.number, (struct interval){v->r, v->r});
    }
    return out;
}

static struct span span_of_name(const struct expr *x, const struct space *s)
{
    const struct prior *p = &s->params[x->param].prior;
    if (x->by_rank)
        return span_of_number(interval_of_ints(0, (int64_t)p->n_levels - 1), false);
    if (p->n_levels)
        return span_of_set(p->levels, p->n_levels);
    if (p->kind == PRIOR_INT || p->kind == PRIOR_LOGINT)
        return span_of_number(interval_of_ints(p->ilo, p->ihi), false);
    return span_of_number((struct interval){p->lo, p->hi}, false);
}

static bool is_only_false(struct span x)
{
    return x.can_false && !x.can_true && !x.can_unknown;
}

static struct span turned(struct span x)
{
    return (struct span){.can_true = x.can_false,
                         .can_false = x.can_true,
                         .can_unknown = x.can_unknown,
                         .number = interval_empty()};
}

/* An operand of `and`: what is neither true nor false is unknown. */
static struct span as_truth(struct span x)
{
    x.can_unknown = x.can_unknown || x.can_string || !interval_is_empty(x.number);
    x.number = interval_empty();
    return x;
}

static struct span both(struct span a, struct span b)
{
    if (is_only_false(a) || is_only_false(b))
        return (struct span){.can_false = true, .number = interval_empty()};
    return (struct span){.can_true = a.can_true && b.can_true,
                         .can_false = a.can_false || b.can_false,
                         .can_unknown = a.can_unknown || b.can_unknown,
                         .number = interval_empty()};
}

static struct span either(struct span a, struct span b)
{
    return turned(both(turned(a), turned(b)));
}

static struct span span_of_junction(const struct expr *x, const struct space *s)
{
    struct span out = as_truth(span_of(x->first, s));
    for (const struct expr *o = x->first->next; o; o = o->next) {
        struct span next = as_truth(span_of(o, s));
        out = x->kind == X_AND ? both(out, next) : either(out, next);
    }
    return out;
}

static bool is_point(struct span x)
{
    return x.number.lo == x.number.hi && !x.can_string && !x.can_true && !x.can_false;
}

static struct span span_of_equality(struct span a, struct span b)
{
    struct span out = {.number = interval_empty(), .can_unknown = a.can_unknown || b.can_unknown};
    if (a.set && b.set && a.n_set <= PAIRS_MAX / b.n_set) {
        for (size_t i = 0; i < a.n_set * b.n_set; i++) {
            bool alike = value_alike(&a.set[i / b.n_set], &b.set[i % b.n_set]);
            out.can_true = out.can_true || alike;
            out.can_false = out.can_false || !alike;
        }
        return out;
    }
    bool meet = fmax(a.number.lo, b.number.lo) <= fmin(a.number.hi, b.number.hi);
    out.can_true = meet || (a.can_string && b.can_string) || (a.can_true && b.can_true) ||
                   (a.can_false && b.can_false);
    out.can_false = !(is_point(a) && is_point(b) && meet);
    return out;
}

static struct span span_of_order(enum expr_join join, struct span a, struct span b)
{
    struct span out = {.number = interval_empty()};
    if (join == JOIN_GT || join == JOIN_GE) {
        struct span swap = a;
        a = b;
        b = swap;
    }
    out.can_unknown = a.can_unknown || b.can_unknown || a.can_string || b.can_string ||
                      a.can_true || a.can_false || b.can_true || b.can_false;
    if (interval_is_empty(a.number) || interval_is_empty(b.number))
        return out;
    bool strict = join == JOIN_LT || join == JOIN_GT;
    out.can_true = strict ? a.number.lo < b.number.hi : a.number.lo <= b.number.hi;
    out.can_false = strict ? a.number.hi >= b.number.lo : a.number.hi > b.number.lo;
    return out;
}

static struct span span_of_pair(enum expr_join join, struct span a, struct span b)
{
    if (join == JOIN_EQ)
        return span_of_equality(a, b);
    if (join == JOIN_NE)
        return turned(span_of_equality(a, b));
    return span_of_order(join, a, b);
}

static struct span span_of_comparison(const struct expr *x, const struct space *s)
{
    struct span left = span_of(x->first, s), out = {.can_true = true, .number = interval_empty()};
    for (const struct expr *o = x->first->next; o; o = o->next) {
        struct span right = span_of(o, s);
        out = both(out, span_of_pair(o->join, left, right));
        left = right;
    }
    return out;
}

/* An item of a subset or a permutation. */
static struct span span_of_membership(struct span item, const struct prior *p)
{
    struct span out = {.number = interval_empty(), .can_unknown = item.can_unknown};
    const struct value *items = p->levels;
    size_t n = p->n_levels;
    bool complete =
        p->kind == PRIOR_FIXED || p->kind == PRIOR_PERMUTATION || (size_t)p->min == p->n_levels;
    if (p->kind == PRIOR_FIXED) {
        n = items->list.n;
        items = items->list.v;
    }
    if (n == 0) { /* a fixed list may be empty */
        out.can_false = true;
        return out;
    }
    struct span found = span_of_equality(item, span_of_set(items, n));
    out.can_true = found.can_true && (complete || p->max > 0);
    /* One item that is surely among them; otherwise anything may be missing. */
    bool surely = complete && item.set && item.n_set == 1 && found.can_true;
    out.can_false = !surely;
    return out;
}

static struct span span_of_in(const struct expr *x, const struct space *s)
{
    const struct expr *members = x->first->next;
    struct span item = span_of(x->first, s), out = {.can_false = true, .number = interval_empty()};
    if (members->kind == X_NAME)
        out = span_of_membership(item, &s->params[members->param].prior);
    for (const struct expr *o = members->kind == X_LIST ? members->first : NULL; o; o = o->next)
        out = either(out, span_of_equality(item, span_of(o, s)));
    return members->join == JOIN_IN ? out : turned(out);
}

/* An operand of arithmetic: a flag counts as 0 or 1, what is no number makes the rest unknown. */
static struct interval as_number(struct span x, bool *can_unknown)
{
    *can_unknown = *can_unknown || x.can_unknown || x.can_string;
    if (x.can_false)
        x.number = interval_hull(x.number, (struct interval){0, 0});
    if (x.can_true)
        x.number = interval_hull(x.number, (struct interval){1, 1});
    return x.number;
}

static struct interval joined(enum expr_join join, struct interval a, struct interval b,
                              bool *can_unknown)
{
    if (join == JOIN_PLUS)
        return interval_add(a, b, can_unknown);
    if (join == JOIN_MINUS)
        return interval_subtract(a, b, can_unknown);
    if (join == JOIN_TIMES)
        return interval_multiply(a, b, can_unknown);
    if (join == JOIN_DIVIDE)
        return interval_divide(a, b, can_unknown);
    return interval_modulo(a, b, can_unknown);
}

static struct span span_of_chain(const struct expr *x, const struct space *s)
{
    bool can_unknown = false;
    struct interval out = as_number(span_of(x->first, s), &can_unknown);
    for (const struct expr *o = x->first->next; o; o = o->next)
        out = joined(o->join, out, as_number(span_of(o, s), &can_unknown), &can_unknown);
    return span_of_number(out, can_unknown);
}

static struct span span_of_length(const struct expr *list, const struct space *s)
{
    const struct prior *p = &s->params[list->param].prior;
    size_t all = p->kind == PRIOR_FIXED ? p->levels->list.n : p->n_levels;
    bool subset = p->kind == PRIOR_SUBSET;
    return span_of_number(
        interval_of_ints(subset ? p->min : (int64_t)all, subset ? p->max : (int64_t)all), false);
}

static struct span span_of_call(const struct expr *x, const struct space *s)
{
    bool fails = false;
    if (x->call == CALL_LEN)
        return span_of_length(x->first, s);
    struct interval v = as_number(span_of(x->first, s), &fails);
    for (const struct expr *o = x->first->next; o; o = o->next) {
        struct interval next = as_number(span_of(o, s), &fails);
        v = x->call == CALL_MIN ? interval_min(v, next) : interval_max(v, next);
    }
    if (interval_is_empty(v))
        return span_of_number(v, true);
    switch (x->call) {
    case CALL_ABS:
        v = interval_abs(v);
        break;
    case CALL_LOG:
        v = interval_partial(log, false, 0, true, v, &fails);
        break;
    case CALL_LOG2:
        v = interval_partial(log2, false, 0, true, v, &fails);
        break;
    case CALL_LOG10:
        v = interval_partial(log10, false, 0, true, v, &fails);
        break;
    case CALL_SQRT:
        v = interval_partial(sqrt, true, 0, false, v, &fails);
        break;
    case CALL_EXP:
        v = interval_rising(exp, false, v);
        break;
    case CALL_FLOOR:
        v = interval_rising(floor, true, v);
        break;
    case CALL_CEIL:
        v = interval_rising(ceil, true, v);
        break;
    case CALL_ROUND:
        v = interval_rising(rint, true, v);
        break;
    case CALL_LEN:
    case CALL_MIN:
    case CALL_MAX:
    case CALL_COUNT:
        break;
    }
    return span_of_number(v, fails);
}

static struct span span_of_power(const struct expr *x, const struct space *s)
{
    bool fails = false;
    struct interval base = as_number(span_of(x->first, s), &fails);
    struct interval exponent = as_number(span_of(x->first->next, s), &fails);
    struct interval power = interval_power(base, exponent, &fails);
    return span_of_number(power, fails);
}

static struct span span_of_negation(const struct expr *x, const struct space *s)
{
    bool fails = false;
    struct interval v = interval_negate(as_number(span_of(x->first, s), &fails));
    return span_of_number(v, fails || interval_is_empty(v));
}

static struct span span_of(const struct expr *x, const struct space *s)
{
    switch (x->kind) {
    case X_LITERAL:
        return x->by_rank ? span_of_number(interval_of_ints(x->rank, x->rank), false)
                          : span_of_set(&x->literal, 1);
    case X_NAME:
        return span_of_name(x, s);
    case X_OR:
    case X_AND:
        return span_of_junction(x, s);
    case X_NOT:
        return turned(as_truth(span_of(x->first, s)));
    case X_COMPARE:
        return span_of_comparison(x, s);
    case X_IN:
        return span_of_in(x, s);
    case X_SUM:
    case X_PRODUCT:
        return span_of_chain(x, s);
    case X_NEGATE:
        return span_of_negation(x, s);
    case X_POWER:
        return span_of_power(x, s);
    case X_CALL:
        return span_of_call(x, s);
    case X_LIST:
        break; /* looked at by span_of_in alone */
    }
    return (struct span){.can_unknown = true, .number = interval_all()};
}

unsigned expr_outcomes(const struct expr *x, const struct space *s)
{
    struct span out = as_truth(span_of(x, s));
    return (unsigned)out.can_false << EXPR_FALSE | (unsigned)out.can_true << EXPR_TRUE |
           (unsigned)out.can_unknown << EXPR_UNKNOWN;
}

enum expr_truth expr_bounds(const struct expr *x, const struct space *s)
{
    unsigned outcomes = expr_outcomes(x, s);
    if (outcomes == 1u << EXPR_TRUE)
        return EXPR_TRUE;
    return outcomes & 1u << EXPR_TRUE ? EXPR_UNKNOWN : EXPR_FALSE;
}
