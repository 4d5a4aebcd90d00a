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
    BREADTH = 128 / COLUMNS * COLUMNS,
    LEAF = 16, /* triangles up to this size are not split */
};

/* Room for packed blocks. It is made once for a routine and handed down: a page of stack that is
 * touched anew for each of many small products would cost more than they do. */
struct room {
    double a[DEPTH * ROWS] __attribute__((aligned(64)));
    double b[DEPTH * BREADTH] __attribute__((aligned(64)));
};

/* What there is of a vector at p: n elements, then zeros. */
inlined lanes load_up_to(const double *p, size_t n)
{
    return n < VEC_LANES ? lanes_load_part(p, n, 0) : lanes_load(p);
}

inlined void store_up_to(double *p, size_t n, lanes x)
{
    if (n < VEC_LANES)
        lanes_store_part(p, n, x);
    else
        lanes_store(p, x);
}

/* `width` (<= COLUMNS) columns of b, k deep, as a panel of COLUMNS, times alpha; zeros fill it up.
 */
static void pack_panel(size_t width, size_t k, double alpha, struct operand b, double *to)
{
    for (size_t i = 0; i < k; i++)
        for (size_t c = 0; c < COLUMNS; c++)
            to[i * COLUMNS + c] =
                c < width ? alpha * b.p[(ptrdiff_t)i * b.row + (ptrdiff_t)c * b.column] : 0;
}

/* The same for COLUMNS columns that are rows in memory. */
static void pack_rows(size_t k, double alpha, const double *b, ptrdiff_t column, double *to)
{
    size_t i = 0;
    for (; i + VEC_LANES <= k; i += VEC_LANES)
        for (int v = 0; v < VECTORS; v++) {
            lanes x[VEC_LANES];
            for (int r = 0; r < VEC_LANES; r++)
                x[r] = alpha * lanes_load(b + (ptrdiff_t)(v * VEC_LANES + r) * column + i);
            lanes_transpose(x);
            for (int r = 0; r < VEC_LANES; r++)
                lanes_store(to + (i + r) * COLUMNS + v * VEC_LANES, x[r]);
        }
    pack_panel(COLUMNS, k - i, alpha, (struct operand){b + i, 1, column}, to + i * COLUMNS);
}

/* And for COLUMNS columns that lie side by side. */
static void pack_columns(size_t k, double alpha, const double *b, ptrdiff_t row, double *to)
{
    for (size_t i = 0; i < k; i++, b += row, to += COLUMNS)
        for (int v = 0; v < VECTORS; v++)
            lanes_store(to + v * VEC_LANES, alpha * lanes_load(b + v * VEC_LANES));
}

/* Columns 0 .. n-1 of b, k deep, in panels. */
static void pack_b(size_t n, size_t k, double alpha, struct operand b, double *to)
{
    for (size_t j = 0; j < n; j += COLUMNS, to += k * COLUMNS, b.p += COLUMNS * b.column)
        if (n - j < COLUMNS)
            pack_panel(n - j, k, alpha, b, to);
        else if (b.column == 1)
            pack_columns(k, alpha, b.p, b.row, to);
        else if (b.row == 1)
            pack_rows(k, alpha, b.p, b.column, to);
        else
            pack_panel(COLUMNS, k, alpha, b, to);
}

/* Rows 0 .. m-1 (<= ROWS) of a, k wide, column after column. */
static void pack_a(size_t m, size_t k, struct operand a, double *to)
{
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < k; i++)
            to[i * ROWS + r] = r < m ? a.p[(ptrdiff_t)r * a.row + (ptrdiff_t)i * a.column] : 0;
}

/* c (ROWS x COLUMNS) += a b, b a packed panel; element (r, i) of a is a[r * row + i * column]. */
inlined void tile(size_t k, const double *a, ptrdiff_t row, ptrdiff_t column, const double *b,
                  double *c, size_t ldc)
{
    lanes sum[ROWS][VECTORS];
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++)
            sum[r][v] = lanes_load(c + (size_t)r * ldc + v * VEC_LANES);
    for (; k > 0; k--, a += column, b += COLUMNS) {
        lanes right[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            right[v] = lanes_load(b + v * VEC_LANES);
        for (int r = 0; r < ROWS; r++)
            for (int v = 0; v < VECTORS; v++)
                sum[r][v] += a[r * row] * right[v];
    }
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < VECTORS; v++)
            lanes_store(c + (size_t)r * ldc + v * VEC_LANES, sum[r][v]);
}

/* a: a packed panel. */
static void packed_tile(size_t k, const double *a, const double *b, double *c, size_t ldc)
{
    tile(k, a, 1, ROWS, b, c, ldc);
}

