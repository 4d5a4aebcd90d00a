/* Domination and fronts. */
#include "search/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool pareto_dominates(size_t m, const double *a, const double *b)
{
    bool better = false;
    for (size_t k = 0; k < m; k++) {
        if (a[k] > b[k])
            return false;
        better = better || a[k] < b[k];
    }
    return better;
}

struct rows {
    size_t m;
    const double *v;
};

/* By the first objective, then the next; equal rows by their number. */
static int lexicographic(const void *left, const void *right, void *rows)
{
    const struct rows *r = rows;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    for (size_t k = 0; k < r->m; k++) {
        double x = r->v[a * r->m + k], y = r->v[b * r->m + k];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (a > b) - (a < b);
}

static void sort_rows(size_t n, size_t m, const double *points, uint32_t *ret_order)
{
    struct rows rows = {m, points};
    for (size_t i = 0; i < n; i++)
        ret_order[i] = (uint32_t)i;
    if (n > 1)
        qsort_r(ret_order, n, sizeof(*ret_order), lexicographic, &rows);
}

/* Fronts under construction: each a list, newest first. */
struct fronts {
    size_t m;
    const double *points;
    uint32_t *newest, *older; /* by front; by point: 1 + the next of the list, 0: none */
    size_t n;
};

/* Is a point dominated by one of the front? In sorted order nothing later dominates it, and among
 * earlier ones the newest is likeliest to. */
static bool front_dominates(const struct fronts *f, size_t front, uint32_t point)
{
    for (uint32_t i = f->newest[front]; i > 0; i = f->older[i - 1])
        if (pareto_dominates(f->m, f->points + (i - 1) * f->m, f->points + point * f->m))
            return true;
    return false;
}

/* The first front that doesn't dominate it: what one front dominates, all better ones do. */
static size_t front_of(const struct fronts *f, uint32_t point)
{
    size_t lo = 0, hi = f->n;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (front_dominates(f, middle, point))
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

enum code pareto_sort(size_t n, size_t m, const double *points, uint32_t *ret_front)
{
    if (n > UINT32_MAX - 1)
        return E_LIMIT;
    uint32_t *all = calloc(3 * n + 1, sizeof(*all));
    if (!all)
        return E_NOMEM;
    uint32_t *order = all;
    struct fronts f = {.m = m, .points = points, .newest = all + n, .older = all + 2 * n};
    sort_rows(n, m, points, order);
    for (size_t i = 0; i < n; i++) {
        size_t front = front_of(&f, order[i]);
        f.n += front == f.n;
        f.older[order[i]] = f.newest[front];
        f.newest[front] = order[i] + 1;
        ret_front[order[i]] = (uint32_t)front;
    }
    free(all);
    return OK;
}

struct column {
    size_t m, k;
    const double *v;
};

static int by_column(const void *left, const void *right, void *column)
{
    const struct column *c = column;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    double x = c->v[a * c->m + c->k], y = c->v[b * c->m + c->k];
    return x != y ? (x < y ? -1 : 1) : (a > b) - (a < b);
}

enum code pareto_crowding(size_t n, size_t m, const double *points, double *ret_room)
{
    if (n > UINT32_MAX)
        return E_LIMIT;
    uint32_t *order = calloc(n + 1, sizeof(*order));
    if (!order)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        ret_room[i] = 0;
        order[i] = (uint32_t)i;
    }
    for (size_t k = 0; k < m && n > 0; k++) {
        struct column c = {m, k, points};
        qsort_r(order, n, sizeof(*order), by_column, &c);
        double lo = points[order[0] * m + k], hi = points[order[n - 1] * m + k];
        /* halves, since hi - lo may overflow */
        double extent = hi / 2 - lo / 2;
        ret_room[order[0]] = ret_room[order[n - 1]] = (double)INFINITY;
        for (size_t i = 1; i + 1 < n && extent > 0; i++)
            ret_room[order[i]] +=
                (points[order[i + 1] * m + k] / 2 - points[order[i - 1] * m + k] / 2) / extent;
    }
    free(order);
    return OK;
}

bool observation_has_values(const struct history *h, const struct observation *o)
{
    for (size_t k = 0; k < h->n_objectives; k++)
        if (isnan(o->values[k]))
            return false;
    return !o->failed && !o->infeasible;
}

/* Better to worse: 0 meets the requirements, 1 violates them, 2 has no values, 3 failed, 4 is
 * infeasible. */
static int class_of(const struct history *h, const struct observation *o)
{
    if (o->infeasible)
        return 4;
    if (o->failed)
        return 3;
    if (!observation_has_values(h, o))
        return 2;
    return observation_meets(h, o) ? 0 : 1;
}

bool observation_dominates(const struct history *h, const struct observation *a,
                           const struct observation *b)
{
    int class_a = class_of(h, a), class_b = class_of(h, b);
    if (class_a != class_b)
        return class_a < class_b;
    if (class_a == 1)
        return observation_excess(h, a) < observation_excess(h, b);
    return class_a == 0 && pareto_dominates(h->n_objectives, a->values, b->values);
}

/* The observations of one class. */
struct peers {
    size_t n;
    uint32_t *members, *fronts;
    double *points;
};

/* Those that violate requirements are ordered by how much, and who has no values not at all. */
static void gather(const struct history *h, size_t n, const uint32_t *at, int class,
                   struct peers *p)
{
    size_t m = class == 0 ? h->n_objectives : 1;
    p->n = 0;
    for (size_t i = 0; i < n; i++) {
        const struct observation *o = &h->v[at[i]];
        if (class_of(h, o) != class)
            continue;
        if (class == 0)
            memcpy(p->points + p->n * m, o->values, m * sizeof(*p->points));
        else
            p->points[p->n] = class == 1 ? observation_excess(h, o) : 0;
        p->members[p->n++] = (uint32_t)i;
    }
}

/* Whoever is of a better class dominates: so the fronts of one class follow those of the other. */
enum code observations_sort(const struct history *h, size_t n, const uint32_t *at, struct arena *a,
                            uint32_t *ret_front)
{
    struct peers p = {.members = arena_array(a, n + 1, sizeof(*p.members)),
                      .fronts = arena_array(a, n + 1, sizeof(*p.fronts)),
                      .points = arena_array(a, n * h->n_objectives + n + 1, sizeof(*p.points))};
    uint32_t first = 0;
    if (!p.members || !p.fronts || !p.points)
        return E_NOMEM;
    for (int class = 0; class <= 4; class ++) {
        uint32_t used = 0;
        gather(h, n, at, class, &p);
        enum code code = pareto_sort(p.n, class == 0 ? h->n_objectives : 1, p.points, p.fronts);
        if (code != OK)
            return code;
        for (size_t i = 0; i < p.n; i++) {
            ret_front[p.members[i]] = first + p.fronts[i];
            used = p.fronts[i] + 1 > used ? p.fronts[i] + 1 : used;
        }
        first += used;
    }
    return OK;
}

/* The candidates for a front: of the best class that there is, and of those that violate
 * requirements only the ones that do so least. */
static size_t best_class(const struct history *h, uint32_t *ret)
{
    size_t n = 0;
    int best = 2;
    double excess = (double)INFINITY;
    for (size_t i = h->n_evidence; i < h->n; i++) {
        const struct observation *o = &h->v[i];
        int class = o->pending ? 2 : class_of(h, o);
        double its = class == 1 ? observation_excess(h, o) : (double)INFINITY;
        if (class > best || class == 2 || (class == 1 && best == 1 && its > excess))
            continue;
        if (class < best || its < excess)
            n = 0;
        best = class;
        excess = its;
        ret[n++] = (uint32_t)i;
    }
    return n;
}

enum code pareto_front(const struct history *h, struct arena *a, const uint32_t **ret,
                       size_t *ret_n)
{
    size_t m = h->n_objectives, n_front = 0;
    uint32_t *candidates = arena_array(a, h->n + 1, sizeof(*candidates));
    if (!candidates)
        return E_NOMEM;
    size_t n = best_class(h, candidates);
    double *points = arena_array(a, n * m + 1, sizeof(*points));
    uint32_t *order = arena_array(a, n + 1, sizeof(*order)),
             *front = arena_array(a, n + 1, sizeof(*front));
    bool *is_front = arena_array(a, n + 1, sizeof(*is_front));
    if (!points || !order || !front || !is_front)
        return E_NOMEM;
    for (size_t i = 0; i < n; i++)
        memcpy(points + i * m, h->v[candidates[i]].values, m * sizeof(*points));
    sort_rows(n, m, points, order);
    for (size_t i = 0; i < n; i++) {
        bool dominated = false;
        for (size_t k = n_front; k-- > 0 && !dominated;)
            dominated = pareto_dominates(m, points + front[k] * m, points + order[i] * m);
        if (dominated)
            continue;
        front[n_front++] = order[i];
        is_front[order[i]] = true;
    }
    n_front = 0;
    for (size_t i = 0; i < n; i++)
        if (is_front[i])
            candidates[n_front++] = candidates[i];
    *ret = candidates;
    *ret_n = n_front;
    return OK;
}
