/*
 * Command templates: reading them.
 *
 * One scanner reads commands and patterns, with quotes or word by word: it gathers literal text
 * until a ${...} or the word ends. In a shell's text quotes are followed but stay where they are.
 */
#include "conf/command_parts.h"

#include "conf/document.h"
#include "space/cursor.h"

enum names { NAMES_COMMAND, NAMES_PATTERN };

enum { PARENTHESES_MAX = 64 };

struct scanner {
    struct arena *arena;
    struct str text;
    struct location at;
    const struct space *space;
    enum names names;
    bool shell, split;
    struct error *e;
    size_t pos;
    enum quoting quoting;
    enum quoting outer[PARENTHESES_MAX]; /* of the parentheses a shell's text is in */
    int n_outer;
    size_t quote_pos;   /* where the open quote stands */
    bool in_word, bare; /* bare: nothing of the word was quoted */
    struct buf literal; /* text since the last part */
    size_t n_parts, room_parts, n_words, room_words;
    struct part *parts; /* of the word being read */
    struct word *words;
};

static const char *const specials[] = {"args", "params",     "trial", "steps",
                                       "seed", "checkpoint", "dir"};
static const enum part_kind special_kinds[] = {PART_ARGS, PART_PARAMS,     PART_TRIAL, PART_STEPS,
                                               PART_SEED, PART_CHECKPOINT, PART_DIR};
enum { SPECIALS = sizeof(specials) / sizeof(*specials) };

static enum code fail(struct scanner *s, size_t pos, enum code code)
{
    if (s->e)
        location_mark(s->e, s->at, s->text, pos);
    return code;
}

static struct str rest_of(const struct scanner *s)
{
    return str_sub(s->text, s->pos, s->text.n);
}

/* Doubles an array that lives in an arena; false when out of memory. */
static bool grow(struct arena *a, void **v, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return true;
    size_t wanted = *room ? *room * 2 : 4;
    void *bigger = arena_array(a, wanted, size);
    if (!bigger)
        return false;
    if (n)
        memcpy(bigger, *v, n * size);
    *v = bigger;
    *room = wanted;
    return true;
}

static enum code add_part(struct scanner *s, struct part part)
{
    if (!grow(s->arena, (void **)&s->parts, s->n_parts, &s->room_parts, sizeof(part)))
        return error_nomem(s->e);
    s->parts[s->n_parts++] = part;
    s->in_word = true;
    return OK;
}

static enum code end_literal(struct scanner *s)
{
    struct part part = {.kind = PART_TEXT};
    if (buf_end(&s->literal, s->e) != OK)
        return fail(s, s->pos, E_LIMIT);
    if (s->literal.n == 0)
        return OK;
    if (arena_str(s->arena, buf_view(&s->literal), &part.text) != OK)
        return error_nomem(s->e);
    buf_clear(&s->literal);
    return add_part(s, part);
}

