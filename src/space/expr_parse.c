/*
 * Text to tree: recursive descent, one function a level of precedence.
 *
 * A function leaves the cursor on the first byte that is not its own, white space skipped.
 */
#include "space/expr_parser.h"

#include <string.h>

static enum code parse_or(struct parser *p, struct expr **ret);
static enum code parse_unary(struct parser *p, struct expr **ret);

static enum code enter(struct parser *p)
{
    if (++p->depth <= EXPR_DEPTH_MAX)
        return OK;
    return cursor_fail(&p->c, p->c.pos, p->e, E_LIMIT, "expression is nested more than %d deep",
                       EXPR_DEPTH_MAX);
}

/* Adds operands to x, separated by commas, up to and with the closing parenthesis. */
static enum code parse_operands(struct parser *p, size_t open, struct expr *x)
{
    struct expr **tail = &x->first;
    enum code code = enter(p);
    while (code == OK && !parser_take_char(p, ')')) {
        if (x->first && !parser_take_char(p, ',')) {
            if (cursor_done(&p->c))
                return parser_fail(p, open, "this parenthesis is never closed", NULL);
            return parser_unexpected(p, "`,` or `)`");
        }
        if (x->first && parser_take_char(p, ')'))
            break; /* a comma before the end, as Python takes it */
        struct expr *operand = NULL;
        code = parse_or(p, &operand);
        if (!operand)
            break;
        *tail = operand;
        tail = &operand->next;
    }
    p->depth--;
    return code;
}

static enum code parse_call(struct parser *p, struct str name, struct expr **ret)
{
    size_t pos = p->c.pos, open;
    p->c.pos += name.n;
    cursor_blanks(&p->c);
    open = p->c.pos;
    parser_take_char(p, '(');
    int call = 0;
    while (call < CALL_COUNT && !str_is(name, expr_call_names[call]))
        call++;
    if (call == CALL_COUNT) {
        cursor_fail(&p->c, pos, p->e, E_UNKNOWN, "there is no function %.*s", STR_FMT(name));
        const char *near = str_nearest(name, expr_call_names, CALL_COUNT);
        if (near)
            error_hint(p->e, "did you mean %s?", near);
        else
            error_hint(p->e, "there are len, abs, min, max, log, log2, log10, exp, sqrt, floor, "
                             "ceil, round");
        return E_UNKNOWN;
    }
    enum code code = parser_node(p, X_CALL, pos, ret);
    if (code != OK)
        return code;
    (*ret)->call = (enum expr_call)call;
    code = parse_operands(p, open, *ret);
    if (code != OK)
        return code;
    const struct expr *first = (*ret)->first;
    if (first && (!first->next || call == CALL_MIN || call == CALL_MAX))
        return OK;
    return cursor_fail(&p->c, pos, p->e, E_INVALID, "%s() takes %s", expr_call_names[call],
                       call == CALL_MIN || call == CALL_MAX ? "at least one number"
                       : call == CALL_LEN                   ? "one list"
                                                            : "one number");
}

static bool is_reserved(struct str word)
{
    return str_is(word, "and") || str_is(word, "or") || str_is(word, "not") || str_is(word, "in");
}

static enum code parse_parenthesis(struct parser *p, struct expr **ret)
{
    size_t open = p->c.pos;
    parser_take_char(p, '(');
    enum code code = enter(p);
    if (code == OK)
        code = parse_or(p, ret);
    p->depth--;
    if (code != OK || parser_take_char(p, ')'))
        return code;
    if (cursor_done(&p->c))
        return parser_fail(p, open, "this parenthesis is never closed", NULL);
    if (cursor_peek(&p->c) == ',')
        return parser_fail(p, open, "a list can stand only on the right of `in`", NULL);
    return parser_unexpected(p, "`)`");
}

static enum code parse_word(struct parser *p, struct str word, struct expr **ret)
{
    struct parser ahead = *p;
    ahead.c.pos += word.n;
    cursor_blanks(&ahead.c);
    if (cursor_peek(&ahead.c) == '(')
        return parse_call(p, word, ret);
    bool truth = str_is(word, "true");
    enum code code =
        parser_node(p, truth || str_is(word, "false") ? X_LITERAL : X_NAME, p->c.pos, ret);
    if (code != OK)
        return code;
    (*ret)->literal = value_bool(truth);
    (*ret)->name = word;
    p->c.pos = ahead.c.pos;
    return OK;
}

