/*
 * Priors as text, whole and for messages.
 */
#include "space/prior.h"

#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void write_range(const struct prior *p, struct buf *b)
{
    bool whole = p->kind == PRIOR_INT || p->kind == PRIOR_LOGINT;
    struct value lo = whole ? value_int(p->ilo) : value_real(p->lo);
    struct value hi = whole ? value_int(p->ihi) : value_real(p->hi);
    value_text(&lo, b);
    buf_cstr(b, ", ");
    value_text(&hi, b);
    if (whole && p->istep != 1)
        buf_fmt(b, ", step=%lld", (long long)p->istep);
    if (!whole && p->step > 0) {
        buf_cstr(b, ", step=");
        number_write(b, p->step);
    }
}

static void write_normal(const struct prior *p, struct buf *b)
{
    number_write(b, p->mean);
    buf_cstr(b, ", ");
    number_write(b, p->sd);
    if (isfinite(p->lo) && !(p->kind == PRIOR_LOGNORMAL && p->lo <= 0)) {
        buf_cstr(b, ", lo=");
        number_write(b, p->lo);
    }
    if (isfinite(p->hi)) {
        buf_cstr(b, ", hi=");
        number_write(b, p->hi);
    }
}

static void write_levels(const struct prior *p, struct buf *b)
{
    for (size_t i = 0; i < p->n_levels; i++) {
        if (i)
            buf_cstr(b, ", ");
        value_write(&p->levels[i], b);
        if (p->weights) {
            buf_char(b, '=');
            number_write(b, p->weights[i]);
        }
    }
    if (p->kind == PRIOR_SUBSET)
        buf_fmt(b, ", min=%d, max=%d", p->min, p->max);
}

static void write_flag(const struct prior *p, struct buf *b)
{
    if (p->on.p) {
        buf_cstr(b, "on=");
        value_quote(p->on, b);
    }
    if (p->off.p) {
        buf_cstr(b, p->on.p ? ", off=" : "off=");
        value_quote(p->off, b);
    }
}

void prior_write(const struct prior *p, struct buf *b)
{
    if (p->kind == PRIOR_FIXED) {
        value_write(&p->levels[0], b);
        return;
    }
    buf_fmt(b, "%s(", prior_kind_name(p->kind));
    if (p->kind == PRIOR_NORMAL || p->kind == PRIOR_LOGNORMAL)
        write_normal(p, b);
    else if (p->kind == PRIOR_FLAG)
        write_flag(p, b);
    else if (p->n_levels)
        write_levels(p, b);
    else
        write_range(p, b);
    buf_char(b, ')');
}

void prior_write_levels(const struct prior *p, struct buf *b)
{
    enum { SHOWN = 12, BYTES = 300 };
    size_t start = b->n;
    for (size_t i = 0; i < p->n_levels; i++) {
        if (i)
            buf_cstr(b, ", ");
        if (i == SHOWN || b->n - start > BYTES) {
            buf_fmt(b, "... (%zu in all)", p->n_levels);
            return;
        }
        buf_cstr(b, value_show(&p->levels[i]).text);
    }
}

const char *prior_nearest(const struct prior *p, struct str word)
{
    const char **names = calloc(p->n_levels + 1, sizeof(*names));
    size_t n = 0;
    for (size_t i = 0; names && i < p->n_levels; i++)
        if (p->levels[i].type == VALUE_STRING)
            names[n++] = p->levels[i].s.p; /* value_copy ends strings in NUL */
    const char *near = names ? str_nearest(word, names, n) : NULL;
    free(names);
    return near;
}
