/*
 * Names to parameters, and types.
 *
 * Types are sets (T_*), since a choice may mix numbers, strings and truth values: what can never be
 * meant is refused, what depends on the value taken is left to evaluation.
 */
#include "space/expr_tree.h"
#include "space/space.h"

#include <string.h>

static enum code bind(struct expr *x, const struct space *s, struct error *e);

static enum code printf_like(4, 5)
    fail(const struct expr *x, struct error *e, enum code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(e, code, fmt, ap);
    va_end(ap);
    location_mark(e, x->source->at, x->source->text, x->pos);
    return code;
}

static unsigned type_of_value(const struct value *v)
{
    switch (v->type) {
    case VALUE_BOOL:
        return T_BOOL;
    case VALUE_INT:
    case VALUE_REAL:
        return T_NUMBER;
    case VALUE_STRING:
        return T_STRING;
    case VALUE_LIST:
        return T_LIST;
    case VALUE_NONE:
        break;
    }
    return 0;
}

static unsigned type_of_levels(const struct prior *p)
{
    unsigned types = 0;
    for (size_t i = 0; i < p->n_levels; i++)
        types |= type_of_value(&p->levels[i]);
    return types;
}

static unsigned type_of_prior(const struct prior *p)
{
    if (p->kind == PRIOR_SUBSET || p->kind == PRIOR_PERMUTATION)
        return T_LIST;
    return p->n_levels ? type_of_levels(p) : T_NUMBER;
}

static const char *type_text(unsigned types)
{
    switch (types) {
    case T_BOOL:
        return "true or false";
    case T_NUMBER:
        return "a number";
    case T_STRING:
        return "a string";
    case T_LIST:
        return "a list";
    default:
        return "of mixed type";
    }
}

/* x as it stands in the text, for messages; short. */
struct phrase {
    char text[64];
};

static struct phrase phrase(const struct expr *x)
{
    struct phrase out = {""};
    struct buf b;
    buf_init(&b, EXPR_BYTES_MAX * 2);
    expr_write(x, &b);
    struct str s = buf_view(&b);
    size_t n = 0, step;
    while (n < s.n && (step = str_utf8_step(str_sub(s, n, 4))) > 0 && n + step < sizeof(out) - 3)
        n += step;
    if (n)
        memcpy(out.text, s.p, n);
    if (n < s.n)
        memcpy(out.text + n, "...", 3);
    buf_free(&b);
    return out;
}

/* The levels or items of the parameter that x names; NULL where it has none. */
static const struct prior *levels_of(const struct expr *x, const struct space *s)
{
    int i = x && x->kind == X_NAME ? space_find(s, x->name) : -1;
    return i >= 0 && s->params[i].prior.n_levels ? &s->params[i].prior : NULL;
}

static bool has_level(const struct prior *p, const struct value *v)
{
    for (size_t i = 0; i < p->n_levels; i++)
        if (value_alike(&p->levels[i], v))
            return true;
    return false;
}

/* "did you mean" for a name nobody knows. `beside` is what it is compared with, or NULL. */
static void hint_unknown(const struct expr *x, const struct expr *beside, const struct space *s,
                         struct error *e)
{
    const struct prior *p = levels_of(beside, s);
    struct value word = value_string(x->name);
    if (p && has_level(p, &word)) {
        error_hint(e, "it is a value of %.*s: put it in quotes, \"%.*s\"", STR_FMT(beside->name),
                   STR_FMT(x->name));
        return;
    }
    for (size_t i = 0; i < s->n_params; i++) {
        struct str name = s->params[i].name;
        if (name.n > x->name.n && name.p[x->name.n] == '-' &&
            str_eq(str_sub(name, 0, x->name.n), x->name)) {
            error_hint(e, "a name with a hyphen stands in backquotes: `%s`", name.p);
            return;
        }
    }
    const char *near = space_nearest(s, x->name);
    if (near)
        error_hint(e, "did you mean %s?", near);
    else
        error_hint(e, "a bare word is a parameter, a string has quotes");
}

/* Binds an operand; `beside` is another one that it is compared with, for the hint. */
static enum code bind_beside(struct expr *x, const struct expr *beside, const struct space *s,
                             struct error *e)
{
    if (x->kind != X_NAME)
        return bind(x, s, e);
    x->param = space_find(s, x->name);
    if (x->param >= 0) {
        x->prior = &s->params[x->param].prior;
        x->types = type_of_prior(x->prior);
        return OK;
    }
    fail(x, e, E_UNKNOWN, "there is no parameter %.*s", STR_FMT(x->name));
    hint_unknown(x, beside, s, e);
    return E_UNKNOWN;
}

/* Every operand must be able to be one of `types`. */
static enum code want(const struct expr *x, unsigned types, const char *where, struct error *e)
{
    if (x->types & types)
        return OK;
    enum code code =
        fail(x, e, E_INVALID, "%s wants %s, but %s is %s", where,
             types & T_NUMBER ? "numbers" : type_text(types), phrase(x).text, type_text(x->types));
    if (types == T_BOOL && x->types == T_NUMBER)
        error_hint(e, "compare it with something: %s > 0", phrase(x).text);
    else if (types == T_BOOL && x->types == T_STRING)
        error_hint(e, "compare it with something: %s == \"...\"", phrase(x).text);
    else if (x->types == T_LIST)
        error_hint(e, "a list is asked with len(features) or \"hour\" in features");
    return code;
}

