/*
 * The ranking of trials.
 */
#include "store/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool rank_takes(enum trial_state state, bool has_value)
{
    return has_value && (state == TRIAL_COMPLETED || state == TRIAL_STOPPED);
}

int64_t rank_step(const struct aims *aims, int64_t step)
{
    return aims->own_steps ? 0 : step;
}

size_t rank_more(const struct aims *aims)
{
    return aims->n_objectives - 1 + aims->n_requirements;
}

void rank_fill_more(const struct aims *aims, const struct scores *o, double *more)
{
    size_t n = aims->n_objectives - 1;
    for (size_t i = 0; i < n; i++)
        more[i] = i + 1 < o->n_values && o->seen >> (i + 1) & 1 ? o->values[i + 1] : (double)NAN;
    for (size_t i = 0; i < aims->n_requirements; i++)
        more[n + i] = i < o->n_excess ? o->excess[i] : (double)NAN;
}

/* Means of the numbers beyond the first. */
static void average_more(struct ranked *v, size_t n, size_t n_more)
{
    for (size_t k = 0; k < n_more; k++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += v[i].more[k];
        for (size_t i = 0; i < n; i++)
            v[i].more[k] = sum / (double)n;
    }
}

static bool is_eligible(const struct ranked *v, const struct aims *aims)
{
    size_t n = aims->n_objectives - 1;
    bool well = isfinite(v->value);
    for (size_t i = 0; i < n; i++)
        well = well && isfinite(v->more[i]);
    for (size_t i = 0; i < aims->n_requirements; i++)
        well = well && v->more[n + i] <= 0;
    return well;
}

bool rank_group(struct ranked *v, size_t n, const struct aims *aims)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i].value;
    for (size_t i = 0; i < n; i++) {
        v[i].value = sum / (double)n;
        v[i].first = v[0].number;
    }
    average_more(v, n, rank_more(aims));
    return n > 0 && is_eligible(&v[0], aims);
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By group, and within it by number. */
static int by_group(const void *pa, const void *pb)
{
    const struct ranked *a = pa, *b = pb;
    int c = compare_i64(a->config_hash, b->config_hash);
    if (c == 0)
        c = compare_i64(a->step, b->step);
    if (c == 0)
        c = a->stopped - b->stopped;
    return c ? c : compare_i64(a->number, b->number);
}

static bool same_group(const struct ranked *a, const struct ranked *b)
{
    return a->config_hash == b->config_hash && a->step == b->step && a->stopped == b->stopped;
}

int rank_compare(const struct ranked *a, const struct ranked *b, bool minimize)
{
    if (a->step != b->step)
        return a->step > b->step ? -1 : 1;
    if (a->stopped != b->stopped)
        return a->stopped ? 1 : -1;
    if (a->value != b->value)
        return (a->value < b->value) == minimize ? -1 : 1;
    return compare_i64(a->first, b->first);
}

static int by_rank(const void *pa, const void *pb, void *minimize)
{
    const struct ranked *a = pa, *b = pb;
    int c = rank_compare(a, b, *(bool *)minimize);
    return c ? c : compare_i64(a->number, b->number);
}

/* Groups and drops; of several objectives one of each group is kept. */
static size_t group_all(struct ranked *v, size_t n, const struct aims *aims)
{
    size_t kept = 0;
    qsort(v, n, sizeof(*v), by_group);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && same_group(&v[from], &v[to]); to++)
            ;
        if (!rank_group(v + from, to - from, aims))
            continue;
        size_t count = aims->n_objectives > 1 ? 1 : to - from;
        memmove(v + kept, v + from, count * sizeof(*v));
        kept += count;
    }
    return kept;
}

static double objective(const struct ranked *v, size_t i)
{
    return i == 0 ? v->value : v->more[i - 1];
}

/* The one that is better in the first objective in which they differ comes first. */
static int by_objectives(const void *pa, const void *pb, void *self)
{
    const struct ranked *a = pa, *b = pb;
    const struct aims *aims = self;
    for (size_t i = 0; i < aims->n_objectives; i++) {
        double x = objective(a, i), y = objective(b, i);
        if (x != y)
            return (x < y) == aims->minimize[i] ? -1 : 1;
    }
    return compare_i64(a->number, b->number);
}

/* Is b as good as a everywhere, and better somewhere? */
static bool is_dominated(const struct ranked *a, const struct ranked *b, const struct aims *aims)
{
    bool better = false;
    for (size_t i = 0; i < aims->n_objectives; i++) {
        double x = objective(a, i), y = objective(b, i);
        if (x != y && (x < y) == aims->minimize[i])
            return false;
        better = better || x != y;
    }
    return better;
}

/* What reached the highest step, completed before stopped. */
static size_t keep_highest(struct ranked *v, size_t n)
{
    const struct ranked *top = &v[0];
    size_t kept = 0;
    for (size_t i = 1; i < n; i++)
        if (v[i].step > top->step || (v[i].step == top->step && top->stopped && !v[i].stopped))
            top = &v[i];
    int64_t step = top->step;
    bool stopped = top->stopped;
    for (size_t i = 0; i < n; i++)
        if (v[i].step == step && v[i].stopped == stopped)
            v[kept++] = v[i];
    return kept;
}

/* In this order nothing is dominated by what comes after it. */
static size_t keep_front(struct ranked *v, size_t n, const struct aims *aims)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool dominated = false;
        for (size_t k = 0; k < kept && !dominated; k++)
            dominated = is_dominated(&v[i], &v[k], aims);
        if (!dominated)
            v[kept++] = v[i];
    }
    return kept;
}

size_t rank_sort(struct ranked *v, size_t n, const struct aims *aims)
{
    if (n == 0)
        return 0;
    size_t kept = group_all(v, n, aims);
    if (aims->n_objectives == 1) {
        bool minimize = aims->minimize[0];
        qsort_r(v, kept, sizeof(*v), by_rank, &minimize);
        return kept;
    }
    if (kept == 0)
        return 0;
    kept = keep_highest(v, kept);
    struct aims copy = *aims;
    qsort_r(v, kept, sizeof(*v), by_objectives, &copy);
    return keep_front(v, kept, aims);
}
