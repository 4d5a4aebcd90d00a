/*
 * Priors of numbers: their arguments, and what makes no sense of them.
 */
#include "space/prior_call.h"

#include "base/stats.h"

#include <assert.h>
#include <math.h>

enum { SLOTS = 4 };

/* Arguments by place: the first `positional` may come without a name, the first `required` must
 * come. */
struct signature {
    const char *usage;
    size_t positional, required;
    const char *names[SLOTS];
};

static const struct signature signatures[PRIOR_KIND_COUNT] = {
    [PRIOR_UNIFORM] = {"uniform(lo, hi) or uniform(lo, hi, step=s)", 2, 2, {"lo", "hi", "step"}},
    [PRIOR_LOGUNIFORM] = {"loguniform(lo, hi)", 2, 2, {"lo", "hi"}},
    [PRIOR_NORMAL] = {"normal(mean, sd) or normal(mean, sd, lo, hi)",
                      4,
                      2,
                      {"mean", "sd", "lo", "hi"}},
    [PRIOR_LOGNORMAL] = {"lognormal(mean, sd) or lognormal(mean, sd, lo, hi)",
                         4,
                         2,
                         {"mean", "sd", "lo", "hi"}},
    [PRIOR_INT] = {"int(lo, hi) or int(lo, hi, step=s)", 2, 2, {"lo", "hi", "step"}},
    [PRIOR_LOGINT] = {"logint(lo, hi)", 2, 2, {"lo", "hi"}},
};

typedef const struct prior_argument *slots[SLOTS];

static enum code fail_usage(const struct prior_call *call, const struct signature *s, size_t pos,
                            const char *what)
{
    prior_call_fail(call, pos, E_INVALID, "%s", what);
    error_hint(call->e, "write %s", s->usage);
    return E_INVALID;
}

static enum code fail_key(const struct prior_call *call, const struct signature *s,
                          const struct prior_argument *arg)
{
    size_t known = 0;
    while (known < SLOTS && s->names[known])
        known++;
    prior_call_fail(call, arg->key_pos, E_UNKNOWN, "%.*s has no option %.*s", STR_FMT(call->name),
                    STR_FMT(arg->key_text));
    const char *near = str_nearest(arg->key_text, s->names, known);
    if (near)
        error_hint(call->e, "did you mean %s?", near);
    else
        error_hint(call->e, "write %s", s->usage);
    return E_UNKNOWN;
}

static enum code place(const struct prior_call *call, const struct signature *s, slots ret)
{
    for (size_t i = 0, next = 0; i < call->n; i++) {
        const struct prior_argument *arg = &call->v[i];
        size_t slot = arg->has_key ? 0 : next++;
        if (!arg->has_key && slot >= s->positional)
            return fail_usage(call, s, arg->pos, "this is one value too many");
        while (arg->has_key && slot < SLOTS && s->names[slot] &&
               !str_is(arg->key_text, s->names[slot]))
            slot++;
        if (slot == SLOTS || !s->names[slot])
            return fail_key(call, s, arg);
        if (ret[slot])
            return prior_call_fail(call, arg->has_key ? arg->key_pos : arg->pos, E_DUPLICATE,
                                   "%s is given twice", s->names[slot]);
        if (arg->text.n == 0 || !value_is_number(&arg->value))
            return prior_call_fail(call, arg->pos, E_INVALID, "%s must be a number, but %s is %s",
                                   s->names[slot], value_show(&arg->value).text,
                                   value_type_name(arg->value.type));
        if (arg->value.type == VALUE_REAL && !isfinite(arg->value.r))
            return prior_call_fail(call, arg->pos, E_INVALID, "%s must be finite, but it is %s",
                                   s->names[slot], value_show(&arg->value).text);
        ret[slot] = arg;
    }
    for (size_t i = 0; i < s->required; i++)
        if (!ret[i])
            return fail_usage(call, s, call->name_pos, "values are missing");
    return OK;
}

static double real_of(const struct prior_argument *arg)
{
    return arg->value.type == VALUE_INT ? (double)arg->value.i : arg->value.r + 0.0; /* no -0 */
}

