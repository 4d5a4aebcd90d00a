#include "base/linalg.h"
#include "base/rng.h"
#include "base/vec.h"
#include "testing.h"

#include <math.h>

/* The macros of math.h are floats. */
#define INF          __builtin_inf()
#define NOT_A_NUMBER __builtin_nan("")

static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 33, 63, 64, 65, 129, 200};
static const size_t widths[] = {0, 1, 3, 8, 17, 64, 131};
static const char *const isas[] = {"sse2", "plain", "avx2", "avx512"};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t seed_of_run(void)
{
    const char *given = getenv("TRAWL_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20261;
    print_message("# seed %llu (TRAWL_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

/* Always at its exact size, so that the sanitizer sees an access past the end. */
static double *make(size_t rows, size_t ld)
{
    double *p = malloc(rows * ld * sizeof(*p) + (rows * ld == 0));
    assert_non_null(p);
    return p;
}

static double *random_matrix(struct rng *r, size_t rows, size_t ld)
{
    double *p = make(rows, ld);
    for (size_t i = 0; i < rows * ld; i++)
        p[i] = rng_normal(r);
    return p;
}

static double *copy_of(const double *p, size_t rows, size_t ld)
{
    double *q = make(rows, ld);
    memcpy(q, p, rows * ld * sizeof(*p));
    return q;
}

/* A positive definite matrix; its strict upper triangle is NaN, since nobody may read it. */
static double *definite(struct rng *r, size_t n, size_t ld)
{
    double *a = make(n, ld), *x = random_matrix(r, n, 3);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < ld; j++) {
            double s = 0;
            for (int k = 0; k < 3 && j < n; k++)
                s += (x[3 * i + k] - x[3 * j + k]) * (x[3 * i + k] - x[3 * j + k]);
            a[i * ld + j] = j > i ? NOT_A_NUMBER : exp(-sqrt(s)) + (i == j ? 0.01 : 0);
        }
    free(x);
    return a;
}

/* The textbook's loops: what every block and tile has to give, bit for bit. */
static size_t cholesky_by_hand(size_t n, double *a, size_t ld)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = a[i * ld + j];
            for (size_t k = 0; k < j; k++)
                s -= a[i * ld + k] * a[j * ld + k];
            if (i == j && !(s > 0))
                return i;
            a[i * ld + j] = i == j ? sqrt(s) : s / a[j * ld + j];
        }
    return n;
}

static void assert_bits(size_t n, const double *x, const double *y, const char *what, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&x[i], &y[i], sizeof(*x)) != 0 && !(isnan(x[i]) && isnan(y[i])))
            fail_msg("%s with %s differs at %zu of n = %zu: %a, %a", what, vec_isa(), i, size, x[i],
                     y[i]);
}

/* Runs check for each set of instructions that is there. */
static void with_each(void (*check)(struct rng *r))
{
    uint64_t seed = seed_of_run();
    for (size_t i = 0; i < COUNT(isas); i++) {
        struct rng r;
        rng_init(&r, seed, 1);
        if (vec_force(isas[i]))
            check(&r);
    }
    assert_true(vec_force(NULL));
}

static void check_cholesky(struct rng *r)
{
    for (size_t s = 0; s < COUNT(sizes); s++) {
        size_t n = sizes[s], ld = n + s % 3, k = n ? rng_below(r, n + 1) : 0;
        double *a = definite(r, n, ld), *b = copy_of(a, n, ld), *c = copy_of(a, n, ld);
        assert_int_equal(linalg_cholesky(n, a, ld), n);
        assert_int_equal(cholesky_by_hand(n, b, ld), n);
        assert_bits(n * ld, a, b, "the factor", n);
        assert_int_equal(linalg_cholesky(k, c, ld), k);
        assert_int_equal(linalg_cholesky_extend(k, n, c, ld), n);
        assert_bits(n * ld, c, b, "the extended factor", n);
        free(a);
        free(b);
        free(c);
    }
}

static void cholesky_is_the_textbooks(void **state)
{
    with_each(check_cholesky);
}

