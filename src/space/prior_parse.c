/*
 * The call as such, and what kind of prior it names.
 */
#include "space/prior_call.h"

#include "base/number.h"

#include <string.h>

static const char *const kind_names[PRIOR_KIND_COUNT] = {
    [PRIOR_FIXED] = "fixed",   [PRIOR_UNIFORM] = "uniform",     [PRIOR_LOGUNIFORM] = "loguniform",
    [PRIOR_NORMAL] = "normal", [PRIOR_LOGNORMAL] = "lognormal", [PRIOR_INT] = "int",
    [PRIOR_LOGINT] = "logint", [PRIOR_CHOICE] = "choice",       [PRIOR_ORDINAL] = "ordinal",
    [PRIOR_FLAG] = "flag",     [PRIOR_SUBSET] = "subset",       [PRIOR_PERMUTATION] = "permutation",
};

const char *prior_kind_name(enum prior_kind kind)
{
    return kind_names[kind];
}

enum code prior_call_fail(const struct prior_call *call, size_t pos, enum code code,
                          const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(call->e, code, fmt, ap);
    va_end(ap);
    location_mark(call->e, call->c.at, call->c.text, pos);
    return code;
}

static bool ends_word(char c)
{
    return c == '\0' || strchr(",()=[]{}\"' \t\r\n", c);
}

/* A quoted string, or a run of characters that the YAML core schema gives a type. */
static enum code parse_scalar(struct prior_call *call, struct arena *a, struct value *ret,
                              struct str *ret_text, bool *ret_quoted)
{
    struct cursor *c = &call->c;
    size_t pos = c->pos;
    *ret_quoted = cursor_peek(c) == '"' || cursor_peek(c) == '\'';
    if (*ret_quoted) {
        enum code code = cursor_quoted(c, a, ret_text, call->e);
        if (code != OK)
            return code;
        *ret = value_string(*ret_text);
    } else {
        while (!ends_word(cursor_peek(c)))
            c->pos++;
        *ret_text = cursor_since(c, pos);
        if (ret_text->n == 0)
            return cursor_done(c)
                       ? prior_call_fail(call, pos, E_SYNTAX, "%.*s( is never closed",
                                         STR_FMT(call->name))
                       : prior_call_fail(call, pos, E_SYNTAX, "a value is missing before `%c`",
                                         cursor_peek(c));
        *ret = value_of_scalar(*ret_text);
    }
    cursor_blanks(c);
    return OK;
}

static enum code parse_argument(struct prior_call *call, struct arena *a,
                                struct prior_argument *arg)
{
    struct cursor *c = &call->c;
    bool quoted;
    *arg = (struct prior_argument){.pos = c->pos};
    enum code code = parse_scalar(call, a, &arg->value, &arg->text, &quoted);
    if (code != OK || !cursor_take(c, '='))
        return code;
    arg->has_key = true;
    arg->key_quoted = quoted;
    arg->key_pos = arg->pos;
    arg->key = arg->value;
    arg->key_text = arg->text;
    cursor_blanks(c);
    arg->pos = c->pos;
    return parse_scalar(call, a, &arg->value, &arg->text, &quoted);
}

/* The cursor stands behind the opening parenthesis. */
static enum code parse_arguments(struct prior_call *call, struct arena *a)
{
    struct cursor *c = &call->c;
    size_t room = 1;
    for (size_t i = c->pos; i < c->text.n && room <= PRIOR_LEVELS_MAX; i++)
        room += c->text.p[i] == ',';
    call->v = arena_array(a, room, sizeof(*call->v));
    if (!call->v)
        return error_nomem(call->e);
    cursor_blanks(c);
    while (!cursor_take(c, ')')) {
        if (call->n == room)
            return prior_call_fail(call, c->pos, E_LIMIT, "%.*s has more than %d values",
                                   STR_FMT(call->name), PRIOR_LEVELS_MAX);
        enum code code = parse_argument(call, a, &call->v[call->n]);
        if (code != OK)
            return code;
        call->n++;
        if (cursor_take(c, ',')) {
            cursor_blanks(c);
        } else if (cursor_done(c)) {
            return prior_call_fail(call, c->pos, E_SYNTAX, "%.*s( is never closed",
                                   STR_FMT(call->name));
        } else if (cursor_peek(c) != ')') {
            prior_call_fail(call, c->pos, E_SYNTAX, "a comma or `)` should stand here");
            error_hint(call->e, "a value with blanks, commas, brackets or = in it needs quotes");
            return E_SYNTAX;
        }
    }
    cursor_blanks(c);
    return OK;
}

