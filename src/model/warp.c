/*
 * The distribution function of Kumaraswamy and its derivatives, a few numbers at a time.
 */
#include "model/warp.h"

#include "base/vec.h"

#include <string.h>

/* So far from 0 and 1 slopes are finite, and w - u is exact enough. */
#define EDGE 1e-6

enum { FEW_LEVELS = 4, CHUNK = 64 };

static bool is_warped(const struct encoding *x, size_t column)
{
    int unit = x->columns[column].unit;
    if (x->columns[column].kind != COLUMN_NUMBER || unit < 0)
        return false;
    const struct unit *k = &x->units[unit];
    /* levels past 2^63 are negative */
    return k->kind == UNIT_REAL ||
           (k->kind == UNIT_CELLS && (k->levels >= FEW_LEVELS || k->levels <= 0));
}

enum code warp_init(struct warp *w, struct arena *a, const struct encoding *x)
{
    size_t *columns = arena_array(a, x->n_columns, sizeof(*columns)), n = 0;
    if (!columns)
        return E_NOMEM;
    for (size_t c = 0; c < x->n_columns; c++)
        if (is_warped(x, c))
            columns[n++] = c;
    *w = (struct warp){n, columns};
    return OK;
}

void warp_shape(const struct warp *w, const double *log_shape, double *ret_shape)
{
    vec_exp(2 * w->n, log_shape, ret_shape);
}

/* Up to CHUNK numbers, each with an a and a b. What is left: */
struct chunk {
    size_t n;
    double a[CHUNK], b[CHUNK], u[CHUNK];
    double log_u[CHUNK];
    double power[CHUNK];    /* u^a */
    double log_rest[CHUNK]; /* ln(1 - u^a) */
    double rest[CHUNK];     /* (1 - u^a)^b */
};

static void chunk_run(struct chunk *k)
{
    for (size_t i = 0; i < k->n; i++) {
        k->u[i] = k->u[i] < EDGE ? EDGE : k->u[i] > 1 - EDGE ? 1 - EDGE : k->u[i];
        k->log_u[i] = k->u[i];
    }
    vec_log(k->n, k->log_u, k->log_u);
    for (size_t i = 0; i < k->n; i++)
        k->power[i] = k->a[i] * k->log_u[i];
    vec_exp(k->n, k->power, k->power);
    for (size_t i = 0; i < k->n; i++)
        k->log_rest[i] = -k->power[i];
    vec_log1p(k->n, k->log_rest, k->log_rest);
    for (size_t i = 0; i < k->n; i++)
        k->rest[i] = k->b[i] * k->log_rest[i];
    vec_exp(k->n, k->rest, k->rest);
}

/* dw/du = a b u^(a - 1) (1 - u^a)^(b - 1) */
static void chunk_by_u(const struct chunk *k, double *ret)
{
    for (size_t i = 0; i < k->n; i++)
        ret[i] = k->a[i] * k->b[i] * (k->power[i] / k->u[i]) * (k->rest[i] / (1 - k->power[i]));
}

static void chunk_by_shape(const struct chunk *k, double *ret_by_a, double *ret_by_b)
{
    for (size_t i = 0; i < k->n; i++) {
        ret_by_a[i] =
            k->a[i] * k->b[i] * k->log_u[i] * k->power[i] * (k->rest[i] / (1 - k->power[i]));
        ret_by_b[i] = -k->b[i] * k->log_rest[i] * k->rest[i];
    }
}

static void warp_column(double a, double b, size_t n, const double *u, double *ret,
                        double *ret_by_a, double *ret_by_b)
{
    struct chunk k;
    for (size_t i = 0; i < CHUNK; i++) {
        k.a[i] = a;
        k.b[i] = b;
    }
    for (size_t done = 0; done < n; done += k.n) {
        k.n = n - done < CHUNK ? n - done : CHUNK;
        memcpy(k.u, u + done, k.n * sizeof(*u));
        chunk_run(&k);
        for (size_t i = 0; i < k.n; i++)
            ret[done + i] = 1 - k.rest[i];
        if (ret_by_a)
            chunk_by_shape(&k, ret_by_a + done, ret_by_b + done);
    }
}

void warp_points(const struct warp *w, const double *shape, const struct points *from, size_t first,
                 size_t n, struct points *to, size_t at, double *ret_by_a, double *ret_by_b)
{
    size_t next = 0;
    for (size_t c = 0; c < from->n_columns; c++) {
        const double *u = from->v + c * from->room + first;
        double *ret = to->v + c * to->room + at;
        if (next == w->n || w->columns[next] != c) {
            memcpy(ret, u, n * sizeof(*u));
            continue;
        }
        size_t slopes = next * to->room + at;
        warp_column(shape[2 * next], shape[2 * next + 1], n, u, ret,
                    ret_by_a ? ret_by_a + slopes : NULL, ret_by_a ? ret_by_b + slopes : NULL);
        next++;
    }
}

void warp_row(const struct warp *w, const double *shape, size_t n_columns, const double *row,
              double *ret_row, double *ret_by_u)
{
    struct chunk k;
    double by_u[CHUNK];
    memcpy(ret_row, row, n_columns * sizeof(*row));
    for (size_t c = 0; c < n_columns; c++)
        ret_by_u[c] = 1;
    for (size_t done = 0; done < w->n; done += k.n) {
        k.n = w->n - done < CHUNK ? w->n - done : CHUNK;
        for (size_t i = 0; i < k.n; i++) {
            k.a[i] = shape[2 * (done + i)];
            k.b[i] = shape[2 * (done + i) + 1];
            k.u[i] = row[w->columns[done + i]];
        }
        chunk_run(&k);
        chunk_by_u(&k, by_u);
        for (size_t i = 0; i < k.n; i++) {
            ret_row[w->columns[done + i]] = 1 - k.rest[i];
            ret_by_u[w->columns[done + i]] = by_u[i];
        }
    }
}
