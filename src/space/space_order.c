/*
 * Parameters in an order in which each condition names only earlier ones: depth first, in the order
 * of the file, so that a file that is in order already stays as it is.
 */
#include "space/space_check.h"

#include <string.h>

enum { UNSEEN, ON_PATH, DONE };

struct ordering {
    struct space *s;
    const struct name_list *names;
    char state[SPACE_PARAMS_MAX];
    int path[SPACE_PARAMS_MAX];
    size_t depth, n_done;
};

/* "a -> b -> a", from where `param` stands on the path. */
static enum code fail_circle(const struct ordering *o, int param, struct error *e)
{
    const struct param *params = o->s->params;
    size_t at = 0;
    struct buf text;
    buf_init(&text, 1 << 20);
    while (o->path[at] != param)
        at++;
    for (size_t i = at; i < o->depth; i++)
        buf_fmt(&text, "%s -> ", params[o->path[i]].name.p);
    buf_str(&text, params[param].name);
    error_set(e, E_INVALID, "conditions go in a circle: %.*s", STR_FMT(buf_view(&text)));
    error_hint(e,
               at + 1 == o->depth
                   ? "a parameter's condition can't ask about the parameter itself"
                   : "each is active only if the next one is: one must stand without the others");
    const struct location *when = &params[param].when_at;
    if (when->line)
        error_at(e, when->file, when->line, when->column);
    buf_free(&text);
    return E_INVALID;
}

/* Puts what `param` depends on before it. Recursion is as deep as conditions are. */
static enum code visit(struct ordering *o, int param, struct error *e)
{
    struct param *p = &o->s->params[param];
    if (o->state[param] == DONE)
        return OK;
    if (o->state[param] == ON_PATH)
        return fail_circle(o, param, e);
    o->state[param] = ON_PATH;
    o->path[o->depth++] = param;
    p->depth = 0;
    for (size_t i = 0; i < o->names[param].n; i++) {
        int named = o->names[param].v[i];
        enum code code = visit(o, named, e);
        if (code != OK)
            return code;
        if (o->s->params[named].depth >= p->depth)
            p->depth = o->s->params[named].depth + 1;
    }
    if (p->when && p->depth == 0) /* a condition that names nothing */
        p->depth = 1;
    o->depth--;
    o->state[param] = DONE;
    o->s->order[o->n_done++] = param;
    return OK;
}

enum code space_order(struct space *s, const struct name_list *names, struct error *e)
{
    struct ordering o = {.s = s, .names = names};
    enum code code = OK;
    for (size_t i = 0; i < s->n_params && code == OK; i++)
        code = visit(&o, (int)i, e);
    return code;
}