/* A program without a shell would get these as arguments, which nobody means. */
static bool is_shell_word(struct str w)
{
    static const char *const known[] = {"&&", "||", "|",  "&",    ";",  ">",
                                        ">>", "<",  "2>", "2>&1", "&>", "<<"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (str_is(w, known[i]))
            return true;
    return false;
}

static enum code end_word(struct scanner *s, size_t start)
{
    enum code code = end_literal(s);
    if (code != OK || !s->in_word)
        return code;
    if (s->n_words == COMMAND_WORDS_MAX) {
        code = error_set(s->e, E_LIMIT, "more than %d words", COMMAND_WORDS_MAX);
        return fail(s, start, code);
    }
    if (s->split && s->bare && s->names == NAMES_COMMAND && s->n_parts == 1 &&
        s->parts->kind == PART_TEXT && is_shell_word(s->parts->text)) {
        code = error_set(s->e, E_INVALID, "%.*s means something only to a shell",
                         STR_FMT(s->parts->text));
        error_hint(s->e, "add `shell: true`, or put it in quotes if the program is to see it");
        return fail(s, start, code);
    }
    for (size_t i = 0; i < s->n_parts && !s->shell; i++)
        if (s->n_parts > 1 && (s->parts[i].kind == PART_ARGS || s->parts[i].kind == PART_ARG)) {
            code = error_set(s->e, E_INVALID, "${args} does not stand alone");
            error_hint(s->e, "it becomes many words: leave white space around it");
            return fail(s, start, code);
        }
    if (!grow(s->arena, (void **)&s->words, s->n_words, &s->room_words, sizeof(*s->words)))
        return error_nomem(s->e);
    s->words[s->n_words++] = (struct word){s->n_parts, s->parts};
    s->parts = NULL;
    s->n_parts = s->room_parts = 0;
    s->in_word = false;
    s->bare = true;
    return OK;
}

/* ${what} is nothing we know. */
static enum code refuse_name(struct scanner *s, struct str name, size_t pos)
{
    const char *near;
    enum code code;
    if (s->names == NAMES_PATTERN) {
        code = error_set(s->e, E_UNKNOWN, "a pattern has no ${%.*s}", STR_FMT(excerpt(name)));
        error_hint(s->e, "there are ${name} and ${value}");
        return fail(s, pos, code);
    }
    code = error_set(s->e, E_UNKNOWN, "there is no parameter %.*s", STR_FMT(excerpt(name)));
    near = space_nearest(s->space, name);
    if (!near)
        near = str_nearest(name, specials, SPECIALS);
    if (near)
        error_hint(s->e, "did you mean ${%s}?", near);
    else if (s->shell)
        error_hint(s->e, "a variable of the shell is written $%.*s or $${%.*s}",
                   STR_FMT(excerpt(name)), STR_FMT(excerpt(name)));
    else
        error_hint(s->e, "beside parameters there are ${args} ${params} ${trial} ${steps} ${seed} "
                         "${checkpoint} ${dir}; a literal ${ is written $${");
    return fail(s, pos, code);
}

static bool find_special(struct str name, enum part_kind *ret)
{
    for (size_t i = 0; i < SPECIALS; i++)
        if (str_is(name, specials[i])) {
            *ret = special_kinds[i];
            return true;
        }
    return false;
}

static enum code resolve(struct scanner *s, struct str name, size_t pos, struct part *ret)
{
    enum part_kind kind = PART_TEXT;
    bool special = find_special(name, &kind);
    *ret = (struct part){.kind = kind, .quoting = s->quoting, .param = -1};
    if (s->names == NAMES_PATTERN) {
        ret->kind = str_is(name, "name") ? PART_NAME : PART_VALUE;
        return str_is(name, "name") || str_is(name, "value") ? OK : refuse_name(s, name, pos);
    }
    if (special && (kind == PART_ARGS || kind == PART_PARAMS))
        return OK;
    bool form = str_starts(name, "args:");
    if (form)
        name = str_sub(name, 5, name.n);
    ret->param = s->space ? space_find(s->space, name) : 0;
    if (ret->param >= 0)
        ret->kind = form ? PART_ARG : PART_PARAM;
    else if (!special || form)
        return refuse_name(s, name, pos);
    return OK;
}

/* ${name}; the scanner stands on the $. */
static enum code scan_reference(struct scanner *s)
{
    size_t pos = s->pos;
    struct str rest = str_sub(s->text, pos + 2, s->text.n);
    const char *end = rest.n ? memchr(rest.p, '}', rest.n) : NULL;
    struct part part;
    enum code code;
    if (!end) {
        code = error_set(s->e, E_SYNTAX, "${ is never closed");
        error_hint(s->e, "a literal ${ is written $${");
        return fail(s, pos, code);
    }
    struct str name = {rest.p, (size_t)(end - rest.p)};
    if ((code = end_literal(s)) != OK || (code = resolve(s, name, pos, &part)) != OK)
        return code;
    bool many = part.kind == PART_ARGS || part.kind == PART_ARG;
    if (many && s->shell && s->quoting != QUOTE_NONE) {
        code = error_set(s->e, E_INVALID, "${args} stands in quotes");
        error_hint(s->e, "it becomes many words, each in quotes of its own: take the quotes away");
        return fail(s, pos, code);
    }
    s->pos += name.n + 3;
    return add_part(s, part);
}

/* Takes n bytes of the text as they are. */
static void take(struct scanner *s, size_t n)
{
    buf_str(&s->literal, str_sub(s->text, s->pos, n));
    s->pos += n;
    s->in_word = true;
}

/* $${ and ${...}. False when neither stands here. */
static bool scan_dollar(struct scanner *s, enum code *ret)
{
    struct str rest = rest_of(s);
    *ret = OK;
    if (str_starts(rest, "$${")) {
        s->pos++;
        take(s, 2);
        return true;
    }
    if (!str_starts(rest, "${"))
        return false;
    *ret = scan_reference(s);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A backslash outside of single quotes: inside double quotes it is itself before all but four. */
static void scan_backslash(struct scanner *s)
{
    struct str next = str_sub(s->text, s->pos + 1, 1);
    bool escapes = s->quoting == QUOTE_NONE || (next.n && strchr("$`\"\\\n", next.p[0]));
    s->bare = false;
    if (next.n == 0 || !escapes) {
        take(s, 1);
        return;
    }
    s->pos++;
    if (next.p[0] == '\n')
        s->pos++; /* a line that goes on */
    else
        take(s, 1);
}

static void toggle(struct scanner *s, enum quoting q)
{
    s->quoting = s->quoting == q ? QUOTE_NONE : q;
    s->quote_pos = s->pos;
}

/* One step through words with quotes. */
static enum code step_split(struct scanner *s, size_t *word_start)
{
    char c = s->text.p[s->pos];
    enum code code = OK;
    if (!s->in_word && s->literal.n == 0)
        *word_start = s->pos;
    if (scan_dollar(s, &code))
        return code;
    if (s->quoting == QUOTE_NONE && is_blank(c)) {
        code = end_word(s, *word_start);
        s->pos++;
    } else if ((c == '\'' && s->quoting != QUOTE_DOUBLE) ||
               (c == '"' && s->quoting != QUOTE_SINGLE)) {
        toggle(s, c == '"' ? QUOTE_DOUBLE : QUOTE_SINGLE);
        s->in_word = true;
        s->bare = false;
        s->pos++;
    } else if (c == '\\' && s->quoting != QUOTE_SINGLE) {
        scan_backslash(s);
    } else {
        take(s, 1);
    }
    return code;
}

/* Parentheses, of which $( begins text with quotes of its own, also inside of double quotes. Where
 * this loses count (a case's pattern) values may end up split, but never run. */
static void follow_parentheses(struct scanner *s, char c)
{
    bool substitution = s->quoting == QUOTE_DOUBLE && str_starts(rest_of(s), "$(");
    if (substitution || (c == '(' && s->quoting == QUOTE_NONE)) {
        if (s->n_outer == PARENTHESES_MAX)
            return;
        s->outer[s->n_outer++] = s->quoting;
        s->quoting = QUOTE_NONE;
        if (substitution)
            take(s, 1);
    } else if (c == ')' && s->quoting == QUOTE_NONE && s->n_outer > 0) {
        s->quoting = s->outer[--s->n_outer];
    }
}

/* One step through a shell's text: nothing is taken away but ${...}. */
static enum code step_shell(struct scanner *s)
{
    char c = s->text.p[s->pos];
    char before = s->pos ? s->text.p[s->pos - 1] : '\n';
    enum code code;
    if (scan_dollar(s, &code))
        return code;
    if (c == '#' && s->quoting == QUOTE_NONE && (is_blank(before) || strchr(";&|()", before))) {
        struct str rest = rest_of(s);
        take(s, str_cut(&rest, '\n').n);
        return OK;
    }
    if ((c == '\'' && s->quoting != QUOTE_DOUBLE) || (c == '"' && s->quoting != QUOTE_SINGLE))
        toggle(s, c == '"' ? QUOTE_DOUBLE : QUOTE_SINGLE);
    follow_parentheses(s, c);
    take(s, c == '\\' && s->quoting != QUOTE_SINGLE ? 2 : 1);
    return OK;
}

static enum code step_word(struct scanner *s)
{
    enum code code;
    if (!scan_dollar(s, &code))
        take(s, 1);
    return code;
}

/* All of the text. Words are added to those that are there. */
static enum code scan(struct scanner *s)
{
    size_t start = 0;
    enum code code = OK;
    buf_init(&s->literal, CONF_BYTES_MAX);
    s->pos = 0;
    s->bare = true;
    s->in_word = !s->split;
    while (code == OK && s->pos < s->text.n)
        code = s->shell ? step_shell(s) : s->split ? step_split(s, &start) : step_word(s);
    if (code == OK && s->split && s->quoting != QUOTE_NONE) {
        code = error_set(s->e, E_SYNTAX, "a quote is never closed");
        error_hint(s->e, "a quote that is meant as itself has a backslash before it");
        code = fail(s, s->quote_pos, code);
    }
    if (code == OK)
        code = end_word(s, start);
    buf_free(&s->literal);
    return code;
}

static bool has_kind(const struct words *w, enum part_kind kind)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->v[i].n; k++)
            if (w->v[i].parts[k].kind == kind)
                return true;
    return false;
}

