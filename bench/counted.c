/*
 * bench/counted WORK [N]: one piece of work for tools/gates/instructions.py, which counts the
 * instructions that `measured` takes. Prints the set of instructions in use: the counts hold for
 * one alone.
 */
#include "base/linalg.h"
#include "base/number.h"
#include "base/rng.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 1024, RIGHT = 256, DIMENSIONS = 10, CANDIDATES = 24 };

struct work {
    size_t n;
    double x[MOST], y[MOST], z[MOST], out[MOST], slope[MOST], weight[DIMENSIONS];
    double columns[DIMENSIONS][MOST], room[8 * MOST];
    const double *column[DIMENSIONS];
    double *matrix, *factor, *b;
    struct buf text;
    bool well;
};

static void do_exp(struct work *w)
{
    vec_exp(w->n, w->x, w->out);
}

static void do_log(struct work *w)
{
    vec_log(w->n, w->y, w->out);
}

static void do_log_h(struct work *w)
{
    vec_log_h(w->n, w->x, w->out, w->slope);
}

static void do_mass(struct work *w)
{
    vec_log_normal_mass(w->n, w->x, w->z, w->out);
}

static void do_matern(struct work *w)
{
    vec_distances(w->n, DIMENSIONS, w->weight, w->x, w->column, w->out);
    vec_matern52(w->n, w->out, w->out, w->slope);
}

static void do_mixture(struct work *w)
{
    struct vec_mixture p = {w->n, DIMENSIONS, w->x, w->column, w->column};
    vec_mixture(&p, CANDIDATES, w->column, NULL, 0, w->out, w->room);
}

static void do_cholesky(struct work *w)
{
    w->well = linalg_cholesky(w->n, w->matrix, w->n) == w->n;
}

static void do_solve(struct work *w)
{
    linalg_solve_lower(w->n, w->factor, w->n, RIGHT, w->b, RIGHT);
}

static void do_solve_vector(struct work *w)
{
    linalg_solve_lower_vector(w->n, w->factor, w->n, w->x);
    linalg_solve_lower_t_vector(w->n, w->factor, w->n, w->x);
}

static void do_inverse(struct work *w)
{
    linalg_cholesky_inverse(w->n, w->factor, w->n, w->matrix, w->n);
}

static void do_eigen(struct work *w)
{
    w->well = linalg_eigen(w->n, w->matrix, w->n, w->x, w->b, w->n) == OK;
}

static void do_write(struct work *w)
{
    for (size_t i = 0; i < w->n; i++)
        number_write_real(&w->text, w->x[i]);
    w->well = buf_end(&w->text, NULL) == OK;
}

static const struct {
    const char *name;
    void (*run)(struct work *);
} works[] = {
    {"exp", do_exp},
    {"log", do_log},
    {"log_h", do_log_h},
    {"log_normal_mass", do_mass},
    {"matern52", do_matern},
    {"mixture", do_mixture},
    {"cholesky", do_cholesky},
    {"solve", do_solve},
    {"solve_vector", do_solve_vector},
    {"inverse", do_inverse},
    {"eigen", do_eigen},
    {"write", do_write},
};

static void fill(struct work *w)
{
    struct rng r;
    size_t n = w->n;
    rng_init(&r, 1, 1);
    for (size_t i = 0; i < MOST; i++) {
        w->x[i] = rng_normal(&r);
        w->y[i] = rng_unit(&r) + 0.01;
        w->z[i] = w->x[i] + w->y[i];
    }
    for (size_t k = 0; k < DIMENSIONS; k++) {
        w->weight[k] = rng_unit(&r);
        w->column[k] = w->columns[k];
        for (size_t i = 0; i < MOST; i++)
            w->columns[k][i] = rng_unit(&r) + 0.01;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double s = (w->x[i] - w->x[j]) * (w->x[i] - w->x[j]);
            vec_matern52(1, &s, &w->matrix[i * n + j], NULL);
            w->matrix[i * n + j] += i == j ? 0.1 : 0;
        }
    memcpy(w->factor, w->matrix, n * n * sizeof(*w->factor));
    w->well = linalg_cholesky(n, w->factor, n) == n;
    for (size_t i = 0; i < n * (n > RIGHT ? n : RIGHT); i++)
        w->b[i] = 1 + (double)(i % 7);
}

/* What is counted: the name is known to the gate. */
static __attribute__((noinline, noclone)) void measured(void (*run)(struct work *), struct work *w)
{
    run(w);
}

int main(int argc, char **argv)
{
    struct work *w = calloc(1, sizeof(*w));
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : MOST;
    if (!w || argc < 2 || n == 0 || n > MOST)
        return 2;
    w->n = n;
    buf_init(&w->text, 1 << 20);
    w->matrix = calloc(n * n, sizeof(double));
    w->factor = calloc(n * n, sizeof(double));
    w->b = calloc(n * (n > RIGHT ? n : RIGHT), sizeof(double));
    if (!w->matrix || !w->factor || !w->b)
        return 1;
    fill(w);
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        if (strcmp(works[i].name, argv[1]) == 0) {
            measured(works[i].run, w);
            printf("%s\n", vec_isa());
            return w->well ? 0 : 1;
        }
    return 2;
}