static enum code bind_operands(struct expr *x, unsigned types, const char *where, unsigned result,
                               const struct space *s, struct error *e)
{
    for (struct expr *o = x->first; o; o = o->next) {
        enum code code = bind(o, s, e);
        if (code == OK)
            code = want(o, types, where, e);
        if (code != OK)
            return code;
    }
    x->types = result;
    return OK;
}

/* `literal` is compared with a parameter of these levels (or is asked to be among its items). */
static enum code check_level(const struct expr *literal, const struct expr *name,
                             const struct space *s, struct error *e)
{
    const struct prior *p = levels_of(name, s);
    if (literal->kind != X_LITERAL || !p || p->kind == PRIOR_FIXED || p->kind == PRIOR_FLAG ||
        has_level(p, &literal->literal))
        return OK;
    const char *near = NULL;
    enum code code = fail(literal, e, E_INVALID, "%s is not a value of %.*s", phrase(literal).text,
                          STR_FMT(name->name));
    if (literal->literal.type == VALUE_STRING)
        near = prior_nearest(p, literal->literal.s);
    if (near) {
        error_hint(e, "did you mean \"%s\"?", near);
    } else {
        struct buf b;
        buf_init(&b, 1 << 20);
        prior_write_levels(p, &b);
        error_hint(e, "its values are %.*s", STR_FMT(buf_view(&b)));
        buf_free(&b);
    }
    return code;
}

static enum code check_equality(const struct expr *a, const struct expr *b, const struct space *s,
                                struct error *e)
{
    if ((a->types | b->types) & T_LIST) {
        const struct expr *list = a->types & T_LIST ? a : b;
        fail(list, e, E_INVALID, "%s is a list, and lists are not compared", phrase(list).text);
        error_hint(e, "ask \"item\" in %s, or len(%s)", phrase(list).text, phrase(list).text);
        return E_INVALID;
    }
    if (!(a->types & b->types)) {
        fail(b, e, E_INVALID, "%s is %s and %s is %s: they are never equal", phrase(a).text,
             type_text(a->types), phrase(b).text, type_text(b->types));
        if (a->types == T_BOOL || b->types == T_BOOL)
            error_hint(e, "a flag is compared with true or false, or stands alone");
        return E_INVALID;
    }
    enum code code = check_level(a, b, s, e);
    return code == OK ? check_level(b, a, s, e) : code;
}

static bool is_ordinal_of_strings(const struct expr *x, const struct space *s)
{
    return x->kind == X_NAME && s->params[x->param].prior.kind == PRIOR_ORDINAL &&
           type_of_levels(&s->params[x->param].prior) == T_STRING;
}

static bool same_levels(const struct prior *a, const struct prior *b)
{
    if (a->n_levels != b->n_levels)
        return false;
    for (size_t i = 0; i < a->n_levels; i++)
        if (!value_equal(&a->levels[i], &b->levels[i]))
            return false;
    return true;
}

/* A chain that orders an ordinal of strings: every operand becomes its rank. */
static enum code bind_ranks(struct expr *x, const struct expr *ordinal, const struct space *s,
                            struct error *e)
{
    const struct prior *p = &s->params[ordinal->param].prior;
    for (struct expr *o = x->first; o; o = o->next) {
        if (o->kind == X_LITERAL && o->literal.type == VALUE_STRING) {
            enum code code = check_level(o, ordinal, s, e);
            if (code != OK)
                return code;
            while (!value_equal(&p->levels[o->rank], &o->literal))
                o->rank++;
        } else if (!is_ordinal_of_strings(o, s) || !same_levels(p, &s->params[o->param].prior)) {
            fail(o, e, E_INVALID, "%s has no place among the levels of %.*s", phrase(o).text,
                 STR_FMT(ordinal->name));
            error_hint(e, "an ordinal compares with its own levels: %.*s < \"%.*s\"",
                       STR_FMT(ordinal->name), STR_FMT(p->levels[p->n_levels - 1].s));
            return E_INVALID;
        }
        o->by_rank = true;
    }
    return OK;
}

static enum code check_order(const struct expr *a, const struct expr *b, struct error *e)
{
    if ((a->types & T_NUMBER) && (b->types & T_NUMBER))
        return OK;
    const struct expr *odd = a->types & T_NUMBER ? b : a;
    if (a->types == b->types) {
        fail(odd, e, E_INVALID, "%s is %s, and those have no order", phrase(odd).text,
             type_text(odd->types));
        if (odd->types == T_STRING)
            error_hint(e, "make it an ordinal(...): its levels compare by their place in it");
        return E_INVALID;
    }
    return fail(odd, e, E_INVALID, "%s is %s and %s is %s: they can't be compared", phrase(a).text,
                type_text(a->types), phrase(b).text, type_text(b->types));
}

