/*
 * The initial design: what is tried before anything is modelled.
 *
 * In a conditional space the centre of each branch comes first: the middle of every range, with one
 * parent after the other at each of its values. People choose ranges around what they take for
 * sensible, so that centres tell branches from each other better than one random point in each
 * would. Then come even points (a scrambled Sobol sequence), and few of them: a model that knows
 * how little it knows explores better than they do.
 */
#include "search/gp/internal.h"

#include <stdlib.h>

enum {
    EVEN_LEAST = 5,     /* even points where there are no centres: one for two dimensions... */
    EVEN_MOST = 10,     /* ...between these */
    BESIDE_CENTRES = 2, /* even points at least where there are */
    TRIALS_LEAST = 2,
    CENTRES_MOST = 8
};

static size_t points_of_design(const struct gp_sampler *s)
{
    size_t n = s->n_centres > 0 ? s->n_centres + BESIDE_CENTRES : s->encoding->n_units / 2;
    size_t most = s->n_centres > 0 ? n : EVEN_MOST;
    return n < EVEN_LEAST ? EVEN_LEAST : n < most ? n : most;
}

static size_t design_size(const struct gp_sampler *s, size_t asked_for, int64_t trials)
{
    size_t n = points_of_design(s), third = trials > 0 ? (size_t)trials / 3 : n;
    if (asked_for > 0)
        return asked_for;
    if (trials <= 0 || third >= n)
        return n;
    return third > TRIALS_LEAST ? third : TRIALS_LEAST;
}

/* The branches around the middle of everything, itself left out. */
static enum code keep_centres(struct gp_sampler *s, struct arena *a, struct error *e)
{
    const struct encoding *x = s->encoding;
    double *u = arena_array(a, x->n_units + 1, sizeof(*u));
    struct branch *beside;
    struct config middle;
    size_t n;
    if (!u)
        return error_nomem(e);
    for (size_t k = 0; k < x->n_units; k++)
        u[k] = 0.5;
    enum code code = config_decode(s->space, a, u, &middle);
    if (code != OK)
        return error_set(e, code, "the middle of the space can't be decoded");
    code = branches_beside(x, a, &middle, &beside, &n, e);
    if (code != OK || n == 0)
        return code;
    n = n < CENTRES_MOST - 1 ? n : CENTRES_MOST - 1;
    s->centres = calloc(n, sizeof(*s->centres));
    if (!s->centres)
        return error_nomem(e);
    for (size_t i = 0; i < n; i++)
        s->centres[i] = beside[i];
    s->n_centres = n + 1;
    return OK;
}

enum code design_make(struct gp_sampler *s, size_t asked_for, int64_t trials, struct error *e)
{
    struct arena a;
    enum code code = OK;
    arena_init(&a, (size_t)1 << 28);
    if (s->encoding->conditional && s->branches)
        code = keep_centres(s, &a, e);
    arena_free(&a);
    s->initial = design_size(s, asked_for, trials);
    return code;
}

enum code design_point(const struct gp_sampler *s, struct arena *a, int64_t index,
                       struct config *ret, struct error *e)
{
    const struct encoding *x = s->encoding;
    size_t i = (size_t)index;
    double *u = arena_array(a, x->n_units + 1, sizeof(*u));
    if (!u)
        return error_nomem(e);
    if (i < s->n_centres)
        for (size_t k = 0; k < x->n_units; k++)
            u[k] = 0.5;
    else
        sobol_point(s->points, i - s->n_centres, u);
    if (i > 0 && i < s->n_centres)
        u[s->centres[i - 1].unit] =
            unit_of_level(x, s->centres[i - 1].unit, s->centres[i - 1].level);
    enum code code = config_decode(s->space, a, u, ret);
    return code == OK ? OK : error_set(e, code, "point %lld can't be decoded", (long long)index);
}
