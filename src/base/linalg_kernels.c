/*
 * The kernels of linalg.h for one set of instructions; compiled once for each (VEC_ISA, VEC_LANES).
 *
 * What always holds: an element takes its products one after the other, in order of the inner
 * index, onto what was there before. So tiles and blocks may have any size without changing a bit,
 * and a subtraction may be the addition of a product with a negated factor.
 */
#include "base/lanes_internal.h"
#include "base/vec_internal.h"

/* The register tile: ROWS x COLUMNS elements of the product. */
#if VEC_LANES == 8
enum { ROWS = 8, VECTORS = 2 };
#elif VEC_LANES == 4
enum { ROWS = 6, VECTORS = 2 };
#else
enum { ROWS = 4, VECTORS = 2 };
#endif
enum {
    COLUMNS = VECTORS * VEC_LANES,
    DEPTH = 128, /* of the packed blocks */
    BREADTH = 128,
    LEAF = 16, /* triangles up to this size are not split */
};

_Static_assert(BREADTH % COLUMNS == 0 && LEAF % COLUMNS == 0, "packed panels are whole");

/* Columns 0 .. n-1 of b, k deep, in panels of COLUMNS, times alpha; the last is filled with zeros.
 */
static void pack_b(size_t n, size_t k, double alpha, struct operand b, double *to)
{
    for (size_t j = 0; j < n; j += COLUMNS) {
        size_t width = n - j < COLUMNS ? n - j : COLUMNS;
        const double *from = b.p + (ptrdiff_t)j * b.column;
        for (size_t i = 0; i < k; i++, from += b.row, to += COLUMNS) {
            if (b.column == 1 && width == COLUMNS) {
                for (int v = 0; v < VECTORS; v++)
                    lanes_store(to + v * VEC_LANES, alpha * lanes_load(from + v * VEC_LANES));
                continue;
            }
            for (size_t c = 0; c < width; c++)
                to[c] = alpha * from[(ptrdiff_t)c * b.column];
            for (size_t c = width; c < COLUMNS; c++)
                to[c] = 0;
        }
    }
}

/* Rows 0 .. m-1 (<= ROWS) of a, k wide, column after column. */
static void pack_a(size_t m, size_t k, struct operand a, double *to)
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < k; i++)
            to[i * ROWS + r] = r < m ? a.p[(ptrdiff_t)r * a.row + (ptrdiff_t)i * a.column] : 0;
}

/* c (ROWS x COLUMNS) += a b of packed panels. */
static void whole_tile(size_t k, const double *a, const double *b, double *c, size_t ldc)
{
    lanes sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = lanes_load(c + (size_t)r * ldc + v * VEC_LANES);
    for (; k > 0; k--, a += ROWS, b += COLUMNS) {
        lanes right[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            right[v] = lanes_load(b + v * VEC_LANES);
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += a[r] * right[v];
    }
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++)
            lanes_store(c + (size_t)r * ldc + v * VEC_LANES, sum[r][v]);
}

