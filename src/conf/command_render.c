/*
 * Command templates: writing a trial's argv.
 *
 * Without a shell a value can only ever be a part of one word. With one, values go into the text as
 * shell variables that are assigned, in single quotes, before the text begins: what a variable
 * expands to is never parsed again, whatever quotes it was named in.
 */
#include "conf/command_parts.h"

#include "base/number.h"

enum { PARAMS_BYTES_MAX = 16 << 20 };

struct rendering {
    const struct command_template *t;
    const struct command_values *v;
    struct arena *arena;
    struct error *e;
    size_t n, room;
    struct str *argv;
};

static const struct value *value_of(const struct rendering *r, int param)
{
    return &r->v->config->values[param];
}

static bool is_active(const struct rendering *r, int param)
{
    return value_of(r, param)->type != VALUE_NONE;
}

static enum code add_word(struct rendering *r, const struct buf *b)
{
    if (buf_end(b, NULL) == E_LIMIT) {
        enum code code = error_set(r->e, E_LIMIT, "an argument of the command is longer than %d",
                                   COMMAND_WORD_BYTES_MAX);
        error_hint(r->e, "long values reach a program through ${params}");
        return code;
    }
    if (r->n == r->room) {
        size_t room = r->room ? r->room * 2 : 16;
        struct str *argv = arena_array(r->arena, room, sizeof(*argv));
        if (!argv)
            return error_nomem(r->e);
        if (r->n)
            memcpy(argv, r->argv, r->n * sizeof(*argv));
        r->argv = argv;
        r->room = room;
    }
    const char *copy = arena_cstr(r->arena, buf_view(b));
    if (buf_end(b, NULL) != OK || !copy)
        return error_nomem(r->e);
    r->argv[r->n++] = (struct str){copy, b->n};
    return OK;
}

/* Hydra's grammar takes a comma for a sweep: lists stand in brackets. */
static void write_value(const struct value *v, enum arg_form form, struct buf *b)
{
    bool brackets = form == ARG_HYDRA && v->type == VALUE_LIST;
    if (brackets)
        buf_char(b, '[');
    value_text(v, b);
    if (brackets)
        buf_char(b, ']');
}

/* A part that is not a parameter's. */
static void write_special(const struct rendering *r, const struct part *part, struct buf *b)
{
    const struct command_values *v = r->v;
    if (part->kind == PART_TEXT)
        buf_str(b, part->text);
    else if (part->kind == PART_PARAMS)
        buf_str(b, v->params);
    else if (part->kind == PART_TRIAL)
        buf_str(b, v->trial);
    else if (part->kind == PART_CHECKPOINT)
        buf_str(b, v->checkpoint);
    else if (part->kind == PART_DIR)
        buf_str(b, v->dir);
    else if (part->kind == PART_STEPS || part->kind == PART_SEED)
        buf_fmt(b, "%lld", (long long)(part->kind == PART_STEPS ? v->steps : v->seed));
}

/* Words of a pattern, or of flag(on=...). */
static enum code add_pattern(struct rendering *r, const struct words *words, struct str name,
                             const struct value *value)
{
    struct buf b;
    enum code code = OK;
    buf_init(&b, COMMAND_WORD_BYTES_MAX);
    for (size_t i = 0; code == OK && i < words->n; i++) {
        buf_clear(&b);
        for (size_t k = 0; k < words->v[i].n; k++) {
            const struct part *part = &words->v[i].parts[k];
            if (part->kind == PART_NAME)
                buf_str(&b, name);
            else if (part->kind == PART_VALUE)
                value_text(value, &b);
            else
                buf_str(&b, part->text);
        }
        code = add_word(r, &b);
    }
    buf_free(&b);
    return code;
}

/* --name=value, --name value, or name=value. */
static enum code add_named(struct rendering *r, const struct arg_style *style,
                           const struct value *value)
{
    struct buf b;
    enum code code = OK;
    bool lone = style->is_flag && style->form != ARG_HYDRA;
    buf_init(&b, COMMAND_WORD_BYTES_MAX);
    buf_str(&b, style->name);
    if (style->form == ARG_SPACE && !lone) {
        code = add_word(r, &b);
        buf_clear(&b);
    } else if (!lone) {
        buf_char(&b, '=');
    }
    if (!lone)
        write_value(value, style->form, &b);
    if (code == OK)
        code = add_word(r, &b);
    buf_free(&b);
    return code;
}

/* One parameter as ${args} writes it. */
static enum code add_arg(struct rendering *r, int param)
{
    const struct arg_style *style = &r->t->styles[param];
    const struct value *value = value_of(r, param);
    if (value->type == VALUE_NONE || style->form == ARG_NOT)
        return OK;
    if (style->is_flag && value->b && style->has_on)
        return add_pattern(r, &style->on, style->name, value);
    if (style->is_flag && !value->b && style->has_off)
        return add_pattern(r, &style->off, style->name, value);
    if (style->form == ARG_PATTERN)
        return add_pattern(r, &style->pattern, style->name, value);
    if (style->is_flag && !value->b && style->form != ARG_HYDRA)
        return OK;
    return add_named(r, style, value);
}

/* What ${args} or ${args:name} becomes. */
static enum code add_args(struct rendering *r, const struct part *part)
{
    if (part->kind == PART_ARG)
        return add_arg(r, part->param);
    enum code code = OK;
    for (size_t i = 0; code == OK && i < r->t->space->n_params; i++)
        if (!r->t->placed[i])
            code = add_arg(r, (int)i);
    return code;
}

