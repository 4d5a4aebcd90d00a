/*
 * Canonical text of an expression: one space around operators, parentheses only where they are
 * needed.
 */
#include "space/expr_tree.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

/* How tightly a node binds: an operand that binds less than its place asks needs parentheses. */
enum tightness {
    TIGHT_OR,
    TIGHT_AND,
    TIGHT_NOT,
    TIGHT_COMPARE,
    TIGHT_SUM,
    TIGHT_PRODUCT,
    TIGHT_UNARY,
    TIGHT_POWER,
    TIGHT_ATOM
};

static bool is_negative(const struct value *v)
{
    return (v->type == VALUE_INT && v->i < 0) || (v->type == VALUE_REAL && signbit(v->r));
}

static enum tightness tightness(const struct expr *x)
{
    switch (x->kind) {
    case X_OR:
        return TIGHT_OR;
    case X_AND:
        return TIGHT_AND;
    case X_NOT:
        return TIGHT_NOT;
    case X_COMPARE:
    case X_IN:
        return TIGHT_COMPARE;
    case X_SUM:
        return TIGHT_SUM;
    case X_PRODUCT:
        return TIGHT_PRODUCT;
    case X_NEGATE:
        return TIGHT_UNARY;
    case X_POWER:
        return TIGHT_POWER;
    case X_LITERAL:
        return is_negative(&x->literal) ? TIGHT_UNARY : TIGHT_ATOM;
    case X_NAME:
    case X_LIST:
    case X_CALL:
        break;
    }
    return TIGHT_ATOM;
}

static void write_within(const struct expr *x, enum tightness least, struct buf *b)
{
    bool wrap = tightness(x) < least;
    if (wrap)
        buf_char(b, '(');
    expr_write(x, b);
    if (wrap)
        buf_char(b, ')');
}

/* Operands side by side; `word` stands between them, or what each says itself where NULL. */
static void write_chain(const struct expr *x, const char *word, enum tightness least, struct buf *b)
{
    for (const struct expr *o = x->first; o; o = o->next) {
        if (o != x->first) {
            buf_char(b, ' ');
            buf_cstr(b, word ? word : expr_join_texts[o->join]);
            buf_char(b, ' ');
        }
        write_within(o, least, b);
    }
}

static void write_operands(const struct expr *x, struct buf *b)
{
    buf_char(b, '(');
    for (const struct expr *o = x->first; o; o = o->next) {
        if (o != x->first)
            buf_cstr(b, ", ");
        expr_write(o, b);
    }
    buf_char(b, ')');
}

/* Does it read as one bare word that stands for a name? */
static bool is_bare(struct str name)
{
    static const char *const words[] = {"and", "or", "not", "in", "true", "false"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_is(name, words[i]))
            return false;
    char first = name.n ? name.p[0] : '-';
    return first != '.' && first != '-' && !(first >= '0' && first <= '9') &&
           !memchr(name.p, '-', name.n);
}

static void write_name(struct str name, struct buf *b)
{
    const char *quote = is_bare(name) ? "" : "`";
    buf_cstr(b, quote);
    buf_str(b, name);
    buf_cstr(b, quote);
}

static void write_literal(const struct value *v, struct buf *b)
{
    if (v->type == VALUE_STRING)
        value_quote(v->s, b);
    else if (v->type == VALUE_REAL)
        number_write_real(b, v->r);
    else
        value_text(v, b);
}

void expr_write(const struct expr *x, struct buf *b)
{
    switch (x->kind) {
    case X_LITERAL:
        write_literal(&x->literal, b);
        break;
    case X_NAME:
        write_name(x->name, b);
        break;
    case X_OR:
        write_chain(x, "or", TIGHT_AND, b);
        break;
    case X_AND:
        write_chain(x, "and", TIGHT_NOT, b);
        break;
    case X_NOT:
        buf_cstr(b, "not ");
        write_within(x->first, TIGHT_NOT, b);
        break;
    case X_COMPARE:
        write_chain(x, NULL, TIGHT_SUM, b);
        break;
    case X_IN:
        write_within(x->first, TIGHT_SUM, b);
        buf_fmt(b, " %s ", expr_join_texts[x->first->next->join]);
        write_within(x->first->next, TIGHT_SUM, b);
        break;
    case X_SUM:
        write_chain(x, NULL, TIGHT_PRODUCT, b);
        break;
    case X_PRODUCT:
        write_chain(x, NULL, TIGHT_UNARY, b);
        break;
    case X_NEGATE:
        buf_char(b, '-');
        write_within(x->first, TIGHT_UNARY, b);
        break;
    case X_POWER:
        write_within(x->first, TIGHT_ATOM, b);
        buf_cstr(b, " ** ");
        write_within(x->first->next, TIGHT_UNARY, b);
        break;
    case X_CALL:
        buf_cstr(b, expr_call_names[x->call]);
        write_operands(x, b);
        break;
    case X_LIST:
        write_operands(x, b);
        break;
    }
}