/* The same for m x n of it; of row r only columns below r + most are touched. */
static void part_tile(size_t m, size_t n, size_t k, const double *a, const double *b, double *c,
                      size_t ldc, ptrdiff_t most)
{
    double t[ROWS * COLUMNS] = {0};
    for (size_t r = 0; r < m; r++)
        for (size_t j = 0; j < n && (ptrdiff_t)j < (ptrdiff_t)r + most; j++)
            t[r * COLUMNS + j] = c[r * ldc + j];
    whole_tile(k, a, b, t, COLUMNS);
    for (size_t r = 0; r < m; r++)
        for (size_t j = 0; j < n && (ptrdiff_t)j < (ptrdiff_t)r + most; j++)
            c[r * ldc + j] = t[r * COLUMNS + j];
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One packed block of b (n columns, k deep), whose first column is c's column `left`. */
static void multiply_block(size_t m, size_t n, size_t k, struct operand a, const double *b,
                           double *c, size_t ldc, bool lower, size_t left)
{
    double packed[DEPTH * ROWS];
    for (size_t i = 0; i < m; i += ROWS, a.p += (ptrdiff_t)ROWS * a.row) {
        size_t rows = least(ROWS, m - i);
        if (lower && left > i + rows - 1)
            continue;
        pack_a(rows, k, a, packed);
        for (size_t j = 0; j < n; j += COLUMNS) {
            size_t columns = least(COLUMNS, n - j);
            /* row i + r takes columns left + j + c <= i + r: c < r + most */
            ptrdiff_t most = lower ? (ptrdiff_t)i - (ptrdiff_t)(left + j) + 1 : COLUMNS;
            if (most + (ptrdiff_t)rows <= 1)
                break;
            double *tile = c + i * ldc + left + j;
            if (rows == ROWS && columns == COLUMNS && most >= COLUMNS)
                whole_tile(k, packed, b + j * k, tile, ldc);
            else
                part_tile(rows, columns, k, packed, b + j * k, tile, ldc, most);
        }
    }
}

static void multiply(size_t m, size_t n, size_t k, double alpha, struct operand a, struct operand b,
                     double *c, size_t ldc, bool lower)
{
    double packed[DEPTH * BREADTH];
    for (size_t j = 0; j < n; j += BREADTH)
        for (size_t p = 0; p < k; p += DEPTH) {
            size_t columns = least(BREADTH, n - j), depth = least(DEPTH, k - p);
            struct operand from = a, right = b;
            from.p += (ptrdiff_t)p * a.column;
            right.p += (ptrdiff_t)p * b.row + (ptrdiff_t)j * b.column;
            pack_b(columns, depth, alpha, right, packed);
            multiply_block(m, columns, depth, from, packed, c, ldc, lower, j);
        }
}

/* Where to split n in two: a multiple of LEAF. */
static size_t half(size_t n)
{
    return (n / 2 + LEAF - 1) / LEAF * LEAF;
}

/* b := L^-1 b for n <= LEAF and a strip of `vectors` columns of vectors. */
inlined void solve_strip(size_t n, const double *l, size_t ld, double *b, size_t ldb, int vectors)
{
    for (size_t i = 0; i < n; i++) {
        lanes x[4];
        for (int v = 0; v < vectors; v++)
            x[v] = lanes_load(b + i * ldb + v * VEC_LANES);
        for (size_t k = 0; k < i; k++)
            for (int v = 0; v < vectors; v++)
                x[v] -= l[i * ld + k] * lanes_load(b + k * ldb + v * VEC_LANES);
        for (int v = 0; v < vectors; v++)
            lanes_store(b + i * ldb + v * VEC_LANES, x[v] / l[i * ld + i]);
    }
}

/* b := L^-T b, likewise. */
inlined void solve_strip_t(size_t n, const double *l, size_t ld, double *b, size_t ldb, int vectors)
{
    for (size_t i = n; i-- > 0;) {
        lanes x[4];
        for (int v = 0; v < vectors; v++)
            x[v] = lanes_load(b + i * ldb + v * VEC_LANES);
        for (size_t k = n - 1; k > i; k--)
            for (int v = 0; v < vectors; v++)
                x[v] -= l[k * ld + i] * lanes_load(b + k * ldb + v * VEC_LANES);
        for (int v = 0; v < vectors; v++)
            lanes_store(b + i * ldb + v * VEC_LANES, x[v] / l[i * ld + i]);
    }
}

/* All m columns of a small triangle, the last few in a copy. */
inlined void solve_leaf(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb,
                        bool transposed)
{
    size_t j = 0;
    for (; j + 4 * VEC_LANES <= m; j += 4 * VEC_LANES)
        if (transposed)
            solve_strip_t(n, l, ld, b + j, ldb, 4);
        else
            solve_strip(n, l, ld, b + j, ldb, 4);
    for (; j < m; j += VEC_LANES) {
        double t[LEAF * VEC_LANES];
        size_t columns = least(VEC_LANES, m - j);
        for (size_t i = 0; i < n; i++)
            lanes_store(t + i * VEC_LANES, lanes_load_part(b + i * ldb + j, columns, 0));
        if (transposed)
            solve_strip_t(n, l, ld, t, VEC_LANES, 1);
        else
            solve_strip(n, l, ld, t, VEC_LANES, 1);
        for (size_t i = 0; i < n; i++)
            lanes_store_part(b + i * ldb + j, columns, lanes_load(t + i * VEC_LANES));
    }
}

static void solve_lower(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    if (n <= LEAF) {
        solve_leaf(n, l, ld, m, b, ldb, false);
        return;
    }
    size_t top = half(n);
    const double *below = l + top * ld;
    solve_lower(top, l, ld, m, b, ldb);
    multiply(n - top, m, top, -1, (struct operand){below, (ptrdiff_t)ld, 1},
             (struct operand){b, (ptrdiff_t)ldb, 1}, b + top * ldb, ldb, false);
    solve_lower(n - top, below + top, ld, m, b + top * ldb, ldb);
}

static void solve_lower_t(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    if (n <= LEAF) {
        solve_leaf(n, l, ld, m, b, ldb, true);
        return;
    }
    size_t top = half(n);
    solve_lower_t(n - top, l + top * ld + top, ld, m, b + top * ldb, ldb);
    /* from the last row up, as the leaves do */
    multiply(top, m, n - top, -1, (struct operand){l + (n - 1) * ld, 1, -(ptrdiff_t)ld},
             (struct operand){b + (n - 1) * ldb, -(ptrdiff_t)ldb, 1}, b, ldb, false);
    solve_lower_t(top, l, ld, m, b, ldb);
}

/* A few rows at a time are turned into columns. */
static void solve_right_leaf(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    enum { STRIP = 4 * VEC_LANES };
    double t[LEAF * STRIP];
    for (size_t j = 0; j < m; j += STRIP) {
        size_t rows = least(STRIP, m - j);
        for (size_t r = 0; r < STRIP; r++)
            for (size_t i = 0; i < n; i++)
                t[i * STRIP + r] = r < rows ? b[(j + r) * ldb + i] : 0;
        solve_strip(n, l, ld, t, STRIP, 4);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < n; i++)
                b[(j + r) * ldb + i] = t[i * STRIP + r];
    }
}

