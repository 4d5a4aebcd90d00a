/* What samplers ask of a history. */
#include "search/history.h"

#include <math.h>

bool history_knows(const struct history *h, const struct config *c)
{
    if (h->n_slots == 0)
        return false;
    uint64_t hash = config_hash(c);
    const struct observation *trials = h->v + h->n_evidence;
    size_t n = h->n - h->n_evidence;
    for (size_t at = hash & (h->n_slots - 1); h->slots[at]; at = (at + 1) & (h->n_slots - 1)) {
        size_t i = h->slots[at] - 1;
        if (i < n && trials[i].hash == hash && config_equal(trials[i].config, c))
            return true;
    }
    return false;
}

double observation_excess(const struct history *h, const struct observation *o)
{
    double sum = 0;
    for (size_t i = 0; i < h->n_requirements; i++) {
        if (isnan(o->excess[i]))
            return (double)INFINITY;
        sum += o->excess[i] > 0 ? o->excess[i] : 0;
    }
    return sum;
}

bool observation_meets(const struct history *h, const struct observation *o)
{
    return observation_excess(h, o) <= 0;
}

/* 0: a value, and requirements met; 1: violated; then what has no value. */
static int class_of(const struct history *h, const struct observation *o)
{
    if (o->infeasible)
        return 4;
    if (o->failed)
        return 3;
    if (isnan(o->value))
        return 2;
    return observation_meets(h, o) ? 0 : 1;
}

static int compare(double a, double b)
{
    return (a > b) - (a < b);
}

int observation_order(const struct history *h, const struct observation *a,
                      const struct observation *b)
{
    int class_a = class_of(h, a), class_b = class_of(h, b);
    if (class_a != class_b)
        return class_a - class_b;
    if (class_a > 1)
        return 0;
    int by_excess = class_a == 1 ? compare(observation_excess(h, a), observation_excess(h, b)) : 0;
    return by_excess ? by_excess : compare(a->value, b->value);
}