static enum code bind_comparison(struct expr *x, const struct space *s, struct error *e)
{
    const struct expr *ordinal = NULL;
    bool ordered = false;
    enum code code = OK;
    for (struct expr *o = x->first, *left = NULL; o && code == OK; left = o, o = o->next) {
        const struct expr *beside = levels_of(left, s) ? left : o->next;
        code = bind_beside(o, beside, s, e);
        if (code == OK && is_ordinal_of_strings(o, s))
            ordinal = o;
        ordered = ordered || (o->join != JOIN_NONE && o->join != JOIN_EQ && o->join != JOIN_NE);
    }
    x->types = T_BOOL;
    if (code == OK && ordered && ordinal)
        return bind_ranks(x, ordinal, s, e);
    for (struct expr *o = x->first; o && o->next && code == OK; o = o->next) {
        bool equality = o->next->join == JOIN_EQ || o->next->join == JOIN_NE;
        code = equality ? check_equality(o, o->next, s, e) : check_order(o, o->next, e);
    }
    return code;
}

/* "hour" in features */
static enum code bind_in_parameter(struct expr *item, struct expr *list, const struct space *s,
                                   struct error *e)
{
    enum code code = bind_beside(item, list, s, e);
    if (code == OK)
        code = bind_beside(list, NULL, s, e);
    if (code != OK)
        return code;
    if (list->types != T_LIST) {
        fail(list, e, E_INVALID, "%s is %s, not a list", phrase(list).text, type_text(list->types));
        error_hint(e, "write a list in parentheses: x in (a, b)");
        return E_INVALID;
    }
    const struct prior *p = &s->params[list->param].prior;
    if (p->kind == PRIOR_FIXED)
        return OK;
    if (!(item->types & type_of_levels(p)))
        return fail(item, e, E_INVALID, "%s is %s, and the items of %s are not", phrase(item).text,
                    type_text(item->types), phrase(list).text);
    return check_level(item, list, s, e);
}

static enum code bind_in(struct expr *x, const struct space *s, struct error *e)
{
    struct expr *item = x->first, *members = item->next;
    x->types = T_BOOL;
    if (members->kind != X_LIST)
        return bind_in_parameter(item, members, s, e);
    enum code code = bind_beside(item, members->first, s, e);
    for (struct expr *o = members->first; o && code == OK; o = o->next) {
        code = bind_beside(o, item, s, e);
        if (code == OK)
            code = check_equality(item, o, s, e);
    }
    return code;
}

static enum code bind_call(struct expr *x, const struct space *s, struct error *e)
{
    if (x->call != CALL_LEN)
        return bind_operands(x, T_NUMBER | T_BOOL, expr_call_names[x->call], T_NUMBER, s, e);
    enum code code = bind(x->first, s, e);
    if (code == OK && x->first->types != T_LIST)
        code = fail(x->first, e, E_INVALID, "len wants a list, but %s is %s", phrase(x->first).text,
                    type_text(x->first->types));
    x->types = T_NUMBER;
    return code;
}

static enum code bind(struct expr *x, const struct space *s, struct error *e)
{
    const unsigned countable = T_NUMBER | T_BOOL; /* a flag counts as 0 or 1 */
    switch (x->kind) {
    case X_LITERAL:
        x->types = type_of_value(&x->literal);
        return OK;
    case X_NAME:
        return bind_beside(x, NULL, s, e);
    case X_OR:
        return bind_operands(x, T_BOOL, "`or`", T_BOOL, s, e);
    case X_AND:
        return bind_operands(x, T_BOOL, "`and`", T_BOOL, s, e);
    case X_NOT:
        return bind_operands(x, T_BOOL, "`not`", T_BOOL, s, e);
    case X_COMPARE:
        return bind_comparison(x, s, e);
    case X_IN:
        return bind_in(x, s, e);
    case X_SUM:
    case X_PRODUCT:
        return bind_operands(x, countable, "arithmetic", T_NUMBER, s, e);
    case X_NEGATE:
        return bind_operands(x, countable, "`-`", T_NUMBER, s, e);
    case X_POWER:
        return bind_operands(x, countable, "`**`", T_NUMBER, s, e);
    case X_CALL:
        return bind_call(x, s, e);
    case X_LIST:
        break; /* bound by bind_in alone */
    }
    return fail(x, e, E_INVALID, "a list can stand only on the right of `in`");
}

enum code expr_bind(struct expr *x, const struct space *s, struct error *e)
{
    enum code code = bind(x, s, e);
    if (code != OK)
        return code;
    return want(x, T_BOOL, "a condition", e);
}

enum code expr_bind_number(struct expr *x, const struct space *s, struct error *e)
{
    enum code code = bind(x, s, e);
    if (code != OK)
        return code;
    return want(x, T_NUMBER | T_BOOL, "a quantity", e);
}

void expr_names(const struct expr *x, void (*visit)(void *self, int param), void *self)
{
    if (x->kind == X_NAME && x->param >= 0)
        visit(self, x->param);
    for (const struct expr *o = x->first; o; o = o->next)
        expr_names(o, visit, self);
}
