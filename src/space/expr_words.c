/*
 * The words of an expression: names, numbers, strings, and what to say of anything else.
 */
#include "space/expr_parser.h"

#include <math.h>
#include <string.h>

const char *const expr_join_texts[] = {
    [JOIN_NONE] = "",   [JOIN_EQ] = "==",         [JOIN_NE] = "!=",    [JOIN_LT] = "<",
    [JOIN_LE] = "<=",   [JOIN_GT] = ">",          [JOIN_GE] = ">=",    [JOIN_PLUS] = "+",
    [JOIN_MINUS] = "-", [JOIN_TIMES] = "*",       [JOIN_DIVIDE] = "/", [JOIN_MODULO] = "%",
    [JOIN_IN] = "in",   [JOIN_NOT_IN] = "not in",
};

const char *const expr_call_names[CALL_COUNT] = {
    [CALL_LEN] = "len",   [CALL_ABS] = "abs",     [CALL_MIN] = "min",     [CALL_MAX] = "max",
    [CALL_LOG] = "log",   [CALL_LOG2] = "log2",   [CALL_LOG10] = "log10", [CALL_EXP] = "exp",
    [CALL_SQRT] = "sqrt", [CALL_FLOOR] = "floor", [CALL_CEIL] = "ceil",   [CALL_ROUND] = "round",
};

enum code parser_fail(const struct parser *p, size_t pos, const char *message, const char *hint)
{
    enum code code = cursor_fail(&p->c, pos, p->e, E_SYNTAX, "%s", message);
    if (hint)
        error_hint(p->e, "%s", hint);
    return code;
}

enum code parser_node(struct parser *p, enum expr_kind kind, size_t pos, struct expr **ret)
{
    struct expr *x = arena_alloc(p->a, sizeof(*x));
    if (!x)
        return error_nomem(p->e);
    x->kind = kind;
    x->pos = pos;
    x->param = -1;
    x->source = p->source;
    *ret = x;
    return OK;
}