static enum code parse_pattern(struct arena *a, struct str text, struct location at, bool own,
                               struct words *ret, struct error *e)
{
    struct scanner s = {.arena = a, .text = text, .at = at, .names = NAMES_PATTERN, .e = e};
    s.split = true;
    enum code code = scan(&s);
    if (code != OK)
        return code;
    struct words words = {s.n_words, s.words};
    if (!has_kind(&words, PART_VALUE) && (!own || words.n > 1 || has_kind(&words, PART_NAME))) {
        code = error_set(e, E_INVALID, "the pattern has no ${value}");
        error_hint(e, own ? "like \"-x ${value}\"; one word alone stands in place of --name"
                          : "args is gnu, space, hydra, or a pattern like \"--${name}:${value}\"");
        return fail(&s, 0, code);
    }
    *ret = words;
    return OK;
}

enum code command_check_pattern(struct str text, struct location at, bool own, struct error *e)
{
    struct arena a;
    struct words words = {0};
    arena_init(&a, CONF_BYTES_MAX * 64UL);
    enum code code = parse_pattern(&a, text, at, own, &words, e);
    arena_free(&a);
    return code;
}

/* Words without any ${...}: flag(on="--x 1"). */
static enum code parse_plain(struct arena *a, struct str text, struct words *ret, struct error *e)
{
    struct scanner s = {.arena = a, .text = text, .names = NAMES_PATTERN, .e = e, .split = true};
    enum code code = scan(&s);
    if (code == OK)
        *ret = (struct words){s.n_words, s.words};
    return code;
}

