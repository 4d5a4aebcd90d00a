/* The parameter `steps`. */
#include "search/length.h"

enum { MEAN_POINTS = 1000, PRIOR_SHOWN = 60 };

static const struct param *length_in(const struct space *s)
{
    return &s->params[length_param(s)];
}

int length_param(const struct space *s)
{
    return space_find(s, STR("steps"));
}

static enum code refuse_prior(const struct prior *p, struct error *e)
{
    struct buf b;
    buf_init(&b, PRIOR_BYTES_MAX);
    prior_write(p, &b);
    error_set(e, E_INVALID, "%.*s gives no whole numbers, and steps is how long a trial trains",
              STR_FMT(str_sub(buf_view(&b), 0, PRIOR_SHOWN)));
    error_hint(e, "like steps: logint(1, 27), ordinal(3, 9, 27) or 9; what means something else "
                  "needs another name");
    buf_free(&b);
    return E_INVALID;
}

/* The least and the most it may be. */
static enum code range_of(const struct prior *p, int64_t *ret_lo, int64_t *ret_hi, struct error *e)
{
    bool levels = p->kind == PRIOR_FIXED || p->kind == PRIOR_CHOICE || p->kind == PRIOR_ORDINAL;
    if (p->kind == PRIOR_INT || p->kind == PRIOR_LOGINT) {
        *ret_lo = p->ilo;
        *ret_hi = p->ihi;
        return OK;
    }
    for (size_t i = 0; levels && i < p->n_levels; i++) {
        if (p->levels[i].type != VALUE_INT)
            return refuse_prior(p, e);
        int64_t v = p->levels[i].i;
        *ret_lo = i == 0 || v < *ret_lo ? v : *ret_lo;
        *ret_hi = i == 0 || v > *ret_hi ? v : *ret_hi;
    }
    return levels ? OK : refuse_prior(p, e);
}

/* Over the prior, whatever the constraints leave of it. */
static enum code mean_of(const struct prior *p, double *ret, struct error *e)
{
    struct arena a;
    double sum = 0;
    enum code code = OK;
    arena_init(&a, PRIOR_BYTES_MAX);
    for (int i = 0; code == OK && i < MEAN_POINTS; i++) {
        double u = (i + 0.5) / MEAN_POINTS;
        struct value v;
        code = prior_decode(p, &a, &u, &v);
        sum += code == OK ? (double)v.i : 0;
    }
    arena_free(&a);
    *ret = sum / MEAN_POINTS;
    return code == OK ? OK : error_nomem(e);
}

enum code length_read(const struct space *s, struct effort *effort, struct error *e)
{
    const struct param *p = length_in(s);
    int64_t lo = 0, hi = 0;
    double mean = 0;
    if (p->when) {
        error_set(e, E_INVALID, "steps has a condition, and every trial trains some steps");
        error_hint(e, "leave `when` out; a constraint can tie it to other parameters");
        return E_INVALID;
    }
    enum code code = range_of(&p->prior, &lo, &hi, e);
    if (code == OK && (lo < 1 || hi > STEPS_MAX)) {
        error_set(e, E_INVALID, "a trial can't train %lld steps", (long long)(lo < 1 ? lo : hi));
        error_hint(e, "steps are 1 to %lld", STEPS_MAX);
        return E_INVALID;
    }
    if (code == OK)
        code = mean_of(&p->prior, &mean, e);
    if (code != OK)
        return code;
    effort->has_steps = effort->own_steps = true;
    effort->min_steps = lo;
    effort->max_steps = hi;
    effort->mean_steps = mean;
    return OK;
}

int64_t length_of(const struct config *c)
{
    return c->values[length_param(c->space)].i;
}