static enum code fail_order(const struct prior_call *call, const struct prior_argument *lo,
                            const struct prior_argument *hi)
{
    prior_call_fail(call, lo->pos, E_INVALID, "the lower bound %s is above the upper bound %s",
                    value_show(&lo->value).text, value_show(&hi->value).text);
    error_hint(call->e, "put the smaller one first");
    return E_INVALID;
}

static enum code fail_log(const struct prior_call *call, const struct prior_argument *lo)
{
    prior_call_fail(call, lo->pos, E_INVALID,
                    "the lower bound must be above zero, since %.*s works on the logarithm",
                    STR_FMT(call->name));
    error_hint(call->e, "for a range that holds zero take %s, or start at a small number",
               str_is(call->name, "logint") ? "int" : "uniform");
    return E_INVALID;
}

/* x * scale, where that is whole and gives x back; exact up to 2^53. */
static bool scaled(double x, double scale, int64_t *ret)
{
    double whole = round(x * scale);
    if (fabs(whole) > 0x1p53 || whole / scale != x)
        return false;
    *ret = (int64_t)whole;
    return true;
}

static enum code fail_step(const struct prior_call *call, const struct prior_argument *step,
                           struct value last)
{
    prior_call_fail(call, step->pos, E_INVALID,
                    "steps of %s from the lower bound do not lead to the upper one",
                    value_show(&step->value).text);
    error_hint(call->e, "the last value before it is %s: make that the upper bound",
               value_show(&last).text);
    return E_INVALID;
}

/* Steps are counted in whole numbers after scaling by a power of ten, so that the third value of
 * uniform(0, 1, step=0.1) is 0.3 and not 0.30000000000000004. */
static enum code set_step(const struct prior_call *call, const struct prior_argument *step,
                          struct prior *p)
{
    int64_t lo = 0, hi = 0, s = 1;
    p->step = real_of(step);
    if (!(p->step > 0))
        return prior_call_fail(call, step->pos, E_INVALID, "step must be above zero");
    double steps = (p->hi - p->lo) / p->step;
    if (steps > 0x1p52)
        return prior_call_fail(call, step->pos, E_LIMIT, "step is too small for this range");
    for (double scale = 1; scale <= 1e15 && p->scale == 0; scale *= 10)
        if (scaled(p->lo, scale, &lo) && scaled(p->step, scale, &s))
            p->scale = scale;
    bool fits = p->scale > 0 ? scaled(p->hi, p->scale, &hi) && (hi - lo) % s == 0
                             : fabs(steps - round(steps)) < 1e-6;
    if (fits)
        return OK;
    return fail_step(call, step, value_real(prior_grid_real(p, (uint64_t)floor(steps))));
}

static enum code parse_uniform(const struct prior_call *call, slots arg, struct prior *p)
{
    p->lo = real_of(arg[0]);
    p->hi = real_of(arg[1]);
    if (p->lo > p->hi)
        return fail_order(call, arg[0], arg[1]);
    if (p->kind == PRIOR_LOGUNIFORM && p->lo <= 0)
        return fail_log(call, arg[0]);
    return arg[2] ? set_step(call, arg[2], p) : OK;
}

/* Whole numbers; 1e6 is taken for one. */
static enum code whole_of(const struct prior_call *call, const struct prior_argument *arg,
                          int64_t *ret)
{
    if (arg->value.type == VALUE_INT) {
        *ret = arg->value.i;
        return OK;
    }
    if (arg->value.r == trunc(arg->value.r) && fabs(arg->value.r) <= 0x1p53) {
        *ret = (int64_t)arg->value.r;
        return OK;
    }
    prior_call_fail(call, arg->pos, E_INVALID, "%.*s takes whole numbers of 64 bits, not %s",
                    STR_FMT(call->name), value_show(&arg->value).text);
    error_hint(call->e, "for real numbers take %s",
               str_is(call->name, "logint") ? "loguniform" : "uniform");
    return E_INVALID;
}