static void solve_right(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    if (n <= LEAF) {
        solve_right_leaf(n, l, ld, m, b, ldb);
        return;
    }
    size_t left = half(n);
    const double *below = l + left * ld;
    solve_right(left, l, ld, m, b, ldb);
    multiply(m, n - left, left, -1, (struct operand){b, (ptrdiff_t)ldb, 1},
             (struct operand){below, 1, (ptrdiff_t)ld}, b + left, ldb, false);
    solve_right(n - left, below + left, ld, m, b + left, ldb);
}

/* Column by column; what a column takes from the rows below is taken at once. */
static size_t cholesky_leaf(size_t n, double *a, size_t ld)
{
    for (size_t j = 0; j < n; j++) {
        double column[LEAF], pivot = a[j * ld + j];
        if (!(pivot > 0 && pivot < __builtin_inf()))
            return j;
        pivot = __builtin_sqrt(pivot);
        a[j * ld + j] = pivot;
        for (size_t i = j + 1; i < n; i++)
            column[i] = a[i * ld + j] /= pivot;
        for (size_t i = j + 1; i < n; i++)
            for (size_t k = j + 1; k <= i; k++)
                a[i * ld + k] -= column[i] * column[k];
    }
    return n;
}

static size_t cholesky(size_t n, double *a, size_t ld)
{
    if (n <= LEAF)
        return cholesky_leaf(n, a, ld);
    size_t top = half(n), done = cholesky(top, a, ld);
    if (done < top)
        return done;
    double *below = a + top * ld;
    solve_right(top, a, ld, n - top, below, ld);
    multiply(n - top, n - top, top, -1, (struct operand){below, (ptrdiff_t)ld, 1},
             (struct operand){below, 1, (ptrdiff_t)ld}, below + top, ld, true);
    return top + cholesky(n - top, below + top, ld);
}

/* Eight rows at a time: eight chains that wait for nothing but themselves. */
static void solve_lower_vector(size_t n, const double *l, size_t ld, double *b)
{
    enum { TOGETHER = 8 };
    size_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER) {
        double x[TOGETHER];
        for (int r = 0; r < TOGETHER; r++)
            x[r] = b[i + r];
        for (size_t k = 0; k < i; k++)
            for (int r = 0; r < TOGETHER; r++)
                x[r] -= l[(i + r) * ld + k] * b[k];
        for (int r = 0; r < TOGETHER; r++) {
            for (int k = 0; k < r; k++)
                x[r] -= l[(i + r) * ld + i + k] * x[k];
            x[r] /= l[(i + r) * ld + i + r];
            b[i + r] = x[r];
        }
    }
    for (; i < n; i++) {
        double x = b[i];
        for (size_t k = 0; k < i; k++)
            x -= l[i * ld + k] * b[k];
        b[i] = x / l[i * ld + i];
    }
}

const struct linalg_kernels VEC_TABLE(linalg_kernels_) = {
    .multiply = multiply,
    .cholesky = cholesky,
    .solve_lower = solve_lower,
    .solve_lower_t = solve_lower_t,
    .solve_right = solve_right,
    .solve_lower_vector = solve_lower_vector,
};
