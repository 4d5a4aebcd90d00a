/*
 * L-BFGS in a box.
 *
 * A variable is held while it is at a bound and the gradient pushes it outward; the others are
 * free. Remembered steps are used as they are on the free variables alone: products run over those,
 * and a pair without positive curvature there is left out. So no pair is lost when the set changes.
 */
#include "model/lbfgs.h"

#include "base/vec.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const double decrease = 1e-4; /* Armijo's share of the predicted gain */

struct search {
    size_t n, memory, kept, next; /* pairs kept; the slot of the next */
    const double *lo, *hi;
    lbfgs_function f;
    void *self;
    int left; /* evaluations */
    double value, best_value;
    double *best; /* the caller's x */
    double *x, *gradient, *direction, *try, *try_gradient, *free;
    double *s, *y, *alpha; /* memory x n, memory x n, memory */
};

size_t lbfgs_work(size_t n, size_t memory)
{
    return 6 * n + 2 * memory * n + memory;
}

static double into(double x, double lo, double hi)
{
    if (isnan(x))
        x = 0;
    return x < lo ? lo : x > hi ? hi : x;
}

/* The function at x; not finite is INFINITY. Keeps the best. */
static double evaluate(struct search *s, const double *x, double *gradient)
{
    s->left--;
    double value = s->f(s->self, s->n, x, gradient);
    if (!isfinite(value))
        return (double)INFINITY;
    for (size_t i = 0; i < s->n; i++)
        if (!isfinite(gradient[i]))
            gradient[i] = 0; /* a variable of which nothing is known stays where it is */
    if (value < s->best_value) {
        s->best_value = value;
        memcpy(s->best, x, s->n * sizeof(*x));
    }
    return value;
}

/* Sets free[i] to 1 or 0; returns how far the projected gradient would move at most. */
static double find_free(struct search *s)
{
    double most = 0;
    for (size_t i = 0; i < s->n; i++) {
        double x = s->x[i], move = fabs(into(x - s->gradient[i], s->lo[i], s->hi[i]) - x);
        s->free[i] = move > 0;
        most = move > most ? move : most;
    }
    return most;
}

/* The dot product over the free variables. */
static double dot_free(const struct search *s, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->free[i] * a[i] * b[i];
    return sum;
}

static void mask(const struct search *s, double *x)
{
    for (size_t i = 0; i < s->n; i++)
        x[i] *= s->free[i];
}

/* direction := -H gradient on the free variables by the two loops of Nocedal 1980; s->alpha is
 * room. Returns whether any remembered step was of use. */
static bool two_loops(struct search *s)
{
    double *d = s->direction, scale = 0;
    for (size_t i = 0; i < s->n; i++)
        d[i] = -s->gradient[i] * s->free[i];
    for (size_t k = 1; k <= s->kept; k++) { /* the newest first */
        size_t at = (s->next + s->memory - k) % s->memory;
        const double *step = s->s + at * s->n, *change = s->y + at * s->n;
        double sy = dot_free(s, step, change), yy = dot_free(s, change, change);
        s->alpha[at] = (double)NAN;
        if (!(sy > 1e-10 * yy) || !isfinite(sy / yy))
            continue;
        scale = scale > 0 ? scale : sy / yy;
        s->alpha[at] = dot_free(s, step, d) / sy;
        vec_axpy(s->n, -s->alpha[at], change, d);
        mask(s, d);
    }
    if (!(scale > 0))
        return false;
    vec_scale(s->n, scale, d);
    for (size_t k = s->kept; k >= 1; k--) {
        size_t at = (s->next + s->memory - k) % s->memory;
        const double *step = s->s + at * s->n, *change = s->y + at * s->n;
        if (isnan(s->alpha[at]))
            continue;
        double beta = dot_free(s, change, d) / dot_free(s, step, change);
        vec_axpy(s->n, s->alpha[at] - beta, step, d);
        mask(s, d);
    }
    return true;
}

/* Downhill and finite, else the negative gradient, no longer than 1. */
static void find_direction(struct search *s)
{
    bool known = two_loops(s);
    double down = dot_free(s, s->direction, s->gradient);
    double size = dot_free(s, s->direction, s->direction);
    if (known && down < 0 && isfinite(down) && isfinite(size))
        return;
    double most = 0;
    s->kept = 0;
    for (size_t i = 0; i < s->n; i++)
        most = fmax(most, fabs(s->gradient[i] * s->free[i]));
    for (size_t i = 0; i < s->n; i++)
        s->direction[i] = -s->gradient[i] * s->free[i] / fmax(most, 1);
}

/* try := x + t direction, in the box; returns gradient . (try - x). */
static double move(struct search *s, double t)
{
    double gain = 0;
    for (size_t i = 0; i < s->n; i++) {
        s->try[i] = into(s->x[i] + t * s->direction[i], s->lo[i], s->hi[i]);
        gain += s->gradient[i] * (s->try[i] - s->x[i]);
    }
    return gain;
}

/* Shortens the step until the value falls by enough; false where it never does. */
static bool line_search(struct search *s, double *ret_value)
{
    double t = 1;
    while (s->left > 0) {
        double gain = move(s, t);
        if (!(gain < 0))
            return false;
        double value = evaluate(s, s->try, s->try_gradient);
        if (value <= s->value + decrease * gain) {
            *ret_value = value;
            return true;
        }
        /* the lowest point of the parabola through what is known */
        double shorter = -gain / (2 * (value - s->value - gain));
        t *= isinf(value) ? 0.1 : shorter < 0.1 ? 0.1 : shorter > 0.5 ? 0.5 : shorter;
        if (memcmp(s->try, s->x, s->n * sizeof(*s->x)) == 0)
            return false;
    }
    return false;
}

static void swap(double **a, double **b)
{
    double *t = *a;
    *a = *b;
    *b = t;
}

/* Remembers the step to `try`, and takes it. */
static void take(struct search *s, double value)
{
    double *step = s->s + s->next * s->n, *change = s->y + s->next * s->n;
    for (size_t i = 0; i < s->n; i++) {
        step[i] = s->try[i] - s->x[i];
        change[i] = s->try_gradient[i] - s->gradient[i];
    }
    s->next = (s->next + 1) % s->memory;
    s->kept += s->kept < s->memory;
    swap(&s->x, &s->try);
    swap(&s->gradient, &s->try_gradient);
    s->value = value;
}

double lbfgs_minimise(size_t n, double *x, const double *lo, const double *hi, lbfgs_function f,
                      void *self, const struct lbfgs_options *o, double *work)
{
    struct search s = {.n = n, .memory = o->memory, .lo = lo, .hi = hi, .f = f, .self = self};
    double **const rows[] = {&s.x, &s.gradient, &s.direction, &s.try, &s.try_gradient, &s.free};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++, work += n)
        *rows[i] = work;
    s.s = work;
    s.y = s.s + s.memory * n;
    s.alpha = s.y + s.memory * n;
    s.left = o->evaluations;
    s.best = x;
    s.best_value = (double)INFINITY;
    for (size_t i = 0; i < n; i++)
        s.x[i] = x[i] = into(x[i], lo[i], hi[i]);
    s.value = evaluate(&s, s.x, s.gradient);
    while (s.left > 0 && isfinite(s.value) && find_free(&s) > o->gradient_tolerance) {
        double value;
        find_direction(&s);
        if (!line_search(&s, &value)) {
            if (s.kept == 0)
                break;
            s.kept = 0; /* once more, straight down */
            continue;
        }
        double gained = s.value - value;
        take(&s, value);
        if (gained <= o->value_tolerance * fmax(1, fabs(value)))
            break;
    }
    return s.best_value;
}