/* a: rows as they lie in a matrix. */
static void rows_tile(size_t k, const double *a, ptrdiff_t row, const double *b, double *c,
                      size_t ldc)
{
    tile(k, a, row, 1, b, c, ldc);
}

/* packed_tile for m x n of it; of row r only columns below r + most are written, and none past n
 * are read. */
static void part_tile(size_t m, size_t n, size_t k, const double *a, const double *b, double *c,
                      size_t ldc, ptrdiff_t most)
{
    double t[ROWS * COLUMNS];
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < COLUMNS; j += VEC_LANES)
            lanes_store(t + r * COLUMNS + j,
                        r < m && j < n ? load_up_to(c + r * ldc + j, n - j) : lanes_of(0));
    packed_tile(k, a, b, t, COLUMNS);
    for (size_t r = 0; r < m; r++) {
        ptrdiff_t end = (ptrdiff_t)r + most;
        for (size_t j = 0; j < n && (ptrdiff_t)j < end; j++)
            c[r * ldc + j] = t[r * COLUMNS + j];
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One packed block of b (n columns, k deep), whose first column is c's column `left`. */
static void multiply_block(size_t m, size_t n, size_t k, struct operand a, const double *b,
                           double *c, size_t ldc, bool lower, size_t left, double *packed)
{
    for (size_t i = 0; i < m; i += ROWS, a.p += ROWS * a.row) {
        size_t rows = least(ROWS, m - i);
        bool direct = a.column == 1 && rows == ROWS, is_packed = false;
        for (size_t j = 0; j < n; j += COLUMNS) {
            size_t columns = least(COLUMNS, n - j);
            /* row i + r takes columns left + j + c <= i + r: c < r + most */
            ptrdiff_t most = lower ? (ptrdiff_t)i - (ptrdiff_t)(left + j) + 1 : COLUMNS;
            if (most + (ptrdiff_t)rows <= 1)
                break;
            bool whole = rows == ROWS && columns == COLUMNS && most >= COLUMNS;
            double *to = c + i * ldc + left + j;
            if (whole && direct) {
                rows_tile(k, a.p, a.row, b + j * k, to, ldc);
                continue;
            }
            if (!is_packed)
                pack_a(rows, k, a, packed);
            is_packed = true;
            if (whole)
                packed_tile(k, packed, b + j * k, to, ldc);
            else
                part_tile(rows, columns, k, packed, b + j * k, to, ldc, most);
        }
    }
}

static void add_product(size_t m, size_t n, size_t k, double alpha, struct operand a,
                        struct operand b, double *c, size_t ldc, bool lower, struct room *room)
{
    for (size_t j = 0; j < n; j += BREADTH)
        for (size_t p = 0; p < k; p += DEPTH) {
            size_t columns = least(BREADTH, n - j), depth = least(DEPTH, k - p);
            struct operand from = a, right = b;
            from.p += (ptrdiff_t)p * a.column;
            right.p += (ptrdiff_t)p * b.row + (ptrdiff_t)j * b.column;
            pack_b(columns, depth, alpha, right, room->b);
            multiply_block(m, columns, depth, from, room->b, c, ldc, lower, j, room->a);
        }
}

/* Where to split n in two: a multiple of LEAF. */
static size_t half(size_t n)
{
    return (n / 2 + LEAF - 1) / LEAF * LEAF;
}

/* Rows i .. i + rows - 1 of b := L^-1 b, of a strip of `vectors` columns of vectors; the rows
 * before are done. Several rows at a time, so that their chains overlap. */
inlined void solve_rows_of_strip(size_t i, int rows, const double *l, size_t ld, double *b,
                                 size_t ldb, int vectors)
{
    lanes x[4][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            x[r][v] = lanes_load(b + (i + r) * ldb + v * VEC_LANES);
    for (size_t k = 0; k < i; k++)
        for (int v = 0; v < vectors; v++) {
            lanes known = lanes_load(b + k * ldb + v * VEC_LANES);
            for (int r = 0; r < rows; r++)
                x[r][v] -= l[(i + r) * ld + k] * known;
        }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            for (int k = 0; k < r; k++)
                x[r][v] -= l[(i + r) * ld + i + k] * x[k][v];
            x[r][v] /= l[(i + r) * ld + i + r];
            lanes_store(b + (i + r) * ldb + v * VEC_LANES, x[r][v]);
        }
}

/* b := L^-1 b for n <= LEAF. */
inlined void solve_strip(size_t n, const double *l, size_t ld, double *b, size_t ldb, int vectors)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        solve_rows_of_strip(i, 4, l, ld, b, ldb, vectors);
    for (; i < n; i++)
        solve_rows_of_strip(i, 1, l, ld, b, ldb, vectors);
}

