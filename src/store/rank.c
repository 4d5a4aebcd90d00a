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

bool rank_group(struct ranked *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i].value;
    for (size_t i = 0; i < n; i++) {
        v[i].value = sum / (double)n;
        v[i].first = v[0].number;
    }
    return n > 0 && isfinite(v[0].value);
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

size_t rank_sort(struct ranked *v, size_t n, bool minimize)
{
    size_t kept = 0;
    if (n == 0)
        return 0;
    qsort(v, n, sizeof(*v), by_group);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && same_group(&v[from], &v[to]); to++)
            ;
        if (!rank_group(v + from, to - from))
            continue;
        memmove(v + kept, v + from, (to - from) * sizeof(*v));
        kept += to - from;
    }
    qsort_r(v, kept, sizeof(*v), by_rank, &minimize);
    return kept;
}
