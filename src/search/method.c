/*
 * Methods: reading, resolving, writing.
 */
#include "search/method.h"

#include "base/number.h"
#include "search/allocator.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 64 };

/* Where in the method's text the parser stands. */
struct reader {
    struct str text;
    size_t at;
    struct location from;
};

static enum code fail_at(const struct reader *r, size_t at, enum code code, struct error *e,
                         const char *fmt, ...) printf_like(5, 6);

static enum code fail_at(const struct reader *r, size_t at, enum code code, struct error *e,
                         const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_setv(e, code, fmt, ap);
    va_end(ap);
    int line = r->from.line, column = r->from.column;
    for (size_t i = 0; i < at && i < r->text.n; i++) {
        column = r->text.p[i] == '\n' ? 1 : column + 1;
        line += r->text.p[i] == '\n';
    }
    error_at(e, r->from.file, line, column);
    return code;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.n && is_blank(r->text.p[r->at]))
        r->at++;
}

static bool eat(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->text.n || r->text.p[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* The longest run of characters that neither are blank nor stand in `ends`. */
static struct str read_until(struct reader *r, const char *ends)
{
    skip_blanks(r);
    size_t from = r->at;
    while (r->at < r->text.n && !is_blank(r->text.p[r->at]) && !strchr(ends, r->text.p[r->at]))
        r->at++;
    return str_sub(r->text, from, r->at - from);
}

static struct str read_name(struct reader *r)
{
    return read_until(r, "+(),=");
}

/* '+' stands inside a number: 1e+3. */
static struct str read_value(struct reader *r)
{
    return read_until(r, ",()");
}

static void defaults(const struct option_kind *kinds, size_t n, struct option_value *values)
{
    for (size_t i = 0; i < n; i++) {
        values[i] = (struct option_value){.name = kinds[i].name, .number = kinds[i].def};
        if (kinds[i].words)
            values[i].word = str_of(kinds[i].words[0]);
    }
}

void method_set_sampler(struct method *m, const struct sampler_kind *kind)
{
    m->sampler = kind;
    m->n_sampler_options = kind->n_options;
    defaults(kind->options, kind->n_options, m->sampler_options);
}

void method_set_allocator(struct method *m, const struct allocator_kind *kind)
{
    m->allocator = kind;
    m->n_allocator_options = kind->n_options;
    defaults(kind->options, kind->n_options, m->allocator_options);
}

void method_set_word(struct method *m, const char *name, const char *word)
{
    for (size_t i = 0; i < m->n_allocator_options; i++)
        if (strcmp(m->allocator_options[i].name, name) == 0)
            m->allocator_options[i].word = str_of(word);
}

void method_set_number(struct method *m, const char *name, double number)
{
    for (size_t i = 0; i < m->n_allocator_options; i++)
        if (strcmp(m->allocator_options[i].name, name) == 0)
            m->allocator_options[i].number = number;
}

/* "a, b, c" into text, for a hint. */
static void list_names(char *text, size_t size, const char *const *names, size_t n)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++) {
        int written = snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
        used += written > 0 ? (size_t)written : 0;
    }
}

static void hint_names(struct error *e, struct str word, const char *const *names, size_t n)
{
    const char *nearest = str_nearest(word, names, n);
    char list[400];
    list_names(list, sizeof(list), names, n);
    if (nearest)
        error_hint(e, "did you mean `%s`? there are: %s", nearest, list);
    else
        error_hint(e, "there are: %s", list);
}

static enum code unknown_method(const struct reader *r, size_t at, struct str name, struct error *e)
{
    const struct sampler_kind *const *samplers;
    const struct allocator_kind *const *allocators;
    size_t n_samplers = sampler_kinds(&samplers), n_allocators = allocator_kinds(&allocators);
    const char *names[NAMES_MAX] = {"auto"};
    size_t n = 1;
    for (size_t i = 0; i < n_samplers && n < NAMES_MAX; i++)
        names[n++] = samplers[i]->name;
    for (size_t i = 0; i < n_allocators && n < NAMES_MAX; i++)
        names[n++] = allocators[i]->name;
    fail_at(r, at, E_UNKNOWN, e, "there is no method `%.*s`", STR_FMT(name));
    hint_names(e, name, names, n);
    return E_UNKNOWN;
}

