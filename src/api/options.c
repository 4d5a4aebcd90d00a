/*
 * Options out of a program's text.
 *
 * Nothing is executed and nothing is trusted: each piece is bounded, and what is not understood is
 * left out.
 */
#include "api/options.h"

#include "base/number.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void copy(char *to, size_t size, struct str from)
{
    snprintf(to, size, "%.*s", STR_FMT(from));
}

/* strchr finds the NUL at a set's end as well. */
static bool one_of(char c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static size_t name_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (isalnum((unsigned char)s.p[n]) || one_of(s.p[n], "-_.")))
        n++;
    return n;
}

/* Words that stand in YAML and on a command line as they are. */
static bool is_word(struct str s)
{
    return s.n > 0 && name_length(s) == s.n;
}

static struct found_option *add(struct found_options *found, struct str name)
{
    if (found->n == OPTIONS_FOUND_MAX || !is_word(name) || name.n >= OPTION_NAME_MAX)
        return NULL;
    for (size_t i = 0; i < found->n; i++) {
        if (str_is(name, found->v[i].name))
            return NULL;
    }
    struct found_option *o = &found->v[found->n++];
    *o = (struct found_option){.kind = FOUND_TEXT};
    copy(o->name, sizeof o->name, name);
    return o;
}

static struct str unquoted(struct str s)
{
    s = str_trim(s);
    bool quoted = s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
    return quoted ? str_sub(s, 1, s.n - 2) : s;
}

static bool among(struct str choices, struct str word)
{
    while (choices.n > 0) {
        if (str_eq(str_trim(str_cut(&choices, ',')), word))
            return true;
    }
    return false;
}

/* A default that reads as a number decides the kind where no type was said. */
static void take_default(struct found_option *o, struct str text, bool typed)
{
    int64_t i;
    double x;
    struct str bare = unquoted(text);
    if (str_is(bare, "None") || bare.n == 0)
        return;
    if (o->kind == FOUND_CHOICE && !among(str_of(o->choices), bare))
        return;
    copy(o->def, sizeof o->def, bare);
    o->has_default = true;
    if (number_parse_i64(bare, &i)) {
        o->number = (double)i;
        o->kind = typed || o->kind == FOUND_CHOICE ? o->kind : FOUND_INT;
    } else if (number_parse_real(bare, &x)) {
        o->number = x;
        o->kind = typed || o->kind == FOUND_CHOICE ? o->kind : FOUND_REAL;
    } else if (o->kind == FOUND_REAL || o->kind == FOUND_INT) {
        o->has_default = false; /* an expression */
    }
}

/* --- argparse --- */

/* The end of a bracketed text that begins at s.p[0]; s.n when it never ends. Strings are passed
 * over. */
static size_t closing(struct str s)
{
    int depth = 0;
    char quote = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quote != 0) {
            if (c == '\\')
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '(' || c == '[' || c == '{') {
            depth++;
        } else if ((c == ')' || c == ']' || c == '}') && --depth == 0) {
            return i;
        }
    }
    return s.n;
}

/* Takes one argument of a call off the front of *rest: up to a comma that is not inside anything.
 */