static enum arg_form common_form(enum args_form form)
{
    switch (form) {
    case ARGS_GNU:
        return ARG_GNU;
    case ARGS_SPACE:
        return ARG_SPACE;
    case ARGS_HYDRA:
        return ARG_HYDRA;
    case ARGS_PATTERN:
        break;
    }
    return ARG_PATTERN;
}

/* How ${args} writes one parameter. */
static enum code style_param(struct arena *a, const struct param *p, struct arg_style *style,
                             struct error *e)
{
    const struct prior *prior = &p->prior;
    struct words own = {0};
    const char *name = style->form == ARG_GNU || style->form == ARG_SPACE
                           ? arena_fmt(a, "--%.*s", STR_FMT(p->name))
                           : arena_cstr(a, p->name);
    enum code code = name ? OK : error_nomem(e);
    style->name = str_of(name);
    style->is_flag = prior->kind == PRIOR_FLAG ||
                     (prior->kind == PRIOR_FIXED && prior->levels[0].type == VALUE_BOOL);
    style->has_on = prior->kind == PRIOR_FLAG && prior->on.p;
    style->has_off = prior->kind == PRIOR_FLAG && prior->off.p;
    if (code == OK && style->has_on)
        code = parse_plain(a, prior->on, &style->on, e);
    if (code == OK && style->has_off)
        code = parse_plain(a, prior->off, &style->off, e);
    if (code != OK || !p->arg.p)
        return code;
    code = parse_pattern(a, p->arg, p->at, true, &own, e);
    if (code != OK)
        return code;
    if (has_kind(&own, PART_VALUE)) {
        style->form = ARG_PATTERN;
        style->pattern = own;
    } else if (own.n && own.v[0].n) {
        style->name = own.v[0].parts[0].text;
    } else {
        style->form = ARG_NOT;
    }
    return OK;
}