static enum code render_word(struct rendering *r, const struct word *w)
{
    struct buf b;
    if (w->n == 1 && (w->parts[0].kind == PART_ARGS || w->parts[0].kind == PART_ARG))
        return add_args(r, &w->parts[0]);
    for (size_t k = 0; k < w->n; k++)
        if (w->parts[k].kind == PART_PARAM && !is_active(r, w->parts[k].param))
            return OK;
    buf_init(&b, COMMAND_WORD_BYTES_MAX);
    for (size_t k = 0; k < w->n; k++) {
        const struct part *part = &w->parts[k];
        if (part->kind == PART_PARAM)
            value_text(value_of(r, part->param), &b);
        else
            write_special(r, part, &b);
    }
    enum code code = add_word(r, &b);
    buf_free(&b);
    return code;
}

/* Nothing to a shell, in quotes or out of them. */
static bool is_tame(struct str s, const char *also)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (!c || !strchr("_./:@%+,-", c)) && (!c || !strchr(also, c)))
            return false;
    }
    return s.n > 0;
}

static void single_quote(struct str s, struct buf *b)
{
    buf_char(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_cstr(b, "'\\''");
        else
            buf_char(b, s.p[i]);
    }
    buf_char(b, '\'');
}

struct shell_text {
    struct buf head, body; /* assignments; the text */
    int variables;
};

static void shell_value(struct shell_text *s, struct str value, enum quoting quoting,
                        const char *tame)
{
    if (is_tame(value, tame)) {
        buf_str(&s->body, value);
        return;
    }
    if (value.n == 0) {
        buf_cstr(&s->body, quoting == QUOTE_NONE ? "''" : "");
        return;
    }
    s->variables++;
    buf_fmt(&s->head, "%strawl_%d=", s->variables > 1 ? " " : "", s->variables);
    single_quote(value, &s->head);
    buf_fmt(&s->body,
            quoting == QUOTE_NONE     ? "\"${trawl_%d}\""
            : quoting == QUOTE_DOUBLE ? "${trawl_%d}"
                                      : "'\"${trawl_%d}\"'",
            s->variables);
}

static enum code shell_part(struct rendering *r, const struct part *part, struct shell_text *s)
{
    struct buf b;
    enum code code = OK;
    if (part->kind == PART_TEXT) {
        buf_str(&s->body, part->text);
        return OK;
    }
    if (part->kind == PART_ARGS || part->kind == PART_ARG) {
        r->n = 0;
        code = add_args(r, part);
        for (size_t i = 0; code == OK && i < r->n; i++) {
            buf_cstr(&s->body, i ? " " : "");
            shell_value(s, r->argv[i], QUOTE_NONE, "=");
        }
        return code;
    }
    if (part->kind == PART_PARAM && !is_active(r, part->param))
        return OK;
    buf_init(&b, COMMAND_WORD_BYTES_MAX);
    if (part->kind == PART_PARAM)
        value_text(value_of(r, part->param), &b);
    else
        write_special(r, part, &b);
    code = buf_end(&b, r->e);
    if (code == OK)
        shell_value(s, buf_view(&b), part->quoting, "");
    buf_free(&b);
    return code;
}

/* {"/bin/sh", "-c", assignments and text}. */
static enum code render_shell(struct rendering *r)
{
    const struct word *w = &r->t->words.v[0];
    struct shell_text s = {.variables = 0};
    struct buf words[2];
    enum code code = OK;
    buf_init(&s.head, COMMAND_WORD_BYTES_MAX);
    buf_init(&s.body, COMMAND_WORD_BYTES_MAX);
    buf_init(&words[0], 16);
    buf_init(&words[1], 16);
    buf_cstr(&words[0], "/bin/sh");
    buf_cstr(&words[1], "-c");
    for (size_t k = 0; code == OK && k < w->n; k++)
        code = shell_part(r, &w->parts[k], &s);
    if (s.variables)
        buf_char(&s.head, '\n');
    buf_str(&s.head, buf_view(&s.body));
    r->n = 0;
    if (code == OK && s.body.bad)
        code = buf_end(&s.body, r->e);
    for (int i = 0; code == OK && i < 3; i++)
        code = add_word(r, i < 2 ? &words[i] : &s.head);
    buf_free(&words[0]);
    buf_free(&words[1]);
    buf_free(&s.head);
    buf_free(&s.body);
    return code;
}

enum code command_render(const struct command_template *t, struct arena *a,
                         const struct command_values *v, const struct str **ret_argv, size_t *ret_n,
                         struct error *e)
{
    struct rendering r = {.t = t, .v = v, .arena = a, .e = e};
    enum code code = OK;
    if (!t->space || v->config->space != t->space)
        return error_set(e, E_INVALID, "the configuration is not of the command's space");
    if (t->shell)
        code = render_shell(&r);
    for (size_t i = 0; code == OK && !t->shell && i < t->words.n; i++)
        code = render_word(&r, &t->words.v[i]);
    if (code != OK)
        return code;
    *ret_argv = r.argv;
    *ret_n = r.n;
    return OK;
}

void command_quote(const struct str *argv, size_t n, struct buf *b)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_char(b, ' ');
        /* A first word with = would be an assignment. */
        if (is_tame(argv[i], i ? "=" : ""))
            buf_str(b, argv[i]);
        else
            single_quote(argv[i], b);
    }
}

enum code command_params_text(const struct config *c, struct arena *a, struct str *ret)
{
    struct buf b;
    struct json j;
    buf_init(&b, PARAMS_BYTES_MAX);
    jw_init(&j, &b);
    config_json(c, &j);
    jw_newline(&j);
    enum code code = jw_end(&j, NULL);
    const char *text = code == OK ? arena_cstr(a, buf_view(&b)) : NULL;
    if (text)
        *ret = (struct str){text, b.n};
    else if (code == OK)
        code = E_NOMEM;
    buf_free(&b);
    return code;
}