static bool is_letter(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct str parser_peek_word(const struct parser *p)
{
    struct cursor c = p->c;
    if (!is_letter(cursor_peek(&c)))
        return (struct str){NULL, 0};
    while (is_letter(cursor_peek(&c)) || is_digit(cursor_peek(&c)) || cursor_peek(&c) == '.')
        c.pos++;
    return cursor_since(&c, p->c.pos);
}

bool parser_take_word(struct parser *p, const char *word)
{
    if (!str_is(parser_peek_word(p), word))
        return false;
    p->c.pos += strlen(word);
    cursor_blanks(&p->c);
    return true;
}

bool parser_take_char(struct parser *p, char c)
{
    if (!cursor_take(&p->c, c))
        return false;
    cursor_blanks(&p->c);
    return true;
}

/* What people bring along from other languages. NULL: nothing known. */
static const char *foreign_hint(const struct parser *p)
{
    struct str rest = str_sub(p->c.text, p->c.pos, 2);
    if (str_starts(rest, "&&") || str_starts(rest, "&"))
        return "write `and`";
    if (str_starts(rest, "||") || str_starts(rest, "|"))
        return "write `or`";
    if (str_starts(rest, "!"))
        return "write `not`";
    if (str_starts(rest, "="))
        return "`==` asks whether two things are equal";
    if (str_starts(rest, "["))
        return "a list is written (a, b), on the right of `in`";
    if (str_starts(rest, "<>"))
        return "write `!=`";
    if (str_starts(rest, "^"))
        return "a power is written `**`";
    if (str_starts(rest, "?"))
        return "there is no conditional operator: `and`, `or` and `not` do";
    return NULL;
}

enum code parser_unexpected(const struct parser *p, const char *wanted)
{
    struct cursor c = p->c;
    if (cursor_done(&c)) {
        cursor_fail(&c, c.pos, p->e, E_SYNTAX, "expression ends where %s should stand", wanted);
        return E_SYNTAX;
    }
    struct str word = parser_peek_word(p);
    if (word.n == 0)
        word = str_sub(c.text, c.pos, str_utf8_step(str_sub(c.text, c.pos, 4)));
    cursor_fail(&c, c.pos, p->e, E_SYNTAX, "`%.*s` stands where %s should", STR_FMT(word), wanted);
    const char *hint = foreign_hint(p);
    if (hint)
        error_hint(p->e, "%s", hint);
    return E_SYNTAX;
}

enum code parser_number(struct parser *p, bool negative, struct expr **ret)
{
    size_t pos = p->c.pos;
    bool based =
        cursor_peek(&p->c) == '0' && pos + 1 < p->c.text.n && strchr("xo", p->c.text.p[pos + 1]);
    for (char last = 0;; last = p->c.text.p[p->c.pos++]) {
        char c = cursor_peek(&p->c);
        bool sign = (c == '-' || c == '+') && (last | 0x20) == 'e' && !based;
        if (!is_letter(c) && !is_digit(c) && c != '.' && !sign)
            break;
    }
    struct str text = cursor_since(&p->c, pos);
    struct value v = value_of_scalar(text);
    bool whole = true;
    for (size_t i = 0; i < text.n; i++)
        whole = whole && (based || is_digit(text.p[i]));
    if (negative && str_is(text, "9223372036854775808"))
        v = value_int(INT64_MIN);
    else if (!value_is_number(&v))
        return parser_fail(p, pos, "this is no number", "a string has quotes around it");
    else if (v.type == VALUE_REAL && whole)
        return parser_fail(p, pos, "this whole number does not fit into 64 bits",
                           "write it as a real, with a point or an exponent");
    else if (v.type == VALUE_REAL && !isfinite(v.r))
        return parser_fail(p, pos, "this number is too large", NULL);
    cursor_blanks(&p->c);
    enum code code = parser_node(p, X_LITERAL, pos, ret);
    if (code == OK)
        (*ret)->literal = v;
    return code;
}

enum code parser_string(struct parser *p, struct expr **ret)
{
    size_t pos = p->c.pos;
    struct str s;
    enum code code = cursor_quoted(&p->c, p->a, &s, p->e);
    if (code == OK)
        code = parser_node(p, X_LITERAL, pos, ret);
    if (code == OK)
        (*ret)->literal = value_string(s);
    cursor_blanks(&p->c);
    return code;
}

enum code parser_backquoted(struct parser *p, struct expr **ret)
{
    size_t pos = p->c.pos++;
    for (char c; (c = cursor_peek(&p->c)) != '`'; p->c.pos++)
        if (!is_letter(c) && !is_digit(c) && c != '.' && c != '-')
            return cursor_done(&p->c)
                       ? parser_fail(p, pos, "this name has no closing `", NULL)
                       : parser_fail(p, p->c.pos, "no parameter has this in its name", NULL);
    struct str name = cursor_since(&p->c, pos + 1);
    parser_take_char(p, '`');
    if (name.n == 0)
        return parser_fail(p, pos, "a name is missing between the backquotes", NULL);
    enum code code = parser_node(p, X_NAME, pos, ret);
    if (code == OK)
        (*ret)->name = name;
    return code;
}

bool parser_at_number(const struct parser *p)
{
    struct str rest = str_sub(p->c.text, p->c.pos, 2);
    return rest.n &&
           (is_digit(rest.p[0]) || (rest.p[0] == '.' && rest.n > 1 && is_digit(rest.p[1])));
}

bool parser_at_least_integer(const struct parser *p)
{
    const char *digits = "9223372036854775808";
    struct cursor c = p->c;
    if (!str_starts(str_sub(c.text, c.pos, c.text.n), digits))
        return false;
    c.pos += strlen(digits);
    if (is_letter(cursor_peek(&c)) || is_digit(cursor_peek(&c)) || cursor_peek(&c) == '.')
        return false;
    cursor_blanks(&c);
    return !str_starts(str_sub(c.text, c.pos, 2), "**");
}
