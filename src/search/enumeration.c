/*
 * An odometer over the parameters in the space's order.
 *
 * Always: values[] are those of digits[] at `position`; a digit of an inactive parameter is 0.
 * Since conditions name only earlier parameters, turning one digit changes what stands after it
 * alone.
 */
#include "search/enumeration.h"

#include <stdlib.h>

enum { SCRATCH = 1 << 16, SCRATCH_MAX = 1 << 24 };

struct enumeration {
    const struct space *space;
    int64_t points;
    int64_t position; /* -1: nowhere yet */
    bool ended;
    struct value *values; /* by parameter */
    int64_t *digits;      /* by parameter */
    struct arena scratch; /* what values of lists point into */
};

static int64_t count_of(const struct enumeration *x, const struct param *p)
{
    int64_t n = prior_count(&p->prior);
    return n ? n : x->points;
}

static enum code check_finite(const struct space *s, int64_t points, struct error *e)
{
    for (size_t i = 0; i < s->n_params && points == 0; i++)
        if (prior_count(&s->params[i].prior) == 0) {
            error_set(e, E_INVALID,
                      "grid needs finitely many values, but `%.*s` has no end of them",
                      STR_FMT(s->params[i].name));
            error_hint(e, "say how many of each such parameter to try, as in `grid(points=5)`, or "
                          "give it a step");
            return E_INVALID;
        }
    return OK;
}

enum code enumeration_new(const struct space *s, int64_t points, struct enumeration **ret,
                          struct error *e)
{
    enum code code = check_finite(s, points, e);
    if (code != OK)
        return code;
    struct enumeration *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    *x = (struct enumeration){.space = s, .points = points, .position = -1};
    arena_init(&x->scratch, SCRATCH_MAX);
    size_t n = s->n_params ? s->n_params : 1;
    x->values = calloc(n, sizeof(*x->values));
    x->digits = calloc(n, sizeof(*x->digits));
    if (!x->values || !x->digits) {
        enumeration_free(x);
        return error_nomem(e);
    }
    *ret = x;
    return OK;
}

void enumeration_free(struct enumeration *x)
{
    if (!x)
        return;
    arena_free(&x->scratch);
    free(x->values);
    free(x->digits);
    free(x);
}

static enum code set_value(struct enumeration *x, int param)
{
    const struct param *p = &x->space->params[param];
    struct value *v = &x->values[param];
    if (p->when && expr_truth(p->when, x->values) != EXPR_TRUE) {
        *v = (struct value){.type = VALUE_NONE};
        return OK;
    }
    if (prior_count(&p->prior))
        return prior_nth(&p->prior, &x->scratch, x->digits[param], v);
    double u = ((double)x->digits[param] + 0.5) / (double)x->points;
    return prior_decode(&p->prior, &x->scratch, &u, v);
}

/* Sets the values of order[from] and all after it; those after it begin at their first. */
static enum code set_from(struct enumeration *x, size_t from)
{
    const struct space *s = x->space;
    for (size_t i = from; i < s->n_params; i++) {
        int param = s->order[i];
        if (i > from)
            x->digits[param] = 0;
        enum code code = set_value(x, param);
        if (code != OK)
            return code;
    }
    return OK;
}

/* All values anew from their digits, when the scratch arena has grown. */
static enum code refresh(struct enumeration *x)
{
    arena_clear(&x->scratch);
    for (size_t i = 0; i < x->space->n_params; i++) {
        enum code code = set_value(x, x->space->order[i]);
        if (code != OK)
            return code;
    }
    return OK;
}

static enum code restart(struct enumeration *x)
{
    arena_clear(&x->scratch);
    x->ended = false;
    x->position = 0;
    if (x->space->n_params == 0)
        return OK;
    x->digits[x->space->order[0]] = 0;
    return set_from(x, 0);
}

static enum code advance(struct enumeration *x)
{
    const struct space *s = x->space;
    for (size_t i = s->n_params; i-- > 0;) {
        int param = s->order[i];
        if (x->values[param].type == VALUE_NONE ||
            x->digits[param] + 1 >= count_of(x, &s->params[param]))
            continue;
        x->digits[param]++;
        x->position++;
        return set_from(x, i);
    }
    x->ended = true;
    return OK;
}

enum code enumeration_at(struct enumeration *x, int64_t position, struct config *ret, bool *ret_end,
                         struct error *e)
{
    enum code code = OK;
    if (x->position < 0 || position < x->position)
        code = restart(x);
    while (code == OK && !x->ended && x->position < position) {
        code = advance(x);
        if (code == OK && x->scratch.used > SCRATCH)
            code = refresh(x);
    }
    if (code != OK) {
        x->position = -1;
        return error_set(e, code, "configuration %lld of the enumeration can't be made",
                         (long long)position);
    }
    *ret_end = x->position < position;
    if (!*ret_end)
        *ret = (struct config){x->space, x->values};
    return OK;
}
