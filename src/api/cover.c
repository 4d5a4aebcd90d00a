/* The volume of a front. */
#include "api/cover.h"

#include "search/pareto.h"

#include <math.h>
#include <stdlib.h>

/* Values are minimised in here. */
struct covering {
    const struct scoring *scoring;
    double best[STORE_OBJECTIVES_MAX], worst[STORE_OBJECTIVES_MAX];
    double *points; /* of the front */
    size_t n, capacity;
};

static double sign_of(const struct scoring *s, size_t objective)
{
    return s->measures[objective].aim == AIM_MAXIMIZE ? -1 : 1;
}

/* False where an objective has no finite value. */
static bool read_values(const struct scoring *s, const struct trial_row *row, double *ret)
{
    for (size_t i = 0; i < s->n_objectives; i++) {
        bool seen = i < row->scores.n_values && (row->scores.seen >> i & 1) != 0;
        if (!seen || !isfinite(row->scores.values[i]))
            return false;
        ret[i] = sign_of(s, i) * row->scores.values[i];
    }
    return true;
}

static enum code on_valued(void *self, const struct trial_row *row)
{
    struct covering *x = self;
    double v[STORE_OBJECTIVES_MAX];
    if (!read_values(x->scoring, row, v))
        return OK;
    for (size_t i = 0; i < x->scoring->n_objectives; i++) {
        x->best[i] = fmin(x->best[i], v[i]);
        x->worst[i] = fmax(x->worst[i], v[i]);
    }
    return OK;
}

static enum code on_front(void *self, const struct trial_row *row)
{
    struct covering *x = self;
    size_t m = x->scoring->n_objectives;
    if (x->n == x->capacity) {
        size_t capacity = x->capacity ? 2 * x->capacity : 64;
        double *p = reallocarray(x->points, capacity, m * sizeof(*p));
        if (!p)
            return E_NOMEM;
        x->points = p;
        x->capacity = capacity;
    }
    x->n += read_values(x->scoring, row, x->points + x->n * m);
    return OK;
}

/* From 0, the best value, to 1, the worst: halves, since the extent may overflow. */
static bool scale(struct covering *x, struct cover *ret)
{
    size_t m = x->scoring->n_objectives;
    ret->volume = 1;
    for (size_t k = 0; k < m; k++) {
        double extent = x->worst[k] / 2 - x->best[k] / 2;
        if (!(extent > 0))
            return false;
        for (size_t i = 0; i < x->n; i++)
            x->points[i * m + k] = (x->points[i * m + k] / 2 - x->best[k] / 2) / extent;
        ret->volume *= 2 * extent;
        ret->reference[k] = sign_of(x->scoring, k) * x->worst[k];
    }
    return true;
}

static void measure(struct covering *x, struct cover *ret)
{
    double ones[STORE_OBJECTIVES_MAX];
    size_t m = x->scoring->n_objectives;
    for (size_t k = 0; k < m; k++)
        ones[k] = 1;
    if (x->n == 0 || !scale(x, ret))
        return;
    ret->known = pareto_volume(x->n, m, x->points, ones, &ret->share, NULL) == OK;
    ret->volume *= ret->share;
}

enum code cover_of(struct store *s, struct search_id id, const struct scoring *scoring,
                   struct cover *ret, struct error *e)
{
    struct covering x = {.scoring = scoring};
    unsigned ended = 1U << TRIAL_COMPLETED | 1U << TRIAL_STOPPED;
    *ret = (struct cover){.known = false};
    if (scoring->n_objectives == 1)
        return OK;
    for (size_t i = 0; i < STORE_OBJECTIVES_MAX; i++) {
        x.best[i] = (double)INFINITY;
        x.worst[i] = -(double)INFINITY;
    }
    enum code c = store_trials(s, id, ended, on_valued, &x, e);
    if (c == OK)
        c = store_best(s, id, INT32_MAX, on_front, &x, e);
    if (c == OK)
        measure(&x, ret);
    free(x.points);
    return c;
}

void cover_print(const struct cover *c, struct screen *out)
{
    if (!c->known)
        return;
    screen_fmt(out, TONE_DIM, "volume    ");
    screen_fmt(out, TONE_PLAIN,
               "%.1f %% of what lies between the best and the worst value of each objective\n",
               100 * c->share);
}

void cover_json(const struct cover *c, const struct scoring *scoring, struct json *j)
{
    jw_key(j, "hypervolume");
    if (!c->known) {
        jw_null(j);
        return;
    }
    jw_object(j);
    jw_key(j, "volume");
    jw_real(j, c->volume);
    jw_key(j, "share");
    jw_real(j, c->share);
    jw_key(j, "reference");
    jw_object(j);
    for (size_t i = 0; i < scoring->n_objectives; i++) {
        jw_key_str(j, scoring->measures[i].name);
        jw_real(j, c->reference[i]);
    }
    jw_object_end(j);
    jw_object_end(j);
}
