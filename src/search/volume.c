/* The volume that a set of points dominates. */
#include "search/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One level of the recursion: room for n points of as many objectives as it has. */
struct slices {
    size_t n;                                /* of the whole set */
    double *room[PARETO_OBJECTIVES_MAX + 1]; /* by number of objectives: n x m */
    double *stairs;                          /* 2 x (n + 2), for three objectives */
    uint64_t work;
};

static int by_last_down(const void *left, const void *right, void *m)
{
    size_t last = *(const size_t *)m - 1;
    double x = ((const double *)left)[last], y = ((const double *)right)[last];
    return (x < y) - (x > y);
}

static int by_last_up(const void *left, const void *right, void *m)
{
    return -by_last_down(left, right, m);
}

static int by_both(const void *left, const void *right)
{
    const double *a = left, *b = right;
    if (a[0] != b[0])
        return a[0] < b[0] ? -1 : 1;
    return (a[1] > b[1]) - (a[1] < b[1]);
}

/* Points are reordered. */
static double plane(size_t n, double *points, const double *reference)
{
    double area = 0, height = reference[1];
    qsort(points, n, 2 * sizeof(*points), by_both);
    for (size_t i = 0; i < n; i++) {
        const double *p = points + 2 * i;
        if (p[1] >= height)
            continue;
        area += (reference[0] - p[0]) * (height - p[1]);
        height = p[1];
    }
    return area;
}

/* A staircase of points (x ascending, y descending) between two sentinels. */
struct staircase {
    size_t n;
    double (*v)[2];
    double area;
};

/* Adds a point and what it newly covers. */
static void add_step(struct staircase *s, const double *p)
{
    size_t lo = 1, hi = s->n - 1;
    while (lo < hi) { /* the first with x >= p's */
        size_t middle = lo + (hi - lo) / 2;
        if (s->v[middle][0] < p[0])
            lo = middle + 1;
        else
            hi = middle;
    }
    size_t at = lo;
    double height = s->v[at - 1][1];
    if (height <= p[1] || (s->v[at][0] == p[0] && s->v[at][1] <= p[1]))
        return;
    size_t to = at;
    double x = p[0];
    for (;; to++) {
        double next = s->v[to][0];
        s->area += (next - x) * (height - p[1]);
        if (s->v[to][1] <= p[1])
            break;
        x = next;
        height = s->v[to][1];
    }
    memmove(s->v + at + 1, s->v + to, (s->n - to) * sizeof(*s->v));
    s->n = s->n - (to - at) + 1;
    s->v[at][0] = p[0];
    s->v[at][1] = p[1];
}

/* A sweep along the third objective (after Fonseca, Paquete & Lopez-Ibanez, CEC 2006). */
static double space(struct slices *x, size_t n, double *points, const double *reference)
{
    size_t m = 3;
    struct staircase s = {.n = 2, .v = (double(*)[2])x->stairs};
    s.v[0][0] = -(double)INFINITY;
    s.v[0][1] = reference[1];
    s.v[1][0] = reference[0];
    s.v[1][1] = -(double)INFINITY;
    double volume = 0;
    qsort_r(points, n, m * sizeof(*points), by_last_up, &m);
    for (size_t i = 0; i < n; i++) {
        double next = i + 1 < n ? points[m * (i + 1) + 2] : reference[2];
        add_step(&s, points + m * i);
        volume += s.area * (next - points[m * i + 2]);
    }
    return volume;
}

/* Takes out what others dominate, and all but one of equal points; returns how many are left. */
static size_t filter(struct slices *x, size_t n, size_t m, double *points)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double *p = points + i * m;
        bool dominated = false;
        x->work += kept;
        for (size_t k = 0; k < kept && !dominated; k++)
            dominated = pareto_dominates(m, points + k * m, p) ||
                        memcmp(points + k * m, p, m * sizeof(*p)) == 0;
        if (dominated)
            continue;
        size_t left = 0;
        for (size_t k = 0; k < kept; k++)
            if (!pareto_dominates(m, p, points + k * m))
                memmove(points + m * left++, points + m * k, m * sizeof(*p));
        kept = left;
        memmove(points + m * kept++, p, m * sizeof(*p));
    }
    return kept;
}

static double box(size_t m, const double *p, const double *reference)
{
    double volume = 1;
    for (size_t k = 0; k < m; k++)
        volume *= reference[k] - p[k];
    return volume;
}

/* Slices along the last objective, worst first: what a point covers alone in its slice is its box
 * less what later points cover of it, which are all better in that objective. `points` lie in the
 * room of m objectives; the recursion is as deep as there are objectives. */
static double volume(struct slices *x, size_t n, size_t m, double *points, const double *reference)
{
    if (n == 0 || x->work > PARETO_WORK)
        return 0;
    if (m == 1)
        return reference[0] - points[0];
    if (m == 2)
        return plane(n, points, reference);
    if (m == 3)
        return space(x, n, points, reference);
    double sum = 0;
    qsort_r(points, n, m * sizeof(*points), by_last_down, &m);
    for (size_t i = 0; i < n && x->work <= PARETO_WORK; i++) {
        const double *p = points + m * i;
        double *limited = x->room[m - 1];
        size_t n_limited = n - i - 1;
        for (size_t k = 0; k < n_limited; k++)
            for (size_t d = 0; d + 1 < m; d++)
                limited[k * (m - 1) + d] = fmax(p[d], points[m * (i + 1 + k) + d]);
        n_limited = filter(x, n_limited, m - 1, limited);
        double alone = box(m - 1, p, reference) - volume(x, n_limited, m - 1, limited, reference);
        sum += alone * (reference[m - 1] - p[m - 1]);
    }
    return sum;
}

/* The points that are better than the reference everywhere, the dominated ones left out. */
static size_t relevant(struct slices *x, size_t n, size_t m, const double *points,
                       const double *reference, double *ret)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool inside = true;
        for (size_t k = 0; k < m; k++)
            inside = inside && points[i * m + k] < reference[k];
        if (inside)
            memcpy(ret + m * kept++, points + i * m, m * sizeof(*ret));
    }
    return m > 3 ? filter(x, kept, m, ret) : kept;
}

enum code pareto_volume(size_t n, size_t m, const double *points, const double *reference,
                        double *ret, struct error *e)
{
    if (m < 1 || m > PARETO_OBJECTIVES_MAX)
        return error_set(e, E_LIMIT, "the volume of %zu objectives can't be told", m);
    size_t levels = m > 3 ? m : 3, cells = 0;
    if (__builtin_mul_overflow(n + 2, levels * (levels + 1) / 2 + 2, &cells))
        return error_nomem(e);
    double *all = calloc(cells, sizeof(*all));
    if (!all)
        return error_nomem(e);
    struct slices x = {.n = n, .stairs = all};
    double *next = all + 2 * (n + 2);
    for (size_t k = 1; k <= levels; k++) {
        x.room[k] = next;
        next += n * k;
    }
    size_t n_relevant = relevant(&x, n, m, points, reference, x.room[m]);
    double sum = n_relevant == 0 ? 0 : volume(&x, n_relevant, m, x.room[m], reference);
    if (m == 1)
        for (size_t i = 0; i < n_relevant; i++)
            sum = fmax(sum, reference[0] - x.room[1][i]);
    free(all);
    if (x.work > PARETO_WORK) {
        error_set(e, E_LIMIT, "%zu points of %zu objectives are too many for their exact volume", n,
                  m);
        error_hint(e, "take fewer points, or fewer objectives");
        return E_LIMIT;
    }
    *ret = sum;
    return OK;
}