static enum code read_option_word(const struct reader *r, size_t at, const struct option_kind *kind,
                                  struct str text, struct option_value *ret, struct error *e)
{
    size_t n = 0;
    for (; kind->words[n]; n++)
        if (str_is(text, kind->words[n])) {
            ret->word = str_of(kind->words[n]);
            return OK;
        }
    fail_at(r, at, E_INVALID, e, "`%s` can't be `%.*s`", kind->name, STR_FMT(text));
    hint_names(e, text, kind->words, n);
    return E_INVALID;
}

static enum code read_option_number(const struct reader *r, size_t at,
                                    const struct option_kind *kind, struct str text,
                                    struct option_value *ret, struct error *e)
{
    double x;
    if (!number_parse_real(text, &x) || isnan(x))
        return fail_at(r, at, E_SYNTAX, e, "`%s` wants a number, not `%.*s`", kind->name,
                       STR_FMT(text));
    bool fraction = kind->whole && x != trunc(x);
    if (fraction || x < kind->lo || x > kind->hi) {
        fail_at(r, at, E_INVALID, e, "`%s` can't be %.*s", kind->name, STR_FMT(text));
        struct buf range;
        buf_init(&range, 200);
        buf_cstr(&range, kind->whole ? "a whole number from " : "a number from ");
        number_write(&range, kind->lo);
        buf_cstr(&range, " to ");
        number_write(&range, kind->hi);
        error_hint(e, "%s", range.p ? range.p : "");
        buf_free(&range);
        return E_INVALID;
    }
    ret->number = x;
    return OK;
}

/* What is being given options: a sampler or an allocator. */
struct part {
    const char *name;
    const struct option_kind *kinds;
    size_t n;
    struct option_value *values;
};

static enum code unknown_option(const struct reader *r, size_t at, const struct part *part,
                                struct str name, struct error *e)
{
    fail_at(r, at, E_UNKNOWN, e, "%s has no option `%.*s`", part->name, STR_FMT(name));
    const char *names[METHOD_OPTIONS_MAX];
    for (size_t i = 0; i < part->n; i++)
        names[i] = part->kinds[i].name;
    if (part->n)
        hint_names(e, name, names, part->n);
    else
        error_hint(e, "%s takes no options", part->name);
    return E_UNKNOWN;
}

static enum code read_option(struct reader *r, const struct part *part, bool *seen, struct error *e)
{
    skip_blanks(r);
    size_t at = r->at;
    struct str name = read_name(r);
    if (name.n == 0) {
        fail_at(r, r->at, E_SYNTAX, e, "an option of %s is missing", part->name);
        error_hint(e, "options are written as name=value");
        return E_SYNTAX;
    }
    size_t i = 0;
    while (i < part->n && !str_is(name, part->kinds[i].name))
        i++;
    if (i == part->n)
        return unknown_option(r, at, part, name, e);
    if (seen[i])
        return fail_at(r, at, E_DUPLICATE, e, "`%s` is said twice", part->kinds[i].name);
    seen[i] = true;
    if (!eat(r, '='))
        return fail_at(r, r->at, E_SYNTAX, e, "`=` and a value must follow `%s`",
                       part->kinds[i].name);
    skip_blanks(r);
    at = r->at;
    struct str text = read_value(r);
    if (text.n == 0)
        return fail_at(r, at, E_SYNTAX, e, "the value of `%s` is missing", part->kinds[i].name);
    if (part->kinds[i].words)
        return read_option_word(r, at, &part->kinds[i], text, &part->values[i], e);
    return read_option_number(r, at, &part->kinds[i], text, &part->values[i], e);
}

static enum code read_options(struct reader *r, const struct part *part, struct error *e)
{
    bool seen[METHOD_OPTIONS_MAX] = {false};
    if (!eat(r, '(') || eat(r, ')'))
        return OK;
    do {
        enum code code = read_option(r, part, seen, e);
        if (code != OK)
            return code;
    } while (eat(r, ','));
    if (!eat(r, ')'))
        return fail_at(r, r->at, E_SYNTAX, e, "`)` must follow the options of %s", part->name);
    return OK;
}

static enum code read_sampler(struct reader *r, size_t at, const struct sampler_kind *kind,
                              struct method *m, struct error *e)
{
    if (m->sampler)
        return fail_at(r, at, E_DUPLICATE, e, "%s and %s are both samplers: a method has one",
                       m->sampler->name, kind->name);
    if (m->is_auto)
        return fail_at(r, at, E_INVALID, e, "auto chooses the sampler itself, so %s can't be added",
                       kind->name);
    method_set_sampler(m, kind);
    struct part part = {kind->name, kind->options, kind->n_options, m->sampler_options};
    return read_options(r, &part, e);
}