static void check_refusal(struct rng *r)
{
    const double bad[] = {0, -1, NOT_A_NUMBER, INF, -INF};
    for (size_t s = 1; s < COUNT(sizes); s++)
        for (size_t b = 0; b < COUNT(bad); b++) {
            size_t n = sizes[s], at = rng_below(r, n), k = rng_below(r, n + 1);
            double *a = definite(r, n, n);
            a[at * n + at] = bad[b];
            assert_int_equal(linalg_cholesky(n, a, n), at);
            free(a);
            a = definite(r, n, n);
            assert_int_equal(linalg_cholesky(k, a, n), k);
            if (at >= k) {
                a[at * n + at] = bad[b];
                assert_int_equal(linalg_cholesky_extend(k, n, a, n), at);
            }
            free(a);
        }
}

static void cholesky_names_the_row(void **state)
{
    with_each(check_refusal);
}

static void solve_by_hand(size_t n, const double *l, size_t ld, size_t m, double *b, size_t ldb,
                          bool transposed)
{
    for (size_t j = 0; j < m; j++)
        for (size_t step = 0; step < n; step++) {
            size_t i = transposed ? n - 1 - step : step;
            double s = b[i * ldb + j];
            for (size_t before = 0; before < step; before++) {
                size_t k = transposed ? n - 1 - before : before;
                s -= (transposed ? l[k * ld + i] : l[i * ld + k]) * b[k * ldb + j];
            }
            b[i * ldb + j] = s / l[i * ld + i];
        }
}

static void check_one_solve(struct rng *r, size_t n, size_t m)
{
    size_t ld = n + 1, ldb = m + 2;
    double *l = definite(r, n, ld), *b = random_matrix(r, n, ldb), *rows = make(m, n);
    double *by_hand = copy_of(b, n, ldb), *t = copy_of(b, n, ldb), *one = make(n, 1);
    double *one_t = make(n, 1);
    assert_int_equal(linalg_cholesky(n, l, ld), n);
    for (size_t i = 0; i < n && m; i++) {
        one[i] = one_t[i] = b[i * ldb + m - 1];
        for (size_t j = 0; j < m; j++)
            rows[j * n + i] = b[i * ldb + j];
    }
    solve_by_hand(n, l, ld, m, by_hand, ldb, false);
    linalg_solve_lower(n, l, ld, m, b, ldb);
    assert_bits(n * ldb, b, by_hand, "L^-1 B", n);
    linalg_solve_rows(n, l, ld, m, rows, n);
    for (size_t i = 0; i < n && m; i++)
        for (size_t j = 0; j < m; j++)
            assert_bits(1, &rows[j * n + i], &b[i * ldb + j], "B L^-T", n);
    linalg_solve_lower_vector(n, l, ld, one);
    for (size_t i = 0; i < n && m; i++)
        assert_bits(1, &one[i], &b[i * ldb + m - 1], "L^-1 b", n);
    memcpy(by_hand, t, n * ldb * sizeof(*t));
    solve_by_hand(n, l, ld, m, by_hand, ldb, true);
    linalg_solve_lower_t(n, l, ld, m, t, ldb);
    assert_bits(n * ldb, t, by_hand, "L^-T B", n);
    linalg_solve_lower_t_vector(n, l, ld, one_t);
    for (size_t i = 0; i < n && m; i++)
        assert_bits(1, &one_t[i], &t[i * ldb + m - 1], "L^-T b", n);
    free(l);
    free(b);
    free(rows);
    free(by_hand);
    free(t);
    free(one);
    free(one_t);
}

static void check_solves(struct rng *r)
{
    for (size_t s = 0; s < COUNT(sizes); s++)
        for (size_t w = 0; w < COUNT(widths); w++)
            if (sizes[s] * widths[w] <= 10000)
                check_one_solve(r, sizes[s], widths[w]);
}

static void solves_are_the_textbooks(void **state)
{
    with_each(check_solves);
}

