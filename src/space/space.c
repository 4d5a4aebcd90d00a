/*
 * Building a space: declaring, binding, asking for names, and its canonical text.
 */
#include "space/space.h"

#include "space/space_check.h"

#include <stdlib.h>
#include <string.h>

enum code space_new(struct space **ret, struct error *e)
{
    struct space *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(e);
    arena_init(&s->arena, SPACE_BYTES_MAX);
    s->params = arena_array(&s->arena, SPACE_PARAMS_MAX, sizeof(*s->params));
    s->constraints = arena_array(&s->arena, SPACE_CONSTRAINTS_MAX, sizeof(*s->constraints));
    if (!s->params || !s->constraints) {
        space_free(s);
        return error_nomem(e);
    }
    *ret = s;
    return OK;
}

void space_free(struct space *s)
{
    if (!s)
        return;
    arena_free(&s->arena);
    free(s);
}

int space_find(const struct space *s, struct str name)
{
    for (size_t i = 0; i < s->n_params; i++)
        if (str_eq(s->params[i].name, name))
            return (int)i;
    return -1;
}

const char *space_nearest(const struct space *s, struct str name)
{
    const char *names[SPACE_PARAMS_MAX];
    for (size_t i = 0; i < s->n_params; i++)
        names[i] = s->params[i].name.p;
    return str_nearest(name, names, s->n_params);
}

static void place(struct error *e, struct location at)
{
    if (at.line)
        error_at(e, at.file, at.line, at.column);
}

