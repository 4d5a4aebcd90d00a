/*
 * The numeric kernels: bench/numerics [ISA ...]; without a word, the processor's best.
 *
 * For each routine the least time of many runs, in nanoseconds an element or in GFlop/s (a multiply
 * and an add are two), over arrays that lie in the caches as they do in the samplers.
 */
#include "base/clock.h"
#include "base/linalg.h"
#include "base/rng.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>

enum { N = 1024, ORDER = 1000, POINTS = 1536, DIMENSIONS = 10, CANDIDATES = 24 };

/* Everything that is computed on, made once. */
struct bench {
    size_t n; /* the order of what is timed */
    double x[N], y[N], z[N], out[N], slope[N], weight[DIMENSIONS], ret[CANDIDATES];
    double wide[N], narrow[N]; /* rates of mixtures: most kernels count, and few do */
    const double *columns[DIMENSIONS], *points[DIMENSIONS], *wides[DIMENSIONS],
        *narrows[DIMENSIONS];
    double matrix[ORDER * ORDER]; /* positive definite */
    double factor[ORDER * ORDER], a[ORDER * ORDER], b[ORDER * POINTS], c[ORDER * POINTS];
};

static int64_t now(void)
{
    struct clock c = clock_system();
    return clock_monotonic(&c);
}

static void check(bool well)
{
    if (!well) {
        fprintf(stderr, "a result is wrong\n");
        exit(1);
    }
}

/* The least time of f in nanoseconds, over at least a fifth of a second; before(b) is not counted.
 */
static double least(struct bench *b, void (*before)(struct bench *), void (*f)(struct bench *))
{
    double best = 1e18;
    int64_t spent = 0;
    for (int runs = 0; runs < 5 || spent < NS_PER_S / 5; runs++) {
        if (before)
            before(b);
        int64_t since = now();
        f(b);
        int64_t took = now() - since;
        spent += took;
        best = (double)took < best ? (double)took : best;
    }
    return best;
}

#define KERNEL(name, call)            \
    static void name(struct bench *b) \
    {                                 \
        call;                         \
    }

KERNEL(run_sum, b->out[0] = vec_sum(N, b->x))
KERNEL(run_dot, b->out[0] = vec_dot(N, b->x, b->y))
KERNEL(run_axpy, vec_axpy(N, 1e-9, b->x, b->y))
KERNEL(run_exp, vec_exp(N, b->x, b->out))
KERNEL(run_log, vec_log(N, b->y, b->out))
KERNEL(run_log1p, vec_log1p(N, b->y, b->out))
KERNEL(run_log_sum_exp, b->out[0] = vec_log_sum_exp(N, b->x))
KERNEL(run_normal_cdf, vec_normal_cdf(N, b->x, b->out))
KERNEL(run_log_normal_cdf, vec_log_normal_cdf(N, b->x, b->out))
KERNEL(run_log_normal_mass, vec_log_normal_mass(N, b->x, b->z, b->out))
KERNEL(run_log_h, vec_log_h(N, b->x, b->out, b->slope))
KERNEL(run_matern, vec_matern52(N, b->y, b->out, b->slope))
KERNEL(run_distances, vec_distances(N, DIMENSIONS, b->weight, b->x, b->columns, b->out))
KERNEL(run_dot_squares, vec_dot_squares(N, DIMENSIONS, b->y, b->x, b->columns, b->ret))

static void run_mixture(struct bench *b)
{
    struct vec_mixture p = {N, DIMENSIONS, b->x, b->columns, b->wides};
    vec_mixture(&p, CANDIDATES, b->points, NULL, 0, b->ret, b->c);
}

static void run_narrow_mixture(struct bench *b)
{
    struct vec_mixture p = {N, DIMENSIONS, b->x, b->columns, b->narrows};
    vec_mixture(&p, CANDIDATES, b->points, NULL, 0, b->ret, b->c);
}

KERNEL(run_mixture_cell, vec_mixture_cell(N, -0.5, 0.5, b->x, b->wide, b->out))
KERNEL(run_narrow_cell, vec_mixture_cell(N, -0.01, 0.01, b->x, b->narrow, b->out))

static void restore(struct bench *b)
{
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->n; j++)
            b->a[i * b->n + j] = b->matrix[i * ORDER + j];
}

static void restore_right(struct bench *b)
{
    for (size_t i = 0; i < b->n * POINTS; i++)
        b->c[i] = b->b[i];
}

KERNEL(run_cholesky, check(linalg_cholesky(b->n, b->a, b->n) == b->n))
KERNEL(run_solve, linalg_solve_lower(b->n, b->factor, ORDER, POINTS, b->c, POINTS))
KERNEL(run_solve_t, linalg_solve_lower_t(b->n, b->factor, ORDER, POINTS, b->c, POINTS))
KERNEL(run_rows, linalg_solve_rows(b->n, b->factor, ORDER, POINTS, b->c, b->n))
KERNEL(run_vector, linalg_solve_lower_vector(b->n, b->factor, ORDER, b->c))
KERNEL(run_vector_t, linalg_solve_lower_t_vector(b->n, b->factor, ORDER, b->c))
KERNEL(run_inverse, linalg_cholesky_inverse(b->n, b->factor, ORDER, b->a, b->n))
KERNEL(run_multiply,
       linalg_multiply(b->n, b->n, b->n, 1, b->matrix, ORDER, b->factor, ORDER, 0, b->c, b->n))
