/*
 * Distances and covariances, a block of points at a time.
 */
#include "model/kernel.h"

#include "base/vec.h"

#include <math.h>
#include <string.h>

enum code points_init(struct points *p, struct arena *a, size_t n_columns, size_t room)
{
    size_t cells;
    if (__builtin_mul_overflow(n_columns, room, &cells))
        return E_NOMEM;
    double *v = arena_array(a, cells, sizeof(*v));
    if (!v)
        return E_NOMEM;
    *p = (struct points){.room = room, .n_columns = n_columns, .v = v};
    return OK;
}

void points_set(struct points *p, size_t i, const double *row)
{
    for (size_t c = 0; c < p->n_columns; c++)
        p->v[c * p->room + i] = row[c];
}

void points_add(struct points *p, const double *row)
{
    points_set(p, p->n++, row);
}

void points_get(const struct points *p, size_t i, double *ret_row)
{
    for (size_t c = 0; c < p->n_columns; c++)
        ret_row[c] = p->v[c * p->room + i];
}

enum code kernel_init(struct kernel *k, struct arena *a, const struct encoding *x)
{
    size_t n = x->n_columns;
    *k = (struct kernel){.encoding = x, .scale = 1};
    k->weights = arena_array(a, n, sizeof(*k->weights));
    k->numbers = arena_array(a, n, sizeof(*k->numbers));
    k->categories = arena_array(a, n, sizeof(*k->categories));
    k->number_weights = arena_array(a, n, sizeof(*k->number_weights));
    k->room = arena_array(a, n, 2 * sizeof(*k->room));
    k->at = arena_array(a, n, sizeof(*k->at));
    if (!k->weights || !k->numbers || !k->categories || !k->number_weights || !k->room || !k->at)
        return E_NOMEM;
    for (size_t c = 0; c < n; c++) {
        if (x->columns[c].kind == COLUMN_NUMBER)
            k->numbers[k->n_numbers++] = c;
        else
            k->categories[k->n_categories++] = c;
    }
    return OK;
}

void kernel_set(struct kernel *k, const double *log_lengths, double log_scale)
{
    for (size_t c = 0; c < k->encoding->n_columns; c++) {
        const struct column *column = &k->encoding->columns[c];
        k->weights[c] = column->share * exp(-2 * log_lengths[column->group]);
    }
    for (size_t i = 0; i < k->n_numbers; i++)
        k->number_weights[i] = k->weights[k->numbers[i]];
    k->scale = exp(log_scale);
}

/* The number columns of a row into k->room, those of the points into k->at. */
static void gather(const struct kernel *k, const double *row, const struct points *p, size_t first)
{
    for (size_t i = 0; i < k->n_numbers; i++) {
        k->room[i] = row[k->numbers[i]];
        k->at[i] = p->v + k->numbers[i] * p->room + first;
    }
}

/* Squared distance of two levels of a choice; -1 is inactive. */
static double mismatch(double a, double b)
{
    if (a == b)
        return 0;
    return a < 0 || b < 0 ? 0.5 : 1;
}

void kernel_distances(const struct kernel *k, const double *row, const struct points *p,
                      size_t first, size_t n, double *ret_r)
{
    gather(k, row, p, first);
    vec_distances(n, k->n_numbers, k->number_weights, k->room, k->at, ret_r);
    for (size_t i = 0; i < k->n_categories; i++) {
        size_t c = k->categories[i];
        const double *x = p->v + c * p->room + first;
        for (size_t j = 0; j < n; j++)
            ret_r[j] += k->weights[c] * mismatch(row[c], x[j]);
    }
}

void kernel_values(const struct kernel *k, size_t n, const double *r, double *ret,
                   double *ret_slope)
{
    vec_matern52(n, r, ret, ret_slope);
    if (k->scale == 1)
        return;
    vec_scale(n, k->scale, ret);
    if (ret_slope)
        vec_scale(n, k->scale, ret_slope);
}

void kernel_add_differences(const struct kernel *k, const double *row, const struct points *p,
                            size_t first, size_t n, const double *g, double *sums)
{
    double *numbers = k->room + k->n_numbers;
    gather(k, row, p, first);
    memset(numbers, 0, k->n_numbers * sizeof(*numbers));
    vec_dot_squares(n, k->n_numbers, g, k->room, k->at, numbers);
    for (size_t i = 0; i < k->n_numbers; i++)
        sums[k->numbers[i]] += numbers[i];
    for (size_t i = 0; i < k->n_categories; i++) {
        size_t c = k->categories[i];
        const double *x = p->v + c * p->room + first;
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += g[j] * mismatch(row[c], x[j]);
        sums[c] += sum;
    }
}
