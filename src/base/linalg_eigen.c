/*
 * The symmetric eigenproblem: Householder's reduction to a tridiagonal matrix (Martin, Reinsch &
 * Wilkinson 1968), then QL with implicit shifts (Dubrulle, Martin & Wilkinson 1968), arranged so
 * that the work is on rows.
 */
#include "base/linalg.h"
#include "base/vec.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SWEEPS = 60 }; /* for one eigenvalue; two are usual */

/* Length of (a, b), without overflow. */
static double length_of(double a, double b)
{
    a = fabs(a);
    b = fabs(b);
    double most = a > b ? a : b, ratio = a > b ? b / a : a / b;
    return most == 0 ? 0 : most * sqrt(1 + ratio * ratio);
}

/* p := A u for the leading i x i block of a, of which the lower triangle is stored. */
static void multiply_symmetric(size_t i, const double *a, size_t ld, const double *u, double *p)
{
    memset(p, 0, i * sizeof(*p));
    for (size_t j = 0; j < i; j++) {
        p[j] += vec_dot(j + 1, a + j * ld, u);
        vec_axpy(j, u[j], a + j * ld, p);
    }
}

/* Row i > 0: the reflection I - u u' / h that leaves of the row only its last element, returned; u
 * replaces the row. The same is done to the block above, from both sides. h is 0, and u nothing,
 * where there was nothing to do. p: i doubles. */
static double reflect(size_t i, double *a, size_t ld, double *p, double *ret_h)
{
    double *u = a + i * ld, scale = 0;
    for (size_t k = 0; k < i; k++)
        scale = fabs(u[k]) > scale ? fabs(u[k]) : scale;
    *ret_h = 0;
    if (i == 1 || scale == 0)
        return u[i - 1];
    vec_scale(i, 1 / scale, u);
    double h = vec_dot(i, u, u), root = u[i - 1] >= 0 ? -sqrt(h) : sqrt(h);
    h -= u[i - 1] * root;
    u[i - 1] -= root;
    multiply_symmetric(i, a, ld, u, p);
    vec_scale(i, 1 / h, p);
    vec_axpy(i, -(vec_dot(i, u, p) / (h + h)), u, p);
    for (size_t j = 0; j < i; j++) {
        vec_axpy(j + 1, -u[j], p, a + j * ld);
        vec_axpy(j + 1, -p[j], u, a + j * ld);
    }
    *ret_h = h;
    return scale * root;
}

/* v := the product of the reflections, transposed: rows 0 .. i-1 before the i-th are a block in its
 * corner. h[i] belongs to row i of a. */
static void gather(size_t n, const double *a, size_t ld, const double *h, double *v, size_t ldv)
{
    for (size_t i = 0; i < n; i++) {
        memset(v + i * ldv, 0, n * sizeof(*v));
        v[i * ldv + i] = 1;
    }
    for (size_t i = 1; i < n; i++) {
        const double *u = a + i * ld;
        for (size_t r = 0; r < i && h[i] != 0; r++)
            vec_axpy(i, -(vec_dot(i, v + r * ldv, u) / h[i]), u, v + r * ldv);
    }
}

/* One implicit QL step on rows l .. m of the tridiagonal (d, e), e[i] between i and i + 1. */
static void sweep(size_t l, size_t m, double *d, double *e, size_t n, double *v, size_t ldv)
{
    double g = (d[l + 1] - d[l]) / (2 * e[l]), r = length_of(g, 1);
    g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r));
    double s = 1, c = 1, p = 0;
    for (size_t i = m; i-- > l;) {
        double f = s * e[i], b = c * e[i];
        r = length_of(f, g);
        e[i + 1] = r;
        if (r == 0) { /* it fell apart early */
            d[i + 1] -= p;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        vec_rotate(n, c, s, v + (i + 1) * ldv, v + i * ldv);
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0;
}

/* The first m >= l after which e is nothing beside d. */
static size_t block_end(size_t l, size_t n, const double *d, const double *e)
{
    size_t m = l;
    while (m + 1 < n) {
        double size = fabs(d[m]) + fabs(d[m + 1]);
        if (size + fabs(e[m]) == size)
            break;
        m++;
    }
    return m;
}

static enum code diagonalise(size_t n, double *d, double *e, double *v, size_t ldv)
{
    for (size_t l = 0; l < n; l++)
        for (int sweeps = 0;; sweeps++) {
            size_t m = block_end(l, n, d, e);
            if (m == l)
                break;
            if (sweeps == SWEEPS)
                return E_INVALID;
            sweep(l, m, d, e, n, v, ldv);
        }
    return OK;
}

static void swap_rows(size_t n, double *x, double *y)
{
    for (size_t i = 0; i < n; i++) {
        double t = x[i];
        x[i] = y[i];
        y[i] = t;
    }
}

static void put_in_order(size_t n, double *w, double *v, size_t ldv)
{
    for (size_t i = 0; i + 1 < n; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < n; j++)
            if (w[j] < w[best])
                best = j;
        if (best == i)
            continue;
        double t = w[i];
        w[i] = w[best];
        w[best] = t;
        swap_rows(n, v + i * ldv, v + best * ldv);
    }
}

static void fix_sign(size_t n, double *v)
{
    size_t most = 0;
    for (size_t i = 1; i < n; i++)
        if (fabs(v[i]) > fabs(v[most]))
            most = i;
    if (v[most] < 0)
        vec_scale(n, -1, v);
}

/* The power of two that brings the largest of the lower triangle to about 1, as an exponent. False
 * where something in it is not finite. */
static bool magnitude(size_t n, const double *a, size_t ld, int *ret_exponent)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double x = fabs(a[i * ld + j]);
            if (!(x < (double)INFINITY))
                return false;
            most = x > most ? x : most;
        }
    frexp(most, ret_exponent);
    if (*ret_exponent < -1000)
        *ret_exponent = -1000; /* its inverse must not overflow */
    return true;
}

/* Room for all that lasts is in the arguments: until the end of the reduction ret_w holds h, the
 * elements right of the diagonal of a hold e, and ret_v's first row is p; then e moves to a's first
 * row. */
enum code linalg_eigen(size_t n, double *a, size_t ld, double *ret_w, double *ret_v, size_t ldv)
{
    int exponent;
    if (!magnitude(n, a, ld, &exponent))
        return E_INVALID;
    for (size_t i = 0; i < n; i++)
        vec_scale(i + 1, ldexp(1, -exponent), a + i * ld);
    for (size_t i = n; i-- > 1;)
        a[(i - 1) * ld + i] = reflect(i, a, ld, ret_v, &ret_w[i]);
    gather(n, a, ld, ret_w, ret_v, ldv);
    for (size_t i = 0; i < n; i++)
        ret_w[i] = a[i * ld + i];
    for (size_t i = 0; i + 1 < n; i++)
        a[i] = a[i * ld + i + 1];
    enum code code = diagonalise(n, ret_w, a, ret_v, ldv);
    if (code != OK)
        return code;
    vec_scale(n, ldexp(1, exponent), ret_w);
    put_in_order(n, ret_w, ret_v, ldv);
    for (size_t i = 0; i < n; i++)
        fix_sign(n, ret_v + i * ldv);
    return OK;
}