static void check_inverse(struct rng *r)
{
    for (size_t s = 0; s < COUNT(sizes); s++) {
        size_t n = sizes[s], ldr = n + 1;
        double *l = definite(r, n, n), *inverse = make(n, ldr), *a = copy_of(l, n, n);
        double *product = make(n, n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++)
                a[i * n + j] = a[j * n + i];
        for (size_t i = 0; i < n * ldr; i++)
            inverse[i] = 7;
        assert_int_equal(linalg_cholesky(n, l, n), n);
        linalg_cholesky_inverse(n, l, n, inverse, ldr);
        linalg_multiply(n, n, n, 1, a, n, inverse, ldr, 0, product, n);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++)
                assert_near(product[i * n + j], i == j, 1e-11);
            assert_real(inverse[i * ldr + n], 7.0);
        }
        free(l);
        free(inverse);
        free(a);
        free(product);
    }
}

static void inverse_times_matrix_is_one(void **state)
{
    with_each(check_inverse);
}

static void check_one_product(struct rng *r, size_t m, size_t n, size_t k)
{
    double *a = random_matrix(r, m, k + 1), *b = random_matrix(r, k, n + 2), *bt = make(n, k);
    double *c = random_matrix(r, m, n + 3), *d = copy_of(c, m, n + 3), *e = copy_of(c, m, n + 3);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            bt[j * k + i] = b[i * (n + 2) + j];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double s = c[i * (n + 3) + j] * 0.5;
            for (size_t p = 0; p < k; p++)
                s += a[i * (k + 1) + p] * (-1.5 * b[p * (n + 2) + j]);
            e[i * (n + 3) + j] = s;
        }
    linalg_multiply(m, n, k, -1.5, a, k + 1, b, n + 2, 0.5, c, n + 3);
    linalg_multiply_t(m, n, k, -1.5, a, k + 1, bt, k, 0.5, d, n + 3);
    assert_bits(m * (n + 3), c, e, "A B", m);
    assert_bits(m * (n + 3), d, e, "A B'", m);
    if (n > 0 && m > 0) {
        c[0] = NOT_A_NUMBER;
        linalg_multiply(m, n, k, 1, a, k + 1, b, n + 2, 0, c, n + 3);
        linalg_multiply_vector(m, k, 1, a, k + 1, bt, 0, d);
        for (size_t i = 0; i < m; i++)
            assert_near(d[i], c[i * (n + 3)], 1e-12);
    }
    free(a);
    free(b);
    free(bt);
    free(c);
    free(d);
    free(e);
}

static void check_products(struct rng *r)
{
    static const size_t few[] = {0, 1, 5, 8, 17, 65, 150};
    for (size_t m = 0; m < COUNT(few); m++)
        for (size_t n = 0; n < COUNT(few); n++)
            for (size_t k = 0; k < COUNT(few); k++)
                if (few[m] * few[n] * few[k] < 300000)
                    check_one_product(r, few[m], few[n], few[k]);
}

static void products_are_the_textbooks(void **state)
{
    with_each(check_products);
}

static void check_eigen_of(size_t n, const double *a, const double *w, const double *v, size_t ldv,
                           double scale)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            assert_true(w[i - 1] <= w[i]);
        for (size_t j = 0; j < n; j++) {
            double dot = 0, back = 0;
            for (size_t k = 0; k < n; k++) {
                dot += v[i * ldv + k] * v[j * ldv + k];
                back += v[k * ldv + i] * (w[k] / scale) * v[k * ldv + j];
            }
            assert_near(dot, i == j, 1e-13 * (double)(n + 1));
            assert_near(back, a[i * n + j] / scale, 1e-13 * (double)(n + 1));
        }
    }
}