static enum code read_allocator(struct reader *r, size_t at, const struct allocator_kind *kind,
                                struct method *m, struct error *e)
{
    if (m->allocator)
        return fail_at(r, at, E_DUPLICATE, e, "%s and %s are both allocators: a method has one",
                       m->allocator->name, kind->name);
    method_set_allocator(m, kind);
    struct part part = {kind->name, kind->options, kind->n_options, m->allocator_options};
    return read_options(r, &part, e);
}

static enum code read_auto(struct reader *r, size_t at, struct method *m, struct error *e)
{
    if (m->is_auto)
        return fail_at(r, at, E_DUPLICATE, e, "`auto` is said twice");
    if (m->sampler)
        return fail_at(r, at, E_INVALID, e,
                       "auto chooses the sampler itself, so it can't follow %s", m->sampler->name);
    m->is_auto = true;
    struct part part = {.name = "auto"};
    return read_options(r, &part, e);
}

static enum code read_part(struct reader *r, struct method *m, struct error *e)
{
    skip_blanks(r);
    size_t at = r->at;
    struct str name = read_name(r);
    if (name.n == 0) {
        fail_at(r, at, E_SYNTAX, e, "the name of a method is missing");
        error_hint(e, "a method is written as `auto`, `sobol` or `random + asha(eta=3)`");
        return E_SYNTAX;
    }
    if (str_is(name, "auto"))
        return read_auto(r, at, m, e);
    const struct sampler_kind *sampler = sampler_find(name);
    if (sampler)
        return read_sampler(r, at, sampler, m, e);
    const struct allocator_kind *allocator = allocator_find(name);
    if (allocator)
        return read_allocator(r, at, allocator, m, e);
    return unknown_method(r, at, name, e);
}

enum code method_parse(struct arena *a, struct str text, struct location at, struct method *ret,
                       struct error *e)
{
    struct reader r = {.text = text, .from = at};
    struct method m = {.sampler = NULL};
    do {
        enum code code = read_part(&r, &m, e);
        if (code != OK)
            return code;
    } while (eat(&r, '+'));
    skip_blanks(&r);
    if (r.at < text.n) {
        fail_at(&r, r.at, E_SYNTAX, e, "`%.*s` makes no sense after a method",
                STR_FMT(str_sub(text, r.at, 40)));
        error_hint(e, "a sampler and an allocator are joined by `+`");
        return E_SYNTAX;
    }
    *ret = m;
    return OK;
}

static bool is_default(const struct option_kind *kind, const struct option_value *v)
{
    return !(v->number < kind->def || v->number > kind->def);
}

static void write_options(const struct option_kind *kinds, const struct option_value *v, size_t n,
                          struct buf *b)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (kinds[i].tacit && is_default(&kinds[i], &v[i]))
            continue;
        buf_cstr(b, any ? ", " : "(");
        any = true;
        buf_cstr(b, v[i].name);
        buf_char(b, '=');
        if (v[i].word.p)
            buf_str(b, v[i].word);
        else
            number_write(b, v[i].number);
    }
    if (any)
        buf_char(b, ')');
}

void method_write(const struct method *m, struct buf *b)
{
    if (m->sampler) {
        buf_cstr(b, m->sampler->name);
        write_options(m->sampler->options, m->sampler_options, m->n_sampler_options, b);
    } else if (m->is_auto) {
        buf_cstr(b, "auto");
    }
    if (m->allocator) {
        buf_cstr(b, m->sampler || m->is_auto ? " + " : "");
        buf_cstr(b, m->allocator->name);
        write_options(m->allocator->options, m->allocator_options, m->n_allocator_options, b);
    }
}

static const struct option_value *find_option(const struct option_value *v, size_t n,
                                              const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i].name, name) == 0)
            return &v[i];
    return NULL;
}

double sampler_option(const struct method *m, const char *name)
{
    const struct option_value *v = find_option(m->sampler_options, m->n_sampler_options, name);
    return v ? v->number : (double)NAN;
}

double allocator_option(const struct method *m, const char *name)
{
    const struct option_value *v = find_option(m->allocator_options, m->n_allocator_options, name);
    return v ? v->number : (double)NAN;
}

bool allocator_option_is(const struct method *m, const char *name, const char *word)
{
    const struct option_value *v = find_option(m->allocator_options, m->n_allocator_options, name);
    return v && str_is(v->word, word);
}

bool sampler_option_is(const struct method *m, const char *name, const char *word)
{
    const struct option_value *v = find_option(m->sampler_options, m->n_sampler_options, name);
    return v && str_is(v->word, word);
}
