/*
 * An odometer over the parameters in the space's order.
 *
 * Always: values[] are those of digits[] at `position`; a digit of an inactive parameter is 0.
 * Since conditions name only earlier parameters, turning one digit changes what stands after it
 * alone; so does whether a constraint holds, which depends on the digits up to the last parameter
 * that it names.
 */
#include "search/enumeration.h"

#include <stdlib.h>

enum { SCRATCH = 1 << 16, SCRATCH_MAX = 1 << 24 };

struct enumeration {
    const struct space *space;
    int64_t points, refused_max;
    int64_t position; /* -1: nowhere yet */
    bool ended;
    struct value *values; /* by parameter */
    int64_t *digits;      /* by parameter */
    size_t *until;        /* by constraint: how much of the order it depends on */
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

static void find_until(struct enumeration *x)
{
    const struct space *s = x->space;
    for (size_t k = 0; k < s->n_constraints; k++)
        for (size_t i = 0; i < s->n_params; i++)
            for (size_t n = 0; n < s->constraints[k].n_names; n++)
                if (s->constraints[k].names[n] == s->order[i])
                    x->until[k] = i + 1;
}

enum code enumeration_new(const struct space *s, int64_t points, int64_t refused_max,
                          struct enumeration **ret, struct error *e)
{
    enum code code = check_finite(s, points, e);
    if (code != OK)
        return code;
    struct enumeration *x = calloc(1, sizeof(*x));
    if (!x)
        return error_nomem(e);
    *x = (struct enumeration){
        .space = s, .points = points, .refused_max = refused_max, .position = -1};
    arena_init(&x->scratch, SCRATCH_MAX);
    size_t n = s->n_params ? s->n_params : 1;
    x->values = calloc(n, sizeof(*x->values));
    x->digits = calloc(n, sizeof(*x->digits));
    x->until = calloc(s->n_constraints + 1, sizeof(*x->until));
    if (!x->values || !x->digits || !x->until) {
        enumeration_free(x);
        return error_nomem(e);
    }
    find_until(x);
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
    free(x->until);
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

/* To the next that differs in the first `until` of the order. */
static enum code turn(struct enumeration *x, size_t until)
{
    const struct space *s = x->space;
    for (size_t i = until; i-- > 0;) {
        int param = s->order[i];
        if (x->values[param].type == VALUE_NONE ||
            x->digits[param] + 1 >= count_of(x, &s->params[param]))
            continue;
        x->digits[param]++;
        enum code code = set_from(x, i);
        return code == OK && x->scratch.used > SCRATCH ? refresh(x) : code;
    }
    x->ended = true;
    return OK;
}

/* How much of the order decides that this one is refused; SIZE_MAX: it is allowed. */
static size_t refused_until(const struct enumeration *x)
{
    size_t until = SIZE_MAX;
    for (size_t k = 0; k < x->space->n_constraints; k++)
        if (x->until[k] < until && !config_holds(x->space, x->values, k))
            until = x->until[k];
    return until;
}

static enum code pass_refused(struct enumeration *x, struct error *e)
{
    size_t until;
    for (int64_t n = 0; !x->ended && (until = refused_until(x)) != SIZE_MAX; n++) {
        if (x->refused_max > 0 && n == x->refused_max) {
            (void)error_set(e, E_UNSATISFIABLE,
                            "%lld configurations in a row violate the constraints", (long long)n);
            error_hint(e, "narrow the priors to where the constraints hold, or use a method that "
                          "draws, such as random");
            return E_UNSATISFIABLE;
        }
        enum code code = turn(x, until);
        if (code != OK)
            return error_nomem(e);
    }
    return OK;
}

static enum code restart(struct enumeration *x, struct error *e)
{
    arena_clear(&x->scratch);
    x->ended = false;
    x->position = 0;
    if (x->space->n_params > 0) {
        x->digits[x->space->order[0]] = 0;
        if (set_from(x, 0) != OK)
            return error_nomem(e);
    }
    return pass_refused(x, e);
}

static enum code advance(struct enumeration *x, struct error *e)
{
    x->position++;
    if (turn(x, x->space->n_params) != OK)
        return error_nomem(e);
    return pass_refused(x, e);
}

enum code enumeration_at(struct enumeration *x, int64_t position, struct config *ret, bool *ret_end,
                         struct error *e)
{
    enum code code = OK;
    if (x->position < 0 || position < x->position)
        code = restart(x, e);
    while (code == OK && !x->ended && x->position < position)
        code = advance(x, e);
    if (code != OK) {
        x->position = -1;
        return code;
    }
    *ret_end = x->ended;
    if (!*ret_end)
        *ret = (struct config){x->space, x->values};
    return OK;
}
