/*
 * Many simulated searches, and what they come to.
 *
 * Threads take the next run that nobody has; each run has a place of its own for its results. So
 * nothing depends on how many there are but the time it takes.
 */
#include "api/simulate.h"

#include "base/stats.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { JOBS_MAX = 256 };

struct work {
    const struct simulation *x;
    struct simulated *runs;
    enum code *codes;
    struct error *errors;
    size_t n;
    atomic_size_t next;
    atomic_bool failed; /* the others need not begin what they have not */
};

static void *work(void *self)
{
    struct work *w = self;
    size_t i;
    while (!atomic_load(&w->failed) && (i = atomic_fetch_add(&w->next, 1)) < w->n) {
        w->codes[i] = simulation_run(w->x, w->x->seed + i, &w->runs[i], &w->errors[i]);
        if (w->codes[i] != OK)
            atomic_store(&w->failed, true);
    }
    return NULL;
}

/* The calling thread is one of them. Where a thread can't be had, there are fewer. */
static void work_together(struct work *w, int jobs)
{
    pthread_t threads[JOBS_MAX];
    int n = 0;
    while (n + 1 < jobs && n < JOBS_MAX && (size_t)n + 1 < w->n &&
           pthread_create(&threads[n], NULL, work, w) == 0)
        n++;
    work(w);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

/* The first that failed, in the order of the runs. */
static enum code gather(struct work *w, struct error *e)
{
    enum code code = OK;
    for (size_t i = 0; i < w->n; i++) {
        if (code == OK && w->codes[i] != OK && w->codes[i] != E_INTERRUPTED) {
            code = w->codes[i];
            if (e)
                *e = w->errors[i];
        }
    }
    for (size_t i = 0; code != OK && i < w->n; i++)
        if (w->codes[i] == OK)
            simulated_free(&w->runs[i]);
    return code;
}

enum code simulation_repeat(const struct simulation *x, size_t n, int jobs, struct simulated *ret,
                            struct error *e)
{
    struct work w = {.x = x, .runs = ret, .n = n};
    w.codes = calloc(n, sizeof(*w.codes));
    w.errors = calloc(n, sizeof(*w.errors));
    enum code code = w.codes && w.errors ? OK : error_nomem(e);
    for (size_t i = 0; code == OK && i < n; i++)
        w.codes[i] = E_INTERRUPTED; /* not begun */
    if (code == OK) {
        work_together(&w, jobs);
        code = gather(&w, e);
    }
    free(w.codes);
    free(w.errors);
    return code;
}

/* ---- what they come to ---- */

static int by_size(const void *pa, const void *pb)
{
    double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

/* Between neighbours, linearly. */
static double quantile(const double *v, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t i = (size_t)at;
    return i + 1 < n ? v[i] + (at - (double)i) * (v[i + 1] - v[i]) : v[n - 1];
}

static void interval(const double *v, size_t n, struct spread_of *ret)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    ret->mean = sum / (double)n;
    if (n < 2)
        return;
    for (size_t i = 0; i < n; i++)
        squares += (v[i] - ret->mean) * (v[i] - ret->mean);
    double error = sqrt(squares / (double)(n - 1) / (double)n);
    double half = student_quantile(0.975, n - 1) * error;
    ret->low = ret->mean - half;
    ret->high = ret->mean + half;
}

struct spread_of spread_of(double *v, size_t n)
{
    const double none = (double)NAN;
    struct spread_of s = {0, none, none, none, none, none, none};
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i]))
            v[s.n++] = v[i];
    if (s.n == 0)
        return s;
    interval(v, s.n, &s);
    qsort(v, s.n, sizeof(*v), by_size);
    s.median = quantile(v, s.n, 0.5);
    s.q10 = quantile(v, s.n, 0.1);
    s.q90 = quantile(v, s.n, 0.9);
    return s;
}