static enum code parse_primary(struct parser *p, struct expr **ret)
{
    char c = cursor_peek(&p->c);
    struct str word = parser_peek_word(p);
    if (c == '(')
        return parse_parenthesis(p, ret);
    if (c == '"' || c == '\'')
        return parser_string(p, ret);
    if (c == '`')
        return parser_backquoted(p, ret);
    if (parser_at_number(p))
        return parser_number(p, false, ret);
    if (word.n && !is_reserved(word))
        return parse_word(p, word, ret);
    return parser_unexpected(p, "a value");
}

/* base ** exponent, right to left; the exponent may have a sign. */
static enum code parse_power(struct parser *p, struct expr **ret)
{
    size_t pos = p->c.pos;
    struct expr *base, *power;
    enum code code = parse_primary(p, &base);
    if (code != OK)
        return code;
    if (!str_starts(str_sub(p->c.text, p->c.pos, 2), "**")) {
        *ret = base;
        return OK;
    }
    p->c.pos += 2;
    cursor_blanks(&p->c);
    code = parser_node(p, X_POWER, pos, &power);
    if (code == OK)
        code = enter(p);
    if (code == OK)
        code = parse_unary(p, &base->next);
    p->depth--;
    if (code != OK)
        return code;
    power->first = base;
    *ret = power;
    return OK;
}

static enum code parse_unary(struct parser *p, struct expr **ret)
{
    size_t pos = p->c.pos;
    struct expr *x;
    bool minus = cursor_peek(&p->c) == '-';
    if (!minus && cursor_peek(&p->c) != '+')
        return parse_power(p, ret);
    p->c.pos++;
    cursor_blanks(&p->c);
    if (minus && parser_at_least_integer(p))
        return parser_number(p, true, ret);
    enum code code = enter(p);
    if (code == OK)
        code = parser_node(p, X_NEGATE, pos, &x);
    if (code == OK)
        code = parse_unary(p, &x->first);
    p->depth--;
    if (code != OK)
        return code;
    /* A signed number is a literal, so that it may be a level or stand in a list; +x is x. */
    struct expr *operand = x->first;
    bool folds = minus && operand->kind == X_LITERAL && value_is_number(&operand->literal);
    if (folds) {
        operand->literal = arith_negate(operand->literal);
        operand->pos = pos;
    }
    *ret = minus && !folds ? x : operand;
    return OK;
}

/* One level of operators that group from the left. `next` parses an operand, `join` takes an
 * operator off the cursor (JOIN_NONE: there is none). */
static enum code parse_chain(struct parser *p, enum expr_kind kind,
                             enum code (*next)(struct parser *, struct expr **),
                             enum expr_join (*join)(struct parser *), struct expr **ret)
{
    size_t pos = p->c.pos;
    struct expr *first, *x, **tail;
    enum code code = next(p, &first);
    if (code != OK)
        return code;
    enum expr_join how = join(p);
    if (how == JOIN_NONE) {
        *ret = first;
        return OK;
    }
    code = parser_node(p, kind, pos, &x);
    if (code != OK)
        return code;
    x->first = first;
    for (tail = &first->next; how != JOIN_NONE; how = join(p)) {
        code = next(p, tail);
        if (code != OK)
            return code;
        (*tail)->join = how;
        tail = &(*tail)->next;
    }
    *ret = x;
    return OK;
}

static enum expr_join join_product(struct parser *p)
{
    struct str rest = str_sub(p->c.text, p->c.pos, 2);
    if (str_starts(rest, "//"))
        return JOIN_NONE;
    return parser_take_char(p, '*')   ? JOIN_TIMES
           : parser_take_char(p, '/') ? JOIN_DIVIDE
           : parser_take_char(p, '%') ? JOIN_MODULO
                                      : JOIN_NONE;
}

static enum code parse_product(struct parser *p, struct expr **ret)
{
    return parse_chain(p, X_PRODUCT, parse_unary, join_product, ret);
}

static enum expr_join join_sum(struct parser *p)
{
    return parser_take_char(p, '+') ? JOIN_PLUS : parser_take_char(p, '-') ? JOIN_MINUS : JOIN_NONE;
}

static enum code parse_sum(struct parser *p, struct expr **ret)
{
    return parse_chain(p, X_SUM, parse_product, join_sum, ret);
}

static enum expr_join join_compare(struct parser *p)
{
    static const enum expr_join joins[] = {JOIN_EQ, JOIN_NE, JOIN_LE, JOIN_GE, JOIN_LT, JOIN_GT};
    struct str rest = str_sub(p->c.text, p->c.pos, 2);
    if (str_starts(rest, "<>"))
        return JOIN_NONE;
    for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
        if (str_starts(rest, expr_join_texts[joins[i]])) {
            p->c.pos += strlen(expr_join_texts[joins[i]]);
            cursor_blanks(&p->c);
            return joins[i];
        }
    }
    return JOIN_NONE;
}