enum code prior_call_parse(struct prior_call *call, struct arena *a, struct str text,
                           struct location at, struct error *e)
{
    *call = (struct prior_call){.e = e};
    struct cursor *c = &call->c;
    enum code code = cursor_open(c, text, at, PRIOR_BYTES_MAX, "prior", e);
    if (code != OK)
        return code;
    cursor_blanks(c);
    call->name_pos = c->pos;
    while (!ends_word(cursor_peek(c)))
        c->pos++;
    call->name = cursor_since(c, call->name_pos);
    cursor_blanks(c);
    if (call->name.n == 0 || !cursor_take(c, '(')) {
        prior_call_fail(call, call->name_pos, E_SYNTAX, "this is not a prior");
        error_hint(e, "a prior is written as a call: uniform(0, 1), choice(a, b), flag()");
        return E_SYNTAX;
    }
    code = parse_arguments(call, a);
    if (code == OK && !cursor_done(c))
        return prior_call_fail(call, c->pos, E_SYNTAX, "nothing can follow %.*s(...)",
                               STR_FMT(call->name));
    return code;
}

static enum code find_kind(const struct prior_call *call, enum prior_kind *ret)
{
    for (int kind = PRIOR_FIXED + 1; kind < PRIOR_KIND_COUNT; kind++) {
        if (str_is(call->name, kind_names[kind])) {
            *ret = (enum prior_kind)kind;
            return OK;
        }
    }
    if (str_is(call->name, "branches") || str_is(call->name, "patches")) {
        prior_call_fail(call, call->name_pos, E_UNSUPPORTED,
                        "%.*s(...) is not there yet: this version searches parameters, not code",
                        STR_FMT(call->name));
        error_hint(call->e, "until then, a flag() that the program reads can stand for a change");
        return E_UNSUPPORTED;
    }
    prior_call_fail(call, call->name_pos, E_UNKNOWN, "there is no prior %.*s", STR_FMT(call->name));
    const char *near = str_nearest(call->name, kind_names + 1, PRIOR_KIND_COUNT - 1);
    if (near)
        error_hint(call->e, "did you mean %s?", near);
    else
        error_hint(call->e, "there are uniform, loguniform, normal, lognormal, int, logint, "
                            "choice, ordinal, flag, subset, permutation");
    return E_UNKNOWN;
}

enum code prior_parse(struct arena *a, struct str text, struct location at, struct prior *ret,
                      struct error *e)
{
    struct arena scratch; /* the arguments; what the prior keeps is copied into `a` */
    struct prior_call call;
    struct prior p = {0};
    arena_init(&scratch, (size_t)16 * PRIOR_BYTES_MAX);
    enum code code = prior_call_parse(&call, &scratch, text, at, e);
    if (code == OK)
        code = find_kind(&call, &p.kind);
    if (code == OK)
        code =
            p.kind < PRIOR_CHOICE ? prior_parse_range(&call, &p) : prior_parse_levels(&call, a, &p);
    arena_free(&scratch);
    if (code == OK)
        *ret = p;
    return code;
}

enum code prior_fixed(struct arena *a, const struct value *v, struct prior *ret)
{
    struct value *level = arena_alloc(a, sizeof(*level));
    if (!level || value_copy(a, v, level) != OK)
        return E_NOMEM;
    *ret = (struct prior){.kind = PRIOR_FIXED, .n_levels = 1, .levels = level};
    return OK;
}