/* Rows i - 1, i - 2, .. i - rows of b := L^-T b; the rows behind are done. */
inlined void solve_rows_of_strip_t(size_t n, size_t i, int rows, const double *l, size_t ld,
                                   double *b, size_t ldb, int vectors)
{
    lanes x[4][4];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++)
            x[r][v] = lanes_load(b + (i - 1 - r) * ldb + v * VEC_LANES);
    for (size_t k = n; k-- > i;)
        for (int v = 0; v < vectors; v++) {
            lanes known = lanes_load(b + k * ldb + v * VEC_LANES);
            for (int r = 0; r < rows; r++)
                x[r][v] -= l[k * ld + i - 1 - r] * known;
        }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            for (int k = 0; k < r; k++)
                x[r][v] -= l[(i - 1 - k) * ld + i - 1 - r] * x[k][v];
            x[r][v] /= l[(i - 1 - r) * ld + i - 1 - r];
            lanes_store(b + (i - 1 - r) * ldb + v * VEC_LANES, x[r][v]);
        }
}

/* b := L^-T b for n <= LEAF. */
inlined void solve_strip_t(size_t n, const double *l, size_t ld, double *b, size_t ldb, int vectors)
{
    size_t i = n;
    for (; i >= 4; i -= 4)
        solve_rows_of_strip_t(n, i, 4, l, ld, b, ldb, vectors);
    for (; i > 0; i--)
        solve_rows_of_strip_t(n, i, 1, l, ld, b, ldb, vectors);
}

/* All m columns of a small triangle, the last few in a copy. */
inlined void solve_leaf(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb,
                        bool transposed)
{
    size_t j = 0;
    for (; j + 2 * VEC_LANES <= m; j += 2 * VEC_LANES)
        if (transposed)
            solve_strip_t(n, l, ld, b + j, ldb, 2);
        else
            solve_strip(n, l, ld, b + j, ldb, 2);
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

static void split_solve_lower(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb,
                              struct room *room)
{
    if (n <= LEAF) {
        solve_leaf(n, l, ld, m, b, ldb, false);
        return;
    }
    size_t top = half(n);
    const double *below = l + top * ld;
    split_solve_lower(top, l, ld, m, b, ldb, room);
    add_product(n - top, m, top, -1, (struct operand){below, (ptrdiff_t)ld, 1},
                (struct operand){b, (ptrdiff_t)ldb, 1}, b + top * ldb, ldb, false, room);
    split_solve_lower(n - top, below + top, ld, m, b + top * ldb, ldb, room);
}

static void split_solve_lower_t(size_t n, const double *l, size_t ld, size_t m, double *b,
                                size_t ldb, struct room *room)
{
    if (n <= LEAF) {
        solve_leaf(n, l, ld, m, b, ldb, true);
        return;
    }
    size_t top = half(n);
    split_solve_lower_t(n - top, l + top * ld + top, ld, m, b + top * ldb, ldb, room);
    /* from the last row up, as the leaves do */
    add_product(top, m, n - top, -1, (struct operand){l + (n - 1) * ld, 1, -(ptrdiff_t)ld},
                (struct operand){b + (n - 1) * ldb, -(ptrdiff_t)ldb, 1}, b, ldb, false, room);
    split_solve_lower_t(top, l, ld, m, b, ldb, room);
}

/* b := b L^-T for n <= LEAF and `rows` rows (at most as many as `vectors` hold), which are turned
 * into columns and back. */
inlined void solve_right_strip(size_t n, const double *l, size_t ld, size_t rows, double *b,
                               size_t ldb, int vectors)
{
    double t[LEAF * 2 * VEC_LANES];
    lanes x[VEC_LANES];
    size_t width = (size_t)vectors * VEC_LANES;
    for (size_t v = 0; v < width; v += VEC_LANES)
        for (size_t i = 0; i < n; i += VEC_LANES) {
            for (size_t r = 0; r < VEC_LANES; r++)
                x[r] = v + r >= rows ? lanes_of(0) : load_up_to(b + (v + r) * ldb + i, n - i);
            lanes_transpose(x);
            for (size_t r = 0; r < VEC_LANES; r++)
                lanes_store(t + (i + r) * width + v, x[r]);
        }
    solve_strip(n, l, ld, t, width, vectors);
    for (size_t v = 0; v < width; v += VEC_LANES)
        for (size_t i = 0; i < n; i += VEC_LANES) {
            for (size_t r = 0; r < VEC_LANES; r++)
                x[r] = lanes_load(t + (i + r) * width + v);
            lanes_transpose(x);
            for (size_t r = 0; r < VEC_LANES && v + r < rows; r++)
                store_up_to(b + (v + r) * ldb + i, n - i, x[r]);
        }
}

static void solve_right_leaf(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    enum { STRIP = 2 * VEC_LANES };
    for (; m >= STRIP; m -= STRIP, b += STRIP * ldb)
        solve_right_strip(n, l, ld, STRIP, b, ldb, 2);
    for (; m > 0; b += VEC_LANES * ldb) {
        size_t rows = least(m, VEC_LANES);
        solve_right_strip(n, l, ld, rows, b, ldb, 1);
        m -= rows;
    }
}

static void split_solve_right(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb,
                              struct room *room)
{
    if (n <= LEAF) {
        solve_right_leaf(n, l, ld, m, b, ldb);
        return;
    }
    size_t left = half(n);
    const double *below = l + left * ld;
    split_solve_right(left, l, ld, m, b, ldb, room);
    add_product(m, n - left, left, -1, (struct operand){b, (ptrdiff_t)ldb, 1},
                (struct operand){below, 1, (ptrdiff_t)ld}, b + left, ldb, false, room);
    split_solve_right(n - left, below + left, ld, m, b + left, ldb, room);
}

/* n <= LEAF, turned into columns of LEAF (what stands above the diagonal is computed and thrown
 * away): what a column takes from those to its right is taken at once. */
static size_t cholesky_leaf(size_t n, double *a, size_t ld)
{
    double t[LEAF * LEAF];
    size_t j = 0;
    for (size_t i = 0; i < LEAF * LEAF; i += VEC_LANES)
        lanes_store(t + i, lanes_of(0));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++)
            t[k * LEAF + i] = a[i * ld + k];
    for (; j < n; j++) {
        double *column = t + j * LEAF, pivot = column[j];
        if (!(pivot > 0 && pivot < __builtin_inf()))
            break;
        pivot = __builtin_sqrt(pivot);
        for (size_t v = j / VEC_LANES * VEC_LANES; v < LEAF; v += VEC_LANES)
            lanes_store(column + v, lanes_load(column + v) / pivot);
        column[j] = pivot;
        for (size_t k = j + 1; k < n; k++)
            for (size_t v = k / VEC_LANES * VEC_LANES; v < LEAF; v += VEC_LANES)
                lanes_store(t + k * LEAF + v,
                            lanes_load(t + k * LEAF + v) - column[k] * lanes_load(column + v));
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++)
            a[i * ld + k] = t[k * LEAF + i];
    return j;
}