/* `in`, `not in`; `not` alone can't follow an operand. */
static enum expr_join join_in(struct parser *p)
{
    struct parser ahead = *p;
    if (parser_take_word(p, "in"))
        return JOIN_IN;
    if (parser_take_word(&ahead, "not") && parser_take_word(&ahead, "in")) {
        p->c.pos = ahead.c.pos;
        return JOIN_NOT_IN;
    }
    return JOIN_NONE;
}

/* The right side of `in`: a list in parentheses, or what may be a list. */
static enum code parse_members(struct parser *p, struct expr **ret)
{
    size_t open = p->c.pos;
    if (cursor_peek(&p->c) != '(')
        return parse_sum(p, ret);
    parser_take_char(p, '(');
    enum code code = parser_node(p, X_LIST, open, ret);
    if (code == OK)
        code = parse_operands(p, open, *ret);
    if (code == OK && !(*ret)->first)
        code = parser_fail(p, open, "this list is empty: nothing is in it", NULL);
    return code;
}

static enum code parse_comparison(struct parser *p, struct expr **ret)
{
    size_t pos = p->c.pos;
    struct expr *item, *x;
    enum code code = parse_chain(p, X_COMPARE, parse_sum, join_compare, &item);
    if (code != OK)
        return code;
    size_t operator_pos = p->c.pos;
    enum expr_join how = join_in(p);
    if (how == JOIN_NONE) {
        *ret = item;
        return OK;
    }
    if (item->kind == X_COMPARE && cursor_since(&p->c, pos).p[0] != '(')
        return parser_fail(p, operator_pos, "`in` can't go on a chain of comparisons",
                           "write a == b and b in (c, d)");
    code = parser_node(p, X_IN, pos, &x);
    if (code == OK)
        code = parse_members(p, &item->next);
    if (code != OK)
        return code;
    x->first = item;
    item->next->join = how;
    size_t after = p->c.pos;
    if (join_compare(p) != JOIN_NONE || join_in(p) != JOIN_NONE)
        return parser_fail(p, after, "a comparison can't follow `in`",
                           "put parentheses around each");
    *ret = x;
    return OK;
}

static enum code parse_not(struct parser *p, struct expr **ret)
{
    size_t pos = p->c.pos;
    if (!parser_take_word(p, "not"))
        return parse_comparison(p, ret);
    struct expr *x;
    enum code code = enter(p);
    if (code == OK)
        code = parser_node(p, X_NOT, pos, &x);
    if (code == OK)
        code = parse_not(p, &x->first);
    p->depth--;
    if (code == OK)
        *ret = x;
    return code;
}

static enum expr_join join_and(struct parser *p)
{
    return parser_take_word(p, "and") ? JOIN_PLUS : JOIN_NONE;
}

static enum code parse_and(struct parser *p, struct expr **ret)
{
    return parse_chain(p, X_AND, parse_not, join_and, ret);
}

static enum expr_join join_or(struct parser *p)
{
    return parser_take_word(p, "or") ? JOIN_PLUS : JOIN_NONE;
}

static enum code parse_or(struct parser *p, struct expr **ret)
{
    return parse_chain(p, X_OR, parse_and, join_or, ret);
}

/* Copies text and file name: the tree outlives the caller's. */
static enum code copy_source(struct arena *a, struct str text, struct location at,
                             const struct expr_source **ret, struct error *e)
{
    struct expr_source *source = arena_alloc(a, sizeof(*source));
    if (!source || arena_str(a, text, &source->text) != OK)
        return error_nomem(e);
    source->at = at;
    if (at.file) {
        source->at.file = arena_cstr(a, str_of(at.file));
        if (!source->at.file)
            return error_nomem(e);
    }
    *ret = source;
    return OK;
}

enum code expr_parse(struct arena *a, struct str text, struct location at, struct expr **ret,
                     struct error *e)
{
    struct parser p = {.a = a, .e = e};
    struct expr *x;
    enum code code = cursor_open(&p.c, text, at, EXPR_BYTES_MAX, "expression", e);
    if (code == OK)
        code = copy_source(a, text, at, &p.source, e);
    if (code != OK)
        return code;
    p.c.text = p.source->text;
    cursor_blanks(&p.c);
    code = parse_or(&p, &x);
    if (code != OK)
        return code;
    if (!cursor_done(&p.c))
        return str_starts(str_sub(p.c.text, p.c.pos, 2), "//")
                   ? parser_fail(&p, p.c.pos, "`//` is not an operator here", "write floor(a / b)")
                   : parser_unexpected(&p, "an operator or the end");
    *ret = x;
    return OK;
}
