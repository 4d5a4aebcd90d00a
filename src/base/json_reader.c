/*
 * Recursive descent; the depth is bounded, so the stack is.
 */
#include "base/json_reader.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct str all;
    size_t at;
    int depth;
    struct arena *arena;
    struct error *e;
};

static enum code parse_value(struct parser *p, struct json_node *ret);

static enum code fail(struct parser *p, enum code code, const char *what)
{
    size_t column = p->at + 1;
    error_set(p->e, code, "%s at column %zu", what, column);
    return code;
}

static char peek(const struct parser *p)
{
    return p->at < p->all.n ? p->all.p[p->at] : '\0';
}

static char skip_blanks(struct parser *p)
{
    while (p->at < p->all.n && strchr(" \t\r\n", p->all.p[p->at]) && p->all.p[p->at])
        p->at++;
    return peek(p);
}

static bool accept(struct parser *p, const char *word)
{
    if (!str_starts(str_sub(p->all, p->at, p->all.n), word))
        return false;
    p->at += strlen(word);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after \u; -1 where they are not there. */
static int32_t take_unit(struct parser *p)
{
    int32_t v = 0;
    if (p->all.n - p->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p->all.p[p->at + (size_t)i]);
        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    p->at += 4;
    return v;
}

static size_t write_utf8(char *out, int32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* After \u. A lone surrogate becomes U+FFFD. */
static enum code take_unicode(struct parser *p, char *out, size_t *n)
{
    int32_t c = take_unit(p);
    if (c < 0)
        return fail(p, E_SYNTAX, "four hexadecimal digits must follow \\u");
    if (c >= 0xd800 && c < 0xdc00 && accept(p, "\\u")) {
        int32_t low = take_unit(p);
        if (low < 0)
            return fail(p, E_SYNTAX, "four hexadecimal digits must follow \\u");
        c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
                                          : 0xfffd;
    }
    if (c >= 0xd800 && c < 0xe000)
        c = 0xfffd;
    *n += write_utf8(out + *n, c);
    return OK;
}

/* Copies a string with escapes, up to the closing quote at `end`. An escape is never shorter than
 * what it stands for, so that the copy fits into as many bytes. */
static enum code take_escaped(struct parser *p, size_t end, struct str *ret)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char *out = arena_alloc(p->arena, end - p->at + 1);
    size_t n = 0;
    if (!out)
        return error_nomem(p->e);
    while (p->at < end) {
        char c = p->all.p[p->at++];
        if (c != '\\') {
            out[n++] = c;
            continue;
        }
        c = p->all.p[p->at];
        const char *known = c ? strchr(from, c) : NULL;
        if (known) {
            out[n++] = to[known - from];
            p->at++;
        } else if (accept(p, "u")) {
            enum code code = take_unicode(p, out, &n);
            if (code != OK)
                return code;
        } else {
            return fail(p, E_SYNTAX, "unknown escape");
        }
    }
    *ret = (struct str){out, n};
    return OK;
}

static enum code parse_string(struct parser *p, struct str *ret)
{
    size_t start = ++p->at, end = start;
    bool escaped = false;
    for (; end < p->all.n && p->all.p[end] != '"'; end++) {
        if ((unsigned char)p->all.p[end] < 0x20) {
            p->at = end;
            return fail(p, E_SYNTAX, "control character in a string");
        }
        if (p->all.p[end] == '\\') {
            escaped = true;
            end++;
        }
    }
    if (end >= p->all.n)
        return fail(p, E_SYNTAX, "string without an end");
    *ret = str_sub(p->all, start, end - start);
    if (!str_valid_utf8(*ret))
        return fail(p, E_SYNTAX, "string that is not UTF-8");
    enum code code = escaped ? take_escaped(p, end, ret) : OK;
    p->at = end + 1;
    return code;
}

static size_t digits(const struct parser *p, size_t at)
{
    size_t n = 0;
    while (at + n < p->all.n && p->all.p[at + n] >= '0' && p->all.p[at + n] <= '9')
        n++;
    return n;
}

static enum code parse_number(struct parser *p, struct json_node *ret)
{
    size_t start = p->at, at = start + (peek(p) == '-');
    size_t n = digits(p, at);
    bool bad = n == 0 || (n > 1 && p->all.p[at] == '0');
    at += n;
    if (!bad && at < p->all.n && p->all.p[at] == '.') {
        n = digits(p, ++at);
        bad = n == 0;
        at += n;
    }
    if (!bad && at < p->all.n && (p->all.p[at] | 0x20) == 'e') {
        at++;
        at += at < p->all.n && (p->all.p[at] == '+' || p->all.p[at] == '-');
        n = digits(p, at);
        bad = n == 0;
        at += n;
    }
    struct str text = str_sub(p->all, start, at - start);
    if (bad || !number_parse_real(text, &ret->real))
        return fail(p, E_SYNTAX, "no right number");
    ret->kind = JSON_KIND_NUMBER;
    ret->whole = number_parse_i64(text, &ret->integer);
    p->at = at;
    return OK;
}

static int by_key(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Sorting a copy of the keys keeps a hostile object from costing its length squared. */
static enum code refuse_duplicates(struct parser *p, const struct json_node *object)
{
    if (object->n < 2)
        return OK;
    if (object->n > JSON_READER_KEYS_MAX)
        return fail(p, E_LIMIT, "too many keys in the object that ends");
    struct str *keys = arena_array(p->arena, object->n, sizeof(*keys));
    if (!keys)
        return error_nomem(p->e);
    size_t n = 0;
    for (const struct json_node *m = object->first; m; m = m->next)
        keys[n++] = m->key;
    qsort(keys, n, sizeof(*keys), by_key);
    for (size_t i = 1; i < n; i++)
        if (str_eq(keys[i - 1], keys[i]))
            return error_set(p->e, E_DUPLICATE, "the key \"%.*s\" stands twice", STR_FMT(keys[i]));
    return OK;
}

static enum code parse_key(struct parser *p, struct json_node *member)
{
    if (skip_blanks(p) != '"')
        return fail(p, E_SYNTAX, "a key in quotes is missing");
    enum code code = parse_string(p, &member->key);
    if (code != OK)
        return code;
    if (skip_blanks(p) != ':')
        return fail(p, E_SYNTAX, "':' is missing");
    p->at++;
    return OK;
}

static enum code parse_children(struct parser *p, struct json_node *ret, char close)
{
    struct json_node **link = &ret->first;
    p->at++;
    if (skip_blanks(p) == close) {
        p->at++;
        return OK;
    }
    for (;;) {
        struct json_node *child = arena_alloc(p->arena, sizeof(*child));
        if (!child)
            return error_nomem(p->e);
        enum code code = close == '}' ? parse_key(p, child) : OK;
        if (code == OK)
            code = parse_value(p, child);
        if (code != OK)
            return code;
        *link = child;
        link = &child->next;
        ret->n++;
        char c = skip_blanks(p);
        if (c != ',' && c != close)
            return fail(p, E_SYNTAX,
                        close == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
        p->at++;
        if (c == close)
            return OK;
    }
}

static enum code parse_nested(struct parser *p, struct json_node *ret)
{
    bool object = peek(p) == '{';
    if (p->depth == JSON_READER_DEPTH_MAX)
        return fail(p, E_LIMIT, "nested too deeply");
    p->depth++;
    ret->kind = object ? JSON_KIND_OBJECT : JSON_KIND_ARRAY;
    enum code code = parse_children(p, ret, object ? '}' : ']');
    p->depth--;
    return code == OK && object ? refuse_duplicates(p, ret) : code;
}

static enum code parse_word(struct parser *p, struct json_node *ret)
{
    ret->kind = JSON_KIND_NUMBER;
    if (accept(p, "NaN")) {
        ret->real = (double)NAN;
    } else if (accept(p, "Infinity")) {
        ret->real = (double)INFINITY;
    } else if (accept(p, "-Infinity")) {
        ret->real = -(double)INFINITY;
    } else if (accept(p, "null")) {
        ret->kind = JSON_KIND_NULL;
    } else if (accept(p, "true") || accept(p, "false")) {
        ret->kind = JSON_KIND_BOOL;
        ret->truth = p->all.p[p->at - 2] == 'u';
    } else {
        return fail(p, E_SYNTAX, p->at < p->all.n ? "unexpected text" : "the text ends too early");
    }
    return OK;
}

static enum code parse_value(struct parser *p, struct json_node *ret)
{
    char c = skip_blanks(p);
    if (c == '{' || c == '[')
        return parse_nested(p, ret);
    if (c == '"') {
        ret->kind = JSON_KIND_STRING;
        return parse_string(p, &ret->text);
    }
    bool infinite = str_starts(str_sub(p->all, p->at, p->all.n), "-I");
    if ((c == '-' && !infinite) || (c >= '0' && c <= '9'))
        return parse_number(p, ret);
    return parse_word(p, ret);
}

enum code json_read(struct str text, struct arena *a, const struct json_node **ret, struct error *e)
{
    struct parser p = {.all = text, .arena = a, .e = e};
    struct json_node *root = arena_alloc(a, sizeof(*root));
    if (!root)
        return error_nomem(e);
    enum code code = parse_value(&p, root);
    if (code != OK)
        return code;
    skip_blanks(&p);
    if (p.at != text.n)
        return fail(&p, E_SYNTAX, "text after the end");
    *ret = root;
    return OK;
}

const struct json_node *json_member(const struct json_node *object, const char *key)
{
    if (object->kind != JSON_KIND_OBJECT)
        return NULL;
    for (const struct json_node *m = object->first; m; m = m->next)
        if (str_is(m->key, key))
            return m;
    return NULL;
}