static enum code parse_int(const struct prior_call *call, slots arg, struct prior *p)
{
    p->istep = 1;
    enum code code = whole_of(call, arg[0], &p->ilo);
    if (code == OK)
        code = whole_of(call, arg[1], &p->ihi);
    if (code == OK && arg[2])
        code = whole_of(call, arg[2], &p->istep);
    if (code != OK)
        return code;
    if (p->ilo > p->ihi)
        return fail_order(call, arg[0], arg[1]);
    if (p->kind == PRIOR_LOGINT && p->ilo <= 0)
        return fail_log(call, arg[0]);
    assert(arg[2] || p->istep == 1);
    if (p->istep <= 0)
        return prior_call_fail(call, arg[2]->pos, E_INVALID, "step must be above zero");
    uint64_t range = (uint64_t)p->ihi - (uint64_t)p->ilo;
    if (range % (uint64_t)p->istep != 0)
        return fail_step(call, arg[2], value_int(prior_grid_int(p, prior_last(p))));
    return OK;
}

/* Does anything of the normal lie between the bounds? They are in units of its own scale. */
static bool holds_mass(const struct prior *p, bool log_scale)
{
    double a = ((log_scale ? log(p->lo) : p->lo) - p->mean) / p->sd;
    double b = ((log_scale ? log(p->hi) : p->hi) - p->mean) / p->sd;
    double below = a > 0 ? normal_cdf(-b) : normal_cdf(a);
    double above = a > 0 ? normal_cdf(-a) : normal_cdf(b);
    return p->lo == p->hi || above - below > 1e-300;
}

static enum code parse_normal(const struct prior_call *call, slots arg, struct prior *p)
{
    bool log_scale = p->kind == PRIOR_LOGNORMAL;
    const double reach = 8.3; /* standard deviations that a draw can reach, and a little more */
    p->mean = real_of(arg[0]);
    p->sd = real_of(arg[1]);
    p->lo = arg[2] ? real_of(arg[2]) : log_scale ? 0 : -(double)INFINITY;
    p->hi = arg[3] ? real_of(arg[3]) : (double)INFINITY;
    if (!(p->sd > 0)) {
        prior_call_fail(call, arg[1]->pos, E_INVALID, "the standard deviation must be above zero");
        return E_INVALID;
    }
    if (arg[2] && arg[3] && p->lo > p->hi)
        return fail_order(call, arg[2], arg[3]);
    if (log_scale && arg[2] && p->lo <= 0)
        return fail_log(call, arg[2]);
    if (log_scale && arg[3] && p->hi <= 0)
        return prior_call_fail(call, arg[3]->pos, E_INVALID, "a lognormal is always above zero");
    double lowest = p->mean - reach * p->sd, highest = p->mean + reach * p->sd;
    bool representable = log_scale ? (arg[2] || lowest > -700) && (arg[3] || highest < 700)
                                   : isfinite(lowest) && isfinite(highest);
    if (!representable) {
        prior_call_fail(call, arg[0]->pos, E_INVALID,
                        "this reaches past what a real number can hold");
        error_hint(call->e, log_scale ? "mean and sd are those of the logarithm; or give lo and hi"
                                      : "take a smaller mean and sd");
        return E_INVALID;
    }
    if (holds_mass(p, log_scale))
        return OK;
    assert(arg[2] || arg[3]); /* without bounds nothing is cut off */
    prior_call_fail(call, arg[2] ? arg[2]->pos : arg[3]->pos, E_INVALID,
                    "the bounds lie too far from the mean: nothing of the %s is between them",
                    log_scale ? "lognormal" : "normal");
    if (log_scale)
        error_hint(call->e,
                   "mean and sd are those of the logarithm, the bounds those of the value");
    return E_INVALID;
}

enum code prior_parse_range(const struct prior_call *call, struct prior *p)
{
    slots arg = {NULL};
    enum code code = place(call, &signatures[p->kind], arg);
    if (code != OK)
        return code;
    assert(arg[0] && arg[1]); /* place() saw to what is required */
    switch (p->kind) {
    case PRIOR_UNIFORM:
    case PRIOR_LOGUNIFORM:
        return parse_uniform(call, arg, p);
    case PRIOR_INT:
    case PRIOR_LOGINT:
        return parse_int(call, arg, p);
    case PRIOR_NORMAL:
    case PRIOR_LOGNORMAL:
        return parse_normal(call, arg, p);
    case PRIOR_FIXED:
    case PRIOR_CHOICE:
    case PRIOR_ORDINAL:
    case PRIOR_FLAG:
    case PRIOR_SUBSET:
    case PRIOR_PERMUTATION:
    case PRIOR_KIND_COUNT:
        break; /* prior_parse_levels */
    }
    return E_INVALID;
}