static struct str next_argument(struct str *rest)
{
    size_t i = 0;
    char quote = 0;
    int depth = 0;
    for (; i < rest->n; i++) {
        char c = rest->p[i];
        if (quote != 0) {
            if (c == '\\')
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (one_of(c, "([{")) {
            depth++;
        } else if (one_of(c, ")]}")) {
            depth--;
        } else if (c == ',' && depth == 0) {
            break;
        }
    }
    if (i > rest->n)
        i = rest->n;
    struct str argument = str_trim(str_sub(*rest, 0, i));
    *rest = i < rest->n ? str_sub(*rest, i + 1, rest->n) : (struct str){0};
    return argument;
}

/* Adds an item to "a, b"; false when it is no plain word or stands there already. */
static bool add_choice(struct buf *b, struct str item)
{
    struct str rest = buf_view(b);
    while (rest.n > 0) {
        if (str_eq(str_trim(str_cut(&rest, ',')), item))
            return false;
    }
    if (!is_word(item))
        return false;
    if (b->n > 0)
        buf_cstr(b, ", ");
    buf_str(b, item);
    return true;
}

static void keep_choices(struct found_option *o, const struct buf *b)
{
    if (b->n == 0 || b->n >= OPTION_TEXT_MAX)
        return;
    copy(o->choices, sizeof o->choices, buf_view(b));
    o->kind = FOUND_CHOICE;
}

/* "[\"a\", 'b']" as "a, b". */
static void take_choices(struct found_option *o, struct str list)
{
    struct buf b;
    bool words = true;
    if (list.n < 2 || !one_of(list.p[0], "[("))
        return;
    buf_init(&b, 4096);
    struct str rest = str_sub(list, 1, list.n - 2);
    while (rest.n > 0 && words) {
        struct str item = unquoted(next_argument(&rest));
        words = item.n == 0 || add_choice(&b, item);
    }
    if (words)
        keep_choices(o, &b);
    buf_free(&b);
}

static bool keyword(struct str argument, const char *name, struct str *ret)
{
    struct str rest = argument;
    struct str key = str_trim(str_cut(&rest, '='));
    if (rest.p == NULL || !str_is(key, name))
        return false;
    *ret = str_trim(rest);
    return true;
}

static void read_call(struct str arguments, struct found_options *found)
{
    struct found_option *o = NULL;
    struct str rest = arguments, value, def = {0};
    bool typed = false;
    while (rest.n > 0) {
        struct str argument = next_argument(&rest);
        struct str word = unquoted(argument);
        if (o == NULL && word.n != argument.n && str_starts(word, "--"))
            o = add(found, str_sub(word, 2, word.n));
        if (o == NULL)
            continue;
        if (keyword(argument, "type", &value)) {
            typed = str_is(value, "float") || str_is(value, "int");
            o->kind = str_is(value, "float") ? FOUND_REAL
                      : str_is(value, "int") ? FOUND_INT
                                             : o->kind;
        } else if (keyword(argument, "choices", &value)) {
            take_choices(o, value);
        } else if (keyword(argument, "action", &value)) {
            if (str_starts(unquoted(value), "store_true") ||
                str_ends(value, "BooleanOptionalAction"))
                o->kind = FOUND_FLAG;
        } else if (keyword(argument, "default", &value)) {
            def = value;
        }
    }
    if (o != NULL && o->kind != FOUND_FLAG)
        take_default(o, def, typed);
}

void options_of_argparse(struct str source, struct found_options *ret)
{
    static const char call[] = "add_argument(";
    *ret = (struct found_options){.n = 0};
    while (source.n > 0) {
        const char *at = memmem(source.p, source.n, call, sizeof call - 1);
        if (at == NULL)
            return;
        struct str open = str_sub(source, (size_t)(at - source.p) + sizeof call - 2, source.n);
        size_t end = closing(open);
        read_call(str_sub(open, 1, end > 0 ? end - 1 : 0), ret);
        source = str_sub(open, end, open.n);
    }
}

/* --- help --- */

static void read_braces(struct found_option *o, struct str rest)
{
    const char *end = memchr(rest.p, '}', rest.n);
    if (end == NULL)
        return;
    struct str list = str_sub(rest, 1, (size_t)(end - rest.p) - 1);
    struct buf b;
    bool words = true;
    buf_init(&b, 4096);
    while (list.n > 0 && words)
        words = add_choice(&b, str_trim(str_cut(&list, ',')));
    if (words)
        keep_choices(o, &b);
    buf_free(&b);
}

static void read_line(struct str line, struct found_options *found)
{
    static const char mark[] = "default";
    const char *dashes = memmem(line.p, line.n, "--", 2);
    struct str trimmed = str_trim(line);
    if (dashes == NULL || trimmed.n == 0 || trimmed.p[0] != '-')
        return;
    struct str rest = str_sub(line, (size_t)(dashes - line.p) + 2, line.n);
    struct str name = str_sub(rest, 0, name_length(rest));
    if (str_is(name, "help") || str_is(name, "version"))
        return;
    struct found_option *o = add(found, name);
    if (o == NULL)
        return;
    rest = str_sub(rest, name.n, rest.n);
    bool valued = rest.n > 1 &&
                  (rest.p[0] == '=' || rest.p[0] == '[' || (rest.p[0] == ' ' && rest.p[1] != ' '));
    struct str after = str_sub(rest, 1, rest.n);
    if (!valued)
        o->kind = FOUND_FLAG;
    else if (after.n > 0 && after.p[0] == '{')
        read_braces(o, after);
    const char *def = memmem(rest.p, rest.n, mark, sizeof mark - 1);
    if (def == NULL || o->kind == FOUND_FLAG)
        return;
    struct str text = str_sub(rest, (size_t)(def - rest.p) + sizeof mark - 1, rest.n);
    while (text.n > 0 && one_of(text.p[0], " :="))
        text = str_sub(text, 1, text.n);
    size_t n = 0;
    while (n < text.n && !one_of(text.p[n], " ),;]"))
        n++;
    take_default(o, str_sub(text, 0, n), false);
}

void options_of_help(struct str text, struct found_options *ret)
{
    *ret = (struct found_options){.n = 0};
    while (text.n > 0)
        read_line(str_cut(&text, '\n'), ret);
}