static bool is_letter(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static enum code check_name(const struct space *s, const struct param_decl *d, struct error *e)
{
    bool starts = true, good = d->name.n > 0;
    for (size_t i = 0; i < d->name.n; i++) {
        char c = d->name.p[i];
        good =
            good && (is_letter(c) || (!starts && ((c >= '0' && c <= '9') || c == '-' || c == '.')));
        starts = c == '.';
    }
    enum code code = OK;
    if (d->name.n > SPACE_NAME_MAX) {
        code = error_set(e, E_LIMIT, "a parameter's name is longer than %d bytes", SPACE_NAME_MAX);
    } else if (!good || starts) {
        struct value name = value_string(d->name);
        code =
            error_set(e, E_INVALID, "%s can't be the name of a parameter", value_show(&name).text);
        error_hint(e,
                   "a name is letters, digits, _ and -, in parts joined by dots, and begins with "
                   "a letter");
    } else if (space_find(s, d->name) >= 0) {
        code = error_set(e, E_DUPLICATE, "parameter %.*s is declared twice", STR_FMT(d->name));
        const struct param *first = &s->params[space_find(s, d->name)];
        if (first->at.line)
            error_hint(e, "the first one is in line %d", first->at.line);
    }
    if (code != OK)
        place(e, d->at);
    return code;
}

static enum code copy_location(struct arena *a, struct location at, struct location *ret,
                               struct error *e)
{
    *ret = at;
    if (at.file && !(ret->file = arena_cstr(a, str_of(at.file))))
        return error_nomem(e);
    return OK;
}

static enum code declare_prior(struct arena *a, const struct param_decl *d, struct prior *ret,
                               struct error *e)
{
    if (d->prior.p)
        return prior_parse(a, d->prior, d->prior_at, ret, e);
    return prior_fixed(a, &d->value, ret) == OK ? OK : error_nomem(e);
}

static enum code declare_default(struct arena *a, const struct param_decl *d, struct param *p,
                                 struct error *e)
{
    struct error why = {0};
    if (!d->has_default)
        return OK;
    p->has_default = true;
    if (value_copy(a, &d->def, &p->def) != OK)
        return error_nomem(e);
    enum code code = prior_accept(&p->prior, a, &p->def, &why);
    if (code == OK)
        return OK;
    error_set(e, code, "default of %.*s: %s", STR_FMT(d->name), why.message);
    error_hint(e, "%s", why.hint);
    place(e, d->default_at);
    return code;
}

enum code space_declare(struct space *s, const struct param_decl *d, struct error *e)
{
    struct arena *a = &s->arena;
    struct param p = {.unit = -1};
    if (s->n_params == SPACE_PARAMS_MAX)
        return error_set(e, E_LIMIT, "there are more than %d parameters", SPACE_PARAMS_MAX);
    enum code code = check_name(s, d, e);
    if (code == OK)
        code = copy_location(a, d->at, &p.at, e);
    if (code == OK)
        code = copy_location(a, d->when_at, &p.when_at, e);
    if (code != OK)
        return code;
    if (arena_str(a, d->name, &p.name) != OK || (d->arg.p && arena_str(a, d->arg, &p.arg) != OK) ||
        (d->when.p && arena_str(a, d->when, &p.when_text) != OK))
        return error_nomem(e);
    code = declare_prior(a, d, &p.prior, e);
    if (code == OK)
        code = declare_default(a, d, &p, e);
    if (code == OK && d->when.p)
        code = expr_parse(a, d->when, d->when_at, &p.when, e);
    if (code != OK)
        return code;
    p.units = prior_units(&p.prior);
    p.change_said = d->has_change;
    p.change = !d->has_change || d->change;
    s->params[s->n_params++] = p;
    return OK;
}

enum code space_constrain(struct space *s, struct str text, struct location at, struct error *e)
{
    struct constraint c = {0};
    if (s->n_constraints == SPACE_CONSTRAINTS_MAX)
        return error_set(e, E_LIMIT, "there are more than %d constraints", SPACE_CONSTRAINTS_MAX);
    enum code code = copy_location(&s->arena, at, &c.at, e);
    if (code == OK && arena_str(&s->arena, text, &c.text) != OK)
        code = error_nomem(e);
    if (code == OK)
        code = expr_parse(&s->arena, c.text, c.at, &c.x, e);
    if (code == OK)
        s->constraints[s->n_constraints++] = c;
    return code;
}

struct collecting {
    bool *seen;
    size_t n;
};

static void collect(void *self, int param)
{
    struct collecting *c = self;
    c->n += !c->seen[param];
    c->seen[param] = true;
}

enum code space_names_of(const struct space *s, const struct expr *x, struct arena *a,
                         struct name_list *ret)
{
    bool seen[SPACE_PARAMS_MAX] = {false};
    struct collecting c = {seen, 0};
    expr_names(x, collect, &c);
    ret->v = arena_array(a, c.n, sizeof(*ret->v));
    ret->n = 0;
    if (!ret->v)
        return E_NOMEM;
    for (size_t i = 0; i < s->n_params; i++)
        if (seen[i])
            ret->v[ret->n++] = (int)i;
    return OK;
}

/* Binds all conditions and constraints, however many are wrong; `names` has room for all
 * parameters. */
static enum code bind_all(struct space *s, struct name_list *names, struct problems *problems)
{
    struct error e = {0};
    for (size_t i = 0; i < s->n_params; i++) {
        if (!s->params[i].when)
            continue;
        if (expr_bind(s->params[i].when, s, &e) != OK)
            problems_add(problems, &e);
        else if (space_names_of(s, s->params[i].when, &s->arena, &names[i]) != OK)
            return E_NOMEM;
        for (size_t k = 0; k < names[i].n; k++) {
            struct param *named = &s->params[names[i].v[k]];
            named->change = named->change_said && named->change;
        }
    }
    for (size_t i = 0; i < s->n_constraints; i++) {
        struct constraint *c = &s->constraints[i];
        struct name_list named;
        if (expr_bind(c->x, s, &e) != OK) {
            problems_add(problems, &e);
            continue;
        }
        if (space_names_of(s, c->x, &s->arena, &named) != OK)
            return E_NOMEM;
        c->names = named.v;
        c->n_names = named.n;
    }
    return OK;
}

/* Coordinates of the cube, in the order of the file. */
static void assign_units(struct space *s)
{
    s->n_units = 0;
    for (size_t i = 0; i < s->n_params; i++) {
        struct param *p = &s->params[i];
        p->unit = p->units ? s->n_units : -1;
        s->n_units += p->units;
    }
}

static size_t count_problems(const struct problems *p)
{
    return p->n + p->dropped;
}

/* E_NOMEM, or OK: what is wrong with the space is added to `problems`. A later check runs only
 * where the earlier ones found nothing, since it could not trust them. */
static enum code check_all(struct space *s, struct problems *problems)
{
    size_t before = count_problems(problems);
    struct error e = {0};
    struct name_list *names = arena_array(&s->arena, s->n_params, sizeof(*names));
    s->order = arena_array(&s->arena, s->n_params, sizeof(*s->order));
    if (!names || !s->order || bind_all(s, names, problems) != OK)
        return E_NOMEM;
    if (space_order(s, names, &e) != OK)
        problems_add(problems, &e);
    if (count_problems(problems) > before)
        return OK;
    assign_units(s);
    enum code code = space_check_conditions(s, names, problems);
    if (code != OK || count_problems(problems) > before)
        return code;
    return space_check_constraints(s, names, problems);
}

enum code space_finish(struct space *s, struct problems *problems)
{
    size_t before = count_problems(problems), kept = problems->n;
    struct error e = {0};
    if (check_all(s, problems) != OK) {
        error_nomem(&e);
        problems_add(problems, &e);
    }
    if (count_problems(problems) == before)
        return OK;
    return problems->n > kept ? problems->v[kept].code : E_INVALID;
}

static void param_json(const struct param *p, struct buf *text, struct json *j)
{
    jw_object(j);
    jw_key(j, "name");
    jw_str(j, p->name);
    jw_key(j, p->prior.kind == PRIOR_FIXED ? "fixed" : "prior");
    buf_clear(text);
    prior_write(&p->prior, text);
    if (p->prior.kind == PRIOR_FIXED)
        value_json(&p->prior.levels[0], j);
    else
        jw_str(j, buf_view(text));
    if (p->when) {
        buf_clear(text);
        expr_write(p->when, text);
        jw_key(j, "when");
        jw_str(j, buf_view(text));
    }
    if (p->has_default) {
        jw_key(j, "default");
        value_json(&p->def, j);
    }
    if (p->arg.p) {
        jw_key(j, "arg");
        jw_str(j, p->arg);
    }
    if (p->change_said) {
        jw_key(j, "change");
        jw_bool(j, p->change);
    }
    jw_object_end(j);
}

void space_json(const struct space *s, struct json *j)
{
    struct buf text;
    buf_init(&text, SPACE_BYTES_MAX);
    jw_object(j);
    jw_key(j, "parameters");
    jw_array(j);
    for (size_t i = 0; i < s->n_params; i++)
        param_json(&s->params[i], &text, j);
    jw_array_end(j);
    jw_key(j, "constraints");
    jw_array(j);
    for (size_t i = 0; i < s->n_constraints; i++) {
        buf_clear(&text);
        expr_write(s->constraints[i].x, &text);
        jw_str(j, buf_view(&text));
    }
    jw_array_end(j);
    jw_object_end(j);
    buf_free(&text);
}