static size_t split_cholesky(size_t n, double *a, size_t ld, struct room *room)
{
    if (n <= LEAF)
        return cholesky_leaf(n, a, ld);
    size_t top = half(n), done = split_cholesky(top, a, ld, room);
    if (done < top)
        return done;
    double *below = a + top * ld;
    split_solve_right(top, a, ld, n - top, below, ld, room);
    add_product(n - top, n - top, top, -1, (struct operand){below, (ptrdiff_t)ld, 1},
                (struct operand){below, 1, (ptrdiff_t)ld}, below + top, ld, true, room);
    return top + split_cholesky(n - top, below + top, ld, room);
}

/* Eight rows at a time: eight chains that wait for nothing but themselves. (Vectors of rows, by
 * turning squares of l, were no faster: it is the memory that is waited for.) */
static void solve_lower_vector(size_t n, const double *l, size_t ld, double *b)
{
    enum { GROUP = 8 };
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP) {
        const double *rows = l + i * ld;
        double x[GROUP];
        for (int r = 0; r < GROUP; r++)
            x[r] = b[i + r];
        for (size_t k = 0; k < i; k++)
            for (int r = 0; r < GROUP; r++)
                x[r] -= rows[(size_t)r * ld + k] * b[k];
        for (int r = 0; r < GROUP; r++) {
            for (int k = 0; k < r; k++)
                x[r] -= rows[(size_t)r * ld + i + k] * x[k];
            x[r] /= rows[(size_t)r * ld + i + r];
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

static void multiply(size_t m, size_t n, size_t k, double alpha, struct operand a, struct operand b,
                     double *c, size_t ldc, bool lower)
{
    struct room room;
    add_product(m, n, k, alpha, a, b, c, ldc, lower, &room);
}

static size_t cholesky(size_t n, double *a, size_t ld)
{
    struct room room;
    return split_cholesky(n, a, ld, &room);
}

static void solve_lower(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    struct room room;
    split_solve_lower(n, l, ld, m, b, ldb, &room);
}

static void solve_lower_t(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    struct room room;
    split_solve_lower_t(n, l, ld, m, b, ldb, &room);
}

static void solve_right(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb)
{
    struct room room;
    split_solve_right(n, l, ld, m, b, ldb, &room);
}

const struct linalg_kernels VEC_TABLE(linalg_kernels_) = {
    .multiply = multiply,
    .cholesky = cholesky,
    .solve_lower = solve_lower,
    .solve_lower_t = solve_lower_t,
    .solve_right = solve_right,
    .solve_lower_vector = solve_lower_vector,
};