KERNEL(run_eigen, check(linalg_eigen(b->n, b->a, b->n, b->out, b->c, b->n) == OK))

static struct bench *set_up(void)
{
    struct bench *b = aligned_alloc(64, (sizeof(*b) + 63) / 64 * 64);
    struct rng r;
    if (!b)
        exit(1);
    rng_init(&r, 1, 1);
    for (int i = 0; i < N; i++) {
        b->x[i] = rng_normal(&r);
        b->y[i] = rng_unit(&r) + 0.01;
        b->z[i] = b->x[i] + b->y[i];
        b->wide[i] = b->y[i];
        b->narrow[i] = 7 + b->y[i];
    }
    for (int k = 0; k < DIMENSIONS; k++) {
        b->weight[k] = rng_unit(&r);
        b->wides[k] = b->wide;
        b->narrows[k] = b->narrow;
        b->columns[k] = b->b + (size_t)k * (N + 16);
        b->points[k] = b->x + (size_t)k * CANDIDATES;
    }
    for (size_t i = 0; i < sizeof(b->b) / sizeof(b->b[0]); i++)
        b->b[i] = rng_normal(&r);
    for (size_t i = 0; i < ORDER; i++)
        for (size_t j = 0; j < ORDER; j++) {
            double s = (b->b[i] - b->b[j]) * (b->b[i] - b->b[j]);
            vec_matern52(1, &s, &b->matrix[i * ORDER + j], NULL);
            b->matrix[i * ORDER + j] += i == j ? 0.1 : 0;
            b->factor[i * ORDER + j] = b->matrix[i * ORDER + j];
        }
    check(linalg_cholesky(ORDER, b->factor, ORDER) == ORDER);
    return b;
}

static void time_kernels(struct bench *b)
{
    static const struct {
        const char *name;
        void (*run)(struct bench *);
        double elements;
    } kernels[] = {
        {"sum", run_sum, N},
        {"dot", run_dot, N},
        {"axpy", run_axpy, N},
        {"exp", run_exp, N},
        {"log", run_log, N},
        {"log1p", run_log1p, N},
        {"log_sum_exp", run_log_sum_exp, N},
        {"normal_cdf", run_normal_cdf, N},
        {"log_normal_cdf", run_log_normal_cdf, N},
        {"log_normal_mass", run_log_normal_mass, N},
        {"log_h with slope", run_log_h, N},
        {"matern52 with slope", run_matern, N},
        {"distances, d = 10", run_distances, N},
        {"dot_squares, d = 10", run_dot_squares, N},
        {"mixture, d = 10, wide", run_mixture, N * CANDIDATES},
        {"mixture, d = 10, narrow", run_narrow_mixture, N * CANDIDATES},
        {"mixture_cell, wide", run_mixture_cell, N},
        {"mixture_cell, narrow", run_narrow_cell, N},
    };
    for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
        printf("%-24s %8.3f ns an element\n", kernels[i].name,
               least(b, NULL, kernels[i].run) / kernels[i].elements);
}

static void time_routines(struct bench *b)
{
    static const struct {
        const char *name;
        void (*before)(struct bench *), (*run)(struct bench *);
        double flops, power; /* flops n^power, POINTS times where power is 2 and it is a matrix */
    } routines[] = {
        {"cholesky", restore, run_cholesky, 1.0 / 3, 3},
        {"solve_lower, m = 1536", restore_right, run_solve, POINTS, 2},
        {"solve_lower_t, m = 1536", restore_right, run_solve_t, POINTS, 2},
        {"solve_rows, m = 1536", restore_right, run_rows, POINTS, 2},
        {"solve_lower_vector", restore_right, run_vector, 1, 2},
        {"solve_lower_t_vector", restore_right, run_vector_t, 1, 2},
        {"cholesky_inverse", NULL, run_inverse, 2.0 / 3, 3},
        {"multiply", NULL, run_multiply, 2, 3},
        {"eigen", restore, run_eigen, 9, 3},
    };
    static const size_t orders[] = {20, 50, 100, 200, 500, 1000};
    for (size_t i = 0; i < sizeof(routines) / sizeof(routines[0]); i++)
        for (size_t k = 0; k < sizeof(orders) / sizeof(orders[0]); k++) {
            b->n = orders[k];
            if (routines[i].run == run_eigen && b->n > 200)
                continue;
            double flops = routines[i].flops;
            for (double power = routines[i].power; power > 0; power--)
                flops *= (double)b->n;
            double ns = least(b, routines[i].before, routines[i].run);
            printf("%-24s n = %4zu %10.1f us %7.1f GFlop/s\n", routines[i].name, b->n, ns / 1000,
                   flops / ns);
        }
}

int main(int argc, char **argv)
{
    struct bench *b = set_up();
    for (int i = 1; i < argc || i == 1; i++) {
        if (i < argc && !vec_force(argv[i])) {
            printf("%s: this processor has it not\n", argv[i]);
            continue;
        }
        printf("# %s\n", vec_isa());
        time_kernels(b);
        time_routines(b);
    }
    free(b);
    return 0;
}