static enum code style_all(struct arena *a, struct command_template *t, struct args_style style,
                           struct error *e)
{
    struct words pattern = {0};
    enum code code = OK;
    if (style.form == ARGS_PATTERN)
        code = parse_pattern(a, style.pattern, (struct location){0}, false, &pattern, e);
    for (size_t i = 0; code == OK && i < t->space->n_params; i++) {
        t->styles[i] = (struct arg_style){.form = common_form(style.form), .pattern = pattern};
        code = style_param(a, &t->space->params[i], &t->styles[i], e);
    }
    return code;
}

static void mark_places(struct command_template *t)
{
    for (size_t i = 0; i < t->words.n; i++)
        for (size_t k = 0; k < t->words.v[i].n; k++) {
            const struct part *part = &t->words.v[i].parts[k];
            if (part->kind == PART_PARAM || part->kind == PART_ARG)
                t->placed[part->param] = true;
        }
}

/* What a scan found, as a template. */
static enum code make(struct scanner *s, struct args_style style, struct command_template **ret)
{
    struct command_template *t = arena_alloc(s->arena, sizeof(*t));
    size_t n = s->space ? s->space->n_params : 0;
    if (!t || !(t->placed = arena_array(s->arena, n + 1, sizeof(*t->placed))) ||
        !(t->styles = arena_array(s->arena, n + 1, sizeof(*t->styles))))
        return error_nomem(s->e);
    t->space = s->space;
    t->shell = s->shell;
    t->words = (struct words){s->n_words, s->words};
    if (s->space) {
        mark_places(t);
        enum code code = style_all(s->arena, t, style, s->e);
        if (code != OK)
            return code;
    }
    *ret = t;
    return OK;
}

static enum code refuse_empty(struct scanner *s)
{
    enum code code = error_set(s->e, E_INVALID, "the command is empty");
    error_hint(s->e, "like: python3 train.py ${args}");
    return fail(s, 0, code);
}

enum code command_parse_string(struct arena *a, struct str text, struct location at, bool shell,
                               const struct space *space, struct args_style style,
                               struct command_template **ret, struct error *e)
{
    struct scanner s = {.arena = a, .text = text, .at = at, .space = space, .e = e};
    s.shell = shell;
    s.split = !shell;
    if (str_trim(text).n == 0)
        return refuse_empty(&s);
    enum code code = scan(&s);
    if (code != OK)
        return code;
    return s.n_words ? make(&s, style, ret) : refuse_empty(&s);
}

enum code command_parse_list(struct arena *a, const struct str *words, const struct location *at,
                             size_t n, const struct space *space, struct args_style style,
                             struct command_template **ret, struct error *e)
{
    struct scanner s = {.arena = a, .space = space, .e = e};
    enum code code = OK;
    for (size_t i = 0; code == OK && i < n; i++) {
        s.text = words[i];
        s.at = at[i];
        code = scan(&s);
    }
    if (code != OK)
        return code;
    return s.n_words ? make(&s, style, ret) : refuse_empty(&s);
}

void command_share_places(struct command_template *t, const struct command_template *other)
{
    for (size_t i = 0; t->space && t->space == other->space && i < t->space->n_params; i++)
        t->placed[i] = t->placed[i] || other->placed[i];
}