/* kind: 0 random, 1 of rank one, 2 diagonal with equal values, 3 graded, 4 zero, 5 tiny, 6 huge */
static double *symmetric(struct rng *r, size_t n, int kind)
{
    double *a = make(n, n), *x = random_matrix(r, n, 1);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double y = rng_normal(r);
            if (kind == 1)
                y = x[i] * x[j];
            if (kind == 2)
                y = i == j ? (double)(i / 3) : 0;
            if (kind == 3)
                y *= pow(10, -0.5 * (double)(i + j));
            if (kind == 4)
                y = 0;
            y *= kind == 5 ? 1e-305 : kind == 6 ? 1e305 : 1;
            a[i * n + j] = a[j * n + i] = y;
        }
    free(x);
    return a;
}

static void check_eigen(struct rng *r)
{
    static const size_t few[] = {0, 1, 2, 3, 7, 8, 9, 20, 33, 64};
    for (int kind = 0; kind < 7; kind++)
        for (size_t s = 0; s < COUNT(few); s++) {
            size_t n = few[s], ldv = n + 1;
            double *a = symmetric(r, n, kind), *b = copy_of(a, n, n), *w = make(n, 1);
            double *v = make(n, ldv);
            for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                    b[i * n + j] = NOT_A_NUMBER;
            assert_ok(linalg_eigen(n, b, n, w, v, ldv));
            check_eigen_of(n, a, w, v, ldv, kind == 5 ? 1e-305 : kind == 6 ? 1e305 : 1);
            free(a);
            free(b);
            free(w);
            free(v);
        }
}

static void eigenvectors_give_the_matrix_back(void **state)
{
    with_each(check_eigen);
}

static void eigen_refuses_what_is_not_finite(void **state)
{
    double a[] = {1, 0, 0, 2, NOT_A_NUMBER, 0, 0, 0, 3}, w[3], v[9];
    assert_int_equal(linalg_eigen(3, a, 3, w, v, 3), E_INVALID);
    double b[] = {1, 0, INF, 2}, c[] = {2, NOT_A_NUMBER, 1, 2};
    assert_int_equal(linalg_eigen(2, b, 2, w, v, 2), E_INVALID);
    assert_ok(linalg_eigen(2, c, 2, w, v, 2));
    assert_near(w[0], 1, 1e-15);
    assert_near(w[1], 3, 1e-15);
    assert_near(v[0], -v[1], 1e-15);
    assert_near(v[2], sqrt(0.5), 1e-15);
}

/* Sums in the eigensolver go through vec_dot: it is the one that might differ. */
static void eigen_has_the_same_bits_everywhere(void **state)
{
    enum { N = 50 };
    static double a[N * N], w[2][N], v[2][N * N];
    int seen = 0;
    for (size_t i = 0; i < COUNT(isas); i++) {
        struct rng r;
        rng_init(&r, 77, 1);
        if (!vec_force(isas[i]))
            continue;
        for (size_t j = 0; j < COUNT(a); j++)
            a[j] = rng_normal(&r);
        assert_ok(linalg_eigen(N, a, N, w[seen > 0], v[seen > 0], N));
        if (seen++ > 0) {
            assert_bits(N, w[1], w[0], "eigenvalues", N);
            assert_bits(COUNT(a), v[1], v[0], "eigenvectors", N);
        }
    }
    assert_true(vec_force(NULL));
}

static void a_large_one(void **state)
{
    enum { N = 500 };
    struct rng r;
    rng_init(&r, seed_of_run(), 3);
    double *a = definite(&r, N, N), *b = copy_of(a, N, N);
    assert_int_equal(linalg_cholesky(N, a, N), N);
    assert_int_equal(cholesky_by_hand(N, b, N), N);
    assert_bits(N * N, a, b, "the factor", N);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cholesky_is_the_textbooks),
        cmocka_unit_test(cholesky_names_the_row),
        cmocka_unit_test(solves_are_the_textbooks),
        cmocka_unit_test(inverse_times_matrix_is_one),
        cmocka_unit_test(products_are_the_textbooks),
        cmocka_unit_test(eigenvectors_give_the_matrix_back),
        cmocka_unit_test(eigen_refuses_what_is_not_finite),
        cmocka_unit_test(eigen_has_the_same_bits_everywhere),
        cmocka_unit_test(a_large_one),
    };
    return RUN_TESTS(tests);
}
